/* SPDX-License-Identifier: ISC */
/* All that the register has on one peer: found for a disclosure, taken out for good. */
#include "base/error.h"
#include "store/list.h"
#include "store/row.h"
#include "store/secret.h"
#include "store/store.h"

/* All rows of a statement whose parameters are bound; the list is for free(3). */
typedef void read_fn(struct prg_stmt *stmt, void *row);
static int list_of(struct prg_stmt *stmt, read_fn *read, size_t size, const char *what, void **ret,
                   size_t *ret_n, struct prg_error *err)
{
	PRG_FREE char *list = NULL;
	size_t n = 0;
	int rc;

	while ((rc = prg_db_step(stmt, err)) > 0) {
		char *grown = prg_list_grow(list, n, size);

		if (grown == NULL)
			return prg_error_nomem(err);
		list = grown;
		read(stmt, list + n++ * size);
		rc = prg_row_check(stmt, err, "%s", what);
		if (rc < 0)
			return rc;
	}
	if (rc < 0)
		return rc;
	*ret = list;
	*ret_n = n;
	list = NULL;
	return 0;
}

static void read_id(struct prg_stmt *stmt, void *row)
{
	*(int64_t *)row = prg_row_int(stmt, 0, 1, INT64_MAX);
}

int prg_store_namesakes(struct prg_store *store, int64_t interface_id, const char *name,
                        int64_t **ret, size_t *ret_n, struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	void *list = NULL;
	/* rows of that name, and those of older keys of theirs; then those whose rows went
	 * with an interface, and of which the chain still tells */
	int rc = prg_db_prepare(
		store,
		"WITH RECURSIVE held_on (id) AS ("
		"SELECT id FROM peer WHERE interface_id = ?1 AND name = ?2 "
		"UNION SELECT p.id FROM held_on h JOIN peer p ON p.successor_id = h.id) "
		"SELECT id FROM held_on UNION "
		"SELECT d.peer_id FROM audit_detail d JOIN audit a ON a.number = d.number "
		"WHERE d.peer_id IS NOT NULL AND d.peer_id NOT IN (SELECT id FROM peer) "
		"AND a.interface = (SELECT name FROM interface WHERE id = ?1) "
		"AND json_valid(d.detail) AND json_extract(d.detail, '$.peer') = ?2 ORDER BY 1",
		&stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, interface_id);
	prg_row_bind_text(stmt, 2, name);
	rc = list_of(stmt, read_id, sizeof(**ret), "a peer's number", &list, ret_n, err);
	if (rc == 0)
		*ret = list;
	return rc;
}

static void read_held(struct prg_stmt *stmt, void *row)
{
	struct prg_held *held = row;

	prg_row_addr(stmt, 1, prg_row_int(stmt, 0, 4, 6), &held->addr);
	held->until = prg_row_int(stmt, 2, INT64_MIN, INT64_MAX);
}

int prg_store_held(struct prg_store *store, int64_t interface_id, int64_t peer_id,
                   struct prg_held **ret, size_t *ret_n, struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	void *list = NULL;
	int rc = prg_db_prepare(store,
	                        "SELECT family, addr, until FROM held WHERE interface_id = ?1 "
	                        "AND peer_id = ?2 ORDER BY family, addr",
	                        &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, interface_id);
	prg_row_bind_int(stmt, 2, peer_id);
	rc = list_of(stmt, read_held, sizeof(**ret), "a held address", &list, ret_n, err);
	if (rc == 0)
		*ret = list;
	return rc;
}

static void read_used(struct prg_stmt *stmt, void *row)
{
	struct prg_used *used = row;

	used->of = (unsigned)prg_row_int(stmt, 0, PRG_USED_TOTAL, PRG_USED_DAY);
	used->when = prg_row_int(stmt, 1, INT64_MIN, INT64_MAX);
	used->rx_bytes = (uint64_t)prg_row_int(stmt, 2, 0, INT64_MAX);
	used->tx_bytes = (uint64_t)prg_row_int(stmt, 3, 0, INT64_MAX);
}

int prg_store_used(struct prg_store *store, int64_t peer_id, struct prg_used **ret, size_t *ret_n,
                   struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	void *list = NULL;
	int rc = prg_db_prepare(store,
	                        "SELECT 0, seen_day, rx_bytes, tx_bytes FROM usage "
	                        "WHERE peer_id = ?1 UNION ALL "
	                        "SELECT 1, month, rx_bytes, tx_bytes FROM usage_month "
	                        "WHERE peer_id = ?1 UNION ALL "
	                        "SELECT 2, day, rx_bytes, tx_bytes FROM usage_day "
	                        "WHERE peer_id = ?1 ORDER BY 1, 2",
	                        &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, peer_id);
	rc = list_of(stmt, read_used, sizeof(**ret), "what a peer transferred", &list, ret_n, err);
	if (rc == 0)
		*ret = list;
	return rc;
}

/* Runs a statement of one parameter; how many rows it changed is added to *n. */
static int run_for(struct prg_store *store, const char *sql, int64_t id, uint64_t *n,
                   struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store, sql, &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, id);
	rc = prg_db_run(stmt, err);
	if (rc == 0)
		*n += (uint64_t)prg_db_changes(store);
	return rc;
}

int prg_store_forget(struct prg_store *store, int64_t id, uint64_t *rows, uint64_t *entries,
                     struct prg_error *err)
{
	/* whatever points to its row goes before the row */
	static const char *const steps[] = {
		"UPDATE peer SET successor_id = NULL WHERE successor_id = ?1",
		"DELETE FROM tag WHERE peer_id = ?1",
		"DELETE FROM usage WHERE peer_id = ?1",
		"DELETE FROM usage_day WHERE peer_id = ?1",
		"DELETE FROM usage_month WHERE peer_id = ?1",
		"UPDATE held SET peer_id = 0 WHERE peer_id = ?1",
	};
	uint64_t others = 0, gone = 0, erased = 0;
	size_t i;
	int rc = prg_db_in_transaction(store, err);

	for (i = 0; i < sizeof(steps) / sizeof(steps[0]) && rc == 0; i++)
		rc = run_for(store, steps[i], id, &others, err);
	if (rc == 0)
		rc = run_for(store, "DELETE FROM peer WHERE id = ?1", id, &gone, err);
	if (rc == 0)
		rc = run_for(store,
		             "UPDATE audit_detail SET peer_id = NULL, salt = NULL, detail = NULL "
		             "WHERE peer_id = ?1",
		             id, &erased, err);
	if (rc < 0)
		return rc;
	*rows += gone;
	*entries += erased;
	return 0;
}

int prg_store_forget_end(struct prg_store *store, int64_t interface_id, struct prg_error *err)
{
	/* a key or a route that is nobody's any more: kept only until the running
	 * interface has let go of it */
	static const char mark[] =
		"UPDATE pending SET forgotten = 1 WHERE interface_id = ?1 AND ((kind = 1 AND "
		"NOT EXISTS (SELECT 1 FROM peer p WHERE p.interface_id = ?1 "
		"AND p.public_key = pending.key AND p.state <> 3)) OR (kind = 2 AND "
		"NOT EXISTS (SELECT 1 FROM prefix x WHERE x.interface_id = ?1 "
		"AND x.family = pending.family AND x.addr = pending.addr "
		"AND x.length = pending.length)))";
	uint64_t n = 0;
	int rc = prg_db_in_transaction(store, err);

	if (rc == 0)
		rc = run_for(store, mark, interface_id, &n, err);
	return rc < 0 ? rc : prg_secret_note_rebuild(store, err);
}
