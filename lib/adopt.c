/* SPDX-License-Identifier: ISC */
#include <sodium.h>

#include "engine.h"

struct comparison {
	const struct prg_private_key *key;
	bool same;
};

static int on_device(void *context, const struct prg_wg_device *device, struct prg_error *err)
{
	struct comparison *c = context;

	(void)err;
	c->same = device->has_private_key &&
	          sodium_memcmp(device->private_key.bytes, c->key->bytes, PRG_KEY_BYTES) == 0;
	return 0;
}

static int on_peer(void *context, const struct prg_wg_peer *peer, struct prg_error *err)
{
	(void)context;
	(void)peer;
	(void)err;
	return 0;
}

int prg_adopt_has_key(struct prg_backend *backend, const struct prg_private_key *key, bool *ret,
                      struct prg_error *err)
{
	struct comparison c = { .key = key };
	const struct prg_observer observer = { .context = &c, .device = on_device,
		                               .peer = on_peer };
	bool interrupted;
	int rc = prg_backend_observe(backend, &observer, &interrupted, err);

	if (rc < 0)
		return rc;
	*ret = c.same;
	return 0;
}
