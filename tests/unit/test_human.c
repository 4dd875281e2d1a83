/* SPDX-License-Identifier: ISC */
/* Times as text: the calendar by arithmetic says what the C library says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "human.h"
#include "memcheck.h"

static void same(int64_t when)
{
	char ours[HUMAN_TEXT], theirs[HUMAN_TEXT];
	time_t t = (time_t)when;
	struct tm tm;

	human_moment(when, ours);
	assert_non_null(gmtime_r(&t, &tm));
	assert_true(strftime(theirs, sizeof(theirs), "%Y-%m-%dT%H:%M:%SZ", &tm) > 0);
	assert_string_equal(ours, theirs);
}

static void every_day(void **state)
{
	int64_t day, end = 253402300800 / 86400;

	(void)state;
	for (day = 0; day < end; day += memcheck_or(13, 1)) {
		same(day * 86400);
		same(day * 86400 + 86399);
	}
}

static void every_second_of_a_day(void **state)
{
	(void)state;
	for (int64_t second = 0; second < 86400; second += memcheck_or(97, 1))
		same(1709164800 + second); /* 29 February 2024 */
}

static void beyond(void **state)
{
	char text[HUMAN_TEXT];

	(void)state;
	same(-1);
	same(-62135596800); /* the year 1 */
	same(253402300799);
	same(253402300800);
	human_moment(INT64_MAX, text);
	assert_string_equal(text, "?");
	human_moment(INT64_MIN, text);
	assert_string_equal(text, "?");
}

static void given_sizes(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = {
		{ 0, "0 B" },
		{ 1, "1 B" },
		{ 999, "999 B" },
		{ 1000, "1 KB" },
		{ 1024, "1.0 KiB" },
		{ 500000000, "500 MB" },
		{ 1500000000, "1500 MB" },
		{ 1000000000000, "1 TB" },
		{ 2000000000000000, "2000 TB" },
		{ (uint64_t)10 << 30, "10 GiB" },
		{ UINT64_MAX, "16 EiB" },
	};
	char text[HUMAN_TEXT];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		human_given_size(cases[i].bytes, text);
		assert_string_equal(text, cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(given_sizes),
		cmocka_unit_test(every_day),
		cmocka_unit_test(every_second_of_a_day),
		cmocka_unit_test(beyond),
	};

	return cmocka_run_group_tests_name("human", tests, NULL, NULL);
}
