/* SPDX-License-Identifier: ISC */
#include "sorted.h"

#include <stdlib.h>
#include <string.h>

static void free_copy(struct prg_peer *copy)
{
	for (size_t i = 0; copy->tags && i < copy->n_tags; i++)
		free(copy->tags[i]);
	free(copy->tags);
	free(copy->addresses);
	free(copy->routes);
	free(copy->client_allowed_ips);
	free(copy->dns);
	free(copy->note);
}

/* NULL for none too, so *failed tells. */
static void *duplicate(const void *list, size_t n, size_t size, bool *failed)
{
	void *copy = n ? malloc(n * size) : NULL;

	if (n && !copy)
		*failed = true;
	else if (n)
		memcpy(copy, list, n * size);
	return copy;
}

static bool copy_peer(struct prg_peer *copy, const struct prg_peer *peer)
{
	bool failed = false;

	*copy = *peer;
	copy->addresses = duplicate(peer->addresses, peer->n_addresses,
	                            sizeof(*peer->addresses), &failed);
	copy->routes = duplicate(peer->routes, peer->n_routes, sizeof(*peer->routes), &failed);
	copy->client_allowed_ips = duplicate(peer->client_allowed_ips, peer->n_client_allowed_ips,
	                                     sizeof(*peer->client_allowed_ips), &failed);
	copy->dns = duplicate(peer->dns, peer->n_dns, sizeof(*peer->dns), &failed);
	copy->note = duplicate(peer->note, peer->note ? strlen(peer->note) + 1 : 0, 1, &failed);
	copy->tags = calloc(peer->n_tags + 1, sizeof(*copy->tags));
	failed |= !copy->tags;
	for (size_t i = 0; !failed && i < peer->n_tags; i++)
		copy->tags[i] = duplicate(peer->tags[i], strlen(peer->tags[i]) + 1, 1, &failed);
	if (failed)
		free_copy(copy);
	return !failed;
}

bool sorted_add(struct sorted *sorted, const struct prg_peer *peer)
{
	if (sorted->n == sorted->capacity) {
		size_t capacity = sorted->capacity ? 2 * sorted->capacity : 64;
		struct prg_peer *grown = reallocarray(sorted->peers, capacity, sizeof(*grown));

		if (!grown)
			return false;
		sorted->peers = grown;
		sorted->capacity = capacity;
	}
	if (!copy_peer(&sorted->peers[sorted->n], peer))
		return false;
	sorted->n++;
	return true;
}

static int compare_addresses(const struct prg_peer *a, const struct prg_peer *b)
{
	const struct prg_addr *first, *second;

	if (!a->n_addresses || !b->n_addresses)
		return !a->n_addresses - !b->n_addresses;
	first = &a->addresses[0].addr;
	second = &b->addresses[0].addr;
	if (first->family != second->family)
		return first->family < second->family ? -1 : 1;
	return memcmp(first->bytes, second->bytes, sizeof(first->bytes));
}

static int compare(const void *left, const void *right, void *context)
{
	const struct prg_peer *a = left, *b = right;
	const enum sorted_by *by = context;
	int order = 0;

	if (*by == SORTED_NAME)
		order = strcmp(a->name, b->name);
	else if (*by == SORTED_STATE)
		order = (int)a->state - (int)b->state;
	else if (*by == SORTED_ADDRESS)
		order = compare_addresses(a, b);
	else if (*by == SORTED_EXPIRES && a->expires_at != b->expires_at)
		order = !a->expires_at ? 1 :
		        !b->expires_at || a->expires_at < b->expires_at ? -1 : 1;
	/* ids grow as peers are made */
	return order ? order : (a->id > b->id) - (a->id < b->id);
}

int sorted_each(struct sorted *sorted, prg_peer_fn *fn, void *context)
{
	int code = 0;

	if (sorted->n)
		qsort_r(sorted->peers, sorted->n, sizeof(*sorted->peers), compare, &sorted->by);
	for (size_t i = 0; !code && i < sorted->n; i++)
		code = fn(context, &sorted->peers[i]);
	return code;
}

void sorted_done(struct sorted *sorted)
{
	for (size_t i = 0; i < sorted->n; i++)
		free_copy(&sorted->peers[i]);
	free(sorted->peers);
}
