/* SPDX-License-Identifier: ISC */
#include "store/open.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "base/strbuf.h"
#include "store/schema.h"
#include "store/stale.h"

/* ---------------------------------------------------------------------- paths */

static int missing(const char *path, struct prg_error *err)
{
	return prg_error_set(err, PRG_E_NOT_FOUND,
	                     "there is no register %s: make one with peerage init, or choose "
	                     "another with --register",
	                     path);
}

/* Whoever may not look at it is told who may. */
static int unreachable(const char *path, int errnum, struct prg_error *err)
{
	if (errnum == EACCES || errnum == EPERM)
		return prg_error_set(err, PRG_E_PERMISSION,
		                     "register %s: no permission to look for it there: run as "
		                     "root, or choose another with --register",
		                     path);
	return prg_error_errno(err, errnum, "register %s", path);
}

static char *join(const char *directory, const char *name)
{
	char *joined = NULL;

	if (asprintf(&joined, "%s/%s", strcmp(directory, "/") == 0 ? "" : directory, name) < 0)
		return NULL;
	return joined;
}

int prg_open_paths(struct prg_store *store, const char *path, bool make, struct prg_error *err)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	PRG_FREE char *directory = NULL;
	PRG_FREE char *resolved = NULL;
	int rc;

	if (name[0] == '\0' || strlen(path) >= PATH_MAX)
		return prg_error_set(err, PRG_E_USAGE, "'%.64s' is no name for a register", path);
	if (slash == NULL)
		directory = strdup(".");
	else
		directory = slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
	store->path = strdup(path);
	if (directory == NULL || store->path == NULL)
		return prg_error_nomem(err);
	resolved = realpath(directory, NULL);
	if (resolved == NULL && errno == ENOENT && make) {
		rc = prg_directory_make(directory, err);
		if (rc < 0)
			return prg_error_wrap(err, rc, "register %s", path);
		resolved = realpath(directory, NULL);
	}
	if (resolved == NULL && errno == ENOENT)
		return missing(path, err);
	if (resolved == NULL)
		return unreachable(path, errno, err);
	store->file = join(resolved, name);
	return store->file ? 0 : prg_error_nomem(err);
}

int prg_open_look(const struct prg_store *store, struct prg_error *err)
{
	struct stat st;

	if (lstat(store->file, &st) < 0) {
		if (errno == ENOENT)
			return missing(store->path, err);
		return unreachable(store->path, errno, err);
	}
	if (S_ISLNK(st.st_mode))
		return prg_error_set(err, PRG_E_FAILED,
		                     "register %s is a symbolic link, and those are not followed: "
		                     "name the file itself",
		                     store->path);
	if (!S_ISREG(st.st_mode))
		return prg_error_set(err, PRG_E_FAILED, "register %s is not a regular file",
		                     store->path);
	return 0;
}

/* --------------------------------------------------------------- connections */

static int open_error(struct prg_store *store, int rc, struct prg_error *err)
{
	if (rc == SQLITE_CANTOPEN_SYMLINK)
		return prg_error_set(err, PRG_E_FAILED,
		                     "register %s is a symbolic link, and those are not followed",
		                     store->path);
	return prg_db_error(store, rc, err);
}

int prg_open_connect(struct prg_store *store, const char *file, struct prg_error *err)
{
	static const struct {
		int option, on;
	} options[] = {
		/* until it is known to be ours, closing must not checkpoint it */
		{ SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1 }, { SQLITE_DBCONFIG_DEFENSIVE, 1 },
		{ SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },   { SQLITE_DBCONFIG_ENABLE_FKEY, 1 },
		{ SQLITE_DBCONFIG_ENABLE_TRIGGER, 0 },   { SQLITE_DBCONFIG_ENABLE_VIEW, 0 },
		{ SQLITE_DBCONFIG_DQS_DML, 0 },          { SQLITE_DBCONFIG_DQS_DDL, 0 },
	};
	size_t i;
	int rc;

	rc = sqlite3_open_v2(file, &store->db,
	                     SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW |
	                             SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_NOMUTEX,
	                     NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_extended_result_codes(store->db, 1);
	if (rc == SQLITE_OK)
		rc = sqlite3_busy_handler(store->db, prg_db_busy_handler, store);
	for (i = 0; rc == SQLITE_OK && i < sizeof(options) / sizeof(options[0]); i++)
		rc = sqlite3_db_config(store->db, options[i].option, options[i].on, NULL);
	if (rc != SQLITE_OK)
		return open_error(store, rc, err);
	if (sqlite3_db_readonly(store->db, "main") == 1)
		return prg_db_error(store, SQLITE_READONLY, err);
	prg_stale_watch(store);
	/* a row of ours is small; a huge one is damage, and not worth the memory */
	sqlite3_limit(store->db, SQLITE_LIMIT_LENGTH, 4 << 20);
	prg_db_wait_start(store, store->wait_ms);
	do
		rc = prg_db_exec(store, "PRAGMA secure_delete = ON;"
		                        "PRAGMA cell_size_check = ON;"
		                        "PRAGMA temp_store = MEMORY;"
		                        "PRAGMA synchronous = FULL;");
	while (prg_db_wait_again(store, rc));
	prg_db_wait_end(store);
	if (rc == SQLITE_OK)
		rc = prg_db_cache(store, false);
	return rc == SQLITE_OK ? 0 : open_error(store, rc, err);
}

int prg_open_wal(struct prg_store *store, struct prg_error *err)
{
	int rc;

	prg_db_wait_start(store, store->wait_ms);
	do
		rc = prg_db_exec(store, "PRAGMA journal_mode = WAL");
	while (prg_db_wait_again(store, rc));
	prg_db_wait_end(store);
	return rc == SQLITE_OK ? 0 : prg_db_error(store, rc, err);
}

void prg_open_disconnect(struct prg_store *store)
{
	struct prg_stmt *stmt, *next;

	for (stmt = store->stmts; stmt != NULL; stmt = next) {
		next = stmt->next;
		sqlite3_finalize(stmt->raw);
		free(stmt);
	}
	store->stmts = NULL;
	prg_stale_clear(store);
	sqlite3_close_v2(store->db);
	store->db = NULL;
}

/* An SQLite URI; what is not plain in a path is %-encoded. */
static char *immutable_uri(const char *file)
{
	PRG_STRBUF uri = { 0 };

	prg_strbuf_puts(&uri, "file://");
	for (; *file != '\0'; file++) {
		if ((unsigned char)*file <= ' ' || strchr("%?#\\\x7f", *file) != NULL)
			prg_strbuf_printf(&uri, "%%%02x", (unsigned char)*file);
		else
			prg_strbuf_append(&uri, file, 1);
	}
	prg_strbuf_puts(&uri, "?immutable=1");
	return prg_strbuf_take(&uri);
}

int prg_open_peek(struct prg_store *store, struct prg_error *err)
{
	PRG_FREE char *uri = immutable_uri(store->file);
	int64_t application = 0, version = 0;
	int rc;

	if (uri == NULL)
		return prg_error_nomem(err);
	rc = sqlite3_open_v2(uri, &store->db,
	                     SQLITE_OPEN_READONLY | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_URI |
	                             SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_NOMUTEX,
	                     NULL);
	if (rc == SQLITE_OK)
		rc = prg_schema_header(store, &application, &version);
	prg_open_disconnect(store);
	/* the file alone may look damaged while a checkpoint fills it from the WAL */
	return rc == SQLITE_OK ? prg_schema_judge(store, application, version, err) : 0;
}

int prg_open_judge(struct prg_store *store, struct prg_error *err)
{
	int64_t application = 0, version = 0;
	int rc;

	prg_db_wait_start(store, store->wait_ms);
	do
		rc = prg_schema_header(store, &application, &version);
	while (prg_db_wait_again(store, rc));
	prg_db_wait_end(store);
	if (rc != SQLITE_OK)
		return prg_db_error(store, rc, err);
	return prg_schema_judge(store, application, version, err);
}

/* ------------------------------------------------------------------ creation */

static void unlink_all(const char *file)
{
	static const char *const suffixes[] = { "", "-journal", "-wal", "-shm" };
	char path[PATH_MAX + 16];
	size_t i;

	for (i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", file, suffixes[i]);
		unlink(path);
	}
}

static int sync_directory(const char *directory)
{
	PRG_FD int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) < 0 ? -1 : 0;
}

/* Gives a whole register its name. That another has it by now is fine: that one's
 * chain began with its own maker's entry, so ours is not told. */
static int publish(struct prg_store *store, const char *made, const char *directory,
                   struct prg_error *err)
{
	int rc = link(made, store->file);

	if (rc < 0 && errno != EEXIST) /* a file system without links: vfat, some FUSE */
		rc = renameat2(AT_FDCWD, made, AT_FDCWD, store->file, RENAME_NOREPLACE);
	if (rc < 0 && errno != EEXIST)
		return prg_error_errno(err, errno, "cannot make register %s", store->path);
	if (rc < 0) {
		store->n_untold = 0;
		store->mark_untold = 0;
	}
	if (sync_directory(directory) < 0)
		return prg_error_errno(err, errno, "cannot make register %s", store->path);
	return 0;
}

static int fill(struct prg_store *store, const char *file, struct prg_error *err)
{
	int rc = prg_open_connect(store, file, err);

	/* lists of peers read a table from end to end: pages twice as large are half as many */
	if (rc == 0 && prg_db_exec(store, "PRAGMA page_size = 8192") != SQLITE_OK)
		rc = prg_db_error(store, sqlite3_errcode(store->db), err);
	if (rc == 0)
		rc = prg_schema_upgrade(store, err);
	if (rc == 0)
		rc = prg_open_wal(store, err);
	if (rc == 0)
		sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
	prg_open_disconnect(store);
	return rc;
}

int prg_open_create(struct prg_store *store, struct prg_error *err)
{
	const char *name = strrchr(store->file, '/') + 1;
	PRG_FREE char *directory = strndup(store->file, (size_t)(name - store->file));
	PRG_FREE char *made = NULL;
	int fd, rc;

	if (directory == NULL || asprintf(&made, "%s.%s.new-XXXXXX", directory, name) < 0)
		return prg_error_nomem(err);
	fd = mkostemp(made, O_CLOEXEC); /* 0600 */
	if (fd < 0)
		return prg_error_errno(err, errno, "cannot make register %s", store->path);
	close(fd);
	rc = fill(store, made, err);
	if (rc == 0)
		rc = publish(store, made, directory, err);
	unlink_all(made);
	return rc;
}
