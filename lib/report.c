/* SPDX-License-Identifier: ISC */
#include "report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/secret.h"
#include "base/strbuf.h"
#include "model/addr.h"
#include "plan/plan.h"
#include "render/render.h"

struct prg_report {
	struct prg_interface *interface;
	bool applied, adopted;
	struct prg_upkeep upkeep;
	struct prg_arena *secrets;
	struct prg_result *results;
	size_t n_results, results_capacity;
	struct prg_change *changes;
	size_t n_changes, changes_capacity;
	size_t configure; /* index + 1 of the interface's change; 0: none yet */
	struct prg_public_key *left_over;
	size_t n_left_over, left_over_capacity;
	char **remarks;
	size_t n_remarks, remarks_capacity;
	struct prg_not_carried *not_carried;
	size_t n_not_carried, not_carried_capacity;
};

int prg_report_new(struct prg_report **ret_report, struct prg_error *err)
{
	struct prg_report *report = calloc(1, sizeof(*report));

	if (report == NULL)
		return prg_error_nomem(err);
	*ret_report = report;
	return 0;
}

static void field_done(struct prg_field_change *field)
{
	free((char *)(uintptr_t)field->name);
	free((char *)(uintptr_t)field->from);
	free((char *)(uintptr_t)field->to);
}

static void change_done(struct prg_change *change)
{
	struct prg_field_change *fields;
	size_t i;

	memcpy(&fields, &change->fields, sizeof(fields));
	for (i = 0; i < change->n_fields; i++)
		field_done(&fields[i]);
	free(fields);
	free((char *)(uintptr_t)change->peer);
}

struct prg_report_mark prg_report_mark(const struct prg_report *report)
{
	size_t configure = report->configure;

	return (struct prg_report_mark){
		.n_changes = report->n_changes,
		.n_configured = configure ? report->changes[configure - 1].n_fields : 0,
		.n_left_over = report->n_left_over,
	};
}

void prg_report_reset(struct prg_report *report, const struct prg_report_mark *mark)
{
	while (report->n_changes > mark->n_changes)
		change_done(&report->changes[--report->n_changes]);
	if (report->configure > report->n_changes)
		report->configure = 0;
	if (report->configure != 0) {
		struct prg_change *change = &report->changes[report->configure - 1];
		struct prg_field_change *fields;

		memcpy(&fields, &change->fields, sizeof(fields));
		while (change->n_fields > mark->n_configured)
			field_done(&fields[--change->n_fields]);
	}
	report->n_left_over = mark->n_left_over;
}

void prg_report_free(struct prg_report **report)
{
	static const struct prg_report_mark nothing;
	struct prg_report *r = *report;
	size_t i;

	if (r == NULL)
		return;
	prg_report_reset(r, &nothing);
	for (i = 0; i < r->n_results; i++) {
		struct prg_peer *peer = (struct prg_peer *)(uintptr_t)r->results[i].peer;

		prg_peer_free(&peer);
	}
	for (i = 0; i < r->n_remarks; i++)
		free(r->remarks[i]);
	for (i = 0; i < r->n_not_carried; i++)
		free((char *)(uintptr_t)r->not_carried[i].what);
	prg_interface_free(&r->interface);
	prg_arena_free(&r->secrets);
	free(r->results);
	free(r->changes);
	free(r->left_over);
	free(r->remarks);
	free(r->not_carried);
	free(r);
	*report = NULL;
}

/* Room for one more in an array of *capacity; NULL: out of memory, array kept. */
static void *room(void *array, size_t n, size_t *capacity, size_t size)
{
	void *grown;

	if (n < *capacity)
		return array;
	grown = reallocarray(array, *capacity ? *capacity * 2 : 8, size);
	if (grown != NULL)
		*capacity = *capacity ? *capacity * 2 : 8;
	return grown;
}

int prg_report_set_interface(struct prg_report *report, const struct prg_interface *interface,
                             struct prg_error *err)
{
	struct prg_interface *copy = prg_interface_copy(interface);

	if (copy == NULL)
		return prg_error_nomem(err);
	prg_interface_free(&report->interface);
	report->interface = copy;
	return 0;
}

void prg_report_set_applied(struct prg_report *report, bool applied)
{
	report->applied = applied;
}

static void *keep_key(struct prg_report *report, const void *key)
{
	void *copy = prg_arena_take(report->secrets, PRG_KEY_BYTES);

	if (copy != NULL)
		memcpy(copy, key, PRG_KEY_BYTES);
	return copy;
}

int prg_report_add_result(struct prg_report *report, struct prg_peer *peer,
                          enum prg_outcome outcome, const struct prg_private_key *private_key,
                          const struct prg_preshared_key *preshared_key, struct prg_error *err)
{
	struct prg_result result = { .peer = peer, .outcome = outcome };
	void *grown = room(report->results, report->n_results, &report->results_capacity,
	                   sizeof(result));
	int rc = 0;

	if (grown == NULL) {
		prg_peer_free(&peer);
		return prg_error_nomem(err);
	}
	report->results = grown;
	if (report->secrets == NULL && (private_key != NULL || preshared_key != NULL))
		rc = prg_arena_new(&report->secrets, err);
	if (rc == 0 && private_key != NULL) {
		result.private_key = keep_key(report, private_key);
		rc = result.private_key ? 0 : prg_error_nomem(err);
	}
	if (rc == 0 && preshared_key != NULL) {
		result.preshared_key = keep_key(report, preshared_key);
		rc = result.preshared_key ? 0 : prg_error_nomem(err);
	}
	if (rc < 0) {
		prg_peer_free(&peer);
		return rc;
	}
	report->results[report->n_results++] = result;
	return 0;
}

int prg_report_order(struct prg_report *report, const size_t *order, struct prg_error *err)
{
	struct prg_result *ordered = calloc(report->results_capacity, sizeof(*ordered));
	size_t i;

	if (ordered == NULL)
		return prg_error_nomem(err);
	for (i = 0; i < report->n_results; i++)
		ordered[order[i]] = report->results[i];
	free(report->results);
	report->results = ordered;
	return 0;
}

int prg_report_add_left_over(struct prg_report *report, const struct prg_public_key *key,
                             struct prg_error *err)
{
	void *grown = room(report->left_over, report->n_left_over, &report->left_over_capacity,
	                   sizeof(*key));

	if (grown == NULL)
		return prg_error_nomem(err);
	report->left_over = grown;
	report->left_over[report->n_left_over++] = *key;
	return 0;
}

struct prg_upkeep *prg_report_upkeep_of(struct prg_report *report)
{
	return &report->upkeep;
}

const struct prg_upkeep *prg_report_upkeep(const struct prg_report *report)
{
	return &report->upkeep;
}

void prg_report_set_adopted(struct prg_report *report)
{
	report->adopted = true;
}

int prg_report_add_not_carried(struct prg_report *report, unsigned line, const char *what,
                               struct prg_error *err)
{
	void *grown = room(report->not_carried, report->n_not_carried,
	                   &report->not_carried_capacity, sizeof(*report->not_carried));
	char *copy;

	if (grown == NULL)
		return prg_error_nomem(err);
	report->not_carried = grown;
	copy = strdup(what);
	if (copy == NULL)
		return prg_error_nomem(err);
	report->not_carried[report->n_not_carried++] =
		(struct prg_not_carried){ .line = line, .what = copy };
	return 0;
}

int prg_report_remark_add(struct prg_report *report, const char *format, ...)
{
	void *grown = room(report->remarks, report->n_remarks, &report->remarks_capacity,
	                   sizeof(char *));
	va_list args;
	char *line;
	int length;

	if (grown == NULL)
		return PRG_E_NOMEM;
	report->remarks = grown;
	va_start(args, format);
	length = vasprintf(&line, format, args);
	va_end(args);
	if (length < 0)
		return PRG_E_NOMEM;
	report->remarks[report->n_remarks++] = line;
	return 0;
}

static struct prg_change *new_change(struct prg_report *report, const char *action,
                                     struct prg_error *err)
{
	void *grown = room(report->changes, report->n_changes, &report->changes_capacity,
	                   sizeof(struct prg_change));

	if (grown == NULL) {
		prg_error_nomem(err);
		return NULL;
	}
	report->changes = grown;
	report->changes[report->n_changes] = (struct prg_change){ .action = action };
	return &report->changes[report->n_changes++];
}

/* Takes from and to over; NULL for either is out of memory. */
static int add_field(struct prg_change *change, const char *name, char *from, char *to,
                     struct prg_error *err)
{
	struct prg_field_change *fields;
	char *copy = strdup(name);

	memcpy(&fields, &change->fields, sizeof(fields));
	fields = reallocarray(fields, change->n_fields + 1, sizeof(*fields));
	if (fields != NULL)
		change->fields = fields;
	if (fields == NULL || copy == NULL || from == NULL || to == NULL) {
		free(copy);
		free(from);
		free(to);
		return prg_error_nomem(err);
	}
	fields[change->n_fields++] =
		(struct prg_field_change){ .name = copy, .from = from, .to = to };
	return 0;
}

static char *json_allowed_ips(const struct prg_wg_peer *peer)
{
	PRG_STRBUF buf = { 0 };

	prg_prefix_list_json(&buf, peer->allowed_ips, peer->n_allowed_ips);
	return prg_strbuf_take(&buf);
}

/* Where a peer is connected from is nobody's business; a configured endpoint is. */
static char *json_endpoint(const struct prg_wg_peer *peer)
{
	struct prg_endpoint endpoint;
	char text[PRG_ENDPOINT_TEXT];
	PRG_STRBUF buf = { 0 };

	if (peer->endpoint.addr.family == 0)
		return strdup("null");
	prg_wg_endpoint_to(&peer->endpoint, &endpoint);
	prg_endpoint_format(&endpoint, text);
	prg_strbuf_json(&buf, text);
	return prg_strbuf_take(&buf);
}

static char *json_field(const struct prg_wg_peer *peer, unsigned field)
{
	char number[16];

	if (peer == NULL)
		return strdup("null");
	switch (field) {
	case PRG_OF_ALLOWED_IPS:
		return json_allowed_ips(peer);
	case PRG_OF_PRESHARED_KEY:
		return strdup(peer->preshared_key ? "true" : "false");
	case PRG_OF_KEEPALIVE:
		snprintf(number, sizeof(number), "%u", peer->keepalive_s);
		return strdup(number);
	default:
		return json_endpoint(peer);
	}
}

int prg_report_peer_change(struct prg_report *report, const char *name,
                           const struct prg_wg_peer *from, const struct prg_wg_peer *to,
                           unsigned fields, struct prg_error *err)
{
	static const struct {
		unsigned field;
		const char *name;
	} known[] = { { PRG_OF_ALLOWED_IPS, "allowed_ips" },
		      { PRG_OF_PRESHARED_KEY, "preshared_key" },
		      { PRG_OF_KEEPALIVE, "keepalive" },
		      { PRG_OF_ENDPOINT, "endpoint" } };
	struct prg_change *change =
		new_change(report, from == NULL ? "add" : to == NULL ? "remove" : "update", err);
	size_t i;
	int rc = 0;

	if (change == NULL)
		return PRG_E_NOMEM;
	change->has_public_key = true;
	change->public_key = to ? to->public_key : from->public_key;
	if (name != NULL) {
		change->peer = strdup(name);
		if (change->peer == NULL)
			return prg_error_nomem(err);
	}
	for (i = 0; i < sizeof(known) / sizeof(known[0]) && rc == 0; i++) {
		bool differs = from != NULL && to != NULL
		                       ? (fields & known[i].field) != 0
		                       : known[i].field == PRG_OF_ALLOWED_IPS ||
		                                 (to != NULL && (fields & known[i].field));

		if (differs)
			rc = add_field(change, known[i].name, json_field(from, known[i].field),
			               json_field(to, known[i].field), err);
	}
	return rc;
}

int prg_report_configure(struct prg_report *report, const char *field, const char *from,
                         const char *to, struct prg_error *err)
{
	struct prg_field_change *fields;
	struct prg_change *change;
	size_t i;

	if (report->configure == 0) {
		if (new_change(report, "configure", err) == NULL)
			return PRG_E_NOMEM;
		report->configure = report->n_changes;
	}
	change = &report->changes[report->configure - 1];
	memcpy(&fields, &change->fields, sizeof(fields));
	for (i = 0; i < change->n_fields; i++) {
		char *copy;

		if (strcmp(fields[i].name, field) != 0)
			continue;
		copy = strdup(to);
		if (copy == NULL)
			return prg_error_nomem(err);
		free((char *)(uintptr_t)fields[i].to);
		fields[i].to = copy;
		return 0;
	}
	return add_field(change, field, strdup(from), strdup(to), err);
}

int prg_report_peer_begin(struct prg_report *report, const char *action,
                          const struct prg_peer *peer, struct prg_error *err)
{
	struct prg_change *change = new_change(report, action, err);

	if (change == NULL)
		return PRG_E_NOMEM;
	change->has_public_key = true;
	change->public_key = peer->public_key;
	change->peer = strdup(peer->name);
	return change->peer != NULL ? 0 : prg_error_nomem(err);
}

int prg_report_number(struct prg_report *report, const char *field, unsigned from, unsigned to,
                      struct prg_error *err)
{
	char a[16], b[16];

	snprintf(a, sizeof(a), from ? "%u" : "null", from);
	snprintf(b, sizeof(b), "%u", to);
	return prg_report_configure(report, field, a, b, err);
}

int prg_report_peer_field(struct prg_report *report, const struct prg_peer *peer,
                          const char *field, const char *from, const char *to,
                          struct prg_error *err)
{
	struct prg_change *change =
		report->n_changes > 0 ? &report->changes[report->n_changes - 1] : NULL;

	if (change == NULL || !change->has_public_key ||
	    memcmp(&change->public_key, &peer->public_key, sizeof(peer->public_key)) != 0) {
		int rc = prg_report_peer_begin(report, "update", peer, err);

		if (rc < 0)
			return rc;
		change = &report->changes[report->n_changes - 1];
	}
	return add_field(change, field, strdup(from), strdup(to), err);
}

const struct prg_interface *prg_report_interface(const struct prg_report *report)
{
	return report->interface;
}

bool prg_report_applied(const struct prg_report *report)
{
	return report->applied;
}

size_t prg_report_n_results(const struct prg_report *report)
{
	return report->n_results;
}

const struct prg_result *prg_report_result(const struct prg_report *report, size_t index)
{
	return index < report->n_results ? &report->results[index] : NULL;
}

size_t prg_report_n_changes(const struct prg_report *report)
{
	return report->n_changes;
}

const struct prg_change *prg_report_change(const struct prg_report *report, size_t index)
{
	return index < report->n_changes ? &report->changes[index] : NULL;
}

size_t prg_report_n_left_over(const struct prg_report *report)
{
	return report->n_left_over;
}

const struct prg_public_key *prg_report_left_over(const struct prg_report *report, size_t index)
{
	return index < report->n_left_over ? &report->left_over[index] : NULL;
}

size_t prg_report_n_remarks(const struct prg_report *report)
{
	return report->n_remarks;
}

const char *prg_report_remark(const struct prg_report *report, size_t index)
{
	return index < report->n_remarks ? report->remarks[index] : NULL;
}

bool prg_report_adopted(const struct prg_report *report)
{
	return report->adopted;
}

size_t prg_report_n_not_carried(const struct prg_report *report)
{
	return report->n_not_carried;
}

const struct prg_not_carried *prg_report_not_carried(const struct prg_report *report,
                                                     size_t index)
{
	return index < report->n_not_carried ? &report->not_carried[index] : NULL;
}

int prg_report_config(const struct prg_report *report, size_t index, struct prg_text **ret_text,
                      struct prg_error *err)
{
	const struct prg_result *result = prg_report_result(report, index);
	struct prg_client client;

	if (result == NULL || report->interface == NULL)
		return prg_error_set(err, PRG_E_USAGE, "the report has no result %zu", index);
	client = (struct prg_client){ .interface = report->interface,
		                      .peer = result->peer,
		                      .private_key = result->private_key,
		                      .preshared_key = result->preshared_key };
	return prg_render_wgquick(&client, ret_text, err);
}
