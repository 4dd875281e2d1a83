# SPDX-License-Identifier: ISC
# Goal: what other tools wrote is read as they meant it. For each NAME.conf of
# tests/golden/import, `import -n -t` prints NAME.tsv, and NAME.told beside it.
load common

golden=$BATS_TEST_DIRNAME/../golden/import

corpus() {
	local conf name n=0
	for conf in "$golden/$1"-*.conf; do
		name=${conf##*/} name=${name%.conf}
		install -m 600 "$conf" .
		"$PEERAGE" -n -t import "$name.conf" --endpoint 192.0.2.1 >tsv 2>told </dev/null
		diff "$golden/$name.tsv" tsv
		diff "$golden/$name.told" told
		# and it can be recorded, with the same peers
		"$PEERAGE" -q -t import "$name.conf" --endpoint 192.0.2.1 \
			>tsv </dev/null
		diff "$golden/$name.tsv" tsv
		p -q -y interfaces remove "$name"
		n=$((n + 1))
	done
	[ "$n" -ge 3 ]
}

@test "pivpn" { corpus pivpn; }
@test "angristan/wireguard-install" { corpus angristan; }
@test "Nyr/wireguard-install" { corpus nyr; }
@test "wg-easy" { corpus wgeasy; }
@test "friendly_name of prometheus_wireguard_exporter" { corpus friendly; }
@test "by hand" { corpus plain; }

@test "every file of the corpus is of a tool, and has both its results" {
	for conf in "$golden"/*.conf; do
		[[ ${conf##*/} =~ ^(pivpn|angristan|nyr|wgeasy|friendly|plain)-[0-9]\.conf$ ]]
		[ -s "${conf%.conf}.tsv" ]
		[ -s "${conf%.conf}.told" ]
	done
}
