# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# Each test has a register of its own and no interface: what is tested here is
# what people type and get back.
bats_require_minimum_version 1.5.0

: "${PEERAGE:=$BATS_TEST_DIRNAME/../../build/gcc/cli/peerage}"
export PEERAGE

setup() {
	export PEERAGE_REGISTER=$BATS_TEST_TMPDIR/register/register.db PEERAGE_BACKEND=none
	export TERM=xterm-256color
	unset PEERAGE_INTERFACE NO_COLOR COLUMNS LINES SUDO_UID SUDO_USER INVOCATION_ID
	cd "$BATS_TEST_TMPDIR" || return 1
}

p() { "$PEERAGE" "$@"; }

load ../lib/traced

# An interface with addresses that are known.
init() {
	p -q init wg0 --endpoint 192.0.2.1 --address 10.7.0.1/24 --address fd07::1/64 "$@" >/dev/null
}

# t EXIT ARG…: runs peerage; $output, $stderr
t() {
	local want=$1
	shift
	run "-$want" --separate-stderr "$PEERAGE" "$@" </dev/null
}

# no COMMAND…: fails ("! COMMAND" would not end a test)
no() { ! "$@"; }

# The error is one line, begins with "peerage: ", and matches.
error_is() {
	[ "${#stderr_lines[@]}" = 1 ] || { echo "not one line: $stderr" && return 1; }
	[[ $stderr == "peerage: "* ]] || { echo "no prefix: $stderr" && return 1; }
	[[ $stderr =~ $1 ]] || { echo "'$stderr' does not match '$1'" && return 1; }
}

# j FILTER: $output is one JSON document for which the filter is true
j() {
	jq -es "length == 1 and (.[0] | ($1))" <<<"$output" >/dev/null ||
		{ echo "not so: $1: $output" && return 1; }
}

# All that the register shows, to see that nothing changed it.
everything() {
	p -j interfaces 2>/dev/null | tee "$BATS_TEST_TMPDIR/interfaces.json"
	jq -r '.interfaces[]?.name' "$BATS_TEST_TMPDIR/interfaces.json" | while read -r name; do
		p -i "$name" -j configure
		p -i "$name" -j list --state all
	done
}

# tty ROWSxCOLUMNS ARG…: runs peerage on a terminal of that size, which gets what
# it reads from stdin; $output is all that the terminal shows, as it gets it.
tty() {
	local size=$1
	shift
	printf '%q ' "$PEERAGE" "$@" >"$BATS_TEST_TMPDIR/command"
	run script -qefc "stty rows ${size%x*} cols ${size#*x}; . $BATS_TEST_TMPDIR/command" \
		"$BATS_TEST_TMPDIR/typescript"
	# its first line is a heading; before the one that ends it stands a newline
	sed -e 1d -e '$d' "$BATS_TEST_TMPDIR/typescript" | head -c -1 >"$BATS_TEST_TMPDIR/screen"
}

# Columns of the widest line, escape sequences apart.
width() { tr -d '\r' | sed 's/\x1b\[[0-9;]*m//g' | LC_ALL=C.UTF-8 wc -L; }
