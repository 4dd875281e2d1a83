/* SPDX-License-Identifier: ISC */
/*
 * The order of a plan: at no moment between two operations does an address lead to
 * a peer that it leads to neither before nor after, nor to nobody where somebody
 * has it before and after. On random states whose prefixes nest (PRG_SEED repeats
 * one), carried out one operation at a time on the memory backend.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "backend/memory.h"
#include "model/addr.h"
#include "plan/diff.h"

#define N_KEYS 8
#define N_PREFIXES 24
#define N_SAMPLES 24
#define NOBODY 0

static unsigned seed;
static struct prg_prefix universe[N_PREFIXES];
static struct prg_addr samples[N_SAMPLES];

/* Who has which prefix: a key's number, from 1. */
struct state {
	unsigned owner[N_PREFIXES];
	bool present[N_KEYS + 1];
	uint16_t keepalive_s[N_KEYS + 1];
};

static unsigned draw(unsigned below)
{
	return (unsigned)rand_r(&seed) % below;
}

/* A wide prefix, two in it, two in each of these, two hosts in each of those; and
 * beside each prefix an address that no narrower one holds. */
static void make_universe(void)
{
	size_t n = 0, i;

	for (i = 0; i < 15; i++) {
		struct prg_prefix *p = &universe[n++];
		unsigned level = i == 0 ? 0 : i < 3 ? 1 : i < 7 ? 2 : 3;
		unsigned at = (unsigned)i + 1 - (1u << level);

		*p = (struct prg_prefix){ .addr = { .family = 4, .bytes = { 10 } } };
		p->length = (uint8_t)(level == 3 ? 32 : 8 + 8 * level);
		if (level == 3)
			p->addr.bytes[3] = (uint8_t)(1 + at % 2);
		if (level >= 2)
			p->addr.bytes[2] = (uint8_t)(at >> (level - 2) & 1);
		if (level >= 1)
			p->addr.bytes[1] = (uint8_t)(at >> (level - 1) & 1);
	}
	for (i = 0; i < N_PREFIXES - 15; i++) {
		struct prg_prefix *p = &universe[n++];

		*p = (struct prg_prefix){ .addr = { .family = 6, .bytes = { 0xfd } } };
		p->length = (uint8_t)(i == 0 ? 0 : i == 1 ? 8 : i < 5 ? 64 : 128);
		p->addr.bytes[7] = (uint8_t)(i >= 2 && i < 5 ? i : i >= 5 ? 2 + i % 2 : 0);
		p->addr.bytes[15] = (uint8_t)(i >= 5 ? i : 0);
		if (i == 0)
			p->addr.bytes[0] = 0;
	}
	for (i = 0; i < N_SAMPLES; i++) {
		samples[i] = universe[i].addr;
		if (universe[i].length < prg_addr_bits(&samples[i]))
			samples[i].bytes[prg_addr_size(&samples[i]) - 1] = 99;
		if (universe[i].length < 24 && samples[i].family == 4)
			samples[i].bytes[2] = 99;
		if (universe[i].length < 16)
			samples[i].bytes[samples[i].family == 4 ? 1 : 7] = 99;
		if (universe[i].length == 0)
			samples[i].bytes[0] = 0x20;
	}
}

static struct prg_public_key key_of(unsigned number)
{
	struct prg_public_key key;

	memset(&key, (int)number, sizeof(key));
	return key;
}

/* Few prefixes are free where `crowded`; another state begins from this one. */
static void change_state(struct state *s, unsigned eagerness)
{
	unsigned i;

	for (i = 1; i <= N_KEYS; i++) {
		if (draw(10) < eagerness)
			s->present[i] = draw(3) != 0;
		if (draw(10) < eagerness)
			s->keepalive_s[i] = (uint16_t)draw(3);
	}
	for (i = 0; i < N_PREFIXES; i++) {
		if (draw(10) < eagerness)
			s->owner[i] = draw(N_KEYS + 1);
		if (!s->present[s->owner[i]])
			s->owner[i] = NOBODY;
	}
}

static unsigned leads_to(const struct state *s, const struct prg_addr *address)
{
	unsigned best = NOBODY, i;
	int length = -1;

	for (i = 0; i < N_PREFIXES; i++) {
		if (s->owner[i] == NOBODY || universe[i].length <= length ||
		    !prg_prefix_contains_addr(&universe[i], address))
			continue;
		length = universe[i].length;
		best = s->owner[i];
	}
	return best;
}

static size_t prefixes_of(const struct state *s, unsigned number, struct prg_prefix *ret)
{
	size_t n = 0, i;

	for (i = 0; i < N_PREFIXES; i++)
		if (s->owner[i] == number)
			ret[n++] = universe[i];
	return n;
}

static void make_plan(const struct state *from, const struct state *to, struct prg_plan *plan)
{
	unsigned i;

	for (i = 1; i <= N_KEYS; i++) {
		struct prg_prefix before[N_PREFIXES], after[N_PREFIXES];
		struct prg_wg_peer a = { .public_key = key_of(i), .allowed_ips = before,
			                 .keepalive_s = from->keepalive_s[i] };
		struct prg_wg_peer b = { .public_key = key_of(i), .allowed_ips = after,
			                 .keepalive_s = to->keepalive_s[i] };

		a.n_allowed_ips = prefixes_of(from, i, before);
		b.n_allowed_ips = prefixes_of(to, i, after);
		assert_int_equal(prg_diff_peer(plan, from->present[i] ? &a : NULL,
		                               to->present[i] ? &b : NULL, 0, i, "peer", NULL,
		                               NULL),
		                 0);
	}
	prg_plan_order(plan);
}

static int observe_peer(void *context, const struct prg_wg_peer *peer, struct prg_error *err)
{
	struct state *s = context;
	unsigned number = peer->public_key.bytes[0];
	size_t i, j;

	(void)err;
	s->present[number] = true;
	s->keepalive_s[number] = peer->keepalive_s;
	for (i = 0; i < peer->n_allowed_ips; i++) {
		for (j = 0; j < N_PREFIXES; j++)
			if (prg_prefix_compare(&universe[j], &peer->allowed_ips[i]) == 0)
				break;
		assert_true(j < N_PREFIXES);
		assert_int_equal(s->owner[j], NOBODY);
		s->owner[j] = number;
	}
	return 0;
}

static void observe(struct prg_backend *backend, struct state *ret)
{
	const struct prg_observer observer = { .context = ret, .peer = observe_peer };
	bool interrupted;

	memset(ret, 0, sizeof(*ret));
	assert_int_equal(prg_backend_observe(backend, &observer, &interrupted, NULL), 0);
}

static void check_moment(struct prg_backend *backend, const struct state *from,
                         const struct state *to)
{
	struct state now;
	size_t i;

	observe(backend, &now);
	for (i = 0; i < N_SAMPLES; i++) {
		unsigned owner = leads_to(&now, &samples[i]);
		unsigned before = leads_to(from, &samples[i]);
		unsigned after = leads_to(to, &samples[i]);
		char text[PRG_ADDR_TEXT];

		if (owner == before || owner == after)
			continue;
		prg_addr_format(&samples[i], text);
		fail_msg("%s leads to peer %u; before to %u, after to %u", text, owner, before,
		         after);
	}
}

/* One operation at a time; each tag ends just once, with its last operation. */
static void carry_out(struct prg_backend *backend, const struct state *from,
                      const struct state *to)
{
	PRG_PLAN *plan = NULL;
	bool ended[N_KEYS + 1] = { false };
	struct state now;
	size_t i;

	assert_int_equal(prg_plan_new(&plan, NULL), 0);
	make_plan(from, to, plan);
	for (i = 0; i < prg_plan_length(plan); i++) {
		const struct prg_op *op = &prg_plan_ops(plan)[i];

		assert_false(ended[op->tag]);
		ended[op->tag] = !op->more;
		assert_int_equal(prg_backend_apply(backend, op, 1, NULL, NULL, NULL), 0);
		check_moment(backend, from, to);
	}
	for (i = 0; i < prg_plan_length(plan); i++)
		assert_true(ended[prg_plan_ops(plan)[i].tag]);
	observe(backend, &now);
	for (i = 1; i <= N_KEYS; i++) {
		assert_int_equal(now.present[i], to->present[i]);
		if (now.present[i])
			assert_int_equal(now.keepalive_s[i], to->keepalive_s[i]);
	}
	assert_memory_equal(now.owner, to->owner, sizeof(now.owner));
}

static struct prg_backend *fresh(void)
{
	struct prg_backend *backend = NULL;

	prg_memory_reset();
	assert_int_equal(prg_backend_open(PRG_BACKEND_MEMORY, "wg0", &backend, NULL), 0);
	assert_int_equal(prg_backend_link_create(backend, "", NULL), 0);
	return backend;
}

static void no_packet_goes_astray(void **state)
{
	PRG_BACKEND *backend = fresh();
	struct state from = { 0 }, to = { 0 };
	unsigned round;

	(void)state;
	for (round = 0; round < 2000; round++) {
		change_state(&to, 1 + draw(10));
		carry_out(backend, &from, &to);
		from = to;
	}
	prg_memory_reset();
}

static void from_nothing_to_nothing(void **state)
{
	PRG_BACKEND *backend = fresh();
	const struct state none = { 0 };
	unsigned round;

	(void)state;
	for (round = 0; round < 200; round++) {
		struct state all = { 0 };

		change_state(&all, 10);
		carry_out(backend, &none, &all);
		carry_out(backend, &all, &none);
	}
	prg_memory_reset();
}

/* The operations of a plan between two states, as "kind number" words. */
static void expect(const struct state *from, const struct state *to, const char *expected)
{
	PRG_PLAN *plan = NULL;
	char text[256] = "";
	size_t used = 0, i;

	assert_int_equal(prg_plan_new(&plan, NULL), 0);
	make_plan(from, to, plan);
	for (i = 0; i < prg_plan_length(plan); i++) {
		const struct prg_op *op = &prg_plan_ops(plan)[i];
		const char *what = op->kind == PRG_OP_PEER_REMOVE   ? "remove"
		                   : op->fields & PRG_OF_CREATE     ? "create"
		                   : op->fields & PRG_OF_APPEND     ? "append"
		                   : op->fields & PRG_OF_ALLOWED_IPS ? "replace"
		                                                     : "touch";

		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s %d", i ? ", " : "",
		                         what, op->peer->public_key.bytes[0]);
	}
	assert_string_equal(text, expected);
}

/* Prefixes by what they are: 0 is 10.0.0.0/8, 1 and 2 /16, 3 to 6 /24, 7 on /32. */
static void known_cases(void **state)
{
	struct state none = { 0 }, a = { 0 }, b;

	(void)state;
	a.present[1] = a.present[2] = true;
	a.owner[7] = 1;
	a.owner[9] = 2;
	/* strangers to each other: who is revoked goes first */
	b = a;
	b.present[1] = false;
	b.owner[7] = NOBODY;
	b.present[3] = true;
	b.owner[11] = 3;
	expect(&a, &b, "remove 1, create 3");
	/* the address of the revoked goes to a new one at once */
	b.owner[7] = 3;
	expect(&a, &b, "create 3, remove 1");
	/* one peer's address to another that stays: giving is all it takes */
	b = a;
	b.owner[7] = 2;
	expect(&a, &b, "append 2, touch 1");
	/* swapped */
	b.owner[9] = 1;
	expect(&a, &b, "append 1, append 2");
	/* one more route leaves the rest in place, one less cannot */
	b = a;
	b.owner[5] = 1;
	expect(&a, &b, "append 1");
	expect(&b, &a, "replace 1");
	/* a route round another's address: it comes after the address… */
	b = a;
	b.present[3] = true;
	b.owner[3] = 1;
	b.owner[8] = 3;
	expect(&a, &b, "create 3, append 1");
	/* …and goes before it */
	expect(&b, &a, "replace 1, remove 3");
	/* each has an address in a route of the other: one of the routes goes first */
	b = none;
	b.present[1] = b.present[2] = true;
	b.owner[3] = b.owner[9] = 1;
	b.owner[4] = b.owner[7] = 2;
	expect(&none, &b, "create 1, create 2, append 1, append 2");
	expect(&b, &none, "replace 1, replace 2, remove 1, remove 2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_packet_goes_astray),
		cmocka_unit_test(from_nothing_to_nothing),
		cmocka_unit_test(known_cases),
	};
	const char *given = getenv("PRG_SEED");

	seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);
	print_message("# PRG_SEED=%u\n", seed);
	make_universe();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
