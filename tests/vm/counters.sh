#!/bin/bash
# SPDX-License-Identifier: ISC
# Totals are exact to the byte up to the last tick, wg as the witness, through random
# sequences of traffic, ticks, and all that makes counters begin at zero. A reboot is a
# network namespace in place of another; tests/vm/reboots boots for real.
# COUNTERS_RUNS sequences of COUNTERS_STEPS steps, from COUNTERS_SEED on. With
# COUNTERS_STATE, a directory, one boot of the sequence that is kept there instead; the
# machine halts at its end, or its power is cut.
. "$(dirname "$0")/lib.sh"
: "${COUNTERS_RUNS:=1}" "${COUNTERS_STEPS:=12}" "${COUNTERS_SEED:=$((($(date +%s) + BASHPID) % 1000000))}"
names=(alice bob carol)
state=${COUNTERS_STATE:-}

# ------------------------------------------------------------------- expectation
# Of each peer: its key, the last reading at a tick in this life of its counters, and
# the sum of those of its earlier lives.
declare -A key last_rx last_tx sum_rx sum_tx
# Clients with a session that the server knows nothing of any more.
declare -A stale
ticks=0 bytes=0 mismatches=0 scrubs=0 i=0

# ends NAME…: their counters begin at zero
ends() {
	local name
	for name; do
		((sum_rx[$name] += last_rx[$name], sum_tx[$name] += last_tx[$name])) || :
		last_rx[$name]=0 last_tx[$name]=0 stale[$name]=1
	done
}
keep() {
	[ "$state" ] || return 0
	declare -p key last_rx last_tx sum_rx sum_tx ticks bytes mismatches |
		sed 's/^declare -/&g/; s/^declare -g- /declare -g /' >"$state/expected.new"
	sync "$state/expected.new"
	mv "$state/expected.new" "$state/expected"
	sync "$state"
}
# check WHEN: the register has what is expected
check() {
	local name
	for name in "${names[@]}"; do
		echo "$name $((sum_rx[$name] + last_rx[$name])) $((sum_tx[$name] + last_tx[$name]))"
	done >"$box/wanted"
	peerage -j usage "${names[@]}" | jq -r '.usage[] | "\(.name) \(.rx_bytes) \(.tx_bytes)"' >"$box/got"
	diff "$box/wanted" "$box/got" >"$box/diff" && return
	mismatches=$((mismatches + 1))
	note "$1, after:$log"
	sed 's/^/# /' "$box/diff"
}
readings() { in_ns server wg show wg0 transfer | sort; }
# A tick in which no counter moved, so that what wg says is what it saw. One that is
# not it does no harm, as the next one counts on from there.
tick() {
	local seen name k rx tx
	log+=" tick"
	for _ in {1..50}; do
		seen=$(readings)
		peerage -q maintain >"$box/maintain" 2>&1 || bail "maintain: $(<"$box/maintain")"
		[ "$seen" != "$(readings)" ] || break
		seen=
	done
	[ "$seen" ] || bail "traffic does not end"
	while read -r k rx tx; do
		for name in "${names[@]}"; do
			[ "${key[$name]}" = "$k" ] || continue
			bytes=$((bytes + rx + tx - last_rx[$name] - last_tx[$name]))
			last_rx[$name]=$rx last_tx[$name]=$tx
		done
	done <<<"$seen"
	ticks=$((ticks + 1))
	keep
	check "tick $ticks"
}
perhaps_tick() { [ $((RANDOM % 2)) = 0 ] || tick; }

# ----------------------------------------------------------------------- machines
# wire NAME: a cable of its own to the server
wire() {
	local n
	case $1 in alice) n=21 ;; bob) n=22 ;; carol) n=23 ;; esac
	cable "$1" eth0 "192.0.$n.2/24" "2001:db8:$n::2/64" server "eth$n" "192.0.$n.1/24" "2001:db8:$n::1/64"
	in_ns "$1" ip route replace 192.0.2.1 via "192.0.$n.1" || bail "no route"
}
server_boots() {
	local name
	ns_add server
	in_ns server ip addr add 192.0.2.1/32 dev lo
	for name in "${names[@]}"; do wire "$name"; done
}
does() { "$@" >"$box/does" 2>&1 </dev/null || bail "$*: $(<"$box/does")"; }
new_keys() {
	local name k
	while read -r name k; do key[$name]=$k; done < <(peerage -j list | jq -r '.peers[] | "\(.name) \(.public_key)"')
}
client() { does client_up "$configs/$1.conf" "$1"; }
begin() {
	local name
	server_boots
	server_up
	for name in "${names[@]}"; do
		peerage -q add "$name" --client-keepalive none >"$configs/$name.conf" || bail "no $name"
		sum_rx[$name]=0 sum_tx[$name]=0 last_rx[$name]=0 last_tx[$name]=0
		client "$name"
		stale[$name]=
	done
	new_keys
	v4=$(tunnel_address inet)
}

# -------------------------------------------------------------------------- steps
some_name() { name=${names[RANDOM % ${#names[@]}]}; }
# greet NAME: a session that both know; a link that was down begins anew at once
greet() {
	if [ "${stale[$1]}" ]; then
		does in_ns "$1" ip link set wg0 down
		does in_ns "$1" ip link set wg0 up
		does in_ns "$1" ip route replace "$v4" dev wg0
		stale[$1]=
	fi
	does within 30 reaches "$1" "$v4"
}
# More and more: a counter that began anew soon overtakes what the old one said, so that
# it does not give itself away by having fallen.
traffic() {
	local name size=$((RANDOM % 1400)) n=$((1 + RANDOM % (4 + 8 * i))) inside
	some_name
	log+=" $name:$n*$size"
	greet "$name"
	does in_ns "$name" ping -n -q -c "$n" -i 0.01 -s "$size" -W 2 "$v4"
	[ $((RANDOM % 2)) = 0 ] || return 0
	inside=$(conf_values "$configs/$name.conf" Address | grep -m 1 -v :)
	does in_ns server ping -n -q -c "$n" -i 0.01 -s $((RANDOM % 1400)) -W 2 "${inside%/*}"
}
down_up() {
	does peerage down
	[ $((RANDOM % 2)) = 0 ] || does peerage maintain
	ends "${names[@]}"
	does peerage up
}
link_goes() {
	does in_ns server ip link del wg0
	ends "${names[@]}"
	does peerage up
}
off_on() {
	local name
	some_name
	log+=" ($name)"
	does peerage disable "$name"
	ends "$name"
	perhaps_tick
	does peerage enable "$name"
}
# As one does who dies between commit and kernel.
off_on_recorded() {
	local name
	some_name
	log+=" ($name)"
	does peerage --no-apply disable "$name"
	ends "$name"
	does peerage enable "$name"
}
removed_behind() {
	local name
	some_name
	log+=" ($name)"
	does in_ns server wg set wg0 peer "${key[$name]}" remove
	ends "$name"
	perhaps_tick
	does peerage sync
}
# By somebody, and put back before anybody looks: only that they fell says so. What came
# since then is less than before.
fell() {
	local name psk=$box/psk ips
	some_name
	log+=" ($name)"
	greet "$name"
	tick
	in_ns server wg show wg0 preshared-keys | awk -v k="${key[$name]}" '$1 == k { print $2 }' >"$psk"
	ips=$(field '.peer.allowed_ips | join(",")' show "$name")
	does in_ns server wg set wg0 peer "${key[$name]}" remove
	does in_ns server wg set wg0 peer "${key[$name]}" preshared-key "$psk" allowed-ips "$ips"
	ends "$name"
	tick
}
# None of them fell: each says more than the old one did. Only that the interface is
# another says that they began anew.
overtake() {
	local name most
	some_name
	log+=" ($name)"
	greet "$name"
	tick
	most=$((last_rx[$name] > last_tx[$name] ? last_rx[$name] : last_tx[$name]))
	link_goes
	greet "$name"
	does in_ns "$name" ping -n -q -c $((most / 1000 + 1)) -i 0.002 -s 1000 -W 2 "$v4"
	tick
}
rotate() {
	local name
	some_name
	log+=" ($name)"
	peerage -q rotate "$name" >"$configs/$name.new" || bail "no new key"
	ends "$name"
	mv "$configs/$name.new" "$configs/$name.conf"
	sync "$configs/$name.conf" "$configs"
	new_keys
	does client_down "$name"
	client "$name"
	stale[$name]=
	keep
}
# Nobody waits ten minutes: the limit is a second, and no step of the clock is known.
scrub() {
	traffic
	sqlite3 "$PEERAGE_REGISTER" "UPDATE interface SET scrub_idle_s = 1; UPDATE clock SET since_s = since_s - 1000"
	sleep 2
	tick
	sqlite3 "$PEERAGE_REGISTER" "UPDATE interface SET scrub_idle_s = 600"
	in_ns server wg show wg0 endpoints | grep -qF 127.0.0.1:9 && scrubs=$((scrubs + 1))
}
reboot() {
	kill "${ns_pid[server]}"
	wait "${ns_pid[server]}" 2>/dev/null
	ends "${names[@]}"
	for name in "${names[@]}"; do
		within 20 gone "$name" eth0 || bail "the old cables stay"
	done
	server_boots
	# a timer that is quicker than the interface
	[ $((RANDOM % 2)) = 0 ] || not_yet
	does peerage up
}
not_yet() {
	run peerage maintain
	[ "$status" = 4 ] || bail "maintain without an interface: exit $status"
}
# steps N
steps() {
	local all=(traffic traffic traffic traffic tick tick tick down_up link_goes off_on off_on_recorded
		removed_behind fell overtake rotate scrub) step
	[ "$state" ] || all+=(reboot)
	for ((i = 0; i < $1; i++)); do
		step=${all[RANDOM % ${#all[@]}]}
		# one of each for certain, while there is little to overtake
		case $i in 0) step=overtake ;; 1) step=fell ;; esac
		[ "$step" = tick ] || log+=" $step"
		"$step"
	done
}

# ---------------------------------------------------------- one boot of a sequence
# The file system has nothing of this boot that was not synchronised, like a disk.
one_boot() {
	local how=$((RANDOM % 3)) endings=(tick untold cut)
	if [ -e "$state/expected" ]; then
		. "$state/expected"
		server_boots
		ends "${names[@]}"
		keep
		check "before up"
		[ $((RANDOM % 2)) = 0 ] || not_yet
		does peerage up
		v4=$(tunnel_address inet)
		for name in "${names[@]}"; do client "$name" && stale[$name]=; done
	else
		mkdir -m 700 "$state/register"
		begin
	fi
	steps $((COUNTERS_STEPS / 2))
	traffic
	tick
	# what comes now is after the last tick
	traffic
	case $how in
	0) tick ;;
	2)
		greet alice
		in_ns alice ping -n -q -i 0.002 -s 1000 "$v4" >/dev/null 2>&1 &
		sleep 0.2
		;;
	esac
	keep
	echo "${endings[how]}" >"$state/ended"
	sync "$state/ended" "$state"
	[ "$how" = 2 ] || return 0
	echo o >/proc/sysrq-trigger
	sleep 60
}

note "COUNTERS_SEED=$COUNTERS_SEED"
for name in "${names[@]}"; do ns_add "$name"; done
if [ "$state" ]; then
	[ "${VM_OWN:-}" ] || bail "a machine that may be halted is needed"
	RANDOM=$COUNTERS_SEED
	export PEERAGE_REGISTER=$state/register/register.db
	configs=$state log=
	one_boot
	is "as expected" "$mismatches" 0
	finish
fi
configs=$box
for ((run = 0; run < COUNTERS_RUNS; run++)); do
	RANDOM=$((COUNTERS_SEED + run))
	log='' before=$mismatches ticks=0 bytes=0
	export PEERAGE_REGISTER=$box/register.$run/register.db
	mkdir -m 700 "$box/register.$run"
	begin
	steps "$COUNTERS_STEPS"
	traffic
	tick
	note "sequence $((COUNTERS_SEED + run)): $ticks ticks, $bytes bytes; $scrubs scrubs so far"
	is "sequence $((run + 1)) of $COUNTERS_RUNS: to the byte" $((mismatches - before)) 0
	for name in "${names[@]}"; do does client_down "$name"; done
	kill "${ns_pid[server]}"
	for name in "${names[@]}"; do within 20 gone "$name" eth0 || bail "the old cables stay"; done
done
finish
