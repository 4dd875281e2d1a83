/* SPDX-License-Identifier: ISC */
#include "delivery.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define MAX_THREADS 64
#define SLICE ((size_t)16)

int delivery_open(struct delivery *delivery, struct prg_error *err)
{
	const char *slash;
	int code;

	if (delivery->out)
		return stage_open(&delivery->stage, delivery->cli, delivery->out,
		                  strlen(delivery->out), true, err);
	if (!delivery->output)
		return 0;
	slash = strrchr(delivery->output, '/');
	delivery->name = slash ? slash + 1 : delivery->output;
	code = stage_open(&delivery->stage, delivery->cli, delivery->output,
	                  (size_t)(delivery->name - delivery->output), false, err);
	return code ? code : stage_check(&delivery->stage, delivery->name, err);
}

/* -------------------------------------------------------------- interruption */

/* What is written holds private keys that no peer has yet: whoever gives up gets rid
 * of them. */
static void hold_signals(struct delivery *delivery)
{
	static const int ends[] = { SIGHUP, SIGINT, SIGTERM };
	struct sigaction action;
	sigset_t before;

	sigemptyset(&delivery->held);
	(void)pthread_sigmask(SIG_SETMASK, NULL, &before);
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		if (sigaction(ends[i], NULL, &action) == 0 && action.sa_handler == SIG_DFL &&
		    !sigismember(&before, ends[i]))
			sigaddset(&delivery->held, ends[i]);
	(void)pthread_sigmask(SIG_BLOCK, &delivery->held, NULL);
	delivery->holds = true;
}

static bool interrupted(const struct delivery *delivery)
{
	sigset_t pending, both;

	if (!delivery->holds || sigpending(&pending) != 0)
		return false;
	sigandset(&both, &pending, &delivery->held);
	return !sigisemptyset(&both);
}

/* A signal that is pending ends the program here. */
static void let_signals_go(struct delivery *delivery)
{
	if (delivery->holds)
		(void)pthread_sigmask(SIG_UNBLOCK, &delivery->held, NULL);
	delivery->holds = false;
}

static const char *nothing(const struct delivery *delivery)
{
	return delivery->rotates ? "nothing was changed" : "nothing was added";
}

/* ---------------------------------------------------------------- names */

enum { CONFIG, CODE, KINDS };

/* The files of a peer; an empty name: none of that kind. */
struct names {
	char name[KINDS][PRG_SLUG_TEXT + 8];
};

static void find_names(const struct delivery *delivery, const struct prg_result *result,
                       struct names *ret)
{
	static const char *const suffixes[] = { [FORM_PNG] = "png", [FORM_SVG] = "svg" };
	char slug[PRG_SLUG_TEXT];

	memset(ret, 0, sizeof(*ret));
	if (result->outcome == PRG_UNCHANGED)
		return;
	prg_name_slug(result->peer->name, slug);
	(void)snprintf(ret->name[CONFIG], sizeof(ret->name[CONFIG]), "%s.conf", slug);
	if (result->private_key)
		(void)snprintf(ret->name[CODE], sizeof(ret->name[CODE]), "%s.%s", slug,
		               suffixes[delivery->onboard->code]);
}

/* Nothing is made while something would be in the way. */
static int check_names(const struct delivery *delivery, const struct prg_report *report,
                       struct prg_error *err)
{
	struct names names;
	int code = 0;

	for (size_t i = 0; !code && i < prg_report_n_results(report); i++) {
		find_names(delivery, prg_report_result(report, i), &names);
		for (size_t kind = 0; !code && kind < KINDS; kind++)
			if (*names.name[kind])
				code = stage_check(&delivery->stage, names.name[kind], err);
	}
	return code;
}

/* ------------------------------------------------------------- rendering */

/* Codes that were left out are noted here, by index. */
struct work {
	struct delivery *delivery;
	const struct prg_report *report;
	bool *without_code;
	_Atomic size_t next, done;
	_Atomic bool failed;
};

struct worker {
	struct work *work;
	pthread_t thread;
	bool main;
	int code;
	struct prg_error err;
};

/* A config that no code can hold is no reason to refuse a thousand others. */
static int write_code(const struct work *work, size_t index, const struct prg_text *config,
                      const char *name, struct prg_error *err)
{
	OWN_QR *qr = NULL;
	OWN_TEXT *image = NULL;
	int code = prg_qr_new(prg_text_data(config), prg_text_length(config), &qr, err);

	if (code == PRG_E_USAGE) {
		work->without_code[index] = true;
		return 0;
	}
	if (!code)
		code = onboard_image(work->delivery->onboard->code, qr, &image, err);
	return code ? code : stage_write(&work->delivery->stage, name, image, err);
}

static int write_set(const struct work *work, size_t index, struct prg_error *err)
{
	const struct prg_result *result = prg_report_result(work->report, index);
	OWN_TEXT *config = NULL;
	struct names names;
	int code;

	find_names(work->delivery, result, &names);
	if (!*names.name[CONFIG])
		return 0;
	code = prg_report_config(work->report, index, &config, err);
	if (!code)
		code = stage_write(&work->delivery->stage, names.name[CONFIG], config, err);
	if (!code && *names.name[CODE])
		code = write_code(work, index, config, names.name[CODE], err);
	return code;
}

static void *run(void *argument)
{
	struct worker *worker = argument;
	struct work *work = worker->work;
	size_t n = prg_report_n_results(work->report), from;

	while (!worker->code && !atomic_load(&work->failed) &&
	       (from = atomic_fetch_add(&work->next, SLICE)) < n) {
		size_t to = from + SLICE < n ? from + SLICE : n;

		for (size_t i = from; i < to && !worker->code; i++)
			worker->code = write_set(work, i, &worker->err);
		atomic_fetch_add(&work->done, to - from);
		if (interrupted(work->delivery))
			atomic_store(&work->failed, true);
		if (worker->main)
			progress_show(work->delivery->progress, "written", atomic_load(&work->done),
			              n);
	}
	if (worker->code)
		atomic_store(&work->failed, true);
	return NULL;
}

static size_t count_threads(size_t n)
{
	cpu_set_t set;
	size_t cores = sched_getaffinity(0, sizeof(set), &set) == 0 ? (size_t)CPU_COUNT(&set) : 1;
	size_t slices = (n + SLICE - 1) / SLICE;

	if (cores > MAX_THREADS)
		cores = MAX_THREADS;
	return cores < slices ? cores : slices;
}

/* What cannot be started is done by those that can. */
static int run_all(struct work *work, struct prg_error *err)
{
	struct worker workers[MAX_THREADS];
	size_t n = count_threads(prg_report_n_results(work->report)), started;

	for (size_t i = 0; i < MAX_THREADS; i++)
		workers[i] = (struct worker){ .work = work, .main = i == 0 };
	for (started = 1; started < n; started++)
		if (pthread_create(&workers[started].thread, NULL, run, &workers[started]) != 0)
			break;
	(void)run(&workers[0]);
	for (size_t i = 1; i < started; i++)
		(void)pthread_join(workers[i].thread, NULL);
	for (size_t i = 0; i < started; i++)
		if (workers[i].code) {
			*err = workers[i].err;
			return err->code;
		}
	return 0;
}

static int note_set(struct work *work, size_t index, struct prg_error *err)
{
	const struct prg_result *result = prg_report_result(work->report, index);
	struct names names;
	int code = 0;

	find_names(work->delivery, result, &names);
	if (work->without_code[index]) {
		names.name[CODE][0] = 0;
		work->delivery->n_without_code++;
	}
	for (size_t kind = 0; !code && kind < KINDS; kind++)
		if (*names.name[kind])
			code = stage_note(&work->delivery->stage, names.name[kind],
			                  &result->peer->public_key, err);
	return code;
}

static int write_sets(struct delivery *delivery, const struct prg_report *report,
                      struct prg_error *err)
{
	size_t n = prg_report_n_results(report);
	OWN_FREE bool *without_code = calloc(n + 1, sizeof(*without_code));
	struct work work = { .delivery = delivery, .report = report,
		             .without_code = without_code };
	int code;

	if (!without_code)
		return say_nomem(err);
	code = check_names(delivery, report, err);
	if (!code)
		code = run_all(&work, err);
	for (size_t i = 0; !code && !interrupted(delivery) && i < n; i++)
		code = note_set(&work, i, err);
	return code;
}

/* ------------------------------------------------------------------- both */

/* The one file of --output. */
static int write_output(struct delivery *delivery, const struct prg_report *report,
                        struct prg_error *err)
{
	const struct prg_result *result = prg_report_result(report, 0);
	OWN_TEXT *config = NULL;
	OWN_TEXT *image = NULL;
	OWN_QR *qr = NULL;
	int code;

	if (result->outcome == PRG_UNCHANGED)
		return 0;
	code = prg_report_config(report, 0, &config, err);
	if (!code && delivery->onboard->file != FORM_CONF) {
		code = prg_qr_new(prg_text_data(config), prg_text_length(config), &qr, err);
		if (!code)
			code = onboard_image(delivery->onboard->file, qr, &image, err);
		if (code)
			return say_wrap(err, "cannot make '%s'", delivery->output);
	}
	if (!code)
		code = stage_write(&delivery->stage, delivery->name, image ? image : config, err);
	if (!code)
		code = stage_note(&delivery->stage, delivery->name, &result->peer->public_key, err);
	return code;
}

int delivery_write(void *context, const struct prg_report *report, struct prg_error *err)
{
	struct delivery *delivery = context;
	int code;

	if (!delivery->out && !delivery->output)
		return 0;
	hold_signals(delivery);
	code = delivery->out ? write_sets(delivery, report, err)
	                     : write_output(delivery, report, err);
	delivery->n_files = delivery->stage.n_files;
	if (!code && delivery->n_files && !interrupted(delivery))
		code = stage_seal(&delivery->stage, prg_report_interface(report)->name, err);
	if (!code && interrupted(delivery))
		code = say_error(err, PRG_E_FAILED, "interrupted");
	delivery->sealed = !code && delivery->n_files;
	progress_clear(delivery->progress);
	if (code)
		return say_append(err, "; %s", nothing(delivery));
	let_signals_go(delivery);
	return 0;
}

int delivery_publish(struct delivery *delivery, struct prg_error *err)
{
	return delivery->n_files ? stage_publish(&delivery->stage, err) : 0;
}

void delivery_fail(struct delivery *delivery, struct prg_error *err)
{
	if (delivery->sealed)
		stage_leave(&delivery->stage, err);
}

void delivery_done(struct delivery *delivery)
{
	char text[64];

	stage_discard(&delivery->stage);
	if (interrupted(delivery)) {
		(void)snprintf(text, sizeof(text), "interrupted: %s", nothing(delivery));
		say_line("peerage: ", text);
	}
	let_signals_go(delivery);
}
