/* SPDX-License-Identifier: ISC */
/*
 * What is held on one peer, as a document: gathered once into a tree of values, and
 * written from it as JSON or as text, so that neither says more than the other.
 */
#ifndef PRG_WATCH_DISCLOSE_H
#define PRG_WATCH_DISCLOSE_H

#include <jansson.h>

#include "engine.h"

/* What the running interface says of a key. */
struct prg_disclosed_live {
	bool present;
	enum prg_live_status status;
	int64_t latest_handshake_at;
	uint64_t rx_bytes, tx_bytes;
	bool has_preshared_key;
	uint16_t keepalive_s;
	struct prg_endpoint endpoint;
	struct prg_prefix *allowed_ips; /* own copy */
	size_t n_allowed_ips;
};

/* One row of the register of whom it is about; peer NULL: the row went with its
 * interface, and only the audit chain tells of it. */
struct prg_disclosed {
	int64_t id;
	struct prg_peer *peer;
	struct prg_disclosed_live live;
};

struct prg_disclosure {
	struct prg_register *reg;
	const char *name;
	unsigned flags;
	struct prg_interface *interface;
	struct prg_disclosed *rows;
	size_t n_rows;
	bool looked;  /* at the running interface */
	bool running; /* and there is one */
	int64_t now;
};

/* ---- disclose_gather.c: inside a transaction. *ret for json_decref(). */
int prg_disclose_gather(const struct prg_disclosure *d, json_t **ret, struct prg_error *err);

/* ---- disclose_words.c: arrays of sentences; NULL: out of memory. What is held and does
 * not stand in the document; what is not held. */
json_t *prg_disclose_withheld(const struct prg_disclosure *d);
json_t *prg_disclose_not_held(void);

/* ---- disclose_text.c: both end with a newline. */
int prg_disclose_text(const json_t *tree, struct prg_text **ret, struct prg_error *err);
int prg_disclose_json(const json_t *tree, struct prg_text **ret, struct prg_error *err);

#endif
