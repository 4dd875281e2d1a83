/* SPDX-License-Identifier: ISC */
#include "plan/plan_state.h"

#include <string.h>

#include "base/error.h"

/* What operations point to is carved from blocks, so that a plan of 100,000
 * peers is some hundred allocations and frees. */
struct prg_plan_block {
	struct prg_plan_block *next;
	size_t used, size;
	_Alignas(16) unsigned char bytes[];
};
#define BLOCK_BYTES ((size_t)64 << 10)

int prg_plan_new(struct prg_plan **ret_plan, struct prg_error *err)
{
	struct prg_plan *plan = calloc(1, sizeof(*plan));

	if (plan == NULL)
		return prg_error_nomem(err);
	*ret_plan = plan;
	return 0;
}

void prg_plan_clear(struct prg_plan *plan)
{
	struct prg_plan_block *block, *next;

	for (block = plan->blocks; block != NULL; block = next) {
		next = block->next;
		free(block);
	}
	plan->blocks = NULL;
	prg_arena_free(&plan->secrets);
	plan->length = 0;
}

void prg_plan_free(struct prg_plan **plan)
{
	if (*plan == NULL)
		return;
	prg_plan_clear(*plan);
	free((*plan)->ops);
	free(*plan);
	*plan = NULL;
}

void *prg_plan_take(struct prg_plan *plan, size_t length)
{
	size_t need = (length + 15) & ~(size_t)15;
	struct prg_plan_block *block = plan->blocks;
	void *memory;

	if (block == NULL || block->size - block->used < need) {
		/* small plans, as of one add, take little */
		size_t size = plan->length < 64 ? 4096 : BLOCK_BYTES;

		if (size < need)
			size = need;
		block = malloc(sizeof(*block) + size);
		if (block == NULL)
			return NULL;
		*block = (struct prg_plan_block){ .next = plan->blocks, .size = size };
		plan->blocks = block;
	}
	memory = block->bytes + block->used;
	block->used += need;
	return memory;
}

static void *keep(struct prg_plan *plan, const void *from, size_t length)
{
	void *copy = prg_plan_take(plan, length);

	if (copy != NULL && length > 0)
		memcpy(copy, from, length);
	return copy;
}

/* Secret bytes, in the arena. */
static void *keep_secret(struct prg_plan *plan, const void *from, size_t length,
                         struct prg_error *err)
{
	void *copy = NULL;

	if (plan->secrets == NULL && prg_arena_new(&plan->secrets, err) < 0)
		return NULL;
	copy = prg_arena_take(plan->secrets, length);
	if (copy != NULL)
		memcpy(copy, from, length);
	return copy;
}

static int keep_peer(struct prg_plan *plan, struct prg_op *op, struct prg_error *err)
{
	struct prg_wg_peer peer = *op->peer;
	bool removal = op->kind == PRG_OP_PEER_REMOVE;

	if (removal || !(op->fields & PRG_OF_PRESHARED_KEY))
		peer.preshared_key = NULL;
	if (removal || !(op->fields & PRG_OF_ALLOWED_IPS)) {
		peer.allowed_ips = NULL;
		peer.n_allowed_ips = 0;
	}
	if (peer.preshared_key != NULL) {
		peer.preshared_key =
			keep_secret(plan, peer.preshared_key, sizeof(*peer.preshared_key), err);
		if (peer.preshared_key == NULL)
			return prg_error_nomem(err);
	}
	if (peer.n_allowed_ips > 0) {
		peer.allowed_ips = keep(plan, peer.allowed_ips,
		                        peer.n_allowed_ips * sizeof(*peer.allowed_ips));
		if (peer.allowed_ips == NULL)
			return prg_error_nomem(err);
	}
	op->peer = keep(plan, &peer, sizeof(peer));
	return op->peer != NULL ? 0 : prg_error_nomem(err);
}

int prg_plan_add(struct prg_plan *plan, const struct prg_op *op, struct prg_error *err)
{
	struct prg_op copy = *op;
	int rc = 0;

	if (plan->length == plan->capacity) {
		size_t capacity = plan->capacity ? plan->capacity * 2 : 8;
		struct prg_op *ops = reallocarray(plan->ops, capacity, sizeof(*ops));

		if (ops == NULL)
			return prg_error_nomem(err);
		plan->ops = ops;
		plan->capacity = capacity;
	}
	if (copy.who != NULL) {
		copy.who = keep(plan, copy.who, strlen(copy.who) + 1);
		if (copy.who == NULL)
			return prg_error_nomem(err);
	}
	if (copy.alias != NULL) {
		copy.alias = keep(plan, copy.alias, strlen(copy.alias) + 1);
		if (copy.alias == NULL)
			return prg_error_nomem(err);
	}
	if (copy.device != NULL) {
		copy.device = keep_secret(plan, copy.device, sizeof(*copy.device), err);
		if (copy.device == NULL)
			return prg_error_nomem(err);
	}
	if (copy.peer != NULL)
		rc = keep_peer(plan, &copy, err);
	if (rc == 0 && copy.n_lost > 0) {
		copy.lost = keep(plan, copy.lost, copy.n_lost * sizeof(*copy.lost));
		rc = copy.lost != NULL ? 0 : prg_error_nomem(err);
	}
	if (rc == 0)
		plan->ops[plan->length++] = copy;
	return rc;
}

size_t prg_plan_length(const struct prg_plan *plan)
{
	return plan->length;
}

const struct prg_op *prg_plan_ops(const struct prg_plan *plan)
{
	return plan->ops;
}
