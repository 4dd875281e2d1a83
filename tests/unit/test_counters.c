/* SPDX-License-Identifier: ISC */
/* Counters on the memory backend: totals against a model, whatever happens between two
 * ticks, and each thing by itself that makes counters begin at zero. */
#include "tick_fixture.h"

#include "engine.h"
#include "expected.h"

#include "memcheck.h"

#define PEERS (RUNNING / 2)

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
	struct running before[RUNNING];
	size_t n, i, k;
	int rc;

	look_at_kernel();
	n = n_running;
	memcpy(before, running, sizeof(before));
	if (interrupted)
		prg_memory_interrupt("wg0", 1000);
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

static int count_one(void *context, int64_t id, const char *name, const struct prg_wg_peer *peer,
                     struct prg_error *e)
{
	(void)id;
	(void)name;
	return prg_expected_count(context, peer, e);
}

/* Whatever happened: what should run is what its kept number and sum say. */
static void sums_are_true(unsigned seed, unsigned step)
{
	struct prg_expected expected = { .n = 0 };
	PRG_INTERFACE *interface = NULL;

	assert_ok(prg_store_interface(reg->store, "wg0", &interface, &err));
	assert_ok(prg_expected_read(&expected, reg->store, interface, true, &err));
	assert_ok(prg_store_each_wg(reg->store, interface->id, count_one, &expected, &err));
	if (!prg_expected_all_met(&expected))
		fail_msg("seed %u, step %u: the sum of digests is not that of the peers", seed,
		         step);
	prg_expected_done(&expected);
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
	for (step = 0; step < memcheck_or(60, 400); step++) {
		some_traffic();
		happen();
		follow();
		if (rand() % 3 == 0)
			tick(false);
		check_totals(seed, step);
		sums_are_true(seed, step);
	}
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

/* --------------------------------------------------- one way to begin at zero each */

/* A hundred are counted; then it is made anew, and has more than that by the next tick:
 * no counter that fell gives it away. */
static void counted(void)
{
	assert_ok(verb(PRG_ADD, 0, "alice"));
	assert_ok(verb(PRG_ADD, 0, "bob"));
	traffic("alice", 100, 1000);
	assert_ok(verb(PRG_MAINTAIN, 0, NULL));
}

static void totals_are(int rx, int tx)
{
	assert_int_equal(number("SELECT u.rx_bytes FROM usage u JOIN peer p ON p.id = u.peer_id "
	                        "WHERE p.name = '%s'", "alice"), rx);
	assert_int_equal(number("SELECT u.tx_bytes FROM usage u JOIN peer p ON p.id = u.peer_id "
	                        "WHERE p.name = '%s'", "alice"), tx);
}

static void is_counted_from_zero(void)
{
	traffic("alice", 150, 1500);
	assert_ok(verb(PRG_MAINTAIN, 0, NULL));
	totals_are(250, 2500);
}

static void make_behind(const struct prg_public_key *key)
{
	const struct prg_wg_peer peer = { .public_key = *key };
	const struct prg_op op = { .kind = PRG_OP_PEER_SET, .peer = &peer,
		                   .fields = PRG_OF_CREATE };
	PRG_BACKEND *backend = NULL;

	assert_ok(prg_backend_open(PRG_BACKEND_MEMORY, "wg0", &backend, &err));
	assert_ok(prg_backend_apply(backend, &op, 1, NULL, NULL, &err));
}

/* Recorded only, so that the change itself has no say; then whatever comes drains. */
static void comes_back_by_draining(void)
{
	(void)verb(PRG_ENABLE, PRG_NO_APPLY, "alice");
	assert_ok(set(PRG_SET, "bob", PRG_FIELD_KEEPALIVE, "25"));
}

/* It went from the interface, and nobody came to note that it did. */
static void goes_unacknowledged(void)
{
	const struct prg_public_key key = key_of("alice");

	(void)verb(PRG_DISABLE, PRG_NO_APPLY, "alice");
	remove_behind(&key);
}

static void a_removal_is_acknowledged(void **state)
{
	(void)state;
	counted();
	assert_ok(verb(PRG_DISABLE, 0, "alice"));
	comes_back_by_draining();
	is_counted_from_zero();
}

static void a_removal_is_not_acknowledged(void **state)
{
	(void)state;
	counted();
	goes_unacknowledged();
	comes_back_by_draining();
	is_counted_from_zero();
}

static void sync_finds_a_removal_done(void **state)
{
	(void)state;
	counted();
	goes_unacknowledged();
	assert_ok(verb(PRG_SYNC, 0, NULL));
	comes_back_by_draining();
	is_counted_from_zero();
}

/* Routes that fail wait on rows of their own; those that all else waited on go. */
static void sync_finds_a_removal_done_and_a_route_fails(void **state)
{
	INTENT *intent = NULL;

	(void)state;
	counted();
	goes_unacknowledged();
	assert_ok(prg_intent_new(PRG_SET, "wg0", &intent, &err));
	prg_intent_set_flags(intent, PRG_NO_APPLY);
	assert_ok(prg_intent_peer(intent, "bob", &err));
	assert_ok(prg_intent_set(intent, PRG_FIELD_ROUTES, "192.168.50.0/24", &err));
	(void)execute(intent);
	prg_memory_fail("wg0", 2, PRG_E_FAILED);
	assert_int_equal(verb(PRG_SYNC, 0, NULL), PRG_E_NOT_APPLIED);
	prg_memory_fail("wg0", 0, 0);
	assert_int_equal(number("SELECT count(*) FROM pending WHERE kind = %s", "1"), 0);
	comes_back_by_draining();
	is_counted_from_zero();
}

static void sync_finds_a_peer_missing(void **state)
{
	struct prg_public_key key;

	(void)state;
	counted();
	key = key_of("alice");
	remove_behind(&key);
	assert_ok(verb(PRG_SYNC, 0, NULL));
	is_counted_from_zero();
}

static void a_tick_sees_a_peer_missing(void **state)
{
	struct prg_public_key key;

	(void)state;
	counted();
	key = key_of("alice");
	remove_behind(&key);
	assert_ok(verb(PRG_MAINTAIN, 0, NULL));
	make_behind(&key);
	is_counted_from_zero();
}

/* Somebody let in again who was disabled, and what came is counted. */
static void let_in_by_somebody(void)
{
	struct prg_public_key key;

	counted();
	key = key_of("alice");
	assert_ok(verb(PRG_DISABLE, 0, "alice"));
	make_behind(&key);
	traffic("alice", 100, 1000);
	(void)verb(PRG_MAINTAIN, 0, NULL);
	totals_are(200, 2000);
}

static void is_enabled_and_goes_on(void)
{
	assert_ok(verb(PRG_ENABLE, 0, "alice"));
	traffic("alice", 150, 1500);
	assert_ok(verb(PRG_MAINTAIN, 0, NULL));
	totals_are(350, 3500);
}

static void sync_removes_what_somebody_made(void **state)
{
	(void)state;
	let_in_by_somebody();
	assert_ok(verb(PRG_SYNC, 0, NULL));
	is_enabled_and_goes_on();
}

/* There already, with counters that go on. */
static void what_somebody_made_is_enabled(void **state)
{
	(void)state;
	let_in_by_somebody();
	is_enabled_and_goes_on();
}

static void enabled_after_a_removal(void **state)
{
	(void)state;
	counted();
	assert_ok(verb(PRG_DISABLE, 0, "alice"));
	assert_ok(verb(PRG_ENABLE, 0, "alice"));
	is_counted_from_zero();
}

/* The change that finds it pending drains it first. */
static void enabled_after_an_unacknowledged_removal(void **state)
{
	(void)state;
	counted();
	goes_unacknowledged();
	assert_ok(verb(PRG_ENABLE, 0, "alice"));
	is_counted_from_zero();
}

static void the_interface_is_another(void **state)
{
	(void)state;
	counted();
	assert_ok(verb(PRG_DOWN, 0, NULL));
	assert_ok(verb(PRG_UP, 0, NULL));
	is_counted_from_zero();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_removal_is_acknowledged, setup, teardown),
		cmocka_unit_test_setup_teardown(a_removal_is_not_acknowledged, setup, teardown),
		cmocka_unit_test_setup_teardown(sync_finds_a_removal_done, setup, teardown),
		cmocka_unit_test_setup_teardown(sync_finds_a_removal_done_and_a_route_fails, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(sync_finds_a_peer_missing, setup, teardown),
		cmocka_unit_test_setup_teardown(a_tick_sees_a_peer_missing, setup, teardown),
		cmocka_unit_test_setup_teardown(sync_removes_what_somebody_made, setup, teardown),
		cmocka_unit_test_setup_teardown(what_somebody_made_is_enabled, setup, teardown),
		cmocka_unit_test_setup_teardown(enabled_after_a_removal, setup, teardown),
		cmocka_unit_test_setup_teardown(enabled_after_an_unacknowledged_removal, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(the_interface_is_another, setup, teardown),
		cmocka_unit_test_setup_teardown(an_older_key_is_used, setup, teardown),
		cmocka_unit_test_setup_teardown(counters_are_exact, setup, teardown),
	};

	return run_ticks(tests, sizeof(tests) / sizeof(tests[0]));
}
