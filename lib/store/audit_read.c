/* SPDX-License-Identifier: ISC */
#include <sodium.h>
#include <string.h>

#include "base/error.h"
#include "store/list.h"
#include "store/row.h"

void prg_audit_rows_free(struct prg_audit_row **rows, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		free((*rows)[i].actor);
		free((*rows)[i].detail);
	}
	free(*rows);
	*rows = NULL;
}

static int read_row(struct prg_stmt *stmt, struct prg_audit_row *row, struct prg_error *err)
{
	unsigned char hash[32];
	const char *actor, *detail;

	row->number = prg_row_int(stmt, 0, 1, INT64_MAX);
	row->time = prg_row_int(stmt, 1, INT64_MIN, INT64_MAX);
	prg_row_copy(stmt, 2, row->verb, sizeof(row->verb));
	if (!prg_row_is_null(stmt, 3))
		prg_row_interface_name(stmt, 3, row->interface);
	actor = prg_row_text(stmt, 4);
	row->actor = strdup(actor ? actor : "");
	prg_row_blob(stmt, 5, hash, sizeof(hash));
	sodium_bin2hex(row->hash, sizeof(row->hash), hash, sizeof(hash));
	detail = prg_row_text(stmt, 6);
	row->detail = detail ? strdup(detail) : NULL;
	if (row->actor == NULL || (detail != NULL && row->detail == NULL))
		return prg_error_nomem(err);
	return prg_row_check(stmt, err, "audit entry %lld", (long long)row->number);
}

int prg_audit_page(struct prg_store *store, const struct prg_audit_filter *filter, int64_t after,
                   size_t limit, struct prg_audit_row **ret, size_t *ret_n,
                   struct prg_error *err)
{
	struct prg_audit_row *rows = NULL;
	PRG_STMT *stmt = NULL;
	size_t n = 0;
	/* a peer's entries are found by its id, and that by any name it ever had */
	int rc = prg_db_prepare(store,
	                        "SELECT a.number, a.time, a.verb, a.interface, a.actor, a.hash, "
	                        "d.detail FROM audit a LEFT JOIN audit_detail d "
	                        "ON d.number = a.number WHERE a.number > ?1 AND a.time >= ?2 "
	                        "AND (?3 IS NULL OR a.interface = ?3) "
	                        "AND (?4 IS NULL OR d.peer_id IN (SELECT peer_id FROM audit_detail "
	                        "WHERE peer_id IS NOT NULL AND json_valid(detail) AND "
	                        "json_extract(detail, '$.peer') = ?4 UNION "
	                        "SELECT id FROM peer WHERE name = ?4)) "
	                        "AND (?6 = 0 OR d.peer_id = ?6) ORDER BY a.number LIMIT ?5",
	                        &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, after);
	prg_row_bind_int(stmt, 2, filter->since);
	prg_row_bind_text(stmt, 3, filter->interface);
	prg_row_bind_text(stmt, 4, filter->peer);
	prg_row_bind_int(stmt, 5, (int64_t)limit);
	prg_row_bind_int(stmt, 6, filter->peer_id);
	while ((rc = prg_db_step(stmt, err)) > 0) {
		struct prg_audit_row *grown = prg_list_grow(rows, n, sizeof(*rows));

		if (grown == NULL) {
			rc = prg_error_nomem(err);
			break;
		}
		rows = grown;
		memset(&rows[n], 0, sizeof(*rows));
		rc = read_row(stmt, &rows[n++], err);
		if (rc < 0)
			break;
	}
	if (rc < 0) {
		prg_audit_rows_free(&rows, n);
		return rc;
	}
	*ret = rows;
	*ret_n = n;
	return 0;
}
