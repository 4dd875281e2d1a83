/* SPDX-License-Identifier: ISC */
#include "store/stale.h"

#include <string.h>

#include "store/expected.h"
#include "store/list.h"
#include "store/row.h"

static void note(struct prg_stale *stale, int64_t id)
{
	int64_t page = id / PRG_EXPECTED_PAGE, *grown;

	if (stale->n > 0 && stale->pages[stale->n - 1] == page)
		return; /* mostly: peers come in order of their ids */
	grown = prg_list_grow(stale->pages, stale->n, sizeof(*grown));
	if (grown == NULL) {
		stale->all = true;
		return;
	}
	stale->pages = grown;
	stale->pages[stale->n++] = page;
}

static void on_change(void *context, int operation, const char *database, const char *table,
                      sqlite3_int64 row)
{
	struct prg_stale *stale = context;

	(void)operation;
	(void)database;
	if (table[0] != 'p') /* most are not */
		return;
	if (strcmp(table, "peer") == 0)
		note(stale, row);
	else if (strcmp(table, "prefix") == 0)
		stale->n_unsaid++;
	else if (strcmp(table, "pool") == 0)
		stale->all = true;
}

void prg_stale_watch(struct prg_store *store)
{
	sqlite3_update_hook(store->db, on_change, &store->stale);
}

void prg_stale_prefix(struct prg_store *store, int64_t peer_id)
{
	note(&store->stale, peer_id);
	store->stale.n_unsaid--;
}

void prg_stale_clear(struct prg_store *store)
{
	free(store->stale.pages);
	store->stale = (struct prg_stale){ 0 };
}

static int order(const void *a, const void *b)
{
	int64_t one = *(const int64_t *)a, other = *(const int64_t *)b;

	return one < other ? -1 : one > other;
}

static int remove_page(struct prg_store *store, int64_t page, struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store, "DELETE FROM expected WHERE page = ?1", &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, page);
	return prg_db_run(stmt, err);
}

static int remove_all(struct prg_store *store, struct prg_error *err)
{
	int rc = prg_db_try(store, "DELETE FROM expected");

	return rc == SQLITE_OK ? 0 : prg_db_error(store, rc, err);
}

int prg_stale_settle(struct prg_store *store, struct prg_error *err)
{
	struct prg_stale *stale = &store->stale;
	size_t i;
	int rc = 0;

	if (stale->all || stale->n_unsaid != 0)
		return remove_all(store, err);
	if (stale->n > 1)
		qsort(stale->pages, stale->n, sizeof(*stale->pages), order);
	for (i = 0; i < stale->n && rc == 0; i++)
		if (i == 0 || stale->pages[i] != stale->pages[i - 1])
			rc = remove_page(store, stale->pages[i], err);
	return rc;
}
