/* SPDX-License-Identifier: ISC */
/* Codes are read back by zbar, a decoder that is not ours: from PNG and SVG, and
 * from what a terminal would show. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <fcntl.h>
#include <sys/wait.h>

#ifdef PRG_HAVE_PNG
#include <png.h>
#endif

#include "base/error.h"
#include "random_client.h"
#include "../cli/term_image.h"

#define QR PRG_CLEANUP(prg_qr_free) struct prg_qr
#define TEXT PRG_CLEANUP_TEXT struct prg_text

static char directory[256];

/* ---- helpers */

static struct prg_qr *encode(const char *text)
{
	struct prg_qr *qr = NULL;
	struct prg_error err = { 0 };

	if (prg_qr_new(text, strlen(text), &qr, &err) != 0)
		fail_msg("not encoded: %s", err.message);
	return qr;
}

/* A text of so many bytes, without anything to squeeze. */
static char *filler(size_t length)
{
	char *text = malloc(length + 1);

	assert_non_null(text);
	for (size_t i = 0; i < length; i++)
		text[i] = i % 61 == 60 ? '\n' : (char)('a' + rc_below(26));
	text[length] = '\0';
	return text;
}

static void path_of(const char *name, char path[512])
{
	snprintf(path, 512, "%s/%s", directory, name);
}

static void write_file(const char *path, const struct prg_text *text)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(prg_text_data(text), 1, prg_text_length(text), file),
	                 prg_text_length(text));
	assert_int_equal(fclose(file), 0);
}

/* Runs a program with its output into a file; returns its exit status, 127 where
 * there is none. */
static int run(const char *const *argv, const char *output)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		int fd = open(output, O_WRONLY | O_CREAT | O_TRUNC, 0600);

		if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0)
			_exit(126);
		execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static bool installed(const char *program)
{
	const char *argv[] = { program, "--version", NULL };
	char out[512];

	path_of("version", out);
	if (run(argv, out) != 127)
		return true;
	print_message("skipped: %s is not installed\n", program);
	return false;
}

/* What zbar reads in an image is the code's text, and nothing else. */
static void assert_reads(const char *image, const char *wanted, const char *what)
{
	/* of other symbologies zbar sees a character or two in any crowd of bars */
	const char *argv[] = { "zbarimg", "--nodbus",  "--raw", "-q", "-S*.disable",
		               "-Sqrcode.enable", image, NULL };
	static char data[8192];
	char out[512];
	size_t length;
	FILE *file;

	path_of("out", out);
	if (run(argv, out) != 0)
		fail_msg("zbar finds no code: %s", what);
	file = fopen(out, "rb");
	assert_non_null(file);
	length = fread(data, 1, sizeof(data) - 1, file);
	fclose(file);
	assert_true(length > 0);
	assert_int_equal(data[length - 1], '\n'); /* zbarimg ends each code so */
	data[length - 1] = '\0';
	assert_string_equal(data, wanted);
}

/* ---- what is encoded */

/* ISO/IEC 18004, table 7: bytes in 8-bit mode, level L. */
static const unsigned capacities[40] = {
	17,   32,   53,   78,   106,  134,  154,  192,  230,  271,  321,  367,  425,  458,
	520,  586,  644,  718,  792,  858,  929,  1003, 1091, 1171, 1273, 1367, 1465, 1528,
	1628, 1732, 1840, 1952, 2068, 2188, 2303, 2431, 2563, 2699, 2809, 2953,
};

static void test_versions(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 40; i++) {
		PRG_FREE char *text = filler(capacities[i] + 1);
		struct prg_qr *qr = NULL;
		struct prg_error err;

		if (i < 39) {
			qr = encode(text);
			assert_int_equal(prg_qr_version(qr), i + 2);
			assert_string_equal(prg_qr_text(qr), text);
			prg_qr_free(&qr);
		} else {
			assert_int_equal(prg_qr_new(text, strlen(text), &qr, &err), PRG_E_USAGE);
			assert_null(qr);
			assert_non_null(strstr(err.message, "2954 bytes"));
		}
		text[capacities[i]] = '\0';
		qr = encode(text);
		assert_int_equal(prg_qr_version(qr), i + 1);
		assert_int_equal(prg_qr_width(qr), 21 + 4 * i);
		prg_qr_free(&qr);
		assert_null(qr);
	}
}

static void test_refusals(void **state)
{
	char *longest = malloc(16385);
	struct prg_qr *qr = NULL;
	struct prg_error err;

	(void)state;
	assert_int_equal(prg_qr_new("", 0, &qr, &err), PRG_E_USAGE);
	assert_int_equal(prg_qr_new("a\0b", 3, &qr, &err), PRG_E_USAGE);
	assert_int_equal(prg_qr_new("a\0", 2, &qr, NULL), PRG_E_USAGE);
	assert_non_null(longest);
	memset(longest, 'x', 16385);
	assert_int_equal(prg_qr_new(longest, 16385, &qr, &err), PRG_E_USAGE);
	assert_int_equal(err.code, PRG_E_USAGE);
	assert_non_null(strstr(err.message, "16385 bytes"));
	free(longest);
	assert_null(qr);
	prg_qr_free(&qr);
}

/* Fills `given` up with a comment so that it just misses a version that
 * `squeezed`, filled up as much, fits. */
static void check_squeezed(const char *given, const char *squeezed)
{
	size_t room = capacities[20] - strlen(squeezed);
	PRG_FREE char *comment = filler(room), *text = NULL, *wanted = NULL;
	QR *small = NULL, *large = NULL;

	for (size_t i = 0; i < room; i++)
		comment[i] = comment[i] == '\n' ? '=' : comment[i];
	comment[0] = '#';
	comment[1] = ' ';
	assert_true(asprintf(&text, "%s%s", given, comment) > 0);
	assert_true(asprintf(&wanted, "%s%s", squeezed, comment) > 0);
	small = encode(text);
	assert_int_equal(prg_qr_version(small), 21);
	assert_string_equal(prg_qr_text(small), wanted);
	/* with room to spare nothing is dropped */
	text[strlen(given) + 2] = '\0';
	large = encode(text);
	assert_string_equal(prg_qr_text(large), text);
}

static void test_squeezing(void **state)
{
	(void)state;
	check_squeezed("PrivateKey = abc=\n", "PrivateKey=abc=\n");
	check_squeezed("DNS \t= \t9.9.9.9, ::1,\t ::2\n", "DNS=9.9.9.9,::1,::2\n");
	check_squeezed("allowedips = ::/0, 0.0.0.0/0 # a = b, c\n",
	               "allowedips=::/0,0.0.0.0/0 # a = b, c\n");
	check_squeezed("# PrivateKey = \nMTU = 1\n", "# PrivateKey = \nMTU=1\n");
	check_squeezed("PostUp = a , b = c\n", "PostUp=a , b = c\n");
	check_squeezed("Address = ::1, ::2\r\n[Peer]\n", "Address=::1,::2\r\n[Peer]\n");
}

static void test_modules(void **state)
{
	QR *qr = encode("the same in three corners");
	unsigned last = prg_qr_width(qr) - 1;

	(void)state;
	for (unsigned y = 0; y < 7; y++)
		for (unsigned x = 0; x < 7; x++) {
			unsigned ring = x < y ? x : y;

			ring = ring < 6 - x ? ring : 6 - x;
			ring = ring < 6 - y ? ring : 6 - y;
			assert_int_equal(prg_qr_module(qr, x, y), ring != 1);
			assert_int_equal(prg_qr_module(qr, last - x, y), ring != 1);
			assert_int_equal(prg_qr_module(qr, x, last - y), ring != 1);
		}
	assert_false(prg_qr_module(qr, 0, last + 1));
	assert_false(prg_qr_module(qr, last + 1, 0));
	assert_false(prg_qr_module(qr, 0, (unsigned)-1));
	assert_false(prg_qr_module(qr, (unsigned)-2, 0));
}

/* ---- terminal */

static void test_sizes(void **state)
{
	/* the config of DESIGN.md: 368 bytes */
	PRG_FREE char *text = filler(368);
	QR *qr = encode(text);
	unsigned columns, rows;

	(void)state;
	assert_int_equal(prg_qr_version(qr), 13);
	prg_qr_cells(qr, PRG_QR_HALF, &columns, &rows);
	assert_int_equal(columns, 73);
	assert_int_equal(rows, 37);
	prg_qr_cells(qr, PRG_QR_SEXTANT, &columns, &rows);
	assert_int_equal(columns, 37);
	assert_int_equal(rows, 25);
}

/* Level of the part of a cell where a module is drawn. */
static int drawn(const struct ti_screen *screen, enum prg_qr_style style, unsigned x, unsigned y)
{
	unsigned wide = style == PRG_QR_SEXTANT ? 2 : 1, high = style == PRG_QR_SEXTANT ? 3 : 2;
	const struct ti_cell *cell = &screen->cells[y / high * TI_MAX_COLUMNS + x / wide];

	return ti_level(cell, x % wide * TI_CELL_WIDTH / wide + 1,
	                y % high * TI_CELL_HEIGHT / high + 2, TI_CELL_HEIGHT, -1);
}

static void check_stream(const struct prg_qr *qr, enum prg_qr_style style)
{
	bool sextant = style == PRG_QR_SEXTANT;
	unsigned columns, rows, side = prg_qr_width(qr) + 4;
	struct ti_screen screen;
	TEXT *text = NULL;
	const char *end;

	prg_qr_cells(qr, style, &columns, &rows);
	assert_int_equal(prg_qr_terminal(qr, style, &text, NULL), 0);
	screen = ti_read(prg_text_data(text), prg_text_length(text), 0);
	assert_int_equal(screen.rows, rows + 1);
	assert_int_equal(screen.used, columns);
	assert_int_equal(screen.x, 0);
	for (unsigned y = 0; y < rows * (sextant ? 3 : 2); y++)
		for (unsigned x = 0; x < columns * (sextant ? 2 : 1); x++) {
			bool dark = x < side && y < side && prg_qr_module(qr, x - 2, y - 2);

			assert_int_equal(drawn(&screen, style, x, y), dark ? 0 : 255);
		}
	for (end = prg_text_data(text); (end = strchr(end, '\n')) != NULL; end++)
		assert_memory_equal(end - 4, "\033[0m", 4);
	assert_null(strstr(prg_text_data(text), " \033[0m\n"));
	ti_done(&screen);
}

static void test_streams(void **state)
{
	(void)state;
	for (unsigned version = 1; version <= 40; version += version < 8 ? 1 : 8) {
		PRG_FREE char *text = filler(capacities[version - 1]);
		QR *qr = encode(text);

		check_stream(qr, PRG_QR_HALF);
		check_stream(qr, PRG_QR_SEXTANT);
	}
}

/* Colours of the first row: all light, so said once. */
static void test_bytes(void **state)
{
	QR *qr = encode("x");
	TEXT *half = NULL, *sextant = NULL;
	char wanted[256] = "\033[38;5;231;48;5;231m";

	(void)state;
	for (unsigned i = 0; i < 25; i++)
		strcat(wanted, "▀");
	strcat(wanted, "\033[0m\n");
	assert_int_equal(prg_qr_terminal(qr, PRG_QR_HALF, &half, NULL), 0);
	assert_memory_equal(prg_text_data(half), wanted, strlen(wanted));
	/* quiet zone, then the upper left finder: rows 0 and 1 of it */
	assert_memory_equal(prg_text_data(half) + strlen(wanted),
	                    "\033[38;5;231;48;5;231m▀▀\033[38;5;16;48;5;16m▀"
	                    "\033[38;5;16;48;5;231m▀▀▀▀▀\033[38;5;16;48;5;16m▀"
	                    "\033[38;5;231;48;5;231m▀",
	                    18 + 2 * 3 + 16 + 3 + 17 + 5 * 3 + 16 + 3 + 18 + 3);
	/* two light rows and the finder's first: its 7 modules are 3 cells and a half */
	assert_int_equal(prg_qr_terminal(qr, PRG_QR_SEXTANT, &sextant, NULL), 0);
	assert_memory_equal(prg_text_data(sextant),
	                    "\033[38;5;231;48;5;231m█\033[38;5;231;48;5;16m🬎🬎🬎🬝", 57);
}

static void check_scans(const struct prg_qr *qr, enum prg_qr_style style, int own,
                        const char *what)
{
	struct ti_screen screen;
	char path[512];
	TEXT *text = NULL;
	FILE *file;

	assert_int_equal(prg_qr_terminal(qr, style, &text, NULL), 0);
	screen = ti_read(prg_text_data(text), prg_text_length(text), 0);
	path_of("screen.pgm", path);
	file = fopen(path, "wb");
	assert_non_null(file);
	ti_write_pgm(&screen, 0, own, 1, file);
	assert_int_equal(fclose(file), 0);
	ti_done(&screen);
	assert_reads(path, prg_qr_text(qr), what);
}

static struct prg_qr *encode_client(void)
{
	static struct random_client r;
	TEXT *text = NULL;

	rc_make(&r);
	/* as many as people have; a code of version 40 fills no terminal */
	r.client.private_key = &r.private_key;
	r.peer.n_addresses = 1 + rc_below(2) % r.peer.n_addresses;
	r.peer.own_dns = r.peer.own_client_allowed_ips = false;
	r.interface.n_dns %= 3;
	r.interface.n_client_allowed_ips %= 4;
	assert_int_equal(prg_render_wgquick(&r.client, &text, NULL), 0);
	return encode(prg_text_data(text));
}

static void test_terminal_scans(void **state)
{
	(void)state;
	if (!installed("zbarimg"))
		skip();
	for (unsigned i = 0; i < 8; i++) {
		QR *qr = encode_client();

		check_scans(qr, PRG_QR_HALF, 0, "half blocks on dark");
		check_scans(qr, PRG_QR_HALF, 255, "half blocks on light");
		check_scans(qr, PRG_QR_SEXTANT, 0, "sextants on dark");
		check_scans(qr, PRG_QR_SEXTANT, 255, "sextants on light");
	}
}

/* ---- images */

static void test_svg(void **state)
{
	QR *qr = encode_client();
	unsigned side = prg_qr_width(qr) + 8;
	char svg[512], image[512], wanted[512];
	const char *const argv[] = { "rsvg-convert", "-o", image, svg, NULL };
	TEXT *text = NULL;
	char out[512];

	(void)state;
	assert_int_equal(prg_qr_svg(qr, &text, NULL), 0);
	snprintf(wanted, sizeof(wanted), "width=\"%u\" height=\"%u\" viewBox=\"0 0 %u %u\"",
	         side * 8, side * 8, side, side);
	assert_non_null(strstr(prg_text_data(text), wanted));
	assert_non_null(strstr(prg_text_data(text), "shape-rendering=\"crispEdges\""));
	assert_non_null(strstr(prg_text_data(text), "d=\"M4 4h7v1h-7z"));
	if (!installed("rsvg-convert") || !installed("zbarimg"))
		skip();
	path_of("code.svg", svg);
	path_of("svg.png", image);
	path_of("out", out);
	write_file(svg, text);
	assert_int_equal(run(argv, out), 0);
	assert_reads(image, prg_qr_text(qr), "svg");
}

static void test_png_scale(void **state)
{
	QR *qr = encode("x");
	struct prg_text *text = NULL;
	struct prg_error err;

	(void)state;
	assert_int_equal(prg_qr_png(qr, 0, &text, &err), PRG_E_USAGE);
	assert_int_equal(prg_qr_png(qr, 65, &text, &err), PRG_E_USAGE);
	assert_null(text);
#ifndef PRG_HAVE_PNG
	assert_int_equal(prg_qr_png(qr, 8, &text, &err), PRG_E_UNSUPPORTED);
	assert_null(text);
#endif
}

#ifdef PRG_HAVE_PNG
/* Every pixel, as libpng's simplified reader sees it. */
static void check_pixels(const struct prg_qr *qr, unsigned scale, const struct prg_text *text)
{
	const unsigned char *bytes = (const unsigned char *)prg_text_data(text);
	unsigned side = (prg_qr_width(qr) + 8) * scale;
	png_image image = { .version = PNG_IMAGE_VERSION };
	unsigned char *pixels;

	assert_memory_equal(bytes, "\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16);
	assert_int_equal(bytes[24], 1); /* bit depth */
	assert_int_equal(bytes[25], 0); /* greyscale */
	assert_true(png_image_begin_read_from_memory(&image, bytes, prg_text_length(text)));
	image.format = PNG_FORMAT_GRAY;
	assert_int_equal(image.width, side);
	assert_int_equal(image.height, side);
	pixels = malloc((size_t)side * side);
	assert_non_null(pixels);
	assert_true(png_image_finish_read(&image, NULL, pixels, 0, NULL));
	for (unsigned y = 0; y < side; y++)
		for (unsigned x = 0; x < side; x++)
			assert_int_equal(pixels[(size_t)y * side + x],
			                 prg_qr_module(qr, x / scale - 4, y / scale - 4) ? 0
			                                                                 : 255);
	free(pixels);
}

static void test_png(void **state)
{
	static const unsigned scales[] = { 1, 3, 8, 64 };
	QR *qr = encode_client();

	(void)state;
	for (size_t i = 0; i < sizeof(scales) / sizeof(scales[0]); i++) {
		TEXT *text = NULL;

		assert_int_equal(prg_qr_png(qr, scales[i], &text, NULL), 0);
		check_pixels(qr, scales[i], text);
	}
}

static void test_png_scans(void **state)
{
	char path[512];

	(void)state;
	if (!installed("zbarimg"))
		skip();
	path_of("code.png", path);
	for (unsigned i = 0; i < 4; i++) {
		QR *qr = encode_client();
		TEXT *text = NULL;

		assert_int_equal(prg_qr_png(qr, 8, &text, NULL), 0);
		write_file(path, text);
		assert_reads(path, prg_qr_text(qr), "png");
	}
}
#endif

/* ---- the directory that images are written to */

static int set_up(void **state)
{
	const char *base = getenv("TMPDIR");

	(void)state;
	snprintf(directory, sizeof(directory), "%s/peerage-qr.XXXXXX", base ? base : "/tmp");
	return mkdtemp(directory) == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
	static const char *const names[] = { "version", "out", "screen.pgm", "code.svg",
		                             "svg.png", "code.png" };
	char path[512];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		path_of(names[i], path);
		unlink(path);
	}
	return rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_squeezing),
		cmocka_unit_test(test_modules),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_streams),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_terminal_scans),
		cmocka_unit_test(test_svg),
		cmocka_unit_test(test_png_scale),
#ifdef PRG_HAVE_PNG
		cmocka_unit_test(test_png),
		cmocka_unit_test(test_png_scans),
#endif
	};

	rc_seed();
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
