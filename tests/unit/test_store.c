/* SPDX-License-Identifier: ISC */
/* Interfaces, peers and pending rows. */
#include "store_fixture.h"

/* ----------------------------------------------------------------- interfaces */

static struct prg_interface *some_interface(const char *name)
{
	struct prg_interface *i = prg_interface_new();

	assert_non_null(i);
	snprintf(i->name, sizeof(i->name), "%s", name);
	i->public_key = key_of(99);
	i->listen_port = 65535;
	i->mtu = 1280;
	OK(&(struct fixture){ 0 }, prg_endpoint_parse("[2001:db8::1]:443", 0, &i->endpoint, NULL));
	OK(&(struct fixture){ 0 },
	   prg_addr_list_parse("9.9.9.9,2620:fe::fe", true, 9, &i->dns, &i->n_dns, NULL));
	OK(&(struct fixture){ 0 },
	   prg_prefix_list_parse("0.0.0.0/0,::/0", true, false, 9, &i->client_allowed_ips,
	                         &i->n_client_allowed_ips, NULL));
	i->client_keepalive_s = 25;
	strcpy(i->nat, "eth0");
	i->isolate = true;
	i->wanted_up = true;
	i->created_at = NOW;
	i->config_epoch = 7;
	i->stale_after_s = 86400;
	i->scrub_idle_s = 0;
	i->rotate_after_s = 90 * 86400;
	return i;
}

static void same_interface(const struct prg_interface *a, const struct prg_interface *b)
{
	assert_int_equal(a->id, b->id);
	assert_string_equal(a->name, b->name);
	assert_memory_equal(&a->public_key, &b->public_key, sizeof(a->public_key));
	assert_int_equal(a->listen_port, b->listen_port);
	assert_int_equal(a->mtu, b->mtu);
	assert_string_equal(a->endpoint.host, b->endpoint.host);
	assert_int_equal(a->endpoint.port, b->endpoint.port);
	assert_int_equal(a->n_dns, b->n_dns);
	assert_true(a->n_dns == 0 || memcmp(a->dns, b->dns, a->n_dns * sizeof(*a->dns)) == 0);
	assert_int_equal(a->n_client_allowed_ips, b->n_client_allowed_ips);
	assert_true(a->n_client_allowed_ips == 0 ||
	            memcmp(a->client_allowed_ips, b->client_allowed_ips,
	                   a->n_client_allowed_ips * sizeof(struct prg_prefix)) == 0);
	assert_int_equal(a->client_keepalive_s, b->client_keepalive_s);
	assert_string_equal(a->nat, b->nat);
	assert_int_equal(a->isolate, b->isolate);
	assert_int_equal(a->wanted_up, b->wanted_up);
	assert_int_equal(a->created_at, b->created_at);
	assert_int_equal(a->config_epoch, b->config_epoch);
	assert_int_equal(a->stale_after_s, b->stale_after_s);
	assert_int_equal(a->scrub_idle_s, b->scrub_idle_s);
	assert_int_equal(a->rotate_after_s, b->rotate_after_s);
}

static void test_interface_round_trip(void **state)
{
	struct fixture *f = *state;
	struct prg_interface *i = some_interface("wg0"), *again = NULL;
	struct prg_private_key key, other, read;

	memset(&key, 0x48, sizeof(key));
	memset(&other, 0x50, sizeof(other));
	begin(f);
	OK(f, prg_store_interface_insert(f->store, i, &key, &f->err));
	define(f, i->id, "10.8.0.1/24,fd00::1/64");
	commit(f);
	OK(f, prg_store_interface(f->store, "wg0", &again, &f->err));
	same_interface(i, again);
	assert_int_equal(again->n_addresses, 2);
	assert_int_equal(again->addresses[0].addr.bytes[3], 1);
	assert_int_equal(again->addresses[1].length, 64);
	OK(f, prg_store_interface_key(f->store, i->id, &read, &f->err));
	assert_memory_equal(&read, &key, sizeof(key));
	prg_interface_free(&again);

	i->n_dns = 0;
	i->n_client_allowed_ips = 0;
	i->endpoint = (struct prg_endpoint){ 0 };
	i->listen_port = 1;
	i->mtu = 0;
	i->client_keepalive_s = 0;
	i->isolate = i->wanted_up = false;
	strcpy(i->nat, "none");
	i->config_epoch = 8;
	i->public_key = key_of(98);
	begin(f);
	OK(f, prg_store_interface_update(f->store, i, NULL, &f->err));
	OK(f, prg_store_interface_key(f->store, i->id, &read, &f->err));
	assert_memory_equal(&read, &key, sizeof(key));
	OK(f, prg_store_interface_update(f->store, i, &other, &f->err));
	commit(f);
	OK(f, prg_store_interface_only(f->store, &again, &f->err));
	same_interface(i, again);
	assert_int_equal(again->n_addresses, 2);
	OK(f, prg_store_interface_key(f->store, i->id, &read, &f->err));
	assert_memory_equal(&read, &other, sizeof(other));
	prg_interface_free(&again);
	prg_interface_free(&i);
}

static void test_none_one_several(void **state)
{
	struct fixture *f = *state;
	struct prg_interface *i = NULL, **list = NULL;
	struct prg_private_key key = { { 1 } };
	char name[8];
	unsigned k;
	size_t n = 7;

	FAILS(f, PRG_E_NOT_FOUND, "peerage init", prg_store_interface_only(f->store, &i, &f->err));
	FAILS(f, PRG_E_NOT_FOUND, "no interface wg0",
	      prg_store_interface(f->store, "wg0", &i, &f->err));
	FAILS(f, PRG_E_NOT_FOUND, "no such", prg_store_interface_key(f->store, 1, &key, &f->err));
	OK(f, prg_store_interfaces(f->store, &list, &n, &f->err));
	assert_int_equal(n, 0);
	free(list);
	begin(f);
	for (k = 0; k < 10; k++) {
		snprintf(name, sizeof(name), "wg%u", 9 - k);
		add_interface(f, name);
	}
	i = some_interface("wg3");
	FAILS(f, PRG_E_CONFLICT, "wg3", prg_store_interface_insert(f->store, i, &key, &f->err));
	i->id = 4444;
	FAILS(f, PRG_E_NOT_FOUND, "no such",
	      prg_store_interface_update(f->store, i, NULL, &f->err));
	FAILS(f, PRG_E_NOT_FOUND, "no such", prg_store_interface_delete(f->store, 4444, &f->err));
	prg_interface_free(&i);
	FAILS(f, PRG_E_USAGE, "wg0, wg1, wg2, wg3, wg4, wg5, wg6, wg7, …",
	      prg_store_interface_only(f->store, &i, &f->err));
	assert_null(i);
	OK(f, prg_store_interfaces(f->store, &list, &n, &f->err));
	assert_int_equal(n, 10);
	for (k = 0; k < n; k++) {
		snprintf(name, sizeof(name), "wg%u", k);
		assert_string_equal(list[k]->name, name);
		prg_interface_free(&list[k]);
	}
	free(list);
}

static void test_delete_takes_all_but_revoked_keys(void **state)
{
	struct fixture *f = *state;
	struct prg_preshared_key psk = psk_of(3);
	struct prg_pending pending = { .kind = PRG_PENDING_DEVICE };
	struct prg_public_key key = key_of(1);
	struct prg_peer *peer;
	int64_t wg0, wg1, id;
	bool revoked = false;

	begin(f);
	wg0 = add_interface(f, "wg0");
	wg1 = add_interface(f, "wg1");
	define(f, wg0, "10.8.0.1/24");
	define(f, wg1, "10.8.0.1/24"); /* each interface has addresses of its own */
	add_peer(f, wg0, "alice", 1, &psk);
	id = add_peer(f, wg0, "bob", 2, &psk);
	give_prefix(f, wg0, id, "10.8.0.9", false);
	give_prefix(f, wg0, id, "10.9.0.0/16", true);
	id = add_peer(f, wg1, "alice", 1, &psk);
	give_prefix(f, wg1, id, "10.8.0.9", false);
	peer = find(f, wg0, "alice");
	give_prefix(f, wg0, peer->id, "10.8.0.10", false);
	OK(f, prg_store_peer_revoke(f->store, peer, NOW, NOW + 9, &f->err));
	prg_peer_free(&peer);
	OK(f, prg_store_pending_add(f->store, wg0, &pending, NULL, &f->err));
	OK(f, prg_store_interface_delete(f->store, wg0, &f->err));
	commit(f);
	assert_int_equal(raw_number(f->path, "SELECT count(*) FROM interface"), 1);
	assert_int_equal(raw_number(f->path, "SELECT count(*) FROM peer"), 1);
	assert_int_equal(raw_number(f->path, "SELECT count(*) FROM prefix"), 1);
	assert_int_equal(raw_number(f->path, "SELECT count(*) FROM held"), 0);
	assert_int_equal(raw_number(f->path, "SELECT count(*) FROM pool"), 1);
	assert_int_equal(raw_number(f->path, "SELECT count(*) FROM pending WHERE kind <> 4"), 0);
	/* the interface's, bob's and alice's are zero; wg1's and its alice's are not */
	assert_int_equal(raw_number(f->path, "SELECT count(*) FROM secret WHERE "
	                                     "bytes = zeroblob(32)"),
	                 3);
	/* with the register's own, to sign with */
	assert_int_equal(raw_number(f->path, "SELECT count(*) FROM secret"), 6);

	begin(f);
	wg0 = add_interface(f, "wg0");
	OK(f, prg_store_key_is_revoked(f->store, wg0, &key, &revoked, &f->err));
	assert_true(revoked);
	OK(f, prg_store_key_is_revoked(f->store, wg1, &key, &revoked, &f->err));
	assert_false(revoked);
}

/* ---------------------------------------------------------------------- peers */

static void same_peer(const struct prg_peer *a, const struct prg_peer *b)
{
	size_t i;

	assert_int_equal(a->id, b->id);
	assert_int_equal(a->interface_id, b->interface_id);
	assert_string_equal(a->name, b->name);
	assert_memory_equal(&a->public_key, &b->public_key, sizeof(a->public_key));
	assert_int_equal(a->state, b->state);
	assert_int_equal(a->own_client_allowed_ips, b->own_client_allowed_ips);
	assert_int_equal(a->n_client_allowed_ips, b->n_client_allowed_ips);
	assert_true(a->n_client_allowed_ips == 0 ||
	            memcmp(a->client_allowed_ips, b->client_allowed_ips,
	                   a->n_client_allowed_ips * sizeof(struct prg_prefix)) == 0);
	assert_int_equal(a->own_dns, b->own_dns);
	assert_int_equal(a->n_dns, b->n_dns);
	assert_true(a->n_dns == 0 || memcmp(a->dns, b->dns, a->n_dns * sizeof(*a->dns)) == 0);
	assert_int_equal(a->own_client_keepalive, b->own_client_keepalive);
	assert_int_equal(a->client_keepalive_s, b->client_keepalive_s);
	assert_int_equal(a->mtu, b->mtu);
	assert_int_equal(a->keepalive_s, b->keepalive_s);
	assert_int_equal(a->has_preshared_key, b->has_preshared_key);
	assert_string_equal(a->endpoint.host, b->endpoint.host);
	assert_int_equal(a->endpoint.port, b->endpoint.port);
	assert_int_equal(a->n_tags, b->n_tags);
	for (i = 0; i < a->n_tags; i++)
		assert_string_equal(a->tags[i], b->tags[i]);
	assert_true((a->note == NULL) == (b->note == NULL));
	if (a->note != NULL)
		assert_string_equal(a->note, b->note);
	assert_int_equal(a->created_at, b->created_at);
	assert_int_equal(a->expires_at, b->expires_at);
	assert_int_equal(a->revoked_at, b->revoked_at);
	assert_int_equal(a->quota_bytes, b->quota_bytes);
	assert_int_equal(a->quota_period, b->quota_period);
	assert_int_equal(a->config_epoch, b->config_epoch);
}

static void test_peer_round_trip(void **state)
{
	struct fixture *f = *state;
	struct prg_preshared_key psk = psk_of(9), read;
	struct prg_peer *p, *again;
	int64_t wg0;

	begin(f);
	wg0 = add_interface(f, "wg0"); /* its config_epoch is 1 */
	p = some_peer(f, wg0, "zo\xc3\xab");
	OK(f, prg_store_peer_insert(f->store, p, &psk, &f->err));
	assert_true(p->has_preshared_key);
	give_prefix(f, wg0, p->id, "10.8.0.9", false);
	give_prefix(f, wg0, p->id, "192.168.0.0/16", true);
	give_prefix(f, wg0, p->id, "fd00::9", false);
	commit(f);
	again = find(f, wg0, "zo\xc3\xab");
	same_peer(p, again);
	assert_false(again->config_stale);
	assert_int_equal(again->n_addresses, 2);
	assert_int_equal(again->addresses[1].addr.family, 6);
	assert_int_equal(again->n_routes, 1);
	assert_int_equal(again->routes[0].length, 16);
	OK(f, prg_store_peer_psk(f->store, p->id, &read, &f->err));
	assert_memory_equal(&read, &psk, sizeof(psk));
	prg_peer_free(&again);

	strcpy(p->name, "new");
	p->state = PRG_PEER_ACTIVE;
	p->public_key = key_of(6);
	p->own_client_allowed_ips = p->own_client_keepalive = false;
	p->n_client_allowed_ips = 0;
	p->n_dns = 0; /* of its own: none */
	p->mtu = p->keepalive_s = 0;
	p->endpoint = (struct prg_endpoint){ 0 };
	free(p->tags[1]);
	p->n_tags = 1;
	free(p->note);
	p->note = NULL;
	p->expires_at = 0;
	p->quota_bytes = 0;
	p->quota_period = PRG_QUOTA_TOTAL;
	p->config_epoch = 0;
	begin(f);
	OK(f, prg_store_peer_update(f->store, p, &f->err));
	commit(f);
	OK(f, prg_store_peer_by_id(f->store, p->id, &again, &f->err));
	same_peer(p, again);
	assert_true(again->own_dns);
	assert_true(again->config_stale);
	assert_int_equal(again->n_addresses, 2); /* not update's business */
	prg_peer_free(&again);
	OK(f, prg_store_peer_by_key(f->store, wg0, &p->public_key, &again, &f->err));
	assert_int_equal(again->id, p->id);
	prg_peer_free(&again);
	prg_peer_free(&p);
}

static void test_peer_conflicts(void **state)
{
	struct fixture *f = *state;
	struct prg_interface *interface = NULL;
	struct prg_peer *p, *alice;
	int64_t wg0;

	begin(f);
	wg0 = add_interface(f, "wg0");
	add_peer(f, wg0, "alice", 1, NULL);
	p = some_peer(f, wg0, "alice");
	FAILS(f, PRG_E_CONFLICT, "a peer alice", prg_store_peer_insert(f->store, p, NULL, &f->err));
	strcpy(p->name, "bob");
	p->public_key = key_of(1);
	FAILS(f, PRG_E_CONFLICT, "is peer alice's",
	      prg_store_peer_insert(f->store, p, NULL, &f->err));
	memset(p->public_key.bytes, 0xee, sizeof(p->public_key.bytes));
	FAILS(f, PRG_E_CONFLICT, "interface's own",
	      prg_store_peer_insert(f->store, p, NULL, &f->err));
	p->public_key = key_of(2);
	p->quota_bytes = UINT64_MAX;
	FAILS(f, PRG_E_USAGE, "too large", prg_store_peer_insert(f->store, p, NULL, &f->err));
	assert_int_equal(p->id, 0);
	p->quota_bytes = 0;
	OK(f, prg_store_peer_insert(f->store, p, NULL, &f->err));
	assert_false(p->has_preshared_key);

	strcpy(p->name, "alice");
	FAILS(f, PRG_E_CONFLICT, "a peer alice", prg_store_peer_update(f->store, p, &f->err));
	strcpy(p->name, "bob");
	p->public_key = key_of(1);
	FAILS(f, PRG_E_CONFLICT, "is peer alice's", prg_store_peer_update(f->store, p, &f->err));
	OK(f, prg_store_interface(f->store, "wg0", &interface, &f->err));
	interface->public_key = key_of(2);
	FAILS(f, PRG_E_CONFLICT, "peer bob's",
	      prg_store_interface_update(f->store, interface, NULL, &f->err));
	prg_interface_free(&interface);

	alice = find(f, wg0, "alice");
	OK(f, prg_store_peer_revoke(f->store, alice, NOW, 0, &f->err));
	FAILS(f, PRG_E_CONFLICT, "revoked", prg_store_peer_update(f->store, p, &f->err));
	FAILS(f, PRG_E_NOT_FOUND, "no such",
	      prg_store_peer_revoke(f->store, alice, NOW, 0, &f->err));
	strcpy(p->name, "carol");
	FAILS(f, PRG_E_CONFLICT, "revoked", prg_store_peer_insert(f->store, p, NULL, &f->err));
	p->id = 4444;
	p->public_key = key_of(7);
	FAILS(f, PRG_E_NOT_FOUND, "no such", prg_store_peer_update(f->store, p, &f->err));
	FAILS(f, PRG_E_NOT_FOUND, "no such", prg_store_peer_set_psk(f->store, 4444, NULL, &f->err));
	commit(f);
	FAILS(f, PRG_E_FAILED, "outside a transaction",
	      prg_store_peer_update(f->store, p, &f->err));
	FAILS(f, PRG_E_FAILED, "outside a transaction",
	      prg_store_peer_insert(f->store, p, NULL, &f->err));
	prg_peer_free(&alice);
	prg_peer_free(&p);
}

/* The schema holds even where the words before it were skipped. */
static void test_uniqueness_is_the_schemas(void **state)
{
	struct fixture *f = *state;
	static const char copy[] =
		"INSERT INTO peer SELECT NULL, interface_id, %s, %s, state, NULL, sealed_key, "
		"client_allowed_ips, dns, client_keepalive_s, mtu, keepalive_s, endpoint, note, "
		"created_at, expires_at, revoked_at, quota_bytes, quota_period, config_epoch, "
		"keyed_at, resumes_at, successor_id, overlap_until FROM peer";
	char sql[500];
	int64_t wg0;

	begin(f);
	wg0 = add_interface(f, "wg0");
	add_peer(f, wg0, "alice", 1, NULL);
	snprintf(sql, sizeof(sql), copy, "name", "randomblob(32)");
	assert_int_equal(sqlite3_exec(f->store->db, sql, NULL, NULL, NULL),
	                 SQLITE_CONSTRAINT_UNIQUE);
	snprintf(sql, sizeof(sql), copy, "'bob'", "public_key");
	assert_int_equal(sqlite3_exec(f->store->db, sql, NULL, NULL, NULL),
	                 SQLITE_CONSTRAINT_UNIQUE);
	snprintf(sql, sizeof(sql), copy, "'bob'", "randomblob(32)");
	assert_int_equal(sqlite3_exec(f->store->db, sql, NULL, NULL, NULL), SQLITE_OK);
}

static void test_revoke(void **state)
{
	struct fixture *f = *state;
	struct prg_preshared_key psk = psk_of(3), read;
	struct prg_public_key key = key_of(1);
	struct prg_peer *alice, *again = NULL;
	bool revoked = true;
	int64_t wg0, first;

	begin(f);
	wg0 = add_interface(f, "wg0");
	define(f, wg0, "10.8.0.1/29");
	first = add_peer(f, wg0, "alice", 1, &psk);
	give_prefix(f, wg0, first, "10.8.0.2", false);
	give_prefix(f, wg0, first, "10.8.0.4/30", true);
	alice = find(f, wg0, "alice");
	OK(f, prg_store_key_is_revoked(f->store, wg0, &key, &revoked, &f->err));
	assert_false(revoked);
	OK(f, prg_store_peer_revoke(f->store, alice, NOW, NOW + 60, &f->err));
	OK(f, prg_store_key_is_revoked(f->store, wg0, &key, &revoked, &f->err));
	assert_true(revoked);
	prg_peer_free(&alice);
	FAILS(f, PRG_E_NOT_FOUND, "no peer alice",
	      prg_store_peer(f->store, wg0, "alice", &again, &f->err));
	FAILS(f, PRG_E_NOT_FOUND, "key",
	      prg_store_peer_by_key(f->store, wg0, &key, &again, &f->err));
	FAILS(f, PRG_E_NOT_FOUND, "no preshared key",
	      prg_store_peer_psk(f->store, first, &read, &f->err));
	OK(f, prg_store_peer_any(f->store, wg0, "alice", &again, &f->err));
	assert_int_equal(again->state, PRG_PEER_REVOKED);
	assert_int_equal(again->revoked_at, NOW);
	assert_int_equal(again->n_addresses + again->n_routes, 0);
	assert_false(again->has_preshared_key);
	prg_peer_free(&again);
	assert_int_equal(raw_number(f->path, "SELECT count(*) FROM peer"), 0); /* not yet */

	/* the name is free at once, and the one revoked last is found */
	add_peer(f, wg0, "alice", 2, NULL);
	alice = find(f, wg0, "alice");
	OK(f, prg_store_peer_revoke(f->store, alice, NOW, 0, &f->err));
	OK(f, prg_store_peer_any(f->store, wg0, "alice", &again, &f->err));
	assert_int_equal(again->id, alice->id);
	prg_peer_free(&again);
	prg_peer_free(&alice);
	first = add_peer(f, wg0, "alice", 3, NULL);
	OK(f, prg_store_peer_any(f->store, wg0, "alice", &again, &f->err));
	assert_int_equal(again->id, first);
	prg_peer_free(&again);
	commit(f);
	assert_int_equal(raw_number(f->path, "SELECT count(*) FROM held WHERE until = 1800000060"),
	                 1);
	assert_int_equal(raw_number(f->path, "SELECT count(*) FROM prefix"), 0);
	assert_int_equal(raw_number(f->path, "SELECT count(*) FROM pending WHERE kind = 4"), 1);
}

static void test_preshared_keys(void **state)
{
	struct fixture *f = *state;
	struct prg_preshared_key one = psk_of(1), two = psk_of(2), none = psk_of(0), read;
	int64_t wg0, id;

	begin(f);
	wg0 = add_interface(f, "wg0");
	id = add_peer(f, wg0, "alice", 1, &none); /* all zero is WireGuard's none */
	FAILS(f, PRG_E_NOT_FOUND, "no preshared", prg_store_peer_psk(f->store, id, &read, &f->err));
	OK(f, prg_store_peer_set_psk(f->store, id, &one, &f->err));
	OK(f, prg_store_peer_psk(f->store, id, &read, &f->err));
	assert_memory_equal(&read, &one, sizeof(one));
	OK(f, prg_store_peer_set_psk(f->store, id, &two, &f->err));
	OK(f, prg_store_peer_psk(f->store, id, &read, &f->err));
	assert_memory_equal(&read, &two, sizeof(two));
	OK(f, prg_store_peer_set_psk(f->store, id, NULL, &f->err));
	FAILS(f, PRG_E_NOT_FOUND, "no preshared", prg_store_peer_psk(f->store, id, &read, &f->err));
	commit(f);
	assert_int_equal(raw_number(f->path, "SELECT count(*) FROM secret WHERE "
	                                     "bytes = zeroblob(32)"),
	                 2);
	assert_int_equal(raw_number(f->path, "SELECT count(*) FROM pending WHERE kind = 4"), 2);
}

static void test_paging_counting_due(void **state)
{
	struct fixture *f = *state;
	struct prg_peer **page = NULL, *peer;
	int64_t wg0, wg1, after = 0;
	uint64_t count = 0;
	char name[16];
	unsigned i, seen = 0;
	size_t n = 0;

	begin(f);
	wg0 = add_interface(f, "wg0");
	wg1 = add_interface(f, "wg1");
	for (i = 0; i < 25; i++) {
		snprintf(name, sizeof(name), "p%u", i);
		add_peer(f, i % 5 == 4 ? wg1 : wg0, name, i, NULL);
		peer = find(f, i % 5 == 4 ? wg1 : wg0, name);
		peer->expires_at = i % 5 == 4 ? 0 : 1000 - i;
		peer->state = i == 0 ? PRG_PEER_DISABLED : PRG_PEER_ACTIVE;
		OK(f, prg_store_peer_update(f->store, peer, &f->err));
		prg_peer_free(&peer);
	}
	commit(f);
	do {
		OK(f, prg_store_peers(f->store, wg0, after, 7, &page, &n, &f->err));
		for (i = 0; i < n; i++) {
			assert_true(page[i]->id > after && page[i]->interface_id == wg0);
			after = page[i]->id;
		}
		seen += (unsigned)n;
		prg_peers_free(&page, n);
		assert_null(page);
	} while (n == 7);
	assert_int_equal(seen, 20);
	OK(f, prg_store_peer_count(f->store, wg0, PRG_PEER_ACTIVE, &count, &f->err));
	assert_int_equal(count, 19);
	OK(f, prg_store_peer_count(f->store, wg0, PRG_PEER_DISABLED, &count, &f->err));
	assert_int_equal(count, 1);
	OK(f, prg_store_peer_count(f->store, wg1, PRG_PEER_REVOKED, &count, &f->err));
	assert_int_equal(count, 0);
	OK(f, prg_store_peers_due(f->store, wg0, 999, 3, &page, &n, &f->err));
	assert_int_equal(n, 3);
	assert_int_equal(page[0]->expires_at, 977); /* the earliest first */
	assert_int_equal(page[2]->expires_at, 979);
	prg_peers_free(&page, n);
	OK(f, prg_store_peers_due(f->store, wg0, 999, SIZE_MAX, &page, &n, &f->err));
	assert_int_equal(n, 19); /* the disabled one is not due */
	prg_peers_free(&page, n);
	OK(f, prg_store_peers_due(f->store, wg1, INT64_MAX, 9, &page, &n, &f->err));
	assert_int_equal(n, 0);
	prg_peers_free(&page, n);
}

static void test_prefix_holder(void **state)
{
	struct fixture *f = *state;
	struct prg_prefix route = prefix_of("10.9.0.0/16"), other = prefix_of("10.9.0.0/24");
	struct prg_peer *peer = NULL;
	int64_t wg0, id;

	begin(f);
	wg0 = add_interface(f, "wg0");
	id = add_peer(f, wg0, "alice", 1, NULL);
	give_prefix(f, wg0, id, "10.9.0.0/16", true);
	OK(f, prg_store_prefix_holder(f->store, wg0, &route, &peer, &f->err));
	assert_int_equal(peer->id, id);
	prg_peer_free(&peer);
	FAILS(f, PRG_E_NOT_FOUND, "10.9.0.0/24",
	      prg_store_prefix_holder(f->store, wg0, &other, &peer, &f->err));
}

/* -------------------------------------------------------------------- pending */

static void test_pending(void **state)
{
	struct fixture *f = *state;
	struct prg_pending add[3] = {
		{ .kind = PRG_PENDING_PEER, .key = key_of(7) },
		{ .kind = PRG_PENDING_ROUTE, .prefix = prefix_of("fd00::/8") },
		{ .kind = PRG_PENDING_DEVICE },
	};
	struct prg_pending erase = { .kind = PRG_PENDING_ERASE }, *list = NULL;
	int64_t wg0, wg1, ids[4];
	size_t n = 0, i;
	enum prg_erased done = PRG_ERASED_WAITS;

	begin(f);
	wg0 = add_interface(f, "wg0");
	wg1 = add_interface(f, "wg1");
	for (i = 0; i < 3; i++)
		OK(f, prg_store_pending_add(f->store, wg0, &add[i], &ids[i], &f->err));
	OK(f, prg_store_pending_add(f->store, wg1, &add[2], NULL, &f->err));
	OK(f, prg_store_pending_add(f->store, wg0, &erase, &ids[3], &f->err));
	commit(f);
	OK(f, prg_store_pending(f->store, wg0, &list, &n, &f->err));
	assert_int_equal(n, 3);
	for (i = 0; i < 3; i++) {
		assert_int_equal(list[i].id, ids[i]);
		assert_int_equal(list[i].kind, add[i].kind);
	}
	assert_memory_equal(&list[0].key, &add[0].key, sizeof(add[0].key));
	assert_int_equal(prg_prefix_compare(&list[1].prefix, &add[1].prefix), 0);
	free(list);
	/* an erasure is acknowledged by erasing alone */
	OK(f, prg_store_pending_clear(f->store, (int64_t[]){ ids[0], ids[2], ids[3], 777 }, 4,
	                              &f->err));
	OK(f, prg_store_pending_clear(f->store, ids, 0, &f->err));
	OK(f, prg_store_pending(f->store, wg0, &list, &n, &f->err));
	assert_int_equal(n, 1);
	assert_int_equal(list[0].id, ids[1]);
	free(list);
	begin(f); /* inside a transaction it is a part of that */
	OK(f, prg_store_pending_clear_all(f->store, wg0, &f->err));
	prg_store_rollback(f->store);
	assert_int_equal(raw_number(f->path, "SELECT count(*) FROM pending"), 3);
	OK(f, prg_store_pending_clear_all(f->store, wg0, &f->err));
	assert_int_equal(raw_number(f->path, "SELECT count(*) FROM pending"), 2);
	begin(f);
	FAILS(f, PRG_E_FAILED, "inside a transaction", prg_store_erase(f->store, &done, &f->err));
	prg_store_rollback(f->store);
	OK(f, prg_store_erase(f->store, &done, &f->err));
	assert_int_equal(done, PRG_ERASED);
	assert_int_equal(raw_number(f->path, "SELECT count(*) FROM pending"), 1);
	/* numbers do not come back, and what changes a register is synced again */
	begin(f);
	OK(f, prg_store_pending_add(f->store, wg0, &add[0], &ids[0], &f->err));
	assert_true(ids[0] > ids[3]);
	commit(f);
	OK(f, prg_db_pragma(f->store, "PRAGMA synchronous", &ids[0]));
	assert_int_equal(ids[0], 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_interface_round_trip),
		STORE_TEST(test_none_one_several),
		STORE_TEST(test_delete_takes_all_but_revoked_keys),
		STORE_TEST(test_peer_round_trip),
		STORE_TEST(test_peer_conflicts),
		STORE_TEST(test_uniqueness_is_the_schemas),
		STORE_TEST(test_revoke),
		STORE_TEST(test_preshared_keys),
		STORE_TEST(test_paging_counting_due),
		STORE_TEST(test_prefix_holder),
		STORE_TEST(test_pending),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
