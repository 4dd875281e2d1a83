/* SPDX-License-Identifier: ISC */
/* What an earlier journey left pending. */
#include <stdio.h>

#include "apply.h"
#include "base/error.h"
#include "plan/diff.h"

static int drain_peer(struct prg_road *road, struct prg_plan *plan, const struct prg_pending *row,
		      struct prg_error *err)
{
	PRG_PEER *peer = NULL;
	struct prg_wg_peer wg = {.public_key = row->key};
	char who[PRG_KEY_TEXT + PRG_NAME_BYTES + 40], key[PRG_KEY_TEXT];
	int rc = prg_store_peer_by_key(road->store, road->interface->id, &row->key, &peer, err);

	if (rc < 0 && rc != PRG_E_NOT_FOUND)
		return rc;
	prg_public_key_format(&row->key, key);
	snprintf(who, sizeof(who), "peer %s (pending from before)", peer ? peer->name : key);
	if (peer == NULL || peer->state != PRG_PEER_ACTIVE)
		return prg_diff_peer(plan, &wg, NULL, 0, row->id, who, NULL, err);
	/* it is wanted again, and nobody knows whether it went: now its counters begin anew */
	if (row->goes)
		rc = prg_diff_peer(plan, &wg, NULL, 0, 0, who, NULL, err);
	if (rc == 0)
		rc = prg_store_wg_peer(road->store, peer, road->arena, &wg, err);
	return rc < 0 ? rc
		      : prg_diff_peer(plan, NULL, &wg, PRG_DIFF_ASSERT, row->id, who, NULL, err);
}

static int drain_route(struct prg_road *road, struct prg_plan *plan, const struct prg_pending *row,
		       struct prg_error *err)
{
	char who[PRG_NAME_BYTES + 40];
	struct prg_op op = {
		.kind = PRG_OP_ROUTE_DEL, .tag = row->id, .prefix = row->prefix, .who = who};
	PRG_PEER *peer = NULL;
	int rc =
		prg_store_prefix_holder(road->store, road->interface->id, &row->prefix, &peer, err);

	if (rc < 0 && rc != PRG_E_NOT_FOUND)
		return rc;
	snprintf(who, sizeof(who), "%s%s (pending from before)", peer ? "peer " : "",
		 peer ? peer->name : road->interface->name);
	if (peer != NULL && peer->state == PRG_PEER_ACTIVE &&
	    prg_sync_needs_route(road->interface, &row->prefix))
		op.kind = PRG_OP_ROUTE_ADD;
	return prg_plan_add(plan, &op, err);
}

static int drain_rows(struct prg_road *road, const struct prg_pendings *p, struct prg_error *err)
{
	PRG_PLAN *plan = NULL;
	size_t i;
	int rc = prg_plan_new(&plan, err);

	for (i = 0; i < p->n && rc == 0; i++) {
		if (p->rows[i].kind == PRG_PENDING_PEER)
			rc = drain_peer(road, plan, &p->rows[i], err);
		else if (p->rows[i].kind == PRG_PENDING_ROUTE)
			rc = drain_route(road, plan, &p->rows[i], err);
	}
	if (rc < 0)
		return rc;
	prg_plan_order(plan);
	return prg_apply_plan(road, plan, err);
}

int prg_apply_drain(struct prg_road *road, struct prg_error *err)
{
	PRG_PENDINGS p = {0};
	int rc = prg_pendings_snapshot(road, &p, err);

	if (rc < 0 || p.n == 0 || (!road->interface->wanted_up && !p.device))
		return rc;
	if (road->backend == NULL)
		rc = prg_backend_open(road->reg->backend, road->interface->name, &road->backend,
				      err);
	if (rc < 0)
		return rc;
	if (p.device)
		return road->interface->wanted_up ? prg_bring_up(road, &p, err)
						  : prg_bring_down(road, &p, err);
	return drain_rows(road, &p, err);
}
