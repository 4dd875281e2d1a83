/* SPDX-License-Identifier: ISC */
/* JSON strings (RFC 8259, section 7). */
#ifndef PEERAGE_CLI_JSON_H
#define PEERAGE_CLI_JSON_H

/* Into the sink, with its quotes. What is not UTF-8 (RFC 3629) becomes U+FFFD, a byte at a time. */
void json_string(const char *text);

#endif
