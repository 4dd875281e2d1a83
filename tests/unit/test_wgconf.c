/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/error.h"
#include "import/wgconf.h"
#include "random_client.h"

#define PRIVATE "mMeO046GjF0mgCRHs+fAYJ/B6vxAa88A5MbbAejK53E="
#define PUBLIC "c2js13m4S6zIHNttWMEL7MQUl2qfRpWKqU8napPSHE4="
#define PUBLIC2 "d0Ivxh3z83JqYR5RNi9+CQbY2lBN3+T8ruODVKzU9wA="
#define SHARED "hFBSzDwnYt2vCEDUdfrYqc0bzWOo2JkodkYHsdRo5Ew="
#define ZERO "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define PEER "[Peer]\nPublicKey=" PUBLIC "\n"

#define CONF PRG_CLEANUP(prg_wgconf_free) struct prg_wgconf

/* From memory of its exact size, so that a sanitizer or valgrind sees a read
 * behind the end. */
static int parse_bytes(const char *text, size_t length, struct prg_wgconf **ret,
                       struct prg_error *err)
{
	PRG_FREE char *copy = malloc(length != 0 ? length : 1);

	assert_non_null(copy);
	memcpy(copy, text, length);
	return prg_wgconf_parse(copy, length, ret, err);
}

static struct prg_wgconf *parse(const char *text)
{
	struct prg_wgconf *conf = NULL;
	struct prg_error err = { 0 };

	if (parse_bytes(text, strlen(text), &conf, &err) != 0)
		fail_msg("refused: %s", err.message);
	return conf;
}

static void assert_prefix(const struct prg_prefix *prefix, const char *wanted)
{
	char text[PRG_PREFIX_TEXT];

	prg_prefix_format(prefix, text);
	assert_string_equal(text, wanted);
}

static void assert_key(const void *key, const char *wanted)
{
	char text[PRG_KEY_TEXT];

	prg_public_key_format(key, text);
	assert_string_equal(text, wanted);
}

static void assert_line(const struct prg_wgconf_line *line, unsigned number, const char *text)
{
	assert_int_equal(line->line, number);
	assert_string_equal(line->text, text);
}

static void test_everything(void **state)
{
	CONF *conf = parse("\xef\xbb\xbf# a server\r\n"
	                   "\t[INTERFACE]  # here\r\n"
	                   "privatekey=" PRIVATE "\r\n"
	                   "LISTENPORT = 0443 # https\r\n"
	                   "Address = 10.8.0.1/24 , fd00::1/64\r\n"
	                   "Address=192.168.1.1\r\n"
	                   "DNS = 9.9.9.9,example.org 2620:fe::fe, ,corp_1.lan\r\n"
	                   "MTU = 1380\r\n"
	                   "FwMark = 0xCAFE\r\n"
	                   "PostUp = iptables -A FORWARD -i %i, -j ACCEPT = x # why\r\n"
	                   "Table = off\r\n"
	                   "SaveConfig=\r\n"
	                   "#\r\n"
	                   "\r\n"
	                   "### Client alice\r\n"
	                   "[Peer]\r\n"
	                   "PublicKey = " PUBLIC "\r\n"
	                   "presharedKEY = " SHARED "\r\n"
	                   "AllowedIPs = 10.8.0.77/24,fd00::2\r\n"
	                   "AllowedIPs = 10.8.0.99/24\t, 10.9.0.0/16\r\n"
	                   "AllowedIPs =\r\n"
	                   "Endpoint = [fe80::1%eth0]:51820\r\n"
	                   "PersistentKeepalive = 25\r\n"
	                   "[peer]\r\n"
	                   "PersistentKeepalive = OFF\r\n"
	                   "AllowedIPs = 10.8.0.3/32\n"
	                   "PublicKey = " PUBLIC2);

	(void)state;
	assert_key(conf->private_key, PRIVATE);
	assert_int_equal(conf->listen_port, 443);
	assert_int_equal(conf->mtu, 1380);
	assert_int_equal(conf->fwmark, 0xcafe);
	assert_int_equal(conf->n_addresses, 3);
	assert_prefix(&conf->addresses[0], "10.8.0.1/24");
	assert_prefix(&conf->addresses[1], "fd00::1/64");
	assert_prefix(&conf->addresses[2], "192.168.1.1/32");
	assert_int_equal(conf->n_dns, 2);
	assert_int_equal(conf->dns[0].family, 4);
	assert_int_equal(conf->dns[1].family, 6);
	assert_int_equal(conf->n_dns_search, 2);
	assert_string_equal(conf->dns_search[0], "example.org");
	assert_string_equal(conf->dns_search[1], "corp_1.lan");
	assert_int_equal(conf->n_peers, 2);
	assert_int_equal(conf->peers[0].line, 16);
	assert_key(&conf->peers[0].public_key, PUBLIC);
	assert_key(conf->peers[0].preshared_key, SHARED);
	assert_int_equal(conf->peers[0].n_allowed_ips, 3);
	assert_prefix(&conf->peers[0].allowed_ips[0], "10.8.0.0/24");
	assert_prefix(&conf->peers[0].allowed_ips[1], "fd00::2/128");
	assert_prefix(&conf->peers[0].allowed_ips[2], "10.9.0.0/16");
	assert_string_equal(conf->peers[0].endpoint.host, "fe80::1%eth0");
	assert_int_equal(conf->peers[0].endpoint.port, 51820);
	assert_int_equal(conf->peers[0].keepalive_s, 25);
	assert_int_equal(conf->peers[1].line, 24);
	assert_key(&conf->peers[1].public_key, PUBLIC2);
	assert_null(conf->peers[1].preshared_key);
	assert_int_equal(conf->peers[1].n_allowed_ips, 1);
	assert_prefix(&conf->peers[1].allowed_ips[0], "10.8.0.3/32");
	assert_int_equal(conf->peers[1].endpoint.port, 0);
	assert_int_equal(conf->peers[1].keepalive_s, 0);
	assert_int_equal(conf->n_other, 8);
	assert_line(&conf->other[0], 1, "# a server");
	assert_line(&conf->other[1], 2, "# here");
	assert_line(&conf->other[2], 4, "# https");
	assert_line(&conf->other[3], 10, "PostUp = iptables -A FORWARD -i %i, -j ACCEPT = x");
	assert_line(&conf->other[4], 10, "# why");
	assert_line(&conf->other[5], 11, "Table = off");
	assert_line(&conf->other[6], 12, "SaveConfig=");
	assert_line(&conf->other[7], 15, "### Client alice");
}

static void test_little(void **state)
{
	CONF *empty = parse("");
	CONF *zeroes = parse("[Interface]\nPrivateKey=" ZERO "\nFwMark=off\nDNS=\n" PEER
	                     "PresharedKey=" ZERO);
	CONF *edges = parse("[Interface]\nFwMark=4294967295\nListenPort=65535\nMTU=65535\n" PEER
	                    "PersistentKeepalive=65535\nEndpoint=a.example:1\n"
	                    "AllowedIPs=0.0.0.0/0, ::/0, 255.255.255.255/0");

	(void)state;
	assert_int_equal(empty->n_peers + empty->n_other + empty->n_addresses, 0);
	assert_null(zeroes->private_key);
	assert_null(zeroes->peers[0].preshared_key);
	assert_int_equal(edges->fwmark, 4294967295u);
	assert_int_equal(edges->listen_port, 65535);
	assert_int_equal(edges->mtu, 65535);
	assert_int_equal(edges->peers[0].keepalive_s, 65535);
	assert_int_equal(edges->peers[0].n_allowed_ips, 2);
}

#define NUL_TEXT "[Interface]\nMTU = 14\0 00"

static void test_errors(void **state)
{
	static const struct {
		const char *text;
		const char *message; /* its beginning */
	} cases[] = {
		{ "MTU = 1400", "line 1, column 1: MTU belongs under [Interface]" },
		{ "[Interface]\n  PublicKey = " PUBLIC,
		  "line 2, column 3: PublicKey belongs under [Peer]" },
		{ PEER "MTU=1400", "line 3, column 1: MTU belongs under [Interface]" },
		{ "[Interface]\n[Server]", "line 2, column 1: no such section" },
		{ " [Interface", "line 1, column 2: no such section" },
		{ "[Interface]\n[interface]", "line 2, column 1: a second [Interface]" },
		{ "[Interface]\n" PRIVATE, "line 2, column 1: no key that" },
		{ "[Interface]\nPrivateKey " PRIVATE, "line 2, column 1: no key that" },
		{ "[Interface]\nJc = 4", "line 2, column 1: no key that" },
		{ "[Interface]\nMTU", "line 2, column 1: expected a section or KEY = VALUE" },
		{ "[Interface]\nMTU =\t# 1400", "line 2, column 1: MTU has no value" },
		{ "[Interface]\nMTU = 1400\nmtu = 1400", "line 3, column 1: MTU is given twice" },
		{ "[Interface]\nMTU = 575", "line 2, column 7: not an MTU" },
		{ "[Interface]\nMTU = 0x600", "line 2, column 7: not an MTU" },
		{ "[Interface]\nListenPort=65536", "line 2, column 12: not a port" },
		{ "[Interface]\nListenPort=-1", "line 2, column 12: not a port" },
		{ "[Interface]\nListenPort=1 2", "line 2, column 12: not a port" },
		{ "[Interface]\nFwMark=4294967296", "line 2, column 8: not a firewall mark" },
		{ "[Interface]\nFwMark=0x", "line 2, column 8: not a firewall mark" },
		{ "[Interface]\nFwMark=0xg", "line 2, column 8: not a firewall mark" },
		{ "[Interface]\nPrivateKey = " PUBLIC "x", "line 2, column 14: not a private key" },
		{ "[Interface]\nAddress = 10.0.0.1/24, 10.0.0.1/33",
		  "line 2, column 24: not an IP prefix" },
		{ "[Interface]\nAddress = 10.0.0.256", "line 2, column 11: not an IP prefix" },
		{ "[Interface]\nDNS = 9.9.9.9, 9.9.9", "line 2, column 16: not an IP address" },
		{ "[Interface]\nDNS = a b, c/d", "line 2, column 12: neither an IP address" },
		{ "[Interface]\nDNS = fe80::1%eth0", "line 2, column 7: not an IP address" },
		{ "[Interface]\n\n[Peer]\n[Peer]\nPublicKey=" PUBLIC,
		  "line 3, column 1: this [Peer] has no PublicKey" },
		{ PEER "[Peer]\nAllowedIPs=::/0",
		  "line 3, column 1: this [Peer] has no PublicKey" },
		{ "[Peer]\nPublicKey = " ZERO, "line 2, column 13: not a public key" },
		{ "[Peer]\nPublicKey = c2js", "line 2, column 13: not a public key" },
		{ PEER "PublicKey=" PUBLIC2, "line 3, column 1: PublicKey is given twice" },
		{ PEER "PresharedKey=x", "line 3, column 14: not a preshared key" },
		{ PEER "AllowedIPs = 10.0.0.0/8 10.0.0.0/9",
		  "line 3, column 14: not an IP prefix" },
		{ PEER "AllowedIPs = 10.0.0.0/8,", "line 3, column 25: not an IP prefix" },
		{ PEER "AllowedIPs = ,::/0", "line 3, column 14: not an IP prefix" },
		{ PEER "AllowedIPs = ::/129", "line 3, column 14: not an IP prefix" },
		{ PEER "Endpoint = a.example", "line 3, column 12: not an endpoint" },
		{ PEER "Endpoint = a.example:0", "line 3, column 12: not an endpoint" },
		{ PEER "Endpoint = ::1:51820x", "line 3, column 12: not an endpoint" },
		{ PEER "PersistentKeepalive = on", "line 3, column 23: not a keepalive" },
		{ PEER "PersistentKeepalive = 65536", "line 3, column 23: not a keepalive" },
		{ "[Interface]\nPostUp = a\033[2J", "line 2, column 11: a control character" },
		{ "[Interface]\rMTU = 1400\n", "line 1, column 12: a control character" },
		{ "# \x7f", "line 1, column 3: a control character" },
	};
	struct prg_error err;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct prg_wgconf *conf = (void *)&err;

		assert_int_equal(parse_bytes(cases[i].text, strlen(cases[i].text), &conf, &err),
		                 PRG_E_USAGE);
		assert_int_equal(err.code, PRG_E_USAGE);
		assert_ptr_equal(conf, &err);
		if (strncmp(err.message, cases[i].message, strlen(cases[i].message)) != 0)
			fail_msg("'%s', not '%s'", err.message, cases[i].message);
		assert_int_equal(parse_bytes(cases[i].text, strlen(cases[i].text), &conf, NULL),
		                 PRG_E_USAGE);
	}
}

static void test_size(void **state)
{
	size_t length = (32 << 20) + 1;
	struct prg_wgconf *conf = NULL;
	struct prg_error err;
	char *text = malloc(length);

	(void)state;
	assert_non_null(text);
	memset(text, '\n', length);
	assert_int_equal(prg_wgconf_parse(text, length, &conf, &err), PRG_E_USAGE);
	assert_int_equal(prg_wgconf_parse(text, length - 1, &conf, &err), 0);
	prg_wgconf_free(&conf);
	assert_null(conf);
	prg_wgconf_free(&conf);
	free(text);
	assert_int_equal(prg_wgconf_parse(NUL_TEXT, sizeof(NUL_TEXT) - 1, &conf, &err),
	                 PRG_E_USAGE);
	assert_string_equal(err.message, "line 2, column 9: a control character: is this a text "
	                                 "file?");
}

/* A private key that stands where it does not belong is in no error text, not
 * even in part. */
static void test_no_secret_in_errors(void **state)
{
	static const char *const places[] = {
		"%s", "[%s]", "[Interface]\n%s", "[Interface]\n%s = 1", "[Interface]\nMTU = %s",
		"[Interface]\nListenPort = %s", "[Interface]\nFwMark = %s",
		"[Interface]\nAddress = %s", "[Interface]\nAddress = 10.0.0.1/%s",
		"[Interface]\nDNS = %s", "[Interface]\nDNS = 9.9.9.9, %s:",
		"[Interface]\nPrivateKey = %sx", "[Interface]\nPrivateKey = x%s",
		"[Interface]\nPrivateKey = \"%s\"", "[Interface]\nPrivateKey %s = ",
		PEER "AllowedIPs = %s", PEER "Endpoint = %s:51820", PEER "Endpoint = [%s]:1",
		PEER "Endpoint = %s", PEER "PersistentKeepalive = %s", PEER "PresharedKey = %s=",
		PEER "PrivateKey = %s", PEER "PublicKey = %s", "[Peer]\nPublicKey = %sA",
		"[Interface]\nPrivateKey = " PUBLIC "\nPrivateKey = %s",
	};
	struct prg_wgconf *conf = NULL;
	struct prg_error err;
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		int length = snprintf(text, sizeof(text), places[i], PRIVATE);

		assert_int_equal(parse_bytes(text, (size_t)length, &conf, &err), PRG_E_USAGE);
		for (size_t at = 0; at + 6 <= strlen(PRIVATE); at++) {
			char piece[7] = { 0 };

			memcpy(piece, &PRIVATE[at], 6);
			if (strstr(err.message, piece) != NULL)
				fail_msg("a piece of the key is in: %s", err.message);
		}
	}
}

/* Every cut of a config parses or is refused with a place. */
static void test_cuts(void **state)
{
	static const char text[] = "\xef\xbb\xbf[Interface]\r\nPrivateKey = " PRIVATE "\r\n"
	                           "Address = 10.8.0.1/24, fd00::1/64\nDNS = a.b, ::1\n"
	                           "FwMark = 0x7\n#c\n" PEER "PresharedKey = " SHARED "\n"
	                           "AllowedIPs = 10.0.0.0/8, ::/0, ::/0\n"
	                           "Endpoint = [2001:db8::1]:51820\nPersistentKeepalive = 25\n";
	unsigned line, column;
	struct prg_error err;

	(void)state;
	for (size_t n = 0; n < sizeof(text); n++) {
		struct prg_wgconf *conf = NULL;
		int rc = parse_bytes(text, n, &conf, &err);

		if (rc == 0)
			prg_wgconf_free(&conf);
		else
			assert_int_equal(sscanf(err.message, "line %u, column %u: ", &line,
			                        &column),
			                 2);
	}
}

/* Repeats are found whatever their order and number, and quickly. */
static void test_many_prefixes(void **state)
{
	size_t capacity = 1 << 21, n = 0;
	char *text = malloc(capacity);
	CONF *conf = NULL;

	(void)state;
	assert_non_null(text);
	n += (size_t)snprintf(text, capacity, PEER);
	for (unsigned i = 0; i < 60000; i++) {
		unsigned v = i * 7919 % 30000;

		n += (size_t)snprintf(text + n, capacity - n, "AllowedIPs = 10.%u.%u.9/32\n",
		                      v >> 8, v & 255);
	}
	conf = parse(text);
	free(text);
	assert_int_equal(conf->peers[0].n_allowed_ips, 30000);
	for (unsigned i = 0; i < 30000; i++) {
		unsigned v = i * 7919 % 30000;

		assert_int_equal(conf->peers[0].allowed_ips[i].addr.bytes[1], v >> 8);
		assert_int_equal(conf->peers[0].allowed_ips[i].addr.bytes[2], v & 255);
	}
}

/* The client that a config, once parsed, describes. */
static void client_of(const struct prg_wgconf *conf, struct random_client *ret)
{
	const struct prg_wgconf_peer *server = &conf->peers[0];

	memset(ret, 0, sizeof(*ret));
	ret->interface.public_key = server->public_key;
	ret->interface.endpoint = server->endpoint;
	ret->interface.dns = conf->dns;
	ret->interface.n_dns = conf->n_dns;
	ret->interface.mtu = conf->mtu;
	ret->interface.client_allowed_ips = server->allowed_ips;
	ret->interface.n_client_allowed_ips = server->n_allowed_ips;
	ret->interface.client_keepalive_s = server->keepalive_s;
	ret->peer.addresses = conf->addresses;
	ret->peer.n_addresses = conf->n_addresses;
	ret->client = (struct prg_client){ &ret->interface, &ret->peer, conf->private_key,
		                           server->preshared_key };
}

static void assert_same(const void *a, const void *b, size_t n_a, size_t n_b, size_t size)
{
	assert_int_equal(n_a, n_b);
	if (n_a > 0)
		assert_memory_equal(a, b, n_a * size);
}

/* Values first: two wrongs of renderer and parser could cancel out in the text. */
static void compare_values(const struct random_client *made, const struct prg_wgconf *conf)
{
	const struct prg_wgconf_peer *server = &conf->peers[0];
	const struct prg_interface *interface = &made->interface;
	const struct prg_peer *peer = &made->peer;
	const struct prg_prefix *allowed_ips;
	const struct prg_addr *dns;
	size_t n, n_dns;

	assert_int_equal(conf->n_peers, 1);
	assert_memory_equal(&server->public_key, &interface->public_key, PRG_KEY_BYTES);
	assert_int_equal(conf->private_key != NULL, made->client.private_key != NULL);
	if (conf->private_key != NULL)
		assert_memory_equal(conf->private_key, &made->private_key, PRG_KEY_BYTES);
	assert_int_equal(server->preshared_key != NULL, made->client.preshared_key != NULL);
	if (server->preshared_key != NULL)
		assert_memory_equal(server->preshared_key, &made->preshared_key, PRG_KEY_BYTES);
	assert_same(conf->addresses, peer->addresses, conf->n_addresses, peer->n_addresses,
	            sizeof(*conf->addresses));
	dns = peer->own_dns ? peer->dns : interface->dns;
	n_dns = peer->own_dns ? peer->n_dns : interface->n_dns;
	assert_same(conf->dns, dns, conf->n_dns, n_dns, sizeof(*dns));
	allowed_ips = peer->own_client_allowed_ips ? peer->client_allowed_ips
	                                           : interface->client_allowed_ips;
	n = peer->own_client_allowed_ips ? peer->n_client_allowed_ips
	                                 : interface->n_client_allowed_ips;
	assert_same(server->allowed_ips, allowed_ips, server->n_allowed_ips, n,
	            sizeof(*allowed_ips));
	assert_int_equal(server->keepalive_s, peer->own_client_keepalive
	                                              ? peer->client_keepalive_s
	                                              : interface->client_keepalive_s);
	assert_int_equal(conf->mtu, peer->mtu != 0 ? peer->mtu : interface->mtu);
	assert_int_equal(server->endpoint.port, interface->endpoint.port);
	assert_string_equal(server->endpoint.host, interface->endpoint.host);
}

static void test_round_trip(void **state)
{
	static struct random_client made, again;

	(void)state;
	for (unsigned i = 0; i < 2000; i++) {
		PRG_CLEANUP_TEXT struct prg_text *first = NULL;
		PRG_CLEANUP_TEXT struct prg_text *second = NULL;
		CONF *conf = NULL;

		rc_make(&made);
		assert_int_equal(prg_render_wgquick(&made.client, &first, NULL), 0);
		conf = parse(prg_text_data(first));
		assert_int_equal(conf->n_dns_search, 0);
		compare_values(&made, conf);
		client_of(conf, &again);
		assert_int_equal(prg_render_wgquick(&again.client, &second, NULL), 0);
		assert_string_equal(prg_text_data(second), prg_text_data(first));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everything),
		cmocka_unit_test(test_little),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_no_secret_in_errors),
		cmocka_unit_test(test_cuts),
		cmocka_unit_test(test_many_prefixes),
		cmocka_unit_test(test_round_trip),
	};

	rc_seed();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
