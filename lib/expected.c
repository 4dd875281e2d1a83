/* SPDX-License-Identifier: ISC */
#include "expected.h"

#include <sodium.h>
#include <string.h>

#include "base/error.h"
#include "engine.h"
#include "model/peer.h"

#define ENTRY (2 + PRG_WG_DIGEST_BYTES)
#define HAS_ENDPOINT 1u
#define NEEDS_ROUTE 2u
#define NEAR 8 /* so far ahead is looked without a table */

_Static_assert(PRG_EXPECTED_PAGE - 1 == UINT8_MAX, "one byte tells an id within its page");
_Static_assert(PRG_EXPECTED_KEY_BYTES == PRG_WG_DIGEST_KEY_BYTES, "a key of digests");
_Static_assert(PRG_EXPECTED_SUM_BYTES == PRG_WG_DIGEST_BYTES, "a sum of digests");
_Static_assert(sizeof(struct prg_expected_peer) == 24, "the header says how large one is");

/* --------------------------------------------------------------------- reading */

struct reading {
	struct prg_expected *e;
	struct prg_store *store;
	const char *interface;
	int64_t interface_id;
	struct prg_interface *fresh; /* as it is in the snapshot that pages are made from */
	uint8_t page[PRG_EXPECTED_PAGE * ENTRY];
};

static int add(struct prg_expected *e, const struct prg_expected_peer *peer, struct prg_error *err)
{
	if (e->n == e->capacity) {
		size_t capacity = e->capacity ? 2 * e->capacity : PRG_EXPECTED_PAGE;
		void *grown = capacity < UINT32_MAX
		                      ? reallocarray(e->peers, capacity, sizeof(*e->peers))
		                      : NULL;

		if (grown == NULL)
			return prg_error_nomem(err);
		e->peers = grown;
		e->capacity = capacity;
	}
	e->peers[e->n++] = *peer;
	return 0;
}

static void put_in(struct prg_expected_set *set, const uint8_t digest[PRG_WG_DIGEST_BYTES])
{
	struct prg_wg_digest one;

	memcpy(one.bytes, digest, sizeof(one.bytes));
	prg_wg_digest_add(&set->sum, &one);
	set->n++;
}

static bool well_formed(const struct prg_expected_page *kept)
{
	const uint8_t *bytes = kept->bytes;
	struct prg_expected_set set = { .n = 0 };
	unsigned flags = 0;

	if (kept->length % ENTRY != 0)
		return false;
	for (size_t at = 0; at < kept->length; at += ENTRY) {
		if (bytes[at + 1] > (HAS_ENDPOINT | NEEDS_ROUTE) ||
		    (at > 0 && bytes[at] <= bytes[at - ENTRY]))
			return false;
		flags |= bytes[at + 1];
		put_in(&set, bytes + at + 2);
	}
	return set.n == kept->n && kept->special == (flags != 0) &&
	       memcmp(set.sum.bytes, kept->sum, sizeof(kept->sum)) == 0;
}

static int take_page(void *context, int64_t page, const struct prg_expected_page *kept,
                     bool *ret_good, struct prg_error *err)
{
	struct reading *r = context;
	const uint8_t *bytes = kept->bytes;
	struct prg_wg_digest sum;
	int rc = 0;

	*ret_good = (r->e->sums && !kept->special) || well_formed(kept);
	if (!*ret_good)
		return 0;
	memcpy(sum.bytes, kept->sum, sizeof(sum.bytes));
	prg_wg_digest_add(&r->e->all.sum, &sum);
	r->e->all.n += kept->n;
	for (size_t at = 0; rc == 0 && at < kept->length; at += ENTRY) {
		struct prg_expected_peer peer = {
			.id = page * PRG_EXPECTED_PAGE + bytes[at],
			.endpoint = bytes[at + 1] & HAS_ENDPOINT,
			.route = bytes[at + 1] & NEEDS_ROUTE,
		};

		memcpy(peer.digest.bytes, bytes + at + 2, PRG_WG_DIGEST_BYTES);
		rc = add(r->e, &peer, err);
	}
	return rc;
}

/* Addresses that were read before may have changed since, and then no trigger would
 * take away again what is made from them. */
static int refresh(struct reading *r, struct prg_error *err)
{
	int rc = r->fresh == NULL ? prg_store_interface(r->store, r->interface, &r->fresh, err) : 0;

	if (rc == 0 && r->fresh->id != r->interface_id)
		rc = prg_error_set(err, PRG_E_BUSY,
		                   "interface %s was replaced meanwhile: try again", r->interface);
	return rc;
}

static int make_peer(struct reading *r, const struct prg_wg_row *row, struct prg_error *err)
{
	struct prg_expected_peer peer = { .id = row->id, .endpoint = row->has_endpoint };
	size_t i;
	int rc = prg_wg_digest(r->e->key, row->peer, &peer.digest, err);

	if (rc < 0)
		return rc;
	for (i = 0; i < row->peer->n_allowed_ips && !peer.route; i++)
		peer.route = prg_sync_needs_route(r->fresh, &row->peer->allowed_ips[i]);
	put_in(&r->e->all, peer.digest.bytes);
	return add(r->e, &peer, err);
}

static int make_page(void *context, int64_t page, struct prg_error *err)
{
	struct reading *r = context;
	int64_t first = page * PRG_EXPECTED_PAGE, end = first + PRG_EXPECTED_PAGE;
	PRG_WG_ROWS *rows = NULL;
	const struct prg_wg_row *row;
	int rc = refresh(r, err);

	if (rc == 0)
		rc = prg_store_wg_open(r->store, r->interface_id, first - 1, SIZE_MAX, false,
		                       &rows, err);
	while (rc == 0 && (rc = prg_store_wg_next(rows, &row, err)) == 0 && row != NULL &&
	       row->id < end)
		rc = make_peer(r, row, err);
	return rc;
}

/* The first peer with this id or a higher one. */
static size_t find_id(const struct prg_expected *e, int64_t id)
{
	size_t low = 0, high = e->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (e->peers[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void write_page(void *context, int64_t page, struct prg_expected_page *ret)
{
	struct reading *r = context;
	int64_t end = (page + 1) * PRG_EXPECTED_PAGE;
	struct prg_expected_set set = { .n = 0 };
	uint8_t *at = r->page;

	ret->special = false;
	for (size_t i = find_id(r->e, page * PRG_EXPECTED_PAGE);
	     i < r->e->n && r->e->peers[i].id < end; i++) {
		const struct prg_expected_peer *peer = &r->e->peers[i];

		at[0] = (uint8_t)(peer->id % PRG_EXPECTED_PAGE);
		at[1] = (uint8_t)((peer->endpoint ? HAS_ENDPOINT : 0) |
		                  (peer->route ? NEEDS_ROUTE : 0));
		memcpy(at + 2, peer->digest.bytes, PRG_WG_DIGEST_BYTES);
		ret->special |= at[1] != 0;
		put_in(&set, peer->digest.bytes);
		at += ENTRY;
	}
	ret->n = set.n;
	memcpy(ret->sum, set.sum.bytes, sizeof(ret->sum));
	ret->bytes = r->page;
	ret->length = (size_t)(at - r->page);
}

/* Those that sums do not speak for. */
static void keep_special(struct prg_expected *e)
{
	size_t i, n = 0;

	for (i = 0; i < e->n; i++)
		if (e->peers[i].endpoint || e->peers[i].route)
			e->peers[n++] = e->peers[i];
	e->n = n;
}

int prg_expected_read(struct prg_expected *e, struct prg_store *store,
                      const struct prg_interface *interface, bool sums, struct prg_error *err)
{
	struct reading r = { .e = e, .store = store, .interface = interface->name,
		             .interface_id = interface->id };
	const struct prg_expected_pages pages = { &r, sums, take_page, make_page, write_page };
	size_t i;
	int rc;

	e->sums = sums;
	prg_store_expected_key(store, e->key);
	rc = prg_store_expected(store, interface->id, &pages, err);
	prg_interface_free(&r.fresh);
	if (rc == 0 && sums)
		keep_special(e);
	for (i = 0; i < e->n; i++)
		e->n_endpoints += e->peers[i].endpoint;
	return rc;
}

void prg_expected_done(struct prg_expected *e)
{
	free(e->peers);
	free(e->slots);
	prg_wipe(e, sizeof(*e));
}

/* --------------------------------------------------------------------- meeting */

static bool is(const struct prg_expected *e, size_t i, const struct prg_wg_digest *digest)
{
	return memcmp(&e->peers[i].digest, digest, sizeof(*digest)) == 0;
}

/* Digests are uniform: their own bytes are the hash. */
static size_t slot_of(const struct prg_expected *e, const struct prg_wg_digest *digest)
{
	size_t at;

	memcpy(&at, digest->bytes, sizeof(at));
	at %= e->n_slots;
	while (e->slots[at] != 0 && !is(e, e->slots[at] - 1, digest))
		at = (at + 1) % e->n_slots;
	return at;
}

static int make_slots(struct prg_expected *e, struct prg_error *err)
{
	e->n_slots = 2 * e->n + 1;
	e->slots = calloc(e->n_slots, sizeof(*e->slots));
	if (e->slots == NULL)
		return prg_error_nomem(err);
	for (size_t i = 0; i < e->n; i++)
		e->slots[slot_of(e, &e->peers[i].digest)] = (uint32_t)i + 1;
	return 0;
}

/* *ret e->n: there is none. Both are in order of creation, mostly. */
static int find(struct prg_expected *e, const struct prg_wg_digest *digest, size_t *ret,
                struct prg_error *err)
{
	size_t i;
	uint32_t slot;

	for (i = e->next; i < e->n && i < e->next + NEAR; i++) {
		if (is(e, i, digest)) {
			*ret = i;
			return 0;
		}
	}
	if (e->slots == NULL && make_slots(e, err) < 0)
		return PRG_E_NOMEM;
	slot = e->slots[slot_of(e, digest)];
	*ret = slot != 0 ? slot - 1 : e->n;
	return 0;
}

int prg_expected_count(struct prg_expected *e, const struct prg_wg_peer *observed,
                       struct prg_error *err)
{
	struct prg_wg_digest digest;
	size_t i;
	int rc = prg_wg_digest(e->key, observed, &digest, err);

	if (rc < 0)
		return rc;
	put_in(&e->seen, digest.bytes);
	if (e->n_endpoints == 0 || observed->endpoint.addr.family != 0)
		return 0;
	rc = find(e, &digest, &i, err);
	if (rc < 0 || i == e->n)
		return rc;
	e->next = i + 1;
	e->lacks |= e->peers[i].endpoint;
	return 0;
}

bool prg_expected_all_met(struct prg_expected *e)
{
	bool all = !e->lacks && e->seen.n == e->all.n &&
	           sodium_memcmp(&e->seen.sum, &e->all.sum, sizeof(e->all.sum)) == 0;

	for (size_t i = 0; i < e->n; i++)
		e->peers[i].met = all;
	return all;
}

int prg_expected_meet(struct prg_expected *e, const struct prg_wg_peer *observed, bool *ret_met,
                      struct prg_error *err)
{
	struct prg_wg_digest digest;
	struct prg_expected_peer *peer;
	size_t i = 0;
	int rc = prg_wg_digest(e->key, observed, &digest, err);

	if (rc == 0)
		rc = find(e, &digest, &i, err);
	if (rc < 0)
		return rc;
	*ret_met = false;
	if (i == e->n)
		return 0;
	e->next = i + 1;
	peer = &e->peers[i];
	if (peer->met || (peer->endpoint && observed->endpoint.addr.family == 0))
		return 0;
	*ret_met = peer->met = true;
	return 0;
}

void prg_expected_restart(struct prg_expected *e)
{
	for (size_t i = 0; i < e->n; i++)
		e->peers[i].met = false;
	e->seen = (struct prg_expected_set){ .n = 0 };
	e->lacks = false;
	e->next = 0;
}
