/* SPDX-License-Identifier: ISC */
#include "backend/nf_encode.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>

#include "backend/nf_decode.h"

#define MESSAGE_ROOM 1024 /* more than any but a rule takes, texts included */
#define EXPR_ROOM 256     /* more than any expression takes */
#define TEXT_MOST 127     /* nft takes comments of that length */
#define SET_NAME "__set%d" /* the kernel numbers those without a name */
#define NFT_TYPE_IFNAME 41 /* as nft calls the type of a set's keys */
#define REG NFT_REG_1
#define TCP_FLAGS 13 /* its place in the header */
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCPOPT_MAXSEG 2

/* -------------------------------------------------------------------- messages */

static bool has_room(struct prg_nf_batch *batch, size_t bytes)
{
	size_t used = batch->length;

	if (batch->message != NULL)
		used += batch->message->nlmsg_len;
	batch->bad |= batch->size - used < bytes;
	return !batch->bad;
}

static struct nlmsghdr *put_head(void *buffer, uint16_t type, uint16_t flags, uint8_t family,
                                 uint16_t res_id)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *head;

	message->nlmsg_type = type;
	message->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	head = mnl_nlmsg_put_extra_header(message, sizeof(*head));
	head->nfgen_family = family;
	head->version = NFNETLINK_V0;
	head->res_id = htons(res_id);
	return message;
}

size_t prg_nf_encode_dump(void *buffer, uint16_t what)
{
	return put_head(buffer, PRG_NF_TYPE(what), NLM_F_DUMP, AF_UNSPEC, 0)->nlmsg_len;
}

static bool begin(struct prg_nf_batch *batch, uint16_t type, uint16_t flags, uint8_t family,
                  uint16_t res_id)
{
	batch->message = NULL;
	if (!has_room(batch, MESSAGE_ROOM))
		return false;
	batch->message = put_head(batch->buffer + batch->length, type, flags, family, res_id);
	return true;
}

static bool begin_inet(struct prg_nf_batch *batch, uint16_t what, uint16_t flags)
{
	return begin(batch, PRG_NF_TYPE(what), (uint16_t)(NLM_F_ACK | flags), NFPROTO_INET, 0);
}

static void end(struct prg_nf_batch *batch)
{
	if (batch->bad || batch->message == NULL)
		return;
	batch->length += NLMSG_ALIGN(batch->message->nlmsg_len);
	batch->message = NULL;
	batch->n++;
}

static void put_u32(struct prg_nf_batch *batch, uint16_t type, uint32_t value)
{
	mnl_attr_put_u32(batch->message, type, htonl(value));
}

static void put_text(struct prg_nf_batch *batch, uint16_t type, const char *text)
{
	if (strlen(text) > TEXT_MOST)
		batch->bad = true;
	else
		mnl_attr_put_strz(batch->message, type, text);
}

void prg_nf_batch_begin(struct prg_nf_batch *batch, void *buffer, size_t size)
{
	*batch = (struct prg_nf_batch){ .buffer = buffer, .size = size };
	begin(batch, NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
	end(batch);
}

size_t prg_nf_batch_end(struct prg_nf_batch *batch)
{
	begin(batch, NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
	end(batch);
	return batch->bad ? 0 : batch->length;
}

/* ------------------------------------------------------- tables, chains and sets */

void prg_nf_table(struct prg_nf_batch *batch, const char *table, bool adds)
{
	if (!begin_inet(batch, adds ? NFT_MSG_NEWTABLE : NFT_MSG_DELTABLE, 0))
		return;
	put_text(batch, NFTA_TABLE_NAME, table);
	if (adds)
		put_u32(batch, NFTA_TABLE_FLAGS, 0);
	end(batch);
}

void prg_nf_chain(struct prg_nf_batch *batch, const char *table, const char *name,
                  const char *type, enum prg_nf_hook hook, int32_t priority)
{
	struct nlattr *nest;

	if (!begin_inet(batch, NFT_MSG_NEWCHAIN, NLM_F_CREATE))
		return;
	put_text(batch, NFTA_CHAIN_TABLE, table);
	put_text(batch, NFTA_CHAIN_NAME, name);
	put_text(batch, NFTA_CHAIN_TYPE, type);
	put_u32(batch, NFTA_CHAIN_POLICY, NF_ACCEPT);
	nest = mnl_attr_nest_start(batch->message, NFTA_CHAIN_HOOK);
	put_u32(batch, NFTA_HOOK_HOOKNUM,
	        hook == PRG_NF_FORWARD ? NF_INET_FORWARD : NF_INET_POST_ROUTING);
	put_u32(batch, NFTA_HOOK_PRIORITY, (uint32_t)priority);
	mnl_attr_nest_end(batch->message, nest);
	end(batch);
}

static void put_value(struct prg_nf_batch *batch, uint16_t type, const void *value, size_t length)
{
	struct nlattr *nest = mnl_attr_nest_start(batch->message, type);

	mnl_attr_put(batch->message, NFTA_DATA_VALUE, length, value);
	mnl_attr_nest_end(batch->message, nest);
}

static void put_device(struct prg_nf_batch *batch, uint16_t type, const char *device)
{
	char name[IFNAMSIZ] = "";

	if (strlen(device) >= sizeof(name))
		batch->bad = true;
	else
		memcpy(name, device, strlen(device));
	put_value(batch, type, name, sizeof(name));
}

static void put_set(struct prg_nf_batch *batch, const char *table, size_t n)
{
	/* A type, a length, and what by itself nft would not know: that the keys are in
	 * this host's order of bytes. */
	static const uint32_t host_order = 1;
	uint8_t hint[2 + sizeof(host_order)] = { 0, sizeof(host_order) };
	struct nlattr *nest;

	memcpy(hint + 2, &host_order, sizeof(host_order));
	if (!begin_inet(batch, NFT_MSG_NEWSET, NLM_F_CREATE))
		return;
	put_text(batch, NFTA_SET_TABLE, table);
	put_text(batch, NFTA_SET_NAME, SET_NAME);
	put_u32(batch, NFTA_SET_FLAGS, NFT_SET_ANONYMOUS | NFT_SET_CONSTANT);
	put_u32(batch, NFTA_SET_KEY_TYPE, NFT_TYPE_IFNAME);
	put_u32(batch, NFTA_SET_KEY_LEN, IFNAMSIZ);
	put_u32(batch, NFTA_SET_ID, batch->sets);
	nest = mnl_attr_nest_start(batch->message, NFTA_SET_DESC);
	put_u32(batch, NFTA_SET_DESC_SIZE, (uint32_t)n);
	mnl_attr_nest_end(batch->message, nest);
	mnl_attr_put(batch->message, NFTA_SET_USERDATA, sizeof(hint), hint);
	end(batch);
}

void prg_nf_devices(struct prg_nf_batch *batch, const char *table, const char *const *devices,
                    size_t n, uint32_t *ret_set)
{
	struct nlattr *nest, *element;
	size_t i;

	*ret_set = ++batch->sets;
	put_set(batch, table, n);
	if (!begin_inet(batch, NFT_MSG_NEWSETELEM, NLM_F_CREATE))
		return;
	put_text(batch, NFTA_SET_ELEM_LIST_TABLE, table);
	put_text(batch, NFTA_SET_ELEM_LIST_SET, SET_NAME);
	put_u32(batch, NFTA_SET_ELEM_LIST_SET_ID, *ret_set);
	nest = mnl_attr_nest_start(batch->message, NFTA_SET_ELEM_LIST_ELEMENTS);
	for (i = 0; i < n && has_room(batch, EXPR_ROOM); i++) {
		element = mnl_attr_nest_start(batch->message, (uint16_t)(i + 1));
		put_device(batch, NFTA_SET_ELEM_KEY, devices[i]);
		mnl_attr_nest_end(batch->message, element);
	}
	mnl_attr_nest_end(batch->message, nest);
	end(batch);
}

/* ------------------------------------------------------------------------ rules */

void prg_nf_rule(struct prg_nf_batch *batch, const char *table, const char *chain)
{
	if (!begin_inet(batch, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND))
		return;
	put_text(batch, NFTA_RULE_TABLE, table);
	put_text(batch, NFTA_RULE_CHAIN, chain);
	batch->list = mnl_attr_nest_start(batch->message, NFTA_RULE_EXPRESSIONS);
}

/* As nft keeps them: a type, a length, and the text with its NUL. */
void prg_nf_rule_end(struct prg_nf_batch *batch, const char *comment)
{
	uint8_t data[2 + TEXT_MOST + 1] = { 0 };
	size_t length = strlen(comment) + 1;

	batch->bad |= length > TEXT_MOST + 1;
	if (!has_room(batch, EXPR_ROOM))
		return;
	mnl_attr_nest_end(batch->message, batch->list);
	data[1] = (uint8_t)length;
	memcpy(data + 2, comment, length);
	mnl_attr_put(batch->message, NFTA_RULE_USERDATA, 2 + length, data);
	end(batch);
}

struct expr {
	struct nlattr *element, *data;
};

static bool expr_begin(struct prg_nf_batch *batch, const char *name, struct expr *ret)
{
	if (!has_room(batch, EXPR_ROOM))
		return false;
	ret->element = mnl_attr_nest_start(batch->message, NFTA_LIST_ELEM);
	put_text(batch, NFTA_EXPR_NAME, name);
	ret->data = mnl_attr_nest_start(batch->message, NFTA_EXPR_DATA);
	return true;
}

static void expr_end(struct prg_nf_batch *batch, const struct expr *expr)
{
	mnl_attr_nest_end(batch->message, expr->data);
	mnl_attr_nest_end(batch->message, expr->element);
}

static void load_meta(struct prg_nf_batch *batch, enum nft_meta_keys key)
{
	struct expr expr;

	if (!expr_begin(batch, "meta", &expr))
		return;
	put_u32(batch, NFTA_META_KEY, key);
	put_u32(batch, NFTA_META_DREG, REG);
	expr_end(batch, &expr);
}

static void load_payload(struct prg_nf_batch *batch, enum nft_payload_bases base, uint32_t offset,
                         uint32_t length)
{
	struct expr expr;

	if (!expr_begin(batch, "payload", &expr))
		return;
	put_u32(batch, NFTA_PAYLOAD_DREG, REG);
	put_u32(batch, NFTA_PAYLOAD_BASE, base);
	put_u32(batch, NFTA_PAYLOAD_OFFSET, offset);
	put_u32(batch, NFTA_PAYLOAD_LEN, length);
	expr_end(batch, &expr);
}

static void mask(struct prg_nf_batch *batch, const uint8_t *bits, size_t length)
{
	static const uint8_t zero[16];
	struct expr expr;

	if (!expr_begin(batch, "bitwise", &expr))
		return;
	put_u32(batch, NFTA_BITWISE_SREG, REG);
	put_u32(batch, NFTA_BITWISE_DREG, REG);
	put_u32(batch, NFTA_BITWISE_OP, NFT_BITWISE_BOOL);
	put_u32(batch, NFTA_BITWISE_LEN, (uint32_t)length);
	put_value(batch, NFTA_BITWISE_MASK, bits, length);
	put_value(batch, NFTA_BITWISE_XOR, zero, length);
	expr_end(batch, &expr);
}

static bool equal_begin(struct prg_nf_batch *batch, struct expr *ret)
{
	if (!expr_begin(batch, "cmp", ret))
		return false;
	put_u32(batch, NFTA_CMP_SREG, REG);
	put_u32(batch, NFTA_CMP_OP, NFT_CMP_EQ);
	return true;
}

static void equal(struct prg_nf_batch *batch, const void *value, size_t length)
{
	struct expr expr;

	if (!equal_begin(batch, &expr))
		return;
	put_value(batch, NFTA_CMP_DATA, value, length);
	expr_end(batch, &expr);
}

void prg_nf_match_device(struct prg_nf_batch *batch, bool out, const char *device)
{
	struct expr expr;

	load_meta(batch, out ? NFT_META_OIFNAME : NFT_META_IIFNAME);
	if (!equal_begin(batch, &expr))
		return;
	put_device(batch, NFTA_CMP_DATA, device);
	expr_end(batch, &expr);
}

void prg_nf_match_no_device(struct prg_nf_batch *batch, bool out, uint32_t set)
{
	struct expr expr;

	load_meta(batch, out ? NFT_META_OIFNAME : NFT_META_IIFNAME);
	if (!expr_begin(batch, "lookup", &expr))
		return;
	put_u32(batch, NFTA_LOOKUP_SREG, REG);
	put_text(batch, NFTA_LOOKUP_SET, SET_NAME);
	put_u32(batch, NFTA_LOOKUP_SET_ID, set);
	put_u32(batch, NFTA_LOOKUP_FLAGS, NFT_LOOKUP_F_INV);
	expr_end(batch, &expr);
}

/* Of whole bytes no more is loaded than the prefix has. */
void prg_nf_match_source(struct prg_nf_batch *batch, const struct prg_prefix *source)
{
	bool v6 = source->addr.family == 6;
	uint8_t family = v6 ? NFPROTO_IPV6 : NFPROTO_IPV4, bits[16] = { 0 };
	struct prg_prefix network = prg_prefix_network(source);
	size_t whole = network.length / 8, rest = network.length % 8;
	size_t length = rest == 0 ? whole : prg_addr_size(&network.addr);

	if (whole == 0 && rest == 0) {
		batch->bad = true; /* matches all: nothing could be loaded */
		return;
	}
	memset(bits, 0xff, whole);
	if (rest != 0)
		bits[whole] = (uint8_t)(0xff << (8 - rest));
	load_meta(batch, NFT_META_NFPROTO);
	equal(batch, &family, sizeof(family));
	load_payload(batch, NFT_PAYLOAD_NETWORK_HEADER, v6 ? 8 : 12, (uint32_t)length);
	if (rest != 0)
		mask(batch, bits, length);
	equal(batch, network.addr.bytes, length);
}

void prg_nf_match_syn(struct prg_nf_batch *batch)
{
	static const uint8_t tcp = IPPROTO_TCP, bits = TCP_SYN | TCP_RST, syn = TCP_SYN;

	load_meta(batch, NFT_META_L4PROTO);
	equal(batch, &tcp, 1);
	load_payload(batch, NFT_PAYLOAD_TRANSPORT_HEADER, TCP_FLAGS, 1);
	mask(batch, &bits, 1);
	equal(batch, &syn, 1);
}

void prg_nf_clamp_mss(struct prg_nf_batch *batch)
{
	struct expr expr;

	if (!expr_begin(batch, "rt", &expr))
		return;
	put_u32(batch, NFTA_RT_KEY, NFT_RT_TCPMSS);
	put_u32(batch, NFTA_RT_DREG, REG);
	expr_end(batch, &expr);
	if (!expr_begin(batch, "byteorder", &expr))
		return;
	put_u32(batch, NFTA_BYTEORDER_SREG, REG);
	put_u32(batch, NFTA_BYTEORDER_DREG, REG);
	put_u32(batch, NFTA_BYTEORDER_OP, NFT_BYTEORDER_HTON);
	put_u32(batch, NFTA_BYTEORDER_LEN, 2);
	put_u32(batch, NFTA_BYTEORDER_SIZE, 2);
	expr_end(batch, &expr);
	if (!expr_begin(batch, "exthdr", &expr))
		return;
	put_u32(batch, NFTA_EXTHDR_SREG, REG);
	mnl_attr_put_u8(batch->message, NFTA_EXTHDR_TYPE, TCPOPT_MAXSEG);
	put_u32(batch, NFTA_EXTHDR_OFFSET, 2);
	put_u32(batch, NFTA_EXTHDR_LEN, 2);
	put_u32(batch, NFTA_EXTHDR_OP, NFT_EXTHDR_OP_TCPOPT);
	expr_end(batch, &expr);
}

void prg_nf_drop(struct prg_nf_batch *batch)
{
	struct nlattr *value, *verdict;
	struct expr expr;

	if (!expr_begin(batch, "immediate", &expr))
		return;
	put_u32(batch, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	value = mnl_attr_nest_start(batch->message, NFTA_IMMEDIATE_DATA);
	verdict = mnl_attr_nest_start(batch->message, NFTA_DATA_VERDICT);
	put_u32(batch, NFTA_VERDICT_CODE, NF_DROP);
	mnl_attr_nest_end(batch->message, verdict);
	mnl_attr_nest_end(batch->message, value);
	expr_end(batch, &expr);
}

void prg_nf_masquerade(struct prg_nf_batch *batch)
{
	struct expr expr;

	if (expr_begin(batch, "masq", &expr))
		expr_end(batch, &expr);
}
