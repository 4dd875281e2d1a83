/* SPDX-License-Identifier: ISC */
#include <endian.h>
#include <sodium.h>
#include <string.h>

#include "base/error.h"
#include "base/secret.h"
#include "model/key.h"

#define BASE64_LENGTH (PRG_KEY_TEXT - 1)

void prg_private_key_clamp(struct prg_private_key *key)
{
	key->bytes[0] &= 248;
	key->bytes[31] = (unsigned char)((key->bytes[31] & 127) | 64);
}

static int random_bytes(unsigned char *bytes, struct prg_error *err)
{
	if (sodium_init() < 0)
		return prg_error_set(err, PRG_E_FAILED, "no source of random numbers");
	randombytes_buf(bytes, PRG_KEY_BYTES);
	return 0;
}

int prg_private_key_generate(struct prg_private_key *ret_key, struct prg_error *err)
{
	int rc = random_bytes(ret_key->bytes, err);

	if (rc == 0)
		prg_private_key_clamp(ret_key);
	return rc;
}

int prg_preshared_key_generate(struct prg_preshared_key *ret_key, struct prg_error *err)
{
	return random_bytes(ret_key->bytes, err);
}

int prg_public_key_derive(const struct prg_private_key *key, struct prg_public_key *ret_key,
                          struct prg_error *err)
{
	struct prg_public_key made;

	if (sodium_init() < 0 || crypto_scalarmult_base(made.bytes, key->bytes) != 0)
		return prg_error_set(err, PRG_E_FAILED, "cannot derive a public key");
	*ret_key = made;
	return 0;
}

static void encode(const unsigned char bytes[PRG_KEY_BYTES], char ret_text[PRG_KEY_TEXT])
{
	sodium_bin2base64(ret_text, PRG_KEY_TEXT, bytes, PRG_KEY_BYTES,
	                  sodium_base64_VARIANT_ORIGINAL);
}

/* libsodium's base64 runs in constant time and refuses non-zero spare bits, but
 * takes some bytes above 0x7f for letters: only what comes out again is right. */
static bool decode(const char *text, size_t length, unsigned char bytes[PRG_KEY_BYTES])
{
	PRG_CLEANUP(prg_cleanup_key_text) char again[PRG_KEY_TEXT];
	size_t made = 0;

	if (length != BASE64_LENGTH ||
	    sodium_base642bin(bytes, PRG_KEY_BYTES, text, length, NULL, &made, NULL,
	                      sodium_base64_VARIANT_ORIGINAL) != 0 ||
	    made != PRG_KEY_BYTES)
		return false;
	encode(bytes, again);
	return sodium_memcmp(again, text, BASE64_LENGTH) == 0;
}

int prg_public_key_parse(const char *text, size_t length, struct prg_public_key *ret_key,
                         struct prg_error *err)
{
	struct prg_public_key key;

	/* The text is not repeated: it may be a private key put here by mistake. */
	if (!decode(text, length, key.bytes))
		return prg_error_set(err, PRG_E_USAGE,
		                     "malformed public key: expected 32 bytes as 44 characters of "
		                     "base64 ending in '=' (%zu given)",
		                     length);
	if (sodium_is_zero(key.bytes, sizeof(key.bytes)))
		return prg_error_set(err, PRG_E_USAGE,
		                     "the public key is all zero, which no peer can have");
	*ret_key = key;
	return 0;
}

int prg_private_key_parse(const char *text, size_t length, struct prg_private_key *ret_key,
                          struct prg_error *err)
{
	PRG_PRIVATE_KEY key;

	if (!decode(text, length, key.bytes))
		return prg_error_set(err, PRG_E_USAGE,
		                     "malformed private key: expected 32 bytes as 44 characters of "
		                     "base64 ending in '=' (%zu given)",
		                     length);
	prg_private_key_clamp(&key);
	*ret_key = key;
	return 0;
}

int prg_preshared_key_parse(const char *text, size_t length, struct prg_preshared_key *ret_key,
                            struct prg_error *err)
{
	PRG_PRESHARED_KEY key;

	if (!decode(text, length, key.bytes))
		return prg_error_set(err, PRG_E_USAGE,
		                     "malformed preshared key: expected 32 bytes as 44 characters of "
		                     "base64 ending in '=' (%zu given)",
		                     length);
	*ret_key = key;
	return 0;
}

/* The two digits of each number of 12 bits. */
#define ONE(high, low) { high, low }
#define EIGHT(high, a, b, c, d, e, f, g, h) \
	ONE(high, a), ONE(high, b), ONE(high, c), ONE(high, d), ONE(high, e), ONE(high, f), \
		ONE(high, g), ONE(high, h)
#define ROW(high) \
	EIGHT(high, 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H'), \
		EIGHT(high, 'I', 'J', 'K', 'L', 'M', 'N', 'O', 'P'), \
		EIGHT(high, 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X'), \
		EIGHT(high, 'Y', 'Z', 'a', 'b', 'c', 'd', 'e', 'f'), \
		EIGHT(high, 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n'), \
		EIGHT(high, 'o', 'p', 'q', 'r', 's', 't', 'u', 'v'), \
		EIGHT(high, 'w', 'x', 'y', 'z', '0', '1', '2', '3'), \
		EIGHT(high, '4', '5', '6', '7', '8', '9', '+', '/')
#define ROWS(a, b, c, d, e, f, g, h) \
	ROW(a), ROW(b), ROW(c), ROW(d), ROW(e), ROW(f), ROW(g), ROW(h)
static const char pairs[4096][2] = {
	ROWS('A', 'B', 'C', 'D', 'E', 'F', 'G', 'H'), ROWS('I', 'J', 'K', 'L', 'M', 'N', 'O', 'P'),
	ROWS('Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X'), ROWS('Y', 'Z', 'a', 'b', 'c', 'd', 'e', 'f'),
	ROWS('g', 'h', 'i', 'j', 'k', 'l', 'm', 'n'), ROWS('o', 'p', 'q', 'r', 's', 't', 'u', 'v'),
	ROWS('w', 'x', 'y', 'z', '0', '1', '2', '3'), ROWS('4', '5', '6', '7', '8', '9', '+', '/'),
};

static char *put_pair(char *to, uint64_t number)
{
	memcpy(to, pairs[number & 4095], 2);
	return to + 2;
}

/* By table: what is public need not be encoded in constant time, which takes ten
 * times as long. */
void prg_public_key_format(const struct prg_public_key *key, char ret_text[PRG_KEY_TEXT])
{
	const unsigned char *from = key->bytes;
	char *to = ret_text;
	size_t i;

	/* six bytes at a time, as one number */
	for (i = 0; i + 6 <= PRG_KEY_BYTES; i += 6) {
		uint64_t six;

		memcpy(&six, from + i, sizeof(six));
		six = be64toh(six) >> 16;
		to = put_pair(to, six >> 36);
		to = put_pair(to, six >> 24);
		to = put_pair(to, six >> 12);
		to = put_pair(to, six);
	}
	to = put_pair(to, (unsigned)from[30] << 4 | from[31] >> 4);
	to = put_pair(to, (unsigned)(from[31] & 15) << 8);
	to[-1] = '=';
	*to = '\0';
}

void prg_private_key_reveal(const struct prg_private_key *key, char ret_text[PRG_KEY_TEXT])
{
	encode(key->bytes, ret_text);
}

void prg_preshared_key_reveal(const struct prg_preshared_key *key, char ret_text[PRG_KEY_TEXT])
{
	encode(key->bytes, ret_text);
}

#define SUSPICIOUS 24 /* such a run of base64 is no word */

bool prg_key_may_be_in(const char *text, size_t length)
{
	size_t run = 0, at;

	for (at = 0; at < length && run < SUSPICIOUS; at++) {
		char c = text[at], letter = (char)(c | 32);

		run = (letter >= 'a' && letter <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
		                      c == '/'
		              ? run + 1
		              : 0;
	}
	return run == SUSPICIOUS;
}
