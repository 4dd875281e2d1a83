/* SPDX-License-Identifier: ISC */
/*
 * Blocks of memory for secrets, all from a few stretches that are locked, kept out of core
 * dumps, and have a page before and behind them that nothing may touch. Setting one up takes
 * four system calls, and one does for hundreds of blocks. What is written past the end of
 * a block is found when it is given back, and ends the process, as libsodium's allocator
 * would.
 *
 * Memory is locked before it is used first, as far as RLIMIT_MEMLOCK goes; what is not is
 * used all the same.
 *
 * Not wiped on fork(2) (MADV_WIPEONFORK): who uses the library may go on in the child.
 */
#ifndef PRG_BASE_VAULT_H
#define PRG_BASE_VAULT_H

#include <stddef.h>

/* How large a block for `size` bytes will be; at least that. 0: too large for any. */
size_t prg_vault_size(size_t size);
/* A block of prg_vault_size() bytes, zeroed, 16-byte aligned. After sodium_init().
 * NULL: out of memory. */
void *prg_vault_take(size_t size);
/* Wipes the first `used` bytes; nothing was written behind them. NULL is fine. */
void prg_vault_give(void *block, size_t used);

#endif
