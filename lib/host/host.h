/* SPDX-License-Identifier: ISC */
/*
 * What makes an interface a server: forwarding, our nftables table, and a look
 * at tables of others that would drop its traffic. Only lib/host starts a
 * program, and only nft(8) (found in /usr/sbin, /usr/bin, /sbin, /bin, never by
 * PATH; empty environment but LC_ALL=C; what to do on stdin).
 */
#ifndef PRG_HOST_HOST_H
#define PRG_HOST_HOST_H

#include "base/cleanup.h"
#include "model/peer.h"

/* ---- firewall: one table, "inet peerage-IF", per interface. Characters that
 * nft does not take in a name are written as ".xx" (hex). */

/* nat other than "none", or isolate: there is something to load. */
bool prg_nft_wanted(const struct prg_interface *interface);
/* All that nft lists, asked for once: starting nft is most of what it takes, so that it
 * is not where the kernel has nothing that would matter here. {0}: not asked yet. A
 * listing that failed keeps why, and is not tried again. */
struct prg_listing {
	char *text;           /* NULL: not asked yet, or failed */
	bool outdated;        /* our tables have changed since; those of others are as listed */
	int failed;           /* PRG_E_…; 0: it did not */
	struct prg_error why; /* of failed */
};
void prg_listing_done(struct prg_listing *listing);
#define PRG_LISTING PRG_CLEANUP(prg_listing_done) struct prg_listing
/* Is nft here, and may it be used? `first`: before there is a table of ours, which the kernel
 * may tell by itself and then take from us; but whether it is still as wanted only an nft
 * can say that lists as JSON. PRG_E_UNSUPPORTED with the way out ("install nftables, or
 * --nat none"). Changes nothing. */
int prg_nft_probe(struct prg_listing *listing, bool first, struct prg_error *err);
/* The table as it is to be, in nft's JSON: pure, for golden tests. Add, delete and add
 * again in one batch, so that loading replaces atomically. register_id goes into
 * a comment of the rules. *ret for free(3). */
int prg_nft_ruleset(const struct prg_interface *interface, const char *register_id, char **ret,
                    struct prg_error *err);
/* Loads it, or removes the table where nothing is wanted. The kernel is told without nft
 * where that can be (host/nft_run.h), and acknowledges each part; else nft loads it, and
 * it is read back: success is the table as wanted, not nft's exit code. What was there
 * before is told by the listing, which is therefore of a time when the interface's lock
 * was held. */
int prg_nft_apply(const struct prg_interface *interface, const char *register_id,
                  struct prg_listing *listing, struct prg_error *err);
/* The same in two steps, between which a child (host/broker.h) may be at it: nothing else
 * may be asked of nft there. Whether it is loaded, and is as wanted, the second one says;
 * it must come, in the same thread, whatever happens meanwhile. *ret_work stays NULL, for
 * which the second one does nothing, where nothing is left to wait for. */
struct prg_nft_work;
int prg_nft_begin(const struct prg_interface *interface, const char *register_id,
                  struct prg_listing *listing, struct prg_nft_work **ret_work,
                  struct prg_error *err);
int prg_nft_end(struct prg_nft_work **work, struct prg_error *err);
/* Is what prg_nft_apply would load (or remove) so already? Changes nothing. */
int prg_nft_is_loaded(const struct prg_interface *interface, const char *register_id,
                      struct prg_listing *listing, bool *ret_loaded, struct prg_error *err);
/* Removes the interface's table; absent is fine, no nft at all is fine. */
int prg_nft_remove(const char *interface, struct prg_listing *listing, struct prg_error *err);

/* ---- forwarding */
/* Switches IPv4 and, where the interface has an IPv6 address, IPv6 forwarding
 * on; accept_ra=2 first on every device with a default route learnt by router
 * advertisement. What is on already is left alone. *ret_changed: something was
 * switched on. Each change is one line of words to `remark`. */
typedef void prg_remark_fn(void *context, const char *line);
int prg_forwarding_enable(const struct prg_interface *interface, bool *ret_changed,
                          prg_remark_fn *remark, void *context, struct prg_error *err);
/* Could it be switched on, for IPv4 and perhaps IPv6? PRG_E_PERMISSION with the way
 * out: a container's /proc/sys is often read-only. Changes nothing. */
int prg_forwarding_probe(bool ipv6, struct prg_error *err);
/* Is it on for each of the interface's families? Changes nothing. */
int prg_forwarding_is_on(const struct prg_interface *interface, bool *ret_on,
                         struct prg_error *err);

/* ---- foreign chains */
/* Finds base chains of other tables on hooks input and forward whose policy
 * (or last rule) drops, and which show no rule that would let the listen port
 * (input) or this interface's packets (forward) through; for each, one remark
 * that says which chain drops what, and the exact command that mends it: ufw's,
 * firewalld's, DOCKER-USER's, else nft's own. Also says so where legacy iptables
 * tables exist that nft cannot show. *ret_found: how many. No nft is fine: none
 * found. */
int prg_foreign_look(const struct prg_interface *interface, struct prg_listing *listing,
                     size_t *ret_found, prg_remark_fn *remark, void *context,
                     struct prg_error *err);
/* The same of another host's ruleset, as `nft -j list ruleset` prints it: pure. */
int prg_foreign_check(const struct prg_interface *interface, const char *ruleset,
                      size_t *ret_found, prg_remark_fn *remark, void *context,
                      struct prg_error *err);

/* ---- a wg-quick config of that name: "/etc/wireguard/IF.conf". False: no name. */
#define PRG_WGQUICK_TEXT 64
bool prg_host_wgquick_path(const char *interface, char ret[PRG_WGQUICK_TEXT]);
/* It is there. */
bool prg_host_has_wgquick(const char *interface);
/* systemd starts it at boot by that config: "wg-quick@IF" is wanted by something. */
bool prg_host_boots_wgquick(const char *interface);

#endif
