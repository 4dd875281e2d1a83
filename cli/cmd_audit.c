/* SPDX-License-Identifier: ISC */
/* status: what runs, joined with what should. */
#include "fields.h"
#include "words.h"

/* ENDPOINT is last, so that it can be left out. */
static const struct out_column columns[] = {
	{ "name", "NAME", 0 },
	{ "live.status", "STATUS", 0 },
	{ "live.latest_handshake_at", "HANDSHAKE", 0 },
	{ "live.rx_bytes", "RX", OUT_RIGHT },
	{ "live.tx_bytes", "TX", OUT_RIGHT },
	{ "public_key", "KEY", OUT_HIDE },
	{ "allowed_ips", "ALLOWED-IPS", OUT_HIDE },
	{ "has_preshared_key", "PSK", OUT_HIDE },
	{ "keepalive", "KEEPALIVE", OUT_HIDE },
	{ "live.endpoint", "ENDPOINT", 0 },
};
#define N_COLUMNS (sizeof(columns) / sizeof(*columns))

struct view {
	struct cli *cli;
	const struct prg_interface *interface;
	bool any;
	struct words_counts counts;
	struct prg_live_interface live; /* filled before the first row comes */
};

static int status_row(void *context, const struct prg_live *live, const struct prg_peer *peer)
{
	struct view *view = context;
	struct cli *cli = view->cli;
	struct fields_live shown = {
		.live = view->live.present ? live : NULL,
		.endpoint = args_has(&cli->args, OPT_ENDPOINTS),
		.observed = true,
	};

	view->counts.lingering += live->present && peer && peer->state != PRG_PEER_ACTIVE;
	view->counts.missing += live->status == PRG_LIVE_MISSING;
	view->counts.unknown += live->status == PRG_LIVE_UNKNOWN;
	view->any = true;
	out_row(&cli->out);
	if (live->present && cli->out.mode != OUT_JSON)
		fields_running(&cli->out, peer, &shown);
	else
		fields_peer(&cli->out, view->interface, peer, &shown);
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

	if (!view->any)
		fields_no_peers(cli, view->interface->name);
	for (size_t i = 0; i < n; i++)
		cli_remark(cli, "%s", notes[i]);
}

int cmd_status(struct cli *cli, struct prg_error *err)
{
	OWN_INTERFACE *interface = NULL;
	struct view view = { .cli = cli };
	int code = prg_find_interface(cli->reg, cli->interface, &interface, err);

	if (code)
		return code;
	view.interface = interface;
	out_text(&cli->out, "interface", interface->name);
	out_list(&cli->out, "peers", columns,
	         args_has(&cli->args, OPT_ENDPOINTS) ? N_COLUMNS : N_COLUMNS - 1);
	code = prg_status(cli->reg, interface->name, cli->args.words, cli->args.n_words,
	                  cli->out.mode == OUT_JSON ? 0 : PRG_STATUS_BRIEF, &view.live, status_row,
	                  &view, err);
	if (code && out_failed(&cli->out))
		return 0; /* said when the output ends */
	if (code)
		return code;
	out_list_end(&cli->out);
	print_interface(&cli->out, &view.live);
	say_interface(cli, &view);
	return 0;
}
