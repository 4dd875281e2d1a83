/* SPDX-License-Identifier: ISC */
/* Inside of the store: a peer's row, its tags and prefixes, as struct prg_peer. */
#ifndef PRG_STORE_PEER_ROW_H
#define PRG_STORE_PEER_ROW_H

#include "store/db.h"

/* What a SELECT for prg_peer_row_read() begins with. */
#define PRG_PEER_ROW_SELECT \
	"SELECT p.id, p.interface_id, p.name, p.public_key, p.state, p.client_allowed_ips, p.dns, " \
	"p.client_keepalive_s, p.mtu, p.keepalive_s, p.secret_id IS NOT NULL, p.endpoint, p.note, " \
	"p.created_at, p.expires_at, p.revoked_at, p.quota_bytes, p.quota_period, p.config_epoch, " \
	"p.config_epoch < i.config_epoch, p.keyed_at, p.resumes_at, p.successor_id, " \
	"p.overlap_until FROM peer p JOIN interface i ON i.id = p.interface_id "

/* The current row, without what is in other rows. */
int prg_peer_row_bare(struct prg_stmt *stmt, struct prg_peer **ret, struct prg_error *err);
/* Prefixes, tags, and who came before and after, for peers of one interface, in order of
 * id, that have none yet. */
int prg_peer_row_lists(struct prg_store *store, struct prg_peer **peers, size_t n,
                       struct prg_error *err);
/* Both. */
int prg_peer_row_read(struct prg_stmt *stmt, struct prg_peer **ret, struct prg_error *err);

/* Columns as text, for the time of one statement. */
struct prg_peer_row_texts {
	char *client_allowed_ips, *dns;
	char endpoint[PRG_ENDPOINT_TEXT];
};
int prg_peer_row_texts(const struct prg_peer *peer, struct prg_peer_row_texts *ret,
                       struct prg_error *err);
void prg_peer_row_texts_done(struct prg_peer_row_texts *texts);

/* Parameters 1 to 20 of an INSERT or UPDATE, in this order. */
#define PRG_PEER_ROW_COLUMNS \
	"name, public_key, state, client_allowed_ips, dns, client_keepalive_s, mtu, keepalive_s, " \
	"endpoint, note, created_at, expires_at, revoked_at, quota_bytes, quota_period, config_epoch, " \
	"keyed_at, resumes_at, successor_id, overlap_until"
#define PRG_PEER_ROW_SLOTS \
	"?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20"
#define PRG_PEER_ROW_NEXT 21
void prg_peer_row_bind(struct prg_stmt *stmt, const struct prg_peer *peer,
                       const struct prg_peer_row_texts *texts);

#endif
