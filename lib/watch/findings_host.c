/* SPDX-License-Identifier: ISC */
/* What of this host keeps an interface from being a server. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "host/host.h"
#include "watch/findings.h"

#define BEHIND_S 60

struct foreign {
	struct prg_findings *findings;
	struct prg_error *err;
	int rc;
};

/* The words of prg_foreign_look end with ", run: COMMAND" where one mends it. */
static void on_foreign(void *context, const char *line)
{
	static const char run[] = ", run: ";
	struct foreign *foreign = context;
	const char *command = strstr(line, run);
	PRG_FREE char *what = command ? strndup(line, (size_t)(command - line)) : strdup(line);

	if (foreign->rc < 0)
		return;
	if (what == NULL) {
		foreign->rc = prg_error_nomem(foreign->err);
		return;
	}
	foreign->rc = prg_findings_add(foreign->findings, PRG_SEVERITY_WARNING, PRG_F_FOREIGN_FIREWALL,
	                               NULL, what, "clients cannot connect, or not reach the "
	                                           "internet",
	                               command ? command + strlen(run) : NULL, foreign->err);
}

static int look_at_firewall(struct prg_findings *f, struct prg_register *reg,
                            const struct prg_interface *interface, struct prg_error *err)
{
	struct foreign foreign = { .findings = f, .err = err };
	bool loaded = true;
	PRG_LISTING listing = { 0 };
	size_t found;
	int rc = prg_nft_is_loaded(interface, prg_store_id(reg->store), &listing, &loaded, err);

	if (rc == 0 && !loaded)
		rc = prg_findings_add(f, PRG_SEVERITY_WARNING, PRG_F_FIREWALL, NULL,
		                      "its firewall table is missing or altered",
		                      interface->isolate
		                              ? "peers may reach one another, or not the internet"
		                              : "peers may not reach the internet",
		                      prg_findings_command(f, "sync"), err);
	if (rc == 0)
		rc = prg_foreign_look(interface, &listing, &found, on_foreign, &foreign, err);
	return rc < 0 ? rc : foreign.rc;
}

static int look_at_clock(struct prg_look *look, struct prg_error *err)
{
	static const char mend[] = "timedatectl set-ntp true";
	PRG_FREE char *what = NULL;
	int64_t last = look->now;
	int rc = prg_store_now(look->reg->store, &last, err);

	if (rc < 0)
		return rc;
	if (last - look->now > BEHIND_S) {
		bool days = last - look->now >= 2 * PRG_DAY_S;

		if (asprintf(&what, "this host's clock is %lld %s behind the register's last entry",
		             (long long)(last - look->now) / (days ? PRG_DAY_S : 60),
		             days ? "days" : "minutes") < 0)
			return prg_error_nomem(err);
		return prg_findings_add(look->findings, PRG_SEVERITY_WARNING, PRG_F_CLOCK, NULL,
		                        what, "entries are dated by the last one until it has "
		                              "caught up, and expiry goes by them", mend, err);
	}
	if (look->clock.jumped)
		return prg_findings_add(look->findings, PRG_SEVERITY_WARNING, PRG_F_CLOCK, NULL,
		                        "this host's clock has jumped by more than a day",
		                        "no peer expires until it is put right, or has gone on from "
		                        "there for an hour", mend, err);
	if (prg_clock_synchronised())
		return 0;
	return prg_findings_add(look->findings, PRG_SEVERITY_WARNING, PRG_F_CLOCK, NULL,
	                        "this host's clock is not synchronised",
	                        "no peer expires while nobody vouches for the time", mend, err);
}

int prg_findings_host(struct prg_look *look, struct prg_error *err)
{
	bool on = true;
	int rc = 0;

	if (look->reg->backend == PRG_BACKEND_MEMORY)
		return 0;
	rc = prg_forwarding_is_on(look->interface, &on, err);
	if (rc == 0 && !on)
		rc = prg_findings_add(look->findings, PRG_SEVERITY_WARNING, PRG_F_FORWARDING, NULL,
		                      "this host does not forward packets",
		                      "peers reach this host and nothing behind it",
		                      prg_findings_command(look->findings, "sync"), err);
	if (rc == 0)
		rc = look_at_firewall(look->findings, look->reg, look->interface, err);
	return rc < 0 ? rc : look_at_clock(look, err);
}
