/* SPDX-License-Identifier: ISC */
#include "term.h"

#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

bool term_is(int fd)
{
	return isatty(fd) == 1;
}

bool term_capable(void)
{
	const char *term = getenv("TERM");

	return term && *term && strcmp(term, "dumb") != 0;
}

bool term_is_console(void)
{
	const char *term = getenv("TERM");

	return term && strcmp(term, "linux") == 0;
}

static bool utf8;

bool term_blocks(void)
{
	return utf8 && !term_is_console();
}

bool term_colour(void)
{
	const char *no = getenv("NO_COLOR");

	return term_is(STDOUT_FILENO) && term_capable() && !(no && *no);
}

static unsigned from_environment(const char *name, unsigned otherwise)
{
	const char *text = getenv(name);
	char *end;
	unsigned long value;

	if (!text || *text < '1' || *text > '9')
		return otherwise;
	value = strtoul(text, &end, 10);
	return *end || value > 10000 ? otherwise : (unsigned)value;
}

void term_size(unsigned *ret_columns, unsigned *ret_rows)
{
	struct winsize size;

	memset(&size, 0, sizeof(size));
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
		(void)ioctl(STDERR_FILENO, TIOCGWINSZ, &size);
	*ret_columns = size.ws_col ? size.ws_col : from_environment("COLUMNS", 80);
	*ret_rows = size.ws_row ? size.ws_row : from_environment("LINES", 24);
}

void term_locale(void)
{
	utf8 = setlocale(LC_CTYPE, "") && strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	if (!utf8)
		(void)setlocale(LC_CTYPE, "C.UTF-8");
}

bool term_can_ask(void)
{
	return term_is(STDIN_FILENO) && term_is(STDERR_FILENO);
}

bool term_ask(const char *question)
{
	char answer = 0, c;

	(void)fflush(stdout);
	(void)fprintf(stderr, "%s [y/N] ", question);
	while (read(STDIN_FILENO, &c, 1) == 1 && c != '\n')
		if (!answer && c != ' ' && c != '\t')
			answer = c;
	return answer == 'y' || answer == 'Y';
}
