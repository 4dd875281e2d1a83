#!/bin/bash
# SPDX-License-Identifier: ISC
# Many processes at once: nothing is lost, nothing is given twice, and the kernel
# ends equal to the register.
# Wants two processors.
. "$(dirname "$0")/lib.sh"

# each runs COMMAND N for N in FROM..TO, all at once; prints how many failed
each() {
	local command=$1 pids=() pid failed=0 n
	for ((n = $2; n <= $3; n++)); do
		"$command" "$n" >"$box/log.$n" 2>&1 &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do wait "$pid" || failed=$((failed + 1)); done
	[ "$failed" = 0 ] || head -qn 1 "$box"/log.* | grep . | head -n 5 | sed 's/^/# /' >&2
	echo "$failed"
}
add() { peerage -q --wait 15m add "peer$1"; }
# Odd ones revoke what is there, even ones add.
mix() {
	if [ $(($1 % 2)) = 1 ]; then
		peerage -q --wait 15m -y revoke "peer$1"
	else
		peerage -q --wait 15m add "new$1"
	fi
}

topology
server_up --address 10.7.0.1/22 --address fd07::1/64
before=$(entries)
is "200 peerage add at once, none fails" "$(each add 1 200)" 0
is "200 peers" "$(field '.peers | length' list)" 200
is "200 distinct IPv4 addresses" \
	"$(peerage -j list | jq -r '.peers[].addresses[]' | grep -v : | sort -u | wc -l)" 200
is "200 distinct IPv6 addresses" \
	"$(peerage -j list | jq -r '.peers[].addresses[]' | grep : | sort -u | wc -l)" 200
is "all live in the kernel" "$(live_keys)" "$(registered_keys)"
ok "with the addresses that the register says" kernel_equals_register
ok "the chain holds" "$VERIFY" "$PEERAGE_REGISTER"
is "an entry an add" "$(($(entries) - before))" 200

is "100 adds and 100 revokes at once, none fails" "$(each mix 1 200)" 0
is "200 peers" "$(field '[.peers[] | select(.state == "active")] | length' list)" 200
is "the kernel has exactly these" "$(live_keys)" "$(registered_keys)"
ok "with the addresses that the register says" kernel_equals_register
ok "the chain holds" "$VERIFY" "$PEERAGE_REGISTER"
exits 0 "sync has nothing left to do" peerage -j sync -n
is "no change" "$(jq '.changes | length' "$box/out")" 0
finish
