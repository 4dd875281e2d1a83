/* SPDX-License-Identifier: ISC */
#include "import/names.h"

bool prg_name_of_nyr(struct prg_slice *comment)
{
	struct prg_slice s = *comment;

	if (!prg_slice_skip(&s, "# BEGIN_PEER ") || s.length == 0)
		return false;
	*comment = s;
	return true;
}
