/* SPDX-License-Identifier: ISC */
/*
 * Registers of every version before this one, as the peerage of that time made them
 * (tests/golden/register), are brought to the newest: their rows stay, the chain
 * holds, and what is new begins as it should.
 */
#include "store_fixture.h"
#include "store/schema.h"

#define OLDEST 1

static void make(struct fixture *f, int version)
{
	char path[256], *sql;
	FILE *file;
	long size;
	sqlite3 *db = NULL;
	char *said = NULL;

	snprintf(path, sizeof(path), PRG_TESTS "/golden/register/v%d.sql", version);
	file = fopen(path, "r");
	assert_non_null(file);
	fseek(file, 0, SEEK_END);
	size = ftell(file);
	rewind(file);
	sql = calloc(1, (size_t)size + 1);
	assert_non_null(sql);
	assert_int_equal(fread(sql, 1, (size_t)size, file), size);
	fclose(file);
	unlink(f->path);
	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &said) != SQLITE_OK)
		fail_msg("%s: %s", path, said);
	sqlite3_close(db);
	chmod(f->path, 0600);
	free(sql);
}

static void open_and_look(struct fixture *f, int version)
{
	struct prg_interface *wg0 = NULL;
	uint64_t entries = 0;
	char head[65];
	int64_t now = 0;

	make(f, version);
	OK(f, prg_store_open(f->path, 0, WAIT_MS, &f->store, &f->err));
	assert_int_equal(prg_db_pragma(f->store, "PRAGMA user_version", &now), SQLITE_OK);
	assert_int_equal(now, PRG_SCHEMA_VERSION);
	OK(f, prg_audit_verify(f->store, NULL, &entries, head, &f->err));
	assert_true(entries >= 8);
	OK(f, prg_store_interface(f->store, "wg0", &wg0, &f->err));
	assert_string_equal(wg0->endpoint.host, "vpn.example.org");
	assert_int_equal(wg0->stale_after_s, 30 * 86400);
	assert_int_equal(wg0->scrub_idle_s, 600);
	assert_int_equal(wg0->rotate_after_s, 0);
	prg_interface_free(&wg0);
}

static void test_rows_stay(void **state)
{
	struct fixture *f = *state;
	int version;

	for (version = OLDEST; version < PRG_SCHEMA_VERSION; version++) {
		struct prg_preshared_key psk;
		struct prg_peer *peer = NULL;
		bool revoked = false;

		open_and_look(f, version);
		OK(f, prg_store_peer(f->store, 1, "alice", &peer, &f->err));
		assert_string_equal(peer->note, "on the second floor");
		assert_int_equal(peer->n_tags, 1);
		assert_int_equal(peer->n_addresses, 2);
		assert_int_equal(peer->expires_at, 4070908800);
		/* rotated two seconds after it was made */
		assert_int_equal(peer->keyed_at, peer->created_at + 2);
		assert_int_equal(peer->resumes_at, 0);
		assert_int_equal(peer->successor_id, 0);
		OK(f, prg_store_peer_psk(f->store, peer->id, &psk, &f->err));
		prg_peer_free(&peer);
		OK(f, prg_store_peer(f->store, 1, "bob", &peer, &f->err));
		assert_int_equal(peer->keyed_at, peer->created_at);
		assert_int_equal(peer->n_routes, 1);
		prg_peer_free(&peer);
		OK(f, prg_store_peer_any(f->store, 1, "carol", &peer, &f->err));
		assert_int_equal(peer->state, PRG_PEER_REVOKED);
		OK(f, prg_store_key_is_revoked(f->store, 1, &peer->public_key, &revoked, &f->err));
		assert_true(revoked);
		prg_peer_free(&peer);
		prg_store_close(&f->store);
	}
}

/* What version 2 is for: a key that another register revoked. */
static void test_keys_of_other_registers(void **state)
{
	struct fixture *f = *state;
	struct prg_public_key other = key_of(8);
	unsigned char hash_key[PRG_HASH_BYTES] = { 9 }, hash[PRG_HASH_BYTES];
	bool is = true;

	open_and_look(f, 1);
	crypto_generichash(hash, sizeof(hash), other.bytes, sizeof(other.bytes), hash_key,
	                   sizeof(hash_key));
	OK(f, prg_store_key_is_revoked(f->store, 1, &other, &is, &f->err));
	assert_false(is);
	begin(f);
	OK(f, prg_store_revoked_add(f->store, 1, hash_key, hash, NOW, &is, &f->err));
	assert_true(is);
	OK(f, prg_store_revoked_add(f->store, 1, hash_key, hash, NOW, &is, &f->err));
	assert_false(is);
	commit(f);
	OK(f, prg_store_key_is_revoked(f->store, 1, &other, &is, &f->err));
	assert_true(is);
}

/* What version 3 is for, among others: each register has a key to sign with. */
static void test_a_key_to_sign_with(void **state)
{
	struct fixture *f = *state;
	struct prg_signing_key key, again;

	open_and_look(f, 2);
	OK(f, prg_store_signing_key(f->store, &key, &f->err));
	prg_store_close(&f->store);
	OK(f, prg_store_open(f->path, PRG_OPEN_READ, WAIT_MS, &f->store, &f->err));
	OK(f, prg_store_signing_key(f->store, &again, &f->err));
	assert_memory_equal(&key, &again, sizeof(key));
	prg_store_close(&f->store);
	open_and_look(f, 2);
	OK(f, prg_store_signing_key(f->store, &again, &f->err));
	assert_memory_not_equal(key.seed, again.seed, sizeof(key.seed));
	assert_memory_not_equal(key.id, again.id, sizeof(key.id));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FILE_TEST(test_rows_stay),
		FILE_TEST(test_keys_of_other_registers),
		FILE_TEST(test_a_key_to_sign_with),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
