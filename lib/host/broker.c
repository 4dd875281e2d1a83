/* SPDX-License-Identifier: ISC */
#include "host/broker.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "host/nft.h"

/* Both are of one program: they go over as they lie in memory. */
struct question {
	uint32_t call;
	uint32_t length; /* of the input that follows */
	char table[PRG_NFT_TABLE_TEXT];
};
struct answer {
	int32_t rc;
	int32_t status;
	uint64_t length; /* of the output that follows */
	char text[sizeof(((struct prg_error *)NULL)->message)]; /* error, or a line of stderr */
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; /* of a question and its answer */
static int broker = -1;
static pid_t owner;

static int send_all(int fd, const void *data, size_t length)
{
	const char *at = data;

	while (length > 0) {
		ssize_t n = send(fd, at, length, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		at += n;
		length -= (size_t)n;
	}
	return 0;
}

static int receive_all(int fd, void *ret, size_t length)
{
	char *at = ret;

	while (length > 0) {
		ssize_t n = recv(fd, at, length, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		at += n;
		length -= (size_t)n;
	}
	return 0;
}

/* ------------------------------------------------------------------ the child */

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* Could nft see the word in these characters, of which a word can be? Not inside of one that
 * stands apart and begins with a letter, as a table does that is named after an interface. */
static bool includes(const char *word, size_t length, bool apart)
{
	const char *found = memmem(word, length, "include", 7);

	return found != NULL && (found == word || !apart || strchr(LETTERS, *word) == NULL);
}

/* In nft's language a file can be named, of which an error would tell a line. A comment is
 * none of ours, and could hide where a string begins. */
static bool names_file(const char *input)
{
	bool quoted = false, apart = true;
	size_t length;

	for (; *input != '\0'; input += length) {
		length = strspn(input, LETTERS "0123456789_-./");
		if (!quoted && (*input == '#' || includes(input, length, apart)))
			return true;
		apart = length == 0 && strchr(" \t\n", *input) != NULL;
		quoted ^= *input == '"';
		length += length == 0;
	}
	return false;
}

static int read_question(int fd, struct question *question, char **ret_input)
{
	char *input;

	if (receive_all(fd, question, sizeof(*question)) < 0 || question->length > PRG_SPAWN_LIMIT)
		return -1;
	if (question->call < PRG_NFT_LIST_TABLES || question->call > PRG_NFT_TRY)
		return -1;
	if (question->call == PRG_NFT_LIST_TABLE &&
	    !prg_nft_is_table(question->table, sizeof(question->table)))
		return -1;
	input = malloc((size_t)question->length + 1);
	if (input == NULL || receive_all(fd, input, question->length) < 0) {
		free(input);
		return -1;
	}
	input[question->length] = '\0';
	if (names_file(input)) {
		free(input);
		return -1;
	}
	*ret_input = input;
	return 0;
}

static int serve_one(int fd)
{
	PRG_FREE char *input = NULL;
	PRG_SPAWNED spawned = { 0 };
	struct question question;
	struct answer answer = { 0 };
	struct prg_error err = { 0 };
	struct prg_nft_request request;

	if (read_question(fd, &question, &input) < 0)
		return -1;
	request = (struct prg_nft_request){ .call = (enum prg_nft_call)question.call,
		                            .table = question.table, .input = input };
	answer.rc = prg_nft_run_here(&request, &spawned, &err);
	answer.status = spawned.status;
	answer.length = spawned.length;
	strcpy(answer.text, answer.rc < 0 ? err.message : spawned.error);
	if (send_all(fd, &answer, sizeof(answer)) < 0)
		return -1;
	return send_all(fd, spawned.output, spawned.length);
}

/* Of what root may do, nft needs one thing. A user who was given that one as an
 * ambient capability hands it on. Where something cannot be given up, it stays. */
static void shed_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { 0 } };
	const uint32_t keep = 1u << CAP_NET_ADMIN;
	int cap;

	/* until one that this kernel does not know */
	for (cap = 0; cap < 64; cap++)
		if (cap != CAP_NET_ADMIN && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 &&
		    errno == EINVAL)
			break;
	if (syscall(SYS_capget, &header, data) < 0)
		return;
	data[0].permitted &= keep;
	data[0].effective &= keep;
	data[0].inheritable &= keep;
	data[1] = (struct __user_cap_data_struct){ 0 };
	(void)syscall(SYS_capset, &header, data);
}

/* Keeps nothing open but its end of the socket: a reader of our stdout must not have
 * to wait for it. */
static int shed_files(int fd)
{
	int null = open("/dev/null", O_RDWR), i;

	/* clear of what is about to be overwritten */
	fd = fcntl(fd, F_DUPFD, 4);
	null = fcntl(null, F_DUPFD, 4);
	if (fd < 0 || null < 0 || dup2(fd, 3) < 0)
		return -1;
	for (i = 0; i < 3; i++)
		if (dup2(null, i) < 0)
			return -1;
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 34)
	closefrom(4);
#else
	for (i = 4; i < sysconf(_SC_OPEN_MAX); i++)
		close(i);
#endif
	return fcntl(3, F_SETFD, FD_CLOEXEC);
}

_Noreturn static void serve(int fd)
{
	sigset_t none;

	/* what the caller does on a signal is not for this one; and a terminal's are
	 * not meant for an nft in the midst of a change */
	prg_spawn_default_signals();
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)setsid();
	(void)prctl(PR_SET_NAME, "peerage-nft", 0, 0, 0);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	shed_capabilities();
	if (chdir("/") == 0 && shed_files(fd) == 0)
		while (serve_one(3) == 0)
			;
	_exit(0);
}

/* ----------------------------------------------------------------- the parent */

int prg_broker_start(struct prg_error *err)
{
	int fds[2], saved;
	pid_t pid;

	if (prg_broker_is_there())
		return 0;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return prg_error_errno(err, errno, "cannot start the process that runs nft");
	pid = fork();
	if (pid == 0)
		serve(fds[1]);
	saved = errno;
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return prg_error_errno(err, saved, "cannot start the process that runs nft");
	}
	broker = fds[0];
	owner = getpid();
	return 0;
}

bool prg_broker_is_there(void)
{
	return broker >= 0 && owner == getpid();
}

static int gone(struct prg_error *err)
{
	return prg_error_set(err, PRG_E_FAILED, "the process that runs nft for this one has "
	                                        "ended: try again");
}

static int ask(const struct prg_nft_request *request, struct prg_error *err)
{
	struct question question = { .call = request->call };
	const char *input = request->input != NULL ? request->input : "";

	if (strlen(input) > PRG_SPAWN_LIMIT)
		return prg_error_set(err, PRG_E_FAILED, "the ruleset is too long");
	question.length = (uint32_t)strlen(input);
	if (request->table != NULL)
		strncpy(question.table, request->table, sizeof(question.table) - 1);
	if (send_all(broker, &question, sizeof(question)) < 0 ||
	    send_all(broker, input, question.length) < 0)
		return gone(err);
	return 0;
}

static int hear(struct answer *answer, char **ret_output, struct prg_error *err)
{
	char *output;

	if (receive_all(broker, answer, sizeof(*answer)) < 0 || answer->length > PRG_SPAWN_LIMIT)
		return gone(err);
	output = malloc((size_t)answer->length + 1);
	if (output == NULL)
		return prg_error_nomem(err);
	if (receive_all(broker, output, (size_t)answer->length) < 0) {
		free(output);
		return gone(err);
	}
	output[answer->length] = '\0';
	*ret_output = output;
	return 0;
}

/* What is still under way after a failure must not be taken for the next answer. */
static int give_up(int rc)
{
	(void)shutdown(broker, SHUT_RDWR);
	pthread_mutex_unlock(&mutex);
	return rc;
}

int prg_broker_ask(const struct prg_nft_request *request, struct prg_error *err)
{
	int rc;

	pthread_mutex_lock(&mutex);
	rc = ask(request, err);
	return rc < 0 ? give_up(rc) : 0;
}

int prg_broker_answer(struct prg_spawned *ret, struct prg_error *err)
{
	struct answer answer;
	PRG_FREE char *output = NULL;
	int rc = hear(&answer, &output, err);

	if (rc < 0)
		return give_up(rc);
	pthread_mutex_unlock(&mutex);
	answer.text[sizeof(answer.text) - 1] = '\0';
	if (answer.rc < 0)
		return prg_error_set(err, answer.rc, "%s", answer.text);
	ret->status = answer.status;
	ret->length = (size_t)answer.length;
	ret->output = output;
	strncpy(ret->error, answer.text, sizeof(ret->error) - 1);
	ret->error[sizeof(ret->error) - 1] = '\0';
	output = NULL;
	return 0;
}

int prg_broker_run(const struct prg_nft_request *request, struct prg_spawned *ret,
                   struct prg_error *err)
{
	int rc = prg_broker_ask(request, err);

	return rc < 0 ? rc : prg_broker_answer(ret, err);
}
