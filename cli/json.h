/* SPDX-License-Identifier: ISC */
/* JSON (RFC 8259) into the sink. */
#ifndef PEERAGE_CLI_JSON_H
#define PEERAGE_CLI_JSON_H

#include "out.h"

/* A string (section 7), with its quotes. What is not UTF-8 (RFC 3629) becomes U+FFFD, a byte at a time. */
void json_quoted(const char *text);

/* The document of `out`, which begins with the first of these. Keys are ours, and are
 * not escaped; NULL: a value of an array. */
void json_key(struct out *out, const char *key);
void json_open(struct out *out, const char *key, char opener, char closer);
/* The innermost that is open. */
void json_close(struct out *out);

#endif
