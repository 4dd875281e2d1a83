#!/bin/bash
# SPDX-License-Identifier: ISC
# `status` of peers that are not as they should be: its table stays in shape beside a
# long key, and it says what mends them; which it does. What -t says of a peer, in lines
# that are written at once, is what -j says, field by field.
. "$(dirname "$0")/lib.sh"

topology
server_up
for name in alice bob carol; do
	peerage -q add "$name" >/dev/null || bail "add $name"
done
exits 0 "status" peerage status
is "nothing to say" "$errs" ""
exits 0 "disable one" peerage -q disable carol
bob=$(field .peer.public_key show bob)
stranger=$(wg genkey | wg pubkey)
in_ns server wg set wg0 peer "$bob" remove
in_ns server wg set wg0 peer "$stranger"
exits 0 "status" peerage status
is "one line of headings" "$(head -n 1 "$box/out" | tr -s ' ')" "NAME STATUS HANDSHAKE RX TX"
is "a line a peer" "$(wc -l <"$box/out")" 5
says "what mends a missing peer" "^missing from interface wg0: 1; 'peerage -i wg0 sync' "
says "what mends an unknown one" "^not in the register: 1; 'peerage -i wg0 sync --prune' "
exits 0 "both at once" peerage -y sync --prune
ok "the kernel is as registered" kernel_equals_register
exits 0 "status" peerage status
is "nothing to say again" "$errs" ""

# of -j: a line for each peer, as -t has it
as_lines() {
	peerage -j status --endpoints | jq -r '.peers[] | [.name, .live.status,
		.live.latest_handshake_at, .live.rx_bytes, .live.tx_bytes, .public_key,
		(.allowed_ips | join(",")), .has_preshared_key, .keepalive, .live.endpoint] |
		map(if . == null then "" else tostring end) | join("\t")'
}
peerage -q add zoë --routes 172.16.0.0/12,fd12:0:0:1::/64 --keepalive 25 >/dev/null || bail "add zoë"
peerage -q add dave --conf --preshared-key none >"$box/dave.conf" || bail "add dave"
client_up "$box/dave.conf" client || bail "dave is not up"
ok "one is connected" reaches client "$(field '.interfaces[0].addresses[0]' interfaces | cut -d/ -f1)"
in_ns client ip link set wg0 down
in_ns server wg set wg0 peer "$bob" remove
in_ns server wg set wg0 peer "$stranger" endpoint '[2001:db8:1::9]:4711' \
	allowed-ips 0.0.0.0/0,::/0,::ffff:192.0.2.0/120,2001:db8::/32
in_ns server wg set wg0 peer "$(field .peer.public_key show alice)" allowed-ips '' \
	persistent-keepalive 65535
is "of all states" "$(peerage -j status | jq -r '.peers[].live.status' | sort | paste -sd' ')" \
	"disabled missing never never on unknown"
exits 0 "status -t" peerage -t status --endpoints
is "as -j says" "$(tail -n +2 "$box/out")" "$(as_lines)"
is "and without endpoints" "$(peerage -t status | cut -f 1-10)" "$(cut -f 1-9 "$box/out")"

# those that the register does not know
in_ns server wg set wg0 peer "$(wg genkey | wg pubkey)" allowed-ips 198.51.100.7/32
is "unknown ones are as wg has them, in its order" \
	"$(peerage -t status --endpoints | awk -F'\t' '$2 == "unknown" { print $6, $7, $10 }')" \
	"$(in_ns server wg show wg0 dump | grep -e "^$stranger" -e 198.51.100.7 |
		awk '{ print $1, $4, $3 == "(none)" ? "" : $3 }')"
is "both" "$(peerage -t status | cut -f 2 | grep -c '^unknown$')" 2

# of another's interface no command is named that would be refused there
in_ns server ip link del wg0 && in_ns server ip link add wg0 type wireguard || bail "no other wg0"
exits 0 "status of another's" peerage status
says "it is not ours, and where to look" "^interface wg0 runs, but is not .*'peerage -i wg0 audit'"
is "that alone" "$(wc -l <<<"$errs")" 1
finish
