/* SPDX-License-Identifier: ISC */
#include "model/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"

size_t prg_utf8_next(const char *text, size_t length, uint32_t *ret_codepoint)
{
	const unsigned char *s = (const unsigned char *)text;
	uint32_t c;
	size_t n, i;

	if (length == 0)
		return 0;
	if (s[0] < 0x80) {
		*ret_codepoint = s[0];
		return 1;
	}
	n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	if (s[0] < 0xc2 || s[0] > 0xf4 || length < n)
		return 0;
	c = s[0] & (0xffu >> (n + 1));
	for (i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if ((n == 3 && c < 0x800) || (n == 4 && c < 0x10000) || c > 0x10ffff ||
	    (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*ret_codepoint = c;
	return n;
}

/* Digits only, no sign, no leading blanks; returns how many, 0 where there is
 * none or the number leaves 64 bits. */
static size_t digits(const char *text, uint64_t *ret)
{
	uint64_t value = 0;
	size_t i;

	for (i = 0; text[i] >= '0' && text[i] <= '9'; i++) {
		uint64_t digit = (uint64_t)(text[i] - '0');

		if (value > (UINT64_MAX - digit) / 10)
			return 0;
		value = value * 10 + digit;
	}
	*ret = value;
	return i;
}

int prg_number_parse(const char *text, uint64_t min, uint64_t max, uint64_t *ret,
                     struct prg_error *err)
{
	uint64_t value = 0;
	size_t n = digits(text, &value);

	if (n == 0 || text[n] != '\0' || value < min || value > max)
		return prg_error_set(err, PRG_E_USAGE,
		                     "'%.32s' is not a number from %llu to %llu", text,
		                     (unsigned long long)min, (unsigned long long)max);
	*ret = value;
	return 0;
}

static const struct {
	char unit;
	uint64_t seconds;
} units[] = { { 's', 1 },     { 'm', 60 },        { 'h', 3600 },
	      { 'd', 86400 }, { 'w', 7 * 86400 }, { 'y', 365 * 86400 } };

/* Weeks and years are taken, and said in days. */
void prg_duration_format(int64_t seconds, char ret[24])
{
	size_t i = 3;

	while (i > 0 && (uint64_t)seconds % units[i].seconds != 0)
		i--;
	snprintf(ret, 24, "%llu%c", (unsigned long long)((uint64_t)seconds / units[i].seconds),
	         units[i].unit);
}

int prg_duration_parse(const char *text, int64_t *ret_seconds, struct prg_error *err)
{
	uint64_t value;
	size_t n = digits(text, &value), i;

	for (i = 0; n > 0 && i < sizeof(units) / sizeof(units[0]); i++)
		if (text[n] == units[i].unit && text[n + 1] == '\0' &&
		    value <= 1000ull * 365 * 86400 / units[i].seconds) {
			*ret_seconds = (int64_t)(value * units[i].seconds);
			return 0;
		}
	return prg_error_set(err, PRG_E_USAGE,
	                     "malformed duration '%.32s': expected a number and one of s, m, h, "
	                     "d, w, y, such as 30d",
	                     text);
}

/* Exactly `width` digits at *text. */
static bool fixed(const char **text, int width, int *ret)
{
	int value = 0, i;

	for (i = 0; i < width; i++) {
		char c = (*text)[i];

		if (c < '0' || c > '9')
			return false;
		value = value * 10 + (c - '0');
	}
	*text += width;
	*ret = value;
	return true;
}

static bool literal(const char **text, char c)
{
	if (**text != c)
		return false;
	(*text)++;
	return true;
}

/* The offset of RFC 3339: Z, or +hh:mm, -hh:mm. */
static bool offset(const char **text, int *ret_seconds)
{
	int hours, minutes, sign;

	if (literal(text, 'Z') || literal(text, 'z')) {
		*ret_seconds = 0;
		return true;
	}
	sign = **text == '-' ? -1 : 1;
	if (**text != '+' && **text != '-')
		return false;
	(*text)++;
	if (!fixed(text, 2, &hours) || !literal(text, ':') || !fixed(text, 2, &minutes) ||
	    hours > 23 || minutes > 59)
		return false;
	*ret_seconds = sign * (hours * 3600 + minutes * 60);
	return true;
}

static bool rfc3339(const char *text, int64_t *ret)
{
	struct tm tm = { 0 }, back;
	int shift = 0;
	time_t moment;

	if (!fixed(&text, 4, &tm.tm_year) || !literal(&text, '-') || !fixed(&text, 2, &tm.tm_mon) ||
	    !literal(&text, '-') || !fixed(&text, 2, &tm.tm_mday))
		return false;
	if (*text != '\0') {
		if (!literal(&text, 'T') && !literal(&text, 't') && !literal(&text, ' '))
			return false;
		if (!fixed(&text, 2, &tm.tm_hour) || !literal(&text, ':') ||
		    !fixed(&text, 2, &tm.tm_min) || !literal(&text, ':') ||
		    !fixed(&text, 2, &tm.tm_sec))
			return false;
		if (literal(&text, '.')) {
			if (*text < '0' || *text > '9')
				return false;
			while (*text >= '0' && *text <= '9')
				text++;
		}
		if (!offset(&text, &shift) || *text != '\0')
			return false;
	}
	if (tm.tm_year < 1970 || tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	back = tm;
	moment = timegm(&back);
	/* timegm() makes 1 March of 30 February: refuse it */
	if (tm.tm_sec < 60 && (back.tm_mon != tm.tm_mon || back.tm_mday != tm.tm_mday))
		return false;
	*ret = (int64_t)moment - shift;
	return true;
}

int prg_moment_parse(const char *text, int64_t now, int64_t *ret, struct prg_error *err)
{
	int64_t seconds;

	if (rfc3339(text, ret))
		return 0;
	if (prg_duration_parse(text, &seconds, NULL) == 0) {
		*ret = now + seconds;
		return 0;
	}
	return prg_error_set(err, PRG_E_USAGE,
	                     "malformed moment '%.40s': expected 2027-01-31, "
	                     "2027-01-31T12:00:00Z, or a duration such as 30d",
	                     text);
}

void prg_moment_format(int64_t moment, char ret[21])
{
	time_t t = (time_t)moment;
	struct tm tm;

	if (moment < 0 || moment > 253402300799 || gmtime_r(&t, &tm) == NULL ||
	    strftime(ret, 21, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		strcpy(ret, "9999-12-31T23:59:59Z");
}

/* Unit of a size at text[0..n): its factor, or 0. */
static uint64_t size_factor(const char *text, size_t n)
{
	static const char letters[] = "kMGTP";
	uint64_t decimal = 1000, binary = 1024;
	size_t i;

	if (n == 0 || (n == 1 && text[0] == 'B'))
		return 1;
	for (i = 0; letters[i] != '\0'; i++, decimal *= 1000, binary *= 1024) {
		if (text[0] != letters[i] && !(letters[i] == 'k' && text[0] == 'K'))
			continue;
		if (n == 1 || (n == 2 && text[1] == 'B'))
			return decimal;
		if ((n == 2 && text[1] == 'i') || (n == 3 && memcmp(text + 1, "iB", 2) == 0))
			return binary;
	}
	return 0;
}

static bool size_n(const char *text, size_t length, uint64_t *ret)
{
	uint64_t value, factor;
	size_t n = digits(text, &value);

	if (n == 0 || n > length)
		return false;
	factor = size_factor(text + n, length - n);
	if (factor == 0 || value > (uint64_t)INT64_MAX / factor)
		return false;
	*ret = value * factor;
	return true;
}

int prg_size_parse(const char *text, uint64_t *ret, struct prg_error *err)
{
	if (size_n(text, strlen(text), ret))
		return 0;
	return prg_error_set(err, PRG_E_USAGE,
	                     "malformed size '%.32s': expected bytes, or a number with k, M, G, T "
	                     "or KiB, MiB, GiB, TiB",
	                     text);
}

int prg_quota_parse(const char *text, uint64_t *ret_bytes, enum prg_quota_period *ret_period,
                    struct prg_error *err)
{
	const char *slash = strchr(text, '/');
	enum prg_quota_period period = PRG_QUOTA_TOTAL;
	uint64_t bytes;

	if (slash != NULL && strcmp(slash, "/day") == 0)
		period = PRG_QUOTA_DAY;
	else if (slash != NULL && strcmp(slash, "/month") == 0)
		period = PRG_QUOTA_MONTH;
	else if (slash != NULL)
		goto malformed;
	if (!size_n(text, slash ? (size_t)(slash - text) : strlen(text), &bytes) || bytes == 0)
		goto malformed;
	*ret_bytes = bytes;
	*ret_period = period;
	return 0;
malformed:
	return prg_error_set(err, PRG_E_USAGE,
	                     "malformed quota '%.32s': expected a size, such as 10G, 10G/day or "
	                     "10G/month",
	                     text);
}

bool prg_is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x61c || c == 0x200e || c == 0x200f ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}
