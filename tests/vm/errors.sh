#!/bin/bash
# SPDX-License-Identifier: ISC
# What goes wrong with a running interface: one line, the right exit code, and
# everything as it was.
. "$(dirname "$0")/lib.sh"

state() {
	"$VERIFY" "$PEERAGE_REGISTER"
	in_ns server ip -j link show wg0 2>/dev/null | jq -c '.[] | [.ifname, .ifalias, .flags]'
	in_ns server wg showconf wg0 2>/dev/null
	in_ns server nft list ruleset
}
# refused CODE WHAT COMMAND…: that code, one line, nothing changed
refused() {
	local want=$1 what=$2
	shift 2
	state >"$box/before" 2>&1
	exits "$want" "$what" "$@"
	one_line "$what: one line"
	ok "$what: nothing changed" diff "$box/before" <(state 2>&1)
}
without_net_admin() {
	in_ns server setpriv --bounding-set=-net_admin --inh-caps=-net_admin -- "$PEERAGE" -q "$@"
}
as_nobody() {
	in_ns server setpriv --reuid 65534 --regid 65534 --clear-groups -- "$PEERAGE" -q "$@"
}
kernel_state() { in_ns server wg showconf wg0 | sort; }

topology
server_up
peerage add alice >"$box/alice.conf"

refused 7 "add without CAP_NET_ADMIN" without_net_admin add bob
refused 7 "revoke without CAP_NET_ADMIN" without_net_admin -y revoke alice
refused 7 "up without CAP_NET_ADMIN" without_net_admin up
refused 7 "down without CAP_NET_ADMIN" without_net_admin down
refused 7 "status without CAP_NET_ADMIN" without_net_admin status
refused 7 "add as an ordinary user" as_nobody add bob
refused 7 "list as an ordinary user" as_nobody list
refused 6 "no such peer" peerage -q -y revoke nobody
refused 6 "no such interface" peerage -q -i wg7 add bob
refused 3 "init of what is registered" peerage -q init wg0 --endpoint 192.0.2.1
in_ns server ip link add wg5 type wireguard
refused 3 "init of what the kernel has already" peerage -q init wg5 --endpoint 192.0.2.1
in_ns server ip link del wg5
refused 3 "the server's own key as a peer" \
	peerage -q add mallory --public-key "$(in_ns server wg show wg0 public-key)"

note "the link is deleted behind our back"
in_ns server ip link del wg0
refused 1 "add" peerage -q add bob
refused 1 "revoke" peerage -q -y revoke alice
exits 0 "up brings it back" peerage up
exits 0 "add" peerage -q add bob
ok "with both peers" kernel_equals_register

note "somebody makes an interface of that name"
in_ns server ip link del wg0
in_ns server ip link add wg0 type wireguard
wg genkey >"$box/foreign.key"
in_ns server wg set wg0 private-key "$box/foreign.key" peer "$(wg genkey | wg pubkey)"
kernel_state >"$box/before"
exits 4 "add is recorded, not applied" peerage -q add carol
one_line "in one line"
ok "the foreign interface is untouched" diff "$box/before" <(kernel_state)
exits 4 "so with revoke" peerage -q -y revoke bob
ok "untouched" diff "$box/before" <(kernel_state)
exits 4 "so with sync" peerage -q sync
ok "untouched" diff "$box/before" <(kernel_state)
in_ns server ip link del wg0
exits 0 "once it is gone, up makes ours" peerage up
ok "with what was recorded meanwhile" kernel_equals_register
is "carol is there, bob is not" \
	"$(field '[.peers[] | select(.state == "active").name] | sort | join(" ")' list)" "alice carol"

note "another register wants the same interface"
other=$box/other/register.db
exits 0 "down" peerage down
exits 0 "the other one's interface" \
	peerage -q --register "$other" init wg0 --endpoint 192.0.2.1 --listen-port 51821
kernel_state >"$box/before"
exits 4 "our up is refused" peerage -q up
one_line "in one line"
ok "the other one's interface is untouched" diff "$box/before" <(kernel_state)
exits 0 "the other one goes down" peerage -q --register "$other" down
exits 0 "now ours comes up" peerage -q up
kernel_state >"$box/before"
exits 4 "the other one's up is refused" peerage -q --register "$other" up
ok "ours is untouched" diff "$box/before" <(kernel_state)
in_ns server wg show wg0 peers >"$box/peers"
is "with our two peers" "$(wc -l <"$box/peers")" 2

note "the private key in the kernel is not ours"
in_ns server wg set wg0 private-key "$box/foreign.key"
run peerage -q sync
is "sync does not replace it unasked" "$(in_ns server wg show wg0 private-key)" "$(<"$box/foreign.key")"
isnt_zero() { [ "$status" != 0 ]; }
ok "and says that something differs" isnt_zero
exits 0 "sync -y does" peerage -q -y sync
is "the key is the register's again" "$(in_ns server wg show wg0 public-key)" \
	"$(field '.interfaces[0].public_key' interfaces)"
ok "the kernel equals the register" kernel_equals_register

note "the port is taken"
exits 0 "down" peerage -q down
in_ns server ip link add wg9 type wireguard
in_ns server wg set wg9 listen-port 51820
in_ns server ip link set wg9 up
run peerage -q up
ok "up fails" isnt_zero
one_line "in one line"
in_ns server ip link del wg9
exits 0 "and succeeds once it is free" peerage -q up
ok "the kernel equals the register" kernel_equals_register
ok "the chain holds" "$VERIFY" "$PEERAGE_REGISTER"
finish
