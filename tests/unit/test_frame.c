/* SPDX-License-Identifier: ISC */
/* In a window of any size, of any number of peers, with names that are wide, that
 * combine or that are long: each row is drawn once, none is wider than the window, and
 * columns stand below their headings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <cmocka.h>

#include "frame.h"
#include "memcheck.h"

#define SECOND INT64_C(1000000000)
#define NOW 1800000000
#define MOST_ROWS 120
#define ROW_BYTES 2048

static const char *const names[] = {
	"alice", "bob", "田中さくら", "café", "x\u0302y-z\u0308", "한국어-이름",
	"a-name-that-is-as-long-as-the-name-of-a-peer-may-be-64-bytes-all",
	"名前名前名前名前名前名前名前名前名前名前名", NULL, "zed",
};
#define N_NAMES (sizeof(names) / sizeof(*names))

static char screen[MOST_ROWS][ROW_BYTES]; /* without escape sequences */
static unsigned drawn[MOST_ROWS];         /* how many times */

static struct rates peers(unsigned n)
{
	struct rates rates = { .n = 0 };

	for (int round = 0; round < 3; round++) {
		rates_begin(&rates, round * SECOND);
		for (unsigned i = 0; i < n; i++) {
			struct prg_live live = {
				.present = i % 8 != 5, .status = 1 + i % PRG_LIVE_MISSING,
				.latest_handshake_at = i % 3 ? NOW - 100 * (int64_t)i : 0,
				.rx_bytes = (uint64_t)(n - i) * 3000 * (unsigned)round,
			};
			struct prg_peer peer = { .id = i };
			const char *name = names[i % N_NAMES];

			memcpy(live.public_key.bytes, &i, sizeof(i));
			if (name)
				snprintf(peer.name, sizeof(peer.name), "%s", name);
			assert_non_null(rates_add(&rates, &live, name ? &peer : NULL,
			                          i % 2 ? "[2001:db8:1234:5678:9abc:def0:1234:5678]"
			                                  ":51820" : "192.0.2.1:51820"));
		}
		rates_end(&rates);
	}
	return rates;
}

/* Rows of the stream; where a column is asked for, the row must be there already. */
static void read_screen(const struct frame *frame)
{
	char *text = strndup(frame->text, frame->length);
	const char *at = text;
	unsigned row = 0;
	size_t used = 0;

	memset(screen, 0, sizeof(screen));
	memset(drawn, 0, sizeof(drawn));
	assert_non_null(text);
	assert_int_equal(strlen(text), frame->length);
	while (*at != '\0') {
		unsigned y, x;
		char last;

		if (*at != '\033') {
			assert_in_range((unsigned char)*at, 0x20, 0xff);
			assert_in_range(row, 1, frame->rows);
			screen[row - 1][used++] = *at++;
			assert_true(used < ROW_BYTES);
			continue;
		}
		last = at[strspn(at + 1, "[?0123456789;") + 1];
		if (last == 'H') {
			assert_int_equal(sscanf(at, "\033[%u;%uH", &y, &x), 2);
			assert_int_equal(x, 1);
			row = y;
			used = 0;
			drawn[row - 1]++;
		} else {
			assert_non_null(strchr("GKmhl", last));
		}
		at += strspn(at + 1, "[?0123456789;") + 2;
	}
	free(text);
}

/* Cells before byte `length` of a row. */
static unsigned cells(const char *text, size_t length)
{
	const char *end = text + length;
	mbstate_t state = { 0 };
	unsigned n = 0;

	while (text < end) {
		wchar_t wide;
		size_t bytes = mbrtowc(&wide, text, (size_t)(end - text), &state);

		assert_in_range(bytes, 1, 4);
		assert_true(wcwidth(wide) >= 0);
		n += (unsigned)wcwidth(wide);
		text += bytes;
	}
	return n;
}

static unsigned cells_before(const char *row, const char *word)
{
	const char *at = strstr(row, word);

	assert_non_null(at);
	return cells(row, (size_t)(at - row));
}

static void draw(struct frame *frame, const struct frame_view *view)
{
	assert_true(frame_draw(frame, view));
	read_screen(frame);
	for (unsigned row = 0; row < frame->rows; row++) {
		assert_int_equal(drawn[row], 1);
		assert_true(cells(screen[row], strlen(screen[row])) <= frame->columns);
	}
}

static void any_window(void **state)
{
	static const unsigned counts[] = { 0, 1, 9, 30, 10000 };

	(void)state;
	for (size_t c = 0; c < sizeof(counts) / sizeof(*counts); c++) {
		struct rates rates = peers(counts[c]);
		struct frame_view view = { .interface = "wg0", .rates = &rates, .running = true,
			                   .now = NOW, .notes = { "one thing is to be said of it, "
			                   "and in a narrow window it takes several rows" },
			                   .n_notes = 1 };

		for (unsigned columns = 1; columns <= 200; columns += columns < 90 ? memcheck_or(4, 1) : 11) {
			struct frame frame = { .columns = columns, .colour = true, .blocks = true };

			view.endpoints = columns % 2;
			view.order = columns % RATES_ORDERS;
			for (frame.rows = 1; frame.rows <= MOST_ROWS; frame.rows += 7)
				draw(&frame, &view);
			frame_done(&frame);
		}
		rates_done(&rates);
	}
}

/* At 80 columns all are there; a wide or a long name moves none of them. */
static void columns_line_up(void **state)
{
	struct rates rates = peers(10);
	struct frame_view view = { .interface = "wg0", .rates = &rates, .running = true,
		                   .now = NOW };

	(void)state;
	for (unsigned columns = 80; columns <= 200; columns += 40) {
		struct frame frame = { .columns = columns, .rows = 24, .blocks = true };
		unsigned status, last = columns >= 100 ? 2 : 1;

		draw(&frame, &view);
		draw(&frame, &view); /* widths that are learnt from the first */
		status = cells_before(screen[2], "STATUS");
		assert_non_null(strstr(screen[2], "HANDSHAKE"));
		assert_non_null(strstr(screen[2], "ACTIVITY"));
		assert_non_null(strstr(screen[2], last == 1 ? "TOTAL" : "RX  "));
		for (unsigned i = 3; i < 13; i++) {
			unsigned found = 0;

			for (int s = PRG_LIVE_ON; s <= PRG_LIVE_MISSING; s++) {
				char word[32];

				snprintf(word, sizeof(word), "  %s ",
				         prg_live_status_name((enum prg_live_status)s));
				if (strstr(screen[i], word) &&
				    cells_before(screen[i], word) + 2 == status)
					found++;
			}
			assert_int_equal(found, 1);
			assert_int_equal(cells(screen[i], strlen(screen[i])),
			                 cells(screen[2], strlen(screen[2])));
		}
		frame_done(&frame);
	}
	rates_done(&rates);
}

/* Where the window ends inside the last column, that is narrower, not put elsewhere. */
static void the_last_column_lines_up(void **state)
{
	struct rates rates = peers(4);
	struct frame_view view = { .interface = "wg0", .rates = &rates, .running = true,
		                   .now = NOW };

	(void)state;
	for (unsigned columns = 38; columns <= 42; columns++) {
		struct frame frame = { .columns = columns, .rows = 8, .blocks = true };

		draw(&frame, &view);
		assert_non_null(strstr(screen[2], "  TX/S"));
		for (unsigned i = 2; i < 7; i++)
			assert_int_equal(cells(screen[i], strlen(screen[i])), columns);
		frame_done(&frame);
	}
	rates_done(&rates);
}

static void how_many_more(void **state)
{
	struct rates rates = peers(10000);
	struct frame frame = { .columns = 80, .rows = 24, .blocks = true };
	struct frame_view view = { .interface = "wg0", .rates = &rates, .running = true,
		                   .now = NOW };

	(void)state;
	draw(&frame, &view);
	assert_string_equal(screen[23], "and 9980 more");
	assert_true(strncmp(screen[1], "10000 peers: 1250 on, 1250 unknown, 1250 missing", 47) == 0);
	rates_done(&rates);
	rates = peers(21); /* two lines of title, one of headings: they all fit */
	draw(&frame, &view);
	assert_null(strstr(screen[23], "more"));
	rates_done(&rates);
	frame_done(&frame);
}

/* Colour comes with the word, and not where it is not wanted; nor do blocks. */
static void signs(void **state)
{
	struct rates rates = peers(8);
	struct frame frame = { .columns = 80, .rows = 24 };
	struct frame_view view = { .interface = "wg0", .rates = &rates, .running = true,
		                   .now = NOW };

	(void)state;
	draw(&frame, &view);
	for (const char *colour = "123"; *colour; colour++) {
		char escape[] = "\033[3?m";

		escape[3] = *colour;
		assert_null(memmem(frame.text, frame.length, escape, 5));
	}
	assert_null(memmem(frame.text, frame.length, "\xe2\x96", 2));
	assert_null(memmem(frame.text, frame.length, "…", 3));
	assert_null(memmem(frame.text, frame.length, "192.0.2.1", 9));
	frame.colour = frame.blocks = view.endpoints = true;
	draw(&frame, &view);
	assert_non_null(memmem(frame.text, frame.length, "\033[32mon\033[0m", 11));
	assert_non_null(memmem(frame.text, frame.length, "\033[31mmissing\033[0m", 16));
	assert_non_null(memmem(frame.text, frame.length, "192.0.2.1", 9));
	frame_done(&frame);
	rates_done(&rates);
}

/* Each bar is a share of the most that is shown, and little traffic is a low bar. */
static void the_past(void **state)
{
	static const uint64_t steps[] = { 0, 100, 8000, 4000, 2000, 1000, 0, 7000 };
	struct rates rates = { .n = 0 };
	struct frame frame = { .columns = 80, .rows = 24, .blocks = true };
	struct frame_view view = { .interface = "wg0", .rates = &rates, .running = true,
		                   .now = NOW };
	struct prg_peer peer = { .name = "alice" };
	struct prg_live live = { .present = true, .status = PRG_LIVE_ON };

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		rates_begin(&rates, (int64_t)i * SECOND);
		live.rx_bytes += steps[i];
		rates_add(&rates, &live, &peer, NULL);
		rates_end(&rates);
		if (i == 1) { /* 100 bytes a second are not much */
			draw(&frame, &view);
			assert_non_null(strstr(screen[3], " ▁  "));
		}
	}
	draw(&frame, &view);
	assert_non_null(strstr(screen[3], " ▁█▅▃▂ █  "));
	frame.blocks = false;
	draw(&frame, &view);
	assert_non_null(strstr(screen[3], " .@+-: @  "));
	frame_done(&frame);
	rates_done(&rates);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_window), cmocka_unit_test(columns_line_up),
		cmocka_unit_test(the_last_column_lines_up), cmocka_unit_test(how_many_more), cmocka_unit_test(signs),
		cmocka_unit_test(the_past),
	};

	assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
	return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
