/* SPDX-License-Identifier: ISC */
/* qrtext <CONFIG: prints the text that a reader of the config's QR code gets
 * (prg_qr_text), with no newline of its own, and "VERSION MODULES" on stderr. */
#include <peerage.h>
#include <stdio.h>

int main(void)
{
	char config[4096];
	size_t length = fread(config, 1, sizeof(config), stdin);
	struct prg_qr *qr = NULL;
	struct prg_error err;

	if (prg_qr_new(config, length, &qr, &err)) {
		fprintf(stderr, "qrtext: %s\n", err.message);
		return 1;
	}
	fputs(prg_qr_text(qr), stdout);
	fprintf(stderr, "%u %u\n", prg_qr_version(qr), prg_qr_width(qr));
	prg_qr_free(&qr);
	return fflush(stdout) != 0;
}
