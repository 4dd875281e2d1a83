/* SPDX-License-Identifier: ISC */
#include "import/names.h"

#include <string.h>

/* The name may have brackets of its own: the last pair is the identifier's. */
bool prg_name_of_wgeasy(struct prg_slice *comment)
{
	struct prg_slice s = *comment;
	const char *open;

	if (!prg_slice_skip(&s, "# Client: "))
		return false;
	open = s.length > 0 && s.data[s.length - 1] == ')' ? memrchr(s.data, '(', s.length) : NULL;
	if (open != NULL)
		s = prg_slice_trim((struct prg_slice){ s.data, (size_t)(open - s.data) });
	if (s.length == 0)
		return false;
	*comment = s;
	return true;
}
