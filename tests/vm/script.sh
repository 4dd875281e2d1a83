#!/bin/bash
# SPDX-License-Identifier: ISC
# SCRIPT_NAMES peers from one list, with a config and a code each, killed (-9) at
# SCRIPT_KILLS random moments. Whenever that is: all of them or none are in the
# register; the next command makes the kernel equal to it; saying it again leaves
# all sets of files, whole, and no peer whose key nobody has.
. "$(dirname "$0")/lib.sh"
: "${SCRIPT_NAMES:=250}" "${SCRIPT_KILLS:=4}" "${SCRIPT_SEED:=$RANDOM}"
RANDOM=$SCRIPT_SEED
note "seed $SCRIPT_SEED, $SCRIPT_NAMES names, $SCRIPT_KILLS kills"

ns_add server
server_up --address 10.64.0.1/16 --address fd64::1/64
seq -f 'peer-%05g' 1 "$SCRIPT_NAMES" >"$box/names"
mkdir "$box/base" && cp "$PEERAGE_REGISTER"* "$box/base/"
dir=$box/sets

# start_over: the register as it was, the interface with it, no files
start_over() {
	rm -rf "$dir" "$PEERAGE_REGISTER"*
	cp "$box/base/"* "$(dirname "$PEERAGE_REGISTER")/"
	peerage -q -y sync --prune >/dev/null
}
add_all() { peerage -q add --from "$box/names" --out "$dir" "$@"; }
in_register() { peerage -j list | jq '[.peers[] | select(.name | startswith("peer-"))] | length'; }
conf_keys() {
	find "$dir" -maxdepth 1 -name '*.conf' -exec sed -n 's/^PrivateKey = //p' {} + |
		"$PEERAGE_BUILD/tests/pubkeys" | sort
}
# whole_sets: all files of all peers, and nothing else
whole_sets() {
	diff <(find "$dir" -mindepth 1 -printf '%m %P\n' | sort) \
		<(sed 's/.*/600 &.conf\n600 &.png/' "$box/names" | sort) &&
		diff <(conf_keys) <(peerage -j list | jq -r '.peers[] |
			select(.name | startswith("peer-")).public_key' | sort) &&
		[ -z "$(find "$dir" -name '*.png' -not -size +500c)" ]
}

# milliseconds since the machine began
now_ms() { awk '{ printf "%d", $1 * 1000 }' /proc/uptime; }

started=$(now_ms)
ok "an undisturbed run" add_all
took=$(($(now_ms) - started))
ok "it leaves all sets" whole_sets
ok "and the kernel equal to the register" kernel_equals_register
if command -v zbarimg >/dev/null; then
	for name in "$(head -n 1 "$box/names")" "$(tail -n 1 "$box/names")"; do
		ok "the code of $name is its config" test \
			"$(zbarimg -q --raw "$dir/$name.png" 2>/dev/null | sed -n 's/^PrivateKey *= *//p')" = \
			"$(sed -n 's/^PrivateKey = //p' "$dir/$name.conf")"
	done
fi
note "it takes $took ms"

killed=0 recorded=0
for ((i = 0; i < SCRIPT_KILLS; i++)); do
	start_over
	# a moment of each part of the time that it takes
	at=$((1 + took * (1000 * i + RANDOM % 1000) / (1000 * SCRIPT_KILLS)))
	in_ns server timeout -s KILL "$((at / 1000)).$(printf %03d $((at % 1000)))" \
		"$PEERAGE" -q add --from "$box/names" --out "$dir" >/dev/null 2>&1
	[ $? = 137 ] && killed=$((killed + 1))
	n=$(in_register)
	[ "$n" = 0 ] || recorded=$((recorded + 1))
	ok "killed after $at ms: $n peers are all or none" test "$n" = 0 -o "$n" = "$SCRIPT_NAMES"
	ok "the chain holds" "$VERIFY" "$PEERAGE_REGISTER"
	ok "the next command succeeds" peerage -q add "probe" --conf
	ok "and makes the kernel equal" kernel_equals_register
	ok "saying it again succeeds" add_all --if-absent
	ok "and leaves all sets" whole_sets
done
note "killed $killed times, of these or after them $recorded with the peers recorded"
finish
