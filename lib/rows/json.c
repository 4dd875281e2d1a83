/* SPDX-License-Identifier: ISC */
/* JSON lines: one object of RFC 8259 a line, its values texts, numbers, arrays of
 * those, or null. */
#include <string.h>

#include "rows/rows.h"

/* Why a line cannot be read; NULL: it can. The reader stands where. */
typedef const char *broken;

static const char not_one[] = "expected one object a line, such as {\"name\":\"alice\"}";

static int peek(const struct prg_reader *r)
{
	return r->at < r->end ? (unsigned char)*r->at : '\n';
}

static void skip_blanks(struct prg_reader *r)
{
	while (peek(r) == ' ' || peek(r) == '\t' || peek(r) == '\r')
		r->at++;
}

static bool take(struct prg_reader *r, char c)
{
	skip_blanks(r);
	if (peek(r) != c)
		return false;
	r->at++;
	return true;
}

static int hex_digit(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool take_hex4(struct prg_reader *r, uint32_t *ret)
{
	uint32_t value = 0;
	int i;

	for (i = 0; i < 4; i++) {
		int digit = hex_digit(peek(r));

		if (digit < 0)
			return false;
		value = value << 4 | (uint32_t)digit;
		r->at++;
	}
	*ret = value;
	return true;
}

static void append_utf8(struct prg_reader *r, uint32_t c)
{
	char bytes[4];
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4, i;

	for (i = n; i-- > 1; c >>= 6)
		bytes[i] = (char)(0x80 | (c & 0x3f));
	bytes[0] = (char)(n == 1 ? c : (0xf00 >> n & 0xf0) | c);
	prg_cell_append(r, bytes, n);
}

/* Behind "\u". */
static bool take_escaped(struct prg_reader *r)
{
	uint32_t c, low;

	if (!take_hex4(r, &c))
		return false;
	if (c >= 0xdc00 && c < 0xe000)
		return false;
	if (c >= 0xd800 && c < 0xdc00) {
		if (peek(r) != '\\' || r->at + 1 == r->end || r->at[1] != 'u')
			return false;
		r->at += 2;
		if (!take_hex4(r, &low) || low < 0xdc00 || low >= 0xe000)
			return false;
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
	}
	append_utf8(r, c);
	return true;
}

static bool take_escape(struct prg_reader *r)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *found;
	int c = peek(r);

	found = c != '\0' ? strchr(from, c) : NULL;
	if (found == NULL && c != 'u')
		return false;
	r->at++;
	if (found == NULL)
		return take_escaped(r);
	prg_cell_append(r, to + (found - from), 1);
	return true;
}

/* A string, appended to the cell. The reader stands on its quote. */
static broken read_string(struct prg_reader *r)
{
	r->at++;
	for (;;) {
		const char *from = r->at;

		while (peek(r) != '"' && peek(r) != '\\' && peek(r) >= 0x20)
			r->at++;
		prg_cell_append(r, from, (size_t)(r->at - from));
		if (peek(r) == '"')
			break;
		if (peek(r) != '\\')
			return "a text that is not closed in its line";
		r->at++;
		if (!take_escape(r))
			return "no escape of JSON";
	}
	r->at++;
	return NULL;
}

static broken read_number(struct prg_reader *r)
{
	const char *from = r->at;

	while (peek(r) != '\0' && strchr("+-.0123456789eE", peek(r)) != NULL)
		r->at++;
	if (r->at == from)
		return "expected a text, a number, an array of those, or null";
	prg_cell_append(r, from, (size_t)(r->at - from));
	return NULL;
}

static broken read_scalar(struct prg_reader *r)
{
	return peek(r) == '"' ? read_string(r) : read_number(r);
}

static broken read_array(struct prg_reader *r, bool *ret_empty)
{
	broken why = NULL;

	r->at++;
	*ret_empty = take(r, ']');
	if (*ret_empty)
		return NULL;
	for (;;) {
		skip_blanks(r);
		why = read_scalar(r);
		if (why != NULL || take(r, ']'))
			return why;
		if (!take(r, ','))
			return "expected ',' or ']'";
		prg_cell_append(r, ",", 1);
	}
}

static bool take_null(struct prg_reader *r)
{
	if ((size_t)(r->end - r->at) < 4 || memcmp(r->at, "null", 4) != 0)
		return false;
	r->at += 4;
	return true;
}

/* The value of a key (NULL: one that was a problem). */
static broken read_value(struct prg_reader *r, const struct prg_row_key *key, int *rc,
                         struct prg_error *err)
{
	struct prg_place place;
	bool empty = false, array;
	broken why;

	skip_blanks(r);
	if (take_null(r))
		return NULL;
	place = prg_reader_place(r, r->at);
	prg_cell_clear(r);
	array = peek(r) == '[';
	why = array ? read_array(r, &empty) : read_scalar(r);
	if (why != NULL || key == NULL || (empty && !key->none))
		return why;
	if (array && !key->list) {
		prg_row_problem(r, place, "an array, where one value is expected");
		return NULL;
	}
	if (empty)
		prg_cell_append(r, "none", 4);
	*rc = prg_row_put(r, key, place, err);
	return NULL;
}

static broken read_member(struct prg_reader *r, int *rc, struct prg_error *err)
{
	const struct prg_row_key *key;
	struct prg_place place;
	broken why;

	skip_blanks(r);
	if (peek(r) != '"')
		return "expected a key in quotes";
	place = prg_reader_place(r, r->at);
	prg_cell_clear(r);
	why = read_string(r);
	if (why != NULL)
		return why;
	key = r->too_long || r->has_nul ? NULL : prg_row_key(r->cell, r->length);
	if (key == NULL)
		prg_row_problem(r, place, "no such key: see 'peerage help add'");
	if (!take(r, ':'))
		return "expected ':'";
	return read_value(r, key, rc, err);
}

static broken read_object(struct prg_reader *r, int *rc, struct prg_error *err)
{
	broken why = NULL;

	if (!take(r, '{'))
		return not_one;
	if (!take(r, '}')) {
		do
			why = read_member(r, rc, err);
		while (why == NULL && *rc == 0 && take(r, ','));
		if (why == NULL && *rc == 0 && !take(r, '}'))
			why = "expected ',' or '}'";
	}
	skip_blanks(r);
	if (why == NULL && *rc == 0 && peek(r) != '\n')
		why = "something behind the object";
	return why;
}

int prg_rows_json(struct prg_reader *reader, struct prg_error *err)
{
	int rc = 0;

	while (rc == 0 && prg_reader_find_row(reader)) {
		broken why;

		skip_blanks(reader);
		prg_row_begin(reader, prg_reader_place(reader, reader->at));
		why = read_object(reader, &rc, err);
		if (why != NULL)
			prg_row_problem(reader, prg_reader_place(reader, reader->at), why);
		if (rc == 0)
			rc = prg_row_end(reader, err);
		prg_reader_skip_line(reader);
	}
	return rc;
}
