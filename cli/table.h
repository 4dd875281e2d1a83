/* SPDX-License-Identifier: ISC */
/*
 * A table for people. Nothing is cut where it does not go to a terminal. There,
 * what is wider than the window gives way in this order: columns that may be cut
 * end in '…', the widest first, while something of them is left; those that may be
 * folded go on in the next line; those that may be cut shrink to the '…'; and then
 * the window folds the lines itself, because a part of a name names nothing.
 */
#ifndef PEERAGE_CLI_TABLE_H
#define PEERAGE_CLI_TABLE_H

#include "out.h"

struct libscols_table *table_new(const struct out_column *columns, size_t n_columns);
/* false: out of memory */
bool table_add(struct libscols_table *table, const struct out_column *columns, size_t n_columns,
               const struct out_cell *cells);
bool table_print(struct libscols_table *table, const struct out_column *columns,
                 size_t n_columns);

#endif
