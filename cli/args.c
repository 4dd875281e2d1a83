/* SPDX-License-Identifier: ISC */
#include "args.h"

#include "own.h"
#include "say.h"

#include <string.h>

enum token { TOKEN_END, TOKEN_WORD, TOKEN_OPTION, TOKEN_UNKNOWN, TOKEN_NO_VALUE, TOKEN_VALUE };

struct scan {
	char **argv;
	int argc, at;
	const char *group;         /* rest of "-jn" */
	bool ended;                /* "--" went by */
	const struct cmd *command; /* NULL: options of any */
	/* the token */
	enum opt_id id;
	const char *text;          /* word, or option as it was written */
	const char *value;
	char letter[3];
};

/* name, of `length` bytes, or letter; OPT_NONE: there is no such option. */
static enum opt_id find(const struct cmd *command, const char *name, size_t length, char letter)
{
	for (int id = OPT_NONE + 1; id < OPT_COUNT; id++) {
		const struct opt *opt = &cmd_opts[id];

		if (command && !cmd_takes(command, (enum opt_id)id))
			continue;
		if (letter ? opt->letter == letter
		           : strlen(opt->name) == length && memcmp(opt->name, name, length) == 0)
			return (enum opt_id)id;
	}
	return OPT_NONE;
}

static enum token take_value(struct scan *scan)
{
	if (scan->at >= scan->argc)
		return TOKEN_NO_VALUE;
	scan->value = scan->argv[scan->at++];
	return TOKEN_OPTION;
}

static enum token scan_short(struct scan *scan)
{
	scan->letter[0] = '-';
	scan->letter[1] = *scan->group;
	scan->text = scan->letter;
	scan->id = find(scan->command, NULL, 0, *scan->group++);
	if (!scan->id)
		return TOKEN_UNKNOWN;
	if (cmd_opts[scan->id].kind != OPT_VALUE)
		return TOKEN_OPTION;
	if (!*scan->group)
		return take_value(scan);
	scan->value = scan->group;
	scan->group = "";
	return TOKEN_OPTION;
}

static enum token scan_long(struct scan *scan, const char *name)
{
	size_t length = strcspn(name, "=");

	scan->id = find(scan->command, name, length, 0);
	if (!scan->id)
		return TOKEN_UNKNOWN;
	if (name[length])
		scan->value = name + length + 1;
	if (cmd_opts[scan->id].kind == OPT_FLAG && scan->value)
		return TOKEN_VALUE;
	if (cmd_opts[scan->id].kind == OPT_VALUE && !scan->value)
		return take_value(scan);
	return TOKEN_OPTION;
}

static enum token scan_next(struct scan *scan)
{
	scan->value = NULL;
	if (scan->group && *scan->group)
		return scan_short(scan);
	if (scan->at >= scan->argc)
		return TOKEN_END;
	scan->text = scan->argv[scan->at++];
	if (scan->ended || scan->text[0] != '-' || !scan->text[1])
		return TOKEN_WORD;
	if (strcmp(scan->text, "--") == 0) {
		scan->ended = true;
		return scan_next(scan);
	}
	if (scan->text[1] == '-')
		return scan_long(scan, scan->text + 2);
	scan->group = scan->text + 1;
	return scan_short(scan);
}

static int unknown_command(const char *word, struct prg_error *err)
{
	const char *names[64], *near;
	size_t n = 0;

	for (size_t i = 0; i < cmd_count && n < 64; i++)
		names[n++] = cmd_all[i].name;
	near = say_nearest(word, names, n);
	if (near)
		return say_error(err, PRG_E_USAGE,
		                 "'%s' is not a command; did you mean '%s'? (see 'peerage help')",
		                 word, near);
	return say_error(err, PRG_E_USAGE, "'%s' is not a command (see 'peerage help')", word);
}

static int unknown_option(const struct scan *scan, struct prg_error *err)
{
	const struct cmd *command = scan->command;
	const char *names[OPT_COUNT], *near = NULL;
	int length = (int)strcspn(scan->text, "=");
	OWN_FREE char *name = strndup(scan->text, (size_t)length);
	size_t n = 0;

	if (!name)
		return say_nomem(err);
	if (name[1] == '-') {
		for (int id = OPT_NONE + 1; id < OPT_COUNT; id++)
			if (command ? cmd_takes(command, (enum opt_id)id)
			            : opt_is_global((enum opt_id)id))
				names[n++] = cmd_opts[id].name;
		near = say_nearest(name + 2, names, n);
	}
	if (near)
		return say_error(err, PRG_E_USAGE, "unknown option '%s'; did you mean '--%s'?",
		                 name, near);
	return say_error(err, PRG_E_USAGE, "unknown option '%s' (see 'peerage help%s%s')", name,
	                 command ? " " : "", command ? command->name : "");
}

/* Finds the command and -j, so that the second pass knows whose options there
 * may be, and its errors how to be told. */
static int first_pass(struct scan scan, struct args *args, struct prg_error *err)
{
	enum token token;

	while ((token = scan_next(&scan)) != TOKEN_END) {
		if (token == TOKEN_OPTION && scan.id == OPT_JSON)
			args->json = true;
		if (token != TOKEN_WORD || args->command)
			continue;
		args->command = cmd_find(scan.text);
		/* go on, for a -j behind it */
		if (!args->command && !err->code)
			(void)unknown_command(scan.text, err);
	}
	return err->code;
}

static int add_option(struct args *args, const struct scan *scan, struct prg_error *err)
{
	const struct opt *opt = &cmd_opts[scan->id];

	if (opt->again == OPT_ONCE && opt->kind != OPT_FLAG && args_has(args, scan->id))
		return say_error(err, PRG_E_USAGE, "option --%s is given twice", opt->name);
	args->options[args->n_options].id = scan->id;
	args->options[args->n_options++].value = scan->value;
	return 0;
}

/* `--qr half` would make a peer that is called half. */
static int check_bare(const struct scan *scan, struct prg_error *err)
{
	const struct opt *opt = &cmd_opts[scan->id];
	const char *next = scan->at < scan->argc ? scan->argv[scan->at] : "";

	if (opt->kind != OPT_MAYBE || scan->value || !opt_knows(scan->id, next))
		return 0;
	return say_error(err, PRG_E_USAGE,
	                 "'%s' behind --%s would be a name: give --%s=%s, or put the name first",
	                 next, opt->name, opt->name, next);
}

static int second_pass(struct scan scan, struct args *args, struct prg_error *err)
{
	bool command_seen = false;
	enum token token;
	int code = 0;

	scan.command = args->command;
	while (!code && (token = scan_next(&scan)) != TOKEN_END) {
		switch (token) {
		case TOKEN_WORD:
			if (command_seen)
				args->words[args->n_words++] = scan.text;
			command_seen = true;
			break;
		case TOKEN_OPTION:
			code = check_bare(&scan, err);
			if (!code)
				code = add_option(args, &scan, err);
			break;
		case TOKEN_NO_VALUE:
			code = say_error(err, PRG_E_USAGE, "option --%s needs a value: %s",
			                 cmd_opts[scan.id].name, cmd_opts[scan.id].value);
			break;
		case TOKEN_VALUE:
			code = say_error(err, PRG_E_USAGE, "option --%s takes no value",
			                 cmd_opts[scan.id].name);
			break;
		default:
			code = unknown_option(&scan, err);
		}
	}
	return code;
}

int args_parse(int argc, char **argv, struct args *ret_args, struct prg_error *err)
{
	/* every byte of a group of letters may be an option */
	size_t most = 1;
	struct args args = { .json = false };
	struct scan scan = { .argv = argv, .argc = argc, .at = 1 };
	int code;

	for (int i = 1; i < argc; i++)
		most += argv[i][0] == '-' && argv[i][1] != '-' ? strlen(argv[i]) : 1;
	memset(ret_args, 0, sizeof(*ret_args));
	err->code = 0;
	code = first_pass(scan, &args, err);
	ret_args->json = args.json;
	if (code)
		return code;
	args.words = calloc(most, sizeof(*args.words));
	args.options = calloc(most, sizeof(*args.options));
	code = args.words && args.options ? second_pass(scan, &args, err) : say_nomem(err);
	if (code)
		args_done(&args);
	else
		*ret_args = args;
	return code;
}

void args_done(struct args *args)
{
	free(args->words);
	free(args->options);
	memset(args, 0, sizeof(*args));
}

bool args_has(const struct args *args, enum opt_id id)
{
	for (size_t i = 0; i < args->n_options; i++)
		if (args->options[i].id == id)
			return true;
	return false;
}

const char *args_value(const struct args *args, enum opt_id id)
{
	for (size_t i = args->n_options; i-- > 0;)
		if (args->options[i].id == id)
			return args->options[i].value;
	return NULL;
}
