/* SPDX-License-Identifier: ISC */
/* Line by line; the values are wgconf_value.c's. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "import/wgconf_parser.h"
#include "model/addr.h"
#include "model/name.h"

#define MAX_BYTES ((size_t)32 << 20) /* 100,000 peers take about 25 MB */

int prg_wgconf_fail(const struct prg_wgconf_parser *parser, const char *at, const char *what)
{
	return prg_error_set(parser->err, PRG_E_USAGE, "line %u, column %zu: %s", parser->number,
	                     (size_t)(at - parser->line.data) + 1, what);
}

struct prg_slice prg_slice_trim(struct prg_slice s)
{
	while (s.length > 0 && prg_is_blank(s.data[0])) {
		s.data++;
		s.length--;
	}
	while (s.length > 0 && prg_is_blank(s.data[s.length - 1]))
		s.length--;
	return s;
}

bool prg_slice_is(struct prg_slice s, const char *word)
{
	return s.length == strlen(word) && strncasecmp(s.data, word, s.length) == 0;
}

void *prg_wgconf_grow(void *array, size_t n, size_t *capacity, size_t size)
{
	size_t wanted = *capacity != 0 ? 2 * *capacity : 4;
	void *grown = array;

	if (n == *capacity) {
		grown = reallocarray(array, wanted, size);
		if (grown == NULL)
			return NULL;
		*capacity = wanted;
	}
	memset((char *)grown + n * size, 0, size);
	return grown;
}

/* In the arena: comments and hooks hold keys more often than one would think. */
static int keep_line(struct prg_wgconf_parser *parser, struct prg_slice text, const char *key,
                     bool whole)
{
	struct prg_wgconf *conf = parser->conf;
	struct prg_wgconf_line *grown;
	char *copy;

	grown = prg_wgconf_grow(conf->other, conf->n_other, &parser->other, sizeof(*grown));
	if (grown == NULL)
		return prg_error_nomem(parser->err);
	conf->other = grown;
	copy = prg_arena_take(conf->arena, text.length + 1);
	if (copy == NULL)
		return prg_error_nomem(parser->err);
	memcpy(copy, text.data, text.length);
	grown[conf->n_other++] = (struct prg_wgconf_line){
		.line = parser->number, .text = copy, .key = key, .whole = whole
	};
	return 0;
}

static bool seen_key(const struct prg_wgconf_parser *parser, const char *name)
{
	for (size_t i = 0; i < PRG_WGCONF_KEYS; i++)
		if (strcmp(prg_wgconf_keys[i].name, name) == 0)
			return parser->seen >> i & 1;
	return false;
}

static int order_prefixes(const void *a, const void *b)
{
	return prg_prefix_compare(a, b);
}

/* One prefix named twice is one to WireGuard; so it is here. The order of what
 * stays is the file's, at the cost of a search for each: only where needed. */
static int drop_duplicates(const struct prg_wgconf_parser *parser, struct prg_wgconf_peer *peer)
{
	PRG_FREE struct prg_prefix *sorted = NULL;
	PRG_FREE bool *taken = NULL;
	size_t i, kept = 0, n = 0, total = peer->n_allowed_ips;
	struct prg_prefix *list = peer->allowed_ips;

	if (total < 2)
		return 0;
	sorted = calloc(total, sizeof(*sorted));
	taken = calloc(total, sizeof(*taken));
	if (sorted == NULL || taken == NULL)
		return prg_error_nomem(parser->err);
	memcpy(sorted, list, total * sizeof(*list));
	qsort(sorted, total, sizeof(*sorted), order_prefixes);
	for (i = 0; i < total; i++)
		if (n == 0 || prg_prefix_compare(&sorted[n - 1], &sorted[i]) != 0)
			sorted[n++] = sorted[i];
	for (i = 0; i < total && n < total; i++) {
		const struct prg_prefix *found = bsearch(&list[i], sorted, n, sizeof(*sorted),
		                                         order_prefixes);

		if (found == NULL || taken[found - sorted])
			continue;
		taken[found - sorted] = true;
		list[kept++] = list[i];
	}
	if (n < total)
		peer->n_allowed_ips = kept;
	return 0;
}

int prg_wgconf_end_section(struct prg_wgconf_parser *parser)
{
	struct prg_wgconf_peer *peer;

	if (parser->section != PRG_WGCONF_PEER)
		return 0;
	peer = prg_wgconf_current(parser);
	if (!seen_key(parser, "PublicKey"))
		return prg_error_set(parser->err, PRG_E_USAGE,
		                     "line %u, column 1: this [Peer] has no PublicKey", peer->line);
	return drop_duplicates(parser, peer);
}

int prg_wgconf_begin_peer(struct prg_wgconf_parser *parser)
{
	struct prg_wgconf *conf = parser->conf;
	struct prg_wgconf_peer *grown;

	grown = prg_wgconf_grow(conf->peers, conf->n_peers, &parser->peers, sizeof(*grown));
	if (grown == NULL)
		return prg_error_nomem(parser->err);
	conf->peers = grown;
	grown[conf->n_peers++] = (struct prg_wgconf_peer){ .line = parser->number,
		                                           .above = parser->content,
		                                           .disabled = parser->disabled };
	parser->allowed_ips = 0;
	return 0;
}

static int read_section(struct prg_wgconf_parser *parser, struct prg_slice line)
{
	int rc = prg_wgconf_end_section(parser);

	if (rc < 0)
		return rc;
	parser->seen = 0;
	parser->disabled = parser->uncommented;
	if (prg_slice_is(line, "[Peer]")) {
		parser->section = PRG_WGCONF_PEER;
		return prg_wgconf_begin_peer(parser);
	}
	if (!prg_slice_is(line, "[Interface]"))
		return prg_wgconf_fail(parser, line.data,
		                       "no such section: expected [Interface] or [Peer]");
	if (parser->has_interface)
		return prg_wgconf_fail(parser, line.data,
		                       "a second [Interface]: put its keys under the first");
	parser->section = PRG_WGCONF_INTERFACE;
	parser->has_interface = true;
	return 0;
}

static int misplaced(const struct prg_wgconf_parser *parser, const struct prg_wgconf_key *key,
                     const char *at)
{
	const char *home = key->section == PRG_WGCONF_PEER ? "[Peer]" : "[Interface]";
	char what[64];

	snprintf(what, sizeof(what), "%s belongs under %s", key->name, home);
	return prg_wgconf_fail(parser, at, what);
}

int prg_wgconf_read_pair(struct prg_wgconf_parser *parser, struct prg_slice line)
{
	const char *equals = memchr(line.data, '=', line.length);
	const struct prg_wgconf_key *key = prg_wgconf_keys;
	struct prg_slice name, value;
	char what[64];

	if (equals == NULL)
		return prg_wgconf_fail(parser, line.data, "expected a section or KEY = VALUE");
	name = prg_slice_trim((struct prg_slice){ line.data, (size_t)(equals - line.data) });
	value = prg_slice_trim((struct prg_slice){
	        equals + 1, line.length - (size_t)(equals + 1 - line.data) });
	while (key < prg_wgconf_keys + PRG_WGCONF_KEYS && !prg_slice_is(name, key->name))
		key++;
	if (key == prg_wgconf_keys + PRG_WGCONF_KEYS && parser->lenient)
		return keep_line(parser, line, NULL, true);
	if (key == prg_wgconf_keys + PRG_WGCONF_KEYS)
		return prg_wgconf_fail(parser, line.data,
		                       "no key that WireGuard or wg-quick knows");
	if (key->section != parser->section)
		return misplaced(parser, key, line.data);
	if (!key->repeats && seen_key(parser, key->name)) {
		snprintf(what, sizeof(what), "%s is given twice", key->name);
		return prg_wgconf_fail(parser, line.data, what);
	}
	parser->seen |= 1u << (key - prg_wgconf_keys);
	if (key->read == NULL || (key->listed && parser->lenient)) {
		int rc = keep_line(parser, line, key->name, true);

		if (rc < 0 || key->read == NULL)
			return rc;
	}
	if (value.length == 0 && !key->repeats) {
		snprintf(what, sizeof(what), "%s has no value", key->name);
		return prg_wgconf_fail(parser, line.data, what);
	}
	return key->read(parser, value);
}

/* What could play tricks on a terminal later, or hide the rest of a line. */
int prg_wgconf_check_characters(const struct prg_wgconf_parser *parser)
{
	for (size_t i = 0; i < parser->line.length; i++) {
		unsigned char c = (unsigned char)parser->line.data[i];

		if ((c < ' ' && c != '\t') || c == 0x7f)
			return prg_wgconf_fail(parser, parser->line.data + i,
			                       "a control character: is this a text file?");
	}
	return 0;
}

#define DISABLED "#[disabled]"

/* What pivpn took out by a prefix: *line becomes what stands behind it, if that
 * begins a peer, belongs to one that was taken out so, or is a comment. */
static bool uncomment(const struct prg_wgconf_parser *parser, struct prg_slice *line)
{
	struct prg_slice rest = prg_slice_trim(*line);
	size_t length = strlen(DISABLED);

	if (!parser->lenient || rest.length < length || memcmp(rest.data, DISABLED, length) != 0)
		return false;
	rest = prg_slice_trim((struct prg_slice){ rest.data + length, rest.length - length });
	if (rest.length > 0 && rest.data[0] != '#' && !prg_slice_is(rest, "[Peer]") &&
	    (!parser->disabled || rest.data[0] == '['))
		return false;
	*line = rest;
	return true;
}

static int read_content(struct prg_wgconf_parser *parser, struct prg_slice line)
{
	int rc;

	if (line.data[0] == '[')
		rc = read_section(parser, line);
	else if (parser->disabled && !parser->uncommented)
		rc = prg_wgconf_fail(parser, line.data,
		                     "a setting below a [Peer] that is disabled: put it below "
		                     "its own section");
	else
		rc = prg_wgconf_read_pair(parser, line);
	parser->content = parser->number;
	return rc;
}

static int read_line(struct prg_wgconf_parser *parser)
{
	struct prg_slice whole = parser->line, line;
	const char *hash;
	size_t length;
	int rc = prg_wgconf_check_characters(parser);

	parser->uncommented = uncomment(parser, &whole);
	hash = memchr(whole.data, '#', whole.length);
	length = hash != NULL ? (size_t)(hash - whole.data) : whole.length;
	line = prg_slice_trim((struct prg_slice){ whole.data, length });
	if (rc == 0 && line.length > 0)
		rc = read_content(parser, line);
	if (rc < 0 || hash == NULL)
		return rc;
	whole = prg_slice_trim((struct prg_slice){ hash, whole.length - length });
	return whole.length > 1 ? keep_line(parser, whole, NULL, line.length == 0) : 0;
}

int prg_wgconf_begin(struct prg_wgconf_parser *parser, struct prg_slice *text)
{
	const char *data = text->data;

	if (prg_is_utf16(data, text->length))
		return prg_error_set(parser->err, PRG_E_USAGE, "line 1, column 1: %s",
		                     PRG_NOT_UTF16);
	if (text->length >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0)
		*text = (struct prg_slice){ data + 3, text->length - 3 };
	return 0;
}

bool prg_wgconf_next_line(struct prg_wgconf_parser *parser, struct prg_slice *text)
{
	const char *data = text->data, *newline;
	size_t length;

	if (text->length == 0)
		return false;
	newline = memchr(data, '\n', text->length);
	length = newline != NULL ? (size_t)(newline - data) : text->length;
	parser->line = (struct prg_slice){ data, length };
	if (length > 0 && data[length - 1] == '\r')
		parser->line.length--;
	parser->number++;
	length += newline != NULL;
	*text = (struct prg_slice){ data + length, text->length - length };
	return true;
}

static int read_all(struct prg_wgconf_parser *parser, struct prg_slice text)
{
	int rc = prg_wgconf_begin(parser, &text);

	while (rc == 0 && prg_wgconf_next_line(parser, &text))
		rc = read_line(parser);
	return rc == 0 ? prg_wgconf_end_section(parser) : rc;
}

static int parse(const char *text, size_t length, bool lenient, struct prg_wgconf **ret,
                 struct prg_error *err)
{
	PRG_CLEANUP(prg_wgconf_free) struct prg_wgconf *conf = NULL;
	struct prg_wgconf_parser parser = { .err = err, .lenient = lenient };
	int rc;

	if (length > MAX_BYTES)
		return prg_error_set(err, PRG_E_USAGE, "a config of %zu bytes: at most %zu", length,
		                     MAX_BYTES);
	conf = calloc(1, sizeof(*conf));
	if (conf == NULL)
		return prg_error_nomem(err);
	rc = prg_arena_new(&conf->arena, err);
	if (rc < 0)
		return rc;
	parser.conf = conf;
	rc = read_all(&parser, (struct prg_slice){ text, length });
	if (rc < 0)
		return rc;
	*ret = conf;
	conf = NULL;
	return 0;
}

int prg_wgconf_parse(const char *text, size_t length, struct prg_wgconf **ret,
                     struct prg_error *err)
{
	return parse(text, length, false, ret, err);
}

int prg_wgconf_parse_lenient(const char *text, size_t length, struct prg_wgconf **ret,
                             struct prg_error *err)
{
	return parse(text, length, true, ret, err);
}

void prg_wgconf_free(struct prg_wgconf **conf)
{
	struct prg_wgconf *c = *conf;
	size_t i;

	if (c == NULL)
		return;
	for (i = 0; i < c->n_peers; i++)
		free(c->peers[i].allowed_ips);
	for (i = 0; i < c->n_dns_search; i++)
		free(c->dns_search[i]);
	free(c->peers);
	free(c->addresses);
	free(c->dns);
	free(c->dns_search);
	free(c->other);
	prg_arena_free(&c->arena);
	free(c);
	*conf = NULL;
}
