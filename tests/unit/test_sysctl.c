/* SPDX-License-Identifier: ISC */
/* Forwarding, over a directory of our own that looks like /proc/sys/net. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "host/sysctl.h"

static const char *const directories[] = { "",
	                                   "/ipv4",
	                                   "/ipv6",
	                                   "/ipv6/conf",
	                                   "/ipv6/conf/all",
	                                   "/ipv6/conf/eth0",
	                                   "/ipv6/conf/eth1" };
#define N_DIRECTORIES (sizeof(directories) / sizeof(directories[0]))
static const char *const files[] = { "/ipv4/ip_forward", "/ipv6/conf/all/forwarding",
	                             "/ipv6/conf/eth0/accept_ra", "/ipv6/conf/eth1/accept_ra" };
#define N_FILES (sizeof(files) / sizeof(files[0]))

static char root[64];

static void put(const char *name, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s%s", root, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static char get(const char *name)
{
	char path[256];
	PRG_FREE char *text = NULL;

	snprintf(path, sizeof(path), "%s%s", root, name);
	assert_int_equal(prg_file_read(path, 16, &text, NULL, NULL), 0);
	return text[0];
}

static int make(void **state)
{
	size_t i;

	(void)state;
	strcpy(root, "/tmp/prg-sysctl.XXXXXX");
	assert_non_null(mkdtemp(root));
	for (i = 1; i < N_DIRECTORIES; i++) {
		char path[256];

		snprintf(path, sizeof(path), "%s%s", root, directories[i]);
		assert_int_equal(mkdir(path, 0700), 0);
	}
	put(files[0], "0\n");
	put(files[1], "0\n");
	put(files[2], "1\n");
	put(files[3], "0\n");
	return 0;
}

static int unmake(void **state)
{
	char path[256];
	size_t i;

	(void)state;
	for (i = 0; i < N_FILES; i++) {
		snprintf(path, sizeof(path), "%s%s", root, files[i]);
		unlink(path);
	}
	for (i = N_DIRECTORIES; i-- > 0;) {
		snprintf(path, sizeof(path), "%s%s", root, directories[i]);
		rmdir(path);
	}
	return 0;
}

/* Each remark, and what forwarding was when it came. */
struct log {
	char text[1024];
	char forwarding[8];
	size_t n;
};

static void note(void *context, const char *line)
{
	struct log *log = context;

	assert_true(log->n < sizeof(log->forwarding));
	log->forwarding[log->n++] = get(files[1]);
	snprintf(log->text + strlen(log->text), sizeof(log->text) - strlen(log->text), "%s\n",
		 line);
}

static void test_both(void **state)
{
	static const char devices[][PRG_IFNAME_TEXT] = { "eth0", "eth1" };
	const struct prg_forwarding forwarding = { root, true, devices, 2 };
	struct log log = { 0 };
	bool changed = false;

	(void)state;
	assert_int_equal(prg_forwarding_switch(&forwarding, &changed, note, &log, NULL), 0);
	assert_true(changed);
	assert_int_equal(get(files[0]), '1');
	assert_int_equal(get(files[1]), '1');
	assert_int_equal(get(files[2]), '2');
	assert_int_equal(get(files[3]), '0'); /* somebody else looks after that route */
	assert_int_equal(log.n, 3);
	assert_int_equal(log.forwarding[1], '0'); /* accept_ra came before */
	assert_non_null(strstr(log.text, "accept_ra=2 on eth0"));
	assert_null(strstr(log.text, "eth1"));

	changed = true;
	log.n = 0;
	assert_int_equal(prg_forwarding_switch(&forwarding, &changed, note, &log, NULL), 0);
	assert_false(changed);
	assert_int_equal(log.n, 0);
}

static void test_ipv4_only(void **state)
{
	const struct prg_forwarding forwarding = { .root = root };
	bool changed = false;

	(void)state;
	assert_int_equal(prg_forwarding_switch(&forwarding, &changed, NULL, NULL, NULL), 0);
	assert_true(changed);
	assert_int_equal(get(files[0]), '1');
	assert_int_equal(get(files[1]), '0');
	assert_int_equal(get(files[2]), '1');
}

static void test_on_already(void **state)
{
	static const char devices[][PRG_IFNAME_TEXT] = { "eth0" };
	const struct prg_forwarding forwarding = { root, true, devices, 1 };
	bool changed = true;

	(void)state;
	put(files[0], "1\n");
	put(files[1], "2\n");
	assert_int_equal(prg_forwarding_switch(&forwarding, &changed, NULL, NULL, NULL), 0);
	assert_false(changed);
	assert_int_equal(get(files[1]), '2');
	assert_int_equal(get(files[2]), '1');
}

static void test_failures(void **state)
{
	static const char devices[][PRG_IFNAME_TEXT] = { "eth9" };
	struct prg_forwarding forwarding = { root, true, devices, 1 };
	char path[256];
	struct prg_error err;
	bool changed = true;

	(void)state;
	/* A device whose route we cannot save: IPv6 forwarding stays off. */
	assert_true(prg_forwarding_switch(&forwarding, &changed, NULL, NULL, &err) < 0);
	assert_int_equal(get(files[1]), '0');
	put(files[1], "what\n");
	assert_int_equal(prg_forwarding_switch(&forwarding, &changed, NULL, NULL, &err),
	                 PRG_E_FAILED);
	snprintf(path, sizeof(path), "%s%s", root, files[1]);
	unlink(path);
	assert_int_equal(prg_forwarding_switch(&forwarding, &changed, NULL, NULL, &err),
	                 PRG_E_UNSUPPORTED);
	assert_non_null(strstr(err.message, "no IPv6"));
	assert_true(changed);
}

/* Found out before anything is changed: a file that is not opened for writing, here
 * since it is a link. */
static void test_probe(void **state)
{
	struct prg_forwarding forwarding = { .root = root, .ipv6 = true };
	struct prg_error err;
	char path[256], elsewhere[256];

	(void)state;
	put("/ipv4/ip_forward", "0\n");
	put("/ipv6/conf/all/forwarding", "0\n");
	assert_int_equal(prg_forwarding_check(&forwarding, &err), 0);
	snprintf(path, sizeof(path), "%s/ipv6/conf/all/forwarding", root);
	snprintf(elsewhere, sizeof(elsewhere), "%s/ipv6/conf/eth0/accept_ra", root);
	put("/ipv6/conf/eth0/accept_ra", "0\n");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink(elsewhere, path), 0);
	assert_int_equal(prg_forwarding_check(&forwarding, &err), PRG_E_PERMISSION);
	assert_non_null(strstr(err.message, "sysctl -w net.ipv6.conf.all.forwarding=1"));
	assert_non_null(strstr(err.message, path));
	put("/ipv6/conf/eth0/accept_ra", "1\n"); /* on: nothing has to be written */
	assert_int_equal(prg_forwarding_check(&forwarding, &err), 0);
	put("/ipv6/conf/eth0/accept_ra", "0\n");
	forwarding.ipv6 = false;
	assert_int_equal(prg_forwarding_check(&forwarding, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_both, make, unmake),
		cmocka_unit_test_setup_teardown(test_ipv4_only, make, unmake),
		cmocka_unit_test_setup_teardown(test_on_already, make, unmake),
		cmocka_unit_test_setup_teardown(test_failures, make, unmake),
		cmocka_unit_test_setup_teardown(test_probe, make, unmake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
