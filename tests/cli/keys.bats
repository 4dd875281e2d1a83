# SPDX-License-Identifier: ISC
# Goal: genkey, pubkey and genpsk are wg's, and keys that are read are read strictly.
load common

@test "genkey makes clamped keys, each another" {
	t 0 genkey
	[ "${#output}" = 44 ]
	first=$output
	bytes=$(base64 -d <<<"$output" | od -An -v -tu1)
	set -- $bytes
	[ $# = 32 ]
	[ $(($1 & 7)) = 0 ]
	[ $((${32} & 192)) = 64 ]
	t 0 genkey
	[ "$output" != "$first" ]
	t 0 genpsk
	[ "${#output}" = 44 ]
}

@test "pubkey agrees with wg, and with RFC 7748" {
	key=$(p genkey)
	run -0 --separate-stderr "$PEERAGE" pubkey <<<"$key"
	if command -v wg >/dev/null; then
		[ "$output" = "$(wg pubkey <<<"$key")" ]
	fi
	# section 6.1, Alice's key pair
	run -0 --separate-stderr "$PEERAGE" pubkey <<<"dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo="
	[ "$output" = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=" ]
}

refused() {
	run -2 --separate-stderr "$PEERAGE" pubkey
	[ -z "$output" ]
	error_is "$1"
}

@test "pubkey reads one key and nothing else" {
	key=$(p genkey)
	refused empty </dev/null
	refused empty <<<""
	refused "standard input" <<<"${key:0:43}"
	refused "standard input" <<<"$key$key"
	refused "standard input" <<<" $key"
	refused "standard input" <<<"$key x"
	refused "standard input" <<<"${key:0:42}/="
	refused "standard input: not a key file: a key is one line" < <(head -c 300 /dev/zero)
	refused "standard input" < <(printf '%s\0' "$key")
	printf '%s\r\n' "$key" | p pubkey
	printf '%s' "$key" | p pubkey
}

@test "a malformed key is not repeated in the error" {
	run -2 --separate-stderr "$PEERAGE" pubkey <<<"SECRETSECRETSECRETSECRETSECRETSECRETSECRET!="
	[[ $stderr != *SECRET* ]]
}

@test "genkey warns before it writes where others can read" {
	(umask 022 && "$PEERAGE" genkey >open.key 2>warning)
	grep -q "everybody may read" warning
	(umask 077 && "$PEERAGE" genkey >closed.key 2>warning)
	[ ! -s warning ]
	(umask 022 && "$PEERAGE" -q genkey >open2.key 2>warning)
	[ ! -s warning ]
}

@test "keys are text: no JSON" {
	t 2 genkey -j
	j '.error.code == 2'
	t 2 pubkey -t
	error_is "plain text"
}

@test "init takes the server's key from a file or stdin, never from argv" {
	umask 077
	p genkey >server.key
	p -q init wg0 --endpoint 192.0.2.1 --private-key server.key >/dev/null
	t 0 -j configure
	j ".settings.public_key == \"$(p pubkey <server.key)\""
	p genkey >other.key
	p -q init wg1 --endpoint 192.0.2.1 --listen-port 51821 --private-key - <other.key >/dev/null
	t 0 -j -i wg1 configure
	j ".settings.public_key == \"$(p pubkey <other.key)\""
	t 2 init wg2 --endpoint 192.0.2.1 --private-key "$(cat server.key)"
	error_is "not taken from the command line"
	[[ $stderr != *"$(head -c 20 server.key)"* ]]
	t 2 add alice -i wg0 --preshared-key "$(cat server.key)"
	error_is "not taken from the command line"
}

@test "a key file that others may read is remarked on" {
	init
	p genpsk >psk
	chmod 644 psk
	t 0 add alice --preshared-key psk
	[[ $stderr == *"psk: others than its owner may read this key: chmod 600"* ]]
	[[ $output == *"PresharedKey = $(cat psk)"* ]]
	chmod 600 psk
	t 0 add bob --preshared-key psk
	[[ $stderr != *"others than"* ]]
	run -0 --separate-stderr "$PEERAGE" add carol --preshared-key - <psk
	[[ $output == *"PresharedKey = $(cat psk)"* ]]
	t 0 add dave --preshared-key none
	[[ $output != *PresharedKey* ]]
}

@test "key files that cannot be read" {
	init
	t 1 add alice --preshared-key missing
	error_is "cannot read a key from 'missing': No such file"
	: >empty
	t 2 add alice --preshared-key empty
	error_is "empty: empty"
	t 2 add alice --preshared-key /etc/passwd
	error_is "/etc/passwd: (not a key file|malformed)"
	t 1 add alice --preshared-key /
	error_is "cannot read a key from '/'"
	t 6 show alice
}
