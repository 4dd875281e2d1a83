/* SPDX-License-Identifier: ISC */
/* Of a tick, what is not in its transaction: looking at the interface before it, and
 * making the kernel forget endpoints, and telling of drift, after it. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/error.h"
#include "engine.h"
#include "model/addr.h"
#include "tick.h"

/* ------------------------------------------------------------------------ before */

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
		rc = prg_tick_observe(road->store, road->backend, road->interface, &road->tick,
		                      &why);
	if (rc == PRG_E_NOMEM)
		return prg_error_nomem(err);
	/* an interface that is not there, or not ours, keeps nobody from expiring */
	if (rc < 0)
		road->trouble = why;
	return 0;
}

/* --------------------------------------------------------------------- scrubbing */

/* Its session is over, so that only a new handshake could go on with it. A peer that
 * never completed one has no session to lose either. */
static bool is_idle(const struct prg_road *road, const struct prg_observed_row *row)
{
	int64_t idle = road->clock.wall - row->latest_handshake_at;

	/* in the future: the clock was ahead, and nothing came since it is not */
	return row->latest_handshake_at == 0 || idle < 0 || idle >= road->interface->scrub_idle_s;
}

static int scrub_one(struct prg_road *road, const struct prg_observed_row *row,
                     struct prg_error *err)
{
	struct prg_wg_peer to = { .public_key = row->public_key, .endpoint = prg_wg_nowhere };
	struct prg_op op = { .kind = PRG_OP_PEER_SET, .fields = PRG_OF_ENDPOINT, .peer = &to };
	char who[PRG_NAME_BYTES + 8];
	PRG_PEER *peer = NULL;
	int rc = prg_store_peer_by_key(road->store, road->interface->id, &row->public_key, &peer,
	                               err);

	if (rc < 0)
		return rc == PRG_E_NOT_FOUND ? 0 : rc; /* nobody's: audit tells of it */
	if (peer->endpoint.port != 0 || peer->state != PRG_PEER_ACTIVE)
		return 0;
	snprintf(who, sizeof(who), "peer %s", peer->name);
	op.who = who;
	prg_report_upkeep_of(road->report)->scrubbed++;
	return prg_plan_add(road->plan, &op, err);
}

int prg_upkeep_scrub(struct prg_road *road, struct prg_error *err)
{
	const struct prg_tick *tick = road->tick;
	size_t i;
	int rc = 0;

	/* handshakes are stamped with the wall clock: after a step none is known to be old */
	if (tick == NULL || road->interface->scrub_idle_s == 0 || !road->clock.steady)
		return 0;
	for (i = 0; i < tick->seen.n && rc == 0; i++) {
		const struct prg_observed_row *row = prg_observed_row(&tick->seen, i);

		if (row->has_endpoint && is_idle(road, row))
			rc = scrub_one(road, row, err);
	}
	return rc;
}

/* ------------------------------------------------------------------------- after */

/* After something was done, what the tick saw is no longer what is. */
static int look_again(struct prg_road *road, struct prg_error *err)
{
	struct prg_tick *tick = road->tick;
	PRG_PLAN *plan = NULL;
	int rc;

	prg_report_free(&tick->drift);
	rc = prg_report_new(&tick->drift, err);
	if (rc == 0)
		rc = prg_plan_new(&plan, err);
	if (rc == 0)
		rc = prg_sync_plan(road->store, road->backend, road->interface,
		                   PRG_SYNC_TELL_KEY | PRG_SYNC_SUMS, tick->drift, plan, err);
	if (rc < 0) /* of what is committed by now */
		return prg_error_wrap(err, PRG_E_NOT_APPLIED,
		                      "done, but whether %s is in line cannot be told",
		                      road->interface->name);
	return 0;
}

/* What sync would do. The tick itself is in line by now. */
int prg_upkeep_drift(struct prg_road *road, struct prg_error *err)
{
	struct prg_upkeep *upkeep = prg_report_upkeep_of(road->report);
	const struct prg_report *found;
	size_t i, left;
	int rc = 0;

	if (road->tick == NULL || road->tick->interrupted || prg_road_dry(road))
		return 0;
	/* an endpoint that is forgotten is none that is configured, and so no drift */
	if (prg_plan_length(road->plan) > upkeep->scrubbed || road->device_touched)
		rc = look_again(road, err);
	if (rc < 0)
		return rc;
	found = road->tick->drift;
	upkeep->differing = prg_report_n_changes(found);
	left = prg_report_n_left_over(found);
	for (i = 0; i < left && rc == 0; i++)
		rc = prg_report_add_left_over(road->report, prg_report_left_over(found, i), err);
	if (upkeep->differing + left > 0)
		prg_report_remark_add(road->report,
		                      "%s is not in line with the register: 'peerage -i %s audit' "
		                      "says what differs",
		                      road->interface->name, road->interface->name);
	return rc;
}

static void mark_path(const struct prg_register *reg, const char *interface, char ret[96])
{
	snprintf(ret, 96, PRG_RUN_DIRECTORY "/%s.%.8s.tick", interface, prg_store_id(reg->store));
}

/* A file's time says it: it is of this boot alone, and costs no write of the register. */
static void mark(const struct prg_road *road)
{
	char path[96];
	int fd;

	if (road->lock.fd < 0) /* record only, a dry run */
		return;
	mark_path(road->reg, road->interface->name, path);
	fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	(void)futimens(fd, NULL);
	close(fd);
}

int64_t prg_upkeep_last(const struct prg_register *reg, const char *interface)
{
	struct stat st;
	char path[96];

	mark_path(reg, interface, path);
	return stat(path, &st) == 0 ? st.st_mtim.tv_sec : 0;
}

int prg_upkeep_end(struct prg_road *road, struct prg_error *err)
{
	if (road->intent->verb == PRG_MAINTAIN)
		mark(road);
	if (road->trouble.code == 0)
		return 0;
	if (err != NULL)
		*err = road->trouble;
	return prg_error_wrap(err, PRG_E_NOT_APPLIED, "%s", road->interface->name);
}
