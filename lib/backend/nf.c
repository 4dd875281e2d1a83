/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "backend/nf_decode.h"
#include "backend/nl.h"
#include "base/error.h"

#define LIST_TRIES 5

struct listing {
	struct prg_nf_entry *list;
	size_t n, capacity;
};

static int take(void *context, const struct nlmsghdr *message)
{
	struct listing *listing = context;
	struct prg_nf_entry entry;

	if (!prg_nf_decode(message, &entry))
		return PRG_E_CORRUPT;
	if (entry.table[0] == '\0')
		return 0;
	if (listing->n == listing->capacity) {
		size_t capacity = listing->capacity * 2 + 8;
		struct prg_nf_entry *grown =
			reallocarray(listing->list, capacity, sizeof(*grown));

		if (grown == NULL)
			return PRG_E_NOMEM;
		listing->list = grown;
		listing->capacity = capacity;
	}
	listing->list[listing->n++] = entry;
	return 0;
}

static size_t encode(void *buffer, uint16_t what)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *head;

	message->nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | what);
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	head = mnl_nlmsg_put_extra_header(message, sizeof(*head));
	head->version = NFNETLINK_V0;
	return message->nlmsg_len;
}

static int dump(struct prg_nl *nl, uint16_t what, struct listing *listing, struct prg_error *err)
{
	size_t n = listing->n;
	struct prg_nl_answer answer = { .interrupted = true };

	for (int try = 0; try < LIST_TRIES && answer.interrupted; try++) {
		listing->n = n;
		prg_nl_talk(nl, encode(prg_nl_buffer(nl), what), take, listing, &answer, 1);
		/* so too where the ruleset was changed */
		answer.interrupted |= answer.errnum == EINTR;
	}
	if (answer.callback == PRG_E_NOMEM)
		return prg_error_nomem(err);
	if (answer.callback != 0)
		answer.errnum = EBADMSG;
	else if (answer.interrupted)
		answer.errnum = EINTR;
	return answer.errnum == 0 ? 0 : prg_nl_fail(err, &answer, "nf_tables");
}

int prg_nf_list(struct prg_nf_entry **ret, size_t *ret_n, struct prg_error *err)
{
	PRG_NL *nl = NULL;
	struct listing listing = { .n = 0 };
	int rc = prg_nl_open(NETLINK_NETFILTER, &nl, err);

	if (rc == 0)
		rc = dump(nl, NFT_MSG_GETTABLE, &listing, err);
	if (rc == 0)
		rc = dump(nl, NFT_MSG_GETCHAIN, &listing, err);
	if (rc < 0) {
		free(listing.list);
		return rc;
	}
	*ret = listing.list;
	*ret_n = listing.n;
	return 0;
}
