/* SPDX-License-Identifier: ISC */
/* What is known without nft. */
#include <stdlib.h>
#include <string.h>

#include "backend/nf.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "host/nft_run.h"

bool prg_nft_is_table(const char *name, size_t size)
{
	static const char start[] = "peerage-";
	size_t length = strnlen(name, size), i;

	if (length == size || strncmp(name, start, sizeof(start) - 1) != 0)
		return false;
	for (i = 0; i < length; i++)
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.",
		           name[i]) == NULL)
			return false;
	return true;
}

static bool is_ours(const struct prg_nf_entry *entry)
{
	return entry->inet && prg_nft_is_table(entry->table, sizeof(entry->table));
}

/* As nft would list them; that some appear more than once does no harm. */
static void say_tables(struct prg_strbuf *buf, const struct prg_nf_entry *entries, size_t n)
{
	const char *comma = "";
	size_t i;

	for (i = 0; i < n; i++) {
		if (!is_ours(&entries[i]))
			continue;
		prg_strbuf_printf(buf, "%s{\"table\": {\"family\": \"inet\", \"name\": \"%s\"}}",
		                  comma, entries[i].table);
		comma = ", ";
	}
}

bool prg_nft_answer(const struct prg_nft_request *request, struct prg_spawned *ret)
{
	bool tables = request->call == PRG_NFT_LIST_TABLES;
	PRG_FREE struct prg_nf_entry *entries = NULL;
	struct prg_strbuf buf = { 0 };
	size_t n, i;
	char *text;

	if (!tables && request->call != PRG_NFT_LIST_RULESET)
		return false;
	if (prg_nf_list(!tables, &entries, &n, NULL) < 0)
		return false;
	for (i = 0; i < n && !tables; i++)
		if (entries[i].filters || is_ours(&entries[i]))
			return false;
	prg_strbuf_puts(&buf, "{\"nftables\": [");
	say_tables(&buf, entries, n);
	prg_strbuf_puts(&buf, "]}\n");
	text = prg_strbuf_take(&buf);
	if (text == NULL)
		return false;
	*ret = (struct prg_spawned){ .output = text, .length = strlen(text) };
	return true;
}
