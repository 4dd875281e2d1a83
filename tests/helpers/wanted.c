/* SPDX-License-Identifier: ISC */
/*
 * wanted REGISTER INTERFACE: verifies the audit chain through the public library
 * and prints what the register says, for scripts that compare it with what wg(8)
 * and ip(8) say of the running interface:
 *
 *     chain ENTRIES HEAD
 *     state NAME STATE KEY [NOTE]      each peer, revoked ones too
 *     ---
 *     link up MTU ALIAS                from here on only where it is wanted up,
 *     device PUBLIC-KEY PORT           and sorted by bytes
 *     address PREFIX
 *     allowed KEY PREFIX
 *     peer KEY PRESHARED-KEY ENDPOINT KEEPALIVE
 *     route PREFIX
 *
 * It prints preshared keys: for tests alone. Routes are those of the peers; peers'
 * addresses are taken to lie within the interface's networks, routes outside.
 */
#include <inttypes.h>
#include <peerage.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_MTU 1420

struct document {
	struct prg_register *reg;
	const char *interface;
	char **lines;
	size_t n, capacity;
};

static _Noreturn void die(const char *what, const struct prg_error *err)
{
	fprintf(stderr, "wanted: %s%s%s\n", what, err ? ": " : "", err ? err->message : "");
	exit(1);
}

static PRG_PRINTF(2, 3) void line(struct document *document, const char *format, ...)
{
	va_list ap;

	if (document->n == document->capacity) {
		document->capacity = document->capacity * 2 + 64;
		document->lines = realloc(document->lines,
		                          document->capacity * sizeof(*document->lines));
		if (document->lines == NULL)
			die("out of memory", NULL);
	}
	va_start(ap, format);
	if (vasprintf(&document->lines[document->n++], format, ap) < 0)
		die("out of memory", NULL);
	va_end(ap);
}

static void prefix_line(struct document *document, const char *what,
                        const struct prg_prefix *prefix)
{
	char text[PRG_PREFIX_TEXT];

	prg_prefix_format(prefix, text);
	line(document, "%s %s", what, text);
}

/* The config is what reveals it. */
static void preshared_key(const struct document *document, const struct prg_peer *peer,
                          char ret[PRG_KEY_TEXT])
{
	static const char label[] = "\nPresharedKey = ";
	struct prg_text *config = NULL;
	struct prg_error err;
	const char *found;

	if (prg_render_config(document->reg, document->interface, peer->name, NULL, &config, &err))
		die(peer->name, &err);
	found = strstr(prg_text_data(config), label);
	if ((found != NULL) != peer->has_preshared_key)
		die("config and register differ on a preshared key", NULL);
	if (found == NULL)
		strcpy(ret, "(none)");
	else
		snprintf(ret, PRG_KEY_TEXT, "%.44s", found + strlen(label));
	prg_text_free(&config);
}

static int on_peer(void *context, const struct prg_peer *peer)
{
	struct document *document = context;
	char key[PRG_KEY_TEXT], psk[PRG_KEY_TEXT], endpoint[PRG_ENDPOINT_TEXT] = "(none)";
	char keepalive[8] = "off", text[PRG_PREFIX_TEXT];

	prg_public_key_format(&peer->public_key, key);
	printf("state %s %s %s%s%s\n", peer->name, prg_peer_state_name(peer->state), key,
	       peer->note ? " " : "", peer->note ? peer->note : "");
	if (peer->state != PRG_PEER_ACTIVE)
		return 0;
	preshared_key(document, peer, psk);
	if (peer->endpoint.port != 0)
		prg_endpoint_format(&peer->endpoint, endpoint);
	if (peer->keepalive_s != 0)
		snprintf(keepalive, sizeof(keepalive), "%u", peer->keepalive_s);
	line(document, "peer %s %s %s %s", key, psk, endpoint, keepalive);
	for (size_t i = 0; i < prg_peer_n_allowed_ips(peer); i++) {
		prg_prefix_format(prg_peer_allowed_ip(peer, i), text);
		line(document, "allowed %s %s", key, text);
	}
	for (size_t i = 0; i < peer->n_routes; i++)
		prefix_line(document, "route", &peer->routes[i]);
	return 0;
}

static void device(struct document *document, const struct prg_interface *interface)
{
	char key[PRG_KEY_TEXT];

	prg_public_key_format(&interface->public_key, key);
	line(document, "link up %u peerage:%s", interface->mtu ? interface->mtu : DEFAULT_MTU,
	     prg_register_id(document->reg));
	line(document, "device %s %u", key, interface->listen_port);
	for (size_t i = 0; i < interface->n_addresses; i++)
		prefix_line(document, "address", &interface->addresses[i]);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int main(int argc, char **argv)
{
	struct document document = { 0 };
	struct prg_interface *interface = NULL;
	struct prg_error err;
	uint64_t entries;
	char head[65];

	if (argc != 3)
		die("usage: wanted REGISTER INTERFACE", NULL);
	document.interface = argv[2];
	if (prg_register_open(argv[1], PRG_OPEN_READ, 30000, &document.reg, &err) ||
	    prg_register_verify(document.reg, &entries, head, &err) ||
	    prg_find_interface(document.reg, argv[2], &interface, &err))
		die(argv[1], &err);
	printf("chain %" PRIu64 " %s\n", entries, head);
	device(&document, interface);
	if (prg_list_peers(document.reg, argv[2], on_peer, &document, &err))
		die(argv[1], &err);
	printf("---\n");
	qsort(document.lines, document.n, sizeof(*document.lines), compare);
	for (size_t i = 0; i < document.n; i++) {
		if (interface->wanted_up)
			printf("%s\n", document.lines[i]);
		free(document.lines[i]);
	}
	free(document.lines);
	prg_interface_free(&interface);
	prg_register_close(&document.reg);
	return fflush(stdout) != 0;
}
