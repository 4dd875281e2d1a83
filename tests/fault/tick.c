/* SPDX-License-Identifier: ISC */
/*
 * tick [up]: a tick of upkeep over the register PEERAGE_REGISTER, or bringing its wg0 up,
 * on the memory backend, so that it needs neither a kernel nor a clock that somebody
 * vouches for. It is two hours later than it is; each active peer has sent and received
 * since the last tick, and those without an older key's name have shaken hands. As the
 * program: exit status, one line on stderr, and prctl(PR_SET_DUMPABLE) where it begins.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "backend/memory.h"
#include "base/clock.h"
#include "model/peer.h"
#include "report.h"

static struct prg_error err;
static struct prg_clock_look look = { .boottime_s = 7300, .synchronised = true, .boot_id = "f" };

static int execute(struct prg_register *reg, enum prg_verb verb)
{
	PRG_CLEANUP(prg_intent_free) struct prg_intent *intent = NULL;
	PRG_REPORT *report = NULL;
	int rc = prg_intent_new(verb, "wg0", &intent, &err);

	return rc < 0 ? rc : prg_execute(reg, intent, &report, &err);
}

static int play(void *context, const struct prg_peer *peer)
{
	bool older = peer->successor_id != 0;

	(void)context;
	if (peer->state != PRG_PEER_ACTIVE)
		return 0;
	return prg_memory_traffic("wg0", &peer->public_key, older ? 0 : look.wall_s - 60, 4000,
	                          3000, NULL);
}

/* What runs is what the register has. */
static int begin(struct prg_register *reg)
{
	char alias[64];
	int rc;

	snprintf(alias, sizeof(alias), "peerage:%s", prg_register_id(reg));
	rc = prg_memory_link_set("wg0", "wireguard", alias);
	if (rc == 0)
		rc = execute(reg, PRG_SYNC);
	return rc == 0 ? prg_list_peers(reg, "wg0", play, NULL, &err) : rc;
}

int main(int argc, char **argv)
{
	bool up = argc == 2 && strcmp(argv[1], "up") == 0;
	struct prg_register *reg = NULL;
	int rc = prg_register_open(getenv("PEERAGE_REGISTER"), 0, 1000, &reg, &err);

	if (rc == 0) {
		prg_register_set_backend(reg, PRG_BACKEND_MEMORY);
		look.wall_s = prg_clock_now() + 7200;
		if (!up)
			rc = begin(reg);
	}
	if (rc == 0 && !up)
		prg_clock_pretend(&look);
	prctl(PR_SET_DUMPABLE, 1);
	if (rc == 0)
		rc = execute(reg, up ? PRG_UP : PRG_MAINTAIN);
	prg_register_close(&reg);
	if (rc < 0)
		fprintf(stderr, "peerage: %s\n", err.message);
	return prg_exit_code(rc);
}
