/* SPDX-License-Identifier: ISC */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "host/host.h"

bool prg_host_wgquick_path(const char *interface, char ret[PRG_WGQUICK_TEXT])
{
	/* The name becomes part of a path. */
	if (prg_interface_name_check(interface, NULL) < 0)
		return false;
	snprintf(ret, PRG_WGQUICK_TEXT, "/etc/wireguard/%s.conf", interface);
	return true;
}

bool prg_host_has_wgquick(const char *interface)
{
	char path[PRG_WGQUICK_TEXT];

	return prg_host_wgquick_path(interface, path) && access(path, F_OK) == 0;
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
