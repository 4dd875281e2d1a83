/* SPDX-License-Identifier: ISC */
#include "progress.h"

#include "term.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 1000
#define PAUSE_MS 100
#define CELLS 40u

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void progress_begin(struct progress *progress, bool wanted)
{
	*progress = (struct progress){ .wanted = wanted && term_is(STDERR_FILENO) &&
		                                 term_capable(), .start = now_ms() };
}

/* A line that the window would break could not be taken away again. */
static void draw(const char *what, size_t done, size_t total)
{
	char numbers[100], bar[CELLS + 1];
	unsigned columns, rows;
	size_t room, filled;
	int length = snprintf(numbers, sizeof(numbers), "%zu of %zu %s", done, total, what);

	term_size(&columns, &rows);
	if (length < 0 || (size_t)length >= columns)
		return;
	room = columns - (size_t)length - 1;
	room = room > CELLS + 3 ? CELLS : room > 3 ? room - 3 : 0;
	filled = done * room / total;
	memset(bar, '#', filled);
	memset(bar + filled, '.', room - filled);
	bar[room] = 0;
	if (room)
		(void)fprintf(stderr, "\r[%s] %s\033[K", bar, numbers);
	else
		(void)fprintf(stderr, "\r%s\033[K", numbers);
}

void progress_show(void *context, const char *what, size_t done, size_t total)
{
	struct progress *progress = context;
	int64_t now;

	if (!progress->wanted || !total)
		return;
	if (done >= total) {
		progress_clear(progress);
		return;
	}
	now = now_ms();
	if (now - progress->start < PATIENCE_MS || now - progress->last < PAUSE_MS)
		return;
	progress->last = now;
	progress->shown = true;
	draw(what, done, total);
	(void)fflush(stderr);
}

void progress_clear(struct progress *progress)
{
	if (!progress->shown)
		return;
	progress->shown = false;
	(void)fputs("\r\033[K", stderr);
	(void)fflush(stderr);
}
