/* SPDX-License-Identifier: ISC */
/* Keys: what is not public of them; the rest is in peerage.h. */
#ifndef PRG_MODEL_KEY_H
#define PRG_MODEL_KEY_H

#include "peerage.h"

/* As RFC 7748, section 5, has it. The kernel stores a key so, but compares the
 * raw one: an unclamped key would differ at every look. */
void prg_private_key_clamp(struct prg_private_key *key);

/* True where a text that was given in place of something else may be a key, or most
 * of one: a message must not repeat it. */
bool prg_key_may_be_in(const char *text, size_t length);

#endif
