/* SPDX-License-Identifier: ISC */
/* Which comment names which peer. */
#include "import/names.h"

#include <string.h>

#include "model/name.h"

bool prg_slice_skip(struct prg_slice *s, const char *word)
{
	size_t length = strlen(word);

	if (s->length < length || memcmp(s->data, word, length) != 0)
		return false;
	*s = prg_slice_trim((struct prg_slice){ s->data + length, s->length - length });
	return true;
}

bool prg_slice_cut(struct prg_slice *s, const char *word)
{
	size_t length = strlen(word);

	if (s->length < length || memcmp(s->data + s->length - length, word, length) != 0)
		return false;
	*s = prg_slice_trim((struct prg_slice){ s->data, s->length - length });
	return true;
}

bool prg_name_of_plain(struct prg_slice *comment)
{
	char name[PRG_NAME_BYTES + 1];
	struct prg_slice s = *comment;
	bool same = false;

	while (prg_slice_skip(&s, "#"))
		;
	if (!prg_name_map(s.data, s.length, name, &same) || !same)
		return false;
	*comment = s;
	return true;
}

/* Where a tool writes its comment: between the section before and [Peer], up to
 * the next section, or beside [Peer]. */
enum place { ABOVE, WITHIN, BESIDE };

static const struct {
	bool (*read)(struct prg_slice *comment);
	enum place place;
} tools[] = {
	{ prg_name_of_pivpn, ABOVE },     { prg_name_of_angristan, ABOVE },
	{ prg_name_of_nyr, ABOVE },       { prg_name_of_wgeasy, ABOVE },
	{ prg_name_of_friendly, WITHIN }, { prg_name_of_plain, BESIDE },
};

static bool stands(const struct prg_wgconf_line *line, const struct prg_wgconf_peer *peer,
                   enum place place)
{
	if (line->text[0] != '#')
		return false;
	switch (place) {
	case ABOVE:
		return line->line < peer->line && line->whole;
	case WITHIN:
		return line->line >= peer->line;
	default:
		return line->line == peer->line ||
		       (line->whole && line->line + 1 >= peer->line &&
		        line->line <= peer->line + 1);
	}
}

struct prg_slice prg_import_name(const struct prg_wgconf *conf, size_t index, size_t *at)
{
	const struct prg_wgconf_peer *peer = &conf->peers[index];
	bool last = index + 1 == conf->n_peers;
	size_t first = *at, end, i, tool;

	while (first < conf->n_other && conf->other[first].line <= peer->above)
		first++;
	/* what stands above the next peer is looked at once more, for that one */
	for (end = first; end < conf->n_other &&
	                  (last || conf->other[end].line < peer[1].line); end++)
		;
	*at = first;
	for (tool = 0; tool < sizeof(tools) / sizeof(tools[0]); tool++)
		for (i = end; i-- > first;) {
			const struct prg_wgconf_line *line = &conf->other[i];
			struct prg_slice s = { line->text, strlen(line->text) };

			if (stands(line, peer, tools[tool].place) && tools[tool].read(&s))
				return s;
		}
	return (struct prg_slice){ NULL, 0 };
}
