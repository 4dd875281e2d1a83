/* SPDX-License-Identifier: ISC */
/*
 * A plan: the ordered operations that bring a running interface in line. It is
 * made by plan/diff, carried out by a backend, and told by a report. Operations
 * are idempotent: doing one twice is doing it once.
 *
 * Order. An address leads to the peer with the longest prefix that holds it. At
 * no moment between two operations does one lead to a peer that is neither the one
 * it led to before the plan nor the one it leads to after it; and it leads to
 * nobody only where it did before, or does after. What makes it so:
 *
 *   1. What is gained is given before anything is taken, the longest prefixes
 *      first: an allowed IP moves, without a gap, when its new peer is given it,
 *      and a wide prefix comes only when the narrow ones in it are in place.
 *   2. What is lost and nobody gains is taken the shortest prefix first: a narrow
 *      prefix shields its addresses until the wide ones round it are gone.
 *
 * Only peers whose gains and losses overlap those of another need this, and only
 * they are cut into several operations. Of all others removals come first, so that
 * who is revoked is cut off at once. Around the peers: the device first; routes go
 * before their peer goes and come after it came.
 *
 * Within one operation that takes an allowed IP from a peer that stays, the kernel
 * has no way but to set the whole list anew: for microseconds the peer has none of
 * it. An operation that only gives leaves the rest of the list in place.
 */
#ifndef PRG_PLAN_PLAN_H
#define PRG_PLAN_PLAN_H

#include "base/secret.h"
#include "model/wg.h"

enum prg_op_kind {
	PRG_OP_DEVICE = 1,  /* private key, port, fwmark: fields says which */
	PRG_OP_PEER_REMOVE, /* absent is fine */
	PRG_OP_PEER_SET,    /* fields says what; creates the peer if PRG_OF_CREATE */
	PRG_OP_ADDRESS_ADD, /* present is fine */
	PRG_OP_ADDRESS_DEL, /* absent is fine */
	PRG_OP_ROUTE_ADD,   /* present is fine; another device's is PRG_E_CONFLICT */
	PRG_OP_ROUTE_DEL,   /* absent is fine */
	PRG_OP_LINK         /* mtu (0: leave), alias (NULL: leave), up */
};

enum prg_op_fields {
	PRG_OF_PRIVATE_KEY = 1u << 0,
	PRG_OF_LISTEN_PORT = 1u << 1,
	PRG_OF_FWMARK = 1u << 2,
	PRG_OF_CREATE = 1u << 3,        /* else UPDATE_ONLY: never makes a peer */
	PRG_OF_PRESHARED_KEY = 1u << 4, /* NULL clears it */
	PRG_OF_KEEPALIVE = 1u << 5,
	PRG_OF_ENDPOINT = 1u << 6,
	PRG_OF_ALLOWED_IPS = 1u << 7,   /* replaces the whole list */
	PRG_OF_APPEND = 1u << 8,        /* ALLOWED_IPS: adds to the list that is there */
	PRG_OF_ABSENT = 1u << 9         /* CREATE: the peer was seen not to be there */
};

struct prg_op {
	enum prg_op_kind kind;
	unsigned fields;
	int64_t tag;                       /* the maker's: a pending row, or 0 */
	bool more;                         /* not the last operation of its tag */
	const char *who;                   /* for messages: "peer alice"; may be NULL */
	const struct prg_wg_peer *peer;    /* PEER_REMOVE (key only), PEER_SET */
	size_t n_gained;                   /* PEER_SET: allowed IPs new to the peer, in front */
	const struct prg_prefix *lost;     /* PEER_*: allowed IPs that go, where they are known */
	size_t n_lost;
	const struct prg_wg_device *device; /* DEVICE */
	struct prg_prefix prefix;          /* ADDRESS_*: host bits kept; ROUTE_* */
	uint32_t mtu;                      /* LINK */
	const char *alias;                 /* LINK */
	bool up;                           /* LINK: set IFF_UP */
};

/* PEER_SET: does the peer lose the allowed IPs that it has? */
static inline bool prg_op_replaces(const struct prg_op *op)
{
	return (op->fields & PRG_OF_CREATE) ||
	       (op->fields & (PRG_OF_ALLOWED_IPS | PRG_OF_APPEND)) == PRG_OF_ALLOWED_IPS;
}

/* Owns its operations and what they point to. */
struct prg_plan;

int prg_plan_new(struct prg_plan **ret_plan, struct prg_error *err);
void prg_plan_free(struct prg_plan **plan);
/* Empty again. */
void prg_plan_clear(struct prg_plan *plan);
/* Deep-copies *op behind what is there. Several with one key stay in order. */
int prg_plan_add(struct prg_plan *plan, const struct prg_op *op, struct prg_error *err);
/* Sorts into the order above, stable among equals; cuts what must be cut. Where
 * memory for that fails, removals come first for all. */
void prg_plan_order(struct prg_plan *plan);
size_t prg_plan_length(const struct prg_plan *plan);
const struct prg_op *prg_plan_ops(const struct prg_plan *plan);

#define PRG_PLAN PRG_CLEANUP(prg_plan_free) struct prg_plan

#endif
