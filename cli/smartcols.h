/* SPDX-License-Identifier: ISC */
/*
 * libsmartcols, which only tables need: loaded before the first one, so that whatever
 * prints none starts faster. As the library does with its own (HACKING.md).
 */
#ifndef PEERAGE_CLI_SMARTCOLS_H
#define PEERAGE_CLI_SMARTCOLS_H

#include "peerage.h"

#include <libsmartcols.h>

/* scols_NAME() is scols.NAME(). */
#define SMARTCOLS(X)                                                                               \
	X(cell_get_data) X(cell_set_color) X(cell_set_data) X(column_get_header)                   \
	X(column_get_width) X(column_set_safechars) X(column_set_whint) X(column_set_wrapfunc)     \
	X(free_iter) X(line_get_cell) X(line_set_data) X(new_iter) X(new_table) X(print_table)     \
	X(table_enable_colors) X(table_enable_noheadings) X(table_get_column) X(table_get_nlines)  \
	X(table_new_column) X(table_new_line) X(table_next_line) X(table_remove_lines)             \
	X(table_set_column_separator) X(table_set_termforce) X(table_set_termwidth)                \
	X(unref_table) X(wrapnl_chunksize) X(wrapnl_nextchunk)

#define SMARTCOLS_POINTER(name) __typeof__(scols_##name) *name;
struct smartcols {
	SMARTCOLS(SMARTCOLS_POINTER)
};
extern struct smartcols scols;

/* Errors: PRG_E_UNSUPPORTED: it is not there. */
int smartcols_load(struct prg_error *err);

#endif
