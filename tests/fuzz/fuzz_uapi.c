/* SPDX-License-Identifier: ISC */
/*
 * What a program behind a WireGuard socket may answer. However the bytes come in,
 * the same is understood; what is understood keeps the promises of backend.h.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "backend/uapi_text.h"
#include "model/addr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct result {
	int code;
	int errnum;
	bool ended;
	uint64_t sum; /* of all that was told, in order */
};

static void demand(bool good)
{
	if (!good)
		abort();
}

/* FNV-1a */
static void mix(struct result *result, const void *data, size_t length)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < length; i++)
		result->sum = (result->sum ^ bytes[i]) * 0x100000001b3u;
}

static int take_device(void *context, const struct prg_wg_device *device, struct prg_error *err)
{
	(void)err;
	mix(context, device, sizeof(*device));
	return 0;
}

static int take_peer(void *context, const struct prg_wg_peer *peer, struct prg_error *err)
{
	struct result *result = context;

	(void)err;
	mix(result, &peer->public_key, sizeof(peer->public_key));
	mix(result, &peer->endpoint.port, sizeof(peer->endpoint.port));
	mix(result, &peer->rx_bytes, sizeof(peer->rx_bytes));
	if (peer->preshared_key != NULL)
		mix(result, peer->preshared_key, sizeof(*peer->preshared_key));
	for (size_t i = 0; i < peer->n_allowed_ips; i++) {
		struct prg_prefix network = prg_prefix_network(&peer->allowed_ips[i]);

		demand(network.length <= prg_addr_bits(&network.addr));
		demand(prg_prefix_compare(&network, &peer->allowed_ips[i]) == 0);
		mix(result, &network.length, sizeof(network.length));
		mix(result, network.addr.bytes, sizeof(network.addr.bytes));
	}
	return 0;
}

static struct result decode(const uint8_t *data, size_t size, size_t piece)
{
	struct result result = { 0 };
	struct prg_observer observer = { .context = &result,
		                         .device = take_device,
		                         .peer = take_peer };
	struct prg_uapi_decoder decoder;
	struct prg_assembly assembly;
	struct prg_error err;

	prg_assembly_init(&assembly, &observer, "wg0");
	prg_uapi_decoder_init(&decoder, &assembly);
	for (size_t at = 0; result.code == 0 && at < size; at += piece) {
		size_t length = size - at < piece ? size - at : piece;

		result.code = prg_uapi_decode(&decoder, (const char *)data + at, length, &err);
	}
	if (result.code == 0)
		result.code = prg_assembly_end(&assembly, &err);
	else
		demand(memchr(err.message, '\0', sizeof(err.message)) != NULL);
	result.errnum = decoder.errnum;
	result.ended = decoder.ended;
	prg_uapi_decoder_done(&decoder);
	prg_assembly_done(&assembly);
	return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct result whole = decode(data, size, size > 0 ? size : 1);
	struct result pieces = decode(data, size, 7);

	demand(whole.code == pieces.code && whole.sum == pieces.sum);
	demand(whole.errnum == pieces.errnum && whole.ended == pieces.ended);
	demand(whole.errnum >= 0 && whole.errnum <= 4095);
	return 0;
}
