/* SPDX-License-Identifier: ISC */
/* The link, its addresses and its routes, over a NETLINK_ROUTE socket. */
#ifndef PRG_BACKEND_RTNL_H
#define PRG_BACKEND_RTNL_H

#include "backend/nl.h"
#include "backend/progress.h"

/* PRG_E_NOT_FOUND where there is none of that name. */
int prg_rtnl_link(struct prg_nl *nl, const char *name, struct prg_link *ret_link,
                  struct prg_error *err);
/* The name of a link by its index. */
int prg_rtnl_link_name(struct prg_nl *nl, uint32_t ifindex, char ret_name[PRG_IFNAME_TEXT],
                       struct prg_error *err);
/* Makes a link that has its alias from the first moment on. PRG_E_CONFLICT: the
 * name is taken; PRG_E_UNSUPPORTED: the kernel does not know the kind. */
int prg_rtnl_link_create(struct prg_nl *nl, const char *name, const char *kind, const char *alias,
                         uint32_t *ret_ifindex, struct prg_error *err);
/* Absent is fine. */
int prg_rtnl_link_delete(struct prg_nl *nl, uint32_t ifindex, const char *name,
                         struct prg_error *err);

/* As in backend.h. */
int prg_rtnl_addresses(struct prg_nl *nl, uint32_t ifindex, const char *name,
                       struct prg_prefix **ret, size_t *ret_n, struct prg_error *err);
int prg_rtnl_routes(struct prg_nl *nl, uint32_t ifindex, const char *name,
                    struct prg_prefix **ret, size_t *ret_n, struct prg_error *err);

/* Destinations of the main table that lead elsewhere, whatever their metric,
 * sorted by prg_prefix_compare; *ret is for free(3). */
int prg_rtnl_elsewhere(struct prg_nl *nl, uint32_t ifindex, const char *name,
                       struct prg_prefix **ret, size_t *ret_n, struct prg_error *err);

/* Carries out operations that are not WireGuard's; neighbouring routes share
 * sends. Each is told to progress. */
void prg_rtnl_apply(struct prg_nl *nl, uint32_t ifindex, const struct prg_op *ops, size_t n_ops,
                    struct prg_progress *progress);

#endif
