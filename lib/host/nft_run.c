/* SPDX-License-Identifier: ISC */
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "host/spawn.h"

#define MAX_ARGUMENTS 8

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

int prg_nft_run(const char *const *arguments, const char *input, struct prg_spawned *ret,
                struct prg_error *err)
{
	static const struct prg_spawn_limits limits = { PRG_SPAWN_LIMIT, PRG_SPAWN_TIMEOUT_MS };
	const char *argv[MAX_ARGUMENTS + 3] = { "nft", "-j" };
	const char *path = prg_nft_path();
	PRG_SPAWNED spawned = { 0 };
	size_t n;
	int rc;

	if (path == NULL)
		return prg_error_set(
			err, PRG_E_UNSUPPORTED,
			"nft is not here: install nftables, or do without NAT (--nat none)");
	for (n = 0; n < MAX_ARGUMENTS && arguments[n] != NULL; n++)
		argv[n + 2] = arguments[n];
	rc = prg_spawn(path, argv, input, &limits, &spawned, err);
	if (rc < 0)
		return rc;
	if (spawned.status != 0)
		return explain(&spawned, err);
	*ret = spawned;
	spawned.output = NULL;
	return 0;
}
