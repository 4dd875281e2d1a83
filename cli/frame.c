/* SPDX-License-Identifier: ISC */
#include "frame.h"

#include "human.h"
#include "text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define GAP 2u
#define LINE 1024
#define MOST_ROWS 512
#define NAME_LEAST 12u
#define PAST_LEAST 10u
#define PAST_MOST 40u
#define WIDE 100u         /* columns that have room for both totals */
#define QUIET_RATE 1024.f /* what draws a full bar in the past of a peer that is not busy */

#define RESET "\033[0m"
#define BOLD "\033[1m"

/* ------------------------------------------------------------------- lines */

static void put(struct frame *frame, const char *bytes, size_t length)
{
	if (frame->length + length > frame->capacity) {
		size_t capacity = 2 * (frame->length + length) + 4096;
		char *grown = realloc(frame->text, capacity);

		if (!grown) {
			frame->nomem = true;
			return;
		}
		frame->text = grown;
		frame->capacity = capacity;
	}
	memcpy(frame->text + frame->length, bytes, length);
	frame->length += length;
}

static void put_text(struct frame *frame, const char *text)
{
	put(frame, text, strlen(text));
}

/* A line on its way: text, and how many columns of it are taken. */
struct line {
	char text[LINE];
	size_t length;
	unsigned width, columns;
};

static void raw(struct line *line, const char *text)
{
	size_t length = strlen(text);

	if (line->length + length >= sizeof(line->text))
		return;
	memcpy(line->text + line->length, text, length + 1);
	line->length += length;
}

static void spaces(struct line *line, unsigned n)
{
	for (; n && line->width < line->columns && line->length + 1 < LINE; n--, line->width++)
		line->text[line->length++] = ' ';
	line->text[line->length] = 0;
}

/* As much of it as there is room for, cut with a mark. style: "" for none. */
static void styled(const struct frame *frame, struct line *line, const char *style,
                   const char *text)
{
	unsigned room = line->columns - line->width;
	char kept[LINE / 2];

	if (!room)
		return;
	(void)snprintf(kept, sizeof(kept) - 4, "%s", text);
	text_printable(kept);
	if (text_width(kept) > room)
		strcpy(kept + text_fit(kept, room - 1), frame->blocks ? "…" : "~");
	raw(line, style);
	raw(line, kept);
	line->width += (unsigned)text_width(kept);
	if (*style)
		raw(line, RESET);
}

/* In a field of that width, or of what the window has left for it. */
static void cell(const struct frame *frame, struct line *line, unsigned width, bool right,
                 const char *style, const char *text)
{
	unsigned room = line->columns - line->width, rest;
	struct line field = { .columns = width < room ? width : room };

	styled(frame, &field, style, text);
	rest = field.columns - field.width;
	if (right)
		spaces(line, rest);
	raw(line, field.text);
	line->width += field.width;
	if (!right)
		spaces(line, rest);
}

static void PRG_PRINTF(3, 4)
print(const struct frame *frame, struct line *line, const char *format, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	styled(frame, line, "", text);
}

/* A line that is full is not followed by an erasure: the cursor then still stands on
 * its last column. */
static void put_line(struct frame *frame, const struct line *line)
{
	char place[32];

	if (frame->used >= frame->rows)
		return;
	(void)snprintf(place, sizeof(place), "\033[%u;1H", ++frame->used);
	put_text(frame, place);
	put(frame, line->text, line->length);
	if (line->width < frame->columns)
		put_text(frame, "\033[K");
}

/* ------------------------------------------------------------------- words */

static const char *status_style(const struct frame *frame, enum prg_live_status status)
{
	if (!frame->colour)
		return "";
	switch (status) {
	case PRG_LIVE_ON:
		return "\033[32m";
	case PRG_LIVE_STALE:
		return "\033[33m";
	case PRG_LIVE_UNKNOWN:
	case PRG_LIVE_MISSING:
		return "\033[31m";
	default:
		return "";
	}
}

static void rate_text(bool known, uint64_t rate, char ret[HUMAN_TEXT])
{
	if (known)
		human_size(rate, ret);
	else
		(void)snprintf(ret, HUMAN_TEXT, "-");
}

static const char *order_name(enum rates_order order)
{
	return order == RATES_NAME ? "name" : order == RATES_TOTAL ? "total" : "activity";
}

/* "wg0  15:04:05  rx 1.2 MiB/s  tx 340 KiB/s         by activity  s sorts  q quits" */
static void draw_title(struct frame *frame, const struct frame_view *view)
{
	struct line line = { .columns = frame->columns }, keys = { .columns = frame->columns };
	const struct rates *rates = view->rates;
	time_t now = (time_t)view->now;
	char rx[HUMAN_TEXT], tx[HUMAN_TEXT], clock[16] = "";
	struct tm tm;

	if (localtime_r(&now, &tm))
		(void)strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	styled(frame, &line, BOLD, view->interface);
	print(frame, &line, "  %s", clock);
	if (rates->measured) {
		human_size(rates->rx_rate, rx);
		human_size(rates->tx_rate, tx);
		print(frame, &line, "  rx %s/s  tx %s/s", rx, tx);
	}
	print(frame, &keys, "by %s  s sorts  q quits", order_name(view->order));
	if (line.width + GAP + keys.width <= line.columns) {
		spaces(&line, line.columns - line.width - keys.width);
		raw(&line, keys.text);
		line.width += keys.width;
	}
	put_line(frame, &line);
}

/* "12 peers: 3 on, 1 unknown, 5 idle, 3 never" */
static void draw_counts(struct frame *frame, const struct frame_view *view)
{
	/* what may be cut off is what matters least */
	static const enum prg_live_status order[] = {
		PRG_LIVE_ON, PRG_LIVE_UNKNOWN, PRG_LIVE_MISSING, PRG_LIVE_IDLE, PRG_LIVE_STALE,
		PRG_LIVE_NEVER, PRG_LIVE_EXPIRED, PRG_LIVE_DISABLED,
	};
	const struct rates *rates = view->rates;
	struct line line = { .columns = frame->columns };
	const char *before = ": ";

	print(frame, &line, "%zu peer%s", rates->n, rates->n == 1 ? "" : "s");
	for (size_t i = 0; view->running && i < sizeof(order) / sizeof(*order); i++) {
		char text[64];
		size_t n = rates->of_status[order[i]];

		if (!n)
			continue;
		styled(frame, &line, "", before);
		(void)snprintf(text, sizeof(text), "%zu %s", n, prg_live_status_name(order[i]));
		styled(frame, &line, status_style(frame, order[i]), text);
		before = ", ";
	}
	put_line(frame, &line);
}

static void draw_note(struct frame *frame, const char *note, bool error)
{
	while (*note) {
		struct line line = { .columns = frame->columns };
		size_t length = text_fold(note, frame->columns, true);
		char part[LINE / 2];

		if (length >= sizeof(part))
			length = text_fit(note, frame->columns);
		memcpy(part, note, length);
		part[length] = 0;
		styled(frame, &line, !frame->colour ? "" : error ? "\033[31m" : "\033[33m", part);
		put_line(frame, &line);
		note += length;
		note += *note == ' ';
	}
}

/* ----------------------------------------------------------------- the past */

static void past_text(const struct frame *frame, const struct rates *rates,
                      const struct rates_peer *peer, unsigned width, char *ret)
{
	static const char *const ascii = ".:-=+*#@";
	float most = QUIET_RATE;
	size_t length = 0;

	for (unsigned ago = 0; ago < width; ago++)
		if (rates_past(rates, peer, ago) > most)
			most = rates_past(rates, peer, ago);
	for (unsigned ago = width; ago-- > 0;) {
		float rate = rates_past(rates, peer, ago);
		unsigned level = (unsigned)(rate / most * 8.f);

		level = level > 7 ? 7 : level;
		if (rate <= 0)
			ret[length++] = ' ';
		else if (!frame->blocks)
			ret[length++] = ascii[level];
		else /* U+2581 and on */
			length += (size_t)snprintf(ret + length, 4, "\xe2\x96%c",
			                           (char)(0x81 + level));
	}
	ret[length] = 0;
}

/* ------------------------------------------------------------------- table */

/* Widths; 0: the column is not there. */
struct layout {
	unsigned name, handshake, past, total, rx, tx, endpoint;
};

/* "disabled", "99 min ago", "1023 KiB", "192.168.100.100:51820" */
enum { STATUS_WIDTH = 8, HANDSHAKE_WIDTH = 10, BYTES_WIDTH = 8, ENDPOINT_LEAST = 21 };

static unsigned column(unsigned width)
{
	return width ? GAP + width : 0;
}

static unsigned fixed(const struct layout *layout)
{
	return column(STATUS_WIDTH) + column(layout->handshake) + 2 * column(BYTES_WIDTH) +
	       column(layout->total) + column(layout->rx) + column(layout->tx) +
	       column(layout->endpoint);
}

static unsigned at_most(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static unsigned at_least(unsigned a, unsigned b)
{
	return a > b ? a : b;
}

static const char *name_of(const struct rates_peer *peer, char key[PRG_KEY_TEXT])
{
	if (peer->name)
		return peer->name;
	prg_public_key_format(&peer->public_key, key);
	return key;
}

static unsigned left_of(const struct frame *frame, const struct layout *layout)
{
	unsigned taken = fixed(layout) + column(layout->past);

	return frame->columns > taken ? frame->columns - taken : 0;
}

static bool too_wide(const struct frame *frame, const struct layout *layout)
{
	return left_of(frame, layout) < NAME_LEAST;
}

/* How wide names and endpoints are, as far as they were shown: columns that got wider
 * and narrower as peers come and go would be hard to read. */
static void measure(struct frame *frame, const struct rates_peer *const *shown, size_t n)
{
	char key[PRG_KEY_TEXT];

	for (size_t i = 0; i < n; i++) {
		unsigned name = (unsigned)text_width(name_of(shown[i], key));
		unsigned endpoint = shown[i]->endpoint ? (unsigned)strlen(shown[i]->endpoint) : 0;

		frame->widest_name = at_least(frame->widest_name, name);
		frame->widest_endpoint = at_least(frame->widest_endpoint, endpoint);
	}
}

static struct layout lay_out(const struct frame *frame, bool endpoints)
{
	struct layout layout = { .handshake = HANDSHAKE_WIDTH, .past = PAST_LEAST };
	bool both = frame->columns >= WIDE;
	unsigned left, spare;

	layout.total = both ? 0 : BYTES_WIDTH;
	layout.rx = layout.tx = both ? BYTES_WIDTH : 0;
	layout.endpoint = endpoints ? at_least(frame->widest_endpoint, ENDPOINT_LEAST) : 0;
	if (too_wide(frame, &layout))
		layout.total = layout.rx = layout.tx = 0;
	if (too_wide(frame, &layout))
		layout.past = 0;
	if (layout.endpoint && too_wide(frame, &layout)) {
		layout.endpoint = ENDPOINT_LEAST;
		left = left_of(frame, &layout);
		layout.endpoint += left > NAME_LEAST ? left - NAME_LEAST : 0;
	}
	if (too_wide(frame, &layout))
		layout.handshake = 0;
	left = at_least(left_of(frame, &layout), NAME_LEAST);
	layout.name = at_most(at_least(frame->widest_name, NAME_LEAST), left);
	spare = left - layout.name;
	if (layout.past)
		layout.past = at_most(layout.past + spare, PAST_MOST);
	return layout;
}

static void gap_cell(const struct frame *frame, struct line *line, unsigned width, bool right,
                     const char *style, const char *text)
{
	if (!width)
		return;
	spaces(line, GAP);
	cell(frame, line, width, right, style, text);
}

static void draw_heading(struct frame *frame, const struct layout *layout)
{
	struct line line = { .columns = frame->columns };

	raw(&line, BOLD);
	cell(frame, &line, layout->name, false, "", "NAME");
	gap_cell(frame, &line, STATUS_WIDTH, false, "", "STATUS");
	gap_cell(frame, &line, layout->handshake, false, "", "HANDSHAKE");
	gap_cell(frame, &line, BYTES_WIDTH, true, "", "RX/S");
	gap_cell(frame, &line, BYTES_WIDTH, true, "", "TX/S");
	gap_cell(frame, &line, layout->past, false, "", "ACTIVITY");
	gap_cell(frame, &line, layout->total, true, "", "TOTAL");
	gap_cell(frame, &line, layout->rx, true, "", "RX");
	gap_cell(frame, &line, layout->tx, true, "", "TX");
	gap_cell(frame, &line, layout->endpoint, false, "", "ENDPOINT");
	raw(&line, RESET);
	put_line(frame, &line);
}

static void draw_peer(struct frame *frame, const struct frame_view *view,
                      const struct layout *layout, const struct rates_peer *peer)
{
	struct line line = { .columns = frame->columns };
	char key[PRG_KEY_TEXT], text[HUMAN_TEXT] = "-", past[4 * PAST_MOST + 1];
	char place[16];
	const char *style = view->running ? status_style(frame, peer->status) : "";

	cell(frame, &line, layout->name, false, "", name_of(peer, key));
	/* terminals and C libraries do not agree on how wide every script is */
	(void)snprintf(place, sizeof(place), "\033[%uG", line.width + 1);
	raw(&line, place);
	gap_cell(frame, &line, STATUS_WIDTH, false, style,
	         view->running ? prg_live_status_name(peer->status) : "-");
	if (peer->latest_handshake_at)
		human_apart(peer->latest_handshake_at, view->now, text);
	gap_cell(frame, &line, layout->handshake, false, "", text);
	rate_text(peer->measured, peer->rx_rate, text);
	gap_cell(frame, &line, BYTES_WIDTH, true, "", text);
	rate_text(peer->measured, peer->tx_rate, text);
	gap_cell(frame, &line, BYTES_WIDTH, true, "", text);
	past_text(frame, view->rates, peer, layout->past, past);
	gap_cell(frame, &line, layout->past, false, "", past);
	rate_text(peer->present, peer->rx_bytes + peer->tx_bytes, text);
	gap_cell(frame, &line, layout->total, true, "", text);
	rate_text(peer->present, peer->rx_bytes, text);
	gap_cell(frame, &line, layout->rx, true, "", text);
	rate_text(peer->present, peer->tx_bytes, text);
	gap_cell(frame, &line, layout->tx, true, "", text);
	gap_cell(frame, &line, layout->endpoint, false, "", peer->endpoint ? peer->endpoint : "-");
	put_line(frame, &line);
}

static void draw_peers(struct frame *frame, const struct frame_view *view)
{
	const struct rates_peer *shown[MOST_ROWS];
	struct layout layout;
	size_t room, n;

	if (!view->rates->n || frame->used + 1 >= frame->rows)
		return;
	room = frame->rows - frame->used - 1;
	room = room > MOST_ROWS ? MOST_ROWS : room;
	n = rates_top(view->rates, view->order, shown, room);
	if (n < view->rates->n && n > 1)
		n--; /* the last line says how many more */
	measure(frame, shown, n);
	layout = lay_out(frame, view->endpoints);
	draw_heading(frame, &layout);
	for (size_t i = 0; i < n; i++)
		draw_peer(frame, view, &layout, shown[i]);
	if (n < view->rates->n) {
		struct line line = { .columns = frame->columns };

		print(frame, &line, "and %zu more", view->rates->n - n);
		put_line(frame, &line);
	}
}

bool frame_draw(struct frame *frame, const struct frame_view *view)
{
	static const struct line nothing = { .columns = 0 };

	frame->length = 0;
	frame->used = 0;
	frame->nomem = false;
	put_text(frame, "\033[?2026h"); /* to be shown at once, where that is known */
	draw_title(frame, view);
	draw_counts(frame, view);
	for (size_t i = 0; i < view->n_notes; i++)
		draw_note(frame, view->notes[i], i == 0 && view->failed);
	draw_peers(frame, view);
	while (frame->used < frame->rows)
		put_line(frame, &nothing);
	put_text(frame, "\033[?2026l");
	return !frame->nomem;
}

void frame_done(struct frame *frame)
{
	if (frame->text)
		explicit_bzero(frame->text, frame->capacity);
	free(frame->text);
	frame->text = NULL;
	frame->length = frame->capacity = 0;
}
