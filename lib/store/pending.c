/* SPDX-License-Identifier: ISC */
#include "base/error.h"
#include "store/list.h"
#include "store/row.h"
#include "store/store.h"
#include "store/usage.h"

/* How long an erasure waits for readers to leave: it is tried again later. */
#define ERASE_WAIT_MS 1000u

int prg_store_pending_add(struct prg_store *store, int64_t interface_id,
                          const struct prg_pending *pending, int64_t *ret_id, struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_in_transaction(store, err);

	if (rc == 0)
		rc = prg_db_prepare(store,
		                    "INSERT INTO pending (interface_id, kind, key, family, addr, "
		                    "length, goes) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
		                    &stmt, err);
	if (rc < 0)
		return rc;
	if (pending->kind != PRG_PENDING_ERASE)
		prg_row_bind_int(stmt, 1, interface_id);
	prg_row_bind_int(stmt, 2, pending->kind);
	if (pending->kind == PRG_PENDING_PEER)
		prg_row_bind_blob(stmt, 3, pending->key.bytes, sizeof(pending->key.bytes));
	if (pending->kind == PRG_PENDING_ROUTE)
		prg_row_bind_prefix(stmt, 4, &pending->prefix);
	prg_row_bind_int(stmt, 7, pending->goes);
	rc = prg_db_run(stmt, err);
	if (rc == 0 && ret_id != NULL)
		*ret_id = prg_db_last_id(store);
	return rc;
}

static int read_pending(struct prg_stmt *stmt, struct prg_pending *ret, struct prg_error *err)
{
	struct prg_pending made = { 0 };

	made.id = prg_row_int(stmt, 0, 1, INT64_MAX);
	made.kind =
		(enum prg_pending_kind)prg_row_int(stmt, 1, PRG_PENDING_PEER, PRG_PENDING_KEY);
	if (made.kind == PRG_PENDING_PEER)
		prg_row_blob(stmt, 2, made.key.bytes, sizeof(made.key.bytes));
	if (made.kind == PRG_PENDING_ROUTE)
		prg_row_prefix(stmt, 3, &made.prefix);
	made.goes = prg_row_bool(stmt, 6);
	*ret = made;
	return prg_row_check(stmt, err, "pending row %lld", (long long)made.id);
}

int prg_store_pending(struct prg_store *store, int64_t interface_id, struct prg_pending **ret,
                      size_t *ret_n, struct prg_error *err)
{
	PRG_FREE struct prg_pending *list = NULL;
	size_t n = 0;
	PRG_STMT *stmt = NULL;
	int rc;

	rc = prg_db_prepare(store,
	                    "SELECT id, kind, key, family, addr, length, goes FROM pending "
	                    "WHERE interface_id = ?1 ORDER BY id",
	                    &stmt, err);
	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, interface_id);
	while ((rc = prg_db_step(stmt, err)) > 0) {
		struct prg_pending *grown = prg_list_grow(list, n, sizeof(*list));

		if (grown == NULL)
			return prg_error_nomem(err);
		list = grown;
		rc = read_pending(stmt, &list[n++], err);
		if (rc < 0)
			return rc;
	}
	if (rc < 0)
		return rc;
	*ret = list;
	*ret_n = n;
	list = NULL;
	return 0;
}

int prg_store_pending_device(struct prg_store *store, bool *ret, struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store, "SELECT 1 FROM pending WHERE kind = ?1 LIMIT 1", &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, PRG_PENDING_DEVICE);
	rc = prg_db_step(stmt, err);
	if (rc < 0)
		return rc;
	*ret = rc > 0;
	return 0;
}

static int clear_each(struct prg_store *store, const int64_t *ids, size_t n, struct prg_error *err)
{
	int rc = 0;
	size_t i;

	for (i = 0; i < n && rc == 0; i++) {
		PRG_STMT *stmt = NULL;

		rc = prg_db_prepare(
			store, "DELETE FROM pending WHERE id = ?1 AND interface_id IS NOT NULL",
			&stmt, err);
		if (rc < 0)
			return rc;
		prg_row_bind_int(stmt, 1, ids[i]);
		rc = prg_db_run(stmt, err);
	}
	return rc;
}

int prg_store_pending_clear(struct prg_store *store, const int64_t *ids, size_t n,
                            struct prg_error *err)
{
	bool own;
	int rc;

	if (n == 0)
		return 0;
	rc = prg_db_light_begin(store, &own, err);
	if (rc < 0)
		return rc;
	rc = clear_each(store, ids, n, err);
	return prg_db_light_end(store, own, rc, err);
}

int prg_store_acknowledge(struct prg_store *store, int64_t interface_id, const int64_t *ids,
                          size_t n, const struct prg_public_key *gone, size_t n_gone,
                          struct prg_error *err)
{
	bool own;
	int rc;

	if (n == 0 && n_gone == 0)
		return 0;
	rc = prg_db_light_begin(store, &own, err);
	if (rc < 0)
		return rc;
	rc = clear_each(store, ids, n, err);
	if (rc == 0)
		rc = prg_usage_begin(store, interface_id, gone, n_gone, err);
	return prg_db_light_end(store, own, rc, err);
}

/* Runs a DELETE with one parameter in a light transaction. */
static int clear_where(struct prg_store *store, const char *sql, int64_t value,
                       struct prg_error *err)
{
	struct prg_stmt *stmt = NULL;
	bool own;
	int rc = prg_db_light_begin(store, &own, err);

	if (rc < 0)
		return rc;
	rc = prg_db_prepare(store, sql, &stmt, err);
	if (rc == 0) {
		prg_row_bind_int(stmt, 1, value);
		rc = prg_db_run(stmt, err);
		prg_db_release(&stmt);
	}
	return prg_db_light_end(store, own, rc, err);
}

int prg_store_pending_clear_all(struct prg_store *store, int64_t interface_id,
                                struct prg_error *err)
{
	return clear_where(store, "DELETE FROM pending WHERE interface_id = ?1", interface_id, err);
}

/* ------------------------------------------------------------------- erasing */

/* What has to be done before erase rows may go. */
struct erasure {
	int64_t newest; /* erase row; 0: none */
	bool rebuild;   /* the file is to be made anew */
	bool waits;     /* but not yet */
};

static int read_erasure(struct prg_store *store, struct erasure *ret, struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store,
	                        "SELECT coalesce(max(id), 0), coalesce(max(forgotten), 0), "
	                        "EXISTS (SELECT 1 FROM pending WHERE forgotten = 1 AND kind <> 4) "
	                        "FROM pending WHERE interface_id IS NULL",
	                        &stmt, err);

	if (rc == 0)
		rc = prg_db_step(stmt, err);
	if (rc < 0)
		return rc;
	ret->newest = prg_row_int(stmt, 0, 0, INT64_MAX);
	ret->rebuild = prg_row_bool(stmt, 1);
	ret->waits = ret->rebuild && prg_row_bool(stmt, 2);
	return prg_row_check(stmt, err, "what is to be erased");
}

static int truncate_log(struct prg_store *store)
{
	return sqlite3_wal_checkpoint_v2(store->db, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
}

/* What was deleted is zeroed where it was, but pages that were split keep copies of
 * rows in their slack: all is written anew. The copy on the way holds every secret, so
 * it stays in memory. Both ends of it need the log empty: with somebody reading, the
 * work would be for nothing. */
static int rebuild(struct prg_store *store)
{
	int rc = truncate_log(store);

	if (rc == SQLITE_OK)
		rc = prg_db_exec(store, "VACUUM");
	return rc;
}

static int drop_erase_rows(struct prg_store *store, const struct erasure *e,
                           struct prg_error *err)
{
	/* what came since is not done */
	if (e->waits)
		return clear_where(store,
		                   "DELETE FROM pending WHERE interface_id IS NULL AND id <= ?1 "
		                   "AND forgotten = 0",
		                   e->newest, err);
	return clear_where(store, "DELETE FROM pending WHERE interface_id IS NULL AND id <= ?1",
	                   e->newest, err);
}

static int check_memory(struct prg_store *store, struct prg_error *err)
{
	if (!sqlite3_compileoption_used("TEMP_STORE=0"))
		return 0;
	return prg_error_set(err, PRG_E_UNSUPPORTED,
	                     "register %s: this SQLite would write a copy of it to a temporary "
	                     "file: nothing can be erased with it",
	                     store->path);
}

int prg_store_erase(struct prg_store *store, enum prg_erased *ret, struct prg_error *err)
{
	unsigned wait_ms = store->wait_ms < ERASE_WAIT_MS ? store->wait_ms : ERASE_WAIT_MS;
	struct erasure e = { 0 };
	bool anew;
	int rc;

	if (!sqlite3_get_autocommit(store->db))
		return prg_error_set(err, PRG_E_FAILED,
		                     "register %s: an erasure inside a transaction", store->path);
	rc = read_erasure(store, &e, err);
	anew = e.rebuild && !e.waits;
	if (rc == 0 && anew)
		rc = check_memory(store, err);
	if (rc < 0)
		return rc;
	if (e.newest == 0) {
		*ret = PRG_ERASED;
		return 0;
	}
	prg_db_wait_start(store, wait_ms);
	rc = anew ? rebuild(store) : SQLITE_OK;
	if (rc == SQLITE_OK)
		rc = truncate_log(store);
	prg_db_wait_end(store);
	if (prg_db_code(rc, 0) == PRG_E_BUSY) {
		*ret = PRG_ERASED_READER;
		return 0;
	}
	if (rc != SQLITE_OK)
		return prg_db_error(store, rc, err);
	rc = drop_erase_rows(store, &e, err);
	if (rc == 0)
		*ret = e.waits ? PRG_ERASED_WAITS : PRG_ERASED;
	return rc;
}
