/* SPDX-License-Identifier: ISC */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/error.h"

static int make_parents(char *path, struct prg_error *err)
{
	char *slash;

	for (slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		int rc = 0;

		*slash = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			rc = prg_error_errno(err, errno, "cannot make directory %s", path);
		*slash = '/';
		if (rc < 0)
			return rc;
	}
	return 0;
}

int prg_directory_make(const char *path, struct prg_error *err)
{
	char copy[PATH_MAX];
	struct stat st;

	if (strlen(path) >= sizeof(copy))
		return prg_error_set(err, PRG_E_USAGE, "path is too long: %.60s…", path);
	strcpy(copy, path);
	if (lstat(path, &st) < 0) {
		int rc;

		if (errno != ENOENT)
			return prg_error_errno(err, errno, "cannot look at directory %s", path);
		rc = make_parents(copy, err);
		if (rc < 0)
			return rc;
		if (mkdir(path, 0700) < 0 && errno != EEXIST)
			return prg_error_errno(err, errno, "cannot make directory %s", path);
		if (lstat(path, &st) < 0)
			return prg_error_errno(err, errno, "cannot look at directory %s", path);
	}
	if (!S_ISDIR(st.st_mode))
		return prg_error_set(err, PRG_E_FAILED, "%s is not a directory", path);
	return 0;
}

int prg_file_read(const char *path, size_t limit, char **ret_data, size_t *ret_length,
                  struct prg_error *err)
{
	PRG_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	char *data;
	size_t length = 0, capacity = 4096;

	if (fd < 0)
		return prg_error_errno(err, errno, "cannot open %s", path);
	data = malloc(capacity);
	for (;;) {
		ssize_t n;

		if (data == NULL)
			return prg_error_nomem(err);
		n = read(fd, data + length, capacity - length - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			int rc = prg_error_errno(err, errno, "cannot read %s", path);

			free(data);
			return rc;
		}
		if (n == 0)
			break;
		length += (size_t)n;
		if (length > limit) {
			free(data);
			return prg_error_set(err, PRG_E_USAGE, "%s is longer than %zu bytes", path,
			                     limit);
		}
		if (capacity - length < 2) {
			char *grown = realloc(data, capacity *= 2);

			if (grown == NULL)
				free(data);
			data = grown;
		}
	}
	data[length] = '\0';
	*ret_data = data;
	if (ret_length != NULL)
		*ret_length = length;
	return 0;
}

int prg_file_write_existing(const char *path, const char *text, struct prg_error *err)
{
	PRG_FD int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	size_t length = strlen(text);

	if (fd < 0)
		return prg_error_errno(err, errno, "cannot open %s", path);
	if (write(fd, text, length) != (ssize_t)length)
		return prg_error_errno(err, errno, "cannot write %s", path);
	return 0;
}
