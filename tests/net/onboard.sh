#!/bin/bash
# SPDX-License-Identifier: ISC
# Userspace WireGuard runs the interface, on both sides: real UAPI, real
# handshakes, `wg show` as witness.
WG_IMPL=go
. "$(dirname "$0")/../vm/lib.sh"

in_kernel() { live_keys | grep -qxF "$1"; }
alice_is() { [ "$(field '.peers[] | select(.name == "alice").live.status' status)" = "$1" ]; }
wg_peer() { in_ns server wg show wg0 dump | tail -n +2 | grep -F "$1" | cut -f "$2"; }
allowed() { tr ',' '\n' | sort | paste -sd,; }

topology
exits 1 "init finds neither kernel nor socket" peerage -q init wg0 --endpoint 192.0.2.1
one_line "one line"
says "that says how to get one" 'wireguard'
exits 0 "init --no-up" peerage init wg0 --endpoint 192.0.2.1 --nat auto --no-up
ok "wireguard-go" wg_link server wg0
exits 0 "up" peerage up
is "the key is the register's" "$(in_ns server wg show wg0 public-key)" \
	"$(field '.interfaces[0].public_key' interfaces)"
exits 0 "add alice" peerage add alice
cp "$box/out" "$box/alice.conf"
exits 0 "add bob" peerage add bob --keepalive 21 --preshared-key none --routes 10.77.0.0/16
key=$(field .peer.public_key show alice) bob=$(field .peer.public_key show bob)
is "two peers" "$(live_keys | wc -l)" 2
ok "the socket's peers are the register's" kernel_equals_register
is "bob's keepalive" "$(wg_peer "$bob" 8)" 21
is "bob has no preshared key" "$(wg_peer "$bob" 2)" "(none)"
is "alice's preshared key is that of her config" "$(wg_peer "$key" 2)" \
	"$(conf_values "$box/alice.conf" PresharedKey)"
is "alice's allowed IPs" "$(wg_peer "$key" 4 | allowed)" \
	"$(field '.peer.allowed_ips | join(",")' show alice | allowed)"
ok "she has never been here" alice_is never

ok "a client from the config alone" client_up "$box/alice.conf" client
ok "handshake" within 30 handshook client
v4=$(tunnel_address inet) v6=$(tunnel_address inet6)
ok "ping, IPv4" within 10 reaches client "$v4"
ok "ping, IPv6" within 10 reaches client "$v6"
ok "through NAT, IPv4" within 10 reaches client 198.51.100.1
ok "through NAT, IPv6" within 10 reaches client 2001:db8:2::1
ok "status says on" alice_is on
is "the bytes are those that wg shows" "$(client_down client; wg_peer "$key" 6,7 | tr '\t' ' ')" \
	"$(field '.peers[] | select(.name == "alice").live | "\(.rx_bytes) \(.tx_bytes)"' status)"

ok "the client comes back" client_up "$box/alice.conf" client
ok "is online" within 30 reaches client "$v4"
exits 0 "disable" peerage disable alice
not "disabled: not live" in_kernel "$key"
ok "disabled: cut off" cut_off client "$v4"
exits 0 "enable" peerage enable alice
client_down client
ok "the client comes back" client_up "$box/alice.conf" client
ok "enabled: online again" within 60 reaches client "$v4"
exits 0 "revoke" peerage -y revoke alice
not "revoked: not live" in_kernel "$key"
ok "revoked: cut off" cut_off client "$v4"
exits 0 "sync" peerage sync
client_down client
ok "a fresh client" client_up "$box/alice.conf" client
ok "is cut off" cut_off client "$v4"
exits 3 "the same key is refused" peerage -q add mallory --public-key "$key"

exits 0 "down" peerage down
ok "ends wireguard-go" within 20 gone server wg0
exits 1 "up without wireguard-go" peerage -q up
one_line "one line"
ok "wireguard-go again" wg_link server wg0
exits 0 "up" peerage up
ok "the socket's peers are the register's" kernel_equals_register
not "the revoked one is not among them" in_kernel "$key"
ok "the chain holds" "$VERIFY" "$PEERAGE_REGISTER"
finish
