/* SPDX-License-Identifier: ISC */
/* Line by line, section by section; a bad line is told, and the next one read. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "import/document_reader.h"
#include "model/peer.h"

void prg_document_free(struct prg_document **document)
{
	struct prg_document *d = *document;
	size_t i;

	if (d == NULL)
		return;
	for (i = 0; i < d->n_peers; i++)
		prg_peer_free(&d->peers[i].peer);
	for (i = 0; i < d->n_remarks; i++)
		free(d->remarks[i]);
	free(d->peers);
	free(d->by_key);
	free(d->by_name);
	free(d->revoked);
	free(d->remarks);
	free(d);
	*document = NULL;
}

/* ----------------------------------------------------------------- bad lines */

int prg_document_fail(struct prg_document_reader *r, unsigned line, const char *format, ...)
{
	char what[600];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	return prg_error_set(&r->error, PRG_E_USAGE, "line %u, column 1: %s", line, what);
}

int prg_document_bad(struct prg_document_reader *r, int rc)
{
	unsigned line = 0, column = 0;
	int read = 0;

	if (rc != PRG_E_USAGE) {
		if (rc < 0 && r->err != NULL)
			*r->err = r->error;
		return rc;
	}
	if (sscanf(r->error.message, "line %u, column %u: %n", &line, &column, &read) < 2)
		read = 0;
	prg_problems_add(&r->problems, rc, line, column, r->error.message + read);
	return 0;
}

/* ------------------------------------------------------------------- sections */

/* What the section that ends has gathered. */
static void forget_section(struct prg_document_reader *r)
{
	size_t i;

	for (i = 0; i < r->conf.n_peers; i++)
		free(r->conf.peers[i].allowed_ips);
	r->conf.n_peers = 0;
	r->conf.n_addresses = 0;
	r->conf.private_key = NULL;
	r->conf.listen_port = r->conf.mtu = 0;
	r->conf.fwmark = 0;
	for (i = 0; i < PRG_DOCUMENT_LISTS; i++)
		prg_strbuf_done(&r->lists[i]);
	prg_peer_free(&r->now.peer);
	r->now = (struct prg_document_peer){ 0 };
	prg_intent_values_done(&r->values);
	r->seen = 0;
	r->state = -1;
	r->parser.seen = 0;
}

static int keep_peer(struct prg_document_reader *r)
{
	struct prg_document *d = r->document;
	struct prg_document_peer *grown = prg_wgconf_grow(d->peers, d->n_peers, &d->capacity,
	                                                  sizeof(*grown));

	if (grown == NULL)
		return prg_error_nomem(&r->error);
	d->peers = grown;
	grown[d->n_peers++] = r->now;
	r->now.peer = NULL;
	return 0;
}

/* A section with a bad line in it is not looked at as a whole: one thing wrong is
 * told once. */
static int end_section(struct prg_document_reader *r)
{
	int rc = 0;

	if (r->parser.section != PRG_WGCONF_NOWHERE && !r->skipped && r->problems.n == r->bad_before) {
		rc = prg_wgconf_end_section(&r->parser);
		if (rc == 0 && r->parser.section == PRG_WGCONF_PEER)
			rc = prg_document_end_peer(r);
		else if (rc == 0)
			rc = prg_document_end_interface(r);
		if (rc == 0 && r->parser.section == PRG_WGCONF_PEER)
			rc = keep_peer(r);
		rc = prg_document_bad(r, rc);
	}
	forget_section(r);
	return rc;
}

static int begin_peer(struct prg_document_reader *r)
{
	int rc = prg_wgconf_begin_peer(&r->parser);

	if (rc < 0)
		return rc;
	r->parser.section = PRG_WGCONF_PEER;
	r->now.line = r->parser.number;
	r->now.peer = prg_peer_new();
	return r->now.peer != NULL ? 0 : prg_error_nomem(&r->error);
}

static int begin_section(struct prg_document_reader *r, struct prg_slice line, bool dormant)
{
	r->line = r->parser.number;
	r->bad_before = r->problems.n;
	r->dormant = dormant;
	r->skipped = false;
	if (prg_slice_is(line, "[Peer]"))
		return begin_peer(r);
	r->skipped = true;
	if (!prg_slice_is(line, "[Interface]"))
		return prg_wgconf_fail(&r->parser, line.data,
		                       "no such section: expected [Interface] or [Peer]");
	if (r->document->has_interface)
		return prg_wgconf_fail(&r->parser, line.data,
		                       "a second [Interface]: a document is of one interface");
	if (dormant)
		return prg_wgconf_fail(&r->parser, line.data,
		                       "only a [Peer] can be switched off by '#~'");
	r->skipped = false;
	r->document->has_interface = true;
	r->parser.section = PRG_WGCONF_INTERFACE;
	return 0;
}

/* ---------------------------------------------------------------------- lines */

/* What wg-quick knows and the register does not keep would be gone without a word. */
static int check_kept(const struct prg_document_reader *r, struct prg_slice line)
{
	const char *equals = memchr(line.data, '=', line.length);
	struct prg_slice name = { line.data, equals ? (size_t)(equals - line.data) : 0 };
	size_t i;

	name = prg_slice_trim(name);
	if (prg_slice_is(name, "DNS"))
		return prg_wgconf_fail(&r->parser, line.data,
		                       "DNS would change the server's own resolver: for clients "
		                       "write '# DNS = ADDRESS'");
	for (i = 0; i < PRG_WGCONF_KEYS; i++)
		if (prg_slice_is(name, prg_wgconf_keys[i].name) &&
		    (prg_wgconf_keys[i].read == NULL || prg_slice_is(name, "FwMark")))
			return prg_wgconf_fail(&r->parser, line.data,
			                       "the register does not keep this: take the line out");
	return 0;
}

/* '#~' before each line of a peer, or before none: a line without it would be the
 * peer before's to wg(8). */
static int check_dormant(const struct prg_document_reader *r, struct prg_slice line, bool dormant)
{
	if (r->parser.section == PRG_WGCONF_NOWHERE || dormant == r->dormant)
		return 0;
	return prg_wgconf_fail(&r->parser, line.data,
	                       dormant ? "this [Peer] is not switched off: '#~' goes before each of "
	                                 "its lines, [Peer] too"
	                               : "this [Peer] is switched off: '#~' goes before each of "
	                                 "its lines");
}

/* Takes the comment off the end of a line. */
static int cut_comment(struct prg_document_reader *r, struct prg_slice *line)
{
	const char *hash = memchr(line->data, '#', line->length);
	size_t length = hash != NULL ? (size_t)(hash - line->data) : line->length;
	struct prg_slice comment = { line->data + length, line->length - length };

	*line = prg_slice_trim((struct prg_slice){ line->data, length });
	return prg_document_check_behind(r, comment);
}

static int read_pair(struct prg_document_reader *r, struct prg_slice line, bool dormant)
{
	int rc = cut_comment(r, &line);

	if (rc == 0)
		rc = check_dormant(r, line, dormant);
	if (rc == 0)
		rc = check_kept(r, line);
	return rc == 0 ? prg_wgconf_read_pair(&r->parser, line) : rc;
}

static struct prg_slice skip(struct prg_slice s, size_t n)
{
	return prg_slice_trim((struct prg_slice){ s.data + n, s.length - n });
}

static int read_line(struct prg_document_reader *r)
{
	struct prg_slice line = prg_slice_trim(r->parser.line);
	bool dormant = line.length >= 2 && memcmp(line.data, "#~", 2) == 0;
	int rc = prg_wgconf_check_characters(&r->parser);

	if (dormant)
		line = skip(line, 2);
	if (rc < 0 || line.length == 0)
		return rc;
	if (line.data[0] == '[') {
		rc = end_section(r);
		r->parser.section = PRG_WGCONF_NOWHERE;
		if (rc < 0)
			return rc;
		rc = cut_comment(r, &line);
		r->skipped = rc < 0;
		return rc == 0 ? begin_section(r, line, dormant) : rc;
	}
	if (r->skipped)
		return 0;
	if (line.data[0] != '#')
		return read_pair(r, line, dormant);
	if (dormant != r->dormant && r->parser.section == PRG_WGCONF_PEER && dormant)
		return check_dormant(r, line, dormant);
	/* a remark of someone's own may stand between the lines of such a peer */
	return dormant == r->dormant ? prg_document_comment(r, skip(line, 1)) : 0;
}

static int read_all(struct prg_document_reader *r, struct prg_slice text)
{
	int rc = prg_wgconf_begin(&r->parser, &text);

	if (rc < 0)
		return prg_document_bad(r, rc);
	while (rc == 0 && prg_wgconf_next_line(&r->parser, &text))
		rc = prg_document_bad(r, read_line(r));
	if (rc == 0)
		rc = end_section(r);
	if (rc == 0 && r->problems.n == 0 && !r->document->has_interface && r->document->n_peers == 0)
		rc = prg_document_bad(
		        r, prg_document_fail(r, 1, "there is neither [Interface] nor [Peer] in it"));
	return rc == 0 ? prg_document_check(r) : rc;
}

static void reader_done(struct prg_document_reader *r)
{
	forget_section(r);
	r->conf.arena = NULL; /* the intent's */
	free(r->conf.peers);
	free(r->conf.addresses);
}

/* All that was read into the intent goes again. */
static void take_back(struct prg_intent *intent)
{
	prg_intent_values_done(&intent->common);
	intent->private_key = NULL;
	prg_document_free(&intent->document);
}

int prg_intent_read_document(struct prg_intent *intent, const char *text, size_t length,
                             struct prg_error *err)
{
	struct prg_document_reader r = {
		.intent = intent, .err = err, .state = -1,
		.problems = { .fn = intent->problem, .context = intent->problem_context },
	};
	char asked[PRG_IFNAME_TEXT];
	int rc;

	if (intent->verb != PRG_APPLY || intent->document != NULL)
		return prg_error_set(err, PRG_E_USAGE, "this command takes no document, or has one");
	if (length > PRG_DOCUMENT_BYTES)
		return prg_error_set(err, PRG_E_USAGE, "a document of %zu bytes: at most %zu",
		                     length, PRG_DOCUMENT_BYTES);
	rc = prg_intent_own_arena(intent, err);
	if (rc < 0)
		return rc;
	intent->document = calloc(1, sizeof(*intent->document));
	if (intent->document == NULL)
		return prg_error_nomem(err);
	intent->document->up = -1;
	memcpy(asked, intent->interface, sizeof(asked));
	r.document = intent->document;
	r.conf.arena = intent->arena;
	r.parser = (struct prg_wgconf_parser){ .conf = &r.conf, .err = &r.error };
	rc = read_all(&r, (struct prg_slice){ text, length });
	reader_done(&r);
	if (rc == 0)
		rc = prg_problems_error(&r.problems, err);
	if (rc == 0)
		return 0;
	take_back(intent);
	memcpy(intent->interface, asked, sizeof(asked));
	return rc;
}
