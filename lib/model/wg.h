/* SPDX-License-Identifier: ISC */
/* WireGuard as a kernel sees it: what plans are made of. */
#ifndef PRG_MODEL_WG_H
#define PRG_MODEL_WG_H

#include "peerage.h"

/* A numeric transport address; scope is an interface index for fe80::/10. */
struct prg_wg_endpoint {
	struct prg_addr addr; /* family 0: none */
	uint16_t port;
	uint32_t scope;
};

/*
 * An endpoint cannot be taken back, only replaced: by one where nobody listens,
 * 127.0.0.1, port 9 (discard, RFC 863). What is observed to be there is told as none.
 */
extern const struct prg_wg_endpoint prg_wg_nowhere;

/* One peer, desired or observed. Arrays and keys it points to belong to
 * whoever made it. */
struct prg_wg_peer {
	struct prg_public_key public_key;
	const struct prg_preshared_key *preshared_key; /* NULL: none */
	uint16_t keepalive_s;
	struct prg_wg_endpoint endpoint; /* desired: configured; observed: the last one */
	const struct prg_prefix *allowed_ips; /* host bits zero */
	size_t n_allowed_ips;
	/* observed only */
	int64_t latest_handshake_at;
	uint64_t rx_bytes, tx_bytes;
};

struct prg_wg_device {
	char name[PRG_IFNAME_TEXT];
	uint32_t ifindex;
	bool has_private_key;
	struct prg_private_key private_key; /* wipe after use */
	struct prg_public_key public_key;
	uint16_t listen_port;
	uint32_t fwmark;
};

/* A link as rtnetlink knows it. */
#define PRG_ALIAS_TEXT 257 /* IFALIASZ + 1, linux/if.h */
struct prg_link {
	uint32_t ifindex;
	uint64_t netns;             /* of this boot, the namespace that ifindex is of */
	char kind[16];              /* IFLA_INFO_KIND: "wireguard", "tun"…; "" if none */
	char alias[PRG_ALIAS_TEXT]; /* "" if none */
	uint32_t mtu;
	bool up;                    /* IFF_UP */
};

bool prg_wg_endpoint_equal(const struct prg_wg_endpoint *a, const struct prg_wg_endpoint *b);
/* Literal to numeric; a zone must name an existing link or be a number.
 * Errors: PRG_E_USAGE for a host name. */
int prg_wg_endpoint_from(const struct prg_endpoint *endpoint, struct prg_wg_endpoint *ret,
                         struct prg_error *err);
void prg_wg_endpoint_to(const struct prg_wg_endpoint *endpoint, struct prg_endpoint *ret);

#endif
