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
	int64_t *made;
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
	                        "(SELECT count(*) FROM expected WHERE interface_id = ?1 AND "
	                        "page BETWEEN (SELECT min(id) >> 8 FROM peer WHERE "
	                        "interface_id = ?1) AND (SELECT max(id) >> 8 FROM peer WHERE "
	                        "interface_id = ?1))",
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
	int rc = prg_db_prepare(r->store,
	                        "SELECT page, peers FROM expected WHERE interface_id = ?1 "
	                        "AND page >= ?2 AND page < ?3 ORDER BY page",
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

	if (rc < 0 || !r->keep)
		return rc;
	grown = prg_list_grow(r->made, r->n_made, sizeof(*grown));
	if (grown == NULL)
		return prg_error_nomem(err);
	r->made = grown;
	r->made[r->n_made++] = page;
	return 0;
}

static int read_page(struct reading *r, int64_t page, struct prg_error *err)
{
	bool good = false;
	int rc = 0;

	while (rc == 0 && r->at < page)
		rc = step(r, err);
	if (rc == 0 && r->at == page) {
		const uint8_t *bytes;
		size_t length = prg_row_bytes(r->stmt, 1, &bytes);

		rc = prg_row_check(r->stmt, err, "page %lld of digests", (long long)page);
		if (rc == 0)
			rc = r->pages->take(r->pages->context, page, bytes, length, &good, err);
	}
	return rc == 0 && !good ? make(r, page, err) : rc;
}

/* --------------------------------------------------------------------- keeping */

static int put(struct reading *r, int64_t page)
{
	PRG_STMT *stmt = NULL;
	const uint8_t *bytes = NULL;
	size_t length = 0;
	int rc = r->pages->write(r->pages->context, page, &bytes, &length, NULL);

	if (rc == 0)
		rc = prg_db_prepare(r->store,
		                    "INSERT OR REPLACE INTO expected (interface_id, page, peers) "
		                    "VALUES (?1, ?2, ?3)",
		                    &stmt, NULL);
	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, r->interface_id);
	prg_row_bind_int(stmt, 2, page);
	prg_row_bind_blob(stmt, 3, length > 0 ? (const void *)bytes : "", length);
	return prg_db_run(stmt, NULL);
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

	if (rc == 0)
		rc = open_pages(&r, err);
	for (page = r.first; rc == 0 && page < r.end; page++)
		rc = read_page(&r, page, err);
	prg_db_release(&r.stmt);
	if (rc == 0 && r.keep)
		keep(&r);
	else if (r.keep)
		prg_db_light_end(store, r.own, rc, NULL);
	prg_db_snapshot_end(&r.snapshot);
	free(r.made);
	return rc;
}
