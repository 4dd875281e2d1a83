/* SPDX-License-Identifier: ISC */
/* What a plan is made of. Only lib/plan includes this. */
#ifndef PRG_PLAN_PLAN_STATE_H
#define PRG_PLAN_PLAN_STATE_H

#include "plan/plan.h"

struct prg_plan_block;

struct prg_plan {
	struct prg_op *ops;
	size_t length, capacity;
	struct prg_plan_block *blocks;
	struct prg_arena *secrets; /* made at the first secret */
};

/* Memory that lives as long as the plan's operations, 16-byte aligned; NULL: none. */
void *prg_plan_take(struct prg_plan *plan, size_t length);

#endif
