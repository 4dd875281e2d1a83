#!/bin/bash
# SPDX-License-Identifier: ISC
# Forgetting a live peer: it is gone from the kernel, and from every file; others go on.
# Where the kernel cannot be reached it is finished later. A disclosure says what runs.
. "$(dirname "$0")/lib.sh"

# traces: in how many files something of alice stands
traces() {
	grep -rlaF -e alice -e canary -e "$key" -e "$psk" "${PEERAGE_REGISTER%/*}" /run/peerage \
		2>/dev/null | wc -l
}
in_kernel() { in_ns server wg show wg0 peers | grep -qxF "$key"; }
disclosed() { jq -r "$1" "$box/disclosed"; }

topology
another_client second 3
server_up
peerage add alice --note canary --routes 10.55.0.0/16 >"$box/alice.conf"
peerage add bob >"$box/bob.conf"
key=$(field .peer.public_key show alice) psk=$(conf_values "$box/alice.conf" PresharedKey)
v4=$(tunnel_address inet)
ok "alice's client" client_up "$box/alice.conf" client
ok "bob's client" client_up "$box/bob.conf" second
ok "alice is online" within 30 reaches client "$v4"
ok "bob is online" within 30 reaches second "$v4"

# ------------------------------------------------------------------- disclosing
ok "a disclosure" peerage -q -j disclose alice --output "$box/disclosed"
is "says that she is on" "$(disclosed '.peers[0].running.status')" on
is "and when that was, as the kernel has it" \
	"$(date -d "$(disclosed '.peers[0].running.latest_handshake_at')" +%s)" \
	"$(in_ns server wg show wg0 latest-handshakes | awk -v k="$key" '$1 == k { print $2 }')"
is "not from where" "$(grep -c '192\.0\.2\.2' "$box/disclosed")" 0
is "but that this is held" "$(disclosed '.withheld[]' | grep -c 'connected from')" 1
peerage disclose --public-key >"$box/key.pub"
ok "it is signed" minisign -Vm "$box/disclosed" -p "$box/key.pub"
peerage -q -j disclose alice --endpoints >"$box/disclosed"
is "from where, if asked" "$(disclosed '.peers[0].running.endpoint')" \
	"$(in_ns server wg show wg0 endpoints | awk -v k="$key" '$1 == k { print $2 }')"
is "nothing of bob" "$(grep -c -e bob -e "$(field .peer.public_key show bob)" "$box/disclosed")" 0

# ------------------------------------------------------------------- forgetting
is "she stands in the register" "$(traces)" 1
ok "in the kernel" in_kernel
exits 0 "forget" peerage -y forget alice
not "gone from the kernel" in_kernel
ok "cut off" cut_off client "$v4"
is "no route is left" "$(in_ns server ip route show 10.55.0.0/16)" ""
is "no trace in any file" "$(traces)" 0
ok "bob is online" reaches second "$v4"
ok "the kernel equals the register" kernel_equals_register
exits 0 "the chain holds" peerage log --verify
exits 3 "her key stays refused" peerage add eve --public-key "$key"

# ---------------------------------------------------------- later, where it must
peerage add alice --note canary >"$box/alice.conf"
key=$(field .peer.public_key show alice) psk=$(conf_values "$box/alice.conf" PresharedKey)
alias=$(in_ns server ip -j link show dev wg0 | jq -r '.[0].ifalias')
in_ns server ip link set wg0 alias somebody
exits 4 "the interface is no longer ours" peerage -y forget alice
ok "she is still let in" in_kernel
is "the name is gone" "$(peerage -j list --state all | jq '.peers | length')" 1
is "the key is known, as it must be" "$(sqlite3 "$PEERAGE_REGISTER" \
	"SELECT lower(hex(key)) FROM pending WHERE forgotten = 1 AND kind = 1")" \
	"$(base64 -d <<<"$key" | od -An -v -tx1 | tr -d ' \n')"
in_ns server ip link set wg0 alias "$alias"
exits 0 "a tick" peerage maintain
not "finishes it" in_kernel
is "no trace in any file" "$(traces)" 0
is "nor the key" "$(sqlite3 "$PEERAGE_REGISTER" 'SELECT count(*) FROM pending')" 0
ok "bob is online" reaches second "$v4"
finish
