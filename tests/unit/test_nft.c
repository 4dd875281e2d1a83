/* SPDX-License-Identifier: ISC */
/* Our table: the bytes that load it, and whether what is read back is it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "host/nft.h"

#ifndef PRG_TESTS
#define PRG_TESTS "tests"
#endif
#define GOLDEN PRG_TESTS "/golden/nft/"
#define ID "00112233445566778899aabbccddeeff"

struct sample {
	const char *file, *name, *nat;
	bool isolate;
	const char *addresses[4];
};

static const struct sample samples[] = {
	{ "auto", "wg0", "auto", false, { "10.7.0.1/24", "fd00:7::1/64" } },
	{ "auto-isolate", "wg0", "auto", true, { "10.7.0.1/24", "10.8.0.1/16", "fd00:7::1/64" } },
	{ "device", "wg0", "eth0", false, { "10.7.0.1/24" } },
	{ "device-both", "wg0", "eth0", false, { "10.7.0.1/24", "fd00:7::1/64" } },
	{ "device-v6", "wg0", "br-lan", false, { "fd00:7::1/64" } },
	{ "isolate", "wg0", "none", true, { "10.7.0.1/24", "fd00:7::1/64" } },
	{ "odd-name", "a=b+c.d_e-f", "auto", false, { "10.7.0.1/32", "fd00:7::1/128" } },
};
#define N_SAMPLES (sizeof(samples) / sizeof(samples[0]))

static struct prg_interface *make(const struct sample *sample)
{
	struct prg_interface *interface = prg_interface_new();
	size_t i;

	assert_non_null(interface);
	snprintf(interface->name, sizeof(interface->name), "%s", sample->name);
	snprintf(interface->nat, sizeof(interface->nat), "%s", sample->nat);
	interface->isolate = sample->isolate;
	interface->addresses = calloc(4, sizeof(*interface->addresses));
	assert_non_null(interface->addresses);
	for (i = 0; i < 4 && sample->addresses[i] != NULL; i++)
		assert_int_equal(prg_prefix_parse(sample->addresses[i], &interface->addresses[i],
		                                  NULL),
		                 0);
	interface->n_addresses = i;
	return interface;
}

static char *golden(const char *name, const char *suffix)
{
	char path[512];
	char *text = NULL;
	struct prg_error err;

	snprintf(path, sizeof(path), GOLDEN "%s%s", name, suffix);
	if (prg_file_read(path, 1 << 20, &text, NULL, &err) < 0)
		fail_msg("%s", err.message);
	return text;
}

static void test_ruleset(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < N_SAMPLES; i++) {
		PRG_INTERFACE *interface = make(&samples[i]);
		PRG_FREE char *wanted = golden(samples[i].file, ".json");
		PRG_FREE char *text = NULL;

		assert_true(prg_nft_wanted(interface));
		assert_int_equal(prg_nft_ruleset(interface, ID, &text, NULL), 0);
		assert_string_equal(text, wanted);
	}
}

/* The same in nft's own language. */
static void test_script(void **state)
{
	static const char *const others[] = {
		"{\"nftables\":[{\"flush\":{\"ruleset\":null}}]}",
		"{\"nftables\":[{\"delete\":{\"rule\":{}}}]}",
		"{\"nftables\":[{\"add\":{\"rule\":{\"expr\":[{\"accept\":null}]}}}]}",
		"{\"nftables\":[{\"add\":{\"rule\":{\"expr\":[{\"match\":{}}]}}}]}",
	};
	PRG_FREE char *text = NULL;
	struct prg_error err;
	size_t i;

	(void)state;
	for (i = 0; i < N_SAMPLES; i++) {
		PRG_FREE char *asked = golden(samples[i].file, ".json");
		PRG_FREE char *wanted = golden(samples[i].file, ".nft");
		PRG_FREE char *script = NULL;
		PRG_JSON *ruleset = NULL;

		assert_int_equal(prg_nft_parse(asked, &ruleset, NULL), 0);
		assert_int_equal(prg_nft_script(ruleset, &script, NULL), 0);
		assert_string_equal(script, wanted);
	}
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		PRG_JSON *ruleset = NULL;

		assert_int_equal(prg_nft_parse(others[i], &ruleset, NULL), 0);
		assert_int_equal(prg_nft_script(ruleset, &text, &err), PRG_E_CORRUPT);
	}
	assert_null(text);
}

static void test_not_wanted(void **state)
{
	const struct sample sample = { "", "wg0", "none", false, { "10.7.0.1/24" } };
	PRG_INTERFACE *interface = make(&sample);

	(void)state;
	assert_false(prg_nft_wanted(interface));
	interface->nat[0] = '\0';
	assert_false(prg_nft_wanted(interface));
	interface->isolate = true;
	assert_true(prg_nft_wanted(interface));
}

/* Nothing that could end a JSON string, or mean another rule, gets in. */
static void test_refused(void **state)
{
	static const char *const names[] = { "", "a\"b", "a b", "wg0/..", "." };
	static const char *const nats[] = { "eth0\"", "eth*", "wg0", "a\nb" };
	static const char *const ids[] = { "", "00\"", "xyz", "ABC" };
	PRG_INTERFACE *interface = make(&samples[0]);
	char *text = NULL;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		assert_int_equal(prg_nft_ruleset(interface, ids[i], &text, NULL), PRG_E_USAGE);
	for (i = 0; i < sizeof(nats) / sizeof(nats[0]); i++) {
		strcpy(interface->nat, nats[i]);
		assert_int_equal(prg_nft_ruleset(interface, ID, &text, NULL), PRG_E_USAGE);
	}
	strcpy(interface->nat, "auto");
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		strcpy(interface->name, names[i]);
		assert_int_equal(prg_nft_ruleset(interface, ID, &text, NULL), PRG_E_USAGE);
	}
	assert_null(text);
}

static void test_table_names(void **state)
{
	char a[PRG_NFT_TABLE_TEXT], b[PRG_NFT_TABLE_TEXT];

	(void)state;
	prg_nft_table("wg0", a);
	assert_string_equal(a, "peerage-wg0");
	prg_nft_table("wg.3d", a);
	prg_nft_table("wg=", b);
	assert_string_equal(a, "peerage-wg.2e3d");
	assert_string_equal(b, "peerage-wg.3d");
	prg_nft_table("===============", a);
	assert_string_equal(a, "peerage-.3d.3d.3d.3d.3d.3d.3d.3d.3d.3d.3d.3d.3d.3d.3d");
}

/* Every listing beside a golden ruleset is what nft made of it. */
static void test_read_back(void **state)
{
	size_t i, j;

	(void)state;
	for (i = 0; i < N_SAMPLES; i++) {
		PRG_FREE char *asked = golden(samples[i].file, ".json");
		PRG_JSON *wanted = NULL;
		char table[PRG_NFT_TABLE_TEXT];

		prg_nft_table(samples[i].name, table);
		assert_int_equal(prg_nft_parse(asked, &wanted, NULL), 0);
		for (j = 0; j < N_SAMPLES; j++) {
			PRG_FREE char *text = golden(samples[j].file, ".listed.json");
			PRG_JSON *listed = NULL;
			int rc;

			assert_int_equal(prg_nft_parse(text, &listed, NULL), 0);
			rc = prg_nft_compare(wanted, listed, table, NULL);
			assert_int_equal(rc == 0, i == j);
			assert_int_equal(prg_nft_owned(listed, table, ID),
			                 strcmp(samples[i].name, samples[j].name) == 0
			                         ? PRG_NFT_OURS
			                         : PRG_NFT_ABSENT);
		}
	}
}

/* Takes one object out of the listing, or changes it, and compares. */
static void test_read_back_damaged(void **state)
{
	PRG_FREE char *asked = golden("auto-isolate", ".json");
	PRG_FREE char *text = golden("auto-isolate", ".listed.json");
	PRG_JSON *wanted = NULL, *listed = NULL;
	size_t i, damaged = 0;

	(void)state;
	assert_int_equal(prg_nft_parse(asked, &wanted, NULL), 0);
	assert_int_equal(prg_nft_parse(text, &listed, NULL), 0);
	for (i = 0; i < json_array_size(listed); i++) {
		PRG_JSON *copy = json_deep_copy(listed);
		PRG_JSON *changed = json_deep_copy(listed);
		json_t *rule = json_object_get(json_array_get(changed, i), "rule");
		struct prg_error err;

		if (json_object_get(json_array_get(listed, i), "chain") == NULL && rule == NULL)
			continue;
		damaged++;
		json_array_remove(copy, i);
		assert_int_equal(prg_nft_compare(wanted, copy, "peerage-wg0", &err), PRG_E_FAILED);
		if (rule == NULL)
			continue;
		json_object_set_new(rule, "expr", json_pack("[{s:n}]", "accept"));
		assert_int_equal(prg_nft_compare(wanted, changed, "peerage-wg0", &err),
		                 PRG_E_FAILED);
	}
	assert_int_equal(damaged, 2 + 5);
	json_array_append_new(listed, json_pack("{s:{s:s,s:s,s:s}}", "chain", "family", "inet",
	                                        "table", "peerage-wg0", "name", "more"));
	assert_int_equal(prg_nft_compare(wanted, listed, "peerage-wg0", NULL), PRG_E_FAILED);
}

/* An address, a device, a flag: another one. A length: one less. */
static void alter(json_t *leaf, const char *key)
{
	if (json_is_integer(leaf))
		json_integer_set(leaf, json_integer_value(leaf) - 1);
	else if (strchr(json_string_value(leaf), ':') != NULL)
		json_string_set(leaf, "fd00:8::");
	else
		json_string_set(leaf, strcmp(key, "addr") == 0 ? "10.9.0.0" : "wg1");
}

/* Changes leaf `index` below node, whose key is `key`. False: there are not so many. */
static bool damage(json_t *node, const char *key, size_t *index)
{
	json_t *value;
	size_t i;

	if (json_is_array(node)) {
		json_array_foreach(node, i, value)
			if (damage(value, key, index))
				return true;
		return false;
	}
	if (json_is_object(node)) {
		json_object_foreach(node, key, value) {
			if (json_is_null(value) && (*index)-- == 0) {
				json_object_set_new(node, "accept", json_null());
				return true;
			}
			if (!json_is_null(value) && damage(value, key, index))
				return true;
		}
		return false;
	}
	if (node == NULL || (*index)-- != 0)
		return false;
	alter(node, key);
	return true;
}

/* No part of an expression can change unseen. */
static void test_read_back_altered(void **state)
{
	size_t i, changed;

	(void)state;
	for (i = 0; i < N_SAMPLES; i++) {
		PRG_FREE char *asked = golden(samples[i].file, ".json");
		PRG_FREE char *text = golden(samples[i].file, ".listed.json");
		PRG_JSON *wanted = NULL, *listed = NULL;
		char table[PRG_NFT_TABLE_TEXT];

		prg_nft_table(samples[i].name, table);
		assert_int_equal(prg_nft_parse(asked, &wanted, NULL), 0);
		assert_int_equal(prg_nft_parse(text, &listed, NULL), 0);
		for (changed = 0;; changed++) {
			PRG_JSON *copy = json_deep_copy(listed);
			size_t left = changed, rule;
			bool done = false;

			for (rule = 0; rule < json_array_size(copy) && !done; rule++)
				done = damage(json_object_get(
				                      json_object_get(json_array_get(copy, rule),
				                                      "rule"),
				                      "expr"),
				              "", &left);
			if (!done)
				break;
			if (prg_nft_compare(wanted, copy, table, NULL) == 0)
				fail_msg("%s: change %zu is not seen", samples[i].file, changed);
		}
		assert_true(changed >= 7);
	}
}

static bool same_rule(const char *asked, const char *listed)
{
	PRG_JSON *a = json_pack("{s:s,s:s,s:o}", "chain", "c", "comment", "x", "expr",
	                        json_loads(asked, 0, NULL));
	PRG_JSON *b = json_pack("{s:s,s:s,s:o}", "chain", "c", "comment", "x", "expr",
	                        json_loads(listed, 0, NULL));

	assert_non_null(a);
	assert_non_null(b);
	return prg_nft_same_rule(a, b);
}

#define MATCH(left, right) "{\"match\":{\"op\":\"==\",\"left\":" left ",\"right\":" right "}}"
#define META(key, right) MATCH("{\"meta\":{\"key\":\"" key "\"}}", right)
#define SADDR(right)                                                                    \
	MATCH("{\"payload\":{\"protocol\":\"ip\",\"field\":\"saddr\"}}", right)
#define FLAGS(mask, right)                                                              \
	MATCH("{\"&\":[{\"payload\":{\"protocol\":\"tcp\",\"field\":\"flags\"}}," mask "]}",  \
	      right)
#define NET(addr, len) "{\"prefix\":{\"addr\":\"" addr "\",\"len\":" len "}}"
#define SET(...) "{\"set\":[" __VA_ARGS__ "]}"

/* One rule in several words, as several versions of nft list it; and others like it. */
static void test_words(void **state)
{
	static const struct {
		const char *asked, *listed;
		bool same;
	} cases[] = {
		{ SADDR(SET(NET("10.7.0.0", "24"))), SADDR(NET("10.7.0.0", "24")), true },
		{ SADDR(SET("\"10.7.0.1\"")), SADDR(NET("10.7.0.1", "32")), true },
		{ SADDR(SET(NET("10.7.0.0", "24") "," NET("10.7.1.0", "24"))),
		  SADDR(SET(NET("10.7.0.0", "23"))), true },
		{ SADDR(SET(NET("10.7.0.0", "24") "," NET("10.7.1.0", "24"))),
		  SADDR("{\"range\":[\"10.7.0.0\",\"10.7.1.255\"]}"), true },
		{ SADDR(SET(NET("10.0.0.0", "8") "," NET("10.7.1.0", "24"))),
		  SADDR(NET("10.0.0.0", "8")), true },
		{ SADDR(SET(NET("10.7.0.0", "24") "," NET("10.8.0.0", "24"))),
		  SADDR(SET(NET("10.8.0.0", "24") "," NET("10.7.0.0", "24"))), true },
		{ SADDR(NET("0.0.0.0", "0")),
		  SADDR(SET(NET("128.0.0.0", "1") "," NET("0.0.0.0", "1"))), true },
		{ SADDR(SET(NET("10.7.0.0", "24"))), SADDR(NET("10.7.0.0", "23")), false },
		{ SADDR(SET(NET("10.7.0.0", "24"))), SADDR(NET("10.7.1.0", "24")), false },
		{ SADDR(SET(NET("10.7.0.0", "24"))),
		  SADDR(SET(NET("10.7.0.0", "24") "," NET("10.9.0.0", "24"))), false },
		{ SADDR(SET(NET("10.7.0.0", "24"))),
		  SADDR("{\"range\":[\"10.7.0.0\",\"10.7.0.254\"]}"), false },
		{ SADDR(SET(NET("10.7.0.0", "24"))), SADDR(SET("\"@elsewhere\"")), false },
		{ SADDR(SET(NET("10.7.0.0", "24"))), SADDR("\"@elsewhere\""), false },
		{ SADDR(SET(NET("10.7.0.0", "24"))), SADDR(NET("10.7.0.0", "1000")), false },
		{ META("oifname", SET("\"lo\",\"wg0\"")), META("oifname", SET("\"wg0\",\"lo\"")),
		  true },
		{ META("oifname", SET("\"lo\",\"wg0\"")), META("oifname", SET("\"wg0\"")), false },
		{ META("oifname", "\"wg0\""), META("iifname", "\"wg0\""), false },
		{ META("oifname", "\"wg0\""), META("oifname", "\"wg*\""), false },
		{ FLAGS("[\"syn\",\"rst\"]", "\"syn\""),
		  FLAGS("{\"|\":[\"syn\",\"rst\"]}", "\"syn\""), true },
		{ FLAGS("[\"syn\",\"rst\"]", "\"syn\""), FLAGS("[\"rst\",\"syn\"]", "[\"syn\"]"),
		  true },
		{ FLAGS("[\"syn\",\"rst\"]", "\"syn\""), FLAGS("[\"syn\",\"ack\"]", "\"syn\""),
		  false },
		/* written out, or put in */
		{ FLAGS("[\"syn\",\"rst\"]", "\"syn\""),
		  META("l4proto", "\"tcp\"") "," FLAGS("[\"syn\",\"rst\"]", "\"syn\""), true },
		{ FLAGS("[\"syn\",\"rst\"]", "\"syn\""),
		  META("l4proto", "\"udp\"") "," FLAGS("[\"syn\",\"rst\"]", "\"syn\""), false },
		{ SADDR("\"10.7.0.1\""), META("nfproto", "\"ipv4\"") "," SADDR("\"10.7.0.1\""),
		  true },
		{ SADDR("\"10.7.0.1\""), META("nfproto", "\"ipv6\"") "," SADDR("\"10.7.0.1\""),
		  false },
		{ SADDR("\"10.7.0.1\""), META("l4proto", "\"tcp\"") "," SADDR("\"10.7.0.1\""),
		  false },
		{ META("oifname", "\"wg0\"") ",{\"drop\":null}",
		  META("oifname", "\"wg0\"") ",{\"accept\":null}", false },
		{ META("oifname", "\"wg0\"") ",{\"drop\":null}", META("oifname", "\"wg0\""), false },
		{ META("oifname", "\"wg0\"") ",{\"drop\":null}",
		  META("oifname", "\"wg0\"") ",{\"limit\":{\"rate\":1}},{\"drop\":null}", false },
		{ "{\"masquerade\":null}", "{\"masquerade\":{\"flags\":\"random\"}}", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char asked[512], listed[512];

		snprintf(asked, sizeof(asked), "[%s]", cases[i].asked);
		snprintf(listed, sizeof(listed), "[%s]", cases[i].listed);
		if (same_rule(asked, listed) != cases[i].same)
			fail_msg("%s; %s", asked, listed);
	}
}

/* A table that is switched off has all its rules. */
static void test_dormant(void **state)
{
	PRG_FREE char *asked = golden("auto", ".json");
	PRG_FREE char *text = golden("auto", ".listed.json");
	PRG_JSON *wanted = NULL, *listed = NULL;
	json_t *table;

	(void)state;
	assert_int_equal(prg_nft_parse(asked, &wanted, NULL), 0);
	assert_int_equal(prg_nft_parse(text, &listed, NULL), 0);
	assert_int_equal(prg_nft_compare(wanted, listed, "peerage-wg0", NULL), 0);
	table = json_object_get(json_array_get(listed, 1), "table");
	assert_non_null(table);
	json_object_set_new(table, "flags", json_string("dormant"));
	assert_int_equal(prg_nft_compare(wanted, listed, "peerage-wg0", NULL), PRG_E_FAILED);
}

/* What nft answers to a load is as good as a listing; what says less is not. */
static void test_echo(void **state)
{
	static const char *const silent[] = { "", "add table inet peerage-wg0\n",
		                              "# new generation 5 by process 60 (nft)\n" };
	PRG_FREE char *asked = golden("auto", ".json");
	PRG_FREE char *text = golden("auto", ".listed.json");
	PRG_JSON *wanted = NULL, *listed = NULL, *heard = NULL;
	PRG_JSON *answer = json_pack("{s:[]}", "nftables");
	json_t *commands = json_object_get(answer, "nftables"), *object;
	size_t i;

	(void)state;
	assert_int_equal(prg_nft_parse(asked, &wanted, NULL), 0);
	assert_int_equal(prg_nft_parse(text, &listed, NULL), 0);
	for (i = 0; i < sizeof(silent) / sizeof(silent[0]); i++)
		assert_int_equal(prg_nft_echoed(silent[i], &heard, NULL), PRG_E_CORRUPT);
	assert_null(heard);
	for (i = 0; i <= json_array_size(listed); i++) {
		PRG_FREE char *said = json_dumps(answer, 0);
		PRG_JSON *echoed = NULL;
		bool all = i == json_array_size(listed);

		assert_int_equal(prg_nft_echoed(said, &echoed, NULL), 0);
		assert_int_equal(prg_nft_compare(wanted, echoed, "peerage-wg0", NULL) == 0, all);
		object = json_array_get(listed, i);
		if (!all && json_object_get(object, "metainfo") == NULL)
			json_array_append_new(commands, json_pack("{s:O}", "add", object));
	}
}

static enum prg_nft_owner owner_of(const char *objects)
{
	PRG_JSON *list = NULL;

	assert_int_equal(prg_nft_parse(objects, &list, NULL), 0);
	return prg_nft_owned(list, "peerage-wg0", ID);
}

#define TABLE "{\"table\":{\"family\":\"inet\",\"name\":\"peerage-wg0\"}}"
#define RULE(comment)                                                                    \
	"{\"rule\":{\"family\":\"inet\",\"table\":\"peerage-wg0\",\"chain\":\"forward\"," \
	"\"comment\":\"" comment "\",\"expr\":[]}}"
#define LIST(...) "{\"nftables\":[" __VA_ARGS__ "]}"

static void test_owner(void **state)
{
	(void)state;
	assert_int_equal(owner_of(LIST("")), PRG_NFT_ABSENT);
	assert_int_equal(owner_of(LIST(TABLE)), PRG_NFT_FOREIGN);
	assert_int_equal(owner_of(LIST(TABLE "," RULE("hello"))), PRG_NFT_FOREIGN);
	assert_int_equal(owner_of(LIST(TABLE "," RULE("peerage:" ID " x"))), PRG_NFT_OURS);
	assert_int_equal(owner_of(LIST(TABLE "," RULE("peerage:" ID "0 x"))), PRG_NFT_FOREIGN);
	assert_int_equal(owner_of(LIST(TABLE "," RULE("peerage:0 x"))), PRG_NFT_FOREIGN);
	assert_int_equal(owner_of(LIST(TABLE "," RULE("peerage:" ID " x") "," RULE("peerage:1 y"))),
	                 PRG_NFT_FOREIGN);
	assert_int_equal(owner_of(LIST("{\"table\":{\"family\":\"ip\",\"name\":\"peerage-wg0\"}}")),
	                 PRG_NFT_ABSENT);
}

static void test_malformed(void **state)
{
	static const char *const texts[] = { "", "#", "{", "[]", "{}", "{\"nftables\":{}}",
		                             "{\"nftables\":[{}}", "# a\n# b\n", "null" };
	json_t *list = NULL;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(prg_nft_parse(texts[i], &list, NULL), PRG_E_CORRUPT);
	assert_null(list);
	assert_int_equal(
		prg_nft_parse("# Warning: table ip filter\n{\"nftables\":[]}", &list, NULL), 0);
	json_decref(list);
}

static void test_wgquick(void **state)
{
	(void)state;
	assert_false(prg_host_has_wgquick("../../etc/hosts"));
	assert_false(prg_host_has_wgquick("no-such-conf"));
	assert_false(prg_host_has_wgquick(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ruleset),
		cmocka_unit_test(test_script),
		cmocka_unit_test(test_not_wanted),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_table_names),
		cmocka_unit_test(test_read_back),
		cmocka_unit_test(test_read_back_damaged),
		cmocka_unit_test(test_read_back_altered),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_dormant),
		cmocka_unit_test(test_echo),
		cmocka_unit_test(test_owner),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_wgquick),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
