/* SPDX-License-Identifier: ISC */
/* What every backend's apply has in common: telling what became of each
 * operation, keeping the first failure, words for operations. */
#ifndef PRG_BACKEND_PROGRESS_H
#define PRG_BACKEND_PROGRESS_H

#include "backend/backend.h"

struct prg_progress {
	const char *interface;
	prg_done_fn *done; /* may be NULL */
	void *context;
	struct prg_error *err;
	int first;         /* 0, or the first failure; its words are in *err */
	bool gone;         /* the interface went away: nothing more is tried */
	uint16_t port;     /* that an operation set; 0: none did */
};

/* Once for each operation. why (may be NULL) explains a code under 0. */
void prg_progress_tell(struct prg_progress *progress, const struct prg_op *op, int code,
                       const struct prg_error *why);
/* The rest of the operations cannot be tried. */
void prg_progress_skip(struct prg_progress *progress, const struct prg_op *ops, size_t n_ops,
                       int code, const struct prg_error *why);

/* DEVICE and PEER_*: WireGuard's; the others are rtnetlink's. */
bool prg_op_is_wg(const struct prg_op *op);
/* How many operations from the first on are of the first's side. */
size_t prg_op_run(const struct prg_op *ops, size_t n_ops);
/* "set peer alice", "remove peer alice", "add route 10.1.0.0/16"… */
void prg_op_describe(const struct prg_op *op, const char *interface, char *ret, size_t size);

#endif
