/* SPDX-License-Identifier: ISC */
#include "backend_testing.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/wireguard.h>

#include "backend/wg_encode.h"
#include "base/strbuf.h"

#define FULL (PRG_OF_CREATE | PRG_OF_PRESHARED_KEY | PRG_OF_KEEPALIVE | PRG_OF_ALLOWED_IPS)

static const struct prg_wg_target by_index = { 34, 7, "wg0" };

/* ---- a message in words, read with libmnl alone: what a SET means */

static void put_hex(struct prg_strbuf *text, const struct nlattr *attr)
{
	const uint8_t *bytes = mnl_attr_get_payload(attr);

	for (size_t i = 0; i < mnl_attr_get_payload_len(attr); i++)
		prg_strbuf_printf(text, "%02x", bytes[i]);
}

static void tell_allowed_ip(struct prg_strbuf *text, const struct nlattr *one)
{
	char address[64] = "?";
	unsigned family = 0, length = 0;
	const struct nlattr *attr;

	assert_int_equal(mnl_attr_get_type(one), 0);
	mnl_attr_for_each_nested(attr, one) {
		if (mnl_attr_get_type(attr) == WGALLOWEDIP_A_FAMILY)
			family = mnl_attr_get_u16(attr);
		if (mnl_attr_get_type(attr) == WGALLOWEDIP_A_CIDR_MASK)
			length = mnl_attr_get_u8(attr);
	}
	mnl_attr_for_each_nested(attr, one) {
		if (mnl_attr_get_type(attr) != WGALLOWEDIP_A_IPADDR)
			continue;
		assert_int_equal(mnl_attr_get_payload_len(attr), family == AF_INET ? 4 : 16);
		inet_ntop((int)family, mnl_attr_get_payload(attr), address, sizeof(address));
	}
	prg_strbuf_printf(text, " %s/%u", address, length);
}

static void tell_endpoint(struct prg_strbuf *text, const struct nlattr *attr)
{
	struct sockaddr_in6 address = { 0 };
	const struct sockaddr_in *in4 = (const struct sockaddr_in *)&address;
	char host[64];

	assert_in_range(mnl_attr_get_payload_len(attr), sizeof(*in4), sizeof(address));
	memcpy(&address, mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr));
	if (address.sin6_family == AF_INET)
		inet_ntop(AF_INET, &in4->sin_addr, host, sizeof(host));
	else
		inet_ntop(AF_INET6, &address.sin6_addr, host, sizeof(host));
	prg_strbuf_printf(text, " endpoint=%s|%u", host, ntohs(address.sin6_port));
	if (address.sin6_family == AF_INET6)
		prg_strbuf_printf(text, "|%u", address.sin6_scope_id);
}

static void tell_peer(struct prg_strbuf *text, const struct nlattr *one)
{
	const struct nlattr *part[WGPEER_A_MAX + 1] = { NULL };
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, one)
		part[mnl_attr_get_type(attr)] = attr;
	prg_strbuf_puts(text, "peer ");
	put_hex(text, part[WGPEER_A_PUBLIC_KEY]);
	prg_strbuf_printf(text, " flags=%u", part[WGPEER_A_FLAGS] != NULL
	                                             ? mnl_attr_get_u32(part[WGPEER_A_FLAGS])
	                                             : 0);
	if (part[WGPEER_A_PRESHARED_KEY] != NULL) {
		prg_strbuf_puts(text, " psk=");
		put_hex(text, part[WGPEER_A_PRESHARED_KEY]);
	}
	if (part[WGPEER_A_ENDPOINT] != NULL)
		tell_endpoint(text, part[WGPEER_A_ENDPOINT]);
	if (part[WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL] != NULL)
		prg_strbuf_printf(text, " keepalive=%u",
		                  mnl_attr_get_u16(part[WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL]));
	prg_strbuf_puts(text, " ips");
	if (part[WGPEER_A_ALLOWEDIPS] != NULL)
		mnl_attr_for_each_nested(attr, part[WGPEER_A_ALLOWEDIPS])
			tell_allowed_ip(text, attr);
	prg_strbuf_puts(text, "\n");
}

static void tell_set(struct prg_strbuf *text, const struct nlmsghdr *message)
{
	const struct genlmsghdr *head = mnl_nlmsg_get_payload(message);
	const struct nlattr *attr, *one;

	assert_int_equal(head->cmd, WG_CMD_SET_DEVICE);
	assert_int_equal(head->version, WG_GENL_VERSION);
	mnl_attr_for_each(attr, message, sizeof(*head)) {
		switch (mnl_attr_get_type(attr)) {
		case WGDEVICE_A_PRIVATE_KEY:
			prg_strbuf_puts(text, "private=");
			put_hex(text, attr);
			prg_strbuf_puts(text, "\n");
			break;
		case WGDEVICE_A_LISTEN_PORT:
			prg_strbuf_printf(text, "port=%u\n", mnl_attr_get_u16(attr));
			break;
		case WGDEVICE_A_FWMARK:
			prg_strbuf_printf(text, "fwmark=%u\n", mnl_attr_get_u32(attr));
			break;
		case WGDEVICE_A_FLAGS:
			prg_strbuf_printf(text, "flags=%u\n", mnl_attr_get_u32(attr));
			break;
		case WGDEVICE_A_PEERS:
			mnl_attr_for_each_nested(one, attr)
				tell_peer(text, one);
			break;
		}
	}
}

/* All messages of a run in words, checking what holds for each. */
static char *encode_all(const struct prg_op *ops, size_t n, size_t capacity, unsigned *ret_messages)
{
	static uint8_t buffer[16384 + 64] __attribute__((aligned(16)));
	struct prg_wg_cursor cursor = { 0 };
	PRG_STRBUF text = { 0 };
	unsigned messages = 0;

	while (cursor.op < n) {
		struct prg_wg_cursor before = cursor;
		const struct nlmsghdr *message = (const struct nlmsghdr *)buffer;
		size_t length;

		memset(buffer + capacity, 0xa5, 64);
		length = prg_wg_encode_set(buffer, capacity, &by_index, ops, n, &cursor);
		assert_in_range(length, NLMSG_HDRLEN + GENL_HDRLEN, capacity);
		for (size_t i = 0; i < 64; i++)
			assert_int_equal(buffer[capacity + i], 0xa5);
		assert_int_equal(message->nlmsg_len, length);
		assert_int_equal(message->nlmsg_type, by_index.family);
		assert_int_equal(message->nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK);
		assert_true(cursor.op > before.op || cursor.allowed_ip > before.allowed_ip);
		prg_strbuf_puts(&text, "--\n");
		tell_set(&text, message);
		messages++;
	}
	if (ret_messages != NULL)
		*ret_messages = messages;
	return prg_strbuf_take(&text);
}

static void assert_encodes(const struct prg_op *ops, size_t n, const char *wanted)
{
	PRG_FREE char *got = encode_all(ops, n, 16384, NULL);

	assert_string_equal(got, wanted);
}

/* ---- the same meaning as messages that wg sent */

/* wg begins a new message every 4 KB; its continuations have no flags. */
static void join_fragments(char *text)
{
	char *again;

	while ((again = strstr(text, " flags=0 ips")) != NULL) {
		char *line = again;

		while (line > text && *line != '\n')
			line--;
		again += strlen(" flags=0 ips");
		memmove(line, again, strlen(again) + 1);
	}
}

static void assert_means(const struct prg_op *op, const char *recording)
{
	PRG_STRBUF wanted = { 0 };
	PRG_FREE char *got = encode_all(op, 1, 16384, NULL);
	size_t length, at = 0;
	PRG_FREE uint8_t *data = golden(recording, &length);
	const struct nlmsghdr *message = next_message(data, length, &at);

	assert_non_null(message);
	prg_strbuf_puts(&wanted, "--\n");
	tell_set(&wanted, message);
	while ((message = next_message(data, length, &at)) != NULL)
		tell_set(&wanted, message);
	join_fragments(wanted.data);
	assert_string_equal(got, wanted.data);
}

static void test_like_wg_device(void **state)
{
	struct prg_wg_device device = { .has_private_key = true,
		                        .listen_port = 51820,
		                        .fwmark = 0x20 };
	struct prg_op op = { .kind = PRG_OP_DEVICE,
		             .fields = PRG_OF_PRIVATE_KEY | PRG_OF_LISTEN_PORT | PRG_OF_FWMARK,
		             .device = &device };

	(void)state;
	memset(device.private_key.bytes, 'H', PRG_KEY_BYTES);
	assert_means(&op, "set-device.sent");
}

static void test_like_wg_peer(void **state)
{
	struct prg_preshared_key psk;
	struct prg_prefix ips[] = { prefix_of("10.0.0.1"), prefix_of("fd00::1"),
		                    prefix_of("10.9.0.0/16") };
	struct prg_wg_peer peer = { .public_key = key_of(1),
		                    .preshared_key = &psk,
		                    .keepalive_s = 25,
		                    .endpoint = { { 4, { 192, 0, 2, 7 } }, 1234, 0 },
		                    .allowed_ips = ips,
		                    .n_allowed_ips = 3 };
	struct prg_op op = { .kind = PRG_OP_PEER_SET,
		             .fields = FULL | PRG_OF_ENDPOINT,
		             .peer = &peer };

	(void)state;
	memset(psk.bytes, 4, sizeof(psk.bytes));
	assert_means(&op, "set-peer.sent");
}

static void test_like_wg_v6(void **state)
{
	struct prg_prefix ip = prefix_of("fd00::2");
	struct prg_wg_peer peer = { .public_key = key_of(2),
		                    .endpoint = { .port = 4321 },
		                    .allowed_ips = &ip,
		                    .n_allowed_ips = 1 };
	struct prg_op op = { .kind = PRG_OP_PEER_SET,
		             .fields = PRG_OF_CREATE | PRG_OF_ALLOWED_IPS | PRG_OF_ENDPOINT,
		             .peer = &peer };

	(void)state;
	assert_int_equal(prg_addr_parse("2001:db8::7", &peer.endpoint.addr, NULL), 0);
	assert_means(&op, "set-v6.sent");
}

static void test_like_wg_many(void **state)
{
	static struct prg_prefix ips[512];
	struct prg_wg_peer peer = { .public_key = key_of(3),
		                    .allowed_ips = ips,
		                    .n_allowed_ips = 512 };
	struct prg_op op = { .kind = PRG_OP_PEER_SET,
		             .fields = PRG_OF_CREATE | PRG_OF_ALLOWED_IPS,
		             .peer = &peer };

	(void)state;
	for (unsigned i = 0; i < 512; i++)
		ips[i] = (struct prg_prefix){
			{ 4, { 10, 1, (uint8_t)(i / 256), (uint8_t)i } }, 32
		};
	assert_means(&op, "set-many.sent");
}

static char *repeat_hex(unsigned char byte)
{
	static char text[2][65];
	static unsigned turn;
	char *hex = text[turn++ % 2];

	for (size_t i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", byte);
	return hex;
}

/* Where we differ from wg, on purpose: it says less than we do. */
static void assert_differs(const struct prg_op *op, const char *recording, const char *theirs,
                           const char *ours)
{
	PRG_FREE char *got = encode_all(op, 1, 16384, NULL);
	PRG_STRBUF text = { 0 };
	size_t length, at = 0;
	PRG_FREE uint8_t *data = golden(recording, &length);

	tell_set(&text, next_message(data, length, &at));
	assert_string_equal(text.data, theirs);
	assert_string_equal(got + strlen("--\n"), ours);
}

static void test_unlike_wg(void **state)
{
	struct prg_wg_peer peer = { .public_key = key_of(2) };
	struct prg_op op = { .kind = PRG_OP_PEER_REMOVE, .peer = &peer };
	char theirs[128], ours[128];

	(void)state;
	snprintf(theirs, sizeof(theirs), "peer %s flags=1 ips\n", repeat_hex(2));
	snprintf(ours, sizeof(ours), "peer %s flags=5 ips\n", repeat_hex(2));
	assert_differs(&op, "remove.sent", theirs, ours);
	peer.public_key = key_of(3);
	op = (struct prg_op){ .kind = PRG_OP_PEER_SET, .fields = PRG_OF_CREATE, .peer = &peer };
	snprintf(theirs, sizeof(theirs), "peer %s flags=0 ips\n", repeat_hex(3));
	snprintf(ours, sizeof(ours), "peer %s flags=2 ips\n", repeat_hex(3));
	assert_differs(&op, "set-empty.sent", theirs, ours);
}

/* ---- our own rules */

static void test_flags(void **state)
{
	struct prg_prefix ip = prefix_of("10.0.0.1");
	struct prg_wg_peer peer = { .public_key = key_of(9),
		                    .keepalive_s = 5,
		                    .allowed_ips = &ip,
		                    .n_allowed_ips = 1 };
	struct prg_op op = { .kind = PRG_OP_PEER_REMOVE, .fields = FULL, .peer = &peer };
	char wanted[512];

	(void)state;
	snprintf(wanted, sizeof(wanted), "--\npeer %s flags=5 ips\n", repeat_hex(9));
	assert_encodes(&op, 1, wanted);

	op.kind = PRG_OP_PEER_SET;
	op.fields = 0;
	snprintf(wanted, sizeof(wanted), "--\npeer %s flags=4 ips\n", repeat_hex(9));
	assert_encodes(&op, 1, wanted);

	op.fields = PRG_OF_KEEPALIVE;
	snprintf(wanted, sizeof(wanted), "--\npeer %s flags=4 keepalive=5 ips\n", repeat_hex(9));
	assert_encodes(&op, 1, wanted);

	op.fields = PRG_OF_ALLOWED_IPS;
	snprintf(wanted, sizeof(wanted), "--\npeer %s flags=6 ips 10.0.0.1/32\n", repeat_hex(9));
	assert_encodes(&op, 1, wanted);

	/* What is appended leaves the list that is there. */
	op.fields = PRG_OF_ALLOWED_IPS | PRG_OF_APPEND;
	snprintf(wanted, sizeof(wanted), "--\npeer %s flags=4 ips 10.0.0.1/32\n", repeat_hex(9));
	assert_encodes(&op, 1, wanted);

	op.fields = PRG_OF_CREATE;
	snprintf(wanted, sizeof(wanted), "--\npeer %s flags=2 ips\n", repeat_hex(9));
	assert_encodes(&op, 1, wanted);

	/* No preshared key is 32 zero bytes; no endpoint cannot be said. */
	op.fields = PRG_OF_PRESHARED_KEY | PRG_OF_ENDPOINT;
	snprintf(wanted, sizeof(wanted), "--\npeer %s flags=4 psk=%s ips\n", repeat_hex(9),
	         repeat_hex(0));
	assert_encodes(&op, 1, wanted);

	/* A list that is emptied. */
	op.fields = PRG_OF_ALLOWED_IPS;
	peer.n_allowed_ips = 0;
	snprintf(wanted, sizeof(wanted), "--\npeer %s flags=6 ips\n", repeat_hex(9));
	assert_encodes(&op, 1, wanted);
}

static void test_scope(void **state)
{
	struct prg_wg_peer peer = { .public_key = key_of(1),
		                    .endpoint = { .port = 1, .scope = 3 } };
	struct prg_op op = { .kind = PRG_OP_PEER_SET, .fields = PRG_OF_ENDPOINT, .peer = &peer };
	char wanted[256];

	(void)state;
	assert_int_equal(prg_addr_parse("fe80::1", &peer.endpoint.addr, NULL), 0);
	snprintf(wanted, sizeof(wanted), "--\npeer %s flags=4 endpoint=fe80::1|1|3 ips\n",
	         repeat_hex(1));
	assert_encodes(&op, 1, wanted);
}

static void test_private_key(void **state)
{
	struct prg_wg_device device = { .has_private_key = true };
	struct prg_op op = { .kind = PRG_OP_DEVICE,
		             .fields = PRG_OF_PRIVATE_KEY,
		             .device = &device };
	char wanted[128];

	(void)state;
	memset(device.private_key.bytes, 0xff, PRG_KEY_BYTES);
	snprintf(wanted, sizeof(wanted), "--\nprivate=f8%.60s7f\n", repeat_hex(0xff));
	assert_encodes(&op, 1, wanted);
	assert_int_equal(device.private_key.bytes[0], 0xff);

	device.has_private_key = false;
	snprintf(wanted, sizeof(wanted), "--\nprivate=%s\n", repeat_hex(0));
	assert_encodes(&op, 1, wanted);
}

/* The kernel handles the device before peers wherever it stands in a message. */
static void test_device_begins_a_message(void **state)
{
	struct prg_wg_device device = { .listen_port = 1, .fwmark = 2 };
	struct prg_wg_peer peers[2] = { { .public_key = key_of(1) }, { .public_key = key_of(2) } };
	struct prg_op ops[] = {
		{ .kind = PRG_OP_DEVICE, .fields = PRG_OF_LISTEN_PORT, .device = &device },
		{ .kind = PRG_OP_PEER_SET, .peer = &peers[0] },
		{ .kind = PRG_OP_DEVICE, .fields = PRG_OF_FWMARK, .device = &device },
		{ .kind = PRG_OP_DEVICE, .device = &device },
		{ .kind = PRG_OP_PEER_REMOVE, .peer = &peers[1] },
	};
	char wanted[512];

	(void)state;
	snprintf(wanted, sizeof(wanted),
	         "--\nport=1\npeer %s flags=4 ips\n--\nfwmark=2\n--\npeer %s flags=5 ips\n",
	         repeat_hex(1), repeat_hex(2));
	assert_encodes(ops, 5, wanted);
}

static char *expected_fragments(const char *text, const char *key, char *ips)
{
	const char *line = text;
	bool first = true;
	size_t used = 0;

	/* Every line that is about this peer: only the first carries more than the
	 * key and allowed IPs, and only it replaces. */
	while ((line = strstr(line, key)) != NULL) {
		const char *flags = line + strlen(key);
		const char *list = strstr(flags, " ips");
		const char *end = strchr(list, '\n');

		if (first)
			assert_memory_equal(flags, " flags=2 psk=", 13);
		else
			assert_memory_equal(flags, " flags=4 ips", 12);
		first = false;
		memcpy(ips + used, list + 4, (size_t)(end - list - 4));
		used += (size_t)(end - list - 4);
		line = end;
	}
	ips[used] = '\0';
	return ips;
}

/* For every size of message: nothing lost, nothing twice, order kept. */
static void test_split(void **state)
{
	static struct prg_prefix ips[3000];
	static char got[3000 * 24], wanted[3000 * 24];
	struct prg_preshared_key psk = { { 1 } };
	struct prg_wg_peer peers[3];
	struct prg_op ops[3];
	size_t used = 0;

	(void)state;
	for (unsigned i = 0; i < 3000; i++) {
		ips[i] = (struct prg_prefix){
			{ 4, { 10, 0, (uint8_t)(i / 256), (uint8_t)i } }, 32
		};
		used += (size_t)snprintf(wanted + used, sizeof(wanted) - used, " 10.0.%u.%u/32",
		                         i / 256, i % 256);
	}
	for (unsigned i = 0; i < 3; i++) {
		peers[i] = (struct prg_wg_peer){ .public_key = key_of((unsigned char)(i + 1)),
			                         .preshared_key = &psk,
			                         .allowed_ips = ips,
			                         .n_allowed_ips = i == 1 ? 3000 : 1 };
		ops[i] = (struct prg_op){ .kind = PRG_OP_PEER_SET,
			                  .fields = FULL,
			                  .peer = &peers[i] };
	}
	for (size_t capacity = PRG_WG_ENCODE_MIN; capacity <= 16384;
	     capacity += capacity < 1024 ? 4 : 1020) {
		unsigned messages;
		PRG_FREE char *text = encode_all(ops, 3, capacity, &messages);

		expected_fragments(text, repeat_hex(2), got);
		assert_string_equal(got, wanted);
		assert_string_equal(expected_fragments(text, repeat_hex(1), got),
		                    " 10.0.0.0/32");
		assert_string_equal(expected_fragments(text, repeat_hex(3), got),
		                    " 10.0.0.0/32");
		assert_in_range(messages, 3000 * 28 / capacity, 3000 * 28 / (capacity - 400) + 3);
	}
}

static void test_many_peers(void **state)
{
	static struct prg_wg_peer peers[1000];
	static struct prg_op ops[1000];
	struct prg_prefix ip = prefix_of("10.0.0.1");
	unsigned messages, n = 0;
	PRG_FREE char *text = NULL;
	const char *line;

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		peers[i].public_key.bytes[0] = (unsigned char)(i / 256);
		peers[i].public_key.bytes[1] = (unsigned char)i;
		peers[i].allowed_ips = &ip;
		peers[i].n_allowed_ips = 1;
		ops[i] = (struct prg_op){ .kind = PRG_OP_PEER_SET,
			                  .fields = FULL,
			                  .peer = &peers[i] };
	}
	text = encode_all(ops, 1000, 16384, &messages);
	for (line = text; (line = strstr(line, "peer ")) != NULL; n++, line++) {
		char hex[5];

		snprintf(hex, sizeof(hex), "%04x", n);
		assert_memory_equal(line + 5, hex, 4);
	}
	assert_int_equal(n, 1000);
	assert_in_range(messages, 8, 10); /* 148 bytes a peer */
}

static void test_targets_and_gets(void **state)
{
	uint8_t buffer[PRG_WG_ENCODE_MIN] __attribute__((aligned(16)));
	const struct nlmsghdr *message = (const struct nlmsghdr *)buffer;
	struct prg_wg_target by_name = { 34, 0, "wg0" };
	struct prg_wg_cursor cursor = { 0 };
	const struct genlmsghdr *head;
	const struct nlattr *attr, *flags;
	size_t length;

	(void)state;
	assert_int_equal(prg_wg_encode_get(buffer, sizeof(buffer) - 1, &by_name), 0);
	assert_int_equal(prg_wg_encode_family(buffer, sizeof(buffer) - 1), 0);
	assert_int_equal(
	        prg_wg_encode_set(buffer, sizeof(buffer) - 1, &by_name, NULL, 0, &cursor), 0);

	length = prg_wg_encode_get(buffer, sizeof(buffer), &by_name);
	assert_int_equal(length, message->nlmsg_len);
	head = mnl_nlmsg_get_payload(message);
	attr = mnl_nlmsg_get_payload_offset(message, sizeof(*head));
	assert_int_equal(message->nlmsg_type, 34);
	assert_int_equal(message->nlmsg_flags, NLM_F_REQUEST | NLM_F_DUMP);
	assert_int_equal(head->cmd, WG_CMD_GET_DEVICE);
	assert_int_equal(mnl_attr_get_type(attr), WGDEVICE_A_IFNAME);
	assert_string_equal(mnl_attr_get_str(attr), "wg0");

	prg_wg_encode_get(buffer, sizeof(buffer), &by_index);
	assert_int_equal(mnl_attr_get_type(attr), WGDEVICE_A_IFINDEX);
	assert_int_equal(mnl_attr_get_u32(attr), 7);

	assert_int_equal(prg_wg_encode_flush(buffer, sizeof(buffer) - 1, &by_name), 0);
	length = prg_wg_encode_flush(buffer, sizeof(buffer), &by_index);
	assert_int_equal(length, message->nlmsg_len);
	assert_int_equal(message->nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK);
	assert_int_equal(head->cmd, WG_CMD_SET_DEVICE);
	assert_int_equal(mnl_attr_get_u32(attr), 7);
	flags = mnl_attr_next(attr);
	assert_int_equal(mnl_attr_get_type(flags), WGDEVICE_A_FLAGS);
	assert_int_equal(mnl_attr_get_u32(flags), WGDEVICE_F_REPLACE_PEERS);
	assert_ptr_equal(mnl_attr_next(flags), mnl_nlmsg_get_payload_tail(message));

	length = prg_wg_encode_family(buffer, sizeof(buffer));
	assert_int_equal(length, message->nlmsg_len);
	assert_int_equal(message->nlmsg_type, GENL_ID_CTRL);
	assert_int_equal(head->cmd, CTRL_CMD_GETFAMILY);
	assert_int_equal(mnl_attr_get_type(attr), CTRL_ATTR_FAMILY_NAME);
	assert_string_equal(mnl_attr_get_str(attr), "wireguard");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_like_wg_device),
		cmocka_unit_test(test_like_wg_peer),
		cmocka_unit_test(test_like_wg_v6),
		cmocka_unit_test(test_like_wg_many),
		cmocka_unit_test(test_unlike_wg),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_scope),
		cmocka_unit_test(test_private_key),
		cmocka_unit_test(test_device_begins_a_message),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_many_peers),
		cmocka_unit_test(test_targets_and_gets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
