/* SPDX-License-Identifier: ISC */
/*
 * Inside of the store: typed values into and out of statements. What comes out
 * was not necessarily written by us: a value of the wrong type, size or range
 * marks its column as bad and yields zero; prg_row_check() then says so, once
 * for a whole row.
 */
#ifndef PRG_STORE_ROW_H
#define PRG_STORE_ROW_H

#include "base/strbuf.h"
#include "store/db.h"

/* Most entries of a list that is kept in one column. */
#define PRG_ROW_LIST_MAX 4096

void prg_row_bind_int(struct prg_stmt *stmt, int index, int64_t value);
void prg_row_bind_text(struct prg_stmt *stmt, int index, const char *text); /* NULL: NULL */
void prg_row_bind_blob(struct prg_stmt *stmt, int index, const void *bytes, size_t length);
void prg_row_bind_addr(struct prg_stmt *stmt, int index, const struct prg_addr *addr);
/* Three in a row: family, addr, length. */
void prg_row_bind_prefix(struct prg_stmt *stmt, int index, const struct prg_prefix *prefix);

bool prg_row_is_null(struct prg_stmt *stmt, int column);
void prg_row_mark_bad(struct prg_stmt *stmt, int column);
int64_t prg_row_int(struct prg_stmt *stmt, int column, int64_t min, int64_t max);
uint16_t prg_row_u16(struct prg_stmt *stmt, int column);
bool prg_row_bool(struct prg_stmt *stmt, int column);
void prg_row_blob(struct prg_stmt *stmt, int column, void *ret, size_t length);
/* One of any length, which is returned; *ret is valid until the next step. */
size_t prg_row_bytes(struct prg_stmt *stmt, int column, const uint8_t **ret);
/* NUL-terminated, valid until the next step; NULL for NULL. */
const char *prg_row_text(struct prg_stmt *stmt, int column);
/* Not NULL, and with its NUL no longer than size. */
void prg_row_copy(struct prg_stmt *stmt, int column, char *ret, size_t size);
/* family is that of the column to its left. */
void prg_row_addr(struct prg_stmt *stmt, int column, int64_t family, struct prg_addr *ret);
/* Three columns: family, addr, length. */
void prg_row_prefix(struct prg_stmt *stmt, int column, struct prg_prefix *ret);
/* A text of that length, with its NUL, that may stand where a name does. What was a name
 * once stays one: which letters there are differs from one version of Unicode to the
 * next. */
bool prg_row_name_readable(const char *name, size_t length);
void prg_row_peer_name(struct prg_stmt *stmt, int column, char ret[PRG_NAME_BYTES + 1]);
void prg_row_interface_name(struct prg_stmt *stmt, int column, char ret[PRG_IFNAME_TEXT]);
void prg_row_endpoint(struct prg_stmt *stmt, int column, struct prg_endpoint *ret);
/* Lists as comma-separated text; NULL is bad. For free(3). */
void prg_row_prefixes(struct prg_stmt *stmt, int column, struct prg_prefix **ret, size_t *ret_n);
void prg_row_addrs(struct prg_stmt *stmt, int column, struct prg_addr **ret, size_t *ret_n);

/* 0, PRG_E_NOMEM, or PRG_E_CORRUPT naming the thing and the bad column. */
int prg_row_check(struct prg_stmt *stmt, struct prg_error *err, const char *format, ...)
	PRG_PRINTF(3, 4);

#endif
