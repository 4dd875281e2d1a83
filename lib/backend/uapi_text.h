/* SPDX-License-Identifier: ISC */
/* The text protocol of userspace WireGuard (cross-platform UAPI). Pure; any
 * bytes are safe. */
#ifndef PRG_BACKEND_UAPI_TEXT_H
#define PRG_BACKEND_UAPI_TEXT_H

#include "backend/assemble.h"

/* Longest line that is read; what WireGuard has to say needs under 200. */
#define PRG_UAPI_LINE 512

/* Appends the lines of one operation (DEVICE, PEER_*); "set=1" before the first
 * and an empty line behind the last are the caller's. */
int prg_uapi_encode(struct prg_text *text, const struct prg_op *op, struct prg_error *err);

/* Takes an answer apart as it comes in. */
struct prg_uapi_decoder {
	struct prg_assembly *assembly; /* NULL: the answer to a set */
	char line[PRG_UAPI_LINE];
	size_t used;
	bool has_errno;
	int errnum; /* 0: success */
	bool ended; /* the empty line behind errno was seen */
};

void prg_uapi_decoder_init(struct prg_uapi_decoder *decoder, struct prg_assembly *assembly);
void prg_uapi_decoder_done(struct prg_uapi_decoder *decoder); /* wipes */
/* Takes `length` bytes more. Returns what an observer returned, or
 * PRG_E_CORRUPT. The last peer is told by prg_assembly_end(), by the caller. */
int prg_uapi_decode(struct prg_uapi_decoder *decoder, const char *bytes, size_t length,
                    struct prg_error *err);

#endif
