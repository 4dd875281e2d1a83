/* SPDX-License-Identifier: ISC */
/*
 * Findings, gathered by those who look and told the most severe first. Of one kind
 * and severity no more than a few are kept; the rest is counted, so that memory does
 * not grow with what is wrong, unless all of them are asked for.
 */
#ifndef PRG_WATCH_FINDINGS_H
#define PRG_WATCH_FINDINGS_H

#include "engine.h"
#include "store/clock.h"

/* Their words, and what many of them are called, are in findings.c. */
enum prg_finding_kind {
	PRG_F_UNREGISTERED_PEER = 0,
	PRG_F_LIVE_PEER,
	PRG_F_REVOKED_KEY,
	PRG_F_MISSING_PEER,
	PRG_F_PEER_DIFFERS,
	PRG_F_OVERLAP,
	PRG_F_SHARED_KEY,
	PRG_F_PRIVATE_KEY,
	PRG_F_NOT_OURS,
	PRG_F_INTERFACE_DIFFERS,
	PRG_F_NOT_RUNNING,
	PRG_F_RUNNING,
	PRG_F_CHANGING,
	PRG_F_REGISTER_READABLE,
	PRG_F_CONFIG_READABLE,
	PRG_F_CHAIN,
	PRG_F_PENDING,
	PRG_F_CONFIG_STALE,
	PRG_F_KEY_OLD,
	PRG_F_ROTATION_OPEN,
	PRG_F_QUOTA_NEAR,
	PRG_F_EXPIRES_SOON,
	PRG_F_NO_PRESHARED_KEY,
	PRG_F_NEVER_CONNECTED,
	PRG_F_STALE_PEER,
	PRG_F_FORWARDING,
	PRG_F_FIREWALL,
	PRG_F_FOREIGN_FIREWALL,
	PRG_F_CLOCK,
	PRG_F_COUNT
};

struct prg_findings;

/* all: keep every one of them. */
int prg_findings_new(const char *interface, bool all, struct prg_findings **ret,
                     struct prg_error *err);
void prg_findings_free(struct prg_findings **findings);
#define PRG_FINDINGS PRG_CLEANUP(prg_findings_free) struct prg_findings
/* Empty again. */
void prg_findings_clear(struct prg_findings *findings);

/* What a finding is of. */
struct prg_subject {
	const char *peer;                 /* NULL: no peer */
	const struct prg_public_key *key; /* NULL: none */
};
/* why is kept as it is; what and command are copied. command is a whole command
 * line; NULL: none mends it. */
int prg_findings_add(struct prg_findings *findings, enum prg_severity severity,
                     enum prg_finding_kind kind, const struct prg_subject *subject,
                     const char *what, const char *why, const char *command,
                     struct prg_error *err);
/* "peerage -i IF REST", valid until the next call. */
const char *prg_findings_command(struct prg_findings *findings, const char *format, ...)
	PRG_PRINTF(2, 3);
int prg_findings_tell(struct prg_findings *findings, prg_finding_fn *fn, void *context,
                      struct prg_error *err);

/* ---- who looks */
struct prg_look {
	struct prg_findings *findings;
	struct prg_register *reg;
	const struct prg_interface *interface;
	int64_t now;               /* the clock's, as the kernel stamps handshakes */
	struct prg_clock_verdict clock;
	bool ours;                 /* it runs, and is ours */
	bool young;                /* it was made so lately that nobody is missed */
	struct prg_observed *quiet; /* those of the dump that have not connected for long */
};
/* findings_live.c: the running interface against the register. Sets ours and young,
 * fills quiet. */
int prg_findings_live(struct prg_look *look, struct prg_error *err);
/* findings_overlap.c: a key runs with allowed IPs that are not its own as
 * registered. id: its peer's; 0: of none that is active. */
int prg_findings_taken(struct prg_look *look, const struct prg_subject *subject, int64_t id,
                       const struct prg_wg_peer *peer, const char *command,
                       struct prg_error *err);
/* findings_overlap.c: registered networks that hold what others have. */
int prg_findings_overlaps(struct prg_look *look, struct prg_error *err);
/* findings_file.c: who may read keys, the chain, what is pending. */
int prg_findings_file(struct prg_look *look, struct prg_error *err);
/* findings_peers.c: the register's peers, one by one. */
int prg_findings_peers(struct prg_look *look, struct prg_error *err);
/* findings_host.c: forwarding, firewalls, the clock. */
int prg_findings_host(struct prg_look *look, struct prg_error *err);
/* sample.c: watches for so long, and finds keys that are used from two places. */
int prg_findings_sample(struct prg_look *look, int64_t seconds, prg_sampling_fn *sampling,
                        void *context, struct prg_error *err);

#endif
