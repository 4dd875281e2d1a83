/* SPDX-License-Identifier: ISC */
#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

static const struct prg_clock_look *pretended;

void prg_clock_pretend(const struct prg_clock_look *look)
{
	pretended = look;
}

int64_t prg_clock_now(void)
{
	struct timespec ts;

	if (pretended != NULL)
		return pretended->wall_s;
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

/* ------------------------------------------------------------------ judging */

#define STEP_S 60                        /* slewing does not move the offset */
#define BELIEVE_S 3600
#define STEADY_S 200                     /* REJECT_AFTER_TIME, and some */
#define AWAY_S (30 * PRG_DAY_S)          /* a host may be off so long */
#define GUESS_S (365 * PRG_DAY_S)

static void read_boot_id(char ret[PRG_BOOT_ID_TEXT])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, ret, PRG_BOOT_ID_TEXT - 1);

	if (fd >= 0)
		close(fd);
	ret[n < 0 ? 0 : n] = '\0';
	ret[strspn(ret, "0123456789abcdef-")] = '\0';
	if (ret[0] == '\0') /* then a reboot is a step like others */
		strcpy(ret, "-");
}

void prg_clock_look(struct prg_clock_look *ret)
{
	struct timespec ts;

	if (pretended != NULL) {
		*ret = *pretended;
		return;
	}
	clock_gettime(CLOCK_BOOTTIME, &ts);
	ret->boottime_s = ts.tv_sec;
	ret->wall_s = prg_clock_now();
	ret->synchronised = prg_clock_synchronised();
	read_boot_id(ret->boot_id);
}

static bool within(int64_t value, int64_t from, int64_t to)
{
	return value >= from && value <= to;
}

/* Is it where it should be, by what was trusted last? */
static bool plausible(const struct prg_clock_look *look, const struct prg_clock_memory *m)
{
	if (m->trusted)
		return within(look->wall_s - look->boottime_s - m->trusted_offset_s, -PRG_DAY_S,
		              PRG_DAY_S);
	return m->trusted_at == 0 ||
	       within(look->wall_s, m->trusted_at - PRG_DAY_S, m->trusted_at + AWAY_S);
}

/* The time, where the clock is not trusted. */
static int64_t guess(const struct prg_clock_look *look, const struct prg_clock_memory *m)
{
	if (m->trusted)
		return look->boottime_s + m->trusted_offset_s;
	/* nobody ever vouched for it on this host, or it may well be right */
	if (m->trusted_at == 0 ||
	    within(look->wall_s, m->trusted_at, m->trusted_at + GUESS_S))
		return look->wall_s;
	return m->trusted_at + look->boottime_s;
}

bool prg_clock_judge(const struct prg_clock_look *look, struct prg_clock_memory *m,
                     struct prg_clock_verdict *ret)
{
	int64_t offset = look->wall_s - look->boottime_s;
	bool same_boot = strcmp(look->boot_id, m->boot_id) == 0;
	bool write = false;

	if (!same_boot) {
		memcpy(m->boot_id, look->boot_id, sizeof(m->boot_id));
		m->trusted = false;
	}
	if (!same_boot || !within(offset - m->offset_s, -STEP_S, STEP_S)) {
		m->offset_s = offset;
		m->since_s = look->boottime_s;
		write = true;
	}
	*ret = (struct prg_clock_verdict){
		.wall = look->wall_s,
		.steady = look->boottime_s - m->since_s >= STEADY_S,
		.trusted = look->synchronised &&
		           (plausible(look, m) || look->boottime_s - m->since_s >= BELIEVE_S),
	};
	ret->jumped = look->synchronised && !ret->trusted;
	ret->now = ret->trusted ? look->wall_s : guess(look, m);
	if (!ret->trusted)
		return write;
	write |= !m->trusted || !within(offset - m->trusted_offset_s, -STEP_S, STEP_S) ||
	         !within(look->wall_s - m->trusted_at, -PRG_DAY_S, PRG_DAY_S);
	if (write) {
		m->trusted = true;
		m->trusted_offset_s = offset;
		m->trusted_at = look->wall_s;
	}
	return write;
}
