/* SPDX-License-Identifier: ISC */
#include "host/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "backend/backend.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "model/value.h"

static int read_number(const char *path, uint64_t *ret, struct prg_error *err)
{
	PRG_FREE char *text = NULL;
	int rc = prg_file_read(path, 64, &text, NULL, err);

	if (rc < 0)
		return rc;
	text[strcspn(text, "\n")] = '\0';
	rc = prg_number_parse(text, 0, INT_MAX, ret, err);
	if (rc < 0)
		return prg_error_wrap(err, PRG_E_FAILED, "%s", path);
	return 0;
}

static void tell(prg_remark_fn *remark, void *context, const char *line)
{
	if (remark != NULL)
		remark(context, line);
}

/* The kernel forgets a default route learnt by router advertisement when
 * forwarding goes on, unless accept_ra is 2. Where it is 0 the kernel did not
 * learn the route: a network manager did, and looks after it. */
static int keep_advertised_route(const struct prg_forwarding *forwarding, const char *device,
                                 bool *changed, prg_remark_fn *remark, void *context,
                                 struct prg_error *err)
{
	char path[PATH_MAX], line[160];
	uint64_t value;
	int rc;

	snprintf(path, sizeof(path), "%s/ipv6/conf/%s/accept_ra", forwarding->root, device);
	rc = read_number(path, &value, err);
	if (rc < 0 || value != 1)
		return rc;
	rc = prg_file_write_existing(path, "2\n", err);
	if (rc < 0)
		return rc;
	*changed = true;
	snprintf(line, sizeof(line),
	         "set accept_ra=2 on %s, so that its IPv6 default route survives forwarding",
	         device);
	tell(remark, context, line);
	return 0;
}

static int switch_on(const char *path, const char *line, bool *changed, prg_remark_fn *remark,
                     void *context, struct prg_error *err)
{
	int rc = prg_file_write_existing(path, "1\n", err);

	if (rc < 0)
		return rc;
	*changed = true;
	tell(remark, context, line);
	return 0;
}

static int switch_ipv4(const struct prg_forwarding *forwarding, bool *changed,
                       prg_remark_fn *remark, void *context, struct prg_error *err)
{
	char path[PATH_MAX];
	uint64_t value;
	int rc;

	snprintf(path, sizeof(path), "%s/ipv4/ip_forward", forwarding->root);
	rc = read_number(path, &value, err);
	if (rc < 0 || value != 0)
		return rc;
	return switch_on(path, "switched IPv4 forwarding on (net.ipv4.ip_forward=1)", changed,
	                 remark, context, err);
}

static int switch_ipv6(const struct prg_forwarding *forwarding, bool *changed,
                       prg_remark_fn *remark, void *context, struct prg_error *err)
{
	char path[PATH_MAX];
	uint64_t value;
	size_t i;
	int rc;

	snprintf(path, sizeof(path), "%s/ipv6/conf/all/forwarding", forwarding->root);
	if (access(path, F_OK) < 0)
		return prg_error_set(
			err, PRG_E_UNSUPPORTED,
			"this kernel has no IPv6 (%s is absent): switch IPv6 on, or give "
			"the interface IPv4 addresses only",
			path);
	rc = read_number(path, &value, err);
	if (rc < 0 || value != 0)
		return rc;
	for (i = 0; i < forwarding->n_ra_devices; i++) {
		rc = keep_advertised_route(forwarding, forwarding->ra_devices[i], changed, remark,
		                           context, err);
		if (rc < 0)
			return rc;
	}
	return switch_on(path, "switched IPv6 forwarding on (net.ipv6.conf.all.forwarding=1)",
	                 changed, remark, context, err);
}

int prg_forwarding_switch(const struct prg_forwarding *forwarding, bool *ret_changed,
                          prg_remark_fn *remark, void *context, struct prg_error *err)
{
	bool changed = false;
	int rc = switch_ipv4(forwarding, &changed, remark, context, err);

	if (rc == 0 && forwarding->ipv6)
		rc = switch_ipv6(forwarding, &changed, remark, context, err);
	if (rc < 0)
		return prg_error_wrap(err, rc, "switch forwarding on");
	*ret_changed = changed;
	return 0;
}

static int check_one(const char *root, const char *file, const char *setting,
                     struct prg_error *err)
{
	char path[PATH_MAX];
	uint64_t value = 1;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", root, file);
	/* one that is not there is another error, of whoever needs it */
	if (read_number(path, &value, NULL) < 0 || value != 0)
		return 0;
	fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0) {
		close(fd);
		return 0;
	}
	prg_error_errno(err, errno, "%s", path);
	return prg_error_wrap(err, PRG_E_PERMISSION,
	                      "forwarding is off, and may not be switched on from here: run "
	                      "'sysctl -w %s=1' as root, and outside of a container",
	                      setting);
}

int prg_forwarding_check(const struct prg_forwarding *forwarding, struct prg_error *err)
{
	int rc = check_one(forwarding->root, "ipv4/ip_forward", "net.ipv4.ip_forward", err);

	if (rc == 0 && forwarding->ipv6)
		rc = check_one(forwarding->root, "ipv6/conf/all/forwarding",
		               "net.ipv6.conf.all.forwarding", err);
	return rc;
}

int prg_forwarding_probe(bool ipv6, struct prg_error *err)
{
	const struct prg_forwarding forwarding = { .root = "/proc/sys/net", .ipv6 = ipv6 };

	return prg_forwarding_check(&forwarding, err);
}

int prg_forwarding_enable(const struct prg_interface *interface, bool *ret_changed,
                          prg_remark_fn *remark, void *context, struct prg_error *err)
{
	struct prg_forwarding forwarding = { .root = "/proc/sys/net" };
	PRG_FREE char(*devices)[PRG_IFNAME_TEXT] = NULL;
	size_t i;
	int rc;

	for (i = 0; i < interface->n_addresses; i++)
		forwarding.ipv6 |= interface->addresses[i].addr.family == 6;
	if (forwarding.ipv6) {
		rc = prg_route_ra_devices(&devices, &forwarding.n_ra_devices, err);
		if (rc < 0)
			return rc;
		forwarding.ra_devices = (const char(*)[PRG_IFNAME_TEXT])devices;
	}
	return prg_forwarding_switch(&forwarding, ret_changed, remark, context, err);
}

int prg_forwarding_is_on(const struct prg_interface *interface, bool *ret_on,
                         struct prg_error *err)
{
	uint64_t four = 1, six = 1;
	bool ipv6 = false;
	size_t i;
	int rc;

	for (i = 0; i < interface->n_addresses; i++)
		ipv6 |= interface->addresses[i].addr.family == 6;
	rc = read_number("/proc/sys/net/ipv4/ip_forward", &four, err);
	if (rc == 0 && ipv6)
		rc = read_number("/proc/sys/net/ipv6/conf/all/forwarding", &six, err);
	if (rc < 0)
		return rc;
	*ret_on = four != 0 && six != 0;
	return 0;
}
