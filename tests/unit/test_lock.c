/* SPDX-License-Identifier: ISC */
/* The lock between processes: one holds it at a time, who waits sleeps and is woken in
 * turn, and one that dies takes nothing with it. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/lock.h"

#define MANY 12
#define LONG_MS 600000

static char directory[] = "/tmp/test_lock.XXXXXX";
static char path[64];

/* What the children share. */
static struct {
	int inside, worst, n;
	int order[MANY];
} *shared;

static int set_up(void **state)
{
	(void)state;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
	              -1, 0);
	if (shared == MAP_FAILED || mkdtemp(directory) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/lock", directory);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(directory);
}

static void test_one_holds(void **state)
{
	struct prg_lock one = PRG_LOCK_NONE, other = PRG_LOCK_NONE;
	struct prg_error err;
	struct stat st;
	int64_t start;

	(void)state;
	assert_int_equal(prg_lock_take(path, 0, &one, NULL), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(prg_lock_take(path, 0, &other, &err), PRG_E_BUSY);
	assert_non_null(strstr(err.message, path));
	start = prg_clock_monotonic_ms();
	assert_int_equal(prg_lock_take(path, 30, &other, NULL), PRG_E_BUSY);
	assert_true(prg_clock_monotonic_ms() - start >= 30);
	assert_int_equal(other.fd, -1);
	prg_lock_release(&one);
	assert_int_equal(one.fd, -1);
	prg_lock_release(&one);
	assert_int_equal(prg_lock_take(path, 0, &other, NULL), 0);
	prg_lock_release(&other);
}

static void test_refused(void **state)
{
	struct prg_lock lock = PRG_LOCK_NONE;
	char link[80];

	(void)state;
	snprintf(link, sizeof(link), "%s/link", directory);
	assert_int_equal(symlink(path, link), 0);
	assert_int_equal(prg_lock_take(link, 0, &lock, NULL), PRG_E_FAILED);
	assert_int_equal(unlink(link), 0);
	snprintf(link, sizeof(link), "%s/none/lock", directory);
	assert_true(prg_lock_take(link, 0, &lock, NULL) < 0);
	assert_int_equal(lock.fd, -1);
}

/* A child that takes the lock, notes that it has, and ends. */
static pid_t start_taker(int number)
{
	struct prg_lock lock;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	if (prg_lock_take(path, LONG_MS, &lock, NULL) < 0)
		_exit(1);
	if (++shared->inside > shared->worst)
		shared->worst = shared->inside;
	shared->order[shared->n++] = number;
	prg_clock_sleep_ms(1); /* for another to come in, if it can */
	shared->inside--;
	prg_lock_release(&lock);
	_exit(0);
}

static char state_of(pid_t pid)
{
	char name[32], text[64] = "";
	const char *paren;
	int fd;

	snprintf(name, sizeof(name), "/proc/%d/stat", pid);
	fd = open(name, O_RDONLY);
	assert_true(fd >= 0);
	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	paren = strrchr(text, ')');
	return paren != NULL ? paren[2] : '?';
}

/* It sleeps nowhere but where it waits for the lock. */
static void await_sleep(pid_t pid)
{
	while (state_of(pid) != 'S')
		prg_clock_sleep_ms(1);
}

static void end_takers(const pid_t *pids, int n)
{
	int status, i;

	for (i = 0; i < n; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
}

/* Many wait at once. True: in less time than one looks by itself. */
static bool wait_in_line(void)
{
	struct prg_lock lock;
	int64_t start = prg_clock_monotonic_ms();
	pid_t pids[MANY];
	int i;

	memset(shared, 0, sizeof(*shared));
	assert_int_equal(prg_lock_take(path, 0, &lock, NULL), 0);
	for (i = 0; i < MANY; i++) {
		pids[i] = start_taker(i);
		await_sleep(pids[i]);
	}
	assert_int_equal(shared->n, 0);
	prg_lock_release(&lock);
	end_takers(pids, MANY);
	assert_int_equal(shared->n, MANY);
	assert_int_equal(shared->worst, 1);
	return prg_clock_monotonic_ms() - start < 1000;
}

/* Who waits longest is the next. */
static void test_in_turn(void **state)
{
	int tries = 0, i;

	(void)state;
	while (!wait_in_line()) /* a machine may be slow now and then */
		assert_true(++tries < 20);
	for (i = 0; i < MANY; i++)
		assert_int_equal(shared->order[i], i);
}

static long count_switches(void)
{
	struct rusage usage;

	assert_int_equal(getrusage(RUSAGE_CHILDREN, &usage), 0);
	return usage.ru_nvcsw;
}

/* Waiting costs nothing: in a second of it one does not wake a dozen times. */
static void test_asleep(void **state)
{
	long before = count_switches();
	struct prg_lock lock;
	pid_t pid;

	(void)state;
	memset(shared, 0, sizeof(*shared));
	assert_int_equal(prg_lock_take(path, 0, &lock, NULL), 0);
	pid = start_taker(0);
	prg_clock_sleep_ms(1000);
	prg_lock_release(&lock);
	end_takers(&pid, 1);
	assert_true(count_switches() - before < 12);
}

/* A holder that is killed, or one that locks by other means, wakes nobody. */
static void test_killed(void **state)
{
	int fd = open(path, O_RDWR);
	pid_t holder = fork(), taker;
	int status;

	(void)state;
	assert_true(fd >= 0 && holder >= 0);
	if (holder == 0) {
		if (flock(fd, LOCK_EX) == 0)
			pause();
		_exit(1);
	}
	close(fd);
	await_sleep(holder);
	memset(shared, 0, sizeof(*shared));
	taker = start_taker(0);
	await_sleep(taker);
	assert_int_equal(shared->n, 0);
	assert_int_equal(kill(holder, SIGKILL), 0);
	assert_int_equal(waitpid(holder, &status, 0), holder);
	end_takers(&taker, 1);
	assert_int_equal(shared->n, 1);
}

/* Where the file has no room for the number, one looks now and then. */
static void test_no_room(void **state)
{
	const struct rlimit none = { 0, RLIM_INFINITY };
	struct rlimit before;
	struct prg_lock lock = PRG_LOCK_NONE;
	pid_t pid;

	(void)state;
	assert_int_equal(unlink(path), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	assert_int_equal(prg_lock_take(path, 0, &lock, NULL), 0);
	assert_null(lock.turn);
	memset(shared, 0, sizeof(*shared));
	pid = start_taker(0);
	await_sleep(pid);
	assert_int_equal(shared->n, 0);
	prg_lock_release(&lock);
	end_takers(&pid, 1);
	assert_int_equal(shared->n, 1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_holds), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_in_turn),   cmocka_unit_test(test_asleep),
		cmocka_unit_test(test_killed),    cmocka_unit_test(test_no_room),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
