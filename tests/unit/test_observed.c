/* SPDX-License-Identifier: ISC */
/* What a dump told, packed: it comes out as it went in, in any order, and no more
 * memory is taken than observed.h says. PRG_SEED repeats a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "observed.h"
#include "plan/diff.h"
#include "random_states.h"

static void fill(struct prg_observed *o, struct state *s, bool secrets)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		struct prg_wg_peer *wg = &s->peers[i].wg;

		wg->rx_bytes = draw(1000);
		wg->latest_handshake_at = draw(1000);
		if (draw(2))
			wg->endpoint = (struct prg_wg_endpoint){
				.addr = { .family = draw(2) ? 4 : 6, .bytes = { 192, 0, 2, 1 } },
				.port = (uint16_t)draw(65536), .scope = draw(3) };
		assert_int_equal(prg_observed_add(o, wg, secrets, NULL), 0);
	}
}

static void assert_found(struct prg_observed *o, const struct peer *p, bool secrets)
{
	struct prg_observed_row *row = NULL;
	struct prg_wg_peer wg;
	size_t i;

	assert_int_equal(prg_observed_find(o, &p->wg.public_key, &row, NULL), 0);
	assert_non_null(row);
	assert_int_equal(row->has_preshared_key, p->wg.preshared_key != NULL);
	assert_int_equal(prg_observed_peer(o, row, &wg, NULL), 0);
	assert_memory_equal(&wg.public_key, &p->wg.public_key, sizeof(wg.public_key));
	assert_int_equal(wg.rx_bytes, p->wg.rx_bytes);
	assert_int_equal(wg.latest_handshake_at, p->wg.latest_handshake_at);
	assert_int_equal(wg.keepalive_s, p->wg.keepalive_s);
	assert_int_equal(wg.n_allowed_ips, p->wg.n_allowed_ips);
	for (i = 0; i < wg.n_allowed_ips; i++)
		assert_int_equal(prg_prefix_compare(&wg.allowed_ips[i], &p->ips[i]), 0);
	assert_int_equal(wg.endpoint.addr.family, p->wg.endpoint.addr.family);
	if (wg.endpoint.addr.family != 0)
		assert_true(prg_wg_endpoint_equal(&wg.endpoint, &p->wg.endpoint));
	assert_int_equal(wg.preshared_key != NULL, secrets && p->wg.preshared_key != NULL);
	if (wg.preshared_key != NULL)
		assert_memory_equal(wg.preshared_key, &p->psk, sizeof(p->psk));
}

static void what_goes_in_comes_out(void **state)
{
	static struct state s;
	PRG_OBSERVED o = { 0 };
	unsigned round;
	size_t i;

	(void)state;
	for (round = 0; round < 300; round++) {
		struct prg_public_key stranger = { { 0xee } };
		struct prg_observed_row *row;
		bool secrets = round % 2;

		random_state(&s);
		prg_observed_clear(&o);
		fill(&o, &s, secrets);
		for (i = 0; i < s.n; i++)
			assert_found(&o, &s.peers[i], secrets);
		for (i = s.n; i > 0; i--)
			assert_found(&o, &s.peers[draw((unsigned)s.n)], secrets);
		assert_int_equal(prg_observed_find(&o, &stranger, &row, NULL), 0);
		assert_null(row);
	}
}

static void memory_is_as_stated(void **state)
{
	enum { MANY = 10000 };
	struct prg_prefix ips[2] = { { { 4, { 10 } }, 32 }, { { 6, { 0xfd } }, 128 } };
	struct prg_wg_peer peer = { .allowed_ips = ips, .n_allowed_ips = 2 };
	PRG_OBSERVED o = { 0 };
	struct prg_observed_row *row;
	unsigned i;

	(void)state;
	for (i = 0; i < MANY; i++) {
		memcpy(peer.public_key.bytes, &i, sizeof(i));
		assert_int_equal(prg_observed_add(&o, &peer, false, NULL), 0);
	}
	/* 80 bytes a row, 24 packed, and not a block too many */
	assert_int_equal(sizeof(struct prg_observed_row), 80);
	assert_int_equal(o.n_blocks, (MANY + PRG_OBSERVED_ROWS - 1) / PRG_OBSERVED_ROWS);
	for (i = 1; i < PRG_OBSERVED_ROWS; i++)
		assert_int_equal(prg_observed_row(&o, i)->packed -
		                 prg_observed_row(&o, i - 1)->packed, 24);
	for (i = 0; i < MANY; i++) {
		memcpy(peer.public_key.bytes, &i, sizeof(i));
		assert_int_equal(prg_observed_find(&o, &peer.public_key, &row, NULL), 0);
		assert_ptr_equal(row, prg_observed_row(&o, i));
	}
	assert_null(o.slots); /* in order, nothing is needed to find them */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_goes_in_comes_out),
		cmocka_unit_test(memory_is_as_stated),
	};
	const char *given = getenv("PRG_SEED");

	seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);
	print_message("# PRG_SEED=%u\n", seed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
