/* SPDX-License-Identifier: ISC */
/*
 * Which foreign chains are found to be in our way, and what mends them, over
 * rulesets as nft lists them (tests/golden/foreign; "make" there made them).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "host/foreign.h"

#ifndef PRG_TESTS
#define PRG_TESTS "tests"
#endif
#define GOLDEN PRG_TESTS "/golden/foreign/"

struct remarks {
	char line[16][1024];
	size_t n;
};

static void note(void *context, const char *line)
{
	struct remarks *remarks = context;

	assert_true(remarks->n < 16);
	assert_null(strchr(line, '\n'));
	snprintf(remarks->line[remarks->n++], sizeof(remarks->line[0]), "%s", line);
}

static struct prg_interface *make(const char *nat)
{
	struct prg_interface *interface = prg_interface_new();

	assert_non_null(interface);
	strcpy(interface->name, "wg0");
	strcpy(interface->nat, nat);
	strcpy(interface->endpoint.host, "vpn.example.org");
	interface->listen_port = 51820;
	interface->addresses = calloc(2, sizeof(*interface->addresses));
	assert_non_null(interface->addresses);
	interface->n_addresses = 2;
	assert_int_equal(prg_prefix_parse("10.7.0.1/24", &interface->addresses[0], NULL), 0);
	assert_int_equal(prg_prefix_parse("fd00:7::1/64", &interface->addresses[1], NULL), 0);
	return interface;
}

static void look(const struct prg_interface *interface, const char *ruleset,
                 struct remarks *remarks)
{
	size_t found = 99;
	struct prg_error err;

	remarks->n = 0;
	if (prg_foreign_check(interface, ruleset, &found, note, remarks, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(found, remarks->n);
}

static void look_at(const struct prg_interface *interface, const char *name,
                    struct remarks *remarks)
{
	char path[512];
	PRG_FREE char *text = NULL;
	struct prg_error err;

	snprintf(path, sizeof(path), GOLDEN "%s.json", name);
	if (prg_file_read(path, 1 << 20, &text, NULL, &err) < 0)
		fail_msg("%s", err.message);
	look(interface, text, remarks);
}

#define UNTIL " until the next reboot, run: "
#define NFT_INPUT(family)                                                                    \
	"the firewall (nftables, chain " family " filter input, policy drop) drops what "    \
	"clients send to UDP port 51820; to let it in" UNTIL "nft insert rule " family       \
	" filter input udp dport 51820 accept"
#define NFT_OPEN(family)                                                             \
	"; to let it through" UNTIL "nft 'insert rule " family                       \
	" filter forward iifname \"wg0\" accept' && nft 'insert rule " family        \
	" filter forward oifname \"wg0\" accept'"
#define NFT_FORWARD(family)                                                                    \
	"the firewall (nftables, chain " family " filter forward, policy drop) drops what wg0 " \
	"forwards" NFT_OPEN(family)
#define UFW_INPUT(family)                                                                    \
	"the firewall (ufw, chain " family " filter INPUT, policy drop) drops what clients " \
	"send to UDP port 51820; to let it in, run: ufw allow 51820/udp"
#define UFW_FORWARD(family)                                                                \
	"the firewall (ufw, chain " family " filter FORWARD, policy drop) drops what wg0 " \
	"forwards; to let it through, run: ufw route allow in on wg0 && ufw route allow "  \
	"out on wg0"
#define DOCKER(family, program)                                                               \
	"the firewall (Docker, chain " family " filter FORWARD, policy drop) drops what wg0 " \
	"forwards; to let it through" UNTIL program                                           \
	" -I DOCKER-USER -i wg0 -j ACCEPT && " program " -I DOCKER-USER -o wg0 -j ACCEPT"
#define IPTABLES_INPUT(family, program)                                                      \
	"the firewall (iptables, chain " family " filter INPUT, by a rule) drops what "      \
	"clients send to UDP port 51820, unless a rule lets it through that nft does not "   \
	"show in full; to let it in" UNTIL program " -I INPUT -p udp --dport 51820 -j ACCEPT"
#define IPTABLES_FORWARD(family, program)                                                      \
	"the firewall (iptables, chain " family " filter FORWARD, policy drop) drops what wg0 " \
	"forwards; to let it through" UNTIL program                                            \
	" -I FORWARD -i wg0 -j ACCEPT && " program " -I FORWARD -o wg0 -j ACCEPT"

static const struct {
	const char *file, *nat;
	const char *remarks[5];
} cases[] = {
	{ "accept", "auto", { NULL } },
	{ "ours", "auto", { NULL } },
	{ "drop-both", "auto", { NFT_INPUT("inet"), NFT_FORWARD("inet") } },
	{ "drop-both-open", "auto", { NULL } },
	{ "port-in-set", "auto", { NULL } },
	/* Who knows which device clients come by knows that eth0's chain is theirs. */
	{ "port-in-chain", "auto", { NULL } },
	{ "port-in-chain", "eth0", { NULL } },
	{ "port-in-chain", "eth1", { NFT_INPUT("inet") } },
	{ "limited", "auto", { NULL } },
	{ "other-port", "auto", { NFT_INPUT("inet"), NFT_FORWARD("inet") } },
	{ "last-rule",
	  "auto",
	  { "the firewall (nftables, chain inet filter input, by a rule) drops what clients send "
	    "to UDP port 51820; to let it in" UNTIL
	    "nft insert rule inet filter input udp dport 51820 accept",
	    "the firewall (nftables, chain inet filter forward, by a rule) drops the answers to "
	    "what wg0 forwards" NFT_OPEN("inet") } },
	{ "states-only",
	  "auto",
	  { NFT_INPUT("ip"), NFT_FORWARD("ip"), NFT_INPUT("ip6"), NFT_FORWARD("ip6") } },
	{ "pools", "auto", { NULL } },
	{ "to-uplink", "eth0", { NULL } },
	{ "to-uplink", "eth1", { NFT_FORWARD("inet") } },
	{ "to-uplink", "auto", { NFT_FORWARD("inet") } },
	{ "return",
	  "auto",
	  { "the firewall (nftables, chain inet filter forward, by a rule) drops what wg0 "
	    "forwards" NFT_OPEN("inet") } },
	{ "ufw",
	  "auto",
	  { UFW_INPUT("ip"), UFW_FORWARD("ip"), UFW_INPUT("ip6"), UFW_FORWARD("ip6") } },
	{ "ufw-open", "auto", { NULL } },
	{ "firewalld",
	  "auto",
	  { "the firewall (firewalld, chain inet firewalld filter_INPUT, by a rule) drops what "
	    "clients send to UDP port 51820; to let it in, run: firewall-cmd --permanent "
	    "--add-port=51820/udp && firewall-cmd --reload",
	    "the firewall (firewalld, chain inet firewalld filter_FORWARD, by a rule) drops what "
	    "wg0 forwards; to let it through, run: firewall-cmd --permanent --zone=trusted "
	    "--add-interface=wg0 && firewall-cmd --reload" } },
	{ "firewalld-open", "auto", { NULL } },
	{ "docker", "auto", { DOCKER("ip", "iptables"), DOCKER("ip6", "ip6tables") } },
	{ "docker-open", "auto", { NULL } },
	{ "iptables",
	  "auto",
	  { IPTABLES_INPUT("ip", "iptables"), IPTABLES_FORWARD("ip", "iptables"),
	    IPTABLES_INPUT("ip6", "ip6tables"), IPTABLES_FORWARD("ip6", "ip6tables") } },
};

static void test_cases(void **state)
{
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		PRG_INTERFACE *interface = make(cases[i].nat);
		struct remarks remarks;

		look_at(interface, cases[i].file, &remarks);
		for (j = 0; j < remarks.n && cases[i].remarks[j] != NULL; j++)
			assert_string_equal(remarks.line[j], cases[i].remarks[j]);
		if (j != remarks.n || cases[i].remarks[j] != NULL)
			fail_msg("%s, %s: %zu remarks; next: %s", cases[i].file, cases[i].nat,
			         remarks.n, j < remarks.n ? remarks.line[j] : cases[i].remarks[j]);
	}
}

/* What the interface does not use is in nobody's way. */
static void test_families(void **state)
{
	PRG_INTERFACE *interface = make("auto");
	struct remarks remarks;

	(void)state;
	strcpy(interface->endpoint.host, "198.51.100.1");
	look_at(interface, "states-only", &remarks);
	assert_int_equal(remarks.n, 3);
	assert_string_equal(remarks.line[0], NFT_INPUT("ip"));
	assert_string_equal(remarks.line[2], NFT_FORWARD("ip6"));
	interface->n_addresses = 1;
	look_at(interface, "states-only", &remarks);
	assert_int_equal(remarks.n, 2);
	strcpy(interface->endpoint.host, "2001:db8::1");
	look_at(interface, "states-only", &remarks);
	assert_int_equal(remarks.n, 2);
	assert_string_equal(remarks.line[1], NFT_INPUT("ip6"));
}

#define CHAIN_OF(table, name, hook)                                                          \
	"{\"chain\":{\"family\":\"inet\",\"table\":\"" table "\",\"name\":\"" name "\","    \
	"\"type\":\"filter\",\"hook\":\"" hook "\",\"prio\":0,\"policy\":\"drop\"}}"
#define RULE_OF(chain, ...)                                                                  \
	"{\"rule\":{\"family\":\"inet\",\"table\":\"t\",\"chain\":\"" chain "\",\"expr\":[" \
	__VA_ARGS__ "]}}"
#define LIST(...) "{\"nftables\":[" __VA_ARGS__ "]}"
#define MATCH(op, left, right) \
	"{\"match\":{\"op\":\"" op "\",\"left\":" left ",\"right\":" right "}}"
#define META(key) "{\"meta\":{\"key\":\"" key "\"}}"
#define DPORT "{\"payload\":{\"protocol\":\"udp\",\"field\":\"dport\"}}"
#define ACCEPT "{\"accept\":null}"

static size_t blocked(const char *hook_rule)
{
	PRG_INTERFACE *interface = make("auto");
	struct remarks remarks;

	look(interface, hook_rule, &remarks);
	return remarks.n;
}

/* One rule in an input chain of policy drop: does it let clients in? */
static const struct {
	const char *rule;
	bool lets_in;
} rules[] = {
	{ACCEPT, true},
	{"{\"counter\":{\"packets\":0,\"bytes\":0}}," ACCEPT, true},
	{"{\"log\":null}," ACCEPT, true},
	{"{\"queue\":null}", true},
	{"{\"drop\":null}," ACCEPT, false},
	{"{\"limit\":{\"rate\":1,\"per\":\"second\"}}," ACCEPT, false},
	{"{\"something new\":1}," ACCEPT, false},
	{MATCH("==", DPORT, "51820") "," ACCEPT, true},
	{MATCH("==", DPORT, "51821") "," ACCEPT, false},
	{MATCH("!=", DPORT, "51820") "," ACCEPT, false},
	{MATCH("!=", DPORT, "22") "," ACCEPT, true},
	{MATCH("==", DPORT, "\"wireguard\"") "," ACCEPT, false},
	{MATCH("<", DPORT, "51820") "," ACCEPT, false},
	{MATCH("<=", DPORT, "51820") "," ACCEPT, true},
	{MATCH(">", DPORT, "51819") "," ACCEPT, true},
	{MATCH(">=", DPORT, "51821") "," ACCEPT, false},
	{MATCH("==", DPORT, "{\"range\":[51820,51830]}") "," ACCEPT, true},
	{MATCH("==", DPORT, "{\"range\":[51821,51830]}") "," ACCEPT, false},
	{MATCH("==", DPORT, "{\"set\":[1,{\"range\":[2,60000]}]}") "," ACCEPT, true},
	{MATCH("==", DPORT, "{\"set\":[{\"elem\":{\"val\":51820,\"timeout\":9}}]}") "," ACCEPT,
	 true},
	{MATCH("!=", DPORT, "{\"set\":[1,51820]}") "," ACCEPT, false},
	{MATCH("==", DPORT, "\"@nowhere\"") "," ACCEPT, false},
	{MATCH("==", "{\"payload\":{\"protocol\":\"th\",\"field\":\"dport\"}}", "51820") "," ACCEPT,
	 true},
	{MATCH("==", "{\"payload\":{\"protocol\":\"tcp\",\"field\":\"dport\"}}",
	       "51820") "," ACCEPT,
	 false},
	{MATCH("!=", "{\"payload\":{\"protocol\":\"tcp\",\"field\":\"dport\"}}", "22") "," ACCEPT,
	 false},
	{MATCH("==", META("l4proto"), "\"udp\"") "," ACCEPT, true},
	{MATCH("==", META("l4proto"), "17") "," ACCEPT, true},
	{MATCH("==", META("l4proto"), "{\"set\":[\"tcp\",6]}") "," ACCEPT, false},
	{MATCH("==", META("iifname"), "\"*\"") "," ACCEPT, true},
	{MATCH("==", META("iifname"), "\"eth0\"") "," ACCEPT, false},
	{MATCH("!=", META("iifname"), "\"lo\"") "," ACCEPT, true},
	{MATCH("!=", META("iifname"), "\"wg0\"") "," ACCEPT, true},
	{MATCH("==", META("oifname"), "\"eth0\"") "," ACCEPT, false},
	{MATCH("==", META("iifname"), "\"eth0\"") "," MATCH("==", DPORT, "51820") "," ACCEPT, true},
	{MATCH("in", "{\"ct\":{\"key\":\"state\"}}", "[\"new\",\"untracked\"]") "," ACCEPT, true},
	{MATCH("in", "{\"ct\":{\"key\":\"state\"}}", "\"established\"") "," ACCEPT, false},
	{MATCH("!=", "{\"ct\":{\"key\":\"state\"}}", "\"invalid\"") "," ACCEPT, true},
	{MATCH("==", "{\"fib\":{\"result\":\"type\",\"flags\":[\"daddr\"]}}",
	       "\"local\"") "," ACCEPT,
	 true},
	{MATCH("==", META("pkttype"), "\"broadcast\"") "," ACCEPT, false},
	{"{\"xt\":{\"type\":\"match\",\"name\":\"comment\"}}," ACCEPT, true},
	{"{\"xt\":{\"type\":\"target\",\"name\":\"LOG\"}}," ACCEPT, true},
	{"{\"xt\":{\"type\":\"target\",\"name\":\"REJECT\"}}," ACCEPT, false},
	{"{\"xt\":null}," ACCEPT, false},
	{"{\"vmap\":{\"key\":" DPORT ",\"data\":{\"set\":[[22,{\"drop\":null}],[\"*\","
	 "{\"accept\":null}]]}}}",
	 true},
	{"{\"vmap\":{\"key\":" DPORT ",\"data\":{\"set\":[[\"*\",{\"accept\":null}],[51820,"
	 "{\"drop\":null}]]}}}",
	 false},
	{"{\"vmap\":{\"key\":" META("iifname") ",\"data\":{\"set\":[[\"eth0\","
					       "{\"drop\":null}],[\"*\",{\"accept\":null}]]}}}",
	 false},
	{"{\"vmap\":{\"key\":{\"concat\":[" META(
		 "iifname") "," DPORT "]},\"data\":{\"set\":["
			    "[{\"concat\":[\"eth0\",51820]},{\"accept\":null}]]}}}",
	 true},
	{MATCH("==", "{\"concat\":[" META("l4proto") "," DPORT "]}",
	       "{\"set\":[{\"concat\":[\"udp\",{\"range\":[1,60000]}]}]}") "," ACCEPT,
	 true},
};

static void test_rules(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		char text[2048];

		snprintf(text, sizeof(text),
			 LIST(CHAIN_OF("t", "c", "input") "," RULE_OF("c", "%s")), rules[i].rule);
		if ((blocked(text) == 0) != rules[i].lets_in)
			fail_msg("%s should %slet clients in", rules[i].rule,
			         rules[i].lets_in ? "" : "not ");
	}
}

/* Jumps that never end, and sets that name themselves, come to an end. */
static void test_loops(void **state)
{
	(void)state;
	assert_int_equal(blocked(LIST(CHAIN_OF("t", "c", "input") "," RULE_OF(
	                         "c", "{\"jump\":{\"target\":\"c\"}}") "," RULE_OF("c", ACCEPT))),
	                 0);
	assert_int_equal(blocked(LIST(CHAIN_OF("t", "c", "input") "," RULE_OF(
	                         "c", "{\"goto\":{\"target\":\"c\"}}"))),
	                 1);
	assert_int_equal(
		blocked(LIST(
			"{\"set\":{\"family\":\"inet\",\"table\":\"t\",\"name\":\"s\","
			"\"elem\":[\"@s\",\"@s\",\"@s\"]}}," CHAIN_OF(
				"t", "c", "input") "," RULE_OF("c", MATCH("==", DPORT,
									  "\"@s\"") "," ACCEPT))),
		1);
}

/* Names that a shell, nft or a terminal would take amiss are not repeated. */
static void test_hostile_names(void **state)
{
	PRG_INTERFACE *interface = make("auto");
	struct remarks remarks;

	(void)state;
	look(interface, LIST(CHAIN_OF("t;reboot", "c\\u001b[31m $(x)", "input")), &remarks);
	assert_int_equal(remarks.n, 1);
	assert_string_equal(remarks.line[0],
	                    "the firewall (nftables, chain inet t;reboot c?[31m?$(x), policy drop) "
	                    "drops what clients send to UDP port 51820; the program that "
	                    "made this chain must let it in");
}

/* nft 1.0.6 does not list flags; later ones do, as a word or a list. */
static void test_dormant(void **state)
{
#define TABLE(flags) \
	"{\"table\":{\"family\":\"inet\",\"name\":\"t\",\"flags\":" flags "}},"
	(void)state;
	assert_int_equal(blocked(LIST(TABLE("\"dormant\"") CHAIN_OF("t", "c", "input"))), 0);
	assert_int_equal(blocked(LIST(TABLE("[\"x\",\"dormant\"]") CHAIN_OF("t", "c", "input"))),
			 0);
	assert_int_equal(blocked(LIST(TABLE("[\"owner\"]") CHAIN_OF("t", "c", "input"))), 1);
	assert_int_equal(blocked(LIST(TABLE("\"dormant\"") CHAIN_OF("u", "c", "input"))), 1);
}

static void test_malformed(void **state)
{
	static const char *const bad[] = {"", "{", "{\"nftables\":1}", "\"x\"", "[{\"chain\":1}]"};
	static const char *const odd[] = {
		LIST("1,null,\"x\",[],{},{\"chain\":null},{\"rule\":[]},{\"set\":{}},{\"table\":"
		     "2}"),
		LIST("{\"chain\":{\"hook\":\"input\"}},{\"chain\":{\"hook\":1,\"type\":\"filter\"}"
		     "}"),
		LIST("{\"chain\":{\"family\":\"inet\",\"hook\":\"input\",\"type\":\"filter\"}}"),
		LIST("{\"rule\":{\"family\":\"inet\",\"table\":\"t\",\"chain\":\"c\",\"expr\":[1,{}"
		     ","
		     "null,{\"match\":1},{\"vmap\":[]},{\"jump\":{}},{\"goto\":null}]}}"),
	};
	PRG_INTERFACE *interface = make("auto");
	struct prg_error err;
	size_t i, found = 77;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(prg_foreign_check(interface, bad[i], &found, NULL, NULL, &err),
		                 PRG_E_CORRUPT);
		assert_non_null(strstr(err.message, "wg0"));
	}
	assert_int_equal(found, 77);
	for (i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		assert_int_equal(blocked(odd[i]), 0);
}

static void test_legacy(void **state)
{
	PRG_INTERFACE *interface = make("auto");
	PRG_FREE char *line = NULL;

	(void)state;
	assert_int_equal(prg_advice_legacy(interface, "", false, &line, NULL), 0);
	assert_null(line);
	assert_int_equal(
		prg_advice_legacy(interface, "nat\nfilters\nxfilter\n", false, &line, NULL), 0);
	assert_null(line);
	assert_int_equal(prg_advice_legacy(interface, "nat\nfilter\n", true, &line, NULL), 0);
	assert_non_null(line);
	assert_non_null(strstr(line,
			       "run: ip6tables-legacy -I INPUT -p udp --dport 51820 -j ACCEPT "
			       "&& ip6tables-legacy -I FORWARD -i wg0 -j ACCEPT && "
			       "ip6tables-legacy -I FORWARD -o wg0 -j ACCEPT"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),   cmocka_unit_test(test_families),
		cmocka_unit_test(test_rules),   cmocka_unit_test(test_loops),
		cmocka_unit_test(test_malformed), cmocka_unit_test(test_hostile_names),
		cmocka_unit_test(test_legacy),  cmocka_unit_test(test_dormant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
