/* SPDX-License-Identifier: ISC */
/* What the memory backend keeps: interfaces, peers, who owns which allowed IP.
 * The caller holds the lock. Only memory*.c include this. */
#ifndef PRG_BACKEND_MEMORY_STATE_H
#define PRG_BACKEND_MEMORY_STATE_H

#include "backend/prefixes.h"
#include "model/wg.h"

struct fake_peer {
	struct prg_public_key key; /* first: what trees compare */
	struct prg_wg_peer values; /* pointers are filled in when told */
	struct prg_preshared_key preshared_key;
	struct prg_prefixes allowed_ips;
	struct fake_peer *next, *previous;
};

struct fake {
	char name[PRG_IFNAME_TEXT];
	struct fake *next;
	bool exists;
	struct prg_link link;
	struct prg_wg_device device;
	struct fake_peer *first, *last; /* in order of creation */
	size_t n_peers;
	void *by_key; /* tsearch(3) trees */
	void *by_prefix;
	struct prg_prefixes addresses, routes;
	/* hooks */
	uint64_t ops, bytes, fail_at;
	int fail_code;
	unsigned interrupt;
};

/* Adds a peer at the end; NULL: out of memory. */
struct fake_peer *prg_memory_add_peer(struct fake *interface, const struct prg_public_key *key);
struct fake_peer *prg_memory_find_peer(const struct fake *interface,
				       const struct prg_public_key *key);
void prg_memory_remove_peer(struct fake *interface, struct fake_peer *peer);

/* Gives a peer an allowed IP, taking it from whoever has it, as the kernel does.
 * 0 or PRG_E_NOMEM. */
int prg_memory_own(struct fake *interface, struct fake_peer *peer, const struct prg_prefix *prefix);
void prg_memory_disown_all(struct fake *interface, const struct fake_peer *peer);

/* A record for the name, whether or not there is a link; NULL: none. make: NULL
 * is out of memory. */
struct fake *prg_memory_find(const char *name);
struct fake *prg_memory_make(const char *name);
/* Turns a record into a fresh link; into none. */
void prg_memory_create(struct fake *interface, const char *kind, const char *alias);
void prg_memory_empty(struct fake *interface);
/* Forgets all records. */
void prg_memory_forget(void);

#endif
