#!/bin/bash
# SPDX-License-Identifier: ISC
# Every config that is handed out is one that wg(8) takes: add's and export's go
# through `wg-quick strip` and `wg setconf`, and the kernel then shows the values
# that were asked for. One peer for each option, alone and together.
. "$(dirname "$0")/lib.sh"

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
# The same of the register, by -j show, for what the register holds of it.
register_says() {
	{
		echo "peer $(field '.interfaces[0].public_key' interfaces)"
		field '.peer | (.client_allowed_ips[] | "allowed " + .),
			"keepalive \(if (.client_keepalive // 0) == 0 then "off" else .client_keepalive end)"' show "$1"
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
# Keys that the apps take, none of them without a value.
only_known_fields() {
	! grep -vE -e '^(\[Interface\]|\[Peer\]|#.*|)$' -e "^($fields) = [^ ]" "$1"
}
fields='PrivateKey|ListenPort|Address|DNS|MTU|PublicKey|PresharedKey|AllowedIPs|Endpoint|PersistentKeepalive'
# one WHAT ARG…: a peer with these options
n=0
one() {
	local what=$1 name
	shift
	n=$((n + 1)) name=peer$n
	exits 0 "add $what" peerage -q add "$name" "$@"
	cp "$box/out" "$box/$name.conf"
	ok "$what: wg takes it, and has what it says" taken "$box/$name.conf"
	ok "$what: only fields that the apps take" only_known_fields "$box/$name.conf"
	peerage -q export "$name" >"$box/$name.export"
	if grep -q '^PrivateKey' "$box/$name.conf"; then
		is "$what: the key is the registered one" \
			"$(conf_values "$box/$name.conf" PrivateKey | wg pubkey)" \
			"$(field .peer.public_key show "$name")"
	fi
	ok "$what: wg takes what export says" taken "$box/$name.export"
	is "$what: export is the config without its key" \
		"$(grep -v -e '^#' -e '^$' "$box/$name.export")" \
		"$(grep -v -e '^#' -e '^$' -e '^PrivateKey' "$box/$name.conf")"
	ok "$what: and what show says" diff <(register_says "$name") \
		<(config_says "$box/$name.conf" | grep -E '^(peer|allowed|keepalive) ')
	is "$what: the addresses are the registered ones" \
		"$(conf_values "$box/$name.conf" Address | cut -d/ -f1 | sort)" \
		"$(field '.peer.addresses[]' show "$name" | cut -d/ -f1 | sort)"
}
# said NAME CONFIG-KEY VALUE
said() { is "peer$n: $1" "$(conf_values "$box/peer$n.conf" "$1" | paste -sd,)" "$2"; }

topology
server_up --address 10.7.0.1/16 --address fd07::1/64 --dns 9.9.9.9
one "nothing"
said AllowedIPs "0.0.0.0/0,::/0"
said DNS 9.9.9.9
said PersistentKeepalive 25
one "no preshared key" --preshared-key none
said PresharedKey ""
wg genpsk >"$box/psk"
one "a preshared key of one's own" --preshared-key "$box/psk"
said PresharedKey "$(<"$box/psk")"
one "a public key of one's own" --public-key "$(wg genkey | wg pubkey)"
said PrivateKey ""
one "an IPv4 address" --address 10.7.9.9
said Address 10.7.9.9/32
one "an IPv6 address" --address fd07::99
said Address fd07::99/128
one "both" --address 10.7.9.10,fd07::9a
one "addresses outside of the pools" --address 10.8.0.5,fd08::5
one "DNS of one's own" --dns 192.0.2.53,2001:db8::53
said DNS 192.0.2.53,2001:db8::53
one "no DNS" --dns none
said DNS ""
one "an MTU" --mtu 1280
said MTU 1280
one "the least MTU" --mtu 576
one "a keepalive in the client" --client-keepalive 1
said PersistentKeepalive 1
one "the longest keepalive in the client" --client-keepalive 65535
said PersistentKeepalive 65535
one "no keepalive in the client" --client-keepalive none
said PersistentKeepalive ""
one "a keepalive on the server" --keepalive 15
one "one allowed IP" --client-allowed-ips 10.7.0.0/16
said AllowedIPs 10.7.0.0/16
one "many allowed IPs" --client-allowed-ips 10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fd00::/8,2001:db8::/32,198.51.100.7/32,::1/128
one "allowed IPs in another spelling" --client-allowed-ips 2001:DB8:0:0:0:0:0:0/32,10.0.0.0/8
said AllowedIPs "2001:db8::/32,10.0.0.0/8"
one "routes behind it" --routes 192.168.77.0/24,fd77::/48
one "a route of half of all" --routes 128.0.0.0/1,8000::/1
one "an endpoint" --peer-endpoint 192.0.2.9:5555
one "an IPv6 endpoint" --peer-endpoint '[2001:db8::9]:1'
one "tags, a note, an expiry, a quota" --tag a --tag b --note "of the third kind = # ; \\" \
	--expires 30d --quota 10G/month
one "everything" --preshared-key "$box/psk" --address 10.7.77.7,fd07::777 \
	--routes 192.168.99.0/24 --peer-endpoint 192.0.2.77:51820 --client-allowed-ips 10.0.0.0/8,fd00::/8 \
	--dns 10.7.0.1,fd07::1 --mtu 1412 --client-keepalive 13 --keepalive 31 --tag t --note n
ok "the server's kernel equals the register" kernel_equals_register
exits 0 "IPv6 endpoint of the server" peerage -q configure endpoint '[2001:db8:1::1]:51820'
one "with an IPv6 endpoint"
said Endpoint "[2001:db8:1::1]:51820"
exits 0 "interface's own settings" peerage -q configure mtu 1300 dns none client-keepalive 7 \
	client-allowed-ips 10.7.0.0/16,fd07::/64
one "the interface's settings"
said MTU 1300
said DNS ""
said PersistentKeepalive 7
said AllowedIPs 10.7.0.0/16,fd07::/64
one "settings that differ from the interface's" --mtu 1400 --dns 9.9.9.9 --client-keepalive none \
	--client-allowed-ips 0.0.0.0/0
said MTU 1400
said PersistentKeepalive ""
for name in peer1 peer$((n - 1)); do
	peerage -q export "$name" >"$box/then.conf"
	is "$name: rendered again, the same" "$(peerage -q export "$name")" "$(<"$box/then.conf")"
done
ok "the server's kernel equals the register" kernel_equals_register
ok "the chain holds" "$VERIFY" "$PEERAGE_REGISTER"
finish
