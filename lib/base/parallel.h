/* SPDX-License-Identifier: ISC */
/* Work on many like things, on all cores. */
#ifndef PRG_BASE_PARALLEL_H
#define PRG_BASE_PARALLEL_H

#include <pthread.h>

#include "peerage.h"

/* Does the things from `from` up to, but not, `to`; in several threads at once. */
typedef int prg_parallel_fn(void *context, size_t from, size_t to, struct prg_error *err);

/* Calls fn for slices of n things until all are done or one call fails, whose
 * error is then returned. No thread is started for `few` things or less, nor
 * needed: what cannot be started is done here. No signal is handled in a thread
 * of ours; all of them have ended when this returns. */
int prg_parallel(size_t n, size_t few, prg_parallel_fn *fn, void *context, struct prg_error *err);

/*
 * The same beside other work of the caller's, who takes the things one by one as
 * they are needed. No call may be made of one crew from two threads.
 */
struct prg_crew;

/* Starts on n things. *ret_crew is for prg_crew_free(), before the context goes. */
int prg_crew_new(size_t n, size_t few, prg_parallel_fn *fn, void *context,
                 struct prg_crew **ret_crew, struct prg_error *err);
/* Returns when thing `index` is done, and helps until then; or the error of a call
 * that failed, after which nothing more is done. */
int prg_crew_wait(struct prg_crew *crew, size_t index, struct prg_error *err);
/* Ends the threads; what is not begun is left. */
void prg_crew_free(struct prg_crew **crew);

/*
 * One call beside the caller's work, in a thread; with a single core, or where none can
 * be started, when it is waited for.
 */
typedef int prg_beside_fn(void *context, struct prg_error *err);
struct prg_beside {
	prg_beside_fn *fn; /* NULL: there is no call */
	void *context;
	bool threaded;
	pthread_t thread;
	int rc;
	struct prg_error err;
};

/* One that began before has been waited for. */
void prg_beside_begin(struct prg_beside *beside, prg_beside_fn *fn, void *context);
/* What the call returned; 0 where there was none. Each that began is waited for. */
int prg_beside_wait(struct prg_beside *beside, struct prg_error *err);

#endif
