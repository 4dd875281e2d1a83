/* SPDX-License-Identifier: ISC */
/*
 * What WireGuard should hold, as digests that the register keeps. They are kept and
 * used; whatever changes a peer, by whichever way, makes them anew; and a peer that
 * differs in anything but its endpoint is not met.
 */
#include "store_fixture.h"

#include <sys/wait.h>

#include "expected.h"
#include "model/peer.h"

#define PEERS 600 /* three pages */

/* ------------------------------------------------------------------- helpers */

static int64_t wg0;

static struct prg_expected read_either(struct fixture *f, const char *name, bool sums)
{
	struct prg_expected e = { .n = 0 };
	struct prg_interface *interface = NULL;

	OK(f, prg_store_interface(f->store, name, &interface, &f->err));
	OK(f, prg_expected_read(&e, f->store, interface, sums, &f->err));
	prg_interface_free(&interface);
	return e;
}

static struct prg_expected read_expected(struct fixture *f, const char *name)
{
	return read_either(f, name, false);
}

struct fresh {
	struct prg_expected *e;
	struct prg_expected *sums; /* as read by sums */
	size_t n;
};

static int count_one(void *context, int64_t id, const char *name, const struct prg_wg_peer *peer,
                     struct prg_error *err)
{
	struct fresh *fresh = context;

	(void)id;
	(void)name;
	return prg_expected_count(fresh->sums, peer, err);
}

static int compare_one(void *context, int64_t id, const char *name, const struct prg_wg_peer *peer,
                       struct prg_error *err)
{
	struct fresh *fresh = context;
	const struct prg_expected_peer *expected = &fresh->e->peers[fresh->n++];
	struct prg_wg_digest digest;

	assert_true(fresh->n <= fresh->e->n);
	assert_int_equal(expected->id, id);
	assert_int_equal(prg_wg_digest(fresh->e->key, peer, &digest, err), 0);
	if (memcmp(&digest, &expected->digest, sizeof(digest)) != 0)
		fail_msg("peer %s is not as it is expected", name);
	return count_one(context, id, name, peer, err);
}

/* The rows say the same, all of them: by sums first, so that pages that lack are made
 * for these, or `sums_last`. */
static void is_true_either_way(struct fixture *f, bool sums_last)
{
	struct prg_expected e = { .n = 0 }, sums = { .n = 0 };
	struct fresh fresh = { .e = &e, .sums = &sums };

	if (!sums_last)
		sums = read_either(f, "wg0", true);
	e = read_expected(f, "wg0");
	if (sums_last)
		sums = read_either(f, "wg0", true);
	OK(f, prg_store_each_wg(f->store, wg0, compare_one, &fresh, &f->err));
	assert_int_equal(fresh.n, e.n);
	assert_int_equal(sums.all.n, e.n);
	assert_memory_equal(&sums.all, &e.all, sizeof(e.all));
	assert_true(prg_expected_all_met(&sums));
	prg_expected_done(&e);
	prg_expected_done(&sums);
}

static void is_true(struct fixture *f)
{
	is_true_either_way(f, false);
}

static int64_t kept(struct fixture *f)
{
	return raw_number(f->path, "SELECT count(*) FROM expected");
}

/* p0 to p599, each second with a preshared key, two addresses each. */
static int fill(void **state)
{
	struct fixture *f;
	unsigned i;

	if (fixture_setup(state) < 0)
		return -1;
	f = *state;
	begin(f);
	wg0 = add_interface(f, "wg0");
	define(f, wg0, "10.0.0.1/16,fd00::1/64");
	for (i = 0; i < PEERS; i++) {
		struct prg_preshared_key psk = psk_of((unsigned char)(1 + i % 255));
		struct prg_prefix *own = NULL;
		char name[16];
		size_t n = 0;
		int64_t id;

		snprintf(name, sizeof(name), "p%u", i);
		id = add_peer(f, wg0, name, 1000 + i, i % 2 ? &psk : NULL);
		OK(f, prg_pool_allocate(f->store, wg0, id, NOW, &own, &n, &f->err));
		assert_int_equal(n, 2);
		free(own);
	}
	commit(f);
	return 0;
}
#define FILLED_TEST(t) cmocka_unit_test_setup_teardown(t, fill, fixture_teardown)

/* --------------------------------------------------------------------- keeping */

#define DIGEST sizeof(struct prg_wg_digest)

/* Made once, then taken from the table: what is changed there shows. */
static void test_kept(void **state)
{
	struct fixture *f = *state;
	struct prg_expected before, after;

	assert_int_equal(kept(f), 0);
	before = read_expected(f, "wg0");
	assert_int_equal(before.n, PEERS);
	assert_int_equal(kept(f), 3);
	is_true(f);
	/* two change places, which their sum does not tell */
	raw_sql(f->path, "UPDATE expected SET peers = CAST(substr(peers, 1, 2) || "
	                 "substr(peers, 21, 16) || substr(peers, 19, 2) || substr(peers, 3, 16) || "
	                 "substr(peers, 37) AS BLOB) WHERE page = 1");
	after = read_expected(f, "wg0");
	assert_int_equal(after.n, PEERS);
	/* ids begin with 1: the page with 256 */
	assert_memory_equal(&before.peers[254].digest, &after.peers[254].digest, DIGEST);
	assert_memory_equal(&before.peers[255].digest, &after.peers[256].digest, DIGEST);
	assert_memory_equal(&before.peers[256].digest, &after.peers[255].digest, DIGEST);
	prg_expected_done(&before);
	prg_expected_done(&after);
	/* one that is malformed counts for nothing */
	raw_sql(f->path, "UPDATE expected SET peers = substr(peers, 1, 19) WHERE page = 1");
	is_true(f);
	raw_sql(f->path, "DELETE FROM expected WHERE page = 1; UPDATE expected SET peers = "
	                 "CAST(substr(peers, 19, 18) || substr(peers, 1, 18) AS BLOB) WHERE page = 0");
	is_true(f);
	assert_int_equal(kept(f), 2); /* that one is taken away first */
	is_true(f);
	assert_int_equal(kept(f), 3);
}

/* A number or a sum that is not true: no sum is met, nobody is lost, and looking peer
 * by peer puts it right. */
static void test_wrong_sums(void **state)
{
	static const char *const wrongs[] = {
		"UPDATE expected SET n = n - 1 WHERE page = 1",
		"UPDATE expected SET n = 1000000 WHERE page = 1",
		"UPDATE expected SET sum = zeroblob(16) WHERE page = 2",
		"UPDATE expected SET sum = randomblob(16)",
		"UPDATE expected SET special = 1 WHERE page = 0",
		("UPDATE expected SET peers = CAST(substr(peers, 1, 2) || zeroblob(16) || "
		 "substr(peers, 19) AS BLOB) WHERE page = 1"),
		"UPDATE expected SET n = n - 1, peers = substr(peers, 19) WHERE page = 1",
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		struct prg_expected e;
		struct fresh fresh = { .n = 0 };

		is_true(f);
		raw_sql(f->path, wrongs[i]);
		if (i < 4) { /* the others are found when they are read */
			e = read_either(f, "wg0", true);
			fresh = (struct fresh){ .sums = &e };
			OK(f, prg_store_each_wg(f->store, wg0, count_one, &fresh, &f->err));
			assert_false(prg_expected_all_met(&e));
			prg_expected_done(&e);
		}
		is_true_either_way(f, true);
	}
}

static void test_not_kept_where_read_only(void **state)
{
	struct fixture *f = *state;

	prg_store_close(&f->store);
	OK(f, prg_store_open(f->path, PRG_OPEN_READ, WAIT_MS, &f->store, &f->err));
	is_true(f);
	assert_int_equal(kept(f), 0);
}

/* In a transaction: what it sees, gone with it. */
static void test_within_a_transaction(void **state)
{
	struct fixture *f = *state;
	struct prg_expected e;
	struct prg_peer *p7 = find(f, wg0, "p7");

	begin(f);
	p7->state = PRG_PEER_DISABLED;
	OK(f, prg_store_peer_update(f->store, p7, &f->err));
	e = read_expected(f, "wg0");
	assert_int_equal(e.n, PEERS - 1);
	prg_expected_done(&e);
	prg_store_rollback(f->store);
	prg_peer_free(&p7);
	assert_int_equal(kept(f), 0);
	is_true(f);
}

/* While another writes: not kept, and not waited for longer than --wait says. */
static void test_while_another_writes(void **state)
{
	struct fixture *f = *state;
	sqlite3 *other = NULL;

	prg_store_close(&f->store);
	OK(f, prg_store_open(f->path, 0, 1, &f->store, &f->err));
	assert_int_equal(sqlite3_open(f->path, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	is_true(f);
	sqlite3_close(other);
	assert_int_equal(kept(f), 0);
	is_true(f);
	assert_int_equal(kept(f), 3);
}

/* Killed before its commit: the register is as it was, and so is what it expects. */
static void test_killed_before_commit(void **state)
{
	struct fixture *f = *state;
	pid_t child;
	int status;

	is_true(f);
	prg_store_close(&f->store);
	child = fork();
	if (child == 0) {
		struct prg_peer *p7 = NULL;

		if (prg_store_open(f->path, 0, WAIT_MS, &f->store, NULL) == 0 &&
		    prg_store_begin(f->store, NULL) == 0 &&
		    prg_store_peer(f->store, wg0, "p7", &p7, NULL) == 0) {
			p7->keepalive_s = 5;
			if (prg_store_peer_update(f->store, p7, NULL) == 0)
				raise(SIGKILL);
		}
		_exit(1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	OK(f, prg_store_open(f->path, 0, WAIT_MS, &f->store, &f->err));
	assert_int_equal(kept(f), 3);
	is_true(f);
}

/* ids of two interfaces side by side: a change of one leaves the other's true */
static void test_two_interfaces(void **state)
{
	struct fixture *f = *state;
	struct prg_expected e;
	struct prg_preshared_key psk = psk_of(9);
	int64_t wg1, id;

	begin(f);
	wg1 = add_interface(f, "wg1");
	id = add_peer(f, wg1, "p1", 1, &psk);
	add_peer(f, wg0, "last", 2, &psk);
	commit(f);
	is_true(f);
	e = read_expected(f, "wg1");
	assert_int_equal(e.n, 1);
	assert_int_equal(e.peers[0].id, id);
	prg_expected_done(&e);
	assert_int_equal(kept(f), 4);
	begin(f);
	OK(f, prg_store_interface_delete(f->store, wg1, &f->err));
	commit(f);
	assert_int_equal(raw_number(f->path, "SELECT count(*) FROM expected WHERE interface_id = 2"),
	                 0);
	is_true(f);
}

static int count_call(void *context)
{
	(*(unsigned *)context)++;
	return 0;
}

/* What SQLite does, in tens of its instructions, to make the pages of wg1 anew. */
static unsigned cost_of_wg1(struct fixture *f)
{
	unsigned n = 0;
	struct prg_expected e;

	raw_sql(f->path, "DELETE FROM expected");
	sqlite3_progress_handler(f->store->db, 10, count_call, &n);
	e = read_expected(f, "wg1");
	sqlite3_progress_handler(f->store->db, 0, NULL, NULL);
	assert_int_equal(e.n, 2);
	prg_expected_done(&e);
	return n;
}

/* A small interface pays for none of a large one's peers, before, between and behind. */
static void test_small_beside_large(void **state)
{
	struct fixture *f = *state;
	unsigned before;
	int64_t wg1;

	begin(f);
	wg1 = add_interface(f, "wg1");
	add_peer(f, wg1, "first", 1, NULL);
	add_peer(f, wg1, "second", 2, NULL);
	commit(f);
	before = cost_of_wg1(f);
	begin(f);
	for (unsigned i = 0; i < PEERS; i++) {
		char name[16];

		snprintf(name, sizeof(name), "more%u", i);
		add_peer(f, wg0, name, 10000 + i, NULL);
	}
	commit(f);
	assert_in_range(cost_of_wg1(f), before / 2, before + before / 2);
}

/* -------------------------------------------------------------------- changing */

/* By hand: each column that is part of it, each way to change a row. */
static void test_changes_by_hand(void **state)
{
	static const char *const changes[] = {
		"UPDATE peer SET public_key = randomblob(32) WHERE name = 'p7'",
		"UPDATE peer SET keepalive_s = 21 WHERE name = 'p300'",
		"UPDATE peer SET state = 1 WHERE name = 'p301'",
		"UPDATE peer SET state = 0 WHERE name = 'p301'",
		"UPDATE peer SET secret_id = NULL WHERE name = 'p303'",
		"UPDATE peer SET endpoint = '192.0.2.9:1' WHERE name = 'p304'",
		"UPDATE peer SET id = 5000 WHERE name = 'p5'",
		"UPDATE peer SET id = 305 WHERE name = 'p5'",
		"DELETE FROM peer WHERE name = 'p9'",
		"UPDATE secret SET bytes = randomblob(32) WHERE id = "
		"(SELECT secret_id FROM peer WHERE name = 'p11')",
		"INSERT OR REPLACE INTO secret (id, bytes) SELECT secret_id, randomblob(32) FROM peer "
		"WHERE name = 'p13'",
		"UPDATE prefix SET length = 24, addr = x'0a000300' WHERE family = 4 AND peer_id = 17",
		"UPDATE prefix SET peer_id = 400 WHERE peer_id = 18",
		"DELETE FROM prefix WHERE peer_id = 19",
		"INSERT INTO prefix (interface_id, peer_id, route, family, addr, length) "
		"VALUES (1, 20, 1, 4, x'c0a80000', 16)",
		"INSERT OR REPLACE INTO prefix (interface_id, peer_id, route, family, addr, length) "
		"SELECT 1, 580, 0, family, addr, length FROM prefix WHERE peer_id = 21",
		"UPDATE OR REPLACE prefix SET (family, addr, length) = "
		"(SELECT family, addr, length FROM prefix WHERE peer_id = 22 AND family = 4) "
		"WHERE peer_id = 581 AND family = 4",
		/* takes p23's name, and so its row */
		"INSERT OR REPLACE INTO peer SELECT 9000, interface_id, 'p23', randomblob(32), state, "
		"secret_id, sealed_key, client_allowed_ips, dns, client_keepalive_s, mtu, keepalive_s, "
		"endpoint, note, created_at, expires_at, revoked_at, quota_bytes, quota_period, "
		"config_epoch, keyed_at, resumes_at, successor_id, overlap_until FROM peer "
		"WHERE name = 'p24'",
		/* and that of the peer whose key it takes */
		"UPDATE OR REPLACE peer SET public_key = (SELECT public_key FROM peer WHERE "
		"name = 'p590') WHERE name = 'p25'",
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		int64_t all;

		if (strstr(changes[i], "id = 305") != NULL)
			raw_sql(f->path, "DELETE FROM prefix WHERE peer_id = 305; "
			                 "DELETE FROM peer WHERE id = 305");
		is_true(f);
		all = kept(f);
		assert_true(all >= 3);
		raw_sql(f->path, changes[i]);
		if (kept(f) >= all)
			fail_msg("nothing was taken away: %s", changes[i]);
		is_true(f);
	}
}

/* A secret that was erased under a peer is damage, and stays seen. */
static void test_erased_by_hand(void **state)
{
	struct fixture *f = *state;
	struct prg_interface *interface = NULL;
	struct prg_expected e = { .n = 0 };

	is_true(f);
	raw_sql(f->path, "UPDATE secret SET bytes = zeroblob(32) WHERE id = "
	                 "(SELECT secret_id FROM peer WHERE name = 'p1')");
	OK(f, prg_store_interface(f->store, "wg0", &interface, &f->err));
	FAILS(f, PRG_E_CORRUPT, "was erased",
	      prg_expected_read(&e, f->store, interface, true, &f->err));
	FAILS(f, PRG_E_CORRUPT, "was erased",
	      prg_expected_read(&e, f->store, interface, false, &f->err));
	prg_expected_done(&e);
	prg_interface_free(&interface);
}

/* Routes depend on the pools. */
static void test_routes(void **state)
{
	struct fixture *f = *state;
	struct prg_expected e = read_expected(f, "wg0");

	assert_false(e.peers[3].route);
	prg_expected_done(&e);
	begin(f);
	give_prefix(f, wg0, 4, "192.168.0.0/24", true);
	commit(f);
	e = read_expected(f, "wg0");
	assert_true(e.peers[3].route);
	assert_false(e.peers[4].route);
	prg_expected_done(&e);
	is_true(f);
	raw_sql(f->path, "UPDATE pool SET addr = x'0a020001' WHERE family = 4");
	e = read_expected(f, "wg0");
	assert_true(e.peers[4].route);
	prg_expected_done(&e);
	is_true(f);
	begin(f);
	define(f, wg0, "10.0.0.1/15,fd00::1/64");
	commit(f);
	e = read_expected(f, "wg0");
	assert_true(e.peers[3].route);
	assert_false(e.peers[4].route);
	prg_expected_done(&e);
}

/* By the store's own functions, with triggers off. */
static void test_changes_of_ours(void **state)
{
	struct fixture *f = *state;
	struct prg_preshared_key psk = psk_of(0x77);
	struct prg_prefix route = prefix_of("192.168.0.0/24");
	struct prg_peer *p;
	int what;

	for (what = 0; what < 8; what++) {
		is_true(f);
		assert_int_equal(kept(f), 3);
		p = find(f, wg0, "p77");
		begin(f);
		switch (what) {
		case 0:
			p->keepalive_s = 9;
			OK(f, prg_store_peer_update(f->store, p, &f->err));
			break;
		case 1:
			OK(f, prg_endpoint_parse("192.0.2.7:1", 0, &p->endpoint, &f->err));
			OK(f, prg_store_peer_update(f->store, p, &f->err));
			break;
		case 2:
			p->public_key = key_of(4711);
			OK(f, prg_store_peer_update(f->store, p, &f->err));
			break;
		case 3:
			OK(f, prg_store_peer_set_psk(f->store, p->id, &psk, &f->err));
			break;
		case 4:
			OK(f, prg_store_peer_set_psk(f->store, p->id, NULL, &f->err));
			break;
		case 5:
			give_prefix(f, wg0, p->id, "192.168.0.0/24", true);
			break;
		case 6:
			OK(f, prg_pool_release(f->store, wg0, p->id, &route, NOW, 0, &f->err));
			break;
		default:
			OK(f, prg_store_peer_revoke(f->store, p, NOW, NOW + 60, &f->err));
			break;
		}
		commit(f);
		assert_int_equal(kept(f), 2);
		is_true(f);
		prg_peer_free(&p);
	}
	begin(f);
	add_peer(f, wg0, "new", 815, &psk);
	commit(f);
	assert_int_equal(kept(f), 2);
	is_true(f);
	/* a row of prefix that changes unsaid costs every page, and no truth */
	begin(f);
	assert_int_equal(sqlite3_exec(f->store->db, "DELETE FROM prefix WHERE peer_id = 30", NULL,
	                              NULL, NULL),
	                 SQLITE_OK);
	commit(f);
	assert_int_equal(kept(f), 0);
	is_true(f);
	/* what is no part of it leaves all */
	begin(f);
	OK(f, prg_store_pending_add(f->store, wg0,
	                            &(struct prg_pending){ .kind = PRG_PENDING_DEVICE }, NULL,
	                            &f->err));
	commit(f);
	assert_int_equal(kept(f), 3);
}

/* -------------------------------------------------------------------- meeting */

static bool meets(struct fixture *f, struct prg_expected *e, const struct prg_wg_peer *peer)
{
	bool met = false;

	OK(f, prg_expected_meet(e, peer, &met, &f->err));
	return met;
}

static void test_met_just_as_it_should_be(void **state)
{
	struct fixture *f = *state;
	struct prg_prefix ips[3] = { prefix_of("fd00::2/128"), prefix_of("10.0.0.2/32"),
		                     prefix_of("10.0.0.3/32") };
	struct prg_preshared_key psk = psk_of(2), none = psk_of(0);
	struct prg_wg_peer peer = { .public_key = key_of(1000), .allowed_ips = ips,
		                    .n_allowed_ips = 2 };
	struct prg_wg_peer second = { .public_key = key_of(1001), .preshared_key = &psk };
	struct prg_expected e = read_expected(f, "wg0");

	assert_true(meets(f, &e, &peer)); /* whatever the order of allowed IPs */
	assert_false(meets(f, &e, &peer)); /* once */
	prg_expected_restart(&e);
	peer.preshared_key = &none; /* the kernel's word for none */
	peer.endpoint = (struct prg_wg_endpoint){ .addr = ips[2].addr, .port = 1 };
	peer.rx_bytes = 7;
	assert_true(meets(f, &e, &peer)); /* it roams */
	prg_expected_restart(&e);
	peer.preshared_key = &psk;
	assert_false(meets(f, &e, &peer));
	peer.preshared_key = NULL;
	peer.keepalive_s = 1;
	assert_false(meets(f, &e, &peer));
	peer.keepalive_s = 0;
	peer.n_allowed_ips = 1;
	assert_false(meets(f, &e, &peer));
	peer.n_allowed_ips = 3;
	assert_false(meets(f, &e, &peer));
	peer.n_allowed_ips = 2;
	ips[1].length = 31;
	assert_false(meets(f, &e, &peer));
	ips[1].length = 32;
	peer.public_key.bytes[9] ^= 1;
	assert_false(meets(f, &e, &peer));
	peer.public_key.bytes[9] ^= 1;
	/* far out of turn */
	second.public_key = key_of(1000 + 599);
	ips[0] = prefix_of("10.0.2.89/32");
	ips[1] = prefix_of("fd00::259/128");
	second.allowed_ips = ips;
	second.n_allowed_ips = 2;
	psk = psk_of(1 + 599 % 255);
	assert_true(meets(f, &e, &second));
	prg_expected_done(&e);
}

/* One with an endpoint by configuration should have some. */
static void test_endpoint_is_asked_for(void **state)
{
	struct fixture *f = *state;
	struct prg_wg_peer peer = { .public_key = key_of(3) };
	struct prg_expected e;
	struct prg_peer *p;

	begin(f);
	add_peer(f, wg0, "site", 3, NULL);
	p = find(f, wg0, "site");
	OK(f, prg_endpoint_parse("192.0.2.7:1", 0, &p->endpoint, &f->err));
	OK(f, prg_store_peer_update(f->store, p, &f->err));
	prg_peer_free(&p);
	commit(f);
	for (int round = 0; round < 2; round++) { /* made, and from the table */
		e = read_expected(f, "wg0");
		peer.endpoint = (struct prg_wg_endpoint){ .port = 0 };
		assert_false(meets(f, &e, &peer));
		peer.endpoint.addr = prefix_of("198.51.100.1/32").addr;
		assert_true(meets(f, &e, &peer));
		prg_expected_done(&e);
	}
}

/* More allowed IPs than have room on the stack. */
static void test_many_allowed_ips(void **state)
{
	struct fixture *f = *state;
	unsigned char key[PRG_WG_DIGEST_KEY_BYTES] = { 1 };
	struct prg_prefix ips[40];
	struct prg_wg_peer peer = { .public_key = key_of(1), .allowed_ips = ips,
		                    .n_allowed_ips = 40 };
	struct prg_wg_digest one, other;
	char text[32];

	for (unsigned i = 0; i < 40; i++) {
		snprintf(text, sizeof(text), "10.%u.0.0/16", i);
		ips[i] = prefix_of(text);
	}
	OK(f, prg_wg_digest(key, &peer, &one, &f->err));
	for (unsigned i = 0; i < 20; i++) {
		struct prg_prefix kept_one = ips[i];

		ips[i] = ips[39 - i];
		ips[39 - i] = kept_one;
	}
	OK(f, prg_wg_digest(key, &peer, &other, &f->err));
	assert_memory_equal(&one, &other, sizeof(one));
	ips[5].length = 17;
	OK(f, prg_wg_digest(key, &peer, &other, &f->err));
	assert_memory_not_equal(&one, &other, sizeof(one));
	ips[5].length = 16;
	key[0] = 2;
	OK(f, prg_wg_digest(key, &peer, &other, &f->err));
	assert_memory_not_equal(&one, &other, sizeof(one));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FILLED_TEST(test_kept),
		FILLED_TEST(test_wrong_sums),
		FILLED_TEST(test_not_kept_where_read_only),
		FILLED_TEST(test_within_a_transaction),
		FILLED_TEST(test_while_another_writes),
		FILLED_TEST(test_killed_before_commit),
		FILLED_TEST(test_two_interfaces),
		FILLED_TEST(test_small_beside_large),
		FILLED_TEST(test_changes_by_hand),
		FILLED_TEST(test_erased_by_hand),
		FILLED_TEST(test_routes),
		FILLED_TEST(test_changes_of_ours),
		FILLED_TEST(test_met_just_as_it_should_be),
		FILLED_TEST(test_endpoint_is_asked_for),
		FILLED_TEST(test_many_allowed_ips),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
