/* SPDX-License-Identifier: ISC */
#include "plan/diff.h"

#include <sodium.h>
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

	return sodium_memcmp(a ? a->bytes : none.bytes, b ? b->bytes : none.bytes,
	                     PRG_KEY_BYTES) == 0;
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
			op.fields = fields_of_new(to);
		else
			op.fields = differing(from, to, flags);
	}
	if (ret_fields != NULL)
		*ret_fields = op.fields;
	if (plan == NULL || (from == NULL && to == NULL))
		return 0;
	if (op.kind == PRG_OP_PEER_SET && op.fields == 0)
		return 0;
	return prg_plan_add(plan, &op, err);
}
