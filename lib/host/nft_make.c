/* SPDX-License-Identifier: ISC */
/*
 * Our table without nft: what prg_nft_ruleset() says, told to the kernel by ourselves,
 * which acknowledges each part and carries out all or nothing. Whatever is said in another
 * way than there is left to nft, and so are several pools of a family: a set of ranges
 * has to be cut up first.
 */
#include <string.h>

#include "backend/nf.h"
#include "base/error.h"
#include "host/nft.h"
#include "host/nft_run.h"
#include "model/addr.h"

#define DEVICES 2

static const char *text(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static bool is(const json_t *object, const char *key, const char *value)
{
	const char *found = text(object, key);

	return found != NULL && strcmp(found, value) == 0;
}

/* What is the same in each such rule is compared as a whole. */
static bool is_all(const json_t *object, const char *words)
{
	PRG_JSON *wanted = json_loads(words, 0, NULL);

	return wanted != NULL && json_equal(object, wanted);
}

/* The devices that a match says it is none of; 0: it is no such match. */
static size_t devices_of(const json_t *match, const char *ret[DEVICES])
{
	const json_t *set = json_object_get(json_object_get(match, "right"), "set");
	size_t n = json_array_size(set), i;

	if (!is(match, "op", "!=") || n > DEVICES)
		return 0;
	for (i = 0; i < n; i++) {
		ret[i] = json_string_value(json_array_get(set, i));
		if (ret[i] == NULL)
			return 0;
	}
	return n;
}

static bool match_device(struct prg_nf_batch *batch, const json_t *match, const char *key,
                         uint32_t set)
{
	const char *device = text(match, "right"), *devices[DEVICES];
	bool out = strcmp(key, "oifname") == 0;

	if (!out && strcmp(key, "iifname") != 0)
		return false;
	if (device != NULL && is(match, "op", "=="))
		prg_nf_match_device(batch, out, device);
	else if (devices_of(match, devices) > 0)
		prg_nf_match_no_device(batch, out, set);
	else
		return false;
	return true;
}

/* The one element of a set. */
static bool match_source(struct prg_nf_batch *batch, const json_t *match, const json_t *payload)
{
	const json_t *set = json_object_get(json_object_get(match, "right"), "set");
	const json_t *element = json_array_get(set, 0);
	const json_t *prefix = json_object_get(element, "prefix");
	const char *addr = prefix != NULL ? text(prefix, "addr") : json_string_value(element);
	struct prg_prefix source;
	json_int_t length;

	if (json_array_size(set) != 1 || !is(match, "op", "==") || !is(payload, "field", "saddr"))
		return false;
	if (addr == NULL || prg_addr_parse(addr, &source.addr, NULL) < 0 ||
	    !is(payload, "protocol", source.addr.family == 4 ? "ip" : "ip6"))
		return false;
	length = prefix == NULL ? prg_addr_bits(&source.addr)
	                        : json_integer_value(json_object_get(prefix, "len"));
	if (length <= 0 || length > prg_addr_bits(&source.addr))
		return false;
	source.length = (uint8_t)length;
	prg_nf_match_source(batch, &source);
	return true;
}

static bool statement(struct prg_nf_batch *batch, const json_t *object, uint32_t set)
{
	const json_t *match = json_object_get(object, "match");
	const json_t *left = json_object_get(match, "left");
	const json_t *payload = json_object_get(left, "payload");
	const char *key = text(json_object_get(left, "meta"), "key");

	if (is_all(object, PRG_NFT_MATCH_SYN))
		prg_nf_match_syn(batch);
	else if (is_all(object, PRG_NFT_CLAMP))
		prg_nf_clamp_mss(batch);
	else if (is_all(object, PRG_NFT_DROP))
		prg_nf_drop(batch);
	else if (is_all(object, PRG_NFT_MASQUERADE))
		prg_nf_masquerade(batch);
	else if (key != NULL)
		return match_device(batch, match, key, set);
	else
		return payload != NULL && match_source(batch, match, payload);
	return true;
}

static bool add_rule(struct prg_nf_batch *batch, const json_t *rule)
{
	const char *table = text(rule, "table"), *chain = text(rule, "chain");
	const char *comment = text(rule, "comment"), *devices[DEVICES];
	const json_t *expr = json_object_get(rule, "expr"), *object;
	uint32_t set = 0;
	size_t i;

	if (table == NULL || chain == NULL || comment == NULL || !is(rule, "family", "inet"))
		return false;
	/* a set stands before the rule that has it */
	json_array_foreach(expr, i, object) {
		size_t n = devices_of(json_object_get(object, "match"), devices);

		if (n > 0 && set != 0)
			return false;
		if (n > 0)
			prg_nf_devices(batch, table, devices, n, &set);
	}
	prg_nf_rule(batch, table, chain);
	json_array_foreach(expr, i, object)
		if (!statement(batch, object, set))
			return false;
	prg_nf_rule_end(batch, comment);
	return true;
}

static bool add_chain(struct prg_nf_batch *batch, const json_t *chain)
{
	const char *table = text(chain, "table"), *name = text(chain, "name");
	const char *type = text(chain, "type");
	bool forward = is(chain, "hook", "forward");

	if (table == NULL || name == NULL || type == NULL || !is(chain, "family", "inet") ||
	    !is(chain, "policy", "accept") || (!forward && !is(chain, "hook", "postrouting")))
		return false;
	prg_nf_chain(batch, table, name, type, forward ? PRG_NF_FORWARD : PRG_NF_POSTROUTING,
	             (int32_t)json_integer_value(json_object_get(chain, "prio")));
	return true;
}

static bool fill(void *context, struct prg_nf_batch *batch)
{
	const json_t *commands = context, *command;
	size_t i;

	json_array_foreach(commands, i, command) {
		bool adds = json_object_get(command, "add") != NULL;
		const json_t *object = json_object_get(command, adds ? "add" : "delete");
		const json_t *table = json_object_get(object, "table");
		const json_t *chain = json_object_get(object, "chain");

		if (table != NULL && text(table, "name") != NULL && is(table, "family", "inet"))
			prg_nf_table(batch, text(table, "name"), adds);
		else if (!adds || !(chain != NULL ? add_chain(batch, chain)
		                                  : add_rule(batch, json_object_get(object, "rule"))))
			return false;
	}
	return true;
}

int prg_nft_make(const char *ruleset, struct prg_error *err)
{
	PRG_JSON *commands = NULL;
	int rc = prg_nft_parse(ruleset, &commands, err);

	return rc < 0 ? rc : prg_nf_change(fill, commands, err);
}
