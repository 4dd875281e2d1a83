/* SPDX-License-Identifier: ISC */
/* A parsed config to what is imported of it. */
#include "import/import.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "import/names.h"
#include "model/addr.h"
#include "model/name.h"
#include "model/value.h"

#define NOTE_BYTES 1024 /* of a peer, in the register */

int prg_import_new(const char *source, struct prg_import **ret, struct prg_error *err)
{
	PRG_IMPORT_OWN *import = calloc(1, sizeof(*import));
	int rc;

	if (import == NULL)
		return prg_error_nomem(err);
	import->source = strdup(source);
	if (import->source == NULL)
		return prg_error_nomem(err);
	rc = prg_arena_new(&import->arena, err);
	if (rc < 0)
		return rc;
	*ret = import;
	import = NULL;
	return 0;
}

void prg_import_free(struct prg_import **import)
{
	struct prg_import *i = *import;
	size_t n;

	if (i == NULL)
		return;
	for (n = 0; n < i->n_peers; n++) {
		free(i->peers[n].note);
		free(i->peers[n].allowed_ips);
	}
	for (n = 0; n < i->n_lines; n++)
		free(i->lines[n].what);
	free(i->source);
	free(i->addresses);
	free(i->peers);
	free(i->lines);
	prg_arena_free(&i->arena);
	free(i);
	*import = NULL;
}

int prg_import_tell(struct prg_import *import, unsigned line, bool lost, struct prg_error *err,
                    const char *format, ...)
{
	struct prg_import_line *grown;
	va_list args;
	char *what;
	int length;

	grown = prg_wgconf_grow(import->lines, import->n_lines, &import->capacity,
	                        sizeof(*grown));
	if (grown == NULL)
		return prg_error_nomem(err);
	import->lines = grown;
	va_start(args, format);
	length = vasprintf(&what, format, args);
	va_end(args);
	if (length < 0)
		return prg_error_nomem(err);
	grown[import->n_lines++] =
		(struct prg_import_line){ .line = line, .lost = lost, .what = what };
	return 0;
}

/* ------------------------------------------------------------------ settings */

/* An unknown key as it is written, if it looks like one: what stands before a '='
 * may be a secret as well. */
static void key_name(const struct prg_wgconf_line *line, char ret[32])
{
	size_t n = strcspn(line->text, " \t="), i;

	for (i = 0; i < n && (isalnum((unsigned char)line->text[i]) || line->text[i] == '_'); i++)
		;
	if (line->key != NULL)
		snprintf(ret, 32, "%s", line->key);
	else if (n > 0 && n <= 24 && i == n)
		snprintf(ret, 32, "%.*s", (int)n, line->text);
	else
		snprintf(ret, 32, "an unknown setting");
}

static bool masquerades(const struct prg_wgconf_line *line)
{
	return line->key != NULL && strcasestr(line->key, "Up") != NULL &&
	       strcasestr(line->text, "masquerade") != NULL;
}

static int take_settings(struct prg_import *import, const struct prg_wgconf *conf,
                         struct prg_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < conf->n_other && rc == 0; i++) {
		const struct prg_wgconf_line *line = &conf->other[i];
		char name[32];

		if (line->text[0] == '#')
			continue;
		import->masquerades |= masquerades(line);
		key_name(line, name);
		rc = prg_import_tell(import, line->line, true, err, "%s", name);
	}
	return rc;
}

/* --------------------------------------------------------------------- peers */

/* What a peer was called, as one line that a note takes. */
static char *note_of(struct prg_slice text)
{
	PRG_STRBUF buf = { 0 };
	size_t at = 0, n;
	uint32_t c;

	while (at < text.length && buf.length + 4 < NOTE_BYTES) {
		n = prg_utf8_next(text.data + at, text.length - at, &c);
		if (n == 0 || prg_is_control(c))
			prg_strbuf_puts(&buf, "\xef\xbf\xbd");
		else
			prg_strbuf_append(&buf, text.data + at, n);
		at += n != 0 ? n : 1;
	}
	return prg_strbuf_take(&buf);
}

static int name_peer(struct prg_import *import, struct prg_import_peer *peer,
                     struct prg_slice name, struct prg_error *err)
{
	bool same;

	if (name.data == NULL)
		return 0;
	if (!prg_name_map(name.data, name.length, peer->name, &same))
		peer->name[0] = '\0';
	else if (same)
		return 0;
	peer->note = note_of(name);
	if (peer->note == NULL)
		return prg_error_nomem(err);
	if (peer->name[0] == '\0')
		return 0;
	return prg_import_tell(import, peer->line, false, err,
	                       "'%s' cannot be a peer's name: it is %s now, with that as its note",
	                       peer->note, peer->name);
}

/* Names are not resolved, here or anywhere. A zone's link may come later. */
static bool is_literal(const struct prg_endpoint *endpoint)
{
	char host[sizeof(endpoint->host)];
	struct prg_addr addr;

	memcpy(host, endpoint->host, sizeof(host));
	host[strcspn(host, "%")] = '\0';
	return prg_addr_parse(host, &addr, NULL) == 0;
}

/* Takes the list of allowed IPs over. */
static int take_peer(struct prg_import *import, struct prg_wgconf_peer *from,
                     struct prg_slice name, struct prg_error *err)
{
	struct prg_import_peer *peer = &import->peers[import->n_peers++];

	peer->line = from->line;
	peer->disabled = from->disabled;
	peer->public_key = from->public_key;
	peer->preshared_key = from->preshared_key;
	peer->allowed_ips = from->allowed_ips;
	peer->n_allowed_ips = from->n_allowed_ips;
	from->allowed_ips = NULL;
	peer->keepalive_s = from->keepalive_s;
	if (is_literal(&from->endpoint))
		peer->endpoint = from->endpoint;
	else if (from->endpoint.port != 0 &&
	         prg_import_tell(import, from->endpoint_line, true, err,
	                         "Endpoint (a host name: give an address with 'set NAME "
	                         "--peer-endpoint')") < 0)
		return PRG_E_NOMEM;
	return name_peer(import, peer, name, err);
}

static int take_peers(struct prg_import *import, struct prg_wgconf *conf, struct prg_error *err)
{
	size_t i, at = 0;
	int rc = 0;

	if (conf->n_peers == 0)
		return 0;
	import->peers = calloc(conf->n_peers, sizeof(*import->peers));
	if (import->peers == NULL)
		return prg_error_nomem(err);
	for (i = 0; i < conf->n_peers && rc == 0; i++)
		rc = take_peer(import, &conf->peers[i], prg_import_name(conf, i, &at), err);
	return rc;
}

int prg_import_config(const char *text, size_t length, const char *source,
                      struct prg_import **ret, struct prg_error *err)
{
	PRG_CLEANUP(prg_wgconf_free) struct prg_wgconf *conf = NULL;
	PRG_IMPORT_OWN *import = NULL;
	int rc = prg_wgconf_parse_lenient(text, length, &conf, err);

	if (rc == 0)
		rc = prg_import_new(source, &import, err);
	if (rc < 0)
		return rc;
	/* keys stay where they are; the new arena goes with what is left of the config */
	prg_arena_free(&import->arena);
	import->arena = conf->arena;
	import->private_key = conf->private_key;
	import->listen_port = conf->listen_port;
	import->mtu = conf->mtu;
	import->addresses = conf->addresses;
	import->n_addresses = conf->n_addresses;
	conf->addresses = NULL;
	rc = take_settings(import, conf, err);
	if (rc == 0)
		rc = take_peers(import, conf, err);
	conf->arena = NULL;
	if (rc == 0)
		rc = prg_import_merge(import, err);
	if (rc == 0)
		rc = prg_import_name_all(import, err);
	if (rc < 0)
		return rc;
	*ret = import;
	import = NULL;
	return 0;
}
