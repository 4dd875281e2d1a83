/* SPDX-License-Identifier: ISC */
/* Lines, and which of the formats they are in. */
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "model/name.h"
#include "rows/rows.h"

#define MAX_BYTES ((size_t)256 << 20)

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

void prg_reader_skip_line(struct prg_reader *reader)
{
	const char *newline = memchr(reader->at, '\n', (size_t)(reader->end - reader->at));

	reader->at = newline != NULL ? newline + 1 : reader->end;
	if (newline != NULL)
		prg_reader_next_line(reader);
}

bool prg_reader_find_row(struct prg_reader *reader)
{
	while (reader->at < reader->end) {
		const char *p = reader->at;

		while (p < reader->end && is_blank(*p))
			p++;
		if (p < reader->end && *p != '\n' && *reader->at != '#')
			return true;
		prg_reader_skip_line(reader);
	}
	return false;
}

/* A name holds none of these, so a line with one is no list of names. */
static bool is_header(const char *line, size_t length)
{
	size_t i;

	while (length > 0 && is_blank(line[length - 1]))
		length--;
	for (i = 0; i < length; i++)
		if (strchr(",;\t\"", line[i]) != NULL && line[i] != '\0')
			return true;
	return length == 4 && strncasecmp(line, "name", 4) == 0;
}

static int read_rows(struct prg_reader *reader, struct prg_error *err)
{
	const char *first = reader->at, *newline;

	if (!prg_reader_find_row(reader))
		return 0;
	first = reader->at;
	while (is_blank(*first))
		first++;
	if (*first == '{' || *first == '[')
		return prg_rows_json(reader, err);
	newline = memchr(first, '\n', (size_t)(reader->end - first));
	if (is_header(first, (size_t)((newline != NULL ? newline : reader->end) - first)))
		return prg_rows_csv(reader, err);
	return prg_rows_names(reader, err);
}

int prg_intent_read(struct prg_intent *intent, const char *text, size_t length,
                    struct prg_error *err)
{
	PRG_CLEANUP(prg_arena_free) struct prg_arena *arena = NULL;
	struct prg_problems problems = { .fn = intent->problem,
		                         .context = intent->problem_context };
	struct prg_reader reader = { .intent = intent, .problems = &problems, .at = text,
		                     .end = text + length, .line = 1 };
	size_t before = intent->n_peers;
	int rc;

	if (intent->verb != PRG_ADD)
		return prg_error_set(err, PRG_E_USAGE, "this command takes no list of new peers");
	if (length > MAX_BYTES)
		return prg_error_set(err, PRG_E_USAGE, "a list of %zu bytes: at most %zu", length,
		                     MAX_BYTES);
	rc = prg_arena_new(&arena, err);
	if (rc < 0)
		return rc;
	reader.cell = prg_arena_take(arena, PRG_CELL_BYTES + 1);
	if (reader.cell == NULL)
		return prg_error_nomem(err);
	if (prg_is_utf16(text, length))
		return prg_error_set(err, PRG_E_USAGE, "%s", PRG_NOT_UTF16);
	if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		reader.at += 3; /* a byte order mark */
	reader.line_data = reader.at;
	rc = read_rows(&reader, err);
	prg_intent_values_free(&reader.values);
	if (rc == 0)
		rc = prg_problems_error(&problems, err);
	if (rc == 0 && intent->n_peers == before)
		rc = prg_error_set(err, PRG_E_USAGE, "no peer is listed: give a name a line, CSV with a header line, or "
		                   "JSON lines");
	return rc;
}
