/* SPDX-License-Identifier: ISC */
/* Each of many is done once, an error stops the rest, and one call goes on beside. */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/parallel.h"

#define MANY 1000

static unsigned char done[MANY]; /* how often: slices are apart, so that no two threads meet */

static int count(void *context, size_t from, size_t to, struct prg_error *err)
{
	const size_t *bad = context;

	for (; from < to; from++) {
		if (from == *bad)
			return prg_error_set(err, PRG_E_FAILED, "thing %zu", from);
		done[from]++;
	}
	return 0;
}

static void test_each_is_done_once(void **state)
{
	static const size_t sizes[] = { 0, 1, 64, 65, MANY };
	size_t bad = MANY, i, k;

	(void)state;
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		memset(done, 0, sizeof(done));
		assert_int_equal(prg_parallel(sizes[i], 10, count, &bad, NULL), 0);
		for (k = 0; k < MANY; k++)
			assert_int_equal(done[k], k < sizes[i]);
	}
}

static void test_an_error_is_told(void **state)
{
	struct prg_error err;
	struct prg_crew *crew = NULL;
	size_t bad = 700;

	(void)state;
	assert_int_equal(prg_parallel(MANY, 0, count, &bad, &err), PRG_E_FAILED);
	assert_string_equal(err.message, "thing 700");
	memset(done, 0, sizeof(done));
	assert_int_equal(prg_crew_new(MANY, 0, count, &bad, &crew, NULL), 0);
	assert_int_equal(prg_crew_wait(crew, 700, &err), PRG_E_FAILED);
	prg_crew_free(&crew);
	assert_null(crew);
	bad = MANY;
	memset(done, 0, sizeof(done));
	assert_int_equal(prg_crew_new(MANY, MANY, count, &bad, &crew, NULL), 0);
	assert_int_equal(prg_crew_wait(crew, MANY - 1, NULL), 0);
	assert_int_equal(done[MANY - 1], 1);
	prg_crew_free(&crew);
}

struct call {
	pthread_t thread;
	sigset_t blocked;
	int rc;
	unsigned times;
};

static int record(void *context, struct prg_error *err)
{
	struct call *call = context;

	call->thread = pthread_self();
	pthread_sigmask(SIG_SETMASK, NULL, &call->blocked);
	call->times++;
	return call->rc < 0 ? prg_error_set(err, call->rc, "as told") : 0;
}

static void test_beside(void **state)
{
	struct prg_beside beside = { .fn = NULL };
	struct call call = { .rc = 0 };
	struct prg_error err;

	(void)state;
	assert_int_equal(prg_beside_wait(&beside, NULL), 0);
	prg_beside_begin(&beside, record, &call);
	assert_int_equal(prg_beside_wait(&beside, &err), 0);
	assert_int_equal(call.times, 1);
	if (!pthread_equal(call.thread, pthread_self()))
		assert_true(sigismember(&call.blocked, SIGINT));
	assert_int_equal(prg_beside_wait(&beside, NULL), 0);
	assert_int_equal(call.times, 1);
	call.rc = PRG_E_CONFLICT;
	prg_beside_begin(&beside, record, &call);
	assert_int_equal(prg_beside_wait(&beside, &err), PRG_E_CONFLICT);
	assert_string_equal(err.message, "as told");
	prg_beside_begin(&beside, record, &call);
	assert_int_equal(prg_beside_wait(&beside, NULL), PRG_E_CONFLICT);
	assert_int_equal(call.times, 3);
}

/* With a single core there is no thread, and the call waits to be waited for. */
static void test_beside_on_one_core(void **state)
{
	struct prg_beside beside = { .fn = NULL };
	struct call call = { .rc = 0 };
	cpu_set_t all, one;
	int cpu = 0;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
	while (!CPU_ISSET(cpu, &all))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	prg_beside_begin(&beside, record, &call);
	assert_int_equal(call.times, 0);
	assert_int_equal(prg_beside_wait(&beside, NULL), 0);
	assert_int_equal(call.times, 1);
	assert_true(pthread_equal(call.thread, pthread_self()));
	assert_int_equal(sched_setaffinity(0, sizeof(all), &all), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_is_done_once),
		cmocka_unit_test(test_an_error_is_told),
		cmocka_unit_test(test_beside),
		cmocka_unit_test(test_beside_on_one_core),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
