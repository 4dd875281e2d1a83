#!/bin/bash
# SPDX-License-Identifier: ISC
# The netlink backend against a real kernel, with `wg` and `ip` as witnesses.
# Runs as root in a kernel that has WireGuard: backend.sh PATH-TO-BACKEND_DRIVER.
# Prints TAP.
# Wants two processors.
set -u
driver=${1:-$PEERAGE_BUILD/tests/backend_driver}
n=0 failed=0

d() { "$driver" netlink wg0 "$@"; }

# is WANTED GOT DESCRIPTION
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

# What we say and what wg says, in full: between two dumps of wg's, since peers with an
# endpoint try a handshake every 5 s, which counts as sent.
agree() {
	local before ours after
	before=$(wg show wg0 dump) ours=$(d dump) after=$(wg show wg0 dump)
	is '' "$(awk -F '\t' '
		FNR == 1 { file++ }
		NF == 8 { sent[file, FNR] = $7; $7 = "" }
		{ line[file, FNR] = $0; if (FNR > lines) lines = FNR }
		END {
			for (i = 1; i <= lines; i++)
				if (line[2, i] != line[1, i] || line[2, i] != line[3, i] ||
					sent[2, i] + 0 < sent[1, i] + 0 || sent[2, i] + 0 > sent[3, i] + 0)
					print line[2, i], "sent", sent[1, i], sent[2, i], sent[3, i]
		}' <(echo "$before") <(echo "$ours") <(echo "$after"))" \
		"$1: our dump is wg's"
}

alias_of() { cat "/sys/class/net/$1/ifalias"; }
peers() { wg show wg0 peers | wc -l; }

d link >/dev/null
is 1 $? 'no link yet'
is 'link: not_found: there is no interface wg0' "$(d link)" 'and the words for it'
d delete
is 0 $? 'deleting what is absent is fine'
is '' "$(d create peerage:0123)" 'create the link'
is 'peerage:0123' "$(alias_of wg0)" 'its alias is set from the start'
is 'wireguard alias peerage:0123 mtu 1420 down' "$(d link)" 'the link as we see it'
d create other >/dev/null
is 1 $? 'a taken name is refused'
is 'peerage:0123' "$(alias_of wg0)" 'and the link that has it is untouched'
ip link add plain type dummy
"$driver" netlink plain create ours >/dev/null
is '' "$(alias_of plain)" 'another kind of link of that name is untouched, too'
is "open: usage: $("$driver" netlink 'a/b' link | sed 's/^open: usage: //')" \
	"$("$driver" netlink 'a/b' link)" 'a malformed name'
is 'observe: unsupported: plain is not an interface of the kernel'"'"'s WireGuard' \
	"$("$driver" netlink plain dump)" 'a link that is no WireGuard'
"$driver" netlink plain delete >/dev/null
is 1 $? 'is not deleted either'
is 1 "$(ip -o link show plain | wc -l)" 'it is still there'

is '2 done, 0 failed' "$(d device 51820)" 'private key, port, mark; mtu, up'
is '51820 0x1234' "$(wg show wg0 listen-port) $(wg show wg0 fwmark)" 'wg sees port and mark'
is "$(printf '\xf8%s\x7f' "$(printf '\xff%.0s' {1..30})" | base64)" "$(wg show wg0 private-key)" \
	'the key was clamped'
is 'wireguard alias peerage:0123 mtu 1400 up' "$(d link)" 'mtu and up'

is '1000 done, 0 failed' "$(d add 1 1000)" '1,000 peers with preshared key, IPv4 and IPv6'
is 1000 "$(peers)" 'wg sees them all'
agree '1,000 peers'
before=$(wg show wg0 dump)
is '1000 done, 0 failed' "$(d add 1 1000)" 'the same again'
is "$before" "$(wg show wg0 dump)" 'changes nothing'
is '10 done, 0 failed' "$(d update 5000 10)" 'an update of absent peers'
is "$before" "$(wg show wg0 dump)" 'makes none'
is 1000 "$(d stop)" 'a dump that the observer ends leaves the socket usable'

is '3 done, 0 failed' "$(d split 2001)" 'a peer with 3,000 allowed IPs between two others'
is 3000 "$(wg show wg0 allowed-ips | awk 'NF > 1000 { print NF - 1 }')" 'wg sees 3,000'
agree 'split allowed IPs'
is '3 done, 0 failed' "$(d split 2001)" 'and again'
is 3000 "$(wg show wg0 allowed-ips | awk 'NF > 1000 { print NF - 1 }')" 'still 3,000'

key7=$(wg show wg0 allowed-ips | awk '/10\.0\.0\.7\/32/ { print $1 }')
key8=$(wg show wg0 allowed-ips | awk '/10\.0\.0\.8\/32/ { print $1 }')
is '1 done, 0 failed' "$(d move 7 8)" 'move the addresses of peer 7 to peer 8'
is "$key8" "$(wg show wg0 allowed-ips | awk '/10\.0\.0\.7\/32/ { print $1 }')" 'peer 8 has them'
is '(none)' "$(wg show wg0 allowed-ips | awk -v k="$key7" '$1 == k { print $2 }')" 'peer 7 has none'
is '(none) off' "$(wg show wg0 dump | awk -v k="$key8" '$1 == k { print $2, $8 }')" \
	'preshared key and keepalive were cleared'
agree 'a move'

is '1 done, 0 failed' "$(d endpoint 9 192.0.2.1 1000)" 'an IPv4 endpoint'
is '1 done, 0 failed' "$(d endpoint 10 2001:db8::1 2000)" 'an IPv6 endpoint'
is '192.0.2.1:1000 [2001:db8::1]:2000' \
	"$(wg show wg0 endpoints | awk '$2 != "(none)" { printf "%s%s", s, $2; s = " " }')" 'wg sees both'
agree 'endpoints'

is '900 done, 0 failed' "$(d remove 101 900)" 'remove 900 peers'
is 103 "$(peers)" 'they are gone'
is '5 done, 0 failed' "$(d remove 101 5)" 'removing the absent is fine'
agree 'removal'

is 'peer number-3000 ok
peer number-3001 ok
peer number-3002 failed
peer number-3003 ok
peer number-3004 ok
4 done, 1 failed' "$(d bad 3000 | grep -v ^apply)" 'one bad operation among five'
is 'apply: failed: add peer number-3002: wg0: the kernel refused: Invalid argument' \
	"$(d bad 3000 | grep ^apply)" 'its error names it'
is 4 "$(wg show wg0 allowed-ips | grep -c 'fd01::b[b-f]')" 'the other four are whole'

ip link add dum0 type dummy
ip link set dum0 up
ip addr add 198.51.100.1/24 dev dum0
ip route add default via 198.51.100.254 dev dum0
is '2 done, 0 failed' "$(d prefixes +a10.7.0.1/24 +afd07::1/64)" 'addresses'
is '2 done, 0 failed' "$(d prefixes +a10.7.0.1/24 +afd07::1/64)" 'again'
is '10.7.0.1/24 fd07::1/64' "$(ip -o addr show dev wg0 scope global | awk '{ print $4 }' | xargs)" \
	'ip sees them'
is '10.7.0.1/24 fd07::1/64' "$(d listed addresses | xargs)" 'so do we'
is '4 done, 0 failed' "$(d prefixes +a10.7.0.1/16 +afd07::1/48 -a10.7.0.1/24 -afd07::1/64)" \
	'widen both: add, then delete'
is '10.7.0.1/16 fd07::1/48' "$(ip -o addr show dev wg0 scope global | awk '{ print $4 }' | xargs)" \
	'ip sees the wide ones only'
is '1 done, 0 failed' "$(d prefixes -a10.9.9.9/24)" 'deleting an absent address is fine'
is '3 done, 0 failed' "$(d prefixes +r172.20.0.0/16 +rfd20::/32 +r172.20.0.0/16)" 'routes'
is '172.20.0.0/16 proto static scope link' \
	"$(ip -4 route show dev wg0 proto static | sed 's/ *$//' | sed 's/ scope/ proto static scope/')" \
	'ip sees the IPv4 route'
is 1 "$(ip -6 route show dev wg0 proto static | grep -c '^fd20::/32')" 'and the IPv6 route'
is '172.20.0.0/16 fd20::/32' "$(d listed routes | xargs)" 'so do we, and no other'
is '2 done, 0 failed' "$(d prefixes -r172.20.0.0/16 -r172.21.0.0/16)" 'delete one, and an absent one'
is 'fd20::/32' "$(d listed routes | xargs)" 'one is left'
is '500 done, 0 failed' "$(d routes +)" '500 routes'
is 250 "$(ip -4 route show dev wg0 proto static | wc -l)" 'ip sees the half of them'
is 501 "$(d listed routes | wc -l)" 'we see all'
is '500 done, 0 failed' "$(d routes -)" 'and delete them'
is 1 "$(d listed routes | wc -l)" 'back to one'
sysctl -qw net.ipv6.conf.wg0.disable_ipv6=1
is 1 "$(d prefixes +afd08::1/64 | grep -c 'IPv6 is switched off on wg0')" 'no IPv6 on the link: said so'
sysctl -qw net.ipv6.conf.wg0.disable_ipv6=0

is 'dum0 198.51.100.1' "$(d lookup 203.0.113.5)" 'the way to the world'
is 'lookup: not_found: this host has no route to 2001:db8::5' "$(d lookup 2001:db8::5)" 'no way'
is '' "$(d ra)" 'no router advertisements'
ip -6 route add default via fe80::1 dev dum0 proto ra metric 1024
is 'dum0' "$(d ra)" 'a default route of a router advertisement'
ip -6 route add 2001:db8:1::/48 via fe80::1 dev plain proto ra 2>/dev/null
is 'dum0' "$(d ra)" 'other routes of one do not count'

"$driver" netlink wg1 create peerage:1 >/dev/null
is 'apply: failed: bring up wg1: UDP port 51820 is in use by another program: choose another listen port, or end that program ('"'ss -ulnp'"' shows it)' \
	"$("$driver" netlink wg1 device 51820 | grep ^apply)" 'a port in use, at link up'
"$driver" netlink wg1 device 51821 >/dev/null
is 'apply: failed: configure wg1: UDP port 51820 is in use by another program: choose another listen port, or end that program ('"'ss -ulnp'"' shows it)' \
	"$("$driver" netlink wg1 device 51820 | grep ^apply)" 'a port in use, when changed'
"$driver" netlink wg1 delete

d add 10000 5000 >/dev/null
total=$(peers)
"$driver" netlink wg0 churn "$(wg show wg0 peers | head -n 1)" 2 &
writer=$!
busy=$(d busy "$total" 6)
is 0 $? "dumps under fire are complete or say so ($busy)"
kill $writer
wait $writer 2>/dev/null
agree '5,000 more'

is '0 done, 1 failed' "$(d swapped | grep -v ^apply)" 'a link that was made again after the look at it'
is 0 "$(peers)" 'got nothing'
d add 1 1000 >/dev/null
is '' "$(d delete)" 'delete the link with 1,000 peers'
is 0 "$(ip -o link show | grep -c wg0)" 'it is gone'
d create alias && d add 1 300 >/dev/null
is '' "$(d delete 3000)" 'delete one that is said to have many'
is 0 "$(ip -o link show | grep -c wg0)" 'it is gone, too'
is '0 done, 10 failed' "$(d add 1 10 | grep -v ^apply)" 'applying to it fails for each operation'

unprivileged=$(setpriv --bounding-set=-net_admin --inh-caps=-all --reuid=65534 --clear-groups "$driver" netlink wg0 link)
is 'open: permission: WireGuard interfaces need CAP_NET_ADMIN: run as root' "$unprivileged" 'no privilege'

echo "1..$n"
[ "$failed" = 0 ]
