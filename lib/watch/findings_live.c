/* SPDX-License-Identifier: ISC */
/* What runs against what should: sync's own plan, read as findings. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "watch/findings.h"

#define IDLE_S ((int64_t)30 * 86400)

static const char why_gets_in[] = "whoever holds that key is let into the tunnel";

/* "a, b" of the JSON text ["a","b"] of prefixes, or of one value; "none". */
static void put_value(struct prg_strbuf *buf, const char *json)
{
	if (json == NULL || strcmp(json, "null") == 0 || strcmp(json, "[]") == 0) {
		prg_strbuf_puts(buf, "none");
		return;
	}
	for (; *json != '\0'; json++) {
		if (*json == ',')
			prg_strbuf_puts(buf, ", ");
		else if (strchr("[]\"", *json) == NULL)
			prg_strbuf_append(buf, json, 1);
	}
}

static int add_text(struct prg_findings *f, enum prg_severity severity, const char *kind,
                    const struct prg_subject *subject, struct prg_strbuf *what, const char *why,
                    const char *command, struct prg_error *err)
{
	PRG_FREE char *text = prg_strbuf_take(what);

	if (text == NULL)
		return prg_error_nomem(err);
	return prg_findings_add(f, severity, kind, subject, text, why, command, err);
}

static int on_removal(struct prg_findings *f, struct prg_register *reg,
                      const struct prg_interface *interface, const struct prg_change *change,
                      const struct prg_subject *subject, struct prg_error *err)
{
	PRG_PEER *peer = NULL;
	PRG_STRBUF what = { 0 };
	int rc = prg_store_peer_by_key(reg->store, interface->id, &change->public_key, &peer, err);

	if (rc < 0 && rc != PRG_E_NOT_FOUND)
		return rc;
	if (peer == NULL)
		prg_strbuf_puts(&what, "a revoked key runs");
	else
		prg_strbuf_printf(&what, "is %s, but runs",
		                  peer->state == PRG_PEER_ACTIVE ? "expired"
		                                                 : prg_peer_state_name(peer->state));
	return add_text(f, PRG_SEVERITY_CRITICAL, peer ? "live-peer" : "revoked-key", subject,
	                &what, why_gets_in, prg_findings_command(f, "sync"), err);
}

static int on_update(struct prg_findings *f, const struct prg_change *change,
                     const struct prg_subject *subject, struct prg_error *err)
{
	enum prg_severity severity = PRG_SEVERITY_WARNING;
	const char *why = "it does not run as it was registered";
	PRG_STRBUF what = { 0 };
	size_t i;

	for (i = 0; i < change->n_fields; i++) {
		const struct prg_field_change *field = &change->fields[i];

		prg_strbuf_puts(&what, i ? "; " : "");
		if (strcmp(field->name, "preshared_key") == 0) {
			severity = PRG_SEVERITY_CRITICAL;
			why = "it cannot connect with the config that it was given, and somebody "
			      "else perhaps can";
			prg_strbuf_puts(&what, "another preshared key runs than is registered");
			continue;
		}
		if (strcmp(field->name, "allowed_ips") == 0) {
			severity = PRG_SEVERITY_CRITICAL;
			why = "it may get packets that are meant for others, or not its own";
			prg_strbuf_puts(&what, "allowed IPs run as ");
		} else {
			prg_strbuf_printf(&what, "%s runs as ", field->name);
		}
		put_value(&what, field->from);
		prg_strbuf_puts(&what, ", registered are ");
		put_value(&what, field->to);
	}
	return add_text(f, severity, "peer-differs", subject, &what, why,
	                prg_findings_command(f, "sync"), err);
}

static int on_configure(struct prg_findings *f, const struct prg_change *change,
                        struct prg_error *err)
{
	PRG_STRBUF what = { 0 };
	size_t i, n = 0;
	int rc = 0;

	for (i = 0; i < change->n_fields && rc == 0; i++) {
		const struct prg_field_change *field = &change->fields[i];

		if (strcmp(field->name, "public_key") == 0) {
			rc = prg_findings_add(f, PRG_SEVERITY_CRITICAL, "private-key", NULL,
			                      "runs with a private key that is not the register's",
			                      "somebody replaced the server's key: no client can "
			                      "connect, or they connect to someone else",
			                      prg_findings_command(f, "-y sync"), err);
			continue;
		}
		prg_strbuf_printf(&what, "%s%s runs as ", n++ ? "; " : "", field->name);
		put_value(&what, field->from);
		prg_strbuf_puts(&what, ", registered are ");
		put_value(&what, field->to);
	}
	if (rc < 0 || n == 0)
		return rc;
	return add_text(f, PRG_SEVERITY_WARNING, "interface-differs", NULL, &what,
	                "peers may not reach it, or not through it", prg_findings_command(f, "sync"),
	                err);
}

static int on_change(struct prg_findings *f, struct prg_register *reg,
                     const struct prg_interface *interface, const struct prg_change *change,
                     struct prg_error *err)
{
	const struct prg_subject subject = {
		.peer = change->peer, .key = change->has_public_key ? &change->public_key : NULL
	};

	if (strcmp(change->action, "configure") == 0)
		return on_configure(f, change, err);
	if (strcmp(change->action, "remove") == 0)
		return on_removal(f, reg, interface, change, &subject, err);
	if (strcmp(change->action, "update") == 0)
		return on_update(f, change, &subject, err);
	return prg_findings_add(f, PRG_SEVERITY_WARNING, "missing-peer", &subject,
	                        "is registered, but does not run", "it cannot connect",
	                        prg_findings_command(f, "sync"), err);
}

static int differences(struct prg_findings *f, struct prg_register *reg,
                       struct prg_backend *backend, const struct prg_interface *interface,
                       struct prg_error *err)
{
	PRG_REPORT *report = NULL;
	PRG_PLAN *plan = NULL;
	size_t i;
	int rc = prg_report_new(&report, err);

	if (rc == 0)
		rc = prg_plan_new(&plan, err);
	if (rc == 0)
		rc = prg_sync_plan(reg->store, backend, interface, PRG_SYNC_TELL_KEY, report, plan,
		                   err);
	for (i = 0; rc == 0 && i < prg_report_n_changes(report); i++)
		rc = on_change(f, reg, interface, prg_report_change(report, i), err);
	for (i = 0; rc == 0 && i < prg_report_n_left_over(report); i++) {
		const struct prg_subject subject = { .key = prg_report_left_over(report, i) };

		rc = prg_findings_add(f, PRG_SEVERITY_CRITICAL, "unregistered-peer", &subject,
		                      "a key runs that was never registered", why_gets_in,
		                      prg_findings_command(f, "-y sync --prune"), err);
	}
	return rc;
}

/* ------------------------------------------------------------------ handshakes */

struct handshakes {
	struct prg_findings *findings;
	struct prg_error *err;
	int64_t now;
};

static int on_live(void *context, const struct prg_live *live, const struct prg_peer *peer)
{
	struct handshakes *h = context;
	struct prg_subject subject = { .key = &live->public_key };

	if (peer == NULL || peer->state != PRG_PEER_ACTIVE || !live->present)
		return 0;
	subject.peer = peer->name;
	if (live->status == PRG_LIVE_STALE)
		return prg_findings_add(h->findings, PRG_SEVERITY_INFO, "stale-peer", &subject,
		                        "last connected more than 30 days ago",
		                        "a key that nobody uses is one that nobody misses when it "
		                        "is stolen",
		                        prg_findings_command(h->findings, "-y revoke %s", peer->name),
		                        h->err);
	if (live->status == PRG_LIVE_NEVER && h->now - peer->created_at > IDLE_S)
		return prg_findings_add(h->findings, PRG_SEVERITY_INFO, "never-connected", &subject,
		                        "was added more than 30 days ago, and has not connected "
		                        "since the interface was made",
		                        "a config that was never used may have gone astray",
		                        prg_findings_command(h->findings, "-y revoke %s", peer->name),
		                        h->err);
	return 0;
}

static int handshakes(struct prg_findings *f, struct prg_register *reg,
                      const struct prg_interface *interface, struct prg_error *err)
{
	struct handshakes h = { .findings = f, .err = err, .now = prg_clock_now() };
	struct prg_live_interface live;

	return prg_status(reg, interface->name, NULL, 0, 0, &live, on_live, &h, err);
}

/* ---------------------------------------------------------------------- the link */

/* *ret_ours: there is a link, and we may look for more. */
static int look_at_link(struct prg_findings *f, struct prg_register *reg,
                        struct prg_backend *backend, const struct prg_interface *interface,
                        bool *ret_ours, struct prg_error *err)
{
	char alias[PRG_OWN_ALIAS_TEXT], command[160];
	struct prg_link link;
	int rc = prg_backend_link(backend, &link, err);

	*ret_ours = false;
	if (rc == PRG_E_NOT_FOUND)
		return !interface->wanted_up
		               ? 0
		               : prg_findings_add(f, PRG_SEVERITY_WARNING, "not-running", NULL,
		                                  "is registered as up, but does not run",
		                                  "nobody can connect", prg_findings_command(f, "up"),
		                                  err);
	if (rc < 0)
		return rc;
	prg_own_alias(reg->store, alias);
	*ret_ours = strcmp(link.alias, alias) == 0;
	if (*ret_ours && interface->wanted_up)
		return 0;
	if (*ret_ours) {
		*ret_ours = false;
		return prg_findings_add(f, PRG_SEVERITY_WARNING, "running", NULL,
		                        "runs, though it was brought down",
		                        "its peers are let in", prg_findings_command(f, "down"), err);
	}
	snprintf(command, sizeof(command), "ip link del %s && peerage -i %s up", interface->name,
	         interface->name);
	return prg_findings_add(f, PRG_SEVERITY_CRITICAL, "not-ours", NULL,
	                        link.alias[0] ? "runs, and belongs to another register"
	                                      : "runs, but was made by someone else",
	                        "nothing that the register says holds for it",
	                        interface->wanted_up ? command : NULL, err);
}

int prg_findings_live(struct prg_findings *f, struct prg_register *reg,
                      const struct prg_interface *interface, struct prg_error *err)
{
	PRG_BACKEND *backend = NULL;
	bool ours = false;
	int rc = prg_backend_open(reg->backend, interface->name, &backend, err);

	if (rc == 0)
		rc = look_at_link(f, reg, backend, interface, &ours, err);
	if (rc == 0 && ours)
		rc = differences(f, reg, backend, interface, err);
	if (rc == 0 && ours)
		rc = handshakes(f, reg, interface, err);
	return rc;
}
