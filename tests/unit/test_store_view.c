/* SPDX-License-Identifier: ISC */
/* The register as plans see it; what it costs; what damage does. */
#include "store_fixture.h"

#include "base/secret.h"
#include "model/wg.h"

/* --------------------------------------------------------------- plans' view */

struct seen {
	char text[600];
	int answer;
};

static int see(void *context, int64_t id, const char *name, const struct prg_wg_peer *peer,
               struct prg_error *err)
{
	struct seen *seen = context;
	char prefix[PRG_PREFIX_TEXT];
	size_t i, at = strlen(seen->text);

	(void)err;
	assert_true(id > 0);
	at += (size_t)snprintf(seen->text + at, sizeof(seen->text) - at,
	                       "%s key=%u psk=%d "
	                       "keepalive=%u port=%u",
	                       name, peer->public_key.bytes[0],
	                       peer->preshared_key ? peer->preshared_key->bytes[5] : -1,
	                       peer->keepalive_s, peer->endpoint.port);
	for (i = 0; i < peer->n_allowed_ips; i++) {
		prg_prefix_format(&peer->allowed_ips[i], prefix);
		at += (size_t)snprintf(seen->text + at, sizeof(seen->text) - at, " %s", prefix);
	}
	snprintf(seen->text + at, sizeof(seen->text) - at, "\n");
	return seen->answer;
}

static void make_view(struct fixture *f, int64_t *ret_wg0)
{
	struct prg_preshared_key psk = psk_of(7);
	struct prg_peer *p;
	int64_t wg0, wg1, id;

	begin(f);
	*ret_wg0 = wg0 = add_interface(f, "wg0");
	wg1 = add_interface(f, "wg1");
	id = add_peer(f, wg0, "off", 1, &psk);
	give_prefix(f, wg0, id, "10.8.0.2", false);
	p = find(f, wg0, "off");
	p->state = PRG_PEER_DISABLED;
	OK(f, prg_store_peer_update(f->store, p, &f->err));
	prg_peer_free(&p);
	id = add_peer(f, wg0, "alice", 2, &psk);
	give_prefix(f, wg0, id, "192.168.0.0/16", true);
	give_prefix(f, wg0, id, "10.8.0.3", false);
	give_prefix(f, wg0, id, "fd00::3", false);
	id = add_peer(f, wg1, "other", 3, &psk);
	give_prefix(f, wg1, id, "10.8.0.3", false);
	add_peer(f, wg0, "bare", 4, NULL);
	p = some_peer(f, wg0, "site");
	p->state = PRG_PEER_ACTIVE;
	OK(f, prg_store_peer_insert(f->store, p, NULL, &f->err));
	prg_peer_free(&p);
	p = some_peer(f, wg0, "lost"); /* the link of its zone is not there */
	p->state = PRG_PEER_ACTIVE;
	p->public_key = key_of(8);
	OK(f, prg_endpoint_parse("[fe80::1%nolink]:1", 0, &p->endpoint, &f->err));
	OK(f, prg_store_peer_insert(f->store, p, NULL, &f->err));
	give_prefix(f, wg0, p->id, "10.8.0.4", false);
	prg_peer_free(&p);
	commit(f);
}

static const char view[] =
	"alice key=2 psk=7 keepalive=0 port=0 10.8.0.3/32 fd00::3/128 192.168.0.0/16\n"
	"bare key=4 psk=-1 keepalive=0 port=0\n"
	"site key=5 psk=-1 keepalive=15 port=51820\n"
	"lost key=8 psk=-1 keepalive=15 port=0 10.8.0.4/32\n";

static void test_each_wg(void **state)
{
	struct fixture *f = *state;
	struct seen seen = { .text = "" };
	int64_t wg0;

	make_view(f, &wg0);
	OK(f, prg_store_each_wg(f->store, wg0, see, &seen, &f->err));
	assert_string_equal(seen.text, view);
	seen = (struct seen){ .answer = 42 };
	assert_int_equal(prg_store_each_wg(f->store, wg0, see, &seen, &f->err), 42);
	assert_int_equal(strcspn(seen.text, "\n"), strlen(seen.text) - 1);
	OK(f, prg_store_each_wg(f->store, 4444, see, &seen, &f->err));
	begin(f); /* its snapshot ended, and inside a transaction it uses that */
	seen = (struct seen){ .answer = 0 };
	OK(f, prg_store_each_wg(f->store, wg0, see, &seen, &f->err));
	assert_string_equal(seen.text, view);
	commit(f);
}

static void test_wg_peer_is_the_same(void **state)
{
	static const char *const names[] = { "alice", "bare", "site", "lost" };
	struct fixture *f = *state;
	struct seen seen = { .text = "" };
	struct prg_arena *arena = NULL;
	int64_t wg0;
	size_t i;

	make_view(f, &wg0);
	OK(f, prg_arena_new(&arena, &f->err));
	for (i = 0; i < 4; i++) {
		struct prg_peer *peer = find(f, wg0, names[i]);
		struct prg_wg_peer wg;

		OK(f, prg_store_wg_peer(f->store, peer, arena, &wg, &f->err));
		see(&seen, 1, names[i], &wg, NULL);
		prg_peer_free(&peer);
	}
	assert_string_equal(seen.text, view);
	prg_arena_free(&arena);
}

/* ---------------------------------------------------------------------- costs */

static uint64_t vm_steps(struct fixture *f)
{
	struct prg_stmt *stmt;
	uint64_t steps = 0;

	for (stmt = f->store->stmts; stmt != NULL; stmt = stmt->next)
		steps += (uint64_t)sqlite3_stmt_status(stmt->raw, SQLITE_STMTSTATUS_VM_STEP, 1);
	return steps;
}

/* What the road does with the store for one add and one revoke. */
static uint64_t add_and_revoke(struct fixture *f, int64_t wg0, unsigned number)
{
	struct prg_preshared_key psk = psk_of(1);
	struct prg_pending pending = { .kind = PRG_PENDING_PEER, .key = key_of(number) };
	struct prg_audit_entry entry = { .verb = "add", .interface = "wg0", .actor = "root" };
	struct prg_prefix *list = NULL;
	struct prg_peer *peer = NULL;
	char name[32];
	int64_t id, row;
	size_t n;

	vm_steps(f);
	snprintf(name, sizeof(name), "p%u", number);
	begin(f);
	id = add_peer(f, wg0, name, number, &psk);
	OK(f, prg_pool_allocate(f->store, wg0, id, NOW, &list, &n, &f->err));
	OK(f, prg_store_pending_add(f->store, wg0, &pending, &row, &f->err));
	OK(f, prg_audit_append(f->store, NOW, &entry, &f->err));
	commit(f);
	OK(f, prg_store_pending_clear(f->store, &row, 1, &f->err));
	OK(f, prg_store_peer_by_key(f->store, wg0, &pending.key, &peer, &f->err));
	prg_peer_free(&peer);
	begin(f);
	peer = find(f, wg0, name);
	OK(f, prg_store_peer_revoke(f->store, peer, NOW, NOW + 9, &f->err));
	OK(f, prg_audit_append(f->store, NOW, &entry, &f->err));
	commit(f);
	prg_peer_free(&peer);
	OK(f, prg_store_peer_any(f->store, wg0, name, &peer, &f->err));
	prg_peer_free(&peer);
	free(list);
	return vm_steps(f);
}

static void fill(struct fixture *f, int64_t wg0, unsigned from, unsigned to)
{
	char name[32];
	unsigned i;

	begin(f);
	for (i = from; i < to; i++) {
		struct prg_prefix *list = NULL;
		int64_t id;
		size_t n;

		snprintf(name, sizeof(name), "q%u", i);
		id = add_peer(f, wg0, name, 1000000 + i, NULL);
		OK(f, prg_pool_allocate(f->store, wg0, id, NOW, &list, &n, &f->err));
		free(list);
		if (i % 3 == 0) { /* gone ones, held addresses and gaps */
			struct prg_peer *peer = find(f, wg0, name);

			OK(f, prg_store_peer_revoke(f->store, peer, NOW, i % 2 ? NOW + 99 : 0,
			                            &f->err));
			prg_peer_free(&peer);
		}
	}
	commit(f);
}

static void test_cost_does_not_grow(void **state)
{
	struct fixture *f = *state;
	uint64_t few, many;
	int64_t wg0;

	begin(f);
	wg0 = add_interface(f, "wg0");
	define(f, wg0, "10.0.0.1/8,fd00::1/48");
	commit(f);
	fill(f, wg0, 0, 10);
	add_and_revoke(f, wg0, 0); /* prepares */
	few = add_and_revoke(f, wg0, 1);
	fill(f, wg0, 10, 6000);
	many = add_and_revoke(f, wg0, 2);
	print_message("# VM steps of add and revoke: %llu among 10, %llu among 6000\n",
	              (unsigned long long)few, (unsigned long long)many);
	assert_true(few > 100);
	assert_true(many <= few + few / 10);
}

/* Of everything that this file has run by now, only these look at whole tables. */
static bool may_scan(const char *sql)
{
	static const char *const known[] = {
		"ORDER BY name", /* all interfaces */
		"ORDER BY number DESC LIMIT 1",
		"LEFT JOIN audit_detail", /* verifying */
		"LEFT JOIN secret s ON s.id = p.secret_id WHERE p.interface_id",
		"sqlite_sequence",
		"SELECT bytes FROM hash_key", /* of other registers: few */
		"DELETE FROM free_extent WHERE pool_id IN",
		"DELETE FROM expected", /* all of them */
		"WHERE forgotten = 1", /* by an index of these rows alone */
	};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strstr(sql, known[i]) != NULL)
			return true;
	return false;
}

static void use_everything(struct fixture *f)
{
	struct prg_interface *i = NULL;
	struct prg_peer **page = NULL;
	struct prg_peer_brief brief;
	struct seen seen = { .text = "" };
	struct prg_prefix prefix = prefix_of("10.8.0.77");
	struct prg_peer *peer = NULL;
	uint64_t count;
	char head[65];
	int64_t wg0;
	size_t n;
	enum prg_erased done;

	make_view(f, &wg0);
	begin(f);
	define(f, wg0, "10.8.0.1/24,fd00::1/64");
	commit(f);
	add_and_revoke(f, wg0, 500);
	OK(f, prg_store_each_wg(f->store, wg0, see, &seen, &f->err));
	OK(f, prg_store_peers(f->store, wg0, 0, 3, &page, &n, &f->err));
	prg_peers_free(&page, n);
	OK(f, prg_store_peers_brief(f->store, wg0, &(int64_t){ 0 }, 1, &brief, &n, &f->err));
	OK(f, prg_store_peers_by_name(f->store, wg0, "", 3, &page, &n, &f->err));
	prg_peers_free(&page, n);
	OK(f, prg_store_peers_due(f->store, wg0, NOW, 3, &page, &n, &f->err));
	prg_peers_free(&page, n);
	OK(f, prg_store_peer_count(f->store, wg0, PRG_PEER_ACTIVE, &count, &f->err));
	OK(f, prg_store_interface(f->store, "wg0", &i, &f->err));
	begin(f);
	OK(f, prg_store_interface_update(f->store, i, NULL, &f->err));
	prg_store_prefix_holder(f->store, wg0, &prefix, &peer, NULL);
	assert_int_equal(prg_pool_take(f->store, wg0, 1, &prefix, true, NOW, NULL), 0);
	assert_int_equal(prg_pool_take(f->store, wg0, 1, &prefix, true, NOW, NULL), PRG_E_CONFLICT);
	OK(f, prg_store_interface_delete(f->store, wg0, &f->err));
	prg_store_rollback(f->store);
	prg_interface_free(&i);
	OK(f, prg_store_erase(f->store, &done, &f->err));
	OK(f, prg_audit_verify(f->store, NULL, &count, head, &f->err));
}

static void test_no_statement_scans(void **state)
{
	struct fixture *f = *state;
	struct prg_stmt *stmt;
	unsigned looked = 0;

	use_everything(f);
	for (stmt = f->store->stmts; stmt != NULL; stmt = stmt->next) {
		sqlite3_stmt *plan = NULL;
		char *sql = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", stmt->sql);

		if (sqlite3_prepare_v2(f->store->db, sql, -1, &plan, NULL) != SQLITE_OK)
			fail_msg("%s", sql);
		while (sqlite3_step(plan) == SQLITE_ROW) {
			const char *detail = (const char *)sqlite3_column_text(plan, 3);

			looked++;
			if ((strncmp(detail, "SCAN", 4) == 0 &&
			     strstr(detail, "CONSTANT") == NULL && !may_scan(stmt->sql)) ||
			    strstr(detail, "AUTOMATIC") != NULL)
				fail_msg("%s: %s", stmt->sql, detail);
			if (strstr(detail, "TEMP B-TREE") != NULL)
				fail_msg("%s: %s", stmt->sql, detail);
		}
		sqlite3_finalize(plan);
		sqlite3_free(sql);
	}
	assert_true(looked > 60);
}

/* --------------------------------------------------------------------- damage */

static int load_all(struct fixture *f, int64_t wg0)
{
	struct prg_interface *i = NULL;
	struct prg_peer **page = NULL;
	struct prg_pending *pending = NULL;
	struct prg_private_key key;
	struct seen seen = { .text = "" };
	size_t n = 0;
	int rc = prg_store_interface(f->store, "wg0", &i, &f->err);

	prg_interface_free(&i);
	if (rc == 0)
		rc = prg_store_interface_key(f->store, wg0, &key, &f->err);
	if (rc == 0)
		rc = prg_store_peers(f->store, wg0, 0, 100, &page, &n, &f->err);
	prg_peers_free(&page, n);
	if (rc == 0)
		rc = prg_store_each_wg(f->store, wg0, see, &seen, &f->err);
	if (rc == 0)
		rc = prg_store_pending(f->store, wg0, &pending, &n, &f->err);
	free(pending);
	return rc;
}

static void test_malformed_values(void **state)
{
	static const char *const cases[] = {
		"interface SET public_key = x'00'",
		"interface SET public_key = zeroblob(33)",
		"interface SET listen_port = 65536",
		"interface SET listen_port = -1",
		"interface SET mtu = 70000",
		"interface SET endpoint = 'no port'",
		"interface SET endpoint = '[::1:5'",
		"interface SET dns = '9.9.9'",
		"interface SET dns = '9.9.9.9,,9.9.9.8'",
		"interface SET dns = '9.9.9.9' || x'00'",
		"interface SET client_allowed_ips = '0.0.0.0/33'",
		"interface SET client_allowed_ips = replace(hex(zeroblob(3000)), '00', '::/0,')",
		"interface SET client_keepalive_s = 1e5",
		"interface SET nat = 'a name that is too long'",
		"interface SET nat = 'eth0; reboot'",
		"interface SET isolate = 2",
		"interface SET wanted_up = -1",
		"interface SET secret_id = 999",
		"secret SET bytes = zeroblob(32)",
		"secret SET bytes = x'01'",
		"peer SET name = ''",
		"peer SET name = 'a' || char(10) || 'b'",
		"peer SET name = hex(zeroblob(40))",
		"peer SET name = CAST(x'ff' AS TEXT)",
		"peer SET name = 'a' || char(27) || '[2J'",
		"peer SET public_key = x''",
		"peer SET state = 4",
		"peer SET client_allowed_ips = '10.0.0.0'  || char(10)",
		"peer SET dns = 'dns.example'",
		"peer SET client_keepalive_s = 65536",
		"peer SET mtu = -5",
		"peer SET keepalive_s = 1 << 40",
		"peer SET endpoint = '1.2.3.4:0'",
		"peer SET note = 'a' || x'00'",
		"peer SET quota_bytes = -1",
		"peer SET quota_period = 3",
		"prefix SET family = 5",
		"prefix SET addr = x'0a08'",
		"prefix SET length = 129",
		"prefix SET length = -1",
		"prefix SET route = 2",
		"tag SET tag = 'a b'",
		"pool SET addr = x''",
		"pool SET family = 0",
		"pending SET key = x'00' WHERE kind = 1",
		"pending SET length = 300 WHERE kind = 2",
		"pending SET kind = 9 WHERE kind = 2",
	};
	struct fixture *f = *state;
	struct prg_pending add[2] = {
		{ .kind = PRG_PENDING_PEER, .key = key_of(7) },
		{ .kind = PRG_PENDING_ROUTE, .prefix = prefix_of("fd00::/8") },
	};
	char good[120], sql[400];
	int64_t wg0;
	size_t i;

	make_view(f, &wg0);
	begin(f);
	define(f, wg0, "10.8.0.1/24,fd00::1/64");
	OK(f, prg_store_pending_add(f->store, wg0, &add[0], NULL, &f->err));
	OK(f, prg_store_pending_add(f->store, wg0, &add[1], NULL, &f->err));
	commit(f);
	OK(f, load_all(f, wg0));
	prg_store_close(&f->store);
	snprintf(good, sizeof(good), "%s/good.db", f->directory);
	assert_int_equal(rename(f->path, good), 0);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(sql, sizeof(sql), "VACUUM INTO '%s'", f->path);
		raw_sql(good, sql);
		snprintf(sql, sizeof(sql), "UPDATE OR IGNORE %s", cases[i]);
		raw_sql(f->path, sql);
		OK(f, prg_store_open(f->path, 0, WAIT_MS, &f->store, &f->err));
		f->err.message[0] = '\0';
		if (load_all(f, wg0) != PRG_E_CORRUPT ||
		    strstr(f->err.message, "damaged") == NULL ||
		    strpbrk(f->err.message, "\n\x1b") != NULL)
			fail_msg("%s: %s", cases[i], f->err.message);
		prg_store_close(&f->store);
		unlink(f->path);
	}
}

/* Whatever page is overwritten, an answer comes, and it is no crash. */
static void test_damaged_pages(void **state)
{
	struct fixture *f = *state;
	char good[120], sql[400], page[8192];
	long pages, at;
	int64_t wg0;
	unsigned failed = 0;

	make_view(f, &wg0);
	prg_store_close(&f->store);
	snprintf(good, sizeof(good), "%s/good.db", f->directory);
	assert_int_equal(rename(f->path, good), 0);
	assert_int_equal(raw_number(good, "PRAGMA page_size"), sizeof(page));
	pages = (long)raw_number(good, "PRAGMA page_count");
	assert_true(pages > 20);
	for (at = 0; at < pages; at++) {
		FILE *file;
		int rc;

		snprintf(sql, sizeof(sql), "VACUUM INTO '%s'", f->path);
		raw_sql(good, sql);
		randombytes_buf(page, sizeof(page));
		file = fopen(f->path, "r+b");
		assert_non_null(file);
		/* but for the first page's header */
		assert_int_equal(fseek(file, at * (long)sizeof(page) + (at == 0 ? 100 : 0),
		                       SEEK_SET), 0);
		assert_int_equal(fwrite(page, sizeof(page) - (at == 0 ? 100 : 0), 1, file), 1);
		fclose(file);
		rc = prg_store_open(f->path, 0, WAIT_MS, &f->store, &f->err);
		if (rc == 0)
			rc = load_all(f, wg0);
		if (rc == 0)
			rc = prg_audit_verify(f->store, NULL, &(uint64_t){ 0 }, (char[65]){ 0 }, &f->err);
		if (rc != 0 && rc != PRG_E_CORRUPT)
			fail_msg("page %ld: %d: %s", at, rc, f->err.message);
		failed += rc != 0;
		prg_store_close(&f->store);
		unlink(f->path);
	}
	assert_true(failed > 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_each_wg),
		STORE_TEST(test_wg_peer_is_the_same),
		STORE_TEST(test_cost_does_not_grow),
		STORE_TEST(test_no_statement_scans),
		STORE_TEST(test_malformed_values),
		STORE_TEST(test_damaged_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
