/* SPDX-License-Identifier: ISC */
/* What to say of a chain that blocks us, and whose tool mends it. */
#include <string.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "host/foreign.h"

enum manager { MANAGER_NFT, MANAGER_IPTABLES, MANAGER_DOCKER, MANAGER_UFW, MANAGER_FIREWALLD };

static const char *text(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value == NULL ? "" : value;
}

static bool has_chain(const struct prg_foreign_finding *finding, const char *name)
{
	return prg_ruleset_find(finding->ruleset->chains, text(finding->base, "family"),
	                        text(finding->base, "table"), name) != NULL;
}

/* Tools are known by the chains that they make and fill; iptables-nft by its table
 * and its upper-case base chains. */
static enum manager manager_of(const struct prg_foreign_finding *finding)
{
	bool v6 = strcmp(text(finding->base, "family"), "ip6") == 0;
	const char *name = text(finding->base, "name");

	if (strcmp(text(finding->base, "table"), "firewalld") == 0)
		return MANAGER_FIREWALLD;
	if (strcmp(text(finding->base, "family"), "inet") == 0 ||
	    strcmp(text(finding->base, "table"), "filter") != 0)
		return MANAGER_NFT;
	if (has_chain(finding, v6 ? "ufw6-before-input" : "ufw-before-input"))
		return MANAGER_UFW;
	if (has_chain(finding, "FORWARD_direct") || has_chain(finding, "INPUT_ZONES"))
		return MANAGER_FIREWALLD; /* with its iptables backend */
	if (!finding->input && strcmp(name, "FORWARD") == 0 && has_chain(finding, "DOCKER-USER"))
		return MANAGER_DOCKER;
	if (strcmp(name, "INPUT") == 0 || strcmp(name, "FORWARD") == 0)
		return MANAGER_IPTABLES;
	return MANAGER_NFT;
}

/* Can nft(8) and a shell take this name as it is? */
static bool is_plain(const char *name)
{
	static const char first[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
	static const char later[] =
	        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789-./";

	return *name != '\0' && strchr(first, *name) != NULL && name[strspn(name, later)] == '\0';
}

/* A name for a person: whoever made it must not reach the terminal through it. */
static void put_name(struct prg_strbuf *buf, const char *name)
{
	size_t i;

	for (i = 0; name[i] != '\0' && i < 64; i++) {
		char c = name[i] > ' ' && name[i] < 0x7f ? name[i] : '?';

		prg_strbuf_append(buf, &c, 1);
	}
	if (name[i] != '\0')
		prg_strbuf_puts(buf, "...");
}

static void put_who(struct prg_strbuf *buf, const struct prg_foreign_finding *finding,
                    enum manager manager)
{
	static const char *const names[] = { "nftables", "iptables", "Docker", "ufw", "firewalld" };

	prg_strbuf_printf(buf, "the firewall (%s, chain ", names[manager]);
	put_name(buf, text(finding->base, "family"));
	prg_strbuf_puts(buf, " ");
	put_name(buf, text(finding->base, "table"));
	prg_strbuf_puts(buf, " ");
	put_name(buf, text(finding->base, "name"));
	prg_strbuf_puts(buf, finding->by_policy ? ", policy drop)" : ", by a rule)");
}

static void put_what(struct prg_strbuf *buf, const struct prg_foreign_finding *finding)
{
	const char *name = finding->interface->name;

	if (finding->input)
		prg_strbuf_printf(buf, " drops what clients send to UDP port %u",
		                  finding->interface->listen_port);
	else if (finding->answers_only)
		prg_strbuf_printf(buf, " drops the answers to what %s forwards", name);
	else
		prg_strbuf_printf(buf, " drops what %s forwards", name);
	if (finding->opaque)
		prg_strbuf_puts(buf,
				", unless a rule lets it through that nft does not show in full");
}

static void put_input_command(struct prg_strbuf *buf, const struct prg_foreign_finding *finding,
                              enum manager manager)
{
	unsigned port = finding->interface->listen_port;
	bool v6 = strcmp(text(finding->base, "family"), "ip6") == 0;

	if (manager == MANAGER_UFW)
		prg_strbuf_printf(buf, "ufw allow %u/udp", port);
	else if (manager == MANAGER_FIREWALLD)
		prg_strbuf_printf(
			buf, "firewall-cmd --permanent --add-port=%u/udp && firewall-cmd --reload",
			port);
	else if (manager == MANAGER_IPTABLES)
		prg_strbuf_printf(buf, "%s -I INPUT -p udp --dport %u -j ACCEPT",
		                  v6 ? "ip6tables" : "iptables", port);
	else
		prg_strbuf_printf(buf, "nft insert rule %s %s %s udp dport %u accept",
		                  text(finding->base, "family"), text(finding->base, "table"),
		                  text(finding->base, "name"), port);
}

static void put_tables_command(struct prg_strbuf *buf, const char *program, const char *chain,
                               const char *name)
{
	prg_strbuf_printf(buf, "%s -I %s -i %s -j ACCEPT && %s -I %s -o %s -j ACCEPT", program,
			  chain, name, program, chain, name);
}

static void put_forward_command(struct prg_strbuf *buf, const struct prg_foreign_finding *finding,
                                enum manager manager)
{
	const char *name = finding->interface->name;
	const char *family = text(finding->base, "family"), *table = text(finding->base, "table");
	const char *chain = text(finding->base, "name");
	const char *program = strcmp(family, "ip6") == 0 ? "ip6tables" : "iptables";

	if (manager == MANAGER_UFW)
		prg_strbuf_printf(buf, "ufw route allow in on %s && ufw route allow out on %s",
				  name, name);
	else if (manager == MANAGER_FIREWALLD)
		prg_strbuf_printf(buf,
		                  "firewall-cmd --permanent --zone=trusted --add-interface=%s && "
		                  "firewall-cmd --reload",
		                  name);
	else if (manager == MANAGER_DOCKER)
		put_tables_command(buf, program, "DOCKER-USER", name);
	else if (manager == MANAGER_IPTABLES)
		put_tables_command(buf, program, "FORWARD", name);
	else
		prg_strbuf_printf(buf,
		                  "nft 'insert rule %s %s %s iifname \"%s\" accept' && "
		                  "nft 'insert rule %s %s %s oifname \"%s\" accept'",
		                  family, table, chain, name, family, table, chain, name);
}

static void put_remedy(struct prg_strbuf *buf, const struct prg_foreign_finding *finding,
                       enum manager manager)
{
	bool lasting = manager == MANAGER_UFW || manager == MANAGER_FIREWALLD;
	const char *it = finding->input ? "let it in" : "let it through";

	if (manager == MANAGER_NFT && !(is_plain(text(finding->base, "table")) &&
	                                is_plain(text(finding->base, "name")))) {
		prg_strbuf_printf(buf, "; the program that made this chain must %s", it);
		return;
	}
	prg_strbuf_printf(buf, "; to %s%s, run: ", it, lasting ? "" : " until the next reboot");
	if (finding->input)
		put_input_command(buf, finding, manager);
	else
		put_forward_command(buf, finding, manager);
}

static int take(struct prg_strbuf *buf, char **ret, struct prg_error *err)
{
	char *line = prg_strbuf_take(buf);

	if (line == NULL)
		return prg_error_nomem(err);
	*ret = line;
	return 0;
}

int prg_advice(const struct prg_foreign_finding *finding, char **ret, struct prg_error *err)
{
	enum manager manager = manager_of(finding);
	PRG_STRBUF buf = { 0 };

	put_who(&buf, finding, manager);
	put_what(&buf, finding);
	put_remedy(&buf, finding, manager);
	return take(&buf, ret, err);
}

/* Is "filter" one of the lines? */
static bool filters(const char *names)
{
	while (*names != '\0') {
		size_t length = strcspn(names, "\n");

		if (length == strlen("filter") && strncmp(names, "filter", length) == 0)
			return true;
		names += length + (names[length] == '\n');
	}
	return false;
}

int prg_advice_legacy(const struct prg_interface *interface, const char *names, bool ipv6,
                      char **ret, struct prg_error *err)
{
	const char *program = ipv6 ? "ip6tables-legacy" : "iptables-legacy";
	PRG_STRBUF buf = { 0 };

	if (!filters(names)) {
		*ret = NULL;
		return 0;
	}
	prg_strbuf_printf(&buf,
	                  "there are legacy %s tables, which nft cannot show (see: %s -S); where "
	                  "they drop what clients send or %s forwards, run: %s -I INPUT -p udp "
	                  "--dport %u -j ACCEPT && ",
	                  ipv6 ? "ip6tables" : "iptables", program, interface->name, program,
	                  interface->listen_port);
	put_tables_command(&buf, program, "FORWARD", interface->name);
	return take(&buf, ret, err);
}
