/* SPDX-License-Identifier: ISC */
#include "engine.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/parallel.h"
#include "host/host.h"
#include "import/document.h"
#include "store/audit.h"
#include "tick.h"

/* What a document comes to: an interface that is made, brought up, taken down, or
 * neither. */
static void settle(struct prg_road *road)
{
	const struct prg_document *document = road->intent->document;

	road->as = road->intent->verb;
	if (road->intent->verb != PRG_APPLY)
		return;
	if (road->interface == NULL)
		road->as = PRG_INIT;
	else if (document->up >= 0 && road->interface->wanted_up != (document->up == 1))
		road->as = document->up ? PRG_UP : PRG_DOWN;
}

static int look_up(struct prg_road *road, struct prg_error *err)
{
	const char *name = road->intent->interface;
	int rc;

	prg_interface_free(&road->interface);
	if (name[0] == '\0')
		rc = prg_store_interface_only(road->store, &road->interface, err);
	else
		rc = prg_store_interface(road->store, name, &road->interface, err);
	if (rc == PRG_E_NOT_FOUND && road->intent->verb == PRG_APPLY) {
		rc = 0; /* a document makes it */
		if (name[0] == '\0')
			rc = prg_error_set(err, PRG_E_USAGE,
			                   "the document does not say which interface it is of: "
			                   "put '# Name = IF' under [Interface], or give -i IF");
	}
	settle(road);
	return rc;
}

static const char *name_of(const struct prg_road *road)
{
	return road->interface ? road->interface->name : road->intent->interface;
}

/* Does this journey put an interface into the register? */
static bool is_new(const struct prg_road *road)
{
	return road->as == PRG_INIT || road->as == PRG_IMPORT;
}

/* Will this journey touch the running interface? */
static bool applies(const struct prg_road *road)
{
	if (road->record_only)
		return false;
	switch (road->as) {
	case PRG_INIT:
	case PRG_IMPORT:
		if (road->intent->document != NULL)
			return road->intent->document->up != 0;
		return !(road->intent->flags & PRG_NO_UP);
	case PRG_UP:
	case PRG_DOWN:
	case PRG_REMOVE_INTERFACE:
		return true;
	default:
		return road->interface->wanted_up;
	}
}

static int has_pending_device(struct prg_road *road, bool *ret, struct prg_error *err)
{
	PRG_FREE struct prg_pending *rows = NULL;
	size_t n = 0, i;
	int rc = prg_store_pending(road->store, road->interface->id, &rows, &n, err);

	*ret = false;
	for (i = 0; rc == 0 && i < n; i++)
		*ret |= rows[i].kind == PRG_PENDING_DEVICE;
	return rc;
}

/* found: whether there is a link of that name. */
static int probe_import(const struct prg_road *road, int found, struct prg_error *err)
{
	if (found == PRG_E_NOT_FOUND && (road->intent->flags & PRG_LIVE))
		return prg_error_set(err, PRG_E_NOT_FOUND,
		                     "interface %s is not running: choose another with -i, or "
		                     "import its config with 'peerage import FILE'",
		                     name_of(road));
	return found == PRG_E_NOT_FOUND ? 0 : found;
}

/* What would fail for want of a privilege, a kernel or a running interface
 * fails here, where nothing is recorded yet. */
static int probe(struct prg_road *road, struct prg_error *err)
{
	enum prg_verb verb = road->as;
	struct prg_link link;
	bool pending = false;
	int rc = prg_backend_open(road->reg->backend, name_of(road), &road->backend, err);

	if (rc < 0)
		return rc;
	rc = prg_backend_link(road->backend, &link, err);
	if (rc == PRG_E_NOT_FOUND && (is_new(road) || verb == PRG_UP) &&
	    !(road->intent->flags & PRG_LIVE) && strcmp(prg_backend_name(road->backend), "uapi") == 0)
		return prg_error_set(err, PRG_E_UNSUPPORTED,
		                     "a userspace WireGuard makes the link of %s itself: %sstart it, for "
		                     "example with 'wireguard-go %s', then run 'peerage -i %s up'",
		                     name_of(road),
		                     verb == PRG_INIT     ? "register it with 'init --no-up', "
		                     : verb == PRG_IMPORT ? "import it with '--no-up', "
		                                          : "",
		                     name_of(road), name_of(road));
	if (verb == PRG_INIT) {
		if (rc == PRG_E_NOT_FOUND)
			return 0;
		return rc < 0 ? rc
		              : prg_error_set(err, PRG_E_CONFLICT,
		                              "interface %s exists already and is not in the "
		                              "register: take it over with 'peerage -i %s import "
		                              "--live', or choose another name",
		                              name_of(road), name_of(road));
	}
	if (verb == PRG_IMPORT)
		return probe_import(road, rc, err);
	if (rc == PRG_E_NOT_FOUND && (verb == PRG_UP || verb == PRG_MAINTAIN || verb == PRG_DOWN ||
	                              verb == PRG_REMOVE_INTERFACE))
		return 0;
	if (rc == 0 && verb == PRG_REMOVE_INTERFACE)
		return prg_apply_identity(road, err);
	if (rc == PRG_E_NOT_FOUND) {
		rc = has_pending_device(road, &pending, err);
		if (rc == 0 && !pending)
			rc = prg_error_set(err, PRG_E_FAILED,
			                   "interface %s is not running: start it with 'peerage "
			                   "-i %s up', or record only with --no-apply",
			                   name_of(road), name_of(road));
	}
	return rc;
}

static int probe_firewall(struct prg_road *road, struct prg_error *err)
{
	const struct prg_values *v = &road->intent->common;
	struct prg_interface wanted = { .nat = "auto" };
	bool same;

	if (!is_new(road) && road->as != PRG_UP && road->as != PRG_CONFIGURE &&
	    road->as != PRG_APPLY)
		return 0;
	if (road->interface != NULL)
		wanted = *road->interface;
	if (road->intent->verb == PRG_IMPORT && !prg_change_import_nat(road))
		strcpy(wanted.nat, "none");
	if (PRG_HAS(v, PRG_FIELD_NAT))
		memcpy(wanted.nat, v->nat, sizeof(wanted.nat));
	if (PRG_HAS(v, PRG_FIELD_ISOLATE))
		wanted.isolate = v->isolate;
	same = road->interface != NULL && wanted.isolate == road->interface->isolate &&
	       strcmp(wanted.nat, road->interface->nat) == 0;
	if (road->as == PRG_APPLY && same)
		return 0;
	return prg_nft_wanted(&wanted) ? prg_nft_probe(&road->listing, !same, err) : 0;
}

/* Does what is registered, or is about to be, have an IPv6 address? The default has. */
static bool has_ipv6(const struct prg_road *road)
{
	const struct prg_values *v = &road->intent->common;
	size_t i;

	if (PRG_HAS(v, PRG_FIELD_ADDRESS)) {
		for (i = 0; i < v->n_addresses; i++)
			if (v->addresses[i].addr.family == 6)
				return true;
		return false;
	}
	for (i = 0; road->interface != NULL && i < road->interface->n_addresses; i++)
		if (road->interface->addresses[i].addr.family == 6)
			return true;
	return road->intent->verb == PRG_INIT;
}

static int probe_forwarding(const struct prg_road *road, struct prg_error *err)
{
	if (prg_road_dry(road) || road->reg->backend == PRG_BACKEND_MEMORY)
		return 0;
	if (!is_new(road) && road->as != PRG_UP)
		return 0;
	return prg_forwarding_probe(has_ipv6(road), err);
}

static int check_new(const struct prg_road *road, struct prg_error *err)
{
	const char *name = road->intent->interface;

	PRG_INTERFACE *there = NULL;
	int rc = prg_store_interface(road->store, name, &there, err);

	if (rc == 0)
		return prg_error_set(err, PRG_E_CONFLICT,
		                     "interface %s is in the register already: see 'peerage -i %s "
		                     "configure', or choose another name",
		                     name, name);
	if (rc != PRG_E_NOT_FOUND)
		return rc;
	if (road->intent->verb == PRG_IMPORT || !prg_host_has_wgquick(name))
		return 0;
	return prg_error_set(err, PRG_E_CONFLICT,
	                     "/etc/wireguard/%s.conf exists: take it over with 'peerage import "
	                     "/etc/wireguard/%s.conf', or choose another name",
	                     name, name);
}

/* What keeps its directory from being written is said with it. */
static int refuse_unlocked(int rc, struct prg_error *err)
{
	const char *directory = access(PRG_RUN_DIRECTORY, F_OK) == 0 ? PRG_RUN_DIRECTORY : "/run";

	if (rc == PRG_E_BUSY || access(directory, W_OK) == 0)
		return rc;
	return prg_error_wrap(err, PRG_E_PERMISSION,
	                      "interfaces are locked by files in " PRG_RUN_DIRECTORY
	                      ", which must be writable: run as root");
}

/* The lock lives beside the interface, not the register: two registers must
 * not fight over one interface. It is held until all is applied. */
static int take_lock(struct prg_road *road, struct prg_error *err)
{
	char path[sizeof(PRG_RUN_DIRECTORY) + PRG_IFNAME_TEXT + 8];
	int rc;

	if (road->record_only || prg_road_dry(road) ||
	    road->reg->backend == PRG_BACKEND_MEMORY)
		return 0;
	snprintf(path, sizeof(path), PRG_RUN_DIRECTORY "/%s.lock", name_of(road));
	rc = prg_directory_make(PRG_RUN_DIRECTORY, err);
	if (rc == 0)
		rc = prg_lock_take(path, prg_store_wait_ms(road->store), &road->lock, err);
	return rc < 0 ? refuse_unlocked(rc, err) : 0;
}

/* The lock is that of a name: with the name left out, the only interface may by
 * now be another. */
static int look_up_again(struct prg_road *road, struct prg_error *err)
{
	char locked[PRG_IFNAME_TEXT];
	int rc;

	memcpy(locked, road->interface->name, sizeof(locked));
	rc = look_up(road, err);
	if (rc == 0 && (road->interface == NULL || strcmp(locked, road->interface->name) != 0))
		rc = prg_error_set(err, PRG_E_BUSY, "interface %s was replaced meanwhile: try again",
		                   locked);
	return rc;
}

static int refuse_down(const struct prg_road *road, struct prg_error *err)
{
	return prg_error_set(err, PRG_E_FAILED,
	                     "interface %s is down: bring it up with 'peerage -i %s up'",
	                     name_of(road), name_of(road));
}

static int maintain(struct prg_road *road, struct prg_error *err)
{
	int rc = prg_change_maintain(road, err);

	if (rc == 0)
		rc = prg_upkeep_scrub(road, err);
	if (rc == 0)
		prg_plan_order(road->plan);
	return rc;
}

static int change(struct prg_road *road, struct prg_error *err)
{
	switch (road->intent->verb) {
	case PRG_INIT:
		return prg_change_init(road, err);
	case PRG_IMPORT:
		return prg_change_import(road, err);
	case PRG_CONFIGURE:
		return prg_change_configure(road, err);
	case PRG_UP:
		return prg_change_wanted(road, true, err);
	case PRG_DOWN:
	case PRG_REMOVE_INTERFACE:
		return prg_change_wanted(road, false, err);
	case PRG_SYNC:
		return 0;
	case PRG_APPLY:
		return prg_change_document(road, err);
	case PRG_MAINTAIN:
		return maintain(road, err);
	default:
		return prg_change_peers(road, err);
	}
}

/* Do we plan by looking at the interface, not by what is touched? */
static bool plans_all(const struct prg_road *road)
{
	return (road->intent->verb == PRG_SYNC || road->intent->verb == PRG_UP || road->adopts) &&
	       !road->record_only;
}

/* Inside the transaction: what it was before may have changed since. */
static int look_up_inside(struct prg_road *road, struct prg_error *err)
{
	bool makes = road->as == PRG_INIT;
	int rc = look_up(road, err);

	if (rc == 0 && makes != (road->as == PRG_INIT))
		rc = prg_error_set(err, PRG_E_BUSY,
		                   "interface %s was registered or removed meanwhile: try again",
		                   name_of(road));
	return rc;
}

/* What must be safe before the change is: configs, with the only copy of keys. */
static int before_commit(struct prg_road *road, struct prg_error *err)
{
	const struct prg_intent *intent = road->intent;
	struct prg_error error = { .code = PRG_E_FAILED };

	if (intent->before_commit == NULL)
		return 0;
	if (intent->before_commit(intent->before_commit_context, road->report, &error) == 0)
		return 0;
	if (error.code >= 0)
		error.code = PRG_E_FAILED;
	if (err != NULL)
		*err = error;
	return error.code;
}

static int look_at_clock(struct prg_road *road, struct prg_error *err)
{
	struct prg_clock_memory memory;
	bool write = false;
	int rc = prg_store_clock(road->store, &road->clock, &memory, &write, err);

	road->now = road->clock.now;
	return rc == 0 && write ? prg_store_clock_keep(road->store, &memory, err) : rc;
}

static int transact(struct prg_road *road, struct prg_error *err)
{
	int rc = prg_store_begin(road->store, err);

	if (rc < 0)
		return rc;
	rc = look_at_clock(road, err);
	if (rc == 0 && road->intent->verb != PRG_INIT && road->intent->verb != PRG_IMPORT)
		rc = look_up_inside(road, err);
	if (rc == 0 && road->intent->verb == PRG_SYNC && !road->interface->wanted_up)
		rc = refuse_down(road, err);
	if (rc == 0 && !is_new(road) && applies(road) && road->backend == NULL)
		rc = probe(road, err);
	/* what a key was used for is noted before the key goes */
	if (rc == 0 && road->tick != NULL)
		rc = prg_change_count(road, err);
	if (rc == 0 && road->interface != NULL)
		rc = prg_change_expire(road, err);
	if (rc == 0 && road->interface != NULL)
		rc = prg_change_overlaps(road, road->tick != NULL ? prg_tick_shook : NULL,
		                         road->tick, err);
	if (rc == 0)
		rc = change(road, err);
	if (rc == 0 && road->interface != NULL)
		rc = prg_report_set_interface(road->report, road->interface, err);
	if (rc == 0 && prg_road_dry(road) && plans_all(road))
		rc = prg_apply_sync(road, err);
	if (rc == 0 && !prg_road_dry(road))
		rc = before_commit(road, err);
	if (rc == 0 && !prg_road_dry(road))
		rc = prg_store_commit(road->store, err);
	if (rc < 0 || prg_road_dry(road)) {
		prg_store_rollback(road->store);
		return rc;
	}
	prg_audit_witness(road->store, road->reg->witness, road->reg->witness_context);
	return 0;
}

/* What goes must be gone from the file and its log as well. */
static int erase(struct prg_road *road, struct prg_error *err)
{
	enum prg_erased done = PRG_ERASED;
	int rc = prg_store_erase(road->store, &done, err);

	if (rc < 0)
		return prg_error_wrap(err, PRG_E_NOT_APPLIED,
		                      "done, but last traces of what was erased remain");
	if (done == PRG_ERASED_WAITS)
		prg_report_remark_add(road->report,
		                      "the key of a peer that was forgotten stays in the register "
		                      "until the running interface has let go of it: the next "
		                      "change, or 'peerage sync', tries again");
	if (done != PRG_ERASED_READER)
		return 0;
	if (road->intent->verb == PRG_FORGET)
		return prg_error_set(err, PRG_E_NOT_APPLIED,
		                     "forgotten, but last traces remain in the register's file, as "
		                     "another program is reading it: the next change tries again");
	prg_report_remark_add(road->report,
	                      "what was erased may still be in the register's log, as another "
	                      "program is reading it: the next change tries again");
	return 0;
}

static int apply(struct prg_road *road, struct prg_error *err)
{
	switch (road->as) {
	case PRG_INIT:
	case PRG_IMPORT:
	case PRG_UP:
		return prg_apply_up(road, err);
	case PRG_DOWN:
	case PRG_REMOVE_INTERFACE:
		return prg_apply_down(road, err);
	case PRG_SYNC:
		return prg_apply_sync(road, err);
	case PRG_CONFIGURE:
	case PRG_APPLY:
		if (road->device_touched)
			return prg_apply_up(road, err);
		break;
	default:
		break;
	}
	if (prg_plan_length(road->plan) == 0)
		return 0;
	return prg_apply_plan(road, road->plan, err);
}

/* After COMMIT, whatever fails is "recorded, not applied". */
static int apply_recorded(struct prg_road *road, struct prg_error *err)
{
	bool would = road->interface != NULL && applies(road) && road->trouble.code == 0;
	int rc = 0;

	if (would)
		rc = apply(road, err);
	/* what could not be drained before may be what this change has mended */
	if (rc == 0 && road->undrained)
		rc = prg_apply_drain(road, err);
	if (rc < 0) {
		rc = prg_error_wrap(err, PRG_E_NOT_APPLIED,
		                    road->intent->verb == PRG_SYNC
		                            ? "%s is not in line with the register"
		                            : "recorded, but not applied to %s",
		                    name_of(road));
	} else {
		prg_report_set_applied(road->report, would);
	}
	if (rc == 0 && road->intent->verb == PRG_REMOVE_INTERFACE) {
		rc = prg_change_remove_interface(road, err);
		if (rc < 0)
			rc = prg_error_wrap(err, PRG_E_NOT_APPLIED,
			                    "%s is down, but still in the register", name_of(road));
	}
	return rc;
}

static void remark_down(const struct prg_road *road)
{
	size_t n = prg_report_n_results(road->report), same = 0, i;

	if (road->record_only || applies(road) || is_new(road) || road->interface == NULL)
		return;
	if (road->as == PRG_APPLY && prg_report_n_changes(road->report) == 0)
		return;
	for (i = 0; i < n; i++)
		same += prg_report_result(road->report, i)->outcome == PRG_UNCHANGED;
	if (n > 0 && same == n)
		return;
	prg_report_remark_add(road->report, "%s is down: this is recorded, and takes effect with "
	                                    "'peerage -i %s up'",
	                      name_of(road), name_of(road));
}

/* What may still be running cannot be taken out of the register alone: nothing
 * would be left to take it down by. */
static int refuse_forgetting(struct prg_road *road, struct prg_error *err)
{
	bool pending = false;
	int rc = has_pending_device(road, &pending, err);

	if (rc == 0 && (road->interface->wanted_up || pending))
		rc = prg_error_set(err, PRG_E_CONFLICT,
		                   "interface %s may be running: bring it down first with 'peerage "
		                   "-i %s down'",
		                   name_of(road), name_of(road));
	return rc;
}

static int prepare(struct prg_road *road, struct prg_error *err)
{
	int rc = 0;

	road->record_only = (road->intent->flags & PRG_NO_APPLY) ||
	                    road->reg->backend == PRG_BACKEND_NONE;
	if (road->intent->verb == PRG_APPLY && road->intent->document == NULL)
		return prg_error_set(err, PRG_E_USAGE, "there is no document to apply");
	settle(road);
	if (!is_new(road) || road->intent->verb == PRG_APPLY)
		rc = look_up(road, err);
	if (rc == 0 && is_new(road))
		rc = check_new(road, err);
	if (rc == 0 && road->intent->verb == PRG_SYNC && road->record_only)
		rc = prg_error_set(err, PRG_E_USAGE, "sync has nothing to do where nothing is "
		                                     "to be applied");
	if (rc == 0 && road->intent->verb == PRG_SYNC && !road->interface->wanted_up)
		rc = refuse_down(road, err);
	if (rc == 0 && (road->intent->flags & PRG_LIVE) &&
	    road->reg->backend == PRG_BACKEND_NONE)
		rc = prg_error_set(err, PRG_E_USAGE,
		                   "what runs cannot be read with backend none: give "
		                   "another one, and --no-apply to record only");
	if (rc == 0 && road->intent->verb == PRG_REMOVE_INTERFACE && road->record_only)
		rc = refuse_forgetting(road, err);
	if (rc == 0)
		rc = prg_change_prepare(road, err);
	if (rc == 0 && (applies(road) || road->intent->flags & PRG_LIVE))
		rc = probe(road, err);
	if (rc == 0 && applies(road))
		rc = probe_forwarding(road, err);
	return rc;
}

/* Up, down and sync do all that could be pending anyway. */
static bool drains(const struct prg_road *road)
{
	switch (road->as) {
	case PRG_INIT:
	case PRG_IMPORT:
	case PRG_UP:
	case PRG_DOWN:
	case PRG_SYNC:
	case PRG_REMOVE_INTERFACE:
		return false;
	default:
		return !road->record_only && !prg_road_dry(road);
	}
}

static int travel(struct prg_road *road, struct prg_error *err)
{
	int rc = prepare(road, err);

	if (rc < 0)
		return rc;
	rc = take_lock(road, err);
	/* what was read before the lock may have changed since */
	if (rc == 0 && road->lock.fd >= 0 && road->interface != NULL)
		rc = look_up_again(road, err);
	/* what it lists is what will be changed: nobody else may change it meanwhile */
	if (rc == 0 && applies(road))
		rc = probe_firewall(road, err);
	if (rc < 0)
		return rc;
	if (drains(road))
		road->undrained = prg_apply_drain(road, NULL) < 0;
	if (road->intent->verb == PRG_MAINTAIN)
		rc = prg_upkeep_observe(road, err);
	if (rc == 0)
		rc = transact(road, err);
	if (rc < 0)
		return rc;
	if (prg_road_dry(road))
		return 0;
	rc = apply_recorded(road, err);
	if (rc == 0)
		rc = prg_upkeep_drift(road, err);
	if (rc == 0)
		rc = prg_upkeep_end(road, err);
	if (rc == 0 || rc == PRG_E_NOT_APPLIED) {
		struct prg_error erase_error;
		int erased = erase(road, &erase_error);

		if (rc == 0 && erased < 0) {
			if (err != NULL)
				*err = erase_error;
			rc = erased;
		}
		remark_down(road);
	}
	return rc;
}

int prg_execute(struct prg_register *reg, const struct prg_intent *intent,
                struct prg_report **ret_report, struct prg_error *err)
{
	struct prg_road road = {
		.reg = reg, .store = reg->store, .intent = intent, .lock = PRG_LOCK_NONE,
		.problems = { .fn = intent->problem, .context = intent->problem_context },
	};
	int rc = prg_report_new(&road.report, err);

	if (rc == 0)
		rc = prg_arena_new(&road.arena, err);
	if (rc == 0)
		rc = prg_plan_new(&road.plan, err);
	if (rc == 0)
		rc = travel(&road, err);
	if (rc == 0 || rc == PRG_E_NOT_APPLIED) {
		*ret_report = road.report;
		road.report = NULL;
	}
	prg_crew_free(&road.makers); /* before what it works on goes */
	prg_backend_close(&road.backend);
	prg_lock_release(&road.lock);
	prg_listing_done(&road.listing);
	prg_tick_free(&road.tick);
	prg_plan_free(&road.plan);
	prg_interface_free(&road.interface);
	prg_arena_free(&road.arena);
	prg_report_free(&road.report);
	return rc;
}
