/* SPDX-License-Identifier: ISC */
/* The link itself, its addresses and routes, as registered against as they are. */
#include <string.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "engine.h"
#include "model/addr.h"

#define DEFAULT_MTU 1420 /* drivers/net/wireguard/device.c: ETH_DATA_LEN less 80 */

bool prg_sync_needs_route(const struct prg_interface *interface, const struct prg_prefix *prefix)
{
	size_t i;

	/* the host bits of an own address do not count */
	for (i = 0; i < interface->n_addresses; i++)
		if (prg_prefix_contains(&interface->addresses[i], prefix))
			return false;
	return prefix->length > 0;
}

static bool link_local(const struct prg_prefix *p)
{
	return p->addr.family == 6 && p->addr.bytes[0] == 0xfe && (p->addr.bytes[1] & 0xc0) == 0x80;
}

static char *json_list(const struct prg_prefix *list, size_t n)
{
	PRG_STRBUF buf = { 0 };

	prg_prefix_list_json(&buf, list, n);
	return prg_strbuf_take(&buf);
}

/* One field, from the whole list that is to the whole list that should be. */
static int tell_lists(struct prg_sync_link *s, const char *field, const struct prg_prefix *from,
                      size_t n_from, const struct prg_prefix *to, size_t n_to,
                      struct prg_error *err)
{
	PRG_FREE char *before = json_list(from, n_from), *after = json_list(to, n_to);

	if (before == NULL || after == NULL)
		return prg_error_nomem(err);
	return prg_report_configure(s->report, field, before, after, err);
}

static int plan_one(struct prg_sync_link *s, const struct prg_prefix *prefix, enum prg_op_kind kind,
                    struct prg_error *err)
{
	struct prg_op op = { .kind = kind, .who = s->interface->name, .prefix = *prefix };

	return prg_plan_add(s->plan, &op, err);
}

/* Both lists are sorted in place and merged. */
static int plan_prefixes(struct prg_sync_link *s, const char *field, struct prg_prefix *from, size_t n_from,
                         struct prg_prefix *to, size_t n_to, enum prg_op_kind add,
                         enum prg_op_kind del, struct prg_error *err)
{
	size_t i = 0, j = 0, planned = prg_plan_length(s->plan);
	int rc = 0;

	if (n_from > 1)
		qsort(from, n_from, sizeof(*from), prg_prefix_order);
	if (n_to > 1)
		qsort(to, n_to, sizeof(*to), prg_prefix_order);
	while (rc == 0 && (i < n_from || j < n_to)) {
		int order = i == n_from ? 1
		            : j == n_to ? -1
		                        : prg_prefix_compare(&from[i], &to[j]);

		if (order > 0)
			rc = plan_one(s, &to[j], add, err);
		else if (order < 0 && !link_local(&from[i]))
			rc = plan_one(s, &from[i], del, err);
		i += order <= 0;
		j += order >= 0;
	}
	if (rc < 0 || prg_plan_length(s->plan) == planned)
		return rc;
	return tell_lists(s, field, from, n_from, to, n_to, err);
}

/* With the last IPv4 address of a link the kernel takes all its IPv4 routes away:
 * where an address goes, those that should stay are asked for again. */
static int plan_flushed(struct prg_sync_link *s, const struct prg_prefix *routes, size_t n_routes,
                        const struct prg_prefix *wanted, size_t n_wanted, struct prg_error *err)
{
	const struct prg_op *ops = prg_plan_ops(s->plan);
	bool goes = false;
	size_t i;
	int rc = 0;

	for (i = 0; i < prg_plan_length(s->plan); i++)
		goes |= ops[i].kind == PRG_OP_ADDRESS_DEL && ops[i].prefix.addr.family == 4;
	for (i = 0; goes && i < n_wanted && rc == 0; i++)
		if (wanted[i].addr.family == 4 && n_routes > 0 &&
		    bsearch(&wanted[i], routes, n_routes, sizeof(*routes), prg_prefix_order) != NULL)
			rc = plan_one(s, &wanted[i], PRG_OP_ROUTE_ADD, err);
	return rc;
}

int prg_sync_link(struct prg_sync_link *s, struct prg_backend *backend, struct prg_error *err)
{
	PRG_FREE struct prg_prefix *addresses = NULL, *own = NULL, *routes = NULL;
	size_t n_addresses = 0, n_own = 0, n_routes = 0;
	struct prg_op op = { .kind = PRG_OP_LINK, .who = s->interface->name, .up = true };
	struct prg_link link = { .mtu = 0 };
	uint32_t mtu = s->interface->mtu ? s->interface->mtu : DEFAULT_MTU;
	bool fresh = s->fresh;
	int rc = 0;

	if (!fresh)
		rc = prg_backend_link(backend, &link, err);
	if (rc == 0 && !fresh)
		rc = prg_backend_addresses(backend, &addresses, &n_addresses, err);
	if (rc == 0 && !fresh)
		rc = prg_backend_routes(backend, &routes, &n_routes, err);
	/* a fresh link has the default already */
	if (rc == 0 && link.mtu != mtu && (!fresh || s->interface->mtu != 0)) {
		op.mtu = mtu;
		rc = prg_report_number(s->report, "mtu", link.mtu, op.mtu, err);
	}
	if (rc == 0 && !link.up)
		rc = prg_report_configure(s->report, "up", "false", "true", err);
	if (rc == 0 && (op.mtu != 0 || !link.up))
		rc = prg_plan_add(s->plan, &op, err);
	if (rc == 0)
		rc = prg_list_replace(&own, &n_own, s->interface->addresses,
		                      s->interface->n_addresses, sizeof(*own), err);
	if (rc == 0)
		rc = plan_prefixes(s, "addresses", addresses, n_addresses, own, n_own,
		                   PRG_OP_ADDRESS_ADD, PRG_OP_ADDRESS_DEL, err);
	if (rc == 0)
		rc = plan_prefixes(s, "routes", routes, n_routes, s->routes, s->n_routes,
		                   PRG_OP_ROUTE_ADD, PRG_OP_ROUTE_DEL, err);
	if (rc == 0)
		rc = plan_flushed(s, routes, n_routes, s->routes, s->n_routes, err);
	return rc;
}
