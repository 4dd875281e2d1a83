/* SPDX-License-Identifier: ISC */
/* What tests of the backends share: golden files, and an observer that keeps
 * what it is told. */
#ifndef PRG_TESTS_BACKEND_TESTING_H
#define PRG_TESTS_BACKEND_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <linux/netlink.h>

#include "backend/backend.h"

#ifndef PRG_TESTS
#define PRG_TESTS "tests"
#endif

#define UNUSED __attribute__((unused))

/* The whole of golden/netlink/NAME, for free(3). */
static UNUSED uint8_t *golden(const char *name, size_t *ret_length)
{
	char path[512];
	uint8_t *data = malloc(65536);
	FILE *file;

	snprintf(path, sizeof(path), "%s/golden/netlink/%s", PRG_TESTS, name);
	file = fopen(path, "rb");
	assert_non_null(file);
	assert_non_null(data);
	*ret_length = fread(data, 1, 65536, file);
	fclose(file);
	assert_in_range(*ret_length, 20, 65535);
	return data;
}

/* The next message of a recording that is not generic netlink's own talk; NULL
 * at the end. *at begins as 0. */
static UNUSED struct nlmsghdr *next_message(uint8_t *data, size_t length, size_t *at)
{
	while (*at + NLMSG_HDRLEN <= length) {
		struct nlmsghdr *message = (struct nlmsghdr *)(data + *at);

		assert_in_range(message->nlmsg_len, NLMSG_HDRLEN, length - *at);
		*at += NLMSG_ALIGN(message->nlmsg_len);
		if (message->nlmsg_type > 0x10 || message->nlmsg_type == NLMSG_ERROR)
			return message;
	}
	return NULL;
}

/* ---- an observer that keeps everything */

#define SEEN_PEERS 2048

struct seen_peer {
	struct prg_wg_peer peer;
	struct prg_preshared_key psk;
	bool has_psk;
	struct prg_prefix *ips;
};

struct seen {
	struct prg_wg_device device;
	unsigned devices, restarts;
	struct seen_peer peers[SEEN_PEERS];
	size_t n;
	int device_returns, peer_returns;
};

static UNUSED void seen_clear(struct seen *seen)
{
	for (size_t i = 0; i < seen->n; i++)
		free(seen->peers[i].ips);
	seen->n = 0;
	seen->devices = 0;
}

static UNUSED int seen_device(void *context, const struct prg_wg_device *device,
                              struct prg_error *err)
{
	struct seen *seen = context;

	(void)err;
	seen->device = *device;
	seen->devices++;
	return seen->device_returns;
}

static UNUSED int seen_peer(void *context, const struct prg_wg_peer *peer, struct prg_error *err)
{
	struct seen *seen = context;
	struct seen_peer *one = &seen->peers[seen->n];

	(void)err;
	assert_in_range(seen->n, 0, SEEN_PEERS - 1);
	*one = (struct seen_peer){ .peer = *peer };
	if (peer->preshared_key != NULL) {
		one->has_psk = true;
		one->psk = *peer->preshared_key;
	}
	one->ips = calloc(peer->n_allowed_ips + 1, sizeof(*one->ips));
	assert_non_null(one->ips);
	if (peer->n_allowed_ips > 0)
		memcpy(one->ips, peer->allowed_ips, peer->n_allowed_ips * sizeof(*one->ips));
	seen->n++;
	return seen->peer_returns;
}

static UNUSED void seen_restart(void *context)
{
	seen_clear(context);
	((struct seen *)context)->restarts++;
}

static UNUSED struct prg_observer seen_observer(struct seen *seen)
{
	return (struct prg_observer){ .context = seen,
		                      .device = seen_device,
		                      .peer = seen_peer,
		                      .restart = seen_restart };
}

static UNUSED struct prg_public_key key_of(unsigned char byte)
{
	struct prg_public_key key;

	memset(key.bytes, byte, sizeof(key.bytes));
	return key;
}

static UNUSED struct prg_prefix prefix_of(const char *text)
{
	struct prg_prefix prefix;

	assert_int_equal(prg_prefix_parse(text, &prefix, NULL), 0);
	return prefix;
}

static UNUSED void assert_prefix(const struct prg_prefix *prefix, const char *text)
{
	char got[PRG_PREFIX_TEXT];

	prg_prefix_format(prefix, got);
	assert_string_equal(got, text);
}

#endif
