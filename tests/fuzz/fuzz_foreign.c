/* SPDX-License-Identifier: ISC */
/* Whatever nft may list: looked through, compared, and put into words. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "host/nft.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take(void *context, const char *line)
{
	size_t *total = context;

	/* One line of plain text, whatever the names in the ruleset are. */
	for (; *line != '\0'; line++, ++*total)
		if (*line < ' ' || *line > '~')
			abort();
}

static struct prg_interface *make(const char *nat)
{
	struct prg_interface *interface = prg_interface_new();

	if (interface == NULL)
		abort();
	strcpy(interface->name, "wg0");
	strcpy(interface->nat, nat);
	interface->listen_port = 51820;
	interface->addresses = calloc(2, sizeof(*interface->addresses));
	if (interface->addresses == NULL ||
	    prg_prefix_parse("10.7.0.1/24", &interface->addresses[0], NULL) < 0 ||
	    prg_prefix_parse("fd00:7::1/64", &interface->addresses[1], NULL) < 0)
		abort();
	interface->n_addresses = 2;
	return interface;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PRG_INTERFACE *any = make("auto");
	PRG_INTERFACE *device = make("eth0");
	PRG_FREE char *text = malloc(size + 1);
	PRG_JSON *objects = NULL, *echoed = NULL;
	PRG_FREE char *script = NULL;
	size_t total = 0, found;

	if (text == NULL)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	(void)prg_foreign_check(any, text, &found, take, &total, NULL);
	(void)prg_foreign_check(device, text, &found, take, &total, NULL);
	if (prg_nft_parse(text, &objects, NULL) == 0) {
		(void)prg_nft_owned(objects, "peerage-wg0", "00112233445566778899aabbccddeeff");
		(void)prg_nft_compare(objects, objects, "peerage-wg0", NULL);
		(void)prg_nft_script(objects, &script, NULL);
		(void)prg_nft_echoed(text, &echoed, NULL);
	}
	return 0;
}
