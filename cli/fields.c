/* SPDX-License-Identifier: ISC */
#include "fields.h"

#include "words.h"

#include <string.h>

static void prefixes(struct out *out, const char *key, const struct prg_prefix *list, size_t n)
{
	char text[PRG_PREFIX_TEXT];

	out_array(out, key);
	for (size_t i = 0; i < n; i++) {
		prg_prefix_format(&list[i], text);
		out_plain(out, NULL, text);
	}
	out_array_end(out);
}

static void addresses(struct out *out, const char *key, const struct prg_addr *list, size_t n)
{
	char text[PRG_ADDR_TEXT];

	out_array(out, key);
	for (size_t i = 0; i < n; i++) {
		prg_addr_format(&list[i], text);
		out_plain(out, NULL, text);
	}
	out_array_end(out);
}

static void public_key(struct out *out, const struct prg_public_key *key)
{
	char text[PRG_KEY_TEXT];

	prg_public_key_format(key, text);
	out_plain(out, "public_key", text);
}

static void endpoint(struct out *out, const char *key, const struct prg_endpoint *value)
{
	char text[PRG_ENDPOINT_TEXT];

	if (!value->port) {
		out_null(out, key);
		return;
	}
	prg_endpoint_format(value, text);
	out_plain(out, key, text);
}

static void number_or_null(struct out *out, const char *key, uint64_t value)
{
	if (value)
		out_number(out, key, value);
	else
		out_null(out, key);
}

void fields_interface(struct out *out, const struct prg_interface *interface)
{
	out_text(out, "name", interface->name);
	public_key(out, &interface->public_key);
	endpoint(out, "endpoint", &interface->endpoint);
	out_number(out, "listen_port", interface->listen_port);
	prefixes(out, "addresses", interface->addresses, interface->n_addresses);
	addresses(out, "dns", interface->dns, interface->n_dns);
	prefixes(out, "client_allowed_ips", interface->client_allowed_ips,
	         interface->n_client_allowed_ips);
	number_or_null(out, "mtu", interface->mtu);
	out_number(out, "client_keepalive", interface->client_keepalive_s);
	out_text(out, "nat", interface->nat);
	out_bool(out, "isolate", interface->isolate);
	out_duration(out, "stale_after", interface->stale_after_s);
	out_duration(out, "scrub_idle", interface->scrub_idle_s);
	out_duration(out, "rotate_after", interface->rotate_after_s);
	out_bool(out, "wanted_up", interface->wanted_up);
	out_time(out, "created_at", interface->created_at);
}

void fields_addresses(const struct prg_peer *peer, char *ret_text, size_t size)
{
	char text[PRG_ADDR_TEXT];
	size_t used = 0;

	*ret_text = 0;
	for (size_t i = 0; i < peer->n_addresses && used + PRG_ADDR_TEXT + 2 < size; i++) {
		prg_addr_format(&peer->addresses[i].addr, text);
		used += (size_t)snprintf(ret_text + used, size - used, "%s%s", i ? ", " : "",
		                         text);
	}
}

static const char *status_colour(enum prg_live_status status)
{
	switch (status) {
	case PRG_LIVE_ON:
		return "green";
	case PRG_LIVE_STALE:
		return "brown"; /* as terminals call yellow */
	case PRG_LIVE_UNKNOWN:
	case PRG_LIVE_MISSING:
		return "red";
	default:
		return NULL;
	}
}

static void rate(struct out *out, const char *key, const struct rates_peer *rates, uint64_t value)
{
	if (rates && rates->measured)
		out_number(out, key, value);
	else
		out_null(out, key);
}

static void live_fields(struct out *out, const struct fields_live *shown)
{
	const struct prg_live *live = shown ? shown->live : NULL;

	if (!live) {
		out_null(out, "live");
		return;
	}
	out_object(out, "live");
	out_word(out, "status", prg_live_status_name(live->status), status_colour(live->status));
	out_time(out, "latest_handshake_at", live->present ? live->latest_handshake_at : 0);
	if (live->present) {
		out_bytes(out, "rx_bytes", live->rx_bytes);
		out_bytes(out, "tx_bytes", live->tx_bytes);
	} else {
		out_null(out, "rx_bytes");
		out_null(out, "tx_bytes");
	}
	if (shown->rated) {
		rate(out, "rx_bytes_per_s", shown->rates, shown->rates ? shown->rates->rx_rate : 0);
		rate(out, "tx_bytes_per_s", shown->rates, shown->rates ? shown->rates->tx_rate : 0);
	}
	if (shown->endpoint && live->present)
		endpoint(out, "endpoint", &live->endpoint);
	else
		out_null(out, "endpoint");
	out_object_end(out);
}

static void unregistered_fields(struct out *out, const struct prg_live *live)
{
	char key[PRG_KEY_TEXT];

	prg_public_key_format(&live->public_key, key);
	out_stand_in(out, "name", key);
	public_key(out, &live->public_key);
	out_null(out, "state");
	out_null(out, "addresses");
	out_null(out, "routes");
	prefixes(out, "allowed_ips", live->allowed_ips, live->n_allowed_ips);
	out_null(out, "client_allowed_ips");
	out_bool(out, "has_preshared_key", live->has_preshared_key);
	out_number(out, "keepalive", live->keepalive_s);
	out_null(out, "client_keepalive");
	out_array(out, "tags");
	out_array_end(out);
	out_null(out, "note");
	out_null(out, "created_at");
	out_null(out, "expires_at");
	out_null(out, "quota_bytes");
	out_null(out, "quota_period");
	out_null(out, "quota_used_bytes");
	out_null(out, "resumes_at");
	out_null(out, "config_stale");
	out_null(out, "peer_endpoint");
	out_null(out, "dns");
	out_null(out, "mtu");
	out_null(out, "revoked_at");
	out_null(out, "overlap");
}

/* Of two keys that both work: to the newer one the older, to the older one who has the
 * newer. */
static void overlap_fields(struct out *out, const struct prg_peer *peer)
{
	bool older = peer->successor_id && peer->state != PRG_PEER_REVOKED;

	if (!older && !peer->older_until) {
		out_null(out, "overlap");
		return;
	}
	out_object(out, "overlap");
	out_text(out, "older", older ? NULL : peer->older);
	if (older)
		out_null(out, "public_key");
	else
		public_key(out, &peer->older_key);
	out_text(out, "successor", older ? peer->successor : NULL);
	out_time(out, "until", older ? peer->overlap_until : peer->older_until);
	out_object_end(out);
}

static const char *quota_period(enum prg_quota_period period)
{
	return period == PRG_QUOTA_DAY ? "day" : period == PRG_QUOTA_MONTH ? "month" : "total";
}

/* What WireGuard has of a peer, as it runs or as it should. */
static void tunnel_fields(struct out *out, const struct prg_peer *peer,
                          const struct prg_live *running)
{
	char text[PRG_PREFIX_TEXT];

	if (running) {
		prefixes(out, "allowed_ips", running->allowed_ips, running->n_allowed_ips);
		out_bool(out, "has_preshared_key", running->has_preshared_key);
		out_number(out, "keepalive", running->keepalive_s);
		return;
	}
	out_array(out, "allowed_ips");
	for (size_t i = 0; i < prg_peer_n_allowed_ips(peer); i++) {
		prg_prefix_format(prg_peer_allowed_ip(peer, i), text);
		out_plain(out, NULL, text);
	}
	out_array_end(out);
	out_bool(out, "has_preshared_key", peer->has_preshared_key);
	out_number(out, "keepalive", peer->keepalive_s);
}

static void client_fields(struct out *out, const struct prg_interface *interface,
                          const struct prg_peer *peer)
{
	bool own = peer->own_client_allowed_ips;

	prefixes(out, "client_allowed_ips",
	         own ? peer->client_allowed_ips : interface->client_allowed_ips,
	         own ? peer->n_client_allowed_ips : interface->n_client_allowed_ips);
	out_number(out, "client_keepalive", peer->own_client_keepalive ?
	           peer->client_keepalive_s : interface->client_keepalive_s);
}

void fields_quota(struct out *out, const struct prg_peer *peer)
{
	bool ends = peer->resumes_at && peer->resumes_at != INT64_MAX;

	if (peer->quota_bytes) {
		out_given_bytes(out, "quota_bytes", peer->quota_bytes);
		out_text(out, "quota_period", quota_period(peer->quota_period));
		out_bytes(out, "quota_used_bytes", peer->quota_used_bytes);
	} else {
		out_null(out, "quota_bytes");
		out_null(out, "quota_period");
		out_null(out, "quota_used_bytes");
	}
	out_time(out, "resumes_at", ends ? peer->resumes_at : 0);
}

static void registered_fields(struct out *out, const struct prg_interface *interface,
                              const struct prg_peer *peer, const struct prg_live *running)
{
	out_text(out, "name", peer->name);
	public_key(out, &peer->public_key);
	out_word(out, "state", prg_peer_state_name(peer->state),
	         peer->state == PRG_PEER_ACTIVE ? NULL : "brown");
	out_array(out, "addresses");
	for (size_t i = 0; i < peer->n_addresses; i++) {
		char text[PRG_ADDR_TEXT];

		prg_addr_format(&peer->addresses[i].addr, text);
		out_plain(out, NULL, text);
	}
	out_array_end(out);
	prefixes(out, "routes", peer->routes, peer->n_routes);
	tunnel_fields(out, peer, running);
	client_fields(out, interface, peer);
	out_array(out, "tags");
	for (size_t i = 0; i < peer->n_tags; i++)
		out_text(out, NULL, peer->tags[i]);
	out_array_end(out);
	out_text(out, "note", peer->note);
	out_time(out, "created_at", peer->created_at);
	out_time(out, "expires_at", peer->expires_at);
	fields_quota(out, peer);
	out_bool(out, "config_stale", peer->config_stale);
	endpoint(out, "peer_endpoint", &peer->endpoint);
	addresses(out, "dns", peer->own_dns ? peer->dns : interface->dns,
	          peer->own_dns ? peer->n_dns : interface->n_dns);
	number_or_null(out, "mtu", peer->mtu ? peer->mtu : interface->mtu);
	out_time(out, "revoked_at", peer->revoked_at);
	overlap_fields(out, peer);
}

void fields_peer(struct out *out, const struct prg_interface *interface,
                 const struct prg_peer *peer, const struct fields_live *live)
{
	bool observed = live && live->observed && live->live && live->live->present;

	if (peer)
		registered_fields(out, interface, peer, observed ? live->live : NULL);
	else
		unregistered_fields(out, live->live);
	live_fields(out, live);
}

void fields_running(struct out *out, const struct prg_peer *peer, const struct fields_live *shown)
{
	char key[PRG_KEY_TEXT];

	prg_public_key_format(&shown->live->public_key, key);
	if (peer)
		out_text(out, "name", peer->name);
	else
		out_stand_in(out, "name", key);
	live_fields(out, shown);
	out_plain(out, "public_key", key);
	tunnel_fields(out, peer, shown->live);
}

void fields_no_peers(const struct cli *cli, const char *interface)
{
	if (cli->out.mode == OUT_TABLE)
		cli_remark(cli, "%s has no peers: 'peerage%s%s add NAME' makes one", interface,
		           cli->interface ? " -i " : "", cli->interface ? interface : "");
}

/* ------------------------------------------------------------------- plans */

static const struct out_column plan_columns[] = {
	{ "action", "ACTION", 0 },
	{ "peer", "PEER", 0 },
	{ "public_key", "KEY", OUT_HIDE },
	{ "summary", "WHAT", OUT_FOLD },
};

/* Whose it is: a peer of the register, a key without a name, or the interface. */
static void whose(struct out *out, const struct prg_change *change)
{
	char key[PRG_KEY_TEXT];

	if (change->peer || !change->has_public_key) {
		out_text(out, "peer", change->peer);
		return;
	}
	prg_public_key_format(&change->public_key, key);
	out_stand_in(out, "peer", key);
}

static void summarise(struct cli *cli, const struct prg_change *change)
{
	OWN_FREE char *text = cli->out.mode == OUT_JSON ? NULL :
	                      words_of_change(change, cli->dry_run);

	if (text)
		out_summary(&cli->out, "summary", text);
	else if (cli->out.mode != OUT_JSON)
		cli->out.nomem = true;
}

void fields_changed(struct out *out, const struct prg_change *change)
{
	out_object(out, "fields");
	for (size_t i = 0; i < change->n_fields; i++) {
		out_object(out, change->fields[i].name);
		out_json(out, "from", change->fields[i].from);
		out_json(out, "to", change->fields[i].to);
		out_object_end(out);
	}
	out_object_end(out);
}

static void change_fields(struct cli *cli, const struct prg_change *change)
{
	struct out *out = &cli->out;

	out_text(out, "action", change->action);
	whose(out, change);
	if (change->has_public_key)
		public_key(out, &change->public_key);
	else
		out_null(out, "public_key");
	summarise(cli, change);
	fields_changed(out, change);
}

void fields_change_list(struct cli *cli, const struct prg_report *report)
{
	if (cli->out.mode != OUT_JSON)
		return; /* objects of no name are JSON's alone */
	out_array(&cli->out, "changes");
	for (size_t i = 0; i < prg_report_n_changes(report); i++) {
		out_object(&cli->out, NULL);
		change_fields(cli, prg_report_change(report, i));
		out_object_end(&cli->out);
	}
	out_array_end(&cli->out);
}

void fields_changes_begin(struct cli *cli, bool in_full)
{
	out_list(&cli->out, "changes", plan_columns,
	         in_full ? sizeof(plan_columns) / sizeof(*plan_columns) : 0);
}

size_t fields_change_rows(struct cli *cli, const struct prg_report *report)
{
	size_t n = prg_report_n_changes(report);

	for (size_t i = 0; i < n; i++) {
		out_row(&cli->out);
		change_fields(cli, prg_report_change(report, i));
		out_row_end(&cli->out);
	}
	return n;
}

bool fields_changes(struct cli *cli, const struct prg_report *report, bool in_full)
{
	struct out *out = &cli->out;
	size_t n, left = prg_report_n_left_over(report);

	fields_changes_begin(cli, in_full);
	n = fields_change_rows(cli, report);
	out_list_end(out);
	out_array(out, "left_over");
	for (size_t i = 0; i < left; i++) {
		char text[PRG_KEY_TEXT];

		prg_public_key_format(prg_report_left_over(report, i), text);
		out_plain(out, NULL, text);
		if (out->mode != OUT_JSON && cli->args.command->run != cmd_apply &&
		    cli->args.command->run != cmd_plan)
			cli_remark(cli, "left over: %s was never registered; 'peerage sync "
			                "--prune' takes it out", text);
	}
	out_array_end(out);
	out_bool(out, "applied", prg_report_applied(report));
	return n || left;
}

bool fields_plan(struct cli *cli, const struct prg_report *report, bool in_full)
{
	out_text(&cli->out, "interface", prg_report_interface(report)->name);
	return fields_changes(cli, report, in_full);
}

bool fields_dry_run(struct cli *cli, const struct prg_report *report)
{
	bool differs = fields_plan(cli, report, true);

	if (!differs && cli->out.mode == OUT_TABLE)
		cli_remark(cli, "%s: nothing to change", prg_report_interface(report)->name);
	return differs;
}
