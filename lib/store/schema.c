/* SPDX-License-Identifier: ISC */
#include "store/schema.h"

#include <sodium.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/error.h"
#include "store/row.h"
#include "store/signing.h"
#include "store/stale.h"

#pragma GCC diagnostic ignored "-Woverlength-strings"

static const char schema_0001[] =
#include "schema_0001.inc"
	;
static const char schema_0002[] =
#include "schema_0002.inc"
	;
static const char schema_0003[] =
#include "schema_0003.inc"
	;

/* The row that names a new register, and the first entry of its chain. */
static int found(struct prg_store *store, struct prg_error *err)
{
	unsigned char id[16], hash_key[sizeof(store->hash_key)];
	char hex[2 * sizeof(id) + 1], actor[32], detail[64];
	PRG_STMT *stmt = NULL;
	struct prg_audit_entry entry = { .verb = "create", .actor = actor, .detail = detail };
	int rc;

	randombytes_buf(id, sizeof(id));
	randombytes_buf(hash_key, sizeof(hash_key));
	sodium_bin2hex(hex, sizeof(hex), id, sizeof(id));
	rc = prg_db_prepare(store,
	                    "INSERT INTO meta (id, register_id, hash_key) VALUES (1, ?1, ?2)",
	                    &stmt, err);
	if (rc == 0) {
		prg_row_bind_text(stmt, 1, hex);
		prg_row_bind_blob(stmt, 2, hash_key, sizeof(hash_key));
		rc = prg_db_run(stmt, err);
	}
	prg_wipe(hash_key, sizeof(hash_key));
	if (rc < 0)
		return rc;
	snprintf(actor, sizeof(actor), "uid %u", (unsigned)getuid());
	snprintf(detail, sizeof(detail), "{\"register\":\"%s\"}", hex);
	return prg_audit_append(store, prg_clock_now(), &entry, err);
}

/* steps[n] brings version n to n + 1. */
static const struct {
	const char *sql;
	int (*rows)(struct prg_store *store, struct prg_error *err);
} steps[PRG_SCHEMA_VERSION] = {
	{ schema_0001, found },
	{ schema_0002, NULL },
	{ schema_0003, prg_signing_make },
};

int prg_schema_header(struct prg_store *store, int64_t *ret_application, int64_t *ret_version)
{
	int rc = prg_db_pragma(store, "PRAGMA application_id", ret_application);

	return rc == SQLITE_OK ? prg_db_pragma(store, "PRAGMA user_version", ret_version) : rc;
}

int prg_schema_judge(struct prg_store *store, int64_t application, int64_t version,
                     struct prg_error *err)
{
	if (application != PRG_SCHEMA_APPLICATION || version < 1)
		return prg_error_set(err, PRG_E_CORRUPT,
		                     "%s is not a register of peerage: choose another file with "
		                     "--register",
		                     store->path);
	if (version > PRG_SCHEMA_VERSION)
		return prg_error_set(err, PRG_E_UNSUPPORTED,
		                     "register %s is of version %lld, made by a newer peerage; "
		                     "this one knows %d: install the newer peerage",
		                     store->path, (long long)version, PRG_SCHEMA_VERSION);
	return 0;
}

static int run_step(struct prg_store *store, int64_t version, struct prg_error *err)
{
	char pragmas[96];
	int rc = prg_db_exec(store, steps[version].sql);

	if (rc != SQLITE_OK)
		return prg_db_error(store, rc, err);
	if (steps[version].rows != NULL) {
		rc = steps[version].rows(store, err);
		if (rc < 0)
			return rc;
	}
	snprintf(pragmas, sizeof(pragmas), "PRAGMA application_id = %d; PRAGMA user_version = %lld",
	         PRG_SCHEMA_APPLICATION, (long long)version + 1);
	rc = prg_db_exec(store, pragmas);
	return rc == SQLITE_OK ? 0 : prg_db_error(store, rc, err);
}

/* Another process may have done the step while this one waited: 0 all the same. */
static int upgrade_from(struct prg_store *store, int64_t version, struct prg_error *err)
{
	int64_t now = 0;
	int rc = prg_store_begin(store, err);

	if (rc < 0)
		return rc;
	rc = prg_db_pragma(store, "PRAGMA user_version", &now);
	if (rc != SQLITE_OK)
		rc = prg_db_error(store, rc, err);
	else if (now == version)
		rc = run_step(store, version, err);
	/* of a version without the table; a later step empties it where it must */
	prg_stale_clear(store);
	if (rc == 0)
		rc = prg_store_commit(store, err);
	prg_store_rollback(store);
	return rc;
}

int prg_schema_upgrade(struct prg_store *store, struct prg_error *err)
{
	int64_t version = 0;
	int rc;

	for (;;) {
		rc = prg_db_pragma(store, "PRAGMA user_version", &version);
		if (rc != SQLITE_OK)
			return prg_db_error(store, rc, err);
		if (version < 0 || version >= PRG_SCHEMA_VERSION)
			return 0;
		rc = upgrade_from(store, version, err);
		if (rc < 0)
			return rc;
	}
}
