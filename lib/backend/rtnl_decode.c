/* SPDX-License-Identifier: ISC */
#include "backend/rtnl_decode.h"

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include "backend/attr.h"
#include "model/addr.h"

/* Copies the fixed part and gives the attributes behind it. */
static bool open_message(const struct nlmsghdr *message, uint16_t type, void *head, size_t size,
                         struct prg_attrs *ret)
{
	const uint8_t *payload = (const uint8_t *)message + NLMSG_HDRLEN;
	size_t length, skip = NLMSG_ALIGN(size);

	if (message->nlmsg_type != type || message->nlmsg_len < NLMSG_HDRLEN + skip)
		return false;
	length = message->nlmsg_len - NLMSG_HDRLEN;
	memcpy(head, payload, size);
	*ret = prg_attrs_of(payload + skip, length - skip);
	return true;
}

static bool decode_kind(const struct prg_attr *info, struct prg_link *link)
{
	struct prg_attrs attrs = prg_attrs_of(info->data, info->length);
	struct prg_attr attr;

	while (prg_attrs_next(&attrs, &attr)) {
		size_t length = attr.length;

		if (attr.type != IFLA_INFO_KIND)
			continue;
		/* A longer name is some other kind of link, and stays one when cut. */
		if (length > sizeof(link->kind) - 1)
			length = sizeof(link->kind) - 1;
		memcpy(link->kind, attr.data, length);
		link->kind[length] = '\0';
	}
	return !attrs.bad;
}

bool prg_rtnl_decode_link(const struct nlmsghdr *message, struct prg_link *ret_link,
                          char ret_name[PRG_IFNAME_TEXT])
{
	struct prg_link link = { 0 };
	char name[PRG_IFNAME_TEXT] = "";
	struct ifinfomsg head;
	struct prg_attrs attrs;
	struct prg_attr attr;
	bool good = true;

	if (!open_message(message, RTM_NEWLINK, &head, sizeof(head), &attrs) || head.ifi_index <= 0)
		return false;
	link.ifindex = (uint32_t)head.ifi_index;
	link.up = (head.ifi_flags & IFF_UP) != 0;
	while (good && prg_attrs_next(&attrs, &attr)) {
		if (attr.type == IFLA_IFNAME)
			good = prg_attr_text(&attr, name, sizeof(name));
		else if (attr.type == IFLA_IFALIAS)
			good = prg_attr_text(&attr, link.alias, sizeof(link.alias));
		else if (attr.type == IFLA_MTU)
			good = prg_attr_copy(&attr, &link.mtu, sizeof(link.mtu));
		else if (attr.type == IFLA_LINKINFO)
			good = decode_kind(&attr, &link);
	}
	if (!good || attrs.bad)
		return false;
	*ret_link = link;
	memcpy(ret_name, name, sizeof(name));
	return true;
}

static bool take_addr(const struct prg_attr *attr, uint8_t family, struct prg_addr *ret)
{
	struct prg_addr addr = { .family = family };

	if (!prg_attr_copy(attr, addr.bytes, prg_addr_size(&addr)))
		return false;
	*ret = addr;
	return true;
}

static uint8_t family_of(uint8_t family)
{
	return family == AF_INET ? 4 : family == AF_INET6 ? 6 : 0;
}

bool prg_rtnl_decode_address(const struct nlmsghdr *message, uint32_t *ret_ifindex,
                             struct prg_prefix *ret_address)
{
	struct prg_addr local = { 0 }, address = { 0 };
	struct prg_prefix prefix = { 0 };
	struct ifaddrmsg head;
	struct prg_attrs attrs;
	struct prg_attr attr;
	bool good = true;
	uint8_t family;

	if (!open_message(message, RTM_NEWADDR, &head, sizeof(head), &attrs))
		return false;
	family = family_of(head.ifa_family);
	if (family == 0)
		return false;
	while (good && prg_attrs_next(&attrs, &attr)) {
		if (attr.type == IFA_LOCAL)
			good = take_addr(&attr, family, &local);
		else if (attr.type == IFA_ADDRESS)
			good = take_addr(&attr, family, &address);
	}
	/* On a point-to-point link IFA_ADDRESS may be the other side's. */
	prefix.addr = local.family != 0 ? local : address;
	prefix.length = head.ifa_prefixlen;
	if (!good || attrs.bad || prefix.addr.family == 0 ||
	    prefix.length > prg_addr_bits(&prefix.addr))
		return false;
	*ret_ifindex = head.ifa_index;
	*ret_address = prefix;
	return true;
}

static bool take_route(struct prg_rtnl_route *route, const struct prg_attr *attr)
{
	uint8_t family = route->to.addr.family;

	switch (attr->type) {
	case RTA_DST:
		return take_addr(attr, family, &route->to.addr);
	case RTA_PREFSRC:
		return take_addr(attr, family, &route->source);
	case RTA_OIF:
		return prg_attr_copy(attr, &route->ifindex, sizeof(route->ifindex));
	case RTA_TABLE:
		return prg_attr_copy(attr, &route->table, sizeof(route->table));
	case RTA_GATEWAY:
	case RTA_VIA:
		route->has_gateway = true;
		return true;
	case RTA_MULTIPATH:
		route->next_hops = attr->data;
		route->next_hops_length = attr->length;
		return true;
	default:
		return true;
	}
}

bool prg_rtnl_decode_route(const struct nlmsghdr *message, struct prg_rtnl_route *ret)
{
	struct prg_rtnl_route route = { 0 };
	struct rtmsg head;
	struct prg_attrs attrs;
	struct prg_attr attr;

	if (!open_message(message, RTM_NEWROUTE, &head, sizeof(head), &attrs))
		return false;
	route.table = head.rtm_table;
	route.protocol = head.rtm_protocol;
	route.scope = head.rtm_scope;
	route.type = head.rtm_type;
	route.to.addr.family = family_of(head.rtm_family);
	route.to.length = head.rtm_dst_len;
	if (route.to.addr.family == 0 || route.to.length > prg_addr_bits(&route.to.addr))
		return false;
	while (prg_attrs_next(&attrs, &attr))
		if (!take_route(&route, &attr))
			return false;
	if (attrs.bad)
		return false;
	*ret = route;
	return true;
}

bool prg_rtnl_next_hop(struct prg_rtnl_route *route, uint32_t *ret_ifindex)
{
	struct rtnexthop hop;
	size_t step;

	if (route->next_hops_length < sizeof(hop))
		return false;
	memcpy(&hop, route->next_hops, sizeof(hop));
	if (hop.rtnh_len < sizeof(hop) || hop.rtnh_len > route->next_hops_length)
		return false;
	step = RTNH_ALIGN((size_t)hop.rtnh_len);
	if (step > route->next_hops_length)
		step = route->next_hops_length;
	route->next_hops += step;
	route->next_hops_length -= step;
	*ret_ifindex = (uint32_t)hop.rtnh_ifindex;
	return true;
}
