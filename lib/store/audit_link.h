/* SPDX-License-Identifier: ISC */
/* The chain's bytes, as audit.h says: what appending and verifying share. */
#ifndef PRG_STORE_AUDIT_LINK_H
#define PRG_STORE_AUDIT_LINK_H

#include <sodium.h>

#include "store/audit.h"

#define PRG_HASH_BYTES 32
#define PRG_SALT_BYTES 16

/* Bytes that a column or a caller lends. */
struct prg_span {
	const void *bytes; /* NULL: none */
	size_t length;
};

/* An entry's part of the chain. */
struct prg_link {
	int64_t number, time;
	struct prg_span verb, interface, actor;
	unsigned char commitment[PRG_HASH_BYTES];
};

/* The end of the chain: the last number that was given, and the last entry's time and
 * hash; number 0 and a zero hash before the first entry. */
struct prg_link_head {
	int64_t number, time;
	unsigned char hash[PRG_HASH_BYTES];
};

/* The highest number that was ever given, whatever was taken out since. */
#define PRG_LINK_GIVEN                                                                         \
	"max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'audit'), 0), "            \
	"coalesce((SELECT max(number) FROM audit), 0), "                                       \
	"coalesce((SELECT max(number) FROM audit_detail), 0))"

/* Length and bytes; 8 bytes of a number. */
void prg_link_add_bytes(crypto_generichash_state *state, const void *bytes, size_t length);
void prg_link_add_number(crypto_generichash_state *state, int64_t number);
void prg_link_hash(const unsigned char before[PRG_HASH_BYTES], const struct prg_link *link,
                   unsigned char ret[PRG_HASH_BYTES]);
void prg_link_commit(const unsigned char salt[PRG_SALT_BYTES], struct prg_span detail,
                     unsigned char ret[PRG_HASH_BYTES]);
/* What a peer's detail begins with, so that the commitment covers the indexed peer_id
 * too; *ret_length bytes. */
void prg_link_prefix(int64_t peer_id, char ret[40], size_t *ret_length);

#endif
