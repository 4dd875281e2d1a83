#!/bin/bash
# SPDX-License-Identifier: ISC
# The host's clock goes wrong: nobody expires or comes back by it, and nothing that is
# written meanwhile dates from then. It needs a kernel whose clock is the test's own.
. "$(dirname "$0")/lib.sh"

if [ -z "${VM_OWN:-}" ]; then
	ok "no kernel of its own: its clock is left alone # SKIP" true
	finish
fi
vouch() { "$PEERAGE_BUILD/tests/vouch" "$1"; }
# clock WHEN yes|no: set, and vouched for or not
clock() { date -u -s "$1" >/dev/null && vouch "$2"; }
sql() { sqlite3 "$PEERAGE_REGISTER" "$1"; }
state() { field .peer.state show "$1"; }
live() { live_keys | grep -qF "$(field .peer.public_key show "$1")"; }
# who: each of them, what the register says, and whether the kernel has the key
who() {
	peerage -j list --state all | jq -r --arg live "$(live_keys)" '.peers[] |
		select(.name | IN("alice", "gone", "used")) | .public_key as $key |
		"\(.name) \(.state) \(if $live | contains($key) then "runs" else "does not" end)"' | sort
}
# as_before WHAT: a tick, after which who was in is in, and who was out is out: one whose
# time is over, and one who used his quota up
as_before() {
	exits 0 "$1: a tick" peerage maintain
	is "$1: who is in and who is out stays so" "$(who)" \
		$'alice active runs\ngone expired does not\nused expired does not'
}

ok "noon, and somebody vouches for it" clock '2027-06-01 12:00:00' yes
topology
server_up
peerage add alice --expires 30d >/dev/null
peerage add gone --expires 1s >/dev/null
peerage add used --quota 1000/month >/dev/null
sql "INSERT INTO usage_day SELECT id, unixepoch() / 86400, 999, 1 FROM peer WHERE name = 'used'"
over() { peerage -q maintain && [ "$(state gone)" = expired ]; }
ok "a second is over" within 20 over
is "and a quota" "$(field .peer.resumes_at show used)" 2027-07-01T00:00:00Z
as_before "at first"

ok "ten years ahead, and vouched for" clock '2037-06-01 12:00:00' yes
as_before "ten years ahead"
says "ten years ahead: it says so" "clock has jumped"
ok "who is added then" peerage -q add bob --note x
ok "dates from now" [ "$(field .peer.created_at show bob | cut -c1-10)" = 2027-06-01 ]
ok "so does the entry" [ "$(field '.entries[-1].at' log | cut -c1-10)" = 2027-06-01 ]
ok "nobody vouches for it" vouch no
as_before "ten years ahead, unsynchronised"
ok "and back" clock '2027-06-01 12:10:00' yes
as_before "back again"

ok "summer time, by mistake" clock '2027-06-01 13:10:00' yes
as_before "an hour ahead"
ok "and back" clock '2027-06-01 12:11:00' yes
as_before "an hour back"

ok "a boot without a battery" clock '1970-01-02 00:00:00' no
sql "UPDATE clock SET boot_id = 'of the boot before'"
as_before "in 1970"
ok "who is added then" peerage -q add carol
ok "dates from no earlier than what was before" \
	[ "$(field .peer.created_at show carol | cut -c1-10)" = 2027-06-01 ]
ok "somebody vouches for 1970" vouch yes
as_before "in 1970, vouched for"
ok "then for the right time" clock '2027-06-02 12:00:00' yes
as_before "right again"

ok "a month later by the clock alone" clock '2027-07-02 12:00:00' yes
as_before "a jump"
sql "UPDATE clock SET since_s = since_s - 3600" # it goes on so for an hour
exits 0 "an hour later" peerage maintain
is "it is believed: alice's time is over" "$(state alice)" expired
is "and a new month has begun" "$(state used)" active
ok "and runs" live used
finish
