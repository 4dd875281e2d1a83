/* SPDX-License-Identifier: ISC */
/* Of a tick, what is not in its transaction: looking at the interface before it, and
 * making the kernel forget endpoints, and telling of drift, after it. */
#include <string.h>

#include "base/error.h"
#include "engine.h"
#include "tick.h"

/* An interface that is not there, or not ours, keeps nobody from expiring. */
static int excuse(struct prg_road *road, const struct prg_error *why)
{
	road->trouble = *why;
	return 0;
}

int prg_upkeep_observe(struct prg_road *road, struct prg_error *err)
{
	struct prg_error why = { 0 };
	struct prg_link link;
	int rc;

	if (!road->interface->wanted_up || road->record_only || road->backend == NULL)
		return 0;
	rc = prg_backend_link(road->backend, &link, &why);
	if (rc == PRG_E_NOT_FOUND)
		prg_error_set(&why, rc,
		              "interface %s is not running: start it with 'peerage -i %s up'",
		              road->interface->name, road->interface->name);
	if (rc == 0)
		rc = prg_apply_identity(road, &why);
	if (rc == 0)
		rc = prg_tick_observe(road->backend, &road->tick, &why);
	if (rc == PRG_E_NOMEM)
		return prg_error_nomem(err);
	return rc < 0 ? excuse(road, &why) : 0;
}

int prg_upkeep_end(struct prg_road *road, struct prg_error *err)
{
	if (road->trouble.code == 0)
		return 0;
	if (err != NULL)
		*err = road->trouble;
	return prg_error_wrap(err, PRG_E_NOT_APPLIED, "%s", road->interface->name);
}
