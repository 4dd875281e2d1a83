/* SPDX-License-Identifier: ISC */
/*
 * What WireGuard should hold: of each active peer a digest (model/wg_digest.h), its id,
 * and whether the digest does not tell all. The register keeps them (store/expected.h),
 * so that a dump can be compared with it without a look at rows that are in line.
 *
 * A page, as it is kept: for each active peer in order of ids the low byte of its id,
 * a byte of flags and the digest. Memory, a peer: 32 bytes, and 8 more only where the
 * register's order is not the interface's.
 */
#ifndef PRG_EXPECTED_H
#define PRG_EXPECTED_H

#include "model/wg_digest.h"
#include "store/expected.h"

struct prg_expected_peer {
	int64_t id;
	struct prg_wg_digest digest;
	bool endpoint; /* one is configured: WireGuard should have some */
	bool route;    /* an allowed IP needs one */
	bool met;      /* seen, just as it should be */
};

struct prg_expected {
	unsigned char key[PRG_WG_DIGEST_KEY_BYTES];
	struct prg_expected_peer *peers; /* active ones, in order of ids */
	size_t n, capacity;
	uint32_t *slots; /* index + 1, by digest; NULL: not needed so far */
	size_t n_slots;
	size_t next; /* behind the one that was met last */
};

/* Zeroed before; reads the register. */
int prg_expected_read(struct prg_expected *e, struct prg_store *store,
                      const struct prg_interface *interface, struct prg_error *err);
void prg_expected_done(struct prg_expected *e);

/* *ret_met: it is just as one that was not met yet should be, which now is. */
int prg_expected_meet(struct prg_expected *e, const struct prg_wg_peer *observed, bool *ret_met,
                      struct prg_error *err);
/* None was met. */
void prg_expected_restart(struct prg_expected *e);

#endif
