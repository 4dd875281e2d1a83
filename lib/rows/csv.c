/* SPDX-License-Identifier: ISC */
/* Comma-separated values, RFC 4180, with a header line. Blanks round a cell that
 * is not quoted go. */
#include <stdio.h>
#include <string.h>

#include "rows/rows.h"

#define MAX_COLUMNS 64

struct csv {
	struct prg_reader *reader;
	char separator;
	size_t n_columns;
	const struct prg_row_key *keys[MAX_COLUMNS]; /* NULL: one that was a problem */
};

enum ending { CELL, ROW, BROKEN, UNCLOSED };

static bool is_blank(const struct csv *csv, char c)
{
	return c == ' ' || (c == '\t' && csv->separator != '\t');
}

/* At what ends a cell; a CR only in front of a newline. */
static bool at_end(const struct csv *csv, const char *at)
{
	const char *end = csv->reader->end;

	return at == end || *at == csv->separator || *at == '\n' ||
	       (*at == '\r' && (at + 1 == end || at[1] == '\n'));
}

/* Behind a cell: takes its separator, or the end of its row. */
static enum ending take_ending(struct csv *csv)
{
	struct prg_reader *r = csv->reader;

	if (r->at < r->end && *r->at == csv->separator) {
		r->at++;
		return CELL;
	}
	prg_reader_skip_line(r);
	return ROW;
}

static enum ending read_quoted(struct csv *csv)
{
	struct prg_reader *r = csv->reader;

	r->at++;
	for (;;) {
		const char *from = r->at;

		while (r->at < r->end && *r->at != '"' && *r->at != '\n')
			r->at++;
		prg_cell_append(r, from, (size_t)(r->at - from));
		if (r->at == r->end)
			return UNCLOSED;
		if (*r->at == '\n') {
			prg_cell_append(r, r->at++, 1);
			prg_reader_next_line(r);
			continue;
		}
		if (r->at + 1 == r->end || r->at[1] != '"')
			break;
		prg_cell_append(r, "\"", 1);
		r->at += 2;
	}
	r->at++;
	while (r->at < r->end && is_blank(csv, *r->at))
		r->at++;
	return at_end(csv, r->at) ? take_ending(csv) : BROKEN;
}

static enum ending read_plain(struct csv *csv)
{
	struct prg_reader *r = csv->reader;
	const char *from = r->at, *end;

	while (!at_end(csv, r->at)) {
		if (*r->at == '"')
			return BROKEN;
		r->at++;
	}
	for (end = r->at; end > from && is_blank(csv, end[-1]); end--)
		;
	prg_cell_append(r, from, (size_t)(end - from));
	return take_ending(csv);
}

/* One cell to the reader's; what is broken in it is told, and ends its row. */
static enum ending read_cell(struct csv *csv, struct prg_place *ret_place)
{
	struct prg_reader *r = csv->reader;
	enum ending ending;

	prg_cell_clear(r);
	while (r->at < r->end && is_blank(csv, *r->at))
		r->at++;
	*ret_place = prg_reader_place(r, r->at);
	ending = r->at < r->end && *r->at == '"' ? read_quoted(csv) : read_plain(csv);
	if (ending == BROKEN) {
		prg_row_problem(r, prg_reader_place(r, r->at),
		                "a cell with quotes needs them round all of it, and those within "
		                "it doubled");
		prg_reader_skip_line(r);
	}
	if (ending == UNCLOSED)
		prg_row_problem(r, *ret_place, "a quote that is never closed");
	return ending;
}

static void add_column(struct csv *csv, struct prg_place place)
{
	struct prg_reader *r = csv->reader;
	const struct prg_row_key *key = prg_row_key(r->cell, r->length);
	bool twice = false;
	size_t i;

	for (i = 0; i < csv->n_columns; i++)
		twice |= key != NULL && csv->keys[i] != NULL && csv->keys[i]->field == key->field;
	if (key == NULL) /* not repeated: it may be a row, with keys, in the header's place */
		prg_row_problem(r, place,
		                "no such column: the first line names the columns, such as "
		                "name,address,expires,tags,note");
	else if (twice)
		prg_row_problem(r, place, "this column is there twice");
	if (csv->n_columns == MAX_COLUMNS)
		prg_row_problem(r, place, "too many columns");
	else
		csv->keys[csv->n_columns++] = key;
}

/* False: what follows cannot be read by it. */
static bool read_header(struct csv *csv)
{
	struct prg_place place, begin = prg_reader_place(csv->reader, csv->reader->at);
	enum ending ending;
	bool name = false;
	size_t i;

	prg_row_begin(csv->reader, begin);
	do {
		ending = read_cell(csv, &place);
		if (ending == CELL || ending == ROW)
			add_column(csv, place);
	} while (ending == CELL);
	for (i = 0; i < csv->n_columns; i++)
		name |= csv->keys[i] != NULL && csv->keys[i]->field == 0;
	if (!name && !csv->reader->bad)
		prg_row_problem(csv->reader, begin, "no column is called name");
	return !csv->reader->bad;
}

static int read_row(struct csv *csv, bool *ret_more, struct prg_error *err)
{
	struct prg_reader *r = csv->reader;
	struct prg_place place, begin;
	enum ending ending;
	char reason[96];
	size_t n = 0;
	int rc = 0;

	while (r->at < r->end && is_blank(csv, *r->at))
		r->at++;
	begin = prg_reader_place(r, r->at);
	prg_row_begin(r, begin);
	do {
		ending = read_cell(csv, &place);
		if ((ending == CELL || ending == ROW) && n < csv->n_columns &&
		    (r->length > 0 || r->too_long))
			rc = prg_row_put(r, csv->keys[n], place, err);
		n++;
	} while (ending == CELL && rc == 0);
	*ret_more = ending != UNCLOSED;
	if (rc < 0)
		return rc;
	if (ending == ROW && n != csv->n_columns) {
		snprintf(reason, sizeof(reason), "%zu cell%s, where the header has %zu", n,
		         n == 1 ? "" : "s", csv->n_columns);
		prg_row_problem(r, begin, reason);
	}
	return prg_row_end(r, err);
}

/* The header's first separator is everybody's. */
static char find_separator(const struct prg_reader *reader)
{
	const char *p;

	for (p = reader->at; p < reader->end && *p != '\n'; p++)
		if (*p == ',' || *p == ';' || *p == '\t')
			return *p;
	return ',';
}

int prg_rows_csv(struct prg_reader *reader, struct prg_error *err)
{
	struct csv csv = { .reader = reader, .separator = find_separator(reader) };
	bool more = read_header(&csv);
	int rc = 0;

	while (rc == 0 && more && prg_reader_find_row(reader))
		rc = read_row(&csv, &more, err);
	return rc;
}
