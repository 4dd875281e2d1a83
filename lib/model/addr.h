/* SPDX-License-Identifier: ISC */
/* Arithmetic on addresses and prefixes; the text side is in peerage.h. */
#ifndef PRG_MODEL_ADDR_H
#define PRG_MODEL_ADDR_H

#include "peerage.h"

static inline size_t prg_addr_size(const struct prg_addr *a)
{
	return a->family == 6 ? 16 : 4;
}
static inline uint8_t prg_addr_bits(const struct prg_addr *a)
{
	return a->family == 6 ? 128 : 32;
}
/* memcmp order: family, bytes, then length. */
int prg_addr_compare(const struct prg_addr *a, const struct prg_addr *b);
int prg_prefix_compare(const struct prg_prefix *a, const struct prg_prefix *b);
/* prg_prefix_compare for qsort(3) and bsearch(3). */
int prg_prefix_order(const void *a, const void *b);
bool prg_prefix_contains(const struct prg_prefix *outer, const struct prg_prefix *inner);
bool prg_prefix_contains_addr(const struct prg_prefix *outer, const struct prg_addr *addr);
bool prg_prefix_overlaps(const struct prg_prefix *a, const struct prg_prefix *b);
/* Host bits zeroed. */
struct prg_prefix prg_prefix_network(const struct prg_prefix *p);
struct prg_prefix prg_prefix_host(const struct prg_addr *addr); /* /32 or /128 */
struct prg_addr prg_prefix_first(const struct prg_prefix *p);
struct prg_addr prg_prefix_last(const struct prg_prefix *p);
/* a + n and a - 1, a + 1; false on overflow. */
bool prg_addr_add(const struct prg_addr *a, uint64_t n, struct prg_addr *ret);
bool prg_addr_next(const struct prg_addr *a, struct prg_addr *ret);
bool prg_addr_prev(const struct prg_addr *a, struct prg_addr *ret);
/* b - a where that fits 64 bits and b >= a; else false. */
bool prg_addr_distance(const struct prg_addr *a, const struct prg_addr *b, uint64_t *ret);
/* The same, in the same order. */
bool prg_prefix_same_list(const struct prg_prefix *a, size_t n_a, const struct prg_prefix *b,
                          size_t n_b);
/* Globally routable unicast (no private, ULA, CGNAT, link-local, loopback,
 * documentation or multicast range: IANA special-purpose registries). */
bool prg_addr_is_global(const struct prg_addr *a);

/* Comma-separated lists; *ret is for free(3). "" and "none" give none where
 * allow_none; a duplicate is PRG_E_USAGE. Prefixes with host bits set are
 * PRG_E_USAGE unless host_bits. limit: most entries. */
int prg_prefix_list_parse(const char *text, bool allow_none, bool host_bits, size_t limit,
                          struct prg_prefix **ret, size_t *ret_n, struct prg_error *err);
int prg_addr_list_parse(const char *text, bool allow_none, size_t limit, struct prg_addr **ret,
                        size_t *ret_n, struct prg_error *err);

struct prg_strbuf;
/* "a,b,c" with `separator` between. */
void prg_prefix_list_format(struct prg_strbuf *buf, const struct prg_prefix *list, size_t n,
                            const char *separator);
/* ["10.0.0.0/8","fd00::/8"] */
void prg_prefix_list_json(struct prg_strbuf *buf, const struct prg_prefix *list, size_t n);
void prg_addr_list_format(struct prg_strbuf *buf, const struct prg_addr *list, size_t n,
                          const char *separator);

#endif
