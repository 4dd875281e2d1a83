/* SPDX-License-Identifier: ISC */
/*
 * A child that runs nft(8) for a process which has given up starting programs. It
 * answers prg_nft_request's, and nothing else: the argument vectors are fixed, the name
 * of a table is checked, and what is to be loaded may name no file, so that a process
 * that was taken over can ask for no more than rulesets. One child serves listings as well as loading: a single nft,
 * started ahead with an open pipe, could load, but not read back what it loaded, nor
 * list what has to be known before.
 *
 * It ends when this process does. What it is doing then it does to its end, within
 * nft's time limit: a signal of the parent's death would leave a stuck nft with
 * nobody to kill it.
 */
#ifndef PRG_HOST_BROKER_H
#define PRG_HOST_BROKER_H

#include "host/nft_run.h"

/* Starts it; where it is there already, 0. Before this process has threads, or
 * secrets, which the child would have too (prg_register_prepare() says which one it
 * may have). */
int prg_broker_start(struct prg_error *err);
/* Is there one, of this very process? */
bool prg_broker_is_there(void);
/* As prg_nft_run_here(), by the child. */
int prg_broker_run(const struct prg_nft_request *request, struct prg_spawned *ret,
                   struct prg_error *err);
/* The same in two steps: where the first succeeds the same thread does the second, and
 * asks nothing else before. */
int prg_broker_ask(const struct prg_nft_request *request, struct prg_error *err);
int prg_broker_answer(struct prg_spawned *ret, struct prg_error *err);

#endif
