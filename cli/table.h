/* SPDX-License-Identifier: ISC */
/*
 * A table for people. Nothing is cut where it does not go to a terminal. There,
 * what is wider than the window gives way in this order: columns that may be cut
 * end in '…', the widest first, while something of them is left; those that may be
 * folded go on in the next line; those that may be cut shrink to the '…'; and then
 * the window folds the lines itself, because a part of a name names nothing.
 *
 * A thousand lines are held and laid out at a time, so that memory does not grow with
 * the table. Columns that later lines need wider get wider there, and stay so.
 */
#ifndef PEERAGE_CLI_TABLE_H
#define PEERAGE_CLI_TABLE_H

#include "out.h"

struct table *table_new(const struct out_column *columns, size_t n_columns);
void table_free(struct table **table);
/* Prints what is held, once that is a thousand lines. false: out of memory */
bool table_add(struct table *table, const struct out_cell *cells);
/* Prints the rest. */
bool table_end(struct table *table);

#endif
