/* SPDX-License-Identifier: ISC */
/* Rates are what the counters say over the time between, by key and not by place;
 * an interface that is made again begins anew; what is on top is what a sort of all
 * would put there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rates.h"

#define SECOND INT64_C(1000000000)

static struct prg_live live_of(unsigned n, uint64_t rx, uint64_t tx)
{
	struct prg_live live = { .present = true, .status = PRG_LIVE_ON, .rx_bytes = rx,
		                 .tx_bytes = tx };

	memcpy(live.public_key.bytes, &n, sizeof(n));
	return live;
}

static struct prg_peer named(unsigned n)
{
	struct prg_peer peer = { .id = n };

	snprintf(peer.name, sizeof(peer.name), "peer%u", n);
	return peer;
}

static const struct rates_peer *add(struct rates *rates, unsigned n, uint64_t rx, uint64_t tx)
{
	struct prg_live live = live_of(n, rx, tx);
	struct prg_peer peer = named(n);

	return rates_add(rates, &live, &peer, NULL);
}

static void over_the_time_between(void **state)
{
	struct rates rates = { .n = 0 };
	const struct rates_peer *peer;

	(void)state;
	rates_begin(&rates, 5 * SECOND);
	assert_false(add(&rates, 1, 1000, 2000)->measured);
	rates_end(&rates);
	assert_false(rates.measured);
	rates_begin(&rates, 7 * SECOND + SECOND / 2);
	peer = add(&rates, 1, 6000, 2000);
	assert_true(peer->measured);
	assert_int_equal(peer->rx_rate, 2000);
	assert_int_equal(peer->tx_rate, 0);
	rates_end(&rates);
	assert_true(rates.measured);
	assert_int_equal(rates.rx_rate, 2000);
	assert_int_equal(rates.of_status[PRG_LIVE_ON], 1);
	rates_done(&rates);
}

/* In one, the other, or both counters. */
static void counters_that_fall(void **state)
{
	static const uint64_t after[][2] = { { 10, 500 }, { 500, 10 }, { 0, 0 } };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct rates rates = { .n = 0 };

		rates_begin(&rates, SECOND);
		add(&rates, 1, 100, 100);
		rates_end(&rates);
		rates_begin(&rates, 2 * SECOND);
		assert_false(add(&rates, 1, after[i][0], after[i][1])->measured);
		rates_end(&rates);
		rates_begin(&rates, 3 * SECOND);
		assert_int_equal(add(&rates, 1, after[i][0] + 7, after[i][1])->rx_rate, 7);
		rates_end(&rates);
		rates_done(&rates);
	}
}

/* Out of the interface and back, or out of the register and back. */
static void absence(void **state)
{
	struct rates rates = { .n = 0 };
	struct prg_live gone = live_of(1, 0, 0);
	struct prg_peer peer = named(1);

	(void)state;
	gone.present = false;
	rates_begin(&rates, SECOND);
	add(&rates, 1, 0, 0);
	add(&rates, 2, 0, 0);
	rates_end(&rates);
	rates_begin(&rates, 2 * SECOND);
	assert_false(rates_add(&rates, &gone, &peer, NULL)->measured);
	rates_end(&rates);
	assert_int_equal(rates.n, 1);
	rates_begin(&rates, 3 * SECOND);
	assert_false(add(&rates, 1, 9, 9)->measured);
	assert_false(add(&rates, 2, 9, 9)->measured);
	rates_end(&rates);
	rates_done(&rates);
}

/* A look that ended half way: the next rate is over the time since a peer was seen. */
static void half_a_round(void **state)
{
	struct rates rates = { .n = 0 };

	(void)state;
	rates_begin(&rates, SECOND);
	add(&rates, 1, 0, 0);
	add(&rates, 2, 0, 0);
	rates_end(&rates);
	rates_begin(&rates, 2 * SECOND);
	add(&rates, 1, 100, 0);
	rates_begin(&rates, 3 * SECOND);
	assert_int_equal(add(&rates, 1, 300, 0)->rx_rate, 200);
	assert_int_equal(add(&rates, 2, 300, 0)->rx_rate, 150);
	rates_end(&rates);
	assert_int_equal(rates.n, 2);
	rates_done(&rates);
}

static void the_past_is_a_ring(void **state)
{
	struct rates rates = { .n = 0 };
	uint64_t bytes = 0;

	(void)state;
	for (unsigned i = 0; i < 3 * RATES_KEPT; i++) {
		rates_begin(&rates, (int64_t)i * SECOND);
		bytes += i % 5 ? i : 0;
		add(&rates, 1, bytes, 0);
		rates_end(&rates);
		for (unsigned ago = 0; ago < RATES_KEPT; ago++) {
			unsigned then = i - ago;
			float want = ago > i || then % 5 == 0 ? 0.f : (float)then;

			assert_true(rates_past(&rates, &rates.peers[0], ago) == want);
		}
		assert_true(rates_past(&rates, &rates.peers[0], RATES_KEPT) == 0);
	}
	rates_done(&rates);
}

static enum rates_order sort_order;

static int reference(const void *a, const void *b)
{
	const struct rates_peer *x = *(const struct rates_peer *const *)a;
	const struct rates_peer *y = *(const struct rates_peer *const *)b;
	uint64_t left = x->rx_bytes + x->tx_bytes, right = y->rx_bytes + y->tx_bytes;

	if (sort_order == RATES_ACTIVITY) {
		left = x->rx_rate + x->tx_rate;
		right = y->rx_rate + y->tx_rate;
		if (left == right) {
			left = (uint64_t)x->latest_handshake_at;
			right = (uint64_t)y->latest_handshake_at;
		}
	}
	if (sort_order != RATES_NAME && left != right)
		return left < right ? 1 : -1;
	return strcmp(x->name, y->name);
}

static void check_top(const struct rates *rates)
{
	const struct rates_peer **all = calloc(rates->n, sizeof(*all));
	const struct rates_peer *top[50];

	assert_non_null(all);
	for (size_t i = 0; i < rates->n; i++)
		all[i] = &rates->peers[i];
	for (sort_order = 0; sort_order < RATES_ORDERS; sort_order++) {
		qsort(all, rates->n, sizeof(*all), reference);
		for (size_t n = 0; n <= 50; n += 7) {
			size_t found = rates_top(rates, sort_order, top, n);

			assert_int_equal(found, n < rates->n ? n : rates->n);
			for (size_t i = 0; i < found; i++)
				assert_ptr_equal(top[i], all[i]);
		}
	}
	free(all);
}

/* Random comings and goings against a table by number. */
static void many(void **state)
{
	enum { MOST = 3000, ROUNDS = 12 };
	static uint64_t bytes[MOST];
	static bool was[MOST], is[MOST];
	struct rates rates = { .n = 0 };
	unsigned seed = 1;

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		size_t n = 0;

		rates_begin(&rates, round * SECOND);
		for (unsigned i = 0; i < MOST; i++) {
			struct prg_live live;
			struct prg_peer peer = named(i);
			unsigned more = rand_r(&seed) % 8 ? 0 : (unsigned)rand_r(&seed) % 1000;
			const struct rates_peer *got;

			was[i] = is[i];
			is[i] = rand_r(&seed) % 16 != 0;
			if (!is[i])
				continue;
			n++;
			bytes[i] += more;
			live = live_of(i, bytes[i], 0);
			live.latest_handshake_at = rand_r(&seed) % 50;
			got = rates_add(&rates, &live, &peer, NULL);
			assert_int_equal(got->measured, was[i]);
			assert_int_equal(got->rx_rate, was[i] ? more : 0);
		}
		rates_end(&rates);
		assert_int_equal(rates.n, n);
		check_top(&rates);
	}
	rates_done(&rates);
}

/* The same peer has another name, or none. */
static void renamed(void **state)
{
	struct rates rates = { .n = 0 };
	struct prg_live live = live_of(1, 0, 0);
	struct prg_peer other = named(7);

	(void)state;
	rates_begin(&rates, SECOND);
	add(&rates, 1, 0, 0);
	rates_end(&rates);
	rates_begin(&rates, 2 * SECOND);
	assert_string_equal(rates_add(&rates, &live, &other, "192.0.2.1:1")->name, "peer7");
	rates_end(&rates);
	assert_string_equal(rates.peers[0].endpoint, "192.0.2.1:1");
	rates_begin(&rates, 3 * SECOND);
	assert_null(rates_add(&rates, &live, NULL, NULL)->name);
	rates_end(&rates);
	assert_null(rates.peers[0].endpoint);
	rates_done(&rates);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(over_the_time_between), cmocka_unit_test(counters_that_fall),
		cmocka_unit_test(absence),               cmocka_unit_test(half_a_round),
		cmocka_unit_test(the_past_is_a_ring),    cmocka_unit_test(many),
		cmocka_unit_test(renamed),
	};

	return cmocka_run_group_tests_name("rates", tests, NULL, NULL);
}
