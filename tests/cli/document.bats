# SPDX-License-Identifier: ISC
# Goal: an interface and its peers as one file: written, read by a person, changed,
# shown as a plan, and made so; what is lost thereby is asked about.
load common

A=AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE=
B=AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE=

# wg0 with alice, and bob who is disabled; its document in d.conf
server() {
	umask 077
	init
	p -q add alice bob >/dev/null
	p -q set alice --note 'a # note' --tag staff --routes 192.168.7.0/24
	p -q disable bob
	p dump >d.conf
}

@test "a dump goes to stdout, and says who may not read it" {
	server
	t 0 dump
	[[ $output == "[Interface]"* && $output == *"# Note = a # note"* && -z $stderr ]]
	[[ $output == *"#~ [Peer]"*"#~ # State = disabled"* ]]
	umask 022
	p dump >open.conf 2>err
	grep -q "chmod 600" err
	p dump --no-secrets >bare.conf 2>err
	[ ! -s err ]
	no grep -qE '^(#~ )?(PrivateKey|PresharedKey) =' bare.conf
	grep -qx '# PrivateKey = yes' bare.conf
	t 2 dump -j
	error_is "plain text"
	t 6 -i wg9 dump
}

@test "a dump is valid for wg, once stripped" {
	command -v wg-quick >/dev/null || skip "no wg-quick"
	server
	wg-quick strip "$PWD/d.conf" >stripped.conf
	no grep -qE '^[^#]*(Address|MTU|bob)' stripped.conf
	grep -q '^ListenPort' stripped.conf
	[ "$(grep -c '^\[Peer\]' stripped.conf)" = 1 ]
}

@test "applying a dump changes nothing" {
	server
	everything >before
	t 0 apply d.conf
	[[ -z $output && $stderr == "wg0: nothing to change" ]]
	t 0 plan d.conf
	t 0 apply -n d.conf
	run -0 --separate-stderr "$PEERAGE" -j apply - <d.conf
	j '.interface == "wg0" and .changes == [] and .left_over == []'
	p dump --no-secrets | p -q apply -
	diff before <(everything)
}

@test "a dump moves a server to a new register, all of it" {
	server
	p -q -y revoke bob 2>/dev/null
	p dump >d.conf
	export PEERAGE_REGISTER=$PWD/new/register.db
	t 5 plan d.conf
	[ ! -e new ]
	[[ $output == *configure*add*alice* ]]
	t 0 -q apply d.conf
	p dump | diff d.conf -
	key=$(PEERAGE_REGISTER=$BATS_TEST_TMPDIR/register/register.db p -t list --state revoked |
		grep -oE '[A-Za-z0-9+/]{43}=')
	t 3 add eve --public-key "$key"
	error_is revoked
}

@test "one line changed is one change" {
	server
	sed 's/^# Note = .*/# Note = another/' d.conf >e.conf
	t 5 plan e.conf
	[[ $output == *update*alice*"note: was a # note, will be another"* ]]
	[ "$(wc -l <<<"$output")" = 2 ]
	t 5 -j apply -n e.conf
	j '.changes | length == 1 and .[0].action == "update" and .[0].peer == "alice"
		and .[0].fields == {"note":{"from":"a # note","to":"another"}}'
	p dump | diff d.conf -
	t 0 -j apply e.conf
	j '(.changes | length) == 1 and .applied == false'
	p dump | diff -B e.conf -
}

@test "who is not in the file stays, and is named; --prune asks" {
	server
	awk '/^#~/ {next} {print}' d.conf >e.conf
	t 5 plan e.conf
	[[ $stderr == *"left over: bob is not in the document"* ]]
	t 5 -j plan e.conf
	j '.left_over | length == 1'
	t 0 apply e.conf
	t 2 apply --prune e.conf
	error_is "give -y"
	p dump | diff d.conf -
	t 5 -j plan --prune e.conf
	j '.changes[0].action == "remove" and .changes[0].peer == "bob" and .left_over == []'
	t 0 -y apply --prune e.conf
	p dump | grep -v '^# \(Revoked\|HashKey\)' | diff -B e.conf -
	t 3 -y apply d.conf
	[[ $stderr == *"d.conf: "* || $stderr == *"line "*"peer bob"*revoked* ]]
}

@test "another key under a name asks first" {
	server
	old=$(sed -n '/alice/{n;s/.*= //p}' d.conf)
	sed "s|$old|$A|" d.conf >e.conf
	t 2 apply e.conf
	error_is "line [0-9]+: peer alice has another key .*give -y"
	t 5 plan e.conf
	t 0 -q -y apply e.conf
	p dump | grep -v '^# \(Revoked\|HashKey\)' | diff -B e.conf -
}

@test "on a terminal the question says what goes" {
	server
	old=$(sed -n '/alice/{n;s/.*= //p}' d.conf)
	sed "s|$old|$A|" d.conf | awk '/^#~/ {next} {print}' >e.conf
	tty 24x80 apply --prune e.conf <<<n
	[[ $output == *"cut 2 keys off for good: bob, alice"* ]]
	p dump | diff d.conf -
	tty 24x80 -q apply --prune e.conf <<<y
	p dump | grep -v '^# \(Revoked\|HashKey\)' | diff -B e.conf -
}

@test "bad lines are all named, and nothing is changed" {
	server
	everything >before
	{ cat d.conf; printf '[Peer]\n# Name = a b\nPublicKey = %s\nPostUp = x\nAllowedIPs = 10.7.0.300\n' $A; } >bad.conf
	n=$(wc -l <d.conf)
	t 2 apply bad.conf
	[ "${#stderr_lines[@]}" = 4 ]
	[[ ${stderr_lines[0]} == "peerage: bad.conf: line $((n + 2)), column 10: Name: "* ]]
	[[ ${stderr_lines[1]} == "peerage: bad.conf: line $((n + 4)), column 1: the register does not keep"* ]]
	[[ ${stderr_lines[2]} == "peerage: bad.conf: line $((n + 5)), column 14: not an IP prefix"* ]]
	[[ ${stderr_lines[3]} == "peerage: bad.conf: 3 bad lines: nothing was changed" ]]
	t 2 -j apply bad.conf
	j '.error.reason == "usage" and (.error.message | test("bad.conf: line"))'
	for ((i = 0; i < 30; i++)); do echo 'Nonsense = 1'; done >many.conf
	t 2 apply many.conf
	[ "${#stderr_lines[@]}" = 21 ]
	[[ ${stderr_lines[20]} == *"30 bad lines, of which these are the first"* ]]
	sed 's/^# Isolate = .*/# Isolate = maybe/' d.conf >one.conf
	t 2 apply one.conf
	error_is "one.conf: line [0-9]+, column 13: Isolate: .*maybe"
	diff before <(everything)
}

@test "what cannot be read, or does not belong here" {
	server
	t 1 apply missing.conf
	error_is "missing.conf"
	t 2 apply
	t 2 apply d.conf d.conf
	t 2 -i wg7 apply d.conf
	error_is "the document is of wg0, and wg7 was asked for"
	t 2 apply /dev/null
	error_is "neither"
	chmod 644 d.conf
	t 0 apply d.conf
	[[ $stderr == *"chmod 600"* ]]
	printf '[Interface]\n# Isolate = no\n# Isolated = yes\n# phone = 5\n' >odd.conf
	t 0 apply odd.conf
	[[ $stderr == *"line 3: '# Isolated =' is no key that peerage knows here"* ]]
	export PEERAGE_REGISTER=$PWD/new/register.db
	t 2 apply odd.conf
	error_is "does not say which interface"
	[ ! -e new ]
}

@test "a document without secrets keeps what is there, and makes nothing up" {
	server
	p dump --no-secrets >bare.conf
	sed 's/a # note/n/' bare.conf >e.conf
	t 0 apply e.conf
	[[ $stderr == *"wg0: 0 added, 1 changed, 0 revoked"* ]]
	sed 's/a # note/n/' d.conf | diff - <(p dump)
	{ cat bare.conf; printf '\n[Peer]\n# Name = carol\nPublicKey = %s\n# PresharedKey = yes\n' $B; } >new.conf
	t 2 apply new.conf
	error_is "line [0-9]+: the preshared key of peer carol was left out"
	export PEERAGE_REGISTER=$PWD/new/register.db
	t 2 apply bare.conf
	error_is "private key of wg0 was left out"
}

@test "configs that a document makes wrong are counted" {
	server
	sed 's/^AllowedIPs = 10.7.0.2.*/AllowedIPs = 10.7.0.9/; s/^# DNS = 9.*/# DNS = 10.7.0.1/' d.conf >e.conf
	t 0 apply e.conf
	[[ $stderr == *"of 1 peer (alice)"* && $stderr == *"lack this change"* ]]
	p -j list | jq -e '.peers[] | select(.name == "alice").config_stale'
}

@test "a file that is no document, or has no end, is refused as such" {
	server
	for command in plan apply; do
		t 2 "$command" /dev/zero
		error_is '^peerage: /dev/zero: more than 256 MiB'
		t 1 "$command" .
		error_is "^peerage: cannot read '.': Is a directory$"
		t 1 "$command" missing
		error_is "cannot read 'missing'"
		printf '\xff\xfe[\0' >utf16
		t 2 "$command" utf16
		error_is '^peerage: utf16: line 1, column 1: this is UTF-16: save it as UTF-8$'
		t 2 "$command" /dev/null
		error_is '^peerage: /dev/null: line 1, column 1: there is neither'
	done
}

@test "a document whose newlines are lost is not an empty one" {
	server
	everything >before
	paste -sd' ' d.conf >flat
	t 2 plan flat
	error_is '^peerage: flat: line 1, column 15: a setting behind something else is not read: each goes on a line of its own$'
	t 2 -y apply --prune flat
	diff before <(everything)
	sed 's/^\(PublicKey = .*\)/\1 # Tag = late/' d.conf >behind
	t 2 plan behind
	[[ ${stderr_lines[0]} =~ "column 60: a setting behind something else" ]]
	sed '0,/^\[Peer\]/s//& # Name = bob/' d.conf >heading
	t 2 plan heading
	error_is 'column 10: a setting behind something else'
	sed 's/^\[Peer\]/& # a = b, who=x, see Name/; s/^\(PublicKey = .*\)/\1 # new=yes/' d.conf >remarks
	t 0 plan remarks
}

@test "what only the register knows is told with the file as well" {
	server
	{
		cat d.conf
		printf '[Peer]\n# Name = carol\nPublicKey = %s\nAllowedIPs = 10.7.0.1/32\n' "$A"
	} >taken.conf
	t 3 apply taken.conf
	error_is '^peerage: taken.conf: line [0-9]+: peer carol: 10.7.0.1/32 '
	sed -i 's:AllowedIPs = 10.7.0.1/32:AllowedIPs = 10.7.0.9/32:' taken.conf
	sed -i '/^# Name = carol/d' taken.conf
	t 2 plan taken.conf
	error_is '^peerage: taken.conf: line [0-9]+: this \[Peer\] is new to the register and has no name'
}
