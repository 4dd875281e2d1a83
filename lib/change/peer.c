/* SPDX-License-Identifier: ISC */
/* Peers of an intent to rows of the register: the verbs, but PRG_ADD. */
#include <string.h>

#include "base/error.h"
#include "change/change.h"
#include "model/addr.h"
#include "store/pool.h"

int prg_change_result(struct prg_road *road, int64_t id, enum prg_outcome outcome,
                      const struct prg_preshared_key *psk, struct prg_error *err)
{
	struct prg_peer *now = NULL;
	int rc = prg_store_peer_by_id(road->store, id, &now, err);

	return rc < 0 ? rc : prg_report_add_result(road->report, now, outcome, NULL, psk, err);
}

static int take_out(struct prg_road *road, struct prg_peer *peer, int64_t hold_s,
                    struct prg_wg_peer *wg, struct prg_error *err)
{
	int rc;

	/* also of a disabled peer: what should not be there is asked to go; a removal
	 * needs no secret, and a damaged one must not stand in its way */
	peer->has_preshared_key = false;
	rc = prg_store_wg_peer(road->store, peer, road->arena, wg, err);
	return rc < 0 ? rc
	              : prg_store_peer_revoke(road->store, peer, road->now, road->now + hold_s, err);
}

int prg_change_cut_off(struct prg_road *road, struct prg_peer *peer, int64_t hold_s,
                       struct prg_error *err)
{
	struct prg_wg_peer wg;
	int rc = take_out(road, peer, hold_s, &wg, err);

	return rc < 0 ? rc : prg_change_touch(road, peer->name, &wg, NULL, err);
}

int prg_change_revoke(struct prg_road *road, struct prg_peer *peer, int64_t hold_s,
                      struct prg_wg_peer *wg, struct prg_error *err)
{
	PRG_PEER *after = NULL;
	int rc = take_out(road, peer, hold_s, wg, err);

	if (rc == 0)
		rc = prg_store_peer_by_id(road->store, peer->id, &after, err);
	return rc < 0 ? rc : prg_change_audit_peer(road, "revoke", peer, after, err);
}

static int cut_off(struct prg_road *road, struct prg_peer *peer, int64_t hold_s,
                   struct prg_error *err)
{
	struct prg_wg_peer wg;
	int rc = prg_change_revoke(road, peer, hold_s, &wg, err);

	return rc < 0 ? rc : prg_change_touch(road, peer->name, &wg, NULL, err);
}

/* With every key that it has. */
static int revoke_one(struct prg_road *road, size_t index, struct prg_error *err)
{
	const struct prg_values *v = prg_intent_values(road->intent, index, PRG_FIELD_HOLD);
	int64_t hold_s = v != NULL ? v->hold_s : PRG_CHANGE_HOLD_S;
	PRG_PEER *peer = NULL, *older = NULL;
	int rc = prg_store_peer_any(road->store, road->interface->id,
	                            road->intent->peers[index].name, &peer, err);

	if (rc < 0)
		return rc;
	if (peer->state == PRG_PEER_REVOKED)
		return prg_change_result(road, peer->id, PRG_UNCHANGED, NULL, err);
	rc = prg_store_peer_older(road->store, peer->id, &older, err);
	if (rc == 0 && older != NULL)
		rc = cut_off(road, older, hold_s, err);
	if (rc == 0)
		rc = peer->successor_id != 0 ? prg_change_overlap_end(road, peer, hold_s, err)
		                             : cut_off(road, peer, hold_s, err);
	if (rc == 0 && older != NULL)
		prg_report_remark_add(road->report, "peer %s: so is its older key, %s", peer->name,
		                      older->name);
	return rc < 0 ? rc : prg_change_result(road, peer->id, PRG_CHANGED, NULL, err);
}

int prg_change_find(struct prg_road *road, size_t index, struct prg_peer **ret,
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
	int rc = prg_change_find(road, index, &before, err);

	/* off is off: a key that nobody thinks of must not come back with its peer */
	if (rc == 0 && !enable)
		rc = prg_change_overlap_end_of(road, &before, err);
	if (rc < 0)
		return rc;
	after = prg_peer_copy(before);
	if (after == NULL)
		return prg_error_nomem(err);
	if (expires != NULL)
		after->expires_at = expires->expires_at;
	after->state = enable ? PRG_PEER_ACTIVE : PRG_PEER_DISABLED;
	after->resumes_at = 0;
	if (enable && before->state != PRG_PEER_ACTIVE)
		rc = prg_change_refuse_used(road, before, err);
	if (rc < 0)
		return rc;
	if (enable && expires == NULL &&
	    ((before->state == PRG_PEER_EXPIRED && before->resumes_at == 0) ||
	     (before->expires_at != 0 && before->expires_at <= road->now)))
		return prg_error_set(err, PRG_E_CONFLICT,
		                     "peer %s has expired: give it a new time with 'peerage enable %s "
		                     "--expires WHEN'",
		                     before->name, before->name);
	if (after->state == before->state && after->expires_at == before->expires_at)
		return prg_change_result(road, before->id, PRG_UNCHANGED, NULL, err);
	rc = prg_change_update(road, enable ? "enable" : "disable", before, after, err);
	if (rc == 0)
		rc = prg_change_overlap_follow(road, "enable", before, after, err);
	return rc < 0 ? rc : prg_change_result(road, before->id, PRG_CHANGED, NULL, err);
}

static int rename_one(struct prg_road *road, size_t index, struct prg_error *err)
{
	const struct prg_values *v = prg_intent_values(road->intent, index, PRG_FIELD_NEW_NAME);
	PRG_PEER *before = NULL, *after = NULL;
	int rc;

	if (v == NULL || road->intent->n_peers != 1)
		return prg_error_set(err, PRG_E_USAGE, "rename takes one peer and a new name");
	rc = prg_change_find(road, index, &before, err);
	if (rc == 0)
		rc = prg_change_refuse_older(before, "rename", err);
	if (rc < 0)
		return rc;
	if (strcmp(before->name, v->new_name) == 0)
		return prg_change_result(road, before->id, PRG_UNCHANGED, NULL, err);
	after = prg_peer_copy(before);
	if (after == NULL)
		return prg_error_nomem(err);
	strcpy(after->name, v->new_name);
	rc = prg_change_update(road, "rename", before, after, err);
	if (rc == 0)
		rc = prg_change_overlap_follow(road, "rename", before, after, err);
	return rc < 0 ? rc : prg_change_result(road, before->id, PRG_CHANGED, NULL, err);
}

static bool in_list(const struct prg_prefix *prefix, const struct prg_prefix *list, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (prg_prefix_compare(prefix, &list[i]) == 0)
			return true;
	return false;
}

int prg_change_release(struct prg_road *road, const struct prg_peer *peer,
                       const struct prg_prefix *old, size_t n_old,
                       const struct prg_prefix *wanted, size_t n_wanted, struct prg_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < n_old && rc == 0; i++)
		if (!in_list(&old[i], wanted, n_wanted))
			rc = prg_pool_release(road->store, road->interface->id, peer->id, &old[i],
			                      road->now, road->now, err);
	return rc;
}

int prg_change_take(struct prg_road *road, const struct prg_peer *peer,
                    const struct prg_prefix *old, size_t n_old, const struct prg_prefix *wanted,
                    size_t n_wanted, bool route, struct prg_error *err)
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
		rc = prg_change_release(road, before, before->addresses, before->n_addresses,
		                        a->addresses, a->n_addresses, err);
	if (rc == 0 && r != NULL)
		rc = prg_change_release(road, before, before->routes, before->n_routes, r->routes,
		                        r->n_routes, err);
	if (rc == 0 && a != NULL)
		rc = prg_change_take(road, before, before->addresses, before->n_addresses,
		                     a->addresses, a->n_addresses, false, err);
	if (rc == 0 && r != NULL)
		rc = prg_change_take(road, before, before->routes, before->n_routes, r->routes,
		                     r->n_routes, true, err);
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

/* The routes are the older key's as long as there is one. */
static int check_overlap(const struct prg_road *road, size_t index, const struct prg_peer *peer,
                         struct prg_error *err)
{
	PRG_PEER *older = NULL;
	int rc = prg_change_refuse_older(peer, "set", err);

	if (rc < 0 || prg_intent_values(road->intent, index, PRG_FIELD_ROUTES) == NULL)
		return rc;
	rc = prg_store_peer_older(road->store, peer->id, &older, err);
	if (rc == 0 && older != NULL)
		rc = prg_error_set(err, PRG_E_CONFLICT,
		                   "the routes of peer %s are with its older key: end that first with "
		                   "'peerage revoke %s'",
		                   peer->name, older->name);
	return rc;
}

static int set_one(struct prg_road *road, size_t index, struct prg_error *err)
{
	const struct prg_preshared_key *psk = NULL;
	const struct prg_fresh_keys *keys;
	PRG_PEER *before = NULL, *change = NULL, *after = NULL;
	struct prg_wg_peer wg_from, wg_to;
	const struct prg_wg_peer *live = NULL, *wanted = NULL;
	PRG_FREE char *detail = NULL;
	size_t n = 0;
	bool psk_given = prg_intent_values(road->intent, index, PRG_FIELD_PRESHARED_KEY) != NULL;
	int rc = prg_change_find(road, index, &before, err);

	if (rc == 0)
		rc = check_overlap(road, index, before, err);
	if (rc == 0)
		rc = prg_change_keys(road, index, &keys, err);
	if (rc == 0)
		rc = prg_change_desired(road, before, &wg_from, &live, err);
	if (rc < 0)
		return rc;
	if (keys->has_preshared_key)
		psk = &keys->preshared_key;
	change = prg_peer_copy(before);
	if (change == NULL)
		return prg_error_nomem(err);
	rc = prg_change_put_values(road, change, index, err);
	if (rc == 0 && prg_intent_values(road->intent, index, PRG_FIELD_QUOTA) != NULL)
		rc = prg_change_extend(road, change, err);
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
		return prg_change_result(road, before->id, PRG_UNCHANGED, NULL, err);
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
		rc = prg_change_desired(road, after, &wg_to, &wanted, err);
	if (rc == 0)
		rc = prg_change_touch(road, after->name, live, wanted, err);
	if (rc == 0 && prg_road_dry(road))
		rc = prg_describe_to_report(before, after, road->report, err);
	if (rc == 0)
		rc = prg_change_overlap_follow(road, "set", before, after, err);
	if (rc == 0 && after->state == PRG_PEER_EXPIRED && after->expires_at > road->now &&
	    after->resumes_at == 0)
		prg_report_remark_add(road->report,
		                      "peer %s is still expired: 'peerage enable %s' lets it in",
		                      after->name, after->name);
	return rc < 0 ? rc : prg_change_result(road, before->id, PRG_CHANGED, psk, err);
}

int prg_change_peers(struct prg_road *road, struct prg_error *err)
{
	static int (*const verbs[])(struct prg_road *, size_t, struct prg_error *) = {
		[PRG_REVOKE] = revoke_one, [PRG_DISABLE] = switch_one,
		[PRG_ENABLE] = switch_one, [PRG_RENAME] = rename_one,
		[PRG_SET] = set_one,       [PRG_ROTATE] = prg_change_rotate,
		[PRG_FORGET] = prg_change_forget,
	};
	size_t i;
	int rc = 0;

	if (road->intent->verb == PRG_ADD)
		rc = prg_change_add(road, err);
	for (i = 0; road->intent->verb != PRG_ADD && i < road->intent->n_peers && rc == 0; i++)
		rc = verbs[road->intent->verb](road, i, err);
	if (rc == 0)
		prg_plan_order(road->plan);
	return rc;
}
