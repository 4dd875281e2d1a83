/* SPDX-License-Identifier: ISC */
/* Bringing an interface up, down, and in line: the link, the host around it, the peers. */
#include <string.h>

#include "apply.h"
#include "base/error.h"
#include "host/host.h"

/* The register's own private key runs it: it was imported, or recreated from the
 * config that it was imported from. */
static int has_our_key(struct prg_road *road, bool *ret, struct prg_error *err)
{
	PRG_PRIVATE_KEY key;
	int rc = prg_store_interface_key(road->store, road->interface->id, &key, err);

	return rc < 0 ? rc : prg_adopt_has_key(road->backend, &key, ret, err);
}

static int adopt_or_refuse(struct prg_road *road, const struct prg_link *link, const char *alias,
			   struct prg_error *err)
{
	struct prg_op op = {
		.kind = PRG_OP_LINK, .alias = alias, .up = false, .who = road->interface->name};
	bool free = false;
	int rc;

	if (strcmp(link->alias, alias) == 0)
		return 0;
	if (strncmp(link->alias, "peerage:", 8) == 0)
		return prg_link_not_ours(road, link, err);
	rc = has_our_key(road, &free, err);
	/* a userspace WireGuard's link is made before we come: nobody's while blank */
	if (rc == 0 && !free && link->alias[0] == '\0') {
		free = true;
		rc = prg_sync_blank(road->backend, &free, err);
	}
	if (rc == 0 && !free)
		rc = prg_link_not_ours(road, link, err);
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

/* Isolation and masquerade stand before the first packet can pass. Where none can yet,
 * they are only begun: whoever lets them pass waits with prg_nft_end(). */
static int begin_host(struct prg_road *road, struct prg_error *err)
{
	bool changed;
	int rc;

	if (road->reg->backend == PRG_BACKEND_MEMORY)
		return 0;
	rc = prg_forwarding_enable(road->interface, &changed, on_remark, road, err);
	return rc < 0 ? rc
		      : prg_nft_begin(road->interface, prg_store_id(road->store), &road->listing,
				      &road->firewall, err);
}

static int prepare_host(struct prg_road *road, struct prg_error *err)
{
	int rc = begin_host(road, err);

	return rc < 0 ? rc : prg_nft_end(&road->firewall, err);
}

/* Tables of others that would drop what we let through. All is applied by now:
 * a look that fails is told, and no failure. */
static void look_for_foreign(struct prg_road *road)
{
	struct prg_error failed;
	size_t found;

	if (road->reg->backend != PRG_BACKEND_MEMORY &&
	    prg_foreign_look(road->interface, &road->listing, &found, on_remark, road, &failed) < 0)
		prg_report_remark_add(road->report,
				      "could not look for firewall rules of others: %s",
				      failed.message);
}

/* What prepare_host would change, in the words of a plan. */
static int tell_host(struct prg_road *road, bool *ret_differs, struct prg_error *err)
{
	bool on = true, same = true;
	int rc;

	*ret_differs = false;

	if (road->reg->backend == PRG_BACKEND_MEMORY)
		return 0;
	rc = prg_forwarding_is_on(road->interface, &on, err);
	if (rc == 0 && !on)
		rc = prg_report_configure(road->report, "forwarding", "false", "true", err);
	if (rc == 0)
		rc = prg_nft_is_loaded(road->interface, prg_store_id(road->store), &road->listing,
				       &same, err);
	if (rc == 0 && !same)
		rc = prg_report_configure(road->report, "firewall", "\"missing or altered\"",
					  "\"as registered\"", err);
	*ret_differs = !on || !same;
	return rc;
}

/* Only routes of peers failed: they wait on rows of their own, so that the rest is
 * not done all over again at each change. */
static int keep_routes(struct prg_road *road, const struct prg_carried *o,
		       const struct prg_pendings *p, struct prg_error *err)
{
	size_t i;
	int rc = prg_store_begin(road->store, err);

	for (i = 0; i < o->n_routes && rc == 0; i++) {
		struct prg_pending row = {.kind = PRG_PENDING_ROUTE,
					  .prefix = o->routes[i]->prefix};

		rc = prg_store_pending_add(road->store, road->interface->id, &row, NULL, err);
	}
	if (rc == 0)
		rc = prg_store_pending_clear(road->store, p->ids, p->n, err);
	if (rc == 0)
		rc = prg_store_commit(road->store, err);
	if (rc < 0)
		prg_store_rollback(road->store);
	return rc;
}

/* A load goes on where a peer fails, and remembers the first failure. */
struct loading {
	struct prg_road *road;
	int first;
	struct prg_error why;
};

static int carry_out_page(void *context, struct prg_plan *plan, struct prg_error *err)
{
	struct loading *loading = context;
	PRG_CARRIED o = {0};
	struct prg_error why;
	int rc = prg_carry_out(loading->road, plan, &o, &why);

	if (rc < 0 && loading->first == 0) {
		loading->first = rc;
		loading->why = why;
	}
	return rc < 0 ? prg_apply_identity(loading->road, err) : 0;
}

/* Into an interface that we just made, while the firewall is made ready beside it. What
 * is left then brings it up. */
static int load(struct prg_road *road, struct prg_plan *plan, struct prg_carried *o,
		struct prg_error *err)
{
	struct loading loading = {.road = road};
	int rc = prg_sync_load(road->store, road->backend, road->interface, road->report, plan,
			       carry_out_page, &loading, err);

	if (rc == 0)
		rc = prg_nft_end(&road->firewall, err);
	if (rc < 0) {
		o->hard = true;
		return rc;
	}
	rc = prg_carry_out(road, plan, o, err);
	if (loading.first == 0)
		return rc;
	o->hard = true;
	if (err != NULL)
		*err = loading.why;
	return loading.first;
}

/* Peers that are to be made, and were seen not to be there: their counters begin at
 * zero. It is noted before, for after it nobody could tell. */
static int begin_counters(struct prg_road *road, const struct prg_plan *plan, struct prg_error *err)
{
	const struct prg_op *ops = prg_plan_ops(plan);
	size_t length = prg_plan_length(plan), n = 0, i;
	PRG_FREE struct prg_public_key *keys = calloc(length + 1, sizeof(*keys));

	if (keys == NULL)
		return prg_error_nomem(err);
	for (i = 0; i < length; i++)
		if (ops[i].kind == PRG_OP_PEER_SET && (ops[i].fields & PRG_OF_ABSENT))
			keys[n++] = ops[i].peer->public_key;
	return prg_store_acknowledge(road->store, road->interface->id, NULL, 0, keys, n, err);
}

static int synchronise(struct prg_road *road, unsigned flags, struct prg_plan *plan,
		       struct prg_carried *o, struct prg_error *err)
{
	int rc = prg_sync_plan(road->store, road->backend, road->interface, flags, road->report,
			       plan, err);

	if (rc == 0)
		rc = begin_counters(road, plan, err);
	if (rc == 0)
		return prg_carry_out(road, plan, o, err);
	o->hard = true;
	return rc;
}

/* Of what is pending, removals that nothing was left to do for: they were done before,
 * by somebody who did not come to note it. */
static int keep_gone(struct prg_road *road, struct prg_carried *o, const struct prg_pendings *p,
		     struct prg_error *err)
{
	struct prg_public_key *grown =
		reallocarray(o->gone, o->n_gone + p->n + 1, sizeof(*o->gone));
	size_t i;
	int rc = 0;

	if (grown == NULL)
		return prg_error_nomem(err);
	o->gone = grown;
	for (i = 0; i < p->n && rc == 0; i++) {
		int64_t id = 0;

		if (p->rows[i].goes)
			rc = prg_store_active_by_key(road->store, road->interface->id,
						     &p->rows[i].key, &id, err);
		if (rc == 0 && p->rows[i].goes && id == 0)
			o->gone[o->n_gone++] = p->rows[i].key;
	}
	return rc;
}

/* The whole register to the interface. What was pending when it began is done
 * when it ends; rows that came since stay. */
static int bring_in_line(struct prg_road *road, const struct prg_pendings *p, unsigned flags,
			 bool made, struct prg_error *err)
{
	PRG_PLAN *plan = NULL;
	PRG_CARRIED o = {0};
	bool routes; /* that and no more failed */
	int rc = prg_plan_new(&plan, err);

	if (p->key)
		flags |= PRG_SYNC_KEY;
	if (rc < 0)
		return rc;
	rc = made ? load(road, plan, &o, err) : synchronise(road, flags, plan, &o, err);
	routes = rc < 0 && !o.hard && o.n_routes > 0;
	if (rc == 0 || routes) {
		int kept = keep_gone(road, &o, p, rc == 0 ? err : NULL);

		routes = routes && kept == 0;
		rc = rc < 0 ? rc : kept;
	}
	prg_acknowledge(road, &o, p->ids, rc == 0 ? p->n : 0);
	if (routes && keep_routes(road, &o, p, NULL) < 0)
		prg_report_remark_add(road->report, "what is done could not be noted as done");
	return rc;
}

static unsigned sync_flags(const struct prg_road *road)
{
	unsigned flags = 0;

	if (road->intent->flags & PRG_PRUNE)
		flags |= PRG_SYNC_PRUNE;
	if (road->intent->flags & PRG_REPLACE_KEY)
		flags |= PRG_SYNC_KEY;
	return flags;
}

int prg_bring_up(struct prg_road *road, const struct prg_pendings *p, struct prg_error *err)
{
	unsigned flags = sync_flags(road);
	bool made = false;
	int rc = make_link(road, &made, err);

	if (rc == 0)
		rc = made ? begin_host(road, err) : prepare_host(road, err);
	/* a document's changes are told by the register */
	if (road->intent->verb == PRG_APPLY)
		flags |= PRG_SYNC_QUIET;
	if (rc == 0)
		rc = bring_in_line(road, p, flags, made, err);
	(void)prg_nft_end(&road->firewall, NULL); /* where we never came to it */
	if (rc == 0)
		look_for_foreign(road);
	return rc;
}

int prg_bring_down(struct prg_road *road, const struct prg_pendings *p, struct prg_error *err)
{
	char alias[PRG_OWN_ALIAS_TEXT];
	struct prg_link link;
	uint64_t n_peers = 0;
	int rc = prg_backend_link(road->backend, &link, err);

	prg_own_alias(road->store, alias);
	if (rc == 0 && strcmp(link.alias, alias) != 0)
		return prg_link_not_ours(road, &link, err);
	if (rc == 0)
		rc = prg_store_peer_count(road->store, road->interface->id, PRG_PEER_ACTIVE,
					  &n_peers, err);
	if (rc == 0)
		rc = prg_backend_link_delete(road->backend, n_peers, err);
	else if (rc == PRG_E_NOT_FOUND)
		rc = 0;
	if (rc == 0 && road->reg->backend != PRG_BACKEND_MEMORY)
		rc = prg_nft_remove(road->interface->name, &road->listing, err);
	if (rc == 0)
		prg_acknowledge(road, &(const struct prg_carried){.hard = false}, p->ids, p->n);
	return rc;
}

/* Somebody recorded the opposite since: its rows tell whoever comes next. */
static int overtaken(struct prg_road *road)
{
	prg_report_remark_add(road->report, "interface %s was wanted %s by someone else meanwhile",
			      road->interface->name, road->interface->wanted_up ? "up" : "down");
	return 0;
}

int prg_apply_up(struct prg_road *road, struct prg_error *err)
{
	PRG_PENDINGS p = {0};
	int rc = prg_pendings_snapshot(road, &p, err);

	if (rc < 0)
		return rc;
	return road->interface->wanted_up ? prg_bring_up(road, &p, err) : overtaken(road);
}

int prg_apply_down(struct prg_road *road, struct prg_error *err)
{
	PRG_PENDINGS p = {0};
	int rc = prg_pendings_snapshot(road, &p, err);

	if (rc < 0)
		return rc;
	return road->interface->wanted_up ? overtaken(road) : prg_bring_down(road, &p, err);
}

/* What sync, or up, would do; inside the transaction, which is then undone. */
static int plan_only(struct prg_road *road, struct prg_error *err)
{
	unsigned flags = sync_flags(road) | PRG_SYNC_TELL_KEY;
	PRG_PLAN *plan = NULL;
	PRG_PENDINGS p = {0};
	struct prg_link link;
	bool differs;
	int rc = prg_pendings_read(road, &p, err);

	if (rc == 0)
		rc = prg_plan_new(&plan, err);
	if (rc == 0)
		rc = prg_backend_link(road->backend, &link, err);
	if (rc == PRG_E_NOT_FOUND) {
		flags |= PRG_SYNC_EMPTY;
		rc = 0;
	}
	if (rc == 0 && !(flags & PRG_SYNC_EMPTY) && !road->adopts)
		rc = prg_apply_identity(road, err);
	if (rc == 0)
		rc = prg_sync_plan(road->store, road->backend, road->interface, flags, road->report,
				   plan, err);
	return rc < 0 ? rc : tell_host(road, &differs, err);
}

int prg_apply_sync(struct prg_road *road, struct prg_error *err)
{
	PRG_PENDINGS p = {0};
	bool differs = false;
	int rc;

	if (prg_road_dry(road))
		return plan_only(road, err);
	rc = prg_pendings_snapshot(road, &p, err);
	if (rc < 0)
		return rc;
	if (!road->interface->wanted_up)
		return overtaken(road);
	if (p.device)
		return prg_bring_up(road, &p, err);
	rc = prg_apply_identity(road, err);
	if (rc == 0)
		rc = tell_host(road, &differs, err);
	if (rc == 0 && differs)
		rc = prepare_host(road, err);
	return rc < 0 ? rc : bring_in_line(road, &p, sync_flags(road), false, err);
}
