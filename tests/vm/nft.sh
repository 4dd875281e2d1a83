#!/bin/bash
# SPDX-License-Identifier: ISC
# The firewall is loaded without nft where that can be done, and nft finds it as it would have
# made it itself. Where nft loads, whatever it says, up is done only where the table is as
# wanted, and nothing passes before; and nft is started no more often than that needs.
. "$(dirname "$0")/lib.sh"

# stands_in SCRIPT: what runs as nft from now on. The real one is $REAL; its arguments are
# noted; $* has "-f" where it is to load.
REAL=$box/nft
HOST=$PEERAGE_BUILD/tests/host_driver
stands_in() {
	printf '#!/bin/bash\nREAL=%q box=%q\necho "$*" >>"$box/starts"\n%s\n' "$REAL" "$box" "$1" \
		>"$box/stand-in" && chmod +x "$box/stand-in" && : >"$box/starts"
}
starts() { paste -sd, "$box/starts"; }
is_up() { in_ns server ip -j link show wg0 | jq -e '.[0].flags | index("UP")' >/dev/null; }
is_down() { ! is_up; }
table() { in_ns server "$REAL" list table inet peerage-wg0; }
# refused WORDS: up does not end well, and says so in one line
refused() {
	exits 4 "$1: up is recorded, not applied" peerage -q up
	one_line "$1: one line"
	ok "$1: which says so" grep -q "firewall table peerage-wg0: .*$1" "$box/errs"
	ok "$1: nothing passes" is_down
	stands_in 'exec "$REAL" "$@"'
	exits 0 "$1: the next up mends it" peerage -q up
	ok "$1: it is up" is_up
	ok "$1: with all peers" kernel_equals_register
	ok "$1: and all rules" healthy
	exits 0 "$1: down" peerage -q down
}

topology
path=$(command -v nft)
path=$(readlink -f "$path")
cp "$path" "$REAL"
stands_in 'exec "$REAL" "$@"'
in_ns server mount --bind "$box/stand-in" "$path" || bail "cannot stand in for nft"
server_up --address 10.66.0.1/24 --address fd66::1/64
exits 0 "alice" peerage -q add alice
exits 0 "down" peerage -q down

stands_in 'exec "$REAL" "$@"'
exits 0 "up" peerage -q up
is "nft is not started where there is nothing to list" "$(starts)" ""
exits 0 "up again" peerage -q up
is "the table that is there is listed" "$(starts)" "-j list ruleset"
: >"$box/starts"
exits 0 "down" peerage -q down
is "nft is not started" "$(starts)" ""
not "the table is gone" table 2>/dev/null

note "the same, by nft"
# same WHAT NAT ISOLATE ADDRESS…: made without nft, then by nft from its own language
same() {
	local what=$1
	shift
	in_ns server "$HOST" apply wg0 00ff "$@" || bail "apply $*"
	table >"$box/made"
	is "$what: nft is not started" "$(starts)" ""
	in_ns server "$HOST" ruleset wg0 00ff "$@" >"$box/ruleset"
	in_ns server "$REAL" -j -f - <"$box/ruleset"
	ok "$what: nft makes the same" diff "$box/made" <(table)
	ok "$what: there are rules" grep -q 'peerage:00ff' "$box/made"
	in_ns server "$REAL" flush ruleset
	: >"$box/starts"
}
same "all" auto yes 10.7.0.1/24 fd07::1/64
same "isolation" none yes 10.7.0.1/24
same "a device" eth0 no 10.7.0.1/16 fd07::1/112
same "not of whole bytes" auto no 10.7.0.1/12 fd07::1/61
same "single addresses" auto no 10.7.0.1/32 fd07::1/128
same "a single bit" auto no 128.0.0.1/1 8000::1/1

note "what the kernel does not take"
added='{"add": {"table": {"family": "inet", "name": "peerage-wg0"}}}'
stray='{"add": {"chain": {"family": "inet", "table": "peerage-wg1", "name": "c", "type": "filter", "hook": "forward", "prio": 0, "policy": "accept"}}}'
# make RULESET [BEFORE…]: with less than it waits for an answer that does not come
make() {
	local ruleset=$1
	shift
	in_ns server timeout 30 "$@" "$HOST" make "{\"nftables\": [$ruleset]}" 2>"$box/errs"
}
make "$added, $stray"
is "a chain without a table: refused" $? 1
ok "with the kernel's reason" grep -q 'No such file or directory' "$box/errs"
not "and nothing is made" table 2>/dev/null
make "$added" setpriv --bounding-set=-net_admin --inh-caps=-net_admin --
is "without the privilege: refused" $? 7
not "and nothing is made" table 2>/dev/null
make "$added, {\"add\": {\"rule\": {\"family\": \"inet\", \"table\": \"peerage-wg0\"}}}"
is "what is not known: refused" $? 1
not "and nothing is made" table 2>/dev/null
make "$added"
is "what is known: made" $? 0
ok "it is there" table
in_ns server "$REAL" flush ruleset

note "chains of others"
# others WHEN-LISTED RULESET: up with it there
others() {
	in_ns server "$REAL" -f - <<<"$2" || bail "cannot load $2"
	: >"$box/starts"
	exits 0 "up beside: $2" peerage -q up
	is "it is listed: $1" "$(grep -c 'list ruleset' "$box/starts")" "$1"
	exits 0 "down" peerage -q down
	in_ns server "$REAL" flush ruleset
}
for family in ip ip6 inet; do
	for hook in input forward; do
		others 1 "table $family theirs { chain c { type filter hook $hook priority 0; policy accept; }; }"
	done
done
others 1 "table ip theirs { flags dormant; chain c { type filter hook input priority 0; }; }"
others 1 "table inet peerage-wg9 { }"
others 0 "table inet theirs { chain input { drop; }; set s { type ipv4_addr; }; }"
others 0 "table inet theirs { chain c { type filter hook output priority 0; policy drop; }; }"
others 0 "table ip theirs { chain c { type nat hook postrouting priority 0; }; }"
others 0 "table ip peerage-wg0 { }"

note "an nft that could never list what was made"
stands_in 'echo "Error: JSON support not compiled-in" >&2; exit 1'
before=$(entries)
exits 1 "init" peerage -q init wg9 --endpoint 192.0.2.1 --address 10.99.0.1/24
one_line "in one line"
says "what to do" 'without JSON: install a full nftables, or .*--nat none'
is "nothing of it is recorded" "$(entries)" "$before"
exits 0 "without a firewall it is of no use" \
	peerage -q init wg9 --endpoint 192.0.2.1 --address 10.99.0.1/24 --nat none
exits 0 "wg9 goes" peerage -q -y interfaces remove wg9
stands_in 'exec "$REAL" "$@"'
exits 0 "with a full nft: init" peerage -q init wg9 --endpoint 192.0.2.1 --address 10.99.0.1/24
is "it is asked once, for a list" "$(starts)" "-j list tables inet"
exits 0 "wg9 goes" peerage -q -y interfaces remove wg9

note "two pools of a family are nft's business"
exits 0 "a second pool" peerage -q configure address 10.66.0.1/24,10.77.0.1/24,fd66::1/64
stands_in 'exec "$REAL" "$@"'
exits 0 "up" peerage -q up
is "nft loads once" "$(starts)" "-j -e -f -"
table >"$box/table"
exits 0 "down" peerage -q down
exits 0 "an interface with the name of a word of nft's" \
	peerage -q init include --endpoint 192.0.2.1 --address 10.98.0.1/24,10.97.0.1/24
ok "has its table" in_ns server "$REAL" list table inet peerage-include
exits 0 "and goes" peerage -q -y interfaces remove include

stands_in 'set -- "${@/-e/-j}"; exec "$REAL" "$@"'
exits 0 "up, with an nft that does not tell what it made" peerage -q up
is "it is asked to list the table" "$(starts)" "-j -e -f -,-j list table inet peerage-wg0"
ok "which is the same" diff "$box/table" <(table)
exits 0 "down" peerage -q down

stands_in 'case $* in *-f*) cat >"$box/part"; grep -q "^{" "$box/part" || exit 0
	exec "$REAL" "$@" <"$box/part" ;; *) exec "$REAL" "$@" ;; esac'
exits 0 "up, with an nft that is silently deaf to its own language" peerage -q up
ok "the table is the same" diff "$box/table" <(table)
exits 0 "down" peerage -q down

stands_in 'case $* in *-f*) head -n -1 >"$box/part"; exec "$REAL" "$@" <"$box/part" ;; *) exec "$REAL" "$@" ;; esac'
refused 'nft did not load rule'
stands_in 'case $* in *-f*) sed "s/10\\.66/10.65/" >"$box/part"; exec "$REAL" "$@" <"$box/part" ;; *) exec "$REAL" "$@" ;; esac'
refused 'not as asked for'
stands_in 'case $* in *-f*) exit 0 ;; *) exec "$REAL" "$@" ;; esac'
refused "nft did not load chain"
stands_in 'case $* in *-f*) echo "Error: out of order" >&2; exit 1 ;; *) exec "$REAL" "$@" ;; esac'
refused 'out of order'

note "nft takes its time"
mkfifo "$box/go"
stands_in 'case $* in *-f*) read -r <"$box/go" ;; esac; exec "$REAL" "$@"'
peerage -q up &
up=$!
ok "the peers are loaded meanwhile" within 20 kernel_equals_register
ok "and nothing passes yet" is_down
echo go >"$box/go"
wait "$up"
is "up ends well" $? 0
ok "it is up" is_up
ok "with all rules" diff "$box/table" <(table)
finish
