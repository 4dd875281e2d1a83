/* SPDX-License-Identifier: ISC */
/* The handle, and what can be asked of a register without changing it. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "engine.h"
#include "host/broker.h"
#include "render/render.h"

#define DEFAULT_PATH "/var/lib/peerage/register.db"
#define PAGE 512

int prg_register_open(const char *path, unsigned flags, unsigned wait_ms,
                      struct prg_register **ret_register, struct prg_error *err)
{
	struct prg_register *reg = calloc(1, sizeof(*reg));
	int rc;

	if (reg == NULL)
		return prg_error_nomem(err);
	snprintf(reg->actor, sizeof(reg->actor), "uid %u", (unsigned)getuid());
	rc = prg_store_open(path ? path : DEFAULT_PATH, flags, wait_ms, &reg->store, err);
	if (rc < 0) {
		free(reg);
		return rc;
	}
	*ret_register = reg;
	return 0;
}

void prg_register_close(struct prg_register **reg)
{
	if (*reg == NULL)
		return;
	prg_store_close(&(*reg)->store);
	free(*reg);
	*reg = NULL;
}

const char *prg_register_id(const struct prg_register *reg)
{
	return prg_store_id(reg->store);
}

void prg_register_set_backend(struct prg_register *reg, enum prg_backend_kind kind)
{
	reg->backend = kind;
}

void prg_register_set_actor(struct prg_register *reg, const char *actor)
{
	snprintf(reg->actor, sizeof(reg->actor), "%s", actor);
}

void prg_register_set_witness(struct prg_register *reg, prg_witness_fn *fn, void *context)
{
	reg->witness = fn;
	reg->witness_context = context;
}

int prg_prepare_firewall(struct prg_error *err)
{
	return prg_broker_start(err);
}

int prg_register_prepare(struct prg_register *reg, bool *ret_host, struct prg_error *err)
{
	bool host = false;
	int rc = prg_store_pending_device(reg->store, &host, err);

	if (rc == 0 && host)
		rc = prg_broker_start(err);
	if (rc < 0)
		return rc;
	/* where it cannot be made, taking the lock says why */
	(void)prg_directory_make(PRG_RUN_DIRECTORY, NULL);
	*ret_host = host;
	return 0;
}

int prg_find_interface(struct prg_register *reg, const char *interface,
                       struct prg_interface **ret_interface, struct prg_error *err)
{
	if (interface == NULL)
		return prg_store_interface_only(reg->store, ret_interface, err);
	return prg_store_interface(reg->store, interface, ret_interface, err);
}

int prg_find_peer(struct prg_register *reg, const char *interface, const char *name,
                  struct prg_peer **ret_peer, struct prg_error *err)
{
	PRG_INTERFACE *found = NULL;
	int rc = prg_find_interface(reg, interface, &found, err);

	return rc < 0 ? rc : prg_store_peer_any(reg->store, found->id, name, ret_peer, err);
}

int prg_list_interfaces(struct prg_register *reg, prg_interface_fn *fn, void *context,
                        struct prg_error *err)
{
	struct prg_interface **all = NULL;
	size_t n = 0, i;
	int rc = prg_store_interfaces(reg->store, &all, &n, err);

	for (i = 0; i < n; i++) {
		if (rc == 0)
			rc = fn(context, all[i]);
		prg_interface_free(&all[i]);
	}
	free(all);
	return rc;
}

int prg_list_peers(struct prg_register *reg, const char *interface, prg_peer_fn *fn, void *context,
                   struct prg_error *err)
{
	PRG_INTERFACE *found = NULL;
	int64_t after = 0;
	size_t n = PAGE;
	int rc = prg_find_interface(reg, interface, &found, err);

	while (rc == 0 && n == PAGE) {
		struct prg_peer **page = NULL;
		size_t i;

		n = 0;
		rc = prg_store_peers(reg->store, found->id, after, PAGE, &page, &n, err);
		for (i = 0; i < n && rc == 0; i++) {
			after = page[i]->id;
			rc = fn(context, page[i]);
		}
		prg_peers_free(&page, n);
	}
	return rc;
}

int prg_count_peers(struct prg_register *reg, const char *interface, enum prg_peer_state state,
                    uint64_t *ret_count, struct prg_error *err)
{
	PRG_INTERFACE *found = NULL;
	int rc = prg_find_interface(reg, interface, &found, err);

	return rc < 0 ? rc : prg_store_peer_count(reg->store, found->id, state, ret_count, err);
}

int prg_render_config(struct prg_register *reg, const char *interface, const char *name,
                      const struct prg_private_key *private_key, struct prg_text **ret_text,
                      struct prg_error *err)
{
	PRG_INTERFACE *found = NULL;
	PRG_PEER *peer = NULL;
	PRG_PRESHARED_KEY psk;
	struct prg_client client = { .private_key = private_key };
	int rc = prg_find_interface(reg, interface, &found, err);

	if (rc == 0)
		rc = prg_store_peer_any(reg->store, found->id, name, &peer, err);
	if (rc == 0 && peer->state == PRG_PEER_REVOKED)
		rc = prg_error_set(err, PRG_E_CONFLICT,
		                   "peer %s is revoked: there is nothing left to hand out", name);
	if (rc == 0 && peer->has_preshared_key) {
		rc = prg_store_peer_psk(reg->store, peer->id, &psk, err);
		client.preshared_key = &psk;
	}
	if (rc < 0)
		return rc;
	client.interface = found;
	client.peer = peer;
	return prg_render_wgquick(&client, ret_text, err);
}
