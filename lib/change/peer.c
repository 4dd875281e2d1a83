/* SPDX-License-Identifier: ISC */
/* Peers of an intent to rows of the register, and what that means for the
 * running interface: one operation and one pending row for each thing touched. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "engine.h"
#include "model/addr.h"
#include "plan/diff.h"
#include "store/audit.h"
#include "store/pool.h"

#define DEFAULT_HOLD_S (30 * 86400)
#define DUE_AT_ONCE 256

int prg_change_prepare(struct prg_road *road, struct prg_error *err)
{
	const struct prg_intent *intent = road->intent;
	size_t i;
	int rc = 0;

	if (intent->verb == PRG_INIT) {
		road->interface_key = prg_arena_take(road->arena, sizeof(*road->interface_key));
		if (road->interface_key == NULL)
			return prg_error_nomem(err);
		if (intent->private_key != NULL)
			*road->interface_key = *intent->private_key;
		else
			rc = prg_private_key_generate(road->interface_key, err);
		return rc;
	}
	if (intent->verb >= PRG_ADD && intent->n_peers == 0)
		return prg_error_set(err, PRG_E_USAGE, "no peer is named");
	if (intent->verb != PRG_ADD && intent->verb != PRG_SET)
		return 0;
	road->keys = prg_arena_take(road->arena, intent->n_peers * sizeof(*road->keys));
	if (road->keys == NULL)
		return prg_error_nomem(err);
	for (i = 0; i < intent->n_peers && rc == 0; i++) {
		struct prg_fresh_keys *k = &road->keys[i];
		const struct prg_values *psk =
			prg_intent_values(intent, i, PRG_FIELD_PRESHARED_KEY);
		const struct prg_values *key = prg_intent_values(intent, i, PRG_FIELD_PUBLIC_KEY);

		if (psk != NULL && psk->preshared_key != NULL) {
			k->preshared_key = *psk->preshared_key;
			k->has_preshared_key = true;
		} else if (psk == NULL ? intent->verb == PRG_ADD : !psk->no_preshared_key) {
			rc = prg_preshared_key_generate(&k->preshared_key, err);
			k->has_preshared_key = true;
		}
		if (rc < 0 || intent->verb != PRG_ADD)
			continue;
		if (key != NULL) {
			k->public_key = key->public_key;
			continue;
		}
		rc = prg_private_key_generate(&k->private_key, err);
		if (rc == 0)
			rc = prg_public_key_derive(&k->private_key, &k->public_key, err);
		k->has_private_key = true;
	}
	return rc;
}

int prg_change_audit(struct prg_road *road, const char *verb, const struct prg_peer *peer,
                     const char *detail, struct prg_error *err)
{
	struct prg_audit_entry entry = {
		.verb = verb,
		.interface = road->interface->name,
		.actor = road->reg->actor,
		.peer_id = peer ? peer->id : 0,
		.detail = detail,
	};

	return prg_audit_append(road->store, road->now, &entry, err);
}

static int audit_change(struct prg_road *road, const char *verb, const struct prg_peer *from,
                        const struct prg_peer *to, struct prg_error *err)
{
	PRG_FREE char *detail = NULL;
	size_t n;
	int rc = prg_describe_peer(from, to, &detail, &n, err);

	return rc < 0 ? rc : prg_change_audit(road, verb, to, detail, err);
}

/* ------------------------------------------------ what the kernel must learn */

static int pend(struct prg_road *road, enum prg_pending_kind kind,
                const struct prg_public_key *key, const struct prg_prefix *prefix,
                int64_t *ret_id, struct prg_error *err)
{
	struct prg_pending row = { .kind = kind };

	*ret_id = 0;
	if (!road->interface->wanted_up)
		return 0; /* up reads it all */
	if (key != NULL)
		row.key = *key;
	if (prefix != NULL)
		row.prefix = *prefix;
	return prg_store_pending_add(road->store, road->interface->id, &row, ret_id, err);
}

static bool has_prefix(const struct prg_wg_peer *peer, const struct prg_prefix *prefix)
{
	size_t i;

	for (i = 0; peer != NULL && i < peer->n_allowed_ips; i++)
		if (prg_prefix_compare(&peer->allowed_ips[i], prefix) == 0)
			return true;
	return false;
}

/* Routes that `one` needs and `other` does not. */
static int touch_routes(struct prg_road *road, const struct prg_wg_peer *one,
                        const struct prg_wg_peer *other, enum prg_op_kind kind, const char *who,
                        struct prg_error *err)
{
	bool told = false;
	size_t i;
	int rc = 0;

	for (i = 0; one != NULL && i < one->n_allowed_ips && rc == 0; i++) {
		struct prg_op op = { .kind = kind, .who = who, .prefix = one->allowed_ips[i] };

		if (has_prefix(other, &op.prefix))
			continue;
		if (op.prefix.length == 0 && kind == PRG_OP_ROUTE_ADD && !told)
			prg_report_remark_add(road->report,
			                      "%s: a default route is for WireGuard only; this "
			                      "host's own routing stays as it is",
			                      who);
		told |= op.prefix.length == 0;
		if (!prg_sync_needs_route(road->interface, &op.prefix))
			continue;
		rc = pend(road, PRG_PENDING_ROUTE, NULL, &op.prefix, &op.tag, err);
		if (rc == 0)
			rc = prg_plan_add(road->plan, &op, err);
	}
	return rc;
}

/* `from` is what the running interface should have had, `to` what it should
 * have now; either may be NULL. */
static int touch(struct prg_road *road, const char *name, const struct prg_wg_peer *from,
                 const struct prg_wg_peer *to, struct prg_error *err)
{
	char who[PRG_NAME_BYTES + 8];
	unsigned fields = 0;
	int64_t tag = 0;
	int rc;

	if (from == NULL && to == NULL)
		return 0;
	snprintf(who, sizeof(who), "peer %s", name);
	rc = prg_diff_peer(NULL, from, to, PRG_DIFF_DESIRES, 0, NULL, &fields, err);
	if (rc == 0 && (to == NULL || fields != 0)) {
		rc = pend(road, PRG_PENDING_PEER, to ? &to->public_key : &from->public_key, NULL,
		          &tag, err);
		/* a key that is new to us may be in the interface all the same, with
		 * fields of its own */
		if (rc == 0)
			rc = prg_diff_peer(road->plan, from, to,
			                   from == NULL ? PRG_DIFF_ASSERT : PRG_DIFF_DESIRES, tag,
			                   who, NULL, err);
		if (rc == 0 && road->intent->verb >= PRG_ADD)
			rc = prg_report_peer_change(road->report, name, from, to, fields, err);
	}
	if (rc == 0)
		rc = touch_routes(road, from, to, PRG_OP_ROUTE_DEL, who, err);
	if (rc == 0)
		rc = touch_routes(road, to, from, PRG_OP_ROUTE_ADD, who, err);
	return rc;
}

/* What WireGuard should have of a peer: nothing unless it is active. */
static int desired(struct prg_road *road, const struct prg_peer *peer, struct prg_wg_peer *wg,
                   const struct prg_wg_peer **ret, struct prg_error *err)
{
	int rc = 0;

	*ret = NULL;
	if (peer->state == PRG_PEER_ACTIVE) {
		rc = prg_store_wg_peer(road->store, peer, road->arena, wg, err);
		if (rc == 0)
			*ret = wg;
	}
	return rc;
}

/* Writes one change of a peer that exists: row, audit entry, operations. */
static int update(struct prg_road *road, const char *verb, const struct prg_peer *from,
                  const struct prg_peer *to, struct prg_error *err)
{
	struct prg_wg_peer wg_from, wg_to;
	const struct prg_wg_peer *before, *after;
	int rc = desired(road, from, &wg_from, &before, err);

	if (rc == 0)
		rc = prg_store_peer_update(road->store, to, err);
	if (rc == 0)
		rc = audit_change(road, verb, from, to, err);
	if (rc == 0)
		rc = desired(road, to, &wg_to, &after, err);
	if (rc == 0)
		rc = touch(road, to->name, before, after, err);
	if (rc == 0 && prg_road_dry(road))
		rc = prg_describe_to_report(from, to, road->report, err);
	return rc;
}

/* ----------------------------------------------------------------- the verbs */

static int add_prefixes(struct prg_road *road, struct prg_peer *peer, size_t index,
                        struct prg_error *err)
{
	const struct prg_values *a = prg_intent_values(road->intent, index, PRG_FIELD_ADDRESS);
	const struct prg_values *r = prg_intent_values(road->intent, index, PRG_FIELD_ROUTES);
	size_t i;
	int rc = 0;

	if (a == NULL)
		rc = prg_pool_allocate(road->store, road->interface->id, peer->id, road->now,
		                       &peer->addresses, &peer->n_addresses, err);
	for (i = 0; a != NULL && i < a->n_addresses && rc == 0; i++)
		rc = prg_pool_take(road->store, road->interface->id, peer->id, &a->addresses[i],
		                   false, road->now, err);
	for (i = 0; r != NULL && i < r->n_routes && rc == 0; i++)
		rc = prg_pool_take(road->store, road->interface->id, peer->id, &r->routes[i],
		                   true, road->now, err);
	return rc;
}

#define GIVEN(field) (v = prg_intent_values(road->intent, index, field)) != NULL

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void drop_tag(struct prg_peer *peer, const char *tag)
{
	size_t i;

	for (i = 0; i < peer->n_tags; i++) {
		if (strcmp(peer->tags[i], tag) != 0)
			continue;
		free(peer->tags[i]);
		peer->tags[i] = peer->tags[--peer->n_tags];
		i--;
	}
}

static int put_tags(struct prg_peer *peer, const struct prg_values *v, struct prg_error *err)
{
	char **tags = reallocarray(peer->tags, peer->n_tags + v->n_tags + 1, sizeof(*tags));
	size_t i;

	if (tags == NULL)
		return prg_error_nomem(err);
	peer->tags = tags;
	for (i = 0; i < v->n_tags; i++) {
		char *copy = strdup(v->tags[i]);

		if (copy == NULL)
			return prg_error_nomem(err);
		drop_tag(peer, copy);
		peer->tags[peer->n_tags++] = copy;
	}
	if (peer->n_tags > PRG_MAX_TAGS)
		return prg_error_set(err, PRG_E_USAGE, "peer %s: more than %d tags", peer->name,
		                     PRG_MAX_TAGS);
	return 0;
}

/* What stands in the client's config. */
static int put_client_values(struct prg_road *road, struct prg_peer *peer, size_t index,
                             struct prg_error *err)
{
	const struct prg_values *v;
	int rc = 0;

	if (GIVEN(PRG_FIELD_CLIENT_ALLOWED_IPS)) {
		peer->own_client_allowed_ips =
			!(v->defaults & (1u << PRG_FIELD_CLIENT_ALLOWED_IPS));
		rc = prg_list_replace(&peer->client_allowed_ips, &peer->n_client_allowed_ips,
		               v->client_allowed_ips,
		               peer->own_client_allowed_ips ? v->n_client_allowed_ips : 0,
		               sizeof(*v->client_allowed_ips), err);
	}
	if (rc == 0 && GIVEN(PRG_FIELD_DNS)) {
		peer->own_dns = !(v->defaults & (1u << PRG_FIELD_DNS));
		rc = prg_list_replace(&peer->dns, &peer->n_dns, v->dns, peer->own_dns ? v->n_dns : 0,
		               sizeof(*v->dns), err);
	}
	if (GIVEN(PRG_FIELD_CLIENT_KEEPALIVE)) {
		peer->own_client_keepalive =
			!(v->defaults & (1u << PRG_FIELD_CLIENT_KEEPALIVE));
		peer->client_keepalive_s = peer->own_client_keepalive ? v->client_keepalive_s : 0;
	}
	if (GIVEN(PRG_FIELD_MTU))
		peer->mtu = v->mtu;
	return rc;
}

static int put_values(struct prg_road *road, struct prg_peer *peer, size_t index,
                      struct prg_error *err)
{
	const struct prg_values *v;
	int rc = put_client_values(road, peer, index, err);
	size_t i;

	if (GIVEN(PRG_FIELD_KEEPALIVE))
		peer->keepalive_s = v->keepalive_s;
	if (GIVEN(PRG_FIELD_PEER_ENDPOINT))
		peer->endpoint = v->peer_endpoint;
	if (GIVEN(PRG_FIELD_EXPIRES))
		peer->expires_at = v->expires_at;
	if (GIVEN(PRG_FIELD_QUOTA)) {
		peer->quota_bytes = v->quota_bytes;
		peer->quota_period = v->quota_period;
	}
	if (rc == 0 && GIVEN(PRG_FIELD_NOTE)) {
		free(peer->note);
		peer->note = v->note ? strdup(v->note) : NULL;
		if (v->note != NULL && peer->note == NULL)
			rc = prg_error_nomem(err);
	}
	if (GIVEN(PRG_FIELD_UNTAG))
		for (i = 0; i < v->n_untags; i++)
			drop_tag(peer, v->untags[i]);
	/* tags given for all and for one add up */
	if (rc == 0 && PRG_HAS(&road->intent->common, PRG_FIELD_TAG))
		rc = put_tags(peer, &road->intent->common, err);
	if (rc == 0 && PRG_HAS(&road->intent->peers[index].values, PRG_FIELD_TAG))
		rc = put_tags(peer, &road->intent->peers[index].values, err);
	if (peer->n_tags > 1)
		qsort(peer->tags, peer->n_tags, sizeof(*peer->tags), by_text);
	return rc;
}

static void remark_leak(struct prg_road *road, const struct prg_peer *peer)
{
	size_t n_dns, n, i;
	const struct prg_prefix *allowed = prg_peer_client_allowed_ips(road->interface, peer, &n);

	prg_peer_dns(road->interface, peer, &n_dns);
	for (i = 0; n_dns == 0 && i < n; i++) {
		if (allowed[i].length != 0)
			continue;
		prg_report_remark_add(road->report,
		                      "peer %s: a full tunnel without DNS: the device goes on asking "
		                      "the resolver of its own network, and its lookups may go "
		                      "outside the tunnel",
		                      peer->name);
		return;
	}
}

static int add_one(struct prg_road *road, size_t index, struct prg_error *err)
{
	const char *name = road->intent->peers[index].name;
	const struct prg_fresh_keys *keys = &road->keys[index];
	PRG_PEER *peer = NULL, *stored = NULL;
	struct prg_wg_peer wg;
	const struct prg_wg_peer *after;
	int rc;

	if (road->intent->flags & PRG_IF_ABSENT) {
		rc = prg_store_peer(road->store, road->interface->id, name, &stored, err);
		if (rc != PRG_E_NOT_FOUND) {
			struct prg_peer *there = stored;

			stored = NULL;
			return rc < 0 ? rc
			              : prg_report_add_result(road->report, there, PRG_UNCHANGED,
			                                      NULL, NULL, err);
		}
	}
	peer = prg_peer_new();
	if (peer == NULL)
		return prg_error_nomem(err);
	strcpy(peer->name, name);
	peer->interface_id = road->interface->id;
	peer->public_key = keys->public_key;
	peer->created_at = road->now;
	peer->config_epoch = road->interface->config_epoch;
	rc = put_values(road, peer, index, err);
	if (rc == 0)
		rc = prg_store_peer_insert(road->store, peer,
		                           keys->has_preshared_key ? &keys->preshared_key : NULL,
		                           err);
	if (rc == 0)
		rc = add_prefixes(road, peer, index, err);
	if (rc == 0)
		rc = prg_store_peer_by_id(road->store, peer->id, &stored, err);
	if (rc == 0)
		rc = audit_change(road, "add", NULL, stored, err);
	if (rc == 0)
		rc = desired(road, stored, &wg, &after, err);
	if (rc == 0)
		rc = touch(road, name, NULL, after, err);
	if (rc < 0)
		return rc;
	remark_leak(road, stored);
	rc = prg_report_add_result(road->report, stored, PRG_CREATED,
	                           keys->has_private_key ? &keys->private_key : NULL,
	                           keys->has_preshared_key ? &keys->preshared_key : NULL, err);
	stored = NULL;
	return rc;
}

static int result(struct prg_road *road, int64_t id, enum prg_outcome outcome,
                  const struct prg_preshared_key *psk, struct prg_error *err)
{
	struct prg_peer *now = NULL;
	int rc = prg_store_peer_by_id(road->store, id, &now, err);

	return rc < 0 ? rc : prg_report_add_result(road->report, now, outcome, NULL, psk, err);
}

static int revoke_one(struct prg_road *road, size_t index, struct prg_error *err)
{
	const struct prg_values *hold = prg_intent_values(road->intent, index, PRG_FIELD_HOLD);
	PRG_PEER *before = NULL, *after = NULL;
	struct prg_wg_peer wg;
	const struct prg_wg_peer *live = NULL;
	int rc = prg_store_peer_any(road->store, road->interface->id,
	                            road->intent->peers[index].name, &before, err);

	if (rc < 0)
		return rc;
	if (before->state == PRG_PEER_REVOKED)
		return result(road, before->id, PRG_UNCHANGED, NULL, err);
	/* also of a disabled peer: what should not be there is asked to go; a removal
	 * needs no secret, and a damaged one must not stand in its way */
	before->has_preshared_key = false;
	rc = prg_store_wg_peer(road->store, before, road->arena, &wg, err);
	live = &wg;
	if (rc == 0)
		rc = prg_store_peer_revoke(road->store, before, road->now,
		                           road->now + (hold ? hold->hold_s : DEFAULT_HOLD_S),
		                           err);
	if (rc == 0)
		rc = prg_store_peer_by_id(road->store, before->id, &after, err);
	if (rc == 0)
		rc = audit_change(road, "revoke", before, after, err);
	if (rc == 0)
		rc = touch(road, before->name, live, NULL, err);
	return rc < 0 ? rc : result(road, before->id, PRG_CHANGED, NULL, err);
}

static int find_for_change(struct prg_road *road, size_t index, struct prg_peer **ret,
                           struct prg_error *err)
{
	const char *name = road->intent->peers[index].name;
	int rc = prg_store_peer_any(road->store, road->interface->id, name, ret, err);

	if (rc == 0 && (*ret)->state == PRG_PEER_REVOKED)
		rc = prg_error_set(err, PRG_E_CONFLICT,
		                   "peer %s is revoked, and its key can never come back: make a "
		                   "new one with 'peerage add %s'",
		                   name, name);
	return rc;
}

static int switch_one(struct prg_road *road, size_t index, struct prg_error *err)
{
	bool enable = road->intent->verb == PRG_ENABLE;
	const struct prg_values *expires =
		prg_intent_values(road->intent, index, PRG_FIELD_EXPIRES);
	PRG_PEER *before = NULL, *after = NULL;
	int rc = find_for_change(road, index, &before, err);

	if (rc < 0)
		return rc;
	after = prg_peer_copy(before);
	if (after == NULL)
		return prg_error_nomem(err);
	if (expires != NULL)
		after->expires_at = expires->expires_at;
	after->state = enable ? PRG_PEER_ACTIVE : PRG_PEER_DISABLED;
	if (enable && expires == NULL &&
	    (before->state == PRG_PEER_EXPIRED ||
	     (before->expires_at != 0 && before->expires_at <= road->now)))
		return prg_error_set(err, PRG_E_CONFLICT,
		                     "peer %s has expired: give it a new time with 'peerage enable %s "
		                     "--expires WHEN'",
		                     before->name, before->name);
	if (after->state == before->state && after->expires_at == before->expires_at)
		return result(road, before->id, PRG_UNCHANGED, NULL, err);
	rc = update(road, enable ? "enable" : "disable", before, after, err);
	return rc < 0 ? rc : result(road, before->id, PRG_CHANGED, NULL, err);
}

static int rename_one(struct prg_road *road, size_t index, struct prg_error *err)
{
	const struct prg_values *v = prg_intent_values(road->intent, index, PRG_FIELD_NEW_NAME);
	PRG_PEER *before = NULL, *after = NULL;
	int rc;

	if (v == NULL || road->intent->n_peers != 1)
		return prg_error_set(err, PRG_E_USAGE, "rename takes one peer and a new name");
	rc = find_for_change(road, index, &before, err);
	if (rc < 0)
		return rc;
	if (strcmp(before->name, v->new_name) == 0)
		return result(road, before->id, PRG_UNCHANGED, NULL, err);
	after = prg_peer_copy(before);
	if (after == NULL)
		return prg_error_nomem(err);
	strcpy(after->name, v->new_name);
	rc = update(road, "rename", before, after, err);
	return rc < 0 ? rc : result(road, before->id, PRG_CHANGED, NULL, err);
}

static bool in_list(const struct prg_prefix *prefix, const struct prg_prefix *list, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (prg_prefix_compare(prefix, &list[i]) == 0)
			return true;
	return false;
}

static int release(struct prg_road *road, const struct prg_peer *peer,
                   const struct prg_prefix *old, size_t n_old, const struct prg_prefix *wanted,
                   size_t n_wanted, struct prg_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < n_old && rc == 0; i++)
		if (!in_list(&old[i], wanted, n_wanted))
			rc = prg_pool_release(road->store, road->interface->id, peer->id, &old[i],
			                      road->now, road->now, err);
	return rc;
}

static int take(struct prg_road *road, const struct prg_peer *peer, const struct prg_prefix *old,
                size_t n_old, const struct prg_prefix *wanted, size_t n_wanted, bool route,
                struct prg_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < n_wanted && rc == 0; i++)
		if (!in_list(&wanted[i], old, n_old))
			rc = prg_pool_take(road->store, road->interface->id, peer->id, &wanted[i],
			                   route, road->now, err);
	return rc;
}

static int set_prefixes(struct prg_road *road, const struct prg_peer *before, size_t index,
                        struct prg_error *err)
{
	const struct prg_values *a = prg_intent_values(road->intent, index, PRG_FIELD_ADDRESS);
	const struct prg_values *r = prg_intent_values(road->intent, index, PRG_FIELD_ROUTES);
	int rc = 0;

	/* all goes back before anything is taken: a route may become an address */
	if (a != NULL)
		rc = release(road, before, before->addresses, before->n_addresses, a->addresses,
		             a->n_addresses, err);
	if (rc == 0 && r != NULL)
		rc = release(road, before, before->routes, before->n_routes, r->routes,
		             r->n_routes, err);
	if (rc == 0 && a != NULL)
		rc = take(road, before, before->addresses, before->n_addresses, a->addresses,
		          a->n_addresses, false, err);
	if (rc == 0 && r != NULL)
		rc = take(road, before, before->routes, before->n_routes, r->routes, r->n_routes,
		          true, err);
	return rc;
}

/* Does a setting stand in the config that the user holds? */
static bool changes_config(struct prg_road *road, size_t index)
{
	static const enum prg_field in_config[] = {
		PRG_FIELD_ADDRESS, PRG_FIELD_CLIENT_ALLOWED_IPS, PRG_FIELD_DNS,
		PRG_FIELD_MTU,     PRG_FIELD_CLIENT_KEEPALIVE,   PRG_FIELD_PRESHARED_KEY,
	};
	size_t i;

	for (i = 0; i < sizeof(in_config) / sizeof(in_config[0]); i++)
		if (prg_intent_values(road->intent, index, in_config[i]) != NULL)
			return true;
	return false;
}

static int set_one(struct prg_road *road, size_t index, struct prg_error *err)
{
	const struct prg_fresh_keys *keys = &road->keys[index];
	const struct prg_preshared_key *psk = keys->has_preshared_key ? &keys->preshared_key : NULL;
	PRG_PEER *before = NULL, *change = NULL, *after = NULL;
	struct prg_wg_peer wg_from, wg_to;
	const struct prg_wg_peer *live = NULL, *wanted = NULL;
	PRG_FREE char *detail = NULL;
	size_t n = 0;
	bool psk_given = prg_intent_values(road->intent, index, PRG_FIELD_PRESHARED_KEY) != NULL;
	int rc = find_for_change(road, index, &before, err);

	if (rc == 0)
		rc = desired(road, before, &wg_from, &live, err);
	if (rc < 0)
		return rc;
	change = prg_peer_copy(before);
	if (change == NULL)
		return prg_error_nomem(err);
	rc = put_values(road, change, index, err);
	if (rc == 0)
		rc = set_prefixes(road, before, index, err);
	if (rc == 0 && psk_given)
		rc = prg_store_peer_set_psk(road->store, before->id, psk, err);
	if (rc == 0)
		rc = prg_store_peer_update(road->store, change, err);
	if (rc == 0)
		rc = prg_store_peer_by_id(road->store, before->id, &after, err);
	if (rc == 0)
		rc = prg_describe_peer(before, after, &detail, &n, err);
	if (rc < 0)
		return rc;
	if (n == 0 && psk == NULL)
		return result(road, before->id, PRG_UNCHANGED, NULL, err);
	if (changes_config(road, index)) {
		after->config_epoch = 0;
		rc = prg_store_peer_update(road->store, after, err);
		prg_report_remark_add(road->report,
		                      "peer %s: the config handed out before no longer holds; give "
		                      "the user these settings",
		                      after->name);
	}
	if (rc == 0)
		rc = prg_change_audit(road, "set", after, detail, err);
	if (rc == 0)
		rc = desired(road, after, &wg_to, &wanted, err);
	if (rc == 0)
		rc = touch(road, after->name, live, wanted, err);
	if (rc == 0 && prg_road_dry(road))
		rc = prg_describe_to_report(before, after, road->report, err);
	if (rc == 0 && after->state == PRG_PEER_EXPIRED && after->expires_at > road->now)
		prg_report_remark_add(road->report,
		                      "peer %s is still expired: 'peerage enable %s' lets it in",
		                      after->name, after->name);
	return rc < 0 ? rc : result(road, before->id, PRG_CHANGED, psk, err);
}

int prg_change_peers(struct prg_road *road, struct prg_error *err)
{
	static int (*const verbs[])(struct prg_road *, size_t, struct prg_error *) = {
		[PRG_ADD] = add_one,       [PRG_REVOKE] = revoke_one, [PRG_DISABLE] = switch_one,
		[PRG_ENABLE] = switch_one, [PRG_RENAME] = rename_one, [PRG_SET] = set_one,
	};
	size_t i;
	int rc = 0;

	for (i = 0; i < road->intent->n_peers && rc == 0; i++)
		rc = verbs[road->intent->verb](road, i, err);
	if (rc == 0)
		prg_plan_order(road->plan);
	return rc;
}

/* A clock that nobody vouches for cuts nobody off. */
static int remark_unsynchronised(struct prg_road *road, struct prg_error *err)
{
	struct prg_peer **due = NULL;
	size_t n = 0;
	int rc = prg_store_peers_due(road->store, road->interface->id, road->now, 1, &due, &n,
	                             err);

	if (rc == 0 && n > 0)
		prg_report_remark_add(road->report,
		                      "the time of peer %s is over, but this host's clock is not "
		                      "synchronised: nobody is cut off until it is ('timedatectl')",
		                      due[0]->name);
	prg_peers_free(&due, n);
	return rc;
}

int prg_change_expire(struct prg_road *road, struct prg_error *err)
{
	int rc = 0;
	size_t n = DUE_AT_ONCE;

	if (!prg_clock_synchronised())
		return remark_unsynchronised(road, err);
	while (rc == 0 && n == DUE_AT_ONCE) {
		struct prg_peer **due = NULL;
		size_t i;

		n = 0;
		rc = prg_store_peers_due(road->store, road->interface->id, road->now, DUE_AT_ONCE,
		                         &due, &n, err);
		for (i = 0; i < n && rc == 0; i++) {
			PRG_PEER *after = prg_peer_copy(due[i]);

			if (after == NULL) {
				rc = prg_error_nomem(err);
				break;
			}
			after->state = PRG_PEER_EXPIRED;
			rc = update(road, "expire", due[i], after, err);
		}
		prg_peers_free(&due, n);
	}
	return rc;
}
