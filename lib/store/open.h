/* SPDX-License-Identifier: ISC */
/* Inside of the store: files and connections, below what a register is. */
#ifndef PRG_STORE_OPEN_H
#define PRG_STORE_OPEN_H

#include "store/db.h"

/* Sets store->path and store->file (the directory resolved, so that SQLite's
 * refusal of symbolic links is about the file itself). Makes the directory
 * where `make`. PRG_E_NOT_FOUND: no such directory. */
int prg_open_paths(struct prg_store *store, const char *path, bool make, struct prg_error *err);
/* PRG_E_NOT_FOUND: absent. PRG_E_FAILED: no regular file. */
int prg_open_look(const struct prg_store *store, struct prg_error *err);
/* Refuses what is surely no register, or one of a newer version. Reads as if
 * from a read-only medium, so that a file which is refused has not even had a WAL
 * made beside it; what cannot be read like that passes, to be judged later. */
int prg_open_peek(struct prg_store *store, struct prg_error *err);
/* The same judgement through the connection, with what stands in the WAL. */
int prg_open_judge(struct prg_store *store, struct prg_error *err);
/* Makes the register under another name and links it to its own when it is
 * whole: nobody ever sees half of one, and of many makers one wins. */
int prg_open_create(struct prg_store *store, struct prg_error *err);
/* The connection, with every safety on. On failure store->db may be set. */
int prg_open_connect(struct prg_store *store, const char *file, struct prg_error *err);
/* Makes sure of WAL, which takes a moment alone where it is not so yet. */
int prg_open_wal(struct prg_store *store, struct prg_error *err);
/* Closes the connection and its statements. */
void prg_open_disconnect(struct prg_store *store);

#endif
