/* SPDX-License-Identifier: ISC */
/*
 * What is on its way to stdout, in front of stdio: a list of 100,000 peers is mostly
 * short pieces, and a call of stdio for each took half of its time. Whoever else
 * writes to stdout flushes this first.
 */
#ifndef PEERAGE_CLI_SINK_H
#define PEERAGE_CLI_SINK_H

#include <stddef.h>
#include <string.h>

#define SINK_BYTES ((size_t)1 << 15)

extern struct sink {
	size_t used;
	char bytes[SINK_BYTES];
} sink;

/* To stdio; errors are stdout's (ferror). */
void sink_flush(void);
/* Any length. */
void sink_write(const char *bytes, size_t length);

static inline void sink_put(const char *bytes, size_t length)
{
	if (length > SINK_BYTES - sink.used) {
		sink_write(bytes, length);
		return;
	}
	memcpy(sink.bytes + sink.used, bytes, length);
	sink.used += length;
}

static inline void sink_text(const char *text)
{
	sink_put(text, strlen(text));
}

static inline void sink_char(char c)
{
	if (sink.used == SINK_BYTES)
		sink_flush();
	sink.bytes[sink.used++] = c;
}

#endif
