/* SPDX-License-Identifier: ISC */
/* WireGuard's generic netlink dumps to values. Pure; any bytes are safe. */
#ifndef PRG_BACKEND_WG_DECODE_H
#define PRG_BACKEND_WG_DECODE_H

#include <linux/netlink.h>

#include "backend/assemble.h"

/* One message of a dump; prg_assembly_end() when the dump is over. Returns what
 * an observer returned, or PRG_E_CORRUPT. */
int prg_wg_decode(struct prg_assembly *assembly, const struct nlmsghdr *message,
                  struct prg_error *err);

/* The family's number in an answer to CTRL_CMD_GETFAMILY; 0: none in it. */
uint16_t prg_wg_decode_family(const struct nlmsghdr *message);

#endif
