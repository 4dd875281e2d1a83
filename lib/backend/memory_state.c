/* SPDX-License-Identifier: ISC */
#include "backend/memory_state.h"

#include <search.h>
#include <string.h>

#define FIRST_IFINDEX 100
#define DEFAULT_MTU   1420

/* Which peer an allowed IP leads to. */
struct owned {
	struct prg_prefix prefix; /* first: what the tree compares */
	struct fake_peer *owner;
};

static struct fake *interfaces;
static uint32_t next_ifindex = FIRST_IFINDEX;

static int compare_keys(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct prg_public_key));
}

static int compare_prefixes(const void *a, const void *b)
{
	return prg_prefix_compare(a, b);
}

/* ---- peers and what they own */

struct fake_peer *prg_memory_find_peer(const struct fake *interface,
				       const struct prg_public_key *key)
{
	void *node = tfind(key, &interface->by_key, compare_keys);

	return node != NULL ? *(struct fake_peer **)node : NULL;
}

static void disown(struct fake *interface, const struct prg_prefix *prefix)
{
	void *node = tfind(prefix, &interface->by_prefix, compare_prefixes);
	struct owned *owned;

	if (node == NULL)
		return;
	owned = *(struct owned **)node;
	prg_prefixes_remove(&owned->owner->allowed_ips,
			    prg_prefixes_find(&owned->owner->allowed_ips, prefix));
	tdelete(prefix, &interface->by_prefix, compare_prefixes);
	free(owned);
}

void prg_memory_disown_all(struct fake *interface, const struct fake_peer *peer)
{
	while (peer->allowed_ips.n > 0) {
		struct prg_prefix last = peer->allowed_ips.list[peer->allowed_ips.n - 1];

		disown(interface, &last);
	}
}

/* Takes it from whoever has it, as the kernel does. */
int prg_memory_own(struct fake *interface, struct fake_peer *peer, const struct prg_prefix *prefix)
{
	struct owned *owned = malloc(sizeof(*owned));

	if (owned == NULL)
		return PRG_E_NOMEM;
	*owned = (struct owned){prg_prefix_network(prefix), peer};
	disown(interface, &owned->prefix);
	if (prg_prefixes_add(&peer->allowed_ips, &owned->prefix) < 0) {
		free(owned);
		return PRG_E_NOMEM;
	}
	if (tsearch(owned, &interface->by_prefix, compare_prefixes) == NULL) {
		peer->allowed_ips.n--;
		free(owned);
		return PRG_E_NOMEM;
	}
	return 0;
}

struct fake_peer *prg_memory_add_peer(struct fake *interface, const struct prg_public_key *key)
{
	struct fake_peer *peer = calloc(1, sizeof(*peer));

	if (peer == NULL)
		return NULL;
	peer->key = *key;
	peer->values.public_key = *key;
	if (tsearch(peer, &interface->by_key, compare_keys) == NULL) {
		free(peer);
		return NULL;
	}
	peer->previous = interface->last;
	*(interface->last != NULL ? &interface->last->next : &interface->first) = peer;
	interface->last = peer;
	interface->n_peers++;
	return peer;
}

void prg_memory_remove_peer(struct fake *interface, struct fake_peer *peer)
{
	prg_memory_disown_all(interface, peer);
	prg_prefixes_done(&peer->allowed_ips);
	tdelete(&peer->key, &interface->by_key, compare_keys);
	*(peer->previous != NULL ? &peer->previous->next : &interface->first) = peer->next;
	*(peer->next != NULL ? &peer->next->previous : &interface->last) = peer->previous;
	interface->n_peers--;
	prg_wipe(peer, sizeof(*peer));
	free(peer);
}

/* ---- interfaces */

struct fake *prg_memory_find(const char *name)
{
	struct fake *interface = interfaces;

	while (interface != NULL && strcmp(interface->name, name) != 0)
		interface = interface->next;
	return interface;
}

/* A record for the name, whether or not there is a link. */
struct fake *prg_memory_make(const char *name)
{
	struct fake *interface = prg_memory_find(name);

	if (interface != NULL)
		return interface;
	interface = calloc(1, sizeof(*interface));
	if (interface == NULL)
		return NULL;
	strncpy(interface->name, name, sizeof(interface->name) - 1);
	interface->next = interfaces;
	interfaces = interface;
	return interface;
}

void prg_memory_empty(struct fake *interface)
{
	while (interface->first != NULL)
		prg_memory_remove_peer(interface, interface->first);
	prg_prefixes_done(&interface->addresses);
	prg_prefixes_done(&interface->routes);
	prg_wipe(&interface->device, sizeof(interface->device));
	memset(&interface->link, 0, sizeof(interface->link));
	interface->exists = false;
}

void prg_memory_create(struct fake *interface, const char *kind, const char *alias)
{
	prg_memory_empty(interface);
	interface->exists = true;
	interface->link.ifindex = next_ifindex++;
	interface->link.mtu = DEFAULT_MTU;
	strncpy(interface->link.kind, kind, sizeof(interface->link.kind) - 1);
	strncpy(interface->link.alias, alias, sizeof(interface->link.alias) - 1);
	interface->device.ifindex = interface->link.ifindex;
	memcpy(interface->device.name, interface->name, sizeof(interface->name));
}

void prg_memory_forget(void)
{
	while (interfaces != NULL) {
		struct fake *interface = interfaces;

		interfaces = interface->next;
		prg_memory_empty(interface);
		free(interface);
	}
	next_ifindex = FIRST_IFINDEX;
}
