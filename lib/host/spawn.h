/* SPDX-License-Identifier: ISC */
/* Running nft(8), the one program that the library starts. */
#ifndef PRG_HOST_SPAWN_H
#define PRG_HOST_SPAWN_H

#include "peerage.h"

#define PRG_SPAWN_LIMIT ((size_t)64 << 20) /* bytes of output that are taken */
#define PRG_SPAWN_TIMEOUT_MS 60000u

struct prg_spawned {
	int status;        /* exit status; 128 + N: ended by signal N */
	char *output;      /* stdout, NUL-terminated */
	size_t length;
	char error[256];   /* the line of stderr that says what is wrong; printable */
};

struct prg_spawn_limits {
	size_t output_bytes;
	unsigned timeout_ms;
};

/*
 * Runs the program at `path` (absolute) with argv (argv[0] included, NULL at the
 * end) and waits for it. stdin is `input` (NULL: empty), in a file in memory, so
 * that no reader can block us or raise SIGPIPE. Environment: LC_ALL=C. No
 * descriptor but 0 to 2 and no blocked or caught signal is handed down.
 * Errors: PRG_E_FAILED where it cannot be started, writes more than the limit, or
 * outlasts the timeout (it is then killed). An exit status other than 0 is no
 * error here.
 */
int prg_spawn(const char *path, const char *const *argv, const char *input,
              const struct prg_spawn_limits *limits, struct prg_spawned *ret,
              struct prg_error *err);
/* What this process does on a signal, or ignores, it no longer does. */
void prg_spawn_default_signals(void);
void prg_spawned_done(struct prg_spawned *spawned);
#define PRG_SPAWNED PRG_CLEANUP(prg_spawned_done) struct prg_spawned

#endif
