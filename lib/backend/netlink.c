/* SPDX-License-Identifier: ISC */
/* The kernel's WireGuard: generic netlink for the device, rtnetlink for its link. */
#include <errno.h>
#include <string.h>

#include "backend/rtnl.h"
#include "backend/vtable.h"
#include "backend/wg_decode.h"
#include "backend/wg_encode.h"
#include "base/error.h"

#define DUMP_RETRIES 5
#define FLUSH_OPS 256 /* removals of 48 bytes: under one message */
/* So many in one message hold RTNL no longer than one of 16 KB that adds peers: 40 us a
 * peer against 114 ms, where both were measured (KERNEL.md). */
#define FLUSH_AT_ONCE 2048

struct netlink {
	struct prg_backend base;
	struct prg_nl *generic;
	struct prg_nl *route;
	uint16_t family;
	/* The link that the last look at it found: what was checked is what is
	 * changed, should another take its name meanwhile. 0: by name. */
	uint32_t ifindex;
};

static struct prg_wg_target target_of(const struct netlink *netlink)
{
	return (struct prg_wg_target){ netlink->family, netlink->ifindex,
		                       netlink->base.interface };
}

static void netlink_close(struct prg_backend *backend)
{
	struct netlink *netlink = (struct netlink *)backend;

	prg_nl_close(&netlink->generic);
	prg_nl_close(&netlink->route);
	free(netlink);
}

/* ---- the link */

static int netlink_link(struct prg_backend *backend, struct prg_link *ret_link,
                        struct prg_error *err)
{
	struct netlink *netlink = (struct netlink *)backend;
	struct prg_link link;
	int rc = prg_rtnl_link(netlink->route, backend->interface, &link, err);

	netlink->ifindex = rc == 0 ? link.ifindex : 0;
	if (rc == 0)
		*ret_link = link;
	return rc;
}

static int netlink_link_create(struct prg_backend *backend, const char *alias,
                               struct prg_error *err)
{
	struct netlink *netlink = (struct netlink *)backend;

	return prg_rtnl_link_create(netlink->route, backend->interface, "wireguard", alias,
	                            &netlink->ifindex, err);
}

static int find_link(struct netlink *netlink, struct prg_error *err)
{
	struct prg_link link;

	return netlink->ifindex != 0 ? 0 : netlink_link(&netlink->base, &link, err);
}

static int netlink_addresses(struct prg_backend *backend, struct prg_prefix **ret, size_t *ret_n,
                             struct prg_error *err)
{
	struct netlink *netlink = (struct netlink *)backend;
	int rc = find_link(netlink, err);

	if (rc < 0)
		return rc;
	return prg_rtnl_addresses(netlink->route, netlink->ifindex, backend->interface, ret, ret_n,
	                          err);
}

static int netlink_routes(struct prg_backend *backend, struct prg_prefix **ret, size_t *ret_n,
                          struct prg_error *err)
{
	struct netlink *netlink = (struct netlink *)backend;
	int rc = find_link(netlink, err);

	if (rc < 0)
		return rc;
	return prg_rtnl_routes(netlink->route, netlink->ifindex, backend->interface, ret, ret_n,
	                       err);
}

/* ---- observing */

struct observation {
	struct prg_assembly assembly;
	struct prg_error *err;
	bool last_try;
	bool stop; /* interrupted, and there will be another try: read on, tell nothing */
};

static int take_dump(void *context, const struct nlmsghdr *message)
{
	struct observation *observation = context;

	if ((message->nlmsg_flags & NLM_F_DUMP_INTR) && !observation->last_try)
		observation->stop = true;
	if (observation->stop)
		return 0;
	return prg_wg_decode(&observation->assembly, message, observation->err);
}

static int dump_failed(struct netlink *netlink, const struct prg_nl_answer *answer,
                       struct prg_error *err)
{
	const char *interface = netlink->base.interface;

	if (answer->errnum == ENODEV) {
		netlink->ifindex = 0;
		return prg_error_set(err, PRG_E_NOT_FOUND, "there is no interface %s", interface);
	}
	if (answer->errnum == EOPNOTSUPP)
		return prg_error_set(err, PRG_E_UNSUPPORTED,
		                     "%s is not an interface of the kernel's WireGuard", interface);
	return prg_nl_fail(err, answer, interface);
}

/* One dump. *ret_interrupted: it was not consistent. */
static int dump(struct netlink *netlink, struct observation *observation, bool *ret_interrupted,
                struct prg_error *err)
{
	struct prg_wg_target target = target_of(netlink);
	struct prg_nl_answer answer;
	size_t length = prg_wg_encode_get(prg_nl_buffer(netlink->generic), PRG_NL_SEND_BYTES,
	                                  &target);

	prg_nl_talk(netlink->generic, length, take_dump, observation, &answer, 1);
	if (answer.callback != 0)
		return answer.callback;
	if (answer.errnum != 0)
		return dump_failed(netlink, &answer, err);
	*ret_interrupted = answer.interrupted;
	if (answer.interrupted && !observation->last_try)
		return 0;
	return prg_assembly_end(&observation->assembly, err);
}

static int netlink_observe(struct prg_backend *backend, const struct prg_observer *observer,
                           bool *ret_interrupted, struct prg_error *err)
{
	struct netlink *netlink = (struct netlink *)backend;
	struct observation observation = { .err = err };
	bool interrupted = false;
	int rc = 0;

	prg_assembly_init(&observation.assembly, observer, backend->interface);
	for (int try = 0; try <= DUMP_RETRIES; try++) {
		if (try > 0) {
			prg_assembly_restart(&observation.assembly);
			if (observer->restart != NULL)
				observer->restart(observer->context);
		}
		observation.stop = false;
		observation.last_try = try == DUMP_RETRIES;
		rc = dump(netlink, &observation, &interrupted, err);
		if (rc != 0 || !interrupted)
			break;
	}
	prg_assembly_done(&observation.assembly);
	if (rc == 0)
		*ret_interrupted = interrupted;
	return rc;
}

/* ---- applying */

static int set_failed(const struct netlink *netlink, const struct prg_op *op,
                      const struct prg_nl_answer *answer, struct prg_error *err)
{
	const char *interface = netlink->base.interface;

	if (answer->errnum == EADDRINUSE && op->kind == PRG_OP_DEVICE)
		return prg_error_set(err, PRG_E_FAILED,
		                     "UDP port %u is in use by another program: choose another "
		                     "listen port, or end that program ('ss -ulnp' shows it)",
		                     op->device->listen_port);
	if (answer->errnum == EOPNOTSUPP)
		return prg_error_set(err, PRG_E_UNSUPPORTED,
		                     "%s is not an interface of the kernel's WireGuard", interface);
	return prg_nl_fail(err, answer, interface);
}

/* Sends what fits from *cursor on; an errno's worth of answer. */
static void send_set(struct netlink *netlink, const struct prg_op *ops, size_t n_ops,
                     struct prg_wg_cursor *cursor, struct prg_nl_answer *answer)
{
	struct prg_wg_target target = target_of(netlink);
	size_t length = prg_wg_encode_set(prg_nl_buffer(netlink->generic), PRG_NL_SEND_BYTES,
	                                  &target, ops, n_ops, cursor);

	prg_nl_talk(netlink->generic, length, NULL, NULL, answer, 1);
}

/* One operation on its own, over as many messages as it needs. */
static void apply_alone(struct netlink *netlink, const struct prg_op *op,
                        struct prg_progress *progress)
{
	struct prg_wg_cursor cursor = { 0 };
	struct prg_nl_answer answer = { 0 };
	struct prg_error why;
	int code = 0;

	while (cursor.op < 1 && answer.errnum == 0)
		send_set(netlink, op, 1, &cursor, &answer);
	if (answer.errnum != 0)
		code = set_failed(netlink, op, &answer, &why);
	progress->gone = answer.errnum == ENODEV;
	prg_progress_tell(progress, op, code, code != 0 ? &why : NULL);
}

/*
 * A message that fails says nothing about which of its operations it was, and
 * those before it took effect: all that it touched are done again one by one,
 * which changes nothing where they were done already.
 */
static void apply_wg(struct netlink *netlink, const struct prg_op *ops, size_t n_ops,
                     struct prg_progress *progress)
{
	struct prg_wg_cursor cursor = { 0 };
	size_t told = 0;

	while (told < n_ops && !progress->gone) {
		struct prg_nl_answer answer;
		size_t touched;

		send_set(netlink, ops, n_ops, &cursor, &answer);
		touched = cursor.op + (cursor.allowed_ip > 0);
		if (answer.errnum == 0) {
			for (; told < cursor.op; told++)
				prg_progress_tell(progress, &ops[told], 0, NULL);
			continue;
		}
		for (; told < touched && !progress->gone; told++)
			apply_alone(netlink, &ops[told], progress);
		cursor = (struct prg_wg_cursor){ .op = told };
	}
	if (told < n_ops) {
		struct prg_nl_answer answer = { .errnum = ENODEV };
		struct prg_error why;
		int code = prg_nl_fail(&why, &answer, netlink->base.interface);

		prg_progress_skip(progress, ops + told, n_ops - told, code, &why);
	}
}

static int netlink_apply(struct prg_backend *backend, const struct prg_op *ops, size_t n_ops,
                         prg_done_fn *done, void *context, struct prg_error *err)
{
	struct netlink *netlink = (struct netlink *)backend;
	struct prg_progress progress = { backend->interface, done, context, err, 0, false, 0 };
	struct prg_error why;
	int code = n_ops > 0 ? find_link(netlink, &why) : 0;

	if (code < 0) {
		prg_progress_skip(&progress, ops, n_ops, code, &why);
		return progress.first;
	}
	for (size_t i = 0, n; i < n_ops; i += n) {
		n = prg_op_run(ops + i, n_ops - i);
		if (progress.gone) {
			code = prg_error_set(&why, PRG_E_NOT_FOUND, "interface %s is gone",
			                     backend->interface);
			prg_progress_skip(&progress, ops + i, n, code, &why);
		} else if (prg_op_is_wg(&ops[i])) {
			apply_wg(netlink, ops + i, n, &progress);
		} else {
			prg_rtnl_apply(netlink->route, netlink->ifindex, ops + i, n, &progress);
		}
	}
	return progress.first;
}

/* ---- deleting */

struct keys {
	struct prg_public_key *list;
	size_t n, capacity;
};

static int take_key(void *context, const struct prg_wg_peer *peer, struct prg_error *err)
{
	struct keys *keys = context;

	if (keys->n == keys->capacity) {
		size_t more = keys->capacity > 0 ? keys->capacity * 2 : FLUSH_OPS;
		struct prg_public_key *grown = realloc(keys->list, more * sizeof(*grown));

		if (grown == NULL)
			return prg_error_nomem(err);
		keys->list = grown;
		keys->capacity = more;
	}
	keys->list[keys->n++] = peer->public_key;
	return 0;
}

static int remove_peers(struct netlink *netlink, const struct keys *keys, struct prg_error *err)
{
	PRG_FREE struct prg_wg_peer *peers = calloc(FLUSH_OPS, sizeof(*peers));
	PRG_FREE struct prg_op *ops = calloc(FLUSH_OPS, sizeof(*ops));
	int rc = 0;

	if (peers == NULL || ops == NULL)
		return prg_error_nomem(err);
	for (size_t i = 0; rc == 0 && i < keys->n;) {
		size_t n = 0;

		while (n < FLUSH_OPS && i < keys->n) {
			peers[n].public_key = keys->list[i++];
			ops[n] = (struct prg_op){ .kind = PRG_OP_PEER_REMOVE, .peer = &peers[n] };
			n++;
		}
		rc = netlink_apply(&netlink->base, ops, n, NULL, NULL, err);
	}
	return rc;
}

/* Each of those that a dump shows, so that others get their turn at RTNL. */
static int thin_out(struct netlink *netlink, struct prg_error *err)
{
	struct keys keys = { 0 };
	struct prg_observer observer = { .context = &keys, .peer = take_key, .brief = true };
	bool interrupted = false;
	int rc = netlink_observe(&netlink->base, &observer, &interrupted, err);

	if (rc == 0)
		rc = remove_peers(netlink, &keys, err);
	free(keys.list);
	return rc;
}

/* A few, and those whom thin_out() did not see. */
static int flush(struct netlink *netlink, struct prg_error *err)
{
	struct prg_wg_target target = target_of(netlink);
	struct prg_nl_answer answer;
	size_t length = prg_wg_encode_flush(prg_nl_buffer(netlink->generic), PRG_NL_SEND_BYTES,
	                                    &target);

	prg_nl_talk(netlink->generic, length, NULL, NULL, &answer, 1);
	return answer.errnum == 0 || answer.errnum == ENODEV
	               ? 0
	               : prg_nl_fail(err, &answer, netlink->base.interface);
}

static int netlink_link_delete(struct prg_backend *backend, size_t n_peers, struct prg_error *err)
{
	struct netlink *netlink = (struct netlink *)backend;
	struct prg_link link;
	int rc = netlink_link(backend, &link, err);

	if (rc == PRG_E_NOT_FOUND)
		return 0;
	if (rc == 0 && strcmp(link.kind, "wireguard") != 0)
		return prg_error_set(err, PRG_E_UNSUPPORTED,
		                     "%s is not a WireGuard link but of kind '%s': it is "
		                     "left alone",
		                     backend->interface, link.kind);
	if (rc == 0 && n_peers > FLUSH_AT_ONCE)
		rc = thin_out(netlink, err);
	if (rc == 0)
		rc = flush(netlink, err);
	if (rc == 0)
		rc = prg_rtnl_link_delete(netlink->route, link.ifindex, backend->interface, err);
	netlink->ifindex = 0;
	return rc == PRG_E_NOT_FOUND ? 0 : rc;
}

/* ---- opening */

static int take_family(void *context, const struct nlmsghdr *message)
{
	uint16_t family = prg_wg_decode_family(message);

	if (family != 0)
		*(uint16_t *)context = family;
	return 0;
}

/* The kernel loads the module when asked for the family (its alias names it). */
static int find_family(struct netlink *netlink, struct prg_error *err)
{
	struct prg_nl_answer answer;
	size_t length = prg_wg_encode_family(prg_nl_buffer(netlink->generic), PRG_NL_SEND_BYTES);

	prg_nl_talk(netlink->generic, length, take_family, &netlink->family, &answer, 1);
	if (answer.errnum != 0 && answer.errnum != ENOENT)
		return prg_nl_fail(err, &answer, netlink->base.interface);
	if (answer.errnum == ENOENT || netlink->family == 0)
		return prg_error_set(err, PRG_E_UNSUPPORTED,
		                     "this kernel has no WireGuard: load it with 'modprobe "
		                     "wireguard', or run a userspace WireGuard such as "
		                     "'wireguard-go %s'",
		                     netlink->base.interface);
	return 0;
}

static const struct prg_backend_ops netlink_ops = {
	.name = "netlink",
	.close = netlink_close,
	.link = netlink_link,
	.link_create = netlink_link_create,
	.link_delete = netlink_link_delete,
	.addresses = netlink_addresses,
	.routes = netlink_routes,
	.observe = netlink_observe,
	.apply = netlink_apply,
};

int prg_netlink_open(const char *interface, struct prg_backend **ret_backend,
                     struct prg_error *err)
{
	struct netlink *netlink = calloc(1, sizeof(*netlink));
	int rc;

	if (netlink == NULL)
		return prg_error_nomem(err);
	netlink->base.ops = &netlink_ops;
	strncpy(netlink->base.interface, interface, sizeof(netlink->base.interface) - 1);
	rc = prg_nl_open(NETLINK_GENERIC, &netlink->generic, err);
	if (rc == 0)
		rc = find_family(netlink, err);
	if (rc == 0)
		rc = prg_nl_open(NETLINK_ROUTE, &netlink->route, err);
	if (rc < 0) {
		netlink_close(&netlink->base);
		return rc;
	}
	*ret_backend = &netlink->base;
	return 0;
}
