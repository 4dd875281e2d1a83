/* SPDX-License-Identifier: ISC */
/* New peers: one, or a hundred thousand in one transaction. */
#include <string.h>

#include "base/error.h"
#include "change/change.h"
#include "store/pool.h"

/* The peer comes to hold what the register holds: it is not read back. */
static int put_prefixes(struct prg_road *road, struct prg_peer *peer, size_t index,
                        struct prg_error *err)
{
	const struct prg_values *a = prg_intent_values(road->intent, index, PRG_FIELD_ADDRESS);
	const struct prg_values *r = prg_intent_values(road->intent, index, PRG_FIELD_ROUTES);
	size_t i;
	int rc;

	if (a == NULL)
		rc = prg_pool_allocate(road->store, road->interface->id, peer->id, road->now,
		                       &peer->addresses, &peer->n_addresses, err);
	else
		rc = prg_list_replace(&peer->addresses, &peer->n_addresses, a->addresses,
		                      a->n_addresses, sizeof(*a->addresses), err);
	for (i = 0; a != NULL && i < a->n_addresses && rc == 0; i++)
		rc = prg_pool_take(road->store, road->interface->id, peer->id, &a->addresses[i],
		                   false, road->now, err);
	if (rc == 0 && r != NULL)
		rc = prg_list_replace(&peer->routes, &peer->n_routes, r->routes, r->n_routes,
		                      sizeof(*r->routes), err);
	for (i = 0; r != NULL && i < r->n_routes && rc == 0; i++)
		rc = prg_pool_take(road->store, road->interface->id, peer->id, &r->routes[i],
		                   true, road->now, err);
	return rc;
}

#define LEAKS_TOLD 3

static void remark_leak(struct prg_road *road, const struct prg_peer *peer)
{
	size_t n_dns, n, i;
	const struct prg_prefix *allowed = prg_peer_client_allowed_ips(road->interface, peer, &n);

	prg_peer_dns(road->interface, peer, &n_dns);
	for (i = 0; n_dns == 0 && i < n; i++) {
		if (allowed[i].length != 0)
			continue;
		if (++road->n_leaks > LEAKS_TOLD)
			return;
		prg_report_remark_add(road->report,
		                      "peer %s: a full tunnel without DNS: the device goes on asking "
		                      "the resolver of its own network, and its lookups may go "
		                      "outside the tunnel",
		                      peer->name);
		return;
	}
}

/* 1: it is there already, and told. */
static int leave_there(struct prg_road *road, const char *name, struct prg_error *err)
{
	struct prg_peer *there = NULL;
	int rc;

	if (!(road->intent->flags & PRG_IF_ABSENT))
		return 0;
	rc = prg_store_peer(road->store, road->interface->id, name, &there, err);
	if (rc == PRG_E_NOT_FOUND)
		return 0;
	if (rc == 0)
		rc = prg_report_add_result(road->report, there, PRG_UNCHANGED, NULL, NULL, err);
	return rc < 0 ? rc : 1;
}

static int record(struct prg_road *road, struct prg_peer *peer, size_t index,
                  const struct prg_fresh_keys *keys, struct prg_error *err)
{
	const struct prg_preshared_key *psk = keys->has_preshared_key ? &keys->preshared_key : NULL;
	struct prg_wg_peer wg;
	int rc = prg_change_put_values(road, peer, index, err);

	if (rc == 0)
		rc = prg_store_peer_insert(road->store, peer, psk, err);
	if (rc == 0)
		rc = put_prefixes(road, peer, index, err);
	if (rc == 0)
		rc = prg_change_audit_peer(road, "add", NULL, peer, err);
	if (rc == 0)
		rc = prg_store_wg_known(peer, peer->has_preshared_key ? psk : NULL, road->arena,
		                        &wg, err);
	return rc < 0 ? rc : prg_change_touch(road, peer->name, NULL, &wg, err);
}

static int add_one(struct prg_road *road, size_t index, struct prg_error *err)
{
	const char *name = road->intent->peers[index].name;
	const struct prg_fresh_keys *keys;
	PRG_PEER *peer = NULL;
	struct prg_peer *made;
	int rc = leave_there(road, name, err);

	if (rc != 0)
		return rc < 0 ? rc : 0;
	rc = prg_change_keys(road, index, &keys, err);
	if (rc < 0)
		return rc;
	peer = prg_peer_new();
	if (peer == NULL)
		return prg_error_nomem(err);
	strcpy(peer->name, name);
	peer->interface_id = road->interface->id;
	peer->public_key = keys->public_key;
	peer->created_at = peer->keyed_at = road->now;
	peer->config_epoch = road->interface->config_epoch;
	rc = record(road, peer, index, keys, err);
	if (rc < 0)
		return rc;
	remark_leak(road, peer);
	made = peer;
	peer = NULL;
	return prg_report_add_result(road->report, made, PRG_CREATED,
	                             keys->has_private_key ? &keys->private_key : NULL,
	                             keys->has_preshared_key ? &keys->preshared_key : NULL, err);
}

/* What the register holds against a peer of a text is told with its line, and
 * the others are tried too: the transaction will not be committed. Without an
 * address left there is no use in going on. */
static int gather(struct prg_road *road, size_t index, int rc, struct prg_error *err)
{
	unsigned line = road->intent->peers[index].line;

	if (line == 0 || (rc != PRG_E_CONFLICT && rc != PRG_E_FULL))
		return rc;
	prg_problems_add(&road->problems, rc, line, 0, err->message);
	return rc == PRG_E_FULL ? prg_problems_error(&road->problems, err) : 0;
}

static int add_some(struct prg_road *road, bool addressed, size_t *order, size_t *n,
                    struct prg_error *err)
{
	size_t i;

	for (i = 0; i < road->intent->n_peers; i++) {
		bool has = prg_intent_values(road->intent, i, PRG_FIELD_ADDRESS) != NULL;
		struct prg_error error = { 0 };
		int rc;

		if (has != addressed)
			continue;
		if (order != NULL)
			order[*n] = i;
		if (++*n % 256 == 0)
			prg_road_progress(road, "recorded", *n, road->intent->n_peers);
		rc = add_one(road, i, &error);
		if (rc < 0)
			rc = gather(road, i, rc, &error);
		if (rc < 0) {
			if (err != NULL)
				*err = error;
			return rc;
		}
	}
	return 0;
}

/* First those that say which address they want, lest it be given to another;
 * the report has them in the intent's order all the same. */
int prg_change_add(struct prg_road *road, struct prg_error *err)
{
	size_t n_peers = road->intent->n_peers, n = 0, n_addressed;
	PRG_FREE size_t *order = reallocarray(NULL, n_peers, sizeof(*order));
	int rc;

	if (order == NULL)
		return prg_error_nomem(err);
	rc = add_some(road, true, order, &n, err);
	n_addressed = n;
	if (rc == 0)
		rc = add_some(road, false, order, &n, err);
	prg_road_progress(road, "recorded", n_peers, n_peers);
	if (road->n_leaks > LEAKS_TOLD)
		prg_report_remark_add(road->report, "so are %zu peers more",
		                      road->n_leaks - LEAKS_TOLD);
	if (rc == 0)
		rc = prg_problems_error(&road->problems, err);
	if (rc == 0 && n_addressed > 0 && n_addressed < n_peers)
		rc = prg_report_order(road->report, order, err);
	return rc;
}
