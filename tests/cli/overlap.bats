# SPDX-License-Identifier: ISC
# Goal: a peer gets new keys while the old ones go on working; what is shown of it,
# what ends it, and that a document holds it.
load common

overlap() {
	init
	p -q add alice --note mine --tag staff --expires 2099-01-01 --routes 192.168.7.0/24 >old
	p -q rotate alice --overlap 7d >new
}
of() { p -j show "$1" | jq -c ".peer | $2"; }

@test "a new config beside the old one, and who has which" {
	overlap
	[ "$(sed -n 's/^PrivateKey = //p' new | wg pubkey)" = "$(of alice .public_key | jq -r .)" ]
	[ "$(sed -n 's/^PrivateKey = //p' old | wg pubkey)" = "$(of alice.old .public_key | jq -r .)" ]
	grep -qx 'Address = 10.7.0.3/32, fd07::3/128' new
	[ "$(grep -v 'Key\|^Address' new)" = "$(grep -v 'Key\|^Address' old)" ]
	[ "$(of alice '[.note, .tags, .expires_at, .created_at]')" = \
		"$(of alice.old '[.note, .tags, .expires_at, .created_at]')" ]
	t 0 -j show alice
	j '.peer.overlap | .older == "alice.old" and .successor == null'
	[ "$(of alice .overlap.public_key)" = "$(of alice.old .public_key)" ]
	j '.peer | (.overlap.until | fromdate) - now | . > 7 * 86400 - 600 and . <= 7 * 86400'
	t 0 -j show alice.old
	j '.peer.overlap | .older == null and .public_key == null and .successor == "alice"'
	j '.peer.routes == ["192.168.7.0/24"]'
	t 0 show alice
	[[ $output =~ older\ key\ +alice.old && $output =~ both\ until\ +20.*in\ 7\ d ]]
	t 0 list
	[[ $stderr == *"1 of these has an older key"* ]]
	t 0 -t list
	[ "$(cut -f 1,18,19 <<<"${lines[2]}")" = $'alice\talice.old\t' ]
	p -q add bob >/dev/null
	[ "$(of bob .overlap)" = null ]
}

@test "it says what it does, and -n does not do it" {
	init
	p -q add alice --routes 192.168.7.0/24 >/dev/null
	before=$(everything)
	t 0 -n rotate alice --overlap 7d
	[[ $output =~ update\ +alice.old\ +name:\ was\ alice ]]
	[ "$(everything)" = "$before" ]
	t 0 --no-apply rotate alice --overlap 7d
	[[ $stderr == *"peer alice: the older key works too, as alice.old, until"* ]]
	[[ $stderr == *"its routes lead to the older key until then"* ]]
	t 0 -j log --peer alice
	j '[.entries[-2:][].verb] == ["rotate", "rotate"]'
	j '.entries[-2].fields | keys == ["name", "overlap_until", "successor"]'
	j '.entries[-1].fields | keys == ["addresses", "public_key", "routes"]'
}

@test "revoke takes both keys, and both stay out" {
	overlap
	t 0 -y revoke alice
	[[ $stderr == *"so is its older key, alice.old"* ]]
	t 0 -t list
	[ "${#lines[@]}" = 1 ]
	for key in $(p -j list --state revoked | jq -r '.peers[].public_key'); do
		t 3 add again --public-key "$key"
	done
}

@test "the older key is ended by hand; its routes move" {
	overlap
	key=$(of alice.old .public_key)
	t 0 -q -y revoke alice.old
	[ "$(of alice '[.overlap, .routes]')" = '[null,["192.168.7.0/24"]]' ]
	t 0 -j log --peer alice
	j '.entries[-2:] | map(.verb) == ["revoke", "rotate"]'
	t 3 add again --public-key "$(jq -r . <<<"$key")"
	error_is "revoked"
}

@test "several, with files; and what is refused" {
	init
	p -q add alice bob carol >/dev/null
	t 0 rotate alice bob --overlap 1h --out out
	[ "$(ls out | wc -l)" = 4 ]
	[ "$(sed -n 's/^PrivateKey = //p' out/bob.conf | wg pubkey)" = "$(of bob .public_key | jq -r .)" ]
	before=$(everything)
	t 2 rotate carol --overlap 59s
	error_is "at least 60s"
	t 2 rotate carol --overlap 2y
	error_is "at most 1y"
	t 2 rotate carol --overlap none
	t 2 add dave --overlap 1h
	t 3 rotate carol alice.old
	error_is "alice.old is the older key of peer alice"
	t 3 set alice --routes 192.168.9.0/24
	error_is "peerage revoke alice.old"
	[ "$(everything)" = "$before" ]
	key=$(wg genkey | wg pubkey)
	t 0 -q rotate carol --overlap 1h --public-key "$key"
	[[ $output == *"# PrivateKey ="* ]]
	[ "$(of carol .public_key)" = "\"$key\"" ]
}

@test "no address is left: nothing changes" {
	p -q init wg0 --endpoint 192.0.2.1 --address 10.7.0.1/30 >/dev/null
	p -q add alice >/dev/null
	before=$(everything)
	t 1 rotate alice --overlap 1d
	error_is "without --overlap it keeps those that it has"
	[ "$(everything)" = "$before" ]
}

@test "a document holds an overlap" {
	umask 077
	overlap
	p dump >d.conf
	grep -qx '# Successor = alice' d.conf
	grep -qE '^# OverlapUntil = 20' d.conf
	t 0 plan d.conf
	everything >before
	t 0 -y apply --prune d.conf
	[ "$stderr" = "wg0: nothing to change" ]
	diff before <(everything)
	# to another server
	t 0 --register other/register.db -q apply d.conf
	p --register other/register.db dump | diff d.conf -
	# both names change, and the moment
	sed 's/= alice/= zoe/; s/OverlapUntil = .*/OverlapUntil = 2098-01-01T00:00:00Z/' d.conf >e.conf
	t 0 -q -y apply --prune e.conf
	p dump | diff e.conf -
	[ "$(of zoe .overlap.until)" = '"2098-01-01T00:00:00Z"' ]
	# without its lines the older key is a peer like others
	grep -v 'Successor\|OverlapUntil' e.conf >f.conf
	t 0 -q -y apply --prune f.conf
	[ "$(of zoe .overlap)" = null ]
	[ "$(of zoe.old .overlap)" = null ]
	t 0 -q -y apply --prune e.conf
	[ "$(of zoe.old .overlap.successor)" = '"zoe"' ]
}

@test "a document that does not hold together" {
	umask 077
	overlap
	p dump >d.conf
	everything >before
	bad() {
		t 2 apply x.conf
		error_is "$1"
		diff before <(everything)
	}
	grep -v OverlapUntil d.conf >x.conf
	bad "Successor and OverlapUntil go together"
	sed 's/Successor = alice/Successor = nobody/' d.conf >x.conf
	bad "no other .Peer. here"
	sed 's/Successor = alice/Successor = alice.old/' d.conf >x.conf
	bad "no other .Peer. here"
	sed 's/^# Name = alice$/&\n# Successor = alice.old\n# OverlapUntil = 2098-01-01/' d.conf >x.conf
	t 2 apply x.conf
	[[ $stderr == *"two keys at most"* ]]
	diff before <(everything)
}
