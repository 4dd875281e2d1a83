/* SPDX-License-Identifier: ISC */
/* revoke, disable, enable, rename, set */
#include "fields.h"

#include <string.h>

static void print_changed(struct cli *cli, const struct prg_report *report, const char *changed,
                          const char *unchanged)
{
	const struct prg_interface *interface = prg_report_interface(report);
	struct out *out = &cli->out;

	out_text(out, "interface", interface->name);
	out_list(out, "peers", NULL, 0);
	for (size_t i = 0; i < prg_report_n_results(report); i++) {
		const struct prg_result *result = prg_report_result(report, i);
		bool same = result->outcome == PRG_UNCHANGED;

		out_row(out);
		fields_peer(out, interface, result->peer, NULL);
		out_text(out, "outcome", same ? "unchanged" : "changed");
		out_row_end(out);
		if (out->mode != OUT_JSON)
			cli_remark(cli, "%s: %s", result->peer->name, same ? unchanged : changed);
	}
	out_list_end(out);
	out_bool(out, "applied", prg_report_applied(report));
}

static int execute(struct cli *cli, const struct prg_intent *intent, const char *changed,
                   const char *unchanged, struct prg_error *err)
{
	OWN_REPORT *report = NULL;
	int code = cli_execute(cli, intent, &report, err);

	if (!report)
		return code;
	if (cli->dry_run)
		(void)fields_dry_run(cli, report);
	else
		print_changed(cli, report, changed, unchanged);
	return code;
}

static int change(struct cli *cli, enum prg_verb verb, const char *changed,
                  const char *unchanged, struct prg_error *err)
{
	OWN_INTENT *intent = NULL;
	int code = cli_intent(cli, verb, &intent, err);

	if (!code)
		code = cli_intent_peers(cli, intent, err);
	return code ? code : execute(cli, intent, changed, unchanged, err);
}

/* A name that is not there is said before the question, not after the answer. */
static int confirm_revoke(struct cli *cli, struct prg_error *err)
{
	char question[512];
	size_t used = (size_t)snprintf(question, sizeof(question), "cut off for good:");

	for (size_t i = 0; i < cli->args.n_words; i++) {
		OWN_PEER *peer = NULL;

		if (prg_find_peer(cli->reg, cli->interface, cli->args.words[i], &peer, err))
			return err->code;
		if (used < 400)
			used += (size_t)snprintf(question + used, sizeof(question) - used, " %s",
			                         peer->name);
		else if (used < sizeof(question) - 8 && question[used - 1] != '.')
			used += (size_t)snprintf(question + used, sizeof(question) - used, " ...");
	}
	return cli_confirm(cli, "revoke", question, err);
}

int cmd_revoke(struct cli *cli, struct prg_error *err)
{
	int code = confirm_revoke(cli, err);

	return code ? code : change(cli, PRG_REVOKE, "revoked", "was revoked already", err);
}

int cmd_disable(struct cli *cli, struct prg_error *err)
{
	return change(cli, PRG_DISABLE, "disabled", "was disabled already", err);
}

int cmd_enable(struct cli *cli, struct prg_error *err)
{
	return change(cli, PRG_ENABLE, "enabled", "was enabled already", err);
}

int cmd_rename(struct cli *cli, struct prg_error *err)
{
	OWN_INTENT *intent = NULL;
	char changed[PRG_NAME_BYTES + 32];
	int code = cli_intent(cli, PRG_RENAME, &intent, err);

	if (!code)
		code = prg_intent_peer(intent, cli->args.words[0], err);
	if (!code)
		code = prg_intent_set(intent, PRG_FIELD_NEW_NAME, cli->args.words[1], err);
	if (code)
		return code;
	(void)snprintf(changed, sizeof(changed), "was %.*s", PRG_NAME_BYTES, cli->args.words[0]);
	return execute(cli, intent, changed, "had that name already", err);
}

static int set_preshared_key(const struct cli *cli, struct prg_intent *intent,
                             struct prg_error *err)
{
	const char *path = args_value(&cli->args, OPT_PRESHARED_KEY_NEW);
	OWN_PRESHARED_KEY key;
	int code;

	if (!path)
		return 0;
	if (strcmp(path, "none") == 0 || strcmp(path, "new") == 0)
		return prg_intent_set(intent, PRG_FIELD_PRESHARED_KEY, path, err);
	code = cli_preshared_key(cli, path, &key, err);
	return code ? code : prg_intent_set_preshared_key(intent, &key, err);
}

int cmd_set(struct cli *cli, struct prg_error *err)
{
	OWN_INTENT *intent = NULL;
	bool any = false;
	int code;

	for (const enum opt_id *id = cli->args.command->options; *id; id++)
		any |= args_has(&cli->args, *id);
	if (!any)
		return say_error(err, PRG_E_USAGE, "nothing to set: give an option (see 'peerage "
		                                   "help set')");
	if (cli->args.n_words > 1 && args_has(&cli->args, OPT_ADDRESS))
		return say_error(err, PRG_E_USAGE, "--address is for one peer, and %zu are named",
		                 cli->args.n_words);
	code = cli_intent(cli, PRG_SET, &intent, err);
	if (!code)
		code = set_preshared_key(cli, intent, err);
	if (!code)
		code = cli_intent_peers(cli, intent, err);
	return code ? code : execute(cli, intent, "changed", "was so already", err);
}
