/* SPDX-License-Identifier: ISC */
/*
 * What one dump told, packed: peers are met by key as the register goes by, in
 * whatever order. A dump that is interrupted begins again, so nothing of it can be
 * told before it has ended; this is what is kept meanwhile.
 *
 * Memory, a peer: 80 bytes, 6 for each IPv4 and 18 for each IPv6 allowed IP, up to
 * 23 for an endpoint, 32 locked for a preshared key where these are kept; and 8
 * more only where the register's order is not the interface's. That is 104 bytes
 * with one address of each family, of which growing wastes at most half.
 */
#ifndef PRG_OBSERVED_H
#define PRG_OBSERVED_H

#include "base/secret.h"
#include "model/wg.h"

struct prg_observed_row {
	struct prg_public_key public_key;
	const struct prg_preshared_key *preshared_key; /* NULL: none, or not kept */
	int64_t latest_handshake_at;
	uint64_t rx_bytes, tx_bytes;
	uint32_t at; /* of the endpoint, then of the allowed IPs, in the packed bytes */
	uint32_t n_allowed_ips;
	uint16_t keepalive_s;
	bool has_preshared_key, has_endpoint;
	bool met; /* for the user of it */
};

struct prg_observed {
	struct prg_observed_row *rows; /* in the interface's order */
	size_t n, capacity;
	uint8_t *bytes;
	size_t n_bytes, bytes_capacity;
	uint32_t *slots; /* index + 1, by key; NULL: not needed so far */
	size_t n_slots;
	size_t next; /* the row behind the one that was found last */
	struct prg_arena *secrets; /* NULL: none are kept */
	struct prg_prefix *unpacked;
	size_t n_unpacked;
};

/* Zeroed is empty. keep_secrets: preshared keys too, not only whether there is one. */
int prg_observed_add(struct prg_observed *o, const struct prg_wg_peer *peer, bool keep_secrets,
                     struct prg_error *err);
/* Empty again. */
void prg_observed_clear(struct prg_observed *o);
void prg_observed_done(struct prg_observed *o);

/* *ret NULL: there is none of that key. */
int prg_observed_find(struct prg_observed *o, const struct prg_public_key *key,
                      struct prg_observed_row **ret, struct prg_error *err);
/* As it was told; allowed IPs are valid until the next call. Without a preshared
 * key where these are not kept. */
int prg_observed_peer(struct prg_observed *o, const struct prg_observed_row *row,
                      struct prg_wg_peer *ret, struct prg_error *err);

#define PRG_OBSERVED PRG_CLEANUP(prg_observed_done) struct prg_observed

#endif
