/* SPDX-License-Identifier: ISC */
/* What peers have transferred, for people. */
#include <string.h>

#include "base/error.h"
#include "engine.h"
#include "store/usage.h"

#define PAGE 256
#define DAY_S 86400

struct view {
	struct prg_register *reg;
	int64_t since; /* a day */
	bool all;      /* since ever */
	enum prg_usage_by by;
	prg_usage_fn *fn;
	void *context;
};

static int tell_total(const struct view *v, struct prg_usage *usage, struct prg_error *err)
{
	PRG_FREE struct prg_usage_sum *months = NULL;
	size_t n = 0, i;
	int rc = 0;

	if (!v->all) {
		usage->rx_bytes = usage->tx_bytes = 0;
		rc = prg_usage_months(v->reg->store, usage->peer->id, v->since, &months, &n, err);
	}
	for (i = 0; i < n; i++) {
		usage->rx_bytes += months[i].counters.rx_bytes;
		usage->tx_bytes += months[i].counters.tx_bytes;
	}
	return rc < 0 ? rc : v->fn(v->context, usage);
}

static int tell_periods(const struct view *v, struct prg_usage *usage, struct prg_error *err)
{
	PRG_FREE struct prg_usage_sum *list = NULL;
	size_t n = 0, i;
	int rc = v->by == PRG_USAGE_DAY
	                 ? prg_usage_days(v->reg->store, usage->peer->id, v->since, &list, &n, err)
	                 : prg_usage_months(v->reg->store, usage->peer->id, v->since, &list, &n,
	                                    err);

	for (i = 0; i < n && rc == 0; i++) {
		int64_t period = list[i].period;

		usage->from = (v->by == PRG_USAGE_DAY ? period : prg_month_begins(period)) * DAY_S;
		usage->rx_bytes = list[i].counters.rx_bytes;
		usage->tx_bytes = list[i].counters.tx_bytes;
		rc = v->fn(v->context, usage);
	}
	return rc;
}

static int tell(const struct view *v, const struct prg_peer *peer, struct prg_error *err)
{
	struct prg_usage usage = { .peer = peer };
	struct prg_counters total = { 0, 0 };
	int64_t seen_day = 0;
	int rc = prg_usage_total(v->reg->store, peer->id, &total, &seen_day, err);

	if (rc < 0)
		return rc;
	usage.rx_bytes = total.rx_bytes;
	usage.tx_bytes = total.tx_bytes;
	usage.seen_at = seen_day * DAY_S;
	return v->by == PRG_USAGE_TOTAL ? tell_total(v, &usage, err) : tell_periods(v, &usage, err);
}

static int tell_named(const struct view *v, const struct prg_interface *interface,
                      const char *const *names, size_t n, struct prg_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < n && rc == 0; i++) {
		PRG_PEER *peer = NULL;

		rc = prg_store_peer_any(v->reg->store, interface->id, names[i], &peer, err);
		if (rc == 0)
			rc = tell(v, peer, err);
	}
	return rc;
}

static int tell_all(const struct view *v, const struct prg_interface *interface,
                    struct prg_error *err)
{
	int64_t after = 0;
	size_t n = PAGE, i;
	int rc = 0;

	while (rc == 0 && n == PAGE) {
		struct prg_peer **page = NULL;

		n = 0;
		rc = prg_store_peers(v->reg->store, interface->id, after, PAGE, &page, &n, err);
		for (i = 0; i < n && rc == 0; i++) {
			after = page[i]->id;
			if (page[i]->state != PRG_PEER_REVOKED)
				rc = tell(v, page[i], err);
		}
		prg_peers_free(&page, n);
	}
	return rc;
}

int prg_usage(struct prg_register *reg, const char *interface, const char *const *names,
              size_t n_names, int64_t since, enum prg_usage_by by, prg_usage_fn *fn,
              void *context, struct prg_error *err)
{
	const struct view view = { .reg = reg, .by = by, .fn = fn, .context = context,
		                   .all = since <= 0, .since = since > 0 ? prg_day_of(since) : 0 };
	PRG_INTERFACE *found = NULL;
	int rc = prg_find_interface(reg, interface, &found, err);

	if (rc < 0)
		return rc;
	return n_names > 0 ? tell_named(&view, found, names, n_names, err)
	                   : tell_all(&view, found, err);
}

int prg_figures(struct prg_register *reg, const char *interface, struct prg_figures *ret_figures,
                struct prg_error *err)
{
	PRG_INTERFACE *found = NULL;
	PRG_FREE struct prg_pending *rows = NULL;
	struct prg_counters all = { 0, 0 };
	struct prg_figures made = { 0 };
	int64_t head = 0;
	size_t n = 0;
	int rc = prg_find_interface(reg, interface, &found, err);

	if (rc == 0)
		rc = prg_usage_all(reg->store, found->id, &all, err);
	if (rc == 0)
		rc = prg_store_pending(reg->store, found->id, &rows, &n, err);
	if (rc == 0)
		rc = prg_usage_chain_end(reg->store, &head, err);
	if (rc < 0)
		return rc;
	made.rx_bytes = all.rx_bytes;
	made.tx_bytes = all.tx_bytes;
	made.pending = n;
	made.head = (uint64_t)head;
	made.maintained_at = prg_upkeep_last(reg, found->name);
	*ret_figures = made;
	return 0;
}
