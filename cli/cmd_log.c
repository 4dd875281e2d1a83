/* SPDX-License-Identifier: ISC */
/* log: the audit chain, shown and verified. */
#include "fields.h"
#include "human.h"
#include "own.h"
#include "words.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

static const struct out_column columns[] = {
	{ "number", "NUMBER", OUT_HIDE },
	{ "at", "TIME", 0 },
	{ "actor", "WHO", OUT_FOLD },
	{ "verb", "WHAT", 0 },
	{ "interface", "INTERFACE", OUT_HIDE },
	{ "peer", "PEER", OUT_CUT_LAST },
	{ "summary", "CHANGES", OUT_FOLD },
	{ "public_key", "KEY", OUT_HIDE },
	{ "hash", "HASH", OUT_HIDE },
};

struct view {
	struct cli *cli;
	bool any;
};

static void summarise(struct out *out, const struct prg_log_entry *entry)
{
	OWN_FREE char *text = NULL;

	if (out->mode == OUT_JSON)
		return;
	text = words_of_change(&entry->change, false);
	if (!text)
		out->nomem = true;
	else
		out_summary(out, "summary", entry->erased ? "erased" : text);
}

static int log_row(void *context, const struct prg_log_entry *entry)
{
	struct view *view = context;
	struct out *out = &view->cli->out;
	char text[HUMAN_TEXT], key[PRG_KEY_TEXT];

	view->any = true;
	human_moment(entry->at, text);
	prg_public_key_format(&entry->change.public_key, key);
	out_row(out);
	out_number(out, "number", entry->number);
	out_text(out, "at", text); /* never "3 min ago": this is evidence */
	out_text(out, "actor", entry->actor);
	out_text(out, "verb", entry->verb);
	out_text(out, "interface", entry->interface);
	out_text(out, "peer", entry->change.peer);
	out_text(out, "public_key", entry->change.has_public_key ? key : NULL);
	summarise(out, entry);
	fields_changed(out, &entry->change);
	out_bool(out, "erased", entry->erased);
	out_text(out, "hash", entry->hash);
	out_row_end(out);
	return out_failed(out) ? PRG_E_FAILED : 0;
}

static int show(struct cli *cli, struct prg_error *err)
{
	const char *since = args_value(&cli->args, OPT_SINCE);
	const char *peer = args_value(&cli->args, OPT_PEER);
	struct view view = { .cli = cli };
	int64_t from = INT64_MIN;
	int code = 0;

	if (since && prg_since_parse(since, &from, err))
		return say_wrap(err, "--since");
	out_list(&cli->out, "entries", columns, sizeof(columns) / sizeof(*columns));
	code = prg_log(cli->reg, cli->interface, peer, from, log_row, &view, err);
	if (code && out_failed(&cli->out))
		return 0; /* said when the output ends */
	if (code)
		return code;
	out_list_end(&cli->out);
	if (!view.any)
		cli_remark(cli, "no entry matches");
	return 0;
}

/* ----------------------------------------------------------------- verifying */

/* Runs of entries that were accepted, as they are told. */
struct runs {
	struct run {
		uint64_t first, last;
	} *list;
	size_t n;
};

static void runs_done(struct runs *runs)
{
	free(runs->list);
}
#define OWN_RUNS __attribute__((cleanup(runs_done))) struct runs

static int keep_run(void *context, uint64_t first, uint64_t last)
{
	struct runs *runs = context;
	struct run *grown = realloc(runs->list, (runs->n + 1) * sizeof(*grown));

	if (!grown)
		return PRG_E_NOMEM;
	runs->list = grown;
	runs->list[runs->n++] = (struct run){ first, last };
	return 0;
}

static void print_runs(struct out *out, const struct runs *runs)
{
	char text[256];
	size_t used = 0;

	if (out->mode == OUT_JSON) {
		out_array(out, "accepted");
		for (size_t i = 0; i < runs->n; i++) {
			out_object(out, NULL);
			out_number(out, "first", runs->list[i].first);
			out_number(out, "last", runs->list[i].last);
			out_object_end(out);
		}
		out_array_end(out);
		return;
	}
	for (size_t i = 0; i < runs->n && used < sizeof(text); i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%" PRIu64 " to %" PRIu64,
		                         i ? ", " : "entries ", runs->list[i].first,
		                         runs->list[i].last);
	if (runs->n)
		out_text(out, "accepted", text);
}

static int verify(struct cli *cli, struct prg_error *err)
{
	static const struct out_column labels[] = {
		{ "holds", "holds", 0 },
		{ "entries", "entries", 0 },
		{ "head", "head", 0 },
		{ "accepted", "but for", 0 },
	}, failed[] = {
		{ "holds", "holds", 0 },
		{ "entries", "entries", 0 },
		{ "head", "head", 0 },
		{ "finding", "finding", 0 },
	};
	const char *known = cli->args.n_words ? cli->args.words[0] : NULL;
	OWN_RUNS runs = { 0 };
	struct out *out = &cli->out;
	char head[65];
	uint64_t entries = 0;
	int code = prg_register_verify_accepted(cli->reg, known, keep_run, &runs, &entries, head,
	                                        err);

	if (code == PRG_E_NOMEM)
		return say_nomem(err);
	if (code && code != PRG_E_CORRUPT)
		return code;
	out_record(out, "chain", code ? failed : labels, code || runs.n ? 4 : 3);
	out_bool(out, "holds", !code);
	if (code) {
		out_null(out, "entries");
		out_null(out, "head");
	} else {
		out_number(out, "entries", entries);
		out_text(out, "head", head);
	}
	if (!code || out->mode == OUT_JSON)
		print_runs(out, &runs);
	if (code || out->mode == OUT_JSON)
		out_text(out, "finding", code ? err->message : NULL);
	out_record_end(out);
	return code ? CMD_FINDINGS : 0;
}

static int accept_rest(struct cli *cli, struct prg_error *err)
{
	const char *text = args_value(&cli->args, OPT_ACCEPT);
	char question[160], *end;
	unsigned long long first;
	int code;

	errno = 0;
	first = strtoull(text, &end, 10);
	if (!isdigit((unsigned char)text[0]) || *end || errno || !first)
		return say_error(err, PRG_E_USAGE, "malformed number '%.40s' of --accept: expected "
		                                   "the first entry that does not hold, as 'peerage "
		                                   "log --verify' names it", text);
	(void)snprintf(question, sizeof(question), "accept for good that entries from %llu on do "
	                                           "not hold, as they are now", first);
	code = cli_confirm(cli, "log --accept", question, err);
	if (!code && !cli->dry_run)
		code = prg_register_accept(cli->reg, first, err);
	return code ? code : verify(cli, err);
}

static int print_head(struct cli *cli, struct prg_error *err)
{
	static const struct out_column column[] = { { "head", "HEAD", 0 } };
	struct prg_error broken;
	uint64_t entries;
	char head[65];
	int code = prg_register_verify(cli->reg, &entries, head, &broken);

	/* a head of what does not hold would vouch for it */
	if (code) {
		*err = broken;
		return code;
	}
	if (cli->out.mode == OUT_TABLE) {
		(void)puts(head);
		return 0;
	}
	out_record(&cli->out, "chain", column, 1);
	out_number(&cli->out, "entries", entries);
	out_text(&cli->out, "head", head);
	out_record_end(&cli->out);
	return 0;
}

int cmd_log(struct cli *cli, struct prg_error *err)
{
	bool checks = args_has(&cli->args, OPT_VERIFY), head = args_has(&cli->args, OPT_HEAD);
	bool filters = args_has(&cli->args, OPT_SINCE) || args_has(&cli->args, OPT_PEER);

	if (args_has(&cli->args, OPT_ACCEPT)) {
		if (checks || head || filters || cli->args.n_words)
			return say_error(err, PRG_E_USAGE, "--accept goes with no other option of log");
		return accept_rest(cli, err);
	}
	if (cli->args.n_words && !(checks && head))
		return say_error(err, PRG_E_USAGE, "a HEAD is compared by 'peerage log --verify "
		                                   "--head HEAD'");
	if (checks && head && !cli->args.n_words)
		return say_error(err, PRG_E_USAGE, "--verify --head needs the HEAD to compare with: "
		                                   "what 'peerage log --head' printed before");
	if ((checks || head) && filters)
		return say_error(err, PRG_E_USAGE, "--%s is of the whole chain: leave --since and "
		                                   "--peer out", checks ? "verify" : "head");
	if (checks)
		return verify(cli, err);
	return head ? print_head(cli, err) : show(cli, err);
}
