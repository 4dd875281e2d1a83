/* SPDX-License-Identifier: ISC */
/*
 * Reader of documents, peerage-document(5): an interface and its peers in wg-quick
 * syntax, with what WireGuard has no field for in "# Key = value" comments. Untrusted
 * input; fuzzed. Every bad line is told.
 *
 * The interface's settings go to the intent's common values and private key; the
 * rest is a prg_document, which the intent owns.
 */
#ifndef PRG_IMPORT_DOCUMENT_H
#define PRG_IMPORT_DOCUMENT_H

#include "intent.h"

#define PRG_DOCUMENT_REMARKS 20                /* that are kept */
#define PRG_DOCUMENT_BYTES ((size_t)256 << 20) /* 100,000 peers take some 40 MB */

struct prg_document_peer {
	struct prg_peer *peer; /* as it should be; id 0; name "": it keeps its own;
	                          created_at 0: not said */
	const struct prg_preshared_key *preshared_key; /* in the intent's arena; NULL: none */
	bool keep_preshared_key; /* left out of the document: the one there stays */
	unsigned line;           /* of its [Peer] */
	size_t successor;        /* the peer of the document that has the newer key;
	                            PRG_DOCUMENT_NONE */
};
#define PRG_DOCUMENT_NONE SIZE_MAX

struct prg_document_revoked {
	unsigned char hash[PRG_KEY_BYTES];
	const unsigned char *hash_key; /* PRG_KEY_BYTES in the intent's arena; NULL: left out */
	unsigned line;
};

struct prg_document {
	bool has_interface;
	bool keep_private_key; /* left out of the document: the one there stays */
	int up;                /* 1 or 0; -1: not said */
	struct prg_document_peer *peers;
	size_t n_peers, capacity;
	uint32_t *by_key, *by_name; /* hash tables of indices + 1 */
	size_t n_slots;
	struct prg_document_revoked *revoked;
	size_t n_revoked, revoked_capacity;
	char **remarks; /* comments that look like keys of ours, and are not */
	size_t n_remarks, remarks_capacity;
};

void prg_document_free(struct prg_document **document);

/* SIZE_MAX: there is none. */
size_t prg_document_find_key(const struct prg_document *document,
                             const struct prg_public_key *key);
size_t prg_document_find_name(const struct prg_document *document, const char *name);

#endif
