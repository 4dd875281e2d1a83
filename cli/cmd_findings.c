/* SPDX-License-Identifier: ISC */
/* audit: what is not as it should be. */
#include "cli.h"
#include "term.h"
#include "text.h"

#include <string.h>

static const struct out_column columns[] = {
	{ "severity", "SEVERITY", 0 },   { "kind", "KIND", 0 },
	{ "peer", "PEER", 0 },           { "public_key", "KEY", 0 },
	{ "what", "WHAT", 0 },           { "why", "WHY", 0 },
	{ "command", "COMMAND", 0 },
};

struct view {
	struct cli *cli;
	const char *interface;
	int fail_on; /* enum prg_severity; one above the highest: never */
	bool any, fails;
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
static void print_block(const struct view *view, const struct prg_finding *finding)
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
	if (finding->command) {
		(void)fputs("  to mend it: ", stdout);
		put_plain(finding->command, strlen(finding->command));
		(void)putchar('\n');
	}
}

static void print_row(struct out *out, const struct prg_finding *finding)
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
	out_text(out, "command", finding->command);
	out_row_end(out);
}

static int on_finding(void *context, const struct prg_finding *finding)
{
	struct view *view = context;
	struct out *out = &view->cli->out;

	view->fails |= (int)finding->severity >= view->fail_on;
	if (out->mode == OUT_TABLE)
		print_block(view, finding);
	else
		print_row(out, finding);
	view->any = true;
	return out_failed(out) ? PRG_E_FAILED : 0;
}

int cmd_audit(struct cli *cli, struct prg_error *err)
{
	OWN_INTERFACE *interface = NULL;
	struct view view = { .cli = cli };
	int code = choose_level(cli, &view.fail_on, err);

	if (!code)
		code = prg_find_interface(cli->reg, cli->interface, &interface, err);
	if (code)
		return code;
	view.interface = interface->name;
	out_text(&cli->out, "interface", interface->name);
	out_list(&cli->out, "findings", columns,
	         cli->out.mode == OUT_TABLE ? 0 : sizeof(columns) / sizeof(*columns));
	code = prg_audit(cli->reg, interface->name, on_finding, &view, err);
	if (code && out_failed(&cli->out))
		return 0; /* said when the output ends */
	if (code)
		return code;
	out_list_end(&cli->out);
	if (!view.any)
		cli_remark(cli, "%s is as it should be", interface->name);
	return view.fails ? CMD_FINDINGS : 0;
}
