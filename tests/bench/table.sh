#!/bin/bash
# SPDX-License-Identifier: ISC
# The table of tests/bench/run, from inside of a kernel that has WireGuard. Peers have
# a preshared key, one /32 and one /128 each; output goes to /dev/null. "ours" and
# "theirs" are medians in milliseconds, or what the row says.
# Wants two processors.
# shellcheck disable=SC2317 # functions are called by name
. "$(dirname "$0")/../vm/lib.sh"
: "${BENCH_N:=1000}" "${BENCH_RUNS:=5}" "${BENCH_SLOW:=$BENCH_RUNS}" "${BENCH_ROWS:=.}"
FILL=$PEERAGE_BUILD/tests/fill
MEASURE=$PEERAGE_BUILD/tests/measure
FLOOR=$PEERAGE_BUILD/tests/floor
CHURN=$PEERAGE_BUILD/tests/backend_driver
for tool in "$FILL" "$MEASURE" "$FLOOR" "$CHURN"; do
	[ -x "$tool" ] || bail "no $tool: build with -Dtests=true"
done
failed=0 base=$box

complain() { echo "# failed to run: $*" && failed=1; }
wanted() { [[ $1 =~ $BENCH_ROWS ]]; }

# ------------------------------------------------------------------- measuring
# times FILE BEFORE COMMAND…: BENCH_RUNS times, each after BEFORE, which is not timed
times() {
	local file=$1 before=$2 run
	shift 2
	rm -f "$file"
	for ((run = 0; run < BENCH_RUNS; run++)); do
		$before >/dev/null 2>"$base/errs" || complain "$before: $(<"$base/errs")"
		in_ns server "$MEASURE" "$file" "$@" >/dev/null 2>"$base/errs" </dev/null ||
			complain "$*: $(head -c 300 "$base/errs")"
	done
}
# median FILE COLUMN
median() {
	cut -d' ' -f"$2" "$1" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}
ms() { awk -v us="$(median "$1" 1)" 'BEGIN { printf "%.1f", us / 1000 }'; }
# row WHAT N OURS THEIRS TO_REACH [lower]: the ratio is theirs to ours; with "lower"
# ours to theirs, and at most that is to be reached. TO_REACH -: nothing is promised
row() {
	awk -v what="$1" -v n="$2" -v a="$3" -v b="$4" -v goal="$5" -v lower="${6-}" 'BEGIN {
		ratio = lower ? a / (b ? b : 1) : b / (a ? a : 1)
		reached = lower ? ratio <= goal : ratio >= goal
		printf "%-46s %7d %12.1f %12.1f %8.2f  %-8s %s\n", what, n, a, b, ratio,
			goal == "-" ? goal : (lower ? "<= " : ">= ") goal,
			goal == "-" ? goal : reached ? "yes" : "no" }'
}
heading() {
	printf '%-46s %7s %12s %12s %8s  %-8s %s\n' what N ours theirs ratio 'to reach' reached
}

# --------------------------------------------------------------------- peers
# A server of its own, in the namespaces that are there, with N peers recorded.
# use NAME N
use() {
	box=$base/$1
	mkdir -p "$box"
	export PEERAGE_REGISTER=$box/register.db
	server_up --address 10.0.0.1/12 --address fd07::1/64 --no-up
	"$FILL" "$PEERAGE_REGISTER" wg0 "$2" p || bail fill
}
down() { peerage -q down; }
# wg9: an interface for wg(8) alone. Its peers go first: with them, deleting it
# would take 18 ms each.
absent_wg9() {
	if in_ns server ip link show wg9; then
		in_ns server wg setconf wg9 /dev/null && in_ns server ip link del wg9
	fi
}
fresh_wg9() {
	absent_wg9
	in_ns server ip link add wg9 type wireguard
}
# whole_wg9: what it takes without peerage to load peers into an interface that is used
whole_wg9() {
	cat >"$box/whole_wg9" <<'EOF'
#!/bin/sh
ip link add wg9 type wireguard && wg setconf wg9 "$1" &&
ip address add 10.99.0.1/12 dev wg9 && ip -6 address add fd09::1/64 dev wg9 &&
ip link set wg9 up
EOF
	chmod +x "$box/whole_wg9"
}
nothing() { :; }
# Ten peers get another preshared key, behind everybody's back.
differ() {
	local key args=()
	wg genpsk >"$box/another"
	while read -r key; do
		args+=(peer "$key" preshared-key "$box/another")
	done < <(awk -v step="$(($(wc -l <"$box/keys") / 10))" 'NR % step == 0' "$box/keys" | head -n 10)
	in_ns server wg set wg0 "${args[@]}"
}

# at N: the rows for so many peers
at() {
	local n=$1 third=- sync=- tsv=- least=- half=-
	# what is to be reached at this size only
	[ "$n" -ge 100000 ] && third=3 sync=6 tsv=3 least=1 half=0.5
	use "n$n" "$n"
	times "$box/up" down "$PEERAGE" -q up
	in_ns server wg showconf wg0 >"$box/wg.conf"
	in_ns server wg show wg0 peers >"$box/keys"
	if wanted up; then
		times "$box/setconf" fresh_wg9 wg setconf wg9 "$box/wg.conf"
		row 'up; wg setconf' "$n" "$(ms "$box/up")" "$(ms "$box/setconf")" 1
		row 'up, memory (KiB); wg setconf' "$n" "$(median "$box/up" 2)" \
			"$(median "$box/setconf" 2)" "$third"
		whole_wg9
		sed '/^ListenPort/d' "$box/wg.conf" >"$box/wg9.conf" # wg0 has it
		times "$box/whole" absent_wg9 "$box/whole_wg9" "$box/wg9.conf"
		row 'up; ip link, wg setconf, ip address, ip link' "$n" "$(ms "$box/up")" \
			"$(ms "$box/whole")" -
		absent_wg9 >/dev/null 2>&1
	fi
	if wanted sync; then
		times "$box/sync" nothing "$PEERAGE" sync
		times "$box/syncconf" nothing wg syncconf wg0 "$box/wg.conf"
		row 'sync, nothing to do; wg syncconf' "$n" "$(ms "$box/sync")" \
			"$(ms "$box/syncconf")" "$sync"
		times "$box/sync10" differ "$PEERAGE" sync
		times "$box/syncconf10" differ wg syncconf wg0 "$box/wg.conf"
		row 'sync, 10 peers differ; wg syncconf' "$n" "$(ms "$box/sync10")" \
			"$(ms "$box/syncconf10")" "$sync"
	fi
	if wanted status; then
		times "$box/dump" nothing wg show wg0 dump
		times "$box/tsv" nothing "$PEERAGE" -t status
		times "$box/json" nothing "$PEERAGE" -j status
		row 'status -t; wg show dump' "$n" "$(ms "$box/tsv")" "$(ms "$box/dump")" "$tsv"
		row 'status -t, memory (KiB); wg show dump' "$n" "$(median "$box/tsv" 2)" \
			"$(median "$box/dump" 2)" "$least"
		row 'status -j; wg show dump' "$n" "$(ms "$box/json")" "$(ms "$box/dump")" "$least"
	fi
	if wanted audit; then
		times "$box/audit" nothing "$PEERAGE" audit --fail-on none
		[ -e "$box/dump" ] || times "$box/dump" nothing wg show wg0 dump
		row 'audit; wg show dump' "$n" "$(ms "$box/audit")" "$(ms "$box/dump")" "$half"
		row 'audit, memory (KiB); wg show dump' "$n" "$(median "$box/audit" 2)" \
			"$(median "$box/dump" 2)" -
	fi
	if wanted maintain && "$PEERAGE" help maintain >/dev/null 2>&1; then
		times "$box/maintain" nothing "$PEERAGE" -q maintain
		times "$box/bare" nothing "$FLOOR" dump wg0
		row 'maintain, nothing to do; bare dump' "$n" "$(ms "$box/maintain")" \
			"$(ms "$box/bare")" "$half"
	fi
	down
}

# ----------------------------------------------------------- rows of their own
down_row() {
	local up=(peerage -q up)
	use down 1000
	times "$box/down" "${up[*]}" "$PEERAGE" -q down
	"${up[@]}"
	in_ns server wg showconf wg0 >"$box/wg.conf"
	down
	full_wg9() { in_ns server ip link add wg9 type wireguard && in_ns server wg setconf wg9 "$box/wg.conf"; }
	BENCH_RUNS=$BENCH_SLOW times "$box/del" full_wg9 ip link del wg9
	row 'down; ip link del' 1000 "$(ms "$box/down")" "$(ms "$box/del")" 50
}

routes_row() {
	local i
	use routes 1
	for ((i = 0; i < 400; i++)); do
		echo "add r$i --routes 172.$((16 + i / 256)).$((i % 256)).0/24,fd99:$i::/48"
	done | while read -r line; do
		# shellcheck disable=SC2086
		"$PEERAGE" -q --no-apply $line >/dev/null || complain "$line"
	done
	times "$box/up" down "$PEERAGE" -q up
	{
		in_ns server wg showconf wg0 |
			sed '/^\[Interface\]/a Address = 10.0.0.1/12, fd07::1/64'
	} >"$box/wgq.conf"
	down
	quick_down() { in_ns server wg-quick down "$box/wgq.conf" || :; }
	BENCH_RUNS=$BENCH_SLOW times "$box/quick" quick_down wg-quick up "$box/wgq.conf"
	quick_down >/dev/null 2>&1
	row 'up, two routes a peer; wg-quick up' 400 "$(ms "$box/up")" "$(ms "$box/quick")" 50
}

# What scripts that are handed round do for one more peer.
usual_script() {
	cat >"$box/usual" <<'EOF'
#!/bin/bash
umask 077
n=$(($(cat "$1/n") + 1)); echo $n >"$1/n"
private=$(wg genkey); public=$(wg pubkey <<<"$private"); wg genpsk >"$1/psk"
address=10.200.$((n / 250)).$((n % 250 + 2)) address6=fd07::9:$n
wg set wg0 peer "$public" preshared-key "$1/psk" allowed-ips "$address/32,$address6/128"
printf '\n### Client c%d\n[Peer]\nPublicKey = %s\nPresharedKey = %s\nAllowedIPs = %s/32,%s/128\n' \
	$n "$public" "$(cat "$1/psk")" $address $address6 >>"$1/wg0.conf"
printf '[Interface]\nPrivateKey = %s\nAddress = %s/32,%s/128\nDNS = 9.9.9.9\n\n[Peer]\nPublicKey = %s\nPresharedKey = %s\nEndpoint = 192.0.2.1:51820\nAllowedIPs = 0.0.0.0/0,::/0\nPersistentKeepalive = 25\n' \
	"$private" $address $address6 "$(wg show wg0 public-key)" "$(cat "$1/psk")" >"$1/c$n.conf"
qrencode -t ansiutf8 -l L <"$1/c$n.conf"
EOF
	chmod +x "$box/usual"
	echo 0 >"$box/n"
}
one_row() {
	if ! command -v qrencode >/dev/null; then
		echo '# no qrencode: no row for one add' && return
	fi
	use one 100
	peerage -q up
	usual_script
	local i
	rm -f "$box/add"
	for ((i = 0; i < BENCH_RUNS; i++)); do
		in_ns server "$MEASURE" "$box/add" "$PEERAGE" -q add "new$i" --qr >/dev/null \
			2>"$base/errs" || complain "add: $(<"$base/errs")"
	done
	times "$box/script" nothing "$box/usual" "$box"
	row 'one add; wg, qrencode in a script' 100 "$(ms "$box/add")" "$(ms "$box/script")" 3
	down
}

# Instructions do not depend on what else the machine does.
cost_row() {
	local n few many last
	command -v valgrind >/dev/null || { echo '# no valgrind: no row for the cost of add' && return; }
	cost() {
		in_ns server valgrind --tool=callgrind --callgrind-out-file="$base/callgrind" \
			"$PEERAGE" -q add "$1" >/dev/null 2>"$base/errs" || complain "add: $(<"$base/errs")"
		sed -n 's/^summary: *//p; s/^totals: *//p' "$base/callgrind" | head -n 1
	}
	last=${BENCH_N##* }
	use few 10
	peerage -q up
	cost new0 >/dev/null
	few=$(for n in 1 2 3; do cost "new$n"; done | sort -n | sed -n 2p)
	down
	use many "$last"
	peerage -q up
	cost new0 >/dev/null
	many=$(for n in 1 2 3; do cost "new$n"; done | sort -n | sed -n 2p)
	down
	row 'one add, instructions; with 10 peers' "$last" "$many" "$few" 1.2 lower
}

# status ends while another process changes a peer every 20 ms, and says so.
busy_row() {
	local key began ended said writer status theirs took
	use busy 10000
	peerage -q up
	key=$(in_ns server wg show wg0 peers | head -n 1)
	in_ns server "$CHURN" netlink wg0 churn "$key" 20 >"$base/errs" &
	writer=$!
	began=${EPOCHREALTIME/./}
	in_ns server timeout 60 "$PEERAGE" -t status >/dev/null 2>"$box/said"
	status=$?
	ended=${EPOCHREALTIME/./}
	in_ns server timeout 20 wg show wg0 dump >/dev/null 2>&1
	theirs=$? took=$(((${EPOCHREALTIME/./} - ended) / 1000))
	kill "$writer" 2>/dev/null || complain "$(<"$base/errs")"
	wait "$writer" 2>/dev/null
	said=no
	grep -q 'being changed' "$box/said" && said=yes
	echo "# status while a peer changes every 20 ms, N = 10000: exit $status after $(((ended - began) / 1000)) ms," \
		"says so: $said; wg show dump: exit $theirs after $took ms (124: still at it after 20 s)"
	down
}

# ---------------------------------------------------------- many in one command
# sum of floors, in milliseconds
sum() { awk 'BEGIN { for (i = 1; i < ARGC; i++) s += ARGV[i]; printf "%.1f", s }' "$@"; }
shell_loop() {
	local i private
	for ((i = 0; i < 100; i++)); do
		private=$(wg genkey)
		wg pubkey <<<"$private" >/dev/null
		wg genpsk >/dev/null
		sed "s|PRIVATE|$private|" "$box/template" >"$box/loop/c$i.conf"
		qrencode -t png -l L -o "$box/loop/c$i.png" <"$box/loop/c$i.conf"
	done
}
from_rows() {
	local n theirs parts db
	if ! "$PEERAGE" help add | grep -q -- --from; then
		echo '# add --from is not there: no rows for it' && return
	fi
	fresh() {
		rm -rf "$box"/register* "$box/out" "$box/floor"
		mkdir -p "$box/floor"
		peerage -q init wg0 --endpoint 192.0.2.1 --address 10.0.0.1/12 \
			--address fd07::1/64 --no-up
	}
	box=$base/from && mkdir -p "$box/loop" && export PEERAGE_REGISTER=$box/register.db
	seq -f 'name%.0f' 10000 >"$box/names"
	times "$box/add" fresh "$PEERAGE" -q --backend none add --from "$box/names" --out "$box/out"
	head -c 330 /dev/zero | tr '\0' x >"$box/template"
	echo PRIVATE >>"$box/template"
	theirs=${EPOCHREALTIME/./}
	command -v qrencode >/dev/null && shell_loop
	theirs=$(((${EPOCHREALTIME/./} - theirs) / 10)) # of 100, for 10,000, in ms
	row 'add --from, files and PNG; shell loop (x100)' 10000 "$(ms "$box/add")" "$theirs" 50
	fresh >/dev/null
	# a config and an image each
	parts=$(sum "$("$FLOOR" x25519 10000)" "$("$FLOOR" qr 10000)" \
		"$("$FLOOR" fsync 20000 "$box/floor")")
	row 'add --from, files and PNG; sum of floors' 10000 "$(ms "$box/add")" "$parts" 1.3 lower
	n=100000
	seq -f 'name%.0f' $n >"$box/names"
	times "$box/add" fresh "$PEERAGE" -q --backend none add --from "$box/names"
	# the rows of the last run
	rm -rf "$box/floor" && mkdir "$box/floor"
	db=$box/floor/db
	parts=$(sum "$("$FLOOR" x25519 $n)" "$("$FLOOR" insert $n "$db" "$PEERAGE_REGISTER")")
	row 'add --from, no files; sum of floors' $n "$(ms "$box/add")" "$parts" 1.5 lower
}

topology
heading
for n in $BENCH_N; do
	{ wanted up || wanted sync || wanted status || wanted audit || wanted maintain; } && at "$n"
done
wanted down && down_row
wanted routes && routes_row
wanted one && one_row
wanted cost && cost_row
wanted busy && busy_row
wanted from && from_rows
ok "every row could be measured" test "$failed" = 0
finish
