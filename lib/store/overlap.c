/* SPDX-License-Identifier: ISC */
/* Keys that have a successor and still work. */
#include "base/error.h"
#include "store/peer_row.h"
#include "store/row.h"
#include "store/store.h"

int prg_store_peer_older(struct prg_store *store, int64_t id, struct prg_peer **ret,
                         struct prg_error *err)
{
	PRG_SNAPSHOT snapshot = { 0 };
	PRG_STMT *stmt = NULL;
	struct prg_peer *found = NULL;
	int rc = prg_db_snapshot(store, &snapshot, err);

	if (rc == 0)
		rc = prg_db_prepare(store,
		                    PRG_PEER_ROW_SELECT
		                    "WHERE p.successor_id = ?1 AND p.state <> 3 LIMIT 1",
		                    &stmt, err);
	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, id);
	rc = prg_db_step(stmt, err);
	if (rc > 0)
		rc = prg_peer_row_read(stmt, &found, err);
	if (rc == 0)
		*ret = found;
	return rc;
}

int prg_store_overlaps(struct prg_store *store, int64_t interface_id, int64_t until, int64_t after,
                       size_t limit, struct prg_store_overlap *ret, size_t *ret_n,
                       struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	size_t n = 0;
	/* by the index of those few, not by id through all peers */
	int rc = prg_db_prepare(store,
	                        "SELECT p.id, p.overlap_until, s.public_key "
	                        "FROM peer p JOIN peer s ON s.id = p.successor_id "
	                        "WHERE p.interface_id = ?1 AND p.overlap_until <= ?2 "
	                        "AND p.successor_id IS NOT NULL AND p.state <> 3 AND +p.id > ?3 "
	                        "ORDER BY p.id LIMIT ?4",
	                        &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, interface_id);
	prg_row_bind_int(stmt, 2, until);
	prg_row_bind_int(stmt, 3, after);
	prg_row_bind_int(stmt, 4, (int64_t)limit);
	while (n < limit && (rc = prg_db_step(stmt, err)) > 0) {
		struct prg_store_overlap *row = &ret[n++];

		row->id = prg_row_int(stmt, 0, 1, INT64_MAX);
		row->until = prg_row_int(stmt, 1, 0, INT64_MAX);
		prg_row_blob(stmt, 2, row->successor_key.bytes, sizeof(row->successor_key.bytes));
		rc = prg_row_check(stmt, err, "peer %lld", (long long)row->id);
		if (rc < 0)
			return rc;
	}
	if (rc >= 0)
		*ret_n = n;
	return rc < 0 ? rc : 0;
}
