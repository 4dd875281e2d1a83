/* SPDX-License-Identifier: ISC */
#include "plan/diff.h"

#include <string.h>

#include "base/error.h"
#include "model/addr.h"

bool prg_diff_same_prefixes(const struct prg_prefix *a, size_t n_a, const struct prg_prefix *b,
                            size_t n_b)
{
	enum { SMALL = 16 };
	struct prg_prefix small[2 * SMALL], *both = small;
	size_t i;
	bool same = true;

	if (n_a != n_b)
		return false;
	for (i = 0; i < n_a && prg_prefix_compare(&a[i], &b[i]) == 0; i++)
		;
	if (i == n_a)
		return true;
	if (n_a > SMALL) {
		both = reallocarray(NULL, 2 * n_a, sizeof(*both));
		if (both == NULL)
			return false; /* sending them again is harmless */
	}
	memcpy(both, a, n_a * sizeof(*a));
	memcpy(both + n_a, b, n_a * sizeof(*b));
	qsort(both, n_a, sizeof(*both), prg_prefix_order);
	qsort(both + n_a, n_a, sizeof(*both), prg_prefix_order);
	for (i = 0; i < n_a && same; i++)
		same = prg_prefix_compare(&both[i], &both[n_a + i]) == 0;
	if (both != small)
		free(both);
	return same;
}

static bool same_preshared_key(const struct prg_preshared_key *a,
                               const struct prg_preshared_key *b)
{
	static const struct prg_preshared_key none;

	return prg_secret_equal(a ? a->bytes : none.bytes, b ? b->bytes : none.bytes);
}

static unsigned differing(const struct prg_wg_peer *from, const struct prg_wg_peer *to,
                          unsigned flags)
{
	unsigned fields = 0;

	if (!same_preshared_key(from->preshared_key, to->preshared_key))
		fields |= PRG_OF_PRESHARED_KEY;
	if (from->keepalive_s != to->keepalive_s)
		fields |= PRG_OF_KEEPALIVE;
	if (to->endpoint.addr.family != 0 &&
	    (from->endpoint.addr.family == 0 ||
	     ((flags & PRG_DIFF_DESIRES) && !prg_wg_endpoint_equal(&from->endpoint, &to->endpoint))))
		fields |= PRG_OF_ENDPOINT;
	if (!prg_diff_same_prefixes(from->allowed_ips, from->n_allowed_ips, to->allowed_ips,
	                            to->n_allowed_ips))
		fields |= PRG_OF_ALLOWED_IPS;
	return fields;
}

static unsigned fields_of_new(const struct prg_wg_peer *to)
{
	unsigned fields = PRG_OF_CREATE | PRG_OF_ALLOWED_IPS;

	if (to->preshared_key != NULL)
		fields |= PRG_OF_PRESHARED_KEY;
	if (to->keepalive_s != 0)
		fields |= PRG_OF_KEEPALIVE;
	if (to->endpoint.addr.family != 0)
		fields |= PRG_OF_ENDPOINT;
	return fields;
}

/* Puts those of list that are not in `other` (sorted) first; how many they are. */
static size_t part(const struct prg_prefix *list, size_t n, const struct prg_prefix *other,
                   size_t n_other, struct prg_prefix *ret)
{
	size_t first = 0, last = n, i;

	for (i = 0; i < n; i++) {
		bool common = n_other > 0 && bsearch(&list[i], other, n_other, sizeof(*other),
		                                     prg_prefix_order) != NULL;

		if (!common)
			ret[first++] = list[i];
	}
	/* the common ones keep their order too */
	for (i = n; i > 0 && last > first; i--) {
		bool common = n_other > 0 && bsearch(&list[i - 1], other, n_other, sizeof(*other),
		                                     prg_prefix_order) != NULL;

		if (common)
			ret[--last] = list[i - 1];
	}
	return first;
}

static void sort(struct prg_prefix *list, const struct prg_prefix *from, size_t n)
{
	if (n == 0)
		return;
	memcpy(list, from, n * sizeof(*list));
	qsort(list, n, sizeof(*list), prg_prefix_order);
}

/* An update of allowed IPs: what is gained, what is lost; nothing is replaced
 * where nothing is lost. */
static int add_update(struct prg_plan *plan, struct prg_op *op, const struct prg_wg_peer *from,
                      struct prg_error *err)
{
	struct prg_wg_peer to = *op->peer;
	size_t n_from = from->n_allowed_ips, n_to = to.n_allowed_ips;
	struct prg_prefix *sorted = reallocarray(NULL, 2 * (n_from + n_to) + 1, sizeof(*sorted));
	struct prg_prefix *parted = sorted + n_from + n_to;
	int rc;

	if (sorted == NULL)
		return prg_error_nomem(err);
	sort(sorted, from->allowed_ips, n_from);
	sort(sorted + n_from, to.allowed_ips, n_to);
	op->n_gained = part(to.allowed_ips, n_to, sorted, n_from, parted);
	op->lost = parted + n_to;
	op->n_lost = part(from->allowed_ips, n_from, sorted + n_from, n_to, parted + n_to);
	to.allowed_ips = parted;
	if (op->n_lost == 0) {
		op->fields |= PRG_OF_APPEND;
		to.n_allowed_ips = op->n_gained;
	}
	op->peer = &to;
	rc = prg_plan_add(plan, op, err);
	free(sorted);
	return rc;
}

int prg_diff_peer(struct prg_plan *plan, const struct prg_wg_peer *from,
                  const struct prg_wg_peer *to, unsigned flags, int64_t tag, const char *who,
                  unsigned *ret_fields, struct prg_error *err)
{
	struct prg_op op = { .tag = tag, .who = who };

	if (to == NULL) {
		op.kind = PRG_OP_PEER_REMOVE;
		op.peer = from;
	} else {
		op.kind = PRG_OP_PEER_SET;
		op.peer = to;
		if (flags & PRG_DIFF_ASSERT)
			op.fields = fields_of_new(to) | PRG_OF_PRESHARED_KEY | PRG_OF_KEEPALIVE;
		else if (from == NULL)
			op.fields = fields_of_new(to) |
			            (flags & PRG_DIFF_DESIRES ? 0 : PRG_OF_ABSENT);
		else
			op.fields = differing(from, to, flags);
	}
	if (ret_fields != NULL)
		*ret_fields = op.fields;
	if (plan == NULL || (from == NULL && to == NULL))
		return 0;
	if (op.kind == PRG_OP_PEER_SET && op.fields == 0)
		return 0;
	if (to == NULL) {
		op.lost = from->allowed_ips;
		op.n_lost = from->n_allowed_ips;
	} else if (op.fields & PRG_OF_CREATE) {
		op.n_gained = to->n_allowed_ips;
	} else if (op.fields & PRG_OF_ALLOWED_IPS) {
		return add_update(plan, &op, from, err);
	}
	return prg_plan_add(plan, &op, err);
}
