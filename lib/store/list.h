/* SPDX-License-Identifier: ISC */
/* Inside of the store: growing arrays, and lists as the text of a column. */
#ifndef PRG_STORE_LIST_H
#define PRG_STORE_LIST_H

#include "peerage.h"

/* Room for one more entry than n; NULL: out of memory, and the list is as it
 * was. It grows at powers of two, so it must have been grown by this alone. */
void *prg_list_grow(void *list, size_t n, size_t size);
int prg_list_prefix(struct prg_prefix **list, size_t *n, const struct prg_prefix *prefix,
                    struct prg_error *err);

/* Comma-separated, for free(3). PRG_E_USAGE: more than PRG_ROW_LIST_MAX. */
int prg_list_prefixes_text(const struct prg_prefix *list, size_t n, char **ret,
                           struct prg_error *err);
int prg_list_addrs_text(const struct prg_addr *list, size_t n, char **ret, struct prg_error *err);

#endif
