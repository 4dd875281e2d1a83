/* SPDX-License-Identifier: ISC */
/* The seam behind backend.h; only lib/backend includes it. */
#ifndef PRG_BACKEND_VTABLE_H
#define PRG_BACKEND_VTABLE_H

#include "backend/backend.h"

struct prg_backend_ops {
	const char *name;
	void (*close)(struct prg_backend *backend);
	int (*link)(struct prg_backend *, struct prg_link *ret, struct prg_error *);
	int (*link_create)(struct prg_backend *, const char *alias, struct prg_error *);
	int (*link_delete)(struct prg_backend *, size_t n_peers, struct prg_error *);
	int (*addresses)(struct prg_backend *, struct prg_prefix **, size_t *, struct prg_error *);
	int (*routes)(struct prg_backend *, struct prg_prefix **, size_t *, struct prg_error *);
	int (*observe)(struct prg_backend *, const struct prg_observer *, bool *,
	               struct prg_error *);
	int (*apply)(struct prg_backend *, const struct prg_op *, size_t, prg_done_fn *, void *,
	             struct prg_error *);
};

/* First member of each backend's own struct. */
struct prg_backend {
	const struct prg_backend_ops *ops;
	char interface[PRG_IFNAME_TEXT];
};

int prg_netlink_open(const char *interface, struct prg_backend **, struct prg_error *);
int prg_uapi_open(const char *interface, struct prg_backend **, struct prg_error *);
int prg_memory_open(const char *interface, struct prg_backend **, struct prg_error *);

#endif
