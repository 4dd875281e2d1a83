/* SPDX-License-Identifier: ISC */
#include "import/names.h"

bool prg_name_of_pivpn(struct prg_slice *comment)
{
	struct prg_slice s = *comment;

	if (!prg_slice_skip(&s, "### begin ") || !prg_slice_cut(&s, " ###") || s.length == 0)
		return false;
	*comment = s;
	return true;
}
