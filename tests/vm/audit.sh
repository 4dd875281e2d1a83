#!/bin/bash
# SPDX-License-Identifier: ISC
# Each finding of audit: made to happen on a real kernel, seen and named, mended by
# the very command that was printed, and gone.
. "$(dirname "$0")/lib.sh"

PATH=$PEERAGE_BUILD/cli:$PATH # what is printed is run as it is
server_ns() { in_ns server "$@"; }
# SEVERITY KIND PEER KEY WHAT WHY COMMAND a line, but for the clock, which no machine
# of ours has synchronised
findings() {
	peerage -t audit >"$box/findings" 2>"$box/errs"
	grep -v -e '^severity' -e $'^warning\tclock\t' "$box/findings"
}
# finds KIND SEVERITY [PEER]: that one finding and no other; its command into $mend
finds() {
	local all severity kind peer
	all=$(findings)
	IFS=$'\x1f' read -r severity kind peer _ _ _ mend <<<"${all//$'\t'/$'\x1f'}"
	[[ $all != *$'\n'* && "$kind $severity ${peer:--}" = "$1 $2 ${3:--}" ]] && return
	note "found: $all"
	cat "$box/errs"
	return 1
}
as_it_should_be() {
	local all
	all=$(findings)
	[ -z "$all" ] || { note "still: $all" && return 1; }
}
# The command, as it was printed.
mended() {
	server_ns bash -c "$mend" </dev/null >"$box/out" 2>&1 || { note "$mend: $(cat "$box/out")"; return 1; }
	as_it_should_be
}
# case_of KIND SEVERITY PEER WHAT…: the last words make it happen
case_of() {
	local kind=$1 severity=$2 peer=$3
	shift 3
	ok "$kind: made" "$@"
	ok "$kind: found, and nothing else" finds "$kind" "$severity" "$peer"
	ok "$kind: mended by '$mend'" mended
}
wg_set() { server_ns wg set wg0 "$@"; }

topology
server_up
peerage add alice --note x >/dev/null
peerage add bob >/dev/null
alice=$(field .peer.public_key show alice)
ok "nothing to find at first" as_it_should_be

stranger=$(wg genkey | wg pubkey)
case_of unregistered-peer critical - wg_set peer "$stranger" allowed-ips 192.168.66.0/24
wg_set peer "$stranger"
is "an unregistered key is named" "$(findings | cut -f4)" "$stranger"
wg_set peer "$stranger" remove

disabled_but_live() {
	peerage -q --no-apply disable alice 2>/dev/null &&
		sqlite3 "$PEERAGE_REGISTER" 'DELETE FROM pending'
}
case_of live-peer critical alice disabled_but_live
peerage -q enable alice

revoked_but_live() {
	peerage -q add eve >/dev/null && eve=$(field .peer.public_key show eve) &&
		peerage -q -y revoke eve && wg_set peer "$eve" allowed-ips 192.168.66.0/24
}
case_of revoked-key critical - revoked_but_live
case_of missing-peer warning alice wg_set peer "$alice" remove
case_of peer-differs critical alice wg_set peer "$alice" allowed-ips 192.168.66.0/24
wg genpsk >"$box/psk"
case_of peer-differs critical alice wg_set peer "$alice" preshared-key "$box/psk"
case_of peer-differs warning alice wg_set peer "$alice" persistent-keepalive 7
wg genkey >"$box/key"
case_of private-key critical - wg_set private-key "$box/key"
case_of interface-differs warning - wg_set listen-port 51999
case_of not-ours critical - server_ns ip link set wg0 alias peerage:00000000000000000000000000000000
case_of not-running warning - server_ns ip link del wg0
case_of register-readable critical - chmod 644 "$PEERAGE_REGISTER"
case_of register-readable critical - chmod 711 "${PEERAGE_REGISTER%/*}"
case_of pending warning - sqlite3 "$PEERAGE_REGISTER" \
	'INSERT INTO pending (interface_id, kind) SELECT id, 3 FROM interface'
case_of forwarding warning - server_ns sysctl -qw net.ipv4.ip_forward=0
case_of firewall warning - server_ns nft delete table inet peerage-wg0
case_of foreign-firewall warning - server_ns nft \
	"add table inet theirs; add chain inet theirs in { type filter hook input priority 0; policy drop; }"
server_ns nft delete table inet theirs
ok "no-preshared-key: made" peerage -q set alice --preshared-key none
server_ns bash -c "$(findings | grep config-stale | cut -f7)" >/dev/null 2>&1
ok "no-preshared-key: found, and nothing else" finds no-preshared-key info alice
server_ns bash -c "$mend" >/dev/null 2>&1
ok "no-preshared-key: mended; now its config is stale" finds config-stale warning alice
ok "config-stale: mended by '$mend'" mended
old() { sqlite3 "$PEERAGE_REGISTER" "UPDATE peer SET created_at = created_at - 31 * 86400 WHERE name = 'alice'"; }
case_of never-connected info alice old
altered() { sqlite3 "$PEERAGE_REGISTER" "UPDATE audit SET actor = 'nobody' WHERE number = 2"; }
ok "chain: made" altered
ok "chain: found" finds chain critical -
is "a critical finding exits 5" "$(peerage audit --fail-on critical >/dev/null 2>&1; echo $?)" 5
is "and 0 with --fail-on none" "$(peerage audit --fail-on none >/dev/null 2>&1; echo $?)" 0
finish
