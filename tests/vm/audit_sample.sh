#!/bin/bash
# SPDX-License-Identifier: ISC
# audit --sample: of two devices that use one config at the same time the key is named;
# one that roams, and one that stays, are not. New keys mend it.
# shellcheck disable=SC2317 # functions are called by name
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/audit.bash"

topology
another_client twin 2
another_client mobile 3
another_client quiet 4
server_up
for name in alice bob carol; do
	peerage -q add "$name" >"$box/$name.conf" 2>/dev/null
done
client_up "$box/alice.conf" client
client_up "$box/alice.conf" twin
client_up "$box/bob.conf" mobile
client_up "$box/carol.conf" quiet
inside=$(tunnel_address inet)
for ns in client twin mobile quiet; do
	ok "$ns connects" within 20 reaches "$ns" "$inside"
	in_ns "$ns" ping -n -q -i 0.3 "$inside" >/dev/null 2>&1 &
done
ok "without a sample there is nothing to find" as_it_should_be

# roams: another port, as behind another NAT, in the middle of a sample
port() { in_ns server wg show wg0 endpoints | grep -F "$(field .peer.public_key show bob)"; }
roams() {
	local before
	before=$(port)
	sleep 4
	in_ns mobile wg set wg0 listen-port 40404
	within 20 sh -c "! [ '$before' = \"\$(nsenter -t ${ns_pid[server]} -n wg show wg0 endpoints)\" ]"
}
audit_args=(--sample 15s)
roams &
roamer=$!
ok "shared-key: found, and nothing else" finds 'warning shared-key alice'
wait "$roamer"
ok "bob has roamed meanwhile" grep -q ':40404$' <(port)
is "where they are is not told" "$(grep -c -e '192\.0\.' "$box/findings" "$box/errs" | grep -vc ':0$')" 0
says "it says what it is doing" 'watching wg0 for 15 s'
audit_args=(--sample 5s)
ok "shared-key: mended by '$mend'" mended

# Ctrl-C ends the sample, and what was found is told.
peerage -q set carol --preshared-key none
nsenter -t "${ns_pid[server]}" -n -m "$PEERAGE" -t audit --sample 1h \
	>"$box/findings" 2>"$box/errs" </dev/null &
audit=$!
within 20 grep -q watching "$box/errs"
kill -INT "$audit"
status=0
wait "$audit" || status=$?
is "an interrupted sample tells what there is" "$status $(grep -c carol "$box/findings")" "5 2"
finish
