# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# What scenario scripts share: namespaces, peerage on a server, clients made by
# wg(8) and ip(8) alone. Sourced by tests/vm/*.sh and tests/net/*.sh, which
# tests/vm/guest starts in namespaces of their own (net, mount, pid; an empty
# /run), so nothing here needs to clean up after itself.
set -u
export LC_ALL=C.UTF-8
umask 077

: "${PEERAGE_BUILD:?the build directory to test}"
PEERAGE=$PEERAGE_BUILD/cli/peerage
VERIFY=$PEERAGE_BUILD/tests/verify
# Who runs interfaces: kernel, or go for wireguard-go.
: "${WG_IMPL:=kernel}"
box=$(mktemp -d /run/box.XXXXXX)
export PEERAGE_REGISTER=$box/register/register.db
declare -A ns_pid=()
. "$(dirname "${BASH_SOURCE[0]}")/../lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/conf.bash"

# ----------------------------------------------------------------- namespaces
# A namespace is a process that sits in a net and a mount namespace: two
# wireguard-go of one interface name would share a socket's name otherwise.
ns_add() {
	local name=$1 fd
	exec {fd}< <(exec unshare --net --mount bash -c '
		mkdir -p /run/wireguard && mount -t tmpfs wireguard /run/wireguard &&
		{ mount -t sysfs sys /sys 2>/dev/null || :; } &&
		ip link set lo up && echo $$ && exec sleep infinity')
	read -r -u "$fd" "ns_pid[$name]" || bail "no namespace $name"
}
# in_ns NAME COMMAND…
in_ns() {
	local pid=${ns_pid[$1]}
	shift
	nsenter -t "$pid" -n -m "$@"
}
# cable NS DEV V4 V6 NS DEV V4 V6
cable() {
	ip link add "$2" netns "${ns_pid[$1]}" type veth peer name "$6" netns "${ns_pid[$5]}" ||
		bail "no veth"
	local side
	for side in 1 2; do
		in_ns "$1" ip addr add "$3" dev "$2" &&
			in_ns "$1" ip addr add "$4" dev "$2" nodad &&
			in_ns "$1" ip link set "$2" up || bail "cannot set up $1 $2"
		[ "$side" = 1 ] && shift 4
	done
}
# topology: client --- server --- internet; the server's default route leads to
# the internet, which has no route back to what is inside a tunnel.
topology() {
	ns_add server
	ns_add client
	ns_add internet
	cable client eth0 192.0.2.2/24 2001:db8:1::2/64 server eth1 192.0.2.1/24 2001:db8:1::1/64
	cable server eth0 198.51.100.2/24 2001:db8:2::2/64 \
		internet eth0 198.51.100.1/24 2001:db8:2::1/64
	in_ns server ip route add default via 198.51.100.1
	in_ns server ip -6 route add default via 2001:db8:2::1
}
# one more client, cable N (2 to 9)
another_client() {
	ns_add "$1"
	cable "$1" eth0 "192.0.$((20 + $2)).2/24" "2001:db8:a$2::2/64" \
		server "eth1$2" "192.0.$((20 + $2)).1/24" "2001:db8:a$2::1/64"
	in_ns "$1" ip route add 192.0.2.0/24 via "192.0.$((20 + $2)).1"
}

# -------------------------------------------------------------------- peerage
# peerage ARG…: on the server
peerage() { in_ns server "$PEERAGE" "$@"; }
# field JQ ARG…: of peerage -j ARG…
field() {
	local filter=$1
	shift
	peerage -j "$@" | jq -r "$filter"
}
# server_up ARG…: init wg0 with the outside address of the topology
server_up() {
	peerage -q init wg0 --endpoint 192.0.2.1 "$@" >"$box/init.out" 2>&1 ||
		bail "init: $(<"$box/init.out")"
}
entries() { "$VERIFY" "$PEERAGE_REGISTER" | cut -d' ' -f1; }
live_keys() { in_ns server wg show wg0 peers | sort; }
registered_keys() {
	peerage -j list | jq -r '.peers[] | select(.state == "active").public_key' | sort
}
# The kernel holds exactly the active peers, with their allowed IPs. A line an allowed IP,
# so that no peer needs processes of its own.
kernel_equals_register() {
	diff <(peerage -j list | jq -r '.peers[] | select(.state == "active") |
			.public_key + " " + (.allowed_ips | if . == [] then "(none)" else .[] end)' | sort) \
		<(in_ns server wg show wg0 allowed-ips |
			awk '{ for (i = 2; i <= NF; i++) print $1, $i }' | sort)
}

# Audit finds nothing, but that nobody sets the clock of a kernel of ours.
healthy() {
	peerage -t audit --fail-on none >"$box/audit" || return 1
	! grep -v -e '^severity' -e $'^warning\tclock\t' "$box/audit"
}

# -------------------------------------------------------------------- clients
# wg_link NS DEV: a bare WireGuard interface
wg_link() {
	if [ "$WG_IMPL" = kernel ]; then
		in_ns "$1" ip link add "$2" type wireguard
	else
		in_ns "$1" env LOG_LEVEL=silent wireguard-go "$2" >/dev/null 2>&1 &&
			within 20 in_ns "$1" wg show "$2"
	fi
}
# client_up CONF NS [DEV]: from the config alone, by wg and ip
client_up() {
	local conf=$1 ns=$2 dev=${3:-wg0} value
	mkdir -p "$box/$ns" && cp "$conf" "$box/$ns/$dev.conf" || return 1
	wg_link "$ns" "$dev" || return 1
	wg-quick strip "$box/$ns/$dev.conf" >"$box/$ns/$dev.strip" || return 1
	in_ns "$ns" wg setconf "$dev" "$box/$ns/$dev.strip" || return 1
	for value in $(conf_values "$conf" Address); do
		case $value in
		*:*) in_ns "$ns" ip addr add "$value" dev "$dev" nodad || return 1 ;;
		*) in_ns "$ns" ip addr add "$value" dev "$dev" || return 1 ;;
		esac
	done
	value=$(conf_values "$conf" MTU)
	in_ns "$ns" ip link set "$dev" mtu "${value:-1420}" up || return 1
	for value in $(conf_values "$conf" AllowedIPs); do
		in_ns "$ns" ip route replace "$value" dev "$dev" || return 1
	done
}
client_down() {
	in_ns "$1" ip link del "${2:-wg0}" && within 20 gone "$1" "${2:-wg0}"
}
gone() { ! in_ns "$1" ip link show "$2" >/dev/null 2>&1 && ! in_ns "$1" test -e "/run/wireguard/$2.sock"; }
# reaches NS ADDRESS: one echo comes back
reaches() { in_ns "$1" ping -n -q -c 1 -W 2 "$2"; }
# cut_off NS ADDRESS: of five echoes none comes back
cut_off() {
	in_ns "$1" ping -n -q -c 5 -i 0.3 -W 2 "$2" >"$box/ping"
	grep -q ' 0 received' "$box/ping"
}
handshook() { in_ns "$1" wg show "${2:-wg0}" latest-handshakes | grep -vq '	0$'; }
# Connection tracking, which NAT brings, loses a packet that begins a flow now and then.
do_not_track() {
	in_ns server nft "add table inet untracked
		add chain inet untracked in { type filter hook prerouting priority -300; }
		add chain inet untracked out { type filter hook output priority -300; }
		add rule inet untracked in iifname wg0 icmp type echo-request notrack
		add rule inet untracked out oifname wg0 icmp type echo-reply notrack"
}
# tunnel_address FAMILY: the server's own address inside
tunnel_address() {
	in_ns server ip -j addr show dev wg0 |
		jq -r ".[0].addr_info[] | select(.family == \"$1\" and .scope == \"global\").local"
}
