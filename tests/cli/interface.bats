# SPDX-License-Identifier: ISC
# Goal: an interface is registered, looked at, changed and taken out.
load common

@test "init decides what it was not told, and says so" {
	t 0 init --endpoint vpn.example.com
	[[ $output == *"wg0"* && $output == *"vpn.example.com:51820"* && $output == *"51820"* ]]
	[[ $output == *"9.9.9.9, 2620:fe::fe"* && $output == *"0.0.0.0/0, ::/0"* ]]
	[[ $stderr == *"peerage add NAME"* ]]
}

@test "an init that fails leaves no register, and no directory" {
	mkdir scratch
	export TMPDIR=$PWD/scratch PEERAGE_REGISTER=$PWD/a/b/register.db
	t 2 init --endpoint 192.0.2.1 --address 10.8.0.1/24 --address 10.8.0.2/16
	error_is overlap
	t 2 init --endpoint 'no/such'
	error_is endpoint
	t 2 init --endpoint 192.0.2.1 --private-key /dev/null
	error_is empty
	TMPDIR=$PWD/missing t 1 init --endpoint 192.0.2.1
	error_is "cannot make a directory in '.*/missing' to try this out"
	if unshare -n true 2>/dev/null; then
		run -2 --separate-stderr unshare -n "$PEERAGE" init
		error_is "no default route"
	fi
	[ ! -e a ]
	[ -z "$(ls -A scratch)" ]
	t 0 -q init --endpoint 192.0.2.1
	[ -e a/b/register.db ]
	[ -z "$(ls -A scratch)" ]
	t 3 init --endpoint 192.0.2.1
	[ "$(p -j interfaces | jq -r '.interfaces[].name')" = wg0 ]
}

@test "what init has just made is as old as now, and a time is rounded" {
	t 0 init --endpoint 192.0.2.1
	[[ $output =~ created\ +[0-9TZ:-]+\ \(now\) ]]
	p -q add alice --expires 7d >/dev/null
	t 0 list
	[[ $output == *"in 7 d"* ]]
	t 0 show alice
	[[ $output == *"(in 7 d)"* ]]
	p -q set alice --expires 1y
	t 0 list
	[[ $output =~ \ 20[0-9][0-9]-[0-9][0-9]-[0-9][0-9]\  ]]
}

@test "init takes every setting" {
	t 0 -j init office --endpoint vpn.example.com:443 --address 10.9.0.1/16 \
		--address fd09::1/64 --listen-port 443 --dns 10.9.0.1,fd09::1 \
		--client-allowed-ips 10.0.0.0/8,fd00::/8 --mtu 1380 --client-keepalive 20 \
		--nat none --isolate --no-up
	j '.settings | .name == "office" and .endpoint == "vpn.example.com:443"
		and .addresses == ["10.9.0.1/16","fd09::1/64"] and .listen_port == 443
		and .dns == ["10.9.0.1","fd09::1"] and .client_allowed_ips == ["10.0.0.0/8","fd00::/8"]
		and .mtu == 1380 and .client_keepalive == 20 and .nat == "none" and .isolate'
}

@test "settings of upkeep: shown, changed, cleared, and carried by a document" {
	init
	t 0 -j configure
	j '.settings | .stale_after == 2592000 and .scrub_idle == 600 and .rotate_after == null'
	t 0 configure stale-after 12h scrub-idle none rotate-after 1y
	[[ $output =~ stale-after\ +12h && $output =~ scrub-idle\ +- && $output =~ rotate-after\ +365d ]]
	t 0 -j log
	j '.entries[-1].fields | .stale_after == {"from":2592000,"to":43200}
		and .scrub_idle == {"from":600,"to":null}'
	t 0 dump
	[[ $output == *"# StaleAfter = 12h"*"# ScrubIdle = none"*"# RotateAfter = 365d"* ]]
	printf '%s\n' "$output" >d.conf
	p -q configure stale-after none scrub-idle 3m
	t 0 apply d.conf
	t 0 -j configure
	j '.settings | .stale_after == 43200 and .scrub_idle == null and .rotate_after == 31536000'
	t 2 configure scrub-idle 2m
	error_is "scrub-idle: '2m' is too short: at least 180s, or none"
	t 2 configure stale-after 0s
	error_is "stale-after: '0s' is too short"
}

@test "init again, or under two names, is refused" {
	init
	t 3 init wg0 --endpoint 192.0.2.1
	error_is wg0
	t 2 -i wg1 init wg2 --endpoint 192.0.2.1
	error_is "two interfaces are named: 'wg1' and 'wg2'"
	t 0 -q -i wg1 init --endpoint 192.0.2.1 --listen-port 51821
	t 0 -q -i wg2 init wg2 --endpoint 192.0.2.1 --listen-port 51822
	t 0 -j interfaces
	j '[.interfaces[].name] == ["wg0","wg1","wg2"]'
}

@test "a dry run of init leaves nothing behind" {
	mkdir scratch
	TMPDIR=$PWD/scratch t 0 -n -j init --endpoint 192.0.2.1
	j '.interface == "wg0" and .applied == false and .changes[0].action == "configure"'
	[ ! -e register ]
	[ -z "$(ls -A scratch)" ]
	TMPDIR=$PWD/missing t 1 -n init --endpoint 192.0.2.1
	error_is "cannot make a directory in '.*/missing' to try this out"
	init
	t 3 -n init --endpoint 192.0.2.1
	t 0 -n -j init wg1 --endpoint 192.0.2.1 --listen-port 51821
	t 0 -j interfaces
	j '[.interfaces[].name] == ["wg0"]'
}

@test "configure shows, and changes in pairs" {
	init
	t 0 configure
	[[ $output == *"listen-port"*"51820"* ]]
	t 0 -j configure endpoint vpn.example.com:51821 dns none isolate yes mtu 1400
	j '.settings | .endpoint == "vpn.example.com:51821" and .dns == [] and .isolate and .mtu == 1400'
	t 0 -j configure
	j '.settings | .endpoint == "vpn.example.com:51821" and .dns == [] and .isolate and .mtu == 1400'
	t 0 -j configure isolate no mtu none
	j '.settings | (.isolate | not) and .mtu == null'
}

@test "configure says how many configs are void after it" {
	init
	p -q add alice bob >/dev/null
	t 0 configure endpoint 192.0.2.9
	[[ $stderr == *"2 peers"* ]]
	t 0 -j list
	j '[.peers[].config_stale] == [true, true]'
}

@test "configure -n changes nothing" {
	init
	before=$(everything)
	t 0 -n -j configure mtu 1300
	j '.changes | length == 1'
	j '.changes[0].fields.mtu.to == 1300'
	[ "$(everything)" = "$before" ]
}

@test "configure refuses what it does not know" {
	init
	t 2 configure mtuu 1300
	error_is "'mtuu' is not a setting; did you mean 'mtu'\?"
	t 2 configure mtu
	error_is "mtu needs a value"
	t 2 configure mtu 1300 mtu 1400
	error_is "mtu is given twice"
	t 2 configure no-up yes
	error_is "'no-up' is not a setting"
	t 2 configure isolate perhaps
	error_is "^peerage: isolate: "
	t 2 configure mtu 1300 listen-port none
	error_is "^peerage: listen-port: "
	t 0 -j configure
	j '.settings.mtu == null'
}

@test "a new server key asks first" {
	init
	p genkey >key
	chmod 600 key
	before=$(everything)
	t 2 configure private-key key
	error_is "'peerage configure private-key' asks first, .*no terminal to ask on: give -y"
	[ "$(everything)" = "$before" ]
	t 0 -y -j configure private-key key
	j ".settings.public_key == \"$(p pubkey <key)\""
}

@test "interfaces remove asks, and takes everything out" {
	init
	p -q add alice >/dev/null
	t 2 interfaces remove wg0
	error_is "'peerage interfaces remove wg0' asks first, .*no terminal to ask on"
	t 2 interfaces rm wg0
	error_is "'peerage interfaces remove wg0' asks first"
	t 6 interfaces remove wg9 -y
	t 2 interfaces remove
	error_is "needs an IF"
	t 2 interfaces drop wg0
	error_is "'interfaces drop' is not known"
	t 0 -y interfaces remove wg0
	t 0 -j interfaces
	j '.interfaces == []'
	t 6 -j list
	init
	t 0 -y interfaces rm wg0
	[[ $stderr == *"wg0: removed"* ]]
}

@test "the question, its no and its yes" {
	init
	before=$(everything)
	tty 24x80 interfaces remove wg0 <<<n
	[ "$status" = 1 ]
	grep -q 'bring wg0 down and take it and all its peers out of the register? \[y/N\]' screen
	grep -q 'nothing was changed' screen
	[ "$(everything)" = "$before" ]
	tty 24x80 interfaces remove wg0 <<<y
	[ "$status" = 0 ]
	t 0 -j interfaces
	j '.interfaces == []'
}

@test "no register, no interface, several interfaces" {
	t 6 list
	error_is .
	init
	t 6 -i wg9 list
	error_is wg9
	p -q init wg1 --endpoint 192.0.2.1 --listen-port 51821 >/dev/null
	t 2 list
	error_is "wg0.*wg1"
}

@test "sync, up and down with nothing to run" {
	init
	t 2 sync
	error_is "sync has nothing to do"
	t 2 sync --prune
	error_is "'peerage sync --prune' asks first, .*no terminal to ask on"
	t 0 up
	[[ $stderr == *"recorded only"* ]]
	t 0 -j interfaces
	j '.interfaces[0].wanted_up'
	t 0 down
	t 0 -j interfaces
	j '.interfaces[0].wanted_up | not'
}
