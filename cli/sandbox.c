/* SPDX-License-Identifier: ISC */
#include "sandbox.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

void sandbox_harden(void)
{
	const struct rlimit none = { 0, 0 };

	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void)umask(077);
}

#ifdef PEERAGE_SANDBOX

#include "filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What headers may be too old for, linux/landlock.h. */
#define FS_REFER (UINT64_C(1) << 13)     /* from version 2 on */
#define FS_TRUNCATE (UINT64_C(1) << 14)  /* 3 */
#define FS_IOCTL_DEV (UINT64_C(1) << 15) /* 5 */
#define NET_TCP UINT64_C(3)              /* 4: bind and connect */
#define SCOPE UINT64_C(1)                /* 6: abstract unix sockets */

#define FS_READ ((uint64_t)LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define FS_CHANGE                                                                                  \
	((uint64_t)LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |                 \
	 LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |                            \
	 LANDLOCK_ACCESS_FS_MAKE_REG | FS_REFER | FS_TRUNCATE)
/* All that version 1 knows. */
#define FS_FIRST ((UINT64_C(1) << 13) - 1)
/* Rights that a file can have, which is no directory. */
#define FS_OF_FILE                                                                                 \
	((uint64_t)LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE |    \
	 FS_IOCTL_DEV)

struct ruleset {
	uint64_t fs, net, scoped; /* as struct landlock_ruleset_attr grew */
};

bool sandbox_is_built(void)
{
	return true;
}

/* The kernel has it not, or somebody outside does not let us have it. */
static bool is_absent(int errnum)
{
	return errnum == ENOSYS || errnum == EOPNOTSUPP || errnum == EINVAL || errnum == EPERM;
}

static uint64_t rights(enum sandbox_access access)
{
	switch (access) {
	case SANDBOX_READ:
		return FS_READ;
	case SANDBOX_WRITE:
		return FS_READ | FS_CHANGE;
	case SANDBOX_RMDIR:
		return LANDLOCK_ACCESS_FS_REMOVE_DIR;
	case SANDBOX_TUNE:
		return FS_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE;
	case SANDBOX_TERMINAL:
		return LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_IOCTL_DEV;
	default:
		return 0;
	}
}

static int add_path(int ruleset, const struct sandbox_path *path, uint64_t handled)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = rights(path->access) & handled };
	struct stat st;
	int errnum = 0;

	if (!rule.allowed_access)
		return 0;
	rule.parent_fd = open(path->path, O_PATH | O_CLOEXEC);
	/* who opens it later is told why not */
	if (rule.parent_fd < 0)
		return 0;
	if (fstat(rule.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
		rule.allowed_access &= FS_OF_FILE;
	if (rule.allowed_access &&
	    syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0 &&
	    errno != EBADFD) /* a pipe, which no rule is for */
		errnum = errno;
	/* /proc/sys makes its inodes anew, and a rule is for one of them: keep that */
	if (path->access != SANDBOX_TUNE || errnum)
		close(rule.parent_fd);
	return errnum;
}

static int close_files(const struct sandbox_path *paths, size_t n)
{
	struct ruleset all = { .fs = FS_FIRST };
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0,
	                       LANDLOCK_CREATE_RULESET_VERSION);
	size_t size = version >= 6 ? sizeof(all) : version >= 4 ? 16 : 8;
	int ruleset, errnum = 0;

	/* the first version moves no file to another directory, which --out has to */
	if (version < 2)
		return version < 0 ? errno : ENOSYS;
	all.fs |= FS_REFER | (version >= 3 ? FS_TRUNCATE : 0) | (version >= 5 ? FS_IOCTL_DEV : 0);
	all.net = version >= 4 ? NET_TCP : 0;
	all.scoped = version >= 6 ? SCOPE : 0;
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &all, size, 0);
	if (ruleset < 0)
		return errno;
	for (size_t i = 0; i < n && !errnum; i++)
		errnum = add_path(ruleset, &paths[i], all.fs);
	if (!errnum && syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
		errnum = errno;
	close(ruleset);
	return errnum;
}

/* -------------------------------------------------------------- capabilities */

#define BIT(cap) (UINT64_C(1) << (cap))
#define FILE_CAPS (BIT(CAP_DAC_OVERRIDE) | BIT(CAP_DAC_READ_SEARCH))

struct caps {
	uint64_t effective, permitted, inheritable;
};

static int get_caps(struct caps *ret)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data) != 0)
		return errno;
	ret->effective = data[0].effective | (uint64_t)data[1].effective << 32;
	ret->permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	ret->inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << 32;
	return 0;
}

static int set_caps(const struct caps *caps)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {
		{ (uint32_t)caps->effective, (uint32_t)caps->permitted,
		  (uint32_t)caps->inheritable },
		{ (uint32_t)(caps->effective >> 32), (uint32_t)(caps->permitted >> 32),
		  (uint32_t)(caps->inheritable >> 32) },
	};

	return syscall(SYS_capset, &header, data) == 0 ? 0 : errno;
}

/* Not by access(2), which is for the real user with all capabilities. */
static bool is_usable(const struct sandbox_path *path)
{
	int mode = path->access == SANDBOX_READ ? R_OK : R_OK | W_OK;
	struct stat st;

	if (stat(path->path, &st) != 0)
		return errno != EACCES;
	if (S_ISDIR(st.st_mode))
		mode |= X_OK;
	if (path->access == SANDBOX_RMDIR || path->access == SANDBOX_TUNE ||
	    path->access == SANDBOX_TERMINAL)
		return true;
	return syscall(SYS_faccessat2, AT_FDCWD, path->path, mode, AT_EACCESS) == 0 ||
	       (errno != EACCES && errno != ENOSYS);
}

static int shed_capabilities(const struct sandbox_path *paths, size_t n)
{
	struct caps caps = { 0 }, less;
	uint64_t keep = BIT(CAP_NET_ADMIN);
	int errnum = get_caps(&caps);

	if (errnum || !(caps.permitted | caps.inheritable))
		return errnum;
	if (caps.effective & FILE_CAPS) {
		less = caps;
		less.effective &= ~FILE_CAPS;
		errnum = set_caps(&less);
		for (size_t i = 0; i < n && !errnum && !(keep & FILE_CAPS); i++)
			keep |= is_usable(&paths[i]) ? 0 : FILE_CAPS;
	}
	for (int cap = 0; !errnum && cap < 64; cap++)
		if (!(keep & BIT(cap)) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0)
			break; /* not so many, or not allowed to */
	less = (struct caps){ caps.permitted & keep, caps.permitted & keep, 0 };
	return errnum ? errnum : set_caps(&less);
}

/* What CAP_IPC_LOCK was for: keys by the ten thousand are locked, not swapped. */
static void raise_locked(void)
{
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	struct rlimit limit;

	if (setrlimit(RLIMIT_MEMLOCK, &all) == 0 || getrlimit(RLIMIT_MEMLOCK, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_MEMLOCK, &limit);
}

int sandbox_close(const struct sandbox_path *paths, size_t n, const char **ret_what)
{
	int errnum;

	raise_locked();
	*ret_what = "no_new_privs";
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return errno;
	*ret_what = "capabilities";
	errnum = shed_capabilities(paths, n);
	if (errnum && !is_absent(errnum))
		return errnum;
	*ret_what = "landlock";
	errnum = close_files(paths, n);
	if (errnum && !is_absent(errnum))
		return errnum;
	*ret_what = "seccomp";
	errnum = filter_close();
	return errnum && !is_absent(errnum) ? errnum : 0;
}

#else

bool sandbox_is_built(void)
{
	return false;
}

int sandbox_close(const struct sandbox_path *paths, size_t n, const char **ret_what)
{
	(void)paths;
	(void)n;
	(void)ret_what;
	return 0;
}

#endif
