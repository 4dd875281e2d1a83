/* SPDX-License-Identifier: ISC */
/* The tree as JSON, and for people: a line a value, indented. */
#include <string.h>

#include "base/error.h"
#include "base/secret.h"
#include "base/strbuf.h"
#include "model/value.h"
#include "watch/disclose.h"

#define TITLE "All that this server's register holds on one peer\n\n"

static void indent(struct prg_strbuf *buf, unsigned depth)
{
	while (depth-- > 0)
		prg_strbuf_puts(buf, "  ");
}

/* A key as words. */
static void label(struct prg_strbuf *buf, const char *key)
{
	for (; *key != '\0'; key++)
		prg_strbuf_append(buf, *key == '_' ? " " : key, 1);
}

/* A line is one value's: nothing in a text begins another, or moves the cursor. */
static void text(struct prg_strbuf *buf, const char *bytes)
{
	size_t left = strlen(bytes), length;
	uint32_t codepoint;

	for (; left > 0; bytes += length, left -= length) {
		length = prg_utf8_next(bytes, left, &codepoint);
		if (length == 0) {
			prg_strbuf_puts(buf, "\xef\xbf\xbd");
			length = 1;
		} else if (prg_is_control(codepoint)) {
			prg_strbuf_printf(buf, "\\u%04x", (unsigned)codepoint);
		} else {
			prg_strbuf_append(buf, bytes, length);
		}
	}
}

static void scalar(struct prg_strbuf *buf, const json_t *value)
{
	if (json_is_string(value))
		text(buf, json_string_value(value));
	else if (json_is_integer(value))
		prg_strbuf_printf(buf, "%lld", (long long)json_integer_value(value));
	else if (json_is_real(value))
		prg_strbuf_printf(buf, "%g", json_real_value(value));
	else
		prg_strbuf_puts(buf, json_is_true(value)    ? "yes"
		                     : json_is_false(value) ? "no"
		                                            : "none");
}

static bool is_deep(const json_t *value)
{
	return json_is_object(value) || json_is_array(value);
}

/* Values with commas between. */
static void row(struct prg_strbuf *buf, const json_t *array)
{
	size_t i;
	const json_t *one;

	if (json_array_size(array) == 0)
		prg_strbuf_puts(buf, "none");
	json_array_foreach(array, i, one) {
		prg_strbuf_puts(buf, i ? ", " : "");
		scalar(buf, one);
	}
}

static bool is_row(const json_t *value)
{
	size_t i;
	const json_t *one;

	json_array_foreach(value, i, one)
		if (is_deep(one) || (json_is_string(one) && strchr(json_string_value(one), ' ')))
			return false;
	return json_is_array(value);
}

/* What an audit entry says of a setting: before and after. */
static bool is_change(const json_t *value)
{
	const json_t *from = json_object_get(value, "from"), *to = json_object_get(value, "to");

	return json_object_size(value) == 2 && from != NULL && to != NULL &&
	       (!is_deep(from) || is_row(from)) && (!is_deep(to) || is_row(to));
}

static void brief(struct prg_strbuf *buf, const json_t *value)
{
	if (json_is_array(value))
		row(buf, value);
	else
		scalar(buf, value);
}

static void members(struct prg_strbuf *buf, const json_t *object, unsigned depth);

static void elements(struct prg_strbuf *buf, const char *key, const json_t *array, unsigned depth)
{
	size_t i;
	const json_t *one;

	json_array_foreach(array, i, one) {
		indent(buf, depth);
		label(buf, key);
		if (json_is_object(one)) {
			prg_strbuf_printf(buf, ", %zu of %zu:\n", i + 1, json_array_size(array));
			members(buf, one, depth + 1);
		} else {
			prg_strbuf_puts(buf, ": ");
			brief(buf, one);
			prg_strbuf_puts(buf, "\n");
		}
	}
}

static void member(struct prg_strbuf *buf, const char *key, const json_t *value, unsigned depth)
{
	if (json_is_array(value) && !is_row(value)) {
		elements(buf, key, value, depth);
		return;
	}
	indent(buf, depth);
	label(buf, key);
	prg_strbuf_puts(buf, ":");
	if (is_change(value)) {
		prg_strbuf_puts(buf, " ");
		brief(buf, json_object_get(value, "from"));
		prg_strbuf_puts(buf, " -> ");
		brief(buf, json_object_get(value, "to"));
	} else if (json_is_object(value) && json_object_size(value) > 0) {
		prg_strbuf_puts(buf, "\n");
		members(buf, value, depth + 1);
		return;
	} else {
		prg_strbuf_puts(buf, " ");
		brief(buf, value);
	}
	prg_strbuf_puts(buf, "\n");
}

static void members(struct prg_strbuf *buf, const json_t *object, unsigned depth)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)object, key, value)
		member(buf, key, value, depth);
}

static int take(struct prg_strbuf *buf, struct prg_text **ret, struct prg_error *err)
{
	PRG_CLEANUP_TEXT struct prg_text *made = NULL;
	int rc = buf->failed ? prg_error_nomem(err) : prg_text_new(&made, err);

	if (rc == 0)
		rc = prg_text_append(made, buf->data, buf->length, err);
	if (rc < 0)
		return rc;
	*ret = made;
	made = NULL;
	return 0;
}

int prg_disclose_text(const json_t *tree, struct prg_text **ret, struct prg_error *err)
{
	PRG_STRBUF buf = { 0 };

	prg_strbuf_puts(&buf, TITLE);
	members(&buf, tree, 0);
	return take(&buf, ret, err);
}

int prg_disclose_json(const json_t *tree, struct prg_text **ret, struct prg_error *err)
{
	PRG_STRBUF buf = { 0 };
	PRG_FREE char *json = json_dumps(tree, JSON_INDENT(2));

	if (json == NULL)
		return prg_error_nomem(err);
	prg_strbuf_puts(&buf, json);
	prg_strbuf_puts(&buf, "\n");
	return take(&buf, ret, err);
}
