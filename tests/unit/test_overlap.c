/* SPDX-License-Identifier: ISC */
/* Two keys of one peer: how an overlap begins, whom it follows, and what ends it. */
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
#include "base/clock.h"
#include "model/name.h"
#include "model/peer.h"
#include "report.h"

static char directory[] = "/tmp/peerage-overlap-XXXXXX";
static char path[64];
static struct prg_error err;
static struct prg_clock_look look_now;

#define INTENT PRG_CLEANUP(prg_intent_free) struct prg_intent

static void assert_ok(int rc)
{
	if (rc != 0)
		print_error("%d: %s\n", rc, err.message);
	assert_int_equal(rc, 0);
}

/* One verb on one peer, with one field where text is not NULL. */
static int act(struct prg_register *reg, enum prg_verb verb, const char *name,
               enum prg_field field, const char *text, struct prg_report **report)
{
	INTENT *intent = NULL;

	prg_report_free(report);
	err.message[0] = '\0';
	assert_ok(prg_intent_new(verb, "wg0", &intent, &err));
	if (name != NULL)
		assert_ok(prg_intent_peer(intent, name, &err));
	if (text != NULL)
		assert_ok(prg_intent_set(intent, field, text, &err));
	return prg_execute(reg, intent, report, &err);
}

static void does(struct prg_register *reg, enum prg_verb verb, const char *name,
                 enum prg_field field, const char *text)
{
	PRG_REPORT *report = NULL;

	assert_ok(act(reg, verb, name, field, text, &report));
}

static void refuses(struct prg_register *reg, enum prg_verb verb, const char *name,
                    enum prg_field field, const char *text, int code, const char *word)
{
	PRG_REPORT *report = NULL;

	assert_int_equal(act(reg, verb, name, field, text, &report), code);
	assert_non_null(strstr(err.message, word));
}

static int setup(void **state)
{
	struct prg_register *reg = NULL;
	INTENT *intent = NULL;
	PRG_REPORT *report = NULL;

	prg_memory_reset();
	look_now = (struct prg_clock_look){ .wall_s = 1800000000, .boottime_s = 1000,
		                            .synchronised = true, .boot_id = "a" };
	prg_clock_pretend(&look_now);
	if (prg_register_open(path, PRG_OPEN_CREATE, 1000, &reg, &err) < 0)
		return -1;
	prg_register_set_backend(reg, PRG_BACKEND_MEMORY);
	*state = reg;
	assert_ok(prg_intent_new(PRG_INIT, "wg0", &intent, &err));
	assert_ok(prg_intent_set(intent, PRG_FIELD_ENDPOINT, "vpn.example.org", &err));
	assert_ok(prg_intent_set(intent, PRG_FIELD_ADDRESS, "10.8.0.1/29,fd00:8::1/64", &err));
	assert_ok(prg_execute(reg, intent, &report, &err));
	does(reg, PRG_ADD, "alice", PRG_FIELD_ROUTES, "192.168.7.0/24,fd77::/64");
	return 0;
}

static int teardown(void **state)
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	struct prg_register *reg = *state;
	char file[80];
	size_t i;

	prg_register_close(&reg);
	prg_memory_reset();
	prg_clock_pretend(NULL);
	for (i = 0; i < 3; i++) {
		snprintf(file, sizeof(file), "%s%s", path, ends[i]);
		unlink(file);
	}
	return 0;
}

static struct prg_peer *find(struct prg_register *reg, const char *name)
{
	struct prg_peer *peer = NULL;

	assert_ok(prg_find_peer(reg, "wg0", name, &peer, &err));
	return peer;
}

static void is_gone(struct prg_register *reg, const char *name)
{
	PRG_PEER *peer = find(reg, name);

	assert_int_equal(peer->state, PRG_PEER_REVOKED);
}

/* What runs has the key, with so many allowed IPs; -1: it has not. */
struct wanted {
	const struct prg_public_key *key;
	int n;
};

static int look(void *context, const struct prg_live *live, const struct prg_peer *peer)
{
	struct wanted *w = context;

	(void)peer;
	if (live->present && memcmp(&live->public_key, w->key, sizeof(*w->key)) == 0)
		w->n = (int)live->n_allowed_ips;
	return 0;
}

static int running(struct prg_register *reg, const struct prg_public_key *key)
{
	struct prg_live_interface interface;
	struct wanted w = { key, -1 };

	assert_ok(prg_status(reg, "wg0", NULL, 0, 0, &interface, look, &w, &err));
	return w.n;
}

/* Nothing that runs differs from the register, and nothing is pending. */
static void in_line(struct prg_register *reg)
{
	INTENT *intent = NULL;
	PRG_REPORT *report = NULL;
	uint64_t n;
	char head[65];

	assert_ok(prg_intent_new(PRG_SYNC, "wg0", &intent, &err));
	prg_intent_set_flags(intent, PRG_DRY_RUN);
	assert_ok(prg_execute(reg, intent, &report, &err));
	assert_int_equal(prg_report_n_changes(report), 0);
	assert_int_equal(prg_report_n_left_over(report), 0);
	assert_ok(prg_register_verify(reg, &n, head, &err));
}

/* A tick, after the key shook hands (NULL: nobody did). *ret: how many operations it takes. */
static uint64_t tick(struct prg_register *reg, const struct prg_public_key *shook)
{
	uint64_t before;

	if (shook != NULL)
		assert_ok(prg_memory_traffic("wg0", shook, look_now.wall_s, 148, 92, NULL));
	before = prg_memory_ops("wg0");
	does(reg, PRG_MAINTAIN, NULL, PRG_FIELD_NOTE, NULL);
	return prg_memory_ops("wg0") - before;
}

static void pass(int64_t seconds)
{
	look_now.wall_s += seconds;
	look_now.boottime_s += seconds;
}

static void both_keys_work_until_the_newer_is_used(void **state)
{
	struct prg_register *reg = *state;
	PRG_PEER *before = find(reg, "alice"), *newer = NULL, *older = NULL, *after = NULL;
	PRG_REPORT *report = NULL;
	const struct prg_result *result;

	assert_ok(act(reg, PRG_ROTATE, "alice", PRG_FIELD_OVERLAP, "7d", &report));
	result = prg_report_result(report, 0);
	assert_int_equal(result->outcome, PRG_CHANGED);
	assert_non_null(result->private_key);
	assert_non_null(result->preshared_key);
	newer = find(reg, "alice");
	older = find(reg, "alice.old");
	assert_memory_equal(&result->peer->public_key, &newer->public_key, PRG_KEY_BYTES);
	assert_memory_equal(&older->public_key, &before->public_key, PRG_KEY_BYTES);
	assert_int_equal(older->id, before->id);
	assert_int_equal(older->successor_id, newer->id);
	assert_string_equal(older->successor, "alice");
	assert_string_equal(newer->older, "alice.old");
	assert_memory_equal(&newer->older_key, &before->public_key, PRG_KEY_BYTES);
	assert_int_equal(newer->older_until, older->overlap_until);
	assert_int_equal(older->overlap_until, newer->keyed_at + 7 * 86400);
	assert_int_equal(newer->created_at, before->created_at);
	assert_int_equal(newer->addresses[0].addr.bytes[3], 3);
	assert_int_equal(running(reg, &older->public_key), 4);
	assert_int_equal(running(reg, &newer->public_key), 2);
	in_line(reg);

	assert_int_equal(tick(reg, NULL), 0);
	assert_int_equal(tick(reg, &older->public_key), 0);
	assert_int_equal(running(reg, &older->public_key), 4);
	assert_true(tick(reg, &newer->public_key) > 0);
	assert_int_equal(running(reg, &older->public_key), -1);
	assert_int_equal(running(reg, &newer->public_key), 4);
	is_gone(reg, "alice.old");
	after = find(reg, "alice");
	assert_int_equal(after->n_routes, 2);
	assert_int_equal(after->older_until, 0);
	assert_string_equal(after->older, "");
	in_line(reg);
	assert_int_equal(tick(reg, &newer->public_key), 0);
}

/* …where the clock can be trusted, with a tick or whatever else changes something. */
static void its_time_ends_it(void **state)
{
	struct prg_register *reg = *state;
	PRG_PEER *first = find(reg, "alice"), *second = NULL;

	does(reg, PRG_ROTATE, "alice", PRG_FIELD_OVERLAP, "1m");
	second = find(reg, "alice");
	pass(59);
	assert_int_equal(tick(reg, NULL), 0);
	look_now.synchronised = false;
	pass(1);
	assert_int_equal(tick(reg, NULL), 0);
	assert_int_equal(running(reg, &first->public_key), 4);
	look_now.synchronised = true;
	assert_true(tick(reg, NULL) > 0);
	is_gone(reg, "alice.old");
	assert_int_equal(running(reg, &first->public_key), -1);
	assert_int_equal(running(reg, &second->public_key), 4);
	in_line(reg);
	does(reg, PRG_ROTATE, "alice", PRG_FIELD_OVERLAP, "1m");
	pass(60);
	does(reg, PRG_ADD, "bob", PRG_FIELD_NOTE, NULL);
	assert_int_equal(running(reg, &second->public_key), -1);
	in_line(reg);
}

/* More than are looked at in one go; of these, some are used. */
static void many_at_once(void **state)
{
	struct prg_register *reg = *state;
	PRG_REPORT *report = NULL;
	INTENT *configure = NULL, *add = NULL, *rotate = NULL;
	char name[16];
	size_t i;

	assert_ok(prg_intent_new(PRG_CONFIGURE, "wg0", &configure, &err));
	assert_ok(prg_intent_set(configure, PRG_FIELD_ADDRESS, "10.8.0.1/20,fd00:8::1/64", &err));
	assert_ok(prg_execute(reg, configure, &report, &err));
	assert_ok(prg_intent_new(PRG_ADD, "wg0", &add, &err));
	assert_ok(prg_intent_new(PRG_ROTATE, "wg0", &rotate, &err));
	assert_ok(prg_intent_set(rotate, PRG_FIELD_OVERLAP, "1d", &err));
	for (i = 0; i < 600; i++) {
		snprintf(name, sizeof(name), "p%zu", i);
		assert_ok(prg_intent_peer(add, name, &err));
		assert_ok(prg_intent_peer(rotate, name, &err));
	}
	prg_report_free(&report);
	assert_ok(prg_execute(reg, add, &report, &err));
	prg_report_free(&report);
	assert_ok(prg_execute(reg, rotate, &report, &err));
	for (i = 0; i < 600; i += 2)
		assert_ok(prg_memory_traffic("wg0",
		                             &prg_report_result(report, i)->peer->public_key,
		                             look_now.wall_s, 148, 92, NULL));
	prg_report_free(&report);
	assert_ok(act(reg, PRG_MAINTAIN, NULL, PRG_FIELD_NOTE, NULL, &report));
	assert_int_equal(prg_report_n_remarks(report), 4);
	assert_string_equal(prg_report_remark(report, 3), "so it is with 297 peers more");
	for (i = 0; i < 600; i++) {
		PRG_PEER *peer = NULL;

		snprintf(name, sizeof(name), "p%zu.old", i);
		peer = find(reg, name);
		assert_int_equal(peer->state, i % 2 ? PRG_PEER_ACTIVE : PRG_PEER_REVOKED);
	}
	in_line(reg);
	pass(86400);
	does(reg, PRG_MAINTAIN, NULL, PRG_FIELD_NOTE, NULL);
	is_gone(reg, "p1.old");
	is_gone(reg, "p599.old");
	in_line(reg);
}

static void there_are_two_keys_at_most(void **state)
{
	struct prg_register *reg = *state;
	PRG_PEER *first = find(reg, "alice"), *second = NULL, *third = NULL, *older = NULL;

	does(reg, PRG_ROTATE, "alice", PRG_FIELD_OVERLAP, "7d");
	second = find(reg, "alice");
	does(reg, PRG_ROTATE, "alice", PRG_FIELD_OVERLAP, "7d");
	third = find(reg, "alice");
	older = find(reg, "alice.old");
	assert_int_equal(running(reg, &first->public_key), -1);
	assert_int_equal(running(reg, &second->public_key), 4);
	assert_int_equal(running(reg, &third->public_key), 2);
	assert_int_equal(older->id, second->id);
	in_line(reg);
	/* at once: the one in use goes as well, and what it had is the newest one's */
	does(reg, PRG_ROTATE, "alice", PRG_FIELD_OVERLAP, NULL);
	assert_int_equal(running(reg, &second->public_key), -1);
	assert_int_equal(running(reg, &third->public_key), -1);
	is_gone(reg, "alice.old");
	prg_peer_free(&older);
	older = find(reg, "alice");
	assert_int_equal(older->id, third->id);
	assert_int_equal(running(reg, &older->public_key), 4);
	in_line(reg);
}

static void a_peer_that_is_cut_off_has_no_key_left(void **state)
{
	struct prg_register *reg = *state;
	PRG_PEER *older = find(reg, "alice"), *newer = NULL;

	does(reg, PRG_ROTATE, "alice", PRG_FIELD_OVERLAP, "7d");
	newer = find(reg, "alice");
	does(reg, PRG_REVOKE, "alice", PRG_FIELD_HOLD, NULL);
	assert_int_equal(running(reg, &older->public_key), -1);
	assert_int_equal(running(reg, &newer->public_key), -1);
	is_gone(reg, "alice");
	is_gone(reg, "alice.old");
	does(reg, PRG_REVOKE, "alice.old", PRG_FIELD_HOLD, NULL);
	in_line(reg);
	/* the routes are free */
	does(reg, PRG_ADD, "bob", PRG_FIELD_ROUTES, "192.168.7.0/24");
}

static void the_older_key_alone_may_go(void **state)
{
	struct prg_register *reg = *state;
	PRG_PEER *older = find(reg, "alice"), *newer = NULL;

	does(reg, PRG_ROTATE, "alice", PRG_FIELD_OVERLAP, "7d");
	newer = find(reg, "alice");
	does(reg, PRG_REVOKE, "alice.old", PRG_FIELD_HOLD, NULL);
	assert_int_equal(running(reg, &older->public_key), -1);
	assert_int_equal(running(reg, &newer->public_key), 4);
	in_line(reg);
}

static void off_is_off(void **state)
{
	struct prg_register *reg = *state;
	PRG_PEER *older = find(reg, "alice"), *newer = NULL;

	does(reg, PRG_ROTATE, "alice", PRG_FIELD_OVERLAP, "7d");
	newer = find(reg, "alice");
	does(reg, PRG_DISABLE, "alice", PRG_FIELD_EXPIRES, NULL);
	assert_int_equal(running(reg, &older->public_key), -1);
	assert_int_equal(running(reg, &newer->public_key), -1);
	in_line(reg);
	does(reg, PRG_ENABLE, "alice", PRG_FIELD_EXPIRES, NULL);
	assert_int_equal(running(reg, &older->public_key), -1);
	assert_int_equal(running(reg, &newer->public_key), 4);
	in_line(reg);
}

static void of_a_disabled_peer_nothing_overlaps(void **state)
{
	struct prg_register *reg = *state;
	PRG_PEER *before = find(reg, "alice"), *after = NULL;
	PRG_REPORT *report = NULL;

	does(reg, PRG_DISABLE, "alice", PRG_FIELD_EXPIRES, NULL);
	assert_ok(act(reg, PRG_ROTATE, "alice", PRG_FIELD_OVERLAP, "7d", &report));
	assert_non_null(strstr(prg_report_remark(report, 0), "nothing to overlap"));
	after = find(reg, "alice");
	assert_int_equal(after->id, before->id);
	assert_int_equal(after->older_until, 0);
	assert_int_equal(after->addresses[0].addr.bytes[3], 2);
}

static void the_older_key_follows(void **state)
{
	struct prg_register *reg = *state;
	PRG_PEER *older = NULL;

	does(reg, PRG_ADD, "carol.old", PRG_FIELD_NOTE, NULL);
	does(reg, PRG_ROTATE, "alice", PRG_FIELD_OVERLAP, "7d");
	does(reg, PRG_RENAME, "alice", PRG_FIELD_NEW_NAME, "carol");
	does(reg, PRG_SET, "carol", PRG_FIELD_EXPIRES, "2099-01-01");
	does(reg, PRG_SET, "carol", PRG_FIELD_QUOTA, "10G/month");
	does(reg, PRG_SET, "carol", PRG_FIELD_NOTE, "hers");
	older = find(reg, "carol.old2");
	assert_string_equal(older->successor, "carol");
	assert_int_equal(older->expires_at, 4070908800);
	assert_true(older->quota_bytes == 10000000000);
	assert_int_equal(older->quota_period, PRG_QUOTA_MONTH);
	assert_null(older->note);
	in_line(reg);
	refuses(reg, PRG_RENAME, "carol.old2", PRG_FIELD_NEW_NAME, "x", PRG_E_CONFLICT,
	        "older key of peer carol");
	refuses(reg, PRG_ROTATE, "carol.old2", PRG_FIELD_OVERLAP, NULL, PRG_E_CONFLICT,
	        "older key of peer carol");
	refuses(reg, PRG_SET, "carol.old2", PRG_FIELD_NOTE, "x", PRG_E_CONFLICT,
	        "older key of peer carol");
	refuses(reg, PRG_SET, "carol", PRG_FIELD_ROUTES, "none", PRG_E_CONFLICT,
	        "peerage revoke carol.old2");
}

static void a_full_pool_leaves_all_as_it_was(void **state)
{
	struct prg_register *reg = *state;
	PRG_PEER *before = find(reg, "alice"), *after = NULL;
	char name[] = "p0";

	for (; name[1] < '4'; name[1]++)
		does(reg, PRG_ADD, name, PRG_FIELD_NOTE, NULL);
	refuses(reg, PRG_ROTATE, "alice", PRG_FIELD_OVERLAP, "7d", PRG_E_FULL,
	        "without --overlap");
	after = find(reg, "alice");
	assert_memory_equal(&after->public_key, &before->public_key, PRG_KEY_BYTES);
	assert_int_equal(after->older_until, 0);
	in_line(reg);
}

static void what_is_no_overlap_is_refused(void **state)
{
	static const char *const wrong[] = { "59s", "366d", "none", "7", "" };
	INTENT *intent = NULL;
	size_t i;

	(void)state;
	assert_ok(prg_intent_new(PRG_ROTATE, "wg0", &intent, &err));
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(prg_intent_set(intent, PRG_FIELD_OVERLAP, wrong[i], &err),
		                 PRG_E_USAGE);
	assert_ok(prg_intent_set(intent, PRG_FIELD_OVERLAP, "60s", &err));
	assert_ok(prg_intent_set(intent, PRG_FIELD_OVERLAP, "1y", &err));
}

static void names_of_older_keys(void **state)
{
	char name[PRG_NAME_BYTES + 1], long_name[PRG_NAME_BYTES + 1];

	(void)state;
	prg_name_older("alice", 1, name);
	assert_string_equal(name, "alice.old");
	prg_name_older("alice", 12, name);
	assert_string_equal(name, "alice.old12");
	/* 60 bytes stay, and the letter of two bytes that begins with the 60th does not */
	memset(long_name, 'a', sizeof(long_name) - 1);
	memcpy(long_name + 59, "\xc3\xa9", 2);
	long_name[PRG_NAME_BYTES] = '\0';
	prg_name_older(long_name, 1, name);
	assert_int_equal(strlen(name), 63);
	assert_string_equal(name + 59, ".old");
	assert_ok(prg_name_check(name, &err));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(both_keys_work_until_the_newer_is_used),
		TEST(its_time_ends_it),
		TEST(many_at_once),
		TEST(there_are_two_keys_at_most),
		TEST(a_peer_that_is_cut_off_has_no_key_left),
		TEST(the_older_key_alone_may_go),
		TEST(off_is_off),
		TEST(of_a_disabled_peer_nothing_overlaps),
		TEST(the_older_key_follows),
		TEST(a_full_pool_leaves_all_as_it_was),
		TEST(what_is_no_overlap_is_refused),
		TEST(names_of_older_keys),
	};
	int failed;

	if (mkdtemp(directory) == NULL)
		return 1;
	snprintf(path, sizeof(path), "%s/register.db", directory);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(directory);
	return failed;
}
