/* SPDX-License-Identifier: ISC */
#include "backend/backend.h"

#include <linux/capability.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "backend/uapi.h"
#include "backend/vtable.h"
#include "base/error.h"

/* Asked before anything is recorded: a request that the kernel refuses later
 * would be too late. */
static int check_privilege(struct prg_error *err)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (syscall(SYS_capget, &header, data) == 0 &&
	    (data[CAP_TO_INDEX(CAP_NET_ADMIN)].effective & CAP_TO_MASK(CAP_NET_ADMIN)))
		return 0;
	return prg_error_set(err, PRG_E_PERMISSION,
	                     "WireGuard interfaces need CAP_NET_ADMIN: run as root");
}

/* The name of an interface may be a userspace WireGuard's although the kernel
 * has WireGuard too. */
static bool run_in_userspace(struct prg_backend *kernel)
{
	struct prg_link link;

	return prg_uapi_present(kernel->interface) &&
	       kernel->ops->link(kernel, &link, NULL) == 0 && strcmp(link.kind, "wireguard") != 0;
}

static int open_auto(const char *interface, struct prg_backend **ret_backend,
                     struct prg_error *err)
{
	PRG_BACKEND *kernel = NULL;
	int rc = prg_netlink_open(interface, &kernel, err);

	if (rc == PRG_E_UNSUPPORTED && prg_uapi_present(interface))
		return prg_uapi_open(interface, ret_backend, err);
	if (rc < 0)
		return rc;
	if (run_in_userspace(kernel))
		return prg_uapi_open(interface, ret_backend, err);
	*ret_backend = kernel;
	kernel = NULL;
	return 0;
}

int prg_backend_open(enum prg_backend_kind kind, const char *interface,
                     struct prg_backend **ret_backend, struct prg_error *err)
{
	int rc = prg_interface_name_check(interface, err);

	if (rc == 0 && kind != PRG_BACKEND_MEMORY && kind != PRG_BACKEND_NONE)
		rc = check_privilege(err);
	if (rc < 0)
		return rc;
	switch (kind) {
	case PRG_BACKEND_AUTO:
		return open_auto(interface, ret_backend, err);
	case PRG_BACKEND_NETLINK:
		return prg_netlink_open(interface, ret_backend, err);
	case PRG_BACKEND_UAPI:
		return prg_uapi_open(interface, ret_backend, err);
	case PRG_BACKEND_MEMORY:
		return prg_memory_open(interface, ret_backend, err);
	case PRG_BACKEND_NONE:
		break;
	}
	return prg_error_set(err, PRG_E_USAGE, "'none' runs no interface: nothing can be applied");
}

void prg_backend_close(struct prg_backend **backend)
{
	if (*backend == NULL)
		return;
	(*backend)->ops->close(*backend);
	*backend = NULL;
}

const char *prg_backend_name(const struct prg_backend *backend)
{
	return backend->ops->name;
}

int prg_backend_link(struct prg_backend *backend, struct prg_link *ret_link,
                     struct prg_error *err)
{
	return backend->ops->link(backend, ret_link, err);
}

int prg_backend_link_create(struct prg_backend *backend, const char *alias, struct prg_error *err)
{
	return backend->ops->link_create(backend, alias, err);
}

int prg_backend_link_delete(struct prg_backend *backend, size_t n_peers, struct prg_error *err)
{
	return backend->ops->link_delete(backend, n_peers, err);
}

int prg_backend_addresses(struct prg_backend *backend, struct prg_prefix **ret, size_t *ret_n,
                          struct prg_error *err)
{
	return backend->ops->addresses(backend, ret, ret_n, err);
}

int prg_backend_routes(struct prg_backend *backend, struct prg_prefix **ret, size_t *ret_n,
                       struct prg_error *err)
{
	return backend->ops->routes(backend, ret, ret_n, err);
}

int prg_backend_observe(struct prg_backend *backend, const struct prg_observer *observer,
                        bool *ret_interrupted, struct prg_error *err)
{
	return backend->ops->observe(backend, observer, ret_interrupted, err);
}

int prg_backend_apply(struct prg_backend *backend, const struct prg_op *ops, size_t n_ops,
                      prg_done_fn *done, void *context, struct prg_error *err)
{
	return backend->ops->apply(backend, ops, n_ops, done, context, err);
}
