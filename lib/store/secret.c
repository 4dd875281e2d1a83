/* SPDX-License-Identifier: ISC */
#include "store/secret.h"

#include <string.h>

#include "base/error.h"
#include "store/row.h"

_Static_assert(PRG_SECRET_BYTES == PRG_KEY_BYTES, "every secret is a key");

int prg_secret_insert(struct prg_store *store, const unsigned char bytes[PRG_SECRET_BYTES],
                      int64_t *ret_id, struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store, "INSERT INTO secret (bytes) VALUES (?1)", &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_blob(stmt, 1, bytes, PRG_SECRET_BYTES);
	rc = prg_db_run(stmt, err);
	if (rc == 0)
		*ret_id = prg_db_last_id(store);
	return rc;
}

int prg_secret_note_erase(struct prg_store *store, struct prg_error *err)
{
	/* one for each, never shared: prg_store_erase() takes back only what it saw */
	return prg_store_pending_add(store, 0, &(struct prg_pending){ .kind = PRG_PENDING_ERASE },
	                             NULL, err);
}

int prg_secret_note_rebuild(struct prg_store *store, struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store, "INSERT INTO pending (kind, forgotten) VALUES (4, 1)", &stmt,
	                        err);

	return rc < 0 ? rc : prg_db_run(stmt, err);
}

int prg_secret_zero(struct prg_store *store, int64_t id, struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store, "UPDATE secret SET bytes = zeroblob(32) WHERE id = ?1",
	                        &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, id);
	rc = prg_db_run(stmt, err);
	return rc == 0 ? prg_secret_note_erase(store, err) : rc;
}

int prg_secret_column(struct prg_stmt *stmt, int column, const char *whose,
                      unsigned char ret_bytes[PRG_SECRET_BYTES], struct prg_error *err)
{
	PRG_PRESHARED_KEY bytes;
	int rc;

	prg_row_blob(stmt, column, bytes.bytes, sizeof(bytes.bytes));
	rc = prg_row_check(stmt, err, "the secret of %s", whose);
	if (rc < 0)
		return rc;
	if (prg_secret_is_zero(bytes.bytes))
		return prg_db_corrupt(stmt->store, err, "the secret of %s was erased", whose);
	memcpy(ret_bytes, bytes.bytes, sizeof(bytes.bytes));
	return 0;
}
