/* SPDX-License-Identifier: ISC */
#include "table.h"

#include "own.h"
#include "sink.h"
#include "smartcols.h"
#include "term.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

#define GAP "  "
#define COMFORT 8        /* columns that leave something to read of what is cut */
#define LONG_WORD 40     /* columns: no address is wider; a key is, and may be broken */
#define BROKEN    24     /* how narrow a column may then become */
#define MAY_CUT   (OUT_CUT | OUT_CUT_LAST)
#define NO_LIMIT 1000000 /* columns: what has to be cut is cut here */
#define BLOCK 1000       /* lines that are held at a time: 5 KB each */

/* Of all lines so far: later ones are laid out by earlier ones, too. */
struct layout {
	size_t n;
	struct {
		unsigned flags;
		size_t natural, least, width;
	} columns[OUT_COLUMNS];
};

struct table {
	const struct out_column *columns;
	size_t n_columns;
	struct libscols_table *lines; /* those that are not printed yet */
	struct layout layout;
	bool headed;
};

static void own_iter(struct libscols_iter **iter)
{
	scols.free_iter(*iter);
}

static struct libscols_column *add_column(struct libscols_table *table,
                                          const struct out_column *column)
{
	struct libscols_column *made =
		scols.table_new_column(table, column->title, 0,
	                               (column->flags & OUT_RIGHT ? SCOLS_FL_RIGHT : 0) |
	                               (column->flags & OUT_FOLD ? SCOLS_FL_WRAP : 0));

	if (made && column->flags & OUT_FOLD &&
	    (scols.column_set_safechars(made, "\n") != 0 ||
	     scols.column_set_wrapfunc(made, scols.wrapnl_chunksize, scols.wrapnl_nextchunk,
	                               NULL) != 0))
		return NULL;
	return made;
}

static struct libscols_table *new_lines(const struct out_column *columns, size_t n_columns)
{
	struct libscols_table *lines = smartcols_load(NULL) ? NULL : scols.new_table();

	if (!lines)
		return NULL;
	(void)scols.table_set_termforce(lines, term_is(STDOUT_FILENO) ?
	                                SCOLS_TERMFORCE_ALWAYS : SCOLS_TERMFORCE_NEVER);
	(void)scols.table_set_termwidth(lines, NO_LIMIT);
	(void)scols.table_enable_colors(lines, term_colour());
	(void)scols.table_set_column_separator(lines, GAP);
	for (size_t i = 0; i < n_columns; i++) {
		if (columns[i].flags & OUT_HIDE || add_column(lines, &columns[i]))
			continue;
		scols.unref_table(lines);
		return NULL;
	}
	return lines;
}

static void layout_init(struct layout *layout, const struct out_column *columns, size_t n_columns)
{
	layout->n = 0;
	for (size_t i = 0; i < n_columns; i++) {
		size_t width = strlen(columns[i].title);

		if (columns[i].flags & OUT_HIDE)
			continue;
		layout->columns[layout->n].flags = columns[i].flags;
		layout->columns[layout->n].natural = width;
		layout->columns[layout->n++].least = columns[i].flags & MAY_CUT ? 1 : width;
	}
}

struct table *table_new(const struct out_column *columns, size_t n_columns)
{
	struct table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	table->columns = columns;
	table->n_columns = n_columns;
	layout_init(&table->layout, columns, n_columns);
	table->lines = new_lines(columns, n_columns);
	if (!table->lines)
		table_free(&table);
	return table;
}

void table_free(struct table **table)
{
	if (*table)
		scols.unref_table((*table)->lines);
	free(*table);
	*table = NULL;
}

/* ------------------------------------------------------------------ widths */

/* The next line of a text that is folded. */
static size_t next_part(const char *text, size_t width)
{
	size_t length = text_fold(text, width, false);
	OWN_FREE char *part = width >= BROKEN ? strndup(text, length) : NULL;

	return part && text_width(part) > width ? text_fit(text, width) : length;
}

/* The widest line of a text that is folded. */
static size_t widest_part(const char *text, size_t fold_at)
{
	size_t widest = 0;

	while (*text) {
		size_t length = next_part(text, fold_at), width = 0;
		OWN_FREE char *part = strndup(text, length);

		if (part)
			width = text_width(part);
		if (width > widest)
			widest = width;
		text += length;
		text += *text == ' ';
	}
	return widest;
}

static void measure_cell(struct layout *layout, size_t at, const char *text)
{
	unsigned flags = layout->columns[at].flags;
	size_t width = text_width(text);
	size_t least = flags & MAY_CUT ? 0 : flags & OUT_FOLD ? widest_part(text, 1) : width;

	if (flags & OUT_FOLD && least > LONG_WORD)
		least = BROKEN;
	if (width > layout->columns[at].natural)
		layout->columns[at].natural = width;
	if (least > layout->columns[at].least)
		layout->columns[at].least = least;
}

static bool measure(struct libscols_table *lines, struct layout *layout)
{
	OWN(own_iter) struct libscols_iter *iter = scols.new_iter(SCOLS_ITER_FORWARD);
	struct libscols_line *line;

	while (iter && scols.table_next_line(lines, iter, &line) == 0)
		for (size_t i = 0; i < layout->n; i++)
			measure_cell(layout, i, scols.cell_get_data(scols.line_get_cell(line, i)));
	for (size_t i = 0; i < layout->n; i++)
		layout->columns[i].width = layout->columns[i].natural;
	return iter != NULL;
}

static size_t total(const struct layout *layout)
{
	size_t sum = layout->n ? (layout->n - 1) * strlen(GAP) : 0;

	for (size_t i = 0; i < layout->n; i++)
		sum += layout->columns[i].width;
	return sum;
}

/* Narrows those with `flag`, the widest first, as far as `floor` allows. */
static void narrow(struct layout *layout, unsigned flag, size_t floor, size_t window)
{
	for (size_t excess = total(layout); excess > window; excess--) {
		size_t from = layout->n;

		for (size_t i = 0; i < layout->n; i++)
			if (layout->columns[i].flags & flag && layout->columns[i].width > floor &&
			    layout->columns[i].width > layout->columns[i].least &&
			    (from == layout->n ||
			     layout->columns[i].width > layout->columns[from].width))
				from = i;
		if (from == layout->n)
			return;
		layout->columns[from].width--;
	}
}

/* Gives what is left over to those with `flag`, the narrowest first. */
static void widen(struct layout *layout, unsigned flag, size_t window)
{
	for (size_t used = total(layout); used < window; used++) {
		size_t to = layout->n;

		for (size_t i = 0; i < layout->n; i++)
			if (layout->columns[i].flags & flag &&
			    layout->columns[i].width < layout->columns[i].natural &&
			    (to == layout->n ||
			     layout->columns[i].width < layout->columns[to].width))
				to = i;
		if (to == layout->n)
			return;
		layout->columns[to].width++;
	}
}

/* Lines that are folded mostly end before the column does: it is as wide as the
 * widest of them. */
static bool tighten(struct libscols_table *table, struct layout *layout, size_t at)
{
	OWN(own_iter) struct libscols_iter *iter = scols.new_iter(SCOLS_ITER_FORWARD);
	struct libscols_line *line;
	size_t width = layout->columns[at].least;

	while (iter && scols.table_next_line(table, iter, &line) == 0) {
		const char *text = scols.cell_get_data(scols.line_get_cell(line, at));
		size_t widest = widest_part(text, layout->columns[at].width);

		if (widest > width)
			width = widest;
	}
	layout->columns[at].width = width;
	return iter != NULL;
}

static bool fit(struct libscols_table *table, struct layout *layout, size_t window)
{
	bool done = true;

	narrow(layout, OUT_CUT, COMFORT, window);
	if (total(layout) > window) {
		narrow(layout, OUT_FOLD, 0, window);
		for (size_t i = 0; done && i < layout->n; i++)
			if (layout->columns[i].flags & OUT_FOLD)
				done = tighten(table, layout, i);
		narrow(layout, OUT_CUT_LAST, COMFORT, window);
		narrow(layout, MAY_CUT, 0, window);
		widen(layout, MAY_CUT, window);
	}
	return done;
}

/* ------------------------------------------------------------------- cells */

static bool cut(struct libscols_cell *cell, size_t width)
{
	static const char ellipsis[] = "…";
	const char *text = scols.cell_get_data(cell);
	size_t length = text_fit(text, width - 1);
	OWN_FREE char *shorter = malloc(length + sizeof(ellipsis));

	if (!shorter)
		return false;
	memcpy(shorter, text, length);
	memcpy(shorter + length, ellipsis, sizeof(ellipsis));
	return scols.cell_set_data(cell, shorter) == 0;
}

static bool fold(struct libscols_cell *cell, size_t width)
{
	const char *text = scols.cell_get_data(cell);
	OWN_FREE char *folded = malloc(2 * strlen(text) + 1);
	char *end = folded;

	if (!folded)
		return false;
	for (const char *line = text; *line;) {
		size_t length = next_part(line, width);

		memcpy(end, line, length);
		end += length;
		line += length;
		line += *line == ' ';
		if (*line)
			*end++ = '\n';
	}
	*end = 0;
	return scols.cell_set_data(cell, folded) == 0;
}

/* A heading does not keep a column wide. */
static bool shape_headings(struct libscols_table *table, const struct layout *layout)
{
	bool done = true;

	for (size_t i = 0; done && i < layout->n; i++) {
		struct libscols_cell *heading =
			scols.column_get_header(scols.table_get_column(table, i));

		if (text_width(scols.cell_get_data(heading)) > layout->columns[i].width)
			done = cut(heading, layout->columns[i].width);
	}
	return done;
}

static bool shape(struct libscols_table *table, const struct layout *layout)
{
	OWN(own_iter) struct libscols_iter *iter = scols.new_iter(SCOLS_ITER_FORWARD);
	struct libscols_line *line;
	bool done = iter && shape_headings(table, layout);

	while (done && scols.table_next_line(table, iter, &line) == 0)
		for (size_t i = 0; done && i < layout->n; i++) {
			struct libscols_cell *cell = scols.line_get_cell(line, i);
			size_t width = layout->columns[i].width;

			if (width == layout->columns[i].natural ||
			    text_width(scols.cell_get_data(cell)) <= width)
				continue;
			done = layout->columns[i].flags & MAY_CUT ? cut(cell, width)
			                                          : fold(cell, width);
		}
	return done;
}

/* ------------------------------------------------------------------ blocks */

/* No column is narrower than in the block before, unless the window wants it. */
static void keep_widths(struct table *table, bool in_window)
{
	for (size_t i = 0; i < table->layout.n; i++) {
		struct libscols_column *column = scols.table_get_column(table->lines, i);
		size_t width = scols.column_get_width(column);

		if (in_window && width > table->layout.columns[i].width)
			width = table->layout.columns[i].width;
		(void)scols.column_set_whint(column, (double)width);
	}
}

static bool print_block(struct table *table)
{
	bool in_window = term_is(STDOUT_FILENO), done = true;
	unsigned window, rows;

	term_size(&window, &rows);
	if (in_window)
		done = measure(table->lines, &table->layout) &&
		       fit(table->lines, &table->layout, window) &&
		       shape(table->lines, &table->layout);
	if (!done)
		return false;
	if (table->headed)
		keep_widths(table, in_window);
	(void)scols.table_enable_noheadings(table->lines, table->headed);
	table->headed = true;
	sink_flush();
	done = scols.print_table(table->lines) == 0;
	scols.table_remove_lines(table->lines);
	return done;
}

bool table_add(struct table *table, const struct out_cell *cells)
{
	struct libscols_line *line;
	size_t at = 0;

	if (scols.table_get_nlines(table->lines) == BLOCK && !print_block(table))
		return false;
	line = scols.table_new_line(table->lines, NULL);
	for (size_t i = 0; line && i < table->n_columns; i++) {
		const char *text = cells[i].text;

		if (table->columns[i].flags & OUT_HIDE)
			continue;
		if (scols.line_set_data(line, at, text && *text ? text : "-") != 0)
			return false;
		if (cells[i].colour)
			(void)scols.cell_set_color(scols.line_get_cell(line, at), cells[i].colour);
		at++;
	}
	return line != NULL;
}

bool table_end(struct table *table)
{
	return !scols.table_get_nlines(table->lines) || print_block(table);
}
