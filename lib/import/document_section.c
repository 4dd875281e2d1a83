/* SPDX-License-Identifier: ISC */
/* A section that is complete: its lists, and what its values make of a peer or of
 * the interface. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "import/document_reader.h"
#include "model/addr.h"
#include "model/peer.h"

static int wrap_list(struct prg_document_reader *r, enum prg_document_list list, const char *name,
                     int rc)
{
	return rc == PRG_E_USAGE ? prg_error_wrap(&r->error, rc, "line %u, column 1: %s",
	                                          r->list_line[list], name)
	                         : rc;
}

static int end_lists(struct prg_document_reader *r, struct prg_addr **dns, size_t *n_dns,
                     struct prg_prefix **client, size_t *n_client)
{
	const char *text = r->lists[PRG_DOCUMENT_DNS].data;
	int rc = 0;

	if (text != NULL)
		rc = wrap_list(r, PRG_DOCUMENT_DNS, "DNS",
		               prg_addr_list_parse(text, true, PRG_MAX_DNS, dns, n_dns, &r->error));
	text = r->lists[PRG_DOCUMENT_CLIENT_ALLOWED_IPS].data;
	if (rc == 0 && text != NULL)
		rc = wrap_list(r, PRG_DOCUMENT_CLIENT_ALLOWED_IPS, "ClientAllowedIPs",
		               prg_prefix_list_parse(text, true, false, PRG_MAX_ROUTES, client,
		                                     n_client, &r->error));
	return rc;
}

static int configure(struct prg_document_reader *r, enum prg_field field, const char *text)
{
	return prg_intent_values_set(PRG_CONFIGURE, &r->intent->common, field, text, &r->error);
}

/* What has a field of wg-quick goes through the checks of `configure` as well. */
static int check_interface(struct prg_document_reader *r)
{
	PRG_STRBUF addresses = { 0 };
	char number[8];
	int rc = 0;

	if (r->conf.n_addresses > 0) {
		prg_prefix_list_format(&addresses, r->conf.addresses, r->conf.n_addresses, ",");
		if (addresses.failed)
			return prg_error_nomem(&r->error);
		rc = configure(r, PRG_FIELD_ADDRESS, addresses.data);
	}
	snprintf(number, sizeof(number), "%u", r->conf.listen_port);
	if (rc == 0 && r->conf.listen_port != 0)
		rc = configure(r, PRG_FIELD_LISTEN_PORT, number);
	snprintf(number, sizeof(number), "%u", r->conf.mtu);
	if (rc == 0 && r->conf.mtu != 0)
		rc = configure(r, PRG_FIELD_MTU, number);
	return rc == PRG_E_USAGE ? prg_error_wrap(&r->error, rc, "line %u, column 1: [Interface]",
	                                          r->line)
	                         : rc;
}

int prg_document_end_interface(struct prg_document_reader *r)
{
	struct prg_values *v = &r->intent->common;
	int rc = check_interface(r);

	if (rc == 0)
		rc = end_lists(r, &v->dns, &v->n_dns, &v->client_allowed_ips,
		               &v->n_client_allowed_ips);
	if (rc < 0)
		return rc;
	if (r->lists[PRG_DOCUMENT_DNS].data != NULL)
		v->set |= 1u << PRG_FIELD_DNS;
	if (r->lists[PRG_DOCUMENT_CLIENT_ALLOWED_IPS].data != NULL)
		v->set |= 1u << PRG_FIELD_CLIENT_ALLOWED_IPS;
	r->intent->private_key = r->conf.private_key;
	if (r->conf.private_key != NULL && r->document->keep_private_key)
		return prg_document_fail(r, r->line, "PrivateKey is there, and left out as well");
	return 0;
}

static bool in_list(const struct prg_prefix *prefix, const struct prg_prefix *list, size_t n)
{
	while (n > 0)
		if (prg_prefix_compare(prefix, &list[--n]) == 0)
			return true;
	return false;
}

/* AllowedIPs that are one address are the peer's own, but for those named as a
 * Route; networks are always routes. */
static int split_allowed_ips(struct prg_document_reader *r, const struct prg_wgconf_peer *read)
{
	struct prg_peer *peer = r->now.peer;
	PRG_FREE struct prg_prefix *named = NULL;
	const char *text = r->lists[PRG_DOCUMENT_ROUTES].data;
	size_t n_named = 0, n = read->n_allowed_ips, i;
	int rc = 0;

	if (text != NULL)
		rc = wrap_list(r, PRG_DOCUMENT_ROUTES, "Route",
		               prg_prefix_list_parse(text, false, false, PRG_MAX_ROUTES, &named,
		                                     &n_named, &r->error));
	if (rc < 0 || n + n_named == 0)
		return rc;
	peer->addresses = calloc(n + 1, sizeof(*peer->addresses));
	peer->routes = calloc(n + 1, sizeof(*peer->routes));
	if (peer->addresses == NULL || peer->routes == NULL)
		return prg_error_nomem(&r->error);
	for (i = 0; i < n && rc == 0; i++) {
		const struct prg_prefix *p = &read->allowed_ips[i];

		if (p->length != prg_addr_bits(&p->addr) || in_list(p, named, n_named)) {
			peer->routes[peer->n_routes++] = *p;
			continue;
		}
		peer->addresses[peer->n_addresses++] = *p;
		rc = prg_intent_check_usable(p, &r->error);
		if (rc < 0)
			rc = prg_error_wrap(&r->error, rc, "line %u, column 1: AllowedIPs",
			                    r->line);
	}
	if (rc == 0 && (peer->n_addresses > PRG_MAX_ADDRESSES || peer->n_routes > PRG_MAX_ROUTES))
		rc = prg_document_fail(r, r->line, "AllowedIPs: more than %d addresses, or than %d "
		                                   "routes",
		                       PRG_MAX_ADDRESSES, PRG_MAX_ROUTES);
	for (i = 0; i < n_named && rc == 0; i++)
		if (!in_list(&named[i], peer->routes, peer->n_routes))
			rc = prg_document_fail(r, r->list_line[PRG_DOCUMENT_ROUTES],
			                       "a Route that is not among the AllowedIPs");
	return rc;
}

/* The server connects there itself, and resolves no names. */
static int check_endpoint(struct prg_document_reader *r, const struct prg_endpoint *endpoint)
{
	char host[sizeof(endpoint->host)];
	struct prg_addr addr;

	strcpy(host, endpoint->host);
	host[strcspn(host, "%")] = '\0';
	if (endpoint->port == 0 || prg_addr_parse(host, &addr, NULL) == 0)
		return 0;
	return prg_document_fail(r, r->line, "Endpoint: an ADDRESS:PORT is needed, names are not "
	                                     "resolved");
}

/* Settings that were read as those of `add`. */
static void take_values(struct prg_document_reader *r)
{
	struct prg_peer *peer = r->now.peer;
	struct prg_values *v = &r->values;

	peer->mtu = v->mtu;
	peer->own_client_keepalive = PRG_HAS(v, PRG_FIELD_CLIENT_KEEPALIVE);
	peer->client_keepalive_s = v->client_keepalive_s;
	peer->quota_bytes = v->quota_bytes;
	peer->quota_period = v->quota_period;
	peer->tags = v->tags;
	peer->n_tags = v->n_tags;
	v->tags = NULL;
	v->n_tags = 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int prg_document_end_peer(struct prg_document_reader *r)
{
	struct prg_wgconf_peer *read = prg_wgconf_current(&r->parser);
	struct prg_peer *peer = r->now.peer;
	int rc = check_endpoint(r, &read->endpoint);

	if (rc == 0)
		rc = split_allowed_ips(r, read);
	if (rc == 0)
		rc = end_lists(r, &peer->dns, &peer->n_dns, &peer->client_allowed_ips,
		               &peer->n_client_allowed_ips);
	if (rc < 0)
		return rc;
	peer->own_dns = r->lists[PRG_DOCUMENT_DNS].data != NULL;
	peer->own_client_allowed_ips = r->lists[PRG_DOCUMENT_CLIENT_ALLOWED_IPS].data != NULL;
	take_values(r);
	if (peer->n_tags > 1)
		qsort(peer->tags, peer->n_tags, sizeof(*peer->tags), by_text);
	peer->public_key = read->public_key;
	peer->endpoint = read->endpoint;
	peer->keepalive_s = read->keepalive_s;
	peer->state = r->state >= 0 ? (enum prg_peer_state)r->state
	              : r->dormant  ? PRG_PEER_DISABLED
	                            : PRG_PEER_ACTIVE;
	r->now.preshared_key = read->preshared_key;
	if (read->preshared_key != NULL && r->now.keep_preshared_key)
		return prg_document_fail(r, r->line, "PresharedKey is there, and left out as well");
	peer->has_preshared_key = read->preshared_key != NULL || r->now.keep_preshared_key;
	r->now.successor = PRG_DOCUMENT_NONE;
	if ((peer->successor[0] != '\0') != (peer->overlap_until != 0))
		return prg_document_fail(r, r->line, "Successor and OverlapUntil go together");
	return 0;
}
