# SPDX-License-Identifier: ISC
# Goal: a server that exists is taken over: what `import` takes, prints and refuses.
load common

server=mMeO046GjF0mgCRHs+fAYJ/B6vxAa88A5MbbAejK53E=
alice=c2js13m4S6zIHNttWMEL7MQUl2qfRpWKqU8napPSHE4=
bob=d0Ivxh3z83JqYR5RNi9+CQbY2lBN3+T8ruODVKzU9wA=
psk=hFBSzDwnYt2vCEDUdfrYqc0bzWOo2JkodkYHsdRo5Ew=

# conf NAME [PORT NET]
conf() {
	(umask 077 && cat >"$1.conf") <<END
[Interface]
PrivateKey = $server
Address = 10.${3:-6}.0.1/24
ListenPort = ${2:-51820}

### Client alice
[Peer]
PublicKey = $alice
PresharedKey = $psk
AllowedIPs = 10.${3:-6}.0.2/32

### Client bob
[Peer]
PublicKey = $bob
AllowedIPs = 10.${3:-6}.0.3/32,192.168.7.0/24
PersistentKeepalive = 25
Endpoint = 198.51.100.7:51820
END
}
i() { t "$1" "${@:2}" --endpoint 192.0.2.1; }

@test "a config becomes an interface and its peers" {
	conf wg7
	i 0 import wg7.conf
	[[ $output == *alice*10.6.0.2* && $stderr == *"wg7: 2 peers imported"* ]]
	t 0 -j configure
	j '.settings | .name == "wg7" and .addresses == ["10.6.0.1/24"] and .listen_port == 51820
		and .endpoint == "192.0.2.1:51820" and .nat == "none"'
	j ".settings.public_key == \"$("$PEERAGE" pubkey <<<$server)\""
	t 0 -j list
	j "[.peers[] | [.name, .public_key, .state]] ==
		[[\"alice\",\"$alice\",\"active\"],[\"bob\",\"$bob\",\"active\"]]"
	j '.peers[0].has_preshared_key and (.peers[1].has_preshared_key | not)
		and .peers[1].routes == ["192.168.7.0/24"] and .peers[1].keepalive == 25
		and .peers[1].peer_endpoint == "198.51.100.7:51820"
		and ([.peers[].config_stale] | any | not)'
	t 0 export alice
	[[ $output == *"# PrivateKey ="* && $output == *"PresharedKey = $psk"* ]]
	[[ $output == *"Address = 10.6.0.2/32"* ]]
	t 0 -j add carol
	j '.peers[0].addresses == ["10.6.0.4"]'
}

@test "-j is one document, without a secret" {
	conf wg0
	printf 'PostUp = wg set %%i private-key %s\n' "$server" | sed -i '/^ListenPort/r /dev/stdin' wg0.conf
	i 0 -j import wg0.conf
	j '.interface == "wg0" and .adopted == false and .applied == false and .left_over == []
		and [.peers[].name] == ["alice","bob"]
		and .not_carried_over == [{"line":5,"what":"PostUp"}]'
	no grep -qF -e "$psk" -e "$server" <<<"$output$stderr"
	[[ $stderr == *"wg0.conf: line 5: PostUp: not carried over"* ]]
}

@test "-n leaves nothing behind" {
	mkdir scratch
	conf wg0
	TMPDIR=$PWD/scratch i 0 -n -j import wg0.conf
	j '.interface == "wg0" and (.peers | length) == 2 and .applied == false'
	[[ $stderr == *"wg0: 2 peers would be imported"* ]]
	[ ! -e register ]
	[ -z "$(ls -A scratch)" ]
	init
	before=$(everything)
	conf wg1 51821
	i 0 -n import wg1.conf
	[ "$(everything)" = "$before" ]
}

@test "several files are all imported, or none" {
	conf wg0
	conf wg1 51821 7
	conf bad 51822 8
	echo 'AllowedIPs = 10.8.0.x' >>bad.conf
	i 2 import wg0.conf bad.conf wg1.conf
	error_is '^peerage: bad.conf: line 18, column 14: not an IP prefix'
	[ ! -e register ]
	conf wg2 51820 9
	i 3 import wg0.conf wg2.conf
	error_is 'wg0.conf and wg2.conf have one listen port, 51820'
	conf wg2 51823 6
	i 3 import wg0.conf wg2.conf
	error_is 'the addresses of wg0.conf and wg2.conf overlap'
	mkdir other && cp wg0.conf other
	i 2 import wg0.conf other/wg0.conf
	error_is 'wg0.conf and other/wg0.conf are of one interface, wg0'
	[ ! -e register ]
	init --listen-port 51821
	before=$(everything)
	i 3 import wg1.conf wg2.conf
	error_is "listen port 51821 is wg0's"
	[ "$(everything)" = "$before" ]
	t 0 -y interfaces remove wg0
	i 0 -j import wg0.conf wg1.conf
	j '[.imports[] | [.interface, (.peers | length)]] == [["wg0",2],["wg1",2]]'
	t 0 -j interfaces
	j '[.interfaces[].name] == ["wg0","wg1"]'
}

@test "-t has one list, whatever the number of files" {
	conf wg0
	conf wg1 51821 7
	i 0 -q -t import wg0.conf wg1.conf
	[ "$(cut -f1,2 <<<"$output")" = "$(printf '%s\t%s\n' interface name wg0 alice wg0 bob wg1 alice \
		wg1 bob)" ]
}

@test "the interface's name: the file's, or -i" {
	conf wg0
	i 0 -q -i office import wg0.conf
	t 0 -j interfaces
	j '[.interfaces[].name] == ["office"]'
	mv wg0.conf server.txt
	i 2 import server.txt
	error_is 'server.txt: not a NAME.conf that names its interface: give -i IF'
	cp server.txt a-name-that-is-too-long.conf
	i 2 import a-name-that-is-too-long.conf
	error_is 'at most 15 characters'
	cp server.txt 'w g.conf'
	i 2 import 'w g.conf'
	error_is "malformed interface name 'w g'"
	conf wg1
	i 2 -i wg1 import wg1.conf server.txt
	error_is '^peerage: --interface is for one interface, and 2 files are given'
	PEERAGE_INTERFACE=wg9 i 3 import wg1.conf
	error_is "listen port 51820 is office's"
}

@test "from standard input" {
	conf wg0
	run -0 --separate-stderr "$PEERAGE" -i wg0 import - --endpoint 192.0.2.1 <wg0.conf
	t 0 -j list
	j '[.peers[].name] == ["alice","bob"]'
	run -2 --separate-stderr "$PEERAGE" import - --endpoint 192.0.2.1 <wg0.conf
	error_is 'standard input: not a NAME.conf'
}

@test "what is given goes before what is in the file" {
	conf wg0
	i 0 -q import wg0.conf --address 10.6.0.1/16 --dns none --nat eth7 --isolate \
		--client-keepalive 15 --client-allowed-ips 10.0.0.0/8
	t 0 -j configure
	j '.settings | .addresses == ["10.6.0.1/16"] and .dns == [] and .nat == "eth7" and .isolate
		and .client_keepalive == 15 and .client_allowed_ips == ["10.0.0.0/8"]'
}

@test "nat is auto where a hook masquerades, and it says so" {
	conf wg0
	sed -i '4a PostUp = iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE' wg0.conf
	i 0 import wg0.conf
	[[ $stderr == *"its hooks masquerade, so nat is auto"* ]]
	t 0 -j configure
	j '.settings.nat == "auto"'
	t 0 -y interfaces remove wg0
	i 0 import wg0.conf --nat none
	[[ $stderr != *"nat is"* ]]
	t 0 -j configure
	j '.settings.nat == "none"'
}

@test "a config without a private key, or an address" {
	conf wg0
	sed -i '/^PrivateKey/d' wg0.conf
	i 2 import wg0.conf
	error_is 'wg0.conf: there is no PrivateKey: give the file that holds it with --private-key'
	(umask 077 && echo $server >key && "$PEERAGE" genkey >other)
	i 0 -q import wg0.conf --private-key key
	t 0 -y interfaces remove wg0
	conf wg0
	i 2 import wg0.conf --private-key other
	error_is 'wg0.conf has a private key already, and not the one that is given'
	sed -i '/^Address/d' wg0.conf
	i 2 import wg0.conf
	error_is 'wg0.conf: the interface has no Address: give one with --address CIDR'
	i 0 -q import wg0.conf --address 10.6.0.1/24
}

@test "what the register cannot hold is refused, with its line" {
	conf wg0
	sed -i 's,192.168.7.0/24,10.6.0.0/25,' wg0.conf
	i 3 import wg0.conf
	error_is "wg0.conf: line 13: peer bob: 10.6.0.0/25 covers the interface's own address"
	sed -i 's,10.6.0.0/25,10.6.0.255/32,' wg0.conf
	i 3 import wg0.conf
	error_is "wg0.conf: line 13: peer bob: 10.6.0.255/32 is the network or broadcast address"
	conf wg0
	sed -i 's,10.6.0.1/24,0.0.0.0/0,' wg0.conf
	i 2 import wg0.conf
	error_is 'a pool cannot be everything'
	[ ! -e register ]
}

@test "a key that was revoked does not come back" {
	conf wg0
	i 0 -q import wg0.conf
	t 0 -y -q revoke alice
	t 0 -y -q interfaces remove wg0
	i 3 import wg0.conf
	error_is 'wg0.conf: line 7: peer alice: the key of peer alice was revoked'
	t 0 -j interfaces
	j '.interfaces == []'
}

@test "an interface of the register is not imported again" {
	conf wg0
	i 0 -q import wg0.conf
	before=$(everything)
	i 3 import wg0.conf
	error_is 'interface wg0 is in the register already'
	[ "$(everything)" = "$before" ]
}

@test "words and options that do not fit" {
	conf wg0
	t 2 import
	error_is "'peerage import' needs a FILE, or --live for what runs"
	t 2 import --live wg0.conf
	error_is 'give a FILE or --live, not both; the interface that --live takes over is -i NAME'
	i 2 import --live
	error_is 'cannot be read with backend none'
	conf wg1 51821 7
	i 2 import wg0.conf wg1.conf --address 10.1.0.1/24
	error_is '^peerage: --address is for one interface'
	i 2 import wg0.conf wg1.conf --private-key wg0.conf
	error_is '^peerage: --private-key is for one interface'
	i 1 import missing.conf
	error_is "cannot read 'missing.conf'"
	mkdir dir.conf
	i 1 import dir.conf
	error_is .
	(umask 077 && head -c 40000000 /dev/zero >big.conf)
	i 2 import big.conf
	error_is 'big.conf: a config of 40000000 bytes: at most'
	truncate -s 300M big.conf
	i 2 import big.conf
	error_is 'big.conf: more than 256 MiB'
	(umask 077 && printf '\xff\xfe[\0' >wg7.conf)
	i 2 import wg7.conf
	error_is 'wg7.conf: line 1, column 1: this is UTF-16: save it as UTF-8'
	if unshare -n true 2>/dev/null; then
		run -2 --separate-stderr unshare -n "$PEERAGE" -q import wg0.conf
		error_is "no default route"
	fi
	[ ! -e register ]
}

@test "a file that others may read is remarked on" {
	conf wg0
	chmod 644 wg0.conf
	i 0 import wg0.conf
	[[ $stderr == *"wg0.conf: others than its owner may read the keys in it: chmod 600 it"* ]]
}

@test "no value of a setting is repeated, whatever it is" {
	conf wg0
	printf '%s\n' "MyKey = $psk" "$psk" "PostDown = echo $psk" | sed -i '/^ListenPort/r /dev/stdin' wg0.conf
	i 0 import wg0.conf
	[[ $stderr == *"line 5: MyKey: not"*"line 6: an unknown setting: not"*"line 7: PostDown: not"* ]]
	no grep -qF "${psk:0:20}" <<<"$output$stderr"
}

@test "the chain has an entry for the interface and one for each peer" {
	conf wg0
	i 0 -q import wg0.conf
	run -0 sqlite3 "$PEERAGE_REGISTER" "SELECT verb, count(*) FROM audit WHERE interface IS NOT NULL GROUP BY verb"
	[ "$output" = "import|3" ]
}
