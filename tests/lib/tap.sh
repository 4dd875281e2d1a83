# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# TAP for test scripts. $box is a directory of the caller's own for temporary files.
: "${box:?}"

tap_n=0
tap_done=

pass() { printf 'ok %d - %s\n' $((++tap_n)) "$1"; }
# fail WHAT [FILE…]: files are shown as diagnostics
fail() {
	printf 'not ok %d - %s\n' $((++tap_n)) "$1"
	shift
	for file; do sed 's/^/#   /' "$file" | head -n 40; done
}
note() { printf '# %s\n' "$*"; }
# Ends the script: the plan stands at the end, so what died on the way has none.
finish() {
	printf '1..%d\n' "$tap_n"
	tap_done=1
	exit 0
}
bail() {
	printf 'Bail out! %s\n' "$*"
	exit 1
}
trap '[ -n "$tap_done" ] || printf "Bail out! the script ended early\n"' EXIT

# ok WHAT COMMAND…: succeeds
ok() {
	local what=$1
	shift
	if "$@" >"$box/tap" 2>&1; then pass "$what"; else fail "$what" "$box/tap"; fi
}
# not WHAT COMMAND…: fails
not() {
	local what=$1
	shift
	if "$@" >"$box/tap" 2>&1; then fail "$what" "$box/tap"; else pass "$what"; fi
}
# is WHAT GOT WANTED
is() {
	if [ "$2" = "$3" ]; then
		pass "$1"
	else
		printf 'got:    %s\nwanted: %s\n' "$2" "$3" >"$box/tap"
		fail "$1" "$box/tap"
	fi
}
# run COMMAND…: sets $status, $out, $errs
run() {
	status=0
	"$@" >"$box/out" 2>"$box/errs" </dev/null || status=$?
	out=$(<"$box/out")
	errs=$(<"$box/errs")
}
# exits CODE WHAT COMMAND…
exits() {
	local want=$1 what=$2
	shift 2
	run "$@"
	if [ "$status" = "$want" ]; then
		pass "$what"
	else
		{ echo "exit $status, wanted $want: $*" && cat "$box/errs" "$box/out"; } >"$box/tap"
		fail "$what" "$box/tap"
	fi
}
# says WHAT PATTERN: what the last run wrote to stderr matches the ERE
says() {
	if grep -Eqi -- "$2" "$box/errs"; then
		pass "$1"
	else
		{ echo "no /$2/ in:" && cat "$box/errs"; } >"$box/tap"
		fail "$1" "$box/tap"
	fi
}
# one_line WHAT: the last run's stderr is one line that is no crash
one_line() {
	if [ "$(wc -l <"$box/errs")" = 1 ] && [ "$(wc -c <"$box/errs")" -gt 12 ]; then
		pass "$1"
	else
		fail "$1" "$box/errs"
	fi
}
# within SECONDS COMMAND…: tries until it succeeds
within() {
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.2
	done
}
