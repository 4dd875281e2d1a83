/* SPDX-License-Identifier: ISC */
/*
 * The process shuts itself in: landlock (files), capabilities, seccomp (system calls).
 * Where a kernel has one of these, it is used; where it has not, the rest is. Nothing in
 * the environment or on the command line takes it away; the build option does.
 */
#ifndef PEERAGE_CLI_SANDBOX_H
#define PEERAGE_CLI_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

enum sandbox_access {
	SANDBOX_READ = 1, /* the file, or what is beneath the directory */
	SANDBOX_WRITE,    /* and change, make, remove and move what is beneath */
	SANDBOX_RMDIR,    /* nothing but remove empty directories beneath */
	SANDBOX_TUNE,     /* read and write the files that are there: /proc/sys */
	SANDBOX_TERMINAL, /* read, write and set it; the user's is done without */
	SANDBOX_MEET      /* a socket: landlock does not mind it, but its owner may */
};

struct sandbox_path {
	const char *path; /* one that is not there is passed over */
	enum sandbox_access access;
};

/* What a process that holds keys does first, in every build: no core, no ptrace by
 * others, no file for others. */
void sandbox_harden(void);

/* Is there a sandbox in this build? */
bool sandbox_is_built(void);

/*
 * Closes it, for good. From here on nothing else of the file system can be opened; no
 * program or process started; of the capabilities CAP_NET_ADMIN is left, and
 * CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH where one of the paths is not this user's own
 * to use without. Memory can be locked without CAP_IPC_LOCK. Call it before there are
 * threads.
 * Returns 0, or an errno with *ret_what ("landlock"…) where something failed that ought
 * to work: the process is then not shut in.
 */
int sandbox_close(const struct sandbox_path *paths, size_t n, const char **ret_what);

#endif
