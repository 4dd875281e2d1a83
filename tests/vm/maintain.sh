#!/bin/bash
# SPDX-License-Identifier: ISC
# Ticks on a real kernel, wg as the witness: what is counted is what the kernel counted,
# through everything that zeroes counters; endpoints of idle peers are gone from the
# kernel, and nothing else of them.
. "$(dirname "$0")/lib.sh"

sql() { sqlite3 "$PEERAGE_REGISTER" "$1"; }
quietly() { "$@" >/dev/null 2>&1; }
key_of() { field .peer.public_key show "$1"; }
# counters NAME: what the kernel had at the last tick, received and sent
counters() { awk -v k="$(key_of "$1")" '$1 == k { print $2, $3 }' "$box/transfer"; }
counters_now() {
	in_ns server wg show wg0 transfer | awk -v k="$(key_of "$1")" '$1 == k { print $2, $3 }'
}
# total NAME: what the register has
total() {
	sql "SELECT u.rx_bytes || ' ' || u.tx_bytes FROM usage u JOIN peer p ON p.id = u.peer_id
		WHERE p.name = '$1' AND p.state <> 3"
}
# plus "RX TX" "RX TX"; minus likewise
plus() { awk '{ print $1 + $3, $2 + $4 }' <<<"$1 $2"; }
minus() { awk '{ print $1 - $3, $2 - $4 }' <<<"$1 $2"; }
# traffic NS N: N echoes of a kilobyte
traffic() { in_ns "$1" ping -n -q -c "$2" -i 0.02 -s 1000 -W 2 "$v4" >/dev/null; }
# tick: one in which no counter moved, so that what wg said is what it saw
tick() {
	run peerage maintain
	for _ in {1..20}; do
		in_ns server wg show wg0 transfer >"$box/transfer"
		peerage -j maintain >"$box/tick" 2>>"$box/errs" || return 1
		in_ns server wg show wg0 transfer | cmp -s - "$box/transfer" && return 0
	done
	return 1
}
# asleep NS, awake NS: a client that sends nothing by itself
asleep() { in_ns "$1" ip link set wg0 down; }
awake() {
	in_ns "$1" ip link set wg0 up && in_ns "$1" ip route replace "$v4" dev wg0 &&
		within 30 reaches "$1" "$v4"
}
endpoint() { in_ns server wg show wg0 endpoints | awk -v k="$(key_of "$1")" '$1 == k { print $2 }'; }

topology
another_client second 3
server_up
peerage add alice --client-keepalive none >"$box/alice.conf"
peerage add bob --client-keepalive none >"$box/bob.conf"
in_ns server tcpdump -Z root -n -U -i eth1 -w "$box/first.pcap" -c 1 'udp dst port 51820 and udp[8] = 1' \
	2>"$box/tcpdump" &
ok "a capture runs" within 20 grep -q listening "$box/tcpdump"
ok "alice's client" client_up "$box/alice.conf" client
ok "bob's client" client_up "$box/bob.conf" second
v4=$(tunnel_address inet)
ok "alice is online" within 30 reaches client "$v4"
ok "bob is online" within 30 reaches second "$v4"

# ---------------------------------------------------------------------- counters
traffic client 5
ok "a tick" tick
is "alice's total is the kernel's" "$(total alice)" "$(counters alice)"
is "so is bob's" "$(total bob)" "$(counters bob)"
is "it fell on today" "$(sql 'SELECT sum(rx_bytes + tx_bytes) FROM usage_day')" \
	"$(sql 'SELECT sum(rx_bytes + tx_bytes) FROM usage')"
entries=$(entries)
ok "another" tick
is "counts nothing twice" "$(total alice)" "$(counters alice)"
is "counters make no audit entry" "$(entries)" "$entries"
traffic client 5
ok "and another" tick
before=$(total alice)
is "adds what came" "$before" "$(counters alice)"

# what COMMAND…: counters of alice begin at zero, and the total goes on
anew() {
	local what=$1
	shift
	before=$(total alice)
	quietly "$@"
	ok "$what" within 30 reaches client "$v4"
	traffic client $((n += 20)) # more than before: no counter that fell gives it away
	ok "$what: a tick" tick
	is "$what: the total goes on" "$(total alice)" "$(plus "$before" "$(counters alice)")"
}
off_and_on() { peerage disable alice && peerage enable alice; }
down_and_up() { peerage down && peerage up; }
removed_by_somebody() { in_ns server wg set wg0 peer "$(key_of alice)" remove && peerage sync; }
made_by_somebody() {
	local psk=$box/psk ips
	ips=$(field '.peer.allowed_ips | join(",")' show alice)
	in_ns server wg show wg0 preshared-keys | awk -v k="$(key_of alice)" '$1 == k { print $2 }' >"$psk"
	in_ns server wg set wg0 peer "$(key_of alice)" remove && peerage maintain &&
		in_ns server wg set wg0 peer "$(key_of alice)" preshared-key "$psk" allowed-ips "$ips"
}
new_key() { peerage -q rotate alice >"$box/alice.conf" && client_down client && client_up "$box/alice.conf" client; }
n=20
anew "off and on" off_and_on
anew "down and up" down_and_up
anew "removed by somebody, put back by sync" removed_by_somebody
anew "removed by somebody, seen so, and put back by somebody" made_by_somebody
anew "a new key" new_key

ok "a tick" tick
before=$(total alice) older=$(counters alice)
peerage -q rotate alice --overlap 1h >"$box/newer.conf"
traffic client 5
ok "a tick while both keys work" tick
is "what the older key does is alice's" "$(total alice)" \
	"$(plus "$before" "$(minus "$(counters alice.old)" "$older")")"
before=$(total alice) older=$(counters alice.old)
client_down client
ok "the newer key" client_up "$box/newer.conf" client
ok "is used" within 30 reaches client "$v4"
older=$(minus "$(counters_now alice.old)" "$older")
ok "a tick" tick
# The server may have called the older key once more before it went: 148 bytes.
wanted=$(plus "$older" "$(plus "$before" "$(counters alice)")")
ok "counts it" grep -qxF -e "$wanted" -e "$(plus "$wanted" "0 148")" <<<"$(total alice)"
says "and says that the older one goes" "newer key is in use"
is "the older one is gone" "$(peerage -j list | jq '.peers | length')" 2

# --------------------------------------------------------------------- endpoints
# In a test nobody waits ten minutes: the limit is a second, and no step of the clock
# is remembered.
impatient() { sql "UPDATE interface SET scrub_idle_s = 1; UPDATE clock SET since_s = since_s - 1000"; }
patient() { sql "UPDATE interface SET scrub_idle_s = 600"; }
idle() { [ $(($(date +%s) - $(in_ns server wg show wg0 latest-handshakes | awk '{ print $2 }' | sort -n | tail -n 1))) -ge 2 ]; }
# all but endpoints, and what the server sent: it may call
seen() { in_ns server wg show wg0 dump | sed 1d | cut -f1,2,4-6,8 | sort; }
sent() { in_ns server wg show wg0 transfer | awk '{ n += $3 } END { print n }'; }
scrubbed() { [ "$(endpoint "$1")" = 127.0.0.1:9 ]; }

peerage add site --peer-endpoint 192.0.2.77:51820 >/dev/null
peerage add never >/dev/null
in_ns server wg set wg0 peer "$(key_of never)" endpoint 192.0.2.99:1234
ok "bob, since the interface was made anew" within 30 reaches second "$v4"
exits 0 "a tick" peerage maintain
is "a handshake is young: the endpoint stays" "$(endpoint alice | cut -d: -f1)" 192.0.2.2
asleep client
asleep second
impatient
ok "idle for a while" within 20 idle
seen >"$box/before"
before=$(sent)
exits 0 "a tick" peerage -j maintain
ok "forgets endpoints" [ "$(jq '.interfaces[0].scrubbed' "$box/out")" -ge 2 ]
ok "alice's" scrubbed alice
ok "bob's" scrubbed bob
ok "that of a peer that never shook hands" scrubbed never
is "not one that is configured" "$(endpoint site)" 192.0.2.77:51820
is "no client's address is left" "$(in_ns server wg show wg0 endpoints | grep -c -e '192\.0\.2\.2:' -e '192\.0\.23\.')" 0
ok "all else is as it was" diff "$box/before" <(seen)
ok "counters did not fall" [ "$(sent)" -ge "$before" ]
is "status tells it as none" "$(field '[.peers[].live.endpoint] - ["192.0.2.77:51820"] | unique | tostring' \
	status --endpoints)" '[null]'
exits 0 "nothing differs" peerage sync -n
exits 0 "another tick" peerage -j maintain
is "has none to forget" "$(jq '.interfaces[0] | .scrubbed + .differing' "$box/out")" 0

# An old handshake, seen on the wire and sent again.
# packets FILE [FILTER]: how many there are in a capture. Reading one, too, tcpdump
# would first become a user that an emulated machine does not have.
packets() {
	if tcpdump -Z root -n -r "$@" >"$box/packets" 2>"$box/packets.err"; then
		wc -l <"$box/packets"
	else
		cat "$box/packets.err"
	fi
}
answered() { [ "$(packets "$box/answer.pcap" 'src port 51820')" -ge 1 ]; }
# replayed: what went to the server, and came back in five seconds. A worker of the
# kernel's answers, so that an echo that is asked for later may come back before.
replayed() {
	# by nsenter itself, so that it is the one that is killed
	nsenter -t "${ns_pid[client]}" -n tcpdump -Z root -n -U -i eth0 -w "$box/answer.pcap" \
		'udp port 51820' >"$box/tcpdump" 2>&1 &
	local pid=$!
	within 20 grep -q listening "$box/tcpdump"
	in_ns client bash -c 'cat "$1" >/dev/udp/192.0.2.1/51820' - "$box/handshake"
	within 5 answered
	kill "$pid" && wait "$pid" 2>/dev/null
	printf '%s sent, %s back\n' "$(packets "$box/answer.pcap" 'dst port 51820')" \
		"$(packets "$box/answer.pcap" 'src port 51820')"
}
# 24 bytes of the file's header, 16 of the packet's, Ethernet, IPv4, UDP
tail -c +$((24 + 16 + 14 + 20 + 8 + 1)) "$box/first.pcap" | head -c 148 >"$box/first"
is "the first handshake was captured" "$(wc -c <"$box/first")" 148
in_ns server tcpdump -Z root -n -U -i eth1 -w "$box/second.pcap" -c 1 'udp dst port 51820 and udp[8] = 1' \
	2>"$box/tcpdump" &
within 20 grep -q listening "$box/tcpdump"
ok "the next packet connects" awake client
is "and there is its endpoint" "$(endpoint alice | cut -d: -f1)" 192.0.2.2
asleep client
ok "idle for a while" within 20 idle
exits 0 "a tick" peerage maintain
ok "forgets it again" scrubbed alice
within 20 test -s "$box/second.pcap"
tail -c +$((24 + 16 + 14 + 20 + 8 + 1)) "$box/second.pcap" | head -c 148 >"$box/handshake"
is "a handshake of the key that works" "$(wc -c <"$box/handshake")" 148
is "sent again it gets no answer" "$(replayed)" "1 sent, 0 back"
ok "and gives no address back" scrubbed alice
quietly removed_by_somebody
is "made anew instead, the peer would answer" "$(replayed)" "1 sent, 1 back"

# ---------------------------------------------------------------------- IPv6, keepalive
in_ns second wg set wg0 peer "$(in_ns second wg show wg0 peers)" endpoint '[2001:db8:a3::1]:51820'
ok "bob over IPv6" awake second
is "his endpoint" "$(endpoint bob)" "[2001:db8:a3::2]:$(in_ns second wg show wg0 listen-port)"
asleep second
ok "idle for a while" within 20 idle
exits 0 "a tick" peerage maintain
ok "forgets it" scrubbed bob
ok "the next packet connects" awake second
is "over IPv6 again" "$(endpoint bob)" "[2001:db8:a3::2]:$(in_ns second wg show wg0 listen-port)"
quietly peerage set bob --keepalive 1
client_down second
ok "idle for a while" within 20 idle
exits 0 "a tick" peerage maintain
ok "a server's keepalive does not keep it" scrubbed bob
in_ns server tcpdump -Z root -n -U -i eth13 -w "$box/calls.pcap" 'udp src port 51820' 2>"$box/tcpdump" &
within 20 grep -q listening "$box/tcpdump"
in_ns server tcpdump -Z root -n -U -i lo -w "$box/lo.pcap" -c 1 'udp dst port 9' 2>"$box/tcpdump-lo" &
ok "it calls nobody" within 30 test -s "$box/lo.pcap"
is "and nothing goes out to where he was" "$(packets "$box/calls.pcap")" 0
patient

# ------------------------------------------------------------------ what cannot be done
in_ns server ip link set wg0 alias nobody
exits 4 "an interface that is not ours" peerage maintain
says "is left alone" "made by someone else"
in_ns server ip link set wg0 alias "peerage:$(sql 'SELECT register_id FROM meta')"
in_ns server ip link del wg0
exits 4 "an interface that does not run" peerage maintain
says "says how to start it" "peerage -i wg0 up"
quietly peerage up
quietly peerage down
exits 0 "one that is down by the admin's word" peerage maintain
finish
