/* SPDX-License-Identifier: ISC */
/* Findings, gathered by those who look and told the most severe first. */
#ifndef PRG_WATCH_FINDINGS_H
#define PRG_WATCH_FINDINGS_H

#include "engine.h"

struct prg_findings;

int prg_findings_new(const char *interface, struct prg_findings **ret, struct prg_error *err);
void prg_findings_free(struct prg_findings **findings);
#define PRG_FINDINGS PRG_CLEANUP(prg_findings_free) struct prg_findings

/* What a finding is of. */
struct prg_subject {
	const char *peer;                 /* NULL: no peer */
	const struct prg_public_key *key; /* NULL: none */
};
/* kind and why are kept as they are; what and command are copied. command is a
 * whole command line; NULL: none mends it. */
int prg_findings_add(struct prg_findings *findings, enum prg_severity severity, const char *kind,
                     const struct prg_subject *subject, const char *what, const char *why,
                     const char *command, struct prg_error *err);
/* "peerage -i IF REST", valid until the next call. */
const char *prg_findings_command(struct prg_findings *findings, const char *format, ...)
	PRG_PRINTF(2, 3);
int prg_findings_tell(struct prg_findings *findings, prg_finding_fn *fn, void *context);

/* ---- who looks */
/* findings_live.c: the running interface against the register. */
int prg_findings_live(struct prg_findings *findings, struct prg_register *reg,
                      const struct prg_interface *interface, struct prg_error *err);
/* findings_file.c: the register's file, its chain, what is pending, its peers. */
int prg_findings_register(struct prg_findings *findings, struct prg_register *reg,
                          const struct prg_interface *interface, struct prg_error *err);
/* findings_host.c: forwarding, firewalls, the clock. */
int prg_findings_host(struct prg_findings *findings, struct prg_register *reg,
                      const struct prg_interface *interface, struct prg_error *err);

#endif
