/* SPDX-License-Identifier: ISC */
#include "backend/wg_encode.h"

#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/wireguard.h>
#include <netinet/in.h>
#include <string.h>

#include "base/secret.h"
#include "model/addr.h"

/* A message in the making: every put keeps within the capacity. */
struct writer {
	struct nlmsghdr *message;
	size_t capacity;
};

static struct writer begin(void *buffer, size_t capacity, uint16_t type, uint16_t flags,
                           uint8_t command, uint8_t version)
{
	struct writer w = { .capacity = capacity };
	struct genlmsghdr *generic;

	w.message = mnl_nlmsg_put_header(buffer);
	w.message->nlmsg_type = type;
	w.message->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	generic = mnl_nlmsg_put_extra_header(w.message, sizeof(*generic));
	generic->cmd = command;
	generic->version = version;
	return w;
}

static bool put(struct writer *w, uint16_t type, const void *data, size_t length)
{
	return mnl_attr_put_check(w->message, w->capacity, type, length, data);
}

static struct nlattr *nest(struct writer *w, uint16_t type)
{
	return mnl_attr_nest_start_check(w->message, w->capacity, type);
}

static struct writer begin_device(void *buffer, size_t capacity,
                                  const struct prg_wg_target *target, uint16_t flags,
                                  uint8_t command)
{
	struct writer w =
		begin(buffer, capacity, target->family, flags, command, WG_GENL_VERSION);

	if (target->ifindex != 0)
		put(&w, WGDEVICE_A_IFINDEX, &target->ifindex, sizeof(target->ifindex));
	else
		put(&w, WGDEVICE_A_IFNAME, target->name, strlen(target->name) + 1);
	return w;
}

size_t prg_wg_encode_family(void *buffer, size_t capacity)
{
	struct writer w;

	if (capacity < PRG_WG_ENCODE_MIN)
		return 0;
	w = begin(buffer, capacity, GENL_ID_CTRL, NLM_F_ACK, CTRL_CMD_GETFAMILY, 1);
	put(&w, CTRL_ATTR_FAMILY_NAME, WG_GENL_NAME, sizeof(WG_GENL_NAME));
	return w.message->nlmsg_len;
}

size_t prg_wg_encode_get(void *buffer, size_t capacity, const struct prg_wg_target *target)
{
	struct writer w;

	if (capacity < PRG_WG_ENCODE_MIN)
		return 0;
	w = begin_device(buffer, capacity, target, NLM_F_DUMP, WG_CMD_GET_DEVICE);
	return w.message->nlmsg_len;
}

size_t prg_wg_encode_flush(void *buffer, size_t capacity, const struct prg_wg_target *target)
{
	const uint32_t flags = WGDEVICE_F_REPLACE_PEERS;
	struct writer w;

	if (capacity < PRG_WG_ENCODE_MIN)
		return 0;
	w = begin_device(buffer, capacity, target, NLM_F_ACK, WG_CMD_SET_DEVICE);
	put(&w, WGDEVICE_A_FLAGS, &flags, sizeof(flags));
	return w.message->nlmsg_len;
}

/* Clamped here as well: an unclamped key would end every session at each SET. */
static void put_private_key(struct writer *w, const struct prg_wg_device *device)
{
	PRG_PRIVATE_KEY key = { { 0 } };

	if (device->has_private_key) {
		key = device->private_key;
		key.bytes[0] &= 248;
		key.bytes[31] = (unsigned char)((key.bytes[31] & 127) | 64);
	}
	put(w, WGDEVICE_A_PRIVATE_KEY, key.bytes, sizeof(key.bytes));
}

static void put_device(struct writer *w, const struct prg_op *op)
{
	const struct prg_wg_device *device = op->device;

	if (op->fields & PRG_OF_PRIVATE_KEY)
		put_private_key(w, device);
	if (op->fields & PRG_OF_LISTEN_PORT)
		put(w, WGDEVICE_A_LISTEN_PORT, &device->listen_port, sizeof(device->listen_port));
	if (op->fields & PRG_OF_FWMARK)
		put(w, WGDEVICE_A_FWMARK, &device->fwmark, sizeof(device->fwmark));
}

static bool put_endpoint(struct writer *w, const struct prg_wg_endpoint *endpoint)
{
	struct sockaddr_in in4 = { .sin_family = AF_INET, .sin_port = htons(endpoint->port) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
		                    .sin6_port = htons(endpoint->port),
		                    .sin6_scope_id = endpoint->scope };

	if (endpoint->addr.family == 4) {
		memcpy(&in4.sin_addr, endpoint->addr.bytes, sizeof(in4.sin_addr));
		return put(w, WGPEER_A_ENDPOINT, &in4, sizeof(in4));
	}
	if (endpoint->addr.family == 6) {
		memcpy(&in6.sin6_addr, endpoint->addr.bytes, sizeof(in6.sin6_addr));
		return put(w, WGPEER_A_ENDPOINT, &in6, sizeof(in6));
	}
	return true; /* the kernel cannot take an endpoint back */
}

static bool put_allowed_ip(struct writer *w, const struct prg_prefix *prefix)
{
	uint16_t family = prefix->addr.family == 6 ? AF_INET6 : AF_INET;
	struct nlattr *one = nest(w, 0);

	if (one == NULL)
		return false;
	if (!put(w, WGALLOWEDIP_A_FAMILY, &family, sizeof(family)) ||
	    !put(w, WGALLOWEDIP_A_IPADDR, prefix->addr.bytes, prg_addr_size(&prefix->addr)) ||
	    !put(w, WGALLOWEDIP_A_CIDR_MASK, &prefix->length, sizeof(prefix->length))) {
		mnl_attr_nest_cancel(w->message, one);
		return false;
	}
	mnl_attr_nest_end(w->message, one);
	return true;
}

/* A continuation never makes a peer: one that was removed meanwhile would come
 * back without its preshared key. */
static uint32_t peer_flags(const struct prg_op *op, bool first)
{
	uint32_t flags = 0;

	if (op->kind == PRG_OP_PEER_REMOVE)
		return WGPEER_F_REMOVE_ME | WGPEER_F_UPDATE_ONLY;
	if (!first || !(op->fields & PRG_OF_CREATE))
		flags |= WGPEER_F_UPDATE_ONLY;
	if (first && prg_op_replaces(op))
		flags |= WGPEER_F_REPLACE_ALLOWEDIPS;
	return flags;
}

static bool put_peer_head(struct writer *w, const struct prg_op *op, bool first)
{
	static const struct prg_preshared_key none;
	const struct prg_wg_peer *peer = op->peer;
	const struct prg_preshared_key *psk = peer->preshared_key;
	uint32_t flags = peer_flags(op, first);

	if (!put(w, WGPEER_A_PUBLIC_KEY, peer->public_key.bytes, PRG_KEY_BYTES) ||
	    !put(w, WGPEER_A_FLAGS, &flags, sizeof(flags)))
		return false;
	if (op->kind == PRG_OP_PEER_REMOVE || !first)
		return true;
	if ((op->fields & PRG_OF_PRESHARED_KEY) &&
	    !put(w, WGPEER_A_PRESHARED_KEY, psk != NULL ? psk->bytes : none.bytes, PRG_KEY_BYTES))
		return false;
	if ((op->fields & PRG_OF_KEEPALIVE) &&
	    !put(w, WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, &peer->keepalive_s,
	         sizeof(peer->keepalive_s)))
		return false;
	return !(op->fields & PRG_OF_ENDPOINT) || put_endpoint(w, &peer->endpoint);
}

/* Appends allowed IPs from *at on; whether all of them fitted. */
static bool put_allowed_ips(struct writer *w, const struct prg_wg_peer *peer, size_t *at)
{
	struct nlattr *list = nest(w, WGPEER_A_ALLOWEDIPS);
	size_t from = *at;

	if (list == NULL)
		return false;
	while (*at < peer->n_allowed_ips && put_allowed_ip(w, &peer->allowed_ips[*at]))
		(*at)++;
	if (*at == from)
		mnl_attr_nest_cancel(w->message, list);
	else
		mnl_attr_nest_end(w->message, list);
	return *at == peer->n_allowed_ips;
}

/* Whether the peer is now complete; *at moves on by what was put. */
static bool put_peer(struct writer *w, const struct prg_op *op, size_t *at)
{
	struct nlattr *one = nest(w, 0);
	size_t from = *at;
	bool complete = true;

	if (one == NULL)
		return false;
	if (!put_peer_head(w, op, from == 0)) {
		mnl_attr_nest_cancel(w->message, one);
		return false;
	}
	if (op->kind == PRG_OP_PEER_SET && (op->fields & PRG_OF_ALLOWED_IPS) &&
	    op->peer->n_allowed_ips > from)
		complete = put_allowed_ips(w, op->peer, at);
	if (!complete && *at == from)
		mnl_attr_nest_cancel(w->message, one);
	else
		mnl_attr_nest_end(w->message, one);
	return complete;
}

size_t prg_wg_encode_set(void *buffer, size_t capacity, const struct prg_wg_target *target,
                         const struct prg_op *ops, size_t n_ops, struct prg_wg_cursor *cursor)
{
	struct nlattr *peers = NULL;
	struct writer w;

	if (capacity < PRG_WG_ENCODE_MIN)
		return 0;
	w = begin_device(buffer, capacity, target, NLM_F_ACK, WG_CMD_SET_DEVICE);
	if (cursor->op < n_ops && ops[cursor->op].kind == PRG_OP_DEVICE)
		put_device(&w, &ops[cursor->op++]);
	while (cursor->op < n_ops && ops[cursor->op].kind != PRG_OP_DEVICE) {
		if (peers == NULL)
			peers = nest(&w, WGDEVICE_A_PEERS);
		if (!put_peer(&w, &ops[cursor->op], &cursor->allowed_ip))
			break;
		cursor->op++;
		cursor->allowed_ip = 0;
	}
	if (peers != NULL)
		mnl_attr_nest_end(w.message, peers);
	return w.message->nlmsg_len;
}
