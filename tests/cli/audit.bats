# SPDX-License-Identifier: ISC
# Goal: audit says what is not as it should be, and what mends it. What runs is looked
# at in tests/vm/audit.sh; here it is the register alone.
load common

findings() { jq -r '[.findings[] | .severity + " " + .kind] | join(",")' <<<"$output"; }

@test "a register that is as it should be" {
	init
	p -q add alice >/dev/null
	t 0 audit
	[ "$stderr" = "wg0 is as it should be" ]
	[ -z "$output" ]
	t 0 -j audit
	j '. == {"interface": "wg0", "findings": []}'
}

@test "findings come the most severe first, and mend as they say" {
	init
	p -q add alice --preshared-key none >/dev/null
	p -q add bob >/dev/null
	p -q set bob --dns 192.0.2.53
	chmod 644 "$PEERAGE_REGISTER"
	t 5 -j audit
	[ "$(findings)" = "critical register-readable,warning config-stale,info no-preshared-key" ]
	j '.findings[1] | .peer == "bob" and .command == "peerage -i wg0 rotate bob"'
	eval "$(jq -r '.findings[0].command' <<<"$output")"
	t 5 audit
	[ "${lines[0]}" = "warning  bob  config-stale" ]
	[[ $'\n'$output == *$'\n\ninfo  alice  no-preshared-key\n'* ]]
	[[ ${lines[*]} == *"to mend it: peerage -i wg0 set alice --preshared-key new"* ]]
	t 0 audit --fail-on critical
	t 5 audit --fail-on info -t
	[ "${lines[0]}" = $'severity\tkind\tpeer\tpublic_key\twhat\twhy\tcommand' ]
	t 0 audit --fail-on none
	t 2 audit --fail-on grave
	error_is "--fail-on 'grave' is unknown"
}

@test "it changes nothing, and shows no secret" {
	init
	p -q add alice --preshared-key none >config
	before=$(everything)
	t 0 -j audit
	no grep -qF "$(sed -n 's/^PrivateKey = //p' config)" <<<"$output"
	[ "$(everything)" = "$before" ]
}
