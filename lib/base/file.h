/* SPDX-License-Identifier: ISC */
/* Files. */
#ifndef PRG_BASE_FILE_H
#define PRG_BASE_FILE_H

#include "peerage.h"

/* Makes a directory with its parents; what it makes has mode 0700 (the last)
 * or 0755 (parents). Fails where the last is a symbolic link or no directory. */
int prg_directory_make(const char *path, struct prg_error *err);

/* Reads a whole file of at most `limit` bytes; *ret_data is NUL-terminated and
 * for free(3). */
int prg_file_read(const char *path, size_t limit, char **ret_data, size_t *ret_length,
                  struct prg_error *err);
/* Writes `text` to an existing file (a sysctl); no creation, no truncation. */
int prg_file_write_existing(const char *path, const char *text, struct prg_error *err);

#endif
