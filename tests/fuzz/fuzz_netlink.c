/* SPDX-License-Identifier: ISC */
/*
 * What the kernel may answer: a stream of netlink messages goes through every
 * decoder. What comes out must keep the promises of backend.h, and a peer that
 * was decoded must survive being encoded and decoded again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "backend/nf_decode.h"
#include "backend/nl.h"
#include "backend/rtnl_decode.h"
#include "backend/wg_decode.h"
#include "backend/wg_encode.h"
#include "model/addr.h"

#define MOST_ALLOWED_IPS 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool good)
{
	if (!good)
		abort();
}

static void demand_prefix(const struct prg_prefix *prefix)
{
	struct prg_prefix network = prg_prefix_network(prefix);

	demand(prefix->addr.family == 4 || prefix->addr.family == 6);
	demand(prefix->length <= prg_addr_bits(&prefix->addr));
	demand(prg_prefix_compare(prefix, &network) == 0);
}

static int same_peer(void *context, const struct prg_wg_peer *peer, struct prg_error *err)
{
	const struct prg_wg_peer *wanted = context;

	(void)err;
	demand(memcmp(&peer->public_key, &wanted->public_key, sizeof(peer->public_key)) == 0);
	demand(peer->keepalive_s == wanted->keepalive_s);
	demand(memcmp(&peer->endpoint, &wanted->endpoint, sizeof(peer->endpoint)) == 0);
	demand((peer->preshared_key != NULL) == (wanted->preshared_key != NULL));
	demand(peer->n_allowed_ips == wanted->n_allowed_ips);
	for (size_t i = 0; i < peer->n_allowed_ips; i++)
		demand(prg_prefix_compare(&peer->allowed_ips[i], &wanted->allowed_ips[i]) == 0);
	return 0;
}

static void encode_again(const struct prg_wg_peer *peer)
{
	static uint8_t buffer[PRG_WG_ENCODE_MIN] __attribute__((aligned(16)));
	struct prg_wg_peer copy = *peer;
	struct prg_observer observer = { .context = &copy, .peer = same_peer };
	struct prg_op op = { .kind = PRG_OP_PEER_SET, .fields = 0xf8, .peer = peer };
	struct prg_wg_target target = { 34, 1, NULL };
	struct prg_wg_cursor cursor = { 0 };
	struct prg_assembly assembly;

	prg_assembly_init(&assembly, &observer, "again");
	while (cursor.op < 1) {
		demand(prg_wg_encode_set(buffer, sizeof(buffer), &target, &op, 1, &cursor) > 0);
		demand(prg_wg_decode(&assembly, (const struct nlmsghdr *)buffer, NULL) == 0);
	}
	demand(prg_assembly_end(&assembly, NULL) == 0);
	prg_assembly_done(&assembly);
}

static int take_device(void *context, const struct prg_wg_device *device, struct prg_error *err)
{
	(void)err;
	demand((*(unsigned *)context)++ == 0);
	demand(memchr(device->name, '\0', sizeof(device->name)) != NULL);
	return 0;
}

static int take_peer(void *context, const struct prg_wg_peer *peer, struct prg_error *err)
{
	(void)err;
	demand(*(unsigned *)context == 1);
	demand((peer->allowed_ips != NULL) == (peer->n_allowed_ips > 0));
	for (size_t i = 0; i < peer->n_allowed_ips; i++)
		demand_prefix(&peer->allowed_ips[i]);
	if (peer->n_allowed_ips <= MOST_ALLOWED_IPS)
		encode_again(peer);
	return 0;
}

static void decode_others(const struct nlmsghdr *message)
{
	char name[PRG_IFNAME_TEXT];
	struct prg_rtnl_route route;
	struct prg_nl_answer answer;
	struct prg_nf_entry entry;
	struct prg_prefix prefix;
	struct prg_link link;
	uint32_t ifindex;

	prg_wg_decode_family(message);
	if (prg_nl_answer_decode(message, &answer)) {
		demand(answer.errnum >= 0 && answer.errnum <= 4095 && answer.final);
		demand(memchr(answer.text, '\0', sizeof(answer.text)) != NULL);
	}
	if (prg_rtnl_decode_link(message, &link, name)) {
		demand(memchr(name, '\0', sizeof(name)) != NULL && link.ifindex > 0);
		demand(memchr(link.kind, '\0', sizeof(link.kind)) != NULL);
		demand(memchr(link.alias, '\0', sizeof(link.alias)) != NULL);
	}
	if (prg_rtnl_decode_address(message, &ifindex, &prefix))
		demand(prefix.length <= prg_addr_bits(&prefix.addr));
	if (prg_nf_decode(message, &entry)) {
		demand(memchr(entry.table, '\0', sizeof(entry.table)) != NULL);
		demand(entry.table[0] != '\0' || !entry.filters);
	}
	if (prg_rtnl_decode_route(message, &route)) {
		demand(route.to.length <= prg_addr_bits(&route.to.addr));
		while (prg_rtnl_next_hop(&route, &ifindex))
			;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned devices = 0;
	struct prg_observer observer = { .context = &devices,
		                         .device = take_device,
		                         .peer = take_peer };
	struct prg_assembly assembly;
	struct prg_error err;
	bool good = true;

	prg_assembly_init(&assembly, &observer, "wg0");
	while (size >= NLMSG_HDRLEN) {
		struct nlmsghdr *message;
		uint32_t length;

		memcpy(&length, data, sizeof(length));
		if (length < NLMSG_HDRLEN || length > size)
			break;
		message = malloc(length);
		demand(message != NULL);
		memcpy(message, data, length);
		decode_others(message);
		if (good && message->nlmsg_type > 0x10)
			good = prg_wg_decode(&assembly, message, &err) == 0;
		free(message);
		length = NLMSG_ALIGN(length);
		data += length < size ? length : size;
		size -= length < size ? length : size;
	}
	if (good)
		demand(prg_assembly_end(&assembly, &err) == 0 && devices == 1);
	prg_assembly_done(&assembly);
	return 0;
}
