/* SPDX-License-Identifier: ISC */
/* status: what runs, joined with what should. */
#include "fields.h"
#include "line.h"
#include "rates.h"
#include "watch.h"
#include "words.h"

#include <time.h>

#define COLUMNS                                             \
	{ "name", "NAME", 0 },                              \
	{ "live.status", "STATUS", 0 },                     \
	{ "live.latest_handshake_at", "HANDSHAKE", 0 },     \
	{ "live.rx_bytes", "RX", OUT_RIGHT },               \
	{ "live.tx_bytes", "TX", OUT_RIGHT },               \
	{ "public_key", "KEY", OUT_HIDE },                  \
	{ "allowed_ips", "ALLOWED-IPS", OUT_HIDE },         \
	{ "has_preshared_key", "PSK", OUT_HIDE },           \
	{ "keepalive", "KEEPALIVE", OUT_HIDE }

/* ENDPOINT is last, so that it can be left out. line_running() has these, in order. */
static const struct out_column columns[] = {
	COLUMNS,
	{ "live.endpoint", "ENDPOINT", 0 },
};
static const struct out_column stream_columns[] = {
	COLUMNS,
	{ "at", "AT", 0 },
	{ "live.rx_bytes_per_s", "RX/S", OUT_RIGHT },
	{ "live.tx_bytes_per_s", "TX/S", OUT_RIGHT },
	{ "live.endpoint", "ENDPOINT", 0 },
};
#define N_COLUMNS (sizeof(columns) / sizeof(*columns))
#define N_STREAM_COLUMNS (sizeof(stream_columns) / sizeof(*stream_columns))

/* Looks that follow one another. */
struct stream {
	struct rates rates;
	int64_t at; /* when this one was */
};

static void own_stream(struct stream *stream)
{
	rates_done(&stream->rates);
}

struct view {
	struct cli *cli;
	const struct prg_interface *interface;
	bool any, endpoints;
	struct words_counts counts;
	struct prg_live_interface live; /* filled before the first row comes */
	struct stream *stream; /* NULL: one look alone */
};

/* false: out of memory */
static bool rate(struct view *view, const struct prg_live *live, const struct prg_peer *peer,
                 struct fields_live *shown)
{
	if (!view->stream)
		return true;
	if (!view->any)
		rates_begin(&view->stream->rates, watch_now_ns());
	shown->rated = true;
	shown->rates = rates_add(&view->stream->rates, live, peer, NULL);
	return shown->rates != NULL;
}

static int status_row(void *context, const struct prg_live *live, const struct prg_peer *peer)
{
	struct view *view = context;
	struct cli *cli = view->cli;
	struct fields_live shown = {
		.live = view->live.present ? live : NULL,
		.endpoint = view->endpoints,
		.observed = true,
	};

	if (!rate(view, live, peer, &shown))
		cli->out.nomem = true;
	view->counts.lingering += live->present && peer && peer->state != PRG_PEER_ACTIVE;
	view->counts.missing += live->status == PRG_LIVE_MISSING;
	view->counts.unknown += live->status == PRG_LIVE_UNKNOWN;
	view->any = true;
	if (live->present && cli->out.mode == OUT_TSV && !view->stream) {
		line_running(live, peer, shown.endpoint);
		return out_failed(&cli->out) ? PRG_E_FAILED : 0;
	}
	out_row(&cli->out);
	if (live->present && cli->out.mode != OUT_JSON)
		fields_running(&cli->out, peer, &shown);
	else
		fields_peer(&cli->out, view->interface, peer, &shown);
	if (view->stream && cli->out.mode == OUT_TSV)
		out_time(&cli->out, "at", view->stream->at);
	out_row_end(&cli->out);
	return out_failed(&cli->out) ? PRG_E_FAILED : 0;
}

static void print_interface(struct out *out, const struct prg_live_interface *live)
{
	char key[PRG_KEY_TEXT];

	out_bool(out, "running", live->present);
	out_bool(out, "up", live->present && live->up);
	out_bool(out, "ours", live->present && live->ours);
	prg_public_key_format(&live->public_key, key);
	out_text(out, "public_key", live->present && live->has_private_key ? key : NULL);
	if (live->present)
		out_number(out, "listen_port", live->listen_port);
	else
		out_null(out, "listen_port");
}

static void say_interface(const struct cli *cli, const struct view *view)
{
	char notes[WORDS_NOTES][WORDS_NOTE];
	size_t n = words_of_interface(view->interface->name, &view->live, cli->backend,
	                              &view->counts, notes);

	for (size_t i = 0; i < n; i++)
		cli_remark(cli, "%s", notes[i]);
	if (!view->any)
		fields_no_peers(cli, view->interface->name);
}

static void begin_list(struct cli *cli, const struct view *view)
{
	if (view->stream)
		out_list(&cli->out, "peers", stream_columns,
		         view->endpoints ? N_STREAM_COLUMNS : N_STREAM_COLUMNS - 1);
	else
		out_list(&cli->out, "peers", columns, view->endpoints ? N_COLUMNS : N_COLUMNS - 1);
}

/* One look; stream NULL: the only one. */
static int look(struct cli *cli, struct stream *stream, struct prg_error *err)
{
	OWN_INTERFACE *interface = NULL;
	struct view view = { .cli = cli, .stream = stream,
		             .endpoints = args_has(&cli->args, OPT_ENDPOINTS) };
	int code = prg_find_interface(cli->reg, cli->interface, &interface, err);

	if (code)
		return code;
	view.interface = interface;
	out_text(&cli->out, "interface", interface->name);
	begin_list(cli, &view);
	code = prg_status(cli->reg, interface->name, cli->args.words, cli->args.n_words,
	                  cli->out.mode == OUT_JSON ? 0 : PRG_STATUS_BRIEF, &view.live, status_row,
	                  &view, err);
	if (code && out_failed(&cli->out))
		return 0; /* said when the output ends */
	if (code)
		return code;
	if (stream && view.any)
		rates_end(&stream->rates);
	out_list_end(&cli->out);
	print_interface(&cli->out, &view.live);
	if (!stream)
		say_interface(cli, &view);
	return 0;
}

/* The first one decides whether there is anything to go on with. */
static int look_again(struct cli *cli, struct stream *stream, bool first, struct prg_error *err)
{
	int code = cli->reg ? 0 : cli_open_again(cli, err);

	stream->at = (int64_t)time(NULL);
	if (cli->out.mode == OUT_JSON)
		out_time(&cli->out, "at", stream->at);
	if (!code)
		code = look(cli, stream, err);
	if (code && (first || !watch_goes_on(code)))
		return code;
	if (code) {
		out_error(&cli->out, err);
		say_line("peerage: ", err->message);
	}
	return 0;
}

/* For programs, until the reader has enough. */
static int stream(struct cli *cli, unsigned interval_ms, struct prg_error *err)
{
	OWN(own_stream) struct stream stream = { .at = 0 };
	int64_t next = watch_now_ns();
	int code;

	for (bool first = true;; first = false) {
		code = look_again(cli, &stream, first, err);
		if (code)
			return code;
		out_finish(&cli->out);
		cli->out.headed = true;
		cli_close(cli);
		if (out_flush(&cli->out) != 0)
			return 0; /* said when the output ends */
		next = watch_next(next, interval_ms);
		if (!watch_pause(next))
			return 1;
	}
}

/* '--watch 5' looks for a peer that is called 5. */
static int mind_interval(const struct cli *cli, int code, struct prg_error *err)
{
	struct prg_error ignored;
	unsigned ms;

	if (code != PRG_E_NOT_FOUND || args_value(&cli->args, OPT_WATCH))
		return code;
	for (size_t i = 0; i < cli->args.n_words; i++)
		if (watch_interval(cli->args.words[i], &ms, &ignored) == 0)
			return say_append(err, " (an interval is given as --watch=%s)",
			                  cli->args.words[i]);
	return code;
}

static int watch(struct cli *cli, struct prg_error *err)
{
	unsigned interval_ms;
	int code = watch_interval(args_value(&cli->args, OPT_WATCH), &interval_ms, err);

	if (code)
		return code;
	code = cli->out.mode == OUT_TABLE ? watch_screen(cli, interval_ms, err)
	                                  : stream(cli, interval_ms, err);
	return mind_interval(cli, code, err);
}

int cmd_status(struct cli *cli, struct prg_error *err)
{
	return args_has(&cli->args, OPT_WATCH) ? watch(cli, err) : look(cli, NULL, err);
}
