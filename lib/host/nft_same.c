/* SPDX-License-Identifier: ISC */
/*
 * Do two rules say the same? nft lists what it was asked in its own words: prefixes of
 * a set come merged, a set of one as that one, its elements in another order, masks as
 * a list or a disjunction, and some versions write out a match that another implies.
 * Whatever else differs is a difference.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "host/nft.h"
#include "model/addr.h"

#define DEPTH 16 /* of a listing's nesting; ours has 5 */

/* The only member of an object, if it is `key`. */
static const json_t *only(const json_t *node, const char *key)
{
	return json_object_size(node) == 1 ? json_object_get(node, key) : NULL;
}

/* The elements of what stands for several values; NULL: it is one. */
static const json_t *elements(const json_t *node)
{
	const json_t *list = only(node, "set");

	if (list == NULL)
		list = only(node, "|");
	if (list == NULL)
		list = node;
	return json_is_array(list) ? list : NULL;
}

static size_t count(const json_t *node)
{
	const json_t *list = elements(node);

	return list != NULL ? json_array_size(list) : 1;
}

static const json_t *element(const json_t *node, size_t index)
{
	const json_t *list = elements(node);

	return list != NULL ? json_array_get(list, index) : node;
}

/* ----------------------------------------------------------------- addresses */

struct span {
	struct prg_addr first, last;
};

static bool parse_addr(const json_t *node, struct prg_addr *ret)
{
	const char *text = json_string_value(node);

	return text != NULL && prg_addr_parse(text, ret, NULL) == 0;
}

/* An address, {"prefix": …} or {"range": [first, last]}. */
static bool parse_span(const json_t *node, struct span *ret)
{
	const json_t *prefix = only(node, "prefix"), *range = only(node, "range");
	const json_t *length = json_object_get(prefix, "len");
	struct prg_prefix p;

	if (range != NULL)
		return json_array_size(range) == 2 &&
		       parse_addr(json_array_get(range, 0), &ret->first) &&
		       parse_addr(json_array_get(range, 1), &ret->last) &&
		       prg_addr_compare(&ret->first, &ret->last) <= 0;
	if (!parse_addr(prefix != NULL ? json_object_get(prefix, "addr") : node, &p.addr))
		return false;
	p.length = prg_addr_bits(&p.addr);
	if (prefix != NULL && (!json_is_integer(length) || json_integer_value(length) < 0 ||
	                       json_integer_value(length) > p.length))
		return false;
	if (prefix != NULL)
		p.length = (uint8_t)json_integer_value(length);
	p = prg_prefix_network(&p);
	ret->first = prg_prefix_first(&p);
	ret->last = prg_prefix_last(&p);
	return true;
}

static int order(const void *a, const void *b)
{
	return prg_addr_compare(&((const struct span *)a)->first,
	                        &((const struct span *)b)->first);
}

/* What they cover, without overlaps and gaps of nothing. False: not all are addresses. */
static bool parse_spans(const json_t *node, struct span *spans, size_t *ret_n)
{
	size_t all = count(node), n = 0, i;

	for (i = 0; i < all; i++)
		if (!parse_span(element(node, i), &spans[i]))
			return false;
	if (all > 0)
		qsort(spans, all, sizeof(*spans), order);
	for (i = 0; i < all; i++) {
		struct prg_addr next;
		bool more = n > 0 && spans[n - 1].last.family == spans[i].first.family;

		if (more && prg_addr_next(&spans[n - 1].last, &next))
			more = prg_addr_compare(&spans[i].first, &next) <= 0;
		if (!more)
			spans[n++] = spans[i];
		else if (prg_addr_compare(&spans[i].last, &spans[n - 1].last) > 0)
			spans[n - 1].last = spans[i].last;
	}
	*ret_n = n;
	return true;
}

/* *ret_are: both are addresses, and it is decided. */
static bool same_addresses(const json_t *a, const json_t *b, bool *ret_are)
{
	PRG_FREE struct span *left = calloc(count(a) + 1, sizeof(*left));
	PRG_FREE struct span *right = calloc(count(b) + 1, sizeof(*right));
	size_t n_left, n_right, i;

	*ret_are = left != NULL && right != NULL && count(a) > 0 &&
	           parse_spans(a, left, &n_left) && parse_spans(b, right, &n_right);
	if (!*ret_are || n_left != n_right)
		return false;
	for (i = 0; i < n_left; i++)
		if (prg_addr_compare(&left[i].first, &right[i].first) != 0 ||
		    prg_addr_compare(&left[i].last, &right[i].last) != 0)
			return false;
	return true;
}

/* ---------------------------------------------------------------- expressions */

static bool same(const json_t *a, const json_t *b, unsigned depth);

/* Each of one is among the other, and there are as many. */
static bool same_elements(const json_t *a, const json_t *b, unsigned depth)
{
	size_t n = count(a), i, j;
	bool are, equal = same_addresses(a, b, &are);

	if (are)
		return equal;
	if (n != count(b))
		return false;
	for (i = 0; i < n; i++) {
		for (j = 0; j < n; j++)
			if (same(element(a, i), element(b, j), depth))
				break;
		if (j == n)
			return false;
	}
	return true;
}

static bool same_members(const json_t *a, const json_t *b, unsigned depth)
{
	const json_t *value, *mask = json_object_get(a, "&"), *other = json_object_get(b, "&");
	const char *key;

	if (json_object_size(a) != json_object_size(b))
		return false;
	/* the one pair in which it matters what comes first */
	if (mask != NULL || other != NULL)
		return json_object_size(a) == 1 && json_array_size(mask) == 2 &&
		       json_array_size(other) == 2 &&
		       same(json_array_get(mask, 0), json_array_get(other, 0), depth) &&
		       same(json_array_get(mask, 1), json_array_get(other, 1), depth);
	json_object_foreach((json_t *)a, key, value)
		if (!same(value, json_object_get(b, key), depth))
			return false;
	return true;
}

static bool same(const json_t *a, const json_t *b, unsigned depth)
{
	bool are, equal;

	if (depth == 0 || a == NULL || b == NULL)
		return false;
	if (elements(a) != NULL || elements(b) != NULL)
		return same_elements(a, b, depth - 1);
	if (json_equal((json_t *)a, (json_t *)b))
		return true;
	equal = same_addresses(a, b, &are);
	if (are)
		return equal;
	return json_is_object(a) && json_is_object(b) && same_members(a, b, depth - 1);
}

/* ----------------------------------------------------------------- statements */

static bool text_is(const json_t *node, const char *text)
{
	const char *value = json_string_value(node);

	return value != NULL && strcmp(value, text) == 0;
}

/* Does a match of the rule read that protocol's header? */
static bool reads(const json_t *rule, const char *protocol)
{
	const json_t *expr = json_object_get(rule, "expr"), *statement;
	size_t i;

	json_array_foreach(expr, i, statement) {
		const json_t *left = json_object_get(json_object_get(statement, "match"), "left");
		const json_t *payload = json_object_get(left, "payload");

		if (payload == NULL)
			payload = json_object_get(json_array_get(json_object_get(left, "&"), 0),
			                          "payload");
		if (text_is(json_object_get(payload, "protocol"), protocol))
			return true;
	}
	return false;
}

/* A match that is true of every packet that the rest of the rule is about. */
static bool implied(const json_t *statement, const json_t *rule)
{
	static const struct {
		const char *key, *value, *protocol;
	} known[] = {
		{ "l4proto", "tcp", "tcp" },
		{ "nfproto", "ipv4", "ip" },
		{ "nfproto", "ipv6", "ip6" },
	};
	const json_t *match = json_object_get(statement, "match");
	const json_t *meta = only(json_object_get(match, "left"), "meta");
	size_t i;

	if (!text_is(json_object_get(match, "op"), "=="))
		return false;
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (text_is(json_object_get(meta, "key"), known[i].key) &&
		    text_is(json_object_get(match, "right"), known[i].value) &&
		    reads(rule, known[i].protocol))
			return true;
	return false;
}

bool prg_nft_same_rule(const json_t *asked, const json_t *listed)
{
	const json_t *a = json_object_get(asked, "expr"), *b = json_object_get(listed, "expr");
	size_t n = json_array_size(a), m = json_array_size(b), i = 0, j;

	if (!json_equal(json_object_get(asked, "chain"), json_object_get(listed, "chain")) ||
	    !json_equal(json_object_get(asked, "comment"), json_object_get(listed, "comment")))
		return false;
	for (j = 0; j < m; j++) {
		const json_t *statement = json_array_get(b, j);

		if (i < n && same(json_array_get(a, i), statement, DEPTH))
			i++;
		else if (!implied(statement, asked))
			return false;
	}
	return i == n;
}
