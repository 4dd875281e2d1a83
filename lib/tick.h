/* SPDX-License-Identifier: ISC */
/*
 * What one dump tells upkeep: counters, handshakes, who holds an endpoint; and what
 * sync would make of it. It is packed, without allowed IPs, and without peers that have
 * none of these, which are most in a large register: at most 103 bytes for each other.
 * Where peers connect from, and when they shook hands to the second, is in here and is
 * never written anywhere.
 */
#ifndef PRG_TICK_H
#define PRG_TICK_H

#include "backend/backend.h"
#include "observed.h"
#include "store/usage.h"

#define PRG_LIFE_TEXT 96

struct prg_tick {
	struct prg_observed seen; /* what has something to tell */
	bool interrupted;         /* absence means nothing */
	struct prg_report *drift; /* what sync would do, were it to come now */
	char life[PRG_LIFE_TEXT]; /* of the link: which boot, which namespace, which index */
	unsigned char digest[PRG_DIGEST_BYTES]; /* of keys, counters and days of handshakes */
	struct prg_usage_life known; /* by the last tick; number: by this one */
	bool seen_before;            /* the last tick saw the same */
};

/* Errors: as prg_backend_observe(); PRG_E_NOT_FOUND: it is not running. */
int prg_tick_observe(struct prg_store *store, struct prg_backend *backend,
                     const struct prg_interface *interface, struct prg_tick **ret,
                     struct prg_error *err);
void prg_tick_free(struct prg_tick **tick);
#define PRG_TICK PRG_CLEANUP(prg_tick_free) struct prg_tick

/* Is there something to count? */
static inline bool prg_tick_counts(const struct prg_observed_row *row)
{
	return row->rx_bytes != 0 || row->tx_bytes != 0 || row->latest_handshake_at != 0;
}
/* Has the peer of that key shaken hands? context: a tick. */
int prg_tick_shook(void *context, const struct prg_public_key *key, bool *ret,
                   struct prg_error *err);

#endif
