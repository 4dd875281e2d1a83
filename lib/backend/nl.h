/* SPDX-License-Identifier: ISC */
/*
 * Netlink sockets: request, answer, nothing else. What goes through a generic one may
 * hold keys, so both of its buffers are locked memory and are wiped after each use.
 */
#ifndef PRG_BACKEND_NL_H
#define PRG_BACKEND_NL_H

#include <linux/netlink.h>

#include "base/cleanup.h"
#include "peerage.h"

/* The kernel sizes dump buffers by the largest receive it has seen, up to this. */
#define PRG_NL_RECEIVE_BYTES 32768
/* RTNL is held for a whole message: this is a good compromise (KERNEL.md). */
#define PRG_NL_SEND_BYTES 16384
/* Requests in one send: their acknowledgements must fit the receive queue. */
#define PRG_NL_BATCH 64

struct prg_nl;

/* What became of one request. */
struct prg_nl_answer {
	int errnum;       /* 0, or an errno of the kernel or of the socket */
	int callback;     /* what `fn` returned, if not 0 */
	bool interrupted; /* a dump was not consistent (NLM_F_DUMP_INTR) */
	bool final;       /* no more is to come */
	char text[128];   /* the kernel's own words (extended ACK); "" if none */
};

/* Called for each message that is no acknowledgement, error or end; not any more
 * after a non-zero return, which also ends a dump at once. */
typedef int prg_nl_fn(void *context, const struct nlmsghdr *message);

/* bus: NETLINK_GENERIC, NETLINK_ROUTE or NETLINK_NETFILTER. Errors: PRG_E_UNSUPPORTED where the
 * kernel does not have it. */
int prg_nl_open(int bus, struct prg_nl **ret_nl, struct prg_error *err);
void prg_nl_close(struct prg_nl **nl);
/* What tells the socket's network namespace from all others of this boot: the kernel's
 * cookie of it, or where there is none (before 5.14) the inode; 0: neither. */
uint64_t prg_nl_netns(const struct prg_nl *nl);

/* Where requests are written: PRG_NL_SEND_BYTES, aligned. */
void *prg_nl_buffer(struct prg_nl *nl);

/*
 * Sends `length` bytes of the buffer in one go: n whole requests (at most
 * PRG_NL_BATCH), with NLM_F_ACK or NLM_F_DUMP; then reads until each has its end.
 * Those with neither, which frame a batch of nfnetlink's, have none: what the kernel
 * says to them is of all the others. Sequence numbers are filled in here. Every answer is filled in, also
 * where the socket fails.
 */
void prg_nl_talk(struct prg_nl *nl, size_t length, prg_nl_fn *fn, void *context,
                 struct prg_nl_answer *answers, unsigned n);

/* Reads NLMSG_ERROR or NLMSG_DONE. Pure; false where it is malformed. */
bool prg_nl_answer_decode(const struct nlmsghdr *message, struct prg_nl_answer *ret);

/* Words for an answer's errno. interface: whose link this is about. */
int prg_nl_fail(struct prg_error *err, const struct prg_nl_answer *answer, const char *interface);

#define PRG_NL PRG_CLEANUP(prg_nl_close) struct prg_nl

#endif
