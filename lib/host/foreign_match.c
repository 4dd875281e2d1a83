/* SPDX-License-Identifier: ISC */
/* One match of a foreign rule against what we know of a packet. */
#include <limits.h>
#include <string.h>

#include "host/foreign.h"
#include "model/addr.h"

#define MAX_DEPTH 32

/* The left side of a match, as far as we know it. */
struct subject {
	enum {
		SUBJECT_UNKNOWN,
		SUBJECT_NEVER,   /* the packet has no such thing: no rule with it matches */
		SUBJECT_DEVICE,  /* word: its name; NULL: not ours, not the loopback */
		SUBJECT_NUMBER,
		SUBJECT_WORD,    /* word, or its number */
		SUBJECT_ADDRESS, /* somewhere in our pools */
		SUBJECT_STATUS   /* of conntrack: all that is known is that it is not dnat */
	} kind;
	const char *word;
	int64_t number;
	bool ours; /* a rule that asks for this value speaks of us */
};

static const struct subject unknown = { .kind = SUBJECT_UNKNOWN };
static const struct subject never = { .kind = SUBJECT_NEVER };

static struct subject word(const char *text, int64_t number)
{
	return (struct subject){ .kind = SUBJECT_WORD, .word = text, .number = number };
}

static bool is(const char *text, const char *other)
{
	return text != NULL && strcmp(text, other) == 0;
}

static struct subject device(const struct prg_packet *packet, const char *name)
{
	return (struct subject){ .kind = SUBJECT_DEVICE,
		                 .word = name,
		                 .ours = is(name, packet->ours) };
}

static struct subject device_kind(const struct prg_packet *packet, const char *name)
{
	struct subject subject = word("wireguard", -1);

	subject.ours = true;
	return is(name, packet->ours) ? subject : unknown;
}

static struct subject protocol(const struct prg_packet *packet)
{
	return packet->input ? word("udp", 17) : unknown;
}

static struct subject meta_subject(const struct prg_packet *packet, const char *key)
{
	bool v4 = packet->family == 4;

	if (is(key, "iifname") || is(key, "iif"))
		return device(packet, packet->in);
	if (is(key, "oifname") || is(key, "oif"))
		return packet->input ? never : device(packet, packet->out);
	if (is(key, "iifkind"))
		return device_kind(packet, packet->in);
	if (is(key, "oifkind"))
		return packet->input ? never : device_kind(packet, packet->out);
	if (is(key, "l4proto"))
		return protocol(packet);
	if (is(key, "nfproto"))
		return v4 ? word("ipv4", 2) : word("ipv6", 10);
	if (is(key, "protocol"))
		return v4 ? word("ip", 0x0800) : word("ip6", 0x86dd);
	if (is(key, "pkttype"))
		return word("host", 0);
	return unknown;
}

static struct subject address(const struct prg_packet *packet, const char *field)
{
	const char *ours = packet->established ? "daddr" : "saddr";

	if (packet->input || !is(field, ours))
		return unknown;
	return (struct subject){ .kind = SUBJECT_ADDRESS, .ours = true };
}

static struct subject payload_subject(const struct prg_packet *packet, const char *name,
                                      const char *field)
{
	if (name == NULL || field == NULL)
		return unknown;
	if (is(name, "ip") || is(name, "ip6")) {
		if ((packet->family == 4) != is(name, "ip"))
			return never;
		if (is(field, "protocol") || is(field, "nexthdr"))
			return protocol(packet);
		return address(packet, field);
	}
	if (is(name, "arp"))
		return never;
	if (is(name, "ether") || is(name, "vlan") || !packet->input)
		return unknown;
	if (!is(name, "udp") && !is(name, "th"))
		return never;
	if (!is(field, "dport"))
		return unknown;
	return (struct subject){ .kind = SUBJECT_NUMBER, .number = packet->port, .ours = true };
}

static struct subject ct_subject(const struct prg_packet *packet, const char *key)
{
	if (is(key, "state"))
		return packet->established ? word("established", 2) : word("new", 8);
	if (is(key, "direction"))
		return packet->established ? word("reply", 1) : word("original", 0);
	if (is(key, "status"))
		return (struct subject){ .kind = SUBJECT_STATUS };
	return unknown;
}

static bool names(const json_t *list, const char *text)
{
	const json_t *item;
	size_t i;

	if (json_is_string(list))
		return is(json_string_value(list), text);
	json_array_foreach(list, i, item)
		if (is(json_string_value(item), text))
			return true;
	return false;
}

static struct subject fib_subject(const struct prg_packet *packet, const json_t *fib)
{
	if (!is(json_string_value(json_object_get(fib, "result")), "type") ||
	    !names(json_object_get(fib, "flags"), "daddr"))
		return unknown;
	return packet->input ? word("local", 2) : word("unicast", 1);
}

static struct subject subject_of(const struct prg_packet *packet, const json_t *left)
{
	const json_t *at;

	at = json_object_get(left, "meta");
	if (at != NULL)
		return meta_subject(packet, json_string_value(json_object_get(at, "key")));
	at = json_object_get(left, "payload");
	if (at != NULL)
		return payload_subject(packet, json_string_value(json_object_get(at, "protocol")),
		                       json_string_value(json_object_get(at, "field")));
	at = json_object_get(left, "ct");
	if (at != NULL)
		return ct_subject(packet, json_string_value(json_object_get(at, "key")));
	at = json_object_get(left, "fib");
	if (at != NULL)
		return fib_subject(packet, at);
	return unknown;
}

/* A name ending in '*' stands for all that begin so. */
static enum prg_tri match_device(const struct prg_packet *packet, const struct subject *subject,
                                 const char *pattern, bool *speaks)
{
	size_t length = strlen(pattern);
	bool wild = length > 0 && pattern[length - 1] == '*';

	if (wild && length == 1)
		return PRG_YES;
	if (subject->word == NULL)
		return is(pattern, "lo") || is(pattern, packet->ours) ? PRG_NO : PRG_MAYBE;
	if (wild ? strncmp(subject->word, pattern, length - 1) != 0
	         : strcmp(subject->word, pattern) != 0)
		return PRG_NO;
	*speaks |= subject->ours;
	return PRG_YES;
}

/* Our side's address is one of the pools': covered by the prefix, apart from it,
 * or some of both. */
static enum prg_tri match_pools(const struct prg_packet *packet, const struct prg_prefix *prefix,
                                bool *speaks)
{
	const struct prg_interface *interface = packet->interface;
	bool inside = false, outside = false;
	size_t i;

	for (i = 0; i < interface->n_addresses; i++) {
		struct prg_prefix pool = prg_prefix_network(&interface->addresses[i]);

		if (pool.addr.family != packet->family)
			continue;
		if (prg_prefix_contains(prefix, &pool))
			inside = true;
		else if (prg_prefix_overlaps(prefix, &pool))
			return PRG_MAYBE;
		else
			outside = true;
	}
	if (inside == outside)
		return PRG_MAYBE;
	*speaks |= inside && prefix->length > 0;
	return inside ? PRG_YES : PRG_NO;
}

static enum prg_tri match_prefix(const struct prg_packet *packet, const struct subject *subject,
                                 const char *text, json_int_t length, bool *speaks)
{
	struct prg_prefix prefix = { 0 };

	if (text == NULL || prg_addr_parse(text, &prefix.addr, NULL) < 0 || length < 0 ||
	    length > prg_addr_bits(&prefix.addr))
		return PRG_MAYBE;
	if (length == 0)
		return PRG_YES;
	if (subject->kind != SUBJECT_ADDRESS)
		return PRG_MAYBE;
	prefix.length = (uint8_t)length;
	prefix = prg_prefix_network(&prefix);
	return match_pools(packet, &prefix, speaks);
}

static enum prg_tri match_range(const struct subject *subject, const json_t *range, bool *speaks)
{
	const json_t *low = json_array_get(range, 0), *high = json_array_get(range, 1);

	if (subject->kind != SUBJECT_NUMBER || !json_is_integer(low) || !json_is_integer(high))
		return PRG_MAYBE;
	if (subject->number < json_integer_value(low) ||
	    subject->number > json_integer_value(high))
		return PRG_NO;
	*speaks |= subject->ours;
	return PRG_YES;
}

static enum prg_tri match_number(const struct subject *subject, json_int_t number, bool *speaks)
{
	if (subject->kind == SUBJECT_STATUS || subject->kind == SUBJECT_DEVICE ||
	    subject->number < 0)
		return PRG_MAYBE;
	if (subject->number != number)
		return PRG_NO;
	*speaks |= subject->ours;
	return PRG_YES;
}

static enum prg_tri match_text(const struct prg_packet *packet, const struct subject *subject,
                               const char *text, bool *speaks)
{
	switch (subject->kind) {
	case SUBJECT_DEVICE:
		return match_device(packet, subject, text, speaks);
	case SUBJECT_ADDRESS:
		return match_prefix(packet, subject, text, packet->family == 4 ? 32 : 128, speaks);
	case SUBJECT_WORD:
		if (strcmp(text, subject->word) != 0)
			return PRG_NO;
		*speaks |= subject->ours;
		return PRG_YES;
	case SUBJECT_STATUS:
		return is(text, "dnat") ? PRG_NO : PRG_MAYBE;
	default:
		return PRG_MAYBE;
	}
}

static enum prg_tri match_value(struct prg_scope *scope, const struct prg_packet *packet,
                                const struct subject *subject, const json_t *value, bool *speaks);

static enum prg_tri match_any(struct prg_scope *scope, const struct prg_packet *packet,
                              const struct subject *subject, const json_t *values, bool *speaks)
{
	enum prg_tri best = PRG_NO;
	const json_t *value;
	size_t i;

	json_array_foreach(values, i, value) {
		enum prg_tri found = match_value(scope, packet, subject, value, speaks);

		if (found > best)
			best = found;
		if (best == PRG_YES)
			break;
	}
	return best;
}

static enum prg_tri match_object(struct prg_scope *scope, const struct prg_packet *packet,
                                 const struct subject *subject, const json_t *value, bool *speaks)
{
	const json_t *at;

	at = json_object_get(value, "set");
	if (at != NULL)
		return json_is_array(at) ? match_any(scope, packet, subject, at, speaks)
		                         : match_value(scope, packet, subject, at, speaks);
	at = json_object_get(value, "elem");
	if (at != NULL)
		return match_value(scope, packet, subject, json_object_get(at, "val"), speaks);
	at = json_object_get(value, "range");
	if (at != NULL)
		return match_range(subject, at, speaks);
	at = json_object_get(value, "prefix");
	if (at != NULL)
		return match_prefix(packet, subject, json_string_value(json_object_get(at, "addr")),
		                    json_integer_value(json_object_get(at, "len")), speaks);
	return PRG_MAYBE;
}

static enum prg_tri match_named(struct prg_scope *scope, const struct prg_packet *packet,
                                const struct subject *subject, const char *name, bool *speaks)
{
	const json_t *set =
		prg_ruleset_find(scope->ruleset->sets, scope->family, scope->table, name);

	return set == NULL ? PRG_MAYBE : match_any(scope, packet, subject, set, speaks);
}

static enum prg_tri match_value(struct prg_scope *scope, const struct prg_packet *packet,
                                const struct subject *subject, const json_t *value, bool *speaks)
{
	enum prg_tri found = PRG_MAYBE;

	if (scope->budget == 0 || scope->depth >= MAX_DEPTH)
		return PRG_MAYBE;
	scope->budget--;
	scope->depth++;
	if (json_is_object(value))
		found = match_object(scope, packet, subject, value, speaks);
	else if (json_is_array(value))
		found = match_any(scope, packet, subject, value, speaks);
	else if (json_is_integer(value))
		found = match_number(subject, json_integer_value(value), speaks);
	else if (json_is_string(value) && json_string_value(value)[0] == '@')
		found = match_named(scope, packet, subject, json_string_value(value) + 1, speaks);
	else if (json_is_string(value))
		found = match_text(packet, subject, json_string_value(value), speaks);
	scope->depth--;
	return found;
}

/* Each part of a concatenation must hold. */
static enum prg_tri match_parts(struct prg_scope *scope, const struct prg_packet *packet,
                                const json_t *lefts, const json_t *value, bool *speaks)
{
	const json_t *values = json_object_get(value, "concat"), *left;
	enum prg_tri worst = PRG_YES;
	bool said = false;
	size_t i;

	if (json_object_get(value, "elem") != NULL)
		values = json_object_get(json_object_get(json_object_get(value, "elem"), "val"),
		                         "concat");
	if (json_array_size(values) != json_array_size(lefts))
		return PRG_MAYBE;
	json_array_foreach(lefts, i, left) {
		enum prg_tri found =
		        prg_match_key(scope, packet, left, json_array_get(values, i), &said);

		if (found < worst)
			worst = found;
	}
	*speaks |= said && worst != PRG_NO;
	return worst;
}

static enum prg_tri match_concat(struct prg_scope *scope, const struct prg_packet *packet,
                                 const json_t *lefts, const json_t *right, bool *speaks)
{
	const json_t *set = json_object_get(right, "set"), *value;
	const char *name = json_string_value(right);
	enum prg_tri best = PRG_NO;
	size_t i;

	if (name != NULL && name[0] == '@')
		set = prg_ruleset_find(scope->ruleset->sets, scope->family, scope->table, name + 1);
	if (set == NULL)
		return name != NULL ? PRG_MAYBE : match_parts(scope, packet, lefts, right, speaks);
	json_array_foreach(set, i, value) {
		enum prg_tri found;

		if (scope->budget == 0)
			return PRG_MAYBE;
		scope->budget--;
		found = match_parts(scope, packet, lefts, value, speaks);
		if (found > best)
			best = found;
		if (best == PRG_YES)
			break;
	}
	return best;
}

enum prg_tri prg_match_key(struct prg_scope *scope, const struct prg_packet *packet,
                           const json_t *left, const json_t *key, bool *speaks_of_us)
{
	const json_t *lefts = json_object_get(left, "concat");
	struct subject subject;
	enum prg_tri found;

	if (scope->depth >= MAX_DEPTH)
		return PRG_MAYBE;
	scope->depth++;
	subject = subject_of(packet, left);
	if (lefts != NULL)
		found = match_concat(scope, packet, lefts, key, speaks_of_us);
	else if (subject.kind == SUBJECT_NEVER)
		found = PRG_NO;
	else if (subject.kind == SUBJECT_UNKNOWN && json_object_get(key, "prefix") == NULL)
		found = PRG_MAYBE;
	else
		found = match_value(scope, packet, &subject, key, speaks_of_us);
	scope->depth--;
	return found;
}

static enum prg_tri match_order(const struct subject *subject, const char *op, const json_t *right)
{
	json_int_t number = json_integer_value(right);
	bool holds;

	if (subject->kind != SUBJECT_NUMBER || !json_is_integer(right))
		return PRG_MAYBE;
	if (is(op, "<"))
		holds = subject->number < number;
	else if (is(op, ">"))
		holds = subject->number > number;
	else if (is(op, "<="))
		holds = subject->number <= number;
	else if (is(op, ">="))
		holds = subject->number >= number;
	else
		return PRG_MAYBE;
	return holds ? PRG_YES : PRG_NO;
}

static bool has_never(const struct prg_packet *packet, const json_t *left)
{
	const json_t *lefts = json_object_get(left, "concat"), *part;
	size_t i;

	if (lefts == NULL)
		return subject_of(packet, left).kind == SUBJECT_NEVER;
	json_array_foreach(lefts, i, part)
		if (subject_of(packet, part).kind == SUBJECT_NEVER)
			return true;
	return false;
}

enum prg_tri prg_match(struct prg_scope *scope, const struct prg_packet *packet,
                       const json_t *match, bool *speaks_of_us)
{
	const char *op = json_string_value(json_object_get(match, "op"));
	const json_t *left = json_object_get(match, "left");
	const json_t *right = json_object_get(match, "right");
	bool ignored = false;
	struct subject subject;

	if (op == NULL || left == NULL || right == NULL)
		return PRG_MAYBE;
	if (has_never(packet, left))
		return PRG_NO;
	if (is(op, "==") || is(op, "in"))
		return prg_match_key(scope, packet, left, right, speaks_of_us);
	if (is(op, "!="))
		return (enum prg_tri)(PRG_YES -
		                      prg_match_key(scope, packet, left, right, &ignored));
	subject = subject_of(packet, left);
	return match_order(&subject, op, right);
}
