/* SPDX-License-Identifier: ISC */
#include "import/names.h"

/* The name may have brackets of its own: the last pair is the identifier's. */
bool prg_name_of_wgeasy(struct prg_slice *comment)
{
	struct prg_slice s = *comment;
	size_t n;

	if (!prg_slice_skip(&s, "# Client: ") || s.length == 0)
		return false;
	if (s.data[s.length - 1] == ')') {
		for (n = s.length; n > 0 && s.data[n - 1] != '('; n--)
			;
		if (n > 0)
			s = prg_slice_trim((struct prg_slice){ s.data, n - 1 });
	}
	if (s.length == 0)
		return false;
	*comment = s;
	return true;
}
