/* SPDX-License-Identifier: ISC */
/* Times and sizes as text. */
#ifndef PEERAGE_CLI_HUMAN_H
#define PEERAGE_CLI_HUMAN_H

#include <stdint.h>

#define HUMAN_TEXT 32

/* RFC 3339 in UTC: "2027-01-31T00:00:00Z". */
void human_moment(int64_t when, char ret_text[HUMAN_TEXT]);
/* "3 min ago", "in 5 h", "now" where it is less than 2 seconds; what is over 90
 * days away is its date. */
void human_apart(int64_t when, int64_t now, char ret_text[HUMAN_TEXT]);
/* "30d", "90s": in the largest unit, up to days, that it is a multiple of. */
void human_duration(int64_t seconds, char ret_text[HUMAN_TEXT]);
/* "512 B", "1.2 MiB": powers of 1024. */
void human_size(uint64_t bytes, char ret_text[HUMAN_TEXT]);
/* One that somebody gave, as it was given: "500 MB", "10 GiB"; else as above. */
void human_given_size(uint64_t bytes, char ret_text[HUMAN_TEXT]);

#endif
