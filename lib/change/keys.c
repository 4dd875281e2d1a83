/* SPDX-License-Identifier: ISC */
/* Keys, made before anything else is done; many, while their rows are written. */
#include "base/error.h"
#include "base/parallel.h"
#include "change/change.h"

/* The work of as many keys is what starting a thread costs. */
#define FEW ((size_t)16)

static int make_preshared(const struct prg_intent *intent, size_t index, struct prg_fresh_keys *k,
                          struct prg_error *err)
{
	const struct prg_values *v = prg_intent_values(intent, index, PRG_FIELD_PRESHARED_KEY);

	if (v != NULL && v->preshared_key != NULL) {
		k->preshared_key = *v->preshared_key;
		k->has_preshared_key = true;
		return 0;
	}
	/* whether a peer that is given new keys has one is not known yet */
	if (v != NULL ? v->no_preshared_key : intent->verb == PRG_SET)
		return 0;
	k->has_preshared_key = true;
	return prg_preshared_key_generate(&k->preshared_key, err);
}

static int make_pair(const struct prg_intent *intent, size_t index, struct prg_fresh_keys *k,
                     struct prg_error *err)
{
	const struct prg_values *v = prg_intent_values(intent, index, PRG_FIELD_PUBLIC_KEY);
	int rc;

	if (v != NULL) {
		k->public_key = v->public_key;
		return 0;
	}
	k->has_private_key = true;
	rc = prg_private_key_generate(&k->private_key, err);
	return rc < 0 ? rc : prg_public_key_derive(&k->private_key, &k->public_key, err);
}

static int make_some(void *context, size_t from, size_t to, struct prg_error *err)
{
	struct prg_road *road = context;
	int rc = 0;

	for (; from < to && rc == 0; from++) {
		rc = make_preshared(road->intent, from, &road->keys_in_making[from], err);
		if (rc == 0 && road->intent->verb != PRG_SET)
			rc = make_pair(road->intent, from, &road->keys_in_making[from], err);
	}
	return rc;
}

static int make_interface_key(struct prg_road *road, struct prg_error *err)
{
	struct prg_private_key *key = prg_arena_take(road->arena, sizeof(*key));

	if (key == NULL)
		return prg_error_nomem(err);
	road->interface_key = key;
	if (road->intent->private_key == NULL)
		return prg_private_key_generate(key, err);
	*key = *road->intent->private_key;
	return 0;
}

int prg_change_prepare(struct prg_road *road, struct prg_error *err)
{
	const struct prg_intent *intent = road->intent;

	if (road->as == PRG_INIT)
		return make_interface_key(road, err);
	if (intent->verb == PRG_IMPORT || intent->verb == PRG_APPLY)
		return 0; /* nothing is made */
	if (intent->verb == PRG_MAINTAIN)
		return 0;
	if (intent->verb >= PRG_ADD && intent->n_peers == 0)
		return prg_error_set(err, PRG_E_USAGE, "no peer is named");
	if (intent->verb != PRG_ADD && intent->verb != PRG_SET && intent->verb != PRG_ROTATE)
		return 0;
	road->keys_in_making = prg_arena_take(road->arena, intent->n_peers * sizeof(*road->keys_in_making));
	if (road->keys_in_making == NULL)
		return prg_error_nomem(err);
	if (intent->n_peers > FEW)
		return prg_crew_new(intent->n_peers, FEW, make_some, road, &road->makers, err);
	return make_some(road, 0, intent->n_peers, err);
}

int prg_change_keys(struct prg_road *road, size_t index, const struct prg_fresh_keys **ret,
                    struct prg_error *err)
{
	int rc = road->makers != NULL ? prg_crew_wait(road->makers, index, err) : 0;

	if (rc == 0)
		*ret = &road->keys_in_making[index];
	return rc;
}
