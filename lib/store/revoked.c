/* SPDX-License-Identifier: ISC */
/* Keys that were revoked, as hashes under a key of the register's own, so that a
 * list of them says nothing to those who have only that. A document brings those of
 * another register, with its hash key. */
#include <sodium.h>
#include <string.h>

#include "base/error.h"
#include "store/row.h"
#include "store/store.h"

static void hash_of(const unsigned char hash_key[PRG_HASH_BYTES], const struct prg_public_key *key,
                    unsigned char ret[PRG_HASH_BYTES])
{
	crypto_generichash(ret, PRG_HASH_BYTES, key->bytes, sizeof(key->bytes), hash_key,
	                   PRG_HASH_BYTES);
}

int prg_store_revoked_is_known(struct prg_store *store, int64_t interface_id,
                               const unsigned char hash[PRG_HASH_BYTES], bool *ret,
                               struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store,
	                        "SELECT 1 FROM revoked_key WHERE interface = "
	                        "(SELECT name FROM interface WHERE id = ?1) AND hash = ?2",
	                        &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, interface_id);
	prg_row_bind_blob(stmt, 2, hash, PRG_HASH_BYTES);
	rc = prg_db_step(stmt, err);
	if (rc < 0)
		return rc;
	*ret = rc > 0;
	return 0;
}

/* Under the hash keys of other registers; most registers know of none. */
static int is_revoked_elsewhere(struct prg_store *store, int64_t interface_id,
                                const struct prg_public_key *key, bool *ret,
                                struct prg_error *err)
{
	unsigned char hash_key[PRG_HASH_BYTES], hash[PRG_HASH_BYTES];
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store, "SELECT bytes FROM hash_key", &stmt, err);

	while (rc == 0 && !*ret && (rc = prg_db_step(stmt, err)) > 0) {
		prg_row_blob(stmt, 0, hash_key, sizeof(hash_key));
		rc = prg_row_check(stmt, err, "the hash key of another register");
		if (rc < 0)
			break;
		hash_of(hash_key, key, hash);
		rc = prg_store_revoked_is_known(store, interface_id, hash, ret, err);
	}
	prg_wipe(hash_key, sizeof(hash_key));
	return rc;
}

int prg_store_key_is_revoked(struct prg_store *store, int64_t interface_id,
                             const struct prg_public_key *key, bool *ret, struct prg_error *err)
{
	unsigned char hash[PRG_HASH_BYTES];
	bool known = false;
	int rc;

	hash_of(store->hash_key, key, hash);
	rc = prg_store_revoked_is_known(store, interface_id, hash, &known, err);
	if (rc == 0 && !known)
		rc = is_revoked_elsewhere(store, interface_id, key, &known, err);
	if (rc == 0)
		*ret = known;
	return rc;
}

int prg_store_revoked_find(struct prg_store *store, int64_t interface_id,
                           const struct prg_public_key *key, unsigned char ret[PRG_HASH_BYTES],
                           int64_t *ret_at, struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store,
	                        "SELECT revoked_at FROM revoked_key WHERE interface = "
	                        "(SELECT name FROM interface WHERE id = ?1) AND hash = ?2",
	                        &stmt, err);

	if (rc < 0)
		return rc;
	hash_of(store->hash_key, key, ret);
	prg_row_bind_int(stmt, 1, interface_id);
	prg_row_bind_blob(stmt, 2, ret, PRG_HASH_BYTES);
	rc = prg_db_step(stmt, err);
	if (rc < 0)
		return rc;
	*ret_at = rc > 0 ? prg_row_int(stmt, 0, 1, INT64_MAX) : 0;
	return prg_row_check(stmt, err, "a revoked key");
}

/* hash_key_id 0: the register's own. */
static int insert(struct prg_store *store, int64_t interface_id,
                  const unsigned char hash[PRG_HASH_BYTES], int64_t hash_key_id, int64_t now,
                  struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store,
	                        "INSERT OR IGNORE INTO revoked_key (interface, hash, revoked_at, "
	                        "hash_key_id) SELECT name, ?2, ?3, ?4 FROM interface WHERE id = ?1",
	                        &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, interface_id);
	prg_row_bind_blob(stmt, 2, hash, PRG_HASH_BYTES);
	prg_row_bind_int(stmt, 3, now);
	if (hash_key_id != 0)
		prg_row_bind_int(stmt, 4, hash_key_id);
	return prg_db_run(stmt, err);
}

int prg_store_revoked_remember(struct prg_store *store, int64_t interface_id,
                               const struct prg_public_key *key, int64_t now,
                               struct prg_error *err)
{
	unsigned char hash[PRG_HASH_BYTES];

	hash_of(store->hash_key, key, hash);
	return insert(store, interface_id, hash, 0, now, err);
}

/* The row of a hash key, made where there is none. */
static int keep_hash_key(struct prg_store *store, const unsigned char hash_key[PRG_HASH_BYTES],
                         int64_t *ret_id, struct prg_error *err)
{
	PRG_STMT *make = NULL;
	PRG_STMT *find = NULL;
	int rc = prg_db_prepare(store, "INSERT OR IGNORE INTO hash_key (bytes) VALUES (?1)", &make,
	                        err);

	if (rc < 0)
		return rc;
	prg_row_bind_blob(make, 1, hash_key, PRG_HASH_BYTES);
	rc = prg_db_run(make, err);
	if (rc == 0)
		rc = prg_db_prepare(store, "SELECT id FROM hash_key WHERE bytes = ?1", &find, err);
	if (rc < 0)
		return rc;
	prg_row_bind_blob(find, 1, hash_key, PRG_HASH_BYTES);
	rc = prg_db_step(find, err);
	if (rc < 0)
		return rc;
	*ret_id = prg_row_int(find, 0, 1, INT64_MAX);
	return prg_row_check(find, err, "a hash key");
}

int prg_store_revoked_add(struct prg_store *store, int64_t interface_id,
                          const unsigned char hash_key[PRG_HASH_BYTES],
                          const unsigned char hash[PRG_HASH_BYTES], int64_t now, bool *ret_new,
                          struct prg_error *err)
{
	bool known = false;
	int64_t id = 0;
	int rc = prg_db_in_transaction(store, err);

	if (rc == 0)
		rc = prg_store_revoked_is_known(store, interface_id, hash, &known, err);
	if (rc == 0 && !known && sodium_memcmp(hash_key, store->hash_key, PRG_HASH_BYTES) != 0)
		rc = keep_hash_key(store, hash_key, &id, err);
	if (rc == 0 && !known)
		rc = insert(store, interface_id, hash, id, now, err);
	if (rc == 0)
		*ret_new = !known;
	return rc;
}

int prg_store_each_revoked(struct prg_store *store, int64_t interface_id, prg_store_revoked_fn *fn,
                           void *context, struct prg_error *err)
{
	unsigned char hash_key[PRG_HASH_BYTES], hash[PRG_HASH_BYTES];
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store,
	                        "SELECT coalesce(k.bytes, ?2) AS hash_key, r.hash "
	                        "FROM revoked_key r LEFT JOIN hash_key k ON k.id = r.hash_key_id "
	                        "WHERE r.interface = (SELECT name FROM interface WHERE id = ?1) "
	                        "ORDER BY hash_key, r.hash",
	                        &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, interface_id);
	prg_row_bind_blob(stmt, 2, store->hash_key, sizeof(store->hash_key));
	while ((rc = prg_db_step(stmt, err)) > 0) {
		prg_row_blob(stmt, 0, hash_key, sizeof(hash_key));
		prg_row_blob(stmt, 1, hash, sizeof(hash));
		rc = prg_row_check(stmt, err, "a revoked key");
		if (rc == 0)
			rc = fn(context, hash_key, hash, err);
		if (rc != 0)
			break;
	}
	prg_wipe(hash_key, sizeof(hash_key));
	return rc;
}
