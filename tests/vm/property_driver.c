/* SPDX-License-Identifier: ISC */
/*
 * property_driver INTERFACE ROUNDS [SEED]: on the kernel's WireGuard, from one
 * random state to the next:
 *   apply(plan(desired, observed), observed) = desired, as `wg show dump` tells it
 *   plan(desired, observed) = nothing, after that
 *   a plan names no peer that need not change
 * Prints TAP; the interface must exist and be fresh.
 */
#include <stdio.h>
#include <time.h>

#include "../unit/random_states.h"
#include "backend/backend.h"
#include "base/error.h"
#include "plan/diff.h"

#define LINE 512

static struct prg_error error;
static unsigned rounds_failed;

static void complain(unsigned round, const char *what)
{
	if (rounds_failed++ < 10)
		printf("# state %u: %s\n", round, what);
}

/* ---- observed by ourselves */

static int take_peer(void *context, const struct prg_wg_peer *peer, struct prg_error *err)
{
	struct state *s = context;
	struct peer *p = &s->peers[s->n];

	if (s->n == MAX_PEERS || peer->n_allowed_ips > MAX_IPS)
		return prg_error_set(err, PRG_E_FAILED, "the kernel shows more than was set");
	s->n++;
	p->wg = *peer;
	if (peer->n_allowed_ips > 0)
		memcpy(p->ips, peer->allowed_ips, peer->n_allowed_ips * sizeof(*p->ips));
	p->wg.allowed_ips = p->ips;
	if (peer->preshared_key != NULL) {
		p->psk = *peer->preshared_key;
		p->wg.preshared_key = &p->psk;
	}
	return 0;
}

static int observe(struct prg_backend *backend, struct state *ret)
{
	const struct prg_observer observer = { .context = ret, .peer = take_peer };
	bool interrupted = false;

	memset(ret, 0, sizeof(*ret));
	return prg_backend_observe(backend, &observer, &interrupted, &error);
}

/* ---- and by wg(8) */

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Key, preshared key, allowed IPs in order, keepalive. */
static void line_of(const struct peer *p, char ret[LINE])
{
	char key[PRG_KEY_TEXT], psk[PRG_KEY_TEXT] = "(none)", ips[MAX_IPS][PRG_PREFIX_TEXT];
	size_t used, i;

	prg_public_key_format(&p->wg.public_key, key);
	if (p->wg.preshared_key != NULL)
		prg_preshared_key_reveal(&p->psk, psk);
	for (i = 0; i < p->wg.n_allowed_ips; i++)
		prg_prefix_format(&p->ips[i], ips[i]);
	qsort(ips, p->wg.n_allowed_ips, sizeof(*ips), by_text);
	used = (size_t)snprintf(ret, LINE, "%s %s %u", key, psk, p->wg.keepalive_s);
	for (i = 0; i < p->wg.n_allowed_ips; i++)
		used += (size_t)snprintf(ret + used, LINE - used, " %s", ips[i]);
}

/* A line of `wg show IF dump` in the same words; false: not a peer's. */
static bool line_of_wg(char *text, char ret[LINE])
{
	char *fields[8], *ip, *rest, ips[MAX_IPS][PRG_PREFIX_TEXT];
	size_t n = 0, used, i;

	for (fields[0] = strtok_r(text, "\t\n", &rest); fields[n] != NULL && n < 7;)
		fields[++n] = strtok_r(NULL, "\t\n", &rest);
	if (n < 7 || fields[7] == NULL)
		return false;
	used = (size_t)snprintf(ret, LINE, "%s %s %s", fields[0], fields[1],
	                        strcmp(fields[7], "off") == 0 ? "0" : fields[7]);
	n = 0;
	for (ip = strtok_r(fields[3], ",", &rest); ip != NULL && strcmp(ip, "(none)") != 0;
	     ip = strtok_r(NULL, ",", &rest)) {
		if (n == MAX_IPS)
			return false;
		snprintf(ips[n++], sizeof(*ips), "%s", ip);
	}
	qsort(ips, n, sizeof(*ips), by_text);
	for (i = 0; i < n; i++)
		used += (size_t)snprintf(ret + used, LINE - used, " %s", ips[i]);
	return true;
}

static bool wg_agrees(const char *interface, const struct state *desired)
{
	static char ours[MAX_PEERS][LINE], theirs[MAX_PEERS][LINE];
	char command[64], text[4 * LINE];
	size_t n = 0, i;
	FILE *wg;

	for (i = 0; i < desired->n; i++)
		line_of(&desired->peers[i], ours[i]);
	snprintf(command, sizeof(command), "wg show %s dump", interface);
	wg = popen(command, "r");
	if (wg == NULL || fgets(text, sizeof(text), wg) == NULL)
		return false;
	while (fgets(text, sizeof(text), wg) != NULL)
		if (n == MAX_PEERS || !line_of_wg(text, theirs[n++]))
			return pclose(wg) != 0 && false;
	if (pclose(wg) != 0 || n != desired->n)
		return false;
	qsort(ours, n, sizeof(*ours), by_text);
	qsort(theirs, n, sizeof(*theirs), by_text);
	for (i = 0; i < n; i++)
		if (strcmp(ours[i], theirs[i]) != 0) {
			printf("# ours:   %s\n# theirs: %s\n", ours[i], theirs[i]);
			return false;
		}
	return true;
}

/* ---- from state to state */

static int make_plan(struct state *from, struct state *to, struct prg_plan *plan)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < from->n && rc == 0; i++) {
		struct peer *wanted = find(to, &from->peers[i].wg.public_key);

		rc = prg_diff_peer(plan, &from->peers[i].wg, wanted ? &wanted->wg : NULL, 0, 0,
		                   "peer", NULL, &error);
	}
	for (i = 0; i < to->n && rc == 0; i++)
		if (find(from, &to->peers[i].wg.public_key) == NULL)
			rc = prg_diff_peer(plan, NULL, &to->peers[i].wg, 0, 0, "peer", NULL,
			                   &error);
	prg_plan_order(plan);
	return rc;
}

static bool touches_others(const struct prg_plan *plan, struct state *from, struct state *to)
{
	size_t i;

	for (i = 0; i < prg_plan_length(plan); i++) {
		const struct prg_public_key *key = &prg_plan_ops(plan)[i].peer->public_key;
		struct peer *a = find(from, key), *b = find(to, key);
		unsigned fields = 1;

		if (a != NULL && b != NULL)
			prg_diff_peer(NULL, &a->wg, &b->wg, 0, 0, NULL, &fields, NULL);
		if (fields == 0)
			return true;
	}
	return false;
}

static int step(struct prg_backend *backend, const char *interface, unsigned round)
{
	static struct state observed, desired, now;
	PRG_PLAN *plan = NULL;
	int rc = observe(backend, &observed);

	random_state(&desired);
	if (rc == 0)
		rc = prg_plan_new(&plan, &error);
	if (rc == 0)
		rc = make_plan(&observed, &desired, plan);
	if (rc == 0 && touches_others(plan, &observed, &desired))
		complain(round, "a peer was touched that need not change");
	if (rc == 0)
		rc = prg_backend_apply(backend, prg_plan_ops(plan), prg_plan_length(plan), NULL,
		                       NULL, &error);
	if (rc == 0)
		rc = observe(backend, &now);
	if (rc < 0)
		return rc;
	prg_plan_clear(plan);
	rc = make_plan(&now, &desired, plan);
	if (rc == 0 && prg_plan_length(plan) > 0)
		complain(round, "something is left to do");
	if (rc == 0 && !wg_agrees(interface, &desired))
		complain(round, "wg shows something else than is desired");
	return rc;
}

int main(int argc, char **argv)
{
	PRG_BACKEND *backend = NULL;
	unsigned rounds, round;

	if (argc < 3)
		return 2;
	rounds = (unsigned)strtoul(argv[2], NULL, 10);
	seed = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : (unsigned)time(NULL);
	printf("# PRG_SEED=%u\n", seed);
	if (prg_backend_open(PRG_BACKEND_NETLINK, argv[1], &backend, &error) < 0) {
		printf("Bail out! %s\n", error.message);
		return 1;
	}
	for (round = 1; round <= rounds; round++)
		if (step(backend, argv[1], round) < 0)
			complain(round, error.message);
	printf("%s 1 - %u random states, each reached from the one before\n",
	       rounds_failed ? "not ok" : "ok", rounds);
	return rounds_failed != 0;
}
