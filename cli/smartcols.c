/* SPDX-License-Identifier: ISC */
#include "smartcols.h"

#include "say.h"

#if defined(PEERAGE_DLOPEN) && PEERAGE_DLOPEN

#include <dlfcn.h>
#include <stdint.h>

#define SONAME "libsmartcols.so.1"
#define NAME(name) "scols_" #name,

struct smartcols scols;

/* For packagers, who find no dependency in the program's header. */
#define NOTE                                                                                       \
	"[{\"feature\":\"table\",\"description\":\"tables\",\"priority\":\"recommended\","         \
	"\"soname\":[\"" SONAME "\"]}]"
__attribute__((used, section(".note.dlopen"), aligned(4))) static const struct {
	uint32_t name_size, json_size, type;
	char name[4];
	char text[(sizeof(NOTE) + 3) & ~(size_t)3];
} note = { 4, sizeof(NOTE), 0x407c0c0a, "FDO", NOTE };

int smartcols_load(struct prg_error *err)
{
	static const char *const names[] = { SMARTCOLS(NAME) };
	void **table = (void **)&scols, *library = NULL;

	if (scols.new_table)
		return 0;
	library = dlopen(SONAME, RTLD_NOW | RTLD_LOCAL);
	for (size_t i = 0; library && i < sizeof(names) / sizeof(*names); i++) {
		table[i] = dlsym(library, names[i]);
		if (!table[i])
			library = NULL;
	}
	if (library)
		return 0;
	scols.new_table = NULL;
	return say_error(err, PRG_E_UNSUPPORTED, "tables: a library is missing: %s; --json and "
	                                         "--tsv do without", dlerror());
}

#else

#define ADDRESS(name) .name = scols_##name,
struct smartcols scols = { SMARTCOLS(ADDRESS) };

int smartcols_load(struct prg_error *err)
{
	(void)err;
	return 0;
}

#endif
