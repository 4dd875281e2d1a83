/* SPDX-License-Identifier: ISC */
/* What nf_tables lists, by name. Pure; any bytes are safe. */
#ifndef PRG_BACKEND_NF_DECODE_H
#define PRG_BACKEND_NF_DECODE_H

#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include "backend/nf.h"

/* The type of a message of nf_tables, NFT_MSG_*. */
#define PRG_NF_TYPE(what) (NFNL_SUBSYS_NFTABLES << 8 | (what))

/* A table, or a base chain: one that is hooked in. false: the message is of another
 * type, or malformed. A chain that is not hooked in has an empty table name. */
bool prg_nf_decode(const struct nlmsghdr *message, struct prg_nf_entry *ret);

#endif
