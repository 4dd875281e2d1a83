/* SPDX-License-Identifier: ISC */
/* How wide text is, and where it may be cut or folded. Text is UTF-8; what
 * cannot be shown counts as the four columns of "\xNN" a byte. */
#ifndef PEERAGE_CLI_TEXT_H
#define PEERAGE_CLI_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Columns that it takes. */
size_t text_width(const char *text);
/* Bytes of its longest start that takes at most `width` columns. */
size_t text_fit(const char *text, size_t width);
/* What cannot be shown becomes '?', one for each byte of it. */
void text_printable(char *text);
/* Bytes of its first line where it is folded at spaces; the space that ends it is
 * not among them. A word that is wider has a line to itself, and goes over.
 * quotes: nor is what stands in '…' folded, for it may be a command to copy. */
size_t text_fold(const char *text, size_t width, bool quotes);
/* Lines that it is folded into. */
size_t text_lines(const char *text, size_t width, bool quotes);

#endif
