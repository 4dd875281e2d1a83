/* SPDX-License-Identifier: ISC */
#include "store/store.h"

#include <sodium.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "store/db.h"
#include "store/open.h"
#include "store/row.h"
#include "store/schema.h"
#include "store/stale.h"

#define DEFAULT_PATH "/var/lib/peerage/register.db"

static int load_meta(struct prg_store *store, struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store, "SELECT register_id, hash_key FROM meta WHERE id = 1", &stmt,
	                        err);

	if (rc == 0)
		rc = prg_db_step(stmt, err);
	if (rc < 0)
		return rc;
	if (rc == 0)
		return prg_db_corrupt(store, err, "it lacks its own name");
	prg_row_copy(stmt, 0, store->id, sizeof(store->id));
	prg_row_blob(stmt, 1, store->hash_key, sizeof(store->hash_key));
	if (strspn(store->id, "0123456789abcdef") != sizeof(store->id) - 1)
		prg_row_mark_bad(stmt, 0);
	return prg_row_check(stmt, err, "table meta");
}

/* Who only reads needs the tables of today as well. */
static int upgrade(struct prg_store *store, struct prg_error *err)
{
	bool read_only = store->read_only;
	int rc;

	store->read_only = false;
	rc = prg_schema_upgrade(store, err);
	store->read_only = read_only;
	return rc;
}

/* The whole connection, to a file that is there. */
static int open_existing(struct prg_store *store, struct prg_error *err)
{
	int rc = prg_open_peek(store, err);

	if (rc == 0)
		rc = prg_open_connect(store, store->file, err);
	if (rc == 0) /* once more, now with what may stand in the WAL */
		rc = prg_open_judge(store, err);
	if (rc < 0)
		return rc;
	sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
	if (!store->read_only)
		rc = prg_open_wal(store, err);
	if (rc == 0)
		rc = upgrade(store, err);
	if (rc == 0)
		rc = load_meta(store, err);
	if (rc == 0 && store->read_only &&
	    prg_db_exec(store, "PRAGMA query_only = ON") != SQLITE_OK)
		rc = prg_db_error(store, sqlite3_extended_errcode(store->db), err);
	return rc;
}

int prg_store_open(const char *path, unsigned flags, unsigned wait_ms, struct prg_store **ret_store,
                   struct prg_error *err)
{
	PRG_CLEANUP(prg_store_close) struct prg_store *store = NULL;
	bool create = flags & PRG_OPEN_CREATE;
	int rc;

	if (sodium_init() < 0)
		return prg_error_set(err, PRG_E_FAILED, "no source of random numbers");
	store = calloc(1, sizeof(*store));
	if (store == NULL)
		return prg_error_nomem(err);
	store->wait_ms = wait_ms;
	store->read_only = flags & PRG_OPEN_READ;
	rc = prg_open_paths(store, path ? path : DEFAULT_PATH, create, err);
	if (rc < 0)
		return rc;
	rc = prg_open_look(store, err);
	if (rc == PRG_E_NOT_FOUND && create)
		rc = prg_open_create(store, err);
	if (rc == 0)
		rc = open_existing(store, err);
	if (rc < 0)
		return rc;
	*ret_store = store;
	store = NULL;
	return 0;
}

void prg_store_close(struct prg_store **store)
{
	struct prg_store *s = *store;

	if (s == NULL)
		return;
	prg_open_disconnect(s);
	free(s->untold);
	free(s->path);
	free(s->file);
	prg_wipe(s, sizeof(*s));
	free(s);
	*store = NULL;
}

void prg_store_shrink(struct prg_store *store)
{
	sqlite3_db_release_memory(store->db);
}

const char *prg_store_id(const struct prg_store *store)
{
	return store->id;
}

const char *prg_store_path(const struct prg_store *store)
{
	return store->path;
}

unsigned prg_store_wait_ms(const struct prg_store *store)
{
	return store->wait_ms;
}

/* ------------------------------------------------------------- transactions */

static int begin(struct prg_store *store, const char *sql, struct prg_error *err)
{
	int rc;

	if (!sqlite3_get_autocommit(store->db))
		return prg_error_set(err, PRG_E_FAILED,
		                     "register %s: a transaction is open already", store->path);
	prg_db_wait_start(store, store->wait_ms);
	do
		rc = prg_db_try(store, sql);
	while (prg_db_wait_again(store, rc));
	prg_db_wait_end(store);
	return rc == SQLITE_OK ? 0 : prg_db_error(store, rc, err);
}

int prg_store_begin(struct prg_store *store, struct prg_error *err)
{
	if (store->read_only)
		return prg_error_set(err, PRG_E_PERMISSION,
		                     "register %s was opened for reading only", store->path);
	return begin(store, "BEGIN IMMEDIATE", err);
}

int prg_store_begin_read(struct prg_store *store, struct prg_error *err)
{
	int rc = begin(store, "BEGIN", err);

	if (rc < 0)
		return rc;
	/* a deferred transaction takes its snapshot with the first read */
	rc = prg_db_try(store, "SELECT 1 FROM meta WHERE id = 1");
	if (rc == SQLITE_OK)
		return 0;
	rc = prg_db_error(store, rc, err);
	prg_store_rollback(store);
	return rc;
}

int prg_store_commit(struct prg_store *store, struct prg_error *err)
{
	int rc;

	if (sqlite3_get_autocommit(store->db))
		return prg_error_set(err, PRG_E_FAILED,
		                     "register %s: the transaction was rolled back by an error "
		                     "before",
		                     store->path);
	rc = prg_stale_settle(store, err);
	if (rc < 0)
		return rc;
	rc = prg_db_try(store, "COMMIT");
	if (rc != SQLITE_OK)
		return prg_db_error(store, rc, err);
	prg_stale_clear(store);
	store->mark_untold = store->n_untold;
	store->end.known = false;
	return 0;
}

void prg_store_rollback(struct prg_store *store)
{
	store->n_untold = store->mark_untold;
	store->end.known = false;
	prg_stale_clear(store);
	if (!sqlite3_get_autocommit(store->db))
		prg_db_try(store, "ROLLBACK");
}

int prg_store_now(struct prg_store *store, int64_t *ret_now, struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int64_t now = prg_clock_now(), last;
	int rc = prg_db_prepare(store, "SELECT time FROM audit ORDER BY number DESC LIMIT 1", &stmt,
	                        err);

	if (rc == 0)
		rc = prg_db_step(stmt, err);
	if (rc < 0)
		return rc;
	if (rc > 0) {
		last = prg_row_int(stmt, 0, INT64_MIN, INT64_MAX);
		rc = prg_row_check(stmt, err, "the last audit entry");
		if (rc < 0)
			return rc;
		if (last > now)
			now = last;
	}
	*ret_now = now;
	return 0;
}
