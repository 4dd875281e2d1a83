/* SPDX-License-Identifier: ISC */
/*
 * Wall clock, and whether to trust it.
 *
 * A clock is trusted, so that somebody may be cut off or let in again by it, while
 * the kernel says that it is synchronised and it has not jumped: by more than a day
 * against CLOCK_BOOTTIME since it was trusted last, or, after a reboot, to before
 * the day of that moment, or to more than 30 days after it. A jump is believed when
 * the clock has gone on from there, without another step, for an hour.
 *
 * While it is not trusted, the time is what CLOCK_BOOTTIME makes of the last moment
 * that was; so an entry that is written meanwhile does not date from ten years ahead.
 */
#ifndef PRG_BASE_CLOCK_H
#define PRG_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

int64_t prg_clock_now(void);          /* seconds since 1970 UTC */
int64_t prg_clock_monotonic_ms(void);
bool prg_clock_synchronised(void);    /* adjtimex(2): not STA_UNSYNC */
void prg_clock_sleep_ms(unsigned ms);

#define PRG_BOOT_ID_TEXT 37 /* a UUID */
#define PRG_DAY_S ((int64_t)86400)
#define PRG_CLOCK_MAX ((int64_t)1 << 40) /* 36,000 years: sums of two stay in range */

/* What the clocks say at one moment. */
struct prg_clock_look {
	int64_t wall_s;     /* CLOCK_REALTIME */
	int64_t boottime_s; /* CLOCK_BOOTTIME: since boot, sleep included */
	bool synchronised;
	char boot_id[PRG_BOOT_ID_TEXT];
};
void prg_clock_look(struct prg_clock_look *ret);
/* For tests: what the clocks say, instead (NULL: they themselves). Not while other
 * threads run. */
void prg_clock_pretend(const struct prg_clock_look *look);

/* What is remembered from one look to the next. Zeroed: of none. */
struct prg_clock_memory {
	char boot_id[PRG_BOOT_ID_TEXT]; /* of the boot that these are of: */
	int64_t offset_s;               /* wall less boottime, as it was last */
	int64_t since_s;                /* boottime when it was first seen so */
	bool trusted;                   /* in this boot; then: */
	int64_t trusted_offset_s;
	int64_t trusted_at;             /* of any boot, to the day; 0: never */
};

struct prg_clock_verdict {
	int64_t now;  /* the best there is */
	int64_t wall; /* what the clock says, as the kernel stamps handshakes */
	bool trusted;
	bool steady;  /* no step since any handshake that could still have a session */
	bool jumped;  /* it is synchronised, but not trusted */
};

/* Pure. *memory becomes what is to be remembered; true where that is to be written. */
bool prg_clock_judge(const struct prg_clock_look *look, struct prg_clock_memory *memory,
                     struct prg_clock_verdict *ret);

#endif
