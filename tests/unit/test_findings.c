/* SPDX-License-Identifier: ISC */
/* Audit on the memory backend: what a real kernel does not do on demand. An interrupted
 * dump, many findings of a kind, and endpoints that go to and fro. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "backend/memory.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "model/peer.h"
#include "report.h"

#define INTENT PRG_CLEANUP(prg_intent_free) struct prg_intent
#define MOST 64

static char directory[] = "/tmp/peerage-findings-XXXXXX";
static char path[64];
static struct prg_error err;
static struct prg_public_key keys[MOST]; /* of p0, p1… */

static void assert_ok(int rc)
{
	if (rc != 0)
		print_error("%d: %s\n", rc, err.message);
	assert_int_equal(rc, 0);
}

static void set(struct prg_intent *intent, enum prg_field field, const char *text)
{
	assert_ok(prg_intent_set(intent, field, text, &err));
}

static void run(struct prg_register *reg, struct prg_intent *intent, struct prg_report **report)
{
	prg_report_free(report);
	assert_ok(prg_execute(reg, intent, report, &err));
}

/* wg0 with n peers; without preshared keys where bare. */
static void fill(struct prg_register *reg, size_t n, bool bare)
{
	INTENT *init = NULL, *add = NULL;
	PRG_REPORT *report = NULL;
	char name[16];
	size_t i;

	assert_ok(prg_intent_new(PRG_INIT, "wg0", &init, &err));
	set(init, PRG_FIELD_ENDPOINT, "vpn.example.org");
	set(init, PRG_FIELD_ADDRESS, "10.8.0.1/24,fd00:8::1/64");
	run(reg, init, &report);
	assert_ok(prg_intent_new(PRG_ADD, "wg0", &add, &err));
	if (bare)
		set(add, PRG_FIELD_PRESHARED_KEY, "none");
	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "p%zu", i);
		assert_ok(prg_intent_peer(add, name, &err));
	}
	run(reg, add, &report);
	for (i = 0; i < n; i++)
		keys[i] = prg_report_result(report, i)->peer->public_key;
}

static int setup(void **state)
{
	struct prg_register *reg = NULL;

	unlink(path);
	prg_memory_reset();
	if (prg_register_open(path, PRG_OPEN_CREATE, 1000, &reg, &err) < 0)
		return -1;
	prg_register_set_backend(reg, PRG_BACKEND_MEMORY);
	*state = reg;
	return 0;
}

static int teardown(void **state)
{
	struct prg_register *reg = *state;

	prg_register_close(&reg);
	return 0;
}

/* What was found: "severity kind peer|…", and the last one in full. */
struct seen {
	char text[8192], what[512], command[256];
	uint64_t count;
	size_t n;
	int rounds; /* of a sample */
	int (*round)(int round);
};

static int on_finding(void *context, const struct prg_finding *finding)
{
	struct seen *seen = context;
	size_t used = strlen(seen->text);

	snprintf(seen->text + used, sizeof(seen->text) - used, "%s%s %s %s", used ? "|" : "",
	         prg_severity_name(finding->severity), finding->kind,
	         finding->peer ? finding->peer : finding->has_public_key ? "key" : "-");
	snprintf(seen->what, sizeof(seen->what), "%s", finding->what);
	snprintf(seen->command, sizeof(seen->command), "%s",
	         finding->command ? finding->command : "");
	assert_non_null(finding->why);
	seen->count = finding->count;
	seen->n++;
	return 0;
}

static struct seen find(struct prg_register *reg, unsigned flags)
{
	struct seen seen = { .n = 0 };

	assert_ok(prg_audit_sample(reg, "wg0", flags, 0, NULL, on_finding, &seen, &err));
	return seen;
}

static void nothing_to_find(void **state)
{
	fill(*state, 3, false);
	assert_int_equal(find(*state, 0).n, 0);
	prg_memory_interrupt("wg0", 2);
	assert_int_equal(find(*state, 0).n, 0);
	prg_memory_interrupt("wg0", 0);
}

/* What was seen before an interruption counts once; what was not seen is not missed. */
static void an_interrupted_dump(void **state)
{
	struct prg_wg_peer peer = { .keepalive_s = 7 };
	struct prg_op op = { .kind = PRG_OP_PEER_SET, .fields = PRG_OF_KEEPALIVE, .peer = &peer };
	PRG_BACKEND *backend = NULL;
	struct seen seen;

	fill(*state, 4, false);
	assert_ok(prg_backend_open(PRG_BACKEND_MEMORY, "wg0", &backend, &err));
	peer.public_key = keys[0];
	assert_ok(prg_backend_apply(backend, &op, 1, NULL, NULL, &err));
	prg_memory_interrupt("wg0", 1);
	seen = find(*state, 0);
	assert_string_equal(seen.text, "warning peer-differs p0");
	assert_string_equal(seen.what, "keepalive: 7 s, registered: none");
	prg_memory_interrupt("wg0", 1000);
	seen = find(*state, 0);
	assert_string_equal(seen.text, "warning peer-differs p0|warning changing -");
	assert_string_equal(seen.command, "peerage -i wg0 audit");
	prg_memory_interrupt("wg0", 0);
	assert_string_equal(find(*state, 0).text, "warning peer-differs p0");
}

/* Up to 20 are told one by one, more as one. */
static void many_are_told_as_one(void **state)
{
	struct seen seen;

	fill(*state, 20, true);
	seen = find(*state, 0);
	assert_int_equal(seen.n, 20);
	assert_int_equal(seen.count, 1);
	assert_string_equal(seen.command, "peerage -i wg0 set p19 --preshared-key new");
}

static void more_are_told_as_one(void **state)
{
	struct seen seen;

	fill(*state, 21, true);
	seen = find(*state, 0);
	assert_string_equal(seen.text, "info no-preshared-key -");
	assert_string_equal(seen.what, "21 peers have no preshared key: p0, p1, p2 and so on; "
	                               "'peerage -i wg0 audit --all' tells of each");
	assert_int_equal(seen.count, 21);
	assert_string_equal(seen.command, "");
	seen = find(*state, PRG_AUDIT_ALL);
	assert_int_equal(seen.n, 21);
	assert_int_equal(seen.count, 1);
}

/* What one command mends keeps it, and another severity of the same kind stays apart. */
static void many_of_one_command(void **state)
{
	struct prg_op op = { .kind = PRG_OP_PEER_SET, .fields = PRG_OF_KEEPALIVE };
	PRG_BACKEND *backend = NULL;
	struct seen seen;
	size_t i;

	fill(*state, 22, false);
	assert_ok(prg_backend_open(PRG_BACKEND_MEMORY, "wg0", &backend, &err));
	for (i = 0; i < 22; i++) {
		struct prg_wg_peer peer = { .public_key = keys[i], .keepalive_s = 7 };

		op.peer = &peer;
		op.fields = i == 0 ? PRG_OF_PRESHARED_KEY : PRG_OF_KEEPALIVE;
		assert_ok(prg_backend_apply(backend, &op, 1, NULL, NULL, &err));
	}
	seen = find(*state, 0);
	assert_string_equal(seen.text, "critical peer-differs p0|warning peer-differs -");
	assert_int_equal(seen.count, 21);
	assert_string_equal(seen.command, "peerage -i wg0 sync");
}

/* ------------------------------------------------------------------- connecting */

static void configure(struct prg_register *reg, enum prg_field field, const char *text)
{
	INTENT *intent = NULL;
	PRG_REPORT *report = NULL;

	assert_ok(prg_intent_new(PRG_CONFIGURE, "wg0", &intent, &err));
	set(intent, field, text);
	run(reg, intent, &report);
}

static void quiet_peers(void **state)
{
	struct seen seen;

	fill(*state, 3, false);
	assert_ok(prg_memory_traffic("wg0", &keys[0], prg_clock_now() - 3 * 86400 - 60, 1, 1, NULL));
	assert_ok(prg_memory_traffic("wg0", &keys[1], prg_clock_now() - 3 * 86400 + 60, 1, 1, NULL));
	assert_int_equal(find(*state, 0).n, 0);
	configure(*state, PRG_FIELD_STALE_AFTER, "3d");
	seen = find(*state, 0); /* the third was made just now */
	assert_string_equal(seen.text, "info stale-peer p0");
	assert_string_equal(seen.what, "has not connected for more than 3 days");
	configure(*state, PRG_FIELD_STALE_AFTER, "none");
	assert_int_equal(find(*state, 0).n, 0);
}

static void no_one_is_quiet_by_a_clock_that_leapt(void **state)
{
	struct prg_clock_look look = { .wall_s = 1800000000, .boottime_s = 100 * 86400,
		                       .synchronised = true, .boot_id = "a" };
	INTENT *maintain = NULL;
	PRG_REPORT *report = NULL;

	prg_clock_pretend(&look);
	fill(*state, 2, false);
	assert_ok(prg_memory_traffic("wg0", &keys[0], look.wall_s, 1, 1, NULL));
	assert_ok(prg_intent_new(PRG_MAINTAIN, "wg0", &maintain, &err));
	run(*state, maintain, &report);
	look.wall_s += (int64_t)3650 * 86400;
	look.boottime_s += 60;
	assert_int_equal(find(*state, 0).n, 0);
	/* that time did pass, and the clock went on */
	look.boottime_s += (int64_t)3650 * 86400;
	look.wall_s += 60;
	assert_string_equal(find(*state, 0).text, "info stale-peer p0");
	prg_clock_pretend(NULL);
}

/* --------------------------------------------------------------------- sampling */

static struct prg_wg_endpoint at(unsigned char last, uint16_t port)
{
	return (struct prg_wg_endpoint){
		.addr = { .family = 4, .bytes = { 192, 0, 2, last } }, .port = port
	};
}

static void connect_from(size_t peer, unsigned char last, uint16_t port)
{
	struct prg_wg_endpoint endpoint = at(last, port);

	assert_ok(prg_memory_traffic("wg0", &keys[peer], prg_clock_now(), 1, 1, &endpoint));
}

/* p0 stays, p1 roams once, p2 roams on and on, p3 is in two places, p4 came back once,
 * p5 is nowhere now and then. */
static void move(int round)
{
	/* we do not know which rounds are looked at: no pattern that could match theirs */
	bool there = ((unsigned)round * 2654435761u) >> 31;
	struct prg_wg_endpoint nowhere = { .addr = { .family = 4, .bytes = { 127, 0, 0, 1 } },
		                           .port = 9 };

	connect_from(0, 10, 1000);
	connect_from(1, 11, round < 20 ? 1000 : 2000);
	connect_from(2, 12, (uint16_t)(1000 + round));
	connect_from(3, there ? 13 : 14, 1000);
	connect_from(4, round >= 20 && round < 40 ? 15 : 16, 1000);
	connect_from(5, 17, 1000);
	if (there)
		assert_ok(prg_memory_traffic("wg0", &keys[5], prg_clock_now(), 1, 1, &nowhere));
}

static bool sampling(void *context, int64_t left_s)
{
	struct seen *seen = context;

	assert_in_range(left_s, 0, 30);
	move(++seen->rounds);
	return seen->rounds < 60; /* asked some three times between two looks */
}

static void two_places_at_once(void **state)
{
	struct seen seen = { .n = 0 };
	int64_t began = prg_clock_monotonic_ms();

	fill(*state, 6, false);
	move(0);
	assert_ok(prg_audit_sample(*state, "wg0", 0, 30, sampling, on_finding, &seen, &err));
	assert_string_equal(seen.text, "warning shared-key p3");
	assert_non_null(strstr(seen.what, "went to and fro"));
	assert_null(strstr(seen.what, "192.0.2"));
	assert_string_equal(seen.command, "peerage -i wg0 rotate p3");
	/* it was ended early */
	assert_true(prg_clock_monotonic_ms() - began < 25000);
}

static void bad_samples(void **state)
{
	struct seen seen = { .n = 0 };

	fill(*state, 1, false);
	assert_int_equal(prg_audit_sample(*state, "wg0", 0, -1, NULL, on_finding, &seen, &err),
	                 PRG_E_USAGE);
	assert_int_equal(prg_audit_sample(*state, "wg0", 0, 8 * 86400, NULL, on_finding, &seen, &err),
	                 PRG_E_USAGE);
	prg_register_set_backend(*state, PRG_BACKEND_NONE);
	assert_int_equal(prg_audit_sample(*state, "wg0", 0, 1, NULL, on_finding, &seen, &err),
	                 PRG_E_USAGE);
	assert_int_equal(seen.n, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(nothing_to_find),     TEST(an_interrupted_dump), TEST(many_are_told_as_one),
		TEST(more_are_told_as_one), TEST(many_of_one_command), TEST(quiet_peers),
		TEST(no_one_is_quiet_by_a_clock_that_leapt),
		TEST(two_places_at_once),  TEST(bad_samples),
	};
	char command[96];
	int failed;

	if (mkdtemp(directory) == NULL)
		return 1;
	snprintf(path, sizeof(path), "%s/register.db", directory);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	return system(command) != 0 ? 1 : failed;
}
