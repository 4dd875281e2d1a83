/* SPDX-License-Identifier: ISC */
/*
 * The cells of one row, for tables and TSV: each field goes into that of its column,
 * and one without a column nowhere. TSV does not wait for the row to be whole: as
 * long as fields come in the order of the columns they go straight to the sink.
 */
#ifndef PEERAGE_CLI_CELLS_H
#define PEERAGE_CLI_CELLS_H

#include "out.h"

/* Empties them for the next row. */
void cells_clear(struct out *out);
/* The cell of a field, or NULL. Fields mostly come in the order of the columns. */
struct out_cell *cells_find(struct out *out, const char *key);
/* Puts a value into the cell of its field, or into the array that is open, behind a
 * comma. plain: as out_plain() has it. */
void cells_put(struct out *out, const char *key, const char *text, size_t length, bool plain);
/* Its cell stays empty. */
void cells_null(struct out *out, const char *key);
/* TSV: the value of a cell goes straight into the line where all cells before it are
 * there; it begins here if it is the next. */
bool cells_straight(struct out *out, const struct out_cell *cell);
/* A text as it stands in TSV, CELLS_ESCAPED bytes for one at most; returns its end. */
#define CELLS_ESCAPED 4
char *cells_escape(char *at, const char *text);
/* Never NULL. */
const char *cells_text(const struct out_cell *cell);
/* Into the sink, escaped. */
void cells_tsv(const struct out_cell *cell);

#endif
