/* SPDX-License-Identifier: ISC */
/* What is remembered of the clocks, and what they come to. */
#ifndef PRG_STORE_CLOCK_H
#define PRG_STORE_CLOCK_H

#include "base/clock.h"
#include "store/store.h"

/*
 * The time, and whether to trust it. Where nobody ever vouched for this host's clock,
 * it is no earlier than the chain's last entry. *ret_memory is for
 * prg_store_clock_keep(), where *ret_write.
 */
int prg_store_clock(struct prg_store *store, struct prg_clock_verdict *ret,
                    struct prg_clock_memory *ret_memory, bool *ret_write,
                    struct prg_error *err);
/* In a transaction. */
int prg_store_clock_keep(struct prg_store *store, const struct prg_clock_memory *memory,
                         struct prg_error *err);

#endif
