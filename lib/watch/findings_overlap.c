/* SPDX-License-Identifier: ISC */
/*
 * Allowed IPs that hold what is another's, or the whole tunnel. The kernel sends a
 * packet to whoever has the narrowest, so one of the two goes without.
 */
#include <string.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "model/addr.h"
#include "watch/findings.h"

/* The pool that a prefix holds all of; NULL: none. */
static const struct prg_prefix *pool_in(const struct prg_interface *interface,
                                        const struct prg_prefix *prefix)
{
	size_t i;

	for (i = 0; i < interface->n_addresses; i++)
		if (prg_prefix_contains(prefix, &interface->addresses[i]))
			return &interface->addresses[i];
	return NULL;
}

/* "OUTER holds INNER", of NAME. */
static int put_holds(struct prg_look *look, struct prg_strbuf *buf, const struct prg_prefix *outer,
                     const char *relation, const struct prg_owned_prefix *other,
                     struct prg_error *err)
{
	char name[PRG_NAME_BYTES + 1], a[PRG_PREFIX_TEXT], b[PRG_PREFIX_TEXT];
	int rc = prg_store_peer_name(look->reg->store, other->peer_id, name, err);

	if (rc < 0)
		return rc;
	prg_prefix_format(outer, a);
	prg_prefix_format(&other->prefix, b);
	prg_strbuf_printf(buf, "%s%s %s %s, which is peer %s's", buf->length > 0 ? "; " : "", a,
	                  relation, b, name);
	return 0;
}

static void put_pool(struct prg_strbuf *buf, const struct prg_prefix *outer,
                     const struct prg_prefix *pool)
{
	struct prg_prefix network = prg_prefix_network(pool);
	char a[PRG_PREFIX_TEXT], b[PRG_PREFIX_TEXT];

	prg_prefix_format(outer, a);
	prg_prefix_format(&network, b);
	prg_strbuf_printf(buf, "%s%s holds the whole tunnel, %s", buf->length > 0 ? "; " : "", a, b);
}

/* ------------------------------------------------------------------ what runs */

/* Says what is wrong with one allowed IP that runs, if anything. */
static int put_taken(struct prg_look *look, struct prg_strbuf *buf, int64_t id,
                     const struct prg_prefix *prefix, struct prg_error *err)
{
	struct prg_store *store = look->reg->store;
	const struct prg_prefix *pool = pool_in(look->interface, prefix);
	struct prg_owned_prefix other;
	PRG_PEER *holder = NULL;
	int rc = prg_store_prefix_holder(store, look->interface->id, prefix, &holder, NULL);

	if (rc == 0 && holder->id == id)
		return 0;
	if (pool != NULL) {
		put_pool(buf, prefix, pool);
		return 0;
	}
	rc = prg_store_inside(store, look->interface->id, prefix, id, &other, err);
	if (rc == 0 && other.peer_id != 0)
		return put_holds(look, buf, prefix,
		                 other.prefix.length == prefix->length ? "is" : "holds", &other,
		                 err);
	if (rc == 0)
		rc = prg_store_around(store, look->interface->id, prefix, id, &other, err);
	if (rc == 0 && other.peer_id != 0)
		rc = put_holds(look, buf, prefix, "lies in", &other, err);
	return rc;
}

int prg_findings_taken(struct prg_look *look, const struct prg_subject *subject, int64_t id,
                       const struct prg_wg_peer *peer, const char *command,
                       struct prg_error *err)
{
	PRG_STRBUF buf = { 0 };
	PRG_FREE char *what = NULL;
	size_t i;
	int rc = 0;

	/* one says enough */
	for (i = 0; i < peer->n_allowed_ips && rc == 0 && buf.length == 0; i++)
		rc = put_taken(look, &buf, id, &peer->allowed_ips[i], err);
	if (rc < 0 || buf.length == 0)
		return rc;
	what = prg_strbuf_take(&buf);
	if (what == NULL)
		return prg_error_nomem(err);
	return prg_findings_add(look->findings, PRG_SEVERITY_CRITICAL, PRG_F_OVERLAP, subject, what,
	                        "it runs with these allowed IPs, and gets packets that are meant "
	                        "for others", command, err);
}

/* ------------------------------------------------------------ what is registered */

static bool among(const struct prg_prefix *prefix, const struct prg_owned_prefix *list, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (prg_prefix_compare(prefix, &list[i].prefix) == 0)
			return true;
	return false;
}

/* A peer has n networks that are too wide: list them, and a command without them. */
static int add_wide(struct prg_look *look, const struct prg_owned_prefix *wide, size_t n,
                    struct prg_strbuf *buf, struct prg_error *err)
{
	PRG_PEER *peer = NULL;
	PRG_STRBUF left = { 0 };
	PRG_FREE char *what = prg_strbuf_take(buf), *routes = NULL;
	struct prg_subject subject;
	size_t i;
	int rc = prg_store_peer_by_id(look->reg->store, wide->peer_id, &peer, err);

	if (rc < 0)
		return rc;
	for (i = 0; i < peer->n_routes; i++)
		if (!among(&peer->routes[i], wide, n)) {
			prg_strbuf_puts(&left, left.length > 0 ? "," : "");
			prg_prefix_list_format(&left, &peer->routes[i], 1, "");
		}
	if (left.length == 0)
		prg_strbuf_puts(&left, "none");
	routes = prg_strbuf_take(&left);
	if (what == NULL || routes == NULL)
		return prg_error_nomem(err);
	subject = (struct prg_subject){ peer->name, &peer->public_key };
	return prg_findings_add(look->findings, PRG_SEVERITY_WARNING, PRG_F_OVERLAP, &subject, what,
	                        "a packet goes to the peer with the narrowest network that holds "
	                        "its address: the other goes without",
	                        prg_findings_command(look->findings, "set %s --routes %s",
	                                             peer->name, routes), err);
}

/* The n networks of one peer. */
static int look_at_peer(struct prg_look *look, struct prg_owned_prefix *networks, size_t n,
                        struct prg_error *err)
{
	PRG_STRBUF buf = { 0 };
	size_t i, wide = 0;
	int rc = 0;

	for (i = 0; i < n && rc == 0; i++) {
		struct prg_owned_prefix network = networks[i], inner = { .peer_id = 0 };
		const struct prg_prefix *pool = pool_in(look->interface, &network.prefix);

		if (pool != NULL)
			put_pool(&buf, &network.prefix, pool);
		else
			rc = prg_store_inside(look->reg->store, look->interface->id,
			                      &network.prefix, network.peer_id, &inner, err);
		if (rc == 0 && inner.peer_id != 0)
			rc = put_holds(look, &buf, &network.prefix, "holds", &inner, err);
		if (pool != NULL || inner.peer_id != 0)
			networks[wide++] = network;
	}
	return rc < 0 || wide == 0 ? rc : add_wide(look, networks, wide, &buf, err);
}

int prg_findings_overlaps(struct prg_look *look, struct prg_error *err)
{
	PRG_FREE struct prg_owned_prefix *networks = NULL;
	size_t n = 0, i, end;
	int rc = prg_store_networks(look->reg->store, look->interface->id, &networks, &n, err);

	for (i = 0; i < n && rc == 0; i = end) {
		for (end = i + 1; end < n && networks[end].peer_id == networks[i].peer_id; end++)
			;
		rc = look_at_peer(look, networks + i, end - i, err);
	}
	return rc;
}
