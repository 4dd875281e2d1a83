/* SPDX-License-Identifier: ISC */
/*
 * Any text that is encoded stays what it was but for spaces, means the same as a
 * config, and is drawn module for module.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "import/wgconf.h"
#include "../cli/term_image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* What was given and what was encoded, read side by side: only blanks are gone. */
static void check_text(const char *given, size_t length, const char *text)
{
	size_t i = 0;

	for (; *text != '\0'; text++, i++) {
		while (i < length && given[i] != *text && (given[i] == ' ' || given[i] == '\t'))
			i++;
		require(i < length && given[i] == *text);
	}
	for (; i < length; i++)
		require(given[i] == ' ' || given[i] == '\t');
}

static bool same_list(const void *a, const void *b, size_t n_a, size_t n_b, size_t size)
{
	return n_a == n_b && (n_a == 0 || memcmp(a, b, n_a * size) == 0);
}

static void check_meaning(const char *given, size_t length, const char *text)
{
	struct prg_wgconf *before = NULL, *after = NULL;

	if (prg_wgconf_parse(given, length, &before, NULL) < 0)
		return;
	require(prg_wgconf_parse(text, strlen(text), &after, NULL) == 0);
	require(same_list(before->addresses, after->addresses, before->n_addresses,
	                  after->n_addresses, sizeof(*before->addresses)));
	require(same_list(before->dns, after->dns, before->n_dns, after->n_dns,
	                  sizeof(*before->dns)));
	require(before->n_dns_search == after->n_dns_search);
	require(before->listen_port == after->listen_port && before->mtu == after->mtu);
	require(before->fwmark == after->fwmark && before->n_other == after->n_other);
	require(before->n_peers == after->n_peers);
	for (size_t i = 0; i < before->n_peers; i++) {
		const struct prg_wgconf_peer *a = &before->peers[i], *b = &after->peers[i];

		require(memcmp(&a->public_key, &b->public_key, sizeof(a->public_key)) == 0);
		require(a->keepalive_s == b->keepalive_s && a->endpoint.port == b->endpoint.port);
		require(same_list(a->allowed_ips, b->allowed_ips, a->n_allowed_ips,
		                  b->n_allowed_ips, sizeof(*a->allowed_ips)));
	}
	prg_wgconf_free(&before);
	prg_wgconf_free(&after);
}

static void check_half(const struct prg_qr *qr)
{
	struct prg_text *text = NULL;
	struct ti_screen screen;
	unsigned columns, rows;

	prg_qr_cells(qr, PRG_QR_HALF, &columns, &rows);
	require(prg_qr_terminal(qr, PRG_QR_HALF, &text, NULL) == 0);
	screen = ti_read(prg_text_data(text), prg_text_length(text), 0);
	require(screen.used == columns && screen.rows == rows + 1);
	for (unsigned y = 0; y < 2 * rows; y++)
		for (unsigned x = 0; x < columns; x++) {
			const struct ti_cell *cell = &screen.cells[y / 2 * TI_MAX_COLUMNS + x];
			int level = y % 2 == 0 ? cell->ink : cell->paper;

			require(level == (prg_qr_module(qr, x - 2, y - 2) ? 0 : 255));
		}
	ti_done(&screen);
	prg_text_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *given = (const char *)data;
	struct prg_qr *qr = NULL;
	struct prg_error err = { 0 };
	int rc = prg_qr_new(given, size, &qr, &err);

	if (rc < 0) {
		require(rc == PRG_E_USAGE && qr == NULL && err.message[0] != '\0');
		require(size == 0 || size > 2953 || memchr(data, '\0', size) != NULL);
		return 0;
	}
	require(prg_qr_version(qr) >= 1 && prg_qr_version(qr) <= 40);
	require(prg_qr_width(qr) == 17 + 4 * prg_qr_version(qr));
	check_text(given, size, prg_qr_text(qr));
	check_meaning(given, size, prg_qr_text(qr));
	check_half(qr);
	prg_qr_free(&qr);
	return 0;
}
