/* SPDX-License-Identifier: ISC */
#include "screen.h"

#include "say.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define SECOND_NS 1000000000
#define LEAVE_WAIT_MS 1000 /* for a terminal that takes nothing: Ctrl-S */
#define CTRL_L 12
#define ESC 27

/* alternate screen (it keeps the cursor's place), no cursor */
#define ENTER "\033[?1049h\033[?25l\033[0m\033[2J"
/* A frame may be half drawn. Where there is no alternate screen, the last line
 * scrolls up for the prompt. */
#define LEAVE "\033[?2026l\033[0m\033[999;1H\n\033[?25h\033[?1049l"

static const int watched[] = { SIGINT,  SIGTERM, SIGHUP,  SIGQUIT,
	                       SIGTSTP, SIGCONT, SIGWINCH };

/* -------------------------------------------------------------- the terminal */

/* Behind Ctrl-Z and bg, or started with '&': stopped until it is in the foreground,
 * as the kernel does it when settings are changed; but what they are is to be read
 * after that. An orphaned process group is not stopped, and goes on. */
static void come_to_foreground(const struct screen *screen)
{
	for (int tries = 0; tries < 100; tries++) {
		pid_t group = tcgetpgrp(screen->fd);

		if (group <= 0 || group == getpgrp())
			return;
		(void)kill(0, SIGTTOU); /* a pipeline stops as one */
	}
}

static int set_modes(struct screen *screen)
{
	struct termios modes;

	come_to_foreground(screen);
	if (!screen->shown && tcgetattr(screen->fd, &screen->before) != 0)
		return -1;
	modes = screen->before;
	modes.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	modes.c_cc[VMIN] = 1;
	modes.c_cc[VTIME] = 0;
	return tcsetattr(screen->fd, TCSANOW, &modes);
}

/* wait_ms: for room; -1: as long as no signal ends it. */
static bool write_all(struct screen *screen, const char *bytes, size_t length, int wait_ms)
{
	struct pollfd polled[] = { { screen->fd, POLLOUT, 0 }, { screen->signals, POLLIN, 0 } };
	nfds_t n = wait_ms < 0 ? 2 : 1;

	while (length) {
		ssize_t written = write(screen->fd, bytes, length);

		if (written > 0) {
			bytes += written;
			length -= (size_t)written;
		} else if (written < 0 && errno == EAGAIN) {
			if (poll(polled, n, wait_ms) == 0 || (n == 2 && polled[1].revents))
				return false;
		} else if (written == 0 || errno != EINTR) {
			return false;
		}
	}
	return true;
}

static int enter(struct screen *screen)
{
	if (set_modes(screen) != 0)
		return -1;
	screen->shown = true;
	(void)write_all(screen, ENTER, strlen(ENTER), LEAVE_WAIT_MS);
	return 0;
}

static void leave(struct screen *screen)
{
	if (!screen->shown)
		return;
	(void)write_all(screen, LEAVE, strlen(LEAVE), LEAVE_WAIT_MS);
	(void)tcsetattr(screen->fd, TCSANOW, &screen->before);
	screen->shown = false;
}

static void let_go(struct screen *screen)
{
	if (screen->signals >= 0)
		(void)close(screen->signals);
	if (screen->fd > STDERR_FILENO)
		(void)close(screen->fd);
	(void)sigprocmask(SIG_SETMASK, &screen->mask, NULL);
}

int screen_open(struct screen *ret_screen, struct prg_error *err)
{
	struct screen screen = { .signals = -1 };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(watched) / sizeof(*watched); i++)
		sigaddset(&set, watched[i]);
	/* another user's terminal, behind su: stdout itself has to do */
	screen.fd = screen.keys = open("/proc/self/fd/1",
	                               O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (screen.fd < 0) {
		screen.fd = STDOUT_FILENO;
		screen.keys = isatty(STDIN_FILENO) ? STDIN_FILENO : -1;
	}
	(void)sigprocmask(SIG_BLOCK, &set, &screen.mask);
	screen.signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (screen.signals < 0 || enter(&screen) != 0) {
		int saved = errno;

		let_go(&screen);
		return say_errno(err, saved, "cannot set up the terminal");
	}
	*ret_screen = screen;
	return 0;
}

void screen_close(struct screen *screen)
{
	leave(screen);
	let_go(screen);
}

void screen_write(struct screen *screen, const char *bytes, size_t length)
{
	(void)write_all(screen, bytes, length, -1);
}

void screen_clear(struct screen *screen)
{
	screen_write(screen, "\033[2J", 4);
}

/* ------------------------------------------------------------------- events */

/* The terminal is as it was while the shell has it. */
static enum screen_event stop(struct screen *screen)
{
	static const struct timespec now = { 0, 0 };
	sigset_t stopping, going_on;

	sigemptyset(&stopping);
	sigaddset(&stopping, SIGTSTP);
	sigemptyset(&going_on);
	sigaddset(&going_on, SIGCONT);
	leave(screen);
	(void)raise(SIGTSTP);
	(void)sigprocmask(SIG_UNBLOCK, &stopping, NULL); /* here it stops, and goes on */
	(void)sigprocmask(SIG_BLOCK, &stopping, NULL);
	(void)sigtimedwait(&going_on, NULL, &now);
	return enter(screen) == 0 ? SCREEN_REDRAW : SCREEN_GONE;
}

/* 0: nothing that matters. */
static int read_signal(struct screen *screen, int *ret)
{
	struct signalfd_siginfo info;

	if (read(screen->signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return 0;
	switch (info.ssi_signo) {
	case SIGTSTP:
		return stop(screen);
	case SIGCONT: /* stopped by SIGSTOP: whoever had the terminal has set it */
		return enter(screen) == 0 ? SCREEN_REDRAW : SCREEN_GONE;
	case SIGWINCH:
		screen_clear(screen);
		return SCREEN_REDRAW;
	default:
		*ret = (int)info.ssi_signo;
		return SCREEN_SIGNAL;
	}
}

/* Past a key that sends several bytes: Alt with another, ESC O and one, or ESC [ to a letter. */
static size_t escape_length(const unsigned char *bytes, size_t n)
{
	size_t i = 2;

	if (n < 2)
		return n;
	if (bytes[1] == 'O')
		i = 3;
	else if (bytes[1] == '[') {
		while (i < n && (bytes[i] < 0x40 || bytes[i] > 0x7e))
			i++;
		i++;
	}
	return i < n ? i : n;
}

/* The first of those that were read and not looked at. 0: nothing that matters. */
static int next_key(struct screen *screen, int *ret)
{
	const unsigned char *at = screen->typed + screen->taken;

	if (*at == ESC) {
		screen->taken += escape_length(at, screen->n_typed - screen->taken);
		return 0;
	}
	screen->taken++;
	if (*at == CTRL_L) {
		screen_clear(screen);
		return SCREEN_REDRAW;
	}
	*ret = *at;
	return SCREEN_KEY;
}

/* Several at once where they are typed ahead, or a slow line brings them. */
static int read_keys(struct screen *screen)
{
	ssize_t n = read(screen->keys, screen->typed, sizeof(screen->typed));

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		return SCREEN_GONE;
	screen->taken = 0;
	screen->n_typed = n < 0 ? 0 : (size_t)n;
	return 0;
}

enum screen_event screen_wait(struct screen *screen, int64_t until_ns, int *ret)
{
	for (;;) {
		struct pollfd polled[] = { { screen->signals, POLLIN, 0 },
			                   { screen->keys, POLLIN, 0 },
			                   { screen->fd, 0, 0 } };
		struct timespec now, left;
		int64_t ns;
		int event = 0;

		while (screen->taken < screen->n_typed && !event)
			event = next_key(screen, ret);
		if (event)
			return (enum screen_event)event;
		(void)clock_gettime(CLOCK_MONOTONIC, &now);
		ns = until_ns - ((int64_t)now.tv_sec * SECOND_NS + now.tv_nsec);
		ns = ns < 0 ? 0 : ns;
		left = (struct timespec){ .tv_sec = ns / SECOND_NS, .tv_nsec = ns % SECOND_NS };
		if (ppoll(polled, 3, &left, NULL) == 0)
			return SCREEN_DUE;
		if (polled[0].revents)
			event = read_signal(screen, ret);
		else if (polled[2].revents & (POLLERR | POLLHUP | POLLNVAL))
			event = SCREEN_GONE;
		else if (polled[1].revents)
			event = read_keys(screen);
		if (event)
			return (enum screen_event)event;
	}
}
