/* SPDX-License-Identifier: ISC */
#include "line.h"

#include "cells.h"
#include "human.h"
#include "sink.h"

/* More than all of a line but its name and its allowed IPs. */
#define LINE_REST (64 + HUMAN_TEXT + 3 * 24 + PRG_KEY_TEXT + PRG_ENDPOINT_TEXT)

_Static_assert(LINE_REST < SINK_BYTES && CELLS_ESCAPED * PRG_NAME_BYTES < SINK_BYTES,
               "each has room in the sink");

static char *put_number(char *at, uint64_t value)
{
	char text[24], *digits = text + sizeof(text);
	size_t length;

	if (value < 10) {
		*at = (char)('0' + value);
		return at + 1;
	}
	for (; value; value /= 10)
		*--digits = (char)('0' + value % 10);
	length = (size_t)(text + sizeof(text) - digits);
	memcpy(at, digits, length);
	return at + length;
}

/* Of a word there are so few letters that a call takes longer. */
static char *put_word(char *at, const char *word)
{
	while (*word)
		*at++ = *word++;
	return at;
}

static char *put_allowed_ips(char *at, const struct prg_live *live)
{
	for (size_t i = 0; i < live->n_allowed_ips; i++) {
		at = sink_more(at, 1 + PRG_PREFIX_TEXT);
		if (i > 0)
			*at++ = ',';
		prg_prefix_format(&live->allowed_ips[i], at);
		at += strlen(at);
	}
	return at;
}

void line_running(const struct prg_live *live, const struct prg_peer *peer, bool endpoint)
{
	char *at = sink_begin(CELLS_ESCAPED * PRG_NAME_BYTES);

	if (peer)
		at = cells_escape(at, peer->name);
	at = sink_more(at, LINE_REST);
	*at++ = '\t';
	at = put_word(at, prg_live_status_name(live->status));
	*at++ = '\t';
	if (live->latest_handshake_at) {
		human_moment(live->latest_handshake_at, at);
		at += strlen(at);
	}
	*at++ = '\t';
	at = put_number(at, live->rx_bytes);
	*at++ = '\t';
	at = put_number(at, live->tx_bytes);
	*at++ = '\t';
	prg_public_key_format(&live->public_key, at);
	at += PRG_KEY_TEXT - 1;
	*at++ = '\t';
	at = put_allowed_ips(at, live);
	at = sink_more(at, LINE_REST);
	if (live->has_preshared_key) {
		memcpy(at, "\ttrue\t", 6);
		at += 6;
	} else {
		memcpy(at, "\tfalse\t", 7);
		at += 7;
	}
	at = put_number(at, live->keepalive_s);
	if (endpoint)
		*at++ = '\t';
	if (endpoint && live->endpoint.port) {
		prg_endpoint_format(&live->endpoint, at);
		at += strlen(at);
	}
	*at++ = '\n';
	sink_end(at);
}
