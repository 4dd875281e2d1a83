/* SPDX-License-Identifier: ISC */
/* A growing list of prefixes. */
#ifndef PRG_BACKEND_PREFIXES_H
#define PRG_BACKEND_PREFIXES_H

#include <stdlib.h>

#include "model/addr.h"

struct prg_prefixes {
	struct prg_prefix *list;
	size_t n, capacity;
};

/* 0 or PRG_E_NOMEM. */
static inline int prg_prefixes_add(struct prg_prefixes *all, const struct prg_prefix *prefix)
{
	if (all->n == all->capacity) {
		size_t more = all->capacity > 0 ? all->capacity * 2 : 8;
		struct prg_prefix *grown = realloc(all->list, more * sizeof(*grown));

		if (grown == NULL)
			return PRG_E_NOMEM;
		all->list = grown;
		all->capacity = more;
	}
	all->list[all->n++] = *prefix;
	return 0;
}

/* Index of an equal one, or all->n. */
static inline size_t prg_prefixes_find(const struct prg_prefixes *all,
                                       const struct prg_prefix *prefix)
{
	size_t i = 0;

	while (i < all->n && prg_prefix_compare(&all->list[i], prefix) != 0)
		i++;
	return i;
}

static inline void prg_prefixes_remove(struct prg_prefixes *all, size_t index)
{
	all->n--;
	for (size_t i = index; i < all->n; i++)
		all->list[i] = all->list[i + 1];
}

static inline void prg_prefixes_done(struct prg_prefixes *all)
{
	free(all->list);
	*all = (struct prg_prefixes){ 0 };
}

/* Hands the list over where rc is 0, else frees it; returns rc. */
static inline int prg_prefixes_give(struct prg_prefixes *all, int rc, struct prg_prefix **ret,
                                    size_t *ret_n)
{
	if (rc != 0) {
		prg_prefixes_done(all);
		return rc;
	}
	*ret = all->list;
	*ret_n = all->n;
	return 0;
}

#endif
