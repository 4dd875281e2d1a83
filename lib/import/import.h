/* SPDX-License-Identifier: ISC */
/*
 * A server that exists, as it was found: in a wg-quick config, or running. Every
 * peer has a key and a valid name of its own, and no two an allowed IP in common.
 * What was altered for that, and what is left behind, stands in lines.
 */
#ifndef PRG_IMPORT_IMPORT_H
#define PRG_IMPORT_IMPORT_H

#include "base/secret.h"

struct prg_import_peer {
	unsigned line;                     /* of its [Peer]; 0: running */
	char name[PRG_NAME_BYTES + 1];     /* "": none was found; never so in the end */
	char *note;                        /* what it was called; NULL: that is its name */
	bool disabled;
	struct prg_public_key public_key;
	const struct prg_preshared_key *preshared_key; /* in the arena; NULL: none */
	struct prg_prefix *allowed_ips;    /* host bits zeroed */
	size_t n_allowed_ips;
	struct prg_endpoint endpoint;      /* a literal address; port 0: none */
	uint16_t keepalive_s;
};

struct prg_import {
	char *source;                      /* for messages; never NULL */
	const struct prg_private_key *private_key; /* in the arena; NULL: none */
	struct prg_prefix *addresses;      /* host bits kept */
	size_t n_addresses;
	uint16_t listen_port;              /* 0: not known */
	uint16_t mtu;                      /* 0: not known */
	bool masquerades;                  /* a hook does */
	struct prg_import_peer *peers;
	size_t n_peers;
	struct prg_import_line {
		unsigned line;             /* 0: of no line */
		bool lost;                 /* what: a setting that is not carried over */
		char *what;                /* never a setting's value */
	} *lines;
	size_t n_lines, capacity;
	struct prg_arena *arena;
};

/* Empty, for a source. */
int prg_import_new(const char *source, struct prg_import **ret, struct prg_error *err);
void prg_import_free(struct prg_import **import);
/* The text of a wg-quick config. Errors: PRG_E_USAGE with line and column. */
int prg_import_config(const char *text, size_t length, const char *source,
                      struct prg_import **ret, struct prg_error *err);

struct prg_backend;
/* The interface that a backend runs. Where peers are connected from is left out.
 * Errors: PRG_E_NOT_FOUND; PRG_E_FAILED: it does not stop changing. */
int prg_import_running(struct prg_backend *backend, const char *interface,
                       struct prg_import **ret, struct prg_error *err);

int prg_import_tell(struct prg_import *import, unsigned line, bool lost, struct prg_error *err,
                    const char *format, ...) PRG_PRINTF(5, 6);

/* The last steps of both. One peer a key, and one an allowed IP, as WireGuard would
 * have it of that config; then the names that are missing or not unique. */
int prg_import_merge(struct prg_import *import, struct prg_error *err);
int prg_import_name_all(struct prg_import *import, struct prg_error *err);

#define PRG_IMPORT_OWN PRG_CLEANUP(prg_import_free) struct prg_import

#endif
