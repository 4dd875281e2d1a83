/* SPDX-License-Identifier: ISC */
/* Interfaces, peers and changes as fields: one shape wherever they show. */
#ifndef PEERAGE_CLI_FIELDS_H
#define PEERAGE_CLI_FIELDS_H

#include "cli.h"
#include "rates.h"

/* The fields of an interface's settings, inside a row or record. */
void fields_interface(struct out *out, const struct prg_interface *interface);

struct fields_live {
	const struct prg_live *live; /* NULL: "live" is null */
	bool endpoint;               /* show where it is connected from */
	bool observed;               /* allowed IPs, keepalive and preshared key as they
	                                run, not as registered */
	bool rated;                  /* with its rates */
	const struct rates_peer *rates; /* NULL: not known */
};

/* A peer as CLI.md has it. peer NULL: a key that is not registered. */
void fields_peer(struct out *out, const struct prg_interface *interface,
                 const struct prg_peer *peer, const struct fields_live *live);

/* The same of a peer that runs, but only what a table of what runs has of it. */
void fields_running(struct out *out, const struct prg_peer *peer, const struct fields_live *shown);

/* "10.0.0.2, fd00::2" */
void fields_addresses(const struct prg_peer *peer, char *ret_text, size_t size);

/* {"FIELD":{"from","to"}…} of a change, as "fields"; JSON only. */
void fields_changed(struct out *out, const struct prg_change *change);

/* A peer's quota, how much of it is used, and until when it is cut off by it. */
void fields_quota(struct out *out, const struct prg_peer *peer);

/* Each change of a report, as "changes", inside a row; JSON only. */
void fields_change_list(struct cli *cli, const struct prg_report *report);

/* A remark that an interface has no peers, where people read. */
void fields_no_peers(const struct cli *cli, const char *interface);

/* The plan of a report: {"interface","changes","left_over","applied"}; keys left
 * over are remarks too. Tables and TSV have the changes where in_full, else
 * nothing. True where something differs or is left over. */
bool fields_plan(struct cli *cli, const struct prg_report *report, bool in_full);
/* A plan in full; that it is empty is said. */
bool fields_dry_run(struct cli *cli, const struct prg_report *report);
/* The same without the interface's name. */
bool fields_changes(struct cli *cli, const struct prg_report *report, bool in_full);
/* Of several reports, the changes alone, in one list; out_list_end() ends it. Rows: how
 * many they were. */
void fields_changes_begin(struct cli *cli, bool in_full);
size_t fields_change_rows(struct cli *cli, const struct prg_report *report);

#endif
