/* SPDX-License-Identifier: ISC */
#include "backend_testing.h"

#include <errno.h>

#include "backend/uapi_text.h"
#include "base/secret.h"

#define HEX1 "0101010101010101010101010101010101010101010101010101010101010101"
#define HEX2 "0202020202020202020202020202020202020202020202020202020202020202"
#define HEX4 "0404040404040404040404040404040404040404040404040404040404040404"
#define HEXH "4848484848484848484848484848484848484848484848484848484848484848"
#define HEX0 "0000000000000000000000000000000000000000000000000000000000000000"

static struct seen seen;

static int reset(void **state)
{
	(void)state;
	seen_clear(&seen);
	memset(&seen, 0, sizeof(seen));
	return 0;
}

/* ---- writing */

static void assert_encodes(const struct prg_op *op, const char *wanted)
{
	PRG_CLEANUP_TEXT struct prg_text *text = NULL;

	assert_int_equal(prg_text_new(&text, NULL), 0);
	assert_int_equal(prg_uapi_encode(text, op, NULL), 0);
	assert_string_equal(prg_text_data(text), wanted);
}

static void test_encode_device(void **state)
{
	struct prg_wg_device device = { .has_private_key = true,
		                        .listen_port = 51820,
		                        .fwmark = 0x20 };
	struct prg_op op = { .kind = PRG_OP_DEVICE,
		             .fields = PRG_OF_PRIVATE_KEY | PRG_OF_LISTEN_PORT | PRG_OF_FWMARK,
		             .device = &device };

	(void)state;
	memset(device.private_key.bytes, 'H', PRG_KEY_BYTES);
	assert_encodes(&op, "private_key=" HEXH "\nlisten_port=51820\nfwmark=32\n");
	memset(device.private_key.bytes, 0xff, PRG_KEY_BYTES);
	op.fields = PRG_OF_PRIVATE_KEY;
	assert_encodes(&op, "private_key=f8ffffffffffffffffffffffffffffff"
	                    "ffffffffffffffffffffffffffffff7f\n");
	device.has_private_key = false;
	assert_encodes(&op, "private_key=" HEX0 "\n");
	op.fields = 0;
	assert_encodes(&op, "");
}

static void test_encode_peer(void **state)
{
	struct prg_preshared_key psk;
	struct prg_prefix ips[] = { prefix_of("10.0.0.1"), prefix_of("fd00::/64") };
	struct prg_wg_peer peer = { .public_key = key_of(1),
		                    .preshared_key = &psk,
		                    .keepalive_s = 25,
		                    .endpoint = { { 4, { 192, 0, 2, 7 } }, 1234, 0 },
		                    .allowed_ips = ips,
		                    .n_allowed_ips = 2 };
	struct prg_op op = { .kind = PRG_OP_PEER_SET, .fields = 0xf8, .peer = &peer };

	(void)state;
	memset(psk.bytes, 4, sizeof(psk.bytes));
	assert_encodes(&op, "public_key=" HEX1 "\npreshared_key=" HEX4
	                    "\nendpoint=192.0.2.7:1234\npersistent_keepalive_interval=25\n"
	                    "replace_allowed_ips=true\nallowed_ip=10.0.0.1/32\n"
	                    "allowed_ip=fd00::/64\n");
	op.fields = PRG_OF_PRESHARED_KEY | PRG_OF_ENDPOINT;
	peer.preshared_key = NULL;
	assert_int_equal(prg_addr_parse("fe80::1", &peer.endpoint.addr, NULL), 0);
	assert_encodes(&op, "public_key=" HEX1 "\nupdate_only=true\npreshared_key=" HEX0
	                    "\nendpoint=[fe80::1]:1234\n");
	peer.endpoint.scope = 3;
	op.fields = PRG_OF_ENDPOINT;
	assert_encodes(&op, "public_key=" HEX1 "\nupdate_only=true\nendpoint=[fe80::1%3]:1234\n");
	peer.endpoint.addr.family = 0;
	assert_encodes(&op, "public_key=" HEX1 "\nupdate_only=true\n");
	op.fields = PRG_OF_CREATE;
	assert_encodes(&op, "public_key=" HEX1 "\nreplace_allowed_ips=true\n");
	op.fields = PRG_OF_ALLOWED_IPS | PRG_OF_APPEND;
	peer.n_allowed_ips = 1;
	assert_encodes(&op, "public_key=" HEX1 "\nupdate_only=true\nallowed_ip=10.0.0.1/32\n");
	op.kind = PRG_OP_PEER_REMOVE;
	op.fields = 0xff;
	assert_encodes(&op, "public_key=" HEX1 "\nupdate_only=true\nremove=true\n");
}

/* ---- reading */

static const char sample[] = "private_key=" HEXH "\n"
                             "listen_port=51820\n"
                             "fwmark=32\n"
                             "some_day_2=new\n"
                             "public_key=" HEX1 "\n"
                             "preshared_key=" HEX4 "\n"
                             "protocol_version=1\n"
                             "endpoint=192.0.2.7:1234\n"
                             "last_handshake_time_sec=1700000000\n"
                             "last_handshake_time_nsec=5\n"
                             "tx_bytes=18446744073709551615\n"
                             "rx_bytes=7\n"
                             "persistent_keepalive_interval=25\n"
                             "allowed_ip=10.0.0.1/32\n"
                             "allowed_ip=fd00::1/128\n"
                             "public_key=" HEX2 "\n"
                             "preshared_key=" HEX0 "\n"
                             "endpoint=[fe80::1%3]:4321\n"
                             "errno=0\n"
                             "\n";

/* Reads an answer in pieces of one size. */
static int decode(const char *text, size_t length, size_t piece, int *ret_errno, bool *ret_ended,
                  struct prg_error *err)
{
	struct prg_observer observer = seen_observer(&seen);
	struct prg_uapi_decoder decoder;
	PRG_ASSEMBLY assembly;
	int rc = 0;

	prg_assembly_init(&assembly, &observer, "wg0");
	prg_uapi_decoder_init(&decoder, &assembly);
	for (size_t at = 0; rc == 0 && at < length; at += piece)
		rc = prg_uapi_decode(&decoder, text + at, length - at < piece ? length - at : piece,
		                     err);
	*ret_errno = decoder.errnum;
	*ret_ended = decoder.ended;
	prg_uapi_decoder_done(&decoder);
	return rc == 0 ? prg_assembly_end(&assembly, err) : rc;
}

static void check_sample(void)
{
	const struct prg_wg_peer *peer = &seen.peers[0].peer;
	struct prg_public_key public_key;
	unsigned char wanted[32];

	memset(wanted, 'H', sizeof(wanted));
	assert_int_equal(seen.devices, 1);
	assert_memory_equal(seen.device.private_key.bytes, wanted, 32);
	assert_int_equal(prg_public_key_derive(&seen.device.private_key, &public_key, NULL), 0);
	assert_memory_equal(&public_key, &seen.device.public_key, 32);
	assert_int_equal(seen.device.listen_port, 51820);
	assert_int_equal(seen.device.fwmark, 32);
	assert_int_equal(seen.n, 2);
	memset(wanted, 4, sizeof(wanted));
	assert_memory_equal(&peer->public_key, (struct prg_public_key[]){ key_of(1) }, 32);
	assert_true(seen.peers[0].has_psk);
	assert_memory_equal(seen.peers[0].psk.bytes, wanted, 32);
	assert_int_equal(peer->latest_handshake_at, 1700000000);
	assert_true(peer->tx_bytes == UINT64_MAX);
	assert_int_equal(peer->rx_bytes, 7);
	assert_int_equal(peer->keepalive_s, 25);
	assert_memory_equal(peer->endpoint.addr.bytes, "\xc0\0\2\7", 4);
	assert_int_equal(peer->endpoint.port, 1234);
	assert_int_equal(peer->n_allowed_ips, 2);
	assert_prefix(&seen.peers[0].ips[1], "fd00::1/128");
	peer = &seen.peers[1].peer;
	assert_false(seen.peers[1].has_psk);
	assert_int_equal(peer->endpoint.scope, 3);
	assert_int_equal(peer->endpoint.port, 4321);
	assert_int_equal(peer->n_allowed_ips, 0);
	assert_int_equal(peer->rx_bytes, 0);
}

static void test_decode_in_pieces(void **state)
{
	(void)state;
	for (size_t piece = 1; piece <= sizeof(sample); piece++) {
		int errnum = -1;
		bool ended = false;

		reset(NULL);
		assert_int_equal(
		        decode(sample, sizeof(sample) - 1, piece, &errnum, &ended, NULL), 0);
		assert_int_equal(errnum, 0);
		assert_true(ended);
		check_sample();
	}
}

static int decode_text(const char *text, int *ret_errno, bool *ret_ended)
{
	struct prg_error err = { 0 };
	int rc = decode(text, strlen(text), 4096, ret_errno, ret_ended, &err);

	seen_clear(&seen);
	/* What was wrong is said, values never are. */
	if (rc < 0) {
		assert_non_null(strstr(err.message, "malformed line"));
		assert_null(strstr(err.message, "0404"));
	}
	return rc;
}

static void test_errno(void **state)
{
	int errnum;
	bool ended;

	(void)state;
	assert_int_equal(decode_text("errno=98\n\n", &errnum, &ended), 0);
	assert_int_equal(errnum, EADDRINUSE);
	assert_true(ended);
	assert_int_equal(decode_text("errno=-22\n\n", &errnum, &ended), 0);
	assert_int_equal(errnum, EINVAL);
	assert_int_equal(decode_text("errno=0\n", &errnum, &ended), 0);
	assert_false(ended);
	assert_int_equal(decode_text("errno=\n\n", &errnum, &ended), PRG_E_CORRUPT);
	assert_int_equal(decode_text("errno=--1\n\n", &errnum, &ended), PRG_E_CORRUPT);
	assert_int_equal(decode_text("errno=99999\n\n", &errnum, &ended), PRG_E_CORRUPT);
	assert_int_equal(decode_text("errno=0\nerrno=0\n\n", &errnum, &ended), PRG_E_CORRUPT);
	assert_int_equal(decode_text("errno=0\n\nx=1\n", &errnum, &ended), PRG_E_CORRUPT);
	assert_int_equal(decode_text("\n", &errnum, &ended), PRG_E_CORRUPT);
}

static void test_malformed(void **state)
{
	static const char *const bad[] = {
		"private_key=" HEX4 "04\n",
		"private_key=0404\n",
		"private_key=zz" HEX4 "\n",
		"listen_port=65536\n",
		"listen_port=-1\n",
		"listen_port=\n",
		"fwmark=4294967296\n",
		"public_key=04\n",
		"public_key=" HEX1 "\npreshared_key=04\n",
		"public_key=" HEX1 "\nallowed_ip=10.0.0.1/33\n",
		"public_key=" HEX1 "\nallowed_ip=\n",
		"public_key=" HEX1 "\nendpoint=10.0.0.1\n",
		"public_key=" HEX1 "\nendpoint=::1:5\n",
		"public_key=" HEX1 "\nendpoint=[10.0.0.1]:5\n",
		"public_key=" HEX1 "\nendpoint=[::1:5\n",
		"public_key=" HEX1 "\nendpoint=[]:5\n",
		"public_key=" HEX1 "\nendpoint=[\n",
		"public_key=" HEX1 "\nendpoint=1.2.3.4:99999\n",
		"public_key=" HEX1 "\nrx_bytes=18446744073709551616\n",
		"public_key=" HEX1 "\nlast_handshake_time_sec=9223372036854775808\n",
		"public_key=" HEX1 "\npersistent_keepalive_interval=65536\n",
		HEX4 "\n",
		"=" HEX4 "\n",
		HEX4 "\x1b=1\n",
		"two words=1\n",
	};
	int errnum;
	bool ended;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(decode_text(bad[i], &errnum, &ended), PRG_E_CORRUPT);
}

static void test_long_lines(void **state)
{
	char line[PRG_UAPI_LINE + 2];
	int errnum;
	bool ended;

	(void)state;
	memset(line, 'a', sizeof(line));
	line[1] = '=';
	line[PRG_UAPI_LINE - 1] = '\n';
	line[PRG_UAPI_LINE] = '\0';
	assert_int_equal(decode_text(line, &errnum, &ended), 0);
	line[PRG_UAPI_LINE - 1] = 'a';
	line[PRG_UAPI_LINE] = '\n';
	line[PRG_UAPI_LINE + 1] = '\0';
	assert_int_equal(decode_text(line, &errnum, &ended), PRG_E_CORRUPT);
	assert_int_equal(decode("a=\0\n", 4, 4, &errnum, &ended, NULL), PRG_E_CORRUPT);
}

static void test_observer_returns(void **state)
{
	int errnum;
	bool ended;

	(void)state;
	seen.peer_returns = 9;
	assert_int_equal(decode(sample, sizeof(sample) - 1, 100, &errnum, &ended, NULL), 9);
	assert_int_equal(seen.n, 1);
	reset(NULL);
	seen.device_returns = 8;
	assert_int_equal(decode(sample, sizeof(sample) - 1, 100, &errnum, &ended, NULL), 8);
	assert_int_equal(seen.n, 0);
}

/* The answer to a set is an errno and nothing else that matters. */
static void test_answer_to_a_set(void **state)
{
	struct prg_uapi_decoder decoder;

	(void)state;
	prg_uapi_decoder_init(&decoder, NULL);
	assert_int_equal(prg_uapi_decode(&decoder, "public_key=x\nerrno=5\n\n", 22, NULL), 0);
	assert_true(decoder.ended);
	assert_int_equal(decoder.errnum, 5);
	prg_uapi_decoder_done(&decoder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_encode_device, reset),
		cmocka_unit_test_setup(test_encode_peer, reset),
		cmocka_unit_test_setup(test_decode_in_pieces, reset),
		cmocka_unit_test_setup(test_errno, reset),
		cmocka_unit_test_setup(test_malformed, reset),
		cmocka_unit_test_setup(test_long_lines, reset),
		cmocka_unit_test_setup(test_observer_returns, reset),
		cmocka_unit_test_setup(test_answer_to_a_set, reset),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	seen_clear(&seen);
	return failed;
}
