#!/bin/bash
# SPDX-License-Identifier: ISC
# Every config that is handed out is one that wg(8) takes: it goes through `wg-quick
# strip` and `wg setconf`, and the kernel then shows the values that it says.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/../lib/config_cases.bash"

# What a peer's config says on each side, in the words of `wg show dump`: the key,
# the server's key, preshared key, endpoint, allowed IPs, keepalive.
kernel_says() {
	in_ns client wg show "$1" dump | awk -F '\t' '
		NR == 1 { print "key", $1; next }
		{
			n = split($4, ips, ",")
			for (i = 1; i <= n; i++) print "allowed", ips[i]
			print "peer", $1 "\npsk", $2 "\nendpoint", $3 "\nkeepalive", $8
		}' | sort
}
# The same of the config, where a value that is left out is the kernel's default.
config_says() {
	local value
	{
		echo "key $(conf_values "$1" PrivateKey | grep . || echo '(none)')"
		echo "peer $(conf_values "$1" PublicKey)"
		echo "psk $(conf_values "$1" PresharedKey | grep . || echo '(none)')"
		echo "endpoint $(conf_values "$1" Endpoint)"
		for value in $(conf_values "$1" AllowedIPs); do echo "allowed $value"; done
		value=$(conf_values "$1" PersistentKeepalive)
		echo "keepalive ${value:-off}"
	} | sort
}
# taken CONF: a client's kernel has what the config says
taken() {
	cp "$1" "$box/wgt.conf" && wg-quick strip "$box/wgt.conf" >"$box/wgt.strip" || return 1
	in_ns client ip link add wgt type wireguard || return 1
	in_ns client wg setconf wgt "$box/wgt.strip" && diff <(config_says "$1") <(kernel_says wgt)
	local status=$?
	in_ns client ip link del wgt
	return $status
}
n=0
one() {
	local what=$1
	shift
	n=$((n + 1))
	peerage -q add "peer$n" "$@" >"$box/peer$n.conf" || bail "add $what"
	ok "$what: wg takes it, and has what it says" taken "$box/peer$n.conf"
}
said() { :; }
settings() { peerage -q configure "$@" >/dev/null || bail "configure $*"; }

topology
server_up --address 10.7.0.1/16 --address fd07::1/64 --dns 9.9.9.9
wg genpsk >"$box/psk"
config_cases
for name in peer1 "peer$n"; do
	peerage -q export "$name" >"$box/$name.export"
	ok "$name: wg takes what export says" taken "$box/$name.export"
done
ok "the server's kernel equals the register" kernel_equals_register
ok "the chain holds" "$VERIFY" "$PEERAGE_REGISTER"
finish
