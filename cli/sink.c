/* SPDX-License-Identifier: ISC */
#include "sink.h"

#include <stdio.h>

struct sink sink;

void sink_flush(void)
{
	if (sink.used > 0)
		(void)fwrite_unlocked(sink.bytes, 1, sink.used, stdout);
	sink.used = 0;
}

void sink_write(const char *bytes, size_t length)
{
	sink_flush();
	if (length > SINK_BYTES) {
		(void)fwrite_unlocked(bytes, 1, length, stdout);
		return;
	}
	memcpy(sink.bytes, bytes, length);
	sink.used = length;
}
