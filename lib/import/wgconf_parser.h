/* SPDX-License-Identifier: ISC */
/* Inside the wg-quick parser: wgconf.c reads lines, wgconf_value.c values. */
#ifndef PRG_IMPORT_WGCONF_PARSER_H
#define PRG_IMPORT_WGCONF_PARSER_H

#include "import/wgconf.h"

struct prg_slice {
	const char *data;
	size_t length;
};

enum prg_wgconf_section { PRG_WGCONF_NOWHERE, PRG_WGCONF_INTERFACE, PRG_WGCONF_PEER };

struct prg_wgconf_parser {
	struct prg_wgconf *conf;
	struct prg_error *err;
	struct prg_slice line;
	unsigned number;         /* of the line */
	enum prg_wgconf_section section;
	bool has_interface;
	bool lenient;
	bool disabled;           /* the section is */
	bool uncommented;        /* this line was disabled, and is read all the same */
	unsigned content;        /* the last line that was no comment */
	unsigned seen;           /* keys of this section, a bit each */
	size_t addresses, dns, dns_search, peers, other, allowed_ips; /* room for so many */
};

/* A key of a config. read is NULL where it is kept as a line, not carried over. */
struct prg_wgconf_key {
	const char *name;
	enum prg_wgconf_section section;
	bool repeats; /* may stand several times, and empty */
	bool listed;  /* where lenient, the line is kept beside its value */
	int (*read)(struct prg_wgconf_parser *parser, struct prg_slice value);
};

#define PRG_WGCONF_KEYS 17
extern const struct prg_wgconf_key prg_wgconf_keys[PRG_WGCONF_KEYS];

/* PRG_E_USAGE at a place in the line. `what` never repeats what was read: a key
 * may stand where something else was expected. */
int prg_wgconf_fail(const struct prg_wgconf_parser *parser, const char *at, const char *what);
/* Makes room for one more in an array of n, zeroed. NULL: out of memory, and the
 * array is as before. */
void *prg_wgconf_grow(void *array, size_t n, size_t *capacity, size_t size);
struct prg_slice prg_slice_trim(struct prg_slice s);
/* Whatever the case of its letters. */
bool prg_slice_is(struct prg_slice s, const char *word);

/* The steps of a parser, for one with more to read: a line of KEY = VALUE under
 * parser->section; a [Peer] begins; a section is complete; no control characters. */
int prg_wgconf_read_pair(struct prg_wgconf_parser *parser, struct prg_slice line);
int prg_wgconf_begin_peer(struct prg_wgconf_parser *parser);
int prg_wgconf_end_section(struct prg_wgconf_parser *parser);
int prg_wgconf_check_characters(const struct prg_wgconf_parser *parser);
/* A text's first bytes: a byte order mark is skipped, that of UTF-16 refused. */
int prg_wgconf_begin(struct prg_wgconf_parser *parser, struct prg_slice *text);
/* Cuts the next line off *text into parser->line; false at its end. */
bool prg_wgconf_next_line(struct prg_wgconf_parser *parser, struct prg_slice *text);

static inline bool prg_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static inline struct prg_wgconf_peer *prg_wgconf_current(struct prg_wgconf_parser *parser)
{
	return &parser->conf->peers[parser->conf->n_peers - 1];
}

#endif
