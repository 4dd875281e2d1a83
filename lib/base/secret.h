/* SPDX-License-Identifier: ISC */
/*
 * Memory for secrets: locked, kept out of core dumps, wiped when freed (base/vault.h).
 * A batch takes its keys from one arena.
 */
#ifndef PRG_BASE_SECRET_H
#define PRG_BASE_SECRET_H

#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "peerage.h"

struct prg_arena;

int prg_arena_new(struct prg_arena **ret_arena, struct prg_error *err);
void prg_arena_free(struct prg_arena **arena);
/* Zeroed, 16-byte aligned; lives as long as the arena. NULL: out of memory. */
void *prg_arena_take(struct prg_arena *arena, size_t length);

/* In constant time and by words: libsodium's goes by bytes, and 100,000 peers have three
 * comparisons each. */
static inline bool prg_secret_equal(const void *a, const void *b)
{
	uint64_t differ = 0;

	for (size_t i = 0; i < PRG_KEY_BYTES; i += sizeof(differ)) {
		uint64_t one, other;

		memcpy(&one, (const unsigned char *)a + i, sizeof(one));
		memcpy(&other, (const unsigned char *)b + i, sizeof(other));
		differ |= one ^ other;
	}
	return differ == 0;
}
/* 32 bytes, as of any key. */
static inline bool prg_secret_is_zero(const void *bytes)
{
	static const unsigned char none[PRG_KEY_BYTES];

	return prg_secret_equal(bytes, none);
}

static inline void prg_cleanup_private_key(struct prg_private_key *key)
{
	prg_wipe(key, sizeof(*key));
}
static inline void prg_cleanup_preshared_key(struct prg_preshared_key *key)
{
	prg_wipe(key, sizeof(*key));
}
static inline void prg_cleanup_key_text(char (*text)[PRG_KEY_TEXT])
{
	prg_wipe(*text, sizeof(*text));
}

/* On the stack, wiped at the end of the scope. */
#define PRG_PRIVATE_KEY PRG_CLEANUP(prg_cleanup_private_key) struct prg_private_key
#define PRG_PRESHARED_KEY PRG_CLEANUP(prg_cleanup_preshared_key) struct prg_preshared_key
#define PRG_CLEANUP_TEXT PRG_CLEANUP(prg_text_free)

/* Growing text in an arena-like block; what it outgrows is wiped.
 * Functions return 0 or PRG_E_NOMEM; after a failure the text is unchanged. */
int prg_text_new(struct prg_text **ret_text, struct prg_error *err);
int prg_text_append(struct prg_text *text, const void *bytes, size_t length,
                    struct prg_error *err);
int prg_text_printf(struct prg_text *text, struct prg_error *err, const char *format, ...)
        PRG_PRINTF(3, 4);

#endif
