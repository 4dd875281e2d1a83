#!/bin/bash
# SPDX-License-Identifier: ISC
# Adding and revoking peers leaves every other live session alone: a ping flood
# through alice's loses no packet meanwhile.
# Wants two processors.
. "$(dirname "$0")/lib.sh"

rounds=60 # each one add and one revoke

# One flow from beginning to end, 500 packets a second, not tracked. Connection
# tracking comes with masquerading, and fails now and then to insert a new flow and
# drops the packet that began it: with nobody added or revoked, 4 of 45,000 echoes
# in 1,500 flows on two processors, with insert_failed at 4.
flood() {
	# shellcheck disable=SC2016
	in_ns client bash -c 'ping -n -q -i 0.002 "$1" >/dev/null & ping=$!
		while [ ! -e "$2/stop" ]; do sleep 0.1; done
		kill -INT $ping; wait $ping' - "$1" "$box"
}
count_packets() {
	in_ns client nft "add table inet count
		add chain inet count sent { type filter hook output priority 0; }
		add chain inet count answered { type filter hook input priority 0; }
		add rule inet count sent oifname wg0 icmp type echo-request counter
		add rule inet count answered iifname wg0 icmp type echo-reply counter"
}
packets() {
	in_ns client nft -j list chain inet count "$1" |
		jq '.nftables[].rule.expr[]?.counter.packets // empty'
}
all_answered() { [ "$(packets sent)" = "$(packets answered)" ]; }

topology
server_up
peerage add alice >"$box/alice.conf"
ok "a client of alice's config" client_up "$box/alice.conf" client
v4=$(tunnel_address inet)
ok "is online" within 30 reaches client "$v4"
key=$(field .peer.public_key show alice)
counters() { in_ns server wg show wg0 transfer | grep -F "$key" | cut -f2; }
before=$(counters)

ok "packets are counted" count_packets
ok "and not tracked" do_not_track
flows() { [ "$(packets answered)" -gt 10 ]; }
# One flood with all its changes; says what failed and what was lost.
failed=0 lost=0
attempt() {
	local pid i
	flood "$v4" &
	pid=$!
	within 60 flows || bail "the flood does not begin"
	for ((i = 1; i <= rounds; i++)); do
		peerage -q add "guest$i" >/dev/null 2>"$box/errs" || failed=$((failed + 1))
		if [ $((i % 2)) = 0 ]; then
			peerage -q -y revoke --hold 0s "guest$((i / 2))" 2>"$box/errs" || failed=$((failed + 1))
		fi
	done
	for ((i = rounds / 2 + 1; i <= rounds; i++)); do
		peerage -q -y revoke --hold 0s "guest$i" 2>"$box/errs" || failed=$((failed + 1))
	done
	touch "$box/stop"
	wait "$pid"
	within 20 all_answered || for side in server client; do
		note "$side:"
		in_ns "$side" ip -s -s link show | sed 's/^/#   /'
	done
	lost=$(($(packets sent) - $(packets answered)))
	note "$(packets sent) packets sent, $lost lost"
}
attempt
is "$rounds adds and $rounds revokes succeeded" "$failed" 0
ok "many were sent meanwhile" test "$(packets sent)" -gt 500
is "each was answered" "$lost" 0
ok "alice's counters went on, so the peer was not made anew" test "$(counters)" -gt "$before"
is "alice alone is left" "$(live_keys)" "$key"
ok "the kernel equals the register" kernel_equals_register
ok "audit finds nothing" healthy
finish
