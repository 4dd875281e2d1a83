/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <unistd.h>

#include "host/host.h"

bool prg_host_has_wgquick(const char *interface)
{
	char path[64];

	/* The name becomes part of a path. */
	if (prg_interface_name_check(interface, NULL) < 0)
		return false;
	snprintf(path, sizeof(path), "/etc/wireguard/%s.conf", interface);
	return access(path, F_OK) == 0;
}
