/* SPDX-License-Identifier: ISC */
/* What of this host keeps an interface from being a server. */
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "host/host.h"
#include "watch/findings.h"

struct foreign {
	struct prg_findings *findings;
	struct prg_error *err;
	int rc;
};

/* The words of prg_foreign_check end with ", run: COMMAND" where one mends it. */
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
	foreign->rc = prg_findings_add(foreign->findings, PRG_SEVERITY_WARNING, "foreign-firewall",
	                               NULL, what, "clients cannot connect, or not reach the "
	                                           "internet",
	                               command ? command + strlen(run) : NULL, foreign->err);
}

static int look_at_firewall(struct prg_findings *f, struct prg_register *reg,
                            const struct prg_interface *interface, struct prg_error *err)
{
	struct foreign foreign = { .findings = f, .err = err };
	bool loaded = true;
	size_t found;
	int rc = prg_nft_is_loaded(interface, prg_store_id(reg->store), &loaded, err);

	if (rc == 0 && !loaded)
		rc = prg_findings_add(f, PRG_SEVERITY_WARNING, "firewall", NULL,
		                      "its firewall table is missing or altered",
		                      interface->isolate
		                              ? "peers may reach one another, or not the internet"
		                              : "peers may not reach the internet",
		                      prg_findings_command(f, "sync"), err);
	if (rc == 0)
		rc = prg_foreign_check(interface, NULL, &found, on_foreign, &foreign, err);
	return rc < 0 ? rc : foreign.rc;
}

int prg_findings_host(struct prg_findings *f, struct prg_register *reg,
                      const struct prg_interface *interface, struct prg_error *err)
{
	bool on = true;
	int rc = 0;

	if (reg->backend == PRG_BACKEND_MEMORY)
		return 0;
	rc = prg_forwarding_is_on(interface, &on, err);
	if (rc == 0 && !on)
		rc = prg_findings_add(f, PRG_SEVERITY_WARNING, "forwarding", NULL,
		                      "this host does not forward packets",
		                      "peers reach this host and nothing behind it",
		                      prg_findings_command(f, "sync"), err);
	if (rc == 0)
		rc = look_at_firewall(f, reg, interface, err);
	if (rc == 0 && !prg_clock_synchronised())
		rc = prg_findings_add(f, PRG_SEVERITY_WARNING, "clock", NULL,
		                      "this host's clock is not synchronised",
		                      "no peer expires while nobody vouches for the time",
		                      "timedatectl set-ntp true", err);
	return rc;
}
