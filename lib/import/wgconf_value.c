/* SPDX-License-Identifier: ISC */
#include <sodium.h>
#include <string.h>

#include "base/error.h"
#include "import/wgconf_parser.h"
#include "model/addr.h"

#define MAX_TOKEN PRG_ENDPOINT_TEXT /* longest of the values that are looked at */

static void wipe_token(char (*token)[MAX_TOKEN])
{
	prg_wipe(*token, sizeof(*token));
}
#define TOKEN PRG_CLEANUP(wipe_token) char

/* False where it cannot be what is wanted, being too long. */
static bool copy_token(struct prg_slice s, char ret_token[MAX_TOKEN])
{
	if (s.length >= MAX_TOKEN)
		return false;
	memcpy(ret_token, s.data, s.length);
	ret_token[s.length] = '\0';
	return true;
}

/* The next of a list; false at its end. Blanks separate too where `loose`, as in
 * wg-quick's own keys, and nothing between two commas is no item then. */
static bool next_item(struct prg_slice *list, bool loose, struct prg_slice *ret_item)
{
	size_t n = 0;

	if (list->data == NULL)
		return false;
	while (loose && list->length > 0 &&
	       (prg_is_blank(list->data[0]) || list->data[0] == ',')) {
		list->data++;
		list->length--;
	}
	if (loose && list->length == 0)
		return false;
	while (n < list->length && list->data[n] != ',' &&
	       !(loose && prg_is_blank(list->data[n])))
		n++;
	*ret_item = prg_slice_trim((struct prg_slice){ list->data, n });
	if (n == list->length) {
		list->data = NULL;
		return true;
	}
	list->data += n + 1;
	list->length -= n + 1;
	return true;
}

static int read_number(const struct prg_wgconf_parser *parser, struct prg_slice value,
                       uint32_t min, uint32_t max, uint32_t *ret, const char *expected)
{
	bool hex = value.length > 2 && value.data[0] == '0' && (value.data[1] | 32) == 'x';
	uint64_t base = hex ? 16 : 10, number = 0;
	size_t i;

	for (i = hex ? 2 : 0; i < value.length; i++) {
		const char *digits = "0123456789abcdef";
		char c = value.data[i] >= 'A' && value.data[i] <= 'F' ? value.data[i] | 32
		                                                      : value.data[i];
		const char *digit = memchr(digits, c, (size_t)base);

		if (digit == NULL)
			break;
		number = number * base + (uint64_t)(digit - digits);
		if (number > max)
			break;
	}
	if (i == 0 || i < value.length || number < min)
		return prg_wgconf_fail(parser, value.data, expected);
	*ret = (uint32_t)number;
	return 0;
}

static int read_u16(const struct prg_wgconf_parser *parser, struct prg_slice value, uint32_t min,
                    uint16_t *ret, const char *expected)
{
	uint32_t number;
	int rc = 0;

	/* hex is for firewall marks only, as in wg(8) */
	if (value.length > 1 && (value.data[1] | 32) == 'x')
		rc = prg_wgconf_fail(parser, value.data, expected);
	if (rc == 0)
		rc = read_number(parser, value, min, UINT16_MAX, &number, expected);
	if (rc == 0)
		*ret = (uint16_t)number;
	return rc;
}

/* Keys of nothing but zeroes mean "none", to wg(8) and here. */
static int read_private_key(struct prg_wgconf_parser *parser, struct prg_slice value)
{
	PRG_PRESHARED_KEY raw;
	struct prg_private_key *key;

	if (prg_preshared_key_parse(value.data, value.length, &raw, NULL) < 0)
		return prg_wgconf_fail(parser, value.data,
		                       "not a private key: expected 44 characters of base64, "
		                       "the last one '='");
	if (sodium_is_zero(raw.bytes, sizeof(raw.bytes)))
		return 0;
	key = prg_arena_take(parser->conf->arena, sizeof(*key));
	if (key == NULL)
		return prg_error_nomem(parser->err);
	parser->conf->private_key = key;
	return prg_private_key_parse(value.data, value.length, key, parser->err);
}

static int read_public_key(struct prg_wgconf_parser *parser, struct prg_slice value)
{
	if (prg_public_key_parse(value.data, value.length, &prg_wgconf_current(parser)->public_key,
	                         NULL) < 0)
		return prg_wgconf_fail(parser, value.data,
		                       "not a public key: expected 44 characters of base64, "
		                       "the last one '=', not all zero");
	return 0;
}

static int read_preshared_key(struct prg_wgconf_parser *parser, struct prg_slice value)
{
	PRG_PRESHARED_KEY raw;
	struct prg_preshared_key *key;

	if (prg_preshared_key_parse(value.data, value.length, &raw, NULL) < 0)
		return prg_wgconf_fail(parser, value.data,
		                       "not a preshared key: expected 44 characters of base64, "
		                       "the last one '='");
	if (sodium_is_zero(raw.bytes, sizeof(raw.bytes)))
		return 0;
	key = prg_arena_take(parser->conf->arena, sizeof(*key));
	if (key == NULL)
		return prg_error_nomem(parser->err);
	*key = raw;
	prg_wgconf_current(parser)->preshared_key = key;
	return 0;
}

static int read_prefix(const struct prg_wgconf_parser *parser, struct prg_slice item,
                       struct prg_prefix *ret)
{
	TOKEN token[MAX_TOKEN];

	if (!copy_token(item, token) || prg_prefix_parse(token, ret, NULL) < 0)
		return prg_wgconf_fail(parser, item.data,
		                       "not an IP prefix: expected ADDRESS/LENGTH, as "
		                       "10.8.0.2/32 or fd00::2/128");
	return 0;
}

static int read_address(struct prg_wgconf_parser *parser, struct prg_slice value)
{
	struct prg_wgconf *conf = parser->conf;
	struct prg_slice item;
	int rc = 0;

	while (rc == 0 && next_item(&value, true, &item)) {
		struct prg_prefix *grown;

		grown = prg_wgconf_grow(conf->addresses, conf->n_addresses, &parser->addresses,
		                        sizeof(*grown));
		if (grown == NULL)
			return prg_error_nomem(parser->err);
		conf->addresses = grown;
		rc = read_prefix(parser, item, &grown[conf->n_addresses]);
		conf->n_addresses += rc == 0;
	}
	return rc;
}

static int read_allowed_ips(struct prg_wgconf_parser *parser, struct prg_slice value)
{
	struct prg_wgconf_peer *peer = prg_wgconf_current(parser);
	struct prg_prefix prefix;
	struct prg_slice item;
	int rc = 0;

	if (value.length == 0)
		return 0; /* as wg(8) prints a peer without any */
	while (rc == 0 && next_item(&value, false, &item)) {
		struct prg_prefix *grown;

		grown = prg_wgconf_grow(peer->allowed_ips, peer->n_allowed_ips,
		                        &parser->allowed_ips, sizeof(*grown));
		if (grown == NULL)
			return prg_error_nomem(parser->err);
		peer->allowed_ips = grown;
		rc = read_prefix(parser, item, &prefix);
		if (rc == 0)
			grown[peer->n_allowed_ips++] = prg_prefix_network(&prefix);
	}
	return rc;
}

/* What wg-quick takes for an address and not for a search domain. */
static bool looks_numeric(struct prg_slice s)
{
	size_t i;

	if (memchr(s.data, ':', s.length) != NULL)
		return true;
	for (i = 0; i < s.length; i++)
		if (s.data[i] != '.' && !(s.data[i] >= '0' && s.data[i] <= '9'))
			return false;
	return true;
}

static int read_dns_search(struct prg_wgconf_parser *parser, struct prg_slice item)
{
	struct prg_wgconf *conf = parser->conf;
	char **grown;
	size_t i;

	for (i = 0; i < item.length; i++) {
		char c = item.data[i];

		if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		      c == '-' || c == '_' || c == '.'))
			break;
	}
	if (i < item.length || item.length > 253)
		return prg_wgconf_fail(parser, item.data,
		                       "neither an IP address nor a domain name");
	grown = prg_wgconf_grow(conf->dns_search, conf->n_dns_search, &parser->dns_search,
	                        sizeof(*grown));
	if (grown == NULL)
		return prg_error_nomem(parser->err);
	conf->dns_search = grown;
	grown[conf->n_dns_search] = strndup(item.data, item.length);
	if (grown[conf->n_dns_search] == NULL)
		return prg_error_nomem(parser->err);
	conf->n_dns_search++;
	return 0;
}

static int read_dns_server(struct prg_wgconf_parser *parser, struct prg_slice item)
{
	struct prg_wgconf *conf = parser->conf;
	TOKEN token[MAX_TOKEN];
	struct prg_addr *grown;

	grown = prg_wgconf_grow(conf->dns, conf->n_dns, &parser->dns, sizeof(*grown));
	if (grown == NULL)
		return prg_error_nomem(parser->err);
	conf->dns = grown;
	if (!copy_token(item, token) || prg_addr_parse(token, &grown[conf->n_dns], NULL) < 0)
		return prg_wgconf_fail(parser, item.data, "not an IP address");
	conf->n_dns++;
	return 0;
}

static int read_dns(struct prg_wgconf_parser *parser, struct prg_slice value)
{
	struct prg_slice item;
	int rc = 0;

	while (rc == 0 && next_item(&value, true, &item))
		rc = looks_numeric(item) ? read_dns_server(parser, item)
		                         : read_dns_search(parser, item);
	return rc;
}

static int read_listen_port(struct prg_wgconf_parser *parser, struct prg_slice value)
{
	return read_u16(parser, value, 0, &parser->conf->listen_port,
	                "not a port: expected 0 to 65535");
}

static int read_mtu(struct prg_wgconf_parser *parser, struct prg_slice value)
{
	return read_u16(parser, value, 576, &parser->conf->mtu,
	                "not an MTU: expected 576 to 65535");
}

static int read_fwmark(struct prg_wgconf_parser *parser, struct prg_slice value)
{
	if (prg_slice_is(value, "off"))
		return 0;
	return read_number(parser, value, 0, UINT32_MAX, &parser->conf->fwmark,
	                   "not a firewall mark: expected \"off\" or a number of 32 bits, "
	                   "decimal or 0x hexadecimal");
}

static int read_endpoint(struct prg_wgconf_parser *parser, struct prg_slice value)
{
	TOKEN token[MAX_TOKEN];

	prg_wgconf_current(parser)->endpoint_line = parser->number;
	if (!copy_token(value, token) ||
	    prg_endpoint_parse(token, 0, &prg_wgconf_current(parser)->endpoint, NULL) < 0)
		return prg_wgconf_fail(parser, value.data,
		                       "not an endpoint: expected HOST:PORT, ADDRESS:PORT or "
		                       "[IPV6]:PORT");
	return 0;
}

static int read_keepalive(struct prg_wgconf_parser *parser, struct prg_slice value)
{
	if (prg_slice_is(value, "off"))
		return 0;
	return read_u16(parser, value, 0, &prg_wgconf_current(parser)->keepalive_s,
	                "not a keepalive: expected \"off\" or 0 to 65535 seconds");
}

const struct prg_wgconf_key prg_wgconf_keys[PRG_WGCONF_KEYS] = {
	{ "PrivateKey", PRG_WGCONF_INTERFACE, false, false, read_private_key },
	{ "ListenPort", PRG_WGCONF_INTERFACE, false, false, read_listen_port },
	{ "FwMark", PRG_WGCONF_INTERFACE, false, true, read_fwmark },
	{ "Address", PRG_WGCONF_INTERFACE, true, false, read_address },
	{ "DNS", PRG_WGCONF_INTERFACE, true, true, read_dns },
	{ "MTU", PRG_WGCONF_INTERFACE, false, false, read_mtu },
	/* not carried over: the line itself is kept */
	{ "Table", PRG_WGCONF_INTERFACE, true, false, NULL },
	{ "PreUp", PRG_WGCONF_INTERFACE, true, false, NULL },
	{ "PostUp", PRG_WGCONF_INTERFACE, true, false, NULL },
	{ "PreDown", PRG_WGCONF_INTERFACE, true, false, NULL },
	{ "PostDown", PRG_WGCONF_INTERFACE, true, false, NULL },
	{ "SaveConfig", PRG_WGCONF_INTERFACE, true, false, NULL },
	{ "PublicKey", PRG_WGCONF_PEER, false, false, read_public_key },
	{ "PresharedKey", PRG_WGCONF_PEER, false, false, read_preshared_key },
	{ "AllowedIPs", PRG_WGCONF_PEER, true, false, read_allowed_ips },
	{ "Endpoint", PRG_WGCONF_PEER, false, false, read_endpoint },
	{ "PersistentKeepalive", PRG_WGCONF_PEER, false, false, read_keepalive },
};
