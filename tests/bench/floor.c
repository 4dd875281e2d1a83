/* SPDX-License-Identifier: ISC */
/*
 * Floors: what the parts of a batch cost when nothing else is done. Prints
 * milliseconds, without the start of the process.
 *   floor x25519 N    N scalar multiplications of libsodium, over two threads
 *   floor qr N        N QR codes of a usual config by libqrencode, over two threads
 *   floor fsync N DIR N files of a config's size, each synced, then renamed
 *   floor insert N DB N peers with name, key, secret and two prefixes into a
 *                     register's kind of SQLite file: prepared, one transaction
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

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *statement = NULL;

	if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
		fprintf(stderr, "floor: %s\n", sqlite3_errmsg(db));
	return statement;
}

static void insert_prefix(sqlite3_stmt *prefix, unsigned long i, int length)
{
	unsigned char bytes[16] = { 10 };

	memcpy(bytes + length - sizeof(unsigned), &(unsigned){ (unsigned)i }, sizeof(unsigned));
	sqlite3_bind_int64(prefix, 1, (sqlite3_int64)i);
	sqlite3_bind_int(prefix, 2, length == 4 ? 4 : 6);
	sqlite3_bind_blob(prefix, 3, bytes, length, SQLITE_STATIC);
	sqlite3_step(prefix);
	sqlite3_reset(prefix);
}

static int insert(const char *path)
{
	static const char schema[] =
		"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
		"CREATE TABLE secret (id INTEGER PRIMARY KEY, bytes BLOB);"
		"CREATE TABLE peer (id INTEGER PRIMARY KEY, name TEXT UNIQUE, key BLOB UNIQUE,"
		" secret_id INTEGER);"
		"CREATE TABLE prefix (id INTEGER PRIMARY KEY, peer_id INTEGER, family INTEGER,"
		" addr BLOB, UNIQUE (family, addr)); CREATE INDEX of_peer ON prefix (peer_id);"
		"BEGIN IMMEDIATE";
	sqlite3_stmt *secret, *peer, *prefix;
	unsigned char key[64];
	char name[32];
	sqlite3 *db;

	if (sqlite3_open(path, &db) != SQLITE_OK ||
	    sqlite3_exec(db, schema, NULL, NULL, NULL) != SQLITE_OK)
		return 1;
	secret = prepare(db, "INSERT INTO secret (bytes) VALUES (?1)");
	peer = prepare(db, "INSERT INTO peer (id, name, key, secret_id) VALUES (?1, ?2, ?3, ?1)");
	prefix = prepare(db, "INSERT INTO prefix (peer_id, family, addr) VALUES (?1, ?2, ?3)");
	if (secret == NULL || peer == NULL || prefix == NULL)
		return 1;
	for (unsigned long i = 1; i <= total; i++) {
		randombytes_buf(key, sizeof(key));
		snprintf(name, sizeof(name), "peer%lu", i);
		sqlite3_bind_blob(secret, 1, key, 32, SQLITE_STATIC);
		sqlite3_step(secret);
		sqlite3_reset(secret);
		sqlite3_bind_int64(peer, 1, (sqlite3_int64)i);
		sqlite3_bind_text(peer, 2, name, -1, SQLITE_STATIC);
		sqlite3_bind_blob(peer, 3, key + 32, 32, SQLITE_STATIC);
		sqlite3_step(peer);
		sqlite3_reset(peer);
		insert_prefix(prefix, i, 4);
		insert_prefix(prefix, i, 16);
	}
	sqlite3_finalize(secret);
	sqlite3_finalize(peer);
	sqlite3_finalize(prefix);
	if (sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
		return 1;
	return sqlite3_close(db) != SQLITE_OK;
}

int main(int argc, char **argv)
{
	struct timespec begin, end;
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
	else if (strcmp(argv[1], "insert") == 0 && argc > 3)
		failed = insert(argv[3]);
	clock_gettime(CLOCK_MONOTONIC, &end);
	if (!failed)
		printf("%.1f\n", (double)(end.tv_sec - begin.tv_sec) * 1e3 +
		                         (double)(end.tv_nsec - begin.tv_nsec) / 1e6);
	return failed;
}
