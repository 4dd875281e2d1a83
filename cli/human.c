/* SPDX-License-Identifier: ISC */
#include "human.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

static char *put_two(char *at, int64_t value)
{
	*at++ = (char)('0' + value / 10);
	*at++ = (char)('0' + value % 10);
	return at;
}

/* The Gregorian calendar by arithmetic, in years that begin on 1 March, so that a
 * leap day is the last; strftime(3) takes ten times as long. */
static char *put_day(char *at, int64_t days)
{
	enum { ERA = 146097, CENTURY = 36524, FOUR = 1461, TO_1970 = 719468 };
	int64_t day = (days + TO_1970) % ERA, era = (days + TO_1970) / ERA;
	int64_t year = (day - day / (FOUR - 1) + day / CENTURY - day / (ERA - 1)) / 365;
	int64_t month;

	day -= 365 * year + year / 4 - year / 100;
	month = (5 * day + 2) / 153;
	day -= (153 * month + 2) / 5 - 1;
	month = month < 10 ? month + 3 : month - 9;
	year += 400 * era + (month <= 2);
	at = put_two(put_two(at, year / 100), year % 100);
	*at++ = '-';
	at = put_two(at, month);
	*at++ = '-';
	return put_two(at, day);
}

void human_moment(int64_t when, char ret_text[HUMAN_TEXT])
{
	time_t t = (time_t)when;
	char *at = ret_text;
	struct tm tm;

	if (when < 0 || when >= 253402300800) { /* the year 10000 */
		if (!gmtime_r(&t, &tm) ||
		    !strftime(ret_text, HUMAN_TEXT, "%Y-%m-%dT%H:%M:%SZ", &tm))
			(void)snprintf(ret_text, HUMAN_TEXT, "?");
		return;
	}
	at = put_day(at, when / 86400);
	*at++ = 'T';
	at = put_two(at, when % 86400 / 3600);
	*at++ = ':';
	at = put_two(at, when % 3600 / 60);
	*at++ = ':';
	at = put_two(at, when % 60);
	*at++ = 'Z';
	*at = 0;
}

void human_apart(int64_t when, int64_t now, char ret_text[HUMAN_TEXT])
{
	static const struct {
		int64_t below, unit;
		const char *name;
	} steps[] = {
		{ 100, 1, "s" }, { 6000, 60, "min" }, { 172800, 3600, "h" },
		{ 7776000, 86400, "d" },
	};
	int64_t apart = when > now ? when - now : now - when;

	/* the library's clock and ours may be read either side of a tick */
	if (apart < 2) {
		(void)snprintf(ret_text, HUMAN_TEXT, "now");
		return;
	}
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		int64_t n = (apart + steps[i].unit / 2) / steps[i].unit;

		if (apart >= steps[i].below)
			continue;
		(void)snprintf(ret_text, HUMAN_TEXT, "%s%" PRId64 " %s%s", when > now ? "in " : "",
		               n, steps[i].name, when > now ? "" : " ago");
		return;
	}
	human_moment(when, ret_text);
	ret_text[10] = 0; /* the day is enough */
}

void human_duration(int64_t seconds, char ret_text[HUMAN_TEXT])
{
	static const struct {
		int64_t seconds;
		char unit;
	} units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
	size_t i = 0;

	while (seconds % units[i].seconds)
		i++;
	(void)snprintf(ret_text, HUMAN_TEXT, "%" PRId64 "%c", seconds / units[i].seconds,
	               units[i].unit);
}

void human_size(uint64_t bytes, char ret_text[HUMAN_TEXT])
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double amount = (double)bytes;
	size_t unit = 0;

	while (amount >= 1023.5 && unit + 1 < sizeof(units) / sizeof(*units)) {
		amount /= 1024;
		unit++;
	}
	(void)snprintf(ret_text, HUMAN_TEXT, unit && amount < 9.95 ? "%.1f %s" : "%.0f %s", amount,
	               units[unit]);
}

void human_given_size(uint64_t bytes, char ret_text[HUMAN_TEXT])
{
	static const char *const units[] = { "KB", "MB", "GB", "TB" };
	size_t unit = 0;

	if (bytes == 0 || bytes % 1000) {
		human_size(bytes, ret_text);
		return;
	}
	for (bytes /= 1000; bytes % 1000 == 0 && unit + 1 < sizeof(units) / sizeof(*units);
	     bytes /= 1000)
		unit++;
	(void)snprintf(ret_text, HUMAN_TEXT, "%" PRIu64 " %s", bytes, units[unit]);
}
