/* SPDX-License-Identifier: ISC */
#include "confine.h"

#include "onboard.h"
#include "sandbox.h"
#include "smartcols.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

#define WIREGUARD_SOCKETS "/run/wireguard"

struct paths {
	struct sandbox_path *all; /* their texts are owned */
	size_t n, capacity;
	bool nomem;
};

static void own_paths(struct paths *paths)
{
	for (size_t i = 0; i < paths->n; i++)
		free((char *)paths->all[i].path);
	free(paths->all);
}

static void add(struct paths *paths, const char *path, enum sandbox_access access)
{
	char *copy = path ? strdup(path) : NULL;

	if (paths->n == paths->capacity) {
		size_t capacity = 2 * paths->capacity + 32;
		struct sandbox_path *grown = realloc(paths->all, capacity * sizeof(*grown));

		if (grown) {
			paths->all = grown;
			paths->capacity = capacity;
		}
	}
	if (!copy || paths->n == paths->capacity) {
		paths->nomem = true;
		free(copy);
		return;
	}
	paths->all[paths->n++] = (struct sandbox_path){ copy, access };
}

/* The directory that a file is in. */
static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return strdup(".");
	return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

/* A directory that may have to be made: what it will be made in. */
static void add_directory(struct paths *paths, const char *path)
{
	OWN_FREE char *at = strdup(path);

	while (at && access(at, F_OK) != 0 && errno == ENOENT) {
		size_t length = strlen(at);
		char *up;

		while (length > 1 && at[length - 1] == '/')
			at[--length] = 0;
		up = directory_of(at);
		free(at);
		at = up;
	}
	add(paths, at, SANDBOX_WRITE);
}

static void add_directory_of(struct paths *paths, const char *path)
{
	OWN_FREE char *directory = directory_of(path);

	if (directory)
		add_directory(paths, directory);
	else
		paths->nomem = true;
}

/* Sockets of userspace WireGuards; one may be another user's. */
static void add_wireguard(struct paths *paths)
{
	DIR *list = opendir(WIREGUARD_SOCKETS);
	const struct dirent *entry;

	while (list && (entry = readdir(list)) != NULL) {
		char path[sizeof(WIREGUARD_SOCKETS "/") + sizeof(entry->d_name)];

		(void)snprintf(path, sizeof(path), WIREGUARD_SOCKETS "/%s", entry->d_name);
		if (entry->d_name[0] != '.')
			add(paths, path, SANDBOX_MEET);
	}
	if (list)
		(void)closedir(list);
}

/* Nothing but the register is to be changed, or asked about. */
static bool records_only(const struct cli *cli)
{
	return cli->backend == PRG_BACKEND_NONE || args_has(&cli->args, OPT_NO_APPLY);
}

/* Changes the running interface. */
static bool applies(const struct cli *cli)
{
	return cli_command_flags(cli) & CMD_CHANGES && !cli->dry_run && !records_only(cli);
}

static bool minds_host(const struct cli *cli)
{
	return cli_command_flags(cli) & CMD_HOST && !records_only(cli);
}

/* Files that options and words name. */
static void add_arguments(struct paths *paths, const struct cli *cli)
{
	const struct args *args = &cli->args;

	for (size_t i = 0; i < args->n_options; i++) {
		enum opt_id id = args->options[i].id;
		const char *value = args->options[i].value;

		if (!value || !cmd_opts[id].words || strcmp(cmd_opts[id].words, "@file") != 0)
			continue;
		if (id == OPT_OUT)
			add_directory(paths, value);
		else if (id == OPT_OUTPUT || id == OPT_REPLACE_FILE || id == OPT_DOCUMENT ||
		         id == OPT_SIGNATURE)
			add_directory_of(paths, value);
		else if (id != OPT_REGISTER)
			add(paths, value, SANDBOX_READ);
	}
	for (size_t i = 0; i < args->n_words; i++)
		if (args->command->completes == WORDS_FILES ||
		    (i > 0 && args->command->completes == WORDS_SETTINGS &&
		     strcmp(args->words[i - 1], "private-key") == 0))
			add(paths, args->words[i], SANDBOX_READ);
}

static void add_register(struct paths *paths, const struct cli *cli)
{
	OWN_FREE char *base = directory_of(cli->scratch);

	add_directory_of(paths, cli_register_path(cli));
	add(paths, cli_register_path(cli), SANDBOX_WRITE);
	if (!cli->scratch[0])
		return;
	add(paths, cli->scratch, SANDBOX_WRITE);
	add(paths, base, SANDBOX_RMDIR);
}

/* May print a table. */
static bool draws(const struct cli *cli)
{
	const struct cmd *command = cli->args.command;

	if (cli->out.mode != OUT_TABLE || command->flags & CMD_PLAIN)
		return false;
	if (cli->dry_run || command->flags & CMD_TERSE)
		return cli->dry_run;
	return command->flags & CMD_LISTS ||
	       (command->group != GROUP_PEERS && command->group != GROUP_ONBOARDING &&
	        command->group != GROUP_UPKEEP);
}

int confine_prepare(const struct cli *cli, struct prg_error *err)
{
	int code = draws(cli) ? smartcols_load(err) : 0;

	if (!code)
		code = onboard_prepare(cli, err);
	if (code)
		return code;
	return sandbox_is_built() && minds_host(cli) ? prg_prepare_firewall(err) : 0;
}

int confine_close(struct cli *cli, struct prg_error *err)
{
	OWN(own_paths) struct paths paths = { .n = 0 };
	const char *what = "";
	bool host = minds_host(cli), pending = false;
	int errnum;

	if (!sandbox_is_built())
		return 0;
	if (cli->reg && applies(cli) && prg_register_prepare(cli->reg, &pending, err))
		return err->code;
	add(&paths, "/dev/null", SANDBOX_READ);
	add(&paths, "/dev/urandom", SANDBOX_READ);
	add(&paths, "/etc/localtime", SANDBOX_READ);
	add(&paths, "/etc/passwd", SANDBOX_READ); /* who acts */
	add_arguments(&paths, cli);
	if (cli->reg) {
		add(&paths, "/proc", SANDBOX_READ);
		add_register(&paths, cli);
		add_wireguard(&paths);
	}
	if (args_has(&cli->args, OPT_WATCH))
		add(&paths, "/proc/self/fd/1", SANDBOX_TERMINAL);
	if (applies(cli))
		add(&paths, "/run/peerage", SANDBOX_WRITE);
	if (applies(cli) && (host || pending))
		add(&paths, "/proc/sys/net", SANDBOX_TUNE);
	if (paths.nomem)
		return say_nomem(err);
	errnum = sandbox_close(paths.all, paths.n, &what);
	return errnum ? say_errno(err, errnum, "cannot shut itself in (%s)", what) : 0;
}
