/* SPDX-License-Identifier: ISC */
#include "store/db.h"

#include <errno.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"

static bool no_access(int errnum)
{
	return errnum == EACCES || errnum == EPERM || errnum == EROFS;
}

static bool no_space(int errnum)
{
	return errnum == ENOSPC || errnum == EDQUOT;
}

int prg_db_code(int rc, int system_errno)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_FULL:
		return PRG_E_FULL;
	case SQLITE_BUSY: /* also _RECOVERY, _SNAPSHOT, _TIMEOUT */
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL: /* lost the race for the WAL's locks too often */
		return PRG_E_BUSY;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_ERROR: /* our SQL is fixed: a table or column of ours is not there */
		return PRG_E_CORRUPT;
	case SQLITE_NOMEM:
		return PRG_E_NOMEM;
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return PRG_E_PERMISSION;
	case SQLITE_READONLY:
		return rc == SQLITE_READONLY_DBMOVED ? PRG_E_FAILED : PRG_E_PERMISSION;
	case SQLITE_CONSTRAINT:
		return rc == SQLITE_CONSTRAINT_UNIQUE || rc == SQLITE_CONSTRAINT_PRIMARYKEY
		               ? PRG_E_CONFLICT
		               : PRG_E_FAILED;
	case SQLITE_CANTOPEN:
	case SQLITE_IOERR:
		if (no_space(system_errno))
			return PRG_E_FULL;
		if (rc == SQLITE_IOERR_NOMEM || system_errno == ENOMEM)
			return PRG_E_NOMEM;
		return no_access(system_errno) ? PRG_E_PERMISSION : PRG_E_FAILED;
	default:
		return PRG_E_FAILED;
	}
}

int prg_db_error(struct prg_store *store, int rc, struct prg_error *err)
{
	int errnum = store->db ? sqlite3_system_errno(store->db) : 0;
	const char *said = store->db ? sqlite3_errmsg(store->db) : sqlite3_errstr(rc);
	int code = prg_db_code(rc, errnum);
	char reason[96];

	switch (code) {
	case PRG_E_NOMEM:
		return prg_error_nomem(err);
	case PRG_E_FULL:
		return prg_error_set(err, code,
		                     "register %s: the disk is full: make room and try again",
		                     store->path);
	case PRG_E_BUSY:
		return prg_error_set(err, code,
		                     "register %s is held by another process: try again, or wait "
		                     "longer with --wait",
		                     store->path);
	case PRG_E_PERMISSION:
		return prg_error_set(err, code,
		                     "register %s: no permission to read and write it and its "
		                     "directory: run as root",
		                     store->path);
	case PRG_E_CORRUPT:
		if ((rc & 0xff) == SQLITE_NOTADB)
			return prg_error_set(err, code,
			                     "%s is not a register of peerage: choose another file "
			                     "with --register",
			                     store->path);
		return prg_db_corrupt(store, err, "%s", said);
	default:
		if (rc == SQLITE_READONLY_DBMOVED)
			said = "the file was moved or replaced while it was open";
		reason[0] = '\0';
		if (errnum != 0 && ((rc & 0xff) == SQLITE_IOERR || (rc & 0xff) == SQLITE_CANTOPEN))
			said = strerror_r(errnum, reason, sizeof(reason));
		return prg_error_set(err, code, "register %s: %s", store->path, said);
	}
}

int prg_db_corrupt(struct prg_store *store, struct prg_error *err, const char *format, ...)
{
	char what[512];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	return prg_error_set(err, PRG_E_CORRUPT,
	                     "register %s is damaged: %s: restore it from a backup", store->path,
	                     what);
}

/* ------------------------------------------------------------------ waiting */

static bool pause_before(struct prg_store *store, unsigned most_ms)
{
	int64_t left = store->deadline - prg_clock_monotonic_ms();
	unsigned pause = 1 + randombytes_uniform(most_ms);

	if (left <= 0)
		return false;
	prg_clock_sleep_ms(pause < left ? pause : (unsigned)left);
	return true;
}

int prg_db_busy_handler(void *context, int count)
{
	struct prg_store *store = context;

	if (count == 0 && !store->deadline_fixed)
		store->deadline = prg_clock_monotonic_ms() + store->wait_ms;
	return pause_before(store, count < 4 ? 4 : 20);
}

void prg_db_wait_start(struct prg_store *store, unsigned wait_ms)
{
	store->deadline = prg_clock_monotonic_ms() + wait_ms;
	store->deadline_fixed = true;
}

void prg_db_wait_end(struct prg_store *store)
{
	store->deadline_fixed = false;
}

bool prg_db_wait_again(struct prg_store *store, int rc)
{
	return prg_db_code(rc, 0) == PRG_E_BUSY && pause_before(store, 20);
}

/* --------------------------------------------------------------- statements */

static struct prg_stmt *idle_stmt(struct prg_store *store, const char *sql)
{
	struct prg_stmt *stmt;

	for (stmt = store->stmts; stmt != NULL; stmt = stmt->next)
		if (stmt->sql == sql && !stmt->in_use)
			return stmt;
	return NULL;
}

/* Returns SQLite's result. */
static int prepare(struct prg_store *store, const char *sql, struct prg_stmt **ret)
{
	struct prg_stmt *stmt = idle_stmt(store, sql);

	if (stmt == NULL) {
		int rc;

		stmt = calloc(1, sizeof(*stmt));
		if (stmt == NULL)
			return SQLITE_NOMEM;
		rc = sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt->raw,
		                        NULL);
		if (rc != SQLITE_OK) {
			free(stmt);
			return rc;
		}
		stmt->store = store;
		stmt->sql = sql;
		stmt->next = store->stmts;
		store->stmts = stmt;
	}
	stmt->in_use = true;
	stmt->rc = SQLITE_OK;
	stmt->bad_column = -1;
	*ret = stmt;
	return SQLITE_OK;
}

int prg_db_prepare(struct prg_store *store, const char *sql, struct prg_stmt **ret,
                   struct prg_error *err)
{
	int rc = prepare(store, sql, ret);

	return rc == SQLITE_OK ? 0 : prg_db_error(store, rc, err);
}

void prg_db_release(struct prg_stmt **stmt)
{
	if (*stmt == NULL)
		return;
	sqlite3_reset((*stmt)->raw);
	sqlite3_clear_bindings((*stmt)->raw);
	(*stmt)->in_use = false;
	*stmt = NULL;
}

int prg_db_step(struct prg_stmt *stmt, struct prg_error *err)
{
	int rc = stmt->rc;

	if (rc == SQLITE_OK)
		rc = sqlite3_step(stmt->raw);
	stmt->bad_column = -1;
	if (rc == SQLITE_ROW)
		return 1;
	return rc == SQLITE_DONE ? 0 : prg_db_error(stmt->store, rc, err);
}

int prg_db_run(struct prg_stmt *stmt, struct prg_error *err)
{
	int rc = prg_db_step(stmt, err);

	return rc > 0 ? 0 : rc;
}

int prg_db_try(struct prg_store *store, const char *sql)
{
	struct prg_stmt *stmt;
	int rc = prepare(store, sql, &stmt);

	if (rc != SQLITE_OK)
		return rc;
	rc = sqlite3_step(stmt->raw);
	prg_db_release(&stmt);
	return rc == SQLITE_DONE || rc == SQLITE_ROW ? SQLITE_OK : rc;
}

int prg_db_exec(struct prg_store *store, const char *sql)
{
	return sqlite3_exec(store->db, sql, NULL, NULL, NULL);
}

int prg_db_cache(struct prg_store *store, bool in_order)
{
	return prg_db_exec(store, in_order || store->read_only ? "PRAGMA cache_size = -256"
	                                                       : "PRAGMA cache_size = -4096");
}

int prg_db_pragma(struct prg_store *store, const char *sql, int64_t *ret)
{
	sqlite3_stmt *raw = NULL;
	int rc = sqlite3_prepare_v2(store->db, sql, -1, &raw, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(raw);
	if (rc == SQLITE_ROW)
		*ret = sqlite3_column_int64(raw, 0);
	sqlite3_finalize(raw);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int64_t prg_db_changes(struct prg_store *store)
{
	return sqlite3_changes64(store->db);
}

int64_t prg_db_last_id(struct prg_store *store)
{
	return sqlite3_last_insert_rowid(store->db);
}

/* ------------------------------------------------------------- transactions */

int prg_db_in_transaction(struct prg_store *store, struct prg_error *err)
{
	if (!sqlite3_get_autocommit(store->db))
		return 0;
	return prg_error_set(err, PRG_E_FAILED, "register %s: a change outside a transaction",
	                     store->path);
}

int prg_db_snapshot(struct prg_store *store, struct prg_snapshot *ret, struct prg_error *err)
{
	int rc;

	if (!sqlite3_get_autocommit(store->db)) {
		ret->store = NULL;
		return 0;
	}
	rc = prg_db_try(store, "BEGIN");
	if (rc != SQLITE_OK)
		return prg_db_error(store, rc, err);
	ret->store = store;
	return 0;
}

void prg_db_snapshot_end(struct prg_snapshot *snapshot)
{
	if (snapshot->store == NULL)
		return;
	prg_store_rollback(snapshot->store);
	snapshot->store = NULL;
}

int prg_db_light_begin(struct prg_store *store, bool *ret_own, struct prg_error *err)
{
	int rc;

	*ret_own = sqlite3_get_autocommit(store->db);
	if (!*ret_own)
		return 0;
	rc = prg_db_exec(store, "PRAGMA synchronous = NORMAL");
	if (rc != SQLITE_OK)
		return prg_db_error(store, rc, err);
	rc = prg_store_begin(store, err);
	if (rc < 0)
		prg_db_exec(store, "PRAGMA synchronous = FULL");
	return rc;
}

int prg_db_light_end(struct prg_store *store, bool own, int rc, struct prg_error *err)
{
	if (!own)
		return rc;
	if (rc == 0)
		rc = prg_store_commit(store, err);
	prg_store_rollback(store);
	if (prg_db_exec(store, "PRAGMA synchronous = FULL") != SQLITE_OK && rc == 0)
		rc = prg_db_error(store, sqlite3_errcode(store->db), err);
	return rc;
}
