/* SPDX-License-Identifier: ISC */
/*
 * Inside of prg_intent_read(): a text that lists peers, row by row, into an
 * intent. Untrusted input; fuzzed. names.c, csv.c and json.c find cells and their
 * places; row.c gives them their meaning.
 *
 * A parser of our own for JSON lines, because a general one would leave
 * preshared keys all over the heap, and knows no places of values.
 *
 * Problems are gathered and reading goes on; what is returned is 0, or
 * PRG_E_NOMEM, which ends it.
 */
#ifndef PRG_ROWS_ROWS_H
#define PRG_ROWS_ROWS_H

#include "intent.h"
#include "problem.h"

#define PRG_CELL_BYTES ((size_t)16384) /* 256 routes of 49 bytes and a comma fit */

struct prg_place {
	unsigned line, column;
};

struct prg_row_key {
	const char *name;
	enum prg_field field; /* 0: the name */
	bool list;
	bool none; /* an empty JSON array means it */
};
#define PRG_ROW_KEYS 18
extern const struct prg_row_key prg_row_keys[PRG_ROW_KEYS];

struct prg_reader {
	struct prg_intent *intent;
	struct prg_problems *problems;
	const char *at, *end;  /* what is left of the text */
	const char *line_data; /* where the line began that `at` is in */
	unsigned line;
	struct prg_arena *arena;
	char *cell; /* in the arena: the cell being read, NUL-terminated; it may be a key */
	size_t length;
	bool too_long, has_nul;
	/* the row being read */
	struct prg_place place;
	bool bad;
	uint32_t seen; /* 1 << field */
	char name[PRG_NAME_BYTES + 1];
	struct prg_values *values;
};

/* Each reads all that is left. */
int prg_rows_names(struct prg_reader *reader, struct prg_error *err);
int prg_rows_csv(struct prg_reader *reader, struct prg_error *err);
int prg_rows_json(struct prg_reader *reader, struct prg_error *err);

/* The cell. */
void prg_cell_clear(struct prg_reader *reader);
void prg_cell_append(struct prg_reader *reader, const char *bytes, size_t length);
/* The one of that name, whatever the case of its letters, or NULL. */
const struct prg_row_key *prg_row_key(const char *name, size_t length);

/* The row. What is put is the cell; a key that was put already is a problem. */
void prg_row_begin(struct prg_reader *reader, struct prg_place place);
int prg_row_put(struct prg_reader *reader, const struct prg_row_key *key, struct prg_place place,
                struct prg_error *err);
/* A peer of the intent, unless something was wrong. */
int prg_row_end(struct prg_reader *reader, struct prg_error *err);
/* It is not to become a peer. `reason` never repeats what may be a key. */
void prg_row_problem(struct prg_reader *reader, struct prg_place place, const char *reason);

static inline struct prg_place prg_reader_place(const struct prg_reader *reader, const char *at)
{
	return (struct prg_place){ reader->line, (unsigned)(at - reader->line_data) + 1 };
}
/* `at` stands behind a newline. */
static inline void prg_reader_next_line(struct prg_reader *reader)
{
	reader->line++;
	reader->line_data = reader->at;
}
/* The rest of this line goes, its newline too. */
void prg_reader_skip_line(struct prg_reader *reader);
/* Blank lines and comments go. False: nothing is left. */
bool prg_reader_find_row(struct prg_reader *reader);

#endif
