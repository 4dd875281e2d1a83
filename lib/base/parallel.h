/* SPDX-License-Identifier: ISC */
/* Work on many like things, on all cores. */
#ifndef PRG_BASE_PARALLEL_H
#define PRG_BASE_PARALLEL_H

#include "peerage.h"

/* Does the things from `from` up to, but not, `to`; in several threads at once. */
typedef int prg_parallel_fn(void *context, size_t from, size_t to, struct prg_error *err);

/* Calls fn for slices of n things until all are done or one call fails, whose
 * error is then returned. No thread is started for `few` things or less, nor
 * needed: what cannot be started is done here. No signal is handled in a thread
 * of ours; all of them have ended when this returns. */
int prg_parallel(size_t n, size_t few, prg_parallel_fn *fn, void *context, struct prg_error *err);

#endif
