/* SPDX-License-Identifier: ISC */
/* What nf_tables lists is read as nft(8) reads it, and no other bytes are; what it is to
 * make is told as nft tells it. */
#include "backend_testing.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "backend/nf_decode.h"
#include "backend/nf_encode.h"

#define TYPE(what) (NFNL_SUBSYS_NFTABLES << 8 | (what))
#define MOST 16

/* What a dump, recorded between nft and the kernel, comes to. */
static size_t decode_all(const uint8_t *data, size_t length, struct prg_nf_entry entries[MOST])
{
	size_t n = 0;

	for (size_t at = 0; at + NLMSG_HDRLEN <= length;) {
		const struct nlmsghdr *message = (const struct nlmsghdr *)(data + at);

		assert_in_range(message->nlmsg_len, NLMSG_HDRLEN, length - at);
		at += NLMSG_ALIGN(message->nlmsg_len);
		assert_in_range(n, 0, MOST - 1);
		if (prg_nf_decode(message, &entries[n]))
			n++;
	}
	return n;
}

static void test_recorded(void **state)
{
	static const struct prg_nf_entry wanted[] = {
		{ true, false, "peerage-wg0" },
		{ false, false, "filter" },
		{ false, false, "six" },
		{ true, false, "empty" },
		{ true, true, "peerage-wg0" }, /* forward */
		{ false, true, "filter" },     /* input */
		{ false, false, "" },          /* not hooked in */
		{ false, false, "filter" },    /* output */
		{ false, true, "six" },        /* input, though of type nat */
	};
	struct prg_nf_entry entries[MOST];
	size_t length, n = sizeof(wanted) / sizeof(wanted[0]);
	PRG_FREE uint8_t *data = golden("nft-show.received", &length);

	(void)state;
	assert_int_equal(decode_all(data, length, entries), n);
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(entries[i].table, wanted[i].table);
		assert_int_equal(entries[i].inet, wanted[i].inet);
		assert_int_equal(entries[i].filters, wanted[i].filters);
	}
}

/* The first message of that type. */
static struct nlmsghdr *first(uint8_t *data, uint16_t what)
{
	struct nlmsghdr *message = (struct nlmsghdr *)data;

	while (message->nlmsg_type != TYPE(what))
		message = (struct nlmsghdr *)((uint8_t *)message +
		                              NLMSG_ALIGN(message->nlmsg_len));
	return message;
}

/* Hooks of other families have the same numbers, and other packets. */
static void test_families(void **state)
{
	static const struct {
		uint8_t family;
		bool inet, filters;
	} cases[] = {
		{ NFPROTO_INET, true, true },    { NFPROTO_IPV4, false, true },
		{ NFPROTO_IPV6, false, true },   { NFPROTO_ARP, false, false },
		{ NFPROTO_BRIDGE, false, false }, { NFPROTO_NETDEV, false, false },
	};
	struct prg_nf_entry entry;
	size_t length;
	PRG_FREE uint8_t *data = golden("nft-show.received", &length);
	struct nlmsghdr *message = first(data, NFT_MSG_NEWCHAIN);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		((struct nfgenmsg *)NLMSG_DATA(message))->nfgen_family = cases[i].family;
		assert_true(prg_nf_decode(message, &entry));
		assert_int_equal(entry.inet, cases[i].inet);
		assert_int_equal(entry.filters, cases[i].filters);
	}
}

/* Cut off anywhere, with the length in its header as it is or as it would be, and with a
 * length that no attribute can have: nothing is read beyond, and nothing is made up. */
static void test_malformed(void **state)
{
	static const uint16_t types[] = { NFT_MSG_NEWTABLE, NFT_MSG_NEWCHAIN };
	size_t length;
	PRG_FREE uint8_t *data = golden("nft-show.received", &length);

	(void)state;
	for (int i = 0; i < 2; i++) {
		const struct nlmsghdr *whole = first(data, types[i]);
		struct prg_nf_entry entry = { .table = "untouched" };

		for (uint32_t cut = NLMSG_HDRLEN; cut < whole->nlmsg_len; cut++) {
			/* of exactly that length, for a sanitizer to see */
			PRG_FREE struct nlmsghdr *part = malloc(cut);

			assert_non_null(part);
			memcpy(part, whole, cut);
			part->nlmsg_len = cut;
			if (prg_nf_decode(part, &entry))
				assert_true(entry.table[0] == '\0' ||
				            strcmp(entry.table, "peerage-wg0") == 0);
			else if (cut < NLMSG_HDRLEN + 8)
				assert_string_equal(entry.table, "untouched");
		}
	}
}

static void test_long_name(void **state)
{
	uint8_t space[512] __attribute__((aligned(4))) = { 0 };
	struct nlmsghdr *message = (struct nlmsghdr *)space;
	struct nlattr *name = (struct nlattr *)(space + NLMSG_HDRLEN + 4);
	struct prg_nf_entry entry;

	(void)state;
	memset(name + 1, 'x', 300);
	name->nla_type = NFTA_TABLE_NAME;
	message->nlmsg_type = TYPE(NFT_MSG_NEWTABLE);
	for (uint16_t n = 250; n < 260; n++) {
		name->nla_len = (uint16_t)(sizeof(*name) + n);
		message->nlmsg_len = NLMSG_HDRLEN + 4u + name->nla_len;
		assert_int_equal(prg_nf_decode(message, &entry), n < PRG_NF_NAME_TEXT);
		if (n < PRG_NF_NAME_TEXT)
			assert_int_equal(strlen(entry.table), n);
	}
}

static void test_hook_of_another_length(void **state)
{
	struct prg_nf_entry entry;
	size_t length;
	PRG_FREE uint8_t *data = golden("nft-show.received", &length);
	struct nlmsghdr *message = first(data, NFT_MSG_NEWCHAIN);
	uint8_t *at = (uint8_t *)message;

	(void)state;
	assert_true(prg_nf_decode(message, &entry));
	/* the attribute inside of the hook: 8 bytes, of type NFTA_HOOK_HOOKNUM */
	for (size_t i = 0; i + 12 < message->nlmsg_len; i += 4)
		if (at[i] == 0x14 && at[i + 2] == NFTA_CHAIN_HOOK && at[i + 4] == 8)
			at[i + 4] = 6;
	assert_false(prg_nf_decode(message, &entry));
}

/* ---- a load */

#define TABLE "peerage-wg0"
#define ROOM 8192

static uint8_t space[ROOM] __attribute__((aligned(16)));

/* As tests/golden/netlink/record.sh has nft load it. */
static void load(struct prg_nf_batch *batch)
{
	static const char *const devices[] = { "lo", "wg0" };
	struct prg_prefix v4 = prefix_of("10.7.0.0/24"), v6 = prefix_of("fd07::/64");
	uint32_t set;

	prg_nf_table(batch, TABLE, true);
	prg_nf_table(batch, TABLE, false);
	prg_nf_table(batch, TABLE, true);
	prg_nf_chain(batch, TABLE, "forward", "filter", PRG_NF_FORWARD, -150);
	prg_nf_rule(batch, TABLE, "forward");
	prg_nf_match_device(batch, false, "wg0");
	prg_nf_match_device(batch, true, "wg0");
	prg_nf_drop(batch);
	prg_nf_rule_end(batch, "isolation");
	prg_nf_rule(batch, TABLE, "forward");
	prg_nf_match_device(batch, false, "wg0");
	prg_nf_match_syn(batch);
	prg_nf_clamp_mss(batch);
	prg_nf_rule_end(batch, "clamp");
	prg_nf_chain(batch, TABLE, "postrouting", "nat", PRG_NF_POSTROUTING, 100);
	prg_nf_devices(batch, TABLE, devices, 2, &set);
	prg_nf_rule(batch, TABLE, "postrouting");
	prg_nf_match_source(batch, &v4);
	prg_nf_match_no_device(batch, true, set);
	prg_nf_masquerade(batch);
	prg_nf_rule_end(batch, "v4");
	prg_nf_rule(batch, TABLE, "postrouting");
	prg_nf_match_source(batch, &v6);
	prg_nf_match_device(batch, true, "eth0");
	prg_nf_masquerade(batch);
	prg_nf_rule_end(batch, "v6");
}

static const struct nlmsghdr *next(const struct nlmsghdr *message)
{
	return (const void *)((const uint8_t *)message + NLMSG_ALIGN(message->nlmsg_len));
}

static void test_like_nft(void **state)
{
	size_t length, ours;
	PRG_FREE uint8_t *data = golden("nft-load.sent", &length);
	const struct nlmsghdr *theirs = (const struct nlmsghdr *)data;
	const struct nlmsghdr *made = (const struct nlmsghdr *)space;
	struct prg_nf_batch batch;
	unsigned n = 0;

	(void)state;
	while (theirs->nlmsg_type != NFNL_MSG_BATCH_BEGIN)
		theirs = next(theirs); /* what nft asks about first */
	prg_nf_batch_begin(&batch, space, sizeof(space));
	load(&batch);
	ours = prg_nf_batch_end(&batch);
	assert_in_range(ours, 1, sizeof(space));
	for (; (const uint8_t *)made < space + ours; made = next(made), theirs = next(theirs), n++) {
		size_t payload = made->nlmsg_len;

		assert_true((const uint8_t *)theirs < data + length);
		assert_int_equal(made->nlmsg_type, theirs->nlmsg_type);
		assert_int_equal(made->nlmsg_flags & ~NLM_F_ACK, theirs->nlmsg_flags & ~NLM_F_ECHO);
		assert_int_equal(!(made->nlmsg_flags & NLM_F_ACK),
		                 made->nlmsg_type == NFNL_MSG_BATCH_BEGIN ||
		                         made->nlmsg_type == NFNL_MSG_BATCH_END);
		/* nft's notes on a set are the last of it: of these it needs the first */
		if (made->nlmsg_type == TYPE(NFT_MSG_NEWSET))
			payload -= NLMSG_ALIGN(sizeof(struct nlattr) + 6);
		else
			assert_int_equal(made->nlmsg_len, theirs->nlmsg_len);
		assert_memory_equal(NLMSG_DATA(made), NLMSG_DATA(theirs), payload - NLMSG_HDRLEN);
	}
	assert_int_equal(n, batch.n);
	assert_ptr_equal(theirs, data + length);
}

/* Where it is too long there is nothing, rather than a part of it. */
static void test_too_long(void **state)
{
	static const char name[] = "0123456789abcdef"; /* a byte more than a device's */
	char comment[129];
	struct prg_prefix all = prefix_of("0.0.0.0/0");
	struct prg_nf_batch batch;
	size_t whole;

	(void)state;
	prg_nf_batch_begin(&batch, space, sizeof(space));
	load(&batch);
	whole = prg_nf_batch_end(&batch);
	for (size_t size = 0; size < whole; size += 4) {
		PRG_FREE uint8_t *exact = malloc(size + 1);

		assert_non_null(exact);
		prg_nf_batch_begin(&batch, exact, size);
		load(&batch);
		assert_int_equal(prg_nf_batch_end(&batch), 0);
	}
	memset(comment, 'c', sizeof(comment));
	comment[sizeof(comment) - 1] = '\0';
	for (int i = 0; i < 4; i++) {
		prg_nf_batch_begin(&batch, space, sizeof(space));
		prg_nf_rule(&batch, i == 0 ? comment : TABLE, "forward");
		prg_nf_match_device(&batch, true, i == 1 ? name : "wg0");
		if (i == 2)
			prg_nf_match_source(&batch, &all);
		prg_nf_rule_end(&batch, i == 3 ? comment : "c");
		assert_int_equal(prg_nf_batch_end(&batch), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recorded),
		cmocka_unit_test(test_families),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_long_name),
		cmocka_unit_test(test_hook_of_another_length),
		cmocka_unit_test(test_like_nft),
		cmocka_unit_test(test_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
