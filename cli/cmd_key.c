/* SPDX-License-Identifier: ISC */
/* genkey, pubkey, genpsk: as wg(8) has them. */
#include "cli.h"

#include "files.h"

#include <sys/stat.h>

static void warn_if_exposed(const struct cli *cli)
{
	struct stat st;

	if (fstat(STDOUT_FILENO, &st) == 0 && S_ISREG(st.st_mode) && st.st_mode & S_IRWXO)
		cli_remark(cli, "warning: everybody may read the file that this key goes to; "
		                "'umask 077' first, and make it again");
}

int cmd_genkey(struct cli *cli, struct prg_error *err)
{
	OWN_KEY_TEXT text[PRG_KEY_TEXT];
	OWN_PRIVATE_KEY key;

	if (prg_private_key_generate(&key, err))
		return err->code;
	warn_if_exposed(cli);
	prg_private_key_reveal(&key, text);
	(void)puts(text);
	return 0;
}

int cmd_genpsk(struct cli *cli, struct prg_error *err)
{
	OWN_KEY_TEXT text[PRG_KEY_TEXT];
	OWN_PRESHARED_KEY key;

	if (prg_preshared_key_generate(&key, err))
		return err->code;
	warn_if_exposed(cli);
	prg_preshared_key_reveal(&key, text);
	(void)puts(text);
	return 0;
}

int cmd_pubkey(struct cli *cli, struct prg_error *err)
{
	struct prg_public_key public_key;
	char text[PRG_KEY_TEXT];
	OWN_PRIVATE_KEY key;
	bool exposed;

	(void)cli;
	if (files_read_private_key("-", &key, &exposed, err) ||
	    prg_public_key_derive(&key, &public_key, err))
		return err->code;
	prg_public_key_format(&public_key, text);
	(void)puts(text);
	return 0;
}
