/* SPDX-License-Identifier: ISC */
/* What a command is run with, and the stretches of road that commands share. */
#ifndef PEERAGE_CLI_CLI_H
#define PEERAGE_CLI_CLI_H

#include "args.h"
#include "out.h"
#include "own.h"
#include "say.h"

struct cli {
	struct args args;
	struct out out;
	const char *interface;     /* -i or PEERAGE_INTERFACE; NULL: the only one */
	const char *register_path; /* NULL: the library's default */
	enum prg_backend_kind backend;
	unsigned wait_ms;
	bool dry_run, quiet;
	bool changed;              /* something was asked for that is no mere look, and done */
	int signal;                /* the program ends by this one when all is tidy; 0: none */
	struct prg_register *reg;
	char scratch[256];         /* directory of a register that is thrown away; empty:
	                              reg is the real one */
};

/* Global options and the environment into values. Errors: PRG_E_USAGE. */
int cli_settle(struct cli *cli, struct prg_error *err);
/* CMD_*, of the command with these words: `configure` and `interfaces` read alone,
 * and change with words. */
unsigned cli_command_flags(const struct cli *cli);
/* Where the register is, or will be. */
const char *cli_register_path(const struct cli *cli);
/* Opens the register as the command's flags say; nothing where they say nothing.
 * One that is not there yet is not made here: the command gets a scratch register,
 * to try itself on. */
int cli_open(struct cli *cli, struct prg_error *err);
/* Exchanges a scratch register for the real one, which is made. */
int cli_open_real(struct cli *cli, struct prg_error *err);
/* The file that is there now, to read it. */
int cli_open_again(struct cli *cli, struct prg_error *err);
void cli_close(struct cli *cli);

/* A line for the user, on stderr, unless -q. */
void cli_remark(const struct cli *cli, const char *format, ...) PRG_PRINTF(2, 3);
/* The same, as it is: it may be a command to copy. */
void cli_repeat(const struct cli *cli, const char *text);
/* -y; or the answer on a terminal to "WHAT?". command: the words that make it
 * destructive, "sync --prune". Errors: PRG_E_USAGE where nobody can be asked;
 * PRG_E_FAILED where the answer is no. A dry run needs no leave. */
int cli_confirm(const struct cli *cli, const char *command, const char *what,
                struct prg_error *err);

/* enum prg_intent_flags, as the options say. */
unsigned cli_flags(const struct cli *cli, enum prg_verb verb);
/* An intent with the flags and every option that is a field of it. */
int cli_intent(struct cli *cli, enum prg_verb verb, struct prg_intent **ret_intent,
               struct prg_error *err);
/* Peers named by the command's words, from index `first` on. */
int cli_intent_peers(const struct cli *cli, struct prg_intent *intent, struct prg_error *err);
/* Executes; remarks are said. *ret_report is NULL where there is none. */
int cli_execute(struct cli *cli, const struct prg_intent *intent, struct prg_report **ret_report,
                struct prg_error *err);

/* --private-key or --preshared-key from a file, with a warning where others can
 * read it. */
int cli_private_key(const struct cli *cli, const char *path, struct prg_private_key *ret_key,
                    struct prg_error *err);
int cli_preshared_key(const struct cli *cli, const char *path, struct prg_preshared_key *ret_key,
                      struct prg_error *err);

/* `peerage help` of a command (NULL: of all). */
void help_print(const struct cmd *command);

#endif
