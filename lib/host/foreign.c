/* SPDX-License-Identifier: ISC */
/* Chains of others that would drop the server's traffic. */
#include "host/foreign.h"

#include <string.h>

#include "backend/backend.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "host/nft_run.h"

#define NAMES_LIMIT ((size_t)4096)

/* The device towards the internet, of each family; "": unknown. */
struct uplink {
	char v4[PRG_IFNAME_TEXT], v6[PRG_IFNAME_TEXT];
};

struct check {
	const struct prg_interface *interface;
	const struct prg_ruleset *ruleset;
	struct uplink in, out; /* where clients come from; where the tunnel's traffic leaves */
	prg_remark_fn *remark;
	void *context;
	size_t found;
};

static bool is(const json_t *object, const char *key, const char *value)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL && strcmp(text, value) == 0;
}

/* Any public address will do: what is wanted is the default route's device. */
static void look_up(const char *text, const char *ours, char ret[PRG_IFNAME_TEXT])
{
	char device[PRG_IFNAME_TEXT];
	struct prg_addr to, source;

	if (prg_addr_parse(text, &to, NULL) == 0 &&
	    prg_route_lookup(&to, device, &source, NULL) == 0 && strcmp(device, ours) != 0)
		memcpy(ret, device, sizeof(device));
}

static void find_uplinks(struct check *check, bool of_this_host)
{
	const struct prg_interface *interface = check->interface;

	if (of_this_host) {
		look_up("9.9.9.9", interface->name, check->in.v4);
		look_up("2620:fe::fe", interface->name, check->in.v6);
		check->out = check->in;
	}
	if (interface->nat[0] == '\0' || strcmp(interface->nat, "auto") == 0 ||
	    strcmp(interface->nat, "none") == 0)
		return;
	memcpy(check->out.v4, interface->nat, sizeof(check->out.v4));
	memcpy(check->out.v6, interface->nat, sizeof(check->out.v6));
	if (!of_this_host)
		check->in = check->out;
}

static const char *device(const struct uplink *uplink, uint8_t family)
{
	const char *name = family == 4 ? uplink->v4 : uplink->v6;

	return name[0] == '\0' ? NULL : name;
}

static bool has_pool(const struct prg_interface *interface, uint8_t family)
{
	size_t i;

	for (i = 0; i < interface->n_addresses; i++)
		if (interface->addresses[i].addr.family == family)
			return true;
	return false;
}

/* Clients come by the family of the endpoint where that is an address. */
static bool has_clients(const struct prg_interface *interface, uint8_t family)
{
	struct prg_addr addr;

	return prg_addr_parse(interface->endpoint.host, &addr, NULL) < 0 || addr.family == family;
}

static bool covers(const json_t *base, uint8_t family)
{
	return is(base, "family", "inet") || is(base, "family", family == 4 ? "ip" : "ip6");
}

/* Walks one packet; what blocks it first decides the words. */
static bool try_packet(const struct check *check, const json_t *base,
                       const struct prg_packet *packet, struct prg_foreign_finding *finding)
{
	bool opaque = false;
	enum prg_verdict verdict = prg_walk(check->ruleset, base, packet, &opaque);

	if (verdict == PRG_PASSES)
		return false;
	finding->by_policy = verdict == PRG_BLOCKED_BY_POLICY;
	finding->opaque = opaque;
	finding->answers_only = packet->established;
	return true;
}

static bool blocks_input(const struct check *check, uint8_t family, struct prg_foreign_finding *finding)
{
	struct prg_packet packet = {
		.input = true,
		.family = family,
		.port = check->interface->listen_port,
		.ours = check->interface->name,
		.in = device(&check->in, family),
		.interface = check->interface,
	};

	if (!covers(finding->base, family) || !has_clients(check->interface, family))
		return false;
	return try_packet(check, finding->base, &packet, finding);
}

static bool blocks_forward(const struct check *check, uint8_t family, struct prg_foreign_finding *finding)
{
	const char *out = device(&check->out, family);
	struct prg_packet packet = {
		.family = family,
		.ours = check->interface->name,
		.in = check->interface->name,
		.out = out,
		.interface = check->interface,
	};

	if (!covers(finding->base, family) || !has_pool(check->interface, family))
		return false;
	if (try_packet(check, finding->base, &packet, finding))
		return true;
	packet.established = true;
	packet.in = out;
	packet.out = check->interface->name;
	return try_packet(check, finding->base, &packet, finding);
}

static int check_base(struct check *check, const json_t *base, struct prg_error *err)
{
	struct prg_foreign_finding finding = {
		.interface = check->interface,
		.ruleset = check->ruleset,
		.base = base,
		.input = is(base, "hook", "input"),
	};
	PRG_FREE char *line = NULL;
	bool blocked;
	int rc;

	if (finding.input)
		blocked = blocks_input(check, 4, &finding) || blocks_input(check, 6, &finding);
	else
		blocked = blocks_forward(check, 4, &finding) || blocks_forward(check, 6, &finding);
	if (!blocked)
		return 0;
	rc = prg_advice(&finding, &line, err);
	if (rc < 0)
		return rc;
	check->found++;
	if (check->remark != NULL)
		check->remark(check->context, line);
	return 0;
}

static int check_chains(struct check *check, struct prg_error *err)
{
	char ours[PRG_NFT_TABLE_TEXT];
	const json_t *base;
	size_t i;

	prg_nft_table(check->interface->name, ours);
	json_array_foreach(check->ruleset->base, i, base) {
		int rc;

		if (!is(base, "type", "filter") ||
		    !(is(base, "hook", "input") || is(base, "hook", "forward")) ||
		    (is(base, "family", "inet") && is(base, "table", ours)))
			continue;
		rc = check_base(check, base, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int check_text(struct check *check, const char *text, struct prg_error *err)
{
	PRG_JSON *objects = NULL;
	PRG_RULESET ruleset = { 0 };
	int rc = prg_nft_parse(text, &objects, err);

	if (rc == 0)
		rc = prg_ruleset_index(objects, &ruleset, err);
	if (rc < 0)
		return rc;
	check->ruleset = &ruleset;
	return check_chains(check, err);
}

/* The file is there while legacy tables are loaded, for root to read. */
static int check_legacy(struct check *check, bool ipv6, struct prg_error *err)
{
	PRG_FREE char *names = NULL, *line = NULL;
	int rc;

	if (prg_file_read(ipv6 ? "/proc/net/ip6_tables_names" : "/proc/net/ip_tables_names",
	                  NAMES_LIMIT, &names, NULL, NULL) < 0)
		return 0;
	rc = prg_advice_legacy(check->interface, names, ipv6, &line, err);
	if (rc == 0 && line != NULL && check->remark != NULL)
		check->remark(check->context, line);
	return rc;
}

static int check_host(struct check *check, struct prg_listing *listing, struct prg_error *err)
{
	int rc = check_legacy(check, false, err);

	if (rc == 0)
		rc = check_legacy(check, true, err);
	if (rc < 0 || prg_nft_path() == NULL)
		return rc;
	rc = prg_listing_take(listing, err);
	if (rc == PRG_E_UNSUPPORTED)
		return 0; /* no nf_tables, no chains */
	return rc < 0 ? rc : check_text(check, listing->text, err);
}

/* By the listing of this host, or a ruleset of another. */
static int look(struct check *check, struct prg_listing *listing, const char *ruleset,
                 size_t *ret_found, struct prg_error *err)
{
	int rc = prg_interface_name_check(check->interface->name, err);

	if (rc < 0)
		return rc;
	find_uplinks(check, listing != NULL);
	rc = listing != NULL ? check_host(check, listing, err) : check_text(check, ruleset, err);
	if (rc < 0)
		return prg_error_wrap(err, rc, "look for firewalls that drop %s's packets",
		                      check->interface->name);
	*ret_found = check->found;
	return 0;
}

int prg_foreign_look(const struct prg_interface *interface, struct prg_listing *listing,
                     size_t *ret_found, prg_remark_fn *remark, void *context,
                     struct prg_error *err)
{
	struct check check = { .interface = interface, .remark = remark, .context = context };

	return look(&check, listing, NULL, ret_found, err);
}

int prg_foreign_check(const struct prg_interface *interface, const char *ruleset,
                      size_t *ret_found, prg_remark_fn *remark, void *context,
                      struct prg_error *err)
{
	struct check check = { .interface = interface, .remark = remark, .context = context };

	return look(&check, NULL, ruleset, ret_found, err);
}
