/* SPDX-License-Identifier: ISC */
#include "problem.h"

#include <stdio.h>

#include "base/error.h"

void prg_problems_add(struct prg_problems *problems, int code, unsigned line, unsigned column,
                      const char *reason)
{
	struct prg_problem problem = { .line = line, .column = column, .code = code,
		                       .reason = reason };

	if (problems->n++ == 0) {
		problems->code = code;
		problems->line = line;
		problems->column = column;
		snprintf(problems->first, sizeof(problems->first), "%s", reason);
	}
	if (code == PRG_E_CONFLICT)
		problems->code = code;
	if (problems->fn != NULL)
		problems->fn(problems->context, &problem);
}

int prg_problems_error(const struct prg_problems *problems, struct prg_error *err)
{
	char more[64] = "";

	if (problems->n == 0)
		return 0;
	if (problems->n > 1)
		snprintf(more, sizeof(more), " (and %zu more)", problems->n - 1);
	if (problems->line == 0)
		return prg_error_set(err, problems->code, "%s%s", problems->first, more);
	if (problems->column == 0)
		return prg_error_set(err, problems->code, "line %u: %s%s", problems->line,
		                     problems->first, more);
	return prg_error_set(err, problems->code, "line %u, column %u: %s%s", problems->line,
	                     problems->column, problems->first, more);
}
