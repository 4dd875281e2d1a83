/* SPDX-License-Identifier: ISC */
/* disclose: look at what runs, then in one transaction gather, log and sign. */
#include "watch/disclose.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "render/minisign.h"
#include "store/audit.h"

#define DIGEST_BYTES 32

static void disclosure_done(struct prg_disclosure *d)
{
	size_t i;

	for (i = 0; i < d->n_rows; i++) {
		prg_peer_free(&d->rows[i].peer);
		free(d->rows[i].live.allowed_ips);
	}
	free(d->rows);
	prg_interface_free(&d->interface);
}
#define DISCLOSURE PRG_CLEANUP(disclosure_done) struct prg_disclosure

static void tree_done(json_t **tree)
{
	json_decref(*tree);
}

/* Whom it is about. */
static int find(struct prg_disclosure *d, const char *interface, struct prg_error *err)
{
	PRG_FREE int64_t *ids = NULL;
	size_t n = 0, i;
	int rc = prg_find_interface(d->reg, interface, &d->interface, err);

	if (rc == 0)
		rc = prg_store_namesakes(d->reg->store, d->interface->id, d->name, &ids, &n, err);
	if (rc == 0 && n == 0)
		rc = prg_error_set(err, PRG_E_NOT_FOUND,
		                   "nothing is held on a peer %.64s: see peerage list --state all",
		                   d->name);
	if (rc < 0)
		return rc;
	d->rows = calloc(n, sizeof(*d->rows));
	if (d->rows == NULL)
		return prg_error_nomem(err);
	d->n_rows = n;
	for (i = 0; i < n && rc == 0; i++) {
		d->rows[i].id = ids[i];
		rc = prg_store_peer_by_id(d->reg->store, ids[i], &d->rows[i].peer, err);
		if (rc == PRG_E_NOT_FOUND)
			rc = 0;
	}
	return rc;
}

/* ------------------------------------------------------ the running interface */

static int keep(struct prg_disclosed_live *to, const struct prg_live *live)
{
	to->present = true;
	to->status = live->status;
	to->latest_handshake_at = live->latest_handshake_at;
	to->rx_bytes = live->rx_bytes;
	to->tx_bytes = live->tx_bytes;
	to->has_preshared_key = live->has_preshared_key;
	to->keepalive_s = live->keepalive_s;
	to->endpoint = live->endpoint;
	return prg_list_replace(&to->allowed_ips, &to->n_allowed_ips, live->allowed_ips,
	                        live->n_allowed_ips, sizeof(*live->allowed_ips), NULL);
}

/* Also the key of one that was revoked and is not out of it yet. */
static int on_live(void *context, const struct prg_live *live, const struct prg_peer *peer)
{
	struct prg_disclosure *d = context;
	size_t i;

	(void)peer;
	for (i = 0; live->present && i < d->n_rows; i++)
		if (d->rows[i].peer != NULL &&
		    memcmp(&d->rows[i].peer->public_key, &live->public_key,
		           sizeof(live->public_key)) == 0)
			return keep(&d->rows[i].live, live);
	return 0;
}

static int look(struct prg_disclosure *d, struct prg_error *err)
{
	struct prg_live_interface running = { 0 };
	int rc;

	if (d->reg->backend == PRG_BACKEND_NONE)
		return 0;
	rc = prg_status(d->reg, d->interface->name, NULL, 0, PRG_STATUS_BRIEF, &running, on_live,
	                d, err);
	if (rc == PRG_E_NOMEM)
		return prg_error_nomem(err);
	if (rc < 0)
		return prg_error_wrap(err, rc, "what runs cannot be told (--backend none leaves it "
		                               "out, and says so)");
	d->looked = true;
	d->running = running.present;
	return 0;
}

/* What was looked up before the transaction still holds in it. */
static int check_same(const struct prg_disclosure *d, const struct prg_disclosure *now,
                      struct prg_error *err)
{
	bool same = d->n_rows == now->n_rows && d->interface->id == now->interface->id;
	size_t i;

	for (i = 0; same && i < d->n_rows; i++) {
		const struct prg_peer *a = d->rows[i].peer, *b = now->rows[i].peer;

		same = d->rows[i].id == now->rows[i].id && (a == NULL) == (b == NULL) &&
		       (a == NULL || memcmp(&a->public_key, &b->public_key,
		                            sizeof(a->public_key)) == 0);
	}
	return same ? 0
	            : prg_error_set(err, PRG_E_BUSY, "peer %.64s was changed meanwhile: try again",
	                            d->name);
}

/* The rows as the transaction sees them, with what was seen running. */
static int refresh(struct prg_disclosure *d, struct prg_error *err)
{
	DISCLOSURE now = { .reg = d->reg, .name = d->name };
	size_t i;
	int rc = find(&now, d->interface->name, err);

	if (rc == 0)
		rc = check_same(d, &now, err);
	for (i = 0; rc == 0 && i < d->n_rows; i++) {
		struct prg_peer *before = d->rows[i].peer;

		d->rows[i].peer = now.rows[i].peer;
		now.rows[i].peer = before;
	}
	return rc;
}

/* ------------------------------------------------------------ log and sign */

/* Of the rows, the one that the entry stands by: who has the name now, else who had it
 * last. */
static const struct prg_disclosed *main_row(const struct prg_disclosure *d)
{
	const struct prg_disclosed *best = &d->rows[d->n_rows - 1];
	size_t i;

	for (i = 0; i < d->n_rows; i++) {
		const struct prg_peer *p = d->rows[i].peer;

		if (p != NULL && p->state != PRG_PEER_REVOKED && strcmp(p->name, d->name) == 0)
			best = &d->rows[i];
	}
	return best;
}

/* That it was made, and what of: the hash tells that document from any other. */
static int record(const struct prg_disclosure *d, const struct prg_text *document,
                  struct prg_error *err)
{
	const struct prg_disclosed *row = main_row(d);
	struct prg_audit_entry entry = { .verb = "disclose", .interface = d->interface->name,
		                         .actor = d->reg->actor, .peer_id = row->id };
	unsigned char digest[DIGEST_BYTES];
	char hex[2 * DIGEST_BYTES + 1], key[PRG_KEY_TEXT];
	PRG_STRBUF detail = { 0 };

	crypto_generichash(digest, sizeof(digest),
	                   (const unsigned char *)prg_text_data(document),
	                   prg_text_length(document), NULL, 0);
	sodium_bin2hex(hex, sizeof(hex), digest, sizeof(digest));
	prg_strbuf_puts(&detail, "{\"peer\":");
	prg_strbuf_json(&detail, d->name);
	if (row->peer != NULL) {
		prg_public_key_format(&row->peer->public_key, key);
		prg_strbuf_printf(&detail, ",\"public_key\":\"%s\"", key);
	}
	prg_strbuf_printf(&detail, ",\"changes\":{\"document\":{\"from\":null,\"to\":\"%s\"}}}",
	                  hex);
	if (detail.failed)
		return prg_error_nomem(err);
	entry.detail = detail.data;
	return prg_audit_append(d->reg->store, d->now, &entry, err);
}

static int sign(const struct prg_disclosure *d, const struct prg_text *document,
                struct prg_text **ret, struct prg_error *err)
{
	PRG_SIGNING_KEY key;
	char comment[96], trusted[160];
	int rc = prg_store_signing_key(d->reg->store, &key, err);

	if (rc < 0)
		return rc;
	snprintf(comment, sizeof(comment), "signature of peerage's register %s",
	         prg_store_id(d->reg->store));
	snprintf(trusted, sizeof(trusted), "timestamp:%lld\tregister:%s\thashed", (long long)d->now,
	         prg_store_id(d->reg->store));
	return prg_minisign_sign(&key, prg_text_data(document), prg_text_length(document), comment,
	                         trusted, ret, err);
}

static int write_document(const struct prg_disclosure *d, struct prg_text **ret,
                          struct prg_error *err)
{
	PRG_CLEANUP(tree_done) json_t *tree = NULL;
	int rc = prg_disclose_gather(d, &tree, err);

	if (rc < 0)
		return rc;
	return d->flags & PRG_DISCLOSE_JSON ? prg_disclose_json(tree, ret, err)
	                                    : prg_disclose_text(tree, ret, err);
}

static int transact(struct prg_disclosure *d, struct prg_text **ret_document,
                    struct prg_text **ret_signature, struct prg_error *err)
{
	bool keeps = !(d->flags & PRG_DISCLOSE_DRY_RUN);
	int rc = prg_store_now(d->reg->store, &d->now, err);

	if (rc == 0)
		rc = refresh(d, err);
	if (rc == 0)
		rc = write_document(d, ret_document, err);
	if (rc == 0 && keeps)
		rc = record(d, *ret_document, err);
	if (rc == 0 && keeps)
		rc = sign(d, *ret_document, ret_signature, err);
	if (rc == 0 && keeps)
		rc = prg_store_commit(d->reg->store, err);
	return rc;
}

int prg_disclose(struct prg_register *reg, const char *interface, const char *name, unsigned flags,
                 struct prg_text **ret_document, struct prg_text **ret_signature,
                 struct prg_error *err)
{
	DISCLOSURE d = { .reg = reg, .name = name, .flags = flags };
	PRG_CLEANUP_TEXT struct prg_text *document = NULL;
	PRG_CLEANUP_TEXT struct prg_text *signature = NULL;
	int rc = find(&d, interface, err);

	if (rc == 0)
		rc = look(&d, err);
	if (rc == 0)
		rc = flags & PRG_DISCLOSE_DRY_RUN ? prg_store_begin_read(reg->store, err)
		                                  : prg_store_begin(reg->store, err);
	if (rc < 0)
		return rc;
	rc = transact(&d, &document, &signature, err);
	prg_store_rollback(reg->store); /* nothing, after a commit */
	if (rc < 0)
		return rc;
	prg_audit_witness(reg->store, reg->witness, reg->witness_context);
	*ret_document = document;
	*ret_signature = signature;
	document = signature = NULL;
	return 0;
}

int prg_signing_key(struct prg_register *reg, struct prg_text **ret_text, struct prg_error *err)
{
	PRG_SIGNING_KEY key;
	int rc = prg_store_signing_key(reg->store, &key, err);

	return rc < 0 ? rc : prg_minisign_public_key(&key, ret_text, err);
}
