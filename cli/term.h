/* SPDX-License-Identifier: ISC */
/* The terminal, where there is one. */
#ifndef PEERAGE_CLI_TERM_H
#define PEERAGE_CLI_TERM_H

#include <stdbool.h>

bool term_is(int fd);
/* TERM names a terminal that obeys escape sequences. */
bool term_capable(void);
/* TERM=linux: its font has no sextants. */
bool term_is_console(void);
/* It shows block elements, and the environment's locale is a UTF-8 one. */
bool term_blocks(void);
/* stdout is a terminal that shows colour, and NO_COLOR is not set. */
bool term_colour(void);
/* Window of stdout, else of stderr; where the kernel knows none, COLUMNS and LINES,
 * else 80x24. */
void term_size(unsigned *ret_columns, unsigned *ret_rows);
/* A UTF-8 locale for widths and character classes, whatever the environment. */
void term_locale(void);
/* A question can be put: stdin and stderr are terminals. */
bool term_can_ask(void);
/* Puts it; true only where the answer begins with y or Y. */
bool term_ask(const char *question);

#endif
