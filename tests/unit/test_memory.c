/* SPDX-License-Identifier: ISC */
/* The fake must behave as the kernel does: what is checked here against it is
 * checked against the kernel in tests/vm/backend.sh. */
#include "backend_testing.h"

#include "backend/memory.h"

#define FULL (PRG_OF_CREATE | PRG_OF_PRESHARED_KEY | PRG_OF_KEEPALIVE | PRG_OF_ALLOWED_IPS)

static struct seen seen;
static struct prg_backend *backend;

static int begin(void **state)
{
	(void)state;
	seen_clear(&seen);
	memset(&seen, 0, sizeof(seen));
	prg_memory_reset();
	if (prg_backend_open(PRG_BACKEND_MEMORY, "wg0", &backend, NULL) < 0)
		return -1;
	return prg_backend_link_create(backend, "peerage:1", NULL);
}

static int end(void **state)
{
	(void)state;
	prg_backend_close(&backend);
	seen_clear(&seen);
	return 0;
}

static void observe(void)
{
	struct prg_observer observer = seen_observer(&seen);
	bool interrupted = true;

	seen_clear(&seen);
	assert_int_equal(prg_backend_observe(backend, &observer, &interrupted, NULL), 0);
	assert_false(interrupted);
	assert_int_equal(seen.devices, 1);
}

static int set(unsigned char number, unsigned fields, const char *ip)
{
	struct prg_preshared_key psk;
	struct prg_prefix prefix = prefix_of(ip);
	struct prg_wg_peer peer = { .public_key = key_of(number),
		                    .preshared_key = &psk,
		                    .keepalive_s = number,
		                    .allowed_ips = &prefix,
		                    .n_allowed_ips = 1 };
	struct prg_op op = { .kind = PRG_OP_PEER_SET, .fields = fields, .peer = &peer };

	memset(psk.bytes, number, sizeof(psk.bytes));
	return prg_backend_apply(backend, &op, 1, NULL, NULL, NULL);
}

static int prefix_op(enum prg_op_kind kind, const char *text)
{
	struct prg_op op = { .kind = kind, .prefix = prefix_of(text) };

	return prg_backend_apply(backend, &op, 1, NULL, NULL, NULL);
}

static void test_link(void **state)
{
	struct prg_backend *other = NULL;
	struct prg_link link;
	uint32_t ifindex;

	(void)state;
	assert_string_equal(prg_backend_name(backend), "memory");
	assert_int_equal(prg_backend_link(backend, &link, NULL), 0);
	assert_string_equal(link.kind, "wireguard");
	assert_string_equal(link.alias, "peerage:1");
	assert_int_equal(link.mtu, 1420);
	assert_false(link.up);
	ifindex = link.ifindex;
	assert_int_equal(prg_backend_link_create(backend, "x", NULL), PRG_E_CONFLICT);
	/* State outlives the backend that made it. */
	assert_int_equal(prg_backend_open(PRG_BACKEND_MEMORY, "wg0", &other, NULL), 0);
	assert_int_equal(prg_backend_link(other, &link, NULL), 0);
	assert_int_equal(link.ifindex, ifindex);
	assert_int_equal(prg_backend_link_delete(other, 0, NULL), 0);
	assert_int_equal(prg_backend_link_delete(other, 0, NULL), 0);
	assert_int_equal(prg_backend_link(backend, &link, NULL), PRG_E_NOT_FOUND);
	assert_int_equal(prg_backend_link_create(other, "y", NULL), 0);
	assert_int_equal(prg_backend_link(backend, &link, NULL), 0);
	assert_true(link.ifindex != ifindex);
	prg_backend_close(&other);
	assert_null(other);
	prg_backend_close(&other);

	assert_int_equal(prg_memory_link_set("wg0", "dummy", "theirs"), 0);
	assert_int_equal(prg_backend_link_delete(backend, 0, NULL), PRG_E_UNSUPPORTED);
	assert_int_equal(set(1, FULL, "10.0.0.1"), PRG_E_UNSUPPORTED);
	prg_memory_link_remove("wg0");
	assert_int_equal(prg_backend_link(backend, &link, NULL), PRG_E_NOT_FOUND);
}

static void test_link_settings(void **state)
{
	struct prg_op op = { .kind = PRG_OP_LINK, .mtu = 1300, .alias = "new", .up = true };
	struct prg_link link;

	(void)state;
	assert_int_equal(prg_backend_apply(backend, &op, 1, NULL, NULL, NULL), 0);
	/* Nothing given: nothing changed. */
	op = (struct prg_op){ .kind = PRG_OP_LINK };
	assert_int_equal(prg_backend_apply(backend, &op, 1, NULL, NULL, NULL), 0);
	assert_int_equal(prg_backend_link(backend, &link, NULL), 0);
	assert_int_equal(link.mtu, 1300);
	assert_string_equal(link.alias, "new");
	assert_true(link.up);
	observe();
	assert_true(seen.device.listen_port > 0);
}

static void test_create_and_update(void **state)
{
	(void)state;
	assert_int_equal(set(1, FULL & ~(unsigned)PRG_OF_CREATE, "10.0.0.1"), 0);
	observe();
	assert_int_equal(seen.n, 0);

	assert_int_equal(set(1, FULL, "10.0.0.1"), 0);
	assert_int_equal(set(2, FULL, "10.0.0.2"), 0);
	observe();
	assert_int_equal(seen.n, 2);
	assert_int_equal(seen.peers[0].peer.keepalive_s, 1);
	assert_true(seen.peers[0].has_psk);
	assert_int_equal(seen.peers[0].psk.bytes[31], 1);
	assert_prefix(&seen.peers[1].ips[0], "10.0.0.2/32");

	/* Host bits go; what is not named stays. */
	assert_int_equal(set(1, PRG_OF_ALLOWED_IPS, "10.5.0.77/16"), 0);
	observe();
	assert_int_equal(seen.peers[0].peer.n_allowed_ips, 1);
	assert_prefix(&seen.peers[0].ips[0], "10.5.0.0/16");
	assert_int_equal(seen.peers[0].peer.keepalive_s, 1);
	assert_true(seen.peers[0].has_psk);

	/* Making what is there starts its list of allowed IPs anew. */
	assert_int_equal(set(1, PRG_OF_CREATE, "10.0.0.1"), 0);
	observe();
	assert_int_equal(seen.peers[0].peer.n_allowed_ips, 0);
}

static void test_psk_and_endpoint(void **state)
{
	struct prg_wg_peer peer = { .public_key = key_of(1),
		                    .endpoint = { { 4, { 1, 2, 3, 4 } }, 5, 0 } };
	struct prg_op op = { .kind = PRG_OP_PEER_SET,
		             .fields = PRG_OF_PRESHARED_KEY | PRG_OF_ENDPOINT,
		             .peer = &peer };

	(void)state;
	assert_int_equal(set(1, FULL, "10.0.0.1"), 0);
	assert_int_equal(prg_backend_apply(backend, &op, 1, NULL, NULL, NULL), 0);
	observe();
	assert_false(seen.peers[0].has_psk);
	assert_int_equal(seen.peers[0].peer.endpoint.port, 5);
	/* An endpoint cannot be taken back. */
	peer.endpoint.addr.family = 0;
	assert_int_equal(prg_backend_apply(backend, &op, 1, NULL, NULL, NULL), 0);
	observe();
	assert_int_equal(seen.peers[0].peer.endpoint.port, 5);
}

static void test_allowed_ips_move(void **state)
{
	(void)state;
	set(1, FULL, "10.0.0.1");
	set(2, FULL, "10.0.0.1");
	observe();
	assert_int_equal(seen.peers[0].peer.n_allowed_ips, 0);
	assert_int_equal(seen.peers[1].peer.n_allowed_ips, 1);
	/* A prefix inside another is another. */
	set(1, FULL, "10.0.0.0/24");
	observe();
	assert_int_equal(seen.peers[0].peer.n_allowed_ips, 1);
	assert_int_equal(seen.peers[1].peer.n_allowed_ips, 1);
}

static void test_remove(void **state)
{
	struct prg_wg_peer peer = { .public_key = key_of(2) };
	struct prg_op op = { .kind = PRG_OP_PEER_REMOVE, .peer = &peer };

	(void)state;
	set(1, FULL, "10.0.0.1");
	set(2, FULL, "10.0.0.2");
	set(3, FULL, "10.0.0.3");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(prg_backend_apply(backend, &op, 1, NULL, NULL, NULL), 0);
		observe();
		assert_int_equal(seen.n, 2);
	}
	assert_memory_equal(&seen.peers[1].peer.public_key, (struct prg_public_key[]){ key_of(3) },
	                    32);
	/* Its address is free again, and a new one comes last. */
	set(2, FULL, "10.0.0.2");
	observe();
	assert_int_equal(seen.n, 3);
	assert_int_equal(seen.peers[2].peer.keepalive_s, 2);
}

static void test_own_key(void **state)
{
	struct prg_wg_device device = { .has_private_key = true };
	struct prg_public_key own;
	struct prg_wg_peer peer = { 0 };
	struct prg_op ops[2] = {
		{ .kind = PRG_OP_DEVICE, .fields = PRG_OF_PRIVATE_KEY, .device = &device },
		{ .kind = PRG_OP_PEER_SET, .fields = PRG_OF_CREATE, .peer = &peer },
	};

	(void)state;
	memset(device.private_key.bytes, 'H', 32);
	assert_int_equal(prg_public_key_derive(&device.private_key, &own, NULL), 0);
	peer.public_key = own;
	assert_int_equal(prg_backend_apply(backend, ops, 2, NULL, NULL, NULL), 0);
	observe();
	assert_int_equal(seen.n, 0);
	assert_memory_equal(&seen.device.public_key, &own, 32);
	/* The other way round: the peer is there first. */
	device.has_private_key = false;
	assert_int_equal(prg_backend_apply(backend, ops, 2, NULL, NULL, NULL), 0);
	observe();
	assert_int_equal(seen.n, 1);
	assert_false(seen.device.has_private_key);
	device.has_private_key = true;
	assert_int_equal(prg_backend_apply(backend, ops, 1, NULL, NULL, NULL), 0);
	observe();
	assert_int_equal(seen.n, 0);
	/* Clamped. */
	memset(device.private_key.bytes, 0xff, 32);
	assert_int_equal(prg_backend_apply(backend, ops, 1, NULL, NULL, NULL), 0);
	observe();
	assert_int_equal(seen.device.private_key.bytes[0], 0xf8);
	assert_int_equal(seen.device.private_key.bytes[31], 0x7f);
}

static void test_prefixes(void **state)
{
	struct prg_op up = { .kind = PRG_OP_LINK, .up = true };
	PRG_FREE struct prg_prefix *addresses = NULL;
	PRG_FREE struct prg_prefix *routes = NULL;
	size_t n = 0;

	(void)state;
	assert_int_equal(prefix_op(PRG_OP_ROUTE_ADD, "10.0.0.0/8"), PRG_E_FAILED);
	assert_int_equal(prefix_op(PRG_OP_ROUTE_DEL, "10.0.0.0/8"), 0);
	assert_int_equal(prg_backend_apply(backend, &up, 1, NULL, NULL, NULL), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(prefix_op(PRG_OP_ADDRESS_ADD, "10.7.0.1/24"), 0);
		assert_int_equal(prefix_op(PRG_OP_ROUTE_ADD, "10.0.0.0/8"), 0);
	}
	assert_int_equal(prg_backend_addresses(backend, &addresses, &n, NULL), 0);
	assert_int_equal(n, 1);
	assert_prefix(&addresses[0], "10.7.0.1/24");
	assert_int_equal(prg_backend_routes(backend, &routes, &n, NULL), 0);
	assert_int_equal(n, 1);
	assert_prefix(&routes[0], "10.0.0.0/8");
	for (int i = 0; i < 2; i++) {
		PRG_FREE struct prg_prefix *left = NULL;

		assert_int_equal(prefix_op(PRG_OP_ADDRESS_DEL, "10.7.0.1/24"), 0);
		assert_int_equal(prefix_op(PRG_OP_ROUTE_DEL, "10.0.0.0/8"), 0);
		assert_int_equal(prg_backend_routes(backend, &left, &n, NULL), 0);
		assert_int_equal(n, 0);
	}
}

/* ---- hooks */

struct told {
	int codes[8];
	int64_t tags[8];
	size_t n;
};

static void tell(void *context, const struct prg_op *op, int code)
{
	struct told *told = context;

	assert_in_range(told->n, 0, 7);
	told->codes[told->n] = code;
	told->tags[told->n++] = op->tag;
}

static int apply_five(struct told *told, struct prg_error *err)
{
	struct prg_wg_peer peers[5];
	struct prg_op ops[5];

	*told = (struct told){ 0 };
	for (int i = 0; i < 5; i++) {
		peers[i] = (struct prg_wg_peer){ .public_key = key_of((unsigned char)(i + 1)) };
		ops[i] = (struct prg_op){ .kind = PRG_OP_PEER_SET,
			                  .fields = PRG_OF_CREATE,
			                  .peer = &peers[i],
			                  .tag = 10 + i,
			                  .who = i == 2 ? "peer carol" : NULL };
	}
	return prg_backend_apply(backend, ops, 5, tell, told, err);
}

static void test_fail(void **state)
{
	struct prg_error err;
	struct told told;

	(void)state;
	prg_memory_fail("wg0", 3, PRG_E_FAILED);
	assert_int_equal(apply_five(&told, &err), PRG_E_FAILED);
	assert_non_null(strstr(err.message, "add peer carol: "));
	assert_int_equal(told.n, 5);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(told.codes[i], i == 2 ? PRG_E_FAILED : 0);
		assert_int_equal(told.tags[i], 10 + i);
	}
	observe();
	assert_int_equal(seen.n, 4);
	/* Only once. */
	assert_int_equal(apply_five(&told, &err), 0);
	observe();
	assert_int_equal(seen.n, 5);
	assert_int_equal(prg_memory_ops("wg0"), 10);
}

static void test_gone(void **state)
{
	struct prg_error err;
	struct told told;
	struct prg_link link;

	(void)state;
	prg_memory_fail("wg0", 2, PRG_E_NOT_FOUND);
	assert_int_equal(apply_five(&told, &err), PRG_E_NOT_FOUND);
	assert_int_equal(told.n, 5);
	for (int i = 0; i < 5; i++)
		assert_int_equal(told.codes[i], i == 0 ? 0 : PRG_E_NOT_FOUND);
	assert_int_equal(prg_backend_link(backend, &link, NULL), PRG_E_NOT_FOUND);
	assert_int_equal(apply_five(&told, NULL), PRG_E_NOT_FOUND);
	assert_int_equal(told.n, 5);
}

static void test_interrupt(void **state)
{
	struct prg_observer observer = seen_observer(&seen);
	bool interrupted = true;
	struct told told;

	(void)state;
	assert_int_equal(apply_five(&told, NULL), 0);
	prg_memory_interrupt("wg0", 5);
	assert_int_equal(prg_backend_observe(backend, &observer, &interrupted, NULL), 0);
	assert_false(interrupted);
	assert_int_equal(seen.restarts, 5);
	assert_int_equal(seen.n, 5);

	seen_clear(&seen);
	seen.restarts = 0;
	prg_memory_interrupt("wg0", 6);
	assert_int_equal(prg_backend_observe(backend, &observer, &interrupted, NULL), 0);
	assert_true(interrupted);
	assert_int_equal(seen.restarts, 5);
	assert_int_equal(seen.n, 2);
}

static void test_traffic(void **state)
{
	struct prg_wg_endpoint endpoint = { { 4, { 1, 1, 1, 1 } }, 9, 0 };
	struct prg_public_key one = key_of(1), two = key_of(2);

	(void)state;
	set(1, FULL, "10.0.0.1");
	assert_int_equal(prg_memory_traffic("wg0", &two, 1, 1, 1, NULL), PRG_E_NOT_FOUND);
	assert_int_equal(prg_memory_traffic("wg0", &one, 5, 10, 20, &endpoint), 0);
	assert_int_equal(prg_memory_traffic("wg0", &one, 6, 10, 20, NULL), 0);
	observe();
	assert_int_equal(seen.peers[0].peer.latest_handshake_at, 6);
	assert_int_equal(seen.peers[0].peer.rx_bytes, 20);
	assert_int_equal(seen.peers[0].peer.tx_bytes, 40);
	assert_int_equal(seen.peers[0].peer.endpoint.port, 9);
}

/* Bytes as netlink would take them: the cost of one more peer is its own. */
static void test_bytes(void **state)
{
	uint64_t before, one;

	(void)state;
	set(1, FULL, "10.0.0.1");
	one = prg_memory_bytes("wg0");
	assert_in_range(one, 148, 220);
	for (unsigned char i = 2; i < 200; i++)
		set(i, FULL, "10.0.0.2");
	before = prg_memory_bytes("wg0");
	set(200, FULL, "10.0.0.3");
	assert_int_equal(prg_memory_bytes("wg0") - before, one);
}

static void test_observer_returns(void **state)
{
	struct prg_observer observer = seen_observer(&seen);
	bool interrupted = false;
	struct told told;

	(void)state;
	assert_int_equal(apply_five(&told, NULL), 0);
	seen.peer_returns = 42;
	assert_int_equal(prg_backend_observe(backend, &observer, &interrupted, NULL), 42);
	assert_int_equal(seen.n, 1);
}

static void test_open(void **state)
{
	struct prg_backend *other = NULL;

	(void)state;
	assert_int_equal(prg_backend_open(PRG_BACKEND_MEMORY, "a/b", &other, NULL), PRG_E_USAGE);
	assert_int_equal(prg_backend_open(PRG_BACKEND_NONE, "wg0", &other, NULL), PRG_E_USAGE);
	assert_null(other);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_link),
		TEST(test_link_settings),
		TEST(test_create_and_update),
		TEST(test_psk_and_endpoint),
		TEST(test_allowed_ips_move),
		TEST(test_remove),
		TEST(test_own_key),
		TEST(test_prefixes),
		TEST(test_fail),
		TEST(test_gone),
		TEST(test_interrupt),
		TEST(test_traffic),
		TEST(test_bytes),
		TEST(test_observer_returns),
		TEST(test_open),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	prg_memory_reset();
	return failed;
}
