/* SPDX-License-Identifier: ISC */
/* An intent's values to a peer's members. */
#include <string.h>

#include "base/error.h"
#include "change/change.h"

#define GIVEN(field) (v = prg_intent_values(road->intent, index, field)) != NULL

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void drop_tag(struct prg_peer *peer, const char *tag)
{
	size_t i;

	for (i = 0; i < peer->n_tags; i++) {
		if (strcmp(peer->tags[i], tag) != 0)
			continue;
		free(peer->tags[i]);
		peer->tags[i] = peer->tags[--peer->n_tags];
		i--;
	}
}

static int put_tags(struct prg_peer *peer, const struct prg_values *v, struct prg_error *err)
{
	char **tags = reallocarray(peer->tags, peer->n_tags + v->n_tags + 1, sizeof(*tags));
	size_t i;

	if (tags == NULL)
		return prg_error_nomem(err);
	peer->tags = tags;
	for (i = 0; i < v->n_tags; i++) {
		char *copy = strdup(v->tags[i]);

		if (copy == NULL)
			return prg_error_nomem(err);
		drop_tag(peer, copy);
		peer->tags[peer->n_tags++] = copy;
	}
	if (peer->n_tags > PRG_MAX_TAGS)
		return prg_error_set(err, PRG_E_USAGE, "peer %s: more than %d tags", peer->name,
		                     PRG_MAX_TAGS);
	return 0;
}

/* What stands in the client's config. */
static int put_client_values(struct prg_road *road, struct prg_peer *peer, size_t index,
                             struct prg_error *err)
{
	const struct prg_values *v;
	int rc = 0;

	if (GIVEN(PRG_FIELD_CLIENT_ALLOWED_IPS)) {
		peer->own_client_allowed_ips =
			!(v->defaults & (1u << PRG_FIELD_CLIENT_ALLOWED_IPS));
		rc = prg_list_replace(&peer->client_allowed_ips, &peer->n_client_allowed_ips,
		               v->client_allowed_ips,
		               peer->own_client_allowed_ips ? v->n_client_allowed_ips : 0,
		               sizeof(*v->client_allowed_ips), err);
	}
	if (rc == 0 && GIVEN(PRG_FIELD_DNS)) {
		peer->own_dns = !(v->defaults & (1u << PRG_FIELD_DNS));
		rc = prg_list_replace(&peer->dns, &peer->n_dns, v->dns, peer->own_dns ? v->n_dns : 0,
		               sizeof(*v->dns), err);
	}
	if (GIVEN(PRG_FIELD_CLIENT_KEEPALIVE)) {
		peer->own_client_keepalive =
			!(v->defaults & (1u << PRG_FIELD_CLIENT_KEEPALIVE));
		peer->client_keepalive_s = peer->own_client_keepalive ? v->client_keepalive_s : 0;
	}
	if (GIVEN(PRG_FIELD_MTU))
		peer->mtu = v->mtu;
	return rc;
}

int prg_change_put_values(struct prg_road *road, struct prg_peer *peer, size_t index,
                      struct prg_error *err)
{
	const struct prg_values *v;
	int rc = put_client_values(road, peer, index, err);
	size_t i;

	if (GIVEN(PRG_FIELD_KEEPALIVE))
		peer->keepalive_s = v->keepalive_s;
	if (GIVEN(PRG_FIELD_PEER_ENDPOINT))
		peer->endpoint = v->peer_endpoint;
	if (GIVEN(PRG_FIELD_EXPIRES))
		peer->expires_at = v->expires_at;
	if (GIVEN(PRG_FIELD_QUOTA)) {
		peer->quota_bytes = v->quota_bytes;
		peer->quota_period = v->quota_period;
	}
	if (rc == 0 && GIVEN(PRG_FIELD_NOTE)) {
		free(peer->note);
		peer->note = v->note ? strdup(v->note) : NULL;
		if (v->note != NULL && peer->note == NULL)
			rc = prg_error_nomem(err);
	}
	if (GIVEN(PRG_FIELD_UNTAG))
		for (i = 0; i < v->n_untags; i++)
			drop_tag(peer, v->untags[i]);
	/* tags given for all and for one add up */
	if (rc == 0 && PRG_HAS(&road->intent->common, PRG_FIELD_TAG))
		rc = put_tags(peer, &road->intent->common, err);
	v = road->intent->peers[index].values;
	if (rc == 0 && v != NULL && PRG_HAS(v, PRG_FIELD_TAG))
		rc = put_tags(peer, v, err);
	if (peer->n_tags > 1)
		qsort(peer->tags, peer->n_tags, sizeof(*peer->tags), by_text);
	return rc;
}
