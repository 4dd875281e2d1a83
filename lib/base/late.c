/* SPDX-License-Identifier: ISC */
#include "base/late.h"

#if defined(PEERAGE_DLOPEN) && PEERAGE_DLOPEN

#include <dlfcn.h>
#include <pthread.h>

#include "base/error.h"

static int fail(const struct prg_late *late, struct prg_error *err)
{
	const char *why = dlerror();

	return prg_error_set(err, PRG_E_UNSUPPORTED, "%s: a library is missing: %s", late->what,
	                     why != NULL ? why : late->soname);
}

static int load(const struct prg_late *late, struct prg_error *err)
{
	void *library = dlopen(late->soname, RTLD_NOW | RTLD_LOCAL);
	size_t i;

	if (library == NULL)
		return fail(late, err);
	/* the first comes last: who finds it finds all */
	for (i = late->n; i-- > 0;) {
		void *function = dlsym(library, late->names[i]);

		if (function == NULL) {
			int rc = fail(late, err);

			dlclose(library);
			return rc;
		}
		__atomic_store_n(&late->table[i], function, __ATOMIC_RELEASE);
	}
	return 0;
}

int prg_late_load(const struct prg_late *late, struct prg_error *err)
{
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	int rc = 0;

	if (__atomic_load_n(&late->table[0], __ATOMIC_ACQUIRE) != NULL)
		return 0;
	pthread_mutex_lock(&mutex);
	if (late->table[0] == NULL)
		rc = load(late, err);
	pthread_mutex_unlock(&mutex);
	return rc;
}

#endif
