/* SPDX-License-Identifier: ISC */
/*
 * sweep [-e ERROR,…] [-s STEP] [-j JOBS] NAME REGISTER DIRECTORY COMMAND [ARG…]
 *
 * Runs a command that changes a register once for each of its system calls, with that
 * one failing (EIO, ENOSPC, EINTR; strace -e inject) or being its last (KILL), each
 * time on a fresh copy of REGISTER, in PEERAGE_REGISTER under DIRECTORY. What it
 * leaves behind must be sound:
 *
 *   - the register opens, its chain verifies, SQLite finds no fault in the file;
 *   - it says what it said before, or what the command makes of it where nothing
 *     fails, with the entries of that; nothing between;
 *   - nothing that was acknowledged is lost: exit 0 or 4, or a private key that came out;
 *   - what failed is told in one line, and then the register is as before, unless that
 *     line says otherwise;
 *   - another change succeeds, an interface made from it is equal to it, and nothing
 *     stays pending.
 *
 * Prints TAP, with how many injections there were. STEP: each such system call only.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backend/memory.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "model/addr.h"
#include "model/peer.h"
#include "report.h"

#define MAX_CALLS 400
#define SECONDS   "60" /* that a command may take */
#define SHOWN     30   /* failures that are told in full */

/* A system call that the command makes, and which of these are the program's own. */
struct call {
	char name[32];
	unsigned first, last;
};

struct sound {
	uint64_t entries;
	struct prg_strbuf document;
};

static const char *name, *base, *place;
static char **command;
static char *errors[8];
static size_t n_errors, n_calls, n_jobs = 1, step = 1;
static struct call calls[MAX_CALLS];
static struct sound before, after;
static struct prg_public_key known[64]; /* keys of before: others are chance */
static size_t n_known;
static bool learning = true;
static struct prg_error err;

static _Noreturn PRG_PRINTF(1, 2) void bail(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	printf("Bail out! %s: ", name ? name : "sweep");
	vprintf(format, ap);
	printf("\n");
	va_end(ap);
	exit(1);
}

/* ------------------------------------------------------------------ documents */

static bool is_known(const struct prg_public_key *key)
{
	for (size_t i = 0; i < n_known; i++)
		if (memcmp(&known[i], key, sizeof(*key)) == 0)
			return true;
	return false;
}

static int tell_peer(void *context, const struct prg_peer *p)
{
	struct sound *s = context;
	struct prg_strbuf *d = &s->document;
	char text[PRG_PREFIX_TEXT], key[PRG_KEY_TEXT] = "new";

	if (learning && n_known < sizeof(known) / sizeof(known[0]))
		known[n_known++] = p->public_key;
	if (is_known(&p->public_key))
		prg_public_key_format(&p->public_key, key);
	prg_strbuf_printf(d, "%s %s %s psk %d note %s expires %lld quota %llu older %s newer %s", p->name,
	                  prg_peer_state_name(p->state), key, p->has_preshared_key,
	                  p->note ? p->note : "-", (long long)p->expires_at,
	                  (unsigned long long)p->quota_bytes, p->older, p->successor);
	for (size_t i = 0; i < prg_peer_n_allowed_ips(p); i++) {
		prg_prefix_format(prg_peer_allowed_ip(p, i), text);
		prg_strbuf_printf(d, " %s", text);
	}
	prg_strbuf_puts(d, "\n");
	return 0;
}

static int tell_interface(void *context, const struct prg_interface *i)
{
	struct sound *s = context;

	prg_strbuf_printf(&s->document, "%s port %u up %d epoch %lld\n", i->name, i->listen_port,
	                  i->wanted_up, (long long)i->config_epoch);
	return 0;
}

static char *ask(const char *file, const char *sql)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *stmt = NULL;
	PRG_STRBUF out = { 0 };

	if (sqlite3_open_v2(file, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
		prg_strbuf_printf(&out, "%s", sqlite3_errmsg(db));
	while (stmt != NULL && sqlite3_step(stmt) == SQLITE_ROW)
		prg_strbuf_printf(&out, "%s;", (const char *)sqlite3_column_text(stmt, 0));
	prg_strbuf_puts(&out, "");
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return prg_strbuf_take(&out);
}

static bool asked(const char *file, const char *sql, const char *want, struct prg_strbuf *why)
{
	PRG_FREE char *got = ask(file, sql);

	if (got != NULL && strcmp(got, want) == 0)
		return true;
	prg_strbuf_printf(why, "%s: %.300s; ", sql, got ? got : "?");
	return false;
}

/* Opens, verifies, and says what is in it. */
static bool look(const char *file, struct sound *ret, struct prg_strbuf *why)
{
	PRG_CLEANUP(prg_register_close) struct prg_register *reg = NULL;
	char head[65];
	int rc = prg_register_open(file, 0, 10000, &reg, &err);

	if (rc == 0)
		rc = prg_register_verify(reg, &ret->entries, head, &err);
	if (rc == 0)
		rc = prg_list_interfaces(reg, tell_interface, ret, &err);
	if (rc == 0)
		rc = prg_list_peers(reg, "wg0", tell_peer, ret, &err);
	if (rc == 0)
		return asked(file, "PRAGMA integrity_check", "ok;", why) &&
		       asked(file, "PRAGMA foreign_key_check", "", why);
	prg_strbuf_printf(why, "the register does not open or verify: %s; ", err.message);
	return false;
}

/* ----------------------------------------------------------------------- runs */

static PRG_PRINTF(3, 4) const char *in(char *ret, size_t size, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(ret, size, format, ap);
	va_end(ap);
	return ret;
}
#define IN(buffer, ...) in(buffer, sizeof(buffer), __VA_ARGS__)

static void copy(const char *from, const char *to)
{
	char bytes[65536];
	PRG_FD int in_fd = open(from, O_RDONLY | O_CLOEXEC);
	PRG_FD int out_fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ssize_t n;

	if (in_fd < 0 || out_fd < 0)
		bail("cannot copy %s: %s", from, strerror(errno));
	while ((n = read(in_fd, bytes, sizeof(bytes))) > 0)
		if (write(out_fd, bytes, (size_t)n) != n)
			bail("cannot write %s: %s", to, strerror(errno));
}

static char *read_file(const char *path)
{
	PRG_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	PRG_STRBUF buf = { 0 };
	char bytes[4096];
	ssize_t n;

	prg_strbuf_puts(&buf, "");
	while (fd >= 0 && (n = read(fd, bytes, sizeof(bytes))) > 0)
		prg_strbuf_append(&buf, bytes, (size_t)n);
	return prg_strbuf_take(&buf);
}

static void fresh(unsigned job)
{
	static const char *const rest[] = { "-wal", "-shm", "-journal" };
	char dir[512], file[600];

	IN(dir, "%s/%u", place, job);
	mkdir(dir, 0700);
	for (size_t i = 0; i < 3; i++)
		unlink(IN(file, "%s/register.db%s", dir, rest[i]));
	unlink(IN(file, "%s/new.conf", dir));
	copy(base, IN(file, "%s/register.db", dir));
}

/* Starts words, with its output in out and errs; waits for it. Its wait status. */
static int run(unsigned job, const char *const *words)
{
	char dir[512], file[600];
	int status = 0;
	pid_t pid;

	IN(dir, "%s/%u", place, job);
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		int in_fd = open("/dev/null", O_RDONLY);
		int out_fd, err_fd;

		if (chdir(dir) != 0)
			_exit(126);
		out_fd = open("out", O_WRONLY | O_CREAT | O_TRUNC, 0600);
		err_fd = open("errs", O_WRONLY | O_CREAT | O_TRUNC, 0600);
		dup2(in_fd, 0);
		dup2(out_fd, 1);
		dup2(err_fd, 2);
		for (int fd = 3; fd < 64; fd++)
			close(fd);
		setenv("PEERAGE_REGISTER", IN(file, "%s/register.db", dir), 1);
		execvp(words[0], (char *const *)(uintptr_t)words);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		bail("cannot run %s", words[0]);
	return status;
}

/* strace with some options before the command. */
static int trace(unsigned job, const char *const *options)
{
	const char *words[80] = { "timeout", "-s", "ABRT", SECONDS, "strace", "-qq", "-o", "trace" };
	size_t n = 8, i;

	for (i = 0; options[i] != NULL; i++)
		words[n++] = options[i];
	for (i = 0; command[i] != NULL && n < 79; i++)
		words[n++] = command[i];
	words[n] = NULL;
	return run(job, words);
}

/* ------------------------------------------------------------------- learning */

/* Calls that do not fail so, or whose failure the C library or libsodium takes for
 * the end of the world, as it should. */
static bool infallible(const char *call)
{
	static const char *const list[] = {
		"execve", "exit", "exit_group", "restart_syscall", "futex", "getrandom",
		"clock_gettime", "umask", "munmap", "mprotect", "madvise", "brk",
	};

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (strcmp(call, list[i]) == 0)
			return true;
	return strncmp(call, "rt_sig", 6) == 0 ||
	       (strncmp(call, "get", 3) == 0 && strstr(call, "id") != NULL);
}

static void count_call(const char *call, size_t length, bool begun)
{
	size_t i;

	for (i = 0; i < n_calls; i++)
		if (strlen(calls[i].name) == length && memcmp(calls[i].name, call, length) == 0)
			break;
	if (i == MAX_CALLS || length >= sizeof(calls[i].name))
		return;
	if (i == n_calls) {
		memcpy(calls[i].name, call, length);
		n_calls++;
	}
	calls[i].last++;
	if (!begun)
		calls[i].first++;
}

/* What the loader does before the program begins is not the program's. */
static void learn_calls(const char *text)
{
	bool begun = false;

	while (*text != '\0') {
		size_t length = strcspn(text, "(\n");

		begun |= strncmp(text, "prctl(PR_SET_DUMPABLE", 21) == 0;
		if (islower((unsigned char)*text) && text[length] == '(')
			count_call(text, length, begun);
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	if (!begun)
		bail("the program does not say when it begins");
}

static void learn(void)
{
	static const char *const none[] = { NULL };
	char file[600];
	PRG_STRBUF why = { 0 };
	PRG_FREE char *text = NULL, *said = NULL;
	int status;

	fresh(0);
	IN(file, "%s/0/register.db", place);
	if (!look(file, &before, &why))
		bail("%s", why.data);
	learning = false;
	fresh(0);
	status = trace(0, none);
	said = read_file(IN(file, "%s/0/errs", place));
	if (status != 0)
		bail("status %d: %s", status, said);
	text = read_file(IN(file, "%s/0/trace", place));
	learn_calls(text);
	if (!look(IN(file, "%s/0/register.db", place), &after, &why))
		bail("%s", why.data);
	if (strcmp(before.document.data, after.document.data) == 0 ||
	    before.entries == after.entries)
		bail("it changes nothing");
}

/* ------------------------------------------------------------------- judging */

/* Exit status, or 128 and the signal. */
static int ended(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static size_t lines_of(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += *text == '\n';
	return n;
}

/* A key that came out is one that the register has. */
static bool handed_out(const struct sound *now, const char *text, struct prg_strbuf *why)
{
	const char *at = strstr(text, "PrivateKey = ");

	if (at == NULL || strncmp(at + 13, "\n", 1) == 0 || (at > text && at[-1] == ' '))
		return true;
	if (strcmp(now->document.data, after.document.data) == 0)
		return true;
	prg_strbuf_puts(why, "a config was handed out, and its peer is not there; ");
	return false;
}

static bool left_behind(const struct sound *now, int status, const char *said,
                        struct prg_strbuf *why)
{
	bool as_before = strcmp(now->document.data, before.document.data) == 0;
	bool as_after = strcmp(now->document.data, after.document.data) == 0;

	if (!as_before && !as_after)
		prg_strbuf_printf(why, "neither before nor after:\n%s; ", now->document.data);
	else if (now->entries != (as_after ? after.entries : before.entries))
		prg_strbuf_printf(why, "%llu entries; ", (unsigned long long)now->entries);
	else if ((status == 0 || status == 4) && !as_after)
		prg_strbuf_printf(why, "acknowledged with %d, and lost; ", status);
	else if (status > 0 && status < 8 && status != 4 && as_after &&
	         strstr(said, "is added") == NULL && strstr(said, "is printed instead") == NULL &&
	         strstr(said, "is there") == NULL && strstr(said, "all else is done") == NULL)
		prg_strbuf_printf(why, "exit %d, but recorded: %s; ", status, said);
	else
		return true;
	return false;
}

/* The next change does what it says, and what is made of the register is equal to it. */
static bool goes_on(const char *file, struct prg_strbuf *why)
{
	PRG_CLEANUP(prg_register_close) struct prg_register *reg = NULL;
	PRG_CLEANUP(prg_intent_free) struct prg_intent *up = NULL, *add = NULL, *sync = NULL;
	PRG_REPORT *report = NULL;
	int rc = prg_register_open(file, 0, 10000, &reg, &err);

	prg_memory_reset();
	if (rc == 0)
		rc = prg_intent_new(PRG_UP, "wg0", &up, &err);
	if (rc == 0)
		rc = prg_intent_new(PRG_ADD, "wg0", &add, &err);
	if (rc == 0)
		rc = prg_intent_peer(add, "next", &err);
	if (rc == 0)
		rc = prg_intent_new(PRG_SYNC, "wg0", &sync, &err);
	if (rc == 0) {
		prg_intent_set_flags(sync, PRG_DRY_RUN);
		prg_register_set_backend(reg, PRG_BACKEND_MEMORY);
		rc = prg_execute(reg, up, &report, &err);
		prg_report_free(&report);
	}
	if (rc == 0) {
		rc = prg_execute(reg, add, &report, &err);
		prg_report_free(&report);
	}
	if (rc == 0)
		rc = prg_execute(reg, sync, &report, &err);
	if (rc < 0)
		prg_strbuf_printf(why, "what comes next fails: %s; ", err.message);
	else if (prg_report_n_changes(report) != 0 || prg_report_n_left_over(report) != 0)
		prg_strbuf_puts(why, "the interface differs from the register; ");
	else
		return asked(file, "SELECT count(*) FROM pending", "0;", why);
	return false;
}

static bool judge(unsigned job, int status, bool killed, struct prg_strbuf *why)
{
	char file[600];
	PRG_FREE char *said = read_file(IN(file, "%s/%u/errs", place, job));
	PRG_FREE char *out = read_file(IN(file, "%s/%u/out", place, job));
	PRG_FREE char *conf = read_file(IN(file, "%s/%u/new.conf", place, job));
	struct sound now = { 0 };
	bool good = false;

	if (status == 0 || (killed && status == 137) ||
	    (status > 0 && status < 8 && lines_of(said) == 1 && strncmp(said, "peerage: ", 9) == 0 &&
	     strlen(said) > 20))
		good = true;
	else
		prg_strbuf_printf(why, "exit %d: %.300s; ", status, said);
	IN(file, "%s/%u/register.db", place, job);
	good = look(file, &now, why) && good;
	if (!now.document.failed && now.document.data != NULL) {
		good = left_behind(&now, status, said, why) && good;
		good = handed_out(&now, out, why) && handed_out(&now, conf, why) && good;
		good = goes_on(file, why) && good;
	}
	if (conf[0] != '\0' && strstr(conf, "PersistentKeepalive") == NULL) {
		prg_strbuf_puts(why, "half a file; ");
		good = false;
	}
	prg_strbuf_done(&now.document);
	return good;
}

/* ---------------------------------------------------------------------- sweep */

/* What one worker found; in memory that they share with the parent by a pipe. */
struct tally {
	unsigned injected[8], failed[8];
};

static void inject(unsigned job, const struct call *call, unsigned nth, size_t which,
                   struct tally *tally)
{
	bool killed = strcmp(errors[which], "KILL") == 0;
	char what[80], how[120], file[600];
	const char *const options[] = { "-e", what, "-e", how, NULL };
	PRG_FREE char *text = NULL;
	PRG_STRBUF why = { 0 };
	int status;

	IN(what, "trace=%s", call->name);
	IN(how, "inject=%s:%s=%s:when=%u", call->name, killed ? "signal" : "error", errors[which],
	   nth);
	fresh(job);
	status = ended(trace(job, options));
	text = read_file(IN(file, "%s/%u/trace", place, job));
	tally->injected[which] += killed ? status == 137 : strstr(text, "INJECTED") != NULL;
	if (judge(job, status, killed, &why))
		return;
	if (++tally->failed[which] <= SHOWN)
		printf("# %s: %s %u of %u, %s: %s\n", name, call->name, nth, call->last,
		       errors[which], why.data);
	fflush(stdout);
}

static void work(unsigned job, struct tally *tally)
{
	size_t i, which, at = 0;
	unsigned nth;

	for (i = 0; i < n_calls; i++)
		for (nth = calls[i].first + 1; nth <= calls[i].last; nth++)
			for (which = 0; which < n_errors; which++) {
				bool kill = strcmp(errors[which], "KILL") == 0;

				if (!kill && infallible(calls[i].name))
					continue;
				/* each kind on calls of its own, that a step leaves out none for good */
				if ((at++ / n_errors + which) % step != 0)
					continue;
				if (at / step % n_jobs == job)
					inject(job, &calls[i], nth, which, tally);
			}
}

static void sweep(void)
{
	struct tally all = { { 0 }, { 0 } };
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		bail("no pipe");
	fflush(NULL);
	for (unsigned job = 0; job < n_jobs; job++)
		if (fork() == 0) {
			struct tally own = { { 0 }, { 0 } };

			work(job, &own);
			fflush(stdout);
			_exit(write(ends[1], &own, sizeof(own)) != sizeof(own));
		}
	close(ends[1]);
	for (unsigned job = 0; job < n_jobs; job++) {
		struct tally own;
		int status;

		if (wait(&status) < 0 || status != 0 || read(ends[0], &own, sizeof(own)) != sizeof(own))
			bail("a worker died");
		for (size_t i = 0; i < n_errors; i++) {
			all.injected[i] += own.injected[i];
			all.failed[i] += own.failed[i];
		}
	}
	for (size_t i = 0; i < n_errors; i++)
		printf("# %s: %s %u times\n%sok - %s: whatever %s meets, the register is sound\n", name,
		       errors[i], all.injected[i],
		       all.failed[i] || all.injected[i] == 0 ? "not " : "", name, errors[i]);
}

static size_t number(const char *text)
{
	size_t n = strtoul(text, NULL, 10);

	if (n == 0)
		bail("%s is no number", text);
	return n;
}

int main(int argc, char **argv)
{
	char *list = strdup("EIO,ENOSPC,EINTR,KILL");
	int option;

	while ((option = getopt(argc, argv, "+e:s:j:")) != -1) {
		if (option == 'e')
			list = strdup(optarg);
		else if (option == 's')
			step = number(optarg);
		else if (option == 'j')
			n_jobs = number(optarg);
		else
			return 2;
	}
	if (argc - optind < 4) {
		fprintf(stderr, "usage: sweep [-e ERROR,...] [-s STEP] [-j JOBS] NAME REGISTER "
		                "DIRECTORY COMMAND [ARG...]\n");
		return 2;
	}
	for (char *word = strtok(list, ","); word != NULL && n_errors < 8; word = strtok(NULL, ","))
		errors[n_errors++] = word;
	name = argv[optind];
	base = argv[optind + 1];
	place = argv[optind + 2];
	command = argv + optind + 3;
	learn();
	sweep();
	return 0;
}
