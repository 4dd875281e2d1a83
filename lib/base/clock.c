/* SPDX-License-Identifier: ISC */
#include "base/clock.h"

#include <errno.h>
#include <sys/timex.h>
#include <time.h>

int64_t prg_clock_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec;
}

int64_t prg_clock_monotonic_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

bool prg_clock_synchronised(void)
{
	struct timex tx = { 0 };

	return adjtimex(&tx) >= 0 && !(tx.status & STA_UNSYNC);
}

void prg_clock_sleep_ms(unsigned ms)
{
	struct timespec ts = { ms / 1000, (long)(ms % 1000) * 1000000 };

	while (nanosleep(&ts, &ts) < 0 && errno == EINTR)
		;
}
