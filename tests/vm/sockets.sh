#!/bin/bash
# SPDX-License-Identifier: ISC
# No command opens a socket but AF_NETLINK and AF_UNIX ones; none but those that
# mind the firewall start a program, and that program is nft; each shuts itself in,
# and does nothing after that for which it is stopped.
. "$(dirname "$0")/lib.sh"

declare -A seen=()
# traced WANTED-STATUS COMMAND ARG…
traced() {
	local want=$1 command=$2 bad
	shift 2
	seen[$command]=1
	in_ns server strace -f -qq -o "$box/trace" -e trace=socket,socketpair,execve,seccomp \
		"$PEERAGE" "$command" "$@" >"$box/out" 2>"$box/errs" </dev/null
	is "$command $*: exit" $? "$want"
	bad=$(grep -E 'socket(pair)?\(' "$box/trace" | grep -Ev '\((AF|PF)_(NETLINK|UNIX|LOCAL),')
	is "$command $*: only netlink and unix sockets" "$bad" ""
	bad=$(awk 'NR == 1 { ours = $1 } $1 == ours && /NETLINK_NETFILTER/' "$box/trace")
	is "$command $*: those of firewalls are for nft's child" "$bad" ""
	bad=$(sed 1d "$box/trace" | grep 'execve(' | grep -Ev 'execve\("(/usr)?/s?bin/nft"')
	is "$command $*: starts nothing but nft" "$bad" ""
	ok "$command $*: shuts itself in" grep -Eq 'seccomp\(SECCOMP_SET_MODE_FILTER,.* = 0$' "$box/trace"
	not "$command $*: is not stopped" grep -q SIGSYS "$box/trace"
}

# starts N: how often the last one started nft, each of which costs some milliseconds
starts() { is "it starts nft $1 times" "$(sed 1d "$box/trace" | grep -c 'execve(.* = 0$')" "$1"; }

topology
traced 0 init wg0 --endpoint 192.0.2.1
ok "the trace sees sockets" grep -q AF_NETLINK "$box/trace"
traced 0 add alice
traced 0 add bob --peer-endpoint 192.0.2.2:51820
traced 2 add carol --peer-endpoint host.example:51820
traced 0 configure
traced 0 configure endpoint vpn.example.org
traced 0 interfaces
traced 0 list
traced 0 show alice
traced 0 status
traced 0 metrics
traced 0 usage
traced 0 disable alice
traced 0 enable alice
traced 0 rename alice alina
traced 0 set alina --note "a note"
traced 0 rotate alina
traced 0 export alina
traced 0 audit --fail-on none
starts 1
traced 0 log
traced 0 dump
(umask 077 && cp "$box/out" "$box/document")
traced 0 plan "$box/document"
traced 0 apply "$box/document"
seq -f 'many%g' 40 >"$box/names"
traced 0 add --from "$box/names" --out "$box/many"
traced 0 sync
starts 1
traced 0 maintain
traced 0 revoke -y bob
traced 0 usage
traced 0 metrics
traced 0 metrics --output "$box/metrics.prom"
ok "metrics: the file is there" test -s "$box/metrics.prom"
traced 0 disclose alina
traced 0 forget -y alina
traced 0 down
starts 0
traced 0 up
starts 0
traced 0 configure nat none
traced 0 up
starts 0
traced 0 configure nat auto

note "nft cannot list all tables"
cp "$(command -v nft)" "$box/nft"
printf '#!/bin/sh\n[ "$3" = ruleset ] && echo no >&2 && exit 1\nexec "%s" "$@"\n' "$box/nft" >"$box/part"
chmod 755 "$box/part" "$box/nft"
in_ns server nft delete table inet peerage-wg0
in_ns server nft 'table inet theirs { chain c { type filter hook input priority 0; }; }'
in_part() { in_ns server unshare -m sh -c 'mount --bind "$0" /usr/sbin/nft && exec "$@"' "$box/part" "$@"; }
in_part "$PEERAGE" up >"$box/out" 2>"$box/errs"
is "up does without" $? 0
ok "our table is loaded" in_ns server nft list table inet peerage-wg0
ok "it says what it could not do" grep -q 'could not look for firewall rules of others' "$box/errs"
traced 0 genkey
traced 0 genpsk
wg genkey >"$box/key"
in_ns server strace -f -qq -o "$box/trace" -e trace=socket,socketpair "$PEERAGE" pubkey \
	<"$box/key" >"$box/out"
seen[pubkey]=1
is "pubkey: as wg says" "$(<"$box/out")" "$(wg pubkey <"$box/key")"
is "pubkey: no socket" "$(grep -c AF_INET "$box/trace")" 0
traced 0 completion bash
traced 0 help
traced 0 add alina2
traced 1 qr alina2
cat >"$box/wg7.conf" <<END
[Interface]
PrivateKey = $(wg genkey)
Address = 10.77.0.1/24
ListenPort = 51877
[Peer]
PublicKey = $(wg genkey | wg pubkey)
AllowedIPs = 10.77.0.2/32
Endpoint = host.example:51820
END
traced 0 import "$box/wg7.conf" --endpoint 192.0.2.1

missing=
for command in $("$PEERAGE" help | sed -n 's/^  \([a-z][a-z]*\).*/\1/p'); do
	[ -n "${seen[$command]:-}" ] || missing+=" $command"
done
is "every command was traced" "$missing" ""
finish
