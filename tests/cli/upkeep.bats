# SPDX-License-Identifier: ISC
# Goal: what peers transfer can be seen, by whom and when; what is due is done by one
# command, as a timer runs it.
load common

register() { sqlite3 "$PEERAGE_REGISTER" "$@"; }
# used NAME DAYS-AGO RX TX: as if a tick had counted it
used() {
	register "INSERT INTO usage SELECT id, $3, $4, unixepoch() / 86400 - $2, public_key, 0, 0, 0
			FROM peer WHERE name = '$1'
			ON CONFLICT (peer_id) DO UPDATE SET rx_bytes = rx_bytes + $3, tx_bytes = tx_bytes + $4;
		INSERT INTO usage_day SELECT id, unixepoch() / 86400 - $2, $3, $4
			FROM peer WHERE name = '$1'"
}
day() { date -u -d "$1 days ago" +%F; }

@test "usage: totals, by day, by month, since" {
	init
	p -q add alice bob --quota 1M >/dev/null
	used alice 0 1000 2000
	used alice 1 10 20
	used bob 0 5 7
	t 0 usage -j
	j '[.usage[] | [.name, .rx_bytes, .tx_bytes, .total_bytes]] ==
		[["alice", 1010, 2020, 3030], ["bob", 5, 7, 12]]'
	j '.usage[0] | .quota_bytes == 1000000 and .quota_period == "total" and .quota_used_bytes == 3030'
	t 0 usage alice --by day -t
	[ "$(cut -f1-5 <<<"$output")" = "name	period	rx_bytes	tx_bytes	total_bytes
alice	$(day 0)	1000	2000	3000
alice	$(day 1)	10	20	30" ]
	t 0 usage alice --by day --since "$(day 0)" -j
	j '[.usage[].rx_bytes] == [1000]'
	t 0 usage bob --by month -j
	j ".usage == [.usage[0]] and .usage[0].period == \"$(date -u +%Y-%m)\""
	t 0 usage --since "$(day 0)" -j
	j '[.usage[].rx_bytes] == [1000, 5]'
	t 0 usage
	[[ $output == *alice*3.0\ KiB* ]]
	t 6 usage nobody
	t 2 usage --by week
	error_is "day or month"
	t 2 usage --since never
	error_is "--since"
}

@test "usage of days that are long over is kept by the month" {
	init
	p -q add alice >/dev/null
	used alice 100 1 2
	used alice 101 10 20
	used alice 0 100 200
	local month
	month=$(date -u -d "100 days ago" +%Y-%m)
	t 0 usage alice -j
	j '.usage[0].rx_bytes == 111'
	register "INSERT INTO usage_month SELECT peer_id, strftime('%Y', day * 86400, 'unixepoch') * 12 +
			strftime('%m', day * 86400, 'unixepoch') - 1, sum(rx_bytes), sum(tx_bytes)
			FROM usage_day WHERE day < unixepoch() / 86400 - 62 GROUP BY 2;
		DELETE FROM usage_day WHERE day < unixepoch() / 86400 - 62"
	t 0 usage alice --by month -j
	j '[.usage[].rx_bytes] | add == 111'
	j "any(.usage[]; .period == \"$month\")"
	t 0 usage alice --by day -j
	j '[.usage[].rx_bytes] == [100]'
}

@test "a quota that is used up: cut off, said why, let in again by another" {
	init
	p -q add alice --quota 1000 >/dev/null
	used alice 0 600 400
	t 0 -n maintain
	[[ ${lines[0]} =~ ^ACTION.*PEER.*WHAT ]]
	[[ ${lines[1]} =~ ^remove.*alice.*"will be expired" ]]
	[[ $stderr == *"alice would be cut off"* ]]
	t 0 -n -t maintain
	[ "${lines[0]}" = $'action\tpeer\tpublic_key\tsummary' ]
	[[ ${lines[1]} == $'remove\talice\t'* ]]
	t 0 maintain
	[[ $stderr == *"alice is cut off"* ]]
	t 0 -n maintain
	[[ -z $output && $stderr == "wg0: nothing to change" ]]
	t 0 show alice -j
	j '.peer | .state == "expired" and .quota_used_bytes == 1000 and .resumes_at == null'
	t 3 enable alice
	error_is "used up its quota.*--quota"
	t 0 set alice --quota 2000 -j
	j '.peers[0].state == "active"'
	t 0 log -j
	j '[.entries[-2:][].verb] == ["quota", "set"]'
	t 0 maintain -j
	j '.interfaces[0] | .cut == 0 and .error == null'
}

@test "maintain: each interface, or one" {
	t 6 maintain
	init
	p -q init wg1 --endpoint 192.0.2.1 --address 10.8.0.1/24 --listen-port 51821 >/dev/null
	t 0 maintain -j
	j '[.interfaces[].interface] == ["wg0", "wg1"]'
	t 0 -i wg1 maintain -j
	j '[.interfaces[].interface] == ["wg1"]'
	t 6 -i wg7 maintain
	t 2 maintain wg0
	t 0 maintain -n
	local before
	before=$(everything)
	t 0 maintain
	[ "$(everything)" = "$before" ]
}

# The text format, version 0.0.4, as strictly as a collector reads it.
is_exposition() {
	awk '
	function bad(why) { print "line " NR ": " why ": " $0; failed = 1 }
	/^# HELP [a-zA-Z_:][a-zA-Z0-9_:]* ./ { if ($3 in helped) bad("HELP again"); helped[$3] = 1; family = $3; next }
	/^# TYPE [a-zA-Z_:][a-zA-Z0-9_:]* (counter|gauge)$/ {
		if ($3 != family) bad("TYPE of another"); if ($3 in type) bad("TYPE again")
		type[$3] = $4; if ($4 == "counter" && $3 !~ /_total$/) bad("a counter that is no _total")
		if ($4 != "counter" && $3 ~ /_total$/) bad("_total that is no counter"); next }
	/^[a-zA-Z_:][a-zA-Z0-9_:]*(\{([a-z_]+="([^"\\]|\\["\\n])*",?)+\})? -?[0-9]+(\.[0-9]+)?$/ {
		name = $0; sub(/[{ ].*/, "", name); if (name != family || !(name in type)) bad("not of the family above")
		series = $0; sub(/ [^ ]*$/, "", series); if (series in seen) bad("again"); seen[series] = 1; samples[name]++; next }
	{ bad("not of the format") }
	END { for (f in type) if (!samples[f]) { print f ": no sample"; failed = 1 }; exit failed || !NR }'
}

@test "metrics are what a collector takes" {
	init
	p -q add alice bob >/dev/null
	p -q disable bob
	used alice 0 1000 2000
	t 0 metrics
	is_exposition <<<"$output"
	[[ $output == *'peerage_peers{interface="wg0",state="active"} 1'* ]]
	[[ $output == *'peerage_peers{interface="wg0",state="disabled"} 1'* ]]
	[[ $output == *'peerage_receive_bytes_total{interface="wg0"} 1000'* ]]
	[[ $output != *alice* ]]
	t 0 metrics --per-peer
	is_exposition <<<"$output"
	[[ $output == *'peerage_peer_transmit_bytes_total{interface="wg0",peer="alice"} 2000'* ]]
	p -q -y revoke alice
	t 0 metrics
	[[ $output == *'peerage_receive_bytes_total{interface="wg0"} 1000'* ]] # it never falls
	t 2 metrics -j
	no is_exposition <<<"x 1" >/dev/null
	no is_exposition <<<"$output
$output" >/dev/null
}

@test "metrics --output is whole or not there" {
	init
	echo old >m.prom
	t 0 metrics --output m.prom
	[ -z "$output" ]
	is_exposition <m.prom
	[ "$(stat -c %a m.prom)" = 644 ]
	[ "$(ls -A | grep -c peerage-)" = 0 ]
	t 1 metrics --output nowhere/m.prom
	error_is "nowhere"
	mkdir full
	mkfifo pipe
	ln -s m.prom link
	for name in full pipe link; do
		t 3 metrics --output "$name"
		error_is "'$name' is not a regular file, and is left alone"
	done
	[ -d full ] && [ -p pipe ] && [ -L link ]
	[ "$(ls -A | grep -c peerage-)" = 0 ]
}
