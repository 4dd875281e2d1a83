#!/bin/bash
# SPDX-License-Identifier: ISC
# What audit finds of the register, of peers' keys and dates, and of this host: each
# made to happen, seen and named, mended by the very command that was printed, and gone.
# shellcheck disable=SC2317 # functions are called by name
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/audit.bash"

register() { sqlite3 "$PEERAGE_REGISTER" "$@"; }
# of NAME COLUMN VALUE
of() { register "UPDATE peer SET $2 = $3 WHERE name = '$1' AND state = 0"; }
configure() { peerage -q -y configure "$@" >/dev/null; }
new() { peerage -q add "$1" >"$box/$1.conf" 2>/dev/null; }

mkdir -p /etc/wireguard && mount -t tmpfs none /etc/wireguard || bail "no directory of our own"
topology
server_up
new alice
ok "nothing to find at first" as_it_should_be

# ------------------------------------------------------------- who may read keys
case_of 'critical register-readable -' chmod 644 "$PEERAGE_REGISTER"
case_of 'critical register-readable -' chmod 711 "${PEERAGE_REGISTER%/*}"
case_of 'critical register-readable -' chown 12345 "$PEERAGE_REGISTER"
# What reads it keeps the log of changes, where keys are too, from being folded in.
coproc READER { sqlite3 "$PEERAGE_REGISTER"; }
echo 'BEGIN; SELECT count(*) FROM peer;' >&"${READER[1]}"
read -r _ <&"${READER[0]}"
peerage -q set alice --note y
case_of 'critical register-readable -' chmod 640 "$PEERAGE_REGISTER-wal"
case_of 'critical register-readable -' chmod 602 "$PEERAGE_REGISTER-shm"
echo .quit >&"${READER[1]}"
wait "$READER_PID"
left_over() { echo 'PrivateKey = x' >/etc/wireguard/wg0.conf && chmod 640 /etc/wireguard/wg0.conf; }
case_of 'critical config-readable -' left_over
rm /etc/wireguard/wg0.conf

# -------------------------------------------------------------------- the register
case_of 'warning pending -' register \
	'INSERT INTO pending (interface_id, kind) SELECT id, 3 FROM interface'
cp -a "${PEERAGE_REGISTER%/*}" "$box/kept"
altered() { register "UPDATE audit SET actor = '${1:-nobody}' WHERE number = 2"; }
case_of 'critical chain -' altered
ok "what was accepted stays in sight" grep -q '^but for  entries 2 to' <(peerage log --verify)
altered somebody
is "a critical finding exits 5" "$(peerage audit --fail-on critical >/dev/null 2>&1; echo $?)" 5
is "and 0 with --fail-on none" "$(peerage audit --fail-on none >/dev/null 2>&1; echo $?)" 0
restored() { rm -r "${PEERAGE_REGISTER%/*}" && cp -a "$box/kept" "${PEERAGE_REGISTER%/*}" && as_it_should_be; }
ok "chain: with a copy from before nothing is left" restored

# ------------------------------------------------------------------- keys and dates
ok "no-preshared-key: made" peerage -q set alice --preshared-key none
ok "its config is stale, too" finds 'warning config-stale alice' 'info no-preshared-key alice'
ok "config-stale: '$mend'" run_it
ok "no-preshared-key: found, and nothing else" finds 'info no-preshared-key alice'
ok "no-preshared-key: '$mend'" run_it
ok "no-preshared-key: gone; its config is to be handed out again" finds 'warning config-stale alice'
ok "config-stale: mended by '$mend'" mended
case_of 'warning config-stale alice' configure endpoint 192.0.2.1:51821
case_of 'warning config-stale alice' configure endpoint 192.0.2.1:51820
case_of 'warning config-stale alice' configure private-key <(wg genkey)

of alice keyed_at 'keyed_at - 91 * 86400'
ok "a key has no age where none is set" as_it_should_be
case_of 'warning key-old alice' configure rotate-after 90d
ok "the older key goes in a while" test "$(register \
	"SELECT overlap_until > unixepoch() FROM peer WHERE name = 'alice.old'")" = 1
ok "a key that was rotated is a new one" test "$(register \
	"SELECT keyed_at > unixepoch() - 900 FROM peer WHERE name = 'alice' AND state = 0")" = 1
configure rotate-after none
case_of 'info expires-soon alice' peerage -q set alice --expires 3d
peerage -q set alice --expires 8d
ok "more than a week ahead is not soon" as_it_should_be
peerage -q set alice --expires none
case_of 'warning rotation-open alice.old' register \
	"UPDATE peer SET overlap_until = unixepoch() - 1 WHERE overlap_until > 0"
ok "the older key is gone" test "$(field '[.peers[].name] | join(",")' list)" = alice
# What a month has brought, and then a quota.
used() {
	register "INSERT OR REPLACE INTO usage_day
		SELECT id, unixepoch() / 86400, 850000, 0 FROM peer WHERE state = 0" &&
		peerage -q set alice --quota "$1"
}
case_of 'info quota-near alice' used 1M/month
ok "more was given" test "$(field .peer.quota_bytes show alice)" = 2000000
case_of 'critical live-peer alice' used 500000/month
ok "what is used up is cut off" test "$(field .peer.state show alice)" = expired
peerage -q set alice --quota none
peerage -q enable alice --expires none
ok "nothing is left of that" as_it_should_be

# ------------------------------------------------------------------ who connects
of alice created_at 'created_at - 31 * 86400'
of alice keyed_at 'keyed_at - 31 * 86400'
ok "nobody could connect before the interface was made" as_it_should_be
short() { configure stale-after 2s && within 20 finds "$1"; }
case_of 'info never-connected alice' short 'info never-connected alice'
ok "there is no alice any more" test "$(field '.peers | length' list)" = 0
configure stale-after none
new carol
client_up "$box/carol.conf" client
ok "carol connects" reaches client "$(tunnel_address inet)"
client_down client
ok "nobody is stale where nothing says when" as_it_should_be
case_of 'info stale-peer carol' short 'info stale-peer carol'
configure stale-after 30d
new dave
client_up "$box/dave.conf" client
ok "dave connects" reaches client "$(tunnel_address inet)"
ok "who has connected is not found" as_it_should_be

# ------------------------------------------------------------------------ the host
case_of 'warning forwarding -' server_ns sysctl -qw net.ipv4.ip_forward=0
case_of 'warning forwarding -' server_ns sysctl -qw net.ipv6.conf.all.forwarding=0
case_of 'warning firewall -' server_ns nft delete table inet peerage-wg0
opened() { server_ns nft insert rule inet peerage-wg0 "$(server_ns nft -j list table inet peerage-wg0 |
	jq -r '[.nftables[].chain.name | values][0]')" accept; }
case_of 'warning firewall -' opened
# reloaded JQ: the table is loaded anew, with what that filter makes of its listing
reloaded() {
	server_ns nft -j list table inet peerage-wg0 | jq "{nftables: ([
		{add: {table: {family: \"inet\", name: \"peerage-wg0\"}}},
		{delete: {table: {family: \"inet\", name: \"peerage-wg0\"}}},
		(.nftables[] | select(.metainfo | not) | {add: .})] | map($1))}" >"$box/reloaded" &&
		server_ns nft -j -f - <"$box/reloaded"
}
ok "the table is loaded as it was listed" reloaded .
ok "the table as listed is as it should be" as_it_should_be
case_of 'warning firewall -' reloaded '(.. | .addr? | strings) |= sub("^10"; "11")'
case_of 'warning firewall -' reloaded '(.. | .prefix?.len | numbers) |= . - 1'
case_of 'warning firewall -' reloaded 'walk(if . == "lo" then "eth0" else . end)'
case_of 'warning firewall -' reloaded 'walk(if type == "object" and has("masquerade") then {accept: null} else . end)'
case_of 'warning firewall -' server_ns nft add table inet peerage-wg0 '{ flags dormant; }'
foreign() {
	server_ns nft "add table inet theirs; add chain inet theirs c { type filter hook $1 priority 0; policy drop; }"
}
case_of 'warning foreign-firewall -' foreign input
server_ns nft delete table inet theirs
case_of 'warning foreign-firewall -' foreign forward
server_ns nft delete table inet theirs

if clock_is_ours; then
	# A time daemon that does what it is told.
	mkdir "$box/bin"
	printf '#!/bin/bash\n[ "$*" = "set-ntp true" ] && %s && exec %s yes\n' \
		"date -s '+1 day' >/dev/null" "$PEERAGE_BUILD/tests/vouch" >"$box/late"
	printf '#!/bin/bash\n[ "$*" = "set-ntp true" ] && exec %s yes\n' \
		"$PEERAGE_BUILD/tests/vouch" >"$box/bin/timedatectl"
	chmod +x "$box/bin/timedatectl" "$box/late"
	PATH=$box/bin:$PATH
	case_of 'warning clock -' vouch no
	# The clock goes wrong, and the daemon puts it right.
	mv "$box/late" "$box/bin/timedatectl"
	jumped() { date -s '+3 days' >/dev/null && vouch yes; }
	sed 's/+1 day/-3 days/' "$box/bin/timedatectl" >"$box/back" && chmod +x "$box/back"
	mv "$box/bin/timedatectl" "$box/late" && mv "$box/back" "$box/bin/timedatectl"
	case_of 'warning clock -' jumped
	mv "$box/late" "$box/bin/timedatectl"
	behind() { peerage -q set dave --note z && date -s '-1 day' >/dev/null; }
	case_of 'warning clock -' behind
fi
finish
