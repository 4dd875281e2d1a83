/* SPDX-License-Identifier: ISC */
/*
 * What WireGuard makes of a config, section by section: one with a key that it has
 * already sets what it gives, and its allowed IPs replace those from before; an
 * allowed IP that another peer has moves to the later one. (Measured on Linux 6.1
 * with wg(8).) A disabled peer yields to one that is not.
 */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "import/import.h"
#include "model/addr.h"

#define TAKEN 255 /* a length that no prefix has */

struct claim {
	struct prg_prefix prefix;
	size_t peer, index; /* where it stands */
	bool disabled;
};

static int by_key(const void *a, const void *b, void *context)
{
	const struct prg_import *import = context;
	size_t i = *(const size_t *)a, j = *(const size_t *)b;
	const struct prg_import_peer *p = &import->peers[i], *q = &import->peers[j];
	int order = memcmp(&p->public_key, &q->public_key, sizeof(p->public_key));

	if (order == 0 && p->disabled != q->disabled)
		order = p->disabled ? -1 : 1;
	return order != 0 ? order : i < j ? -1 : 1;
}

static int by_prefix(const void *a, const void *b)
{
	const struct claim *c = a, *d = b;
	int order = prg_prefix_compare(&c->prefix, &d->prefix);

	if (order == 0 && c->disabled != d->disabled)
		order = c->disabled ? -1 : 1;
	return order != 0 ? order : c->peer < d->peer ? -1 : 1;
}

static const char *shown(const struct prg_import_peer *peer, char ret[PRG_NAME_BYTES + 8])
{
	snprintf(ret, PRG_NAME_BYTES + 8, "%s%s", peer->name[0] ? " " : "", peer->name);
	return ret;
}

/* `from` was set first; what it has and `to` does not give stays. */
static int join(struct prg_import *import, struct prg_import_peer *from,
                struct prg_import_peer *to, struct prg_error *err)
{
	char name[PRG_NAME_BYTES + 8];

	if (from->disabled && !to->disabled)
		return prg_import_tell(import, from->line, false, err,
		                       "a disabled peer has the key of that in line %u: left out",
		                       to->line);
	if (to->preshared_key == NULL)
		to->preshared_key = from->preshared_key;
	if (to->keepalive_s == 0)
		to->keepalive_s = from->keepalive_s;
	if (to->endpoint.port == 0)
		to->endpoint = from->endpoint;
	if (to->name[0] == '\0') {
		memcpy(to->name, from->name, sizeof(to->name));
		if (to->note == NULL) {
			to->note = from->note;
			from->note = NULL;
		}
	}
	return prg_import_tell(import, to->line, false, err,
	                       "the key of the peer in line %u again: one peer%s, with these "
	                       "allowed IPs, as WireGuard has it",
	                       from->line, shown(to, name));
}

/* One peer a key: the last section of a key is the peer, the others go. */
static int join_all(struct prg_import *import, bool *gone, struct prg_error *err)
{
	PRG_FREE size_t *order = calloc(import->n_peers, sizeof(*order));
	size_t i;
	int rc = 0;

	if (order == NULL)
		return prg_error_nomem(err);
	for (i = 0; i < import->n_peers; i++)
		order[i] = i;
	qsort_r(order, import->n_peers, sizeof(*order), by_key, import);
	for (i = 1; i < import->n_peers && rc == 0; i++) {
		struct prg_import_peer *from = &import->peers[order[i - 1]];
		struct prg_import_peer *to = &import->peers[order[i]];

		if (memcmp(&from->public_key, &to->public_key, sizeof(to->public_key)) != 0)
			continue;
		rc = join(import, from, to, err);
		gone[order[i - 1]] = true;
	}
	return rc;
}

static int tell_moved(struct prg_import *import, const struct claim *from, const struct claim *to,
                      struct prg_error *err)
{
	const struct prg_import_peer *loser = &import->peers[from->peer];
	const struct prg_import_peer *winner = &import->peers[to->peer];
	char prefix[PRG_PREFIX_TEXT], a[PRG_NAME_BYTES + 8], b[PRG_NAME_BYTES + 8];

	prg_prefix_format(&to->prefix, prefix);
	return prg_import_tell(import, loser->line, false, err,
	                       "%s of peer%s is also that of peer%s in line %u, which has it alone",
	                       prefix, shown(loser, a), shown(winner, b), winner->line);
}

static void drop_taken(struct prg_import_peer *peer)
{
	size_t i, kept = 0;

	for (i = 0; i < peer->n_allowed_ips; i++)
		if (peer->allowed_ips[i].length != TAKEN)
			peer->allowed_ips[kept++] = peer->allowed_ips[i];
	peer->n_allowed_ips = kept;
}

static int collect(const struct prg_import *import, struct claim **ret, size_t *ret_n,
                   struct prg_error *err)
{
	struct claim *claims;
	size_t i, j, n = 0;

	for (i = 0; i < import->n_peers; i++)
		n += import->peers[i].n_allowed_ips;
	claims = calloc(n + 1, sizeof(*claims));
	if (claims == NULL)
		return prg_error_nomem(err);
	*ret = claims;
	*ret_n = n;
	for (n = 0, i = 0; i < import->n_peers; i++)
		for (j = 0; j < import->peers[i].n_allowed_ips; j++)
			claims[n++] = (struct claim){ .prefix = import->peers[i].allowed_ips[j],
				                      .peer = i,
				                      .index = j,
				                      .disabled = import->peers[i].disabled };
	return 0;
}

/* One peer an allowed IP: the last that names it. */
static int settle_claims(struct prg_import *import, const bool *gone, struct prg_error *err)
{
	PRG_FREE struct claim *claims = NULL;
	size_t n = 0, i, end;
	int rc = collect(import, &claims, &n, err);

	if (rc == 0)
		qsort(claims, n, sizeof(*claims), by_prefix);
	for (i = 0; i < n && rc == 0; i = end) {
		for (end = i + 1; end < n && prg_prefix_compare(&claims[i].prefix,
		                                                &claims[end].prefix) == 0; end++)
			;
		for (; i + 1 < end && rc == 0; i++) {
			import->peers[claims[i].peer].allowed_ips[claims[i].index].length = TAKEN;
			if (!gone[claims[i].peer])
				rc = tell_moved(import, &claims[i], &claims[end - 1], err);
		}
	}
	return rc;
}

int prg_import_merge(struct prg_import *import, struct prg_error *err)
{
	PRG_FREE bool *gone = calloc(import->n_peers + 1, sizeof(*gone));
	size_t i, kept = 0;
	int rc = 0;

	if (gone == NULL)
		return prg_error_nomem(err);
	if (import->n_peers > 1)
		rc = join_all(import, gone, err);
	if (rc == 0)
		rc = settle_claims(import, gone, err);
	if (rc < 0)
		return rc;
	for (i = 0; i < import->n_peers; i++) {
		drop_taken(&import->peers[i]);
		if (!gone[i]) {
			import->peers[kept++] = import->peers[i];
			continue;
		}
		free(import->peers[i].note);
		free(import->peers[i].allowed_ips);
	}
	import->n_peers = kept;
	return 0;
}
