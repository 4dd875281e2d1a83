/* SPDX-License-Identifier: ISC */
#include "rates.h"

#include <stdlib.h>
#include <string.h>

#define SECOND_NS 1000000000

static size_t slot_of(const struct rates *rates, const struct prg_public_key *key)
{
	uint64_t hash;

	/* keys are as good as random */
	memcpy(&hash, key->bytes, sizeof(hash));
	for (size_t at = hash & (rates->n_slots - 1);; at = (at + 1) & (rates->n_slots - 1)) {
		uint32_t place = rates->slots[at];

		if (!place || memcmp(&rates->peers[place - 1].public_key, key, sizeof(*key)) == 0)
			return at;
	}
}

static void index_all(struct rates *rates)
{
	memset(rates->slots, 0, rates->n_slots * sizeof(*rates->slots));
	for (size_t i = 0; i < rates->n; i++)
		rates->slots[slot_of(rates, &rates->peers[i].public_key)] = (uint32_t)i + 1;
}

/* Room for one more, with at least half of the slots free. */
static bool grow(struct rates *rates)
{
	size_t capacity = rates->capacity ? 2 * rates->capacity : 64;
	struct rates_peer *peers;
	uint32_t *slots;

	if (rates->n < rates->capacity)
		return true;
	if (capacity >= UINT32_MAX / 2)
		return false;
	peers = reallocarray(rates->peers, capacity, sizeof(*peers));
	if (!peers)
		return false;
	rates->peers = peers;
	slots = reallocarray(rates->slots, 2 * capacity, sizeof(*slots));
	if (!slots)
		return false;
	rates->slots = slots;
	rates->n_slots = 2 * capacity;
	rates->capacity = capacity;
	index_all(rates);
	return true;
}

static void forget_text(char **text)
{
	if (*text)
		explicit_bzero(*text, strlen(*text));
	free(*text);
	*text = NULL;
}

static void forget(struct rates_peer *peer)
{
	forget_text(&peer->name);
	forget_text(&peer->endpoint);
	free(peer->past);
}

/* false: out of memory */
static bool set_text(char **text, const char *to)
{
	if (*text && to && strcmp(*text, to) == 0)
		return true;
	forget_text(text);
	*text = to ? strdup(to) : NULL;
	return !to || *text;
}

void rates_begin(struct rates *rates, int64_t now_ns)
{
	rates->round++;
	rates->now_ns = now_ns;
	for (size_t i = 0; i < rates->n; i++)
		if (rates->peers[i].past)
			rates->peers[i].past[rates->round % RATES_KEPT] = 0;
}

/* Bytes a second, rounded. */
static uint64_t per_second(uint64_t bytes, int64_t ns)
{
	return (uint64_t)((double)bytes * SECOND_NS / (double)ns + 0.5);
}

/* false: out of memory */
static bool measure(struct rates *rates, struct rates_peer *peer, const struct prg_live *live)
{
	int64_t ns = rates->now_ns - peer->seen_ns;
	bool met = peer->round && peer->present && live->present && ns > 0;

	peer->measured = met && live->rx_bytes >= peer->rx_bytes &&
	                 live->tx_bytes >= peer->tx_bytes;
	peer->rx_rate = peer->measured ? per_second(live->rx_bytes - peer->rx_bytes, ns) : 0;
	peer->tx_rate = peer->measured ? per_second(live->tx_bytes - peer->tx_bytes, ns) : 0;
	if (!peer->past && peer->rx_rate + peer->tx_rate == 0)
		return true;
	if (!peer->past)
		peer->past = calloc(RATES_KEPT, sizeof(*peer->past));
	if (!peer->past)
		return false;
	peer->past[rates->round % RATES_KEPT] = (float)(peer->rx_rate + peer->tx_rate);
	return true;
}

const struct rates_peer *rates_add(struct rates *rates, const struct prg_live *live,
                                   const struct prg_peer *peer, const char *endpoint)
{
	struct rates_peer *at;
	size_t slot;

	if (!grow(rates))
		return NULL;
	slot = slot_of(rates, &live->public_key);
	if (!rates->slots[slot]) {
		rates->peers[rates->n++] = (struct rates_peer){ .public_key = live->public_key };
		rates->slots[slot] = (uint32_t)rates->n;
	}
	at = &rates->peers[rates->slots[slot] - 1];
	if (!set_text(&at->name, peer ? peer->name : NULL) ||
	    !set_text(&at->endpoint, endpoint) || !measure(rates, at, live))
		return NULL;
	at->status = live->status;
	at->present = live->present;
	at->latest_handshake_at = live->present ? live->latest_handshake_at : 0;
	at->rx_bytes = live->rx_bytes;
	at->tx_bytes = live->tx_bytes;
	at->seen_ns = rates->now_ns;
	at->round = rates->round;
	return at;
}

void rates_end(struct rates *rates)
{
	size_t kept = 0;

	rates->measured = false;
	rates->rx_rate = rates->tx_rate = 0;
	memset(rates->of_status, 0, sizeof(rates->of_status));
	for (size_t i = 0; i < rates->n; i++) {
		struct rates_peer *peer = &rates->peers[i];

		if (peer->round != rates->round) {
			forget(peer);
			continue;
		}
		rates->measured |= peer->measured;
		rates->rx_rate += peer->rx_rate;
		rates->tx_rate += peer->tx_rate;
		rates->of_status[peer->status]++;
		rates->peers[kept++] = *peer;
	}
	if (kept == rates->n)
		return;
	rates->n = kept;
	index_all(rates);
}

/* ------------------------------------------------------------------- order */

/* Those without a name come last, by key. */
static int by_name(const struct rates_peer *a, const struct rates_peer *b)
{
	if (!a->name || !b->name)
		return a->name ? -1 : b->name ? 1 :
		       memcmp(&a->public_key, &b->public_key, sizeof(a->public_key));
	return strcmp(a->name, b->name);
}

static int falling(uint64_t a, uint64_t b)
{
	return (a < b) - (a > b);
}

static int compare(enum rates_order by, const struct rates_peer *a, const struct rates_peer *b)
{
	int order = 0;

	if (by == RATES_ACTIVITY) {
		order = falling(a->rx_rate + a->tx_rate, b->rx_rate + b->tx_rate);
		if (!order)
			order = (a->latest_handshake_at < b->latest_handshake_at) -
			        (a->latest_handshake_at > b->latest_handshake_at);
	} else if (by == RATES_TOTAL) {
		order = falling(a->rx_bytes + a->tx_bytes, b->rx_bytes + b->tx_bytes);
	}
	return order ? order : by_name(a, b);
}

size_t rates_top(const struct rates *rates, enum rates_order order,
                 const struct rates_peer **ret, size_t n)
{
	size_t found = 0;

	for (size_t i = 0; n && i < rates->n; i++) {
		const struct rates_peer *peer = &rates->peers[i];
		size_t low = 0, high = found;

		if (found == n && compare(order, peer, ret[n - 1]) >= 0)
			continue;
		while (low < high) {
			size_t middle = (low + high) / 2;

			if (compare(order, peer, ret[middle]) < 0)
				high = middle;
			else
				low = middle + 1;
		}
		found += found < n;
		memmove(ret + low + 1, ret + low, (found - 1 - low) * sizeof(*ret));
		ret[low] = peer;
	}
	return found;
}

float rates_past(const struct rates *rates, const struct rates_peer *peer, unsigned ago)
{
	if (!peer->past || ago >= RATES_KEPT || ago >= rates->round)
		return 0;
	return peer->past[(rates->round - ago) % RATES_KEPT];
}

void rates_done(struct rates *rates)
{
	for (size_t i = 0; i < rates->n; i++)
		forget(&rates->peers[i]);
	if (rates->peers)
		explicit_bzero(rates->peers, rates->capacity * sizeof(*rates->peers));
	free(rates->peers);
	free(rates->slots);
	memset(rates, 0, sizeof(*rates));
}
