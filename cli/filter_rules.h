/* SPDX-License-Identifier: ISC */
/*
 * The filter's rules, and libseccomp's program of them. Where the machine that builds can run
 * what it builds, cli/filter_make.c has that made then, and neither libseccomp nor its
 * work is in the program that users start; else the program makes it at each start.
 */
#ifndef PEERAGE_CLI_FILTER_RULES_H
#define PEERAGE_CLI_FILTER_RULES_H

#include <seccomp.h>

/* For the process of that number. 0, with a filter for seccomp_release(); or a negative
 * errno: -EOPNOTSUPP, this kernel or kind of processor has no such filter. */
int filter_make(unsigned self, scmp_filter_ctx *ret_filter);

#endif
