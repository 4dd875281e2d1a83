#!/bin/bash
# SPDX-License-Identifier: ISC
# From nothing to a client that is online, and off again: what peerage is for.
# The client knows only the config that `add` printed.
. "$(dirname "$0")/lib.sh"

alice_is() { [ "$(field '.peers[] | select(.name == "alice").live.status' status)" = "$1" ]; }
in_kernel() { live_keys | grep -qxF "$1"; }
reconnect() {
	client_down client
	client_up "$box/alice.conf" client
}

topology
exits 0 "init brings the interface up" peerage init wg0 --endpoint 192.0.2.1 --nat auto
ok "wg0 is there, and up" in_ns server ip link show up dev wg0
exits 0 "add alice" peerage add alice
cp "$box/out" "$box/alice.conf"
is "stdout is the config and nothing else" "$(head -n 1 "$box/alice.conf")" "[Interface]"
key=$(field .peer.public_key show alice)
ok "her key is live" in_kernel "$key"
ok "status says she has never been here" alice_is never

ok "a client from the config alone" client_up "$box/alice.conf" client
ok "handshake" within 30 handshook client
v4=$(tunnel_address inet) v6=$(tunnel_address inet6)
ok "ping the server, IPv4 ($v4)" within 10 reaches client "$v4"
ok "ping the server, IPv6 ($v6)" within 10 reaches client "$v6"
ok "through NAT to the internet, IPv4" within 10 reaches client 198.51.100.1
ok "through NAT to the internet, IPv6" within 10 reaches client 2001:db8:2::1
ok "status says on" alice_is on

exits 0 "disable" peerage disable alice
not "disabled: not in the kernel" in_kernel "$key"
ok "disabled: IPv4 cut off" cut_off client "$v4"
ok "disabled: IPv6 cut off" cut_off client "$v6"
ok "status says disabled" alice_is disabled
exits 0 "disable again: nothing to do" peerage disable alice

exits 0 "enable" peerage enable alice
ok "enabled: in the kernel" in_kernel "$key"
reconnect
ok "enabled: online again with the same config" within 60 reaches client "$v4"
ok "enabled: through NAT again" within 10 reaches client 198.51.100.1
exits 0 "enable again: nothing to do" peerage enable alice

exits 0 "revoke" peerage -y revoke alice
not "revoked: not in the kernel" in_kernel "$key"
ok "revoked: IPv4 cut off" cut_off client "$v4"
ok "revoked: IPv6 cut off" cut_off client "$v6"
for step in sync down up sync; do
	exits 0 "$step" peerage "$step"
	[ "$step" = down ] && continue
	not "after $step: not in the kernel" in_kernel "$key"
	reconnect
	ok "after $step: a fresh client is cut off" cut_off client "$v4"
done
exits 0 "revoke again: nothing to do" peerage -y revoke alice
exits 3 "enable of a revoked peer is refused" peerage -q enable alice
one_line "in one line"
exits 3 "the same key under a new name is refused" peerage -q add mallory --public-key "$key"
one_line "in one line"
not "and is not in the kernel" in_kernel "$key"
exits 0 "the name is free at once" peerage add alice
cp "$box/out" "$box/alice2.conf"
is "with another address" "$(conf_values "$box/alice2.conf" Address |
	grep -cxF -f <(conf_values "$box/alice.conf" Address))" 0
client_down client
ok "a client from the new config" client_up "$box/alice2.conf" client
ok "is online" within 60 reaches client "$v4"
ok "the chain holds" "$VERIFY" "$PEERAGE_REGISTER"
ok "audit finds nothing" healthy
finish
