/* SPDX-License-Identifier: ISC */
/* Random states of an interface, for what is tested on the memory backend and
 * again on a real kernel. */
#ifndef PRG_TESTS_RANDOM_STATES_H
#define PRG_TESTS_RANDOM_STATES_H

#include <stdlib.h>
#include <string.h>

#include "model/addr.h"
#include "model/wg.h"

#define MAX_PEERS 24
#define MAX_IPS 5
#define POOL 40 /* few addresses, so that they are fought over */

struct peer {
	struct prg_wg_peer wg;
	struct prg_preshared_key psk;
	struct prg_prefix ips[MAX_IPS];
};
struct state {
	struct peer peers[MAX_PEERS];
	size_t n;
};

static unsigned seed;

static unsigned draw(unsigned below)
{
	return (unsigned)rand_r(&seed) % below;
}

/* Hosts, and the networks that they are in. */
static struct prg_prefix random_prefix(unsigned index)
{
	struct prg_prefix p = { .addr = { .family = 4, .bytes = { 10, 0, (uint8_t)(index / 3) } },
		                .length = 32 };

	p.addr.bytes[3] = (uint8_t)(index + 1);

	if (index % 3 == 1) {
		p.addr = (struct prg_addr){ 6, { 0xfd } };
		p.addr.bytes[15] = (uint8_t)index;
		p.length = 128;
	} else if (index % 3 == 2) {
		p.addr.bytes[3] = 0;
		p.length = 24;
	}
	return p;
}

/* Keys from a small set, so that states share peers; each address has one owner. */
static void random_state(struct state *s)
{
	bool taken[POOL] = { false };
	unsigned key;
	size_t i;

	memset(s, 0, sizeof(*s));
	for (key = 0; key < 32 && s->n < MAX_PEERS; key++) {
		struct peer *p = &s->peers[s->n];

		if (draw(3) == 0)
			continue;
		s->n++;
		memset(&p->wg.public_key, (int)key + 1, sizeof(p->wg.public_key));
		if (draw(2)) {
			memset(&p->psk, (int)draw(3) + 1, sizeof(p->psk));
			p->wg.preshared_key = &p->psk;
		}
		p->wg.keepalive_s = draw(2) ? (uint16_t)draw(3) * 25 : 0;
		for (i = draw(MAX_IPS + 1); i > 0; i--) {
			unsigned index = draw(POOL);

			if (taken[index])
				continue;
			taken[index] = true;
			p->ips[p->wg.n_allowed_ips++] = random_prefix(index);
		}
		p->wg.allowed_ips = p->ips;
	}
}

static inline struct peer *find(struct state *s, const struct prg_public_key *key)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (memcmp(&s->peers[i].wg.public_key, key, sizeof(*key)) == 0)
			return &s->peers[i];
	return NULL;
}

#endif
