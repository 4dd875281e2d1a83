/* SPDX-License-Identifier: ISC */
/*
 * Calls lib/host from a shell script:
 *   host_driver ruleset|apply IF REGISTER-ID NAT ISOLATE ADDRESS…
 *   host_driver remove IF
 *   host_driver make RULESET        in JSON, without nft
 *   host_driver foreign IF PORT NAT ADDRESS…
 *   host_driver forward IF ADDRESS…
 *   host_driver probe
 *   host_driver advertise DEVICE    a router advertisement, as a router would send it
 *   host_driver listen PORT         takes TCP connections and ends them
 * ISOLATE is yes or no. Remarks go to stdout, an error to stderr; the exit status
 * is that of peerage(8).
 */
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "host/nft_run.h"

static struct prg_interface *make(const char *name, const char *nat, char **addresses, int n)
{
	struct prg_interface *interface = prg_interface_new();
	int i;

	if (interface == NULL)
		return NULL;
	snprintf(interface->name, sizeof(interface->name), "%s", name);
	snprintf(interface->nat, sizeof(interface->nat), "%s", nat);
	interface->addresses = calloc((size_t)n + 1, sizeof(*interface->addresses));
	for (i = 0; i < n && interface->addresses != NULL; i++)
		if (prg_prefix_parse(addresses[i], &interface->addresses[i], NULL) < 0)
			return NULL;
	interface->n_addresses = (size_t)n;
	return interface;
}

static void print(void *context, const char *line)
{
	(void)context;
	puts(line);
}

static int firewall(int argc, char **argv, struct prg_error *err)
{
	PRG_INTERFACE *interface = make(argv[2], argv[4], argv + 6, argc - 6);
	PRG_LISTING listing = { 0 };
	PRG_FREE char *text = NULL;
	int rc;

	if (interface == NULL)
		return PRG_E_USAGE;
	interface->isolate = strcmp(argv[5], "yes") == 0;
	if (strcmp(argv[1], "apply") == 0)
		return prg_nft_apply(interface, argv[3], &listing, err);
	rc = prg_nft_ruleset(interface, argv[3], &text, err);
	if (rc == 0)
		fputs(text, stdout);
	return rc;
}

static int foreign(int argc, char **argv, struct prg_error *err)
{
	PRG_INTERFACE *interface = make(argv[2], argv[4], argv + 5, argc - 5);
	PRG_LISTING listing = { 0 };
	size_t found = 0;
	int rc;

	if (interface == NULL)
		return PRG_E_USAGE;
	interface->listen_port = (uint16_t)strtoul(argv[3], NULL, 10);
	rc = prg_foreign_look(interface, &listing, &found, print, NULL, err);
	printf("found %zu\n", found);
	return rc;
}

static int forward(int argc, char **argv, struct prg_error *err)
{
	PRG_INTERFACE *interface = make(argv[2], "none", argv + 3, argc - 3);
	bool changed = false;
	int rc;

	if (interface == NULL)
		return PRG_E_USAGE;
	rc = prg_forwarding_enable(interface, &changed, print, NULL, err);
	printf("changed %d\n", changed);
	return rc;
}

/* RFC 4861, section 4.2: hop limit 255, from the link-local address, to all nodes. */
static int advertise(const char *device)
{
	struct nd_router_advert advert = { 0 };
	struct sockaddr_in6 to = { .sin6_family = AF_INET6 };
	PRG_FD int fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMPV6);
	int hops = 255, index = (int)if_nametoindex(device);

	advert.nd_ra_type = ND_ROUTER_ADVERT;
	advert.nd_ra_router_lifetime = htons(1800);
	inet_pton(AF_INET6, "ff02::1", &to.sin6_addr);
	to.sin6_scope_id = (uint32_t)index;
	if (fd < 0 || index == 0 ||
	    setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof(hops)) < 0 ||
	    setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &index, sizeof(index)) < 0 ||
	    sendto(fd, &advert, sizeof(advert), 0, (struct sockaddr *)&to, sizeof(to)) < 0) {
		perror("advertise");
		return PRG_E_FAILED;
	}
	return 0;
}

static int take_connections(const char *port)
{
	struct sockaddr_in6 at = { .sin6_family = AF_INET6 };
	PRG_FD int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	at.sin6_port = htons((uint16_t)strtoul(port, NULL, 10));
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 8) < 0) {
		perror("listen");
		return PRG_E_FAILED;
	}
	for (;;) {
		int taken = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

		if (taken >= 0)
			close(taken);
	}
}

int main(int argc, char **argv)
{
	struct prg_error err = { PRG_E_USAGE, "usage: see host_driver.c" };
	const char *command = argc > 1 ? argv[1] : "";
	PRG_LISTING listing = { 0 };
	int rc = PRG_E_USAGE;

	if ((strcmp(command, "ruleset") == 0 || strcmp(command, "apply") == 0) && argc >= 6)
		rc = firewall(argc, argv, &err);
	else if (strcmp(command, "make") == 0 && argc == 3)
		rc = prg_nft_make(argv[2], &err);
	else if (strcmp(command, "remove") == 0 && argc == 3)
		rc = prg_nft_remove(argv[2], &listing, &err);
	else if (strcmp(command, "foreign") == 0 && argc >= 5)
		rc = foreign(argc, argv, &err);
	else if (strcmp(command, "forward") == 0 && argc >= 3)
		rc = forward(argc, argv, &err);
	else if (strcmp(command, "probe") == 0)
		rc = prg_nft_probe(&listing, true, &err);
	else if (strcmp(command, "advertise") == 0 && argc == 3)
		return advertise(argv[2]) < 0;
	else if (strcmp(command, "listen") == 0 && argc == 3)
		return take_connections(argv[2]) < 0;
	if (rc < 0)
		fprintf(stderr, "%s\n", err.message);
	return prg_exit_code(rc);
}
