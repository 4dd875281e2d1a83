/* SPDX-License-Identifier: ISC */
#include "human.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

void human_moment(int64_t when, char ret_text[HUMAN_TEXT])
{
	time_t t = (time_t)when;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || !strftime(ret_text, HUMAN_TEXT, "%Y-%m-%dT%H:%M:%SZ", &tm))
		(void)snprintf(ret_text, HUMAN_TEXT, "?");
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
