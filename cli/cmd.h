/* SPDX-License-Identifier: ISC */
/* What there is to say: commands, groups, options. The parser, help, completion
 * and the man page's synopsis come from these tables. */
#ifndef PEERAGE_CLI_CMD_H
#define PEERAGE_CLI_CMD_H

#include "peerage.h"

struct cli;

enum opt_id {
	OPT_NONE = 0,
	/* of every command */
	OPT_INTERFACE,
	OPT_JSON,
	OPT_TSV,
	OPT_DRY_RUN,
	OPT_NO_APPLY,
	OPT_QUIET,
	OPT_YES,
	OPT_WAIT,
	OPT_REGISTER,
	OPT_BACKEND,
	OPT_VERSION,
	OPT_HELP,
	/* init */
	OPT_ENDPOINT,
	OPT_POOL,
	OPT_LISTEN_PORT,
	OPT_NAT,
	OPT_ISOLATE,
	OPT_STALE_AFTER,
	OPT_SCRUB_IDLE,
	OPT_ROTATE_AFTER,
	OPT_PRIVATE_KEY,
	OPT_NO_UP,
	/* init, add, set */
	OPT_DNS,
	OPT_CLIENT_ALLOWED_IPS,
	OPT_MTU,
	OPT_CLIENT_KEEPALIVE,
	/* add, set */
	OPT_ADDRESS,
	OPT_PUBLIC_KEY,
	OPT_PRESHARED_KEY,
	OPT_PRESHARED_KEY_NEW,
	OPT_ROUTES,
	OPT_PEER_ENDPOINT,
	OPT_KEEPALIVE,
	OPT_EXPIRES,
	OPT_QUOTA,
	OPT_TAG,
	OPT_UNTAG,
	OPT_NOTE,
	OPT_IF_ABSENT,
	OPT_FROM,
	OPT_OUT,
	/* onboarding */
	OPT_QR,
	OPT_CONF,
	OPT_FORMAT,
	OPT_OUTPUT,
	/* others */
	OPT_PRUNE,
	OPT_HOLD,
	OPT_OVERLAP,
	OPT_STATE,
	OPT_TAGGED,
	OPT_SORT,
	OPT_STALE_CONFIG,
	OPT_ENDPOINTS,
	OPT_WATCH,
	OPT_SINCE,
	OPT_PEER,
	OPT_VERIFY,
	OPT_HEAD,
	OPT_ACCEPT,
	OPT_FAIL_ON,
	OPT_SAMPLE,
	OPT_ALL,
	OPT_LIVE,
	OPT_NO_SECRETS,
	OPT_PRUNE_PEERS,
	OPT_BY,
	OPT_PER_PEER,
	OPT_REPLACE_FILE,
	OPT_DOCUMENT,
	OPT_SIGNATURE,
	OPT_SIGNING_KEY,
	OPT_COUNT
};

enum opt_kind { OPT_FLAG, OPT_VALUE, OPT_MAYBE /* only as --name=value */ };
/* May it be given again? JOIN: a list that goes on; EACH: one more. */
enum opt_again { OPT_ONCE, OPT_JOIN, OPT_EACH };

/* Two options of one name are never of one command, and are of one kind. */
struct opt {
	const char *name;
	char letter;
	unsigned char kind, again;
	const char *value;    /* what help calls it */
	const char *words;    /* what it may be, for completion; "@file", "@interface" */
	enum prg_field field; /* its text goes to prg_intent_set(); 0: it does not */
	const char *help;
};

enum cmd_group { GROUP_INTERFACE, GROUP_PEERS, GROUP_ONBOARDING, GROUP_SCRIPTS, GROUP_AUDIT,
	         GROUP_UPKEEP, GROUP_HELP, GROUP_COUNT };

enum cmd_flags {
	CMD_READS = 1u << 0,   /* opens the register to read it */
	CMD_CHANGES = 1u << 1, /* opens it to change it */
	CMD_CREATES = 1u << 2, /* makes it where there is none */
	CMD_LISTS = 1u << 3,   /* -t */
	CMD_PLAIN = 1u << 4,   /* text only: neither -j nor -t */
	CMD_ASKS = 1u << 5,    /* destructive: -y */
	CMD_HOST = 1u << 6,    /* sets or reads this host's firewall and forwarding */
	CMD_TERSE = 1u << 7    /* a table with -n only */
};

/* What completion offers behind a command. */
enum cmd_words { WORDS_NONE, WORDS_PEER, WORDS_PEERS, WORDS_SETTINGS, WORDS_REMOVE,
	         WORDS_COMMANDS, WORDS_SHELLS, WORDS_FILES };

#define CMD_ANY 0xffffffffu

struct cmd {
	const char *name;
	const char *aliases;        /* separated by spaces, or NULL */
	const char *words;          /* synopsis of what follows */
	unsigned min, max;          /* how many */
	unsigned char group, completes;
	unsigned flags;
	const enum opt_id *options; /* ended by OPT_NONE; NULL: none */
	const char *help;           /* one line */
	const char *more;           /* lines for `help COMMAND`; NULL: none */
	/* 0, a PRG_E_*, or CMD_FINDINGS */
	int (*run)(struct cli *cli, struct prg_error *err);
};

#define CMD_FINDINGS 5 /* exit code: something differs or is left over */

extern const struct opt cmd_opts[OPT_COUNT];
extern const struct cmd cmd_all[];
extern const size_t cmd_count;

/* By name or alias; NULL: none. */
const struct cmd *cmd_find(const char *name);
const char *cmd_group_name(enum cmd_group group);
bool opt_is_global(enum opt_id id);
bool cmd_takes(const struct cmd *command, enum opt_id id);
/* The option's value may be this word. */
bool opt_knows(enum opt_id id, const char *word);

int cmd_init(struct cli *cli, struct prg_error *err);
int cmd_configure(struct cli *cli, struct prg_error *err);
int cmd_interfaces(struct cli *cli, struct prg_error *err);
int cmd_up(struct cli *cli, struct prg_error *err);
int cmd_down(struct cli *cli, struct prg_error *err);
int cmd_sync(struct cli *cli, struct prg_error *err);
int cmd_add(struct cli *cli, struct prg_error *err);
int cmd_revoke(struct cli *cli, struct prg_error *err);
int cmd_forget(struct cli *cli, struct prg_error *err);
int cmd_disclose(struct cli *cli, struct prg_error *err);
int cmd_disable(struct cli *cli, struct prg_error *err);
int cmd_enable(struct cli *cli, struct prg_error *err);
int cmd_rename(struct cli *cli, struct prg_error *err);
int cmd_set(struct cli *cli, struct prg_error *err);
int cmd_list(struct cli *cli, struct prg_error *err);
int cmd_show(struct cli *cli, struct prg_error *err);
int cmd_rotate(struct cli *cli, struct prg_error *err);
int cmd_audit(struct cli *cli, struct prg_error *err);
int cmd_log(struct cli *cli, struct prg_error *err);
int cmd_status(struct cli *cli, struct prg_error *err);
int cmd_usage(struct cli *cli, struct prg_error *err);
int cmd_metrics(struct cli *cli, struct prg_error *err);
int cmd_maintain(struct cli *cli, struct prg_error *err);
int cmd_qr(struct cli *cli, struct prg_error *err);
int cmd_export(struct cli *cli, struct prg_error *err);
int cmd_import(struct cli *cli, struct prg_error *err);
int cmd_dump(struct cli *cli, struct prg_error *err);
int cmd_plan(struct cli *cli, struct prg_error *err);
int cmd_apply(struct cli *cli, struct prg_error *err);
int cmd_genkey(struct cli *cli, struct prg_error *err);
int cmd_pubkey(struct cli *cli, struct prg_error *err);
int cmd_genpsk(struct cli *cli, struct prg_error *err);
int cmd_completion(struct cli *cli, struct prg_error *err);
int cmd_help(struct cli *cli, struct prg_error *err);

#endif
