# SPDX-License-Identifier: ISC
# Goal: what was asked for goes to stdout, whole or not at all; what is said about
# it goes to stderr; scripts can take both apart.
load common

@test "add to a pipe prints the config and nothing else" {
	init
	t 0 add alice
	[ "${lines[0]}" = "[Interface]" ]
	[ "$(grep -c '^\[' <<<"$output")" = 2 ]
	[ "$(grep -vcE '^(\[(Interface|Peer)\]|[A-Za-z]+ = .+|)$' <<<"$output")" = 0 ]
	[[ $output == *"Address = 10.7.0.2/32, fd07::2/128"* ]]
}

@test "what is only recorded is remarked on, and -q is silent" {
	init
	t 0 add alice
	[[ $stderr == "recorded only: "* ]]
	t 0 -q add bob
	[ -z "$stderr" ]
	t 0 add carol --no-apply
	[[ $stderr == "recorded only: "* ]]
	t 0 add carol --if-absent
	[ "$stderr" = "carol: is there already, and left as it is" ]
	t 0 disable carol
	[[ $stderr == "recorded only: "* ]]
	t 0 disable carol
	[ "$stderr" = "carol: was disabled already" ]
	t 0 disable carol alice
	[[ $stderr == "recorded only: "* ]]
}

@test "every answer of a command with -j is one JSON document" {
	init
	t 0 -j add alice bob
	j '.interface == "wg0" and (.peers | length) == 2'
	j '.peers[0] | .name == "alice" and .outcome == "created" and (.private_key | length) == 44
		and (.preshared_key | length) == 44 and (.config | startswith("[Interface]"))'
	for line in list "list --state all" "show alice" status "status alice" "export alice" \
		"export alice bob" interfaces configure "-n add x" "-n revoke alice" \
		"configure mtu 1400" "disable alice" "disable alice" "enable alice" \
		"rename bob rob" "set alice --note n" "-y revoke rob" "-y revoke rob" \
		"-y interfaces remove wg0" interfaces "init wg0 --endpoint 192.0.2.1" up down
	do
		# shellcheck disable=SC2086
		t 0 -j $line
		j 'type == "object" and (has("error") | not)'
	done
}

@test "init -j says what it made" {
	t 0 -j init wg0 --endpoint 192.0.2.1
	j '.interface == "wg0" and .settings.listen_port == 51820 and .applied == false
		and .settings.endpoint == "192.0.2.1:51820" and (.settings.addresses | length) == 2'
	j '.settings.addresses[0] | test("^10\\.\\d+\\.\\d+\\.1/24$")'
	j '.settings.addresses[1] | test("^fd.*::1/64$")'
}

@test "a peer has every key that the contract names" {
	init
	p -q add alice --expires 30d --quota 10G/month --tag a --tag b --note hello \
		--routes 192.168.5.0/24 --keepalive 15 --client-keepalive none --dns none \
		--client-allowed-ips 10.0.0.0/8 --mtu 1300 --peer-endpoint 198.51.100.7:4500 >/dev/null
	t 0 -j show alice
	j '.peer | keys_unsorted - ["peer_endpoint","dns","mtu","revoked_at","overlap","quota_used_bytes","resumes_at"] ==
		["name","public_key","state","addresses","routes","allowed_ips","has_preshared_key",
		"keepalive","client_allowed_ips","client_keepalive","tags","note","created_at",
		"expires_at","quota_bytes","quota_period","config_stale","live"]'
	j '.peer | .state == "active" and .addresses == ["10.7.0.2","fd07::2"]
		and .routes == ["192.168.5.0/24"]
		and .allowed_ips == ["10.7.0.2/32","fd07::2/128","192.168.5.0/24"]
		and .keepalive == 15 and .client_keepalive == 0 and .has_preshared_key
		and .tags == ["a","b"] and .note == "hello" and .quota_bytes == 10000000000
		and .quota_period == "month" and .config_stale == false and .dns == [] and .mtu == 1300
		and .peer_endpoint == "198.51.100.7:4500" and .client_allowed_ips == ["10.0.0.0/8"]
		and .live == null'
	j '.peer | (.created_at, .expires_at) | test("^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ$")'
	j '(.peer.expires_at | fromdate) - (.peer.created_at | fromdate) | . > 2591940 and . < 2592060'
}

@test "an error with -j is a document on stdout and a line on stderr" {
	init
	t 6 -j show nobody
	j '.error.code == 6 and .error.reason == "not_found"'
	error_is nobody
	[ "peerage: $(jq -r .error.message <<<"$output")" = "$stderr" ]
	p -q add alice >/dev/null
	t 3 -j add alice
	j '.error.code == 3 and .error.reason == "conflict" and (has("peers") | not)'
	t 2 -j revoke alice
	j '.error.code == 2'
}

@test "secrets show in add and export, and nowhere else" {
	init
	t 0 -j add alice
	private=$(jq -r '.peers[0].private_key' <<<"$output")
	psk=$(jq -r '.peers[0].preshared_key' <<<"$output")
	[ ${#private} = 44 ]
	[ ${#psk} = 44 ]
	t 0 -j export alice
	j ".peers[0].preshared_key == \"$psk\" and .peers[0].private_key == null"
	[[ $output != *"$private"* ]]
	for line in list "show alice" status "disable alice" "set alice --note x" "-n add bob" \
		"-y revoke alice"
	do
		for mode in -j -q; do
			# shellcheck disable=SC2086
			t 0 $mode $line
			[[ $output$stderr != *"$private"* && $output$stderr != *"$psk"* ]]
		done
	done
}

@test "TSV has a header line, and no cell breaks a line" {
	init
	p -q add alice --note 'back\slash' --tag x --tag y >/dev/null
	t 0 list -t
	[ "${#lines[@]}" = 2 ]
	[[ ${lines[0]} == $'name\tstate\taddresses\texpires_at\ttags\tnote\tpublic_key'* ]]
	[[ ${lines[1]} == $'alice\tactive\t10.7.0.2,fd07::2\t\tx,y\tback\\\\slash\t'* ]]
	count=$(awk -F '\t' '{ print NF }' <<<"$output" | sort -u)
	[ "$(wc -l <<<"$count")" = 1 ]
	t 0 status -t
	[[ ${lines[0]} == $'name\tstatus\tlatest_handshake_at\trx_bytes\ttx_bytes\t'* ]]
	t 0 interfaces -t
	[[ ${lines[0]} == $'name\t'* && ${lines[1]} == $'wg0\t'* ]]
	t 0 configure -t
	[ "${lines[0]}" = $'field\tvalue' ]
	t 0 -n -t add bob
	[[ ${lines[0]} == $'action\tpeer\t'* && ${lines[1]} == $'add\tbob\t'* ]]
}

@test "an empty list is nothing in a table, a header in TSV, [] in JSON" {
	init
	t 0 list
	[ -z "$output" ]
	[ "$stderr" = "wg0 has no peers: 'peerage add NAME' makes one" ]
	t 0 -i wg0 list
	[ "$stderr" = "wg0 has no peers: 'peerage -i wg0 add NAME' makes one" ]
	t 0 list -t
	[ "${#lines[@]}" = 1 ]
	[ -z "$stderr" ]
	t 0 list -j
	j '.peers == []'
	[ -z "$stderr" ]
	t 0 status
	[ -z "$output" ]
	[[ ${stderr_lines[-1]} == "wg0 has no peers: 'peerage add NAME' makes one" ]]
	p -q add alice >/dev/null
	t 0 list 'b*'
	[ -z "$output" ]
	[ "$stderr" = "no peer of wg0 matches" ]
	p -qy interfaces remove wg0
	t 0 interfaces
	[ -z "$output" ]
	[ "$stderr" = "no interface is registered: 'peerage init' makes one" ]
}

@test "a register that others may read is remarked on, once a command" {
	init
	chmod 640 "$PEERAGE_REGISTER"
	for line in interfaces "-j list" "add alice --output alice.conf"; do
		# shellcheck disable=SC2086
		t 0 $line
		[[ ${stderr_lines[0]} == *"register.db: others than its owner may get at the register"*"chmod 600 it" ]]
		[ "$(grep -c 'chmod 600' <<<"$stderr")" = 1 ]
	done
	t 0 -q list
	[ -z "$stderr" ]
	chmod 600 "$PEERAGE_REGISTER"
	t 0 -j list
	[ -z "$stderr" ]
}

@test "JSON holds names of any script, and a note with quotes, unharmed" {
	init
	note='"quoted" \ <tag> & ü 日本 '$'\xf0\x9f\x8c\x8d'
	p -q add Zoë 山田 --note "$note" >/dev/null
	t 0 -j list
	j '[.peers[].name] == ["Zoë","山田"]'
	[ "$(jq -r '.peers[0].note' <<<"$output")" = "$note" ]
	LC_ALL=C t 0 list
	[[ $output == *Zoë* && $output == *山田* ]]
}

@test "a full disk behind stdout is an error" {
	init
	run -1 --separate-stderr bash -c '"$PEERAGE" list -t >/dev/full'
	error_is "cannot write to standard output: No space left"
	run -1 --separate-stderr bash -c '"$PEERAGE" help >/dev/full'
	error_is "No space left"
	p -q add alice --conf >/dev/null
	run -1 --separate-stderr bash -c '"$PEERAGE" -q disclose alice >/dev/full'
	error_is "cannot write to standard output: No space left"
}

@test "a config that cannot be written is said to be lost, with the way out" {
	init
	run -1 --separate-stderr bash -c '"$PEERAGE" -q add alice >/dev/full'
	error_is "No space left.*'alice' is there.*not kept.*peerage rotate alice"
	run -1 --separate-stderr bash -c '"$PEERAGE" -q -j add bob >/dev/full'
	error_is "'bob' is there.*not kept.*peerage rotate bob"
	t 0 -j list
	j '[.peers[].name] == ["alice","bob"]'
}

@test "a stdout that is closed is found out before a peer is made" {
	init
	run -1 --separate-stderr bash -c '"$PEERAGE" add alice >&-'
	error_is "standard output is closed"
	t 6 show alice
	run -1 --separate-stderr bash -c '"$PEERAGE" list -t >&-'
	run -0 --separate-stderr bash -c '"$PEERAGE" -q add bob --output bob.conf >&-'
	[ -s bob.conf ]
}

@test "a reader that goes away is no news, unless a key is lost" {
	init
	for i in $(seq 40); do names+=" peer$i"; done
	# shellcheck disable=SC2086
	p -q add $names >/dev/null
	run --separate-stderr bash -c 'set -o pipefail
		{ "$PEERAGE" list -j; echo $? >&3; } 3>status | :'
	[ -z "$stderr" ]
	# a pipe whose reader is gone already, with certainty
	mkfifo pipe
	run -1 --separate-stderr bash -c 'exec 3<>pipe 4>pipe 3<&-; "$PEERAGE" list -j >&4'
	[ -z "$stderr" ]
	# what is larger than any buffer ends as what is small
	run -1 --separate-stderr bash -c '"$PEERAGE" list -j >/dev/full'
	error_is "No space left"
	run -1 --separate-stderr bash -c 'exec 3<>pipe 4>pipe 3<&-; "$PEERAGE" dump >&4'
	[ -z "$stderr" ]
	run -1 --separate-stderr bash -c 'exec 3<>pipe 4>pipe 3<&-; "$PEERAGE" -q add alice >&4'
	error_is "Broken pipe.*not kept.*peerage rotate alice"
}

@test "stdin and stderr may be closed" {
	init
	run -0 --separate-stderr bash -c '"$PEERAGE" -q add alice <&-'
	[[ $output == *PrivateKey* ]]
	run -0 --separate-stderr bash -c '"$PEERAGE" list -t 2>&-'
	[[ $output == *alice* ]]
	run -6 --separate-stderr bash -c '"$PEERAGE" show nobody 2>&-'
}

@test "no core, not dumpable, files for nobody else" {
	init
	umask 000
	p -q add alice --output alice.conf
	[ "$(stat -c %a alice.conf)" = 600 ]
	[ "$(stat -c %a register)" = 700 ]
	[ "$(stat -c %a register/register.db)" = 600 ]
}

# columns_of N FILE: where the columns of that line begin
columns_of() { sed -n "$1p" "$2" | grep -ob '[^ ]\{1,\}\( [^ ]\{1,\}\)*' | cut -d: -f1 | paste -sd' '; }

@test "a long table is all there, and memory does not grow with it" {
	case $(head -c 4 "$PEERAGE" | tail -c 3) in ELF) ;; *) skip "runs under something else" ;; esac
	! grep -aq __asan_init "$PEERAGE" || skip "the sanitizer's memory grows"
	p -q init wg0 --endpoint 192.0.2.1 --address 10.7.0.1/16 >/dev/null
	seq -f 'p%g' 1 2500 | p -q add --from - --conf >/dev/null
	measure=$(dirname "$PEERAGE")/../tests/measure
	"$measure" used "$PEERAGE" list >list
	sed 's/ .*//' list >names
	diff <(echo NAME; seq -f 'p%g' 1 2500) names
	# the widest of the first thousand is p1000
	[ "$(columns_of 1 list)" = "$(columns_of 900 list)" ]
	[ "$(columns_of 1100 list)" = "$(columns_of 2400 list)" ]
	"$measure" used "$PEERAGE" list -t >tsv
	awk '{ kib[NR] = $2 } END { print kib[1], kib[2]; exit !(kib[1] < kib[2] + 8000) }' used
	# on a terminal each line keeps to the window
	p -q set p1500 --note "$(printf 'long %.0s' {1..40})"
	tty 24x60 list </dev/null
	[ "$(tr -d '\r' <screen | sed 's/ .*//' | grep -c '^p')" = 2500 ]
	[ "$(width <screen)" -le 60 ]
}

@test "memory a peer is at most what the manual says" {
	case $(head -c 4 "$PEERAGE" | tail -c 3) in ELF) ;; *) skip "runs under something else" ;; esac
	! grep -aq __asan_init "$PEERAGE" || skip "the sanitizer's memory grows"
	umask 077
	measure=$(dirname "$PEERAGE")/../tests/measure
	for n in 4000 12000; do
		export PEERAGE_REGISTER=$BATS_TEST_TMPDIR/$n/register.db
		p -q init wg0 --endpoint 192.0.2.1 --address 10.0.0.1/8 --address fd07::1/64 >/dev/null
		seq -f 'p%g' 1 "$n" >names
		"$measure" "add-n" "$PEERAGE" add -n --from names >/dev/null
		"$measure" "add" "$PEERAGE" -q add --from names >/dev/null
		"$measure" "dump" "$PEERAGE" dump >document
		"$measure" "plan" "$PEERAGE" plan document
		"$measure" "list" "$PEERAGE" list >/dev/null
		"$measure" "sorted" "$PEERAGE" list --sort name >/dev/null
		export PEERAGE_REGISTER=$BATS_TEST_TMPDIR/again/$n/register.db
		"$measure" "apply" "$PEERAGE" -q apply document
		export PEERAGE_REGISTER=$BATS_TEST_TMPDIR/third/$n/register.db
		"$measure" "import" "$PEERAGE" -q import -i wg0 --endpoint 192.0.2.1 document >/dev/null
	done
	# bytes a peer, apart from 2 MB, which SQLite's cache may grow by
	while read -r file most; do
		awk -v "most=$most" -v "file=$file" '{ kib[NR] = $2; bad += $3 } END {
			print file, (kib[2] - kib[1]) * 1024 / 8000
			exit bad > 0 || (kib[2] - kib[1] - 2048) * 1024 / 8000 > most }' "$file"
	done <<-'END'
		add-n 2500
		add 2500
		plan 2500
		apply 2500
		import 2500
		sorted 1000
		dump 500
		list 0
	END
}
