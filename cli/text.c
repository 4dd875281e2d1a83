/* SPDX-License-Identifier: ISC */
#include "text.h"

#include <ctype.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

/* Columns of one character, and its bytes; as libsmartcols shows it. */
static size_t step(const char *text, size_t *ret_bytes)
{
	mbstate_t state;
	wchar_t wide;
	size_t length;
	int width;

	memset(&state, 0, sizeof(state));
	length = mbrtowc(&wide, text, strlen(text), &state);
	*ret_bytes = 1;
	if (length == 0 || length > 16 || (*text == '\\' && text[1] == 'x'))
		return 4;
	*ret_bytes = length;
	if (!iswprint((wint_t)wide))
		return 4 * length;
	width = wcwidth(wide);
	return width > 0 ? (size_t)width : 0;
}

size_t text_width(const char *text)
{
	size_t width = 0, bytes;

	for (; *text; text += bytes)
		width += step(text, &bytes);
	return width;
}

size_t text_fit(const char *text, size_t width)
{
	size_t used = 0, at = 0, bytes;

	for (; text[at]; at += bytes) {
		used += step(text + at, &bytes);
		if (used > width)
			break;
	}
	return at;
}

void text_printable(char *text)
{
	mbstate_t state;
	wchar_t wide;
	size_t length;

	for (; *text; text += length) {
		memset(&state, 0, sizeof(state));
		length = mbrtowc(&wide, text, strlen(text), &state);
		if (length > 16) { /* it is no character */
			length = 1;
			*text = '?';
		} else if (!iswprint((wint_t)wide)) {
			memset(text, '?', length);
		}
	}
}

/* Bytes of a stretch in '…' that begins at text[at]; 0: none does. An apostrophe
 * inside a word neither begins nor ends one. */
static size_t quoted(const char *text, size_t at)
{
	if (text[at] != '\'' || (at && text[at - 1] != ' ' && text[at - 1] != '('))
		return 0;
	for (size_t end = at + 1; text[end]; end++)
		if (text[end] == '\'' && !isalnum((unsigned char)text[end + 1]))
			return end + 1 - at;
	return 0;
}

size_t text_fold(const char *text, size_t width, bool quotes)
{
	size_t used = 0, at = 0, bytes, end = 0;

	while (text[at]) {
		size_t whole = quotes ? quoted(text, at) : 0;

		if (text[at] == ' ') {
			if (used > width && end)
				return end;
			end = at;
		}
		used += step(text + at, &bytes);
		for (size_t past = at + whole; whole && at + bytes < past;) {
			at += bytes;
			used += step(text + at, &bytes);
		}
		at += bytes;
		if (used > width && end)
			return end;
	}
	return at;
}

size_t text_lines(const char *text, size_t width, bool quotes)
{
	size_t n = 0;

	while (*text) {
		text += text_fold(text, width, quotes);
		text += *text == ' ';
		n++;
	}
	return n;
}
