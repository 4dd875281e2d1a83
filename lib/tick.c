/* SPDX-License-Identifier: ISC */
#include "tick.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "engine.h"

struct looking {
	struct prg_tick *tick;
	crypto_generichash_state digest;
};

static void begin(struct looking *looking)
{
	crypto_generichash_init(&looking->digest, NULL, 0, PRG_DIGEST_BYTES);
}

static int on_peer(void *context, const struct prg_wg_peer *peer, struct prg_error *err)
{
	struct looking *looking = context;
	struct prg_wg_peer packed = *peer;
	struct {
		struct prg_public_key key;
		uint64_t rx, tx;
		int64_t day;
	} told = { peer->public_key, peer->rx_bytes, peer->tx_bytes,
		   prg_day_of(peer->latest_handshake_at) };

	/* most of a large register never connected lately, and costs nothing */
	if (peer->rx_bytes != 0 || peer->tx_bytes != 0 || peer->latest_handshake_at != 0)
		crypto_generichash_update(&looking->digest, (const unsigned char *)&told,
		                          sizeof(told));
	else if (peer->endpoint.addr.family == 0)
		return 0;
	packed.n_allowed_ips = 0;
	return prg_observed_add(&looking->tick->seen, &packed, false, err);
}

static void on_restart(void *context)
{
	struct looking *looking = context;

	prg_observed_clear(&looking->tick->seen);
	begin(looking);
}

static int observe(struct prg_store *store, struct prg_backend *backend,
                   const struct prg_interface *interface, struct prg_tick *tick,
                   struct prg_error *err)
{
	CRYPTO_ALIGN(64) struct looking looking = { .tick = tick };
	const struct prg_sync_watch watch = { .context = &looking, .seen = on_peer,
		                              .restart = on_restart };
	PRG_PLAN *plan = NULL;
	int rc = prg_report_new(&tick->drift, err);

	begin(&looking);
	if (rc == 0)
		rc = prg_plan_new(&plan, err);
	if (rc == 0)
		rc = prg_sync_watch(store, backend, interface, &watch, tick->drift, plan,
		                    &tick->interrupted, err);
	if (rc < 0)
		return rc;
	crypto_generichash_final(&looking.digest, tick->digest, sizeof(tick->digest));
	return 0;
}

int prg_tick_observe(struct prg_store *store, struct prg_backend *backend,
                     const struct prg_interface *interface, struct prg_tick **ret,
                     struct prg_error *err)
{
	PRG_TICK *tick = calloc(1, sizeof(*tick));
	struct prg_clock_look look;
	struct prg_link link;
	int rc;

	if (tick == NULL)
		return prg_error_nomem(err);
	rc = prg_backend_link(backend, &link, err);
	if (rc == 0)
		rc = observe(store, backend, interface, tick, err);
	if (rc < 0)
		return rc;
	prg_clock_look(&look);
	snprintf(tick->life, sizeof(tick->life), "%s %llu %u", look.boot_id,
	         (unsigned long long)link.netns, link.ifindex);
	*ret = tick;
	tick = NULL;
	return 0;
}

void prg_tick_free(struct prg_tick **tick)
{
	if (*tick == NULL)
		return;
	prg_observed_done(&(*tick)->seen);
	prg_report_free(&(*tick)->drift);
	free(*tick);
	*tick = NULL;
}

int prg_tick_shook(void *context, const struct prg_public_key *key, bool *ret,
                   struct prg_error *err)
{
	struct prg_tick *tick = context;
	struct prg_observed_row *row = NULL;
	int rc = prg_observed_find(&tick->seen, key, &row, err);

	if (rc == 0)
		*ret = row != NULL && row->latest_handshake_at != 0;
	return rc;
}
