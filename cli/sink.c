/* SPDX-License-Identifier: ISC */
#include "sink.h"

#include "peerage.h"

#include <errno.h>
#include <stdio.h>

struct sink sink;

static bool put(const char *bytes, size_t length)
{
	errno = 0;
	if (fwrite_unlocked(bytes, 1, length, stdout) == length)
		return true;
	if (!sink.errnum)
		sink.errnum = errno;
	return false;
}

void sink_flush(void)
{
	if (sink.used > 0)
		(void)put(sink.bytes, sink.used);
	if (sink.used > sink.most)
		sink.most = sink.used;
	sink.used = 0;
}

bool sink_through(const char *bytes, size_t length)
{
	sink_flush();
	return put(bytes, length);
}

void sink_wipe(void)
{
	prg_wipe(sink.bytes, sink.used > sink.most ? sink.used : sink.most);
	sink.used = sink.most = 0;
}

void sink_write(const char *bytes, size_t length)
{
	sink_flush();
	if (length > SINK_BYTES) {
		(void)put(bytes, length);
		return;
	}
	memcpy(sink.bytes, bytes, length);
	sink.used = length;
}
