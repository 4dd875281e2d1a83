/* SPDX-License-Identifier: ISC */
/* Inside of lib/change: what the verbs share. All inside the transaction. */
#ifndef PRG_CHANGE_CHANGE_H
#define PRG_CHANGE_CHANGE_H

#include "engine.h"

/* A new interface of defaults and values, with the key that the road has. What is
 * new of it goes to report (NULL: nowhere). */
int prg_change_make(struct prg_road *road, const struct prg_values *v, const char *verb,
                    struct prg_report *report, struct prg_error *err);
#define PRG_CHANGE_HOLD_S (30 * 86400) /* addresses of who was revoked */

/* The keys of peer `index` of the intent; waits until they are made. */
int prg_change_keys(struct prg_road *road, size_t index, const struct prg_fresh_keys **ret,
                    struct prg_error *err);
int prg_change_add(struct prg_road *road, struct prg_error *err);
/* The values that the intent gives peer `index`, to *peer. */
int prg_change_put_values(struct prg_road *road, struct prg_peer *peer, size_t index,
                          struct prg_error *err);
/* An audit entry of what differs; from NULL: a new peer. */
int prg_change_audit_peer(struct prg_road *road, const char *verb, const struct prg_peer *from,
                          const struct prg_peer *to, struct prg_error *err);
/* What WireGuard should have of a peer: *ret is wg where it is active, else NULL. */
int prg_change_desired(struct prg_road *road, const struct prg_peer *peer, struct prg_wg_peer *wg,
                       const struct prg_wg_peer **ret, struct prg_error *err);
/* `from` is what the running interface should have had, `to` what it should
 * have now, either may be NULL: operations, pending rows, the report. */
int prg_change_touch(struct prg_road *road, const char *name, const struct prg_wg_peer *from,
                     const struct prg_wg_peer *to, struct prg_error *err);
/* The same of two: what `from` has is, as far as it stays, the heir's from now on. */
int prg_change_touch_heir(struct prg_road *road, const char *name, const struct prg_wg_peer *from,
                          const char *heir, const struct prg_wg_peer *heir_from,
                          const struct prg_wg_peer *heir_to, struct prg_error *err);
/* A pending row, where the interface is wanted up; *ret_id 0: there is none. */
int prg_change_pend(struct prg_road *road, enum prg_pending_kind kind,
                    const struct prg_public_key *key, const struct prg_prefix *prefix,
                    int64_t *ret_id, struct prg_error *err);
/* The same for a peer that is to be removed. */
int prg_change_pend_removal(struct prg_road *road, const struct prg_public_key *key,
                            int64_t *ret_id, struct prg_error *err);
/* The peer of that name that is not revoked: PRG_E_CONFLICT says that it is. */
int prg_change_find(struct prg_road *road, size_t index, struct prg_peer **ret,
                    struct prg_error *err);
/* The peer as the register now has it, to the report. psk NULL: not a new one. */
int prg_change_result(struct prg_road *road, int64_t id, enum prg_outcome outcome,
                      const struct prg_preshared_key *psk, struct prg_error *err);
/* Peers whose quota is used up are cut off (cuts: where that may be), others come back. */
int prg_change_quotas(struct prg_road *road, bool cuts, struct prg_error *err);
/* PRG_E_CONFLICT where a peer's quota is used up. */
int prg_change_refuse_used(struct prg_road *road, const struct prg_peer *peer,
                           struct prg_error *err);
/* A peer that was given another quota: is it cut off by that one, too? */
int prg_change_extend(struct prg_road *road, struct prg_peer *peer, struct prg_error *err);
int prg_change_rotate(struct prg_road *road, size_t index, struct prg_error *err);
/* Row and audit entry of a peer that is revoked; its addresses are held for hold_s.
 * *wg: what the running interface is to lose. */
int prg_change_revoke(struct prg_road *road, struct prg_peer *peer, int64_t hold_s,
                      struct prg_wg_peer *wg, struct prg_error *err);
int prg_change_forget(struct prg_road *road, size_t index, struct prg_error *err);
/* Revokes a peer that is not: its row, its key's hash, and what runs; no audit entry.
 * *peer no longer says whether it had a preshared key. */
int prg_change_cut_off(struct prg_road *road, struct prg_peer *peer, int64_t hold_s,
                       struct prg_error *err);
/* All of it for one peer that exists: row, audit entry, operations. */
int prg_change_update(struct prg_road *road, const char *verb, const struct prg_peer *from,
                      const struct prg_peer *to, struct prg_error *err);
/* A peer's prefixes from the `old` list to the `wanted` one: back what is not wanted;
 * then, once all is back that somebody else may want, what is new. */
int prg_change_release(struct prg_road *road, const struct prg_peer *peer,
                       const struct prg_prefix *old, size_t n_old,
                       const struct prg_prefix *wanted, size_t n_wanted, struct prg_error *err);
int prg_change_take(struct prg_road *road, const struct prg_peer *peer,
                    const struct prg_prefix *old, size_t n_old, const struct prg_prefix *wanted,
                    size_t n_wanted, bool route, struct prg_error *err);

/* ---- overlap.c: two keys of one peer. The peer that has the older one is a row of its
 * own, whose successor is the one that keeps the name. */
/* A new row with these keys takes before's name, which becomes the older one. */
int prg_change_overlap(struct prg_road *road, const struct prg_peer *before,
                       const struct prg_fresh_keys *keys, int64_t overlap_s,
                       struct prg_error *err);
/* The older key goes; its routes become the newer one's. */
int prg_change_overlap_end(struct prg_road *road, struct prg_peer *older, int64_t hold_s,
                           struct prg_error *err);
/* The same, where *peer has an older key: it is replaced by what it is then. */
int prg_change_overlap_end_of(struct prg_road *road, struct prg_peer **peer,
                              struct prg_error *err);
/* The older key takes part in what is changed of its peer, where there is one: its
 * name from that of `after`, and where these are changed expiry and quota; enabled: it
 * is not expired any more. */
int prg_change_overlap_follow(struct prg_road *road, const char *verb,
                              const struct prg_peer *before, const struct prg_peer *after,
                              struct prg_error *err);
/* PRG_E_CONFLICT where peer has an older key, as the newer one's name is to be given. */
int prg_change_refuse_older(const struct prg_peer *peer, const char *verb, struct prg_error *err);

#endif
