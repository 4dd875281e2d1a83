/* SPDX-License-Identifier: ISC */
/* Which system calls are let through: the list is in filter_rules.c, libseccomp makes the
 * filter of it. */
#ifndef PEERAGE_CLI_FILTER_H
#define PEERAGE_CLI_FILTER_H

/*
 * From here on, for all threads and for good:
 *  - what only an intruder would call (exec, ptrace, bpf, mount, kernel modules, keys,
 *    namespaces…) ends the process, as does a call in the way of another kind of
 *    processor;
 *  - no new process, no memory to execute, no capability or user regained, nothing typed
 *    for the user: EPERM;
 *  - what is not on the list is unknown, ENOSYS, so that a C library falls back; so is
 *    what is on it with other arguments: a socket but AF_UNIX and AF_NETLINK (route,
 *    generic), a signal to others (but that a pipeline in the background stops), by
 *    fcntl(2) either, being dumpable again, an ioctl but some of terminals, a mode by
 *    which everybody writes or that makes a program setuid.
 * Modes and owners of files are not changed by name: landlock would not mind whose.
 * Where sockets are made by socketcall(2) (32-bit x86 with an old C library), their family
 * cannot be seen and is not judged.
 * Returns 0, or an errno: ENOSYS also where it was built without libseccomp.
 */
int filter_close(void);

#endif
