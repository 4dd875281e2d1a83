/* SPDX-License-Identifier: ISC */
/* disclose: what is held on one peer, and its signature, to wherever they go. */
#include "cli.h"

#include "files.h"
#include "sink.h"

#include <limits.h>

/* Where both go; path NULL: the document to stdout, the signature nowhere. */
struct places {
	struct files_output document, signature;
	char signature_path[PATH_MAX];
};

static void own_places(struct places *places)
{
	files_discard(&places->document);
	files_discard(&places->signature);
}
#define OWN_PLACES OWN(own_places) struct places

/* What can fail fails before anything is logged. */
static int reserve(const struct cli *cli, struct places *places, struct prg_error *err)
{
	const char *document = args_value(&cli->args, OPT_DOCUMENT);
	const char *signature = args_value(&cli->args, OPT_SIGNATURE);
	int code = 0;

	if (cli->dry_run)
		return 0;
	if (document && !signature) {
		if (snprintf(places->signature_path, sizeof(places->signature_path), "%s.minisig",
		             document) >= (int)sizeof(places->signature_path))
			return say_error(err, PRG_E_USAGE, "--output: the name is too long");
		signature = places->signature_path;
	}
	if (document)
		code = files_reserve(&places->document, document, err);
	if (!code && signature)
		code = files_reserve(&places->signature, signature, err);
	if (!code && document && files_same(&places->document, &places->signature))
		code = say_error(err, PRG_E_USAGE, "--output and --signature are one file, '%s': "
		                                   "choose another name for one of them", document);
	return code;
}

static int put_document(struct places *places, const struct prg_text *document,
                        struct prg_error *err)
{
	if (places->document.path)
		return files_finish(&places->document, prg_text_data(document),
		                    prg_text_length(document), err);
	/* byte by byte what was signed; a failure is said when the output ends */
	(void)sink_through(prg_text_data(document), prg_text_length(document));
	return 0;
}

static int put_signature(const struct cli *cli, struct places *places,
                         const struct prg_text *signature, struct prg_error *err)
{
	if (!signature)
		cli_remark(cli, "a dry run: this is neither logged nor signed");
	else if (places->signature.path)
		return files_finish(&places->signature, prg_text_data(signature),
		                    prg_text_length(signature), err);
	else
		cli_remark(cli, "the signature is not kept: --output FILE writes FILE and "
		                "FILE.minisig, --signature FILE the signature alone");
	return 0;
}

static int disclose(struct cli *cli, struct prg_error *err)
{
	OWN_PLACES places = { FILES_OUTPUT_NONE, FILES_OUTPUT_NONE, "" };
	OWN_TEXT *document = NULL;
	OWN_TEXT *signature = NULL;
	unsigned flags = 0;
	int code = reserve(cli, &places, err);

	if (cli->out.mode == OUT_JSON)
		flags |= PRG_DISCLOSE_JSON;
	if (args_has(&cli->args, OPT_ENDPOINTS))
		flags |= PRG_DISCLOSE_ENDPOINTS;
	if (cli->dry_run)
		flags |= PRG_DISCLOSE_DRY_RUN;
	if (!code)
		code = prg_disclose(cli->reg, cli->interface, cli->args.words[0], flags, &document,
		                    &signature, err);
	if (!code)
		code = put_document(&places, document, err);
	return code ? code : put_signature(cli, &places, signature, err);
}

static int print_key(struct cli *cli, struct prg_error *err)
{
	static const struct out_column column[] = { { "public_key", "public key", 0 } };
	OWN_TEXT *text = NULL;

	if (prg_signing_key(cli->reg, &text, err))
		return err->code;
	if (cli->out.mode != OUT_JSON) {
		(void)fputs(prg_text_data(text), stdout);
		return 0;
	}
	out_record(&cli->out, "signing", column, 1);
	out_text(&cli->out, "public_key", prg_text_data(text));
	out_record_end(&cli->out);
	return 0;
}

int cmd_disclose(struct cli *cli, struct prg_error *err)
{
	bool key = args_has(&cli->args, OPT_SIGNING_KEY);

	if (!key && !cli->args.n_words)
		return say_error(err, PRG_E_USAGE, "'peerage disclose' needs NAME (see 'peerage help "
		                                   "disclose')");
	if (key && (cli->args.n_words || args_has(&cli->args, OPT_DOCUMENT) ||
	            args_has(&cli->args, OPT_SIGNATURE) || args_has(&cli->args, OPT_ENDPOINTS)))
		return say_error(err, PRG_E_USAGE, "--public-key prints the key that verifies "
		                                   "signatures: nothing goes with it");
	return key ? print_key(cli, err) : disclose(cli, err);
}
