/* SPDX-License-Identifier: ISC */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "model/addr.h"
#include "model/value.h"
#include "store/audit.h"
#include "watch/disclose.h"

#define VERSION 1
#define PAGE 256

static void tree_done(json_t **tree)
{
	json_decref(*tree);
}
#define TREE PRG_CLEANUP(tree_done) json_t

/* ----------------------------------------------------------------- values */

/* An object that is being filled; the one check for memory is at its end. */
struct object {
	json_t *json;
	bool failed;
};

static struct object begin(void)
{
	return (struct object){ json_object(), false };
}

/* Takes value over; NULL: out of memory. */
static void put(struct object *o, const char *key, json_t *value)
{
	o->failed |= json_object_set_new(o->json, key, value) < 0;
}

static json_t *end(struct object *o)
{
	if (!o->failed && o->json != NULL)
		return o->json;
	json_decref(o->json);
	return NULL;
}

/* What is not UTF-8 becomes U+FFFD: the register is a file that others may write to. */
static json_t *text_of(const char *text)
{
	PRG_STRBUF quoted = { 0 };
	PRG_FREE char *mended = NULL;
	json_t *json = json_string(text);

	if (json != NULL)
		return json;
	prg_strbuf_json(&quoted, text);
	mended = prg_strbuf_take(&quoted);
	return mended ? json_loads(mended, JSON_DECODE_ANY, NULL) : NULL;
}

static json_t *moment_of(int64_t moment)
{
	char text[21];

	if (moment == 0 || moment == INT64_MAX)
		return json_null();
	prg_moment_format(moment, text);
	return json_string(text);
}

static json_t *number_or_null(uint64_t number)
{
	return number ? json_integer((json_int_t)number) : json_null();
}

static json_t *key_of(const struct prg_public_key *key)
{
	char text[PRG_KEY_TEXT];

	prg_public_key_format(key, text);
	return json_string(text);
}

static json_t *endpoint_of(const struct prg_endpoint *endpoint)
{
	char text[PRG_ENDPOINT_TEXT];

	if (endpoint->port == 0)
		return json_null();
	prg_endpoint_format(endpoint, text);
	return text_of(text);
}

static json_t *prefix_of(const struct prg_prefix *prefix)
{
	char text[PRG_PREFIX_TEXT];

	prg_prefix_format(prefix, text);
	return json_string(text);
}

static json_t *addr_of(const struct prg_addr *addr)
{
	char text[PRG_ADDR_TEXT];

	prg_addr_format(addr, text);
	return json_string(text);
}

static json_t *prefixes_of(const struct prg_prefix *list, size_t n)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < n; i++)
		if (json_array_append_new(array, prefix_of(&list[i])) < 0) {
			json_decref(array);
			return NULL;
		}
	return array;
}

static json_t *addrs_of(const struct prg_addr *list, size_t n)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < n; i++)
		if (json_array_append_new(array, addr_of(&list[i])) < 0) {
			json_decref(array);
			return NULL;
		}
	return array;
}

static json_t *texts_of(char *const *list, size_t n)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < n; i++)
		if (json_array_append_new(array, text_of(list[i])) < 0) {
			json_decref(array);
			return NULL;
		}
	return array;
}

/* --------------------------------------------------------------- the row */

static const char *period_of(enum prg_quota_period period)
{
	return period == PRG_QUOTA_DAY ? "day" : period == PRG_QUOTA_MONTH ? "month" : "total";
}

/* What is the interface's, and not this peer's own, is null. */
static json_t *row_of(const struct prg_peer *p)
{
	struct object o = begin();

	put(&o, "name", text_of(p->name));
	put(&o, "public_key", key_of(&p->public_key));
	put(&o, "has_preshared_key", json_boolean(p->has_preshared_key));
	put(&o, "state", json_string(prg_peer_state_name(p->state)));
	put(&o, "addresses", prefixes_of(p->addresses, p->n_addresses));
	put(&o, "routes", prefixes_of(p->routes, p->n_routes));
	put(&o, "peer_endpoint", endpoint_of(&p->endpoint));
	put(&o, "keepalive", number_or_null(p->keepalive_s));
	put(&o, "client_allowed_ips",
	    p->own_client_allowed_ips
	            ? prefixes_of(p->client_allowed_ips, p->n_client_allowed_ips)
	            : json_null());
	put(&o, "client_keepalive",
	    p->own_client_keepalive ? json_integer(p->client_keepalive_s) : json_null());
	put(&o, "dns", p->own_dns ? addrs_of(p->dns, p->n_dns) : json_null());
	put(&o, "mtu", number_or_null(p->mtu));
	put(&o, "tags", texts_of(p->tags, p->n_tags));
	put(&o, "note", p->note ? text_of(p->note) : json_null());
	put(&o, "quota_bytes", number_or_null(p->quota_bytes));
	put(&o, "quota_period", p->quota_bytes ? json_string(period_of(p->quota_period))
	                                       : json_null());
	put(&o, "created_at", moment_of(p->created_at));
	put(&o, "keyed_at", moment_of(p->keyed_at));
	put(&o, "expires_at", moment_of(p->expires_at));
	put(&o, "quota_used_up", json_boolean(p->resumes_at != 0));
	put(&o, "resumes_at", moment_of(p->resumes_at));
	put(&o, "revoked_at", moment_of(p->revoked_at));
	put(&o, "successor", p->successor_id ? text_of(p->successor) : json_null());
	put(&o, "overlap_until", moment_of(p->overlap_until));
	put(&o, "config_stale", json_boolean(p->config_stale));
	return end(&o);
}

static int add_held(const struct prg_disclosure *d, int64_t id, struct object *o,
                    struct prg_error *err)
{
	PRG_FREE struct prg_held *held = NULL;
	json_t *array = json_array();
	size_t n = 0, i;
	int rc = prg_store_held(d->reg->store, d->interface->id, id, &held, &n, err);

	for (i = 0; i < n; i++) {
		struct object one = begin();

		put(&one, "address", addr_of(&held[i].addr));
		put(&one, "until", moment_of(held[i].until));
		o->failed |= json_array_append_new(array, end(&one)) < 0;
	}
	put(o, "held_addresses", array);
	return rc;
}

/* ------------------------------------------------------------------- usage */

/* "2027-01", "2027-01-31" */
static json_t *period_text(const struct prg_used *used)
{
	bool month = used->of == PRG_USED_MONTH;
	char text[32];

	if (!month && used->when == 0)
		return json_null(); /* never seen */
	if (month)
		snprintf(text, sizeof(text), "%04lld-%02lld", (long long)used->when / 12,
		         (long long)used->when % 12 + 1);
	else
		prg_moment_format(used->when * 86400, text);
	text[month ? 7 : 10] = '\0';
	return json_string(text);
}

static json_t *used_of(const struct prg_used *used)
{
	static const char *const names[] = { "last_seen_on", "month", "day" };
	struct object o = begin();

	put(&o, names[used->of], period_text(used));
	put(&o, "rx_bytes", json_integer((json_int_t)used->rx_bytes));
	put(&o, "tx_bytes", json_integer((json_int_t)used->tx_bytes));
	return end(&o);
}

static int add_usage(const struct prg_disclosure *d, int64_t id, struct object *o,
                     struct prg_error *err)
{
	PRG_FREE struct prg_used *list = NULL;
	json_t *months = json_array(), *days = json_array(), *total = json_null();
	size_t n = 0, i;
	int rc = prg_store_used(d->reg->store, id, &list, &n, err);

	for (i = 0; i < n; i++)
		if (list[i].of == PRG_USED_TOTAL)
			total = used_of(&list[i]);
		else
			o->failed |= json_array_append_new(list[i].of == PRG_USED_DAY ? days : months,
			                                   used_of(&list[i])) < 0;
	put(o, "usage", total);
	put(o, "usage_months", months);
	put(o, "usage_days", days);
	return rc;
}

/* ------------------------------------------------------------ audit entries */

static json_t *entry_of(const struct prg_audit_row *row)
{
	struct object o = begin();
	json_t *detail = row->detail ? json_loads(row->detail, 0, NULL) : NULL;

	put(&o, "number", json_integer(row->number));
	put(&o, "at", moment_of(row->time));
	put(&o, "verb", text_of(row->verb));
	put(&o, "actor", text_of(row->actor));
	put(&o, "detail", detail         ? detail
	                  : row->detail ? text_of(row->detail) /* damaged */
	                                : json_null());
	put(&o, "hash", json_string(row->hash));
	return end(&o);
}

static int add_entries(const struct prg_disclosure *d, int64_t id, struct object *o,
                       struct prg_error *err)
{
	struct prg_audit_filter filter = { .since = INT64_MIN, .peer_id = id };
	json_t *array = json_array();
	int64_t after = 0;
	size_t n = PAGE, i;
	int rc = 0;

	while (rc == 0 && n == PAGE) {
		struct prg_audit_row *rows = NULL;

		n = 0;
		rc = prg_audit_page(d->reg->store, &filter, after, PAGE, &rows, &n, err);
		for (i = 0; i < n; i++) {
			after = rows[i].number;
			o->failed |= json_array_append_new(array, entry_of(&rows[i])) < 0;
		}
		prg_audit_rows_free(&rows, n);
	}
	put(o, "entries", array);
	return rc;
}

/* ------------------------------------------------------------ revoked keys */

static bool has_key(const json_t *list, const char *key)
{
	size_t i;
	const json_t *one;

	json_array_foreach(list, i, one)
		if (strcmp(json_string_value(json_object_get(one, "public_key")), key) == 0)
			return true;
	return false;
}

static int add_key(const struct prg_disclosure *d, const char *text, json_t *list,
                   struct prg_error *err)
{
	unsigned char hash[PRG_HASH_BYTES];
	char hex[2 * PRG_HASH_BYTES + 1];
	struct prg_public_key key;
	struct object one;
	int64_t at = 0;
	int rc;

	if (text == NULL || has_key(list, text) ||
	    prg_public_key_parse(text, strlen(text), &key, NULL) < 0)
		return 0;
	rc = prg_store_revoked_find(d->reg->store, d->interface->id, &key, hash, &at, err);
	if (rc < 0 || at == 0)
		return rc;
	one = begin();
	put(&one, "public_key", json_string(text));
	put(&one, "hash", json_string(sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash))));
	put(&one, "revoked_at", moment_of(at));
	return json_array_append_new(list, end(&one)) < 0 ? prg_error_nomem(err) : 0;
}

/* Of the keys that it has or, as the entries tell, had. */
static int add_revoked(const struct prg_disclosure *d, const struct prg_peer *peer,
                       struct object *o, struct prg_error *err)
{
	json_t *list = json_array();
	const json_t *entry;
	char text[PRG_KEY_TEXT];
	size_t i;
	int rc = 0;

	if (list == NULL)
		return prg_error_nomem(err);
	json_array_foreach(json_object_get(o->json, "entries"), i, entry)
		if (rc == 0)
			rc = add_key(d,
			             json_string_value(json_object_get(
					     json_object_get(entry, "detail"), "public_key")),
			             list, err);
	if (rc == 0 && peer != NULL) {
		prg_public_key_format(&peer->public_key, text);
		rc = add_key(d, text, list, err);
	}
	put(o, "revoked_keys", list);
	return rc;
}

/* --------------------------------------------------------------- pending */

static bool is_of(const struct prg_pending *row, const struct prg_peer *peer)
{
	size_t i;

	if (row->kind == PRG_PENDING_PEER)
		return memcmp(&row->key, &peer->public_key, sizeof(row->key)) == 0;
	for (i = 0; row->kind == PRG_PENDING_ROUTE && i < prg_peer_n_allowed_ips(peer); i++)
		if (prg_prefix_compare(&row->prefix, prg_peer_allowed_ip(peer, i)) == 0)
			return true;
	return false;
}

static int add_pending(const struct prg_disclosure *d, const struct prg_peer *peer,
                       struct object *o, struct prg_error *err)
{
	PRG_FREE struct prg_pending *rows = NULL;
	json_t *array = json_array();
	size_t n = 0, i;
	int rc = prg_store_pending(d->reg->store, d->interface->id, &rows, &n, err);

	for (i = 0; peer != NULL && i < n; i++) {
		bool is_key = rows[i].kind == PRG_PENDING_PEER;

		if (is_of(&rows[i], peer))
			o->failed |= json_array_append_new(array, is_key ? key_of(&rows[i].key)
			                                               : prefix_of(&rows[i].prefix)) < 0;
	}
	put(o, "pending", array);
	return rc;
}

/* ---------------------------------------------------------- what is running */

static json_t *running_of(const struct prg_disclosure *d, const struct prg_disclosed_live *live)
{
	struct object o = begin();

	put(&o, "status", json_string(prg_live_status_name(live->status)));
	put(&o, "latest_handshake_at", moment_of(live->latest_handshake_at));
	put(&o, "rx_bytes", json_integer((json_int_t)live->rx_bytes));
	put(&o, "tx_bytes", json_integer((json_int_t)live->tx_bytes));
	put(&o, "allowed_ips", prefixes_of(live->allowed_ips, live->n_allowed_ips));
	put(&o, "has_preshared_key", json_boolean(live->has_preshared_key));
	put(&o, "keepalive", number_or_null(live->keepalive_s));
	if (d->flags & PRG_DISCLOSE_ENDPOINTS)
		put(&o, "endpoint", endpoint_of(&live->endpoint));
	return end(&o);
}

static int add_row(const struct prg_disclosure *d, const struct prg_disclosed *row, json_t *list,
                   struct prg_error *err)
{
	struct object o = begin();
	json_t *made;
	int rc;

	put(&o, "number", json_integer(row->id));
	put(&o, "registered", row->peer ? row_of(row->peer) : json_null());
	put(&o, "running", row->live.present ? running_of(d, &row->live) : json_null());
	rc = add_usage(d, row->id, &o, err);
	if (rc == 0)
		rc = add_held(d, row->id, &o, err);
	if (rc == 0)
		rc = add_pending(d, row->peer, &o, err);
	if (rc == 0)
		rc = add_entries(d, row->id, &o, err);
	if (rc == 0)
		rc = add_revoked(d, row->peer, &o, err);
	made = end(&o);
	if (rc == 0 && made == NULL)
		rc = prg_error_nomem(err);
	if (rc < 0)
		json_decref(made);
	else if (json_array_append_new(list, made) < 0)
		rc = prg_error_nomem(err);
	return rc;
}

int prg_disclose_gather(const struct prg_disclosure *d, json_t **ret, struct prg_error *err)
{
	TREE *peers = json_array();
	struct object o = begin();
	json_t *made;
	size_t i;
	int rc = peers == NULL ? prg_error_nomem(err) : 0;

	for (i = 0; i < d->n_rows && rc == 0; i++)
		rc = add_row(d, &d->rows[i], peers, err);
	put(&o, "disclosure", json_integer(VERSION));
	put(&o, "register", json_string(prg_store_id(d->reg->store)));
	put(&o, "interface", json_string(d->interface->name));
	put(&o, "name", text_of(d->name));
	put(&o, "made_at", moment_of(d->now));
	put(&o, "interface_running",
	    d->looked ? json_boolean(d->running) : json_null());
	put(&o, "peers", json_incref(peers));
	put(&o, "withheld", prg_disclose_withheld(d));
	put(&o, "not_held", prg_disclose_not_held());
	made = end(&o);
	if (rc == 0 && made == NULL)
		rc = prg_error_nomem(err);
	if (rc < 0) {
		json_decref(made);
		return rc;
	}
	*ret = made;
	return 0;
}
