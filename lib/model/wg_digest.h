/* SPDX-License-Identifier: ISC */
/*
 * A digest of what WireGuard holds of one peer by setting: public and preshared key,
 * keepalive, allowed IPs in whatever order. Not its endpoint, which roams. Two peers
 * of one digest are the same but for one chance in 2^128: SipHash-2-4 with 128 bits,
 * a pseudo-random function, under a key that only the register knows. Registers keep
 * digests: who changes what goes into one, or how, empties their table `expected`.
 *
 * A set of peers has the sum of their digests, modulo 2^128, whatever their order. To
 * whoever lacks the key, digests are independent and uniform; so where two sets differ
 * in any peer, the difference of their sums is uniform too (as long as no peer is in
 * one of them an even number of times: in an interface each is once), and sums are
 * equal by the same chance of one in 2^128. With the key, or a look at sums, equal ones
 * could be searched for: neither leaves the register.
 */
#ifndef PRG_MODEL_WG_DIGEST_H
#define PRG_MODEL_WG_DIGEST_H

#include "model/wg.h"

#define PRG_WG_DIGEST_BYTES 16
#define PRG_WG_DIGEST_KEY_BYTES 16

struct prg_wg_digest {
	uint8_t bytes[PRG_WG_DIGEST_BYTES];
};

/* *sum, which begins zeroed, has one more. */
void prg_wg_digest_add(struct prg_wg_digest *sum, const struct prg_wg_digest *one);
int prg_wg_digest(const unsigned char key[PRG_WG_DIGEST_KEY_BYTES], const struct prg_wg_peer *peer,
                  struct prg_wg_digest *ret, struct prg_error *err);

#endif
