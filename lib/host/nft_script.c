/* SPDX-License-Identifier: ISC */
/*
 * Our table in nft's own language: what is loaded. Loaded as JSON, nft would answer with
 * what it was sent; loaded so, it answers in JSON with what the kernel says it made. No
 * more of the language is known than prg_nft_ruleset() uses, and what it holds is checked
 * there: nothing in it can end a word.
 */
#include <string.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "host/nft.h"

struct script {
	struct prg_strbuf buf;
	bool unknown; /* something that cannot be said */
};

static const char *text(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value != NULL ? value : "";
}

static void say(struct script *s, const char *word)
{
	prg_strbuf_puts(&s->buf, word);
}

static void say_prefix(struct script *s, const json_t *prefix)
{
	prg_strbuf_printf(&s->buf, "%s/%d", text(prefix, "addr"),
	                  (int)json_integer_value(json_object_get(prefix, "len")));
}

/* A device is quoted, which an address or a flag must not be. */
static void say_value(struct script *s, const json_t *value, bool quoted)
{
	const json_t *set = json_object_get(value, "set"), *prefix = json_object_get(value, "prefix");
	size_t i;

	if (json_is_string(value)) {
		prg_strbuf_printf(&s->buf, quoted ? "\"%s\"" : "%s", json_string_value(value));
	} else if (prefix != NULL) {
		say_prefix(s, prefix);
	} else if (json_array_size(set) > 0) {
		for (i = 0; i < json_array_size(set); i++) {
			say(s, i == 0 ? "{ " : ", ");
			say_value(s, json_array_get(set, i), quoted);
		}
		say(s, " }");
	} else {
		s->unknown = true;
	}
}

static void say_payload(struct script *s, const json_t *payload)
{
	prg_strbuf_printf(&s->buf, "%s %s", text(payload, "protocol"), text(payload, "field"));
}

static void say_match(struct script *s, const json_t *match)
{
	const json_t *left = json_object_get(match, "left");
	const json_t *meta = json_object_get(left, "meta");
	const json_t *payload = json_object_get(left, "payload");
	const json_t *masked = json_object_get(left, "&"), *mask = json_array_get(masked, 1);
	size_t i;

	if (meta != NULL) {
		say(s, text(meta, "key"));
	} else if (payload != NULL) {
		say_payload(s, payload);
	} else if (json_array_size(mask) > 0) {
		say_payload(s, json_object_get(json_array_get(masked, 0), "payload"));
		for (i = 0; i < json_array_size(mask); i++) {
			say(s, i == 0 ? " & (" : " | ");
			say_value(s, json_array_get(mask, i), false);
		}
		say(s, ")");
	} else {
		s->unknown = true;
	}
	prg_strbuf_printf(&s->buf, " %s ", text(match, "op"));
	say_value(s, json_object_get(match, "right"), meta != NULL);
}

static void say_statement(struct script *s, const json_t *statement)
{
	const json_t *match = json_object_get(statement, "match");
	const json_t *mangle = json_object_get(statement, "mangle");
	const json_t *option = json_object_get(json_object_get(mangle, "key"), "tcp option");
	const json_t *route = json_object_get(json_object_get(mangle, "value"), "rt");

	if (match != NULL)
		say_match(s, match);
	else if (option != NULL && route != NULL)
		prg_strbuf_printf(&s->buf, "tcp option %s %s set rt %s", text(option, "name"),
		                  text(option, "field"), text(route, "key"));
	else if (json_object_get(statement, "drop") != NULL)
		say(s, "drop");
	else if (json_object_get(statement, "masquerade") != NULL)
		say(s, "masquerade");
	else
		s->unknown = true;
	say(s, " ");
}

static void say_rule(struct script *s, const json_t *rule)
{
	const json_t *expr = json_object_get(rule, "expr"), *statement;
	size_t i;

	prg_strbuf_printf(&s->buf, "add rule inet %s %s ", text(rule, "table"),
	                  text(rule, "chain"));
	json_array_foreach(expr, i, statement)
		say_statement(s, statement);
	prg_strbuf_printf(&s->buf, "comment \"%s\"\n", text(rule, "comment"));
}

static void say_command(struct script *s, const json_t *command)
{
	bool removes = json_object_get(command, "delete") != NULL;
	const json_t *object = json_object_get(command, removes ? "delete" : "add");
	const json_t *table = json_object_get(object, "table");
	const json_t *chain = json_object_get(object, "chain");
	const json_t *rule = json_object_get(object, "rule");

	if (table != NULL)
		prg_strbuf_printf(&s->buf, "%s table inet %s\n", removes ? "delete" : "add",
		                  text(table, "name"));
	else if (chain != NULL && !removes)
		prg_strbuf_printf(&s->buf,
		                  "add chain inet %s %s { type %s hook %s priority %d; policy %s; "
		                  "}\n",
		                  text(chain, "table"), text(chain, "name"), text(chain, "type"),
		                  text(chain, "hook"),
		                  (int)json_integer_value(json_object_get(chain, "prio")),
		                  text(chain, "policy"));
	else if (rule != NULL && !removes)
		say_rule(s, rule);
	else
		s->unknown = true;
}

int prg_nft_script(const json_t *ruleset, char **ret, struct prg_error *err)
{
	struct script s = { .unknown = false };
	const json_t *command;
	char *script;
	size_t i;

	json_array_foreach(ruleset, i, command)
		say_command(&s, command);
	script = prg_strbuf_take(&s.buf);
	if (script == NULL)
		return prg_error_nomem(err);
	if (s.unknown) {
		free(script);
		return prg_error_set(err, PRG_E_CORRUPT, "a ruleset that nft cannot be told");
	}
	*ret = script;
	return 0;
}
