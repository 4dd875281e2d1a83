/* SPDX-License-Identifier: ISC */
#include "words.h"

#include "human.h"
#include "own.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum unit { UNIT_NONE, UNIT_SECONDS, UNIT_DURATION, UNIT_BYTES };

/* How a field is called, and its values that mean more than they say. What is not
 * among these is called as in JSON, with spaces. */
struct field {
	const char *name, *label;
	const char *null; /* NULL: "none" */
	const char *zero; /* NULL: 0 */
	enum unit unit;
};

static const struct field fields[] = {
	{ "allowed_ips", "allowed IPs", NULL, NULL, UNIT_NONE },
	{ "client_allowed_ips", "client allowed IPs", "the interface's", NULL, UNIT_NONE },
	{ "client_keepalive", "client keepalive", "the interface's", "off", UNIT_SECONDS },
	{ "dns", "DNS", "the interface's", NULL, UNIT_NONE },
	{ "expires_at", "expires", "never", NULL, UNIT_NONE },
	{ "keepalive", "keepalive", NULL, "off", UNIT_SECONDS },
	{ "mtu", "MTU", "default", "default", UNIT_NONE },
	{ "nat", "NAT", NULL, NULL, UNIT_NONE },
	{ "peer_endpoint", "connects to", NULL, NULL, UNIT_NONE },
	{ "quota_bytes", "quota", NULL, "none", UNIT_BYTES },
	{ "quota_period", "quota per", NULL, NULL, UNIT_NONE },
	{ "rotate_after", "rotate after", NULL, NULL, UNIT_DURATION },
	{ "scrub_idle", "scrub idle", NULL, NULL, UNIT_DURATION },
	{ "stale_after", "stale after", NULL, NULL, UNIT_DURATION },
};

static const struct field *field_find(const char *name)
{
	static const struct field any;

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		if (strcmp(fields[i].name, name) == 0)
			return &fields[i];
	return &any;
}

static void put_label(FILE *out, const char *name)
{
	const char *label = field_find(name)->label;

	for (const char *c = label ? label : name; *c; c++)
		(void)fputc(!label && *c == '_' ? ' ' : *c, out);
}

/* -------------------------------------------------------------- JSON values */

/* Four hexadecimal digits; -1: they are not. */
static long unit16(const char *text)
{
	long value = 0;

	for (int i = 0; i < 4; i++) {
		const char *digits = "0123456789abcdef", *at;
		char c = text[i] >= 'A' && text[i] <= 'F' ? (char)(text[i] - 'A' + 'a') : text[i];

		at = c ? strchr(digits, c) : NULL;
		if (!at)
			return -1;
		value = value * 16 + (at - digits);
	}
	return value;
}

static void put_utf8(FILE *out, long c)
{
	if (c >= 0x10000) {
		(void)fputc((int)(0xf0 | c >> 18), out);
		(void)fputc((int)(0x80 | (c >> 12 & 0x3f)), out);
	} else if (c >= 0x800) {
		(void)fputc((int)(0xe0 | c >> 12), out);
	}
	if (c >= 0x800)
		(void)fputc((int)(0x80 | (c >> 6 & 0x3f)), out);
	else if (c >= 0x80)
		(void)fputc((int)(0xc0 | c >> 6), out);
	(void)fputc((int)(c >= 0x80 ? 0x80 | (c & 0x3f) : c), out);
}

/* What stands behind a backslash; *at is moved past it. */
static bool put_escape(FILE *out, const char **at)
{
	static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	const char *letter = **at ? strchr(letters, **at) : NULL;
	long c, low;

	if (letter) {
		(void)fputc(meant[letter - letters], out);
		++*at;
		return true;
	}
	if (**at != 'u' || (c = unit16(*at + 1)) < 0)
		return false;
	*at += 5;
	if (c >= 0xd800 && c < 0xdc00 && (*at)[0] == '\\' && (*at)[1] == 'u' &&
	    (low = unit16(*at + 2)) >= 0xdc00 && low < 0xe000) {
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
		*at += 6;
	}
	put_utf8(out, c >= 0xd800 && c < 0xe000 ? 0xfffd : c);
	return true;
}

static bool put_string(FILE *out, const char **at)
{
	for (++*at; **at != '"';) {
		if (!**at)
			return false;
		if (**at != '\\') {
			(void)fputc(*(*at)++, out);
			continue;
		}
		++*at;
		if (!put_escape(out, at))
			return false;
	}
	++*at;
	return true;
}

static bool put_number(FILE *out, const char **at, const struct field *field)
{
	char text[HUMAN_TEXT], *end;
	unsigned long long value;

	errno = 0;
	value = strtoull(*at, &end, 10);
	if (errno || (*end && strchr(".eE", *end)))
		return false;
	*at = end;
	if (value == 0 && field->zero) {
		(void)fputs(field->zero, out);
	} else if (field->unit == UNIT_BYTES) {
		human_given_size(value, text);
		(void)fputs(text, out);
	} else if (field->unit == UNIT_DURATION && value <= INT64_MAX) {
		human_duration((int64_t)value, text);
		(void)fputs(text, out);
	} else {
		(void)fprintf(out, "%llu%s", value, field->unit == UNIT_SECONDS ? " s" : "");
	}
	return true;
}

static bool put_word(FILE *out, const char **at, const char *json, const char *word)
{
	size_t length = strlen(json);

	if (strncmp(*at, json, length) != 0)
		return false;
	*at += length;
	(void)fputs(word, out);
	return true;
}

static bool put_scalar(FILE *out, const char **at, const struct field *field)
{
	if (**at == '"')
		return put_string(out, at);
	if (**at >= '0' && **at <= '9')
		return put_number(out, at, field);
	return put_word(out, at, "null", field->null ? field->null : "none") ||
	       put_word(out, at, "true", "yes") || put_word(out, at, "false", "no");
}

static void skip_space(const char **at)
{
	*at += strspn(*at, " \t\r\n");
}

static bool put_array(FILE *out, const char **at, const struct field *field)
{
	++*at;
	skip_space(at);
	if (**at == ']')
		(void)fputs("none", out);
	while (**at != ']') {
		if (!put_scalar(out, at, field))
			return false;
		skip_space(at);
		if (**at == ']')
			break;
		if (**at != ',')
			return false;
		(void)fputs(", ", out);
		++*at;
		skip_space(at);
	}
	++*at;
	return true;
}

/* Ends a memory stream; false: *text is not all of it, and is gone. */
static bool written(FILE *out, char **text)
{
	bool failed = ferror(out) != 0;

	if (fclose(out) == 0 && !failed)
		return true;
	free(*text);
	return false;
}

/* A value in words; as it is, where it is of a kind that has none. */
static char *value_words(const char *json, const struct field *field)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	const char *at = json;
	bool known;

	if (!out)
		return NULL;
	skip_space(&at);
	known = *at == '[' ? put_array(out, &at, field) : put_scalar(out, &at, field);
	skip_space(&at);
	known = known && !*at;
	if (!written(out, &text))
		return NULL;
	if (known)
		return text;
	free(text);
	return strdup(json);
}

/* ------------------------------------------------------------------ changes */

static bool is_null(const char *json)
{
	return !json || strcmp(json, "null") == 0;
}

/* Of what comes new or goes whole there is one side only to tell. */
static bool one_sided(const struct prg_change *change, bool from)
{
	for (size_t i = 0; i < change->n_fields; i++)
		if (!is_null(from ? change->fields[i].from : change->fields[i].to))
			return false;
	return true;
}

static bool put_field(FILE *out, const struct prg_field_change *change, bool is_new, bool goes,
                      bool planned)
{
	const struct field *field = field_find(change->name);
	OWN_FREE char *from = value_words(change->from ? change->from : "null", field);
	OWN_FREE char *to = value_words(change->to ? change->to : "null", field);

	if (!from || !to)
		return false;
	if (ftell(out) > 0)
		(void)fputs("; ", out);
	put_label(out, change->name);
	if (is_new || goes)
		(void)fprintf(out, " %s", is_new ? to : from);
	else if (strcmp(from, to) == 0)
		(void)fputs(planned ? ": will be another" : ": is another now", out);
	else
		(void)fprintf(out, ": was %s, %s %s", from, planned ? "will be" : "is now", to);
	return true;
}

char *words_of_change(const struct prg_change *change, bool planned)
{
	bool goes = one_sided(change, false), is_new = !goes && one_sided(change, true);
	bool done = true;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	/* one field of an interface that goes to null is cleared, not gone with it */
	goes = goes && strcmp(change->action, "remove") == 0;
	is_new = is_new && strcmp(change->action, "update") != 0;
	for (size_t i = 0; done && i < change->n_fields; i++)
		done = put_field(out, &change->fields[i], is_new, goes, planned);
	if (!written(out, &text))
		return NULL;
	if (done)
		return text;
	free(text);
	return NULL;
}

size_t words_of_interface(const char *name, const struct prg_live_interface *live,
                          enum prg_backend_kind backend, const struct words_counts *counts,
                          char ret[WORDS_NOTES][WORDS_NOTE])
{
	size_t n = 0;

	if (backend == PRG_BACKEND_NONE)
		(void)snprintf(ret[n++], WORDS_NOTE,
		               "with --backend none nothing is known of what runs");
	else if (!live->present)
		(void)snprintf(ret[n++], WORDS_NOTE,
		               "interface %s is not running; run 'peerage -i %s up'", name, name);
	else if (!live->ours)
		(void)snprintf(ret[n++], WORDS_NOTE,
		               "interface %s runs, but is not this register's: it was made by "
		               "something else; 'peerage -i %s audit' says more", name, name);
	else if (!live->up)
		(void)snprintf(ret[n++], WORDS_NOTE,
		               "interface %s is there, but down; run 'peerage -i %s up'", name,
		               name);
	if (live->changing)
		(void)snprintf(ret[n++], WORDS_NOTE,
		               "interface %s was being changed meanwhile: run it again", name);
	/* nothing is applied to what is not ours */
	if (!live->present || !live->ours)
		return n;
	if (counts->lingering)
		(void)snprintf(ret[n++], WORDS_NOTE,
		               "%" PRIu64 " disabled or expired peers still run: 'peerage -i %s "
		               "sync' cuts them off", counts->lingering, name);
	if (counts->missing)
		(void)snprintf(ret[n++], WORDS_NOTE,
		               "missing from interface %s: %" PRIu64 "; 'peerage -i %s sync' lets "
		               "them in", name, counts->missing, name);
	if (counts->unknown)
		(void)snprintf(ret[n++], WORDS_NOTE,
		               "not in the register: %" PRIu64 "; 'peerage -i %s sync --prune' "
		               "takes them out", counts->unknown, name);
	return n;
}
