/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <strings.h>

#include "base/error.h"
#include "random_client.h"

/* A client from text, as a golden file names it. NULL leaves a thing out. */
struct sample {
	const char *file;
	const char *private_key, *public_key, *preshared_key;
	const char *addresses, *allowed_ips, *endpoint;
	const char *dns;
	uint16_t mtu, keepalive_s;
	const char *own_dns, *own_allowed_ips;
	uint16_t own_mtu;
	int own_keepalive_s; /* -1: the interface's */
};

static const struct sample samples[] = {
	{
	        .file = "typical.conf",
	        .private_key = "mMeO046GjF0mgCRHs+fAYJ/B6vxAa88A5MbbAejK53E=",
	        .public_key = "c2js13m4S6zIHNttWMEL7MQUl2qfRpWKqU8napPSHE4=",
	        .preshared_key = "hFBSzDwnYt2vCEDUdfrYqc0bzWOo2JkodkYHsdRo5Ew=",
	        .addresses = "10.83.112.24,fd3a:9c5e:71d0:2b4f::18",
	        .allowed_ips = "0.0.0.0/0,::/0",
	        .endpoint = "203.0.113.57:51820",
	        .dns = "9.9.9.9,2620:fe::fe",
	        .keepalive_s = 25,
	        .own_keepalive_s = -1,
	},
	{
	        .file = "everything.conf",
	        .private_key = "YAConCOc4d/K1sM/yUYth9pMZp3puuADjPInuhuK9lM=",
	        .public_key = "d0Ivxh3z83JqYR5RNi9+CQbY2lBN3+T8ruODVKzU9wA=",
	        .preshared_key = "IgLhxJnOfXPWJ25UPr6la4xv6aSnht2fq/bwInlXsJM=",
	        .addresses = "10.0.0.2,172.16.9.255,fd00::2",
	        .allowed_ips = "10.0.0.0/24,192.168.7.0/25,fd00::/64,203.0.113.4",
	        .endpoint = "[2001:db8::1]:443",
	        .dns = "10.0.0.1,2620:fe::fe,9.9.9.9",
	        .mtu = 1280,
	        .keepalive_s = 65535,
	        .own_keepalive_s = -1,
	},
	{
	        .file = "least.conf",
	        .private_key = "MBd0KK7+N0pXm+ShMHuimBAW/DD9dlvzDZeVNsrsBG8=",
	        .public_key = "1Hh/+DO7hg/MRhYQqQ9tv0M1II1b9aC8L7beoixskms=",
	        .addresses = "10.0.0.3",
	        .allowed_ips = "10.0.0.0/8",
	        .endpoint = "vpn.example.org:51820",
	        .own_keepalive_s = -1,
	},
	{
	        .file = "blanks.conf",
	        .public_key = "1Hh/+DO7hg/MRhYQqQ9tv0M1II1b9aC8L7beoixskms=",
	        .addresses = "10.0.0.3",
	        .allowed_ips = "0.0.0.0/0",
	        .keepalive_s = 25,
	        .own_keepalive_s = -1,
	},
	{
	        .file = "own.conf",
	        .private_key = "mMeO046GjF0mgCRHs+fAYJ/B6vxAa88A5MbbAejK53E=",
	        .public_key = "c2js13m4S6zIHNttWMEL7MQUl2qfRpWKqU8napPSHE4=",
	        .addresses = "fd00:0:0:1::9",
	        .allowed_ips = "0.0.0.0/0,::/0",
	        .endpoint = "[fe80::1%eth0]:51820",
	        .dns = "9.9.9.9",
	        .mtu = 1280,
	        .keepalive_s = 25,
	        .own_dns = "fd00::53",
	        .own_allowed_ips = "fd00::/8",
	        .own_mtu = 1400,
	        .own_keepalive_s = 7,
	},
	{
	        /* one's own "none", "off" and "no DNS" stand over the interface's values */
	        .file = "least.conf",
	        .private_key = "MBd0KK7+N0pXm+ShMHuimBAW/DD9dlvzDZeVNsrsBG8=",
	        .public_key = "1Hh/+DO7hg/MRhYQqQ9tv0M1II1b9aC8L7beoixskms=",
	        .addresses = "10.0.0.3",
	        .allowed_ips = "0.0.0.0/0",
	        .endpoint = "vpn.example.org:51820",
	        .dns = "9.9.9.9",
	        .keepalive_s = 25,
	        .own_dns = "none",
	        .own_allowed_ips = "10.0.0.0/8",
	},
};

static char *read_golden(const char *name, size_t *ret_length)
{
	static char data[8192];
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/golden/conf/%s", PRG_TESTS, name);
	file = fopen(path, "rb");
	if (file == NULL)
		fail_msg("cannot open %s", path);
	*ret_length = fread(data, 1, sizeof(data), file);
	assert_true(feof(file));
	fclose(file);
	return data;
}

static void parse_prefixes(const char *text, struct prg_prefix **list, size_t *n)
{
	if (text != NULL)
		assert_int_equal(prg_prefix_list_parse(text, true, false, 9, list, n, NULL), 0);
}

static void parse_addrs(const char *text, struct prg_addr **list, size_t *n)
{
	if (text != NULL)
		assert_int_equal(prg_addr_list_parse(text, true, 9, list, n, NULL), 0);
}

static void fill_interface(const struct sample *s, struct prg_interface *interface)
{
	assert_int_equal(prg_public_key_parse(s->public_key, strlen(s->public_key),
	                                      &interface->public_key, NULL),
	                 0);
	if (s->endpoint != NULL)
		assert_int_equal(prg_endpoint_parse(s->endpoint, 0, &interface->endpoint, NULL),
		                 0);
	parse_prefixes(s->allowed_ips, &interface->client_allowed_ips,
	               &interface->n_client_allowed_ips);
	parse_addrs(s->dns, &interface->dns, &interface->n_dns);
	interface->mtu = s->mtu;
	interface->client_keepalive_s = s->keepalive_s;
}

static void fill_peer(const struct sample *s, struct prg_peer *peer)
{
	parse_prefixes(s->addresses, &peer->addresses, &peer->n_addresses);
	parse_prefixes(s->own_allowed_ips, &peer->client_allowed_ips, &peer->n_client_allowed_ips);
	parse_addrs(s->own_dns, &peer->dns, &peer->n_dns);
	peer->own_client_allowed_ips = s->own_allowed_ips != NULL;
	peer->own_dns = s->own_dns != NULL;
	peer->own_client_keepalive = s->own_keepalive_s >= 0;
	if (peer->own_client_keepalive)
		peer->client_keepalive_s = (uint16_t)s->own_keepalive_s;
	peer->mtu = s->own_mtu;
}

static void check_sample(const struct sample *s)
{
	PRG_INTERFACE *interface = prg_interface_new();
	PRG_PEER *peer = prg_peer_new();
	PRG_CLEANUP_TEXT struct prg_text *text = NULL;
	struct prg_private_key key;
	struct prg_preshared_key psk;
	struct prg_client client = { .interface = interface, .peer = peer };
	size_t length;
	char *wanted = read_golden(s->file, &length);

	fill_interface(s, interface);
	fill_peer(s, peer);
	if (s->private_key != NULL) {
		assert_int_equal(prg_private_key_parse(s->private_key, strlen(s->private_key),
		                                       &key, NULL),
		                 0);
		client.private_key = &key;
	}
	if (s->preshared_key != NULL) {
		assert_int_equal(prg_preshared_key_parse(s->preshared_key,
		                                         strlen(s->preshared_key), &psk, NULL),
		                 0);
		client.preshared_key = &psk;
	}
	assert_int_equal(prg_render_wgquick(&client, &text, NULL), 0);
	wanted[length] = '\0';
	assert_string_equal(prg_text_data(text), wanted);
	assert_int_equal(prg_text_length(text), length);
}

static void test_golden(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
		check_sample(&samples[i]);
}

/* What the WireGuard apps for iOS and Android take, and the order we promise. */
static const char *const interface_keys[] = { "PrivateKey", "Address", "DNS", "MTU", NULL };
static const char *const peer_keys[] = { "PublicKey",  "PresharedKey",        "AllowedIPs",
	                                 "Endpoint",   "PersistentKeepalive", NULL };

static size_t rank_of(const char *const *keys, const char *line, size_t length)
{
	size_t i = 0;

	while (keys[i] != NULL && (strlen(keys[i]) != length || memcmp(keys[i], line, length) != 0))
		i++;
	if (keys[i] == NULL)
		fail_msg("a key that the apps do not take: %.*s", (int)length, line);
	return i + 1;
}

static void check_line(const char *line, const char *const *keys, size_t *rank)
{
	const char *equals = strstr(line, " = ");
	size_t now;

	assert_non_null(equals);
	now = rank_of(keys, line, (size_t)(equals - line));
	assert_true(now > *rank);
	*rank = now;
	assert_true(strlen(equals + 3) > 0);
	assert_null(strchr(equals, '#'));
	assert_true(line[strlen(line) - 1] != ' ' && line[strlen(line) - 1] != ',');
	if (strncmp(line, "MTU", 3) == 0 || strncmp(line, "Persistent", 10) == 0)
		assert_true(strspn(equals + 3, "0123456789") == strlen(equals + 3));
}

static void check_for_apps(char *text)
{
	const char *const *keys = NULL;
	size_t rank = 0;
	char *rest, *line = strtok_r(text, "\n", &rest);

	assert_string_equal(line, "[Interface]");
	for (; line != NULL; line = strtok_r(NULL, "\n", &rest)) {
		if (line[0] == '#')
			continue;
		if (line[0] != '[') {
			check_line(line, keys, &rank);
			continue;
		}
		assert_true(keys == NULL || (keys == interface_keys && !strcmp(line, "[Peer]")));
		keys = keys == NULL ? interface_keys : peer_keys;
		rank = 0;
	}
	assert_ptr_equal(keys, peer_keys);
}

static void test_apps_accept(void **state)
{
	static struct random_client r;

	(void)state;
	for (unsigned i = 0; i < 2000; i++) {
		PRG_CLEANUP_TEXT struct prg_text *text = NULL;
		PRG_FREE char *copy = NULL;

		rc_make(&r);
		assert_int_equal(prg_render_wgquick(&r.client, &text, NULL), 0);
		assert_int_equal(strlen(prg_text_data(text)), prg_text_length(text));
		assert_null(strstr(prg_text_data(text), "\n\n\n"));
		copy = strdup(prg_text_data(text));
		check_for_apps(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_apps_accept),
	};

	rc_seed();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
