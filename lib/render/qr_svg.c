/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "base/error.h"
#include "base/secret.h"

#define QUIET 4u
#define MODULE_PX 8u

/* A row's runs of dark modules, each a bar of height 1. */
static int put_row(const struct prg_qr *qr, unsigned y, struct prg_text *text,
                   struct prg_error *err)
{
	unsigned x = 0, end, width = prg_qr_width(qr);
	int rc = 0;

	while (rc == 0) {
		while (x < width && !prg_qr_module(qr, x, y))
			x++;
		if (x == width)
			break;
		for (end = x; prg_qr_module(qr, end, y); end++)
			;
		rc = prg_text_printf(text, err, "M%u %uh%uv1h-%uz", x + QUIET, y + QUIET, end - x,
		                     end - x);
		x = end;
	}
	return rc;
}

int prg_qr_svg(const struct prg_qr *qr, struct prg_text **ret_text, struct prg_error *err)
{
	unsigned side = prg_qr_width(qr) + 2 * QUIET;
	PRG_CLEANUP_TEXT struct prg_text *text = NULL;
	int rc = prg_text_new(&text, err);

	if (rc == 0)
		rc = prg_text_printf(text, err,
		                     "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		                     "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" "
		                     "height=\"%u\" viewBox=\"0 0 %u %u\" "
		                     "shape-rendering=\"crispEdges\">\n"
		                     "<rect width=\"%u\" height=\"%u\" fill=\"#fff\"/>\n"
		                     "<path fill=\"#000\" d=\"",
		                     side * MODULE_PX, side * MODULE_PX, side, side, side, side);
	for (unsigned y = 0; y < prg_qr_width(qr) && rc == 0; y++)
		rc = put_row(qr, y, text, err);
	if (rc == 0)
		rc = prg_text_printf(text, err, "\"/>\n</svg>\n");
	if (rc < 0)
		return rc;
	*ret_text = text;
	text = NULL;
	return 0;
}
