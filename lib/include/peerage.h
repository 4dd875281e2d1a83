/* SPDX-License-Identifier: ISC */
/*
 * libpeerage: the register of who may use a WireGuard server.
 *
 * In the order of the road that every change travels:
 *   intent -> store (one transaction) -> plan -> backend (apply) -> report
 *
 * Conventions
 *  - A fallible function returns 0 or a negative PRG_E_* and takes
 *    `struct prg_error *err` last; NULL is allowed. Outputs named ret_* are
 *    untouched on failure.
 *  - The library never prints, never logs, never exits, opens no IP socket and
 *    starts no program but nft(8).
 *  - x_new/x_free(T **): free of a pointer to NULL is fine and sets it to NULL.
 *  - A handle belongs to one thread at a time; different handles may be used in
 *    different threads. A prg_register does not survive a fork.
 *  - Structs with visible members are made by the library only and are read
 *    only for the caller; members may be added at their end. Exceptions, plain
 *    values that a caller may make: keys, prg_addr, prg_prefix, prg_endpoint,
 *    prg_error.
 *  - Text is UTF-8 and NUL-terminated; times are seconds since 1970-01-01 UTC;
 *    0 as a time means "none".
 */
#ifndef PEERAGE_H
#define PEERAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define PRG_PRINTF(f, a) __attribute__((format(printf, f, a)))
#define PRG_MUST_CHECK __attribute__((warn_unused_result))
#else
#define PRG_PRINTF(f, a)
#define PRG_MUST_CHECK
#endif

#define PRG_VERSION "0.1.0"

/* Version of the library that is linked, e.g. "0.1.0". Static storage. */
const char *prg_version(void);

/* ------------------------------------------------------------------ errors */

/*
 * What went wrong. -PRG_E_FAILED to -PRG_E_PERMISSION are the exit codes of
 * peerage(8); the codes below them tell kinds of PRG_E_FAILED apart.
 */
enum prg_code {
	PRG_OK = 0,
	PRG_E_FAILED = -1,      /* I/O, kernel or other failure */
	PRG_E_USAGE = -2,       /* a malformed or contradictory value */
	PRG_E_CONFLICT = -3,    /* name, key, address or route taken; key revoked */
	PRG_E_NOT_APPLIED = -4, /* recorded, but the interface is not in line yet */
	PRG_E_NOT_FOUND = -6,   /* no such peer or interface */
	PRG_E_PERMISSION = -7,  /* the process lacks a privilege */
	PRG_E_NOMEM = -16,      /* out of memory */
	PRG_E_BUSY = -17,       /* register or interface held by another process */
	PRG_E_CORRUPT = -18,    /* the register, or a message, is damaged */
	PRG_E_UNSUPPORTED = -19,/* no kernel support; register of a newer version */
	PRG_E_FULL = -20        /* no address left in a pool; disk full */
};

/*
 * An error with its context, one line, no final newline, never a secret.
 * Caller-owned; the library neither allocates nor frees anything in it.
 */
struct prg_error {
	int code;
	char message[1024];
};

/* Exit code of peerage(8) for a PRG_* code: 0 to 7. */
int prg_exit_code(int code);

/* Stable lower-case word for a code ("conflict", "busy"…). Static storage. */
const char *prg_code_name(int code);

/* -------------------------------------------------------------------- keys */

#define PRG_KEY_BYTES 32 /* Curve25519 and the preshared key: WireGuard paper, 5.4 */
#define PRG_KEY_TEXT 45  /* base64 of 32 bytes, with NUL */

struct prg_public_key {
	unsigned char bytes[PRG_KEY_BYTES];
};
struct prg_private_key {
	unsigned char bytes[PRG_KEY_BYTES]; /* clamped as in RFC 7748, section 5 */
};
struct prg_preshared_key {
	unsigned char bytes[PRG_KEY_BYTES]; /* all zero: none */
};

/* Draws a new clamped private key from the kernel's random source.
 * Errors: PRG_E_FAILED where there is no random source. */
PRG_MUST_CHECK int prg_private_key_generate(struct prg_private_key *ret_key,
                                            struct prg_error *err);
/* Draws a new preshared key. Errors as above. */
PRG_MUST_CHECK int prg_preshared_key_generate(struct prg_preshared_key *ret_key,
                                              struct prg_error *err);
/* The public key of a private key (X25519 with the base point, RFC 7748). */
PRG_MUST_CHECK int prg_public_key_derive(const struct prg_private_key *key,
                                         struct prg_public_key *ret_key, struct prg_error *err);

/*
 * Base64 (RFC 4648, section 4; 43 characters and one '=') to a key. `length`
 * bytes of text are read; surrounding white space is not accepted. The bits
 * that base64 leaves over must be zero, as wg(8) demands. Private keys are
 * clamped. Constant time in the value of a secret.
 * Errors: PRG_E_USAGE (the message never repeats a secret's text).
 */
PRG_MUST_CHECK int prg_public_key_parse(const char *text, size_t length,
                                        struct prg_public_key *ret_key, struct prg_error *err);
PRG_MUST_CHECK int prg_private_key_parse(const char *text, size_t length,
                                         struct prg_private_key *ret_key, struct prg_error *err);
PRG_MUST_CHECK int prg_preshared_key_parse(const char *text, size_t length,
                                           struct prg_preshared_key *ret_key,
                                           struct prg_error *err);

void prg_public_key_format(const struct prg_public_key *key, char ret_text[PRG_KEY_TEXT]);
/* The only functions that turn a secret into text; wipe the text after use. */
void prg_private_key_reveal(const struct prg_private_key *key, char ret_text[PRG_KEY_TEXT]);
void prg_preshared_key_reveal(const struct prg_preshared_key *key, char ret_text[PRG_KEY_TEXT]);

/* Overwrites memory in a way that a compiler does not remove. NULL is fine. */
void prg_wipe(void *memory, size_t length);

/* --------------------------------------------------------------- addresses */

#define PRG_ADDR_TEXT 46     /* INET6_ADDRSTRLEN */
#define PRG_PREFIX_TEXT 50   /* address, '/', three digits, NUL */
#define PRG_ENDPOINT_TEXT 264
#define PRG_IFNAME_TEXT 16   /* IFNAMSIZ, linux/if.h */
#define PRG_NAME_BYTES 64    /* longest name of a peer, without NUL */
#define PRG_SLUG_TEXT 16     /* tunnel name of the phone apps: 15 and NUL */

struct prg_addr {
	uint8_t family;    /* 4 or 6; 0: unset */
	uint8_t bytes[16]; /* network order; IPv4 in the first 4, the rest zero */
};

/* An address with a prefix length; host bits may be set (an interface's own
 * address in its pool) or not (an allowed IP), as each use says. */
struct prg_prefix {
	struct prg_addr addr;
	uint8_t length; /* 0 to 32, or 0 to 128 */
};

/* Where a WireGuard side listens: host name or address literal (without
 * brackets; a zone as in fe80::1%eth0 stays part of it) and port. */
struct prg_endpoint {
	char host[256];
	uint16_t port; /* 1 to 65535; 0: unset */
};

/* Text to value and back. Parsers accept what inet_pton(3) accepts, no octal,
 * no surrounding space. A prefix without '/' is a host prefix (/32, /128).
 * prg_endpoint_parse: "host", "host:port", "[v6]:port" and a bare "v6";
 * default_port stands in where no port is given, 0 makes a port obligatory.
 * Errors: PRG_E_USAGE. */
PRG_MUST_CHECK int prg_addr_parse(const char *text, struct prg_addr *ret_addr,
                                  struct prg_error *err);
PRG_MUST_CHECK int prg_prefix_parse(const char *text, struct prg_prefix *ret_prefix,
                                    struct prg_error *err);
PRG_MUST_CHECK int prg_endpoint_parse(const char *text, uint16_t default_port,
                                      struct prg_endpoint *ret_endpoint, struct prg_error *err);
void prg_addr_format(const struct prg_addr *addr, char ret_text[PRG_ADDR_TEXT]);
void prg_prefix_format(const struct prg_prefix *prefix, char ret_text[PRG_PREFIX_TEXT]);
/* IPv6 literals in brackets. */
void prg_endpoint_format(const struct prg_endpoint *endpoint, char ret_text[PRG_ENDPOINT_TEXT]);

/* Checks a peer's name: 1 to 64 bytes of UTF-8 in NFC, letters and marks of
 * any script, decimal digits and ". _ @ + -", beginning with a letter or
 * digit. Errors: PRG_E_USAGE, saying which character and where. */
PRG_MUST_CHECK int prg_name_check(const char *name, struct prg_error *err);

/* Checks an interface's name: 1 to 15 of [a-zA-Z0-9_=+.-], not "." or "..".
 * Errors: PRG_E_USAGE. */
PRG_MUST_CHECK int prg_interface_name_check(const char *name, struct prg_error *err);

/* An ASCII slug of a name, at most 15 of [a-zA-Z0-9_=+.-], as the WireGuard
 * apps accept for a tunnel: other characters become '-'; where anything was
 * replaced or cut, the end is a hash of the name, so that different names have
 * different slugs. */
void prg_name_slug(const char *name, char ret_slug[PRG_SLUG_TEXT]);

/* "90s", "15m", "12h", "30d", "2w", "1y" (365 d) to seconds. PRG_E_USAGE. */
PRG_MUST_CHECK int prg_duration_parse(const char *text, int64_t *ret_seconds,
                                      struct prg_error *err);

/* ---------------------------------------------------------------- register */

/* What should be: interfaces, peers, their secrets and the audit chain, in one
 * file of mode 0600. */
struct prg_register;

enum prg_open_flags {
	PRG_OPEN_CREATE = 1u << 0, /* make it (and its directory, 0700) if absent */
	PRG_OPEN_READ = 1u << 1    /* no change will be made */
};

/* Who runs the interface. AUTO: the kernel, else a userspace WireGuard that has
 * a socket for that interface; never NONE. MEMORY: a fake for tests, private to
 * the process. */
enum prg_backend_kind {
	PRG_BACKEND_AUTO = 0,
	PRG_BACKEND_NETLINK,
	PRG_BACKEND_UAPI,
	PRG_BACKEND_NONE,
	PRG_BACKEND_MEMORY
};

/*
 * Opens a register. path NULL means /var/lib/peerage/register.db. wait_ms: how
 * long any later call may wait for another process that holds the register or
 * an interface. Symbolic links are not followed.
 * Errors: PRG_E_NOT_FOUND (absent, and no PRG_OPEN_CREATE), PRG_E_PERMISSION,
 * PRG_E_UNSUPPORTED (a newer version; untouched), PRG_E_CORRUPT, PRG_E_BUSY.
 * Privilege: read and write on the file and its directory.
 */
PRG_MUST_CHECK int prg_register_open(const char *path, unsigned flags, unsigned wait_ms,
                                     struct prg_register **ret_register, struct prg_error *err);
void prg_register_close(struct prg_register **reg);

/* 32 lower-case hex digits that name this register. Owned by the handle. */
const char *prg_register_id(const struct prg_register *reg);

/* Which backend later calls use; PRG_BACKEND_AUTO until set. */
void prg_register_set_backend(struct prg_register *reg, enum prg_backend_kind kind);

/* Who acts, for the audit chain: "root", "alice (sudo)", a unit's name. At most
 * 128 bytes, copied. Unset: "uid N". */
void prg_register_set_actor(struct prg_register *reg, const char *actor);

/* Calls fn after each commit, once for each new entry of the audit chain. hash
 * is 64 hex digits. */
typedef void prg_witness_fn(void *context, uint64_t number, const char *verb, const char *hash);
void prg_register_set_witness(struct prg_register *reg, prg_witness_fn *fn, void *context);

/*
 * For a process that means to give up rights once it has started: to start programs,
 * to make files outside of some directories, capabilities.
 *
 * Starts a child that from now on runs nft(8) for this process: whatever brings an
 * interface up or down, sets or reads its firewall, needs it, and without it would
 * start nft itself. Call it before there are threads and before keys are made or
 * read, for what is in memory is in the child's too. The child keeps of the
 * capabilities only CAP_NET_ADMIN, and of the open files none; it takes a ruleset
 * that is to be loaded, or one of three listings, and nothing else. It ends with this
 * process, and is a child of it until then. A second call does nothing; a process
 * that was forked off later does not share it.
 * Errors: PRG_E_FAILED, PRG_E_NOMEM (no process, no descriptor).
 */
PRG_MUST_CHECK int prg_prepare_firewall(struct prg_error *err);
/*
 * Loads libqrencode, which prg_qr_new() needs, and with png libpng, for prg_qr_png().
 * Otherwise these load them when first called, which a process that may open no file, or
 * have none run, cannot.
 * Errors: PRG_E_UNSUPPORTED: a library is not there, or png was left out of this build.
 */
PRG_MUST_CHECK int prg_prepare_qr(bool png, struct prg_error *err);
/*
 * As prg_prepare_firewall(), for changes of a register that was opened: where an
 * earlier process left work at an interface or its firewall undone, the next change does
 * it, whatever it is, so that is called; *ret_host tells whether it is so, and hence /proc/sys/net may have to be written. It also makes /run/peerage, where it
 * may: the interfaces' locks are in it. Here the child knows what opening a register
 * reads: no key of an interface or peer, but the key of the revoked keys' hashes.
 * Errors: as above; PRG_E_CORRUPT, PRG_E_BUSY.
 */
PRG_MUST_CHECK int prg_register_prepare(struct prg_register *reg, bool *ret_host,
                                        struct prg_error *err);

/*
 * Recomputes the audit chain from its first entry. *ret_entries is the number
 * of entries that hold; *ret_head receives the 64 hex digits of the last hash.
 * Errors: PRG_E_CORRUPT names the first entry that does not hold.
 */
PRG_MUST_CHECK int prg_register_verify(struct prg_register *reg, uint64_t *ret_entries,
                                       char ret_head[65], struct prg_error *err);
/*
 * The same, and that the chain extends one that was seen before: head is the 64
 * hex digits that a verification, or a witness, gave then. A chain that was cut
 * or rewritten by someone who may write the file holds in itself; only a head
 * that was kept elsewhere shows it.
 * Errors: PRG_E_CORRUPT also where no entry has that hash; PRG_E_USAGE: head is
 * no such text.
 */
PRG_MUST_CHECK int prg_register_verify_from(struct prg_register *reg, const char *head,
                                            uint64_t *ret_entries, char ret_head[65],
                                            struct prg_error *err);

/* Entries first to last do not hold, and were accepted as they are by the entry behind
 * them. A return other than 0 ends the verification, and is returned. */
typedef int prg_accepted_fn(void *context, uint64_t first, uint64_t last);
/*
 * Verifies, and calls fn for each run of entries that was accepted: what was altered
 * since holds no more. head: as above, or NULL; fn may be NULL. Errors: as above.
 */
PRG_MUST_CHECK int prg_register_verify_accepted(struct prg_register *reg, const char *head,
                                                prg_accepted_fn *fn, void *context,
                                                uint64_t *ret_entries, char ret_head[65],
                                                struct prg_error *err);
/*
 * Accepts entry `first`, the first that does not hold, and all behind it as they are now,
 * for good and in sight: an entry "accept" takes their place in the chain, with a digest
 * of them, and each verification tells of it. Nothing is altered or taken away. A head
 * that was kept from before `first` is still extended; one from behind it is not.
 * For after the damage was looked at, where there is no copy to go back to.
 * Errors: PRG_E_CONFLICT: the chain holds, or another entry is the first; PRG_E_BUSY,
 * PRG_E_NOMEM; PRG_E_FAILED, PRG_E_FULL (disk). Privilege: the register's file.
 */
PRG_MUST_CHECK int prg_register_accept(struct prg_register *reg, uint64_t first,
                                       struct prg_error *err);

/* ------------------------------------------------------ interfaces and peers */

enum prg_peer_state {
	PRG_PEER_ACTIVE = 0,
	PRG_PEER_DISABLED,
	PRG_PEER_EXPIRED,
	PRG_PEER_REVOKED
};
/* "active", "disabled", "expired", "revoked". Static storage. */
const char *prg_peer_state_name(enum prg_peer_state state);

enum prg_quota_period { PRG_QUOTA_TOTAL = 0, PRG_QUOTA_DAY, PRG_QUOTA_MONTH };

/* A registered interface. */
struct prg_interface {
	int64_t id;
	char name[PRG_IFNAME_TEXT];
	struct prg_public_key public_key;
	uint16_t listen_port;
	uint16_t mtu;                     /* 0: the kernel's default (1420) */
	struct prg_prefix *addresses;     /* own address in its pool, host bits set */
	size_t n_addresses;
	struct prg_endpoint endpoint;     /* what clients are told to connect to */
	struct prg_addr *dns;             /* n_dns 0: none */
	size_t n_dns;
	struct prg_prefix *client_allowed_ips;
	size_t n_client_allowed_ips;
	uint16_t client_keepalive_s;      /* 0: off */
	char nat[PRG_IFNAME_TEXT];        /* a device, "auto" or "none" */
	bool isolate;                     /* peers may not reach one another */
	bool wanted_up;                   /* up by the admin's own word */
	int64_t created_at;
	int64_t config_epoch;             /* grows when handed-out configs go stale */
	int64_t stale_after_s;            /* no handshake for so long: PRG_LIVE_STALE;
	                                     0: never */
	int64_t scrub_idle_s;             /* endpoints of peers idle for so long are
	                                     forgotten; 0: never */
	int64_t rotate_after_s;           /* age at which a key wants to be rotated; 0: none */
};

/* A registered peer. */
struct prg_peer {
	int64_t id;
	int64_t interface_id;
	char name[PRG_NAME_BYTES + 1];
	struct prg_public_key public_key;
	enum prg_peer_state state;
	struct prg_prefix *addresses;     /* host prefixes */
	size_t n_addresses;
	struct prg_prefix *routes;        /* host bits zero */
	size_t n_routes;
	bool own_client_allowed_ips;      /* else the interface's apply */
	struct prg_prefix *client_allowed_ips;
	size_t n_client_allowed_ips;
	bool own_dns;                     /* else the interface's apply */
	struct prg_addr *dns;
	size_t n_dns;
	bool own_client_keepalive;        /* else the interface's applies */
	uint16_t client_keepalive_s;
	uint16_t mtu;                     /* client's; 0: the interface's */
	uint16_t keepalive_s;             /* the server's; 0: off */
	bool has_preshared_key;
	struct prg_endpoint endpoint;     /* configured; port 0: none */
	char **tags;                      /* sorted */
	size_t n_tags;
	char *note;                       /* NULL: none */
	int64_t created_at;
	int64_t expires_at;               /* 0: never */
	int64_t revoked_at;               /* 0: not revoked */
	uint64_t quota_bytes;             /* 0: none */
	enum prg_quota_period quota_period;
	bool config_stale;                /* handed out before the endpoint, server key… changed */
	int64_t config_epoch;             /* the interface's when the config was handed out */
	int64_t keyed_at;                 /* since when it has this key */
	int64_t resumes_at;               /* expired because its quota is used up, until then
	                                     (INT64_MAX: for good); 0: it is not */
	int64_t successor_id;             /* id of the peer that has the newer key; 0: none */
	int64_t overlap_until;            /* until when this older one works; 0: no such end */
	char successor[PRG_NAME_BYTES + 1]; /* name of that peer; "": none */
	char older[PRG_NAME_BYTES + 1];   /* name of the peer that has the key before, while
	                                     that works too; "": none */
	struct prg_public_key older_key;
	int64_t older_until;              /* until when it does at most; 0: there is none */
	uint64_t quota_used_bytes;        /* of its quota's present period; 0: it has none */
};

void prg_interface_free(struct prg_interface **interface);
void prg_peer_free(struct prg_peer **peer);

/* What the server's kernel holds for a peer: addresses, then routes. */
size_t prg_peer_n_allowed_ips(const struct prg_peer *peer);
const struct prg_prefix *prg_peer_allowed_ip(const struct prg_peer *peer, size_t index);

/*
 * Looks one up. interface NULL: the only one that the register holds.
 * prg_find_peer finds the peer of that name that is not revoked, else the one
 * revoked last. Errors: PRG_E_NOT_FOUND; PRG_E_USAGE where interface is NULL
 * and the register holds several.
 */
PRG_MUST_CHECK int prg_find_interface(struct prg_register *reg, const char *interface,
                                      struct prg_interface **ret_interface,
                                      struct prg_error *err);
PRG_MUST_CHECK int prg_find_peer(struct prg_register *reg, const char *interface, const char *name,
                                 struct prg_peer **ret_peer, struct prg_error *err);

/* Calls fn for each, interfaces by name, peers by creation. What fn is given is
 * valid during the call. A non-zero return of fn ends the listing and is
 * returned. No read transaction is open while fn runs. */
typedef int prg_interface_fn(void *context, const struct prg_interface *interface);
typedef int prg_peer_fn(void *context, const struct prg_peer *peer);
PRG_MUST_CHECK int prg_list_interfaces(struct prg_register *reg, prg_interface_fn *fn,
                                       void *context, struct prg_error *err);
PRG_MUST_CHECK int prg_list_peers(struct prg_register *reg, const char *interface,
                                  prg_peer_fn *fn, void *context, struct prg_error *err);

/* Number of peers of an interface in a state. */
PRG_MUST_CHECK int prg_count_peers(struct prg_register *reg, const char *interface,
                                   enum prg_peer_state state, uint64_t *ret_count,
                                   struct prg_error *err);

/* ------------------------------------------------------------------ intent */

/* One change that somebody wants: a verb, an interface, peers with values. */
struct prg_intent;

enum prg_verb {
	PRG_INIT = 1,          /* register an interface and bring it up */
	PRG_CONFIGURE,         /* change an interface's settings */
	PRG_REMOVE_INTERFACE,  /* bring it down and take it out of the register */
	PRG_UP,                /* make it as registered; already up: as PRG_SYNC */
	PRG_DOWN,              /* take it away; the register stays */
	PRG_SYNC,              /* make the running interface equal to the register */
	PRG_ADD,               /* new peers: all or nothing */
	PRG_REVOKE,            /* cut off for good */
	PRG_DISABLE,
	PRG_ENABLE,
	PRG_RENAME,
	PRG_SET,               /* change what PRG_ADD set */
	PRG_IMPORT,            /* register an interface that exists, with its peers */
	PRG_APPLY,             /* make an interface and its peers as a document says */
	PRG_ROTATE,            /* new keys, same addresses; the old key is revoked. With
	                          PRG_FIELD_OVERLAP of an active peer it becomes a peer
	                          NAME.old, and the new key gets other addresses */
	PRG_MAINTAIN,          /* a tick: counters, expiry, quotas, endpoints, drift */
	PRG_FORGET             /* cut off, and erase all that the register holds on them */
};

/*
 * What prg_intent_set() takes; the text is as on the command line ("none"
 * clears a setting where that makes sense). I: for PRG_INIT, PRG_CONFIGURE and
 * PRG_IMPORT, where it goes before what is read;
 * A: PRG_ADD; S: PRG_SET; E: PRG_ENABLE; R: PRG_REVOKE; N: PRG_RENAME;
 * O: PRG_ROTATE.
 */
enum prg_field {
	PRG_FIELD_ENDPOINT = 1,       /* I   HOST[:PORT]; port: the listen port */
	PRG_FIELD_ADDRESS,            /* IAS addresses, comma separated; I: with prefix length */
	PRG_FIELD_LISTEN_PORT,        /* I   1 to 65535 */
	PRG_FIELD_DNS,                /* IAS addresses, comma separated, or none; S: also "default" */
	PRG_FIELD_CLIENT_ALLOWED_IPS, /* IAS prefixes, comma separated; S: also "default" */
	PRG_FIELD_MTU,                /* IAS 576 to 65535, or none */
	PRG_FIELD_CLIENT_KEEPALIVE,   /* IAS seconds, 0 to 65535, or none; S: also "default" */
	PRG_FIELD_NAT,                /* I   a device, auto or none */
	PRG_FIELD_ISOLATE,            /* I   yes or no */
	PRG_FIELD_PUBLIC_KEY,         /* AO  base64 */
	PRG_FIELD_PRESHARED_KEY,      /* AS  only "none" or "new"; for a key of one's own see
	                                     prg_intent_set_preshared_key() */
	PRG_FIELD_ROUTES,             /* AS  prefixes, comma separated, or none */
	PRG_FIELD_PEER_ENDPOINT,      /* AS  ADDRESS:PORT, or none; names are not resolved */
	PRG_FIELD_KEEPALIVE,          /* AS  seconds, 0 to 65535, or none */
	PRG_FIELD_EXPIRES,            /* ASE a moment or a duration from now, or none */
	PRG_FIELD_QUOTA,              /* AS  SIZE[/day|/month], or none */
	PRG_FIELD_TAG,                /* AS  1 to 64 bytes as a name; repeatable */
	PRG_FIELD_UNTAG,              /* S   repeatable */
	PRG_FIELD_NOTE,               /* AS  at most 1024 bytes of one line, or none */
	PRG_FIELD_HOLD,               /* R   duration; 30d until set */
	PRG_FIELD_NEW_NAME,           /* N */
	PRG_FIELD_STALE_AFTER,        /* I   duration, or none; 30d until set */
	PRG_FIELD_SCRUB_IDLE,         /* I   duration, at least 3m, or none; 10m until set */
	PRG_FIELD_ROTATE_AFTER,       /* I   duration, or none */
	PRG_FIELD_OVERLAP             /* O   duration, 1m to 1y: so long, or until the new key is
	                                     in use, the old one goes on working */
};

enum prg_intent_flags {
	PRG_DRY_RUN = 1u << 0,     /* plan only */
	PRG_NO_APPLY = 1u << 1,    /* record only */
	PRG_IF_ABSENT = 1u << 2,   /* PRG_ADD: a name that exists already is left as it is */
	PRG_PRUNE = 1u << 3,       /* PRG_SYNC: peers that were never registered go too;
	                              PRG_APPLY: those not in the document are revoked */
	PRG_REPLACE_KEY = 1u << 4, /* PRG_SYNC: replace a private key that is not ours;
	                              PRG_APPLY: replace keys, the interface's or a peer's */
	PRG_NO_UP = 1u << 5,       /* PRG_INIT, PRG_IMPORT: register only */
	PRG_LIVE = 1u << 6         /* PRG_IMPORT: what runs, not what was read */
};

/* interface NULL: the only one of the register; PRG_INIT, PRG_IMPORT: "wg0".
 * Errors: PRG_E_USAGE (name), PRG_E_NOMEM. */
PRG_MUST_CHECK int prg_intent_new(enum prg_verb verb, const char *interface,
                                  struct prg_intent **ret_intent, struct prg_error *err);
void prg_intent_free(struct prg_intent **intent);
void prg_intent_set_flags(struct prg_intent *intent, unsigned flags);

/* Begins the next peer; the values set from here on are its own. Values set
 * before the first peer are every peer's. Errors: PRG_E_USAGE (name; a name
 * given twice), PRG_E_NOMEM. */
PRG_MUST_CHECK int prg_intent_peer(struct prg_intent *intent, const char *name,
                                   struct prg_error *err);
/* Errors: PRG_E_USAGE (malformed; not a field of this verb), PRG_E_NOMEM. */
PRG_MUST_CHECK int prg_intent_set(struct prg_intent *intent, enum prg_field field,
                                  const char *text, struct prg_error *err);
/* PRG_INIT, PRG_CONFIGURE, and PRG_IMPORT of a config that has none: the
 * interface's private key. Copied. */
PRG_MUST_CHECK int prg_intent_set_private_key(struct prg_intent *intent,
                                              const struct prg_private_key *key,
                                              struct prg_error *err);
/* PRG_ADD, PRG_SET: the peer's preshared key instead of a new one. Copied. */
PRG_MUST_CHECK int prg_intent_set_preshared_key(struct prg_intent *intent,
                                                const struct prg_preshared_key *key,
                                                struct prg_error *err);

/*
 * PRG_IMPORT: reads a server's wg-quick config, in place of one that was read
 * before. `length` bytes of text, at most 32 MiB, are copied as far as they are
 * needed; wipe them after. source: the file's name, for messages.
 *
 * Keys, addresses, listen port and MTU become the interface's; each [Peer] becomes
 * a peer, also those that pivpn has disabled. It is named by the comments of pivpn,
 * angristan/wireguard-install, Nyr/wireguard-install, wg-easy or "friendly_name",
 * else by a comment of its own that could be a name, else "peer-" and the beginning
 * of its key. Of its allowed IPs those that are single addresses in a pool of the
 * interface are its addresses, or any single one where the interface has no pool of
 * that family; the others are its routes. What is not taken over is in the report.
 * Errors: PRG_E_USAGE (line and column), PRG_E_NOMEM.
 */
PRG_MUST_CHECK int prg_intent_read_config(struct prg_intent *intent, const char *text,
                                          size_t length, const char *source,
                                          struct prg_error *err);

/* One thing that is wrong with a text that lists peers. */
struct prg_problem {
	unsigned line;      /* from 1 */
	unsigned column;    /* in bytes, from 1; 0: the line as a whole */
	int code;           /* PRG_E_USAGE: malformed; PRG_E_CONFLICT, PRG_E_FULL: the register
	                       has it otherwise */
	const char *reason; /* one line, never a secret; valid during the call */
};
typedef void prg_problem_fn(void *context, const struct prg_problem *problem);

/* fn is told of every problem that prg_intent_read(), prg_intent_read_document()
 * and, for the peers of the former, prg_execute() find: all of them. */
void prg_intent_set_problems(struct prg_intent *intent, prg_problem_fn *fn, void *context);

/*
 * PRG_APPLY: reads a document, as prg_dump() writes it and peerage-document(5)
 * describes it: `length` bytes of UTF-8, at most 256 MB. The text need not outlive
 * the call; wipe it, for it holds keys. Once an intent.
 *
 * Each bad line is told as a problem; *err then has the first, and how many more.
 *
 * What prg_execute() makes of it: peers are matched by key, then by name. One that
 * matches becomes as the document says; a setting that a [Peer] does not name is
 * none. A setting that [Interface] does not name stays. The same name with another
 * key: the old key is revoked, a new peer has its place; that, and another private
 * key of the interface, needs PRG_REPLACE_KEY. Peers that the document does not name
 * are left over; with PRG_PRUNE they are revoked. An interface that the register
 * does not have is made, as by PRG_INIT. Changes are in the report, those to the
 * register too; with nothing to change nothing is written.
 * Errors: PRG_E_USAGE (nothing is read then), PRG_E_NOMEM. Of prg_execute():
 * PRG_E_CONFLICT where a key of the document is revoked; PRG_E_USAGE where a key
 * would be replaced, or where a secret was left out and there is none to keep.
 */
PRG_MUST_CHECK int prg_intent_read_document(struct prg_intent *intent, const char *text,
                                            size_t length, struct prg_error *err);

/*
 * PRG_ADD: begins one peer after the other, as a text lists them. Three formats,
 * told apart by what is there:
 *   names        one a line
 *   CSV          RFC 4180, a header line first; ',', ';' or tab between cells
 *   JSON lines   one object a line
 * Blank lines and lines that begin with '#' are skipped; CRLF and a byte order
 * mark are fine. Columns and keys: name, public_key, address (addresses),
 * routes, peer_endpoint, client_allowed_ips, dns, mtu, client_keepalive,
 * keepalive, expires (expires_at), quota, tag (tags), note, and preshared_key
 * ("none", "new" or a key). Values are as for prg_intent_set(); lists have ','
 * or spaces between them, in JSON they may be arrays. An empty cell, null: not
 * given. Nothing of the text is kept but in memory that is locked and wiped;
 * wipe the text after use where it holds preshared keys.
 * Errors: PRG_E_USAGE, with line and column of the first problem; after a
 * failure the intent is good for prg_intent_free() only.
 */
PRG_MUST_CHECK int prg_intent_read(struct prg_intent *intent, const char *text, size_t length,
                                   struct prg_error *err);
/* What is told now and then while many peers are worked on: "recorded". */
typedef void prg_progress_fn(void *context, const char *what, size_t done, size_t total);
void prg_intent_set_progress(struct prg_intent *intent, prg_progress_fn *fn, void *context);

/* How many peers the intent names so far. */
size_t prg_intent_n_peers(const struct prg_intent *intent);

/* ------------------------------------------------------------------ report */

/* What happened. */
struct prg_report;

/*
 * fn is called inside the transaction, right before its COMMIT, with the report
 * as it will be, applied apart; not with PRG_DRY_RUN. A return other than 0
 * undoes all of it, and prg_execute() returns what fn left in *err (PRG_E_FAILED
 * where it left nothing). Whoever writes configs to files does it here, and
 * syncs them: then no peer is ever in the register whose private key nobody has.
 * The register, and the interface's lock, are held meanwhile; fn may not use the
 * register that it is called from, nor keep the report.
 */
typedef int prg_before_commit_fn(void *context, const struct prg_report *report,
                                 struct prg_error *err);
void prg_intent_set_before_commit(struct prg_intent *intent, prg_before_commit_fn *fn,
                                  void *context);

/*
 * Travels the road: keys, probe, lock, drain what is pending, one transaction,
 * apply, acknowledge. A report is returned on success and also with
 * PRG_E_NOT_APPLIED, where the change is recorded and stays pending.
 * Errors: any; after anything but PRG_E_NOT_APPLIED the register is as before.
 * Privilege: the register's file; CAP_NET_ADMIN where an interface is applied
 * to; root for PRG_UP's sysctls and firewall.
 * Memory, on 64 bits, beside some 8 MB: at most 2.5 KB for each peer of the intent,
 * its report with it; 250 bytes for each that runs with PRG_SYNC; nothing a peer with
 * PRG_UP and PRG_DOWN.
 */
PRG_MUST_CHECK int prg_execute(struct prg_register *reg, const struct prg_intent *intent,
                               struct prg_report **ret_report, struct prg_error *err);
void prg_report_free(struct prg_report **report);

enum prg_outcome {
	PRG_CREATED = 1,
	PRG_CHANGED,
	PRG_UNCHANGED /* it was so already, or PRG_IF_ABSENT */
};

/* One peer of the intent, in its order. The secrets are those that this call
 * made or was given; NULL otherwise. All owned by the report. */
struct prg_result {
	const struct prg_peer *peer; /* as it is now */
	enum prg_outcome outcome;
	const struct prg_private_key *private_key;
	const struct prg_preshared_key *preshared_key;
};

/* One field of a change: JSON text of the value before and after; never a
 * secret (a preshared key shows as true or false). */
struct prg_field_change {
	const char *name;
	const char *from;
	const char *to;
};
struct prg_change {
	const char *action;           /* "add", "remove", "update", "configure" */
	const char *peer;             /* NULL: the interface, or a peer with no name */
	bool has_public_key;
	struct prg_public_key public_key;
	const struct prg_field_change *fields;
	size_t n_fields;
};

const struct prg_interface *prg_report_interface(const struct prg_report *report);
/* The kernel (or userspace WireGuard) has what the register has. */
bool prg_report_applied(const struct prg_report *report);
size_t prg_report_n_results(const struct prg_report *report);
const struct prg_result *prg_report_result(const struct prg_report *report, size_t index);
/* What was, or with PRG_DRY_RUN would be, changed in the running interface. */
size_t prg_report_n_changes(const struct prg_report *report);
const struct prg_change *prg_report_change(const struct prg_report *report, size_t index);
/* Keys found live that were never registered, or of PRG_APPLY registered and not in
 * the document, and left alone. */
size_t prg_report_n_left_over(const struct prg_report *report);
const struct prg_public_key *prg_report_left_over(const struct prg_report *report, size_t index);
/* Lines for a person: what was decided, what to mind, commands that mend. */
size_t prg_report_n_remarks(const struct prg_report *report);
const char *prg_report_remark(const struct prg_report *report, size_t index);

/* PRG_MAINTAIN: what a tick came to, in peers. */
struct prg_upkeep {
	uint64_t counted;  /* had sent or received since the last tick */
	uint64_t expired;  /* their time is over */
	uint64_t cut;      /* their quota is used up */
	uint64_t resumed;  /* their quota's next period has begun */
	uint64_t scrubbed; /* the kernel is made to forget where they connected from */
	uint64_t differing; /* peers, and the interface itself, that are not as registered */
};
const struct prg_upkeep *prg_report_upkeep(const struct prg_report *report);

/* PRG_IMPORT: a running interface was taken over, or with PRG_DRY_RUN would be;
 * the changes are then to that. */
bool prg_report_adopted(const struct prg_report *report);
/* PRG_IMPORT: settings that were found and are not taken over, one each. what:
 * "PostUp"; never a value. line 0: of no line. */
struct prg_not_carried {
	unsigned line;
	const char *what;
};
size_t prg_report_n_not_carried(const struct prg_report *report);
const struct prg_not_carried *prg_report_not_carried(const struct prg_report *report,
                                                     size_t index);

/* ------------------------------------------------------------------ render */

/* Bytes that may hold secrets, in memory that is locked and wiped. */
struct prg_text;
const char *prg_text_data(const struct prg_text *text); /* NUL-terminated */
size_t prg_text_length(const struct prg_text *text);    /* without the NUL */
void prg_text_free(struct prg_text **text);

/*
 * The client's config of a peer, in wg-quick syntax that the iOS and Android
 * apps accept. private_key NULL: a line "# PrivateKey = " stands for it. The
 * preshared key comes from the register.
 * Errors: PRG_E_NOT_FOUND; PRG_E_CONFLICT (the peer is revoked).
 */
PRG_MUST_CHECK int prg_render_config(struct prg_register *reg, const char *interface,
                                     const char *name, const struct prg_private_key *private_key,
                                     struct prg_text **ret_text, struct prg_error *err);
/* The same for result `index` of a report, with the keys that it holds. Several
 * threads may do this at once on one report; so they may make codes and images,
 * each of its own prg_qr. */
PRG_MUST_CHECK int prg_report_config(const struct prg_report *report, size_t index,
                                     struct prg_text **ret_text, struct prg_error *err);

enum prg_dump_flags {
	PRG_DUMP_NO_SECRETS = 1u << 0 /* without private key, preshared keys and hash key */
};

/* Takes `length` bytes. A return other than 0 ends the dump, and is returned. */
typedef int prg_write_fn(void *context, const char *bytes, size_t length);

/*
 * Writes an interface (NULL: the only one) and its peers that are not revoked as one
 * document, peerage-document(5): in wg-quick syntax, valid for 'wg setconf' after
 * 'wg-quick strip', peers sorted by name. It is one state of the register, read
 * before fn is called; the text lies in memory that is wiped, about 400 bytes a peer.
 * Errors: PRG_E_NOT_FOUND, PRG_E_USAGE (interface), PRG_E_NOMEM, PRG_E_CORRUPT.
 */
PRG_MUST_CHECK int prg_dump(struct prg_register *reg, const char *interface, unsigned flags,
                            prg_write_fn *fn, void *context, struct prg_error *err);

/* A QR code. */
struct prg_qr;

/*
 * Encodes a config: 8-bit mode, error correction L (ISO/IEC 18004); spaces
 * round '=' and after ',' are dropped where that lowers the version. The text
 * that a reader gets is prg_qr_text().
 * Errors: PRG_E_USAGE (too long: over 2953 bytes), PRG_E_NOMEM.
 */
PRG_MUST_CHECK int prg_qr_new(const char *config, size_t length, struct prg_qr **ret_qr,
                              struct prg_error *err);
void prg_qr_free(struct prg_qr **qr);
unsigned prg_qr_version(const struct prg_qr *qr); /* 1 to 40 */
unsigned prg_qr_width(const struct prg_qr *qr);   /* modules a side, no quiet zone */
bool prg_qr_module(const struct prg_qr *qr, unsigned x, unsigned y); /* true: dark */
const char *prg_qr_text(const struct prg_qr *qr);

enum prg_qr_style {
	PRG_QR_HALF = 1, /* half blocks U+2580: 1 by 2 modules a cell */
	PRG_QR_SEXTANT   /* U+1FB00…: 2 by 3 modules a cell */
};
/* Cells that the code takes with a quiet zone of 2 modules. */
void prg_qr_cells(const struct prg_qr *qr, enum prg_qr_style style, unsigned *ret_columns,
                  unsigned *ret_rows);
/* For a terminal, in explicit colours (231 on 16 of the 256), rows ended by
 * newline, colours reset at each row's end. Errors: PRG_E_NOMEM. */
PRG_MUST_CHECK int prg_qr_terminal(const struct prg_qr *qr, enum prg_qr_style style,
                                   struct prg_text **ret_text, struct prg_error *err);
/* Images with a quiet zone of 4 modules; scale: pixels a module, 1 to 64.
 * Errors: PRG_E_USAGE (scale), PRG_E_NOMEM, PRG_E_UNSUPPORTED (built without
 * libpng). */
PRG_MUST_CHECK int prg_qr_png(const struct prg_qr *qr, unsigned scale, struct prg_text **ret_bytes,
                              struct prg_error *err);
PRG_MUST_CHECK int prg_qr_svg(const struct prg_qr *qr, struct prg_text **ret_text,
                              struct prg_error *err);

/* ------------------------------------------------------------------- watch */

enum prg_live_status {
	PRG_LIVE_ON = 1,   /* a handshake under 180 s ago: REJECT_AFTER_TIME, WireGuard paper 6.1 */
	PRG_LIVE_IDLE,     /* the last handshake is older, but not stale_after_s of the interface */
	PRG_LIVE_STALE,    /* it is older than that */
	PRG_LIVE_NEVER,    /* no handshake since the interface was made */
	PRG_LIVE_DISABLED, /* registered, and disabled */
	PRG_LIVE_EXPIRED,
	PRG_LIVE_UNKNOWN,  /* in the kernel, not in the register */
	PRG_LIVE_MISSING   /* active in the register, not in the kernel */
};
/* "on", "idle", "stale", "never", "disabled", "expired", "unknown", "missing". */
const char *prg_live_status_name(enum prg_live_status status);

/* What the running interface says of one peer. */
struct prg_live {
	struct prg_public_key public_key;
	bool present;                    /* in the running interface */
	enum prg_live_status status;
	int64_t latest_handshake_at;     /* 0: never */
	uint64_t rx_bytes;
	uint64_t tx_bytes;
	uint16_t keepalive_s;
	bool has_preshared_key;
	struct prg_endpoint endpoint;    /* where it is connected from; port 0: none.
	                                    Never store it. */
	struct prg_prefix *allowed_ips;
	size_t n_allowed_ips;
};

/* The running interface. */
struct prg_live_interface {
	bool present;
	bool up;
	bool ours;                       /* its alias names this register */
	struct prg_public_key public_key;
	bool has_private_key;
	uint16_t listen_port;
	uint32_t fwmark;
	bool changing;                   /* it was being changed: what is shown may mix */
};

enum prg_status_flags {
	/* Of peers that run only id, interface_id, name, public_key and state: the rest
	 * is zero. Much quicker. Those asked for by name are told in full. */
	PRG_STATUS_BRIEF = 1u << 0
};

/* peer is NULL for a key that the register does not hold. */
typedef int prg_live_fn(void *context, const struct prg_live *live, const struct prg_peer *peer);

/*
 * Observes the running interface and joins it with the register: fn is called
 * for each registered peer that is not revoked, in order of creation, then for each
 * key that runs and is not of these, in the kernel's order, as a second look finds
 * it. names/n_names: only these peers, in this order (0: all). flags: PRG_STATUS_*.
 * What fn is given is valid during the call; what it returns, if not 0, ends the
 * status and is returned. Memory grows by 16 to 65 bytes with each running peer, by
 * 60 to 110 more with each that the register does not know. *ret_interface is filled
 * before the first call of fn, but for changing where a second look was needed.
 * interface NULL: the register's only one.
 * Errors: PRG_E_NOT_FOUND (interface or a name), PRG_E_PERMISSION,
 * PRG_E_FAILED. An interface that is not running is no error: present is false.
 * Privilege: CAP_NET_ADMIN.
 */
PRG_MUST_CHECK int prg_status(struct prg_register *reg, const char *interface,
                              const char *const *names, size_t n_names, unsigned flags,
                              struct prg_live_interface *ret_interface, prg_live_fn *fn,
                              void *context, struct prg_error *err);

/* ------------------------------------------------------------------- audit */

enum prg_severity {
	PRG_SEVERITY_INFO = 1, /* worth knowing */
	PRG_SEVERITY_WARNING,  /* something does not work, or soon will not */
	PRG_SEVERITY_CRITICAL  /* somebody gets in who should not, or could have */
};
/* "info", "warning", "critical". Static storage. */
const char *prg_severity_name(enum prg_severity severity);

/* Something that is not as it should be. */
struct prg_finding {
	enum prg_severity severity;
	const char *kind;    /* a stable word: "unregistered-peer", peerage(8) lists them */
	const char *peer;    /* NULL: the interface, the host, or a key with no name */
	bool has_public_key;
	struct prg_public_key public_key;
	const char *what;    /* a sentence, without a final stop */
	const char *why;     /* why it matters; likewise */
	const char *command; /* run by a shell, it mends it; NULL: no one command does */
	uint64_t count;      /* 1; more: it stands for so many of its kind and severity, `what`
	                        says how many and names a few, and peer and key are not set */
};
typedef int prg_finding_fn(void *context, const struct prg_finding *finding);

/*
 * Looks at the register, the running interface and this host, changes nothing,
 * and calls fn for each finding, the most severe first. More than 20 of one kind and
 * severity are told as one, which says how many. A non-zero return of fn ends it and
 * is returned. interface NULL: the register's only one. With PRG_BACKEND_NONE the
 * register alone is looked at. The interface is read once. Memory does not grow with
 * the findings; it grows by 80 bytes with each running peer that has not connected
 * for as long as the interface's stale_after_s says.
 * Errors: PRG_E_NOT_FOUND, PRG_E_PERMISSION, PRG_E_FAILED; what cannot be looked
 * at is an error, never "no findings".
 * Privilege: CAP_NET_ADMIN.
 */
PRG_MUST_CHECK int prg_audit(struct prg_register *reg, const char *interface, prg_finding_fn *fn,
                             void *context, struct prg_error *err);

enum prg_audit_flags {
	/* Each finding on its own, however many there are. Memory grows by some 300 bytes
	 * with each. */
	PRG_AUDIT_ALL = 1u << 0
};

/* Asked at least four times a second while a sample is taken. left_s: seconds that it
 * still takes. False ends it; what was seen by then is told. */
typedef bool prg_sampling_fn(void *context, int64_t left_s);

/*
 * The same, and then watches for sample_s seconds (0: not at all; up to a week) which
 * keys are used from two places at once: those whose endpoint went back to an earlier
 * one at least twice meanwhile. Such a finding tells how often, never where; where
 * peers connect from is held in memory alone, as hashes, and no longer than this call.
 * The interface is looked at every 250 ms, or so seldom that looking takes a fifth of
 * the time. flags: PRG_AUDIT_*. sampling may be NULL; context is also its own.
 * Memory of a sample grows by about 100 bytes with each peer that has an endpoint.
 * Errors also: PRG_E_USAGE (sample_s; with PRG_BACKEND_NONE there is nothing to watch).
 */
PRG_MUST_CHECK int prg_audit_sample(struct prg_register *reg, const char *interface, unsigned flags,
                                    int64_t sample_s, prg_sampling_fn *sampling,
                                    prg_finding_fn *fn, void *context, struct prg_error *err);

/* ------------------------------------------------------------------- usage */

enum prg_usage_by {
	PRG_USAGE_TOTAL = 0,
	PRG_USAGE_DAY,  /* days are kept for two months */
	PRG_USAGE_MONTH
};
/* What a peer's key, or keys, transferred: as PRG_MAINTAIN counted it, by WireGuard's
 * own counters; what came since is not in it. Of UTC days and months. */
struct prg_usage {
	const struct prg_peer *peer;
	int64_t from;      /* when the day or month began; PRG_USAGE_TOTAL: 0 */
	uint64_t rx_bytes; /* from the peer */
	uint64_t tx_bytes; /* to the peer */
	int64_t seen_at;   /* when the day of its last handshake began; 0: none was seen */
};
typedef int prg_usage_fn(void *context, const struct prg_usage *usage);

/*
 * Calls fn for each peer that is not revoked, in order of creation, or for those of
 * these names, also revoked ones (n_names 0: all); of days and months, for each in
 * which there was something, the latest first. since: what is older is left out, by
 * the day, and what is older than two months by the month; 0: nothing is.
 * What fn is given is valid during the call; what it returns, if not 0, ends it and is
 * returned. interface NULL: the register's only one.
 * Errors: PRG_E_NOT_FOUND (interface or a name), PRG_E_CORRUPT, PRG_E_NOMEM.
 */
PRG_MUST_CHECK int prg_usage(struct prg_register *reg, const char *interface,
                             const char *const *names, size_t n_names, int64_t since,
                             enum prg_usage_by by, prg_usage_fn *fn, void *context,
                             struct prg_error *err);

/* An interface in numbers, as the register has it. */
struct prg_figures {
	uint64_t rx_bytes;     /* of all peers, revoked ones too: it only grows */
	uint64_t tx_bytes;
	uint64_t pending;      /* changes that are recorded and not applied */
	uint64_t head;         /* number of the audit chain's last entry */
	int64_t maintained_at; /* last PRG_MAINTAIN since this host booted; 0: none */
};
PRG_MUST_CHECK int prg_figures(struct prg_register *reg, const char *interface,
                               struct prg_figures *ret_figures, struct prg_error *err);

/* --------------------------------------------------------------------- log */

/* One entry of the audit chain. change.action is "add", "update" or "configure";
 * change.fields are what differed, with values as JSON text; never a secret. */
struct prg_log_entry {
	uint64_t number;
	int64_t at;
	const char *verb;      /* "add", "revoke", "configure"… */
	const char *interface; /* NULL: the register itself */
	const char *actor;     /* as prg_register_set_actor() had it */
	struct prg_change change;
	bool erased;           /* whom it concerned was erased; the chain still holds */
	const char *hash;      /* 64 hex digits */
};
typedef int prg_log_fn(void *context, const struct prg_log_entry *entry);

/*
 * Calls fn for each entry, oldest first; what fn is given is valid during the
 * call. interface NULL: of all, and of the register itself. peer NULL: of all;
 * else of each peer that has, or ever had, that name. since: none before that
 * moment. A non-zero return of fn ends it and is returned. Does not verify.
 * Errors: PRG_E_CORRUPT, PRG_E_NOMEM, PRG_E_BUSY.
 */
PRG_MUST_CHECK int prg_log(struct prg_register *reg, const char *interface, const char *peer,
                           int64_t since, prg_log_fn *fn, void *context, struct prg_error *err);

/* "2027-01-31", "2027-01-31T12:00:00Z", or how long ago: "7d". PRG_E_USAGE. */
PRG_MUST_CHECK int prg_since_parse(const char *text, int64_t *ret_moment, struct prg_error *err);

/* -------------------------------------------------------------- disclosure */

enum prg_disclose_flags {
	PRG_DISCLOSE_JSON = 1u << 0,      /* one JSON document; else text for people */
	PRG_DISCLOSE_ENDPOINTS = 1u << 1, /* with where the peer is connected from now */
	PRG_DISCLOSE_DRY_RUN = 1u << 2    /* neither logged nor signed */
};

/*
 * All that is held on one peer, and nothing on any other: what the register has on each
 * peer of that name, revoked or not, and on older keys of these; what the running
 * interface says of them at this moment, with PRG_BACKEND_NONE left out; their audit
 * entries. Of a preshared key it says that it is held, never its value. JSON and text
 * say the same; peerage-json(5) describes it. That it was made goes to the audit chain,
 * with its BLAKE2b-256, before this returns.
 * *ret_signature: a signature of the document as minisign(1) has it, of the register's
 * own Ed25519 key; with PRG_DISCLOSE_DRY_RUN NULL. interface NULL: the register's only
 * one. Both texts are for prg_text_free().
 * Errors: PRG_E_NOT_FOUND (interface; nothing is held on such a peer), PRG_E_USAGE
 * (several interfaces), PRG_E_BUSY, PRG_E_CORRUPT, PRG_E_NOMEM; PRG_E_PERMISSION,
 * PRG_E_FAILED (what runs cannot be looked at: nothing is logged then).
 * Privilege: the register's file; CAP_NET_ADMIN but with PRG_BACKEND_NONE.
 */
PRG_MUST_CHECK int prg_disclose(struct prg_register *reg, const char *interface, const char *name,
                                unsigned flags, struct prg_text **ret_document,
                                struct prg_text **ret_signature, struct prg_error *err);
/* The public key that verifies these signatures, two lines as in a .pub file of
 * minisign(1). It was drawn when the register was made, and stays. *ret_text is for
 * prg_text_free(). Errors: PRG_E_CORRUPT, PRG_E_BUSY, PRG_E_NOMEM. */
PRG_MUST_CHECK int prg_signing_key(struct prg_register *reg, struct prg_text **ret_text,
                                   struct prg_error *err);

#ifdef __cplusplus
}
#endif
#endif
