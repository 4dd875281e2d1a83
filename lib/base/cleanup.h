/* SPDX-License-Identifier: ISC */
/* Cleanup attributes: what a function owns ends with its scope. */
#ifndef PRG_BASE_CLEANUP_H
#define PRG_BASE_CLEANUP_H

#include <stdlib.h>
#include <unistd.h>

#define PRG_CLEANUP(fn) __attribute__((cleanup(fn)))

static inline void prg_cleanup_free(void *p)
{
	free(*(void **)p);
}
static inline void prg_cleanup_fd(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#define PRG_FREE PRG_CLEANUP(prg_cleanup_free)
#define PRG_FD PRG_CLEANUP(prg_cleanup_fd)

#endif
