/* SPDX-License-Identifier: ISC */
/* What a command may reach once it has started: cli/sandbox.h, with the files that its
 * arguments name. */
#ifndef PEERAGE_CLI_CONFINE_H
#define PEERAGE_CLI_CONFINE_H

#include "cli.h"

/* Before the register is opened: what must be started outside of the sandbox, and
 * libraries that this command needs and others do not. */
int confine_prepare(const struct cli *cli, struct prg_error *err);
/* Once it is open: closes the sandbox. Nothing was changed where this fails. */
int confine_close(struct cli *cli, struct prg_error *err);

#endif
