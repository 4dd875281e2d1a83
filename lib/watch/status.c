/* SPDX-License-Identifier: ISC */
/* The running interface joined with the register. */
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "engine.h"

#define ON_S 180                     /* REJECT_AFTER_TIME, WireGuard paper, 6.1 */
#define STALE_S ((int64_t)30 * 86400)
#define PAGE 512

struct row {
	struct prg_peer *peer;
	bool live;
};

struct join {
	struct prg_register *reg;
	const struct prg_interface *interface;
	struct prg_live_interface live_interface;
	int64_t now;
	/* registered and not revoked, or only those asked for */
	struct row *rows;
	size_t n_rows, capacity;
	uint32_t *slots;
	size_t n_slots;
	bool all;
	/* what the interface holds, until the dump is known to be whole */
	struct prg_live *lives;
	size_t n_lives, lives_capacity;
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

static void lives_clear(struct join *j)
{
	size_t i;

	for (i = 0; i < j->n_lives; i++)
		free(j->lives[i].allowed_ips);
	j->n_lives = 0;
}

static void join_done(struct join *j)
{
	size_t i;

	lives_clear(j);
	for (i = 0; i < j->n_rows; i++)
		prg_peer_free(&j->rows[i].peer);
	free(j->rows);
	free(j->slots);
	free(j->lives);
}

/* Takes peer over. */
static int keep_row(struct join *j, struct prg_peer *peer, struct prg_error *err)
{
	if (j->n_rows == j->capacity) {
		size_t capacity = j->capacity ? j->capacity * 2 : 64;
		struct row *rows = reallocarray(j->rows, capacity, sizeof(*rows));

		if (rows == NULL) {
			prg_peer_free(&peer);
			return prg_error_nomem(err);
		}
		j->rows = rows;
		j->capacity = capacity;
	}
	j->rows[j->n_rows++] = (struct row){ .peer = peer };
	return 0;
}

static int load_all(struct join *j, struct prg_error *err)
{
	int64_t after = 0;
	size_t n = PAGE;
	int rc = 0;

	while (rc == 0 && n == PAGE) {
		struct prg_peer **page = NULL;
		size_t i;

		n = 0;
		rc = prg_store_peers(j->reg->store, j->interface->id, after, PAGE, &page, &n, err);
		for (i = 0; i < n && rc == 0; i++) {
			after = page[i]->id;
			if (page[i]->state == PRG_PEER_REVOKED)
				continue;
			rc = keep_row(j, page[i], err);
			page[i] = NULL;
		}
		prg_peers_free(&page, n);
	}
	return rc;
}

static int load_named(struct join *j, const char *const *names, size_t n, struct prg_error *err)
{
	size_t i, k;
	int rc = 0;

	for (i = 0; i < n && rc == 0; i++) {
		struct prg_peer *peer = NULL;

		rc = prg_store_peer(j->reg->store, j->interface->id, names[i], &peer, err);
		for (k = 0; rc == 0 && k < j->n_rows && peer != NULL; k++)
			if (j->rows[k].peer->id == peer->id)
				prg_peer_free(&peer);
		if (rc == 0 && peer != NULL)
			rc = keep_row(j, peer, err);
	}
	return rc;
}

static size_t slot_of(const struct join *j, const struct prg_public_key *key)
{
	size_t at;

	memcpy(&at, key->bytes, sizeof(at));
	at %= j->n_slots;
	while (j->slots[at] != 0 &&
	       memcmp(&j->rows[j->slots[at] - 1].peer->public_key, key, sizeof(*key)) != 0)
		at = (at + 1) % j->n_slots;
	return at;
}

static int index_rows(struct join *j, struct prg_error *err)
{
	size_t i;

	j->n_slots = 2 * j->n_rows + 1;
	j->slots = calloc(j->n_slots, sizeof(*j->slots));
	if (j->slots == NULL)
		return prg_error_nomem(err);
	for (i = 0; i < j->n_rows; i++)
		j->slots[slot_of(j, &j->rows[i].peer->public_key)] = (uint32_t)i + 1;
	return 0;
}

static struct row *find_row(const struct join *j, const struct prg_public_key *key)
{
	uint32_t index = j->slots[slot_of(j, key)];

	return index ? &j->rows[index - 1] : NULL;
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

static enum prg_live_status status_of(const struct prg_peer *peer, int64_t handshake, int64_t now)
{
	if (peer == NULL)
		return PRG_LIVE_UNKNOWN;
	if (peer->state == PRG_PEER_DISABLED)
		return PRG_LIVE_DISABLED;
	if (peer->state == PRG_PEER_EXPIRED)
		return PRG_LIVE_EXPIRED;
	if (handshake == 0)
		return PRG_LIVE_NEVER;
	if (now - handshake < ON_S)
		return PRG_LIVE_ON;
	return now - handshake < STALE_S ? PRG_LIVE_IDLE : PRG_LIVE_STALE;
}

static int on_peer(void *context, const struct prg_wg_peer *peer, struct prg_error *err)
{
	struct join *j = context;
	struct row *row = find_row(j, &peer->public_key);
	struct prg_live *live;

	if (row == NULL && !j->all)
		return 0;
	if (j->n_lives == j->lives_capacity) {
		size_t capacity = j->lives_capacity ? j->lives_capacity * 2 : 64;
		struct prg_live *lives = reallocarray(j->lives, capacity, sizeof(*lives));

		if (lives == NULL)
			return prg_error_nomem(err);
		j->lives = lives;
		j->lives_capacity = capacity;
	}
	live = &j->lives[j->n_lives];
	*live = (struct prg_live){ .public_key = peer->public_key,
		                   .present = true,
		                   .latest_handshake_at = peer->latest_handshake_at,
		                   .rx_bytes = peer->rx_bytes,
		                   .tx_bytes = peer->tx_bytes,
		                   .keepalive_s = peer->keepalive_s,
		                   .has_preshared_key = peer->preshared_key != NULL };
	prg_wg_endpoint_to(&peer->endpoint, &live->endpoint);
	if (peer->n_allowed_ips > 0) {
		live->allowed_ips = malloc(peer->n_allowed_ips * sizeof(*live->allowed_ips));
		if (live->allowed_ips == NULL)
			return prg_error_nomem(err);
		memcpy(live->allowed_ips, peer->allowed_ips,
		       peer->n_allowed_ips * sizeof(*live->allowed_ips));
		live->n_allowed_ips = peer->n_allowed_ips;
	}
	j->n_lives++;
	return 0;
}

static void on_restart(void *context)
{
	lives_clear(context);
}

static int observe(struct join *j, struct prg_error *err)
{
	const struct prg_observer observer = { .context = j, .device = on_device, .peer = on_peer,
		                               .restart = on_restart };
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

static int tell(struct join *j, prg_live_fn *fn, void *context)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < j->n_lives && rc == 0; i++) {
		struct row *row = find_row(j, &j->lives[i].public_key);
		const struct prg_peer *peer = row ? row->peer : NULL;

		if (row != NULL)
			row->live = true;
		j->lives[i].status = status_of(peer, j->lives[i].latest_handshake_at, j->now);
		rc = fn(context, &j->lives[i], peer);
	}
	for (i = 0; i < j->n_rows && rc == 0; i++) {
		const struct prg_peer *peer = j->rows[i].peer;
		struct prg_live live = { .public_key = peer->public_key };

		if (j->rows[i].live)
			continue;
		live.status = status_of(peer, 0, j->now);
		if (live.status == PRG_LIVE_NEVER)
			live.status = PRG_LIVE_MISSING;
		rc = fn(context, &live, peer);
	}
	return rc;
}

int prg_status(struct prg_register *reg, const char *interface, const char *const *names,
               size_t n_names, struct prg_live_interface *ret_interface, prg_live_fn *fn,
               void *context, struct prg_error *err)
{
	PRG_INTERFACE *found = NULL;
	struct join j = { .reg = reg, .now = prg_clock_now(), .all = n_names == 0 };
	int rc = prg_find_interface(reg, interface, &found, err);

	if (rc < 0)
		return rc;
	j.interface = found;
	rc = j.all ? load_all(&j, err) : load_named(&j, names, n_names, err);
	if (rc == 0)
		rc = index_rows(&j, err);
	if (rc == 0 && reg->backend != PRG_BACKEND_NONE)
		rc = observe(&j, err);
	if (rc == 0) {
		*ret_interface = j.live_interface;
		rc = tell(&j, fn, context);
	}
	join_done(&j);
	return rc;
}
