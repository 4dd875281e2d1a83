/* SPDX-License-Identifier: ISC */
/* Running a program: what goes in, comes out, is kept from it, and ends it. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "host/spawn.h"

static const struct prg_spawn_limits wide = { (size_t)4 << 20, 600000 };

static int shell(const char *script, const char *input, const struct prg_spawn_limits *limits,
                 struct prg_spawned *ret, struct prg_error *err)
{
	const char *const argv[] = { "sh", "-c", script, NULL };

	return prg_spawn("/bin/sh", argv, input, limits, ret, err);
}

static void test_streams(void **state)
{
	PRG_SPAWNED got = { 0 };

	(void)state;
	assert_int_equal(shell("cat; echo nonsense >&2; echo 'x: Error: it is so' >&2; exit 3",
	                       "hello\n", &wide, &got, NULL),
	                 0);
	assert_int_equal(got.status, 3);
	assert_string_equal(got.output, "hello\n");
	assert_int_equal(got.length, 6);
	assert_string_equal(got.error, "it is so");
}

/* Far more than pipes hold, both ways, with much on stderr between. */
static void test_large(void **state)
{
	const size_t length = (size_t)3 << 20;
	PRG_FREE char *input = malloc(length + 1);
	PRG_SPAWNED got = { 0 };

	(void)state;
	assert_non_null(input);
	memset(input, 'a', length);
	input[length] = '\0';
	assert_int_equal(shell("head -c 300000 /dev/zero >&2; cat", input, &wide, &got, NULL), 0);
	assert_int_equal(got.length, length);
	assert_memory_equal(got.output, input, length);
}

/* A program that never reads raises no SIGPIPE here. */
static void test_unread(void **state)
{
	const size_t length = (size_t)1 << 20;
	PRG_FREE char *input = malloc(length + 1);
	PRG_SPAWNED got = { 0 };

	(void)state;
	assert_non_null(input);
	memset(input, 'a', length);
	input[length] = '\0';
	assert_int_equal(shell("exit 0", input, &wide, &got, NULL), 0);
	assert_string_equal(got.output, "");
}

static void test_too_much(void **state)
{
	const struct prg_spawn_limits narrow = { 1000, 600000 };
	PRG_SPAWNED got = { 0 };
	struct prg_error err;

	(void)state;
	assert_int_equal(shell("head -c 1000 /dev/zero", NULL, &narrow, &got, &err), 0);
	assert_int_equal(got.length, 1000);
	prg_spawned_done(&got);
	assert_int_equal(shell("cat /dev/zero", NULL, &narrow, &got, &err), PRG_E_FAILED);
	assert_non_null(strstr(err.message, "/bin/sh: it wrote more than 1000 bytes"));
	assert_null(got.output);
}

/* Both a program that says nothing and one that has closed its streams. */
static void test_endless(void **state)
{
	const struct prg_spawn_limits brief = { 1000, 20 };
	PRG_SPAWNED got = { 0 };
	struct prg_error err;

	(void)state;
	assert_int_equal(shell("exec sleep 100000", NULL, &brief, &got, &err), PRG_E_FAILED);
	assert_non_null(strstr(err.message, "did not end in time"));
	assert_int_equal(shell("exec sleep 100000 >&- 2>&-", NULL, &brief, &got, &err),
	                 PRG_E_FAILED);
	assert_null(got.output);
}

static void test_surroundings(void **state)
{
	int leak = fcntl(0, F_DUPFD, 50); /* inheritable, as of a careless host program */
	PRG_SPAWNED got = { 0 };
	const char *ignored;
	sigset_t set, old;

	(void)state;
	assert_true(leak >= 50);
	setenv("PRG_CANARY", "x", 1);
	sigfillset(&set);
	sigprocmask(SIG_SETMASK, &set, &old);
	signal(SIGUSR1, SIG_IGN);
	assert_int_equal(
		shell("env | grep -v -e ^PWD= -e ^SHLVL= -e ^_= -e ^OLDPWD=; "
		      "grep -E '^Sig(Blk|Ign)' /proc/self/status; ls /proc/$$/fd | tr '\\n' ' '",
		      NULL, &wide, &got, NULL),
		0);
	signal(SIGUSR1, SIG_DFL);
	sigprocmask(SIG_SETMASK, &old, NULL);
	close(leak);
	assert_non_null(strstr(got.output, "LC_ALL=C\n"));
	assert_null(strstr(got.output, "PRG_CANARY"));
	assert_null(strstr(got.output, "PATH="));
	assert_non_null(strstr(got.output, "SigBlk:\t0000000000000000\n"));
	ignored = strstr(got.output, "SigIgn:\t");
	assert_non_null(ignored);
	/* Bits 31 and 32 are glibc's own signals, which it lets nobody touch. */
	assert_int_equal(strtoull(ignored + strlen("SigIgn:\t"), NULL, 16) & 0x7fffffff, 0);
	assert_null(strstr(got.output, " 50 "));
}

static void test_signalled(void **state)
{
	PRG_SPAWNED got = { 0 };

	(void)state;
	assert_int_equal(shell("kill -TERM $$", NULL, &wide, &got, NULL), 0);
	assert_int_equal(got.status, 128 + SIGTERM);
}

/* A host program that ignores SIGCHLD loses the status, not the output. */
static void test_no_children(void **state)
{
	PRG_SPAWNED got = { 0 };

	(void)state;
	signal(SIGCHLD, SIG_IGN);
	assert_int_equal(shell("echo done", NULL, &wide, &got, NULL), 0);
	signal(SIGCHLD, SIG_DFL);
	assert_string_equal(got.output, "done\n");
	assert_int_equal(got.status, 0);
}

static void test_absent(void **state)
{
	const char *const argv[] = { "x", NULL };
	PRG_SPAWNED got = { 0 };
	struct prg_error err;

	(void)state;
	assert_int_equal(prg_spawn("/no/such/program", argv, NULL, &wide, &got, &err),
	                 PRG_E_FAILED);
	assert_non_null(strstr(err.message, "run /no/such/program: cannot start it"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_streams),   cmocka_unit_test(test_large),
		cmocka_unit_test(test_unread),    cmocka_unit_test(test_too_much),
		cmocka_unit_test(test_endless),   cmocka_unit_test(test_surroundings),
		cmocka_unit_test(test_signalled), cmocka_unit_test(test_no_children),
		cmocka_unit_test(test_absent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
