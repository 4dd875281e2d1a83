/* SPDX-License-Identifier: ISC */
#include "model/wg_digest.h"

#include <endian.h>
#include <sodium.h>
#include <string.h>

#include "base/error.h"
#include "base/secret.h"
#include "model/addr.h"

_Static_assert(PRG_WG_DIGEST_BYTES == crypto_shorthash_siphashx24_BYTES, "SipHash's");
_Static_assert(PRG_WG_DIGEST_KEY_BYTES == crypto_shorthash_siphashx24_KEYBYTES, "SipHash's");

/* Both keys, the keepalive; then for each allowed IP family, length, address. */
#define HEAD (2 * PRG_KEY_BYTES + sizeof(uint16_t))
#define PREFIX 18
#define FEW 16

static bool sorted(const struct prg_prefix *list, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (prg_prefix_compare(&list[i - 1], &list[i]) > 0)
			return false;
	return true;
}

/* What is hashed says itself where each part ends. Returns its length. */
static size_t write_down(const struct prg_wg_peer *peer, const struct prg_prefix *allowed_ips,
                         uint8_t *ret)
{
	uint8_t *at = ret;

	memcpy(at, peer->public_key.bytes, PRG_KEY_BYTES);
	at += PRG_KEY_BYTES;
	if (peer->preshared_key != NULL)
		memcpy(at, peer->preshared_key->bytes, PRG_KEY_BYTES);
	else /* WireGuard's word for none */
		memset(at, 0, PRG_KEY_BYTES);
	at += PRG_KEY_BYTES;
	*at++ = (uint8_t)(peer->keepalive_s >> 8);
	*at++ = (uint8_t)peer->keepalive_s;
	for (size_t i = 0; i < peer->n_allowed_ips; i++) {
		size_t size = prg_addr_size(&allowed_ips[i].addr);

		*at++ = allowed_ips[i].addr.family;
		*at++ = allowed_ips[i].length;
		memcpy(at, allowed_ips[i].addr.bytes, size);
		at += size;
	}
	return (size_t)(at - ret);
}

/* Numbers of 128 bits, the lowest byte first. */
void prg_wg_digest_add(struct prg_wg_digest *sum, const struct prg_wg_digest *one)
{
	uint64_t a[2], b[2];

	memcpy(a, sum->bytes, sizeof(a));
	memcpy(b, one->bytes, sizeof(b));
	a[0] = le64toh(a[0]) + le64toh(b[0]);
	a[1] = le64toh(a[1]) + le64toh(b[1]) + (a[0] < le64toh(b[0]));
	a[0] = htole64(a[0]);
	a[1] = htole64(a[1]);
	memcpy(sum->bytes, a, sizeof(a));
}

int prg_wg_digest(const unsigned char key[PRG_WG_DIGEST_KEY_BYTES], const struct prg_wg_peer *peer,
                  struct prg_wg_digest *ret, struct prg_error *err)
{
	uint8_t small[HEAD + FEW * PREFIX], *text = small;
	struct prg_prefix ordered_few[FEW], *ordered = ordered_few;
	const struct prg_prefix *allowed_ips = peer->allowed_ips;
	size_t n = peer->n_allowed_ips, length;
	bool many = n > FEW;

	if (many) {
		text = malloc(HEAD + n * PREFIX);
		ordered = reallocarray(NULL, n, sizeof(*ordered));
	}
	if (text == NULL || ordered == NULL) {
		free(many ? text : NULL);
		free(many ? ordered : NULL);
		return prg_error_nomem(err);
	}
	if (!sorted(allowed_ips, n)) {
		memcpy(ordered, allowed_ips, n * sizeof(*ordered));
		qsort(ordered, n, sizeof(*ordered), prg_prefix_order);
		allowed_ips = ordered;
	}
	length = write_down(peer, allowed_ips, text);
	crypto_shorthash_siphashx24(ret->bytes, text, length, key);
	prg_wipe(text + PRG_KEY_BYTES, PRG_KEY_BYTES);
	if (many) {
		free(text);
		free(ordered);
	}
	return 0;
}
