/* SPDX-License-Identifier: ISC */
/* What somebody wants, parsed and validated: values with a presence bit each. */
#ifndef PRG_INTENT_H
#define PRG_INTENT_H

#include "base/secret.h"

#define PRG_MAX_ADDRESSES 16  /* pools of an interface, addresses of a peer */
#define PRG_MAX_ROUTES 256
#define PRG_MAX_DNS 8
#define PRG_MAX_TAGS 32
#define PRG_NOTE_BYTES 1024

#define PRG_HAS(values, field) ((values)->set & (1u << (field)))

struct prg_values {
	uint32_t set;      /* 1 << PRG_FIELD_*: given */
	uint32_t defaults; /* 1 << PRG_FIELD_*: given as "default": the interface's applies */
	struct prg_endpoint endpoint;
	bool endpoint_has_port;
	struct prg_prefix *addresses;
	size_t n_addresses;
	struct prg_prefix *routes;
	size_t n_routes;
	struct prg_prefix *client_allowed_ips;
	size_t n_client_allowed_ips;
	struct prg_addr *dns;
	size_t n_dns;
	uint16_t listen_port, mtu, client_keepalive_s, keepalive_s;
	char nat[PRG_IFNAME_TEXT];
	bool isolate;
	struct prg_public_key public_key;
	bool no_preshared_key;                        /* "none"; else "new" */
	const struct prg_preshared_key *preshared_key; /* in the intent's arena; NULL: make one */
	struct prg_endpoint peer_endpoint; /* port 0: none */
	int64_t expires_at;                /* 0: none */
	uint64_t quota_bytes;
	enum prg_quota_period quota_period;
	char **tags, **untags;
	size_t n_tags, n_untags;
	char *note; /* NULL: none */
	int64_t hold_s;
	int64_t stale_after_s, scrub_idle_s, rotate_after_s; /* 0: none */
	int64_t overlap_s;
	char new_name[PRG_NAME_BYTES + 1];
};

struct prg_intent_peer {
	char name[PRG_NAME_BYTES + 1];
	unsigned line;             /* of the text that it came from; 0: of none */
	struct prg_values *values; /* its own; NULL: none */
};

struct prg_import;
struct prg_document;

struct prg_intent {
	enum prg_verb verb;
	char interface[PRG_IFNAME_TEXT]; /* "": the only one */
	unsigned flags;
	struct prg_values common; /* the interface's, or every peer's */
	struct prg_intent_peer *peers;
	size_t n_peers, capacity;
	uint32_t *names; /* hash table of indices + 1, twice the capacity */
	struct prg_arena *arena;
	const struct prg_private_key *private_key;
	struct prg_import *import; /* PRG_IMPORT: what was read; NULL: nothing yet */
	struct prg_document *document; /* PRG_APPLY */
	prg_problem_fn *problem;
	void *problem_context;
	prg_before_commit_fn *before_commit;
	void *before_commit_context;
	prg_progress_fn *progress;
	void *progress_context;
};

/* The values that hold for peer `index` and a field: its own, else everybody's;
 * NULL: not given. */
const struct prg_values *prg_intent_values(const struct prg_intent *intent, size_t index,
                                           enum prg_field field);

/* What is set now: the latest peer's, or everybody's. NULL: out of memory. */
struct prg_values *prg_intent_current(struct prg_intent *intent);
/* One value, as the verb takes it. */
int prg_intent_values_set(enum prg_verb verb, struct prg_values *values, enum prg_field field,
                          const char *text, struct prg_error *err);
/* A preshared key, copied into the intent's arena. */
int prg_intent_values_set_key(struct prg_intent *intent, struct prg_values *values,
                              const struct prg_preshared_key *key, struct prg_error *err);
void prg_intent_values_done(struct prg_values *values);
/* A note as it is: "none" is a word like others. *ret is for free(3). */
int prg_intent_note_parse(const char *text, char **ret, struct prg_error *err);
/* Could a host have this address? */
int prg_intent_check_usable(const struct prg_prefix *prefix, struct prg_error *err);
int prg_intent_own_arena(struct prg_intent *intent, struct prg_error *err);
/* The same, and the struct itself; NULL is fine. */
void prg_intent_values_free(struct prg_values **values);

/* The peer of that name, or NULL. */
const struct prg_intent_peer *prg_intent_find(const struct prg_intent *intent, const char *name);
/* One more peer, of a name that was checked and is not there yet; takes *values
 * (NULL: none) over. */
int prg_intent_append(struct prg_intent *intent, const char *name, unsigned line,
                      struct prg_values **values, struct prg_error *err);

#endif
