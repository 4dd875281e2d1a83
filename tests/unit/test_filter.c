/* SPDX-License-Identifier: ISC */
/* The filter of system calls that was made when peerage was built is the one that libseccomp
 * makes of the same rules for this process, instruction by instruction. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#if defined(PEERAGE_FILTER_BUILT) && !defined(__s390__)

#include <linux/filter.h>

#include "filter_program.inc"
#include "filter_rules.h"

#define N (sizeof(filter_program) / sizeof(*filter_program))
#define N_SELF (sizeof(filter_self) / sizeof(*filter_self))

static void expect(unsigned self)
{
	struct sock_filter built[N], made[BPF_MAXINSNS];
	scmp_filter_ctx filter = NULL;
	FILE *file = tmpfile();

	assert_non_null(file);
	assert_int_equal(filter_make(self, &filter), 0);
	assert_int_equal(seccomp_export_bpf(filter, fileno(file)), 0);
	seccomp_release(filter);
	rewind(file);
	assert_int_equal(fread(made, sizeof(*made), BPF_MAXINSNS, file), N);
	fclose(file);
	memcpy(built, filter_program, sizeof(built));
	for (size_t i = 0; i < N_SELF; i++)
		built[filter_self[i]].k = self;
	assert_memory_equal(built, made, sizeof(built));
}

static void test_same(void **state)
{
	(void)state;
	assert_int_equal(seccomp_api_set(3), 0);
	assert_true(N_SELF >= 2); /* kill, tgkill */
	expect((unsigned)getpid());
	expect(1);
	expect(4194303);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_same) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
	puts("1..0 # SKIP the filter is made at each start, or there is none");
	return 0;
}

#endif
