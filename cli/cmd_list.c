/* SPDX-License-Identifier: ISC */
/* list, show */
#include "fields.h"
#include "sorted.h"

#include <fnmatch.h>
#include <string.h>

static const struct out_column list_columns[] = {
	{ "name", "NAME", 0 },
	{ "state", "STATE", 0 },
	{ "addresses", "ADDRESSES", OUT_FOLD },
	{ "expires_at", "EXPIRES", 0 },
	{ "tags", "TAGS", OUT_CUT },
	{ "note", "NOTE", OUT_CUT },
	{ "public_key", "KEY", OUT_HIDE },
	{ "routes", "ROUTES", OUT_HIDE },
	{ "allowed_ips", "ALLOWED-IPS", OUT_HIDE },
	{ "client_allowed_ips", "CLIENT-ALLOWED-IPS", OUT_HIDE },
	{ "has_preshared_key", "PSK", OUT_HIDE },
	{ "keepalive", "KEEPALIVE", OUT_HIDE },
	{ "client_keepalive", "CLIENT-KEEPALIVE", OUT_HIDE },
	{ "created_at", "CREATED", OUT_HIDE },
	{ "quota_bytes", "QUOTA", OUT_HIDE },
	{ "quota_period", "PER", OUT_HIDE },
	{ "config_stale", "STALE", OUT_HIDE },
	{ "overlap.older", "OLDER", OUT_HIDE },
	{ "overlap.successor", "SUCCESSOR", OUT_HIDE },
	{ "overlap.until", "UNTIL", OUT_HIDE },
};

#define N_LIST (sizeof(list_columns) / sizeof(*list_columns))

struct listing {
	struct cli *cli;
	const struct prg_interface *interface;
	const char *pattern;   /* NULL: all */
	int state;             /* enum prg_peer_state, or one of these: */
	struct sorted *sorted; /* NULL: as they come */
	bool any, shown;       /* there are peers; some of them are shown */
	size_t n_older;        /* of these have an older key that works too */
};
enum { STATE_ALL = -1, STATE_USUAL = -2 };

static int choose_state(const struct cli *cli, int *ret, struct prg_error *err)
{
	const char *text = args_value(&cli->args, OPT_STATE);

	*ret = text && strcmp(text, "all") == 0 ? STATE_ALL : STATE_USUAL;
	if (!text || *ret == STATE_ALL)
		return 0;
	for (int state = PRG_PEER_ACTIVE; state <= PRG_PEER_REVOKED; state++)
		if (strcmp(text, prg_peer_state_name((enum prg_peer_state)state)) == 0) {
			*ret = state;
			return 0;
		}
	return say_error(err, PRG_E_USAGE, "--state '%s' is unknown: give active, disabled, "
	                                   "expired, revoked or all", text);
}

static int choose_order(const struct cli *cli, enum sorted_by *ret, struct prg_error *err)
{
	static const char *const names[] = { "created", "name", "expires", "state", "address" };
	const char *text = args_value(&cli->args, OPT_SORT);

	*ret = SORTED_CREATED;
	for (size_t i = 0; text && i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(text, names[i]) == 0) {
			*ret = (enum sorted_by)i;
			return 0;
		}
	if (!text)
		return 0;
	return say_error(err, PRG_E_USAGE, "--sort '%s' is unknown: give created, name, expires, "
	                                   "state or address", text);
}

static bool has_tag(const struct prg_peer *peer, const char *tag)
{
	for (size_t i = 0; i < peer->n_tags; i++)
		if (strcmp(peer->tags[i], tag) == 0)
			return true;
	return false;
}

static bool wanted(const struct listing *listing, const struct prg_peer *peer)
{
	const struct args *args = &listing->cli->args;

	if (listing->state == STATE_USUAL ? peer->state == PRG_PEER_REVOKED
	                                  : listing->state >= 0 &&
	                                    (int)peer->state != listing->state)
		return false;
	for (size_t i = 0; i < args->n_options; i++)
		if (args->options[i].id == OPT_TAGGED && !has_tag(peer, args->options[i].value))
			return false;
	if (args_has(args, OPT_STALE_CONFIG) && !peer->config_stale)
		return false;
	return !listing->pattern || fnmatch(listing->pattern, peer->name, 0) == 0;
}

static int print_row(void *context, const struct prg_peer *peer)
{
	const struct listing *listing = context;
	struct out *out = &listing->cli->out;

	out_row(out);
	fields_peer(out, listing->interface, peer, NULL);
	out_row_end(out);
	return out_failed(out) ? PRG_E_FAILED : 0;
}

static int list_row(void *context, const struct prg_peer *peer)
{
	struct listing *listing = context;

	listing->any |= peer->state != PRG_PEER_REVOKED;
	if (!wanted(listing, peer))
		return 0;
	listing->shown = true;
	listing->n_older += peer->older_until != 0;
	if (listing->sorted)
		return sorted_add(listing->sorted, peer) ? 0 : PRG_E_NOMEM;
	return print_row(context, peer);
}

static int print_list(struct listing *listing, struct prg_error *err)
{
	struct out *out = &listing->cli->out;
	int code;

	out_text(out, "interface", listing->interface->name);
	out_list(out, "peers", list_columns, N_LIST);
	err->code = 0;
	code = prg_list_peers(listing->cli->reg, listing->interface->name, list_row, listing, err);
	if (!code && listing->sorted)
		code = sorted_each(listing->sorted, print_row, listing);
	if (code && out_failed(out))
		return 0; /* said when the output ends */
	if (code)
		return err->code ? code : say_nomem(err);
	out_list_end(out);
	if (!listing->any && !listing->shown)
		fields_no_peers(listing->cli, listing->interface->name);
	else if (!listing->shown && out->mode == OUT_TABLE)
		cli_remark(listing->cli, "no peer of %s matches", listing->interface->name);
	if (listing->n_older && out->mode == OUT_TABLE)
		cli_remark(listing->cli, "%zu of these %s an older key that works too, as NAME.old: "
		                         "'peerage show NAME'", listing->n_older,
		           listing->n_older == 1 ? "has" : "have");
	return 0;
}

int cmd_list(struct cli *cli, struct prg_error *err)
{
	struct listing listing = {
		.cli = cli,
		.pattern = cli->args.n_words ? cli->args.words[0] : NULL,
	};
	OWN_INTERFACE *interface = NULL;
	OWN(sorted_done) struct sorted sorted = SORTED_NONE;
	int code = choose_state(cli, &listing.state, err);

	if (!code)
		code = choose_order(cli, &sorted.by, err);
	if (!code)
		code = prg_find_interface(cli->reg, cli->interface, &interface, err);
	if (code)
		return code;
	listing.interface = interface;
	listing.sorted = sorted.by == SORTED_CREATED ? NULL : &sorted;
	return print_list(&listing, err);
}

/* ------------------------------------------------------------------ show */

static const struct out_column show_columns[] = {
	{ "name", "name", 0 },
	{ "public_key", "public key", 0 },
	{ "state", "state", 0 },
	{ "addresses", "addresses", 0 },
	{ "routes", "routes", 0 },
	{ "allowed_ips", "allowed IPs", OUT_HIDE },
	{ "has_preshared_key", "preshared key", 0 },
	{ "keepalive", "keepalive", 0 },
	{ "peer_endpoint", "connects to", 0 },
	{ "client_allowed_ips", "client: allowed IPs", 0 },
	{ "dns", "client: DNS", 0 },
	{ "mtu", "client: MTU", 0 },
	{ "client_keepalive", "client: keepalive", 0 },
	{ "config_stale", "client: config stale", 0 },
	{ "tags", "tags", 0 },
	{ "note", "note", 0 },
	{ "overlap.older", "older key", 0 },
	{ "overlap.successor", "newer key", 0 },
	{ "overlap.until", "both until", 0 },
	{ "created_at", "created", 0 },
	{ "expires_at", "expires", 0 },
	{ "revoked_at", "revoked", 0 },
	{ "quota_bytes", "quota", 0 },
	{ "quota_period", "quota per", 0 },
	{ "quota_used_bytes", "quota used", 0 },
	{ "resumes_at", "quota: cut off until", 0 },
	{ "live.status", "status", 0 },
	{ "live.latest_handshake_at", "handshake", 0 },
	{ "live.rx_bytes", "received", 0 },
	{ "live.tx_bytes", "sent", 0 },
};

struct shown {
	struct cli *cli;
	const struct prg_interface *interface;
	const struct prg_peer *peer;
	bool done;
};

static void print_peer(struct shown *shown, const struct prg_peer *peer,
                       const struct prg_live *live)
{
	struct fields_live fields = { .live = live };
	struct out *out = &shown->cli->out;

	out_text(out, "interface", shown->interface->name);
	out_record(out, "peer", show_columns, sizeof(show_columns) / sizeof(*show_columns));
	fields_peer(out, shown->interface, peer, &fields);
	out_record_end(out);
	shown->done = true;
}

static int show_live(void *context, const struct prg_live *live, const struct prg_peer *peer)
{
	struct shown *shown = context;

	if (!shown->done && live->present && peer && peer->id == shown->peer->id)
		print_peer(shown, peer, live);
	return 0;
}

int cmd_show(struct cli *cli, struct prg_error *err)
{
	const char *const name[] = { cli->args.words[0] };
	struct prg_live_interface running;
	OWN_INTERFACE *interface = NULL;
	OWN_PEER *peer = NULL;
	struct prg_error unseen;
	struct shown shown = { .cli = cli };
	int code = prg_find_interface(cli->reg, cli->interface, &interface, err);

	if (!code)
		code = prg_find_peer(cli->reg, interface->name, name[0], &peer, err);
	if (code)
		return code;
	shown.interface = interface;
	shown.peer = peer;
	/* who may not look at the interface may still read the register */
	if (peer->state != PRG_PEER_REVOKED &&
	    prg_status(cli->reg, interface->name, name, 1, 0, &running, show_live, &shown, &unseen))
		cli_remark(cli, "nothing live to show: %s", unseen.message);
	if (!shown.done)
		print_peer(&shown, peer, NULL);
	return 0;
}
