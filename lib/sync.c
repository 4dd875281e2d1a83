/* SPDX-License-Identifier: ISC */
/*
 * The whole register against an observation. What the register expects is a list of
 * digests (expected.h); a peer that is seen just as expected is done with at once, and
 * no row of it is read. What is seen otherwise is packed (observed.h), and compared
 * with the rows of those that were not met when all has been seen. Only what was seen
 * is ever removed, so that an interrupted dump cannot lead to a deletion.
 *
 * Whoever mostly finds that nothing differs asks for sums first: a look that adds up
 * digests, and where the sum is what is expected that is all. Else there is a second
 * look, peer by peer, just as after a dump that was interrupted.
 */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/parallel.h"
#include "engine.h"
#include "expected.h"
#include "model/addr.h"
#include "observed.h"
#include "plan/diff.h"

#define FEW_PEERS 104    /* of a load, that are planned at once: a message of 16 KB */
#define MOST_PEERS 832   /* eight */
#define GAP 32           /* rows that are stepped over sooner than left out by a new query */

struct sync {
	struct prg_store *store;
	const struct prg_interface *interface;
	unsigned flags;
	const struct prg_sync_watch *watch; /* NULL: nobody looks on */
	struct prg_report *report;
	struct prg_plan *plan;     /* filled anew after a restart */
	struct prg_private_key key; /* the register's */
	struct prg_expected expected; /* what should be there */
	struct prg_observed seen;     /* what is there and not as expected */
	struct {
		struct prg_prefix *list;
		size_t n, capacity;
	} routes; /* allowed IPs that the host must route */
	struct prg_report_mark mark; /* what was told before we began */
	bool key_differs;
	bool interrupted;
};

static int sync_begin(struct sync *s, struct prg_error *err)
{
	s->mark = prg_report_mark(s->report);
	return prg_store_interface_key(s->store, s->interface->id, &s->key, err);
}

static void sync_done(struct sync *s)
{
	prg_wipe(&s->key, sizeof(s->key));
	prg_expected_done(&s->expected);
	prg_observed_done(&s->seen);
	free(s->routes.list);
}
#define SYNC PRG_CLEANUP(sync_done) struct sync

/* Are differences told, instead of planned and reported? */
static bool tells(const struct sync *s)
{
	return s->watch != NULL && s->watch->differs != NULL;
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
		rc = prg_report_number(s->report, "listen_port", device->listen_port,
		                       s->interface->listen_port, err);
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
	/* made active after the register went by: its own journey sees to it */
	if (known != NULL && known->state == PRG_PEER_ACTIVE)
		return 0;
	if (tells(s)) {
		struct prg_sync_difference d = { .registered = known != NULL || revoked,
			                         .state = PRG_PEER_REVOKED, .from = peer };

		if (known != NULL) {
			d.id = known->id;
			d.name = known->name;
			d.state = known->state;
		}
		return s->watch->differs(s->watch->context, &d, err);
	}
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

/* ---------------------------------------------------------------- the register */

static int keep_routes(struct sync *s, const struct prg_wg_peer *peer, struct prg_error *err)
{
	size_t i;

	for (i = 0; i < peer->n_allowed_ips; i++) {
		if (!prg_sync_needs_route(s->interface, &peer->allowed_ips[i]))
			continue;
		if (s->routes.n == s->routes.capacity) {
			size_t capacity = s->routes.capacity ? s->routes.capacity * 2 : 16;
			struct prg_prefix *grown =
				reallocarray(s->routes.list, capacity, sizeof(*grown));

			if (grown == NULL)
				return prg_error_nomem(err);
			s->routes.list = grown;
			s->routes.capacity = capacity;
		}
		s->routes.list[s->routes.n++] = peer->allowed_ips[i];
	}
	return 0;
}

/* from NULL: it was not seen. */
static int compare(struct sync *s, const struct prg_wg_peer *from, const struct prg_wg_row *row,
                   struct prg_error *err)
{
	char name[PRG_NAME_BYTES + 1], who[PRG_NAME_BYTES + 8];
	/* one that was not seen may be there all the same */
	unsigned fields = 0, flags = from == NULL && s->interrupted ? PRG_DIFF_ASSERT : 0;
	int rc;

	if (tells(s) && flags != 0)
		return 0;
	rc = prg_diff_peer(NULL, from, row->peer, flags, 0, NULL, &fields, err);
	if (rc < 0 || fields == 0)
		return rc;
	rc = prg_store_peer_name(s->store, row->id, name, err);
	if (rc < 0)
		return rc;
	if (tells(s)) {
		const struct prg_sync_difference d = { .id = row->id, .name = name,
			                               .state = PRG_PEER_ACTIVE,
			                               .registered = true, .from = from,
			                               .to = row->peer, .fields = fields };

		return s->watch->differs(s->watch->context, &d, err);
	}
	snprintf(who, sizeof(who), "peer %s", name);
	rc = prg_diff_peer(s->plan, from, row->peer, flags, 0, who, NULL, err);
	if (rc < 0 || (from == NULL && (s->flags & PRG_SYNC_QUIET)))
		return rc;
	return prg_report_peer_change(s->report, name, from, row->peer, fields, err);
}

/* One that was not seen as expected: maybe otherwise. */
static int look_back(struct sync *s, const struct prg_wg_row *row, struct prg_error *err)
{
	struct prg_observed_row *seen = NULL;
	struct prg_wg_peer from;
	int rc = prg_observed_find(&s->seen, &row->peer->public_key, &seen, err);

	if (rc < 0)
		return rc;
	if (seen == NULL)
		return compare(s, NULL, row, err);
	seen->met = true;
	rc = prg_observed_peer(&s->seen, seen, &from, err);
	return rc < 0 ? rc : compare(s, &from, row, err);
}

static int on_peer(void *context, const struct prg_wg_peer *peer, struct prg_error *err)
{
	struct sync *s = context;
	bool met = false;
	int rc = s->watch != NULL ? s->watch->seen(s->watch->context, peer, err) : 0;

	if (rc == 0 && s->expected.sums)
		return prg_expected_count(&s->expected, peer, err);
	if (rc == 0)
		rc = prg_expected_meet(&s->expected, peer, &met, err);
	return rc < 0 || met ? rc : prg_observed_add(&s->seen, peer, true, err);
}

static void on_restart(void *context)
{
	struct sync *s = context;

	prg_expected_restart(&s->expected);
	prg_observed_clear(&s->seen);
	prg_report_reset(s->report, &s->mark);
	prg_plan_clear(s->plan);
	if (s->watch != NULL)
		s->watch->restart(s->watch->context);
}

/* The next that needs a look at its row, from i on. */
static size_t next_wanted(const struct sync *s, size_t i)
{
	const struct prg_expected_peer *peers = s->expected.peers;

	while (i < s->expected.n && peers[i].met && !peers[i].route)
		i++;
	return i;
}

static int plan_row(struct sync *s, const struct prg_expected_peer *peer,
                    const struct prg_wg_row *row, struct prg_error *err)
{
	int rc = keep_routes(s, row->peer, err);

	return rc == 0 && !peer->met ? look_back(s, row, err) : rc;
}

/* Peer *i of those expected, and those behind it while they are near: *i moves on. A row
 * that is gone by now, or new, is left to its own journey. */
static int plan_run(struct sync *s, size_t *i, struct prg_error *err)
{
	const struct prg_expected_peer *peers = s->expected.peers;
	PRG_WG_ROWS *rows = NULL;
	const struct prg_wg_row *row = NULL;
	size_t n = s->expected.n, last = *i;
	int rc = prg_store_wg_open(s->store, s->interface->id, peers[*i].id - 1, SIZE_MAX, false,
	                           &rows, err);

	while (rc == 0 && *i < n && *i - last <= GAP) {
		rc = prg_store_wg_next(rows, &row, err);
		if (rc < 0 || row == NULL)
			break;
		while (*i < n && peers[*i].id < row->id)
			*i = next_wanted(s, *i + 1);
		if (*i == n || peers[*i].id > row->id)
			continue;
		rc = plan_row(s, &peers[*i], row, err);
		last = *i;
		*i = next_wanted(s, last + 1);
	}
	if (row == NULL)
		*i = n;
	return rc;
}

/* What the dump left of what was expected, and what needs routes. */
static int plan_rest(struct sync *s, struct prg_error *err)
{
	size_t i = next_wanted(s, 0);
	int rc = 0;

	while (rc == 0 && i < s->expected.n)
		rc = plan_run(s, &i, err);
	return rc;
}

static int plan_strangers(struct sync *s, struct prg_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < s->seen.n && rc == 0; i++) {
		struct prg_wg_peer peer;

		if (prg_observed_row(&s->seen, i)->met)
			continue;
		rc = prg_observed_peer(&s->seen, prg_observed_row(&s->seen, i), &peer, err);
		if (rc == 0)
			rc = on_stranger(s, &peer, err);
	}
	return rc;
}

static int sync_link(struct sync *s, struct prg_backend *backend, struct prg_error *err)
{
	struct prg_sync_link link = { .interface = s->interface,
		                      .report = s->report,
		                      .plan = s->plan,
		                      .routes = s->routes.list,
		                      .n_routes = s->routes.n,
		                      .fresh = s->flags & PRG_SYNC_EMPTY };

	return prg_sync_link(&link, backend, err);
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
	if (rc == 0 && s->key_differs && !(s->flags & (PRG_SYNC_KEY | PRG_SYNC_TELL_KEY)))
		rc = foreign_key(s, err);
	return rc;
}

/* One look, by sums or peer by peer. */
static int look(struct sync *s, struct prg_backend *backend, bool sums, struct prg_error *err)
{
	int rc = prg_expected_read(&s->expected, s->store, s->interface, sums, err);

	return rc == 0 ? observe(s, backend, err) : rc;
}

static int plan_all(struct sync *s, struct prg_backend *backend, struct prg_error *err)
{
	bool sums = s->flags & PRG_SYNC_SUMS;
	int rc = sync_begin(s, err);

	if (rc == 0)
		rc = look(s, backend, sums, err);
	if (rc == 0 && sums && !prg_expected_all_met(&s->expected)) {
		on_restart(s);
		prg_expected_done(&s->expected);
		rc = look(s, backend, false, err);
	}
	if (rc == 0 && s->interrupted)
		prg_report_remark_add(s->report,
		                      "interface %s was being changed all the time by someone else: "
		                      "run 'peerage sync' again when it is quiet",
		                      s->interface->name);
	if (rc == 0)
		rc = plan_rest(s, err);
	if (rc == 0)
		rc = plan_strangers(s, err);
	return rc == 0 ? sync_link(s, backend, err) : rc;
}

int prg_sync_plan(struct prg_store *store, struct prg_backend *backend,
                  const struct prg_interface *interface, unsigned flags,
                  struct prg_report *report, struct prg_plan *plan, struct prg_error *err)
{
	SYNC s = { .store = store, .interface = interface, .flags = flags, .report = report,
		   .plan = plan };
	int rc = plan_all(&s, backend, err);

	if (rc == 0)
		prg_plan_order(plan);
	return rc;
}

int prg_sync_watch(struct prg_store *store, struct prg_backend *backend,
                   const struct prg_interface *interface, const struct prg_sync_watch *watch,
                   struct prg_report *report, struct prg_plan *plan, bool *ret_interrupted,
                   struct prg_error *err)
{
	SYNC s = { .store = store, .interface = interface,
		   .flags = PRG_SYNC_TELL_KEY | PRG_SYNC_SUMS,
		   .watch = watch, .report = report, .plan = plan };
	int rc = plan_all(&s, backend, err);

	if (rc == 0)
		*ret_interrupted = s.interrupted;
	return rc;
}

int prg_sync_in_line(struct prg_store *store, struct prg_backend *backend,
                     const struct prg_interface *interface, bool *ret_in_line,
                     struct prg_error *err)
{
	PRG_REPORT *report = NULL;
	PRG_PLAN *plan = NULL;
	int rc = prg_report_new(&report, err);

	if (rc == 0)
		rc = prg_plan_new(&plan, err);
	if (rc == 0)
		rc = prg_sync_plan(store, backend, interface,
		                   PRG_SYNC_TELL_KEY | PRG_SYNC_PRUNE | PRG_SYNC_SUMS, report, plan,
		                   err);
	if (rc == 0)
		*ret_in_line = prg_plan_length(plan) == 0 && prg_report_n_remarks(report) == 0;
	return rc;
}

/* --------------------------------------------------------------- a first load */

/* Peers on their way to the kernel, which takes far longer over them than we over the
 * next: those are read and planned beside it. */
struct page {
	struct prg_plan *plan;
	prg_sync_apply_fn *apply;
	void *context;
	struct prg_beside beside;
};

static int send_page(void *context, struct prg_error *err)
{
	const struct page *page = context;

	return page->apply(page->context, page->plan, err);
}

/* Plans at most `limit` peers behind *id, which moves on; *ret_n: how many they were. */
static int load_page(struct sync *s, size_t limit, int64_t *id, size_t *ret_n,
                     struct prg_error *err)
{
	PRG_WG_ROWS *rows = NULL;
	const struct prg_wg_row *row;
	char who[PRG_NAME_BYTES + 8] = "peer ";
	int rc = prg_store_wg_open(s->store, s->interface->id, *id, limit, true, &rows, err);

	*ret_n = 0;
	while (rc == 0 && (rc = prg_store_wg_next(rows, &row, err)) == 0 && row != NULL) {
		*id = row->id;
		(*ret_n)++;
		strcpy(who + strlen("peer "), row->name);
		rc = keep_routes(s, row->peer, err);
		if (rc == 0)
			rc = prg_diff_peer(s->plan, NULL, row->peer, 0, 0, who, NULL, err);
	}
	return rc;
}

/* Page by page, in turn into the caller's plan and that of `page`. The first is small, for
 * the kernel waits for it; each is read while it is busy with the one before. */
static int load_pages(struct sync *s, struct page *page, struct prg_error *err)
{
	int64_t id = 0;
	size_t limit = FEW_PEERS, asked, n;
	int rc, sent;

	do {
		struct prg_plan *spare = page->plan;

		asked = limit;
		limit = limit < MOST_PEERS ? 2 * limit : limit;
		prg_plan_clear(s->plan);
		rc = load_page(s, asked, &id, &n, err);
		prg_store_shrink(s->store);
		sent = prg_beside_wait(&page->beside, rc == 0 ? err : NULL);
		if (rc == 0)
			rc = sent;
		page->plan = s->plan;
		s->plan = spare;
		if (rc == 0)
			prg_beside_begin(&page->beside, send_page, page);
	} while (rc == 0 && n == asked);
	sent = prg_beside_wait(&page->beside, rc == 0 ? err : NULL);
	return rc < 0 ? rc : sent;
}

int prg_sync_load(struct prg_store *store, struct prg_backend *backend,
                  const struct prg_interface *interface, struct prg_report *report,
                  struct prg_plan *plan, prg_sync_apply_fn *apply, void *context,
                  struct prg_error *err)
{
	SYNC s = { .store = store, .interface = interface, .report = report, .plan = plan,
		   .flags = PRG_SYNC_EMPTY };
	PRG_PLAN *other = NULL;
	struct page page = { .apply = apply, .context = context };
	int rc = sync_begin(&s, err);

	if (rc == 0)
		rc = prg_plan_new(&other, err);
	if (rc == 0)
		rc = observe(&s, backend, err);
	if (rc == 0)
		rc = apply(context, plan, err);
	page.plan = other;
	if (rc == 0)
		rc = load_pages(&s, &page, err);
	s.plan = plan;
	prg_plan_clear(plan);
	s.flags &= ~(unsigned)PRG_SYNC_EMPTY;
	if (rc == 0)
		rc = sync_link(&s, backend, err);
	if (rc == 0)
		prg_plan_order(plan);
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
