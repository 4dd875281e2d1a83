/* SPDX-License-Identifier: ISC */
/* Addresses, prefixes and endpoints as text. */
#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "model/addr.h"
#include "model/value.h"
#include "model/wg.h"

int prg_addr_parse(const char *text, struct prg_addr *ret_addr, struct prg_error *err)
{
	struct prg_addr addr = { 0 };

	if (inet_pton(AF_INET, text, addr.bytes) == 1)
		addr.family = 4;
	else if (inet_pton(AF_INET6, text, addr.bytes) == 1)
		addr.family = 6;
	else
		return prg_error_set(err, PRG_E_USAGE, "malformed address '%.64s'", text);
	*ret_addr = addr;
	return 0;
}

int prg_prefix_parse(const char *text, struct prg_prefix *ret_prefix, struct prg_error *err)
{
	const char *slash = strchr(text, '/');
	char host[PRG_ADDR_TEXT];
	struct prg_prefix prefix;
	uint64_t length;
	size_t n = slash ? (size_t)(slash - text) : strlen(text);

	if (n >= sizeof(host))
		return prg_error_set(err, PRG_E_USAGE, "malformed prefix '%.64s'", text);
	memcpy(host, text, n);
	host[n] = '\0';
	if (prg_addr_parse(host, &prefix.addr, NULL) < 0)
		return prg_error_set(err, PRG_E_USAGE, "malformed prefix '%.64s'", text);
	length = prg_addr_bits(&prefix.addr);
	if (slash != NULL && prg_number_parse(slash + 1, 0, length, &length, NULL) < 0)
		return prg_error_set(err, PRG_E_USAGE,
		                     "malformed prefix '%.64s': its length is 0 to %d", text,
		                     prg_addr_bits(&prefix.addr));
	prefix.length = (uint8_t)length;
	*ret_prefix = prefix;
	return 0;
}

/* RFC 1123 host names, and literals with a zone. */
static bool host_ok(const char *host)
{
	size_t label = 0, total = strlen(host);
	const char *p;
	bool numeric = true;

	if (total == 0 || total > 253)
		return false;
	for (p = host; *p != '\0'; p++) {
		bool alnum = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
		             (*p >= '0' && *p <= '9');

		if (*p == '.') {
			if (label == 0 || p[-1] == '-')
				return false;
			label = 0;
			continue;
		}
		if (!alnum && !(*p == '-' && label > 0))
			return false;
		if (!(*p >= '0' && *p <= '9'))
			numeric = false;
		if (++label > 63)
			return false;
	}
	/* all digits and dots, and yet no IPv4 address: a slip of the pen */
	return !numeric && host[total - 1] != '-';
}

static bool literal6_ok(const char *host)
{
	char addr[PRG_ADDR_TEXT];
	const char *zone = strchr(host, '%');
	size_t n = zone ? (size_t)(zone - host) : strlen(host);
	struct prg_addr parsed;

	if (n >= sizeof(addr))
		return false;
	if (zone != NULL && (zone[1] == '\0' || strlen(zone + 1) >= IFNAMSIZ ||
	                     strspn(zone + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                                      "0123456789_.-") != strlen(zone + 1)))
		return false;
	memcpy(addr, host, n);
	addr[n] = '\0';
	return prg_addr_parse(addr, &parsed, NULL) == 0 && parsed.family == 6;
}

static int endpoint_error(const char *text, struct prg_error *err)
{
	return prg_error_set(err, PRG_E_USAGE,
	                     "malformed endpoint '%.64s': expected HOST:PORT, ADDRESS:PORT or "
	                     "[IPV6]:PORT",
	                     text);
}

int prg_endpoint_parse(const char *text, uint16_t default_port, struct prg_endpoint *ret_endpoint,
                       struct prg_error *err)
{
	struct prg_endpoint endpoint = { .port = default_port };
	const char *host = text, *port = NULL, *end;
	struct prg_addr v4;
	bool bracket = text[0] == '[';
	uint64_t number;
	size_t n;

	if (bracket) {
		host++;
		end = strchr(host, ']');
		if (end == NULL || (end[1] != '\0' && end[1] != ':'))
			return endpoint_error(text, err);
		if (end[1] == ':')
			port = end + 2;
	} else if (literal6_ok(text)) {
		end = text + strlen(text);
	} else {
		end = strrchr(text, ':');
		if (end != NULL)
			port = end + 1;
		else
			end = text + strlen(text);
	}
	n = (size_t)(end - host);
	if (n >= sizeof(endpoint.host))
		return endpoint_error(text, err);
	memcpy(endpoint.host, host, n);
	if (strchr(endpoint.host, ':') != NULL ? !literal6_ok(endpoint.host)
	                                       : bracket || (prg_addr_parse(endpoint.host, &v4,
	                                                                    NULL) < 0 &&
	                                                     !host_ok(endpoint.host)))
		return endpoint_error(text, err);
	if (port != NULL) {
		if (prg_number_parse(port, 1, 65535, &number, NULL) < 0)
			return prg_error_set(err, PRG_E_USAGE,
			                     "malformed endpoint '%.64s': its port is 1 to 65535",
			                     text);
		endpoint.port = (uint16_t)number;
	}
	if (endpoint.port == 0)
		return prg_error_set(err, PRG_E_USAGE, "endpoint '%.64s' lacks a port", text);
	*ret_endpoint = endpoint;
	return 0;
}

void prg_endpoint_format(const struct prg_endpoint *endpoint, char ret_text[PRG_ENDPOINT_TEXT])
{
	bool six = strchr(endpoint->host, ':') != NULL;

	snprintf(ret_text, PRG_ENDPOINT_TEXT, "%s%.253s%s:%u", six ? "[" : "", endpoint->host,
	         six ? "]" : "", endpoint->port);
}

const struct prg_wg_endpoint prg_wg_nowhere = {
	.addr = { .family = 4, .bytes = { 127, 0, 0, 1 } }, .port = 9
};

bool prg_wg_endpoint_equal(const struct prg_wg_endpoint *a, const struct prg_wg_endpoint *b)
{
	return prg_addr_compare(&a->addr, &b->addr) == 0 && a->port == b->port &&
	       a->scope == b->scope;
}

int prg_wg_endpoint_from(const struct prg_endpoint *endpoint, struct prg_wg_endpoint *ret,
                         struct prg_error *err)
{
	struct prg_wg_endpoint made = { .port = endpoint->port };
	char host[sizeof(endpoint->host)];
	char *zone;

	memcpy(host, endpoint->host, sizeof(host));
	zone = strchr(host, '%');
	if (zone != NULL) {
		uint64_t scope;

		*zone++ = '\0';
		if (prg_number_parse(zone, 1, UINT32_MAX, &scope, NULL) < 0)
			scope = if_nametoindex(zone);
		if (scope == 0)
			return prg_error_set(err, PRG_E_USAGE,
			                     "endpoint '%.64s': there is no link '%s'",
			                     endpoint->host, zone);
		made.scope = (uint32_t)scope;
	}
	if (prg_addr_parse(host, &made.addr, NULL) < 0)
		return prg_error_set(err, PRG_E_USAGE,
		                     "endpoint '%.64s' is a host name: peerage opens no IP socket "
		                     "and so cannot look it up; give an address",
		                     endpoint->host);
	*ret = made;
	return 0;
}

void prg_wg_endpoint_to(const struct prg_wg_endpoint *endpoint, struct prg_endpoint *ret)
{
	struct prg_endpoint made = { .port = endpoint->port };

	if (endpoint->addr.family != 0) {
		prg_addr_format(&endpoint->addr, made.host);
		if (endpoint->scope != 0)
			snprintf(made.host + strlen(made.host),
			         sizeof(made.host) - strlen(made.host), "%%%u", endpoint->scope);
	}
	*ret = made;
}

/* Cuts the next of a comma-separated list off *text into item, without spaces
 * round it; false at the end or where it does not fit. */
static bool next_item(const char **text, char *item, size_t size)
{
	const char *start = *text, *end;

	if (start == NULL)
		return false;
	end = strchr(start, ',');
	*text = end ? end + 1 : NULL;
	if (end == NULL)
		end = start + strlen(start);
	while (start < end && *start == ' ')
		start++;
	while (end > start && end[-1] == ' ')
		end--;
	if ((size_t)(end - start) >= size)
		return false;
	memcpy(item, start, (size_t)(end - start));
	item[end - start] = '\0';
	return true;
}

static size_t count_items(const char *text)
{
	size_t n = 1;

	for (; *text != '\0'; text++)
		n += *text == ',';
	return n;
}

static bool is_none(const char *text)
{
	return text[0] == '\0' || strcmp(text, "none") == 0;
}

static int check_count(const char *text, bool allow_none, size_t n, size_t limit,
                       struct prg_error *err)
{
	if (is_none(text) && !allow_none)
		return prg_error_set(err, PRG_E_USAGE, "at least one value is needed");
	if (n > limit)
		return prg_error_set(err, PRG_E_USAGE, "%zu values are more than the %zu allowed",
		                     n, limit);
	return 0;
}

static int prefix_item(const char *item, bool host_bits, struct prg_prefix *ret,
                       struct prg_error *err)
{
	struct prg_prefix network;
	char text[PRG_PREFIX_TEXT];
	int rc = prg_prefix_parse(item, ret, err);

	if (rc < 0)
		return rc;
	network = prg_prefix_network(ret);
	if (!host_bits && prg_prefix_compare(ret, &network) != 0) {
		prg_prefix_format(&network, text);
		return prg_error_set(err, PRG_E_USAGE,
		                     "prefix '%.64s' has bits set behind its length: did you mean "
		                     "%s?",
		                     item, text);
	}
	return 0;
}

int prg_prefix_list_parse(const char *text, bool allow_none, bool host_bits, size_t limit,
                          struct prg_prefix **ret, size_t *ret_n, struct prg_error *err)
{
	PRG_FREE struct prg_prefix *list = NULL;
	char item[128], shown[PRG_PREFIX_TEXT];
	size_t n = is_none(text) ? 0 : count_items(text), i, j;
	int rc = check_count(text, allow_none, n, limit, err);

	if (rc < 0)
		return rc;
	list = calloc(n ? n : 1, sizeof(*list));
	if (list == NULL)
		return prg_error_nomem(err);
	for (i = 0; i < n; i++) {
		if (!next_item(&text, item, sizeof(item)))
			return prg_error_set(err, PRG_E_USAGE, "a prefix in the list is too long");
		rc = prefix_item(item, host_bits, &list[i], err);
		if (rc < 0)
			return rc;
		prg_prefix_format(&list[i], shown);
		for (j = 0; j < i; j++)
			if (prg_prefix_compare(&list[i], &list[j]) == 0)
				return prg_error_set(err, PRG_E_USAGE, "'%s' is given twice", shown);
	}
	*ret = list;
	*ret_n = n;
	list = NULL;
	return 0;
}

int prg_addr_list_parse(const char *text, bool allow_none, size_t limit, struct prg_addr **ret,
                        size_t *ret_n, struct prg_error *err)
{
	PRG_FREE struct prg_addr *list = NULL;
	char item[128];
	size_t n = is_none(text) ? 0 : count_items(text), i, j;
	int rc = check_count(text, allow_none, n, limit, err);

	if (rc < 0)
		return rc;
	list = calloc(n ? n : 1, sizeof(*list));
	if (list == NULL)
		return prg_error_nomem(err);
	for (i = 0; i < n; i++) {
		if (!next_item(&text, item, sizeof(item)))
			return prg_error_set(err, PRG_E_USAGE,
			                     "an address in the list is too long");
		rc = prg_addr_parse(item, &list[i], err);
		if (rc < 0)
			return rc;
		for (j = 0; j < i; j++)
			if (prg_addr_compare(&list[i], &list[j]) == 0)
				return prg_error_set(err, PRG_E_USAGE, "'%s' is given twice", item);
	}
	*ret = list;
	*ret_n = n;
	list = NULL;
	return 0;
}

void prg_prefix_list_format(struct prg_strbuf *buf, const struct prg_prefix *list, size_t n,
                            const char *separator)
{
	char text[PRG_PREFIX_TEXT];
	size_t i;

	for (i = 0; i < n; i++) {
		prg_prefix_format(&list[i], text);
		if (i > 0)
			prg_strbuf_puts(buf, separator);
		prg_strbuf_puts(buf, text);
	}
}

void prg_prefix_list_json(struct prg_strbuf *buf, const struct prg_prefix *list, size_t n)
{
	prg_strbuf_puts(buf, n ? "[\"" : "[");
	prg_prefix_list_format(buf, list, n, "\",\"");
	prg_strbuf_puts(buf, n ? "\"]" : "]");
}

void prg_addr_list_format(struct prg_strbuf *buf, const struct prg_addr *list, size_t n,
                          const char *separator)
{
	char text[PRG_ADDR_TEXT];
	size_t i;

	for (i = 0; i < n; i++) {
		prg_addr_format(&list[i], text);
		if (i > 0)
			prg_strbuf_puts(buf, separator);
		prg_strbuf_puts(buf, text);
	}
}
