/* SPDX-License-Identifier: ISC */
/* The JSON that loads our table; libnftables-json(5) has the format. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "host/nft.h"
#include "model/addr.h"

struct writer {
	struct prg_strbuf buf;
	const struct prg_interface *interface;
	const char *register_id;
	char table[PRG_NFT_TABLE_TEXT];
};

void prg_nft_table(const char *interface, char ret[PRG_NFT_TABLE_TEXT])
{
	static const char plain[] =
	        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
	size_t length = (size_t)snprintf(ret, PRG_NFT_TABLE_TEXT, "peerage-");

	for (; *interface != '\0' && length + 4 <= PRG_NFT_TABLE_TEXT; interface++)
		length += (size_t)snprintf(ret + length, PRG_NFT_TABLE_TEXT - length,
		                           strchr(plain, *interface) != NULL ? "%c" : ".%02x",
		                           (unsigned char)*interface);
}

static void table_command(struct writer *w, const char *verb)
{
	prg_strbuf_printf(&w->buf,
	                  "  {\"%s\": {\"table\": {\"family\": \"inet\", \"name\": \"%s\"}}},\n",
	                  verb, w->table);
}

static void chain(struct writer *w, const char *name, const char *type, const char *hook,
                  int priority)
{
	prg_strbuf_printf(&w->buf,
	                  "  {\"add\": {\"chain\": {\"family\": \"inet\", \"table\": \"%s\", "
	                  "\"name\": \"%s\", \"type\": \"%s\", \"hook\": \"%s\", \"prio\": %d, "
	                  "\"policy\": \"accept\"}}}",
	                  w->table, name, type, hook, priority);
}

/* The comment says whose the rule is: lists of nft 1.0.6 leave out the comments
 * of chains, so rules carry it. */
static void rule_begin(struct writer *w, const char *chain_name, const char *purpose)
{
	prg_strbuf_printf(&w->buf,
	                  ",\n  {\"add\": {\"rule\": {\"family\": \"inet\", \"table\": \"%s\", "
	                  "\"chain\": \"%s\", \"comment\": \"peerage:%s %s\", \"expr\": [",
	                  w->table, chain_name, w->register_id, purpose);
}

static void rule_end(struct writer *w, const char *statement)
{
	prg_strbuf_printf(&w->buf, "%s]}}}", statement);
}

static void match_device(struct writer *w, const char *key, const char *device)
{
	prg_strbuf_printf(&w->buf,
	                  "{\"match\": {\"op\": \"==\", \"left\": {\"meta\": {\"key\": \"%s\"}}, "
	                  "\"right\": \"%s\"}}, ",
	                  key, device);
}

static void isolation(struct writer *w)
{
	rule_begin(w, "forward", "isolation");
	match_device(w, "iifname", w->interface->name);
	match_device(w, "oifname", w->interface->name);
	rule_end(w, PRG_NFT_DROP);
}

/* Packets that are too large for the tunnel, or come out of it for a route that is
 * narrower, cannot all be mended by path MTU discovery; TCP is told beforehand. */
static void clamp(struct writer *w, const char *key, const char *purpose)
{
	rule_begin(w, "forward", purpose);
	match_device(w, key, w->interface->name);
	prg_strbuf_puts(&w->buf, PRG_NFT_MATCH_SYN ", ");
	rule_end(w, PRG_NFT_CLAMP);
}

static void pool_text(struct writer *w, const struct prg_prefix *address)
{
	struct prg_prefix network = prg_prefix_network(address);
	char text[PRG_ADDR_TEXT];

	prg_addr_format(&network.addr, text);
	if (network.length == prg_addr_bits(&network.addr))
		prg_strbuf_printf(&w->buf, "\"%s\"", text);
	else
		prg_strbuf_printf(&w->buf, "{\"prefix\": {\"addr\": \"%s\", \"len\": %u}}", text,
		                  network.length);
}

/* Of the interface's own, and of the loopback, nothing is masqueraded: a packet of
 * the host to its own tunnel address would come from 127.0.0.1. */
static void masquerade(struct writer *w, uint8_t family)
{
	const struct prg_interface *interface = w->interface;
	bool any = strcmp(interface->nat, "auto") == 0;
	char purpose[64];
	size_t i, n = 0;

	for (i = 0; i < interface->n_addresses; i++)
		n += interface->addresses[i].addr.family == family;
	if (n == 0)
		return;
	snprintf(purpose, sizeof(purpose), "masquerade IPv%u to %s", family,
	         any ? "any" : interface->nat);
	rule_begin(w, "postrouting", purpose);
	prg_strbuf_printf(&w->buf,
	                  "{\"match\": {\"op\": \"==\", \"left\": {\"payload\": {\"protocol\": "
	                  "\"%s\", \"field\": \"saddr\"}}, \"right\": {\"set\": [",
	                  family == 4 ? "ip" : "ip6");
	for (i = 0, n = 0; i < interface->n_addresses; i++) {
		if (interface->addresses[i].addr.family != family)
			continue;
		prg_strbuf_puts(&w->buf, n++ > 0 ? ", " : "");
		pool_text(w, &interface->addresses[i]);
	}
	prg_strbuf_puts(&w->buf, "]}}}, ");
	if (any)
		prg_strbuf_printf(&w->buf,
		                  "{\"match\": {\"op\": \"!=\", \"left\": {\"meta\": {\"key\": "
		                  "\"oifname\"}}, \"right\": {\"set\": [\"lo\", \"%s\"]}}}, ",
		                  interface->name);
	else
		match_device(w, "oifname", interface->nat);
	rule_end(w, PRG_NFT_MASQUERADE);
}

/* What goes into the JSON as it is must be unable to end a string. */
static int check(const struct prg_interface *interface, const char *register_id,
                 struct prg_error *err)
{
	int rc = prg_interface_name_check(interface->name, err);

	if (rc == 0 && interface->nat[0] != '\0')
		rc = prg_interface_name_check(interface->nat, err);
	if (rc < 0)
		return rc;
	if (strcmp(interface->nat, interface->name) == 0)
		return prg_error_set(
			err, PRG_E_USAGE,
			"%s cannot be its own way out: --nat takes another device, auto "
			"or none",
			interface->name);
	if (register_id[0] == '\0' || strlen(register_id) > 64 ||
	    register_id[strspn(register_id, "0123456789abcdef")] != '\0')
		return prg_error_set(err, PRG_E_USAGE, "malformed register id");
	return 0;
}

int prg_nft_ruleset(const struct prg_interface *interface, const char *register_id, char **ret,
                    struct prg_error *err)
{
	struct writer w = { .interface = interface, .register_id = register_id };
	bool nat = interface->nat[0] != '\0' && strcmp(interface->nat, "none") != 0;
	int rc = check(interface, register_id, err);
	char *text;

	if (rc < 0)
		return rc;
	prg_nft_table(interface->name, w.table);
	prg_strbuf_puts(&w.buf, "{\"nftables\": [\n");
	table_command(&w, "add");
	table_command(&w, "delete");
	table_command(&w, "add");
	chain(&w, "forward", "filter", "forward", -150);
	if (interface->isolate)
		isolation(&w);
	if (nat) {
		clamp(&w, "iifname", "clamp MSS out");
		clamp(&w, "oifname", "clamp MSS in");
		prg_strbuf_puts(&w.buf, ",\n");
		chain(&w, "postrouting", "nat", "postrouting", 100);
		masquerade(&w, 4);
		masquerade(&w, 6);
	}
	prg_strbuf_puts(&w.buf, "\n]}\n");
	text = prg_strbuf_take(&w.buf);
	if (text == NULL)
		return prg_error_nomem(err);
	*ret = text;
	return 0;
}
