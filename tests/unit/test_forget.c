/* SPDX-License-Identifier: ISC */
/*
 * Of a peer that is forgotten no byte is left in any file of the register's directory,
 * with 20,000 others beside it; the chain verifies, its keys stay refused, and the
 * others are as they were. What cannot be done at once is done by the next change.
 */
#include "store_fixture.h"

#include "backend/memory.h"
#include "base/cleanup.h"
#include "memcheck.h"
#include "report.h"

#include <time.h>

#define MANY memcheck_or(2000, 20000)
#define ONE  (MANY / 4 - 289) /* 4711, of 20,000 */
#define FEW 40

#define INTENT PRG_CLEANUP(prg_intent_free) struct prg_intent

/* What only the victim has, as it may stand in a file. */
struct canary {
	const char *what;
	unsigned char bytes[64];
	size_t length;
	bool past; /* it may be gone long since: zeroed in place, or written over */
};

struct garden {
	char directory[64], path[96];
	struct prg_register *reg;
	struct prg_error err;
	struct canary canaries[40];
	size_t n_canaries;
	struct prg_public_key keys[4]; /* that the victim has or had */
	size_t n_keys;
};

static void good(struct garden *g, int rc, int line)
{
	if (rc != 0)
		fail_msg("line %d: %d: %s", line, rc, g->err.message);
}
#define GOOD(call) good(g, (call), __LINE__)

static int setup(void **state)
{
	struct garden *g = calloc(1, sizeof(*g));

	if (g == NULL || sodium_init() < 0)
		return -1;
	strcpy(g->directory, "/tmp/peerage-forget-XXXXXX");
	if (mkdtemp(g->directory) == NULL)
		return -1;
	snprintf(g->path, sizeof(g->path), "%s/register.db", g->directory);
	prg_memory_reset();
	*state = g;
	GOOD(prg_register_open(g->path, PRG_OPEN_CREATE, 1000, &g->reg, &g->err));
	prg_register_set_backend(g->reg, PRG_BACKEND_MEMORY);
	return 0;
}

static int teardown(void **state)
{
	struct garden *g = *state;

	prg_register_close(&g->reg);
	empty_directory(g->directory);
	rmdir(g->directory);
	free(g);
	return 0;
}

/* ------------------------------------------------------------------ searching */

static void plant(struct garden *g, const char *what, const void *bytes, size_t length)
{
	struct canary *c = &g->canaries[g->n_canaries++];

	assert_true(g->n_canaries <= 40 && length <= sizeof(c->bytes));
	c->what = what;
	c->past = false;
	memcpy(c->bytes, bytes, length);
	c->length = length;
}

static void plant_text(struct garden *g, const char *text)
{
	plant(g, text, text, strlen(text));
}

/* As the table has it and as details have it. */
static void plant_key(struct garden *g, const struct prg_public_key *key)
{
	char text[PRG_KEY_TEXT];

	prg_public_key_format(key, text);
	plant(g, "a public key", key->bytes, sizeof(key->bytes));
	plant(g, "the beginning of a public key", key->bytes, 16);
	plant(g, "a public key in base64", text, 40);
	g->keys[g->n_keys++] = *key;
}

/* How many canaries stand in some file of the directory; *ret_last is one of them. */
static size_t search(const struct garden *g, const char **ret_last)
{
	bool found[40] = { false };
	DIR *directory = opendir(g->directory);
	struct dirent *entry;
	size_t i, n = 0;

	assert_non_null(directory);
	while ((entry = readdir(directory)) != NULL) {
		char path[400];
		struct bytes bytes;

		if (entry->d_name[0] == '.' && strlen(entry->d_name) < 3)
			continue;
		snprintf(path, sizeof(path), "%s/%s", g->directory, entry->d_name);
		bytes = slurp(path);
		for (i = 0; i < g->n_canaries; i++)
			found[i] |= memmem(bytes.data, bytes.length, g->canaries[i].bytes,
			                   g->canaries[i].length) != NULL;
		free(bytes.data);
	}
	closedir(directory);
	for (i = 0; i < g->n_canaries; i++) {
		if (found[i])
			*ret_last = g->canaries[i].what;
		n += found[i];
	}
	return n;
}

static void assert_all_there(struct garden *g)
{
	size_t i, all = g->n_canaries;

	for (i = 0; i < all; i++) { /* each alone */
		struct canary first = g->canaries[0];
		const char *last;

		g->canaries[0] = g->canaries[i];
		g->n_canaries = 1;
		if (!g->canaries[0].past && search(g, &last) == 0)
			fail_msg("not there before: %s", g->canaries[0].what);
		g->canaries[0] = first;
		g->n_canaries = all;
	}
}

static void assert_none_there(struct garden *g)
{
	const char *last = NULL;
	size_t n = search(g, &last);

	if (n != 0)
		fail_msg("%zu canaries are left, among them: %s", n, last);
}

/* -------------------------------------------------------------------- a life */

static void init(struct garden *g)
{
	INTENT *intent = NULL;
	PRG_REPORT *report = NULL;

	GOOD(prg_intent_new(PRG_INIT, "wg0", &intent, &g->err));
	GOOD(prg_intent_set(intent, PRG_FIELD_ENDPOINT, "vpn.example.org", &g->err));
	GOOD(prg_intent_set(intent, PRG_FIELD_ADDRESS, "10.8.0.1/16,fd00:8::1/64", &g->err));
	GOOD(prg_execute(g->reg, intent, &report, &g->err));
}

static void add_crowd(struct garden *g, const char *prefix, unsigned n)
{
	INTENT *intent = NULL;
	PRG_REPORT *report = NULL;
	unsigned i;

	GOOD(prg_intent_new(PRG_ADD, "wg0", &intent, &g->err));
	for (i = 0; i < n; i++) {
		char name[32];

		snprintf(name, sizeof(name), "%s%u", prefix, i);
		GOOD(prg_intent_peer(intent, name, &g->err));
	}
	GOOD(prg_execute(g->reg, intent, &report, &g->err));
}

/* The four of a key and its preshared key; details go on telling the first in base64. */
static void pass_keys(struct garden *g, size_t first)
{
	assert_string_equal(g->canaries[first].what, "a public key");
	g->canaries[first].past = g->canaries[first + 1].past = true;
	g->canaries[first + 3].past = true;
}

struct setting {
	enum prg_field field;
	const char *text;
};

/* One verb on one peer; its code. The keys that the peer has then are noted. */
static int act(struct garden *g, enum prg_verb verb, const char *name,
               const struct setting *settings, bool note_key)
{
	INTENT *intent = NULL;
	PRG_REPORT *report = NULL;
	int rc;

	GOOD(prg_intent_new(verb, "wg0", &intent, &g->err));
	GOOD(prg_intent_peer(intent, name, &g->err));
	for (; settings != NULL && settings->text != NULL; settings++)
		GOOD(prg_intent_set(intent, settings->field, settings->text, &g->err));
	rc = prg_execute(g->reg, intent, &report, &g->err);
	if (rc == 0 && note_key) {
		const struct prg_result *result = prg_report_result(report, 0);

		plant_key(g, &result->peer->public_key);
		plant(g, "a preshared key", result->preshared_key->bytes, 32);
		if (verb == PRG_ROTATE)
			pass_keys(g, g->n_canaries - 8);
	}
	return rc;
}

static int64_t number(const struct garden *g, const char *sql)
{
	return raw_number(g->path, sql);
}

/* A handshake, and traffic that a tick counts. */
static void use(struct garden *g, const char *name, uint64_t rx_bytes)
{
	struct prg_peer *peer = NULL;
	INTENT *intent = NULL;
	PRG_REPORT *report = NULL;

	GOOD(prg_find_peer(g->reg, "wg0", name, &peer, &g->err));
	assert_int_equal(prg_memory_traffic("wg0", &peer->public_key, time(NULL), rx_bytes, 1, NULL),
	                 0);
	prg_peer_free(&peer);
	GOOD(prg_intent_new(PRG_MAINTAIN, "wg0", &intent, &g->err));
	GOOD(prg_execute(g->reg, intent, &report, &g->err));
	assert_int_equal(number(g, "SELECT count(*) FROM usage u JOIN usage_day d "
	                           "ON d.peer_id = u.peer_id WHERE u.rx_bytes > 99999"), 1);
}

/* One who was revoked under that name, and one who has it: with a history each. */
static void live(struct garden *g)
{
	static const struct setting first[] = { { PRG_FIELD_NOTE, "canary-of-the-first" },
		                                { PRG_FIELD_TAG, "canary-tag-first" },
		                                { 0, NULL } };
	static const struct setting second[] = {
		{ PRG_FIELD_NOTE, "canary-note-before" }, { PRG_FIELD_TAG, "canary-tag-before" },
		{ PRG_FIELD_ADDRESS, "10.8.177.33,fd00:8::ca0a:11" },
		{ PRG_FIELD_ROUTES, "172.29.113.0/24,2001:db8:ca0a:b1::/64" },
		{ PRG_FIELD_PEER_ENDPOINT, "198.51.100.177:4711" },
		{ PRG_FIELD_QUOTA, "987654321987654/month" }, { PRG_FIELD_CLIENT_ALLOWED_IPS, "203.0.113.177/32" },
		{ PRG_FIELD_DNS, "203.0.113.77" }, { PRG_FIELD_EXPIRES, "2039-03-07T01:02:03Z" },
		{ 0, NULL }
	};
	static const struct setting changed[] = { { PRG_FIELD_NOTE, "canary-note-after" },
		                                  { PRG_FIELD_UNTAG, "canary-tag-before" },
		                                  { PRG_FIELD_TAG, "canary-tag-after" },
		                                  { 0, NULL } };
	static const struct setting renamed[] = { { PRG_FIELD_NEW_NAME, "zoe-canary" },
		                                  { 0, NULL } };
	static const char *const texts[] = {
		"zoe-canary", "canary-before", "canary-of-the-first", "canary-tag-first",
		"canary-note-before", "canary-note-after", "canary-tag-before", "canary-tag-after",
		"10.8.177.33", "fd00:8::ca0a:11", "172.29.113.0", "2001:db8:ca0a:b1::", "198.51.100.177",
		"203.0.113.177", "203.0.113.77", "2039-03-07T01:02:03Z", "987654321987654",
	};
	static const unsigned char route[] = { 172, 29, 113, 0 }, quota[] = { 0x00, 0x03, 0x82, 0x44, 0x31, 0x05, 0xe0, 0x46 };
	static const unsigned char used[] = { 0x70, 0x48, 0x86, 0x0d, 0xdf, 0x79 };
	static const unsigned char route6[] = { 0x20, 1, 0xd, 0xb8, 0xca, 0xa, 0, 0xb1 };
	size_t i;

	GOOD(act(g, PRG_ADD, "zoe-canary", first, true));
	GOOD(act(g, PRG_REVOKE, "zoe-canary", NULL, false));
	g->canaries[3].past = true; /* its preshared key is zeroed at once */
	GOOD(act(g, PRG_ADD, "canary-before", second, true));
	GOOD(act(g, PRG_RENAME, "canary-before", renamed, false));
	GOOD(act(g, PRG_SET, "zoe-canary", changed, false));
	GOOD(act(g, PRG_DISABLE, "zoe-canary", NULL, false));
	GOOD(act(g, PRG_ENABLE, "zoe-canary", NULL, false));
	GOOD(act(g, PRG_ROTATE, "zoe-canary", NULL, true));
	use(g, "zoe-canary", 0x7048860ddf79);
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		plant_text(g, texts[i]);
	plant(g, "a route", route, sizeof(route));
	plant(g, "a route of IPv6", route6, sizeof(route6));
	plant(g, "a quota", quota, sizeof(quota));
	plant(g, "what it transferred", used, sizeof(used));
}

/* A hash of everybody but the victim, with secrets. */
static int64_t others(const struct garden *g)
{
	static const char *const sql[] = {
		"SELECT count(*) || group_concat(id || name || hex(public_key) || state || "
		"ifnull(secret_id, '') || created_at || config_epoch) FROM "
		"(SELECT * FROM peer WHERE name <> 'zoe-canary' ORDER BY id)",
		"SELECT group_concat(id || ':' || hex(bytes)) FROM (SELECT * FROM secret s WHERE "
		"id IN (SELECT secret_id FROM peer WHERE name <> 'zoe-canary' UNION "
		"SELECT secret_id FROM interface UNION SELECT signing_secret_id FROM meta) "
		"ORDER BY id)",
		"SELECT group_concat(peer_id || hex(addr) || length || route) FROM (SELECT x.* FROM "
		"prefix x JOIN peer p ON p.id = x.peer_id WHERE p.name <> 'zoe-canary' ORDER BY x.id)",
		"SELECT group_concat(number || detail || hex(salt)) FROM (SELECT * FROM audit_detail "
		"WHERE detail NOT LIKE '%canary%' AND detail IS NOT NULL AND number <= ?1 "
		"ORDER BY number)",
	};
	unsigned char hash[16];
	crypto_generichash_state state;
	int64_t value;
	size_t i;

	crypto_generichash_init(&state, NULL, 0, 16);
	for (i = 0; i < sizeof(sql) / sizeof(sql[0]); i++) {
		sqlite3 *db = NULL;
		sqlite3_stmt *stmt = NULL;

		assert_int_equal(sqlite3_open(g->path, &db), SQLITE_OK);
		assert_int_equal(sqlite3_prepare_v2(db, sql[i], -1, &stmt, NULL), SQLITE_OK);
		if (sqlite3_bind_parameter_count(stmt) > 0)
			sqlite3_bind_int(stmt, 1, (int)MANY + 10);
		assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
		assert_true(sqlite3_column_bytes(stmt, 0) > 20);
		crypto_generichash_update(&state, sqlite3_column_text(stmt, 0),
		                          (size_t)sqlite3_column_bytes(stmt, 0));
		sqlite3_finalize(stmt);
		sqlite3_close(db);
	}
	crypto_generichash_final(&state, hash, 16);
	memcpy(&value, hash, sizeof(value));
	return value;
}

static void assert_refused(struct garden *g, size_t n)
{
	size_t i;

	assert_int_equal(g->n_keys, 3);
	for (i = 0; i < n; i++) {
		char text[PRG_KEY_TEXT];
		struct setting settings[] = { { PRG_FIELD_PUBLIC_KEY, text }, { 0, NULL } };

		prg_public_key_format(&g->keys[i], text);
		assert_int_equal(act(g, PRG_ADD, "newcomer", settings, false), PRG_E_CONFLICT);
		assert_non_null(strstr(g->err.message, "revoked"));
	}
}

static void assert_sound(struct garden *g)
{
	uint64_t entries = 0;
	char head[65];

	GOOD(prg_register_verify(g->reg, &entries, head, &g->err));
	assert_int_equal(number(g, "SELECT count(*) FROM pragma_integrity_check "
	                           "WHERE integrity_check <> 'ok'"), 0);
	assert_int_equal(number(g, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
	assert_int_equal(number(g, "SELECT count(*) FROM pending"), 0);
	assert_int_equal(number(g, "SELECT count(*) FROM held WHERE peer_id <> 0 AND "
	                           "peer_id NOT IN (SELECT id FROM peer)"), 0);
}

static int count_live(void *context, const struct prg_live *live, const struct prg_peer *peer)
{
	(void)peer;
	*(size_t *)context += live->present;
	return 0;
}

static size_t n_live(struct garden *g)
{
	struct prg_live_interface interface;
	size_t n = 0;

	GOOD(prg_status(g->reg, "wg0", NULL, 0, PRG_STATUS_BRIEF, &interface, count_live, &n,
	                &g->err));
	return n;
}

/* A crowd in no order, so that pages of the index of names are split often; each name
 * is a number of five digits. */
static void add_shuffled(struct garden *g)
{
	unsigned i, k;

	for (i = 0; i < MANY; i += MANY / 10) {
		INTENT *intent = NULL;
		PRG_REPORT *report = NULL;

		GOOD(prg_intent_new(PRG_ADD, "wg0", &intent, &g->err));
		for (k = i; k < i + MANY / 10; k++) {
			char name[32];

			snprintf(name, sizeof(name), "crowd-%05u", k * 7919u % MANY);
			GOOD(prg_intent_peer(intent, name, &g->err));
		}
		GOOD(prg_execute(g->reg, intent, &report, &g->err));
	}
}

/* How often each name stands in the register's file. */
static void count_names(const struct garden *g, unsigned *ret)
{
	struct bytes bytes = slurp(g->path);
	const char *at = bytes.data, *end = bytes.data + bytes.length;

	memset(ret, 0, MANY * sizeof(*ret));
	while ((at = memmem(at, (size_t)(end - at), "crowd-", 6)) != NULL && at + 11 <= end) {
		char digits[6] = { 0 };

		memcpy(digits, at + 6, 5);
		if (strspn(digits, "0123456789") == 5)
			ret[atoi(digits)]++;
		at += 6;
	}
	free(bytes.data);
}

static void checkpoint(const struct garden *g)
{
	number(g, "PRAGMA wal_checkpoint(TRUNCATE)");
}

/* ----------------------------------------------------------------- the tests */

/* Those of whom a page keeps one more copy, in its slack, than the tables have. */
static void test_copies_in_slack(void **state)
{
	struct garden *g = *state;
	unsigned *before = calloc(MANY, sizeof(*before)), *after = calloc(MANY, sizeof(*after));
	unsigned i, victims = 0;
	INTENT *intent = NULL;
	PRG_REPORT *report = NULL;

	assert_true(before != NULL && after != NULL);
	init(g);
	add_shuffled(g);
	checkpoint(g);
	count_names(g, before);
	GOOD(prg_intent_new(PRG_FORGET, "wg0", &intent, &g->err));
	for (i = 0; i < MANY; i++) {
		char name[32];

		assert_true(before[i] >= 4); /* row, index, and twice in an audit entry */
		if (before[i] == 4 && i != ONE)
			continue;
		snprintf(name, sizeof(name), "crowd-%05u", i);
		GOOD(prg_intent_peer(intent, name, &g->err));
		victims++;
	}
	print_message("# of %u names %u had a copy too many\n", MANY, victims - 1);
	GOOD(prg_execute(g->reg, intent, &report, &g->err));
	count_names(g, after);
	for (i = 0; i < MANY; i++)
		if (before[i] == 4 && i != ONE)
			assert_int_equal(after[i], 4);
		else
			assert_int_equal(after[i], 0);
	assert_sound(g);
	assert_int_equal(n_live(g), MANY - victims);
	free(before);
	free(after);
}

static void test_among_many(void **state)
{
	struct garden *g = *state;
	int64_t before, entries;
	struct prg_peer *peer = NULL;

	init(g);
	add_crowd(g, "early", MANY / 2);
	live(g);
	add_crowd(g, "late", MANY / 2);
	assert_all_there(g);
	before = others(g);
	assert_int_equal(n_live(g), MANY + 1);
	entries = number(g, "SELECT count(*) FROM audit");
	GOOD(act(g, PRG_FORGET, "zoe-canary", NULL, false));
	assert_none_there(g);
	assert_sound(g);
	assert_int_equal(n_live(g), MANY);
	assert_int_equal(number(g, "SELECT count(*) FROM peer"), MANY);
	assert_int_equal(number(g, "SELECT count(*) FROM audit"), entries + 1);
	assert_int_equal(number(g, "SELECT count(*) FROM audit_detail WHERE detail IS NULL"), 8);
	assert_int_equal(others(g), before);
	assert_int_equal(prg_find_peer(g->reg, "wg0", "zoe-canary", &peer, &g->err),
	                 PRG_E_NOT_FOUND);
	assert_int_equal(act(g, PRG_FORGET, "zoe-canary", NULL, false), PRG_E_NOT_FOUND);
	assert_refused(g, 3);
	/* its addresses are held, and nobody knows whose they were */
	assert_int_equal(number(g, "SELECT count(*) FROM held WHERE peer_id = 0"), 4);
	prg_register_close(&g->reg);
	assert_none_there(g);
}

/* It went with its interface: the chain alone tells of it. The key that it had then was
 * not revoked. */
static void test_of_an_interface_that_was_removed(void **state)
{
	struct garden *g = *state;
	INTENT *intent = NULL;
	PRG_REPORT *report = NULL;

	init(g);
	live(g);
	GOOD(prg_intent_new(PRG_REMOVE_INTERFACE, "wg0", &intent, &g->err));
	GOOD(prg_execute(g->reg, intent, &report, &g->err));
	init(g);
	add_crowd(g, "other", FEW);
	GOOD(act(g, PRG_FORGET, "zoe-canary", NULL, false));
	assert_none_there(g);
	assert_sound(g);
	assert_refused(g, 2);
}

static void test_a_dry_run_erases_nothing(void **state)
{
	struct garden *g = *state;
	INTENT *intent = NULL;
	PRG_REPORT *report = NULL;
	int64_t before;

	init(g);
	live(g);
	before = number(g, "SELECT count(*) FROM audit");
	GOOD(prg_intent_new(PRG_FORGET, "wg0", &intent, &g->err));
	prg_intent_set_flags(intent, PRG_DRY_RUN);
	GOOD(prg_intent_peer(intent, "zoe-canary", &g->err));
	GOOD(prg_execute(g->reg, intent, &report, &g->err));
	assert_int_equal(prg_report_n_remarks(report), 1);
	assert_string_equal(prg_report_remark(report, 0),
	                    "peer zoe-canary: 2 records of it, and the details of 8 audit entries, "
	                    "would be erased");
	assert_int_equal(prg_report_n_changes(report), 1);
	assert_string_equal(prg_report_change(report, 0)->action, "remove");
	assert_int_equal(number(g, "SELECT count(*) FROM audit"), before);
	assert_all_there(g);
	assert_int_equal(n_live(g), 1);
}

static void test_a_reader_delays_it(void **state)
{
	struct garden *g = *state;
	const char *last;
	sqlite3 *reader = NULL;

	init(g);
	add_crowd(g, "other", FEW);
	live(g);
	assert_int_equal(sqlite3_open(g->path, &reader), SQLITE_OK);
	assert_int_equal(sqlite3_exec(reader, "BEGIN; SELECT count(*) FROM peer", NULL, NULL, NULL),
	                 SQLITE_OK);
	assert_int_equal(act(g, PRG_FORGET, "zoe-canary", NULL, false), PRG_E_NOT_APPLIED);
	assert_non_null(strstr(g->err.message, "another program is reading"));
	assert_int_equal(n_live(g), FEW); /* it is cut off at once */
	assert_true(search(g, &last) > 0);
	/* the next change tries again, and does what it is there for all the same */
	GOOD(act(g, PRG_DISABLE, "other7", NULL, false));
	assert_true(search(g, &last) > 0);
	sqlite3_close(reader);
	GOOD(act(g, PRG_ENABLE, "other7", NULL, false));
	assert_none_there(g);
	assert_sound(g);
	assert_refused(g, 3);
}

/* Its key must be known until the interface has let go of it, and not longer. */
static void test_an_interface_that_cannot_be_reached(void **state)
{
	struct garden *g = *state;
	const char *last;

	init(g);
	add_crowd(g, "other", FEW);
	live(g);
	prg_memory_fail("wg0", 3, PRG_E_FAILED); /* behind two routes: the peer */
	assert_int_equal(act(g, PRG_FORGET, "zoe-canary", NULL, false), PRG_E_NOT_APPLIED);
	assert_int_equal(n_live(g), FEW + 1);
	assert_int_equal(number(g, "SELECT count(*) FROM pending WHERE forgotten = 1 AND kind = 1"), 1);
	assert_true(search(g, &last) > 0);
	assert_int_equal(number(g, "SELECT count(*) FROM peer"), FEW);
	GOOD(act(g, PRG_DISABLE, "other7", NULL, false));
	assert_int_equal(n_live(g), FEW - 1);
	assert_none_there(g);
	assert_sound(g);
	assert_refused(g, 3);
}

/* Recorded only: the same, without an error. */
static void test_without_applying(void **state)
{
	struct garden *g = *state;
	INTENT *intent = NULL;
	PRG_REPORT *report = NULL;

	init(g);
	live(g);
	GOOD(prg_intent_new(PRG_FORGET, "wg0", &intent, &g->err));
	prg_intent_set_flags(intent, PRG_NO_APPLY);
	GOOD(prg_intent_peer(intent, "zoe-canary", &g->err));
	GOOD(prg_execute(g->reg, intent, &report, &g->err));
	assert_int_equal(prg_report_n_remarks(report), 1);
	assert_non_null(strstr(prg_report_remark(report, 0), "until the running interface has let"));
	assert_int_equal(n_live(g), 1);
	GOOD(act(g, PRG_ADD, "other", NULL, false));
	assert_int_equal(n_live(g), 1);
	assert_none_there(g);
	assert_sound(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define GARDEN_TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
		GARDEN_TEST(test_among_many),
		GARDEN_TEST(test_copies_in_slack),
		GARDEN_TEST(test_of_an_interface_that_was_removed),
		GARDEN_TEST(test_a_dry_run_erases_nothing),
		GARDEN_TEST(test_a_reader_delays_it),
		GARDEN_TEST(test_an_interface_that_cannot_be_reached),
		GARDEN_TEST(test_without_applying),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
