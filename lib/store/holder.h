/* SPDX-License-Identifier: ISC */
/* Inside of the store: who is in the way of a prefix, in words. */
#ifndef PRG_STORE_HOLDER_H
#define PRG_STORE_HOLDER_H

#include "store/db.h"

/* Some prefix of a peer that contains this one or is it. 1: found, 0: none. */
int prg_holder_containing(struct prg_store *store, int64_t interface_id,
                          const struct prg_prefix *prefix, struct prg_prefix *ret_theirs,
                          char ret_name[PRG_NAME_BYTES + 1], struct prg_error *err);
/* The first prefix of a peer that begins within this one, likewise. */
int prg_holder_within(struct prg_store *store, int64_t interface_id,
                      const struct prg_prefix *prefix, struct prg_prefix *ret_theirs,
                      char ret_name[PRG_NAME_BYTES + 1], struct prg_error *err);
/* The first address within the prefix that is held: PRG_E_CONFLICT with words, or
 * 0 if there is none. */
int prg_holder_check_held(struct prg_store *store, int64_t interface_id,
                          const struct prg_prefix *prefix, struct prg_error *err);
/* PRG_E_CONFLICT with words about whatever is in the way; 0 if nothing is. */
int prg_holder_conflict(struct prg_store *store, int64_t interface_id,
                        const struct prg_prefix *prefix, struct prg_error *err);

#endif
