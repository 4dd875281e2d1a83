/* SPDX-License-Identifier: ISC */
#include "cells.h"

#include "sink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* Keys are literals: one that found a cell before is that cell's by its address, and
 * no letter of it need be looked at. */
static bool is_cell(struct out *out, size_t at, const char *key)
{
	const char *name = out->columns[at].key;

	if (out->nested > 0 && (*name != *out->path ||
	                        strncmp(name, out->path, out->nested) != 0))
		return false;
	if (out->cells[at].key == key)
		return true;
	name += out->nested;
	if (*name != *key || strcmp(name, key) != 0)
		return false;
	out->cells[at].key = key;
	return true;
}

struct out_cell *cells_find(struct out *out, const char *key)
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

static char *tsv_escape(char *at, unsigned char c)
{
	static const char digits[] = "0123456789abcdef";
	char letter = c == '\t' ? 't' : c == '\n' ? 'n' : c == '\\' ? '\\' : 'x';

	*at++ = '\\';
	*at++ = letter;
	if (letter == 'x') {
		*at++ = digits[c >> 4];
		*at++ = digits[c & 15];
	}
	return at;
}

char *cells_escape(char *at, const char *text)
{
	for (; *text; text++) {
		if (tsv_special((unsigned char)*text))
			at = tsv_escape(at, (unsigned char)*text);
		else
			*at++ = *text;
	}
	return at;
}

static void tsv_text(const char *text, size_t length, bool plain)
{
	char escaped[CELLS_ESCAPED];
	size_t begin = 0;

	for (size_t i = plain ? length : 0; i < length; i++) {
		if (!tsv_special((unsigned char)text[i]))
			continue;
		sink_put(text + begin, i - begin);
		sink_put(escaped, (size_t)(tsv_escape(escaped, (unsigned char)text[i]) - escaped));
		begin = i + 1;
	}
	sink_put(text + begin, length - begin);
}

bool cells_straight(struct out *out, const struct out_cell *cell)
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

/* TSV: is it the field that comes next in the line, as it mostly is? Then its cell is
 * begun, and what comes is all of it. */
static bool begins_next(struct out *out, const char *key)
{
	if (out->mode != OUT_TSV || out->record || out->in_array ||
	    out->cursor != out->straight || out->straight >= out->n_columns ||
	    !is_cell(out, out->straight, key))
		return false;
	if (out->straight > 0)
		sink_char('\t');
	out->cursor = ++out->straight;
	return true;
}

void cells_put(struct out *out, const char *key, const char *text, size_t length, bool plain)
{
	struct out_cell *cell;

	if (begins_next(out, key)) {
		tsv_text(text, length, plain);
		return;
	}
	cell = out->in_array ? out->array : cells_find(out, key);
	if (!cell)
		return;
	if (cells_straight(out, cell)) {
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

void cells_null(struct out *out, const char *key)
{
	(void)begins_next(out, key);
}

void cells_clear(struct out *out)
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

const char *cells_text(const struct out_cell *cell)
{
	return cell->text ? cell->text : "";
}

void cells_tsv(const struct out_cell *cell)
{
	tsv_text(cells_text(cell), cell->length, !cell->special);
}
