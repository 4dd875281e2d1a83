/* SPDX-License-Identifier: ISC */
/*
 * The road that every change travels, and the state it carries along.
 *
 *   intent -> store (one transaction) -> plan -> backend (apply) -> report
 *
 * Order, fixed: keys, probe, lock, drain what is pending, BEGIN IMMEDIATE,
 * mutate and allocate, audit entries and pending rows, COMMIT, identity check,
 * apply (each acknowledgement clears its pending row), report, release.
 */
#ifndef PRG_ENGINE_H
#define PRG_ENGINE_H

#include "backend/backend.h"
#include "base/lock.h"
#include "host/host.h"
#include "intent.h"
#include "plan/plan.h"
#include "problem.h"
#include "report.h"
#include "store/clock.h"
#include "store/store.h"

#define PRG_RUN_DIRECTORY "/run/peerage" /* of the interfaces' locks */

struct prg_tick;

struct prg_register {
	struct prg_store *store;
	enum prg_backend_kind backend;
	char actor[129];
	prg_witness_fn *witness;
	void *witness_context;
};

/* Keys of one peer of the intent. */
struct prg_fresh_keys {
	struct prg_private_key private_key;
	struct prg_preshared_key preshared_key;
	struct prg_public_key public_key;
	bool has_private_key, has_preshared_key;
};

struct prg_road {
	struct prg_register *reg;
	struct prg_store *store;
	const struct prg_intent *intent;
	enum prg_verb as; /* the intent's verb; of PRG_APPLY what it comes to for the
	                     interface: PRG_INIT, PRG_UP, PRG_DOWN or PRG_APPLY */
	struct prg_report *report;
	struct prg_arena *arena;      /* secrets of this journey */
	struct prg_fresh_keys *keys_in_making; /* in the arena, n_peers of the intent: for
	                                 prg_change_keys(), which waits for them */
	struct prg_crew *makers;      /* of these, where there are many; freed before them */
	const struct prg_private_key *interface_key; /* as PRG_INIT, PRG_IMPORT: in an arena */
	struct prg_interface *interface; /* as it is in the register */
	struct prg_backend *backend;  /* NULL: not opened */
	struct prg_listing listing;   /* of the firewall, since the lock was taken */
	struct prg_nft_work *firewall; /* being loaded; NULL: it is not */
	struct prg_lock lock;
	int64_t now;
	struct prg_clock_verdict clock;
	struct prg_tick *tick;        /* PRG_MAINTAIN: what runs; NULL: nothing was seen */
	struct prg_error trouble;     /* why not; code 0: for no reason */
	struct prg_plan *plan;        /* of the touched rows */
	bool record_only;             /* PRG_NO_APPLY or PRG_BACKEND_NONE */
	bool device_touched;          /* the device, link, addresses or firewall */
	bool undrained;               /* what was pending could not be done */
	bool adopts;                  /* PRG_IMPORT: the interface runs already */
	size_t n_leaks;               /* new full tunnels without DNS */
	struct prg_problems problems; /* what the register holds against rows of a text */
};

static inline bool prg_road_dry(const struct prg_road *road)
{
	return road->intent->flags & PRG_DRY_RUN;
}

static inline void prg_road_progress(const struct prg_road *road, const char *what, size_t done,
                                     size_t total)
{
	if (road->intent->progress != NULL)
		road->intent->progress(road->intent->progress_context, what, done, total);
}

/* ---- change/: intent to register, inside the transaction */
int prg_change_prepare(struct prg_road *road, struct prg_error *err); /* before it: keys */
int prg_change_peers(struct prg_road *road, struct prg_error *err);
int prg_change_init(struct prg_road *road, struct prg_error *err);
int prg_change_import(struct prg_road *road, struct prg_error *err);
/* Does the firewall get a translation of addresses by it? */
bool prg_change_import_nat(const struct prg_road *road);
int prg_change_configure(struct prg_road *road, struct prg_error *err);
int prg_change_document(struct prg_road *road, struct prg_error *err);
/* wanted_up, its audit entry and a pending row for the device. */
int prg_change_wanted(struct prg_road *road, bool up, struct prg_error *err);
int prg_change_remove_interface(struct prg_road *road, struct prg_error *err);
/* Active peers whose time is over become expired, once the clock can be trusted. */
int prg_change_expire(struct prg_road *road, struct prg_error *err);
/* Ends overlaps of keys: those whose time is over, once the clock can be trusted, and
 * those whose newer key shook hands. shook NULL: nothing is known of handshakes. */
typedef int prg_shook_fn(void *context, const struct prg_public_key *key, bool *ret,
                         struct prg_error *err);
int prg_change_overlaps(struct prg_road *road, prg_shook_fn *shook, void *context,
                        struct prg_error *err);
/* What the tick saw, to the totals; then quotas, and days that are long over. */
int prg_change_count(struct prg_road *road, struct prg_error *err);
int prg_change_maintain(struct prg_road *road, struct prg_error *err);
/* Appends to the chain. peer NULL: of the interface. */
int prg_change_audit(struct prg_road *road, const char *verb, const struct prg_peer *peer,
                     const char *detail, struct prg_error *err);

/* ---- change/describe.c: what an audit entry and a plan say. *ret for free(3):
 * {"peer":…,"public_key":…,"changes":{"field":{"from":…,"to":…}}}; from NULL: new.
 * *ret_n: how many fields differ. */
int prg_describe_peer(const struct prg_peer *from, const struct prg_peer *to, char **ret,
                      size_t *ret_n, struct prg_error *err);
/* Fields that differ and that WireGuard knows nothing of, to the report. */
int prg_describe_to_report(const struct prg_peer *from, const struct prg_peer *to,
                           struct prg_report *report, struct prg_error *err);
/* A peer that comes, goes or changes, to the report in full; a preshared key that is
 * another shows as changed from true to true. */
int prg_describe_added(const struct prg_peer *peer, struct prg_report *report,
                       struct prg_error *err);
int prg_describe_removed(const struct prg_peer *peer, struct prg_report *report,
                         struct prg_error *err);
int prg_describe_changed(const struct prg_peer *from, const struct prg_peer *to,
                         bool psk_replaced, struct prg_report *report, struct prg_error *err);
/* The same for an interface; each field that differs goes to report too. */
int prg_describe_interface(const struct prg_interface *from, const struct prg_interface *to,
                           struct prg_report *report, char **ret, size_t *ret_n,
                           struct prg_error *err);

/* ---- apply.c, updown.c, drain.c: register to running interface */
/* "peerage:REGISTER-ID", the alias of a link that is ours. */
#define PRG_OWN_ALIAS_TEXT 48
void prg_own_alias(const struct prg_store *store, char ret[PRG_OWN_ALIAS_TEXT]);
/* Is the link there, and ours? PRG_E_NOT_APPLIED with the way out. */
int prg_apply_identity(struct prg_road *road, struct prg_error *err);
/* The plan of the touched rows. */
int prg_apply_plan(struct prg_road *road, struct prg_plan *plan, struct prg_error *err);
/* All of it: link, device, addresses, peers, routes, forwarding, firewall. Each of
 * these reads what is pending, then the interface anew. */
int prg_apply_up(struct prg_road *road, struct prg_error *err);
int prg_apply_down(struct prg_road *road, struct prg_error *err);
int prg_apply_sync(struct prg_road *road, struct prg_error *err);
int prg_apply_drain(struct prg_road *road, struct prg_error *err);

/* ---- upkeep.c: around the transaction of a tick */
/* The one dump, where there is something to look at. */
int prg_upkeep_observe(struct prg_road *road, struct prg_error *err);
/* Inside it: endpoints of peers that are idle for too long, to the plan. */
int prg_upkeep_scrub(struct prg_road *road, struct prg_error *err);
/* After all: is what runs what should? */
int prg_upkeep_drift(struct prg_road *road, struct prg_error *err);
/* When the last tick ended; 0: none did since the host booted. */
int64_t prg_upkeep_last(const struct prg_register *reg, const char *interface);
/* PRG_E_NOT_APPLIED where there was something to look at, in vain. */
int prg_upkeep_end(struct prg_road *road, struct prg_error *err);

/* ---- adopt.c: does the running device have this private key? */
int prg_adopt_has_key(struct prg_backend *backend, const struct prg_private_key *key, bool *ret,
                      struct prg_error *err);

/* ---- sync.c: register against running interface */
enum prg_sync_flags {
	PRG_SYNC_PRUNE = 1u << 0,
	PRG_SYNC_KEY = 1u << 1,   /* replace a private key that is not ours */
	PRG_SYNC_EMPTY = 1u << 2, /* there is no interface yet: plan all of it */
	PRG_SYNC_QUIET = 1u << 3, /* do not list each peer that is missing */
	PRG_SYNC_TELL_KEY = 1u << 4, /* tell of a private key that is not ours; no error */
	PRG_SYNC_SUMS = 1u << 5 /* look whether anything differs first: less time and no memory
	                           by the peer where nothing does, a dump more where it does */
};
/* Is the running device blank: no private key, no peers? */
int prg_sync_blank(struct prg_backend *backend, bool *ret_blank, struct prg_error *err);
int prg_sync_plan(struct prg_store *store, struct prg_backend *backend,
                  const struct prg_interface *interface, unsigned flags,
                  struct prg_report *report, struct prg_plan *plan, struct prg_error *err);
/* A peer that is not in line. */
struct prg_sync_difference {
	int64_t id;            /* 0: the register does not hold it, or only as revoked */
	const char *name;      /* of that peer; NULL: none */
	enum prg_peer_state state;         /* PRG_PEER_REVOKED also of a key alone */
	bool registered;                   /* state says something */
	const struct prg_wg_peer *from;    /* as it runs; NULL: it does not */
	const struct prg_wg_peer *to;      /* as it should; NULL: it should not */
	unsigned fields;                   /* PRG_OF_* that differ, where it runs and should */
};
/* Looks on. What is given is valid during the call. */
struct prg_sync_watch {
	void *context;
	int (*seen)(void *context, const struct prg_wg_peer *peer, struct prg_error *err);
	/* Instead of planning and reporting, so that memory does not grow with what differs.
	 * NULL: that is done. */
	int (*differs)(void *context, const struct prg_sync_difference *difference,
	               struct prg_error *err);
	void (*restart)(void *context); /* the dump begins again: forget all of it */
};
/* As prg_sync_plan() with PRG_SYNC_TELL_KEY and PRG_SYNC_SUMS, but each peer of the dump
 * is seen, and each that differs told, by watch; report and plan then get the interface's
 * own. Of an interrupted dump (*ret_interrupted) no difference is told that was not seen. */
int prg_sync_watch(struct prg_store *store, struct prg_backend *backend,
                   const struct prg_interface *interface, const struct prg_sync_watch *watch,
                   struct prg_report *report, struct prg_plan *plan, bool *ret_interrupted,
                   struct prg_error *err);
/* Would prg_sync_plan() change nothing, and runs no key that was never registered? Costs
 * a dump; rows are read of those only that are not in line. False also where somebody
 * else kept changing the interface, so that it cannot be said. */
int prg_sync_in_line(struct prg_store *store, struct prg_backend *backend,
                     const struct prg_interface *interface, bool *ret_in_line,
                     struct prg_error *err);
/*
 * All of the register into an interface that was just made and is down, a page of
 * peers at a time, so that memory does not grow with their number: `apply` is given
 * one plan after the other, beside the reading of the register and maybe in another
 * thread, so that it uses the backend and not the store. The last of them (addresses,
 * link up, routes) is left in `plan` for the caller. No packet passes before that one,
 * so the order of the others among themselves does not matter.
 */
typedef int prg_sync_apply_fn(void *context, struct prg_plan *plan, struct prg_error *err);
int prg_sync_load(struct prg_store *store, struct prg_backend *backend,
                  const struct prg_interface *interface, struct prg_report *report,
                  struct prg_plan *plan, prg_sync_apply_fn *apply, void *context,
                  struct prg_error *err);
/* ---- sync_link.c: the link, its addresses and routes, appended to a plan */
struct prg_sync_link {
	const struct prg_interface *interface;
	struct prg_report *report;
	struct prg_plan *plan;
	struct prg_prefix *routes; /* that peers need: are sorted */
	size_t n_routes;
	bool fresh; /* there is no link yet: plan all of it */
};
int prg_sync_link(struct prg_sync_link *link, struct prg_backend *backend, struct prg_error *err);
/* Does the kernel need a route for this allowed IP: not in a pool's own network,
 * not a default route? */
bool prg_sync_needs_route(const struct prg_interface *interface, const struct prg_prefix *prefix);

#endif
