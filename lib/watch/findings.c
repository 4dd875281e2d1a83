/* SPDX-License-Identifier: ISC */
#include "watch/findings.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "observed.h"

#define KEPT 20  /* of a kind and severity, before they are told as one */
#define NAMED 3  /* of those that are told as one */
#define LONGEST_S ((int64_t)7 * 86400)

static const struct {
	const char *word;
	const char *many; /* "21 …"; NULL: there are never many */
	bool together;    /* one's command mends them all */
} kinds[PRG_F_COUNT] = {
	[PRG_F_UNREGISTERED_PEER] = { "unregistered-peer", "keys run that were never registered",
	                              true },
	[PRG_F_LIVE_PEER] = { "live-peer", "peers run that should be cut off", true },
	[PRG_F_REVOKED_KEY] = { "revoked-key", "revoked keys run", true },
	[PRG_F_MISSING_PEER] = { "missing-peer", "peers are registered, but do not run", true },
	[PRG_F_PEER_DIFFERS] = { "peer-differs", "peers run other than they were registered",
	                         true },
	[PRG_F_OVERLAP] = { "overlap", "times somebody has what another has too", false },
	[PRG_F_SHARED_KEY] = { "shared-key", "keys are used from two places at once", false },
	[PRG_F_PRIVATE_KEY] = { "private-key", NULL, false },
	[PRG_F_NOT_OURS] = { "not-ours", NULL, false },
	[PRG_F_INTERFACE_DIFFERS] = { "interface-differs", NULL, false },
	[PRG_F_NOT_RUNNING] = { "not-running", NULL, false },
	[PRG_F_RUNNING] = { "running", NULL, false },
	[PRG_F_CHANGING] = { "changing", NULL, false },
	[PRG_F_REGISTER_READABLE] = { "register-readable", NULL, false },
	[PRG_F_CONFIG_READABLE] = { "config-readable", NULL, false },
	[PRG_F_CHAIN] = { "chain", NULL, false },
	[PRG_F_PENDING] = { "pending", NULL, false },
	[PRG_F_CONFIG_STALE] = { "config-stale", "peers hold a config that was handed out before "
	                                         "settings changed", false },
	[PRG_F_KEY_OLD] = { "key-old", "peers have keys that should have been rotated", false },
	[PRG_F_ROTATION_OPEN] = { "rotation-open", "older keys should be gone, but are let in",
	                          true },
	[PRG_F_QUOTA_NEAR] = { "quota-near", "peers have used most of their quota", false },
	[PRG_F_EXPIRES_SOON] = { "expires-soon", "peers expire within 7 days", false },
	[PRG_F_NO_PRESHARED_KEY] = { "no-preshared-key", "peers have no preshared key", false },
	[PRG_F_NEVER_CONNECTED] = { "never-connected", "peers never connected", false },
	[PRG_F_STALE_PEER] = { "stale-peer", "peers have not connected for long", false },
	[PRG_F_FORWARDING] = { "forwarding", NULL, false },
	[PRG_F_FIREWALL] = { "firewall", NULL, false },
	[PRG_F_FOREIGN_FIREWALL] = { "foreign-firewall", "chains of others drop what is ours",
	                             false },
	[PRG_F_CLOCK] = { "clock", NULL, false },
};

struct kept {
	struct prg_finding finding;
	enum prg_finding_kind kind;
};

struct prg_findings {
	const char *interface;
	bool all;
	struct kept *list;
	size_t n, capacity;
	uint64_t counts[PRG_F_COUNT][PRG_SEVERITY_CRITICAL + 1];
	char command[1024];
};

const char *prg_severity_name(enum prg_severity severity)
{
	static const char *const names[] = { [PRG_SEVERITY_INFO] = "info",
		                             [PRG_SEVERITY_WARNING] = "warning",
		                             [PRG_SEVERITY_CRITICAL] = "critical" };

	return severity >= PRG_SEVERITY_INFO && severity <= PRG_SEVERITY_CRITICAL ? names[severity]
	                                                                           : "info";
}

int prg_findings_new(const char *interface, bool all, struct prg_findings **ret,
                     struct prg_error *err)
{
	struct prg_findings *findings = calloc(1, sizeof(*findings));

	if (findings == NULL)
		return prg_error_nomem(err);
	findings->interface = interface;
	findings->all = all;
	*ret = findings;
	return 0;
}

static void finding_done(struct prg_finding *finding)
{
	free((char *)(uintptr_t)finding->peer);
	free((char *)(uintptr_t)finding->what);
	free((char *)(uintptr_t)finding->command);
}

void prg_findings_clear(struct prg_findings *findings)
{
	size_t i;

	for (i = 0; i < findings->n; i++)
		finding_done(&findings->list[i].finding);
	findings->n = 0;
	memset(findings->counts, 0, sizeof(findings->counts));
}

void prg_findings_free(struct prg_findings **findings)
{
	if (*findings == NULL)
		return;
	prg_findings_clear(*findings);
	free((*findings)->list);
	free(*findings);
	*findings = NULL;
}

static int keep(struct prg_findings *findings, const struct kept *kept, struct prg_error *err)
{
	if (findings->n == findings->capacity) {
		size_t capacity = findings->capacity ? 2 * findings->capacity : 16;
		struct kept *grown = reallocarray(findings->list, capacity, sizeof(*grown));

		if (grown == NULL)
			return prg_error_nomem(err);
		findings->list = grown;
		findings->capacity = capacity;
	}
	findings->list[findings->n++] = *kept;
	return 0;
}

int prg_findings_add(struct prg_findings *findings, enum prg_severity severity,
                     enum prg_finding_kind kind, const struct prg_subject *subject,
                     const char *what, const char *why, const char *command,
                     struct prg_error *err)
{
	static const struct prg_subject nobody;
	struct kept kept = { .kind = kind };
	struct prg_finding *finding = &kept.finding;
	int rc;

	if (++findings->counts[kind][severity] > KEPT && kinds[kind].many != NULL && !findings->all)
		return 0;
	subject = subject ? subject : &nobody;
	*finding = (struct prg_finding){ .severity = severity, .kind = kinds[kind].word,
		                         .why = why, .what = strdup(what), .count = 1,
		                         .command = command ? strdup(command) : NULL,
		                         .peer = subject->peer ? strdup(subject->peer) : NULL };
	if (subject->key != NULL) {
		finding->has_public_key = true;
		finding->public_key = *subject->key;
	}
	if (finding->what == NULL || (command != NULL && finding->command == NULL) ||
	    (subject->peer != NULL && finding->peer == NULL))
		rc = prg_error_nomem(err);
	else
		rc = keep(findings, &kept, err);
	if (rc < 0)
		finding_done(finding);
	return rc;
}

const char *prg_findings_command(struct prg_findings *findings, const char *format, ...)
{
	size_t size = sizeof(findings->command);
	int used = snprintf(findings->command, size, "peerage -i %s ", findings->interface);
	va_list args;

	va_start(args, format);
	(void)vsnprintf(findings->command + used, size - (size_t)used, format, args);
	va_end(args);
	return findings->command;
}

/* -------------------------------------------------------------------- telling */

/* "a, b and c among them": of those like the first, which is the list's i-th. */
static void put_some(struct prg_strbuf *buf, const struct prg_findings *findings, size_t i)
{
	const struct kept *first = &findings->list[i];
	char key[PRG_KEY_TEXT];
	size_t n = 0;

	for (; i < findings->n && n < NAMED; i++) {
		const struct kept *one = &findings->list[i];

		if (one->kind != first->kind || one->finding.severity != first->finding.severity ||
		    (one->finding.peer == NULL && !one->finding.has_public_key))
			continue;
		prg_public_key_format(&one->finding.public_key, key);
		prg_strbuf_puts(buf, n++ == 0 ? ": " : ", ");
		prg_strbuf_puts(buf, one->finding.peer ? one->finding.peer : key);
	}
	prg_strbuf_puts(buf, n > 0 ? " and so on" : "");
}

/* All that are like the list's i-th, as one. */
static int tell_many(struct prg_findings *findings, size_t i, uint64_t count, prg_finding_fn *fn,
                     void *context, struct prg_error *err)
{
	const struct kept *first = &findings->list[i];
	struct prg_finding all = { .severity = first->finding.severity,
		                   .kind = first->finding.kind,
		                   .why = first->finding.why, .count = count };
	PRG_STRBUF buf = { 0 };
	PRG_FREE char *what = NULL;

	prg_strbuf_printf(&buf, "%" PRIu64 " %s", count, kinds[first->kind].many);
	put_some(&buf, findings, i);
	prg_strbuf_printf(&buf, "; '%s' tells of each",
	                  prg_findings_command(findings, "audit --all"));
	what = prg_strbuf_take(&buf);
	if (what == NULL)
		return prg_error_nomem(err);
	all.what = what;
	if (kinds[first->kind].together)
		all.command = first->finding.command;
	return fn(context, &all);
}

int prg_findings_tell(struct prg_findings *findings, prg_finding_fn *fn, void *context,
                      struct prg_error *err)
{
	int severity, rc = 0;
	size_t i;

	for (severity = PRG_SEVERITY_CRITICAL; severity >= PRG_SEVERITY_INFO; severity--) {
		bool told[PRG_F_COUNT] = { false };

		for (i = 0; i < findings->n && rc == 0; i++) {
			const struct kept *kept = &findings->list[i];
			uint64_t count = findings->counts[kept->kind][severity];

			if ((int)kept->finding.severity != severity)
				continue;
			if (findings->all || count <= KEPT || kinds[kept->kind].many == NULL)
				rc = fn(context, &kept->finding);
			else if (!told[kept->kind])
				rc = tell_many(findings, i, count, fn, context, err);
			told[kept->kind] = true;
		}
	}
	return rc;
}

/* -------------------------------------------------------------------- looking */

static int check_sample(int64_t seconds, bool live, struct prg_error *err)
{
	if (seconds < 0 || seconds > LONGEST_S)
		return prg_error_set(err, PRG_E_USAGE, "a sample takes a week at most");
	if (seconds > 0 && !live)
		return prg_error_set(err, PRG_E_USAGE,
		                     "with backend none there is nothing to watch");
	return 0;
}

int prg_audit_sample(struct prg_register *reg, const char *interface, unsigned flags,
                     int64_t sample_s, prg_sampling_fn *sampling, prg_finding_fn *fn,
                     void *context, struct prg_error *err)
{
	PRG_INTERFACE *found = NULL;
	PRG_FINDINGS *findings = NULL;
	PRG_OBSERVED quiet = { 0 };
	bool live = reg->backend != PRG_BACKEND_NONE;
	struct prg_look look = { .reg = reg, .now = prg_clock_now(), .quiet = &quiet };
	struct prg_clock_memory memory;
	bool write;
	int rc = prg_find_interface(reg, interface, &found, err);

	if (rc == 0)
		rc = check_sample(sample_s, live, err);
	if (rc == 0)
		rc = prg_findings_new(found->name, flags & PRG_AUDIT_ALL, &findings, err);
	if (rc == 0)
		rc = prg_store_clock(reg->store, &look.clock, &memory, &write, err);
	look.findings = findings;
	look.interface = found;
	if (rc == 0 && live)
		rc = prg_findings_live(&look, err);
	if (rc == 0)
		rc = prg_findings_file(&look, err);
	if (rc == 0)
		rc = prg_findings_peers(&look, err);
	if (rc == 0)
		rc = prg_findings_overlaps(&look, err);
	if (rc == 0 && live && found->wanted_up)
		rc = prg_findings_host(&look, err);
	if (rc == 0 && sample_s > 0 && look.ours)
		rc = prg_findings_sample(&look, sample_s, sampling, context, err);
	return rc < 0 ? rc : prg_findings_tell(findings, fn, context, err);
}

int prg_audit(struct prg_register *reg, const char *interface, prg_finding_fn *fn, void *context,
              struct prg_error *err)
{
	return prg_audit_sample(reg, interface, 0, 0, NULL, fn, context, err);
}
