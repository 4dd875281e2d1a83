/* SPDX-License-Identifier: ISC */
/* qr, export: a config again. */
#include "fields.h"
#include "onboard.h"
#include "stage.h"

#include <string.h>

static int not_kept(const char *name, struct prg_error *err)
{
	return say_error(err, PRG_E_FAILED,
	                 "the private key of '%s' was not kept, so there is no code of it: "
	                 "'peerage export %s' gives the config to fill the key in; for a new key, "
	                 "'peerage rotate %s'",
	                 name, name, name);
}

int cmd_qr(struct cli *cli, struct prg_error *err)
{
	OWN_ONBOARD onboard = ONBOARD_NONE;
	OWN_TEXT *config = NULL;
	int code = onboard_choose(cli, true, &onboard, err);

	if (!code)
		code = prg_render_config(cli->reg, cli->interface, cli->args.words[0], NULL,
		                         &config, err);
	return code ? code : not_kept(cli->args.words[0], err);
}

/* ----------------------------------------------------------------- export */

/* The preshared key as the config has it, or NULL; `text` is for the caller to
 * wipe. */
static const char *preshared_key(const struct prg_text *config, char text[PRG_KEY_TEXT])
{
	static const char label[] = "\nPresharedKey = ";
	const char *at = strstr(prg_text_data(config), label);

	if (!at)
		return NULL;
	at += sizeof(label) - 1;
	if (strcspn(at, "\n") != PRG_KEY_TEXT - 1)
		return NULL;
	memcpy(text, at, PRG_KEY_TEXT - 1);
	text[PRG_KEY_TEXT - 1] = 0;
	return text;
}

static int export_json(struct cli *cli, const char *name, const struct prg_text *config,
                       struct prg_error *err)
{
	OWN_KEY_TEXT text[PRG_KEY_TEXT];
	OWN_INTERFACE *interface = NULL;
	OWN_PEER *peer = NULL;
	int code = prg_find_interface(cli->reg, cli->interface, &interface, err);

	if (!code)
		code = prg_find_peer(cli->reg, cli->interface, name, &peer, err);
	if (code)
		return code;
	out_row(&cli->out);
	fields_peer(&cli->out, interface, peer, NULL);
	out_null(&cli->out, "private_key");
	out_text(&cli->out, "preshared_key", preshared_key(config, text));
	out_text(&cli->out, "config", prg_text_data(config));
	out_row_end(&cli->out);
	return 0;
}

static int export_one(struct cli *cli, struct onboard *onboard, size_t index,
                      struct prg_text *config, struct prg_error *err)
{
	const char *name = cli->args.words[index];
	char made[PRG_NAME_BYTES + 32];
	struct handout handout = {
		.name = name,
		.config = config,
		.made = made,
		.heading = cli->args.n_words > 1,
	};
	int code;

	if (onboard->print == FORM_JSON)
		return export_json(cli, name, config, err);
	(void)snprintf(made, sizeof(made), "%.*s", PRG_NAME_BYTES, name);
	if (handout.heading && index)
		(void)putchar('\n');
	code = onboard_hand_out(cli, onboard, &handout, err);
	if (!code)
		cli_remark(cli, "%s: the private key was not kept: fill it in where the "
		                "config says so", name);
	return code;
}

/* --out: a file a peer, all of them or none. */
static int export_files(struct cli *cli, const char *path, struct prg_error *err)
{
	OWN_STAGE stage = STAGE_NONE;
	OWN_INTERFACE *interface = NULL;
	int code = prg_find_interface(cli->reg, cli->interface, &interface, err);

	if (!code)
		code = stage_open(&stage, cli, path, strlen(path), true, err);
	for (size_t i = 0; !code && i < cli->args.n_words; i++) {
		OWN_TEXT *config = NULL;
		OWN_PEER *peer = NULL;
		char slug[PRG_SLUG_TEXT], name[PRG_SLUG_TEXT + 8];

		code = prg_find_peer(cli->reg, interface->name, cli->args.words[i], &peer, err);
		if (!code)
			code = prg_render_config(cli->reg, interface->name, peer->name, NULL,
			                         &config, err);
		if (code)
			break;
		prg_name_slug(peer->name, slug);
		(void)snprintf(name, sizeof(name), "%s.conf", slug);
		code = stage_check(&stage, name, err);
		if (!code)
			code = stage_write(&stage, name, config, err);
		if (!code)
			code = stage_note(&stage, name, &peer->public_key, err);
	}
	if (!code)
		code = stage_seal(&stage, interface->name, err);
	if (!code)
		code = stage_publish(&stage, err);
	if (!code)
		cli_remark(cli, "%zu file%s in %s; the private keys were not kept: fill them in where "
		                "the configs say so", cli->args.n_words,
		           cli->args.n_words == 1 ? "" : "s", path);
	return code;
}

int cmd_export(struct cli *cli, struct prg_error *err)
{
	OWN_ONBOARD onboard = ONBOARD_NONE;
	OWN_INTERFACE *interface = NULL;
	const char *out = args_value(&cli->args, OPT_OUT);
	int code = onboard_choose(cli, false, &onboard, err);

	if (!code && out && onboard_is_code(&onboard))
		return not_kept(cli->args.words[0], err);
	if (!code && out)
		return export_files(cli, out, err);
	if (!code)
		code = prg_find_interface(cli->reg, cli->interface, &interface, err);
	/* all or nothing: a name that is wrong must not leave half of them out */
	for (size_t i = 0; !code && i < cli->args.n_words; i++) {
		OWN_TEXT *config = NULL;

		code = prg_render_config(cli->reg, cli->interface, cli->args.words[i], NULL,
		                         &config, err);
		if (!code && onboard_is_code(&onboard))
			code = not_kept(cli->args.words[i], err);
	}
	if (!code)
		code = onboard_reserve(&onboard, cli, err);
	if (code)
		return code;
	out_text(&cli->out, "interface", interface->name);
	out_list(&cli->out, "peers", NULL, 0);
	for (size_t i = 0; !code && i < cli->args.n_words; i++) {
		OWN_TEXT *config = NULL;

		code = prg_render_config(cli->reg, cli->interface, cli->args.words[i], NULL,
		                         &config, err);
		if (!code)
			code = export_one(cli, &onboard, i, config, err);
	}
	if (!code)
		out_list_end(&cli->out);
	return code;
}
