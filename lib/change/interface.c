/* SPDX-License-Identifier: ISC */
/* An interface of the register: made, configured, wanted up or down, removed. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "change/change.h"
#include "import/document.h"
#include "model/addr.h"
#include "plan/diff.h"
#include "store/audit.h"
#include "store/pool.h"

#define DEFAULT_PORT 51820      /* registered by wg(8)'s own examples */
#define DEFAULT_KEEPALIVE_S 25  /* wg(8): "a sensible interval that works" */
#define DEFAULT_DNS "9.9.9.9,2620:fe::fe" /* Quad9: no log of who asks */
#define FULL_TUNNEL "0.0.0.0/0,::/0"

static int pend_device(struct prg_road *road, struct prg_error *err)
{
	struct prg_pending row = { .kind = PRG_PENDING_DEVICE };
	int64_t id;

	road->device_touched = true;
	return prg_store_pending_add(road->store, road->interface->id, &row, &id, err);
}

/* Only this row lets a private key in the interface that is not ours be replaced. */
static int pend_key(struct prg_road *road, struct prg_error *err)
{
	struct prg_pending row = { .kind = PRG_PENDING_KEY };

	return prg_store_pending_add(road->store, road->interface->id, &row, NULL, err);
}

/* ------------------------------------------------------------------ defaults */


/* The lowest port from 51820 on that no other interface of the register has. */
static int free_port(struct prg_interface *const *all, size_t n, uint16_t *ret,
                     struct prg_error *err)
{
	unsigned port;
	size_t i;

	for (port = DEFAULT_PORT; port <= 65535; port++) {
		for (i = 0; i < n && all[i]->listen_port != port; i++)
			;
		if (i == n) {
			*ret = (uint16_t)port;
			return 0;
		}
	}
	return prg_error_set(err, PRG_E_FULL, "no free listen port: give one with --listen-port");
}

static bool clashes(const struct prg_prefix *pool, struct prg_interface *const *all, size_t n)
{
	char device[PRG_IFNAME_TEXT], usual[PRG_IFNAME_TEXT];
	struct prg_addr source, outside;
	size_t i, j;

	for (i = 0; i < n; i++)
		for (j = 0; j < all[i]->n_addresses; j++)
			if (prg_prefix_overlaps(pool, &all[i]->addresses[j]))
				return true;
	/* a network that this host reaches by another way than its default route */
	if (prg_addr_parse(pool->addr.family == 6 ? "2620:fe::fe" : "9.9.9.9", &outside, NULL) < 0)
		return false;
	if (prg_route_lookup(&pool->addr, device, &source, NULL) < 0)
		return false;
	return prg_route_lookup(&outside, usual, &source, NULL) < 0 || strcmp(device, usual) != 0;
}

/* 10.a.b.1/24 and an RFC 4193 /64, drawn until they clash with nothing known. */
static int draw_pools(struct prg_interface *interface, struct prg_interface *const *all, size_t n,
                      struct prg_error *err)
{
	struct prg_prefix *pools = calloc(2, sizeof(*pools));
	unsigned tries;

	if (pools == NULL)
		return prg_error_nomem(err);
	free(interface->addresses);
	interface->addresses = pools;
	interface->n_addresses = 2;
	pools[0].addr.family = 4;
	pools[0].length = 24;
	pools[1].addr.family = 6;
	pools[1].length = 64;
	for (tries = 0; tries < 64; tries++) {
		pools[0].addr.bytes[0] = 10;
		randombytes_buf(&pools[0].addr.bytes[1], 2);
		pools[0].addr.bytes[3] = 1;
		if (!clashes(&pools[0], all, n))
			break;
	}
	/* RFC 4193, section 3.2: fd, 40 random bits, subnet 0 */
	pools[1].addr.bytes[0] = 0xfd;
	randombytes_buf(&pools[1].addr.bytes[1], 5);
	pools[1].addr.bytes[15] = 1;
	if (tries == 64)
		return prg_error_set(err, PRG_E_FAILED,
		                     "no free network found in 10.0.0.0/8: give one with --address");
	return 0;
}

/* The source address of the default route: what the world can reach us by. */
static int find_endpoint(struct prg_interface *interface, struct prg_error *err)
{
	static const char *const outside[] = { "9.9.9.9", "2620:fe::fe" };
	char device[PRG_IFNAME_TEXT], found[PRG_ADDR_TEXT] = "";
	size_t i;

	for (i = 0; i < 2; i++) {
		struct prg_addr to, source;

		if (prg_addr_parse(outside[i], &to, NULL) < 0 ||
		    prg_route_lookup(&to, device, &source, NULL) < 0 || source.family == 0)
			continue;
		if (prg_addr_is_global(&source)) {
			prg_addr_format(&source, interface->endpoint.host);
			return 0;
		}
		if (found[0] == '\0')
			prg_addr_format(&source, found);
	}
	if (found[0] != '\0')
		return prg_error_set(err, PRG_E_USAGE,
		                     "the default route's address %s is not a public one: say "
		                     "where clients reach this server with --endpoint HOST",
		                     found);
	return prg_error_set(err, PRG_E_USAGE,
	                     "this host has no default route to tell its address by: say where "
	                     "clients reach this server with --endpoint HOST");
}

/* What the intent gives. An endpoint without a port follows the listen port. */
static int put_values(struct prg_interface *i, const struct prg_values *v, struct prg_error *err)
{
	bool follows = i->endpoint.port == i->listen_port;
	int rc = 0;

	if (PRG_HAS(v, PRG_FIELD_LISTEN_PORT)) {
		i->listen_port = v->listen_port;
		if (follows)
			i->endpoint.port = v->listen_port;
	}
	if (PRG_HAS(v, PRG_FIELD_ENDPOINT)) {
		i->endpoint = v->endpoint;
		if (!v->endpoint_has_port)
			i->endpoint.port = i->listen_port;
	}
	if (PRG_HAS(v, PRG_FIELD_ADDRESS))
		rc = prg_list_replace(&i->addresses, &i->n_addresses, v->addresses, v->n_addresses,
		              sizeof(*v->addresses), err);
	if (rc == 0 && PRG_HAS(v, PRG_FIELD_DNS))
		rc = prg_list_replace(&i->dns, &i->n_dns, v->dns, v->n_dns, sizeof(*v->dns), err);
	if (rc == 0 && PRG_HAS(v, PRG_FIELD_CLIENT_ALLOWED_IPS))
		rc = prg_list_replace(&i->client_allowed_ips, &i->n_client_allowed_ips,
		              v->client_allowed_ips, v->n_client_allowed_ips,
		              sizeof(*v->client_allowed_ips), err);
	if (PRG_HAS(v, PRG_FIELD_MTU))
		i->mtu = v->mtu;
	if (PRG_HAS(v, PRG_FIELD_CLIENT_KEEPALIVE))
		i->client_keepalive_s = v->client_keepalive_s;
	if (PRG_HAS(v, PRG_FIELD_NAT))
		memcpy(i->nat, v->nat, sizeof(i->nat));
	if (PRG_HAS(v, PRG_FIELD_ISOLATE))
		i->isolate = v->isolate;
	if (PRG_HAS(v, PRG_FIELD_STALE_AFTER))
		i->stale_after_s = v->stale_after_s;
	if (PRG_HAS(v, PRG_FIELD_SCRUB_IDLE))
		i->scrub_idle_s = v->scrub_idle_s;
	if (PRG_HAS(v, PRG_FIELD_ROTATE_AFTER))
		i->rotate_after_s = v->rotate_after_s;
	return rc;
}

/* Another interface of this register that has the port, or an overlapping pool. */
static int check_others(struct prg_road *road, const struct prg_interface *interface,
                        struct prg_error *err)
{
	struct prg_interface **all = NULL;
	char text[PRG_PREFIX_TEXT];
	size_t n = 0, i, j, k;
	int rc = prg_store_interfaces(road->store, &all, &n, err);

	for (i = 0; i < n; i++) {
		const struct prg_interface *other = all[i];

		if (rc == 0 && other->id != interface->id &&
		    other->listen_port == interface->listen_port)
			rc = prg_error_set(err, PRG_E_CONFLICT,
			                   "listen port %u is %s's: choose another",
			                   interface->listen_port, other->name);
		for (j = 0; rc == 0 && other->id != interface->id && j < other->n_addresses; j++)
			for (k = 0; rc == 0 && k < interface->n_addresses; k++) {
				if (!prg_prefix_overlaps(&other->addresses[j],
				                         &interface->addresses[k]))
					continue;
				prg_prefix_format(&other->addresses[j], text);
				rc = prg_error_set(err, PRG_E_CONFLICT,
				                   "address: the pool of %s is %s's: choose another",
				                   text, other->name);
			}
		prg_interface_free(&all[i]);
	}
	free(all);
	return rc;
}

/* What will do no harm, and perhaps no good. */
static void remark_doubtful(struct prg_road *road, const struct prg_interface *interface)
{
	char path[sizeof("/sys/class/net/") + PRG_IFNAME_TEXT];
	const char *nat = interface->nat;

	snprintf(path, sizeof(path), "/sys/class/net/%s", nat);
	if (PRG_HAS(&road->intent->common, PRG_FIELD_NAT) && strcmp(nat, "auto") != 0 &&
	    strcmp(nat, "none") != 0 && access(path, F_OK) != 0)
		prg_report_remark_add(road->report,
		                      "there is no device %s: until there is, clients do not reach "
		                      "the internet",
		                      nat);
}

static int check_values(const struct prg_interface *interface, struct prg_error *err)
{
	size_t i, j;

	for (i = 0; i < interface->n_addresses; i++)
		for (j = 0; j < i; j++)
			if (prg_prefix_overlaps(&interface->addresses[i], &interface->addresses[j]))
				return prg_error_set(err, PRG_E_USAGE,
				                     "address: two pools overlap one another");
	if (strcmp(interface->nat, interface->name) == 0)
		return prg_error_set(err, PRG_E_USAGE,
		                     "nat: %s cannot be its own way out: give the device that leads "
		                     "to the internet, or auto",
		                     interface->name);
	if (interface->mtu != 0 && interface->mtu < 1280)
		for (i = 0; i < interface->n_addresses; i++)
			if (interface->addresses[i].addr.family == 6)
				return prg_error_set(err, PRG_E_USAGE,
				                     "mtu: IPv6 needs 1280 at least (RFC 8200, "
				                     "section 5)");
	return 0;
}

/* --------------------------------------------------------------------- verbs */

static int fill_defaults(struct prg_road *road, struct prg_interface *interface,
                         const struct prg_values *v, struct prg_error *err)
{
	struct prg_interface **all = NULL;
	size_t n = 0, i;
	int rc = prg_store_interfaces(road->store, &all, &n, err);

	if (rc < 0)
		return rc;
	strcpy(interface->name, road->intent->interface);
	strcpy(interface->nat, "auto");
	interface->created_at = road->now;
	interface->config_epoch = 1;
	interface->client_keepalive_s = DEFAULT_KEEPALIVE_S;
	rc = free_port(all, n, &interface->listen_port, err);
	interface->endpoint.port = interface->listen_port;
	if (rc == 0 && !PRG_HAS(v, PRG_FIELD_ADDRESS))
		rc = draw_pools(interface, all, n, err);
	if (rc == 0)
		rc = prg_addr_list_parse(DEFAULT_DNS, true, 8, &interface->dns, &interface->n_dns,
		                         err);
	if (rc == 0)
		rc = prg_prefix_list_parse(FULL_TUNNEL, false, false, 8,
		                           &interface->client_allowed_ips,
		                           &interface->n_client_allowed_ips, err);
	for (i = 0; i < n; i++)
		prg_interface_free(&all[i]);
	free(all);
	return rc;
}

int prg_change_make(struct prg_road *road, const struct prg_values *v, const char *verb,
                    struct prg_report *report, struct prg_error *err)
{
	struct prg_interface *interface = prg_interface_new();
	PRG_FREE char *detail = NULL;
	size_t n;
	int rc;

	if (interface == NULL)
		return prg_error_nomem(err);
	prg_interface_free(&road->interface);
	road->interface = interface;
	rc = fill_defaults(road, interface, v, err);
	if (rc == 0)
		rc = put_values(interface, v, err);
	if (rc == 0 && !PRG_HAS(v, PRG_FIELD_ENDPOINT))
		rc = find_endpoint(interface, err);
	if (rc == 0)
		rc = check_values(interface, err);
	if (rc == 0)
		rc = check_others(road, interface, err);
	if (rc == 0)
		rc = prg_public_key_derive(road->interface_key, &interface->public_key, err);
	interface->wanted_up = !road->record_only && !(road->intent->flags & PRG_NO_UP);
	if (road->intent->document != NULL && road->intent->document->up >= 0)
		interface->wanted_up = road->intent->document->up;
	if (rc == 0)
		rc = prg_store_interface_insert(road->store, interface, road->interface_key, err);
	if (rc == 0)
		rc = prg_pool_define(road->store, interface->id, interface->addresses,
		                     interface->n_addresses, err);
	if (rc == 0)
		rc = prg_describe_interface(NULL, interface, report, &detail, &n, err);
	if (rc == 0)
		rc = prg_change_audit(road, verb, NULL, detail, err);
	if (rc == 0 && interface->wanted_up)
		rc = pend_device(road, err);
	remark_doubtful(road, interface);
	return rc;
}

int prg_change_init(struct prg_road *road, struct prg_error *err)
{
	return prg_change_make(road, &road->intent->common, "init", road->report, err);
}

/* How many people hold a config that was made before this change? */
static int remark_stale(struct prg_road *road, bool wrong, struct prg_error *err)
{
	uint64_t active = 0, disabled = 0;
	int rc = prg_store_peer_count(road->store, road->interface->id, PRG_PEER_ACTIVE, &active,
	                              err);

	if (rc == 0)
		rc = prg_store_peer_count(road->store, road->interface->id, PRG_PEER_DISABLED,
		                          &disabled, err);
	if (rc < 0 || active + disabled == 0)
		return rc;
	prg_report_remark_add(road->report,
	                      wrong ? "configs handed out before no longer connect, of %llu peer%s: "
	                              "give the users the new settings ('peerage export NAME')"
	                            : "configs handed out before still connect, but lack this "
	                              "change: of %llu peer%s",
	                      (unsigned long long)(active + disabled),
	                      active + disabled == 1 ? "" : "s");
	return 0;
}

static bool same_dns(const struct prg_interface *a, const struct prg_interface *b)
{
	size_t i;

	for (i = 0; a->n_dns == b->n_dns && i < a->n_dns; i++)
		if (prg_addr_compare(&a->dns[i], &b->dns[i]) != 0)
			return false;
	return a->n_dns == b->n_dns;
}

static bool same_key(const struct prg_interface *a, const struct prg_interface *b)
{
	return memcmp(&a->public_key, &b->public_key, sizeof(a->public_key)) == 0;
}

static bool same_pools(const struct prg_interface *a, const struct prg_interface *b)
{
	return prg_prefix_same_list(a->addresses, a->n_addresses, b->addresses, b->n_addresses);
}

static int bump_epoch(struct prg_road *road, const struct prg_interface *before,
                      struct prg_interface *after, struct prg_error *err)
{
	char old_text[PRG_ENDPOINT_TEXT], new_text[PRG_ENDPOINT_TEXT];
	bool wrong, outdated;

	prg_endpoint_format(&before->endpoint, old_text);
	prg_endpoint_format(&after->endpoint, new_text);
	wrong = strcmp(old_text, new_text) != 0 || !same_key(before, after) ||
	        before->listen_port != after->listen_port;
	outdated = !same_dns(before, after) || before->mtu != after->mtu ||
	           before->client_keepalive_s != after->client_keepalive_s ||
	           !prg_prefix_same_list(before->client_allowed_ips, before->n_client_allowed_ips,
	                          after->client_allowed_ips, after->n_client_allowed_ips);
	if (!wrong && !outdated)
		return 0;
	after->config_epoch++;
	return remark_stale(road, wrong, err);
}

/* Pools that were changed may leave an allowed IP without, or with a needless, route. */
static bool touches_device(const struct prg_interface *before, const struct prg_interface *after)
{
	return !same_pools(before, after) || before->listen_port != after->listen_port ||
	       before->mtu != after->mtu || strcmp(before->nat, after->nat) != 0 ||
	       before->isolate != after->isolate || !same_key(before, after);
}

int prg_change_configure(struct prg_road *road, struct prg_error *err)
{
	const struct prg_private_key *key = road->intent->private_key;
	PRG_INTERFACE *before = prg_interface_copy(road->interface);
	PRG_FREE char *detail = NULL;
	struct prg_peer *holder = NULL;
	size_t n = 0;
	int rc;

	if (before == NULL)
		return prg_error_nomem(err);
	rc = put_values(road->interface, &road->intent->common, err);
	if (rc == 0)
		rc = check_values(road->interface, err);
	if (rc == 0)
		rc = check_others(road, road->interface, err);
	if (rc == 0 && key != NULL)
		rc = prg_public_key_derive(key, &road->interface->public_key, err);
	if (rc == 0 && key != NULL) {
		rc = prg_store_peer_by_key(road->store, road->interface->id,
		                           &road->interface->public_key, &holder, err);
		if (rc == 0)
			rc = prg_error_set(err, PRG_E_CONFLICT,
			                   "that private key belongs to peer %s", holder->name);
		else if (rc == PRG_E_NOT_FOUND)
			rc = 0;
		prg_peer_free(&holder);
	}
	if (rc == 0)
		rc = prg_describe_interface(before, road->interface, road->report, &detail, &n, err);
	if (rc < 0 || n == 0)
		return rc;
	if (same_key(before, road->interface))
		key = NULL;
	rc = bump_epoch(road, before, road->interface, err);
	if (rc == 0 && !same_pools(before, road->interface))
		rc = prg_pool_define(road->store, road->interface->id, road->interface->addresses,
		                     road->interface->n_addresses, err);
	if (rc == 0)
		rc = prg_store_interface_update(road->store, road->interface, key, err);
	if (rc == 0)
		rc = prg_change_audit(road, "configure", NULL, detail, err);
	if (rc == 0 && touches_device(before, road->interface) && road->interface->wanted_up)
		rc = pend_device(road, err);
	if (rc == 0 && key != NULL && road->interface->wanted_up)
		rc = pend_key(road, err);
	remark_doubtful(road, road->interface);
	return rc;
}

int prg_change_wanted(struct prg_road *road, bool up, struct prg_error *err)
{
	PRG_INTERFACE *before = prg_interface_copy(road->interface);
	PRG_FREE char *detail = NULL;
	size_t n;
	int rc = 0;

	if (before == NULL)
		return prg_error_nomem(err);
	road->interface->wanted_up = up;
	if (before->wanted_up != up) {
		rc = prg_describe_interface(before, road->interface, road->report, &detail, &n, err);
		if (rc == 0)
			rc = prg_store_interface_update(road->store, road->interface, NULL, err);
		if (rc == 0)
			rc = prg_change_audit(road, up ? "up" : "down", NULL, detail, err);
	}
	/* half-way through a crash leaves this row: whatever comes next finishes it */
	return rc < 0 ? rc : pend_device(road, err);
}

int prg_change_remove_interface(struct prg_road *road, struct prg_error *err)
{
	int rc = prg_store_begin(road->store, err);

	if (rc == 0)
		rc = prg_change_audit(road, "remove-interface", NULL, "{}", err);
	if (rc == 0)
		rc = prg_store_interface_delete(road->store, road->interface->id, err);
	if (rc == 0)
		rc = prg_store_commit(road->store, err);
	if (rc < 0) {
		prg_store_rollback(road->store);
		return rc;
	}
	prg_audit_witness(road->store, road->reg->witness, road->reg->witness_context);
	return 0;
}
