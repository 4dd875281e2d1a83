/* SPDX-License-Identifier: ISC */
/* Peers as WireGuard sees them. */
#include <string.h>

#include "base/error.h"
#include "model/wg.h"
#include "store/list.h"
#include "store/row.h"
#include "store/secret.h"
#include "store/store.h"

/* One that cannot be used now (the link of its zone is not there) is left out:
 * no peer's endpoint may keep another peer, or its own removal, from being applied. */
static void endpoint_of(const struct prg_endpoint *endpoint, struct prg_wg_endpoint *ret)
{
	if (endpoint->port == 0 || prg_wg_endpoint_from(endpoint, ret, NULL) < 0)
		*ret = (struct prg_wg_endpoint){ 0 };
}

/* -------------------------------------------------------------- all of them */

/* The statement of prefixes, one row ahead of that of peers. */
struct cursor {
	struct prg_stmt *stmt;
	bool more;
	int64_t peer_id;
	struct prg_prefix prefix;
};

static int cursor_next(struct cursor *cursor, struct prg_error *err)
{
	int rc = prg_db_step(cursor->stmt, err);

	cursor->more = rc > 0;
	if (rc <= 0)
		return rc;
	cursor->peer_id = prg_row_int(cursor->stmt, 0, 1, INT64_MAX);
	prg_row_prefix(cursor->stmt, 1, &cursor->prefix);
	return prg_row_check(cursor->stmt, err, "a prefix of peer %lld",
	                     (long long)cursor->peer_id);
}

/* One row of the statement of peers, with what the callback is given. */
struct current {
	int64_t id;
	char name[PRG_NAME_BYTES + 1];
	bool has_endpoint;
	struct prg_wg_peer peer;
	struct prg_preshared_key psk;
	struct prg_prefix *prefixes;
	size_t n_prefixes, capacity;
};

static void current_done(struct current *current)
{
	prg_wipe(&current->psk, sizeof(current->psk));
	free(current->prefixes);
}

static int read_current(struct prg_stmt *stmt, struct current *current, struct prg_error *err)
{
	struct prg_endpoint endpoint;
	int rc;

	current->peer = (struct prg_wg_peer){ 0 };
	current->id = prg_row_int(stmt, 0, 1, INT64_MAX);
	if (!prg_row_is_null(stmt, 1))
		prg_row_peer_name(stmt, 1, current->name);
	prg_row_blob(stmt, 2, current->peer.public_key.bytes, PRG_KEY_BYTES);
	current->peer.keepalive_s = prg_row_u16(stmt, 3);
	prg_row_endpoint(stmt, 4, &endpoint);
	rc = prg_row_check(stmt, err, "peer %lld", (long long)current->id);
	if (rc < 0)
		return rc;
	current->has_endpoint = endpoint.port != 0;
	endpoint_of(&endpoint, &current->peer.endpoint);
	if (prg_row_is_null(stmt, 5))
		return 0;
	current->peer.preshared_key = &current->psk;
	return prg_secret_column(stmt, 6, current->name[0] ? current->name : "a peer",
	                         current->psk.bytes, err);
}

/* Takes the rows of the current peer off the cursor; those before are of peers
 * that are not active. */
static int read_prefixes(struct cursor *cursor, struct current *current, struct prg_error *err)
{
	int rc = 0;

	current->n_prefixes = 0;
	while (rc == 0 && cursor->more && cursor->peer_id <= current->id) {
		if (cursor->peer_id == current->id) {
			if (current->n_prefixes == current->capacity) {
				struct prg_prefix *grown = prg_list_grow(
					current->prefixes, current->capacity, sizeof(*grown));

				if (grown == NULL)
					return prg_error_nomem(err);
				current->prefixes = grown;
				current->capacity = current->capacity ? 2 * current->capacity : 1;
			}
			current->prefixes[current->n_prefixes++] = cursor->prefix;
		}
		rc = cursor_next(cursor, err);
	}
	current->peer.allowed_ips = current->prefixes;
	current->peer.n_allowed_ips = current->n_prefixes;
	return rc;
}

struct prg_wg_rows {
	struct prg_snapshot snapshot;
	struct prg_stmt *peers;
	struct cursor prefixes;
	struct current current;
	struct prg_wg_row row;
};

void prg_store_wg_close(struct prg_wg_rows **rows)
{
	if (*rows == NULL)
		return;
	current_done(&(*rows)->current);
	prg_db_release(&(*rows)->prefixes.stmt);
	prg_db_release(&(*rows)->peers);
	prg_db_snapshot_end(&(*rows)->snapshot);
	free(*rows);
	*rows = NULL;
}

/* Whoever wants names wants all peers, in their order: an index would only lead to each of
 * them. It spares whoever wants some the peers of other interfaces. */
#define PEERS(columns, index)                                                                      \
	"SELECT p.id, " columns ", p.public_key, p.keepalive_s, p.endpoint, p.secret_id, s.bytes " \
	"FROM peer p " index " LEFT JOIN secret s ON s.id = p.secret_id "                          \
	"WHERE p.interface_id = ?1 AND p.state = 0 AND p.id > ?2 ORDER BY p.id LIMIT ?3"

static int prepare(struct prg_store *store, bool names, struct prg_wg_rows *rows,
                   struct prg_error *err)
{
	int rc = prg_db_snapshot(store, &rows->snapshot, err);

	if (rc == 0)
		rc = prg_db_prepare(store,
		                    names ? PEERS("p.name", "NOT INDEXED") : PEERS("NULL", ""),
		                    &rows->peers, err);
	if (rc == 0)
		rc = prg_db_prepare(store,
		                    "SELECT peer_id, family, addr, length FROM prefix "
		                    "WHERE interface_id = ?1 AND peer_id > ?2 "
		                    "ORDER BY peer_id, route, id",
		                    &rows->prefixes.stmt, err);
	return rc;
}

int prg_store_wg_open(struct prg_store *store, int64_t interface_id, int64_t after, size_t limit,
                      bool names, struct prg_wg_rows **ret, struct prg_error *err)
{
	PRG_WG_ROWS *rows = calloc(1, sizeof(*rows));
	int rc;

	if (rows == NULL)
		return prg_error_nomem(err);
	rc = prepare(store, names, rows, err);
	if (rc < 0)
		return rc;
	prg_row_bind_int(rows->peers, 1, interface_id);
	prg_row_bind_int(rows->peers, 2, after);
	prg_row_bind_int(rows->peers, 3, limit < INT64_MAX ? (int64_t)limit : INT64_MAX);
	prg_row_bind_int(rows->prefixes.stmt, 1, interface_id);
	prg_row_bind_int(rows->prefixes.stmt, 2, after);
	rc = cursor_next(&rows->prefixes, err);
	if (rc < 0)
		return rc;
	*ret = rows;
	rows = NULL;
	return 0;
}

int prg_store_wg_next(struct prg_wg_rows *rows, const struct prg_wg_row **ret,
                      struct prg_error *err)
{
	struct current *current = &rows->current;
	int rc;

	prg_wipe(&current->psk, sizeof(current->psk));
	rc = prg_db_step(rows->peers, err);
	if (rc < 0)
		return rc;
	if (rc == 0) {
		*ret = NULL;
		return 0;
	}
	rc = read_current(rows->peers, current, err);
	if (rc == 0)
		rc = read_prefixes(&rows->prefixes, current, err);
	if (rc < 0)
		return rc;
	rows->row = (struct prg_wg_row){ current->id, current->name, current->has_endpoint,
		                           &current->peer };
	*ret = &rows->row;
	return 0;
}

int prg_store_each_wg(struct prg_store *store, int64_t interface_id, prg_store_wg_fn *fn,
                      void *context, struct prg_error *err)
{
	PRG_WG_ROWS *rows = NULL;
	const struct prg_wg_row *row;
	int rc = prg_store_wg_open(store, interface_id, 0, SIZE_MAX, true, &rows, err);

	while (rc == 0 && (rc = prg_store_wg_next(rows, &row, err)) == 0 && row != NULL)
		rc = fn(context, row->id, row->name, row->peer, err);
	return rc;
}

/* ---------------------------------------------------------------- one of them */

/* Addresses and routes side by side; where there is but one kind, no copy. */
static int join_prefixes(const struct prg_peer *peer, struct prg_arena *arena,
                         const struct prg_prefix **ret, struct prg_error *err)
{
	struct prg_prefix *joined;

	if (peer->n_routes == 0 || peer->n_addresses == 0) {
		*ret = peer->n_routes ? peer->routes : peer->addresses;
		return 0;
	}
	joined = prg_arena_take(arena, prg_peer_n_allowed_ips(peer) * sizeof(*joined));
	if (joined == NULL)
		return prg_error_nomem(err);
	memcpy(joined, peer->addresses, peer->n_addresses * sizeof(*joined));
	memcpy(joined + peer->n_addresses, peer->routes, peer->n_routes * sizeof(*joined));
	*ret = joined;
	return 0;
}

int prg_store_wg_known(const struct prg_peer *peer, const struct prg_preshared_key *psk,
                       struct prg_arena *arena, struct prg_wg_peer *ret, struct prg_error *err)
{
	struct prg_wg_peer made = {
		.public_key = peer->public_key,
		.preshared_key = psk,
		.keepalive_s = peer->keepalive_s,
		.n_allowed_ips = prg_peer_n_allowed_ips(peer),
	};
	int rc = join_prefixes(peer, arena, &made.allowed_ips, err);

	if (rc < 0)
		return rc;
	endpoint_of(&peer->endpoint, &made.endpoint);
	*ret = made;
	return 0;
}

int prg_store_wg_peer(struct prg_store *store, const struct prg_peer *peer, struct prg_arena *arena,
                      struct prg_wg_peer *ret, struct prg_error *err)
{
	struct prg_preshared_key *psk = NULL;
	int rc = 0;

	if (peer->has_preshared_key) {
		psk = prg_arena_take(arena, sizeof(*psk));
		if (psk == NULL)
			return prg_error_nomem(err);
		rc = prg_store_peer_psk(store, peer->id, psk, err);
	}
	return rc < 0 ? rc : prg_store_wg_known(peer, psk, arena, ret, err);
}
