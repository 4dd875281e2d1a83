/* SPDX-License-Identifier: ISC */
/* Peers and interfaces as named JSON values, and what differs between two. Never
 * a secret: keys are public ones, a preshared key is true or false. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "engine.h"
#include "model/addr.h"
#include "model/value.h"
#include "plan/diff.h"

#define MAX_FIELDS 24

/* All in one text, each ended by NUL: there may be a hundred thousand peers. */
struct fields {
	size_t n;
	struct {
		const char *name;
		size_t at;
	} field[MAX_FIELDS];
	struct prg_strbuf text;
};

static void fields_done(struct fields *f)
{
	prg_strbuf_done(&f->text);
}
#define FIELDS PRG_CLEANUP(fields_done) struct fields

/* What is appended from here to end() is the value. */
static struct prg_strbuf *begin(struct fields *f, const char *name)
{
	f->field[f->n].name = name;
	f->field[f->n++].at = f->text.length;
	return &f->text;
}

static void end(struct fields *f)
{
	prg_strbuf_append(&f->text, "", 1);
}

/* NULL: out of memory. */
static const char *json_of(const struct fields *f, size_t i)
{
	return f->text.failed ? NULL : f->text.data + f->field[i].at;
}

static void put_text(struct fields *f, const char *name, const char *text)
{
	prg_strbuf_json(begin(f, name), text);
	end(f);
}

static void put_number(struct fields *f, const char *name, uint64_t number)
{
	struct prg_strbuf *buf = begin(f, name);

	if (number == 0)
		prg_strbuf_puts(buf, "0");
	else
		prg_strbuf_printf(buf, "%llu", (unsigned long long)number);
	end(f);
}

static void put_bool(struct fields *f, const char *name, bool value)
{
	prg_strbuf_puts(begin(f, name), value ? "true" : "false");
	end(f);
}

/* null: none */
static void put_seconds(struct fields *f, const char *name, int64_t seconds)
{
	if (seconds == 0)
		put_text(f, name, NULL);
	else
		put_number(f, name, (uint64_t)seconds);
}

static void put_moment(struct fields *f, const char *name, int64_t moment)
{
	char text[21];

	if (moment == 0) {
		put_text(f, name, NULL);
		return;
	}
	prg_moment_format(moment, text);
	put_text(f, name, text);
}

static void put_endpoint(struct fields *f, const char *name, const struct prg_endpoint *endpoint)
{
	char text[PRG_ENDPOINT_TEXT];

	if (endpoint->port == 0) {
		put_text(f, name, NULL);
		return;
	}
	prg_endpoint_format(endpoint, text);
	put_text(f, name, text);
}

static void put_prefixes(struct fields *f, const char *name, const struct prg_prefix *list,
                         size_t n)
{
	struct prg_strbuf *buf = begin(f, name);

	prg_prefix_list_json(buf, list, n);
	end(f);
}

static void put_addrs(struct fields *f, const char *name, const struct prg_addr *list, size_t n)
{
	struct prg_strbuf *buf = begin(f, name);

	prg_strbuf_puts(buf, n ? "[\"" : "[");
	prg_addr_list_format(buf, list, n, "\",\"");
	prg_strbuf_puts(buf, n ? "\"]" : "]");
	end(f);
}

static void put_tags(struct fields *f, const struct prg_peer *p)
{
	struct prg_strbuf *buf = begin(f, "tags");
	size_t i;

	prg_strbuf_puts(buf, "[");
	for (i = 0; i < p->n_tags; i++) {
		if (i > 0)
			prg_strbuf_puts(buf, ",");
		prg_strbuf_json(buf, p->tags[i]);
	}
	prg_strbuf_puts(buf, "]");
	end(f);
}

/* null: the interface's own value applies */
static void put_inherited(struct fields *f, const struct prg_peer *p)
{
	if (p->own_client_allowed_ips)
		put_prefixes(f, "client_allowed_ips", p->client_allowed_ips,
		             p->n_client_allowed_ips);
	else
		put_text(f, "client_allowed_ips", NULL);
	if (p->own_dns)
		put_addrs(f, "dns", p->dns, p->n_dns);
	else
		put_text(f, "dns", NULL);
	if (p->own_client_keepalive)
		put_number(f, "client_keepalive", p->client_keepalive_s);
	else
		put_text(f, "client_keepalive", NULL);
}

static void peer_fields(const struct prg_peer *p, struct fields *f)
{
	static const char *const periods[] = { "total", "day", "month" };

	char key[PRG_KEY_TEXT];

	prg_public_key_format(&p->public_key, key);
	put_text(f, "name", p->name);
	put_text(f, "public_key", key);
	put_text(f, "state", prg_peer_state_name(p->state));
	put_prefixes(f, "addresses", p->addresses, p->n_addresses);
	put_prefixes(f, "routes", p->routes, p->n_routes);
	put_inherited(f, p);
	put_number(f, "mtu", p->mtu);
	put_number(f, "keepalive", p->keepalive_s);
	put_bool(f, "preshared_key", p->has_preshared_key);
	put_endpoint(f, "peer_endpoint", &p->endpoint);
	put_tags(f, p);
	put_text(f, "note", p->note);
	put_moment(f, "expires_at", p->expires_at);
	put_number(f, "quota_bytes", p->quota_bytes);
	put_text(f, "quota_period", p->quota_bytes ? periods[p->quota_period] : NULL);
	put_text(f, "successor", p->successor_id ? p->successor : NULL);
	put_moment(f, "overlap_until", p->overlap_until);
	put_moment(f, "created_at", p->created_at);
}

static void interface_fields(const struct prg_interface *i, struct fields *f)
{
	char key[PRG_KEY_TEXT];

	prg_public_key_format(&i->public_key, key);
	put_text(f, "public_key", key);
	put_number(f, "listen_port", i->listen_port);
	put_prefixes(f, "addresses", i->addresses, i->n_addresses);
	put_number(f, "mtu", i->mtu);
	put_endpoint(f, "endpoint", &i->endpoint);
	put_addrs(f, "dns", i->dns, i->n_dns);
	put_prefixes(f, "client_allowed_ips", i->client_allowed_ips, i->n_client_allowed_ips);
	put_number(f, "client_keepalive", i->client_keepalive_s);
	put_text(f, "nat", i->nat);
	put_bool(f, "isolate", i->isolate);
	put_seconds(f, "stale_after", i->stale_after_s);
	put_seconds(f, "scrub_idle", i->scrub_idle_s);
	put_seconds(f, "rotate_after", i->rotate_after_s);
	put_bool(f, "up", i->wanted_up);
}

/* {"field":{"from":…,"to":…},…} of the fields that differ. */
static int differences(struct prg_strbuf *buf, const struct fields *from, const struct fields *to,
                       bool is_new, struct prg_report *report, size_t *ret_n,
                       struct prg_error *err)
{
	size_t i, n = 0;
	int rc = 0;

	prg_strbuf_puts(buf, "\"changes\":{");
	for (i = 0; i < to->n && rc == 0; i++) {
		const char *before = json_of(from, i), *after = json_of(to, i);

		if (before == NULL || after == NULL)
			return prg_error_nomem(err);
		if (strcmp(before, after) == 0)
			continue;
		prg_strbuf_printf(buf, "%s\"%s\":{\"from\":%s,\"to\":%s}", n++ ? "," : "",
		                  to->field[i].name, is_new ? "null" : before, after);
		if (report != NULL)
			rc = prg_report_configure(report, to->field[i].name,
			                          is_new ? "null" : before, after, err);
	}
	prg_strbuf_puts(buf, "}}");
	*ret_n = n;
	return rc;
}

static void forget_last(struct fields *f)
{
	f->n--;
}

int prg_describe_peer(const struct prg_peer *from, const struct prg_peer *to, char **ret,
                      size_t *ret_n, struct prg_error *err)
{
	/* a new key stands beside the changes */
	const struct prg_peer none = { .public_key = to->public_key };
	PRG_STRBUF buf = { 0 };
	FIELDS before = { 0 }, after = { 0 };
	char key[PRG_KEY_TEXT], *text;
	int rc;

	peer_fields(from ? from : &none, &before);
	peer_fields(to, &after);
	if (from == NULL)
		forget_last(&after); /* when it was made: now */
	prg_public_key_format(&to->public_key, key);
	prg_strbuf_puts(&buf, "{\"peer\":");
	prg_strbuf_json(&buf, from ? from->name : to->name);
	prg_strbuf_printf(&buf, ",\"public_key\":\"%s\",", key);
	rc = differences(&buf, &before, &after, from == NULL, NULL, ret_n, err);
	if (rc < 0)
		return rc;
	text = prg_strbuf_take(&buf);
	if (text == NULL)
		return prg_error_nomem(err);
	*ret = text;
	return 0;
}

int prg_describe_to_report(const struct prg_peer *from, const struct prg_peer *to,
                           struct prg_report *report, struct prg_error *err)
{
	/* told by prg_report_peer_change() where the peer is active */
	static const char *const of_wireguard[] = { "addresses", "routes", "keepalive",
		                                    "preshared_key", "peer_endpoint" };
	FIELDS before = { 0 }, after = { 0 };
	size_t i, j;
	int rc = 0;

	peer_fields(from, &before);
	peer_fields(to, &after);
	for (i = 0; i < after.n && rc == 0; i++) {
		const char *a = json_of(&before, i), *b = json_of(&after, i);

		if (a == NULL || b == NULL)
			return prg_error_nomem(err);
		for (j = 0; j < 5 && strcmp(after.field[i].name, of_wireguard[j]) != 0; j++)
			;
		if (strcmp(a, b) != 0 && (j == 5 || to->state != PRG_PEER_ACTIVE))
			rc = prg_report_peer_field(report, to, after.field[i].name, a, b, err);
	}
	return rc;
}

/* What is nothing, of a peer that comes or goes, is not worth a word. */
static bool is_nothing(const char *json)
{
	static const char *const none[] = { "null", "[]", "0", "false" };
	size_t i;

	for (i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		if (strcmp(json, none[i]) == 0)
			return true;
	return false;
}

static void put_allowed_ips(struct fields *f, const struct prg_peer *p)
{
	struct prg_strbuf *buf = begin(f, "allowed_ips");
	size_t n = prg_peer_n_allowed_ips(p), i;

	prg_strbuf_puts(buf, "[");
	for (i = 0; i < n; i++) {
		char text[PRG_PREFIX_TEXT];

		prg_prefix_format(prg_peer_allowed_ip(p, i), text);
		prg_strbuf_printf(buf, "%s\"%s\"", i ? "," : "", text);
	}
	prg_strbuf_puts(buf, "]");
	end(f);
}

int prg_describe_added(const struct prg_peer *peer, struct prg_report *report,
                       struct prg_error *err)
{
	FIELDS f = { 0 };
	size_t i;
	int rc = prg_report_peer_begin(report, "add", peer, err);

	put_allowed_ips(&f, peer);
	peer_fields(peer, &f);
	forget_last(&f);
	for (i = 0; i < f.n && rc == 0; i++) {
		const char *name = f.field[i].name, *json = json_of(&f, i);

		if (json == NULL)
			return prg_error_nomem(err);
		if (strcmp(name, "name") == 0 || strcmp(name, "addresses") == 0 ||
		    is_nothing(json) || strcmp(json, "\"active\"") == 0)
			continue;
		rc = prg_report_peer_field(report, peer, name, "null", json, err);
	}
	return rc;
}

int prg_describe_removed(const struct prg_peer *peer, struct prg_report *report,
                         struct prg_error *err)
{
	FIELDS f = { 0 };
	int rc = prg_report_peer_begin(report, "remove", peer, err);

	put_allowed_ips(&f, peer);
	if (rc == 0 && json_of(&f, 0) == NULL)
		rc = prg_error_nomem(err);
	return rc < 0 ? rc
	              : prg_report_peer_field(report, peer, "allowed_ips", json_of(&f, 0), "null",
	                                      err);
}

/* The order of prefixes is the register's own affair. */
static bool is_same(const struct prg_peer *from, const struct prg_peer *to, const char *name,
                    const char *a, const char *b)
{
	bool addresses = prg_diff_same_prefixes(from->addresses, from->n_addresses, to->addresses,
	                                        to->n_addresses);
	bool routes = prg_diff_same_prefixes(from->routes, from->n_routes, to->routes,
	                                     to->n_routes);

	if (strcmp(name, "allowed_ips") == 0)
		return addresses && routes;
	if (strcmp(name, "addresses") == 0)
		return true; /* told as allowed_ips */
	return strcmp(name, "routes") == 0 ? routes : strcmp(a, b) == 0;
}

int prg_describe_changed(const struct prg_peer *from, const struct prg_peer *to,
                         bool psk_replaced, struct prg_report *report, struct prg_error *err)
{
	FIELDS before = { 0 }, after = { 0 };
	size_t i;
	int rc = prg_report_peer_begin(report, "update", from, err);

	put_allowed_ips(&before, from);
	put_allowed_ips(&after, to);
	peer_fields(from, &before);
	peer_fields(to, &after);
	for (i = 0; i < after.n && rc == 0; i++) {
		const char *name = after.field[i].name;
		const char *a = json_of(&before, i), *b = json_of(&after, i);

		if (a == NULL || b == NULL)
			return prg_error_nomem(err);
		if (is_same(from, to, name, a, b) &&
		    !(psk_replaced && strcmp(name, "preshared_key") == 0))
			continue;
		rc = prg_report_peer_field(report, to, name, a, b, err);
	}
	return rc;
}

int prg_describe_interface(const struct prg_interface *from, const struct prg_interface *to,
                           struct prg_report *report, char **ret, size_t *ret_n,
                           struct prg_error *err)
{
	static const struct prg_interface none;
	PRG_STRBUF buf = { 0 };
	FIELDS before = { 0 }, after = { 0 };
	char *text;
	int rc;

	interface_fields(from ? from : &none, &before);
	interface_fields(to, &after);
	prg_strbuf_puts(&buf, "{");
	rc = differences(&buf, &before, &after, from == NULL, report, ret_n, err);
	if (rc < 0)
		return rc;
	text = prg_strbuf_take(&buf);
	if (text == NULL)
		return prg_error_nomem(err);
	*ret = text;
	return 0;
}
