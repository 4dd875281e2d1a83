/* SPDX-License-Identifier: ISC */
#include "store/expected.h"

#include <sodium.h>

#include "base/error.h"
#include "store/list.h"
#include "store/row.h"

#define PERSONAL "expected 1"

void prg_store_expected_key(const struct prg_store *store,
                            unsigned char ret_key[PRG_EXPECTED_KEY_BYTES])
{
	static const unsigned char what[] = PERSONAL;

	crypto_generichash(ret_key, PRG_EXPECTED_KEY_BYTES, what, sizeof(what), store->hash_key,
	                   sizeof(store->hash_key));
}

struct reading {
	struct prg_store *store;
	int64_t interface_id;
	const struct prg_expected_pages *pages;
	struct prg_snapshot snapshot;
	bool keep, own; /* what is made; by a transaction of ours */
	int64_t first, end;
	struct prg_stmt *stmt;
	int64_t at; /* the page that stmt is at; INT64_MAX: none is left */
	int64_t *made; /* if nothing is kept, those of them that were there and malformed */
	size_t n_made;
};

/* ------------------------------------------------------------------ snapshots */

/* *ret_lacks: pages must be made. */
static int look(struct reading *r, bool *ret_lacks, struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int64_t n;
	int rc = prg_db_prepare(r->store,
	                        "SELECT (SELECT min(id) FROM peer WHERE interface_id = ?1), "
	                        "(SELECT max(id) FROM peer WHERE interface_id = ?1), "
	                        "(SELECT count(*) FROM expected INDEXED BY expected_sum "
	                        "WHERE interface_id = ?1 AND page BETWEEN "
	                        "(SELECT min(id) >> 8 FROM peer WHERE interface_id = ?1) AND "
	                        "(SELECT max(id) >> 8 FROM peer WHERE interface_id = ?1))",
	                        &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, r->interface_id);
	rc = prg_db_step(stmt, err);
	if (rc < 0)
		return rc;
	r->first = r->end = 0;
	if (!prg_row_is_null(stmt, 0)) {
		r->first = prg_row_int(stmt, 0, 1, INT64_MAX) / PRG_EXPECTED_PAGE;
		r->end = prg_row_int(stmt, 1, 1, INT64_MAX) / PRG_EXPECTED_PAGE + 1;
	}
	n = prg_row_int(stmt, 2, 0, INT64_MAX);
	*ret_lacks = n != r->end - r->first;
	return prg_row_check(stmt, err, "the numbers of peers");
}

static int begin(struct reading *r, struct prg_error *err)
{
	bool lacks = false;
	int rc = prg_db_snapshot(r->store, &r->snapshot, err);

	if (rc == 0)
		rc = look(r, &lacks, err);
	if (rc < 0 || !lacks || r->store->read_only)
		return rc;
	prg_db_snapshot_end(&r->snapshot);
	r->keep = prg_db_light_begin(r->store, &r->own, NULL) == 0;
	if (!r->keep)
		rc = prg_db_snapshot(r->store, &r->snapshot, err);
	return rc == 0 ? look(r, &lacks, err) : rc;
}

/* ----------------------------------------------------------------------- pages */

static int open_pages(struct reading *r, struct prg_error *err)
{
	int rc = r->pages->sums
	                 ? prg_db_prepare(r->store,
	                                  "SELECT page, n, sum, special FROM expected "
	                                  "INDEXED BY expected_sum WHERE interface_id = ?1 "
	                                  "AND page >= ?2 AND page < ?3 ORDER BY page",
	                                  &r->stmt, err)
	                 : prg_db_prepare(r->store,
	                                  "SELECT page, n, sum, special, peers FROM expected "
	                                  "NOT INDEXED WHERE interface_id = ?1 AND page >= ?2 "
	                                  "AND page < ?3 ORDER BY page",
	                                  &r->stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(r->stmt, 1, r->interface_id);
	prg_row_bind_int(r->stmt, 2, r->first);
	prg_row_bind_int(r->stmt, 3, r->end);
	return 0;
}

static int step(struct reading *r, struct prg_error *err)
{
	int rc = prg_db_step(r->stmt, err);

	r->at = rc > 0 ? prg_row_int(r->stmt, 0, 0, INT64_MAX - 1) : INT64_MAX;
	return rc < 0 ? rc : prg_row_check(r->stmt, err, "a page of digests");
}

static int make(struct reading *r, int64_t page, struct prg_error *err)
{
	int rc = r->pages->make(r->pages->context, page, err);
	int64_t *grown;

	if (rc < 0 || (!r->keep && r->at != page))
		return rc;
	grown = prg_list_grow(r->made, r->n_made, sizeof(*grown));
	if (grown == NULL)
		return prg_error_nomem(err);
	r->made = grown;
	r->made[r->n_made++] = page;
	return 0;
}

/* The page's bytes alone; `one` holds them. */
static int read_bytes(struct reading *r, int64_t page, struct prg_stmt **one,
                      struct prg_expected_page *kept, struct prg_error *err)
{
	int rc = prg_db_prepare(r->store,
	                        "SELECT peers FROM expected WHERE page = ?1 AND interface_id = ?2",
	                        one, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(*one, 1, page);
	prg_row_bind_int(*one, 2, r->interface_id);
	rc = prg_db_step(*one, err);
	if (rc <= 0)
		return rc;
	kept->length = prg_row_bytes(*one, 0, &kept->bytes);
	return prg_row_check(*one, err, "page %lld of digests", (long long)page);
}

static int take(struct reading *r, int64_t page, bool *ret_good, struct prg_error *err)
{
	PRG_STMT *one = NULL;
	struct prg_expected_page kept = { .special = prg_row_bool(r->stmt, 3) };
	int rc = 0;

	kept.n = (size_t)prg_row_int(r->stmt, 1, 0, INT64_MAX);
	prg_row_blob(r->stmt, 2, kept.sum, sizeof(kept.sum));
	if (!r->pages->sums)
		kept.length = prg_row_bytes(r->stmt, 4, &kept.bytes);
	else if (kept.special)
		rc = read_bytes(r, page, &one, &kept, err);
	if (rc == 0)
		rc = prg_row_check(r->stmt, err, "page %lld of digests", (long long)page);
	return rc < 0 ? rc : r->pages->take(r->pages->context, page, &kept, ret_good, err);
}

static int read_page(struct reading *r, int64_t page, struct prg_error *err)
{
	bool good = false;
	int rc = 0;

	while (rc == 0 && r->at < page)
		rc = step(r, err);
	if (rc == 0 && r->at == page)
		rc = take(r, page, &good, err);
	return rc == 0 && !good ? make(r, page, err) : rc;
}

/* --------------------------------------------------------------------- keeping */

static int put(struct reading *r, int64_t page)
{
	PRG_STMT *stmt = NULL;
	struct prg_expected_page made = { .n = 0 };
	int rc = prg_db_prepare(r->store,
	                        "INSERT OR REPLACE INTO expected (interface_id, page, n, sum, "
	                        "special, peers) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
	                        &stmt, NULL);

	if (rc < 0)
		return rc;
	r->pages->write(r->pages->context, page, &made);
	prg_row_bind_int(stmt, 1, r->interface_id);
	prg_row_bind_int(stmt, 2, page);
	prg_row_bind_int(stmt, 3, (int64_t)made.n);
	prg_row_bind_blob(stmt, 4, made.sum, sizeof(made.sum));
	prg_row_bind_int(stmt, 5, made.special);
	prg_row_bind_blob(stmt, 6, made.length > 0 ? (const void *)made.bytes : "", made.length);
	return prg_db_run(stmt, NULL);
}

static int drop(struct reading *r, int64_t page)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(r->store,
	                        "DELETE FROM expected WHERE page = ?1 AND interface_id = ?2", &stmt,
	                        NULL);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, page);
	prg_row_bind_int(stmt, 2, r->interface_id);
	return prg_db_run(stmt, NULL);
}

/* What was read may have changed by now, so that a malformed page only goes. */
static void drop_malformed(struct reading *r)
{
	size_t i;
	int rc = 0;

	if (r->n_made == 0 || r->store->read_only || prg_db_light_begin(r->store, &r->own, NULL) < 0)
		return;
	for (i = 0; rc == 0 && i < r->n_made; i++)
		rc = drop(r, r->made[i]);
	prg_db_light_end(r->store, r->own, rc, NULL);
}

/* All is read by now: no reason to fail. */
static void keep(struct reading *r)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < r->n_made; i++)
		rc = put(r, r->made[i]);
	prg_db_light_end(r->store, r->own, rc, NULL);
}

int prg_store_expected(struct prg_store *store, int64_t interface_id,
                       const struct prg_expected_pages *pages, struct prg_error *err)
{
	struct reading r = { .store = store, .interface_id = interface_id, .pages = pages,
		             .at = -1 };
	int64_t page;
	int rc = begin(&r, err);

	/* each page is read once: holding all of them is but faults */
	if (!pages->sums)
		prg_db_cache(store, true);
	if (rc == 0)
		rc = open_pages(&r, err);
	for (page = r.first; rc == 0 && page < r.end; page++)
		rc = read_page(&r, page, err);
	prg_db_release(&r.stmt);
	if (!pages->sums)
		prg_db_cache(store, false);
	if (rc == 0 && r.keep)
		keep(&r);
	else if (r.keep)
		prg_db_light_end(store, r.own, rc, NULL);
	prg_db_snapshot_end(&r.snapshot);
	if (rc == 0 && !r.keep)
		drop_malformed(&r);
	free(r.made);
	return rc;
}
