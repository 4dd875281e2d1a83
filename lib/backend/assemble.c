/* SPDX-License-Identifier: ISC */
#include "backend/assemble.h"

#include <string.h>

#include "base/error.h"
#include "model/addr.h"

#define FIRST_ALLOWED_IPS 16

void prg_assembly_init(struct prg_assembly *assembly, const struct prg_observer *observer,
                       const char *name)
{
	memset(assembly, 0, sizeof(*assembly));
	assembly->observer = observer;
	strncpy(assembly->device.name, name, sizeof(assembly->device.name) - 1);
}

void prg_assembly_done(struct prg_assembly *assembly)
{
	free(assembly->allowed_ips);
	prg_wipe(assembly, sizeof(*assembly));
}

void prg_assembly_restart(struct prg_assembly *assembly)
{
	char name[PRG_IFNAME_TEXT];

	memcpy(name, assembly->device.name, sizeof(name));
	prg_wipe(&assembly->device, sizeof(assembly->device));
	prg_wipe(&assembly->preshared_key, sizeof(assembly->preshared_key));
	memcpy(assembly->device.name, name, sizeof(name));
	memset(&assembly->peer, 0, sizeof(assembly->peer));
	assembly->device_told = false;
	assembly->peer_open = false;
}

static int tell_device(struct prg_assembly *assembly, struct prg_error *err)
{
	const struct prg_observer *observer = assembly->observer;
	int rc = 0;

	if (assembly->device_told)
		return 0;
	assembly->device_told = true;
	if (observer->device != NULL)
		rc = observer->device(observer->context, &assembly->device, err);
	prg_wipe(&assembly->device.private_key, sizeof(assembly->device.private_key));
	return rc;
}

static int tell_peer(struct prg_assembly *assembly, struct prg_error *err)
{
	const struct prg_observer *observer = assembly->observer;
	struct prg_wg_peer *peer = &assembly->peer;
	int rc = 0;

	if (!assembly->peer_open)
		return 0;
	assembly->peer_open = false;
	peer->allowed_ips = peer->n_allowed_ips > 0 ? assembly->allowed_ips : NULL;
	peer->preshared_key = NULL;
	if (!prg_secret_is_zero(assembly->preshared_key.bytes))
		peer->preshared_key = &assembly->preshared_key;
	if (peer->endpoint.port == prg_wg_nowhere.port &&
	    prg_wg_endpoint_equal(&peer->endpoint, &prg_wg_nowhere))
		peer->endpoint = (struct prg_wg_endpoint){ 0 };
	if (observer->peer != NULL)
		rc = observer->peer(observer->context, peer, err);
	prg_wipe(&assembly->preshared_key, sizeof(assembly->preshared_key));
	return rc;
}

int prg_assembly_peer(struct prg_assembly *assembly, const struct prg_public_key *key,
                      struct prg_error *err)
{
	struct prg_wg_peer *peer = &assembly->peer;
	int rc = tell_device(assembly, err);

	if (rc != 0)
		return rc;
	if (assembly->peer_open && memcmp(&peer->public_key, key, sizeof(*key)) == 0)
		return 0;
	rc = tell_peer(assembly, err);
	if (rc != 0)
		return rc;
	memset(peer, 0, sizeof(*peer));
	peer->public_key = *key;
	assembly->peer_open = true;
	return 0;
}

int prg_assembly_allowed_ip(struct prg_assembly *assembly, const struct prg_prefix *prefix,
                            struct prg_error *err)
{
	size_t n = assembly->peer.n_allowed_ips;

	if (assembly->observer->brief)
		return 0;
	if (n == assembly->capacity) {
		size_t more = n > 0 ? n * 2 : FIRST_ALLOWED_IPS;
		struct prg_prefix *grown = NULL;

		if (more < SIZE_MAX / sizeof(*grown))
			grown = realloc(assembly->allowed_ips, more * sizeof(*grown));
		if (grown == NULL)
			return prg_error_nomem(err);
		assembly->allowed_ips = grown;
		assembly->capacity = more;
	}
	assembly->allowed_ips[n] = prefix->length == prg_addr_bits(&prefix->addr)
	                                   ? *prefix
	                                   : prg_prefix_network(prefix);
	assembly->peer.n_allowed_ips = n + 1;
	return 0;
}

int prg_assembly_end(struct prg_assembly *assembly, struct prg_error *err)
{
	int rc = tell_device(assembly, err);

	return rc != 0 ? rc : tell_peer(assembly, err);
}
