# SPDX-License-Identifier: ISC
# Goal: a config says what was asked for, in fields that the phone apps take, and
# export, show and the register agree with it. tests/vm/configs.sh gives each to wg.
load common
load ../lib/conf
load ../lib/config_cases

fields='PrivateKey|ListenPort|Address|DNS|MTU|PublicKey|PresharedKey|AllowedIPs|Endpoint|PersistentKeepalive'

# same WHAT GOT WANTED
same() { [ "$2" = "$3" ] || { echo "peer$n, $1: '$2', not '$3'" && return 1; }; }
one() {
	local keepalive
	shift
	n=$((n + 1))
	p -q add "peer$n" "$@" >conf
	p -q export "peer$n" >export
	p -j show "peer$n" >show
	# keys that the apps take, none of them without a value
	no grep -vE -e '^(\[Interface\]|\[Peer\]|#.*|)$' -e "^($fields) = [^ ]" conf
	same export "$(grep -v -e '^#' -e '^$' export)" "$(grep -v -e '^#' -e '^$' -e '^PrivateKey' conf)"
	same "export again" "$(p -q export "peer$n")" "$(<export)"
	[ -z "$(conf_values conf PrivateKey)" ] ||
		same key "$(conf_values conf PrivateKey | wg pubkey)" "$(jq -r .peer.public_key show)"
	same server "$(conf_values conf PublicKey)" "$(p -j interfaces | jq -r '.interfaces[0].public_key')"
	same "allowed IPs" "$(conf_values conf AllowedIPs)" "$(jq -r '.peer.client_allowed_ips[]' show)"
	keepalive=$(conf_values conf PersistentKeepalive)
	same keepalive "${keepalive:-0}" "$(jq -r '.peer.client_keepalive // 0' show)"
	same addresses "$(conf_values conf Address | cut -d/ -f1)" "$(jq -r '.peer.addresses[]' show | cut -d/ -f1)"
}
said() { same "$1" "$(conf_values conf "$1" | paste -sd,)" "$2"; }
settings() { p -q configure "$@" >/dev/null; }

@test "each option, alone and together" {
	box=$BATS_TEST_TMPDIR n=0
	p -q init wg0 --endpoint 192.0.2.1 --address 10.7.0.1/16 --address fd07::1/64 --dns 9.9.9.9 >/dev/null
	wg genpsk >psk
	config_cases
	[ "$n" -gt 25 ]
}
