/* SPDX-License-Identifier: ISC */
#include "backend_testing.h"

#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/wireguard.h>
#include <netinet/in.h>

#include "backend/wg_decode.h"
#include "backend/wg_encode.h"

static struct seen seen;

static int reset(void **state)
{
	(void)state;
	seen_clear(&seen);
	memset(&seen, 0, sizeof(seen));
	return 0;
}

/* Decodes every WireGuard message of a recording. */
static int decode_all(struct prg_assembly *assembly, uint8_t *data, size_t length,
                      struct prg_error *err)
{
	const struct nlmsghdr *message;
	size_t at = 0;
	int rc = 0;

	while (rc == 0 && (message = next_message(data, length, &at)) != NULL)
		if (message->nlmsg_type > 0x10)
			rc = prg_wg_decode(assembly, message, err);
	return rc == 0 ? prg_assembly_end(assembly, err) : rc;
}

static void decode_golden(const char *name)
{
	struct prg_observer observer = seen_observer(&seen);
	PRG_ASSEMBLY assembly;
	size_t length;
	PRG_FREE uint8_t *data = golden(name, &length);

	prg_assembly_init(&assembly, &observer, "wg0");
	assert_int_equal(decode_all(&assembly, data, length, NULL), 0);
	assert_int_equal(seen.devices, 1);
}

static void test_golden_show(void **state)
{
	const struct prg_wg_peer *peer;
	unsigned char wanted[PRG_KEY_BYTES];

	(void)state;
	decode_golden("show.received");
	memset(wanted, 'H', sizeof(wanted));
	assert_string_equal(seen.device.name, "wg0");
	assert_true(seen.device.has_private_key);
	assert_memory_equal(seen.device.private_key.bytes, wanted, PRG_KEY_BYTES);
	assert_int_equal(seen.device.listen_port, 51820);
	assert_int_equal(seen.device.fwmark, 0x20);
	assert_true(seen.device.ifindex > 0);
	assert_int_equal(seen.n, 3);

	peer = &seen.peers[0].peer;
	assert_memory_equal(&peer->public_key, (struct prg_public_key[]){ key_of(1) }, 32);
	memset(wanted, 4, sizeof(wanted));
	assert_true(seen.peers[0].has_psk);
	assert_memory_equal(seen.peers[0].psk.bytes, wanted, PRG_KEY_BYTES);
	assert_int_equal(peer->keepalive_s, 25);
	assert_int_equal(peer->endpoint.addr.family, 4);
	assert_memory_equal(peer->endpoint.addr.bytes, "\xc0\x00\x02\x07", 4);
	assert_int_equal(peer->endpoint.port, 1234);
	assert_int_equal(peer->latest_handshake_at, 0);
	assert_int_equal(peer->n_allowed_ips, 3);

	peer = &seen.peers[1].peer;
	assert_false(seen.peers[1].has_psk);
	assert_int_equal(peer->endpoint.addr.family, 6);
	assert_memory_equal(peer->endpoint.addr.bytes, "\x20\x01\x0d\xb8", 4);
	assert_int_equal(peer->endpoint.addr.bytes[15], 7);
	assert_int_equal(peer->endpoint.port, 4321);
	assert_int_equal(peer->n_allowed_ips, 1);
	assert_prefix(&seen.peers[1].ips[0], "fd00::2/128");

	peer = &seen.peers[2].peer;
	assert_int_equal(peer->endpoint.addr.family, 0);
	assert_int_equal(peer->n_allowed_ips, 0);
	assert_null(peer->allowed_ips);
}

/* The recording holds one peer in two messages. */
static void test_golden_split(void **state)
{
	bool present[512] = { false };

	(void)state;
	decode_golden("show-many.received");
	assert_int_equal(seen.n, 2);
	assert_int_equal(seen.peers[1].peer.n_allowed_ips, 512);
	for (size_t i = 0; i < 512; i++) {
		const struct prg_prefix *ip = &seen.peers[1].ips[i];
		size_t index = (size_t)ip->addr.bytes[2] * 256 + ip->addr.bytes[3];

		assert_int_equal(ip->length, 32);
		assert_in_range(index, 0, 511);
		assert_false(present[index]);
		present[index] = true;
	}
}

/* What we encode decodes to what it was: operations of a recorded dump. */
static void test_round_trip(void **state)
{
	static uint8_t buffer[16384] __attribute__((aligned(16)));
	static struct seen again;
	static struct prg_op ops[8];
	struct prg_wg_target target = { 34, 0, "wg0" };
	struct prg_wg_cursor cursor = { 0 };
	struct prg_observer observer = seen_observer(&again);
	PRG_ASSEMBLY assembly;
	size_t n = 0;

	(void)state;
	decode_golden("show.received");
	ops[n++] = (struct prg_op){ .kind = PRG_OP_DEVICE,
		                    .fields = PRG_OF_PRIVATE_KEY | PRG_OF_LISTEN_PORT |
		                              PRG_OF_FWMARK,
		                    .device = &seen.device };
	for (size_t i = 0; i < seen.n; i++) {
		seen.peers[i].peer.allowed_ips = seen.peers[i].ips;
		seen.peers[i].peer.preshared_key =
		        seen.peers[i].has_psk ? &seen.peers[i].psk : NULL;
		ops[n++] = (struct prg_op){ .kind = PRG_OP_PEER_SET,
			                    .fields = 0xff & ~7,
			                    .peer = &seen.peers[i].peer };
	}
	prg_assembly_init(&assembly, &observer, "?");
	while (cursor.op < n) {
		assert_in_range(prg_wg_encode_set(buffer, 512, &target, ops, n, &cursor), 20, 512);
		assert_int_equal(prg_wg_decode(&assembly, (struct nlmsghdr *)buffer, NULL), 0);
	}
	assert_int_equal(prg_assembly_end(&assembly, NULL), 0);
	assert_string_equal(again.device.name, "wg0");
	assert_memory_equal(&again.device.private_key, &seen.device.private_key, 32);
	assert_int_equal(again.device.listen_port, seen.device.listen_port);
	assert_int_equal(again.n, seen.n);
	for (size_t i = 0; i < seen.n; i++) {
		const struct seen_peer *a = &seen.peers[i], *b = &again.peers[i];

		assert_memory_equal(&a->peer.public_key, &b->peer.public_key, 32);
		assert_int_equal(a->has_psk, b->has_psk);
		assert_memory_equal(&a->psk, &b->psk, 32);
		assert_int_equal(a->peer.keepalive_s, b->peer.keepalive_s);
		assert_memory_equal(&a->peer.endpoint, &b->peer.endpoint,
		                    sizeof(a->peer.endpoint));
		assert_int_equal(a->peer.n_allowed_ips, b->peer.n_allowed_ips);
		assert_memory_equal(a->ips, b->ips, a->peer.n_allowed_ips * sizeof(*a->ips));
	}
	seen_clear(&again);
}

/* ---- messages made here: what the kernel may do and the recordings do not */

static uint8_t space[8192] __attribute__((aligned(16)));

static struct nlmsghdr *begin(void)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(space);

	message->nlmsg_type = 34;
	mnl_nlmsg_put_extra_header(message, sizeof(struct genlmsghdr));
	return message;
}

static void put_allowed_ip(struct nlmsghdr *message, uint16_t family, const void *address,
                           size_t size, uint8_t length)
{
	struct nlattr *one = mnl_attr_nest_start(message, 0);

	mnl_attr_put_u16(message, WGALLOWEDIP_A_FAMILY, family);
	mnl_attr_put(message, WGALLOWEDIP_A_IPADDR, size, address);
	mnl_attr_put_u8(message, WGALLOWEDIP_A_CIDR_MASK, length);
	mnl_attr_nest_end(message, one);
}

static void put_peer(struct nlmsghdr *message, unsigned char number, uint8_t first_ip)
{
	struct prg_public_key key = key_of(number);
	struct nlattr *one = mnl_attr_nest_start(message, 0);
	struct nlattr *list;

	mnl_attr_put(message, WGPEER_A_UNSPEC, 0, NULL);
	mnl_attr_put(message, WGPEER_A_PUBLIC_KEY, sizeof(key), &key);
	mnl_attr_put(message, WGPEER_A_UNSPEC, 3, "pad");
	list = mnl_attr_nest_start(message, WGPEER_A_ALLOWEDIPS);
	put_allowed_ip(message, AF_INET, (uint8_t[]){ 10, 0, 0, first_ip }, 4, 32);
	put_allowed_ip(message, AF_INET, (uint8_t[]){ 10, 1, first_ip, 99 }, 4, 24);
	mnl_attr_nest_end(message, list);
	mnl_attr_put(message, 77, 4, "new!");
	mnl_attr_nest_end(message, one);
}

static void test_joins_neighbours(void **state)
{
	struct prg_observer observer = seen_observer(&seen);
	PRG_ASSEMBLY assembly;
	struct nlmsghdr *message;
	struct nlattr *peers;

	(void)state;
	prg_assembly_init(&assembly, &observer, "wg0");
	for (uint8_t i = 0; i < 3; i++) {
		message = begin();
		/* The device comes again until the first peer is whole. */
		mnl_attr_put_u16(message, WGDEVICE_A_LISTEN_PORT, (uint16_t)(1000 + i));
		peers = mnl_attr_nest_start(message, WGDEVICE_A_PEERS);
		put_peer(message, 1, i);
		if (i == 2)
			put_peer(message, 2, 9);
		mnl_attr_nest_end(message, peers);
		assert_int_equal(prg_wg_decode(&assembly, message, NULL), 0);
	}
	/* A last message without peers. */
	assert_int_equal(prg_wg_decode(&assembly, begin(), NULL), 0);
	assert_int_equal(prg_assembly_end(&assembly, NULL), 0);
	assert_int_equal(seen.devices, 1);
	assert_int_equal(seen.device.listen_port, 1000);
	assert_false(seen.device.has_private_key);
	assert_int_equal(seen.n, 2);
	assert_int_equal(seen.peers[0].peer.n_allowed_ips, 6);
	assert_prefix(&seen.peers[0].ips[4], "10.0.0.2/32");
	assert_prefix(&seen.peers[0].ips[5], "10.1.2.0/24");
	assert_int_equal(seen.peers[1].peer.n_allowed_ips, 2);
}

static void test_no_peers(void **state)
{
	struct prg_observer observer = seen_observer(&seen);
	PRG_ASSEMBLY assembly;

	(void)state;
	prg_assembly_init(&assembly, &observer, "wg0");
	assert_int_equal(prg_wg_decode(&assembly, begin(), NULL), 0);
	assert_int_equal(seen.devices, 0);
	assert_int_equal(prg_assembly_end(&assembly, NULL), 0);
	assert_int_equal(seen.devices, 1);
	assert_int_equal(seen.n, 0);
}

static void test_restart(void **state)
{
	struct prg_observer observer = seen_observer(&seen);
	PRG_ASSEMBLY assembly;
	size_t length;
	PRG_FREE uint8_t *data = golden("show.received", &length);

	(void)state;
	prg_assembly_init(&assembly, &observer, "wg0");
	assert_int_equal(decode_all(&assembly, data, length, NULL), 0);
	seen_clear(&seen);
	prg_assembly_restart(&assembly);
	assert_int_equal(decode_all(&assembly, data, length, NULL), 0);
	assert_int_equal(seen.devices, 1);
	assert_int_equal(seen.n, 3);
}

static void test_observer_returns(void **state)
{
	struct prg_observer observer = seen_observer(&seen);
	PRG_ASSEMBLY assembly, other;
	size_t length;
	PRG_FREE uint8_t *data = golden("show.received", &length);

	(void)state;
	seen.device_returns = 5;
	prg_assembly_init(&assembly, &observer, "wg0");
	assert_int_equal(decode_all(&assembly, data, length, NULL), 5);
	assert_int_equal(seen.n, 0);
	seen.device_returns = 0;
	seen.peer_returns = -3;
	prg_assembly_init(&other, &observer, "wg0");
	assert_int_equal(decode_all(&other, data, length, NULL), -3);
	assert_int_equal(seen.n, 1);
}

static void test_wipes(void **state)
{
	static const struct prg_assembly zero;
	struct prg_observer observer = seen_observer(&seen);
	struct prg_assembly assembly;
	size_t length;
	PRG_FREE uint8_t *data = golden("show.received", &length);

	(void)state;
	prg_assembly_init(&assembly, &observer, "wg0");
	assert_int_equal(decode_all(&assembly, data, length, NULL), 0);
	assert_memory_equal(&assembly.preshared_key, &zero.preshared_key, 32);
	assert_memory_equal(&assembly.device.private_key, &zero.device.private_key, 32);
	prg_assembly_done(&assembly);
	assert_memory_equal(&assembly, &zero, sizeof(zero));
}

/* ---- what nobody should send */

static int decode_message(const struct nlmsghdr *message)
{
	struct prg_observer observer = seen_observer(&seen);
	struct prg_error err = { 0 };
	PRG_ASSEMBLY assembly;
	int rc;

	prg_assembly_init(&assembly, &observer, "wg0");
	rc = prg_wg_decode(&assembly, message, &err);
	if (rc == PRG_E_CORRUPT)
		assert_non_null(strstr(err.message, "wg0: malformed "));
	if (rc == 0)
		rc = prg_assembly_end(&assembly, NULL);
	seen_clear(&seen);
	return rc;
}

static struct nlmsghdr *one_allowed_ip(uint16_t family, size_t size, uint8_t length)
{
	static const uint8_t zero[32];
	struct nlmsghdr *message = begin();
	struct nlattr *peers = mnl_attr_nest_start(message, WGDEVICE_A_PEERS);
	struct nlattr *one = mnl_attr_nest_start(message, 0);
	struct prg_public_key key = key_of(1);
	struct nlattr *list;

	mnl_attr_put(message, WGPEER_A_PUBLIC_KEY, sizeof(key), &key);
	list = mnl_attr_nest_start(message, WGPEER_A_ALLOWEDIPS);
	put_allowed_ip(message, family, zero, size, length);
	mnl_attr_nest_end(message, list);
	mnl_attr_nest_end(message, one);
	mnl_attr_nest_end(message, peers);
	return message;
}

static struct nlmsghdr *one_attribute(uint16_t type, size_t size)
{
	static const uint8_t zero[64];
	struct nlmsghdr *message = begin();
	struct nlattr *peers = mnl_attr_nest_start(message, WGDEVICE_A_PEERS);
	struct nlattr *one = mnl_attr_nest_start(message, 0);
	struct prg_public_key key = key_of(1);

	mnl_attr_put(message, WGPEER_A_PUBLIC_KEY, sizeof(key), &key);
	mnl_attr_put(message, type, size, zero);
	mnl_attr_nest_end(message, one);
	mnl_attr_nest_end(message, peers);
	return message;
}

static struct nlmsghdr *device_attribute(uint16_t type, size_t size)
{
	static const uint8_t full[64] = "0123456789012345678901234567890123456789";
	struct nlmsghdr *message = begin();

	mnl_attr_put(message, type, size, full);
	return message;
}

static void test_malformed(void **state)
{
	struct nlmsghdr *message = begin();

	(void)state;
	assert_int_equal(decode_message(one_allowed_ip(AF_INET, 4, 32)), 0);
	assert_int_equal(decode_message(one_allowed_ip(AF_INET6, 16, 128)), 0);
	assert_int_equal(decode_message(one_allowed_ip(AF_INET, 4, 33)), PRG_E_CORRUPT);
	assert_int_equal(decode_message(one_allowed_ip(AF_INET6, 16, 129)), PRG_E_CORRUPT);
	assert_int_equal(decode_message(one_allowed_ip(AF_INET, 16, 32)), PRG_E_CORRUPT);
	assert_int_equal(decode_message(one_allowed_ip(AF_INET6, 4, 32)), PRG_E_CORRUPT);
	assert_int_equal(decode_message(one_allowed_ip(AF_UNIX, 4, 32)), PRG_E_CORRUPT);
	assert_int_equal(decode_message(one_attribute(WGPEER_A_PRESHARED_KEY, 32)), 0);
	assert_int_equal(decode_message(one_attribute(WGPEER_A_PRESHARED_KEY, 31)), PRG_E_CORRUPT);
	assert_int_equal(decode_message(one_attribute(WGPEER_A_PUBLIC_KEY, 33)), PRG_E_CORRUPT);
	assert_int_equal(decode_message(one_attribute(WGPEER_A_RX_BYTES, 4)), PRG_E_CORRUPT);
	assert_int_equal(decode_message(one_attribute(WGPEER_A_LAST_HANDSHAKE_TIME, 8)),
	                 PRG_E_CORRUPT);
	assert_int_equal(decode_message(one_attribute(WGPEER_A_ENDPOINT, 16)), PRG_E_CORRUPT);
	assert_int_equal(decode_message(device_attribute(WGDEVICE_A_PRIVATE_KEY, 33)),
	                 PRG_E_CORRUPT);
	assert_int_equal(decode_message(device_attribute(WGDEVICE_A_IFNAME, 15)), 0);
	assert_int_equal(decode_message(device_attribute(WGDEVICE_A_IFNAME, 16)), PRG_E_CORRUPT);
	assert_int_equal(decode_message(device_attribute(WGDEVICE_A_LISTEN_PORT, 4)),
	                 PRG_E_CORRUPT);
	message->nlmsg_len -= 1;
	assert_int_equal(decode_message(message), PRG_E_CORRUPT);
}

/* Cut anywhere and bent anywhere: an error or values, never a step outside; the
 * copies are exact, so that a sanitizer or valgrind sees one. */
static void test_hostile(void **state)
{
	size_t length, at = 0;
	PRG_FREE uint8_t *data = golden("show.received", &length);
	struct nlmsghdr *message;

	(void)state;
	do {
		message = next_message(data, length, &at);
		assert_non_null(message);
	} while (message->nlmsg_type <= 0x10);
	for (uint32_t cut = NLMSG_HDRLEN; cut <= message->nlmsg_len; cut++) {
		struct nlmsghdr *copy = malloc(cut);
		int rc;

		assert_non_null(copy);
		memcpy(copy, message, cut);
		copy->nlmsg_len = cut;
		rc = decode_message(copy);
		assert_true(rc == 0 || rc == PRG_E_CORRUPT);
		free(copy);
	}
	for (size_t i = NLMSG_HDRLEN; i < message->nlmsg_len; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			struct nlmsghdr *copy = malloc(message->nlmsg_len);
			int rc;

			assert_non_null(copy);
			memcpy(copy, message, message->nlmsg_len);
			((uint8_t *)copy)[i] ^= (uint8_t)(1u << bit);
			rc = decode_message(copy);
			assert_true(rc == 0 || rc == PRG_E_CORRUPT);
			free(copy);
		}
	}
}

static void test_family(void **state)
{
	struct nlmsghdr *message = begin();

	(void)state;
	mnl_attr_put_u16(message, CTRL_ATTR_FAMILY_ID, 34);
	assert_int_equal(prg_wg_decode_family(message), 0);
	message->nlmsg_type = GENL_ID_CTRL;
	assert_int_equal(prg_wg_decode_family(message), 34);
	message = begin();
	message->nlmsg_type = GENL_ID_CTRL;
	mnl_attr_put_u32(message, CTRL_ATTR_FAMILY_ID, 34);
	assert_int_equal(prg_wg_decode_family(message), 0);
	message->nlmsg_len = NLMSG_HDRLEN + 3;
	assert_int_equal(prg_wg_decode_family(message), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_golden_show, reset),
		cmocka_unit_test_setup(test_golden_split, reset),
		cmocka_unit_test_setup(test_round_trip, reset),
		cmocka_unit_test_setup(test_joins_neighbours, reset),
		cmocka_unit_test_setup(test_no_peers, reset),
		cmocka_unit_test_setup(test_restart, reset),
		cmocka_unit_test_setup(test_observer_returns, reset),
		cmocka_unit_test_setup(test_wipes, reset),
		cmocka_unit_test_setup(test_malformed, reset),
		cmocka_unit_test_setup(test_hostile, reset),
		cmocka_unit_test_setup(test_family, reset),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	seen_clear(&seen);
	return failed;
}
