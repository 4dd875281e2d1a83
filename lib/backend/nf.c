/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <linux/netfilter/nf_tables.h>

#include "backend/nf_decode.h"
#include "backend/nf_encode.h"
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

static int dump(struct prg_nl *nl, uint16_t what, struct listing *listing, struct prg_error *err)
{
	size_t n = listing->n;
	struct prg_nl_answer answer = { .interrupted = true };

	for (int try = 0; try < LIST_TRIES && answer.interrupted; try++) {
		listing->n = n;
		prg_nl_talk(nl, prg_nf_encode_dump(prg_nl_buffer(nl), what), take, listing, &answer, 1);
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

int prg_nf_list(bool chains, struct prg_nf_entry **ret, size_t *ret_n, struct prg_error *err)
{
	PRG_NL *nl = NULL;
	struct listing listing = { .n = 0 };
	int rc = prg_nl_open(NETLINK_NETFILTER, &nl, err);

	if (rc == 0)
		rc = dump(nl, NFT_MSG_GETTABLE, &listing, err);
	if (rc == 0 && chains)
		rc = dump(nl, NFT_MSG_GETCHAIN, &listing, err);
	if (rc < 0) {
		free(listing.list);
		return rc;
	}
	*ret = listing.list;
	*ret_n = listing.n;
	return 0;
}

static int carry_out(struct prg_nl *nl, size_t length, unsigned n, struct prg_error *err)
{
	struct prg_nl_answer answers[PRG_NL_BATCH];
	unsigned i;

	prg_nl_talk(nl, length, NULL, NULL, answers, n);
	for (i = 0; i < n; i++)
		if (answers[i].errnum != 0)
			return prg_nl_fail(err, &answers[i], "nf_tables");
	return 0;
}

int prg_nf_change(prg_nf_fill_fn *fill, void *context, struct prg_error *err)
{
	struct prg_nf_batch batch;
	PRG_NL *nl = NULL;
	int rc = prg_nl_open(NETLINK_NETFILTER, &nl, err);
	size_t length;

	if (rc < 0)
		return rc;
	prg_nf_batch_begin(&batch, prg_nl_buffer(nl), PRG_NL_SEND_BYTES);
	if (!fill(context, &batch))
		batch.bad = true;
	length = prg_nf_batch_end(&batch);
	if (length == 0 || batch.n > PRG_NL_BATCH)
		return prg_error_set(err, PRG_E_UNSUPPORTED, "more than a table of ours");
	return carry_out(nl, length, batch.n, err);
}
