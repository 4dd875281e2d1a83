/* SPDX-License-Identifier: ISC */
/* Errors are made where they are detected, wrapped at boundaries, printed once. */
#ifndef PRG_BASE_ERROR_H
#define PRG_BASE_ERROR_H

#include "peerage.h"

/* Fills *err (NULL allowed) and returns code. */
int prg_error_set(struct prg_error *err, int code, const char *format, ...) PRG_PRINTF(3, 4);
/* As prg_error_set, with ": " and the text of an errno behind. EACCES and EPERM
 * become PRG_E_PERMISSION, ENOMEM PRG_E_NOMEM, ENOSPC and EDQUOT PRG_E_FULL,
 * everything else PRG_E_FAILED. Returns the code. */
int prg_error_errno(struct prg_error *err, int errnum, const char *format, ...) PRG_PRINTF(3, 4);
/* Puts "context: " before the message and returns code unchanged. */
int prg_error_wrap(struct prg_error *err, int code, const char *format, ...) PRG_PRINTF(3, 4);
/* Out of memory, in the one set of words. */
int prg_error_nomem(struct prg_error *err);

#endif
