/* SPDX-License-Identifier: ISC */
/*
 * Requests to nf_tables that make or unmake a table of family inet, all or nothing: a
 * batch. Pure. No more is known than our own table needs, each expression written as
 * nft(8) writes it, so that nft lists what it would have made itself.
 */
#ifndef PRG_BACKEND_NF_ENCODE_H
#define PRG_BACKEND_NF_ENCODE_H

#include <linux/netlink.h>
#include <stddef.h>

#include "backend/nf.h"

struct prg_nf_batch {
	uint8_t *buffer;
	size_t size, length;
	unsigned n;                /* messages, the two that frame them included */
	uint32_t sets;
	bool bad;                  /* too long, or a text in it is */
	struct nlmsghdr *message;  /* being written */
	struct nlattr *list;       /* of a rule's expressions */
};

/* A request for all of a kind, NFT_MSG_GET*; its length. */
size_t prg_nf_encode_dump(void *buffer, uint16_t what);

void prg_nf_batch_begin(struct prg_nf_batch *batch, void *buffer, size_t size);
/* Its length; 0: it is bad. */
size_t prg_nf_batch_end(struct prg_nf_batch *batch);

#endif
