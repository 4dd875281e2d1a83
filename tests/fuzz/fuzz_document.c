/* SPDX-License-Identifier: ISC */
/* Any bytes read to a document whose peers keep the register's rules, or are refused
 * with places; and never with a piece of what was read that could be a key. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "import/document.h"
#include "model/addr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* Words of ours are short; a name may be long, but has no such run of base64. */
static void check_words(const char *text)
{
	size_t run = 0;

	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;
		bool base64 = (c | 32) >= 'a' && (c | 32) <= 'z';

		require(c >= ' ' && c != 0x7f);
		run = base64 || (c >= '0' && c <= '9') || c == '+' || c == '/' ? run + 1 : 0;
		require(run < 40);
	}
}

static void on_problem(void *context, const struct prg_problem *problem)
{
	size_t *n = context;

	++*n;
	require(problem->code == PRG_E_USAGE && problem->line > 0 && problem->column > 0);
	check_words(problem->reason);
}

static void check_prefixes(const struct prg_prefix *list, size_t n, bool hosts)
{
	for (size_t i = 0; i < n; i++) {
		struct prg_prefix network = prg_prefix_network(&list[i]);

		require(prg_prefix_compare(&network, &list[i]) == 0);
		require(!hosts || list[i].length == prg_addr_bits(&list[i].addr));
	}
}

static void check_peer(const struct prg_document *d, size_t index)
{
	const struct prg_document_peer *said = &d->peers[index];
	const struct prg_peer *p = said->peer;

	require(said->line > 0 && p->state != PRG_PEER_REVOKED);
	require(prg_document_find_key(d, &p->public_key) == index);
	require(p->name[0] == '\0' || prg_document_find_name(d, p->name) == index);
	require(p->name[0] == '\0' || prg_name_check(p->name, NULL) == 0);
	require(!(said->keep_preshared_key && said->preshared_key != NULL));
	require(p->n_addresses <= PRG_MAX_ADDRESSES && p->n_routes <= PRG_MAX_ROUTES);
	check_prefixes(p->addresses, p->n_addresses, true);
	check_prefixes(p->routes, p->n_routes, false);
	require(p->n_tags <= PRG_MAX_TAGS && p->n_dns <= PRG_MAX_DNS);
	require(p->note == NULL || (p->note[0] != '\0' && strlen(p->note) <= PRG_NOTE_BYTES));
	require(p->expires_at >= 0 && p->created_at >= 0);
	require((p->endpoint.port == 0) == (p->endpoint.host[0] == '\0'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct prg_intent *intent = NULL;
	struct prg_error err = { 0 };
	size_t n = 0;
	int rc;

	if (prg_intent_new(PRG_APPLY, NULL, &intent, NULL) < 0)
		abort();
	prg_intent_set_problems(intent, on_problem, &n);
	rc = prg_intent_read_document(intent, (const char *)data, size, &err);
	require((rc == PRG_E_USAGE) == (n > 0) && (rc == 0 || rc == PRG_E_USAGE));
	require((rc == 0) == (intent->document != NULL));
	if (rc < 0)
		check_words(err.message);
	for (size_t i = 0; rc == 0 && i < intent->document->n_peers; i++)
		check_peer(intent->document, i);
	for (size_t i = 0; rc == 0 && i < intent->document->n_remarks; i++)
		check_words(intent->document->remarks[i]);
	prg_intent_free(&intent);
	return 0;
}
