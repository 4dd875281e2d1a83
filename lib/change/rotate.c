/* SPDX-License-Identifier: ISC */
/* New keys for a peer that stays: name and settings are as before, and where the old
 * key goes at once the addresses too. */
#include <string.h>

#include "base/error.h"
#include "change/change.h"

static int record(struct prg_road *road, const struct prg_peer *before,
                  const struct prg_peer *after, const struct prg_preshared_key *psk,
                  struct prg_error *err)
{
	int rc = prg_store_peer_update(road->store, after, err);

	if (rc == 0 && psk != NULL)
		rc = prg_store_peer_set_psk(road->store, before->id, psk, err);
	if (rc == 0)
		rc = prg_store_revoked_remember(road->store, before->interface_id,
		                                &before->public_key, road->now, err);
	return rc < 0 ? rc : prg_change_audit_peer(road, "rotate", before, after, err);
}

/* At once: row, addresses and routes stay. */
static int replace(struct prg_road *road, const struct prg_peer *before,
                   const struct prg_fresh_keys *keys, struct prg_error *err)
{
	const struct prg_preshared_key *psk =
		before->has_preshared_key ? &keys->preshared_key : NULL;
	const struct prg_wg_peer *from, *to;
	struct prg_wg_peer wg_from, wg_to;
	PRG_PEER *after = prg_peer_copy(before);
	struct prg_peer *now = NULL;
	int rc;

	if (after == NULL)
		return prg_error_nomem(err);
	rc = prg_change_desired(road, before, &wg_from, &from, err);
	if (rc < 0)
		return rc;
	after->public_key = keys->public_key;
	after->keyed_at = road->now;
	after->config_epoch = road->interface->config_epoch;
	rc = record(road, before, after, psk, err);
	if (rc == 0)
		rc = prg_change_desired(road, after, &wg_to, &to, err);
	if (rc == 0 && to != NULL)
		rc = prg_change_touch_heir(road, before->name, from, before->name, NULL, to, err);
	if (rc == 0)
		rc = prg_store_peer_by_id(road->store, before->id, &now, err);
	if (rc < 0)
		return rc;
	return prg_report_add_result(road->report, now, PRG_CHANGED,
	                             keys->has_private_key ? &keys->private_key : NULL, psk, err);
}

static void remark_at_once(struct prg_road *road, const struct prg_peer *peer)
{
	prg_report_remark_add(road->report,
	                      "peer %s is %s: there is nothing to overlap, the old key is revoked "
	                      "at once",
	                      peer->name, prg_peer_state_name(peer->state));
}

int prg_change_rotate(struct prg_road *road, size_t index, struct prg_error *err)
{
	const struct prg_values *v = prg_intent_values(road->intent, index, PRG_FIELD_OVERLAP);
	const struct prg_fresh_keys *keys;
	PRG_PEER *before = NULL;
	int rc = prg_change_find(road, index, &before, err);

	if (rc == 0)
		rc = prg_change_refuse_older(before, "rotate", err);
	if (rc == 0)
		rc = prg_change_keys(road, index, &keys, err);
	if (rc < 0)
		return rc;
	if (memcmp(&before->public_key, &keys->public_key, sizeof(before->public_key)) == 0)
		return prg_change_result(road, before->id, PRG_UNCHANGED, NULL, err);
	/* there are two keys at most */
	rc = prg_change_overlap_end_of(road, &before, err);
	if (rc < 0)
		return rc;
	if (v != NULL && before->state == PRG_PEER_ACTIVE)
		return prg_change_overlap(road, before, keys, v->overlap_s, err);
	if (v != NULL)
		remark_at_once(road, before);
	return replace(road, before, keys, err);
}
