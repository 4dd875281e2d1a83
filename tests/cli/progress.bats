#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Goal: who waits at a terminal for many files sees how far they are, and nothing of
# that stays; who does not wait, or is no person, never sees any of it.

load ../lib/traced

setup() {
	export LC_ALL=C.UTF-8 TERM=xterm-256color PEERAGE_BACKEND=none
	: "${PEERAGE_BUILD:?the build directory to test}"
	box=$BATS_TEST_TMPDIR
	export PEERAGE_REGISTER=$box/register/register.db
	unset NO_COLOR COLUMNS LINES
	cd "$box" || return
	peerage=$PEERAGE_BUILD/cli/peerage
	"$peerage" -q init wg0 --endpoint 203.0.113.7 --address 10.7.32.1/20 >/dev/null
	seq -f 'p%03g' 1 150 >names
}

# on SIZE COMMAND…: on a terminal of that size; $box/screen is what it got
on() {
	local size=$1
	shift
	"$PEERAGE_BUILD/tests/pty" "$size" "$box/screen" "$@"
}
# slowly ARG…: peerage, by one processor, each opening of a file taking 8 ms more, so
# that the 300 files of 150 peers take over two seconds on any machine
slowly=("${traced[@]}" taskset -c "$(taskset -pc $$ | sed 's/.*: //; s/[,-].*//')" strace -f -qq -o /dev/null
	-e trace=openat -e inject=openat:delay_enter=8000)
bars() { grep -aoE $'\r\\[[#.]*\\] [0-9]+ of 150 written\033\\[K' "$box/screen"; }
no_bar() { ! grep -aE '[0-9] of [0-9]+ (written|recorded)' "$1"; }
# what is on the screen in the end, line by line
left() { sed $'s/\r$//; s/.*\r\033\\[K//' "$box/screen"; }

@test "a bar that grows and goes" {
	on 24x80 "${slowly[@]}" "$peerage" add --from names --out sets
	[ "$(find sets -type f | wc -l)" = 300 ]
	bars >bars
	[ "$(wc -l <bars)" -ge 2 ]
	[ "$(tr -cd '#\n' <bars | awk '{ print length }')" = "$(tr -cd '#\n' <bars | awk '{ print length }' | sort -n)" ]
	[ "$(tr -cd '#.\n' <bars | awk '{ print length }' | sort -u)" = 40 ]
	left >left
	[ "$(sed -n 1p left)" = "recorded only: the running interface is left as it is" ]
	[ "$(sed -n 2p left)" = "150 peers added to wg0; 300 files in sets" ]
	[ "$(wc -l <left)" = 2 ]
}

@test "a window that is narrower than the bar" {
	on 24x30 "${slowly[@]}" "$peerage" add --from names --out sets
	bars | tr -d '\r' | sed $'s/\033.*//' >bars
	[ -s bars ]
	[ "$(wc -L <bars)" -lt 30 ]
}

@test "none of it where it is soon done" {
	head -n 3 names >few
	on 24x80 "$peerage" add --from few --out sets
	grep -aq "3 peers added" screen
	no_bar screen
}

@test "none of it with -q, with -j, on a dumb terminal, or where stderr is none" {
	on 24x80 "${slowly[@]}" "$peerage" -q add --from names --out quiet
	[ ! -s screen ]
	sed s/p/q/ names >more
	on 24x80 "${slowly[@]}" "$peerage" -j add --from more --out json
	no_bar screen
	sed s/p/r/ names >more
	TERM=dumb on 24x80 "${slowly[@]}" "$peerage" add --from more --out dumb
	no_bar screen
	sed s/p/s/ names >more
	# shellcheck disable=SC2016 # for that shell
	on 24x80 sh -c '"$@" 2>errors' sh "${slowly[@]}" "$peerage" add --from more --out file
	no_bar screen
	no_bar errors
	[ "$(find quiet json dumb file -type f | wc -l)" = 1200 ]
}
