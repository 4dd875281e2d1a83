/* SPDX-License-Identifier: ISC */
/* usage */
#include "fields.h"

#include <string.h>
#include <time.h>

static const struct out_column columns[] = {
	{ "name", "NAME", 0 },
	{ "period", "PERIOD", 0 },
	{ "rx_bytes", "RECEIVED", OUT_RIGHT },
	{ "tx_bytes", "SENT", OUT_RIGHT },
	{ "total_bytes", "TOTAL", OUT_RIGHT },
	{ "last_seen_on", "LAST-SEEN", 0 },
	{ "quota_bytes", "QUOTA", OUT_RIGHT },
	{ "quota_period", "PER", 0 },
	{ "quota_used_bytes", "USED", OUT_RIGHT },
	{ "state", "STATE", OUT_HIDE },
	{ "public_key", "KEY", OUT_HIDE },
};
#define N_COLUMNS (sizeof(columns) / sizeof(*columns))
#define PERIOD 1

struct view {
	struct cli *cli;
	enum prg_usage_by by;
	bool any;
};

/* "2027-01-31", or its month, "2027-01". */
static void put_date(struct out *out, const char *key, int64_t moment, size_t length)
{
	time_t when = (time_t)moment;
	struct tm tm;
	char text[32];

	if (!moment || !gmtime_r(&when, &tm) || !strftime(text, sizeof(text), "%Y-%m-%d", &tm)) {
		out_null(out, key);
		return;
	}
	text[length] = 0;
	out_text(out, key, text);
}

static int usage_row(void *context, const struct prg_usage *usage)
{
	struct view *view = context;
	struct out *out = &view->cli->out;
	char key[PRG_KEY_TEXT];

	view->any = true;
	prg_public_key_format(&usage->peer->public_key, key);
	out_row(out);
	out_text(out, "name", usage->peer->name);
	if (view->by == PRG_USAGE_TOTAL)
		out_null(out, "period");
	else
		put_date(out, "period", usage->from, view->by == PRG_USAGE_DAY ? 10 : 7);
	out_bytes(out, "rx_bytes", usage->rx_bytes);
	out_bytes(out, "tx_bytes", usage->tx_bytes);
	out_bytes(out, "total_bytes", usage->rx_bytes + usage->tx_bytes);
	put_date(out, "last_seen_on", usage->seen_at, 10);
	fields_quota(out, usage->peer);
	out_word(out, "state", prg_peer_state_name(usage->peer->state), NULL);
	out_plain(out, "public_key", key);
	out_row_end(out);
	return out_failed(out) ? PRG_E_FAILED : 0;
}

static int choose(const struct cli *cli, enum prg_usage_by *ret_by, int64_t *ret_since,
                  struct prg_error *err)
{
	const char *by = args_value(&cli->args, OPT_BY), *since = args_value(&cli->args, OPT_SINCE);

	*ret_since = 0;
	if (since && prg_since_parse(since, ret_since, err))
		return say_wrap(err, "--since");
	*ret_by = !by ? PRG_USAGE_TOTAL : strcmp(by, "day") ? PRG_USAGE_MONTH : PRG_USAGE_DAY;
	if (by && !opt_knows(OPT_BY, by))
		return say_error(err, PRG_E_USAGE, "--by '%s' is unknown: give day or month", by);
	return 0;
}

int cmd_usage(struct cli *cli, struct prg_error *err)
{
	struct out_column shown[N_COLUMNS];
	OWN_INTERFACE *interface = NULL;
	struct view view = { .cli = cli };
	int64_t since = 0;
	int code = choose(cli, &view.by, &since, err);

	if (!code)
		code = prg_find_interface(cli->reg, cli->interface, &interface, err);
	if (code)
		return code;
	memcpy(shown, columns, sizeof(shown));
	if (view.by == PRG_USAGE_TOTAL)
		shown[PERIOD].flags |= OUT_HIDE;
	out_text(&cli->out, "interface", interface->name);
	out_list(&cli->out, "usage", shown, N_COLUMNS);
	code = prg_usage(cli->reg, interface->name, (const char *const *)cli->args.words,
	                 cli->args.n_words, since, view.by, usage_row, &view, err);
	if (code && out_failed(&cli->out))
		return 0; /* said when the output ends */
	if (code)
		return code;
	out_list_end(&cli->out);
	if (!view.any && cli->out.mode == OUT_TABLE)
		cli_remark(cli, "nothing is counted yet: 'peerage maintain' does, as "
		                "peerage-maintain.timer runs it");
	return 0;
}
