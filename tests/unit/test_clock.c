/* SPDX-License-Identifier: ISC */
/* When a clock is trusted, and what the time is while it is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"

#define NOW    ((int64_t)1800000000)
#define HOUR   3600
#define YEARS  ((int64_t)10 * 365 * PRG_DAY_S)

static struct prg_clock_memory memory;
static struct prg_clock_look look;
static struct prg_clock_verdict verdict;

static bool judge(void)
{
	return prg_clock_judge(&look, &memory, &verdict);
}

static void pass(int64_t seconds)
{
	look.wall_s += seconds;
	look.boottime_s += seconds;
}

static void boot(const char *id, int64_t wall, bool synchronised)
{
	look = (struct prg_clock_look){ .wall_s = wall, .boottime_s = 5,
		                        .synchronised = synchronised };
	strcpy(look.boot_id, id);
}

static int setup(void **state)
{
	(void)state;
	memset(&memory, 0, sizeof(memory));
	boot("a", NOW, true);
	assert_true(judge());
	assert_true(verdict.trusted);
	assert_int_equal(verdict.now, NOW);
	return 0;
}

static void trusts(int64_t now)
{
	judge();
	assert_true(verdict.trusted);
	assert_false(verdict.jumped);
	assert_int_equal(verdict.now, now);
}

static void doubts(int64_t now)
{
	judge();
	assert_false(verdict.trusted);
	assert_int_equal(verdict.now, now);
}

static void test_as_time_goes_by(void **state)
{
	unsigned writes = 0, i;

	(void)state;
	for (i = 0; i < 24 * 60 * 3; i++) {
		pass(60);
		writes += judge();
		assert_true(verdict.trusted);
	}
	assert_in_range(writes, 1, 3); /* one a day */
	assert_true(verdict.steady);
	pass(3600);       /* a leap over DST, by somebody who sets local time */
	look.wall_s += 3600;
	trusts(look.wall_s);
	assert_false(verdict.steady);
	look.synchronised = false;
	pass(60);
	doubts(look.wall_s);
	assert_false(verdict.jumped);
}

static void test_ten_years_ahead_and_back(void **state)
{
	(void)state;
	pass(HOUR);
	look.wall_s += YEARS;
	look.synchronised = false; /* as the kernel has it after settimeofday(2) */
	doubts(NOW + HOUR);
	look.synchronised = true; /* somebody vouches for it all the same */
	pass(60);
	doubts(NOW + HOUR + 60);
	assert_true(verdict.jumped);
	pass(HOUR - 120);
	doubts(NOW + 2 * HOUR - 60);
	look.wall_s -= YEARS;
	trusts(NOW + 2 * HOUR - 60);
}

static void test_a_jump_that_stays(void **state)
{
	(void)state;
	look.wall_s += 40 * PRG_DAY_S; /* it had slept, and nobody told it */
	doubts(NOW);
	pass(HOUR - 1);
	doubts(NOW + HOUR - 1);
	look.wall_s += 2 * PRG_DAY_S; /* it goes on jumping: the hour begins anew */
	pass(1);
	doubts(NOW + HOUR);
	pass(HOUR);
	trusts(NOW + 2 * HOUR + 42 * PRG_DAY_S);
	look.wall_s -= YEARS; /* and back: likewise */
	doubts(NOW + 2 * HOUR + 42 * PRG_DAY_S);
	pass(HOUR);
	trusts(NOW + 3 * HOUR + 42 * PRG_DAY_S - YEARS);
}

static void test_boots(void **state)
{
	(void)state;
	boot("b", NOW + 20 * PRG_DAY_S, true); /* it was off */
	trusts(NOW + 20 * PRG_DAY_S);
	boot("c", 100, false); /* no battery */
	doubts(NOW + 20 * PRG_DAY_S + 5);
	pass(60);
	look.synchronised = true;
	doubts(NOW + 20 * PRG_DAY_S + 65);
	assert_true(verdict.jumped);
	look.wall_s = NOW + 21 * PRG_DAY_S;
	trusts(NOW + 21 * PRG_DAY_S);
	boot("d", NOW + YEARS, false);
	doubts(NOW + 21 * PRG_DAY_S + 5);
	boot("d", NOW + YEARS, true);
	doubts(NOW + 21 * PRG_DAY_S + 5);
	boot("e", NOW + 25 * PRG_DAY_S, false); /* may well be right */
	doubts(NOW + 25 * PRG_DAY_S);
	boot("f", NOW + 20 * PRG_DAY_S, true); /* a day before */
	trusts(NOW + 20 * PRG_DAY_S);
	boot("g", NOW, true);
	doubts(NOW + 20 * PRG_DAY_S + 5);
}

static void test_never_vouched_for(void **state)
{
	(void)state;
	memset(&memory, 0, sizeof(memory));
	boot("a", NOW, false);
	doubts(NOW);
	pass(10 * HOUR);
	doubts(NOW + 10 * HOUR);
	look.synchronised = true;
	trusts(NOW + 10 * HOUR);
}

static void test_steady(void **state)
{
	(void)state;
	assert_false(verdict.steady); /* what was before is not known */
	pass(199);
	judge();
	assert_false(verdict.steady);
	pass(1);
	judge();
	assert_true(verdict.steady);
	look.wall_s += 61;
	assert_true(judge());
	assert_false(verdict.steady);
	assert_false(judge());
	boot("b", look.wall_s, true);
	look.boottime_s = 1000;
	judge();
	assert_false(verdict.steady);
}

static void test_real_clocks(void **state)
{
	struct prg_clock_look first, second;

	(void)state;
	prg_clock_look(&first);
	prg_clock_look(&second);
	assert_in_range(second.wall_s - first.wall_s, 0, 60);
	assert_in_range(second.boottime_s - first.boottime_s, 0, 60);
	assert_string_equal(first.boot_id, second.boot_id);
	assert_int_equal(strlen(first.boot_id), 36);
	prg_clock_pretend(&look);
	assert_int_equal(prg_clock_now(), look.wall_s);
	prg_clock_pretend(NULL);
	assert_in_range(prg_clock_now(), first.wall_s, first.wall_s + 60);
}

#define T(t) cmocka_unit_test_setup(t, setup)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_as_time_goes_by), T(test_ten_years_ahead_and_back), T(test_a_jump_that_stays),
		T(test_boots),           T(test_never_vouched_for),        T(test_steady),
		T(test_real_clocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
