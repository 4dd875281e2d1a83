/* SPDX-License-Identifier: ISC */
/* What happened, gathered while the road is travelled. */
#ifndef PRG_REPORT_H
#define PRG_REPORT_H

#include "model/wg.h"
#include "model/peer.h"

int prg_report_new(struct prg_report **ret_report, struct prg_error *err);

/* Copies. */
int prg_report_set_interface(struct prg_report *report, const struct prg_interface *interface,
                             struct prg_error *err);
void prg_report_set_applied(struct prg_report *report, bool applied);
/* Takes peer over; copies the keys (NULL: none). */
int prg_report_add_result(struct prg_report *report, struct prg_peer *peer,
                          enum prg_outcome outcome, const struct prg_private_key *private_key,
                          const struct prg_preshared_key *preshared_key, struct prg_error *err);
/* Result i was of place order[i]: puts each in its place. */
int prg_report_order(struct prg_report *report, const size_t *order, struct prg_error *err);
int prg_report_add_left_over(struct prg_report *report, const struct prg_public_key *key,
                             struct prg_error *err);
struct prg_upkeep *prg_report_upkeep_of(struct prg_report *report);
void prg_report_set_adopted(struct prg_report *report);
int prg_report_add_not_carried(struct prg_report *report, unsigned line, const char *what,
                               struct prg_error *err);
int prg_report_remark_add(struct prg_report *report, const char *format, ...) PRG_PRINTF(2, 3);

/* A change to one peer: from and to as WireGuard sees it, either NULL. fields:
 * PRG_OF_* that differ (ignored where one is NULL). name may be NULL. */
int prg_report_peer_change(struct prg_report *report, const char *name,
                           const struct prg_wg_peer *from, const struct prg_wg_peer *to,
                           unsigned fields, struct prg_error *err);
/* A change to the interface: one field, JSON texts (copied). Fields of one
 * interface gather in one change; of one that is told twice the last `to` holds. */
int prg_report_configure(struct prg_report *report, const char *field, const char *from,
                         const char *to, struct prg_error *err);
/* A change of a peer of the register; its fields follow. */
int prg_report_peer_begin(struct prg_report *report, const char *action,
                          const struct prg_peer *peer, struct prg_error *err);
/* The same of a number; from 0 is null. */
int prg_report_number(struct prg_report *report, const char *field, unsigned from, unsigned to,
                      struct prg_error *err);
/* One more field of the latest change where that is this peer's, else of a new
 * "update". JSON texts, copied. */
int prg_report_peer_field(struct prg_report *report, const struct prg_peer *peer,
                          const char *field, const char *from, const char *to,
                          struct prg_error *err);
/* How much is told so far; going back there forgets what came after: an
 * observation begins again. */
struct prg_report_mark {
	size_t n_changes, n_configured, n_left_over;
};
struct prg_report_mark prg_report_mark(const struct prg_report *report);
void prg_report_reset(struct prg_report *report, const struct prg_report_mark *mark);

#define PRG_REPORT PRG_CLEANUP(prg_report_free) struct prg_report

#endif
