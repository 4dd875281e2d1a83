/* SPDX-License-Identifier: ISC */
/* What nft(8) is asked, by this process or by the child that runs it for us. */
#ifndef PRG_HOST_NFT_RUN_H
#define PRG_HOST_NFT_RUN_H

#include "host/host.h"
#include "host/spawn.h"

enum prg_nft_call {
	PRG_NFT_LIST_TABLES = 1, /* of family inet */
	PRG_NFT_LIST_TABLE,      /* one of these */
	PRG_NFT_LIST_RULESET,    /* all there is */
	PRG_NFT_LOAD,            /* what `input` says; the answer is what was made */
	PRG_NFT_MAKE,            /* the same, in JSON, without nft: prg_nft_make() */
	PRG_NFT_TRY              /* as LIST_TABLES, but by nft whatever the kernel tells */
};
struct prg_nft_request {
	enum prg_nft_call call;
	const char *table; /* of PRG_NFT_LIST_TABLE: of prg_nft_table() */
	const char *input; /* of PRG_NFT_LOAD, PRG_NFT_MAKE */
};

/* Is it a name that prg_nft_table() makes, with its NUL within `size` bytes? */
bool prg_nft_is_table(const char *name, size_t size);
/* Answers without nft what the kernel by itself tells: which of our tables there are; and
 * an empty ruleset, where it has no table of ours and no base chain, whoever's, that may
 * drop IPv4's or IPv6's packets on hook input or forward. Starting nft, only to read that,
 * would be most of what a command takes. false: nft is to be asked, as where the kernel
 * gave no answer, which nft has the words for. */
bool prg_nft_answer(const struct prg_nft_request *request, struct prg_spawned *ret);
/* Loads a ruleset of prg_nft_ruleset(), or adds and deletes a table, without nft. 0: it is
 * done, as it is wanted. PRG_E_CORRUPT, PRG_E_UNSUPPORTED, or what the kernel had against
 * it: nothing is changed, and nft is to do it, or to say what is wrong. */
int prg_nft_make(const char *ruleset, struct prg_error *err);
/* nft's path in the fixed directories; NULL: none. Static storage. */
const char *prg_nft_path(void);
/* Runs nft, in the child where there is one (host/broker.h). A non-zero exit is an
 * error, of the kind that nft's words tell. PRG_E_UNSUPPORTED: no nft. */
int prg_nft_run(const struct prg_nft_request *request, struct prg_spawned *ret,
                struct prg_error *err);
/* The same in two steps. Where there is a child, it runs nft while this process does
 * something else; nothing else is asked of nft in between. Each that was started is
 * finished, by the same thread. */
struct prg_nft_running {
	bool asked; /* the child */
	int rc;     /* where it did not, or could not, be asked */
	struct prg_error why;
	struct prg_spawned spawned;
};
void prg_nft_start(const struct prg_nft_request *request, struct prg_nft_running *running);
int prg_nft_finish(struct prg_nft_running *running, struct prg_spawned *ret, struct prg_error *err);
/* Asks for the listing, unless it is there, or has failed, already. */
int prg_listing_take(struct prg_listing *listing, struct prg_error *err);
/* As prg_nft_run(), by this very process; an exit status other than 0 is no error here. */
int prg_nft_run_here(const struct prg_nft_request *request, struct prg_spawned *ret,
                     struct prg_error *err);

#endif
