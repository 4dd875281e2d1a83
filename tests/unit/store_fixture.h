/* SPDX-License-Identifier: ISC */
/* What the tests of the store share: a register in a directory of its own. */
#ifndef STORE_FIXTURE_H
#define STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/addr.h"
#include "store/audit.h"
#include "store/db.h"
#include "store/pool.h"
#include "store/store.h"

/* Long enough for the slowest machine: it bounds a wait that must succeed. */
#define WAIT_MS 600000u
#define NOW     1800000000

struct fixture {
	char directory[64];
	char path[96];
	struct prg_store *store;
	struct prg_error err;
};

#define OK(f, call) assert_int_ok((f), (call), #call, __LINE__)
static inline void assert_int_ok(struct fixture *f, int rc, const char *what, int line)
{
	if (rc != 0)
		fail_msg("line %d: %s: %d: %s", line, what, rc, f->err.message);
}

/* Fails as it should, with words that contain `word`. */
#define FAILS(f, code, word, call) assert_fails((f), (code), (word), (call), #call, __LINE__)
static inline void assert_fails(struct fixture *f, int code, const char *word, int rc,
                                const char *what, int line)
{
	if (rc != code)
		fail_msg("line %d: %s: %d instead of %d: %s", line, what, rc, code, f->err.message);
	if (f->err.code != code || strstr(f->err.message, word) == NULL ||
	    strchr(f->err.message, '\n') != NULL)
		fail_msg("line %d: %s: no '%s' in: %s", line, what, word, f->err.message);
}

static inline int empty_directory(const char *path)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	char file[600];

	if (directory == NULL)
		return -1;
	while ((entry = readdir(directory)) != NULL) {
		snprintf(file, sizeof(file), "%.300s/%s", path, entry->d_name);
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (unlink(file) < 0) {
			empty_directory(file);
			rmdir(file);
		}
	}
	closedir(directory);
	return 0;
}

static inline int fixture_setup_directory(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (f == NULL || sodium_init() < 0)
		return -1;
	strcpy(f->directory, "/tmp/peerage-test-XXXXXX");
	if (mkdtemp(f->directory) == NULL)
		return -1;
	snprintf(f->path, sizeof(f->path), "%s/register.db", f->directory);
	*state = f;
	return 0;
}

static inline int fixture_setup(void **state)
{
	struct fixture *f;

	if (fixture_setup_directory(state) < 0)
		return -1;
	f = *state;
	return prg_store_open(f->path, PRG_OPEN_CREATE, WAIT_MS, &f->store, &f->err);
}

static inline int fixture_teardown(void **state)
{
	struct fixture *f = *state;

	prg_store_close(&f->store);
	empty_directory(f->directory);
	rmdir(f->directory);
	free(f);
	return 0;
}

struct bytes {
	char *data;
	size_t length;
};

/* A whole file; data NULL: there is none. */
static inline struct bytes slurp(const char *path)
{
	struct bytes bytes = { NULL, 0 };
	struct stat st;
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		return bytes;
	assert_int_equal(fstat(fd, &st), 0);
	bytes.length = (size_t)st.st_size;
	bytes.data = malloc(bytes.length + 1);
	assert_non_null(bytes.data);
	assert_int_equal(read(fd, bytes.data, bytes.length), bytes.length);
	close(fd);
	return bytes;
}

static inline struct prg_prefix prefix_of(const char *text)
{
	struct prg_prefix prefix = { 0 };

	if (prg_prefix_parse(text, &prefix, NULL) < 0)
		fail_msg("prefix %s", text);
	return prefix;
}

static inline struct prg_public_key key_of(uint64_t seed)
{
	struct prg_public_key key = { { 0 } };

	memcpy(key.bytes, &seed, sizeof(seed));
	key.bytes[31] = 1;
	return key;
}

/* Some interface; its id. In a transaction. */
static inline int64_t add_interface(struct fixture *f, const char *name)
{
	struct prg_interface interface = { .listen_port = 51820, .config_epoch = 1 };
	struct prg_private_key key;

	snprintf(interface.name, sizeof(interface.name), "%s", name);
	memset(interface.public_key.bytes, 0xee, sizeof(interface.public_key.bytes));
	memset(key.bytes, 0x42, sizeof(key.bytes));
	OK(f, prg_store_interface_insert(f->store, &interface, &key, &f->err));
	return interface.id;
}

/* Some peer without prefixes; its id. In a transaction. */
static inline int64_t add_peer(struct fixture *f, int64_t interface_id, const char *name,
                               uint64_t key, const struct prg_preshared_key *psk)
{
	struct prg_peer peer = { .interface_id = interface_id, .public_key = key_of(key) };

	snprintf(peer.name, sizeof(peer.name), "%s", name);
	OK(f, prg_store_peer_insert(f->store, &peer, psk, &f->err));
	return peer.id;
}

static inline void define(struct fixture *f, int64_t interface_id, const char *addresses)
{
	struct prg_prefix *list = NULL;
	size_t n = 0;

	OK(f, prg_prefix_list_parse(addresses, true, true, 64, &list, &n, &f->err));
	OK(f, prg_pool_define(f->store, interface_id, list, n, &f->err));
	free(list);
}

/* Behind the store's back: as another program would, or damage. */
static inline void raw_sql(const char *path, const char *sql)
{
	sqlite3 *db = NULL;
	char *said = NULL;

	if (sqlite3_open(path, &db) != SQLITE_OK ||
	    sqlite3_exec(db, "PRAGMA ignore_check_constraints = ON", NULL, NULL, NULL) ||
	    sqlite3_exec(db, sql, NULL, NULL, &said) != SQLITE_OK)
		fail_msg("%s: %s", sql, said ? said : sqlite3_errmsg(db));
	sqlite3_close(db);
}

static inline int64_t raw_number(const char *path, const char *sql)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *stmt = NULL;
	int64_t number;

	if (sqlite3_open(path, &db) != SQLITE_OK ||
	    sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK ||
	    sqlite3_step(stmt) != SQLITE_ROW)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	number = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return number;
}

/* 32 times the same byte. */
static inline struct prg_preshared_key psk_of(unsigned char byte)
{
	struct prg_preshared_key psk;

	memset(psk.bytes, byte, sizeof(psk.bytes));
	return psk;
}

static inline void begin(struct fixture *f)
{
	OK(f, prg_store_begin(f->store, &f->err));
}

static inline void commit(struct fixture *f)
{
	OK(f, prg_store_commit(f->store, &f->err));
}

static inline void give_prefix(struct fixture *f, int64_t interface_id, int64_t peer_id,
                               const char *text, bool route)
{
	struct prg_prefix prefix = prefix_of(text);

	OK(f, prg_pool_take(f->store, interface_id, peer_id, &prefix, route, NOW, &f->err));
}

/* Not revoked; it must be there. */
static inline struct prg_peer *find(struct fixture *f, int64_t interface_id, const char *name)
{
	struct prg_peer *peer = NULL;

	OK(f, prg_store_peer(f->store, interface_id, name, &peer, &f->err));
	return peer;
}

/* A disabled peer with every field set; not inserted. */
static inline struct prg_peer *some_peer(struct fixture *f, int64_t interface_id, const char *name)
{
	struct prg_peer *p = prg_peer_new();

	assert_non_null(p);
	p->interface_id = interface_id;
	snprintf(p->name, sizeof(p->name), "%s", name);
	p->public_key = key_of(5);
	p->state = PRG_PEER_DISABLED;
	p->own_client_allowed_ips = true;
	OK(f, prg_prefix_list_parse("10.0.0.0/8,fd00::/8", true, false, 9, &p->client_allowed_ips,
	                            &p->n_client_allowed_ips, &f->err));
	p->own_dns = true;
	OK(f, prg_addr_list_parse("10.8.0.1", true, 9, &p->dns, &p->n_dns, &f->err));
	p->own_client_keepalive = true;
	p->client_keepalive_s = 0;
	p->mtu = 1300;
	p->keepalive_s = 15;
	OK(f, prg_endpoint_parse("192.0.2.7:51820", 0, &p->endpoint, &f->err));
	p->n_tags = 2;
	p->tags = calloc(2, sizeof(*p->tags));
	p->tags[0] = strdup("laptop");
	p->tags[1] = strdup("staff");
	p->note = strdup("one line");
	p->created_at = NOW;
	p->expires_at = NOW + 5;
	p->quota_bytes = INT64_MAX;
	p->quota_period = PRG_QUOTA_MONTH;
	p->config_epoch = 3;
	return p;
}

#define STORE_TEST(t) cmocka_unit_test_setup_teardown(t, fixture_setup, fixture_teardown)
#define FILE_TEST(t)  cmocka_unit_test_setup_teardown(t, fixture_setup_directory, fixture_teardown)

#endif
