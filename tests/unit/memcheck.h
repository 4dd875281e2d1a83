/* SPDX-License-Identifier: ISC */
/* Under valgrind(1), which takes its time, fewer of what differ in number only. */
#ifndef MEMCHECK_H
#define MEMCHECK_H

#include <stdlib.h>
#include <string.h>

static inline unsigned memcheck_or(unsigned few, unsigned many)
{
	const char *preload = getenv("LD_PRELOAD");

	return preload != NULL && strstr(preload, "vgpreload") != NULL ? few : many;
}

#endif
