/* SPDX-License-Identifier: ISC */
#include "model/addr.h"

#include <arpa/inet.h>
#include <string.h>

int prg_addr_compare(const struct prg_addr *a, const struct prg_addr *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

int prg_prefix_compare(const struct prg_prefix *a, const struct prg_prefix *b)
{
	int order = prg_addr_compare(&a->addr, &b->addr);

	return order != 0 ? order : (int)a->length - (int)b->length;
}

int prg_prefix_order(const void *a, const void *b)
{
	return prg_prefix_compare(a, b);
}

static uint8_t mask_byte(unsigned length, unsigned index)
{
	if (length >= 8 * (index + 1))
		return 0xff;
	if (length <= 8 * index)
		return 0;
	return (uint8_t)(0xff << (8 - (length - 8 * index)));
}

bool prg_prefix_contains_addr(const struct prg_prefix *outer, const struct prg_addr *addr)
{
	unsigned whole = outer->length / 8;

	if (outer->addr.family != addr->family ||
	    memcmp(outer->addr.bytes, addr->bytes, whole) != 0)
		return false;
	return outer->length % 8 == 0 ||
	       ((outer->addr.bytes[whole] ^ addr->bytes[whole]) & mask_byte(outer->length, whole)) == 0;
}

bool prg_prefix_contains(const struct prg_prefix *outer, const struct prg_prefix *inner)
{
	return outer->length <= inner->length && prg_prefix_contains_addr(outer, &inner->addr);
}

bool prg_prefix_overlaps(const struct prg_prefix *a, const struct prg_prefix *b)
{
	return prg_prefix_contains(a, b) || prg_prefix_contains(b, a);
}

struct prg_prefix prg_prefix_network(const struct prg_prefix *p)
{
	struct prg_prefix network = *p;
	size_t whole = p->length / 8, size = sizeof(network.addr.bytes);

	if (whole < size) {
		network.addr.bytes[whole] &= mask_byte(p->length, (unsigned)whole);
		memset(network.addr.bytes + whole + 1, 0, size - whole - 1);
	}
	return network;
}

struct prg_prefix prg_prefix_host(const struct prg_addr *addr)
{
	return (struct prg_prefix){ .addr = *addr, .length = prg_addr_bits(addr) };
}

struct prg_addr prg_prefix_first(const struct prg_prefix *p)
{
	return prg_prefix_network(p).addr;
}

struct prg_addr prg_prefix_last(const struct prg_prefix *p)
{
	struct prg_addr last = p->addr;
	unsigned i;

	for (i = 0; i < prg_addr_size(&last); i++)
		last.bytes[i] |= (uint8_t)~mask_byte(p->length, i);
	return last;
}

bool prg_addr_add(const struct prg_addr *a, uint64_t n, struct prg_addr *ret)
{
	struct prg_addr sum = *a;
	size_t i = prg_addr_size(a);

	while (i > 0 && n > 0) {
		/* n's low byte and what it carries; n never overflows, as its top is shifted out */
		uint64_t byte = (uint64_t)sum.bytes[--i] + (n & 0xff);

		sum.bytes[i] = (uint8_t)byte;
		n = (n >> 8) + (byte >> 8);
	}
	if (n > 0)
		return false;
	*ret = sum;
	return true;
}

bool prg_addr_next(const struct prg_addr *a, struct prg_addr *ret)
{
	return prg_addr_add(a, 1, ret);
}

bool prg_addr_prev(const struct prg_addr *a, struct prg_addr *ret)
{
	struct prg_addr made = *a;
	size_t i = prg_addr_size(a);

	while (i > 0) {
		if (made.bytes[--i]-- != 0) {
			*ret = made;
			return true;
		}
	}
	return false;
}

bool prg_addr_distance(const struct prg_addr *a, const struct prg_addr *b, uint64_t *ret)
{
	size_t size = prg_addr_size(a), i;
	uint64_t low_a = 0, low_b = 0, borrow;
	uint64_t high_a = 0, high_b = 0;

	if (prg_addr_compare(a, b) > 0)
		return false;
	for (i = 0; i < size; i++) {
		high_a = high_a << 8 | low_a >> 56;
		low_a = low_a << 8 | a->bytes[i];
		high_b = high_b << 8 | low_b >> 56;
		low_b = low_b << 8 | b->bytes[i];
	}
	borrow = low_b < low_a;
	if (high_b - borrow != high_a)
		return false;
	*ret = low_b - low_a;
	return true;
}

/* IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890 and updates):
 * what is not globally reachable, and multicast. */
static const char *const not_global[] = {
	"0.0.0.0/8",       "10.0.0.0/8",      "100.64.0.0/10",  "127.0.0.0/8",  "169.254.0.0/16",
	"172.16.0.0/12",   "192.0.0.0/24",    "192.0.2.0/24",   "192.168.0.0/16",
	"198.18.0.0/15",   "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",  "::/8",
	"64:ff9b:1::/48",  "100::/64",        "2001::/23",      "2001:db8::/32", "3fff::/20",
	"5f00::/16",       "fc00::/7",        "fe80::/10",      "ff00::/8",
};

bool prg_addr_is_global(const struct prg_addr *a)
{
	size_t i;

	for (i = 0; i < sizeof(not_global) / sizeof(not_global[0]); i++) {
		struct prg_prefix p;

		if (prg_prefix_parse(not_global[i], &p, NULL) == 0 &&
		    prg_prefix_contains_addr(&p, a))
			return false;
	}
	return a->family == 4 || a->family == 6;
}

/* 0 to 255 in decimal; where it ends. */
static char *put_byte(char *at, unsigned value)
{
	if (value >= 100)
		*at++ = (char)('0' + value / 100);
	if (value >= 10)
		*at++ = (char)('0' + value / 10 % 10);
	*at++ = (char)('0' + value % 10);
	return at;
}

/* Without leading zeros. */
static char *put_group(char *at, unsigned value)
{
	static const char digits[] = "0123456789abcdef";

	if (value > 0xfff)
		*at++ = digits[value >> 12];
	if (value > 0xff)
		*at++ = digits[value >> 8 & 15];
	if (value > 0xf)
		*at++ = digits[value >> 4 & 15];
	*at++ = digits[value & 15];
	return at;
}

/* RFC 5952: "::" is the longest run of zero groups, the first of equals, not one. */
static char *put_v6(const struct prg_addr *addr, char *at)
{
	unsigned groups[8], zero = 0, run = 0, length = 0, best = 8, i;

	for (i = 0; i < 8; i++) {
		groups[i] = (unsigned)addr->bytes[2 * i] << 8 | addr->bytes[2 * i + 1];
		zero |= (groups[i] == 0) << i;
	}
	/* a bit that is left after n rounds begins a run of more than n */
	for (run = zero; zero != 0; zero &= zero >> 1, length++)
		run = zero;
	if (length > 1)
		best = (unsigned)__builtin_ctz(run);
	for (i = 0; i < best; i++) {
		at = put_group(at, groups[i]);
		*at++ = ':';
	}
	if (best == 8)
		return at - 1;
	if (best == 0)
		*at++ = ':';
	i += length;
	if (i == 8)
		*at++ = ':';
	for (; i < 8; i++) {
		*at++ = ':';
		at = put_group(at, groups[i]);
	}
	return at;
}

/* By hand, as lists of 100,000 peers are mostly this; what holds an IPv4 address in
 * an IPv6 one is left to the C library. Where it ends. */
static char *put_addr(const struct prg_addr *addr, char *at)
{
	static const unsigned char mapped[4], none[16];
	size_t i;

	if (addr->family == 6) {
		if (memcmp(addr->bytes, mapped, sizeof(mapped)) != 0 ||
		    memcmp(addr->bytes, none, sizeof(none)) == 0)
			return put_v6(addr, at);
		if (inet_ntop(AF_INET6, addr->bytes, at, PRG_ADDR_TEXT) == NULL)
			*at = '\0';
		return at + strlen(at);
	}
	for (i = 0; i < 4; i++) {
		at = put_byte(at, addr->bytes[i]);
		*at++ = '.';
	}
	return at - 1;
}

void prg_addr_format(const struct prg_addr *addr, char ret_text[PRG_ADDR_TEXT])
{
	*put_addr(addr, ret_text) = '\0';
}

void prg_prefix_format(const struct prg_prefix *prefix, char ret_text[PRG_PREFIX_TEXT])
{
	char *at = put_addr(&prefix->addr, ret_text);

	*at++ = '/';
	*put_byte(at, prefix->length) = '\0';
}

bool prg_prefix_same_list(const struct prg_prefix *a, size_t n_a, const struct prg_prefix *b,
                          size_t n_b)
{
	size_t i;

	for (i = 0; n_a == n_b && i < n_a; i++)
		if (prg_prefix_compare(&a[i], &b[i]) != 0)
			return false;
	return n_a == n_b;
}
