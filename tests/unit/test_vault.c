/* SPDX-License-Identifier: ISC */
/*
 * Memory for secrets: blocks are apart from one another, wiped when they go, and what is
 * written past one is found; stretches are locked, not dumped, and have guards. The kernel
 * is the witness: /proc/self/smaps.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "base/secret.h"
#include "base/vault.h"

#define BLOCKS 400
#define ROUNDS 20000

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(SANITIZED)
#define ASAN true
#else
#define ASAN false
#endif

static struct block {
	unsigned char *bytes;
	size_t size;
	unsigned char mark;
} blocks[BLOCKS];

static bool is_all(const unsigned char *bytes, size_t size, unsigned char value)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i] != value)
			return false;
	return true;
}

static size_t some_size(void)
{
	switch (randombytes_uniform(8)) {
	case 0:
		return 1 + randombytes_uniform(300000);
	case 1:
		return 65536 - 16;
	default:
		return 1 + randombytes_uniform(5000);
	}
}

/* No two overlap, whatever comes and goes; what comes holds nothing of what went. */
static void test_apart(void **state)
{
	(void)state;
	for (size_t round = 0; round < ROUNDS; round++) {
		struct block *block = &blocks[randombytes_uniform(BLOCKS)];

		if (block->bytes != NULL) {
			assert_true(is_all(block->bytes, block->size, block->mark));
			prg_vault_give(block->bytes, block->size);
			block->bytes = NULL;
			continue;
		}
		block->size = prg_vault_size(some_size());
		block->mark = (unsigned char)(1 + round % 255);
		block->bytes = prg_vault_take(block->size);
		assert_non_null(block->bytes);
		assert_int_equal((uintptr_t)block->bytes % 16, 0);
		assert_true(is_all(block->bytes, block->size, 0));
		memset(block->bytes, block->mark, block->size);
	}
	for (size_t i = 0; i < BLOCKS; i++)
		if (blocks[i].bytes != NULL) {
			assert_true(is_all(blocks[i].bytes, blocks[i].size, blocks[i].mark));
			prg_vault_give(blocks[i].bytes, blocks[i].size);
			blocks[i].bytes = NULL;
		}
}

static void test_size(void **state)
{
	(void)state;
	for (size_t size = 1; size < 200000; size += 997) {
		assert_true(prg_vault_size(size) >= size);
		assert_int_equal(prg_vault_size(prg_vault_size(size)), prg_vault_size(size));
	}
	assert_int_equal(prg_vault_size(SIZE_MAX), 0);
	assert_null(prg_vault_take(SIZE_MAX));
	assert_null(prg_vault_take(SIZE_MAX / 8));
	prg_vault_give(NULL, 0);
}

/* Of the mapping that holds the address: permissions, flags. */
static void mapping(const void *address, char permissions[8], char flags[512])
{
	FILE *file = fopen("/proc/self/smaps", "r");
	char line[512], found[8];
	unsigned long from, to;
	bool here = false;

	assert_non_null(file);
	*permissions = *flags = '\0';
	while (fgets(line, sizeof(line), file) != NULL) {
		if (sscanf(line, "%lx-%lx %7s", &from, &to, found) == 3) {
			here = (uintptr_t)address >= from && (uintptr_t)address < to;
			if (here)
				strcpy(permissions, found);
		} else if (here && strncmp(line, "VmFlags:", 8) == 0) {
			snprintf(flags, 512, "%s", line + 8);
		}
	}
	fclose(file);
}

static void expect_kept(unsigned char *block)
{
	char permissions[8], flags[512];

	block[0] = 1;
	mapping(block, permissions, flags);
	assert_string_equal(permissions, "rw-p");
	if (*flags == '\0')
		skip();
	assert_non_null(strstr(flags, " dd"));
	/* whose mlock() does nothing */
	if (!ASAN)
		assert_non_null(strstr(flags, " lo"));
}

static void test_locked(void **state)
{
	unsigned char *block = prg_vault_take(100), *large = prg_vault_take(1000000);
	struct rlimit limit;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_MEMLOCK, &limit), 0);
	if (limit.rlim_cur < 2000000 && geteuid() != 0)
		skip();
	expect_kept(block);
	expect_kept(large);
	prg_vault_give(block, 100);
	prg_vault_give(large, 1000000);
}

/* The signal that ends a child which does that with a block of `size` bytes. */
static int end_of(void (*act)(unsigned char *block, size_t size), size_t size)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		const struct rlimit none = { 0, 0 };
		unsigned char *block;

		setrlimit(RLIMIT_CORE, &none);
		signal(SIGSEGV, SIG_DFL);
		signal(SIGABRT, SIG_DFL);
		block = prg_vault_take(size);
		act(block, prg_vault_size(size));
		_exit(0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void nothing(unsigned char *block, size_t size)
{
	prg_vault_give(block, size);
}

static void one_too_many(unsigned char *block, size_t size)
{
	*(volatile unsigned char *)(block + size) ^= 1;
	prg_vault_give(block, size);
}

static void twice(unsigned char *block, size_t size)
{
	prg_vault_give(block, size);
	prg_vault_give(block, 0);
}

static void far_behind(unsigned char *block, size_t size)
{
	for (size_t i = 0; i < 2000000; i += 1024)
		*(volatile unsigned char *)(block + size + i) = 1;
}

static void far_before(unsigned char *block, size_t size)
{
	(void)size;
	for (size_t i = 1; i < 2000000; i += 1024)
		*(volatile unsigned char *)(block - i) = 1;
}

static void test_overflow(void **state)
{
	static const size_t sizes[] = { 100, 5000, 500000 };

	(void)state;
	if (ASAN)
		skip(); /* which stops each of these in its own way */
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		assert_int_equal(end_of(nothing, sizes[i]), 0);
		assert_int_equal(end_of(one_too_many, sizes[i]), SIGABRT);
		assert_int_equal(end_of(twice, sizes[i]), SIGABRT);
		assert_int_equal(end_of(far_behind, sizes[i]), SIGSEGV);
		assert_int_equal(end_of(far_before, sizes[i]), SIGSEGV);
	}
}

/* A text that grows leaves nothing where it was. */
static void test_text(void **state)
{
	struct prg_text *text = NULL;
	const unsigned char *was;
	char long_one[3000];

	(void)state;
	memset(long_one, 's', sizeof(long_one) - 1);
	long_one[sizeof(long_one) - 1] = '\0';
	assert_int_equal(prg_text_new(&text, NULL), 0);
	was = (const unsigned char *)prg_text_data(text);
	assert_int_equal(prg_text_append(text, "secret", 6, NULL), 0);
	/* does not fit, and is cut there before it is tried again */
	assert_int_equal(prg_text_printf(text, NULL, "%s", long_one), 0);
	assert_ptr_not_equal(was, prg_text_data(text));
	assert_int_equal(prg_text_length(text), 6 + sizeof(long_one) - 1);
	if (!ASAN)
		assert_true(is_all(was, 1000, 0));
	prg_text_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_size),   cmocka_unit_test(test_apart),
		cmocka_unit_test(test_locked), cmocka_unit_test(test_overflow),
		cmocka_unit_test(test_text),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
