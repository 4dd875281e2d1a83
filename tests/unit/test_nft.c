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
		cmocka_unit_test(test_not_wanted),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_table_names),
		cmocka_unit_test(test_read_back),
		cmocka_unit_test(test_read_back_damaged),
		cmocka_unit_test(test_owner),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_wgquick),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
