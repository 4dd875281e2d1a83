/* SPDX-License-Identifier: ISC */
/*
 * The least of many peers. An aggregate function of ours is handed each row's columns by
 * SQLite: to be given one row after another, and to ask for each value, takes as long as
 * SQLite takes to read them.
 */
#include <string.h>

#include "base/error.h"
#include "store/row.h"
#include "store/store.h"

/* SQLite looks for a row's columns from the left, and once where that which is furthest to
 * the right comes first. */
enum { STATE, INTERFACE_ID, NAME, PUBLIC_KEY, ID, N_COLUMNS };

static const char *const column_names[] = { "state", "interface_id", "name", "public_key", "id" };

/* What the function fills; it is the connection's while the statement runs. */
struct prg_gathering {
	int64_t interface_id;
	struct prg_peer_brief *to;
	size_t n, limit;
	int64_t last;   /* id of the row that came last */
	int bad_column; /* of that row, which then is the last; -1: none */
};

static bool integer_is(sqlite3_value *value, int64_t min, int64_t max, int64_t *ret)
{
	*ret = sqlite3_value_int64(value);
	return sqlite3_value_type(value) == SQLITE_INTEGER && *ret >= min && *ret <= max;
}

static bool name_is(sqlite3_value *value, char ret[PRG_NAME_BYTES + 1])
{
	bool is_text = sqlite3_value_type(value) == SQLITE_TEXT;
	const void *bytes = is_text ? sqlite3_value_blob(value) : NULL;
	size_t length = is_text ? (size_t)sqlite3_value_bytes(value) : 0;

	if (bytes == NULL || length > PRG_NAME_BYTES)
		return false;
	memcpy(ret, bytes, length);
	ret[length] = '\0';
	return prg_row_name_readable(ret, length);
}

static bool key_is(sqlite3_value *value, struct prg_public_key *ret)
{
	if (sqlite3_value_type(value) != SQLITE_BLOB ||
	    sqlite3_value_bytes(value) != PRG_KEY_BYTES)
		return false;
	memcpy(ret->bytes, sqlite3_value_blob(value), PRG_KEY_BYTES);
	return true;
}

/* Of other interfaces' peers, and of revoked ones, there are few: to pass over them here
 * costs less than a condition on each row does. The column that is malformed; -1: none. */
static int gather_row(struct prg_gathering *g, sqlite3_value **values)
{
	struct prg_peer_brief *peer = &g->to[g->n];
	int64_t interface_id, state;

	if (!integer_is(values[ID], 1, INT64_MAX, &g->last))
		return ID;
	if (!integer_is(values[INTERFACE_ID], 1, INT64_MAX, &interface_id))
		return INTERFACE_ID;
	if (!integer_is(values[STATE], PRG_PEER_ACTIVE, PRG_PEER_REVOKED, &state))
		return STATE;
	if (interface_id != g->interface_id || state == PRG_PEER_REVOKED)
		return -1;
	if (!name_is(values[NAME], peer->name))
		return NAME;
	if (!key_is(values[PUBLIC_KEY], &peer->public_key))
		return PUBLIC_KEY;
	peer->id = g->last;
	peer->state = (enum prg_peer_state)state;
	g->n++;
	return -1;
}

static void gather(sqlite3_context *context, int n, sqlite3_value **values)
{
	struct prg_store *store = sqlite3_user_data(context);
	struct prg_gathering *g = store->gathering;

	(void)n;
	if (g != NULL && g->bad_column < 0 && g->n < g->limit)
		g->bad_column = gather_row(g, values);
}

static void gathered(sqlite3_context *context)
{
	sqlite3_result_null(context);
}

static int prepare(struct prg_store *store, struct prg_stmt **ret, struct prg_error *err)
{
	int rc = SQLITE_OK;

	if (!store->gathers)
		rc = sqlite3_create_function_v2(store->db, "gather", N_COLUMNS,
		                                SQLITE_UTF8 | SQLITE_DIRECTONLY, store, NULL,
		                                gather, gathered, NULL);
	if (rc != SQLITE_OK)
		return prg_db_error(store, rc, err);
	store->gathers = true;
	/* by the table itself: by an index, each row of it has to be looked for; from the
	 * next one of this interface on, so many ids as there is room for */
	return prg_db_prepare(store,
	                      "SELECT gather(state, interface_id, name, public_key, id) "
	                      "FROM peer NOT INDEXED WHERE id >= (SELECT min(id) FROM peer "
	                      "WHERE interface_id = ?1 AND id > ?2) AND id < ?3 + "
	                      "(SELECT min(id) FROM peer WHERE interface_id = ?1 AND id > ?2)",
	                      ret, err);
}

int prg_store_peers_brief(struct prg_store *store, int64_t interface_id, int64_t *after,
                          size_t limit, struct prg_peer_brief *ret, size_t *ret_n,
                          struct prg_error *err)
{
	struct prg_gathering g = { .interface_id = interface_id, .to = ret, .limit = limit,
		                   .last = *after, .bad_column = -1 };
	PRG_STMT *stmt = NULL;
	int rc = prepare(store, &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, interface_id);
	prg_row_bind_int(stmt, 2, *after);
	prg_row_bind_int(stmt, 3, (int64_t)limit);
	store->gathering = &g;
	rc = prg_db_run(stmt, err);
	store->gathering = NULL;
	if (rc < 0)
		return rc;
	if (g.bad_column >= 0)
		return prg_db_corrupt(store, err, "peer %lld has a malformed %s",
		                      (long long)g.last, column_names[g.bad_column]);
	*after = g.last;
	*ret_n = g.n;
	return 0;
}
