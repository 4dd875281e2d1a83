/* SPDX-License-Identifier: ISC */
/* Counters, and the days and months that they are added up by. Pure. */
#ifndef PRG_MODEL_USAGE_H
#define PRG_MODEL_USAGE_H

#include "peerage.h"

struct prg_counters {
	uint64_t rx_bytes, tx_bytes;
};

/* More than a counter ever says; sums stop there, so that two of them still add up. */
#define PRG_COUNTER_MAX ((uint64_t)1 << 61)

/* What came in between two looks at the counters of one peer. They only grow: where
 * either fell, the peer was made anew meanwhile, and both began at zero. */
struct prg_counters prg_counters_since(const struct prg_counters *before,
                                       const struct prg_counters *now);
static inline bool prg_counters_zero(const struct prg_counters *c)
{
	return c->rx_bytes == 0 && c->tx_bytes == 0;
}

#define PRG_DAY_MAX ((int64_t)1 << 24) /* 45,000 years */

/* In UTC. Days since 1970; months: 12 times the year, and 0 to 11. */
int64_t prg_day_of(int64_t moment);
int64_t prg_month_of(int64_t day);
int64_t prg_month_begins(int64_t month); /* its first day */
/* The first day that counts for a quota, at a moment. */
int64_t prg_quota_since(enum prg_quota_period period, int64_t now);
/* When a quota that is used up at a moment is so no more; INT64_MAX: never. */
int64_t prg_quota_resumes(enum prg_quota_period period, int64_t now);

#endif
