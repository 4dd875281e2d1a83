/* SPDX-License-Identifier: ISC */
/* Ticks on the memory backend: expiry and quotas by clocks that are right and wrong,
 * endpoints forgotten, drift told. */
#include "tick_fixture.h"

/* Drift is told as it is when the tick ends: what the tick itself mends is none. */
static void drift_is_told_as_it_is_at_the_end(void **state)
{
	struct prg_public_key key;

	(void)state;
	assert_ok(verb(PRG_ADD, 0, "stays"));
	assert_ok(verb(PRG_ADD, 0, "goes"));
	assert_ok(set(PRG_SET, "goes", PRG_FIELD_EXPIRES, "1h"));
	assert_ok(verb(PRG_MAINTAIN, 0, NULL));
	assert_int_equal(prg_report_upkeep(report)->differing, 0);
	key = key_of("goes");
	remove_behind(&key);
	assert_ok(verb(PRG_MAINTAIN, 0, NULL));
	assert_int_equal(prg_report_upkeep(report)->differing, 1);
	key = key_of("stays");
	remove_behind(&key);
	pass(7200);
	assert_ok(verb(PRG_MAINTAIN, 0, NULL));
	assert_int_equal(number("SELECT state FROM peer WHERE name = '%s'", "goes"),
	                 PRG_PEER_EXPIRED);
	assert_int_equal(prg_report_upkeep(report)->differing, 1);
	assert_ok(verb(PRG_SYNC, 0, NULL));
	assert_ok(verb(PRG_MAINTAIN, 0, NULL));
	assert_int_equal(prg_report_upkeep(report)->differing, 0);
}

/* --------------------------------------------------------------- expiry and quotas */

#define DAY   ((int64_t)86400)
#define YEARS (10 * 365 * DAY)

static struct prg_peer *peer_of(const char *name)
{
	struct prg_peer *peer = NULL;

	assert_ok(prg_find_peer(reg, "wg0", name, &peer, &err));
	return peer;
}

static void is_in_state(const char *name, enum prg_peer_state state, int64_t resumes_at)
{
	PRG_PEER *peer = peer_of(name);

	assert_int_equal(peer->state, state);
	assert_int_equal(peer->resumes_at, resumes_at);
}

static void tick_ok(void)
{
	assert_ok(verb(PRG_MAINTAIN, 0, NULL));
}

static bool remarked(const char *words)
{
	size_t i;

	for (i = 0; i < prg_report_n_remarks(report); i++)
		if (strstr(prg_report_remark(report, i), words) != NULL)
			return true;
	return false;
}

static bool runs(const char *name)
{
	const struct prg_public_key key = key_of(name);

	look_at_kernel();
	return find_running(&key) != NULL;
}

static void add_until(const char *name, int64_t after)
{
	char text[24];

	assert_ok(verb(PRG_ADD, 0, name));
	snprintf(text, sizeof(text), "%llds", (long long)after);
	assert_ok(set(PRG_SET, name, PRG_FIELD_EXPIRES, text));
}

static void who_expires_is_cut_off(void **state)
{
	(void)state;
	add_until("alice", 100);
	tick_ok();
	assert_true(runs("alice"));
	pass(100);
	tick_ok();
	assert_int_equal(prg_report_upkeep(report)->expired, 1);
	assert_false(runs("alice"));
	is_in_state("alice", PRG_PEER_EXPIRED, 0);
	tick_ok();
	assert_int_equal(prg_report_upkeep(report)->expired, 0);
}

/* Criterion: a boot in 1970, a jump of ten years ahead and back, a leap over DST. */
static void wrong_clocks_cut_nobody_off(void **state)
{
	(void)state;
	add_until("alice", 30 * DAY);
	add_until("gone", 60);
	pass(60);
	tick_ok();
	is_in_state("gone", PRG_PEER_EXPIRED, 0);

	look.wall_s += YEARS; /* vouched for or not */
	tick_ok();
	look.synchronised = false;
	tick_ok();
	assert_ok(verb(PRG_ADD, 0, "made-in-2037"));
	assert_true(runs("alice"));
	assert_false(runs("gone"));
	look.wall_s -= YEARS;
	look.synchronised = true;
	pass(600);
	tick_ok();
	assert_true(runs("alice"));
	assert_false(runs("gone"));
	/* what was written meanwhile does not date from then */
	assert_true(number("SELECT max(time) FROM audit%s", "") < NOW + 3600);
	assert_true(number("SELECT max(created_at) FROM peer%s", "") < NOW + 3600);

	strcpy(look.boot_id, "b"); /* a boot in 1970 */
	look.boottime_s = 20;
	look.wall_s = 20;
	look.synchronised = false;
	prg_memory_reset();
	assert_ok(verb(PRG_UP, 0, NULL));
	tick_ok();
	assert_ok(verb(PRG_ADD, 0, "made-in-1970"));
	assert_true(number("SELECT created_at FROM peer WHERE name = 'made-in-1970'%s", "") >= NOW);
	assert_false(runs("gone"));
	look.wall_s = NOW + DAY;
	look.synchronised = true;
	tick_ok();
	assert_true(runs("alice"));
	assert_false(runs("gone"));

	look.wall_s += 3600; /* local time, an hour ahead, and back */
	tick_ok();
	look.wall_s -= 3600;
	tick_ok();
	assert_true(runs("alice"));
	look.wall_s = NOW + 30 * DAY; /* a jump that somebody vouches for: not at once */
	tick_ok();
	assert_true(runs("alice"));
	pass(3600);
	tick_ok();
	assert_false(runs("alice"));
	is_in_state("alice", PRG_PEER_EXPIRED, 0);
	look.wall_s -= 29 * DAY; /* what has expired stays so */
	tick_ok();
	pass(3601);
	tick_ok();
	assert_false(runs("alice"));
}

static void quotas_cut_off_and_let_in(void **state)
{
	const int64_t tomorrow = NOW - NOW % DAY + DAY, february = 1801440000;

	(void)state;
	assert_ok(verb(PRG_ADD, 0, "day"));
	assert_ok(verb(PRG_ADD, 0, "month"));
	assert_ok(verb(PRG_ADD, 0, "total"));
	assert_ok(set(PRG_SET, "day", PRG_FIELD_QUOTA, "1000/day"));
	assert_ok(set(PRG_SET, "month", PRG_FIELD_QUOTA, "1000/month"));
	assert_ok(set(PRG_SET, "total", PRG_FIELD_QUOTA, "1000"));
	traffic("day", 499, 500);
	traffic("month", 499, 500);
	traffic("total", 499, 500);
	tick_ok();
	assert_int_equal(prg_report_upkeep(report)->cut, 0);
	traffic("day", 1, 0);
	traffic("month", 0, 1);
	traffic("total", 1, 0);
	tick_ok();
	assert_int_equal(prg_report_upkeep(report)->cut, 3);
	assert_true(remarked("peer day is cut off until 2027-01-16T00:00:00Z"));
	is_in_state("day", PRG_PEER_EXPIRED, tomorrow);
	is_in_state("month", PRG_PEER_EXPIRED, february);
	is_in_state("total", PRG_PEER_EXPIRED, INT64_MAX);
	look_at_kernel();
	assert_int_equal(n_running, 0);
	assert_int_equal(verb(PRG_ENABLE, 0, "day"), PRG_E_CONFLICT);
	assert_non_null(strstr(err.message, "until 2027-01-16"));
	assert_int_equal(set(PRG_ENABLE, "total", PRG_FIELD_EXPIRES, "30d"), PRG_E_CONFLICT);
	assert_non_null(strstr(err.message, "--quota"));

	assert_ok(set(PRG_SET, "total", PRG_FIELD_QUOTA, "900")); /* still too little */
	is_in_state("total", PRG_PEER_EXPIRED, INT64_MAX);
	assert_ok(set(PRG_SET, "total", PRG_FIELD_QUOTA, "1001"));
	assert_true(runs("total"));
	is_in_state("total", PRG_PEER_ACTIVE, 0);

	look.synchronised = false; /* tomorrow, says somebody */
	pass(DAY);
	tick_ok();
	is_in_state("day", PRG_PEER_EXPIRED, tomorrow);
	look.synchronised = true;
	tick_ok();
	assert_int_equal(prg_report_upkeep(report)->resumed, 1);
	is_in_state("day", PRG_PEER_ACTIVE, 0);
	assert_true(runs("day"));
	assert_false(runs("month"));
	traffic("day", 999, 0);
	tick_ok();
	assert_int_equal(prg_report_upkeep(report)->cut, 0);
	look.wall_s = february;
	look.boottime_s += 15 * DAY;
	tick_ok(); /* off by a few hours only */
	is_in_state("month", PRG_PEER_ACTIVE, 0);
	traffic("month", 2000, 0);
	tick_ok();
	is_in_state("month", PRG_PEER_EXPIRED, february + 28 * DAY);
	assert_ok(set(PRG_SET, "month", PRG_FIELD_QUOTA, "none"));
	assert_true(runs("month"));
}

static void a_quota_and_a_time(void **state)
{
	(void)state;
	add_until("alice", 2 * DAY);
	assert_ok(set(PRG_SET, "alice", PRG_FIELD_QUOTA, "1000/month"));
	traffic("alice", 5000, 0);
	tick_ok();
	is_in_state("alice", PRG_PEER_EXPIRED, 1801440000);
	pass(20 * DAY);
	tick_ok();
	is_in_state("alice", PRG_PEER_EXPIRED, 0); /* the month is over, and so is her time */
	assert_int_equal(prg_report_upkeep(report)->resumed, 0);
	assert_int_equal(verb(PRG_ENABLE, 0, "alice"), PRG_E_CONFLICT);
	assert_non_null(strstr(err.message, "--expires"));
	assert_ok(set(PRG_ENABLE, "alice", PRG_FIELD_EXPIRES, "30d"));
	assert_true(runs("alice"));
	traffic("alice", 5000, 0);
	tick_ok();
	assert_false(runs("alice"));
	assert_ok(verb(PRG_DISABLE, 0, "alice"));
	is_in_state("alice", PRG_PEER_DISABLED, 0);
	assert_int_equal(verb(PRG_ENABLE, 0, "alice"), PRG_E_CONFLICT);
}

static void a_quota_is_of_both_keys(void **state)
{
	struct prg_public_key older;

	(void)state;
	assert_ok(verb(PRG_ADD, 0, "alice"));
	assert_ok(set(PRG_SET, "alice", PRG_FIELD_QUOTA, "1000/day"));
	older = key_of("alice");
	traffic("alice", 600, 0);
	tick_ok();
	assert_ok(set(PRG_ROTATE, "alice", PRG_FIELD_OVERLAP, "7d"));
	assert_ok(prg_memory_traffic("wg0", &older, look.wall_s, 300, 100, NULL));
	tick_ok();
	look_at_kernel();
	assert_int_equal(n_running, 0);
	pass(DAY);
	tick_ok();
	look_at_kernel();
	assert_int_equal(n_running, 2);
}

/* -------------------------------------------------------------------------- endpoints */

static void endpoints_are_forgotten(void **state)
{
	struct prg_wg_endpoint from = { .addr = { .family = 4, .bytes = { 192, 0, 2, 7 } },
		                        .port = 1234 };
	struct prg_public_key alice, site;

	(void)state;
	assert_ok(verb(PRG_ADD, 0, "alice"));
	assert_ok(verb(PRG_ADD, 0, "site"));
	assert_ok(set(PRG_SET, "site", PRG_FIELD_PEER_ENDPOINT, "192.0.2.8:51820"));
	alice = key_of("alice");
	site = key_of("site");
	assert_ok(prg_memory_traffic("wg0", &alice, look.wall_s, 1, 2, &from));
	assert_ok(prg_memory_traffic("wg0", &site, look.wall_s, 1, 2, NULL));
	tick_ok();
	pass(599);
	tick_ok();
	assert_int_equal(prg_report_upkeep(report)->scrubbed, 0);
	look.wall_s += 3600; /* a step: no handshake is known to be old */
	tick_ok();
	assert_int_equal(prg_report_upkeep(report)->scrubbed, 0);
	look.wall_s -= 3600;
	pass(1);
	tick_ok();
	assert_int_equal(prg_report_upkeep(report)->scrubbed, 0);
	pass(200);
	tick_ok();
	assert_int_equal(prg_report_upkeep(report)->scrubbed, 1);
	assert_int_equal(prg_report_upkeep(report)->differing, 0);
	tick_ok();
	assert_int_equal(prg_report_upkeep(report)->scrubbed, 0);
	assert_ok(prg_memory_traffic("wg0", &alice, 0, 1, 2, &from)); /* one that never ended */
	tick_ok();
	assert_int_equal(prg_report_upkeep(report)->scrubbed, 1);
	assert_ok(prg_memory_traffic("wg0", &alice, look.wall_s + YEARS, 1, 2, &from));
	tick_ok(); /* from when the clock was ahead */
	assert_int_equal(prg_report_upkeep(report)->scrubbed, 1);
}

static void drift_is_told(void **state)
{
	struct prg_public_key alice;

	(void)state;
	assert_ok(verb(PRG_ADD, 0, "alice"));
	alice = key_of("alice");
	tick_ok();
	assert_int_equal(prg_report_n_remarks(report), 0);
	remove_behind(&alice);
	tick_ok();
	assert_int_equal(prg_report_upkeep(report)->differing, 1);
	assert_true(remarked("audit"));
	prg_memory_link_remove("wg0");
	assert_int_equal(verb(PRG_MAINTAIN, 0, NULL), PRG_E_NOT_APPLIED);
	assert_non_null(strstr(err.message, "not running"));
}

/* What digests do not tell: an endpoint that lacks, a route. */
static void endpoints_and_routes_that_lack(void **state)
{
	const struct prg_wg_endpoint from = { .addr = { .family = 4, .bytes = { 192, 0, 2, 7 } },
		                              .port = 1234 };
	struct prg_wg_peer peer = { .endpoint = prg_wg_nowhere };
	struct prg_op op = { .kind = PRG_OP_PEER_SET, .fields = PRG_OF_ENDPOINT, .peer = &peer };
	PRG_BACKEND *backend = NULL;

	(void)state;
	assert_ok(verb(PRG_ADD, 0, "alice"));
	assert_ok(verb(PRG_ADD, 0, "site"));
	assert_ok(set(PRG_SET, "site", PRG_FIELD_PEER_ENDPOINT, "192.0.2.8:51820"));
	assert_ok(set(PRG_SET, "site", PRG_FIELD_ROUTES, "192.168.7.0/24"));
	for (int i = 0; i < 2; i++) { /* digests are made, then kept */
		tick_ok();
		assert_int_equal(prg_report_upkeep(report)->differing, 0);
		assert_false(remarked("audit"));
	}
	assert_ok(prg_backend_open(PRG_BACKEND_MEMORY, "wg0", &backend, &err));
	peer.public_key = key_of("site");
	assert_ok(prg_backend_apply(backend, &op, 1, NULL, NULL, &err));
	tick_ok();
	assert_int_equal(prg_report_upkeep(report)->differing, 1);
	assert_ok(prg_memory_traffic("wg0", &peer.public_key, look.wall_s, 1, 2, &from));
	tick_ok(); /* it roams */
	assert_int_equal(prg_report_upkeep(report)->differing, 0);
	op = (struct prg_op){ .kind = PRG_OP_ROUTE_DEL };
	assert_ok(prg_prefix_parse("192.168.7.0/24", &op.prefix, &err));
	assert_ok(prg_backend_apply(backend, &op, 1, NULL, NULL, &err));
	tick_ok();
	assert_int_equal(prg_report_upkeep(report)->differing, 1);
	assert_ok(verb(PRG_SYNC, 0, NULL));
	tick_ok();
	assert_int_equal(prg_report_upkeep(report)->differing, 0);
}

/* With nothing to do nothing is written: the file's log does not grow. */
static void nothing_is_written_for_nothing(void **state)
{
	char wal[80];
	FILE *file;
	long before, after;

	(void)state;
	assert_ok(verb(PRG_ADD, 0, "alice"));
	traffic("alice", 1, 2);
	tick_ok();
	tick_ok(); /* the chain's end is remembered */
	snprintf(wal, sizeof(wal), "%s-wal", path);
	file = fopen(wal, "r");
	assert_non_null(file);
	fseek(file, 0, SEEK_END);
	before = ftell(file);
	pass(300);
	tick_ok();
	fseek(file, 0, SEEK_END);
	after = ftell(file);
	fclose(file);
	assert_int_equal(before, after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(who_expires_is_cut_off, setup, teardown),
		cmocka_unit_test_setup_teardown(wrong_clocks_cut_nobody_off, setup, teardown),
		cmocka_unit_test_setup_teardown(quotas_cut_off_and_let_in, setup, teardown),
		cmocka_unit_test_setup_teardown(a_quota_and_a_time, setup, teardown),
		cmocka_unit_test_setup_teardown(a_quota_is_of_both_keys, setup, teardown),
		cmocka_unit_test_setup_teardown(endpoints_are_forgotten, setup, teardown),
		cmocka_unit_test_setup_teardown(drift_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(endpoints_and_routes_that_lack, setup, teardown),
		cmocka_unit_test_setup_teardown(drift_is_told_as_it_is_at_the_end, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(nothing_is_written_for_nothing, setup, teardown),
	};

	return run_ticks(tests, sizeof(tests) / sizeof(tests[0]));
}
