/* SPDX-License-Identifier: ISC */
/* The road, end to end, on the memory backend: what is recorded, what is
 * applied, what stays pending after a failure, what a dry run leaves alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "backend/memory.h"
#include "base/cleanup.h"
#include "engine.h"
#include "model/peer.h"
#include "report.h"

static char directory[] = "/tmp/peerage-engine-XXXXXX";
static char path[64];
static struct prg_error err;

#define INTENT PRG_CLEANUP(prg_intent_free) struct prg_intent
#define REGISTER PRG_CLEANUP(prg_register_close) struct prg_register

static void remove_register(void)
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	char file[80];
	size_t i;

	for (i = 0; i < 3; i++) {
		snprintf(file, sizeof(file), "%s%s", path, ends[i]);
		unlink(file);
	}
}

static int setup(void **state)
{
	struct prg_register *reg = NULL;

	remove_register();
	prg_memory_reset();
	if (prg_register_open(path, PRG_OPEN_CREATE, 1000, &reg, &err) < 0) {
		print_error("%s\n", err.message);
		return -1;
	}
	prg_register_set_backend(reg, PRG_BACKEND_MEMORY);
	*state = reg;
	return 0;
}

static int teardown(void **state)
{
	struct prg_register *reg = *state;

	prg_register_close(&reg);
	remove_register();
	return 0;
}

static int run(struct prg_register *reg, struct prg_intent *intent, struct prg_report **report)
{
	prg_report_free(report);
	err.message[0] = '\0';
	return prg_execute(reg, intent, report, &err);
}

static void assert_ok(int rc)
{
	if (rc != 0)
		print_error("%d: %s\n", rc, err.message);
	assert_int_equal(rc, 0);
}

static void init_flags(struct prg_register *reg, unsigned flags)
{
	INTENT *intent = NULL;
	PRG_REPORT *report = NULL;

	assert_ok(prg_intent_new(PRG_INIT, "wg0", &intent, &err));
	prg_intent_set_flags(intent, flags);
	assert_ok(prg_intent_set(intent, PRG_FIELD_ENDPOINT, "vpn.example.org", &err));
	assert_ok(prg_intent_set(intent, PRG_FIELD_ADDRESS, "10.8.0.1/29,fd00:8::1/64", &err));
	assert_ok(run(reg, intent, &report));
}

/* One verb on some peers; NULL-terminated names. */
static int do_verb(struct prg_register *reg, enum prg_verb verb, unsigned flags,
                   struct prg_report **report, const char *first, ...)
{
	INTENT *intent = NULL;
	va_list names;
	const char *name;
	int rc;

	assert_ok(prg_intent_new(verb, "wg0", &intent, &err));
	prg_intent_set_flags(intent, flags);
	va_start(names, first);
	for (name = first; name != NULL; name = va_arg(names, const char *)) {
		rc = prg_intent_peer(intent, name, &err);
		if (rc < 0)
			break;
	}
	va_end(names);
	return run(reg, intent, report);
}

struct counted {
	size_t live, missing, unknown, disabled;
	struct prg_public_key last;
};

static int count(void *context, const struct prg_live *live, const struct prg_peer *peer)
{
	struct counted *c = context;

	(void)peer;
	c->live += live->present;
	c->missing += live->status == PRG_LIVE_MISSING;
	c->unknown += live->status == PRG_LIVE_UNKNOWN;
	c->disabled += live->status == PRG_LIVE_DISABLED;
	c->last = live->public_key;
	return 0;
}

static struct counted live(struct prg_register *reg)
{
	struct prg_live_interface interface;
	struct counted c = { 0 };

	assert_ok(prg_status(reg, "wg0", NULL, 0, 0, &interface, count, &c, &err));
	return c;
}

static void verify(struct prg_register *reg, uint64_t entries)
{
	uint64_t n;
	char head[65];

	assert_ok(prg_register_verify(reg, &n, head, &err));
	assert_int_equal(n, entries);
}

static void a_peer_lives_and_dies(void **state)
{
	struct prg_register *reg = *state;
	PRG_REPORT *report = NULL;
	PRG_PEER *peer = NULL;
	struct prg_text *text = NULL;
	const struct prg_result *result;

	init_flags(reg, 0);
	assert_ok(do_verb(reg, PRG_ADD, 0, &report, "alice", NULL));
	assert_true(prg_report_applied(report));
	assert_int_equal(prg_report_n_results(report), 1);
	result = prg_report_result(report, 0);
	assert_int_equal(result->outcome, PRG_CREATED);
	assert_non_null(result->private_key);
	assert_non_null(result->preshared_key);
	assert_int_equal(result->peer->n_addresses, 2);
	assert_int_equal(result->peer->addresses[0].addr.bytes[3], 2);
	assert_int_equal(result->peer->addresses[1].addr.bytes[15], 2);
	assert_ok(prg_report_config(report, 0, &text, &err));
	assert_non_null(strstr(prg_text_data(text), "Endpoint = vpn.example.org:51820"));
	prg_text_free(&text);
	assert_int_equal(live(reg).live, 1);

	assert_ok(do_verb(reg, PRG_DISABLE, 0, &report, "alice", NULL));
	assert_int_equal(live(reg).live, 0);
	assert_int_equal(live(reg).disabled, 1);
	assert_ok(do_verb(reg, PRG_DISABLE, 0, &report, "alice", NULL));
	assert_int_equal(prg_report_result(report, 0)->outcome, PRG_UNCHANGED);
	assert_ok(do_verb(reg, PRG_ENABLE, 0, &report, "alice", NULL));
	assert_int_equal(live(reg).live, 1);

	assert_ok(do_verb(reg, PRG_REVOKE, 0, &report, "alice", NULL));
	assert_int_equal(live(reg).live, 0);
	assert_ok(prg_find_peer(reg, "wg0", "alice", &peer, &err));
	assert_int_equal(peer->state, PRG_PEER_REVOKED);
	assert_int_equal(do_verb(reg, PRG_ENABLE, 0, &report, "alice", NULL), PRG_E_CONFLICT);
	assert_ok(do_verb(reg, PRG_REVOKE, 0, &report, "alice", NULL));
	assert_int_equal(prg_report_result(report, 0)->outcome, PRG_UNCHANGED);
	/* create, init, add, disable, enable, revoke */
	verify(reg, 6);
}

static void a_revoked_key_never_comes_back(void **state)
{
	struct prg_register *reg = *state;
	PRG_REPORT *report = NULL;
	INTENT *intent = NULL;
	char key[PRG_KEY_TEXT];

	init_flags(reg, 0);
	assert_ok(do_verb(reg, PRG_ADD, 0, &report, "alice", NULL));
	prg_public_key_format(&prg_report_result(report, 0)->peer->public_key, key);
	assert_ok(do_verb(reg, PRG_REVOKE, 0, &report, "alice", NULL));
	assert_ok(prg_intent_new(PRG_ADD, "wg0", &intent, &err));
	assert_ok(prg_intent_peer(intent, "alice", &err));
	assert_ok(prg_intent_set(intent, PRG_FIELD_PUBLIC_KEY, key, &err));
	assert_int_equal(run(reg, intent, &report), PRG_E_CONFLICT);
	/* the name is free at once, the address is held */
	assert_ok(do_verb(reg, PRG_ADD, 0, &report, "alice", NULL));
	assert_int_equal(prg_report_result(report, 0)->peer->addresses[0].addr.bytes[3], 3);
}

static void several_are_all_or_none(void **state)
{
	struct prg_register *reg = *state;
	PRG_REPORT *report = NULL;
	PRG_PEER *peer = NULL;

	init_flags(reg, 0);
	assert_ok(do_verb(reg, PRG_ADD, 0, &report, "b", NULL));
	assert_int_equal(do_verb(reg, PRG_ADD, 0, &report, "a", "b", "c", NULL), PRG_E_CONFLICT);
	assert_int_equal(prg_find_peer(reg, "wg0", "a", &peer, &err), PRG_E_NOT_FOUND);
	assert_int_equal(live(reg).live, 1);
	assert_ok(do_verb(reg, PRG_ADD, PRG_IF_ABSENT, &report, "a", "b", "c", NULL));
	assert_int_equal(prg_report_result(report, 1)->outcome, PRG_UNCHANGED);
	assert_int_equal(live(reg).live, 3);
	/* a /29 has room for five clients: the sixth finds the pool full */
	assert_ok(do_verb(reg, PRG_ADD, 0, &report, "d", "e", NULL));
	assert_int_equal(do_verb(reg, PRG_ADD, 0, &report, "f", NULL), PRG_E_FULL);
	assert_int_equal(live(reg).live, 5);
	assert_int_equal(prg_exit_code(PRG_E_FULL), 1);
}

static void a_dry_run_changes_nothing(void **state)
{
	struct prg_register *reg = *state;
	PRG_REPORT *report = NULL;
	PRG_PEER *peer = NULL;
	uint64_t before;

	init_flags(reg, 0);
	before = prg_memory_ops("wg0");
	assert_ok(do_verb(reg, PRG_ADD, PRG_DRY_RUN, &report, "alice", NULL));
	assert_false(prg_report_applied(report));
	assert_int_equal(prg_report_n_changes(report), 1);
	assert_string_equal(prg_report_change(report, 0)->action, "add");
	assert_string_equal(prg_report_change(report, 0)->fields[0].name, "allowed_ips");
	assert_string_equal(prg_report_change(report, 0)->fields[0].to,
	                    "[\"10.8.0.2/32\",\"fd00:8::2/128\"]");
	assert_int_equal(prg_memory_ops("wg0"), before);
	assert_int_equal(prg_find_peer(reg, "wg0", "alice", &peer, &err), PRG_E_NOT_FOUND);
	verify(reg, 2);
}

static void what_fails_stays_pending(void **state)
{
	struct prg_register *reg = *state;
	PRG_REPORT *report = NULL;

	init_flags(reg, 0);
	prg_memory_fail("wg0", 1, PRG_E_FAILED);
	assert_int_equal(do_verb(reg, PRG_ADD, 0, &report, "alice", NULL), PRG_E_NOT_APPLIED);
	assert_non_null(report);
	assert_false(prg_report_applied(report));
	assert_non_null(prg_report_result(report, 0)->private_key);
	assert_int_equal(live(reg).live, 0);
	assert_int_equal(live(reg).missing, 1);
	/* whatever comes next finishes it */
	assert_ok(do_verb(reg, PRG_ADD, 0, &report, "bob", NULL));
	assert_int_equal(live(reg).live, 2);
	assert_int_equal(live(reg).missing, 0);

	prg_memory_fail("wg0", 1, PRG_E_FAILED);
	assert_int_equal(do_verb(reg, PRG_REVOKE, 0, &report, "alice", NULL), PRG_E_NOT_APPLIED);
	assert_int_equal(live(reg).unknown, 1);
	/* also where what comes next is refused */
	assert_int_equal(do_verb(reg, PRG_ADD, 0, &report, "bob", NULL), PRG_E_CONFLICT);
	assert_int_equal(live(reg).unknown, 0);
	assert_int_equal(live(reg).live, 1);
}

static void recorded_only_waits(void **state)
{
	struct prg_register *reg = *state;
	PRG_REPORT *report = NULL;

	init_flags(reg, 0);
	assert_ok(do_verb(reg, PRG_ADD, PRG_NO_APPLY, &report, "alice", NULL));
	assert_false(prg_report_applied(report));
	assert_int_equal(live(reg).live, 0);
	assert_ok(do_verb(reg, PRG_SYNC, 0, &report, NULL));
	assert_int_equal(prg_report_n_changes(report), 1);
	assert_int_equal(live(reg).live, 1);
	assert_ok(do_verb(reg, PRG_SYNC, 0, &report, NULL));
	assert_int_equal(prg_report_n_changes(report), 0);
}

static void down_and_up_again(void **state)
{
	struct prg_register *reg = *state;
	PRG_REPORT *report = NULL;

	init_flags(reg, 0);
	assert_ok(do_verb(reg, PRG_ADD, 0, &report, "alice", "bob", NULL));
	assert_ok(do_verb(reg, PRG_DOWN, 0, &report, NULL));
	assert_int_equal(live(reg).live, 0);
	/* down by the admin's own word: recorded, with a remark, and no failure */
	assert_ok(do_verb(reg, PRG_REVOKE, 0, &report, "bob", NULL));
	assert_int_equal(prg_report_n_remarks(report), 1);
	assert_ok(do_verb(reg, PRG_ADD, 0, &report, "carol", NULL));
	assert_int_equal(do_verb(reg, PRG_SYNC, 0, &report, NULL), PRG_E_FAILED);
	assert_ok(do_verb(reg, PRG_UP, 0, &report, NULL));
	assert_int_equal(live(reg).live, 2);
	assert_int_equal(live(reg).missing, 0);
	assert_ok(do_verb(reg, PRG_UP, 0, &report, NULL));
	assert_int_equal(prg_report_n_changes(report), 0);
}

static void a_link_that_is_gone(void **state)
{
	struct prg_register *reg = *state;
	PRG_REPORT *report = NULL;

	init_flags(reg, 0);
	prg_memory_link_remove("wg0");
	assert_int_equal(do_verb(reg, PRG_ADD, 0, &report, "alice", NULL), PRG_E_FAILED);
	verify(reg, 2);
	assert_ok(do_verb(reg, PRG_UP, 0, &report, NULL));
	assert_ok(do_verb(reg, PRG_ADD, 0, &report, "alice", NULL));
	assert_int_equal(live(reg).live, 1);
}

static void a_link_of_somebody_else(void **state)
{
	struct prg_register *reg = *state;
	PRG_REPORT *report = NULL;
	uint64_t before;

	init_flags(reg, 0);
	assert_int_equal(prg_memory_link_set("wg0", "wireguard", "peerage:0123"), 0);
	before = prg_memory_ops("wg0");
	assert_int_equal(do_verb(reg, PRG_ADD, 0, &report, "alice", NULL), PRG_E_NOT_APPLIED);
	assert_non_null(strstr(err.message, "another register"));
	assert_int_equal(do_verb(reg, PRG_UP, 0, &report, NULL), PRG_E_NOT_APPLIED);
	assert_int_equal(do_verb(reg, PRG_DOWN, 0, &report, NULL), PRG_E_NOT_APPLIED);
	assert_int_equal(prg_memory_ops("wg0"), before);
	prg_memory_link_remove("wg0");
	assert_int_equal(prg_memory_link_set("wg0", "wireguard", ""), 0);
	/* a blank link is nobody's: up takes it and mends what is pending */
	assert_ok(do_verb(reg, PRG_UP, 0, &report, NULL));
	assert_int_equal(live(reg).live, 1);
}

static void strangers_are_named_and_pruned(void **state)
{
	struct prg_register *reg = *state;
	PRG_REPORT *report = NULL;
	struct prg_wg_peer stranger = { .keepalive_s = 1 };
	struct prg_op op = { .kind = PRG_OP_PEER_SET, .fields = PRG_OF_CREATE, .peer = &stranger };
	PRG_BACKEND *backend = NULL;

	init_flags(reg, 0);
	memset(&stranger.public_key, 7, sizeof(stranger.public_key));
	assert_ok(prg_backend_open(PRG_BACKEND_MEMORY, "wg0", &backend, &err));
	assert_ok(prg_backend_apply(backend, &op, 1, NULL, NULL, &err));
	assert_ok(do_verb(reg, PRG_SYNC, 0, &report, NULL));
	assert_int_equal(prg_report_n_left_over(report), 1);
	assert_memory_equal(prg_report_left_over(report, 0), &stranger.public_key, 32);
	assert_int_equal(live(reg).unknown, 1);
	assert_ok(do_verb(reg, PRG_SYNC, PRG_PRUNE, &report, NULL));
	assert_int_equal(prg_report_n_left_over(report), 0);
	assert_int_equal(live(reg).unknown, 0);
}

static void a_foreign_private_key_is_kept_until_told(void **state)
{
	struct prg_register *reg = *state;
	PRG_REPORT *report = NULL;
	struct prg_wg_device device = { .has_private_key = true };
	struct prg_op op = { .kind = PRG_OP_DEVICE, .fields = PRG_OF_PRIVATE_KEY,
		             .device = &device };
	PRG_BACKEND *backend = NULL;
	struct prg_live_interface interface;
	struct counted c = { 0 };

	init_flags(reg, 0);
	assert_ok(prg_private_key_generate(&device.private_key, &err));
	assert_ok(prg_backend_open(PRG_BACKEND_MEMORY, "wg0", &backend, &err));
	assert_ok(prg_backend_apply(backend, &op, 1, NULL, NULL, &err));
	assert_int_equal(do_verb(reg, PRG_SYNC, 0, &report, NULL), PRG_E_NOT_APPLIED);
	assert_ok(do_verb(reg, PRG_SYNC, PRG_REPLACE_KEY, &report, NULL));
	assert_ok(do_verb(reg, PRG_ADD, 0, &report, "alice", NULL));
	assert_ok(prg_status(reg, NULL, NULL, 0, 0, &interface, count, &c, &err));
	assert_memory_equal(&interface.public_key, &prg_report_interface(report)->public_key, 32);
}

static void an_interrupted_dump_deletes_nobody(void **state)
{
	struct prg_register *reg = *state;
	PRG_REPORT *report = NULL;

	init_flags(reg, 0);
	assert_ok(do_verb(reg, PRG_ADD, 0, &report, "a", "b", "c", NULL));
	prg_memory_interrupt("wg0", 1);
	assert_ok(do_verb(reg, PRG_SYNC, 0, &report, NULL));
	assert_int_equal(live(reg).live, 3);
	prg_memory_interrupt("wg0", 1000);
	assert_ok(do_verb(reg, PRG_SYNC, PRG_PRUNE, &report, NULL));
	assert_int_equal(prg_report_n_remarks(report), 1);
	prg_memory_interrupt("wg0", 0);
	assert_int_equal(live(reg).live, 3);
}

/* Peers in another order than the register's, some missing, some of nobody: each is
 * found all the same, and only what differs is sent. */
static void order_does_not_matter(void **state)
{
	static const char *const names[] = { "a", "b", "c", "d", "e" };
	struct prg_register *reg = *state;
	PRG_REPORT *report = NULL;
	struct prg_public_key keys[5];
	struct prg_wg_peer peer = { .keepalive_s = 0 };
	struct prg_op op = { .kind = PRG_OP_PEER_REMOVE, .peer = &peer };
	PRG_BACKEND *backend = NULL;
	uint64_t before;
	size_t i;

	init_flags(reg, 0);
	assert_ok(do_verb(reg, PRG_ADD, 0, &report, "a", "b", "c", "d", "e", NULL));
	for (i = 0; i < 5; i++)
		keys[i] = prg_report_result(report, i)->peer->public_key;
	/* a and c go to the end: what was last comes first */
	assert_ok(do_verb(reg, PRG_DISABLE, 0, &report, names[0], names[2], NULL));
	assert_ok(do_verb(reg, PRG_ENABLE, 0, &report, names[2], names[0], NULL));
	before = prg_memory_ops("wg0");
	assert_ok(do_verb(reg, PRG_SYNC, 0, &report, NULL));
	assert_int_equal(prg_report_n_changes(report), 0);
	assert_int_equal(prg_memory_ops("wg0"), before);
	/* b is missing, e has become somebody else, and a dump is interrupted once */
	assert_ok(prg_backend_open(PRG_BACKEND_MEMORY, "wg0", &backend, &err));
	peer.public_key = keys[1];
	assert_ok(prg_backend_apply(backend, &op, 1, NULL, NULL, &err));
	peer.public_key = keys[4];
	assert_ok(prg_backend_apply(backend, &op, 1, NULL, NULL, &err));
	memset(&peer.public_key, 0x55, sizeof(peer.public_key));
	op.kind = PRG_OP_PEER_SET;
	op.fields = PRG_OF_CREATE;
	assert_ok(prg_backend_apply(backend, &op, 1, NULL, NULL, &err));
	prg_memory_interrupt("wg0", 1);
	before = prg_memory_ops("wg0");
	assert_ok(do_verb(reg, PRG_SYNC, 0, &report, NULL));
	assert_int_equal(prg_memory_ops("wg0"), before + 2);
	assert_int_equal(prg_report_n_left_over(report), 1);
	assert_ok(do_verb(reg, PRG_SYNC, PRG_PRUNE, &report, NULL));
	assert_int_equal(live(reg).live, 5);
	assert_int_equal(live(reg).missing + live(reg).unknown, 0);
}

static bool in_line(struct prg_register *reg, struct prg_backend *backend)
{
	PRG_INTERFACE *interface = NULL;
	bool is = false;

	assert_ok(prg_store_interface(reg->store, "wg0", &interface, &err));
	assert_ok(prg_sync_in_line(reg->store, backend, interface, &is, &err));
	return is;
}

/* Of many peers some differ, next to each other and far apart: each is found, and no
 * other is touched; before, between and after that it is known whether any does. */
static void some_of_many_differ(void **state)
{
	enum { MANY = 700 };
	struct prg_register *reg = *state;
	PRG_REPORT *report = NULL;
	static struct prg_public_key keys[MANY];
	struct prg_wg_peer peer = { .keepalive_s = 99 };
	struct prg_op op = { .peer = &peer };
	PRG_BACKEND *backend = NULL;
	INTENT *intent = NULL;
	uint64_t before, differ = 0;
	char name[16];

	init_flags(reg, 0);
	assert_ok(prg_intent_new(PRG_CONFIGURE, "wg0", &intent, &err));
	assert_ok(prg_intent_set(intent, PRG_FIELD_ADDRESS, "10.8.0.1/20", &err));
	assert_ok(run(reg, intent, &report));
	prg_intent_free(&intent);
	assert_ok(prg_intent_new(PRG_ADD, "wg0", &intent, &err));
	for (size_t i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "p%zu", i);
		assert_ok(prg_intent_peer(intent, name, &err));
	}
	assert_ok(run(reg, intent, &report));
	for (size_t i = 0; i < MANY; i++)
		keys[i] = prg_report_result(report, i)->peer->public_key;
	assert_ok(prg_backend_open(PRG_BACKEND_MEMORY, "wg0", &backend, &err));
	assert_true(in_line(reg, backend));
	for (size_t i = 0; i < MANY; i++) {
		bool missing = (i >= 100 && i < 140) || i % 97 == 3;
		bool other = !missing && (i % 5 == 0 || i == MANY - 1);

		peer.public_key = keys[i];
		op.kind = missing ? PRG_OP_PEER_REMOVE : PRG_OP_PEER_SET;
		op.fields = missing ? 0 : PRG_OF_KEEPALIVE;
		if (!missing && !other)
			continue;
		differ++;
		assert_ok(prg_backend_apply(backend, &op, 1, NULL, NULL, &err));
		if (differ == 1)
			assert_false(in_line(reg, backend));
	}
	before = prg_memory_ops("wg0");
	assert_ok(do_verb(reg, PRG_SYNC, 0, &report, NULL));
	assert_int_equal(prg_report_n_changes(report), differ);
	assert_int_equal(prg_memory_ops("wg0"), before + differ);
	assert_true(in_line(reg, backend));
	assert_int_equal(live(reg).missing + live(reg).unknown, 0);
	/* a key that nobody registered: sync leaves it, and yet it is not in line */
	memset(&peer.public_key, 7, sizeof(peer.public_key));
	op.kind = PRG_OP_PEER_SET;
	op.fields = PRG_OF_CREATE;
	assert_ok(prg_backend_apply(backend, &op, 1, NULL, NULL, &err));
	assert_false(in_line(reg, backend));
	assert_ok(do_verb(reg, PRG_SYNC, PRG_PRUNE, &report, NULL));
	assert_true(in_line(reg, backend));
	prg_memory_interrupt("wg0", 1000);
	assert_false(in_line(reg, backend));
	prg_memory_interrupt("wg0", 0);
}

/* What a brief status leaves out is only what the interface does not have. */
static int check_brief(void *context, const struct prg_live *live, const struct prg_peer *peer)
{
	(void)context;
	assert_non_null(peer);
	assert_true(peer->id > 0 && peer->name[0] != '\0');
	assert_memory_equal(&peer->public_key, &live->public_key, PRG_KEY_BYTES);
	assert_int_equal((live->present ? live->n_allowed_ips : peer->n_addresses), 2);
	assert_int_equal(peer->created_at != 0, !live->present);
	return 0;
}

static void a_brief_status(void **state)
{
	struct prg_register *reg = *state;
	PRG_REPORT *report = NULL;
	struct prg_live_interface interface;

	init_flags(reg, 0);
	assert_ok(do_verb(reg, PRG_ADD, 0, &report, "a", "b", "c", NULL));
	assert_ok(do_verb(reg, PRG_DISABLE, 0, &report, "b", NULL));
	assert_ok(prg_status(reg, "wg0", NULL, 0, PRG_STATUS_BRIEF, &interface, check_brief, NULL,
	                     &err));
}

/* While the first is told, another process lets the second and the third go. */
static int let_go(void *context, const struct prg_live *live, const struct prg_peer *peer)
{
	struct counted *c = context;
	PRG_REPORT *report = NULL;
	struct prg_register *other = NULL;

	if (c->disabled == 0) {
		assert_string_equal(peer->name, "a");
		assert_ok(prg_register_open(path, 0, 0, &other, &err));
		prg_register_set_backend(other, PRG_BACKEND_MEMORY);
		assert_ok(do_verb(other, PRG_FORGET, 0, &report, "b", NULL));
		assert_ok(do_verb(other, PRG_REVOKE, 0, &report, "c", NULL));
		prg_register_close(&other);
	}
	return count(context, live, peer);
}

static void a_brief_status_of_those_who_go(void **state)
{
	struct prg_register *reg = *state;
	PRG_REPORT *report = NULL;
	struct prg_live_interface interface;
	struct counted c = { 0 };

	init_flags(reg, 0);
	assert_ok(do_verb(reg, PRG_ADD, 0, &report, "a", "b", "c", "d", NULL));
	assert_ok(do_verb(reg, PRG_DISABLE, 0, &report, "a", "b", "c", NULL));
	assert_ok(prg_status(reg, "wg0", NULL, 0, PRG_STATUS_BRIEF, &interface, let_go, &c, &err));
	assert_int_equal(c.live, 1);
	assert_int_equal(c.disabled, 1);
	assert_int_equal(c.missing + c.unknown, 0);
}

static void settings_change_and_tell(void **state)
{
	struct prg_register *reg = *state;
	PRG_REPORT *report = NULL;
	INTENT *intent = NULL, *configure = NULL;
	PRG_PEER *peer = NULL;

	init_flags(reg, 0);
	assert_ok(do_verb(reg, PRG_ADD, 0, &report, "alice", NULL));
	assert_ok(prg_intent_new(PRG_SET, NULL, &intent, &err));
	assert_ok(prg_intent_peer(intent, "alice", &err));
	assert_ok(prg_intent_set(intent, PRG_FIELD_ROUTES, "192.168.7.0/24", &err));
	assert_ok(prg_intent_set(intent, PRG_FIELD_KEEPALIVE, "15", &err));
	assert_ok(prg_intent_set(intent, PRG_FIELD_TAG, "home", &err));
	assert_ok(prg_intent_set(intent, PRG_FIELD_TAG, "family", &err));
	assert_ok(prg_intent_set(intent, PRG_FIELD_NOTE, "a note", &err));
	assert_ok(run(reg, intent, &report));
	assert_int_equal(prg_report_n_changes(report), 1);
	assert_ok(prg_find_peer(reg, NULL, "alice", &peer, &err));
	assert_int_equal(peer->n_routes, 1);
	assert_int_equal(peer->keepalive_s, 15);
	assert_int_equal(peer->n_tags, 2);
	assert_string_equal(peer->tags[0], "family");
	assert_false(peer->config_stale);
	prg_peer_free(&peer);
	assert_ok(run(reg, intent, &report));
	assert_int_equal(prg_report_result(report, 0)->outcome, PRG_UNCHANGED);

	assert_ok(prg_intent_new(PRG_CONFIGURE, NULL, &configure, &err));
	assert_ok(prg_intent_set(configure, PRG_FIELD_ENDPOINT, "other.example.org", &err));
	assert_ok(run(reg, configure, &report));
	assert_int_equal(prg_report_n_remarks(report), 1);
	assert_ok(prg_find_peer(reg, NULL, "alice", &peer, &err));
	assert_true(peer->config_stale);
	assert_ok(do_verb(reg, PRG_SYNC, PRG_DRY_RUN, &report, NULL));
	assert_int_equal(prg_report_n_changes(report), 0);
}

static void a_wider_pool(void **state)
{
	struct prg_register *reg = *state;
	PRG_REPORT *report = NULL;
	INTENT *configure = NULL;

	init_flags(reg, 0);
	assert_ok(do_verb(reg, PRG_ADD, 0, &report, "a", "b", "c", "d", "e", NULL));
	assert_ok(prg_intent_new(PRG_CONFIGURE, NULL, &configure, &err));
	assert_ok(prg_intent_set(configure, PRG_FIELD_ADDRESS, "10.8.0.1/24,fd00:8::1/64", &err));
	assert_ok(run(reg, configure, &report));
	assert_ok(do_verb(reg, PRG_ADD, 0, &report, "f", NULL));
	/* .7 was the broadcast address of the /29 and is free in the /24 */
	assert_int_equal(prg_report_result(report, 0)->peer->addresses[0].addr.bytes[3], 7);
	assert_ok(do_verb(reg, PRG_SYNC, PRG_DRY_RUN, &report, NULL));
	assert_int_equal(prg_report_n_changes(report), 0);
}

static void an_interface_is_removed(void **state)
{
	struct prg_register *reg = *state;
	PRG_REPORT *report = NULL;
	struct prg_interface *interface = NULL;

	init_flags(reg, 0);
	assert_ok(do_verb(reg, PRG_ADD, 0, &report, "alice", NULL));
	assert_ok(do_verb(reg, PRG_REMOVE_INTERFACE, 0, &report, NULL));
	assert_int_equal(prg_find_interface(reg, "wg0", &interface, &err), PRG_E_NOT_FOUND);
	init_flags(reg, 0);
	assert_int_equal(live(reg).live, 0);
	verify(reg, 6); /* create, init, add, down, remove-interface, init */
}

static void words_of_a_witness(void *context, uint64_t number, const char *verb, const char *hash)
{
	char *line = context;

	assert_int_equal(strlen(hash), 64);
	sprintf(line + strlen(line), "%llu:%s ", (unsigned long long)number, verb);
}

static void a_witness_hears_each_entry(void **state)
{
	struct prg_register *reg = *state;
	PRG_REPORT *report = NULL;
	char heard[256] = "";

	prg_register_set_witness(reg, words_of_a_witness, heard);
	init_flags(reg, PRG_NO_UP);
	assert_ok(do_verb(reg, PRG_ADD, 0, &report, "a", "b", NULL));
	assert_int_equal(do_verb(reg, PRG_ADD, 0, &report, "a", NULL), PRG_E_CONFLICT);
	assert_ok(do_verb(reg, PRG_REVOKE, 0, &report, "a", NULL));
	assert_non_null(strstr(heard, "2:init 3:add 4:add 5:revoke "));
}

static int configure(struct prg_register *reg, enum prg_field field, const char *text,
                     struct prg_report **report)
{
	INTENT *intent = NULL;
	int rc;

	assert_ok(prg_intent_new(PRG_CONFIGURE, "wg0", &intent, &err));
	rc = prg_intent_set(intent, field, text, &err);
	return rc < 0 ? rc : run(reg, intent, report);
}

static void interfaces_refuse_nonsense(void **state)
{
	struct prg_register *reg = *state;
	PRG_REPORT *report = NULL;
	INTENT *second = NULL;

	init_flags(reg, 0);
	assert_int_equal(configure(reg, PRG_FIELD_NAT, "eth0@if5", &report), PRG_E_USAGE);
	assert_int_equal(configure(reg, PRG_FIELD_NAT, "wg0", &report), PRG_E_USAGE);
	assert_int_equal(configure(reg, PRG_FIELD_ADDRESS, "10.8.0.1/29,fd00:8::1", &report),
	                 PRG_E_USAGE);
	assert_int_equal(configure(reg, PRG_FIELD_ADDRESS, "10.8.0.0/24", &report), PRG_E_USAGE);
	assert_int_equal(configure(reg, PRG_FIELD_ADDRESS, "10.8.0.255/24", &report), PRG_E_USAGE);
	assert_int_equal(configure(reg, PRG_FIELD_ADDRESS, "127.0.0.1/8", &report), PRG_E_USAGE);
	assert_ok(prg_intent_new(PRG_INIT, "wg1", &second, &err));
	prg_intent_set_flags(second, PRG_NO_UP);
	assert_ok(prg_intent_set(second, PRG_FIELD_ENDPOINT, "vpn.example.org", &err));
	assert_ok(prg_intent_set(second, PRG_FIELD_ADDRESS, "10.8.0.2/8", &err));
	assert_int_equal(run(reg, second, &report), PRG_E_CONFLICT);
	assert_ok(prg_intent_set(second, PRG_FIELD_ADDRESS, "10.9.0.1/24", &err));
	assert_ok(prg_intent_set(second, PRG_FIELD_LISTEN_PORT, "51820", &err));
	assert_int_equal(run(reg, second, &report), PRG_E_CONFLICT);
	/* what may be running is not forgotten */
	assert_int_equal(do_verb(reg, PRG_REMOVE_INTERFACE, PRG_NO_APPLY, &report, NULL),
	                 PRG_E_CONFLICT);
	verify(reg, 2);
}

static void an_unfinished_up_lets_no_foreign_key_be_replaced(void **state)
{
	struct prg_register *reg = *state;
	PRG_REPORT *report = NULL;
	INTENT *intent = NULL;
	struct prg_wg_device device = { .has_private_key = true };
	struct prg_op op = { .kind = PRG_OP_DEVICE, .fields = PRG_OF_PRIVATE_KEY,
		             .device = &device };
	struct prg_private_key key;
	PRG_BACKEND *backend = NULL;

	init_flags(reg, 0);
	assert_ok(prg_private_key_generate(&device.private_key, &err));
	assert_ok(prg_backend_open(PRG_BACKEND_MEMORY, "wg0", &backend, &err));
	assert_ok(prg_backend_apply(backend, &op, 1, NULL, NULL, &err));
	assert_int_equal(do_verb(reg, PRG_UP, 0, &report, NULL), PRG_E_NOT_APPLIED);
	assert_int_equal(do_verb(reg, PRG_SYNC, 0, &report, NULL), PRG_E_NOT_APPLIED);
	assert_int_equal(do_verb(reg, PRG_ADD, 0, &report, "alice", NULL), PRG_E_NOT_APPLIED);
	assert_ok(do_verb(reg, PRG_SYNC, PRG_DRY_RUN, &report, NULL));
	assert_string_equal(prg_report_change(report, 0)->fields[0].name, "public_key");
	assert_ok(do_verb(reg, PRG_SYNC, PRG_REPLACE_KEY, &report, NULL));
	/* one of the admin's own is, also when it failed at first; unclamped is fine */
	memset(&key, 0xff, sizeof(key));
	assert_ok(prg_intent_new(PRG_CONFIGURE, "wg0", &intent, &err));
	assert_ok(prg_intent_set_private_key(intent, &key, &err));
	prg_memory_fail("wg0", 1, PRG_E_FAILED);
	assert_int_equal(run(reg, intent, &report), PRG_E_NOT_APPLIED);
	assert_ok(do_verb(reg, PRG_ADD, 0, &report, "bob", NULL));
	assert_ok(do_verb(reg, PRG_SYNC, PRG_DRY_RUN, &report, NULL));
	assert_int_equal(prg_report_n_changes(report), 0);
}

static void a_route_becomes_an_address(void **state)
{
	struct prg_register *reg = *state;
	PRG_REPORT *report = NULL;
	INTENT *intent = NULL;

	init_flags(reg, 0);
	assert_ok(prg_intent_new(PRG_ADD, "wg0", &intent, &err));
	assert_ok(prg_intent_peer(intent, "alice", &err));
	assert_ok(prg_intent_set(intent, PRG_FIELD_ROUTES, "10.9.0.5/32", &err));
	assert_ok(run(reg, intent, &report));
	prg_intent_free(&intent);
	assert_ok(prg_intent_new(PRG_SET, "wg0", &intent, &err));
	assert_ok(prg_intent_peer(intent, "alice", &err));
	assert_ok(prg_intent_set(intent, PRG_FIELD_ROUTES, "none", &err));
	assert_ok(prg_intent_set(intent, PRG_FIELD_ADDRESS, "10.9.0.5", &err));
	assert_ok(run(reg, intent, &report));
	assert_int_equal(prg_report_result(report, 0)->peer->n_routes, 0);
	assert_ok(do_verb(reg, PRG_SYNC, PRG_DRY_RUN, &report, NULL));
	assert_int_equal(prg_report_n_changes(report), 0);
}

static void a_strangers_fields_do_not_stay(void **state)
{
	struct prg_register *reg = *state;
	PRG_REPORT *report = NULL;
	INTENT *intent = NULL;
	struct prg_preshared_key psk;
	struct prg_wg_peer stranger = { .keepalive_s = 20, .preshared_key = &psk };
	struct prg_op op = { .kind = PRG_OP_PEER_SET, .peer = &stranger,
		             .fields = PRG_OF_CREATE | PRG_OF_KEEPALIVE | PRG_OF_PRESHARED_KEY };
	PRG_BACKEND *backend = NULL;
	char key[PRG_KEY_TEXT];

	init_flags(reg, 0);
	memset(&psk, 3, sizeof(psk));
	memset(&stranger.public_key, 7, sizeof(stranger.public_key));
	prg_public_key_format(&stranger.public_key, key);
	assert_ok(prg_backend_open(PRG_BACKEND_MEMORY, "wg0", &backend, &err));
	assert_ok(prg_backend_apply(backend, &op, 1, NULL, NULL, &err));
	assert_ok(prg_intent_new(PRG_ADD, "wg0", &intent, &err));
	assert_ok(prg_intent_peer(intent, "adopted", &err));
	assert_ok(prg_intent_set(intent, PRG_FIELD_PUBLIC_KEY, key, &err));
	assert_ok(prg_intent_set(intent, PRG_FIELD_PRESHARED_KEY, "none", &err));
	assert_ok(run(reg, intent, &report));
	assert_ok(do_verb(reg, PRG_SYNC, PRG_DRY_RUN, &report, NULL));
	assert_int_equal(prg_report_n_changes(report), 0);
}

static void a_dry_run_tells_what_only_the_register_knows(void **state)
{
	struct prg_register *reg = *state;
	PRG_REPORT *report = NULL;
	INTENT *intent = NULL;
	const struct prg_change *change;

	init_flags(reg, 0);
	assert_ok(do_verb(reg, PRG_ADD, 0, &report, "alice", NULL));
	assert_ok(prg_intent_new(PRG_SET, "wg0", &intent, &err));
	prg_intent_set_flags(intent, PRG_DRY_RUN);
	assert_ok(prg_intent_peer(intent, "alice", &err));
	assert_ok(prg_intent_set(intent, PRG_FIELD_NOTE, "new", &err));
	assert_ok(prg_intent_set(intent, PRG_FIELD_KEEPALIVE, "9", &err));
	assert_ok(run(reg, intent, &report));
	assert_int_equal(prg_report_n_changes(report), 1);
	change = prg_report_change(report, 0);
	assert_int_equal(change->n_fields, 2);
	assert_string_equal(change->fields[0].name, "keepalive");
	assert_string_equal(change->fields[1].name, "note");
	assert_string_equal(change->fields[1].to, "\"new\"");
}

static void intents_refuse_nonsense(void **state)
{
	INTENT *intent = NULL;
	PRG_REPORT *report = NULL;
	struct prg_register *reg = *state;

	init_flags(reg, PRG_NO_UP);
	assert_int_equal(prg_intent_new(PRG_ADD, "a/b", &intent, &err), PRG_E_USAGE);
	assert_ok(prg_intent_new(PRG_ADD, "wg0", &intent, &err));
	assert_int_equal(run(reg, intent, &report), PRG_E_USAGE);
	assert_int_equal(prg_intent_peer(intent, "no spaces", &err), PRG_E_USAGE);
	assert_ok(prg_intent_peer(intent, "alice", &err));
	assert_int_equal(prg_intent_peer(intent, "alice", &err), PRG_E_USAGE);
	assert_int_equal(prg_intent_set(intent, PRG_FIELD_LISTEN_PORT, "1", &err), PRG_E_USAGE);
	assert_int_equal(prg_intent_set(intent, PRG_FIELD_ADDRESS, "10.0.0.0/24", &err),
	                 PRG_E_USAGE);
	assert_int_equal(prg_intent_set(intent, PRG_FIELD_PEER_ENDPOINT, "a.example.org:1", &err),
	                 PRG_E_USAGE);
	assert_int_equal(prg_intent_set(intent, PRG_FIELD_EXPIRES, "2001-01-01", &err),
	                 PRG_E_USAGE);
	assert_int_equal(prg_intent_set(intent, PRG_FIELD_PRESHARED_KEY, "AAAA", &err), PRG_E_USAGE);
	assert_int_equal(prg_intent_set(intent, PRG_FIELD_NOTE, "two\nlines", &err), PRG_E_USAGE);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_peer_lives_and_dies),
		TEST(a_revoked_key_never_comes_back),
		TEST(several_are_all_or_none),
		TEST(a_dry_run_changes_nothing),
		TEST(what_fails_stays_pending),
		TEST(recorded_only_waits),
		TEST(down_and_up_again),
		TEST(a_link_that_is_gone),
		TEST(a_link_of_somebody_else),
		TEST(strangers_are_named_and_pruned),
		TEST(a_foreign_private_key_is_kept_until_told),
		TEST(an_interrupted_dump_deletes_nobody),
		TEST(order_does_not_matter),
		TEST(some_of_many_differ),
		TEST(a_brief_status),
		TEST(a_brief_status_of_those_who_go),
		TEST(settings_change_and_tell),
		TEST(a_wider_pool),
		TEST(an_interface_is_removed),
		TEST(a_witness_hears_each_entry),
		TEST(interfaces_refuse_nonsense),
		TEST(an_unfinished_up_lets_no_foreign_key_be_replaced),
		TEST(a_route_becomes_an_address),
		TEST(a_strangers_fields_do_not_stay),
		TEST(a_dry_run_tells_what_only_the_register_knows),
		TEST(intents_refuse_nonsense),
	};
	int failed;

	if (mkdtemp(directory) == NULL)
		return 1;
	snprintf(path, sizeof(path), "%s/register.db", directory);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(directory);
	return failed;
}
