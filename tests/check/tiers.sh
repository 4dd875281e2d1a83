#!/bin/bash
# SPDX-License-Identifier: ISC
# README and HACKING list the tiers of tests/run as it does, and name each slow one.
box=$(mktemp -d)
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/tests/lib/tap.sh"
cd "$top" || exit 1

tests/run --list | sed 's/^/    /' >"$box/tiers"
ok "there are tiers" test "$(wc -l <"$box/tiers")" -ge 10
# In a document: the indented lines from the first tier's to the next empty one.
first=$(head -n 1 "$box/tiers")
for document in README.md HACKING.md; do
	awk -v first="$first" '$0 == first { on = 1 } /^$/ { on = 0 } on' "$document" >"$box/listed"
	ok "$document lists them so" diff "$box/tiers" "$box/listed"
done
slow=$(sed -n 's/^ *\([^:]*\):.*(slow)$/\1/p' "$box/tiers" | paste -sd' ')
ok "README says how to run the slow ones" grep -qF "\`./tests/run $slow\`" README.md
rm -rf "$box"
finish
