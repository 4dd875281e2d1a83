/* SPDX-License-Identifier: ISC */
/* A secret that goes is gone from every byte of the register's files. */
#include "store_fixture.h"

#include "memcheck.h"

#define PEERS_MANY    memcheck_or(2000, 20000)
#define REVOKED_EVERY 20

/* Keys that no other byte of a file is likely to look like. */
static struct prg_preshared_key random_psk(unsigned number)
{
	struct prg_preshared_key psk;
	unsigned char seed[4];

	memcpy(seed, &number, sizeof(seed));
	crypto_generichash(psk.bytes, sizeof(psk.bytes), seed, sizeof(seed), NULL, 0);
	return psk;
}

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, PRG_KEY_BYTES);
}

/* How many of the keys (sorted) stand somewhere in the bytes, whole or in large
 * part: any 16 bytes of a key at its beginning or at its end. */
static unsigned find_keys(struct bytes bytes, struct prg_preshared_key *keys, size_t n, size_t from)
{
	unsigned char halves[PRG_KEY_BYTES];
	unsigned found = 0;
	size_t at, low, high, middle;

	for (at = 0; at + 16 <= bytes.length; at++) {
		memcpy(halves, bytes.data + at, 16);
		for (low = 0, high = n; low < high;) {
			int order;

			middle = (low + high) / 2;
			order = memcmp(keys[middle].bytes + from, halves, 16);
			if (order == 0) {
				found++;
				break;
			}
			if (order < 0)
				low = middle + 1;
			else
				high = middle;
		}
	}
	return found;
}

static int by_tail(const void *a, const void *b)
{
	return memcmp((const unsigned char *)a + 16, (const unsigned char *)b + 16, 16);
}

static unsigned sweep(struct fixture *f, struct prg_preshared_key *keys, size_t n)
{
	static const char *const suffixes[] = { "", "-wal", "-shm" };
	unsigned found = 0;
	size_t i;

	for (i = 0; i < 3; i++) {
		char path[120];
		struct bytes bytes;

		snprintf(path, sizeof(path), "%s%s", f->path, suffixes[i]);
		bytes = slurp(path);
		qsort(keys, n, sizeof(*keys), by_bytes);
		found += find_keys(bytes, keys, n, 0);
		qsort(keys, n, sizeof(*keys), by_tail);
		found += find_keys(bytes, keys, n, 16);
		free(bytes.data);
	}
	return found;
}

static void revoke_one(struct fixture *f, int64_t id)
{
	struct prg_peer *peer = NULL;

	OK(f, prg_store_peer_by_id(f->store, id, &peer, &f->err));
	assert_true(peer->has_preshared_key);
	OK(f, prg_store_peer_revoke(f->store, peer, NOW, NOW + 60, &f->err));
	prg_peer_free(&peer);
}

static void test_no_byte_of_a_revoked_secret(void **state)
{
	struct fixture *f = *state;
	struct prg_preshared_key *live = calloc(PEERS_MANY, sizeof(*live));
	struct prg_preshared_key *gone = calloc(PEERS_MANY, sizeof(*gone));
	size_t n_live = 0, n_gone = 0;
	int64_t interface_id, first = 0;
	enum prg_erased done = PRG_ERASED_READER;
	unsigned i;

	assert_true(live != NULL && gone != NULL);
	OK(f, prg_store_open(f->path, PRG_OPEN_CREATE, WAIT_MS, &f->store, &f->err));
	OK(f, prg_store_begin(f->store, &f->err));
	interface_id = add_interface(f, "wg0");
	for (i = 0; i < PEERS_MANY; i++) {
		struct prg_preshared_key psk = random_psk(i);
		char name[32];
		int64_t id;

		snprintf(name, sizeof(name), "p%u", i);
		id = add_peer(f, interface_id, name, i, &psk);
		first = first ? first : id;
		if (i % 500 == 0) { /* many transactions, as in life */
			OK(f, prg_store_commit(f->store, &f->err));
			OK(f, prg_store_begin(f->store, &f->err));
		}
		if (i % REVOKED_EVERY == 7)
			gone[n_gone++] = psk;
		else
			live[n_live++] = psk;
	}
	OK(f, prg_store_commit(f->store, &f->err));
	assert_true(sweep(f, gone, n_gone) >= 2 * n_gone);
	OK(f, prg_store_begin(f->store, &f->err));
	for (i = 7; i < PEERS_MANY; i += REVOKED_EVERY)
		revoke_one(f, first + i);
	OK(f, prg_store_commit(f->store, &f->err));
	assert_true(sweep(f, gone, n_gone) > 0); /* still in the WAL or behind it */
	OK(f, prg_store_erase(f->store, &done, &f->err));
	assert_int_equal(done, PRG_ERASED);
	assert_int_equal(sweep(f, gone, n_gone), 0);
	prg_store_close(&f->store);
	assert_int_equal(sweep(f, gone, n_gone), 0);
	assert_int_equal(sweep(f, live, n_live), 2 * n_live); /* once each: no stray copy */
	free(live);
	free(gone);
}

static void test_a_changed_secret_is_gone_too(void **state)
{
	struct fixture *f = *state;
	struct prg_preshared_key psks[3] = { random_psk(1), random_psk(2), random_psk(3) };
	struct prg_private_key keys[2];
	struct prg_interface *interface = NULL;
	struct prg_preshared_key want[5];
	int64_t interface_id, a, b, c;
	enum prg_erased done = PRG_ERASED_READER;

	memcpy(keys, (struct prg_preshared_key[]){ random_psk(10), random_psk(11) }, sizeof(keys));
	OK(f, prg_store_open(f->path, PRG_OPEN_CREATE, WAIT_MS, &f->store, &f->err));
	OK(f, prg_store_begin(f->store, &f->err));
	interface_id = add_interface(f, "wg0");
	a = add_peer(f, interface_id, "a", 1, &psks[0]);
	b = add_peer(f, interface_id, "b", 2, &psks[1]);
	c = add_peer(f, interface_id, "c", 3, &psks[2]);
	OK(f, prg_store_interface(f->store, "wg0", &interface, &f->err));
	OK(f, prg_store_interface_update(f->store, interface, &keys[0], &f->err));
	OK(f, prg_store_commit(f->store, &f->err));
	OK(f, prg_store_begin(f->store, &f->err));
	OK(f, prg_store_interface_update(f->store, interface, &keys[1], &f->err));
	OK(f, prg_store_peer_set_psk(f->store, a, NULL, &f->err));
	OK(f, prg_store_peer_set_psk(f->store, b, &psks[0], &f->err)); /* b's is a's now */
	OK(f, prg_store_commit(f->store, &f->err));
	OK(f, prg_store_erase(f->store, &done, &f->err));
	assert_int_equal(done, PRG_ERASED);
	memcpy(want, (struct prg_preshared_key[]){ random_psk(2), random_psk(10) },
	       2 * sizeof(*want));
	assert_int_equal(sweep(f, want, 2), 0);
	memcpy(want, (struct prg_preshared_key[]){ random_psk(1), random_psk(3), random_psk(11) },
	       3 * sizeof(*want));
	assert_int_equal(sweep(f, want, 3), 2 * 3);
	OK(f, prg_store_begin(f->store, &f->err));
	OK(f, prg_store_interface_delete(f->store, interface_id, &f->err));
	OK(f, prg_store_commit(f->store, &f->err));
	OK(f, prg_store_erase(f->store, &done, &f->err));
	assert_int_equal(done, PRG_ERASED);
	assert_int_equal(sweep(f, want, 3), 0);
	prg_interface_free(&interface);
	(void)c;
}

static void test_a_reader_delays_the_erasure(void **state)
{
	struct fixture *f = *state;
	struct prg_preshared_key psk = random_psk(5);
	struct prg_store *reader = NULL;
	int64_t interface_id, id;
	enum prg_erased done = PRG_ERASED;

	OK(f, prg_store_open(f->path, PRG_OPEN_CREATE, 20, &f->store, &f->err));
	OK(f, prg_store_begin(f->store, &f->err));
	interface_id = add_interface(f, "wg0");
	id = add_peer(f, interface_id, "a", 1, &psk);
	OK(f, prg_store_commit(f->store, &f->err));
	OK(f, prg_store_open(f->path, PRG_OPEN_READ, 20, &reader, &f->err));
	OK(f, prg_store_begin_read(reader, &f->err));
	OK(f, prg_store_begin(f->store, &f->err));
	revoke_one(f, id);
	OK(f, prg_store_commit(f->store, &f->err));
	OK(f, prg_store_erase(f->store, &done, &f->err));
	assert_int_equal(done, PRG_ERASED_READER);
	assert_true(sweep(f, &psk, 1) > 0);
	assert_int_equal(raw_number(f->path, "SELECT count(*) FROM pending WHERE kind = 4"), 1);
	prg_store_rollback(reader);
	OK(f, prg_store_erase(f->store, &done, &f->err));
	assert_int_equal(done, PRG_ERASED);
	assert_int_equal(sweep(f, &psk, 1), 0);
	assert_int_equal(raw_number(f->path, "SELECT count(*) FROM pending"), 0);
	prg_store_close(&reader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FILE_TEST(test_no_byte_of_a_revoked_secret),
		FILE_TEST(test_a_changed_secret_is_gone_too),
		FILE_TEST(test_a_reader_delays_the_erasure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
