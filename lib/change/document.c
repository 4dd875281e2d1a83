/* SPDX-License-Identifier: ISC */
/*
 * A document to the register. The order lets names and addresses go round among
 * peers: those that go, go first; then all is given back that is not wanted any
 * more; then the interface changes; then everybody takes what is theirs.
 */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "change/document_match.h"
#include "store/pool.h"

#define NAMED 5 /* peers that a remark names */

struct outdated {
	size_t n;
	char names[NAMED * (PRG_NAME_BYTES + 2) + 8];
};

static int at_line(struct prg_error *err, int rc, const struct prg_document_peer *said)
{
	return rc < 0 && said->peer->name[0] != '\0'
	               ? prg_error_wrap(err, rc, "line %u: peer %s", said->line, said->peer->name)
	       : rc < 0 ? prg_error_wrap(err, rc, "line %u", said->line)
	                : rc;
}

/* Bringing the interface up or down, or making it, does all of it by itself. */
static int touch(struct prg_road *road, const char *name, const struct prg_wg_peer *from,
                 const struct prg_wg_peer *to, struct prg_error *err)
{
	return road->as == PRG_APPLY ? prg_change_touch(road, name, from, to, err) : 0;
}

/* ------------------------------------------------------------------ interface */

static int check_private_key(const struct prg_road *road, struct prg_error *err)
{
	const struct prg_private_key *key = road->intent->private_key;
	struct prg_public_key public_key;
	int rc;

	if (road->as == PRG_INIT && road->intent->document->keep_private_key)
		return prg_error_set(err, PRG_E_USAGE,
		                     "the private key of %s was left out of the document, and the "
		                     "register does not have this interface: apply a dump with "
		                     "its secrets",
		                     road->intent->interface);
	if (road->as == PRG_INIT || key == NULL || prg_road_dry(road) ||
	    (road->intent->flags & PRG_REPLACE_KEY))
		return 0;
	rc = prg_public_key_derive(key, &public_key, err);
	if (rc == 0 && memcmp(&public_key, &road->interface->public_key, sizeof(public_key)) != 0)
		rc = prg_error_set(err, PRG_E_USAGE,
		                   "the document has another private key of %s, with which no "
		                   "client's config works until it is handed out again: give -y to "
		                   "mean it",
		                   road->interface->name);
	return rc;
}

/* Revoked keys come before peers, so that no such key is let in. *ret_n: how many
 * were not known. */
static int remember_revoked(struct prg_road *road, unsigned *ret_n, struct prg_error *err)
{
	const struct prg_document *document = road->intent->document;
	unsigned n = 0;
	size_t i;
	int rc = 0;

	for (i = 0; i < document->n_revoked && rc == 0; i++) {
		const struct prg_document_revoked *r = &document->revoked[i];
		bool known = false, added = false;

		if (r->hash_key != NULL) {
			rc = prg_store_revoked_add(road->store, road->interface->id, r->hash_key,
			                           r->hash, road->now, &added, err);
		} else {
			rc = prg_store_revoked_is_known(road->store, road->interface->id, r->hash,
			                                &known, err);
			if (rc == 0 && !known)
				rc = prg_error_set(err, PRG_E_USAGE,
				                   "line %u: a revoked key that the register does "
				                   "not know, and without its HashKey cannot "
				                   "refuse: apply a dump with its secrets",
				                   r->line);
		}
		n += added;
	}
	*ret_n = n;
	return rc;
}

static int tell_revoked(struct prg_road *road, unsigned n, struct prg_error *err)
{
	char number[16], detail[80];
	int rc;

	snprintf(number, sizeof(number), "%u", n);
	snprintf(detail, sizeof(detail),
	         "{\"changes\":{\"revoked_keys_added\":{\"from\":null,\"to\":%u}}}", n);
	rc = prg_report_configure(road->report, "revoked_keys_added", "null", number, err);
	return rc < 0 ? rc : prg_change_audit(road, "revoke-keys", NULL, detail, err);
}

static int check_revoked(struct prg_road *road, const struct prg_public_key *key, bool *ret,
                         struct prg_error *err)
{
	*ret = false;
	return prg_store_key_is_revoked(road->store, road->interface->id, key, ret, err);
}

/* A peer that is there already may have a key that the document revokes. */
static int check_all_revoked(struct prg_road *road, const struct prg_matches *m,
                             struct prg_error *err)
{
	bool prunes = road->intent->flags & PRG_PRUNE, revoked;
	size_t i;
	int rc = 0;

	for (i = 0; i < m->document->n_peers && rc == 0; i++) {
		const struct prg_document_peer *said = &m->document->peers[i];

		rc = check_revoked(road, &said->peer->public_key, &revoked, err);
		if (rc == 0 && revoked)
			rc = at_line(err,
			             prg_error_set(err, PRG_E_CONFLICT,
			                           "its key is revoked, by a line of the document: "
			                           "it cannot come back"),
			             said);
	}
	for (i = 0; i < m->n_left && rc == 0 && !prunes; i++) {
		rc = check_revoked(road, &m->left[i]->public_key, &revoked, err);
		if (rc == 0 && revoked)
			rc = prg_error_set(err, PRG_E_CONFLICT,
			                   "the document revokes the key of peer %s, which is not in "
			                   "it: 'peerage revoke %s' first, or --prune",
			                   m->left[i]->name, m->left[i]->name);
	}
	return rc;
}

/* ----------------------------------------------------------------- who goes */

static int end_peer(struct prg_road *road, struct prg_peer *peer, int64_t hold_s,
                    struct prg_error *err)
{
	struct prg_wg_peer wg;
	int rc = prg_change_revoke(road, peer, hold_s, &wg, err);

	if (rc == 0)
		rc = touch(road, peer->name, &wg, NULL, err);
	return rc < 0 ? rc : prg_describe_removed(peer, road->report, err);
}

static int end_left(struct prg_road *road, const struct prg_matches *m, struct prg_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < m->n_left && rc == 0; i++)
		rc = road->intent->flags & PRG_PRUNE
		             ? end_peer(road, m->left[i], PRG_CHANGE_HOLD_S, err)
		             : prg_report_add_left_over(road->report, &m->left[i]->public_key,
		                                        err);
	return rc;
}

/* The name and the addresses go on with another key. */
static int end_replaced(struct prg_road *road, const struct prg_matches *m, struct prg_error *err)
{
	bool may = prg_road_dry(road) || (road->intent->flags & PRG_REPLACE_KEY);
	size_t i;
	int rc = 0;

	for (i = 0; i < m->document->n_peers && rc == 0; i++) {
		if (!m->all[i].replaces)
			continue;
		if (!may)
			return prg_error_set(err, PRG_E_USAGE,
			                     "line %u: peer %s has another key in the register, "
			                     "which would be revoked for good: give -y to mean it",
			                     m->document->peers[i].line,
			                     m->all[i].before->name);
		rc = at_line(err, end_peer(road, m->all[i].before, 0, err), &m->document->peers[i]);
	}
	return rc;
}

/* ------------------------------------------------------------- who changes */

/* No peer can be called so: names begin with a letter or digit. */
static int park_name(struct prg_road *road, const struct prg_peer *before, struct prg_error *err)
{
	PRG_PEER *parked = prg_peer_copy(before);

	if (parked == NULL)
		return prg_error_nomem(err);
	snprintf(parked->name, sizeof(parked->name), "~%lld", (long long)before->id);
	return prg_store_peer_update(road->store, parked, err);
}

static int give_back(struct prg_road *road, const struct prg_matches *m, size_t index,
                     struct prg_error *err)
{
	struct prg_match *match = &m->all[index];
	const struct prg_peer *before = match->before;
	struct prg_peer wanted = { .id = 0 };
	int rc = 0;

	if (!match->differs && !(match->known && m->moves))
		return 0;
	if (match->differs) {
		prg_match_wanted(road, m, index, &wanted);
		rc = prg_change_desired(road, before, &match->wg, &match->live, err);
		if (rc == 0 && strcmp(before->name, wanted.name) != 0)
			rc = park_name(road, before, err);
	}
	if (m->moves)
		wanted.n_addresses = wanted.n_routes = 0;
	if (rc == 0)
		rc = prg_change_release(road, before, before->addresses, before->n_addresses,
		                        wanted.addresses, wanted.n_addresses, err);
	if (rc == 0)
		rc = prg_change_release(road, before, before->routes, before->n_routes,
		                        wanted.routes, wanted.n_routes, err);
	return rc;
}

static int unhold(struct prg_road *road, const struct prg_prefix *list, size_t n,
                  struct prg_error *err)
{
	int rc = 0;

	for (; n > 0 && rc == 0; n--)
		rc = prg_pool_unhold(road->store, road->interface->id, list++, err);
	return rc;
}

/* An address that a document names is the admin's own word: no hold stands in its way. */
static int take_prefixes(struct prg_road *road, const struct prg_peer *before,
                         const struct prg_peer *wanted, struct prg_error *err)
{
	static const struct prg_peer none;
	int rc = unhold(road, wanted->addresses, wanted->n_addresses, err);

	if (before == NULL)
		before = &none;
	if (rc == 0)
		rc = unhold(road, wanted->routes, wanted->n_routes, err);
	if (rc == 0)
		rc = prg_change_take(road, wanted, before->addresses, before->n_addresses,
		                     wanted->addresses, wanted->n_addresses, false, err);
	if (rc == 0)
		rc = prg_change_take(road, wanted, before->routes, before->n_routes,
		                     wanted->routes, wanted->n_routes, true, err);
	return rc;
}

static const char *verb_of(const struct prg_peer *before, const struct prg_peer *after, size_t n)
{
	if (n != 1)
		return "set";
	if (strcmp(before->name, after->name) != 0)
		return "rename";
	if (before->state == after->state)
		return "set";
	return after->state == PRG_PEER_ACTIVE     ? "enable"
	       : after->state == PRG_PEER_DISABLED ? "disable"
	                                           : "expire";
}

static void note_outdated(struct outdated *o, const char *name)
{
	size_t used = strlen(o->names);

	if (o->n < NAMED)
		snprintf(o->names + used, sizeof(o->names) - used, "%s%s", o->n ? ", " : "", name);
	else if (o->n == NAMED)
		snprintf(o->names + used, sizeof(o->names) - used, ", …");
	o->n++;
}

/* Whoever has the newer key is in the register by now. */
static int find_successor(struct prg_road *road, const struct prg_matches *m, size_t index,
                          struct prg_peer *wanted, struct prg_error *err)
{
	size_t successor = m->document->peers[index].successor;
	PRG_PEER *newer = NULL;
	int rc;

	if (successor == PRG_DOCUMENT_NONE)
		return 0;
	rc = prg_store_peer_by_key(road->store, road->interface->id,
	                           &m->document->peers[successor].peer->public_key, &newer, err);
	if (rc == 0)
		wanted->successor_id = newer->id;
	return rc;
}

static int update(struct prg_road *road, const struct prg_matches *m, size_t index,
                  struct outdated *outdated, struct prg_error *err)
{
	struct prg_match *match = &m->all[index];
	const struct prg_document_peer *said = &m->document->peers[index];
	PRG_FREE char *detail = NULL;
	PRG_PEER *after = NULL;
	struct prg_wg_peer wg;
	const struct prg_wg_peer *to = NULL;
	struct prg_peer wanted;
	size_t n = 0;
	int rc;

	prg_match_wanted(road, m, index, &wanted);
	/* the config that the user holds says something else now */
	if (match->psk_differs || !prg_match_same_client(match->before, &wanted)) {
		wanted.config_epoch = 0;
		note_outdated(outdated, wanted.name);
	}
	rc = find_successor(road, m, index, &wanted, err);
	if (rc == 0)
		rc = take_prefixes(road, m->moves ? NULL : match->before, &wanted, err);
	if (rc == 0 && match->psk_differs)
		rc = prg_store_peer_set_psk(road->store, wanted.id, said->preshared_key, err);
	if (rc == 0)
		rc = prg_store_peer_update(road->store, &wanted, err);
	if (rc == 0)
		rc = prg_store_peer_by_id(road->store, wanted.id, &after, err);
	if (rc == 0)
		rc = prg_describe_peer(match->before, after, &detail, &n, err);
	if (rc == 0)
		rc = prg_change_audit(road, verb_of(match->before, after, n), after, detail, err);
	if (rc == 0)
		rc = prg_change_desired(road, after, &wg, &to, err);
	if (rc == 0)
		rc = touch(road, after->name, match->live, to, err);
	return rc < 0 ? rc
	              : prg_describe_changed(match->before, after, match->psk_differs,
	                                     road->report, err);
}

static int insert(struct prg_road *road, const struct prg_matches *m, size_t index,
                  struct prg_error *err)
{
	PRG_PEER *after = NULL;
	struct prg_wg_peer wg;
	const struct prg_wg_peer *to = NULL;
	struct prg_peer wanted;
	int rc;

	prg_match_wanted(road, m, index, &wanted);
	rc = find_successor(road, m, index, &wanted, err);
	if (rc == 0)
		rc = prg_store_peer_insert(road->store, &wanted,
		                           m->document->peers[index].preshared_key, err);
	if (rc == 0)
		rc = take_prefixes(road, NULL, &wanted, err);
	if (rc == 0)
		rc = prg_store_peer_by_id(road->store, wanted.id, &after, err);
	if (rc == 0)
		rc = prg_change_audit_peer(road, "add", NULL, after, err);
	if (rc == 0)
		rc = prg_change_desired(road, after, &wg, &to, err);
	if (rc == 0)
		rc = touch(road, after->name, NULL, to, err);
	return rc < 0 ? rc : prg_describe_added(after, road->report, err);
}

static int change_peer(struct prg_road *road, const struct prg_matches *m, size_t index,
                       struct outdated *outdated, struct prg_error *err)
{
	int rc = 0;

	if (m->all[index].differs)
		rc = update(road, m, index, outdated, err);
	else if (!m->all[index].known)
		rc = insert(road, m, index, err);
	else if (m->moves)
		rc = take_prefixes(road, NULL, m->all[index].before, err);
	return at_line(err, rc, &m->document->peers[index]);
}

static int change_peers(struct prg_road *road, const struct prg_matches *m, struct prg_error *err)
{
	const struct prg_document_peer *all = m->document->peers;
	struct outdated outdated = { .names = "" };
	size_t n = m->document->n_peers, i;
	int rc = 0;

	for (i = 0; i < n && rc == 0; i++)
		if (all[i].successor == PRG_DOCUMENT_NONE)
			rc = change_peer(road, m, i, &outdated, err);
	for (i = 0; i < n && rc == 0; i++)
		if (all[i].successor != PRG_DOCUMENT_NONE)
			rc = change_peer(road, m, i, &outdated, err);
	if (rc == 0 && outdated.n > 0)
		prg_report_remark_add(road->report,
		                      "configs handed out before no longer hold, of %zu peer%s "
		                      "(%s): give the users the new settings ('peerage export "
		                      "NAME')",
		                      outdated.n, outdated.n == 1 ? "" : "s", outdated.names);
	return rc;
}

/* ------------------------------------------------------------------ all of it */

static int begin_interface(struct prg_road *road, struct prg_error *err)
{
	int rc = check_private_key(road, err);

	if (rc == 0 && road->as == PRG_INIT)
		rc = prg_change_init(road, err);
	else if (rc == 0 && road->as != PRG_APPLY)
		rc = prg_change_wanted(road, road->as == PRG_UP, err);
	return rc;
}

static int change_all(struct prg_road *road, struct prg_matches *m, bool revoked,
                      struct prg_error *err)
{
	size_t i;
	int rc = revoked ? check_all_revoked(road, m, err) : 0;

	if (rc == 0)
		rc = end_left(road, m, err);
	if (rc == 0)
		rc = end_replaced(road, m, err);
	for (i = 0; i < m->document->n_peers && rc == 0; i++)
		rc = at_line(err, give_back(road, m, i, err), &m->document->peers[i]);
	if (rc == 0 && road->as != PRG_INIT)
		rc = prg_change_configure(road, err);
	return rc == 0 ? change_peers(road, m, err) : rc;
}

int prg_change_document(struct prg_road *road, struct prg_error *err)
{
	PRG_CLEANUP(prg_matches_done) struct prg_matches matches = {
		.document = road->intent->document
	};
	unsigned revoked = 0;
	size_t i;
	int rc = begin_interface(road, err);

	for (i = 0; i < matches.document->n_remarks; i++)
		prg_report_remark_add(road->report, "%s", matches.document->remarks[i]);
	if (rc == 0)
		rc = remember_revoked(road, &revoked, err);
	if (rc == 0 && revoked > 0)
		rc = tell_revoked(road, revoked, err);
	if (rc == 0)
		rc = prg_match_document(road, &matches, err);
	if (rc == 0)
		rc = change_all(road, &matches, revoked > 0, err);
	if (rc == 0)
		prg_plan_order(road->plan);
	return rc;
}
