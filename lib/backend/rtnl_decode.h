/* SPDX-License-Identifier: ISC */
/* rtnetlink's answers to values. Pure; any bytes are safe. Each returns false
 * where the message is of another type or malformed. */
#ifndef PRG_BACKEND_RTNL_DECODE_H
#define PRG_BACKEND_RTNL_DECODE_H

#include <linux/netlink.h>

#include "model/wg.h"

/* RTM_NEWLINK. */
bool prg_rtnl_decode_link(const struct nlmsghdr *message, struct prg_link *ret_link,
                          char ret_name[PRG_IFNAME_TEXT]);

/* RTM_NEWADDR. */
bool prg_rtnl_decode_address(const struct nlmsghdr *message, uint32_t *ret_ifindex,
                             struct prg_prefix *ret_address);

/* RTM_NEWROUTE of IPv4 or IPv6. */
struct prg_rtnl_route {
	uint32_t table;
	uint8_t protocol;
	uint8_t scope;
	uint8_t type;
	struct prg_prefix to;
	uint32_t ifindex;         /* 0: none, or several next hops */
	struct prg_addr source;   /* preferred source; family 0: none */
	bool has_gateway;
	const uint8_t *next_hops; /* RTA_MULTIPATH, inside the message */
	size_t next_hops_length;
};
bool prg_rtnl_decode_route(const struct nlmsghdr *message, struct prg_rtnl_route *ret);
/* Walks next_hops: the link of the next one; false: no more. */
bool prg_rtnl_next_hop(struct prg_rtnl_route *route, uint32_t *ret_ifindex);

#endif
