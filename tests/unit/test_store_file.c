/* SPDX-License-Identifier: ISC */
/* The register as a file: making, opening, refusing, sharing. */
#include "store_fixture.h"

#include "memcheck.h"
#include "store/schema.h"

#include <errno.h>
#include <grp.h>
#include <sys/wait.h>

#define PROCESSES      memcheck_or(20, 200)
#define MOST_PROCESSES 200
#define MAKERS    24
/* what this program makes, and one that it does not know */
#define TEXT_(x)  #x
#define TEXT(x)   TEXT_(x)
#define VERSION   TEXT(PRG_SCHEMA_VERSION)
#define NEWER     "99"

/* -------------------------------------------------------------------- helpers */

static void spill(const char *path, const void *data, size_t length)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, length), length);
	close(fd);
}

static unsigned count_files(const char *path)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	unsigned n = 0;

	assert_non_null(directory);
	while ((entry = readdir(directory)) != NULL)
		n += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	closedir(directory);
	return n;
}

/* Opening fails and leaves the file and its directory as they were. */
static void refuses(struct fixture *f, unsigned flags, int code, const char *word)
{
	struct bytes before = slurp(f->path), after;
	unsigned files = count_files(f->directory);
	struct stat a, b;

	assert_int_equal(stat(f->path, &a), 0);
	FAILS(f, code, word, prg_store_open(f->path, flags, WAIT_MS, &f->store, &f->err));
	assert_null(f->store);
	after = slurp(f->path);
	assert_int_equal(stat(f->path, &b), 0);
	assert_int_equal(before.length, after.length);
	assert_memory_equal(before.data, after.data, before.length);
	assert_int_equal(a.st_mtim.tv_sec, b.st_mtim.tv_sec);
	assert_int_equal(a.st_mtim.tv_nsec, b.st_mtim.tv_nsec);
	assert_int_equal(a.st_ino, b.st_ino);
	assert_int_equal(count_files(f->directory), files);
	free(before.data);
	free(after.data);
}

/* Waits for children; each must have left with 0. */
static void reap(pid_t *pids, size_t n)
{
	size_t i, failed = 0;
	int status;

	for (i = 0; i < n; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		failed += !WIFEXITED(status) || WEXITSTATUS(status) != 0;
	}
	assert_int_equal(failed, 0);
}

/* ------------------------------------------------------------- make and open */

static void test_made_private_and_found_again(void **state)
{
	struct fixture *f = *state;
	char deep[160], id[33];
	struct stat st;

	snprintf(deep, sizeof(deep), "%s/a/b/register.db", f->directory);
	FAILS(f, PRG_E_NOT_FOUND, "peerage init", prg_store_open(deep, 0, 0, &f->store, &f->err));
	assert_int_equal(count_files(f->directory), 0);
	umask(0);
	OK(f, prg_store_open(deep, PRG_OPEN_CREATE, WAIT_MS, &f->store, &f->err));
	assert_string_equal(prg_store_path(f->store), deep);
	assert_int_equal(prg_store_wait_ms(f->store), WAIT_MS);
	assert_int_equal(strspn(prg_store_id(f->store), "0123456789abcdef"), 32);
	strcpy(id, prg_store_id(f->store));
	OK(f, prg_store_begin(f->store, &f->err));
	add_interface(f, "wg0");
	OK(f, prg_store_commit(f->store, &f->err));
	assert_int_equal(stat(deep, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	snprintf(deep, sizeof(deep), "%s/a/b/register.db-wal", f->directory);
	assert_int_equal(stat(deep, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	snprintf(deep, sizeof(deep), "%s/a/b", f->directory);
	assert_int_equal(stat(deep, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	prg_store_close(&f->store);
	assert_null(f->store);
	assert_int_equal(count_files(deep), 1); /* no WAL, nothing half made */

	snprintf(deep, sizeof(deep), "%s/a/b/register.db", f->directory);
	OK(f, prg_store_open(deep, 0, WAIT_MS, &f->store, &f->err));
	assert_string_equal(prg_store_id(f->store), id);
}

static void test_opening_writes_nothing(void **state)
{
	struct fixture *f = *state;
	struct bytes before, after;
	struct stat a, b;

	OK(f, prg_store_open(f->path, PRG_OPEN_CREATE, WAIT_MS, &f->store, &f->err));
	prg_store_close(&f->store);
	before = slurp(f->path);
	assert_int_equal(stat(f->path, &a), 0);
	OK(f, prg_store_open(f->path, PRG_OPEN_CREATE, WAIT_MS, &f->store, &f->err));
	prg_store_close(&f->store);
	OK(f, prg_store_open(f->path, PRG_OPEN_READ, WAIT_MS, &f->store, &f->err));
	prg_store_close(&f->store);
	assert_int_equal(stat(f->path, &b), 0);
	assert_int_equal(a.st_mtim.tv_sec, b.st_mtim.tv_sec);
	assert_int_equal(a.st_mtim.tv_nsec, b.st_mtim.tv_nsec);
	assert_int_equal(a.st_ino, b.st_ino);
	after = slurp(f->path);
	assert_int_equal(before.length, after.length);
	assert_memory_equal(before.data, after.data, before.length);
	assert_int_equal(count_files(f->directory), 1);
	free(before.data);
	free(after.data);
}

static void test_read_only(void **state)
{
	struct fixture *f = *state;
	struct prg_pending erase = { .kind = PRG_PENDING_ERASE };
	struct prg_interface *interface = NULL;
	enum prg_erased done;

	OK(f, prg_store_open(f->path, PRG_OPEN_CREATE, WAIT_MS, &f->store, &f->err));
	OK(f, prg_store_begin(f->store, &f->err));
	add_interface(f, "wg0");
	OK(f, prg_store_pending_add(f->store, 0, &erase, NULL, &f->err));
	OK(f, prg_store_commit(f->store, &f->err));
	prg_store_close(&f->store);
	OK(f, prg_store_open(f->path, PRG_OPEN_READ, WAIT_MS, &f->store, &f->err));
	OK(f, prg_store_interface(f->store, "wg0", &interface, &f->err));
	prg_interface_free(&interface);
	FAILS(f, PRG_E_PERMISSION, "reading only", prg_store_begin(f->store, &f->err));
	FAILS(f, PRG_E_PERMISSION, "reading only", prg_store_erase(f->store, &done, &f->err));
	FAILS(f, PRG_E_PERMISSION, "reading only",
	      prg_store_pending_clear_all(f->store, 1, &f->err));
}

static void test_what_is_no_register(void **state)
{
	struct fixture *f = *state;
	static const char text[] =
		"This is a text file that somebody holds dear. It is longer than "
		"the header of a database, which has a hundred bytes.\n";

	spill(f->path, text, sizeof(text));
	refuses(f, PRG_OPEN_CREATE, PRG_E_CORRUPT, "not a register");
	spill(f->path, text, 0);
	refuses(f, PRG_OPEN_CREATE, PRG_E_CORRUPT, "not a register");
	refuses(f, PRG_OPEN_READ, PRG_E_CORRUPT, "not a register");
	unlink(f->path);
	raw_sql(f->path, "CREATE TABLE t (x); INSERT INTO t VALUES (1)");
	refuses(f, PRG_OPEN_CREATE, PRG_E_CORRUPT, "not a register");
	raw_sql(f->path, "PRAGMA journal_mode = WAL; PRAGMA application_id = 252006674");
	refuses(f, PRG_OPEN_CREATE, PRG_E_CORRUPT, "not a register");
	/* our number, but nothing of ours in it */
	raw_sql(f->path, "PRAGMA application_id = 0x50656572; PRAGMA user_version = " VERSION);
	FAILS(f, PRG_E_CORRUPT, "no such table",
	      prg_store_open(f->path, 0, WAIT_MS, &f->store, &f->err));
}

static void test_newer_version_is_left_alone(void **state)
{
	struct fixture *f = *state;
	char wal[120], copy[160];
	struct bytes hot, main_file;

	OK(f, prg_store_open(f->path, PRG_OPEN_CREATE, WAIT_MS, &f->store, &f->err));
	prg_store_close(&f->store);
	raw_sql(f->path, "PRAGMA user_version = " NEWER);
	refuses(f, 0, PRG_E_UNSUPPORTED, "newer");
	refuses(f, PRG_OPEN_CREATE | PRG_OPEN_READ, PRG_E_UNSUPPORTED, "newer");
	raw_sql(f->path, "PRAGMA user_version = " VERSION);

	/* the newer version stands in a WAL alone, left by a crash */
	OK(f, prg_store_open(f->path, 0, WAIT_MS, &f->store, &f->err));
	raw_sql(f->path, "PRAGMA user_version = " NEWER);
	snprintf(wal, sizeof(wal), "%s-wal", f->path);
	hot = slurp(wal);
	assert_true(hot.length > 0);
	main_file = slurp(f->path);
	prg_store_close(&f->store);
	snprintf(f->path, sizeof(f->path), "%s/crashed.db", f->directory);
	snprintf(copy, sizeof(copy), "%s-wal", f->path);
	spill(f->path, main_file.data, main_file.length);
	spill(copy, hot.data, hot.length);
	FAILS(f, PRG_E_UNSUPPORTED, "newer",
	      prg_store_open(f->path, 0, WAIT_MS, &f->store, &f->err));
	free(main_file.data);
	main_file = slurp(copy);
	assert_int_equal(main_file.length, hot.length);
	assert_memory_equal(main_file.data, hot.data, hot.length);
	free(main_file.data);
	free(hot.data);
}

static void test_no_symbolic_link_no_device(void **state)
{
	struct fixture *f = *state;
	char other[160], inner[200];

	snprintf(other, sizeof(other), "%s/other", f->directory);
	assert_int_equal(symlink(other, f->path), 0);
	FAILS(f, PRG_E_FAILED, "symbolic link",
	      prg_store_open(f->path, PRG_OPEN_CREATE, WAIT_MS, &f->store, &f->err));
	assert_int_equal(access(other, F_OK), -1);
	unlink(f->path);
	assert_int_equal(mkdir(f->path, 0700), 0);
	FAILS(f, PRG_E_FAILED, "not a regular file",
	      prg_store_open(f->path, PRG_OPEN_CREATE, WAIT_MS, &f->store, &f->err));
	FAILS(f, PRG_E_USAGE, "no name", prg_store_open("/tmp/", 0, WAIT_MS, &f->store, &f->err));
	/* a directory may be one: that is the admin's own arrangement */
	assert_int_equal(symlink(f->path, other), 0);
	snprintf(inner, sizeof(inner), "%s/register.db", other);
	OK(f, prg_store_open(inner, PRG_OPEN_CREATE, WAIT_MS, &f->store, &f->err));
	assert_string_equal(prg_store_path(f->store), inner);
}

static void test_odd_names(void **state)
{
	static const char *const names[] = { "a b?c#d%41&mode=ro", "\xc3\xa9", "'\";--",
		                             "\\x\n\t" };
	struct fixture *f = *state;
	char path[160];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", f->directory, names[i]);
		OK(f, prg_store_open(path, PRG_OPEN_CREATE, WAIT_MS, &f->store, &f->err));
		prg_store_close(&f->store);
		raw_sql(path, "PRAGMA user_version = 9");
		assert_int_equal(prg_store_open(path, 0, WAIT_MS, &f->store, &f->err),
		                 PRG_E_UNSUPPORTED);
		assert_int_equal(count_files(f->directory), i + 1);
	}
}

static void become_nobody(void)
{
	if (setgroups(0, NULL) < 0 || setgid(65534) < 0 || setuid(65534) < 0)
		_exit(9);
}

static void test_another_user_may_not(void **state)
{
	struct fixture *f = *state;
	pid_t child;

	if (getuid() != 0)
		skip();
	OK(f, prg_store_open(f->path, PRG_OPEN_CREATE, WAIT_MS, &f->store, &f->err));
	prg_store_close(&f->store);
	assert_int_equal(chmod(f->directory, 0755), 0);
	child = fork();
	if (child == 0) {
		become_nobody();
		if (prg_store_open(f->path, 0, 0, &f->store, &f->err) != PRG_E_PERMISSION)
			_exit(1);
		if (strstr(f->err.message, "root") == NULL)
			_exit(2);
		snprintf(f->path, sizeof(f->path), "%s/new.db", f->directory);
		if (prg_store_open(f->path, PRG_OPEN_CREATE, 0, &f->store, &f->err) !=
		    PRG_E_PERMISSION)
			_exit(3);
		_exit(0);
	}
	reap(&child, 1);
	/* not even a look at it */
	assert_int_equal(chmod(f->directory, 0700), 0);
	child = fork();
	if (child == 0) {
		become_nobody();
		if (prg_store_open(f->path, 0, 0, &f->store, &f->err) != PRG_E_PERMISSION)
			_exit(1);
		_exit(strstr(f->err.message, "run as root") == NULL ? 2 : 0);
	}
	reap(&child, 1);
	assert_int_equal(chmod(f->directory, 0755), 0);
	/* readable is not enough */
	assert_int_equal(chmod(f->path, 0644), 0);
	child = fork();
	if (child == 0) {
		become_nobody();
		_exit(prg_store_open(f->path, 0, 0, &f->store, &f->err) != PRG_E_PERMISSION);
	}
	reap(&child, 1);
}

static void test_results_have_the_right_codes(void **state)
{
	static const struct {
		int rc, errnum, code;
	} cases[] = {
		{ SQLITE_OK, EIO, 0 },
		{ SQLITE_FULL, 0, PRG_E_FULL },
		{ SQLITE_IOERR_WRITE, ENOSPC, PRG_E_FULL },
		{ SQLITE_IOERR_WRITE, EDQUOT, PRG_E_FULL },
		{ SQLITE_IOERR_FSYNC, EIO, PRG_E_FAILED },
		{ SQLITE_IOERR_NOMEM, 0, PRG_E_NOMEM },
		{ SQLITE_NOMEM, 0, PRG_E_NOMEM },
		{ SQLITE_BUSY, 0, PRG_E_BUSY },
		{ SQLITE_BUSY_SNAPSHOT, 0, PRG_E_BUSY },
		{ SQLITE_BUSY_RECOVERY, 0, PRG_E_BUSY },
		{ SQLITE_LOCKED, 0, PRG_E_BUSY },
		{ SQLITE_LOCKED_SHAREDCACHE, 0, PRG_E_BUSY },
		{ SQLITE_PROTOCOL, 0, PRG_E_BUSY },
		{ SQLITE_CORRUPT, 0, PRG_E_CORRUPT },
		{ SQLITE_CORRUPT_INDEX, 0, PRG_E_CORRUPT },
		{ SQLITE_NOTADB, 0, PRG_E_CORRUPT },
		{ SQLITE_READONLY, 0, PRG_E_PERMISSION },
		{ SQLITE_READONLY_DIRECTORY, 0, PRG_E_PERMISSION },
		{ SQLITE_READONLY_DBMOVED, 0, PRG_E_FAILED },
		{ SQLITE_CANTOPEN, EACCES, PRG_E_PERMISSION },
		{ SQLITE_CANTOPEN, EROFS, PRG_E_PERMISSION },
		{ SQLITE_CANTOPEN, EMFILE, PRG_E_FAILED },
		{ SQLITE_PERM, 0, PRG_E_PERMISSION },
		{ SQLITE_CONSTRAINT_UNIQUE, 0, PRG_E_CONFLICT },
		{ SQLITE_CONSTRAINT_PRIMARYKEY, 0, PRG_E_CONFLICT },
		{ SQLITE_CONSTRAINT_CHECK, 0, PRG_E_FAILED },
		{ SQLITE_CONSTRAINT_FOREIGNKEY, 0, PRG_E_FAILED },
		{ SQLITE_MISUSE, 0, PRG_E_FAILED },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(prg_db_code(cases[i].rc, cases[i].errnum), cases[i].code);
}

/* ------------------------------------------------------------------ sharing */

static void test_busy_after_the_wait(void **state)
{
	struct fixture *f = *state;
	struct prg_store *other = NULL;
	struct prg_interface *interface = NULL;

	OK(f, prg_store_open(f->path, PRG_OPEN_CREATE, WAIT_MS, &f->store, &f->err));
	OK(f, prg_store_open(f->path, 0, 20, &other, &f->err));
	OK(f, prg_store_begin(f->store, &f->err));
	add_interface(f, "wg0");
	FAILS(f, PRG_E_BUSY, "--wait", prg_store_begin(other, &f->err));
	FAILS(f, PRG_E_NOT_FOUND, "wg0", prg_store_interface(other, "wg0", &interface, &f->err));
	FAILS(f, PRG_E_FAILED, "open already", prg_store_begin(f->store, &f->err));
	OK(f, prg_store_commit(f->store, &f->err));
	OK(f, prg_store_begin(other, &f->err));
	prg_store_close(&other); /* rolls back */
	OK(f, prg_store_begin(f->store, &f->err));
}

static void test_waiting_ends(void **state)
{
	struct fixture *f = *state;

	OK(f, prg_store_open(f->path, PRG_OPEN_CREATE, WAIT_MS, &f->store, &f->err));
	assert_true(prg_db_busy_handler(f->store, 0) && prg_db_busy_handler(f->store, 1));
	assert_true(prg_db_wait_again(f->store, SQLITE_BUSY_SNAPSHOT));
	assert_false(prg_db_wait_again(f->store, SQLITE_FULL));
	f->store->wait_ms = 0;
	assert_false(prg_db_busy_handler(f->store, 0));
	prg_db_wait_start(f->store, WAIT_MS); /* one deadline for many waits */
	assert_true(prg_db_busy_handler(f->store, 0));
	prg_db_wait_start(f->store, 0);
	assert_false(prg_db_wait_again(f->store, SQLITE_BUSY));
	prg_db_wait_end(f->store);
}

static void test_rollback_and_snapshots(void **state)
{
	struct fixture *f = *state;
	struct prg_store *other = NULL;
	struct prg_interface **list = NULL;
	size_t n = 9;

	OK(f, prg_store_open(f->path, PRG_OPEN_CREATE, WAIT_MS, &f->store, &f->err));
	OK(f, prg_store_open(f->path, PRG_OPEN_READ, WAIT_MS, &other, &f->err));
	FAILS(f, PRG_E_FAILED, "rolled back", prg_store_commit(f->store, &f->err));
	OK(f, prg_store_begin(f->store, &f->err));
	add_interface(f, "wg0");
	prg_store_rollback(f->store);
	prg_store_rollback(f->store);
	OK(f, prg_store_begin_read(other, &f->err));
	OK(f, prg_store_begin(f->store, &f->err));
	add_interface(f, "wg1");
	OK(f, prg_store_commit(f->store, &f->err));
	OK(f, prg_store_interfaces(other, &list, &n, &f->err));
	assert_int_equal(n, 0); /* the snapshot is older */
	free(list);
	prg_store_rollback(other);
	OK(f, prg_store_interfaces(other, &list, &n, &f->err));
	assert_int_equal(n, 1);
	assert_string_equal(list[0]->name, "wg1");
	prg_interface_free(&list[0]);
	free(list);
	prg_store_close(&other);
}

static int one_add(const char *path, unsigned flags, unsigned number)
{
	struct prg_store *store = NULL;
	struct prg_peer peer = { .interface_id = 1, .public_key = key_of(number) };
	struct prg_audit_entry entry = { .verb = "add", .interface = "wg0", .actor = "root" };
	struct prg_prefix *list = NULL;
	struct prg_preshared_key psk;
	size_t n;
	int rc;

	memset(psk.bytes, (int)number + 1, sizeof(psk.bytes));
	snprintf(peer.name, sizeof(peer.name), "p%u", number);
	rc = prg_store_open(path, flags, WAIT_MS, &store, NULL);
	if (rc == 0)
		rc = prg_store_begin(store, NULL);
	if (rc == 0)
		rc = prg_store_peer_insert(store, &peer, &psk, NULL);
	if (rc == 0)
		rc = prg_pool_allocate(store, 1, peer.id, NOW, &list, &n, NULL);
	if (rc == 0)
		rc = prg_audit_append(store, NOW, &entry, NULL);
	if (rc == 0)
		rc = prg_store_commit(store, NULL);
	free(list);
	prg_store_close(&store);
	return -rc;
}

/* Children that all begin when the pipe is closed. */
static void crowd(struct fixture *f, size_t n, int (*one)(const char *, unsigned, unsigned),
                  unsigned flags)
{
	pid_t pids[MOST_PROCESSES];
	int start[2];
	unsigned i;

	assert_int_equal(pipe(start), 0);
	for (i = 0; i < n; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0) {
			char byte;

			close(start[1]);
			while (read(start[0], &byte, 1) > 0)
				;
			_exit(one(f->path, flags, i));
		}
	}
	close(start[0]);
	close(start[1]);
	reap(pids, n);
}

static void test_a_crowd_of_writers(void **state)
{
	struct fixture *f = *state;
	uint64_t entries = 0;
	char head[65];

	OK(f, prg_store_open(f->path, PRG_OPEN_CREATE, WAIT_MS, &f->store, &f->err));
	OK(f, prg_store_begin(f->store, &f->err));
	assert_int_equal(add_interface(f, "wg0"), 1);
	define(f, 1, "10.8.0.1/16,fd00::1/64");
	OK(f, prg_store_commit(f->store, &f->err));
	prg_store_close(&f->store);
	crowd(f, PROCESSES, one_add, 0);
	OK(f, prg_store_open(f->path, 0, WAIT_MS, &f->store, &f->err));
	OK(f, prg_audit_verify(f->store, NULL, &entries, head, &f->err));
	assert_int_equal(entries, 1 + PROCESSES);
	assert_int_equal(raw_number(f->path, "SELECT count(*) FROM peer"), PROCESSES);
	assert_int_equal(raw_number(f->path, "SELECT count(DISTINCT addr) FROM prefix"),
	                 2 * PROCESSES);
	/* the lowest of each pool, none left out */
	assert_int_equal(raw_number(f->path, "SELECT count(*) FROM free_extent"), 2);
}

static int one_open(const char *path, unsigned flags, unsigned number)
{
	struct prg_store *store = NULL;
	int rc = prg_store_open(path, flags, WAIT_MS, &store, NULL);

	(void)number;
	prg_store_close(&store);
	return -rc;
}

/* What one maker wrote must not vanish under the register of another. */
static int one_make(const char *path, unsigned flags, unsigned number)
{
	struct prg_audit_entry entry = { .verb = "made", .actor = "root" };
	struct prg_store *store = NULL;
	int rc = prg_store_open(path, flags, WAIT_MS, &store, NULL);

	(void)number;
	if (rc == 0)
		rc = prg_store_begin(store, NULL);
	if (rc == 0)
		rc = prg_audit_append(store, NOW, &entry, NULL);
	if (rc == 0)
		rc = prg_store_commit(store, NULL);
	prg_store_close(&store);
	return -rc;
}

static void test_a_crowd_of_makers(void **state)
{
	struct fixture *f = *state;
	uint64_t entries = 0;
	char head[65];

	crowd(f, MAKERS, one_make, PRG_OPEN_CREATE);
	OK(f, prg_store_open(f->path, 0, WAIT_MS, &f->store, &f->err));
	OK(f, prg_audit_verify(f->store, NULL, &entries, head, &f->err));
	assert_int_equal(entries, 1 + MAKERS);
	assert_int_equal(raw_number(f->path, "SELECT count(*) FROM meta"), 1);
	prg_store_close(&f->store);
	assert_int_equal(count_files(f->directory), 1); /* nothing half made */
}

/* A restored copy may be in another journal mode: many find it at once. */
static void test_a_crowd_puts_wal_back(void **state)
{
	struct fixture *f = *state;

	OK(f, prg_store_open(f->path, PRG_OPEN_CREATE, WAIT_MS, &f->store, &f->err));
	prg_store_close(&f->store);
	raw_sql(f->path, "PRAGMA journal_mode = DELETE");
	crowd(f, MAKERS, one_open, 0);
	OK(f, prg_store_open(f->path, 0, WAIT_MS, &f->store, &f->err));
	OK(f, prg_store_begin(f->store, &f->err));
	add_interface(f, "wg0");
	OK(f, prg_store_commit(f->store, &f->err));
	assert_int_equal(count_files(f->directory), 3); /* with -wal and -shm */
}

static void test_full_disk(void **state)
{
	struct fixture *f = *state;
	int64_t interface_id;
	unsigned i;
	int rc = 0;

	OK(f, prg_store_open(f->path, PRG_OPEN_CREATE, WAIT_MS, &f->store, &f->err));
	OK(f, prg_store_begin(f->store, &f->err));
	interface_id = add_interface(f, "wg0");
	OK(f, prg_store_commit(f->store, &f->err));
	sqlite3_exec(f->store->db, "PRAGMA max_page_count = 60", NULL, NULL, NULL);
	OK(f, prg_store_begin(f->store, &f->err));
	for (i = 0; i < 100000 && rc == 0; i++) {
		struct prg_peer peer = { .interface_id = interface_id, .public_key = key_of(i) };

		snprintf(peer.name, sizeof(peer.name), "p%u", i);
		rc = prg_store_peer_insert(f->store, &peer, NULL, &f->err);
	}
	FAILS(f, PRG_E_FULL, "disk is full", rc);
	prg_store_rollback(f->store);
	assert_int_equal(raw_number(f->path, "SELECT count(*) FROM peer"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FILE_TEST(test_made_private_and_found_again),
		FILE_TEST(test_opening_writes_nothing),
		FILE_TEST(test_read_only),
		FILE_TEST(test_what_is_no_register),
		FILE_TEST(test_newer_version_is_left_alone),
		FILE_TEST(test_no_symbolic_link_no_device),
		FILE_TEST(test_odd_names),
		FILE_TEST(test_another_user_may_not),
		FILE_TEST(test_results_have_the_right_codes),
		FILE_TEST(test_busy_after_the_wait),
		FILE_TEST(test_waiting_ends),
		FILE_TEST(test_rollback_and_snapshots),
		FILE_TEST(test_a_crowd_of_writers),
		FILE_TEST(test_a_crowd_of_makers),
		FILE_TEST(test_a_crowd_puts_wal_back),
		FILE_TEST(test_full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
