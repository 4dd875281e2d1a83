/* SPDX-License-Identifier: ISC */
/*
 * Libraries that few calls need are loaded with the first that does, for to find, map
 * and relocate one takes as long as much of what the program does. A module names the
 * functions that it calls and its library:
 *
 *     #define FUNCTIONS(X) X(QRcode_encodeData) X(QRcode_free)
 *     PRG_LATE(qrencode, FUNCTIONS, "libqrencode.so.4", "qr", "QR codes");
 *
 * and calls qrencode.QRcode_free(), once prg_late_load(&qrencode_late, err) has returned
 * 0. The name is the one that the dynamic linker would have been given, and is looked for
 * as it would; a note in the file tells packagers of it, who find no dependency there
 * (https://uapi-group.org/specifications/specs/elf_dlopen_metadata/).
 *
 * With -Ddlopen=false libraries are linked as ever, and all of this is a table.
 */
#ifndef PRG_BASE_LATE_H
#define PRG_BASE_LATE_H

#include <stddef.h>
#include <stdint.h>

#include "peerage.h"

struct prg_late {
	const char *soname, *what;
	const char *const *names; /* of the functions, in the order of the table */
	void **table;
	size_t n;
};

#define PRG_LATE_POINTER(function) __typeof__(function) *function;
#define PRG_LATE_NAME(function) #function,
#define PRG_LATE_ADDRESS(function) .function = function,

#if defined(PEERAGE_DLOPEN) && PEERAGE_DLOPEN

#define PRG_LATE(library, functions, soname_, feature, what_)                                      \
	static struct {                                                                            \
		functions(PRG_LATE_POINTER)                                                        \
	} library;                                                                                 \
	static const char *const library##_names[] = { functions(PRG_LATE_NAME) };                 \
	PRG_LATE_NOTE(library##_note, "[{\"feature\":\"" feature "\",\"description\":\"" what_    \
	                              "\",\"priority\":\"recommended\",\"soname\":[\"" soname_    \
	                              "\"]}]");                                                    \
	static const struct prg_late library##_late = {                                            \
		soname_, what_, library##_names, (void **)&library,                                \
		sizeof(library##_names) / sizeof(library##_names[0])                               \
	}

#define PRG_LATE_NOTE(variable, json)                                                              \
	__attribute__((used, section(".note.dlopen"), aligned(4))) static const struct {           \
		uint32_t name_size, json_size, type;                                               \
		char name[4];                                                                      \
		char text[(sizeof(json) + 3) & ~(size_t)3];                                        \
	} variable = { 4, sizeof(json), 0x407c0c0a, "FDO", json }

/* Loads it, unless it is. From several threads at once, too. Errors: PRG_E_UNSUPPORTED
 * says what cannot be had without it, and why it cannot be loaded. */
int prg_late_load(const struct prg_late *late, struct prg_error *err);

#else

#define PRG_LATE(library, functions, soname_, feature, what_)                                      \
	static const struct {                                                                      \
		functions(PRG_LATE_POINTER)                                                        \
	} library = { functions(PRG_LATE_ADDRESS) };                                               \
	static const struct prg_late library##_late = { soname_, what_, NULL, NULL, 0 }

static inline int prg_late_load(const struct prg_late *late, struct prg_error *err)
{
	(void)late;
	(void)err;
	return 0;
}

#endif

#endif
