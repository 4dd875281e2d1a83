/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "base/error.h"
#include "model/addr.h"
#include "render/render.h"

/* Secrets go in by prg_text_append() only: vsnprintf(3) leaves pieces of what it
 * formats on the stack. */
static int put(struct prg_text *text, const char *words, struct prg_error *err)
{
	return prg_text_append(text, words, strlen(words), err);
}

static int put_line(struct prg_text *text, const char *key, const char *value,
                    struct prg_error *err)
{
	int rc = put(text, key, err);

	if (rc == 0)
		rc = put(text, " = ", err);
	if (rc == 0)
		rc = put(text, value, err);
	if (rc == 0)
		rc = put(text, "\n", err);
	return rc;
}

/* A line of values; none at all where there is no value. */
static int put_prefixes(struct prg_text *text, const char *key, const struct prg_prefix *list,
                        size_t n, struct prg_error *err)
{
	char value[PRG_PREFIX_TEXT];
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++) {
		prg_prefix_format(&list[i], value);
		rc = i == 0 ? prg_text_printf(text, err, "%s = %s", key, value)
		            : prg_text_printf(text, err, ", %s", value);
	}
	return rc == 0 && n > 0 ? put(text, "\n", err) : rc;
}

static int put_addresses(struct prg_text *text, const char *key, const struct prg_addr *list,
                         size_t n, struct prg_error *err)
{
	char value[PRG_ADDR_TEXT];
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++) {
		prg_addr_format(&list[i], value);
		rc = i == 0 ? prg_text_printf(text, err, "%s = %s", key, value)
		            : prg_text_printf(text, err, ", %s", value);
	}
	return rc == 0 && n > 0 ? put(text, "\n", err) : rc;
}

/* The apps refuse an empty value, 0 among numbers means "unset" here. */
static int put_number(struct prg_text *text, const char *key, unsigned value,
                      struct prg_error *err)
{
	return value == 0 ? 0 : prg_text_printf(text, err, "%s = %u\n", key, value);
}

static int put_private_key(struct prg_text *text, const struct prg_private_key *key,
                           struct prg_error *err)
{
	PRG_CLEANUP(prg_cleanup_key_text) char value[PRG_KEY_TEXT];

	if (key == NULL)
		return put(text,
		           "# PrivateKey = \n"
		           "# The server does not keep this key: fill it in above and remove "
		           "the \"# \" before it.\n",
		           err);
	prg_private_key_reveal(key, value);
	return put_line(text, "PrivateKey", value, err);
}

static int put_preshared_key(struct prg_text *text, const struct prg_preshared_key *key,
                             struct prg_error *err)
{
	PRG_CLEANUP(prg_cleanup_key_text) char value[PRG_KEY_TEXT];

	if (key == NULL)
		return 0;
	prg_preshared_key_reveal(key, value);
	return put_line(text, "PresharedKey", value, err);
}

static int put_endpoint(struct prg_text *text, const struct prg_endpoint *endpoint,
                        struct prg_error *err)
{
	char value[PRG_ENDPOINT_TEXT];

	if (endpoint->port == 0)
		return put(text,
		           "# Endpoint = \n"
		           "# The server's address is not registered: fill in HOST:PORT above and "
		           "remove the \"# \" before it.\n",
		           err);
	prg_endpoint_format(endpoint, value);
	return put_line(text, "Endpoint", value, err);
}

static int put_interface(struct prg_text *text, const struct prg_client *client,
                         struct prg_error *err)
{
	const struct prg_peer *peer = client->peer;
	const struct prg_addr *dns;
	size_t n_dns;
	int rc = put(text, "[Interface]\n", err);

	dns = prg_peer_dns(client->interface, peer, &n_dns);
	if (rc == 0)
		rc = put_private_key(text, client->private_key, err);
	if (rc == 0)
		rc = put_prefixes(text, "Address", peer->addresses, peer->n_addresses, err);
	if (rc == 0)
		rc = put_addresses(text, "DNS", dns, n_dns, err);
	if (rc == 0)
		rc = put_number(text, "MTU", prg_peer_client_mtu(client->interface, peer), err);
	return rc;
}

static int put_server(struct prg_text *text, const struct prg_client *client,
                      struct prg_error *err)
{
	const struct prg_interface *interface = client->interface;
	const struct prg_prefix *allowed_ips;
	char key[PRG_KEY_TEXT];
	size_t n;
	int rc = put(text, "\n[Peer]\n", err);

	allowed_ips = prg_peer_client_allowed_ips(interface, client->peer, &n);
	prg_public_key_format(&interface->public_key, key);
	if (rc == 0)
		rc = put_line(text, "PublicKey", key, err);
	if (rc == 0)
		rc = put_preshared_key(text, client->preshared_key, err);
	if (rc == 0)
		rc = put_prefixes(text, "AllowedIPs", allowed_ips, n, err);
	if (rc == 0)
		rc = put_endpoint(text, &interface->endpoint, err);
	if (rc == 0)
		rc = put_number(text, "PersistentKeepalive",
		                prg_peer_client_keepalive(interface, client->peer), err);
	return rc;
}

int prg_render_wgquick(const struct prg_client *client, struct prg_text **ret_text,
                       struct prg_error *err)
{
	PRG_CLEANUP_TEXT struct prg_text *text = NULL;
	int rc = prg_text_new(&text, err);

	if (rc == 0)
		rc = put_interface(text, client, err);
	if (rc == 0)
		rc = put_server(text, client, err);
	if (rc < 0)
		return rc;
	*ret_text = text;
	text = NULL;
	return 0;
}
