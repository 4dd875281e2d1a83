/* SPDX-License-Identifier: ISC */
/*
 * A QR code's modules are the client's private key in another script: they and
 * the text live in an arena, and libqrencode's symbol is wiped before it is
 * freed.
 *
 * What cannot be reached: libqrencode copies the text into its input list, a
 * bit stream (a byte a bit), Reed-Solomon blocks and a frame for each of the
 * masks that it tries, and frees them without wiping; its interface gives no
 * access to them and no choice of allocator. Traces stay in this process's heap
 * until reused. (PNG: libpng and zlib work in an arena of ours, see qr_png.c.)
 */
#include <errno.h>
#include <qrencode.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/late.h"
#include "base/secret.h"
#include "render/render.h"

#define FUNCTIONS(X) X(QRcode_encodeData) X(QRcode_free)
PRG_LATE(qrencode, FUNCTIONS, "libqrencode.so.4", "qr", "QR codes");

#define MAX_BYTES ((size_t)2953) /* version 40, level L, 8-bit mode: ISO/IEC 18004, table 7 */
#define MAX_INPUT ((size_t)16384)

struct prg_qr {
	struct prg_arena *arena;
	char *text;
	unsigned char *modules; /* one byte each, 1: dark */
	unsigned version, width;
};

/* Bytes that each version holds at level L in 8-bit mode: ISO/IEC 18004, table 7. */
static const uint16_t capacity[] = {
	17,   32,   53,   78,   106,  134,  154,  192,  230,  271,  321,  367,  425,  458,
	520,  586,  644,  718,  792,  858,  929,  1003, 1091, 1171, 1273, 1367, 1465, 1528,
	1628, 1732, 1840, 1952, 2068, 2188, 2303, 2431, 2563, 2699, 2809, MAX_BYTES,
};

static unsigned version_for(size_t length)
{
	unsigned i;

	for (i = 0; i < sizeof(capacity) / sizeof(capacity[0]); i++)
		if (length <= capacity[i])
			break;
	return i + 1;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Keys whose value is a list; in others (hooks of wg-quick) a space behind a
 * comma may mean something. */
static bool is_list(const char *key, size_t length)
{
	static const char *const lists[] = { "Address", "AllowedIPs", "DNS" };

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (strlen(lists[i]) == length && strncasecmp(lists[i], key, length) == 0)
			return true;
	return false;
}

/* One line, without the blanks round its first '=' and behind commas of a list;
 * comments stay as they are. Returns the length written, at most `length`. */
static size_t squeeze_line(char *to, const char *line, size_t length)
{
	const char *comment = memchr(line, '#', length);
	size_t end = comment ? (size_t)(comment - line) : length;
	const char *equals = memchr(line, '=', end);
	size_t i, n;
	bool list;

	if (equals == NULL) {
		memcpy(to, line, length);
		return length;
	}
	n = (size_t)(equals - line);
	i = n + 1;
	while (n > 0 && is_blank(line[n - 1]))
		n--;
	memcpy(to, line, n);
	list = is_list(line, n);
	to[n++] = '=';
	while (i < end && is_blank(line[i]))
		i++;
	while (i < end) {
		to[n++] = line[i++];
		while (list && to[n - 1] == ',' && i < end && is_blank(line[i]))
			i++;
	}
	memcpy(to + n, line + end, length - end);
	return n + length - end;
}

static size_t squeeze(char *to, const char *text, size_t length)
{
	size_t n = 0;

	while (length > 0) {
		const char *newline = memchr(text, '\n', length);
		size_t line = newline ? (size_t)(newline - text) + 1 : length;

		n += squeeze_line(to + n, text, line);
		text += line;
		length -= line;
	}
	return n;
}

/* What will be encoded: the text, or its squeezed form where that is a smaller code. */
static int choose_text(struct prg_qr *qr, const char *config, size_t length, size_t *ret_length,
                       struct prg_error *err)
{
	size_t squeezed;

	if (length == 0 || memchr(config, '\0', length) != NULL)
		return prg_error_set(err, PRG_E_USAGE,
		                     "text for a QR code is empty or holds a NUL byte");
	if (length > MAX_INPUT)
		return prg_error_set(err, PRG_E_USAGE,
		                     "%zu bytes do not fit a QR code, which holds %zu: hand the "
		                     "config over as a file",
		                     length, MAX_BYTES);
	qr->text = prg_arena_take(qr->arena, length + 1);
	if (qr->text == NULL)
		return prg_error_nomem(err);
	squeezed = squeeze(qr->text, config, length);
	if (version_for(squeezed) > version_for(MAX_BYTES))
		return prg_error_set(err, PRG_E_USAGE,
		                     "%zu bytes do not fit a QR code, which holds %zu: hand the "
		                     "config over as a file",
		                     squeezed, MAX_BYTES);
	if (version_for(squeezed) == version_for(length)) {
		memcpy(qr->text, config, length);
		squeezed = length;
	}
	qr->text[squeezed] = '\0';
	*ret_length = squeezed;
	return 0;
}

static void code_free(QRcode **code)
{
	if (*code == NULL)
		return;
	prg_wipe((*code)->data, (size_t)(*code)->width * (size_t)(*code)->width);
	qrencode.QRcode_free(*code);
}

static int encode(struct prg_qr *qr, size_t length, struct prg_error *err)
{
	PRG_CLEANUP(code_free) QRcode *code = NULL;
	size_t i, n;

	code = qrencode.QRcode_encodeData((int)length, (const unsigned char *)qr->text, 0,
	                                  QR_ECLEVEL_L);
	if (code == NULL)
		return errno == ENOMEM ? prg_error_nomem(err)
		                       : prg_error_errno(err, errno, "make a QR code");
	n = (size_t)code->width * (size_t)code->width;
	qr->modules = prg_arena_take(qr->arena, n);
	if (qr->modules == NULL)
		return prg_error_nomem(err);
	for (i = 0; i < n; i++)
		qr->modules[i] = code->data[i] & 1;
	qr->version = (unsigned)code->version;
	qr->width = (unsigned)code->width;
	return 0;
}

int prg_qr_new(const char *config, size_t length, struct prg_qr **ret_qr, struct prg_error *err)
{
	PRG_CLEANUP(prg_qr_free) struct prg_qr *qr = calloc(1, sizeof(*qr));
	size_t used = 0;
	int rc;

	if (qr == NULL)
		return prg_error_nomem(err);
	rc = prg_late_load(&qrencode_late, err);
	if (rc == 0)
		rc = prg_arena_new(&qr->arena, err);
	if (rc == 0)
		rc = choose_text(qr, config, length, &used, err);
	if (rc == 0)
		rc = encode(qr, used, err);
	if (rc < 0)
		return rc;
	*ret_qr = qr;
	qr = NULL;
	return 0;
}

int prg_prepare_qr(bool png, struct prg_error *err)
{
	int rc = prg_late_load(&qrencode_late, err);

	return rc == 0 && png ? prg_qr_png_load(err) : rc;
}

void prg_qr_free(struct prg_qr **qr)
{
	if (*qr == NULL)
		return;
	prg_arena_free(&(*qr)->arena);
	free(*qr);
	*qr = NULL;
}

unsigned prg_qr_version(const struct prg_qr *qr)
{
	return qr->version;
}

unsigned prg_qr_width(const struct prg_qr *qr)
{
	return qr->width;
}

/* Outside the code all is light, so that a quiet zone needs no case of its own:
 * x and y may have wrapped below 0. */
bool prg_qr_module(const struct prg_qr *qr, unsigned x, unsigned y)
{
	if (x >= qr->width || y >= qr->width)
		return false;
	return qr->modules[(size_t)y * qr->width + x] != 0;
}

const char *prg_qr_text(const struct prg_qr *qr)
{
	return qr->text;
}
