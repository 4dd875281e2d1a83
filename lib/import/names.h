/* SPDX-License-Identifier: ISC */
/* What other tools write into comments about a peer: one reader a tool. Each is
 * given one comment, from its '#' on and without white space at its end. */
#ifndef PRG_IMPORT_NAMES_H
#define PRG_IMPORT_NAMES_H

#include "import/wgconf_parser.h"

/* Each finds a name in *comment, and makes *comment that name. */
/* pivpn: "### begin NAME ###", above [Peer]. */
bool prg_name_of_pivpn(struct prg_slice *comment);
/* angristan/wireguard-install: "### Client NAME", above [Peer]. */
bool prg_name_of_angristan(struct prg_slice *comment);
/* Nyr/wireguard-install: "# BEGIN_PEER NAME", above [Peer]. */
bool prg_name_of_nyr(struct prg_slice *comment);
/* wg-easy: "# Client: NAME (ID)", above [Peer]. */
bool prg_name_of_wgeasy(struct prg_slice *comment);
/* prometheus_wireguard_exporter: "# friendly_name=NAME" or "# friendly_json={…}"
 * with a "name", below [Peer]. */
bool prg_name_of_friendly(struct prg_slice *comment);
/* Anybody: the comment alone, directly above, behind or below [Peer], where it
 * could be a name as it is. */
bool prg_name_of_plain(struct prg_slice *comment);

/* Takes a word off the front, as it is written; false where it is not there. */
bool prg_slice_skip(struct prg_slice *s, const char *word);
/* Takes it off the end. */
bool prg_slice_cut(struct prg_slice *s, const char *word);

/* What names peer `index` of a config; data NULL: nothing. *at is the first of
 * conf->other that could: it goes along with the peers, in their order. In the
 * config's arena. */
struct prg_slice prg_import_name(const struct prg_wgconf *conf, size_t index, size_t *at);

#endif
