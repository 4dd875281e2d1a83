/* SPDX-License-Identifier: ISC */
/* pubkeys: private keys on stdin, one a line; their public keys on stdout. A
 * process each, as wg(8) wants it, is too slow for ten thousand. For tests. */
#include <peerage.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
	char line[64], text[PRG_KEY_TEXT];

	while (fgets(line, sizeof(line), stdin) != NULL) {
		struct prg_private_key private_key;
		struct prg_public_key public_key;
		struct prg_error err;

		line[strcspn(line, "\n")] = '\0';
		if (prg_private_key_parse(line, strlen(line), &private_key, &err) ||
		    prg_public_key_derive(&private_key, &public_key, &err)) {
			fprintf(stderr, "pubkeys: %s\n", err.message);
			return 1;
		}
		prg_public_key_format(&public_key, text);
		puts(text);
	}
	return 0;
}
