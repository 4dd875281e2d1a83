/* SPDX-License-Identifier: ISC */
#include "base/strbuf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "model/value.h"

void prg_strbuf_done(struct prg_strbuf *buf)
{
	free(buf->data);
	*buf = (struct prg_strbuf){ 0 };
}

static bool reserve(struct prg_strbuf *buf, size_t more)
{
	size_t capacity = buf->capacity ? buf->capacity : 64;
	char *data;

	if (buf->failed || more >= SIZE_MAX / 4 - buf->length) {
		buf->failed = true;
		return false;
	}
	while (capacity - buf->length <= more)
		capacity *= 2;
	if (capacity == buf->capacity)
		return true;
	data = realloc(buf->data, capacity);
	if (data == NULL) {
		buf->failed = true;
		return false;
	}
	buf->data = data;
	buf->capacity = capacity;
	return true;
}

void prg_strbuf_append(struct prg_strbuf *buf, const char *bytes, size_t length)
{
	if (!reserve(buf, length))
		return;
	if (length > 0)
		memcpy(buf->data + buf->length, bytes, length);
	buf->length += length;
	buf->data[buf->length] = '\0';
}

void prg_strbuf_puts(struct prg_strbuf *buf, const char *text)
{
	prg_strbuf_append(buf, text, strlen(text));
}

/* Into what room there is, and again if that was not enough. */
void prg_strbuf_printf(struct prg_strbuf *buf, const char *format, ...)
{
	size_t room;
	va_list args;
	int length;

	if (!reserve(buf, 0))
		return;
	room = buf->capacity - buf->length;
	va_start(args, format);
	length = vsnprintf(buf->data + buf->length, room, format, args);
	va_end(args);
	if (length >= 0 && (size_t)length >= room && reserve(buf, (size_t)length)) {
		va_start(args, format);
		vsnprintf(buf->data + buf->length, (size_t)length + 1, format, args);
		va_end(args);
	}
	if (length < 0)
		buf->failed = true;
	if (!buf->failed)
		buf->length += (size_t)length;
}

/* How many bytes from here on stand for themselves. */
static size_t plain(const char *text)
{
	size_t n = 0;

	while (text[n] >= 0x20 && text[n] < 0x7f && text[n] != '"' && text[n] != '\\')
		n++;
	return n;
}

void prg_strbuf_json(struct prg_strbuf *buf, const char *text)
{
	size_t left;

	if (text == NULL) {
		prg_strbuf_puts(buf, "null");
		return;
	}
	prg_strbuf_puts(buf, "\"");
	for (left = strlen(text); left > 0;) {
		uint32_t codepoint = 0;
		size_t simple = plain(text);
		size_t n = simple ? simple : prg_utf8_next(text, left, &codepoint);

		if (simple > 0) {
			prg_strbuf_append(buf, text, n);
		} else if (n == 0) {
			prg_strbuf_puts(buf, "\\ufffd");
			n = 1;
		} else if (codepoint == '"' || codepoint == '\\') {
			prg_strbuf_printf(buf, "\\%c", (char)codepoint);
		} else if (codepoint < 0x20 || codepoint == 0x7f) {
			prg_strbuf_printf(buf, "\\u%04x", codepoint);
		} else {
			prg_strbuf_append(buf, text, n);
		}
		text += n;
		left -= n;
	}
	prg_strbuf_puts(buf, "\"");
}

char *prg_strbuf_take(struct prg_strbuf *buf)
{
	char *data = buf->data;

	if (buf->failed) {
		prg_strbuf_done(buf);
		return NULL;
	}
	if (data == NULL)
		data = strdup("");
	*buf = (struct prg_strbuf){ 0 };
	return data;
}
