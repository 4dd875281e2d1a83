/* SPDX-License-Identifier: ISC */
/* Peers: finding and paging. */
#include <string.h>

#include "base/error.h"
#include "store/list.h"
#include "store/peer_row.h"
#include "store/row.h"
#include "store/secret.h"
#include "store/store.h"

_Static_assert(PRG_PEER_ACTIVE == 0 && PRG_PEER_REVOKED == 3, "the schema has these numbers");

/* The one row of a SELECT whose parameters are bound. 1: found, 0: not. */
static int one(struct prg_stmt *stmt, struct prg_peer **ret, struct prg_error *err)
{
	int rc = prg_db_step(stmt, err);

	if (rc <= 0)
		return rc;
	rc = prg_peer_row_read(stmt, ret, err);
	return rc < 0 ? rc : 1;
}

static int by_name(struct prg_store *store, const char *sql, int64_t interface_id, const char *name,
                   struct prg_peer **ret, struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store, sql, &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, interface_id);
	prg_row_bind_text(stmt, 2, name);
	return one(stmt, ret, err);
}

static int not_found(const char *name, struct prg_error *err)
{
	return prg_error_set(err, PRG_E_NOT_FOUND, "there is no peer %.64s: see peerage list",
	                     name);
}

static int live_by_name(struct prg_store *store, int64_t interface_id, const char *name,
                        struct prg_peer **ret, struct prg_error *err)
{
	return by_name(store,
	               PRG_PEER_ROW_SELECT
	               "WHERE p.interface_id = ?1 AND p.name = ?2 AND p.state <> 3",
	               interface_id, name, ret, err);
}

int prg_store_peer(struct prg_store *store, int64_t interface_id, const char *name,
                   struct prg_peer **ret, struct prg_error *err)
{
	PRG_SNAPSHOT snapshot = { 0 };
	int rc = prg_db_snapshot(store, &snapshot, err);

	if (rc == 0)
		rc = live_by_name(store, interface_id, name, ret, err);
	else
		return rc;
	return rc == 0 ? not_found(name, err) : rc < 0 ? rc : 0;
}

int prg_store_peer_any(struct prg_store *store, int64_t interface_id, const char *name,
                       struct prg_peer **ret, struct prg_error *err)
{
	PRG_SNAPSHOT snapshot = { 0 };
	int rc = prg_db_snapshot(store, &snapshot, err);

	if (rc < 0)
		return rc;
	rc = live_by_name(store, interface_id, name, ret, err);
	if (rc == 0)
		rc = by_name(store,
		             PRG_PEER_ROW_SELECT
		             "WHERE p.interface_id = ?1 AND p.name = ?2 AND p.state = 3 "
		             "ORDER BY p.revoked_at DESC, p.id DESC LIMIT 1",
		             interface_id, name, ret, err);
	return rc == 0 ? not_found(name, err) : rc < 0 ? rc : 0;
}

int prg_store_peer_by_key(struct prg_store *store, int64_t interface_id,
                          const struct prg_public_key *key, struct prg_peer **ret,
                          struct prg_error *err)
{
	PRG_SNAPSHOT snapshot = { 0 };
	PRG_STMT *stmt = NULL;
	char text[PRG_KEY_TEXT];
	int rc = prg_db_snapshot(store, &snapshot, err);

	if (rc == 0)
		rc = prg_db_prepare(store,
		                    PRG_PEER_ROW_SELECT "WHERE p.interface_id = ?1 AND "
		                                        "p.public_key = ?2 AND p.state <> 3",
		                    &stmt, err);
	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, interface_id);
	prg_row_bind_blob(stmt, 2, key->bytes, sizeof(key->bytes));
	rc = one(stmt, ret, err);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	prg_public_key_format(key, text);
	return prg_error_set(err, PRG_E_NOT_FOUND, "there is no peer with the key %s", text);
}

int prg_store_peer_by_id(struct prg_store *store, int64_t id, struct prg_peer **ret,
                         struct prg_error *err)
{
	PRG_SNAPSHOT snapshot = { 0 };
	PRG_STMT *stmt = NULL;
	int rc = prg_db_snapshot(store, &snapshot, err);

	if (rc == 0)
		rc = prg_db_prepare(store, PRG_PEER_ROW_SELECT "WHERE p.id = ?1", &stmt, err);
	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, id);
	rc = one(stmt, ret, err);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	return prg_error_set(err, PRG_E_NOT_FOUND, "there is no peer number %lld", (long long)id);
}

int prg_store_active_by_key(struct prg_store *store, int64_t interface_id,
                            const struct prg_public_key *key, int64_t *ret_id,
                            struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store,
	                        "SELECT id FROM peer WHERE interface_id = ?1 AND public_key = ?2 "
	                        "AND state <> 3 AND state = 0",
	                        &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, interface_id);
	prg_row_bind_blob(stmt, 2, key->bytes, sizeof(key->bytes));
	rc = prg_db_step(stmt, err);
	if (rc < 0)
		return rc;
	*ret_id = rc > 0 ? prg_row_int(stmt, 0, 1, INT64_MAX) : 0;
	return 0;
}

int prg_store_peer_name(struct prg_store *store, int64_t id, char ret[PRG_NAME_BYTES + 1],
                        struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	char name[PRG_NAME_BYTES + 1];
	int rc = prg_db_prepare(store, "SELECT name FROM peer WHERE id = ?1", &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, id);
	rc = prg_db_step(stmt, err);
	if (rc < 0)
		return rc;
	if (rc == 0)
		return prg_error_set(err, PRG_E_NOT_FOUND, "there is no peer number %lld",
		                     (long long)id);
	prg_row_peer_name(stmt, 0, name);
	rc = prg_row_check(stmt, err, "peer %lld", (long long)id);
	if (rc == 0)
		memcpy(ret, name, sizeof(name));
	return rc;
}

void prg_peers_free(struct prg_peer ***peers, size_t n)
{
	size_t i;

	if (*peers == NULL)
		return;
	for (i = 0; i < n; i++)
		prg_peer_free(&(*peers)[i]);
	free(*peers);
	*peers = NULL;
}

/* What a page begins behind: a name, or where there is none a number. */
struct bound {
	const char *name;
	int64_t number;
};

/* All rows of a SELECT with three parameters: interface, a bound, a limit; without
 * what is in other tables. */
static int bare(struct prg_store *store, const char *sql, int64_t interface_id, struct bound bound,
                size_t limit, struct prg_peer ***list, size_t *n, struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store, sql, &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, interface_id);
	if (bound.name != NULL)
		prg_row_bind_text(stmt, 2, bound.name);
	else
		prg_row_bind_int(stmt, 2, bound.number);
	prg_row_bind_int(stmt, 3, limit < INT64_MAX ? (int64_t)limit : INT64_MAX);
	while ((rc = prg_db_step(stmt, err)) > 0) {
		struct prg_peer **grown = prg_list_grow(*list, *n, sizeof(**list));

		if (grown == NULL)
			return prg_error_nomem(err);
		*list = grown;
		rc = prg_peer_row_bare(stmt, &grown[*n], err);
		if (rc < 0)
			return rc;
		(*n)++;
	}
	return rc;
}

/* The same, whole. by_id: the rows come in order of id, so that one statement gets
 * what is in another table for all of them. */
static int many(struct prg_store *store, const char *sql, bool by_id, int64_t interface_id,
                struct bound bound, size_t limit, struct prg_peer ***ret, size_t *ret_n,
                struct prg_error *err)
{
	PRG_SNAPSHOT snapshot = { 0 };
	struct prg_peer **list = NULL;
	size_t n = 0, i;
	int rc = prg_db_snapshot(store, &snapshot, err);

	if (rc == 0)
		rc = bare(store, sql, interface_id, bound, limit, &list, &n, err);
	if (rc == 0 && by_id)
		rc = prg_peer_row_lists(store, list, n, err);
	for (i = 0; rc == 0 && !by_id && i < n; i++)
		rc = prg_peer_row_lists(store, &list[i], 1, err);
	if (rc < 0) {
		prg_peers_free(&list, n);
		return rc;
	}
	*ret = list;
	*ret_n = n;
	return 0;
}

int prg_store_peers(struct prg_store *store, int64_t interface_id, int64_t after, size_t limit,
                    struct prg_peer ***ret, size_t *ret_n, struct prg_error *err)
{
	return many(store,
	            PRG_PEER_ROW_SELECT
	            "WHERE p.interface_id = ?1 AND p.id > ?2 ORDER BY p.id LIMIT ?3",
	            true, interface_id, (struct bound){ .number = after }, limit, ret, ret_n, err);
}

int prg_store_peers_by_name(struct prg_store *store, int64_t interface_id, const char *after,
                            size_t limit, struct prg_peer ***ret, size_t *ret_n,
                            struct prg_error *err)
{
	return many(store,
	            PRG_PEER_ROW_SELECT "WHERE p.interface_id = ?1 AND p.name > ?2 "
	                                "AND p.state <> 3 ORDER BY p.name LIMIT ?3",
	            false, interface_id, (struct bound){ .name = after }, limit, ret, ret_n, err);
}

int prg_store_peers_due(struct prg_store *store, int64_t interface_id, int64_t now, size_t limit,
                        struct prg_peer ***ret, size_t *ret_n, struct prg_error *err)
{
	return many(store,
	            PRG_PEER_ROW_SELECT "WHERE p.interface_id = ?1 AND p.state = 0 "
	                                "AND p.expires_at > 0 AND p.expires_at <= ?2 "
	                                "ORDER BY p.expires_at, p.id LIMIT ?3",
	            false, interface_id, (struct bound){ .number = now }, limit, ret, ret_n, err);
}

int prg_store_peer_count(struct prg_store *store, int64_t interface_id, enum prg_peer_state state,
                         uint64_t *ret, struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store,
	                        "SELECT count(*) FROM peer WHERE interface_id = ?1 AND state = ?2",
	                        &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, interface_id);
	prg_row_bind_int(stmt, 2, state);
	rc = prg_db_step(stmt, err);
	if (rc < 0)
		return rc;
	*ret = (uint64_t)sqlite3_column_int64(stmt->raw, 0);
	return 0;
}

int prg_store_peer_psk(struct prg_store *store, int64_t peer_id, struct prg_preshared_key *ret,
                       struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store,
	                        "SELECT s.bytes FROM peer p LEFT JOIN secret s "
	                        "ON s.id = p.secret_id WHERE p.id = ?1 AND p.secret_id IS NOT NULL",
	                        &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, peer_id);
	rc = prg_db_step(stmt, err);
	if (rc < 0)
		return rc;
	if (rc == 0)
		return prg_error_set(err, PRG_E_NOT_FOUND, "the peer has no preshared key");
	return prg_secret_column(stmt, 0, "the peer", ret->bytes, err);
}
