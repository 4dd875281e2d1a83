/* SPDX-License-Identifier: ISC */
/*
 * libpng and, through it, zlib take all their memory from an arena of ours, so
 * that every copy of the image that they make is wiped with it.
 */
#if defined(PRG_HAVE_PNG) && PRG_HAVE_PNG
#include <png.h>
#include <string.h>
#include <zlib.h>
#endif

#include "base/error.h"
#include "base/late.h"
#include "base/secret.h"
#include "render/render.h"

#define MAX_SCALE 64u

static int check_scale(unsigned scale, struct prg_error *err)
{
	if (scale >= 1 && scale <= MAX_SCALE)
		return 0;
	return prg_error_set(err, PRG_E_USAGE,
	                     "an image of %u pixels a module: expected 1 to %u", scale, MAX_SCALE);
}

#if defined(PRG_HAVE_PNG) && PRG_HAVE_PNG

#define QUIET 4u

#define FUNCTIONS(X)                                                                               \
	X(png_create_write_struct_2) X(png_destroy_write_struct) X(png_create_info_struct)         \
	X(png_get_io_ptr) X(png_get_mem_ptr) X(png_error) X(png_longjmp) X(png_set_longjmp_fn)     \
	X(png_set_IHDR) X(png_set_compression_level) X(png_set_compression_mem_level)              \
	X(png_set_compression_strategy) X(png_set_compression_window_bits) X(png_set_filter)       \
	X(png_set_write_fn) X(png_write_end) X(png_write_info) X(png_write_row)
PRG_LATE(libpng, FUNCTIONS, "libpng16.so.16", "png", "PNG images of QR codes");
_Static_assert(PNG_LIBPNG_VER_SONUM == 16, "another libpng has another name above");

int prg_qr_png_load(struct prg_error *err)
{
	return prg_late_load(&libpng_late, err);
}

/* Where libpng writes to, and what went wrong there. */
struct sink {
	struct prg_text *text;
	struct prg_arena *arena;
	struct prg_error *err;
	int rc;
};

static png_voidp take(png_structp png, png_alloc_size_t size)
{
	return prg_arena_take(libpng.png_get_mem_ptr(png), size);
}

static void give_back(png_structp png, png_voidp memory)
{
	(void)png;
	(void)memory; /* the arena goes as a whole */
}

static PNG_NORETURN void on_error(png_structp png, png_const_charp words)
{
	(void)words;
	libpng.png_longjmp(png, 1);
	__builtin_unreachable(); /* of a pointer, this is not known */
}

static void on_warning(png_structp png, png_const_charp words)
{
	(void)png;
	(void)words;
}

static void on_write(png_structp png, png_bytep bytes, size_t length)
{
	struct sink *sink = libpng.png_get_io_ptr(png);

	sink->rc = prg_text_append(sink->text, bytes, length, sink->err);
	if (sink->rc < 0)
		libpng.png_error(png, "");
}

static void on_flush(png_structp png)
{
	(void)png;
}

/* One line of pixels, 1 bit each, 1: white. */
static void fill_line(const struct prg_qr *qr, unsigned y, unsigned scale, png_byte *line,
                      size_t length)
{
	memset(line, 0xff, length);
	for (unsigned x = 0; x < prg_qr_width(qr); x++) {
		size_t pixel = (size_t)(x + QUIET) * scale;

		if (!prg_qr_module(qr, x, y - QUIET))
			continue;
		for (size_t end = pixel + scale; pixel < end; pixel++) {
			if (pixel % 8 == 0 && end - pixel >= 8) {
				line[pixel / 8] = 0;
				pixel += 7;
			} else {
				line[pixel / 8] &= (png_byte) ~(0x80u >> pixel % 8);
			}
		}
	}
}

static void write_lines(const struct prg_qr *qr, unsigned scale, png_structp png, png_byte *line,
                        size_t length)
{
	for (unsigned y = 0; y < prg_qr_width(qr) + 2 * QUIET; y++) {
		fill_line(qr, y, scale, line, length);
		for (unsigned i = 0; i < scale; i++)
			libpng.png_write_row(png, line);
	}
}

/* Each line but one in `scale` is the one above it: filtered by "up" it is zeros,
 * and runs of one byte are all that there is to find. Finding more costs several
 * times what making the code does, for a kilobyte. */
static void set_compression(png_structp png)
{
	libpng.png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_FILTER_UP);
	libpng.png_set_compression_level(png, 1);
	libpng.png_set_compression_strategy(png, Z_RLE);
	libpng.png_set_compression_window_bits(png, 12);
	libpng.png_set_compression_mem_level(png, 4);
}

/* Nothing that this function owns changes between setjmp and longjmp. */
static int write_image(const struct prg_qr *qr, unsigned scale, png_structp png, png_infop info,
                       struct sink *sink)
{
	png_uint_32 side = (prg_qr_width(qr) + 2 * QUIET) * scale;
	size_t length = (side + 7) / 8;
	png_byte *line = prg_arena_take(sink->arena, length);

	if (line == NULL)
		return prg_error_nomem(sink->err);
	if (setjmp(*libpng.png_set_longjmp_fn(png, longjmp, sizeof(jmp_buf))) != 0)
		return sink->rc < 0 ? sink->rc : prg_error_nomem(sink->err);
	libpng.png_set_write_fn(png, sink, on_write, on_flush);
	set_compression(png);
	libpng.png_set_IHDR(png, info, side, side, 1, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
	             PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
	libpng.png_write_info(png, info);
	write_lines(qr, scale, png, line, length);
	libpng.png_write_end(png, info);
	return 0;
}

static int write_png(const struct prg_qr *qr, unsigned scale, struct sink *sink)
{
	png_structp png = libpng.png_create_write_struct_2(PNG_LIBPNG_VER_STRING, NULL, on_error,
	                                            on_warning, sink->arena, take, give_back);
	png_infop info = png != NULL ? libpng.png_create_info_struct(png) : NULL;
	int rc;

	if (info != NULL)
		rc = write_image(qr, scale, png, info, sink);
	else
		rc = prg_error_nomem(sink->err);
	libpng.png_destroy_write_struct(&png, &info);
	return rc;
}

int prg_qr_png(const struct prg_qr *qr, unsigned scale, struct prg_text **ret_bytes,
               struct prg_error *err)
{
	PRG_CLEANUP(prg_arena_free) struct prg_arena *arena = NULL;
	PRG_CLEANUP_TEXT struct prg_text *text = NULL;
	struct sink sink = { .err = err };
	int rc = check_scale(scale, err);

	if (rc == 0)
		rc = prg_qr_png_load(err);
	if (rc == 0)
		rc = prg_arena_new(&arena, err);
	if (rc == 0)
		rc = prg_text_new(&text, err);
	if (rc < 0)
		return rc;
	sink.arena = arena;
	sink.text = text;
	rc = write_png(qr, scale, &sink);
	if (rc < 0)
		return rc;
	*ret_bytes = text;
	text = NULL;
	return 0;
}

#else

int prg_qr_png_load(struct prg_error *err)
{
	return prg_error_set(err, PRG_E_UNSUPPORTED,
	                     "this peerage was built without libpng: choose an .svg image");
}

int prg_qr_png(const struct prg_qr *qr, unsigned scale, struct prg_text **ret_bytes,
               struct prg_error *err)
{
	int rc = check_scale(scale, err);

	(void)qr;
	(void)ret_bytes;
	return rc < 0 ? rc : prg_qr_png_load(err);
}

#endif
