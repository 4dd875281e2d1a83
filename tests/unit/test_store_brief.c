/* SPDX-License-Identifier: ISC */
/* The least of peers: page by page, however many there are in one, it is what the peers
 * in full have, of one interface and not revoked; and what is damaged is named.
 * PRG_SEED repeats a run. */
#include "store_fixture.h"

#include <time.h>

#define MANY 60

static unsigned seed;

static unsigned draw(unsigned below)
{
	return (unsigned)rand_r(&seed) % below;
}

/* Peers of two interfaces by turns, some not active, some revoked, ids with gaps. */
static int64_t make(struct fixture *f)
{
	int64_t wg0, wg1;
	char name[32], sql[160];
	unsigned i;

	begin(f);
	wg0 = add_interface(f, "wg0");
	wg1 = add_interface(f, "wg1");
	for (i = 0; i < MANY; i++) {
		struct prg_peer *p;
		int64_t interface_id = draw(3) ? wg0 : wg1;

		snprintf(name, sizeof(name), draw(4) ? "p%u" : "zo\xc3\xab-%u", i);
		add_peer(f, interface_id, name, i + 1, NULL);
		p = find(f, interface_id, name);
		p->state = (enum prg_peer_state)draw(4);
		if (p->state == PRG_PEER_REVOKED)
			OK(f, prg_store_peer_revoke(f->store, p, NOW, NOW, &f->err));
		else
			OK(f, prg_store_peer_update(f->store, p, &f->err));
		prg_peer_free(&p);
	}
	commit(f);
	prg_store_close(&f->store);
	for (i = 0; i < 3; i++) {
		snprintf(sql, sizeof(sql), "UPDATE peer SET id = id + %u WHERE id > %u",
		         MANY << (4 * i), draw(MANY));
		raw_sql(f->path, sql);
	}
	OK(f, prg_store_open(f->path, 0, WAIT_MS, &f->store, &f->err));
	return wg0;
}

static size_t next_told(struct prg_peer *const *full, size_t n, size_t at)
{
	while (at < n && full[at]->state == PRG_PEER_REVOKED)
		at++;
	return at;
}

static void compare(struct fixture *f, int64_t wg0, size_t limit)
{
	struct prg_peer_brief *page = calloc(limit, sizeof(*page));
	struct prg_peer **full = NULL;
	int64_t after = 0, before = -1;
	size_t n_full = 0, at = 0, n, i;

	assert_non_null(page);
	OK(f, prg_store_peers(f->store, wg0, 0, 10 * MANY, &full, &n_full, &f->err));
	while (after != before) {
		before = after;
		OK(f, prg_store_peers_brief(f->store, wg0, &after, limit, page, &n, &f->err));
		assert_true(n <= limit && after >= before);
		for (i = 0; i < n; i++) {
			at = next_told(full, n_full, at);
			assert_true(at < n_full && page[i].id <= after);
			assert_int_equal(page[i].id, full[at]->id);
			assert_int_equal(page[i].state, full[at]->state);
			assert_string_equal(page[i].name, full[at]->name);
			assert_memory_equal(&page[i].public_key, &full[at]->public_key,
			                    PRG_KEY_BYTES);
			at++;
		}
	}
	assert_int_equal(next_told(full, n_full, at), n_full);
	prg_peers_free(&full, n_full);
	free(page);
}

static void test_as_in_full(void **state)
{
	static const size_t limits[] = { 1, 2, 7, MANY, 100 * MANY };
	struct fixture *f = *state;
	int64_t wg0 = make(f);
	size_t i;

	for (i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		compare(f, wg0, limits[i]);
}

static void test_damage_is_named(void **state)
{
	static const struct {
		const char *change, *column;
	} cases[] = {
		{ "name = ''", "name" },
		{ "name = 'a b'", "name" },
		{ "name = 'a' || char(0) || 'b'", "name" },
		{ "name = CAST(x'ff' AS TEXT)", "name" },
		{ "name = hex(zeroblob(33))", "name" },
		{ "public_key = x''", "public_key" },
		{ "public_key = zeroblob(31)", "public_key" },
		{ "state = 4", "state" },
		{ "state = -1", "state" },
	};
	struct fixture *f = *state;
	struct prg_peer_brief page[4];
	char sql[160];
	int64_t wg0, after;
	size_t i, n;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		OK(f, prg_store_open(f->path, PRG_OPEN_CREATE, WAIT_MS, &f->store, &f->err));
		begin(f);
		wg0 = add_interface(f, "wg0");
		add_peer(f, wg0, "a", 1, NULL);
		add_peer(f, wg0, "b", 2, NULL);
		commit(f);
		prg_store_close(&f->store);
		snprintf(sql, sizeof(sql), "UPDATE peer SET %s WHERE id = 2", cases[i].change);
		raw_sql(f->path, sql);
		OK(f, prg_store_open(f->path, 0, WAIT_MS, &f->store, &f->err));
		after = 0;
		n = 99;
		FAILS(f, PRG_E_CORRUPT, cases[i].column,
		      prg_store_peers_brief(f->store, wg0, &after, 4, page, &n, &f->err));
		assert_non_null(strstr(f->err.message, "peer 2"));
		assert_true(n == 99 && after == 0);
		prg_store_close(&f->store);
		empty_directory(f->directory);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FILE_TEST(test_damage_is_named),
		STORE_TEST(test_as_in_full),
	};
	const char *given = getenv("PRG_SEED");

	seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);
	print_message("# PRG_SEED=%u\n", seed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
