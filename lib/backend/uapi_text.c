/* SPDX-License-Identifier: ISC */
#include "backend/uapi_text.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/secret.h"
#include "model/addr.h"
#include "model/value.h"

#define HEX_KEY (2 * PRG_KEY_BYTES + 1)

/* ---- writing */

static void wipe_hex(char (*hex)[HEX_KEY])
{
	prg_wipe(*hex, sizeof(*hex));
}

static int put_key(struct prg_text *text, const char *name, const unsigned char *key,
                   struct prg_error *err)
{
	PRG_CLEANUP(wipe_hex) char hex[HEX_KEY];

	sodium_bin2hex(hex, sizeof(hex), key, PRG_KEY_BYTES);
	return prg_text_printf(text, err, "%s=%s\n", name, hex);
}

static int put_private_key(struct prg_text *text, const struct prg_wg_device *device,
                           struct prg_error *err)
{
	PRG_PRIVATE_KEY key = { { 0 } };

	if (device->has_private_key) {
		key = device->private_key;
		key.bytes[0] &= 248;
		key.bytes[31] = (unsigned char)((key.bytes[31] & 127) | 64);
	}
	return put_key(text, "private_key", key.bytes, err);
}

static int put_device(struct prg_text *text, const struct prg_op *op, struct prg_error *err)
{
	const struct prg_wg_device *device = op->device;
	int rc = 0;

	if (op->fields & PRG_OF_PRIVATE_KEY)
		rc = put_private_key(text, device, err);
	if (rc == 0 && (op->fields & PRG_OF_LISTEN_PORT))
		rc = prg_text_printf(text, err, "listen_port=%u\n", device->listen_port);
	if (rc == 0 && (op->fields & PRG_OF_FWMARK))
		rc = prg_text_printf(text, err, "fwmark=%u\n", device->fwmark);
	return rc;
}

static int put_endpoint(struct prg_text *text, const struct prg_wg_endpoint *endpoint,
                        struct prg_error *err)
{
	char address[PRG_ADDR_TEXT];

	if (endpoint->addr.family == 0)
		return 0; /* cannot be taken back */
	prg_addr_format(&endpoint->addr, address);
	if (endpoint->addr.family == 4)
		return prg_text_printf(text, err, "endpoint=%s:%u\n", address, endpoint->port);
	if (endpoint->scope == 0)
		return prg_text_printf(text, err, "endpoint=[%s]:%u\n", address, endpoint->port);
	return prg_text_printf(text, err, "endpoint=[%s%%%u]:%u\n", address, endpoint->scope,
	                       endpoint->port);
}

static int put_allowed_ips(struct prg_text *text, const struct prg_op *op, struct prg_error *err)
{
	const struct prg_wg_peer *peer = op->peer;
	int rc = 0;

	if (prg_op_replaces(op))
		rc = prg_text_printf(text, err, "replace_allowed_ips=true\n");
	if (!(op->fields & PRG_OF_ALLOWED_IPS))
		return rc;
	for (size_t i = 0; rc == 0 && i < peer->n_allowed_ips; i++) {
		char prefix[PRG_PREFIX_TEXT];

		prg_prefix_format(&peer->allowed_ips[i], prefix);
		rc = prg_text_printf(text, err, "allowed_ip=%s\n", prefix);
	}
	return rc;
}

static int put_peer(struct prg_text *text, const struct prg_op *op, struct prg_error *err)
{
	static const struct prg_preshared_key none;
	const struct prg_wg_peer *peer = op->peer;
	const struct prg_preshared_key *psk =
	        peer->preshared_key != NULL ? peer->preshared_key : &none;
	int rc = put_key(text, "public_key", peer->public_key.bytes, err);

	if (rc == 0 && op->kind == PRG_OP_PEER_REMOVE)
		return prg_text_printf(text, err, "update_only=true\nremove=true\n");
	if (rc == 0 && !(op->fields & PRG_OF_CREATE))
		rc = prg_text_printf(text, err, "update_only=true\n");
	if (rc == 0 && (op->fields & PRG_OF_PRESHARED_KEY))
		rc = put_key(text, "preshared_key", psk->bytes, err);
	if (rc == 0 && (op->fields & PRG_OF_ENDPOINT))
		rc = put_endpoint(text, &peer->endpoint, err);
	if (rc == 0 && (op->fields & PRG_OF_KEEPALIVE))
		rc = prg_text_printf(text, err, "persistent_keepalive_interval=%u\n",
		                     peer->keepalive_s);
	return rc == 0 ? put_allowed_ips(text, op, err) : rc;
}

int prg_uapi_encode(struct prg_text *text, const struct prg_op *op, struct prg_error *err)
{
	return op->kind == PRG_OP_DEVICE ? put_device(text, op, err) : put_peer(text, op, err);
}

/* ---- reading */

static bool parse_key(const char *value, unsigned char ret_key[PRG_KEY_BYTES])
{
	size_t length = 0;

	return strlen(value) == HEX_KEY - 1 &&
	       sodium_hex2bin(ret_key, PRG_KEY_BYTES, value, HEX_KEY - 1, NULL, &length, NULL) ==
	               0 &&
	       length == PRG_KEY_BYTES;
}

static bool parse_number(const char *value, uint64_t max, uint64_t *ret)
{
	return prg_number_parse(value, 0, max, ret, NULL) == 0;
}

static bool parse_errno(const char *value, int *ret)
{
	uint64_t number;

	/* Some implementations give it a sign. */
	if (!parse_number(value + (value[0] == '-'), 4095, &number))
		return false;
	*ret = (int)number;
	return true;
}

/* "1.2.3.4:5", "[::1]:5", "[fe80::1%2]:5"; a zone that is a name is dropped:
 * looking it up would be I/O. */
static bool parse_endpoint(const char *value, struct prg_wg_endpoint *ret)
{
	struct prg_wg_endpoint endpoint = { 0 };
	const char *colon = strrchr(value, ':');
	char host[PRG_ADDR_TEXT + 32];
	char *start = host, *zone;
	uint64_t number;
	size_t length;

	if (colon == NULL || (size_t)(colon - value) >= sizeof(host))
		return false;
	length = (size_t)(colon - value);
	memcpy(host, value, length);
	host[length] = '\0';
	if (host[0] == '[') {
		if (length < 2 || host[length - 1] != ']')
			return false;
		host[length - 1] = '\0';
		start = host + 1;
	}
	zone = strchr(start, '%');
	if (zone != NULL) {
		*zone++ = '\0';
		if (parse_number(zone, UINT32_MAX, &number))
			endpoint.scope = (uint32_t)number;
	}
	if (prg_addr_parse(start, &endpoint.addr, NULL) < 0 ||
	    (endpoint.addr.family == 6) != (start != host) ||
	    !parse_number(colon + 1, UINT16_MAX, &number))
		return false;
	endpoint.port = (uint16_t)number;
	*ret = endpoint;
	return true;
}

enum line_result { LINE_GOOD, LINE_BAD, LINE_UNKNOWN };

static enum line_result good(bool fine)
{
	return fine ? LINE_GOOD : LINE_BAD;
}

static enum line_result take_device(struct prg_wg_device *device, const char *key,
                                    const char *value)
{
	uint64_t number = 0;
	bool fine;

	if (strcmp(key, "private_key") == 0) {
		if (!parse_key(value, device->private_key.bytes))
			return LINE_BAD;
		device->has_private_key = !sodium_is_zero(device->private_key.bytes, PRG_KEY_BYTES);
		if (!device->has_private_key)
			return LINE_GOOD;
		return good(prg_public_key_derive(&device->private_key, &device->public_key,
		                                  NULL) == 0);
	}
	if (strcmp(key, "listen_port") == 0) {
		fine = parse_number(value, UINT16_MAX, &number);
		device->listen_port = (uint16_t)number;
		return good(fine);
	}
	if (strcmp(key, "fwmark") == 0) {
		fine = parse_number(value, UINT32_MAX, &number);
		device->fwmark = (uint32_t)number;
		return good(fine);
	}
	return LINE_UNKNOWN;
}

static enum line_result take_peer(struct prg_assembly *assembly, const char *key,
                                  const char *value)
{
	struct prg_wg_peer *peer = &assembly->peer;
	uint64_t number = 0;
	bool fine;

	if (strcmp(key, "preshared_key") == 0)
		return good(parse_key(value, assembly->preshared_key.bytes));
	if (strcmp(key, "endpoint") == 0)
		return good(parse_endpoint(value, &peer->endpoint));
	if (strcmp(key, "rx_bytes") == 0)
		return good(parse_number(value, UINT64_MAX, &peer->rx_bytes));
	if (strcmp(key, "tx_bytes") == 0)
		return good(parse_number(value, UINT64_MAX, &peer->tx_bytes));
	if (strcmp(key, "last_handshake_time_sec") == 0) {
		fine = parse_number(value, INT64_MAX, &number);
		peer->latest_handshake_at = (int64_t)number;
		return good(fine);
	}
	if (strcmp(key, "persistent_keepalive_interval") == 0) {
		fine = parse_number(value, UINT16_MAX, &number);
		peer->keepalive_s = (uint16_t)number;
		return good(fine);
	}
	return LINE_UNKNOWN;
}

static int bad_line(const char *key, struct prg_error *err)
{
	return prg_error_set(err, PRG_E_CORRUPT,
	                     "userspace WireGuard sent a malformed line '%.40s'", key);
}

static int take_pair(struct prg_assembly *assembly, const char *key, const char *value,
                     struct prg_error *err)
{
	enum line_result result;

	if (strcmp(key, "public_key") == 0) {
		struct prg_public_key public_key;

		if (!parse_key(value, public_key.bytes))
			return bad_line(key, err);
		return prg_assembly_peer(assembly, &public_key, err);
	}
	if (!assembly->peer_open && !assembly->device_told) {
		result = take_device(&assembly->device, key, value);
	} else if (strcmp(key, "allowed_ip") == 0) {
		struct prg_prefix prefix;

		if (prg_prefix_parse(value, &prefix, NULL) < 0)
			return bad_line(key, err);
		return prg_assembly_allowed_ip(assembly, &prefix, err);
	} else {
		result = take_peer(assembly, key, value);
	}
	return result == LINE_BAD ? bad_line(key, err) : 0;
}

/* Names are lower-case words: nothing else of a line ever goes into an error. */
static bool is_word(const char *text)
{
	return *text != '\0' && text[strspn(text, "abcdefghijklmnopqrstuvwxyz_0123456789")] == '\0';
}

static int take_line(struct prg_uapi_decoder *decoder, struct prg_error *err)
{
	char *key = decoder->line;
	char *value = strchr(key, '=');

	if (decoder->ended)
		return bad_line("behind the end", err);
	if (key[0] == '\0') {
		decoder->ended = decoder->has_errno;
		return decoder->ended ? 0 : bad_line("", err);
	}
	if (value == NULL)
		return bad_line("without '='", err);
	*value++ = '\0';
	if (!is_word(key) || decoder->has_errno)
		return bad_line("of another kind", err);
	if (strcmp(key, "errno") == 0) {
		decoder->has_errno = parse_errno(value, &decoder->errnum);
		return decoder->has_errno ? 0 : bad_line(key, err);
	}
	if (decoder->assembly == NULL)
		return 0;
	return take_pair(decoder->assembly, key, value, err);
}

void prg_uapi_decoder_init(struct prg_uapi_decoder *decoder, struct prg_assembly *assembly)
{
	memset(decoder, 0, sizeof(*decoder));
	decoder->assembly = assembly;
}

void prg_uapi_decoder_done(struct prg_uapi_decoder *decoder)
{
	prg_wipe(decoder, sizeof(*decoder));
}

int prg_uapi_decode(struct prg_uapi_decoder *decoder, const char *bytes, size_t length,
                    struct prg_error *err)
{
	for (size_t i = 0; i < length; i++) {
		int rc;

		if (bytes[i] != '\n') {
			if (bytes[i] == '\0' || decoder->used == sizeof(decoder->line) - 1)
				return bad_line("that is too long or holds NUL", err);
			decoder->line[decoder->used++] = bytes[i];
			continue;
		}
		decoder->line[decoder->used] = '\0';
		rc = take_line(decoder, err);
		prg_wipe(decoder->line, decoder->used);
		decoder->used = 0;
		if (rc != 0)
			return rc;
	}
	return 0;
}
