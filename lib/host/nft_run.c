/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "host/broker.h"

const char *prg_nft_path(void)
{
	static const char *const paths[] = { "/usr/sbin/nft", "/usr/bin/nft", "/sbin/nft",
		                             "/bin/nft" };
	size_t i;

	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (access(paths[i], X_OK) == 0)
			return paths[i];
	return NULL;
}

/* nft has one exit status for everything, so its words must tell. */
static int explain(const struct prg_spawned *spawned, struct prg_error *err)
{
	const char *words = spawned->error[0] != '\0' ? spawned->error : "it says nothing";

	if (strstr(words, "JSON support not compiled") != NULL)
		return prg_error_set(err, PRG_E_UNSUPPORTED,
		                     "this nft was built without JSON: install a full nftables, or "
		                     "do without NAT (--nat none)");
	if (strstr(words, "not permitted") != NULL || strstr(words, "ermission denied") != NULL ||
	    strstr(words, "must be root") != NULL)
		return prg_error_set(err, PRG_E_PERMISSION,
		                     "nft may not change the firewall (%s): run as root", words);
	if (strstr(words, "not supported") != NULL)
		return prg_error_set(err, PRG_E_UNSUPPORTED,
		                     "the kernel lacks what nft needs (%s): load nf_tables, or do "
		                     "without NAT (--nat none)",
		                     words);
	return prg_error_set(err, PRG_E_FAILED, "nft failed with status %d: %s", spawned->status,
	                     words);
}

int prg_nft_run_here(const struct prg_nft_request *request, struct prg_spawned *ret,
                     struct prg_error *err)
{
	static const struct prg_spawn_limits limits = { PRG_SPAWN_LIMIT, PRG_SPAWN_TIMEOUT_MS };
	const char *const tables[] = { "nft", "-j", "list", "tables", "inet", NULL };
	const char *const table[] = { "nft", "-j", "list", "table", "inet", request->table, NULL };
	const char *const ruleset[] = { "nft", "-j", "list", "ruleset", NULL };
	const char *const load[] = { "nft", "-j", "-e", "-f", "-", NULL };
	const char *const *const vectors[] = {
		[PRG_NFT_LIST_TABLES] = tables,
		[PRG_NFT_LIST_TABLE] = table,
		[PRG_NFT_LIST_RULESET] = ruleset,
		[PRG_NFT_LOAD] = load,
		[PRG_NFT_TRY] = tables,
	};
	const char *path = prg_nft_path();

	if (request->call == PRG_NFT_MAKE)
		return prg_nft_make(request->input, err);
	if (path == NULL)
		return prg_error_set(
			err, PRG_E_UNSUPPORTED,
			"nft is not here: install nftables, or do without NAT (--nat none)");
	if (prg_nft_answer(request, ret))
		return 0;
	return prg_spawn(path, vectors[request->call], request->input, &limits, ret, err);
}

void prg_listing_done(struct prg_listing *listing)
{
	free(listing->text);
	*listing = (struct prg_listing){ 0 };
}

int prg_listing_take(struct prg_listing *listing, struct prg_error *err)
{
	static const struct prg_nft_request request = { .call = PRG_NFT_LIST_RULESET };
	PRG_SPAWNED spawned = { 0 };

	if (listing->text != NULL)
		return 0;
	if (listing->failed == 0)
		listing->failed = prg_nft_run(&request, &spawned, &listing->why);
	if (listing->failed < 0 && err != NULL)
		*err = listing->why;
	if (listing->failed < 0)
		return listing->failed;
	listing->text = spawned.output;
	spawned.output = NULL;
	return 0;
}

void prg_nft_start(const struct prg_nft_request *request, struct prg_nft_running *running)
{
	*running = (struct prg_nft_running){ .asked = prg_broker_is_there() };
	if (!running->asked)
		running->rc = prg_nft_run_here(request, &running->spawned, &running->why);
	else
		running->rc = prg_broker_ask(request, &running->why);
}

int prg_nft_finish(struct prg_nft_running *running, struct prg_spawned *ret, struct prg_error *err)
{
	PRG_SPAWNED spawned = running->spawned;

	running->spawned = (struct prg_spawned){ 0 };
	if (running->rc == 0 && running->asked)
		running->rc = prg_broker_answer(&spawned, &running->why);
	if (running->rc < 0) {
		if (err != NULL)
			*err = running->why;
		return running->rc;
	}
	if (spawned.status != 0)
		return explain(&spawned, err);
	*ret = spawned;
	spawned.output = NULL;
	return 0;
}

int prg_nft_run(const struct prg_nft_request *request, struct prg_spawned *ret,
                struct prg_error *err)
{
	struct prg_nft_running running;

	prg_nft_start(request, &running);
	return prg_nft_finish(&running, ret, err);
}
