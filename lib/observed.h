/* SPDX-License-Identifier: ISC */
/*
 * What one dump told, packed: peers are met by key as the register goes by, in
 * whatever order. A dump that is interrupted begins again, so nothing of it can be
 * told before it has ended; this is what is kept meanwhile.
 *
 * Memory, a peer: 80 bytes, 6 for each IPv4 and 18 for each IPv6 allowed IP, up to
 * 23 for an endpoint, 32 locked for a preshared key where these are kept; and 8
 * more only where the register's order is not the interface's. That is 104 bytes
 * with one address of each family. It grows by blocks, which are not moved: copying
 * megabytes to make room for more cost as much as decoding the dump.
 */
#ifndef PRG_OBSERVED_H
#define PRG_OBSERVED_H

#include "base/secret.h"
#include "model/wg.h"

struct prg_observed_row {
	struct prg_public_key public_key;
	const struct prg_preshared_key *preshared_key; /* NULL: none, or not kept */
	const uint8_t *packed; /* the endpoint, then the allowed IPs */
	int64_t latest_handshake_at;
	uint64_t rx_bytes, tx_bytes;
	uint32_t n_allowed_ips;
	uint16_t keepalive_s;
	bool has_preshared_key : 1, has_endpoint : 1;
	bool met : 1; /* for the user of it */
};

#define PRG_OBSERVED_ROWS 1024 /* in a block */
struct prg_observed_bytes;

struct prg_observed {
	struct prg_observed_row **blocks; /* rows, in the interface's order */
	size_t n, n_blocks, capacity;     /* capacity: of the list of blocks */
	struct prg_observed_bytes *bytes; /* what is packed: the block that is filled first */
	uint32_t *slots; /* index + 1, by key; NULL: not needed so far */
	size_t n_slots;
	size_t next; /* the row behind the one that was found last */
	struct prg_arena *secrets; /* NULL: none are kept */
	struct prg_prefix *unpacked;
	size_t n_unpacked;
};

/* The i-th that was told. */
static inline struct prg_observed_row *prg_observed_row(const struct prg_observed *o, size_t i)
{
	return &o->blocks[i / PRG_OBSERVED_ROWS][i % PRG_OBSERVED_ROWS];
}

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
