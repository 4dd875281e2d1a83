/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "model/addr.h"
#include "store/list.h"
#include "store/row.h"
#include "store/secret.h"
#include "store/store.h"

#define COLUMNS \
	"SELECT id, name, public_key, listen_port, mtu, endpoint, dns, client_allowed_ips, " \
	"client_keepalive_s, nat, isolate, wanted_up, created_at, config_epoch, " \
	"stale_after_s, scrub_idle_s, rotate_after_s FROM interface "

/* ------------------------------------------------------------------- reading */

static int load_addresses(struct prg_store *store, struct prg_interface *interface,
                          struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store,
	                        "SELECT family, addr, length FROM pool WHERE interface_id = ?1 "
	                        "ORDER BY position",
	                        &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, interface->id);
	while ((rc = prg_db_step(stmt, err)) > 0) {
		struct prg_prefix prefix;

		prg_row_prefix(stmt, 0, &prefix);
		rc = prg_row_check(stmt, err, "a pool of interface %s", interface->name);
		if (rc == 0)
			rc = prg_list_prefix(&interface->addresses, &interface->n_addresses,
			                     &prefix, err);
		if (rc < 0)
			return rc;
	}
	return rc;
}

/* The current row, with its addresses. */
static int read_interface(struct prg_stmt *stmt, struct prg_interface **ret, struct prg_error *err)
{
	PRG_INTERFACE *i = prg_interface_new();
	int rc;

	if (i == NULL)
		return prg_error_nomem(err);
	i->id = prg_row_int(stmt, 0, 1, INT64_MAX);
	prg_row_interface_name(stmt, 1, i->name);
	prg_row_blob(stmt, 2, i->public_key.bytes, sizeof(i->public_key.bytes));
	i->listen_port = prg_row_u16(stmt, 3);
	i->mtu = prg_row_u16(stmt, 4);
	prg_row_endpoint(stmt, 5, &i->endpoint);
	prg_row_addrs(stmt, 6, &i->dns, &i->n_dns);
	prg_row_prefixes(stmt, 7, &i->client_allowed_ips, &i->n_client_allowed_ips);
	i->client_keepalive_s = prg_row_u16(stmt, 8);
	prg_row_interface_name(stmt, 9, i->nat); /* "auto" and "none" are of that form too */
	i->isolate = prg_row_bool(stmt, 10);
	i->wanted_up = prg_row_bool(stmt, 11);
	i->created_at = prg_row_int(stmt, 12, INT64_MIN, INT64_MAX);
	i->config_epoch = prg_row_int(stmt, 13, INT64_MIN, INT64_MAX);
	i->stale_after_s = prg_row_int(stmt, 14, 0, INT64_MAX);
	i->scrub_idle_s = prg_row_int(stmt, 15, 0, INT64_MAX);
	i->rotate_after_s = prg_row_int(stmt, 16, 0, INT64_MAX);
	rc = prg_row_check(stmt, err, "interface %lld", (long long)i->id);
	if (rc == 0)
		rc = load_addresses(stmt->store, i, err);
	if (rc < 0)
		return rc;
	*ret = i;
	i = NULL;
	return 0;
}

int prg_store_interface(struct prg_store *store, const char *name, struct prg_interface **ret,
                        struct prg_error *err)
{
	PRG_SNAPSHOT snapshot = { 0 };
	PRG_STMT *stmt = NULL;
	int rc = prg_db_snapshot(store, &snapshot, err);

	if (rc == 0)
		rc = prg_db_prepare(store, COLUMNS "WHERE name = ?1", &stmt, err);
	if (rc < 0)
		return rc;
	prg_row_bind_text(stmt, 1, name);
	rc = prg_db_step(stmt, err);
	if (rc < 0)
		return rc;
	if (rc == 0)
		return prg_error_set(err, PRG_E_NOT_FOUND,
		                     "there is no interface %.32s in register %s: see peerage "
		                     "interfaces",
		                     name, store->path);
	return read_interface(stmt, ret, err);
}

static void free_interfaces(struct prg_interface **list, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		prg_interface_free(&list[i]);
	free(list);
}

int prg_store_interfaces(struct prg_store *store, struct prg_interface ***ret, size_t *ret_n,
                         struct prg_error *err)
{
	PRG_SNAPSHOT snapshot = { 0 };
	PRG_STMT *stmt = NULL;
	struct prg_interface **list = NULL;
	size_t n = 0;
	int rc = prg_db_snapshot(store, &snapshot, err);

	if (rc == 0)
		rc = prg_db_prepare(store, COLUMNS "ORDER BY name", &stmt, err);
	if (rc < 0)
		return rc;
	while ((rc = prg_db_step(stmt, err)) > 0) {
		struct prg_interface **grown = prg_list_grow(list, n, sizeof(*list));

		if (grown == NULL) {
			rc = prg_error_nomem(err);
			break;
		}
		list = grown;
		rc = read_interface(stmt, &list[n], err);
		if (rc < 0)
			break;
		n++;
	}
	if (rc < 0) {
		free_interfaces(list, n);
		return rc;
	}
	*ret = list;
	*ret_n = n;
	return 0;
}

static int several(struct prg_store *store, struct prg_interface **list, size_t n,
                   struct prg_error *err)
{
	char names[10 * PRG_IFNAME_TEXT] = "";
	size_t i, length = 0, shown = n < 8 ? n : 8;

	for (i = 0; i < shown; i++)
		length += (size_t)snprintf(names + length, sizeof(names) - length, "%s%s",
		                           i ? ", " : "", list[i]->name);
	if (shown < n)
		snprintf(names + length, sizeof(names) - length, ", …");
	return prg_error_set(err, PRG_E_USAGE,
	                     "register %s holds several interfaces (%s): choose one with -i",
	                     store->path, names);
}

int prg_store_interface_only(struct prg_store *store, struct prg_interface **ret,
                             struct prg_error *err)
{
	struct prg_interface **list = NULL;
	size_t n = 0;
	int rc = prg_store_interfaces(store, &list, &n, err);

	if (rc < 0)
		return rc;
	if (n == 0) {
		rc = prg_error_set(err, PRG_E_NOT_FOUND,
		                   "register %s holds no interface: make one with peerage init",
		                   store->path);
	} else if (n > 1) {
		rc = several(store, list, n, err);
	} else {
		*ret = list[0];
		list[0] = NULL;
	}
	free_interfaces(list, n);
	return rc;
}

int prg_store_interface_key(struct prg_store *store, int64_t interface_id,
                            struct prg_private_key *ret_key, struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store,
	                        "SELECT s.bytes FROM interface i LEFT JOIN secret s "
	                        "ON s.id = i.secret_id WHERE i.id = ?1",
	                        &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, interface_id);
	rc = prg_db_step(stmt, err);
	if (rc < 0)
		return rc;
	if (rc == 0)
		return prg_error_set(err, PRG_E_NOT_FOUND, "there is no such interface");
	return prg_secret_column(stmt, 0, "the interface", ret_key->bytes, err);
}

/* ------------------------------------------------------------------- writing */

/* Columns as text, for the time of one statement. */
struct texts {
	char *dns, *client_allowed_ips;
	char endpoint[PRG_ENDPOINT_TEXT];
};

static void texts_done(struct texts *texts)
{
	free(texts->dns);
	free(texts->client_allowed_ips);
}

static int texts_make(const struct prg_interface *i, struct texts *texts, struct prg_error *err)
{
	int rc = prg_list_addrs_text(i->dns, i->n_dns, &texts->dns, err);

	if (rc == 0)
		rc = prg_list_prefixes_text(i->client_allowed_ips, i->n_client_allowed_ips,
		                            &texts->client_allowed_ips, err);
	if (rc == 0 && i->endpoint.port != 0)
		prg_endpoint_format(&i->endpoint, texts->endpoint);
	return rc;
}

/* Parameters 1 to 15; secret_id, name and id come behind. */
static void bind_interface(struct prg_stmt *stmt, const struct prg_interface *i,
                           const struct texts *texts)
{
	prg_row_bind_blob(stmt, 1, i->public_key.bytes, sizeof(i->public_key.bytes));
	prg_row_bind_int(stmt, 2, i->listen_port);
	prg_row_bind_int(stmt, 3, i->mtu);
	prg_row_bind_text(stmt, 4, i->endpoint.port ? texts->endpoint : NULL);
	prg_row_bind_text(stmt, 5, texts->dns);
	prg_row_bind_text(stmt, 6, texts->client_allowed_ips);
	prg_row_bind_int(stmt, 7, i->client_keepalive_s);
	prg_row_bind_text(stmt, 8, i->nat[0] ? i->nat : "none");
	prg_row_bind_int(stmt, 9, i->isolate);
	prg_row_bind_int(stmt, 10, i->wanted_up);
	prg_row_bind_int(stmt, 11, i->created_at);
	prg_row_bind_int(stmt, 12, i->config_epoch);
	prg_row_bind_int(stmt, 13, i->stale_after_s);
	prg_row_bind_int(stmt, 14, i->scrub_idle_s);
	prg_row_bind_int(stmt, 15, i->rotate_after_s);
}

static int name_taken(struct prg_store *store, const char *name, struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store, "SELECT 1 FROM interface WHERE name = ?1", &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_text(stmt, 1, name);
	rc = prg_db_step(stmt, err);
	if (rc > 0)
		return prg_error_set(
			err, PRG_E_CONFLICT,
			"interface %s is in register %s already: see peerage configure", name,
			store->path);
	return rc;
}

int prg_store_interface_insert(struct prg_store *store, struct prg_interface *interface,
                               const struct prg_private_key *key, struct prg_error *err)
{
	PRG_CLEANUP(texts_done) struct texts texts = { 0 };
	PRG_STMT *stmt = NULL;
	int64_t secret_id = 0;
	int rc = prg_db_in_transaction(store, err);

	if (rc == 0)
		rc = name_taken(store, interface->name, err);
	if (rc == 0)
		rc = texts_make(interface, &texts, err);
	if (rc == 0)
		rc = prg_secret_insert(store, key->bytes, &secret_id, err);
	if (rc == 0)
		rc = prg_db_prepare(
			store,
			"INSERT INTO interface (public_key, listen_port, mtu, endpoint, "
			"dns, client_allowed_ips, client_keepalive_s, nat, isolate, "
			"wanted_up, created_at, config_epoch, stale_after_s, scrub_idle_s, "
			"rotate_after_s, secret_id, name) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, "
			"?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
			&stmt, err);
	if (rc < 0)
		return rc;
	bind_interface(stmt, interface, &texts);
	prg_row_bind_int(stmt, 16, secret_id);
	prg_row_bind_text(stmt, 17, interface->name);
	rc = prg_db_run(stmt, err);
	if (rc == 0)
		interface->id = prg_db_last_id(store);
	return rc;
}

static int secret_of(struct prg_store *store, int64_t interface_id, int64_t *ret,
                     struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store, "SELECT secret_id FROM interface WHERE id = ?1", &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, interface_id);
	rc = prg_db_step(stmt, err);
	if (rc < 0)
		return rc;
	if (rc == 0)
		return prg_error_set(err, PRG_E_NOT_FOUND, "there is no such interface");
	*ret = prg_row_int(stmt, 0, 1, INT64_MAX);
	return prg_row_check(stmt, err, "interface %lld", (long long)interface_id);
}

/* WireGuard silently drops a peer that has the interface's own key. */
static int key_is_a_peers(struct prg_store *store, const struct prg_interface *interface,
                          struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	char name[PRG_NAME_BYTES + 1];
	int rc = prg_db_prepare(store,
	                        "SELECT name FROM peer WHERE interface_id = ?1 AND public_key = ?2 "
	                        "AND state <> 3",
	                        &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, interface->id);
	prg_row_bind_blob(stmt, 2, interface->public_key.bytes,
	                  sizeof(interface->public_key.bytes));
	rc = prg_db_step(stmt, err);
	if (rc <= 0)
		return rc;
	prg_row_peer_name(stmt, 0, name);
	return prg_error_set(err, PRG_E_CONFLICT,
	                     "the key is peer %s's: an interface needs one of its own", name);
}

int prg_store_interface_update(struct prg_store *store, const struct prg_interface *interface,
                               const struct prg_private_key *key, struct prg_error *err)
{
	PRG_CLEANUP(texts_done) struct texts texts = { 0 };
	PRG_STMT *stmt = NULL;
	int64_t secret_id = 0;
	int rc = prg_db_in_transaction(store, err);

	if (rc == 0)
		rc = secret_of(store, interface->id, &secret_id, err);
	if (rc == 0)
		rc = key_is_a_peers(store, interface, err);
	if (rc == 0)
		rc = texts_make(interface, &texts, err);
	if (rc == 0 && key != NULL) {
		rc = prg_secret_zero(store, secret_id, err);
		if (rc == 0)
			rc = prg_secret_insert(store, key->bytes, &secret_id, err);
	}
	if (rc == 0)
		rc = prg_db_prepare(store,
		                    "UPDATE interface SET public_key = ?1, listen_port = ?2, "
		                    "mtu = ?3, endpoint = ?4, dns = ?5, client_allowed_ips = ?6, "
		                    "client_keepalive_s = ?7, nat = ?8, isolate = ?9, "
		                    "wanted_up = ?10, created_at = ?11, config_epoch = ?12, "
		                    "stale_after_s = ?13, scrub_idle_s = ?14, "
		                    "rotate_after_s = ?15, secret_id = ?16 WHERE id = ?17",
		                    &stmt, err);
	if (rc < 0)
		return rc;
	bind_interface(stmt, interface, &texts);
	prg_row_bind_int(stmt, 16, secret_id);
	prg_row_bind_int(stmt, 17, interface->id);
	return prg_db_run(stmt, err);
}

int prg_store_interface_delete(struct prg_store *store, int64_t interface_id, struct prg_error *err)
{
	/* children before parents: the foreign keys hold at every step */
	static const char *const steps[] = {
		"UPDATE secret SET bytes = zeroblob(32) WHERE id IN (SELECT secret_id FROM peer "
		"WHERE interface_id = ?1 AND secret_id IS NOT NULL)",
		"UPDATE secret SET bytes = zeroblob(32) WHERE id = (SELECT secret_id FROM "
		"interface "
		"WHERE id = ?1)",
		"DELETE FROM pending WHERE interface_id = ?1",
		"DELETE FROM expected WHERE interface_id = ?1 AND page BETWEEN "
		"(SELECT min(id) >> 8 FROM peer WHERE interface_id = ?1) AND "
		"(SELECT max(id) >> 8 FROM peer WHERE interface_id = ?1)",
		"DELETE FROM free_extent WHERE pool_id IN (SELECT id FROM pool WHERE "
		"interface_id = ?1)",
		"DELETE FROM pool WHERE interface_id = ?1",
		"DELETE FROM held WHERE interface_id = ?1",
		"DELETE FROM prefix WHERE interface_id = ?1",
		"DELETE FROM tag WHERE peer_id IN (SELECT id FROM peer WHERE interface_id = ?1)",
		"DELETE FROM usage_life WHERE interface_id = ?1",
		"DELETE FROM usage WHERE peer_id IN (SELECT id FROM peer WHERE interface_id = ?1)",
		"DELETE FROM usage_day WHERE peer_id IN (SELECT id FROM peer WHERE interface_id = ?1)",
		"DELETE FROM usage_month WHERE peer_id IN (SELECT id FROM peer WHERE "
		"interface_id = ?1)",
		"DELETE FROM peer WHERE interface_id = ?1",
		"DELETE FROM interface WHERE id = ?1",
	};
	int64_t secret_id;
	size_t i;
	int rc = prg_db_in_transaction(store, err);

	if (rc == 0)
		rc = secret_of(store, interface_id, &secret_id, err);
	if (rc == 0)
		rc = prg_secret_note_erase(store, err);
	for (i = 0; rc == 0 && i < sizeof(steps) / sizeof(steps[0]); i++) {
		PRG_STMT *stmt = NULL;

		rc = prg_db_prepare(store, steps[i], &stmt, err);
		if (rc < 0)
			break;
		prg_row_bind_int(stmt, 1, interface_id);
		rc = prg_db_run(stmt, err);
	}
	return rc;
}
