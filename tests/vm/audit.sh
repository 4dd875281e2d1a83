#!/bin/bash
# SPDX-License-Identifier: ISC
# What audit finds of the running interface: each made to happen on a real kernel, seen
# and named, mended by the very command that was printed, and gone.
# shellcheck disable=SC2317 # functions are called by name
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/audit.bash"

wg_set() { server_ns wg set wg0 "$@"; }
register() { sqlite3 "$PEERAGE_REGISTER" "$@"; }

topology
server_up --address 10.66.0.1/24 --address fd66::1/64
peerage add alice --note x >/dev/null
peerage add bob >/dev/null
alice=$(field .peer.public_key show alice)
ok "nothing to find at first" as_it_should_be

# ------------------------------------------------------------------ keys that run
stranger=$(wg genkey | wg pubkey)
case_of 'critical unregistered-peer -' wg_set peer "$stranger" allowed-ips 192.168.66.0/24
wg_set peer "$stranger"
is "an unregistered key is named" "$(findings | cut -f4)" "$stranger"
wg_set peer "$stranger" remove

disabled_but_live() {
	peerage -q --no-apply disable alice 2>/dev/null && register 'DELETE FROM pending'
}
case_of 'critical live-peer alice' disabled_but_live
peerage -q enable alice

# An expiry that nothing has acted on yet: its time is over, and no command ran.
expires_alone() {
	peerage -q set bob --expires 2999-01-01 &&
		register "UPDATE peer SET expires_at = unixepoch() - 1 WHERE name = 'bob'"
}
if clock_is_ours; then
	case_of 'critical live-peer bob' expires_alone
	ok "bob has expired" test "$(field .peer.state show bob)" = expired
	# Expired in the register, and still in the kernel.
	expired=$(field .peer.public_key show bob)
	case_of 'critical live-peer bob' wg_set peer "$expired" allowed-ips 192.168.66.0/24
	peerage -q enable bob --expires none
	vouch no
	expires_alone
	ok "while nobody vouches for the clock only that is found" finds 'warning clock -'
	peerage -q set bob --expires none
	vouch yes
fi

revoked_but_live() {
	peerage -q add eve >/dev/null && eve=$(field .peer.public_key show eve) &&
		peerage -q -y revoke eve && wg_set peer "$eve" allowed-ips 192.168.66.0/24
}
case_of 'critical revoked-key -' revoked_but_live
case_of 'warning missing-peer alice' wg_set peer "$alice" remove
case_of 'critical peer-differs alice' wg_set peer "$alice" allowed-ips 192.168.66.0/24
wg genpsk >"$box/psk"
case_of 'critical peer-differs alice' wg_set peer "$alice" preshared-key "$box/psk"
case_of 'critical peer-differs alice' wg_set peer "$alice" preshared-key /dev/null
case_of 'warning peer-differs alice' wg_set peer "$alice" persistent-keepalive 7

# ------------------------------------------------------------------------ overlaps
overlap='critical unregistered-peer -,critical overlap -'
names() { findings | grep $'\toverlap\t' | cut -f5 | grep -qF "$1"; }
whole() { wg_set peer "$stranger" allowed-ips "$1"; }
ok "made: an unregistered key gets everything" whole 0.0.0.0/0
ok "overlap: found" finds 'critical unregistered-peer -' 'critical overlap -'
ok "overlap: the tunnel is named" names 'the whole tunnel, 10.66.0.0/24'
mend=$(findings | sed -n 2p | cut -f7)
ok "overlap: mended by '$mend'" mended
case_of "$overlap" whole ::/0
case_of "$overlap" whole 10.66.0.0/30
whole 10.66.0.2/32
is "of a peer whose address was taken, and of who took it" "$(findings | cut -f2,3)" \
	$'peer-differs\talice\nunregistered-peer\t\noverlap\t'
ok "both are named" names "10.66.0.2/32 is 10.66.0.2/32, which is peer alice's"
mend='peerage -i wg0 -y sync --prune' && ok "mended" mended

route() { peerage -q set bob --routes 192.168.0.0/16; }
route
case_of "$overlap" whole 192.168.7.0/24
whole 192.168.7.0/24
ok "it lies in bob's network" names "192.168.7.0/24 lies in 192.168.0.0/16, which is peer bob's"
whole 192.168.0.0/15
ok "it holds bob's network" names "192.168.0.0/15 holds 192.168.0.0/16, which is peer bob's"
wg_set peer "$stranger" remove
# of a registered peer, that runs with more than it was given
wider() { wg_set peer "$alice" allowed-ips 10.66.0.2/32,fd66::2/128,10.0.0.0/8; }
case_of 'critical peer-differs alice,critical overlap alice' wider

# What was registered so: the narrower one gets the packets, the wider one not.
narrower() { peerage -q set alice --routes 192.168.7.0/24; }
case_of 'warning overlap bob' narrower
is "the other network is no longer bob's" "$(field '.peer.routes | length' show bob)" 0
two() { peerage -q set bob --routes 192.168.0.0/16,10.99.0.0/16,10.0.0.0/8; }
case_of 'warning overlap bob' two
is "a command that mends leaves what is right" \
	"$(field '.peer.routes | join(",")' show bob)" 10.99.0.0/16
default() { peerage -q set bob --routes 0.0.0.0/0; }
case_of 'warning overlap bob' default
peerage -q set alice --routes none

# ------------------------------------------------------------------- the interface
wg genkey >"$box/key"
case_of 'critical private-key -' wg_set private-key "$box/key"
case_of 'warning interface-differs -' wg_set listen-port 51999
case_of 'warning interface-differs -' server_ns ip link set wg0 down
case_of 'warning interface-differs -' server_ns ip link set wg0 mtu 1300
case_of 'warning interface-differs -' server_ns ip addr del 10.66.0.1/24 dev wg0
case_of 'warning interface-differs -' server_ns ip addr add 10.77.0.1/24 dev wg0
peerage -q set bob --routes 192.168.0.0/16
case_of 'warning interface-differs -' server_ns ip route del 192.168.0.0/16 dev wg0
peerage -q set bob --routes none
renamed() { server_ns ip link set wg0 alias "${1:-}"; }
case_of 'critical not-ours -' renamed peerage:00000000000000000000000000000000
case_of 'critical not-ours -' renamed
taken() { renamed peerage:00000000000000000000000000000000 && wg_set private-key "$box/key"; }
case_of 'critical not-ours -' taken
another_kind() { server_ns ip link del wg0 && server_ns ip link add wg0 type dummy; }
case_of 'critical not-ours -' another_kind
case_of 'warning not-running -' server_ns ip link del wg0
up_again() {
	local alias
	alias=$(server_ns ip -j link show wg0 | jq -r '.[0].ifalias') && peerage -q down &&
		server_ns ip link add wg0 type wireguard && renamed "$alias"
}
case_of 'warning running -' up_again
peerage -q up
ok "nothing is left to find" as_it_should_be

# -------------------------------------------------------------------- many at once
for ((i = 0; i < 25; i++)); do
	strange=(peer "$(wg genkey | wg pubkey)" allowed-ips "192.168.9.$i/32" "${strange[@]}")
done
case_of 'critical unregistered-peer -' wg_set "${strange[@]}"
wg_set "${strange[@]}"
is "how many they are is said" "$(findings | cut -f8)" 25
audit_args=(--all)
is "and each, if asked for" "$(findings | grep -c $'^critical\tunregistered-peer\t')" 25
peerage -q -y sync --prune >/dev/null

# ------------------------------------------------------------ changed all the while
# Another sets what is set already, again and again. The answers to one dump are asked for
# slowly, so that each of its tries meets that; 200 peers take more than one answer.
printf '%s\n' p{0..199} | peerage -q add --from - >/dev/null || bail 'add --from'
audit_args=()
busy() {
	keepalive=$(server_ns wg show wg0 persistent-keepalive | awk -v k="$alice" '$1 == k { print $2 }')
	server_ns bash -c "while wg set wg0 peer $alice persistent-keepalive $keepalive; do :; done" &
	busy=$!
}
slowly() {
	peerage() {
		in_ns server strace -f -qq -o /dev/null -e trace=recvmsg \
			-e inject=recvmsg:delay_enter=400000 "$PEERAGE" "$@"
	}
	finds "$@"
}
ended() { kill "$busy" && { wait "$busy" || :; } 2>/dev/null; }
ok "changing: made" busy
ok "changing: found, and nothing else" eval '(slowly "warning changing -")'
mend=$(cut -f7 <"$box/findings" | sed 1d)
ok "changing: it ends" ended
ok "changing: mended by '$mend'" mended
finish
