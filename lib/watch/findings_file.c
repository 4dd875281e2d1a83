/* SPDX-License-Identifier: ISC */
/* Who may read what holds keys, and what the register says of itself. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "host/host.h"
#include "store/audit.h"
#include "watch/findings.h"

/* A file or directory, and what it would be a finding of. */
struct place {
	const char *path;
	mode_t mode; /* as it should be */
	enum prg_finding_kind kind;
	const char *why;
	bool may_lack;
};

/* PATH in single quotes; false where it has one itself. */
static bool quotable(const char *path)
{
	return strchr(path, '\'') == NULL;
}

static int look_at_place(struct prg_findings *f, const struct place *place, bool *ret_found,
                         struct prg_error *err)
{
	PRG_FREE char *what = NULL, *command = NULL;
	const char *path = place->path;
	struct stat st;
	bool alien;
	int n;

	if (stat(path, &st) != 0) {
		if (errno == ENOENT && place->may_lack)
			return 0;
		return prg_error_errno(err, errno, "cannot look at %s", path);
	}
	alien = st.st_uid != 0 && st.st_uid != geteuid();
	*ret_found = (st.st_mode & 077) != 0 || alien;
	if (!*ret_found)
		return 0;
	if (alien)
		n = asprintf(&what, "%s belongs to another user (uid %lu)", path,
		             (unsigned long)st.st_uid);
	else
		n = asprintf(&what, "%s may be read or changed by others than its owner (mode %03o)",
		             path, (unsigned)st.st_mode & 0777);
	if (n >= 0 && quotable(path))
		n = alien ? asprintf(&command, "chown %lu '%s' && chmod %03o '%s'",
		                     (unsigned long)geteuid(), path, (unsigned)place->mode, path)
		          : asprintf(&command, "chmod %03o '%s'", (unsigned)place->mode, path);
	if (n < 0)
		return prg_error_nomem(err);
	return prg_findings_add(f, PRG_SEVERITY_CRITICAL, place->kind, NULL, what, place->why,
	                        command, err);
}

static int look_at_register(struct prg_findings *f, const struct prg_store *store,
                            struct prg_error *err)
{
	static const char why[] = "it holds the server's private key and every preshared key";
	const char *path = prg_store_path(store), *slash = strrchr(path, '/');
	PRG_FREE char *directory = slash ? strndup(path, (size_t)(slash - path) + (slash == path))
	                                 : strdup(".");
	PRG_FREE char *wal = NULL, *shm = NULL;
	bool found, whole = false;
	int rc = 0;

	if (directory == NULL || asprintf(&wal, "%s-wal", path) < 0 ||
	    asprintf(&shm, "%s-shm", path) < 0)
		return prg_error_nomem(err);
	const struct place places[] = {
		{ directory, 0700, PRG_F_REGISTER_READABLE, why, false },
		{ path, 0600, PRG_F_REGISTER_READABLE, why, false },
		{ wal, 0600, PRG_F_REGISTER_READABLE, why, true },
		{ shm, 0600, PRG_F_REGISTER_READABLE,
		  "who may write it may damage the register", true },
	};

	/* SQLite makes the other two like the register itself: one finding is enough */
	for (size_t i = 0; i < sizeof(places) / sizeof(*places) && rc == 0 && !whole; i++) {
		rc = look_at_place(f, &places[i], &found, err);
		whole = rc == 0 && i == 1 && found;
	}
	return rc;
}

/* One that was imported is left where it is, with the key that is still in use. */
static int look_at_wgquick(struct prg_findings *f, const struct prg_interface *interface,
                           struct prg_error *err)
{
	char path[PRG_WGQUICK_TEXT];
	const struct place place = { path, 0600, PRG_F_CONFIG_READABLE,
		                     "wg-quick keeps the server's private key in it", true };

	bool found;

	if (!prg_host_wgquick_path(interface->name, path))
		return 0;
	return look_at_place(f, &place, &found, err);
}

static int look_at_chain(struct prg_findings *f, struct prg_store *store, struct prg_error *err)
{
	struct prg_error broken;
	char head[65];
	uint64_t n, first;
	int rc = prg_audit_verify_accepted(store, NULL, NULL, NULL, &n, head, &first, &broken);

	if (rc == PRG_E_CORRUPT)
		return prg_findings_add(f, PRG_SEVERITY_CRITICAL, PRG_F_CHAIN, NULL, broken.message,
		                        "somebody altered the record of who changed what, or the "
		                        "file is damaged: look at what changed since the last "
		                        "head that you kept, and go back to a copy from before; "
		                        "where there is none, accept it, in sight of all who verify",
		                        prg_findings_command(f, "-y log --accept %llu",
		                                             (unsigned long long)first),
		                        err);
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
	return prg_findings_add(f, PRG_SEVERITY_WARNING, PRG_F_PENDING, NULL, what,
	                        "a peer that was cut off may still run",
	                        prg_findings_command(f, interface->wanted_up ? "sync" : "down"), err);
}

int prg_findings_file(struct prg_look *look, struct prg_error *err)
{
	struct prg_store *store = look->reg->store;
	int rc = look_at_register(look->findings, store, err);

	if (rc == 0)
		rc = look_at_wgquick(look->findings, look->interface, err);
	if (rc == 0)
		rc = look_at_chain(look->findings, store, err);
	return rc < 0 ? rc : look_at_pending(look->findings, store, look->interface, err);
}
