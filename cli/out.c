/* SPDX-License-Identifier: ISC */
#include "out.h"

#include "cells.h"
#include "human.h"
#include "json.h"
#include "sink.h"
#include "table.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* Lists come in larger pieces, from the sink. */
static char stdout_buffer[1 << 12];

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
	if (sink.errnum)
		return sink.errnum;
	return errno ? errno : EIO;
}

void out_in_order(const struct out *out)
{
	if (out->mode == OUT_JSON)
		return;
	sink_flush();
	if (fflush(stdout) != 0 && !sink.errnum)
		sink.errnum = errno;
}

void out_done(struct out *out)
{
	for (size_t i = 0; i < OUT_COLUMNS; i++)
		free(out->cells[i].text);
	table_free(&out->table);
	memset(out, 0, sizeof(*out));
	prg_wipe(stdout_buffer, sizeof(stdout_buffer));
	sink_wipe();
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

static const char *tsv_name(const struct out_column *column)
{
	const char *dot = strrchr(column->key, '.');

	return dot ? dot + 1 : column->key;
}

/* ------------------------------------------------------- lists and records */

static void set_columns(struct out *out, const struct out_column *columns, size_t n_columns)
{
	out->columns = columns;
	out->n_columns = n_columns;
	for (size_t i = 0; i < n_columns; i++)
		out->cells[i].key = NULL;
}

void out_list(struct out *out, const char *key, const struct out_column *columns,
              size_t n_columns)
{
	if (out->mode == OUT_JSON) {
		json_open(out, key, '[', ']');
		return;
	}
	set_columns(out, columns, n_columns);
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
		sink_text(tsv_name(&columns[i]));
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
	if (out->table && !table_end(out->table))
		out->nomem = true;
	table_free(&out->table);
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
			cells_tsv(&out->cells[i]);
		}
		sink_char('\n');
	} else if (out->table) {
		out->nomem |= !table_add(out->table, out->cells);
	}
}

void out_record(struct out *out, const char *key, const struct out_column *columns,
                size_t n_columns)
{
	if (out->mode == OUT_JSON) {
		json_open(out, key, '{', '}');
		return;
	}
	set_columns(out, columns, n_columns);
	out->record = true;
	cells_clear(out);
	if (out->mode == OUT_TSV && n_columns)
		sink_text("field\tvalue\n");
}

static void label_line(const struct out_column *column, const char *text, size_t width)
{
	size_t length = strlen(column->title);

	sink_text(column->title);
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
		const char *text = cells_text(&out->cells[i]);

		if (out->mode == OUT_TSV) {
			sink_text(tsv_name(&out->columns[i]));
			sink_char('\t');
			cells_tsv(&out->cells[i]);
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
	size_t length;

	if (out->mode == OUT_JSON) { /* where key is NULL in a list */
		json_open(out, key, '{', '}');
		return;
	}
	length = strlen(key);
	if (out->nested + length + 2 <= sizeof(out->path)) {
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
	out->array = cells_find(out, key);
	if (out->array)
		(void)cells_straight(out, out->array);
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
		json_quoted(text);
	} else {
		cells_put(out, key, text, strlen(text), false);
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
		cells_put(out, key, text, length, true);
	}
}

void out_word(struct out *out, const char *key, const char *word, const char *colour)
{
	struct out_cell *cell;

	if (word)
		out_plain(out, key, word);
	else
		out_null(out, key);
	if (out->mode != OUT_TABLE || !word)
		return;
	cell = cells_find(out, key);
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
		cells_put(out, key, text, length, true);
	}
}

void out_json(struct out *out, const char *key, const char *json)
{
	if (out->mode == OUT_JSON) {
		json_key(out, key);
		sink_text(json ? json : "null");
	} else if (json) {
		cells_put(out, key, json, strlen(json), false);
	}
}

void out_null(struct out *out, const char *key)
{
	if (out->mode == OUT_JSON)
		put_number(out, key, "null", 4);
	else
		cells_null(out, key);
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
	cells_put(out, key, text, strlen(text), false);
}

static void put_size(struct out *out, const char *key, uint64_t value,
                     void (*words)(uint64_t, char[HUMAN_TEXT]))
{
	char text[HUMAN_TEXT];

	if (out->mode != OUT_TABLE) {
		out_number(out, key, value);
		return;
	}
	words(value, text);
	put_shown(out, key, text);
}

void out_bytes(struct out *out, const char *key, uint64_t value)
{
	put_size(out, key, value, human_size);
}

void out_given_bytes(struct out *out, const char *key, uint64_t value)
{
	put_size(out, key, value, human_given_size);
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
