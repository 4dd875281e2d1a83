#!/bin/bash
# SPDX-License-Identifier: ISC
# A peer with new keys: the old config is cut off at once, the new one connects, and
# other sessions go on; wg is the witness.
. "$(dirname "$0")/lib.sh"

topology
server_up
peerage add alice >"$box/alice.conf"
peerage add bob --routes 192.168.77.0/24 >/dev/null
ok "a client of alice's config" client_up "$box/alice.conf" client
v4=$(tunnel_address inet)
ok "is online" within 30 reaches client "$v4"
bob=$(field .peer.public_key show bob)
old=$(field .peer.public_key show alice)
before=$(in_ns server wg show wg0 allowed-ips | grep -F "$bob")
exits 0 "rotate" peerage -q rotate alice
cp "$box/out" "$box/new.conf"
new=$(field .peer.public_key show alice)
not "the old key has gone" grep -qF "$old" <(live_keys)
ok "the new one is there" grep -qF "$new" <(live_keys)
is "with the same allowed IPs" "$(in_ns server wg show wg0 allowed-ips | grep -F "$new" | cut -f2)" \
	"$(field '.peer.allowed_ips | join(" ")' show alice)"
is "bob's are as before" "$(in_ns server wg show wg0 allowed-ips | grep -F "$bob")" "$before"
ok "the kernel equals the register" kernel_equals_register
ok "the old config is cut off" cut_off client "$v4"
client_down client
ok "a client of the new config" client_up "$box/new.conf" client
ok "is online" within 30 reaches client "$v4"
exits 0 "rotate of a peer with a route" peerage -q rotate bob
ok "the route stands" grep -q '^192.168.77.0/24' <(in_ns server ip route show dev wg0)
exits 0 "recorded only" peerage -q --no-apply rotate bob
ok "what comes next brings it in line" peerage -q set alice --note x
ok "the kernel equals the register" kernel_equals_register
exits 0 "nothing is left to do" peerage sync -n
ok "audit finds nothing" healthy
finish
