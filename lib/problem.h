/* SPDX-License-Identifier: ISC */
/* Problems of a text that lists peers: each told as it is found, then one error
 * that speaks for all of them. */
#ifndef PRG_PROBLEM_H
#define PRG_PROBLEM_H

#include "peerage.h"

struct prg_problems {
	prg_problem_fn *fn; /* NULL: only counted */
	void *context;
	size_t n;
	int code;           /* PRG_E_CONFLICT where one is, else the first's */
	unsigned line, column;
	char first[768];    /* its reason */
};

/* line 0: not of a text, told without a place. */
void prg_problems_add(struct prg_problems *problems, int code, unsigned line, unsigned column,
                      const char *reason);
/* 0 where there were none, else their code, with words for the first of them. */
int prg_problems_error(const struct prg_problems *problems, struct prg_error *err);

#endif
