/* SPDX-License-Identifier: ISC */
/* One packet through one base chain. */
#include <string.h>

#include "host/foreign.h"

#define MAX_JUMPS 16 /* NFT_JUMP_STACK_SIZE of the kernel */
#define BUDGET 1000000u

struct walk {
	struct prg_scope scope;
	const struct prg_packet *packet;
	unsigned jumps;
	bool opaque;
};

/* How a packet came to where it is. */
struct path {
	enum prg_tri here;   /* MAYBE or YES */
	bool speaks_of_us;
	bool xt_state;       /* a MAYBE is conntrack's, in xtables' words */
	bool xt_opaque;      /* a MAYBE is another xtables match that may well be ours */
};

/* What may happen to it from there. */
struct fate {
	bool accepted, falls; /* falls: reaches the end of the chain, or returns */
};

static struct fate walk_chain(struct walk *walk, const char *name, struct path path);

static void accept_it(struct walk *walk, const struct path *path, struct fate *fate)
{
	if (path->here == PRG_YES || path->speaks_of_us ||
	    (path->xt_state && walk->packet->established))
		fate->accepted = true;
	else if (path->xt_opaque)
		walk->opaque = true;
}

static bool is(const char *text, const char *other)
{
	return text != NULL && strcmp(text, other) == 0;
}

static bool one_of(const char *key, const char *const *list)
{
	for (; *list != NULL; list++)
		if (is(key, *list))
			return true;
	return false;
}

/* Follows a verdict. true: a packet that is here for sure goes no further. */
static bool follow(struct walk *walk, const char *verdict, const json_t *argument,
                   const struct path *path, struct fate *fate)
{
	struct fate there;

	/* What "queue" hands to a program in user space is that program's to drop. */
	if (is(verdict, "accept") || is(verdict, "queue")) {
		accept_it(walk, path, fate);
		return true;
	}
	if (is(verdict, "drop") || is(verdict, "reject"))
		return true;
	if (is(verdict, "return")) {
		fate->falls = true;
		return true;
	}
	if (!is(verdict, "jump") && !is(verdict, "goto"))
		return false;
	there = walk_chain(walk, json_string_value(json_object_get(argument, "target")), *path);
	fate->accepted |= there.accepted;
	if (is(verdict, "goto"))
		fate->falls |= there.falls;
	return is(verdict, "goto") || !there.falls;
}

static bool is_verdict(const char *key)
{
	static const char *const verdicts[] = { "accept", "drop", "reject", "return", "jump",
		                                "goto",   "queue", NULL };

	return one_of(key, verdicts);
}

/* One key of a verdict map. true: this key's it is, and it goes no further. */
static bool walk_pair(struct walk *walk, enum prg_tri found, const json_t *verdict,
                      struct path path, struct fate *fate)
{
	void *at = json_object_iter((json_t *)verdict);
	bool stops;

	if (found == PRG_NO || at == NULL)
		return false;
	if (found < path.here)
		path.here = found;
	stops = follow(walk, json_object_iter_key(at), json_object_iter_value(at), &path, fate);
	return stops && found == PRG_YES;
}

/* A verdict map takes one key at most; "*" is for what no other key is. true: a
 * packet that is here for sure goes no further. */
static bool walk_vmap(struct walk *walk, const json_t *vmap, const struct path *path,
                      struct fate *fate)
{
	const json_t *left = json_object_get(vmap, "key"), *data = json_object_get(vmap, "data");
	const char *name = json_string_value(data);
	const json_t *pairs = json_object_get(data, "set"), *pair, *rest = NULL;
	enum prg_tri otherwise = PRG_YES;
	size_t i;

	if (name != NULL && name[0] == '@')
		pairs = prg_ruleset_find(walk->scope.ruleset->sets, walk->scope.family,
		                         walk->scope.table, name + 1);
	json_array_foreach(pairs, i, pair) {
		const json_t *key = json_array_get(pair, 0), *verdict = json_array_get(pair, 1);
		struct path taken = *path;
		enum prg_tri found;

		if (walk->scope.budget == 0)
			return false;
		walk->scope.budget--;
		if (is(json_string_value(key), "*")) {
			rest = verdict;
			continue;
		}
		found = prg_match_key(&walk->scope, walk->packet, left, key, &taken.speaks_of_us);
		if (walk_pair(walk, found, verdict, taken, fate))
			return true;
		if (found == PRG_YES)
			return false;
		if (found == PRG_MAYBE)
			otherwise = PRG_MAYBE;
	}
	return walk_pair(walk, otherwise, rest, *path, fate);
}

enum xt { XT_NEUTRAL, XT_MAYBE, XT_DROP };

/* An xtables match or target, of which nft knows the name at best. */
static enum xt walk_xt(const json_t *xt, struct path *path)
{
	static const char *const states[] = { "conntrack", "state", NULL };
	static const char *const ports[] = { "multiport", "set", NULL };
	const char *type = json_string_value(json_object_get(xt, "type"));
	const char *name = json_string_value(json_object_get(xt, "name"));

	if (is(type, "target"))
		return is(name, "REJECT") ? XT_DROP : XT_NEUTRAL;
	if (is(name, "comment"))
		return XT_NEUTRAL;
	path->xt_state |= name == NULL || one_of(name, states);
	path->xt_opaque |= name == NULL || one_of(name, ports);
	return XT_MAYBE;
}

/* What a statement that is neither match nor verdict leaves of our certainty. */
static enum prg_tri walk_other(const char *key)
{
	static const char *const neutral[] = { "counter", "log", "mangle", "notrack", "set", "map",
		                               "last",    "dup", "flow",   "secmark", NULL };

	return one_of(key, neutral) ? PRG_YES : PRG_MAYBE; /* a limit, or unknown */
}

/* true: a packet that is here for sure goes no further. */
static bool walk_rule(struct walk *walk, const json_t *expr, struct path path, struct fate *fate)
{
	enum prg_tri rule = PRG_YES; /* given that the packet is here */
	const json_t *statement;
	size_t i;

	json_array_foreach(expr, i, statement) {
		void *at = json_object_iter((json_t *)statement);
		const char *key = at == NULL ? NULL : json_object_iter_key(at);
		const json_t *value = at == NULL ? NULL : json_object_iter_value(at);
		enum prg_tri found = PRG_YES;

		if (is_verdict(key))
			return follow(walk, key, value, &path, fate) && rule == PRG_YES;
		if (is(key, "vmap")) {
			if (walk_vmap(walk, value, &path, fate) && rule == PRG_YES)
				return true;
			continue; /* no key, or its chain came back */
		}
		if (is(key, "match")) {
			found = prg_match(&walk->scope, walk->packet, value, &path.speaks_of_us);
		} else if (is(key, "xt")) {
			enum xt xt = walk_xt(value, &path);

			if (xt == XT_DROP)
				return rule == PRG_YES;
			found = xt == XT_MAYBE ? PRG_MAYBE : PRG_YES;
		} else {
			found = walk_other(key);
		}
		if (found == PRG_NO)
			return false;
		if (found == PRG_MAYBE)
			rule = path.here = PRG_MAYBE;
	}
	return false;
}

static struct fate walk_chain(struct walk *walk, const char *name, struct path path)
{
	const struct prg_scope *scope = &walk->scope;
	const json_t *rules = NULL, *expr;
	struct fate fate = { 0 };
	size_t i;

	if (name != NULL && walk->jumps < MAX_JUMPS)
		rules = prg_ruleset_find(scope->ruleset->chains, scope->family, scope->table, name);
	walk->jumps++;
	json_array_foreach(rules, i, expr) {
		if (walk->scope.budget == 0)
			break;
		walk->scope.budget--;
		if (walk_rule(walk, expr, path, &fate)) {
			walk->jumps--;
			return fate;
		}
	}
	walk->jumps--;
	fate.falls = true;
	return fate;
}

enum prg_verdict prg_walk(const struct prg_ruleset *ruleset, const json_t *base,
                          const struct prg_packet *packet, bool *ret_opaque)
{
	struct walk walk = { .packet = packet };
	const struct path path = { .here = PRG_YES };
	const char *policy = json_string_value(json_object_get(base, "policy"));
	const char *name = json_string_value(json_object_get(base, "name"));
	struct fate fate;

	walk.scope.ruleset = ruleset;
	walk.scope.family = json_string_value(json_object_get(base, "family"));
	walk.scope.table = json_string_value(json_object_get(base, "table"));
	walk.scope.budget = BUDGET;
	fate = walk_chain(&walk, name, path);
	if (fate.accepted || (fate.falls && !is(policy, "drop")))
		return PRG_PASSES;
	*ret_opaque = walk.opaque;
	return fate.falls ? PRG_BLOCKED_BY_POLICY : PRG_BLOCKED_BY_RULE;
}
