/* SPDX-License-Identifier: ISC */
#include "store/clock.h"

#include "base/error.h"
#include "store/row.h"

static int read_memory(struct prg_store *store, struct prg_clock_memory *ret,
                       struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store,
	                        "SELECT boot_id, offset_s, since_s, trusted, trusted_offset_s, "
	                        "trusted_at FROM clock WHERE id = 1",
	                        &stmt, err);

	if (rc == 0)
		rc = prg_db_step(stmt, err);
	if (rc <= 0)
		return rc;
	prg_row_copy(stmt, 0, ret->boot_id, sizeof(ret->boot_id));
	ret->offset_s = prg_row_int(stmt, 1, -PRG_CLOCK_MAX, PRG_CLOCK_MAX);
	ret->since_s = prg_row_int(stmt, 2, -PRG_CLOCK_MAX, PRG_CLOCK_MAX);
	ret->trusted = prg_row_bool(stmt, 3);
	ret->trusted_offset_s = prg_row_int(stmt, 4, -PRG_CLOCK_MAX, PRG_CLOCK_MAX);
	ret->trusted_at = prg_row_int(stmt, 5, -PRG_CLOCK_MAX, PRG_CLOCK_MAX);
	return prg_row_check(stmt, err, "what is remembered of the clock");
}

int prg_store_clock(struct prg_store *store, struct prg_clock_verdict *ret,
                    struct prg_clock_memory *ret_memory, bool *ret_write,
                    struct prg_error *err)
{
	struct prg_clock_memory memory = { .trusted_at = 0 };
	struct prg_clock_verdict verdict;
	struct prg_clock_look look;
	bool write;
	int rc = read_memory(store, &memory, err);

	if (rc < 0)
		return rc;
	prg_clock_look(&look);
	write = prg_clock_judge(&look, &memory, &verdict);
	if (memory.trusted_at == 0)
		rc = prg_store_now(store, &verdict.now, err);
	if (rc < 0)
		return rc;
	*ret = verdict;
	*ret_memory = memory;
	*ret_write = write;
	return 0;
}

int prg_store_clock_keep(struct prg_store *store, const struct prg_clock_memory *memory,
                         struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_in_transaction(store, err);

	if (rc == 0)
		rc = prg_db_prepare(store,
		                    "INSERT INTO clock (id, boot_id, offset_s, since_s, trusted, "
		                    "trusted_offset_s, trusted_at) VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6) "
		                    "ON CONFLICT (id) DO UPDATE SET boot_id = ?1, offset_s = ?2, "
		                    "since_s = ?3, trusted = ?4, trusted_offset_s = ?5, "
		                    "trusted_at = ?6",
		                    &stmt, err);
	if (rc < 0)
		return rc;
	prg_row_bind_text(stmt, 1, memory->boot_id);
	prg_row_bind_int(stmt, 2, memory->offset_s);
	prg_row_bind_int(stmt, 3, memory->since_s);
	prg_row_bind_int(stmt, 4, memory->trusted);
	prg_row_bind_int(stmt, 5, memory->trusted_offset_s);
	prg_row_bind_int(stmt, 6, memory->trusted_at);
	return prg_db_run(stmt, err);
}
