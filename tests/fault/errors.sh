#!/bin/bash
# SPDX-License-Identifier: ISC
# Each system call of a command in turn fails: EIO, ENOSPC, EINTR. The command does
# its work or says in one line why not, and what it leaves behind is in order as
# after a kill -9. FAULT_VERBS, FAULT_ERRORS and FAULT_STEP narrow it down.
. "$(dirname "${BASH_SOURCE[0]}")/harness.bash"
: "${FAULT_VERBS:=add add-file revoke rotate overlap forget set disable configure up down maintain}" "${FAULT_STEP:=1}"
: "${FAULT_ERRORS:=EIO ENOSPC EINTR}"

# Calls that do not fail so, or whose failure the C library or libsodium takes for
# the end of the world, as it should.
infallible='execve|exit|exit_group|rt_sig.*|restart_syscall|futex|getrandom|get.*id|clock_gettime|umask'
infallible+='|munmap|mprotect|madvise|brk'

# acceptable STATUS: the command's own end, and where it failed one line on it
acceptable() {
	case $1 in
	0) return ;;
	[1-7]) [ "$(wc -l <"$box/errs")" = 1 ] && grep -q '^peerage: .\{12\}' "$box/errs" && return ;;
	esac
	echo "exit $1, and $(wc -l <"$box/errs") lines: $(head -n 3 "$box/errs")"
	return 1
}
# A failure that is not "recorded, not applied" leaves the register as it was, but
# for a config that could not be handed out as it was to be: then it says so.
honest() {
	case $1 in 0 | 4) return ;; esac
	[ "$document" = "$before" ] || grep -q 'is added\|is printed instead\|all else is done' "$box/errs" || {
		echo "exit $1, but recorded: $(<"$box/errs")"
		return 1
	}
}
# one VERB CALL NTH ERROR
one() {
	local status
	start_from "$1"
	# shellcheck disable=SC2086
	strace -qq -o "$box/trace" -e "trace=$2" -e "inject=$2:error=$4:when=$3" \
		"$PEERAGE" -q ${command[$1]} >"$box/out" 2>"$box/errs" </dev/null
	status=$?
	grep -q INJECTED "$box/trace" && injected=$((injected + 1))
	{ acceptable "$status" && left_behind "$status" && honest "$status" && mends "$1" "$3" "$status"; } \
		>"$box/why" 2>&1
}
# The calls of the last trace, and the first and the last time of each, without what
# the loader does before the program begins.
calls() {
	awk '/^prctl\(PR_SET_DUMPABLE/ { begun = 1 }
		/^[a-z]/ { call = $0; sub(/\(.*/, "", call); n[call]++; if (!begun) first[call] = n[call] }
		END { for (call in n) if (n[call] > first[call]) print call, first[call] + 1, n[call] }' \
		"$box/trace" | sort | grep -vE "^($infallible) "
}
# sweep VERB ERROR
sweep() {
	local verb=$1 error=$2 call first last nth bad='' injected=0
	start_from "$verb"
	# shellcheck disable=SC2086
	strace -qq -o "$box/trace" "$PEERAGE" -q ${command[$verb]} >/dev/null 2>&1 </dev/null
	calls >"$box/calls"
	while read -r call first last <&3; do
		for ((nth = first; nth <= last; nth += FAULT_STEP)); do
			one "$verb" "$call" "$nth" "$error" ||
				bad+="$call $nth of $last: $(head -n 12 "$box/why")"$'\n'
		done
	done 3<"$box/calls"
	note "$verb: $error $injected times"
	is "$verb, $error from any system call" "$bad" ""
	ok "$verb: $error was met" test "$injected" -gt $((100 / FAULT_STEP))
}
# Where nothing at all can be synced, or written to a file, nothing is acknowledged.
refuses() {
	local verb=$1 calls=$2 error=$3
	start_from "$verb"
	# shellcheck disable=SC2086
	strace -qq -o "$box/trace" -e "trace=$calls" -e "inject=$calls:error=$error" \
		"$PEERAGE" -q ${command[$verb]} >"$box/out" 2>"$box/errs" </dev/null
	status=$?
	not "$verb, each of $calls fails ($error): not acknowledged" test "$status" = 0
	ok "one line" acceptable "$status"
	ok "and all in order" mends "$verb" 1 "$status"
}

make_base
for verb in $FAULT_VERBS; do
	learn "$verb"
	refuses "$verb" fsync,fdatasync EIO
	refuses "$verb" pwrite64 ENOSPC
	for error in $FAULT_ERRORS; do sweep "$verb" "$error"; done
done
finish
