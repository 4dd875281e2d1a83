/* SPDX-License-Identifier: ISC */
/* The audit chain for people: who did what, when and on whom. */
#include <ctype.h>
#include <jansson.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "engine.h"
#include "model/value.h"
#include "store/audit.h"

#define PAGE 256
#define MAX_FIELDS 64

/* An entry's detail, taken apart. The chain's own JSON, but from a file that
 * somebody may have written to: what has another shape is left out. */
struct parsed {
	json_t *root;
	struct prg_field_change fields[MAX_FIELDS];
	char *texts[2 * MAX_FIELDS];
	size_t n;
};

static void parsed_done(struct parsed *p)
{
	size_t i;

	for (i = 0; i < 2 * p->n; i++)
		free(p->texts[i]);
	json_decref(p->root);
}
#define PARSED PRG_CLEANUP(parsed_done) struct parsed

static char *dump(const json_t *value)
{
	return value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : strdup("null");
}

static int parse(const char *detail, struct parsed *p, struct prg_error *err)
{
	const char *name;
	json_t *changes, *change;

	p->root = detail ? json_loads(detail, 0, NULL) : NULL;
	changes = json_object_get(p->root, "changes");
	json_object_foreach(changes, name, change) {
		if (p->n == MAX_FIELDS)
			break;
		p->texts[2 * p->n] = dump(json_object_get(change, "from"));
		p->texts[2 * p->n + 1] = dump(json_object_get(change, "to"));
		p->fields[p->n].name = name;
		p->fields[p->n].from = p->texts[2 * p->n];
		p->fields[p->n].to = p->texts[2 * p->n + 1];
		p->n++;
		if (p->texts[2 * p->n - 2] == NULL || p->texts[2 * p->n - 1] == NULL)
			return prg_error_nomem(err);
	}
	return 0;
}

/* In the words of a plan, so that a change reads the same before and after. */
static const char *action_of(const struct prg_audit_row *row, bool has_peer)
{
	if (strcmp(row->verb, "add") == 0)
		return "add";
	return has_peer ? "update" : "configure";
}

static int tell(const struct prg_audit_row *row, prg_log_fn *fn, void *context,
                struct prg_error *err)
{
	PARSED p = { .n = 0 };
	struct prg_log_entry entry = { .number = (uint64_t)row->number, .at = row->time,
		                       .verb = row->verb, .actor = row->actor,
		                       .erased = row->detail == NULL, .hash = row->hash };
	const char *key;
	int rc = parse(row->detail, &p, err);

	if (rc < 0)
		return rc;
	entry.interface = row->interface[0] != '\0' ? row->interface : NULL;
	entry.change.peer = json_string_value(json_object_get(p.root, "peer"));
	key = json_string_value(json_object_get(p.root, "public_key"));
	entry.change.has_public_key =
		key != NULL &&
		prg_public_key_parse(key, strlen(key), &entry.change.public_key, NULL) == 0;
	entry.change.action = action_of(row, entry.change.peer != NULL);
	entry.change.fields = p.fields;
	entry.change.n_fields = p.n;
	return fn(context, &entry);
}

int prg_log(struct prg_register *reg, const char *interface, const char *peer, int64_t since,
            prg_log_fn *fn, void *context, struct prg_error *err)
{
	const struct prg_audit_filter filter = { .interface = interface, .peer = peer,
		                                 .since = since };
	int64_t after = 0;
	size_t n = PAGE;
	int rc = 0;

	while (rc == 0 && n == PAGE) {
		struct prg_audit_row *rows = NULL;
		size_t i;

		n = 0;
		rc = prg_audit_page(reg->store, &filter, after, PAGE, &rows, &n, err);
		for (i = 0; i < n && rc == 0; i++) {
			after = rows[i].number;
			rc = tell(&rows[i], fn, context, err);
		}
		prg_audit_rows_free(&rows, n);
	}
	return rc;
}

int prg_register_verify(struct prg_register *reg, uint64_t *ret_entries, char ret_head[65],
                        struct prg_error *err)
{
	return prg_audit_verify(reg->store, NULL, ret_entries, ret_head, err);
}

int prg_register_verify_accepted(struct prg_register *reg, const char *head,
                                 prg_accepted_fn *fn, void *context, uint64_t *ret_entries,
                                 char ret_head[65], struct prg_error *err)
{
	size_t i = 0;

	while (head != NULL && isxdigit((unsigned char)head[i]))
		i++;
	if (head != NULL && (i != 64 || head[i] != '\0'))
		return prg_error_set(err, PRG_E_USAGE,
		                     "'%.70s' is no head of a chain: expected the 64 hexadecimal "
		                     "digits that 'peerage log --head' prints",
		                     head);
	return prg_audit_verify_accepted(reg->store, head, fn, context, ret_entries, ret_head, NULL,
	                                 err);
}

int prg_register_verify_from(struct prg_register *reg, const char *head, uint64_t *ret_entries,
                             char ret_head[65], struct prg_error *err)
{
	return prg_register_verify_accepted(reg, head, NULL, NULL, ret_entries, ret_head, err);
}

int prg_register_accept(struct prg_register *reg, uint64_t first, struct prg_error *err)
{
	int rc = prg_store_begin(reg->store, err);

	if (rc < 0)
		return rc;
	/* not prg_store_now(): the last entry's time may be what was altered */
	rc = prg_audit_accept(reg->store, prg_clock_now(), reg->actor, first, err);
	if (rc == 0)
		rc = prg_store_commit(reg->store, err);
	prg_store_rollback(reg->store); /* nothing, after a commit */
	if (rc == 0)
		prg_audit_witness(reg->store, reg->witness, reg->witness_context);
	return rc;
}

int prg_since_parse(const char *text, int64_t *ret_moment, struct prg_error *err)
{
	int64_t now = prg_clock_now(), seconds;

	if (prg_duration_parse(text, &seconds, NULL) == 0) {
		*ret_moment = now - seconds;
		return 0;
	}
	return prg_moment_parse(text, now, ret_moment, err);
}
