/* SPDX-License-Identifier: ISC */
/*
 * The table `expected`: what lib/expected.h makes of an interface's peers, a page of
 * PRG_EXPECTED_PAGE ids each, and what each page comes to. Triggers take a page away when
 * anything changes that it was made from, in the same transaction and whoever changes it;
 * a page that lacks is made anew. So what a page says holds in every snapshot that has it.
 */
#ifndef PRG_STORE_EXPECTED_H
#define PRG_STORE_EXPECTED_H

#include "store/store.h"

#define PRG_EXPECTED_PAGE 256 /* ids: page n begins with n * 256, as 0003.sql has it */
#define PRG_EXPECTED_KEY_BYTES 16
#define PRG_EXPECTED_SUM_BYTES 16

/* For keyed digests; derived from the register's own random key. */
void prg_store_expected_key(const struct prg_store *store,
                            unsigned char ret_key[PRG_EXPECTED_KEY_BYTES]);

struct prg_expected_page {
	size_t n; /* peers */
	unsigned char sum[PRG_EXPECTED_SUM_BYTES]; /* of their digests */
	bool special;         /* the digest of one at least does not tell all */
	const uint8_t *bytes; /* of these, where they are read; NULL: none */
	size_t length;
};

struct prg_expected_pages {
	void *context;
	bool sums; /* bytes are wanted of special pages only */
	/* Takes in a page that is there. *ret_good false: it is malformed, and none of it
	 * was taken. */
	int (*take)(void *context, int64_t page, const struct prg_expected_page *kept,
	            bool *ret_good, struct prg_error *err);
	/* Takes in one that lacks, from the peers. */
	int (*make)(void *context, int64_t page, struct prg_error *err);
	/* Writes down one that was made; its bytes are valid until the next call. */
	void (*write)(void *context, int64_t page, struct prg_expected_page *ret);
};
/* Takes every page of an interface, in order, in one snapshot. Those that were made are
 * kept, in a transaction that is not fsynced; where that cannot be (the register is only
 * read, another writer holds it, the disk is full) they are made again the next time.
 * So is what is made for a malformed page, which is taken away. */
int prg_store_expected(struct prg_store *store, int64_t interface_id,
                       const struct prg_expected_pages *pages, struct prg_error *err);

#endif
