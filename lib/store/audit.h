/* SPDX-License-Identifier: ISC */
/*
 * The audit chain, append-only, from the register's first entry ("create").
 *
 * hash(n) = BLAKE2b-256(hash(n-1) || canonical(n)); hash(0) = 32 zero bytes.
 * canonical(n): for each of number, time, verb, interface name, actor,
 * commitment: 4-byte big-endian length, then the bytes (numbers: 8 bytes
 * big-endian). commitment = BLAKE2b-256(salt || detail), 16 random bytes of
 * salt a row: who is concerned and what changed lives beside the chain, in a row
 * that can be erased alone while the chain still verifies. After an erasure
 * (salt and detail NULL) only the commitment is left.
 *
 * An entry "accept" takes the place of entries that do not hold: numbers first to last
 * in its detail, last being the one before its own, and a digest of these rows as they
 * were then. It is hashed behind the entry before first. So what was altered stays in
 * sight, is told apart by whoever verifies, and cannot be altered again.
 */
#ifndef PRG_STORE_AUDIT_H
#define PRG_STORE_AUDIT_H

#include "store/store.h"

struct prg_audit_entry {
	const char *verb;
	const char *interface; /* NULL: the register itself */
	const char *actor;
	int64_t peer_id;       /* 0: none */
	const char *detail;    /* JSON object; never a secret */
};
/* In the same transaction as the change. Told by prg_audit_witness. */
int prg_audit_append(struct prg_store *store, int64_t now, const struct prg_audit_entry *entry,
                     struct prg_error *err);
/* After a commit: tells the witness what was appended since; after a rollback
 * prg_store_rollback forgets it. */
void prg_audit_witness(struct prg_store *store, prg_witness_fn *fn, void *context);
/* known: 64 hex digits of a head that was seen before, in either case, or NULL.
 * PRG_E_CORRUPT also where no entry has it. */
int prg_audit_verify(struct prg_store *store, const char *known, uint64_t *ret_entries,
                     char ret_head[65], struct prg_error *err);
/* The same; fn, which may be NULL, is told of entries that do not hold and were accepted,
 * and may end it with other than 0. *ret_broken, which may be NULL: the first entry that
 * does not hold; 0: all do. It is set whatever is returned. */
int prg_audit_verify_accepted(struct prg_store *store, const char *known,
                              prg_accepted_fn *fn, void *context, uint64_t *ret_entries,
                              char ret_head[65], uint64_t *ret_broken,
                              struct prg_error *err);
/* In a transaction: entry `first`, the first that does not hold, and all behind it are
 * accepted as they are, by an entry that says so. PRG_E_CONFLICT: another is the first,
 * or all hold. */
int prg_audit_accept(struct prg_store *store, int64_t now, const char *actor, uint64_t first,
                     struct prg_error *err);

/* ---- audit_read.c: what a person asks of the chain */
struct prg_audit_filter {
	const char *interface; /* NULL: all, and the register's own entries */
	const char *peer;      /* all of each peer that has, or had, this name; NULL: any */
	int64_t since;
	int64_t peer_id;       /* of this one alone; 0: any */
};
struct prg_audit_row {
	int64_t number, time;
	char verb[33];
	char interface[PRG_IFNAME_TEXT]; /* "": the register itself */
	char *actor;
	char *detail; /* NULL: erased */
	char hash[65];
};
/* Up to `limit` entries with a number above `after`, oldest first. */
int prg_audit_page(struct prg_store *store, const struct prg_audit_filter *filter, int64_t after,
                   size_t limit, struct prg_audit_row **ret, size_t *ret_n,
                   struct prg_error *err);
void prg_audit_rows_free(struct prg_audit_row **rows, size_t n);

#endif
