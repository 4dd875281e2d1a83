/* SPDX-License-Identifier: ISC */
/* The audit chain: its bytes, and that no tampering passes. */
#include "store_fixture.h"

#define ENTRIES 9 /* "create" and eight more */

static void append(struct fixture *f, int64_t now, const char *verb, const char *interface,
                   int64_t peer_id, const char *detail)
{
	struct prg_audit_entry entry = {
		.verb = verb,
		.interface = interface,
		.actor = "root",
		.peer_id = peer_id,
		.detail = detail,
	};

	OK(f, prg_audit_append(f->store, now, &entry, &f->err));
}

static int setup_chain(void **state)
{
	struct fixture *f;
	int64_t base;

	if (fixture_setup(state) < 0)
		return -1;
	f = *state;
	OK(f, prg_store_begin(f->store, &f->err));
	OK(f, prg_store_now(f->store, &base, &f->err));
	append(f, base + 1, "init", "wg0", 0, "{\"port\":51820}");
	append(f, base + 2, "add", "wg0", 1, "{\"name\":\"alice\"}");
	append(f, base + 3, "add", "wg0", 2, "{}");
	append(f, base + 4, "disable", "wg0", 1, NULL);
	append(f, base + 5, "enable", "wg0", 1, "{\"a\":1}");
	append(f, base + 6, "revoke", "wg0", 12, "{\"a\":2}");
	append(f, base + 7, "audit", NULL, 0, NULL);
	append(f, base + 8, "remove", "wg0", 0, "{}");
	OK(f, prg_store_commit(f->store, &f->err));
	return 0;
}

static int verify(struct fixture *f)
{
	uint64_t entries = 0;
	char head[65];

	return prg_audit_verify(f->store, NULL, &entries, head, &f->err);
}

/* ---------------------------------------------------------------- its bytes */

static size_t put(unsigned char *at, const void *bytes, size_t length)
{
	at[0] = at[1] = at[2] = 0;
	at[3] = (unsigned char)length;
	memcpy(at + 4, bytes, length);
	return 4 + length;
}

static size_t put_number(unsigned char *at, int64_t number)
{
	unsigned char bytes[8];
	int i;

	for (i = 0; i < 8; i++)
		bytes[i] = (unsigned char)(number >> (56 - 8 * i));
	return put(at, bytes, sizeof(bytes));
}

static const void *blob(sqlite3_stmt *stmt, int column, size_t *ret_length)
{
	*ret_length = (size_t)sqlite3_column_bytes(stmt, column);
	return sqlite3_column_blob(stmt, column);
}

/* The chain as store/audit.h writes it down, made again from the columns. */
static void test_bytes_are_as_documented(void **state)
{
	struct fixture *f = *state;
	unsigned char hash[32] = { 0 }, text[600], salted[600], commitment[32];
	char hex[65], head[65];
	sqlite3_stmt *stmt;
	uint64_t entries = 0;
	size_t n, m, length;
	const void *bytes;
	int rows = 0;

	assert_int_equal(sqlite3_prepare_v2(f->store->db,
	                                    "SELECT number, time, verb, interface, actor, salt, "
	                                    "detail, peer_id FROM audit JOIN audit_detail "
	                                    "USING (number) ORDER BY number",
	                                    -1, &stmt, NULL),
	                 SQLITE_OK);
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		bytes = blob(stmt, 5, &length);
		assert_int_equal(length, 16);
		memcpy(salted, bytes, 16);
		bytes = blob(stmt, 6, &length);
		memcpy(salted + 16, bytes, length);
		crypto_generichash(commitment, 32, salted, 16 + length, NULL, 0);
		memcpy(text, hash, 32);
		n = 32;
		n += put_number(text + n, sqlite3_column_int64(stmt, 0));
		n += put_number(text + n, sqlite3_column_int64(stmt, 1));
		for (int column = 2; column < 5; column++) {
			bytes = blob(stmt, column, &m);
			n += put(text + n, bytes ? bytes : "", m);
		}
		n += put(text + n, commitment, 32);
		crypto_generichash(hash, 32, text, n, NULL, 0);
		rows++;
	}
	sqlite3_finalize(stmt);
	OK(f, prg_audit_verify(f->store, NULL, &entries, head, &f->err));
	assert_int_equal(entries, ENTRIES);
	assert_int_equal(rows, ENTRIES);
	assert_string_equal(sodium_bin2hex(hex, sizeof(hex), hash, 32), head);
	assert_int_equal(raw_number(f->path, "SELECT count(*) FROM audit_detail WHERE detail IN ("
	                                     "'{\"peer_id\":1,\"name\":\"alice\"}', "
	                                     "'{\"peer_id\":2}', '{\"port\":51820}')"),
	                 3);
	assert_int_equal(raw_number(f->path, "SELECT count(*) FROM audit WHERE number = 1 AND "
	                                     "verb = 'create' AND interface IS NULL"),
	                 1);
}

static void test_time_never_goes_back(void **state)
{
	struct fixture *f = *state;
	int64_t now, later;

	OK(f, prg_store_begin(f->store, &f->err));
	OK(f, prg_store_now(f->store, &now, &f->err));
	append(f, now + 1000000, "add", "wg0", 0, NULL);
	OK(f, prg_store_now(f->store, &later, &f->err));
	assert_int_equal(later, now + 1000000);
	append(f, now, "add", "wg0", 0, NULL);
	OK(f, prg_store_commit(f->store, &f->err));
	assert_int_equal(raw_number(f->path, "SELECT time FROM audit ORDER BY number DESC LIMIT 1"),
	                 now + 1000000);
	OK(f, verify(f));
}

static void test_malformed_entries(void **state)
{
	struct fixture *f = *state;
	struct prg_audit_entry entry = { .verb = "add", .actor = "root" };

	FAILS(f, PRG_E_FAILED, "outside a transaction",
	      prg_audit_append(f->store, NOW, &entry, &f->err));
	OK(f, prg_store_begin(f->store, &f->err));
	entry.detail = "[]";
	FAILS(f, PRG_E_USAGE, "JSON object", prg_audit_append(f->store, NOW, &entry, &f->err));
	entry.detail = "{\"peer_id\":7}";
	FAILS(f, PRG_E_USAGE, "peer_id", prg_audit_append(f->store, NOW, &entry, &f->err));
	entry.detail = NULL;
	entry.verb = "a verb that is longer than it can be";
	FAILS(f, PRG_E_USAGE, "verb", prg_audit_append(f->store, NOW, &entry, &f->err));
	entry.verb = "add";
	entry.actor = NULL;
	FAILS(f, PRG_E_USAGE, "actor", prg_audit_append(f->store, NOW, &entry, &f->err));
}

/* ------------------------------------------------------------------ tampering */

/* Each on a copy of its own; the first entry that no longer holds is named. */
/* ------------------------------------------------------------------- accepted */

struct told {
	unsigned n;
	uint64_t first, last;
};

static int accepted(void *context, uint64_t first, uint64_t last)
{
	struct told *told = context;

	told->n++;
	told->first = first;
	told->last = last;
	return 0;
}

static void holds_but_for(struct fixture *f, struct prg_store *store, uint64_t first, uint64_t last,
                          uint64_t end, const char *sql)
{
	struct told told = { 0 };
	uint64_t entries = 0, broken = 77;
	char head[65];

	if (prg_audit_verify_accepted(store, NULL, accepted, &told, &entries, head, &broken,
	                              &f->err) < 0)
		fail_msg("%s: %s", sql, f->err.message);
	assert_int_equal(broken, 0);
	assert_int_equal(told.n, 1);
	assert_int_equal(told.first, first);
	assert_int_equal(told.last, last);
	assert_int_equal(entries, end);
}

static void accept_from(struct fixture *f, struct prg_store *store, uint64_t first)
{
	OK(f, prg_store_begin(store, &f->err));
	OK(f, prg_audit_accept(store, NOW, "root", first, &f->err));
	OK(f, prg_store_commit(store, &f->err));
}

static void breaks_at(struct fixture *f, struct prg_store *store, uint64_t first, const char *why)
{
	uint64_t entries = 77, broken = 77;
	char head[65] = "untouched";

	assert_int_equal(prg_audit_verify_accepted(store, NULL, NULL, NULL, &entries, head, &broken,
	                                           &f->err),
	                 PRG_E_CORRUPT);
	assert_int_equal(broken, first);
	assert_int_equal(entries, 77);
	if (strstr(f->err.message, why) == NULL)
		fail_msg("no '%s' in: %s", why, f->err.message);
}

/* What does not hold from `first` on is accepted; it can be gone on from; what was
 * accepted and what accepted it cannot be altered, and that is accepted in turn. */
static void accept_it(struct fixture *f, struct prg_store *store, const char *path, int first_bad,
                      const char *sql)
{
	struct prg_audit_entry entry = { .verb = "next", .actor = "root" };
	uint64_t first = (uint64_t)first_bad, last;
	char change[160];

	OK(f, prg_store_begin(store, &f->err));
	assert_int_equal(prg_audit_accept(store, NOW, "root", first + 1, &f->err), PRG_E_CONFLICT);
	if (first > 1)
		assert_int_equal(prg_audit_accept(store, NOW, "root", first - 1, &f->err),
		                 PRG_E_CONFLICT);
	prg_store_rollback(store);
	accept_from(f, store, first);
	last = (uint64_t)raw_number(path, "SELECT max(number) - 1 FROM audit");
	assert_true(last >= ENTRIES);
	holds_but_for(f, store, first, last, last + 1, sql);
	OK(f, prg_store_begin(store, &f->err));
	assert_int_equal(prg_audit_accept(store, NOW, "root", first, &f->err), PRG_E_CONFLICT);
	OK(f, prg_audit_append(store, NOW, &entry, &f->err));
	OK(f, prg_store_commit(store, &f->err));
	holds_but_for(f, store, first, last, last + 2, sql);

	snprintf(change, sizeof(change), "INSERT OR REPLACE INTO audit SELECT %llu, time, verb, "
	         "interface, 'x', commitment, hash FROM audit WHERE verb = 'next'",
	         (unsigned long long)first);
	raw_sql(path, change);
	breaks_at(f, store, first, "altered after it was accepted");
	accept_from(f, store, first);
	holds_but_for(f, store, first, last + 2, last + 3, sql);

	snprintf(change, sizeof(change), "UPDATE audit_detail SET detail = replace(detail, 'entries',"
	         " 'nothing') WHERE number = %llu", (unsigned long long)(last + 3));
	raw_sql(path, change);
	breaks_at(f, store, first, "nor does the entry that accepted it");
	accept_from(f, store, first);
	holds_but_for(f, store, first, last + 3, last + 4, sql);
}

static void test_every_tampering_is_named(void **state)
{
	static const struct {
		const char *sql;
		int first_bad;
	} cases[] = {
		{ "UPDATE audit SET time = time + 1 WHERE number = 1", 1 },
		{ "UPDATE audit SET time = time + 1 WHERE number = 5", 5 },
		{ "UPDATE audit SET time = time + 1 WHERE number = 9", 9 },
		{ "UPDATE audit SET verb = 'enable' WHERE number = 5", 5 },
		{ "UPDATE audit SET verb = verb || x'00' WHERE number = 5", 5 },
		{ "UPDATE audit SET interface = 'wg1' WHERE number = 4", 4 },
		{ "UPDATE audit SET interface = NULL WHERE number = 4", 4 },
		{ "UPDATE audit SET interface = 'wg0' WHERE number = 8", 8 },
		{ "UPDATE audit SET interface = '' WHERE number = 8", 8 },
		{ "UPDATE audit SET interface = 'wg', actor = '0root' WHERE number = 4", 4 },
		{ "UPDATE audit SET actor = 'mallory' WHERE number = 3", 3 },
		{ "UPDATE audit SET commitment = randomblob(32) WHERE number = 6", 6 },
		{ "UPDATE audit SET commitment = x'00' WHERE number = 6", 6 },
		{ "UPDATE audit SET hash = randomblob(32) WHERE number = 6", 6 },
		{ "UPDATE audit SET hash = zeroblob(31) WHERE number = 9", 9 },
		{ "UPDATE audit SET number = 100 WHERE number = 4", 4 },
		{ "UPDATE audit SET number = 0 WHERE number = 1", 1 },
		{ "UPDATE audit SET number = -7 WHERE number = 4", 1 },
		{ "DELETE FROM audit WHERE number = 1", 1 },
		{ "DELETE FROM audit WHERE number = 5", 5 },
		{ "DELETE FROM audit WHERE number = 9", 9 },
		{ "DELETE FROM audit WHERE number > 3", 4 },
		{ "DELETE FROM audit", 1 },
		{ "DELETE FROM audit WHERE number = 9; DELETE FROM audit_detail WHERE number = 9",
		  9 },
		{ "INSERT INTO audit SELECT 10, time, verb, interface, actor, commitment, hash "
		  "FROM audit WHERE number = 9",
		  10 },
		{ "INSERT INTO audit SELECT 0, time, verb, interface, actor, commitment, hash "
		  "FROM audit WHERE number = 9",
		  1 },
		{ "UPDATE audit SET number = 1000 WHERE number = 6; UPDATE audit SET number = 6 "
		  "WHERE number = 7; UPDATE audit SET number = 7 WHERE number = 1000",
		  6 },
		{ "UPDATE audit_detail SET detail = '{}' WHERE number = 2", 2 },
		{ "UPDATE audit_detail SET detail = NULL WHERE number = 2", 2 },
		{ "UPDATE audit_detail SET salt = randomblob(16) WHERE number = 2", 2 },
		{ "UPDATE audit_detail SET salt = x'00' WHERE number = 2", 2 },
		{ "UPDATE audit_detail SET salt = NULL WHERE number = 2", 2 },
		{ "UPDATE audit_detail SET peer_id = 2 WHERE number = 3", 3 },
		{ "UPDATE audit_detail SET peer_id = NULL WHERE number = 3", 3 },
		{ "UPDATE audit_detail SET peer_id = 1 WHERE number = 7", 7 }, /* of 12 */
		{ "UPDATE audit_detail SET peer_id = 1 WHERE number = 8", 8 },
		{ "UPDATE audit_detail SET peer_id = 0 WHERE number = 8", 8 },
		{ "DELETE FROM audit_detail WHERE number = 5", 5 },
		{ "UPDATE audit_detail SET number = 1000 WHERE number = 6; UPDATE audit_detail "
		  "SET number = 6 WHERE number = 7; UPDATE audit_detail SET number = 7 WHERE "
		  "number = 1000",
		  6 },
	};
	struct fixture *f = *state;
	char copy[120], word[40], command[300];
	size_t i;

	snprintf(copy, sizeof(copy), "%s/copy.db", f->directory);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct prg_store *store = NULL;
		uint64_t entries = 77;
		char head[65] = "untouched";

		snprintf(command, sizeof(command), "VACUUM INTO '%s'", copy);
		raw_sql(f->path, command);
		raw_sql(copy, cases[i].sql);
		OK(f, prg_store_open(copy, 0, WAIT_MS, &store, &f->err));
		snprintf(word, sizeof(word), "audit entry %d does not hold", cases[i].first_bad);
		if (prg_audit_verify(store, NULL, &entries, head, &f->err) != PRG_E_CORRUPT ||
		    strstr(f->err.message, word) == NULL)
			fail_msg("%s: no '%s' in: %s", cases[i].sql, word, f->err.message);
		assert_int_equal(entries, 77);
		assert_string_equal(head, "untouched");
		accept_it(f, store, copy, cases[i].first_bad, cases[i].sql);
		prg_store_close(&store);
		unlink(copy);
	}
	OK(f, verify(f));
	OK(f, prg_store_begin(f->store, &f->err));
	assert_int_equal(prg_audit_accept(f->store, NOW, "root", ENTRIES, &f->err), PRG_E_CONFLICT);
	prg_store_rollback(f->store);
}

static void test_erased_details_still_verify(void **state)
{
	struct fixture *f = *state;

	raw_sql(f->path, "UPDATE audit_detail SET peer_id = NULL, salt = NULL, detail = NULL "
	                 "WHERE peer_id = 1");
	assert_int_equal(raw_number(f->path, "SELECT count(*) FROM audit_detail "
	                                     "WHERE detail IS NULL"),
	                 3);
	OK(f, verify(f));
}

static void test_equal_details_have_different_commitments(void **state)
{
	struct fixture *f = *state;
	unsigned i;

	OK(f, prg_store_begin(f->store, &f->err));
	for (i = 0; i < 20; i++)
		append(f, NOW, "add", "wg0", 3, "{}");
	OK(f, prg_store_commit(f->store, &f->err));
	assert_int_equal(raw_number(f->path, "SELECT count(DISTINCT commitment) FROM audit"),
	                 ENTRIES + 20);
}

/* -------------------------------------------------------------------- witness */

struct heard {
	unsigned n;
	uint64_t first, last;
	char verb[40], hash[65];
};

static void witness(void *context, uint64_t number, const char *verb, const char *hash)
{
	struct heard *heard = context;

	if (heard->n++ == 0)
		heard->first = number;
	heard->last = number;
	snprintf(heard->verb, sizeof(heard->verb), "%s", verb);
	snprintf(heard->hash, sizeof(heard->hash), "%s", hash);
}

static void test_witness_hears_what_was_committed(void **state)
{
	struct fixture *f = *state;
	struct heard heard = { 0 };
	uint64_t entries;
	char head[65];

	prg_audit_witness(f->store, witness, &heard);
	assert_int_equal(heard.n, 1); /* of the register that this handle made */
	assert_string_equal(heard.verb, "create");
	heard = (struct heard){ 0 };

	OK(f, prg_store_begin(f->store, &f->err));
	append(f, NOW, "lost", "wg0", 0, NULL);
	prg_audit_witness(f->store, witness, &heard); /* not committed yet */
	assert_int_equal(heard.n, 0);
	prg_store_rollback(f->store);
	prg_audit_witness(f->store, witness, &heard);
	assert_int_equal(heard.n, 0);

	OK(f, prg_store_begin(f->store, &f->err));
	append(f, NOW, "add", "wg0", 0, NULL);
	append(f, NOW, "revoke", "wg0", 0, NULL);
	OK(f, prg_store_commit(f->store, &f->err));
	prg_audit_witness(f->store, witness, &heard);
	prg_audit_witness(f->store, witness, &heard); /* nothing is told twice */
	assert_int_equal(heard.n, 2);
	assert_int_equal(heard.first, 2);
	assert_int_equal(heard.last, 3);
	assert_string_equal(heard.verb, "revoke");
	OK(f, prg_audit_verify(f->store, NULL, &entries, head, &f->err));
	assert_string_equal(heard.hash, head);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_bytes_are_as_documented, setup_chain,
		                                fixture_teardown),
		cmocka_unit_test_setup_teardown(test_time_never_goes_back, setup_chain,
		                                fixture_teardown),
		cmocka_unit_test_setup_teardown(test_malformed_entries, setup_chain,
		                                fixture_teardown),
		cmocka_unit_test_setup_teardown(test_every_tampering_is_named, setup_chain,
		                                fixture_teardown),
		cmocka_unit_test_setup_teardown(test_erased_details_still_verify, setup_chain,
		                                fixture_teardown),
		cmocka_unit_test_setup_teardown(test_equal_details_have_different_commitments,
		                                setup_chain, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_witness_hears_what_was_committed,
		                                fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
