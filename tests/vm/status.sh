#!/bin/bash
# SPDX-License-Identifier: ISC
# `status` of peers that are not as they should be: its table stays in shape beside a
# long key, and it says what mends them; which it does.
. "$(dirname "$0")/lib.sh"

topology
server_up
for name in alice bob carol; do
	peerage -q add "$name" >/dev/null || bail "add $name"
done
exits 0 "status" peerage status
is "nothing to say" "$errs" ""
exits 0 "disable one" peerage -q disable carol
bob=$(field .peer.public_key show bob)
stranger=$(wg genkey | wg pubkey)
in_ns server wg set wg0 peer "$bob" remove
in_ns server wg set wg0 peer "$stranger"
exits 0 "status" peerage status
is "one line of headings" "$(head -n 1 "$box/out" | tr -s ' ')" "NAME STATUS HANDSHAKE RX TX"
is "a line a peer" "$(wc -l <"$box/out")" 5
says "what mends a missing peer" "^missing from interface wg0: 1; 'peerage -i wg0 sync' "
says "what mends an unknown one" "^not in the register: 1; 'peerage -i wg0 sync --prune' "
exits 0 "both at once" peerage -y sync --prune
ok "the kernel is as registered" kernel_equals_register
exits 0 "status" peerage status
is "nothing to say again" "$errs" ""
finish
