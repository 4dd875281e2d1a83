/* SPDX-License-Identifier: ISC */
#include "backend/nf_decode.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "backend/attr.h"

static bool decode_hook(const struct prg_attr *nest, uint8_t family, struct prg_nf_entry *entry)
{
	struct prg_attrs attrs = prg_attrs_of(nest->data, nest->length);
	struct prg_attr attr;
	uint32_t hook;

	while (prg_attrs_next(&attrs, &attr)) {
		if (attr.type != NFTA_HOOK_HOOKNUM)
			continue;
		if (!prg_attr_copy(&attr, &hook, sizeof(hook)))
			return false;
		hook = ntohl(hook);
		entry->filters = (family == NFPROTO_INET || family == NFPROTO_IPV4 ||
		                  family == NFPROTO_IPV6) &&
		                 (hook == NF_INET_LOCAL_IN || hook == NF_INET_FORWARD);
	}
	return !attrs.bad;
}

bool prg_nf_decode(const struct nlmsghdr *message, struct prg_nf_entry *ret)
{
	struct prg_nf_entry entry = { .inet = false };
	bool chain = message->nlmsg_type == PRG_NF_TYPE(NFT_MSG_NEWCHAIN), hooked = false;
	size_t skip = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct nfgenmsg));
	const uint8_t *at = (const uint8_t *)message;
	struct prg_attrs attrs;
	struct prg_attr attr;
	uint8_t family;

	if (!chain && message->nlmsg_type != PRG_NF_TYPE(NFT_MSG_NEWTABLE))
		return false;
	if (message->nlmsg_len < skip)
		return false;
	family = at[NLMSG_HDRLEN + offsetof(struct nfgenmsg, nfgen_family)];
	entry.inet = family == NFPROTO_INET;
	attrs = prg_attrs_of(at + skip, message->nlmsg_len - skip);
	while (prg_attrs_next(&attrs, &attr)) {
		if (attr.type == (chain ? NFTA_CHAIN_TABLE : NFTA_TABLE_NAME) &&
		    !prg_attr_text(&attr, entry.table, sizeof(entry.table)))
			return false;
		if (!chain || attr.type != NFTA_CHAIN_HOOK)
			continue;
		hooked = true;
		if (!decode_hook(&attr, family, &entry))
			return false;
	}
	if (attrs.bad || entry.table[0] == '\0')
		return false;
	if (chain && !hooked)
		entry.table[0] = '\0';
	*ret = entry;
	return true;
}
