/* SPDX-License-Identifier: ISC */
/*
 * The one diff. Pure: no I/O, no clock, no order of its own.
 *
 *   desired  observed   operation
 *   yes      NULL       PEER_SET, create, every field that is not empty
 *   yes      yes        PEER_SET of the fields that differ; none if none. Allowed
 *                       IPs are appended where none is lost
 *   NULL     yes        PEER_REMOVE
 *
 * An endpoint differs only where one is desired and none is observed, or where
 * `before` is an earlier desire (PRG_DIFF_DESIRES): a roaming peer keeps its own.
 */
#ifndef PRG_PLAN_DIFF_H
#define PRG_PLAN_DIFF_H

#include "plan/plan.h"

enum prg_diff_flags {
	PRG_DIFF_DESIRES = 1u << 0, /* `from` is what was desired before, not observed */
	PRG_DIFF_ASSERT = 1u << 1   /* `from` is not known: set everything, empty fields too */
};

/* Appends to plan (NULL: to none, only tells) what turns `from` into `to` (either
 * may be NULL). tag and who are copied into the operation. *ret_fields (may be NULL): the PRG_OF_* that
 * differ. */
int prg_diff_peer(struct prg_plan *plan, const struct prg_wg_peer *from,
                  const struct prg_wg_peer *to, unsigned flags, int64_t tag, const char *who,
                  unsigned *ret_fields, struct prg_error *err);
/* Order does not matter, duplicates do not occur. */
bool prg_diff_same_prefixes(const struct prg_prefix *a, size_t n_a, const struct prg_prefix *b,
                            size_t n_b);

#endif
