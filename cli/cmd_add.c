/* SPDX-License-Identifier: ISC */
/* add, rotate: new keys, and their config into the user's hands. */
#include "batch.h"
#include "delivery.h"
#include "fields.h"

#include <string.h>

static int check_options(const struct cli *cli, struct prg_error *err)
{
	static const enum opt_id of_one[] = { OPT_ADDRESS, OPT_PUBLIC_KEY, OPT_OUTPUT };
	const char *from = args_value(&cli->args, OPT_FROM);
	const char *psk = args_value(&cli->args, OPT_PRESHARED_KEY);

	if (from && psk && strcmp(from, "-") == 0 && strcmp(psk, "-") == 0)
		return say_error(err, PRG_E_USAGE, "standard input cannot be both the peers and "
		                                   "a preshared key");
	for (size_t i = 0; from && i < sizeof(of_one) / sizeof(*of_one); i++)
		if (args_has(&cli->args, of_one[i]))
			return say_error(err, PRG_E_USAGE, "--%s is for one peer, and --from names "
			                                   "many", cmd_opts[of_one[i]].name);
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

	static const char *const words[] = { [PRG_CREATED] = "created", [PRG_CHANGED] = "changed",
		                             [PRG_UNCHANGED] = "unchanged" };

	out_text(out, "outcome", words[result->outcome]);
	if (result->private_key)
		prg_private_key_reveal(result->private_key, text);
	out_text(out, "private_key", result->private_key ? text : NULL);
	if (result->preshared_key)
		prg_preshared_key_reveal(result->preshared_key, text);
	out_text(out, "preshared_key", result->preshared_key ? text : NULL);
	out_text(out, "config", config ? prg_text_data(config) : NULL);
}

static int peer_json(struct cli *cli, const struct prg_report *report, size_t index,
                     struct prg_error *err)
{
	const struct prg_result *result = prg_report_result(report, index);
	OWN_TEXT *config = NULL;
	int code = 0;

	if (result->outcome != PRG_UNCHANGED)
		code = prg_report_config(report, index, &config, err);
	fields_peer(&cli->out, prg_report_interface(report), result->peer, NULL);
	secret_fields(&cli->out, result, config);
	return code;
}

/* --from: a document for each peer, on a line of its own. */
static int print_json_lines(struct cli *cli, const struct prg_report *report,
                            struct prg_error *err)
{
	int code = 0;

	for (size_t i = 0; !code && i < prg_report_n_results(report); i++) {
		code = peer_json(cli, report, i, err);
		out_finish(&cli->out);
		if (!code && out_failed(&cli->out))
			break;
	}
	return code;
}

static int print_json(struct cli *cli, const struct prg_report *report, struct prg_error *err)
{
	struct out *out = &cli->out;
	int code = 0, errnum;

	if (args_has(&cli->args, OPT_FROM)) {
		code = print_json_lines(cli, report, err);
	} else {
		out_text(out, "interface", prg_report_interface(report)->name);
		out_list(out, "peers", NULL, 0);
		for (size_t i = 0; !code && i < prg_report_n_results(report); i++) {
			out_row(out);
			code = peer_json(cli, report, i, err);
			out_row_end(out);
		}
		out_list_end(out);
		out_bool(out, "applied", prg_report_applied(report));
	}
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
		return say_append(err, "; the peers are there, but private keys that did not come "
		                       "out are not kept: make new ones with 'peerage rotate "
		                       "NAME…'");
	return say_append(err, "; '%s' is there, but its private key is not kept: make a new one "
	                       "with 'peerage rotate %s'",
	                  peer->name, peer->name);
}

/* One line on what was made. */
static void made_line(const struct prg_report *report, const struct prg_result *result,
                      char *ret_text, size_t size)
{
	char addresses[300];

	fields_addresses(result->peer, addresses, sizeof(addresses));
	(void)snprintf(ret_text, size,
	               result->outcome == PRG_CREATED ? "%s added to %s: %s"
	                                              : "%s has new keys on %s: %s",
	               result->peer->name, prg_report_interface(report)->name, addresses);
}

static size_t count_made(const struct prg_report *report)
{
	size_t n = 0;

	for (size_t i = 0; i < prg_report_n_results(report); i++)
		n += prg_report_result(report, i)->outcome != PRG_UNCHANGED;
	return n;
}

/* Where the printing of a report is. */
struct printing {
	struct onboard *onboard;
	const struct prg_report *report;
	size_t n_made, nth; /* of those that were made */
	unsigned reserve;      /* rows that an error will take */
	bool written;          /* the file is there */
	bool rotates;
};

/* *ret_lost: it has a private key, and that did not come out. */
static int print_one(struct cli *cli, struct printing *p, size_t index, bool *ret_lost,
                     struct prg_error *err)
{
	struct onboard *onboard = p->onboard;
	const struct prg_report *report = p->report;
	const struct prg_result *result = prg_report_result(report, index);
	size_t n_made = p->n_made;
	size_t nth = p->nth += result->outcome != PRG_UNCHANGED;
	bool last = nth == n_made;
	OWN_TEXT *config = NULL;
	char made[500];
	struct handout handout = {
		.name = result->peer->name,
		.made = made,
		.after = last && result->private_key ? kept_note : NULL,
		.reserve = last ? p->reserve : 0,
		.heading = n_made > 1,
		.has_key = result->private_key != NULL,
		.written = p->written,
	};
	int code;

	if (result->outcome == PRG_UNCHANGED) {
		if (!args_has(&cli->args, OPT_FROM))
			cli_remark(cli, "%s: %s", result->peer->name,
			           p->rotates ? "has this key already"
			                      : "is there already, and left as it is");
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

/* Of a list: one line for all of them. */
static void sum_up_there(const struct cli *cli, const struct prg_report *report)
{
	size_t there = prg_report_n_results(report) - count_made(report);

	if (there)
		cli_remark(cli, "%zu %s there already, and left as %s", there,
		           there == 1 ? "peer is" : "peers are", there == 1 ? "it is" : "they are");
}

static int print_all(struct cli *cli, struct printing *p, struct prg_error *err)
{
	const struct prg_report *report = p->report;
	const struct prg_peer *lost = NULL;
	struct prg_error failed;
	int code = 0;

	p->n_made = count_made(report);
	for (size_t i = 0; i < prg_report_n_results(report); i++) {
		bool is_lost = false;

		if (print_one(cli, p, i, &is_lost, &failed) && !code) {
			*err = failed;
			code = err->code;
		}
		if (is_lost)
			lost = prg_report_result(report, i)->peer;
	}
	if (args_has(&cli->args, OPT_FROM) && !args_has(&cli->args, OPT_OUT))
		sum_up_there(cli, report);
	if (p->onboard->print == FORM_JSON) {
		if (!print_json(cli, report, &failed))
			return code;
		if (!code)
			*err = failed;
		code = err->code;
	}
	return code && lost ? say_lost(report, lost, err) : code;
}

/* --out: likewise. */
static void sum_up(struct cli *cli, const struct delivery *delivery,
                   const struct prg_report *report)
{
	size_t n = count_made(report);

	sum_up_there(cli, report);
	if (delivery->n_without_code)
		cli_remark(cli, "%zu of the configs %s too long for a QR code: there is no image of "
		                "%s", delivery->n_without_code,
		           delivery->n_without_code == 1 ? "is" : "are",
		           delivery->n_without_code == 1 ? "it" : "them");
	if (n)
		cli_remark(cli, "%zu %s %s %s; %zu %s in %s", n, n == 1 ? "peer" : "peers",
		           delivery->rotates ? "with new keys on" : "added to",
		           prg_report_interface(report)->name, delivery->n_files,
		           delivery->n_files == 1 ? "file" : "files", delivery->out);
}

static int print_added(struct cli *cli, struct delivery *delivery, struct onboard *onboard,
                       const struct prg_report *report, int code, struct prg_error *err)
{
	struct printing p = {
		.onboard = onboard,
		.report = report,
		/* main's error line stands below the last code */
		.reserve = code ? say_rows("peerage: ", err->message) : 0,
		.written = delivery->n_files > 0,
		.rotates = delivery->rotates,
	};
	struct prg_error failed, unnamed;
	int unpublished;

	if (cli->dry_run) {
		(void)fields_plan(cli, report, true);
		sum_up_there(cli, report);
		return code;
	}
	unpublished = delivery_publish(delivery, &unnamed);
	if (delivery->out && !unpublished)
		sum_up(cli, delivery, report);
	if ((!delivery->out || onboard->print) && !unpublished && print_all(cli, &p, &failed)) {
		*err = failed;
		return err->code;
	}
	if (unpublished) {
		*err = unnamed;
		err->code = PRG_E_FAILED;
		return say_append(err, count_made(report) == 1 ? "; the peer is added"
		                                                  : "; every peer is added");
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

/* The peers that are wanted, from wherever they are named. */
static int gather_peers(struct cli *cli, enum prg_verb verb, struct batch *batch,
                        struct prg_intent **ret_intent, struct prg_error *err)
{
	int code = cli_intent(cli, verb, ret_intent, err);

	if (!code)
		code = set_preshared_key(cli, *ret_intent, err);
	if (!code)
		code = cli_intent_peers(cli, *ret_intent, err);
	if (!code && batch_read(batch, cli, *ret_intent, err))
		code = batch_explain(batch, cli, err);
	return code;
}

static int make_keys(struct cli *cli, enum prg_verb verb, struct prg_error *err)
{
	struct progress progress;
	OWN_ONBOARD onboard = ONBOARD_NONE;
	OWN_BATCH batch = { .path = NULL };
	OWN_DELIVERY delivery = DELIVERY_NONE;
	OWN_INTENT *intent = NULL;
	OWN_REPORT *report = NULL;
	int code = choose(cli, &onboard, err);

	progress_begin(&progress, !cli->quiet && cli->out.mode != OUT_JSON);
	delivery.cli = cli;
	delivery.onboard = &onboard;
	delivery.progress = &progress;
	delivery.rotates = verb == PRG_ROTATE;
	delivery.output = args_value(&cli->args, OPT_OUTPUT);
	delivery.out = args_value(&cli->args, OPT_OUT);
	if (!code)
		code = gather_peers(cli, verb, &batch, &intent, err);
	if (!code && !cli->dry_run)
		code = onboard_check(&onboard, err);
	if (!code && !cli->dry_run)
		code = delivery_open(&delivery, err);
	if (code)
		return code;
	prg_intent_set_before_commit(intent, delivery_write, &delivery);
	prg_intent_set_progress(intent, progress_show, &progress);
	code = cli_execute(cli, intent, &report, err);
	progress_clear(&progress);
	if (!report) {
		delivery_fail(&delivery, err);
		return batch_explain(&batch, cli, err);
	}
	return print_added(cli, &delivery, &onboard, report, code, err);
}

int cmd_add(struct cli *cli, struct prg_error *err)
{
	return make_keys(cli, PRG_ADD, err);
}

int cmd_rotate(struct cli *cli, struct prg_error *err)
{
	return make_keys(cli, PRG_ROTATE, err);
}
