/* SPDX-License-Identifier: ISC */
/* Peers of whom nothing is to stay but hashes of their keys. */
#include <string.h>

#include "base/error.h"
#include "change/change.h"

/* Cut off first, then out of every table. *ret: as it was; NULL where its row was gone
 * before, with an interface. */
static int forget_row(struct prg_road *road, int64_t id, const char *name, struct prg_peer **ret,
                      uint64_t *rows, uint64_t *entries, struct prg_error *err)
{
	PRG_PEER *peer = NULL;
	int rc = prg_store_peer_by_id(road->store, id, &peer, err);

	/* what it has, its newer key has to take over */
	if (rc == 0 && peer->state != PRG_PEER_REVOKED && strcmp(peer->name, name) == 0)
		rc = prg_change_refuse_older(peer, "forget", err);
	if (rc == 0 && peer->state != PRG_PEER_REVOKED)
		rc = prg_change_cut_off(road, peer, PRG_CHANGE_HOLD_S, err);
	if (rc == PRG_E_NOT_FOUND)
		rc = 0;
	if (rc == 0)
		rc = prg_store_forget(road->store, id, rows, entries, err);
	if (rc < 0)
		return rc;
	*ret = peer;
	peer = NULL;
	return 0;
}

static int not_found(const char *name, struct prg_error *err)
{
	return prg_error_set(err, PRG_E_NOT_FOUND,
	                     "nothing is held on a peer %.64s: see peerage list --state all", name);
}

/* Who it was: one of that name that was not revoked before, else the last of those that
 * were. */
static void remember(struct prg_peer **best, struct prg_peer *peer, const char *name)
{
	bool better = peer != NULL && strcmp(peer->name, name) == 0 &&
	              (*best == NULL || (*best)->state == PRG_PEER_REVOKED);

	if (!better) {
		prg_peer_free(&peer);
		return;
	}
	prg_peer_free(best);
	*best = peer;
}

static int tell(struct prg_road *road, struct prg_peer **peer, const char *name, uint64_t rows,
                uint64_t entries, struct prg_error *err)
{
	struct prg_peer *was = *peer ? *peer : prg_peer_new();

	*peer = NULL;
	if (was == NULL)
		return prg_error_nomem(err);
	strcpy(was->name, name);
	was->state = PRG_PEER_REVOKED;
	if (prg_road_dry(road))
		prg_report_remark_add(road->report,
		                      "peer %s: %llu %s of it, and the details of %llu audit %s, "
		                      "would be erased",
		                      name, (unsigned long long)rows, rows == 1 ? "record" : "records",
		                      (unsigned long long)entries,
		                      entries == 1 ? "entry" : "entries");
	return prg_report_add_result(road->report, was, PRG_CHANGED, NULL, NULL, err);
}

int prg_change_forget(struct prg_road *road, size_t index, struct prg_error *err)
{
	const char *name = road->intent->peers[index].name;
	PRG_FREE int64_t *ids = NULL;
	PRG_PEER *was = NULL;
	uint64_t rows = 0, entries = 0;
	size_t n = 0, i;
	int rc = prg_store_namesakes(road->store, road->interface->id, name, &ids, &n, err);

	if (rc == 0 && n == 0)
		rc = not_found(name, err);
	for (i = 0; i < n && rc == 0; i++) {
		struct prg_peer *peer = NULL;

		rc = forget_row(road, ids[i], name, &peer, &rows, &entries, err);
		remember(&was, peer, name);
	}
	if (rc == 0)
		rc = prg_store_forget_end(road->store, road->interface->id, err);
	/* that somebody was forgotten is told; who it was is not */
	if (rc == 0)
		rc = prg_change_audit(road, "forget", NULL, "{}", err);
	return rc < 0 ? rc : tell(road, &was, name, rows, entries, err);
}
