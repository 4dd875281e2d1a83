#!/bin/bash
# SPDX-License-Identifier: ISC
# Adding and revoking peers leaves every other live session alone: a ping flood
# through alice's loses no packet meanwhile.
. "$(dirname "$0")/lib.sh"

rounds=100 # each one add and one revoke

# Burst after burst, each counted to its last reply, until told to stop.
flood() {
	local sent=0 lost=0 line
	while [ ! -e "$box/stop" ]; do
		line=$(in_ns client ping -n -q -i 0.002 -c 250 -W 5 "$1" | grep transmitted)
		sent=$((sent + ${line%% *}))
		line=${line#*, }
		lost=$((lost + 250 - ${line%% *}))
		echo "$sent $lost" >"$box/flood"
	done
}

topology
server_up
peerage add alice >"$box/alice.conf"
ok "a client of alice's config" client_up "$box/alice.conf" client
v4=$(tunnel_address inet)
ok "is online" within 30 reaches client "$v4"
key=$(field .peer.public_key show alice)
counters() { in_ns server wg show wg0 transfer | grep -F "$key" | cut -f2; }
before=$(counters)

flood "$v4" &
pid=$!
within 30 test -s "$box/flood" || bail "the flood does not begin"
failed=0
for ((i = 1; i <= rounds; i++)); do
	peerage -q add "guest$i" >/dev/null 2>"$box/errs" || failed=$((failed + 1))
	if [ $((i % 2)) = 0 ]; then
		peerage -q -y revoke "guest$((i / 2))" 2>"$box/errs" || failed=$((failed + 1))
	fi
done
for ((i = rounds / 2 + 1; i <= rounds; i++)); do
	peerage -q -y revoke "guest$i" 2>"$box/errs" || failed=$((failed + 1))
done
touch "$box/stop"
wait "$pid"
is "$rounds adds and $rounds revokes succeeded" "$failed" 0
read -r sent lost <"$box/flood"
note "$sent packets sent"
is "no packet was lost" "$lost" 0
ok "many were sent meanwhile" test "$sent" -gt 500
ok "alice's counters went on, so the peer was not made anew" test "$(counters)" -gt "$before"
is "alice alone is left" "$(live_keys)" "$key"
ok "the kernel equals the register" kernel_equals_register
finish
