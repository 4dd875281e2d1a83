/* SPDX-License-Identifier: ISC */
/*
 * The command line, against the tables of cmd.h. Options stand before or after
 * the command: `--name value`, `--name=value`, `-i value`, `-ivalue`, grouped
 * flags `-jn`; "--" ends them. Names match exactly.
 */
#ifndef PEERAGE_CLI_ARGS_H
#define PEERAGE_CLI_ARGS_H

#include "cmd.h"

struct args_option {
	enum opt_id id;
	const char *value; /* NULL: a flag, or an optional value left out */
};

struct args {
	const struct cmd *command; /* NULL: none was given */
	const char **words;        /* what follows the command */
	size_t n_words;
	struct args_option *options; /* in order */
	size_t n_options;
	bool json;                 /* -j is there, also where parsing failed */
};

/* What argv holds stays there. After a failure only `json` is set.
 * Errors: PRG_E_USAGE, PRG_E_NOMEM. */
int args_parse(int argc, char **argv, struct args *ret_args, struct prg_error *err);
void args_done(struct args *args);

bool args_has(const struct args *args, enum opt_id id);
/* The last value given, or NULL. */
const char *args_value(const struct args *args, enum opt_id id);

#endif
