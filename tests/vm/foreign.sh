#!/bin/bash
# SPDX-License-Identifier: ISC
# Somebody else's chains drop what the server needs: `init` and `up` say so, and
# the command that they print, run as it is, lets the client through.
. "$(dirname "$0")/lib.sh"

# The commands that the last run printed, one a line
mends() { sed -n 's/.*, run: //p' "$box/errs" | sort -u; }
mend() {
	local line
	mends >"$box/mends"
	[ -s "$box/mends" ] || return 1
	while read -r line; do
		in_ns server bash -c "$line" || return 1
	done <"$box/mends"
}
no_mends() { [ -z "$(mends)" ]; }
base_chain() {
	in_ns server nft "add table inet corp
		add chain inet corp $1 { type filter hook $1 priority filter; policy drop; }
		add rule inet corp $1 ct state established,related accept"
}
foreign_table() { in_ns server nft list table inet corp; }

topology
ok "a foreign chain drops input" base_chain input
foreign_table >"$box/before"
exits 0 "init" peerage init wg0 --endpoint 192.0.2.1 --nat auto
says "names the chain" 'inet corp input.*drop'
ok "the foreign table is as it was" diff "$box/before" <(foreign_table)
cp "$box/errs" "$box/init.errs"
peerage add alice >"$box/alice.conf" 2>/dev/null
ok "a client of alice's config" client_up "$box/alice.conf" client
not "is not let in" within 8 handshook client
exits 0 "up" peerage up
says "says so again" 'inet corp input.*drop'
ok "the printed command runs" mend
ok "and lets her in" within 40 handshook client
ok "to the internet" within 20 reaches client 198.51.100.1
exits 0 "up" peerage up
ok "has nothing to say any more" no_mends

exits 0 "down" peerage down
in_ns server nft delete table inet corp
ok "a foreign chain drops what is forwarded" base_chain forward
exits 0 "up" peerage up
says "names the chain" 'inet corp forward.*drop'
client_down client
ok "a client of alice's config" client_up "$box/alice.conf" client
ok "is let in" within 30 handshook client
ok "but not to the internet" cut_off client 198.51.100.1
ok "the printed command runs" mend
ok "lets her through, IPv4" within 20 reaches client 198.51.100.1
ok "lets her through, IPv6" within 20 reaches client 2001:db8:2::1
exits 0 "up" peerage up
ok "has nothing to say any more" no_mends
exits 0 "down" peerage down
ok "leaves the foreign table alone" foreign_table
not "and takes its own away" in_ns server sh -c 'nft list tables | grep peerage'
finish
