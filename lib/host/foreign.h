/* SPDX-License-Identifier: ISC */
/*
 * What other tables do to our packets. A packet of which we know some things is
 * walked through a base chain; what a rule asks that we do not know is "maybe".
 *
 * A chain blocks the packet where no way through it ends in accept. A maybe does
 * not end the walk. An accept that hangs on a maybe counts only where its rule (or
 * one that jumped there) speaks of us: our port, our interface, our addresses. So
 * "from 192.0.2.0/24 let in UDP 51820" is the admin's own choice and no finding,
 * but "from 192.0.2.0/24 let in" does not make us believe that clients get in.
 */
#ifndef PRG_HOST_FOREIGN_H
#define PRG_HOST_FOREIGN_H

#include "host/nft.h"

enum prg_tri { PRG_NO, PRG_MAYBE, PRG_YES };

struct prg_packet {
	bool input;              /* on hook input: a client's UDP to the listen port */
	bool established;        /* an answer; else the first packet of a connection */
	uint8_t family;          /* 4 or 6 */
	uint16_t port;           /* input: UDP destination port */
	const char *ours;        /* the WireGuard interface */
	const char *in, *out;    /* devices; NULL: another than ours, unknown which */
	const struct prg_interface *interface; /* forward: our side's address is of its pools */
};

/* Chains, rules and sets of a listed ruleset, by name. */
struct prg_ruleset {
	json_t *base;   /* array of chain objects with a hook */
	json_t *chains; /* "family table chain" -> array of expr arrays */
	json_t *sets;   /* "family table set" -> array of elements */
};
int prg_ruleset_index(const json_t *objects, struct prg_ruleset *ret, struct prg_error *err);
void prg_ruleset_done(struct prg_ruleset *ruleset);
#define PRG_RULESET PRG_CLEANUP(prg_ruleset_done) struct prg_ruleset
/* Elements or rules of what a name in that table names; NULL: none. */
const json_t *prg_ruleset_find(const json_t *index, const char *family, const char *table,
                               const char *name);

/* Where names are looked up, and how much may still be looked at. */
struct prg_scope {
	const struct prg_ruleset *ruleset;
	const char *family, *table;
	unsigned budget; /* values and rules; at 0 everything is a maybe */
	unsigned depth;  /* of nested values */
};

/* Does the packet satisfy a match statement's object? *speaks_of_us is set where
 * it can only by being ours, and left alone otherwise. */
enum prg_tri prg_match(struct prg_scope *scope, const struct prg_packet *packet,
                       const json_t *match, bool *speaks_of_us);
/* The same for one key of a verdict map. */
enum prg_tri prg_match_key(struct prg_scope *scope, const struct prg_packet *packet,
                           const json_t *left, const json_t *key, bool *speaks_of_us);

enum prg_verdict { PRG_PASSES, PRG_BLOCKED_BY_POLICY, PRG_BLOCKED_BY_RULE };
/* The fate of the packet in one base chain. *ret_opaque: blocked, unless a rule
 * accepts it whose xtables match nft does not spell out. */
enum prg_verdict prg_walk(const struct prg_ruleset *ruleset, const json_t *base,
                          const struct prg_packet *packet, bool *ret_opaque);

/* The remark on a base chain that blocks: what it drops, and the command that
 * mends it. *ret for free(3). */
struct prg_foreign_finding {
	const struct prg_interface *interface;
	const struct prg_ruleset *ruleset;
	const json_t *base;
	bool input;
	bool answers_only; /* what leaves the tunnel passes, answers do not */
	bool by_policy;
	bool opaque;       /* as of prg_walk() */
};
int prg_advice(const struct prg_foreign_finding *finding, char **ret, struct prg_error *err);
/* The remark on legacy iptables tables. names: of /proc/net/ip_tables_names.
 * *ret is NULL where none of them filters. */
int prg_advice_legacy(const struct prg_interface *interface, const char *names, bool ipv6,
                      char **ret, struct prg_error *err);

#endif
