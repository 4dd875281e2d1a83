/* SPDX-License-Identifier: ISC */
/*
 * Rotation with overlap: for a while both keys of a peer work. The newer key is a new
 * row that has the name; the row of the older one is called NAME.old, says whose
 * predecessor it is, and until when it stays at most. What no two rows can have, the
 * routes, stays with the older key until that one goes.
 */
#include <string.h>

#include "base/error.h"
#include "change/change.h"
#include "model/name.h"
#include "model/value.h"
#include "store/pool.h"
#include "store/usage.h"

#define AT_ONCE 256
#define TOLD 3 /* overlaps that a remark each says the end of */

/* ------------------------------------------------------------------ beginning */

static int find_name(struct prg_road *road, const char *name, char ret[PRG_NAME_BYTES + 1],
                     struct prg_error *err)
{
	unsigned n = 0;
	int rc;

	do {
		PRG_PEER *taken = NULL;

		prg_name_older(name, ++n, ret);
		rc = prg_store_peer(road->store, road->interface->id, ret, &taken, err);
	} while (rc == 0);
	return rc == PRG_E_NOT_FOUND ? 0 : rc;
}

/* The older row gives its name up. */
static int step_aside(struct prg_road *road, const struct prg_peer *before,
                      struct prg_peer *older, struct prg_error *err)
{
	int rc = find_name(road, before->name, older->name, err);

	return rc < 0 ? rc : prg_store_peer_update(road->store, older, err);
}

static int insert_newer(struct prg_road *road, struct prg_peer *newer,
                        const struct prg_fresh_keys *keys, struct prg_error *err)
{
	const struct prg_preshared_key *psk =
		newer->has_preshared_key ? &keys->preshared_key : NULL;
	struct prg_prefix *addresses;
	size_t n;
	int rc;

	newer->id = newer->successor_id = newer->overlap_until = 0;
	newer->public_key = keys->public_key;
	newer->keyed_at = road->now;
	newer->config_epoch = road->interface->config_epoch;
	rc = prg_store_peer_insert(road->store, newer, psk, err);
	if (rc < 0)
		return rc;
	rc = prg_pool_allocate(road->store, road->interface->id, newer->id, road->now, &addresses,
	                       &n, err);
	if (rc == 0)
		free(addresses);
	else if (rc == PRG_E_FULL)
		rc = prg_error_wrap(err, rc,
		                    "peer %s needs addresses of its own for the newer key (without "
		                    "--overlap it keeps those that it has)",
		                    newer->name);
	return rc;
}

static void remark_begun(struct prg_road *road, const struct prg_peer *older,
                         const struct prg_peer *newer)
{
	char moment[21];

	prg_moment_format(older->overlap_until, moment);
	prg_report_remark_add(road->report,
	                      "peer %s: the older key works too, as %s, until 'peerage maintain' "
	                      "sees the newer one in use, at most until %s",
	                      newer->name, older->name, moment);
	if (older->n_routes > 0)
		prg_report_remark_add(road->report,
		                      "peer %s: its routes lead to the older key until then",
		                      newer->name);
}

static int tell_begun(struct prg_road *road, const struct prg_peer *before,
                      const struct prg_peer *older, struct prg_peer **newer,
                      const struct prg_fresh_keys *keys, struct prg_error *err)
{
	const struct prg_peer *made = *newer;
	struct prg_wg_peer wg;
	const struct prg_wg_peer *to;
	int rc = prg_change_audit_peer(road, "rotate", before, older, err);

	if (rc == 0)
		rc = prg_change_audit_peer(road, "rotate", before, made, err);
	if (rc == 0)
		rc = prg_change_desired(road, made, &wg, &to, err);
	if (rc == 0)
		rc = prg_change_touch(road, made->name, NULL, to, err);
	if (rc == 0 && prg_road_dry(road))
		rc = prg_describe_to_report(before, older, road->report, err);
	if (rc < 0)
		return rc;
	remark_begun(road, older, made);
	*newer = NULL;
	return prg_report_add_result(road->report, (struct prg_peer *)(uintptr_t)made, PRG_CHANGED,
	                             keys->has_private_key ? &keys->private_key : NULL,
	                             made->has_preshared_key ? &keys->preshared_key : NULL, err);
}

int prg_change_overlap(struct prg_road *road, const struct prg_peer *before,
                       const struct prg_fresh_keys *keys, int64_t overlap_s,
                       struct prg_error *err)
{
	PRG_PEER *aside = prg_peer_copy(before), *made = prg_peer_copy(before);
	PRG_PEER *older = NULL, *newer = NULL;
	int rc;

	if (aside == NULL || made == NULL)
		return prg_error_nomem(err);
	rc = step_aside(road, before, aside, err);
	if (rc == 0)
		rc = insert_newer(road, made, keys, err);
	if (rc < 0)
		return rc;
	aside->successor_id = made->id;
	aside->overlap_until = road->now + overlap_s;
	rc = prg_store_peer_update(road->store, aside, err);
	if (rc == 0)
		rc = prg_usage_move(road->store, aside->id, made->id, err);
	if (rc == 0)
		rc = prg_store_peer_by_id(road->store, aside->id, &older, err);
	if (rc == 0)
		rc = prg_store_peer_by_id(road->store, made->id, &newer, err);
	return rc < 0 ? rc : tell_begun(road, before, older, &newer, keys, err);
}

/* --------------------------------------------------------------------- ending */

/* The newer key is given the routes; *ret: as it is then. */
static int inherit(struct prg_road *road, const struct prg_peer *older,
                   const struct prg_peer *newer, struct prg_peer **ret, struct prg_error *err)
{
	int rc = 0;

	if (newer->state != PRG_PEER_REVOKED)
		rc = prg_change_take(road, newer, newer->routes, newer->n_routes, older->routes,
		                     older->n_routes, true, err);
	if (rc == 0)
		rc = prg_store_peer_by_id(road->store, newer->id, ret, err);
	if (rc == 0 && (*ret)->n_routes != newer->n_routes)
		rc = prg_change_audit_peer(road, "rotate", newer, *ret, err);
	return rc;
}

int prg_change_overlap_end(struct prg_road *road, struct prg_peer *older, int64_t hold_s,
                           struct prg_error *err)
{
	PRG_PEER *newer = NULL, *after = NULL;
	struct prg_wg_peer wg, wg_from, wg_to;
	const struct prg_wg_peer *from, *to;
	int rc = prg_store_peer_by_id(road->store, older->successor_id, &newer, err);

	if (rc == 0)
		rc = prg_change_desired(road, newer, &wg_from, &from, err);
	if (rc == 0)
		rc = prg_change_revoke(road, older, hold_s, &wg, err);
	if (rc == 0)
		rc = inherit(road, older, newer, &after, err);
	if (rc == 0)
		rc = prg_change_desired(road, after, &wg_to, &to, err);
	return rc < 0 ? rc
	              : prg_change_touch_heir(road, older->name, &wg, after->name, from, to, err);
}

int prg_change_overlap_end_of(struct prg_road *road, struct prg_peer **peer,
                              struct prg_error *err)
{
	PRG_PEER *older = NULL;
	struct prg_peer *now = NULL;
	int rc = prg_store_peer_older(road->store, (*peer)->id, &older, err);

	if (rc < 0 || older == NULL)
		return rc;
	rc = prg_change_overlap_end(road, older, PRG_CHANGE_HOLD_S, err);
	if (rc == 0)
		rc = prg_store_peer_by_id(road->store, (*peer)->id, &now, err);
	if (rc < 0)
		return rc;
	prg_peer_free(peer);
	*peer = now;
	return 0;
}

static int end_one(struct prg_road *road, int64_t id, bool shook, size_t *ended,
                   struct prg_error *err)
{
	PRG_PEER *older = NULL;
	int rc = prg_store_peer_by_id(road->store, id, &older, err);

	if (rc == 0)
		rc = prg_change_overlap_end(road, older, PRG_CHANGE_HOLD_S, err);
	if (rc == 0 && ++*ended <= TOLD)
		prg_report_remark_add(road->report,
		                      shook ? "peer %s: its newer key is in use, the older one %s "
		                              "revoked"
		                            : "peer %s: its older key's time is over: it %s revoked",
		                      older->successor, prg_road_dry(road) ? "would be" : "is");
	return rc;
}

int prg_change_overlaps(struct prg_road *road, prg_shook_fn *shook, void *context,
                        struct prg_error *err)
{
	struct prg_store_overlap page[AT_ONCE];
	int64_t now = road->clock.trusted ? road->now : INT64_MIN, after = 0;
	size_t n = AT_ONCE, ended = 0, i;
	int rc = 0;

	while (rc == 0 && n == AT_ONCE) {
		n = 0;
		rc = prg_store_overlaps(road->store, road->interface->id,
		                        shook != NULL ? INT64_MAX : now, after, AT_ONCE, page, &n,
		                        err);
		for (i = 0; i < n && rc == 0; i++) {
			bool used = false;

			after = page[i].id;
			if (shook != NULL)
				rc = shook(context, &page[i].successor_key, &used, err);
			if (rc == 0 && (used || page[i].until <= now))
				rc = end_one(road, page[i].id, used, &ended, err);
		}
	}
	if (ended > TOLD)
		prg_report_remark_add(road->report, "so it is with %zu peers more", ended - TOLD);
	return rc;
}

/* ------------------------------------------------------------------ following */

int prg_change_refuse_older(const struct prg_peer *peer, const char *verb, struct prg_error *err)
{
	if (peer->successor_id == 0)
		return 0;
	return prg_error_set(err, PRG_E_CONFLICT,
	                     "peer %s is the older key of peer %s: 'peerage %s %s', or 'peerage "
	                     "revoke %s' to end it",
	                     peer->name, peer->successor, verb, peer->successor, peer->name);
}

int prg_change_overlap_follow(struct prg_road *road, const char *verb,
                              const struct prg_peer *before, const struct prg_peer *after,
                              struct prg_error *err)
{
	PRG_PEER *older = NULL, *wanted = NULL;
	int rc = prg_store_peer_older(road->store, after->id, &older, err);

	if (rc < 0 || older == NULL)
		return rc;
	wanted = prg_peer_copy(older);
	if (wanted == NULL)
		return prg_error_nomem(err);
	if (strcmp(before->name, after->name) != 0)
		rc = find_name(road, after->name, wanted->name, err);
	wanted->expires_at = after->expires_at;
	wanted->quota_bytes = after->quota_bytes;
	wanted->quota_period = after->quota_period;
	if (after->state == PRG_PEER_ACTIVE && older->state == PRG_PEER_EXPIRED) {
		wanted->state = PRG_PEER_ACTIVE;
		wanted->resumes_at = 0;
	}
	if (rc < 0 || (strcmp(older->name, wanted->name) == 0 &&
	               older->expires_at == wanted->expires_at &&
	               older->quota_bytes == wanted->quota_bytes &&
	               older->quota_period == wanted->quota_period && older->state == wanted->state))
		return rc;
	return prg_change_update(road, verb, older, wanted, err);
}
