#!/bin/bash
# SPDX-License-Identifier: ISC
# Two keys of one peer under floods of echoes: the old config works until the tick
# after the new one is first used, and loses nothing until then; the new one loses no
# packet from its first handshake on, through the tick that revokes the old one. wg is
# the witness.
. "$(dirname "$0")/lib.sh"

# flood NS NAME: until $box/NAME.stop is there; what ping says is in $box/NAME
flood() {
	# shellcheck disable=SC2016
	in_ns "$1" bash -c 'ping -n -i 0.005 "$1" >"$2" 2>&1 & ping=$!
		while [ ! -e "$2.stop" ]; do sleep 0.1; done
		kill -INT $ping; wait $ping' - "$v4" "$box/$2" &
}
# stopped NAME: the flood ends; its summary
stopped() {
	touch "$box/$1.stop"
	within 60 grep -q 'packets transmitted' "$box/$1" && grep 'packets transmitted' "$box/$1"
}
# lost_nothing NAME: of the echoes up to the last that came back each came back; those
# that were under way when the flood was stopped are few. And there was something to lose.
lost_nothing() {
	stopped "$1" && awk -F'icmp_seq=' '
		NF > 1 { seq = $2 + 0; n += !seen[seq]++; if (seq > last) last = seq }
		/packets transmitted/ { sent = $0 + 0 }
		END { print n " of " last " came back, " sent " were sent"
			exit !(n == last && n >= 100 && sent - last <= 40) }' "$box/$1"
}
# The server had packets of that key, more than before.
passes() { [ "$(in_ns server wg show wg0 transfer | grep -F "$1" | cut -f2)" -gt "$2" ]; }
# passes_on KEY: some more from now on
passes_on() {
	local now
	now=$(in_ns server wg show wg0 transfer | grep -F "$1" | cut -f2)
	within 60 passes "$1" $((now + 20000))
}
live() { grep -qF "$1" <(live_keys); }
used() { in_ns server wg show wg0 latest-handshakes | grep -F "$1" | grep -qv '	0$'; }

topology
another_client second 2
server_up
do_not_track
v4=$(tunnel_address inet)
peerage add alice --routes 192.168.77.0/24 >"$box/old.conf"
ok "a client of the old config" client_up "$box/old.conf" client
ok "is online" within 30 reaches client "$v4"
old=$(field .peer.public_key show alice)

note "the new config is there and not used"
flood client first
exits 0 "rotate --overlap" peerage -q rotate alice --overlap 1h
cp "$box/out" "$box/new.conf"
new=$(field .peer.public_key show alice)
ok "both keys run" live "$old"
ok "both keys run" live "$new"
for tick in 1 2 3; do
	exits 0 "tick $tick" peerage -q maintain
	ok "the old key works on" passes_on "$old"
done
exits 0 "so does another change" peerage -q set alice --note x
ok "the old config has lost nothing" lost_nothing first
ok "the kernel equals the register" kernel_equals_register

note "the new config is used for the first time"
ok "a client of the new config" client_up "$box/new.conf" second
flood second newer
ok "shakes hands" within 60 used "$new"
ok "both work until the tick" reaches client "$v4"
ok "both work until the tick" passes_on "$new"
flood client older
ok "under a flood of each" passes_on "$old"
in_ns server ip monitor route >"$box/routes" 2>&1 &
monitor=$!
exits 0 "the tick" peerage maintain
says "says what it did" "alice: its newer key is in use, the older one is revoked"
not "the old key has gone" live "$old"
ok "the new one works on" passes_on "$new"
ok "the old config is cut off" cut_off client "$v4"
kill "$monitor"
ok "the new config has lost nothing" lost_nothing newer
not "the old one has" lost_nothing older
is "the route leads to the new key" "$(in_ns server wg show wg0 allowed-ips | grep 192.168.77.0/24 | cut -f1)" "$new"
ok "the host's route to it stands" grep -q '^192.168.77.0/24' <(in_ns server ip route show dev wg0)
not "and was never gone" grep -q 'Deleted 192.168.77.0/24' "$box/routes"
ok "the kernel equals the register" kernel_equals_register
exits 0 "nothing is left to do" peerage sync -n
is "the old key is revoked" "$(field .peer.state show alice.old)" revoked
exits 3 "for good" peerage add again --public-key "$old"

note "one client changes over, under a flood"
exits 0 "rotate --overlap" peerage -q rotate alice --overlap 1h
cp "$box/out" "$box/newest.conf"
newest=$(field .peer.public_key show alice)
change_over() {
	local value
	wg-quick strip "$box/newest.conf" >"$box/newest.strip" || return 1
	for value in $(conf_values "$box/newest.conf" Address); do
		in_ns second ip addr add "$value" dev wg0 || return 1
	done
	in_ns second wg setconf wg0 "$box/newest.strip" || return 1
	for value in $(conf_values "$box/new.conf" Address); do
		in_ns second ip addr del "$value" dev wg0 || return 1
	done
	for value in $(conf_values "$box/newest.conf" AllowedIPs); do
		in_ns second ip route replace "$value" dev wg0 || return 1
	done
}
ok "wg setconf" change_over
flood second last
ok "shakes hands" within 60 used "$newest"
exits 0 "the tick" peerage -q maintain
not "the key before has gone" live "$new"
ok "the newest works on" passes_on "$newest"
ok "and has lost nothing" lost_nothing last
ok "the kernel equals the register" kernel_equals_register

note "revoke takes both"
exits 0 "rotate --overlap" peerage -q rotate alice --overlap 1h
exits 0 "revoke" peerage -q -y revoke alice
is "no key is left" "$(live_keys)" ""
ok "the client is cut off" cut_off second "$v4"
ok "no route is" eval '! grep -q 192.168.77 <(in_ns server ip route show dev wg0)'
if [ -n "${VM_OWN:-}" ]; then
	note "its time is over, and nobody used the new one"
	exits 0 "the clock is synchronised" "$PEERAGE_BUILD/tests/vouch" yes
	peerage -q add bob >"$box/bob.conf"
	exits 0 "rotate --overlap" peerage -q rotate bob --overlap 1h
	old=$(field .peer.public_key show bob.old)
	later() { date -s "@$(($(date +%s) + $1))" && "$PEERAGE_BUILD/tests/vouch" yes; }
	ok "59 minutes later" later 3540
	exits 0 "a tick" peerage -q maintain
	ok "the old key works" live "$old"
	ok "two minutes later" later 120
	exits 0 "a tick" peerage maintain
	says "says what it did" "bob: its older key's time is over: it is revoked"
	not "the old key has gone" live "$old"
	ok "the kernel equals the register" kernel_equals_register
fi
ok "the chain holds" "$VERIFY" "$PEERAGE_REGISTER"
finish
