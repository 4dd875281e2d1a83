/* SPDX-License-Identifier: ISC */
/* Any bytes parse to a config that keeps its promises, or are refused with a
 * place and without a piece of what was read that could be a key. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "import/wgconf.h"
#include "model/addr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* Our own words are all shorter than a run of base64 that would matter. */
static void check_refusal(int rc, const struct prg_error *err)
{
	unsigned line, column;
	size_t run = 0;

	require(rc == PRG_E_USAGE && err->code == PRG_E_USAGE);
	require(sscanf(err->message, "line %u, column %u: ", &line, &column) == 2);
	require(line > 0 && column > 0);
	for (const char *c = err->message; *c != '\0'; c++) {
		require(*c >= ' ' && *c < 0x7f);
		run = *c == ' ' ? 0 : run + 1;
		require(run < 24);
	}
}

static void check_peer(const struct prg_wgconf_peer *peer)
{
	require(peer->line > 0);
	require((peer->endpoint.port == 0) == (peer->endpoint.host[0] == '\0'));
	require(memchr(peer->endpoint.host, '\0', sizeof(peer->endpoint.host)) != NULL);
	for (size_t i = 0; i < peer->n_allowed_ips; i++) {
		struct prg_prefix network = prg_prefix_network(&peer->allowed_ips[i]);

		require(prg_prefix_compare(&network, &peer->allowed_ips[i]) == 0);
		for (size_t j = 0; j < i && i < 64; j++)
			require(prg_prefix_compare(&network, &peer->allowed_ips[j]) != 0);
	}
}

static void check_config(const struct prg_wgconf *conf)
{
	unsigned line = 0;

	require(conf->arena != NULL);
	require(conf->mtu == 0 || conf->mtu >= 576);
	for (size_t i = 0; i < conf->n_addresses; i++)
		require(conf->addresses[i].length <= prg_addr_bits(&conf->addresses[i].addr));
	for (size_t i = 0; i < conf->n_dns; i++)
		require(conf->dns[i].family == 4 || conf->dns[i].family == 6);
	for (size_t i = 0; i < conf->n_dns_search; i++)
		require(strlen(conf->dns_search[i]) <= 253);
	for (size_t i = 0; i < conf->n_peers; i++)
		check_peer(&conf->peers[i]);
	for (size_t i = 0; i < conf->n_other; i++) {
		require(conf->other[i].line >= line);
		line = conf->other[i].line;
		for (const char *c = conf->other[i].text; *c != '\0'; c++)
			require((unsigned char)*c >= ' ' || *c == '\t');
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct prg_wgconf *conf = NULL;
	struct prg_error err = { 0 };
	int rc = prg_wgconf_parse((const char *)data, size, &conf, &err);

	if (rc < 0) {
		require(conf == NULL);
		check_refusal(rc, &err);
		return 0;
	}
	require(rc == 0 && conf != NULL);
	check_config(conf);
	prg_wgconf_free(&conf);
	return 0;
}
