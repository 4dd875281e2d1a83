/* SPDX-License-Identifier: ISC */
/* A userspace WireGuard, over its socket /var/run/wireguard/IF.sock. */
#ifndef PRG_BACKEND_UAPI_H
#define PRG_BACKEND_UAPI_H

#include "backend/vtable.h"

/* Does a program listen there (or is there a socket that we may not ask)? */
bool prg_uapi_present(const char *interface);

#endif
