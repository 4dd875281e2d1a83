/* SPDX-License-Identifier: ISC */
/* What cells mean: a name and settings of one peer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "model/key.h"
#include "rows/rows.h"

const struct prg_row_key prg_row_keys[PRG_ROW_KEYS] = {
	{ "name", (enum prg_field)0, false, false },
	{ "public_key", PRG_FIELD_PUBLIC_KEY, false, false },
	{ "address", PRG_FIELD_ADDRESS, true, false },
	{ "addresses", PRG_FIELD_ADDRESS, true, false },
	{ "routes", PRG_FIELD_ROUTES, true, true },
	{ "peer_endpoint", PRG_FIELD_PEER_ENDPOINT, false, false },
	{ "client_allowed_ips", PRG_FIELD_CLIENT_ALLOWED_IPS, true, false },
	{ "dns", PRG_FIELD_DNS, true, true },
	{ "mtu", PRG_FIELD_MTU, false, false },
	{ "client_keepalive", PRG_FIELD_CLIENT_KEEPALIVE, false, false },
	{ "keepalive", PRG_FIELD_KEEPALIVE, false, false },
	{ "expires", PRG_FIELD_EXPIRES, false, false },
	{ "expires_at", PRG_FIELD_EXPIRES, false, false },
	{ "quota", PRG_FIELD_QUOTA, false, false },
	{ "tag", PRG_FIELD_TAG, true, false },
	{ "tags", PRG_FIELD_TAG, true, false },
	{ "note", PRG_FIELD_NOTE, false, false },
	{ "preshared_key", PRG_FIELD_PRESHARED_KEY, false, false },
};

const struct prg_row_key *prg_row_key(const char *name, size_t length)
{
	size_t i;

	for (i = 0; i < PRG_ROW_KEYS; i++)
		if (strlen(prg_row_keys[i].name) == length &&
		    strncasecmp(prg_row_keys[i].name, name, length) == 0)
			return &prg_row_keys[i];
	return NULL;
}

void prg_cell_clear(struct prg_reader *reader)
{
	reader->length = 0;
	reader->too_long = reader->has_nul = false;
	reader->cell[0] = '\0';
}

void prg_cell_append(struct prg_reader *reader, const char *bytes, size_t length)
{
	if (length > PRG_CELL_BYTES - reader->length) {
		reader->too_long = true;
		return;
	}
	memcpy(reader->cell + reader->length, bytes, length);
	reader->has_nul |= memchr(bytes, '\0', length) != NULL;
	reader->length += length;
	reader->cell[reader->length] = '\0';
}

/* ---------------------------------------------------------------------- row */

void prg_row_begin(struct prg_reader *reader, struct prg_place place)
{
	prg_intent_values_free(&reader->values);
	reader->place = place;
	reader->bad = false;
	reader->seen = 0;
	reader->name[0] = '\0';
}

void prg_row_problem(struct prg_reader *reader, struct prg_place place, const char *reason)
{
	reader->bad = true;
	prg_problems_add(reader->problems, PRG_E_USAGE, place.line, place.column, reason);
}

/* Blanks and ';' may stand between the values of a list where their parsers know
 * ',' alone. Two commas in a row stay two, for them to refuse. */
static void separate_by_commas(char *text)
{
	const char *from = text;
	char *to = text;

	while (*from != '\0') {
		size_t run = strspn(from, " \t,;"), marks = 0, i;

		for (i = 0; i < run; i++)
			marks += from[i] == ',' || from[i] == ';';
		if (marks == 0 && run > 0 && to > text && from[run] != '\0')
			marks = 1;
		from += run;
		memset(to, ',', marks);
		to += marks;
		run = strcspn(from, " \t,;");
		memmove(to, from, run);
		from += run;
		to += run;
	}
	*to = '\0';
}

static int put_preshared_key(struct prg_reader *reader, struct prg_error *err)
{
	PRG_PRESHARED_KEY key;
	int rc;

	if (strcmp(reader->cell, "none") == 0 || strcmp(reader->cell, "new") == 0)
		return prg_intent_values_set(PRG_ADD, reader->values, PRG_FIELD_PRESHARED_KEY,
		                             reader->cell, err);
	rc = prg_preshared_key_parse(reader->cell, reader->length, &key, NULL);
	if (rc < 0)
		return prg_error_set(err, PRG_E_USAGE,
		                     "neither none, nor new, nor a key of 44 characters of base64");
	return prg_intent_values_set_key(reader->intent, reader->values, &key, err);
}

/* The tags of a list, one by one. */
static int put_tags(struct prg_reader *reader, struct prg_error *err)
{
	char *text = reader->cell;
	int rc = 0;

	while (rc == 0 && text != NULL) {
		char *comma = strchr(text, ',');

		if (comma != NULL)
			*comma++ = '\0';
		rc = prg_intent_values_set(PRG_ADD, reader->values, PRG_FIELD_TAG, text, err);
		text = comma;
	}
	return rc;
}

static int put_value(struct prg_reader *reader, const struct prg_row_key *key,
                     struct prg_error *err)
{
	if (reader->values == NULL)
		reader->values = calloc(1, sizeof(*reader->values));
	if (reader->values == NULL)
		return prg_error_nomem(err);
	if (key->list)
		separate_by_commas(reader->cell);
	if (key->field == PRG_FIELD_PRESHARED_KEY)
		return put_preshared_key(reader, err);
	if (key->field == PRG_FIELD_TAG)
		return put_tags(reader, err);
	return prg_intent_values_set(PRG_ADD, reader->values, key->field, reader->cell, err);
}

static int put_name(struct prg_reader *reader, struct prg_error *err)
{
	const struct prg_intent_peer *there;
	int rc = prg_name_check(reader->cell, err);

	if (rc < 0)
		return rc;
	there = prg_intent_find(reader->intent, reader->cell);
	if (there != NULL && there->line != 0)
		return prg_error_set(err, PRG_E_USAGE, "peer %s is in line %u already",
		                     reader->cell, there->line);
	if (there != NULL)
		return prg_error_set(err, PRG_E_USAGE, "peer %s is named twice", reader->cell);
	strcpy(reader->name, reader->cell);
	return 0;
}

/* What a value's parser did not understand it says. A key that slipped into
 * another column must not be said. */
static void tell(struct prg_reader *reader, const struct prg_row_key *key,
                 struct prg_place place, const struct prg_error *error)
{
	char reason[sizeof(error->message) + 32], *c;

	if (key->field == 0)
		snprintf(reason, sizeof(reason), "%s", error->message);
	else if (key->field != PRG_FIELD_PRESHARED_KEY && key->field != PRG_FIELD_PUBLIC_KEY &&
	         prg_key_may_be_in(reader->cell, reader->length))
		snprintf(reason, sizeof(reason), "%s: malformed (and not shown: it may be a key)",
		         key->name);
	else
		snprintf(reason, sizeof(reason), "%s: %s", key->name, error->message);
	/* what is repeated of a cell may have had several lines */
	for (c = reason; *c != '\0'; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	prg_row_problem(reader, place, reason);
}

int prg_row_put(struct prg_reader *reader, const struct prg_row_key *key, struct prg_place place,
                struct prg_error *err)
{
	struct prg_error error;
	int rc;

	if (reader->seen & 1u << key->field) {
		prg_row_problem(reader, place, "this is given twice");
		return 0;
	}
	reader->seen |= 1u << key->field;
	if (reader->too_long || reader->has_nul) {
		prg_row_problem(reader, place, reader->too_long ? "this is too long"
		                                                : "a NUL byte: is this a text?");
		return 0;
	}
	rc = key->field == 0 ? put_name(reader, &error) : put_value(reader, key, &error);
	if (rc == PRG_E_NOMEM)
		return prg_error_nomem(err);
	if (rc < 0)
		tell(reader, key, place, &error);
	return 0;
}

int prg_row_end(struct prg_reader *reader, struct prg_error *err)
{
	if (!reader->bad && reader->name[0] == '\0')
		prg_row_problem(reader, reader->place, "a peer without a name");
	if (reader->bad && reader->name[0] == '\0')
		return 0;
	/* also of a bad row: a second one of that name is told of */
	return prg_intent_append(reader->intent, reader->name, reader->place.line,
	                         &reader->values, err);
}
