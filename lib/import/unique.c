/* SPDX-License-Identifier: ISC */
/* A name for each peer, and no two of one name. */
#include <search.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "import/import.h"
#include "model/name.h"

#define KEY_CHARACTERS 8 /* of a key, enough to tell some thousands of peers apart */

/* The names that are given away; each points into a peer. */
struct names {
	void *tree;
};

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void keep(void *node)
{
	(void)node;
}

static void names_done(struct names *names)
{
	tdestroy(names->tree, keep);
}

static int by_name(const void *a, const void *b, void *context)
{
	const struct prg_import *import = context;
	size_t i = *(const size_t *)a, j = *(const size_t *)b;
	int order = strcmp(import->peers[i].name, import->peers[j].name);

	return order != 0 ? order : i < j ? -1 : 1;
}

static void name_by_key(struct prg_import_peer *peer)
{
	char text[PRG_KEY_TEXT], name[PRG_NAME_BYTES + 1];
	bool same;
	int length;

	prg_public_key_format(&peer->public_key, text);
	length = snprintf(name, sizeof(name), "peer-%.*s", KEY_CHARACTERS, text);
	(void)prg_name_map(name, (size_t)length, peer->name, &same);
}

/* NAME-NUMBER, cut so that both fit and no character is torn. */
static void number(const char *name, size_t n, char ret[PRG_NAME_BYTES + 1])
{
	char end[24];
	size_t tail = (size_t)snprintf(end, sizeof(end), "-%zu", n), length = strlen(name);

	if (length > PRG_NAME_BYTES - tail) {
		length = PRG_NAME_BYTES - tail;
		while (length > 0 && ((unsigned char)name[length] & 0xc0) == 0x80)
			length--;
	}
	memcpy(ret, name, length);
	memcpy(ret + length, end, tail + 1);
}

/* The next free number behind a name; *counter goes along. */
static int give_number(struct names *names, struct prg_import_peer *peer, const char *name,
                       size_t *counter, struct prg_error *err)
{
	char made[PRG_NAME_BYTES + 1];

	do
		number(name, ++*counter, made);
	while (tfind(made, &names->tree, by_text) != NULL);
	strcpy(peer->name, made);
	return tsearch(peer->name, &names->tree, by_text) != NULL ? 0 : prg_error_nomem(err);
}

static int rename_doubles(struct prg_import *import, const size_t *order, struct names *names,
                          struct prg_error *err)
{
	char name[PRG_NAME_BYTES + 1] = "";
	size_t i, counter = 1;
	int rc = 0;

	for (i = 0; i < import->n_peers && rc == 0; i++) {
		struct prg_import_peer *peer = &import->peers[order[i]];

		if (strcmp(peer->name, name) != 0) {
			strcpy(name, peer->name);
			counter = 1;
			continue;
		}
		rc = give_number(names, peer, name, &counter, err);
		if (rc == 0 && peer->line != 0)
			rc = prg_import_tell(import, peer->line, false, err,
			                     "another peer is called %s already: this one is %s now",
			                     name, peer->name);
	}
	return rc;
}

int prg_import_name_all(struct prg_import *import, struct prg_error *err)
{
	PRG_CLEANUP(names_done) struct names names = { NULL };
	PRG_FREE size_t *order = calloc(import->n_peers + 1, sizeof(*order));
	size_t i;

	if (order == NULL)
		return prg_error_nomem(err);
	for (i = 0; i < import->n_peers; i++) {
		order[i] = i;
		if (import->peers[i].name[0] == '\0')
			name_by_key(&import->peers[i]);
	}
	qsort_r(order, import->n_peers, sizeof(*order), by_name, import);
	/* the first of a name keeps it, whatever numbers are given */
	for (i = 0; i < import->n_peers; i++)
		if (tsearch(import->peers[i].name, &names.tree, by_text) == NULL)
			return prg_error_nomem(err);
	return rename_doubles(import, order, &names, err);
}
