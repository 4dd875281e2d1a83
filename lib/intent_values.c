/* SPDX-License-Identifier: ISC */
/* Text to values: one parser a field, one table of which verb takes which. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "intent.h"
#include "model/addr.h"
#include "model/value.h"
#include "model/wg.h"

static void free_list(char **list, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		free(list[i]);
	free(list);
}

void prg_intent_values_done(struct prg_values *values)
{
	free(values->addresses);
	free(values->routes);
	free(values->client_allowed_ips);
	free(values->dns);
	free_list(values->tags, values->n_tags);
	free_list(values->untags, values->n_untags);
	free(values->note);
	memset(values, 0, sizeof(*values));
}

void prg_intent_values_free(struct prg_values **values)
{
	if (*values == NULL)
		return;
	prg_intent_values_done(*values);
	free(*values);
	*values = NULL;
}

/* Could a host have it? Not "this network", loopback, multicast or reserved ones
 * (RFC 6890). */
int prg_intent_check_usable(const struct prg_prefix *p, struct prg_error *err)
{
	static const char *const never[] = { "0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/3", "::/127",
		                             "ff00::/8" };
	char text[PRG_ADDR_TEXT];
	size_t i;

	for (i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
		struct prg_prefix range;

		if (prg_prefix_parse(never[i], &range, err) < 0)
			return PRG_E_FAILED;
		if (!prg_prefix_contains_addr(&range, &p->addr))
			continue;
		prg_addr_format(&p->addr, text);
		return prg_error_set(err, PRG_E_USAGE, "%s lies in %s: no host can have it", text,
		                     never[i]);
	}
	return 0;
}

/* A server cannot sit on the network or broadcast address of its own pool. */
static int check_own_address(const struct prg_prefix *p, struct prg_error *err)
{
	struct prg_addr first = prg_prefix_first(p), last = prg_prefix_last(p);
	char text[PRG_PREFIX_TEXT];
	int rc = prg_intent_check_usable(p, err);

	if (rc < 0 || prg_addr_bits(&p->addr) - p->length < 2)
		return rc;
	if (prg_addr_compare(&p->addr, &first) != 0 &&
	    (p->addr.family == 6 || prg_addr_compare(&p->addr, &last) != 0))
		return 0;
	prg_prefix_format(p, text);
	return prg_error_set(err, PRG_E_USAGE,
	                     "%s is the network or broadcast address of its pool: choose another "
	                     "address in it",
	                     text);
}

static int set_endpoint(struct prg_values *v, const char *text, struct prg_error *err)
{
	struct prg_prefix literal = { 0 };
	int rc = prg_endpoint_parse(text, 0, &v->endpoint, NULL);

	v->endpoint_has_port = rc == 0;
	if (rc < 0)
		rc = prg_endpoint_parse(text, 1, &v->endpoint, err);
	if (rc == 0 && prg_addr_parse(v->endpoint.host, &literal.addr, NULL) == 0)
		rc = prg_intent_check_usable(&literal, err);
	return rc;
}

static int set_interface_addresses(struct prg_values *v, const char *text, struct prg_error *err)
{
	struct prg_prefix *list;
	size_t n, i;
	int rc = prg_prefix_list_parse(text, false, true, PRG_MAX_ADDRESSES, &list, &n, err);

	if (rc < 0)
		return rc;
	for (i = 0; i < n && rc == 0; i++)
		if (list[i].length == 0 || list[i].length == prg_addr_bits(&list[i].addr))
			rc = prg_error_set(err, PRG_E_USAGE,
			                   "an interface's address needs the prefix length of its "
			                   "pool, such as 10.8.0.1/24");
		else
			rc = check_own_address(&list[i], err);
	if (rc < 0) {
		free(list);
		return rc;
	}
	free(v->addresses);
	v->addresses = list;
	v->n_addresses = n;
	return 0;
}

static int set_peer_addresses(struct prg_values *v, const char *text, struct prg_error *err)
{
	struct prg_prefix *list;
	size_t n, i;
	int rc = prg_prefix_list_parse(text, false, true, PRG_MAX_ADDRESSES, &list, &n, err);

	if (rc < 0)
		return rc;
	for (i = 0; i < n && rc == 0; i++) {
		char shown[PRG_PREFIX_TEXT];

		rc = prg_intent_check_usable(&list[i], err);
		if (rc < 0 || list[i].length == prg_addr_bits(&list[i].addr))
			continue;
		prg_prefix_format(&list[i], shown);
		rc = prg_error_set(err, PRG_E_USAGE,
		                   "%s is more than one address: a network behind a peer goes into "
		                   "routes",
		                   shown);
	}
	if (rc < 0) {
		free(list);
		return rc;
	}
	free(v->addresses);
	v->addresses = list;
	v->n_addresses = n;
	return 0;
}

static int set_prefixes(const char *text, bool none, size_t limit, struct prg_prefix **list,
                        size_t *n, struct prg_error *err)
{
	struct prg_prefix *made;
	int rc = prg_prefix_list_parse(text, none, false, limit, &made, n, err);

	if (rc == 0) {
		free(*list);
		*list = made;
	}
	return rc;
}

static int set_dns(struct prg_values *v, const char *text, struct prg_error *err)
{
	struct prg_addr *made;
	int rc = prg_addr_list_parse(text, true, PRG_MAX_DNS, &made, &v->n_dns, err);

	if (rc == 0) {
		free(v->dns);
		v->dns = made;
	}
	return rc;
}

static int set_u16(const char *text, bool none, uint16_t min, uint16_t *ret, struct prg_error *err)
{
	uint64_t value = 0;
	int rc = 0;

	if (!none || (strcmp(text, "none") != 0 && strcmp(text, "off") != 0))
		rc = prg_number_parse(text, min, 65535, &value, err);
	if (rc == 0)
		*ret = (uint16_t)value;
	return rc;
}

static int set_nat(struct prg_values *v, const char *text, struct prg_error *err)
{
	if (prg_interface_name_check(text, NULL) < 0)
		return prg_error_set(err, PRG_E_USAGE,
		                     "'%.32s' is not a device: expected one, auto or none", text);
	strcpy(v->nat, text);
	return 0;
}

static int set_bool(const char *text, bool *ret, struct prg_error *err)
{
	if (strcmp(text, "yes") != 0 && strcmp(text, "no") != 0)
		return prg_error_set(err, PRG_E_USAGE, "'%.32s' is neither yes nor no", text);
	*ret = text[0] == 'y';
	return 0;
}

static int set_preshared_key(struct prg_values *v, const char *text, struct prg_error *err)
{
	bool none = strcmp(text, "none") == 0;

	if (!none && strcmp(text, "new") != 0)
		return prg_error_set(err, PRG_E_USAGE,
		                     "a preshared key is none or new here; a key itself is never "
		                     "taken from an argument");
	v->no_preshared_key = none;
	v->preshared_key = NULL;
	return 0;
}

static int set_peer_endpoint(struct prg_values *v, const char *text, struct prg_error *err)
{
	struct prg_wg_endpoint numeric;
	struct prg_endpoint made = { .port = 0 };
	int rc = 0;

	if (strcmp(text, "none") != 0) {
		rc = prg_endpoint_parse(text, 0, &made, err);
		if (rc == 0)
			rc = prg_wg_endpoint_from(&made, &numeric, err);
	}
	if (rc == 0)
		v->peer_endpoint = made;
	return rc;
}

static int set_expires(struct prg_values *v, const char *text, struct prg_error *err)
{
	int64_t now = prg_clock_now(), moment = 0;
	int rc = 0;

	if (strcmp(text, "none") != 0) {
		rc = prg_moment_parse(text, now, &moment, err);
		if (rc == 0 && moment <= now)
			rc = prg_error_set(err, PRG_E_USAGE, "'%.40s' has passed already", text);
	}
	if (rc == 0)
		v->expires_at = moment;
	return rc;
}

static int set_quota(struct prg_values *v, const char *text, struct prg_error *err)
{
	if (strcmp(text, "none") == 0) {
		v->quota_bytes = 0;
		v->quota_period = PRG_QUOTA_TOTAL;
		return 0;
	}
	return prg_quota_parse(text, &v->quota_bytes, &v->quota_period, err);
}

static int add_tag(const char *text, char ***list, size_t *n, struct prg_error *err)
{
	char **grown;
	int rc = prg_name_check(text, err);
	size_t i;

	if (rc < 0)
		return prg_error_wrap(err, rc, "tag");
	for (i = 0; i < *n; i++)
		if (strcmp((*list)[i], text) == 0)
			return 0;
	if (*n == PRG_MAX_TAGS)
		return prg_error_set(err, PRG_E_USAGE, "more than %d tags", PRG_MAX_TAGS);
	grown = reallocarray(*list, *n + 1, sizeof(*grown));
	if (grown == NULL)
		return prg_error_nomem(err);
	*list = grown;
	grown[*n] = strdup(text);
	if (grown[*n] == NULL)
		return prg_error_nomem(err);
	++*n;
	return 0;
}

int prg_intent_note_parse(const char *text, char **ret, struct prg_error *err)
{
	size_t length = strlen(text), at;
	char *note = NULL;

	if (length > PRG_NOTE_BYTES)
		return prg_error_set(err, PRG_E_USAGE, "a note has at most %d bytes",
		                     PRG_NOTE_BYTES);
	for (at = 0; at < length;) {
		uint32_t c;
		size_t n = prg_utf8_next(text + at, length - at, &c);

		if (n == 0 || prg_is_control(c))
			return prg_error_set(err, PRG_E_USAGE,
			                     "a note is one line of UTF-8 without control "
			                     "characters: byte %zu is not",
			                     at + 1);
		at += n;
	}
	if (length > 0) {
		note = strdup(text);
		if (note == NULL)
			return prg_error_nomem(err);
	}
	*ret = note;
	return 0;
}

static int set_note(struct prg_values *v, const char *text, struct prg_error *err)
{
	char *note = NULL;
	int rc = prg_intent_note_parse(strcmp(text, "none") != 0 ? text : "", &note, err);

	if (rc == 0) {
		free(v->note);
		v->note = note;
	}
	return rc;
}

/* A duration of at least so many seconds; "none" is 0. */
static int set_span(const char *text, bool may_be_none, int64_t least, int64_t *ret,
                    struct prg_error *err)
{
	int64_t seconds = 0;
	int rc;

	if (may_be_none && strcmp(text, "none") == 0) {
		*ret = 0;
		return 0;
	}
	rc = prg_duration_parse(text, &seconds, err);
	if (rc == 0 && seconds < least)
		rc = prg_error_set(err, PRG_E_USAGE, "'%.32s' is too short: at least %llds%s", text,
		                   (long long)least, may_be_none ? ", or none" : "");
	if (rc == 0)
		*ret = seconds;
	return rc;
}

#define OVERLAP_LEAST_S 60
#define OVERLAP_MOST_S  ((int64_t)365 * 86400)

static int set_overlap(struct prg_values *v, const char *text, struct prg_error *err)
{
	int rc = set_span(text, false, OVERLAP_LEAST_S, &v->overlap_s, err);

	if (rc == 0 && v->overlap_s > OVERLAP_MOST_S)
		rc = prg_error_set(err, PRG_E_USAGE, "'%.32s' is too long: at most 1y", text);
	return rc;
}

static int set_new_name(struct prg_values *v, const char *text, struct prg_error *err)
{
	int rc = prg_name_check(text, err);

	if (rc == 0)
		strcpy(v->new_name, text);
	return rc;
}

#define SESSION_S 180 /* REJECT_AFTER_TIME, WireGuard paper, 6.1: a session's end */

#define V(verb) (1u << (verb))
#define I (V(PRG_INIT) | V(PRG_CONFIGURE) | V(PRG_IMPORT))
#define A V(PRG_ADD)
#define S V(PRG_SET)

static const struct {
	const char *name;
	unsigned verbs;
	bool has_default; /* PRG_SET: "default" */
} fields[] = {
	[PRG_FIELD_ENDPOINT] = { "endpoint", I, false },
	[PRG_FIELD_ADDRESS] = { "address", I | A | S, false },
	[PRG_FIELD_LISTEN_PORT] = { "listen-port", I, false },
	[PRG_FIELD_DNS] = { "dns", I | A | S, true },
	[PRG_FIELD_CLIENT_ALLOWED_IPS] = { "client-allowed-ips", I | A | S, true },
	[PRG_FIELD_MTU] = { "mtu", I | A | S, false },
	[PRG_FIELD_CLIENT_KEEPALIVE] = { "client-keepalive", I | A | S, true },
	[PRG_FIELD_NAT] = { "nat", I, false },
	[PRG_FIELD_ISOLATE] = { "isolate", I, false },
	[PRG_FIELD_PUBLIC_KEY] = { "public-key", A | V(PRG_ROTATE), false },
	[PRG_FIELD_PRESHARED_KEY] = { "preshared-key", A | S, false },
	[PRG_FIELD_ROUTES] = { "routes", A | S, false },
	[PRG_FIELD_PEER_ENDPOINT] = { "peer-endpoint", A | S, false },
	[PRG_FIELD_KEEPALIVE] = { "keepalive", A | S, false },
	[PRG_FIELD_EXPIRES] = { "expires", A | S | V(PRG_ENABLE), false },
	[PRG_FIELD_QUOTA] = { "quota", A | S, false },
	[PRG_FIELD_TAG] = { "tag", A | S, false },
	[PRG_FIELD_UNTAG] = { "untag", S, false },
	[PRG_FIELD_NOTE] = { "note", A | S, false },
	[PRG_FIELD_HOLD] = { "hold", V(PRG_REVOKE), false },
	[PRG_FIELD_NEW_NAME] = { "new name", V(PRG_RENAME), false },
	[PRG_FIELD_STALE_AFTER] = { "stale-after", I, false },
	[PRG_FIELD_SCRUB_IDLE] = { "scrub-idle", I, false },
	[PRG_FIELD_ROTATE_AFTER] = { "rotate-after", I, false },
	[PRG_FIELD_OVERLAP] = { "overlap", V(PRG_ROTATE), false },
};

static int set_value(enum prg_verb verb, struct prg_values *v, enum prg_field field,
                     const char *text, struct prg_error *err)
{
	switch (field) {
	case PRG_FIELD_ENDPOINT:
		return set_endpoint(v, text, err);
	case PRG_FIELD_ADDRESS:
		return I & V(verb) ? set_interface_addresses(v, text, err)
		                   : set_peer_addresses(v, text, err);
	case PRG_FIELD_LISTEN_PORT:
		return set_u16(text, false, 1, &v->listen_port, err);
	case PRG_FIELD_DNS:
		return set_dns(v, text, err);
	case PRG_FIELD_CLIENT_ALLOWED_IPS:
		return set_prefixes(text, false, PRG_MAX_ROUTES, &v->client_allowed_ips,
		                    &v->n_client_allowed_ips, err);
	case PRG_FIELD_MTU:
		return set_u16(text, true, 576, &v->mtu, err);
	case PRG_FIELD_CLIENT_KEEPALIVE:
		return set_u16(text, true, 0, &v->client_keepalive_s, err);
	case PRG_FIELD_NAT:
		return set_nat(v, text, err);
	case PRG_FIELD_ISOLATE:
		return set_bool(text, &v->isolate, err);
	case PRG_FIELD_PUBLIC_KEY:
		return prg_public_key_parse(text, strlen(text), &v->public_key, err);
	case PRG_FIELD_PRESHARED_KEY:
		return set_preshared_key(v, text, err);
	case PRG_FIELD_ROUTES:
		return set_prefixes(text, true, PRG_MAX_ROUTES, &v->routes, &v->n_routes, err);
	case PRG_FIELD_PEER_ENDPOINT:
		return set_peer_endpoint(v, text, err);
	case PRG_FIELD_KEEPALIVE:
		return set_u16(text, true, 0, &v->keepalive_s, err);
	case PRG_FIELD_EXPIRES:
		return set_expires(v, text, err);
	case PRG_FIELD_QUOTA:
		return set_quota(v, text, err);
	case PRG_FIELD_TAG:
		return add_tag(text, &v->tags, &v->n_tags, err);
	case PRG_FIELD_UNTAG:
		return add_tag(text, &v->untags, &v->n_untags, err);
	case PRG_FIELD_NOTE:
		return set_note(v, text, err);
	case PRG_FIELD_HOLD:
		return prg_duration_parse(text, &v->hold_s, err);
	case PRG_FIELD_NEW_NAME:
		return set_new_name(v, text, err);
	case PRG_FIELD_STALE_AFTER:
		return set_span(text, true, 1, &v->stale_after_s, err);
	case PRG_FIELD_SCRUB_IDLE:
		return set_span(text, true, SESSION_S, &v->scrub_idle_s, err);
	case PRG_FIELD_ROTATE_AFTER:
		return set_span(text, true, 1, &v->rotate_after_s, err);
	case PRG_FIELD_OVERLAP:
		return set_overlap(v, text, err);
	}
	return prg_error_set(err, PRG_E_USAGE, "no such field: %d", (int)field);
}

int prg_intent_values_set(enum prg_verb verb, struct prg_values *values, enum prg_field field,
                          const char *text, struct prg_error *err)
{
	int rc = set_value(verb, values, field, text, err);

	if (rc == 0) {
		values->set |= 1u << field;
		values->defaults &= ~(1u << field);
	}
	return rc;
}

int prg_intent_set(struct prg_intent *intent, enum prg_field field, const char *text,
                   struct prg_error *err)
{
	struct prg_values *values = prg_intent_current(intent);
	size_t known = sizeof(fields) / sizeof(fields[0]);

	if (values == NULL)
		return prg_error_nomem(err);
	if (field < PRG_FIELD_ENDPOINT || (size_t)field >= known)
		return prg_error_set(err, PRG_E_USAGE, "no such field: %d", (int)field);
	if (!(fields[field].verbs & V(intent->verb)))
		return prg_error_set(err, PRG_E_USAGE, "%s is no setting of this command",
		                     fields[field].name);
	if (intent->verb == PRG_SET && fields[field].has_default && strcmp(text, "default") == 0) {
		values->defaults |= 1u << field;
		values->set |= 1u << field;
		return 0;
	}
	return prg_intent_values_set(intent->verb, values, field, text, err);
}
