/* SPDX-License-Identifier: ISC */
/* A tick, inside its transaction: what was counted, then what comes of it. */
#include <string.h>

#include "base/error.h"
#include "change/change.h"
#include "tick.h"

#define PAGE 512
#define KEEP_DAYS 62 /* the month before is always there day by day */

/* The day of a handshake; nobody is seen tomorrow, whatever the clock said then. */
static int64_t day_seen(int64_t handshake, int64_t before, int64_t today)
{
	int64_t day = handshake > 0 ? prg_day_of(handshake) : before;

	return day < today ? day : today;
}

static int count_seen(struct prg_road *road, struct prg_usage_row *row,
                      const struct prg_observed_row *seen, int64_t life, struct prg_error *err)
{
	const struct prg_counters now = { seen->rx_bytes, seen->tx_bytes };
	const struct prg_counters more = prg_counters_since(&row->seen, &now);
	int64_t today = prg_day_of(road->clock.now);
	int64_t day = day_seen(seen->latest_handshake_at, row->seen_day, today);
	bool same = memcmp(&row->seen, &now, sizeof(now)) == 0;
	int rc;

	if (same && day == row->seen_day)
		return 0;
	row->seen = now;
	row->seen_day = day;
	rc = prg_usage_see(road->store, row, life, err);
	if (rc == 0 && !prg_counters_zero(&more)) {
		prg_report_upkeep_of(road->report)->counted++;
		rc = prg_usage_add(road->store, row, today, &more, err);
	}
	return rc;
}

/* Not in the interface, or there with nothing to tell: what its counters go on from, now
 * or should it come back, is zero. */
static int count_absent(struct prg_road *road, struct prg_usage_row *row, struct prg_error *err)
{
	int64_t day = day_seen(0, row->seen_day, prg_day_of(road->clock.now));

	if ((prg_counters_zero(&row->seen) && day == row->seen_day) || road->tick->interrupted)
		return 0;
	row->seen = (struct prg_counters){ 0, 0 };
	row->seen_day = day;
	return prg_usage_see(road->store, row, 0, err);
}

static int count_row(struct prg_road *road, struct prg_usage_row *row, int64_t life,
                     struct prg_error *err)
{
	struct prg_observed_row *seen = NULL;
	int rc = prg_observed_find(&road->tick->seen, &row->public_key, &seen, err);

	if (rc < 0)
		return rc;
	if (seen == NULL)
		return count_absent(road, row, err);
	seen->met = true;
	return count_seen(road, row, seen, life, err);
}

/* lately: of what the register holds those only that this life was told of before. */
static int count_rows(struct prg_road *road, int64_t life, bool lately, struct prg_error *err)
{
	PRG_FREE struct prg_usage_row *rows = calloc(PAGE, sizeof(*rows));
	int64_t after = 0;
	size_t n = PAGE, i;
	int rc = rows == NULL ? prg_error_nomem(err) : 0;

	while (rc == 0 && n == PAGE) {
		rc = prg_usage_page(road->store, road->interface->id, life, lately, after, PAGE,
		                    rows, &n, err);
		for (i = 0; rc == 0 && i < n; i++) {
			after = rows[i].id;
			rc = count_row(road, &rows[i], life, err);
		}
	}
	return rc;
}

/* Those that this life tells of for the first time. */
static int count_new(struct prg_road *road, int64_t life, struct prg_error *err)
{
	struct prg_observed *all = &road->tick->seen;
	size_t i;
	int rc = 0;

	for (i = 0; i < all->n && rc == 0; i++) {
		const struct prg_observed_row *seen = prg_observed_row(all, i);
		struct prg_usage_row row;
		bool found = false;

		if (seen->met || !prg_tick_counts(seen))
			continue;
		rc = prg_usage_of_key(road->store, road->interface->id, life, &seen->public_key,
		                      &row, &found, err);
		if (rc == 0 && found)
			rc = count_seen(road, &row, seen, life, err);
	}
	return rc;
}

/* Did the last tick see the same? */
static bool seen_before(const struct prg_tick *tick)
{
	const struct prg_usage_life *known = &tick->known;

	return known->same && known->has_digest && !tick->interrupted &&
	       memcmp(known->digest, tick->digest, sizeof(known->digest)) == 0;
}

int prg_change_count(struct prg_road *road, struct prg_error *err)
{
	struct prg_tick *tick = road->tick;
	int rc = prg_usage_life(road->store, road->interface->id, tick->life, &tick->known, err);

	if (rc < 0)
		return rc;
	tick->seen_before = seen_before(tick);
	tick->known.number += !tick->known.same;
	if (tick->seen_before)
		return 0;
	rc = count_rows(road, tick->known.number, tick->known.same, err);
	return rc == 0 && tick->known.same ? count_new(road, tick->known.number, err) : rc;
}

/* The next tick that sees the same, with nothing changed since, has nothing to do. */
static int remember(struct prg_road *road, struct prg_error *err)
{
	struct prg_tick *tick = road->tick;
	int64_t head = 0;
	int rc = prg_usage_chain_end(road->store, &head, err);

	if (rc < 0 || (tick->seen_before && head == tick->known.head))
		return rc;
	tick->known.has_digest = !tick->interrupted;
	memcpy(tick->known.digest, tick->digest, sizeof(tick->digest));
	return prg_usage_life_set(road->store, road->interface->id, tick->life, &tick->known, err);
}

static int fold(struct prg_road *road, struct prg_error *err)
{
	int64_t keep = prg_day_of(road->clock.now) - KEEP_DAYS;
	bool old = false;
	int rc = prg_usage_has_before(road->store, keep, &old, err);

	return rc == 0 && old ? prg_usage_fold(road->store, keep, err) : rc;
}

int prg_change_maintain(struct prg_road *road, struct prg_error *err)
{
	bool used = true;
	int64_t head = 0;
	int rc = prg_usage_chain_end(road->store, &head, err);

	if (road->clock.jumped)
		prg_report_remark_add(road->report,
		                      "this host's clock has jumped by more than a day: until it "
		                      "has gone on from there for an hour nobody is cut off or let "
		                      "in by it");
	if (road->tick != NULL)
		used = !road->tick->seen_before || head != road->tick->known.head;
	if (rc == 0)
		rc = prg_change_quotas(road, used, err);
	if (rc == 0 && road->clock.trusted)
		rc = fold(road, err);
	return rc == 0 && road->tick != NULL ? remember(road, err) : rc;
}
