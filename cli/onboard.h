/* SPDX-License-Identifier: ISC */
/*
 * Handing a config out: as text, as a code on the terminal, as a file. What can
 * be refused is refused before the peer is made, because its private key exists
 * once: after that, each way that fails ends in one that does not lose it.
 */
#ifndef PEERAGE_CLI_ONBOARD_H
#define PEERAGE_CLI_ONBOARD_H

#include "cli.h"
#include "files.h"

enum form { FORM_NONE, FORM_CONF, FORM_QR, FORM_PNG, FORM_SVG, FORM_JSON };

struct onboard {
	enum form print;          /* to stdout */
	enum form file;           /* to the output */
	enum form code;           /* --out: of the code of each peer; else FORM_NONE */
	bool terminal;            /* the code must fit a window */
	unsigned style;           /* enum prg_qr_style; 0: what fits */
	struct files_output output;
};

#define ONBOARD_NONE { FORM_NONE, FORM_NONE, FORM_NONE, false, 0, FILES_OUTPUT_NONE }
#define OWN_ONBOARD OWN(onboard_done) struct onboard

/* --qr, --conf, --format, --output and -j into forms. has_key: the config will
 * hold its private key, so that a code is the default on a terminal. Errors:
 * PRG_E_USAGE; PRG_E_UNSUPPORTED where PNG is not built in, or a library is missing. */
int onboard_choose(const struct cli *cli, bool has_key, struct onboard *ret,
                   struct prg_error *err);
/* Before the sandbox closes: loads what onboard_choose() will find needed. */
int onboard_prepare(const struct cli *cli, struct prg_error *err);
/* A code as an image file: FORM_PNG or FORM_SVG. */
int onboard_image(enum form form, const struct prg_qr *qr, struct prg_text **ret,
                  struct prg_error *err);
/* stdout can be written, if something is to be printed there. */
int onboard_check(const struct onboard *onboard, struct prg_error *err);
/* A code is asked for, which makes no sense of a config without its key. */
bool onboard_is_code(const struct onboard *onboard);
/* The same, and reserves --output, if there is one. */
int onboard_reserve(struct onboard *onboard, const struct cli *cli, struct prg_error *err);
void onboard_done(struct onboard *onboard);

/* One config to hand out. */
struct handout {
	const char *name;
	const struct prg_text *config;
	const char *made;     /* line that goes before a code */
	const char *after;    /* lines that go behind it; NULL: none */
	unsigned reserve;     /* rows that something else will take below it */
	bool heading;         /* text: the name as a comment before it */
	bool has_key;
	bool written;         /* the file is there already */
	bool delivered;       /* result: the user has the config in one form or another */
};

/* Writes the file, prints, or both; nothing is printed in FORM_JSON. Where the
 * form asked for cannot be had, the config is printed as text. Errors: as soon as
 * anything asked for failed; `delivered` says what that means. */
int onboard_hand_out(struct cli *cli, struct onboard *onboard, struct handout *handout,
                     struct prg_error *err);

#endif
