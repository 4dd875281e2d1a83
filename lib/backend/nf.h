/* SPDX-License-Identifier: ISC */
/*
 * nf_tables of this network namespace: what it holds, as far as it must be known to tell
 * whether there is anything to ask nft(8) about (rules are not read); and loading, and
 * taking away, a table that is like ours.
 */
#ifndef PRG_BACKEND_NF_H
#define PRG_BACKEND_NF_H

#include "model/addr.h"

#define PRG_NF_NAME_TEXT 257 /* the kernel takes 255 characters at most */

/* A table, or a base chain in one. */
struct prg_nf_entry {
	bool inet;    /* of family inet */
	bool filters; /* a chain, of any type, that IPv4's or IPv6's packets pass on hook
	               * input or forward */
	char table[PRG_NF_NAME_TEXT];
};

/* Tables, and base chains where `chains`, of all families; *ret is for free(3). Changes
 * nothing, but may load a module.
 * Errors: PRG_E_PERMISSION without CAP_NET_ADMIN; PRG_E_UNSUPPORTED, PRG_E_FAILED,
 * PRG_E_CORRUPT: the kernel has none, or it cannot be told from what it says. */
int prg_nf_list(bool chains, struct prg_nf_entry **ret, size_t *ret_n, struct prg_error *err);

/*
 * Changes, all or nothing: `fill` writes them by the functions below, in order; false: it
 * cannot, for which PRG_E_UNSUPPORTED is returned. 0: the kernel has acknowledged each
 * and carried them all out. Errors: as of prg_nf_list().
 */
struct prg_nf_batch;
typedef bool prg_nf_fill_fn(void *context, struct prg_nf_batch *batch);
int prg_nf_change(prg_nf_fill_fn *fill, void *context, struct prg_error *err);

/* A table of family inet; adding one that is there, and with it deleting one that may
 * not be, is fine. */
void prg_nf_table(struct prg_nf_batch *batch, const char *table, bool adds);
/* A base chain in it, policy accept. */
enum prg_nf_hook { PRG_NF_FORWARD, PRG_NF_POSTROUTING };
void prg_nf_chain(struct prg_nf_batch *batch, const char *table, const char *name,
                  const char *type, enum prg_nf_hook hook, int32_t priority);
/* A set of devices without a name, for the next rule. *ret_set: what that calls it. */
void prg_nf_devices(struct prg_nf_batch *batch, const char *table, const char *const *devices,
                    size_t n, uint32_t *ret_set);
/* A rule: it begins, says what it matches and then does, and ends. */
void prg_nf_rule(struct prg_nf_batch *batch, const char *table, const char *chain);
void prg_nf_match_device(struct prg_nf_batch *batch, bool out, const char *device);
void prg_nf_match_no_device(struct prg_nf_batch *batch, bool out, uint32_t set);
void prg_nf_match_source(struct prg_nf_batch *batch, const struct prg_prefix *source);
void prg_nf_match_syn(struct prg_nf_batch *batch); /* of SYN and RST only SYN */
void prg_nf_clamp_mss(struct prg_nf_batch *batch); /* to the route's MTU */
void prg_nf_drop(struct prg_nf_batch *batch);
void prg_nf_masquerade(struct prg_nf_batch *batch);
void prg_nf_rule_end(struct prg_nf_batch *batch, const char *comment);

#endif
