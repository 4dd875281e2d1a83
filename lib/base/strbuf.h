/* SPDX-License-Identifier: ISC */
/* A growing string for what is no secret. A failed append makes the buffer
 * "failed" for good; the one check is at prg_strbuf_take(). */
#ifndef PRG_BASE_STRBUF_H
#define PRG_BASE_STRBUF_H

#include "base/cleanup.h"
#include "peerage.h"

struct prg_strbuf {
	char *data;
	size_t length, capacity;
	bool failed;
};

void prg_strbuf_done(struct prg_strbuf *buf);
void prg_strbuf_append(struct prg_strbuf *buf, const char *bytes, size_t length);
void prg_strbuf_puts(struct prg_strbuf *buf, const char *text);
void prg_strbuf_printf(struct prg_strbuf *buf, const char *format, ...) PRG_PRINTF(2, 3);
/* A JSON string with quotes; NULL becomes null. Invalid UTF-8 becomes U+FFFD. */
void prg_strbuf_json(struct prg_strbuf *buf, const char *text);
/* The text, for free(3); NULL: out of memory. The buffer is empty after. */
char *prg_strbuf_take(struct prg_strbuf *buf);

#define PRG_STRBUF PRG_CLEANUP(prg_strbuf_done) struct prg_strbuf

#endif
