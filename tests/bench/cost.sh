#!/bin/bash
# SPDX-License-Identifier: ISC
# add and revoke cost the same with 10 peers and with 50,000: instructions as
# callgrind counts them, and netlink bytes as strace sees them, so that it does not
# matter how fast or how busy the machine is. COST_PEERS says how many peers. Valgrind
# has neither landlock nor seccomp for what it runs, which goes on without: what is
# counted is the work alone, and the sandbox costs the same with any number of peers.
. "$(dirname "$0")/../vm/lib.sh"
: "${COST_PEERS:=50000}"
FILL=$PEERAGE_BUILD/tests/fill
[ -x "$FILL" ] || bail "no $FILL: build with -Dtests=true"
command -v valgrind >/dev/null || bail "no valgrind"

# instructions ARG…: of one run
instructions() {
	in_ns server valgrind --tool=callgrind --callgrind-out-file="$box/callgrind" \
		"$PEERAGE" -q "$@" >"$box/out" 2>"$box/errs" || {
		bail "$*: $(<"$box/errs")"
	}
	sed -n 's/^summary: *//p; s/^totals: *//p' "$box/callgrind" | head -n 1
}
# netlink_bytes ARG…: what goes through netlink sockets both ways, in one run
netlink_bytes() {
	in_ns server strace -qq -yy -o "$box/trace" -e trace=sendto,sendmsg,recvfrom,recvmsg \
		"$PEERAGE" -q "$@" >"$box/out" 2>"$box/errs" || bail "$*: $(<"$box/errs")"
	awk '/^(sendto|sendmsg|recvfrom|recvmsg)\([0-9]+<NETLINK:/ && !/MSG_PEEK/ {
		if ($NF ~ /^[0-9]+$/) bytes += $NF
	} END { print bytes + 0 }' "$box/trace"
}
# The middle of three.
median() {
	for _ in 1 2 3; do "$@" || return 1; done | sort -n | sed -n 2p
}
n=0
add_instructions() { n=$((n + 1)) && instructions add "new$n"; }
revoke_instructions() { n=$((n + 1)) && peerage -q add "new$n" >/dev/null && instructions -y revoke "new$n"; }
add_bytes() { n=$((n + 1)) && netlink_bytes add "new$n"; }
revoke_bytes() { n=$((n + 1)) && peerage -q add "new$n" >/dev/null && netlink_bytes -y revoke "new$n"; }
# measure WHICH PEERS
measure() {
	local what
	for what in add_instructions revoke_instructions add_bytes revoke_bytes; do
		# The counter must move on in this shell too, or names would come again.
		n=$((n + 10))
		cost[$1.$what]=$(median $what)
		n=$((n + 10))
		note "$2 peers, $what: ${cost[$1.$what]}"
	done
}
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3f", (a > 0 ? b / a : 0) }'; }

declare -A cost=()
topology
server_up --address 10.0.0.1/12 --address fd07::1/64
"$FILL" "$PEERAGE_REGISTER" wg0 10 few || bail "fill"
exits 0 "ten peers live" peerage -q sync
is "ten in the kernel" "$(live_keys | wc -l)" 10
measure few 10
"$FILL" "$PEERAGE_REGISTER" wg0 "$COST_PEERS" many || bail "fill"
exits 0 "$COST_PEERS more live" peerage -q sync
is "all in the kernel" "$(live_keys | wc -l)" "$(registered_keys | wc -l)"
measure many "$COST_PEERS"

for what in add_instructions revoke_instructions; do
	r=$(ratio "${cost[few.$what]}" "${cost[many.$what]}")
	note "$what: ratio $r"
	ok "$what: at most a fifth more with $COST_PEERS peers ($r)" \
		awk -v r="$r" 'BEGIN { exit !(r > 0.5 && r <= 1.2) }'
done
for what in add_bytes revoke_bytes; do
	ok "$what: some" test "${cost[few.$what]}" -gt 100
	is "$what: the same with $COST_PEERS peers" "${cost[many.$what]}" "${cost[few.$what]}"
done
ok "the kernel equals the register" test "$(live_keys)" = "$(registered_keys)"
finish
