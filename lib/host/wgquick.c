/* SPDX-License-Identifier: ISC */
#include <fcntl.h>
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

bool prg_host_boots_wgquick(const char *interface)
{
	char path[96];

	if (prg_interface_name_check(interface, NULL) < 0)
		return false;
	snprintf(path, sizeof(path),
	         "/etc/systemd/system/multi-user.target.wants/wg-quick@%s.service", interface);
	/* the link itself, wherever it leads */
	return faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}
