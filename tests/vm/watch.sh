#!/bin/bash
# SPDX-License-Identifier: ISC
# `status --watch` where there is traffic: what it draws and streams is what wg(8) says
# went through, in windows of 80x24 and 160x50; it outlives the interface; and where it
# was asked for no endpoints, there are none on its screen.
. "$(dirname "$0")/lib.sh"

tm() { in_ns server env TMUX_TMPDIR="$box" tmux -f /dev/null "$@"; }
# screen NAME: what it shows; window NAME COLUMNSxROWS ARG…: a terminal for status
screen() { tm capture-pane -p -t "$1"; }
window() {
	local name=$1 columns=${2%x*} rows=${2#*x}
	shift 2
	tm new-session -d -s "$name" -x "$columns" -y "$rows" "$PEERAGE" status "$@" &&
		tm set-option -g status off && tm resize-window -t "$name" -x "$columns" -y "$rows"
}
shows() { grep -Eq -- "$2" < <(screen "$1"); }
# row WINDOW NAME: its line
row() { screen "$1" | grep -- "^$2 "; }
# measured WINDOW NAME: it has rates, both over 1 KiB/s
measured() { row "$1" "$2" | grep -Eq 'ago +[0-9.]+ [KM]iB +[0-9.]+ [KM]iB '; }
past() { row "$1" "$2" | grep -q '[▁▂▃▄▅▆▇█]'; }
no_wider() { [ "$(screen "$1" | wc -L)" -le "$2" ]; }
# wg_totals NAME: received and sent, by wg
key_of() { field .peer.public_key show "$1"; }
wg_totals() { in_ns server wg show wg0 transfer | grep -F "$(key_of "$1")" | cut -f 2,3; }
# Statuses stand below their heading: cells before the word, combining and wide ones counted.
lined_up() {
	local heading before line
	screen "$1" >"$box/lines"
	heading=$(grep -m 1 '^NAME ' "$box/lines")
	before=$(printf %s "${heading%%STATUS*}" | wc -L)
	while read -r line; do
		[[ $line =~ ^(.*[^ ]\ \ +)(on|idle|never|disabled|unknown|missing)\  ]] || return 1
		[ "$(printf %s "${BASH_REMATCH[1]}" | wc -L)" = "$before" ] || return 1
	done < <(sed '1,/^NAME /d' "$box/lines" | grep .)
}
# traffic: a flow, until "kill $ping"
traffic() {
	nsenter -t "${ns_pid[client]}" -n -m ping -n -q -i 0.02 -s 1200 10.7.0.1 >/dev/null &
	ping=$!
}

topology
server_up --address 10.7.0.1/16 --address fd07::1/64
long=a-name-that-is-as-long-as-the-name-of-a-peer-may-be-64-bytes-all
for name in alice 田中さくら $'x\u0302y-z\u0308' $long carol office; do
	peerage -q add "$name" >"$box/$name.conf" || bail "add $name"
done
ok "a client" client_up "$box/alice.conf" client
ok "is online" within 30 reaches client 10.7.0.1
exits 0 "disable one" peerage -q disable carol
stranger=$(wg genkey | wg pubkey)
in_ns server wg set wg0 peer "$stranger" allowed-ips 10.7.99.1/32
in_ns server wg set wg0 peer "$(key_of office)" remove

ok "80x24" window small 80x24 --watch=0.5
ok "160x50" window large 160x50 --watch=0.5
ok "160x50 with endpoints" window places 160x50 --watch=0.5 --endpoints
traffic
for window in small large places; do
	ok "$window: rates of who sends" within 20 measured "$window" alice
	ok "$window: and a past" within 20 past "$window" alice
	ok "$window: names of any width move nothing" lined_up "$window"
	ok "$window: how many of each" shows "$window" \
		'^7 peers: 1 on, 1 unknown, 1 missing, 3 never, 1 disabled$'
	is "$window: the busiest stands first" \
		"$(screen "$window" | sed '1,/^NAME /d' | head -n 1 | cut -d' ' -f 1)" alice
done
ok "small: no row is too wide" no_wider small 80
ok "large: no row is too wide" no_wider large 160
ok "small: a long name is cut" shows small '^a-name-that-is-[^ ]*…  never'
ok "large: it is whole" shows large "^$long  never"
ok "large: so is a key without a name" shows large "^${stranger//+/\\+} +unknown"
not "small: no endpoint" shows small '192\.0\.2\.2'
not "large: no endpoint" shows large '192\.0\.2\.2'
ok "places: the endpoint" shows places '^alice .* 192\.0\.2\.2:[0-9]+$'

# Streams are exact: ping is stopped, so nothing moves.
kill $ping && wait $ping 2>/dev/null
nsenter -t "${ns_pid[server]}" -n -m "$PEERAGE" status --watch=4 -j >"$box/stream" &
stream=$!
lines() { [ "$(wc -l <"$box/stream")" -ge "$1" ]; }
ok "a document" within 20 lines 1
before=$(wg_totals alice)
in_ns client ping -n -q -c 30 -i 0.02 -s 1000 10.7.0.1 >/dev/null
after=$(wg_totals alice)
not "traffic moved the totals" [ "$before" = "$after" ]
ok "more of them, one a line" within 60 lines $(($(wc -l <"$box/stream") + 2))
kill $stream && wait $stream 2>/dev/null
alice='.peers[] | select(.name == "alice").live'
# The client's keepalive may come at any time: no less than wg said before the last
# look, no more than it says after.
between_wg() {
	local rx tx low_rx low_tx high_rx high_tx
	read -r rx tx < <(tail -n 1 "$box/stream" | jq -r "$alice | [.rx_bytes, .tx_bytes] | @tsv")
	read -r low_rx low_tx <<<"$after"
	read -r high_rx high_tx < <(wg_totals alice)
	echo "$rx $tx of $low_rx-$high_rx $low_tx-$high_tx"
	[ "$low_rx" -le "$rx" ] && [ "$rx" -le "$high_rx" ] && [ "$low_tx" -le "$tx" ] &&
		[ "$tx" -le "$high_tx" ]
}
ok "the last has the totals of wg" between_wg
is "the first has no rates" "$(head -n 1 "$box/stream" | jq -c "$alice.rx_bytes_per_s")" null
is "of what never moved they are 0" \
	"$(tail -n 1 "$box/stream" | jq '.peers[] | select(.name == "田中さくら").live.rx_bytes_per_s')" 0
# What the rates add up to, four seconds each, is what went: as exact as looks are
# punctual on a machine that has other things to do. tests/unit has it to the byte.
moved() {
	jq -es --argjson rx "$(($(cut -f 1 <<<"$after") - $(cut -f 1 <<<"$before")))" \
		"([.[] | $alice.rx_bytes_per_s // 0] | add) * 4 | . > \$rx * 0.7 and . < \$rx * 1.3" \
		"$box/stream"
}
ok "rates over time are what went" moved
is "no endpoint in the stream" "$(grep -c '192\.0\.2\.2' "$box/stream")" 0

traffic
ok "rates again" within 20 measured small alice
exits 0 "the interface goes" peerage -q down
ok "it says so" within 20 shows small "^interface wg0 is not running; run 'peerage -i wg0 up'"
ok "peers are there still" shows small '^alice  +-  '
exits 0 "it is made again" peerage -q up
ok "and is watched again" within 30 shows small '^alice .* (on|never) '
ok "its counters began anew, and rates with them" within 60 measured small alice
tm send-keys -t small q
quit() { ! tm has-session -t small; }
ok "q quits" within 10 quit
tm kill-server
kill $ping
finish
