# SPDX-License-Identifier: ISC
# Goal: many peers from one list: all or none, each thing that is wrong said with
# its place, and no file that is half there or over another.
load common

hidden() { find . -name '.peerage-*'; }
count() { p -j list --state all | jq '.peers | length'; }
files() { find "$1" -mindepth 1 -printf '%P\n' | sort | paste -sd' '; }

# A PNG that is in a file holds the private key of the peer.
is_key_of() {
	[ "$(zbarimg -q --raw "$2" | sed -n 's/^PrivateKey *= *//p' | p pubkey)" = \
		"$(p -j show "$1" | jq -r .peer.public_key)" ]
}

@test "names, CSV and JSON lines, from a file and from standard input" {
	init
	printf '# staff\r\nalice\r\n\r\nbob\n' >names
	t 0 add --from names
	[ "$(grep -c '^PrivateKey = ' <<<"$output")" = 2 ]
	[ "$(grep '^# [a-z]*$' <<<"$output" | paste -sd' ')" = "# alice # bob" ]
	printf 'name,address,tags,note,expires\ncarol,10.7.0.9,"a b","x, ""y""",30d\ndave,,,,\n' >list.csv
	t 0 -q add --from list.csv --tag all --conf
	t 0 -j show carol
	j '.peer | .addresses == ["10.7.0.9"] and .tags == ["a","all","b"] and .note == "x, \"y\"" and .expires_at != null'
	t 0 -j show dave
	j '.peer | .addresses == ["10.7.0.4","fd07::4"] and .tags == ["all"] and .expires_at == null'
	printf '{"name":"erin","mtu":1380,"preshared_key":"none"}\n{"name":"frank","tags":["x"]}\n' |
		p -q add --from - >out
	[ "$(grep -c '^PresharedKey' out)" = 1 ]
	[ "$(grep -c '^MTU = 1380' out)" = 1 ]
	[ "$(count)" = 6 ]
}

@test "what a list brings is what is recorded: keys, endpoints, routes" {
	init
	key=$(p genkey | p pubkey) psk=$(p genpsk)
	printf 'name;public_key;preshared_key;routes;peer_endpoint;keepalive;quota\nsite;%s;%s;192.168.7.0/24,192.168.8.0/24;192.0.2.7:51820;25;10G/month\n' \
		"$key" "$psk" >sites.csv
	t 0 -j add --from sites.csv
	j ".preshared_key == \"$psk\" and .public_key == \"$key\" and .private_key == null"
	j '.routes == ["192.168.7.0/24","192.168.8.0/24"] and .keepalive == 25 and .quota_bytes == 10000000000'
}

@test "-j: a document a peer, a line each" {
	init
	seq -f 'p%g' 1 50 >names
	t 0 -q -j add --from names
	[ "${#lines[@]}" = 50 ]
	jq -es 'map(.name) == [range(1; 51) | "p\(.)"] and all(.outcome == "created" and
		(.private_key | length) == 44 and (.config | contains("[Interface]")))' <<<"$output"
	t 0 -q -j add --from names --if-absent
	jq -es 'length == 50 and all(.outcome == "unchanged" and .config == null)' <<<"$output"
}

@test "everything that is wrong is said with its place, and nothing is added" {
	init
	p -q add taken --address 10.7.0.5 >/dev/null
	before=$(everything)
	printf 'name,address,mtu\nok,,\nb/d,,9\nok,,\n' >bad.csv
	t 2 add --from bad.csv
	[ -z "$output" ]
	[ "${stderr_lines[0]}" = "bad.csv: line 3, column 1: malformed name: character U+002F at byte 2 is not allowed; use letters, digits and . _ @ + -" ]
	[ "${stderr_lines[1]}" = "bad.csv: line 3, column 6: mtu: '9' is not a number from 576 to 65535" ]
	[ "${stderr_lines[2]}" = "bad.csv: line 4, column 1: peer ok is in line 2 already" ]
	[ "${stderr_lines[3]}" = "peerage: bad.csv: 3 problems: nothing was added" ]
	[ "${#stderr_lines[@]}" = 4 ]
	# one alone is the error
	printf 'alice\nb b\n' >one
	t 2 add --from one
	error_is "^peerage: one: line 2, column 1: malformed name"
	t 2 add --from - </dev/null
	error_is "^peerage: standard input: no peer is listed"
	# what only the register knows
	printf 'name,address\nnew,\ntaken,\nother,10.7.0.5\nthird,10.7.0.1\n' >taken.csv
	t 3 add --from taken.csv
	[ "${stderr_lines[0]}" = "taken.csv: line 3: there is a peer taken already: choose another name, or revoke that one" ]
	[ "${stderr_lines[1]}" = "taken.csv: line 4: 10.7.0.5/32 is peer taken's: choose another" ]
	[[ ${stderr_lines[2]} == "taken.csv: line 5: 10.7.0.1/32 "* ]]
	[ "${stderr_lines[3]}" = "peerage: taken.csv: 3 problems: nothing was added" ]
	t 3 -j add --from taken.csv
	j '.error.code == 3 and (.problems | length) == 3 and .problems[1].line == 4 and .problems[1].column == null'
	t 3 -n add --from taken.csv
	[ "$(everything)" = "$before" ]
}

@test "the first twenty of many, and how many more" {
	init
	seq -f 'b/%g' 1 7312 >bad
	t 2 add --from bad
	[ "${#stderr_lines[@]}" = 22 ]
	[[ ${stderr_lines[19]} == "bad: line 20, column 1: "* ]]
	[ "${stderr_lines[20]}" = "and 7292 more" ]
	[ "${stderr_lines[21]}" = "peerage: bad: 7312 problems: nothing was added" ]
}

@test "revoked keys, keys that are shared, and a pool that is full" {
	init
	key=$(p genkey | p pubkey)
	p -q add old --public-key "$key" >/dev/null
	p -qy revoke old
	other=$(p genkey | p pubkey)
	printf 'name,public_key\na,%s\nb,%s\nc,%s\n' "$key" "$other" "$other" >keys.csv
	t 3 add --from keys.csv
	[[ ${stderr_lines[0]} == "keys.csv: line 2: the key of peer a was revoked"* ]]
	[[ ${stderr_lines[1]} == "keys.csv: line 4: the key of peer c is peer b's"* ]]
	seq -f 'p%g' 1 300 >names
	t 1 add --from names
	error_is "^peerage: names: line 253: pool 10.7.0.0/24 is full"
	[ "$(count)" = 1 ]
}

@test "an address that a later line asks for is not given to an earlier one" {
	init
	printf 'name,address\nfirst,\nsecond,10.7.0.2\nthird,\n' >list.csv
	t 0 -q -j add --from list.csv
	jq -es 'map([.name, .addresses[0]]) == [["first","10.7.0.3"],["second","10.7.0.2"],["third","10.7.0.4"]]' <<<"$output"
}

@test "--if-absent: said again, it adds what is new" {
	init
	seq -f 'p%g' 1 10 >names
	t 0 -q add --from names --out d
	before=$(everything)
	sums=$(cat d/* | sha256sum)
	t 0 add --from names --out d --if-absent
	[[ $stderr == *"10 peers are there already, and left as they are"* ]]
	[ "$(everything)" = "$before" ]
	[ "$(cat d/* | sha256sum)" = "$sums" ]
	echo p11 >>names
	t 0 add --from names --out d --if-absent
	[[ $stderr == *"1 peer added to wg0; 2 files in d"* ]]
	[ "$(find d -type f | wc -l)" = 22 ]
	t 0 add --from names --if-absent
	[ -z "$output" ]
	[ "${stderr_lines[0]}" = "11 peers are there already, and left as they are" ]
	t 3 add --from names
	[ "$(count)" = 11 ]
}

@test "--out: a config and a code each, for their owner alone" {
	init
	key=$(p genkey | p pubkey)
	printf 'name,public_key\nalice,\nown,%s\nÅsa Lång?,\n' "$key" | sed 's/ Lång?//' >list.csv
	umask 0
	t 0 add --from list.csv --out d
	[ -z "$output" ]
	[[ $stderr == *"3 peers added to wg0; 5 files in d"* ]]
	[ "$(stat -c %a d)" = 700 ]
	[ "$(find d -type f -printf '%m\n' | sort -u)" = 600 ]
	is_key_of alice d/alice.png
	[ "$(sed -n 's/^PrivateKey = //p' d/alice.conf | p pubkey)" = "$(p -j show alice | jq -r .peer.public_key)" ]
	[[ $(files d) == *"own.conf"* && $(files d) != *"own.png"* ]]
	grep -q '^# PrivateKey =' d/own.conf
	[ -z "$(find d -name '*[^a-zA-Z0-9_=+.-]*')" ]
	[ -z "$(hidden)" ]
	# of names too, and beside what is asked for on standard output
	t 0 -q add bob carol --out d
	is_key_of carol d/carol.png
	t 0 -q -j add --from <(echo dave) --out d
	jq -e '.name == "dave"' <<<"$output"
	[ -s d/dave.png ]
	t 0 -q add erin --conf --out d/
	[ "$output" = "$(cat d/erin.conf)" ]
}

@test "--out never replaces: nothing is made, nothing is left" {
	init
	mkdir -m 755 d
	echo precious >d/p7.png
	before=$(everything)
	seq -f 'p%g' 1 20 >names
	t 3 add --from names --out d
	error_is "^peerage: 'd/p7.png' exists already"
	[ "$(files d)" = p7.png ]
	[ "$(cat d/p7.png)" = precious ]
	[ "$(stat -c %a d)" = 755 ]
	ln -s nowhere d/p3.conf
	rm d/p7.png
	t 3 add --from names --out d
	error_is "d/p3.conf"
	t 1 add --from names --out missing/d
	error_is "cannot make directory 'missing/d'"
	echo x >file
	t 1 add --from names --out file
	# a list that is refused makes no directory
	echo 'b/d' >>names
	t 2 add --from names --out new
	[ ! -e new ]
	t 0 -n add --from <(echo a) --out new
	[ ! -e new ]
	p -q add taken >/dev/null
	t 3 add --from <(echo taken) --out new
	[ ! -e new ]
	p -qy revoke taken
	[ "$(p -j list | jq '.peers | length')" = 0 ]
}

@test "a directory that cannot be written" {
	init
	[ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null || skip "needs a mount of its own"
	mkdir ro
	seq -f 'p%g' 1 20 >names
	# shellcheck disable=SC2016
	run -1 --separate-stderr unshare -m bash -c 'mount -t tmpfs -o ro none ro &&
		"$PEERAGE" -q add --from names --out ro'
	error_is "^peerage: cannot write to directory 'ro': Read-only file system"
	[ "$(count)" = 0 ]
}

@test "a disk that is full: nothing is added, nothing is left" {
	init
	[ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null || skip "needs a mount of its own"
	mkdir full
	seq -f 'p%g' 1 200 >names
	# shellcheck disable=SC2016
	run -1 --separate-stderr unshare -m bash -c 'mount -t tmpfs -o size=200k none full &&
		"$PEERAGE" -q add --from names --out full; code=$?; find full -mindepth 1; exit $code'
	error_is "cannot write 'full/.*': No space left on device; nothing was added"
	[ -z "$output" ]
	[ "$(count)" = 0 ]
}

@test "what does not go together" {
	init
	echo a >names
	t 2 add bob --from names
	error_is "--from names the peers: 'bob' is one too many"
	t 2 add
	error_is "needs NAME"
	t 2 add --from names --output a.png
	error_is "--output is for one peer, and --from names many"
	t 2 add --from names --address 10.7.0.9
	t 2 add --from names --public-key x
	t 2 add bob --out d --output bob.png
	error_is "give one of --output and --out"
	t 2 add --from - --preshared-key -
	error_is "standard input cannot be both"
	t 1 add --from missing
	error_is "cannot read 'missing': No such file"
	[ "$(count)" = 0 ]
}

@test "-n: the plan of all of them" {
	init
	seq -f 'p%g' 1 30 >names
	t 0 -n -j add --from names
	j '.changes | length == 30 and all(.action == "add")'
	[ "$(count)" = 0 ]
	t 0 -q add --from names
	t 0 -n add --from names --if-absent
	[ -z "$output" ]
	[ "$stderr" = "30 peers are there already, and left as they are" ]
}

@test "a preshared key in a list is in no message" {
	init
	psk=$(p genpsk)
	printf 'name,expires,preshared_key\na,%s,\nb,,x%s\n' "$psk" "$psk" >bad.csv
	t 2 add --from bad.csv
	[[ $stderr != *"${psk:0:12}"* ]]
	printf 'a,%s\n' "$psk" >noheader.csv
	t 2 -j add --from noheader.csv
	[[ $stderr$output != *"${psk:0:12}"* ]]
}

# Each Nth system call in turn is the one that the command does not live to make.
@test "killed at any moment: all or none, and nothing is lost" {
	killat=$(dirname "$PEERAGE")/../tests/killat
	[ -x "$killat" ] || skip "built without -Dtests=true"
	"$killat" 0 true 2>/dev/null || skip "cannot trace here"
	init
	cp -r register base
	printf 'alice\nbob\n' >names
	step=$((13 * ${CLI_SPARSE:-1})) before=0 after=0 finished=0 thrown=0
	for ((call = 1 + RANDOM % step; ; call += step)); do
		rm -rf register d && cp -r base register
		lived=0
		"$killat" "$call" "$PEERAGE" -q add --from names --out d 2>/dev/null || lived=$?
		n=$(p -j list | jq '.peers | length')
		echo "call $call: exit $lived, $n peers, $(hidden)"
		# from where files are made on, it is looked at closely
		[ -z "$(hidden)" ] || step=$((3 * ${CLI_SPARSE:-1}))
		[ "$n" = 0 ] || [ "$n" = 2 ]
		[ "$n" = 0 ] && before=$((before + 1)) || after=$((after + 1))
		t 0 add --from names --out d --if-absent
		[[ $stderr == *"they have their names now"* ]] && finished=$((finished + 1))
		[[ $stderr == *"they are thrown away"* ]] && thrown=$((thrown + 1))
		[ -z "$(hidden)" ]
		[ "$(files d)" = "alice.conf alice.png bob.conf bob.png" ]
		for name in alice bob; do
			[ "$(sed -n 's/^PrivateKey = //p' "d/$name.conf" | p pubkey)" = \
				"$(p -j show "$name" | jq -r .peer.public_key)" ]
		done
		[ "$lived" = 137 ] || break
	done
	echo "killed before the commit: $before, after it: $after; finished $finished, thrown away $thrown"
	[ "$before" -gt 0 ] && [ "$after" -gt 0 ] && [ "$thrown" -gt 0 ]
	# few calls are between the commit and the names
	[ "$finished" -gt 0 ] || [ "${CLI_SPARSE:-1}" -gt 1 ]
}

@test "a commit that fails after all files are written leaves them to the next run" {
	init
	# the log may not grow to what the commit takes: files of a peer are smaller
	run --separate-stderr bash -c 'trap "" XFSZ; ulimit -f 36
		exec "$0" --backend none add alice bob --out d' "$PEERAGE"
	echo "$status: $stderr"
	[ "$status" = 1 ]
	[[ $stderr == *"should the register have recorded it all the same, the next add to 'd'"* ]]
	[ "$(p -j list | jq '.peers | length')" = 0 ]
	[ -z "$(ls d)" ]
	[ "$(find d -name '*.conf' | wc -l)" = 2 ]
	t 0 add alice --out d
	[[ $stderr == *"they are thrown away"* ]]
	[ "$(files d)" = "alice.conf alice.png" ]
	[ -z "$(hidden)" ]
}

@test "what another register, or a run at work, left is not touched" {
	init
	mkdir -p d/.peerage-00000000000000000000000000000000-1234
	echo x >d/.peerage-00000000000000000000000000000000-1234/y.conf
	id=$(sqlite3 "$PEERAGE_REGISTER" 'SELECT register_id FROM meta' 2>/dev/null) || skip "no sqlite3"
	mkdir "d/.peerage-$id-0000000000000001" "d/.peerage-$id-0000000000000002"
	touch "d/.peerage-$id-0000000000000002/half.conf"
	exec 9<"d/.peerage-$id-0000000000000001"
	flock 9
	t 0 add alice --out d
	[ -e d/.peerage-00000000000000000000000000000000-1234/y.conf ]
	[ -d "d/.peerage-$id-0000000000000001" ]
	[ ! -e "d/.peerage-$id-0000000000000002" ]
	[[ $stderr == *"thrown away"* ]]
	exec 9<&-
}

@test "a message repeats no piece of a key, wherever it stands" {
	init
	key=$(p genkey)
	part=${key:0:42}
	printf 'name,mtu,expires,tags,note\n%s,,,,\na,%s,%s,%s,\nb,,,,%s\n' \
		"$key" "$key" "$part" "${key:0:30}" "$(printf '%s' "$key$key" | tr '=' '\001')" >keys.csv
	t 2 -j add --from keys.csv
	[ "$(wc -l <<<"$stderr")" -ge 4 ]
	for ((i = 0; i + 12 <= 42; i++)); do
		[[ "$output$stderr" != *"${key:i:12}"* ]]
	done
	printf '{"%s":1}\n{"name":"%s"}\n{"name":"a","preshared_key":"%s"}\n' "$part" "$key" "$part" >keys.json
	t 2 add --from keys.json
	for ((i = 0; i + 12 <= 42; i++)); do
		[[ "$output$stderr" != *"${key:i:12}"* ]]
	done
}

@test "a text that is none says what it is" {
	init
	printf 'name,note\nalice,x\n' | iconv -f UTF-8 -t UTF-16 >utf16.csv
	t 2 add --from utf16.csv
	error_is '^peerage: utf16.csv: this is UTF-16: save it as UTF-8$'
	printf 'alice\nbob\0\n' >nul
	t 2 add --from nul
	error_is '^peerage: nul: line 2, column 1: a NUL byte'
	printf 'name,note\n' >header.csv
	t 2 add --from header.csv
	error_is '^peerage: header.csv: no peer is listed: give a name a line'
	t 1 add --from .
	error_is "^peerage: cannot read '.': Is a directory$"
	truncate -s 300M big
	t 2 add --from big
	error_is '^peerage: big: more than 256 MiB'
	[ "$(count)" = 0 ]
}

@test "--out: names of other scripts, and those that differ in their case" {
	init
	printf 'Ä\nö\nanna\nAnna\na.b\na-b\n' >names
	t 0 -q add --from names --out sets
	[ "$(find sets -name '*.conf' | wc -l)" = 6 ]
	[ -z "$(find sets -name '-*')" ]
	echo eve >names
	t 2 add --from names --out ''
	error_is '^peerage: --out needs a directory'
}

@test "several runs to one directory do not get in each other's way" {
	init
	for ((i = 0; i < 8; i++)); do
		seq -f "n$i-%g" 5 >"names$i"
		p -q add --from "names$i" --out sets 2>>errors &
	done
	wait
	[ ! -s errors ]
	[ "$(find sets -name '*.conf' | wc -l)" = 40 ]
	[ -z "$(hidden)" ]
}

@test "a signal that ends it takes back what was written" {
	init --address 10.8.0.1/16
	seq -f 'p%g' 1 150 >names
	for signal in TERM HUP; do
		# 20 ms more for each file: it is still at work when it is told
		# whoever runs this may ignore one, as nohup does
		"${traced[@]}" env --default-signal="$signal" strace -f -qq -o /dev/null -e trace=openat \
			-e inject=openat:delay_enter=20000 -D \
			"$PEERAGE" add --from names --out sets 2>stderr &
		until [ -n "$(find sets -name '*.conf' 2>/dev/null)" ]; do kill -0 $!; done
		kill -s "$signal" $!
		code=0
		wait $! || code=$?
		echo "$signal: exit $code, $(<stderr)"
		[ "$code" = "$((128 + $(kill -l "$signal")))" ]
		[ "$(<stderr)" = "peerage: interrupted: nothing was added" ]
		[ ! -e sets ]
		[ "$(count)" = 0 ]
	done
	t 0 -q add --from names --out sets
	[ "$(files sets | wc -w)" = 300 ]
}
