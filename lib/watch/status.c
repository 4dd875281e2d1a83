/* SPDX-License-Identifier: ISC */
/*
 * The running interface joined with the register. A dump that is interrupted begins
 * again, and what was told cannot be taken back, so a dump is packed first
 * (packed.h); then the register goes by, a page at a time, and each peer is told.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "engine.h"
#include "watch/packed.h"

#define ON_S 180                     /* REJECT_AFTER_TIME, WireGuard paper, 6.1 */
#define PAGE 256                     /* peers that are read in full at a time */
#define BRIEF_PAGE 2048              /* and in brief: each page is a transaction */

struct join {
	struct prg_register *reg;
	const struct prg_interface *interface;
	struct prg_live_interface live_interface;
	int64_t now;
	struct prg_packed seen;
	struct prg_packed strangers; /* those of `seen` that the register does not know */
	struct prg_public_key *keys; /* theirs */
	size_t n_keys;               /* room for so many */
	struct prg_live live; /* of the one that is told */
	struct prg_peer **named; /* only these */
	size_t n_named;
	prg_live_fn *fn;
	void *context;
};

const char *prg_live_status_name(enum prg_live_status status)
{
	static const char *const names[] = { [PRG_LIVE_ON] = "on",
		                             [PRG_LIVE_IDLE] = "idle",
		                             [PRG_LIVE_STALE] = "stale",
		                             [PRG_LIVE_NEVER] = "never",
		                             [PRG_LIVE_DISABLED] = "disabled",
		                             [PRG_LIVE_EXPIRED] = "expired",
		                             [PRG_LIVE_UNKNOWN] = "unknown",
		                             [PRG_LIVE_MISSING] = "missing" };

	return status >= PRG_LIVE_ON && status <= PRG_LIVE_MISSING ? names[status] : "unknown";
}

/* ----------------------------------------------------------------- observing */

static int on_device(void *context, const struct prg_wg_device *device, struct prg_error *err)
{
	struct join *j = context;

	(void)err;
	j->live_interface.public_key = device->public_key;
	j->live_interface.has_private_key = device->has_private_key;
	j->live_interface.listen_port = device->listen_port;
	j->live_interface.fwmark = device->fwmark;
	return 0;
}

static enum prg_live_status status_of(const struct join *j, const struct prg_peer *peer,
                                      int64_t handshake)
{
	int64_t stale_after_s = j->interface->stale_after_s;

	if (peer == NULL)
		return PRG_LIVE_UNKNOWN;
	if (peer->state == PRG_PEER_DISABLED)
		return PRG_LIVE_DISABLED;
	if (peer->state == PRG_PEER_EXPIRED)
		return PRG_LIVE_EXPIRED;
	if (handshake == 0)
		return PRG_LIVE_NEVER;
	if (j->now - handshake < ON_S)
		return PRG_LIVE_ON;
	return stale_after_s == 0 || j->now - handshake < stale_after_s ? PRG_LIVE_IDLE
	                                                                : PRG_LIVE_STALE;
}

static int on_peer(void *context, const struct prg_wg_peer *peer, struct prg_error *err)
{
	struct join *j = context;

	return prg_packed_add(&j->seen, peer, err);
}

static void on_restart(void *context)
{
	struct join *j = context;

	prg_packed_clear(&j->seen);
}

static int room_for_key(struct join *j, struct prg_error *err)
{
	size_t n = j->n_keys > 0 ? j->n_keys * 2 : 16;
	void *grown;

	if (j->strangers.n < j->n_keys)
		return 0;
	grown = reallocarray(j->keys, n, sizeof(*j->keys));
	if (grown == NULL)
		return prg_error_nomem(err);
	j->keys = grown;
	j->n_keys = n;
	return 0;
}

static int on_peer_again(void *context, const struct prg_wg_peer *peer, struct prg_error *err)
{
	struct join *j = context;
	bool unmet = false;
	int rc = prg_packed_unmet(&j->seen, &peer->public_key, &unmet, err);

	if (rc == 0 && unmet)
		rc = room_for_key(j, err);
	if (rc < 0 || !unmet)
		return rc;
	j->keys[j->strangers.n] = peer->public_key;
	return prg_packed_add(&j->strangers, peer, err);
}

static void on_restart_again(void *context)
{
	struct join *j = context;

	prg_packed_clear(&j->strangers);
	j->seen.next = j->seen.first;
}

static int observe(struct join *j, bool again, struct prg_error *err)
{
	const struct prg_observer observer = {
		.context = j,
		.device = again ? NULL : on_device,
		.peer = again ? on_peer_again : on_peer,
		.restart = again ? on_restart_again : on_restart,
	};
	PRG_BACKEND *backend = NULL;
	char alias[PRG_OWN_ALIAS_TEXT];
	struct prg_link link;
	int rc = prg_backend_open(j->reg->backend, j->interface->name, &backend, err);

	if (rc < 0)
		return rc;
	rc = prg_backend_link(backend, &link, err);
	if (rc == PRG_E_NOT_FOUND)
		return 0;
	if (rc < 0)
		return rc;
	prg_own_alias(j->reg->store, alias);
	j->live_interface.present = true;
	j->live_interface.up = link.up;
	j->live_interface.ours = strcmp(link.alias, alias) == 0;
	return prg_backend_observe(backend, &observer, &j->live_interface.changing, err);
}

/* ------------------------------------------------------------------- telling */

/* record NULL: not in the interface. peer NULL: not in the register. */
static int tell(struct join *j, struct prg_packed *from, uint8_t *record,
                const struct prg_public_key *key, const struct prg_peer *peer,
                struct prg_error *err)
{
	struct prg_live *live = &j->live;

	if (record == NULL)
		*live = (struct prg_live){ 0 };
	else if (prg_packed_read(from, record, live, err) < 0)
		return PRG_E_NOMEM;
	live->public_key = *key;
	live->status = status_of(j, peer, live->latest_handshake_at);
	if (record == NULL && live->status == PRG_LIVE_NEVER)
		live->status = PRG_LIVE_MISSING;
	return j->fn(j->context, live, peer);
}

static int tell_registered(struct join *j, const struct prg_peer *peer, struct prg_error *err)
{
	uint8_t *record = NULL;
	int rc = prg_packed_meet(&j->seen, &peer->public_key, &record, err);

	return rc < 0 ? rc : tell(j, &j->seen, record, &peer->public_key, peer, err);
}

static int tell_named(struct join *j, struct prg_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < j->n_named && rc == 0; i++)
		if (j->named[i] != NULL)
			rc = tell_registered(j, j->named[i], err);
	return rc;
}

static int tell_in_full(struct join *j, struct prg_error *err)
{
	int64_t after = 0;
	size_t n = PAGE, i;
	int rc = 0;

	while (rc == 0 && n == PAGE) {
		struct prg_peer **page = NULL;

		n = 0;
		rc = prg_store_peers(j->reg->store, j->interface->id, after, PAGE, &page, &n, err);
		for (i = 0; i < n && rc == 0; i++) {
			after = page[i]->id;
			if (page[i]->state != PRG_PEER_REVOKED)
				rc = tell_registered(j, page[i], err);
		}
		prg_peers_free(&page, n);
	}
	return rc;
}

/* peer is zero but for what is set here. Of one that does not run, only the register
 * can tell the rest; where it was let go since its page was read, it is not told. */
static int tell_briefly(struct join *j, const struct prg_peer_brief *brief, struct prg_peer *peer,
                        struct prg_error *err)
{
	uint8_t *record = NULL;
	PRG_PEER *full = NULL;
	int rc = prg_packed_meet(&j->seen, &brief->public_key, &record, err);

	if (rc == 0 && record == NULL)
		rc = prg_store_peer_by_id(j->reg->store, brief->id, &full, err);
	if (rc == PRG_E_NOT_FOUND || (full != NULL && full->state == PRG_PEER_REVOKED))
		return 0;
	if (rc < 0)
		return rc;
	peer->id = brief->id;
	peer->interface_id = j->interface->id;
	peer->state = brief->state;
	peer->public_key = brief->public_key;
	memcpy(peer->name, brief->name, sizeof(peer->name));
	return tell(j, &j->seen, record, &peer->public_key, full != NULL ? full : peer, err);
}

static int tell_in_brief(struct join *j, struct prg_error *err)
{
	PRG_FREE struct prg_peer_brief *page = calloc(BRIEF_PAGE, sizeof(*page));
	struct prg_peer peer = { 0 };
	int64_t after = 0, before = -1;
	size_t n = 0, i;
	int rc = page == NULL ? prg_error_nomem(err) : 0;

	while (rc == 0 && after != before) {
		before = after;
		rc = prg_store_peers_brief(j->reg->store, j->interface->id, &after, BRIEF_PAGE,
		                           page, &n, err);
		for (i = 0; rc == 0 && i < n; i++)
			rc = tell_briefly(j, &page[i], &peer, err);
	}
	return rc;
}

/* The peers of these names, each once (NULL for one that comes again). */
static int find_named(struct join *j, const char *const *names, size_t n, struct prg_error *err)
{
	size_t i, k;
	int rc = 0;

	j->named = calloc(n + 1, sizeof(*j->named));
	if (j->named == NULL)
		return prg_error_nomem(err);
	j->n_named = n;
	for (i = 0; i < n && rc == 0; i++) {
		rc = prg_store_peer(j->reg->store, j->interface->id, names[i], &j->named[i], err);
		for (k = 0; rc == 0 && k < i && j->named[i] != NULL; k++)
			if (j->named[k] != NULL && j->named[k]->id == j->named[i]->id)
				prg_peer_free(&j->named[i]);
	}
	return rc;
}

/* Their keys were not kept: another look has them, and what they have by now. Who has
 * come since the first is not told. */
static int tell_unknown(struct join *j, bool *changing, struct prg_error *err)
{
	uint8_t *record;
	size_t i, n;
	int rc = 0;

	if (j->seen.n_met < j->seen.n) {
		on_restart_again(j);
		rc = observe(j, true, err);
	}
	*changing |= j->live_interface.changing;
	n = j->strangers.n;
	record = j->strangers.first;
	for (i = 0; i < n && rc == 0; i++, record = j->strangers.next)
		rc = tell(j, &j->strangers, record, &j->keys[i], NULL, err);
	return rc;
}

int prg_status(struct prg_register *reg, const char *interface, const char *const *names,
               size_t n_names, unsigned flags, struct prg_live_interface *ret_interface,
               prg_live_fn *fn, void *context, struct prg_error *err)
{
	PRG_INTERFACE *found = NULL;
	struct join j = { .reg = reg, .now = prg_clock_now(), .fn = fn, .context = context };
	int rc = prg_find_interface(reg, interface, &found, err);

	if (rc < 0)
		return rc;
	j.interface = found;
	if (n_names > 0)
		rc = find_named(&j, names, n_names, err);
	if (rc == 0 && reg->backend != PRG_BACKEND_NONE)
		rc = observe(&j, false, err);
	if (rc == 0) {
		*ret_interface = j.live_interface;
		if (n_names > 0)
			rc = tell_named(&j, err);
		else if ((flags & PRG_STATUS_BRIEF) && j.live_interface.present)
			rc = tell_in_brief(&j, err);
		else
			rc = tell_in_full(&j, err);
		if (rc == 0 && n_names == 0)
			rc = tell_unknown(&j, &ret_interface->changing, err);
	}
	prg_packed_done(&j.seen);
	prg_packed_done(&j.strangers);
	free(j.keys);
	prg_peers_free(&j.named, j.n_named);
	return rc;
}
