/* SPDX-License-Identifier: ISC */
/* Pools: what is free, given, taken, released and held. */
#include "store_fixture.h"

struct give {
	int64_t interface_id, peer_id;
};

static struct give with_pools(struct fixture *f, const char *pools)
{
	struct give g;

	OK(f, prg_store_begin(f->store, &f->err));
	g.interface_id = add_interface(f, "wg0");
	define(f, g.interface_id, pools);
	g.peer_id = add_peer(f, g.interface_id, "alice", 1, NULL);
	return g;
}

static int allocate(struct fixture *f, struct give g, int64_t now, char *ret, size_t size)
{
	struct prg_prefix *list = NULL;
	char text[PRG_PREFIX_TEXT];
	size_t n = 0, i;
	int rc = prg_pool_allocate(f->store, g.interface_id, g.peer_id, now, &list, &n, &f->err);

	ret[0] = '\0';
	for (i = 0; rc == 0 && i < n; i++) {
		prg_prefix_format(&list[i], text);
		snprintf(ret + strlen(ret), size - strlen(ret), "%s%s", i ? " " : "", text);
	}
	free(list);
	return rc;
}

#define GIVES(f, g, expected) assert_gives((f), (g), NOW, (expected), __LINE__)
static void assert_gives(struct fixture *f, struct give g, int64_t now, const char *expected,
                         int line)
{
	char text[400];

	if (allocate(f, g, now, text, sizeof(text)) != 0)
		fail_msg("line %d: %s", line, f->err.message);
	if (strcmp(text, expected) != 0)
		fail_msg("line %d: '%s' instead of '%s'", line, text, expected);
}

static int take(struct fixture *f, struct give g, const char *text, bool route)
{
	struct prg_prefix prefix = prefix_of(text);

	return prg_pool_take(f->store, g.interface_id, g.peer_id, &prefix, route, NOW, &f->err);
}

static int drop(struct fixture *f, struct give g, const char *text, int64_t until)
{
	struct prg_prefix prefix = prefix_of(text);

	return prg_pool_release(f->store, g.interface_id, g.peer_id, &prefix, NOW, until, &f->err);
}

static void test_lowest_of_each(void **state)
{
	struct fixture *f = *state;
	struct give g = with_pools(f, "10.8.0.1/24,fd00::1/64");

	GIVES(f, g, "10.8.0.2/32 fd00::2/128");
	GIVES(f, g, "10.8.0.3/32 fd00::3/128");
	OK(f, drop(f, g, "10.8.0.2/32", 0));
	GIVES(f, g, "10.8.0.2/32 fd00::4/128"); /* ::2 is not free: the lowest that is */
	OK(f, take(f, g, "10.8.0.5", false));
	GIVES(f, g, "10.8.0.4/32 fd00::5/128");
	GIVES(f, g, "10.8.0.6/32 fd00::6/128"); /* the index of v4 again */
}

static void test_order_is_that_of_the_pools(void **state)
{
	struct fixture *f = *state;
	struct give g = with_pools(f, "fd00::1/64,10.8.0.9/24,10.9.0.1/16");

	GIVES(f, g, "fd00::2/128 10.8.0.1/32 10.9.0.2/32"); /* ::1 is the interface's */
	GIVES(f, g, "fd00::3/128 10.8.0.2/32 10.9.0.3/32"); /* ::2 is taken */
}

static void test_sizes(void **state)
{
	static const struct {
		const char *pool, *first;
	} cases[] = {
		{ "10.0.0.0/31", "10.0.0.1/32" },
		{ "10.0.0.1/31", "10.0.0.0/32" },
		{ "10.0.0.1/30", "10.0.0.2/32" },
		{ "10.0.0.2/30", "10.0.0.1/32" },
		{ "10.0.0.1/8", "10.0.0.2/32" },
		{ "1.2.3.4/0", "0.0.0.1/32" },
		{ "128.0.0.1/1", "128.0.0.2/32" },
		{ "fd00::/127", "fd00::1/128" },
		{ "fd00::1/127", "fd00::/128" },
		{ "fd00::1/126", "fd00::2/128" },
		{ "fd00::1/48", "fd00::2/128" },
		{ "fd00::1/8", "fd00::1/128" }, /* the pool begins far below */
		{ "::1/0", "::2/128" },
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct give g = with_pools(f, cases[i].pool);

		if (strcmp(cases[i].pool, "fd00::1/8") != 0)
			GIVES(f, g, cases[i].first);
		prg_store_rollback(f->store);
	}
}

static void test_full(void **state)
{
	struct fixture *f = *state;
	struct give g = with_pools(f, "10.8.0.1/30,fd00::1/64");
	char text[100];

	GIVES(f, g, "10.8.0.2/32 fd00::2/128");
	FAILS(f, PRG_E_FULL, "10.8.0.0/30", allocate(f, g, NOW, text, sizeof(text)));
	prg_store_rollback(f->store);

	g = with_pools(f, "10.8.0.1/32");
	FAILS(f, PRG_E_FULL, "10.8.0.1/32", allocate(f, g, NOW, text, sizeof(text)));
	prg_store_rollback(f->store);

	g = with_pools(f, "fd00::1/127");
	GIVES(f, g, "fd00::/128");
	FAILS(f, PRG_E_FULL, "fd00::/127", allocate(f, g, NOW, text, sizeof(text)));
	OK(f, drop(f, g, "fd00::", 0));
	define(f, g.interface_id, "");
	FAILS(f, PRG_E_FULL, "no pool", allocate(f, g, NOW, text, sizeof(text)));
}

static void test_the_very_last_addresses(void **state)
{
	struct fixture *f = *state;
	struct give g =
		with_pools(f, "255.255.255.254/31,ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127");

	GIVES(f, g, "255.255.255.255/32 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128");
	OK(f, drop(f, g, "255.255.255.255", 0));
	OK(f, drop(f, g, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 0));
	GIVES(f, g, "255.255.255.255/32 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128");
}

static void test_conflicts(void **state)
{
	struct fixture *f = *state;
	struct give g = with_pools(f, "10.8.0.1/24,fd00::1/64"), bob = g;

	bob.peer_id = add_peer(f, g.interface_id, "bob", 2, NULL);
	OK(f, take(f, g, "10.8.0.7", false));
	OK(f, take(f, g, "10.8.0.64/28", true));
	OK(f, take(f, g, "192.168.0.0/16", true));
	OK(f, take(f, g, "172.16.0.5", false)); /* outside of every pool */
	FAILS(f, PRG_E_CONFLICT, "peer alice's", take(f, bob, "10.8.0.7", false));
	FAILS(f, PRG_E_CONFLICT, "peer alice's", take(f, bob, "10.8.0.64/28", true));
	FAILS(f, PRG_E_CONFLICT, "overlaps 10.8.0.64/28", take(f, bob, "10.8.0.65", false));
	FAILS(f, PRG_E_CONFLICT, "overlaps 10.8.0.64/28", take(f, bob, "10.8.0.64/26", true));
	FAILS(f, PRG_E_CONFLICT, "10.8.0.7", take(f, bob, "10.8.0.4/30", true));
	FAILS(f, PRG_E_CONFLICT, "peer alice's", take(f, bob, "192.168.0.0/16", true));
	FAILS(f, PRG_E_CONFLICT, "peer alice's", take(f, bob, "172.16.0.5", false));
	FAILS(f, PRG_E_CONFLICT, "own address 10.8.0.1", take(f, bob, "10.8.0.1", false));
	FAILS(f, PRG_E_CONFLICT, "own address 10.8.0.1", take(f, bob, "10.8.0.0/30", true));
	FAILS(f, PRG_E_CONFLICT, "own address fd00::1", take(f, bob, "fd00::/64", true));
	FAILS(f, PRG_E_CONFLICT, "network or broadcast", take(f, bob, "10.8.0.0", false));
	FAILS(f, PRG_E_CONFLICT, "network or broadcast", take(f, bob, "10.8.0.255", false));
	FAILS(f, PRG_E_CONFLICT, "network or broadcast", take(f, bob, "fd00::", false));
	FAILS(f, PRG_E_USAGE, "bits set", take(f, bob, "10.9.0.1/24", true));
	FAILS(f, PRG_E_USAGE, "no single address", take(f, bob, "10.9.0.0/24", false));
	/* outside of pools the longest match decides, so nesting is fine */
	OK(f, take(f, bob, "192.168.7.0/24", true));
	OK(f, take(f, bob, "10.8.0.128/25", true)); /* with the broadcast address at its end */
	FAILS(f, PRG_E_NOT_FOUND, "does not have", drop(f, bob, "10.8.0.7", 0));
}

static void test_a_route_leaves_the_pool_and_returns(void **state)
{
	struct fixture *f = *state;
	struct give g = with_pools(f, "10.8.0.1/29");
	char text[100];

	OK(f, take(f, g, "10.8.0.4/30", true)); /* 4, 5, 6 and broadcast */
	GIVES(f, g, "10.8.0.2/32");
	GIVES(f, g, "10.8.0.3/32");
	FAILS(f, PRG_E_FULL, "10.8.0.0/29", allocate(f, g, NOW, text, sizeof(text)));
	OK(f, drop(f, g, "10.8.0.4/30", NOW + 1000)); /* routes are never held */
	GIVES(f, g, "10.8.0.4/32");
	GIVES(f, g, "10.8.0.5/32");
	GIVES(f, g, "10.8.0.6/32");
	FAILS(f, PRG_E_FULL, "10.8.0.0/29", allocate(f, g, NOW, text, sizeof(text)));
}

static void test_held_until_its_time(void **state)
{
	struct fixture *f = *state;
	struct give g = with_pools(f, "10.8.0.1/29"), bob = g;
	struct prg_prefix two = prefix_of("10.8.0.2"), away = prefix_of("172.16.0.5");

	bob.peer_id = add_peer(f, g.interface_id, "bob", 2, NULL);
	GIVES(f, g, "10.8.0.2/32");
	OK(f, take(f, g, "172.16.0.5", false));
	OK(f, drop(f, g, "10.8.0.2", NOW + 60));
	OK(f, drop(f, g, "172.16.0.5", NOW + 60));
	FAILS(f, PRG_E_CONFLICT, "held until", take(f, bob, "10.8.0.2/31", true));
	GIVES(f, bob, "10.8.0.3/32");
	FAILS(f, PRG_E_CONFLICT, "was alice's and is held until 2027-01-15T08:01:00Z",
	      take(f, bob, "10.8.0.2", false));
	FAILS(f, PRG_E_CONFLICT, "held until", take(f, bob, "172.16.0.5", false));
	FAILS(f, PRG_E_CONFLICT, "held until",
	      prg_pool_take(f->store, bob.interface_id, bob.peer_id, &two, false, NOW + 59,
	                    &f->err));
	OK(f,
	   prg_pool_take(f->store, bob.interface_id, bob.peer_id, &away, false, NOW + 60, &f->err));
	OK(f,
	   prg_pool_take(f->store, bob.interface_id, bob.peer_id, &two, false, NOW + 60, &f->err));
	OK(f, drop(f, bob, "10.8.0.2", NOW + 60));
	assert_gives(f, g, NOW + 60, "10.8.0.2/32", __LINE__);
}

/* Wider than a pool: what is in the pool is more exact, and goes on as ever. */
static void test_wide_routes(void **state)
{
	struct fixture *f = *state;
	struct give g = with_pools(f, "10.8.0.1/24,fd00::1/64"), bob = g;

	bob.peer_id = add_peer(f, g.interface_id, "bob", 2, NULL);
	OK(f, take(f, bob, "0.0.0.0/0", true));
	OK(f, take(f, bob, "10.8.0.0/16", true));
	OK(f, take(f, bob, "fd00::/48", true));
	GIVES(f, g, "10.8.0.2/32 fd00::2/128");
	define(f, g.interface_id, "10.8.0.1/23,fd00::1/64");
	GIVES(f, g, "10.8.0.3/32 fd00::3/128");
	OK(f, drop(f, bob, "10.8.0.0/16", 0));
	GIVES(f, g, "10.8.0.4/32 fd00::4/128");
}

static void test_define(void **state)
{
	struct fixture *f = *state;
	struct give g = with_pools(f, "10.8.0.1/28"), bob = g;
	struct prg_prefix own[2];

	bob.peer_id = add_peer(f, g.interface_id, "bob", 2, NULL);
	GIVES(f, g, "10.8.0.2/32");
	GIVES(f, g, "10.8.0.3/32");
	GIVES(f, g, "10.8.0.4/32");
	OK(f, drop(f, g, "10.8.0.3", NOW + 60));
	OK(f, drop(f, g, "10.8.0.4", 0));
	OK(f, take(f, bob, "10.8.1.0/24", true));
	OK(f, take(f, bob, "10.8.1.16/28", true));

	own[0] = prefix_of("10.9.0.1/24");
	FAILS(f, PRG_E_CONFLICT, "10.8.0.0/28",
	      prg_pool_define(f->store, g.interface_id, own, 1, &f->err));
	own[0] = prefix_of("10.8.0.2/24");
	FAILS(f, PRG_E_CONFLICT, "peer alice's",
	      prg_pool_define(f->store, g.interface_id, own, 1, &f->err));
	own[0] = prefix_of("10.8.0.1/22");
	FAILS(f, PRG_E_CONFLICT, "10.8.1.0/24 of peer bob contains 10.8.1.16/28",
	      prg_pool_define(f->store, g.interface_id, own, 1, &f->err));
	own[1] = prefix_of("10.8.2.1/24");
	FAILS(f, PRG_E_USAGE, "overlap",
	      prg_pool_define(f->store, g.interface_id, own, 2, &f->err));

	OK(f, drop(f, bob, "10.8.1.16/28", 0));
	define(f, g.interface_id, "10.8.0.1/23"); /* a broadcast address fewer */
	GIVES(f, g, "10.8.0.4/32");
	FAILS(f, PRG_E_CONFLICT, "held until", take(f, bob, "10.8.0.3", false));
	OK(f, take(f, bob, "10.8.0.15", false));
	FAILS(f, PRG_E_CONFLICT, "overlaps 10.8.1.0/24", take(f, g, "10.8.1.9", false));
	OK(f, drop(f, bob, "10.8.1.0/24", 0));
	OK(f, take(f, g, "10.8.1.254", false));
	FAILS(f, PRG_E_CONFLICT, "network or broadcast", take(f, g, "10.8.1.255", false));
}

/* Outside of a pool a route may cover a held address; once a pool comes over both,
 * the hold has ended, and the address is the route's until that is given back. */
static void test_a_route_ends_the_holds_it_covers(void **state)
{
	struct fixture *f = *state;
	struct give g = with_pools(f, "10.8.0.1/24");
	struct prg_prefix nine = prefix_of("10.8.1.9");

	OK(f, take(f, g, "10.8.1.9", false));
	OK(f, drop(f, g, "10.8.1.9", NOW + 60));
	OK(f, take(f, g, "10.8.1.0/24", true));
	FAILS(f, PRG_E_CONFLICT, "overlaps 10.8.1.0/24",
	      (define(f, g.interface_id, "10.8.0.1/23"), take(f, g, "10.8.1.9", false)));
	OK(f, drop(f, g, "10.8.1.0/24", 0));
	OK(f, take(f, g, "10.8.1.9", false));
	OK(f, prg_pool_release(f->store, g.interface_id, g.peer_id, &nine, NOW, 0, &f->err));
	assert_gives(f, g, NOW + 60, "10.8.0.2/32", __LINE__);
}

/* Who names an address ends its hold, and that of no other. */
static void test_a_hold_can_be_ended(void **state)
{
	struct fixture *f = *state;
	struct give g = with_pools(f, "10.8.0.1/29");
	struct give bob = { g.interface_id, add_peer(f, g.interface_id, "bob", 2, NULL) };
	struct prg_prefix address = prefix_of("10.8.0.2"), route = prefix_of("10.8.0.4/31");
	struct prg_prefix all = prefix_of("0.0.0.0/0"), outside = prefix_of("172.16.0.5");

	OK(f, take(f, g, "10.8.0.2", false));
	OK(f, take(f, g, "10.8.0.3", false));
	OK(f, take(f, g, "10.8.0.4", false));
	OK(f, take(f, g, "10.8.0.5", false));
	OK(f, take(f, g, "172.16.0.5", false));
	OK(f, drop(f, g, "10.8.0.2", NOW + 60));
	OK(f, drop(f, g, "10.8.0.3", NOW + 60));
	OK(f, drop(f, g, "10.8.0.4", NOW + 60));
	OK(f, drop(f, g, "10.8.0.5", NOW + 60));
	OK(f, drop(f, g, "172.16.0.5", NOW + 60));
	OK(f, prg_pool_unhold(f->store, g.interface_id, &all, &f->err));
	FAILS(f, PRG_E_CONFLICT, "held until", take(f, bob, "10.8.0.2", false));
	OK(f, prg_pool_unhold(f->store, g.interface_id, &address, &f->err));
	OK(f, prg_pool_unhold(f->store, g.interface_id, &address, &f->err));
	OK(f, take(f, bob, "10.8.0.2", false));
	FAILS(f, PRG_E_CONFLICT, "held until", take(f, bob, "10.8.0.4/31", true));
	OK(f, prg_pool_unhold(f->store, g.interface_id, &route, &f->err));
	OK(f, take(f, bob, "10.8.0.4/31", true));
	OK(f, prg_pool_unhold(f->store, g.interface_id, &outside, &f->err));
	OK(f, take(f, bob, "172.16.0.5", false));
	FAILS(f, PRG_E_CONFLICT, "held until", take(f, bob, "10.8.0.3", false));
}

/* What the extents say is free must never be what somebody has. */
static void test_damage_is_no_double_use(void **state)
{
	struct fixture *f = *state;
	struct give g = with_pools(f, "10.8.0.1/24");
	char text[100];

	GIVES(f, g, "10.8.0.2/32");
	OK(f, prg_store_commit(f->store, &f->err));
	raw_sql(f->path, "UPDATE free_extent SET first = x'0a080002'");
	OK(f, prg_store_begin(f->store, &f->err));
	FAILS(f, PRG_E_CORRUPT, "10.8.0.2/32", allocate(f, g, NOW, text, sizeof(text)));
	prg_store_rollback(f->store);
	OK(f, prg_store_begin(f->store, &f->err));
	FAILS(f, PRG_E_CORRUPT, "in use", drop(f, g, "10.8.0.2", 0));
	prg_store_rollback(f->store);
	raw_sql(f->path, "UPDATE free_extent SET first = x'0a0800'");
	OK(f, prg_store_begin(f->store, &f->err));
	FAILS(f, PRG_E_CORRUPT, "malformed first", allocate(f, g, NOW, text, sizeof(text)));
	prg_store_rollback(f->store);
	raw_sql(f->path, "UPDATE pool SET length = 200");
	OK(f, prg_store_begin(f->store, &f->err));
	FAILS(f, PRG_E_CORRUPT, "malformed length", allocate(f, g, NOW, text, sizeof(text)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_lowest_of_each),
		STORE_TEST(test_order_is_that_of_the_pools),
		STORE_TEST(test_sizes),
		STORE_TEST(test_full),
		STORE_TEST(test_the_very_last_addresses),
		STORE_TEST(test_conflicts),
		STORE_TEST(test_a_route_leaves_the_pool_and_returns),
		STORE_TEST(test_held_until_its_time),
		STORE_TEST(test_wide_routes),
		STORE_TEST(test_define),
		STORE_TEST(test_a_route_ends_the_holds_it_covers),
		STORE_TEST(test_a_hold_can_be_ended),
		STORE_TEST(test_damage_is_no_double_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
