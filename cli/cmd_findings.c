/* SPDX-License-Identifier: ISC */
/* audit: what is not as it should be. */
#include "cli.h"
#include "term.h"
#include "text.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct out_column columns[] = {
	{ "severity", "SEVERITY", 0 },   { "kind", "KIND", 0 },
	{ "peer", "PEER", 0 },           { "public_key", "KEY", 0 },
	{ "what", "WHAT", 0 },           { "why", "WHY", 0 },
	{ "command", "COMMAND", 0 },  { "count", "COUNT", OUT_RIGHT },
};

struct view {
	struct cli *cli;
	const char *interface;
	int fail_on; /* enum prg_severity; one above the highest: never */
	bool any, fails;
	bool watched;   /* a sample has begun */
	bool shows;     /* how long a sample still takes */
	int64_t left_s; /* as it is shown */
};

static int choose_level(const struct cli *cli, int *ret, struct prg_error *err)
{
	const char *text = args_value(&cli->args, OPT_FAIL_ON);

	*ret = PRG_SEVERITY_WARNING;
	if (!text)
		return 0;
	for (*ret = PRG_SEVERITY_INFO; *ret <= PRG_SEVERITY_CRITICAL; ++*ret)
		if (strcmp(text, prg_severity_name((enum prg_severity)*ret)) == 0)
			return 0;
	if (strcmp(text, "none") == 0)
		return 0;
	return say_error(err, PRG_E_USAGE, "--fail-on '%s' is unknown: give info, warning, "
	                                   "critical or none", text);
}

/* -------------------------------------------------------------------- commands */

/* TEXT in single quotes, to a stream. */
static void put_quoted(FILE *to, const char *text)
{
	(void)putc('\'', to);
	for (; *text; text++)
		if (*text == '\'')
			(void)fputs("'\\''", to);
		else
			(void)putc(*text, to);
	(void)putc('\'', to);
}

/* The command as it has to be typed where this one had --register or --backend; for
 * free(3). NULL: out of memory. */
static char *to_type(const struct cli *cli, const char *command)
{
	static const char name[] = "peerage ";
	const char *path = args_value(&cli->args, OPT_REGISTER), *at;
	const char *backend = args_value(&cli->args, OPT_BACKEND);
	char *text = NULL;
	size_t size;
	FILE *to;

	/* it is a path's word, if it stands elsewhere */
	for (at = strstr(command, name); at; at = strstr(at + 1, name))
		if (at == command || at[-1] == ' ')
			break;
	if (!at || strchr(command, '\'') || (!path && !backend))
		return strdup(command);
	to = open_memstream(&text, &size);
	if (!to)
		return NULL;
	at += sizeof(name) - 1;
	(void)fwrite(command, 1, (size_t)(at - command), to);
	if (path) {
		(void)fputs("--register ", to);
		put_quoted(to, path);
		(void)putc(' ', to);
	}
	if (backend)
		(void)fprintf(to, "--backend %s ", backend);
	(void)fputs(at, to);
	if (fclose(to)) {
		free(text);
		return NULL;
	}
	return text;
}

/* -------------------------------------------------------------------- printing */

/* What may come from a config or a file name must not reach the terminal raw. */
static void put_plain(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		(void)putchar((unsigned char)text[i] < 0x20 || text[i] == 0x7f ? '?' : text[i]);
}

/* Folded to the window, indented. */
static void put_folded(const char *text)
{
	unsigned columns_shown, rows;
	size_t width;

	term_size(&columns_shown, &rows);
	width = columns_shown > 20 ? columns_shown - 2 : 78;
	while (*text) {
		size_t n = text_fold(text, width, true);

		(void)fputs("  ", stdout);
		put_plain(text, n);
		(void)putchar('\n');
		text += n;
		text += strspn(text, " ");
	}
}

static void put_severity(enum prg_severity severity)
{
	const char *colour = severity == PRG_SEVERITY_CRITICAL ? "\033[31m"
	                     : severity == PRG_SEVERITY_WARNING ? "\033[33m"
	                                                        : NULL;

	if (colour && term_colour())
		(void)printf("%s%s\033[0m", colour, prg_severity_name(severity));
	else
		(void)fputs(prg_severity_name(severity), stdout);
}

/* A block for people: lines that do not fit a table, and a command to copy, which
 * is never broken. */
static void print_block(const struct view *view, const struct prg_finding *finding,
                        const char *command)
{
	char key[PRG_KEY_TEXT] = "";

	if (finding->has_public_key)
		prg_public_key_format(&finding->public_key, key);
	if (view->any)
		(void)putchar('\n');
	put_severity(finding->severity);
	(void)printf("  %s  %s\n", finding->peer ? finding->peer : *key ? key : view->interface,
	             finding->kind);
	put_folded(finding->what);
	put_folded(finding->why);
	if (command) {
		(void)fputs("  to mend it: ", stdout);
		put_plain(command, strlen(command));
		(void)putchar('\n');
	}
}

static void print_row(struct out *out, const struct prg_finding *finding, const char *command)
{
	char key[PRG_KEY_TEXT];

	prg_public_key_format(&finding->public_key, key);
	out_row(out);
	out_text(out, "severity", prg_severity_name(finding->severity));
	out_text(out, "kind", finding->kind);
	out_text(out, "peer", finding->peer);
	out_text(out, "public_key", finding->has_public_key ? key : NULL);
	out_text(out, "what", finding->what);
	out_text(out, "why", finding->why);
	out_text(out, "command", command);
	out_number(out, "count", finding->count);
	out_row_end(out);
}

static int on_finding(void *context, const struct prg_finding *finding)
{
	struct view *view = context;
	struct out *out = &view->cli->out;
	OWN_FREE char *command = finding->command ? to_type(view->cli, finding->command) : NULL;

	if (finding->command && !command)
		out->nomem = true;
	view->fails |= (int)finding->severity >= view->fail_on;
	if (out->mode == OUT_TABLE)
		print_block(view, finding, command);
	else
		print_row(out, finding, command);
	view->any = true;
	return out_failed(out) ? PRG_E_FAILED : 0;
}

/* -------------------------------------------------------------------- sampling */

static volatile sig_atomic_t had_enough;

static void on_interrupt(int number)
{
	(void)number;
	had_enough = 1;
}

static bool on_sampling(void *context, int64_t left_s)
{
	struct view *view = context;

	if (!view->watched)
		cli_remark(view->cli, "watching %s for %" PRId64 " s; Ctrl-C ends it, and tells what "
		                      "was seen", view->interface, left_s);
	view->watched = true;
	if (had_enough)
		left_s = 0;
	if (!view->shows || left_s == view->left_s)
		return !had_enough;
	view->left_s = left_s;
	(void)fputs("\r\033[K", stderr);
	if (left_s > 0)
		(void)fprintf(stderr, "%" PRId64 " s left ", left_s);
	(void)fflush(stderr);
	return !had_enough;
}

static int choose_sample(struct view *view, int64_t *ret_s, struct prg_error *err)
{
	const struct cli *cli = view->cli;
	const char *text = args_value(&cli->args, OPT_SAMPLE);

	*ret_s = 0;
	if (!text)
		return 0;
	if (prg_duration_parse(text, ret_s, err))
		return say_wrap(err, "--sample");
	if (*ret_s <= 0)
		return say_error(err, PRG_E_USAGE, "--sample '%s' is no time at all", text);
	view->shows = !cli->quiet && term_is(STDERR_FILENO) && term_capable();
	return 0;
}

/* Ctrl-C ends the sample, not the program. */
static int audit(struct view *view, unsigned flags, int64_t sample_s, struct prg_error *err)
{
	struct sigaction stop = { .sa_handler = on_interrupt }, before;
	int code;

	if (sample_s)
		(void)sigaction(SIGINT, &stop, &before);
	code = prg_audit_sample(view->cli->reg, view->interface, flags, sample_s, on_sampling,
	                        on_finding, view, err);
	if (sample_s)
		(void)sigaction(SIGINT, &before, NULL);
	return code;
}

int cmd_audit(struct cli *cli, struct prg_error *err)
{
	OWN_INTERFACE *interface = NULL;
	struct view view = { .cli = cli, .left_s = -1 };
	int64_t sample_s = 0;
	int code = choose_level(cli, &view.fail_on, err);

	if (!code)
		code = choose_sample(&view, &sample_s, err);
	if (!code)
		code = prg_find_interface(cli->reg, cli->interface, &interface, err);
	if (code)
		return code;
	view.interface = interface->name;
	out_text(&cli->out, "interface", interface->name);
	out_list(&cli->out, "findings", columns,
	         cli->out.mode == OUT_TABLE ? 0 : sizeof(columns) / sizeof(*columns));
	code = audit(&view, args_has(&cli->args, OPT_ALL) ? PRG_AUDIT_ALL : 0, sample_s, err);
	if (code && out_failed(&cli->out))
		return 0; /* said when the output ends */
	if (code)
		return code;
	out_list_end(&cli->out);
	if (sample_s && !view.watched)
		cli_remark(cli, "%s does not run as registered: nothing was watched", interface->name);
	if (cli->backend == PRG_BACKEND_NONE)
		cli_remark(cli, "with --backend none the register alone is looked at%s",
		           view.any ? "" : ", and is as it should be");
	else if (!view.any)
		cli_remark(cli, "%s is as it should be", interface->name);
	return view.fails ? CMD_FINDINGS : 0;
}
