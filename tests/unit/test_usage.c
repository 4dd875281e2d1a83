/* SPDX-License-Identifier: ISC */
/* Counters, days and months; what the store adds up of them. */
#include "store_fixture.h"

#include "store/usage.h"

static void test_counters(void **state)
{
	const struct prg_counters zero = { 0, 0 }, some = { 10, 20 }, more = { 15, 20 },
	                          fell = { 9, 900 }, other = { 900, 19 };
	struct prg_counters since = prg_counters_since(&zero, &some);

	(void)state;
	assert_memory_equal(&since, &some, sizeof(since));
	since = prg_counters_since(&some, &more);
	assert_int_equal(since.rx_bytes, 5);
	assert_int_equal(since.tx_bytes, 0);
	since = prg_counters_since(&some, &fell); /* both began at zero */
	assert_memory_equal(&since, &fell, sizeof(since));
	since = prg_counters_since(&some, &other);
	assert_memory_equal(&since, &other, sizeof(since));
	since = prg_counters_since(&some, &zero);
	assert_true(prg_counters_zero(&since));
}

static void test_calendar(void **state)
{
	int64_t day;

	(void)state;
	assert_int_equal(prg_day_of(0), 0);
	assert_int_equal(prg_day_of(-1), -1);
	assert_int_equal(prg_day_of(86399), 0);
	assert_int_equal(prg_day_of(86400), 1);
	assert_int_equal(prg_month_of(0), 1970 * 12);
	assert_int_equal(prg_month_of(-1), 1969 * 12 + 11);
	for (day = -1000; day < 100000; day++) { /* to 2243 */
		int64_t month = prg_month_of(day);

		assert_true(prg_month_begins(month) <= day);
		assert_true(prg_month_begins(month + 1) > day);
		assert_int_equal(prg_month_of(prg_month_begins(month)), month);
	}
	/* 2024-02-29T12:00:00Z */
	assert_int_equal(prg_quota_resumes(PRG_QUOTA_DAY, 1709208000), 1709251200);
	assert_int_equal(prg_quota_resumes(PRG_QUOTA_MONTH, 1709208000), 1709251200);
	assert_int_equal(prg_quota_resumes(PRG_QUOTA_TOTAL, 1709208000), INT64_MAX);
	assert_int_equal(prg_quota_since(PRG_QUOTA_DAY, 1709208000), 19782);
	assert_int_equal(prg_quota_since(PRG_QUOTA_MONTH, 1709208000), 19754);
}

/* ------------------------------------------------------------------------ the store */

static void add(struct fixture *f, int64_t id, int64_t successor, int64_t day, uint64_t rx,
                uint64_t tx)
{
	const struct prg_usage_row row = { .id = id, .successor_id = successor, .seen_day = day };
	const struct prg_counters more = { rx, tx };

	OK(f, prg_usage_add(f->store, &row, day, &more, &f->err));
}

static uint64_t used(struct fixture *f, int64_t id, enum prg_quota_period period, int64_t now)
{
	const struct prg_peer peer = { .id = id, .quota_period = period };
	uint64_t bytes = 77;

	OK(f, prg_usage_used(f->store, &peer, now, &bytes, &f->err));
	return bytes;
}

static void test_sums(void **state)
{
	struct fixture *f = *state;
	int64_t today = prg_day_of(NOW), wg0, alice, bob;

	begin(f);
	wg0 = add_interface(f, "wg0");
	alice = add_peer(f, wg0, "alice", 1, NULL);
	bob = add_peer(f, wg0, "bob", 2, NULL);
	assert_int_equal(used(f, alice, PRG_QUOTA_TOTAL, NOW), 0);
	assert_int_equal(used(f, alice, PRG_QUOTA_DAY, NOW), 0);
	add(f, alice, 0, today - 100, 1, 2);
	add(f, alice, 0, today - 1, 10, 20);
	add(f, alice, 0, today, 100, 200);
	add(f, alice, 0, today, 1000, 2000);
	add(f, bob, 0, today, UINT64_MAX, UINT64_MAX);
	add(f, bob, 0, today, UINT64_MAX, UINT64_MAX);
	assert_int_equal(used(f, alice, PRG_QUOTA_TOTAL, NOW), 3333);
	assert_int_equal(used(f, alice, PRG_QUOTA_DAY, NOW), 3300);
	assert_int_equal(used(f, alice, PRG_QUOTA_MONTH, NOW), 3330);
	assert_int_equal(used(f, bob, PRG_QUOTA_TOTAL, NOW), 2 * PRG_COUNTER_MAX);
	commit(f);
	begin(f);
	OK(f, prg_usage_fold(f->store, today - 99, &f->err));
	OK(f, prg_usage_fold(f->store, today - 99, &f->err));
	add(f, alice, 0, today - 101, 1, 1); /* a clock that was behind */
	OK(f, prg_usage_fold(f->store, today - 99, &f->err));
	commit(f);
	assert_int_equal(raw_number(f->path, "SELECT count(*) FROM usage_day"), 3);
	assert_int_equal(raw_number(f->path, "SELECT sum(rx_bytes + tx_bytes) FROM usage_month"), 5);
	assert_int_equal(used(f, alice, PRG_QUOTA_TOTAL, NOW), 3335);
}

static void test_older_keys_use_their_successors_quota(void **state)
{
	struct fixture *f = *state;
	int64_t today = prg_day_of(NOW), wg0, a, b, c, ids[4];
	char sql[160];
	size_t n;

	begin(f);
	wg0 = add_interface(f, "wg0");
	a = add_peer(f, wg0, "a", 1, NULL);
	b = add_peer(f, wg0, "b", 2, NULL);
	c = add_peer(f, wg0, "c", 3, NULL);
	commit(f);
	snprintf(sql, sizeof(sql), "UPDATE peer SET successor_id = id + 1, quota_bytes = 1 WHERE "
	                           "id < %lld; UPDATE peer SET quota_bytes = 60 WHERE id = %lld",
	         (long long)c, (long long)c);
	raw_sql(f->path, sql);
	begin(f);
	add(f, a, b, today, 10, 20);
	assert_int_equal(used(f, a, PRG_QUOTA_TOTAL, NOW), 0);
	assert_int_equal(used(f, c, PRG_QUOTA_TOTAL, NOW), 30);
	OK(f, prg_usage_over(f->store, wg0, NOW, true, 0, 4, ids, &n, &f->err));
	assert_int_equal(n, 0);
	add(f, b, c, today, 10, 20);
	OK(f, prg_usage_over(f->store, wg0, NOW, true, 0, 4, ids, &n, &f->err));
	assert_int_equal(n, 1);
	assert_int_equal(ids[0], c);
	OK(f, prg_usage_predecessors(f->store, c, 4, ids, &n, &f->err));
	assert_int_equal(n, 2);
	assert_int_equal(ids[0], a);
	assert_int_equal(ids[1], b);
	commit(f);
	assert_int_equal(raw_number(f->path, "SELECT seen_day FROM usage"), today);
}

static void test_lives(void **state)
{
	struct fixture *f = *state;
	struct prg_usage_life life = { .number = 1, .has_digest = true, .digest = { 9 } }, got;
	const struct prg_public_key key = key_of(1), bob = key_of(2);
	struct prg_usage_row row, rows[9];
	bool found = false;
	int64_t wg0;
	size_t n;

	begin(f);
	wg0 = add_interface(f, "wg0");
	add_peer(f, wg0, "alice", 1, NULL);
	OK(f, prg_usage_life(f->store, wg0, "x", &got, &f->err));
	assert_int_equal(got.number, 0);
	OK(f, prg_usage_life_set(f->store, wg0, "x", &life, &f->err));
	OK(f, prg_usage_life(f->store, wg0, "y", &got, &f->err));
	assert_false(got.same);
	OK(f, prg_usage_life(f->store, wg0, "x", &got, &f->err));
	assert_true(got.same && got.has_digest);
	assert_int_equal(got.head, 1);

	OK(f, prg_usage_page(f->store, wg0, 1, false, 0, 1, &row, &n, &f->err));
	assert_int_equal(n, 1);
	row.seen = (struct prg_counters){ 5, 6 };
	row.seen_day = 3;
	OK(f, prg_usage_see(f->store, &row, 1, &f->err));
	OK(f, prg_usage_page(f->store, wg0, 1, false, 0, 1, &row, &n, &f->err));
	assert_int_equal(row.seen.tx_bytes, 6);
	OK(f, prg_usage_page(f->store, wg0, 2, false, 0, 1, &row, &n, &f->err)); /* another life */
	assert_int_equal(row.seen.tx_bytes, 0);
	assert_int_equal(row.seen_day, 3);
	/* one of two is of this life; either is found by its key */
	add_peer(f, wg0, "bob", 2, NULL);
	OK(f, prg_usage_page(f->store, wg0, 1, true, 0, 9, rows, &n, &f->err));
	assert_int_equal(n, 1);
	assert_int_equal(rows[0].seen.tx_bytes, 6);
	OK(f, prg_usage_page(f->store, wg0, 1, true, rows[0].id, 9, rows, &n, &f->err));
	assert_int_equal(n, 0);
	OK(f, prg_usage_page(f->store, wg0, 2, true, 0, 9, rows, &n, &f->err));
	assert_int_equal(n, 0);
	OK(f, prg_usage_of_key(f->store, wg0, 1, &key, &row, &found, &f->err));
	assert_true(found && row.seen.tx_bytes == 6);
	OK(f, prg_usage_of_key(f->store, wg0, 1, &bob, &row, &found, &f->err));
	assert_true(found && row.seen.tx_bytes == 0 && row.id != rows[0].id);
	OK(f, prg_usage_of_key(f->store, wg0 + 1, 1, &bob, &row, &found, &f->err));
	assert_false(found);
	commit(f);

	OK(f, prg_store_acknowledge(f->store, wg0, NULL, 0, &key, 1, &f->err));
	begin(f);
	OK(f, prg_usage_page(f->store, wg0, 1, false, 0, 1, &row, &n, &f->err)); /* made anew */
	assert_int_equal(row.seen.tx_bytes, 0);
	OK(f, prg_usage_life(f->store, wg0, "x", &got, &f->err));
	assert_false(got.has_digest);
	row.seen.rx_bytes = 1;
	OK(f, prg_usage_see(f->store, &row, 1, &f->err));
	commit(f);
	raw_sql(f->path, "UPDATE peer SET public_key = randomblob(32)");
	OK(f, prg_usage_page(f->store, wg0, 1, false, 0, 1, &row, &n, &f->err)); /* another key */
	assert_int_equal(row.seen.rx_bytes, 0);
	begin(f);
	OK(f, prg_store_interface_delete(f->store, wg0, &f->err));
	commit(f);
	assert_int_equal(raw_number(f->path, "SELECT count(*) FROM usage"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counters),
		cmocka_unit_test(test_calendar),
		STORE_TEST(test_sums),
		STORE_TEST(test_older_keys_use_their_successors_quota),
		STORE_TEST(test_lives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
