/* SPDX-License-Identifier: ISC */
/* The child that runs nft says what nft says to us, and is of no use to anybody else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "host/broker.h"

static const struct prg_nft_request tables = { .call = PRG_NFT_LIST_TABLES };

/* What nft answers depends on where this runs: it may be absent, or not allowed to. */
static void is_as_here(const struct prg_nft_request *request)
{
	PRG_SPAWNED here = { 0 }, there = { 0 };
	struct prg_error here_err = { 0, "" }, there_err = { 0, "" };
	int rc = prg_nft_run_here(request, &here, &here_err);

	assert_int_equal(prg_broker_run(request, &there, &there_err), rc);
	assert_string_equal(there_err.message, here_err.message);
	assert_int_equal(there.status, here.status);
	assert_int_equal(there.length, here.length);
	assert_string_equal(there.error, here.error);
	if (rc == 0) {
		assert_string_equal(there.output, here.output);
		assert_int_equal(strlen(there.output), there.length);
	}
}

static void test_absent(void **state)
{
	(void)state;
	assert_false(prg_broker_is_there());
}

static void test_same_answers(void **state)
{
	const struct prg_nft_request requests[] = {
		{ .call = PRG_NFT_LIST_TABLES },
		{ .call = PRG_NFT_LIST_TABLE, .table = "peerage-no.3dsuch" },
		{ .call = PRG_NFT_LIST_RULESET },
		{ .call = PRG_NFT_TRY },
		{ .call = PRG_NFT_LOAD, .input = "{\"nftables\":[{\"no such thing\":1}]}" },
		{ .call = PRG_NFT_LOAD, .input = "{\"nftables\":[{\"include\":1}]}" },
		{ .call = PRG_NFT_LOAD, .input = "" },
		/* as a part of a word, it names an interface */
		{ .call = PRG_NFT_LOAD, .input = "no such peerage-wg.include thing" },
	};
	size_t i;

	(void)state;
	assert_int_equal(prg_broker_start(NULL), 0);
	assert_true(prg_broker_is_there());
	assert_int_equal(prg_broker_start(NULL), 0); /* the same one */
	for (i = 0; i < sizeof(requests) / sizeof(*requests); i++)
		is_as_here(&requests[i]);
}

/* Asked and answered in two steps, with other work in between. */
static void test_two_steps(void **state)
{
	PRG_SPAWNED here = { 0 }, there = { 0 };
	struct prg_nft_running running;
	struct prg_error here_err = { 0, "" }, there_err = { 0, "" };
	int rc;

	(void)state;
	prg_nft_start(&tables, &running);
	assert_true(running.asked);
	rc = prg_nft_run_here(&tables, &here, &here_err);
	if (rc == 0 && here.status != 0)
		rc = PRG_E_FAILED; /* or another that its words tell */
	assert_int_equal(prg_nft_finish(&running, &there, &there_err) < 0, rc < 0);
	if (rc == 0)
		assert_string_equal(there.output, here.output);
	is_as_here(&tables); /* and the next is asked as ever */
}

/* Longer than what a socket takes at once. */
static void test_long_input(void **state)
{
	static const char start[] = "{\"nftables\":[{\"", end[] = "\":1}]}";
	size_t length = (size_t)600 << 10;
	char *text = test_malloc(sizeof(start) + length + sizeof(end));
	struct prg_nft_request request = { .call = PRG_NFT_LOAD, .input = text };

	(void)state;
	strcpy(text, start);
	memset(text + sizeof(start) - 1, 'x', length);
	strcpy(text + sizeof(start) - 1 + length, end);
	is_as_here(&request);
	test_free(text);
}

static void test_not_of_a_fork(void **state)
{
	int status = 0;
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(prg_broker_is_there());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	is_as_here(&tables);
}

/* It ends at what no caller of ours asks. */
static void ends_at(struct prg_nft_request request)
{
	PRG_SPAWNED spawned = { 0 };
	struct prg_error err = { 0, "" };
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		int rc = prg_broker_start(NULL);

		if (rc == 0)
			rc = prg_broker_run(&request, &spawned, &err);
		/* once more: it is gone, and that is said, not waited for */
		_exit(rc == PRG_E_FAILED && strstr(err.message, "has ended") != NULL &&
		                      prg_broker_run(&tables, &spawned, NULL) == PRG_E_FAILED
		              ? 0
		              : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_other_tables(void **state)
{
	(void)state;
	ends_at((struct prg_nft_request){ .call = PRG_NFT_LIST_TABLE, .table = "filter" });
	ends_at((struct prg_nft_request){ .call = PRG_NFT_LIST_TABLE,
	                                  .table = "peerage-wg0; flush ruleset" });
	ends_at((struct prg_nft_request){ .call = PRG_NFT_LIST_TABLE, .table = "peerage-wg0 \n" });
	ends_at((struct prg_nft_request){ .call = PRG_NFT_LIST_TABLE, .table = "" });
}

static void test_files(void **state)
{
	static const char *const inputs[] = {
		"include \"/etc/shadow\"",
		"add table inet t\n include\"/etc/shadow\"",
		"{\"nftables\":1};include \"/etc/shadow\"",
		"# \"\ninclude \"/etc/shadow\"",
		"add table inet t;include \"/etc/shadow\"",
		"0xainclude \"/etc/shadow\"",
		"1:2:3:4:5:6:7:abinclude \"/etc/shadow\"",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++)
		ends_at((struct prg_nft_request){ .call = PRG_NFT_LOAD, .input = inputs[i] });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_absent),
		cmocka_unit_test(test_same_answers),
		cmocka_unit_test(test_two_steps),
		cmocka_unit_test(test_long_input),
		cmocka_unit_test(test_not_of_a_fork),
		cmocka_unit_test(test_other_tables),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
