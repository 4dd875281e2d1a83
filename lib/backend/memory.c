/* SPDX-License-Identifier: ISC */
#include "backend/memory.h"

#include <pthread.h>
#include <string.h>

#include "backend/memory_state.h"
#include "backend/progress.h"
#include "backend/wg_encode.h"
#include "base/error.h"
#include "base/secret.h"

#define DUMP_RETRIES   5
#define EPHEMERAL_PORT 49152
#define MESSAGE_BYTES  16384

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void unlock(const int *locked)
{
	(void)locked;
	pthread_mutex_unlock(&lock);
}
#define LOCKED PRG_CLEANUP(unlock) __attribute__((unused)) int locked = pthread_mutex_lock(&lock)

static int absent(const char *name, struct prg_error *err)
{
	return prg_error_set(err, PRG_E_NOT_FOUND, "there is no interface %s", name);
}

/* The record of a link that exists; NULL with *err filled in otherwise. */
static struct fake *present(const struct prg_backend *backend, struct prg_error *err)
{
	struct fake *interface = prg_memory_find(backend->interface);

	if (interface != NULL && interface->exists)
		return interface;
	absent(backend->interface, err);
	return NULL;
}

/* ---- the vtable: the link */

static void memory_close(struct prg_backend *backend)
{
	free(backend);
}

static int memory_link(struct prg_backend *backend, struct prg_link *ret_link,
		       struct prg_error *err)
{
	LOCKED;
	const struct fake *interface = present(backend, err);

	if (interface == NULL)
		return PRG_E_NOT_FOUND;
	*ret_link = interface->link;
	return 0;
}

static int memory_link_create(struct prg_backend *backend, const char *alias, struct prg_error *err)
{
	LOCKED;
	struct fake *interface = prg_memory_make(backend->interface);

	if (interface == NULL)
		return prg_error_nomem(err);
	if (interface->exists)
		return prg_error_set(err, PRG_E_CONFLICT, "a link named %s exists already",
				     backend->interface);
	prg_memory_create(interface, "wireguard", alias != NULL ? alias : "");
	return 0;
}

static int memory_link_delete(struct prg_backend *backend, size_t n_peers, struct prg_error *err)
{
	(void)n_peers;
	LOCKED;
	struct fake *interface = prg_memory_find(backend->interface);

	if (interface == NULL || !interface->exists)
		return 0;
	if (strcmp(interface->link.kind, "wireguard") != 0)
		return prg_error_set(
			err, PRG_E_UNSUPPORTED,
			"%s is not a WireGuard link but of kind '%s': it is left alone",
			backend->interface, interface->link.kind);
	prg_memory_empty(interface);
	return 0;
}

static int copy_list(const struct prg_prefixes *from, struct prg_prefix **ret, size_t *ret_n,
		     struct prg_error *err)
{
	struct prg_prefix *copy = calloc(from->n + 1, sizeof(*copy));

	if (copy == NULL)
		return prg_error_nomem(err);
	if (from->n > 0)
		memcpy(copy, from->list, from->n * sizeof(*copy));
	*ret = copy;
	*ret_n = from->n;
	return 0;
}

static int memory_addresses(struct prg_backend *backend, struct prg_prefix **ret, size_t *ret_n,
			    struct prg_error *err)
{
	LOCKED;
	const struct fake *interface = present(backend, err);

	if (interface == NULL)
		return PRG_E_NOT_FOUND;
	return copy_list(&interface->addresses, ret, ret_n, err);
}

static int memory_routes(struct prg_backend *backend, struct prg_prefix **ret, size_t *ret_n,
			 struct prg_error *err)
{
	LOCKED;
	const struct fake *interface = present(backend, err);

	if (interface == NULL)
		return PRG_E_NOT_FOUND;
	return copy_list(&interface->routes, ret, ret_n, err);
}

/* ---- the vtable: observing */

static int tell_peer(const struct fake_peer *peer, const struct prg_observer *observer,
		     struct prg_error *err)
{
	static const struct prg_preshared_key none;
	PRG_PRESHARED_KEY psk = peer->preshared_key;
	struct prg_wg_peer values = peer->values;

	if (prg_wg_endpoint_equal(&values.endpoint, &prg_wg_nowhere))
		values.endpoint = (struct prg_wg_endpoint){ 0 };
	if (memcmp(&psk, &none, sizeof(psk)) != 0)
		values.preshared_key = &psk;
	values.n_allowed_ips = observer->brief ? 0 : peer->allowed_ips.n;
	values.allowed_ips = values.n_allowed_ips > 0 ? peer->allowed_ips.list : NULL;
	return observer->peer != NULL ? observer->peer(observer->context, &values, err) : 0;
}

/* One dump; an interrupted one stops half-way. */
static int tell(const struct fake *interface, const struct prg_observer *observer, bool interrupted,
		struct prg_error *err)
{
	size_t left = interrupted ? interface->n_peers / 2 : interface->n_peers;
	struct prg_wg_device device = interface->device;
	int rc = 0;

	if (observer->device != NULL)
		rc = observer->device(observer->context, &device, err);
	prg_wipe(&device, sizeof(device));
	for (const struct fake_peer *peer = interface->first; rc == 0 && left > 0;
	     peer = peer->next) {
		rc = tell_peer(peer, observer, err);
		left--;
	}
	return rc;
}

static int memory_observe(struct prg_backend *backend, const struct prg_observer *observer,
			  bool *ret_interrupted, struct prg_error *err)
{
	LOCKED;
	struct fake *interface = present(backend, err);
	bool interrupted = true;
	int rc = 0;

	if (interface == NULL)
		return PRG_E_NOT_FOUND;
	if (strcmp(interface->link.kind, "wireguard") != 0)
		return prg_error_set(err, PRG_E_UNSUPPORTED, "%s is not a WireGuard interface",
				     backend->interface);
	for (int try = 0; rc == 0 && interrupted && try <= DUMP_RETRIES; try++) {
		if (try > 0 && observer->restart != NULL)
			observer->restart(observer->context);
		interrupted = interface->interrupt > 0;
		interface->interrupt -= interrupted;
		rc = tell(interface, observer, interrupted, err);
	}
	if (rc == 0)
		*ret_interrupted = interrupted;
	return rc;
}

/* ---- the vtable: applying */

static int set_private_key(struct fake *interface, const struct prg_wg_device *wanted,
			   struct prg_error *err)
{
	struct prg_wg_device *device = &interface->device;
	struct fake_peer *self;
	int rc;

	device->has_private_key = wanted->has_private_key;
	prg_wipe(&device->private_key, sizeof(device->private_key));
	memset(&device->public_key, 0, sizeof(device->public_key));
	if (!wanted->has_private_key)
		return 0;
	device->private_key = wanted->private_key;
	device->private_key.bytes[0] &= 248;
	device->private_key.bytes[31] = (unsigned char)((device->private_key.bytes[31] & 127) | 64);
	rc = prg_public_key_derive(&device->private_key, &device->public_key, err);
	self = rc == 0 ? prg_memory_find_peer(interface, &device->public_key) : NULL;
	if (self != NULL)
		prg_memory_remove_peer(interface, self);
	return rc;
}

static int apply_device(struct fake *interface, const struct prg_op *op, struct prg_error *err)
{
	if (op->fields & PRG_OF_FWMARK)
		interface->device.fwmark = op->device->fwmark;
	if (op->fields & PRG_OF_LISTEN_PORT)
		interface->device.listen_port = op->device->listen_port;
	if (op->fields & PRG_OF_PRIVATE_KEY)
		return set_private_key(interface, op->device, err);
	return 0;
}

static int set_allowed_ips(struct fake *interface, struct fake_peer *peer, const struct prg_op *op,
			   struct prg_error *err)
{
	if (prg_op_replaces(op))
		prg_memory_disown_all(interface, peer);
	if (!(op->fields & PRG_OF_ALLOWED_IPS))
		return 0;
	for (size_t i = 0; i < op->peer->n_allowed_ips; i++) {
		const struct prg_prefix *prefix = &op->peer->allowed_ips[i];

		if (prefix->length > prg_addr_bits(&prefix->addr))
			return prg_error_set(err, PRG_E_FAILED, "invalid prefix length %u",
					     prefix->length);
		if (prg_memory_own(interface, peer, prefix) < 0)
			return prg_error_nomem(err);
	}
	return 0;
}

static int apply_peer_set(struct fake *interface, const struct prg_op *op, struct prg_error *err)
{
	static const struct prg_preshared_key none;
	const struct prg_wg_device *device = &interface->device;
	const struct prg_wg_peer *wanted = op->peer;
	struct fake_peer *peer = prg_memory_find_peer(interface, &wanted->public_key);

	if (peer == NULL) {
		if (!(op->fields & PRG_OF_CREATE))
			return 0;
		if (device->has_private_key &&
		    memcmp(&device->public_key, &wanted->public_key, PRG_KEY_BYTES) == 0)
			return 0;
		peer = prg_memory_add_peer(interface, &wanted->public_key);
		if (peer == NULL)
			return prg_error_nomem(err);
	}
	if (op->fields & PRG_OF_PRESHARED_KEY)
		peer->preshared_key = wanted->preshared_key != NULL ? *wanted->preshared_key : none;
	if (op->fields & PRG_OF_KEEPALIVE)
		peer->values.keepalive_s = wanted->keepalive_s;
	if ((op->fields & PRG_OF_ENDPOINT) && wanted->endpoint.addr.family != 0)
		peer->values.endpoint = wanted->endpoint;
	return set_allowed_ips(interface, peer, op, err);
}

static int apply_peer_remove(struct fake *interface, const struct prg_op *op)
{
	struct fake_peer *peer = prg_memory_find_peer(interface, &op->peer->public_key);

	if (peer != NULL)
		prg_memory_remove_peer(interface, peer);
	return 0;
}

static int apply_prefix(struct prg_prefixes *list, const struct prg_prefix *prefix, bool add,
			struct prg_error *err)
{
	size_t index = prg_prefixes_find(list, prefix);

	if (add && index == list->n && prg_prefixes_add(list, prefix) < 0)
		return prg_error_nomem(err);
	if (!add && index < list->n)
		prg_prefixes_remove(list, index);
	return 0;
}

static int apply_link(struct fake *interface, const struct prg_op *op, struct prg_error *err)
{
	struct prg_link *link = &interface->link;

	if (op->alias != NULL) {
		size_t length = strlen(op->alias);

		if (length >= sizeof(link->alias))
			return prg_error_set(err, PRG_E_USAGE, "an alias has at most %d bytes",
					     PRG_ALIAS_TEXT - 1);
		memcpy(link->alias, op->alias, length + 1);
	}
	if (op->mtu != 0)
		link->mtu = op->mtu;
	link->up |= op->up;
	if (link->up && interface->device.listen_port == 0)
		interface->device.listen_port = EPHEMERAL_PORT;
	return 0;
}

static int apply_route(struct fake *interface, const struct prg_op *op, struct prg_error *err)
{
	struct prg_prefix network = prg_prefix_network(&op->prefix);
	bool add = op->kind == PRG_OP_ROUTE_ADD;

	if (add && !interface->link.up)
		return prg_error_set(err, PRG_E_FAILED, "interface %s is down: bring it up first",
				     interface->name);
	return apply_prefix(&interface->routes, &network, add, err);
}

static int carry_out(struct fake *interface, const struct prg_op *op, struct prg_error *err)
{
	if (prg_op_is_wg(op) && strcmp(interface->link.kind, "wireguard") != 0)
		return prg_error_set(err, PRG_E_UNSUPPORTED, "%s is not a WireGuard interface",
				     interface->name);
	switch (op->kind) {
	case PRG_OP_DEVICE:
		return apply_device(interface, op, err);
	case PRG_OP_PEER_REMOVE:
		return apply_peer_remove(interface, op);
	case PRG_OP_PEER_SET:
		return apply_peer_set(interface, op, err);
	case PRG_OP_ADDRESS_ADD:
		return apply_prefix(&interface->addresses, &op->prefix, true, err);
	case PRG_OP_ADDRESS_DEL:
		return apply_prefix(&interface->addresses, &op->prefix, false, err);
	case PRG_OP_ROUTE_ADD:
	case PRG_OP_ROUTE_DEL:
		return apply_route(interface, op, err);
	case PRG_OP_LINK:
		return apply_link(interface, op, err);
	}
	return prg_error_set(err, PRG_E_USAGE, "unknown operation");
}

static int apply_one(struct fake *interface, const struct prg_op *op, struct prg_error *err)
{
	interface->ops++;
	if (interface->fail_at > 0 && --interface->fail_at == 0) {
		if (interface->fail_code == PRG_E_NOT_FOUND)
			prg_memory_empty(interface);
		return prg_error_set(err, interface->fail_code, "a failure as ordered by a test");
	}
	return carry_out(interface, op, err);
}

/* As the netlink backend would send them. */
static void count_bytes(struct fake *interface, const struct prg_op *ops, size_t n_ops)
{
	struct prg_wg_target target = {.ifindex = interface->link.ifindex};
	PRG_FREE unsigned char *buffer = malloc(MESSAGE_BYTES);

	for (size_t i = 0, n; buffer != NULL && i < n_ops; i += n) {
		struct prg_wg_cursor cursor = {0};

		n = prg_op_run(ops + i, n_ops - i);
		while (prg_op_is_wg(&ops[i]) && cursor.op < n)
			interface->bytes += prg_wg_encode_set(buffer, MESSAGE_BYTES, &target,
							      ops + i, n, &cursor);
	}
	prg_wipe(buffer, MESSAGE_BYTES);
}

static int memory_apply(struct prg_backend *backend, const struct prg_op *ops, size_t n_ops,
			prg_done_fn *done, void *context, struct prg_error *err)
{
	struct prg_progress progress = {backend->interface, done, context, err, 0, false, 0};
	bool gone = false;

	for (size_t i = 0; i < n_ops; i++) {
		struct prg_error why;
		int code = PRG_E_NOT_FOUND;

		{
			LOCKED;
			struct fake *interface = present(backend, &why);

			if (interface != NULL && i == 0)
				count_bytes(interface, ops, n_ops);
			if (interface != NULL && !gone)
				code = apply_one(interface, &ops[i], &why);
		}
		gone |= code == PRG_E_NOT_FOUND;
		prg_progress_tell(&progress, &ops[i], code, code != 0 ? &why : NULL);
	}
	return progress.first;
}

static const struct prg_backend_ops memory_ops = {
	.name = "memory",
	.close = memory_close,
	.link = memory_link,
	.link_create = memory_link_create,
	.link_delete = memory_link_delete,
	.addresses = memory_addresses,
	.routes = memory_routes,
	.observe = memory_observe,
	.apply = memory_apply,
};

int prg_memory_open(const char *interface, struct prg_backend **ret_backend, struct prg_error *err)
{
	struct prg_backend *backend = calloc(1, sizeof(*backend));

	if (backend == NULL)
		return prg_error_nomem(err);
	backend->ops = &memory_ops;
	strncpy(backend->interface, interface, sizeof(backend->interface) - 1);
	*ret_backend = backend;
	return 0;
}

/* ---- hooks */

void prg_memory_reset(void)
{
	LOCKED;

	prg_memory_forget();
}

int prg_memory_link_set(const char *name, const char *kind, const char *alias)
{
	LOCKED;
	struct fake *interface = prg_memory_make(name);

	if (interface == NULL)
		return PRG_E_NOMEM;
	prg_memory_create(interface, kind, alias);
	return 0;
}

void prg_memory_link_remove(const char *name)
{
	LOCKED;
	struct fake *interface = prg_memory_find(name);

	if (interface != NULL)
		prg_memory_empty(interface);
}

void prg_memory_fail(const char *name, uint64_t n, int code)
{
	LOCKED;
	struct fake *interface = prg_memory_make(name);

	if (interface == NULL)
		return;
	interface->fail_at = n;
	interface->fail_code = code;
}

void prg_memory_interrupt(const char *name, unsigned k)
{
	LOCKED;
	struct fake *interface = prg_memory_make(name);

	if (interface != NULL)
		interface->interrupt = k;
}

uint64_t prg_memory_ops(const char *name)
{
	LOCKED;
	const struct fake *interface = prg_memory_find(name);

	return interface != NULL ? interface->ops : 0;
}

uint64_t prg_memory_bytes(const char *name)
{
	LOCKED;
	const struct fake *interface = prg_memory_find(name);

	return interface != NULL ? interface->bytes : 0;
}

int prg_memory_traffic(const char *name, const struct prg_public_key *key,
		       int64_t latest_handshake_at, uint64_t rx_bytes, uint64_t tx_bytes,
		       const struct prg_wg_endpoint *endpoint)
{
	LOCKED;
	const struct fake *interface = prg_memory_find(name);
	struct fake_peer *peer = interface != NULL ? prg_memory_find_peer(interface, key) : NULL;

	if (peer == NULL)
		return PRG_E_NOT_FOUND;
	peer->values.latest_handshake_at = latest_handshake_at;
	peer->values.rx_bytes += rx_bytes;
	peer->values.tx_bytes += tx_bytes;
	if (endpoint != NULL)
		peer->values.endpoint = *endpoint;
	return 0;
}
