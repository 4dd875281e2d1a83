# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# Before strace and its like: a sanitizer that looks for leaks traces the process itself,
# and there is one tracer.
# shellcheck disable=SC2034
traced=(env "ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0")
