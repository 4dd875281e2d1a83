# SPDX-License-Identifier: ISC
# Goal: the life of a peer in the register, from add to revoke.
load common

names() { jq -r '[.peers[].name] | join(" ")' <<<"$output"; }

@test "add, disable, enable, rename, set, revoke" {
	init
	p -q add alice >/dev/null
	key=$(p -j show alice | jq -r .peer.public_key)
	t 0 disable alice
	[[ $stderr == *"alice: disabled"* ]]
	t 0 disable alice
	[[ $stderr == *"alice: was disabled already"* ]]
	t 0 -j show alice
	j '.peer.state == "disabled"'
	t 0 -j enable alice
	j '.peers[0].state == "active" and .peers[0].outcome == "changed"'
	t 0 rename alice alicia
	[[ $stderr == *"alicia: was alice"* ]]
	t 0 -j show alicia
	j ".peer.public_key == \"$key\""
	t 0 -j set alicia --note hello --tag x --tag y --keepalive 20
	j '.peers[0] | .note == "hello" and .tags == ["x","y"] and .keepalive == 20'
	t 0 -j set alicia --untag x --note none --keepalive none
	j '.peers[0] | .note == null and .tags == ["y"] and .keepalive == 0'
	t 0 -j set alicia --tag y
	j '.peers[0].outcome == "unchanged"'
	t 0 -y revoke alicia
	[[ $stderr == *"alicia: revoked"* ]]
	t 0 -y revoke alicia
	[[ $stderr == *"alicia: was revoked already"* ]]
	t 3 add again --public-key "$key"
	error_is .
	t 3 enable alicia
}

@test "revoke asks on a terminal, and names whom" {
	init
	p -q add alice bob >/dev/null
	t 2 revoke alice
	error_is "no terminal to ask on: give -y"
	tty 24x80 revoke alice bob <<<n
	[ "$status" = 1 ]
	grep -q 'cut off for good: alice bob? \[y/N\]' screen
	t 0 -j list
	[ "$(names)" = "alice bob" ]
	tty 24x80 revoke alice bob <<<yes
	[ "$status" = 0 ]
	t 0 -j list
	j '.peers == []'
	tty 24x80 revoke nobody </dev/null
	[ "$status" = 6 ]
	no grep -q 'y/N' screen
}

@test "several at once: all or nothing" {
	init
	p -q add bob >/dev/null
	t 3 add alice bob carol
	error_is bob
	t 0 -j list
	[ "$(names)" = bob ]
	t 6 disable bob nobody
	t 0 -j show bob
	j '.peer.state == "active"'
	t 2 add dave dave
	error_is "dave"
}

@test "--if-absent leaves what is there, and prints no config for it" {
	init
	p -q add alice >/dev/null
	before=$(p -j show alice)
	t 0 add alice --if-absent
	[ -z "$output" ]
	[[ $stderr == *"alice: is there already, and left as it is"* ]]
	t 0 -q add alice bob --if-absent
	[[ $output == "[Interface]"* ]]
	[ "$(grep -c PrivateKey <<<"$output")" = 1 ]
	t 0 -j add alice carol --if-absent
	j '.peers[0] | .outcome == "unchanged" and .private_key == null and .config == null'
	j '.peers[1] | .outcome == "created" and .private_key != null'
	[ "$(p -j show alice)" = "$before" ]
	t 0 add alice --if-absent --output alice.conf
	[ ! -e alice.conf ]
	[ "$(find . -maxdepth 1 -name '.peerage-*')" = "" ]
}

@test "options that are one peer's are refused for several" {
	init
	key=$(p genkey | p pubkey)
	t 2 add a b --address 10.7.0.9
	error_is "--address is for one peer, and 2 are named"
	t 2 add a b --public-key "$key"
	error_is "--public-key is for one peer"
	t 2 add a b --output x.conf
	error_is "--output is for one peer"
	t 2 set a b --address 10.7.0.9
	error_is "--address is for one peer"
	t 2 add a b --format png
	error_is "--format png is for one peer"
}

@test "--address is given once with commas, or again" {
	init
	t 0 -j add alice --address 10.7.0.9 --address fd07::99
	j '.peers[0].addresses == ["10.7.0.9","fd07::99"]'
	t 0 -j add bob --address 10.7.0.10,fd07::10
	j '.peers[0].addresses == ["10.7.0.10","fd07::10"]'
	t 3 add carol --address 10.7.0.9
	error_is alice
}

@test "set needs something to set" {
	init
	p -q add alice >/dev/null
	t 2 set alice
	error_is "nothing to set"
}

@test "set gives a new preshared key, or takes it away" {
	init
	old=$(p -q -j add alice | jq -r '.peers[0].preshared_key')
	t 0 -j set alice --preshared-key new
	j '.peers[0].has_preshared_key'
	new=$(p -q -j export alice | jq -r '.peers[0].preshared_key')
	[ "${#new}" = 44 ]
	[ "$new" != "$old" ]
	t 0 -j set alice --preshared-key none
	j '.peers[0].has_preshared_key | not'
	[ "$(p -q -j export alice | jq -r '.peers[0].preshared_key')" = null ]
	umask 077
	p genpsk >psk
	t 0 set alice --preshared-key psk
	[ "$(p -q -j export alice | jq -r '.peers[0].preshared_key')" = "$(cat psk)" ]
}

@test "list filters by pattern, state and tag" {
	init
	p -q add alice albert --tag staff --tag red >/dev/null
	p -q add bob --tag staff >/dev/null
	p -q disable bob
	p -q add gone >/dev/null
	p -qy revoke gone
	t 0 -j list
	[ "$(names)" = "alice albert bob" ]
	t 0 -j list 'al*'
	[ "$(names)" = "alice albert" ]
	t 0 -j list '?ob'
	[ "$(names)" = bob ]
	t 0 -j list --state active
	[ "$(names)" = "alice albert" ]
	t 0 -j list --state disabled
	[ "$(names)" = bob ]
	t 0 -j list --state revoked
	[ "$(names)" = gone ]
	t 0 -j list --state all
	[ "$(names)" = "alice albert bob gone" ]
	t 0 -j list --tag staff --tag red
	[ "$(names)" = "alice albert" ]
	t 0 -j list 'b*' --tag staff
	[ "$(names)" = bob ]
	t 0 -j list nothing
	j '.peers == []'
	t 2 list --state off
	error_is "give active, disabled, expired, revoked or all"
}

@test "list --stale-config: those that need a new config" {
	init
	p -q add alice bob carol >/dev/null
	t 0 -j list --stale-config
	j '.peers == []'
	p -q configure endpoint 192.0.2.9 >/dev/null
	p -q add dave >/dev/null
	p -q disable carol
	p -qy revoke bob
	t 0 -j list --stale-config
	[ "$(names)" = "alice carol" ]
	t 0 -j list --stale-config --state disabled
	[ "$(names)" = carol ]
	t 0 -j list 'd*' --stale-config
	j '.peers == []'
	t 2 list --stale-config=yes
	error_is "takes no value"
}

@test "list sorts" {
	init
	p -q add zoe --expires 3d >/dev/null
	p -q add amy --address 10.7.0.200,fd07::5 >/dev/null
	p -q add mia --address 10.7.0.100,fd07::6 --expires 1d >/dev/null
	p -q disable zoe
	t 0 -j list
	[ "$(names)" = "zoe amy mia" ]
	t 0 -j list --sort created
	[ "$(names)" = "zoe amy mia" ]
	t 0 -j list --sort name
	[ "$(names)" = "amy mia zoe" ]
	t 0 -j list --sort expires
	[ "$(names)" = "mia zoe amy" ]
	t 0 -j list --sort state
	[ "$(names)" = "amy mia zoe" ]
	t 0 -j list --sort address
	[ "$(names)" = "zoe mia amy" ]
	t 2 list --sort size
	error_is "give created, name, expires, state or address"
}

# the screen without colours
plain() { tr -d '\r' <screen | sed 's/\x1b\[[0-9;]*m//g'; }

@test "tables fit 80 columns: names and addresses whole, notes and tags cut with a mark" {
	p -q init wg0 --endpoint vpn.example.com --address 10.200.233.1/24 \
		--address fd2d:fcb3:4c22::1/64 >/dev/null
	note=$(printf 'wörd %.0s' {1..60})
	p -q add accounting-laptop --note "$note" --tag one --tag two --expires 30d >/dev/null
	p -q add 山田 --note "日本語のノートはとても長いので切られるべきです" >/dev/null
	p -q add bob --note short >/dev/null
	tty 24x80 list
	[ "$status" = 0 ]
	[ "$(width <screen)" -le 80 ]
	plain | grep -qE '^NAME +STATE +ADDRESSES +EXPIRES +TAGS +NOTE$'
	plain | grep -qE '^accounting-laptop  active  10\.200\.233\.2, .*  one, two  wörd.*…$'
	plain | grep -qE '^ +fd2d:fcb3:4c22::2 *$'
	plain | grep -qE '^山田 +active .*日本.*…$'
	plain | grep -qE '^bob +active .* short$'
	# every column as it is, where there is room
	tty 24x400 list
	plain | grep -qF "10.200.233.2, fd2d:fcb3:4c22::2"
	plain | grep -qF "$note"
	no grep -q … screen
	tty 24x80 interfaces
	[ "$(width <screen)" -le 80 ]
	plain | grep -qE '^wg0 +vpn\.example\.com:51820 +51820 +10\.200\.233\.1/24, +no +auto$'
	plain | grep -qE '^ +fd2d:fcb3:4c22::1/64 *$'
	tty 24x80 status
	[ "$(width <screen)" -le 80 ]
}

@test "a table that cannot fit is not cut but for notes and tags" {
	init
	long=a-name-that-is-rather-long-but-allowed-as-it-has-under-64-bytes
	p -q add "$long" --note "$(printf 'word %.0s' {1..60})" --tag one --tag two >/dev/null
	for size in 24x80 24x40 24x20 24x1; do
		tty $size list
		[ "$status" = 0 ]
		plain | grep -qF "$long  active  10.7.0.2"
		plain | grep -qE '10\.7\.0\.2,? .*…  …$'
		plain | grep -qF "fd07::2"
		tty $size status
		plain | grep -qF "$long "
	done
}

@test "nothing is cut where there is no terminal" {
	init
	long=a-name-that-is-rather-long-but-allowed-as-it-has-under-64-bytes
	note=$(printf 'word %.0s' {1..60})
	p -q add "$long" --note "$note" --tag one --tag two >/dev/null
	COLUMNS=20 t 0 list
	[ "${#lines[@]}" = 2 ]
	[[ ${lines[1]} == "$long  active  10.7.0.2, fd07::2  -        one, two  ${note% }"* ]]
	COLUMNS=20 t 0 -n set "$long" --note x --tag three
	[ "${#lines[@]}" = 2 ]
	[[ ${lines[1]} == *"${note% }"* ]]
}

@test "colour on a terminal only, and not with NO_COLOR" {
	init
	p -q add alice >/dev/null
	p -q disable alice
	tty 24x80 list
	grep -q $'\x1b' screen
	NO_COLOR=1 tty 24x80 list
	no grep -q $'\x1b' screen
	TERM=dumb tty 24x80 list
	no grep -q $'\x1b' screen
	t 0 list
	[[ $output != *$'\x1b'* ]]
	[[ $output == *disabled* ]]
}

@test "show tells all, of a revoked peer too" {
	init
	p -q add alice --note hello >/dev/null
	t 0 show alice
	[[ $output == *"note"*"hello"* && $output == *"10.7.0.2, fd07::2"* ]]
	p -qy revoke alice
	t 0 -j show alice
	j '.peer.state == "revoked" and .peer.revoked_at != null and .peer.live == null'
}

@test "enable of an expired peer needs --expires" {
	init
	p -q add alice --expires 1s >/dev/null
	expired=
	for _ in $(seq 100); do
		p -q disable alice
		run --separate-stderr "$PEERAGE" enable alice
		[ "$status" = 0 ] || { expired=yes && break; }
		sleep 0.1
	done
	[ "$expired" = yes ]
	[ "$status" = 3 ]
	error_is .
	t 0 -j enable alice --expires 1d
	j '.peers[0].state == "active"'
}

@test "-n tells in words, which wrap on a terminal" {
	init
	t 0 -n add alice
	[[ ${lines[1]} =~ ^add\ +alice\ +"allowed IPs 10.7.0.2/32, fd07::2/128; preshared key yes"$ ]]
	p -q add alice >/dev/null
	t 0 -n revoke alice
	[[ ${lines[1]} =~ ^remove\ +alice\ +"allowed IPs 10.7.0.2/32, fd07::2/128" ]]
	t 0 -n set alice --keepalive 25
	[[ ${lines[1]} =~ ^update\ +alice\ +"keepalive: was off, will be 25 s"$ ]]
	t 0 -n configure mtu 1300 client-keepalive none dns none
	[[ $output == *"MTU: was default, will be 1300"* ]]
	[[ $output == *"client keepalive: was 25 s, will be off"* ]]
	[[ $output == *"DNS: was 9.9.9.9, 2620:fe::fe, will be none"* ]]
	no grep -qE '\[|"|->|null' <<<"$output"
	t 0 -n set alice --note '"quoted" \ [a, b] null ü 日本' --tag x --tag y --quota 10GiB/month
	[[ $output == *'note: was none, will be "quoted" \ [a, b] null ü 日本'* ]]
	[[ $output == *"tags: was none, will be x, y"* && $output == *"quota: was none, will be 10 GiB"* ]]
	t 0 -n -t configure mtu 1300
	[ "${lines[1]}" = $'configure\t\t\tMTU: was default, will be 1300' ]
	tty 24x80 -q -n configure dns none client-allowed-ips 10.0.0.0/8,fd00::/8 endpoint \
		a-rather-long-name-of-a-server.example.com
	[ "$(width <screen)" -le 80 ]
	plain | tr -s ' \n' ' ' | grep -qF "client allowed IPs: was 0.0.0.0/0, ::/0, will be 10.0.0.0/8, fd00::/8"
	plain | tr -s ' \n' ' ' | grep -qF "a-rather-long-name-of-a-server.example.com:51820"
	no grep -q … screen
}

@test "-n of each changing command changes nothing" {
	init
	p -q add alice >/dev/null
	before=$(everything)
	for line in "add bob" "revoke alice" "disable alice" "rename alice bob" \
		"set alice --note x --keepalive 5" "configure mtu 1300" "interfaces remove wg0" up down
	do
		# shellcheck disable=SC2086
		t 0 -n -j $line
		j '(.changes | type) == "array" and (.left_over | type) == "array" and .applied == false'
		[ "$(everything)" = "$before" ]
	done
	t 0 -n -j revoke alice
	j '.changes[0] | .action == "remove" and .peer == "alice" and (.public_key | length) == 44'
	t 0 -n -j set alice --keepalive 5
	j '.changes[0].fields.keepalive.to == 5'
}

@test "-n of what is so already says so" {
	init
	p -q add alice >/dev/null
	p -q disable alice
	for what in "disable alice" "set alice --note none" "configure isolate no"; do
		# shellcheck disable=SC2086 # words
		t 0 -n $what
		[ -z "$output" ]
		[ "$stderr" = "wg0: nothing to change" ]
	done
	t 0 -n -j disable alice
	j '.changes == []'
	[ -z "$stderr" ]
}
