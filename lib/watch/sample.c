/* SPDX-License-Identifier: ISC */
/*
 * Watching for a while where each key is used from. One device that moves leaves an
 * endpoint for good; two that share a key make it go to and fro. Where they are is
 * kept in memory only, as keyed hashes, and goes with the sample.
 *
 * Memory, a peer with an endpoint: 24 bytes a slot, twice as many slots as peers at
 * least; and 180 for one whose endpoint changed. A dump takes at most a fifth of the
 * time, so that the kernel is not kept busy where there are many peers.
 */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "watch/findings.h"

#define PAUSE_MS 250
#define LOAD 5        /* one part in so many */
#define SLICE_MS 100  /* between two questions whether to go on */
#define RETURNS 2     /* back to an earlier endpoint so often: two devices */
#define REMEMBERED 16 /* endpoints of one that moves */

/* One whose endpoint changed. */
struct mover {
	struct prg_public_key key;
	uint64_t seen[REMEMBERED];
	unsigned n_seen, returns;
	uint64_t switches;
};

struct slot {
	uint64_t key;      /* its first bytes: they are uniform; 0: free */
	uint64_t endpoint;
	uint32_t mover;    /* index + 1 */
};

struct sample {
	unsigned char hash_key[crypto_shorthash_KEYBYTES];
	struct slot *slots;
	size_t n, n_slots;
	struct mover *movers;
	size_t n_movers, capacity;
};

static void sample_done(struct sample *s)
{
	if (s->slots != NULL)
		prg_wipe(s->slots, s->n_slots * sizeof(*s->slots));
	free(s->slots);
	free(s->movers);
	prg_wipe(s->hash_key, sizeof(s->hash_key));
}
#define SAMPLE PRG_CLEANUP(sample_done) struct sample

static uint64_t hash_endpoint(const struct sample *s, const struct prg_wg_endpoint *endpoint)
{
	unsigned char bytes[1 + 16 + 2 + 4], hash[crypto_shorthash_BYTES];
	uint64_t ret;

	bytes[0] = endpoint->addr.family;
	memcpy(bytes + 1, endpoint->addr.bytes, 16);
	memcpy(bytes + 17, &endpoint->port, 2);
	memcpy(bytes + 19, &endpoint->scope, 4);
	crypto_shorthash(hash, bytes, sizeof(bytes), s->hash_key);
	memcpy(&ret, hash, sizeof(ret));
	return ret;
}

static struct slot *slot_of(const struct slot *slots, size_t n_slots, uint64_t key)
{
	size_t at = key % n_slots;

	while (slots[at].key != 0 && slots[at].key != key)
		at = (at + 1) % n_slots;
	return (struct slot *)(uintptr_t)&slots[at];
}

static int make_room(struct sample *s, struct prg_error *err)
{
	size_t n_slots = s->n_slots ? 2 * s->n_slots : 64, i;
	struct slot *slots;

	if (2 * (s->n + 1) <= s->n_slots)
		return 0;
	slots = calloc(n_slots, sizeof(*slots));
	if (slots == NULL)
		return prg_error_nomem(err);
	for (i = 0; i < s->n_slots; i++)
		if (s->slots[i].key != 0)
			*slot_of(slots, n_slots, s->slots[i].key) = s->slots[i];
	free(s->slots);
	s->slots = slots;
	s->n_slots = n_slots;
	return 0;
}

static int make_mover(struct sample *s, struct slot *slot, const struct prg_public_key *key,
                      struct prg_error *err)
{
	if (s->n_movers == s->capacity) {
		size_t capacity = s->capacity ? 2 * s->capacity : 16;
		struct mover *grown = capacity < UINT32_MAX
		                              ? reallocarray(s->movers, capacity, sizeof(*grown))
		                              : NULL;

		if (grown == NULL)
			return prg_error_nomem(err);
		s->movers = grown;
		s->capacity = capacity;
	}
	s->movers[s->n_movers] = (struct mover){ .key = *key, .seen = { slot->endpoint },
		                                 .n_seen = 1 };
	slot->mover = (uint32_t)++s->n_movers;
	return 0;
}

static void move_to(struct mover *mover, uint64_t endpoint)
{
	unsigned i;

	mover->switches++;
	for (i = 0; i < mover->n_seen && mover->seen[i] != endpoint; i++)
		;
	if (i < mover->n_seen) {
		mover->returns++;
		return;
	}
	if (mover->n_seen == REMEMBERED)
		memmove(mover->seen, mover->seen + 1,
		        --mover->n_seen * sizeof(mover->seen[0]));
	mover->seen[mover->n_seen++] = endpoint;
}

/* None, or one that was forgotten on purpose. */
static bool nowhere(const struct prg_wg_endpoint *endpoint)
{
	return endpoint->addr.family == 0 || prg_wg_endpoint_equal(endpoint, &prg_wg_nowhere);
}

static int on_peer(void *context, const struct prg_wg_peer *peer, struct prg_error *err)
{
	struct sample *s = context;
	struct slot *slot;
	uint64_t key, endpoint;
	int rc;

	if (nowhere(&peer->endpoint))
		return 0;
	rc = make_room(s, err);
	if (rc < 0)
		return rc;
	memcpy(&key, peer->public_key.bytes, sizeof(key));
	key += key == 0;
	endpoint = hash_endpoint(s, &peer->endpoint);
	slot = slot_of(s->slots, s->n_slots, key);
	if (slot->key == 0) {
		*slot = (struct slot){ .key = key, .endpoint = endpoint };
		s->n++;
		return 0;
	}
	if (slot->endpoint == endpoint)
		return 0;
	if (slot->mover == 0)
		rc = make_mover(s, slot, &peer->public_key, err);
	if (rc < 0)
		return rc;
	move_to(&s->movers[slot->mover - 1], endpoint);
	slot->endpoint = endpoint;
	return 0;
}

static int on_device(void *context, const struct prg_wg_device *device, struct prg_error *err)
{
	(void)context;
	(void)device;
	(void)err;
	return 0;
}

/* False: somebody has had enough. */
static bool wait_until(int64_t next, int64_t end, prg_sampling_fn *sampling, void *context)
{
	for (;;) {
		int64_t now = prg_clock_monotonic_ms(), left = (end < next ? end : next) - now;

		if (sampling != NULL && !sampling(context, end > now ? (end - now + 999) / 1000 : 0))
			return false;
		if (left <= 0)
			return true;
		prg_clock_sleep_ms(left < SLICE_MS ? (unsigned)left : SLICE_MS);
	}
}

static int watch(struct prg_look *look, struct sample *s, int64_t seconds,
                 prg_sampling_fn *sampling, void *context, int64_t *ret_ms,
                 struct prg_error *err)
{
	const struct prg_observer observer = { .context = s, .device = on_device,
		                               .peer = on_peer };
	int64_t begin = prg_clock_monotonic_ms(), end = begin + seconds * 1000, now, took;
	PRG_BACKEND *backend = NULL;
	bool interrupted, go_on = true;
	int rc = prg_backend_open(look->reg->backend, look->interface->name, &backend, err);

	while (rc == 0 && go_on && (now = prg_clock_monotonic_ms()) < end) {
		rc = prg_backend_observe(backend, &observer, &interrupted, err);
		took = prg_clock_monotonic_ms() - now;
		if (rc == 0)
			go_on = wait_until(now + (took * LOAD > PAUSE_MS ? took * LOAD : PAUSE_MS),
			                   end, sampling, context);
	}
	*ret_ms = prg_clock_monotonic_ms() - begin;
	return rc;
}

static int tell(struct prg_look *look, const struct mover *mover, int64_t ms,
                struct prg_error *err)
{
	PRG_PEER *peer = NULL;
	struct prg_subject subject = { .key = &mover->key };
	char what[120];
	int rc = prg_store_peer_by_key(look->reg->store, look->interface->id, &mover->key, &peer,
	                               err);

	if (rc == PRG_E_NOT_FOUND) /* a finding of its own */
		return 0;
	if (rc < 0)
		return rc;
	subject.peer = peer->name;
	snprintf(what, sizeof(what),
	         "is used from two places at once: its endpoint went to and fro %llu times in "
	         "%lld s", (unsigned long long)mover->switches, (long long)(ms + 500) / 1000);
	return prg_findings_add(look->findings, PRG_SEVERITY_WARNING, PRG_F_SHARED_KEY, &subject,
	                        what, "several devices share one config, or somebody has a copy "
	                              "of it: new keys cut all of them off, and each device "
	                              "wants a peer of its own",
	                        prg_findings_command(look->findings, "rotate %s", peer->name), err);
}

int prg_findings_sample(struct prg_look *look, int64_t seconds, prg_sampling_fn *sampling,
                        void *context, struct prg_error *err)
{
	SAMPLE s = { .n = 0 };
	int64_t ms = 0;
	size_t i;
	int rc;

	crypto_shorthash_keygen(s.hash_key);
	rc = watch(look, &s, seconds, sampling, context, &ms, err);
	for (i = 0; i < s.n_movers && rc == 0; i++)
		if (s.movers[i].returns >= RETURNS)
			rc = tell(look, &s.movers[i], ms, err);
	return rc;
}
