# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# What the scripts about audit share: what it finds, and whether that is mended by
# the very command that it printed. Sourced after lib.sh.
PATH=$PEERAGE_BUILD/cli:$PATH # what is printed is run as it is
server_ns() { in_ns server "$@"; }
# The clock of a kernel that is ours alone can be vouched for; of another's, what it
# says of the clock is left out.
clock_is_ours() { [ -n "${VM_OWN:-}" ]; }
vouch() { ! clock_is_ours || "$PEERAGE_BUILD/tests/vouch" "$1"; }
vouch yes

# SEVERITY KIND PEER KEY WHAT WHY COMMAND COUNT a line. audit_args: more arguments
audit_args=()
findings() {
	peerage -t audit "${audit_args[@]}" >"$box/findings" 2>"$box/errs"
	if clock_is_ours; then
		grep -v '^severity' "$box/findings"
	else
		grep -v -e '^severity' -e $'^warning\tclock\t' "$box/findings"
	fi
}
# finds "SEVERITY KIND PEER"…: these and no other, in this order ("-" for no peer);
# the first one's command into $mend
finds() {
	local all got='' severity kind peer command
	all=$(findings)
	mend=
	# a byte that is no space, so that an empty field is one
	while IFS=$'\x1f' read -r severity kind peer _ _ _ command _; do
		[ -n "$got" ] || mend=$command
		got+="$severity $kind ${peer:--}"$'\n'
	done <<<"${all//$'\t'/$'\x1f'}"
	[ "$got" = "$(printf '%s\n' "$@")"$'\n' ] && return
	note "found: $all"
	cat "$box/errs"
	return 1
}
as_it_should_be() {
	local all
	all=$(findings)
	[ -z "$all" ] || { note "still: $all" && return 1; }
}
# The command, as it was printed.
run_it() {
	[ -n "$mend" ] || { note 'no command' && return 1; }
	server_ns bash -c "$mend" </dev/null >"$box/out" 2>&1 ||
		{ note "$mend: $(cat "$box/out")" && return 1; }
}
mended() { run_it && as_it_should_be; }
# case_of "SEVERITY KIND PEER[, …]" COMMAND…: the command makes it happen
case_of() {
	local IFS=, kind wanted
	read -ra wanted <<<"$1"
	wanted=("${wanted[@]# }")
	kind=${wanted[0]#* }
	kind=${kind%% *}
	unset IFS
	shift
	ok "$kind: made" "$@"
	ok "$kind: found, and nothing else" finds "${wanted[@]}"
	ok "$kind: mended by '$mend'" mended
}
