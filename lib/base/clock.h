/* SPDX-License-Identifier: ISC */
/* Wall clock, and whether to trust it. */
#ifndef PRG_BASE_CLOCK_H
#define PRG_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

int64_t prg_clock_now(void);          /* seconds since 1970 UTC */
int64_t prg_clock_monotonic_ms(void);
bool prg_clock_synchronised(void);    /* adjtimex(2): not STA_UNSYNC */
void prg_clock_sleep_ms(unsigned ms);

#endif
