/* SPDX-License-Identifier: ISC */
/* Every value that comes as text: what is accepted must survive being formatted
 * and read again, and no name may have a slug that the phone apps refuse. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "model/addr.h"
#include "model/value.h"
#include "model/wg.h"

#define REQUIRE(condition) \
	do { \
		if (!(condition)) \
			abort(); \
	} while (0)

static void addresses(const char *text)
{
	struct prg_addr addr, addr_again;
	struct prg_prefix prefix, prefix_again, *list;
	char shown[PRG_PREFIX_TEXT];
	size_t n;

	if (prg_addr_parse(text, &addr, NULL) == 0) {
		prg_addr_format(&addr, shown);
		REQUIRE(prg_addr_parse(shown, &addr_again, NULL) == 0);
		REQUIRE(prg_addr_compare(&addr, &addr_again) == 0);
		(void)prg_addr_is_global(&addr);
	}
	if (prg_prefix_parse(text, &prefix, NULL) == 0) {
		prg_prefix_format(&prefix, shown);
		REQUIRE(prg_prefix_parse(shown, &prefix_again, NULL) == 0);
		REQUIRE(prg_prefix_compare(&prefix, &prefix_again) == 0);
		prefix_again = prg_prefix_network(&prefix);
		REQUIRE(prg_prefix_contains(&prefix_again, &prefix));
	}
	if (prg_prefix_list_parse(text, true, true, 16, &list, &n, NULL) == 0) {
		PRG_STRBUF buf = { 0 };

		REQUIRE(n <= 16);
		prg_prefix_list_format(&buf, list, n, ",");
		free(list);
	}
}

static void endpoints(const char *text)
{
	struct prg_endpoint endpoint, again;
	struct prg_wg_endpoint numeric;
	char shown[PRG_ENDPOINT_TEXT];

	if (prg_endpoint_parse(text, 51820, &endpoint, NULL) < 0)
		return;
	REQUIRE(endpoint.port != 0 && strlen(endpoint.host) < 254);
	prg_endpoint_format(&endpoint, shown);
	REQUIRE(prg_endpoint_parse(shown, 0, &again, NULL) == 0);
	REQUIRE(strcmp(endpoint.host, again.host) == 0 && endpoint.port == again.port);
	if (strchr(endpoint.host, '%') == NULL &&
	    prg_wg_endpoint_from(&endpoint, &numeric, NULL) == 0)
		prg_wg_endpoint_to(&numeric, &again);
}

static void names(const char *text)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_=+.-";
	struct prg_error err;
	char slug[PRG_SLUG_TEXT];

	if (prg_interface_name_check(text, &err) == 0)
		REQUIRE(strlen(text) < PRG_IFNAME_TEXT && strchr(text, '/') == NULL);
	if (prg_name_check(text, &err) < 0)
		return;
	REQUIRE(strlen(text) <= PRG_NAME_BYTES);
	REQUIRE(strpbrk(text, "/ \t\n\"\\\x7f") == NULL);
	prg_name_slug(text, slug);
	REQUIRE(slug[0] != '\0' && strspn(slug, allowed) == strlen(slug));
}

static void numbers(const char *text)
{
	enum prg_quota_period period;
	char shown[21];
	int64_t seconds, again;
	uint64_t bytes;

	if (prg_size_parse(text, &bytes, NULL) == 0)
		REQUIRE(bytes <= INT64_MAX);
	if (prg_quota_parse(text, &bytes, &period, NULL) == 0)
		REQUIRE(bytes > 0 && period <= PRG_QUOTA_MONTH);
	if (prg_number_parse(text, 1, 65535, &bytes, NULL) == 0)
		REQUIRE(bytes >= 1 && bytes <= 65535);
	if (prg_duration_parse(text, &seconds, NULL) == 0)
		REQUIRE(seconds >= 0);
	if (prg_moment_parse(text, 1000000000, &seconds, NULL) == 0 && seconds >= 0 &&
	    seconds < 253402300800) {
		prg_moment_format(seconds, shown);
		REQUIRE(prg_moment_parse(shown, 0, &again, NULL) == 0 && again == seconds);
	}
}

static void keys(const char *text, size_t length)
{
	struct prg_public_key key, again;
	char shown[PRG_KEY_TEXT];

	if (prg_public_key_parse(text, length, &key, NULL) < 0)
		return;
	prg_public_key_format(&key, shown);
	REQUIRE(length == PRG_KEY_TEXT - 1 && memcmp(shown, text, length) == 0);
	REQUIRE(prg_public_key_parse(shown, length, &again, NULL) == 0);
	REQUIRE(memcmp(&key, &again, sizeof(key)) == 0);
}

static void json(const char *text)
{
	PRG_STRBUF buf = { 0 };
	char *quoted;
	size_t i;

	prg_strbuf_json(&buf, text);
	quoted = prg_strbuf_take(&buf);
	REQUIRE(quoted != NULL && strlen(quoted) >= 2);
	for (i = 0; quoted[i] != '\0'; i++)
		REQUIRE((unsigned char)quoted[i] >= 0x20);
	free(quoted);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (text == NULL)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	addresses(text);
	endpoints(text);
	names(text);
	numbers(text);
	keys(text, size);
	json(text);
	free(text);
	return 0;
}
