/* SPDX-License-Identifier: ISC */
#include "host/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

#define STATUS_LIMIT ((size_t)64 << 10)
#define STDERR_BYTES 4096 /* what is kept of it; the rest is read and dropped */

/* What is read of a child. */
struct capture {
	int fd;
	char *data;
	size_t length, capacity, limit;
	bool keep_all; /* more than the limit is an error */
};

void prg_spawned_done(struct prg_spawned *spawned)
{
	free(spawned->output);
	spawned->output = NULL;
}

static int input_file(const char *input, int *ret_fd, struct prg_error *err)
{
	size_t left = input == NULL ? 0 : strlen(input);
	int fd;

	if (left == 0) {
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	} else {
		fd = memfd_create("peerage", MFD_CLOEXEC | MFD_NOEXEC_SEAL);
		if (fd < 0 && errno == EINVAL) /* before Linux 6.3 */
			fd = memfd_create("peerage", MFD_CLOEXEC);
	}
	if (fd < 0)
		return prg_error_errno(err, errno, "cannot make the input of a program");
	while (left > 0) {
		ssize_t n = write(fd, input, left);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			int saved = n < 0 ? errno : ENOSPC;

			close(fd);
			return prg_error_errno(err, saved, "cannot write the input of a program");
		}
		input += n;
		left -= (size_t)n;
	}
	if (lseek(fd, 0, SEEK_SET) < 0 && errno != ESPIPE) {
		int saved = errno;

		close(fd);
		return prg_error_errno(err, saved, "cannot rewind the input of a program");
	}
	*ret_fd = fd;
	return 0;
}

/* Adds the set of that name in /proc/self/status. */
static bool add_set(const char *status, const char *name, sigset_t *set)
{
	const char *at = strstr(status, name);
	unsigned long long mask;
	int number;

	if (at == NULL || sscanf(at + strlen(name), "%llx", &mask) != 1)
		return false;
	for (number = 1; number <= 64; number++)
		if (mask >> (number - 1) & 1)
			sigaddset(set, number);
	return true;
}

void prg_spawn_default_signals(void)
{
	PRG_FREE char *status = NULL;
	sigset_t set;
	int number;

	sigemptyset(&set);
	if (prg_file_read("/proc/self/status", STATUS_LIMIT, &status, NULL, NULL) < 0 ||
	    !add_set(status, "\nSigIgn:", &set) || !add_set(status, "\nSigCgt:", &set))
		sigfillset(&set); /* the kernel does not say which it is about */
	for (number = 1; number < NSIG; number++)
		if (sigismember(&set, number) == 1)
			(void)signal(number, SIG_DFL);
}

static int child_attributes(posix_spawnattr_t *attr)
{
	sigset_t set;
	int rc;

	sigemptyset(&set);
	rc = posix_spawnattr_setsigmask(attr, &set);
	sigfillset(&set);
	if (rc == 0)
		rc = posix_spawnattr_setsigdefault(attr, &set);
	if (rc == 0)
		rc = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	return rc;
}

static int child_files(posix_spawn_file_actions_t *actions, int in, int out, int error)
{
	int rc = posix_spawn_file_actions_adddup2(actions, in, 0);

	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(actions, out, 1);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(actions, error, 2);
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 34)
	if (rc == 0)
		rc = posix_spawn_file_actions_addclosefrom_np(actions, 3);
#endif
	return rc;
}

/* Returns 0 or an errno. */
static int start(const char *path, const char *const *argv, int in, int out, int error,
                 pid_t *ret_pid)
{
	static const char *const environment[] = { "LC_ALL=C", NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int rc;

	rc = posix_spawn_file_actions_init(&actions);
	if (rc != 0)
		return rc;
	rc = posix_spawnattr_init(&attr);
	if (rc == 0) {
		rc = child_files(&actions, in, out, error);
		if (rc == 0)
			rc = child_attributes(&attr);
		if (rc == 0)
			rc = posix_spawn(ret_pid, path, &actions, &attr, (char *const *)argv,
			                 (char *const *)environment);
		posix_spawnattr_destroy(&attr);
	}
	posix_spawn_file_actions_destroy(&actions);
	return rc;
}

/* One read. 0 or negative; at the end of the file the descriptor is closed. */
static int capture_read(struct capture *capture, struct prg_error *err)
{
	char scratch[16384];
	ssize_t n = read(capture->fd, scratch, sizeof(scratch));
	size_t take;

	if (n < 0)
		return errno == EINTR || errno == EAGAIN
		               ? 0
		               : prg_error_errno(err, errno, "cannot read from a program");
	if (n == 0) {
		close(capture->fd);
		capture->fd = -1;
		return 0;
	}
	take = (size_t)n;
	if (take > capture->limit - capture->length) {
		if (capture->keep_all)
			return prg_error_set(err, PRG_E_FAILED, "it wrote more than %zu bytes",
			                     capture->limit);
		take = capture->limit - capture->length;
	}
	if (capture->length + take >= capture->capacity) {
		size_t capacity = capture->capacity * 2 + sizeof(scratch) + 1;
		char *grown = realloc(capture->data, capacity);

		if (grown == NULL)
			return prg_error_nomem(err);
		capture->data = grown;
		capture->capacity = capacity;
	}
	memcpy(capture->data + capture->length, scratch, take);
	capture->length += take;
	capture->data[capture->length] = '\0';
	return 0;
}

static int timed_out(struct prg_error *err)
{
	return prg_error_set(err, PRG_E_FAILED, "it did not end in time and was killed");
}

static int drain(struct capture captures[2], int64_t deadline, struct prg_error *err)
{
	while (captures[0].fd >= 0 || captures[1].fd >= 0) {
		struct pollfd fds[2] = { { captures[0].fd, POLLIN, 0 },
			                 { captures[1].fd, POLLIN, 0 } };
		int64_t left = deadline - prg_clock_monotonic_ms();
		int i, rc;

		if (left <= 0)
			return timed_out(err);
		rc = poll(fds, 2, (int)left);
		if (rc < 0 && errno != EINTR)
			return prg_error_errno(err, errno, "cannot wait for a program");
		for (i = 0; rc > 0 && i < 2; i++) {
			int code = fds[i].revents != 0 ? capture_read(&captures[i], err) : 0;

			if (code < 0)
				return code;
		}
	}
	return 0;
}

/* Waits for its end, where the kernel has a descriptor for that (Linux 5.3). */
static void wait_for_end(pid_t pid, int64_t deadline)
{
#ifdef SYS_pidfd_open
	PRG_FD int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd end = { fd, POLLIN, 0 };
	int64_t left = deadline - prg_clock_monotonic_ms();

	if (fd >= 0 && left > 0)
		(void)poll(&end, 1, (int)left);
#else
	(void)pid;
	(void)deadline;
#endif
}

/* Reaps the child. Where the caller ignores SIGCHLD its status is lost and
 * counts as 0: what nft did is read back in any case. */
static int reap(pid_t pid, int64_t deadline, int *ret_status, struct prg_error *err)
{
	unsigned pause = 1;
	int status = 0;

	wait_for_end(pid, deadline);
	for (;;) {
		pid_t got = waitpid(pid, &status, WNOHANG);

		if (got == pid || (got < 0 && errno == ECHILD))
			break;
		if (got < 0 && errno != EINTR)
			return prg_error_errno(err, errno, "cannot wait for a program");
		if (prg_clock_monotonic_ms() >= deadline)
			return timed_out(err);
		prg_clock_sleep_ms(pause);
		if (pause < 16)
			pause *= 2;
	}
	*ret_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	return 0;
}

/* The first line that has "Error: ", from behind these words, else the first. */
static void keep_error(const char *text, char *ret, size_t size)
{
	const char *at = text == NULL ? NULL : strstr(text, "Error: ");
	size_t i;

	if (at != NULL)
		text = at + strlen("Error: ");
	for (i = 0; text != NULL && text[i] != '\0' && text[i] != '\n' && i + 1 < size; i++)
		ret[i] = text[i] >= ' ' && text[i] < 0x7f ? text[i] : '?';
	ret[i] = '\0';
}

static int watch(pid_t pid, struct capture captures[2], unsigned timeout_ms, int *ret_status,
                 struct prg_error *err)
{
	int64_t deadline = prg_clock_monotonic_ms() + timeout_ms;
	int rc = drain(captures, deadline, err);

	if (rc == 0)
		rc = reap(pid, deadline, ret_status, err);
	if (rc < 0) {
		kill(pid, SIGKILL);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	return rc;
}

/* A pipe whose ends stay clear of 0 to 2, which the child's are copied onto. */
static int pipe_high(int ret[2])
{
	int fds[2], i;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -1;
	for (i = 0; i < 2; i++) {
		ret[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 3);
		if (ret[i] < 0) {
			int saved = errno;

			close(fds[0]);
			close(fds[1]);
			if (i == 1) {
				close(ret[0]);
				ret[0] = -1;
			}
			errno = saved;
			return -1;
		}
	}
	close(fds[0]);
	close(fds[1]);
	return 0;
}

static void close_capture(struct capture *capture)
{
	if (capture->fd >= 0)
		close(capture->fd);
	free(capture->data);
}

static int spawn_with(const char *path, const char *const *argv, int in, unsigned timeout_ms,
                      struct capture captures[2], int *ret_status, struct prg_error *err)
{
	int out[2] = { -1, -1 }, error[2] = { -1, -1 };
	pid_t pid;
	int rc;

	if (pipe_high(out) < 0)
		return prg_error_errno(err, errno, "cannot make a pipe");
	captures[0].fd = out[0];
	if (pipe_high(error) < 0) {
		rc = prg_error_errno(err, errno, "cannot make a pipe");
		close(out[1]);
		return rc;
	}
	captures[1].fd = error[0];
	rc = start(path, argv, in, out[1], error[1], &pid);
	close(out[1]);
	close(error[1]);
	if (rc != 0)
		return prg_error_errno(err, rc, "cannot start it");
	return watch(pid, captures, timeout_ms, ret_status, err);
}

int prg_spawn(const char *path, const char *const *argv, const char *input,
              const struct prg_spawn_limits *limits, struct prg_spawned *ret,
              struct prg_error *err)
{
	struct capture captures[2] = {
		{ .fd = -1, .limit = limits->output_bytes, .keep_all = true },
		{ .fd = -1, .limit = STDERR_BYTES },
	};
	int low = -1, in = -1, status = 0, rc;

	/* Said here, since not every posix_spawn() (valgrind's) can say so. */
	rc = access(path, X_OK) == 0 ? input_file(input, &low, err)
	                             : prg_error_errno(err, errno, "cannot start it");
	if (rc == 0) {
		in = fcntl(low, F_DUPFD_CLOEXEC, 3);
		if (in < 0)
			rc = prg_error_errno(err, errno, "cannot make the input of a program");
		close(low);
	}
	if (rc == 0)
		rc = spawn_with(path, argv, in, limits->timeout_ms, captures, &status, err);
	if (in >= 0)
		close(in);
	if (rc == 0 && captures[0].data == NULL) {
		captures[0].data = calloc(1, 1);
		if (captures[0].data == NULL)
			rc = prg_error_nomem(err);
	}
	if (rc == 0) {
		ret->status = status;
		ret->output = captures[0].data;
		ret->length = captures[0].length;
		keep_error(captures[1].data, ret->error, sizeof(ret->error));
		captures[0].data = NULL;
	} else {
		rc = prg_error_wrap(err, rc, "run %s", path);
	}
	close_capture(&captures[0]);
	close_capture(&captures[1]);
	return rc;
}
