# SPDX-License-Identifier: ISC
# Goal: a peer gets new keys and keeps all else; the old key never comes back.
load common

keys() { jq -c '.peer | [.public_key, .addresses, .note]' <<<"$(p -j show alice)"; }

@test "new keys, same addresses, a config that fits them" {
	init
	p -q add alice --note mine >old
	before=$(keys)
	t 0 -q rotate alice
	[ "$(sed -n 's/^PrivateKey = //p' <<<"$output" | wg pubkey)" = "$(p -j show alice | jq -r .peer.public_key)" ]
	[ "$(sed -n 's/^PresharedKey = //p' <<<"$output")" != "$(sed -n 's/^PresharedKey = //p' old)" ]
	[ "$(grep -v Key <<<"$output")" = "$(grep -v Key old)" ]
	[ "$(keys | jq -c '.[1:]')" = "$(jq -c '.[1:]' <<<"$before")" ]
	[ "$(keys | jq -r '.[0]')" != "$(jq -r '.[0]' <<<"$before")" ]
	t 3 add again --public-key "$(jq -r '.[0]' <<<"$before")"
	error_is "revoked"
	t 0 -j log --peer alice
	j '.entries[-1] | .verb == "rotate" and (.fields | keys) == ["public_key"]'
	j '.entries[-1].fields.public_key.from == '"$(jq '.[0]' <<<"$before")"
}

@test "a key of the user's own, twice" {
	init
	p -q add alice >/dev/null
	key=$(wg genkey | wg pubkey)
	t 0 -q rotate alice --public-key "$key"
	[[ $output == *"# PrivateKey ="* ]]
	[ "$(p -j show alice | jq -r .peer.public_key)" = "$key" ]
	t 0 -j rotate alice --public-key "$key"
	j '.peers[0].outcome == "unchanged" and .peers[0].config == null'
	p -q add bob >/dev/null
	t 3 rotate bob --public-key "$key"
	error_is "is peer alice's"
}

@test "a config that was stale is not after it" {
	init
	p -q add alice bob >/dev/null
	p -q configure endpoint 192.0.2.9 >/dev/null
	[ "$(p -j list --stale-config | jq '.peers | length')" = 2 ]
	t 0 -q rotate alice
	[[ $output == *"Endpoint = 192.0.2.9:51820"* ]]
	[ "$(p -j list --stale-config | jq -r '.peers[].name')" = bob ]
}

@test "without a preshared key it stays so; disabled it stays so" {
	init
	p -q add alice --preshared-key none >/dev/null
	p -q disable alice
	t 0 -j rotate alice
	j '.peers[0] | .outcome == "changed" and .preshared_key == null and .state == "disabled"
		and (.private_key | length) == 44 and (.config | length) > 100'
}

@test "several, files, and what is refused" {
	init
	p -q add alice bob >/dev/null
	p -q -y revoke bob
	t 3 rotate alice bob
	error_is "bob is revoked"
	before=$(everything)
	t 6 rotate alice nobody
	t 2 rotate
	t 2 rotate alice carol --public-key "$(wg genkey | wg pubkey)"
	t 2 rotate alice --note x
	[ "$(everything)" = "$before" ]
	p -q add carol >/dev/null
	t 0 rotate alice carol --out out
	[[ $stderr == *"2 peers with new keys on wg0; 4 files in out"* ]]
	[ "$(sed -n 's/^PrivateKey = //p' out/carol.conf | wg pubkey)" = "$(p -j show carol | jq -r .peer.public_key)" ]
	[ "$(stat -c %a out/carol.conf)" = 600 ]
	t 3 rotate alice --out out
	before=$(everything)
	t 0 -n rotate alice
	[ "$(everything)" = "$before" ]
}

@test "export --out: a file a peer, all or none" {
	init
	p -q add alice bob >/dev/null
	t 6 export alice nobody --out out
	[ ! -e out ]
	t 0 export alice bob --out out
	[ -z "$output" ]
	[ "$(cat out/alice.conf)" = "$(p -q export alice)" ]
	[ "$(stat -c %a out/bob.conf)" = 600 ]
	[ "$(ls -A out)" = $'alice.conf\nbob.conf' ]
	t 3 export bob --out out
	error_is "out/bob.conf' exists already"
	t 1 export bob --out out2 --qr
	error_is "was not kept"
}

@test "keys of many, made beside the change, are each peer's own" {
	init
	seq -f 'n%.0f' 200 >names
	# keys_of FILE: name, and the public key of the private one
	keys_of() {
		paste <(jq -r '.[0]' "$1") <(jq -r '.[1]' "$1" | "$PEERAGE_BUILD/tests/pubkeys") | sort
	}
	registered() { p -j list | jq -r '.peers[] | "\(.name)\t\(.public_key)"' | sort; }
	p -q -j add --from names | jq -c '[.name, .private_key]' >added
	[ "$(wc -l <added)" = 200 ]
	diff <(keys_of added) <(registered)
	mapfile -t names <names
	p -q -j rotate "${names[@]}" | jq -c '.peers[] | [.name, .private_key]' >rotated
	diff <(keys_of rotated) <(registered)
	[ "$(cat added rotated | jq -r '.[1]' | sort -u | wc -l)" = 400 ]
}

@test "many at once: each gets its own keys" {
	init
	printf 'peer%02d\n' {1..40} >names
	p -q add --from names --out old 2>/dev/null
	t 0 -q rotate $(<names) --out new
	[ "$(ls new | wc -l)" = 80 ]
	[ "$(cat old/*.conf new/*.conf | grep -c '^PrivateKey')" = 80 ]
	[ "$(cat old/*.conf new/*.conf | grep '^PrivateKey' | sort -u | wc -l)" = 80 ]
	for name in peer01 peer40; do
		[ "$(sed -n 's/^PrivateKey = //p' new/$name.conf | wg pubkey)" = "$(p -j show $name | jq -r .peer.public_key)" ]
	done
}
