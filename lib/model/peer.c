/* SPDX-License-Identifier: ISC */
#include "model/peer.h"

#include <string.h>

#include "base/error.h"

#define STALE_AFTER_S ((int64_t)30 * 86400)
#define SCRUB_IDLE_S 600 /* sessions end after 180: REJECT_AFTER_TIME, WireGuard paper, 6.1 */

struct prg_interface *prg_interface_new(void)
{
	struct prg_interface *interface = calloc(1, sizeof(*interface));

	if (interface != NULL) {
		interface->stale_after_s = STALE_AFTER_S;
		interface->scrub_idle_s = SCRUB_IDLE_S;
	}
	return interface;
}

struct prg_peer *prg_peer_new(void)
{
	return calloc(1, sizeof(struct prg_peer));
}

void prg_interface_free(struct prg_interface **interface)
{
	struct prg_interface *i = *interface;

	if (i == NULL)
		return;
	free(i->addresses);
	free(i->dns);
	free(i->client_allowed_ips);
	free(i);
	*interface = NULL;
}

void prg_peer_free(struct prg_peer **peer)
{
	struct prg_peer *p = *peer;
	size_t i;

	if (p == NULL)
		return;
	free(p->addresses);
	free(p->routes);
	free(p->client_allowed_ips);
	free(p->dns);
	for (i = 0; i < p->n_tags; i++)
		free(p->tags[i]);
	free(p->tags);
	free(p->note);
	free(p);
	*peer = NULL;
}

/* Replaces *array, which still points at another's, with a copy. An empty array
 * is NULL. */
static bool own(void *array, size_t n, size_t size)
{
	void *theirs, *copy = NULL;

	memcpy(&theirs, array, sizeof(theirs));
	if (n > 0) {
		copy = malloc(n * size);
		if (copy != NULL)
			memcpy(copy, theirs, n * size);
	}
	memcpy(array, &copy, sizeof(copy));
	return n == 0 || copy != NULL;
}

int prg_list_replace(void *slot, size_t *n_slot, const void *list, size_t n, size_t size,
                     struct prg_error *err)
{
	void *old, *copy = n > 0 ? malloc(n * size) : NULL;

	if (n > 0 && copy == NULL)
		return prg_error_nomem(err);
	if (n > 0)
		memcpy(copy, list, n * size);
	memcpy(&old, slot, sizeof(old));
	memcpy(slot, &copy, sizeof(copy));
	free(old);
	*n_slot = n;
	return 0;
}

struct prg_interface *prg_interface_copy(const struct prg_interface *interface)
{
	struct prg_interface *i = prg_interface_new();
	bool ok;

	if (i == NULL)
		return NULL;
	*i = *interface;
	ok = own(&i->addresses, i->n_addresses, sizeof(*i->addresses));
	ok &= own(&i->dns, i->n_dns, sizeof(*i->dns));
	ok &= own(&i->client_allowed_ips, i->n_client_allowed_ips,
	          sizeof(*i->client_allowed_ips));
	if (!ok)
		prg_interface_free(&i);
	return i;
}

static bool own_tags(struct prg_peer *p)
{
	char **theirs = p->tags;
	size_t n = p->n_tags, i;

	p->tags = NULL;
	p->n_tags = 0;
	if (n == 0)
		return true;
	p->tags = calloc(n, sizeof(*p->tags));
	if (p->tags == NULL)
		return false;
	for (i = 0; i < n; i++) {
		p->tags[i] = strdup(theirs[i]);
		if (p->tags[i] == NULL)
			return false;
		p->n_tags++;
	}
	return true;
}

struct prg_peer *prg_peer_copy(const struct prg_peer *peer)
{
	struct prg_peer *p = prg_peer_new();
	bool ok;

	if (p == NULL)
		return NULL;
	*p = *peer;
	ok = own(&p->addresses, p->n_addresses, sizeof(*p->addresses));
	ok &= own(&p->routes, p->n_routes, sizeof(*p->routes));
	ok &= own(&p->client_allowed_ips, p->n_client_allowed_ips, sizeof(*p->client_allowed_ips));
	ok &= own(&p->dns, p->n_dns, sizeof(*p->dns));
	ok &= own_tags(p);
	if (p->note != NULL) {
		p->note = strdup(peer->note);
		ok &= p->note != NULL;
	}
	if (!ok)
		prg_peer_free(&p);
	return p;
}

size_t prg_peer_n_allowed_ips(const struct prg_peer *peer)
{
	return peer->n_addresses + peer->n_routes;
}

const struct prg_prefix *prg_peer_allowed_ip(const struct prg_peer *peer, size_t index)
{
	if (index < peer->n_addresses)
		return &peer->addresses[index];
	index -= peer->n_addresses;
	return index < peer->n_routes ? &peer->routes[index] : NULL;
}

const char *prg_peer_state_name(enum prg_peer_state state)
{
	static const char *const names[] = { "active", "disabled", "expired", "revoked" };

	return (size_t)state < sizeof(names) / sizeof(names[0]) ? names[state] : "unknown";
}

const struct prg_prefix *prg_peer_client_allowed_ips(const struct prg_interface *interface,
                                                     const struct prg_peer *peer, size_t *ret_n)
{
	bool own_list = peer->own_client_allowed_ips;

	*ret_n = own_list ? peer->n_client_allowed_ips : interface->n_client_allowed_ips;
	return own_list ? peer->client_allowed_ips : interface->client_allowed_ips;
}

const struct prg_addr *prg_peer_dns(const struct prg_interface *interface,
                                    const struct prg_peer *peer, size_t *ret_n)
{
	*ret_n = peer->own_dns ? peer->n_dns : interface->n_dns;
	return peer->own_dns ? peer->dns : interface->dns;
}

uint16_t prg_peer_client_keepalive(const struct prg_interface *interface,
                                   const struct prg_peer *peer)
{
	return peer->own_client_keepalive ? peer->client_keepalive_s
	                                  : interface->client_keepalive_s;
}

uint16_t prg_peer_client_mtu(const struct prg_interface *interface, const struct prg_peer *peer)
{
	return peer->mtu != 0 ? peer->mtu : interface->mtu;
}
