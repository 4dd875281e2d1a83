/* SPDX-License-Identifier: ISC */
#include "stage.h"

#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>

#define MANIFEST ".manifest" /* no file of ours begins with a dot and has no suffix */
#define MAGIC "peerage stage 1"
#define END "end"
/* So few are synced one by one; more, with all that their file system has to
 * write, in one go: a journal that is committed once for each file takes longer. */
#define FEW_FILES 16

/* ------------------------------------------------------------------- making */

static int shown(const struct stage *stage)
{
	return stage->length ? (int)stage->length : 1;
}

static const char *shown_path(const struct stage *stage)
{
	return stage->length ? stage->path : ".";
}

/* A file by the path that a user would give. */
struct full {
	char text[600];
};

static const char *full(const struct stage *stage, const char *name, struct full *ret)
{
	bool slash = stage->length && stage->path[stage->length - 1] != '/';

	(void)snprintf(ret->text, sizeof(ret->text), "%.*s%s%s", (int)stage->length, stage->path,
	               slash ? "/" : "", name);
	return ret->text;
}

static int open_directory(struct stage *stage, bool make, struct prg_error *err)
{
	OWN_FREE char *path = strndup(shown_path(stage), (size_t)shown(stage));

	if (!path)
		return say_nomem(err);
	if (make && mkdir(path, 0700) == 0)
		stage->made = true;
	else if (make && errno != EEXIST)
		return say_errno(err, errno, "cannot make directory '%s'", path);
	stage->directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (stage->directory < 0)
		return say_errno(err, errno, "cannot write to directory '%s'", path);
	return 0;
}

/* What every stage of this register is called, but for its end. */
static void stage_prefix(const struct cli *cli, char *ret, size_t size)
{
	(void)snprintf(ret, size, ".peerage-%s-", prg_register_id(cli->reg));
}

/* A lock on the stage tells a run that works from one that is dead. */
static int make_hidden(struct stage *stage, const struct cli *cli, struct prg_error *err)
{
	for (unsigned tries = 0; tries < 16; tries++) {
		unsigned long random;
		struct stat st;
		size_t used;
		bool locked;

		if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
			return say_errno(err, errno, "cannot draw a random file name");
		stage_prefix(cli, stage->hidden, sizeof(stage->hidden));
		used = strlen(stage->hidden);
		(void)snprintf(stage->hidden + used, sizeof(stage->hidden) - used, "%016lx",
		               random);
		if (mkdirat(stage->directory, stage->hidden, 0700) != 0) {
			if (errno == EEXIST)
				continue;
			break;
		}
		stage->fd = openat(stage->directory, stage->hidden,
		                   O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		/* another run may throw it away before it is locked */
		if (stage->fd < 0 && errno == ENOENT)
			continue;
		locked = stage->fd >= 0 && flock(stage->fd, LOCK_EX | LOCK_NB) == 0;
		if (!locked && (stage->fd < 0 || errno != EWOULDBLOCK))
			break;
		if (locked && fstat(stage->fd, &st) == 0 && st.st_nlink > 0 &&
		    faccessat(stage->directory, stage->hidden, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			return 0;
		close(stage->fd);
		stage->fd = -1;
	}
	(void)say_errno(err, errno, "cannot write to directory '%.*s'", shown(stage),
	                shown_path(stage));
	(void)unlinkat(stage->directory, stage->hidden, AT_REMOVEDIR);
	stage->hidden[0] = 0;
	return err->code;
}

/* ------------------------------------------------------------------ manifest */

/* Texts that end in NUL: MAGIC, interface, then key and name of each file, END. */
static int append(struct stage *stage, const char *text, struct prg_error *err)
{
	size_t length = strlen(text) + 1;

	if (length > stage->capacity - stage->used) {
		size_t capacity = 2 * stage->capacity + length + 4096;
		char *grown = realloc(stage->manifest, capacity);

		if (!grown)
			return say_nomem(err);
		stage->manifest = grown;
		stage->capacity = capacity;
	}
	memcpy(stage->manifest + stage->used, text, length);
	stage->used += length;
	return 0;
}

int stage_note(struct stage *stage, const char *name, const struct prg_public_key *key,
               struct prg_error *err)
{
	char text[PRG_KEY_TEXT];
	int code;

	prg_public_key_format(key, text);
	code = append(stage, text, err);
	if (!code)
		code = append(stage, name, err);
	stage->n_files += !code;
	return code;
}

/* One entry after the other. */
static const char *next(const char **at, const char *end)
{
	const char *text = *at;
	const char *nul = text < end ? memchr(text, 0, (size_t)(end - text)) : NULL;

	if (!nul)
		return NULL;
	*at = nul + 1;
	return text;
}

/* ------------------------------------------------------------------- writing */

int stage_check(const struct stage *stage, const char *name, struct prg_error *err)
{
	struct full path;
	struct stat st;

	if (fstatat(stage->directory, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return say_error(err, PRG_E_CONFLICT,
		                 "'%s' exists already, and is left alone: choose another name",
		                 full(stage, name, &path));
	if (errno != ENOENT)
		return say_errno(err, errno, "cannot write '%s'", full(stage, name, &path));
	return 0;
}

static int write_at(const struct stage *stage, const char *name, const char *data, size_t length,
                    struct prg_error *err)
{
	OWN_FD int fd = openat(stage->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	                       0600);

	struct full path;

	if (fd < 0 && errno == EEXIST)
		return say_error(err, PRG_E_CONFLICT,
		                 "two peers would have the file '%s' here: add one of them with "
		                 "another --out", name);
	if (fd < 0)
		return say_errno(err, errno, "cannot write '%s'", full(stage, name, &path));
	while (length) {
		ssize_t n = write(fd, data, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return say_errno(err, errno, "cannot write '%s'",
			                 full(stage, name, &path));
		data += n;
		length -= (size_t)n;
	}
	return 0;
}

int stage_write(const struct stage *stage, const char *name, const struct prg_text *bytes,
                struct prg_error *err)
{
	return write_at(stage, name, prg_text_data(bytes), prg_text_length(bytes), err);
}

static int sync_file(int directory, const char *name)
{
	OWN_FD int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -1 : fsync(fd);
}

static int sync_each(const struct stage *stage, const char *at, const char *end)
{
	const char *name;

	while (next(&at, end) && (name = next(&at, end)) != NULL)
		if (sync_file(stage->fd, name) != 0)
			return -1;
	return sync_file(stage->fd, MANIFEST) ? -1 : fsync(stage->fd);
}

static int sync_all(const struct stage *stage, const char *entries, const char *end)
{
	int result = stage->n_files <= FEW_FILES ? sync_each(stage, entries, end)
	                                         : syncfs(stage->fd);
	OWN_FD int parent = -1;

	if (result == 0)
		result = fsync(stage->directory);
	if (result == 0 && stage->made) {
		parent = openat(stage->directory, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		result = parent < 0 ? 0 : fsync(parent);
	}
	return result;
}

int stage_seal(struct stage *stage, const char *interface, struct prg_error *err)
{
	char head[sizeof(MAGIC) + PRG_IFNAME_TEXT];
	size_t entries = stage->used;
	OWN_FREE char *whole = NULL;
	size_t length = sizeof(MAGIC), total;
	int code = append(stage, END, err);

	if (code)
		return code;
	memcpy(head, MAGIC, sizeof(MAGIC));
	length += (size_t)snprintf(head + length, sizeof(head) - length, "%s", interface) + 1;
	total = length + stage->used;
	whole = malloc(total);
	if (!whole)
		return say_nomem(err);
	memcpy(whole, head, length);
	memcpy(whole + length, stage->manifest, stage->used);
	code = write_at(stage, MANIFEST, whole, total, err);
	if (!code && sync_all(stage, stage->manifest, stage->manifest + entries) != 0)
		code = say_errno(err, errno, "cannot sync what is written to '%.*s'",
		                 shown(stage), shown_path(stage));
	return code;
}

/* ---------------------------------------------------------------- publishing */

/* Gives a file its name unless that is taken. */
static int move_out(const struct stage *stage, int from, const char *name)
{
	if (renameat2(from, name, stage->directory, name, RENAME_NOREPLACE) == 0)
		return 0;
	/* not every file system can; a link does not replace either */
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	if (linkat(from, name, stage->directory, name, 0) != 0)
		return -1;
	(void)unlinkat(from, name, 0);
	return 0;
}

static void remove_hidden(const struct stage *stage, int fd, const char *hidden)
{
	(void)unlinkat(fd, MANIFEST, 0);
	(void)unlinkat(stage->directory, hidden, AT_REMOVEDIR);
}

int stage_publish(struct stage *stage, struct prg_error *err)
{
	const char *at = stage->manifest, *end = at + stage->used, *name;
	size_t n_kept = 0;
	int code = 0;

	while (next(&at, end) && (name = next(&at, end)) != NULL) {
		if (move_out(stage, stage->fd, name) == 0)
			continue;
		if (n_kept++ == 0)
			code = say_errno(err, errno,
			                 "'%s' is written, but kept in '%.*s/%s', for its name "
			                 "could not be given to it", name, shown(stage),
			                 shown_path(stage), stage->hidden);
	}
	if (n_kept > 1)
		(void)say_append(err, "; so are %zu more", n_kept - 1);
	if (!n_kept && fsync(stage->directory) != 0)
		code = say_errno(err, errno, "cannot sync directory '%.*s'", shown(stage),
		                 shown_path(stage));
	if (!n_kept)
		remove_hidden(stage, stage->fd, stage->hidden);
	stage->hidden[0] = 0;
	stage->made = false;
	return code;
}

/* ------------------------------------------------------- what others left */

/* Empties a stage and takes it away. */
static void throw_away(const struct stage *stage, int fd, const char *hidden)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = copy >= 0 ? fdopendir(copy) : NULL;
	const struct dirent *entry;

	if (!list && copy >= 0)
		close(copy);
	while (list && (entry = readdir(list)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			(void)unlinkat(fd, entry->d_name, 0);
	if (list)
		(void)closedir(list);
	(void)unlinkat(stage->directory, hidden, AT_REMOVEDIR);
}

/* Files of a left stage, and whether the register has their peers. */
struct left {
	const char *interface;
	size_t n, n_found;
	struct left_file {
		struct prg_public_key key;
		const char *name;
		bool found;
	} *files;
};

static void left_done(struct left *left)
{
	free(left->files);
}

static int by_key(const void *a, const void *b)
{
	const struct left_file *x = a, *y = b;

	return memcmp(&x->key, &y->key, sizeof(x->key));
}

/* False: the manifest is not whole, so its run was never committed. */
static bool read_left(const char *text, size_t length, struct left *left)
{
	const char *at = text, *end = text + length, *magic = next(&at, end), *word;
	size_t capacity = 0;

	left->interface = next(&at, end);
	if (!magic || strcmp(magic, MAGIC) != 0 || !left->interface)
		return false;
	while ((word = next(&at, end)) != NULL && strcmp(word, END) != 0) {
		const char *name = next(&at, end);

		if (left->n == capacity) {
			void *grown = reallocarray(left->files, 2 * capacity + 16,
			                           sizeof(*left->files));

			if (!grown)
				return false;
			left->files = grown;
			capacity = 2 * capacity + 16;
		}
		left->files[left->n] = (struct left_file){ .name = name };
		if (!name || !*name || strchr(name, '/') || strcmp(name, "..") == 0 ||
		    prg_public_key_parse(word, strlen(word), &left->files[left->n].key, NULL))
			return false;
		left->n++;
	}
	if (!word)
		return false;
	if (left->n)
		qsort(left->files, left->n, sizeof(*left->files), by_key);
	return true;
}

static int mark_found(void *context, const struct prg_peer *peer)
{
	struct left *left = context;
	struct left_file wanted = { .key = peer->public_key }, *at;

	if (peer->state == PRG_PEER_REVOKED || !left->n)
		return 0;
	at = bsearch(&wanted, left->files, left->n, sizeof(*at), by_key);
	if (!at)
		return 0;
	while (at > left->files && by_key(at - 1, &wanted) == 0)
		at--;
	for (; at < left->files + left->n && by_key(at, &wanted) == 0; at++) {
		at->found = true;
		left->n_found++;
	}
	return 0;
}

/* The register has them: the change was made, and its files are all that is left
 * of the keys. Those of peers that are revoked since are of no use. */
static void finish_left(const struct stage *stage, const struct cli *cli, int fd,
                        const char *hidden, const struct left *left)
{
	size_t n_kept = 0, n_moved = 0;

	for (size_t i = 0; i < left->n; i++) {
		const char *name = left->files[i].name;

		if (!left->files[i].found) {
			(void)unlinkat(fd, name, 0);
		} else if (move_out(stage, fd, name) == 0) {
			n_moved++;
		} else if (errno != ENOENT && n_kept++ == 0) {
			cli_remark(cli, "'%s', which an interrupted run wrote, is kept in '%.*s/%s': "
			                "its name could not be given to it", name, shown(stage),
			           shown_path(stage), hidden);
		}
	}
	if (n_kept)
		return;
	(void)fsync(stage->directory);
	throw_away(stage, fd, hidden);
	cli_remark(cli, "%.*s: an interrupted run had added its peers, and %zu of their files were "
	                "still hidden: they have their names now", shown(stage), shown_path(stage),
	           n_moved);
}

static int look_at_left(const struct stage *stage, const struct cli *cli, int fd,
                        const char *hidden, struct prg_error *err)
{
	OWN(left_done) struct left left = { .files = NULL };
	OWN(files_text_done) struct files_text text = FILES_TEXT_NONE;
	int code = 0;

	if (files_read_at(fd, MANIFEST, &text) == 0 && read_left(text.data, text.length, &left))
		code = prg_list_peers(cli->reg, left.interface, mark_found, &left, err);
	if (code && code != PRG_E_NOT_FOUND)
		return code;
	if (left.n_found) {
		finish_left(stage, cli, fd, hidden, &left);
		return 0;
	}
	throw_away(stage, fd, hidden);
	cli_remark(cli, "%.*s: an interrupted run left files of peers that it did not come to add: "
	                "they are thrown away", shown(stage), shown_path(stage));
	return 0;
}

static int recover(const struct stage *stage, const struct cli *cli, struct prg_error *err)
{
	int copy = openat(stage->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), code = 0;
	DIR *list = copy >= 0 ? fdopendir(copy) : NULL;
	const struct dirent *entry;
	char prefix[64];

	if (!list) {
		if (copy >= 0)
			close(copy);
		return say_errno(err, errno, "cannot read directory '%.*s'", shown(stage),
		                 shown_path(stage));
	}
	stage_prefix(cli, prefix, sizeof(prefix));
	while (!code && (entry = readdir(list)) != NULL) {
		OWN_FD int fd = -1;
		struct stat st;

		if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0)
			continue;
		fd = openat(stage->directory, entry->d_name,
		            O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		/* another's, or one at work */
		if (fd < 0 || fstat(fd, &st) != 0 || st.st_uid != geteuid() ||
		    flock(fd, LOCK_EX | LOCK_NB) != 0)
			continue;
		code = look_at_left(stage, cli, fd, entry->d_name, err);
	}
	(void)closedir(list);
	return code;
}

int stage_open(struct stage *stage, const struct cli *cli, const char *path, size_t length,
               bool make, struct prg_error *err)
{
	int code;

	stage->path = path;
	stage->length = length;
	code = open_directory(stage, make, err);
	if (!code)
		code = recover(stage, cli, err);
	if (!code)
		code = make_hidden(stage, cli, err);
	return code;
}

void stage_leave(struct stage *stage, struct prg_error *err)
{
	(void)say_append(err, "; should the register have recorded it all the same, the next add "
	                      "to '%.*s' finds its files in '%s' there",
	                 shown(stage), shown_path(stage), stage->hidden);
	stage->hidden[0] = 0;
	stage->made = false;
}

void stage_discard(struct stage *stage)
{
	if (stage->hidden[0] && stage->fd >= 0)
		throw_away(stage, stage->fd, stage->hidden);
	if (stage->made && stage->directory >= 0) {
		OWN_FREE char *path = strndup(shown_path(stage), (size_t)shown(stage));

		if (path)
			(void)rmdir(path); /* only while it is empty */
	}
	if (stage->fd >= 0)
		close(stage->fd);
	if (stage->directory >= 0)
		close(stage->directory);
	free(stage->manifest);
	*stage = (struct stage)STAGE_NONE;
}
