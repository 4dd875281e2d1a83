/* SPDX-License-Identifier: ISC */
#include "watch.h"

#include "frame.h"
#include "screen.h"
#include "term.h"
#include "words.h"

#include <poll.h>
#include <string.h>
#include <time.h>

#define SECOND_NS 1000000000
#define LEAST_MS 500
#define MOST_MS 3600000
#define DEFAULT_MS 2000
#define BUSY_WAIT_MS 1000 /* for a register that is held: Ctrl-C waits as long */

/* ---------------------------------------------------------------- intervals */

/* Digits, and digits behind a point; 0: it is no such number, or too large. */
static unsigned milliseconds(const char *text)
{
	unsigned ms = 0, unit = 1000;

	if (*text < '0' || *text > '9')
		return 0;
	for (; *text >= '0' && *text <= '9'; text++) {
		ms = 10 * ms + 1000 * (unsigned)(*text - '0');
		if (ms > MOST_MS)
			return 0;
	}
	if (*text == '.')
		for (text++; *text >= '0' && *text <= '9'; text++)
			ms += (unit /= 10) * (unsigned)(*text - '0');
	return *text ? 0 : ms;
}

int watch_interval(const char *text, unsigned *ret_ms, struct prg_error *err)
{
	unsigned ms = text ? milliseconds(text) : DEFAULT_MS;

	if (ms < LEAST_MS || ms > MOST_MS)
		return say_error(err, PRG_E_USAGE, "--watch: '%s' is not a number of seconds from "
		                                   "0.5 to 3600", text);
	*ret_ms = ms;
	return 0;
}

int64_t watch_now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * SECOND_NS + now.tv_nsec;
}

int64_t watch_next(int64_t last_ns, unsigned interval_ms)
{
	int64_t interval = (int64_t)interval_ms * 1000000, now = watch_now_ns();

	return last_ns + interval > now ? last_ns + interval : now + interval;
}

bool watch_goes_on(int code)
{
	return code == PRG_E_FAILED || code == PRG_E_BUSY;
}

bool watch_pause(int64_t until_ns)
{
	for (;;) {
		struct pollfd reader = { STDOUT_FILENO, 0, 0 };
		int64_t left = until_ns - watch_now_ns();
		struct timespec wait = { .tv_sec = left / SECOND_NS, .tv_nsec = left % SECOND_NS };

		if (left <= 0)
			return true;
		if (ppoll(&reader, 1, &wait, NULL) > 0)
			return false;
	}
}

/* -------------------------------------------------------------------- looks */

struct watch {
	struct cli *cli;
	char interface[PRG_IFNAME_TEXT];
	bool endpoints;
	struct rates rates;
	struct prg_live_interface live;
	struct words_counts counts; /* but what the screen counts anyway */
	char failure[sizeof(((struct prg_error *)NULL)->message)]; /* of the last look */
	enum rates_order order;
	struct frame frame;
	/* of the look that goes on */
	bool begun;
	uint64_t lingering;
};

static void own_watch(struct watch *watch)
{
	rates_done(&watch->rates);
	frame_done(&watch->frame);
}

static void begin(struct watch *watch)
{
	if (!watch->begun)
		rates_begin(&watch->rates, watch_now_ns());
	watch->begun = true;
}

static int on_peer(void *context, const struct prg_live *live, const struct prg_peer *peer)
{
	struct watch *watch = context;
	char text[PRG_ENDPOINT_TEXT];
	bool endpoint = watch->endpoints && live->present && live->endpoint.port;

	if (endpoint)
		prg_endpoint_format(&live->endpoint, text);
	begin(watch);
	watch->lingering += live->present && peer && peer->state != PRG_PEER_ACTIVE;
	return rates_add(&watch->rates, live, peer, endpoint ? text : NULL) ? 0 : PRG_E_NOMEM;
}

static int look(struct watch *watch, struct prg_error *err)
{
	struct cli *cli = watch->cli;
	struct prg_live_interface live;
	int code = cli->reg ? 0 : cli_open_again(cli, err);

	watch->begun = false;
	watch->lingering = 0;
	err->code = 0;
	if (!code)
		code = prg_status(cli->reg, watch->interface, cli->args.words, cli->args.n_words,
		                  PRG_STATUS_BRIEF, &live, on_peer, watch, err);
	cli_close(cli);
	if (code == PRG_E_NOMEM && !err->code)
		return say_nomem(err);
	if (code) {
		(void)snprintf(watch->failure, sizeof(watch->failure), "%s", err->message);
		return code;
	}
	begin(watch);
	rates_end(&watch->rates);
	watch->live = live;
	watch->live.changing = false; /* it is looked at again soon */
	watch->counts.lingering = watch->lingering;
	watch->failure[0] = 0;
	return 0;
}

/* --------------------------------------------------------------- the screen */

static void draw(struct watch *watch, struct screen *screen)
{
	struct frame_view view = {
		.interface = watch->interface, .rates = &watch->rates, .order = watch->order,
		.endpoints = watch->endpoints, .running = watch->live.present,
		.now = (int64_t)time(NULL), .failed = watch->failure[0] != 0,
	};
	char notes[WORDS_NOTES][WORDS_NOTE], none[WORDS_NOTE];
	size_t n = words_of_interface(watch->interface, &watch->live, watch->cli->backend,
	                              &watch->counts, notes);

	if (view.failed)
		view.notes[view.n_notes++] = watch->failure;
	for (size_t i = 0; i < n; i++)
		view.notes[view.n_notes++] = notes[i];
	if (!watch->rates.n && view.n_notes < FRAME_NOTES) {
		(void)snprintf(none, sizeof(none), "%s has no peers: 'peerage -i %s add NAME' "
		                                   "makes one", watch->interface, watch->interface);
		view.notes[view.n_notes++] = none;
	}
	term_size(&watch->frame.columns, &watch->frame.rows);
	if (frame_draw(&watch->frame, &view))
		screen_write(screen, watch->frame.text, watch->frame.length);
}

/* Until it ends: 0, or an error. */
static int run(struct watch *watch, struct screen *screen, unsigned interval_ms,
               struct prg_error *err)
{
	int64_t next = watch_next(watch_now_ns(), interval_ms);
	int code, what = 0;

	for (;;) {
		draw(watch, screen);
		switch (screen_wait(screen, next, &what)) {
		case SCREEN_DUE:
			code = look(watch, err);
			if (code && !watch_goes_on(code))
				return code;
			next = watch_next(next, interval_ms);
			break;
		case SCREEN_KEY:
			if (what == 'q' || what == 'Q')
				return 0;
			if (what == 's' || what == 'S')
				watch->order = (watch->order + 1) % RATES_ORDERS;
			break;
		case SCREEN_REDRAW:
			break;
		case SCREEN_SIGNAL:
			watch->cli->signal = what;
			return 0;
		case SCREEN_GONE:
			return say_error(err, PRG_E_FAILED, "the terminal is gone");
		}
	}
}

static int check_terminal(struct prg_error *err)
{
	if (!term_is(STDOUT_FILENO))
		return say_error(err, PRG_E_USAGE, "--watch draws on a terminal, and standard "
		                                   "output is none: give -j or -t for a stream");
	if (!term_capable())
		return say_error(err, PRG_E_USAGE, "--watch cannot draw on this terminal (TERM): "
		                                   "give -j or -t for a stream");
	return 0;
}

int watch_screen(struct cli *cli, unsigned interval_ms, struct prg_error *err)
{
	OWN(own_watch) struct watch watch = {
		.cli = cli, .endpoints = args_has(&cli->args, OPT_ENDPOINTS),
		.frame = { .colour = term_colour(), .blocks = term_blocks() },
	};
	OWN_INTERFACE *interface = NULL;
	struct screen screen;
	int code = check_terminal(err);

	if (!code)
		code = prg_find_interface(cli->reg, cli->interface, &interface, err);
	if (code)
		return code;
	(void)snprintf(watch.interface, sizeof(watch.interface), "%s", interface->name);
	if (cli->wait_ms > BUSY_WAIT_MS)
		cli->wait_ms = BUSY_WAIT_MS;
	/* what fails at once needs no screen */
	code = look(&watch, err);
	if (!code)
		code = screen_open(&screen, err);
	if (code)
		return code;
	code = run(&watch, &screen, interval_ms, err);
	screen_close(&screen);
	return code;
}
