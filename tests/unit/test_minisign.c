/* SPDX-License-Identifier: ISC */
/* Keys and signatures in minisign's format, taken apart by its description; the
 * program itself verifies them in tests/cli/disclose.bats. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "render/minisign.h"

/* RFC 8032, 7.1, test 1. */
static const unsigned char public_key[] = {
	0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a,
	0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a
};
static const struct prg_signing_key key = {
	.id = { 1, 2, 3, 4, 5, 6, 7, 0xab },
	.seed = { 0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a,
	          0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32,
	          0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60 },
};
static struct prg_error err;

static void test_public_key(void **state)
{
	struct prg_text *text = NULL;

	(void)state;
	assert_int_equal(prg_minisign_public_key(&key, &text, &err), 0);
	/* base64 of "Ed", the id, the key */
	assert_string_equal(prg_text_data(text),
	                    "untrusted comment: minisign public key AB07060504030201\n"
	                    "RWQBAgMEBQYHq9damAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea\n");
	prg_text_free(&text);
}

/* The next line of *at without its beginning; *at goes behind it. */
static size_t line(const char **at, const char *beginning, char *ret, size_t size)
{
	size_t length = strcspn(*at, "\n"), skip = strlen(beginning);

	assert_int_equal((*at)[length], '\n');
	assert_true(length >= skip && memcmp(*at, beginning, skip) == 0);
	assert_true(length - skip < size);
	memcpy(ret, *at + skip, length - skip);
	ret[length - skip] = '\0';
	*at += length + 1;
	return length - skip;
}

static void decode(const char *text, size_t want, unsigned char *ret)
{
	size_t length = 0;

	assert_int_equal(sodium_base642bin(ret, want, text, strlen(text), NULL, &length, NULL,
	                                   sodium_base64_VARIANT_ORIGINAL),
	                 0);
	assert_int_equal(length, want);
}

static void check(const char *document, size_t size)
{
	struct prg_text *text = NULL;
	unsigned char bytes[74], global[64], hash[64], both[64 + 200];
	char part[200], trusted[200];
	const char *at;
	size_t length;

	assert_int_equal(prg_minisign_sign(&key, document, size, "of a test", "what\tis trusted",
	                                   &text, &err),
	                 0);
	at = prg_text_data(text);
	line(&at, "untrusted comment: ", part, sizeof(part));
	assert_string_equal(part, "of a test");
	line(&at, "", part, sizeof(part));
	decode(part, sizeof(bytes), bytes);
	length = line(&at, "trusted comment: ", trusted, sizeof(trusted));
	assert_string_equal(trusted, "what\tis trusted");
	line(&at, "", part, sizeof(part));
	decode(part, sizeof(global), global);
	assert_string_equal(at, "");
	assert_memory_equal(bytes, "ED", 2);
	assert_memory_equal(bytes + 2, key.id, 8);
	crypto_generichash(hash, sizeof(hash), (const unsigned char *)document, size, NULL, 0);
	assert_int_equal(crypto_sign_verify_detached(bytes + 10, hash, sizeof(hash), public_key), 0);
	memcpy(both, bytes + 10, 64);
	memcpy(both + 64, trusted, length);
	assert_int_equal(crypto_sign_verify_detached(global, both, 64 + length, public_key), 0);
	prg_text_free(&text);
}

static void test_signature(void **state)
{
	(void)state;
	check("", 0);
	check("a document\n", 11);
	check("one with a \0 in it", 18);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_public_key),
		cmocka_unit_test(test_signature),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
