/* SPDX-License-Identifier: ISC */
/* What a change of a peer means beside its row: the audit entry, and for the
 * running interface one operation and one pending row for each thing touched. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "change/change.h"
#include "model/addr.h"
#include "plan/diff.h"
#include "store/audit.h"

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

int prg_change_audit_peer(struct prg_road *road, const char *verb, const struct prg_peer *from,
                        const struct prg_peer *to, struct prg_error *err)
{
	PRG_FREE char *detail = NULL;
	size_t n;
	int rc = prg_describe_peer(from, to, &detail, &n, err);

	return rc < 0 ? rc : prg_change_audit(road, verb, to, detail, err);
}

static int pend(struct prg_road *road, const struct prg_pending *row, int64_t *ret_id,
                struct prg_error *err)
{
	*ret_id = 0;
	if (!road->interface->wanted_up)
		return 0; /* up reads it all */
	return prg_store_pending_add(road->store, road->interface->id, row, ret_id, err);
}

int prg_change_pend(struct prg_road *road, enum prg_pending_kind kind,
                    const struct prg_public_key *key, const struct prg_prefix *prefix,
                    int64_t *ret_id, struct prg_error *err)
{
	struct prg_pending row = { .kind = kind };

	if (key != NULL)
		row.key = *key;
	if (prefix != NULL)
		row.prefix = *prefix;
	return pend(road, &row, ret_id, err);
}

int prg_change_pend_removal(struct prg_road *road, const struct prg_public_key *key,
                            int64_t *ret_id, struct prg_error *err)
{
	const struct prg_pending row = { .kind = PRG_PENDING_PEER, .key = *key, .goes = true };

	return pend(road, &row, ret_id, err);
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
		rc = prg_change_pend(road, PRG_PENDING_ROUTE, NULL, &op.prefix, &op.tag, err);
		if (rc == 0)
			rc = prg_plan_add(road->plan, &op, err);
	}
	return rc;
}

/* The peer alone. */
static int touch_peer(struct prg_road *road, const char *name, const char *who,
                      const struct prg_wg_peer *from, const struct prg_wg_peer *to,
                      struct prg_error *err)
{
	unsigned fields = 0;
	int64_t tag = 0;
	int rc;

	if (from == NULL && to == NULL)
		return 0;
	rc = prg_diff_peer(NULL, from, to, PRG_DIFF_DESIRES, 0, NULL, &fields, err);
	if (rc == 0 && (to == NULL || fields != 0)) {
		rc = to == NULL ? prg_change_pend_removal(road, &from->public_key, &tag, err)
		                : prg_change_pend(road, PRG_PENDING_PEER, &to->public_key, NULL,
		                                  &tag, err);
		/* a key that is new to us may be in the interface all the same, with
		 * fields of its own */
		if (rc == 0)
			rc = prg_diff_peer(road->plan, from, to,
			                   from == NULL ? PRG_DIFF_ASSERT : PRG_DIFF_DESIRES, tag,
			                   who, NULL, err);
		if (rc == 0 && road->intent->verb >= PRG_ADD &&
		    road->intent->verb != PRG_APPLY)
			rc = prg_report_peer_change(road->report, name, from, to, fields, err);
	}
	return rc;
}

/* `from` is what the running interface should have had, `to` what it should
 * have now; either may be NULL. */
int prg_change_touch(struct prg_road *road, const char *name, const struct prg_wg_peer *from,
                 const struct prg_wg_peer *to, struct prg_error *err)
{
	char who[PRG_NAME_BYTES + 8];
	int rc;

	snprintf(who, sizeof(who), "peer %s", name);
	rc = touch_peer(road, name, who, from, to, err);
	if (rc == 0)
		rc = touch_routes(road, from, to, PRG_OP_ROUTE_DEL, who, err);
	if (rc == 0)
		rc = touch_routes(road, to, from, PRG_OP_ROUTE_ADD, who, err);
	return rc;
}

/* The heir is given what it inherits, then the other one goes: no address leads to
 * nobody meanwhile, and the host's routes to it stay. Both wait on rows of their own. */
int prg_change_touch_heir(struct prg_road *road, const char *name, const struct prg_wg_peer *from,
                          const char *heir, const struct prg_wg_peer *heir_from,
                          const struct prg_wg_peer *heir_to, struct prg_error *err)
{
	char who[PRG_NAME_BYTES + 8];
	int rc;

	snprintf(who, sizeof(who), "peer %s", heir);
	rc = touch_peer(road, heir, who, heir_from, heir_to, err);
	snprintf(who, sizeof(who), "peer %s", name);
	if (rc == 0)
		rc = touch_peer(road, name, who, from, NULL, err);
	return rc < 0 ? rc : touch_routes(road, from, heir_to, PRG_OP_ROUTE_DEL, who, err);
}

/* What WireGuard should have of a peer: nothing unless it is active. */
int prg_change_desired(struct prg_road *road, const struct prg_peer *peer, struct prg_wg_peer *wg,
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
int prg_change_update(struct prg_road *road, const char *verb, const struct prg_peer *from,
                  const struct prg_peer *to, struct prg_error *err)
{
	struct prg_wg_peer wg_from, wg_to;
	const struct prg_wg_peer *before, *after;
	int rc = prg_change_desired(road, from, &wg_from, &before, err);

	if (rc == 0)
		rc = prg_store_peer_update(road->store, to, err);
	if (rc == 0)
		rc = prg_change_audit_peer(road, verb, from, to, err);
	if (rc == 0)
		rc = prg_change_desired(road, to, &wg_to, &after, err);
	if (rc == 0)
		rc = prg_change_touch(road, to->name, before, after, err);
	if (rc == 0 && prg_road_dry(road))
		rc = prg_describe_to_report(from, to, road->report, err);
	return rc;
}
