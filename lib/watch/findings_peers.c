/* SPDX-License-Identifier: ISC */
/* What keys and dates say of each active peer. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "model/value.h"
#include "observed.h"
#include "watch/findings.h"

#define SOON_S ((int64_t)7 * 86400)

struct peers {
	struct prg_look *look;
	int64_t now;        /* as expiry goes by */
	bool clock_holds;   /* somebody would be cut off */
	char stale_after[24], rotate_after[24];
};

/* "30d" as a person says it. */
static const char *span_words(int64_t seconds, char ret[24])
{
	if (seconds % 86400 == 0)
		snprintf(ret, 24, "%lld days", (long long)seconds / 86400);
	else
		prg_duration_format(seconds, ret);
	return ret;
}

static int add(struct peers *p, const struct prg_peer *peer, enum prg_severity severity,
               enum prg_finding_kind kind, const char *what, const char *why, const char *command,
               struct prg_error *err)
{
	const struct prg_subject subject = { peer->name, &peer->public_key };

	return prg_findings_add(p->look->findings, severity, kind, &subject, what, why, command, err);
}

static int look_at_expiry(struct peers *p, const struct prg_peer *peer, struct prg_error *err)
{
	struct prg_findings *f = p->look->findings;
	char moment[21], what[80];

	if (peer->expires_at == 0 || peer->expires_at - p->now > SOON_S)
		return 0;
	prg_moment_format(peer->expires_at, moment);
	if (peer->expires_at > p->now) {
		snprintf(what, sizeof(what), "expires at %s", moment);
		return add(p, peer, PRG_SEVERITY_INFO, PRG_F_EXPIRES_SOON, what,
		           "it is cut off then; it may stay if it is given more time",
		           prg_findings_command(f, "set %s --expires 30d", peer->name), err);
	}
	if (!p->look->ours || !p->clock_holds)
		return 0;
	snprintf(what, sizeof(what), "expired at %s, but runs", moment);
	return add(p, peer, PRG_SEVERITY_CRITICAL, PRG_F_LIVE_PEER, what,
	           "whoever holds that key is let into the tunnel", prg_findings_command(f, "sync"),
	           err);
}

static int look_at_keys(struct peers *p, const struct prg_peer *peer, struct prg_error *err)
{
	struct prg_findings *f = p->look->findings;
	int64_t rotate_after = p->look->interface->rotate_after_s;
	char what[80];
	int rc = 0;

	if (!peer->has_preshared_key)
		rc = add(p, peer, PRG_SEVERITY_INFO, PRG_F_NO_PRESHARED_KEY, "has no preshared key",
		         "what is recorded today can be read by whoever breaks Curve25519 one day; "
		         "its config changes with it",
		         prg_findings_command(f, "set %s --preshared-key new", peer->name), err);
	if (rc == 0 && peer->config_stale)
		rc = add(p, peer, PRG_SEVERITY_WARNING, PRG_F_CONFIG_STALE,
		         "holds a config that was handed out before settings changed",
		         "it may not connect, or not as it should: give the user what 'peerage "
		         "export' shows, or new keys with a config of their own",
		         prg_findings_command(f, "rotate %s", peer->name), err);
	/* one that is followed by another key is on its way out */
	if (rc < 0 || rotate_after == 0 || peer->successor_id != 0 ||
	    p->now - peer->keyed_at <= rotate_after)
		return rc;
	snprintf(what, sizeof(what), "has had its key for more than %s",
	         span_words(rotate_after, p->rotate_after));
	return add(p, peer, PRG_SEVERITY_WARNING, PRG_F_KEY_OLD, what,
	           "the longer a key is used, the likelier somebody else has it too; the user "
	           "needs the config that this prints",
	           prg_findings_command(f, "rotate %s", peer->name), err);
}

/* Only of those that the dump showed as having been quiet for so long. */
static int look_at_quiet(struct peers *p, const struct prg_peer *peer, struct prg_error *err)
{
	struct prg_look *look = p->look;
	struct prg_findings *f = look->findings;
	struct prg_observed_row *seen = NULL;
	char what[120];
	int rc = 0;

	if (look->quiet->n > 0)
		rc = prg_observed_find(look->quiet, &peer->public_key, &seen, err);
	if (rc < 0 || seen == NULL)
		return rc;
	if (seen->latest_handshake_at != 0) {
		snprintf(what, sizeof(what), "has not connected for more than %s", p->stale_after);
		return add(p, peer, PRG_SEVERITY_INFO, PRG_F_STALE_PEER, what,
		           "a key that nobody uses is one that nobody misses when it is stolen",
		           prg_findings_command(f, "-y revoke %s", peer->name), err);
	}
	if (look->now - (peer->keyed_at > peer->created_at ? peer->keyed_at : peer->created_at) <=
	    look->interface->stale_after_s)
		return 0;
	snprintf(what, sizeof(what), "has not connected once in more than %s", p->stale_after);
	return add(p, peer, PRG_SEVERITY_INFO, PRG_F_NEVER_CONNECTED, what,
	           "a config that was never used may have gone astray",
	           prg_findings_command(f, "-y revoke %s", peer->name), err);
}

static int on_peer(void *context, const struct prg_peer *peer, struct prg_error *err)
{
	struct peers *p = context;
	int rc = look_at_expiry(p, peer, err);

	if (rc == 0)
		rc = look_at_keys(p, peer, err);
	return rc < 0 ? rc : look_at_quiet(p, peer, err);
}

int prg_findings_peers(struct prg_look *look, struct prg_error *err)
{
	struct peers p = { .look = look, .clock_holds = prg_clock_synchronised() };
	int rc = prg_store_now(look->reg->store, &p.now, err);

	span_words(look->interface->stale_after_s, p.stale_after);
	return rc < 0 ? rc
	              : prg_store_each_active(look->reg->store, look->interface, on_peer, &p, err);
}
