/* SPDX-License-Identifier: ISC */
/*
 * Who runs an interface. A vtable; `netlink` and `uapi` are real and share
 * rtnetlink for the link, `memory` is a faithful fake for tests.
 */
#ifndef PRG_BACKEND_BACKEND_H
#define PRG_BACKEND_BACKEND_H

#include "plan/plan.h"

struct prg_backend;

/* Opens sockets; changes nothing. For AUTO: netlink where the kernel knows
 * generic netlink family "wireguard", else uapi where /var/run/wireguard/IF.sock
 * exists, else PRG_E_UNSUPPORTED with the way out. NONE is not a backend.
 * Errors also: PRG_E_PERMISSION where CAP_NET_ADMIN is missing. */
int prg_backend_open(enum prg_backend_kind kind, const char *interface,
                     struct prg_backend **ret_backend, struct prg_error *err);
void prg_backend_close(struct prg_backend **backend);
const char *prg_backend_name(const struct prg_backend *backend); /* "netlink"… */

/* The link. PRG_E_NOT_FOUND where there is none of that name. */
int prg_backend_link(struct prg_backend *backend, struct prg_link *ret_link,
                     struct prg_error *err);
/* RTM_NEWLINK kind wireguard with an alias, one message, NLM_F_EXCL. uapi: the
 * link is made by the userspace program; PRG_E_UNSUPPORTED says how to start
 * it. Errors: PRG_E_CONFLICT where the name is taken. */
int prg_backend_link_create(struct prg_backend *backend, const char *alias,
                            struct prg_error *err);
/* Removes every peer first, then deletes the link: deleting a link with peers
 * takes 18 ms each (KERNEL.md). Absent is fine. n_peers, about how many they are,
 * decides whether all of them go in one message. */
int prg_backend_link_delete(struct prg_backend *backend, size_t n_peers, struct prg_error *err);

/* Addresses of the link, and routes to it in the main table that were made by
 * us (RTPROT_STATIC, no gateway, scope link); *ret is for free(3). */
int prg_backend_addresses(struct prg_backend *backend, struct prg_prefix **ret, size_t *ret_n,
                          struct prg_error *err);
int prg_backend_routes(struct prg_backend *backend, struct prg_prefix **ret, size_t *ret_n,
                       struct prg_error *err);

/* Streams the device, then each peer whole (allowed IPs joined over messages).
 * What a callback is given is valid during the call; secrets are wiped after.
 * A non-zero return of a callback ends it and is returned. */
struct prg_observer {
	void *context;
	int (*device)(void *context, const struct prg_wg_device *device, struct prg_error *err);
	int (*peer)(void *context, const struct prg_wg_peer *peer, struct prg_error *err);
	/* The dump was interrupted and begins again: forget what was seen. */
	void (*restart)(void *context);
	bool brief; /* without allowed IPs */
};
/* *ret_interrupted: also the last of the bounded tries was interrupted; absence
 * then means nothing. Errors: PRG_E_NOT_FOUND no link; PRG_E_UNSUPPORTED not a
 * WireGuard link; PRG_E_PERMISSION; PRG_E_FAILED. */
int prg_backend_observe(struct prg_backend *backend, const struct prg_observer *observer,
                        bool *ret_interrupted, struct prg_error *err);

/*
 * Carries out operations in order. done (may be NULL) is called once for each,
 * with 0 or a PRG_E_*; those behind a failed one are still tried, unless the
 * interface itself is gone. Returns 0, or the first failure, wrapped with
 * op->who. Netlink: neighbours of kind PEER_* and DEVICE share messages of about
 * 16 KB, one message a send, each acknowledged; where a message fails, its peers
 * are sent again one by one to find the one at fault.
 */
typedef void prg_done_fn(void *context, const struct prg_op *op, int code);
int prg_backend_apply(struct prg_backend *backend, const struct prg_op *ops, size_t n_ops,
                      prg_done_fn *done, void *context, struct prg_error *err);

/* What the host's main routing says about reaching `to` (RTM_GETROUTE): the
 * device's name and our source address (family 0: none).
 * Errors: PRG_E_NOT_FOUND no route. Needs no privilege. */
int prg_route_lookup(const struct prg_addr *to, char ret_device[PRG_IFNAME_TEXT],
                     struct prg_addr *ret_source, struct prg_error *err);
/* Names of the devices that hold a default route learnt by router
 * advertisement (RTPROT_RA); *ret is an array of n names for free(3). */
int prg_route_ra_devices(char (**ret)[PRG_IFNAME_TEXT], size_t *ret_n, struct prg_error *err);

#define PRG_BACKEND PRG_CLEANUP(prg_backend_close) struct prg_backend

#endif
