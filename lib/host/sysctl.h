/* SPDX-License-Identifier: ISC */
/* Forwarding, over any directory that looks like /proc/sys/net. */
#ifndef PRG_HOST_SYSCTL_H
#define PRG_HOST_SYSCTL_H

#include "host/host.h"

struct prg_forwarding {
	const char *root;  /* "/proc/sys/net" */
	bool ipv6;
	const char (*ra_devices)[PRG_IFNAME_TEXT]; /* default route by advertisement */
	size_t n_ra_devices;
};
/* See prg_forwarding_probe(). */
int prg_forwarding_check(const struct prg_forwarding *forwarding, struct prg_error *err);
/* See prg_forwarding_enable(). */
int prg_forwarding_switch(const struct prg_forwarding *forwarding, bool *ret_changed,
                          prg_remark_fn *remark, void *context, struct prg_error *err);

#endif
