/* SPDX-License-Identifier: ISC */
#include "render/minisign.h"

#include <sodium.h>
#include <string.h>

#include "base/error.h"

#define ID_BYTES 8
#define SIGNATURE_BYTES crypto_sign_ed25519_BYTES
#define HASH_BYTES 64
#define BASE64_TEXT 128 /* holds the longest: 74 bytes */

struct pair {
	unsigned char public[crypto_sign_ed25519_PUBLICKEYBYTES];
	unsigned char secret[crypto_sign_ed25519_SECRETKEYBYTES];
};

static void pair_done(struct pair *pair)
{
	prg_wipe(pair, sizeof(*pair));
}
#define PAIR PRG_CLEANUP(pair_done) struct pair

static void base64(const void *bytes, size_t length, char ret[BASE64_TEXT])
{
	sodium_bin2base64(ret, BASE64_TEXT, bytes, length, sodium_base64_VARIANT_ORIGINAL);
}

int prg_minisign_public_key(const struct prg_signing_key *key, struct prg_text **ret_text,
                            struct prg_error *err)
{
	unsigned char bytes[2 + ID_BYTES + crypto_sign_ed25519_PUBLICKEYBYTES] = { 'E', 'd' };
	char id[2 * ID_BYTES + 1], encoded[BASE64_TEXT];
	PRG_CLEANUP_TEXT struct prg_text *text = NULL;
	PAIR pair;
	size_t i;
	int rc = prg_text_new(&text, err);

	if (rc < 0)
		return rc;
	crypto_sign_ed25519_seed_keypair(pair.public, pair.secret, key->seed);
	memcpy(bytes + 2, key->id, ID_BYTES);
	memcpy(bytes + 2 + ID_BYTES, pair.public, sizeof(pair.public));
	base64(bytes, sizeof(bytes), encoded);
	/* a number in little endian, to minisign's mind */
	for (i = 0; i < ID_BYTES; i++)
		snprintf(id + 2 * i, 3, "%02X", key->id[ID_BYTES - 1 - i]);
	rc = prg_text_printf(text, err, "untrusted comment: minisign public key %s\n%s\n", id,
	                     encoded);
	if (rc < 0)
		return rc;
	*ret_text = text;
	text = NULL;
	return 0;
}

/* The signature's 64 bytes with the text behind them, signed. */
static int sign_comment(const struct pair *pair, const unsigned char signature[SIGNATURE_BYTES],
                        const char *comment, unsigned char ret[SIGNATURE_BYTES],
                        struct prg_error *err)
{
	size_t length = strlen(comment);
	PRG_FREE unsigned char *both = malloc(SIGNATURE_BYTES + length);

	if (both == NULL)
		return prg_error_nomem(err);
	memcpy(both, signature, SIGNATURE_BYTES);
	memcpy(both + SIGNATURE_BYTES, comment, length);
	crypto_sign_ed25519_detached(ret, NULL, both, SIGNATURE_BYTES + length, pair->secret);
	return 0;
}

int prg_minisign_sign(const struct prg_signing_key *key, const void *document, size_t length,
                      const char *comment, const char *trusted_comment,
                      struct prg_text **ret_text, struct prg_error *err)
{
	unsigned char bytes[2 + ID_BYTES + SIGNATURE_BYTES] = { 'E', 'D' };
	unsigned char hash[HASH_BYTES], global[SIGNATURE_BYTES], *signature = bytes + 2 + ID_BYTES;
	char encoded[BASE64_TEXT], encoded_global[BASE64_TEXT];
	PRG_CLEANUP_TEXT struct prg_text *text = NULL;
	PAIR pair;
	int rc = prg_text_new(&text, err);

	if (rc < 0)
		return rc;
	crypto_sign_ed25519_seed_keypair(pair.public, pair.secret, key->seed);
	crypto_generichash(hash, sizeof(hash), document, length, NULL, 0);
	memcpy(bytes + 2, key->id, ID_BYTES);
	crypto_sign_ed25519_detached(signature, NULL, hash, sizeof(hash), pair.secret);
	rc = sign_comment(&pair, signature, trusted_comment, global, err);
	if (rc < 0)
		return rc;
	base64(bytes, sizeof(bytes), encoded);
	base64(global, sizeof(global), encoded_global);
	rc = prg_text_printf(text, err, "untrusted comment: %s\n%s\ntrusted comment: %s\n%s\n",
	                     comment, encoded, trusted_comment, encoded_global);
	if (rc < 0)
		return rc;
	*ret_text = text;
	text = NULL;
	return 0;
}
