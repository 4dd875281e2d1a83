/* SPDX-License-Identifier: ISC */
/* init, configure, interfaces, up, down, sync */
#include "fields.h"

#include <string.h>

static const struct out_column settings[] = {
	{ "name", "interface", 0 },
	{ "public_key", "public-key", 0 },
	{ "endpoint", "endpoint", 0 },
	{ "listen_port", "listen-port", 0 },
	{ "addresses", "address", 0 },
	{ "dns", "dns", 0 },
	{ "client_allowed_ips", "client-allowed-ips", 0 },
	{ "mtu", "mtu", 0 },
	{ "client_keepalive", "client-keepalive", 0 },
	{ "nat", "nat", 0 },
	{ "isolate", "isolate", 0 },
	{ "stale_after", "stale-after", 0 },
	{ "scrub_idle", "scrub-idle", 0 },
	{ "rotate_after", "rotate-after", 0 },
	{ "wanted_up", "up", 0 },
	{ "created_at", "created", 0 },
};
#define N_SETTINGS (sizeof(settings) / sizeof(*settings))

static void print_settings(struct cli *cli, const struct prg_interface *interface)
{
	out_text(&cli->out, "interface", interface->name);
	out_record(&cli->out, "settings", settings, N_SETTINGS);
	fields_interface(&cli->out, interface);
	out_record_end(&cli->out);
}

/* The first interface makes the register. What is wrong with it is found on a
 * scratch register, so that a failure leaves nothing. */
static int rehearse(struct cli *cli, struct prg_intent *intent, struct prg_error *err)
{
	unsigned flags = cli_flags(cli, PRG_INIT);
	OWN_REPORT *report = NULL;
	int code;

	prg_intent_set_flags(intent, flags | PRG_DRY_RUN);
	code = prg_execute(cli->reg, intent, &report, err);
	prg_intent_set_flags(intent, flags);
	return code ? code : cli_open_real(cli, err);
}

int cmd_init(struct cli *cli, struct prg_error *err)
{
	const char *name = cli->args.n_words ? cli->args.words[0] : cli->interface;
	const char *path = args_value(&cli->args, OPT_PRIVATE_KEY);
	OWN_PRIVATE_KEY key;
	OWN_INTENT *intent = NULL;
	OWN_REPORT *report = NULL;
	int code;

	if (args_has(&cli->args, OPT_INTERFACE) && cli->args.n_words &&
	    strcmp(name, cli->interface) != 0)
		return say_error(err, PRG_E_USAGE, "two interfaces are named: '%s' and '%s'",
		                 cli->interface, name);
	cli->interface = name;
	code = cli_intent(cli, PRG_INIT, &intent, err);
	if (!code && path)
		code = cli_private_key(cli, path, &key, err);
	if (!code && path)
		code = prg_intent_set_private_key(intent, &key, err);
	if (!code && cli->scratch[0] && !cli->dry_run)
		code = rehearse(cli, intent, err);
	if (!code)
		code = cli_execute(cli, intent, &report, err);
	if (!report)
		return code;
	if (cli->dry_run)
		(void)fields_plan(cli, report, true);
	else
		print_settings(cli, prg_report_interface(report));
	if (!cli->dry_run) {
		out_bool(&cli->out, "applied", prg_report_applied(report));
		if (!code && cli->out.mode == OUT_TABLE)
			cli_remark(cli, "next: 'peerage add NAME' for each device");
	}
	return code;
}

/* ------------------------------------------------------------- configure */

/* The option of init that a setting is; OPT_NONE: there is none. */
static enum opt_id setting_option(const char *key)
{
	const struct cmd *init = cmd_find("init");

	for (const enum opt_id *id = init->options; *id; id++)
		if (*id != OPT_NO_UP && strcmp(cmd_opts[*id].name, key) == 0)
			return *id;
	return OPT_NONE;
}

static int unknown_setting(const char *key, struct prg_error *err)
{
	const char *names[OPT_COUNT], *near;
	size_t n = 0;

	for (const enum opt_id *id = cmd_find("init")->options; *id; id++)
		if (*id != OPT_NO_UP)
			names[n++] = cmd_opts[*id].name;
	near = say_nearest(key, names, n);
	if (near)
		return say_error(err, PRG_E_USAGE, "'%s' is not a setting; did you mean '%s'?",
		                 key, near);
	return say_error(err, PRG_E_USAGE, "'%s' is not a setting (see 'peerage help configure')",
	                 key);
}

static int set_key(const struct cli *cli, struct prg_intent *intent, const char *path,
                   struct prg_error *err)
{
	OWN_PRIVATE_KEY key;
	int code = cli_private_key(cli, path, &key, err);

	if (!code)
		code = cli_confirm(cli, "configure private-key",
		                   "replace the server's key, so that no client's config works "
		                   "until it is handed out again", err);
	return code ? code : prg_intent_set_private_key(intent, &key, err);
}

static int set_pairs(const struct cli *cli, struct prg_intent *intent, struct prg_error *err)
{
	const char *key_path = NULL;

	for (size_t i = 0; i < cli->args.n_words; i += 2) {
		const char *key = cli->args.words[i], *value = cli->args.words[i + 1];
		enum opt_id id = setting_option(key);

		if (!id)
			return unknown_setting(key, err);
		for (size_t j = 0; j < i; j += 2)
			if (strcmp(cli->args.words[j], key) == 0)
				return say_error(err, PRG_E_USAGE, "%s is given twice", key);
		if (id == OPT_PRIVATE_KEY)
			key_path = value;
		else if (prg_intent_set(intent, cmd_opts[id].field, value, err))
			return say_wrap(err, "%s", key);
	}
	/* last, for it asks */
	return key_path ? set_key(cli, intent, key_path, err) : 0;
}

static int show_settings(struct cli *cli, struct prg_error *err)
{
	OWN_INTERFACE *interface = NULL;
	int code = prg_find_interface(cli->reg, cli->interface, &interface, err);

	if (!code)
		print_settings(cli, interface);
	return code;
}

int cmd_configure(struct cli *cli, struct prg_error *err)
{
	OWN_INTENT *intent = NULL;
	OWN_REPORT *report = NULL;
	int code;

	if (!cli->args.n_words)
		return show_settings(cli, err);
	if (cli->args.n_words % 2)
		return say_error(err, PRG_E_USAGE, "%s needs a value: configure KEY VALUE",
		                 cli->args.words[cli->args.n_words - 1]);
	code = cli_intent(cli, PRG_CONFIGURE, &intent, err);
	if (!code)
		code = set_pairs(cli, intent, err);
	if (!code)
		code = cli_execute(cli, intent, &report, err);
	if (!report)
		return code;
	if (cli->dry_run) {
		(void)fields_dry_run(cli, report);
		return code;
	}
	print_settings(cli, prg_report_interface(report));
	out_bool(&cli->out, "applied", prg_report_applied(report));
	return code;
}

/* ------------------------------------------------------------ interfaces */

static const struct out_column interface_columns[] = {
	{ "name", "NAME", 0 },
	{ "endpoint", "ENDPOINT", 0 },
	{ "listen_port", "PORT", OUT_RIGHT },
	{ "addresses", "ADDRESSES", OUT_FOLD },
	{ "wanted_up", "UP", 0 },
	{ "public_key", "KEY", OUT_HIDE },
	{ "dns", "DNS", OUT_HIDE },
	{ "client_allowed_ips", "CLIENT-ALLOWED-IPS", OUT_HIDE },
	{ "mtu", "MTU", OUT_HIDE },
	{ "client_keepalive", "CLIENT-KEEPALIVE", OUT_HIDE },
	{ "nat", "NAT", 0 },
	{ "isolate", "ISOLATE", OUT_HIDE },
	{ "stale_after", "STALE-AFTER", OUT_HIDE },
	{ "scrub_idle", "SCRUB-IDLE", OUT_HIDE },
	{ "rotate_after", "ROTATE-AFTER", OUT_HIDE },
	{ "created_at", "CREATED", OUT_HIDE },
};

struct interfaces {
	struct cli *cli;
	bool any;
};

static int interface_row(void *context, const struct prg_interface *interface)
{
	struct interfaces *listing = context;
	struct cli *cli = listing->cli;

	listing->any = true;
	out_row(&cli->out);
	fields_interface(&cli->out, interface);
	out_row_end(&cli->out);
	return out_failed(&cli->out) ? PRG_E_FAILED : 0;
}

static int remove_interface(struct cli *cli, struct prg_error *err)
{
	const char *name = cli->args.words[1];
	char command[64], question[128];
	OWN_INTERFACE *interface = NULL;
	OWN_INTENT *intent = NULL;
	OWN_REPORT *report = NULL;
	int code;

	if (args_has(&cli->args, OPT_INTERFACE) && strcmp(name, cli->interface) != 0)
		return say_error(err, PRG_E_USAGE, "two interfaces are named: '%s' and '%s'",
		                 cli->interface, name);
	code = prg_find_interface(cli->reg, name, &interface, err);
	(void)snprintf(question, sizeof(question),
	               "bring %s down and take it and all its peers out of the register", name);
	(void)snprintf(command, sizeof(command), "interfaces remove %s", name);
	cli->interface = name;
	if (!code)
		code = cli_confirm(cli, command, question, err);
	if (!code)
		code = cli_intent(cli, PRG_REMOVE_INTERFACE, &intent, err);
	if (!code)
		code = cli_execute(cli, intent, &report, err);
	if (!report)
		return code;
	(void)fields_plan(cli, report, cli->dry_run);
	if (!code && cli->out.mode == OUT_TABLE && !cli->dry_run)
		cli_remark(cli, "%s: removed", name);
	return code;
}

static int list_interfaces(struct cli *cli, struct prg_error *err)
{
	struct interfaces listing = { cli, false };
	int code;

	out_list(&cli->out, "interfaces", interface_columns,
	         sizeof(interface_columns) / sizeof(*interface_columns));
	code = prg_list_interfaces(cli->reg, interface_row, &listing, err);
	if (code && out_failed(&cli->out))
		return 0; /* said when the output ends */
	if (code)
		return code;
	out_list_end(&cli->out);
	if (!listing.any && cli->out.mode == OUT_TABLE)
		cli_remark(cli, "no interface is registered: 'peerage init' makes one");
	return 0;
}

int cmd_interfaces(struct cli *cli, struct prg_error *err)
{
	if (cli->args.n_words) {
		if (strcmp(cli->args.words[0], "remove") != 0 &&
		    strcmp(cli->args.words[0], "rm") != 0)
			return say_error(err, PRG_E_USAGE,
			                 "'interfaces %s' is not known: 'interfaces' lists, "
			                 "'interfaces remove IF' takes one out",
			                 cli->args.words[0]);
		if (cli->args.n_words != 2)
			return say_error(err, PRG_E_USAGE, "'interfaces remove' needs an IF");
		return remove_interface(cli, err);
	}
	return list_interfaces(cli, err);
}

/* --------------------------------------------------------- up, down, sync */

static int bring(struct cli *cli, enum prg_verb verb, const char *done, bool *ret_differs,
                 struct prg_error *err)
{
	OWN_INTENT *intent = NULL;
	OWN_REPORT *report = NULL;
	int code = cli_intent(cli, verb, &intent, err);

	if (!code)
		code = cli_execute(cli, intent, &report, err);
	if (!report)
		return code;
	/* up and down change everything: not worth a line a peer */
	*ret_differs = cli->dry_run ? fields_dry_run(cli, report)
	                            : fields_plan(cli, report, verb == PRG_SYNC);
	if (!cli->dry_run && verb == PRG_SYNC)
		*ret_differs = prg_report_n_left_over(report) > 0;
	if (!code && !cli->dry_run && cli->out.mode == OUT_TABLE && prg_report_applied(report))
		cli_remark(cli, "%s: %s", prg_report_interface(report)->name, done);
	return code;
}

int cmd_up(struct cli *cli, struct prg_error *err)
{
	bool differs;

	return bring(cli, PRG_UP, "up", &differs, err);
}

int cmd_down(struct cli *cli, struct prg_error *err)
{
	bool differs;

	return bring(cli, PRG_DOWN, "down", &differs, err);
}

int cmd_sync(struct cli *cli, struct prg_error *err)
{
	bool differs = false;
	int code = 0;

	if (args_has(&cli->args, OPT_PRUNE))
		code = cli_confirm(cli, "sync --prune",
		                   "take out every peer that was never registered", err);
	if (!code)
		code = bring(cli, PRG_SYNC, "in line with the register", &differs, err);
	return code ? code : differs ? CMD_FINDINGS : 0;
}
