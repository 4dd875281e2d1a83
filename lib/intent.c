/* SPDX-License-Identifier: ISC */
#include "intent.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "import/document.h"
#include "import/import.h"
#include "model/key.h"

int prg_intent_new(enum prg_verb verb, const char *interface, struct prg_intent **ret_intent,
                   struct prg_error *err)
{
	struct prg_intent *intent;
	int rc;

	if (verb < PRG_INIT || verb > PRG_FORGET)
		return prg_error_set(err, PRG_E_USAGE, "no such verb: %d", (int)verb);
	if (interface == NULL && (verb == PRG_INIT || verb == PRG_IMPORT))
		interface = "wg0";
	if (interface != NULL) {
		rc = prg_interface_name_check(interface, err);
		if (rc < 0)
			return rc;
	}
	intent = calloc(1, sizeof(*intent));
	if (intent == NULL)
		return prg_error_nomem(err);
	intent->verb = verb;
	if (interface != NULL)
		strcpy(intent->interface, interface);
	*ret_intent = intent;
	return 0;
}

void prg_intent_free(struct prg_intent **intent)
{
	struct prg_intent *i = *intent;
	size_t n;

	if (i == NULL)
		return;
	prg_intent_values_done(&i->common);
	for (n = 0; n < i->n_peers; n++)
		prg_intent_values_free(&i->peers[n].values);
	free(i->peers);
	free(i->names);
	prg_import_free(&i->import);
	prg_document_free(&i->document);
	prg_arena_free(&i->arena);
	free(i);
	*intent = NULL;
}

void prg_intent_set_before_commit(struct prg_intent *intent, prg_before_commit_fn *fn,
                                  void *context)
{
	intent->before_commit = fn;
	intent->before_commit_context = context;
}

void prg_intent_set_progress(struct prg_intent *intent, prg_progress_fn *fn, void *context)
{
	intent->progress = fn;
	intent->progress_context = context;
}

size_t prg_intent_n_peers(const struct prg_intent *intent)
{
	return intent->n_peers;
}

void prg_intent_set_flags(struct prg_intent *intent, unsigned flags)
{
	intent->flags = flags;
}

void prg_intent_set_problems(struct prg_intent *intent, prg_problem_fn *fn, void *context)
{
	intent->problem = fn;
	intent->problem_context = context;
}

/* FNV-1a, 32 bits (draft-eastlake-fnv): names come from the admin. */
static uint32_t hash_name(const char *name)
{
	uint32_t hash = 2166136261u;

	for (; *name != '\0'; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619u;
	return hash;
}

/* The slot of a name: its own, or the empty one where it would go. */
static uint32_t *slot(const struct prg_intent *intent, const char *name)
{
	size_t size = 2 * intent->capacity, at = hash_name(name) % size;

	while (intent->names[at] != 0 &&
	       strcmp(intent->peers[intent->names[at] - 1].name, name) != 0)
		at = (at + 1) % size;
	return &intent->names[at];
}

static int grow(struct prg_intent *intent, struct prg_error *err)
{
	size_t capacity = intent->capacity ? intent->capacity * 2 : 4, i;
	struct prg_intent_peer *peers;
	uint32_t *names;

	peers = reallocarray(intent->peers, capacity, sizeof(*peers));
	if (peers == NULL)
		return prg_error_nomem(err);
	intent->peers = peers;
	names = calloc(2 * capacity, sizeof(*names));
	if (names == NULL)
		return prg_error_nomem(err);
	free(intent->names);
	intent->names = names;
	intent->capacity = capacity;
	for (i = 0; i < intent->n_peers; i++)
		*slot(intent, intent->peers[i].name) = (uint32_t)i + 1;
	return 0;
}

const struct prg_intent_peer *prg_intent_find(const struct prg_intent *intent, const char *name)
{
	const uint32_t *place = intent->n_peers > 0 ? slot(intent, name) : NULL;

	return place != NULL && *place != 0 ? &intent->peers[*place - 1] : NULL;
}

int prg_intent_append(struct prg_intent *intent, const char *name, unsigned line,
                      struct prg_values **values, struct prg_error *err)
{
	struct prg_intent_peer *peer;

	if (intent->n_peers == intent->capacity) {
		int rc = grow(intent, err);

		if (rc < 0)
			return rc;
	}
	peer = &intent->peers[intent->n_peers];
	*peer = (struct prg_intent_peer){ .line = line };
	strcpy(peer->name, name);
	*slot(intent, name) = (uint32_t)++intent->n_peers;
	if (values != NULL) {
		peer->values = *values;
		*values = NULL;
	}
	return 0;
}

int prg_intent_peer(struct prg_intent *intent, const char *name, struct prg_error *err)
{
	int rc;

	if (intent->verb < PRG_ADD || intent->verb == PRG_IMPORT || intent->verb == PRG_APPLY)
		return prg_error_set(err, PRG_E_USAGE, "this command takes no peers");
	/* What exists may be named as it is, also where rules have changed since. */
	if (intent->verb == PRG_ADD) {
		rc = prg_name_check(name, err);
		if (rc < 0)
			return rc;
	} else if (name[0] == '\0' || strlen(name) > PRG_NAME_BYTES) {
		return prg_error_set(err, PRG_E_USAGE, "a name has 1 to %d bytes", PRG_NAME_BYTES);
	}
	if (prg_intent_find(intent, name) != NULL)
		return prg_error_set(err, PRG_E_USAGE, "peer %s is named twice", name);
	return prg_intent_append(intent, name, 0, NULL, err);
}

int prg_intent_own_arena(struct prg_intent *intent, struct prg_error *err)
{
	return intent->arena ? 0 : prg_arena_new(&intent->arena, err);
}

int prg_intent_set_private_key(struct prg_intent *intent, const struct prg_private_key *key,
                               struct prg_error *err)
{
	struct prg_private_key *copy;
	int rc = prg_intent_own_arena(intent, err);

	if (rc < 0)
		return rc;
	if (intent->verb != PRG_INIT && intent->verb != PRG_CONFIGURE &&
	    intent->verb != PRG_IMPORT)
		return prg_error_set(err, PRG_E_USAGE, "this command takes no private key");
	copy = prg_arena_take(intent->arena, sizeof(*copy));
	if (copy == NULL)
		return prg_error_nomem(err);
	*copy = *key;
	prg_private_key_clamp(copy);
	intent->private_key = copy;
	return 0;
}

int prg_intent_values_set_key(struct prg_intent *intent, struct prg_values *values,
                              const struct prg_preshared_key *key, struct prg_error *err)
{
	struct prg_preshared_key *copy;
	int rc = prg_intent_own_arena(intent, err);

	if (rc < 0)
		return rc;
	copy = prg_arena_take(intent->arena, sizeof(*copy));
	if (copy == NULL)
		return prg_error_nomem(err);
	*copy = *key;
	values->preshared_key = copy;
	values->no_preshared_key = false;
	values->set |= 1u << PRG_FIELD_PRESHARED_KEY;
	return 0;
}

struct prg_values *prg_intent_current(struct prg_intent *intent)
{
	struct prg_intent_peer *peer;

	if (intent->n_peers == 0)
		return &intent->common;
	peer = &intent->peers[intent->n_peers - 1];
	if (peer->values == NULL)
		peer->values = calloc(1, sizeof(*peer->values));
	return peer->values;
}

int prg_intent_set_preshared_key(struct prg_intent *intent, const struct prg_preshared_key *key,
                                 struct prg_error *err)
{
	struct prg_values *values = prg_intent_current(intent);

	if (values == NULL)
		return prg_error_nomem(err);
	if (intent->verb != PRG_ADD && intent->verb != PRG_SET)
		return prg_error_set(err, PRG_E_USAGE, "this command takes no preshared key");
	return prg_intent_values_set_key(intent, values, key, err);
}

const struct prg_values *prg_intent_values(const struct prg_intent *intent, size_t index,
                                           enum prg_field field)
{
	const struct prg_values *own = index < intent->n_peers ? intent->peers[index].values : NULL;

	if (own != NULL && PRG_HAS(own, field))
		return own;
	return PRG_HAS(&intent->common, field) ? &intent->common : NULL;
}

int prg_intent_read_config(struct prg_intent *intent, const char *text, size_t length,
                           const char *source, struct prg_error *err)
{
	struct prg_import *import = NULL;
	int rc;

	if (intent->verb != PRG_IMPORT)
		return prg_error_set(err, PRG_E_USAGE, "this command takes no config");
	rc = prg_import_config(text, length, source, &import, err);
	if (rc < 0)
		return prg_error_wrap(err, rc, "%s", source);
	prg_import_free(&intent->import);
	intent->import = import;
	return 0;
}
