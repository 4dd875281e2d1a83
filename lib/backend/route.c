/* SPDX-License-Identifier: ISC */
/* What the host's routing says; the functions of backend.h that need no backend. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "backend/rtnl.h"
#include "backend/rtnl_decode.h"
#include "backend/rtnl_encode.h"
#include "base/error.h"

#define DUMP_TRIES 5

struct lookup {
	struct prg_rtnl_route route;
	bool seen;
};

static int take_lookup(void *context, const struct nlmsghdr *message)
{
	struct lookup *lookup = context;

	if (!prg_rtnl_decode_route(message, &lookup->route))
		return PRG_E_CORRUPT;
	lookup->route.next_hops = NULL; /* points into the message */
	lookup->route.next_hops_length = 0;
	lookup->seen = true;
	return 0;
}

static bool means_no_route(int errnum)
{
	return errnum == ENETUNREACH || errnum == EHOSTUNREACH || errnum == ESRCH ||
	       errnum == EACCES || errnum == EINVAL || errnum == EADDRNOTAVAIL;
}

int prg_route_lookup(const struct prg_addr *to, char ret_device[PRG_IFNAME_TEXT],
                     struct prg_addr *ret_source, struct prg_error *err)
{
	PRG_NL *nl = NULL;
	struct lookup lookup = { 0 };
	struct prg_nl_answer answer;
	char text[PRG_ADDR_TEXT];
	int rc = prg_nl_open(NETLINK_ROUTE, &nl, err);

	if (rc < 0)
		return rc;
	prg_addr_format(to, text);
	prg_nl_talk(nl, prg_rtnl_encode_lookup(prg_nl_buffer(nl), to), take_lookup, &lookup,
	            &answer, 1);
	if (answer.callback != 0)
		answer.errnum = EBADMSG;
	if (answer.errnum != 0 && !means_no_route(answer.errnum))
		return prg_nl_fail(err, &answer, text);
	if (answer.errnum != 0 || !lookup.seen || lookup.route.ifindex == 0 ||
	    (lookup.route.type != RTN_UNICAST && lookup.route.type != RTN_LOCAL))
		return prg_error_set(err, PRG_E_NOT_FOUND, "this host has no route to %s", text);
	rc = prg_rtnl_link_name(nl, lookup.route.ifindex, ret_device, err);
	if (rc == 0)
		*ret_source = lookup.route.source;
	return rc;
}

struct devices {
	uint32_t *indexes;
	size_t n, capacity;
};

static int add_device(struct devices *devices, uint32_t ifindex)
{
	for (size_t i = 0; i < devices->n; i++)
		if (devices->indexes[i] == ifindex)
			return 0;
	if (devices->n == devices->capacity) {
		size_t more = devices->capacity > 0 ? devices->capacity * 2 : 8;
		uint32_t *grown = realloc(devices->indexes, more * sizeof(*grown));

		if (grown == NULL)
			return PRG_E_NOMEM;
		devices->indexes = grown;
		devices->capacity = more;
	}
	devices->indexes[devices->n++] = ifindex;
	return 0;
}

static int take_ra_route(void *context, const struct nlmsghdr *message)
{
	struct devices *devices = context;
	struct prg_rtnl_route route;
	uint32_t ifindex;
	int rc = 0;

	if (!prg_rtnl_decode_route(message, &route) || route.to.addr.family != 6 ||
	    route.to.length != 0 || route.protocol != RTPROT_RA || route.type != RTN_UNICAST)
		return 0;
	if (route.ifindex != 0)
		rc = add_device(devices, route.ifindex);
	while (rc == 0 && prg_rtnl_next_hop(&route, &ifindex))
		rc = add_device(devices, ifindex);
	return rc;
}

/* A link that went away meanwhile holds no route any more. */
static int name_devices(struct prg_nl *nl, const struct devices *devices,
                        char (**ret)[PRG_IFNAME_TEXT], size_t *ret_n, struct prg_error *err)
{
	PRG_FREE char(*names)[PRG_IFNAME_TEXT] = calloc(devices->n + 1, sizeof(*names));
	size_t n = 0;

	if (names == NULL)
		return prg_error_nomem(err);
	for (size_t i = 0; i < devices->n; i++) {
		int rc = prg_rtnl_link_name(nl, devices->indexes[i], names[n], err);

		if (rc < 0 && rc != PRG_E_NOT_FOUND)
			return rc;
		n += rc == 0;
	}
	*ret = names;
	*ret_n = n;
	names = NULL;
	return 0;
}

int prg_route_ra_devices(char (**ret)[PRG_IFNAME_TEXT], size_t *ret_n, struct prg_error *err)
{
	PRG_NL *nl = NULL;
	struct devices devices = { 0 };
	struct prg_nl_answer answer = { 0 };
	int rc = prg_nl_open(NETLINK_ROUTE, &nl, err);

	for (int i = 0; rc == 0 && i < DUMP_TRIES; i++) {
		size_t length = prg_rtnl_encode_routes(prg_nl_buffer(nl), 6, 0, RTPROT_RA);

		prg_nl_talk(nl, length, take_ra_route, &devices, &answer, 1);
		if (!answer.interrupted)
			break;
	}
	if (rc == 0 && answer.callback != 0)
		rc = prg_error_nomem(err);
	/* A kernel without IPv6 has no such routes. */
	if (rc == 0 && answer.errnum != 0 && answer.errnum != EOPNOTSUPP)
		rc = prg_nl_fail(err, &answer, "IPv6 routes");
	if (rc == 0)
		rc = name_devices(nl, &devices, ret, ret_n, err);
	free(devices.indexes);
	return rc;
}
