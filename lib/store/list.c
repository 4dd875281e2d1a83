/* SPDX-License-Identifier: ISC */
#include "store/list.h"

#include "base/error.h"
#include "base/strbuf.h"
#include "model/addr.h"
#include "store/row.h"

void *prg_list_grow(void *list, size_t n, size_t size)
{
	if (n != 0 && (n & (n - 1)) != 0)
		return list;
	if (n > SIZE_MAX / 4 / size)
		return NULL;
	return realloc(list, (n ? 2 * n : 1) * size);
}

int prg_list_prefix(struct prg_prefix **list, size_t *n, const struct prg_prefix *prefix,
                    struct prg_error *err)
{
	struct prg_prefix *grown = prg_list_grow(*list, *n, sizeof(**list));

	if (grown == NULL)
		return prg_error_nomem(err);
	grown[(*n)++] = *prefix;
	*list = grown;
	return 0;
}

static int too_many(size_t n, struct prg_error *err)
{
	return prg_error_set(err, PRG_E_USAGE, "a list of %zu entries is longer than %d", n,
	                     PRG_ROW_LIST_MAX);
}

static int take(struct prg_strbuf *buf, char **ret, struct prg_error *err)
{
	char *text = prg_strbuf_take(buf);

	if (text == NULL)
		return prg_error_nomem(err);
	*ret = text;
	return 0;
}

int prg_list_prefixes_text(const struct prg_prefix *list, size_t n, char **ret,
                           struct prg_error *err)
{
	PRG_STRBUF buf = { 0 };

	if (n > PRG_ROW_LIST_MAX)
		return too_many(n, err);
	prg_prefix_list_format(&buf, list, n, ",");
	return take(&buf, ret, err);
}

int prg_list_addrs_text(const struct prg_addr *list, size_t n, char **ret, struct prg_error *err)
{
	PRG_STRBUF buf = { 0 };

	if (n > PRG_ROW_LIST_MAX)
		return too_many(n, err);
	prg_addr_list_format(&buf, list, n, ",");
	return take(&buf, ret, err);
}
