/* SPDX-License-Identifier: ISC */
/*
 * Parser of wg-quick(8) configs. Untrusted input; fuzzed. Errors name
 * line:column. Keys case-insensitive, '#' begins a comment anywhere, CRLF and a
 * missing final newline are fine, repeated AllowedIPs, Address and DNS add up,
 * "off" is 0 for PersistentKeepalive and FwMark. Comments are kept for importers.
 *
 * Lenient, for configs that other programs wrote: keys that nobody knows are kept
 * as lines, not refused, and so are DNS and FwMark beside their values; lines that
 * pivpn has put "#[disabled] " before make peers that are disabled.
 */
#ifndef PRG_IMPORT_WGCONF_H
#define PRG_IMPORT_WGCONF_H

#include "base/secret.h"

struct prg_wgconf_peer {
	unsigned line;                     /* of its [Peer] */
	unsigned above;                    /* the last line before it that says something */
	struct prg_public_key public_key;
	const struct prg_preshared_key *preshared_key; /* in the arena; NULL: none */
	struct prg_prefix *allowed_ips;    /* host bits zeroed */
	size_t n_allowed_ips;
	struct prg_endpoint endpoint;      /* port 0: none */
	unsigned endpoint_line;
	uint16_t keepalive_s;
	bool disabled;
};
struct prg_wgconf {
	const struct prg_private_key *private_key; /* in the arena; NULL: none */
	struct prg_prefix *addresses;      /* host bits kept */
	size_t n_addresses;
	struct prg_addr *dns;
	size_t n_dns;
	char **dns_search;                 /* DNS entries that are names */
	size_t n_dns_search;
	uint16_t listen_port;
	uint16_t mtu;
	uint32_t fwmark;
	struct prg_wgconf_peer *peers;
	size_t n_peers;
	struct prg_wgconf_line {           /* keys not carried over: PostUp, Table… */
		unsigned line;
		char *text;                /* from '#' on where it is a comment */
		const char *key;           /* the key's usual name; NULL: unknown, or a comment */
		bool whole;                /* nothing else stands in that line */
	} *other;
	size_t n_other;
	struct prg_arena *arena;
};

int prg_wgconf_parse(const char *text, size_t length, struct prg_wgconf **ret,
                     struct prg_error *err);
int prg_wgconf_parse_lenient(const char *text, size_t length, struct prg_wgconf **ret,
                             struct prg_error *err);
void prg_wgconf_free(struct prg_wgconf **conf);

#endif
