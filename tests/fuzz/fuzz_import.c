/* SPDX-License-Identifier: ISC */
/* Any bytes are refused with a place, or become an import that the register can
 * hold: names that are valid, and names, keys and allowed IPs that are unique; and
 * what is told of it has no control character. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "import/import.h"
#include "model/addr.h"
#include "model/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check_text(const char *text)
{
	size_t length = strlen(text), at = 0, n;
	uint32_t c;

	for (; at < length; at += n) {
		n = prg_utf8_next(text + at, length - at, &c);
		require(n > 0 && !prg_is_control(c));
	}
}

/* What is lost is told by the name of a setting alone. */
static void check_lines(const struct prg_import *import)
{
	for (size_t i = 0; i < import->n_lines; i++) {
		check_text(import->lines[i].what);
		require(import->lines[i].line > 0);
		require(!import->lines[i].lost || strlen(import->lines[i].what) < 80);
		require(!import->lines[i].lost || strchr(import->lines[i].what, '=') == NULL);
	}
}

static bool same_prefix(const struct prg_import_peer *a, const struct prg_import_peer *b)
{
	for (size_t i = 0; i < a->n_allowed_ips && i < 64; i++)
		for (size_t j = 0; j < b->n_allowed_ips && j < 64; j++)
			if (prg_prefix_compare(&a->allowed_ips[i], &b->allowed_ips[j]) == 0)
				return true;
	return false;
}

static void check_peer(const struct prg_import *import, size_t index)
{
	const struct prg_import_peer *peer = &import->peers[index];

	require(prg_name_check(peer->name, NULL) == 0);
	require(peer->line > 0);
	require(peer->note == NULL || strlen(peer->note) <= 1024);
	if (peer->note != NULL)
		check_text(peer->note);
	for (size_t i = 0; i < peer->n_allowed_ips; i++)
		require(peer->allowed_ips[i].length <= prg_addr_bits(&peer->allowed_ips[i].addr));
	for (size_t i = 0; i < index && i < 64; i++) {
		const struct prg_import_peer *other = &import->peers[i];

		require(strcmp(other->name, peer->name) != 0);
		require(memcmp(&other->public_key, &peer->public_key, PRG_KEY_BYTES) != 0);
		require(!same_prefix(other, peer));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct prg_import *import = NULL;
	struct prg_error err = { 0 };
	unsigned line, column;
	int rc = prg_import_config((const char *)data, size, "wg0.conf", &import, &err);

	if (rc < 0) {
		require(import == NULL && rc == PRG_E_USAGE);
		require(sscanf(err.message, "line %u, column %u: ", &line, &column) == 2);
		return 0;
	}
	check_lines(import);
	for (size_t i = 0; i < import->n_peers; i++)
		check_peer(import, i);
	prg_import_free(&import);
	return 0;
}
