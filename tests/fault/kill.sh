#!/bin/bash
# SPDX-License-Identifier: ISC
# kill -9 at any moment: each system call of a command in turn is the one that it
# does not live to make. The register opens, its chain verifies, it says what it
# said before or what the command was to make of it, nothing acknowledged is lost,
# and whatever changing command comes next leaves kernel and register equal.
# FAULT_VERBS narrows it down; FAULT_STEP=N takes each Nth call only.
. "$(dirname "${BASH_SOURCE[0]}")/harness.bash"
: "${FAULT_VERBS:=add add-file revoke rotate overlap forget set disable configure up down maintain}" "${FAULT_STEP:=1}"

# sweep VERB: until it lives
sweep() {
	local verb=$1 call=1 status killed=0 recorded=0 bad='' lines
	learn "$verb"
	while :; do
		start_from "$verb"
		# shellcheck disable=SC2086
		"$KILLAT" "$call" "$PEERAGE" -q ${command[$verb]} >"$box/out" 2>"$box/errs" </dev/null
		status=$?
		case $status in
		137) killed=$((killed + 1)) ;;
		0) ;;
		*) bad+="call $call: exit $status: $(head -n 2 "$box/errs")"$'\n' ;;
		esac
		mends "$verb" "$call" "$status" >"$box/why" 2>&1 ||
			bad+="call $call: $(head -n 12 "$box/why")"$'\n'
		[ "$chain" -gt $((chain_before + 1)) ] && recorded=$((recorded + 1))
		[ "$status" = 137 ] || break
		call=$((call + FAULT_STEP))
		lines=${bad//[!$'\n']/}
		[ ${#lines} -lt 60 ] || break # enough to go by
	done
	note "$verb: killed $killed times, of these $recorded after the commit"
	is "$verb, killed at any system call" "$bad" ""
	ok "$verb: it was killed before and after the commit" \
		test $((killed - recorded)) -gt 0 -a "$recorded" -gt 0
}

make_base
for verb in $FAULT_VERBS; do sweep "$verb"; done
finish
