/* SPDX-License-Identifier: ISC */
/*
 * What one dump told, packed as tightly as it goes and read once, peer by peer, mostly
 * in the order that it was told in. lib/observed.h keeps the same for those who look at
 * it more than once; here each page of memory that is not touched counts.
 *
 * Of a key 64 bits are kept: a strongly universal hash of it (multilinear: Lemire and
 * Kaser, "Strongly universal string hashing is fast", 2014), drawn anew for each dump.
 * Two keys, whoever chose them, are taken for one by a chance of one in 2^64. The
 * register has the keys of those that it knows; for the others' one looks again.
 *
 * Memory, a peer: 10 bytes, and of what there is of it up to 5 for a handshake, 10 for
 * each counter, 2 for a keepalive, 23 for an endpoint, 18 for an allowed IP: 16
 * mostly, where all addresses are of one network. 10 more where the register's order
 * is not the interface's, or it does not know all.
 */
#ifndef PRG_WATCH_PACKED_H
#define PRG_WATCH_PACKED_H

#include "base/cleanup.h"
#include "model/wg.h"

#define PRG_PACKED_FACTORS (PRG_KEY_BYTES / sizeof(uint32_t) + 1)

struct prg_packed_block;

struct prg_packed {
	uint64_t hash[2][PRG_PACKED_FACTORS]; /* drawn where `blocks` is not NULL */
	struct prg_packed_block *blocks; /* the one that is filled first */
	uint8_t *first; /* records, in the interface's order; NULL: none */
	uint8_t *next;  /* the one behind that which was read last */
	size_t n, n_met;
	struct prg_addr like[2]; /* IPv4, IPv6: the others are kept by what differs */
	uint8_t **slots; /* by key; NULL: not needed so far */
	size_t n_slots;
	struct prg_prefix *unpacked;
	size_t n_unpacked;
};

/* Zeroed is empty. Of a preshared key only that there is one is kept. */
int prg_packed_add(struct prg_packed *p, const struct prg_wg_peer *peer, struct prg_error *err);
/* Empty again. */
void prg_packed_clear(struct prg_packed *p);
void prg_packed_done(struct prg_packed *p);

/* *ret NULL: there is none of that key. It counts as met; nothing is added any more.
 * Quick where it is the one behind that which was read last. */
int prg_packed_meet(struct prg_packed *p, const struct prg_public_key *key, uint8_t **ret,
                    struct prg_error *err);
/* *ret: there is one of that key, and it was not met. Nothing is added any more. Quick
 * where it is the one behind that which was asked for last: begin with p->next = p->first. */
int prg_packed_unmet(struct prg_packed *p, const struct prg_public_key *key, bool *ret,
                     struct prg_error *err);
/* As it was told, all but its key and its status; allowed IPs are valid until the next
 * call. p->next is the one behind it. */
int prg_packed_read(struct prg_packed *p, uint8_t *record, struct prg_live *ret,
                    struct prg_error *err);

#endif
