/* SPDX-License-Identifier: ISC */
#include "store/holder.h"

#include <string.h>

#include "base/error.h"
#include "model/addr.h"
#include "model/value.h"
#include "store/row.h"

/* A row of family, addr, length, name. */
static int read_holder(struct prg_stmt *stmt, struct prg_prefix *ret_theirs,
                       char ret_name[PRG_NAME_BYTES + 1], struct prg_error *err)
{
	int rc = prg_db_step(stmt, err);

	if (rc <= 0)
		return rc;
	prg_row_prefix(stmt, 0, ret_theirs);
	prg_row_peer_name(stmt, 3, ret_name);
	rc = prg_row_check(stmt, err, "the holder of a prefix");
	return rc < 0 ? rc : 1;
}

static int holder_of(struct prg_store *store, int64_t interface_id, const struct prg_prefix *prefix,
                     struct prg_prefix *ret_theirs, char ret_name[PRG_NAME_BYTES + 1],
                     struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store,
	                        "SELECT x.family, x.addr, x.length, p.name FROM prefix x "
	                        "JOIN peer p ON p.id = x.peer_id WHERE x.interface_id = ?1 "
	                        "AND x.family = ?2 AND x.addr = ?3 AND x.length = ?4",
	                        &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, interface_id);
	prg_row_bind_prefix(stmt, 2, prefix);
	return read_holder(stmt, ret_theirs, ret_name, err);
}

int prg_holder_containing(struct prg_store *store, int64_t interface_id,
                          const struct prg_prefix *prefix, struct prg_prefix *ret_theirs,
                          char ret_name[PRG_NAME_BYTES + 1], struct prg_error *err)
{
	int length, rc = 0;

	/* at most 129 exact look-ups, however many prefixes there are */
	for (length = prefix->length; length >= 0 && rc == 0; length--) {
		struct prg_prefix outer = { .addr = prefix->addr, .length = (uint8_t)length };

		outer = prg_prefix_network(&outer);
		rc = holder_of(store, interface_id, &outer, ret_theirs, ret_name, err);
	}
	return rc;
}

int prg_holder_within(struct prg_store *store, int64_t interface_id,
                      const struct prg_prefix *prefix, struct prg_prefix *ret_theirs,
                      char ret_name[PRG_NAME_BYTES + 1], struct prg_error *err)
{
	struct prg_addr first = prg_prefix_first(prefix), last = prg_prefix_last(prefix);
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store,
	                        "SELECT x.family, x.addr, x.length, p.name FROM prefix x "
	                        "JOIN peer p ON p.id = x.peer_id WHERE x.interface_id = ?1 "
	                        "AND x.family = ?2 AND x.addr BETWEEN ?3 AND ?4 "
	                        "ORDER BY x.addr, x.length LIMIT 1",
	                        &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, interface_id);
	prg_row_bind_int(stmt, 2, first.family);
	prg_row_bind_addr(stmt, 3, &first);
	prg_row_bind_addr(stmt, 4, &last);
	return read_holder(stmt, ret_theirs, ret_name, err);
}

/* "NAME" or, where its row is gone, "a former peer". */
static void former_name(struct prg_stmt *stmt, int column, char ret[PRG_NAME_BYTES + 1])
{
	strcpy(ret, "a former peer");
	if (!prg_row_is_null(stmt, column))
		prg_row_peer_name(stmt, column, ret);
}

int prg_holder_check_held(struct prg_store *store, int64_t interface_id,
                          const struct prg_prefix *prefix, struct prg_error *err)
{
	struct prg_addr first = prg_prefix_first(prefix), last = prg_prefix_last(prefix), held;
	char name[PRG_NAME_BYTES + 1], until[21], text[PRG_ADDR_TEXT];
	PRG_STMT *stmt = NULL;
	int64_t moment;
	int rc = prg_db_prepare(store,
	                        "SELECT h.addr, h.until, p.name FROM held h LEFT JOIN peer p "
	                        "ON p.id = h.peer_id WHERE h.interface_id = ?1 AND h.family = ?2 "
	                        "AND h.addr BETWEEN ?3 AND ?4 ORDER BY h.addr LIMIT 1",
	                        &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, interface_id);
	prg_row_bind_int(stmt, 2, first.family);
	prg_row_bind_addr(stmt, 3, &first);
	prg_row_bind_addr(stmt, 4, &last);
	rc = prg_db_step(stmt, err);
	if (rc <= 0)
		return rc;
	prg_row_addr(stmt, 0, first.family, &held);
	moment = prg_row_int(stmt, 1, INT64_MIN, INT64_MAX);
	former_name(stmt, 2, name);
	rc = prg_row_check(stmt, err, "a held address");
	if (rc < 0)
		return rc;
	prg_addr_format(&held, text);
	prg_moment_format(moment, until);
	return prg_error_set(err, PRG_E_CONFLICT,
	                     "%s was %s's and is held until %s: choose another", text, name, until);
}

int prg_holder_conflict(struct prg_store *store, int64_t interface_id,
                        const struct prg_prefix *prefix, struct prg_error *err)
{
	char name[PRG_NAME_BYTES + 1], text[PRG_PREFIX_TEXT], other[PRG_PREFIX_TEXT];
	struct prg_prefix theirs;
	int rc = prg_holder_containing(store, interface_id, prefix, &theirs, name, err);

	if (rc == 0)
		rc = prg_holder_within(store, interface_id, prefix, &theirs, name, err);
	if (rc == 0)
		return prg_holder_check_held(store, interface_id, prefix, err);
	if (rc < 0)
		return rc;
	prg_prefix_format(prefix, text);
	prg_prefix_format(&theirs, other);
	if (prg_prefix_compare(prefix, &theirs) == 0)
		return prg_error_set(err, PRG_E_CONFLICT, "%s is peer %s's: choose another", text,
		                     name);
	return prg_error_set(err, PRG_E_CONFLICT, "%s overlaps %s, which is peer %s's", text, other,
	                     name);
}
