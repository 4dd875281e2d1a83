/* SPDX-License-Identifier: ISC */
#include "observed.h"

#include <string.h>

#include "base/error.h"
#include "model/addr.h"

/* Packed: family, length, the address's own bytes. */
#define PACKED_PREFIX 18
/* Packed: family, port, scope, address. */
#define PACKED_ENDPOINT 23

_Static_assert(sizeof(struct prg_observed_row) == 80, "the header says how large a row is");

static size_t pack_prefix(const struct prg_prefix *prefix, uint8_t ret[PACKED_PREFIX])
{
	size_t size = prg_addr_size(&prefix->addr);

	ret[0] = prefix->addr.family;
	ret[1] = prefix->length;
	memcpy(ret + 2, prefix->addr.bytes, size);
	return 2 + size;
}

static size_t unpack_prefix(const uint8_t *packed, struct prg_prefix *ret)
{
	size_t size;

	*ret = (struct prg_prefix){ .addr = { .family = packed[0] }, .length = packed[1] };
	size = prg_addr_size(&ret->addr);
	memcpy(ret->addr.bytes, packed + 2, size);
	return 2 + size;
}

static size_t pack_endpoint(const struct prg_wg_endpoint *endpoint, uint8_t ret[PACKED_ENDPOINT])
{
	size_t size = prg_addr_size(&endpoint->addr);

	ret[0] = endpoint->addr.family;
	memcpy(ret + 1, &endpoint->port, 2);
	memcpy(ret + 3, &endpoint->scope, 4);
	memcpy(ret + 7, endpoint->addr.bytes, size);
	return 7 + size;
}

static size_t unpack_endpoint(const uint8_t *packed, struct prg_wg_endpoint *ret)
{
	size_t size;

	*ret = (struct prg_wg_endpoint){ .addr = { .family = packed[0] } };
	size = prg_addr_size(&ret->addr);
	memcpy(&ret->port, packed + 1, 2);
	memcpy(&ret->scope, packed + 3, 4);
	memcpy(ret->addr.bytes, packed + 7, size);
	return 7 + size;
}

/* ---------------------------------------------------------------------- filling */

struct prg_observed_bytes {
	struct prg_observed_bytes *next;
	size_t used, size;
	uint8_t bytes[];
};
#define BYTES_BLOCK ((size_t)64 << 10)

/* The next row, not yet counted; NULL: out of memory. */
static struct prg_observed_row *next_row(struct prg_observed *o)
{
	if (o->n == UINT32_MAX)
		return NULL;
	if (o->n == o->n_blocks * PRG_OBSERVED_ROWS) {
		struct prg_observed_row *block;

		if (o->n_blocks == o->capacity) {
			size_t capacity = 2 * o->capacity + 8;
			void *grown = reallocarray(o->blocks, capacity, sizeof(*o->blocks));

			if (grown == NULL)
				return NULL;
			o->blocks = grown;
			o->capacity = capacity;
		}
		block = reallocarray(NULL, PRG_OBSERVED_ROWS, sizeof(*block));
		if (block == NULL)
			return NULL;
		o->blocks[o->n_blocks++] = block;
	}
	return prg_observed_row(o, o->n);
}

/* Room for so many bytes, not yet counted; NULL: out of memory. */
static uint8_t *bytes_room(struct prg_observed *o, size_t most)
{
	struct prg_observed_bytes *block = o->bytes;

	if (block == NULL || block->size - block->used < most) {
		size_t size = most > BYTES_BLOCK ? most : BYTES_BLOCK;

		block = malloc(sizeof(*block) + size);
		if (block == NULL)
			return NULL;
		*block = (struct prg_observed_bytes){ .next = o->bytes, .size = size };
		o->bytes = block;
	}
	return block->bytes + block->used;
}

static int keep_secret(struct prg_observed *o, struct prg_observed_row *row,
                       const struct prg_preshared_key *psk, struct prg_error *err)
{
	struct prg_preshared_key *kept;
	int rc = o->secrets == NULL ? prg_arena_new(&o->secrets, err) : 0;

	if (rc < 0)
		return rc;
	kept = prg_arena_take(o->secrets, sizeof(*kept));
	if (kept == NULL)
		return prg_error_nomem(err);
	*kept = *psk;
	row->preshared_key = kept;
	return 0;
}

int prg_observed_add(struct prg_observed *o, const struct prg_wg_peer *peer, bool keep_secrets,
                     struct prg_error *err)
{
	size_t most = PACKED_ENDPOINT + peer->n_allowed_ips * PACKED_PREFIX, i;
	struct prg_observed_row *row = peer->n_allowed_ips < UINT32_MAX ? next_row(o) : NULL;
	uint8_t *at = row != NULL ? bytes_room(o, most) : NULL;

	if (at == NULL)
		return prg_error_nomem(err);
	*row = (struct prg_observed_row){
		.public_key = peer->public_key,
		.packed = at,
		.latest_handshake_at = peer->latest_handshake_at,
		.rx_bytes = peer->rx_bytes,
		.tx_bytes = peer->tx_bytes,
		.n_allowed_ips = (uint32_t)peer->n_allowed_ips,
		.keepalive_s = peer->keepalive_s,
		.has_preshared_key = peer->preshared_key != NULL,
		.has_endpoint = peer->endpoint.addr.family != 0,
	};
	if (row->has_endpoint)
		at += pack_endpoint(&peer->endpoint, at);
	for (i = 0; i < peer->n_allowed_ips; i++)
		at += pack_prefix(&peer->allowed_ips[i], at);
	o->bytes->used = (size_t)(at - o->bytes->bytes);
	o->n++;
	if (!keep_secrets || peer->preshared_key == NULL)
		return 0;
	return keep_secret(o, row, peer->preshared_key, err);
}

void prg_observed_clear(struct prg_observed *o)
{
	struct prg_observed_bytes *block;

	while ((block = o->bytes) != NULL) {
		o->bytes = block->next;
		free(block);
	}
	while (o->n_blocks > 0)
		free(o->blocks[--o->n_blocks]);
	free(o->slots);
	o->slots = NULL;
	prg_arena_free(&o->secrets);
	o->n = o->next = 0;
}

void prg_observed_done(struct prg_observed *o)
{
	prg_observed_clear(o);
	free(o->blocks);
	free(o->unpacked);
	*o = (struct prg_observed){ 0 };
}

/* ---------------------------------------------------------------------- looking */

/* Public keys are uniform: their own bytes are the hash. */
static size_t slot_of(const struct prg_observed *o, const struct prg_public_key *key)
{
	size_t at;

	memcpy(&at, key->bytes, sizeof(at));
	at %= o->n_slots;
	while (o->slots[at] != 0 &&
	       memcmp(&prg_observed_row(o, o->slots[at] - 1)->public_key, key,
	              sizeof(*key)) != 0)
		at = (at + 1) % o->n_slots;
	return at;
}

static int make_slots(struct prg_observed *o, struct prg_error *err)
{
	size_t i;

	o->n_slots = 2 * o->n + 1;
	o->slots = calloc(o->n_slots, sizeof(*o->slots));
	if (o->slots == NULL)
		return prg_error_nomem(err);
	for (i = 0; i < o->n; i++)
		o->slots[slot_of(o, &prg_observed_row(o, i)->public_key)] = (uint32_t)i + 1;
	return 0;
}

int prg_observed_find(struct prg_observed *o, const struct prg_public_key *key,
                      struct prg_observed_row **ret, struct prg_error *err)
{
	uint32_t index;

	/* both in order of creation, mostly */
	if (o->next < o->n &&
	    memcmp(&prg_observed_row(o, o->next)->public_key, key, sizeof(*key)) == 0) {
		*ret = prg_observed_row(o, o->next++);
		return 0;
	}
	if (o->slots == NULL && make_slots(o, err) < 0)
		return PRG_E_NOMEM;
	index = o->slots[slot_of(o, key)];
	if (index != 0)
		o->next = index;
	*ret = index != 0 ? prg_observed_row(o, index - 1) : NULL;
	return 0;
}

int prg_observed_peer(struct prg_observed *o, const struct prg_observed_row *row,
                      struct prg_wg_peer *ret, struct prg_error *err)
{
	const uint8_t *at = row->packed;
	size_t i;

	if (row->n_allowed_ips > o->n_unpacked) {
		void *grown = reallocarray(o->unpacked, row->n_allowed_ips, sizeof(*o->unpacked));

		if (grown == NULL)
			return prg_error_nomem(err);
		o->unpacked = grown;
		o->n_unpacked = row->n_allowed_ips;
	}
	*ret = (struct prg_wg_peer){
		.public_key = row->public_key,
		.preshared_key = row->preshared_key,
		.keepalive_s = row->keepalive_s,
		.allowed_ips = o->unpacked,
		.n_allowed_ips = row->n_allowed_ips,
		.latest_handshake_at = row->latest_handshake_at,
		.rx_bytes = row->rx_bytes,
		.tx_bytes = row->tx_bytes,
	};
	if (row->has_endpoint)
		at += unpack_endpoint(at, &ret->endpoint);
	for (i = 0; i < row->n_allowed_ips; i++)
		at += unpack_prefix(at, &o->unpacked[i]);
	return 0;
}
