/* SPDX-License-Identifier: ISC */
/* Peers whose time is over. */
#include "base/error.h"
#include "change/change.h"

#define DUE_AT_ONCE 256

/* A clock that is not trusted cuts nobody off. */
static int remark_untrusted(struct prg_road *road, struct prg_error *err)
{
	struct prg_peer **due = NULL;
	size_t n = 0;
	int rc = prg_store_peers_due(road->store, road->interface->id, road->now, 1, &due, &n,
	                             err);

	if (rc == 0 && n > 0)
		prg_report_remark_add(road->report,
		                      road->clock.jumped
		                              ? "the time of peer %s is over, but this host's clock "
		                                "has jumped: nobody is cut off until it has gone on "
		                                "for an hour"
		                              : "the time of peer %s is over, but this host's clock "
		                                "is not synchronised: nobody is cut off until it is "
		                                "('timedatectl')",
		                      due[0]->name);
	prg_peers_free(&due, n);
	return rc;
}

int prg_change_expire(struct prg_road *road, struct prg_error *err)
{
	int rc = 0;
	size_t n = DUE_AT_ONCE;

	if (!road->clock.trusted)
		return remark_untrusted(road, err);
	while (rc == 0 && n == DUE_AT_ONCE) {
		struct prg_peer **due = NULL;
		size_t i;

		n = 0;
		rc = prg_store_peers_due(road->store, road->interface->id, road->now, DUE_AT_ONCE,
		                         &due, &n, err);
		for (i = 0; i < n && rc == 0; i++) {
			PRG_PEER *after = prg_peer_copy(due[i]);

			if (after == NULL) {
				rc = prg_error_nomem(err);
				break;
			}
			after->state = PRG_PEER_EXPIRED;
			prg_report_upkeep_of(road->report)->expired++;
			rc = prg_change_update(road, "expire", due[i], after, err);
		}
		prg_peers_free(&due, n);
	}
	return rc;
}
