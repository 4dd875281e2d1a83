/* SPDX-License-Identifier: ISC */
/* What runs against what should, by sync's own comparison. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "model/addr.h"
#include "observed.h"
#include "watch/findings.h"

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

static int add_text(struct prg_findings *f, enum prg_severity severity,
                    enum prg_finding_kind kind, const struct prg_subject *subject,
                    struct prg_strbuf *what, const char *why, const char *command,
                    struct prg_error *err)
{
	PRG_FREE char *text = prg_strbuf_take(what);

	if (text == NULL)
		return prg_error_nomem(err);
	return prg_findings_add(f, severity, kind, subject, text, why, command, err);
}

/* ------------------------------------------------------------------- its peers */

/* Runs, and should not. */
static int on_unwanted(struct prg_look *look, const struct prg_sync_difference *d,
                       const struct prg_subject *subject, struct prg_error *err)
{
	struct prg_findings *f = look->findings;
	PRG_STRBUF what = { 0 };

	if (!d->registered)
		return prg_findings_add(f, PRG_SEVERITY_CRITICAL, PRG_F_UNREGISTERED_PEER, subject,
		                        "a key runs that was never registered", why_gets_in,
		                        prg_findings_command(f, "-y sync --prune"), err);
	if (d->state == PRG_PEER_REVOKED)
		return prg_findings_add(f, PRG_SEVERITY_CRITICAL, PRG_F_REVOKED_KEY, subject,
		                        "a revoked key runs", why_gets_in,
		                        prg_findings_command(f, "sync"), err);
	prg_strbuf_printf(&what, "is %s, but runs", prg_peer_state_name(d->state));
	return add_text(f, PRG_SEVERITY_CRITICAL, PRG_F_LIVE_PEER, subject, &what, why_gets_in,
	                prg_findings_command(f, "sync"), err);
}

static void put_next(struct prg_strbuf *buf, const char *text)
{
	prg_strbuf_puts(buf, buf->length > 0 ? "; " : "");
	prg_strbuf_puts(buf, text);
}

static void put_prefixes(struct prg_strbuf *buf, const struct prg_wg_peer *peer)
{
	if (peer->n_allowed_ips == 0)
		prg_strbuf_puts(buf, "none");
	prg_prefix_list_format(buf, peer->allowed_ips, peer->n_allowed_ips, ", ");
}

static void put_keepalive(struct prg_strbuf *buf, uint16_t seconds)
{
	if (seconds == 0)
		prg_strbuf_puts(buf, "none");
	else
		prg_strbuf_printf(buf, "%u s", seconds);
}

/* Runs, but not as registered. */
static int on_other(struct prg_look *look, const struct prg_sync_difference *d,
                    const struct prg_subject *subject, struct prg_error *err)
{
	enum prg_severity severity = PRG_SEVERITY_WARNING;
	const char *why = "it does not run as it was registered";
	PRG_STRBUF what = { 0 };

	if (d->fields & PRG_OF_ENDPOINT)
		put_next(&what, "runs without the endpoint that is registered");
	if (d->fields & PRG_OF_KEEPALIVE) {
		put_next(&what, "keepalive: ");
		put_keepalive(&what, d->from->keepalive_s);
		prg_strbuf_puts(&what, ", registered: ");
		put_keepalive(&what, d->to->keepalive_s);
	}
	if (d->fields & PRG_OF_ALLOWED_IPS) {
		severity = PRG_SEVERITY_CRITICAL;
		why = "it may get packets that are meant for others, or not its own";
		put_next(&what, "allowed IPs: ");
		put_prefixes(&what, d->from);
		prg_strbuf_puts(&what, ", registered: ");
		put_prefixes(&what, d->to);
	}
	if (d->fields & PRG_OF_PRESHARED_KEY) {
		severity = PRG_SEVERITY_CRITICAL;
		why = "it cannot connect with the config that it was given, and somebody else "
		      "perhaps can";
		put_next(&what, d->from->preshared_key == NULL
		                        ? "runs without the preshared key that is registered"
		                : d->to->preshared_key == NULL
		                        ? "runs with a preshared key, registered is none"
		                        : "runs with another preshared key than is registered");
	}
	return add_text(look->findings, severity, PRG_F_PEER_DIFFERS, subject, &what, why,
	                prg_findings_command(look->findings, "sync"), err);
}

static int on_difference(void *context, const struct prg_sync_difference *d,
                         struct prg_error *err)
{
	struct prg_look *look = context;
	const struct prg_subject subject = {
		d->name, d->from ? &d->from->public_key : &d->to->public_key
	};
	const char *mend = d->registered ? "sync" : "-y sync --prune";
	int rc;

	if (d->from == NULL)
		return prg_findings_add(look->findings, PRG_SEVERITY_WARNING, PRG_F_MISSING_PEER,
		                        &subject, "is registered, but does not run",
		                        "it cannot connect",
		                        prg_findings_command(look->findings, "sync"), err);
	rc = d->to == NULL ? on_unwanted(look, d, &subject, err) : on_other(look, d, &subject, err);
	if (rc == 0 && (d->to == NULL || (d->fields & PRG_OF_ALLOWED_IPS)))
		rc = prg_findings_taken(look, &subject, d->id, d->from,
		                        prg_findings_command(look->findings, "%s", mend), err);
	return rc;
}

/* One that has connected lately needs no further look. */
static int on_seen(void *context, const struct prg_wg_peer *peer, struct prg_error *err)
{
	struct prg_look *look = context;
	int64_t after = look->interface->stale_after_s;
	struct prg_wg_peer quiet = { .public_key = peer->public_key,
		                     .latest_handshake_at = peer->latest_handshake_at };

	if (after == 0 || look->now - peer->latest_handshake_at <= after)
		return 0;
	return prg_observed_add(look->quiet, &quiet, false, err);
}

static void on_restart(void *context)
{
	struct prg_look *look = context;

	prg_findings_clear(look->findings);
	prg_observed_clear(look->quiet);
}

/* -------------------------------------------------------------------- the device */

static int on_configure(struct prg_findings *f, const struct prg_change *change,
                        struct prg_error *err)
{
	PRG_STRBUF what = { 0 };
	size_t i, n = 0;
	int rc = 0;

	for (i = 0; i < change->n_fields && rc == 0; i++) {
		const struct prg_field_change *field = &change->fields[i];

		if (strcmp(field->name, "public_key") == 0) {
			rc = prg_findings_add(f, PRG_SEVERITY_CRITICAL, PRG_F_PRIVATE_KEY, NULL,
			                      "runs with a private key that is not the register's",
			                      "somebody replaced the server's key: no client can "
			                      "connect, or they connect to someone else",
			                      prg_findings_command(f, "-y sync"), err);
			continue;
		}
		n++;
		put_next(&what, "");
		for (const char *c = field->name; *c != '\0'; c++)
			prg_strbuf_append(&what, *c == '_' ? " " : c, 1);
		prg_strbuf_puts(&what, ": ");
		put_value(&what, field->from);
		prg_strbuf_puts(&what, ", registered: ");
		put_value(&what, field->to);
	}
	if (rc < 0 || n == 0)
		return rc;
	return add_text(f, PRG_SEVERITY_WARNING, PRG_F_INTERFACE_DIFFERS, NULL, &what,
	                "peers may not reach it, or not through it", prg_findings_command(f, "sync"),
	                err);
}

static int differences(struct prg_look *look, struct prg_backend *backend, struct prg_error *err)
{
	const struct prg_sync_watch watch = { .context = look, .seen = on_seen,
		                              .differs = on_difference, .restart = on_restart };
	struct prg_findings *f = look->findings;
	PRG_REPORT *report = NULL;
	PRG_PLAN *plan = NULL;
	bool interrupted = false;
	size_t i;
	int rc = prg_report_new(&report, err);

	if (rc == 0)
		rc = prg_plan_new(&plan, err);
	if (rc == 0)
		rc = prg_sync_watch(look->reg->store, backend, look->interface, &watch, report, plan,
		                    &interrupted, err);
	for (i = 0; rc == 0 && i < prg_report_n_changes(report); i++)
		rc = on_configure(f, prg_report_change(report, i), err);
	if (rc == 0 && interrupted)
		rc = prg_findings_add(f, PRG_SEVERITY_WARNING, PRG_F_CHANGING, NULL,
		                      "was being changed by something else all the while",
		                      "what is missing, or no longer there, was not seen",
		                      prg_findings_command(f, "audit"), err);
	return rc;
}

/* ---------------------------------------------------------------------- the link */

static int not_ours(struct prg_look *look, struct prg_backend *backend, const char *other,
                    const char *alias, struct prg_error *err)
{
	const char *name = look->interface->name;
	PRG_FREE char *command = NULL;
	struct prg_private_key key;
	bool same = false;
	int rc = prg_store_interface_key(look->reg->store, look->interface->id, &key, err), n;

	if (rc == 0)
		rc = prg_adopt_has_key(backend, &key, &same, err);
	prg_wipe(&key, sizeof(key));
	if (rc == PRG_E_UNSUPPORTED) /* not even WireGuard's */
		rc = 0;
	if (rc < 0)
		return rc;
	/* with our key it is ours but for the alias, and sessions may go on */
	if (same)
		n = asprintf(&command, "ip link set dev %s alias %s && peerage -i %s sync", name,
		             alias, name);
	else
		n = asprintf(&command, "ip link del dev %s && peerage -i %s up", name, name);
	if (n < 0)
		return prg_error_nomem(err);
	return prg_findings_add(look->findings, PRG_SEVERITY_CRITICAL, PRG_F_NOT_OURS, NULL,
	                        other[0] ? "runs, and belongs to another register"
	                                 : "runs, but was made by someone else",
	                        same ? "nothing is applied to it, though it has this register's key"
	                             : "nothing that the register says holds for it",
	                        look->interface->wanted_up ? command : NULL, err);
}

/* Is there a link, and ours? */
static int look_at_link(struct prg_look *look, struct prg_backend *backend, struct prg_error *err)
{
	struct prg_findings *f = look->findings;
	char alias[PRG_OWN_ALIAS_TEXT];
	struct prg_link link;
	int rc = prg_backend_link(backend, &link, err);

	if (rc == PRG_E_NOT_FOUND)
		return !look->interface->wanted_up
		               ? 0
		               : prg_findings_add(f, PRG_SEVERITY_WARNING, PRG_F_NOT_RUNNING, NULL,
		                                  "is registered as up, but does not run",
		                                  "nobody can connect", prg_findings_command(f, "up"),
		                                  err);
	if (rc < 0)
		return rc;
	prg_own_alias(look->reg->store, alias);
	if (strcmp(link.alias, alias) != 0)
		return not_ours(look, backend, link.alias, alias, err);
	look->ours = look->interface->wanted_up;
	return look->ours
	               ? 0
	               : prg_findings_add(f, PRG_SEVERITY_WARNING, PRG_F_RUNNING, NULL,
	                                  "runs, though it was brought down",
	                                  "its peers are let in", prg_findings_command(f, "down"),
	                                  err);
}

/* The interface was made when this host booted, or was brought up last, or later. */
static int look_at_age(struct prg_look *look, struct prg_error *err)
{
	struct timespec booted = { 0 };
	int64_t up = 0;
	int rc = 0;

	clock_gettime(CLOCK_BOOTTIME, &booted);
	look->young = booted.tv_sec <= look->interface->stale_after_s;
	if (!look->young && look->interface->stale_after_s != 0)
		rc = prg_store_up_at(look->reg->store, look->interface->name, &up, err);
	if (rc == 0 && look->now - up <= look->interface->stale_after_s)
		look->young = true;
	return rc;
}

int prg_findings_live(struct prg_look *look, struct prg_error *err)
{
	PRG_BACKEND *backend = NULL;
	int rc = prg_backend_open(look->reg->backend, look->interface->name, &backend, err);

	if (rc == 0)
		rc = look_at_link(look, backend, err);
	if (rc == 0 && look->ours)
		rc = look_at_age(look, err);
	return rc == 0 && look->ours ? differences(look, backend, err) : rc;
}
