/* SPDX-License-Identifier: ISC */
/* maintain */
#include "fields.h"

#include <inttypes.h>
#include <string.h>

struct names {
	char (*list)[PRG_IFNAME_TEXT];
	size_t n;
};

static int take_name(void *context, const struct prg_interface *interface)
{
	struct names *names = context;
	void *grown = reallocarray(names->list, names->n + 1, sizeof(*names->list));

	if (!grown)
		return PRG_E_NOMEM;
	names->list = grown;
	memcpy(names->list[names->n++], interface->name, PRG_IFNAME_TEXT);
	return 0;
}

static void print_tick(struct cli *cli, const char *name, const struct prg_report *report,
                       int code, const struct prg_error *failed)
{
	static const struct prg_upkeep nothing;
	const struct prg_upkeep *upkeep = report ? prg_report_upkeep(report) : &nothing;
	struct out *out = &cli->out;

	if (out->mode != OUT_JSON) {
		if (cli->dry_run && report && !fields_change_rows(cli, report) && !code)
			cli_remark(cli, "%s: nothing to change", name);
		return;
	}
	out_row(out);
	out_text(out, "interface", name);
	out_bool(out, "applied", report && prg_report_applied(report));
	out_number(out, "counted", upkeep->counted);
	out_number(out, "expired", upkeep->expired);
	out_number(out, "cut", upkeep->cut);
	out_number(out, "resumed", upkeep->resumed);
	out_number(out, "scrubbed", upkeep->scrubbed);
	out_number(out, "differing", upkeep->differing);
	out_array(out, "left_over");
	for (size_t i = 0; report && i < prg_report_n_left_over(report); i++) {
		char key[PRG_KEY_TEXT];

		prg_public_key_format(prg_report_left_over(report, i), key);
		out_plain(out, NULL, key);
	}
	out_array_end(out);
	if (report) {
		fields_change_list(cli, report);
	} else {
		out_array(out, "changes");
		out_array_end(out);
	}
	out_text(out, "error", code ? failed->message : NULL);
	out_row_end(out);
}

/* For people, what a timer's journal should have: nothing where nothing was to do. */
static void say_tick(const struct cli *cli, const char *name, const struct prg_report *report)
{
	const struct prg_upkeep *upkeep = prg_report_upkeep(report);

	if (cli->out.mode == OUT_JSON || cli->dry_run)
		return;
	if (upkeep->expired)
		cli_remark(cli, "%s: expired: %" PRIu64, name, upkeep->expired);
	if (upkeep->resumed)
		cli_remark(cli, "%s: let in again, with a new quota: %" PRIu64, name,
		           upkeep->resumed);
	if (upkeep->scrubbed)
		cli_remark(cli, "%s: endpoints forgotten: %" PRIu64, name, upkeep->scrubbed);
}

static int tick(struct cli *cli, const char *name, struct prg_error *err)
{
	OWN_INTENT *intent = NULL;
	OWN_REPORT *report = NULL;
	int code;

	cli->interface = name;
	code = cli_intent(cli, PRG_MAINTAIN, &intent, err);
	if (!code)
		code = cli_execute(cli, intent, &report, err);
	if (report)
		say_tick(cli, name, report);
	print_tick(cli, name, report, code, err);
	return code;
}

/* What keeps more from being done is worse: that something is recorded and not
 * applied is the least. */
static bool worse(int code, int than)
{
	return code && (!than || (than == PRG_E_NOT_APPLIED && code != PRG_E_NOT_APPLIED));
}

/* One that fails does not keep the others from theirs; what it was is said at once,
 * but for the worst, which is the command's own error. */
static int tick_all(struct cli *cli, const struct names *names, struct prg_error *err)
{
	int worst = 0;

	for (size_t i = 0; i < names->n; i++) {
		struct prg_error failed = { 0, "" };
		int code = tick(cli, names->list[i], &failed);

		if (code && worst)
			say_line("peerage: ", worse(code, worst) ? err->message : failed.message);
		if (worse(code, worst)) {
			worst = code;
			*err = failed;
		}
	}
	return worst;
}

int cmd_maintain(struct cli *cli, struct prg_error *err)
{
	struct names names = { NULL, 0 };
	OWN_INTERFACE *interface = NULL;
	int code;

	if (cli->interface) {
		code = prg_find_interface(cli->reg, cli->interface, &interface, err);
		if (!code)
			code = take_name(&names, interface);
	} else {
		code = prg_list_interfaces(cli->reg, take_name, &names, err);
	}
	if (code == PRG_E_NOMEM)
		code = say_nomem(err);
	if (!code && !names.n)
		cli_remark(cli, "no interface is registered: 'peerage init' makes one");
	if (cli->dry_run && cli->out.mode != OUT_JSON)
		fields_changes_begin(cli, true);
	else
		out_list(&cli->out, "interfaces", NULL, 0);
	if (!code)
		code = tick_all(cli, &names, err);
	out_list_end(&cli->out);
	free(names.list);
	return code;
}
