/* SPDX-License-Identifier: ISC */
/* Names made of what others call a peer; the rest is in peerage.h. */
#ifndef PRG_MODEL_NAME_H
#define PRG_MODEL_NAME_H

#include "peerage.h"

/* The name that `length` bytes of text make: what a name refuses becomes '-', what
 * it refuses at its beginning goes, and it is cut at 64 bytes. *ret_same: it is the
 * text itself (whatever its Unicode normal form). False: nothing is left of it. */
bool prg_name_map(const char *text, size_t length, char ret_name[PRG_NAME_BYTES + 1],
                  bool *ret_same);

/* What peer `name` is called once its key is the older one: "name.old", with a number
 * behind it from n 2 on; cut at a character where that is too long. */
void prg_name_older(const char *name, unsigned n, char ret_name[PRG_NAME_BYTES + 1]);

/* A text that begins as UTF-16 does, and what to say of it. */
bool prg_is_utf16(const char *text, size_t length);
#define PRG_NOT_UTF16 "this is UTF-16: save it as UTF-8"

#endif
