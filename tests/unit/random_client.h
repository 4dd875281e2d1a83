/* SPDX-License-Identifier: ISC */
/* Random clients for property tests, within what the register can hold. */
#ifndef RANDOM_CLIENT_H
#define RANDOM_CLIENT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "model/addr.h"
#include "render/render.h"

#define RC_MOST 6

struct random_client {
	struct prg_interface interface;
	struct prg_peer peer;
	struct prg_private_key private_key;
	struct prg_preshared_key preshared_key;
	struct prg_prefix addresses[RC_MOST], shared[RC_MOST], own[RC_MOST];
	struct prg_addr dns[RC_MOST], own_dns[RC_MOST];
	struct prg_client client;
};

static uint64_t rc_state;

/* PRG_SEED in the environment repeats a run. */
static inline void rc_seed(void)
{
	const char *seed = getenv("PRG_SEED");

	rc_state = seed != NULL ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL) * 2654435761u;
	fprintf(stderr, "PRG_SEED=%llu\n", (unsigned long long)rc_state);
}

/* splitmix64 */
static inline uint64_t rc_next(void)
{
	uint64_t z = rc_state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static inline unsigned rc_below(unsigned n)
{
	return (unsigned)(rc_next() % n);
}

static inline void rc_bytes(unsigned char *bytes, size_t n)
{
	while (n > 0)
		bytes[--n] = (unsigned char)rc_next();
}

static inline struct prg_addr rc_addr(void)
{
	struct prg_addr addr = { .family = rc_below(2) != 0 ? 4 : 6 };

	rc_bytes(addr.bytes, prg_addr_size(&addr));
	/* runs of zeroes, that IPv6 text shortens */
	for (unsigned i = rc_below(8); i < prg_addr_size(&addr) && rc_below(3) != 0; i++)
		addr.bytes[i] = 0;
	return addr;
}

static inline size_t rc_prefixes(struct prg_prefix *list, size_t least, bool hosts)
{
	size_t wanted = least + rc_below((unsigned)(RC_MOST - least) + 1), n = 0;

	while (n < wanted) {
		struct prg_prefix prefix = { .addr = rc_addr() };
		size_t i = 0;

		prefix.length = prg_addr_bits(&prefix.addr);
		if (!hosts)
			prefix.length = (uint8_t)rc_below(prefix.length + 1u);
		prefix = prg_prefix_network(&prefix);
		while (i < n && prg_prefix_compare(&list[i], &prefix) != 0)
			i++;
		if (i == n)
			list[n++] = prefix;
	}
	return n;
}

static inline size_t rc_addrs(struct prg_addr *list)
{
	size_t n = rc_below(RC_MOST + 1);

	for (size_t i = 0; i < n; i++)
		list[i] = rc_addr();
	return n;
}

static inline struct prg_endpoint rc_endpoint(void)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
	                              "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
	struct prg_endpoint endpoint = { .port = (uint16_t)(1 + rc_below(65535)) };
	struct prg_addr addr = rc_addr();
	size_t n = 0;

	switch (rc_below(4)) {
	case 0:
		endpoint.port = 0;
		break;
	case 1:
		for (unsigned labels = 1 + rc_below(4); labels > 0; labels--) {
			endpoint.host[n++] = letters[rc_below(52)];
			for (unsigned i = rc_below(50); i > 0; i--)
				endpoint.host[n++] = letters[rc_below(sizeof(letters) - 1)];
			endpoint.host[n++] = letters[rc_below(52)];
			if (labels > 1)
				endpoint.host[n++] = '.';
		}
		break;
	default:
		prg_addr_format(&addr, endpoint.host);
		if (addr.family == 6 && rc_below(4) == 0)
			strcat(endpoint.host, "%wg-up0.5");
	}
	return endpoint;
}

static inline uint16_t rc_mtu(void)
{
	return rc_below(2) != 0 ? 0 : (uint16_t)(576 + rc_below(65536 - 576));
}

static inline uint16_t rc_keepalive(void)
{
	return rc_below(3) == 0 ? 0 : (uint16_t)rc_below(65536);
}

static inline void rc_interface(struct random_client *r)
{
	rc_bytes(r->interface.public_key.bytes, PRG_KEY_BYTES);
	r->interface.mtu = rc_mtu();
	r->interface.endpoint = rc_endpoint();
	r->interface.dns = r->dns;
	r->interface.n_dns = rc_addrs(r->dns);
	r->interface.client_allowed_ips = r->shared;
	r->interface.n_client_allowed_ips = rc_prefixes(r->shared, 0, false);
	r->interface.client_keepalive_s = rc_keepalive();
}

static inline void rc_peer(struct random_client *r)
{
	r->peer.addresses = r->addresses;
	r->peer.n_addresses = rc_prefixes(r->addresses, 1, true);
	r->peer.own_dns = rc_below(2);
	r->peer.dns = r->own_dns;
	r->peer.n_dns = rc_addrs(r->own_dns);
	r->peer.own_client_allowed_ips = rc_below(2);
	r->peer.client_allowed_ips = r->own;
	r->peer.n_client_allowed_ips = rc_prefixes(r->own, 0, false);
	r->peer.own_client_keepalive = rc_below(2);
	r->peer.client_keepalive_s = rc_keepalive();
	r->peer.mtu = rc_mtu();
}

/* Points into *r, which must stay where it is. */
static inline void rc_make(struct random_client *r)
{
	memset(r, 0, sizeof(*r));
	rc_interface(r);
	rc_peer(r);
	rc_bytes(r->private_key.bytes, PRG_KEY_BYTES);
	r->private_key.bytes[0] &= 248;
	r->private_key.bytes[31] = (r->private_key.bytes[31] & 127) | 64;
	rc_bytes(r->preshared_key.bytes, PRG_KEY_BYTES);
	r->client = (struct prg_client){
		.interface = &r->interface,
		.peer = &r->peer,
		.private_key = rc_below(5) != 0 ? &r->private_key : NULL,
		.preshared_key = rc_below(3) != 0 ? &r->preshared_key : NULL,
	};
}

#endif
