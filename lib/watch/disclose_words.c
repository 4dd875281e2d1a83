/* SPDX-License-Identifier: ISC */
/* What a disclosure says in sentences: what it leaves out, and what there is not. */
#include "watch/disclose.h"

/* Where there is no memory the list is gone, and NULL. */
static bool say(json_t **list, const char *sentence)
{
	if (*list != NULL && json_array_append_new(*list, json_string(sentence)) == 0)
		return true;
	json_decref(*list);
	*list = NULL;
	return false;
}

static bool any_preshared_key(const struct prg_disclosure *d)
{
	size_t i;

	for (i = 0; i < d->n_rows; i++)
		if (d->rows[i].live.has_preshared_key ||
		    (d->rows[i].peer != NULL && d->rows[i].peer->has_preshared_key))
			return true;
	return false;
}

static bool any_registered(const struct prg_disclosure *d)
{
	size_t i;

	for (i = 0; i < d->n_rows; i++)
		if (d->rows[i].peer != NULL)
			return true;
	return false;
}

static bool any_running(const struct prg_disclosure *d)
{
	size_t i;

	for (i = 0; i < d->n_rows; i++)
		if (d->rows[i].live.present)
			return true;
	return false;
}

json_t *prg_disclose_withheld(const struct prg_disclosure *d)
{
	json_t *list = json_array();
	bool said = true;

	if (any_preshared_key(d))
		said = say(&list, "The preshared key: a secret that is shared with the peer's "
		                  "device. It is held; its value is not part of this document.");
	if (said && any_registered(d))
		said = say(&list, "What only serves to keep the above: the kernel's counters as the "
		                  "last tick saw them, a keyed digest of the peer's keys, keepalive "
		                  "and allowed IPs, and the salts of its audit entries.");
	if (said && !d->looked)
		say(&list, "The running interface was not looked at. As long as it runs, the kernel "
		           "holds the time of the last handshake, the bytes transferred, and the "
		           "address that the peer last connected from.");
	else if (said && any_running(d) && !(d->flags & PRG_DISCLOSE_ENDPOINTS))
		say(&list, "The address that the peer last connected from: the kernel may hold it in "
		           "memory as long as the interface runs. The register never does.");
	return list;
}

json_t *prg_disclose_not_held(void)
{
	json_t *list = json_array();

	if (say(&list, "No private key of the peer: where peerage made it, it was shown once and "
	               "not kept.") &&
	    say(&list, "No log of connections: not from where, not to where, and of when no more "
	               "than the last day and what was transferred by day and month."))
		say(&list, "No content of any traffic.");
	return list;
}
