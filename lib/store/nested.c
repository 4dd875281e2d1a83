/* SPDX-License-Identifier: ISC */
/* Prefixes of active peers that hold others, or lie in them. */
#include "base/error.h"
#include "model/addr.h"
#include "store/list.h"
#include "store/row.h"
#include "store/store.h"

static int read_owned(struct prg_stmt *stmt, struct prg_owned_prefix *ret, struct prg_error *err)
{
	ret->peer_id = prg_row_int(stmt, 0, 1, INT64_MAX);
	prg_row_prefix(stmt, 1, &ret->prefix);
	return prg_row_check(stmt, err, "a prefix of peer %lld", (long long)ret->peer_id);
}

int prg_store_networks(struct prg_store *store, int64_t interface_id,
                       struct prg_owned_prefix **ret, size_t *ret_n, struct prg_error *err)
{
	PRG_FREE struct prg_owned_prefix *list = NULL;
	PRG_STMT *stmt = NULL;
	size_t n = 0;
	int rc = prg_db_prepare(store,
	                        /* few are; one look at each is quicker than any index */
	                        "SELECT x.peer_id, x.family, x.addr, x.length FROM prefix x "
	                        "NOT INDEXED CROSS JOIN peer p ON p.id = x.peer_id "
	                        "WHERE x.interface_id = ?1 AND x.length < CASE x.family WHEN 4 THEN 32 ELSE 128 END AND "
	                        "p.state = 0 ORDER BY x.peer_id, x.id",
	                        &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, interface_id);
	while ((rc = prg_db_step(stmt, err)) > 0) {
		struct prg_owned_prefix *grown = prg_list_grow(list, n, sizeof(*grown));

		if (grown == NULL)
			return prg_error_nomem(err);
		list = grown;
		rc = read_owned(stmt, &list[n++], err);
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

int prg_store_inside(struct prg_store *store, int64_t interface_id, const struct prg_prefix *outer,
                     int64_t but, struct prg_owned_prefix *ret, struct prg_error *err)
{
	struct prg_addr first = prg_prefix_first(outer), last = prg_prefix_last(outer);
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store,
	                        "SELECT x.peer_id, x.family, x.addr, x.length FROM prefix x "
	                        "JOIN peer p ON p.id = x.peer_id WHERE x.interface_id = ?1 AND "
	                        "x.family = ?2 AND x.addr BETWEEN ?3 AND ?4 AND x.length >= ?5 AND "
	                        "x.peer_id <> ?6 AND p.state = 0 "
	                        "ORDER BY x.addr, x.length LIMIT 1",
	                        &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, interface_id);
	prg_row_bind_int(stmt, 2, first.family);
	prg_row_bind_addr(stmt, 3, &first);
	prg_row_bind_addr(stmt, 4, &last);
	prg_row_bind_int(stmt, 5, outer->length);
	prg_row_bind_int(stmt, 6, but);
	ret->peer_id = 0;
	rc = prg_db_step(stmt, err);
	return rc > 0 ? read_owned(stmt, ret, err) : rc;
}

/* Exactly this one. */
static int at(struct prg_store *store, int64_t interface_id, const struct prg_prefix *prefix,
              int64_t but, struct prg_owned_prefix *ret, struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store,
	                        "SELECT x.peer_id, x.family, x.addr, x.length FROM prefix x "
	                        "JOIN peer p ON p.id = x.peer_id WHERE x.interface_id = ?1 AND "
	                        "x.family = ?2 AND x.addr = ?3 AND x.length = ?4 AND "
	                        "x.peer_id <> ?5 AND p.state = 0",
	                        &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, interface_id);
	prg_row_bind_prefix(stmt, 2, prefix);
	prg_row_bind_int(stmt, 5, but);
	rc = prg_db_step(stmt, err);
	return rc > 0 ? read_owned(stmt, ret, err) : rc;
}

int prg_store_around(struct prg_store *store, int64_t interface_id, const struct prg_prefix *inner,
                     int64_t but, struct prg_owned_prefix *ret, struct prg_error *err)
{
	int rc = 0;

	ret->peer_id = 0;
	for (int length = inner->length - 1; length >= 0 && rc == 0 && ret->peer_id == 0; length--) {
		struct prg_prefix outer = { inner->addr, (uint8_t)length };

		outer = prg_prefix_network(&outer);
		rc = at(store, interface_id, &outer, but, ret, err);
	}
	return rc;
}
