/* SPDX-License-Identifier: ISC */
#include "import/names.h"

#include <string.h>

static bool quoted(struct prg_slice *s)
{
	const char *end;

	if (!prg_slice_skip(s, "\""))
		return false;
	end = memchr(s->data, '"', s->length);
	if (end == NULL || memchr(s->data, '\\', (size_t)(end - s->data)) != NULL)
		return false;
	s->length = (size_t)(end - s->data);
	return s->length > 0;
}

/* The string that follows the first "name": enough of JSON for what is one line
 * of plain labels; what escapes anything is left alone. */
static bool name_of_json(struct prg_slice *s)
{
	static const char key[] = "\"name\"";
	struct prg_slice rest;
	const char *found = memmem(s->data, s->length, key, sizeof(key) - 1);

	if (found == NULL)
		return false;
	rest.data = found + sizeof(key) - 1;
	rest.length = s->length - (size_t)(rest.data - s->data);
	rest = prg_slice_trim(rest);
	if (!prg_slice_skip(&rest, ":") || !quoted(&rest))
		return false;
	*s = rest;
	return true;
}

bool prg_name_of_friendly(struct prg_slice *comment)
{
	struct prg_slice s = *comment;
	bool json;

	while (prg_slice_skip(&s, "#"))
		;
	json = prg_slice_skip(&s, "friendly_json");
	if ((!json && !prg_slice_skip(&s, "friendly_name")) || !prg_slice_skip(&s, "="))
		return false;
	if (json ? !name_of_json(&s) : s.length == 0)
		return false;
	*comment = s;
	return true;
}
