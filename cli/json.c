/* SPDX-License-Identifier: ISC */
#include "json.h"

#include "sink.h"

#include <stdio.h>

/* Length of the UTF-8 sequence that text begins with; 0: malformed. A NUL is
 * no continuation byte, so nothing is read behind the end. */
static size_t sequence(const unsigned char *text)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t more;

	if (text[0] < 0x80)
		return 1;
	if (text[0] >= 0xc2 && text[0] <= 0xdf)
		more = 1;
	else if (text[0] >= 0xe0 && text[0] <= 0xef)
		more = 2;
	else if (text[0] >= 0xf0 && text[0] <= 0xf4)
		more = 3;
	else
		return 0;
	if (text[0] == 0xe0)
		low = 0xa0; /* overlong */
	else if (text[0] == 0xed)
		high = 0x9f; /* surrogates */
	else if (text[0] == 0xf0)
		low = 0x90;
	else if (text[0] == 0xf4)
		high = 0x8f; /* above U+10FFFF */
	if (text[1] < low || text[1] > high)
		return 0;
	for (size_t i = 2; i <= more; i++)
		if (text[i] < 0x80 || text[i] > 0xbf)
			return 0;
	return more + 1;
}

/* Bytes that stand for themselves, from `at` on. */
static size_t plain(const unsigned char *at)
{
	size_t n = 0;

	while (at[n] >= 0x20 && at[n] < 0x7f && at[n] != '"' && at[n] != '\\')
		n++;
	return n;
}

/* What cannot stand in a string as it is; the byte behind it. */
static const unsigned char *escape(const unsigned char *at)
{
	char text[8];

	if (*at == '"' || *at == '\\')
		(void)snprintf(text, sizeof(text), "\\%c", *at);
	else if (*at == '\n')
		(void)strcpy(text, "\\n");
	else if (*at < 0x20 || *at == 0x7f)
		(void)snprintf(text, sizeof(text), "\\u%04x", *at);
	else
		(void)strcpy(text, "\\ufffd");
	sink_put(text, strlen(text));
	return at + 1;
}

void json_quoted(const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	sink_char('"');
	while (*at) {
		size_t length = plain(at);

		if (length == 0)
			length = *at >= 0x80 ? sequence(at) : 0;
		if (length != 0) {
			sink_put((const char *)at, length);
			at += length;
		} else {
			at = escape(at);
		}
	}
	sink_char('"');
}

/* --------------------------------------------------------------- documents */

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
void json_key(struct out *out, const char *key)
{
	json_begin(out);
	if (out->comma)
		sink_char(',');
	out->comma = true;
	if (key) {
		sink_char('"');
		sink_text(key);
		sink_put("\":", 2);
	}
}

void json_open(struct out *out, const char *key, char opener, char closer)
{
	json_key(out, key);
	sink_char(opener);
	if (out->depth < OUT_DEPTH)
		out->closers[out->depth] = closer;
	out->depth++;
	out->comma = false;
}

void json_close(struct out *out)
{
	sink_char(out->closers[--out->depth]);
	out->comma = true;
}
