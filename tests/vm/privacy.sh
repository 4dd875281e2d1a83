#!/bin/bash
# SPDX-License-Identifier: ISC
# A week of life, with clients that roam: peers are added, connect from another address
# each day, are counted by ticks, looked at, revoked and forgotten. After it no file of
# the register, nothing in /run/peerage and nothing that the journal was told has an
# address that anybody connected from, nor the time of a handshake, but the day.
# The clock is set forward only where it is no one else's (VM_OWN).
. "$(dirname "$0")/lib.sh"

seen=$box/seen
: >"$seen.endpoints"
: >"$seen.handshakes"
found=$box/found

# ------------------------------------------------------------------- the search
# In all that peerage writes by itself.
search() {
	local files
	mapfile -t files < <(find "${PEERAGE_REGISTER%/*}" /run/peerage /var/lib/peerage \
		"$box/journal" -type f 2>/dev/null)
	"$PEERAGE_BUILD/tests/traces" "$seen.endpoints" "$seen.handshakes" \
		"1${VM_OWN:+,60,3600}" "${files[@]}" >"$found" 2>&1
}
nothing_found() { search || { echo "exit $?" && cat "$found" && return 1; }; }

# ------------------------------------------------------------------ the journal
mkdir -p /run/systemd/journal
"$PEERAGE_BUILD/tests/journal" "$box/journal" &
within 20 test -S /run/systemd/journal/socket || bail "no journal"

# --------------------------------------------------------------------- the days
# Handshakes at one time of the day, all else at another: a time that is found is
# that of a handshake.
clock_to() {
	if [ -n "${VM_OWN:-}" ]; then date -u -s "$1" >/dev/null; else sleep 1.2; fi
}
midnight=$(($(date +%s) / 86400 * 86400 + 86400))
day_at() { echo "@$((midnight + $1 * 86400 + $2))"; }

# roam NS DAY: other addresses, another port
roam() {
	in_ns "$1" ip addr flush dev eth0 scope global
	in_ns "$1" ip addr add "192.0.2.$((100 + $2))/24" dev eth0
	in_ns "$1" ip addr add "2001:db8:1::$((100 + $2))/64" dev eth0 nodad
	in_ns "$1" wg set wg0 listen-port $((41000 + $2 * 7))
	# every other day by IPv6
	[ $(($2 % 2)) = 0 ] || in_ns "$1" wg set wg0 peer "$server_key" endpoint "[2001:db8:1::1]:51820"
}
shakes_hands() { # a client that is made anew
	client_up "$box/$1.conf" client >/dev/null 2>&1 && roam client "$2" &&
		within 30 reaches client "$v4"
}
note_what_runs() {
	in_ns server wg show wg0 endpoints | cut -f2 | grep -v -e '(none)' -e '^127\.0\.0\.1:9$' \
		>>"$seen.endpoints"
	in_ns server wg show wg0 latest-handshakes | cut -f2 | grep -vx 0 >>"$seen.handshakes"
	sort -u -o "$seen.endpoints" "$seen.endpoints"
	sort -u -o "$seen.handshakes" "$seen.handshakes"
}

topology
server_up
v4=$(tunnel_address inet)
server_key=$(in_ns server wg show wg0 public-key)
failed=
for day in 0 1 2 3 4 5 6; do
	clock_to "$(day_at "$day" 10037)"
	peerage -q add "user$day" --note "of day $day" >"$box/user$day.conf" || failed+=" add$day"
	clock_to "$(day_at "$day" 44077)"
	shakes_hands "user$day" "$day" || failed+=" handshake$day"
	note_what_runs
	clock_to "$(day_at "$day" 44200)"
	[ -n "${VM_OWN:-}" ] || sleep 1.2
	peerage maintain >/dev/null 2>&1 || failed+=" maintain$day"
	peerage -j status >/dev/null || failed+=" status$day"
	peerage -j status --endpoints >"$box/out" || failed+=" endpoints$day"
	peerage -j audit --fail-on none >/dev/null || failed+=" audit$day"
	peerage -q disclose "user$day" --endpoints >/dev/null || failed+=" disclose$day"
	clock_to "$(day_at "$day" 71000)"
	peerage maintain >/dev/null 2>&1 || failed+=" again$day"
	[ $((day % 3)) != 2 ] || peerage -q -y revoke "user$((day - 1))" || failed+=" revoke$day"
	[ $((day % 3)) != 1 ] || peerage -q set "user$day" --note changed || failed+=" set$day"
	[ "$day" != 5 ] || peerage -q rotate "user$day" >/dev/null || failed+=" rotate$day"
	[ "$day" != 6 ] || peerage -q -y forget user0 || failed+=" forget$day"
	note_what_runs
	client_down client || failed+=" down$day"
done
is "a week went by" "$failed" ""
note "$(wc -l <"$seen.endpoints") endpoints and $(wc -l <"$seen.handshakes") handshakes were seen"
ok "each day had an address of its own" test "$(wc -l <"$seen.endpoints")" -ge 7
ok "and a handshake" test "$(wc -l <"$seen.handshakes")" -ge 7
ok "the journal was told" grep -q 'PEERAGE_VERB=forget' "$box/journal"
ok "transfer was counted" test "$(sqlite3 "$PEERAGE_REGISTER" \
	'SELECT count(*) FROM usage_day WHERE rx_bytes > 0')" -ge 3
ok "while all is open: no endpoint, no handshake" nothing_found
peerage -q down
ok "and after it is down: none" nothing_found

# ------------------------------------------------------- the search finds them
endpoint=$(grep -v '\[' "$seen.endpoints" | head -n 1) endpoint6=$(grep '\[' "$seen.endpoints" | head -n 1)
handshake=$(head -n 1 "$seen.handshakes")
# finds WHAT BYTES: as they stand in a file beside the register
finds() {
	printf 'a%bb' "$2" >"${PEERAGE_REGISTER%/*}/planted"
	search
	rm "${PEERAGE_REGISTER%/*}/planted"
	ok "the search finds $1" grep -q 'in .*/planted$' "$found"
}
# escaped HEX: as printf has bytes
escaped() { sed 's/../\\x&/g' <<<"$1"; }
hex=$(printf '%08x' "$handshake")
finds "an address" "${endpoint%:*}"
# shellcheck disable=SC2086
finds "its bytes" "$(IFS=. && escaped "$(printf '%02x' ${endpoint%:*})")"
finds "a port" ":${endpoint##*:}"
address=${endpoint6#[} address=${address%]*}
finds "an IPv6 address" "$address"
finds "its bytes" "$(escaped "20010db8000100000000000000000${address##*:}")"
finds "the second of a handshake" "$handshake"
finds "its bytes" "$(escaped "$hex")"
finds "its bytes the other way round" "$(escaped "${hex:6:2}${hex:4:2}${hex:2:2}${hex:0:2}")"
finds "it as RFC 3339" "$(date -u -d "@$handshake" +%FT%TZ)"
sqlite3 "$PEERAGE_REGISTER" "CREATE TABLE planted (t INTEGER); INSERT INTO planted VALUES ($handshake)"
search
ok "and in a table of the register" grep -q 'four bytes, in .*/register.db' "$found"
finish
