/* SPDX-License-Identifier: ISC */
/* A listed ruleset, by name. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "host/foreign.h"

#define KEY_BYTES 1024 /* three names of at most 255 bytes, NFT_NAME_MAXLEN */

void prg_ruleset_done(struct prg_ruleset *ruleset)
{
	json_decref(ruleset->base);
	json_decref(ruleset->chains);
	json_decref(ruleset->sets);
	*ruleset = (struct prg_ruleset){ 0 };
}

/* \x1f cannot be part of the names that people give; were it, two names would at
 * worst be taken for one. */
static bool make_key(char key[KEY_BYTES], const char *family, const char *table, const char *name)
{
	int length;

	if (family == NULL || table == NULL || name == NULL)
		return false;
	length = snprintf(key, KEY_BYTES, "%s\x1f%s\x1f%s", family, table, name);
	return length > 0 && length < KEY_BYTES;
}

static const char *text(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

const json_t *prg_ruleset_find(const json_t *index, const char *family, const char *table,
                               const char *name)
{
	char key[KEY_BYTES];

	return make_key(key, family, table, name) ? json_object_get(index, key) : NULL;
}

static bool same(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* Tables that are "dormant" have no effect. */
static bool is_dormant(const json_t *objects, const json_t *chain)
{
	const json_t *object, *flag;
	size_t i, j;

	json_array_foreach(objects, i, object) {
		const json_t *table = json_object_get(object, "table");
		const json_t *flags = json_object_get(table, "flags");

		if (flags == NULL || !same(text(table, "family"), text(chain, "family")) ||
		    !same(text(table, "name"), text(chain, "table")))
			continue;
		if (same(json_string_value(flags), "dormant"))
			return true;
		json_array_foreach(flags, j, flag)
			if (same(json_string_value(flag), "dormant"))
				return true;
	}
	return false;
}

/* The array of a chain's rules, made where it is not there. */
static json_t *rules_of(struct prg_ruleset *ruleset, const json_t *object, const char *name)
{
	char key[KEY_BYTES];
	json_t *rules;

	if (!make_key(key, text(object, "family"), text(object, "table"), name))
		return NULL;
	rules = json_object_get(ruleset->chains, key);
	if (rules == NULL) {
		rules = json_array();
		if (json_object_set_new(ruleset->chains, key, rules) < 0)
			rules = NULL;
	}
	return rules;
}

static int add_set(struct prg_ruleset *ruleset, json_t *set)
{
	char key[KEY_BYTES];
	json_t *elements = json_object_get(set, "elem");

	if (!make_key(key, text(set, "family"), text(set, "table"), text(set, "name")))
		return 0;
	return elements != NULL ? json_object_set(ruleset->sets, key, elements)
	                        : json_object_set_new(ruleset->sets, key, json_array());
}

static int add_chain(struct prg_ruleset *ruleset, const json_t *objects, json_t *chain)
{
	rules_of(ruleset, chain, text(chain, "name")); /* a chain without rules is one, too */
	if (json_object_get(chain, "hook") == NULL || is_dormant(objects, chain))
		return 0;
	return json_array_append(ruleset->base, chain);
}

static int add(struct prg_ruleset *ruleset, const json_t *objects, const json_t *object)
{
	json_t *chain = json_object_get(object, "chain");
	json_t *rule = json_object_get(object, "rule");
	json_t *set = json_object_get(object, "set");

	if (set == NULL)
		set = json_object_get(object, "map");
	if (json_is_object(chain))
		return add_chain(ruleset, objects, chain);
	if (json_is_object(rule) && json_is_array(json_object_get(rule, "expr"))) {
		json_t *rules = rules_of(ruleset, rule, text(rule, "chain"));

		return rules == NULL ? 0 : json_array_append(rules, json_object_get(rule, "expr"));
	}
	if (json_is_object(set))
		return add_set(ruleset, set);
	return 0;
}

int prg_ruleset_index(const json_t *objects, struct prg_ruleset *ret, struct prg_error *err)
{
	PRG_RULESET ruleset = { json_array(), json_object(), json_object() };
	const json_t *object;
	size_t i;

	if (ruleset.base == NULL || ruleset.chains == NULL || ruleset.sets == NULL)
		return prg_error_nomem(err);
	json_array_foreach(objects, i, object)
		if (add(&ruleset, objects, object) < 0)
			return prg_error_nomem(err);
	*ret = ruleset;
	ruleset = (struct prg_ruleset){ 0 };
	return 0;
}
