/* SPDX-License-Identifier: ISC */
/* Inside of the store: what makes a file a register, and of which version. */
#ifndef PRG_STORE_SCHEMA_H
#define PRG_STORE_SCHEMA_H

#include "store/db.h"

#define PRG_SCHEMA_APPLICATION 0x50656572 /* "Peer", in the file's header */
#define PRG_SCHEMA_VERSION 3

/* Two fields of the file's header; returns SQLite's result. */
int prg_schema_header(struct prg_store *store, int64_t *ret_application, int64_t *ret_version);
/* What they say. PRG_E_CORRUPT: not a register; PRG_E_UNSUPPORTED: of a newer
 * version. */
int prg_schema_judge(struct prg_store *store, int64_t application, int64_t version,
                     struct prg_error *err);
/* Brings an empty file or an older version to PRG_SCHEMA_VERSION, one
 * transaction a step. What is of that version already is not written to. */
int prg_schema_upgrade(struct prg_store *store, struct prg_error *err);

#endif
