/* SPDX-License-Identifier: ISC */
/* Cleanup attributes: what a function owns ends with its scope. */
#ifndef PEERAGE_CLI_OWN_H
#define PEERAGE_CLI_OWN_H

#include "peerage.h"

#include <stdlib.h>
#include <unistd.h>

#define OWN(fn) __attribute__((cleanup(fn)))

static inline void own_free(void *p)
{
	free(*(void **)p);
}
static inline void own_fd(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}
static inline void own_private_key(struct prg_private_key *key)
{
	prg_wipe(key, sizeof(*key));
}
static inline void own_preshared_key(struct prg_preshared_key *key)
{
	prg_wipe(key, sizeof(*key));
}
static inline void own_key_text(char (*text)[PRG_KEY_TEXT])
{
	prg_wipe(*text, sizeof(*text));
}

#define OWN_FREE OWN(own_free)
#define OWN_FD OWN(own_fd)
#define OWN_PRIVATE_KEY OWN(own_private_key) struct prg_private_key
#define OWN_PRESHARED_KEY OWN(own_preshared_key) struct prg_preshared_key
#define OWN_KEY_TEXT OWN(own_key_text) char
#define OWN_INTERFACE OWN(prg_interface_free) struct prg_interface
#define OWN_PEER OWN(prg_peer_free) struct prg_peer
#define OWN_INTENT OWN(prg_intent_free) struct prg_intent
#define OWN_REPORT OWN(prg_report_free) struct prg_report
#define OWN_TEXT OWN(prg_text_free) struct prg_text
#define OWN_QR OWN(prg_qr_free) struct prg_qr

#endif
