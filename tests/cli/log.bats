# SPDX-License-Identifier: ISC
# Goal: who changed what and when can be read, and what was altered since shows.
load common

# A register with some history.
history() {
	init
	p -q add alice bob >/dev/null
	p -q rename bob bobby
	p -q set bobby --note 'x "y"' --tag phone
	p -q -y revoke alice
}
register() { sqlite3 "$PEERAGE_REGISTER" "$@"; }
# does_not_hold WHAT: log --verify finds it, names it, and exits 5
does_not_hold() {
	t 5 log --verify -j
	j '.chain.holds == false and .chain.head == null'
	[[ $(jq -r .chain.finding <<<"$output") =~ $1 ]] || { echo "not '$1': $output" && return 1; }
	t 5 log --verify
	[[ $output == holds*no* ]]
}

@test "each change is an entry: when, who, what, on whom, from what to what" {
	history
	t 0 log -j
	j '[.entries[].verb] == ["create", "init", "add", "add", "rename", "set", "revoke"]'
	j '[.entries[].number] == [1, 2, 3, 4, 5, 6, 7]'
	j 'all(.entries[]; (.at | test("^20[0-9-]+T[0-9:]+Z$")) and (.actor | length > 0)
		and (.hash | test("^[0-9a-f]{64}$")) and (.erased | not))'
	j '.entries[0].interface == null and .entries[1].interface == "wg0"'
	j '.entries[4] | .peer == "bob" and .fields == {"name": {"from": "bob", "to": "bobby"}}'
	j '.entries[5].fields.note == {"from": null, "to": "x \"y\""}'
	j '.entries[6] | .peer == "alice" and .fields.state == {"from": "active", "to": "revoked"}'
	t 0 log
	[[ ${lines[0]} =~ TIME.*WHO.*WHAT.*PEER.*CHANGES ]]
	[[ ${lines[5]} =~ rename.*bob.*"name: was bob, is now bobby" ]]
	t 0 log -t
	[[ ${lines[0]} == number$'\t'at$'\t'* ]]
	[ "${#lines[@]}" = 8 ]
}

@test "at 80 columns nothing is wider, and on whom can be read" {
	init
	p -q add alice >/dev/null
	script -qec "stty cols 80; '$PEERAGE' log" /dev/null </dev/null | tr -d '\r' >screen
	[ "$(wc -L <screen)" -le 80 ]
	grep -Eq '^20[0-9-]+T[0-9:]+Z  .*  add +alice  ' screen
	grep -q '  public key$' screen
	# names are cut last
	p -q add christophers-tab christophers-tel --out out >/dev/null
	script -qec "stty cols 80; '$PEERAGE' log" /dev/null </dev/null | tr -d '\r' >screen
	[ "$(wc -L <screen)" -le 80 ]
	grep -q '  add  *christophers-tab  ' screen
	grep -q '  add  *christophers-tel  ' screen
	# where there is no room for more, they are cut with a mark
	script -qec "stty cols 72; '$PEERAGE' log" /dev/null </dev/null | tr -d '\r' >screen
	[ "$(wc -L <screen)" -le 72 ]
	grep -q '  add  *christ[a-z]*…  ' screen
}

@test "no secret is in it" {
	init
	p -q add alice >config
	p genkey >key
	p genpsk >psk
	p -q set alice --preshared-key psk
	p -q rotate alice >>config
	p -q -y configure private-key key >/dev/null
	p -q dump >>config
	p -q -y revoke alice
	sed -n -e 's/^PrivateKey = //p' -e 's/^PresharedKey = //p' config | cat - key psk | sort -u >secrets
	[ "$(wc -l <secrets)" -ge 6 ]
	for format in -j -t -q; do
		t 0 log $format
		[[ $output == *alice* ]]
		no grep -qFf secrets <<<"$output"
	done
}

# actor ENV… : who it is, of a change that was made so
actor() {
	env "$@" "$PEERAGE" -q set alice --note "$RANDOM-$SECONDS"
	p -j log | jq -r '.entries[-1].actor'
}

@test "who: the user, and behind sudo who became root" {
	init
	p -q add alice >/dev/null
	[ "$(actor)" = "$(id -un)" ]
	[ "$(id -u)" = 0 ] || skip "root alone is believed what sudo says"
	[ "$(actor SUDO_UID=65534 SUDO_USER=somebody)" = "nobody (sudo)" ]
	[ "$(actor SUDO_UID=4000000000 SUDO_USER='EXAMPLE\jane.doe')" = 'EXAMPLE\jane.doe (sudo)' ]
	[ "$(actor SUDO_UID=4000000000 SUDO_USER=$'root\nnobody')" = "uid 4000000000 (sudo)" ]
	[ "$(actor SUDO_UID=4000000000)" = "uid 4000000000 (sudo)" ]
	[ "$(actor SUDO_UID=12x SUDO_USER=jane)" = root ]
	# no service without a unit of its own
	[ "$(actor INVOCATION_ID=0123456789abcdef0123456789abcdef)" = root ]
}

@test "--peer follows a peer through its names" {
	history
	for name in bob bobby; do
		t 0 log --peer "$name" -j
		j '[.entries[].verb] == ["add", "rename", "set"]'
	done
	t 0 log --peer nobody -j
	j '.entries == []'
}

@test "-i shows one interface, --since what is not older" {
	history
	p -q init wg1 --endpoint 192.0.2.2 >/dev/null
	t 0 log -i wg1 -j
	j '[.entries[].interface] == ["wg1"]'
	t 0 log --since 1h -j
	j '.entries | length == 8'
	t 0 log --since 2999-01-01
	[ "$stderr" = "no entry matches" ]
	t 2 log --since yesterday
	error_is "malformed moment 'yesterday'"
}

@test "the head vouches for what came before it" {
	history
	t 0 log --head
	[[ $output =~ ^[0-9a-f]{64}$ ]]
	head=$output
	t 0 log --verify --head "$head"
	p -q disable bobby
	t 0 log --verify --head "$head" -j
	j '.chain.holds and .chain.entries == 8 and .chain.head != "'"$head"'"'
	t 5 log --verify --head "${head//[0-9]/0}" -j
	j '.chain.holds == false'
	t 2 log --verify --head
	error_is "needs the HEAD"
	t 2 log "$head"
	error_is "--verify --head HEAD"
	t 2 log --verify --head "${head:1}"
	error_is "64 hexadecimal"
	t 2 log --verify --since 1d
	error_is "whole chain"
}

@test "what does not hold can be accepted, in sight of whoever verifies" {
	history
	t 0 log --head
	head=$output
	t 3 -y log --accept 4
	error_is "nothing to accept"
	register "UPDATE audit SET actor = 'nobody' WHERE number = 4"
	cp -r register kept
	t 5 -n log --accept 4
	t 3 -y log --accept 5
	error_is "the first entry that does not hold is 4, not 5"
	t 2 log --accept 4 </dev/null
	error_is "asks first"
	for number in 0 -4 4x 4.5 '' 99999999999999999999; do
		t 2 -y log "--accept=$number"
		error_is "malformed number '$number'"
	done
	t 2 -y log --accept 4 --verify
	error_is "goes with no other option"
	diff -r register kept
	does_not_hold 'entry 4 '
	t 0 -y log --accept 4
	[[ ${lines[3]} == "but for  entries 4 to 7" ]]
	t 0 log --verify -j
	j '.chain | .holds and .entries == 8 and .accepted == [{"first": 4, "last": 7}]'
	t 5 log --verify --head "$head"
	t 0 log --head
	t 0 log --verify --head "$output"
	t 0 log -j
	j '.entries[7] | .verb == "accept" and .actor == "'"$(id -un)"'"'
	j '.entries[3].actor == "nobody"'
	register "UPDATE audit SET actor = 'somebody' WHERE number = 4"
	does_not_hold 'entry 4 .*altered after it was accepted'
}

@test "an entry that was changed, taken out, put in or moved is found" {
	history
	cp -r register kept
	for damage in \
		"UPDATE audit SET actor = 'nobody' WHERE number = 4|entry 4 .*hash" \
		"UPDATE audit SET time = time + 1 WHERE number = 4|entry 4 .*hash" \
		"UPDATE audit_detail SET detail = replace(detail, 'bobby', 'billy') WHERE number = 5|entry 5 .*details were changed" \
		"DELETE FROM audit_detail WHERE number = 4|entry 4 .*details are missing" \
		"PRAGMA foreign_keys=OFF; DELETE FROM audit WHERE number = 4|entry 4 .*missing" \
		"PRAGMA foreign_keys=OFF; UPDATE audit SET number = 99 WHERE number = 4; UPDATE audit SET number = 4 WHERE number = 5; UPDATE audit SET number = 5 WHERE number = 99|entry 4 .*hash" \
		"INSERT INTO audit SELECT 8, time, verb, interface, actor, commitment, hash FROM audit WHERE number = 7|entry 8 .*hash" \
		"PRAGMA foreign_keys=OFF; UPDATE audit SET number = -1 - number WHERE number > 4; UPDATE audit SET number = -number WHERE number < 0; INSERT INTO audit SELECT 5, time, verb, interface, actor, commitment, hash FROM audit WHERE number = 4|entry 5 .*hash" \
		"PRAGMA foreign_keys=OFF; DELETE FROM audit_detail WHERE number = 7; DELETE FROM audit WHERE number = 7|entry 8 .*missing|entry 7 .*missing"; do
		rm -rf register && cp -r kept register
		register "${damage%%|*}"
		does_not_hold "${damage#*|}"
		t 1 log --head
	done
}

@test "a chain whose end was cut off takes changes, and shows the cut for good" {
	history
	cp -r register kept
	for damage in "DELETE FROM audit WHERE number > 5" "DELETE FROM audit" \
		"DELETE FROM audit WHERE number > 5; DELETE FROM audit_detail WHERE number > 5" \
		"DELETE FROM audit WHERE number > 5; DELETE FROM sqlite_sequence"; do
		rm -rf register && cp -r kept register
		register "PRAGMA foreign_keys=OFF; $damage"
		first=6
		[ "$damage" != "DELETE FROM audit" ] || first=1
		does_not_hold "entry $first .*missing"
		for state in disable enable disable; do
			t 0 $state bobby
		done
		does_not_hold "entry $first .*missing"
		t 0 -y log --accept $first
		t 0 log --verify
		t 0 enable bobby
		t 0 log --verify
	done
}

@test "a cut that was covered up and an older copy show against the head" {
	history
	cp -r register older
	p -q disable bobby
	t 0 log --head
	head=$output
	rm -rf register && cp -r older register
	t 0 log --verify
	t 5 log --verify --head "$head" -j
	[[ $(jq -r .chain.finding <<<"$output") =~ "no entry of it has the hash $head" ]]
	p -q disable bobby # a fork: as long, and not the same
	t 5 log --verify --head "$head"
	# the end cut off, and the count of entries with it
	t 0 log --head
	head=$output
	register "DELETE FROM audit_detail WHERE number = 8; DELETE FROM audit WHERE number = 8;
		UPDATE sqlite_sequence SET seq = 7 WHERE name = 'audit'"
	t 0 log --verify
	t 5 log --verify --head "$head"
}
