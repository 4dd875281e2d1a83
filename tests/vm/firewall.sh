#!/bin/bash
# SPDX-License-Identifier: ISC
# The firewall and forwarding of lib/host on a real kernel, with real WireGuard and real packets.
# Root, in a machine or network namespace of its own: firewall.sh [HOST_DRIVER]. Writes TAP.
#
#   phone1, phone2 ──wg0──▶ server ──eth0──▶ inet     (has no route back to the tunnel's addresses)
#                                  ──eth1──▶ lan      (has one)
set -u
umask 077
driver=${1:-$PEERAGE_BUILD/tests/host_driver}
id=00112233445566778899aabbccddeeff other_id=ffeeddccbbaa99887766554433221100
pools='10.7.0.1/24 fd00:7::1/64'
n=0 failed=0
work=$(mktemp -d /tmp/firewall.XXXXXX)
trap 'rm -rf "$work"' EXIT

ok() { # ok DESCRIPTION COMMAND…
	local what=$1
	shift
	n=$((n + 1))
	if "$@" >"$work/out" 2>&1; then
		echo "ok $n - $what"
	else
		echo "not ok $n - $what"
		sed 's/^/# /' "$work/out"
		failed=$((failed + 1))
	fi
}
not() { ! "$@"; }
on() { local ns=$1; shift; ip netns exec "$ns" "$@"; }
# knob NAMESPACE NAME [VALUE]: a file below /proc/sys/net
knob() {
	if [ $# = 3 ]; then
		on "$1" bash -c 'echo "$2" >"/proc/sys/net/$1"' - "$2" "$3"
	else
		on "$1" cat "/proc/sys/net/$2"
	fi
}
server() { on server "$@"; }
reaches() { on "$1" ping -q -n -c 1 -W 5 "$2"; }
silent() { not on "$1" ping -q -n -c 3 -i 0.2 -W 1 "$2"; }
both_reach() { reaches "$1" "$2" && reaches "$1" "$3"; }
both_silent() { silent "$1" "$2" && silent "$1" "$3"; }
apply() { server "$driver" apply wg0 "$@"; }
fails_with() { # fails_with STATUS WORDS COMMAND…
	local status=$1 words=$2 rc=0
	shift 2
	"$@" || rc=$?
	[ "$rc" = "$status" ] && grep -qF -- "$words" "$work/out"
}
# The ruleset without our table, byte by byte.
others() {
	server nft -j list ruleset |
		jq -c '.nftables[] | select([.table.name, .chain.table, .rule.table, .set.table] |
			index("peerage-wg0") | not)'
}
ours() { server nft list table inet peerage-wg0; }
counted() { # counted NAMESPACE COMMENT: packets that met the rules of that comment
	on "$1" nft -j list table inet watch | jq --arg c "$2" '[.nftables[].rule |
		select(.comment? == $c) | .expr[].counter.packets? // empty] | add'
}

link() { # link A DEVICE B DEVICE: a veth between two namespaces
	ip link add "$2" netns "$1" type veth peer name "$4" netns "$3"
	on "$1" ip link set "$2" up
	on "$3" ip link set "$4" up
}
address() {
	case $3 in
	*:*) on "$1" ip address add "$3" dev "$2" nodad ;;
	*) on "$1" ip address add "$3" dev "$2" ;;
	esac
}

build() {
	local ns i
	for ns in server inet lan phone1 phone2; do
		ip netns add $ns
		on $ns ip link set lo up
	done
	link server eth0 inet up0
	link server eth1 lan up0
	address server eth0 192.0.2.1/24; address server eth0 2001:db8:2::1/64
	address inet up0 192.0.2.2/24; address inet up0 2001:db8:2::2/64
	address server eth1 203.0.113.1/24; address lan up0 203.0.113.2/24
	on lan ip route add 10.7.0.0/24 via 203.0.113.1
	server ip route add default via 192.0.2.2
	server ip link add wg0 type wireguard
	address server wg0 10.7.0.1/24; address server wg0 fd00:7::1/64
	server wg genkey >"$work/server"
	server wg set wg0 listen-port 51820 private-key "$work/server"
	server ip link set wg0 up
	for i in 1 2; do
		link server p$i phone$i up0
		address server p$i 198.51.100.$((4 * i + 1))/30
		address phone$i up0 198.51.100.$((4 * i + 2))/30
		wg genkey >"$work/phone$i"
		on phone$i ip link add wg0 mtu 1500 type wireguard
		address phone$i wg0 10.7.0.$((i + 1))/32; address phone$i wg0 fd00:7::$((i + 1))/128
		on phone$i wg set wg0 private-key "$work/phone$i"
		on phone$i ip link set wg0 up
		on phone$i ip route add 0.0.0.0/1 dev wg0
		on phone$i ip route add 128.0.0.0/1 dev wg0
		on phone$i ip -6 route add default dev wg0
		server wg set wg0 peer "$(wg pubkey <"$work/phone$i")" \
			allowed-ips 10.7.0.$((i + 1))/32,fd00:7::$((i + 1))/128
		connect $i
	done
}
# A peer made anew shakes hands at once, whatever was lost before; from a port that no connection
# tracking knows.
port=40000
connect() {
	local key
	port=$((port + 1))
	on "phone$1" wg set wg0 listen-port $port
	key=$(wg pubkey <"$work/server")
	on "phone$1" wg set wg0 peer "$key" remove
	on "phone$1" wg set wg0 peer "$key" allowed-ips 0.0.0.0/0,::/0 \
		endpoint 198.51.100.$((4 * $1 + 1)):51820
}
watch_tables() {
	on inet nft -f - <<-'END'
		table inet watch {
			chain input {
				type filter hook input priority -300;
				ip saddr 10.7.0.0/24 counter comment "raw"
				ip6 saddr fd00:7::/64 counter comment "raw"
				ip saddr 192.0.2.1 udp dport 9 counter comment "masked"
				tcp flags syn tcp option maxseg size <= 1380 counter comment "clamped"
				tcp flags syn tcp option maxseg size > 1380 counter comment "unclamped"
			}
		}
	END
	on phone1 nft -f - <<-'END'
		table inet watch {
			chain input {
				type filter hook input priority -300;
				tcp flags & (syn | ack) == syn | ack tcp option maxseg size <= 1380 counter comment "clamped"
				tcp flags & (syn | ack) == syn | ack tcp option maxseg size > 1380 counter comment "unclamped"
			}
		}
	END
	on lan nft -f - <<-'END'
		table inet watch {
			chain input {
				type filter hook input priority -300;
				ip saddr 10.7.0.0/24 counter comment "raw"
			}
		}
	END
}
foreign_tables() {
	server nft -f - <<-'END'
		table inet admin {
			set s { type inet_service; elements = { 22, 80 }; }
			chain input { type filter hook input priority 0; tcp dport @s accept; }
			chain forward { type filter hook forward priority 0; accept; }
		}
		table ip nat { chain post { type nat hook postrouting priority 100; ip saddr 172.16.0.0/12 masquerade; }; }
		table inet peerage-wg1 { chain forward { type filter hook forward priority 0; }; }
	END
}

forwarding() {
	local ra=ipv6/conf/eth0/accept_ra v4=ipv4/ip_forward v6=ipv6/conf/all/forwarding
	ok 'a router advertisement is learnt' learns_route
	knob server $v6 1
	ok 'the kernel forgets the route when forwarding goes on (or this test shows nothing)' not has_ra_route
	knob server $v6 0
	knob server $v4 0
	ok 'it is learnt again' learns_route
	ok 'forwarding is switched on, accept_ra before it' forwards
	ok 'accept_ra is 2' [ "$(knob server $ra)" = 2 ]
	ok 'accept_ra of a device without such a route is left alone' \
		[ "$(knob server ipv6/conf/eth1/accept_ra)" = 1 ]
	ok 'both families are forwarded' \
		[ "$(knob server $v4)$(knob server $v6)" = 11 ]
	ok 'the route is still there' has_ra_route
	ok 'a second time changes nothing' fails_with 0 'changed 0' server "$driver" forward wg0 $pools
	server ip -6 route flush proto ra
	knob server $v6 0
	knob server $ra 1
	server ip -6 route add default via fe80::1 dev eth0 proto ra
	ok 'also for a route that somebody else marked as learnt so' \
		fails_with 0 'accept_ra=2 on eth0' server "$driver" forward wg0 $pools
	server ip -6 route flush proto ra
	server ip -6 route add default via 2001:db8:2::2
}
has_ra_route() { server ip -6 route show default proto ra | grep -q 'via fe80'; }
learns_route() {
	local i
	for i in $(seq 100); do
		on inet "$driver" advertise up0
		has_ra_route && return
		sleep 0.1
	done
	return 1
}
forwards() {
	server "$driver" forward wg0 $pools >"$work/remarks" || return
	cat "$work/remarks"
	[ "$(sed 's/[ (,].*//; s/^/:/' "$work/remarks" | tr -d '\n')" = :switched:set:switched:changed ]
}

masquerade() {
	ok 'nft is found fit' server "$driver" probe
	ok 'without the table the tunnel has no way back from inet' both_silent phone1 192.0.2.2 2001:db8:2::2
	others >"$work/before"
	ok 'the table loads' apply $id auto no $pools
	ok 'inet is reached over IPv4 and IPv6' both_reach phone1 192.0.2.2 2001:db8:2::2
	ok 'so is lan, masqueraded' reaches phone1 203.0.113.2
	ok 'lan saw no tunnel address' [ "$(counted lan raw)" = 0 ]
	ok 'the host reaches its own tunnel address as itself' \
		server ping -q -n -c 1 -W 5 -I 10.7.0.1 10.7.0.1
	ok 'a table of a device only' apply $id eth0 no $pools
	ok 'lan is reached' reaches phone1 203.0.113.2
	ok 'lan saw the tunnel address' [ "$(counted lan raw)" != 0 ]
	ok 'inet is reached still' both_reach phone2 192.0.2.2 2001:db8:2::2
	others >"$work/after"
	ok 'other tables are the same, byte by byte' cmp "$work/before" "$work/after"
	ok 'a table of another register is refused' \
		fails_with 3 'run: nft delete table inet peerage-wg0' apply $other_id auto yes $pools
	ok 'and stands as it was' ours_has_no isolation
	ok 'nor does it go where another register wants none' \
		fails_with 3 'not of this register' apply $other_id none no $pools
}
ours_has_no() { ours | not grep "$1"; }

# Each datagram is a connection of its own; a moment without the table would let one out unmasked.
replacement() {
	local before
	before=$(counted inet raw)
	(
		while [ ! -e "$work/stop" ]; do
			for _ in 1 2 3 4 5 6 7 8; do
				on phone1 bash -c 'for i in {1..40}; do echo x >/dev/udp/192.0.2.2/9; done' 2>/dev/null
			done
		done
	) &
	ok 'datagrams come masked' more_masked
	ok 'replaced forty times under fire' replace_often
	ok 'datagrams come masked still' more_masked
	: >"$work/stop"
	wait
	echo "# $(counted inet masked) datagrams, each a new connection"
	ok 'not one datagram got out unmasked' [ "$(counted inet raw)" = "$before" ]
}
more_masked() {
	local i before
	before=$(counted inet masked)
	for i in $(seq 100); do
		[ "$(counted inet masked)" -gt "$before" ] && return
		sleep 0.1
	done
	return 1
}
replace_often() {
	local i
	for i in $(seq 20); do
		apply $id eth0 no $pools && apply $id auto yes $pools || return
	done
}

mss() {
	apply $id auto no $pools
	on inet "$driver" listen 7 &
	local pid=$!
	ok 'TCP over IPv4 to inet' connects 192.0.2.2
	ok 'TCP over IPv6 to inet' connects 2001:db8:2::2
	kill $pid
	ok 'the MSS was clamped on the way out' seen inet 2
	ok 'and on the way in' seen phone1 2
}
connects() {
	local i
	for i in $(seq 50); do
		on phone1 timeout 10 bash -c "exec 3<>/dev/tcp/$1/7" && return
		sleep 0.1
	done
	return 1
}
seen() { [ "$(counted "$1" unclamped)" = 0 ] && [ "$(counted "$1" clamped)" -ge "$2" ]; }

isolation() {
	ok 'without isolation peers reach each other' both_reach phone1 10.7.0.3 fd00:7::3
	ok 'isolation loads' apply $id auto yes $pools
	ok 'peers no longer reach each other' both_silent phone1 10.7.0.3 fd00:7::3
	server nft insert rule inet admin forward iifname wg0 oifname wg0 accept
	ok 'not even where another table accepts it' silent phone2 10.7.0.2
	ok 'inet is reached still' both_reach phone1 192.0.2.2 2001:db8:2::2
	ok 'isolation alone' apply $id none yes $pools
	ok 'isolates' both_silent phone1 10.7.0.3 fd00:7::3
	ok 'and does not masquerade' ours_has_no masquerade
	server nft flush chain inet admin forward
	server nft add rule inet admin forward accept
}

removal() {
	apply $id auto yes $pools
	others >"$work/before"
	ok 'it is removed' server "$driver" remove wg0
	ok 'and is gone' not ours
	others >"$work/after"
	ok 'other tables are the same, byte by byte' cmp "$work/before" "$work/after"
	ok 'removing what is not there is fine' server "$driver" remove wg0
	apply $id auto yes $pools
	ok 'where nothing is wanted, apply removes it' apply $id none no $pools
	ok 'and it is gone' not ours
	apply $id auto no $pools
	server nft flush chain inet peerage-wg0 postrouting
	ok 'what somebody emptied is filled again' apply $id auto no $pools
	ok 'and works' both_reach phone1 192.0.2.2 2001:db8:2::2
}

# mends RULES: what blocks is found; the printed commands, run as printed, open the way.
mends() {
	local what=$1 found=$2
	server nft delete table inet fw 2>/dev/null
	server nft -f -
	connect 1
	ok "$what: nothing gets through" both_silent phone1 192.0.2.2 2001:db8:2::2
	server "$driver" foreign wg0 51820 auto $pools >"$work/remarks"
	ok "$what: $found found" grep -x "found $found" "$work/remarks"
	sed -n 's/.* run: //p' "$work/remarks" >"$work/commands"
	ok "$what: as many commands" [ "$(grep -c . "$work/commands")" = "$found" ]
	sed 's/^/# /' "$work/commands"
	ok "$what: the commands run" server bash -e "$work/commands"
	connect 1
	ok "$what: inet is reached" both_reach phone1 192.0.2.2 2001:db8:2::2
	ok "$what: nothing is found any more" fails_with 0 'found 0' \
		server "$driver" foreign wg0 51820 auto $pools
}
foreign() {
	mends 'input' 1 <<-'END'
		table inet fw {
			chain input { type filter hook input priority 0; policy drop; ct state established,related accept; iif lo accept; meta l4proto ipv6-icmp accept; tcp dport 22 accept; }
		}
	END
	mends 'forward' 1 <<-'END'
		table inet fw {
			chain forward { type filter hook forward priority 0; policy drop; ct state established,related accept; }
		}
	END
	mends 'both, by a last rule, answers too' 2 <<-'END'
		table inet fw {
			chain input { type filter hook input priority 10; ct state established accept; meta l4proto ipv6-icmp accept; drop; }
			chain forward { type filter hook forward priority 10; iifname "eth0" oifname "eth1" accept; drop; }
		}
	END
	mends 'a jump and a verdict map' 2 <<-'END'
		table inet fw {
			chain wan { tcp dport vmap { 22 : accept, 80 : accept }; drop; }
			chain input { type filter hook input priority 0; policy drop; ct state vmap { established : accept, related : accept, invalid : drop }; meta l4proto ipv6-icmp accept; jump wan; }
			chain forward { type filter hook forward priority 0; policy drop; iifname vmap { "eth1" : accept }; }
		}
	END
	server nft delete table inet fw
}

build
watch_tables
foreign_tables
forwarding
masquerade
replacement
mss
isolation
removal
foreign
echo "1..$n"
[ $failed = 0 ]
