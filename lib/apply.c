/* SPDX-License-Identifier: ISC */
/* Register to running interface. Whatever is acknowledged clears its pending
 * row; whatever fails keeps it for the next journey. */
#include "apply.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"

void prg_own_alias(const struct prg_store *store, char ret[PRG_OWN_ALIAS_TEXT])
{
	snprintf(ret, PRG_OWN_ALIAS_TEXT, "peerage:%s", prg_store_id(store));
}

int prg_link_not_ours(const struct prg_road *road, const struct prg_link *link,
		      struct prg_error *err)
{
	const char *name = road->interface->name;

	if (strncmp(link->alias, "peerage:", 8) == 0)
		return prg_error_set(
			err, PRG_E_CONFLICT,
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
	return strcmp(link.alias, alias) == 0 ? 0 : prg_link_not_ours(road, &link, err);
}

/* -------------------------------------------------------------- carrying out */

void prg_carried_done(struct prg_carried *o)
{
	free(o->rows);
	free(o->undone);
	free(o->routes);
	free(o->gone);
}

static bool undone(const struct prg_carried *o, int64_t tag)
{
	size_t i;

	for (i = 0; i < o->n_undone; i++)
		if (o->undone[i] == tag)
			return true;
	return false;
}

static void on_done(void *context, const struct prg_op *op, int code)
{
	struct prg_carried *o = context;

	if (code < 0 && op->tag != 0)
		o->undone[o->n_undone++] = op->tag;
	if (code == 0 && op->tag != 0 && !op->more && !undone(o, op->tag))
		o->rows[o->n_rows++] = op->tag;
	if (code == 0 && op->kind == PRG_OP_PEER_REMOVE)
		o->gone[o->n_gone++] = op->peer->public_key;
	if (code < 0 && op->kind == PRG_OP_ROUTE_ADD)
		o->routes[o->n_routes++] = op;
	else if (code < 0)
		o->hard = true;
}

int prg_carry_out(struct prg_road *road, struct prg_plan *plan, struct prg_carried *o,
		  struct prg_error *err)
{
	size_t n = prg_plan_length(plan);
	int rc = prg_apply_identity(road, err);

	o->hard = rc < 0;
	if (rc < 0 || n == 0)
		return rc;
	o->rows = calloc(n, sizeof(*o->rows));
	o->undone = calloc(n, sizeof(*o->undone));
	o->routes = calloc(n, sizeof(const struct prg_op *));
	o->gone = calloc(n, sizeof(*o->gone));
	if (o->rows == NULL || o->undone == NULL || o->routes == NULL || o->gone == NULL)
		return prg_error_nomem(err);
	return prg_backend_apply(road->backend, prg_plan_ops(plan), n, on_done, o, err);
}

void prg_acknowledge(struct prg_road *road, const struct prg_carried *o, const int64_t *rows,
		     size_t n)
{
	struct prg_error late;

	if (prg_store_acknowledge(road->store, road->interface->id, rows, n, o->gone, o->n_gone,
				  &late) < 0)
		prg_report_remark_add(road->report, "done, but not noted as done: %s",
				      late.message);
}

int prg_apply_plan(struct prg_road *road, struct prg_plan *plan, struct prg_error *err)
{
	PRG_CARRIED o = {0};
	int rc = prg_carry_out(road, plan, &o, err);

	prg_acknowledge(road, &o, o.rows, o.n_rows);
	return rc;
}

/* ----------------------------------------------------------- what is pending */

void prg_pendings_done(struct prg_pendings *p)
{
	free(p->rows);
	free(p->ids);
}

int prg_pendings_read(struct prg_road *road, struct prg_pendings *p, struct prg_error *err)
{
	size_t i;
	int rc = prg_store_pending(road->store, road->interface->id, &p->rows, &p->n, err);

	if (rc < 0)
		return rc;
	p->ids = calloc(p->n + 1, sizeof(*p->ids));
	if (p->ids == NULL)
		return prg_error_nomem(err);
	for (i = 0; i < p->n; i++) {
		p->ids[i] = p->rows[i].id;
		p->device |= p->rows[i].kind == PRG_PENDING_DEVICE;
		p->key |= p->rows[i].kind == PRG_PENDING_KEY;
	}
	return 0;
}

int prg_pendings_snapshot(struct prg_road *road, struct prg_pendings *p, struct prg_error *err)
{
	struct prg_interface *fresh = NULL;
	int rc = prg_pendings_read(road, p, err);

	if (rc == 0)
		rc = prg_store_interface(road->store, road->interface->name, &fresh, err);
	if (rc == 0 && fresh->id != road->interface->id) {
		prg_interface_free(&fresh);
		rc = prg_error_set(err, PRG_E_BUSY,
				   "interface %s was replaced meanwhile: try again",
				   road->interface->name);
	}
	if (rc < 0)
		return rc;
	prg_interface_free(&road->interface);
	road->interface = fresh;
	return 0;
}
