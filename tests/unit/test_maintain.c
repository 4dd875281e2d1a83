/* SPDX-License-Identifier: ISC */
/* Ticks on the memory backend: counters against a model, whatever happens between
 * two ticks; expiry and quotas by clocks that are right and wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "backend/memory.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "model/peer.h"
#include "report.h"

#define NOW ((int64_t)1800000000) /* 2027-01-15T08:00:00Z */

static char directory[] = "/tmp/peerage-maintain-XXXXXX";
static char path[64];
static struct prg_error err;
static struct prg_register *reg;
static struct prg_clock_look look;
static struct prg_report *report;

#define INTENT PRG_CLEANUP(prg_intent_free) struct prg_intent

static void remove_register(void)
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	char file[80];
	size_t i;

	for (i = 0; i < 3; i++) {
		snprintf(file, sizeof(file), "%s%s", path, ends[i]);
		unlink(file);
	}
}

static void assert_ok(int rc)
{
	if (rc != 0)
		print_error("%d: %s\n", rc, err.message);
	assert_int_equal(rc, 0);
}

static int execute(struct prg_intent *intent)
{
	prg_report_free(&report);
	err.message[0] = '\0';
	return prg_execute(reg, intent, &report, &err);
}

static int verb(enum prg_verb which, unsigned flags, const char *peer)
{
	INTENT *intent = NULL;

	assert_ok(prg_intent_new(which, "wg0", &intent, &err));
	prg_intent_set_flags(intent, flags);
	if (peer != NULL)
		assert_ok(prg_intent_peer(intent, peer, &err));
	return execute(intent);
}

static int set(enum prg_verb which, const char *peer, enum prg_field field, const char *text)
{
	INTENT *intent = NULL;

	assert_ok(prg_intent_new(which, "wg0", &intent, &err));
	assert_ok(prg_intent_peer(intent, peer, &err));
	assert_ok(prg_intent_set(intent, field, text, &err));
	return execute(intent);
}

static int setup(void **state)
{
	INTENT *intent = NULL;

	(void)state;
	remove_register();
	prg_memory_reset();
	look = (struct prg_clock_look){ .wall_s = NOW, .boottime_s = 1000, .synchronised = true,
		                        .boot_id = "a" };
	prg_clock_pretend(&look);
	assert_ok(prg_register_open(path, PRG_OPEN_CREATE, 1000, &reg, &err));
	prg_register_set_backend(reg, PRG_BACKEND_MEMORY);
	assert_ok(prg_intent_new(PRG_INIT, "wg0", &intent, &err));
	assert_ok(prg_intent_set(intent, PRG_FIELD_ENDPOINT, "vpn.example.org", &err));
	assert_ok(prg_intent_set(intent, PRG_FIELD_ADDRESS, "10.8.0.1/24", &err));
	assert_ok(execute(intent));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	prg_report_free(&report);
	prg_register_close(&reg);
	remove_register();
	prg_clock_pretend(NULL);
	return 0;
}

static void pass(int64_t seconds)
{
	look.wall_s += seconds;
	look.boottime_s += seconds;
}

static int64_t number(const char *format, const char *name)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *stmt = NULL;
	int64_t n = -1;
	char sql[256];

	snprintf(sql, sizeof(sql), format, name);
	if (sqlite3_open(path, &db) != SQLITE_OK ||
	    sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	if (sqlite3_step(stmt) == SQLITE_ROW)
		n = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return n;
}

static struct prg_public_key key_of(const char *name)
{
	PRG_PEER *peer = NULL;

	assert_ok(prg_find_peer(reg, "wg0", name, &peer, &err));
	return peer->public_key;
}


static void traffic(const char *name, uint64_t rx, uint64_t tx)
{
	const struct prg_public_key key = key_of(name);

	assert_ok(prg_memory_traffic("wg0", &key, look.wall_s, rx, tx, NULL));
}

/* ------------------------------------------------------------- what runs, as it is */

#define PEERS 6

struct running {
	struct prg_public_key key;
	uint64_t rx, tx;
};

static struct running running[2 * PEERS];
static size_t n_running;

static int take(void *context, const struct prg_wg_peer *peer, struct prg_error *e)
{
	(void)context;
	(void)e;
	assert_in_range(n_running, 0, 2 * PEERS - 1);
	running[n_running++] =
		(struct running){ peer->public_key, peer->rx_bytes, peer->tx_bytes };
	return 0;
}

static void again(void *context)
{
	(void)context;
	n_running = 0;
}

static void look_at_kernel(void)
{
	const struct prg_observer observer = { .peer = take, .restart = again };
	PRG_BACKEND *backend = NULL;
	bool interrupted;

	n_running = 0;
	assert_ok(prg_backend_open(PRG_BACKEND_MEMORY, "wg0", &backend, &err));
	(void)prg_backend_observe(backend, &observer, &interrupted, &err);
}

static struct running *find_running(const struct prg_public_key *key)
{
	size_t i;

	for (i = 0; i < n_running; i++)
		if (memcmp(&running[i].key, key, sizeof(*key)) == 0)
			return &running[i];
	return NULL;
}

static void remove_behind(const struct prg_public_key *key)
{
	const struct prg_wg_peer peer = { .public_key = *key };
	const struct prg_op op = { .kind = PRG_OP_PEER_REMOVE, .peer = &peer };
	PRG_BACKEND *backend = NULL;

	assert_ok(prg_backend_open(PRG_BACKEND_MEMORY, "wg0", &backend, &err));
	(void)prg_backend_apply(backend, &op, 1, NULL, NULL, &err);
}

/* -------------------------------------------------------------------- the model */

static struct model {
	char name[8];
	struct prg_public_key key;
	uint64_t rx, tx;         /* of the peer that the kernel has */
	uint64_t rx_told, tx_told; /* of these, at the last tick */
	uint64_t rx_total, tx_total;
} model[PEERS];

static void forget(struct model *m)
{
	m->rx = m->tx = m->rx_told = m->tx_told = 0;
}

/* Without traffic in between, a counter falls or goes only with its peer. */
static void follow(void)
{
	size_t i;

	look_at_kernel();
	for (i = 0; i < PEERS; i++) {
		struct prg_public_key key = key_of(model[i].name);
		const struct running *now = find_running(&key);

		if (memcmp(&key, &model[i].key, sizeof(key)) != 0 || now == NULL ||
		    now->rx < model[i].rx || now->tx < model[i].tx)
			forget(&model[i]);
		model[i].key = key;
		if (now != NULL) {
			model[i].rx = now->rx;
			model[i].tx = now->tx;
		}
	}
}

static void check_totals(unsigned seed, unsigned step)
{
	size_t i;

	for (i = 0; i < PEERS; i++) {
		int64_t rx = number("SELECT u.rx_bytes FROM usage u JOIN peer p ON p.id = u.peer_id "
		                    "WHERE p.name = '%s'",
		                    model[i].name);
		int64_t tx = number("SELECT u.tx_bytes FROM usage u JOIN peer p ON p.id = u.peer_id "
		                    "WHERE p.name = '%s'",
		                    model[i].name);
		int64_t days = number("SELECT sum(d.rx_bytes + d.tx_bytes) FROM usage_day d JOIN "
		                      "peer p ON p.id = d.peer_id WHERE p.name = '%s'",
		                      model[i].name);

		rx = rx < 0 ? 0 : rx;
		tx = tx < 0 ? 0 : tx;
		if ((uint64_t)rx != model[i].rx_total || (uint64_t)tx != model[i].tx_total ||
		    days != rx + tx)
			fail_msg("seed %u, step %u: %s has %lld and %lld, by day %lld, and should "
			         "have %llu and %llu",
			         seed, step, model[i].name, (long long)rx, (long long)tx,
			         (long long)days, (unsigned long long)model[i].rx_total,
			         (unsigned long long)model[i].tx_total);
	}
}

/* interrupted: half of the peers are seen, and of the others nothing is known. */
static void tick(bool interrupted)
{
	struct running before[2 * PEERS];
	size_t n, i, k;
	int rc;

	look_at_kernel();
	n = n_running;
	memcpy(before, running, sizeof(before));
	if (interrupted)
		prg_memory_interrupt("wg0", 6);
	rc = verb(PRG_MAINTAIN, 0, NULL);
	prg_memory_interrupt("wg0", 0);
	if (rc != 0)
		assert_int_equal(rc, PRG_E_NOT_APPLIED);
	look_at_kernel();
	for (k = 0; k < (interrupted ? n / 2 : n); k++)
		for (i = 0; i < PEERS; i++) {
			const struct running *after = find_running(&before[k].key);

			if (memcmp(&model[i].key, &before[k].key, sizeof(before[k].key)) != 0 ||
			    after == NULL || after->rx < before[k].rx || after->tx < before[k].tx)
				continue; /* what was pending took it away first */
			model[i].rx_total += before[k].rx - model[i].rx_told;
			model[i].tx_total += before[k].tx - model[i].tx_told;
			model[i].rx_told = before[k].rx;
			model[i].tx_told = before[k].tx;
		}
	follow();
}

/* Of all sizes: a counter that was made anew may overtake what the old one said. */
static uint64_t some_bytes(void)
{
	return (uint64_t)rand() % 16 << rand() % 12;
}

static void some_traffic(void)
{
	size_t i;

	look_at_kernel();
	for (i = 0; i < PEERS; i++) {
		if (rand() % 2 == 0 || find_running(&model[i].key) == NULL)
			continue;
		traffic(model[i].name, some_bytes(), some_bytes());
	}
	follow();
}

/* A process that was killed between its COMMIT and its acknowledgement. */
static void killed(enum prg_verb which, const char *name)
{
	(void)verb(which, PRG_NO_APPLY, name);
	if (which == PRG_DISABLE && rand() % 2) {
		struct prg_public_key key = key_of(name);

		remove_behind(&key);
	}
}

static void reboot(void)
{
	look.boot_id[0] = look.boot_id[0] == 'z' ? 'a' : (char)(look.boot_id[0] + 1);
	look.boottime_s = 10;
	pass(100);
	prg_memory_reset();
	if (rand() % 2)
		tick(false); /* a timer that is quicker than the interface */
	assert_ok(verb(PRG_UP, 0, NULL));
}

static void happen(void)
{
	const char *name = model[rand() % PEERS].name;
	struct prg_public_key key = key_of(name);

	switch (rand() % 16) {
	case 0: (void)verb(PRG_DISABLE, 0, name); break;
	case 1: (void)verb(PRG_ENABLE, 0, name); break;
	case 2: (void)verb(PRG_ROTATE, 0, name); break;
	case 3: (void)verb(PRG_DOWN, 0, NULL), (void)verb(PRG_UP, 0, NULL); break;
	case 4: reboot(); break;
	case 5: remove_behind(&key), (void)verb(PRG_SYNC, 0, NULL); break;
	case 6: remove_behind(&key); break;
	case 7: killed(PRG_DISABLE, name); break;
	case 8: killed(PRG_ENABLE, name); break;
	case 9:
		prg_memory_fail("wg0", 1, PRG_E_FAILED);
		(void)verb(rand() % 2 ? PRG_DISABLE : PRG_ENABLE, 0, name);
		prg_memory_fail("wg0", 0, 0);
		break;
	case 10: (void)set(PRG_SET, name, PRG_FIELD_KEEPALIVE, rand() % 2 ? "25" : "none"); break;
	case 11: (void)verb(PRG_SYNC, 0, NULL); break;
	case 12: tick(false), some_traffic(), tick(true); break;
	case 13: pass(rand() % 90000); break;
	default: break;
	}
}

static void counters_are_exact(void **state)
{
	unsigned seed = (unsigned)time(NULL), step;
	size_t i;

	(void)state;
	if (getenv("SEED") != NULL)
		seed = (unsigned)strtoul(getenv("SEED"), NULL, 10);
	print_message("seed %u\n", seed);
	srand(seed);
	for (i = 0; i < PEERS; i++) {
		memset(&model[i], 0, sizeof(model[i]));
		snprintf(model[i].name, sizeof(model[i].name), "p%zu", i);
		assert_ok(verb(PRG_ADD, 0, model[i].name));
	}
	follow();
	for (step = 0; step < 400; step++) {
		some_traffic();
		happen();
		follow();
		if (rand() % 3 == 0)
			tick(false);
		check_totals(seed, step);
	}
}

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

static void an_older_key_is_used(void **state)
{
	struct prg_public_key older;

	(void)state;
	assert_ok(verb(PRG_ADD, 0, "alice"));
	older = key_of("alice");
	traffic("alice", 100, 200);
	assert_ok(verb(PRG_MAINTAIN, 0, NULL));
	assert_int_equal(prg_report_upkeep(report)->counted, 1);
	assert_ok(set(PRG_ROTATE, "alice", PRG_FIELD_OVERLAP, "7d"));
	assert_int_equal(number("SELECT u.rx_bytes FROM usage u JOIN peer p ON p.id = u.peer_id "
	                        "WHERE p.name = '%s'", "alice"), 100);
	assert_ok(prg_memory_traffic("wg0", &older, look.wall_s, 10, 20, NULL));
	assert_ok(verb(PRG_MAINTAIN, 0, NULL));
	assert_int_equal(number("SELECT u.rx_bytes FROM usage u JOIN peer p ON p.id = u.peer_id "
	                        "WHERE p.name = '%s'", "alice"), 110);
	assert_ok(prg_memory_traffic("wg0", &older, look.wall_s, 1, 2, NULL));
	traffic("alice", 1000, 2000);
	assert_ok(verb(PRG_MAINTAIN, 0, NULL));
	assert_int_equal(number("SELECT u.rx_bytes FROM usage u JOIN peer p ON p.id = u.peer_id "
	                        "WHERE p.name = '%s'", "alice"), 1111);
	assert_int_equal(number("SELECT sum(d.tx_bytes) FROM usage_day d JOIN peer p ON "
	                        "p.id = d.peer_id WHERE p.name = '%s'", "alice"), 2222);
	look_at_kernel();
	assert_int_equal(n_running, 1);
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
		cmocka_unit_test_setup_teardown(drift_is_told_as_it_is_at_the_end, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(nothing_is_written_for_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(an_older_key_is_used, setup, teardown),
		cmocka_unit_test_setup_teardown(counters_are_exact, setup, teardown),
	};
	int failed;

	if (mkdtemp(directory) == NULL)
		return 1;
	snprintf(path, sizeof(path), "%s/register.db", directory);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(directory);
	return failed;
}
