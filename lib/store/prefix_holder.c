/* SPDX-License-Identifier: ISC */
/* Whose is a prefix? */
#include "base/error.h"
#include "store/peer_row.h"
#include "store/row.h"
#include "store/store.h"

int prg_store_prefix_holder(struct prg_store *store, int64_t interface_id,
                            const struct prg_prefix *prefix, struct prg_peer **ret,
                            struct prg_error *err)
{
	PRG_SNAPSHOT snapshot = { 0 };
	PRG_STMT *stmt = NULL;
	char text[PRG_PREFIX_TEXT];
	int rc = prg_db_snapshot(store, &snapshot, err);

	if (rc == 0)
		rc = prg_db_prepare(store,
		                    PRG_PEER_ROW_SELECT
		                    "JOIN prefix x ON x.peer_id = p.id WHERE x.interface_id = ?1 AND "
		                    "x.family = ?2 AND x.addr = ?3 AND x.length = ?4 AND p.state <> 3",
		                    &stmt, err);
	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, interface_id);
	prg_row_bind_prefix(stmt, 2, prefix);
	rc = prg_db_step(stmt, err);
	if (rc > 0)
		return prg_peer_row_read(stmt, ret, err);
	if (rc < 0)
		return rc;
	prg_prefix_format(prefix, text);
	return prg_error_set(err, PRG_E_NOT_FOUND, "no peer has %s", text);
}
