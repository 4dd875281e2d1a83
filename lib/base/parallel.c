/* SPDX-License-Identifier: ISC */
#include "base/parallel.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/error.h"

#define MAX_THREADS 64
#define SLICE ((size_t)64)

struct prg_crew {
	size_t n;
	prg_parallel_fn *fn;
	void *context;
	_Atomic size_t next;
	_Atomic bool stop;
	size_t n_threads;
	pthread_t threads[MAX_THREADS];
	pthread_mutex_t mutex; /* of what follows */
	pthread_cond_t changed;
	int rc; /* of the first call that failed */
	struct prg_error err;
	bool done[]; /* each slice */
};

static size_t count_slices(size_t n)
{
	return (n + SLICE - 1) / SLICE;
}

/* The next slice that nobody has begun. False: there is none. */
static bool work(struct prg_crew *crew)
{
	size_t slice = atomic_load(&crew->stop) ? SIZE_MAX : atomic_fetch_add(&crew->next, 1);
	size_t from = slice * SLICE, to;
	struct prg_error err = { 0 };
	int rc;

	if (slice >= count_slices(crew->n))
		return false;
	to = crew->n - from > SLICE ? from + SLICE : crew->n;
	rc = crew->fn(crew->context, from, to, &err);
	pthread_mutex_lock(&crew->mutex);
	crew->done[slice] = rc == 0;
	if (rc != 0 && crew->rc == 0) {
		crew->rc = rc;
		crew->err = err;
		atomic_store(&crew->stop, true);
	}
	pthread_cond_broadcast(&crew->changed);
	pthread_mutex_unlock(&crew->mutex);
	return rc == 0;
}

static void *run(void *argument)
{
	while (work(argument))
		;
	return NULL;
}

static size_t count_cores(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return 1;
	return (size_t)CPU_COUNT(&set);
}

/* No signal is handled in it. */
static bool start_thread(pthread_t *thread, void *(*fn)(void *), void *argument)
{
	sigset_t all, before;
	int errnum;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	errnum = pthread_create(thread, NULL, fn, argument);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return errnum == 0;
}

/* One less than there are cores: the caller is the other. */
static void start(struct prg_crew *crew, size_t few)
{
	size_t wanted = crew->n > few ? count_cores() : 1;

	if (wanted > count_slices(crew->n))
		wanted = count_slices(crew->n);
	if (wanted > MAX_THREADS)
		wanted = MAX_THREADS;
	while (crew->n_threads + 1 < wanted &&
	       start_thread(&crew->threads[crew->n_threads], run, crew))
		crew->n_threads++;
}

int prg_crew_new(size_t n, size_t few, prg_parallel_fn *fn, void *context,
                 struct prg_crew **ret_crew, struct prg_error *err)
{
	struct prg_crew *crew = calloc(1, sizeof(*crew) + count_slices(n) * sizeof(*crew->done));

	if (crew == NULL)
		return prg_error_nomem(err);
	crew->n = n;
	crew->fn = fn;
	crew->context = context;
	pthread_mutex_init(&crew->mutex, NULL);
	pthread_cond_init(&crew->changed, NULL);
	start(crew, few);
	*ret_crew = crew;
	return 0;
}

/* 1: done, 0: not yet. */
static int look(struct prg_crew *crew, size_t slice, bool wait, struct prg_error *err)
{
	int rc;

	pthread_mutex_lock(&crew->mutex);
	while (wait && crew->rc == 0 && !crew->done[slice])
		pthread_cond_wait(&crew->changed, &crew->mutex);
	rc = crew->rc != 0 ? crew->rc : crew->done[slice];
	if (crew->rc != 0 && err != NULL)
		*err = crew->err;
	pthread_mutex_unlock(&crew->mutex);
	return rc;
}

int prg_crew_wait(struct prg_crew *crew, size_t index, struct prg_error *err)
{
	size_t slice = index / SLICE;
	bool more = true;
	int rc;

	while ((rc = look(crew, slice, !more, err)) == 0)
		more = work(crew);
	return rc < 0 ? rc : 0;
}

static void join(struct prg_crew *crew)
{
	while (crew->n_threads > 0)
		pthread_join(crew->threads[--crew->n_threads], NULL);
}

void prg_crew_free(struct prg_crew **ret_crew)
{
	struct prg_crew *crew = *ret_crew;

	if (crew == NULL)
		return;
	atomic_store(&crew->stop, true);
	join(crew);
	pthread_cond_destroy(&crew->changed);
	pthread_mutex_destroy(&crew->mutex);
	free(crew);
	*ret_crew = NULL;
}

int prg_parallel(size_t n, size_t few, prg_parallel_fn *fn, void *context, struct prg_error *err)
{
	struct prg_crew *crew = NULL;
	int rc = prg_crew_new(n, few, fn, context, &crew, err);

	if (rc < 0)
		return rc;
	run(crew);
	join(crew);
	rc = crew->rc;
	if (rc != 0 && err != NULL)
		*err = crew->err;
	prg_crew_free(&crew);
	return rc;
}

static void *call(void *argument)
{
	struct prg_beside *beside = argument;

	beside->rc = beside->fn(beside->context, &beside->err);
	return NULL;
}

void prg_beside_begin(struct prg_beside *beside, prg_beside_fn *fn, void *context)
{
	*beside = (struct prg_beside){ .fn = fn, .context = context };
	beside->threaded = count_cores() > 1 && start_thread(&beside->thread, call, beside);
}

int prg_beside_wait(struct prg_beside *beside, struct prg_error *err)
{
	if (beside->fn == NULL)
		return 0;
	if (beside->threaded)
		pthread_join(beside->thread, NULL);
	else
		call(beside);
	beside->fn = NULL;
	if (beside->rc != 0 && err != NULL)
		*err = beside->err;
	return beside->rc;
}
