/* SPDX-License-Identifier: ISC */
/* Any bytes list peers that keep their promises, or are refused, each problem at
 * a place that is there and without a piece of what was read that could be a key. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "intent.h"
#include "model/addr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

struct told {
	unsigned n_lines;
	size_t n, size;
};

static void check_problem(void *context, const struct prg_problem *problem)
{
	static const char base64[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	struct told *told = context;
	size_t run = 0;

	told->n++;
	require(problem->code == PRG_E_USAGE);
	require(problem->line >= 1 && problem->line <= told->n_lines);
	require(problem->column >= 1 && problem->column <= told->size + 1);
	for (const char *c = problem->reason; *c != '\0'; c++) {
		require((unsigned char)*c >= ' ' && *c != 0x7f);
		run = strchr(base64, *c) != NULL ? run + 1 : 0;
		/* a name is checked, and may be as long as it likes */
		require(run < 43 || strncmp(problem->reason, "peer ", 5) == 0);
	}
}

static void check_peer(const struct prg_intent *intent, const struct prg_intent_peer *peer,
                       unsigned n_lines)
{
	const struct prg_values *v = peer->values;

	require(prg_name_check(peer->name, NULL) == 0);
	require(peer->line >= 1 && peer->line <= n_lines);
	require(prg_intent_find(intent, peer->name) == peer);
	if (v == NULL)
		return;
	require(v->mtu == 0 || v->mtu >= 576);
	require(v->n_tags <= PRG_MAX_TAGS && v->n_addresses <= PRG_MAX_ADDRESSES);
	for (size_t i = 0; i < v->n_addresses; i++)
		require(v->addresses[i].length == prg_addr_bits(&v->addresses[i].addr));
	require(v->note == NULL || strlen(v->note) <= PRG_NOTE_BYTES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct prg_intent *intent = NULL;
	struct told told = { .n_lines = 1, .size = size };
	struct prg_error err = { 0 };
	char *copy = malloc(size != 0 ? size : 1);
	int rc;

	if (copy == NULL)
		return 0;
	if (size > 0)
		memcpy(copy, data, size);
	for (size_t i = 0; i < size; i++)
		told.n_lines += data[i] == '\n';
	require(prg_intent_new(PRG_ADD, "wg0", &intent, NULL) == 0);
	prg_intent_set_problems(intent, check_problem, &told);
	rc = prg_intent_read(intent, copy, size, &err);
	free(copy);
	require(rc == 0 || rc == PRG_E_USAGE);
	require((rc == 0) == (intent->n_peers > 0 && told.n == 0));
	for (size_t i = 0; rc == 0 && i < intent->n_peers; i++)
		check_peer(intent, &intent->peers[i], told.n_lines);
	prg_intent_free(&intent);
	return 0;
}
