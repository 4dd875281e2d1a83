/* SPDX-License-Identifier: ISC */
/* Peers whose quota is used up, and those that may come back. */
#include <string.h>

#include "base/error.h"
#include "change/change.h"
#include "model/value.h"
#include "store/usage.h"

#define AT_ONCE 256

/* One change of state, for itself. */
static int move(struct prg_road *road, int64_t id, const char *verb, enum prg_peer_state state,
                int64_t resumes_at, struct prg_error *err)
{
	PRG_PEER *before = NULL, *after = NULL;
	int rc = prg_store_peer_by_id(road->store, id, &before, err);

	if (rc < 0)
		return rc;
	after = prg_peer_copy(before);
	if (after == NULL)
		return prg_error_nomem(err);
	after->state = state;
	after->resumes_at = resumes_at;
	return prg_change_update(road, verb, before, after, err);
}

/* ------------------------------------------------------------------------ cutting */

static void remark_cut(struct prg_road *road, const struct prg_peer *peer, int64_t resumes_at)
{
	const char *is = prg_road_dry(road) ? "would be" : "is";
	char until[21];

	if (resumes_at == INT64_MAX) {
		prg_report_remark_add(road->report,
		                      "peer %s %s cut off: its quota is used up; 'peerage set %s "
		                      "--quota SIZE' extends it",
		                      peer->name, is, peer->name);
		return;
	}
	prg_moment_format(resumes_at, until);
	prg_report_remark_add(road->report, "peer %s %s cut off until %s: its quota is used up",
	                      peer->name, is, until);
}

/* With it go the older keys that it takes over from: their use is its own. */
static int cut_one(struct prg_road *road, int64_t id, struct prg_error *err)
{
	int64_t older[AT_ONCE], resumes_at;
	size_t n = 0, i;
	PRG_PEER *peer = NULL;
	int rc = prg_store_peer_by_id(road->store, id, &peer, err);

	if (rc < 0)
		return rc;
	resumes_at = prg_quota_resumes(peer->quota_period, road->clock.now);
	rc = prg_usage_predecessors(road->store, id, AT_ONCE, older, &n, err);
	for (i = 0; rc == 0 && i < n; i++)
		rc = move(road, older[i], "quota", PRG_PEER_EXPIRED, resumes_at, err);
	if (rc == 0)
		rc = move(road, id, "quota", PRG_PEER_EXPIRED, resumes_at, err);
	if (rc < 0)
		return rc;
	prg_report_upkeep_of(road->report)->cut++;
	remark_cut(road, peer, resumes_at);
	return 0;
}

/* Days and months are only cut where the clock tells them apart. */
static int cut(struct prg_road *road, struct prg_error *err)
{
	int64_t ids[AT_ONCE], after = 0;
	size_t n = AT_ONCE, i;
	int rc = 0;

	while (rc == 0 && n == AT_ONCE) {
		rc = prg_usage_over(road->store, road->interface->id, road->clock.now,
		                    road->clock.trusted, after, AT_ONCE, ids, &n, err);
		for (i = 0; rc == 0 && i < n; i++) {
			after = ids[i];
			rc = cut_one(road, ids[i], err);
		}
	}
	return rc;
}

/* --------------------------------------------------------------------- coming back */

static int resume_one(struct prg_road *road, int64_t id, struct prg_error *err)
{
	PRG_PEER *peer = NULL;
	int rc = prg_store_peer_by_id(road->store, id, &peer, err);
	bool over;

	if (rc < 0)
		return rc;
	over = peer->expires_at != 0 && peer->expires_at <= road->clock.now;
	prg_report_upkeep_of(road->report)->resumed += !over;
	return move(road, id, "resume", over ? PRG_PEER_EXPIRED : PRG_PEER_ACTIVE, 0, err);
}

static int resume(struct prg_road *road, struct prg_error *err)
{
	int64_t ids[AT_ONCE];
	size_t n = AT_ONCE, i;
	int rc = 0;

	while (rc == 0 && n == AT_ONCE) {
		rc = prg_usage_resuming(road->store, road->interface->id, road->clock.now, AT_ONCE,
		                        ids, &n, err);
		for (i = 0; rc == 0 && i < n; i++)
			rc = resume_one(road, ids[i], err);
	}
	return rc;
}

int prg_change_quotas(struct prg_road *road, bool cuts, struct prg_error *err)
{
	int rc = road->clock.trusted ? resume(road, err) : 0;

	return rc == 0 && cuts ? cut(road, err) : rc;
}

/* ---------------------------------------------------------------------- extending */

static int is_used(struct prg_road *road, const struct prg_peer *peer, bool *ret,
                   struct prg_error *err)
{
	uint64_t used = 0;
	int rc = 0;

	if (peer->quota_bytes != 0)
		rc = prg_usage_used(road->store, peer, road->clock.now, &used, err);
	*ret = peer->quota_bytes != 0 && used >= peer->quota_bytes;
	return rc;
}

int prg_change_refuse_used(struct prg_road *road, const struct prg_peer *peer,
                           struct prg_error *err)
{
	char until[32] = "";
	int64_t resumes_at = prg_quota_resumes(peer->quota_period, road->clock.now);
	bool used = false;
	int rc = is_used(road, peer, &used, err);

	if (rc < 0 || !used)
		return rc;
	if (resumes_at != INT64_MAX) {
		strcpy(until, " until ");
		prg_moment_format(resumes_at, until + strlen(until));
	}
	return prg_error_set(err, PRG_E_CONFLICT,
	                     "peer %s has used up its quota%s: extend it with 'peerage set %s "
	                     "--quota SIZE', or 'none'",
	                     peer->name, until, peer->name);
}

int prg_change_extend(struct prg_road *road, struct prg_peer *peer, struct prg_error *err)
{
	bool used = false;
	int rc = 0;

	if (peer->resumes_at == 0)
		return 0; /* should it be used up by now, the next tick sees it */
	rc = is_used(road, peer, &used, err);
	if (rc < 0)
		return rc;
	peer->resumes_at = used ? prg_quota_resumes(peer->quota_period, road->clock.now) : 0;
	if (!used && (peer->expires_at == 0 || peer->expires_at > road->now))
		peer->state = PRG_PEER_ACTIVE;
	return 0;
}
