/* SPDX-License-Identifier: ISC */
/*
 * A digest of what WireGuard holds of one peer by setting: public and preshared key,
 * keepalive, allowed IPs in whatever order. Not its endpoint, which roams. Two peers
 * of one digest are the same but for one chance in 2^128: SipHash-2-4 with 128 bits,
 * a pseudo-random function, under a key that only the register knows. Registers keep
 * digests: who changes what goes into one, or how, empties their table `expected`.
 */
#ifndef PRG_MODEL_WG_DIGEST_H
#define PRG_MODEL_WG_DIGEST_H

#include "model/wg.h"

#define PRG_WG_DIGEST_BYTES 16
#define PRG_WG_DIGEST_KEY_BYTES 16

struct prg_wg_digest {
	uint8_t bytes[PRG_WG_DIGEST_BYTES];
};

int prg_wg_digest(const unsigned char key[PRG_WG_DIGEST_KEY_BYTES], const struct prg_wg_peer *peer,
                  struct prg_wg_digest *ret, struct prg_error *err);

#endif
