/* SPDX-License-Identifier: ISC */
#include "cmd.h"

#include <string.h>

const struct opt cmd_opts[OPT_COUNT] = {
	[OPT_INTERFACE] = { "interface", 'i', OPT_VALUE, OPT_ONCE, "IF", "@interface", 0,
	        "needed where the register holds several" },
	[OPT_JSON] = { "json", 'j', OPT_FLAG, OPT_ONCE, NULL, NULL, 0,
	        "the answer, or error, as JSON" },
	[OPT_TSV] = { "tsv", 't', OPT_FLAG, OPT_ONCE, NULL, NULL, 0,
	        "lists as tab-separated values" },
	[OPT_DRY_RUN] = { "dry-run", 'n', OPT_FLAG, OPT_ONCE, NULL, NULL, 0,
	        "print what would change, and change nothing" },
	[OPT_NO_APPLY] = { "no-apply", 0, OPT_FLAG, OPT_ONCE, NULL, NULL, 0,
	        "record only, leave the running interface alone" },
	[OPT_QUIET] = { "quiet", 'q', OPT_FLAG, OPT_ONCE, NULL, NULL, 0, "no remarks on stderr" },
	[OPT_YES] = { "yes", 'y', OPT_FLAG, OPT_ONCE, NULL, NULL, 0,
	        "do not ask before something destructive" },
	[OPT_WAIT] = { "wait", 0, OPT_VALUE, OPT_ONCE, "DUR", NULL, 0,
	        "how long to wait for another peerage (30s)" },
	[OPT_REGISTER] = { "register", 0, OPT_VALUE, OPT_ONCE, "FILE", "@file", 0,
	        "the register (/var/lib/peerage/register.db)" },
	[OPT_BACKEND] = { "backend", 0, OPT_VALUE, OPT_ONCE, "B", "auto netlink uapi none", 0,
	        "auto, netlink, uapi or none" },
	[OPT_VERSION] = { "version", 0, OPT_FLAG, OPT_ONCE, NULL, NULL, 0, "print the version" },
	[OPT_HELP] = { "help", 'h', OPT_FLAG, OPT_ONCE, NULL, NULL, 0, "print help" },

	[OPT_ENDPOINT] = { "endpoint", 0, OPT_VALUE, OPT_ONCE, "HOST[:PORT]", NULL,
	        PRG_FIELD_ENDPOINT,
	        "where clients connect to" },
	[OPT_POOL] = { "address", 0, OPT_VALUE, OPT_JOIN, "CIDR", NULL, PRG_FIELD_ADDRESS,
	        "own address in the peers' pool; repeatable" },
	[OPT_LISTEN_PORT] = { "listen-port", 0, OPT_VALUE, OPT_ONCE, "N", NULL,
	        PRG_FIELD_LISTEN_PORT, "UDP port (51820)" },
	[OPT_NAT] = { "nat", 0, OPT_VALUE, OPT_ONCE, "DEV", "auto none", PRG_FIELD_NAT,
	        "device towards the internet, auto or none" },
	[OPT_ISOLATE] = { "isolate", 0, OPT_FLAG, OPT_ONCE, NULL, NULL, PRG_FIELD_ISOLATE,
	        "peers cannot reach one another" },
	[OPT_STALE_AFTER] = { "stale-after", 0, OPT_VALUE, OPT_ONCE, "DUR|none", NULL,
	        PRG_FIELD_STALE_AFTER, "no handshake for so long: stale (30d)" },
	[OPT_SCRUB_IDLE] = { "scrub-idle", 0, OPT_VALUE, OPT_ONCE, "DUR|none", NULL,
	        PRG_FIELD_SCRUB_IDLE, "idle for so long: endpoint forgotten (10m)" },
	[OPT_ROTATE_AFTER] = { "rotate-after", 0, OPT_VALUE, OPT_ONCE, "DUR|none", NULL,
	        PRG_FIELD_ROTATE_AFTER, "age of a key that audit speaks of (none)" },
	[OPT_PRIVATE_KEY] = { "private-key", 0, OPT_VALUE, OPT_ONCE, "FILE|-", "@file", 0,
	        "the server's key, instead of a new one" },
	[OPT_NO_UP] = { "no-up", 0, OPT_FLAG, OPT_ONCE, NULL, NULL, 0,
	        "register only, do not bring it up" },

	[OPT_DNS] = { "dns", 0, OPT_VALUE, OPT_JOIN, "A,…|none", NULL, PRG_FIELD_DNS,
	        "resolvers in the clients' configs" },
	[OPT_CLIENT_ALLOWED_IPS] = { "client-allowed-ips", 0, OPT_VALUE, OPT_JOIN, "CIDR,…", NULL,
	        PRG_FIELD_CLIENT_ALLOWED_IPS, "what clients send into the tunnel" },
	[OPT_MTU] = { "mtu", 0, OPT_VALUE, OPT_ONCE, "N", NULL, PRG_FIELD_MTU,
	        "MTU of the tunnel, or none" },
	[OPT_CLIENT_KEEPALIVE] = { "client-keepalive", 0, OPT_VALUE, OPT_ONCE, "S", NULL,
	        PRG_FIELD_CLIENT_KEEPALIVE, "keepalive of clients, in seconds (25)" },

	[OPT_ADDRESS] = { "address", 0, OPT_VALUE, OPT_JOIN, "A,…", NULL, PRG_FIELD_ADDRESS,
	        "addresses, instead of the next free ones" },
	[OPT_PUBLIC_KEY] = { "public-key", 0, OPT_VALUE, OPT_ONCE, "KEY", NULL,
	        PRG_FIELD_PUBLIC_KEY, "the peer's own key, instead of a new pair" },
	[OPT_PRESHARED_KEY] = { "preshared-key", 0, OPT_VALUE, OPT_ONCE, "FILE|-|none", "@file", 0,
	        "preshared key, instead of a new one" },
	[OPT_PRESHARED_KEY_NEW] = { "preshared-key", 0, OPT_VALUE, OPT_ONCE, "FILE|-|new|none",
	        "@file", 0, "replace the preshared key, or take it away" },
	[OPT_ROUTES] = { "routes", 0, OPT_VALUE, OPT_JOIN, "CIDR,…", NULL, PRG_FIELD_ROUTES,
	        "networks behind the peer, or none" },
	[OPT_PEER_ENDPOINT] = { "peer-endpoint", 0, OPT_VALUE, OPT_ONCE, "ADDRESS:PORT", NULL,
	        PRG_FIELD_PEER_ENDPOINT, "where the server connects to, or none" },
	[OPT_KEEPALIVE] = { "keepalive", 0, OPT_VALUE, OPT_ONCE, "S", NULL, PRG_FIELD_KEEPALIVE,
	        "the server's keepalive, in seconds" },
	[OPT_EXPIRES] = { "expires", 0, OPT_VALUE, OPT_ONCE, "WHEN", NULL, PRG_FIELD_EXPIRES,
	        "30d, 2027-01-31, an RFC 3339 time, or none" },
	[OPT_QUOTA] = { "quota", 0, OPT_VALUE, OPT_ONCE, "SIZE[/day|/month]", NULL,
	        PRG_FIELD_QUOTA, "transfer allowed, or none" },
	[OPT_TAG] = { "tag", 0, OPT_VALUE, OPT_EACH, "T", NULL, PRG_FIELD_TAG,
	        "a tag; repeatable" },
	[OPT_UNTAG] = { "untag", 0, OPT_VALUE, OPT_EACH, "T", NULL, PRG_FIELD_UNTAG,
	        "take a tag away; repeatable" },
	[OPT_NOTE] = { "note", 0, OPT_VALUE, OPT_ONCE, "TEXT", NULL, PRG_FIELD_NOTE,
	        "a line of your own, or none" },
	[OPT_IF_ABSENT] = { "if-absent", 0, OPT_FLAG, OPT_ONCE, NULL, NULL, 0,
	        "leave a peer that exists already as it is" },

	[OPT_FROM] = { "from", 0, OPT_VALUE, OPT_ONCE, "FILE|-", "@file", 0,
	        "many peers: names, CSV or JSON lines" },
	[OPT_OUT] = { "out", 0, OPT_VALUE, OPT_ONCE, "DIR", "@file", 0,
	        "write each peer's config and QR code there" },

	[OPT_QR] = { "qr", 0, OPT_MAYBE, OPT_ONCE, "half|sextant", "half sextant", 0,
	        "print a QR code (on a terminal the default)" },
	[OPT_CONF] = { "conf", 0, OPT_FLAG, OPT_ONCE, NULL, NULL, 0,
	        "print the config (elsewhere the default)" },
	[OPT_FORMAT] = { "format", 0, OPT_VALUE, OPT_ONCE, "F", "wg-quick qr png svg json", 0,
	        "wg-quick, qr, png, svg or json" },
	[OPT_OUTPUT] = { "output", 0, OPT_VALUE, OPT_ONCE, "FILE", "@file", 0,
	        "write a file instead: .conf, .png or .svg" },

	[OPT_PRUNE] = { "prune", 0, OPT_FLAG, OPT_ONCE, NULL, NULL, 0,
	        "peers that were never registered go too" },
	[OPT_HOLD] = { "hold", 0, OPT_VALUE, OPT_ONCE, "DUR", NULL, PRG_FIELD_HOLD,
	        "how long its addresses stay taken (30d)" },
	[OPT_OVERLAP] = { "overlap", 0, OPT_VALUE, OPT_ONCE, "DUR", NULL, PRG_FIELD_OVERLAP,
	        "the old key works on, so long at most" },
	[OPT_STATE] = { "state", 0, OPT_VALUE, OPT_ONCE, "S",
	        "active disabled expired revoked all", 0,
	        "one state, or all (all but revoked)" },
	[OPT_TAGGED] = { "tag", 0, OPT_VALUE, OPT_EACH, "T", NULL, 0,
	        "only those with this tag; repeatable" },
	[OPT_SORT] = { "sort", 0, OPT_VALUE, OPT_ONCE, "KEY", "created name expires state address",
	        0, "created (default), name, state and so on" },
	[OPT_STALE_CONFIG] = { "stale-config", 0, OPT_FLAG, OPT_ONCE, NULL, NULL, 0,
	        "only those whose config has become wrong" },
	[OPT_ENDPOINTS] = { "endpoints", 0, OPT_FLAG, OPT_ONCE, NULL, NULL, 0,
	        "show where peers connect from" },
	[OPT_WATCH] = { "watch", 0, OPT_MAYBE, OPT_ONCE, "S", NULL, 0,
	        "go on, every S seconds (2), with rates" },
	[OPT_SINCE] = { "since", 0, OPT_VALUE, OPT_ONCE, "WHEN", NULL, 0,
	        "from then on: 7d (ago), or a moment" },
	[OPT_PEER] = { "peer", 0, OPT_VALUE, OPT_ONCE, "NAME", NULL, 0,
	        "of each peer that has, or had, this name" },
	[OPT_VERIFY] = { "verify", 0, OPT_FLAG, OPT_ONCE, NULL, NULL, 0,
	        "recompute the chain, and say whether it holds" },
	[OPT_HEAD] = { "head", 0, OPT_FLAG, OPT_ONCE, NULL, NULL, 0,
	        "print the chain's head, to be kept elsewhere" },
	[OPT_ACCEPT] = { "accept", 0, OPT_VALUE, OPT_ONCE, "NUMBER", NULL, 0,
	        "accept that entries from there on do not hold" },
	[OPT_FAIL_ON] = { "fail-on", 0, OPT_VALUE, OPT_ONCE, "LEVEL", "info warning critical none", 0,
	        "exit 5 from this severity on (warning)" },
	[OPT_SAMPLE] = { "sample", 0, OPT_VALUE, OPT_ONCE, "DUR", NULL, 0,
	        "watch so long for keys used from two places" },
	[OPT_ALL] = { "all", 0, OPT_FLAG, OPT_ONCE, NULL, NULL, 0,
	        "tell each finding, however many there are" },
	[OPT_LIVE] = { "live", 0, OPT_FLAG, OPT_ONCE, NULL, NULL, 0,
	        "the running interface, instead of a FILE" },
	[OPT_NO_SECRETS] = { "no-secrets", 0, OPT_FLAG, OPT_ONCE, NULL, NULL, 0,
	        "leave private, preshared and hash keys out" },
	[OPT_PRUNE_PEERS] = { "prune", 0, OPT_FLAG, OPT_ONCE, NULL, NULL, 0,
	        "revoke peers that are not in FILE" },
	[OPT_BY] = { "by", 0, OPT_VALUE, OPT_ONCE, "PERIOD", "day month", 0,
	        "a line for each day, or month" },
	[OPT_PER_PEER] = { "per-peer", 0, OPT_FLAG, OPT_ONCE, NULL, NULL, 0,
	        "each peer too, by name" },
	[OPT_REPLACE_FILE] = { "output", 0, OPT_VALUE, OPT_ONCE, "FILE", "@file", 0,
	        "write a file instead, whole or not at all" },
	[OPT_DOCUMENT] = { "output", 0, OPT_VALUE, OPT_ONCE, "FILE", "@file", 0,
	        "write FILE, and FILE.minisig: its signature" },
	[OPT_SIGNATURE] = { "signature", 0, OPT_VALUE, OPT_ONCE, "FILE", "@file", 0,
	        "write the signature to FILE" },
	[OPT_SIGNING_KEY] = { "public-key", 0, OPT_FLAG, OPT_ONCE, NULL, NULL, 0,
	        "print the key that verifies signatures" },
};

static const enum opt_id init_options[] = { OPT_ENDPOINT, OPT_POOL, OPT_LISTEN_PORT, OPT_DNS,
	OPT_CLIENT_ALLOWED_IPS, OPT_MTU, OPT_CLIENT_KEEPALIVE, OPT_PRIVATE_KEY, OPT_NAT,
	OPT_ISOLATE, OPT_STALE_AFTER, OPT_SCRUB_IDLE, OPT_ROTATE_AFTER, OPT_NO_UP, OPT_NONE };
static const enum opt_id sync_options[] = { OPT_PRUNE, OPT_NONE };
static const enum opt_id add_options[] = { OPT_PUBLIC_KEY, OPT_PRESHARED_KEY, OPT_ADDRESS,
	OPT_ROUTES, OPT_PEER_ENDPOINT, OPT_CLIENT_ALLOWED_IPS, OPT_DNS, OPT_MTU,
	OPT_CLIENT_KEEPALIVE, OPT_KEEPALIVE, OPT_EXPIRES, OPT_QUOTA, OPT_TAG, OPT_NOTE,
	OPT_FROM, OPT_IF_ABSENT, OPT_QR, OPT_CONF, OPT_FORMAT, OPT_OUTPUT, OPT_OUT, OPT_NONE };
static const enum opt_id rotate_options[] = { OPT_PUBLIC_KEY, OPT_OVERLAP, OPT_QR, OPT_CONF,
	OPT_FORMAT, OPT_OUTPUT, OPT_OUT, OPT_NONE };
static const enum opt_id revoke_options[] = { OPT_HOLD, OPT_NONE };
static const enum opt_id enable_options[] = { OPT_EXPIRES, OPT_NONE };
static const enum opt_id set_options[] = { OPT_PRESHARED_KEY_NEW, OPT_ADDRESS, OPT_ROUTES,
	OPT_PEER_ENDPOINT, OPT_CLIENT_ALLOWED_IPS, OPT_DNS, OPT_MTU, OPT_CLIENT_KEEPALIVE,
	OPT_KEEPALIVE, OPT_EXPIRES, OPT_QUOTA, OPT_TAG, OPT_UNTAG, OPT_NOTE, OPT_NONE };
static const enum opt_id list_options[] = { OPT_STATE, OPT_TAGGED, OPT_SORT,
	OPT_STALE_CONFIG, OPT_NONE };
static const enum opt_id status_options[] = { OPT_WATCH, OPT_ENDPOINTS, OPT_NONE };
static const enum opt_id audit_options[] = { OPT_FAIL_ON, OPT_SAMPLE, OPT_ALL, OPT_NONE };
static const enum opt_id log_options[] = { OPT_SINCE, OPT_PEER, OPT_VERIFY, OPT_HEAD, OPT_ACCEPT,
	                                     OPT_NONE };
static const enum opt_id usage_options[] = { OPT_SINCE, OPT_BY, OPT_NONE };
static const enum opt_id metrics_options[] = { OPT_PER_PEER, OPT_REPLACE_FILE, OPT_NONE };
static const enum opt_id disclose_options[] = { OPT_DOCUMENT, OPT_SIGNATURE, OPT_ENDPOINTS,
	OPT_SIGNING_KEY, OPT_NONE };
static const enum opt_id onboarding_options[] = { OPT_QR, OPT_CONF, OPT_FORMAT, OPT_OUTPUT,
	OPT_NONE };

static const enum opt_id import_options[] = { OPT_LIVE, OPT_ENDPOINT, OPT_POOL, OPT_DNS,
	OPT_CLIENT_ALLOWED_IPS, OPT_CLIENT_KEEPALIVE, OPT_PRIVATE_KEY, OPT_NAT, OPT_ISOLATE,
	OPT_NO_UP, OPT_NONE };
static const enum opt_id dump_options[] = { OPT_NO_SECRETS, OPT_NONE };
static const enum opt_id apply_options[] = { OPT_PRUNE_PEERS, OPT_NONE };

static const enum opt_id export_options[] = { OPT_QR, OPT_CONF, OPT_FORMAT, OPT_OUTPUT, OPT_OUT,
	OPT_NONE };

const struct cmd cmd_all[] = {
	{ "init", NULL, "[IF]", 0, 1, GROUP_INTERFACE, WORDS_NONE, CMD_CHANGES | CMD_CREATES | CMD_HOST,
	  init_options, "register an interface and bring it up",
	  "IF is wg0 where it is left out. Addresses are drawn at random where none are\n"
	  "given: a 10.a.b.1/24 and an RFC 4193 /64. Prints what was decided.\n", cmd_init },
	{ "configure", NULL, "[KEY VALUE]…", 0, CMD_ANY, GROUP_INTERFACE, WORDS_SETTINGS,
	  CMD_READS | CMD_LISTS | CMD_ASKS | CMD_HOST, NULL, "show or change an interface's settings",
	  "KEY is an option of init without its dashes:\n"
	  "  endpoint address listen-port dns client-allowed-ips mtu client-keepalive\n"
	  "  nat isolate (yes or no) stale-after scrub-idle rotate-after\n"
	  "  private-key (FILE or -)\n"
	  "A change of the private key asks first: every client's config is void after it.\n",
	  cmd_configure },
	{ "interfaces", NULL, "[remove IF]", 0, 2, GROUP_INTERFACE, WORDS_REMOVE,
	  CMD_READS | CMD_LISTS | CMD_ASKS | CMD_HOST, NULL,
	  "list interfaces; take one out of the register",
	  "'interfaces remove IF' (or rm) brings it down first, and asks.\n", cmd_interfaces },
	{ "up", NULL, "", 0, 0, GROUP_INTERFACE, WORDS_NONE, CMD_CHANGES | CMD_HOST | CMD_TERSE, NULL,
	  "make the interface, firewall and peers as registered", NULL, cmd_up },
	{ "down", NULL, "", 0, 0, GROUP_INTERFACE, WORDS_NONE, CMD_CHANGES | CMD_HOST | CMD_TERSE, NULL,
	  "take the interface away; the register stays", NULL, cmd_down },
	{ "sync", NULL, "", 0, 0, GROUP_INTERFACE, WORDS_NONE, CMD_CHANGES | CMD_ASKS | CMD_HOST,
	  sync_options, "make the running interface equal to the register",
	  "Touches no session that need not change. Exits 5 where peers were found that\n"
	  "were never registered (--prune takes them out), and with -n where anything\n"
	  "differs. A private key that is not the register's is replaced only with -y.\n",
	  cmd_sync },

	{ "add", NULL, "NAME…", 1, CMD_ANY, GROUP_PEERS, WORDS_NONE, CMD_CHANGES, add_options,
	  "add peers and hand out their configs",
	  "Recorded and live at once, several names all or nothing. The private key made\n"
	  "here is in what this prints or writes, and is not kept. --from FILE stands in\n"
	  "place of names; its columns and JSON keys: name public_key address routes\n"
	  "peer_endpoint client_allowed_ips dns mtu client_keepalive keepalive expires\n"
	  "quota tags note preshared_key.\n", cmd_add },
	{ "revoke", "rm remove", "NAME…", 1, CMD_ANY, GROUP_PEERS, WORDS_PEERS,
	  CMD_CHANGES | CMD_ASKS, revoke_options, "cut peers off for good",
	  "At once; the key can never come back, the name is free.\n", cmd_revoke },
	{ "disable", NULL, "NAME…", 1, CMD_ANY, GROUP_PEERS, WORDS_PEERS, CMD_CHANGES, NULL,
	  "switch peers off", NULL, cmd_disable },
	{ "enable", NULL, "NAME…", 1, CMD_ANY, GROUP_PEERS, WORDS_PEERS, CMD_CHANGES,
	  enable_options, "switch peers on again, same key and address",
	  "An expired peer needs --expires.\n", cmd_enable },
	{ "rotate", NULL, "NAME…", 1, CMD_ANY, GROUP_PEERS, WORDS_PEERS, CMD_CHANGES, rotate_options,
	  "new keys for peers, same addresses",
	  "At once: the old key is revoked and can never come back, so the user needs the\n"
	  "config that this prints. A peer without a preshared key stays without.\n"
	  "--overlap gives the new key the next free addresses; the old one works on, as\n"
	  "NAME.old, until 'maintain' sees the new one in use, or DUR is over.\n",
	  cmd_rotate },
	{ "rename", NULL, "OLD NEW", 2, 2, GROUP_PEERS, WORDS_PEER, CMD_CHANGES, NULL,
	  "give a peer another name", NULL, cmd_rename },
	{ "set", NULL, "NAME…", 1, CMD_ANY, GROUP_PEERS, WORDS_PEERS, CMD_CHANGES, set_options,
	  "change what add set",
	  "'none' clears a setting; 'default' of --dns, --client-allowed-ips and\n"
	  "--client-keepalive takes the interface's again.\n", cmd_set },
	{ "list", "ls", "[PATTERN]", 0, 1, GROUP_PEERS, WORDS_PEER, CMD_READS | CMD_LISTS,
	  list_options, "the register's peers as a table",
	  "PATTERN is a shell pattern for names: '*', '?', '[…]'.\n"
	  "--state: active, disabled, expired, revoked or all. --sort: created, name,\n"
	  "expires, state or address; equals in the order in which they were made.\n", cmd_list },
	{ "show", NULL, "NAME", 1, 1, GROUP_PEERS, WORDS_PEER, CMD_READS | CMD_LISTS, NULL,
	  "all about one peer", NULL, cmd_show },

	{ "qr", NULL, "NAME", 1, 1, GROUP_ONBOARDING, WORDS_PEER, CMD_READS, onboarding_options,
	  "a peer's config as a QR code, again",
	  "Needs the peer's private key, which is not kept: add shows it once.\n", cmd_qr },
	{ "export", NULL, "NAME…", 1, CMD_ANY, GROUP_ONBOARDING, WORDS_PEERS, CMD_READS,
	  export_options, "peers' configs, again",
	  "The private key is not kept: '# PrivateKey =' stands for it, to be filled in.\n",
	  cmd_export },

	{ "import", NULL, "[FILE…]", 0, CMD_ANY, GROUP_SCRIPTS, WORDS_FILES,
	  CMD_CHANGES | CMD_CREATES | CMD_LISTS | CMD_HOST, import_options,
	  "take over a server that exists already",
	  "FILE is a wg-quick config: NAME.conf, or with -i any file, or - for stdin. Peers\n"
	  "get the names that comments of pivpn, wireguard-install and wg-easy give them. A\n"
	  "running interface with the same key is taken over, and no session ends. What is\n"
	  "not carried over, such as PostUp, is listed; -n shows it first. Exits 5 where\n"
	  "peers run that are not in FILE.\n",
	  cmd_import },
	{ "dump", NULL, "", 0, 0, GROUP_SCRIPTS, WORDS_NONE, CMD_READS | CMD_PLAIN, dump_options,
	  "print an interface and its peers as one document",
	  "In wg-quick syntax, peers by name; peerage-document(5) describes it. It holds\n"
	  "keys: 'umask 077' before it goes to a file.\n", cmd_dump },
	{ "plan", NULL, "FILE|-", 1, 1, GROUP_SCRIPTS, WORDS_FILES,
	  CMD_CHANGES | CMD_CREATES | CMD_LISTS | CMD_HOST, apply_options,
	  "show what apply would change",
	  "Changes nothing. Exits 5 where something differs, or where peers of the register\n"
	  "are not in FILE.\n", cmd_plan },
	{ "apply", NULL, "FILE|-", 1, 1, GROUP_SCRIPTS, WORDS_FILES,
	  CMD_CHANGES | CMD_CREATES | CMD_ASKS | CMD_HOST, apply_options,
	  "make an interface and its peers as a document says",
	  "All or nothing. Peers are matched by key, then by name. Peers that are not in\n"
	  "FILE are left alone, but for --prune; that, and a change of a key, asks first.\n"
	  "An interface that is not registered is made and brought up.\n", cmd_apply },
	{ "genkey", NULL, "", 0, 0, GROUP_SCRIPTS, WORDS_NONE, CMD_PLAIN, NULL,
	  "print a new private key", NULL, cmd_genkey },
	{ "pubkey", NULL, "", 0, 0, GROUP_SCRIPTS, WORDS_NONE, CMD_PLAIN, NULL,
	  "print the public key of the private key on stdin", NULL, cmd_pubkey },
	{ "genpsk", NULL, "", 0, 0, GROUP_SCRIPTS, WORDS_NONE, CMD_PLAIN, NULL,
	  "print a new preshared key", NULL, cmd_genpsk },
	{ "completion", NULL, "bash|zsh|fish", 1, 1, GROUP_SCRIPTS, WORDS_SHELLS, CMD_PLAIN, NULL,
	  "print a completion script for a shell", NULL, cmd_completion },

	{ "status", NULL, "[NAME…]", 0, CMD_ANY, GROUP_AUDIT, WORDS_PEERS, CMD_READS | CMD_LISTS,
	  status_options, "the running interface joined with the register",
	  "on: a handshake under 180 s ago; idle: older; stale: older than stale-after (30\n"
	  "days); never: none since the interface was made; unknown: a key that is not\n"
	  "registered; missing: registered, and not in the running interface.\n"
	  "--watch fills the window with the busiest peers: s sorts them otherwise, q\n"
	  "quits. With -j or -t it prints one look after another instead.\n", cmd_status },
	{ "audit", NULL, "", 0, 0, GROUP_AUDIT, WORDS_NONE, CMD_READS | CMD_LISTS | CMD_HOST, audit_options,
	  "what is not as it should be, and what mends it",
	  "Looks at the running interface, the register and this host; changes nothing.\n"
	  "Each finding is info, warning or critical; exits 5 where one is a warning or\n"
	  "worse, or as --fail-on says. More than 20 of a kind are told as one, but for\n"
	  "--all. --sample keeps what it sees in memory; Ctrl-C ends it, and tells.\n",
	  cmd_audit },
	{ "log", NULL, "[HEAD]", 0, 1, GROUP_AUDIT, WORDS_NONE,
	  CMD_READS | CMD_LISTS | CMD_ASKS, log_options,
	  "who changed what, and when",
	  "The audit chain, oldest entry first; with -i of that interface alone.\n"
	  "--verify recomputes it and exits 5 where it does not hold. With a HEAD that\n"
	  "--head printed before, '--verify --head HEAD' exits 5 also where the chain does\n"
	  "not extend that one: it was cut, rewritten, or is an older copy.\n"
	  "--accept, with the first entry that does not hold, appends one that takes the\n"
	  "place of all from there on: nothing is altered, and --verify tells of it.\n", cmd_log },
	{ "usage", NULL, "[NAME…]", 0, CMD_ANY, GROUP_AUDIT, WORDS_PEERS, CMD_READS | CMD_LISTS,
	  usage_options, "what peers have transferred",
	  "As maintain counted it: totals that survive resets and reboots. --since WHEN: by\n"
	  "the day, and by the month where it is older than two. Days and months are UTC.\n",
	  cmd_usage },
	{ "metrics", NULL, "", 0, 0, GROUP_AUDIT, WORDS_NONE, CMD_READS | CMD_PLAIN,
	  metrics_options, "figures, as Prometheus text",
	  "Of each interface, or with -i of one. --output FILE is for a textfile collector:\n"
	  "written whole under another name first.\n", cmd_metrics },
	{ "disclose", NULL, "NAME", 0, 1, GROUP_AUDIT, WORDS_PEER, CMD_CHANGES, disclose_options,
	  "all that is held on one peer, signed",
	  "Text, or with -j JSON, on stdout or in a FILE, and nothing on any other peer. It\n"
	  "is signed as minisign has it: 'minisign -Vm FILE -p KEY', KEY being what\n"
	  "--public-key prints; that it was made goes to the log. NAME may be revoked: each\n"
	  "that had the name is in it.\n", cmd_disclose },
	{ "forget", NULL, "NAME…", 1, CMD_ANY, GROUP_AUDIT, WORDS_PEERS, CMD_CHANGES | CMD_ASKS,
	  NULL, "cut peers off and erase all that is held on them",
	  "Each that has the name, revoked or not; what the log says of them, too. The log\n"
	  "still verifies, and their keys can never come back. Files that were made from\n"
	  "the register (configs, backups, disclosures) are yours to delete.\n", cmd_forget },

	{ "maintain", NULL, "", 0, 0, GROUP_UPKEEP, WORDS_NONE, CMD_CHANGES, NULL,
	  "what is due: one tick, for a timer",
	  "What is pending, transfer counted, expiry, quotas, older keys, and endpoints of\n"
	  "idle peers forgotten; of each interface, or with -i of one. Run it as often as\n"
	  "you like. Drift is told, and no failure: 'peerage audit' has the particulars.\n",
	  cmd_maintain },

	{ "help", NULL, "[COMMAND]", 0, 1, GROUP_HELP, WORDS_COMMANDS, CMD_PLAIN, NULL,
	  "print help", NULL, cmd_help },
};

const size_t cmd_count = sizeof(cmd_all) / sizeof(*cmd_all);

static bool among(const char *words, const char *word)
{
	size_t length = strlen(word);

	for (; words && *words; words += strcspn(words, " "), words += *words == ' ')
		if (strcspn(words, " ") == length && strncmp(words, word, length) == 0)
			return true;
	return false;
}

const struct cmd *cmd_find(const char *name)
{
	for (size_t i = 0; i < cmd_count; i++)
		if (strcmp(cmd_all[i].name, name) == 0 || among(cmd_all[i].aliases, name))
			return &cmd_all[i];
	return NULL;
}

bool opt_knows(enum opt_id id, const char *word)
{
	return among(cmd_opts[id].words, word);
}

const char *cmd_group_name(enum cmd_group group)
{
	static const char *const names[GROUP_COUNT] = { "Interface", "Peers", "Onboarding",
		                                        "Scripts", "Audit", "Upkeep", "Help" };

	return names[group];
}

bool opt_is_global(enum opt_id id)
{
	return id > OPT_NONE && id <= OPT_HELP;
}

bool cmd_takes(const struct cmd *command, enum opt_id id)
{
	if (opt_is_global(id))
		return true;
	for (const enum opt_id *own = command->options; own && *own; own++)
		if (*own == id)
			return true;
	return false;
}
