/* SPDX-License-Identifier: ISC */
/* The head of the audit chain, told to the systemd journal with every change,
 * so that a rewrite of the register by root shows. */
#ifndef PEERAGE_CLI_JOURNAL_H
#define PEERAGE_CLI_JOURNAL_H

#include "peerage.h"

/* A prg_witness_fn: number, verb and hash, nothing else. Silently nothing where
 * there is no journal. */
void journal_witness(void *context, uint64_t number, const char *verb, const char *hash);

#endif
