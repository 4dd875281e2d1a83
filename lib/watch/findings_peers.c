/* SPDX-License-Identifier: ISC */
/* What keys and dates say of each active peer. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "model/value.h"
#include "observed.h"
#include "store/usage.h"
#include "watch/findings.h"

#define SOON_S ((int64_t)7 * 86400)

struct peers {
	struct prg_look *look;
	int64_t now; /* as expiry goes by */
	char stale_after[24], rotate_after[24];
};

/* "30d" as a person says it. */
static const char *span_words(int64_t seconds, char ret[24])
{
	if (seconds % 86400 == 0)
		snprintf(ret, 24, "%lld day%s", (long long)seconds / 86400,
		         seconds == 86400 ? "" : "s");
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
	if (peer->expires_at > p->now && peer->successor_id != 0)
		return 0;
	if (peer->expires_at > p->now) {
		snprintf(what, sizeof(what), "expires at %s", moment);
		return add(p, peer, PRG_SEVERITY_INFO, PRG_F_EXPIRES_SOON, what,
		           "it is cut off then; it may stay if it is given more time",
		           prg_findings_command(f, "set %s --expires 30d", peer->name), err);
	}
	if (!p->look->ours || !p->look->clock.trusted)
		return 0;
	snprintf(what, sizeof(what), "expired at %s, but runs", moment);
	return add(p, peer, PRG_SEVERITY_CRITICAL, PRG_F_LIVE_PEER, what,
	           "whoever holds that key is let into the tunnel", prg_findings_command(f, "sync"),
	           err);
}

/* Twice as much, as set takes it. */
static const char *twice(const struct prg_peer *peer, char ret[32])
{
	static const char *const ends[] = { [PRG_QUOTA_TOTAL] = "", [PRG_QUOTA_DAY] = "/day",
		                            [PRG_QUOTA_MONTH] = "/month" };
	uint64_t bytes = peer->quota_bytes < INT64_MAX / 2 ? 2 * peer->quota_bytes : INT64_MAX;

	snprintf(ret, 32, "%llu%s", (unsigned long long)bytes, ends[peer->quota_period]);
	return ret;
}

static int look_at_quota(struct peers *p, const struct prg_peer *peer, struct prg_error *err)
{
	struct prg_findings *f = p->look->findings;
	uint64_t used = 0;
	char what[80], more[32];
	int rc = 0;

	if (peer->quota_bytes != 0)
		rc = prg_usage_used(p->look->reg->store, peer, p->now, &used, err);
	if (rc < 0 || used / 4 < peer->quota_bytes / 5 || used == 0)
		return rc;
	if (used < peer->quota_bytes) {
		snprintf(what, sizeof(what), "has used %u%% of its quota",
		         (unsigned)((long double)used * 100 / (long double)peer->quota_bytes));
		return add(p, peer, PRG_SEVERITY_INFO, PRG_F_QUOTA_NEAR, what,
		           "it is cut off when all is used up; it may go on if it is given more",
		           prg_findings_command(f, "set %s --quota %s", peer->name,
		                                twice(peer, more)), err);
	}
	if (!p->look->ours || (peer->quota_period != PRG_QUOTA_TOTAL && !p->look->clock.trusted))
		return 0;
	return add(p, peer, PRG_SEVERITY_CRITICAL, PRG_F_LIVE_PEER, "has used up its quota, but runs",
	           "it is let in for longer than it should be", prg_findings_command(f, "maintain"),
	           err);
}

/* An older key, on its way out. */
static int look_at_successor(struct peers *p, const struct prg_peer *peer, struct prg_error *err)
{
	char moment[21], what[80];

	if (!p->look->ours || !p->look->clock.trusted || peer->overlap_until == 0 ||
	    peer->overlap_until > p->now)
		return 0;
	prg_moment_format(peer->overlap_until, moment);
	snprintf(what, sizeof(what), "is an older key that should have gone at %s", moment);
	return add(p, peer, PRG_SEVERITY_WARNING, PRG_F_ROTATION_OPEN, what,
	           "it is let in for longer than it should be",
	           prg_findings_command(p->look->findings, "maintain"), err);
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
	if (rc < 0 || rotate_after == 0 || p->now - peer->keyed_at <= rotate_after)
		return rc;
	snprintf(what, sizeof(what), "has had its key for more than %s",
	         span_words(rotate_after, p->rotate_after));
	return add(p, peer, PRG_SEVERITY_WARNING, PRG_F_KEY_OLD, what,
	           "the longer a key is used, the likelier somebody else has it too; the user "
	           "needs the config that this prints",
	           prg_findings_command(f, "rotate %s --overlap 7d", peer->name), err);
}

static int64_t latest(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* Only of those that the dump showed as having been quiet for so long. */
static int look_at_quiet(struct peers *p, const struct prg_peer *peer, int64_t seen_day,
                         struct prg_error *err)
{
	struct prg_look *look = p->look;
	struct prg_findings *f = look->findings;
	struct prg_observed_row *seen = NULL;
	/* of the clock, which stamps handshakes, and the time that is trusted, the earlier:
	 * a clock that leapt ahead must not have people revoked */
	int64_t now = look->now < p->now ? look->now : p->now;
	int64_t last, since;
	char what[120];
	int rc = 0;

	if (look->quiet->n > 0)
		rc = prg_observed_find(look->quiet, &peer->public_key, &seen, err);
	if (rc < 0 || seen == NULL)
		return rc;
	last = latest(seen->latest_handshake_at, seen_day != 0 ? (seen_day + 1) * PRG_DAY_S - 1 : 0);
	since = seen->latest_handshake_at != 0
	                ? last
	                : latest(last, latest(peer->keyed_at, peer->created_at));
	if (now - since <= look->interface->stale_after_s)
		return 0;
	if (last != 0) {
		snprintf(what, sizeof(what), "has not connected for more than %s", p->stale_after);
		return add(p, peer, PRG_SEVERITY_INFO, PRG_F_STALE_PEER, what,
		           "a key that nobody uses is one that nobody misses when it is stolen",
		           prg_findings_command(f, "-y revoke %s", peer->name), err);
	}
	if (look->young)
		return 0;
	snprintf(what, sizeof(what), "has not connected once in more than %s", p->stale_after);
	return add(p, peer, PRG_SEVERITY_INFO, PRG_F_NEVER_CONNECTED, what,
	           "a config that was never used may have gone astray",
	           prg_findings_command(f, "-y revoke %s", peer->name), err);
}

static int on_peer(void *context, const struct prg_peer *peer, int64_t seen_day,
                   struct prg_error *err)
{
	struct peers *p = context;
	int rc = look_at_expiry(p, peer, err);

	if (rc == 0)
		rc = look_at_quota(p, peer, err);
	if (rc < 0 || peer->successor_id != 0)
		return rc < 0 ? rc : look_at_successor(p, peer, err);
	rc = look_at_keys(p, peer, err);
	return rc < 0 ? rc : look_at_quiet(p, peer, seen_day, err);
}

int prg_findings_peers(struct prg_look *look, struct prg_error *err)
{
	struct peers p = { .look = look, .now = look->clock.now };

	span_words(look->interface->stale_after_s, p.stale_after);
	return prg_store_each_active(look->reg->store, look->interface, on_peer, &p, err);
}
