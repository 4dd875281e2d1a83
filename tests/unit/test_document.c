/* SPDX-License-Identifier: ISC */
/* Documents: what a dump carries, that applying one makes it so, that applying it
 * again changes nothing, and what is refused, with its place. Random states have a
 * printed seed: PRG_SEED repeats a run. */
#include "store_fixture.h"

#include "backend/memory.h"
#include "base/strbuf.h"
#include "engine.h"
#include "random_client.h"
#include "memcheck.h"

#define STATES memcheck_or(8, 60)
#define NAMES  24

#define INTENT PRG_CLEANUP(prg_intent_free) struct prg_intent
#define REPORT PRG_CLEANUP(prg_report_free) struct prg_report

static char directory[] = "/tmp/peerage-document-XXXXXX";
static struct fixture f; /* for OK(): its err only */

/* ------------------------------------------------------------------ registers */

static struct prg_register *open_fresh(const char *name, enum prg_backend_kind backend)
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	struct prg_register *reg = NULL;
	char path[80], file[100];
	size_t i;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	for (i = 0; i < 3; i++) {
		snprintf(file, sizeof(file), "%s%s", path, ends[i]);
		unlink(file);
	}
	OK(&f, prg_register_open(path, PRG_OPEN_CREATE, WAIT_MS, &reg, &f.err));
	prg_register_set_backend(reg, backend);
	return reg;
}

static int append(void *context, const char *bytes, size_t length)
{
	prg_strbuf_append(context, bytes, length);
	return 0;
}

/* For free(3). */
static char *dump(struct prg_register *reg, unsigned flags)
{
	struct prg_strbuf buf = { 0 };

	OK(&f, prg_dump(reg, NULL, flags, append, &buf, &f.err));
	return prg_strbuf_take(&buf);
}

static int apply_text(struct prg_register *reg, const char *text, unsigned flags,
                      struct prg_report **ret_report)
{
	INTENT *intent = NULL;
	int rc = prg_intent_new(PRG_APPLY, NULL, &intent, &f.err);

	if (rc == 0)
		rc = prg_intent_read_document(intent, text, strlen(text), &f.err);
	if (rc < 0)
		return rc;
	prg_intent_set_flags(intent, flags);
	return prg_execute(reg, intent, ret_report, &f.err);
}

static size_t apply(struct prg_register *reg, const char *text, unsigned flags)
{
	REPORT *report = NULL;

	OK(&f, apply_text(reg, text, flags, &report));
	return prg_report_n_changes(report) + prg_report_n_left_over(report);
}

static uint64_t entries(struct prg_register *reg)
{
	uint64_t n = 0;
	char head[65];

	OK(&f, prg_register_verify(reg, &n, head, &f.err));
	return n;
}

/* What apply --prune adds itself: the memory of keys. */
static char *without_revoked(char *text)
{
	char *to = text, *line = text;

	while (*line != '\0') {
		char *end = strchr(line, '\n') + 1;
		size_t length = (size_t)(end - line);

		if (strncmp(line, "# Revoked", 9) != 0 && strncmp(line, "# HashKey", 9) != 0) {
			memmove(to, line, length);
			to += length;
		}
		line = end;
	}
	*to = '\0';
	return text;
}

static void assert_same(const char *a, const char *b)
{
	size_t i = 0, line = 0;

	while (a[i] != '\0' && a[i] == b[i])
		if (a[i++] == '\n')
			line = i;
	if (a[i] != b[i])
		fail_msg("they differ:\n%.100s\nand\n%.100s", a + line, b + line);
}

/* --------------------------------------------------------------- random states */

static const char *const odd_notes[] = {
	"plain", " begins with a blank", "ends with blanks  ", "\"quoted\"", "\"", "\"\"",
	"a # in it = and ~", "#~ [Peer]", "[Interface]", "Grüße, Кириллица, 日本語",
	"none", "= begins so", "PrivateKey = no", "tick ' and back ` and $(x) and \\n",
};

static void some_prefix(struct prg_register *reg, int64_t interface_id, int64_t peer_id,
                        const char *format, bool route)
{
	struct prg_prefix prefix;
	char text[64];
	size_t i;

	for (i = 0; i < 50; i++) {
		snprintf(text, sizeof(text), format, rc_below(6), 2 + rc_below(60));
		prefix = prefix_of(text);
		if (prg_pool_take(reg->store, interface_id, peer_id, &prefix, route, NOW, NULL) == 0)
			return;
	}
}

static void some_prefixes(struct prg_register *reg, int64_t interface_id, int64_t peer_id)
{
	some_prefix(reg, interface_id, peer_id, "10.8.%u.%u", false);
	if (rc_below(2))
		some_prefix(reg, interface_id, peer_id, "fd00:8::%x:%x", false);
	if (rc_below(4) == 0)
		some_prefix(reg, interface_id, peer_id, "172.16.%u.%u", false);
	if (rc_below(4) == 0)
		some_prefix(reg, interface_id, peer_id, "172.16.%u.%u", true);
	if (rc_below(4) == 0)
		some_prefix(reg, interface_id, peer_id, "10.8.%u.%u/32", true);
	if (rc_below(3) == 0)
		some_prefix(reg, interface_id, peer_id, "192.16%u.%u.0/24", true);
	if (rc_below(5) == 0)
		some_prefix(reg, interface_id, peer_id, "fd77:%x:%x::/48", true);
}

static void some_tags(struct prg_peer *p)
{
	static const char *const tags[] = { "laptop", "a+b", "büro", "x.y_z@1" };
	size_t i;

	p->tags = calloc(4, sizeof(*p->tags));
	assert_non_null(p->tags);
	for (i = 0; i < 4; i++)
		if (rc_below(3) == 0)
			p->tags[p->n_tags++] = strdup(tags[i]);
}

/* The register refuses one address twice. */
static size_t unlike(const struct prg_addr *list, size_t n)
{
	size_t i, j;

	for (i = 1; i < n; i++)
		for (j = 0; j < i; j++)
			if (prg_addr_compare(&list[i], &list[j]) == 0)
				return i;
	return n;
}

static void random_peer(struct prg_register *reg, int64_t interface_id, unsigned index,
                        unsigned key)
{
	struct random_client r;
	PRG_PEER *p = NULL;
	struct prg_preshared_key psk;
	struct prg_addr literal;
	char host[256];

	rc_make(&r);
	r.peer.addresses = r.peer.routes = NULL;
	r.peer.n_addresses = r.peer.n_routes = 0;
	p = prg_peer_copy(&r.peer);
	assert_non_null(p);
	p->interface_id = interface_id;
	snprintf(p->name, sizeof(p->name), index % 5 ? "peer-%u" : "Größe.%u", index);
	p->public_key = key_of(key);
	p->state = (enum prg_peer_state)(rc_below(3) ? PRG_PEER_ACTIVE : rc_below(3));
	p->keepalive_s = rc_keepalive();
	p->n_dns = p->own_dns ? unlike(p->dns, p->n_dns) : 0;
	if (!p->own_client_allowed_ips)
		p->n_client_allowed_ips = 0;
	do {
		p->endpoint = rc_endpoint();
		snprintf(host, sizeof(host), "%s", p->endpoint.host);
		host[strcspn(host, "%")] = '\0';
	} while (p->endpoint.port != 0 && prg_addr_parse(host, &literal, NULL) < 0);
	if (p->endpoint.port == 0)
		p->endpoint.host[0] = '\0';
	some_tags(p);
	if (rc_below(2))
		p->note = strdup(odd_notes[rc_below(sizeof(odd_notes) / sizeof(*odd_notes))]);
	p->created_at = NOW - rc_below(1000000);
	/* long ago only of who is expired: that of others is the next tick's */
	if (p->state != PRG_PEER_ACTIVE && rc_below(2))
		p->expires_at = NOW - 5000;
	else if (rc_below(3) == 0)
		p->expires_at = 4000000000 + rc_below(1000);
	if (rc_below(3) == 0) {
		p->quota_bytes = 1 + rc_below(3) * (uint64_t)INT64_MAX / 4;
		p->quota_period = (enum prg_quota_period)rc_below(3);
	}
	psk = psk_of((unsigned char)(1 + rc_below(250)));
	OK(&f, prg_store_peer_insert(reg->store, p, rc_below(3) ? &psk : NULL, &f.err));
	some_prefixes(reg, interface_id, p->id);
}

static void random_interface(struct prg_register *reg, struct prg_interface *interface,
                             unsigned char key_byte)
{
	static const char *const pools[] = { "10.8.0.1/16", "10.8.0.1/21,fd00:8::1/64",
		                             "10.8.0.1/16,fd00:8::1/48,172.16.0.1/28" };
	struct prg_prefix literal = { .length = 0 };
	struct prg_private_key key;
	struct random_client r;

	rc_make(&r);
	*interface = r.interface;
	interface->n_dns = unlike(interface->dns, interface->n_dns);
	strcpy(interface->name, "wg0");
	do
		interface->endpoint = rc_endpoint();
	while (prg_addr_parse(interface->endpoint.host, &literal.addr, NULL) == 0 &&
	       prg_intent_check_usable(&literal, NULL) < 0);
	memset(key.bytes, key_byte, sizeof(key.bytes));
	key.bytes[0] &= 248;
	key.bytes[31] = (key.bytes[31] & 127) | 64;
	OK(&f, prg_public_key_derive(&key, &interface->public_key, &f.err));
	if (interface->mtu != 0 && interface->mtu < 1280)
		interface->mtu = 1280;
	interface->listen_port = (uint16_t)(1 + rc_below(65535));
	strcpy(interface->nat, rc_below(2) ? "auto" : rc_below(2) ? "none" : "eth0.7");
	interface->isolate = rc_below(2);
	interface->wanted_up = rc_below(2);
	interface->config_epoch = 1;
	OK(&f, prg_store_interface_insert(reg->store, interface, &key, &f.err));
	/* the arrays are of a frame that is gone */
	interface->dns = NULL;
	interface->client_allowed_ips = NULL;
	f.store = reg->store;
	define(&f, interface->id, pools[rc_below(3)]);
	f.store = NULL;
}

/* Keys and names are few, so that two states share some of both. */
static void fill(struct prg_register *reg, bool revoked)
{
	bool key_used[2 * NAMES] = { false };
	struct prg_interface interface;
	unsigned i;

	OK(&f, prg_store_begin(reg->store, &f.err));
	random_interface(reg, &interface, (unsigned char)(1 + rc_below(200)));
	for (i = 0; i < NAMES; i++) {
		unsigned key = rc_below(2) ? i : rc_below(2 * NAMES);

		if (rc_below(3) == 0 || key_used[key])
			continue;
		key_used[key] = true;
		random_peer(reg, interface.id, i, 100 + key);
	}
	for (i = 0; revoked && i < rc_below(4); i++) {
		struct prg_peer peer = { .interface_id = interface.id, .public_key = key_of(9000 + i) };

		snprintf(peer.name, sizeof(peer.name), "gone%u", i);
		OK(&f, prg_store_peer_insert(reg->store, &peer, NULL, &f.err));
		OK(&f, prg_store_peer_revoke(reg->store, &peer, NOW, NOW + 1000, &f.err));
	}
	OK(&f, prg_store_commit(reg->store, &f.err));
}

/* The running interface has what the register has. */
static void assert_in_line(struct prg_register *reg)
{
	INTENT *intent = NULL;
	REPORT *report = NULL;
	struct prg_interface *interface = NULL;
	size_t i;

	OK(&f, prg_find_interface(reg, NULL, &interface, &f.err));
	if (interface->wanted_up) {
		OK(&f, prg_intent_new(PRG_SYNC, NULL, &intent, &f.err));
		prg_intent_set_flags(intent, PRG_DRY_RUN);
		OK(&f, prg_execute(reg, intent, &report, &f.err));
		for (i = 0; i < prg_report_n_changes(report); i++)
			fail_msg("%s %s", prg_report_change(report, i)->action,
			         prg_report_change(report, i)->peer);
		assert_int_equal(prg_report_n_left_over(report), 0);
	}
	prg_interface_free(&interface);
}

static void nothing_left_to_do(struct prg_register *reg, const char *text)
{
	uint64_t before = entries(reg);

	assert_int_equal(apply(reg, text, PRG_DRY_RUN), 0);
	assert_int_equal(apply(reg, text, 0), 0);
	assert_int_equal(entries(reg), before);
}

static void test_random_states_travel(void **state)
{
	unsigned i;

	(void)state;
	rc_seed();
	for (i = 0; i < STATES; i++) {
		struct prg_register *one = open_fresh("one", PRG_BACKEND_NONE);
		struct prg_register *other = open_fresh("other", PRG_BACKEND_NONE);
		struct prg_register *target = open_fresh("target", PRG_BACKEND_MEMORY);
		PRG_FREE char *first = NULL, *second = NULL, *now = NULL, *bare = NULL;

		prg_memory_reset();
		fill(one, true);
		fill(other, false);
		first = dump(one, 0);
		second = dump(other, 0);
		nothing_left_to_do(one, first);
		/* onto an empty register */
		assert_true(apply(target, first, 0) > 0);
		now = dump(target, 0);
		assert_same(first, now);
		nothing_left_to_do(target, first);
		assert_in_line(target);
		/* onto another state */
		assert_true(apply(target, second, PRG_PRUNE | PRG_REPLACE_KEY) > 0);
		free(now);
		now = dump(target, 0);
		assert_same(without_revoked(second), without_revoked(now));
		nothing_left_to_do(target, second);
		assert_in_line(target);
		/* what is left out is kept */
		bare = dump(target, PRG_DUMP_NO_SECRETS);
		assert_null(strstr(bare, "\nPrivateKey ="));
		assert_null(strstr(bare, "\nPresharedKey ="));
		assert_null(strstr(bare, "HashKey"));
		nothing_left_to_do(target, bare);
		prg_register_close(&one);
		prg_register_close(&other);
		prg_register_close(&target);
	}
}

/* ------------------------------------------------------------------ particular */

#define INTERFACE \
	"[Interface]\n# Name = wg0\nPrivateKey = CAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICEg=\n" \
	"ListenPort = 51820\nAddress = 10.8.0.1/24\n# Endpoint = vpn.example.org:51820\n# Up = no\n"
#define PEER(name, key, rest) \
	"\n[Peer]\n# Name = " name "\nPublicKey = " key "\n" rest
#define KEY_A "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE="
#define KEY_B "AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE="
#define KEY_C "AwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE="

static struct prg_peer *peer_of(struct prg_register *reg, const char *name)
{
	struct prg_peer *peer = NULL;

	OK(&f, prg_find_peer(reg, "wg0", name, &peer, &f.err));
	return peer;
}

/* Names, addresses and keys go round in one document. */
static void test_everything_swaps(void **state)
{
	struct prg_register *reg = open_fresh("one", PRG_BACKEND_NONE);
	PRG_FREE char *text = NULL;
	PRG_PEER *peer = NULL;

	(void)state;
	apply(reg, INTERFACE PEER("alice", KEY_A, "AllowedIPs = 10.8.0.2\nAllowedIPs = 192.168.1.0/24\n")
	              PEER("bob", KEY_B, "AllowedIPs = 10.8.0.3\n")
	              PEER("carol", KEY_C, "AllowedIPs = 10.8.0.4\n"), 0);
	apply(reg, INTERFACE PEER("bob", KEY_A, "AllowedIPs = 10.8.0.3\n")
	              PEER("carol", KEY_B, "AllowedIPs = 10.8.0.4, 192.168.1.0/24\n")
	              PEER("alice", KEY_C, "AllowedIPs = 10.8.0.2/32\n"), 0);
	text = dump(reg, 0);
	assert_non_null(strstr(text, "# Name = alice\nPublicKey = " KEY_C "\nAllowedIPs = 10.8.0.2/32\n"));
	assert_non_null(strstr(text, "# Name = bob\nPublicKey = " KEY_A "\nAllowedIPs = 10.8.0.3/32\n"));
	assert_non_null(strstr(text, "# Name = carol\nPublicKey = " KEY_B
	                             "\nAllowedIPs = 10.8.0.4/32\nAllowedIPs = 192.168.1.0/24\n"));
	assert_null(strstr(text, "Revoked"));
	peer = peer_of(reg, "alice");
	assert_true(peer->config_stale);
	prg_register_close(&reg);
}

/* Same name, another key: the old one never comes back; the addresses go on. */
static void test_a_key_is_replaced(void **state)
{
	struct prg_register *reg = open_fresh("one", PRG_BACKEND_NONE);
	static const char before[] = INTERFACE PEER("alice", KEY_A, "AllowedIPs = 10.8.0.2\n");
	static const char after[] = INTERFACE PEER("alice", KEY_B, "AllowedIPs = 10.8.0.2\n");
	REPORT *report = NULL;

	(void)state;
	apply(reg, before, 0);
	FAILS(&f, PRG_E_USAGE, "line 9: peer alice has another key", apply_text(reg, after, 0, &report));
	assert_true(apply(reg, after, PRG_DRY_RUN) == 2);
	assert_int_equal(apply(reg, after, PRG_REPLACE_KEY), 2);
	FAILS(&f, PRG_E_CONFLICT, "was revoked", apply_text(reg, before, PRG_REPLACE_KEY, &report));
	nothing_left_to_do(reg, after);
	prg_register_close(&reg);
}

static void test_the_interface_key_is_guarded(void **state)
{
	struct prg_register *reg = open_fresh("one", PRG_BACKEND_NONE);
	static const char other[] =
		"[Interface]\nPrivateKey = EBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEFA=\n";
	REPORT *report = NULL;

	(void)state;
	apply(reg, INTERFACE, 0);
	FAILS(&f, PRG_E_USAGE, "another private key", apply_text(reg, other, 0, &report));
	assert_int_equal(apply(reg, other, PRG_REPLACE_KEY), 1);
	nothing_left_to_do(reg, other);
	prg_register_close(&reg);
}

/* A revoked key stays revoked in the register that a document makes, and goes on
 * from there to a third. */
static void test_revoked_keys_travel(void **state)
{
	struct prg_register *reg = open_fresh("one", PRG_BACKEND_NONE);
	PRG_FREE char *text = NULL, *bare = NULL, *again = NULL;
	REPORT *report = NULL;
	size_t i;

	(void)state;
	apply(reg, INTERFACE PEER("alice", KEY_A, "") PEER("bob", KEY_B, ""), 0);
	apply(reg, INTERFACE PEER("bob", KEY_B, ""), PRG_PRUNE);
	text = dump(reg, 0);
	bare = dump(reg, PRG_DUMP_NO_SECRETS);
	nothing_left_to_do(reg, bare);
	prg_register_close(&reg);
	for (i = 0; i < 2; i++) {
		reg = open_fresh(i ? "target" : "other", PRG_BACKEND_NONE);
		FAILS(&f, PRG_E_USAGE, "private key of wg0 was left out",
		      apply_text(reg, bare, 0, &report));
		apply(reg, text, 0);
		again = dump(reg, 0);
		assert_same(text, again);
		FAILS(&f, PRG_E_CONFLICT, "line 9: peer eve: the key of peer eve was revoked",
		      apply_text(reg, INTERFACE PEER("eve", KEY_A, ""), 0, &report));
		nothing_left_to_do(reg, bare);
		free(text);
		text = again;
		again = NULL;
		prg_register_close(&reg);
	}
	/* without the hash key a hash refuses nothing: say so */
	reg = open_fresh("one", PRG_BACKEND_NONE);
	apply(reg, INTERFACE PEER("bob", KEY_B, ""), 0);
	FAILS(&f, PRG_E_USAGE, "HashKey", apply_text(reg, bare, 0, &report));
	prg_register_close(&reg);
}

/* Who is in the document, or in the register, and revoked by the document. */
static void test_a_revoked_key_is_not_let_in(void **state)
{
	struct prg_register *reg = open_fresh("one", PRG_BACKEND_NONE);
	PRG_FREE char *text = NULL;
	PRG_STRBUF with = { 0 };
	REPORT *report = NULL;

	(void)state;
	apply(reg, INTERFACE PEER("alice", KEY_A, ""), 0);
	apply(reg, INTERFACE, PRG_PRUNE);
	text = dump(reg, 0);
	prg_register_close(&reg);
	reg = open_fresh("other", PRG_BACKEND_NONE);
	prg_strbuf_puts(&with, text);
	prg_strbuf_puts(&with, PEER("alice", KEY_A, ""));
	FAILS(&f, PRG_E_CONFLICT, "alice: its key is revoked, by a line of the document",
	      apply_text(reg, with.data, 0, &report));
	apply(reg, INTERFACE PEER("alice", KEY_A, ""), 0);
	FAILS(&f, PRG_E_CONFLICT, "revokes the key of peer alice", apply_text(reg, text, 0, &report));
	FAILS(&f, PRG_E_CONFLICT, "its key is revoked", apply_text(reg, with.data, 0, &report));
	apply(reg, text, PRG_PRUNE);
	prg_register_close(&reg);
}

static void test_left_over_and_pruned(void **state)
{
	struct prg_register *reg = open_fresh("one", PRG_BACKEND_NONE);
	static const char both[] = INTERFACE PEER("alice", KEY_A, "AllowedIPs = 10.8.0.2\n")
		PEER("bob", KEY_B, "AllowedIPs = 10.8.0.3\n");
	static const char one[] = INTERFACE PEER("alice", KEY_A, "AllowedIPs = 10.8.0.2\n");
	REPORT *report = NULL;
	PRG_PEER *bob = NULL;

	(void)state;
	apply(reg, both, 0);
	OK(&f, apply_text(reg, one, 0, &report));
	assert_int_equal(prg_report_n_changes(report), 0);
	assert_int_equal(prg_report_n_left_over(report), 1);
	prg_report_free(&report);
	OK(&f, apply_text(reg, one, PRG_PRUNE, &report));
	assert_int_equal(prg_report_n_changes(report), 1);
	assert_string_equal(prg_report_change(report, 0)->action, "remove");
	assert_int_equal(prg_report_n_left_over(report), 0);
	bob = peer_of(reg, "bob");
	assert_int_equal(bob->state, PRG_PEER_REVOKED);
	/* held for others, but not for whom the admin names */
	apply(reg, INTERFACE PEER("carol", KEY_C, "AllowedIPs = 10.8.0.3\n"), 0);
	prg_register_close(&reg);
}

/* What [Interface] does not say stays; what [Peer] does not say is none. */
static void test_what_is_not_said(void **state)
{
	struct prg_register *reg = open_fresh("one", PRG_BACKEND_NONE);
	struct prg_interface *interface = NULL;
	PRG_PEER *peer = NULL;

	(void)state;
	apply(reg, INTERFACE "# DNS = 9.9.9.9\nMTU = 1400\n" PEER("alice", KEY_A,
	      "AllowedIPs = 10.8.0.2\n# Note = n\n# Tag = t\n# DNS = none\nPersistentKeepalive = 5\n"), 0);
	apply(reg, "[Interface]\n# NAT = none\n[Peer]\nPublicKey = " KEY_A "\n", 0);
	OK(&f, prg_find_interface(reg, NULL, &interface, &f.err));
	assert_int_equal(interface->n_dns, 1);
	assert_int_equal(interface->mtu, 1400);
	assert_string_equal(interface->nat, "none");
	prg_interface_free(&interface);
	peer = peer_of(reg, "alice");
	assert_null(peer->note);
	assert_int_equal(peer->n_tags + peer->n_addresses + peer->keepalive_s, 0);
	assert_false(peer->own_dns);
	apply(reg, "[Peer]\nPublicKey = " KEY_A "\n#~ [Peer]\n#~ # Name = bob\n#~ PublicKey = " KEY_B "\n", 0);
	prg_peer_free(&peer);
	peer = peer_of(reg, "bob");
	assert_int_equal(peer->state, PRG_PEER_DISABLED);
	prg_register_close(&reg);
}

/* Only what changes goes to the interface; an interface that is up stays so. */
static void test_only_what_changes_is_applied(void **state)
{
	struct prg_register *reg = open_fresh("one", PRG_BACKEND_MEMORY);
	static const char up[] = "[Interface]\n# Name = wg0\nAddress = 10.8.0.1/24\n"
		"# Endpoint = vpn.example.org\n";
	PRG_STRBUF text = { 0 };
	REPORT *report = NULL;

	(void)state;
	prg_memory_reset();
	prg_strbuf_puts(&text, up);
	prg_strbuf_puts(&text, PEER("alice", KEY_A, "AllowedIPs = 10.8.0.2\n"));
	OK(&f, apply_text(reg, text.data, 0, &report));
	assert_true(prg_report_applied(report));
	assert_true(prg_report_interface(report)->wanted_up);
	assert_in_line(reg);
	prg_report_free(&report);
	prg_strbuf_puts(&text, PEER("bob", KEY_B, "AllowedIPs = 10.8.0.3\n"));
	OK(&f, apply_text(reg, text.data, 0, &report));
	assert_true(prg_report_applied(report));
	assert_int_equal(prg_report_n_changes(report), 1);
	assert_string_equal(prg_report_change(report, 0)->peer, "bob");
	assert_in_line(reg);
	prg_report_free(&report);
	OK(&f, apply_text(reg, "[Interface]\n# Up = no\n", 0, &report));
	assert_false(prg_report_interface(report)->wanted_up);
	prg_report_free(&report);
	OK(&f, apply_text(reg, "[Interface]\n# Up = yes\nListenPort = 4500\n", 0, &report));
	assert_true(prg_report_applied(report));
	assert_in_line(reg);
	prg_register_close(&reg);
}

/* ------------------------------------------------------------------ bad lines */

struct told {
	size_t n;
	char first[700];
};

static void tell(void *context, const struct prg_problem *problem)
{
	struct told *told = context;

	if (told->n++ == 0)
		snprintf(told->first, sizeof(told->first), "%u:%u: %s", problem->line,
		         problem->column, problem->reason);
}

static void test_bad_lines(void **state)
{
	static const struct {
		const char *text, *first;
		size_t n;
	} cases[] = {
		{ "", "1:1: there is neither", 1 },
		{ "# nothing\n", "1:1: there is neither", 1 },
		{ "[Interface]\n[Interface]\nPort = 5\n", "2:1: a second [Interface]", 1 },
		{ "[Server]\nx\ny\n", "1:1: no such section", 1 },
		{ "PrivateKey = x\n", "1:1: PrivateKey belongs under [Interface]", 1 },
		{ "[Interface]\n  DNS = 9.9.9.9\n", "2:3: DNS would change the server", 1 },
		{ "[Interface]\nPostUp = x\nFwMark = 7\nTable = off\n", "2:1: the register does not keep", 3 },
		{ "[Interface]\n# DNS = 9.9.9.9, 300.1.1.1\n", "2:9: DNS: ", 1 },
		{ "[Interface]\n# NAT = \n# Isolate = maybe\n# Up = maybe\n", "2:8: NAT has no value", 3 },
		{ "[Interface]\n# Name = wg0\n# Name = wg1\n", "3:10: Name is given twice", 1 },
		{ "[Interface]\nListenPort = 70000\nAddress = 10.8.0.1/24\nMTU = 1\n", "2:14: not a port", 2 },
		{ "[Interface]\nAddress = 10.8.0.0/24\n", "1:1: [Interface]: 10.8.0.0/24 is the network", 1 },
		{ "[Interface]\n# HashKey = x\n# Revoked = y\n", "2:13: HashKey: expected 44", 2 },
		{ "[Peer]\n", "1:1: this [Peer] has no PublicKey", 1 },
		{ "[Peer]\nPublicKey = x\n[Peer]\nPublicKey = y\n", "2:13: not a public key", 2 },
		{ "[Peer]\nPublicKey = " KEY_A "\n[Peer]\nPublicKey = " KEY_A "\n", "3:1: this [Peer] has the PublicKey of that of line 1", 1 },
		{ "[Peer]\n# Name = a\nPublicKey = " KEY_A "\n[Peer]\n# Name = a\nPublicKey = " KEY_B "\n", "4:1: this [Peer] has the Name of that of line 1", 1 },
		{ "[Peer]\nPublicKey = " KEY_A "\nAllowedIPs = 10.0.0.2\n[Peer]\nPublicKey = " KEY_B "\nAllowedIPs = 10.0.0.2/32\n", "4:1: this [Peer] has 10.0.0.2/32, which that of line 1 has too", 1 },
		{ "[Peer]\nPublicKey = " KEY_A "\nAllowedIPs = 127.0.0.1\n", "1:1: AllowedIPs: 127.0.0.1 lies in 127.0.0.0/8", 1 },
		{ "[Peer]\nPublicKey = " KEY_A "\nEndpoint = vpn.example.org:1\n", "1:1: Endpoint: an ADDRESS:PORT", 1 },
		{ "[Peer]\nPublicKey = " KEY_A "\n# Route = 10.9.0.0/16\n", "3:1: a Route that is not among", 1 },
		{ "[Peer]\nPublicKey = " KEY_A "\n# Expires = 30d\n", "3:13: Expires: expected a moment", 1 },
		{ "[Peer]\nPublicKey = " KEY_A "\n# State = disabled\n", "3:11: State: expected active", 1 },
		{ "#~ [Peer]\n#~ PublicKey = " KEY_A "\n#~ # State = active\n", "3:14: State: expected disabled", 1 },
		{ "#~ [Peer]\nPublicKey = " KEY_A "\n", "2:1: this [Peer] is switched off", 1 },
		{ "[Peer]\n#~ PublicKey = " KEY_A "\n", "2:4: this [Peer] is not switched off", 1 },
		{ "#~ [Interface]\n#~ MTU = 1400\n", "1:4: only a [Peer]", 1 },
		{ "[Peer]\n# Name = a b\n# Name = c\nPublicKey = z\n", "2:10: Name: ", 3 },
		{ "[Peer]\nPublicKey = " KEY_A "\n# PresharedKey = no\n", "3:18: PresharedKey: expected yes", 1 },
		{ "[Peer]\nPublicKey = " KEY_A "\n# Note = a\tb\x01\n", "3:13: a control character", 1 },
		{ "[Peer]\nPublicKey = " KEY_A "\n# Note = \xff\xfe\n", "3:10: Note: a note is one line of UTF-8", 1 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		INTENT *intent = NULL;
		struct told told = { 0 };

		OK(&f, prg_intent_new(PRG_APPLY, NULL, &intent, &f.err));
		prg_intent_set_problems(intent, tell, &told);
		if (prg_intent_read_document(intent, cases[i].text, strlen(cases[i].text), &f.err) !=
		            PRG_E_USAGE ||
		    told.n != cases[i].n ||
		    strncmp(told.first, cases[i].first, strlen(cases[i].first)) != 0)
			fail_msg("%s: %zu: %s", cases[i].text, told.n, told.first);
	}
}

/* A key in the wrong place shows in no message. */
static void test_no_message_holds_a_key(void **state)
{
	static const char *const places[] = { "[Interface]\n# DNS = %s\n", "[Interface]\n# NAT = %s\n",
		"[Interface]\n# Name = %s\n", "[Peer]\n# Name = /%s\n", "[Peer]\n# Tag = /%s\n",
		"[Peer]\n# Quota = %s\n", "[Interface]\nAddress = %s\n", "[Peer]\nEndpoint = %s\n" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(places) / sizeof(*places); i++) {
		INTENT *intent = NULL;
		char text[200];

		snprintf(text, sizeof(text), places[i], KEY_A);
		OK(&f, prg_intent_new(PRG_APPLY, NULL, &intent, &f.err));
		assert_int_equal(prg_intent_read_document(intent, text, strlen(text), &f.err), PRG_E_USAGE);
		if (strstr(f.err.message, "AQAAAA") != NULL)
			fail_msg("%s", f.err.message);
	}
}

static void test_what_fails_changes_nothing(void **state)
{
	struct prg_register *reg = open_fresh("one", PRG_BACKEND_NONE);
	PRG_FREE char *before = NULL, *after = NULL;
	REPORT *report = NULL;
	uint64_t n;

	(void)state;
	FAILS(&f, PRG_E_USAGE, "does not say which interface",
	      apply_text(reg, "[Interface]\nAddress = 10.8.0.1/24\n", 0, &report));
	apply(reg, INTERFACE PEER("alice", KEY_A, "AllowedIPs = 10.8.0.2\n"), 0);
	before = dump(reg, 0);
	n = entries(reg);
	FAILS(&f, PRG_E_USAGE, "line 2: this [Peer] is new",
	      apply_text(reg, "[Interface]\n[Peer]\nPublicKey = " KEY_B "\n", 0, &report));
	FAILS(&f, PRG_E_USAGE, "was left out",
	      apply_text(reg, PEER("bob", KEY_B, "# PresharedKey = yes\n"), 0, &report));
	FAILS(&f, PRG_E_USAGE, "none to keep",
	      apply_text(reg, PEER("alice", KEY_A, "# PresharedKey = yes\n"), 0, &report));
	FAILS(&f, PRG_E_CONFLICT, "line 7: peer bob: ",
	      apply_text(reg, PEER("carol", KEY_C, "AllowedIPs = 10.8.0.9\n")
	                      PEER("bob", KEY_B, "AllowedIPs = 10.8.0.1\n"), PRG_PRUNE, &report));
	after = dump(reg, 0);
	assert_same(before, after);
	assert_int_equal(entries(reg), n);
	prg_register_close(&reg);
}

static int setup(void **state)
{
	(void)state;
	return sodium_init() < 0 || mkdtemp(directory) == NULL ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	empty_directory(directory);
	return rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_states_travel),
		cmocka_unit_test(test_everything_swaps),
		cmocka_unit_test(test_a_key_is_replaced),
		cmocka_unit_test(test_the_interface_key_is_guarded),
		cmocka_unit_test(test_revoked_keys_travel),
		cmocka_unit_test(test_a_revoked_key_is_not_let_in),
		cmocka_unit_test(test_left_over_and_pruned),
		cmocka_unit_test(test_what_is_not_said),
		cmocka_unit_test(test_only_what_changes_is_applied),
		cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_no_message_holds_a_key),
		cmocka_unit_test(test_what_fails_changes_nothing),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
