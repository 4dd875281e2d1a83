/* SPDX-License-Identifier: ISC */
/*
 * Files that must be there before a change is, and not before it: they are
 * written and synced in a hidden directory beside where they go, and moved when
 * the change is committed. A manifest says whose they are, so that what a killed
 * run leaves behind is finished by the next one, or thrown away, as the register
 * says.
 */
#ifndef PEERAGE_CLI_STAGE_H
#define PEERAGE_CLI_STAGE_H

#include "cli.h"

struct stage {
	const char *path;      /* of the directory, as given; "" is the current one */
	size_t length;         /* of path */
	int directory, fd;     /* -1: not open */
	char hidden[80];       /* name of the stage in it */
	bool made;             /* the directory is ours, too */
	char *manifest;
	size_t used, capacity, n_files;
};

#define STAGE_NONE { .directory = -1, .fd = -1 }
#define OWN_STAGE OWN(stage_discard) struct stage

/* Opens the directory path[0..length) (made, 0700, where `make` and it is not
 * there), finishes or throws away what earlier runs left in it, and makes a new
 * stage. */
int stage_open(struct stage *stage, const struct cli *cli, const char *path, size_t length,
               bool make, struct prg_error *err);
/* PRG_E_CONFLICT where the directory has a file of that name. */
int stage_check(const struct stage *stage, const char *name, struct prg_error *err);
/* Writes one file, 0600. Any thread may. PRG_E_CONFLICT: the stage has one of
 * that name, to this file system's mind. */
int stage_write(const struct stage *stage, const char *name, const struct prg_text *bytes,
                struct prg_error *err);
/* Notes whose file that is. One thread. */
int stage_note(struct stage *stage, const char *name, const struct prg_public_key *key,
               struct prg_error *err);
/* All of it is on the disk after this. */
int stage_seal(struct stage *stage, const char *interface, struct prg_error *err);
/* Gives the files their names. What cannot have its own stays, and is said. */
int stage_publish(struct stage *stage, struct prg_error *err);
/* Leaves a sealed stage to the next run, which looks at the register: of a commit
 * that failed nobody knows yet, as the register's log may still hold it. */
void stage_leave(struct stage *stage, struct prg_error *err);
/* Takes away what was neither published nor left. */
void stage_discard(struct stage *stage);

#endif
