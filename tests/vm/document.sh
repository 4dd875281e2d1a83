#!/bin/bash
# SPDX-License-Identifier: ISC
# A dump, once stripped, gives wg(8) the same peers; a changed one touches only the
# peers that it changes, while a session goes on; a second server comes from one.
. "$(dirname "$0")/lib.sh"

topology
server_up
peerage -q add alice >"$box/alice.conf"
peerage -q add bob carol dave >/dev/null
peerage -q set carol --routes 192.168.77.0/24 --keepalive 20 --peer-endpoint 192.0.2.9:51820
peerage -q disable dave
ok "dump" eval 'peerage dump >"$box/wg0.conf"'
is "is the owner's alone" "$(stat -c %a "$box/wg0.conf")" 600

# What wg prints of a device's peers, but for what only a session has.
peers_of() {
	in_ns "$1" wg show "$2" dump | tail -n +2 | while IFS=$'\t' read -r key psk endpoint ips _ _ _ keepalive; do
		printf '%s\t%s\t%s\t%s\t%s\n' "$key" "$psk" "$endpoint" \
			"$(tr ',' '\n' <<<"$ips" | sort | paste -sd,)" "$keepalive"
	done | sort
}
# v4_of NAME: the peer's IPv4 address
v4_of() { field '.peer.addresses | map(select(contains(":") | not))[0]' show "$1"; }
ok "wg-quick strips it" eval 'wg-quick strip "$box/wg0.conf" >"$box/stripped"'
ok "a bare interface elsewhere" wg_link internet wg7
ok "wg setconf takes it" in_ns internet wg setconf wg7 "$box/stripped"
is "and has the same peers" "$(peers_of internet wg7)" "$(peers_of server wg0)"
is "one of them with its endpoint" "$(peers_of internet wg7 | grep -c 192.0.2.9:51820)" 1
is "and the same key" "$(in_ns internet wg show wg7 private-key)" "$(in_ns server wg show wg0 private-key)"
in_ns internet ip link del wg7

ok "a client of alice's config" client_up "$box/alice.conf" client
v4=$(tunnel_address inet)
ok "is online" within 30 reaches client "$v4"
alice=$(field .peer.public_key show alice)
bob=$(field .peer.public_key show bob)
session() { in_ns server wg show wg0 dump | awk -v k="$alice" '$1 == k { print $5, $6 > 0 }'; }
before=$(session) entries=$(entries)

ok "apply of the dump" eval 'peerage apply "$box/wg0.conf" 2>"$box/errs"'
is "says that there is nothing" "$(<"$box/errs")" "wg0: nothing to change"
is "has no entry in the log" "$(entries)" "$entries"

b4=$(v4_of bob)
sed "s|^AllowedIPs = $b4/32|AllowedIPs = ${b4%.*}.77/32|" "$box/wg0.conf" >"$box/changed.conf"
peerage plan "$box/changed.conf" >"$box/plan" 2>"$box/errs"
is "a plan of one change exits 5" $? 5
is "and is of bob alone" "$(awk 'NR > 1 { print $1, $2 }' "$box/plan")" "update bob"
ok "apply" peerage -q apply "$box/changed.conf"
ok "bob has another address in the kernel" eval \
	'in_ns server wg show wg0 allowed-ips | grep -F "$bob" | grep -q "\.77/32"'
is "alice's session is the one from before" "$(session)" "$before"
ok "and goes on" reaches client "$v4"
ok "the kernel equals the register" kernel_equals_register
is "dump is the document" "$(peerage dump)" "$(<"$box/changed.conf")"

# alice and bob exchange their addresses
a4=$(v4_of alice) b4=$(v4_of bob)
sed "s|^AllowedIPs = $a4/32|AllowedIPs = X|; s|^AllowedIPs = $b4/32|AllowedIPs = $a4/32|
	s|^AllowedIPs = X|AllowedIPs = $b4/32|" "$box/changed.conf" >"$box/swapped.conf"
ok "two peers swap addresses" peerage -q apply "$box/swapped.conf"
ok "in the kernel too" eval 'in_ns server wg show wg0 allowed-ips | grep -F "$bob" | grep -qw "$a4"'
ok "the kernel equals the register" kernel_equals_register
ok "and back" peerage -q apply "$box/changed.conf"
ok "alice is reached again" within 30 reaches client "$v4"

awk 'BEGIN { RS = ""; ORS = "\n\n" } !/Name = carol/' "$box/changed.conf" >"$box/pruned.conf"
no_carol() { ! in_ns server wg show wg0 peers | grep -qF "$carol"; }
carol=$(field .peer.public_key show carol)
ok "--prune" peerage -q -y apply --prune "$box/pruned.conf"
ok "cuts off who is not in it" no_carol
not "with its route" eval 'in_ns server ip route | grep -q 192.168.77.0/24'
is "and touches no other" "$(session | cut -d' ' -f1)" "$(cut -d' ' -f1 <<<"$before")"

# a new server from it: the same key, up, the same peers
peerage dump >"$box/move.conf"
want=$(peers_of server wg0)
ok "down" peerage -q down
sed -i 's/^# Up = .*/# Up = yes/' "$box/move.conf"
export PEERAGE_REGISTER=$box/second/register.db
ok "a document makes another server" peerage -q apply "$box/move.conf"
is "with the same peers in the kernel" "$(peers_of server wg0 | cut -f1,2,4)" "$(cut -f1,2,4 <<<"$want")"
ok "alice comes back by herself" within 60 reaches client "$v4"
not "carol's key stays refused" peerage -q add eve --public-key "$carol"
finish
