/* SPDX-License-Identifier: ISC */
#include "out.h"

#include "human.h"
#include "json.h"
#include "sink.h"
#include "table.h"

#include <errno.h>
#include <inttypes.h>
#include <libsmartcols.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static char stdout_buffer[1 << 16];

static void put(const char *text)
{
	sink_put(text, strlen(text));
}

void out_setup(struct out *out, enum out_mode mode)
{
	memset(out, 0, sizeof(*out));
	out->mode = mode;
	/* without the privilege to lock it, it may be swapped, and is wiped all the same */
	(void)mlock(stdout_buffer, sizeof(stdout_buffer));
	(void)mlock(&sink, sizeof(sink));
	(void)setvbuf(stdout, stdout_buffer, _IOFBF, sizeof(stdout_buffer));
	/* one thread writes: no lock for each character */
	(void)__fsetlocking(stdout, FSETLOCKING_BYCALLER);
}

bool out_failed(const struct out *out)
{
	return out->nomem || ferror(stdout);
}

int out_flush(struct out *out)
{
	sink_flush();
	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return out->nomem ? ENOMEM : 0;
	return errno ? errno : EIO;
}

void out_in_order(const struct out *out)
{
	if (out->mode == OUT_JSON)
		return;
	sink_flush();
	(void)fflush(stdout);
}

void out_done(struct out *out)
{
	for (size_t i = 0; i < OUT_COLUMNS; i++)
		free(out->cells[i].text);
	scols_unref_table(out->table);
	memset(out, 0, sizeof(*out));
	prg_wipe(stdout_buffer, sizeof(stdout_buffer));
	prg_wipe(&sink, sizeof(sink));
}

/* ------------------------------------------------------------------- JSON */

static void json_begin(struct out *out)
{
	if (out->begun)
		return;
	out->begun = true;
	sink_char('{');
	out->closers[out->depth++] = '}';
	out->comma = false;
}

/* Keys are ours: nothing in them is to be escaped. */
static void json_key(struct out *out, const char *key)
{
	json_begin(out);
	if (out->comma)
		sink_char(',');
	out->comma = true;
	if (key) {
		sink_char('"');
		put(key);
		sink_put("\":", 2);
	}
}

static void json_open(struct out *out, const char *key, char opener, char closer)
{
	json_key(out, key);
	sink_char(opener);
	if (out->depth < OUT_DEPTH)
		out->closers[out->depth] = closer;
	out->depth++;
	out->comma = false;
}

static void json_close(struct out *out)
{
	sink_char(out->closers[--out->depth]);
	out->comma = true;
}

void out_finish(struct out *out)
{
	if (out->mode != OUT_JSON || !out->begun)
		return;
	while (out->depth)
		json_close(out);
	sink_char('\n');
	out->begun = false;
}

void out_error(struct out *out, const struct prg_error *err)
{
	if (out->mode != OUT_JSON)
		return;
	while (out->depth > 1)
		json_close(out);
	json_open(out, "error", '{', '}');
	out_number(out, "code", (uint64_t)prg_exit_code(err->code));
	out_text(out, "reason", prg_code_name(err->code));
	out_text(out, "message", err->message);
	json_close(out);
}

/* ------------------------------------------------------------------ cells */

static void cell_append(struct out *out, struct out_cell *cell, const char *text, size_t length)
{
	if (cell->length + length + 1 > cell->capacity) {
		size_t capacity = 2 * (cell->length + length) + 32;
		char *grown = realloc(cell->text, capacity);

		if (!grown) {
			out->nomem = true;
			return;
		}
		cell->text = grown;
		cell->capacity = capacity;
	}
	memcpy(cell->text + cell->length, text, length);
	cell->length += length;
	cell->text[cell->length] = 0;
}

static bool is_cell(const struct out *out, size_t at, const char *key)
{
	const char *name = out->columns[at].key;

	if (out->nested > 0 && (*name != *out->path ||
	                        strncmp(name, out->path, out->nested) != 0))
		return false;
	name += out->nested;
	return *name == *key && strcmp(name, key) == 0;
}

/* The cell of a field, or NULL. Fields mostly come in the order of the columns. */
static struct out_cell *cell_find(struct out *out, const char *key)
{
	size_t at = out->cursor;

	for (size_t i = 0; i < out->n_columns; i++, at++) {
		if (at >= out->n_columns)
			at = 0;
		if (!is_cell(out, at, key))
			continue;
		out->cursor = at + 1;
		return &out->cells[at];
	}
	return NULL;
}

static bool tsv_special(unsigned char c)
{
	return c < 0x20 || c == 0x7f || c == '\\';
}

static void tsv_escape(unsigned char c)
{
	char escaped[8];

	if (c == '\t')
		put("\\t");
	else if (c == '\n')
		put("\\n");
	else if (c == '\\')
		put("\\\\");
	else {
		(void)snprintf(escaped, sizeof(escaped), "\\x%02x", c);
		put(escaped);
	}
}

static void tsv_text(const char *text, size_t length, bool plain)
{
	size_t begin = 0;

	for (size_t i = 0; !plain && i < length; i++) {
		if (!tsv_special((unsigned char)text[i]))
			continue;
		sink_put(text + begin, i - begin);
		tsv_escape((unsigned char)text[i]);
		begin = i + 1;
	}
	sink_put(text + begin, length - begin);
}

/* TSV: the value of a cell goes straight into the line where all cells before it are
 * there; it begins here if it is the next. */
static bool is_straight(struct out *out, const struct out_cell *cell)
{
	size_t at = (size_t)(cell - out->cells);

	if (out->mode != OUT_TSV || out->record)
		return false;
	if (at == out->straight) {
		if (at > 0)
			sink_char('\t');
		out->straight++;
	}
	return at + 1 == out->straight;
}

/* plain: as out_plain() has it. */
static void cell_put(struct out *out, const char *key, const char *text, size_t length, bool plain)
{
	struct out_cell *cell = out->in_array ? out->array : cell_find(out, key);

	if (!cell)
		return;
	if (is_straight(out, cell)) {
		if (out->in_array && cell->length)
			sink_char(',');
		tsv_text(text, length, plain);
		cell->length += length;
		return;
	}
	if (out->in_array && cell->length)
		cell_append(out, cell, ", ", out->mode == OUT_TABLE ? 2 : 1);
	cell_append(out, cell, text, length);
	cell->special |= !plain;
}

static void cells_clear(struct out *out)
{
	for (size_t i = 0; i < out->n_columns; i++) {
		out->cells[i].length = 0;
		out->cells[i].special = false;
		out->cells[i].colour = NULL;
		if (out->cells[i].text)
			out->cells[i].text[0] = 0;
	}
	out->cursor = out->straight = 0;
}

static const char *cell_text(const struct out_cell *cell)
{
	return cell->text ? cell->text : "";
}

static void tsv_cell(const struct out_cell *cell)
{
	tsv_text(cell_text(cell), cell->length, !cell->special);
}

static const char *tsv_name(const struct out_column *column)
{
	const char *dot = strrchr(column->key, '.');

	return dot ? dot + 1 : column->key;
}

/* ------------------------------------------------------- lists and records */

void out_list(struct out *out, const char *key, const struct out_column *columns,
              size_t n_columns)
{
	if (out->mode == OUT_JSON) {
		json_open(out, key, '[', ']');
		return;
	}
	out->columns = columns;
	out->n_columns = n_columns;
	out->record = false;
	if (!n_columns)
		return;
	if (out->mode == OUT_TABLE) {
		out->table = table_new(columns, n_columns);
		out->nomem |= !out->table;
		return;
	}
	for (size_t i = 0; i < n_columns && !out->headed; i++) {
		if (i)
			sink_char('\t');
		put(tsv_name(&columns[i]));
	}
	if (!out->headed)
		sink_char('\n');
}

void out_list_end(struct out *out)
{
	if (out->mode == OUT_JSON) {
		json_close(out);
		return;
	}
	sink_flush();
	if (out->table && !table_print(out->table, out->columns, out->n_columns))
		out->nomem = true;
	scols_unref_table(out->table);
	out->table = NULL;
	out->n_columns = 0;
}

void out_row(struct out *out)
{
	if (out->mode == OUT_JSON)
		json_open(out, NULL, '{', '}');
	else
		cells_clear(out);
}

void out_row_end(struct out *out)
{
	if (out->mode == OUT_JSON) {
		json_close(out);
	} else if (out->mode == OUT_TSV && out->n_columns) {
		for (size_t i = out->straight; i < out->n_columns; i++) {
			if (i)
				sink_char('\t');
			tsv_cell(&out->cells[i]);
		}
		sink_char('\n');
	} else if (out->table) {
		out->nomem |= !table_add(out->table, out->columns, out->n_columns, out->cells);
	}
}

void out_record(struct out *out, const char *key, const struct out_column *columns,
                size_t n_columns)
{
	if (out->mode == OUT_JSON) {
		json_open(out, key, '{', '}');
		return;
	}
	out->columns = columns;
	out->n_columns = n_columns;
	out->record = true;
	cells_clear(out);
	if (out->mode == OUT_TSV && n_columns)
		put("field\tvalue\n");
}

static void label_line(const struct out_column *column, const char *text, size_t width)
{
	size_t length = strlen(column->title);

	put(column->title);
	for (; length < width + 2; length++)
		sink_char(' ');
	for (; *text; text++)
		sink_char((unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text);
	sink_char('\n');
}

void out_record_end(struct out *out)
{
	size_t width = 0;

	if (out->mode == OUT_JSON) {
		json_close(out);
		return;
	}
	for (size_t i = 0; i < out->n_columns; i++)
		if (!(out->columns[i].flags & OUT_HIDE) && strlen(out->columns[i].title) > width)
			width = strlen(out->columns[i].title);
	for (size_t i = 0; i < out->n_columns; i++) {
		const char *text = cell_text(&out->cells[i]);

		if (out->mode == OUT_TSV) {
			put(tsv_name(&out->columns[i]));
			sink_char('\t');
			tsv_cell(&out->cells[i]);
			sink_char('\n');
		} else if (!(out->columns[i].flags & OUT_HIDE)) {
			label_line(&out->columns[i], *text ? text : "-", width);
		}
	}
	sink_flush();
	out->n_columns = 0;
}

void out_object(struct out *out, const char *key)
{
	size_t length = strlen(key);

	if (out->mode == OUT_JSON) {
		json_open(out, key, '{', '}');
	} else if (out->nested + length + 2 <= sizeof(out->path)) {
		memcpy(out->path + out->nested, key, length);
		out->nested += length;
		out->path[out->nested++] = '.';
		out->path[out->nested] = 0;
	}
}

void out_object_end(struct out *out)
{
	if (out->mode == OUT_JSON) {
		json_close(out);
		return;
	}
	if (out->nested > 0)
		out->nested--;
	while (out->nested > 0 && out->path[out->nested - 1] != '.')
		out->nested--;
	out->path[out->nested] = 0;
}

void out_array(struct out *out, const char *key)
{
	if (out->mode == OUT_JSON) {
		json_open(out, key, '[', ']');
		return;
	}
	out->in_array = true;
	out->array = cell_find(out, key);
	if (out->array)
		(void)is_straight(out, out->array);
}

void out_array_end(struct out *out)
{
	if (out->mode == OUT_JSON)
		json_close(out);
	out->in_array = false;
	out->array = NULL;
}

/* ----------------------------------------------------------------- values */

void out_text(struct out *out, const char *key, const char *text)
{
	if (!text) {
		out_null(out, key);
	} else if (out->mode == OUT_JSON) {
		json_key(out, key);
		json_string(text);
	} else {
		cell_put(out, key, text, strlen(text), false);
	}
}

void out_plain(struct out *out, const char *key, const char *text)
{
	size_t length = strlen(text);

	if (out->mode == OUT_JSON) {
		json_key(out, key);
		sink_char('"');
		sink_put(text, length);
		sink_char('"');
	} else {
		cell_put(out, key, text, length, true);
	}
}

void out_word(struct out *out, const char *key, const char *word, const char *colour)
{
	struct out_cell *cell;

	out_text(out, key, word);
	if (out->mode != OUT_TABLE || !word)
		return;
	cell = cell_find(out, key);
	if (cell)
		cell->colour = colour;
}

/* JSON as well as TSV have it as it is. */
static void put_number(struct out *out, const char *key, const char *text, size_t length)
{
	if (out->mode == OUT_JSON) {
		json_key(out, key);
		sink_put(text, length);
	} else {
		cell_put(out, key, text, length, true);
	}
}

void out_json(struct out *out, const char *key, const char *json)
{
	if (out->mode == OUT_JSON) {
		json_key(out, key);
		put(json ? json : "null");
	} else if (json) {
		cell_put(out, key, json, strlen(json), false);
	}
}

void out_null(struct out *out, const char *key)
{
	if (out->mode == OUT_JSON)
		put_number(out, key, "null", 4);
	else if (!out->in_array && out->straight < out->n_columns &&
	         is_cell(out, out->straight, key))
		(void)is_straight(out, &out->cells[out->straight]);
}

void out_bool(struct out *out, const char *key, bool value)
{
	const char *text = out->mode == OUT_TABLE ? value ? "yes" : "no" :
	                                            value ? "true" : "false";

	put_number(out, key, text, strlen(text));
}

void out_number(struct out *out, const char *key, uint64_t value)
{
	char text[24], *end = text + sizeof(text), *at = end;

	do
		*--at = (char)('0' + value % 10);
	while (value /= 10);
	put_number(out, key, at, (size_t)(end - at));
}

static void put_shown(struct out *out, const char *key, const char *text)
{
	cell_put(out, key, text, strlen(text), false);
}

void out_bytes(struct out *out, const char *key, uint64_t value)
{
	char text[HUMAN_TEXT];

	if (out->mode != OUT_TABLE) {
		out_number(out, key, value);
		return;
	}
	human_size(value, text);
	put_shown(out, key, text);
}

void out_duration(struct out *out, const char *key, int64_t seconds)
{
	char text[HUMAN_TEXT];

	if (!seconds) {
		out_null(out, key);
		return;
	}
	if (out->mode != OUT_TABLE) {
		out_number(out, key, (uint64_t)seconds);
		return;
	}
	human_duration(seconds, text);
	put_shown(out, key, text);
}

void out_time(struct out *out, const char *key, int64_t when)
{
	char text[HUMAN_TEXT], ago[HUMAN_TEXT], both[2 * HUMAN_TEXT + 8];

	if (!when) {
		out_null(out, key);
		return;
	}
	/* the first time that something is shown: what is shown may be news */
	if (!out->now)
		out->now = (int64_t)time(NULL);
	human_moment(when, text);
	if (out->mode != OUT_TABLE) {
		out_plain(out, key, text);
		return;
	}
	human_apart(when, out->now, ago);
	(void)snprintf(both, sizeof(both), "%s (%s)", text, ago);
	put_shown(out, key, out->record ? both : ago);
}

void out_summary(struct out *out, const char *key, const char *text)
{
	if (out->mode != OUT_JSON)
		put_shown(out, key, text);
}

void out_stand_in(struct out *out, const char *key, const char *text)
{
	if (out->mode == OUT_TABLE)
		put_shown(out, key, text);
	else
		out_null(out, key);
}
