/* SPDX-License-Identifier: ISC */
#include "watch/packed.h"

#include <endian.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "model/addr.h"

/* A record: a byte of these, the key's hash, how many allowed IPs there are, what the byte
 * says there is in this order, the allowed IPs. END: the address of a record follows,
 * in a block of its own, or NULL. */
enum {
	HANDSHAKE = 1u << 0,
	RX = 1u << 1,
	TX = 1u << 2,
	KEEPALIVE = 1u << 3,
	ENDPOINT = 1u << 4,
	PRESHARED_KEY = 1u << 5,
	MET = 1u << 6,
	END = 1u << 7
};
#define TAG_AT 1
#define NUMBERS_AT (TAG_AT + sizeof(uint64_t))

/* An allowed IP: a byte of these and of how many bytes are as in the first of its
 * family; its length, where that is not a whole address's; the other bytes. */
enum { SIX = 1u << 7, SHORT = 1u << 6, ALIKE = SHORT - 1 };

#define NUMBER_MOST 10
#define PREFIX_MOST (2 + 16)
#define ENDPOINT_MOST (1 + 2 + 4 + 16)
#define RECORD_MOST (NUMBERS_AT + 4 * NUMBER_MOST + 2 + ENDPOINT_MOST)
#define END_BYTES (1 + sizeof(uint8_t *))

struct prg_packed_block {
	struct prg_packed_block *before;
	size_t used, size;
	uint8_t bytes[];
};
/* Of a page that is not written to there is none. */
#define BLOCK_BYTES ((size_t)1 << 20)

/* ---------------------------------------------------------------------- values */

static uint8_t *put_number(uint8_t *at, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		*at++ = (uint8_t)(value | 0x80);
	*at++ = (uint8_t)value;
	return at;
}

static const uint8_t *get_number(const uint8_t *at, uint64_t *ret)
{
	uint64_t value = 0;
	unsigned shift = 0;

	for (; *at & 0x80; at++, shift += 7)
		value |= (uint64_t)(*at & 0x7f) << shift;
	*ret = value | (uint64_t)*at << shift;
	return at + 1;
}

/* Leading bytes of eight that are the same. */
static unsigned alike(const uint8_t *a, const uint8_t *b)
{
	uint64_t x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return x == y ? 8 : (unsigned)__builtin_clzll(be64toh(x ^ y)) / 8;
}

/* Of two addresses of a family; behind an IPv4 one there is nothing but zeros. */
static unsigned bytes_alike(const struct prg_addr *a, const struct prg_addr *b, unsigned size)
{
	unsigned n = alike(a->bytes, b->bytes);

	if (n == 8 && size == 16)
		n += alike(a->bytes + 8, b->bytes + 8);
	return n < size ? n : size;
}

static uint8_t *put_prefix(struct prg_packed *p, uint8_t *at, const struct prg_prefix *prefix)
{
	struct prg_addr *like = &p->like[prefix->addr.family == 6];
	unsigned size = (unsigned)prg_addr_size(&prefix->addr), n;
	bool whole = prefix->length == size * 8;

	if (like->family == 0)
		*like = prefix->addr;
	n = bytes_alike(like, &prefix->addr, size);
	*at++ = (uint8_t)(n | (size == 16 ? SIX : 0) | (whole ? 0 : SHORT));
	if (!whole)
		*at++ = prefix->length;
	/* few: no call for these */
	for (; n < size; n++)
		*at++ = prefix->addr.bytes[n];
	return at;
}

static const uint8_t *get_prefix(const struct prg_packed *p, const uint8_t *at,
                                 struct prg_prefix *ret)
{
	unsigned head = *at++, size = head & SIX ? 16 : 4, n = head & ALIKE;

	ret->addr = p->like[size == 16];
	ret->length = head & SHORT ? *at++ : (uint8_t)(size * 8);
	for (; n < size; n++)
		ret->addr.bytes[n] = *at++;
	return at;
}

static uint8_t *put_endpoint(uint8_t *at, const struct prg_wg_endpoint *endpoint)
{
	size_t size = prg_addr_size(&endpoint->addr);

	*at++ = endpoint->addr.family;
	memcpy(at, &endpoint->port, 2);
	memcpy(at + 2, &endpoint->scope, 4);
	memcpy(at + 6, endpoint->addr.bytes, size);
	return at + 6 + size;
}

static const uint8_t *get_endpoint(const uint8_t *at, struct prg_wg_endpoint *ret)
{
	size_t size;

	*ret = (struct prg_wg_endpoint){ .addr = { .family = *at++ } };
	size = prg_addr_size(&ret->addr);
	memcpy(&ret->port, at, 2);
	memcpy(&ret->scope, at + 2, 4);
	memcpy(ret->addr.bytes, at + 6, size);
	return at + 6 + size;
}

static uint64_t tag_of(const struct prg_packed *p, const struct prg_public_key *key)
{
	uint64_t sums[2] = { p->hash[0][0], p->hash[1][0] };
	size_t i;

	for (i = 1; i < PRG_PACKED_FACTORS; i++) {
		uint32_t word;

		memcpy(&word, key->bytes + (i - 1) * sizeof(word), sizeof(word));
		sums[0] += p->hash[0][i] * word;
		sums[1] += p->hash[1][i] * word;
	}
	return (sums[0] >> 32 << 32) | sums[1] >> 32;
}

static uint64_t get_tag(const uint8_t *record)
{
	uint64_t tag;

	memcpy(&tag, record + TAG_AT, sizeof(tag));
	return tag;
}

/* --------------------------------------------------------------------- records */

static void put_end(uint8_t *at, const uint8_t *follows)
{
	*at = END;
	memcpy(at + 1, &follows, sizeof(follows));
}

/* The record that begins here, or is pointed to from here; NULL: none. */
static uint8_t *record_at(uint8_t *at)
{
	if (at != NULL && *at == END)
		memcpy(&at, at + 1, sizeof(at));
	return at;
}

/* Where to write so many bytes and an end; NULL: out of memory. */
static uint8_t *room(struct prg_packed *p, size_t most)
{
	struct prg_packed_block *block = p->blocks, *made;
	size_t size = most + END_BYTES;

	if (block != NULL && block->size - block->used >= size)
		return block->bytes + block->used;
	if (size < BLOCK_BYTES)
		size = BLOCK_BYTES;
	made = malloc(sizeof(*made) + size);
	if (made == NULL)
		return NULL;
	*made = (struct prg_packed_block){ .before = block, .size = size };
	if (block == NULL) {
		p->first = p->next = made->bytes;
		randombytes_buf(p->hash, sizeof(p->hash));
	} else {
		put_end(block->bytes + block->used, made->bytes);
	}
	p->blocks = made;
	return made->bytes;
}

int prg_packed_add(struct prg_packed *p, const struct prg_wg_peer *peer, struct prg_error *err)
{
	uint8_t *begin = room(p, RECORD_MOST + peer->n_allowed_ips * PREFIX_MOST), *at, flags = 0;
	uint64_t tag;
	size_t i;

	if (begin == NULL)
		return prg_error_nomem(err);
	tag = tag_of(p, &peer->public_key);
	memcpy(begin + TAG_AT, &tag, sizeof(tag));
	at = put_number(begin + NUMBERS_AT, peer->n_allowed_ips);
	if (peer->latest_handshake_at != 0) {
		flags |= HANDSHAKE;
		at = put_number(at, (uint64_t)peer->latest_handshake_at);
	}
	if (peer->rx_bytes != 0) {
		flags |= RX;
		at = put_number(at, peer->rx_bytes);
	}
	if (peer->tx_bytes != 0) {
		flags |= TX;
		at = put_number(at, peer->tx_bytes);
	}
	if (peer->keepalive_s != 0) {
		flags |= KEEPALIVE;
		memcpy(at, &peer->keepalive_s, 2);
		at += 2;
	}
	if (peer->endpoint.addr.family != 0) {
		flags |= ENDPOINT;
		at = put_endpoint(at, &peer->endpoint);
	}
	if (peer->preshared_key != NULL)
		flags |= PRESHARED_KEY;
	for (i = 0; i < peer->n_allowed_ips; i++)
		at = put_prefix(p, at, &peer->allowed_ips[i]);
	*begin = flags;
	put_end(at, NULL);
	p->blocks->used = (size_t)(at - p->blocks->bytes);
	p->n++;
	return 0;
}

void prg_packed_clear(struct prg_packed *p)
{
	struct prg_packed_block *block;

	while ((block = p->blocks) != NULL) {
		p->blocks = block->before;
		free(block);
	}
	free(p->slots);
	p->slots = NULL;
	p->first = p->next = NULL;
	p->n = p->n_met = 0;
	memset(p->like, 0, sizeof(p->like));
}

void prg_packed_done(struct prg_packed *p)
{
	prg_packed_clear(p);
	free(p->unpacked);
	*p = (struct prg_packed){ 0 };
}

static int room_unpacked(struct prg_packed *p, uint64_t n, struct prg_error *err)
{
	void *grown;

	if (n <= p->n_unpacked)
		return 0;
	grown = reallocarray(p->unpacked, n, sizeof(*p->unpacked));
	if (grown == NULL)
		return prg_error_nomem(err);
	p->unpacked = grown;
	p->n_unpacked = n;
	return 0;
}

/* Where its allowed IPs begin, and how many there are. */
static const uint8_t *read_head(const uint8_t *record, struct prg_live *ret, uint64_t *ret_n)
{
	const uint8_t *at = get_number(record + NUMBERS_AT, ret_n);
	struct prg_wg_endpoint endpoint;
	uint64_t handshake = 0;

	ret->present = true;
	ret->has_preshared_key = *record & PRESHARED_KEY;
	ret->rx_bytes = ret->tx_bytes = 0;
	ret->keepalive_s = 0;
	ret->endpoint.host[0] = '\0';
	ret->endpoint.port = 0;
	if (*record & HANDSHAKE)
		at = get_number(at, &handshake);
	ret->latest_handshake_at = (int64_t)handshake;
	if (*record & RX)
		at = get_number(at, &ret->rx_bytes);
	if (*record & TX)
		at = get_number(at, &ret->tx_bytes);
	if (*record & KEEPALIVE) {
		memcpy(&ret->keepalive_s, at, 2);
		at += 2;
	}
	if (*record & ENDPOINT) {
		at = get_endpoint(at, &endpoint);
		prg_wg_endpoint_to(&endpoint, &ret->endpoint);
	}
	return at;
}

int prg_packed_read(struct prg_packed *p, uint8_t *record, struct prg_live *ret,
                    struct prg_error *err)
{
	uint64_t n = 0, i;
	const uint8_t *at = read_head(record, ret, &n);

	if (room_unpacked(p, n, err) < 0)
		return PRG_E_NOMEM;
	for (i = 0; i < n; i++)
		at = get_prefix(p, at, &p->unpacked[i]);
	p->next = record_at(record + (at - record));
	ret->allowed_ips = p->unpacked;
	ret->n_allowed_ips = n;
	return 0;
}

/* --------------------------------------------------------------------- looking */

static uint8_t *skip_number(uint8_t *at)
{
	while (*at & 0x80)
		at++;
	return at + 1;
}

static uint8_t *behind(uint8_t *record)
{
	const uint8_t *numbers = record + NUMBERS_AT;
	uint64_t n;
	uint8_t *at = record + (get_number(numbers, &n) - record);
	unsigned flag;

	for (flag = HANDSHAKE; flag <= TX; flag <<= 1)
		if (*record & flag)
			at = skip_number(at);
	if (*record & KEEPALIVE)
		at += 2;
	if (*record & ENDPOINT)
		at += 1 + 6 + (*at == 6 ? 16 : 4);
	for (; n > 0; n--)
		at += 1 + (*at & SHORT ? 1 : 0) + (*at & SIX ? 16 : 4) - (*at & ALIKE);
	return record_at(at);
}

static uint8_t **slot_of(const struct prg_packed *p, uint64_t tag)
{
	size_t at = (size_t)tag % p->n_slots;

	while (p->slots[at] != NULL && get_tag(p->slots[at]) != tag)
		at = (at + 1) % p->n_slots;
	return &p->slots[at];
}

static int make_slots(struct prg_packed *p, struct prg_error *err)
{
	uint8_t *record;

	p->n_slots = p->n + p->n / 4 + 1;
	p->slots = calloc(p->n_slots, sizeof(*p->slots));
	if (p->slots == NULL)
		return prg_error_nomem(err);
	for (record = p->first; record != NULL; record = behind(record))
		*slot_of(p, get_tag(record)) = record;
	return 0;
}

static int find(struct prg_packed *p, const struct prg_public_key *key, uint8_t **ret,
                struct prg_error *err)
{
	uint64_t tag = tag_of(p, key);

	/* both in order of creation, mostly */
	*ret = p->next;
	if (p->next != NULL && get_tag(p->next) == tag)
		return 0;
	if (p->slots == NULL && make_slots(p, err) < 0)
		return PRG_E_NOMEM;
	*ret = *slot_of(p, tag);
	return 0;
}

static uint8_t *met(struct prg_packed *p, uint8_t *record)
{
	p->n_met += !(*record & MET);
	*record |= MET;
	return record;
}

int prg_packed_meet(struct prg_packed *p, const struct prg_public_key *key, uint8_t **ret,
                    struct prg_error *err)
{
	uint8_t *record;

	if (find(p, key, &record, err) < 0)
		return PRG_E_NOMEM;
	*ret = record != NULL ? met(p, record) : NULL;
	return 0;
}

int prg_packed_unmet(struct prg_packed *p, const struct prg_public_key *key, bool *ret,
                     struct prg_error *err)
{
	uint8_t *record;

	if (find(p, key, &record, err) < 0)
		return PRG_E_NOMEM;
	*ret = record != NULL && !(*record & MET);
	if (record != NULL)
		p->next = behind(record);
	return 0;
}
