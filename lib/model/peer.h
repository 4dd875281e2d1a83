/* SPDX-License-Identifier: ISC */
/* Interfaces and peers of the register: making, copying. */
#ifndef PRG_MODEL_PEER_H
#define PRG_MODEL_PEER_H

#include "base/cleanup.h"
#include "peerage.h"

#define PRG_INTERFACE PRG_CLEANUP(prg_interface_free) struct prg_interface
#define PRG_PEER PRG_CLEANUP(prg_peer_free) struct prg_peer

/* Zeroed; NULL: out of memory. */
struct prg_interface *prg_interface_new(void);
struct prg_peer *prg_peer_new(void);
/* Deep copies; NULL: out of memory. */
struct prg_interface *prg_interface_copy(const struct prg_interface *interface);
struct prg_peer *prg_peer_copy(const struct prg_peer *peer);

/* *slot (a pointer to malloc'd elements) becomes a copy of list; the old one is
 * freed. An empty list is NULL. */
int prg_list_replace(void *slot, size_t *n_slot, const void *list, size_t n, size_t size,
                     struct prg_error *err);

/* What holds for a client of this peer: the peer's own value or the interface's. */
const struct prg_prefix *prg_peer_client_allowed_ips(const struct prg_interface *interface,
                                                     const struct prg_peer *peer, size_t *ret_n);
const struct prg_addr *prg_peer_dns(const struct prg_interface *interface,
                                    const struct prg_peer *peer, size_t *ret_n);
uint16_t prg_peer_client_keepalive(const struct prg_interface *interface,
                                   const struct prg_peer *peer);
uint16_t prg_peer_client_mtu(const struct prg_interface *interface, const struct prg_peer *peer);

#endif
