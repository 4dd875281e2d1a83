/* SPDX-License-Identifier: ISC */
#include "base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/time_types.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"

#define LOOK_MS 1000     /* how long the death of a holder may go unnoticed */
#define LOOK_ALONE_MS 16 /* where nobody can wake us */

static void give_up(struct prg_lock *lock)
{
	if (lock->turn != NULL)
		munmap(lock->turn, sizeof(*lock->turn));
	close(lock->fd);
	*lock = (struct prg_lock)PRG_LOCK_NONE;
}

/* The first four bytes, where there is room for them: writing the fifth makes them be,
 * and leaves them what they are. */
static uint32_t *map_turn(int fd)
{
	void *start = MAP_FAILED;

	if (pwrite(fd, "", 1, sizeof(uint32_t)) == 1)
		start = mmap(NULL, sizeof(uint32_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return start == MAP_FAILED ? NULL : start;
}

static uint32_t read_turn(const struct prg_lock *lock)
{
	return lock->turn == NULL ? 0 : __atomic_load_n(lock->turn, __ATOMIC_SEQ_CST);
}

static bool sleep_turn(uint32_t *turn, uint32_t seen, int64_t ms)
{
	struct __kernel_old_timespec ts = { (long)(ms / 1000), (long)(ms % 1000) * 1000000 };

	return syscall(SYS_futex, turn, FUTEX_WAIT, seen, &ts, NULL, 0) == 0 ||
	       errno == EAGAIN || errno == EINTR || errno == ETIMEDOUT;
}

/* Until somebody releases it, most likely; no longer than ms. */
static void wait_turn(const struct prg_lock *lock, uint32_t seen, int64_t ms)
{
	if (lock->turn != NULL && sleep_turn(lock->turn, seen, ms < LOOK_MS ? ms : LOOK_MS))
		return;
	prg_clock_sleep_ms((unsigned)(ms < LOOK_ALONE_MS ? ms : LOOK_ALONE_MS));
}

static int take(const struct prg_lock *lock, const char *path, unsigned wait_ms,
                struct prg_error *err)
{
	int64_t deadline = prg_clock_monotonic_ms() + wait_ms;

	for (;;) {
		/* read first: a release between the flock and the wait ends the wait */
		uint32_t seen = read_turn(lock);
		int64_t left;

		if (flock(lock->fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno == EINTR)
			continue;
		if (errno != EWOULDBLOCK)
			return prg_error_errno(err, errno, "cannot lock %s", path);
		left = deadline - prg_clock_monotonic_ms();
		if (left <= 0)
			return prg_error_set(err, PRG_E_BUSY,
			                     "another peerage holds %s: try again, or wait longer "
			                     "with --wait",
			                     path);
		wait_turn(lock, seen, left);
	}
}

int prg_lock_take(const char *path, unsigned wait_ms, struct prg_lock *ret,
                  struct prg_error *err)
{
	struct prg_lock lock = PRG_LOCK_NONE;
	int rc;

	lock.fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (lock.fd < 0)
		return prg_error_errno(err, errno, "cannot open lock %s", path);
	lock.turn = map_turn(lock.fd);
	rc = take(&lock, path, wait_ms, err);
	if (rc < 0) {
		give_up(&lock);
		return rc;
	}
	*ret = lock;
	return 0;
}

void prg_lock_release(struct prg_lock *lock)
{
	if (lock->fd < 0)
		return;
	/* before the word is out, lest who is woken finds it held */
	(void)flock(lock->fd, LOCK_UN);
	if (lock->turn != NULL) {
		__atomic_add_fetch(lock->turn, 1, __ATOMIC_SEQ_CST);
		(void)syscall(SYS_futex, lock->turn, FUTEX_WAKE, 1, NULL, NULL, 0);
	}
	give_up(lock);
}
