/* SPDX-License-Identifier: ISC */
/* What runs, to what is imported of it. */
#include <string.h>

#include "backend/backend.h"
#include "base/error.h"
#include "import/import.h"
#include "model/addr.h"

struct reading {
	struct prg_import *import;
	size_t capacity;
	uint32_t fwmark;
	bool fixed; /* a peer that might have an endpoint of its own */
};

static int on_device(void *context, const struct prg_wg_device *device, struct prg_error *err)
{
	struct reading *r = context;
	struct prg_private_key *key;

	r->import->listen_port = device->listen_port;
	r->fwmark = device->fwmark;
	if (!device->has_private_key)
		return 0;
	key = prg_arena_take(r->import->arena, sizeof(*key));
	if (key == NULL)
		return prg_error_nomem(err);
	*key = device->private_key;
	r->import->private_key = key;
	return 0;
}

static int on_peer(void *context, const struct prg_wg_peer *from, struct prg_error *err)
{
	struct reading *r = context;
	struct prg_import *import = r->import;
	struct prg_preshared_key *psk;
	struct prg_import_peer *peer;

	if (import->n_peers == r->capacity) {
		size_t capacity = r->capacity ? 2 * r->capacity : 64;

		peer = reallocarray(import->peers, capacity, sizeof(*peer));
		if (peer == NULL)
			return prg_error_nomem(err);
		import->peers = peer;
		r->capacity = capacity;
	}
	peer = &import->peers[import->n_peers];
	*peer = (struct prg_import_peer){ .public_key = from->public_key,
		                          .keepalive_s = from->keepalive_s };
	r->fixed |= from->keepalive_s != 0 && from->endpoint.addr.family != 0;
	if (from->preshared_key != NULL) {
		psk = prg_arena_take(import->arena, sizeof(*psk));
		if (psk == NULL)
			return prg_error_nomem(err);
		*psk = *from->preshared_key;
		peer->preshared_key = psk;
	}
	if (from->n_allowed_ips > 0) {
		peer->allowed_ips = malloc(from->n_allowed_ips * sizeof(*peer->allowed_ips));
		if (peer->allowed_ips == NULL)
			return prg_error_nomem(err);
		memcpy(peer->allowed_ips, from->allowed_ips,
		       from->n_allowed_ips * sizeof(*peer->allowed_ips));
		peer->n_allowed_ips = from->n_allowed_ips;
	}
	import->n_peers++;
	return 0;
}

static void on_restart(void *context)
{
	struct reading *r = context;
	size_t i;

	for (i = 0; i < r->import->n_peers; i++)
		free(r->import->peers[i].allowed_ips);
	r->import->n_peers = 0;
	r->fixed = false;
}

static bool link_local(const struct prg_prefix *p)
{
	return p->addr.family == 6 && p->addr.bytes[0] == 0xfe && (p->addr.bytes[1] & 0xc0) == 0x80;
}

/* The kernel gives links of the kind a local address on its own account. */
static int read_addresses(struct reading *r, struct prg_backend *backend, struct prg_error *err)
{
	struct prg_import *import = r->import;
	size_t i, kept = 0;
	int rc = prg_backend_addresses(backend, &import->addresses, &import->n_addresses, err);

	for (i = 0; rc == 0 && i < import->n_addresses; i++)
		if (!link_local(&import->addresses[i]))
			import->addresses[kept++] = import->addresses[i];
	if (rc == 0)
		import->n_addresses = kept;
	return rc;
}

static int tell(const struct reading *r, struct prg_error *err)
{
	int rc = 0;

	if (r->fwmark != 0)
		rc = prg_import_tell(r->import, 0, true, err, "FwMark");
	if (rc == 0 && r->fixed)
		rc = prg_import_tell(r->import, 0, false, err,
		                     "where peers are connected from is not recorded: give one "
		                     "that listens at a fixed address its own with 'peerage set "
		                     "NAME --peer-endpoint ADDRESS:PORT'");
	return rc;
}

int prg_import_running(struct prg_backend *backend, const char *interface,
                       struct prg_import **ret, struct prg_error *err)
{
	PRG_IMPORT_OWN *import = NULL;
	struct reading r = { 0 };
	const struct prg_observer observer = {
		.context = &r, .device = on_device, .peer = on_peer, .restart = on_restart
	};
	struct prg_link link;
	bool interrupted = false;
	int rc = prg_import_new(interface, &import, err);

	r.import = import;
	if (rc == 0)
		rc = prg_backend_link(backend, &link, err);
	if (rc == 0)
		rc = prg_backend_observe(backend, &observer, &interrupted, err);
	if (rc == 0 && interrupted)
		rc = prg_error_set(err, PRG_E_FAILED,
		                   "interface %s was being changed all the time by someone else: "
		                   "try again when it is quiet",
		                   interface);
	if (rc == 0)
		rc = read_addresses(&r, backend, err);
	if (rc == 0)
		rc = tell(&r, err);
	if (rc == 0)
		rc = prg_import_name_all(import, err);
	if (rc < 0)
		return rc;
	import->mtu = link.mtu <= UINT16_MAX ? (uint16_t)link.mtu : 0;
	*ret = import;
	import = NULL;
	return 0;
}
