/* SPDX-License-Identifier: ISC */
#include "model/usage.h"

#include <time.h>

#define DAY_S 86400

struct prg_counters prg_counters_since(const struct prg_counters *before,
                                       const struct prg_counters *now)
{
	if (now->rx_bytes < before->rx_bytes || now->tx_bytes < before->tx_bytes)
		return *now;
	return (struct prg_counters){ now->rx_bytes - before->rx_bytes,
		                      now->tx_bytes - before->tx_bytes };
}

int64_t prg_day_of(int64_t moment)
{
	return moment / DAY_S - (moment % DAY_S < 0);
}

int64_t prg_month_of(int64_t day)
{
	time_t moment = (time_t)(day * DAY_S);
	struct tm tm;

	if (gmtime_r(&moment, &tm) == NULL)
		return 0;
	return ((int64_t)tm.tm_year + 1900) * 12 + tm.tm_mon;
}

int64_t prg_month_begins(int64_t month)
{
	struct tm tm = { .tm_year = (int)(month / 12) - 1900, .tm_mon = (int)(month % 12),
		         .tm_mday = 1 };

	return prg_day_of(timegm(&tm));
}

int64_t prg_quota_since(enum prg_quota_period period, int64_t now)
{
	int64_t day = prg_day_of(now);

	if (period == PRG_QUOTA_TOTAL)
		return INT64_MIN;
	return period == PRG_QUOTA_DAY ? day : prg_month_begins(prg_month_of(day));
}

int64_t prg_quota_resumes(enum prg_quota_period period, int64_t now)
{
	int64_t day = prg_day_of(now);

	if (period == PRG_QUOTA_TOTAL)
		return INT64_MAX;
	if (period == PRG_QUOTA_DAY)
		return (day + 1) * DAY_S;
	return prg_month_begins(prg_month_of(day) + 1) * DAY_S;
}
