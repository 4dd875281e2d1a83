/* SPDX-License-Identifier: ISC */
#include "watch/findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

struct prg_findings {
	const char *interface;
	struct prg_finding *list;
	size_t n, capacity;
	char command[256];
};

const char *prg_severity_name(enum prg_severity severity)
{
	static const char *const names[] = { [PRG_SEVERITY_INFO] = "info",
		                             [PRG_SEVERITY_WARNING] = "warning",
		                             [PRG_SEVERITY_CRITICAL] = "critical" };

	return severity >= PRG_SEVERITY_INFO && severity <= PRG_SEVERITY_CRITICAL ? names[severity]
	                                                                           : "info";
}

int prg_findings_new(const char *interface, struct prg_findings **ret, struct prg_error *err)
{
	struct prg_findings *findings = calloc(1, sizeof(*findings));

	if (findings == NULL)
		return prg_error_nomem(err);
	findings->interface = interface;
	*ret = findings;
	return 0;
}

static void finding_done(struct prg_finding *finding)
{
	free((char *)(uintptr_t)finding->peer);
	free((char *)(uintptr_t)finding->what);
	free((char *)(uintptr_t)finding->command);
}

void prg_findings_free(struct prg_findings **findings)
{
	size_t i;

	if (*findings == NULL)
		return;
	for (i = 0; i < (*findings)->n; i++)
		finding_done(&(*findings)->list[i]);
	free((*findings)->list);
	free(*findings);
	*findings = NULL;
}

int prg_findings_add(struct prg_findings *findings, enum prg_severity severity, const char *kind,
                     const struct prg_subject *subject, const char *what, const char *why,
                     const char *command, struct prg_error *err)
{
	struct prg_finding *finding;

	if (findings->n == findings->capacity) {
		size_t capacity = findings->capacity ? 2 * findings->capacity : 16;
		struct prg_finding *grown = reallocarray(findings->list, capacity, sizeof(*grown));

		if (grown == NULL)
			return prg_error_nomem(err);
		findings->list = grown;
		findings->capacity = capacity;
	}
	finding = &findings->list[findings->n];
	*finding = (struct prg_finding){ .severity = severity, .kind = kind, .why = why,
		                         .what = strdup(what),
		                         .command = command ? strdup(command) : NULL };
	if (subject != NULL && subject->peer != NULL)
		finding->peer = strdup(subject->peer);
	if (subject != NULL && subject->key != NULL) {
		finding->has_public_key = true;
		finding->public_key = *subject->key;
	}
	if (finding->what == NULL || (command != NULL && finding->command == NULL) ||
	    (subject != NULL && subject->peer != NULL && finding->peer == NULL)) {
		finding_done(finding);
		return prg_error_nomem(err);
	}
	findings->n++;
	return 0;
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

int prg_findings_tell(struct prg_findings *findings, prg_finding_fn *fn, void *context)
{
	int severity, rc = 0;
	size_t i;

	for (severity = PRG_SEVERITY_CRITICAL; severity >= PRG_SEVERITY_INFO; severity--)
		for (i = 0; i < findings->n && rc == 0; i++)
			if ((int)findings->list[i].severity == severity)
				rc = fn(context, &findings->list[i]);
	return rc;
}

int prg_audit(struct prg_register *reg, const char *interface, prg_finding_fn *fn, void *context,
              struct prg_error *err)
{
	PRG_INTERFACE *found = NULL;
	PRG_FINDINGS *findings = NULL;
	bool live = reg->backend != PRG_BACKEND_NONE;
	int rc = prg_find_interface(reg, interface, &found, err);

	if (rc == 0)
		rc = prg_findings_new(found->name, &findings, err);
	if (rc == 0 && live)
		rc = prg_findings_live(findings, reg, found, err);
	if (rc == 0)
		rc = prg_findings_register(findings, reg, found, err);
	if (rc == 0 && live && found->wanted_up)
		rc = prg_findings_host(findings, reg, found, err);
	return rc < 0 ? rc : prg_findings_tell(findings, fn, context);
}
