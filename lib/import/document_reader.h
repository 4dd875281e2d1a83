/* SPDX-License-Identifier: ISC */
/* Inside the reader of documents: document.c reads lines, document_value.c the
 * comments that are keys of ours, document_section.c makes a peer of a section, and
 * document_check.c finds what does not go together. */
#ifndef PRG_IMPORT_DOCUMENT_READER_H
#define PRG_IMPORT_DOCUMENT_READER_H

#include "base/strbuf.h"
#include "import/document.h"
#include "import/wgconf_parser.h"
#include "problem.h"

/* Lists that stand one value a line. */
enum prg_document_list {
	PRG_DOCUMENT_DNS,
	PRG_DOCUMENT_CLIENT_ALLOWED_IPS,
	PRG_DOCUMENT_ROUTES,
	PRG_DOCUMENT_LISTS
};

struct prg_document_reader {
	struct prg_intent *intent;
	struct prg_document *document;
	struct prg_wgconf conf;          /* of the section that is being read */
	struct prg_wgconf_parser parser; /* whose err is &error */
	struct prg_error error;          /* of the line that is being read */
	bool dormant;                    /* the section's lines begin with "#~" */
	bool skipped;                    /* a section that is none: say it once */
	unsigned line;                   /* where the section began */
	size_t bad_before;               /* problems until then */
	uint32_t seen;                   /* comments of this section, a bit each */
	struct prg_strbuf lists[PRG_DOCUMENT_LISTS];
	unsigned list_line[PRG_DOCUMENT_LISTS];
	struct prg_document_peer now; /* the peer that is being read */
	struct prg_values values;     /* what of it has a parser as a setting */
	int state;                    /* enum prg_peer_state; -1: not said */
	const unsigned char *hash_key; /* of the revoked keys that follow */
	struct prg_problems problems;
	struct prg_error *err; /* the caller's */
};

/* PRG_E_USAGE at line:1, for what concerns more than one line. */
int prg_document_fail(struct prg_document_reader *r, unsigned line, const char *format, ...)
        PRG_PRINTF(3, 4);
/* Tells the problem that r->error is about, and returns 0: on to the next line. Any
 * other failure goes to the caller. */
int prg_document_bad(struct prg_document_reader *r, int rc);

/* `comment` without its '#'. One that is no key of ours is just a comment. */
int prg_document_comment(struct prg_document_reader *r, struct prg_slice comment);
/* PRG_E_USAGE where a comment behind something else holds a setting: it would not be
 * read, as all of a text is not whose newlines are lost. */
int prg_document_check_behind(struct prg_document_reader *r, struct prg_slice comment);
/* The lists of a section, once it is complete. */
int prg_document_end_interface(struct prg_document_reader *r);
int prg_document_end_peer(struct prg_document_reader *r);

/* Keys, names and prefixes that two peers have; tells each as a bad line. */
int prg_document_check(struct prg_document_reader *r);

#endif
