#!/bin/bash
# SPDX-License-Identifier: ISC
# What `status -j` and `show -j` say is what `wg show dump` says, field by field,
# after each step.
. "$(dirname "$0")/lib.sh"

# One peer a line: key, psk yes or no, endpoint, allowed IPs, handshake, rx, tx, keepalive
wg_says() {
	in_ns server wg show wg0 dump | jq -Rrn '
		def none($word; $value): if . == $word then $value else . end;
		[inputs / "\t"][1:][] | [.[0], .[1] != "(none)", (.[2] | none("(none)"; "null")),
			"[" + (.[3] / "," - ["(none)"] | sort | join(",")) + "]",
			(.[4] | none("0"; "null")), .[5], .[6], (.[7] | none("off"; "0"))] |
		map(tostring) | join(" ")' | sort
}
line='[.public_key, .has_preshared_key, (.live.endpoint // "null"),
	"[" + (.allowed_ips | sort | join(",")) + "]",
	(.live.latest_handshake_at | if . then (if type == "string" then fromdate else . end)
		else "null" end),
	.live.rx_bytes, .live.tx_bytes, (.keepalive // 0)] | map(tostring) | join(" ")'
status_says() {
	peerage -j status --endpoints >"$box/status.json" || return 1
	jq -r ".peers[] | select(.live.status != \"disabled\") | $line" "$box/status.json" | sort
}
show_says() {
	local name
	peerage -j list | jq -r '.peers[] | select(.state == "active").name' |
		while read -r name; do peerage -j show "$name"; done | jq -r ".peer | $line" | sort
}
without_endpoint() { awk '{ $3 = "null"; print }'; }

# Traffic may run between two looks: compare where nothing moved meanwhile.
agree() {
	local before after try
	for try in $(seq 50); do
		before=$(wg_says)
		status_says >"$box/status" || return 1
		show_says >"$box/show" || return 1
		after=$(wg_says)
		[ "$before" = "$after" ] && break
		[ "$try" = 50 ] && echo "never at rest" && return 1
	done
	diff <(printf '%s' "${before:+$before
}") "$box/status" &&
		diff <(without_endpoint <"$box/status") <(without_endpoint <"$box/show") &&
		[ "$(wc -l <"$box/status")" = "$1" ]
}
# Without being asked for, nobody's endpoint shows.
endpoints_hidden() {
	[ "$(field '[.peers[].live.endpoint // empty] | length' status)" = 0 ] &&
		[ "$(field '.peer.live.endpoint // "hidden"' show alice)" = hidden ] &&
		! peerage status | grep -F 192.0.2.2
}
device_agrees() {
	local key port
	key=$(in_ns server wg show wg0 public-key)
	port=$(in_ns server wg show wg0 listen-port)
	[ "$(field '.interfaces[0].public_key' interfaces)" = "$key" ] &&
		[ "$(field '.interfaces[0].listen_port' interfaces)" = "$port" ]
}

topology
server_up
ok "after init" agree 0
ok "key and port of the device" device_agrees
peerage add alice >"$box/alice.conf"
ok "after add" agree 1
peerage add bob --keepalive 17 --preshared-key none >/dev/null
ok "no preshared key, keepalive of 17" agree 2
is "bob has none" "$(field .peer.has_preshared_key show bob)" false
is "alice has one" "$(field .peer.has_preshared_key show alice)" true
peerage add carol --routes 192.168.77.0/24,fd77::/64 --peer-endpoint 192.0.2.9:5555 >/dev/null
ok "routes and an endpoint" agree 3
ok "a client of alice's config" client_up "$box/alice.conf" client
ok "handshake" within 30 handshook client
ok "with a live session" agree 3
ok "endpoints stay hidden" endpoints_hidden
is "and show where asked for" "$(field '.peers[] | select(.name == "alice").live.endpoint' \
	status --endpoints | cut -d: -f1)" 192.0.2.2
exits 0 "ping" in_ns client ping -q -c 20 -i 0.01 "$(tunnel_address inet)"
ok "after traffic" agree 3
peerage set bob --keepalive 33 --routes 10.99.0.0/16
ok "after set" agree 3
peerage set carol --keepalive none --routes none
ok "after clearing" agree 3
peerage rename carol dora
ok "after rename" agree 3
peerage disable bob
ok "after disable" agree 2
is "bob shows as disabled" "$(field '.peers[] | select(.name == "bob").live.status' status)" disabled
peerage enable bob
ok "after enable" agree 3
peerage -y revoke dora
ok "after revoke" agree 2
peerage sync
ok "after sync" agree 2
in_ns server wg set wg0 peer "$(wg genkey | wg pubkey)" allowed-ips 203.0.113.7/32
is "a stranger shows as unknown" \
	"$(field '[.peers[] | select(.live.status == "unknown")] | length' status)" 1
exits 5 "sync names it" peerage sync
exits 0 "sync --prune takes it out" peerage -y sync --prune
ok "after prune" agree 2
in_ns server wg set wg0 peer "$(field .peer.public_key show bob)" remove
is "what is missing shows as missing" \
	"$(field '.peers[] | select(.name == "bob").live.status' status)" missing
exits 0 "sync" peerage sync
ok "brings it back" agree 2
peerage down && peerage up
ok "after down and up" agree 2
finish
