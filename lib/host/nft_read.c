/* SPDX-License-Identifier: ISC */
/* What nft lists, against what we asked for. */
#include <string.h>

#include "base/error.h"
#include "host/nft.h"

int prg_nft_parse(const char *text, json_t **ret_objects, struct prg_error *err)
{
	json_error_t error;
	PRG_JSON *root = NULL;
	json_t *objects;

	while (*text == '#') {
		const char *end = strchr(text, '\n');

		text = end == NULL ? text + strlen(text) : end + 1;
	}
	root = json_loads(text, 0, &error);
	if (root == NULL)
		return prg_error_set(err, PRG_E_CORRUPT,
				     "nft's list is not JSON: line %d, column %d", error.line,
				     error.column);
	objects = json_object_get(root, "nftables");
	if (!json_is_array(objects))
		return prg_error_set(err, PRG_E_CORRUPT, "nft's list has no array \"nftables\"");
	*ret_objects = json_incref(objects);
	return 0;
}

int prg_nft_echoed(const char *text, json_t **ret_objects, struct prg_error *err)
{
	PRG_JSON *commands = NULL, *objects = NULL;
	const json_t *command;
	size_t i;
	int rc = prg_nft_parse(text, &commands, err);

	if (rc < 0)
		return rc;
	objects = json_array();
	if (objects == NULL)
		return prg_error_nomem(err);
	json_array_foreach(commands, i, command) {
		json_t *added = json_object_get(command, "add");

		if (added != NULL && json_array_append(objects, added) < 0)
			return prg_error_nomem(err);
	}
	*ret_objects = json_incref(objects);
	return 0;
}

static bool text_is(const json_t *object, const char *key, const char *value)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL && strcmp(text, value) == 0;
}

/* The object of that kind if it is in our table; `added`: inside {"add": …}. */
static const json_t *member(const json_t *object, bool added, const char *kind,
                            const char *table)
{
	const json_t *found =
		json_object_get(added ? json_object_get(object, "add") : object, kind);

	return text_is(found, "family", "inet") && text_is(found, "table", table) ? found : NULL;
}

/* Member `index` of that kind; NULL behind the last. */
static const json_t *nth(const json_t *objects, bool added, const char *kind, const char *table,
                         size_t index)
{
	const json_t *object;
	size_t i;

	json_array_foreach(objects, i, object) {
		const json_t *found = member(object, added, kind, table);

		if (found != NULL && index-- == 0)
			return found;
	}
	return NULL;
}

enum prg_nft_owner prg_nft_owned(const json_t *objects, const char *table,
                                 const char *register_id)
{
	enum prg_nft_owner owner = PRG_NFT_ABSENT;
	const size_t prefix = strlen("peerage:"), id = strlen(register_id);
	const json_t *object;
	size_t i;

	json_array_foreach(objects, i, object) {
		const json_t *found = json_object_get(object, "table");
		const json_t *rule = member(object, false, "rule", table);
		const char *comment = json_string_value(json_object_get(rule, "comment"));

		if (text_is(found, "family", "inet") && text_is(found, "name", table) &&
		    owner == PRG_NFT_ABSENT)
			owner = PRG_NFT_FOREIGN; /* until a rule says more */
		if (comment == NULL || strncmp(comment, "peerage:", prefix) != 0)
			continue;
		if (strncmp(comment + prefix, register_id, id) != 0 || comment[prefix + id] != ' ')
			return PRG_NFT_FOREIGN;
		owner = PRG_NFT_OURS;
	}
	return owner;
}

static bool same(const json_t *a, const json_t *b, const char *key)
{
	return json_equal(json_object_get(a, key), json_object_get(b, key));
}

static bool same_chain(const json_t *a, const json_t *b)
{
	return same(a, b, "name") && same(a, b, "type") && same(a, b, "hook") &&
	       same(a, b, "prio") && same(a, b, "policy");
}

/* nft lists all chains, then the rules, each in the order of their making. */
static int compare_kind(const json_t *ruleset, const json_t *listed, const char *table,
                        const char *kind, bool (*equal)(const json_t *, const json_t *),
                        struct prg_error *err)
{
	size_t i;

	for (i = 0;; i++) {
		const json_t *wanted = nth(ruleset, true, kind, table, i);
		const json_t *found = nth(listed, false, kind, table, i);

		if (wanted == NULL && found == NULL)
			return 0;
		if (found == NULL)
			return prg_error_set(err, PRG_E_FAILED, "nft did not load %s %zu of it",
					     kind, i + 1);
		if (wanted == NULL)
			return prg_error_set(err, PRG_E_FAILED,
					     "it has a %s that was not asked for", kind);
		if (!equal(wanted, found))
			return prg_error_set(err, PRG_E_FAILED, "%s %zu of it is not as asked for",
			                     kind, i + 1);
	}
}

/* A table with the flag "dormant" filters nothing; nft 1.0.6 lists another word in place
 * of it. We ask for none. */
static int compare_table(const json_t *listed, const char *table, struct prg_error *err)
{
	const json_t *object;
	size_t i;

	json_array_foreach(listed, i, object) {
		const json_t *found = json_object_get(object, "table");

		if (text_is(found, "family", "inet") && text_is(found, "name", table) &&
		    json_object_get(found, "flags") != NULL)
			return prg_error_set(err, PRG_E_FAILED, "it is switched off (dormant)");
	}
	return 0;
}

int prg_nft_compare(const json_t *ruleset, const json_t *listed, const char *table,
                    struct prg_error *err)
{
	int rc = compare_table(listed, table, err);

	if (rc == 0)
		rc = compare_kind(ruleset, listed, table, "chain", same_chain, err);
	if (rc == 0)
		rc = compare_kind(ruleset, listed, table, "rule", prg_nft_same_rule, err);
	return rc;
}
