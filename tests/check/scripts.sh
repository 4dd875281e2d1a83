#!/bin/bash
# SPDX-License-Identifier: ISC
# Scripts pass shellcheck; systemd understands its units, and they are hardened.
box=$(mktemp -d)
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/tests/lib/tap.sh"
cd "$top" || exit 1

while read -r script; do
	ok "shellcheck $script" shellcheck -S warning -e SC1090,SC1091,SC2034,SC2154 -s bash "$script"
done < <({
	find tests quickstart .ci lib cli dist -type f -name '*.sh'
	find tests quickstart .ci lib cli dist -type f ! -name '*.*' -exec grep -lE '^#!/bin/(ba)?sh' {} +
} | sort -u)
n=0
for unit in dist/*.service dist/systemd/*.service; do
	[ -e "$unit" ] || continue
	n=$((n + 1))
	name=${unit##*/}
	# A template is judged as one of its instances.
	cp "$unit" "$box/${name/@./@wg0.}"
	systemd-analyze security --offline=true "$box/${name/@./@wg0.}" >"$box/score" 2>&1
	score=$(sed -n 's/.*Overall exposure level for .*: \([0-9.]*\) .*/\1/p' "$box/score")
	note "$name: ${score:-no score}"
	# The program is where it was built; a unit's search path does not lead there.
	sed -i "s,=peerage ,=$PEERAGE_BUILD/cli/peerage ," "$box/${name/@./@wg0.}"
	systemd-analyze verify --man=no "$box/${name/@./@wg0.}" >"$box/verify" 2>&1
	is "$name: systemd-analyze verify exits" $? 0
	is "$name: and has no word to say" "$(<"$box/verify")" ""
	if awk -v score="${score:-10}" 'BEGIN { exit !(score < 2) }'; then
		pass "$name scores under 2"
	else
		fail "$name scores under 2" "$box/score"
	fi
done
ok "there is a unit" test "$n" -gt 0
rm -rf "$box"
finish
