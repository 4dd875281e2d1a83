/* SPDX-License-Identifier: ISC */
#include "store/usage.h"

#include <string.h>

#include "base/error.h"
#include "store/list.h"
#include "store/row.h"

/* ---------------------------------------------------------------------- lives */

int prg_usage_life(struct prg_store *store, int64_t interface_id, const char *life,
                   struct prg_usage_life *ret, struct prg_error *err)
{
	struct prg_usage_life found = { .number = 0 };
	PRG_STMT *stmt = NULL;
	const char *text;
	int rc = prg_db_prepare(store,
	                        "SELECT number, life, digest, head FROM usage_life "
	                        "WHERE interface_id = ?1",
	                        &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, interface_id);
	rc = prg_db_step(stmt, err);
	if (rc > 0) {
		found.number = prg_row_int(stmt, 0, 1, INT64_MAX - 1);
		text = prg_row_text(stmt, 1);
		found.same = text != NULL && strcmp(text, life) == 0;
		found.has_digest = !prg_row_is_null(stmt, 2);
		if (found.has_digest)
			prg_row_blob(stmt, 2, found.digest, sizeof(found.digest));
		found.head = prg_row_int(stmt, 3, 0, INT64_MAX);
		rc = prg_row_check(stmt, err, "the last tick");
	}
	if (rc < 0)
		return rc;
	*ret = found;
	return 0;
}

int prg_usage_chain_end(struct prg_store *store, int64_t *ret, struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store, "SELECT number FROM audit ORDER BY number DESC LIMIT 1",
	                        &stmt, err);

	if (rc == 0)
		rc = prg_db_step(stmt, err);
	if (rc < 0)
		return rc;
	*ret = rc > 0 ? prg_row_int(stmt, 0, 1, INT64_MAX) : 0;
	return prg_row_check(stmt, err, "the last audit entry");
}

int prg_usage_life_set(struct prg_store *store, int64_t interface_id, const char *life,
                       const struct prg_usage_life *value, struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int64_t head = 0;
	int rc = prg_usage_chain_end(store, &head, err);

	if (rc == 0)
		rc = prg_db_prepare(store,
		                    "INSERT INTO usage_life (interface_id, life, number, digest, "
		                    "head) VALUES (?1, ?2, ?3, ?4, ?5) "
		                    "ON CONFLICT (interface_id) DO UPDATE SET life = ?2, "
		                    "number = ?3, digest = ?4, head = ?5",
		                    &stmt, err);
	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, interface_id);
	prg_row_bind_text(stmt, 2, life);
	prg_row_bind_int(stmt, 3, value->number);
	if (value->has_digest)
		prg_row_bind_blob(stmt, 4, value->digest, sizeof(value->digest));
	prg_row_bind_int(stmt, 5, head);
	return prg_db_run(stmt, err);
}

/* ------------------------------------------------------------------- what is seen */

static void read_row(struct prg_stmt *stmt, struct prg_usage_row *row)
{
	*row = (struct prg_usage_row){ .id = prg_row_int(stmt, 0, 1, INT64_MAX) };
	prg_row_blob(stmt, 1, row->public_key.bytes, sizeof(row->public_key.bytes));
	if (!prg_row_is_null(stmt, 2))
		row->successor_id = prg_row_int(stmt, 2, 1, INT64_MAX);
	if (prg_row_is_null(stmt, 3))
		return;
	row->seen_day = prg_row_int(stmt, 3, INT64_MIN, INT64_MAX);
	if (!prg_row_bool(stmt, 4))
		return;
	row->seen.rx_bytes = (uint64_t)prg_row_int(stmt, 5, 0, INT64_MAX);
	row->seen.tx_bytes = (uint64_t)prg_row_int(stmt, 6, 0, INT64_MAX);
}

#define ROW \
	"SELECT p.id, p.public_key, p.successor_id, u.seen_day, " \
	"u.life = ?2 AND u.key = p.public_key, u.rx_seen, u.tx_seen "

int prg_usage_page(struct prg_store *store, int64_t interface_id, int64_t life, bool lately,
                   int64_t after, size_t limit, struct prg_usage_row *ret, size_t *ret_n,
                   struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	size_t n = 0;
	int rc = lately ? prg_db_prepare(store,
	                                 ROW "FROM usage u INDEXED BY usage_seen "
	                                     "CROSS JOIN peer p ON p.id = u.peer_id "
	                                     "WHERE u.life = ?2 AND u.life > 0 AND u.peer_id > ?3 "
	                                     "AND p.interface_id = ?1 AND p.state <> 3 "
	                                     "ORDER BY u.peer_id LIMIT ?4",
	                                 &stmt, err)
	                : prg_db_prepare(store,
	                                 ROW "FROM peer p LEFT JOIN usage u ON u.peer_id = p.id "
	                                     "WHERE p.interface_id = ?1 AND p.state <> 3 AND "
	                                     "p.id > ?3 ORDER BY p.id LIMIT ?4",
	                                 &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, interface_id);
	prg_row_bind_int(stmt, 2, life);
	prg_row_bind_int(stmt, 3, after);
	prg_row_bind_int(stmt, 4, (int64_t)limit);
	while (n < limit && (rc = prg_db_step(stmt, err)) > 0) {
		read_row(stmt, &ret[n]);
		rc = prg_row_check(stmt, err, "the usage of peer %lld", (long long)ret[n].id);
		if (rc < 0)
			return rc;
		n++;
	}
	if (rc < 0)
		return rc;
	*ret_n = n;
	return 0;
}

int prg_usage_of_key(struct prg_store *store, int64_t interface_id, int64_t life,
                     const struct prg_public_key *key, struct prg_usage_row *ret, bool *ret_found,
                     struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store,
	                        ROW "FROM peer p LEFT JOIN usage u ON u.peer_id = p.id "
	                            "WHERE p.interface_id = ?1 AND p.public_key = ?3 AND "
	                            "p.state <> 3",
	                        &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, interface_id);
	prg_row_bind_int(stmt, 2, life);
	prg_row_bind_blob(stmt, 3, key->bytes, sizeof(key->bytes));
	rc = prg_db_step(stmt, err);
	if (rc < 0)
		return rc;
	*ret_found = rc > 0;
	if (rc == 0)
		return 0;
	read_row(stmt, ret);
	return prg_row_check(stmt, err, "the usage of peer %lld", (long long)ret->id);
}

/* SQLite's integers are signed. */
static int64_t count(uint64_t bytes)
{
	return (int64_t)(bytes < PRG_COUNTER_MAX ? bytes : PRG_COUNTER_MAX);
}

int prg_usage_see(struct prg_store *store, const struct prg_usage_row *row, int64_t life,
                  struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_in_transaction(store, err);

	if (rc == 0)
		rc = prg_db_prepare(store,
		                    "INSERT INTO usage (peer_id, rx_bytes, tx_bytes, seen_day, key, "
		                    "life, rx_seen, tx_seen) VALUES (?1, 0, 0, ?2, ?3, ?4, ?5, ?6) "
		                    "ON CONFLICT (peer_id) DO UPDATE SET seen_day = ?2, key = ?3, "
		                    "life = ?4, rx_seen = ?5, tx_seen = ?6",
		                    &stmt, err);
	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, row->id);
	prg_row_bind_int(stmt, 2, row->seen_day);
	prg_row_bind_blob(stmt, 3, row->public_key.bytes, sizeof(row->public_key.bytes));
	prg_row_bind_int(stmt, 4, life);
	prg_row_bind_int(stmt, 5, count(row->seen.rx_bytes));
	prg_row_bind_int(stmt, 6, count(row->seen.tx_bytes));
	return prg_db_run(stmt, err);
}

/* Runs "INSERT … (peer_id, …) VALUES (?1, ?2, ?3, ?4)" that adds where there is a row;
 * ?5 is where sums stop. */
static int add(struct prg_store *store, const char *sql, int64_t peer_id, int64_t day,
               const struct prg_counters *more, struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store, sql, &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, peer_id);
	prg_row_bind_int(stmt, 2, day);
	prg_row_bind_int(stmt, 3, count(more->rx_bytes));
	prg_row_bind_int(stmt, 4, count(more->tx_bytes));
	prg_row_bind_int(stmt, 5, (int64_t)PRG_COUNTER_MAX);
	return prg_db_run(stmt, err);
}

/* Whose the use of a peer is: that of the newest key. */
static int owner_of(struct prg_store *store, const struct prg_usage_row *row, int64_t *ret,
                    struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc;

	*ret = row->id;
	if (row->successor_id == 0)
		return 0;
	rc = prg_db_prepare(store,
	                    "WITH RECURSIVE line (id, next) AS (SELECT id, successor_id FROM peer "
	                    "WHERE id = ?1 UNION SELECT p.id, p.successor_id FROM peer p "
	                    "JOIN line ON p.id = line.next) "
	                    "SELECT id FROM line WHERE next IS NULL LIMIT 1",
	                    &stmt, err);
	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, row->id);
	rc = prg_db_step(stmt, err);
	if (rc > 0)
		*ret = prg_row_int(stmt, 0, 1, INT64_MAX);
	return rc < 0 ? rc : 0;
}

int prg_usage_add(struct prg_store *store, const struct prg_usage_row *row, int64_t day,
                  const struct prg_counters *more, struct prg_error *err)
{
	int64_t owner = 0;
	int rc = prg_db_in_transaction(store, err);

	if (rc == 0)
		rc = owner_of(store, row, &owner, err);
	/* of one that was not seen itself yet there is no row */
	if (rc == 0)
		rc = add(store,
		         "INSERT INTO usage (peer_id, rx_bytes, tx_bytes, seen_day, key, life, "
		         "rx_seen, tx_seen) SELECT id, ?3, ?4, ?2, public_key, 0, 0, 0 FROM peer "
		         "WHERE id = ?1 ON CONFLICT (peer_id) DO UPDATE SET "
		         "rx_bytes = min(rx_bytes + ?3, ?5), tx_bytes = min(tx_bytes + ?4, ?5), "
		         "seen_day = max(seen_day, ?2)",
		         owner, owner != row->id ? row->seen_day : 0, more, err);
	if (rc == 0)
		rc = add(store,
		         "INSERT INTO usage_day (peer_id, day, rx_bytes, tx_bytes) "
		         "VALUES (?1, ?2, ?3, ?4) ON CONFLICT (peer_id, day) DO UPDATE SET "
		         "rx_bytes = min(rx_bytes + ?3, ?5), tx_bytes = min(tx_bytes + ?4, ?5)",
		         owner, day, more, err);
	return rc;
}

int prg_usage_move(struct prg_store *store, int64_t from, int64_t to, struct prg_error *err)
{
	static const char *const steps[] = {
		"INSERT INTO usage (peer_id, rx_bytes, tx_bytes, seen_day, key, life, rx_seen, "
		"tx_seen) SELECT ?2, rx_bytes, tx_bytes, seen_day, key, 0, 0, 0 FROM usage "
		"WHERE peer_id = ?1",
		"UPDATE usage SET rx_bytes = 0 * ?2, tx_bytes = 0 WHERE peer_id = ?1",
		"UPDATE usage_day SET peer_id = ?2 WHERE peer_id = ?1",
		"UPDATE usage_month SET peer_id = ?2 WHERE peer_id = ?1",
	};
	size_t i;
	int rc = prg_db_in_transaction(store, err);

	for (i = 0; i < sizeof(steps) / sizeof(steps[0]) && rc == 0; i++) {
		PRG_STMT *stmt = NULL;

		rc = prg_db_prepare(store, steps[i], &stmt, err);
		if (rc < 0)
			return rc;
		prg_row_bind_int(stmt, 1, from);
		prg_row_bind_int(stmt, 2, to);
		rc = prg_db_run(stmt, err);
	}
	return rc;
}

static int begin_one(struct prg_store *store, int64_t interface_id,
                     const struct prg_public_key *key, bool *ret_did, struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store,
	                        "UPDATE usage SET life = 0 WHERE life <> 0 AND peer_id = "
	                        "(SELECT id FROM peer WHERE interface_id = ?1 AND "
	                        "public_key = ?2 AND state <> 3)",
	                        &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, interface_id);
	prg_row_bind_blob(stmt, 2, key->bytes, sizeof(key->bytes));
	rc = prg_db_run(stmt, err);
	*ret_did |= rc == 0 && prg_db_changes(store) > 0;
	return rc;
}

int prg_usage_begin(struct prg_store *store, int64_t interface_id,
                    const struct prg_public_key *keys, size_t n, struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	bool did = false;
	size_t i;
	int rc = prg_db_in_transaction(store, err);

	for (i = 0; i < n && rc == 0; i++)
		rc = begin_one(store, interface_id, &keys[i], &did, err);
	if (rc < 0 || !did)
		return rc;
	rc = prg_db_prepare(store, "UPDATE usage_life SET digest = NULL WHERE interface_id = ?1",
	                    &stmt, err);
	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, interface_id);
	return prg_db_run(stmt, err);
}

/* ------------------------------------------------------------- what it comes to */

int prg_usage_used(struct prg_store *store, const struct prg_peer *peer, int64_t now,
                   uint64_t *ret, struct prg_error *err)
{
	bool total = peer->quota_period == PRG_QUOTA_TOTAL;
	PRG_STMT *stmt = NULL;
	int rc = total ? prg_db_prepare(store,
	                                "SELECT rx_bytes + tx_bytes FROM usage "
	                                "WHERE peer_id = ?1",
	                                &stmt, err)
	               : prg_db_prepare(store,
	                                "SELECT sum(rx_bytes + tx_bytes) FROM usage_day "
	                                "WHERE peer_id = ?1 AND day >= ?2",
	                                &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, peer->id);
	if (!total)
		prg_row_bind_int(stmt, 2, prg_quota_since(peer->quota_period, now));
	rc = prg_db_step(stmt, err);
	if (rc < 0)
		return rc;
	*ret = 0;
	if (rc > 0 && !prg_row_is_null(stmt, 0))
		*ret = (uint64_t)prg_row_int(stmt, 0, 0, INT64_MAX);
	return prg_row_check(stmt, err, "the usage of peer %s", peer->name);
}

/* Up to `limit` of a statement's rows, which are ids. */
static int ids(struct prg_stmt *stmt, size_t limit, int64_t *ret_ids, size_t *ret_n,
               struct prg_error *err)
{
	size_t n = 0;
	int rc = 0;

	while (n < limit && (rc = prg_db_step(stmt, err)) > 0)
		ret_ids[n++] = prg_row_int(stmt, 0, 1, INT64_MAX);
	if (rc < 0)
		return rc;
	*ret_n = n;
	return 0;
}

int prg_usage_over(struct prg_store *store, int64_t interface_id, int64_t now, bool periods,
                   int64_t after, size_t limit, int64_t *ret_ids, size_t *ret_n,
                   struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(
		store,
		"SELECT p.id FROM peer p INDEXED BY peer_quota "
		"WHERE p.interface_id = ?1 AND p.quota_bytes > 0 AND p.state = 0 AND p.id > ?2 "
		"AND p.successor_id IS NULL AND p.quota_bytes <= CASE p.quota_period "
		"WHEN 0 THEN (SELECT u.rx_bytes + u.tx_bytes FROM usage u WHERE u.peer_id = p.id) "
		"ELSE (SELECT sum(d.rx_bytes + d.tx_bytes) FROM usage_day d "
		"WHERE ?3 AND d.peer_id = p.id AND "
		"d.day >= CASE p.quota_period WHEN 1 THEN ?4 ELSE ?5 END) END "
		"ORDER BY p.id",
		&stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, interface_id);
	prg_row_bind_int(stmt, 2, after);
	prg_row_bind_int(stmt, 3, periods);
	prg_row_bind_int(stmt, 4, prg_quota_since(PRG_QUOTA_DAY, now));
	prg_row_bind_int(stmt, 5, prg_quota_since(PRG_QUOTA_MONTH, now));
	return ids(stmt, limit, ret_ids, ret_n, err);
}

int prg_usage_resuming(struct prg_store *store, int64_t interface_id, int64_t now, size_t limit,
                       int64_t *ret_ids, size_t *ret_n, struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store,
	                        "SELECT id FROM peer WHERE interface_id = ?1 AND state = 2 AND "
	                        "resumes_at > 0 AND resumes_at <= ?2 ORDER BY resumes_at, id",
	                        &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, interface_id);
	prg_row_bind_int(stmt, 2, now);
	return ids(stmt, limit, ret_ids, ret_n, err);
}

int prg_usage_predecessors(struct prg_store *store, int64_t peer_id, size_t limit,
                           int64_t *ret_ids, size_t *ret_n, struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store,
	                        "WITH RECURSIVE line (id) AS (SELECT ?1 UNION SELECT p.id FROM peer p "
	                        "JOIN line ON p.successor_id = line.id) "
	                        "SELECT p.id FROM peer p JOIN line ON line.id = p.id "
	                        "WHERE p.id <> ?1 AND p.state = 0 ORDER BY p.id",
	                        &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, peer_id);
	return ids(stmt, limit, ret_ids, ret_n, err);
}

int prg_usage_total(struct prg_store *store, int64_t peer_id, struct prg_counters *ret,
                    int64_t *ret_seen_day, struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store,
	                        "SELECT rx_bytes, tx_bytes, seen_day FROM usage "
	                        "WHERE peer_id = ?1",
	                        &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, peer_id);
	rc = prg_db_step(stmt, err);
	if (rc < 0)
		return rc;
	*ret = (struct prg_counters){ 0, 0 };
	*ret_seen_day = 0;
	if (rc == 0)
		return 0;
	ret->rx_bytes = (uint64_t)prg_row_int(stmt, 0, 0, INT64_MAX);
	ret->tx_bytes = (uint64_t)prg_row_int(stmt, 1, 0, INT64_MAX);
	*ret_seen_day = prg_row_int(stmt, 2, -PRG_DAY_MAX, PRG_DAY_MAX);
	return prg_row_check(stmt, err, "the usage of peer %lld", (long long)peer_id);
}

/* Rows of a day (?2: from there on; ?3: from its month on), received and sent, the
 * latest first, to a list: one entry each, or one a month. */
static int sums(struct prg_store *store, const char *sql, int64_t peer_id, int64_t since,
                bool months, struct prg_usage_sum **ret, size_t *ret_n, struct prg_error *err)
{
	PRG_FREE struct prg_usage_sum *list = NULL;
	PRG_STMT *stmt = NULL;
	size_t n = 0;
	int rc = prg_db_prepare(store, sql, &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, peer_id);
	prg_row_bind_int(stmt, 2, since);
	if (months)
		prg_row_bind_int(stmt, 3, prg_month_begins(prg_month_of(since)));
	while ((rc = prg_db_step(stmt, err)) > 0) {
		int64_t period = prg_row_int(stmt, 0, -PRG_DAY_MAX, PRG_DAY_MAX);

		if (months)
			period = prg_month_of(period);
		if (n == 0 || list[n - 1].period != period) {
			struct prg_usage_sum *grown = prg_list_grow(list, n, sizeof(*list));

			if (grown == NULL)
				return prg_error_nomem(err);
			list = grown;
			list[n++] = (struct prg_usage_sum){ .period = period };
		}
		list[n - 1].counters.rx_bytes += (uint64_t)prg_row_int(stmt, 1, 0, INT64_MAX);
		list[n - 1].counters.tx_bytes += (uint64_t)prg_row_int(stmt, 2, 0, INT64_MAX);
		rc = prg_row_check(stmt, err, "the usage of peer %lld", (long long)peer_id);
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

int prg_usage_days(struct prg_store *store, int64_t peer_id, int64_t since,
                   struct prg_usage_sum **ret, size_t *ret_n, struct prg_error *err)
{
	return sums(store,
	            "SELECT day, rx_bytes, tx_bytes FROM usage_day WHERE peer_id = ?1 AND "
	            "day >= ?2 ORDER BY day DESC",
	            peer_id, since, false, ret, ret_n, err);
}

/* A month's number to its first day: by SQLite, so that both tables sort as one. */
#define MONTH_BEGINS \
	"unixepoch(format('%04d-%02d-01', month / 12, month % 12 + 1)) / 86400"

int prg_usage_months(struct prg_store *store, int64_t peer_id, int64_t since,
                     struct prg_usage_sum **ret, size_t *ret_n, struct prg_error *err)
{
	return sums(store,
	            "SELECT day, rx_bytes, tx_bytes FROM usage_day WHERE peer_id = ?1 AND "
	            "day >= ?2 UNION ALL "
	            "SELECT " MONTH_BEGINS " AS day, rx_bytes, tx_bytes FROM usage_month "
	            "WHERE peer_id = ?1 AND " MONTH_BEGINS " >= ?3 ORDER BY day DESC",
	            peer_id, since, true, ret, ret_n, err);
}

int prg_usage_all(struct prg_store *store, int64_t interface_id, struct prg_counters *ret,
                  struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store,
	                        "SELECT coalesce(sum(u.rx_bytes), 0), coalesce(sum(u.tx_bytes), 0) "
	                        "FROM usage u JOIN peer p ON p.id = u.peer_id "
	                        "WHERE p.interface_id = ?1",
	                        &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, interface_id);
	rc = prg_db_step(stmt, err);
	if (rc < 0)
		return rc;
	ret->rx_bytes = (uint64_t)prg_row_int(stmt, 0, 0, INT64_MAX);
	ret->tx_bytes = (uint64_t)prg_row_int(stmt, 1, 0, INT64_MAX);
	return prg_row_check(stmt, err, "the usage of all peers");
}

/* ---------------------------------------------------------------------- folding */

/* The first day that is kept; 1: there is one. */
static int first_day(struct prg_store *store, int64_t *ret, struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store, "SELECT day FROM usage_day ORDER BY day LIMIT 1", &stmt, err);

	if (rc == 0)
		rc = prg_db_step(stmt, err);
	if (rc > 0)
		*ret = prg_row_int(stmt, 0, INT64_MIN, INT64_MAX);
	return rc;
}

int prg_usage_has_before(struct prg_store *store, int64_t day, bool *ret, struct prg_error *err)
{
	int64_t first = 0;
	int rc = first_day(store, &first, err);

	if (rc < 0)
		return rc;
	*ret = rc > 0 && first < day;
	return 0;
}

static int fold_day(struct prg_store *store, int64_t day, struct prg_error *err)
{
	PRG_STMT *sum = NULL, *drop = NULL;
	int rc = prg_db_prepare(store,
	                        "INSERT INTO usage_month (peer_id, month, rx_bytes, tx_bytes) "
	                        "SELECT peer_id, ?2, rx_bytes, tx_bytes FROM usage_day "
	                        "WHERE day = ?1 ON CONFLICT (peer_id, month) DO UPDATE SET "
	                        "rx_bytes = min(rx_bytes + excluded.rx_bytes, ?3), "
	                        "tx_bytes = min(tx_bytes + excluded.tx_bytes, ?3)",
	                        &sum, err);

	if (rc == 0)
		rc = prg_db_prepare(store, "DELETE FROM usage_day WHERE day = ?1", &drop, err);
	if (rc < 0)
		return rc;
	prg_row_bind_int(sum, 1, day);
	prg_row_bind_int(sum, 2, prg_month_of(day));
	prg_row_bind_int(sum, 3, (int64_t)PRG_COUNTER_MAX);
	rc = prg_db_run(sum, err);
	if (rc < 0)
		return rc;
	prg_row_bind_int(drop, 1, day);
	return prg_db_run(drop, err);
}

int prg_usage_fold(struct prg_store *store, int64_t day, struct prg_error *err)
{
	int64_t first = 0;
	int rc = prg_db_in_transaction(store, err);

	while (rc == 0 && (rc = first_day(store, &first, err)) > 0 && first < day)
		rc = fold_day(store, first, err);
	return rc < 0 ? rc : 0;
}
