#!/bin/bash
# SPDX-License-Identifier: ISC
# The commands that help lists = those that completion offers = those of the
# manual; each has help of its own; the manual is clean.
box=$(mktemp -d)
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/tests/lib/tap.sh"
: "${PEERAGE_BUILD:=$top/build/gcc}"
peerage=$PEERAGE_BUILD/cli/peerage

"$peerage" help | sed -n 's/^  \([a-z][a-z]*\)\( .*\)\{0,1\}$/\1/p' | sort -u >"$box/help"
ok "help lists commands" test "$(wc -l <"$box/help")" -ge 20
for shell in bash zsh fish; do
	"$peerage" completion "$shell" >"$box/$shell" || fail "completion $shell"
	missing=
	while read -r command; do
		grep -qw -- "$command" "$box/$shell" || missing+=" $command"
	done <"$box/help"
	is "$shell completes every command" "$missing" ""
done
ok "bash takes its completion" bash -n "$box/bash"
# What bash offers for an empty first word.
bash -c '. "$1"
	fn=$(complete -p peerage | sed -n "s/.*-F \([^ ]*\) .*/\1/p")
	COMP_WORDS=(peerage "") COMP_CWORD=1 COMP_LINE="peerage " COMP_POINT=8
	"$fn" peerage "" peerage
	printf "%s\n" "${COMPREPLY[@]}"' bash "$box/bash" 2>/dev/null |
	tr -d ' ' | grep -E '^[a-z]+$' | grep -vxE 'rm|remove|ls' | sort -u >"$box/offered"
ok "bash offers exactly the commands of help" diff "$box/help" "$box/offered"
# The manual describes each in a list item of its group: ".It Cm NAME".
awk '/^\.Sh / { commands = 0 } /^\.Ss Interface/ { commands = 1 }
	commands && /^\.It Cm [a-z]+/ { print $3 }' "$top/man/peerage.8" | sort -u >"$box/manual"
ok "the manual describes exactly the commands of help" diff "$box/help" "$box/manual"
while read -r command; do
	ok "help $command" eval '"$peerage" help "$command" >"$box/one" && grep -qw "$command" "$box/one"'
done <"$box/help"
for page in "$top"/man/*.[1-9]; do
	is "mandoc -T lint ${page##*/}" "$(mandoc -T lint -W style "$page" 2>&1 |
		grep -vE 'referenced manual not found|mandoc\.db')" ""
done
ok "a page was there" test -e "$top/man/peerage.8"
rm -rf "$box"
finish
