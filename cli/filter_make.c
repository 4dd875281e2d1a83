/* SPDX-License-Identifier: ISC */
/*
 * filter_make FILE: writes the filter of cli/filter_rules.h as C, for cli/filter.c to include:
 * filter_program[], and in filter_self[] which of its instructions compare with the number of
 * the process. Runs when peerage is built, and is not installed.
 */
#include "filter_rules.h"

#include <linux/filter.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef __s390__

#define LARGEST BPF_MAXINSNS
/* No process has these numbers (PID_MAX_LIMIT is 2^22), and no rule another use for them. */
#define SELF 0x7a5e1f01u
#define OTHER 0x7b5e1f02u

static size_t make(unsigned self, struct sock_filter *ret)
{
	scmp_filter_ctx filter = NULL;
	FILE *file = tmpfile();
	size_t n;
	int rc = file ? filter_make(self, &filter) : -1;

	if (!rc)
		rc = seccomp_export_bpf(filter, fileno(file));
	if (rc) {
		(void)fprintf(stderr, "filter_make: %s\n", strerror(-rc));
		exit(1);
	}
	rewind(file);
	n = fread(ret, sizeof(*ret), LARGEST, file);
	(void)fclose(file);
	seccomp_release(filter);
	return n;
}

/* Is it one and the same, but for the number? */
static int differs(const struct sock_filter *one, const struct sock_filter *other)
{
	if (one->code != other->code || one->jt != other->jt || one->jf != other->jf)
		return 1;
	return one->k != other->k && (one->k != SELF || other->k != OTHER);
}

static void print(FILE *file, const struct sock_filter *program, size_t n)
{
	(void)fputs("static const struct sock_filter filter_program[] = {\n", file);
	for (size_t i = 0; i < n; i++)
		(void)fprintf(file, "\t{ 0x%02x, %u, %u, 0x%08x },\n", (unsigned)program[i].code,
		              (unsigned)program[i].jt, (unsigned)program[i].jf,
		              (unsigned)program[i].k);
	(void)fputs("};\nstatic const unsigned short filter_self[] = {", file);
	for (size_t i = 0; i < n; i++)
		if (program[i].k == SELF)
			(void)fprintf(file, " %zu,", i);
	(void)fputs(" };\n", file);
}

int main(int argc, char **argv)
{
	static struct sock_filter program[LARGEST], other[LARGEST];
	FILE *file = argc == 2 ? fopen(argv[1], "w") : NULL;
	size_t n;

	/* for the kernels it will run on, not for the one that builds: of Linux 4.14 */
	if (!file || seccomp_api_set(3))
		return 1;
	n = make(SELF, program);
	if (!n || make(OTHER, other) != n)
		return 1;
	for (size_t i = 0; i < n; i++)
		if (differs(&program[i], &other[i]))
			return 1;
	print(file, program, n);
	return fclose(file) ? 1 : 0;
}

#else

int main(int argc, char **argv)
{
	FILE *file = argc == 2 ? fopen(argv[1], "w") : NULL;

	return file && !fclose(file) ? 0 : 1;
}

#endif
