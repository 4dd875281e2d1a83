/* SPDX-License-Identifier: ISC */
/*
 * The whole register against a streamed observation. What is desired is loaded
 * once into a table by key; each observed peer is looked up, compared and
 * forgotten. Only what was seen is ever removed, so that an interrupted dump
 * cannot lead to a deletion.
 */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "engine.h"
#include "model/addr.h"
#include "plan/diff.h"

#define DEFAULT_MTU 1420 /* drivers/net/wireguard/device.c: ETH_DATA_LEN less 80 */

struct wanted {
	struct prg_wg_peer wg; /* allowed_ips and key: in the table's own memory */
	char *name;
	bool seen;
};

struct table {
	struct wanted *rows;
	size_t n, capacity;
	uint32_t *slots; /* index + 1 */
	size_t n_slots;
	struct prg_arena *secrets;
};

struct sync {
	struct prg_store *store;
	const struct prg_interface *interface;
	unsigned flags;
	struct prg_report *report;
	struct prg_plan *plan;     /* filled anew after a restart */
	struct prg_private_key key; /* the register's */
	struct table table;
	struct prg_report_mark mark; /* what was told before we began */
	bool key_differs;
	bool interrupted;
};

static void table_done(struct table *t)
{
	size_t i;

	for (i = 0; i < t->n; i++) {
		free((void *)(uintptr_t)t->rows[i].wg.allowed_ips);
		free(t->rows[i].name);
	}
	free(t->rows);
	free(t->slots);
	prg_arena_free(&t->secrets);
}

static int table_keep(void *context, int64_t id, const char *name, const struct prg_wg_peer *peer,
                      struct prg_error *err)
{
	struct table *t = context;
	struct wanted *row;
	struct prg_prefix *ips = NULL;
	struct prg_preshared_key *psk = NULL;

	(void)id;
	if (t->n == t->capacity) {
		size_t capacity = t->capacity ? t->capacity * 2 : 64;
		struct wanted *rows = reallocarray(t->rows, capacity, sizeof(*rows));

		if (rows == NULL)
			return prg_error_nomem(err);
		t->rows = rows;
		t->capacity = capacity;
	}
	row = &t->rows[t->n];
	*row = (struct wanted){ .wg = *peer, .name = strdup(name) };
	if (peer->n_allowed_ips > 0) {
		ips = malloc(peer->n_allowed_ips * sizeof(*ips));
		if (ips != NULL)
			memcpy(ips, peer->allowed_ips, peer->n_allowed_ips * sizeof(*ips));
	}
	row->wg.allowed_ips = ips;
	if (peer->preshared_key != NULL) {
		psk = prg_arena_take(t->secrets, sizeof(*psk));
		if (psk != NULL)
			*psk = *peer->preshared_key;
	}
	row->wg.preshared_key = psk;
	t->n++;
	if (row->name == NULL || (peer->n_allowed_ips > 0 && ips == NULL) ||
	    (peer->preshared_key != NULL && psk == NULL))
		return prg_error_nomem(err);
	return 0;
}

/* Public keys are uniform: their own bytes are the hash. */
static size_t slot_of(const struct table *t, const struct prg_public_key *key)
{
	size_t hash, at;

	memcpy(&hash, key->bytes, sizeof(hash));
	at = hash % t->n_slots;
	while (t->slots[at] != 0 && memcmp(&t->rows[t->slots[at] - 1].wg.public_key, key,
	                                   sizeof(*key)) != 0)
		at = (at + 1) % t->n_slots;
	return at;
}

static int table_load(struct sync *s, struct prg_error *err)
{
	struct table *t = &s->table;
	size_t i;
	int rc = prg_arena_new(&t->secrets, err);

	if (rc == 0)
		rc = prg_store_each_wg(s->store, s->interface->id, table_keep, t, err);
	if (rc < 0)
		return rc;
	t->n_slots = 2 * t->n + 1;
	t->slots = calloc(t->n_slots, sizeof(*t->slots));
	if (t->slots == NULL)
		return prg_error_nomem(err);
	for (i = 0; i < t->n; i++)
		t->slots[slot_of(t, &t->rows[i].wg.public_key)] = (uint32_t)i + 1;
	return 0;
}

static struct wanted *table_find(const struct table *t, const struct prg_public_key *key)
{
	size_t at = slot_of(t, key);

	return t->slots[at] ? &t->rows[t->slots[at] - 1] : NULL;
}

/* ----------------------------------------------------------------- observing */

static int plan_device(struct sync *s, unsigned fields, struct prg_error *err)
{
	struct prg_wg_device device = { .listen_port = s->interface->listen_port };
	struct prg_op op = { .kind = PRG_OP_DEVICE, .fields = fields, .who = s->interface->name,
		             .device = &device };
	int rc;

	device.private_key = s->key;
	device.has_private_key = true;
	device.public_key = s->interface->public_key;
	rc = prg_plan_add(s->plan, &op, err);
	prg_wipe(&device, sizeof(device));
	return rc;
}

static int tell_number(struct sync *s, const char *field, unsigned from, unsigned to,
                       struct prg_error *err)
{
	char a[16], b[16];

	snprintf(a, sizeof(a), from ? "%u" : "null", from);
	snprintf(b, sizeof(b), "%u", to);
	return prg_report_configure(s->report, field, a, b, err);
}

static int tell_key(struct sync *s, const struct prg_wg_device *device, struct prg_error *err)
{
	char from[PRG_KEY_TEXT + 2] = "null", to[PRG_KEY_TEXT + 2] = "\"";

	if (device != NULL && device->has_private_key) {
		from[0] = '"';
		prg_public_key_format(&device->public_key, from + 1);
		strcat(from, "\"");
	}
	prg_public_key_format(&s->interface->public_key, to + 1);
	strcat(to, "\"");
	return prg_report_configure(s->report, "public_key", from, to, err);
}

static int on_device(void *context, const struct prg_wg_device *device, struct prg_error *err)
{
	struct sync *s = context;
	bool same = device->has_private_key &&
	            sodium_memcmp(device->private_key.bytes, s->key.bytes, PRG_KEY_BYTES) == 0;
	unsigned fields = 0;
	int rc = 0;

	s->key_differs = device->has_private_key && !same;
	if (!same && (!device->has_private_key ||
	              (s->flags & (PRG_SYNC_KEY | PRG_SYNC_TELL_KEY)))) {
		fields |= PRG_OF_PRIVATE_KEY;
		rc = tell_key(s, device, err);
	}
	if (rc == 0 && device->listen_port != s->interface->listen_port) {
		fields |= PRG_OF_LISTEN_PORT;
		rc = tell_number(s, "listen_port", device->listen_port, s->interface->listen_port,
		                 err);
	}
	return rc == 0 && fields != 0 ? plan_device(s, fields, err) : rc;
}

/* Not an active peer's key: whose then? */
static int on_stranger(struct sync *s, const struct prg_wg_peer *peer, struct prg_error *err)
{
	PRG_PEER *known = NULL;
	bool revoked = false;
	char key[PRG_KEY_TEXT], who[PRG_NAME_BYTES + 16];
	int rc = prg_store_peer_by_key(s->store, s->interface->id, &peer->public_key, &known,
	                               err);

	if (rc == PRG_E_NOT_FOUND)
		rc = prg_store_key_is_revoked(s->store, s->interface->id, &peer->public_key,
		                              &revoked, err);
	if (rc < 0)
		return rc;
	/* made active after the table was loaded: its own journey sees to it */
	if (known != NULL && known->state == PRG_PEER_ACTIVE)
		return 0;
	if (known == NULL && !revoked && !(s->flags & PRG_SYNC_PRUNE))
		return prg_report_add_left_over(s->report, &peer->public_key, err);
	prg_public_key_format(&peer->public_key, key);
	snprintf(who, sizeof(who), "peer %s", known ? known->name : key);
	rc = prg_diff_peer(s->plan, peer, NULL, 0, 0, who, NULL, err);
	if (rc == 0)
		rc = prg_report_peer_change(s->report, known ? known->name : NULL, peer, NULL, 0,
		                            err);
	return rc;
}

static int on_peer(void *context, const struct prg_wg_peer *peer, struct prg_error *err)
{
	struct sync *s = context;
	struct wanted *row = table_find(&s->table, &peer->public_key);
	char who[PRG_NAME_BYTES + 8];
	unsigned fields = 0;
	int rc;

	if (row == NULL)
		return on_stranger(s, peer, err);
	row->seen = true;
	snprintf(who, sizeof(who), "peer %s", row->name);
	rc = prg_diff_peer(s->plan, peer, &row->wg, 0, 0, who, &fields, err);
	if (rc == 0 && fields != 0)
		rc = prg_report_peer_change(s->report, row->name, peer, &row->wg, fields, err);
	return rc;
}

static void on_restart(void *context)
{
	struct sync *s = context;
	size_t i;

	for (i = 0; i < s->table.n; i++)
		s->table.rows[i].seen = false;
	prg_report_reset(s->report, &s->mark);
	prg_plan_clear(s->plan);
}

static int plan_missing(struct sync *s, struct prg_error *err)
{
	char who[PRG_NAME_BYTES + 8];
	size_t i;
	int rc = 0;

	for (i = 0; i < s->table.n && rc == 0; i++) {
		struct wanted *row = &s->table.rows[i];
		unsigned fields = 0;

		if (row->seen)
			continue;
		snprintf(who, sizeof(who), "peer %s", row->name);
		/* one that was not seen may be there all the same */
		rc = prg_diff_peer(s->plan, NULL, &row->wg, s->interrupted ? PRG_DIFF_ASSERT : 0, 0,
		                   who, &fields, err);
		if (rc == 0 && !(s->flags & PRG_SYNC_QUIET))
			rc = prg_report_peer_change(s->report, row->name, NULL, &row->wg, fields,
			                            err);
	}
	return rc;
}

/* ----------------------------------------------------- link, addresses, routes */

bool prg_sync_needs_route(const struct prg_interface *interface, const struct prg_prefix *prefix)
{
	size_t i;

	for (i = 0; i < interface->n_addresses; i++) {
		struct prg_prefix pool = prg_prefix_network(&interface->addresses[i]);

		if (prg_prefix_contains(&pool, prefix))
			return false;
	}
	return prefix->length > 0;
}

static bool link_local(const struct prg_prefix *p)
{
	return p->addr.family == 6 && p->addr.bytes[0] == 0xfe && (p->addr.bytes[1] & 0xc0) == 0x80;
}

static char *json_list(const struct prg_prefix *list, size_t n)
{
	PRG_STRBUF buf = { 0 };

	prg_strbuf_puts(&buf, n ? "[\"" : "[");
	prg_prefix_list_format(&buf, list, n, "\",\"");
	prg_strbuf_puts(&buf, n ? "\"]" : "]");
	return prg_strbuf_take(&buf);
}

/* One field, from the whole list that is to the whole list that should be. */
static int tell_lists(struct sync *s, const char *field, const struct prg_prefix *from,
                      size_t n_from, const struct prg_prefix *to, size_t n_to,
                      struct prg_error *err)
{
	PRG_FREE char *before = json_list(from, n_from), *after = json_list(to, n_to);

	if (before == NULL || after == NULL)
		return prg_error_nomem(err);
	return prg_report_configure(s->report, field, before, after, err);
}

static int plan_one(struct sync *s, const struct prg_prefix *prefix, enum prg_op_kind kind,
                    struct prg_error *err)
{
	struct prg_op op = { .kind = kind, .who = s->interface->name, .prefix = *prefix };

	return prg_plan_add(s->plan, &op, err);
}

/* Both lists are sorted in place and merged. */
static int plan_prefixes(struct sync *s, const char *field, struct prg_prefix *from, size_t n_from,
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
static int plan_flushed(struct sync *s, const struct prg_prefix *routes, size_t n_routes,
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

/* Every allowed IP that the host must route to the interface. */
static int wanted_routes(struct sync *s, struct prg_prefix **ret, size_t *ret_n,
                         struct prg_error *err)
{
	struct prg_prefix *routes = NULL;
	size_t n = 0, capacity = 0, i, j;

	for (i = 0; i < s->table.n; i++) {
		const struct prg_wg_peer *wg = &s->table.rows[i].wg;

		for (j = 0; j < wg->n_allowed_ips; j++) {
			if (!prg_sync_needs_route(s->interface, &wg->allowed_ips[j]))
				continue;
			if (n == capacity) {
				struct prg_prefix *grown;

				capacity = capacity ? capacity * 2 : 16;
				grown = reallocarray(routes, capacity, sizeof(*grown));
				if (grown == NULL) {
					free(routes);
					return prg_error_nomem(err);
				}
				routes = grown;
			}
			routes[n++] = wg->allowed_ips[j];
		}
	}
	*ret = routes;
	*ret_n = n;
	return 0;
}

static int plan_link(struct sync *s, struct prg_backend *backend, struct prg_error *err)
{
	PRG_FREE struct prg_prefix *addresses = NULL, *own = NULL, *routes = NULL, *wanted = NULL;
	size_t n_addresses = 0, n_own = 0, n_routes = 0, n_wanted = 0;
	struct prg_op op = { .kind = PRG_OP_LINK, .who = s->interface->name, .up = true };
	struct prg_link link = { .mtu = 0 };
	uint32_t mtu = s->interface->mtu ? s->interface->mtu : DEFAULT_MTU;
	bool fresh = s->flags & PRG_SYNC_EMPTY;
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
		rc = tell_number(s, "mtu", link.mtu, op.mtu, err);
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
		rc = wanted_routes(s, &wanted, &n_wanted, err);
	if (rc == 0)
		rc = plan_prefixes(s, "routes", routes, n_routes, wanted, n_wanted,
		                   PRG_OP_ROUTE_ADD, PRG_OP_ROUTE_DEL, err);
	if (rc == 0)
		rc = plan_flushed(s, routes, n_routes, wanted, n_wanted, err);
	return rc;
}

static int foreign_key(const struct sync *s, struct prg_error *err)
{
	return prg_error_set(err, PRG_E_CONFLICT,
	                     "the private key of %s is not the register's: somebody changed it, and "
	                     "no client of the register can connect; 'peerage -i %s sync -y' puts "
	                     "it back",
	                     s->interface->name, s->interface->name);
}

static int observe(struct sync *s, struct prg_backend *backend, struct prg_error *err)
{
	const struct prg_observer observer = {
		.context = s, .device = on_device, .peer = on_peer, .restart = on_restart
	};
	struct prg_wg_device none = { .listen_port = 0 };
	int rc;

	if (s->flags & PRG_SYNC_EMPTY)
		return on_device(s, &none, err);
	rc = prg_backend_observe(backend, &observer, &s->interrupted, err);
	if (rc == 0 && s->interrupted)
		prg_report_remark_add(s->report,
		                      "interface %s was being changed all the time by someone else: "
		                      "run 'peerage sync' again when it is quiet",
		                      s->interface->name);
	if (rc == 0 && s->key_differs && !(s->flags & (PRG_SYNC_KEY | PRG_SYNC_TELL_KEY)))
		rc = foreign_key(s, err);
	return rc;
}

int prg_sync_plan(struct prg_store *store, struct prg_backend *backend,
                  const struct prg_interface *interface, unsigned flags,
                  struct prg_report *report, struct prg_plan *plan, struct prg_error *err)
{
	struct sync s = { .store = store, .interface = interface, .flags = flags,
		          .report = report, .plan = plan,
		          .mark = prg_report_mark(report) };
	int rc = prg_store_interface_key(store, interface->id, &s.key, err);

	if (rc == 0)
		rc = table_load(&s, err);
	if (rc == 0)
		rc = observe(&s, backend, err);
	if (rc == 0)
		rc = plan_missing(&s, err);
	if (rc == 0)
		rc = plan_link(&s, backend, err);
	if (rc == 0)
		prg_plan_order(plan);
	prg_wipe(&s.key, sizeof(s.key));
	table_done(&s.table);
	return rc;
}

static int blank_device(void *context, const struct prg_wg_device *device, struct prg_error *err)
{
	(void)err;
	*(bool *)context = !device->has_private_key;
	return 0;
}

static int blank_peer(void *context, const struct prg_wg_peer *peer, struct prg_error *err)
{
	(void)peer;
	(void)err;
	*(bool *)context = false;
	return 0;
}

int prg_sync_blank(struct prg_backend *backend, bool *ret_blank, struct prg_error *err)
{
	const struct prg_observer observer = { .context = ret_blank, .device = blank_device,
		                               .peer = blank_peer };
	bool interrupted;

	return prg_backend_observe(backend, &observer, &interrupted, err);
}
