/* SPDX-License-Identifier: ISC */
/* Keys: what is not public of them; the rest is in peerage.h. */
#ifndef PRG_MODEL_KEY_H
#define PRG_MODEL_KEY_H

#include "peerage.h"

/* As RFC 7748, section 5, has it. The kernel stores a key so, but compares the
 * raw one: an unclamped key would differ at every look. */
void prg_private_key_clamp(struct prg_private_key *key);

#endif
