/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "host/nft.h"
#include "host/nft_run.h"

static bool has_nat(const struct prg_interface *interface)
{
	return interface->nat[0] != '\0' && strcmp(interface->nat, "none") != 0;
}

bool prg_nft_wanted(const struct prg_interface *interface)
{
	return has_nat(interface) || interface->isolate;
}

/* Lists and parses. */
static int list(const struct prg_nft_request *request, json_t **ret_objects,
                struct prg_error *err)
{
	PRG_SPAWNED spawned = { 0 };
	int rc = prg_nft_run(request, &spawned, err);

	if (rc < 0)
		return rc;
	return prg_nft_parse(spawned.output, ret_objects, err);
}

/* The listing's objects. That all of it was too long, or took too long, or is no JSON,
 * says nothing of a part: *ret_objects stays NULL then, and the part is asked for. */
static int list_all(struct prg_listing *listing, json_t **ret_objects, struct prg_error *err)
{
	int rc = prg_listing_take(listing, err);

	if (rc == 0)
		rc = prg_nft_parse(listing->text, ret_objects, err);
	return rc == PRG_E_FAILED || rc == PRG_E_CORRUPT ? 0 : rc;
}

/* Its own list begins so. */
static bool is_of_nft(const json_t *objects)
{
	return json_object_get(json_array_get(objects, 0), "metainfo") != NULL;
}

int prg_nft_probe(struct prg_listing *listing, bool first, struct prg_error *err)
{
	const struct prg_nft_request request = { .call = first ? PRG_NFT_TRY
		                                               : PRG_NFT_LIST_TABLES };
	PRG_JSON *objects = NULL, *tables = NULL;
	int rc = list_all(listing, &objects, err);

	if (rc < 0 || (objects != NULL && (!first || is_of_nft(objects))))
		return rc;
	return list(&request, &tables, err);
}

static bool has_table(const json_t *objects, const char *table)
{
	const json_t *object;
	size_t i;

	json_array_foreach(objects, i, object) {
		const json_t *found = json_object_get(object, "table");
		const char *family = json_string_value(json_object_get(found, "family"));
		const char *name = json_string_value(json_object_get(found, "name"));

		if (family != NULL && name != NULL && strcmp(family, "inet") == 0 &&
		    strcmp(name, table) == 0)
			return true;
	}
	return false;
}

/* Is there such a table, whoever's? */
static int find_table(const char *table, bool *ret, struct prg_error *err)
{
	static const struct prg_nft_request all = { .call = PRG_NFT_LIST_TABLES };
	PRG_JSON *tables = NULL;
	int rc = list(&all, &tables, err);

	if (rc == 0)
		*ret = has_table(tables, table);
	return rc;
}

/* The objects of the table; an empty array where there is no such table. */
static int list_table(const char *table, json_t **ret_objects, struct prg_error *err)
{
	const struct prg_nft_request request = { .call = PRG_NFT_LIST_TABLE, .table = table };
	bool there = false;
	json_t *none;
	int rc = find_table(table, &there, err);

	if (rc < 0)
		return rc;
	if (there)
		return list(&request, ret_objects, err);
	none = json_array();
	if (none == NULL)
		return prg_error_nomem(err);
	*ret_objects = none;
	return 0;
}

/* As list_table(), from the listing where that tells; it may hold other tables, too. */
static int look_up_table(const char *table, struct prg_listing *listing, json_t **ret_objects,
                         struct prg_error *err)
{
	int rc = listing->outdated ? 0 : list_all(listing, ret_objects, err);

	return rc < 0 || *ret_objects != NULL ? rc : list_table(table, ret_objects, err);
}

static int load(const char *ruleset, struct prg_error *err)
{
	const struct prg_nft_request request = { .call = PRG_NFT_LOAD, .input = ruleset };
	PRG_SPAWNED spawned = { 0 };

	return prg_nft_run(&request, &spawned, err);
}

/* Has the kernel taken it from us? Starting nft takes longer than all else here. */
static bool make(const char *ruleset)
{
	const struct prg_nft_request request = { .call = PRG_NFT_MAKE, .input = ruleset };
	PRG_SPAWNED spawned = { 0 };

	return prg_nft_run(&request, &spawned, NULL) == 0;
}

/* What the kernel has acknowledged is gone; what nft says that it did is looked at. */
static int remove_table(const char *table, struct prg_error *err)
{
	char command[256];
	bool left = false;
	int rc;

	/* Adding it first makes the deletion of an absent table succeed. */
	snprintf(command, sizeof(command),
	         "{\"nftables\":[{\"add\":{\"table\":{\"family\":\"inet\",\"name\":\"%s\"}}},"
	         "{\"delete\":{\"table\":{\"family\":\"inet\",\"name\":\"%s\"}}}]}",
	         table, table);
	if (make(command))
		return 0;
	rc = load(command, err);
	if (rc == 0)
		rc = find_table(table, &left, err);
	if (rc == 0 && left)
		rc = prg_error_set(err, PRG_E_FAILED, "it is still there after nft deleted it");
	return rc;
}

static int foreign_table(const char *table, struct prg_error *err)
{
	return prg_error_set(err, PRG_E_CONFLICT,
	                     "it is there already, and not of this register: see \"nft list table "
	                     "inet %s\"; if nothing needs it, run: nft delete table inet %s",
	                     table, table);
}

/* ------------------------------------------------------------------- loading */

struct prg_nft_work {
	char table[PRG_NFT_TABLE_TEXT];
	char *ruleset;
	json_t *wanted; /* the same */
	struct prg_nft_running running;
};

/* *ret_loads: nft is at it; else all is done, or has failed. */
static int begin_load(const struct prg_interface *interface, const char *register_id,
                      struct prg_nft_work *work, bool *ret_loads, struct prg_error *err)
{
	PRG_FREE char *script = NULL;
	struct prg_nft_request request = { .call = PRG_NFT_LOAD };
	int rc = prg_nft_ruleset(interface, register_id, &work->ruleset, err);

	if (rc == 0 && make(work->ruleset))
		return 0;
	if (rc == 0)
		rc = prg_nft_parse(work->ruleset, &work->wanted, err);
	if (rc == 0)
		rc = prg_nft_script(work->wanted, &script, err);
	if (rc < 0)
		return rc;
	request.input = script;
	prg_nft_start(&request, &work->running);
	*ret_loads = true;
	return 0;
}

static int check_table(const struct prg_nft_work *work, struct prg_error *err)
{
	PRG_JSON *listed = NULL;
	int rc = list_table(work->table, &listed, err);

	return rc < 0 ? rc : prg_nft_compare(work->wanted, listed, work->table, err);
}

/* Told by nft's answer to the load where that tells all, else by listing the table. */
static int check_load(struct prg_nft_work *work, struct prg_error *err)
{
	PRG_SPAWNED spawned = { 0 };
	PRG_JSON *echoed = NULL;
	int rc = prg_nft_finish(&work->running, &spawned, err);

	if (rc < 0)
		return rc;
	if (prg_nft_echoed(spawned.output, &echoed, NULL) == 0 &&
	    prg_nft_compare(work->wanted, echoed, work->table, NULL) == 0)
		return 0;
	return check_table(work, err);
}

/* Every nft that can list JSON can load it. */
static int load_as_json(const struct prg_nft_work *work, struct prg_error *err)
{
	int rc = load(work->ruleset, err);

	return rc < 0 ? rc : check_table(work, err);
}

/* What is there already decides. *ret_loads: a load is under way. */
static int begin(const struct prg_interface *interface, const char *register_id,
                 struct prg_listing *listing, struct prg_nft_work *work, bool *ret_loads,
                 struct prg_error *err)
{
	PRG_JSON *objects = NULL;
	enum prg_nft_owner owner;
	bool wants = prg_nft_wanted(interface);
	int rc = look_up_table(work->table, listing, &objects, err);

	if (rc == PRG_E_UNSUPPORTED && !wants)
		return 0; /* no nf_tables, hence no table */
	if (rc < 0)
		return rc;
	owner = prg_nft_owned(objects, work->table, register_id);
	listing->outdated = true;
	if (owner == PRG_NFT_FOREIGN)
		return foreign_table(work->table, err);
	if (!wants)
		return owner == PRG_NFT_OURS ? remove_table(work->table, err) : 0;
	return begin_load(interface, register_id, work, ret_loads, err);
}

static void work_free(struct prg_nft_work **work)
{
	if (*work != NULL) {
		json_decref((*work)->wanted);
		free((*work)->ruleset);
	}
	free(*work);
	*work = NULL;
}

int prg_nft_begin(const struct prg_interface *interface, const char *register_id,
                  struct prg_listing *listing, struct prg_nft_work **ret_work,
                  struct prg_error *err)
{
	struct prg_nft_work *work;
	bool loads = false;
	int rc = prg_interface_name_check(interface->name, err);

	if (rc < 0)
		return rc;
	if (!prg_nft_wanted(interface) && prg_nft_path() == NULL)
		return 0;
	work = calloc(1, sizeof(*work));
	if (work == NULL)
		return prg_error_nomem(err);
	prg_nft_table(interface->name, work->table);
	rc = begin(interface, register_id, listing, work, &loads, err);
	if (rc < 0)
		rc = prg_error_wrap(err, rc, "firewall table %s", work->table);
	if (loads)
		*ret_work = work;
	else
		work_free(&work);
	return rc;
}

int prg_nft_end(struct prg_nft_work **work, struct prg_error *err)
{
	int rc;

	if (*work == NULL)
		return 0;
	rc = check_load(*work, err);
	if (rc == PRG_E_FAILED && load_as_json(*work, NULL) == 0)
		rc = 0;
	if (rc < 0)
		rc = prg_error_wrap(err, rc, "firewall table %s", (*work)->table);
	work_free(work);
	return rc;
}

int prg_nft_apply(const struct prg_interface *interface, const char *register_id,
                  struct prg_listing *listing, struct prg_error *err)
{
	struct prg_nft_work *work = NULL;
	int rc = prg_nft_begin(interface, register_id, listing, &work, err);

	return rc < 0 ? rc : prg_nft_end(&work, err);
}

int prg_nft_is_loaded(const struct prg_interface *interface, const char *register_id,
                      struct prg_listing *listing, bool *ret_loaded, struct prg_error *err)
{
	char table[PRG_NFT_TABLE_TEXT];
	PRG_FREE char *ruleset = NULL;
	PRG_JSON *wanted = NULL, *listed = NULL;
	bool wants = prg_nft_wanted(interface);
	int rc = prg_interface_name_check(interface->name, err);

	if (rc < 0)
		return rc;
	*ret_loaded = true;
	if (!wants && prg_nft_path() == NULL)
		return 0;
	prg_nft_table(interface->name, table);
	rc = look_up_table(table, listing, &listed, err);
	if (rc == PRG_E_UNSUPPORTED && !wants)
		return 0; /* no nf_tables, hence no table */
	if (rc == 0 && wants)
		rc = prg_nft_ruleset(interface, register_id, &ruleset, err);
	if (rc == 0 && wants)
		rc = prg_nft_parse(ruleset, &wanted, err);
	if (rc < 0)
		return prg_error_wrap(err, rc, "firewall table %s", table);
	*ret_loaded = wants ? prg_nft_compare(wanted, listed, table, NULL) == 0
	                    : !has_table(listed, table);
	return 0;
}

int prg_nft_remove(const char *interface, struct prg_listing *listing, struct prg_error *err)
{
	char table[PRG_NFT_TABLE_TEXT];
	bool there = false;
	int rc = prg_interface_name_check(interface, err);

	if (rc < 0)
		return rc;
	if (prg_nft_path() == NULL)
		return 0;
	prg_nft_table(interface, table);
	listing->outdated = true;
	rc = find_table(table, &there, err);
	if (rc == PRG_E_UNSUPPORTED)
		return 0; /* no nf_tables, hence no table */
	if (rc == 0 && there)
		rc = remove_table(table, err);
	return rc < 0 ? prg_error_wrap(err, rc, "remove firewall table %s", table) : 0;
}
