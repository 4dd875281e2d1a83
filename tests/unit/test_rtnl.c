/* SPDX-License-Identifier: ISC */
#include "backend_testing.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>

#include "backend/nl.h"
#include "backend/progress.h"
#include "backend/rtnl.h"
#include "backend/rtnl_decode.h"
#include "backend/rtnl_encode.h"

static uint8_t space[4096] __attribute__((aligned(16)));
static struct nlmsghdr *const made = (struct nlmsghdr *)space;

static const struct nlattr *attribute(const struct nlmsghdr *message, size_t head, uint16_t type)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, message, head)
		if (mnl_attr_get_type(attr) == type)
			return attr;
	return NULL;
}

static void assert_attribute(const struct nlmsghdr *message, size_t head, uint16_t type,
                             const void *data, size_t length)
{
	const struct nlattr *attr = attribute(message, head, type);

	assert_non_null(attr);
	assert_int_equal(mnl_attr_get_payload_len(attr), length);
	assert_memory_equal(mnl_attr_get_payload(attr), data, length);
}

/* The last request of a recording: ip asks about other things first. */
static const struct nlmsghdr *recorded(uint8_t *data, size_t length, uint16_t type)
{
	const struct nlmsghdr *message = NULL;

	for (size_t at = 0; at + NLMSG_HDRLEN <= length;) {
		const struct nlmsghdr *next = (const struct nlmsghdr *)(data + at);

		assert_in_range(next->nlmsg_len, NLMSG_HDRLEN, length - at);
		at += NLMSG_ALIGN(next->nlmsg_len);
		if (next->nlmsg_type == type)
			message = next;
	}
	assert_non_null(message);
	return message;
}

/* ---- like ip(8) */

static void test_address_like_ip(void **state)
{
	static const char *const files[] = { "address-add.sent", "address-add-v6.sent" };
	static const char *const texts[] = { "10.7.0.1/24", "fd07::1/64" };

	(void)state;
	for (int i = 0; i < 2; i++) {
		size_t length, size = i == 0 ? 4 : 16, head = sizeof(struct ifaddrmsg);
		PRG_FREE uint8_t *data = golden(files[i], &length);
		const struct nlmsghdr *theirs = recorded(data, length, RTM_NEWADDR);
		const struct ifaddrmsg *a = mnl_nlmsg_get_payload(theirs);
		const struct ifaddrmsg *b = mnl_nlmsg_get_payload(made);
		struct prg_prefix prefix = prefix_of(texts[i]);
		size_t n = prg_rtnl_encode_address(space, a->ifa_index, &prefix, true);

		assert_int_equal(n, made->nlmsg_len);
		assert_int_equal(made->nlmsg_type, theirs->nlmsg_type);
		assert_int_equal(made->nlmsg_flags, theirs->nlmsg_flags);
		assert_int_equal(a->ifa_family, b->ifa_family);
		assert_int_equal(a->ifa_prefixlen, b->ifa_prefixlen);
		assert_int_equal(a->ifa_scope, b->ifa_scope);
		assert_int_equal(a->ifa_index, b->ifa_index);
		/* No waiting for duplicate detection: that is ours. */
		assert_int_equal(b->ifa_flags, i == 0 ? 0 : IFA_F_NODAD);
		assert_attribute(made, head, IFA_LOCAL,
		                 mnl_attr_get_payload(attribute(theirs, head, IFA_LOCAL)), size);
		assert_attribute(made, head, IFA_ADDRESS,
		                 mnl_attr_get_payload(attribute(theirs, head, IFA_ADDRESS)), size);
	}
}

static void test_route_like_ip(void **state)
{
	size_t length, head = sizeof(struct rtmsg);
	PRG_FREE uint8_t *data = golden("route-add.sent", &length);
	const struct nlmsghdr *theirs = recorded(data, length, RTM_NEWROUTE);
	struct prg_prefix prefix = prefix_of("172.20.0.0/16");
	uint32_t ifindex = mnl_attr_get_u32(attribute(theirs, head, RTA_OIF));

	(void)state;
	prg_rtnl_encode_route(space, ifindex, &prefix, true);
	assert_int_equal(made->nlmsg_type, theirs->nlmsg_type);
	assert_int_equal(made->nlmsg_flags,
	                 NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
	/* family, lengths, tos, table, protocol, scope, type, flags */
	assert_memory_equal(mnl_nlmsg_get_payload(made), mnl_nlmsg_get_payload(theirs), head);
	assert_attribute(made, head, RTA_OIF, &ifindex, 4);
	/* ip(8) may cut trailing zero bytes of an address. */
	assert_attribute(made, head, RTA_DST, (uint8_t[]){ 172, 20, 0, 0 }, 4);
}

static void test_link_like_ip(void **state)
{
	size_t length, head = sizeof(struct ifinfomsg);
	PRG_FREE uint8_t *data = golden("link-set.sent", &length);
	const struct nlmsghdr *theirs = recorded(data, length, RTM_NEWLINK);
	const struct ifinfomsg *a = mnl_nlmsg_get_payload(theirs);
	const struct ifinfomsg *b = mnl_nlmsg_get_payload(made);
	uint32_t mtu = 1400;

	(void)state;
	prg_rtnl_encode_link_set(space, (uint32_t)a->ifi_index, 1400, "peerage:x", true);
	assert_int_equal(made->nlmsg_type, theirs->nlmsg_type);
	assert_int_equal(made->nlmsg_flags, theirs->nlmsg_flags);
	assert_memory_equal(a, b, head);
	assert_attribute(made, head, IFLA_MTU, &mtu, 4);
	assert_attribute(made, head, IFLA_IFALIAS, "peerage:x", 9);
	assert_memory_equal(mnl_attr_get_payload(attribute(theirs, head, IFLA_IFALIAS)),
	                    "peerage:x", 9);

	prg_rtnl_encode_link_set(space, 3, 0, NULL, false);
	assert_int_equal(made->nlmsg_len, NLMSG_HDRLEN + head);
	assert_int_equal(b->ifi_change, 0);
	assert_int_equal(b->ifi_flags, 0);
}

/* ---- the others */

static void test_link_requests(void **state)
{
	const struct ifinfomsg *head = mnl_nlmsg_get_payload(made);
	const struct nlattr *kind;

	(void)state;
	prg_rtnl_encode_link_new(space, "wg0", "wireguard", 77);
	assert_int_equal(made->nlmsg_type, RTM_NEWLINK);
	assert_int_equal(made->nlmsg_flags,
	                 NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
	assert_int_equal(head->ifi_index, 77);
	assert_attribute(made, sizeof(*head), IFLA_IFNAME, "wg0", 4);
	kind = mnl_attr_get_payload(attribute(made, sizeof(*head), IFLA_LINKINFO));
	assert_int_equal(mnl_attr_get_type(kind), IFLA_INFO_KIND);
	assert_int_equal(mnl_attr_get_payload_len(kind), 9);

	prg_rtnl_encode_link_delete(space, 77);
	assert_int_equal(made->nlmsg_type, RTM_DELLINK);
	assert_int_equal(head->ifi_index, 77);
	assert_int_equal(made->nlmsg_len, NLMSG_HDRLEN + sizeof(*head));

	prg_rtnl_encode_link_get(space, "wg0", 5);
	assert_int_equal(made->nlmsg_type, RTM_GETLINK);
	assert_int_equal(head->ifi_index, 0);
	assert_attribute(made, sizeof(*head), IFLA_IFNAME, "wg0", 4);
	prg_rtnl_encode_link_get(space, NULL, 5);
	assert_int_equal(head->ifi_index, 5);
	assert_null(attribute(made, sizeof(*head), IFLA_IFNAME));
}

static void test_route_requests(void **state)
{
	struct prg_prefix prefix = prefix_of("fd20::/32");
	const struct rtmsg *head = mnl_nlmsg_get_payload(made);
	uint32_t ifindex = 9;

	(void)state;
	/* Host bits would be refused. */
	prefix.addr.bytes[15] = 1;
	prg_rtnl_encode_route(space, ifindex, &prefix, false);
	assert_int_equal(made->nlmsg_type, RTM_DELROUTE);
	assert_int_equal(made->nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK);
	assert_int_equal(head->rtm_protocol, RTPROT_STATIC);
	prefix.addr.bytes[15] = 0;
	assert_attribute(made, sizeof(*head), RTA_DST, prefix.addr.bytes, 16);

	prg_rtnl_encode_routes(space, 6, 0, RTPROT_RA);
	assert_int_equal(made->nlmsg_type, RTM_GETROUTE);
	assert_int_equal(made->nlmsg_flags, NLM_F_REQUEST | NLM_F_DUMP);
	assert_int_equal(head->rtm_family, AF_INET6);
	assert_int_equal(head->rtm_protocol, RTPROT_RA);
	assert_null(attribute(made, sizeof(*head), RTA_OIF));
	prg_rtnl_encode_routes(space, 4, ifindex, RTPROT_STATIC);
	assert_attribute(made, sizeof(*head), RTA_OIF, &ifindex, 4);

	prg_rtnl_encode_lookup(space, &prefix.addr);
	assert_int_equal(head->rtm_dst_len, 128);
	assert_attribute(made, sizeof(*head), RTA_DST, prefix.addr.bytes, 16);
	prg_rtnl_encode_addresses(space, ifindex);
	assert_int_equal(made->nlmsg_type, RTM_GETADDR);
	assert_int_equal(((const struct ifaddrmsg *)head)->ifa_index, 9);

	prefix = prefix_of("10.0.0.1/24");
	prg_rtnl_encode_address(space, ifindex, &prefix, false);
	assert_int_equal(made->nlmsg_type, RTM_DELADDR);
	assert_int_equal(made->nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK);
}

/* ---- decoding what the kernel said to ip(8) */

static void test_decode_link(void **state)
{
	size_t length;
	PRG_FREE uint8_t *data = golden("link-show.received", &length);
	const struct nlmsghdr *message = recorded(data, length, RTM_NEWLINK);
	struct prg_link link;
	char name[PRG_IFNAME_TEXT];

	(void)state;
	assert_true(prg_rtnl_decode_link(message, &link, name));
	assert_string_equal(name, "wg0");
	assert_string_equal(link.kind, "wireguard");
	assert_string_equal(link.alias, "peerage:x");
	assert_int_equal(link.mtu, 1400);
	assert_true(link.up);
	assert_true(link.ifindex > 0);
}

static void test_decode_addresses(void **state)
{
	size_t length, n = 0;
	PRG_FREE uint8_t *data = golden("address-show.received", &length);
	char found[8][PRG_PREFIX_TEXT];

	(void)state;
	for (size_t at = 0; at < length;) {
		const struct nlmsghdr *message = (const struct nlmsghdr *)(data + at);
		struct prg_prefix address;
		uint32_t ifindex;

		at += NLMSG_ALIGN(message->nlmsg_len);
		assert_int_equal(prg_rtnl_decode_address(message, &ifindex, &address),
		                 message->nlmsg_type == RTM_NEWADDR);
		if (message->nlmsg_type == RTM_NEWADDR)
			prg_prefix_format(&address, found[n++]);
	}
	assert_int_equal(n, 2);
	assert_string_equal(found[0], "10.7.0.1/24");
	assert_string_equal(found[1], "fd07::1/64");
}

static void test_decode_routes(void **state)
{
	size_t length, n = 0;
	PRG_FREE uint8_t *data = golden("route-show.received", &length);
	struct prg_rtnl_route routes[8];

	(void)state;
	for (size_t at = 0; at < length;) {
		const struct nlmsghdr *message = (const struct nlmsghdr *)(data + at);

		at += NLMSG_ALIGN(message->nlmsg_len);
		assert_true(n < 8);
		if (message->nlmsg_type == RTM_NEWROUTE)
			assert_true(prg_rtnl_decode_route(message, &routes[n++]));
	}
	assert_int_equal(n, 2);
	assert_prefix(&routes[0].to, "10.7.0.0/24");
	assert_int_equal(routes[0].protocol, RTPROT_KERNEL);
	assert_int_equal(routes[0].source.family, 4);
	assert_prefix(&routes[1].to, "172.20.0.0/16");
	assert_int_equal(routes[1].protocol, RTPROT_STATIC);
	assert_int_equal(routes[1].scope, RT_SCOPE_LINK);
	assert_int_equal(routes[1].type, RTN_UNICAST);
	assert_int_equal(routes[1].table, RT_TABLE_MAIN);
	assert_false(routes[1].has_gateway);
	assert_int_equal(routes[1].source.family, 0);
	assert_true(routes[1].ifindex > 0);
}

static void test_next_hops(void **state)
{
	struct rtnexthop hops[3] = { { .rtnh_len = sizeof(struct rtnexthop), .rtnh_ifindex = 4 },
		                     { .rtnh_len = sizeof(struct rtnexthop), .rtnh_ifindex = 6 },
		                     { .rtnh_len = 100, .rtnh_ifindex = 8 } };
	struct rtmsg *head;
	struct prg_rtnl_route route;
	uint32_t ifindex = 0;

	(void)state;
	mnl_nlmsg_put_header(space);
	made->nlmsg_type = RTM_NEWROUTE;
	head = mnl_nlmsg_put_extra_header(made, sizeof(*head));
	head->rtm_family = AF_INET6;
	mnl_attr_put(made, RTA_MULTIPATH, sizeof(hops), hops);
	assert_true(prg_rtnl_decode_route(made, &route));
	assert_prefix(&route.to, "::/0");
	assert_true(prg_rtnl_next_hop(&route, &ifindex));
	assert_int_equal(ifindex, 4);
	assert_true(prg_rtnl_next_hop(&route, &ifindex));
	assert_int_equal(ifindex, 6);
	assert_false(prg_rtnl_next_hop(&route, &ifindex));
}

/* A kind longer than ours is cut, a name longer than the kernel's is malformed. */
static void test_link_limits(void **state)
{
	struct ifinfomsg *head;
	struct nlattr *info;
	struct prg_link link;
	char name[PRG_IFNAME_TEXT];

	(void)state;
	mnl_nlmsg_put_header(space);
	made->nlmsg_type = RTM_NEWLINK;
	head = mnl_nlmsg_put_extra_header(made, sizeof(*head));
	assert_false(prg_rtnl_decode_link(made, &link, name)); /* no index */
	head->ifi_index = 4;
	info = mnl_attr_nest_start(made, IFLA_LINKINFO);
	mnl_attr_put_strz(made, IFLA_INFO_KIND, "a-kind-of-a-very-long-name");
	mnl_attr_nest_end(made, info);
	assert_true(prg_rtnl_decode_link(made, &link, name));
	assert_string_equal(link.kind, "a-kind-of-a-ver");
	assert_string_equal(link.alias, "");
	assert_false(link.up);
	mnl_attr_put_strz(made, IFLA_IFNAME, "sixteen-bytes-xx");
	assert_false(prg_rtnl_decode_link(made, &link, name));
}

static void try_all(const struct nlmsghdr *message)
{
	struct prg_link link;
	struct prg_prefix prefix;
	struct prg_rtnl_route route;
	struct prg_nl_answer answer;
	char name[PRG_IFNAME_TEXT];
	uint32_t ifindex;

	prg_rtnl_decode_link(message, &link, name);
	prg_nl_answer_decode(message, &answer);
	if (prg_rtnl_decode_address(message, &ifindex, &prefix))
		assert_in_range(prefix.length, 0, prefix.addr.family == 4 ? 32 : 128);
	if (prg_rtnl_decode_route(message, &route))
		while (prg_rtnl_next_hop(&route, &ifindex))
			;
}

static void test_hostile(void **state)
{
	static const char *const files[] = { "link-show.received", "address-show.received",
		                             "route-show.received", "absent.received" };

	(void)state;
	for (size_t f = 0; f < 4; f++) {
		size_t length;
		PRG_FREE uint8_t *data = golden(files[f], &length);

		for (size_t at = 0; at < length;) {
			const struct nlmsghdr *message = (const struct nlmsghdr *)(data + at);

			at += NLMSG_ALIGN(message->nlmsg_len);
			for (uint32_t cut = NLMSG_HDRLEN; cut < message->nlmsg_len; cut++) {
				struct nlmsghdr *copy = malloc(cut);

				assert_non_null(copy);
				memcpy(copy, message, cut);
				copy->nlmsg_len = cut;
				try_all(copy);
				((uint8_t *)copy)[cut - 1] ^= 0x55;
				copy->nlmsg_len = cut;
				try_all(copy);
				free(copy);
			}
		}
	}
}

/* ---- acknowledgements */

static struct nlmsghdr *error_message(int code, uint16_t flags, uint32_t echoed, const char *words)
{
	struct nlmsgerr *error;

	memset(space, 0, sizeof(space));
	mnl_nlmsg_put_header(space);
	made->nlmsg_type = NLMSG_ERROR;
	made->nlmsg_flags = flags;
	error = mnl_nlmsg_put_extra_header(made, sizeof(*error));
	error->error = code;
	error->msg.nlmsg_len = echoed;
	if (code != 0 && !(flags & NLM_F_CAPPED))
		mnl_nlmsg_put_extra_header(made, echoed - sizeof(error->msg));
	if (words != NULL)
		mnl_attr_put_strz(made, NLMSGERR_ATTR_MSG, words);
	return made;
}

static void test_answers(void **state)
{
	struct prg_nl_answer answer;
	size_t length;
	PRG_FREE uint8_t *data = golden("absent.received", &length);

	(void)state;
	/* Without NETLINK_CAP_ACK the request comes back behind the error. */
	assert_true(prg_nl_answer_decode(recorded(data, length, NLMSG_ERROR), &answer));
	assert_int_equal(answer.errnum, ENODEV);

	assert_true(prg_nl_answer_decode(error_message(0, NLM_F_CAPPED, 100, NULL), &answer));
	assert_int_equal(answer.errnum, 0);
	assert_true(answer.final);
	assert_true(prg_nl_answer_decode(
	        error_message(-EINVAL, NLM_F_CAPPED | NLM_F_ACK_TLVS, 100, "Bad \x1b[1m prefix"),
	        &answer));
	assert_int_equal(answer.errnum, EINVAL);
	assert_string_equal(answer.text, "Bad ?[1m prefix");
	assert_true(prg_nl_answer_decode(
	        error_message(-EPERM, NLM_F_ACK_TLVS, 100, "no"), &answer));
	assert_string_equal(answer.text, "no");
	/* The echo is longer than the message. */
	error_message(-EPERM, 0, 100, NULL);
	made->nlmsg_len -= 4;
	assert_false(prg_nl_answer_decode(made, &answer));
	/* Codes that are no errno. */
	assert_false(prg_nl_answer_decode(error_message(7, NLM_F_CAPPED, 16, NULL), &answer));
	assert_false(prg_nl_answer_decode(error_message(-4096, NLM_F_CAPPED, 16, NULL), &answer));
	made->nlmsg_len = NLMSG_HDRLEN + 3;
	assert_false(prg_nl_answer_decode(made, &answer));
	made->nlmsg_type = NLMSG_DONE;
	assert_true(prg_nl_answer_decode(made, &answer));
	assert_int_equal(answer.errnum, 0);
}

static void test_answer_words(void **state)
{
	struct prg_nl_answer answer = { .errnum = EPERM };
	struct prg_error err;

	(void)state;
	assert_int_equal(prg_nl_fail(&err, &answer, "wg0"), PRG_E_PERMISSION);
	assert_non_null(strstr(err.message, "CAP_NET_ADMIN"));
	answer.errnum = ENODEV;
	assert_int_equal(prg_nl_fail(&err, &answer, "wg0"), PRG_E_NOT_FOUND);
	answer.errnum = EOPNOTSUPP;
	assert_int_equal(prg_nl_fail(&err, &answer, "wg0"), PRG_E_UNSUPPORTED);
	answer.errnum = EINVAL;
	strcpy(answer.text, "odd");
	assert_int_equal(prg_nl_fail(&err, &answer, "wg0"), PRG_E_FAILED);
	assert_string_equal(err.message, "wg0: the kernel refused (odd): Invalid argument");
	assert_int_equal(prg_nl_fail(NULL, &answer, "wg0"), PRG_E_FAILED);
}

static void test_descriptions(void **state)
{
	struct prg_wg_peer peer = { .public_key = key_of(0) };
	struct prg_op op = { .kind = PRG_OP_PEER_SET, .peer = &peer };
	char text[256];

	(void)state;
	prg_op_describe(&op, "wg0", text, sizeof(text));
	assert_string_equal(text, "set peer AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
	op.who = "peer alice";
	op.fields = PRG_OF_CREATE;
	prg_op_describe(&op, "wg0", text, sizeof(text));
	assert_string_equal(text, "add peer alice");
	op.kind = PRG_OP_PEER_REMOVE;
	prg_op_describe(&op, "wg0", text, sizeof(text));
	assert_string_equal(text, "remove peer alice");
	op.kind = PRG_OP_ROUTE_ADD;
	op.prefix = prefix_of("10.0.0.0/8");
	prg_op_describe(&op, "wg0", text, sizeof(text));
	assert_string_equal(text, "add route 10.0.0.0/8 (peer alice)");
	op.kind = PRG_OP_LINK;
	prg_op_describe(&op, "wg0", text, sizeof(text));
	assert_string_equal(text, "configure link wg0");
}

/* ---- this host's kernel, as far as it answers without privilege */

static void test_live_loopback(void **state)
{
	PRG_NL *nl = NULL;
	PRG_FREE struct prg_prefix *list = NULL;
	struct prg_link link;
	char name[PRG_IFNAME_TEXT];
	size_t n = 0;

	(void)state;
	assert_int_equal(prg_nl_open(NETLINK_ROUTE, &nl, NULL), 0);
	assert_int_equal(prg_rtnl_link(nl, "lo", &link, NULL), 0);
	assert_string_equal(link.kind, "");
	assert_int_equal(prg_rtnl_link_name(nl, link.ifindex, name, NULL), 0);
	assert_string_equal(name, "lo");
	assert_int_equal(prg_rtnl_link(nl, "no-such-link", &link, NULL), PRG_E_NOT_FOUND);
	assert_int_equal(prg_rtnl_addresses(nl, link.ifindex, "lo", &list, &n, NULL), 0);
	for (size_t i = 0; i < n; i++)
		assert_in_range(list[i].addr.family, 4, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_address_like_ip),
		cmocka_unit_test(test_route_like_ip),
		cmocka_unit_test(test_link_like_ip),
		cmocka_unit_test(test_link_requests),
		cmocka_unit_test(test_route_requests),
		cmocka_unit_test(test_decode_link),
		cmocka_unit_test(test_decode_addresses),
		cmocka_unit_test(test_decode_routes),
		cmocka_unit_test(test_next_hops),
		cmocka_unit_test(test_link_limits),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_answer_words),
		cmocka_unit_test(test_descriptions),
		cmocka_unit_test(test_live_loopback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
