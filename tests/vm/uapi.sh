#!/bin/bash
# SPDX-License-Identifier: ISC
# The uapi backend against wireguard-go, with `wg` and `ip` as witnesses. Runs
# as root, in network and mount namespaces of its own, where there is a TUN
# device: uapi.sh PATH-TO-BACKEND_DRIVER. Prints TAP.
set -u
driver=${1:-$PEERAGE_BUILD/tests/backend_driver}
n=0 failed=0

d() { "$driver" uapi wg0 "$@"; }

is() {
	n=$((n + 1))
	if [ "$1" = "$2" ]; then
		echo "ok $n - $3"
	else
		failed=$((failed + 1))
		echo "not ok $n - $3"
		printf '%s\n' "wanted: $1" "got:    $2" | head -n 20 | sed 's/^/# /'
	fi
}

# wireguard-go lists peers and their allowed IPs in any order: one line each, sorted.
sorted() {
	awk -F'\t' -v OFS='\t' 'NF > 4 { m = split($4, a, ","); $4 = m
		for (i = 1; i <= m; i++) print $1, a[i] } 1' | sort
}
peers() { wg show wg0 peers | wc -l; }
agree() {
	is "$(wg show wg0 dump | sorted)" "$(d dump | sorted)" "$1: our dump is wg's"
	is "$(peers)" "$(d dump | awk 'NF > 4' | wc -l)" "$1: all peers are in it"
}

mkdir -p /run/wireguard
[ -S /run/wireguard/wg0.sock ] && exit 2
is 'link: not_found: there is no interface wg0' "$(d link)" 'nothing there'
is 1 "$(d create ours | grep -c "^create: unsupported: .*'wireguard-go wg0'")" \
	'no link of our own: says how to start a program'
is 1 "$(d dump | grep -c "^observe: not_found: no userspace WireGuard runs wg0: start one")" \
	'nothing to observe'
is '0 done, 3 failed' "$(d add 1 3 | grep -v ^apply)" 'nothing to apply to'

wireguard-go -f wg0 >/dev/null 2>&1 &
go=$!
while [ ! -S /run/wireguard/wg0.sock ]; do
	kill -0 $go 2>/dev/null || { echo 'Bail out! wireguard-go does not start'; exit 1; }
	sleep 0.05
done
is uapi "$("$driver" auto wg0 name)" 'auto finds the program that runs the interface'
is '2 done, 0 failed' "$(d device 51820)" 'private key, port, mark; mtu, up'
is '51820 0x1234' "$(wg show wg0 listen-port) $(wg show wg0 fwmark)" 'wg sees port and mark'
is "$(printf '\xf8%s\x7f' "$(printf '\xff%.0s' {1..30})" | base64)" "$(wg show wg0 private-key)" \
	'the key was clamped'
is 'tun alias  mtu 1400 up' "$(d link)" 'the link'
is '1000 done, 0 failed' "$(d add 1 1000)" '1,000 peers'
is 1000 "$(peers)" 'wg sees them all'
agree '1,000 peers'
is '10 done, 0 failed' "$(d update 5000 10)" 'an update of absent peers'
is 1000 "$(peers)" 'makes none'
is 1000 "$(d stop)" 'an observer that ends early'
is '3 done, 0 failed' "$(d split 2001)" 'a peer with 3,000 allowed IPs between two others'
is 3000 "$(wg show wg0 allowed-ips | awk 'NF > 1000 { print NF - 1 }')" 'wg sees 3,000'
agree 'many allowed IPs'
key8=$(wg show wg0 allowed-ips | awk '/10\.0\.0\.8\/32/ { print $1 }')
is '1 done, 0 failed' "$(d move 7 8)" 'move the addresses of peer 7 to peer 8'
is "$key8" "$(wg show wg0 allowed-ips | awk '/10\.0\.0\.7\/32/ { print $1 }')" 'peer 8 has them'
is '(none) off' "$(wg show wg0 dump | awk -v k="$key8" '$1 == k { print $2, $8 }')" \
	'preshared key and keepalive were cleared'
is '1 done, 0 failed' "$(d endpoint 9 192.0.2.1 1000)" 'an IPv4 endpoint'
is '1 done, 0 failed' "$(d endpoint 10 2001:db8::1 2000)" 'an IPv6 endpoint'
agree 'endpoints'
is '900 done, 0 failed' "$(d remove 101 900)" 'remove 900 peers'
is 103 "$(peers)" 'they are gone'
is 'peer number-3000 ok
peer number-3001 ok
peer number-3002 failed
peer number-3003 ok
peer number-3004 ok
4 done, 1 failed' "$(d bad 3000 | grep -v ^apply)" 'one bad operation among five'
is 1 "$(d bad 3000 | grep -c '^apply: failed: add peer number-3002: the userspace WireGuard of wg0 refused')" \
	'its error names it'
is '2 done, 0 failed' "$(d prefixes +a10.7.0.1/24 +afd07::1/64)" 'addresses'
is '10.7.0.1/24 fd07::1/64' "$(d listed addresses | grep -v ^fe80 | xargs)" 'are there'
is '2 done, 0 failed' "$(d prefixes +r172.20.0.0/16 +rfd20::/32)" 'routes'
is '172.20.0.0/16 fd20::/32' "$(d listed routes | xargs)" 'are there'
is '' "$(d delete)" 'delete the link'
wait $go
is 0 "$(ip -o link show | grep -c wg0)" 'it is gone, and the program has ended'
is '0 done, 3 failed' "$(d add 1 3 | grep -v ^apply)" 'applying fails for each operation'
echo "1..$n"
[ "$failed" = 0 ]
