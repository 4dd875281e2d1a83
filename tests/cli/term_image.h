/* SPDX-License-Identifier: ISC */
/*
 * What a terminal would show, as an image: reads a stream of text with colours
 * (SGR, 256-colour and basic), draws half blocks, left and right halves, full
 * blocks and sextants, and leaves every other glyph out. Header only, so that a
 * unit test and tests/cli/term2pgm.c share it; knows nothing of libpeerage.
 */
#ifndef TERM_IMAGE_H
#define TERM_IMAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TI_CELL_WIDTH 8
#define TI_CELL_HEIGHT 16
#define TI_MAX_COLUMNS 2048

/* Grey levels; -1 is the terminal's own colour. */
struct ti_cell {
	uint32_t glyph;
	int ink, paper;
};

struct ti_screen {
	struct ti_cell *cells; /* rows of TI_MAX_COLUMNS */
	size_t rows;           /* begun so far, the cursor's among them */
	unsigned wrap;         /* columns of the window; 0: endless */
	unsigned x, used;      /* cursor; widest row */
	int ink, paper;
	bool inverse;
};

static inline void ti_die(const char *words)
{
	fprintf(stderr, "term_image: %s\n", words);
	exit(1);
}

static inline void ti_newline(struct ti_screen *screen)
{
	struct ti_cell *row;

	screen->cells = realloc(screen->cells,
	                        (screen->rows + 1) * TI_MAX_COLUMNS * sizeof(*screen->cells));
	if (screen->cells == NULL)
		ti_die("out of memory");
	row = screen->cells + screen->rows++ * TI_MAX_COLUMNS;
	for (size_t i = 0; i < TI_MAX_COLUMNS; i++)
		row[i] = (struct ti_cell){ ' ', -1, -1 };
}

static inline void ti_put(struct ti_screen *screen, uint32_t glyph)
{
	unsigned limit = screen->wrap != 0 ? screen->wrap : TI_MAX_COLUMNS;
	struct ti_cell *cell;

	if (screen->x >= limit) {
		if (screen->wrap == 0)
			ti_die("a row is too long");
		ti_newline(screen);
		screen->x = 0;
	}
	cell = screen->cells + (screen->rows - 1) * TI_MAX_COLUMNS + screen->x++;
	*cell = (struct ti_cell){ glyph, screen->inverse ? screen->paper : screen->ink,
		                  screen->inverse ? screen->ink : screen->paper };
	if (screen->x > screen->used)
		screen->used = screen->x;
}

static inline int ti_grey(unsigned r, unsigned g, unsigned b)
{
	return (int)((299 * r + 587 * g + 114 * b) / 1000);
}

/* xterm's palette. */
static inline int ti_palette(unsigned n)
{
	static const uint8_t basic[16] = { 0,   61,  120, 181, 27,  86,  147, 229,
		                           127, 76,  150, 226, 103, 105, 179, 255 };
	static const uint8_t step[6] = { 0, 95, 135, 175, 215, 255 };

	if (n < 16)
		return basic[n];
	if (n >= 232)
		return (int)(8 + 10 * ((n - 232) % 24));
	n -= 16;
	return ti_grey(step[n / 36], step[n / 6 % 6], step[n % 6]);
}

/* 38 or 48 and what belongs to it; returns how many parameters that were. */
static inline size_t ti_extended(const unsigned *p, size_t n, int *ret)
{
	if (n >= 3 && p[1] == 5 && p[2] < 256) {
		*ret = ti_palette(p[2]);
		return 3;
	}
	if (n >= 5 && p[1] == 2) {
		*ret = ti_grey(p[2], p[3], p[4]);
		return 5;
	}
	return n;
}

static inline void ti_sgr(struct ti_screen *screen, const unsigned *p, size_t n)
{
	size_t i = 0;

	while (i < n) {
		if (p[i] == 38 || p[i] == 48) {
			i += ti_extended(p + i, n - i, p[i] == 38 ? &screen->ink : &screen->paper);
			continue;
		}
		if (p[i] == 0)
			screen->ink = screen->paper = -1;
		if (p[i] == 0 || p[i] == 7 || p[i] == 27)
			screen->inverse = p[i] == 7;
		if ((p[i] >= 30 && p[i] <= 37) || p[i] == 39)
			screen->ink = p[i] == 39 ? -1 : ti_palette(p[i] - 30);
		if ((p[i] >= 40 && p[i] <= 47) || p[i] == 49)
			screen->paper = p[i] == 49 ? -1 : ti_palette(p[i] - 40);
		if (p[i] >= 90 && p[i] <= 97)
			screen->ink = ti_palette(p[i] - 82);
		if (p[i] >= 100 && p[i] <= 107)
			screen->paper = ti_palette(p[i] - 92);
		i++;
	}
}

/* From behind ESC; returns what was read. Only SGR has an effect: a stream that
 * moves the cursor is none that this can draw. */
static inline size_t ti_escape(struct ti_screen *screen, const char *s, size_t length)
{
	unsigned p[32] = { 0 };
	size_t i = 1, n = 0;

	if (length > 0 && s[0] == ']') { /* OSC: to BEL or ESC \ */
		while (i < length && s[i] != '\a' && s[i] != '\033')
			i++;
		return i < length && s[i] == '\033' ? i + 2 : i + 1;
	}
	if (length == 0 || s[0] != '[')
		return length == 0 ? 0 : 1;
	for (; i < length && (s[i] < '@' || s[i] > '~'); i++) {
		if (s[i] >= '0' && s[i] <= '9')
			p[n] = p[n] * 10 % 100000 + (unsigned)(s[i] - '0');
		else if (s[i] == ';' && n < 31)
			n++;
	}
	if (i < length && strchr("ABCDEFGHdf", s[i]) != NULL)
		ti_die("the cursor moves: capture a plain stream");
	if (i < length && s[i] == 'm')
		ti_sgr(screen, p, n + 1);
	return i + 1;
}

/* Valid UTF-8 is taken on trust: anything else is drawn as nothing anyway. */
static inline size_t ti_decode(const unsigned char *s, size_t length, uint32_t *ret)
{
	size_t n = s[0] < 0x80 ? 1 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;

	if (n > length)
		n = length;
	*ret = n == 1 ? s[0] : s[0] & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++)
		*ret = *ret << 6 | (s[i] & 0x3fu);
	return n;
}

/* wrap: columns of the window, where rows that are longer break; 0: none. */
static inline struct ti_screen ti_read(const char *stream, size_t length, unsigned wrap)
{
	struct ti_screen screen = { .wrap = wrap, .ink = -1, .paper = -1 };
	size_t i = 0;

	ti_newline(&screen);
	while (i < length) {
		uint32_t c;

		i += ti_decode((const unsigned char *)stream + i, length - i, &c);
		if (c == '\033') {
			i += ti_escape(&screen, stream + i, length - i);
		} else if (c == '\n') {
			ti_newline(&screen);
			screen.x = 0;
		} else if (c == '\r') {
			screen.x = 0;
		} else if (c == '\t') {
			screen.x = (screen.x / 8 + 1) * 8;
		} else if (c >= ' ') {
			ti_put(&screen, c);
		}
	}
	return screen;
}

static inline void ti_done(struct ti_screen *screen)
{
	free(screen->cells);
	screen->cells = NULL;
}

/* Bits of a sextant, in Unicode's order: left and right of the top, the middle
 * and the bottom third. -1: not one. */
static inline int ti_sextant(uint32_t glyph)
{
	int index = (int)glyph - 0x1fb00 + 1;

	if (glyph < 0x1fb00 || glyph > 0x1fb3b)
		return -1;
	index += index >= 21; /* the left half is U+258C */
	index += index >= 42; /* the right half is U+2590 */
	return index;
}

/* Is a place in a cell ink? */
static inline bool ti_is_ink(uint32_t glyph, unsigned x, unsigned y, unsigned height)
{
	bool left = x < TI_CELL_WIDTH / 2, top = y < height / 2;
	int bits = ti_sextant(glyph);

	if (bits >= 0)
		return bits >> (y * 3 / height * 2 + !left) & 1;
	switch (glyph) {
	case 0x2580:
		return top;
	case 0x2584:
		return !top;
	case 0x2588:
		return true;
	case 0x258c:
		return left;
	case 0x2590:
		return !left;
	default:
		return false;
	}
}

/* Grey level of a place in a cell; the terminal's own ink is its background's
 * opposite. */
static inline int ti_level(const struct ti_cell *cell, unsigned x, unsigned y, unsigned height,
                           int own)
{
	bool ink = ti_is_ink(cell->glyph, x, y, height);
	int level = ink ? cell->ink : cell->paper;

	if (level >= 0)
		return level;
	return ink ? 255 - own : own;
}

/*
 * Draws the last `rows` rows (0: all) as a PGM image; own: grey level of the
 * terminal's own background. Columns: the window's, else those of the widest
 * row. Each pixel becomes scale by scale.
 */
static inline void ti_write_pgm(const struct ti_screen *screen, size_t rows, int own,
                                unsigned scale, FILE *file)
{
	static const struct ti_cell nothing = { ' ', -1, -1 };
	size_t first = rows != 0 && rows < screen->rows ? screen->rows - rows : 0;
	size_t shown = rows != 0 ? rows : screen->rows;
	size_t columns = screen->wrap != 0 ? screen->wrap : screen->used;
	size_t width = columns * TI_CELL_WIDTH * scale, height = TI_CELL_HEIGHT * scale;

	fprintf(file, "P5\n%zu %zu\n255\n", width, shown * height);
	for (size_t y = 0; y < shown * height; y++) {
		size_t row = first + y / height;

		for (size_t x = 0; x < width; x++) {
			size_t place = row * TI_MAX_COLUMNS + x / (TI_CELL_WIDTH * scale);

			fputc(ti_level(row < screen->rows ? &screen->cells[place] : &nothing,
			               (unsigned)(x / scale) % TI_CELL_WIDTH,
			               (unsigned)(y % height), (unsigned)height, own),
			      file);
		}
	}
}

#endif
