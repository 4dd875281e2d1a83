/* SPDX-License-Identifier: ISC */
/* forget */
#include "fields.h"

#include "term.h"

#include <string.h>

/* What does not go is found before the question, not after the answer. */
static int confirm(struct cli *cli, struct prg_intent *intent, struct prg_error *err)
{
	unsigned flags = cli_flags(cli, PRG_FORGET);
	OWN_REPORT *report = NULL;
	char question[512];
	size_t used;
	int code = 0;

	if (cli->dry_run || args_has(&cli->args, OPT_YES) || !term_can_ask())
		return cli_confirm(cli, "forget", "", err);
	prg_intent_set_flags(intent, flags | PRG_DRY_RUN);
	code = prg_execute(cli->reg, intent, &report, err);
	prg_intent_set_flags(intent, flags);
	if (code)
		return code;
	used = (size_t)snprintf(question, sizeof(question), "cut off and erase for good all that is "
	                                                    "held on:");
	for (size_t i = 0; i < cli->args.n_words && used < 400; i++)
		used += (size_t)snprintf(question + used, sizeof(question) - used, " %s",
		                         cli->args.words[i]);
	return cli_confirm(cli, "forget", question, err);
}

static void print_forgotten(struct cli *cli, const struct prg_report *report)
{
	struct out *out = &cli->out;

	out_text(out, "interface", prg_report_interface(report)->name);
	out_list(out, "peers", NULL, 0);
	for (size_t i = 0; i < prg_report_n_results(report); i++) {
		const char *name = prg_report_result(report, i)->peer->name;

		out_row(out);
		out_text(out, "name", name);
		out_text(out, "outcome", "forgotten");
		out_row_end(out);
		if (out->mode != OUT_JSON)
			cli_remark(cli, "%s: forgotten; configs, backups and disclosures that were "
			                "made before are yours to delete", name);
	}
	out_list_end(out);
	out_bool(out, "applied", prg_report_applied(report));
}

int cmd_forget(struct cli *cli, struct prg_error *err)
{
	OWN_INTENT *intent = NULL;
	OWN_REPORT *report = NULL;
	int code = cli_intent(cli, PRG_FORGET, &intent, err);

	if (!code)
		code = cli_intent_peers(cli, intent, err);
	if (!code)
		code = confirm(cli, intent, err);
	if (!code)
		code = cli_execute(cli, intent, &report, err);
	if (!report)
		return code;
	if (cli->dry_run)
		(void)fields_plan(cli, report, true);
	else
		print_forgotten(cli, report);
	return code;
}
