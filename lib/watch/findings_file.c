/* SPDX-License-Identifier: ISC */
/* What the register itself shows: its file, its chain, what waits, its peers. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "store/audit.h"
#include "watch/findings.h"

static int look_at_mode(struct prg_findings *f, const char *path, mode_t mode,
                        struct prg_error *err)
{
	PRG_FREE char *what = NULL, *command = NULL;
	struct stat st;
	size_t i;

	if (stat(path, &st) != 0)
		return prg_error_errno(err, errno, "cannot look at %s", path);
	if ((st.st_mode & 077) == 0)
		return 0;
	if (asprintf(&what, "%s may be read or changed by others than root (mode %03o)", path,
	             (unsigned)st.st_mode & 0777) < 0)
		return prg_error_nomem(err);
	for (i = 0; path[i] != '\0' && path[i] != '\''; i++)
		;
	if (path[i] == '\0' && asprintf(&command, "chmod %03o '%s'", (unsigned)mode, path) < 0)
		return prg_error_nomem(err);
	return prg_findings_add(f, PRG_SEVERITY_CRITICAL, "register-readable", NULL, what,
	                        "it holds the server's private key and every preshared key",
	                        command, err);
}

static int look_at_file(struct prg_findings *f, const struct prg_store *store,
                        struct prg_error *err)
{
	const char *path = prg_store_path(store), *slash = strrchr(path, '/');
	PRG_FREE char *directory = slash ? strndup(path, (size_t)(slash - path) + (slash == path))
	                                 : strdup(".");
	int rc;

	if (directory == NULL)
		return prg_error_nomem(err);
	rc = look_at_mode(f, path, 0600, err);
	return rc < 0 ? rc : look_at_mode(f, directory, 0700, err);
}

static int look_at_chain(struct prg_findings *f, struct prg_store *store, struct prg_error *err)
{
	struct prg_error broken;
	char head[65];
	uint64_t n;
	int rc = prg_audit_verify(store, NULL, &n, head, &broken);

	if (rc == PRG_E_CORRUPT)
		return prg_findings_add(f, PRG_SEVERITY_CRITICAL, "chain", NULL, broken.message,
		                        "somebody altered the record of who changed what, or the "
		                        "file is damaged",
		                        NULL, err);
	if (rc < 0 && err != NULL)
		*err = broken;
	return rc;
}

static int look_at_pending(struct prg_findings *f, struct prg_store *store,
                           const struct prg_interface *interface, struct prg_error *err)
{
	PRG_FREE struct prg_pending *rows = NULL;
	size_t n = 0;
	char what[80];
	int rc = prg_store_pending(store, interface->id, &rows, &n, err);

	if (rc < 0 || n == 0)
		return rc;
	snprintf(what, sizeof(what), "%zu change%s recorded, but not applied yet", n,
	         n == 1 ? " is" : "s are");
	return prg_findings_add(f, PRG_SEVERITY_WARNING, "pending", NULL, what,
	                        "a peer that was cut off may still run",
	                        prg_findings_command(f, interface->wanted_up ? "sync" : "down"), err);
}

struct peers {
	struct prg_findings *findings;
	struct prg_error *err;
};

static int on_peer(void *context, const struct prg_peer *peer)
{
	const struct peers *p = context;
	const struct prg_subject subject = { peer->name, &peer->public_key };
	int rc = 0;

	if (peer->state != PRG_PEER_ACTIVE)
		return 0;
	if (!peer->has_preshared_key)
		rc = prg_findings_add(p->findings, PRG_SEVERITY_INFO, "no-preshared-key", &subject,
		                      "has no preshared key",
		                      "what is recorded today can be read by whoever breaks "
		                      "Curve25519 one day; its config changes with it",
		                      prg_findings_command(p->findings, "set %s --preshared-key new",
		                                           peer->name),
		                      p->err);
	if (rc == 0 && peer->config_stale)
		rc = prg_findings_add(p->findings, PRG_SEVERITY_WARNING, "config-stale", &subject,
		                      "holds a config that was handed out before settings changed",
		                      "it may not connect, or not as it should: give the user what "
		                      "'peerage export' shows, or new keys with a config of their "
		                      "own",
		                      prg_findings_command(p->findings, "rotate %s", peer->name),
		                      p->err);
	return rc;
}

int prg_findings_register(struct prg_findings *f, struct prg_register *reg,
                          const struct prg_interface *interface, struct prg_error *err)
{
	struct peers peers = { f, err };
	int rc = look_at_file(f, reg->store, err);

	if (rc == 0)
		rc = look_at_chain(f, reg->store, err);
	if (rc == 0)
		rc = look_at_pending(f, reg->store, interface, err);
	return rc < 0 ? rc : prg_list_peers(reg, interface->name, on_peer, &peers, err);
}
