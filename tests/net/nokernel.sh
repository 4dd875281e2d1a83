#!/bin/bash
# SPDX-License-Identifier: ISC
# Neither kernel WireGuard nor a socket: one line, exit 1, nothing changed;
# recording alone works where it is asked for.
WG_IMPL=go
. "$(dirname "$0")/../vm/lib.sh"

topology
if in_ns server ip link add probe type wireguard 2>/dev/null; then
	printf 'ok %d # SKIP this kernel has WireGuard\n' $((++tap_n))
	finish
fi
exits 1 "init" peerage -q init wg0 --endpoint 192.0.2.1
one_line "one line"
ok "no register was made, or an empty one" eval \
	'[ ! -e "$PEERAGE_REGISTER" ] || [ "$(field ".interfaces | length" interfaces)" = 0 ]'
exits 1 "so with --backend netlink" peerage -q --backend netlink init wg0 --endpoint 192.0.2.1
one_line "one line"
exits 1 "so with --backend uapi" peerage -q --backend uapi init wg0 --endpoint 192.0.2.1
one_line "one line"
exits 0 "--backend none records" peerage -q --backend none init wg0 --endpoint 192.0.2.1
exits 0 "add with --backend none" peerage -q --backend none add alice
before=$("$VERIFY" "$PEERAGE_REGISTER")
exits 1 "up" peerage -q up
one_line "one line"
is "nothing changed" "$("$VERIFY" "$PEERAGE_REGISTER")" "$before"
not "no link" in_ns server ip link show wg0
exits 0 "add of a down interface records" peerage -q --backend none add bob
is "both are there" "$(field '[.peers[].name] | sort | join(" ")' --backend none list)" "alice bob"
finish
