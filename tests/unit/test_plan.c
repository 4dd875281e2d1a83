/* SPDX-License-Identifier: ISC */
/*
 * The keystone, on random states (PRG_SEED repeats one):
 *   apply(plan(desired, observed), observed) = desired
 *   plan(desired, desired) = nothing
 *   a plan names no peer that need not change
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "backend/memory.h"
#include "model/addr.h"
#include "plan/diff.h"
#include "random_states.h"

static void make_plan(struct state *from, struct state *to, struct prg_plan *plan)
{
	size_t i;

	for (i = 0; i < from->n; i++) {
		struct peer *wanted = find(to, &from->peers[i].wg.public_key);

		assert_int_equal(prg_diff_peer(plan, &from->peers[i].wg,
		                               wanted ? &wanted->wg : NULL, 0, 0, "peer", NULL,
		                               NULL),
		                 0);
	}
	for (i = 0; i < to->n; i++)
		if (find(from, &to->peers[i].wg.public_key) == NULL)
			assert_int_equal(prg_diff_peer(plan, NULL, &to->peers[i].wg, 0, 0, "peer",
			                               NULL, NULL),
			                 0);
	prg_plan_order(plan);
}

static int observe_peer(void *context, const struct prg_wg_peer *peer, struct prg_error *err)
{
	struct state *s = context;
	struct peer *p = &s->peers[s->n++];

	(void)err;
	assert_true(s->n <= MAX_PEERS);
	assert_true(peer->n_allowed_ips <= MAX_IPS);
	p->wg = *peer;
	if (peer->n_allowed_ips > 0)
		memcpy(p->ips, peer->allowed_ips, peer->n_allowed_ips * sizeof(*p->ips));
	p->wg.allowed_ips = p->ips;
	if (peer->preshared_key != NULL) {
		p->psk = *peer->preshared_key;
		p->wg.preshared_key = &p->psk;
	}
	return 0;
}

static int observe_device(void *context, const struct prg_wg_device *device, struct prg_error *err)
{
	(void)context;
	(void)device;
	(void)err;
	return 0;
}

static void observe(struct prg_backend *backend, struct state *s)
{
	const struct prg_observer observer = { .context = s, .device = observe_device,
		                               .peer = observe_peer };
	bool interrupted = true;

	memset(s, 0, sizeof(*s));
	assert_int_equal(prg_backend_observe(backend, &observer, &interrupted, NULL), 0);
	assert_false(interrupted);
}

static bool same_peer(const struct prg_wg_peer *a, const struct prg_wg_peer *b)
{
	unsigned fields = 0;

	assert_int_equal(prg_diff_peer(NULL, a, b, 0, 0, NULL, &fields, NULL), 0);
	return fields == 0;
}

static void assert_same(struct state *a, struct state *b)
{
	size_t i;

	assert_int_equal(a->n, b->n);
	for (i = 0; i < a->n; i++) {
		struct peer *other = find(b, &a->peers[i].wg.public_key);

		assert_non_null(other);
		assert_true(same_peer(&a->peers[i].wg, &other->wg));
		assert_true(prg_diff_same_prefixes(a->peers[i].ips, a->peers[i].wg.n_allowed_ips,
		                                   other->ips, other->wg.n_allowed_ips));
	}
}

static void apply(struct prg_backend *backend, struct state *from, struct state *to)
{
	PRG_PLAN *plan = NULL;

	assert_int_equal(prg_plan_new(&plan, NULL), 0);
	make_plan(from, to, plan);
	assert_int_equal(prg_backend_apply(backend, prg_plan_ops(plan), prg_plan_length(plan), NULL,
	                                   NULL, NULL),
	                 0);
}

static void plans_reach_what_is_desired(void **state)
{
	static struct state observed, desired, now;
	PRG_BACKEND *backend = NULL;
	unsigned round;

	(void)state;
	prg_memory_reset();
	assert_int_equal(prg_backend_open(PRG_BACKEND_MEMORY, "wg0", &backend, NULL), 0);
	assert_int_equal(prg_backend_link_create(backend, "", NULL), 0);
	for (round = 0; round < 500; round++) {
		random_state(&desired);
		observe(backend, &observed);
		apply(backend, &observed, &desired);
		observe(backend, &now);
		assert_same(&now, &desired);
	}
	prg_memory_reset();
}

static void plan_of_equals_is_empty(void **state)
{
	static struct state s;
	unsigned round;

	(void)state;
	for (round = 0; round < 100; round++) {
		PRG_PLAN *plan = NULL;

		random_state(&s);
		assert_int_equal(prg_plan_new(&plan, NULL), 0);
		make_plan(&s, &s, plan);
		assert_int_equal(prg_plan_length(plan), 0);
	}
}

static void plans_touch_nobody_else(void **state)
{
	static struct state from, to;
	unsigned round;
	size_t i;

	(void)state;
	for (round = 0; round < 200; round++) {
		PRG_PLAN *plan = NULL;

		random_state(&from);
		random_state(&to);
		assert_int_equal(prg_plan_new(&plan, NULL), 0);
		make_plan(&from, &to, plan);
		for (i = 0; i < prg_plan_length(plan); i++) {
			const struct prg_op *op = &prg_plan_ops(plan)[i];
			struct peer *a = find(&from, &op->peer->public_key);
			struct peer *b = find(&to, &op->peer->public_key);

			assert_true(a == NULL || b == NULL || !same_peer(&a->wg, &b->wg));
			if (op->kind == PRG_OP_PEER_REMOVE)
				assert_null(b);
			else if (op->fields & PRG_OF_CREATE)
				assert_null(a);
		}
	}
}

static void operations_are_ordered(void **state)
{
	static const enum prg_op_kind given[] = { PRG_OP_ROUTE_ADD,   PRG_OP_PEER_SET,
		                                  PRG_OP_ADDRESS_ADD, PRG_OP_PEER_REMOVE,
		                                  PRG_OP_ROUTE_DEL,   PRG_OP_DEVICE };
	static const enum prg_op_kind expected[] = { PRG_OP_DEVICE,      PRG_OP_ROUTE_DEL,
		                                     PRG_OP_PEER_REMOVE, PRG_OP_PEER_SET,
		                                     PRG_OP_ADDRESS_ADD, PRG_OP_ROUTE_ADD };
	const struct prg_wg_peer peer = { .keepalive_s = 1 };
	const struct prg_wg_device device = { .listen_port = 1 };
	PRG_PLAN *plan = NULL;
	size_t i;

	(void)state;
	assert_int_equal(prg_plan_new(&plan, NULL), 0);
	for (i = 0; i < 6; i++) {
		struct prg_op op = { .kind = given[i], .fields = PRG_OF_CREATE };

		if (given[i] == PRG_OP_PEER_SET || given[i] == PRG_OP_PEER_REMOVE)
			op.peer = &peer;
		if (given[i] == PRG_OP_DEVICE)
			op.device = &device;
		assert_int_equal(prg_plan_add(plan, &op, NULL), 0);
	}
	prg_plan_order(plan);
	for (i = 0; i < 6; i++)
		assert_int_equal(prg_plan_ops(plan)[i].kind, expected[i]);
}

static void roaming_is_left_alone(void **state)
{
	struct prg_wg_peer desired = { .endpoint = { { 4, { 192, 0, 2, 1 } }, 1, 0 } };
	struct prg_wg_peer observed = { .endpoint = { { 4, { 192, 0, 2, 9 } }, 9, 0 } };
	unsigned fields;

	(void)state;
	assert_int_equal(prg_diff_peer(NULL, &observed, &desired, 0, 0, NULL, &fields, NULL), 0);
	assert_int_equal(fields, 0);
	assert_int_equal(prg_diff_peer(NULL, &observed, &desired, PRG_DIFF_DESIRES, 0, NULL, &fields,
	                               NULL),
	                 0);
	assert_int_equal(fields, PRG_OF_ENDPOINT);
	observed.endpoint.addr.family = 0;
	assert_int_equal(prg_diff_peer(NULL, &observed, &desired, 0, 0, NULL, &fields, NULL), 0);
	assert_int_equal(fields, PRG_OF_ENDPOINT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plans_reach_what_is_desired),
		cmocka_unit_test(plan_of_equals_is_empty),
		cmocka_unit_test(plans_touch_nobody_else),
		cmocka_unit_test(operations_are_ordered),
		cmocka_unit_test(roaming_is_left_alone),
	};
	const char *given = getenv("PRG_SEED");

	seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);
	print_message("# PRG_SEED=%u\n", seed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
