/* SPDX-License-Identifier: ISC */
/*
 * What WireGuard should hold: of each active peer a digest (model/wg_digest.h), its id,
 * and whether the digest does not tell all. The register keeps them (store/expected.h),
 * so that a dump can be compared with it without a look at rows that are in line.
 *
 * In two ways. By sums: a dump is in line if it has as many peers as there should be,
 * and the sum of their digests is the same; that takes no memory, whatever the order,
 * but says of no peer that it differs. Peer by peer: that does.
 *
 * A page, as it is kept: for each active peer in order of ids the low byte of its id,
 * a byte of flags and the digest; beside it their number and sum, which hold if they
 * are those of the digests: where they are not, sums are not met, and when the page is
 * read next it is made anew. Memory, a peer: 24 bytes, and 8 more only where the
 * register's order is not the interface's; by sums, of special peers alone.
 */
#ifndef PRG_EXPECTED_H
#define PRG_EXPECTED_H

#include "model/wg_digest.h"
#include "store/expected.h"

struct prg_expected_peer {
	struct prg_wg_digest digest;
	int64_t id : 61;
	bool endpoint : 1; /* one is configured: WireGuard should have some */
	bool route : 1;    /* an allowed IP needs one */
	bool met : 1;      /* seen, just as it should be */
};

struct prg_expected_set {
	size_t n;
	struct prg_wg_digest sum;
};

struct prg_expected {
	unsigned char key[PRG_WG_DIGEST_KEY_BYTES];
	bool sums;
	struct prg_expected_set all, seen; /* with sums */
	bool lacks;                        /* an endpoint that should be there */
	size_t n_endpoints;                /* of peers that should have one */
	struct prg_expected_peer *peers; /* active ones, in order of ids; with sums those
	                                    that have an endpoint or a route */
	size_t n, capacity;
	uint32_t *slots; /* index + 1, by digest; NULL: not needed so far */
	size_t n_slots;
	size_t next; /* behind the one that was met last */
};

/* Zeroed before; reads the register, by sums or not. */
int prg_expected_read(struct prg_expected *e, struct prg_store *store,
                      const struct prg_interface *interface, bool sums, struct prg_error *err);
void prg_expected_done(struct prg_expected *e);

/* By sums: adds one of the dump. */
int prg_expected_count(struct prg_expected *e, const struct prg_wg_peer *observed,
                       struct prg_error *err);
/* By sums, at the dump's end: true if those that were counted are just those that should
 * be; then all were met. */
bool prg_expected_all_met(struct prg_expected *e);

/* *ret_met: it is just as one that was not met yet should be, which now is. */
int prg_expected_meet(struct prg_expected *e, const struct prg_wg_peer *observed, bool *ret_met,
                      struct prg_error *err);
/* None was met. */
void prg_expected_restart(struct prg_expected *e);

#endif
