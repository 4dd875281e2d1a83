/* SPDX-License-Identifier: ISC */
/* What an audit asks of the peers, in one statement. */
#include "base/error.h"
#include "store/row.h"
#include "store/store.h"

int prg_store_each_active(struct prg_store *store, const struct prg_interface *interface,
                          prg_store_active_fn *fn, void *context, struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store,
	                        "SELECT p.id, p.name, p.public_key, p.secret_id IS NOT NULL, "
	                        "p.config_epoch < ?2, p.created_at, p.keyed_at, p.expires_at, "
	                        "coalesce(p.successor_id, 0), p.overlap_until, p.quota_bytes, "
	                        "p.quota_period, coalesce(u.seen_day, 0) FROM peer p NOT INDEXED "
	                        "LEFT JOIN usage u ON u.peer_id = p.id "
	                        "WHERE p.interface_id = ?1 AND p.state = 0 ORDER BY p.id",
	                        &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, interface->id);
	prg_row_bind_int(stmt, 2, interface->config_epoch);
	while ((rc = prg_db_step(stmt, err)) > 0) {
		struct prg_peer peer = { .interface_id = interface->id };
		int64_t seen_day;

		peer.id = prg_row_int(stmt, 0, 1, INT64_MAX);
		prg_row_peer_name(stmt, 1, peer.name);
		prg_row_blob(stmt, 2, peer.public_key.bytes, sizeof(peer.public_key.bytes));
		peer.has_preshared_key = prg_row_bool(stmt, 3);
		peer.config_stale = prg_row_bool(stmt, 4);
		peer.created_at = prg_row_int(stmt, 5, INT64_MIN, INT64_MAX);
		peer.keyed_at = prg_row_int(stmt, 6, INT64_MIN, INT64_MAX);
		peer.expires_at = prg_row_int(stmt, 7, INT64_MIN, INT64_MAX);
		peer.successor_id = prg_row_int(stmt, 8, 0, INT64_MAX);
		peer.overlap_until = prg_row_int(stmt, 9, INT64_MIN, INT64_MAX);
		peer.quota_bytes = (uint64_t)prg_row_int(stmt, 10, 0, INT64_MAX);
		peer.quota_period = (enum prg_quota_period)prg_row_int(stmt, 11, PRG_QUOTA_TOTAL,
		                                                       PRG_QUOTA_MONTH);
		seen_day = prg_row_int(stmt, 12, 0, INT32_MAX);
		rc = prg_row_check(stmt, err, "peer %lld", (long long)peer.id);
		if (rc == 0)
			rc = fn(context, &peer, seen_day, err);
		if (rc < 0)
			return rc;
	}
	return rc;
}

int prg_store_up_at(struct prg_store *store, const char *interface, int64_t *ret,
                    struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store,
	                        "SELECT time FROM audit WHERE interface = ?1 AND "
	                        "verb IN ('init', 'import', 'apply', 'up') "
	                        "ORDER BY number DESC LIMIT 1",
	                        &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_text(stmt, 1, interface);
	rc = prg_db_step(stmt, err);
	if (rc < 0)
		return rc;
	*ret = rc > 0 ? prg_row_int(stmt, 0, INT64_MIN, INT64_MAX) : 0;
	return prg_row_check(stmt, err, "an audit entry");
}
