/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/prefixes.h"
#include "backend/rtnl.h"
#include "backend/rtnl_encode.h"
#include "base/error.h"

static int link_failed(const struct prg_nl_answer *answer, const struct prg_progress *progress,
                       struct prg_error *err)
{
	char port[8] = "";

	if (answer->errnum != EADDRINUSE)
		return prg_nl_fail(err, answer, progress->interface);
	if (progress->port != 0)
		snprintf(port, sizeof(port), " %u", progress->port);
	return prg_error_set(err, PRG_E_FAILED,
	                     "UDP port%s is in use by another program: choose another listen port, "
	                     "or end that program ('ss -ulnp' shows it)",
	                     port);
}

/* For addresses and routes: a refusal of IPv6 is not one of privilege. */
static int prefix_failed(const struct prg_nl_answer *answer, const struct prg_prefix *prefix,
                         const char *name, struct prg_error *err)
{
	if (prefix->addr.family == 6 && answer->errnum == EACCES)
		return prg_error_set(err, PRG_E_FAILED,
		                     "IPv6 is switched off on %s: 'sysctl -w "
		                     "net/ipv6/conf/%s/disable_ipv6=0' switches it on",
		                     name, name);
	if (prefix->addr.family == 6 && answer->errnum == EOPNOTSUPP)
		return prg_error_set(err, PRG_E_UNSUPPORTED,
		                     "this kernel has IPv6 switched off: use IPv4 addresses only, "
		                     "or boot without ipv6.disable=1");
	return prg_nl_fail(err, answer, name);
}

static int talk_one(struct prg_nl *nl, size_t length, struct prg_nl_answer *answer)
{
	prg_nl_talk(nl, length, NULL, NULL, answer, 1);
	return answer->errnum;
}

/*
 * EEXIST. The very address is fine; IPv6 also says it where the address is there
 * with another prefix length, and then that one has to go first.
 */
static int settle_address(struct prg_nl *nl, uint32_t ifindex, const struct prg_op *op,
                          const char *name, struct prg_error *err)
{
	PRG_FREE struct prg_prefix *present = NULL;
	const struct prg_prefix *wanted = &op->prefix;
	struct prg_nl_answer answer;
	size_t n = 0;
	int rc = prg_rtnl_addresses(nl, ifindex, name, &present, &n, err);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < n; i++)
		if (prg_prefix_compare(&present[i], wanted) == 0)
			return 0;
	for (size_t i = 0; i < n; i++)
		if (prg_addr_compare(&present[i].addr, &wanted->addr) == 0)
			talk_one(nl,
			         prg_rtnl_encode_address(prg_nl_buffer(nl), ifindex, &present[i],
			                                 false),
			         &answer);
	if (talk_one(nl, prg_rtnl_encode_address(prg_nl_buffer(nl), ifindex, wanted, true),
	             &answer) != 0)
		return prefix_failed(&answer, wanted, name, err);
	return 0;
}

static int apply_address(struct prg_nl *nl, uint32_t ifindex, const struct prg_op *op,
                         const char *name, struct prg_error *err)
{
	bool add = op->kind == PRG_OP_ADDRESS_ADD;
	struct prg_nl_answer answer;

	talk_one(nl, prg_rtnl_encode_address(prg_nl_buffer(nl), ifindex, &op->prefix, add),
	         &answer);
	if (answer.errnum == 0 || (!add && answer.errnum == EADDRNOTAVAIL))
		return 0;
	if (add && answer.errnum == EEXIST)
		return settle_address(nl, ifindex, op, name, err);
	return prefix_failed(&answer, &op->prefix, name, err);
}

static int apply_link(struct prg_nl *nl, uint32_t ifindex, const struct prg_op *op,
                      const struct prg_progress *progress, struct prg_error *err)
{
	struct prg_nl_answer answer;
	size_t length;

	if (op->alias != NULL && strnlen(op->alias, PRG_ALIAS_TEXT) == PRG_ALIAS_TEXT)
		return prg_error_set(err, PRG_E_USAGE, "an alias has at most %d bytes",
		                     PRG_ALIAS_TEXT - 1);
	length = prg_rtnl_encode_link_set(prg_nl_buffer(nl), ifindex, op->mtu, op->alias, op->up);
	talk_one(nl, length, &answer);
	return answer.errnum == 0 ? 0 : link_failed(&answer, progress, err);
}

static bool is_route(const struct prg_op *op)
{
	return op->kind == PRG_OP_ROUTE_ADD || op->kind == PRG_OP_ROUTE_DEL;
}

/*
 * Routes of this host that lead elsewhere. Ours has metric 0 and would win over
 * one with a metric, so what is there must be known before: it is read once, when
 * the first route is to be added.
 */
struct elsewhere {
	struct prg_prefix *list;
	size_t n;
	bool read;
};

/* 0 where the route may be added. */
static int check_route(struct prg_nl *nl, uint32_t ifindex, const struct prg_prefix *prefix,
                       const char *name, struct elsewhere *elsewhere, struct prg_error *err)
{
	char text[PRG_PREFIX_TEXT];
	int rc = 0;

	if (!elsewhere->read)
		rc = prg_rtnl_elsewhere(nl, ifindex, name, &elsewhere->list, &elsewhere->n, err);
	if (rc < 0)
		return rc;
	elsewhere->read = true;
	if (elsewhere->n == 0 ||
	    bsearch(prefix, elsewhere->list, elsewhere->n, sizeof(*prefix), prg_prefix_order) == NULL)
		return 0;
	prg_prefix_format(prefix, text);
	return prg_error_set(err, PRG_E_CONFLICT,
	                     "this host routes %s elsewhere already ('ip route show %s'): take that "
	                     "route away, or give the peer another one",
	                     text, text);
}

static int route_failed(const struct prg_op *op, const struct prg_nl_answer *answer,
                        const char *name, struct prg_error *err)
{
	bool add = op->kind == PRG_OP_ROUTE_ADD;

	if (answer->errnum == 0 || answer->errnum == (add ? EEXIST : ESRCH))
		return 0;
	return prefix_failed(answer, &op->prefix, name, err);
}

/* EEXIST, and check_route() has found none that leads elsewhere: another program,
 * wg-quick for one, made this route to the very interface. It becomes ours, in one
 * step, or nobody would take it away with its peer. */
static void take_route(struct prg_nl *nl, uint32_t ifindex, const struct prg_op *op,
                       struct prg_nl_answer *answer)
{
	if (op->kind == PRG_OP_ROUTE_ADD && answer->errnum == EEXIST)
		talk_one(nl,
		         prg_rtnl_encode_route_take(prg_nl_buffer(nl), ifindex, &op->prefix),
		         answer);
}

/* Sends routes from the first operation on; returns how many it dealt with. */
static size_t apply_routes(struct prg_nl *nl, uint32_t ifindex, const struct prg_op *ops,
                           size_t n_ops, struct elsewhere *elsewhere,
                           struct prg_progress *progress)
{
	struct prg_nl_answer answers[PRG_NL_BATCH];
	uint8_t *buffer = prg_nl_buffer(nl);
	struct prg_error why;
	size_t length = 0, n = 0;
	int refused = 0;

	while (n < n_ops && n < PRG_NL_BATCH && is_route(&ops[n]) &&
	       length + PRG_RTNL_BYTES <= PRG_NL_SEND_BYTES) {
		/* the first look reads a table through the very buffer */
		if (ops[n].kind == PRG_OP_ROUTE_ADD && (elsewhere->read || n == 0))
			refused = check_route(nl, ifindex, &ops[n].prefix, progress->interface,
			                      elsewhere, &why);
		else if (ops[n].kind == PRG_OP_ROUTE_ADD)
			break;
		if (refused < 0)
			break;
		length += prg_rtnl_encode_route(buffer + length, ifindex, &ops[n].prefix,
		                                ops[n].kind == PRG_OP_ROUTE_ADD);
		length = NLMSG_ALIGN(length);
		n++;
	}
	if (n > 0)
		prg_nl_talk(nl, length, NULL, NULL, answers, (unsigned)n);
	for (size_t i = 0; i < n; i++) {
		struct prg_error bad;
		int code;

		take_route(nl, ifindex, &ops[i], &answers[i]);
		code = route_failed(&ops[i], &answers[i], progress->interface, &bad);

		progress->gone |= answers[i].errnum == ENODEV;
		prg_progress_tell(progress, &ops[i], code, code != 0 ? &bad : NULL);
	}
	if (refused < 0 && !progress->gone)
		prg_progress_tell(progress, &ops[n++], refused, &why);
	return n;
}

void prg_rtnl_apply(struct prg_nl *nl, uint32_t ifindex, const struct prg_op *ops, size_t n_ops,
                    struct prg_progress *progress)
{
	struct elsewhere elsewhere = { 0 };
	size_t i = 0;

	while (i < n_ops && !progress->gone) {
		struct prg_error why;
		int code;

		if (is_route(&ops[i])) {
			i += apply_routes(nl, ifindex, ops + i, n_ops - i, &elsewhere, progress);
			continue;
		}
		if (ops[i].kind == PRG_OP_LINK)
			code = apply_link(nl, ifindex, &ops[i], progress, &why);
		else
			code = apply_address(nl, ifindex, &ops[i], progress->interface, &why);
		progress->gone = code == PRG_E_NOT_FOUND;
		prg_progress_tell(progress, &ops[i], code, code != 0 ? &why : NULL);
		i++;
	}
	free(elsewhere.list);
	if (progress->gone && i < n_ops) {
		struct prg_error why;
		int code = prg_error_set(&why, PRG_E_NOT_FOUND, "interface %s is gone",
		                         progress->interface);

		prg_progress_skip(progress, ops + i, n_ops - i, code, &why);
	}
}
