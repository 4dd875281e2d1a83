/* SPDX-License-Identifier: ISC */
/* dump, plan, apply: an interface and its peers as one declarative file. */
#include "fields.h"

#include "files.h"
#include "sink.h"
#include "term.h"

#include <string.h>
#include <sys/stat.h>

#define TOLD 20 /* bad lines, and peers that are left over */
#define LISTED 1000 /* changes that were made, one a line; with more the numbers do */

/* ------------------------------------------------------------------ dump */

static int write_out(void *context, const char *bytes, size_t length)
{
	(void)context;
	return sink_through(bytes, length) ? 0 : PRG_E_FAILED;
}

static void warn_if_exposed(const struct cli *cli)
{
	struct stat st;

	if (fstat(STDOUT_FILENO, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077))
		cli_remark(cli, "warning: others may read the file that these keys go to: chmod 600 "
		                "it, and 'umask 077' the next time");
}

int cmd_dump(struct cli *cli, struct prg_error *err)
{
	bool bare = args_has(&cli->args, OPT_NO_SECRETS);
	int code = prg_dump(cli->reg, cli->interface, bare ? PRG_DUMP_NO_SECRETS : 0, write_out,
	                    NULL, err);

	if (code && out_failed(&cli->out))
		return 0; /* said when the output ends */
	if (!code && !bare)
		warn_if_exposed(cli);
	return code;
}

/* ------------------------------------------------------------- the document */

struct document {
	const char *shown; /* what messages call it */
	struct files_text text;
	size_t n_problems;
	char *problems[TOLD]; /* NULL: out of memory */
};

static void own_document(struct document *document)
{
	files_text_done(&document->text);
	for (size_t i = 0; i < document->n_problems && i < TOLD; i++)
		free(document->problems[i]);
}
#define OWN_DOCUMENT OWN(own_document) struct document

static bool has_line(const struct document *document, const char *key)
{
	size_t length = strlen(key);
	const char *at = document->text.data, *end = at + document->text.length;

	while (at && (size_t)(end - at) >= length) {
		if (memcmp(at, key, length) == 0)
			return true;
		at = memchr(at, '\n', (size_t)(end - at));
		at = at ? at + 1 : NULL;
	}
	return false;
}

static bool has_keys(const struct document *document)
{
	return has_line(document, "PrivateKey") || has_line(document, "PresharedKey") ||
	       has_line(document, "#~ PresharedKey") || has_line(document, "# HashKey");
}

static int read_file(const struct cli *cli, const char *path, struct document *document,
                     struct prg_error *err)
{
	bool exposed;
	int code = files_read_text(path, &document->text, &exposed, err);

	document->shown = strcmp(path, "-") ? path : "standard input";
	if (!code && exposed && has_keys(document))
		cli_remark(cli, "%s: others than its owner may get at the keys in it: chmod 600 it",
		           path);
	return code;
}

static void gather(void *context, const struct prg_problem *problem)
{
	struct document *document = context;

	if (document->n_problems < TOLD &&
	    asprintf(&document->problems[document->n_problems], "%s: line %u, column %u: %s",
	             document->shown, problem->line, problem->column, problem->reason) < 0)
		document->problems[document->n_problems] = NULL;
	document->n_problems++;
}

/* One bad line is the error; several stand before it, one a line. */
static int say_problems(const struct cli *cli, const struct document *document,
                        struct prg_error *err)
{
	if (document->n_problems < 2 || cli->out.mode == OUT_JSON)
		return say_wrap(err, "%s", document->shown);
	for (size_t i = 0; i < document->n_problems && i < TOLD; i++)
		if (document->problems[i])
			say_line("peerage: ", document->problems[i]);
	return say_error(err, err->code, "%s: %zu bad lines%s: nothing was changed",
	                 document->shown, document->n_problems,
	                 document->n_problems > TOLD ? ", of which these are the first" : "");
}

static int make_intent(struct cli *cli, struct document *document, struct prg_intent **ret_intent,
                       struct prg_error *err)
{
	OWN_INTENT *intent = NULL;
	int code = cli_intent(cli, PRG_APPLY, &intent, err);

	if (!code)
		code = read_file(cli, cli->args.words[0], document, err);
	if (code)
		return code;
	prg_intent_set_problems(intent, gather, document);
	if (prg_intent_read_document(intent, document->text.data, document->text.length, err))
		return say_problems(cli, document, err);
	*ret_intent = intent;
	intent = NULL;
	return 0;
}

/* ----------------------------------------------------------- asking, trying */

/* Words for what cannot be taken back; false: there is nothing of that. */
static bool destroys(const struct prg_report *report, char *question, size_t size)
{
	size_t n = 0, used = 0;
	bool key = false;
	char names[300] = "";

	for (size_t i = 0; i < prg_report_n_changes(report); i++) {
		const struct prg_change *change = prg_report_change(report, i);

		for (size_t j = 0; !change->has_public_key && j < change->n_fields; j++)
			key |= strcmp(change->fields[j].name, "public_key") == 0 &&
			       strcmp(change->fields[j].from, "null") != 0;
		if (strcmp(change->action, "remove") != 0)
			continue;
		if (n++ < 4)
			used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s",
			                         n > 1 ? ", " : "", change->peer);
	}
	used = (size_t)snprintf(question, size, "%s%s",
	                        key ? "replace the server's key, so that no client's config works" :
	                              "", key && n ? ", and " : "");
	if (n)
		(void)snprintf(question + used, size - used, "cut %zu key%s off for good: %s%s", n,
		               n == 1 ? "" : "s", names, n > 4 ? ", ..." : "");
	return key || n;
}

/* What cannot be taken back is asked about, once it is known what it is. */
static int ask(struct cli *cli, struct prg_intent *intent, struct prg_error *err)
{
	unsigned flags = cli_flags(cli, PRG_APPLY);
	OWN_REPORT *report = NULL;
	char question[500];
	int code;

	if (cli->dry_run || args_has(&cli->args, OPT_YES))
		return 0;
	if (!term_can_ask())
		return flags & PRG_PRUNE ? cli_confirm(cli, "apply --prune", "", err) : 0;
	prg_intent_set_flags(intent, flags | PRG_DRY_RUN);
	code = prg_execute(cli->reg, intent, &report, err);
	prg_intent_set_flags(intent, flags);
	if (code || !destroys(report, question, sizeof(question)))
		return code;
	code = cli_confirm(cli, "apply", question, err);
	prg_intent_set_flags(intent, flags | PRG_REPLACE_KEY);
	return code;
}

/* The first interface makes the register: what is wrong is found without. */
static int rehearse(struct cli *cli, struct prg_intent *intent, struct prg_error *err)
{
	unsigned flags = cli_flags(cli, PRG_APPLY);
	OWN_REPORT *report = NULL;
	int code;

	if (!cli->scratch[0] || cli->dry_run)
		return 0;
	prg_intent_set_flags(intent, flags | PRG_DRY_RUN);
	code = prg_execute(cli->reg, intent, &report, err);
	prg_intent_set_flags(intent, flags);
	return code ? code : cli_open_real(cli, err);
}

/* ------------------------------------------------------------------ telling */

struct left_over {
	const struct cli *cli;
	const struct prg_report *report;
	size_t told;
};

static int tell_left_over(void *context, const struct prg_peer *peer)
{
	struct left_over *left = context;

	for (size_t i = 0; i < prg_report_n_left_over(left->report) && i < TOLD; i++)
		if (memcmp(prg_report_left_over(left->report, i), &peer->public_key,
		           sizeof(peer->public_key)) == 0) {
			cli_remark(left->cli, "left over: %s is not in the document, and stays; "
			                      "'apply --prune' revokes it", peer->name);
			left->told++;
		}
	return left->told == TOLD;
}

static int say_left_over(const struct cli *cli, const struct prg_report *report,
                         struct prg_error *err)
{
	struct left_over left = { cli, report, 0 };
	size_t n = prg_report_n_left_over(report);
	int code;

	if (!n || cli->out.mode == OUT_JSON || cli->quiet)
		return 0;
	code = prg_list_peers(cli->reg, prg_report_interface(report)->name, tell_left_over, &left,
	                      err);
	if (n > TOLD)
		cli_remark(cli, "left over: %zu more", n - TOLD);
	return code < 0 ? code : 0;
}

/* What was done, in numbers. */
static void say_done(const struct cli *cli, const struct prg_report *report)
{
	const char *name = prg_report_interface(report)->name;
	size_t n = prg_report_n_changes(report), added = 0, removed = 0, changed = 0;

	for (size_t i = 0; i < n; i++) {
		const char *action = prg_report_change(report, i)->action;

		added += strcmp(action, "add") == 0;
		removed += strcmp(action, "remove") == 0;
		changed += strcmp(action, "update") == 0;
	}
	if (!n)
		cli_remark(cli, "%s: nothing to change", name);
	else if (!cli->dry_run)
		cli_remark(cli, "%s: %zu added, %zu changed, %zu revoked%s", name, added, changed,
		           removed, n > added + removed + changed ? ", interface configured" : "");
}

static int apply(struct cli *cli, bool *ret_differs, struct prg_error *err)
{
	OWN_DOCUMENT document = { .text = FILES_TEXT_NONE };
	OWN_INTENT *intent = NULL;
	OWN_REPORT *report = NULL;
	struct prg_error failed;
	int code = make_intent(cli, &document, &intent, err);

	if (!code)
		code = ask(cli, intent, err);
	if (!code)
		code = rehearse(cli, intent, err);
	if (!code)
		code = cli_execute(cli, intent, &report, err);
	/* the library knows lines, and not of what */
	if (code && !report && strncmp(err->message, "line ", 5) == 0)
		return say_wrap(err, "%s", document.shown);
	if (!report)
		return code;
	*ret_differs = fields_plan(cli, report,
	                           cli->dry_run || prg_report_n_changes(report) <= LISTED);
	if (say_left_over(cli, report, &failed) && !code) {
		*err = failed;
		return err->code;
	}
	if (!code && cli->out.mode == OUT_TABLE)
		say_done(cli, report);
	return code;
}

int cmd_plan(struct cli *cli, struct prg_error *err)
{
	bool differs = false;
	int code;

	cli->dry_run = true;
	code = apply(cli, &differs, err);
	return code ? code : differs ? CMD_FINDINGS : 0;
}

int cmd_apply(struct cli *cli, struct prg_error *err)
{
	bool differs = false;
	int code = apply(cli, &differs, err);

	return code ? code : cli->dry_run && differs ? CMD_FINDINGS : 0;
}
