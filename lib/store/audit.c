/* SPDX-License-Identifier: ISC */
#include "store/audit.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "store/list.h"
#include "store/row.h"

#define HASH_BYTES 32
#define SALT_BYTES 16

/* Bytes that a column or a caller lends. */
struct span {
	const void *bytes; /* NULL: none */
	size_t length;
};

static struct span span_of(const char *text)
{
	return (struct span){ text, text ? strlen(text) : 0 };
}

/* An entry's part of the chain. */
struct link {
	int64_t number, time;
	struct span verb, interface, actor;
	unsigned char commitment[HASH_BYTES];
};

static void big_endian(unsigned char *ret, size_t length, uint64_t value)
{
	while (length > 0) {
		ret[--length] = (unsigned char)value;
		value >>= 8;
	}
}

static void add_bytes(crypto_generichash_state *state, const void *bytes, size_t length)
{
	unsigned char prefix[4];

	big_endian(prefix, sizeof(prefix), length);
	crypto_generichash_update(state, prefix, sizeof(prefix));
	if (length > 0)
		crypto_generichash_update(state, bytes, length);
}

static void add_number(crypto_generichash_state *state, int64_t number)
{
	unsigned char bytes[8];

	big_endian(bytes, sizeof(bytes), (uint64_t)number);
	add_bytes(state, bytes, sizeof(bytes));
}

static void hash_link(const unsigned char before[HASH_BYTES], const struct link *link,
                      unsigned char ret[HASH_BYTES])
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, HASH_BYTES);
	crypto_generichash_update(&state, before, HASH_BYTES);
	add_number(&state, link->number);
	add_number(&state, link->time);
	add_bytes(&state, link->verb.bytes, link->verb.length);
	add_bytes(&state, link->interface.bytes, link->interface.length);
	add_bytes(&state, link->actor.bytes, link->actor.length);
	add_bytes(&state, link->commitment, HASH_BYTES);
	crypto_generichash_final(&state, ret, HASH_BYTES);
}

static void commit_to(const unsigned char salt[SALT_BYTES], struct span detail,
                      unsigned char ret[HASH_BYTES])
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, HASH_BYTES);
	crypto_generichash_update(&state, salt, SALT_BYTES);
	crypto_generichash_update(&state, detail.bytes, detail.length);
	crypto_generichash_final(&state, ret, HASH_BYTES);
}

/* ------------------------------------------------------------------ appending */

/* The end of the chain; number 0 and a zero hash before the first entry. */
struct head {
	int64_t number, time;
	unsigned char hash[HASH_BYTES];
};

static int read_head(struct prg_store *store, struct head *ret, struct prg_error *err)
{
	struct head head = { .time = INT64_MIN };
	PRG_STMT *stmt = NULL;
	int rc;

	if (store->end.known) {
		ret->number = store->end.number;
		ret->time = store->end.time;
		memcpy(ret->hash, store->end.hash, HASH_BYTES);
		return 0;
	}
	rc = prg_db_prepare(store,
	                    "SELECT number, time, hash FROM audit ORDER BY number DESC LIMIT 1",
	                    &stmt, err);
	if (rc == 0)
		rc = prg_db_step(stmt, err);
	if (rc < 0)
		return rc;
	if (rc > 0) {
		head.number = prg_row_int(stmt, 0, 1, INT64_MAX - 1);
		head.time = prg_row_int(stmt, 1, INT64_MIN, INT64_MAX);
		prg_row_blob(stmt, 2, head.hash, HASH_BYTES);
		rc = prg_row_check(stmt, err, "the last audit entry");
		if (rc < 0)
			return rc;
	}
	*ret = head;
	return 0;
}

/*
 * What a detail begins with, so that the commitment covers the indexed peer_id
 * too; *ret_length bytes. Without a peer there is none.
 */
static void detail_prefix(int64_t peer_id, char ret[40], size_t *ret_length)
{
	*ret_length = (size_t)snprintf(ret, 40, "{\"peer_id\":%lld", (long long)peer_id);
}

/* The detail as it is kept; for free(3). */
static int make_detail(const struct prg_audit_entry *entry, char **ret, struct prg_error *err)
{
	const char *detail = entry->detail ? entry->detail : "{}";
	size_t length = strlen(detail), n;
	char prefix[40], *made = NULL;

	if (length < 2 || detail[0] != '{' || detail[length - 1] != '}' ||
	    strncmp(detail, "{\"peer_id\"", 10) == 0)
		return prg_error_set(err, PRG_E_USAGE,
		                     "the detail of audit entry %s is no JSON object, or begins "
		                     "with a peer_id of its own",
		                     entry->verb);
	if (entry->peer_id == 0) {
		made = strdup(detail);
	} else {
		detail_prefix(entry->peer_id, prefix, &n);
		if (asprintf(&made, "%s%s%s", prefix, detail[1] == '}' ? "" : ",", detail + 1) < 0)
			made = NULL;
	}
	if (made == NULL)
		return prg_error_nomem(err);
	*ret = made;
	return 0;
}

static int insert_link(struct prg_store *store, const struct link *link,
                       const struct prg_audit_entry *entry, const unsigned char hash[HASH_BYTES],
                       struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store,
	                        "INSERT INTO audit (number, time, verb, interface, actor, "
	                        "commitment, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	                        &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, link->number);
	prg_row_bind_int(stmt, 2, link->time);
	prg_row_bind_text(stmt, 3, entry->verb);
	prg_row_bind_text(stmt, 4, entry->interface);
	prg_row_bind_text(stmt, 5, entry->actor);
	prg_row_bind_blob(stmt, 6, link->commitment, HASH_BYTES);
	prg_row_bind_blob(stmt, 7, hash, HASH_BYTES);
	return prg_db_run(stmt, err);
}

static int insert_detail(struct prg_store *store, int64_t number, int64_t peer_id,
                         const unsigned char salt[SALT_BYTES], const char *detail,
                         struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store,
	                        "INSERT INTO audit_detail (number, peer_id, salt, detail) "
	                        "VALUES (?1, ?2, ?3, ?4)",
	                        &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, number);
	if (peer_id != 0)
		prg_row_bind_int(stmt, 2, peer_id);
	prg_row_bind_blob(stmt, 3, salt, SALT_BYTES);
	prg_row_bind_text(stmt, 4, detail);
	return prg_db_run(stmt, err);
}

/* Remembers an entry for the witness. */
static int queue(struct prg_store *store, int64_t number, const char *verb,
                 const unsigned char hash[HASH_BYTES], struct prg_error *err)
{
	struct prg_untold *untold = prg_list_grow(store->untold, store->n_untold, sizeof(*untold));

	if (untold == NULL)
		return prg_error_nomem(err);
	store->untold = untold;
	untold += store->n_untold++;
	untold->number = (uint64_t)number;
	snprintf(untold->verb, sizeof(untold->verb), "%s", verb);
	sodium_bin2hex(untold->hash, sizeof(untold->hash), hash, HASH_BYTES);
	return 0;
}

static int check_entry(const struct prg_audit_entry *entry, struct prg_error *err)
{
	if (entry->verb == NULL || entry->verb[0] == '\0' || strlen(entry->verb) >= PRG_VERB_TEXT ||
	    entry->actor == NULL || (entry->interface != NULL && entry->interface[0] == '\0'))
		return prg_error_set(err, PRG_E_USAGE,
		                     "an audit entry needs a verb of 1 to %d bytes and an actor",
		                     PRG_VERB_TEXT - 1);
	return 0;
}

int prg_audit_append(struct prg_store *store, int64_t now, const struct prg_audit_entry *entry,
                     struct prg_error *err)
{
	unsigned char salt[SALT_BYTES], hash[HASH_BYTES];
	PRG_FREE char *detail = NULL;
	struct head head;
	struct link link;
	int rc = prg_db_in_transaction(store, err);

	if (rc == 0)
		rc = check_entry(entry, err);
	if (rc == 0)
		rc = read_head(store, &head, err);
	if (rc == 0)
		rc = make_detail(entry, &detail, err);
	if (rc < 0)
		return rc;
	link = (struct link){
		.number = head.number + 1,
		.time = now > head.time ? now : head.time,
		.verb = span_of(entry->verb),
		.interface = span_of(entry->interface),
		.actor = span_of(entry->actor),
	};
	randombytes_buf(salt, sizeof(salt));
	commit_to(salt, span_of(detail), link.commitment);
	hash_link(head.hash, &link, hash);
	rc = insert_link(store, &link, entry, hash, err);
	if (rc == 0)
		rc = insert_detail(store, link.number, entry->peer_id, salt, detail, err);
	if (rc < 0)
		return rc;
	store->end = (struct prg_chain_end){ .known = true, .number = link.number,
		                             .time = link.time };
	memcpy(store->end.hash, hash, HASH_BYTES);
	return queue(store, link.number, entry->verb, hash, err);
}

void prg_audit_witness(struct prg_store *store, prg_witness_fn *fn, void *context)
{
	size_t i, n = store->mark_untold, left = store->n_untold - n;

	for (i = 0; fn != NULL && i < n; i++)
		fn(context, store->untold[i].number, store->untold[i].verb, store->untold[i].hash);
	if (left > 0) /* of a transaction that is still open */
		memmove(store->untold, store->untold + n, left * sizeof(*store->untold));
	store->n_untold = left;
	store->mark_untold = 0;
}

/* ------------------------------------------------------------------ verifying */

static int broken(struct prg_store *store, int64_t number, const char *why, struct prg_error *err)
{
	return prg_error_set(err, PRG_E_CORRUPT, "register %s: audit entry %lld does not hold: %s",
	                     store->path, (long long)number, why);
}

/* The raw bytes of a TEXT column, embedded NULs and all. */
static struct span column_span(struct prg_stmt *stmt, int column)
{
	struct span span = { 0 };

	if (sqlite3_column_type(stmt->raw, column) == SQLITE_TEXT) {
		span.bytes = sqlite3_column_text(stmt->raw, column);
		span.length = (size_t)sqlite3_column_bytes(stmt->raw, column);
	} else if (!prg_row_is_null(stmt, column)) {
		prg_row_mark_bad(stmt, column);
	}
	return span;
}

/* What lives beside the chain must be what the chain commits to, or erased. */
static const char *check_detail(struct prg_stmt *stmt, const unsigned char commitment[HASH_BYTES])
{
	bool no_peer = prg_row_is_null(stmt, 8), no_salt = prg_row_is_null(stmt, 9);
	struct span detail = column_span(stmt, 10);
	unsigned char salt[SALT_BYTES], made[HASH_BYTES];
	bool prefixed;
	char prefix[40];
	size_t n;

	if (prg_row_is_null(stmt, 7))
		return "its details are missing";
	if (no_peer && no_salt && detail.bytes == NULL)
		return NULL;
	if (no_salt || detail.bytes == NULL)
		return "its details are half erased";
	prg_row_blob(stmt, 9, salt, SALT_BYTES);
	commit_to(salt, detail, made);
	if (memcmp(made, commitment, HASH_BYTES) != 0)
		return "its details were changed";
	detail_prefix(no_peer ? 0 : prg_row_int(stmt, 8, INT64_MIN, INT64_MAX), prefix, &n);
	if (no_peer) /* any peer's */
		n = strlen("{\"peer_id\":");
	prefixed = detail.length > n && memcmp(detail.bytes, prefix, n) == 0 &&
	           (no_peer || strchr(",}", ((const char *)detail.bytes)[n]) != NULL);
	return prefixed != no_peer ? NULL : "its peer was changed";
}

/* One row against the head before it; what is wrong, or NULL. */
static const char *check_link(struct prg_stmt *stmt, struct head *head)
{
	unsigned char stored[HASH_BYTES], made[HASH_BYTES];
	struct link link = { 0 };

	link.number = prg_row_int(stmt, 0, 1, INT64_MAX);
	if (link.number != head->number + 1)
		return "it is missing";
	link.time = prg_row_int(stmt, 1, INT64_MIN, INT64_MAX);
	link.verb = column_span(stmt, 2);
	link.interface = column_span(stmt, 3);
	link.actor = column_span(stmt, 4);
	prg_row_blob(stmt, 5, link.commitment, HASH_BYTES);
	prg_row_blob(stmt, 6, stored, HASH_BYTES);
	if (stmt->bad_column >= 0 || (link.interface.bytes != NULL && link.interface.length == 0) ||
	    link.verb.bytes == NULL || link.actor.bytes == NULL)
		return "a value in it is malformed";
	hash_link(head->hash, &link, made);
	if (memcmp(made, stored, HASH_BYTES) != 0)
		return "its hash is not that of its content and the entry before";
	if (link.time < head->time)
		return "its time is before that of the entry before";
	head->number = link.number;
	head->time = link.time;
	memcpy(head->hash, stored, HASH_BYTES);
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

int prg_audit_verify(struct prg_store *store, const char *known, uint64_t *ret_entries,
                     char ret_head[65], struct prg_error *err)
{
	PRG_SNAPSHOT snapshot = { 0 };
	PRG_STMT *stmt = NULL;
	struct head head = { .time = INT64_MIN };
	bool extends = known == NULL;
	char hex[2 * HASH_BYTES + 1];
	int rc = prg_db_snapshot(store, &snapshot, err);

	if (rc == 0)
		rc = prg_db_prepare(store,
		                    "SELECT a.number, a.time, a.verb, a.interface, a.actor, "
		                    "a.commitment, a.hash, d.number, d.peer_id, d.salt, d.detail "
		                    "FROM audit a LEFT JOIN audit_detail d ON d.number = a.number "
		                    "ORDER BY a.number",
		                    &stmt, err);
	if (rc < 0)
		return rc;
	while ((rc = prg_db_step(stmt, err)) > 0) {
		int64_t next = head.number + 1;
		const char *why = check_link(stmt, &head);

		if (why == NULL && stmt->bad_column >= 0)
			why = "a value in it is malformed";
		if (why != NULL)
			return broken(store, next, why, err);
		if (!extends) {
			sodium_bin2hex(hex, sizeof(hex), head.hash, HASH_BYTES);
			extends = strcasecmp(hex, known) == 0;
		}
	}
	if (rc == 0)
		rc = check_end(store, head.number, err);
	if (rc == 0 && !extends)
		rc = prg_error_set(err, PRG_E_CORRUPT,
		                   "register %s: the chain holds, but no entry of it has the hash "
		                   "%.64s: this is an older copy, or what came before was rewritten",
		                   store->path, known);
	if (rc < 0)
		return rc;
	*ret_entries = (uint64_t)head.number;
	sodium_bin2hex(ret_head, 65, head.hash, HASH_BYTES);
	return 0;
}
