/* SPDX-License-Identifier: ISC */
/*
 * traces ENDPOINTS HANDSHAKES UNITS FILE…: which of these endpoints ("192.0.2.1:5",
 * "[fd00::1]:5", one a line) and moments (seconds since 1970) stand in some file, in any
 * form that a program would write them in; moments also rounded down to each of the
 * UNITS ("1,60,3600"). One finding a line; exit 1 where there is any.
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MOST 4096

static struct form {
	char what[120];
	unsigned char bytes[64];
	size_t length;
} forms[MOST];
static size_t n_forms;

static void add(const char *of, const char *how, const void *bytes, size_t length)
{
	struct form *form = &forms[n_forms++];

	if (n_forms > MOST || length > sizeof(form->bytes))
		exit(2);
	snprintf(form->what, sizeof(form->what), "%s %s", of, how);
	memcpy(form->bytes, bytes, length);
	form->length = length;
}

static void add_endpoint(char *line)
{
	char of[80], text[80], *colon = strrchr(line, ':'), *address = line;
	unsigned char raw[16];
	int family = line[0] == '[' ? AF_INET6 : AF_INET;
	size_t length = family == AF_INET6 ? 16 : 4, i;

	snprintf(of, sizeof(of), "endpoint %.60s", line);
	if (colon == NULL)
		exit(2);
	*colon = '\0';
	if (family == AF_INET6) {
		address++;
		colon[-1] = '\0';
	}
	if (inet_pton(family, address, raw) != 1)
		exit(2);
	add(of, "address", address, strlen(address));
	add(of, "address, bytes", raw, length);
	for (i = 0; i < length; i++)
		snprintf(text + 2 * i, 3, "%02x", raw[i]);
	add(of, "address, in hex", text, 2 * length);
	snprintf(text, sizeof(text), ":%.10s", colon + 1);
	add(of, "port", text, strlen(text));
}

static void add_moment(const char *line, long unit)
{
	time_t t = (time_t)strtoll(line, NULL, 10);
	char of[80], text[64];
	struct tm tm;
	uint32_t big, little;

	t -= t % unit;
	snprintf(of, sizeof(of), "handshake %.20s to %ld s", line, unit);
	snprintf(text, sizeof(text), "%lld", (long long)t);
	add(of, "as text", text, strlen(text));
	big = htonl((uint32_t)t);
	little = __builtin_bswap32(big);
	add(of, "four bytes", &big, 4);
	add(of, "four bytes, little-endian", &little, 4);
	gmtime_r(&t, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	add(of, "RFC 3339", text, strlen(text));
}

static void each_line(const char *path, const char *units)
{
	char line[128];
	FILE *file = fopen(path, "r");

	if (file == NULL)
		exit(2);
	while (fgets(line, sizeof(line), file) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (units == NULL)
			add_endpoint(line);
		for (const char *at = units; at != NULL; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
			add_moment(line, strtol(at, NULL, 10));
	}
	fclose(file);
}

static size_t look(const char *path)
{
	FILE *file = fopen(path, "r");
	size_t length = 0, found = 0, n;
	char *bytes = NULL;

	if (file == NULL)
		exit(2);
	do {
		bytes = realloc(bytes, length + (1 << 20));
		if (bytes == NULL)
			exit(2);
		n = fread(bytes + length, 1, 1 << 20, file);
		length += n;
	} while (n > 0);
	fclose(file);
	for (size_t i = 0; i < n_forms; i++)
		if (memmem(bytes, length, forms[i].bytes, forms[i].length) != NULL) {
			printf("%s, in %s\n", forms[i].what, path);
			found++;
		}
	free(bytes);
	return found;
}

int main(int argc, char **argv)
{
	size_t found = 0;

	if (argc < 5)
		return 2;
	each_line(argv[1], NULL);
	each_line(argv[2], argv[3]);
	for (int i = 4; i < argc; i++)
		found += look(argv[i]);
	return found > 0;
}
