/* SPDX-License-Identifier: ISC */
/* Pools against a naive model, on random steps. */
#include "store_fixture.h"

#include <time.h>

/*
 * A universe of 64 addresses a family: 10.0.0.0/26 and fd00::/122. Pools are
 * ranges of it; everything that is in use is a list, looked through naively.
 */
#define SPAN        64
#define PEERS       4
#define MODEL_POOLS 4

struct range {
	bool six;
	unsigned start, size;
};
struct used {
	struct range range;
	unsigned peer;
	bool route;
};
struct model_pool {
	struct range range;
	unsigned own;
};
struct model {
	struct model_pool pools[MODEL_POOLS];
	size_t n_pools;
	struct used used[2 * SPAN * 7];
	size_t n_used;
	int64_t held[2][SPAN]; /* 0: not held */
	int64_t now;
};

static uint64_t seed;

static unsigned below(unsigned n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)((seed >> 16) % n);
}

static struct prg_prefix prefix_at(struct range range)
{
	struct prg_prefix prefix = prefix_of(range.six ? "fd00::/128" : "10.0.0.0/32");
	unsigned size;

	prefix.addr.bytes[range.six ? 15 : 3] = (uint8_t)range.start;
	for (size = range.size; size > 1; size /= 2)
		prefix.length--;
	return prefix;
}

static bool in(struct range outer, struct range inner)
{
	return outer.six == inner.six && inner.start >= outer.start &&
	       inner.start + inner.size <= outer.start + outer.size;
}

static bool same(struct range a, struct range b)
{
	return in(a, b) && in(b, a);
}

static struct range host(bool six, unsigned at)
{
	return (struct range){ six, at, 1 };
}

/* Wider than a pool, and so no part of it. */
static bool wider(struct range range, const struct model_pool *pool)
{
	return range.size > pool->range.size && in(range, pool->range);
}

static bool usable(const struct model_pool *pool, unsigned at)
{
	struct range r = pool->range;

	if (!in(r, host(r.six, at)) || r.size == 1)
		return false;
	if (r.size == 2)
		return true;
	return at != r.start && (r.six || at != r.start + r.size - 1);
}

static bool is_free(const struct model *m, const struct model_pool *pool, unsigned at)
{
	struct range r = host(pool->range.six, at);
	size_t i;

	if (!usable(pool, at) || at == pool->own || m->held[r.six][at] != 0)
		return false;
	for (i = 0; i < m->n_used; i++)
		if (in(m->used[i].range, r) && !wider(m->used[i].range, pool))
			return false;
	return true;
}

static void model_reclaim(struct model *m)
{
	unsigned i;

	for (i = 0; i < 2 * SPAN; i++)
		if (m->held[i / SPAN][i % SPAN] <= m->now)
			m->held[i / SPAN][i % SPAN] = 0;
}

static const struct model_pool *model_pool_of(const struct model_pool *pools, size_t n,
                                              struct range range)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (in(pools[i].range, range))
			return &pools[i];
	return NULL;
}

static void model_add(struct model *m, struct range range, unsigned peer, bool route)
{
	assert_true(m->n_used < sizeof(m->used) / sizeof(m->used[0]));
	m->used[m->n_used++] = (struct used){ range, peer, route };
}

static int model_take(struct model *m, struct range range, unsigned peer, bool route)
{
	const struct model_pool *pool = model_pool_of(m->pools, m->n_pools, range);
	bool any = false;
	unsigned at;
	size_t i;

	for (i = 0; i < m->n_pools; i++)
		if (in(range, host(m->pools[i].range.six, m->pools[i].own)) &&
		    !wider(range, &m->pools[i]))
			return PRG_E_CONFLICT;
	model_reclaim(m);
	for (i = 0; i < m->n_used; i++)
		if (same(m->used[i].range, range))
			return PRG_E_CONFLICT;
	if (pool == NULL && range.size == 1 && m->held[range.six][range.start] != 0)
		return PRG_E_CONFLICT;
	for (at = range.start; pool != NULL && at < range.start + range.size; at++) {
		if (!usable(pool, at))
			continue;
		any = true;
		if (!is_free(m, pool, at))
			return PRG_E_CONFLICT;
	}
	if (pool != NULL && !any)
		return PRG_E_CONFLICT;
	model_add(m, range, peer, route);
	return 0;
}

static int model_allocate(struct model *m, unsigned peer, struct range ret[MODEL_POOLS])
{
	int index = -1;
	unsigned six, at;
	size_t i;

	model_reclaim(m);
	if (m->n_pools == 0)
		return PRG_E_FULL;
	for (six = 0; six < 2; six++) {
		for (i = 0; i < m->n_pools; i++) {
			const struct model_pool *pool = &m->pools[i];
			unsigned end = pool->range.start + pool->range.size;

			if (pool->range.six != six)
				continue;
			for (at = pool->range.start; at < end && !is_free(m, pool, at); at++)
				;
			if (at == end)
				return PRG_E_FULL;
			if (six && index >= 0 && (unsigned)index < pool->range.size &&
			    is_free(m, pool, pool->range.start + (unsigned)index))
				at = pool->range.start + (unsigned)index;
			if (!six && index < 0)
				index = (int)(at - pool->range.start);
			ret[i] = host(six, at);
		}
	}
	for (i = 0; i < m->n_pools; i++)
		model_add(m, ret[i], peer, false);
	return 0;
}

static void model_release(struct model *m, size_t index, int64_t until)
{
	struct used *used = &m->used[index];

	if (!used->route && until > m->now)
		m->held[used->range.six][used->range.start] = until;
	*used = m->used[--m->n_used];
}

static int model_check_define(const struct model *m, const struct model_pool *pools, size_t n)
{
	size_t i, j, k;

	for (i = 0; i < n; i++)
		for (j = 0; j < i; j++)
			if (in(pools[i].range, pools[j].range) ||
			    in(pools[j].range, pools[i].range))
				return PRG_E_USAGE;
	for (i = 0; i < m->n_pools; i++)
		for (j = 0; j < m->n_used; j++)
			if (!m->used[j].route && in(m->pools[i].range, m->used[j].range) &&
			    model_pool_of(pools, n, m->pools[i].range) == NULL)
				return PRG_E_CONFLICT;
	for (i = 0; i < n; i++) {
		for (j = 0; j < m->n_used; j++) {
			if (in(m->used[j].range, host(pools[i].range.six, pools[i].own)) &&
			    !wider(m->used[j].range, &pools[i]))
				return PRG_E_CONFLICT;
			for (k = 0; k < m->n_used; k++)
				if (j != k && in(pools[i].range, m->used[j].range) &&
				    in(m->used[j].range, m->used[k].range))
					return PRG_E_CONFLICT;
		}
	}
	return 0;
}

static int model_define(struct model *m, const struct model_pool *pools, size_t n)
{
	int rc = model_check_define(m, pools, n);
	size_t i, j;
	unsigned at;

	if (rc < 0)
		return rc;
	for (i = 0; i < n; i++)
		for (j = 0; j < m->n_used; j++)
			for (at = 0; at < SPAN && in(pools[i].range, m->used[j].range); at++)
				if (in(m->used[j].range, host(pools[i].range.six, at)))
					m->held[pools[i].range.six][at] = 0;
	memcpy(m->pools, pools, n * sizeof(*pools));
	m->n_pools = n;
	return 0;
}

/* Extents: sorted, disjoint, never touching, and just what the model has free. */
static void compare(struct fixture *f, const struct model *m)
{
	sqlite3_stmt *stmt;
	size_t i;

	assert_int_equal(sqlite3_prepare_v2(f->store->db,
	                                    "SELECT first, last FROM free_extent e "
	                                    "JOIN pool p ON p.id = e.pool_id WHERE position = ?1 "
	                                    "ORDER BY last",
	                                    -1, &stmt, NULL),
	                 SQLITE_OK);
	for (i = 0; i < m->n_pools; i++) {
		const struct model_pool *pool = &m->pools[i];
		int size = pool->range.six ? 16 : 4, before = -2;
		bool map[256] = { false };
		unsigned at;

		sqlite3_bind_int64(stmt, 1, (int64_t)i);
		while (sqlite3_step(stmt) == SQLITE_ROW) {
			const unsigned char *first = sqlite3_column_blob(stmt, 0);
			const unsigned char *last = sqlite3_column_blob(stmt, 1);

			assert_int_equal(sqlite3_column_bytes(stmt, 0), size);
			assert_int_equal(sqlite3_column_bytes(stmt, 1), size);
			assert_true(first[size - 1] > before + 1 &&
			            first[size - 1] <= last[size - 1]);
			for (at = first[size - 1]; at <= last[size - 1]; at++)
				map[at] = true;
			before = last[size - 1];
		}
		sqlite3_reset(stmt);
		for (at = 0; at < 256; at++)
			assert_int_equal(map[at], at < SPAN && is_free(m, pool, at));
	}
	sqlite3_finalize(stmt);
}

static struct range random_range(unsigned most)
{
	unsigned size = 1u << below(most);

	return (struct range){ below(2), below(SPAN / size) * size, size };
}

static int do_allocate(struct fixture *f, struct model *m, int64_t interface_id,
                       const int64_t *peers, int *ret_expected)
{
	struct range expected[MODEL_POOLS];
	struct prg_prefix *list = NULL, wanted;
	unsigned peer = below(PEERS);
	size_t n = 0, i;
	int rc = prg_pool_allocate(f->store, interface_id, peers[peer], m->now, &list, &n, &f->err);

	*ret_expected = model_allocate(m, peer, expected);
	if (rc == 0 && *ret_expected == 0) {
		assert_int_equal(n, m->n_pools);
		for (i = 0; i < n; i++) {
			wanted = prefix_at(expected[i]);
			assert_int_equal(prg_prefix_compare(&list[i], &wanted), 0);
		}
	}
	free(list);
	return rc;
}

static int do_take(struct fixture *f, struct model *m, int64_t interface_id, const int64_t *peers,
                   int *ret_expected)
{
	bool route = below(2);
	struct range range = random_range(route ? 7 : 1);
	struct prg_prefix prefix = prefix_at(range);
	unsigned peer = below(PEERS);

	*ret_expected = model_take(m, range, peer, route);
	return prg_pool_take(f->store, interface_id, peers[peer], &prefix, route, m->now, &f->err);
}

static int do_release(struct fixture *f, struct model *m, int64_t interface_id,
                      const int64_t *peers, int *ret_expected)
{
	int64_t until = below(2) ? 0 : m->now + below(40);
	size_t index;
	struct prg_prefix prefix;
	unsigned peer;

	*ret_expected = 0;
	if (m->n_used == 0)
		return 0;
	index = below((unsigned)m->n_used);
	prefix = prefix_at(m->used[index].range);
	peer = m->used[index].peer;
	model_release(m, index, until);
	return prg_pool_release(f->store, interface_id, peers[peer], &prefix, m->now, until,
	                        &f->err);
}

static int do_define(struct fixture *f, struct model *m, int64_t interface_id, int *ret_expected)
{
	struct model_pool pools[MODEL_POOLS];
	struct prg_prefix list[MODEL_POOLS];
	size_t n = 1 + below(MODEL_POOLS), i;

	for (i = 0; i < n; i++) {
		struct prg_prefix own;

		pools[i].range = random_range(7);
		pools[i].own = pools[i].range.start + below(pools[i].range.size);
		if (i < m->n_pools && below(2))
			pools[i] = m->pools[i]; /* often just another address, or wider */
		if (i < m->n_pools && pools[i].range.size < SPAN && below(4) == 0) {
			pools[i].range.size *= 2;
			pools[i].range.start &= ~(pools[i].range.size - 1);
		} else {
			pools[i].own = pools[i].range.start + below(pools[i].range.size);
		}
		own = prefix_at(host(pools[i].range.six, pools[i].own));
		list[i] = prefix_at(pools[i].range);
		list[i].addr = own.addr;
	}
	*ret_expected = model_define(m, pools, n);
	return prg_pool_define(f->store, interface_id, list, n, &f->err);
}

static void run_model(struct fixture *f, unsigned steps, unsigned done[2][4])
{
	struct model m = { .now = NOW }, before;
	int64_t interface_id, peers[PEERS];
	unsigned i;

	OK(f, prg_store_begin(f->store, &f->err));
	interface_id = add_interface(f, "wg0");
	for (i = 0; i < PEERS; i++)
		peers[i] = add_peer(f, interface_id, (const char[]){ (char)('a' + i), 0 }, i, NULL);
	for (i = 0; i < steps; i++) {
		unsigned what = below(16), kind = what < 5 ? 0 : what < 9 ? 1 : what < 14 ? 2 : 3;
		int rc, expected = 0;

		before = m;
		sqlite3_exec(f->store->db, "SAVEPOINT step", NULL, NULL, NULL);
		if (kind == 0)
			rc = do_allocate(f, &m, interface_id, peers, &expected);
		else if (kind == 1)
			rc = do_take(f, &m, interface_id, peers, &expected);
		else if (kind == 2)
			rc = do_release(f, &m, interface_id, peers, &expected);
		else
			rc = do_define(f, &m, interface_id, &expected);
		if (rc != expected)
			fail_msg("step %u, kind %u: %d instead of %d: %s", i, kind, rc, expected,
			         f->err.message);
		if (rc < 0) {
			m = before;
			sqlite3_exec(f->store->db, "ROLLBACK TO step", NULL, NULL, NULL);
		}
		sqlite3_exec(f->store->db, "RELEASE step", NULL, NULL, NULL);
		done[rc < 0][kind]++;
		compare(f, &m);
		m.now += below(8);
	}
	prg_store_rollback(f->store);
}

static void test_against_the_model(void **state)
{
	const char *given = getenv("PRG_TEST_SEED");
	unsigned done[2][4] = { { 0 } }, runs = 40, i;
	uint64_t first =
		given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) << 20 ^ (uint64_t)getpid();

	seed = first ? first : 1;
	print_message("# PRG_TEST_SEED=%llu\n", (unsigned long long)seed);
	for (i = 0; i < runs; i++)
		run_model(*state, 250, done);
	for (i = 0; i < 4; i++) {
		print_message("# kind %u: %u done, %u refused\n", i, done[0][i], done[1][i]);
		assert_true(done[0][i] > 50);
		assert_true(i == 2 || done[1][i] > 50);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_against_the_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
