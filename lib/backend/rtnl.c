/* SPDX-License-Identifier: ISC */
#include "backend/rtnl.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "backend/prefixes.h"
#include "backend/rtnl_decode.h"
#include "backend/rtnl_encode.h"
#include "base/error.h"

/* Indexes that we choose: far from the small ones that the kernel counts up. */
#define OWN_IFINDEX_BASE 0x100000u
#define OWN_IFINDEX_MASK 0xffffffu
#define CREATE_TRIES 4

/* ---- the link */

struct link_reply {
	struct prg_link link;
	char name[PRG_IFNAME_TEXT];
	bool seen;
};

static int take_link(void *context, const struct nlmsghdr *message)
{
	struct link_reply *reply = context;

	if (!prg_rtnl_decode_link(message, &reply->link, reply->name))
		return PRG_E_CORRUPT;
	reply->seen = true;
	return 0;
}

static int get_link(struct prg_nl *nl, const char *name, uint32_t ifindex,
                    struct link_reply *reply, struct prg_error *err)
{
	struct prg_nl_answer answer;
	char number[24];
	size_t length = prg_rtnl_encode_link_get(prg_nl_buffer(nl), name, ifindex);

	if (name == NULL) {
		snprintf(number, sizeof(number), "link %u", ifindex);
		name = number;
	}
	prg_nl_talk(nl, length, take_link, reply, &answer, 1);
	if (answer.callback == PRG_E_CORRUPT)
		answer.errnum = EBADMSG;
	if (answer.errnum == ENODEV || (answer.errnum == 0 && !reply->seen))
		return prg_error_set(err, PRG_E_NOT_FOUND, "there is no interface %s", name);
	if (answer.errnum != 0)
		return prg_nl_fail(err, &answer, name);
	return 0;
}

int prg_rtnl_link(struct prg_nl *nl, const char *name, struct prg_link *ret_link,
                  struct prg_error *err)
{
	struct link_reply reply = { 0 };
	int rc = get_link(nl, name, 0, &reply, err);

	if (rc == 0) {
		*ret_link = reply.link;
		ret_link->netns = prg_nl_netns(nl);
	}
	return rc;
}

int prg_rtnl_link_name(struct prg_nl *nl, uint32_t ifindex, char ret_name[PRG_IFNAME_TEXT],
                       struct prg_error *err)
{
	struct link_reply reply = { 0 };
	int rc = get_link(nl, NULL, ifindex, &reply, err);

	if (rc == 0)
		memcpy(ret_name, reply.name, PRG_IFNAME_TEXT);
	return rc;
}

static int create_failed(const struct prg_nl_answer *answer, const char *name, const char *kind,
                         struct prg_error *err)
{
	if (answer->errnum == EEXIST)
		return prg_error_set(err, PRG_E_CONFLICT,
		                     "a link named %s exists already: take another name, or "
		                     "remove it with 'ip link delete %s'",
		                     name, name);
	if (answer->errnum == EOPNOTSUPP)
		return prg_error_set(err, PRG_E_UNSUPPORTED,
		                     "this kernel has no links of kind %s: load it with "
		                     "'modprobe %s', or run a userspace WireGuard such as "
		                     "wireguard-go",
		                     kind, kind);
	return prg_nl_fail(err, answer, name);
}

static uint32_t draw_ifindex(void)
{
	uint32_t number = 0;

	while (getrandom(&number, sizeof(number), 0) < 0 && errno == EINTR)
		;
	return OWN_IFINDEX_BASE + (number & OWN_IFINDEX_MASK);
}

/*
 * The kernel ignores an alias in the message that makes a link, and a process
 * killed between making and naming would leave a link that nobody owns. So both
 * requests go in one send, and the second finds the link by an index that we
 * chose: should the first fail, the second can hit nothing.
 */
static bool try_create(struct prg_nl *nl, const char *name, const char *kind, const char *alias,
                       uint32_t ifindex, struct prg_nl_answer answers[2])
{
	uint8_t *buffer = prg_nl_buffer(nl);
	size_t length = prg_rtnl_encode_link_new(buffer, name, kind, ifindex);

	length += prg_rtnl_encode_link_set(buffer + NLMSG_ALIGN(length), ifindex, 0, alias, false);
	prg_nl_talk(nl, length, NULL, NULL, answers, 2);
	return answers[0].errnum == 0;
}

int prg_rtnl_link_create(struct prg_nl *nl, const char *name, const char *kind, const char *alias,
                         uint32_t *ret_ifindex, struct prg_error *err)
{
	struct prg_nl_answer answers[2] = { 0 };
	struct link_reply taken = { 0 };
	uint32_t ifindex = 0;
	bool made = false;

	if (get_link(nl, name, 0, &taken, NULL) == 0) {
		answers[0].errnum = EEXIST;
		return create_failed(&answers[0], name, kind, err);
	}
	for (int i = 0; i < CREATE_TRIES && !made; i++) {
		ifindex = draw_ifindex();
		if (get_link(nl, NULL, ifindex, &taken, NULL) == 0)
			continue;
		made = try_create(nl, name, kind, alias, ifindex, answers);
		if (!made && answers[0].errnum != EBUSY)
			break;
	}
	if (!made)
		return create_failed(&answers[0], name, kind, err);
	if (answers[1].errnum != 0) {
		int rc = prg_nl_fail(err, &answers[1], name);

		prg_rtnl_link_delete(nl, ifindex, name, NULL);
		return prg_error_wrap(err, rc, "set the alias");
	}
	*ret_ifindex = ifindex;
	return 0;
}

int prg_rtnl_link_delete(struct prg_nl *nl, uint32_t ifindex, const char *name,
                         struct prg_error *err)
{
	struct prg_nl_answer answer;
	size_t length = prg_rtnl_encode_link_delete(prg_nl_buffer(nl), ifindex);

	prg_nl_talk(nl, length, NULL, NULL, &answer, 1);
	if (answer.errnum == 0 || answer.errnum == ENODEV)
		return 0;
	return prg_nl_fail(err, &answer, name);
}

/* ---- addresses and routes: reading */

struct listing {
	struct prg_prefixes found;
	uint32_t ifindex;
	uint8_t family; /* of routes; a kernel without IPv6 sends IPv4's instead */
};

static int take_address(void *context, const struct nlmsghdr *message)
{
	struct listing *listing = context;
	struct prg_prefix address;
	uint32_t ifindex;

	if (!prg_rtnl_decode_address(message, &ifindex, &address) || ifindex != listing->ifindex)
		return 0;
	return prg_prefixes_add(&listing->found, &address);
}

static int take_route(void *context, const struct nlmsghdr *message)
{
	struct listing *listing = context;
	struct prg_rtnl_route route;

	if (!prg_rtnl_decode_route(message, &route) || route.ifindex != listing->ifindex ||
	    route.to.addr.family != listing->family || route.table != RT_TABLE_MAIN ||
	    route.protocol != RTPROT_STATIC ||
	    route.type != RTN_UNICAST || route.has_gateway)
		return 0;
	/* IPv6 knows no scope of routes. */
	if (route.to.addr.family == 4 && route.scope != RT_SCOPE_LINK)
		return 0;
	return prg_prefixes_add(&listing->found, &route.to);
}

/* A dump that other changes disturbed is read again, a few times. */
#define LIST_TRIES 5

static int list(struct prg_nl *nl, size_t (*encode)(void *, uint8_t, uint32_t), prg_nl_fn *take,
                struct listing *listing, const char *name, struct prg_error *err)
{
	size_t n = listing->found.n;
	struct prg_nl_answer answer;

	for (int i = 0; i < LIST_TRIES; i++) {
		listing->found.n = n;
		prg_nl_talk(nl, encode(prg_nl_buffer(nl), listing->family, listing->ifindex), take,
		            listing, &answer, 1);
		if (!answer.interrupted)
			break;
	}
	if (answer.callback != 0)
		return prg_error_nomem(err);
	if (answer.errnum == EOPNOTSUPP && listing->family == 6)
		return 0;
	if (answer.errnum != 0)
		return prg_nl_fail(err, &answer, name);
	return 0;
}

static size_t encode_addresses(void *buffer, uint8_t family, uint32_t ifindex)
{
	(void)family;
	return prg_rtnl_encode_addresses(buffer, ifindex);
}

static size_t encode_routes(void *buffer, uint8_t family, uint32_t ifindex)
{
	return prg_rtnl_encode_routes(buffer, family, ifindex, RTPROT_STATIC);
}

int prg_rtnl_addresses(struct prg_nl *nl, uint32_t ifindex, const char *name,
                       struct prg_prefix **ret, size_t *ret_n, struct prg_error *err)
{
	struct listing listing = { .ifindex = ifindex };
	int rc = list(nl, encode_addresses, take_address, &listing, name, err);

	return prg_prefixes_give(&listing.found, rc, ret, ret_n);
}

/* Whatever the main table has that does not lead to our link. */
static int take_elsewhere(void *context, const struct nlmsghdr *message)
{
	struct listing *listing = context;
	struct prg_rtnl_route route;

	if (!prg_rtnl_decode_route(message, &route) || route.table != RT_TABLE_MAIN ||
	    route.to.addr.family != listing->family || route.ifindex == listing->ifindex)
		return 0;
	return prg_prefixes_add(&listing->found, &route.to);
}

static size_t encode_all_routes(void *buffer, uint8_t family, uint32_t ifindex)
{
	(void)ifindex;
	return prg_rtnl_encode_routes(buffer, family, 0, RTPROT_UNSPEC);
}

int prg_rtnl_elsewhere(struct prg_nl *nl, uint32_t ifindex, const char *name,
                       struct prg_prefix **ret, size_t *ret_n, struct prg_error *err)
{
	struct listing listing = { .ifindex = ifindex, .family = 4 };
	int rc = list(nl, encode_all_routes, take_elsewhere, &listing, name, err);

	listing.family = 6;
	if (rc == 0)
		rc = list(nl, encode_all_routes, take_elsewhere, &listing, name, err);
	if (rc == 0 && listing.found.n > 1)
		qsort(listing.found.list, listing.found.n, sizeof(*listing.found.list), prg_prefix_order);
	return prg_prefixes_give(&listing.found, rc, ret, ret_n);
}

int prg_rtnl_routes(struct prg_nl *nl, uint32_t ifindex, const char *name,
                    struct prg_prefix **ret, size_t *ret_n, struct prg_error *err)
{
	struct listing listing = { .ifindex = ifindex, .family = 4 };
	int rc = list(nl, encode_routes, take_route, &listing, name, err);

	listing.family = 6;
	if (rc == 0)
		rc = list(nl, encode_routes, take_route, &listing, name, err);
	return prg_prefixes_give(&listing.found, rc, ret, ret_n);
}
