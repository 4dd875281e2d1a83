/* SPDX-License-Identifier: ISC */
#include "cli.h"

#include "confine.h"
#include "sandbox.h"
#include "term.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>

/* Opens what is closed of 0 to 2, so that no file of ours becomes stdout; and
 * the wrong way round, so that output to nowhere is an error and not a success. */
static int open_standard(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
		    open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			return -1;
	return 0;
}

static int check_words(const struct cli *cli, struct prg_error *err)
{
	const struct cmd *command = cli->args.command;
	size_t n = cli->args.n_words;

	if (n && args_has(&cli->args, OPT_FROM))
		return say_error(err, PRG_E_USAGE, "--from names the peers: '%s' is one too many",
		                 cli->args.words[0]);
	if (n < command->min && !args_has(&cli->args, OPT_FROM))
		return say_error(err, PRG_E_USAGE, "'peerage %s' needs %s (see 'peerage help %s')",
		                 command->name, command->words, command->name);
	if (n > command->max && !*command->words)
		return say_error(err, PRG_E_USAGE, "'peerage %s' takes no argument, but '%s' was "
		                                   "given", command->name, cli->args.words[0]);
	if (n > command->max)
		return say_error(err, PRG_E_USAGE, "'peerage %s' takes %s and no more, but '%s' "
		                                   "was given",
		                 command->name, command->words, cli->args.words[command->max]);
	for (size_t i = 0; i < n; i++)
		if (!*cli->args.words[i] &&
		    (command->completes == WORDS_PEER || command->completes == WORDS_PEERS))
			return say_error(err, PRG_E_USAGE, "a name cannot be empty (see 'peerage "
			                                   "help %s')", command->name);
	return 0;
}

static int no_command(const struct cli *cli, struct prg_error *err)
{
	const char *interface = args_value(&cli->args, OPT_INTERFACE);

	if (interface && cmd_find(interface))
		return say_error(err, PRG_E_USAGE, "a command is needed: '%s' was taken as the "
		                                   "interface (see 'peerage help')", interface);
	return say_error(err, PRG_E_USAGE, "a command is needed (see 'peerage help')");
}

static int run(struct cli *cli, struct prg_error *err)
{
	const struct cmd *command = cli->args.command;
	int code;

	if (args_has(&cli->args, OPT_VERSION)) {
		(void)printf("peerage %s\n", prg_version());
		return 0;
	}
	if (args_has(&cli->args, OPT_HELP)) {
		help_print(command);
		return 0;
	}
	if (!command)
		return no_command(cli, err);
	code = check_words(cli, err);
	if (!code)
		code = cli_settle(cli, err);
	if (!code)
		code = confine_prepare(cli, err);
	if (!code)
		code = cli_open(cli, err);
	if (!code)
		code = confine_close(cli, err);
	return code ? code : command->run(cli, err);
}

/* The output mode is needed before anything can fail. */
static enum out_mode mode(const struct args *args)
{
	const char *format = args_value(args, OPT_FORMAT);

	if (args->json || args_has(args, OPT_JSON) || (format && strcmp(format, "json") == 0))
		return OUT_JSON;
	return args_has(args, OPT_TSV) ? OUT_TSV : OUT_TABLE;
}

/* Ends the output; says the one error. Returns the exit code. */
static int end(struct cli *cli, int code, const struct prg_error *err)
{
	int exit_code = code > 0 ? code : prg_exit_code(code), errnum;

	if (code < 0)
		out_error(&cli->out, err);
	out_finish(&cli->out);
	errnum = out_flush(&cli->out);
	if (code < 0)
		say_line("peerage: ", err->message);
	if (!errnum)
		return exit_code;
	/* a reader that had enough is no news */
	if (errnum != EPIPE && code >= 0) {
		struct prg_error failed;

		(void)say_errno(&failed, errnum, "cannot write to standard output");
		if (cli->changed) /* a script must not do it again for want of an answer */
			(void)say_append(&failed, "; all else is done");
		say_line("peerage: ", failed.message);
	}
	return code < 0 ? exit_code : 1;
}

int main(int argc, char **argv)
{
	struct cli cli = { .interface = NULL };
	struct prg_error err = { 0, "" };
	int code;

	sandbox_harden();
	/* both are errors of write(2), and dealt with as such */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
	if (open_standard() != 0)
		return 1;
	term_locale();
	code = args_parse(argc, argv, &cli.args, &err);
	out_setup(&cli.out, mode(&cli.args));
	if (!code)
		code = run(&cli, &err);
	cli_close(&cli);
	code = end(&cli, code, &err);
	out_done(&cli.out);
	args_done(&cli.args);
	/* so that a shell that waits knows why */
	if (cli.signal)
		(void)raise(cli.signal);
	return code;
}
