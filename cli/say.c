/* SPDX-License-Identifier: ISC */
#include "say.h"

#include "term.h"
#include "text.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#define LINE 2048
#define WIDEST 78    /* columns of a line that is broken */
#define NARROWEST 20 /* of a window in which breaking lines makes sense */

int say_error(struct prg_error *err, int code, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	err->code = code;
	(void)vsnprintf(err->message, sizeof(err->message), format, ap);
	va_end(ap);
	return code;
}

int say_errno(struct prg_error *err, int errnum, const char *format, ...)
{
	size_t used;
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(err->message, sizeof(err->message), format, ap);
	va_end(ap);
	used = strlen(err->message);
	(void)snprintf(err->message + used, sizeof(err->message) - used, ": %s", strerror(errnum));
	switch (errnum) {
	case EACCES:
	case EPERM:
		return err->code = PRG_E_PERMISSION;
	case ENOMEM:
		return err->code = PRG_E_NOMEM;
	case ENOSPC:
	case EDQUOT:
		return err->code = PRG_E_FULL;
	default:
		return err->code = PRG_E_FAILED;
	}
}

int say_wrap(struct prg_error *err, const char *format, ...)
{
	char context[512];
	size_t length, room, kept;
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(context, sizeof(context) - 2, format, ap);
	va_end(ap);
	strcat(context, ": ");
	length = strlen(context);
	room = sizeof(err->message) - 1 - length;
	kept = strlen(err->message);
	if (kept > room)
		kept = room;
	memmove(err->message + length, err->message, kept);
	memcpy(err->message, context, length);
	err->message[length + kept] = 0;
	return err->code;
}

int say_append(struct prg_error *err, const char *format, ...)
{
	size_t used = strlen(err->message);
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(err->message + used, sizeof(err->message) - used, format, ap);
	va_end(ap);
	return err->code;
}

int say_nomem(struct prg_error *err)
{
	return say_error(err, PRG_E_NOMEM, "out of memory");
}

static void compose(const char *prefix, const char *text, char *line, size_t size)
{
	size_t n = 0;

	for (; *prefix && n < size - 1; prefix++)
		line[n++] = *prefix;
	for (; *text && n < size - 1; text++) {
		unsigned char c = (unsigned char)*text;

		/* C1 controls are C2 80 to C2 9F in UTF-8; a terminal may obey them */
		if (c == 0xc2 && (unsigned char)text[1] >= 0x80 && (unsigned char)text[1] <= 0x9f) {
			text++;
			c = '?';
		}
		line[n++] = c < 0x20 || c == 0x7f ? '?' : (char)c;
	}
	line[n] = 0;
}

/* Breaks a composed line for the window: newlines in place of spaces. */
static void fold(char *line)
{
	unsigned columns, rows;

	term_size(&columns, &rows);
	if (!term_is(STDERR_FILENO) || columns < NARROWEST)
		return;
	if (columns > WIDEST)
		columns = WIDEST;
	while (*line) {
		line += text_fold(line, columns, true);
		if (*line)
			*line++ = '\n';
	}
}

static void write_line(char *line)
{
	size_t length = strlen(line);

	line[length] = '\n';
	(void)fwrite(line, 1, length + 1, stderr);
}

void say_line(const char *prefix, const char *text)
{
	char line[LINE];

	compose(prefix, text, line, sizeof(line));
	fold(line);
	write_line(line);
}

void say_whole(const char *text)
{
	char line[LINE];

	compose("", text, line, sizeof(line));
	write_line(line);
}

unsigned say_rows(const char *prefix, const char *text)
{
	char line[LINE];
	unsigned columns, rows, taken = 0;

	compose(prefix, text, line, sizeof(line));
	fold(line);
	term_size(&columns, &rows);
	for (char *row = line, *end = line; end; row = end + 1) {
		size_t width;

		end = strchr(row, '\n');
		if (end)
			*end = 0;
		width = text_width(row);
		taken += width ? (unsigned)((width - 1) / columns) + 1 : 1;
	}
	return taken;
}

/* Edit distance with neighbours swapped as one step; words over 31 bytes are far. */
static unsigned distance(const char *a, const char *b)
{
	unsigned rows[3][32], *before = rows[0], *last = rows[1], *row = rows[2];
	size_t la = strlen(a), lb = strlen(b), i, j;

	if (la > 31 || lb > 31)
		return 99;
	for (j = 0; j <= lb; j++)
		before[j] = last[j] = (unsigned)j;
	for (i = 1; i <= la; i++) {
		unsigned *swap = before;

		row[0] = (unsigned)i;
		for (j = 1; j <= lb; j++) {
			unsigned best = last[j - 1] + (a[i - 1] != b[j - 1]);

			if (last[j] + 1 < best)
				best = last[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    before[j - 2] + 1 < best)
				best = before[j - 2] + 1;
			row[j] = best;
		}
		before = last;
		last = row;
		row = swap;
	}
	return last[lb];
}

const char *say_nearest(const char *word, const char *const *words, size_t n)
{
	unsigned least = 3;
	const char *found = NULL;

	for (size_t i = 0; i < n; i++) {
		unsigned d = distance(word, words[i]);

		if (d < least && 2 * d < strlen(words[i]) + 1) {
			least = d;
			found = words[i];
		}
	}
	return found;
}
