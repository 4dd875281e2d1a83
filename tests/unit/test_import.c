/* SPDX-License-Identifier: ISC */
/* What comments say of names; what WireGuard makes of a config with doubles; and
 * an interface that runs, on the memory backend, taken over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "backend/backend.h"
#include "backend/memory.h"
#include "import/import.h"
#include "import/names.h"
#include "model/name.h"
#include "model/peer.h"
#include "report.h"

#define SERVER "mMeO046GjF0mgCRHs+fAYJ/B6vxAa88A5MbbAejK53E="
#define ALICE "c2js13m4S6zIHNttWMEL7MQUl2qfRpWKqU8napPSHE4="
#define BOB "d0Ivxh3z83JqYR5RNi9+CQbY2lBN3+T8ruODVKzU9wA="
#define SHARED "hFBSzDwnYt2vCEDUdfrYqc0bzWOo2JkodkYHsdRo5Ew="
#define OTHER "WPX3ktwR2mVGRbkIkVwq+KpYdNVF1wLbGwLIIqgNM04="
#define HEAD "[Interface]\nPrivateKey=" SERVER "\nAddress=10.8.0.1/24\nListenPort=51820\n"

static struct prg_error err;

/* --------------------------------------------------------------------- names */

static void assert_reads(bool (*read)(struct prg_slice *), const char *comment, const char *name)
{
	struct prg_slice s = { comment, strlen(comment) };

	if (read(&s) != (name != NULL))
		fail_msg("%s: %s", comment, name ? "no name" : "a name");
	if (name == NULL) {
		assert_ptr_equal(s.data, comment);
		return;
	}
	assert_int_equal(s.length, strlen(name));
	assert_memory_equal(s.data, name, s.length);
}

static void test_comments(void **state)
{
	(void)state;
	assert_reads(prg_name_of_pivpn, "### begin alice ###", "alice");
	assert_reads(prg_name_of_pivpn, "### begin a b ###", "a b");
	assert_reads(prg_name_of_pivpn, "### begin  ###", NULL);
	assert_reads(prg_name_of_pivpn, "### begin alice", NULL);
	assert_reads(prg_name_of_pivpn, "### end alice ###", NULL);
	assert_reads(prg_name_of_angristan, "### Client alice", "alice");
	assert_reads(prg_name_of_angristan, "### Client ", NULL);
	assert_reads(prg_name_of_angristan, "# Client alice", NULL);
	assert_reads(prg_name_of_nyr, "# BEGIN_PEER alice", "alice");
	assert_reads(prg_name_of_nyr, "# END_PEER alice", NULL);
	assert_reads(prg_name_of_wgeasy, "# Client: alice (1f)", "alice");
	assert_reads(prg_name_of_wgeasy, "# Client: alice (tv) (1f)", "alice (tv)");
	assert_reads(prg_name_of_wgeasy, "# Client: alice", "alice");
	assert_reads(prg_name_of_wgeasy, "# Client: (1f)", NULL);
	assert_reads(prg_name_of_wgeasy, "### Client: alice (1f)", NULL);
	assert_reads(prg_name_of_friendly, "# friendly_name=alice", "alice");
	assert_reads(prg_name_of_friendly, "#friendly_name = alice b", "alice b");
	assert_reads(prg_name_of_friendly, "# friendly_name", NULL);
	assert_reads(prg_name_of_friendly, "# friendly_name=", NULL);
	assert_reads(prg_name_of_friendly, "# friendly_json={\"id\":1, \"name\" : \"al\"}", "al");
	assert_reads(prg_name_of_friendly, "# friendly_json={\"first_name\":\"al\"}", NULL);
	assert_reads(prg_name_of_friendly, "# friendly_json={\"name\":\"a\\\"l\"}", NULL);
	assert_reads(prg_name_of_friendly, "# friendly_json={\"name\":\"al", NULL);
	assert_reads(prg_name_of_plain, "# alice", "alice");
	assert_reads(prg_name_of_plain, "## alice@example.org", "alice@example.org");
	assert_reads(prg_name_of_plain, "# alice's", NULL);
	assert_reads(prg_name_of_plain, "#PublicKey=abc", NULL);
	assert_reads(prg_name_of_plain, "##", NULL);
}

static void test_map(void **state)
{
	static const struct {
		const char *text, *name;
		bool same;
	} cases[] = {
		{ "alice", "alice", true },
		{ "Bob's laptop", "Bob-s-laptop", false },
		{ "-- x", "x", false },
		{ "a/b\tc", "a-b-c", false },
		{ "u\xcc\x88ml", "\xc3\xbcml", true },   /* composed */
		{ "a\xffz", "a-z", false },              /* no UTF-8 */
		{ "a\xe2\x80\xaez", "a-z", false },      /* turns the direction */
		{ "\xcc\x88x", "x", false },             /* a mark alone */
		{ "", NULL, false },
		{ "???", NULL, false },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\xc3\xbc",
		  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false },
	};
	char name[PRG_NAME_BYTES + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool same = !cases[i].same;
		bool made = prg_name_map(cases[i].text, strlen(cases[i].text), name, &same);

		assert_int_equal(made, cases[i].name != NULL);
		if (!made)
			continue;
		assert_string_equal(name, cases[i].name);
		assert_int_equal(same, cases[i].same);
		assert_int_equal(prg_name_check(name, NULL), 0);
	}
}

/* ------------------------------------------------------------------- doubles */

static struct prg_import *read_config(const char *text)
{
	struct prg_import *import = NULL;

	if (prg_import_config(text, strlen(text), "wg0.conf", &import, &err) < 0)
		fail_msg("%s", err.message);
	return import;
}

static void assert_ips(const struct prg_import_peer *peer, const char *wanted)
{
	char text[512] = "", one[PRG_PREFIX_TEXT];

	for (size_t i = 0; i < peer->n_allowed_ips; i++) {
		prg_prefix_format(&peer->allowed_ips[i], one);
		strcat(text, i ? "," : "");
		strcat(text, one);
	}
	assert_string_equal(text, wanted);
}

/* As `wg setconf` does on Linux 6.1, where this very text was tried. */
static void test_doubles(void **state)
{
	PRG_IMPORT_OWN *import = read_config(
		HEAD "[Peer]\nPublicKey=" ALICE "\nPresharedKey=" SHARED "\n"
		     "AllowedIPs=10.8.0.2\nPersistentKeepalive=25\n"
		     "[Peer]\nPublicKey=" BOB "\nAllowedIPs=10.8.0.5\n"
		     "[Peer]\nPublicKey=" ALICE "\nAllowedIPs=10.8.0.3,10.8.0.5\n");

	(void)state;
	assert_int_equal(import->n_peers, 2);
	assert_ips(&import->peers[0], "");
	assert_ips(&import->peers[1], "10.8.0.3/32,10.8.0.5/32");
	assert_non_null(import->peers[1].preshared_key);
	assert_int_equal(import->peers[1].keepalive_s, 25);
	assert_int_equal(import->n_lines, 2);
	assert_false(import->lines[0].lost);
}

/* Who is disabled yields, wherever it stands. */
static void test_disabled_yields(void **state)
{
	PRG_IMPORT_OWN *import = read_config(
		HEAD "[Peer]\nPublicKey=" ALICE "\nAllowedIPs=10.8.0.2\n"
		     "#[disabled] [Peer]\n#[disabled] PublicKey=" ALICE "\n"
		     "#[disabled] AllowedIPs=10.8.0.9\n"
		     "#[disabled] [Peer]\n#[disabled] PublicKey=" BOB "\n"
		     "#[disabled] AllowedIPs=10.8.0.2,10.8.0.3\n");

	(void)state;
	assert_int_equal(import->n_peers, 2);
	assert_ips(&import->peers[0], "10.8.0.2/32");
	assert_false(import->peers[0].disabled);
	assert_ips(&import->peers[1], "10.8.0.3/32");
	assert_true(import->peers[1].disabled);
}

static void test_disabled_lines(void **state)
{
	static const char *const bad[] = {
		/* a setting whose section is out */
		HEAD "#[disabled] [Peer]\nPublicKey=" ALICE "\n",
		HEAD "#[disabled] [Peer]\n#[disabled] PublicKey=x\n",
		HEAD "#[disabled] [Peer]\n",
	};
	struct prg_import *refused = NULL;
	/* comments, to WireGuard and to us */
	PRG_IMPORT_OWN *import = read_config(
		HEAD "#[disabled] MTU=5\n#[disabled] [Interface]\n[Peer]\nPublicKey=" ALICE "\n"
		     "#[disabled] PublicKey=x\n#[disabled] AllowedIPs=10.8.0.2\n");

	(void)state;
	assert_int_equal(import->n_peers, 1);
	assert_ips(&import->peers[0], "");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(prg_import_config(bad[i], strlen(bad[i]), "x", &refused, &err),
		                 PRG_E_USAGE);
		assert_non_null(strstr(err.message, "line "));
		assert_null(refused);
	}
}

/* Numbers go on behind what is taken, and fit. */
static void test_numbers(void **state)
{
	char text[65536] = HEAD, line[256], key[PRG_KEY_TEXT];
	const char *a64 = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
	const char *names[] = { "a", "a-3", "a", "a", a64, a64, "a\xc3\xbc", "au\xcc\x88" };

	(void)state;
	for (size_t i = 0; i < 8; i++) {
		struct prg_public_key public_key = { .bytes = { 7, (unsigned char)i, 9 } };

		prg_public_key_format(&public_key, key);
		snprintf(line, sizeof(line), "### Client %s%s\n[Peer]\nPublicKey=%s\n", names[i],
		         i == 4 ? "bc" : i == 5 ? "bd" : "", key);
		strcat(text, line);
	}
	PRG_IMPORT_OWN *import = read_config(text);

	assert_string_equal(import->peers[0].name, "a");
	assert_string_equal(import->peers[1].name, "a-3");
	assert_string_equal(import->peers[2].name, "a-2");
	assert_string_equal(import->peers[3].name, "a-4");
	/* both are cut at 64 bytes */
	assert_int_equal(strlen(import->peers[4].name), 64);
	assert_int_equal(strlen(import->peers[5].name), 64);
	assert_string_equal(import->peers[5].name + 62, "-2");
	assert_string_equal(import->peers[6].name, "a\xc3\xbc");
	assert_string_equal(import->peers[7].name, "a\xc3\xbc" "-2");
}

/* ----------------------------------------------------------------- taken over */

static char directory[] = "/tmp/peerage-import-XXXXXX";
static char path[64];

#define INTENT PRG_CLEANUP(prg_intent_free) struct prg_intent

static void remove_register(void)
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	char file[80];

	for (size_t i = 0; i < 3; i++) {
		snprintf(file, sizeof(file), "%s%s", path, ends[i]);
		unlink(file);
	}
}

static int setup(void **state)
{
	struct prg_register *reg = NULL;

	remove_register();
	prg_memory_reset();
	if (prg_register_open(path, PRG_OPEN_CREATE, 1000, &reg, &err) < 0)
		return -1;
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

/* wg0 with one peer, made by somebody else. */
static void start(const char *server, const char *peer_key, const char *allowed_ip)
{
	PRG_BACKEND *backend = NULL;
	struct prg_wg_device device = { .listen_port = 51999, .has_private_key = true };
	struct prg_prefix ip, own;
	struct prg_wg_peer peer = { .keepalive_s = 21, .allowed_ips = &ip, .n_allowed_ips = 1 };
	struct prg_op ops[4] = {
		{ .kind = PRG_OP_DEVICE, .fields = PRG_OF_PRIVATE_KEY | PRG_OF_LISTEN_PORT,
		  .device = &device },
		{ .kind = PRG_OP_PEER_SET, .peer = &peer,
		  .fields = PRG_OF_CREATE | PRG_OF_KEEPALIVE | PRG_OF_ALLOWED_IPS },
		{ .kind = PRG_OP_ADDRESS_ADD }, { .kind = PRG_OP_LINK, .mtu = 1380, .up = true },
	};

	assert_int_equal(prg_private_key_parse(server, 44, &device.private_key, &err), 0);
	assert_int_equal(prg_public_key_parse(peer_key, 44, &peer.public_key, &err), 0);
	assert_int_equal(prg_prefix_parse(allowed_ip, &ip, &err), 0);
	assert_int_equal(prg_prefix_parse("10.8.0.1/24", &own, &err), 0);
	ops[2].prefix = own;
	assert_int_equal(prg_memory_link_set("wg0", "wireguard", ""), 0);
	assert_int_equal(prg_backend_open(PRG_BACKEND_MEMORY, "wg0", &backend, &err), 0);
	assert_int_equal(prg_backend_apply(backend, ops, 4, NULL, NULL, &err), 0);
}

static int import(struct prg_register *reg, const char *text, unsigned flags,
                  struct prg_report **report)
{
	INTENT *intent = NULL;

	prg_report_free(report);
	assert_int_equal(prg_intent_new(PRG_IMPORT, NULL, &intent, &err), 0);
	prg_intent_set_flags(intent, flags);
	assert_int_equal(prg_intent_set(intent, PRG_FIELD_ENDPOINT, "192.0.2.1", &err), 0);
	if (text != NULL)
		assert_int_equal(prg_intent_read_config(intent, text, strlen(text), "wg0.conf",
		                                        &err), 0);
	return prg_execute(reg, intent, report, &err);
}

static void assert_mine(struct prg_register *reg)
{
	char wanted[64];
	PRG_BACKEND *backend = NULL;
	struct prg_link link;

	snprintf(wanted, sizeof(wanted), "peerage:%s", prg_register_id(reg));
	assert_int_equal(prg_backend_open(PRG_BACKEND_MEMORY, "wg0", &backend, &err), 0);
	assert_int_equal(prg_backend_link(backend, &link, &err), 0);
	assert_string_equal(link.alias, wanted);
}

/* Of all that could be done to it, its alias alone is. */
static void test_live(void **state)
{
	struct prg_register *reg = *state;
	PRG_REPORT *report = NULL;
	const struct prg_peer *peer;
	uint64_t ops;

	start(SERVER, ALICE, "10.8.0.2/32");
	ops = prg_memory_ops("wg0");
	assert_int_equal(import(reg, NULL, PRG_LIVE | PRG_DRY_RUN, &report), 0);
	assert_true(prg_report_adopted(report));
	assert_int_equal(prg_report_n_changes(report), 0);
	assert_int_equal(prg_memory_ops("wg0"), ops);
	assert_int_equal(import(reg, NULL, PRG_LIVE, &report), 0);
	assert_int_equal(prg_memory_ops("wg0"), ops + 1);
	assert_mine(reg);
	assert_true(prg_report_applied(report) && prg_report_adopted(report));
	assert_int_equal(prg_report_n_results(report), 1);
	peer = prg_report_result(report, 0)->peer;
	assert_string_equal(peer->name, "peer-c2js13m4");
	assert_int_equal(peer->keepalive_s, 21);
	assert_int_equal(peer->n_addresses, 1);
	assert_int_equal(prg_report_interface(report)->listen_port, 51999);
	assert_int_equal(prg_report_interface(report)->mtu, 1380);
	assert_int_equal(prg_report_n_left_over(report), 0);
}

static void test_nothing_runs(void **state)
{
	PRG_REPORT *report = NULL;

	assert_int_equal(import(*state, NULL, PRG_LIVE, &report), PRG_E_NOT_FOUND);
	assert_null(report);
	assert_int_equal(import(*state, NULL, 0, &report), PRG_E_USAGE);
}

#define FILE_TEXT HEAD "# bob\n[Peer]\nPublicKey=" BOB "\nAllowedIPs=10.8.0.3\n"

static void test_file_and_running_differ(void **state)
{
	struct prg_register *reg = *state;
	PRG_REPORT *report = NULL;

	start(SERVER, ALICE, "10.8.0.2/32");
	assert_int_equal(import(reg, FILE_TEXT, 0, &report), 0);
	assert_mine(reg);
	assert_int_equal(prg_report_n_left_over(report), 1);
	assert_int_equal(prg_report_n_results(report), 1);
	assert_string_equal(prg_report_result(report, 0)->peer->name, "bob");
}

static void test_another_key(void **state)
{
	struct prg_register *reg = *state;
	struct prg_interface *none = NULL;
	PRG_REPORT *report = NULL;

	start(OTHER, ALICE, "10.8.0.2/32");
	assert_int_equal(import(reg, FILE_TEXT, 0, &report), PRG_E_CONFLICT);
	assert_int_equal(prg_find_interface(reg, "wg0", &none, &err), PRG_E_NOT_FOUND);
	prg_memory_link_set("wg0", "wireguard", "peerage:00000000000000000000000000000000");
	assert_int_equal(import(reg, FILE_TEXT, 0, &report), PRG_E_CONFLICT);
	assert_non_null(strstr(err.message, "belongs to another register"));
}

/* The process dies, or fails, behind the commit: what comes next takes it over. */
static void test_not_applied(void **state)
{
	struct prg_register *reg = *state;
	PRG_REPORT *report = NULL;
	INTENT *intent = NULL;

	start(SERVER, ALICE, "10.8.0.2/32");
	prg_memory_fail("wg0", 1, PRG_E_FAILED);
	assert_int_equal(import(reg, NULL, PRG_LIVE, &report), PRG_E_NOT_APPLIED);
	prg_report_free(&report);
	assert_int_equal(prg_intent_new(PRG_ADD, "wg0", &intent, &err), 0);
	assert_int_equal(prg_intent_peer(intent, "carol", &err), 0);
	if (prg_execute(reg, intent, &report, &err) != 0)
		fail_msg("%s", err.message);
	assert_mine(reg);
	assert_true(prg_report_applied(report));
}

/* Only recorded, it is taken over when it is wanted up; one with another key is not. */
static void test_up_takes_over(void **state)
{
	struct prg_register *reg = *state;
	PRG_REPORT *report = NULL;
	INTENT *intent = NULL;

	start(OTHER, ALICE, "10.8.0.2/32");
	assert_int_equal(import(reg, FILE_TEXT, PRG_NO_UP, &report), 0);
	assert_false(prg_report_adopted(report));
	prg_report_free(&report);
	assert_int_equal(prg_intent_new(PRG_UP, "wg0", &intent, &err), 0);
	assert_int_equal(prg_execute(reg, intent, &report, &err), PRG_E_NOT_APPLIED);
	prg_report_free(&report);
	start(SERVER, ALICE, "10.8.0.2/32");
	assert_int_equal(prg_execute(reg, intent, &report, &err), 0);
	assert_mine(reg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_comments),
		cmocka_unit_test(test_map),
		cmocka_unit_test(test_doubles),
		cmocka_unit_test(test_disabled_yields),
		cmocka_unit_test(test_disabled_lines),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test_setup_teardown(test_live, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nothing_runs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_file_and_running_differ, setup, teardown),
		cmocka_unit_test_setup_teardown(test_another_key, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_applied, setup, teardown),
		cmocka_unit_test_setup_teardown(test_up_takes_over, setup, teardown),
	};
	int failed;

	if (mkdtemp(directory) == NULL)
		return 1;
	snprintf(path, sizeof(path), "%s/register.db", directory);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(directory);
	return failed;
}
