/* SPDX-License-Identifier: ISC */
/*
 * What is on its way to stdout, in front of stdio: a list of 100,000 peers is mostly
 * short pieces, and a call of stdio for each took half of its time. Whoever else
 * writes to stdout flushes this first.
 */
#ifndef PEERAGE_CLI_SINK_H
#define PEERAGE_CLI_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define SINK_BYTES ((size_t)1 << 15)

extern struct sink {
	size_t used;
	size_t most; /* of what was used before a flush */
	int errnum;  /* of the first write that failed: stdio forgets it */
	char bytes[SINK_BYTES];
} sink;

/* To stdio; errors are stdout's (ferror). */
void sink_flush(void);
/* The same with what was written before, and these bytes behind it. false: they failed */
bool sink_through(const char *bytes, size_t length);
/* What was in it goes without a trace; what never was used is not touched. */
void sink_wipe(void);
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

/* To write by hand: room for `most` bytes, at most SINK_BYTES of them; where that
 * which was written so far ends, room for more; and the end. */
static inline char *sink_begin(size_t most)
{
	if (most > SINK_BYTES - sink.used)
		sink_flush();
	return sink.bytes + sink.used;
}

static inline char *sink_more(const char *at, size_t most)
{
	sink.used = (size_t)(at - sink.bytes);
	return sink_begin(most);
}

static inline void sink_end(const char *at)
{
	sink.used = (size_t)(at - sink.bytes);
}

#endif
