# SPDX-License-Identifier: ISC
# Goal: what is forgotten is in no file of the register's directory, the rest stays as
# it was, and what the program cannot do at once it says and does later.
load common

# A register in which alice has a past, and bob is beside her.
people() {
	init
	p -q add bob --note of-bob >/dev/null
	p -q add alice --note canary-first >/dev/null
	p -q -y revoke alice
	p -q add canary-before --note canary-note --tag canary-tag >/dev/null
	p -q rename canary-before alice
	p -q rotate alice >/dev/null
	p -q disclose alice >/dev/null
	key=$(p -j show alice | jq -r .peer.public_key)
}
traces() { cat register/* | grep -acE "alice|canary|${key//+/\\+}" || true; }

@test "it asks, and refuses where nobody can be asked" {
	people
	t 2 forget alice
	error_is 'asks first'
	[ "$(traces)" != 0 ]
	t 6 -y forget nobody
	error_is 'nothing is held on a peer nobody'
	t 6 -y forget alice nobody
	[ "$(p -j list --state all | jq '.peers | length')" = 3 ]
	# on a terminal: who is not there is told before the question
	tty 24x80 forget nobody <<<n
	[ "$status" = 6 ]
	no grep -q '?' screen
	tty 24x80 forget alice <<<n
	[ "$status" = 1 ]
	grep -q 'cut off and erase for good all that is held on: alice?' screen
	[ "$(p -j list --state all | jq '.peers | length')" = 3 ]
	tty 24x80 forget alice <<<y
	[ "$status" = 0 ]
	[ "$(traces)" = 0 ]
}

@test "all of it is gone, the chain holds, the key stays refused" {
	people
	p -j list >before
	[ "$(traces)" != 0 ]
	t 0 -y forget alice
	[[ $stderr == *"alice: forgotten; configs, backups and disclosures"* ]]
	[ -z "$output" ]
	[ "$(traces)" = 0 ]
	p -q log --verify
	[ "$(p -j list --state all | jq -r '.peers[].name')" = bob ]
	[ "$(jq '.peers[] | select(.name == "bob")' before)" = "$(p -j list | jq '.peers[0]')" ]
	t 3 add alice --public-key "$key"
	error_is 'was revoked'
	t 6 show alice
	t 6 disclose alice
	t 6 -y forget alice
	[ "$(p -q -j log | jq -c '[.entries[] | select(.erased) | .verb]')" = \
		'["add","revoke","add","rename","rotate","disclose"]' ]
	# who did it is told, on whom it was done is not
	p -q -j log | jq -e '.entries[-1] | .verb == "forget" and .peer == null and .fields == {}'
	# the name is free
	p -q add alice >/dev/null
}

@test "JSON, a dry run" {
	people
	t 0 -j -y -n forget alice
	j '.applied == false'
	[[ $stderr == *"peer alice: 2 records of it, and the details of 6 audit entries, would be erased"* ]]
	[ "$(p -j list --state all | jq '.peers | length')" = 3 ]
	t 0 -j -y forget alice bob
	j '.interface == "wg0" and [.peers[].name] == ["alice", "bob"] and
		all(.peers[]; .outcome == "forgotten")'
	[ "$(p -j list --state all | jq '.peers | length')" = 0 ]
}

@test "an open reader delays it, and exit 4 says so" {
	people
	mkfifo go
	sqlite3 "$PEERAGE_REGISTER" 'BEGIN; SELECT count(*) FROM peer;' '.shell touch ready' \
		'.shell read -r line <go' >/dev/null 3>&- &
	until [ -e ready ]; do sleep 0.01; done
	t 4 -y forget alice
	[[ $stderr == *"another program is reading it: the next change tries again"* ]]
	t 4 -j -y forget bob
	j '.error.code == 4 and .peers[0].name == "bob"'
	[ "$(traces)" != 0 ]
	p -q add carol >/dev/null
	[ "$(traces)" != 0 ]
	echo >go
	wait
	t 0 disable carol
	[ "$(traces)" = 0 ]
	p -q log --verify
}

@test "no copy goes through a file" {
	strace -V >/dev/null 2>&1 || skip "needs strace"
	people
	"${traced[@]}" strace -f -o trace -e trace=open,openat,creat,memfd_create,rename,renameat2 "$PEERAGE" -q -y forget alice
	grep -q 'register\.db-wal' trace
	[ -z "$(grep O_CREAT trace | grep -vE 'register\.db(-wal|-shm)?"|/run/peerage')" ]
	[ "$(traces)" = 0 ]
}

# Every ninth; tests/fault/kill.sh takes each.
@test "killed at some system call, it is finished by the next change" {
	: "${PEERAGE_BUILD:?the build directory to test}"
	local call=1 status=137 forgotten=0
	people
	cp -a register start
	while [ "$status" = 137 ]; do
		rm -rf register && cp -a start register
		status=0
		"${traced[@]}" "$PEERAGE_BUILD/tests/killat" "$call" "$PEERAGE" -q -y forget alice </dev/null \
			>/dev/null 2>&1 || status=$?
		p -q log --verify >/dev/null
		if [ "$(p -j list | jq '[.peers[] | select(.name == "alice")] | length')" = 0 ]; then
			forgotten=$((forgotten + 1))
			p -q -j list --state all | jq -e '[.peers[].name] == ["bob"]' >/dev/null
			p -q disable bob
			[ "$(traces)" = 0 ] || { echo "call $call" && return 1; }
		else
			[ "$status" = 137 ]
			p -q -j list --state all | jq -e '.peers | length == 3' >/dev/null
			[ "$(p -q -j log | jq '[.entries[] | select(.erased)] | length')" = 0 ]
		fi
		call=$((call + 9 * ${CLI_SPARSE:-1}))
	done
	[ "$status" = 0 ]
	[ "$forgotten" -gt 1 ] && [ "$forgotten" -lt "$call" ]
}
