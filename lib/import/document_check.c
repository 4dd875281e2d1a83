/* SPDX-License-Identifier: ISC */
/* What no two peers of a document can have: a key, a name, a prefix. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "import/document_reader.h"
#include "model/addr.h"

/* FNV-1a, 64 bits (draft-eastlake-fnv), of what the admin wrote. */
static size_t hash(const void *bytes, size_t length)
{
	const unsigned char *b = bytes;
	uint64_t h = 14695981039346656037u;

	while (length-- > 0)
		h = (h ^ *b++) * 1099511628211u;
	return (size_t)h;
}

/* The slot of a key: its own, or the empty one where it would go. */
static uint32_t *slot_of_key(const struct prg_document *d, const struct prg_public_key *key)
{
	size_t at = hash(key->bytes, sizeof(key->bytes)) % d->n_slots;

	while (d->by_key[at] != 0 && memcmp(&d->peers[d->by_key[at] - 1].peer->public_key, key,
	                                    sizeof(*key)) != 0)
		at = (at + 1) % d->n_slots;
	return &d->by_key[at];
}

static uint32_t *slot_of_name(const struct prg_document *d, const char *name)
{
	size_t at = hash(name, strlen(name)) % d->n_slots;

	while (d->by_name[at] != 0 && strcmp(d->peers[d->by_name[at] - 1].peer->name, name) != 0)
		at = (at + 1) % d->n_slots;
	return &d->by_name[at];
}

size_t prg_document_find_key(const struct prg_document *document, const struct prg_public_key *key)
{
	return (size_t)*slot_of_key(document, key) - 1;
}

size_t prg_document_find_name(const struct prg_document *document, const char *name)
{
	return (size_t)*slot_of_name(document, name) - 1;
}

static int check_names(struct prg_document_reader *r)
{
	struct prg_document *d = r->document;
	size_t i;
	int rc = 0;

	d->n_slots = 2 * d->n_peers + 1;
	d->by_key = calloc(d->n_slots, sizeof(*d->by_key));
	d->by_name = calloc(d->n_slots, sizeof(*d->by_name));
	if (d->by_key == NULL || d->by_name == NULL)
		return prg_document_bad(r, prg_error_nomem(&r->error));
	for (i = 0; i < d->n_peers && rc == 0; i++) {
		const struct prg_document_peer *p = &d->peers[i];
		uint32_t *slot = slot_of_key(d, &p->peer->public_key);

		if (*slot != 0)
			rc = prg_document_bad(
			        r, prg_document_fail(r, p->line,
			                             "this [Peer] has the PublicKey of that of line %u",
			                             d->peers[*slot - 1].line));
		else
			*slot = (uint32_t)i + 1;
		if (rc < 0 || p->peer->name[0] == '\0')
			continue;
		slot = slot_of_name(d, p->peer->name);
		if (*slot != 0)
			rc = prg_document_bad(
			        r, prg_document_fail(r, p->line,
			                             "this [Peer] has the Name of that of line %u",
			                             d->peers[*slot - 1].line));
		else
			*slot = (uint32_t)i + 1;
	}
	return rc;
}

struct place {
	struct prg_prefix prefix;
	unsigned line;
};

static int order_places(const void *a, const void *b)
{
	const struct place *one = a, *other = b;
	int order = prg_prefix_compare(&one->prefix, &other->prefix);

	return order != 0 ? order : one->line < other->line ? -1 : one->line > other->line;
}

static void gather(struct place **next, const struct prg_prefix *list, size_t n, unsigned line)
{
	for (size_t i = 0; i < n; i++)
		*(*next)++ = (struct place){ list[i], line };
}

/* Only what is equal: what overlaps depends on the pools, and the register knows. */
static int check_prefixes(struct prg_document_reader *r)
{
	const struct prg_document *d = r->document;
	PRG_FREE struct place *places = NULL;
	struct place *next;
	char text[PRG_PREFIX_TEXT];
	size_t n = 0, i;
	int rc = 0;

	for (i = 0; i < d->n_peers; i++)
		n += d->peers[i].peer->n_addresses + d->peers[i].peer->n_routes;
	if (n == 0)
		return 0;
	next = places = calloc(n, sizeof(*places));
	if (places == NULL)
		return prg_document_bad(r, prg_error_nomem(&r->error));
	for (i = 0; i < d->n_peers; i++) {
		const struct prg_peer *peer = d->peers[i].peer;

		gather(&next, peer->addresses, peer->n_addresses, d->peers[i].line);
		gather(&next, peer->routes, peer->n_routes, d->peers[i].line);
	}
	qsort(places, n, sizeof(*places), order_places);
	for (i = 1; i < n && rc == 0; i++) {
		if (prg_prefix_compare(&places[i - 1].prefix, &places[i].prefix) != 0)
			continue;
		prg_prefix_format(&places[i].prefix, text);
		rc = prg_document_bad(
		        r, prg_document_fail(r, places[i].line,
		                             "this [Peer] has %s, which that of line %u has too",
		                             text, places[i - 1].line));
	}
	return rc;
}

/* Two keys a peer at most: the older one is that of one other peer, which has none
 * that is newer. NULL: so it is. */
static const char *check_successor(const struct prg_document *d, size_t index, bool *has_older)
{
	size_t successor = prg_document_find_name(d, d->peers[index].peer->successor);

	if (successor == PRG_DOCUMENT_NONE || successor == index)
		return "its Successor is no other [Peer] here";
	if (d->peers[successor].peer->successor[0] != '\0')
		return "its Successor has a Successor too: there are two keys at most";
	if (has_older[successor])
		return "its Successor is that of another [Peer] too: there are two keys at most";
	has_older[successor] = true;
	d->peers[index].successor = successor;
	return NULL;
}

static int check_successors(struct prg_document_reader *r)
{
	struct prg_document *d = r->document;
	PRG_FREE bool *has_older = calloc(d->n_peers + 1, sizeof(*has_older));
	size_t i;
	int rc = 0;

	if (has_older == NULL)
		return prg_document_bad(r, prg_error_nomem(&r->error));
	for (i = 0; i < d->n_peers && rc == 0; i++) {
		const char *wrong = NULL;

		if (d->peers[i].peer->successor[0] != '\0')
			wrong = check_successor(d, i, has_older);
		if (wrong != NULL)
			rc = prg_document_bad(
			        r, prg_document_fail(r, d->peers[i].line, "%s", wrong));
	}
	return rc;
}

int prg_document_check(struct prg_document_reader *r)
{
	int rc = check_names(r);

	if (rc == 0)
		rc = check_successors(r);
	return rc == 0 ? check_prefixes(r) : rc;
}
