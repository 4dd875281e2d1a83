/* SPDX-License-Identifier: ISC */
/* New keys for a peer that stays: name, addresses and settings are as before. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "change/change.h"
#include "plan/diff.h"

/* The new key is given what the old one has, then the old one goes: no address
 * leads to nobody meanwhile. Both wait on rows of their own. */
static int touch_keys(struct prg_road *road, const char *name, const struct prg_wg_peer *from,
                      const struct prg_wg_peer *to, struct prg_error *err)
{
	char who[PRG_NAME_BYTES + 8];
	int64_t tag = 0;
	unsigned fields = 0;
	int rc;

	snprintf(who, sizeof(who), "peer %s", name);
	rc = prg_change_pend(road, PRG_PENDING_PEER, &to->public_key, NULL, &tag, err);
	if (rc == 0)
		rc = prg_diff_peer(road->plan, NULL, to, PRG_DIFF_ASSERT, tag, who, &fields, err);
	if (rc == 0)
		rc = prg_report_peer_change(road->report, name, NULL, to, fields, err);
	if (rc == 0)
		rc = prg_change_pend(road, PRG_PENDING_PEER, &from->public_key, NULL, &tag, err);
	if (rc == 0)
		rc = prg_diff_peer(road->plan, from, NULL, 0, tag, who, NULL, err);
	return rc < 0 ? rc : prg_report_peer_change(road->report, name, from, NULL, 0, err);
}

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

int prg_change_rotate(struct prg_road *road, size_t index, struct prg_error *err)
{
	const struct prg_fresh_keys *keys;
	const struct prg_preshared_key *psk = NULL;
	const struct prg_wg_peer *from, *to;
	struct prg_wg_peer wg_from, wg_to;
	PRG_PEER *before = NULL, *after = NULL;
	struct prg_peer *now = NULL;
	int rc = prg_change_find(road, index, &before, err);

	if (rc == 0)
		rc = prg_change_keys(road, index, &keys, err);
	if (rc == 0)
		rc = prg_change_desired(road, before, &wg_from, &from, err);
	if (rc < 0)
		return rc;
	if (memcmp(&before->public_key, &keys->public_key, sizeof(before->public_key)) == 0)
		return prg_change_result(road, before->id, PRG_UNCHANGED, NULL, err);
	after = prg_peer_copy(before);
	if (after == NULL)
		return prg_error_nomem(err);
	after->public_key = keys->public_key;
	after->keyed_at = road->now;
	after->config_epoch = road->interface->config_epoch;
	if (before->has_preshared_key)
		psk = &keys->preshared_key;
	rc = record(road, before, after, psk, err);
	if (rc == 0)
		rc = prg_change_desired(road, after, &wg_to, &to, err);
	if (rc == 0 && to != NULL)
		rc = touch_keys(road, before->name, from, to, err);
	if (rc == 0)
		rc = prg_store_peer_by_id(road->store, before->id, &now, err);
	if (rc < 0)
		return rc;
	return prg_report_add_result(road->report, now, PRG_CHANGED,
	                             keys->has_private_key ? &keys->private_key : NULL, psk, err);
}
