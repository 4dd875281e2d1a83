/* SPDX-License-Identifier: ISC */
/* A lock between processes: an exclusive flock(2) on a file, which ends with the
 * process that holds it. Who waits sleeps on a number in the file, a futex(2), and is
 * woken by who releases, the longest waiting first. A holder that was killed, or that
 * locked the file by other means, wakes nobody, and is missed within a second. The
 * number is a hint: the flock alone decides. */
#ifndef PRG_BASE_LOCK_H
#define PRG_BASE_LOCK_H

#include "peerage.h"

struct prg_lock {
	int fd; /* -1: not held */
	uint32_t *turn; /* NULL: the file has no room for it */
};

#define PRG_LOCK_NONE { .fd = -1 }

/* Takes it, waiting up to wait_ms. The file is made if absent, 0600, and never
 * reached through a symbolic link. Errors: PRG_E_BUSY after the wait. */
int prg_lock_take(const char *path, unsigned wait_ms, struct prg_lock *ret,
                  struct prg_error *err);
/* Nothing where it is not held. */
void prg_lock_release(struct prg_lock *lock);

#endif
