/* SPDX-License-Identifier: ISC */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "model/name.h"
#include "model/value.h"

static bool letter_mark_or_digit(uint32_t c, bool first)
{
	if (c < 0x80)
		return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		       (!first && c != 0 && strchr("._@+-", (int)c) != NULL);
	/* marks such as CGJ and the variation selectors take no room and look like
	 * nothing: two names that differ by one would look alike */
	if (utf8proc_get_property((utf8proc_int32_t)c)->ignorable)
		return false;
	switch (utf8proc_category((utf8proc_int32_t)c)) {
	case UTF8PROC_CATEGORY_LU:
	case UTF8PROC_CATEGORY_LL:
	case UTF8PROC_CATEGORY_LT:
	case UTF8PROC_CATEGORY_LM:
	case UTF8PROC_CATEGORY_LO:
	case UTF8PROC_CATEGORY_ND:
		return true;
	case UTF8PROC_CATEGORY_MN:
	case UTF8PROC_CATEGORY_MC:
	case UTF8PROC_CATEGORY_ME:
		return !first;
	default:
		return false;
	}
}

static bool is_nfc(const char *name)
{
	PRG_FREE utf8proc_uint8_t *normal = NULL;
	const char *c = name;

	while ((unsigned char)*c - 1u < 0x7f)
		c++;
	if (*c == '\0')
		return true; /* ASCII is in every normal form */
	normal = utf8proc_NFC((const utf8proc_uint8_t *)name);

	return normal != NULL && strcmp((const char *)normal, name) == 0;
}

int prg_name_check(const char *name, struct prg_error *err)
{
	size_t length = strlen(name), at = 0;

	if (length == 0)
		return prg_error_set(err, PRG_E_USAGE, "a name cannot be empty");
	if (length > PRG_NAME_BYTES)
		return prg_error_set(err, PRG_E_USAGE, "a name of %zu bytes is longer than %d",
		                     length, PRG_NAME_BYTES);
	while (at < length) {
		uint32_t c;
		size_t n = prg_utf8_next(name + at, length - at, &c);

		if (n == 0)
			return prg_error_set(err, PRG_E_USAGE,
			                     "a name must be UTF-8: byte %zu is not", at + 1);
		if (!letter_mark_or_digit(c, at == 0))
			return prg_error_set(err, PRG_E_USAGE,
			                     "malformed name: character U+%04X at byte %zu is not "
			                     "allowed%s; use letters, digits and . _ @ + -",
			                     c, at + 1, at == 0 ? " at the beginning" : "");
		at += n;
	}
	if (!is_nfc(name))
		return prg_error_set(err, PRG_E_USAGE,
		                     "malformed name: it is not in Unicode's composed form (NFC)");
	return 0;
}

/* In Unicode's composed form, for free(3); bytes that are no UTF-8 become '-' first.
 * NULL: out of memory. */
static char *compose(const char *text, size_t length, bool *ret_same)
{
	PRG_FREE char *clean = malloc(length + 1);
	size_t at, n;
	uint32_t c;

	if (clean == NULL)
		return NULL;
	memcpy(clean, text, length);
	clean[length] = '\0';
	for (at = 0; at < length; at += n) {
		n = prg_utf8_next(clean + at, length - at, &c);
		if (n != 0 && c != 0)
			continue;
		clean[at] = '-';
		*ret_same = false;
		n = 1;
	}
	return (char *)utf8proc_NFC((const utf8proc_uint8_t *)clean);
}

bool prg_name_map(const char *text, size_t length, char ret_name[PRG_NAME_BYTES + 1],
                  bool *ret_same)
{
	PRG_FREE char *composed = NULL;
	size_t used = 0, at, n;
	bool same = true;
	uint32_t c;

	composed = compose(text, length, &same);
	for (at = 0; composed != NULL && composed[at] != '\0'; at += n) {
		n = prg_utf8_next(composed + at, strnlen(composed + at, 4), &c);
		if (n == 0)
			break;
		if (letter_mark_or_digit(c, used == 0)) {
			if (used + n > PRG_NAME_BYTES)
				break;
			memcpy(ret_name + used, composed + at, n);
			used += n;
			continue;
		}
		same = false;
		if (used == PRG_NAME_BYTES)
			break;
		if (used > 0)
			ret_name[used++] = '-';
	}
	ret_name[used] = '\0';
	*ret_same = same && composed != NULL && composed[at] == '\0';
	return used > 0 && prg_name_check(ret_name, NULL) == 0;
}

void prg_name_older(const char *name, unsigned n, char ret_name[PRG_NAME_BYTES + 1])
{
	char end[24] = ".old";
	size_t length = strlen(name);

	if (n > 1)
		snprintf(end, sizeof(end), ".old%u", n);
	if (length > PRG_NAME_BYTES - strlen(end))
		length = PRG_NAME_BYTES - strlen(end);
	/* what begins a character of which the rest is cut off goes too */
	while (length > 0 && ((unsigned char)name[length] & 0xc0) == 0x80)
		length--;
	memcpy(ret_name, name, length);
	strcpy(ret_name + length, end);
}

#define SLUG_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_=+.-"

int prg_interface_name_check(const char *name, struct prg_error *err)
{
	size_t length = strlen(name);

	if (length == 0 || length >= PRG_IFNAME_TEXT || strspn(name, SLUG_CHARACTERS) != length ||
	    strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || name[0] == '-')
		return prg_error_set(err, PRG_E_USAGE,
		                     "malformed interface name '%.32s': expected 1 to 15 of letters, "
		                     "digits and _ = + . -",
		                     name);
	return 0;
}

void prg_name_slug(const char *name, char ret_slug[PRG_SLUG_TEXT])
{
	static const char hex[] = "0123456789abcdef";
	enum { WHOLE = PRG_SLUG_TEXT - 1, TAIL = 5 }; /* '-' and 4 hex digits */
	unsigned char hash[crypto_generichash_BYTES_MIN];
	size_t length = strlen(name), at = 0, out = 0, i;
	bool changed = length > WHOLE;
	char slug[PRG_SLUG_TEXT];

	for (at = 0; name[at] != '\0' && !changed; at++)
		changed = strchr(SLUG_CHARACTERS, name[at]) == NULL;
	for (at = 0; at < length && out < (changed ? WHOLE - TAIL : WHOLE); at++) {
		bool ok = strchr(SLUG_CHARACTERS, name[at]) != NULL;

		if (!ok && ((unsigned char)name[at] & 0xc0) == 0x80)
			continue; /* one '-' a character, not a byte */
		/* what begins with '-' looks like an option */
		slug[out] = ok ? name[at] : out == 0 ? 'x' : '-';
		out++;
	}
	if (changed) {
		crypto_generichash(hash, sizeof(hash), (const unsigned char *)name, length, NULL,
		                   0);
		slug[out++] = '-';
		for (i = 0; i < 2; i++) {
			slug[out++] = hex[hash[i] >> 4];
			slug[out++] = hex[hash[i] & 15];
		}
	}
	slug[out] = '\0';
	memcpy(ret_slug, slug, out + 1);
}

bool prg_is_utf16(const char *text, size_t length)
{
	return length >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 ||
	                       memcmp(text, "\xfe\xff", 2) == 0);
}
