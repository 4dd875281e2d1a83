/* SPDX-License-Identifier: ISC */
/*
 * A fake of the kernel's WireGuard for tests. State is kept by interface name in
 * the process and outlives backends; one lock guards it all, so it may be used
 * from several threads, but not from inside an observer. What is silent in the
 * kernel is silent here: an allowed IP moves to the peer that was given it last,
 * a peer with the interface's own key is dropped, removing or updating what is
 * absent does nothing.
 */
#ifndef PRG_BACKEND_MEMORY_H
#define PRG_BACKEND_MEMORY_H

#include "backend/vtable.h"

/* Forgets every interface and every hook. */
void prg_memory_reset(void);

/* Makes a link behind the program's back, in the place of one that is there;
 * removes one. */
int prg_memory_link_set(const char *interface, const char *kind, const char *alias);
void prg_memory_link_remove(const char *interface);

/* The n-th operation from now on (1: the next) fails with a code and does
 * nothing; PRG_E_NOT_FOUND: the interface is gone with it. 0: none fails. */
void prg_memory_fail(const char *interface, uint64_t n, int code);
/* The next k dumps are interrupted (each try of an observation is one). */
void prg_memory_interrupt(const char *interface, unsigned k);

/* Operations that were tried, and bytes that netlink would have taken for those
 * of WireGuard, since the reset. */
uint64_t prg_memory_ops(const char *interface);
uint64_t prg_memory_bytes(const char *interface);

/* Plays a handshake and traffic. PRG_E_NOT_FOUND: no such peer. */
int prg_memory_traffic(const char *interface, const struct prg_public_key *key,
                       int64_t latest_handshake_at, uint64_t rx_bytes, uint64_t tx_bytes,
                       const struct prg_wg_endpoint *endpoint);

#endif
