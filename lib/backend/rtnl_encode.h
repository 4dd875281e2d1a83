/* SPDX-License-Identifier: ISC */
/* Requests to rtnetlink. Pure; each returns the message's length. Buffers hold
 * PRG_RTNL_BYTES at least. */
#ifndef PRG_BACKEND_RTNL_ENCODE_H
#define PRG_BACKEND_RTNL_ENCODE_H

#include "model/wg.h"

/* More than the longest request here needs (an alias is the longest part). */
#define PRG_RTNL_BYTES 512

/* RTM_GETLINK by name, or, name NULL, by index. */
size_t prg_rtnl_encode_link_get(void *buffer, const char *name, uint32_t ifindex);
/* RTM_NEWLINK, exclusive, of a kind ("wireguard") and with a given index. */
size_t prg_rtnl_encode_link_new(void *buffer, const char *name, const char *kind,
                                uint32_t ifindex);
/* RTM_NEWLINK on what exists. mtu 0, alias NULL, up false: left as they are. */
size_t prg_rtnl_encode_link_set(void *buffer, uint32_t ifindex, uint32_t mtu, const char *alias,
                                bool up);
size_t prg_rtnl_encode_link_delete(void *buffer, uint32_t ifindex);

/* RTM_GETADDR, a dump; kernels with strict checks send this link's only. */
size_t prg_rtnl_encode_addresses(void *buffer, uint32_t ifindex);
size_t prg_rtnl_encode_address(void *buffer, uint32_t ifindex, const struct prg_prefix *address,
                               bool add);

/* RTM_GETROUTE, a dump of the main table: family 4 or 6; ifindex 0: any link. */
size_t prg_rtnl_encode_routes(void *buffer, uint8_t family, uint32_t ifindex, uint8_t protocol);
/* Proto static, scope link, table main. */
size_t prg_rtnl_encode_route(void *buffer, uint32_t ifindex, const struct prg_prefix *route,
                             bool add);
/* Puts ours in the place of one that is there. */
size_t prg_rtnl_encode_route_take(void *buffer, uint32_t ifindex, const struct prg_prefix *route);
/* RTM_GETROUTE: how `to` is reached. */
size_t prg_rtnl_encode_lookup(void *buffer, const struct prg_addr *to);

#endif
