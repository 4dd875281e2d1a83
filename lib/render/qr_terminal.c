/* SPDX-License-Identifier: ISC */
/*
 * Dark modules are drawn dark and light ones light whatever the terminal's
 * theme: an inverted code does not scan. No row ends in a space, which captures
 * and copies of a screen would cut off.
 */
#include <string.h>

#include "base/error.h"
#include "base/secret.h"

#define QUIET 2u
/* Colours of the 256-colour cube, white and black in every theme. */
#define LIGHT_INK "38;5;231"
#define DARK_INK "38;5;16"
#define LIGHT_PAPER "48;5;231"
#define DARK_PAPER "48;5;16"
#define SGR(ink, paper) "\033[" ink ";" paper "m"
#define ROW_END "\033[0m\n"

static bool light(const struct prg_qr *qr, unsigned x, unsigned y)
{
	return !prg_qr_module(qr, x - QUIET, y - QUIET);
}

static unsigned side(const struct prg_qr *qr)
{
	return prg_qr_width(qr) + 2 * QUIET;
}

static int put(struct prg_text *text, const char *bytes, struct prg_error *err)
{
	return prg_text_append(text, bytes, strlen(bytes), err);
}

/* The colours, where they are not those of the cell before, and a glyph. */
static int put_cell(struct prg_text *text, const char **colours, const char *wanted,
                    const char *glyph, struct prg_error *err)
{
	int rc = 0;

	if (*colours != wanted)
		rc = put(text, wanted, err);
	*colours = wanted;
	return rc == 0 ? put(text, glyph, err) : rc;
}

/* The glyph is always the upper half block; ink is the upper module. */
static int half_row(const struct prg_qr *qr, unsigned row, struct prg_text *text,
                    struct prg_error *err)
{
	static const char *const colours[2][2] = {
		{ SGR(DARK_INK, DARK_PAPER), SGR(DARK_INK, LIGHT_PAPER) },
		{ SGR(LIGHT_INK, DARK_PAPER), SGR(LIGHT_INK, LIGHT_PAPER) },
	};
	const char *current = NULL;
	int rc = 0;

	for (unsigned x = 0; x < side(qr) && rc == 0; x++) {
		bool upper = light(qr, x, 2 * row), lower = light(qr, x, 2 * row + 1);

		rc = put_cell(text, &current, colours[upper][lower], "\u2580", err);
	}
	return rc;
}

/* Bits of a cell: 1 and 2 the upper pair of modules, 4 and 8, 16 and 32. */
static unsigned sextant_bits(const struct prg_qr *qr, unsigned column, unsigned row)
{
	unsigned bits = 0;

	for (unsigned i = 0; i < 6; i++)
		if (light(qr, 2 * column + i % 2, 3 * row + i / 2))
			bits |= 1u << i;
	return bits;
}

/* UTF-8 of the glyph whose set bits are ink. Unicode leaves out of its row of
 * sextants those that are elsewhere already. */
static const char *sextant_glyph(unsigned bits, char buffer[5])
{
	unsigned low;

	switch (bits) {
	case 0:
		return " ";
	case 21:
		return "\u258c";
	case 42:
		return "\u2590";
	case 63:
		return "\u2588";
	default:
		low = bits - 1 - (bits > 21) - (bits > 42); /* U+1FB00 + low */
		memcpy(buffer, "\xf0\x9f\xac\x80", 5);
		buffer[3] = (char)(0x80 + low);
		return buffer;
	}
}

/* Ink is light. Cells that are light throughout have light paper too: a font
 * whose full block leaves a gap would draw lines through the quiet zone. */
static int sextant_row(const struct prg_qr *qr, unsigned row, unsigned columns,
                       struct prg_text *text, struct prg_error *err)
{
	static const char all_light[] = SGR(LIGHT_INK, LIGHT_PAPER);
	static const char mixed[] = SGR(LIGHT_INK, DARK_PAPER);
	const char *current = NULL;
	char buffer[5];
	int rc = 0;

	for (unsigned column = 0; column < columns && rc == 0; column++) {
		unsigned bits = sextant_bits(qr, column, row);

		rc = put_cell(text, &current, bits == 63 ? all_light : mixed,
		              sextant_glyph(bits, buffer), err);
	}
	prg_wipe(buffer, sizeof(buffer));
	return rc;
}

void prg_qr_cells(const struct prg_qr *qr, enum prg_qr_style style, unsigned *ret_columns,
                  unsigned *ret_rows)
{
	bool sextant = style == PRG_QR_SEXTANT;

	*ret_columns = sextant ? (side(qr) + 1) / 2 : side(qr);
	*ret_rows = sextant ? (side(qr) + 2) / 3 : (side(qr) + 1) / 2;
}

int prg_qr_terminal(const struct prg_qr *qr, enum prg_qr_style style, struct prg_text **ret_text,
                    struct prg_error *err)
{
	PRG_CLEANUP_TEXT struct prg_text *text = NULL;
	unsigned columns, rows;
	int rc = prg_text_new(&text, err);

	prg_qr_cells(qr, style, &columns, &rows);
	for (unsigned row = 0; row < rows && rc == 0; row++) {
		rc = style == PRG_QR_SEXTANT ? sextant_row(qr, row, columns, text, err)
		                             : half_row(qr, row, text, err);
		if (rc == 0)
			rc = put(text, ROW_END, err);
	}
	if (rc < 0)
		return rc;
	*ret_text = text;
	text = NULL;
	return 0;
}
