/* SPDX-License-Identifier: ISC */
/* add: a new peer, and its config into the user's hands. */
#include "fields.h"
#include "onboard.h"

#include <string.h>

static int check_options(const struct cli *cli, struct prg_error *err)
{
	static const enum opt_id of_one[] = { OPT_ADDRESS, OPT_PUBLIC_KEY, OPT_OUTPUT };

	if (cli->args.n_words < 2)
		return 0;
	for (size_t i = 0; i < sizeof(of_one) / sizeof(*of_one); i++)
		if (args_has(&cli->args, of_one[i]))
			return say_error(err, PRG_E_USAGE,
			                 "--%s is for one peer, and %zu are named",
			                 cmd_opts[of_one[i]].name, cli->args.n_words);
	return 0;
}

static int set_preshared_key(const struct cli *cli, struct prg_intent *intent,
                             struct prg_error *err)
{
	const char *path = args_value(&cli->args, OPT_PRESHARED_KEY);
	OWN_PRESHARED_KEY key;
	int code;

	if (!path)
		return 0;
	if (strcmp(path, "none") == 0)
		return prg_intent_set(intent, PRG_FIELD_PRESHARED_KEY, path, err);
	code = cli_preshared_key(cli, path, &key, err);
	return code ? code : prg_intent_set_preshared_key(intent, &key, err);
}

/* ------------------------------------------------------------------ JSON */

static void secret_fields(struct out *out, const struct prg_result *result,
                          const struct prg_text *config)
{
	OWN_KEY_TEXT text[PRG_KEY_TEXT];

	out_text(out, "outcome", result->outcome == PRG_CREATED ? "created" : "unchanged");
	if (result->private_key)
		prg_private_key_reveal(result->private_key, text);
	out_text(out, "private_key", result->private_key ? text : NULL);
	if (result->preshared_key)
		prg_preshared_key_reveal(result->preshared_key, text);
	out_text(out, "preshared_key", result->preshared_key ? text : NULL);
	out_text(out, "config", config ? prg_text_data(config) : NULL);
}

static int print_json(struct cli *cli, const struct prg_report *report, struct prg_error *err)
{
	const struct prg_interface *interface = prg_report_interface(report);
	struct out *out = &cli->out;
	int code = 0, errnum;

	out_text(out, "interface", interface->name);
	out_list(out, "peers", NULL, 0);
	for (size_t i = 0; !code && i < prg_report_n_results(report); i++) {
		const struct prg_result *result = prg_report_result(report, i);
		OWN_TEXT *config = NULL;

		if (result->outcome == PRG_CREATED)
			code = prg_report_config(report, i, &config, err);
		out_row(out);
		fields_peer(out, interface, result->peer, NULL);
		secret_fields(out, result, config);
		out_row_end(out);
	}
	out_list_end(out);
	out_bool(out, "applied", prg_report_applied(report));
	errnum = out_flush(out);
	if (!code && errnum)
		code = say_errno(err, errnum, "cannot write to standard output");
	return code;
}

/* ------------------------------------------------------------------ text */

static const char kept_note[] =
	"The private key is in this code alone and is not kept: scan it now.\n"
	"To a file: --output FILE.png. Again, without its key: peerage export NAME";

/* A config that did not get out took its private key with it. */
static int say_lost(const struct prg_report *report, const struct prg_peer *peer,
                    struct prg_error *err)
{
	if (strlen(err->message) > 600)
		err->message[600] = 0;
	err->code = PRG_E_FAILED;
	if (prg_report_n_results(report) > 1)
		return say_append(err, "; the peers are added, but private keys that did not come "
		                       "out are not kept: revoke those and add them again (this "
		                       "version has no 'rotate' yet)");
	return say_append(err, "; '%s' is added, but its private key is not kept: revoke it and "
	                       "add it again (this version has no 'rotate' yet)",
	                  peer->name);
}

/* One line on what was made. */
static void made_line(const struct prg_report *report, const struct prg_result *result,
                      char *ret_text, size_t size)
{
	char addresses[300];

	fields_addresses(result->peer, addresses, sizeof(addresses));
	(void)snprintf(ret_text, size, "%s added to %s: %s", result->peer->name,
	               prg_report_interface(report)->name, addresses);
}

static size_t count_created(const struct prg_report *report, size_t below)
{
	size_t n = 0;

	for (size_t i = 0; i < below; i++)
		n += prg_report_result(report, i)->outcome == PRG_CREATED;
	return n;
}

/* *ret_lost: it has a private key, and that did not come out. */
static int print_one(struct cli *cli, struct onboard *onboard, const struct prg_report *report,
                     size_t index, unsigned reserve, bool *ret_lost, struct prg_error *err)
{
	const struct prg_result *result = prg_report_result(report, index);
	size_t n = prg_report_n_results(report), n_created = count_created(report, n);
	size_t nth = count_created(report, index) + 1;
	bool last = nth == n_created;
	OWN_TEXT *config = NULL;
	char made[500];
	struct handout handout = {
		.name = result->peer->name,
		.made = made,
		.after = last && result->private_key ? kept_note : NULL,
		.reserve = last ? reserve : 0,
		.heading = n_created > 1,
		.has_key = result->private_key != NULL,
	};
	int code;

	if (result->outcome == PRG_UNCHANGED) {
		cli_remark(cli, "%s: is there already, and left as it is", result->peer->name);
		return 0;
	}
	made_line(report, result, made, sizeof(made));
	*ret_lost = handout.has_key;
	if (prg_report_config(report, index, &config, err))
		return err->code;
	if (!handout.has_key)
		cli_remark(cli, "%s: its private key goes into the line '# PrivateKey ='",
		           result->peer->name);
	handout.config = config;
	if (handout.heading && nth > 1 && onboard->print == FORM_CONF)
		(void)putchar('\n');
	code = onboard_hand_out(cli, onboard, &handout, err);
	*ret_lost &= !handout.delivered;
	return code;
}

static int print_all(struct cli *cli, struct onboard *onboard, const struct prg_report *report,
                     unsigned reserve, struct prg_error *err)
{
	const struct prg_peer *lost = NULL;
	struct prg_error failed;
	int code = 0;

	for (size_t i = 0; i < prg_report_n_results(report); i++) {
		bool is_lost = false;

		if (print_one(cli, onboard, report, i, reserve, &is_lost, &failed) && !code) {
			*err = failed;
			code = err->code;
		}
		if (is_lost)
			lost = prg_report_result(report, i)->peer;
	}
	if (onboard->print == FORM_JSON) {
		if (!print_json(cli, report, &failed))
			return code;
		if (!code)
			*err = failed;
		code = err->code;
	}
	return code && lost ? say_lost(report, lost, err) : code;
}

static int print_added(struct cli *cli, struct onboard *onboard, const struct prg_report *report,
                       int code, struct prg_error *err)
{
	/* main's error line stands below the last code */
	unsigned reserve = code ? say_rows("peerage: ", err->message) : 0;
	struct prg_error failed;

	if (cli->dry_run) {
		(void)fields_plan(cli, report, true);
		return code;
	}
	if (print_all(cli, onboard, report, reserve, &failed)) {
		*err = failed;
		return err->code;
	}
	return code;
}

static int choose(const struct cli *cli, struct onboard *onboard, struct prg_error *err)
{
	bool has_key = !args_has(&cli->args, OPT_PUBLIC_KEY);
	int code = check_options(cli, err);

	if (!code)
		code = onboard_choose(cli, has_key, onboard, err);
	if (!code && !has_key && onboard_is_code(onboard))
		return say_error(err, PRG_E_USAGE,
		                 "with --public-key the private key is not here, so there is no "
		                 "code to show: give --conf or --output FILE.conf");
	return code;
}

int cmd_add(struct cli *cli, struct prg_error *err)
{
	OWN_ONBOARD onboard = ONBOARD_NONE;
	OWN_INTENT *intent = NULL;
	OWN_REPORT *report = NULL;
	int code = choose(cli, &onboard, err);

	if (!code)
		code = cli_intent(cli, PRG_ADD, &intent, err);
	if (!code)
		code = set_preshared_key(cli, intent, err);
	if (!code)
		code = cli_intent_peers(cli, intent, err);
	if (!code && !cli->dry_run)
		code = onboard_reserve(&onboard, cli, err);
	if (!code)
		code = cli_execute(cli, intent, &report, err);
	return report ? print_added(cli, &onboard, report, code, err) : code;
}
