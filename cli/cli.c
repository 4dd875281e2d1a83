/* SPDX-License-Identifier: ISC */
#include "cli.h"

#include "actor.h"
#include "files.h"
#include "journal.h"
#include "term.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

static const char *from_environment(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

static const char *option_or(const struct cli *cli, enum opt_id id, const char *variable)
{
	const char *value = args_value(&cli->args, id);

	return value ? value : from_environment(variable);
}

static int settle_backend(struct cli *cli, struct prg_error *err)
{
	static const struct {
		const char *name;
		enum prg_backend_kind kind;
	} kinds[] = {
		{ "auto", PRG_BACKEND_AUTO }, { "netlink", PRG_BACKEND_NETLINK },
		{ "uapi", PRG_BACKEND_UAPI }, { "none", PRG_BACKEND_NONE },
	};
	const char *name = option_or(cli, OPT_BACKEND, "PEERAGE_BACKEND");

	for (size_t i = 0; name && i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strcmp(name, kinds[i].name) == 0) {
			cli->backend = kinds[i].kind;
			return 0;
		}
	if (!name)
		return 0;
	return say_error(err, PRG_E_USAGE,
	                 "backend '%s' is unknown: give auto, netlink, uapi or none", name);
}

static int settle_wait(struct cli *cli, struct prg_error *err)
{
	const char *text = args_value(&cli->args, OPT_WAIT);
	int64_t seconds = 30;

	if (text && prg_duration_parse(text, &seconds, err))
		return say_wrap(err, "--wait");
	if (seconds > INT_MAX / 1000)
		return say_error(err, PRG_E_USAGE, "--wait: '%s' is more than 24 days", text);
	cli->wait_ms = (unsigned)seconds * 1000;
	return 0;
}

int cli_settle(struct cli *cli, struct prg_error *err)
{
	const struct cmd *command = cli->args.command;
	bool json = args_has(&cli->args, OPT_JSON), tsv = args_has(&cli->args, OPT_TSV);
	int code;

	cli->interface = option_or(cli, OPT_INTERFACE, "PEERAGE_INTERFACE");
	cli->register_path = option_or(cli, OPT_REGISTER, "PEERAGE_REGISTER");
	cli->dry_run = args_has(&cli->args, OPT_DRY_RUN);
	cli->quiet = args_has(&cli->args, OPT_QUIET);
	if (cli->interface && prg_interface_name_check(cli->interface, err))
		return err->code;
	if (json && tsv)
		return say_error(err, PRG_E_USAGE, "give one of --json and --tsv");
	if ((json || tsv) && command->flags & CMD_PLAIN)
		return say_error(err, PRG_E_USAGE, "'peerage %s' prints plain text: no --%s",
		                 command->name, json ? "json" : "tsv");
	if (tsv && !(command->flags & CMD_LISTS) && !cli->dry_run)
		return say_error(err, PRG_E_USAGE,
		                 "--tsv is for commands that list, and 'peerage %s' does not",
		                 command->name);
	code = settle_backend(cli, err);
	return code ? code : settle_wait(cli, err);
}

static int open_scratch(struct cli *cli, struct prg_error *err)
{
	char path[sizeof(cli->scratch) + 16];
	const char *base = from_environment("TMPDIR");

	if (!base || *base != '/' || strlen(base) > sizeof(cli->scratch) - 32)
		base = "/tmp";
	(void)snprintf(cli->scratch, sizeof(cli->scratch), "%s/peerage-XXXXXX", base);
	if (!mkdtemp(cli->scratch)) {
		cli->scratch[0] = 0;
		return say_errno(err, errno, "cannot make a directory in '%s' to try this out "
		                             "(TMPDIR names another)", base);
	}
	(void)snprintf(path, sizeof(path), "%s/register.db", cli->scratch);
	return prg_register_open(path, PRG_OPEN_CREATE, cli->wait_ms, &cli->reg, err);
}

const char *cli_register_path(const struct cli *cli)
{
	return cli->register_path ? cli->register_path : "/var/lib/peerage/register.db";
}

static void warn_if_exposed(const struct cli *cli)
{
	const char *path = cli_register_path(cli);
	struct stat st;

	if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077) != 0)
		cli_remark(cli, "%s: others than its owner may get at the register and the keys "
		                "in it: chmod 600 it", path);
}

/* Who acts, and who is told; the same of either register. */
static void introduce(struct cli *cli)
{
	char actor[ACTOR_TEXT];

	prg_register_set_backend(cli->reg, cli->backend);
	actor_find(actor);
	prg_register_set_actor(cli->reg, actor);
	if (!cli->scratch[0])
		prg_register_set_witness(cli->reg, journal_witness, NULL);
}

unsigned cli_command_flags(const struct cli *cli)
{
	unsigned flags = cli->args.command->flags;
	bool changes;

	if (!(flags & CMD_READS && flags & CMD_ASKS))
		return flags;
	changes = cli->args.command->run == cmd_log ? args_has(&cli->args, OPT_ACCEPT)
	                                            : cli->args.n_words != 0;
	return changes ? flags ^ (CMD_READS | CMD_CHANGES) : flags & ~(unsigned)CMD_HOST;
}

int cli_open(struct cli *cli, struct prg_error *err)
{
	unsigned flags = cli_command_flags(cli);
	struct stat st;
	int code;

	if (!(flags & (CMD_READS | CMD_CHANGES)))
		return 0;
	/* what fails must not leave an empty register behind */
	if (flags & CMD_CREATES && stat(cli_register_path(cli), &st) && errno == ENOENT)
		code = open_scratch(cli, err);
	else
		code = prg_register_open(cli->register_path,
		                         flags & CMD_CREATES ? PRG_OPEN_CREATE :
		                         flags & CMD_READS ? PRG_OPEN_READ : 0,
		                         cli->wait_ms, &cli->reg, err);
	if (code)
		return code;
	if (!cli->scratch[0])
		warn_if_exposed(cli);
	introduce(cli);
	return 0;
}

static int open_anew(struct cli *cli, unsigned flags, struct prg_error *err)
{
	int code;

	cli_close(cli);
	code = prg_register_open(cli->register_path, flags, cli->wait_ms, &cli->reg, err);
	if (!code)
		introduce(cli);
	return code;
}

int cli_open_real(struct cli *cli, struct prg_error *err)
{
	return open_anew(cli, PRG_OPEN_CREATE, err);
}

int cli_open_again(struct cli *cli, struct prg_error *err)
{
	return open_anew(cli, PRG_OPEN_READ, err);
}

void cli_close(struct cli *cli)
{
	static const char *const parts[] = { "", "-wal", "-shm", "-journal", ".lock" };
	char path[sizeof(cli->scratch) + 32];

	prg_register_close(&cli->reg);
	if (!cli->scratch[0])
		return;
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		(void)snprintf(path, sizeof(path), "%s/register.db%s", cli->scratch, parts[i]);
		(void)unlink(path);
	}
	(void)rmdir(cli->scratch);
	cli->scratch[0] = 0;
}

void cli_remark(const struct cli *cli, const char *format, ...)
{
	char text[2048];
	va_list ap;

	if (cli->quiet)
		return;
	va_start(ap, format);
	(void)vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	out_in_order(&cli->out);
	say_line("", text);
}

void cli_repeat(const struct cli *cli, const char *text)
{
	if (cli->quiet)
		return;
	out_in_order(&cli->out);
	say_whole(text);
}

int cli_confirm(const struct cli *cli, const char *command, const char *what,
                struct prg_error *err)
{
	char question[600];

	if (cli->dry_run || args_has(&cli->args, OPT_YES))
		return 0;
	if (!term_can_ask())
		return say_error(err, PRG_E_USAGE,
		                 "'peerage %s' asks first, and there is no terminal to ask on: "
		                 "give -y to mean it", command);
	(void)snprintf(question, sizeof(question), "%s?", what);
	if (term_ask(question))
		return 0;
	return say_error(err, PRG_E_FAILED, "nothing was changed: the answer was not 'y'");
}

/* Every occurrence of a list option becomes one list. */
static int set_joined(const struct cli *cli, struct prg_intent *intent, enum opt_id id,
                      struct prg_error *err)
{
	OWN_FREE char *text = NULL;
	size_t length = 1, used = 0;

	for (size_t i = 0; i < cli->args.n_options; i++)
		if (cli->args.options[i].id == id)
			length += strlen(cli->args.options[i].value) + 1;
	text = malloc(length);
	if (!text)
		return say_nomem(err);
	for (size_t i = 0; i < cli->args.n_options; i++) {
		size_t n = strlen(cli->args.options[i].value ? cli->args.options[i].value : "");

		if (cli->args.options[i].id != id)
			continue;
		if (used)
			text[used++] = ',';
		memcpy(text + used, cli->args.options[i].value, n);
		used += n;
	}
	text[used] = 0;
	return prg_intent_set(intent, cmd_opts[id].field, text, err);
}

static int set_option(const struct cli *cli, struct prg_intent *intent, size_t index,
                      struct prg_error *err)
{
	const struct args_option *given = &cli->args.options[index];
	const struct opt *opt = &cmd_opts[given->id];

	if (!opt->field)
		return 0;
	if (opt->again == OPT_JOIN) {
		for (size_t i = 0; i < index; i++)
			if (cli->args.options[i].id == given->id)
				return 0;
		return set_joined(cli, intent, given->id, err);
	}
	return prg_intent_set(intent, opt->field, given->value ? given->value : "yes", err);
}

/* The library begins some messages with the name of the field, as it is. */
static int wrap_option(struct prg_error *err, const char *name)
{
	size_t length = strlen(name);
	char *message = err->message;

	if (strncmp(message, name, length) == 0 && strncmp(message + length, ": ", 2) == 0)
		memmove(message, message + length + 2, strlen(message + length + 2) + 1);
	return say_wrap(err, "--%s", name);
}

unsigned cli_flags(const struct cli *cli, enum prg_verb verb)
{
	unsigned flags = 0;

	if (cli->dry_run)
		flags |= PRG_DRY_RUN;
	if (args_has(&cli->args, OPT_NO_APPLY))
		flags |= PRG_NO_APPLY;
	if (args_has(&cli->args, OPT_IF_ABSENT))
		flags |= PRG_IF_ABSENT;
	if (args_has(&cli->args, OPT_PRUNE) || args_has(&cli->args, OPT_PRUNE_PEERS))
		flags |= PRG_PRUNE;
	if (args_has(&cli->args, OPT_NO_UP))
		flags |= PRG_NO_UP;
	if (args_has(&cli->args, OPT_LIVE))
		flags |= PRG_LIVE;
	if ((verb == PRG_SYNC || verb == PRG_APPLY) && args_has(&cli->args, OPT_YES))
		flags |= PRG_REPLACE_KEY;
	return flags;
}

int cli_intent(struct cli *cli, enum prg_verb verb, struct prg_intent **ret_intent,
               struct prg_error *err)
{
	OWN_INTENT *intent = NULL;

	if (prg_intent_new(verb, cli->interface, &intent, err))
		return err->code;
	prg_intent_set_flags(intent, cli_flags(cli, verb));
	for (size_t i = 0; i < cli->args.n_options; i++)
		if (set_option(cli, intent, i, err))
			return wrap_option(err, cmd_opts[cli->args.options[i].id].name);
	*ret_intent = intent;
	intent = NULL;
	return 0;
}

int cli_intent_peers(const struct cli *cli, struct prg_intent *intent, struct prg_error *err)
{
	for (size_t i = 0; i < cli->args.n_words; i++)
		if (prg_intent_peer(intent, cli->args.words[i], err))
			return err->code;
	return 0;
}

/* Something is in the register now that the running interface was not told. */
static bool only_recorded(const struct cli *cli, const struct prg_report *report)
{
	size_t n = prg_report_n_results(report);

	if (cli->dry_run ||
	    !(cli->backend == PRG_BACKEND_NONE || args_has(&cli->args, OPT_NO_APPLY)))
		return false;
	for (size_t i = 0; i < n; i++)
		if (prg_report_result(report, i)->outcome != PRG_UNCHANGED)
			return true;
	return n == 0 && (cli->args.command->run != cmd_apply || prg_report_n_changes(report));
}

int cli_execute(struct cli *cli, const struct prg_intent *intent, struct prg_report **ret_report,
                struct prg_error *err)
{
	struct prg_report *report = NULL;
	int code = prg_execute(cli->reg, intent, &report, err);

	if (code && code != PRG_E_NOT_APPLIED)
		return code;
	for (size_t i = 0; i < prg_report_n_remarks(report); i++)
		cli_repeat(cli, prg_report_remark(report, i));
	if (only_recorded(cli, report))
		cli_remark(cli, "recorded only: the running interface is left as it is");
	cli->changed = !cli->dry_run;
	*ret_report = report;
	return code;
}

int cli_private_key(const struct cli *cli, const char *path, struct prg_private_key *ret_key,
                    struct prg_error *err)
{
	bool exposed = false;
	int code = files_read_private_key(path, ret_key, &exposed, err);

	if (!code && exposed)
		cli_remark(cli, "%s: others than its owner may read this key: chmod 600 it", path);
	return code;
}

int cli_preshared_key(const struct cli *cli, const char *path, struct prg_preshared_key *ret_key,
                      struct prg_error *err)
{
	bool exposed = false;
	int code = files_read_preshared_key(path, ret_key, &exposed, err);

	if (!code && exposed)
		cli_remark(cli, "%s: others than its owner may read this key: chmod 600 it", path);
	return code;
}
