/* SPDX-License-Identifier: ISC */
/*
 * Keys and signatures as minisign(1) has them: pure.
 *
 * Public key: a comment line; base64("Ed" || id || public key). Signature: a
 * comment line; base64("ED" || id || signature of the BLAKE2b-512 of the
 * document); "trusted comment: " and a text; base64(signature of the signature's
 * 64 bytes and that text). Ed25519, RFC 8032.
 */
#ifndef PRG_RENDER_MINISIGN_H
#define PRG_RENDER_MINISIGN_H

#include "base/secret.h"
#include "store/store.h"

int prg_minisign_public_key(const struct prg_signing_key *key, struct prg_text **ret_text,
                            struct prg_error *err);
/* Both comments: one line each, printable. */
int prg_minisign_sign(const struct prg_signing_key *key, const void *document, size_t length,
                      const char *comment, const char *trusted_comment,
                      struct prg_text **ret_text, struct prg_error *err);

#endif
