/* SPDX-License-Identifier: ISC */
#include "store/audit_link.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "store/list.h"
#include "store/row.h"

static struct prg_span span_of(const char *text)
{
	return (struct prg_span){ text, text ? strlen(text) : 0 };
}

static void big_endian(unsigned char *ret, size_t length, uint64_t value)
{
	while (length > 0) {
		ret[--length] = (unsigned char)value;
		value >>= 8;
	}
}

void prg_link_add_bytes(crypto_generichash_state *state, const void *bytes, size_t length)
{
	unsigned char prefix[4];

	big_endian(prefix, sizeof(prefix), length);
	crypto_generichash_update(state, prefix, sizeof(prefix));
	if (length > 0)
		crypto_generichash_update(state, bytes, length);
}

void prg_link_add_number(crypto_generichash_state *state, int64_t number)
{
	unsigned char bytes[8];

	big_endian(bytes, sizeof(bytes), (uint64_t)number);
	prg_link_add_bytes(state, bytes, sizeof(bytes));
}

void prg_link_hash(const unsigned char before[PRG_HASH_BYTES], const struct prg_link *link,
                   unsigned char ret[PRG_HASH_BYTES])
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, PRG_HASH_BYTES);
	crypto_generichash_update(&state, before, PRG_HASH_BYTES);
	prg_link_add_number(&state, link->number);
	prg_link_add_number(&state, link->time);
	prg_link_add_bytes(&state, link->verb.bytes, link->verb.length);
	prg_link_add_bytes(&state, link->interface.bytes, link->interface.length);
	prg_link_add_bytes(&state, link->actor.bytes, link->actor.length);
	prg_link_add_bytes(&state, link->commitment, PRG_HASH_BYTES);
	crypto_generichash_final(&state, ret, PRG_HASH_BYTES);
}

void prg_link_commit(const unsigned char salt[PRG_SALT_BYTES], struct prg_span detail,
                     unsigned char ret[PRG_HASH_BYTES])
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, PRG_HASH_BYTES);
	crypto_generichash_update(&state, salt, PRG_SALT_BYTES);
	crypto_generichash_update(&state, detail.bytes, detail.length);
	crypto_generichash_final(&state, ret, PRG_HASH_BYTES);
}

/* ------------------------------------------------------------------ appending */

static int read_head(struct prg_store *store, struct prg_link_head *ret, struct prg_error *err)
{
	struct prg_link_head head = { .time = INT64_MIN };
	PRG_STMT *stmt = NULL;
	int rc;

	if (store->end.known) {
		ret->number = store->end.number;
		ret->time = store->end.time;
		memcpy(ret->hash, store->end.hash, PRG_HASH_BYTES);
		return 0;
	}
	rc = prg_db_prepare(store,
	                    "SELECT " PRG_LINK_GIVEN ", a.number, a.time, a.hash FROM (SELECT 1) "
	                    "LEFT JOIN (SELECT number, time, hash FROM audit "
	                    "ORDER BY number DESC LIMIT 1) a",
	                    &stmt, err);
	if (rc == 0)
		rc = prg_db_step(stmt, err);
	if (rc < 0)
		return rc;
	head.number = prg_row_int(stmt, 0, 0, INT64_MAX - 1);
	if (!prg_row_is_null(stmt, 1)) {
		head.time = prg_row_int(stmt, 2, INT64_MIN, INT64_MAX);
		prg_row_blob(stmt, 3, head.hash, PRG_HASH_BYTES);
	}
	rc = prg_row_check(stmt, err, "the last audit entry");
	if (rc < 0)
		return rc;
	*ret = head;
	return 0;
}

void prg_link_prefix(int64_t peer_id, char ret[40], size_t *ret_length)
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
		prg_link_prefix(entry->peer_id, prefix, &n);
		if (asprintf(&made, "%s%s%s", prefix, detail[1] == '}' ? "" : ",", detail + 1) < 0)
			made = NULL;
	}
	if (made == NULL)
		return prg_error_nomem(err);
	*ret = made;
	return 0;
}

static int insert_link(struct prg_store *store, const struct prg_link *link,
                       const struct prg_audit_entry *entry, const unsigned char hash[PRG_HASH_BYTES],
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
	prg_row_bind_blob(stmt, 6, link->commitment, PRG_HASH_BYTES);
	prg_row_bind_blob(stmt, 7, hash, PRG_HASH_BYTES);
	return prg_db_run(stmt, err);
}

static int insert_detail(struct prg_store *store, int64_t number, int64_t peer_id,
                         const unsigned char salt[PRG_SALT_BYTES], const char *detail,
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
	prg_row_bind_blob(stmt, 3, salt, PRG_SALT_BYTES);
	prg_row_bind_text(stmt, 4, detail);
	return prg_db_run(stmt, err);
}

/* Remembers an entry for the witness. */
static int queue(struct prg_store *store, int64_t number, const char *verb,
                 const unsigned char hash[PRG_HASH_BYTES], struct prg_error *err)
{
	struct prg_untold *untold = prg_list_grow(store->untold, store->n_untold, sizeof(*untold));

	if (untold == NULL)
		return prg_error_nomem(err);
	store->untold = untold;
	untold += store->n_untold++;
	untold->number = (uint64_t)number;
	snprintf(untold->verb, sizeof(untold->verb), "%s", verb);
	sodium_bin2hex(untold->hash, sizeof(untold->hash), hash, PRG_HASH_BYTES);
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
	unsigned char salt[PRG_SALT_BYTES], hash[PRG_HASH_BYTES];
	PRG_FREE char *detail = NULL;
	struct prg_link_head head;
	struct prg_link link;
	int rc = prg_db_in_transaction(store, err);

	if (rc == 0)
		rc = check_entry(entry, err);
	if (rc == 0)
		rc = read_head(store, &head, err);
	if (rc == 0)
		rc = make_detail(entry, &detail, err);
	if (rc < 0)
		return rc;
	link = (struct prg_link){
		.number = head.number + 1,
		.time = now > head.time ? now : head.time,
		.verb = span_of(entry->verb),
		.interface = span_of(entry->interface),
		.actor = span_of(entry->actor),
	};
	randombytes_buf(salt, sizeof(salt));
	prg_link_commit(salt, span_of(detail), link.commitment);
	prg_link_hash(head.hash, &link, hash);
	rc = insert_link(store, &link, entry, hash, err);
	if (rc == 0)
		rc = insert_detail(store, link.number, entry->peer_id, salt, detail, err);
	if (rc < 0)
		return rc;
	store->end = (struct prg_chain_end){ .known = true, .number = link.number,
		                             .time = link.time };
	memcpy(store->end.hash, hash, PRG_HASH_BYTES);
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
