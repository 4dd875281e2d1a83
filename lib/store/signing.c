/* SPDX-License-Identifier: ISC */
#include "store/signing.h"

#include <sodium.h>

#include "base/error.h"
#include "store/row.h"
#include "store/secret.h"

_Static_assert(PRG_SECRET_BYTES == crypto_sign_ed25519_SEEDBYTES, "a seed fits a secret's row");

int prg_signing_make(struct prg_store *store, struct prg_error *err)
{
	PRG_SIGNING_KEY key;
	PRG_STMT *stmt = NULL;
	int64_t secret_id = 0;
	int rc;

	randombytes_buf(key.id, sizeof(key.id));
	randombytes_buf(key.seed, sizeof(key.seed));
	rc = prg_secret_insert(store, key.seed, &secret_id, err);
	if (rc == 0)
		rc = prg_db_prepare(store,
		                    "UPDATE meta SET signing_id = ?1, signing_secret_id = ?2 "
		                    "WHERE id = 1",
		                    &stmt, err);
	if (rc < 0)
		return rc;
	prg_row_bind_blob(stmt, 1, key.id, sizeof(key.id));
	prg_row_bind_int(stmt, 2, secret_id);
	return prg_db_run(stmt, err);
}

int prg_store_signing_key(struct prg_store *store, struct prg_signing_key *ret,
                          struct prg_error *err)
{
	PRG_SIGNING_KEY key;
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store,
	                        "SELECT m.signing_id, s.bytes FROM meta m JOIN secret s "
	                        "ON s.id = m.signing_secret_id WHERE m.id = 1",
	                        &stmt, err);

	if (rc == 0)
		rc = prg_db_step(stmt, err);
	if (rc < 0)
		return rc;
	if (rc == 0)
		return prg_db_corrupt(store, err, "it lacks the key that it signs with");
	prg_row_blob(stmt, 0, key.id, sizeof(key.id));
	rc = prg_secret_column(stmt, 1, "the register", key.seed, err);
	if (rc == 0)
		*ret = key;
	return rc;
}
