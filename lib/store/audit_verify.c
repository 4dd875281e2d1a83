/* SPDX-License-Identifier: ISC */
#include "store/audit_link.h"

#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "store/row.h"

static int broken(struct prg_store *store, int64_t number, const char *why, struct prg_error *err)
{
	return prg_error_set(err, PRG_E_CORRUPT, "register %s: audit entry %lld does not hold: %s",
	                     store->path, (long long)number, why);
}

/* The raw bytes of a TEXT column, embedded NULs and all. */
static struct prg_span column_span(struct prg_stmt *stmt, int column)
{
	struct prg_span span = { 0 };

	if (sqlite3_column_type(stmt->raw, column) == SQLITE_TEXT) {
		span.bytes = sqlite3_column_text(stmt->raw, column);
		span.length = (size_t)sqlite3_column_bytes(stmt->raw, column);
	} else if (!prg_row_is_null(stmt, column)) {
		prg_row_mark_bad(stmt, column);
	}
	return span;
}

/* What lives beside the chain must be what the chain commits to, or erased. */
static const char *check_detail(struct prg_stmt *stmt, const unsigned char commitment[PRG_HASH_BYTES])
{
	bool no_peer = prg_row_is_null(stmt, 8), no_salt = prg_row_is_null(stmt, 9);
	struct prg_span detail = column_span(stmt, 10);
	unsigned char salt[PRG_SALT_BYTES], made[PRG_HASH_BYTES];
	bool prefixed;
	char prefix[40];
	size_t n;

	if (prg_row_is_null(stmt, 7))
		return "its details are missing";
	if (no_peer && no_salt && detail.bytes == NULL)
		return NULL;
	if (no_salt || detail.bytes == NULL)
		return "its details are half erased";
	prg_row_blob(stmt, 9, salt, PRG_SALT_BYTES);
	prg_link_commit(salt, detail, made);
	if (memcmp(made, commitment, PRG_HASH_BYTES) != 0)
		return "its details were changed";
	prg_link_prefix(no_peer ? 0 : prg_row_int(stmt, 8, INT64_MIN, INT64_MAX), prefix, &n);
	if (no_peer) /* any peer's */
		n = strlen("{\"peer_id\":");
	prefixed = detail.length > n && memcmp(detail.bytes, prefix, n) == 0 &&
	           (no_peer || strchr(",}", ((const char *)detail.bytes)[n]) != NULL);
	return prefixed != no_peer ? NULL : "its peer was changed";
}

/* One row against the head before it; what is wrong, or NULL. */
static const char *check_link(struct prg_stmt *stmt, struct prg_link_head *head)
{
	unsigned char stored[PRG_HASH_BYTES], made[PRG_HASH_BYTES];
	struct prg_link link = { 0 };

	link.number = prg_row_int(stmt, 0, 1, INT64_MAX);
	if (link.number != head->number + 1)
		return "it is missing";
	link.time = prg_row_int(stmt, 1, INT64_MIN, INT64_MAX);
	link.verb = column_span(stmt, 2);
	link.interface = column_span(stmt, 3);
	link.actor = column_span(stmt, 4);
	prg_row_blob(stmt, 5, link.commitment, PRG_HASH_BYTES);
	prg_row_blob(stmt, 6, stored, PRG_HASH_BYTES);
	if (stmt->bad_column >= 0 || (link.interface.bytes != NULL && link.interface.length == 0) ||
	    link.verb.bytes == NULL || link.actor.bytes == NULL)
		return "a value in it is malformed";
	prg_link_hash(head->hash, &link, made);
	if (memcmp(made, stored, PRG_HASH_BYTES) != 0)
		return "its hash is not that of its content and the entry before";
	if (link.time < head->time)
		return "its time is before that of the entry before";
	head->number = link.number;
	head->time = link.time;
	memcpy(head->hash, stored, PRG_HASH_BYTES);
	return check_detail(stmt, link.commitment);
}

/* Numbers are never given twice, so what was cut off the end is known. */
static int check_end(struct prg_store *store, int64_t last, struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store, "SELECT seq FROM sqlite_sequence WHERE name = 'audit'",
	                        &stmt, err);

	if (rc == 0)
		rc = prg_db_step(stmt, err);
	if (rc < 0)
		return rc;
	if (rc == 0 || last == 0 || prg_row_int(stmt, 0, 1, INT64_MAX) != last)
		return broken(store, last + 1, "it is missing", err);
	return 0;
}

/* ------------------------------------------------------------------ accepting */

/* Entries that do not hold, and an entry behind them that says so. */
struct accepted {
	int64_t first, last; /* the entry's own number is last + 1 */
	unsigned char digest[PRG_HASH_BYTES];
};

/* The rows as they are, whatever is in them; details are not part of it, so that they
 * can still be erased. */
static void digest_row(crypto_generichash_state *state, struct prg_stmt *stmt)
{
	int column;

	prg_link_add_number(state, sqlite3_column_int64(stmt->raw, 0));
	for (column = 1; column < 7; column++) {
		prg_link_add_number(state, sqlite3_column_type(stmt->raw, column));
		prg_link_add_bytes(state, sqlite3_column_blob(stmt->raw, column),
		                   (size_t)sqlite3_column_bytes(stmt->raw, column));
	}
}

/* Whether entries from `first` on were accepted, the last time that they were. What
 * says so is not believed before its own entry holds. 1: they were. */
static int find_accepted(struct prg_store *store, int64_t first, struct accepted *ret,
                         struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	const char *hex;
	size_t length;
	int rc = prg_db_prepare(store,
	                        "SELECT a.number, json_extract(d.detail, '$.digest') "
	                        "FROM audit a JOIN audit_detail d ON d.number = a.number "
	                        "WHERE a.verb = 'accept' AND a.number > ?1 AND json_valid(d.detail) "
	                        "AND json_extract(d.detail, '$.first') = ?1 "
	                        "AND json_extract(d.detail, '$.last') = a.number - 1 "
	                        "ORDER BY a.number DESC LIMIT 1",
	                        &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, first);
	rc = prg_db_step(stmt, err);
	if (rc <= 0)
		return rc;
	hex = prg_row_text(stmt, 1);
	ret->first = first;
	ret->last = prg_row_int(stmt, 0, 1, INT64_MAX) - 1;
	return hex != NULL &&
	       sodium_hex2bin(ret->digest, sizeof(ret->digest), hex, strlen(hex), NULL, &length,
	                      NULL) == 0 &&
	       length == sizeof(ret->digest);
}

/* ---------------------------------------------------------------------- the walk */

struct walk {
	struct prg_store *store;
	const char *known;         /* a head to look for; NULL: none */
	prg_accepted_fn *fn; /* NULL: nobody asks */
	void *context;

	struct prg_link_head head; /* what holds */
	bool found;                /* the known head */
	bool skipping;             /* what was accepted, as it is */
	struct accepted accepted;
	struct prg_link_head base; /* before it */
	crypto_generichash_state digest;
	bool tell;                 /* of it, once the next entry holds */
};

/* The rows that were accepted are over: are they what was accepted? */
static int skipped(struct walk *walk, struct prg_error *err)
{
	unsigned char digest[PRG_HASH_BYTES];
	char why[96];

	walk->skipping = false;
	crypto_generichash_final(&walk->digest, digest, sizeof(digest));
	if (memcmp(digest, walk->accepted.digest, sizeof(digest)) != 0) {
		snprintf(why, sizeof(why), "it, or one up to %lld, was altered after it was accepted",
		         (long long)walk->accepted.last);
		return broken(walk->store, walk->accepted.first, why, err);
	}
	walk->base = walk->head;
	walk->head.number = walk->accepted.last;
	walk->tell = true;
	return 0;
}

/* An entry that holds. */
static int holds(struct walk *walk)
{
	char hex[2 * PRG_HASH_BYTES + 1];

	if (walk->known != NULL && !walk->found) {
		sodium_bin2hex(hex, sizeof(hex), walk->head.hash, PRG_HASH_BYTES);
		walk->found = strcasecmp(hex, walk->known) == 0;
	}
	if (!walk->tell)
		return 0;
	walk->tell = false;
	return walk->fn == NULL ? 0
	                        : walk->fn(walk->context, (uint64_t)walk->accepted.first,
	                                   (uint64_t)walk->accepted.last);
}

static int visit(struct walk *walk, struct prg_stmt *stmt, struct prg_error *err)
{
	struct prg_link_head before = walk->head;
	const char *why;
	int rc;

	if (walk->skipping && sqlite3_column_int64(stmt->raw, 0) > walk->accepted.last) {
		rc = skipped(walk, err);
		if (rc < 0)
			return rc;
		before = walk->head;
	}
	if (walk->skipping) {
		digest_row(&walk->digest, stmt);
		return 0;
	}
	why = check_link(stmt, &walk->head);
	if (why == NULL && stmt->bad_column >= 0)
		why = "a value in it is malformed";
	if (why == NULL)
		return holds(walk);
	walk->head = before;
	if (walk->tell) {
		walk->head = walk->base;
		return broken(walk->store, walk->accepted.first,
		              "nor does the entry that accepted it", err);
	}
	rc = find_accepted(walk->store, before.number + 1, &walk->accepted, err);
	if (rc == 0)
		return broken(walk->store, before.number + 1, why, err);
	if (rc < 0)
		return rc;
	walk->skipping = true;
	crypto_generichash_init(&walk->digest, NULL, 0, PRG_HASH_BYTES);
	return visit(walk, stmt, err);
}

static int select_all(struct prg_store *store, struct prg_stmt **ret, struct prg_error *err)
{
	return prg_db_prepare(store,
	                      "SELECT a.number, a.time, a.verb, a.interface, a.actor, "
	                      "a.commitment, a.hash, d.number, d.peer_id, d.salt, d.detail "
	                      "FROM audit a LEFT JOIN audit_detail d ON d.number = a.number "
	                      "WHERE a.number >= ?1 ORDER BY a.number",
	                      ret, err);
}

static int walk_all(struct walk *walk, struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = select_all(walk->store, &stmt, err);

	walk->head = (struct prg_link_head){ .time = INT64_MIN };
	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, INT64_MIN);
	while ((rc = prg_db_step(stmt, err)) > 0) {
		rc = visit(walk, stmt, err);
		if (rc != 0)
			return rc;
	}
	return rc < 0 ? rc : check_end(walk->store, walk->head.number, err);
}

int prg_audit_verify_accepted(struct prg_store *store, const char *known,
                              prg_accepted_fn *fn, void *context, uint64_t *ret_entries,
                              char ret_head[65], uint64_t *ret_broken,
                              struct prg_error *err)
{
	PRG_SNAPSHOT snapshot = { 0 };
	struct walk walk = { .store = store, .known = known, .fn = fn, .context = context };
	int rc = prg_db_snapshot(store, &snapshot, err);

	if (rc == 0)
		rc = walk_all(&walk, err);
	if (ret_broken != NULL)
		*ret_broken = rc == PRG_E_CORRUPT ? (uint64_t)walk.head.number + 1 : 0;
	if (rc == 0 && known != NULL && !walk.found)
		rc = prg_error_set(err, PRG_E_CORRUPT,
		                   "register %s: the chain holds, but no entry of it has the hash "
		                   "%.64s: this is an older copy, or what came before was rewritten",
		                   store->path, known);
	if (rc != 0)
		return rc;
	*ret_entries = (uint64_t)walk.head.number;
	sodium_bin2hex(ret_head, 65, walk.head.hash, PRG_HASH_BYTES);
	return 0;
}

int prg_audit_verify(struct prg_store *store, const char *known, uint64_t *ret_entries,
                     char ret_head[65], struct prg_error *err)
{
	return prg_audit_verify_accepted(store, known, NULL, NULL, ret_entries, ret_head, NULL,
	                                 err);
}

/* --------------------------------------------------------------- accepting anew */

/* The rows from `first` on, and the last number that was given. */
static int digest_rest(struct prg_store *store, struct accepted *accepted, struct prg_error *err)
{
	crypto_generichash_state state;
	PRG_STMT *stmt = NULL, *end = NULL;
	int rc = select_all(store, &stmt, err);

	if (rc == 0)
		rc = prg_db_prepare(store, "SELECT " PRG_LINK_GIVEN, &end, err);
	if (rc == 0)
		rc = prg_db_step(end, err);
	if (rc < 0)
		return rc;
	accepted->last = prg_row_int(end, 0, 0, INT64_MAX - 1);
	rc = prg_row_check(end, err, "the last audit entry");
	if (rc < 0)
		return rc;
	crypto_generichash_init(&state, NULL, 0, PRG_HASH_BYTES);
	/* with the first there may be rows before it, of numbers that were never given */
	prg_row_bind_int(stmt, 1, accepted->first == 1 ? INT64_MIN : accepted->first);
	while ((rc = prg_db_step(stmt, err)) > 0)
		digest_row(&state, stmt);
	crypto_generichash_final(&state, accepted->digest, PRG_HASH_BYTES);
	return rc;
}

int prg_audit_accept(struct prg_store *store, int64_t now, const char *actor, uint64_t first,
                     struct prg_error *err)
{
	struct walk walk = { .store = store };
	struct prg_audit_entry entry = { .verb = "accept", .actor = actor };
	struct accepted accepted = { .first = (int64_t)first };
	struct prg_error why;
	char hex[2 * PRG_HASH_BYTES + 1], detail[256];
	int rc = walk_all(&walk, &why);

	if (rc == 0)
		return prg_error_set(err, PRG_E_CONFLICT, "there is nothing to accept: the chain holds");
	if (rc != PRG_E_CORRUPT) {
		if (err != NULL)
			*err = why;
		return rc;
	}
	if ((uint64_t)walk.head.number + 1 != first)
		return prg_error_set(err, PRG_E_CONFLICT,
		                     "the first entry that does not hold is %lld, not %llu: look at "
		                     "'peerage log --verify' again",
		                     (long long)walk.head.number + 1, (unsigned long long)first);
	rc = digest_rest(store, &accepted, err);
	if (rc < 0)
		return rc;
	sodium_bin2hex(hex, sizeof(hex), accepted.digest, PRG_HASH_BYTES);
	snprintf(detail, sizeof(detail),
	         "{\"changes\":{\"accepted\":{\"from\":null,\"to\":\"entries %lld to %lld\"}},"
	         "\"first\":%lld,\"last\":%lld,\"digest\":\"%s\"}",
	         (long long)accepted.first, (long long)accepted.last, (long long)accepted.first,
	         (long long)accepted.last, hex);
	entry.detail = detail;
	/* It follows the last entry that holds, and has the next number that is free. */
	store->end = (struct prg_chain_end){ .known = true, .number = accepted.last,
		                             .time = walk.head.time };
	memcpy(store->end.hash, walk.head.hash, PRG_HASH_BYTES);
	return prg_audit_append(store, now, &entry, err);
}
