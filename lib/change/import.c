/* SPDX-License-Identifier: ISC */
/* A server that exists to rows of the register, and whether it runs already. */
#include "import/import.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "change/change.h"
#include "host/host.h"
#include "model/addr.h"
#include "store/pool.h"

#define DEFAULT_MTU 1420 /* drivers/net/wireguard/device.c: ETH_DATA_LEN less 80 */

static bool is_live(const struct prg_road *road)
{
	return road->intent->flags & PRG_LIVE;
}

bool prg_change_import_nat(const struct prg_road *road)
{
	return PRG_HAS(&road->intent->common, PRG_FIELD_NAT) ||
	       (road->intent->import != NULL && road->intent->import->masquerades);
}

/* ------------------------------------------------------------- what runs */

/* *ret NULL: nothing runs, or it is not to be looked at. */
static int look(struct prg_road *road, struct prg_import **ret, struct prg_error *err)
{
	const char *name = road->intent->interface;
	char alias[PRG_OWN_ALIAS_TEXT];
	struct prg_link link;
	int rc;

	*ret = NULL;
	if (road->backend == NULL)
		return 0;
	rc = prg_backend_link(road->backend, &link, err);
	if (rc == PRG_E_NOT_FOUND && !is_live(road))
		return 0;
	if (rc < 0)
		return rc;
	prg_own_alias(road->store, alias);
	if (strncmp(link.alias, "peerage:", 8) == 0 && strcmp(link.alias, alias) != 0)
		return prg_error_set(err, PRG_E_CONFLICT,
		                     "interface %s belongs to another register (%.40s): use that "
		                     "one, or if it is gone, take its mark away with 'ip link set "
		                     "%s alias \"\"'",
		                     name, link.alias + 8, name);
	return prg_import_running(road->backend, name, ret, err);
}

static int refuse_key(const struct prg_road *road, struct prg_error *err)
{
	const char *name = road->intent->interface;

	return prg_error_set(err, PRG_E_CONFLICT,
	                     "interface %s runs with another private key: import what runs with "
	                     "'peerage -i %s import --live', or take it down first, or give this "
	                     "one another name with -i",
	                     name, name);
}

static bool same_key(const struct prg_private_key *a, const struct prg_private_key *b)
{
	return sodium_memcmp(a->bytes, b->bytes, PRG_KEY_BYTES) == 0;
}

/* The file's, the one that was given, or that of what runs; they must not differ. */
static int choose_key(struct prg_road *road, const struct prg_import *import,
                      const struct prg_import *running, struct prg_error *err)
{
	const struct prg_private_key *given = road->intent->private_key;
	const struct prg_private_key *key = import->private_key ? import->private_key : given;

	if (import->private_key != NULL && given != NULL && !same_key(given, import->private_key))
		return prg_error_set(err, PRG_E_USAGE,
		                     "%s has a private key already, and not the one that is given",
		                     import->source);
	if (running != NULL && running->private_key != NULL) {
		if (key != NULL && !same_key(key, running->private_key))
			return refuse_key(road, err);
		key = running->private_key;
	} else if (running != NULL && running->n_peers > 0) {
		return refuse_key(road, err);
	}
	if (key == NULL)
		return prg_error_set(err, PRG_E_USAGE,
		                     "%s: there is no PrivateKey: give the file that holds it with "
		                     "--private-key",
		                     import->source);
	road->interface_key = key;
	return 0;
}

/* ------------------------------------------------------------- the interface */

static int remark_line(struct prg_road *road, const struct prg_import *import, unsigned line,
                       const char *what, struct prg_error *err)
{
	int rc = line != 0 ? prg_report_remark_add(road->report, "%s: line %u: %s",
	                                           import->source, line, what)
	                   : prg_report_remark_add(road->report, "%s: %s", import->source, what);

	return rc < 0 ? prg_error_nomem(err) : 0;
}

static int tell_lines(struct prg_road *road, const struct prg_import *import,
                      struct prg_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < import->n_lines && rc == 0; i++) {
		const struct prg_import_line *line = &import->lines[i];

		rc = line->lost ? prg_report_add_not_carried(road->report, line->line, line->what,
		                                             err)
		                : remark_line(road, import, line->line, line->what, err);
	}
	return rc;
}

static bool has_address(const struct prg_prefix *list, size_t n, const struct prg_prefix *address)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (prg_prefix_compare(&list[i], address) == 0)
			return true;
	return false;
}

static bool overlaps_any(const struct prg_prefix *list, size_t n, const struct prg_prefix *address)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (prg_prefix_overlaps(&list[i], address))
			return true;
	return false;
}

/* Of the config, and what the running interface has beside: *ret for free(3). */
static int gather_addresses(struct prg_road *road, const struct prg_import *import,
                            const struct prg_import *running, struct prg_prefix **ret,
                            size_t *ret_n, struct prg_error *err)
{
	size_t most = import->n_addresses + (running ? running->n_addresses : 0), n, i;
	struct prg_prefix *list = calloc(most + 1, sizeof(*list));
	char text[PRG_PREFIX_TEXT];

	if (list == NULL)
		return prg_error_nomem(err);
	for (n = 0; n < import->n_addresses; n++)
		list[n] = import->addresses[n];
	for (i = 0; running != NULL && i < running->n_addresses; i++) {
		const struct prg_prefix *address = &running->addresses[i];

		if (has_address(list, n, address) || overlaps_any(list, n, address))
			continue;
		list[n++] = *address;
		if (running == import || import->n_addresses == 0)
			continue;
		prg_prefix_format(address, text);
		prg_report_remark_add(road->report,
		                      "%s runs with the address %s, which is not in %s: kept",
		                      road->intent->interface, text, import->source);
	}
	*ret = list;
	*ret_n = n;
	return 0;
}

static int check_addresses(struct prg_road *road, const struct prg_import *import,
                           const struct prg_values *v, struct prg_error *err)
{
	char text[PRG_PREFIX_TEXT];
	size_t i;

	if (v->n_addresses == 0)
		return prg_error_set(err, PRG_E_USAGE,
		                     "%s: the interface has no Address: give one with --address "
		                     "CIDR",
		                     import->source);
	for (i = 0; i < v->n_addresses; i++) {
		const struct prg_prefix *own = &v->addresses[i];

		prg_prefix_format(own, text);
		if (own->length == 0)
			return prg_error_set(err, PRG_E_USAGE,
			                     "%s: Address %s: a pool cannot be everything there is",
			                     import->source, text);
		if (own->length == prg_addr_bits(&own->addr))
			prg_report_remark_add(road->report,
			                      "%s is the interface's address alone, and no pool: "
			                      "'add' gives no addresses from it until 'peerage -i %s "
			                      "configure address' widens it",
			                      text, road->intent->interface);
	}
	return 0;
}

/* What was given goes before what is in the config, that before what runs. */
static int make_interface(struct prg_road *road, const struct prg_import *import,
                          const struct prg_import *running, struct prg_error *err)
{
	PRG_FREE struct prg_prefix *addresses = NULL;
	struct prg_values v = road->intent->common; /* borrowed, but for addresses */
	int rc = 0;

	if (!PRG_HAS(&v, PRG_FIELD_ADDRESS)) {
		rc = gather_addresses(road, import, running, &addresses, &v.n_addresses, err);
		v.addresses = addresses;
		v.set |= 1u << PRG_FIELD_ADDRESS;
	}
	if (rc == 0)
		rc = check_addresses(road, import, &v, err);
	if (!PRG_HAS(&v, PRG_FIELD_LISTEN_PORT)) {
		v.listen_port = import->listen_port;
		if (v.listen_port == 0 && running != NULL)
			v.listen_port = running->listen_port;
		if (v.listen_port != 0)
			v.set |= 1u << PRG_FIELD_LISTEN_PORT;
	}
	if (!PRG_HAS(&v, PRG_FIELD_MTU)) {
		v.mtu = import->mtu;
		if (v.mtu == 0 && running != NULL)
			v.mtu = running->mtu;
		/* nobody chose what is the default */
		if (v.mtu == DEFAULT_MTU && (is_live(road) || import->mtu == 0))
			v.mtu = 0;
		v.set |= 1u << PRG_FIELD_MTU;
	}
	if (!PRG_HAS(&v, PRG_FIELD_NAT)) {
		strcpy(v.nat, import->masquerades ? "auto" : "none");
		v.set |= 1u << PRG_FIELD_NAT;
	}
	if (rc == 0)
		rc = prg_change_make(road, &v, "import", NULL, err);
	if (rc == 0 && !PRG_HAS(&v, PRG_FIELD_LISTEN_PORT))
		prg_report_remark_add(road->report, "%s: no ListenPort: it is %u from now on",
		                      import->source, road->interface->listen_port);
	return rc;
}

/* --------------------------------------------------------------------- peers */

/* A single address in a pool, or where there is no pool of that family. */
static bool is_address(const struct prg_interface *interface, const struct prg_prefix *prefix)
{
	bool pools = false;
	size_t i;

	if (prefix->length != prg_addr_bits(&prefix->addr))
		return false;
	for (i = 0; i < interface->n_addresses; i++) {
		const struct prg_prefix *own = &interface->addresses[i];

		if (own->addr.family != prefix->addr.family ||
		    own->length == prg_addr_bits(&own->addr))
			continue;
		pools = true;
		if (prg_prefix_contains_addr(own, &prefix->addr))
			return true;
	}
	return !pools;
}

static int add_prefixes(struct prg_road *road, const struct prg_import_peer *from, int64_t id,
                        struct prg_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < from->n_allowed_ips && rc == 0; i++) {
		const struct prg_prefix *prefix = &from->allowed_ips[i];

		rc = prg_pool_take(road->store, road->interface->id, id, prefix,
		                   !is_address(road->interface, prefix), road->now, err);
		if (rc == 0 && prefix->length == 0)
			prg_report_remark_add(road->report,
			                      "peer %s: a default route is for WireGuard only; this "
			                      "host's own routing stays as it is",
			                      from->name);
	}
	return rc;
}

static int fill_peer(struct prg_road *road, const struct prg_import_peer *from,
                     struct prg_peer *peer, struct prg_error *err)
{
	strcpy(peer->name, from->name);
	peer->interface_id = road->interface->id;
	peer->public_key = from->public_key;
	peer->state = from->disabled ? PRG_PEER_DISABLED : PRG_PEER_ACTIVE;
	peer->keepalive_s = from->keepalive_s;
	peer->endpoint = from->endpoint;
	peer->created_at = peer->keyed_at = road->now;
	/* what its user holds works, as far as anybody knows */
	peer->config_epoch = road->interface->config_epoch;
	if (from->note == NULL)
		return 0;
	peer->note = strdup(from->note);
	return peer->note != NULL ? 0 : prg_error_nomem(err);
}

static int insert_peer(struct prg_road *road, const struct prg_import_peer *from,
                       struct prg_error *err)
{
	PRG_PEER *peer = prg_peer_new();
	struct prg_peer *stored = NULL;
	int rc;

	if (peer == NULL)
		return prg_error_nomem(err);
	rc = fill_peer(road, from, peer, err);
	if (rc == 0)
		rc = prg_store_peer_insert(road->store, peer, from->preshared_key, err);
	if (rc == 0)
		rc = add_prefixes(road, from, peer->id, err);
	if (rc == 0)
		rc = prg_store_peer_by_id(road->store, peer->id, &stored, err);
	if (rc == 0)
		rc = prg_change_audit_peer(road, "import", NULL, stored, err);
	if (rc < 0) {
		prg_peer_free(&stored);
		return rc;
	}
	return prg_report_add_result(road->report, stored, PRG_CREATED, NULL, NULL, err);
}

static int insert_peers(struct prg_road *road, const struct prg_import *import,
                        struct prg_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < import->n_peers && rc == 0; i++) {
		const struct prg_import_peer *from = &import->peers[i];

		if (memcmp(&from->public_key, &road->interface->public_key,
		           sizeof(from->public_key)) == 0) {
			rc = remark_line(road, import, from->line,
			                 "a peer with the interface's own key: left out, as "
			                 "WireGuard does",
			                 err);
			continue;
		}
		rc = insert_peer(road, from, err);
		if (rc < 0 && from->line != 0)
			rc = prg_error_wrap(err, rc, "%s: line %u: peer %s", import->source,
			                    from->line, from->name);
		else if (rc < 0)
			rc = prg_error_wrap(err, rc, "%s: peer %s", import->source, from->name);
	}
	return rc;
}

/* ------------------------------------------------------------------ the verb */

static void remark_nat(struct prg_road *road, const struct prg_import *import)
{
	const char *name = road->intent->interface;

	if (PRG_HAS(&road->intent->common, PRG_FIELD_NAT))
		return;
	if (import->masquerades)
		prg_report_remark_add(road->report,
		                      "%s: its hooks masquerade, so nat is auto: peerage does "
		                      "that from now on",
		                      import->source);
	else
		prg_report_remark_add(road->report,
		                      "%s: nat is none%s: if clients reach the internet through "
		                      "this host, 'peerage -i %s configure nat auto' keeps it so "
		                      "after the next boot",
		                      import->source, is_live(road) ? ", for what runs does not "
		                                                     "tell" : "",
		                      name);
}

static void remark_boot(struct prg_road *road)
{
	const char *name = road->intent->interface;

	if (prg_host_boots_wgquick(name))
		prg_report_remark_add(road->report,
		                      "wg-quick would start %s at boot as well, and get in the way: "
		                      "'systemctl disable wg-quick@%s' and 'systemctl enable "
		                      "peerage@%s' (without --now: it runs on)",
		                      name, name, name);
	else if (prg_host_has_wgquick(name))
		prg_report_remark_add(road->report,
		                      "from now on %s is peerage's: /etc/wireguard/%s.conf is not "
		                      "read any more, and whatever starts it must not",
		                      name, name);
}

static int import_all(struct prg_road *road, const struct prg_import *running,
                      struct prg_error *err)
{
	const struct prg_import *import = is_live(road) ? running : road->intent->import;
	int rc;

	if (import == NULL)
		return prg_error_set(err, PRG_E_USAGE, "nothing was read that could be imported");
	rc = choose_key(road, import, running, err);
	if (rc == 0)
		rc = make_interface(road, import, running, err);
	if (rc == 0)
		rc = insert_peers(road, import, err);
	if (rc == 0)
		rc = tell_lines(road, import, err);
	if (rc < 0)
		return rc;
	remark_nat(road, import);
	remark_boot(road);
	/* one that is blank is nobody's yet */
	road->adopts = running != NULL && running->private_key != NULL &&
	               road->interface->wanted_up;
	if (road->adopts)
		prg_report_set_adopted(road->report);
	return 0;
}

int prg_change_import(struct prg_road *road, struct prg_error *err)
{
	PRG_IMPORT_OWN *running = NULL;
	int rc = look(road, &running, err);

	if (rc == 0)
		rc = import_all(road, running, err);
	road->interface_key = NULL; /* it may have been what ran */
	return rc;
}
