/* SPDX-License-Identifier: ISC */
/*
 * The register's file: SQLite, WAL, synchronous=FULL, foreign_keys, STRICT
 * tables, secure_delete, prepared statements. Only lib/store includes sqlite3.h.
 *
 * Reads outside a transaction see one statement's snapshot each. Changes happen
 * between prg_store_begin (BEGIN IMMEDIATE) and prg_store_commit; every error
 * leaves the transaction for prg_store_rollback. Uniqueness is the schema's:
 * an insert or update that breaks it is PRG_E_CONFLICT with words that name the
 * thing and who has it. SQLITE_FULL is PRG_E_FULL, SQLITE_BUSY after the wait
 * PRG_E_BUSY, SQLITE_CORRUPT and SQLITE_NOTADB PRG_E_CORRUPT.
 */
#ifndef PRG_STORE_STORE_H
#define PRG_STORE_STORE_H

#include "base/secret.h"
#include "model/peer.h"

struct prg_store;

int prg_store_open(const char *path, unsigned flags, unsigned wait_ms,
                   struct prg_store **ret_store, struct prg_error *err);
void prg_store_close(struct prg_store **store);
const char *prg_store_id(const struct prg_store *store);   /* 32 hex digits */
const char *prg_store_path(const struct prg_store *store);
unsigned prg_store_wait_ms(const struct prg_store *store);

int prg_store_begin(struct prg_store *store, struct prg_error *err);
int prg_store_commit(struct prg_store *store, struct prg_error *err);
void prg_store_rollback(struct prg_store *store); /* no transaction: nothing */
/* A snapshot over several reads; ends with rollback. */
int prg_store_begin_read(struct prg_store *store, struct prg_error *err);

/* max(clock, time of the chain's last entry). Valid in a transaction. */
int prg_store_now(struct prg_store *store, int64_t *ret_now, struct prg_error *err);

/* ---- interfaces. get/find make a copy for prg_interface_free. */
int prg_store_interface(struct prg_store *store, const char *name,
                        struct prg_interface **ret, struct prg_error *err);
/* The only one; PRG_E_NOT_FOUND if none, PRG_E_USAGE naming them if several. */
int prg_store_interface_only(struct prg_store *store, struct prg_interface **ret,
                             struct prg_error *err);
/* All, by name; an array of *ret_n for the caller to free, each and all. */
int prg_store_interfaces(struct prg_store *store, struct prg_interface ***ret, size_t *ret_n,
                         struct prg_error *err);
/* Inserts the row and its secret, not its pools; sets interface->id. */
int prg_store_interface_insert(struct prg_store *store, struct prg_interface *interface,
                               const struct prg_private_key *key, struct prg_error *err);
/* Writes every column but id, name, addresses; key NULL: unchanged (else the
 * old secret is zeroed in place and an erase row is left). */
int prg_store_interface_update(struct prg_store *store, const struct prg_interface *interface,
                               const struct prg_private_key *key, struct prg_error *err);
/* Takes the interface, its pools, peers, held addresses and pending rows out;
 * every secret is zeroed in place first. Hashes of revoked keys stay. */
int prg_store_interface_delete(struct prg_store *store, int64_t interface_id,
                               struct prg_error *err);
int prg_store_interface_key(struct prg_store *store, int64_t interface_id,
                            struct prg_private_key *ret_key, struct prg_error *err);

/* ---- the key that the register signs with */
struct prg_signing_key {
	unsigned char id[8];
	unsigned char seed[32]; /* Ed25519, RFC 8032, 5.1.5 */
};
static inline void prg_cleanup_signing_key(struct prg_signing_key *key)
{
	prg_wipe(key, sizeof(*key));
}
#define PRG_SIGNING_KEY PRG_CLEANUP(prg_cleanup_signing_key) struct prg_signing_key
int prg_store_signing_key(struct prg_store *store, struct prg_signing_key *ret,
                          struct prg_error *err);

/* Gives back what was kept of pages that were read: for who reads all of it once. */
void prg_store_shrink(struct prg_store *store);

/* ---- peers */
/* Not revoked, of that name. */
int prg_store_peer(struct prg_store *store, int64_t interface_id, const char *name,
                   struct prg_peer **ret, struct prg_error *err);
/* As above, else the one revoked last. */
int prg_store_peer_any(struct prg_store *store, int64_t interface_id, const char *name,
                       struct prg_peer **ret, struct prg_error *err);
/* Not revoked, with that key. */
int prg_store_peer_by_key(struct prg_store *store, int64_t interface_id,
                          const struct prg_public_key *key, struct prg_peer **ret,
                          struct prg_error *err);
int prg_store_peer_by_id(struct prg_store *store, int64_t id, struct prg_peer **ret,
                         struct prg_error *err);
/* Pages through an interface's peers by id: up to `limit` with id > after. */
int prg_store_peers(struct prg_store *store, int64_t interface_id, int64_t after, size_t limit,
                    struct prg_peer ***ret, size_t *ret_n, struct prg_error *err);
/* The same of those not revoked, by name: up to `limit` with name > after. */
int prg_store_peers_by_name(struct prg_store *store, int64_t interface_id, const char *after,
                            size_t limit, struct prg_peer ***ret, size_t *ret_n,
                            struct prg_error *err);
/* The least of a peer that it can be told by. */
struct prg_peer_brief {
	int64_t id;
	enum prg_peer_state state;
	struct prg_public_key public_key;
	char name[PRG_NAME_BYTES + 1];
};
/* As prg_store_peers() of those that are not revoked, into ret, which has room for
 * limit. *after moves on to the last that was looked at, and stays where it is where
 * there are no more. */
int prg_store_peers_brief(struct prg_store *store, int64_t interface_id, int64_t *after,
                          size_t limit, struct prg_peer_brief *ret, size_t *ret_n,
                          struct prg_error *err);
int prg_store_peer_count(struct prg_store *store, int64_t interface_id,
                         enum prg_peer_state state, uint64_t *ret, struct prg_error *err);
/* Active peers with expires_at in (0, now]: up to limit, by time (indexed). */
int prg_store_peers_due(struct prg_store *store, int64_t interface_id, int64_t now, size_t limit,
                        struct prg_peer ***ret, size_t *ret_n, struct prg_error *err);
void prg_peers_free(struct prg_peer ***peers, size_t n);
/* The peer, not revoked, that has the older key of peer `id`; *ret NULL: there is none. */
int prg_store_peer_older(struct prg_store *store, int64_t id, struct prg_peer **ret,
                         struct prg_error *err);
/* Older keys that end at `until` or before, by id: up to limit with id > after, into ret. */
struct prg_store_overlap {
	int64_t id; /* of the peer with the older key */
	int64_t until;
	struct prg_public_key successor_key;
};
int prg_store_overlaps(struct prg_store *store, int64_t interface_id, int64_t until, int64_t after,
                       size_t limit, struct prg_store_overlap *ret, size_t *ret_n,
                       struct prg_error *err);
/* The peer, not revoked, that holds exactly this prefix as address or route. */
int prg_store_prefix_holder(struct prg_store *store, int64_t interface_id,
                            const struct prg_prefix *prefix, struct prg_peer **ret,
                            struct prg_error *err);

/* ---- nested.c: prefixes that hold others. Of active peers only. */
struct prg_owned_prefix {
	struct prg_prefix prefix;
	int64_t peer_id;
};
/* All that are no single address, by peer; *ret is for free(3). */
int prg_store_networks(struct prg_store *store, int64_t interface_id,
                       struct prg_owned_prefix **ret, size_t *ret_n, struct prg_error *err);
/* One that lies in `outer`, or is it, and is not the peer's `but`. peer_id 0: none. */
int prg_store_inside(struct prg_store *store, int64_t interface_id, const struct prg_prefix *outer,
                     int64_t but, struct prg_owned_prefix *ret, struct prg_error *err);
/* The narrowest one that `inner` lies in, and that is wider. */
int prg_store_around(struct prg_store *store, int64_t interface_id, const struct prg_prefix *inner,
                     int64_t but, struct prg_owned_prefix *ret, struct prg_error *err);
/* What dates and keys say of each active peer, in order of id: id, interface_id, name,
 * public_key, state, has_preshared_key, config_stale, created_at, keyed_at, expires_at,
 * quota, successor_id and overlap_until; the rest is zero. seen_day: of its last
 * handshake, since 1970; 0: none was noted. A snapshot is held meanwhile. */
typedef int prg_store_active_fn(void *context, const struct prg_peer *peer, int64_t seen_day,
                                struct prg_error *err);
int prg_store_each_active(struct prg_store *store, const struct prg_interface *interface,
                          prg_store_active_fn *fn, void *context, struct prg_error *err);
/* When the interface was brought up last, as the chain has it; 0: never. */
int prg_store_up_at(struct prg_store *store, const char *interface, int64_t *ret,
                    struct prg_error *err);

/* Inserts the row, its tags and its secret (psk NULL: none), not its prefixes;
 * sets peer->id and has_preshared_key. PRG_E_CONFLICT: the name; the key is another
 * peer's, the interface's own, or a revoked one. */
int prg_store_peer_insert(struct prg_store *store, struct prg_peer *peer,
                          const struct prg_preshared_key *psk, struct prg_error *err);
/* Writes every column and the tags by id, not prefixes and not the secret. */
int prg_store_peer_update(struct prg_store *store, const struct prg_peer *peer,
                          struct prg_error *err);
/* psk NULL: the old one is zeroed in place and an erase row is left. */
int prg_store_peer_set_psk(struct prg_store *store, int64_t peer_id,
                           const struct prg_preshared_key *psk, struct prg_error *err);
/* PRG_E_NOT_FOUND where it has none. */
int prg_store_peer_psk(struct prg_store *store, int64_t peer_id, struct prg_preshared_key *ret,
                       struct prg_error *err);
/* State revoked, revoked_at = now; secret zeroed in place, erase row left; key's
 * keyed hash (BLAKE2b keyed with the register's own random key) remembered;
 * routes released; addresses held until `hold_until` (released at once if not
 * later than now). */
int prg_store_peer_revoke(struct prg_store *store, const struct prg_peer *peer, int64_t now,
                          int64_t hold_until, struct prg_error *err);
int prg_store_key_is_revoked(struct prg_store *store, int64_t interface_id,
                             const struct prg_public_key *key, bool *ret,
                             struct prg_error *err);

/* ---- revoked keys: hashes, each under the key of the register that made it */
#define PRG_HASH_BYTES 32
int prg_store_revoked_remember(struct prg_store *store, int64_t interface_id,
                               const struct prg_public_key *key, int64_t now,
                               struct prg_error *err);
/* One that was made with hash_key, which may be another register's and is kept. */
int prg_store_revoked_add(struct prg_store *store, int64_t interface_id,
                          const unsigned char hash_key[PRG_HASH_BYTES],
                          const unsigned char hash[PRG_HASH_BYTES], int64_t now, bool *ret_new,
                          struct prg_error *err);
int prg_store_revoked_is_known(struct prg_store *store, int64_t interface_id,
                               const unsigned char hash[PRG_HASH_BYTES], bool *ret,
                               struct prg_error *err);
/* What is kept of a key, under the register's own hash key: since when, 0 for not. */
int prg_store_revoked_find(struct prg_store *store, int64_t interface_id,
                           const struct prg_public_key *key, unsigned char ret[PRG_HASH_BYTES],
                           int64_t *ret_at, struct prg_error *err);
/* All of one interface, by hash key, then hash. */
typedef int prg_store_revoked_fn(void *context, const unsigned char hash_key[PRG_HASH_BYTES],
                                 const unsigned char hash[PRG_HASH_BYTES], struct prg_error *err);
int prg_store_each_revoked(struct prg_store *store, int64_t interface_id, prg_store_revoked_fn *fn,
                           void *context, struct prg_error *err);

/* ---- forgetting */
/* Ids of all peers that have that name, revoked or not, with those that are older keys
 * of theirs, and of those that went with an interface of the same name and had it:
 * ascending, for free(3). None is no error. */
int prg_store_namesakes(struct prg_store *store, int64_t interface_id, const char *name,
                        int64_t **ret, size_t *ret_n, struct prg_error *err);
/* Addresses that are held as a peer's, by family and address; *ret for free(3). */
struct prg_held {
	struct prg_addr addr;
	int64_t until;
};
int prg_store_held(struct prg_store *store, int64_t interface_id, int64_t peer_id,
                   struct prg_held **ret, size_t *ret_n, struct prg_error *err);
/* What is kept of a peer's transfer; n 0: nothing. *ret for free(3). First the total,
 * with the day it was last seen (0: never), then months and days in order. */
struct prg_used {
	enum { PRG_USED_TOTAL, PRG_USED_MONTH, PRG_USED_DAY } of;
	int64_t when; /* model/usage.h */
	uint64_t rx_bytes, tx_bytes;
};
int prg_store_used(struct prg_store *store, int64_t peer_id, struct prg_used **ret, size_t *ret_n,
                   struct prg_error *err);
/* Takes one that is revoked, or has no row any more, out of every table; held addresses
 * stay held, and hashes of its keys stay. Adds to *rows and *entries how many rows of
 * peers and how many details of audit entries are gone. */
int prg_store_forget(struct prg_store *store, int64_t id, uint64_t *rows, uint64_t *entries,
                     struct prg_error *err);
/* Once after these, when what is pending for them is noted: prg_store_erase() makes
 * the file anew as soon as nothing of that is left. */
int prg_store_forget_end(struct prg_store *store, int64_t interface_id, struct prg_error *err);

/* ---- an iteration made for plans: every active peer as WireGuard sees it, in
 * order of id, with its preshared key (wiped after the call). One statement
 * each for rows, prefixes and secrets, merged; memory does not grow with the
 * number of peers. `name` and `id` for messages. Opens its own snapshot. */
struct prg_wg_peer;
typedef int prg_store_wg_fn(void *context, int64_t id, const char *name,
                            const struct prg_wg_peer *peer, struct prg_error *err);
int prg_store_each_wg(struct prg_store *store, int64_t interface_id, prg_store_wg_fn *fn,
                      void *context, struct prg_error *err);
/* The same, row by row, as it is asked for: at most limit of those with id > after.
 * names false: each name is "", which is quicker, above all for a part of the peers. A
 * snapshot is held until it is closed. */
struct prg_wg_rows;
struct prg_wg_row { /* valid until the next one */
	int64_t id;
	const char *name;
	bool has_endpoint; /* one is configured, though it may not be usable now */
	const struct prg_wg_peer *peer;
};
int prg_store_wg_open(struct prg_store *store, int64_t interface_id, int64_t after, size_t limit,
                      bool names, struct prg_wg_rows **ret, struct prg_error *err);
/* *ret NULL: that was the last. */
int prg_store_wg_next(struct prg_wg_rows *rows, const struct prg_wg_row **ret,
                      struct prg_error *err);
void prg_store_wg_close(struct prg_wg_rows **rows);
#define PRG_WG_ROWS PRG_CLEANUP(prg_store_wg_close) struct prg_wg_rows
/* The id of the active peer with that key; 0: there is none. */
int prg_store_active_by_key(struct prg_store *store, int64_t interface_id,
                            const struct prg_public_key *key, int64_t *ret_id,
                            struct prg_error *err);
/* The name of a peer by id. */
int prg_store_peer_name(struct prg_store *store, int64_t id, char ret[PRG_NAME_BYTES + 1],
                        struct prg_error *err);
/* One peer as WireGuard sees it; arrays point into *peer, the key into the arena. */
int prg_store_wg_peer(struct prg_store *store, const struct prg_peer *peer,
                      struct prg_arena *arena, struct prg_wg_peer *ret, struct prg_error *err);
/* The same of a peer whose preshared key (NULL: none) is at hand. */
int prg_store_wg_known(const struct prg_peer *peer, const struct prg_preshared_key *psk,
                       struct prg_arena *arena, struct prg_wg_peer *ret, struct prg_error *err);

/* ---- pending: what may differ from the running interface until acknowledged */
enum prg_pending_kind {
	PRG_PENDING_PEER = 1, /* key: reconcile this public key */
	PRG_PENDING_ROUTE,    /* prefix: reconcile this route */
	PRG_PENDING_DEVICE,   /* the device, its link and its firewall */
	PRG_PENDING_ERASE,    /* a secret was zeroed: the WAL must be truncated; a peer was
	                         forgotten: the file must be made anew before that */
	PRG_PENDING_KEY       /* the interface's private key is to be replaced */
};
struct prg_pending {
	int64_t id;
	enum prg_pending_kind kind;
	bool goes; /* PEER: it was to be removed */
	struct prg_public_key key;
	struct prg_prefix prefix;
};
int prg_store_pending_add(struct prg_store *store, int64_t interface_id,
                          const struct prg_pending *pending, int64_t *ret_id,
                          struct prg_error *err);
/* All of one interface, oldest first, without ERASE rows; *ret for free(3). */
int prg_store_pending(struct prg_store *store, int64_t interface_id, struct prg_pending **ret,
                      size_t *ret_n, struct prg_error *err);
/* Is a DEVICE row pending, of any interface? */
int prg_store_pending_device(struct prg_store *store, bool *ret, struct prg_error *err);
/* One small transaction, not fsynced: doing a pending thing twice is harmless. */
int prg_store_pending_clear(struct prg_store *store, const int64_t *ids, size_t n,
                            struct prg_error *err);
/* The same, and peers with these keys were removed: their counters begin anew. */
int prg_store_acknowledge(struct prg_store *store, int64_t interface_id, const int64_t *ids,
                          size_t n, const struct prg_public_key *gone, size_t n_gone,
                          struct prg_error *err);
/* Every pending row of an interface but ERASE. */
int prg_store_pending_clear_all(struct prg_store *store, int64_t interface_id,
                                struct prg_error *err);
enum prg_erased {
	PRG_ERASED = 0,
	PRG_ERASED_READER, /* not yet: somebody reads, or writes */
	PRG_ERASED_WAITS   /* not yet: the key of who was forgotten is pending */
};
/* Where ERASE rows are pending: the file made anew (VACUUM, in memory) if one asks for
 * it, a truncating checkpoint, then the rows go. Outside a transaction. What is not
 * done yet stays pending. */
int prg_store_erase(struct prg_store *store, enum prg_erased *ret, struct prg_error *err);

#endif
