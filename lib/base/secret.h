/* SPDX-License-Identifier: ISC */
/*
 * Memory for secrets: locked, kept out of core dumps, wiped when freed.
 *
 * One allocation of sodium_malloc() a key fails at about 16,000 keys (the map
 * count), so a batch takes its keys from one arena. memory that could not be
 * locked (RLIMIT_MEMLOCK) is used all the same: it is still wiped and undumped.
 */
#ifndef PRG_BASE_SECRET_H
#define PRG_BASE_SECRET_H

#include "base/cleanup.h"
#include "peerage.h"

struct prg_arena;

int prg_arena_new(struct prg_arena **ret_arena, struct prg_error *err);
void prg_arena_free(struct prg_arena **arena);
/* Zeroed, 16-byte aligned; lives as long as the arena. NULL: out of memory. */
void *prg_arena_take(struct prg_arena *arena, size_t length);

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
