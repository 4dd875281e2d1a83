/* SPDX-License-Identifier: ISC */
/*
 * Inside of the store: the connection, its statements, and SQLite's errors in
 * our words. A statement is prepared when first wanted and then kept; what is
 * bound to it is not copied and must live until its release.
 */
#ifndef PRG_STORE_DB_H
#define PRG_STORE_DB_H

#include <sqlite3.h>

#include "store/audit.h"

struct prg_stmt {
	struct prg_stmt *next;
	struct prg_store *store;
	const char *sql; /* compared by address: one text, one place in the source */
	sqlite3_stmt *raw;
	int rc;         /* the first failure of a bind or a column */
	int bad_column; /* the first malformed column of this row; -1: none */
	bool in_use;
};

#define PRG_VERB_TEXT 33

/* What stale.h gathers. */
struct prg_stale {
	int64_t *pages;
	size_t n;
	int64_t n_unsaid; /* rows of prefix that changed, less those that were said */
	bool all;         /* every page */
};

/* An audit entry that the witness has yet to hear of. */
struct prg_untold {
	uint64_t number;
	char verb[PRG_VERB_TEXT];
	char hash[65];
};

struct prg_chain_end {
	bool known;
	int64_t number, time;
	unsigned char hash[32];
};

struct prg_store {
	sqlite3 *db;
	struct prg_stmt *stmts;
	char *path; /* as given */
	char *file; /* its directory resolved */
	unsigned wait_ms;
	int64_t deadline;    /* monotonic ms, of the wait in progress */
	bool deadline_fixed; /* it spans several calls of SQLite */
	bool read_only;
	char id[33];
	unsigned char hash_key[32];
	struct prg_untold *untold;
	size_t n_untold;
	size_t mark_untold; /* how many of them are committed */
	struct prg_chain_end end; /* of the chain, as this transaction has it */
	struct prg_stale stale;
	struct prg_gathering *gathering; /* brief.c */
	bool gathers;
};

/* Errors. prg_db_code: the PRG_E_* of an SQLite (extended) result and errno. */
int prg_db_code(int rc, int system_errno);
/* Fills *err for a result of the latest call on this connection. */
int prg_db_error(struct prg_store *store, int rc, struct prg_error *err);
/* "register PATH is damaged: …": something in it that we never wrote. */
int prg_db_corrupt(struct prg_store *store, struct prg_error *err, const char *format, ...)
	PRG_PRINTF(3, 4);

/* Waiting. The handler sleeps random short times, so that among hundreds of
 * waiters all get their turn; SQLite's own backs off and starves the oldest. */
int prg_db_busy_handler(void *store, int count);
/* From start to end all waits together are bounded by wait_ms. */
void prg_db_wait_start(struct prg_store *store, unsigned wait_ms);
void prg_db_wait_end(struct prg_store *store);
/* After rc, sleeps and says true if it is worth to try again. */
bool prg_db_wait_again(struct prg_store *store, int rc);

/* Statements. */
int prg_db_prepare(struct prg_store *store, const char *sql, struct prg_stmt **ret,
                   struct prg_error *err);
void prg_db_release(struct prg_stmt **stmt);
#define PRG_STMT PRG_CLEANUP(prg_db_release) struct prg_stmt

/* 1: a row, 0: done, else PRG_E_*. A broken uniqueness is PRG_E_CONFLICT. */
int prg_db_step(struct prg_stmt *stmt, struct prg_error *err);
/* For a statement without rows. */
int prg_db_run(struct prg_stmt *stmt, struct prg_error *err);
/* Prepares, runs and releases; returns SQLite's result. */
int prg_db_try(struct prg_store *store, const char *sql);
/* How much of the file SQLite holds: little, for who goes by in order and comes back to
 * few pages, as whoever only reads does anyway. Returns SQLite's result. */
int prg_db_cache(struct prg_store *store, bool in_order);
/* Statements that are not kept: pragmas, the schema. Returns SQLite's result. */
int prg_db_exec(struct prg_store *store, const char *sql);
/* As prg_db_exec, for a pragma that answers with a number. */
int prg_db_pragma(struct prg_store *store, const char *sql, int64_t *ret);
int64_t prg_db_changes(struct prg_store *store);
int64_t prg_db_last_id(struct prg_store *store);

/* PRG_E_FAILED outside a transaction: every change belongs to one. */
int prg_db_in_transaction(struct prg_store *store, struct prg_error *err);

/* One snapshot over several statements, unless a transaction is open already. */
struct prg_snapshot {
	struct prg_store *store; /* NULL: nothing to end */
};
int prg_db_snapshot(struct prg_store *store, struct prg_snapshot *ret, struct prg_error *err);
void prg_db_snapshot_end(struct prg_snapshot *snapshot);
#define PRG_SNAPSHOT PRG_CLEANUP(prg_db_snapshot_end) struct prg_snapshot

/* A small transaction of its own that is not fsynced (or the one that is open):
 * for what does no harm when it is lost. */
int prg_db_light_begin(struct prg_store *store, bool *ret_own, struct prg_error *err);
int prg_db_light_end(struct prg_store *store, bool own, int rc, struct prg_error *err);

#endif
