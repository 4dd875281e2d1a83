/* SPDX-License-Identifier: ISC */
/* metrics: the Prometheus text format, version 0.0.4 */
#include "cli.h"
#include "files.h"
#include "sink.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#define STATES   4
#define STATUSES 9 /* enum prg_live_status, from 1 on */

struct text {
	char *data;
	size_t length, capacity;
	bool nomem;
};

/* What is known of one interface. */
struct shown {
	struct prg_interface interface;
	struct prg_figures figures;
	uint64_t states[STATES], statuses[STATUSES];
	struct prg_live_interface live;
	bool looked; /* at what runs */
};

struct all {
	struct cli *cli;
	struct shown *list;
	size_t n;
	struct text text;
};

static void put(struct text *text, const char *format, ...) PRG_PRINTF(2, 3);
static void put(struct text *text, const char *format, ...)
{
	char line[512];
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(line))
		return;
	if (text->length + (size_t)n + 1 > text->capacity) {
		size_t capacity = 2 * text->capacity + 4096;
		char *grown = realloc(text->data, capacity);

		if (!grown) {
			text->nomem = true;
			return;
		}
		text->data = grown;
		text->capacity = capacity;
	}
	memcpy(text->data + text->length, line, (size_t)n + 1);
	text->length += (size_t)n;
}

/* Names of interfaces and peers have nothing in them that a label would escape. */
static void family(struct text *text, const char *name, const char *type, const char *help)
{
	put(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* ----------------------------------------------------------------------- looking */

static int take(void *context, const struct prg_interface *interface)
{
	struct all *all = context;
	struct shown *grown = reallocarray(all->list, all->n + 1, sizeof(*grown));

	if (!grown)
		return PRG_E_NOMEM;
	all->list = grown;
	grown[all->n] = (struct shown){ .looked = false };
	memcpy(grown[all->n].interface.name, interface->name, PRG_IFNAME_TEXT);
	grown[all->n++].interface.wanted_up = interface->wanted_up;
	return 0;
}

static int count_live(void *context, const struct prg_live *live, const struct prg_peer *peer)
{
	struct shown *shown = context;

	(void)peer;
	if (live->status > 0 && live->status < STATUSES)
		shown->statuses[live->status]++;
	return 0;
}

static int look(struct cli *cli, struct shown *shown, struct prg_error *err)
{
	const char *name = shown->interface.name;
	struct prg_error unseen;
	int code = prg_figures(cli->reg, name, &shown->figures, err);

	for (int state = 0; !code && state < STATES; state++)
		code = prg_count_peers(cli->reg, name, (enum prg_peer_state)state,
		                       &shown->states[state], err);
	if (code || cli->backend == PRG_BACKEND_NONE)
		return code;
	/* who may not look at the interface may still read the register */
	if (prg_status(cli->reg, name, NULL, 0, PRG_STATUS_BRIEF, &shown->live, count_live, shown,
	               &unseen))
		cli_remark(cli, "nothing live to tell of %s: %s", name, unseen.message);
	else
		shown->looked = true;
	return 0;
}

/* ----------------------------------------------------------------------- telling */

static bool any_live(const struct all *all)
{
	bool any = false;

	for (size_t i = 0; i < all->n; i++)
		any |= all->list[i].looked;
	return any;
}

static void put_peers(struct all *all)
{
	struct text *text = &all->text;

	family(text, "peerage_peers", "gauge", "Registered peers by state.");
	for (size_t i = 0; i < all->n; i++)
		for (int state = 0; state < STATES; state++)
			put(text, "peerage_peers{interface=\"%s\",state=\"%s\"} %" PRIu64 "\n",
			    all->list[i].interface.name,
			    prg_peer_state_name((enum prg_peer_state)state),
			    all->list[i].states[state]);
	if (any_live(all))
		family(text, "peerage_live_peers", "gauge",
		       "Peers by what runs: on is a handshake in the last three minutes.");
	for (size_t i = 0; i < all->n; i++)
		for (int status = 1; all->list[i].looked && status < STATUSES; status++)
			put(text,
			    "peerage_live_peers{interface=\"%s\",status=\"%s\"} %" PRIu64 "\n",
			    all->list[i].interface.name,
			    prg_live_status_name((enum prg_live_status)status),
			    all->list[i].statuses[status]);
}

static void put_up(struct all *all)
{
	struct text *text = &all->text;

	family(text, "peerage_interface_wanted_up", "gauge", "Whether it is registered as up.");
	for (size_t i = 0; i < all->n; i++)
		put(text, "peerage_interface_wanted_up{interface=\"%s\"} %d\n",
		    all->list[i].interface.name, all->list[i].interface.wanted_up);
	if (any_live(all))
		family(text, "peerage_interface_up", "gauge", "Whether it runs, and is ours.");
	for (size_t i = 0; i < all->n; i++)
		if (all->list[i].looked)
			put(text, "peerage_interface_up{interface=\"%s\"} %d\n",
			    all->list[i].interface.name,
			    all->list[i].live.present && all->list[i].live.up &&
			            all->list[i].live.ours);
}

static void put_figures(struct all *all)
{
	struct text *text = &all->text;

	family(text, "peerage_receive_bytes_total", "counter",
	       "Received from peers, as maintain counted it.");
	for (size_t i = 0; i < all->n; i++)
		put(text, "peerage_receive_bytes_total{interface=\"%s\"} %" PRIu64 "\n",
		    all->list[i].interface.name, all->list[i].figures.rx_bytes);
	family(text, "peerage_transmit_bytes_total", "counter",
	       "Sent to peers, as maintain counted it.");
	for (size_t i = 0; i < all->n; i++)
		put(text, "peerage_transmit_bytes_total{interface=\"%s\"} %" PRIu64 "\n",
		    all->list[i].interface.name, all->list[i].figures.tx_bytes);
	family(text, "peerage_pending", "gauge", "Changes recorded and not applied.");
	for (size_t i = 0; i < all->n; i++)
		put(text, "peerage_pending{interface=\"%s\"} %" PRIu64 "\n",
		    all->list[i].interface.name, all->list[i].figures.pending);
	family(text, "peerage_last_maintain_timestamp_seconds", "gauge",
	       "When maintain ran last since boot; 0: not yet.");
	for (size_t i = 0; i < all->n; i++)
		put(text,
		    "peerage_last_maintain_timestamp_seconds{interface=\"%s\"} %" PRId64 "\n",
		    all->list[i].interface.name, all->list[i].figures.maintained_at);
	family(text, "peerage_log_entries_total", "counter", "Entries of the audit chain.");
	if (all->n > 0)
		put(text, "peerage_log_entries_total %" PRIu64 "\n", all->list[0].figures.head);
	family(text, "peerage_info", "gauge", "The program's version.");
	put(text, "peerage_info{version=\"%s\"} 1\n", prg_version());
}

struct peers {
	struct text *text;
	const char *interface;
	bool sent;
};

static int put_peer(void *context, const struct prg_usage *usage)
{
	const struct peers *peers = context;

	put(peers->text, "peerage_peer_%s_bytes_total{interface=\"%s\",peer=\"%s\"} %" PRIu64 "\n",
	    peers->sent ? "transmit" : "receive", peers->interface, usage->peer->name,
	    peers->sent ? usage->tx_bytes : usage->rx_bytes);
	return peers->text->nomem ? PRG_E_NOMEM : 0;
}

/* All lines of one metric stand together. */
static int put_each_peer(struct all *all, struct prg_error *err)
{
	int code = 0;

	for (int sent = 0; !code && sent < 2; sent++) {
		family(&all->text,
		       sent ? "peerage_peer_transmit_bytes_total"
		            : "peerage_peer_receive_bytes_total",
		       "counter", sent ? "Sent to a peer." : "Received from a peer.");
		for (size_t i = 0; !code && i < all->n; i++) {
			struct peers peers = { &all->text, all->list[i].interface.name, sent };

			code = prg_usage(all->cli->reg, peers.interface, NULL, 0, 0,
			                 PRG_USAGE_TOTAL, put_peer, &peers, err);
		}
	}
	return code == PRG_E_NOMEM ? say_nomem(err) : code;
}

static int print(struct all *all, struct prg_error *err)
{
	const char *path = args_value(&all->cli->args, OPT_REPLACE_FILE);

	if (all->text.nomem)
		return say_nomem(err);
	if (path)
		return files_replace(path, all->text.data, all->text.length, err);
	(void)sink_through(all->text.data, all->text.length);
	return 0;
}

int cmd_metrics(struct cli *cli, struct prg_error *err)
{
	struct all all = { .cli = cli };
	OWN_INTERFACE *interface = NULL;
	int code;

	if (cli->interface) {
		code = prg_find_interface(cli->reg, cli->interface, &interface, err);
		if (!code)
			code = take(&all, interface);
	} else {
		code = prg_list_interfaces(cli->reg, take, &all, err);
	}
	if (code == PRG_E_NOMEM)
		code = say_nomem(err);
	for (size_t i = 0; !code && i < all.n; i++)
		code = look(cli, &all.list[i], err);
	if (!code) {
		put_peers(&all);
		put_up(&all);
		put_figures(&all);
		if (args_has(&cli->args, OPT_PER_PEER))
			code = put_each_peer(&all, err);
	}
	if (!code)
		code = print(&all, err);
	free(all.list);
	free(all.text.data);
	return code;
}
