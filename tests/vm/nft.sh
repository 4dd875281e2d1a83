#!/bin/bash
# SPDX-License-Identifier: ISC
# Whatever nft says to a load, up is done only where the table is as wanted, and nothing
# passes before; and nft is started no more often than that needs.
. "$(dirname "$0")/lib.sh"

# stands_in SCRIPT: what runs as nft from now on. The real one is $REAL; its arguments are
# noted; $* has "-f" where it is to load.
REAL=$box/nft
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
server_up
exits 0 "alice" peerage -q add alice
exits 0 "down" peerage -q down

stands_in 'exec "$REAL" "$@"'
exits 0 "up" peerage -q up
is "nft loads once, and lists nothing where there is nothing" "$(starts)" "-j -e -f -"
table >"$box/table"
: >"$box/starts"
exits 0 "up again" peerage -q up
is "the table that is there is listed, and what is loaded anew" "$(starts)" \
	"-j list ruleset,-j -e -f -"
: >"$box/starts"
exits 0 "down" peerage -q down
is "nft unloads once" "$(starts)" "-j -e -f -"
not "the table is gone" table 2>/dev/null

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
stands_in 'case $* in *-f*) sed "s/10\\./11./" >"$box/part"; exec "$REAL" "$@" <"$box/part" ;; *) exec "$REAL" "$@" ;; esac'
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
