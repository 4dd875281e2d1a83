# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# What tests/fault/kill.sh and errors.sh share: one state to start from each time,
# what a command may leave behind, and whether what comes next mends it. A state is
# the register's files and the kernel's interface, put back with cp, wg, ip and nft.
# Everything runs in the script's own network namespace: no process more than needed.
. "$(dirname "${BASH_SOURCE[0]}")/../vm/lib.sh"

WANTED=$PEERAGE_BUILD/tests/wanted
KILLAT=$PEERAGE_BUILD/tests/killat
register=${PEERAGE_REGISTER%/*}
[ -x "$WANTED" ] && [ -x "$KILLAT" ] || bail "no $WANTED or $KILLAT: build with -Dtests=true"

conf=$box/new.conf
. "$(dirname "${BASH_SOURCE[0]}")/commands.bash"
# What those that are swept start from: up, down, or a tick that has something to do, as bob's newer key
# has just been used for the first time. And those that meet the firewall.
state_for() {
	case $1 in up) echo down ;; maintain) echo due ;; *) echo up ;; esac
}
meets_firewall() { case $1 in up | down | configure) ;; *) return 1 ;; esac; }

# --------------------------------------------------------------- two documents
# The register's: $chain, $states (one a line) and $kernel_wanted, empty where the
# interface is to be down. What differs from run to run for no other reason than
# chance, the new peer's keys and address-free secrets, is masked in $document.
read_register() {
	local all
	all=$("$WANTED" "$PEERAGE_REGISTER" wg0 2>&1) || {
		echo "the register does not open or verify: $all"
		return 1
	}
	chain=${all%%$'\n'*} all=${all#*$'\n'}
	states=${all%%---*} kernel_wanted=${all#*---} kernel_wanted=${kernel_wanted#$'\n'}
	chain=${chain#chain } && chain=${chain%% *}
	document=$states$kernel_wanted
	local name state key psk
	for name in new carol; do
		[[ $states =~ state\ $name\ ([a-z]+)\ ([^ $'\n']*) ]] || continue
		state=${BASH_REMATCH[1]} key=${BASH_REMATCH[2]}
		[ "$state" = active ] && [[ $kernel_wanted =~ peer\ ${key//+/\\+}\ ([^ ]*) ]] &&
			psk=${BASH_REMATCH[1]} && [ "$psk" != "$carol_psk" ] &&
			document=${document//"$psk"/PSK-OF-$name}
		[ "$key" = "$carol_key" ] || document=${document//"$key"/KEY-OF-$name}
	done
	document=$(LC_ALL=C sort <<<"$document")
}
# The kernel's, in the same words.
read_kernel() {
	{
		wg show wg0 dump
		ip -o link show dev wg0
		ip -o addr show dev wg0
		ip route show dev wg0
		ip -6 route show dev wg0
	} 2>/dev/null | awk '
		/^[0-9]+: [^ ]+: </ {
			for (i = 1; i <= NF; i++) {
				if ($i == "mtu") mtu = $(i + 1)
				if ($i == "alias") name = $(i + 1)
			}
			print "link", ($3 ~ /[<,]UP[,>]/ ? "up" : "down"), mtu, name
			next
		}
		/^[0-9]+: [^ ]+ +inet6? / { if (!/scope link/) print "address", $4; next }
		/\t/ && NF == 4 { print "device", $2, $3; next }
		/\t/ {
			# the client of a tick is on this host, and no peer has that configured
			print "peer", $1, $2, $3 ~ /^127\.0\.0\.1:/ ? "(none)" : $3, $8
			n = split($4, ips, ",")
			for (i = 1; i <= n; i++) if (ips[i] != "(none)") print "allowed", $1, ips[i]
			next
		}
		/proto kernel/ || /^(fe80|ff00|anycast|local|multicast)/ { next }
		{ print "route", $1 ~ "/" ? $1 : $1 ($1 ~ ":" ? "/128" : "/32") }
	' | LC_ALL=C sort
}
# The firewall is all there or all gone.
firewall_right() {
	local now
	now=$(nft list ruleset)
	if [ -n "$kernel_wanted" ]; then
		diff <(echo "$firewall") <(echo "$now")
	else
		[ -z "$now" ] || { echo "left behind: $now" && return 1; }
	fi
}
# In line: register and kernel say the same, and nothing is pending.
# in_line [firewall]
in_line() {
	local sound left
	read_register || return 1
	left=$(diff <(echo -n "${kernel_wanted:+$kernel_wanted$'\n'}") <(read_kernel)) || {
		echo "register and kernel differ: $left"
		return 1
	}
	if [ "${1:-}" = firewall ]; then firewall_right || return 1; fi
	sound=$(sqlite3 "$PEERAGE_REGISTER" 'PRAGMA integrity_check; PRAGMA foreign_key_check;
		SELECT "pending " || count(*) FROM pending') || return 1
	[ "$sound" = $'ok\npending 0' ] || { echo "the file: $sound" && return 1; }
	[ -z "$kernel_wanted" ] || "$PEERAGE" -q sync -n >"$box/sync" 2>&1 || {
		echo "sync -n: exit $?: $(<"$box/sync")"
		return 1
	}
}

# -------------------------------------------------------------------- the state
# The way to the internet of a server that is one: a default route by eth0.
make_base() {
	ip link add eth0 type dummy && ip addr add 192.0.2.1/24 dev eth0 &&
		ip addr add 2001:db8:1::1/64 dev eth0 nodad && ip link set eth0 up &&
		ip route add default via 192.0.2.254 && ip -6 route add default via 2001:db8:1::fe ||
		bail "cannot make eth0"
	mount -t sysfs sys /sys 2>/dev/null
	"$PEERAGE" -q init wg0 --endpoint 192.0.2.1 --address 10.7.0.1/24 --address fd07::1/64 \
		--nat eth0 >"$box/init.out" 2>&1 || bail "init: $(<"$box/init.out")"
	{
		"$PEERAGE" -q add alice --routes 192.168.77.0/24,fd77::/64 --keepalive 21 &&
			"$PEERAGE" -q add bob --preshared-key none &&
			"$PEERAGE" -q add carol --routes 192.168.78.0/24 --peer-endpoint 192.0.2.9:5555
	} >"$box/init.out" 2>&1 || bail "add: $(<"$box/init.out")"
	carol_psk='' carol_key='' && read_register || bail "no register"
	[[ $states =~ state\ carol\ active\ ([^ $'\n']*) ]] && carol_key=${BASH_REMATCH[1]} &&
		carol_psk=$(wg show wg0 preshared-keys | grep -F "$carol_key" | cut -f2)
	firewall=$(nft list ruleset)
	{ echo 'flush ruleset' && echo "$firewall"; } >"$box/up.nft"
	ln -s up.nft "$box/due.nft"
	echo 'flush ruleset' >"$box/down.nft"
	keep up
	"$PEERAGE" -q rotate bob --overlap 1h >"$box/bob.conf" 2>"$box/init.out" ||
		bail "rotate: $(<"$box/init.out")"
	keep due
	client_of "$box/bob.conf"
	cp -a "$box/up.register" "$box/again" && rm -rf "$register" && mv "$box/again" "$register"
	put_back up
	"$PEERAGE" -q down || bail "down"
	in_line firewall >"$box/why" || bail "after down: $(<"$box/why")"
	cp -a "$register" "$box/down.register"
	# What is put back by hand is what peerage made.
	start_from configure
	in_line firewall >"$box/why" || bail "put back: $(<"$box/why")"
}
# keep STATE: register and interface, to be put back
keep() {
	wg showconf wg0 >"$box/$1.conf"
	{
		echo "link add wg0 type wireguard"
		echo "link set wg0 alias $(ip -j link show dev wg0 | jq -r '.[0].ifalias')"
		ip -j addr show dev wg0 | jq -r '.[0].addr_info[] | select(.scope == "global") |
			"addr add \(.local)/\(.prefixlen) dev wg0" + (if .family == "inet6" then " nodad" else "" end)'
		echo "link set wg0 up"
		ip -j route show dev wg0 | jq -r '.[] | select(.protocol != "kernel") |
			"route add \(.dst) dev wg0 proto \(.protocol // "boot")"'
	} >"$box/$1.ip"
	ip -6 -j route show dev wg0 | jq -r '.[] | select(.protocol != "kernel") |
		"route add \(.dst) dev wg0 proto \(.protocol // "boot")"' >"$box/$1.ip6"
	in_line firewall >"$box/why" || bail "the state to start from, $1: $(<"$box/why")"
	cp -a "$register" "$box/$1.register"
}
put_back() {
	ip link del wg0 2>/dev/null
	ip -batch "$box/$1.ip" && ip -6 -batch "$box/$1.ip6" && wg setconf wg0 "$box/$1.conf"
}
# client_of CONF: wg1, which shakes hands with wg0 wherever it is, and sends nothing else
client_of() {
	local server
	server=$(conf_values "$1" PublicKey)
	bob_key=$(conf_values "$1" PrivateKey | wg pubkey)
	ip link add wg1 type wireguard && wg set wg1 private-key <(conf_values "$1" PrivateKey) \
		peer "$server" endpoint 127.0.0.1:51820 persistent-keepalive 1 allowed-ips 10.7.0.1/32 ||
		bail "no wg1"
}
used() { wg show wg0 latest-handshakes | grep -F "$bob_key" | grep -qv '	0$'; }
start_from() {
	local state
	state=$(state_for "$1")
	rm -rf "$register" "$box/new.conf" "$box"/.peerage-*
	cp -a "$box/$state.register" "$register"
	ip link del wg0 2>/dev/null
	ip link set wg1 down
	[ "$state" = down ] || put_back "$state"
	if [ "$state" = due ]; then ip link set wg1 up && within 30 used || bail "no handshake"; fi
	if [ "$state" = down ] || meets_firewall "$1"; then nft -f "$box/$state.nft"; fi
}

# ---------------------------------------------------------------- what may come
# learn VERB: what it leaves where nothing goes wrong, $before and $after
learn() {
	local why
	start_from "$1"
	carol_psk=${carol_psk:-} && read_register || bail "register"
	before=$document chain_before=$chain
	# shellcheck disable=SC2086
	"$PEERAGE" -q ${command[$1]} >"$box/out" 2>&1 || bail "$1: $(<"$box/out")"
	why=$(in_line firewall) || bail "$1: $why"
	in_line firewall >/dev/null
	after=$document chain_after=$chain
	[ "$before" != "$after" ] || bail "$1 changes nothing"
}
# left_behind STATUS: before or after, nothing between; after, where acknowledged
left_behind() {
	local key
	read_register || return 1
	case $document in
	"$before")
		[ "$chain" = "$chain_before" ] || { echo "an entry of nothing: $chain" && return 1; }
		case $1 in 0 | 4) echo "acknowledged with $1, and lost" && return 1 ;; esac
		;;
	"$after")
		[ "$chain" = "$chain_after" ] || { echo "entries: $chain, not $chain_after" && return 1; }
		;;
	*) diff <(echo "$after") <(echo "$document") && return 1 ;;
	esac
	# A config that was printed is an acknowledgement too.
	key=$(sed -n 's/^PrivateKey *= *//p' "$box/out" "$box/new.conf" 2>/dev/null)
	[ -z "$key" ] || [[ $states =~ state\ (new|carol)\ active\ "$(wg pubkey <<<"$key")" ]] || {
		echo "the config was handed out, and its peer is not registered"
		return 1
	}
	# A file is complete or absent.
	[ ! -e "$box/new.conf" ] || grep -q '^PersistentKeepalive' "$box/new.conf" || {
		echo "half a config: $(wc -c <"$box/new.conf") bytes"
		return 1
	}
}
# next N: another changing command succeeds and does what it says
next() {
	local wanted
	case $(($1 % 3)) in
	0) set -- add next --preshared-key none && wanted="state next active " ;;
	1) set -- set alice --note changed && wanted="state alice active *changed" ;;
	2) set -- disable bob && wanted="state bob disabled " ;;
	esac
	"$PEERAGE" -q "$@" >"$box/next" 2>&1 || {
		echo "then $1: exit $?: $(<"$box/next")"
		return 1
	}
	read_register || return 1
	# shellcheck disable=SC2053
	[[ $states == *$wanted* ]] || { echo "then $1: not done" && return 1; }
}
# no_trace VERB: who was forgotten is in no byte of the register's files
no_trace() {
	[ "$1" = forget ] && [[ $states != *"state carol "* ]] || return 0
	! grep -qaF -e carol -e "$carol_key" -e "$carol_psk" "$register"/* || {
		echo "traces are left in $(grep -laF -e carol -e "$carol_key" "$register"/*)"
		return 1
	}
}
# mends VERB N STATUS: all of it, after a fault; says why not
mends() {
	local firewall_too=
	meets_firewall "$1" && firewall_too=firewall
	left_behind "$3" && next "$2" && in_line "$firewall_too" && no_trace "$1"
}
