/* SPDX-License-Identifier: ISC */
/* A register of one interface on the memory backend, a clock that a test sets, and a
 * look at what runs. For test programs of ticks. */
#ifndef PRG_TESTS_TICK_FIXTURE_H
#define PRG_TESTS_TICK_FIXTURE_H

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

#define RUNNING 12

struct running {
	struct prg_public_key key;
	uint64_t rx, tx;
};

static struct running running[RUNNING];
static size_t n_running;

static int take(void *context, const struct prg_wg_peer *peer, struct prg_error *e)
{
	(void)context;
	(void)e;
	assert_in_range(n_running, 0, RUNNING - 1);
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

static int run_ticks(const struct CMUnitTest *tests, size_t n)
{
	int failed;

	if (mkdtemp(directory) == NULL)
		return 1;
	snprintf(path, sizeof(path), "%s/register.db", directory);
	failed = _cmocka_run_group_tests("tests", tests, n, NULL, NULL);
	rmdir(directory);
	return failed;
}

#endif
