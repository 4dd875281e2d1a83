/* SPDX-License-Identifier: ISC */
/* Who runs this, for the audit chain. */
#ifndef PEERAGE_CLI_ACTOR_H
#define PEERAGE_CLI_ACTOR_H

#define ACTOR_TEXT 129

/* "alice (sudo)", "peerage@wg0.service", "root", "uid 1000". /etc/passwd is read
 * directly: NSS may open sockets. */
void actor_find(char ret_actor[ACTOR_TEXT]);

#endif
