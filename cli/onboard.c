/* SPDX-License-Identifier: ISC */
#include "onboard.h"

#include "sink.h"
#include "term.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>

#define PNG_SCALE 8 /* a phone reads it off a screen or paper */

static const struct {
	const char *name;
	enum form form;
} formats[] = {
	{ "wg-quick", FORM_CONF }, { "qr", FORM_QR }, { "png", FORM_PNG }, { "svg", FORM_SVG },
	{ "json", FORM_JSON },
}, suffixes[] = {
	{ ".conf", FORM_CONF }, { ".png", FORM_PNG }, { ".svg", FORM_SVG },
};

static int choose_format(const struct cli *cli, enum form *ret, struct prg_error *err)
{
	const char *format = args_value(&cli->args, OPT_FORMAT);

	for (size_t i = 0; format && i < sizeof(formats) / sizeof(*formats); i++)
		if (strcmp(formats[i].name, format) == 0) {
			*ret = formats[i].form;
			return 0;
		}
	if (!format)
		return 0;
	return say_error(err, PRG_E_USAGE,
	                 "--format '%s' is unknown: give wg-quick, qr, png, svg or json", format);
}

static int choose_style(const struct cli *cli, unsigned *ret, struct prg_error *err)
{
	const char *style = args_value(&cli->args, OPT_QR);

	if (!style)
		return 0;
	if (strcmp(style, "half") == 0)
		*ret = PRG_QR_HALF;
	else if (strcmp(style, "sextant") == 0)
		*ret = PRG_QR_SEXTANT;
	else
		return say_error(err, PRG_E_USAGE, "--qr '%s' is unknown: give half or sextant",
		                 style);
	return 0;
}

static int choose_file(const struct cli *cli, enum form *ret, struct prg_error *err)
{
	const char *path = args_value(&cli->args, OPT_OUTPUT);
	const char *slash = path ? strrchr(path, '/') : NULL, *name = slash ? slash + 1 : path;
	size_t length = name ? strlen(name) : 0;

	for (size_t i = 0; path && i < sizeof(suffixes) / sizeof(*suffixes); i++) {
		size_t n = strlen(suffixes[i].name);

		if (length > n && strcasecmp(name + length - n, suffixes[i].name) == 0) {
			*ret = suffixes[i].form;
			return 0;
		}
	}
	if (!path)
		return 0;
	return say_error(err, PRG_E_USAGE,
	                 "--output '%s': its end says the format: NAME.conf, NAME.png or NAME.svg",
	                 path);
}

/* What is printed where the user did not say. */
static enum form usual(const struct onboard *onboard, bool has_key)
{
	if (onboard->file || onboard->code)
		return FORM_NONE;
	return has_key && onboard->terminal && term_capable() ? FORM_QR : FORM_CONF;
}

bool onboard_is_code(const struct onboard *onboard)
{
	return onboard->print == FORM_QR || onboard->print == FORM_PNG ||
	       onboard->print == FORM_SVG || onboard->file > FORM_CONF;
}

/* What codes are made by can be loaded. */
static int check_codes(const struct onboard *chosen, struct prg_error *err)
{
	bool png = chosen->print == FORM_PNG || chosen->file == FORM_PNG;

	if (!chosen->code && !onboard_is_code(chosen))
		return 0;
	if (prg_prepare_qr(png, err))
		return png ? say_wrap(err, "cannot make a PNG file") : err->code;
	return 0;
}

static int check_forms(const struct cli *cli, const struct onboard *chosen, struct prg_error *err)
{
	bool picture = chosen->print == FORM_PNG || chosen->print == FORM_SVG;
	char many[32] = "";

	if (args_has(&cli->args, OPT_FROM))
		(void)snprintf(many, sizeof(many), "--from names many");
	else if (cli->args.n_words > 1)
		(void)snprintf(many, sizeof(many), "%zu are named", cli->args.n_words);
	if (chosen->file && chosen->code)
		return say_error(err, PRG_E_USAGE, "give one of --output and --out");
	if (*many && chosen->file)
		return say_error(err, PRG_E_USAGE, "--output is for one peer, and %s", many);
	if (*many && picture)
		return say_error(err, PRG_E_USAGE, "--format %s is for one peer, and %s",
		                 chosen->print == FORM_PNG ? "png" : "svg", many);
	if (picture && chosen->terminal)
		return say_error(err, PRG_E_USAGE,
		                 "%s is not for a terminal: give --output FILE.%s",
		                 chosen->print == FORM_PNG ? "a PNG file" : "an SVG file",
		                 chosen->print == FORM_PNG ? "png" : "svg");
	return check_codes(chosen, err);
}

int onboard_choose(const struct cli *cli, bool has_key, struct onboard *ret,
                   struct prg_error *err)
{
	struct onboard chosen = ONBOARD_NONE;
	enum form format = FORM_NONE;
	bool json = args_has(&cli->args, OPT_JSON), qr = args_has(&cli->args, OPT_QR);
	bool conf = args_has(&cli->args, OPT_CONF);
	int code = choose_format(cli, &format, err);

	if (!code)
		code = choose_style(cli, &chosen.style, err);
	if (!code)
		code = choose_file(cli, &chosen.file, err);
	if (code)
		return code;
	if (chosen.file && format == chosen.file)
		format = FORM_NONE;
	else if (chosen.file && format)
		return say_error(err, PRG_E_USAGE, "--format and the end of --output differ");
	if (qr + conf + (format != FORM_NONE && !(json && format == FORM_JSON)) + json > 1)
		return say_error(err, PRG_E_USAGE,
		                 "give one of --json, --qr, --conf and --format");
	if (args_has(&cli->args, OPT_OUT) && !*args_value(&cli->args, OPT_OUT))
		return say_error(err, PRG_E_USAGE, "--out needs a directory; for this one, '.'");
	if (args_has(&cli->args, OPT_OUT))
		/* without libpng, where the user did not say which */
		chosen.code = prg_prepare_qr(true, NULL) == 0 ? FORM_PNG : FORM_SVG;
	chosen.terminal = term_is(STDOUT_FILENO);
	chosen.print = json ? FORM_JSON : qr ? FORM_QR : conf ? FORM_CONF : format;
	if (!chosen.print)
		chosen.print = usual(&chosen, has_key);
	code = check_forms(cli, &chosen, err);
	if (!code)
		*ret = chosen;
	return code;
}

int onboard_prepare(const struct cli *cli, struct prg_error *err)
{
	struct onboard chosen = ONBOARD_NONE;
	struct prg_error failed;
	const enum opt_id *option = cli->args.command->options;

	while (option && *option != OPT_NONE && *option != OPT_QR)
		option++;
	if (!option || *option == OPT_NONE)
		return 0;
	/* what the user did wrong is told later, after what is wrong with the register */
	if (onboard_choose(cli, true, &chosen, &failed) != PRG_E_UNSUPPORTED)
		return 0;
	*err = failed;
	return err->code;
}

int onboard_check(const struct onboard *onboard, struct prg_error *err)
{
	int flags = fcntl(STDOUT_FILENO, F_GETFL);

	if (onboard->print && (flags < 0 || (flags & O_ACCMODE) == O_RDONLY))
		return say_error(err, PRG_E_FAILED, "standard output is closed: the config, which "
		                                    "is shown only once, would be lost");
	return 0;
}

int onboard_reserve(struct onboard *onboard, const struct cli *cli, struct prg_error *err)
{
	if (onboard_check(onboard, err))
		return err->code;
	if (onboard->file)
		return files_reserve(&onboard->output, args_value(&cli->args, OPT_OUTPUT), err);
	return 0;
}

void onboard_done(struct onboard *onboard)
{
	files_discard(&onboard->output);
}

/* ------------------------------------------------------------------- forms */

int onboard_image(enum form form, const struct prg_qr *qr, struct prg_text **ret,
                  struct prg_error *err)
{
	return form == FORM_PNG ? prg_qr_png(qr, PNG_SCALE, ret, err) : prg_qr_svg(qr, ret, err);
}

static int encode(enum form form, const struct prg_text *config, struct prg_text **ret,
                  struct prg_error *err)
{
	OWN_QR *qr = NULL;
	int code = prg_qr_new(prg_text_data(config), prg_text_length(config), &qr, err);

	return code ? code : onboard_image(form, qr, ret, err);
}

static int write_file(struct onboard *onboard, struct handout *handout, struct prg_error *err)
{
	const struct prg_text *bytes = handout->config;
	OWN_TEXT *image = NULL;
	int code;

	if (onboard->file != FORM_CONF) {
		if (encode(onboard->file, handout->config, &image, err))
			return say_wrap(err, "cannot make '%s'", onboard->output.path);
		bytes = image;
	}
	code = files_finish(&onboard->output, prg_text_data(bytes), prg_text_length(bytes), err);
	handout->delivered |= !code;
	return code;
}

static int print_text(struct cli *cli, const struct prg_text *text, struct prg_error *err)
{
	int errnum;

	(void)sink_through(prg_text_data(text), prg_text_length(text));
	errnum = out_flush(&cli->out);
	return errnum ? say_errno(err, errnum, "cannot write to standard output") : 0;
}

static int print_config(struct cli *cli, struct handout *handout, struct prg_error *err)
{
	int code;

	if (handout->heading)
		(void)printf("# %s\n", handout->name);
	code = print_text(cli, handout->config, err);
	handout->delivered |= !code;
	return code;
}

/* What was asked for failed, as *err says. */
static int print_instead(struct cli *cli, struct handout *handout, struct prg_error *err)
{
	struct prg_error ignored;

	/* the change is made, whatever kind of error this is */
	err->code = PRG_E_FAILED;
	if (print_config(cli, handout, &ignored))
		return err->code;
	return say_append(err, "; the config is printed instead");
}

static unsigned rows_of(const char *text)
{
	unsigned rows = 0;

	while (text && *text) {
		char line[600];
		size_t length = strcspn(text, "\n");

		(void)snprintf(line, sizeof(line), "%.*s", (int)length, text);
		rows += say_rows("", line);
		text += length;
		text += *text == '\n';
	}
	return rows;
}

struct fit {
	unsigned style;       /* 0: none fits */
	bool bare;            /* no room for what goes behind it */
	unsigned columns, rows; /* what the smallest takes */
};

static struct fit find_fit(const struct onboard *onboard, const struct handout *handout,
                           bool quiet, const struct prg_qr *qr)
{
	static const unsigned styles[] = { PRG_QR_HALF, PRG_QR_SEXTANT };
	struct fit fit = { 0, false, 0, 0 };
	unsigned columns, rows, lines;

	term_size(&columns, &rows);
	lines = quiet ? 0 : rows_of(handout->made) + rows_of(handout->after);
	for (size_t i = 0; i < 2 && !fit.style; i++) {
		/* a row is left for the cursor, or the first would scroll away */
		unsigned width, height, left = 1 + handout->reserve;

		if (onboard->style ? onboard->style != styles[i]
		                   : styles[i] == PRG_QR_SEXTANT && term_is_console())
			continue;
		prg_qr_cells(qr, (enum prg_qr_style)styles[i], &width, &height);
		fit.columns = width;
		fit.rows = height + left;
		if (width > columns || height + left > rows)
			continue;
		fit.style = styles[i];
		fit.bare = height + left + lines > rows;
	}
	return fit;
}

static void remark_lines(const struct cli *cli, const char *text)
{
	while (text && *text) {
		int length = (int)strcspn(text, "\n");

		cli_remark(cli, "%.*s", length, text);
		text += length;
		text += *text == '\n';
	}
}

/* A command to copy, on one line where 78 columns hold it. */
static void say_way_out(const char *name)
{
	char text[300], slug[PRG_SLUG_TEXT];
	int length = snprintf(text, sizeof(text),
	                      "for a picture, revoke it and: peerage add %s --output %s.png", name,
	                      name);

	if (length <= 78) {
		say_whole(text);
		return;
	}
	say_whole("for a picture, revoke it and:");
	prg_name_slug(name, slug);
	(void)snprintf(text, sizeof(text), "peerage add %s \\", name);
	say_whole(text);
	(void)snprintf(text, sizeof(text), "  --output %s.png", slug);
	say_whole(text);
}

static int too_small(struct cli *cli, struct handout *handout, const struct fit *fit,
                     struct prg_error *err)
{
	unsigned columns, rows;
	char text[200];

	term_size(&columns, &rows);
	remark_lines(cli, handout->made);
	/* with -q too: it is why there is no code */
	out_in_order(&cli->out);
	(void)snprintf(text, sizeof(text),
	               "window too small for the code (needs %ux%u, has %ux%u): the config follows",
	               fit->columns, fit->rows, columns, rows);
	say_line("", text);
	say_way_out(handout->name);
	return print_config(cli, handout, err);
}

static int show_code(struct cli *cli, const struct onboard *onboard, struct handout *handout,
                     const struct prg_qr *qr, struct prg_error *err)
{
	struct fit fit = { onboard->style ? onboard->style : PRG_QR_HALF, true, 0, 0 };
	OWN_TEXT *text = NULL;
	int code;

	if (onboard->terminal)
		fit = find_fit(onboard, handout, cli->quiet, qr);
	if (!fit.style)
		return too_small(cli, handout, &fit, err);
	if (prg_qr_terminal(qr, (enum prg_qr_style)fit.style, &text, err))
		return print_instead(cli, handout, err);
	if (onboard->terminal)
		remark_lines(cli, handout->made);
	if (onboard->terminal && fit.bare)
		remark_lines(cli, handout->after);
	if (!onboard->terminal && handout->heading)
		(void)printf("# %s\n", handout->name);
	code = print_text(cli, text, err);
	handout->delivered |= !code;
	if (!code && onboard->terminal && !fit.bare)
		remark_lines(cli, handout->after);
	return code;
}

static int print_code(struct cli *cli, const struct onboard *onboard, struct handout *handout,
                      struct prg_error *err)
{
	OWN_QR *qr = NULL;

	if (prg_qr_new(prg_text_data(handout->config), prg_text_length(handout->config), &qr, err))
		return print_instead(cli, handout, err);
	return show_code(cli, onboard, handout, qr, err);
}

static int print_picture(struct cli *cli, enum form form, struct handout *handout,
                         struct prg_error *err)
{
	OWN_TEXT *image = NULL;
	int code;

	if (encode(form, handout->config, &image, err))
		return print_instead(cli, handout, err);
	code = print_text(cli, image, err);
	handout->delivered |= !code;
	return code;
}

static int print(struct cli *cli, const struct onboard *onboard, struct handout *handout,
                 struct prg_error *err)
{
	switch (onboard->print) {
	case FORM_CONF:
		if (onboard->terminal)
			remark_lines(cli, handout->made);
		return print_config(cli, handout, err);
	case FORM_QR:
		/* a peer among several that brought its own key */
		return handout->has_key ? print_code(cli, onboard, handout, err)
		                        : print_config(cli, handout, err);
	case FORM_PNG:
	case FORM_SVG:
		return print_picture(cli, onboard->print, handout, err);
	default:
		return 0;
	}
}

int onboard_hand_out(struct cli *cli, struct onboard *onboard, struct handout *handout,
                     struct prg_error *err)
{
	if (handout->written)
		handout->delivered = true;
	else if (onboard->file && write_file(onboard, handout, err))
		return onboard->print ? err->code : print_instead(cli, handout, err);
	if (onboard->file)
		cli_remark(cli, "%s; config in %s", handout->made,
		           args_value(&cli->args, OPT_OUTPUT));
	return print(cli, onboard, handout, err);
}
