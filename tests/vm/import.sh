#!/bin/bash
# SPDX-License-Identifier: ISC
# A server that wg(8) and ip(8) made, with a client whose session lives, is taken
# over from its config and from what runs: the session goes on, no packet is lost,
# the kernel's peers are as before, and then they are peerage's.
. "$(dirname "$0")/lib.sh"

echoes=300 # of a flood
interval=0.002
[ -e /job ] && interval=0.01

server_key=$(wg genkey) client_key=$(wg genkey) psk=$(wg genpsk)
site=$(wg genkey | wg pubkey) off=$(wg genkey | wg pubkey) stranger=$(wg genkey | wg pubkey)
client_pub=$(wg pubkey <<<"$client_key")

cat >"$box/wg0.conf" <<END
[Interface]
PrivateKey = $server_key
Address = 10.6.0.1/24, fd06::1/64
ListenPort = 51820
PostUp = true

### begin alice ###
[Peer]
PublicKey = $client_pub
PresharedKey = $psk
AllowedIPs = 10.6.0.2/32, fd06::2/128
### end alice ###

[Peer]
# friendly_name = site
PublicKey = $site
AllowedIPs = 10.6.0.3/32, 172.20.0.0/16
Endpoint = 192.0.2.77:7777
PersistentKeepalive = 25

#[disabled] ### begin off ###
#[disabled] [Peer]
#[disabled] PublicKey = $off
#[disabled] AllowedIPs = 10.6.0.9/32
#[disabled] ### end off ###
END
cat >"$box/client.conf" <<END
[Interface]
PrivateKey = $client_key
Address = 10.6.0.2/32, fd06::2/128
[Peer]
PublicKey = $(wg pubkey <<<"$server_key")
PresharedKey = $psk
Endpoint = 192.0.2.1:51820
AllowedIPs = 10.6.0.0/24, fd06::/64
END

# As wg-quick does it, step by step.
start_server() {
	in_ns server ip link add wg0 type wireguard
	wg-quick strip "$box/wg0.conf" >"$box/wg0.strip"
	in_ns server wg setconf wg0 "$box/wg0.strip"
	in_ns server ip addr add 10.6.0.1/24 dev wg0
	in_ns server ip addr add fd06::1/64 dev wg0 nodad
	in_ns server ip link set wg0 mtu 1380 up
	in_ns server ip route add 172.20.0.0/16 dev wg0
}
# What the kernel has of each peer, but for what grows by itself.
dump() { in_ns server wg show wg0 dump | cut -f1-5,8; }
session() { in_ns server wg show wg0 latest-handshakes | grep -F "$client_pub"; }
alias_of() { in_ns server ip -j link show wg0 | jq -r '.[0].ifalias // ""'; }
routes() { in_ns server ip -j route show dev wg0 | jq -r '.[] | "\(.dst) \(.protocol)"' | sort; }
flood() { in_ns client ping -n -q -i "$interval" -c "$echoes" -W 5 10.6.0.1 >"$box/flood"; }
# flooded WHAT EXIT ARG…: while echoes pass, none of which may be lost
flooded() {
	local what=$1 want=$2 pid
	shift 2
	dump >"$box/before"
	session >"$box/session"
	flood &
	pid=$!
	within 20 eval '[ -e "$box/flood" ]'
	exits "$want" "$what" peerage "$@"
	wait "$pid"
	ok "$what: of $echoes echoes none is lost" grep -q " $echoes received" "$box/flood"
	ok "$what: the session is the same" diff "$box/session" <(session)
	rm -f "$box/flood"
}

topology
start_server
ok "a client of that server" client_up "$box/client.conf" client
ok "is online" within 30 reaches client 10.6.0.1
not "nobody's interface" eval '[ -n "$(alias_of)" ]'

exits 3 "init points to import" peerage init wg0 --endpoint 192.0.2.1
ok "in so many words" grep -q 'peerage -i wg0 import --live' "$box/errs"
exits 0 "-n shows it" peerage -n import "$box/wg0.conf" --endpoint 192.0.2.1
ok "with names" grep -q '^alice .*10\.6\.0\.2' "$box/out"
is "and changes nothing" "$(alias_of)" ""

flooded "import FILE" 0 import "$box/wg0.conf" --endpoint 192.0.2.1
ok "the kernel's peers are as before" diff "$box/before" <(dump)
ok "PostUp is told of" grep -q 'line 5: PostUp: not carried over' "$box/errs"
is "the alias is ours" "$(alias_of | cut -d: -f1)" peerage
is "the MTU that runs is kept" "$(in_ns server cat /sys/class/net/wg0/mtu)" 1380
is "the route that wg-quick made is ours" "$(routes)" \
	"$(printf '%s\n' '10.6.0.0/24 kernel' '172.20.0.0/16 static')"
exits 0 "there is nothing to do" peerage -n sync
is "status knows her" "$(field '.peers[] | select(.live.status == "on").name' status)" alice
is "and the one that is disabled" "$(field '.peers[] | select(.name == "off").live.status' status)" \
	disabled
exits 0 "add" peerage add bob
ok "the kernel equals the register" kernel_equals_register
exits 0 "revoke" peerage -y revoke alice
not "alice is cut off" eval 'live_keys | grep -qxF "$client_pub"'
exits 0 "and the site" peerage -y revoke site
not "its route goes with it" eval 'routes | grep -q static'

# Another register: it is taken out of the first, and runs anew with one more peer.
export PEERAGE_REGISTER=$box/second/register.db
exits 3 "another register's interface is refused" peerage -i wg0 import --live --endpoint 192.0.2.1
one_line "in one line"
in_ns server ip link del wg0
start_server
in_ns server wg set wg0 peer "$stranger" allowed-ips 10.6.0.66/32
client_down client
ok "the client again" client_up "$box/client.conf" client
ok "is online again" within 30 reaches client 10.6.0.1
flooded "import --live" 0 import --live --endpoint 192.0.2.1
ok "the kernel's peers are as before" diff "$box/before" <(dump)
is "all three are registered" "$(registered_keys | sort)" "$(live_keys)"
is "no endpoint of a peer is" "$(field '[.peers[].peer_endpoint | values] | length' list)" 0
exits 0 "there is nothing to do" peerage -n sync

# A file that lacks a running peer, and has one that does not run.
export PEERAGE_REGISTER=$box/third/register.db
in_ns server ip link set wg0 alias ''
in_ns server wg set wg0 peer "$site" remove
flooded "import FILE, which differs" 5 -j import "$box/wg0.conf" --endpoint 192.0.2.1
is "who runs without being in it is named" "$(jq -r '.left_over[]' "$box/out")" "$stranger"
is "and who did not run" "$(jq -r '.changes[] | select(.action == "add").peer' "$box/out")" site
ok "and does now" eval 'live_keys | grep -qxF "$site"'
ok "the stranger is left alone" eval 'live_keys | grep -qxF "$stranger"'

# Another private key.
export PEERAGE_REGISTER=$box/fourth/register.db
in_ns server ip link set wg0 alias ''
sed "s,^PrivateKey.*,PrivateKey = $(wg genkey)," "$box/wg0.conf" >"$box/other.conf"
dump >"$box/before"
exits 3 "another private key is refused" peerage -i wg0 import "$box/other.conf" --endpoint 192.0.2.1
one_line "in one line"
ok "and nothing has changed" diff "$box/before" <(dump)
not "nor is there a register" test -e "$PEERAGE_REGISTER"

# Registered while it runs, and taken over later.
exits 0 "import --no-up" peerage import "$box/wg0.conf" --no-up --endpoint 192.0.2.1
is "leaves it alone" "$(alias_of)" ""
flooded "up" 0 up
is "up takes it over" "$(alias_of | cut -d: -f1)" peerage

# Nothing runs.
export PEERAGE_REGISTER=$box/fifth/register.db
in_ns server ip link del wg0
exits 6 "nothing runs" peerage import --live --endpoint 192.0.2.1
one_line "in one line"
exits 0 "import FILE brings it up" peerage import "$box/wg0.conf" --endpoint 192.0.2.1
ok "with the same keys and allowed IPs" diff <(cut -f1,2,4 "$box/before" | grep -vF "$stranger" | sort) \
	<(dump | cut -f1,2,4 | sort)
ok "the chain holds" "$VERIFY" "$PEERAGE_REGISTER"
finish
