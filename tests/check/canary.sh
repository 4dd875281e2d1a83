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

# Each form that a key may take in bytes: base64, hex, raw.
holds() {
	local key=$1 hex
	shift
	hex=$(base64 -d <<<"$key" | od -An -v -tx1 | tr -d ' \n')
	grep -rqaF -e "$key" "$@" || grep -rqiaF -e "$hex" "$@" ||
		LC_ALL=C grep -rqaP -e "$(sed 's/../\\x&/g' <<<"$hex")" "$@"
}
# traced ARG…: every system call with whole strings, what it reads from files apart
traced() {
	strace -f -qq -v -s 100000 -o "$box/trace" -e trace='!read,pread64' "$peerage" -q "$@" \
		>"$box/out" 2>"$box/log/stderr.$RANDOM" </dev/null
	local status=$?
	# What goes to stdout is what was asked for.
	grep -vE 'writev?\(1, ' "$box/trace" >>"$box/log/trace"
	return $status
}

printf 'a needle: %s\n' aGVsbG8gd29ybGQsIHRoaXMgaXMgYSB0ZXN0ISEhISE= >"$box/hay"
ok "the search finds base64" holds aGVsbG8gd29ybGQsIHRoaXMgaXMgYSB0ZXN0ISEhISE= "$box/hay"
needle=$(wg genkey)
base64 -d <<<"$needle" >"$box/hay"
ok "the search finds raw bytes" holds "$needle" "$box/hay"
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
not "the server's key: in no system call but the register's own writes" eval \
	'grep -vE "pwrite64\(" "$box/log/trace" >"$box/visible"; holds "$own" "$box/visible"'
printf '%s\n' "${own:0:40}====" >"$box/server.key"
not "a malformed key is refused" traced -i wg2 init wg2 --endpoint 192.0.2.1 --private-key "$box/server.key"
not "and not repeated" grep -rqF "${own:0:20}" "$box/log"
is "no core is written, as the process is not dumpable" "$(grep -c PR_SET_DUMPABLE "$box/log/trace")" \
	"$(grep -c execve "$box/log/trace")"
rm -rf "$box"
finish
