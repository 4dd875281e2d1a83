# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# One peer for each option that shows in a config, alone and together. tests/cli looks
# at the text of them, tests/vm at what the kernel makes of it.
# Before config_cases: one WHAT OPTION…, a peer with these options, the next peer$n;
# said KEY VALUE, what its config has; settings KEY VALUE…, of the interface; a preshared
# key in $box/psk. The interface is to have 10.7.0.1/16, fd07::1/64 and DNS 9.9.9.9.
config_cases() {
	one "nothing"
	said AllowedIPs "0.0.0.0/0,::/0"
	said DNS 9.9.9.9
	said PersistentKeepalive 25
	one "no preshared key" --preshared-key none
	said PresharedKey ""
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
	settings endpoint '[2001:db8:1::1]:51820'
	one "with an IPv6 endpoint"
	said Endpoint "[2001:db8:1::1]:51820"
	settings mtu 1300 dns none client-keepalive 7 \
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
}
