/* SPDX-License-Identifier: ISC */
/*
 * Puts a plan in order (plan.h says which, and why it is safe). Every prefix that
 * is gained or lost is an event. Sorted, a prefix stands behind those that hold
 * it, so one sweep with a stack finds the peers whose events overlap another's:
 * these are entangled, and are cut into pieces by the depth of their prefixes,
 * the number of host bits, which one and the same address meets in order.
 */
#include <string.h>

#include "model/addr.h"
#include "plan/plan_state.h"

#define DEPTHS 129 /* 0, a host, to 128 */

/* Ranks; gives and takes are spread by depth. */
enum { FIRST, REMOVE_ROUTES, REMOVE, UPDATE, GIVE, TAKE, CREATE, LINK_UP, ADD_ROUTES, RANKS };

struct event {
	struct prg_prefix prefix;
	uint32_t op;
	bool give;
};

struct order {
	struct prg_plan *plan;
	struct event *events;
	size_t n_events;
	bool *entangled; /* by operation */
	struct prg_op *ops; /* what comes out, and where it goes */
	uint16_t *places;
	size_t n, capacity;
};

static unsigned depth(const struct prg_prefix *prefix)
{
	return prg_addr_bits(&prefix->addr) - (unsigned)prefix->length;
}

static unsigned rank(const struct prg_op *op)
{
	switch (op->kind) {
	case PRG_OP_LINK:
		return op->up ? LINK_UP : FIRST;
	case PRG_OP_DEVICE:
		return FIRST;
	case PRG_OP_ROUTE_DEL:
		return REMOVE_ROUTES;
	case PRG_OP_ADDRESS_DEL:
	case PRG_OP_PEER_REMOVE:
		return REMOVE;
	case PRG_OP_PEER_SET:
		return op->fields & PRG_OF_CREATE ? CREATE : UPDATE;
	case PRG_OP_ADDRESS_ADD:
		return LINK_UP;
	case PRG_OP_ROUTE_ADD:
	default:
		return ADD_ROUTES;
	}
}

/* ---------------------------------------------------------- who is entangled */

static size_t n_gained(const struct prg_op *op)
{
	return op->kind == PRG_OP_PEER_SET ? op->n_gained : 0;
}

static void add_events(struct order *o, size_t op, const struct prg_prefix *list, size_t n,
                       bool give)
{
	size_t i;

	for (i = 0; i < n; i++)
		o->events[o->n_events++] =
			(struct event){ .prefix = list[i], .op = (uint32_t)op, .give = give };
}

static int compare_events(const void *a, const void *b)
{
	return prg_prefix_order(&((const struct event *)a)->prefix,
	                        &((const struct event *)b)->prefix);
}

/* A prefix that moved is not to be taken any more: it is gone already. */
static void forget_lost(struct prg_op *op, const struct prg_prefix *prefix)
{
	struct prg_prefix *lost;
	size_t i;

	memcpy(&lost, &op->lost, sizeof(lost)); /* the plan's own copy */
	for (i = 0; i < op->n_lost; i++) {
		if (prg_prefix_compare(&lost[i], prefix) != 0)
			continue;
		op->n_lost--;
		memmove(&lost[i], &lost[i + 1], (op->n_lost - i) * sizeof(*lost));
		return;
	}
}

static void sweep(struct order *o)
{
	const struct event *stack[2 * DEPTHS];
	size_t top = 0, i, j;

	for (i = 0; i < o->n_events; i++) {
		const struct event *e = &o->events[i];

		while (top > 0 && !prg_prefix_contains(&stack[top - 1]->prefix, &e->prefix))
			top--;
		for (j = 0; j < top; j++) {
			if (stack[j]->op == e->op)
				continue;
			o->entangled[e->op] = o->entangled[stack[j]->op] = true;
			if (stack[j]->give == e->give ||
			    prg_prefix_compare(&stack[j]->prefix, &e->prefix) != 0)
				continue;
			forget_lost(&o->plan->ops[e->give ? stack[j]->op : e->op], &e->prefix);
		}
		if (top < 2 * DEPTHS)
			stack[top++] = e;
	}
}

static int compare_keys(const void *a, const void *b)
{
	const struct prg_op *const *x = a, *const *y = b;

	return memcmp(&(*x)->peer->public_key, &(*y)->peer->public_key, PRG_KEY_BYTES);
}

static bool is_peer(const struct prg_op *op)
{
	return op->kind == PRG_OP_PEER_REMOVE || op->kind == PRG_OP_PEER_SET;
}

/* Several operations of one key are a story of their own: in pieces they would be
 * told in another order. */
static bool keep_stories_whole(struct order *o)
{
	const struct prg_plan *plan = o->plan;
	const struct prg_op **peers = reallocarray(NULL, plan->length, sizeof(*peers));
	size_t n = 0, i;

	if (peers == NULL)
		return false;
	for (i = 0; i < plan->length; i++)
		if (is_peer(&plan->ops[i]))
			peers[n++] = &plan->ops[i];
	qsort(peers, n, sizeof(*peers), compare_keys);
	for (i = 1; i < n; i++)
		if (compare_keys(&peers[i - 1], &peers[i]) == 0)
			o->entangled[peers[i - 1] - plan->ops] =
				o->entangled[peers[i] - plan->ops] = false;
	free(peers);
	return true;
}

/* False: out of memory. */
static bool find_entangled(struct order *o)
{
	const struct prg_plan *plan = o->plan;
	size_t n = 0, i, n_entangled = 0;

	for (i = 0; i < plan->length; i++)
		n += n_gained(&plan->ops[i]) + plan->ops[i].n_lost;
	o->entangled = calloc(plan->length, sizeof(*o->entangled));
	o->events = reallocarray(NULL, n + 1, sizeof(*o->events));
	if (o->entangled == NULL || o->events == NULL)
		return false;
	for (i = 0; i < plan->length; i++) {
		const struct prg_op *op = &plan->ops[i];

		if (!is_peer(op))
			continue;
		add_events(o, i, op->peer->allowed_ips, n_gained(op), true);
		add_events(o, i, op->lost, op->n_lost, false);
	}
	if (o->n_events > 0)
		qsort(o->events, o->n_events, sizeof(*o->events), compare_events);
	sweep(o);
	for (i = 0; i < plan->length; i++)
		n_entangled += o->entangled[i];
	return n_entangled == 0 || keep_stories_whole(o);
}

/* ------------------------------------------------------------------- cutting */

static bool put(struct order *o, const struct prg_op *op, unsigned rank, unsigned place)
{
	if (o->n == o->capacity) {
		size_t capacity = o->capacity + o->capacity / 2 + 8;
		struct prg_op *ops = reallocarray(o->ops, capacity, sizeof(*ops));
		uint16_t *places = reallocarray(o->places, capacity, sizeof(*places));

		if (ops != NULL)
			o->ops = ops;
		if (places != NULL)
			o->places = places;
		if (ops == NULL || places == NULL)
			return false;
		o->capacity = capacity;
	}
	o->places[o->n] = (uint16_t)(rank * DEPTHS + place);
	o->ops[o->n++] = *op;
	return true;
}

/* The least depth above `than` (or the greatest below it), DEPTHS: there is none. */
static unsigned next_depth(const struct prg_prefix *list, size_t n, int than, bool down)
{
	unsigned best = DEPTHS;
	size_t i;

	for (i = 0; i < n; i++) {
		unsigned d = depth(&list[i]);

		if (down ? (int)d >= than : (int)d <= than)
			continue;
		if (best == DEPTHS || (down ? d > best : d < best))
			best = d;
	}
	return best;
}

/* A SET of these fields, with a list made of two. */
static bool put_piece(struct order *o, const struct prg_op *op, unsigned fields,
                      const struct prg_prefix *list, size_t n, const struct prg_prefix *more,
                      size_t n_more, unsigned rank, unsigned place)
{
	struct prg_op piece = { .kind = PRG_OP_PEER_SET, .fields = fields, .tag = op->tag,
		                .who = op->who };
	struct prg_wg_peer *peer = prg_plan_take(o->plan, sizeof(*peer));
	struct prg_prefix *all = prg_plan_take(o->plan, (n + n_more + 1) * sizeof(*all));

	if (peer == NULL || all == NULL)
		return false;
	if (n > 0)
		memcpy(all, list, n * sizeof(*all));
	if (n_more > 0)
		memcpy(all + n, more, n_more * sizeof(*all));
	*peer = *op->peer;
	peer->allowed_ips = all;
	peer->n_allowed_ips = n + n_more;
	piece.peer = peer;
	return put(o, &piece, rank, place);
}

/* Puts the prefixes of one depth, or of all depths under it, to the front of ret. */
static size_t select_depth(const struct prg_prefix *list, size_t n, unsigned d, bool under,
                           struct prg_prefix *ret)
{
	size_t chosen = 0, i;

	for (i = 0; i < n; i++)
		if (under ? depth(&list[i]) < d : depth(&list[i]) == d)
			ret[chosen++] = list[i];
	return chosen;
}

static bool put_gives(struct order *o, const struct prg_op *op, struct prg_prefix *room)
{
	const struct prg_prefix *gained = op->peer->allowed_ips;
	unsigned fields = op->fields & ~(unsigned)PRG_OF_APPEND;
	unsigned d = next_depth(gained, op->n_gained, -1, false);

	while (d < DEPTHS) {
		size_t n = select_depth(gained, op->n_gained, d, false, room);

		if (!(fields & PRG_OF_CREATE))
			fields |= PRG_OF_APPEND;
		if (!put_piece(o, op, fields, room, n, NULL, 0, GIVE, d))
			return false;
		fields = PRG_OF_ALLOWED_IPS;
		d = next_depth(gained, op->n_gained, (int)d, false);
	}
	return true;
}

static bool put_takes(struct order *o, const struct prg_op *op, struct prg_prefix *room)
{
	bool gone = op->kind == PRG_OP_PEER_REMOVE;
	unsigned d = next_depth(op->lost, op->n_lost, DEPTHS, true), next;
	size_t kept = gone ? 0 : op->peer->n_allowed_ips, n;
	unsigned fields = op->fields;

	if (!gone && op->n_gained > 0)
		fields = PRG_OF_ALLOWED_IPS; /* the others went with what it gained */
	if (d == DEPTHS && gone)
		return put(o, op, TAKE, 0);
	if (d == DEPTHS && op->n_gained == 0)
		return put_piece(o, op, fields & ~(unsigned)(PRG_OF_ALLOWED_IPS | PRG_OF_APPEND),
		                 NULL, 0, NULL, 0, TAKE, 0);
	for (; d < DEPTHS; d = next) {
		next = next_depth(op->lost, op->n_lost, (int)d, true);
		if (gone && next == DEPTHS)
			return put(o, op, TAKE, DEPTHS - 1 - d);
		n = select_depth(op->lost, op->n_lost, d, true, room);
		if (!put_piece(o, op, gone ? PRG_OF_ALLOWED_IPS : fields, op->peer->allowed_ips,
		               kept, room, n, TAKE, DEPTHS - 1 - d))
			return false;
		fields = PRG_OF_ALLOWED_IPS;
	}
	return true;
}

static bool cut(struct order *o, const struct prg_op *op)
{
	size_t n = op->n_gained > op->n_lost ? op->n_gained : op->n_lost, first = o->n, i;
	struct prg_prefix *room = reallocarray(NULL, n + 1, sizeof(*room));
	bool done = room != NULL && put_gives(o, op, room) && put_takes(o, op, room);

	free(room);
	for (i = first; i + 1 < o->n; i++)
		o->ops[i].more = true;
	return done;
}

static bool cut_all(struct order *o)
{
	const struct prg_plan *plan = o->plan;
	bool done = true;
	size_t i;

	for (i = 0; i < plan->length && done; i++) {
		const struct prg_op *op = &plan->ops[i];

		done = o->entangled[i] ? cut(o, op) : put(o, op, rank(op), 0);
	}
	return done;
}

/* ------------------------------------------------------------------- sorting */

static bool sort_places(struct order *o)
{
	size_t start[RANKS * DEPTHS + 1] = { 0 }, i;
	struct prg_op *sorted = reallocarray(NULL, o->n, sizeof(*sorted));

	if (sorted == NULL)
		return false;
	for (i = 0; i < o->n; i++)
		start[o->places[i] + 1]++;
	for (i = 1; i < RANKS * DEPTHS; i++)
		start[i] += start[i - 1];
	for (i = 0; i < o->n; i++)
		sorted[start[o->places[i]]++] = o->ops[i];
	free(o->plan->ops);
	o->plan->ops = sorted;
	o->plan->length = o->plan->capacity = o->n;
	return true;
}

/* In place, whole operations by rank alone. */
static void sort_plainly(struct prg_plan *plan)
{
	size_t i;

	for (i = 1; i < plan->length; i++) {
		struct prg_op op = plan->ops[i];
		size_t j = i;

		for (; j > 0 && rank(&plan->ops[j - 1]) > rank(&op); j--)
			plan->ops[j] = plan->ops[j - 1];
		plan->ops[j] = op;
	}
}

void prg_plan_order(struct prg_plan *plan)
{
	struct order o = { .plan = plan };

	if (plan->length < 2)
		return;
	if (!find_entangled(&o) || !cut_all(&o) || !sort_places(&o))
		sort_plainly(plan);
	free(o.events);
	free(o.entangled);
	free(o.ops);
	free(o.places);
}
