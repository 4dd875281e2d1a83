/* SPDX-License-Identifier: ISC */
/*
 * Files that hold keys: complete or absent, mode 0600, and never over another.
 * A file that is about no change (export) is reserved under a hidden name, so
 * that what can fail fails first, written, synced, and renamed. For those of new
 * peers see stage.h.
 */
#ifndef PEERAGE_CLI_FILES_H
#define PEERAGE_CLI_FILES_H

#include "peerage.h"

#include <limits.h>
#include <stdbool.h>

struct files_output {
	const char *path;    /* as the user gave it; borrowed */
	const char *name;    /* its last component */
	int directory;       /* -1: nothing is reserved */
	int fd;
	char hidden[NAME_MAX + 1];
};

#define FILES_OUTPUT_NONE { NULL, NULL, -1, -1, "" }

/* Reserves `path`. Errors: PRG_E_CONFLICT it exists; PRG_E_USAGE no file name;
 * PRG_E_PERMISSION, PRG_E_FULL, PRG_E_FAILED. */
int files_reserve(struct files_output *output, const char *path, struct prg_error *err);
/* Writes all of it, syncs, gives it its name. After a failure to write, nothing
 * is left; where only the name could not be given, the hidden file stays and
 * the message names it. */
int files_finish(struct files_output *output, const void *data, size_t length,
                 struct prg_error *err);
/* Whether two that are reserved are to have one name in one directory. */
bool files_same(const struct files_output *a, const struct files_output *b);
/* Like both, for a file that may be there already and that anybody may read: another
 * takes its place at once, whole. PRG_E_CONFLICT: what is there is no regular file. */
int files_replace(const char *path, const void *data, size_t length, struct prg_error *err);
/* Takes a reservation back; fine where there is none. */
void files_discard(struct files_output *output);

/* A file's bytes, in memory that is wiped. */
struct files_text {
	char *data;
	size_t length, capacity;
};
#define FILES_TEXT_NONE { NULL, 0, 0 }
/* Reads all of a file, or of stdin for "-". *ret_exposed: a regular file that others
 * than its owner may read. Errors: PRG_E_USAGE more than 256 MiB; else as open(2) says. */
int files_read_text(const char *path, struct files_text *ret, bool *ret_exposed,
                    struct prg_error *err);
/* The same of a file in a directory, and no link. Returns 0, or -1 and errno. */
int files_read_at(int directory, const char *name, struct files_text *ret);
void files_text_done(struct files_text *text);

/*
 * Reads a file of one base64 line, or stdin for "-", as a key. At most 44
 * characters and white space behind them; all buffers are wiped.
 * *ret_exposed: a regular file that others than its owner may read.
 * Errors: PRG_E_USAGE malformed (never with the text); else as open(2) says.
 */
int files_read_private_key(const char *path, struct prg_private_key *ret_key, bool *ret_exposed,
                           struct prg_error *err);
int files_read_preshared_key(const char *path, struct prg_preshared_key *ret_key,
                             bool *ret_exposed, struct prg_error *err);

#endif
