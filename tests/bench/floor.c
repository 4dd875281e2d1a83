/* SPDX-License-Identifier: ISC */
/*
 * Floors: what the parts of a batch cost when nothing else is done. Prints
 * milliseconds, without the start of the process.
 *   floor x25519 N    N scalar multiplications of libsodium, over two threads
 *   floor qr N        N QR codes of a usual config by libqrencode, over two threads
 *   floor fsync N DIR N files of a config's size, each synced, then renamed
 *   floor insert N DB REGISTER the rows that REGISTER has of its N peers into a new
 *                     file of the same tables and indexes: known beforehand, table by
 *                     table in their order, prepared, one transaction, nothing checked
 *   floor dump INTERFACE what it takes to be told of every peer, once: our own dump,
 *                     and nothing done with it
 */
#include <fcntl.h>
#include <pthread.h>
#include <qrencode.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "backend/backend.h"

#define THREADS 2
#define CONFIG_BYTES 368

static unsigned long total;

static void *multiply(void *unused)
{
	unsigned char secret[32], public[32];

	(void)unused;
	for (unsigned long i = 0; i < total / THREADS; i++) {
		randombytes_buf(secret, sizeof(secret));
		if (crypto_scalarmult_base(public, secret) != 0)
			abort();
	}
	return NULL;
}

static void *encode(void *unused)
{
	char text[CONFIG_BYTES + 1];

	(void)unused;
	for (unsigned long i = 0; i < total / THREADS; i++) {
		QRcode *code;

		for (size_t k = 0; k < CONFIG_BYTES; k++)
			text[k] = (char)('a' + randombytes_random() % 26);
		text[CONFIG_BYTES] = '\0';
		code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L);
		if (code == NULL)
			abort();
		QRcode_free(code);
	}
	return NULL;
}

static int in_threads(void *(*work)(void *))
{
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, work, NULL) != 0)
			return 1;
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	return 0;
}

static int sync_files(const char *directory)
{
	static const char text[CONFIG_BYTES];
	char hidden[4096], name[4096];

	for (unsigned long i = 0; i < total; i++) {
		int fd;

		snprintf(hidden, sizeof(hidden), "%s/.%lu", directory, i);
		snprintf(name, sizeof(name), "%s/%lu", directory, i);
		fd = open(hidden, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd < 0 || write(fd, text, sizeof(text)) != sizeof(text) || fsync(fd) < 0 ||
		    close(fd) < 0 || rename(hidden, name) < 0)
			return 1;
	}
	return 0;
}

static struct timespec begin;

#define MAX_COLUMNS 32
static struct table {
	const char *name;
	sqlite3_value **values; /* n rows of n_columns */
	size_t n;
	int n_columns;
} tables[] = { { .name = "secret" }, { .name = "peer" }, { .name = "prefix" },
	       { .name = "audit" }, { .name = "audit_detail" } };
#define N_TABLES (sizeof(tables) / sizeof(tables[0]))

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *statement = NULL;

	if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
		fprintf(stderr, "floor: %s\n", sqlite3_errmsg(db));
	return statement;
}

static void read_table(sqlite3 *from, struct table *table)
{
	char sql[64];
	sqlite3_stmt *rows;

	snprintf(sql, sizeof(sql), "SELECT * FROM %s", table->name);
	rows = prepare(from, sql);
	table->n_columns = sqlite3_column_count(rows);
	while (sqlite3_step(rows) == SQLITE_ROW) {
		size_t at = table->n++ * (size_t)table->n_columns;

		if ((table->n & (table->n - 1)) == 0)
			table->values = realloc(table->values, 2 * table->n * MAX_COLUMNS *
			                                               sizeof(*table->values));
		for (int i = 0; i < table->n_columns; i++)
			table->values[at + (size_t)i] = sqlite3_value_dup(
				sqlite3_column_value(rows, i));
	}
	sqlite3_finalize(rows);
}

static int write_table(sqlite3 *db, const struct table *table)
{
	char sql[64 + 2 * MAX_COLUMNS];
	int used = snprintf(sql, sizeof(sql), "INSERT INTO %s VALUES (?", table->name);
	sqlite3_stmt *row;

	for (int i = 1; i < table->n_columns; i++)
		used += snprintf(sql + used, sizeof(sql) - (size_t)used, ",?");
	snprintf(sql + used, sizeof(sql) - (size_t)used, ")");
	row = prepare(db, sql);
	for (size_t k = 0; k < table->n; k++) {
		for (int i = 0; i < table->n_columns; i++)
			sqlite3_bind_value(row, i + 1,
			                   table->values[k * (size_t)table->n_columns + (size_t)i]);
		if (sqlite3_step(row) != SQLITE_DONE)
			return 1;
		sqlite3_reset(row);
	}
	return sqlite3_finalize(row) != SQLITE_OK;
}

static int insert(const char *path, const char *source)
{
	sqlite3_stmt *schema;
	sqlite3 *from, *db;

	if (sqlite3_open_v2(source, &from, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK ||
	    sqlite3_open(path, &db) != SQLITE_OK ||
	    sqlite3_exec(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL", NULL, NULL,
	                 NULL) != SQLITE_OK)
		return 1;
	schema = prepare(from, "SELECT sql FROM sqlite_schema WHERE type IN ('table', 'index') AND "
	                       "name NOT LIKE 'sqlite_%' ORDER BY type DESC");
	while (sqlite3_step(schema) == SQLITE_ROW)
		if (sqlite3_exec(db, (const char *)sqlite3_column_text(schema, 0), NULL, NULL,
		                 NULL) != SQLITE_OK)
			return 1;
	sqlite3_finalize(schema);
	for (size_t i = 0; i < N_TABLES; i++)
		read_table(from, &tables[i]);
	if (tables[1].n != total)
		return 1;
	clock_gettime(CLOCK_MONOTONIC, &begin);
	if (sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
		return 1;
	for (size_t i = 0; i < N_TABLES; i++)
		if (write_table(db, &tables[i]) != 0)
			return 1;
	if (sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
		return 1;
	return sqlite3_close(db) != SQLITE_OK;
}

static int take_peer(void *context, const struct prg_wg_peer *peer, struct prg_error *err)
{
	(void)peer;
	(void)err;
	++*(unsigned long *)context;
	return 0;
}

static int dump(const char *interface)
{
	unsigned long n = 0;
	const struct prg_observer observer = { .context = &n, .peer = take_peer };
	PRG_BACKEND *backend = NULL;
	struct prg_error err = { .message = "no peers, or they are being changed" };
	bool interrupted = false;

	if (prg_backend_open(PRG_BACKEND_AUTO, interface, &backend, &err) == 0 &&
	    prg_backend_observe(backend, &observer, &interrupted, &err) == 0 && n > 0 &&
	    !interrupted)
		return 0;
	fprintf(stderr, "floor: %s\n", err.message);
	return 1;
}

int main(int argc, char **argv)
{
	struct timespec end;
	int failed = 1;

	if (argc < 3 || sodium_init() < 0)
		return 2;
	total = strtoul(argv[2], NULL, 10);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	if (strcmp(argv[1], "x25519") == 0)
		failed = in_threads(multiply);
	else if (strcmp(argv[1], "qr") == 0)
		failed = in_threads(encode);
	else if (strcmp(argv[1], "fsync") == 0 && argc > 3)
		failed = sync_files(argv[3]);
	else if (strcmp(argv[1], "insert") == 0 && argc > 4)
		failed = insert(argv[3], argv[4]);
	else if (strcmp(argv[1], "dump") == 0)
		failed = dump(argv[2]);
	clock_gettime(CLOCK_MONOTONIC, &end);
	if (!failed)
		printf("%.1f\n", (double)(end.tv_sec - begin.tv_sec) * 1e3 +
		                         (double)(end.tv_nsec - begin.tv_nsec) / 1e6);
	return failed;
}
