/* SPDX-License-Identifier: ISC */
/* Inside of the store: rows of 32 secret bytes, appended, zeroed in place. */
#ifndef PRG_STORE_SECRET_H
#define PRG_STORE_SECRET_H

#include "store/db.h"

#define PRG_SECRET_BYTES 32

int prg_secret_insert(struct prg_store *store, const unsigned char bytes[PRG_SECRET_BYTES],
                      int64_t *ret_id, struct prg_error *err);
/* Zeroes it in place and leaves an erase row. */
int prg_secret_zero(struct prg_store *store, int64_t id, struct prg_error *err);
/* What a statement's column holds. All zero was erased: such is PRG_E_CORRUPT
 * for whoever still refers to it. `whose` is for the message. */
int prg_secret_column(struct prg_stmt *stmt, int column, const char *whose,
                      unsigned char ret_bytes[PRG_SECRET_BYTES], struct prg_error *err);
/* Notes that the WAL must be truncated. */
int prg_secret_note_erase(struct prg_store *store, struct prg_error *err);
/* Notes that the file must be made anew. */
int prg_secret_note_rebuild(struct prg_store *store, struct prg_error *err);

#endif
