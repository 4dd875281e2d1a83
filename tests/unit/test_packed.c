/* SPDX-License-Identifier: ISC */
/* What a dump told, packed: it comes out as it went in, in any order, who was not met is
 * known, and no more memory is taken than watch/packed.h says. PRG_SEED repeats a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "random_states.h"
#include "watch/packed.h"

/* Of any length in its packed form. */
static uint64_t random_number(void)
{
	uint64_t number = (uint64_t)draw(1u << 31) << 33 | (uint64_t)draw(1u << 31) << 2;

	return draw(4) ? number >> draw(64) : 0;
}

static void fill(struct prg_packed *p, struct state *s)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		struct prg_wg_peer *wg = &s->peers[i].wg;

		wg->rx_bytes = random_number();
		wg->tx_bytes = random_number();
		wg->latest_handshake_at = (int64_t)random_number();
		if (draw(2))
			wg->endpoint = (struct prg_wg_endpoint){
				.addr = { .family = draw(2) ? 4 : 6, .bytes = { 192, 0, 2, 1 } },
				.port = (uint16_t)(1 + draw(65535)), .scope = draw(3) };
		assert_int_equal(prg_packed_add(p, wg, NULL), 0);
	}
}

static void assert_same(const struct prg_live *live, const struct peer *p)
{
	struct prg_endpoint endpoint = { .port = 0 };
	size_t i;

	if (p->wg.endpoint.addr.family != 0)
		prg_wg_endpoint_to(&p->wg.endpoint, &endpoint);
	assert_true(live->present);
	assert_int_equal(live->has_preshared_key, p->wg.preshared_key != NULL);
	assert_true(live->rx_bytes == p->wg.rx_bytes && live->tx_bytes == p->wg.tx_bytes);
	assert_true(live->latest_handshake_at == p->wg.latest_handshake_at);
	assert_int_equal(live->keepalive_s, p->wg.keepalive_s);
	assert_int_equal(live->endpoint.port, endpoint.port);
	assert_string_equal(live->endpoint.host, endpoint.host);
	assert_int_equal(live->n_allowed_ips, p->wg.n_allowed_ips);
	for (i = 0; i < live->n_allowed_ips; i++) {
		assert_int_equal(prg_prefix_compare(&live->allowed_ips[i], &p->ips[i]), 0);
		assert_memory_equal(&live->allowed_ips[i], &p->ips[i], sizeof(p->ips[i]));
	}
}

/* Where two records follow one another, what is read of the first leads to the second. */
static void assert_met(struct prg_packed *packed, const struct peer *p, struct prg_live *live)
{
	uint8_t *record = NULL;

	assert_int_equal(prg_packed_meet(packed, &p->wg.public_key, &record, NULL), 0);
	assert_non_null(record);
	assert_int_equal(prg_packed_read(packed, record, live, NULL), 0);
	assert_same(live, p);
}

static void what_goes_in_comes_out(void **state)
{
	static struct state s;
	static struct prg_live live;
	struct prg_packed packed = { 0 };
	unsigned round;
	size_t i;

	(void)state;
	for (round = 0; round < 300; round++) {
		struct prg_public_key stranger = { { 0xee } };
		uint8_t *record;
		bool unmet;

		random_state(&s);
		prg_packed_clear(&packed);
		fill(&packed, &s);
		for (i = 0; i < s.n; i++)
			assert_met(&packed, &s.peers[i], &live);
		assert_null(packed.slots);
		for (i = s.n; i > 0; i--)
			assert_met(&packed, &s.peers[draw((unsigned)s.n)], &live);
		assert_int_equal(prg_packed_meet(&packed, &stranger, &record, NULL), 0);
		assert_null(record);
		assert_int_equal(packed.n_met, packed.n);
		assert_int_equal(prg_packed_unmet(&packed, &stranger, &unmet, NULL), 0);
		assert_false(unmet);
	}
	prg_packed_done(&packed);
}

static void who_was_not_met_is_known(void **state)
{
	static struct state s;
	static struct prg_live live;
	struct prg_packed packed = { 0 };
	unsigned round;
	size_t i;

	(void)state;
	for (round = 0; round < 300; round++) {
		bool met[MAX_PEERS] = { false }, unmet;
		size_t n_met = 0;

		random_state(&s);
		prg_packed_clear(&packed);
		fill(&packed, &s);
		for (i = 0; i < s.n; i++) {
			size_t one = draw((unsigned)s.n);

			n_met += !met[one];
			met[one] = true;
			assert_met(&packed, &s.peers[one], &live);
		}
		assert_int_equal(packed.n_met, n_met);
		packed.next = packed.first;
		for (i = 0; i < 2 * s.n; i++) {
			const struct peer *p = &s.peers[i % s.n];

			assert_int_equal(prg_packed_unmet(&packed, &p->wg.public_key, &unmet, NULL),
			                 0);
			assert_int_equal(unmet, !met[i % s.n]);
		}
		assert_int_equal(packed.n_met, n_met);
	}
	prg_packed_done(&packed);
}

/* What is kept of a key is of each bit of it, and not the same twice: of two that were
 * taken for one, one would stay unmet. */
static void keys_are_told_apart(void **state)
{
	enum { MANY = PRG_KEY_BYTES * 8 };
	struct prg_packed packed[2] = { { .n = 0 } };
	struct prg_public_key none = { { 0 } };
	uint8_t *record;
	unsigned round, i;

	(void)state;
	for (round = 0; round < 2; round++) {
		struct prg_packed *p = &packed[round];
		struct prg_wg_peer peers[MANY] = { { .keepalive_s = 0 } };

		for (i = 0; i < MANY; i++) {
			peers[i].public_key.bytes[i / 8] = (uint8_t)(1u << i % 8);
			assert_int_equal(prg_packed_add(p, &peers[i], NULL), 0);
		}
		for (i = MANY; i > 0; i--)
			assert_int_equal(prg_packed_meet(p, &peers[i - 1].public_key, &record, NULL),
			                 0);
		assert_int_equal(p->n_met, MANY);
		assert_int_equal(prg_packed_meet(p, &none, &record, NULL), 0);
		assert_null(record);
	}
	assert_memory_not_equal(packed[0].hash, packed[1].hash, sizeof(packed[0].hash));
	prg_packed_done(&packed[0]);
	prg_packed_done(&packed[1]);
}

/* One with more allowed IPs than a block has room for, amid thousands of blocks' worth. */
static void any_size(void **state)
{
	enum { MANY = 120000, HUGE = 70000 };
	struct prg_prefix *ips = calloc(HUGE, sizeof(*ips));
	struct prg_wg_peer peer = { .allowed_ips = ips, .n_allowed_ips = 1 };
	static struct prg_live live;
	struct prg_packed packed = { 0 };
	uint8_t *record;
	unsigned i;

	(void)state;
	assert_non_null(ips);
	for (i = 0; i < HUGE; i++)
		ips[i] = (struct prg_prefix){ { 6, { 0xfd, (uint8_t)i, (uint8_t)(i >> 8) } }, 99 };
	for (i = 0; i < MANY; i++) {
		memcpy(peer.public_key.bytes, &i, sizeof(i));
		peer.n_allowed_ips = i == MANY / 2 ? HUGE : 1;
		assert_int_equal(prg_packed_add(&packed, &peer, NULL), 0);
	}
	for (i = 0; i < MANY; i++) {
		memcpy(peer.public_key.bytes, &i, sizeof(i));
		assert_int_equal(prg_packed_meet(&packed, &peer.public_key, &record, NULL), 0);
		assert_non_null(record);
		assert_int_equal(prg_packed_read(&packed, record, &live, NULL), 0);
		assert_int_equal(live.n_allowed_ips, i == MANY / 2 ? HUGE : 1);
		assert_memory_equal(live.allowed_ips, ips, live.n_allowed_ips * sizeof(*ips));
	}
	assert_null(packed.slots); /* in order, nothing is needed to find them */
	prg_packed_done(&packed);
	free(ips);
}

static void memory_is_as_stated(void **state)
{
	enum { MANY = 10000 };
	struct prg_prefix ips[2] = { { { 4, { 10 } }, 32 }, { { 6, { 0xfd } }, 128 } };
	struct prg_wg_peer peer = { .allowed_ips = ips, .n_allowed_ips = 2 };
	struct prg_packed packed = { 0 };
	static struct prg_live live;
	uint8_t *record;
	unsigned i;

	(void)state;
	for (i = 0; i < MANY; i++) {
		memcpy(peer.public_key.bytes, &i, sizeof(i));
		ips[0].addr.bytes[2] = ips[1].addr.bytes[14] = (uint8_t)(1 + i / 251);
		ips[0].addr.bytes[3] = ips[1].addr.bytes[15] = (uint8_t)(i % 251);
		assert_int_equal(prg_packed_add(&packed, &peer, NULL), 0);
	}
	record = packed.first;
	for (i = 0; i < MANY; i++) {
		assert_non_null(record);
		assert_int_equal(prg_packed_read(&packed, record, &live, NULL), 0);
		/* 10 and, of a network of 65536 addresses, 3 for each */
		if (i > 252 && packed.next != NULL)
			assert_true(packed.next - record <= 10 + 2 * 3);
		record = packed.next;
	}
	assert_null(record);
	prg_packed_done(&packed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_goes_in_comes_out),
		cmocka_unit_test(who_was_not_met_is_known),
		cmocka_unit_test(keys_are_told_apart),
		cmocka_unit_test(any_size),
		cmocka_unit_test(memory_is_as_stated),
	};
	const char *given = getenv("PRG_SEED");

	seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);
	print_message("# PRG_SEED=%u\n", seed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
