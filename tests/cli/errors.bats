# SPDX-License-Identifier: ISC
# Goal: each thing that goes wrong has its exit code and one line that says what,
# where and what to do, and leaves the register as it was.
load common

# table LINES: "EXIT | COMMAND | PATTERN", each run on a register that must not change
table() {
	local before want line pattern bad=0
	before=$(everything)
	[ -n "$before" ]
	while IFS='|' read -r want line pattern; do
		want=${want// /} pattern=${pattern# }
		[ -n "$want" ] || continue
		eval "set -- $line"
		run --separate-stderr "$PEERAGE" "$@" </dev/null
		if [ "$status" != "$want" ] || [ -n "$output" ] || ! error_is "$pattern" ||
			[ "$(everything)" != "$before" ]
		then
			echo "peerage$line: exit $status, wanted $want; stdout '$output'; stderr '$stderr'"
			bad=1
		fi
	done
	return $bad
}

fill() {
	init
	key=$(p genkey | p pubkey)
	p -q add alice --routes 192.168.5.0/24 --tag t >/dev/null
	p -q add keyed --public-key "$key" >/dev/null
	p -q add gone >/dev/null
	gone=$(p -j show gone | jq -r .peer.public_key)
	p -qy revoke gone
	own=$(p -j configure | jq -r .settings.public_key)
}

@test "names" {
	fill
	table <<-'E'
	2 | add ''                        | name
	2 | add ' x'                      | name
	2 | add 'a b'                     | name
	2 | add a/b                       | name
	2 | add .hidden                   | name
	2 | add -- -x                     | name
	2 | add $'a\nb'                   | name
	2 | add $'a\x1b[31m'              | name
	2 | add $'a\xff'                  | name
	2 | add $'a\u202eb'               | name
	2 | add $'a\u200bb'               | name
	2 | add $'e\u0301'                | name
	2 | add $(printf 'x%.0s' {1..65}) | 64
	2 | add bob bob                   | bob
	3 | add alice                     | alice
	2 | rename alice 'a b'            | name
	3 | rename alice keyed            | keyed
	6 | rename nobody bob             | nobody
	E
}

@test "keys" {
	fill
	table <<-E
	2 | add bob --public-key x                            | public-key
	2 | add bob --public-key ''                           | public-key
	2 | add bob --public-key ${key%?}                     | public-key
	2 | add bob --public-key '${key:0:42}/='              | public-key
	2 | add bob --public-key AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= | .
	3 | add bob --public-key $key                         | keyed
	3 | add bob --public-key $gone                        | revoked
	3 | add bob --public-key $own                         | .
	1 | add bob --preshared-key missing                   | missing
	2 | add bob --preshared-key /dev/null                 | empty
	2 | set alice --preshared-key $key                    | not taken from the command line
	E
}

@test "addresses and routes" {
	fill
	table <<-'E'
	2 | add bob --address x                 | address
	2 | add bob --address 10.7.0.300        | address
	2 | add bob --address 010.7.0.9         | address
	2 | add bob --address 10.7.0.9,10.7.0.9 | address
	2 | add bob --address ''                | address
	3 | add bob --address 10.7.0.2          | alice
	3 | add bob --address 10.7.0.1          | 10.7.0.1
	2 | add bob --routes 192.168.6.1/24     | routes
	2 | add bob --routes 192.168.6.0/33     | routes
	2 | add bob --routes fe80::/129         | routes
	3 | add bob --routes 192.168.5.0/24     | alice
	2 | add bob --routes 192.168.6.0/24,    | routes
	3 | add bob carol --routes 192.168.9.0/24 | 192.168.9.0/24
	2 | add bob --peer-endpoint example.com:1 | peer-endpoint
	2 | add bob --peer-endpoint 192.0.2.1   | peer-endpoint
	2 | add bob --peer-endpoint 192.0.2.1:0 | peer-endpoint
	2 | add bob --peer-endpoint 192.0.2.1:65536 | peer-endpoint
	3 | set keyed --address 10.7.0.2        | alice
	2 | init wg1 --endpoint 192.0.2.1 --address 10.8.0.1 | address
	2 | init wg1 --endpoint 192.0.2.1 --address 10.8.0.1/24 --address 10.8.0.2/16 | .
	2 | init wg1 --endpoint vpn:port        | endpoint
	2 | init wg1 --endpoint '[::1'          | endpoint
	2 | init wg1 --endpoint ''              | endpoint
	E
}

@test "numbers, moments, sizes and the like" {
	fill
	table <<-'E'
	2 | add bob --mtu 575              | mtu
	2 | add bob --mtu 65536            | mtu
	2 | add bob --mtu 1e3              | mtu
	2 | add bob --keepalive -1         | keepalive
	2 | add bob --keepalive 65536      | keepalive
	2 | add bob --client-keepalive x   | client-keepalive
	2 | add bob --expires yesterday    | expires
	2 | add bob --expires 2027-02-30   | expires
	2 | add bob --expires 30           | expires
	2 | add bob --quota lots           | quota
	2 | add bob --quota 1G/year        | quota
	2 | add bob --quota -1G            | quota
	2 | add bob --tag 'a b'            | tag
	2 | add bob --note $'two\nlines'   | note
	2 | add bob --note $(printf 'x%.0s' {1..1025}) | note
	2 | add bob --dns example.com      | dns
	2 | add bob --client-allowed-ips x | client-allowed-ips
	2 | set alice --untag ''           | untag
	2 | revoke -y alice --hold soon    | hold
	2 | enable alice --expires x       | expires
	2 | configure listen-port 0        | listen-port
	2 | configure listen-port 65536    | listen-port
	2 | configure mtu 10               | mtu
	2 | configure nat 'no/such'        | nat
	2 | configure isolate maybe        | isolate
	2 | configure address 10.7.0.1     | address
	E
}

@test "who is not there, and what is taken" {
	fill
	table <<-'E'
	6 | show nobody            | nobody
	6 | disable nobody         | nobody
	6 | enable nobody          | nobody
	6 | revoke -y nobody       | nobody
	6 | set nobody --note x    | nobody
	6 | export nobody          | nobody
	6 | qr nobody              | nobody
	6 | status nobody          | nobody
	6 | -i wg9 list            | wg9
	6 | -i wg9 add bob         | wg9
	6 | -i wg9 up              | wg9
	6 | interfaces remove wg9  | wg9
	6 | disable alice nobody   | nobody
	3 | enable gone            | revoked
	3 | init wg0 --endpoint 192.0.2.1 | wg0
	3 | export gone            | revoked
	2 | -i a/b list            | a/b
	2 | -i this-name-is-too-long list | .
	2 | -i '' list             | interface name
	2 | list --sort z          | sort
	E
}

@test "a full pool" {
	p -q init wg0 --endpoint 192.0.2.1 --address 10.7.0.1/30 >/dev/null
	p -q add alice >/dev/null
	table <<-'E'
	1 | add bob       | 10.7.0.0/30|full|address
	1 | add bob carol | .
	E
}

@test "a register that cannot be had" {
	fill
	cp -r register kept
	t 6 --register "$PWD/missing.db" list
	error_is "missing.db"
	t 6 --register "$PWD/missing.db" add bob
	[ ! -e missing.db ]
	printf 'not a database, not at all, but long enough to be read as one, or so one thinks' \
		>broken.db
	t 1 -j --register "$PWD/broken.db" list
	j '.error.reason == "corrupt"'
	error_is broken.db
	cp kept/register.db newer.db
	sqlite3 newer.db 'PRAGMA user_version = 1000'
	before=$(sha256sum newer.db)
	t 1 -j --register "$PWD/newer.db" add bob
	j '.error.reason == "unsupported"'
	error_is "newer"
	[ "$(sha256sum newer.db)" = "$before" ]
	ln -s kept/register.db link.db
	run --separate-stderr "$PEERAGE" --register "$PWD/link.db" list
	[ "$status" != 0 ]
	error_is link.db
	t 1 --register "$PWD" list
	error_is .
}

@test "a register that somebody else holds: waited for, then exit 1" {
	fill
	mkfifo go
	# holds a write transaction for as long as the pipe is open
	{ echo 'BEGIN IMMEDIATE; SELECT 1;'; cat go; } | sqlite3 "$PEERAGE_REGISTER" >held &
	for _ in $(seq 100); do
		[ -s held ] && break
		sleep 0.05
	done
	[ -s held ]
	t 1 -j --wait 1s add bob
	j '.error.reason == "busy"'
	error_is .
	t 0 list
	echo 'ROLLBACK;' >go
	wait
	t 0 -q add bob
}

@test "no permission" {
	[ "$(id -u)" = 0 ] && command -v setpriv >/dev/null || skip "needs root to become somebody"
	fill
	chmod 711 "$BATS_TEST_TMPDIR"
	cp "$PEERAGE" "$BATS_TEST_TMPDIR/peerage" 2>/dev/null
	setpriv --reuid 65534 --regid 65534 --clear-groups test -x "$PEERAGE" ||
		skip "nobody may not run $PEERAGE"
	run -7 --separate-stderr setpriv --reuid 65534 --regid 65534 --clear-groups "$PEERAGE" list
	error_is .
	run -7 --separate-stderr setpriv --reuid 65534 --regid 65534 --clear-groups "$PEERAGE" add bob
	error_is .
}
