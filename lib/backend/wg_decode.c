/* SPDX-License-Identifier: ISC */
#include "backend/wg_decode.h"

#include <linux/genetlink.h>
#include <linux/wireguard.h>
#include <netinet/in.h>

#include "backend/attr.h"
#include "base/error.h"
#include "model/addr.h"

static int malformed(const struct prg_assembly *assembly, const char *what, struct prg_error *err)
{
	return prg_error_set(err, PRG_E_CORRUPT, "%s: malformed %s in the kernel's answer",
	                     assembly->device.name, what);
}

/* Attributes of a generic netlink message. */
static bool payload(const struct nlmsghdr *message, struct prg_attrs *ret)
{
	size_t head = NLMSG_HDRLEN + GENL_HDRLEN;

	if (message->nlmsg_len < head)
		return false;
	*ret = prg_attrs_of((const uint8_t *)message + head, message->nlmsg_len - head);
	return true;
}

/* False: of a wrong length. */
static bool take_device(struct prg_wg_device *device, const struct prg_attr *attr)
{
	switch (attr->type) {
	case WGDEVICE_A_IFINDEX:
		return prg_attr_copy(attr, &device->ifindex, sizeof(device->ifindex));
	case WGDEVICE_A_IFNAME:
		return prg_attr_text(attr, device->name, sizeof(device->name));
	case WGDEVICE_A_PRIVATE_KEY:
		device->has_private_key = true;
		return prg_attr_copy(attr, device->private_key.bytes, PRG_KEY_BYTES);
	case WGDEVICE_A_PUBLIC_KEY:
		return prg_attr_copy(attr, device->public_key.bytes, PRG_KEY_BYTES);
	case WGDEVICE_A_LISTEN_PORT:
		return prg_attr_copy(attr, &device->listen_port, sizeof(device->listen_port));
	case WGDEVICE_A_FWMARK:
		return prg_attr_copy(attr, &device->fwmark, sizeof(device->fwmark));
	default:
		return true;
	}
}

static bool take_endpoint(struct prg_wg_endpoint *endpoint, const struct prg_attr *attr)
{
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;

	*endpoint = (struct prg_wg_endpoint){ 0 };
	if (prg_attr_copy(attr, &in4, sizeof(in4)) && in4.sin_family == AF_INET) {
		endpoint->addr.family = 4;
		memcpy(endpoint->addr.bytes, &in4.sin_addr, sizeof(in4.sin_addr));
		endpoint->port = ntohs(in4.sin_port);
		return true;
	}
	if (prg_attr_copy(attr, &in6, sizeof(in6)) && in6.sin6_family == AF_INET6) {
		endpoint->addr.family = 6;
		memcpy(endpoint->addr.bytes, &in6.sin6_addr, sizeof(in6.sin6_addr));
		endpoint->port = ntohs(in6.sin6_port);
		endpoint->scope = in6.sin6_scope_id;
		return true;
	}
	return false;
}

static bool take_handshake(struct prg_wg_peer *peer, const struct prg_attr *attr)
{
	int64_t when[2]; /* struct __kernel_timespec: seconds, nanoseconds */

	if (!prg_attr_copy(attr, when, sizeof(when)))
		return false;
	peer->latest_handshake_at = when[0];
	return true;
}

static bool take_peer(struct prg_assembly *assembly, const struct prg_attr *attr)
{
	struct prg_wg_peer *peer = &assembly->peer;

	switch (attr->type) {
	case WGPEER_A_PUBLIC_KEY: /* taken before; another would be another peer's */
		return attr->length == PRG_KEY_BYTES &&
		       memcmp(attr->data, peer->public_key.bytes, PRG_KEY_BYTES) == 0;
	case WGPEER_A_PRESHARED_KEY:
		return prg_attr_copy(attr, assembly->preshared_key.bytes, PRG_KEY_BYTES);
	case WGPEER_A_ENDPOINT:
		return take_endpoint(&peer->endpoint, attr);
	case WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL:
		return prg_attr_copy(attr, &peer->keepalive_s, sizeof(peer->keepalive_s));
	case WGPEER_A_LAST_HANDSHAKE_TIME:
		return take_handshake(peer, attr);
	case WGPEER_A_RX_BYTES:
		return prg_attr_copy(attr, &peer->rx_bytes, sizeof(peer->rx_bytes));
	case WGPEER_A_TX_BYTES:
		return prg_attr_copy(attr, &peer->tx_bytes, sizeof(peer->tx_bytes));
	default:
		return true;
	}
}

/* As the kernel writes it, length, family, address, each head and padding where it
 * always is: of a dump's attributes most are these. False: not so; any order is right. */
static bool decode_usual_ip(const struct prg_attr *one, struct prg_prefix *ret)
{
	static const struct nlattr mask = { NLA_HDRLEN + 1, WGALLOWEDIP_A_CIDR_MASK },
	                           kind = { NLA_HDRLEN + 2, WGALLOWEDIP_A_FAMILY };
	const uint8_t *at = one->data, *address = at + 2 * (NLA_HDRLEN + NLA_ALIGNTO) + NLA_HDRLEN;
	bool six = one->length == 2 * (NLA_HDRLEN + NLA_ALIGNTO) + NLA_HDRLEN + 16;
	struct nlattr value = { six ? NLA_HDRLEN + 16 : NLA_HDRLEN + 4, WGALLOWEDIP_A_IPADDR };
	uint16_t family;

	if ((!six && one->length != 2 * (NLA_HDRLEN + NLA_ALIGNTO) + NLA_HDRLEN + 4) ||
	    memcmp(at, &mask, sizeof(mask)) != 0 ||
	    memcmp(at + NLA_HDRLEN + NLA_ALIGNTO, &kind, sizeof(kind)) != 0 ||
	    memcmp(address - NLA_HDRLEN, &value, sizeof(value)) != 0)
		return false;
	memcpy(&family, at + 2 * NLA_HDRLEN + NLA_ALIGNTO, sizeof(family));
	if (family != (six ? AF_INET6 : AF_INET) || at[NLA_HDRLEN] > (six ? 128 : 32))
		return false;
	*ret = (struct prg_prefix){ .addr = { .family = six ? 6 : 4 }, .length = at[NLA_HDRLEN] };
	if (six)
		memcpy(ret->addr.bytes, address, 16);
	else
		memcpy(ret->addr.bytes, address, 4);
	return true;
}

static bool decode_allowed_ip(const struct prg_attr *one, struct prg_prefix *ret)
{
	struct prg_attrs attrs = prg_attrs_of(one->data, one->length);
	struct prg_attr attr, address = { 0 };
	uint16_t family = 0;
	bool has_length = false;
	struct prg_prefix prefix = { 0 };

	while (prg_attrs_next(&attrs, &attr)) {
		if (attr.type == WGALLOWEDIP_A_FAMILY &&
		    !prg_attr_copy(&attr, &family, sizeof(family)))
			return false;
		if (attr.type == WGALLOWEDIP_A_IPADDR)
			address = attr;
		else if (attr.type == WGALLOWEDIP_A_CIDR_MASK)
			has_length = prg_attr_copy(&attr, &prefix.length, sizeof(prefix.length));
	}
	if (attrs.bad || !has_length || (family != AF_INET && family != AF_INET6))
		return false;
	prefix.addr.family = family == AF_INET6 ? 6 : 4;
	if (prefix.length > prg_addr_bits(&prefix.addr) || address.data == NULL ||
	    !prg_attr_copy(&address, prefix.addr.bytes, prg_addr_size(&prefix.addr)))
		return false;
	*ret = prefix;
	return true;
}

static int decode_allowed_ips(struct prg_assembly *assembly, const struct prg_attr *list,
                              struct prg_error *err)
{
	struct prg_attrs attrs = prg_attrs_of(list->data, list->length);
	struct prg_attr one;

	while (prg_attrs_next(&attrs, &one)) {
		struct prg_prefix prefix;
		int rc;

		if (!decode_usual_ip(&one, &prefix) && !decode_allowed_ip(&one, &prefix))
			return malformed(assembly, "allowed IP", err);
		rc = prg_assembly_allowed_ip(assembly, &prefix, err);
		if (rc != 0)
			return rc;
	}
	return attrs.bad ? malformed(assembly, "list of allowed IPs", err) : 0;
}

/* The kernel's is the first. */
static bool find_key(const struct prg_attr *one, struct prg_attr *ret)
{
	struct prg_attrs attrs = prg_attrs_of(one->data, one->length);

	while (prg_attrs_next(&attrs, ret))
		if (ret->type == WGPEER_A_PUBLIC_KEY)
			return ret->length == PRG_KEY_BYTES;
	return false;
}

static int decode_peer(struct prg_assembly *assembly, const struct prg_attr *one,
                       struct prg_error *err)
{
	struct prg_attrs attrs = prg_attrs_of(one->data, one->length);
	struct prg_public_key key;
	struct prg_attr attr, key_attr;
	bool brief = assembly->observer->brief;
	int rc;

	if (!find_key(one, &key_attr))
		return malformed(assembly, "peer", err);
	memcpy(key.bytes, key_attr.data, sizeof(key.bytes));
	rc = prg_assembly_peer(assembly, &key, err);
	while (rc == 0 && prg_attrs_next(&attrs, &attr)) {
		if (attr.data == key_attr.data)
			continue;
		if (attr.type == WGPEER_A_ALLOWEDIPS)
			rc = brief ? 0 : decode_allowed_ips(assembly, &attr, err);
		else if (!take_peer(assembly, &attr))
			rc = malformed(assembly, "peer", err);
	}
	return rc == 0 && attrs.bad ? malformed(assembly, "peer", err) : rc;
}

static int decode_peers(struct prg_assembly *assembly, const struct prg_attr *list,
                        struct prg_error *err)
{
	struct prg_attrs attrs = prg_attrs_of(list->data, list->length);
	struct prg_attr one;

	while (prg_attrs_next(&attrs, &one)) {
		int rc = decode_peer(assembly, &one, err);

		if (rc != 0)
			return rc;
	}
	return attrs.bad ? malformed(assembly, "list of peers", err) : 0;
}

int prg_wg_decode(struct prg_assembly *assembly, const struct nlmsghdr *message,
                  struct prg_error *err)
{
	struct prg_attrs attrs, again;
	struct prg_attr attr;
	int rc = 0;

	if (!payload(message, &attrs))
		return malformed(assembly, "message", err);
	again = attrs;
	/* The device is told before the first peer: its attributes come first. */
	while (prg_attrs_next(&attrs, &attr))
		if (!assembly->device_told && !take_device(&assembly->device, &attr))
			return malformed(assembly, "device", err);
	if (attrs.bad)
		return malformed(assembly, "message", err);
	while (rc == 0 && prg_attrs_next(&again, &attr))
		if (attr.type == WGDEVICE_A_PEERS)
			rc = decode_peers(assembly, &attr, err);
	return rc;
}

uint16_t prg_wg_decode_family(const struct nlmsghdr *message)
{
	struct prg_attrs attrs;
	struct prg_attr attr;
	uint16_t family = 0;

	if (message->nlmsg_type != GENL_ID_CTRL || !payload(message, &attrs))
		return 0;
	while (prg_attrs_next(&attrs, &attr))
		if (attr.type == CTRL_ATTR_FAMILY_ID &&
		    !prg_attr_copy(&attr, &family, sizeof(family)))
			return 0;
	return family;
}
