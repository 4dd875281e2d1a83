/* SPDX-License-Identifier: ISC */
/* Small values: numbers, moments, sizes. All errors are PRG_E_USAGE. */
#ifndef PRG_MODEL_VALUE_H
#define PRG_MODEL_VALUE_H

#include "peerage.h"

int prg_number_parse(const char *text, uint64_t min, uint64_t max, uint64_t *ret,
                     struct prg_error *err);
/* The shortest text of a duration that prg_duration_parse() takes, "30d". */
void prg_duration_format(int64_t seconds, char ret[24]);
/* RFC 3339, "2027-01-31" (UTC midnight), or a duration from `now`. */
int prg_moment_parse(const char *text, int64_t now, int64_t *ret, struct prg_error *err);
/* RFC 3339 in UTC, "2027-01-31T00:00:00Z". */
void prg_moment_format(int64_t moment, char ret[21]);
/* "500M", "10GiB", plain bytes. */
int prg_size_parse(const char *text, uint64_t *ret, struct prg_error *err);
/* SIZE, SIZE/day, SIZE/month. */
int prg_quota_parse(const char *text, uint64_t *ret_bytes, enum prg_quota_period *ret_period,
                    struct prg_error *err);
/* Length of the first UTF-8 sequence of text (length bytes) and its code
 * point; 0 where it is malformed (RFC 3629). */
size_t prg_utf8_next(const char *text, size_t length, uint32_t *ret_codepoint);
/* C0, C1, line and paragraph separators, and what turns the direction of text. */
bool prg_is_control(uint32_t codepoint);

#endif
