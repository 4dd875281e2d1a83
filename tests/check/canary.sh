#!/bin/bash
# SPDX-License-Identifier: ISC
# A canary private key shows in no argv, environment, register, WAL, log or core.
box=$(mktemp -d)
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/tests/lib/tap.sh"
: "${PEERAGE_BUILD:=$top/build/gcc}"
export PEERAGE_REGISTER=$box/register/register.db PEERAGE_BACKEND=none
peerage=$PEERAGE_BUILD/cli/peerage
mkdir "$box/log"

# holds KEY FILE|DIR…: in one of the forms that a key may take, base64, hex or raw.
# Not grep: a raw key may have a newline in it, and grep takes files by lines. Bytes
# that strace wrote as \xHH count as what they stand for.
holds() {
	local key=$1 hex
	shift
	hex=$(base64 -d <<<"$key" | od -An -v -tx1 | tr -d ' \n')
	find "$@" -type f -print0 | perl -0 -e '
		my ($key, $hex, $seen) = (@ARGV, 0);
		my $raw = pack("H*", $hex);
		while (my $name = <STDIN>) {
			chomp $name;
			open(my $file, "<:raw", $name) or die "$name: $!";
			my $text = do { local $/; <$file> } // "";
			$text =~ s/\\x([0-9a-f]{2})/chr hex $1/ge;
			$seen = 1 if index($text, $key) >= 0 || index($text, $raw) >= 0
				|| index(lc $text, $hex) >= 0;
		}
		exit !$seen' "$key" "$hex"
}
# traced ARG…: every system call with whole strings, byte for byte; not what it reads,
# be it random: one key in 32 is clamped as it comes
traced() {
	strace -f -qq -v -xx -s 100000 -o "$box/trace" -e trace='!read,pread64,getrandom' "$peerage" -q "$@" \
		>"$box/out" 2>"$box/log/stderr.$RANDOM" </dev/null
	local status=$?
	# What goes to stdout is what was asked for.
	grep -vE 'writev?\(1, ' "$box/trace" >>"$box/log/trace"
	return $status
}

printf 'a needle: %s\n' aGVsbG8gd29ybGQsIHRoaXMgaXMgYSB0ZXN0ISEhISE= >"$box/hay"
ok "the search finds base64" holds aGVsbG8gd29ybGQsIHRoaXMgaXMgYSB0ZXN0ISEhISE= "$box/hay"
needle=$(printf 'a key \n with a newline \n\n and \0 NUL' | head -c 32 | base64)
base64 -d <<<"$needle" >"$box/hay"
ok "the search finds raw bytes" holds "$needle" "$box/hay"
base64 -d <<<"$needle" | od -An -v -tx1 | tr -d ' \n' | tr a-f A-F >"$box/hay"
ok "the search finds hex" holds "$needle" "$box/hay"
head -c 31 <(base64 -d <<<"$needle") >"$box/hay"
not "the search finds no half of it" holds "$needle" "$box/hay"
base64 -d <<<"$needle" | od -An -v -tx1 | tr -d '\n' | sed 's/ /\\x/g' >"$box/hay"
ok "the search finds what strace prints" holds "$needle" "$box/hay"
rm "$box/hay"

ok "init" traced init wg0 --endpoint 192.0.2.1
ok "add" traced add alice
key=$(sed -n 's/^PrivateKey = //p' "$box/out")
psk=$(sed -n 's/^PresharedKey = //p' "$box/out")
is "a private key was made" "$(wc -c <<<"$key")" 45
is "a preshared key was made" "$(wc -c <<<"$psk")" 45
not "alice's private key is in no file of the register" holds "$key" "$box/register"
not "nor in what any system call carried but her config" holds "$key" "$box/log"
not "nor is it in what a second look prints" eval \
	'"$peerage" export alice >"$box/out" 2>&1; "$peerage" -j show alice >>"$box/out" 2>&1; holds "$key" "$box/out"'
ok "while she is active the register has her preshared key" holds "$psk" "$box/register"
ok "revoke" traced -y revoke alice
not "after revoke no file of the register has it" holds "$psk" "$box/register"
# A key of the admin's own, and one that is malformed.
umask 077
wg genkey >"$box/server.key"
own=$(<"$box/server.key")
export PEERAGE_REGISTER=$box/register2/register.db
ok "init with a key of one's own" traced init wg1 --endpoint 192.0.2.1 --private-key "$box/server.key"
rm -f "$box/out"
ok "the server's key: in the register's own writes" holds "$own" "$box/log/trace"
not "and in no other system call" eval \
	'grep -vE "pwrite64\(" "$box/log/trace" >"$box/visible"; holds "$own" "$box/visible"'
printf '%s\n' "${own:0:40}====" >"$box/server.key"
not "a malformed key is refused" traced -i wg2 init wg2 --endpoint 192.0.2.1 --private-key "$box/server.key"
printf 'the file again: %s\n' "$(<"$box/server.key")" >"$box/hay"
repeats() { perl -pe 's/\\x([0-9a-f]{2})/chr hex $1/ge' "$@" | grep -qaF "${own:0:20}"; }
ok "the search finds its beginning" repeats "$box/hay"
not "and not repeated" repeats "$box"/log/*
# A server of somebody else, with a key in a hook as well.
cat >"$box/wg2.conf" <<END
[Interface]
PrivateKey = $own
Address = 10.9.0.1/24
ListenPort = 51829
PostUp = wg set %i peer X preshared-key <(echo $psk)
$psk
[Peer]
PublicKey = $(wg genkey | wg pubkey)
PresharedKey = $psk
AllowedIPs = 10.9.0.2/32
END
rm -f "$box"/log/*
ok "import" traced -j import "$box/wg2.conf" --endpoint 192.0.2.1
ok "the server's key: in the register's own writes" holds "$own" "$box/log/trace"
grep -vE "pwrite64\(" "$box/log/trace" >"$box/visible"
not "and in no other system call" holds "$own" "$box/visible" "$box/log"/stderr* "$box/out"
not "nor is the preshared key" holds "$psk" "$box/visible" "$box/log"/stderr* "$box/out"
is "no core is written, as the process is not dumpable" "$(grep -c PR_SET_DUMPABLE "$box/log/trace")" \
	"$(grep -c execve "$box/log/trace")"
rm -rf "$box"
finish
