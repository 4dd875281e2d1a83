/* SPDX-License-Identifier: ISC */
/*
 * What one dump told, packed as tightly as it goes and read once, peer by peer, mostly
 * in the order that it was told in. lib/observed.h keeps the same for those who look at
 * it more than once; here each page of memory that is not touched counts.
 *
 * Memory, a peer: 34 bytes, and of what there is of it up to 5 for a handshake, 10 for
 * each counter, 2 for a keepalive, 23 for an endpoint, 18 for an allowed IP: 40
 * mostly, where all addresses are of one network. 10 more where the register's order
 * is not the interface's.
 */
#ifndef PRG_WATCH_PACKED_H
#define PRG_WATCH_PACKED_H

#include "base/cleanup.h"
#include "model/wg.h"

struct prg_packed_block;

struct prg_packed {
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
/* The first record at or behind *at that was not met, and counts as met now; *at moves
 * behind it. NULL: there is none any more. Begin with p->first. */
uint8_t *prg_packed_unmet(struct prg_packed *p, uint8_t **at);
/* As it was told, all but its status; allowed IPs are valid until the next call. */
int prg_packed_read(struct prg_packed *p, uint8_t *record, struct prg_live *ret,
                    struct prg_error *err);

#endif
