/* SPDX-License-Identifier: ISC */
/* Operations to generic netlink messages for WireGuard. Pure. */
#ifndef PRG_BACKEND_WG_ENCODE_H
#define PRG_BACKEND_WG_ENCODE_H

#include "plan/plan.h"

/* Room that each encoder needs at least. */
#define PRG_WG_ENCODE_MIN 512

/* Which device a message is for. */
struct prg_wg_target {
	uint16_t family;  /* number of generic netlink family "wireguard" */
	uint32_t ifindex; /* 0: by name */
	const char *name;
};

/* Where the next message begins: an operation, and how many of its allowed IPs
 * have been sent. */
struct prg_wg_cursor {
	size_t op;
	size_t allowed_ip;
};

/* CTRL_CMD_GETFAMILY for "wireguard". All return the message's length. */
size_t prg_wg_encode_family(void *buffer, size_t capacity);
/* WG_CMD_SET_DEVICE that takes all peers off a device which is about to go: on one that
 * stays it would end every session. */
size_t prg_wg_encode_flush(void *buffer, size_t capacity, const struct prg_wg_target *target);
/* WG_CMD_GET_DEVICE, a dump. */
size_t prg_wg_encode_get(void *buffer, size_t capacity, const struct prg_wg_target *target);
/*
 * WG_CMD_SET_DEVICE with as many operations (PRG_OP_DEVICE, PRG_OP_PEER_*) from
 * *cursor on as fit; a peer whose allowed IPs do not fit is continued in the
 * next message. *cursor moves on; at the end its op is n_ops. A DEVICE operation
 * always begins a message, for the kernel handles it before peers wherever it
 * stands. 0 where capacity is under PRG_WG_ENCODE_MIN.
 */
size_t prg_wg_encode_set(void *buffer, size_t capacity, const struct prg_wg_target *target,
                         const struct prg_op *ops, size_t n_ops, struct prg_wg_cursor *cursor);

#endif
