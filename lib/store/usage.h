/* SPDX-License-Identifier: ISC */
/*
 * What peers have transferred. A counter is counted once: its value at the last tick
 * stands beside the total, with the key and the life of the link that it is of. Of
 * another key, or in another life, a counter begins at zero.
 */
#ifndef PRG_STORE_USAGE_H
#define PRG_STORE_USAGE_H

#include "model/usage.h"
#include "store/store.h"

/* ---- lives */
#define PRG_DIGEST_BYTES 16
struct prg_usage_life {
	int64_t number;  /* 0: none is known */
	bool same;       /* as the text that was asked for */
	bool has_digest; /* then: of what the last tick saw, and the chain's end by then */
	unsigned char digest[PRG_DIGEST_BYTES];
	int64_t head;
};
int prg_usage_life(struct prg_store *store, int64_t interface_id, const char *life,
                   struct prg_usage_life *ret, struct prg_error *err);
/* As it is to be found; head is filled in here. */
int prg_usage_life_set(struct prg_store *store, int64_t interface_id, const char *life,
                       const struct prg_usage_life *value, struct prg_error *err);
/* Number of the chain's last entry; 0: none. */
int prg_usage_chain_end(struct prg_store *store, int64_t *ret, struct prg_error *err);

/* ---- what was seen */
struct prg_usage_row {
	int64_t id, successor_id;
	struct prg_public_key public_key;
	int64_t seen_day;
	struct prg_counters seen; /* of this key in this life; zero where there is none */
};
/* Up to `limit` peers, not revoked, with id > after. lately: only those that something
 * was seen of in this life, and without a look at the others. */
int prg_usage_page(struct prg_store *store, int64_t interface_id, int64_t life, bool lately,
                   int64_t after, size_t limit, struct prg_usage_row *ret, size_t *ret_n,
                   struct prg_error *err);
/* The one of a key, unless it is revoked. */
int prg_usage_of_key(struct prg_store *store, int64_t interface_id, int64_t life,
                     const struct prg_public_key *key, struct prg_usage_row *ret, bool *ret_found,
                     struct prg_error *err);
/* In a transaction: row->seen becomes what is seen of it in a life, and its seen_day. */
int prg_usage_see(struct prg_store *store, const struct prg_usage_row *row, int64_t life,
                  struct prg_error *err);
/* In a transaction: adds to a peer's totals and to one day of it, and to that of its
 * successor's successor… instead, where it has one: use goes on when keys change. */
int prg_usage_add(struct prg_store *store, const struct prg_usage_row *row, int64_t day,
                  const struct prg_counters *more, struct prg_error *err);
/* In a transaction: what one has used is another's from now on, who has not used
 * anything yet; counters that were seen stay where they are. */
int prg_usage_move(struct prg_store *store, int64_t from, int64_t to, struct prg_error *err);
/* Peers of these keys are not in the interface, or will be made anew: their counters
 * begin at zero. In a transaction. */
int prg_usage_begin(struct prg_store *store, int64_t interface_id,
                    const struct prg_public_key *keys, size_t n, struct prg_error *err);

/* ---- what it comes to */
/* Bytes that count for a peer's quota. */
int prg_usage_used(struct prg_store *store, const struct prg_peer *peer, int64_t now,
                   uint64_t *ret, struct prg_error *err);
struct prg_usage_sum {
	int64_t period; /* a day, or a month */
	struct prg_counters counters;
};
/* Totals and the day of the last handshake; zero where there is nothing. */
int prg_usage_total(struct prg_store *store, int64_t peer_id, struct prg_counters *ret,
                    int64_t *ret_seen_day, struct prg_error *err);
/* Days of a peer from `since` on, or months from that of `since` on, the latest first;
 * *ret is for free(3). */
int prg_usage_days(struct prg_store *store, int64_t peer_id, int64_t since,
                   struct prg_usage_sum **ret, size_t *ret_n, struct prg_error *err);
int prg_usage_months(struct prg_store *store, int64_t peer_id, int64_t since,
                     struct prg_usage_sum **ret, size_t *ret_n, struct prg_error *err);
/* Of all peers of an interface that ever were. */
int prg_usage_all(struct prg_store *store, int64_t interface_id, struct prg_counters *ret,
                  struct prg_error *err);
/* Active peers whose quota is used up: up to `limit` with id > after. */
int prg_usage_over(struct prg_store *store, int64_t interface_id, int64_t now, bool periods,
                   int64_t after, size_t limit, int64_t *ret_ids, size_t *ret_n,
                   struct prg_error *err);
/* Peers whose quota was used up, and is so no more; likewise. */
int prg_usage_resuming(struct prg_store *store, int64_t interface_id, int64_t now, size_t limit,
                       int64_t *ret_ids, size_t *ret_n, struct prg_error *err);
/* The active peers with older keys whose successor it is; likewise. */
int prg_usage_predecessors(struct prg_store *store, int64_t peer_id, size_t limit,
                           int64_t *ret_ids, size_t *ret_n, struct prg_error *err);
/* Days before `day` become parts of their months; *ret: there are any. */
int prg_usage_has_before(struct prg_store *store, int64_t day, bool *ret, struct prg_error *err);
int prg_usage_fold(struct prg_store *store, int64_t day, struct prg_error *err);

#endif
