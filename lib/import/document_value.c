/* SPDX-License-Identifier: ISC */
/* What WireGuard has no field for: comments that are keys of ours. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "import/document_reader.h"
#include "model/addr.h"
#include "model/peer.h"
#include "model/value.h"

#define MAX_VALUE (PRG_NOTE_BYTES + 8)
#define MAX_WORD  32 /* longest thing before a '=' that is taken for a key */

/* A key of ours. read is given the value as text; text is malformed where it
 * returns PRG_E_USAGE with r->error.message saying why. */
struct key {
	const char *name;
	enum prg_wgconf_section section;
	bool repeats;
	int (*read)(struct prg_document_reader *r, const char *text);
};

/* A key that stands in a wrong place must not be repeated in a message, nor tabs. */
static bool is_unspeakable(const char *text)
{
	static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	                             "0123456789+/";
	size_t n;

	if (strchr(text, '\t') != NULL)
		return true;
	for (; *text != '\0'; text += n + (text[n] != '\0')) {
		n = strspn(text, base64);
		if (n >= 24)
			return true;
	}
	return false;
}

static int expected(struct prg_document_reader *r, const char *what)
{
	return prg_error_set(&r->error, PRG_E_USAGE, "expected %s", what);
}

/* ------------------------------------------------------------------- settings */

static int interface_setting(struct prg_document_reader *r, enum prg_field field,
                             const char *text)
{
	return prg_intent_values_set(PRG_CONFIGURE, &r->intent->common, field, text, &r->error);
}

static int read_interface_name(struct prg_document_reader *r, const char *text)
{
	char *name = r->intent->interface;
	int rc = prg_interface_name_check(text, &r->error);

	if (rc < 0)
		return rc;
	if (name[0] != '\0' && strcmp(name, text) != 0)
		return prg_error_set(&r->error, PRG_E_USAGE,
		                     "the document is of %s, and %s was asked for: change this "
		                     "line to mean it",
		                     text, name);
	strcpy(name, text);
	return 0;
}

static int read_left_out(struct prg_document_reader *r, const char *text)
{
	return strcmp(text, "yes") == 0 ? 0 : expected(r, "yes: there is one, left out here");
}

static int read_private_key(struct prg_document_reader *r, const char *text)
{
	r->document->keep_private_key = true;
	return read_left_out(r, text);
}

static int read_interface_mtu(struct prg_document_reader *r, const char *text)
{
	if (strcmp(text, "none") != 0)
		return expected(r, "none: an MTU is no comment");
	return interface_setting(r, PRG_FIELD_MTU, text);
}

static int read_endpoint(struct prg_document_reader *r, const char *text)
{
	struct prg_values *v = &r->intent->common;

	if (strcmp(text, "none") != 0)
		return interface_setting(r, PRG_FIELD_ENDPOINT, text);
	v->endpoint = (struct prg_endpoint){ .port = 0 };
	v->endpoint_has_port = true;
	v->set |= 1u << PRG_FIELD_ENDPOINT;
	return 0;
}

static int read_interface_keepalive(struct prg_document_reader *r, const char *text)
{
	return interface_setting(r, PRG_FIELD_CLIENT_KEEPALIVE, text);
}

static int read_nat(struct prg_document_reader *r, const char *text)
{
	return interface_setting(r, PRG_FIELD_NAT, text);
}

static int read_isolate(struct prg_document_reader *r, const char *text)
{
	return interface_setting(r, PRG_FIELD_ISOLATE, text);
}

static int read_up(struct prg_document_reader *r, const char *text)
{
	if (strcmp(text, "yes") != 0 && strcmp(text, "no") != 0)
		return expected(r, "yes or no");
	r->document->up = text[0] == 'y';
	return 0;
}

/* A moment, not a duration: a document means the same each time it is applied. */
static int read_moment(struct prg_document_reader *r, const char *text, int64_t *ret)
{
	if (strchr(text, '-') == NULL || prg_moment_parse(text, 0, ret, NULL) < 0 || *ret <= 0)
		return expected(r, "a moment, as 2027-01-31T12:00:00Z");
	return 0;
}

static int read_hash(struct prg_document_reader *r, const char *text,
                     unsigned char ret[PRG_KEY_BYTES])
{
	PRG_PRESHARED_KEY bytes; /* 32 bytes of base64 as any */

	if (prg_preshared_key_parse(text, strlen(text), &bytes, NULL) < 0)
		return expected(r, "44 characters of base64, the last one '='");
	memcpy(ret, bytes.bytes, PRG_KEY_BYTES);
	return 0;
}

static int read_hash_key(struct prg_document_reader *r, const char *text)
{
	unsigned char *key = prg_arena_take(r->intent->arena, PRG_KEY_BYTES);

	if (key == NULL)
		return prg_error_nomem(&r->error);
	r->hash_key = key;
	return read_hash(r, text, key);
}

static int read_revoked(struct prg_document_reader *r, const char *text)
{
	struct prg_document *d = r->document;
	struct prg_document_revoked *grown;
	int rc;

	grown = prg_wgconf_grow(d->revoked, d->n_revoked, &d->revoked_capacity, sizeof(*grown));
	if (grown == NULL)
		return prg_error_nomem(&r->error);
	d->revoked = grown;
	grown += d->n_revoked;
	grown->hash_key = r->hash_key;
	grown->line = r->parser.number;
	rc = read_hash(r, text, grown->hash);
	d->n_revoked += rc == 0;
	return rc;
}

/* ---------------------------------------------------------------------- peers */

static int peer_setting(struct prg_document_reader *r, enum prg_field field, const char *text)
{
	return prg_intent_values_set(PRG_ADD, &r->values, field, text, &r->error);
}

static int read_name(struct prg_document_reader *r, const char *text)
{
	int rc = prg_name_check(text, &r->error);

	if (rc == 0)
		strcpy(r->now.peer->name, text);
	return rc;
}

static int read_state(struct prg_document_reader *r, const char *text)
{
	int state;

	for (state = PRG_PEER_ACTIVE; state < PRG_PEER_REVOKED; state++)
		if (strcmp(text, prg_peer_state_name((enum prg_peer_state)state)) == 0)
			break;
	if (state == PRG_PEER_REVOKED)
		return expected(r, "active, disabled or expired");
	if ((state == PRG_PEER_ACTIVE) == r->dormant)
		return expected(r, r->dormant ? "disabled or expired, as '#~' stands before this peer"
		                              : "active: a peer that is not has '#~' before each of "
		                                "its lines");
	r->state = state;
	return 0;
}

static int read_preshared_key(struct prg_document_reader *r, const char *text)
{
	r->now.keep_preshared_key = true;
	return read_left_out(r, text);
}

static int read_peer_mtu(struct prg_document_reader *r, const char *text)
{
	return peer_setting(r, PRG_FIELD_MTU, text);
}

static int read_peer_keepalive(struct prg_document_reader *r, const char *text)
{
	return peer_setting(r, PRG_FIELD_CLIENT_KEEPALIVE, text);
}

static int read_tag(struct prg_document_reader *r, const char *text)
{
	return peer_setting(r, PRG_FIELD_TAG, text);
}

static int read_quota(struct prg_document_reader *r, const char *text)
{
	return peer_setting(r, PRG_FIELD_QUOTA, text);
}

/* In quotes where it begins or ends with a blank, or with quotes of its own. */
static int read_note(struct prg_document_reader *r, const char *text)
{
	size_t length = strlen(text);
	char inner[MAX_VALUE];

	if (length >= 2 && text[0] == '"' && text[length - 1] == '"') {
		memcpy(inner, text + 1, length - 2);
		inner[length - 2] = '\0';
		text = inner;
	}
	return prg_intent_note_parse(text, &r->now.peer->note, &r->error);
}

static int read_expires(struct prg_document_reader *r, const char *text)
{
	return read_moment(r, text, &r->now.peer->expires_at);
}

static int read_peer_created(struct prg_document_reader *r, const char *text)
{
	return read_moment(r, text, &r->now.peer->created_at);
}

/* ---------------------------------------------------------------------- lists */

/* Each line is parsed as it comes, for its own message, and once more with the
 * others at the end of the section. */
static int gather(struct prg_document_reader *r, enum prg_document_list list, const char *text)
{
	struct prg_strbuf *buf = &r->lists[list];

	if (buf->length == 0)
		r->list_line[list] = r->parser.number;
	else
		prg_strbuf_puts(buf, ",");
	prg_strbuf_puts(buf, text);
	return buf->failed ? prg_error_nomem(&r->error) : 0;
}

static int read_dns(struct prg_document_reader *r, const char *text)
{
	PRG_FREE struct prg_addr *list = NULL;
	size_t n;
	int rc = prg_addr_list_parse(text, true, PRG_MAX_DNS, &list, &n, &r->error);

	return rc < 0 ? rc : gather(r, PRG_DOCUMENT_DNS, n > 0 ? text : "none");
}

static int read_prefixes(struct prg_document_reader *r, enum prg_document_list list,
                         const char *text, bool allow_none)
{
	PRG_FREE struct prg_prefix *prefixes = NULL;
	size_t n;
	int rc = prg_prefix_list_parse(text, allow_none, false, PRG_MAX_ROUTES, &prefixes, &n,
	                               &r->error);

	return rc < 0 ? rc : gather(r, list, n > 0 ? text : "none");
}

static int read_client_allowed_ips(struct prg_document_reader *r, const char *text)
{
	return read_prefixes(r, PRG_DOCUMENT_CLIENT_ALLOWED_IPS, text, true);
}

static int read_route(struct prg_document_reader *r, const char *text)
{
	return read_prefixes(r, PRG_DOCUMENT_ROUTES, text, false);
}

static int wrap_list(struct prg_document_reader *r, enum prg_document_list list, const char *name,
                     int rc)
{
	return rc == PRG_E_USAGE ? prg_error_wrap(&r->error, rc, "line %u, column 1: %s",
	                                          r->list_line[list], name)
	                         : rc;
}

static int end_lists(struct prg_document_reader *r, struct prg_addr **dns, size_t *n_dns,
                     struct prg_prefix **client, size_t *n_client)
{
	const char *text = r->lists[PRG_DOCUMENT_DNS].data;
	int rc = 0;

	if (text != NULL)
		rc = wrap_list(r, PRG_DOCUMENT_DNS, "DNS",
		               prg_addr_list_parse(text, true, PRG_MAX_DNS, dns, n_dns, &r->error));
	text = r->lists[PRG_DOCUMENT_CLIENT_ALLOWED_IPS].data;
	if (rc == 0 && text != NULL)
		rc = wrap_list(r, PRG_DOCUMENT_CLIENT_ALLOWED_IPS, "ClientAllowedIPs",
		               prg_prefix_list_parse(text, true, false, PRG_MAX_ROUTES, client,
		                                     n_client, &r->error));
	return rc;
}

/* ------------------------------------------------------------------- sections */

/* What has a field of wg-quick goes through the checks of `configure` as well. */
static int check_interface(struct prg_document_reader *r)
{
	PRG_STRBUF addresses = { 0 };
	char number[8];
	int rc = 0;

	if (r->conf.n_addresses > 0) {
		prg_prefix_list_format(&addresses, r->conf.addresses, r->conf.n_addresses, ",");
		if (addresses.failed)
			return prg_error_nomem(&r->error);
		rc = interface_setting(r, PRG_FIELD_ADDRESS, addresses.data);
	}
	snprintf(number, sizeof(number), "%u", r->conf.listen_port);
	if (rc == 0 && r->conf.listen_port != 0)
		rc = interface_setting(r, PRG_FIELD_LISTEN_PORT, number);
	snprintf(number, sizeof(number), "%u", r->conf.mtu);
	if (rc == 0 && r->conf.mtu != 0)
		rc = interface_setting(r, PRG_FIELD_MTU, number);
	return rc == PRG_E_USAGE ? prg_error_wrap(&r->error, rc, "line %u, column 1: [Interface]",
	                                          r->line)
	                         : rc;
}

int prg_document_end_interface(struct prg_document_reader *r)
{
	struct prg_values *v = &r->intent->common;
	int rc = check_interface(r);

	if (rc == 0)
		rc = end_lists(r, &v->dns, &v->n_dns, &v->client_allowed_ips,
		               &v->n_client_allowed_ips);
	if (rc < 0)
		return rc;
	if (r->lists[PRG_DOCUMENT_DNS].data != NULL)
		v->set |= 1u << PRG_FIELD_DNS;
	if (r->lists[PRG_DOCUMENT_CLIENT_ALLOWED_IPS].data != NULL)
		v->set |= 1u << PRG_FIELD_CLIENT_ALLOWED_IPS;
	r->intent->private_key = r->conf.private_key;
	if (r->conf.private_key != NULL && r->document->keep_private_key)
		return prg_document_fail(r, r->line, "PrivateKey is there, and left out as well");
	return 0;
}

static bool in_list(const struct prg_prefix *prefix, const struct prg_prefix *list, size_t n)
{
	while (n > 0)
		if (prg_prefix_compare(prefix, &list[--n]) == 0)
			return true;
	return false;
}

/* AllowedIPs that are one address are the peer's own, but for those named as a
 * Route; networks are always routes. */
static int split_allowed_ips(struct prg_document_reader *r, const struct prg_wgconf_peer *read)
{
	struct prg_peer *peer = r->now.peer;
	PRG_FREE struct prg_prefix *named = NULL;
	const char *text = r->lists[PRG_DOCUMENT_ROUTES].data;
	size_t n_named = 0, n = read->n_allowed_ips, i;
	int rc = 0;

	if (text != NULL)
		rc = wrap_list(r, PRG_DOCUMENT_ROUTES, "Route",
		               prg_prefix_list_parse(text, false, false, PRG_MAX_ROUTES, &named,
		                                     &n_named, &r->error));
	if (rc < 0 || n + n_named == 0)
		return rc;
	peer->addresses = calloc(n + 1, sizeof(*peer->addresses));
	peer->routes = calloc(n + 1, sizeof(*peer->routes));
	if (peer->addresses == NULL || peer->routes == NULL)
		return prg_error_nomem(&r->error);
	for (i = 0; i < n && rc == 0; i++) {
		const struct prg_prefix *p = &read->allowed_ips[i];

		if (p->length != prg_addr_bits(&p->addr) || in_list(p, named, n_named)) {
			peer->routes[peer->n_routes++] = *p;
			continue;
		}
		peer->addresses[peer->n_addresses++] = *p;
		rc = prg_intent_check_usable(p, &r->error);
		if (rc < 0)
			rc = prg_error_wrap(&r->error, rc, "line %u, column 1: AllowedIPs",
			                    r->line);
	}
	if (rc == 0 && (peer->n_addresses > PRG_MAX_ADDRESSES || peer->n_routes > PRG_MAX_ROUTES))
		rc = prg_document_fail(r, r->line, "AllowedIPs: more than %d addresses, or than %d "
		                                   "routes",
		                       PRG_MAX_ADDRESSES, PRG_MAX_ROUTES);
	for (i = 0; i < n_named && rc == 0; i++)
		if (!in_list(&named[i], peer->routes, peer->n_routes))
			rc = prg_document_fail(r, r->list_line[PRG_DOCUMENT_ROUTES],
			                       "a Route that is not among the AllowedIPs");
	return rc;
}

/* The server connects there itself, and resolves no names. */
static int check_endpoint(struct prg_document_reader *r, const struct prg_endpoint *endpoint)
{
	char host[sizeof(endpoint->host)];
	struct prg_addr addr;

	strcpy(host, endpoint->host);
	host[strcspn(host, "%")] = '\0';
	if (endpoint->port == 0 || prg_addr_parse(host, &addr, NULL) == 0)
		return 0;
	return prg_document_fail(r, r->line, "Endpoint: an ADDRESS:PORT is needed, names are not "
	                                     "resolved");
}

/* Settings that were read as those of `add`. */
static void take_values(struct prg_document_reader *r)
{
	struct prg_peer *peer = r->now.peer;
	struct prg_values *v = &r->values;

	peer->mtu = v->mtu;
	peer->own_client_keepalive = PRG_HAS(v, PRG_FIELD_CLIENT_KEEPALIVE);
	peer->client_keepalive_s = v->client_keepalive_s;
	peer->quota_bytes = v->quota_bytes;
	peer->quota_period = v->quota_period;
	peer->tags = v->tags;
	peer->n_tags = v->n_tags;
	v->tags = NULL;
	v->n_tags = 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int prg_document_end_peer(struct prg_document_reader *r)
{
	struct prg_wgconf_peer *read = prg_wgconf_current(&r->parser);
	struct prg_peer *peer = r->now.peer;
	int rc = check_endpoint(r, &read->endpoint);

	if (rc == 0)
		rc = split_allowed_ips(r, read);
	if (rc == 0)
		rc = end_lists(r, &peer->dns, &peer->n_dns, &peer->client_allowed_ips,
		               &peer->n_client_allowed_ips);
	if (rc < 0)
		return rc;
	peer->own_dns = r->lists[PRG_DOCUMENT_DNS].data != NULL;
	peer->own_client_allowed_ips = r->lists[PRG_DOCUMENT_CLIENT_ALLOWED_IPS].data != NULL;
	take_values(r);
	if (peer->n_tags > 1)
		qsort(peer->tags, peer->n_tags, sizeof(*peer->tags), by_text);
	peer->public_key = read->public_key;
	peer->endpoint = read->endpoint;
	peer->keepalive_s = read->keepalive_s;
	peer->state = r->state >= 0 ? (enum prg_peer_state)r->state
	              : r->dormant  ? PRG_PEER_DISABLED
	                            : PRG_PEER_ACTIVE;
	r->now.preshared_key = read->preshared_key;
	if (read->preshared_key != NULL && r->now.keep_preshared_key)
		return prg_document_fail(r, r->line, "PresharedKey is there, and left out as well");
	peer->has_preshared_key = read->preshared_key != NULL || r->now.keep_preshared_key;
	return 0;
}

/* ------------------------------------------------------------------- comments */

static const struct key keys[] = {
	{ "Name", PRG_WGCONF_INTERFACE, false, read_interface_name },
	{ "PrivateKey", PRG_WGCONF_INTERFACE, false, read_private_key },
	{ "MTU", PRG_WGCONF_INTERFACE, false, read_interface_mtu },
	{ "Endpoint", PRG_WGCONF_INTERFACE, false, read_endpoint },
	{ "DNS", PRG_WGCONF_INTERFACE, true, read_dns },
	{ "ClientAllowedIPs", PRG_WGCONF_INTERFACE, true, read_client_allowed_ips },
	{ "ClientKeepalive", PRG_WGCONF_INTERFACE, false, read_interface_keepalive },
	{ "NAT", PRG_WGCONF_INTERFACE, false, read_nat },
	{ "Isolate", PRG_WGCONF_INTERFACE, false, read_isolate },
	{ "Up", PRG_WGCONF_INTERFACE, false, read_up },
	{ "HashKey", PRG_WGCONF_INTERFACE, true, read_hash_key },
	{ "Revoked", PRG_WGCONF_INTERFACE, true, read_revoked },
	{ "Name", PRG_WGCONF_PEER, false, read_name },
	{ "State", PRG_WGCONF_PEER, false, read_state },
	{ "PresharedKey", PRG_WGCONF_PEER, false, read_preshared_key },
	{ "Route", PRG_WGCONF_PEER, true, read_route },
	{ "ClientAllowedIPs", PRG_WGCONF_PEER, true, read_client_allowed_ips },
	{ "DNS", PRG_WGCONF_PEER, true, read_dns },
	{ "MTU", PRG_WGCONF_PEER, false, read_peer_mtu },
	{ "ClientKeepalive", PRG_WGCONF_PEER, false, read_peer_keepalive },
	{ "Tag", PRG_WGCONF_PEER, true, read_tag },
	{ "Note", PRG_WGCONF_PEER, false, read_note },
	{ "Expires", PRG_WGCONF_PEER, false, read_expires },
	{ "Quota", PRG_WGCONF_PEER, false, read_quota },
	{ "Created", PRG_WGCONF_PEER, false, read_peer_created },
};
#define KEYS (sizeof(keys) / sizeof(keys[0]))
_Static_assert(KEYS <= 32, "a bit each in prg_document_reader.seen");

/* Of the form of our keys, and none: a slip of the pen, or somebody's own words. */
static int remark(struct prg_document_reader *r, struct prg_slice word)
{
	struct prg_document *d = r->document;
	char **grown;

	if (d->n_remarks == PRG_DOCUMENT_REMARKS)
		return 0;
	grown = prg_wgconf_grow(d->remarks, d->n_remarks, &d->remarks_capacity, sizeof(*grown));
	if (grown == NULL)
		return prg_error_nomem(&r->error);
	d->remarks = grown;
	if (asprintf(&grown[d->n_remarks],
	             "line %u: '# %.*s =' is no key that peerage knows here: read as a comment",
	             r->parser.number, (int)word.length, word.data) < 0)
		return prg_error_nomem(&r->error);
	d->n_remarks++;
	return 0;
}

static bool is_word(struct prg_slice s)
{
	size_t i;

	for (i = 0; i < s.length; i++)
		if (!((s.data[i] | 32) >= 'a' && (s.data[i] | 32) <= 'z'))
			return false;
	return s.length > 0 && s.length <= MAX_WORD;
}

/* "line N, column M: KEY: what", from what a read function left in r->error. */
static int place(struct prg_document_reader *r, const struct key *key, const char *text,
                 size_t column)
{
	if (is_unspeakable(text))
		return prg_error_set(&r->error, PRG_E_USAGE,
		                     "line %u, column %zu: %s: not a value of this key",
		                     r->parser.number, column, key->name);
	return prg_error_wrap(&r->error, PRG_E_USAGE, "line %u, column %zu: %s", r->parser.number,
	                      column, key->name);
}

static void wipe_value(char (*value)[MAX_VALUE])
{
	prg_wipe(*value, sizeof(*value));
}

static int read_value(struct prg_document_reader *r, const struct key *key,
                      struct prg_slice value)
{
	PRG_CLEANUP(wipe_value) char text[MAX_VALUE];
	size_t column = (size_t)(value.data - r->parser.line.data) + 1;
	unsigned bit = 1u << (key - keys);
	int rc;

	if (!key->repeats && (r->seen & bit))
		return prg_error_set(&r->error, PRG_E_USAGE, "line %u, column %zu: %s is given twice",
		                     r->parser.number, column, key->name);
	r->seen |= bit;
	if (value.length == 0 || value.length >= sizeof(text))
		return prg_error_set(&r->error, PRG_E_USAGE, "line %u, column %zu: %s %s",
		                     r->parser.number, column, key->name,
		                     value.length == 0 ? "has no value" : "is too long");
	memcpy(text, value.data, value.length);
	text[value.length] = '\0';
	rc = key->read(r, text);
	return rc == PRG_E_USAGE ? place(r, key, text, column) : rc;
}

int prg_document_comment(struct prg_document_reader *r, struct prg_slice comment)
{
	const char *equals = memchr(comment.data, '=', comment.length);
	struct prg_slice word, value;
	size_t i;

	if (equals == NULL)
		return 0;
	word = prg_slice_trim((struct prg_slice){ comment.data, (size_t)(equals - comment.data) });
	value = prg_slice_trim((struct prg_slice){
	        equals + 1, comment.length - (size_t)(equals + 1 - comment.data) });
	if (!is_word(word))
		return 0;
	for (i = 0; i < KEYS; i++)
		if (keys[i].section == r->parser.section && prg_slice_is(word, keys[i].name))
			return read_value(r, &keys[i], value);
	return remark(r, word);
}
