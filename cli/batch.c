/* SPDX-License-Identifier: ISC */
#include "batch.h"

#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static const char *shown(const struct batch *batch)
{
	return strcmp(batch->path, "-") ? batch->path : "standard input";
}

static void gather(void *context, const struct prg_problem *problem)
{
	struct batch *batch = context;

	if (batch->n_problems < BATCH_TOLD)
		batch->problems[batch->n_problems] = (struct batch_problem){
			problem->line, problem->column, strdup(problem->reason) };
	batch->n_problems++;
}

int batch_read(struct batch *batch, const struct cli *cli, struct prg_intent *intent,
               struct prg_error *err)
{
	struct files_text text = FILES_TEXT_NONE;
	bool exposed;
	int code;

	batch->path = args_value(&cli->args, OPT_FROM);
	if (!batch->path)
		return 0;
	prg_intent_set_problems(intent, gather, batch);
	code = files_read_text(batch->path, &text, &exposed, err);
	if (!code && prg_intent_read(intent, text.data, text.length, err))
		code = batch->n_problems ? err->code : say_wrap(err, "%s", shown(batch));
	files_text_done(&text);
	return code;
}

static int by_line(const void *a, const void *b)
{
	const struct batch_problem *x = a, *y = b;

	return x->line != y->line ? (x->line < y->line ? -1 : 1)
	                          : (x->column > y->column) - (x->column < y->column);
}

static void say_problem(const struct batch *batch, const struct batch_problem *problem)
{
	char text[1200];

	if (problem->column)
		(void)snprintf(text, sizeof(text), "%s: line %u, column %u: %s", shown(batch),
		               problem->line, problem->column,
		               problem->reason ? problem->reason : "");
	else
		(void)snprintf(text, sizeof(text), "%s: line %u: %s", shown(batch), problem->line,
		               problem->reason ? problem->reason : "");
	say_line("", text);
}

static void list_problems(const struct batch *batch, size_t n, struct out *out)
{
	if (out->mode != OUT_JSON)
		return;
	out_list(out, "problems", NULL, 0);
	for (size_t i = 0; i < n; i++) {
		out_row(out);
		out_number(out, "line", batch->problems[i].line);
		if (batch->problems[i].column)
			out_number(out, "column", batch->problems[i].column);
		else
			out_null(out, "column");
		out_text(out, "reason", batch->problems[i].reason);
		out_row_end(out);
	}
	out_list_end(out);
}

int batch_explain(const struct batch *batch, struct cli *cli, struct prg_error *err)
{
	size_t n = batch->n_problems < BATCH_TOLD ? batch->n_problems : BATCH_TOLD;
	struct batch_problem sorted[BATCH_TOLD];
	struct batch told = { .path = batch->path };

	if (!n)
		return err->code;
	memcpy(sorted, batch->problems, sizeof(sorted));
	qsort(sorted, n, sizeof(*sorted), by_line);
	memcpy(told.problems, sorted, sizeof(sorted));
	list_problems(&told, n, &cli->out);
	if (batch->n_problems < 2) {
		(void)say_wrap(err, "%s", shown(batch));
		return err->code;
	}
	for (size_t i = 0; i < n; i++)
		say_problem(batch, &sorted[i]);
	if (batch->n_problems > n) {
		char text[64];

		(void)snprintf(text, sizeof(text), "and %zu more", batch->n_problems - n);
		say_line("", text);
	}
	return say_error(err, err->code, "%s: %zu problems: nothing was added", shown(batch),
	                 batch->n_problems);
}

void batch_done(struct batch *batch)
{
	for (size_t i = 0; i < BATCH_TOLD; i++)
		free(batch->problems[i].reason);
}
