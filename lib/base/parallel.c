/* SPDX-License-Identifier: ISC */
#include "base/parallel.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>

#define MAX_THREADS 64
#define SLICE ((size_t)64)

struct work {
	size_t n;
	prg_parallel_fn *fn;
	void *context;
	_Atomic size_t next;
	_Atomic bool failed;
};

struct worker {
	struct work *work;
	pthread_t thread;
	int rc;
	struct prg_error err;
};

static void *run(void *argument)
{
	struct worker *worker = argument;
	struct work *work = worker->work;

	while (worker->rc == 0 && !atomic_load(&work->failed)) {
		size_t from = atomic_fetch_add(&work->next, SLICE);
		size_t to = from + SLICE < work->n ? from + SLICE : work->n;

		if (from >= work->n)
			break;
		worker->rc = work->fn(work->context, from, to, &worker->err);
	}
	if (worker->rc != 0)
		atomic_store(&work->failed, true);
	return NULL;
}

static size_t count_cores(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return 1;
	return (size_t)CPU_COUNT(&set);
}

/* Starts all but the first; returns how many there are with that. */
static size_t start(struct worker *workers, size_t wanted)
{
	sigset_t all, before;
	size_t i;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (i = 1; i < wanted; i++)
		if (pthread_create(&workers[i].thread, NULL, run, &workers[i]) != 0)
			break;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return i;
}

int prg_parallel(size_t n, size_t few, prg_parallel_fn *fn, void *context, struct prg_error *err)
{
	struct worker workers[MAX_THREADS];
	struct work work = { .n = n, .fn = fn, .context = context };
	size_t wanted = n > few ? count_cores() : 1, started, i;

	if (wanted > (n + SLICE - 1) / SLICE)
		wanted = (n + SLICE - 1) / SLICE;
	if (wanted > MAX_THREADS)
		wanted = MAX_THREADS;
	for (i = 0; i < wanted || i == 0; i++)
		workers[i] = (struct worker){ .work = &work };
	started = start(workers, wanted);
	run(&workers[0]);
	for (i = 1; i < started; i++)
		pthread_join(workers[i].thread, NULL);
	for (i = 0; i < started; i++)
		if (workers[i].rc != 0) {
			if (err != NULL)
				*err = workers[i].err;
			return workers[i].rc;
		}
	return 0;
}
