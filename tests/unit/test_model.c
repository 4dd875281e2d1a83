/* SPDX-License-Identifier: ISC */
/* Values as text: keys, addresses, endpoints, names, durations, moments, sizes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <sodium.h>

#include "base/secret.h"
#include "base/strbuf.h"
#include "model/addr.h"
#include "model/value.h"
#include "model/wg.h"

static struct prg_prefix prefix(const char *text)
{
	struct prg_prefix p;

	assert_int_equal(prg_prefix_parse(text, &p, NULL), 0);
	return p;
}

static struct prg_addr addr(const char *text)
{
	struct prg_addr a;

	assert_int_equal(prg_addr_parse(text, &a, NULL), 0);
	return a;
}

static void keys_go_round(void **state)
{
	/* RFC 7748, section 6.1: Alice's key pair */
	static const unsigned char alice[32] = {
		0x77, 0x07, 0x6d, 0x0a, 0x73, 0x18, 0xa5, 0x7d, 0x3c, 0x16, 0xc1,
		0x72, 0x51, 0xb2, 0x66, 0x45, 0xdf, 0x4c, 0x2f, 0x87, 0xeb, 0xc0,
		0x99, 0x2a, 0xb1, 0x77, 0xfb, 0xa5, 0x1d, 0xb9, 0x2c, 0x2a
	};
	static const unsigned char alice_public[32] = {
		0x85, 0x20, 0xf0, 0x09, 0x89, 0x30, 0xa7, 0x54, 0x74, 0x8b, 0x7d,
		0xdc, 0xb4, 0x3e, 0xf7, 0x5a, 0x0d, 0xbf, 0x3a, 0x0d, 0x26, 0x38,
		0x1a, 0xf4, 0xeb, 0xa4, 0xa9, 0x8e, 0xaa, 0x9b, 0x4e, 0x6a
	};
	struct prg_private_key key, again;
	struct prg_public_key public_key;
	char text[PRG_KEY_TEXT];

	(void)state;
	memcpy(key.bytes, alice, 32);
	assert_int_equal(prg_public_key_derive(&key, &public_key, NULL), 0);
	assert_memory_equal(public_key.bytes, alice_public, 32);
	assert_int_equal(prg_private_key_generate(&key, NULL), 0);
	assert_int_equal(key.bytes[0] & 7, 0);
	assert_int_equal(key.bytes[31] & 0xc0, 0x40);
	prg_private_key_reveal(&key, text);
	assert_int_equal(prg_private_key_parse(text, strlen(text), &again, NULL), 0);
	assert_memory_equal(&key, &again, sizeof(key));
}

static void malformed_keys_are_refused(void **state)
{
	static const char *const bad[] = {
		"", "AAAA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAF=", /* spare bits */
		"AAAAAAAAAAAAAAAAAAAAAAAA AAAAAAAAAAAAAAAAAA=",
		" AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
		"x\324IBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=",
	};
	struct prg_public_key key;
	struct prg_private_key private_key;
	struct prg_error err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(prg_public_key_parse(bad[i], strlen(bad[i]), &key, &err),
		                 PRG_E_USAGE);
		assert_int_equal(
			prg_private_key_parse(bad[i], strlen(bad[i]), &private_key, &err),
			PRG_E_USAGE);
		if (strlen(bad[i]) > 4)
			assert_null(strstr(err.message, bad[i]));
	}
	assert_int_equal(prg_public_key_parse("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", 44,
	                                      &key, NULL),
	                 PRG_E_USAGE);
}

static void prefixes_go_round(void **state)
{
	static const struct {
		const char *in, *out;
	} good[] = { { "10.0.0.1", "10.0.0.1/32" },  { "10.0.0.0/8", "10.0.0.0/8" },
		     { "0.0.0.0/0", "0.0.0.0/0" },   { "::/0", "::/0" },
		     { "fd00::1", "fd00::1/128" },   { "FD00:0:0::1/64", "fd00::1/64" },
		     { "::ffff:1.2.3.4/96", "::ffff:1.2.3.4/96" } };
	static const char *const bad[] = { "", "/", "10.0.0.1/", "10.0.0.1/33", "10.0.0/8",
		                           "10.0.0.1/-1", "10.0.0.1/8x", "010.0.0.1", "fd00::/129",
		                           "fd00::1%eth0", " 10.0.0.1", "10.0.0.1 ", "1.2.3.4/ 8",
		                           "1.2.3.4/99999999999999999999" };
	struct prg_prefix p;
	char text[PRG_PREFIX_TEXT];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		p = prefix(good[i].in);
		prg_prefix_format(&p, text);
		assert_string_equal(text, good[i].out);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(prg_prefix_parse(bad[i], &p, NULL), PRG_E_USAGE);
}

static void prefix_arithmetic(void **state)
{
	struct prg_prefix a = prefix("10.1.2.3/20"), b;
	struct prg_addr first, last, next;
	uint64_t distance;

	(void)state;
	b = prg_prefix_network(&a);
	assert_int_equal(prg_prefix_compare(&b, &(struct prg_prefix){ addr("10.1.0.0"), 20 }), 0);
	first = prg_prefix_first(&a);
	last = prg_prefix_last(&a);
	assert_int_equal(prg_addr_compare(&last, &(struct prg_addr){ 4, { 10, 1, 15, 255 } }), 0);
	assert_true(prg_addr_distance(&first, &last, &distance));
	assert_int_equal(distance, 4095);
	assert_false(prg_addr_distance(&last, &first, &distance));
	assert_true(prg_addr_add(&first, 4096, &next));
	assert_int_equal(prg_addr_compare(&next, &(struct prg_addr){ 4, { 10, 1, 16, 0 } }), 0);
	next = addr("255.255.255.255");
	assert_false(prg_addr_next(&next, &next));
	next = addr("0.0.0.0");
	assert_false(prg_addr_prev(&next, &next));
	next = addr("fd00::ffff:ffff:ffff:ffff");
	assert_true(prg_addr_next(&next, &next));
	first = addr("fd00:0:0:1::");
	assert_int_equal(prg_addr_compare(&next, &first), 0);
	assert_true(prg_addr_prev(&next, &next));
	assert_true(prg_addr_distance(&next, &first, &distance));
	assert_int_equal(distance, 1);
	next = addr("fd00:0:0:1::1");
	first = addr("fd00::");
	assert_false(prg_addr_distance(&first, &next, &distance)); /* 2^64 + 1 */
	assert_true(prg_addr_add(&first, UINT64_MAX, &next));
	last = addr("fd00::ffff:ffff:ffff:ffff");
	assert_int_equal(prg_addr_compare(&next, &last), 0);
	last = addr("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	assert_false(prg_addr_add(&last, UINT64_MAX, &next));
	a = prefix("10.0.0.0/8");
	b = prefix("10.9.0.0/16");
	assert_true(prg_prefix_contains(&a, &b));
	assert_false(prg_prefix_contains(&b, &a));
	assert_true(prg_prefix_overlaps(&b, &a));
	a = prefix("0.0.0.0/0");
	b = prefix("::/0");
	assert_false(prg_prefix_overlaps(&a, &b));
}

static void global_addresses(void **state)
{
	static const char *const yes[] = { "9.9.9.9", "1.1.1.1", "100.128.0.1", "172.32.0.1",
		                           "2620:fe::fe", "2a01::1" };
	static const char *const no[] = { "10.0.0.1", "192.168.1.1", "100.64.0.1", "127.0.0.1",
		                          "169.254.1.1", "172.16.0.1", "224.0.0.1", "fd00::1",
		                          "fe80::1", "::1", "2001:db8::1", "ff02::1" };
	struct prg_addr a;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		a = addr(yes[i]);
		assert_true(prg_addr_is_global(&a));
	}
	for (i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
		a = addr(no[i]);
		assert_false(prg_addr_is_global(&a));
	}
}

static void lists(void **state)
{
	struct prg_prefix *list;
	struct prg_error err;
	size_t n;
	PRG_STRBUF buf = { 0 };
	char *text;

	(void)state;
	assert_int_equal(prg_prefix_list_parse("10.0.0.0/8, fd00::/64", false, false, 8, &list, &n,
	                                       NULL),
	                 0);
	assert_int_equal(n, 2);
	prg_prefix_list_format(&buf, list, n, ", ");
	text = prg_strbuf_take(&buf);
	assert_string_equal(text, "10.0.0.0/8, fd00::/64");
	free(text);
	free(list);
	assert_int_equal(prg_prefix_list_parse("none", true, false, 8, &list, &n, NULL), 0);
	assert_int_equal(n, 0);
	free(list);
	assert_int_equal(prg_prefix_list_parse("none", false, false, 8, &list, &n, NULL),
	                 PRG_E_USAGE);
	assert_int_equal(prg_prefix_list_parse("10.0.0.1/8", false, false, 8, &list, &n, &err),
	                 PRG_E_USAGE);
	assert_non_null(strstr(err.message, "10.0.0.0/8"));
	/* no run of anything is repeated that could be a piece of a key */
	assert_int_equal(prg_prefix_list_parse("::/0,::/0000000000000000000000000000000000000000",
	                                       false, false, 8, &list, &n, &err),
	                 PRG_E_USAGE);
	assert_string_equal(err.message, "'::/0' is given twice");
	assert_int_equal(prg_prefix_list_parse("1.1.1.1,,2.2.2.2", false, false, 8, &list, &n,
	                                       NULL),
	                 PRG_E_USAGE);
	assert_int_equal(prg_prefix_list_parse("1.1.1.1,2.2.2.2", false, false, 1, &list, &n, NULL),
	                 PRG_E_USAGE);
}

static void endpoints_go_round(void **state)
{
	static const struct {
		const char *in;
		uint16_t port;
		const char *out;
	} good[] = { { "vpn.example.org", 51820, "vpn.example.org:51820" },
		     { "vpn.example.org:443", 51820, "vpn.example.org:443" },
		     { "192.0.2.1:1", 0, "192.0.2.1:1" },
		     { "[2001:db8::1]:65535", 0, "[2001:db8::1]:65535" },
		     { "2001:db8::1", 7, "[2001:db8::1]:7" },
		     { "[fe80::1%eth0]:7", 0, "[fe80::1%eth0]:7" },
		     { "a-b.c:5", 0, "a-b.c:5" } };
	static const char *const bad[] = { "", ":1", "host:", "host:0", "host:65536", "host:1x",
		                           "[::1", "[::1]x", "[1.2.3.4]:1", "ho st:1", "-a:1",
		                           "a..b:1", "1.2.3:1", "999.1.1.1:1", "[fe80::1%]:1",
		                           "host", "2001:db8::1", "ho/st:1", "a-:1", "\xc3\xa9:1" };
	struct prg_endpoint e;
	char text[PRG_ENDPOINT_TEXT];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(prg_endpoint_parse(good[i].in, good[i].port, &e, NULL), 0);
		prg_endpoint_format(&e, text);
		assert_string_equal(text, good[i].out);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(prg_endpoint_parse(bad[i], 0, &e, NULL), PRG_E_USAGE);
}

static void names(void **state)
{
	static const char *const good[] = { "a", "alice", "Alice.Bob_c@d+e-f", "7of9",
		                            "\xd8\xb9\xd9\x84\xdb\x8c", /* علی */
		                            "\xe5\xbc\xa0\xe4\xbc\x9f", /* 张伟 */
		                            "Zo\xc3\xab" };
	static const char *const bad[] = { "", ".a", "-a", "a b", "a/b", "a\tb", "a\xff",
		                           "e\xcc\x81",             /* not composed */
		                           "a\xe2\x80\x8b" "b",     /* zero width space */
		                           "a\xe2\x80\xae" "b",     /* right-to-left override */
		                           "a\xcd\x8f",             /* combining grapheme joiner */
		                           "a\xef\xb8\x8f",         /* variation selector */
		                           "\xcc\x81" "a", "a\xc0\x80", "a\xed\xa0\x80",
		                           "\xf0\x9f\x98\x80" };
	char longest[PRG_NAME_BYTES + 2];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(prg_name_check(good[i], NULL), 0);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(prg_name_check(bad[i], NULL), PRG_E_USAGE);
	memset(longest, 'a', sizeof(longest));
	longest[PRG_NAME_BYTES] = '\0';
	assert_int_equal(prg_name_check(longest, NULL), 0);
	longest[PRG_NAME_BYTES] = 'a';
	longest[PRG_NAME_BYTES + 1] = '\0';
	assert_int_equal(prg_name_check(longest, NULL), PRG_E_USAGE);
}

static void slugs(void **state)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_=+.-";
	char a[PRG_SLUG_TEXT], b[PRG_SLUG_TEXT];

	(void)state;
	prg_name_slug("alice", a);
	assert_string_equal(a, "alice");
	prg_name_slug("exactly15bytes_", a);
	assert_string_equal(a, "exactly15bytes_");
	prg_name_slug("a-name-that-is-longer-than-that", a);
	prg_name_slug("a-name-that-is-longer-than-this", b);
	assert_true(strlen(a) <= 15 && strlen(b) <= 15);
	assert_string_not_equal(a, b);
	prg_name_slug("\xd8\xb9\xd9\x84\xdb\x8c", a);
	prg_name_slug("\xe5\xbc\xa0\xe4\xbc\x9f", b);
	assert_int_equal(strspn(a, allowed), strlen(a));
	assert_string_not_equal(a, b);
	assert_true(a[0] == 'x' && b[0] == 'x'); /* '-' would make it an option */
	prg_name_slug("bob@home", a);
	assert_int_equal(strspn(a, allowed), strlen(a));
}

static void durations_moments_sizes(void **state)
{
	static const struct {
		const char *text;
		int64_t value;
	} durations[] = { { "0s", 0 }, { "90s", 90 }, { "15m", 900 }, { "12h", 43200 },
		          { "30d", 2592000 }, { "2w", 1209600 }, { "1y", 31536000 } };
	static const char *const bad_durations[] = { "", "1", "s", "-1s", "1.5h", "1M", "1 d",
		                                     "1dd", "99999999999999999999s" };
	static const struct {
		const char *text;
		int64_t value;
	} moments[] = { { "1970-01-01T00:00:00Z", 0 }, { "2027-01-31", 1801353600 },
		        { "2000-02-29T23:59:59+01:00", 951865199 },
		        { "2027-01-31T12:00:00.5-05:30", 1801416600 }, { "1d", 86500 } };
	static const char *const bad_moments[] = { "2027-02-29", "2027-13-01", "2027-1-1",
		                                   "2027-01-31T", "2027-01-31T25:00:00Z",
		                                   "2027-01-31T00:00:00", "tomorrow", "",
		                                   "1969-01-01", "2027-01-31T00:00:00+24:00" };
	static const struct {
		const char *text;
		uint64_t value;
	} sizes[] = { { "1", 1 }, { "500M", 500000000 }, { "10G", 10000000000 },
		      { "1T", 1000000000000 }, { "10GiB", 10737418240 }, { "1KiB", 1024 },
		      { "1kB", 1000 }, { "7B", 7 } };
	static const char *const bad_sizes[] = { "", "G", "1.5G", "-1", "1X", "1GG", "10000000P" };
	enum prg_quota_period period;
	int64_t value;
	uint64_t size;
	char text[21];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(durations) / sizeof(durations[0]); i++) {
		assert_int_equal(prg_duration_parse(durations[i].text, &value, NULL), 0);
		assert_int_equal(value, durations[i].value);
	}
	for (i = 0; i < sizeof(bad_durations) / sizeof(bad_durations[0]); i++)
		assert_int_equal(prg_duration_parse(bad_durations[i], &value, NULL), PRG_E_USAGE);
	for (i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
		assert_int_equal(prg_moment_parse(moments[i].text, 100, &value, NULL), 0);
		assert_int_equal(value, moments[i].value);
	}
	for (i = 0; i < sizeof(bad_moments) / sizeof(bad_moments[0]); i++)
		assert_int_equal(prg_moment_parse(bad_moments[i], 100, &value, NULL), PRG_E_USAGE);
	prg_moment_format(951865199, text);
	assert_string_equal(text, "2000-02-29T22:59:59Z");
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		assert_int_equal(prg_size_parse(sizes[i].text, &size, NULL), 0);
		assert_int_equal(size, sizes[i].value);
	}
	for (i = 0; i < sizeof(bad_sizes) / sizeof(bad_sizes[0]); i++)
		assert_int_equal(prg_size_parse(bad_sizes[i], &size, NULL), PRG_E_USAGE);
	assert_int_equal(prg_quota_parse("10G/month", &size, &period, NULL), 0);
	assert_int_equal(period, PRG_QUOTA_MONTH);
	assert_int_equal(size, 10000000000);
	assert_int_equal(prg_quota_parse("10G/week", &size, &period, NULL), PRG_E_USAGE);
	assert_int_equal(prg_quota_parse("0", &size, &period, NULL), PRG_E_USAGE);
}

static void json_text(void **state)
{
	PRG_STRBUF buf = { 0 };
	char *text;

	(void)state;
	prg_strbuf_json(&buf, "a\"b\\c\n\x7f\xff\xc3\xa9");
	text = prg_strbuf_take(&buf);
	assert_string_equal(text, "\"a\\\"b\\\\c\\u000a\\u007f\\ufffd\xc3\xa9\"");
	free(text);
}

/* Bit by bit, as it is defined. */
static bool bit_of(const struct prg_addr *addr, unsigned i)
{
	return addr->bytes[i / 8] >> (7 - i % 8) & 1;
}

static void prefixes_are_bits(void **state)
{
	unsigned round, i;

	(void)state;
	for (round = 0; round < 20000; round++) {
		struct prg_prefix p = { .addr.family = round % 2 ? 6 : 4 }, network;
		struct prg_addr other;
		unsigned bits = prg_addr_bits(&p.addr);
		bool contains = true;

		randombytes_buf(p.addr.bytes, prg_addr_size(&p.addr));
		p.length = (uint8_t)randombytes_uniform(bits + 1);
		other = p.addr;
		/* one bit apart, mostly near the end of the prefix */
		i = (p.length + randombytes_uniform(5)) % bits;
		other.bytes[i / 8] ^= (uint8_t)(0x80 >> i % 8);
		network = prg_prefix_network(&p);
		assert_int_equal(network.length, p.length);
		assert_int_equal(network.addr.family, p.addr.family);
		for (i = 0; i < 128; i++)
			assert_true(bit_of(&network.addr, i) ==
			            (i < p.length && bit_of(&p.addr, i)));
		for (i = 0; i < p.length; i++)
			contains &= bit_of(&p.addr, i) == bit_of(&other, i);
		assert_true(prg_prefix_contains_addr(&p, &other) == contains);
		assert_true(prg_prefix_contains_addr(&p, &p.addr));
	}
}

static void secrets_are_compared_whole(void **state)
{
	unsigned char one[PRG_KEY_BYTES], other[PRG_KEY_BYTES] = { 0 };
	unsigned i;

	(void)state;
	assert_true(prg_secret_is_zero(other));
	randombytes_buf(one, sizeof(one));
	memcpy(other, one, sizeof(one));
	assert_true(prg_secret_equal(one, other));
	for (i = 0; i < 8 * PRG_KEY_BYTES; i++) {
		unsigned char bit[PRG_KEY_BYTES] = { 0 };

		bit[i / 8] = (unsigned char)(1 << i % 8);
		assert_false(prg_secret_is_zero(bit));
		other[i / 8] ^= bit[i / 8];
		assert_false(prg_secret_equal(one, other));
		other[i / 8] ^= bit[i / 8];
	}
}

/* Ours against the C library's, and keys against libsodium's base64. */
static void formats_are_the_librarys(void **state)
{
	unsigned char bytes[PRG_KEY_BYTES];
	char ours[PRG_PREFIX_TEXT], theirs[INET6_ADDRSTRLEN], key[PRG_KEY_TEXT], other[PRG_KEY_TEXT];
	unsigned round, i;

	(void)state;
	for (round = 0; round < 20000; round++) {
		struct prg_addr addr = { .family = round % 3 ? 6 : 4 };
		struct prg_public_key public;

		randombytes_buf(bytes, sizeof(bytes));
		if (round % 10 == 0) /* "::", "::1", and what holds an IPv4 address */
			memset(bytes, 0, 10 + round / 10 % 7);
		for (i = 0; i < 16; i++)
			addr.bytes[i] = bytes[16 + i / 2] & 1u << (i % 2) ? 0 : bytes[i];
		prg_addr_format(&addr, ours);
		inet_ntop(addr.family == 6 ? AF_INET6 : AF_INET, addr.bytes, theirs, sizeof(theirs));
		assert_string_equal(ours, theirs);
		memcpy(public.bytes, bytes, sizeof(bytes));
		prg_public_key_format(&public, key);
		sodium_bin2base64(other, sizeof(other), bytes, sizeof(bytes),
		                  sodium_base64_VARIANT_ORIGINAL);
		assert_string_equal(key, other);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefixes_are_bits),
		cmocka_unit_test(secrets_are_compared_whole),
		cmocka_unit_test(formats_are_the_librarys),
		cmocka_unit_test(keys_go_round),
		cmocka_unit_test(malformed_keys_are_refused),
		cmocka_unit_test(prefixes_go_round),
		cmocka_unit_test(prefix_arithmetic),
		cmocka_unit_test(global_addresses),
		cmocka_unit_test(lists),
		cmocka_unit_test(endpoints_go_round),
		cmocka_unit_test(names),
		cmocka_unit_test(slugs),
		cmocka_unit_test(durations_moments_sizes),
		cmocka_unit_test(json_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
