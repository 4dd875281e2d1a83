/* SPDX-License-Identifier: ISC */
/* completion: scripts for shells, written from the tables. Names of interfaces
 * and peers come from peerage itself, with the -i and --register of the line. */
#include "cli.h"

#include <string.h>

/* What the shells have to ask for. */
static const char peers_command[] =
	"peerage \"${at[@]}\" list -t 2>/dev/null | tail -n +2 | cut -f1";
static const char interfaces_command[] =
	"peerage \"${at[@]}\" interfaces -t 2>/dev/null | tail -n +2 | cut -f1";

static void print_commands(const char *separator)
{
	for (size_t i = 0; i < cmd_count; i++)
		(void)printf("%s%s", i ? separator : "", cmd_all[i].name);
}

static void print_aliases(const struct cmd *command, const char *separator)
{
	for (const char *c = command->aliases; c && *c; c += strcspn(c, " "), c += *c == ' ')
		(void)printf("%s%.*s", separator, (int)strcspn(c, " "), c);
}

/* "--json --tsv …" of a command, or of all. */
static void print_options(const struct cmd *command)
{
	const char *space = "";

	for (int id = OPT_NONE + 1; id < OPT_COUNT; id++) {
		if (command ? opt_is_global((enum opt_id)id) || !cmd_takes(command, (enum opt_id)id)
		            : !opt_is_global((enum opt_id)id))
			continue;
		(void)printf("%s--%s", space, cmd_opts[id].name);
		space = " ";
	}
}

static void print_settings(void)
{
	const char *space = "";

	for (const enum opt_id *id = cmd_find("init")->options; *id; id++) {
		if (*id == OPT_NO_UP)
			continue;
		(void)printf("%s%s", space, cmd_opts[*id].name);
		space = " ";
	}
}

/* An earlier option of the same name says the same. */
static bool is_repeated(int id)
{
	for (int i = OPT_NONE + 1; i < id; i++)
		if (strcmp(cmd_opts[i].name, cmd_opts[id].name) == 0)
			return true;
	return false;
}

static void print_valued_pattern(void)
{
	const char *bar = "";

	for (int id = OPT_NONE + 1; id < OPT_COUNT; id++) {
		if (cmd_opts[id].kind != OPT_VALUE || is_repeated(id))
			continue;
		(void)printf("%s--%s", bar, cmd_opts[id].name);
		bar = "|";
		if (cmd_opts[id].letter)
			(void)printf("|-%c", cmd_opts[id].letter);
	}
}

/* -------------------------------------------------------------- bash, zsh */

/* Arms of `case $option`: how its value completes. Both shells read them. */
static void print_value_arms(void)
{
	for (int id = OPT_NONE + 1; id < OPT_COUNT; id++) {
		const struct opt *opt = &cmd_opts[id];

		if (opt->kind != OPT_VALUE || is_repeated(id))
			continue;
		(void)printf("\t--%s", opt->name);
		if (opt->letter)
			(void)printf("|-%c", opt->letter);
		if (!opt->words)
			(void)puts(") ;;");
		else if (strcmp(opt->words, "@file") == 0)
			(void)puts(") _peerage_files ;;");
		else if (strcmp(opt->words, "@interface") == 0)
			(void)printf(") _peerage_words \"$(%s)\" ;;\n", interfaces_command);
		else
			(void)printf(") _peerage_words \"%s\" ;;\n", opt->words);
	}
}

/* Arms of `case $command`: what may follow it. */
static void print_word_arms(void)
{
	for (size_t i = 0; i < cmd_count; i++) {
		const struct cmd *command = &cmd_all[i];

		if (command->completes == WORDS_NONE)
			continue;
		(void)printf("\t%s", command->name);
		print_aliases(command, "|");
		if (command->completes == WORDS_FILES) {
			(void)puts(") _peerage_files ;;");
			continue;
		}
		(void)fputs(") _peerage_words \"", stdout);
		switch (command->completes) {
		case WORDS_PEER:
		case WORDS_PEERS:
			(void)printf("$(%s)", peers_command);
			break;
		case WORDS_REMOVE:
			(void)printf("remove $(%s)", interfaces_command);
			break;
		case WORDS_SETTINGS:
			print_settings();
			break;
		case WORDS_COMMANDS:
			print_commands(" ");
			break;
		default:
			(void)fputs("bash zsh fish", stdout);
		}
		(void)puts("\" ;;");
	}
}

static void print_option_arms(void)
{
	for (size_t i = 0; i < cmd_count; i++) {
		if (!cmd_all[i].options)
			continue;
		(void)printf("\t%s", cmd_all[i].name);
		print_aliases(&cmd_all[i], "|");
		(void)fputs(") _peerage_words \"$flags ", stdout);
		print_options(&cmd_all[i]);
		(void)puts("\" ;;");
	}
}

/* Finds the command on the line, and the options that say where to look: `line`
 * holds the line before the cursor, without the program's name. */
static void print_scan(void)
{
	(void)puts("\tlocal command= before= word\n"
	           "\tlocal at=()\n"
	           "\tfor word in \"${line[@]}\"; do\n"
	           "\t\tif [ \"$word\" = = ]; then continue; fi\n"
	           "\t\tcase $before in\n"
	           "\t\t-i|--interface|--register) at+=(\"$before\" \"$word\"); before=\n"
	           "\t\t\tcontinue ;;");
	(void)fputs("\t\t", stdout);
	print_valued_pattern();
	(void)puts(") before=; continue ;;\n"
	           "\t\tesac\n"
	           "\t\tbefore=\n"
	           "\t\tcase $word in\n"
	           "\t\t--interface=*|--register=*|-i?*) at+=(\"$word\") ;;\n"
	           "\t\t-*) before=$word ;;\n"
	           "\t\t*) [ -n \"$command\" ] || command=$word ;;\n"
	           "\t\tesac\n"
	           "\tdone");
}

static void print_choice(void)
{
	(void)puts("\tcase $before in");
	(void)fputs("\t", stdout);
	print_valued_pattern();
	(void)puts(") _peerage_value \"$before\"; return ;;\n"
	           "\tesac");
	(void)fputs("\tlocal flags=\"", stdout);
	print_options(NULL);
	(void)puts("\"\n"
	           "\tcase $current in\n"
	           "\t-*) case $command in");
	print_option_arms();
	(void)puts("\t*) _peerage_words \"$flags\" ;;\n"
	           "\tesac; return ;;\n"
	           "\tesac\n"
	           "\tcase $command in");
	(void)fputs("\t'') _peerage_words \"", stdout);
	print_commands(" ");
	(void)puts("\" ;;");
	print_word_arms();
	(void)puts("\tesac");
}

static void print_value_function(void)
{
	(void)puts("_peerage_value() {\n\tcase $1 in");
	print_value_arms();
	(void)puts("\tesac\n}");
}

static void print_bash(void)
{
	(void)puts("# bash completion for peerage\n"
	           "_peerage_words() {\n"
	           "\tlocal IFS=$' \\t\\n' word\n"
	           "\tfor word in $1; do\n"
	           "\t\tif [[ $word == \"$current\"* ]]; then COMPREPLY+=(\"$word\"); fi\n"
	           "\tdone\n}\n"
	           "_peerage_files() {\n"
	           "\tmapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
	           "\tcompopt -o filenames 2>/dev/null\n}");
	print_value_function();
	(void)puts("_peerage() {\n"
	           "\tlocal current=${COMP_WORDS[COMP_CWORD]}\n"
	           "\tlocal line=(\"${COMP_WORDS[@]:1:COMP_CWORD-1}\")\n"
	           "\tCOMPREPLY=()");
	print_scan();
	print_choice();
	(void)puts("}\ncomplete -F _peerage peerage");
}

static void print_zsh(void)
{
	(void)puts("#compdef peerage\n"
	           "_peerage_words() { compadd -- ${=1}; }\n"
	           "_peerage_value() {\n\tcase $1 in");
	print_value_arms();
	(void)puts("\tesac\n}\n"
	           "_peerage_files() { _files; }\n"
	           "_peerage() {\n"
	           "\tlocal current=${words[CURRENT]}\n"
	           "\tlocal -a line=(\"${(@)words[2,CURRENT-1]}\")");
	print_scan();
	print_choice();
	(void)puts("}\n"
	           "if [ \"$funcstack[1]\" = _peerage ]; then _peerage \"$@\"; "
	           "else compdef _peerage peerage; fi");
}

/* ------------------------------------------------------------------- fish */

/* A quote in a text would end it. */
static void fish_quoted(const char *text)
{
	(void)putchar('\'');
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			(void)putchar('\\');
		(void)putchar(*text);
	}
	(void)putchar('\'');
}

static void fish_option(const struct cmd *command, enum opt_id id)
{
	const struct opt *opt = &cmd_opts[id];

	(void)fputs("complete -c peerage", stdout);
	if (command) {
		(void)printf(" -n '__fish_seen_subcommand_from %s", command->name);
		print_aliases(command, " ");
		(void)putchar('\'');
	}
	if (opt->letter)
		(void)printf(" -s %c", opt->letter);
	(void)printf(" -l %s -d ", opt->name);
	fish_quoted(opt->help);
	if (opt->kind == OPT_VALUE && opt->words && strcmp(opt->words, "@file") == 0)
		(void)fputs(" -rF", stdout);
	else if (opt->kind == OPT_VALUE && opt->words && strcmp(opt->words, "@interface") == 0)
		(void)fputs(" -xa '(__peerage_column interfaces)'", stdout);
	else if (opt->kind == OPT_VALUE && opt->words)
		(void)printf(" -xa '%s'", opt->words);
	else if (opt->kind == OPT_VALUE)
		(void)fputs(" -x", stdout);
	(void)putchar('\n');
}

static void fish_words(const struct cmd *command)
{
	(void)printf("complete -c peerage -n '__fish_seen_subcommand_from %s", command->name);
	print_aliases(command, " ");
	if (command->completes == WORDS_FILES) {
		(void)puts("' -F");
		return;
	}
	(void)fputs("' -a '", stdout);
	switch (command->completes) {
	case WORDS_PEER:
	case WORDS_PEERS:
		(void)fputs("(__peerage_column list)", stdout);
		break;
	case WORDS_REMOVE:
		(void)fputs("remove (__peerage_column interfaces)", stdout);
		break;
	case WORDS_SETTINGS:
		print_settings();
		break;
	case WORDS_COMMANDS:
		print_commands(" ");
		break;
	default:
		(void)fputs("bash zsh fish", stdout);
	}
	(void)puts("'");
}

static void print_fish(void)
{
	(void)puts("# fish completion for peerage\n"
	           "function __peerage_column\n"
	           "\tset -l at\n"
	           "\tset -l before\n"
	           "\tfor word in (commandline -opc)\n"
	           "\t\tif contains -- $before -i --interface --register\n"
	           "\t\t\tset -a at $before $word\n"
	           "\t\tend\n"
	           "\t\tset before $word\n"
	           "\tend\n"
	           "\tpeerage $at $argv[1] -t 2>/dev/null | tail -n +2 | cut -f1\n"
	           "end\n"
	           "complete -c peerage -f");
	for (size_t i = 0; i < cmd_count; i++) {
		(void)printf("complete -c peerage -n __fish_use_subcommand -a %s -d ",
		             cmd_all[i].name);
		fish_quoted(cmd_all[i].help);
		(void)putchar('\n');
	}
	for (int id = OPT_NONE + 1; opt_is_global((enum opt_id)id); id++)
		fish_option(NULL, (enum opt_id)id);
	for (size_t i = 0; i < cmd_count; i++) {
		for (const enum opt_id *id = cmd_all[i].options; id && *id; id++)
			fish_option(&cmd_all[i], *id);
		if (cmd_all[i].completes != WORDS_NONE)
			fish_words(&cmd_all[i]);
	}
}

int cmd_completion(struct cli *cli, struct prg_error *err)
{
	const char *shell = cli->args.words[0];

	if (strcmp(shell, "bash") == 0)
		print_bash();
	else if (strcmp(shell, "zsh") == 0)
		print_zsh();
	else if (strcmp(shell, "fish") == 0)
		print_fish();
	else
		return say_error(err, PRG_E_USAGE,
		                 "no completion for '%s': give bash, zsh or fish", shell);
	return 0;
}
