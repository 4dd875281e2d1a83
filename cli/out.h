/* SPDX-License-Identifier: ISC */
/*
 * Fields in; a table, TSV or JSON out. A command says what it knows, in order,
 * and does not know which of the three it becomes.
 *
 * JSON is one document on stdout, an object, streamed: objects, arrays and
 * fields as they come. A list or a record names the columns that people and TSV
 * see of it; what has no column shows in JSON only, and so does everything that
 * stands in neither a list nor a record.
 */
#ifndef PEERAGE_CLI_OUT_H
#define PEERAGE_CLI_OUT_H

#include "peerage.h"

#include <stdio.h>

enum out_mode { OUT_TABLE, OUT_TSV, OUT_JSON };

enum out_flags {
	OUT_CUT = 1u << 0,   /* may be cut where the window is narrow */
	OUT_FOLD = 1u << 1,  /* may go on in the next line there, broken at spaces */
	OUT_RIGHT = 1u << 2, /* numbers */
	OUT_HIDE = 1u << 3,  /* not in a table */
	OUT_CUT_LAST = 1u << 4 /* may be cut, where what is folded is as narrow as it can be */
};

struct out_column {
	const char *key;   /* field, "live.status" for one of a nested object */
	const char *title; /* heading in a table, label in a record */
	unsigned flags;
};

#define OUT_DEPTH 12
#define OUT_COLUMNS 32

struct table;

struct out {
	enum out_mode mode;
	int64_t now;          /* what relative times are relative to; 0: not asked yet */
	bool begun, nomem;
	bool headed;          /* TSV: the columns were named; a list goes on */
	/* JSON */
	unsigned depth;
	char closers[OUT_DEPTH];
	bool comma;
	/* table, TSV */
	const struct out_column *columns;
	size_t n_columns, cursor;
	size_t straight; /* TSV: columns of the row that are written already */
	bool record;
	struct table *table;
	struct out_cell {
		char *text;
		size_t length, capacity;
		bool special; /* something in it may have to be escaped */
		const char *key; /* by which it was found last */
		const char *colour;
	} cells[OUT_COLUMNS];
	struct out_cell *array; /* cell that an array's values go into */
	bool in_array;
	char path[64];        /* of the nested objects that are open, "live." */
	size_t nested;        /* its length */
};

/* stdout's buffer is ours, so that the keys that go through it can be wiped. */
void out_setup(struct out *out, enum out_mode mode);
/* Ends the document: every object and array that is open, and a newline. */
void out_finish(struct out *out);
/* JSON: puts "error" into the document, beginning it if need be. */
void out_error(struct out *out, const struct prg_error *err);
/* Flushes. Returns 0, or the errno of what could not be written. */
int out_flush(struct out *out);
/* Before something is said on stderr: lines for people come in order, while a
 * JSON document is not torn. */
void out_in_order(const struct out *out);
/* Wipes the buffer and frees what is left; nothing may be written after. */
void out_done(struct out *out);
/* Something could not be written: no use to go on. */
bool out_failed(const struct out *out);

/* n_columns 0: JSON only. */
void out_list(struct out *out, const char *key, const struct out_column *columns,
              size_t n_columns);
void out_list_end(struct out *out);
/* A row of a list: a JSON object, a line. */
void out_row(struct out *out);
void out_row_end(struct out *out);
/* One thing: a JSON object; labels and values; "field" and "value" in TSV. */
void out_record(struct out *out, const char *key, const struct out_column *columns,
                size_t n_columns);
void out_record_end(struct out *out);

/* Nested in a row or record. Values of an array have key NULL. */
void out_object(struct out *out, const char *key);
void out_object_end(struct out *out);
void out_array(struct out *out, const char *key);
void out_array_end(struct out *out);

/* NULL is null. Invalid UTF-8 becomes U+FFFD in JSON. */
void out_text(struct out *out, const char *key, const char *text);
/* What is printable ASCII without '"' and '\\', as addresses, keys and names of ours
 * are: nobody looks whether something is to be escaped. */
void out_plain(struct out *out, const char *key, const char *text);
/* The same, coloured by meaning ("green"; NULL: plain) on a terminal. */
void out_word(struct out *out, const char *key, const char *word, const char *colour);
void out_null(struct out *out, const char *key);
void out_bool(struct out *out, const char *key, bool value);
void out_number(struct out *out, const char *key, uint64_t value);
/* Tables show KiB, MiB…; JSON and TSV bytes. */
void out_bytes(struct out *out, const char *key, uint64_t value);
/* The same of a size that somebody gave: tables show it as it was given. */
void out_given_bytes(struct out *out, const char *key, uint64_t value);
/* 0 is null. Tables show "30d"; JSON and TSV seconds. */
void out_duration(struct out *out, const char *key, int64_t seconds);
/* 0 is null. Tables show "3 min ago"; JSON and TSV RFC 3339. */
void out_time(struct out *out, const char *key, int64_t when);
/* JSON text as it is; shown as it is. */
void out_json(struct out *out, const char *key, const char *json);
/* For tables and TSV only: words that stand for what JSON has in detail. */
void out_summary(struct out *out, const char *key, const char *text);
/* null, in whose place tables show a text. */
void out_stand_in(struct out *out, const char *key, const char *text);

#endif
