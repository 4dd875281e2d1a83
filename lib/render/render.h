/* SPDX-License-Identifier: ISC */
/* Configs from values. Pure. QR codes are public functions, in peerage.h. */
#ifndef PRG_RENDER_RENDER_H
#define PRG_RENDER_RENDER_H

#include "base/secret.h"
#include "model/peer.h"

/* All that a client's config is made of. */
struct prg_client {
	const struct prg_interface *interface;
	const struct prg_peer *peer;
	const struct prg_private_key *private_key;     /* NULL: not kept */
	const struct prg_preshared_key *preshared_key; /* NULL: none */
};

/* wg-quick syntax; only fields and forms that the iOS and Android apps accept
 * (DESIGN 6). Keepalive 0 and an MTU of 0 leave their line out; no DNS leaves
 * DNS out. Field order: PrivateKey, Address, DNS, MTU; PublicKey, PresharedKey,
 * AllowedIPs, Endpoint, PersistentKeepalive. Host prefixes print with /32, /128. */
int prg_render_wgquick(const struct prg_client *client, struct prg_text **ret_text,
                       struct prg_error *err);

/* What prg_qr_png() needs. Errors: as of prg_prepare_qr(). */
int prg_qr_png_load(struct prg_error *err);

#endif
