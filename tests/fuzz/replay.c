/* SPDX-License-Identifier: ISC */
/*
 * Feeds each file of the given directories to a fuzz target, and each of its
 * shorter prefixes at a few lengths, so that a corpus is an ordinary test.
 * Prints TAP: one line a file; a crash leaves the plan unfulfilled.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Of its own exact size, so that a sanitizer or valgrind sees a read behind it. */
static void feed(const unsigned char *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	if (!copy)
		abort();
	if (size)
		memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static int replay(const char *path)
{
	static unsigned char data[1 << 20];
	FILE *file = fopen(path, "rb");
	size_t size;

	if (!file)
		return -1;
	size = fread(data, 1, sizeof(data), file);
	if (ferror(file) || fgetc(file) != EOF) {
		fclose(file);
		return -1;
	}
	fclose(file);
	feed(data, size);
	for (size_t cut = size / 2; cut > 0; cut /= 2) {
		feed(data, cut);
		feed(data, size - cut);
	}
	return 0;
}

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int main(int argc, char **argv)
{
	struct dirent **names;
	int n, failed = 0;

	if (argc != 2) {
		fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
		return 2;
	}
	n = scandir(argv[1], &names, visible, alphasort);
	if (n <= 0) {
		printf("Bail out! no corpus in %s\n", argv[1]);
		return 1;
	}
	printf("1..%d\n", n + 1);
	fflush(stdout);
	feed((const unsigned char *)"", 0);
	printf("ok 1 - nothing at all\n");
	for (int i = 0; i < n; i++) {
		char path[4096];
		int bad;

		snprintf(path, sizeof(path), "%s/%s", argv[1], names[i]->d_name);
		bad = replay(path);
		failed |= bad;
		printf("%sok %d - %s\n", bad ? "not " : "", i + 2, names[i]->d_name);
		fflush(stdout);
		free(names[i]);
	}
	free(names);
	return failed ? 1 : 0;
}
