/* SPDX-License-Identifier: ISC */
#include "store/peer_row.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "model/addr.h"
#include "store/list.h"
#include "store/row.h"
#include "store/usage.h"
#include "store/store.h"

/* ------------------------------------------------------------------- reading */

static int add_prefix(struct prg_stmt *stmt, int column, struct prg_peer *peer,
                      struct prg_error *err)
{
	bool route = prg_row_bool(stmt, column);
	struct prg_prefix prefix;
	int rc;

	prg_row_prefix(stmt, column + 1, &prefix);
	rc = prg_row_check(stmt, err, "a prefix of peer %s", peer->name);
	if (rc < 0)
		return rc;
	return route ? prg_list_prefix(&peer->routes, &peer->n_routes, &prefix, err)
	             : prg_list_prefix(&peer->addresses, &peer->n_addresses, &prefix, err);
}

static int add_tag(struct prg_stmt *stmt, int column, struct prg_peer *peer, struct prg_error *err)
{
	char tag[PRG_NAME_BYTES + 1];
	char **grown;
	int rc;

	prg_row_peer_name(stmt, column, tag);
	rc = prg_row_check(stmt, err, "a tag of peer %s", peer->name);
	if (rc < 0)
		return rc;
	grown = prg_list_grow(peer->tags, peer->n_tags, sizeof(*grown));
	if (grown == NULL)
		return prg_error_nomem(err);
	peer->tags = grown;
	grown[peer->n_tags] = strdup(tag);
	if (grown[peer->n_tags] == NULL)
		return prg_error_nomem(err);
	peer->n_tags++;
	return 0;
}

/* The peer that has the older key, while that still works. */
static int add_older(struct prg_stmt *stmt, int column, struct prg_peer *peer,
                     struct prg_error *err)
{
	prg_row_peer_name(stmt, column, peer->older);
	prg_row_blob(stmt, column + 1, peer->older_key.bytes, sizeof(peer->older_key.bytes));
	peer->older_until = prg_row_int(stmt, column + 2, 1, INT64_MAX);
	return prg_row_check(stmt, err, "the older key of peer %s", peer->name);
}

typedef int add_fn(struct prg_stmt *stmt, int column, struct prg_peer *peer,
                   struct prg_error *err);

/* Rows of a statement, each with its peer's id first, to peers in order of id. */
static int spread(struct prg_stmt *stmt, struct prg_peer **peers, size_t n, add_fn *add,
                  struct prg_error *err)
{
	size_t i = 0;
	int rc;

	while ((rc = prg_db_step(stmt, err)) > 0) {
		int64_t id = prg_row_int(stmt, 0, 1, INT64_MAX);

		while (i < n && peers[i]->id < id)
			i++;
		if (i < n && peers[i]->id == id)
			rc = add(stmt, 1, peers[i], err);
		if (rc < 0)
			return rc;
	}
	return rc;
}

int prg_peer_row_lists(struct prg_store *store, struct prg_peer **peers, size_t n,
                       struct prg_error *err)
{
	PRG_STMT *prefixes = NULL;
	PRG_STMT *tags = NULL;
	PRG_STMT *older = NULL;
	size_t i;
	int rc;

	if (n == 0)
		return 0;
	rc = prg_db_prepare(store,
	                    "SELECT peer_id, route, family, addr, length FROM prefix "
	                    "WHERE interface_id = ?1 AND peer_id BETWEEN ?2 AND ?3 "
	                    "ORDER BY peer_id, route, id",
	                    &prefixes, err);
	if (rc == 0)
		rc = prg_db_prepare(store,
		                    "SELECT peer_id, tag FROM tag WHERE peer_id BETWEEN ?1 AND ?2 "
		                    "ORDER BY peer_id, tag",
		                    &tags, err);
	if (rc == 0)
		rc = prg_db_prepare(store,
		                    "SELECT successor_id, name, public_key, overlap_until FROM peer "
		                    "WHERE successor_id BETWEEN ?1 AND ?2 AND state <> 3 "
		                    "ORDER BY successor_id",
		                    &older, err);
	if (rc < 0)
		return rc;
	prg_row_bind_int(prefixes, 1, peers[0]->interface_id);
	prg_row_bind_int(prefixes, 2, peers[0]->id);
	prg_row_bind_int(prefixes, 3, peers[n - 1]->id);
	prg_row_bind_int(tags, 1, peers[0]->id);
	prg_row_bind_int(tags, 2, peers[n - 1]->id);
	prg_row_bind_int(older, 1, peers[0]->id);
	prg_row_bind_int(older, 2, peers[n - 1]->id);
	rc = spread(prefixes, peers, n, add_prefix, err);
	if (rc == 0)
		rc = spread(tags, peers, n, add_tag, err);
	if (rc == 0)
		rc = spread(older, peers, n, add_older, err);
	for (i = 0; i < n && rc == 0; i++)
		if (peers[i]->successor_id != 0)
			rc = prg_store_peer_name(store, peers[i]->successor_id, peers[i]->successor,
			                         err);
	return rc;
}

static int read_note(struct prg_stmt *stmt, int column, struct prg_peer *peer,
                     struct prg_error *err)
{
	const char *text = prg_row_text(stmt, column);

	if (text == NULL)
		return 0;
	peer->note = strdup(text);
	return peer->note ? 0 : prg_error_nomem(err);
}

static void read_columns(struct prg_stmt *stmt, struct prg_peer *p)
{
	p->id = prg_row_int(stmt, 0, 1, INT64_MAX);
	p->interface_id = prg_row_int(stmt, 1, 1, INT64_MAX);
	prg_row_peer_name(stmt, 2, p->name);
	prg_row_blob(stmt, 3, p->public_key.bytes, sizeof(p->public_key.bytes));
	p->state = (enum prg_peer_state)prg_row_int(stmt, 4, PRG_PEER_ACTIVE, PRG_PEER_REVOKED);
	p->own_client_allowed_ips = !prg_row_is_null(stmt, 5);
	if (p->own_client_allowed_ips)
		prg_row_prefixes(stmt, 5, &p->client_allowed_ips, &p->n_client_allowed_ips);
	p->own_dns = !prg_row_is_null(stmt, 6);
	if (p->own_dns)
		prg_row_addrs(stmt, 6, &p->dns, &p->n_dns);
	p->own_client_keepalive = !prg_row_is_null(stmt, 7);
	if (p->own_client_keepalive)
		p->client_keepalive_s = prg_row_u16(stmt, 7);
	p->mtu = prg_row_u16(stmt, 8);
	p->keepalive_s = prg_row_u16(stmt, 9);
	p->has_preshared_key = prg_row_bool(stmt, 10);
	prg_row_endpoint(stmt, 11, &p->endpoint);
	p->created_at = prg_row_int(stmt, 13, INT64_MIN, INT64_MAX);
	p->expires_at = prg_row_int(stmt, 14, INT64_MIN, INT64_MAX);
	p->revoked_at = prg_row_int(stmt, 15, INT64_MIN, INT64_MAX);
	p->quota_bytes = (uint64_t)prg_row_int(stmt, 16, 0, INT64_MAX);
	p->quota_period =
		(enum prg_quota_period)prg_row_int(stmt, 17, PRG_QUOTA_TOTAL, PRG_QUOTA_MONTH);
	p->config_epoch = prg_row_int(stmt, 18, INT64_MIN, INT64_MAX);
	p->config_stale = prg_row_bool(stmt, 19);
	p->keyed_at = prg_row_int(stmt, 20, INT64_MIN, INT64_MAX);
	p->resumes_at = prg_row_int(stmt, 21, 0, INT64_MAX);
	if (!prg_row_is_null(stmt, 22))
		p->successor_id = prg_row_int(stmt, 22, 1, INT64_MAX);
	p->overlap_until = prg_row_int(stmt, 23, 0, INT64_MAX);
}

int prg_peer_row_bare(struct prg_stmt *stmt, struct prg_peer **ret, struct prg_error *err)
{
	PRG_PEER *peer = prg_peer_new();
	int rc;

	if (peer == NULL)
		return prg_error_nomem(err);
	read_columns(stmt, peer);
	rc = read_note(stmt, 12, peer, err);
	if (rc == 0)
		rc = prg_row_check(stmt, err, "peer %lld", (long long)peer->id);
	if (rc == 0 && peer->quota_bytes != 0)
		rc = prg_usage_used(stmt->store, peer, prg_clock_now(), &peer->quota_used_bytes,
		                    err);
	if (rc < 0)
		return rc;
	*ret = peer;
	peer = NULL;
	return 0;
}

int prg_peer_row_read(struct prg_stmt *stmt, struct prg_peer **ret, struct prg_error *err)
{
	PRG_PEER *peer = NULL;
	int rc = prg_peer_row_bare(stmt, &peer, err);

	if (rc == 0)
		rc = prg_peer_row_lists(stmt->store, &peer, 1, err);
	if (rc < 0)
		return rc;
	*ret = peer;
	peer = NULL;
	return 0;
}

/* ------------------------------------------------------------------- writing */

void prg_peer_row_texts_done(struct prg_peer_row_texts *texts)
{
	free(texts->client_allowed_ips);
	free(texts->dns);
	*texts = (struct prg_peer_row_texts){ 0 };
}

int prg_peer_row_texts(const struct prg_peer *peer, struct prg_peer_row_texts *ret,
                       struct prg_error *err)
{
	int rc = 0;

	if (peer->quota_bytes > INT64_MAX)
		return prg_error_set(err, PRG_E_USAGE, "a quota of %llu bytes is too large",
		                     (unsigned long long)peer->quota_bytes);
	if (peer->own_client_allowed_ips)
		rc = prg_list_prefixes_text(peer->client_allowed_ips, peer->n_client_allowed_ips,
		                            &ret->client_allowed_ips, err);
	if (rc == 0 && peer->own_dns)
		rc = prg_list_addrs_text(peer->dns, peer->n_dns, &ret->dns, err);
	if (rc == 0 && peer->endpoint.port != 0)
		prg_endpoint_format(&peer->endpoint, ret->endpoint);
	return rc;
}

void prg_peer_row_bind(struct prg_stmt *stmt, const struct prg_peer *peer,
                       const struct prg_peer_row_texts *texts)
{
	prg_row_bind_text(stmt, 1, peer->name);
	prg_row_bind_blob(stmt, 2, peer->public_key.bytes, sizeof(peer->public_key.bytes));
	prg_row_bind_int(stmt, 3, peer->state);
	prg_row_bind_text(stmt, 4, texts->client_allowed_ips);
	prg_row_bind_text(stmt, 5, texts->dns);
	if (peer->own_client_keepalive)
		prg_row_bind_int(stmt, 6, peer->client_keepalive_s);
	prg_row_bind_int(stmt, 7, peer->mtu);
	prg_row_bind_int(stmt, 8, peer->keepalive_s);
	prg_row_bind_text(stmt, 9, peer->endpoint.port ? texts->endpoint : NULL);
	prg_row_bind_text(stmt, 10, peer->note);
	prg_row_bind_int(stmt, 11, peer->created_at);
	prg_row_bind_int(stmt, 12, peer->expires_at);
	prg_row_bind_int(stmt, 13, peer->revoked_at);
	prg_row_bind_int(stmt, 14, (int64_t)peer->quota_bytes);
	prg_row_bind_int(stmt, 15, peer->quota_period);
	prg_row_bind_int(stmt, 16, peer->config_epoch);
	prg_row_bind_int(stmt, 17, peer->keyed_at);
	prg_row_bind_int(stmt, 18, peer->resumes_at);
	if (peer->successor_id != 0)
		prg_row_bind_int(stmt, 19, peer->successor_id);
	prg_row_bind_int(stmt, 20, peer->overlap_until);
}
