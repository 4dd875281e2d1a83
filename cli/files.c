/* SPDX-License-Identifier: ISC */
#include "files.h"

#include "own.h"
#include "say.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>

static int open_directory(const char *path, const char *name, int *ret_fd, struct prg_error *err)
{
	size_t length = (size_t)(name - path);
	OWN_FREE char *directory = length ? strndup(path, length) : strdup(".");
	int fd;

	if (!directory)
		return say_nomem(err);
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return say_errno(err, errno, "cannot write '%s': directory '%s'", path, directory);
	*ret_fd = fd;
	return 0;
}

static int make_hidden(struct files_output *output, struct prg_error *err)
{
	for (unsigned tries = 0; tries < 16; tries++) {
		unsigned char random[8];

		if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
			return say_errno(err, errno, "cannot draw a random file name");
		(void)snprintf(output->hidden, sizeof(output->hidden),
		               ".peerage-%02x%02x%02x%02x%02x%02x%02x%02x", random[0], random[1],
		               random[2], random[3], random[4], random[5], random[6], random[7]);
		output->fd = openat(output->directory, output->hidden,
		                    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (output->fd >= 0)
			return 0;
		if (errno != EEXIST)
			break;
	}
	return say_errno(err, errno, "cannot write '%s'", output->path);
}

/* Where `path` leads to. */
static int open_for(struct files_output *output, const char *path, struct prg_error *err)
{
	const char *slash = strrchr(path, '/');

	output->path = path;
	output->name = slash ? slash + 1 : path;
	if (!*output->name || strcmp(output->name, ".") == 0 || strcmp(output->name, "..") == 0)
		return say_error(err, PRG_E_USAGE, "'%s' is not the name of a file", path);
	return open_directory(path, output->name, &output->directory, err);
}

int files_reserve(struct files_output *output, const char *path, struct prg_error *err)
{
	struct stat st;
	int code = open_for(output, path, err);

	if (code)
		return code;
	if (fstatat(output->directory, output->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		code = say_error(err, PRG_E_CONFLICT,
		                 "'%s' exists already, and is left alone: choose another name",
		                 path);
	else if (errno != ENOENT)
		code = say_errno(err, errno, "cannot write '%s'", path);
	else
		code = make_hidden(output, err);
	if (code)
		files_discard(output);
	return code;
}

bool files_same(const struct files_output *a, const struct files_output *b)
{
	struct stat at, bt;

	return strcmp(a->name, b->name) == 0 && fstat(a->directory, &at) == 0 &&
	       fstat(b->directory, &bt) == 0 && at.st_dev == bt.st_dev && at.st_ino == bt.st_ino;
}

static int write_all(int fd, const char *data, size_t length)
{
	while (length) {
		ssize_t n = write(fd, data, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		data += n;
		length -= (size_t)n;
	}
	return fsync(fd);
}

/* Gives the hidden file its name unless that is taken. */
static int publish(const struct files_output *output)
{
	if (renameat2(output->directory, output->hidden, output->directory, output->name,
	              RENAME_NOREPLACE) == 0)
		return 0;
	/* not every file system can; a link does not replace either */
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	if (linkat(output->directory, output->hidden, output->directory, output->name, 0) != 0)
		return -1;
	(void)unlinkat(output->directory, output->hidden, 0);
	return 0;
}

int files_finish(struct files_output *output, const void *data, size_t length,
                 struct prg_error *err)
{
	int code = 0;

	if (write_all(output->fd, data, length) != 0) {
		code = say_errno(err, errno, "cannot write '%s'", output->path);
		files_discard(output);
		return code;
	}
	if (publish(output) != 0)
		code = say_errno(err, errno,
		                 "'%s' is written, but kept as '%.*s%s', for its name could not be "
		                 "given to it",
		                 output->path, (int)(output->name - output->path), output->path,
		                 output->hidden);
	else if (fsync(output->directory) != 0)
		code = say_errno(err, errno, "cannot sync the directory of '%s'", output->path);
	output->hidden[0] = 0;
	files_discard(output);
	return code;
}

int files_replace(const char *path, const void *data, size_t length, struct prg_error *err)
{
	struct files_output output = FILES_OUTPUT_NONE;
	struct stat st;
	int code = open_for(&output, path, err);

	/* root could rename a file over /dev/null, too */
	if (!code && fstatat(output.directory, output.name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    !S_ISREG(st.st_mode))
		code = say_error(err, PRG_E_CONFLICT,
		                 "'%s' is not a regular file, and is left alone: choose another name",
		                 path);
	if (!code)
		code = make_hidden(&output, err);
	if (!code && (fchmod(output.fd, 0644) != 0 || write_all(output.fd, data, length) != 0 ||
	              renameat(output.directory, output.hidden, output.directory, output.name) != 0))
		code = say_errno(err, errno, "cannot write '%s'", path);
	if (!code)
		output.hidden[0] = 0;
	files_discard(&output);
	return code;
}

void files_discard(struct files_output *output)
{
	if (output->fd >= 0 && output->hidden[0])
		(void)unlinkat(output->directory, output->hidden, 0);
	if (output->fd >= 0)
		close(output->fd);
	if (output->directory >= 0)
		close(output->directory);
	output->fd = output->directory = -1;
	output->hidden[0] = 0;
}

/* ------------------------------------------------------------------ reading */

#define TEXT_MAX ((size_t)256 << 20)

void files_text_done(struct files_text *text)
{
	prg_wipe(text->data, text->capacity);
	free(text->data);
	*text = (struct files_text)FILES_TEXT_NONE;
}

/* realloc(3) would leave a copy behind. */
static int make_room(struct files_text *text, size_t capacity)
{
	char *grown;

	grown = malloc(capacity);
	if (!grown)
		return -1;
	/* without the privilege to lock it, it may be swapped, and is wiped all the same */
	(void)mlock(grown, capacity);
	if (text->length)
		memcpy(grown, text->data, text->length);
	prg_wipe(text->data, text->capacity);
	free(text->data);
	text->data = grown;
	text->capacity = capacity;
	return 0;
}

static int read_all(int fd, struct files_text *text)
{
	struct stat st;
	size_t size = 0;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		size = (size_t)st.st_size;
	for (;;) {
		ssize_t n;

		if (text->length > TEXT_MAX || size > TEXT_MAX) {
			errno = EFBIG;
			return -1;
		}
		if (text->capacity - text->length < 2 &&
		    make_room(text, text->capacity ? 2 * text->capacity
		                                   : size + ((size_t)64 << 10)) != 0)
			return -1;
		n = read(fd, text->data + text->length, text->capacity - text->length - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		text->length += (size_t)n;
		if (n == 0)
			break;
	}
	text->data[text->length] = 0;
	return 0;
}

int files_read_at(int directory, const char *name, struct files_text *ret)
{
	OWN_FD int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	return fd < 0 ? -1 : read_all(fd, ret);
}

static bool is_exposed(int fd)
{
	struct stat st;

	return fd != STDIN_FILENO && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	       (st.st_mode & 077) != 0;
}

int files_read_text(const char *path, struct files_text *ret, bool *ret_exposed,
                    struct prg_error *err)
{
	bool is_stdin = strcmp(path, "-") == 0;
	OWN_FD int opened = is_stdin ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int fd = is_stdin ? STDIN_FILENO : opened;

	if (fd < 0 || read_all(fd, ret) != 0) {
		if (errno == EFBIG)
			return say_error(err, PRG_E_USAGE, "%s: more than %zu MiB: is this the "
			                                   "right file?",
			                 is_stdin ? "standard input" : path, TEXT_MAX >> 20);
		return say_errno(err, errno, "cannot read %s%s%s", is_stdin ? "" : "'",
		                 is_stdin ? "standard input" : path, is_stdin ? "" : "'");
	}
	*ret_exposed = is_exposed(fd);
	return 0;
}

struct key_line {
	char text[256];
	size_t length;
};

static void own_line(struct key_line *line)
{
	prg_wipe(line, sizeof(*line));
}

/* Somebody who gives the key itself must not find it in a log as well. */
static bool is_key(const char *text)
{
	OWN_PRIVATE_KEY key;

	return prg_private_key_parse(text, strlen(text), &key, NULL) == 0;
}

static int read_line(const char *path, struct key_line *line, bool *ret_exposed,
                     struct prg_error *err)
{
	bool is_stdin = strcmp(path, "-") == 0;
	const char *shown = is_stdin ? "standard input" : path;
	OWN_FD int opened = is_stdin ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int fd = is_stdin ? STDIN_FILENO : opened;

	if (fd < 0 && errno == ENOENT && is_key(path))
		return say_error(err, PRG_E_USAGE, "a secret is not taken from the command line, "
		                                   "where others can see it: give a FILE or -");
	if (fd < 0)
		return say_errno(err, errno, "cannot read a key from '%s'", shown);
	line->length = 0;
	while (line->length < sizeof(line->text)) {
		ssize_t n = read(fd, line->text + line->length,
		                 sizeof(line->text) - line->length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return say_errno(err, errno, "cannot read a key from '%s'", shown);
		if (n == 0)
			break;
		line->length += (size_t)n;
	}
	if (line->length == sizeof(line->text))
		return say_error(err, PRG_E_USAGE,
		                 "%s: not a key file: a key is one line of 44 base64 characters, "
		                 "and this is longer", shown);
	while (line->length && strchr(" \t\r\n", line->text[line->length - 1]) &&
	       line->text[line->length - 1])
		line->length--;
	if (!line->length)
		return say_error(err, PRG_E_USAGE, "%s: empty; a key of 44 base64 characters is "
		                                   "expected", shown);
	*ret_exposed = is_exposed(fd);
	return 0;
}

int files_read_private_key(const char *path, struct prg_private_key *ret_key, bool *ret_exposed,
                           struct prg_error *err)
{
	OWN(own_line) struct key_line line;
	int code = read_line(path, &line, ret_exposed, err);

	if (code)
		return code;
	if (prg_private_key_parse(line.text, line.length, ret_key, err))
		return say_wrap(err, "%s", strcmp(path, "-") ? path : "standard input");
	return 0;
}

int files_read_preshared_key(const char *path, struct prg_preshared_key *ret_key,
                             bool *ret_exposed, struct prg_error *err)
{
	OWN(own_line) struct key_line line;
	int code = read_line(path, &line, ret_exposed, err);

	if (code)
		return code;
	if (prg_preshared_key_parse(line.text, line.length, ret_key, err))
		return say_wrap(err, "%s", strcmp(path, "-") ? path : "standard input");
	return 0;
}
