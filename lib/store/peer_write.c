/* SPDX-License-Identifier: ISC */
/* Peers: making, changing, revoking. */
#include <sodium.h>

#include "base/error.h"
#include "store/peer_row.h"
#include "store/pool.h"
#include "store/row.h"
#include "store/secret.h"
#include "store/store.h"

/* ------------------------------------------------------------------ conflicts */

/* `self` is the peer's own row, 0 for a new one. */
static int check_name(struct prg_store *store, const struct prg_peer *peer, int64_t self,
                      struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store,
	                        "SELECT id FROM peer WHERE interface_id = ?1 AND name = ?2 "
	                        "AND state <> 3",
	                        &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, peer->interface_id);
	prg_row_bind_text(stmt, 2, peer->name);
	rc = prg_db_step(stmt, err);
	if (rc <= 0 || sqlite3_column_int64(stmt->raw, 0) == self)
		return rc < 0 ? rc : 0;
	return prg_error_set(err, PRG_E_CONFLICT,
	                     "there is a peer %s already: choose another name, or revoke that one",
	                     peer->name);
}

static int check_peers_key(struct prg_store *store, const struct prg_peer *peer, int64_t self,
                           struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	char name[PRG_NAME_BYTES + 1];
	int rc = prg_db_prepare(store,
	                        "SELECT id, name FROM peer WHERE interface_id = ?1 AND "
	                        "public_key = ?2 AND state <> 3",
	                        &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, peer->interface_id);
	prg_row_bind_blob(stmt, 2, peer->public_key.bytes, sizeof(peer->public_key.bytes));
	rc = prg_db_step(stmt, err);
	if (rc <= 0 || sqlite3_column_int64(stmt->raw, 0) == self)
		return rc < 0 ? rc : 0;
	prg_row_peer_name(stmt, 1, name);
	return prg_error_set(err, PRG_E_CONFLICT,
	                     "the key of peer %s is peer %s's: each device needs a key of its own",
	                     peer->name, name);
}

/* WireGuard silently drops a peer that has the interface's own key. */
static int check_own_key(struct prg_store *store, const struct prg_peer *peer,
                         struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store, "SELECT 1 FROM interface WHERE id = ?1 AND public_key = ?2",
	                        &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, peer->interface_id);
	prg_row_bind_blob(stmt, 2, peer->public_key.bytes, sizeof(peer->public_key.bytes));
	rc = prg_db_step(stmt, err);
	if (rc > 0)
		return prg_error_set(err, PRG_E_CONFLICT,
		                     "the key of peer %s is the interface's own", peer->name);
	return rc;
}

static int check_conflicts(struct prg_store *store, const struct prg_peer *peer, int64_t self,
                           struct prg_error *err)
{
	bool revoked = false;
	int rc;

	if (peer->state == PRG_PEER_REVOKED)
		return 0;
	rc = check_name(store, peer, self, err);
	if (rc == 0)
		rc = check_own_key(store, peer, err);
	if (rc == 0)
		rc = check_peers_key(store, peer, self, err);
	if (rc == 0)
		rc = prg_store_key_is_revoked(store, peer->interface_id, &peer->public_key,
		                              &revoked, err);
	if (rc == 0 && revoked)
		rc = prg_error_set(
			err, PRG_E_CONFLICT,
			"the key of peer %s was revoked and cannot come back: make a new "
			"one",
			peer->name);
	return rc;
}

/* -------------------------------------------------------------------- rows */

/* Runs a statement whose one parameter is a peer's id. */
static int run_for(struct prg_store *store, const char *sql, int64_t id, struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store, sql, &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, id);
	return prg_db_run(stmt, err);
}

static int insert_tags(struct prg_store *store, const struct prg_peer *peer, struct prg_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < peer->n_tags && rc == 0; i++) {
		PRG_STMT *stmt = NULL;

		rc = prg_db_prepare(store,
		                    "INSERT OR IGNORE INTO tag (peer_id, tag) VALUES (?1, ?2)",
		                    &stmt, err);
		if (rc < 0)
			return rc;
		prg_row_bind_int(stmt, 1, peer->id);
		prg_row_bind_text(stmt, 2, peer->tags[i]);
		rc = prg_db_run(stmt, err);
	}
	return rc;
}

/* *ret_id 0: no secret is wanted; an all-zero key is WireGuard's word for none. */
static int insert_psk(struct prg_store *store, const struct prg_preshared_key *psk, int64_t *ret_id,
                      struct prg_error *err)
{
	*ret_id = 0;
	if (psk == NULL || sodium_is_zero(psk->bytes, sizeof(psk->bytes)))
		return 0;
	return prg_secret_insert(store, psk->bytes, ret_id, err);
}

int prg_store_peer_insert(struct prg_store *store, struct prg_peer *peer,
                          const struct prg_preshared_key *psk, struct prg_error *err)
{
	PRG_CLEANUP(prg_peer_row_texts_done) struct prg_peer_row_texts texts = { 0 };
	PRG_STMT *stmt = NULL;
	int64_t secret_id = 0;
	int rc = prg_db_in_transaction(store, err);

	if (rc == 0)
		rc = check_conflicts(store, peer, 0, err);
	if (rc == 0)
		rc = prg_peer_row_texts(peer, &texts, err);
	if (rc == 0)
		rc = insert_psk(store, psk, &secret_id, err);
	if (rc == 0)
		rc = prg_db_prepare(store,
		                    "INSERT INTO peer (" PRG_PEER_ROW_COLUMNS
		                    ", interface_id, secret_id) VALUES (" PRG_PEER_ROW_SLOTS
		                    ", ?21, ?22)",
		                    &stmt, err);
	if (rc < 0)
		return rc;
	prg_peer_row_bind(stmt, peer, &texts);
	prg_row_bind_int(stmt, PRG_PEER_ROW_NEXT, peer->interface_id);
	if (secret_id != 0)
		prg_row_bind_int(stmt, PRG_PEER_ROW_NEXT + 1, secret_id);
	rc = prg_db_run(stmt, err);
	if (rc < 0)
		return rc;
	peer->id = prg_db_last_id(store);
	peer->has_preshared_key = secret_id != 0;
	return insert_tags(store, peer, err);
}

static int no_such_peer(struct prg_error *err)
{
	return prg_error_set(err, PRG_E_NOT_FOUND, "there is no such peer");
}

int prg_store_peer_update(struct prg_store *store, const struct prg_peer *peer,
                          struct prg_error *err)
{
	PRG_CLEANUP(prg_peer_row_texts_done) struct prg_peer_row_texts texts = { 0 };
	PRG_STMT *stmt = NULL;
	int rc = prg_db_in_transaction(store, err);

	if (rc == 0)
		rc = check_conflicts(store, peer, peer->id, err);
	if (rc == 0)
		rc = prg_peer_row_texts(peer, &texts, err);
	if (rc == 0)
		rc = prg_db_prepare(store,
		                    "UPDATE peer SET (" PRG_PEER_ROW_COLUMNS
		                    ") = (" PRG_PEER_ROW_SLOTS ") WHERE id = ?21",
		                    &stmt, err);
	if (rc < 0)
		return rc;
	prg_peer_row_bind(stmt, peer, &texts);
	prg_row_bind_int(stmt, PRG_PEER_ROW_NEXT, peer->id);
	rc = prg_db_run(stmt, err);
	if (rc == 0 && prg_db_changes(store) == 0)
		rc = no_such_peer(err);
	if (rc == 0)
		rc = run_for(store, "DELETE FROM tag WHERE peer_id = ?1", peer->id, err);
	return rc == 0 ? insert_tags(store, peer, err) : rc;
}

/* ------------------------------------------------------------------- secrets */

/* *ret 0: it has none. */
static int psk_of(struct prg_store *store, int64_t peer_id, int64_t *ret, struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store, "SELECT secret_id FROM peer WHERE id = ?1", &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, peer_id);
	rc = prg_db_step(stmt, err);
	if (rc <= 0)
		return rc < 0 ? rc : no_such_peer(err);
	*ret = prg_row_is_null(stmt, 0) ? 0 : prg_row_int(stmt, 0, 1, INT64_MAX);
	return prg_row_check(stmt, err, "peer %lld", (long long)peer_id);
}

int prg_store_peer_set_psk(struct prg_store *store, int64_t peer_id,
                           const struct prg_preshared_key *psk, struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int64_t before = 0, after = 0;
	int rc = prg_db_in_transaction(store, err);

	if (rc == 0)
		rc = psk_of(store, peer_id, &before, err);
	if (rc == 0 && before != 0)
		rc = prg_secret_zero(store, before, err);
	if (rc == 0)
		rc = insert_psk(store, psk, &after, err);
	if (rc == 0)
		rc = prg_db_prepare(store, "UPDATE peer SET secret_id = ?2 WHERE id = ?1", &stmt,
		                    err);
	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, peer_id);
	if (after != 0)
		prg_row_bind_int(stmt, 2, after);
	return prg_db_run(stmt, err);
}

/* -------------------------------------------------------------------- revoke */

/* Some prefix that the peer still has; 0: none is left. */
static int next_prefix(struct prg_store *store, const struct prg_peer *peer, struct prg_prefix *ret,
                       bool *ret_route, struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store,
	                        "SELECT route, family, addr, length FROM prefix "
	                        "WHERE interface_id = ?1 AND peer_id = ?2 LIMIT 1",
	                        &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, peer->interface_id);
	prg_row_bind_int(stmt, 2, peer->id);
	rc = prg_db_step(stmt, err);
	if (rc <= 0)
		return rc;
	*ret_route = prg_row_bool(stmt, 0);
	prg_row_prefix(stmt, 1, ret);
	rc = prg_row_check(stmt, err, "a prefix of peer %s", peer->name);
	return rc < 0 ? rc : 1;
}

static int release_all(struct prg_store *store, const struct prg_peer *peer, int64_t now,
                       int64_t hold_until, struct prg_error *err)
{
	struct prg_prefix prefix;
	bool route = false;
	int rc;

	while ((rc = next_prefix(store, peer, &prefix, &route, err)) > 0) {
		rc = prg_pool_release(store, peer->interface_id, peer->id, &prefix, now,
		                      route ? 0 : hold_until, err);
		if (rc < 0)
			return rc;
	}
	return rc;
}

static int mark_revoked(struct prg_store *store, int64_t peer_id, int64_t now,
                        struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store,
	                        "UPDATE peer SET state = 3, revoked_at = ?2, secret_id = NULL, "
	                        "sealed_key = NULL WHERE id = ?1",
	                        &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, peer_id);
	prg_row_bind_int(stmt, 2, now);
	return prg_db_run(stmt, err);
}

/* What the register says now; the caller's copy may be older. */
static int revoke_facts(struct prg_store *store, struct prg_peer *peer, int64_t *ret_secret,
                        struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store,
	                        "SELECT secret_id, interface_id, public_key, name FROM peer "
	                        "WHERE id = ?1 AND state <> 3",
	                        &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, peer->id);
	rc = prg_db_step(stmt, err);
	if (rc <= 0)
		return rc < 0 ? rc : no_such_peer(err);
	*ret_secret = prg_row_is_null(stmt, 0) ? 0 : prg_row_int(stmt, 0, 1, INT64_MAX);
	peer->interface_id = prg_row_int(stmt, 1, 1, INT64_MAX);
	prg_row_blob(stmt, 2, peer->public_key.bytes, sizeof(peer->public_key.bytes));
	prg_row_peer_name(stmt, 3, peer->name);
	return prg_row_check(stmt, err, "peer %lld", (long long)peer->id);
}

int prg_store_peer_revoke(struct prg_store *store, const struct prg_peer *peer, int64_t now,
                          int64_t hold_until, struct prg_error *err)
{
	struct prg_peer known = { .id = peer->id };
	int64_t secret_id = 0;
	int rc = prg_db_in_transaction(store, err);

	if (rc == 0)
		rc = revoke_facts(store, &known, &secret_id, err);
	if (rc == 0)
		rc = mark_revoked(store, known.id, now, err);
	if (rc == 0 && secret_id != 0)
		rc = prg_secret_zero(store, secret_id, err);
	if (rc == 0)
		rc = prg_store_revoked_remember(store, known.interface_id, &known.public_key, now, err);
	return rc == 0 ? release_all(store, &known, now, hold_until, err) : rc;
}
