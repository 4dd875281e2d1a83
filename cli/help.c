/* SPDX-License-Identifier: ISC */
/* help: printed from the tables. */
#include "cli.h"

#include <string.h>

/* Columns of a UTF-8 text without wide characters: bytes that begin a sequence. */
static int columns_of(const char *text)
{
	int n = 0;

	for (; *text; text++)
		n += (*text & 0xc0) != 0x80;
	return n;
}

static void padded(const char *text, int width)
{
	(void)printf("%s%*s", text, width > columns_of(text) ? width - columns_of(text) : 0, "");
}

static void print_option(enum opt_id id)
{
	const struct opt *opt = &cmd_opts[id];
	char text[64];

	(void)snprintf(text, sizeof(text), "  %s%s--%s%s%s%s",
	               opt->letter ? (const char[]){ '-', opt->letter, 0 } : "  ",
	               opt->letter ? ", " : "  ", opt->name,
	               opt->kind == OPT_MAYBE ? "[=" : opt->value ? " " : "",
	               opt->value ? opt->value : "", opt->kind == OPT_MAYBE ? "]" : "");
	padded(text, 34);
	/* a long one has its line to itself */
	(void)printf("%s%s\n", columns_of(text) >= 34 ? "\n                                  " : "",
	             opt->help);
}

static void print_all(void)
{
	(void)puts("Usage: peerage [OPTION…] COMMAND [ARG…]\n"
	           "The register of who may use a WireGuard server.");
	for (int group = 0; group < GROUP_COUNT; group++) {
		(void)printf("\n%s\n", cmd_group_name((enum cmd_group)group));
		for (size_t i = 0; i < cmd_count; i++) {
			char text[64];

			if (cmd_all[i].group != group)
				continue;
			(void)snprintf(text, sizeof(text), "  %s %s", cmd_all[i].name,
			               cmd_all[i].words);
			padded(text, 27);
			(void)puts(cmd_all[i].help);
		}
	}
	(void)puts("\nOptions, before or after the command");
	for (int id = OPT_NONE + 1; opt_is_global((enum opt_id)id); id++)
		print_option((enum opt_id)id);
	(void)puts("\nExit codes: 0 done, 1 failed, 2 usage, 3 conflict, 4 recorded but not "
	           "applied,\n5 findings: something differs, is left over or does not hold, "
	           "6 no such peer,\ninterface or register, 7 permission.\n"
	           "'peerage help COMMAND' tells more.");
}

void help_print(const struct cmd *command)
{
	if (!command) {
		print_all();
		return;
	}
	(void)printf("Usage: peerage %s%s%s%s\n\n%c%s.\n", command->name,
	             command->options ? " [OPTION…]" : "", *command->words ? " " : "",
	             command->words, command->help[0] - 'a' + 'A', command->help + 1);
	if (command->aliases)
		(void)printf("Also called: %s\n", command->aliases);
	if (command->more)
		(void)printf("\n%s", command->more);
	if (command->options)
		(void)puts("\nOptions");
	for (const enum opt_id *id = command->options; id && *id; id++)
		print_option(*id);
	(void)puts("\nSee 'peerage help' for the options of every command.");
}

int cmd_help(struct cli *cli, struct prg_error *err)
{
	const struct cmd *command = NULL;

	if (cli->args.n_words) {
		command = cmd_find(cli->args.words[0]);
		if (!command)
			return say_error(err, PRG_E_USAGE,
			                 "no help for '%s': it is not a command (see 'peerage "
			                 "help')", cli->args.words[0]);
	}
	help_print(command);
	return 0;
}
