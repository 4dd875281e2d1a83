/* SPDX-License-Identifier: ISC */
/*
 * Drives a backend against a real WireGuard for tests/vm/backend.sh:
 *
 *   backend_driver BACKEND INTERFACE COMMAND [ARG...]
 *
 * Each command prints what came back; the script has another program (`wg`,
 * `ip`) tell what really happened. Keys and addresses are made from numbers, so
 * that the script knows them too.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backend/backend.h"
#include "base/error.h"
#include "base/secret.h"

#define MANY_ALLOWED_IPS 3000

static struct prg_backend *backend;
static struct prg_error error;

static int fail(const char *what)
{
	printf("%s: %s: %s\n", what, prg_code_name(error.code), error.message);
	return 1;
}

/* ---- values by number */

static struct prg_public_key public_key(unsigned n)
{
	struct prg_public_key key;

	memset(key.bytes, 0x42, sizeof(key.bytes));
	memcpy(key.bytes, &n, sizeof(n));
	key.bytes[31] = 0x10;
	return key;
}

static struct prg_preshared_key preshared_key(unsigned n)
{
	struct prg_preshared_key key;

	memset(key.bytes, 0x77, sizeof(key.bytes));
	memcpy(key.bytes, &n, sizeof(n));
	return key;
}

static struct prg_prefix v4(unsigned n)
{
	return (struct prg_prefix){
		{ 4, { 10, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n } }, 32
	};
}

static struct prg_prefix v6(unsigned n)
{
	struct prg_prefix prefix = { { 6, { 0xfd, 1 } }, 128 };

	prefix.addr.bytes[13] = (uint8_t)(n >> 16);
	prefix.addr.bytes[14] = (uint8_t)(n >> 8);
	prefix.addr.bytes[15] = (uint8_t)n;
	return prefix;
}

struct sample {
	struct prg_wg_peer peer;
	struct prg_preshared_key psk;
	struct prg_prefix prefixes[2];
	char who[32];
};

static struct prg_op sample_op(struct sample *sample, unsigned n, unsigned fields)
{
	sample->psk = preshared_key(n);
	sample->prefixes[0] = v4(n);
	sample->prefixes[1] = v6(n);
	snprintf(sample->who, sizeof(sample->who), "peer number-%u", n);
	sample->peer = (struct prg_wg_peer){ .public_key = public_key(n),
		                             .preshared_key = &sample->psk,
		                             .keepalive_s = (uint16_t)(n % 50),
		                             .allowed_ips = sample->prefixes,
		                             .n_allowed_ips = 2 };
	return (struct prg_op){ .kind = PRG_OP_PEER_SET,
		                .fields = fields,
		                .peer = &sample->peer,
		                .who = sample->who };
}

#define FULL (PRG_OF_CREATE | PRG_OF_PRESHARED_KEY | PRG_OF_KEEPALIVE | PRG_OF_ALLOWED_IPS)

/* ---- applying, with a record of what was told */

struct told {
	unsigned good, bad;
	const struct prg_op *base;
	bool verbose, disordered;
};

static void done(void *context, const struct prg_op *op, int code)
{
	struct told *told = context;

	if ((size_t)(op - told->base) != told->good + told->bad)
		told->disordered = true;
	if (code == 0)
		told->good++;
	else
		told->bad++;
	if (told->verbose)
		printf("%s %s\n", op->who != NULL ? op->who : "-", prg_code_name(code));
}

static int apply(const struct prg_op *ops, size_t n, bool verbose)
{
	struct told told = { .base = ops, .verbose = verbose };
	int rc = prg_backend_apply(backend, ops, n, done, &told, &error);

	if (told.disordered || told.good + told.bad != n) {
		printf("not every operation was told once and in order\n");
		return 2;
	}
	printf("%u done, %u failed\n", told.good, told.bad);
	return rc < 0 ? fail("apply") : 0;
}

/* ---- commands */

static int cmd_create(char **args)
{
	return prg_backend_link_create(backend, args[0], &error) < 0 ? fail("create") : 0;
}

static int cmd_delete(char **args)
{
	size_t n_peers = args[0] != NULL ? strtoul(args[0], NULL, 10) : 0;

	return prg_backend_link_delete(backend, n_peers, &error) < 0 ? fail("delete") : 0;
}

static int cmd_link(char **args)
{
	struct prg_link link;

	(void)args;
	if (prg_backend_link(backend, &link, &error) < 0)
		return fail("link");
	printf("%s alias %s mtu %u %s\n", link.kind, link.alias, link.mtu, link.up ? "up" : "down");
	return 0;
}

/* Sets a private key (not clamped, on purpose), a port and a mark; mtu, up. */
static int cmd_device(char **args)
{
	struct prg_wg_device device = { .has_private_key = true,
		                        .listen_port = (uint16_t)atoi(args[0]),
		                        .fwmark = 0x1234 };
	struct prg_op ops[2] = {
		{ .kind = PRG_OP_DEVICE,
		  .fields = PRG_OF_PRIVATE_KEY | PRG_OF_LISTEN_PORT | PRG_OF_FWMARK,
		  .device = &device },
		{ .kind = PRG_OP_LINK, .mtu = 1400, .up = true },
	};

	memset(device.private_key.bytes, 0xff, PRG_KEY_BYTES);
	return apply(ops, 2, false);
}

static int apply_range(unsigned first, unsigned n, unsigned fields, enum prg_op_kind kind)
{
	struct sample *samples = calloc(n, sizeof(*samples));
	struct prg_op *ops = calloc(n, sizeof(*ops));
	int rc;

	if (samples == NULL || ops == NULL)
		return 2;
	for (unsigned i = 0; i < n; i++) {
		ops[i] = sample_op(&samples[i], first + i, fields);
		ops[i].kind = kind;
	}
	rc = apply(ops, n, false);
	free(samples);
	free(ops);
	return rc;
}

static int cmd_add(char **args)
{
	return apply_range((unsigned)atoi(args[0]), (unsigned)atoi(args[1]), FULL,
	                   PRG_OP_PEER_SET);
}

/* Without CREATE: of an absent peer nothing may come. */
static int cmd_update(char **args)
{
	return apply_range((unsigned)atoi(args[0]), (unsigned)atoi(args[1]),
	                   FULL & ~(unsigned)PRG_OF_CREATE, PRG_OP_PEER_SET);
}

static int cmd_remove(char **args)
{
	return apply_range((unsigned)atoi(args[0]), (unsigned)atoi(args[1]), 0,
	                   PRG_OP_PEER_REMOVE);
}

/* One peer with many allowed IPs between two others. */
static int cmd_split(char **args)
{
	static struct prg_prefix many[MANY_ALLOWED_IPS];
	struct sample samples[3];
	struct prg_op ops[3];
	unsigned first = (unsigned)atoi(args[0]);

	for (unsigned i = 0; i < MANY_ALLOWED_IPS; i++)
		many[i] = i % 2 ? v6(0x800000 + i) : v4(0x800000 + i);
	for (unsigned i = 0; i < 3; i++)
		ops[i] = sample_op(&samples[i], first + i, FULL);
	samples[1].peer.allowed_ips = many;
	samples[1].peer.n_allowed_ips = MANY_ALLOWED_IPS;
	return apply(ops, 3, false);
}

/* Gives the addresses of one peer to another; takes its preshared key. */
static int cmd_move(char **args)
{
	struct sample from, to;
	struct prg_op op = sample_op(&from, (unsigned)atoi(args[0]), 0);

	op = sample_op(&to, (unsigned)atoi(args[1]),
	               PRG_OF_ALLOWED_IPS | PRG_OF_PRESHARED_KEY | PRG_OF_KEEPALIVE);
	to.peer.allowed_ips = from.prefixes;
	to.peer.preshared_key = NULL;
	to.peer.keepalive_s = 0;
	return apply(&op, 1, false);
}

static int cmd_endpoint(char **args)
{
	struct sample sample;
	struct prg_op op = sample_op(&sample, (unsigned)atoi(args[0]), PRG_OF_ENDPOINT);

	if (prg_addr_parse(args[1], &sample.peer.endpoint.addr, &error) < 0)
		return fail("endpoint");
	sample.peer.endpoint.port = (uint16_t)atoi(args[2]);
	return apply(&op, 1, false);
}

/* The third of five has a prefix that no kernel takes. */
static int cmd_bad(char **args)
{
	struct sample samples[5];
	struct prg_op ops[5];

	for (unsigned i = 0; i < 5; i++)
		ops[i] = sample_op(&samples[i], (unsigned)atoi(args[0]) + i, FULL);
	samples[2].prefixes[0].length = 99;
	return apply(ops, 5, true);
}

/* A link that is made again between the look at it and the change. */
static int cmd_swapped(char **args)
{
	struct prg_backend *other = NULL;
	struct sample sample;
	struct prg_op op = sample_op(&sample, 1, FULL);
	struct prg_link link;

	(void)args;
	if (prg_backend_link(backend, &link, &error) < 0 ||
	    prg_backend_open(PRG_BACKEND_NETLINK, "wg0", &other, &error) < 0 ||
	    prg_backend_link_delete(other, 0, &error) < 0 ||
	    prg_backend_link_create(other, "another", &error) < 0)
		return fail("swap");
	prg_backend_close(&other);
	return apply(&op, 1, false);
}

static int cmd_prefixes(char **args)
{
	struct prg_op ops[8];
	size_t n = 0;

	for (; args[n] != NULL && n < 8; n++) {
		char sign = args[n][0], what = args[n][1];

		ops[n] = (struct prg_op){ 0 };
		if (what == 'a')
			ops[n].kind = sign == '+' ? PRG_OP_ADDRESS_ADD : PRG_OP_ADDRESS_DEL;
		else
			ops[n].kind = sign == '+' ? PRG_OP_ROUTE_ADD : PRG_OP_ROUTE_DEL;
		if (prg_prefix_parse(args[n] + 2, &ops[n].prefix, &error) < 0)
			return fail("prefix");
	}
	return apply(ops, n, false);
}

/* Many routes: more than one send takes. */
static int cmd_routes(char **args)
{
	static struct prg_op ops[500];

	for (unsigned i = 0; i < 500; i++) {
		ops[i].kind = args[0][0] == '+' ? PRG_OP_ROUTE_ADD : PRG_OP_ROUTE_DEL;
		ops[i].prefix = i % 2 ? v6(i) : v4(i);
	}
	return apply(ops, 500, false);
}

static int cmd_listed(char **args)
{
	PRG_FREE struct prg_prefix *list = NULL;
	char text[PRG_PREFIX_TEXT];
	size_t n = 0;
	int rc = args[0][0] == 'a' ? prg_backend_addresses(backend, &list, &n, &error)
	                           : prg_backend_routes(backend, &list, &n, &error);

	if (rc < 0)
		return fail("list");
	for (size_t i = 0; i < n; i++) {
		prg_prefix_format(&list[i], text);
		printf("%s\n", text);
	}
	return 0;
}

/* ---- dumps, in the words of `wg show IF dump` */

static int print_device(void *context, const struct prg_wg_device *device, struct prg_error *err)
{
	char secret[PRG_KEY_TEXT] = "(none)", public[PRG_KEY_TEXT] = "(none)";

	(void)context;
	(void)err;
	if (device->has_private_key) {
		prg_private_key_reveal(&device->private_key, secret);
		prg_public_key_format(&device->public_key, public);
	}
	printf("%s\t%s\t%u\t", secret, public, device->listen_port);
	printf(device->fwmark != 0 ? "0x%x\n" : "off\n", device->fwmark);
	return 0;
}

static void print_endpoint(const struct prg_wg_endpoint *endpoint)
{
	char address[PRG_ADDR_TEXT];

	if (endpoint->addr.family == 0) {
		printf("(none)\t");
		return;
	}
	prg_addr_format(&endpoint->addr, address);
	printf(endpoint->addr.family == 6 ? "[%s]:%u\t" : "%s:%u\t", address, endpoint->port);
}

static int print_peer(void *context, const struct prg_wg_peer *peer, struct prg_error *err)
{
	char key[PRG_KEY_TEXT], psk[PRG_KEY_TEXT] = "(none)", prefix[PRG_PREFIX_TEXT];

	(void)context;
	(void)err;
	prg_public_key_format(&peer->public_key, key);
	if (peer->preshared_key != NULL)
		prg_preshared_key_reveal(peer->preshared_key, psk);
	printf("%s\t%s\t", key, psk);
	print_endpoint(&peer->endpoint);
	for (size_t i = 0; i < peer->n_allowed_ips; i++) {
		prg_prefix_format(&peer->allowed_ips[i], prefix);
		printf("%s%s", i > 0 ? "," : "", prefix);
	}
	printf("%s\t%lld\t%llu\t%llu\t", peer->n_allowed_ips > 0 ? "" : "(none)",
	       (long long)peer->latest_handshake_at, (unsigned long long)peer->rx_bytes,
	       (unsigned long long)peer->tx_bytes);
	printf(peer->keepalive_s != 0 ? "%u\n" : "off\n", peer->keepalive_s);
	return 0;
}

static int cmd_dump(char **args)
{
	struct prg_observer observer = { .device = print_device, .peer = print_peer };
	bool interrupted = true;

	(void)args;
	if (prg_backend_observe(backend, &observer, &interrupted, &error) < 0)
		return fail("observe");
	return interrupted ? 3 : 0;
}

struct count {
	unsigned peers, restarts;
};

static int count_peer(void *context, const struct prg_wg_peer *peer, struct prg_error *err)
{
	(void)peer;
	(void)err;
	((struct count *)context)->peers++;
	return 0;
}

static void count_again(void *context)
{
	((struct count *)context)->peers = 0;
	((struct count *)context)->restarts++;
}

/* While others write: a dump is complete, or says that it was interrupted. */
static int cmd_busy(char **args)
{
	unsigned want = (unsigned)atoi(args[0]), tries = (unsigned)atoi(args[1]);
	unsigned interrupted_ones = 0, restarts = 0;

	for (unsigned i = 0; i < tries; i++) {
		struct count count = { 0 };
		struct prg_observer observer = { .context = &count,
			                         .peer = count_peer,
			                         .restart = count_again };
		bool interrupted = false;

		if (prg_backend_observe(backend, &observer, &interrupted, &error) < 0)
			return fail("observe");
		if (!interrupted && count.peers != want) {
			printf("a dump of %u peers passed for complete\n", count.peers);
			return 1;
		}
		interrupted_ones += interrupted;
		restarts += count.restarts;
	}
	printf("%u of %u interrupted, %u restarts\n", interrupted_ones, tries, restarts);
	return 0;
}

/* Sets the keepalive of the peer with that key every so many milliseconds, until killed. */
static int cmd_churn(char **args)
{
	const struct timespec pause = { .tv_nsec = atol(args[1]) * 1000000 };
	struct prg_wg_peer peer = { 0 };
	struct prg_op op = { .kind = PRG_OP_PEER_SET, .fields = PRG_OF_KEEPALIVE, .peer = &peer };

	if (prg_public_key_parse(args[0], strlen(args[0]), &peer.public_key, &error) < 0)
		return fail("churn");
	for (;;) {
		peer.keepalive_s = (uint16_t)(peer.keepalive_s % 99 + 1);
		if (prg_backend_apply(backend, &op, 1, NULL, NULL, &error) < 0)
			return fail("churn");
		nanosleep(&pause, NULL);
	}
}

static int stop_at_device(void *context, const struct prg_wg_device *device,
                          struct prg_error *err)
{
	(void)context;
	(void)device;
	(void)err;
	return 77;
}

/* An observer that ends a dump early leaves a backend that still works. */
static int cmd_stop(char **args)
{
	struct prg_observer stop = { .device = stop_at_device };
	struct count count = { 0 };
	struct prg_observer all = { .context = &count, .peer = count_peer };
	bool interrupted = false;

	(void)args;
	if (prg_backend_observe(backend, &stop, &interrupted, &error) != 77)
		return 1;
	if (prg_backend_observe(backend, &all, &interrupted, &error) < 0)
		return fail("observe");
	printf("%u\n", count.peers);
	return 0;
}

static int cmd_lookup(char **args)
{
	char device[PRG_IFNAME_TEXT], source[PRG_ADDR_TEXT] = "-";
	struct prg_addr to, from;

	if (prg_addr_parse(args[0], &to, &error) < 0 ||
	    prg_route_lookup(&to, device, &from, &error) < 0)
		return fail("lookup");
	if (from.family != 0)
		prg_addr_format(&from, source);
	printf("%s %s\n", device, source);
	return 0;
}

static int cmd_ra(char **args)
{
	PRG_FREE char(*names)[PRG_IFNAME_TEXT] = NULL;
	size_t n = 0;

	(void)args;
	if (prg_route_ra_devices(&names, &n, &error) < 0)
		return fail("ra");
	for (size_t i = 0; i < n; i++)
		printf("%s\n", names[i]);
	return 0;
}

static int cmd_name(char **args)
{
	(void)args;
	printf("%s\n", prg_backend_name(backend));
	return 0;
}

static const struct command {
	const char *name;
	int n_args;
	int (*run)(char **args);
} commands[] = {
	{ "create", 1, cmd_create },
	{ "delete", 0, cmd_delete },
	{ "link", 0, cmd_link },
	{ "device", 1, cmd_device },
	{ "add", 2, cmd_add },
	{ "update", 2, cmd_update },
	{ "remove", 2, cmd_remove },
	{ "split", 1, cmd_split },
	{ "move", 2, cmd_move },
	{ "endpoint", 3, cmd_endpoint },
	{ "bad", 1, cmd_bad },
	{ "swapped", 0, cmd_swapped },
	{ "prefixes", 1, cmd_prefixes },
	{ "routes", 1, cmd_routes },
	{ "listed", 1, cmd_listed },
	{ "dump", 0, cmd_dump },
	{ "busy", 2, cmd_busy },
	{ "churn", 2, cmd_churn },
	{ "stop", 0, cmd_stop },
	{ "lookup", 1, cmd_lookup },
	{ "ra", 0, cmd_ra },
	{ "name", 0, cmd_name },
};

static enum prg_backend_kind kind_of(const char *name)
{
	if (strcmp(name, "netlink") == 0)
		return PRG_BACKEND_NETLINK;
	return strcmp(name, "uapi") == 0 ? PRG_BACKEND_UAPI : PRG_BACKEND_AUTO;
}

int main(int argc, char **argv)
{
	int rc = 2;

	if (argc < 4)
		return 2;
	if (prg_backend_open(kind_of(argv[1]), argv[2], &backend, &error) < 0)
		return fail("open");
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (strcmp(commands[i].name, argv[3]) == 0 && argc - 4 >= commands[i].n_args)
			rc = commands[i].run(argv + 4);
	prg_backend_close(&backend);
	return rc;
}
