/* SPDX-License-Identifier: ISC */
#include "out.h"

#include "human.h"
#include "json.h"
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

/* One thread writes: the locks of stdio took a third of the time. */
static void put(const char *text)
{
	(void)fputs_unlocked(text, stdout);
}

void out_setup(struct out *out, enum out_mode mode)
{
	memset(out, 0, sizeof(*out));
	out->mode = mode;
	/* without the privilege to lock it, it may be swapped, and is wiped all the same */
	(void)mlock(stdout_buffer, sizeof(stdout_buffer));
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
	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return out->nomem ? ENOMEM : 0;
	return errno ? errno : EIO;
}

void out_in_order(const struct out *out)
{
	if (out->mode != OUT_JSON)
		(void)fflush(stdout);
}

void out_done(struct out *out)
{
	for (size_t i = 0; i < OUT_COLUMNS; i++)
		free(out->cells[i].text);
	scols_unref_table(out->table);
	memset(out, 0, sizeof(*out));
	prg_wipe(stdout_buffer, sizeof(stdout_buffer));
}

/* ------------------------------------------------------------------- JSON */

static void json_begin(struct out *out)
{
	if (out->begun)
		return;
	out->begun = true;
	(void)putchar_unlocked('{');
	out->closers[out->depth++] = '}';
	out->comma = false;
}

static void json_key(struct out *out, const char *key)
{
	json_begin(out);
	if (out->comma)
		(void)putchar_unlocked(',');
	out->comma = true;
	if (key) {
		json_string(stdout, key);
		(void)putchar_unlocked(':');
	}
}

static void json_open(struct out *out, const char *key, char opener, char closer)
{
	json_key(out, key);
	(void)putchar_unlocked(opener);
	if (out->depth < OUT_DEPTH)
		out->closers[out->depth] = closer;
	out->depth++;
	out->comma = false;
}

static void json_close(struct out *out)
{
	(void)putchar_unlocked(out->closers[--out->depth]);
	out->comma = true;
}

void out_finish(struct out *out)
{
	if (out->mode != OUT_JSON || !out->begun)
		return;
	while (out->depth)
		json_close(out);
	(void)putchar_unlocked('\n');
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

static void cell_append(struct out *out, struct out_cell *cell, const char *text)
{
	size_t length = strlen(text);

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
	memcpy(cell->text + cell->length, text, length + 1);
	cell->length += length;
}

/* The cell of a field, or NULL. Fields mostly come in the order of the columns. */
static struct out_cell *cell_find(struct out *out, const char *key)
{
	size_t prefix = strlen(out->path);

	for (size_t i = 0; i < out->n_columns; i++) {
		size_t at = (out->cursor + i) % out->n_columns;
		const char *name = out->columns[at].key;

		if (strncmp(name, out->path, prefix) == 0 && strcmp(name + prefix, key) == 0) {
			out->cursor = at + 1;
			return &out->cells[at];
		}
	}
	return NULL;
}

static void cell_put(struct out *out, const char *key, const char *text)
{
	struct out_cell *cell;

	if (out->in_array) {
		if (out->array && out->array->length)
			cell_append(out, out->array, out->mode == OUT_TABLE ? ", " : ",");
		if (out->array)
			cell_append(out, out->array, text);
		return;
	}
	cell = cell_find(out, key);
	if (cell)
		cell_append(out, cell, text);
}

static void cells_clear(struct out *out)
{
	for (size_t i = 0; i < out->n_columns; i++) {
		out->cells[i].length = 0;
		out->cells[i].colour = NULL;
		if (out->cells[i].text)
			out->cells[i].text[0] = 0;
	}
	out->cursor = 0;
}

static const char *cell_text(const struct out_cell *cell)
{
	return cell->text ? cell->text : "";
}

/* Bytes at the beginning that stand for themselves, by table: most of a line is. */
static size_t tsv_plain(const char *text)
{
	static bool special[256];
	size_t n = 0;

	if (!special[0]) {
		for (unsigned c = 0; c < 0x20; c++)
			special[c] = true;
		special[0x7f] = special['\\'] = true;
	}
	while (!special[(unsigned char)text[n]])
		n++;
	return n;
}

static void tsv_text(const char *text)
{
	while (*text) {
		size_t plain = tsv_plain(text);
		unsigned char c = (unsigned char)text[plain];

		(void)fwrite_unlocked(text, 1, plain, stdout);
		text += plain;
		if (c == '\t')
			put("\\t");
		else if (c == '\n')
			put("\\n");
		else if (c == '\\')
			put("\\\\");
		else if (c != 0)
			(void)printf("\\x%02x", c);
		text += c != 0;
	}
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
	for (size_t i = 0; i < n_columns; i++)
		(void)printf("%s%s", i ? "\t" : "", tsv_name(&columns[i]));
	(void)putchar_unlocked('\n');
}

void out_list_end(struct out *out)
{
	if (out->mode == OUT_JSON) {
		json_close(out);
		return;
	}
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
		for (size_t i = 0; i < out->n_columns; i++) {
			if (i)
				(void)putchar_unlocked('\t');
			tsv_text(cell_text(&out->cells[i]));
		}
		(void)putchar_unlocked('\n');
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
	(void)printf("%-*s  ", (int)width, column->title);
	for (; *text; text++)
		(void)putchar_unlocked((unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text);
	(void)putchar_unlocked('\n');
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
			(void)printf("%s\t", tsv_name(&out->columns[i]));
			tsv_text(text);
			(void)putchar_unlocked('\n');
		} else if (!(out->columns[i].flags & OUT_HIDE)) {
			label_line(&out->columns[i], *text ? text : "-", width);
		}
	}
	out->n_columns = 0;
}

void out_object(struct out *out, const char *key)
{
	size_t used = strlen(out->path);

	if (out->mode == OUT_JSON)
		json_open(out, key, '{', '}');
	else if (used + strlen(key) + 2 <= sizeof(out->path))
		(void)strcpy(stpcpy(out->path + used, key), ".");
}

void out_object_end(struct out *out)
{
	char *dot;

	if (out->mode == OUT_JSON) {
		json_close(out);
		return;
	}
	if (*out->path)
		out->path[strlen(out->path) - 1] = 0;
	dot = strrchr(out->path, '.');
	if (dot)
		dot[1] = 0;
	else
		out->path[0] = 0;
}

void out_array(struct out *out, const char *key)
{
	if (out->mode == OUT_JSON) {
		json_open(out, key, '[', ']');
		return;
	}
	out->in_array = true;
	out->array = cell_find(out, key);
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
		json_string(stdout, text);
	} else {
		cell_put(out, key, text);
	}
}

void out_word(struct out *out, const char *key, const char *word, const char *colour)
{
	struct out_cell *cell;

	out_text(out, key, word);
	if (out->mode == OUT_JSON || !word)
		return;
	cell = cell_find(out, key);
	if (cell)
		cell->colour = colour;
}

void out_json(struct out *out, const char *key, const char *json)
{
	if (out->mode == OUT_JSON) {
		json_key(out, key);
		put(json ? json : "null");
	} else if (json) {
		cell_put(out, key, json);
	}
}

void out_null(struct out *out, const char *key)
{
	if (out->mode == OUT_JSON)
		out_json(out, key, NULL);
}

void out_bool(struct out *out, const char *key, bool value)
{
	if (out->mode == OUT_TABLE)
		cell_put(out, key, value ? "yes" : "no");
	else
		out_json(out, key, value ? "true" : "false");
}

void out_number(struct out *out, const char *key, uint64_t value)
{
	char text[24], *at = text + sizeof(text) - 1;

	*at = 0;
	do
		*--at = (char)('0' + value % 10);
	while (value /= 10);
	out_json(out, key, at);
}

void out_bytes(struct out *out, const char *key, uint64_t value)
{
	char text[HUMAN_TEXT];

	if (out->mode != OUT_TABLE) {
		out_number(out, key, value);
		return;
	}
	human_size(value, text);
	cell_put(out, key, text);
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
	human_apart(when, out->now, ago);
	(void)snprintf(both, sizeof(both), "%s (%s)", text, ago);
	if (out->mode != OUT_TABLE)
		out_text(out, key, text);
	else
		cell_put(out, key, out->record ? both : ago);
}

void out_summary(struct out *out, const char *key, const char *text)
{
	if (out->mode != OUT_JSON)
		cell_put(out, key, text);
}

void out_stand_in(struct out *out, const char *key, const char *text)
{
	if (out->mode == OUT_TABLE)
		cell_put(out, key, text);
	else
		out_null(out, key);
}
