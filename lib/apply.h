/* SPDX-License-Identifier: ISC */
/* Inside of apply.c, updown.c and drain.c: a plan that is carried out, and what is pending. */
#ifndef PRG_APPLY_H
#define PRG_APPLY_H

#include "engine.h"

/* How a plan went. */
struct prg_carried {
	int64_t *rows; /* pending rows that are done */
	size_t n_rows;
	int64_t *undone; /* those of which an operation failed */
	size_t n_undone;
	const struct prg_op **routes; /* routes that could not be added */
	size_t n_routes;
	struct prg_public_key *gone; /* peers that were removed */
	size_t n_gone;
	bool hard; /* something else failed */
};
void prg_carried_done(struct prg_carried *o);
#define PRG_CARRIED PRG_CLEANUP(prg_carried_done) struct prg_carried

/* Carries it out where the link is there, and ours. The error is of the first operation
 * that failed. */
int prg_carry_out(struct prg_road *road, struct prg_plan *plan, struct prg_carried *o,
                  struct prg_error *err);
/* Pending rows that are done go. A row that stays is done once more, which is harmless:
 * no reason to fail. */
void prg_acknowledge(struct prg_road *road, const struct prg_carried *o, const int64_t *rows,
                     size_t n);

/* What is pending. */
struct prg_pendings {
	struct prg_pending *rows;
	int64_t *ids;
	size_t n;
	bool device, key;
};
void prg_pendings_done(struct prg_pendings *p);
#define PRG_PENDINGS PRG_CLEANUP(prg_pendings_done) struct prg_pendings

int prg_pendings_read(struct prg_road *road, struct prg_pendings *p, struct prg_error *err);
/* That, and then the interface anew: who records only takes no lock, and a row that comes
 * in between must not be cleared for what was not seen. */
int prg_pendings_snapshot(struct prg_road *road, struct prg_pendings *p, struct prg_error *err);

/* updown.c: all of it, or nothing, of what is registered; p is acknowledged. */
int prg_bring_up(struct prg_road *road, const struct prg_pendings *p, struct prg_error *err);
int prg_bring_down(struct prg_road *road, const struct prg_pendings *p, struct prg_error *err);

/* PRG_E_CONFLICT: whose the link is, and the way out. */
int prg_link_not_ours(const struct prg_road *road, const struct prg_link *link,
                      struct prg_error *err);

#endif
