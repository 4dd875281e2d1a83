# SPDX-License-Identifier: ISC
# Goal: audit says what is not as it should be, and what mends it. What runs is looked
# at in tests/vm/audit.sh; here it is the register alone.
load common

findings() { jq -r '[.findings[] | .severity + " " + .kind] | join(",")' <<<"$output"; }

@test "a register that is as it should be" {
	init
	p -q add alice >/dev/null
	t 0 audit
	[ "$stderr" = "with --backend none the register alone is looked at, and is as it should be" ]
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
	[ "${lines[0]}" = $'severity\tkind\tpeer\tpublic_key\twhat\twhy\tcommand\tcount' ]
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

@test "more than 20 of a kind are told as one, but for --all" {
	init
	seq -f 'p%.0f' 30 | p -q add --from - --preshared-key none --out out >/dev/null
	t 0 -j audit
	[ "$(findings)" = "info no-preshared-key" ]
	j '.findings[0] | .count == 30 and .peer == null and .public_key == null and .command == null'
	j '.findings[0].what | test("^30 peers have no preshared key: p1, p2, p3 and so on; .peerage -i wg0 audit --all. ")'
	t 0 -j audit --all
	j '.findings | length == 30 and all(.[]; .count == 1 and (.command | length > 0))'
}

@test "a command names the register and the backend that were given" {
	init
	p -q add alice --preshared-key none >/dev/null
	mkdir -m 700 "it's here" && cp "$PEERAGE_REGISTER" "it's here/r.db" && chmod 600 "it's here/r.db"
	rm -rf register
	t 0 --register "it's here/r.db" --backend none -j audit
	j '.findings | length == 1'
	eval "$(jq -r '.findings[0].command' <<<"$output" | sed "s|^peerage|$PEERAGE -q|")"
	t 5 --register "it's here/r.db" audit
	[[ $output == *config-stale* ]]
}

@test "keys and dates" {
	init
	p -q add alice --expires 6d >/dev/null
	p -q add bob --expires 8d >/dev/null
	t 0 -j audit
	[ "$(findings)" = "info expires-soon" ]
	j '.findings[0] | .peer == "alice" and .command == "peerage -i wg0 set alice --expires 30d"'
	p -q set alice bob --expires none
	t 0 audit
	[ -z "$output" ]
	p -q configure rotate-after 90d >/dev/null
	sqlite3 "$PEERAGE_REGISTER" "UPDATE peer SET keyed_at = keyed_at - 90 * 86400 - 60 WHERE name = 'bob'"
	t 5 -j audit
	[ "$(findings)" = "warning key-old" ]
	j '.findings[0] | .peer == "bob" and .what == "has had its key for more than 90 days" and
		.command == "peerage -i wg0 rotate bob --overlap 7d"'
	p -q configure rotate-after 1d >/dev/null
	t 5 -j audit
	j '.findings[0].what == "has had its key for more than 1 day"'
	p -q disable bob
	t 0 audit
	[ "$stderr" = "with --backend none the register alone is looked at, and is as it should be" ]
}

@test "networks that hold what another peer has, or the whole tunnel" {
	p -q init --endpoint 192.0.2.1 --address 10.8.0.1/24 >/dev/null
	p -q add inner --routes 192.168.7.0/24 >/dev/null
	p -q add outer --routes 192.168.0.0/16,172.16.0.0/16 >/dev/null
	p -q add next --routes 192.169.0.0/16,192.168.7.128/32 >/dev/null
	t 5 -j audit
	j '[.findings[] | .severity + " " + .kind + " " + .peer] ==
		["warning overlap inner", "warning overlap outer"]'
	j '.findings[0] | (.what | contains("192.168.7.0/24 holds 192.168.7.128/32, which is peer next'"'"'s")) and
		.command == "peerage -i wg0 set inner --routes none"'
	j '.findings[1].command == "peerage -i wg0 set outer --routes 172.16.0.0/16"'
	p -q disable inner next
	t 0 audit
	p -q set outer --routes 10.8.0.0/15
	t 5 -j audit
	j '.findings[0].what == "10.8.0.0/15 holds the whole tunnel, 10.8.0.0/24"'
}

@test "a sample needs something that runs, and a time" {
	init
	t 2 --backend none audit --sample 10s
	error_is "nothing to watch"
	t 2 audit --sample 0s
	t 2 audit --sample soon
	error_is "--sample"
	t 2 audit --sample 8d
}
