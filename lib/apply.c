/* SPDX-License-Identifier: ISC */
/* Register to running interface. Whatever is acknowledged clears its pending
 * row; whatever fails keeps it for the next journey. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "engine.h"
#include "host/host.h"
#include "plan/diff.h"

void prg_own_alias(const struct prg_store *store, char ret[PRG_OWN_ALIAS_TEXT])
{
	snprintf(ret, PRG_OWN_ALIAS_TEXT, "peerage:%s", prg_store_id(store));
}

static int not_ours(const struct prg_road *road, const struct prg_link *link,
                    struct prg_error *err)
{
	const char *name = road->interface->name;

	if (strncmp(link->alias, "peerage:", 8) == 0)
		return prg_error_set(err, PRG_E_CONFLICT,
		                     "interface %s belongs to another register (%.40s): use that "
		                     "one, or take the interface away with 'ip link del %s' and run "
		                     "'peerage -i %s up'",
		                     name, link->alias + 8, name, name);
	return prg_error_set(err, PRG_E_CONFLICT,
	                     "interface %s was made by someone else since: take it away with 'ip "
	                     "link del %s' and run 'peerage -i %s up'",
	                     name, name, name);
}

int prg_apply_identity(struct prg_road *road, struct prg_error *err)
{
	char alias[PRG_OWN_ALIAS_TEXT];
	struct prg_link link;
	int rc = prg_backend_link(road->backend, &link, err);

	if (rc == PRG_E_NOT_FOUND)
		return prg_error_set(err, PRG_E_FAILED,
		                     "interface %s is gone: run 'peerage -i %s up'",
		                     road->interface->name, road->interface->name);
	if (rc < 0)
		return rc;
	prg_own_alias(road->store, alias);
	return strcmp(link.alias, alias) == 0 ? 0 : not_ours(road, &link, err);
}

/* -------------------------------------------------------------- carrying out */

struct acknowledged {
	int64_t *rows;
	size_t n;
};

static void on_done(void *context, const struct prg_op *op, int code)
{
	struct acknowledged *a = context;

	if (code == 0 && op->tag != 0)
		a->rows[a->n++] = op->tag;
}

int prg_apply_plan(struct prg_road *road, struct prg_plan *plan, struct prg_error *err)
{
	size_t n = prg_plan_length(plan);
	struct acknowledged a = { 0 };
	struct prg_error late;
	int rc;

	rc = prg_apply_identity(road, err);
	if (rc < 0 || n == 0)
		return rc;
	a.rows = calloc(n, sizeof(*a.rows));
	if (a.rows == NULL)
		return prg_error_nomem(err);
	rc = prg_backend_apply(road->backend, prg_plan_ops(plan), n, on_done, &a, err);
	/* a row that stays is done once more, which is harmless: no reason to fail */
	if (prg_store_pending_clear(road->store, a.rows, a.n, &late) < 0)
		prg_report_remark_add(road->report, "done, but not noted as done: %s",
		                      late.message);
	free(a.rows);
	return rc;
}

/* ------------------------------------------------------------------ up, down */

static int adopt_or_refuse(struct prg_road *road, const struct prg_link *link, const char *alias,
                           struct prg_error *err)
{
	struct prg_op op = { .kind = PRG_OP_LINK, .alias = alias, .up = false,
		             .who = road->interface->name };
	bool blank = true;
	int rc;

	if (strcmp(link->alias, alias) == 0)
		return 0;
	if (link->alias[0] != '\0')
		return not_ours(road, link, err);
	/* a userspace WireGuard's link is made before we come: nobody's while blank */
	rc = prg_sync_blank(road->backend, &blank, err);
	if (rc == 0 && !blank)
		rc = not_ours(road, link, err);
	if (rc == 0)
		rc = prg_backend_apply(road->backend, &op, 1, NULL, NULL, err);
	return rc;
}

static int make_link(struct prg_road *road, bool *ret_made, struct prg_error *err)
{
	char alias[PRG_OWN_ALIAS_TEXT];
	struct prg_link link;
	int rc = prg_backend_link(road->backend, &link, err);

	*ret_made = false;
	prg_own_alias(road->store, alias);
	if (rc == 0)
		return adopt_or_refuse(road, &link, alias, err);
	if (rc != PRG_E_NOT_FOUND)
		return rc;
	*ret_made = true;
	return prg_backend_link_create(road->backend, alias, err);
}

static void on_remark(void *context, const char *line)
{
	struct prg_road *road = context;

	prg_report_remark_add(road->report, "%s", line);
}

/* Isolation and masquerade stand before the first packet can pass. */
static int prepare_host(struct prg_road *road, struct prg_error *err)
{
	bool changed;
	int rc;

	if (road->reg->backend == PRG_BACKEND_MEMORY)
		return 0;
	rc = prg_forwarding_enable(road->interface, &changed, on_remark, road, err);
	return rc < 0 ? rc : prg_nft_apply(road->interface, prg_store_id(road->store), err);
}

/* Tables of others that would drop what we let through. */
static int look_for_foreign(struct prg_road *road, struct prg_error *err)
{
	size_t found;

	if (road->reg->backend == PRG_BACKEND_MEMORY)
		return 0;
	return prg_foreign_check(road->interface, NULL, &found, on_remark, road, err);
}

static int pending_ids(struct prg_road *road, int64_t **ret, size_t *ret_n, bool *ret_device,
                       struct prg_error *err)
{
	PRG_FREE struct prg_pending *rows = NULL;
	int64_t *ids;
	size_t n = 0, i;
	int rc = prg_store_pending(road->store, road->interface->id, &rows, &n, err);

	if (rc < 0)
		return rc;
	ids = calloc(n + 1, sizeof(*ids));
	if (ids == NULL)
		return prg_error_nomem(err);
	*ret_device = false;
	for (i = 0; i < n; i++) {
		ids[i] = rows[i].id;
		*ret_device |= rows[i].kind == PRG_PENDING_DEVICE;
	}
	*ret = ids;
	*ret_n = n;
	return 0;
}

/* The whole register to the interface. What was pending when it began is done
 * when it ends; rows that came since stay. */
static int bring_in_line(struct prg_road *road, unsigned flags, struct prg_error *err)
{
	PRG_FREE int64_t *ids = NULL;
	PRG_PLAN *plan = NULL;
	size_t n = 0;
	bool device = false;
	int rc = pending_ids(road, &ids, &n, &device, err);

	if (rc == 0)
		rc = prg_plan_new(&plan, err);
	if (rc == 0)
		rc = prg_sync_plan(road->store, road->backend, road->interface, flags,
		                   road->report, plan, err);
	if (rc == 0)
		rc = prg_apply_plan(road, plan, err);
	if (rc == 0 && n > 0)
		rc = prg_store_pending_clear(road->store, ids, n, err);
	return rc;
}

static unsigned sync_flags(const struct prg_road *road)
{
	unsigned flags = 0;

	if (road->intent->flags & PRG_PRUNE)
		flags |= PRG_SYNC_PRUNE;
	/* a key that we were told to change, or that an unfinished change left behind */
	if ((road->intent->flags & PRG_REPLACE_KEY) || road->intent->private_key != NULL)
		flags |= PRG_SYNC_KEY;
	return flags;
}

static int up(struct prg_road *road, unsigned flags, struct prg_error *err)
{
	bool made = false;
	int rc = make_link(road, &made, err);

	if (rc == 0)
		rc = prepare_host(road, err);
	if (made)
		flags |= PRG_SYNC_QUIET;
	if (rc == 0)
		rc = bring_in_line(road, flags, err);
	return rc < 0 ? rc : look_for_foreign(road, err);
}

int prg_apply_up(struct prg_road *road, struct prg_error *err)
{
	return up(road, sync_flags(road), err);
}

int prg_apply_down(struct prg_road *road, struct prg_error *err)
{
	PRG_FREE int64_t *ids = NULL;
	char alias[PRG_OWN_ALIAS_TEXT];
	struct prg_link link;
	size_t n = 0;
	bool device;
	int rc = pending_ids(road, &ids, &n, &device, err);

	if (rc < 0)
		return rc;
	rc = prg_backend_link(road->backend, &link, err);
	prg_own_alias(road->store, alias);
	if (rc == 0 && strcmp(link.alias, alias) != 0)
		return not_ours(road, &link, err);
	if (rc == 0)
		rc = prg_backend_link_delete(road->backend, err);
	else if (rc == PRG_E_NOT_FOUND)
		rc = 0;
	if (rc == 0 && road->reg->backend != PRG_BACKEND_MEMORY)
		rc = prg_nft_remove(road->interface->name, err);
	if (rc == 0)
		rc = prg_store_pending_clear(road->store, ids, n, err);
	return rc;
}

/* Nothing to bring in line yet: what up would make. */
static int plan_only(struct prg_road *road, unsigned flags, struct prg_error *err)
{
	PRG_PLAN *plan = NULL;
	struct prg_link link;
	int rc = prg_plan_new(&plan, err);

	if (rc == 0)
		rc = prg_backend_link(road->backend, &link, err);
	if (rc == PRG_E_NOT_FOUND) {
		flags |= PRG_SYNC_EMPTY;
		rc = 0;
	}
	if (rc == 0 && !(flags & PRG_SYNC_EMPTY))
		rc = prg_apply_identity(road, err);
	return rc < 0 ? rc
	              : prg_sync_plan(road->store, road->backend, road->interface, flags,
	                              road->report, plan, err);
}

int prg_apply_sync(struct prg_road *road, struct prg_error *err)
{
	PRG_FREE int64_t *ids = NULL;
	size_t n;
	bool device = false;
	int rc;

	if (prg_road_dry(road))
		return plan_only(road, sync_flags(road), err);
	rc = pending_ids(road, &ids, &n, &device, err);
	if (rc < 0)
		return rc;
	if (device)
		return up(road, sync_flags(road) | PRG_SYNC_KEY, err);
	rc = prg_apply_identity(road, err);
	if (rc == 0)
		rc = prepare_host(road, err);
	return rc < 0 ? rc : bring_in_line(road, sync_flags(road), err);
}

/* ------------------------------------------------------------------ draining */

static int drain_peer(struct prg_road *road, struct prg_plan *plan, const struct prg_pending *row,
                      struct prg_error *err)
{
	PRG_PEER *peer = NULL;
	struct prg_wg_peer wg = { .public_key = row->key };
	char who[PRG_KEY_TEXT + PRG_NAME_BYTES + 8], key[PRG_KEY_TEXT];
	bool active;
	int rc = prg_store_peer_by_key(road->store, road->interface->id, &row->key, &peer, err);

	if (rc < 0 && rc != PRG_E_NOT_FOUND)
		return rc;
	active = peer != NULL && peer->state == PRG_PEER_ACTIVE;
	prg_public_key_format(&row->key, key);
	snprintf(who, sizeof(who), "peer %s", peer ? peer->name : key);
	if (!active)
		return prg_diff_peer(plan, &wg, NULL, 0, row->id, who, NULL, err);
	rc = prg_store_wg_peer(road->store, peer, road->arena, &wg, err);
	return rc < 0 ? rc
	              : prg_diff_peer(plan, NULL, &wg, PRG_DIFF_ASSERT, row->id, who, NULL, err);
}

static int drain_route(struct prg_road *road, struct prg_plan *plan, const struct prg_pending *row,
                       struct prg_error *err)
{
	struct prg_op op = { .kind = PRG_OP_ROUTE_DEL, .tag = row->id, .prefix = row->prefix,
		             .who = road->interface->name };
	PRG_PEER *peer = NULL;
	int rc = prg_store_prefix_holder(road->store, road->interface->id, &row->prefix, &peer,
	                                 err);

	if (rc < 0 && rc != PRG_E_NOT_FOUND)
		return rc;
	if (peer != NULL && peer->state == PRG_PEER_ACTIVE &&
	    prg_sync_needs_route(road->interface, &row->prefix))
		op.kind = PRG_OP_ROUTE_ADD;
	return prg_plan_add(plan, &op, err);
}

static int drain_rows(struct prg_road *road, const struct prg_pending *rows, size_t n,
                      struct prg_error *err)
{
	PRG_PLAN *plan = NULL;
	size_t i;
	int rc = prg_plan_new(&plan, err);

	for (i = 0; i < n && rc == 0; i++)
		rc = rows[i].kind == PRG_PENDING_PEER ? drain_peer(road, plan, &rows[i], err)
		                                      : drain_route(road, plan, &rows[i], err);
	if (rc < 0)
		return rc;
	prg_plan_order(plan);
	return prg_apply_plan(road, plan, err);
}

int prg_apply_drain(struct prg_road *road, struct prg_error *err)
{
	PRG_FREE struct prg_pending *rows = NULL;
	bool device = false;
	size_t n = 0, i;
	int rc = prg_store_pending(road->store, road->interface->id, &rows, &n, err);

	for (i = 0; rc == 0 && i < n; i++)
		device |= rows[i].kind == PRG_PENDING_DEVICE;
	if (rc < 0 || n == 0 || (!road->interface->wanted_up && !device))
		return rc;
	if (road->backend == NULL)
		rc = prg_backend_open(road->reg->backend, road->interface->name, &road->backend,
		                      err);
	if (rc < 0)
		return rc;
	if (device)
		return road->interface->wanted_up ? up(road, PRG_SYNC_KEY, err)
		                                  : prg_apply_down(road, err);
	return drain_rows(road, rows, n, err);
}
