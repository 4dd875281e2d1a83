/* SPDX-License-Identifier: ISC */
#include "backend/rtnl_encode.h"

#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#include "model/addr.h"

static struct nlmsghdr *begin(void *buffer, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);

	message->nlmsg_type = type;
	message->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	return message;
}

static void put(struct nlmsghdr *message, uint16_t type, const void *data, size_t length)
{
	mnl_attr_put_check(message, PRG_RTNL_BYTES, type, length, data);
}

static void put_text(struct nlmsghdr *message, uint16_t type, const char *text)
{
	put(message, type, text, strlen(text) + 1);
}

static struct ifinfomsg *put_link(struct nlmsghdr *message, uint32_t ifindex)
{
	struct ifinfomsg *link = mnl_nlmsg_put_extra_header(message, sizeof(*link));

	link->ifi_family = AF_UNSPEC;
	link->ifi_index = (int)ifindex;
	return link;
}

static uint8_t family_of(uint8_t family)
{
	return family == 6 ? AF_INET6 : AF_INET;
}

size_t prg_rtnl_encode_link_get(void *buffer, const char *name, uint32_t ifindex)
{
	struct nlmsghdr *message = begin(buffer, RTM_GETLINK, NLM_F_ACK);

	put_link(message, name != NULL ? 0 : ifindex);
	if (name != NULL)
		put_text(message, IFLA_IFNAME, name);
	return message->nlmsg_len;
}

size_t prg_rtnl_encode_link_new(void *buffer, const char *name, const char *kind, uint32_t ifindex)
{
	struct nlmsghdr *message =
	        begin(buffer, RTM_NEWLINK, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
	struct nlattr *info;

	put_link(message, ifindex);
	put_text(message, IFLA_IFNAME, name);
	info = mnl_attr_nest_start_check(message, PRG_RTNL_BYTES, IFLA_LINKINFO);
	put(message, IFLA_INFO_KIND, kind, strlen(kind));
	mnl_attr_nest_end(message, info);
	return message->nlmsg_len;
}

size_t prg_rtnl_encode_link_set(void *buffer, uint32_t ifindex, uint32_t mtu, const char *alias,
                                bool up)
{
	struct nlmsghdr *message = begin(buffer, RTM_NEWLINK, NLM_F_ACK);
	struct ifinfomsg *link = put_link(message, ifindex);

	if (up) {
		link->ifi_flags = IFF_UP;
		link->ifi_change = IFF_UP;
	}
	if (mtu != 0)
		put(message, IFLA_MTU, &mtu, sizeof(mtu));
	if (alias != NULL) /* without its NUL: the kernel counts every byte */
		put(message, IFLA_IFALIAS, alias, strnlen(alias, PRG_ALIAS_TEXT));
	return message->nlmsg_len;
}

size_t prg_rtnl_encode_link_delete(void *buffer, uint32_t ifindex)
{
	struct nlmsghdr *message = begin(buffer, RTM_DELLINK, NLM_F_ACK);

	put_link(message, ifindex);
	return message->nlmsg_len;
}

size_t prg_rtnl_encode_addresses(void *buffer, uint32_t ifindex)
{
	struct nlmsghdr *message = begin(buffer, RTM_GETADDR, NLM_F_DUMP);
	struct ifaddrmsg *head = mnl_nlmsg_put_extra_header(message, sizeof(*head));

	head->ifa_index = ifindex;
	return message->nlmsg_len;
}

size_t prg_rtnl_encode_address(void *buffer, uint32_t ifindex, const struct prg_prefix *address,
                               bool add)
{
	uint16_t flags = add ? NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL : NLM_F_ACK;
	struct nlmsghdr *message = begin(buffer, add ? RTM_NEWADDR : RTM_DELADDR, flags);
	struct ifaddrmsg *head = mnl_nlmsg_put_extra_header(message, sizeof(*head));
	size_t size = prg_addr_size(&address->addr);

	head->ifa_family = family_of(address->addr.family);
	head->ifa_prefixlen = address->length;
	head->ifa_flags = add && address->addr.family == 6 ? IFA_F_NODAD : 0;
	head->ifa_scope = RT_SCOPE_UNIVERSE;
	head->ifa_index = ifindex;
	put(message, IFA_LOCAL, address->addr.bytes, size);
	put(message, IFA_ADDRESS, address->addr.bytes, size);
	return message->nlmsg_len;
}

size_t prg_rtnl_encode_routes(void *buffer, uint8_t family, uint32_t ifindex, uint8_t protocol)
{
	struct nlmsghdr *message = begin(buffer, RTM_GETROUTE, NLM_F_DUMP);
	struct rtmsg *head = mnl_nlmsg_put_extra_header(message, sizeof(*head));

	head->rtm_family = family_of(family);
	head->rtm_table = RT_TABLE_MAIN;
	head->rtm_protocol = protocol;
	if (ifindex != 0)
		put(message, RTA_OIF, &ifindex, sizeof(ifindex));
	return message->nlmsg_len;
}

size_t prg_rtnl_encode_route(void *buffer, uint32_t ifindex, const struct prg_prefix *route,
                             bool add)
{
	uint16_t flags = add ? NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL : NLM_F_ACK;
	struct nlmsghdr *message = begin(buffer, add ? RTM_NEWROUTE : RTM_DELROUTE, flags);
	struct rtmsg *head = mnl_nlmsg_put_extra_header(message, sizeof(*head));
	struct prg_prefix network = prg_prefix_network(route);

	head->rtm_family = family_of(network.addr.family);
	head->rtm_dst_len = network.length;
	head->rtm_table = RT_TABLE_MAIN;
	head->rtm_protocol = RTPROT_STATIC;
	head->rtm_scope = RT_SCOPE_LINK;
	head->rtm_type = RTN_UNICAST;
	put(message, RTA_DST, network.addr.bytes, prg_addr_size(&network.addr));
	put(message, RTA_OIF, &ifindex, sizeof(ifindex));
	return message->nlmsg_len;
}

size_t prg_rtnl_encode_route_take(void *buffer, uint32_t ifindex, const struct prg_prefix *route)
{
	struct nlmsghdr *message = buffer;
	size_t length = prg_rtnl_encode_route(buffer, ifindex, route, true);

	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE;
	return length;
}

size_t prg_rtnl_encode_lookup(void *buffer, const struct prg_addr *to)
{
	struct nlmsghdr *message = begin(buffer, RTM_GETROUTE, NLM_F_ACK);
	struct rtmsg *head = mnl_nlmsg_put_extra_header(message, sizeof(*head));

	head->rtm_family = family_of(to->family);
	head->rtm_dst_len = prg_addr_bits(to);
	put(message, RTA_DST, to->bytes, prg_addr_size(to));
	return message->nlmsg_len;
}
