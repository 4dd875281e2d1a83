#!/bin/bash
# SPDX-License-Identifier: ISC
# Down and up, a reboot, and a process that dies between its commit and the
# kernel: what comes next leaves kernel and register equal.
. "$(dirname "$0")/lib.sh"

up_state() {
	in_ns server ip -j addr show wg0 | jq -c '.[0] | [.ifalias, .mtu,
		([.addr_info[] | select(.scope == "global") | "\(.local)/\(.prefixlen)"] | sort)]'
	in_ns server ip route show table main dev wg0 | sort
	in_ns server ip -6 route show table main dev wg0 | grep -v ^fe80 | sort
	in_ns server wg showconf wg0 | sort
	in_ns server nft list ruleset
}
nothing_left() {
	! in_ns server ip link show wg0 2>/dev/null && ! in_ns server nft list ruleset | grep .
}
forwards() {
	[ "$(in_ns server cat /proc/sys/net/ipv4/ip_forward)" = 1 ] &&
		[ "$(in_ns server cat /proc/sys/net/ipv6/conf/all/forwarding)" = 1 ]
}

topology
server_up --nat auto
peerage add alice >/dev/null 2>&1
peerage add office --routes 192.168.50.0/24,10.200.0.0/16 >/dev/null 2>&1
ok "forwards" forwards
ok "the kernel equals the register" kernel_equals_register
up_state >"$box/first"
ok "the route of a peer is there" grep -q '^192.168.50.0/24' "$box/first"
exits 0 "down" peerage down
ok "leaves neither link nor table" nothing_left
exits 0 "down again" peerage down
exits 0 "add while it is down" peerage -q add bob
not "makes no link" in_ns server ip link show wg0
exits 0 "revoke while it is down" peerage -q -y revoke bob
exits 0 "up" peerage up
ok "is as at first" diff "$box/first" <(up_state)
exits 0 "up again" peerage up
ok "changes nothing" diff "$box/first" <(up_state)

note "a reboot: neither link, nor firewall, nor /run"
in_ns server ip link del wg0
in_ns server nft flush ruleset
in_ns server rm -rf /run/peerage
in_ns server sh -c 'echo 0 >/proc/sys/net/ipv4/ip_forward'
exits 0 "up" peerage up
ok "is as at first" diff "$box/first" <(up_state)
ok "forwards" forwards

# killed SYSCALL NTH ARG…: SIGKILL as peerage enters that call for the nth time;
# fails where it ended before that
killed() {
	local call=$1 nth=$2
	shift 2
	in_ns server strace -f -qq -o /dev/null -e "trace=$call" \
		-e "inject=$call:signal=KILL:when=$nth" "$PEERAGE" -q "$@" >/dev/null 2>&1
	[ $? != 0 ]
}
window=0 deaths=0 unequal=0 broken=0
# sweep SYSCALL VERB: dies at each call in turn; the next command mends
sweep() {
	local call=$1 verb=$2 nth key state
	for nth in $(seq 1 80); do
		peerage -q add "guest" >/dev/null || broken=$((broken + 1))
		key=$(field .peer.public_key show guest)
		killed "$call" "$nth" -y "$verb" guest || break
		deaths=$((deaths + 1))
		state=$(peerage -j list --state all | jq -r --arg key "$key" \
			'.peers[] | select(.public_key == $key).state')
		if [ "$state" != active ] && live_keys | grep -qxF "$key"; then
			window=$((window + 1))
		fi
		"$VERIFY" "$PEERAGE_REGISTER" >/dev/null || broken=$((broken + 1))
		peerage -q set alice --note "$call $nth" >/dev/null || broken=$((broken + 1))
		kernel_equals_register >"$box/diff" || unequal=$((unequal + 1))
		peerage -q -y revoke guest >/dev/null 2>&1
	done
	peerage -q -y revoke guest >/dev/null 2>&1
}
# Each request to the kernel; tests/fault/kill.sh goes through every system call.
sweep sendto revoke
note "$deaths deaths, $window of them after the commit and before the kernel"
ok "some died" test "$deaths" -gt 2
ok "some between commit and kernel" test "$window" -gt 0
is "whatever command came next found nothing broken" "$broken" 0
is "and left kernel and register equal" "$unequal" 0
ok "the kernel equals the register" kernel_equals_register
finish
