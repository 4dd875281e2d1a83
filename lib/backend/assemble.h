/* SPDX-License-Identifier: ISC */
/*
 * Puts an observed device together piece by piece and tells an observer: the
 * device once, then each peer when it is whole. Netlink dumps and the UAPI's
 * text both end up here. Memory: one peer's.
 */
#ifndef PRG_BACKEND_ASSEMBLE_H
#define PRG_BACKEND_ASSEMBLE_H

#include "backend/backend.h"

struct prg_assembly {
	const struct prg_observer *observer;
	struct prg_wg_device device; /* filled in until device_told */
	bool device_told;
	bool peer_open;
	struct prg_wg_peer peer;     /* filled in while peer_open */
	struct prg_preshared_key preshared_key; /* all zero: none */
	struct prg_prefix *allowed_ips;
	size_t capacity;
};

/* name: what the device is called until the source says it. */
void prg_assembly_init(struct prg_assembly *assembly, const struct prg_observer *observer,
                       const char *name);
void prg_assembly_done(struct prg_assembly *assembly); /* wipes */
/* Forgets everything, to begin again. */
void prg_assembly_restart(struct prg_assembly *assembly);

/* The next pieces are this peer's; the same key as before goes on with it. All
 * three return what an observer returned, if not 0. */
int prg_assembly_peer(struct prg_assembly *assembly, const struct prg_public_key *key,
                      struct prg_error *err);
/* Host bits are zeroed. */
int prg_assembly_allowed_ip(struct prg_assembly *assembly, const struct prg_prefix *prefix,
                            struct prg_error *err);
/* Nothing more comes. */
int prg_assembly_end(struct prg_assembly *assembly, struct prg_error *err);

#define PRG_ASSEMBLY PRG_CLEANUP(prg_assembly_done) struct prg_assembly

#endif
