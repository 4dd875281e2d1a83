/* SPDX-License-Identifier: ISC */
#include "change/document_match.h"

#include <sodium.h>
#include <string.h>

#include "base/error.h"
#include "model/addr.h"
#include "plan/diff.h"

#define PAGE 512

void prg_matches_done(struct prg_matches *matches)
{
	size_t i;

	for (i = 0; matches->all != NULL && i < matches->document->n_peers; i++)
		prg_peer_free(&matches->all[i].before);
	for (i = 0; i < matches->n_left; i++)
		prg_peer_free(&matches->left[i]);
	free(matches->all);
	free(matches->left);
}

/* ------------------------------------------------------------------ comparing */

static void wanted_of(const struct prg_road *road, const struct prg_matches *matches,
                      size_t index, const struct prg_peer *known, struct prg_peer *ret)
{
	const struct prg_document_peer *said = &matches->document->peers[index];

	*ret = *said->peer;
	ret->interface_id = road->interface->id;
	if (ret->created_at == 0)
		ret->created_at = known != NULL ? known->created_at : road->now;
	ret->keyed_at = road->now;
	if (known != NULL) {
		ret->keyed_at = known->keyed_at;
		ret->resumes_at = known->resumes_at;
	}
	ret->config_epoch = known != NULL ? known->config_epoch : road->interface->config_epoch;
	if (known != NULL) {
		ret->id = known->id;
		if (ret->name[0] == '\0')
			memcpy(ret->name, known->name, sizeof(ret->name));
	}
	/* whose time is over is expired, whatever a document of before says */
	if (ret->state == PRG_PEER_ACTIVE && ret->expires_at != 0 &&
	    ret->expires_at <= road->now && matches->clock)
		ret->state = PRG_PEER_EXPIRED;
	if (ret->state == PRG_PEER_ACTIVE)
		ret->resumes_at = 0; /* should it be so still, the next tick sees it */
}

void prg_match_wanted(const struct prg_road *road, const struct prg_matches *matches,
                      size_t index, struct prg_peer *ret)
{
	const struct prg_match *match = &matches->all[index];

	wanted_of(road, matches, index, match->known ? match->before : NULL, ret);
}

bool prg_match_same_client(const struct prg_peer *a, const struct prg_peer *b)
{
	size_t i;

	if (a->own_dns != b->own_dns || a->n_dns != b->n_dns || a->mtu != b->mtu ||
	    a->own_client_keepalive != b->own_client_keepalive ||
	    a->client_keepalive_s != b->client_keepalive_s ||
	    a->own_client_allowed_ips != b->own_client_allowed_ips)
		return false;
	for (i = 0; i < a->n_dns; i++)
		if (prg_addr_compare(&a->dns[i], &b->dns[i]) != 0)
			return false;
	return prg_prefix_same_list(a->client_allowed_ips, a->n_client_allowed_ips,
	                         b->client_allowed_ips, b->n_client_allowed_ips) &&
	       prg_diff_same_prefixes(a->addresses, a->n_addresses, b->addresses, b->n_addresses);
}

static bool same_words(const struct prg_peer *a, const struct prg_peer *b)
{
	size_t i;

	if (strcmp(a->name, b->name) != 0 || a->n_tags != b->n_tags ||
	    strcmp(a->note ? a->note : "", b->note ? b->note : "") != 0)
		return false;
	for (i = 0; i < a->n_tags; i++)
		if (strcmp(a->tags[i], b->tags[i]) != 0)
			return false;
	return true;
}

static bool same_peer(const struct prg_peer *a, const struct prg_peer *b)
{
	return a->state == b->state && a->keepalive_s == b->keepalive_s &&
	       a->overlap_until == b->overlap_until &&
	       a->expires_at == b->expires_at && a->created_at == b->created_at &&
	       a->quota_bytes == b->quota_bytes &&
	       (a->quota_bytes == 0 || a->quota_period == b->quota_period) &&
	       a->endpoint.port == b->endpoint.port &&
	       strcmp(a->endpoint.host, b->endpoint.host) == 0 && same_words(a, b) &&
	       prg_match_same_client(a, b) &&
	       prg_diff_same_prefixes(a->routes, a->n_routes, b->routes, b->n_routes);
}

static int compare_psk(struct prg_road *road, const struct prg_document_peer *said,
                       const struct prg_peer *known, bool *ret_differs, struct prg_error *err)
{
	PRG_PRESHARED_KEY psk;
	int rc;

	*ret_differs = false;
	if (said->keep_preshared_key && !known->has_preshared_key)
		return prg_error_set(err, PRG_E_USAGE,
		                     "line %u: the preshared key of peer %s was left out, and the "
		                     "register has none to keep: give it, or take the line out",
		                     said->line, known->name);
	if (said->keep_preshared_key)
		return 0;
	*ret_differs = known->has_preshared_key != (said->preshared_key != NULL);
	if (*ret_differs || said->preshared_key == NULL)
		return 0;
	rc = prg_store_peer_psk(road->store, known->id, &psk, err);
	if (rc == 0)
		*ret_differs = sodium_memcmp(psk.bytes, said->preshared_key->bytes,
		                             sizeof(psk.bytes)) != 0;
	return rc;
}

/* By key: the name may be another by now. */
static int compare_successor(struct prg_road *road, const struct prg_matches *m, size_t index,
                             const struct prg_peer *known, bool *ret_differs,
                             struct prg_error *err)
{
	size_t successor = m->document->peers[index].successor;
	PRG_PEER *newer = NULL;
	int rc;

	*ret_differs = (known->successor_id != 0) != (successor != PRG_DOCUMENT_NONE);
	if (*ret_differs || known->successor_id == 0)
		return 0;
	rc = prg_store_peer_by_id(road->store, known->successor_id, &newer, err);
	if (rc == 0)
		*ret_differs = memcmp(&newer->public_key,
		                      &m->document->peers[successor].peer->public_key,
		                      sizeof(newer->public_key)) != 0;
	return rc;
}

/* ------------------------------------------------------------------- matching */

/* Takes peer over. */
static int keep_left(struct prg_matches *m, size_t *capacity, struct prg_peer *peer,
                     struct prg_error *err)
{
	if (m->n_left == *capacity) {
		size_t more = *capacity ? 2 * *capacity : 16;
		struct prg_peer **grown = reallocarray(m->left, more, sizeof(struct prg_peer *));

		if (grown == NULL) {
			prg_peer_free(&peer);
			return prg_error_nomem(err);
		}
		m->left = grown;
		*capacity = more;
	}
	m->left[m->n_left++] = peer;
	return 0;
}

/* Takes *peer over where it is needed further. */
static int match_key(struct prg_road *road, struct prg_matches *m, size_t index,
                     struct prg_peer **peer, struct prg_error *err)
{
	struct prg_match *match = &m->all[index];
	struct prg_peer wanted;
	bool successor_differs = false;
	int rc = compare_psk(road, &m->document->peers[index], *peer, &match->psk_differs, err);

	if (rc == 0)
		rc = compare_successor(road, m, index, *peer, &successor_differs, err);
	if (rc < 0)
		return rc;
	wanted_of(road, m, index, *peer, &wanted);
	match->known = true;
	match->differs = match->psk_differs || successor_differs || !same_peer(*peer, &wanted);
	if (match->differs || m->moves) {
		match->before = *peer;
		*peer = NULL;
	}
	return 0;
}

/* By key first, all of them: a name may go from one key to another. */
static int match_keys(struct prg_road *road, struct prg_matches *m, struct prg_error *err)
{
	char after[PRG_NAME_BYTES + 1] = "";
	size_t n = PAGE, capacity = 0, i;
	int rc = 0;

	while (rc == 0 && n == PAGE) {
		struct prg_peer **page = NULL;

		n = 0;
		rc = prg_store_peers_by_name(road->store, road->interface->id, after, PAGE, &page,
		                             &n, err);
		if (rc == 0 && n > 0)
			memcpy(after, page[n - 1]->name, sizeof(after));
		for (i = 0; i < n && rc == 0; i++) {
			size_t index = prg_document_find_key(m->document, &page[i]->public_key);

			if (index != SIZE_MAX) {
				rc = match_key(road, m, index, &page[i], err);
			} else {
				rc = keep_left(m, &capacity, page[i], err);
				page[i] = NULL;
			}
		}
		prg_peers_free(&page, n);
	}
	return rc;
}

static void match_names(struct prg_matches *m)
{
	size_t i, kept = 0;

	for (i = 0; i < m->n_left; i++) {
		size_t index = prg_document_find_name(m->document, m->left[i]->name);

		if (index == SIZE_MAX || m->all[index].known) {
			m->left[kept++] = m->left[i];
			continue;
		}
		m->all[index].replaces = true;
		m->all[index].before = m->left[i];
	}
	m->n_left = kept;
}

static bool pools_change(const struct prg_road *road)
{
	const struct prg_values *v = &road->intent->common;

	return road->as != PRG_INIT && PRG_HAS(v, PRG_FIELD_ADDRESS) &&
	       !prg_prefix_same_list(v->addresses, v->n_addresses, road->interface->addresses,
	                          road->interface->n_addresses);
}

static int check_new(const struct prg_matches *m, size_t index, struct prg_error *err)
{
	const struct prg_document_peer *said = &m->document->peers[index];

	if (m->all[index].known)
		return 0;
	if (said->peer->name[0] == '\0')
		return prg_error_set(err, PRG_E_USAGE,
		                     "line %u: this [Peer] is new to the register and has no name: "
		                     "put '# Name = NAME' under it",
		                     said->line);
	if (said->keep_preshared_key)
		return prg_error_set(err, PRG_E_USAGE,
		                     "line %u: the preshared key of peer %s was left out, and the "
		                     "register does not have this peer: give the key, or take the "
		                     "line out",
		                     said->line, said->peer->name);
	return 0;
}

int prg_match_document(struct prg_road *road, struct prg_matches *matches, struct prg_error *err)
{
	size_t n = matches->document->n_peers, i;
	int rc;

	matches->clock = road->clock.trusted;
	matches->moves = pools_change(road);
	matches->all = calloc(n + 1, sizeof(*matches->all));
	if (matches->all == NULL)
		return prg_error_nomem(err);
	rc = match_keys(road, matches, err);
	if (rc == 0)
		match_names(matches);
	for (i = 0; i < n && rc == 0; i++)
		rc = check_new(matches, i, err);
	return rc;
}
