/* SPDX-License-Identifier: ISC */
/*
 * Rates out of counters: what each peer sent and received between one look at the
 * running interface and the next, by public key. It lives in memory only, and a
 * peer that nothing goes through takes about 150 bytes.
 */
#ifndef PEERAGE_CLI_RATES_H
#define PEERAGE_CLI_RATES_H

#include "peerage.h"

#define RATES_KEPT 64 /* rounds that a peer's past goes back */

struct rates_peer {
	struct prg_public_key public_key;
	char *name;                  /* NULL: the register does not hold the key */
	char *endpoint;              /* NULL: none, or not asked for */
	enum prg_live_status status;
	bool present;                /* in the running interface */
	bool measured;               /* the two rates are known */
	int64_t latest_handshake_at; /* 0: never */
	uint64_t rx_bytes, tx_bytes;
	uint64_t rx_rate, tx_rate;   /* bytes a second */
	int64_t seen_ns;             /* when the counters were read */
	uint64_t round;              /* the last one that it was met in */
	float *past;                 /* RATES_KEPT sums of both rates, a ring; NULL: all 0 */
};

struct rates {
	struct rates_peer *peers;    /* in no order */
	size_t n, capacity;
	uint32_t *slots;             /* by key: place in peers + 1; 0: free */
	size_t n_slots;              /* a power of 2 */
	uint64_t round;
	int64_t now_ns;
	/* of the last round that ended */
	bool measured;               /* of some peer the rates are known */
	uint64_t rx_rate, tx_rate;   /* of all */
	size_t of_status[PRG_LIVE_MISSING + 1];
};

enum rates_order { RATES_ACTIVITY, RATES_TOTAL, RATES_NAME, RATES_ORDERS };

/* A round begins: the counters are read at now_ns, by a clock that is never set. */
void rates_begin(struct rates *rates, int64_t now_ns);
/* A peer of this round; peer NULL: a key that is not registered. endpoint is text to
 * keep with it, or NULL. Counters that fell, or were not there the round before, have
 * no rate. NULL: out of memory. What is returned is valid until the next call. */
const struct rates_peer *rates_add(struct rates *rates, const struct prg_live *live,
                                   const struct prg_peer *peer, const char *endpoint);
/* The round was whole: who was not met is forgotten. A round that is not ended leaves
 * the peers that it did not come to as they were. */
void rates_end(struct rates *rates);
/* The first n in that order, into ret; returns how many. ACTIVITY: by rate, then
 * latest handshake, then name; TOTAL: by both counters. */
size_t rates_top(const struct rates *rates, enum rates_order order,
                 const struct rates_peer **ret, size_t n);
/* Both rates together `ago` rounds before the last one, 0 to RATES_KEPT - 1. */
float rates_past(const struct rates *rates, const struct rates_peer *peer, unsigned ago);
/* Wipes: where peers connect from is in there. */
void rates_done(struct rates *rates);

#endif
