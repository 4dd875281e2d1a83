/* SPDX-License-Identifier: ISC */
/*
 * A captured terminal stream as a PGM image, for zbarimg to read what a screen
 * shows:
 *
 *     term2pgm [-c COLUMNS] [-r ROWS] [-s SCALE] [-d] <CAPTURE >IMAGE.pgm
 *
 * -c breaks rows that are longer than the window, -r shows only the last ROWS
 * rows, the cursor's included, as a window of that size would; -s draws each
 * pixel so many times larger (a cell is 8 by 16); -d has the terminal's own
 * background dark instead of light. A cursor that moves otherwise than by text,
 * CR and newline is an error.
 */
#include <unistd.h>

#include "term_image.h"

static char *read_all(FILE *file, size_t *ret_length)
{
	size_t length = 0, capacity = 1 << 16;
	char *data = malloc(capacity);

	while (data != NULL) {
		length += fread(data + length, 1, capacity - length, file);
		if (length < capacity)
			break;
		capacity *= 2;
		data = realloc(data, capacity);
	}
	if (data == NULL)
		ti_die("out of memory");
	if (ferror(file))
		ti_die("cannot read the capture");
	*ret_length = length;
	return data;
}

static unsigned number(const char *text, unsigned max)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*text == '\0' || *end != '\0' || value == 0 || value > max)
		ti_die("a number is malformed or too large");
	return (unsigned)value;
}

int main(int argc, char **argv)
{
	unsigned columns = 0, rows = 0, scale = 1;
	int option, own = 255;
	struct ti_screen screen;
	size_t length;
	char *stream;

	while ((option = getopt(argc, argv, "c:r:s:d")) != -1) {
		switch (option) {
		case 'c':
			columns = number(optarg, TI_MAX_COLUMNS);
			break;
		case 'r':
			rows = number(optarg, 100000);
			break;
		case 's':
			scale = number(optarg, 16);
			break;
		case 'd':
			own = 0;
			break;
		default:
			return 2;
		}
	}
	if (optind != argc)
		ti_die("usage: term2pgm [-c COLUMNS] [-r ROWS] [-s SCALE] [-d] <CAPTURE >IMAGE");
	stream = read_all(stdin, &length);
	screen = ti_read(stream, length, columns);
	ti_write_pgm(&screen, rows, own, scale, stdout);
	ti_done(&screen);
	free(stream);
	if (fflush(stdout) != 0 || ferror(stdout))
		ti_die("cannot write the image");
	return 0;
}
