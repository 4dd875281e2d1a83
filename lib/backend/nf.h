/* SPDX-License-Identifier: ISC */
/* What nf_tables of this network namespace holds, as far as it must be known to tell
 * whether there is anything to ask nft(8) about. Rules are not read. */
#ifndef PRG_BACKEND_NF_H
#define PRG_BACKEND_NF_H

#include "peerage.h"

#define PRG_NF_NAME_TEXT 257 /* the kernel takes 255 characters at most */

/* A table, or a base chain in one. */
struct prg_nf_entry {
	bool inet;    /* of family inet */
	bool filters; /* a chain, of any type, that IPv4's or IPv6's packets pass on hook
	               * input or forward */
	char table[PRG_NF_NAME_TEXT];
};

/* Both, of all families; *ret is for free(3). Changes nothing, but may load a module.
 * Errors: PRG_E_PERMISSION without CAP_NET_ADMIN; PRG_E_UNSUPPORTED, PRG_E_FAILED,
 * PRG_E_CORRUPT: the kernel has none, or it cannot be told from what it says. */
int prg_nf_list(struct prg_nf_entry **ret, size_t *ret_n, struct prg_error *err);

#endif
