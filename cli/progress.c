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

void progress_begin(struct progress *progress, bool quiet)
{
	*progress = (struct progress){ .wanted = !quiet && term_is(STDERR_FILENO) &&
		                                 term_capable(), .start = now_ms() };
}

void progress_show(void *context, const char *what, size_t done, size_t total)
{
	struct progress *progress = context;
	char bar[CELLS + 1];
	int64_t now;
	size_t filled;

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
	filled = done * CELLS / total;
	memset(bar, '#', filled);
	memset(bar + filled, '.', CELLS - filled);
	bar[CELLS] = 0;
	(void)fprintf(stderr, "\r[%s] %zu of %zu %s\033[K", bar, done, total, what);
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
