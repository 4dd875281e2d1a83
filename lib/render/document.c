/* SPDX-License-Identifier: ISC */
/*
 * An interface and its peers as one document, peerage-document(5). All is read in
 * one snapshot, into memory that is wiped; only then is it written: a reader that
 * is slow must not keep the register's log from being truncated.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "engine.h"
#include "model/addr.h"
#include "model/value.h"
#include "render/render.h"

#define PAGE 512
#define PIECE_BYTES ((size_t)240 << 10)

struct dump {
	struct prg_store *store;
	unsigned flags;
	const struct prg_interface *interface;
	struct prg_text **pieces; /* the last one grows */
	size_t n, capacity;
	const char *mark; /* before each line: "#~ " of a peer that is off */
	unsigned char hash_key[PRG_HASH_BYTES]; /* of the last revoked key */
	bool has_hash_key;
	struct prg_error *err;
};

static void dump_done(struct dump *d)
{
	size_t i;

	for (i = 0; i < d->n; i++)
		prg_text_free(&d->pieces[i]);
	free(d->pieces);
	prg_wipe(d->hash_key, sizeof(d->hash_key));
}

/* Room for some lines in the last piece. */
static int next_piece(struct dump *d)
{
	struct prg_text **grown;
	int rc;

	if (d->n > 0 && prg_text_length(d->pieces[d->n - 1]) < PIECE_BYTES)
		return 0;
	if (d->n == d->capacity) {
		size_t capacity = d->capacity ? 2 * d->capacity : 8;

		grown = reallocarray(d->pieces, capacity, sizeof(struct prg_text *));
		if (grown == NULL)
			return prg_error_nomem(d->err);
		d->pieces = grown;
		d->capacity = capacity;
	}
	rc = prg_text_new(&d->pieces[d->n], d->err);
	d->n += rc == 0;
	return rc;
}

static int put(struct dump *d, const char *words)
{
	return prg_text_append(d->pieces[d->n - 1], words, strlen(words), d->err);
}

/* "KEY = VALUE", where KEY may begin with "# ". Not by vsnprintf(3), which would
 * leave pieces of a secret on the stack. */
static int line(struct dump *d, const char *key, const char *value)
{
	int rc = put(d, d->mark);

	if (rc == 0)
		rc = put(d, key);
	if (rc == 0)
		rc = put(d, " = ");
	if (rc == 0)
		rc = put(d, value);
	return rc == 0 ? put(d, "\n") : rc;
}

static int line_number(struct dump *d, const char *key, uint64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
	return line(d, key, text);
}

/* 0: none */
static int line_duration(struct dump *d, const char *key, int64_t seconds)
{
	char text[24];

	if (seconds == 0)
		return line(d, key, "none");
	prg_duration_format(seconds, text);
	return line(d, key, text);
}

static int line_moment(struct dump *d, const char *key, int64_t moment)
{
	char text[21];

	if (moment <= 0)
		return 0;
	prg_moment_format(moment, text);
	return line(d, key, text);
}

static int line_endpoint(struct dump *d, const char *key, const struct prg_endpoint *endpoint)
{
	char text[PRG_ENDPOINT_TEXT];

	prg_endpoint_format(endpoint, text);
	return line(d, key, text);
}

static int lines_prefixes(struct dump *d, const char *key, const struct prg_prefix *list, size_t n)
{
	char text[PRG_PREFIX_TEXT];
	int rc = 0;

	for (; n > 0 && rc == 0; n--) {
		prg_prefix_format(list++, text);
		rc = line(d, key, text);
	}
	return rc;
}

static int lines_addrs(struct dump *d, const char *key, const struct prg_addr *list, size_t n)
{
	char text[PRG_ADDR_TEXT];
	int rc = 0;

	for (; n > 0 && rc == 0; n--) {
		prg_addr_format(list++, text);
		rc = line(d, key, text);
	}
	return rc;
}

/* ------------------------------------------------------------------ interface */

static int put_private_key(struct dump *d)
{
	PRG_CLEANUP(prg_cleanup_key_text) char text[PRG_KEY_TEXT];
	PRG_PRIVATE_KEY key;
	int rc;

	if (d->flags & PRG_DUMP_NO_SECRETS)
		return line(d, "# PrivateKey", "yes");
	rc = prg_store_interface_key(d->store, d->interface->id, &key, d->err);
	if (rc < 0)
		return rc;
	prg_private_key_reveal(&key, text);
	return line(d, "PrivateKey", text);
}

static int put_revoked(void *context, const unsigned char hash_key[PRG_HASH_BYTES],
                       const unsigned char hash[PRG_HASH_BYTES], struct prg_error *err)
{
	struct dump *d = context;
	PRG_CLEANUP(prg_cleanup_key_text) char text[PRG_KEY_TEXT];
	PRG_PRESHARED_KEY bytes; /* 32 bytes to base64 as any */
	int rc = next_piece(d);

	(void)err;
	if (rc == 0 && !(d->flags & PRG_DUMP_NO_SECRETS) &&
	    (!d->has_hash_key || memcmp(d->hash_key, hash_key, PRG_HASH_BYTES) != 0)) {
		memcpy(bytes.bytes, hash_key, sizeof(bytes.bytes));
		prg_preshared_key_reveal(&bytes, text);
		rc = line(d, "# HashKey", text);
		memcpy(d->hash_key, hash_key, PRG_HASH_BYTES);
		d->has_hash_key = true;
	}
	memcpy(bytes.bytes, hash, sizeof(bytes.bytes));
	prg_preshared_key_reveal(&bytes, text);
	return rc == 0 ? line(d, "# Revoked", text) : rc;
}

static int put_client_side(struct dump *d)
{
	const struct prg_interface *i = d->interface;
	int rc = i->endpoint.port != 0 ? line_endpoint(d, "# Endpoint", &i->endpoint)
	                               : line(d, "# Endpoint", "none");

	if (rc == 0 && i->n_dns == 0)
		rc = line(d, "# DNS", "none");
	if (rc == 0)
		rc = lines_addrs(d, "# DNS", i->dns, i->n_dns);
	if (rc == 0 && i->n_client_allowed_ips == 0)
		rc = line(d, "# ClientAllowedIPs", "none");
	if (rc == 0)
		rc = lines_prefixes(d, "# ClientAllowedIPs", i->client_allowed_ips,
		                    i->n_client_allowed_ips);
	return rc == 0 ? line_number(d, "# ClientKeepalive", i->client_keepalive_s) : rc;
}

static int put_upkeep(struct dump *d)
{
	const struct prg_interface *i = d->interface;
	int rc = line_duration(d, "# StaleAfter", i->stale_after_s);

	if (rc == 0)
		rc = line_duration(d, "# ScrubIdle", i->scrub_idle_s);
	return rc == 0 ? line_duration(d, "# RotateAfter", i->rotate_after_s) : rc;
}

static int put_interface(struct dump *d)
{
	const struct prg_interface *i = d->interface;
	int rc = next_piece(d);

	d->mark = "";
	if (rc == 0)
		rc = put(d, "[Interface]\n");
	if (rc == 0)
		rc = line(d, "# Name", i->name);
	if (rc == 0)
		rc = put_private_key(d);
	if (rc == 0)
		rc = line_number(d, "ListenPort", i->listen_port);
	if (rc == 0)
		rc = lines_prefixes(d, "Address", i->addresses, i->n_addresses);
	if (rc == 0)
		rc = i->mtu != 0 ? line_number(d, "MTU", i->mtu) : line(d, "# MTU", "none");
	if (rc == 0)
		rc = put_client_side(d);
	if (rc == 0)
		rc = line(d, "# NAT", i->nat);
	if (rc == 0)
		rc = line(d, "# Isolate", i->isolate ? "yes" : "no");
	if (rc == 0)
		rc = put_upkeep(d);
	if (rc == 0)
		rc = line(d, "# Up", i->wanted_up ? "yes" : "no");
	return rc == 0 ? prg_store_each_revoked(d->store, i->id, put_revoked, d, d->err) : rc;
}

/* ---------------------------------------------------------------------- peers */

static int put_preshared_key(struct dump *d, const struct prg_peer *p)
{
	PRG_CLEANUP(prg_cleanup_key_text) char text[PRG_KEY_TEXT];
	PRG_PRESHARED_KEY psk;
	int rc;

	if (!p->has_preshared_key)
		return 0;
	if (d->flags & PRG_DUMP_NO_SECRETS)
		return line(d, "# PresharedKey", "yes");
	rc = prg_store_peer_psk(d->store, p->id, &psk, d->err);
	if (rc < 0)
		return rc;
	prg_preshared_key_reveal(&psk, text);
	return line(d, "PresharedKey", text);
}

/* In one order, whatever the order in which they came. Addresses that are routes
 * need a word, networks do not. */
static int put_allowed_ips(struct dump *d, struct prg_peer *p)
{
	size_t i;
	int rc = 0;

	if (p->n_addresses > 1)
		qsort(p->addresses, p->n_addresses, sizeof(*p->addresses), prg_prefix_order);
	if (p->n_routes > 1)
		qsort(p->routes, p->n_routes, sizeof(*p->routes), prg_prefix_order);
	rc = lines_prefixes(d, "AllowedIPs", p->addresses, p->n_addresses);
	if (rc == 0)
		rc = lines_prefixes(d, "AllowedIPs", p->routes, p->n_routes);
	for (i = 0; i < p->n_routes && rc == 0; i++)
		if (p->routes[i].length == prg_addr_bits(&p->routes[i].addr))
			rc = lines_prefixes(d, "# Route", &p->routes[i], 1);
	return rc;
}

/* What is the client's alone; a setting of the interface's is not repeated. */
static int put_client(struct dump *d, const struct prg_peer *p)
{
	int rc = 0;

	if (p->own_client_allowed_ips && p->n_client_allowed_ips == 0)
		rc = line(d, "# ClientAllowedIPs", "none");
	if (rc == 0 && p->own_client_allowed_ips)
		rc = lines_prefixes(d, "# ClientAllowedIPs", p->client_allowed_ips,
		                    p->n_client_allowed_ips);
	if (rc == 0 && p->own_dns && p->n_dns == 0)
		rc = line(d, "# DNS", "none");
	if (rc == 0 && p->own_dns)
		rc = lines_addrs(d, "# DNS", p->dns, p->n_dns);
	if (rc == 0 && p->mtu != 0)
		rc = line_number(d, "# MTU", p->mtu);
	if (rc == 0 && p->own_client_keepalive)
		rc = line_number(d, "# ClientKeepalive", p->client_keepalive_s);
	return rc;
}

/* In quotes where a reader that trims would take it for another note. */
static int put_note(struct dump *d, const char *note)
{
	size_t length = note ? strlen(note) : 0;
	bool quote;
	int rc;

	if (length == 0)
		return 0;
	quote = note[0] == ' ' || note[length - 1] == ' ' ||
	        (length > 1 && note[0] == '"' && note[length - 1] == '"');
	if (!quote)
		return line(d, "# Note", note);
	rc = put(d, d->mark);
	if (rc == 0)
		rc = put(d, "# Note = \"");
	if (rc == 0)
		rc = put(d, note);
	return rc == 0 ? put(d, "\"\n") : rc;
}

static int put_quota(struct dump *d, const struct prg_peer *p)
{
	static const char *const periods[] = { "", "/day", "/month" };
	char text[40];

	if (p->quota_bytes == 0)
		return 0;
	snprintf(text, sizeof(text), "%llu%s", (unsigned long long)p->quota_bytes,
	         periods[p->quota_period]);
	return line(d, "# Quota", text);
}

static int put_words(struct dump *d, const struct prg_peer *p)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < p->n_tags && rc == 0; i++)
		rc = line(d, "# Tag", p->tags[i]);
	if (rc == 0)
		rc = put_note(d, p->note);
	if (rc == 0)
		rc = line_moment(d, "# Expires", p->expires_at);
	if (rc == 0)
		rc = put_quota(d, p);
	if (rc == 0 && p->successor_id != 0)
		rc = line(d, "# Successor", p->successor);
	if (rc == 0 && p->successor_id != 0)
		rc = line_moment(d, "# OverlapUntil", p->overlap_until);
	return rc == 0 ? line_moment(d, "# Created", p->created_at) : rc;
}

static int put_peer(struct dump *d, struct prg_peer *p)
{
	char key[PRG_KEY_TEXT];
	int rc = next_piece(d);

	d->mark = p->state == PRG_PEER_ACTIVE ? "" : "#~ ";
	prg_public_key_format(&p->public_key, key);
	if (rc == 0)
		rc = put(d, "\n");
	if (rc == 0)
		rc = put(d, d->mark);
	if (rc == 0)
		rc = put(d, "[Peer]\n");
	if (rc == 0)
		rc = line(d, "# Name", p->name);
	if (rc == 0 && p->state != PRG_PEER_ACTIVE)
		rc = line(d, "# State", prg_peer_state_name(p->state));
	if (rc == 0)
		rc = line(d, "PublicKey", key);
	if (rc == 0)
		rc = put_preshared_key(d, p);
	if (rc == 0)
		rc = put_allowed_ips(d, p);
	if (rc == 0 && p->endpoint.port != 0)
		rc = line_endpoint(d, "Endpoint", &p->endpoint);
	if (rc == 0 && p->keepalive_s != 0)
		rc = line_number(d, "PersistentKeepalive", p->keepalive_s);
	if (rc == 0)
		rc = put_client(d, p);
	return rc == 0 ? put_words(d, p) : rc;
}

static int put_peers(struct dump *d)
{
	char after[PRG_NAME_BYTES + 1] = "";
	size_t n = PAGE, i;
	int rc = 0;

	while (rc == 0 && n == PAGE) {
		struct prg_peer **page = NULL;

		n = 0;
		rc = prg_store_peers_by_name(d->store, d->interface->id, after, PAGE, &page, &n,
		                             d->err);
		for (i = 0; i < n && rc == 0; i++)
			rc = put_peer(d, page[i]);
		if (n > 0)
			memcpy(after, page[n - 1]->name, sizeof(after));
		prg_peers_free(&page, n);
	}
	return rc;
}

int prg_dump(struct prg_register *reg, const char *interface, unsigned flags, prg_write_fn *fn,
             void *context, struct prg_error *err)
{
	PRG_CLEANUP(dump_done) struct dump d = { .store = reg->store, .flags = flags, .err = err };
	PRG_INTERFACE *found = NULL;
	size_t i;
	int rc = prg_store_begin_read(reg->store, err);

	if (rc < 0)
		return rc;
	rc = prg_find_interface(reg, interface, &found, err);
	d.interface = found;
	if (rc == 0)
		rc = put_interface(&d);
	if (rc == 0)
		rc = put_peers(&d);
	prg_store_rollback(reg->store);
	for (i = 0; i < d.n && rc == 0; i++) {
		rc = fn(context, prg_text_data(d.pieces[i]), prg_text_length(d.pieces[i]));
		prg_text_free(&d.pieces[i]);
	}
	return rc;
}
