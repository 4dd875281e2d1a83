/* SPDX-License-Identifier: ISC */
/* Words for people: errors are made here and printed once, by main. */
#ifndef PEERAGE_CLI_SAY_H
#define PEERAGE_CLI_SAY_H

#include "peerage.h"

#include <stdio.h>

/* Fills *err and returns code. */
int say_error(struct prg_error *err, int code, const char *format, ...) PRG_PRINTF(3, 4);
/* As say_error, with ": " and the text of errnum behind; EACCES and EPERM become
 * PRG_E_PERMISSION, ENOMEM PRG_E_NOMEM, ENOSPC and EDQUOT PRG_E_FULL, all else
 * PRG_E_FAILED. Returns the code. */
int say_errno(struct prg_error *err, int errnum, const char *format, ...) PRG_PRINTF(3, 4);
/* Puts "context: " before the message; returns err->code. */
int say_wrap(struct prg_error *err, const char *format, ...) PRG_PRINTF(2, 3);
/* Puts text behind the message; returns err->code. */
int say_append(struct prg_error *err, const char *format, ...) PRG_PRINTF(2, 3);
int say_nomem(struct prg_error *err);

/* Writes one line to stderr; on a terminal as several of at most 78 columns, broken
 * at spaces that do not stand in '…'. Control characters, which may come from argv,
 * are shown as '?'. */
void say_line(const char *prefix, const char *text);
/* The same, never broken: there may be a command in it to copy. */
void say_whole(const char *text);
/* Rows that say_line() takes in the window. */
unsigned say_rows(const char *prefix, const char *text);

/* The one of words[0..n) that `word` is most likely a misspelling of, or NULL. */
const char *say_nearest(const char *word, const char *const *words, size_t n);

#endif
