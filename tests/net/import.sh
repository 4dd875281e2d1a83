#!/bin/bash
# SPDX-License-Identifier: ISC
# A server that runs with wireguard-go is taken over, from its config and from
# what runs; and one that is blank is filled from a config.
WG_IMPL=go
. "$(dirname "$0")/../vm/lib.sh"

server_key=$(wg genkey) client_key=$(wg genkey) psk=$(wg genpsk)
client_pub=$(wg pubkey <<<"$client_key")
cat >"$box/wg0.conf" <<END
[Interface]
PrivateKey = $server_key
Address = 10.6.0.1/24
ListenPort = 51820
### Client alice
[Peer]
PublicKey = $client_pub
PresharedKey = $psk
AllowedIPs = 10.6.0.2/32
END
cat >"$box/client.conf" <<END
[Interface]
PrivateKey = $client_key
Address = 10.6.0.2/32
[Peer]
PublicKey = $(wg pubkey <<<"$server_key")
PresharedKey = $psk
Endpoint = 192.0.2.1:51820
AllowedIPs = 10.6.0.0/24
END
dump() { in_ns server wg show wg0 dump | cut -f1-5,8; }
alias_of() { in_ns server ip -j link show wg0 | jq -r '.[0].ifalias // ""'; }

topology
exits 1 "nothing runs, and nobody to start it" peerage -q import "$box/wg0.conf" \
	--endpoint 192.0.2.1 --nat none
says "the way out" "wireguard-go wg0"
ok "wireguard-go" wg_link server wg0
wg-quick strip "$box/wg0.conf" >"$box/wg0.strip"
ok "is filled by wg" in_ns server wg setconf wg0 "$box/wg0.strip"
in_ns server ip addr add 10.6.0.1/24 dev wg0
in_ns server ip link set wg0 up
ok "a client" client_up "$box/client.conf" client
ok "is online" within 30 reaches client 10.6.0.1
dump >"$box/before"

exits 0 "import FILE" peerage import "$box/wg0.conf" --endpoint 192.0.2.1 --nat none
ok "changes nothing in it" diff "$box/before" <(dump)
is "but the alias" "$(alias_of | cut -d: -f1)" peerage
exits 0 "and there is nothing to do" peerage -n sync
is "she is on" "$(field '.peers[0] | "\(.name) \(.live.status)"' status)" "alice on"

export PEERAGE_REGISTER=$box/second/register.db
in_ns server ip link set wg0 alias ''
exits 0 "import --live" peerage import --live --endpoint 192.0.2.1 --nat none
ok "changes nothing in it" diff "$box/before" <(dump)
exits 0 "and there is nothing to do" peerage -n sync
exits 0 "revoke" peerage -y revoke "$(field '.peers[0].name' list)"
is "she is gone" "$(in_ns server wg show wg0 peers)" ""

export PEERAGE_REGISTER=$box/third/register.db
exits 0 "down" env PEERAGE_REGISTER="$box/second/register.db" nsenter -t "${ns_pid[server]}" -n -m \
	"$PEERAGE" -q down
ok "ends wireguard-go" within 20 gone server wg0
ok "a blank one" wg_link server wg0
exits 0 "import FILE" peerage import "$box/wg0.conf" --endpoint 192.0.2.1 --nat none
is "fills it" "$(in_ns server wg show wg0 peers)" "$client_pub"
ok "the chain holds" "$VERIFY" "$PEERAGE_REGISTER"
finish
