/* SPDX-License-Identifier: ISC */
/* import: a server that exists already. */
#include "fields.h"
#include "files.h"

#include <string.h>

/* One interface that is to be imported. */
struct source {
	const char *path;  /* NULL: what runs */
	const char *shown;
	char interface[PRG_IFNAME_TEXT];
	struct prg_intent *intent;
	struct prg_report *report; /* of the check, then of the import */
};

struct sources {
	struct source *list;
	size_t n, done;
};

static void own_sources(struct sources *sources)
{
	for (size_t i = 0; i < sources->n; i++) {
		prg_intent_free(&sources->list[i].intent);
		prg_report_free(&sources->list[i].report);
	}
	free(sources->list);
}

/* --------------------------------------------------------------- reading */

static int read_config(const struct cli *cli, struct source *source, struct prg_error *err)
{
	OWN(files_text_done) struct files_text text = FILES_TEXT_NONE;
	bool exposed;
	int code = files_read_text(source->path, &text, &exposed, err);

	if (code)
		return code;
	if (exposed)
		cli_remark(cli, "%s: others than its owner may read the keys in it: chmod 600 it",
		           source->path);
	return prg_intent_read_config(source->intent, text.data, text.length, source->shown, err);
}

/* ----------------------------------------------------------------- names */

/* NAME.conf is the interface NAME, as wg-quick has it; -i says otherwise. */
static int name_interface(const struct cli *cli, struct source *source, struct prg_error *err)
{
	const char *base = strrchr(source->path, '/');
	size_t length;

	if (args_has(&cli->args, OPT_INTERFACE)) {
		(void)snprintf(source->interface, sizeof(source->interface), "%s",
		               args_value(&cli->args, OPT_INTERFACE));
		return 0;
	}
	base = base ? base + 1 : source->path;
	length = strlen(base);
	if (length < 6 || strcmp(base + length - 5, ".conf") != 0)
		return say_error(err, PRG_E_USAGE, "%s: not a NAME.conf that names its interface: "
		                                   "give -i IF", source->shown);
	if (length - 5 >= PRG_IFNAME_TEXT)
		return say_error(err, PRG_E_USAGE, "%s: an interface's name has at most 15 "
		                                   "characters: give another with -i",
		                 source->shown);
	(void)snprintf(source->interface, sizeof(source->interface), "%.*s", (int)length - 5,
	               base);
	return 0;
}

static int check_words(const struct cli *cli, struct prg_error *err)
{
	static const enum opt_id of_one[] = { OPT_INTERFACE, OPT_POOL, OPT_PRIVATE_KEY };
	bool live = args_has(&cli->args, OPT_LIVE);

	if (live && cli->args.n_words)
		return say_error(err, PRG_E_USAGE, "give a FILE or --live, not both; the interface "
		                                   "that --live takes over is -i NAME");
	if (!live && !cli->args.n_words)
		return say_error(err, PRG_E_USAGE,
		                 "'peerage import' needs a FILE, or --live for what runs");
	for (size_t i = 0; i < sizeof(of_one) / sizeof(*of_one); i++)
		if (cli->args.n_words > 1 && args_has(&cli->args, of_one[i]))
			return say_error(err, PRG_E_USAGE,
			                 "--%s is for one interface, and %zu files are given",
			                 cmd_opts[of_one[i]].name, cli->args.n_words);
	return 0;
}

static int make_intent(struct cli *cli, struct source *source, struct prg_error *err)
{
	const char *path = args_value(&cli->args, OPT_PRIVATE_KEY);
	OWN_PRIVATE_KEY key;
	int code;

	cli->interface = source->interface;
	code = cli_intent(cli, PRG_IMPORT, &source->intent, err);
	if (!code && path)
		code = cli_private_key(cli, path, &key, err);
	if (!code && path)
		code = prg_intent_set_private_key(source->intent, &key, err);
	if (!code && source->path)
		code = read_config(cli, source, err);
	return code;
}

static int read_sources(struct cli *cli, struct sources *sources, struct prg_error *err)
{
	size_t n = cli->args.n_words ? cli->args.n_words : 1;
	int code = check_words(cli, err);

	if (code)
		return code;
	sources->list = calloc(n, sizeof(*sources->list));
	if (!sources->list)
		return say_nomem(err);
	for (sources->n = 0; !code && sources->n < n;) {
		struct source *source = &sources->list[sources->n++];

		if (cli->args.n_words) {
			source->path = cli->args.words[sources->n - 1];
			source->shown = strcmp(source->path, "-") ? source->path : "standard input";
			code = name_interface(cli, source, err);
		} else {
			(void)snprintf(source->interface, sizeof(source->interface), "%s",
			               cli->interface ? cli->interface : "wg0");
			source->shown = source->interface;
		}
		if (!code)
			code = make_intent(cli, source, err);
	}
	return code;
}

/* -------------------------------------------------------------- checking */

static bool overlap(const struct prg_prefix *a, const struct prg_prefix *b)
{
	unsigned length = a->length < b->length ? a->length : b->length;

	if (a->addr.family != b->addr.family)
		return false;
	for (unsigned i = 0; i < length; i++)
		if ((a->addr.bytes[i / 8] ^ b->addr.bytes[i / 8]) & (0x80u >> i % 8))
			return false;
	return true;
}

/* Each is fine alone; are both together? */
static int check_pair(const struct source *a, const struct source *b, struct prg_error *err)
{
	const struct prg_interface *one = prg_report_interface(a->report);
	const struct prg_interface *other = prg_report_interface(b->report);

	if (strcmp(a->interface, b->interface) == 0)
		return say_error(err, PRG_E_USAGE, "%s and %s are of one interface, %s", a->shown,
		                 b->shown, a->interface);
	if (one->listen_port == other->listen_port)
		return say_error(err, PRG_E_CONFLICT, "%s and %s have one listen port, %u",
		                 a->shown, b->shown, one->listen_port);
	for (size_t i = 0; i < one->n_addresses; i++)
		for (size_t j = 0; j < other->n_addresses; j++)
			if (overlap(&one->addresses[i], &other->addresses[j]))
				return say_error(err, PRG_E_CONFLICT,
				                 "the addresses of %s and %s overlap", a->shown,
				                 b->shown);
	return 0;
}

/* All that can be found before anything is changed. */
static int check_all(struct cli *cli, struct sources *sources, struct prg_error *err)
{
	unsigned flags = cli_flags(cli, PRG_IMPORT);
	int code = 0;

	for (size_t i = 0; !code && i < sources->n; i++) {
		struct source *source = &sources->list[i];

		prg_intent_set_flags(source->intent, flags | PRG_DRY_RUN);
		code = prg_execute(cli->reg, source->intent, &source->report, err);
		prg_intent_set_flags(source->intent, flags);
		for (size_t j = 0; !code && j < i; j++)
			code = check_pair(&sources->list[j], source, err);
	}
	for (size_t i = 0; i < sources->n; i++)
		prg_report_free(&sources->list[i].report);
	/* the first interface makes the register */
	if (!code && cli->scratch[0] && !cli->dry_run)
		code = cli_open_real(cli, err);
	return code;
}

/* --------------------------------------------------------------- telling */

static const struct out_column columns[] = {
	{ "interface", "INTERFACE", 0 },
	{ "name", "NAME", 0 },
	{ "state", "STATE", 0 },
	{ "addresses", "ADDRESSES", OUT_FOLD },
	{ "routes", "ROUTES", OUT_FOLD },
	{ "peer_endpoint", "ENDPOINT", 0 },
	{ "note", "NOTE", OUT_CUT },
	{ "public_key", "KEY", OUT_HIDE },
	{ "has_preshared_key", "PSK", OUT_HIDE },
	{ "keepalive", "KEEPALIVE", OUT_HIDE },
};

static void peer_rows(struct cli *cli, const struct prg_report *report)
{
	const struct prg_interface *interface = prg_report_interface(report);

	for (size_t i = 0; i < prg_report_n_results(report); i++) {
		out_row(&cli->out);
		if (cli->out.mode != OUT_JSON)
			out_text(&cli->out, "interface", interface->name);
		fields_peer(&cli->out, interface, prg_report_result(report, i)->peer, NULL);
		out_row_end(&cli->out);
	}
}

static void json_fields(struct cli *cli, const struct prg_report *report)
{
	struct out *out = &cli->out;

	out_text(out, "interface", prg_report_interface(report)->name);
	out_bool(out, "adopted", prg_report_adopted(report));
	out_list(out, "peers", NULL, 0);
	peer_rows(cli, report);
	out_list_end(out);
	out_list(out, "not_carried_over", NULL, 0);
	for (size_t i = 0; i < prg_report_n_not_carried(report); i++) {
		const struct prg_not_carried *lost = prg_report_not_carried(report, i);

		out_row(out);
		if (lost->line)
			out_number(out, "line", lost->line);
		else
			out_null(out, "line");
		out_text(out, "what", lost->what);
		out_row_end(out);
	}
	out_list_end(out);
	(void)fields_changes(cli, report, false);
}

static void remark_lost(const struct cli *cli, const struct source *source)
{
	for (size_t i = 0; i < prg_report_n_not_carried(source->report); i++) {
		const struct prg_not_carried *lost = prg_report_not_carried(source->report, i);

		if (lost->line)
			cli_remark(cli, "%s: line %u: %s: not carried over", source->shown,
			           lost->line, lost->what);
		else
			cli_remark(cli, "%s: %s: not carried over", source->shown, lost->what);
	}
}

static void remark_done(const struct cli *cli, const struct source *source)
{
	size_t n = prg_report_n_results(source->report);

	if (cli->dry_run)
		cli_remark(cli, "%s: %zu peer%s would be imported%s", source->interface, n,
		           n == 1 ? "" : "s",
		           prg_report_adopted(source->report)
		                   ? ", and the running interface taken over" : "");
	else
		cli_remark(cli, "%s: %zu peer%s imported%s", source->interface, n,
		           n == 1 ? "" : "s",
		           prg_report_adopted(source->report) && prg_report_applied(source->report)
		                   ? ", and the running interface taken over" : "");
}

static void print_json(struct cli *cli, const struct sources *sources)
{
	if (cli->args.n_words < 2) {
		json_fields(cli, sources->list[0].report);
		return;
	}
	out_list(&cli->out, "imports", NULL, 0);
	for (size_t i = 0; i < sources->done; i++) {
		out_row(&cli->out);
		json_fields(cli, sources->list[i].report);
		out_row_end(&cli->out);
	}
	out_list_end(&cli->out);
}

static void print_lists(struct cli *cli, const struct sources *sources)
{
	/* on a screen, one interface need not be told in each line */
	size_t first = cli->out.mode == OUT_TABLE && sources->n == 1;

	out_list(&cli->out, "peers", columns + first, sizeof(columns) / sizeof(*columns) - first);
	for (size_t i = 0; i < sources->done; i++)
		peer_rows(cli, sources->list[i].report);
	out_list_end(&cli->out);
	for (size_t i = 0; i < sources->done; i++) {
		const struct source *source = &sources->list[i];
		bool differs = prg_report_adopted(source->report) &&
		               prg_report_n_changes(source->report) > 0;

		if (cli->out.mode == OUT_TABLE && differs)
			cli_remark(cli, cli->dry_run ? "what runs differs from %s:"
			                             : "what ran differed from %s:",
			           source->shown);
		(void)fields_changes(cli, source->report, cli->out.mode == OUT_TABLE && differs);
	}
}

static bool any_left_over(const struct sources *sources)
{
	for (size_t i = 0; i < sources->done; i++)
		if (prg_report_n_left_over(sources->list[i].report))
			return true;
	return false;
}

int cmd_import(struct cli *cli, struct prg_error *err)
{
	OWN(own_sources) struct sources sources = { NULL, 0, 0 };
	int code = read_sources(cli, &sources, err);

	if (!code && (sources.n > 1 || cli->scratch[0]))
		code = check_all(cli, &sources, err);
	while (!code && sources.done < sources.n) {
		struct source *source = &sources.list[sources.done];

		code = cli_execute(cli, source->intent, &source->report, err);
		if (!source->report)
			break;
		sources.done++;
		remark_lost(cli, source);
		remark_done(cli, source);
	}
	if (!sources.done)
		return code;
	if (cli->out.mode == OUT_JSON)
		print_json(cli, &sources);
	else
		print_lists(cli, &sources);
	return code ? code : any_left_over(&sources) ? CMD_FINDINGS : 0;
}
