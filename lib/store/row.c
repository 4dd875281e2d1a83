/* SPDX-License-Identifier: ISC */
#include "store/row.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "model/addr.h"
#include "model/value.h"

/* -------------------------------------------------------------------- in */

static void note(struct prg_stmt *stmt, int rc)
{
	if (stmt->rc == SQLITE_OK)
		stmt->rc = rc;
}

void prg_row_bind_int(struct prg_stmt *stmt, int index, int64_t value)
{
	note(stmt, sqlite3_bind_int64(stmt->raw, index, value));
}

void prg_row_bind_text(struct prg_stmt *stmt, int index, const char *text)
{
	note(stmt, sqlite3_bind_text(stmt->raw, index, text, -1, SQLITE_STATIC));
}

void prg_row_bind_blob(struct prg_stmt *stmt, int index, const void *bytes, size_t length)
{
	note(stmt, sqlite3_bind_blob64(stmt->raw, index, bytes, length, SQLITE_STATIC));
}

void prg_row_bind_addr(struct prg_stmt *stmt, int index, const struct prg_addr *addr)
{
	prg_row_bind_blob(stmt, index, addr->bytes, prg_addr_size(addr));
}

void prg_row_bind_prefix(struct prg_stmt *stmt, int index, const struct prg_prefix *prefix)
{
	prg_row_bind_int(stmt, index, prefix->addr.family);
	prg_row_bind_addr(stmt, index + 1, &prefix->addr);
	prg_row_bind_int(stmt, index + 2, prefix->length);
}

/* ------------------------------------------------------------------- out */

/* One look-up of the column for its type and its value: each takes SQLite as long as
 * all that is done with a value. Unprotected, as SQLite calls it, is no matter here: one
 * thread uses a connection. */
static sqlite3_value *value_of(struct prg_stmt *stmt, int column)
{
	return sqlite3_column_value(stmt->raw, column);
}

bool prg_row_is_null(struct prg_stmt *stmt, int column)
{
	return sqlite3_value_type(value_of(stmt, column)) == SQLITE_NULL;
}

void prg_row_mark_bad(struct prg_stmt *stmt, int column)
{
	if (stmt->bad_column < 0)
		stmt->bad_column = column;
}

int64_t prg_row_int(struct prg_stmt *stmt, int column, int64_t min, int64_t max)
{
	sqlite3_value *raw = value_of(stmt, column);
	int64_t value = sqlite3_value_int64(raw);

	if (sqlite3_value_type(raw) != SQLITE_INTEGER || value < min || value > max) {
		prg_row_mark_bad(stmt, column);
		return 0;
	}
	return value;
}

uint16_t prg_row_u16(struct prg_stmt *stmt, int column)
{
	return (uint16_t)prg_row_int(stmt, column, 0, UINT16_MAX);
}

bool prg_row_bool(struct prg_stmt *stmt, int column)
{
	return prg_row_int(stmt, column, 0, 1) != 0;
}

void prg_row_blob(struct prg_stmt *stmt, int column, void *ret, size_t length)
{
	sqlite3_value *raw = value_of(stmt, column);
	const void *bytes = NULL;

	if (sqlite3_value_type(raw) == SQLITE_BLOB)
		bytes = sqlite3_value_blob(raw);
	if (bytes == NULL || (size_t)sqlite3_value_bytes(raw) != length) {
		prg_row_mark_bad(stmt, column);
		memset(ret, 0, length);
		return;
	}
	memcpy(ret, bytes, length);
}

size_t prg_row_bytes(struct prg_stmt *stmt, int column, const uint8_t **ret)
{
	sqlite3_value *raw = value_of(stmt, column);

	*ret = NULL;
	if (sqlite3_value_type(raw) != SQLITE_BLOB) {
		prg_row_mark_bad(stmt, column);
		return 0;
	}
	*ret = sqlite3_value_blob(raw);
	if (*ret == NULL && sqlite3_value_bytes(raw) > 0)
		note(stmt, SQLITE_NOMEM);
	return *ret != NULL ? (size_t)sqlite3_value_bytes(raw) : 0;
}

const char *prg_row_text(struct prg_stmt *stmt, int column)
{
	sqlite3_value *raw = value_of(stmt, column);
	int type = sqlite3_value_type(raw);
	const char *text;

	if (type == SQLITE_NULL)
		return NULL;
	if (type != SQLITE_TEXT) {
		prg_row_mark_bad(stmt, column);
		return NULL;
	}
	text = (const char *)sqlite3_value_text(raw);
	if (text == NULL) {
		note(stmt, SQLITE_NOMEM);
	} else if (strlen(text) != (size_t)sqlite3_value_bytes(raw)) {
		prg_row_mark_bad(stmt, column);
		text = NULL;
	}
	return text;
}

/* As bytes: for a text that ends in NUL SQLite makes a copy. */
void prg_row_copy(struct prg_stmt *stmt, int column, char *ret, size_t size)
{
	sqlite3_value *raw = value_of(stmt, column);
	bool is_text = sqlite3_value_type(raw) == SQLITE_TEXT;
	const char *bytes = is_text ? sqlite3_value_blob(raw) : NULL;
	size_t length = is_text ? (size_t)sqlite3_value_bytes(raw) : 0;

	ret[0] = '\0';
	if (!is_text || length >= size || (length > 0 && memchr(bytes, 0, length) != NULL)) {
		prg_row_mark_bad(stmt, column);
		return;
	}
	if (length > 0)
		memcpy(ret, bytes, length);
	ret[length] = '\0';
}

void prg_row_addr(struct prg_stmt *stmt, int column, int64_t family, struct prg_addr *ret)
{
	struct prg_addr addr = { .family = (uint8_t)family };

	*ret = (struct prg_addr){ 0 };
	if (family != 4 && family != 6) {
		prg_row_mark_bad(stmt, column);
		return;
	}
	prg_row_blob(stmt, column, addr.bytes, prg_addr_size(&addr));
	*ret = addr;
}

void prg_row_prefix(struct prg_stmt *stmt, int column, struct prg_prefix *ret)
{
	struct prg_prefix prefix = { 0 };
	int64_t family = prg_row_int(stmt, column, 4, 6);

	prg_row_addr(stmt, column + 1, family, &prefix.addr);
	prefix.length = (uint8_t)prg_row_int(stmt, column + 2, 0, prg_addr_bits(&prefix.addr));
	*ret = prefix;
}

bool prg_row_name_readable(const char *name, size_t length)
{
	size_t at = 0, n;

	while (name[at] > 0x20 && name[at] < 0x7f && name[at] != '/')
		at++;
	for (n = 1; at < length && n > 0; at += n) {
		uint32_t c = 0;

		n = prg_utf8_next(name + at, length - at, &c);
		if (n > 0 && (c <= 0x20 || c == '/' || (c >= 0x7f && c < 0xa0)))
			return false;
	}
	return length > 0 && n > 0;
}

void prg_row_peer_name(struct prg_stmt *stmt, int column, char ret[PRG_NAME_BYTES + 1])
{
	prg_row_copy(stmt, column, ret, PRG_NAME_BYTES + 1);
	if (!prg_row_name_readable(ret, strlen(ret))) {
		prg_row_mark_bad(stmt, column);
		ret[0] = '\0';
	}
}

void prg_row_interface_name(struct prg_stmt *stmt, int column, char ret[PRG_IFNAME_TEXT])
{
	prg_row_copy(stmt, column, ret, PRG_IFNAME_TEXT);
	if (prg_interface_name_check(ret, NULL) < 0) {
		prg_row_mark_bad(stmt, column);
		ret[0] = '\0';
	}
}

void prg_row_endpoint(struct prg_stmt *stmt, int column, struct prg_endpoint *ret)
{
	const char *text = prg_row_text(stmt, column);

	*ret = (struct prg_endpoint){ 0 };
	if (text != NULL && prg_endpoint_parse(text, 0, ret, NULL) < 0)
		prg_row_mark_bad(stmt, column);
}

static void list_result(struct prg_stmt *stmt, int column, int rc)
{
	if (rc == PRG_E_NOMEM)
		note(stmt, SQLITE_NOMEM);
	else if (rc < 0)
		prg_row_mark_bad(stmt, column);
}

void prg_row_prefixes(struct prg_stmt *stmt, int column, struct prg_prefix **ret, size_t *ret_n)
{
	const char *text = prg_row_text(stmt, column);
	int rc = PRG_E_CORRUPT;

	if (text != NULL)
		rc = prg_prefix_list_parse(text, true, true, PRG_ROW_LIST_MAX, ret, ret_n, NULL);
	list_result(stmt, column, rc);
}

void prg_row_addrs(struct prg_stmt *stmt, int column, struct prg_addr **ret, size_t *ret_n)
{
	const char *text = prg_row_text(stmt, column);
	int rc = PRG_E_CORRUPT;

	if (text != NULL)
		rc = prg_addr_list_parse(text, true, PRG_ROW_LIST_MAX, ret, ret_n, NULL);
	list_result(stmt, column, rc);
}

int prg_row_check(struct prg_stmt *stmt, struct prg_error *err, const char *format, ...)
{
	char what[160];
	const char *column;
	va_list args;

	if (stmt->rc == SQLITE_NOMEM)
		return prg_error_nomem(err);
	if (stmt->bad_column < 0)
		return 0;
	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	column = sqlite3_column_name(stmt->raw, stmt->bad_column);
	return prg_db_corrupt(stmt->store, err, "%s has a malformed %s", what,
	                      column ? column : "column");
}
