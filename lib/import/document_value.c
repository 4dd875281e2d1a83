/* SPDX-License-Identifier: ISC */
/* What WireGuard has no field for: comments that are keys of ours. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "import/document_reader.h"
#include "model/addr.h"
#include "model/key.h"
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

static int read_stale_after(struct prg_document_reader *r, const char *text)
{
	return interface_setting(r, PRG_FIELD_STALE_AFTER, text);
}

static int read_scrub_idle(struct prg_document_reader *r, const char *text)
{
	return interface_setting(r, PRG_FIELD_SCRUB_IDLE, text);
}

static int read_rotate_after(struct prg_document_reader *r, const char *text)
{
	return interface_setting(r, PRG_FIELD_ROTATE_AFTER, text);
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

static int read_successor(struct prg_document_reader *r, const char *text)
{
	int rc = prg_name_check(text, &r->error);

	if (rc == 0)
		strcpy(r->now.peer->successor, text);
	return rc;
}

static int read_overlap_until(struct prg_document_reader *r, const char *text)
{
	return read_moment(r, text, &r->now.peer->overlap_until);
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
	{ "StaleAfter", PRG_WGCONF_INTERFACE, false, read_stale_after },
	{ "ScrubIdle", PRG_WGCONF_INTERFACE, false, read_scrub_idle },
	{ "RotateAfter", PRG_WGCONF_INTERFACE, false, read_rotate_after },
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
	{ "Successor", PRG_WGCONF_PEER, false, read_successor },
	{ "OverlapUntil", PRG_WGCONF_PEER, false, read_overlap_until },
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
	/* a message is one line, and holds no key */
	if (strchr(text, '\t') != NULL || prg_key_may_be_in(text, strlen(text)))
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

static bool is_setting(struct prg_slice name)
{
	size_t i;

	for (i = 0; i < PRG_WGCONF_KEYS; i++)
		if (prg_slice_is(name, prg_wgconf_keys[i].name))
			return true;
	for (i = 0; i < KEYS; i++)
		if (prg_slice_is(name, keys[i].name))
			return true;
	return false;
}

int prg_document_check_behind(struct prg_document_reader *r, struct prg_slice comment)
{
	const char *at = comment.data, *end = comment.data + comment.length, *equals;

	for (; at < end && (equals = memchr(at, '=', (size_t)(end - at))) != NULL; at = equals + 1) {
		struct prg_slice name = prg_slice_trim(
		        (struct prg_slice){ at, (size_t)(equals - at) });
		const char *word = name.data + name.length;

		while (word > name.data && !prg_is_blank(word[-1]) && word[-1] != '#')
			word--;
		name.length -= (size_t)(word - name.data);
		name.data = word;
		if (is_setting(name))
			return prg_wgconf_fail(&r->parser, word,
			                       "a setting behind something else is not read: each "
			                       "goes on a line of its own");
	}
	return 0;
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
