/* SPDX-License-Identifier: ISC */
/*
 * One line of `status -t` written at once: through out.h each field is looked for among
 * the columns, and a list of 100,000 running peers took four times as long.
 */
#ifndef PEERAGE_CLI_LINE_H
#define PEERAGE_CLI_LINE_H

#include "peerage.h"

/* The same bytes as fields_running() gives in a list of TSV that has the columns name,
 * status, latest_handshake_at, rx_bytes, tx_bytes, public_key, allowed_ips,
 * has_preshared_key, keepalive, and where `endpoint` also endpoint. live is of a peer
 * that runs; peer NULL: one that is not registered. Into the sink. */
void line_running(const struct prg_live *live, const struct prg_peer *peer, bool endpoint);

#endif
