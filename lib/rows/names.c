/* SPDX-License-Identifier: ISC */
/* Names, one a line. */
#include "rows/rows.h"

int prg_rows_names(struct prg_reader *reader, struct prg_error *err)
{
	int rc = 0;

	while (rc == 0 && prg_reader_find_row(reader)) {
		struct prg_place place;
		const char *end;

		while (*reader->at == ' ' || *reader->at == '\t')
			reader->at++;
		for (end = reader->at; end < reader->end && *end != '\n'; end++)
			;
		place = prg_reader_place(reader, reader->at);
		while (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r')
			end--; /* the row is not blank */
		prg_cell_clear(reader);
		prg_cell_append(reader, reader->at, (size_t)(end - reader->at));
		prg_row_begin(reader, place);
		rc = prg_row_put(reader, &prg_row_keys[0], place, err);
		if (rc == 0)
			rc = prg_row_end(reader, err);
		prg_reader_skip_line(reader);
	}
	return rc;
}
