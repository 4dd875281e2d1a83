# SPDX-License-Identifier: ISC
# Goal: one document has all that is held on one peer, nothing on any other, and a
# signature that minisign verifies; that it was made is in the log.
load common

# Twenty who must not be seen, and alice, with a life.
people() {
	local i
	init
	for i in $(seq 20); do
		p -q add "other$i-canary" --note "note-canary-$i" --tag "tag-canary-$i" \
			--routes "10.99.$i.0/24" --expires "2031-01-$(printf %02d "$i")" >/dev/null
	done
	p -q add alice --note first-alice --tag old >/dev/null
	p -q -y revoke alice
	p -q add before-alice --note 'an "odd" <note>, ünïcode' --tag staff --tag phone \
		--routes 10.77.0.0/16 --peer-endpoint 198.51.100.7:4711 --quota 10G/month \
		--expires 2031-05-06 --dns 10.9.9.9 >/dev/null
	p -q rename before-alice alice
	p -q set alice --address 10.7.0.200,fd07::200 >/dev/null
	p -q rotate alice >/dev/null
	# what concerns several at once
	p -q disable alice other3-canary other4-canary
	p -q enable alice other3-canary other4-canary
}

# Nothing of others: names, tags, notes, routes, keys, addresses.
no_others() {
	no grep -q 'canary\|10\.99\.\|2031-01-' "$1"
	while read -r what; do no grep -qwF -- "$what" "$1" || return 1; done < <(
		p -j list --state all | jq -r '.peers[] | select(.name | test("canary")) |
			.public_key, .addresses[]')
	[ "$(p -j list --state all | jq '[.peers[] | select(.name | test("canary"))] | length')" = 20 ]
}

@test "text and JSON have all of alice, and nothing of anybody else" {
	people
	p -q disclose alice >text
	p -q -j disclose alice >json
	for f in text json; do
		for word in alice before-alice first-alice staff phone ünïcode 10.77.0.0/16 \
			198.51.100.7:4711 2031-05-06T00:00:00Z 10.9.9.9 10.7.0.200 fd07::200 \
			"$(p -j show alice | jq -r .peer.public_key)"; do
			grep -qF -- "$word" $f || { echo "$f: no $word" && return 1; }
		done
		no_others $f
	done
	jq -e '.disclosure == 1 and .interface == "wg0" and .name == "alice"
		and (.peers | length) == 2
		and ([.peers[].registered.state] == ["revoked", "active"])
		and .peers[0].registered.note == "first-alice"
		and (.peers[0].held_addresses | length) == 2
		and (.peers[0].revoked_keys | length) == 1
		and .peers[1].registered.note == "an \"odd\" <note>, ünïcode"
		and .peers[1].registered.has_preshared_key
		and .peers[1].registered.quota_bytes == 10000000000
		and .peers[1].registered.quota_period == "month"
		and ([.peers[1].entries[].verb] ==
			["add", "rename", "set", "rotate", "disable", "enable", "disclose"])
		and (.peers[1].revoked_keys | length) == 1
		and .peers[1].running == null and .interface_running == null
		and (.withheld | length) == 3 and (.withheld[1] | test("counters.*digest.*salts"))
		and (.not_held | length) > 2' json
	# both say the same: each value of one stands in the other
	p -q -n disclose alice >text
	p -q -n -j disclose alice >json
	jq -r 'del(.made_at) | .. | strings' json | while read -r value; do
		grep -qF -- "$value" text || { echo "the text lacks $value" && return 1; }
	done
}

@test "no secret is in it" {
	init
	p -q add alice >config
	psk=$(sed -n 's/^PresharedKey = //p' config)
	[ ${#psk} = 44 ]
	p -q -j disclose alice >json
	no grep -qF "$psk" json
	no grep -qF "$(sed -n 's/^PrivateKey = //p' config)" json
	grep -qF "The preshared key" json
}

@test "minisign verifies it, and not what was changed" {
	people
	p disclose --public-key >key.pub
	[ "$(wc -l <key.pub)" = 2 ]
	[[ $(head -n 1 key.pub) =~ ^"untrusted comment: minisign public key "[0-9A-F]{16}$ ]]
	p -q disclose alice --output doc.txt
	p -q -j disclose alice --output doc.json
	[ "$(stat -c %a doc.txt doc.txt.minisig doc.json doc.json.minisig | sort -u)" = 600 ]
	minisign -Vm doc.txt -p key.pub
	minisign -Vm doc.json -P "$(tail -n 1 key.pub)"
	p -q disclose alice --signature piped.minisig >piped
	minisign -Vm piped -p key.pub
	sed -i s/alice/alicE/ doc.txt
	no minisign -Vm doc.txt -p key.pub
	sed -i 's/register:/registeR:/' doc.json.minisig
	no minisign -Vm doc.json -p key.pub
	# the key stays, and is the register's own
	[ "$(p disclose --public-key)" = "$(cat key.pub)" ]
	PEERAGE_REGISTER=$PWD/other/register.db init
	[ "$(PEERAGE_REGISTER=$PWD/other/register.db p disclose --public-key)" != "$(cat key.pub)" ]
	t 0 -j disclose --public-key
	j ".signing.public_key == $(jq -Rs . key.pub)"
}

@test "it is logged with the hash of the document" {
	people
	p -q disclose alice --output doc
	t 0 -j log --peer alice
	j ".entries[-1] | .verb == \"disclose\" and .peer == \"alice\" and
		.fields.document == {from: null, to: \"$(b2sum -l 256 doc | cut -d' ' -f1)\"}"
	p -q log --verify
	# a dry run is neither logged nor signed
	before=$(p -q log --head)
	t 0 -n disclose alice
	[[ $stderr == *"neither logged nor signed"* ]]
	[[ $output == *"name: alice"* ]]
	[ "$(p -q log --head)" = "$before" ]
}

@test "one that was revoked, renamed away, or never there" {
	init
	p -q add bob --note of-bob >/dev/null
	p -q -y revoke bob
	p -q -j disclose bob >json
	jq -e '.peers[0].registered.state == "revoked" and .peers[0].registered.note == "of-bob"' json
	p -q add carol >/dev/null
	p -q rename carol dora
	t 6 disclose carol
	error_is 'nothing is held on a peer carol'
	t 6 disclose nobody
	error_is 'nothing is held on a peer nobody'
	t 6 -j disclose nobody
	j '.error.code == 6'
}

@test "files are complete or absent, and never over another" {
	init
	p -q add alice >/dev/null
	head=$(p -q log --head)
	echo mine >doc
	t 3 disclose alice --output doc
	[ "$(cat doc)" = mine ]
	[ ! -e doc.minisig ]
	echo mine >new.minisig
	t 3 disclose alice --output new
	[ ! -e new ]
	t 1 disclose alice --output nowhere/doc
	t 2 disclose alice --output one --signature "$PWD/./one"
	error_is "--output and --signature are one file, 'one'"
	[ ! -e one ]
	# what fails there was not logged
	[ "$(p -q log --head)" = "$head" ]
	[ "$(ls -A | grep -c '^\.peerage')" = 0 ]
	t 0 disclose alice
	[[ $stderr == *"--output FILE writes FILE and FILE.minisig"* ]]
	t 0 -q disclose alice
	[ -z "$stderr" ]
}

@test "what it does not take" {
	init
	p -q add alice >/dev/null
	t 2 disclose
	error_is 'needs NAME'
	t 2 disclose alice bob
	t 2 disclose --public-key alice
	t 2 disclose --public-key --output x
	t 2 -t disclose alice
}

@test "a value is one line, and a damaged one no more than that" {
	init
	p -q add alice >/dev/null
	sqlite3 "$PEERAGE_REGISTER" "UPDATE peer SET note = 'a' || char(10) || 'name: mallory' ||
		char(27) || '[31m' || char(8238)"
	p -q disclose alice >text
	grep -qF 'note: a\u000aname: mallory\u001b[31m\u202e' text
	[ "$(grep -c '^ *name: ' text)" = 3 ]
	p -q -j disclose alice | jq -e '.peers[0].registered.note | startswith("a\nname: mallory")'
}
