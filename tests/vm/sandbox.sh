#!/bin/bash
# SPDX-License-Identifier: ISC
# Once it has started, the process can do nothing but its work: whatever else somebody
# in it would try is stopped. Each try is made outside of the sandbox too, where it must
# get through, or it would show nothing. Of the program itself: what the kernel says of it
# while it waits for its input, that it runs nft by a child that is as small as can be,
# and that it says which privilege it lacks.
. "$(dirname "$0")/lib.sh"
ESCAPE=$PEERAGE_BUILD/tests/escape
[ -x "$ESCAPE" ] || bail "no $ESCAPE: build with -Dtests=true"

# escapes in|out: its table, with a fresh directory to try it in
escapes() {
	local dir=$box/escape-$1
	mkdir -p "$dir"/{open,read,shut}
	echo x | tee "$dir"/shut/{secret,second,third} "$dir/open/file" >"$dir/read/file"
	ln -s ../shut/secret "$dir/open/link"
	(ulimit -c unlimited && "$ESCAPE" "$1" "$dir") >"$box/$1" 2>"$box/errs" || bail "escape $1: $(<"$box/errs")"
}

escapes out
escapes in
# On a kernel that has it, that it is not in force is a failure, not a reason to skip.
mount -t securityfs none /sys/kernel/security 2>/dev/null
landlock=
grep -qw landlock /sys/kernel/security/lsm 2>/dev/null && landlock=1
files=' read_file write_file truncate_file make_file make_directory remove_file list_directory
	list_root write_what_may_be_read move_in link_out climb_out follow_a_link
	write_own_memory read_of_init '
[ -n "$landlock" ] && note "this kernel has landlock" || note "this kernel has no landlock"
while IFS=$'\t' read -r name outside <&3 && IFS=$'\t' read -r same inside <&4; do
	[ "$name" = "$same" ] || bail "the tables differ: $name, $same"
	what=${name//_/ }
	if [[ $name = may_* ]]; then
		is "$what" "$inside" through
	elif [ "$outside" != through ]; then
		pass "$what # SKIP outside of the sandbox it is $outside as well"
	elif [ -z "$landlock" ] && grep -qw "$name" <<<"$files"; then
		pass "$what # SKIP this kernel has no landlock"
	elif [ "$name" = call_as_32_bit ] && grep -q 'User Mode Linux' /proc/cpuinfo; then
		pass "$what # SKIP user-mode Linux takes it for one of 64 bits"
	elif [ "$inside" = through ]; then
		fail "$what"
	else
		pass "$what: $inside"
	fi
done 3<"$box/out" 4<"$box/in"
is "as many tries inside as outside" "$(wc -l <"$box/in")" "$(wc -l <"$box/out")"
is "what it must stop at once ends the process" \
	"$(awk -F'\t' '/^(execute|trace_parent|load_bpf|mount_something|new_user_namespace)\t/ &&
		$2 != "Bad system call" { print }' "$box/in")" ""

# --------------------------------------------------------------- the program itself
topology
server_up --nat auto
peerage -q add alice >/dev/null

# held ARG…: runs it until it waits for what is to come through $box/fifo; sets $held
held() {
	rm -f "$box/fifo"
	mkfifo "$box/fifo"
	nsenter -t "${ns_pid[server]}" -n -m "$PEERAGE" -q "$@" >"$box/out" 2>"$box/errs" &
	held=$!
	within 20 shut_in || { fail "$*: shuts itself in, and waits for its input" "$box/errs" && return 1; }
}
shut_in() { grep -q '^Seccomp:[[:space:]]*2' "/proc/$held/status"; }
# children PID
children() { awk -v parent="$1" '{ sub(/.*\) /, "", $0) } $2 == parent {
	split(FILENAME, path, "/"); print path[3] }' /proc/[0-9]*/stat 2>/dev/null; }
status_of() { awk -v key="$2:" '$1 == key { print $2 }' "/proc/$1/status"; }
# let_go TEXT: gives it that, and waits for it; sets $status
let_go() {
	echo "$1" >"$box/fifo"
	status=0
	wait "$held" || status=$?
}
net_admin=0000000000001000
if held add --from "$box/fifo" --out "$box/many"; then
	for set in CapPrm CapEff CapBnd; do
		is "add: $set is CAP_NET_ADMIN" "$(status_of "$held" $set)" $net_admin
	done
	is "add: CapInh is nothing" "$(status_of "$held" CapInh)" 0000000000000000
	is "add: no new privileges" "$(status_of "$held" NoNewPrivs)" 1
	is "add: it may lock what memory it likes" \
		"$(awk '/^Max locked memory/ { print $4 }' "/proc/$held/limits")" unlimited
	is "add: it has no child for nft" "$(children "$held")" ""
	let_go bob
	is "add: does its work" "$(ls "$box/many")" "$(printf 'bob.conf\nbob.png')"
fi
peerage -q dump >"$box/document"
if held apply "$box/fifo"; then
	child=$(children "$held")
	is "apply: one child for nft" "$(wc -w <<<"$child")" 1
	is "it is called so" "$(cat "/proc/$child/comm")" peerage-nft
	for set in CapPrm CapEff CapBnd; do
		is "its $set is CAP_NET_ADMIN" "$(status_of "$child" $set)" $net_admin
	done
	is "it has nothing open but its end of a socket" "$(readlink "/proc/$child/fd/"* | sort -u |
		sed 's/[0-9]*\]$/N]/')" "$(printf '/dev/null\nsocket:[N]')"
	kill -KILL "$held"
	ok "it ends with whom it works for" within 10 test ! -e "/proc/$child"
fi
# A directory that is another than the one that it began with.
mkdir "$box/first" "$box/other"
if [ -n "$landlock" ] && held add zoe --preshared-key "$box/fifo" --output "$box/first/zoe.conf"; then
	mv "$box/first" "$box/moved" && ln -s other "$box/first"
	let_go "$(wg genpsk)"
	is "a file that it may not write: permission" "$status" 7
	says "which one" "cannot write .*$box/first"
	not "leaves nothing in the register" peerage show zoe
else
	pass "a file that it may not write # SKIP this kernel has no landlock"
fi
# What it did not get to do is done by the next change, with the firewall.
in_ns server nft delete table inet peerage-wg0
in_ns server sh -c 'echo 0 >/proc/sys/net/ipv4/ip_forward'
sqlite3 "$PEERAGE_REGISTER" "INSERT INTO pending (interface_id, kind)
	SELECT id, 3 FROM interface WHERE name = 'wg0'"
exits 0 "add, where an interface was left half up" peerage -q add carol
ok "brings the firewall back" in_ns server nft list table inet peerage-wg0
is "and forwarding" "$(in_ns server cat /proc/sys/net/ipv4/ip_forward)" 1

# What is refused from outside, as by a container, or is not in this kernel, it does without.
for error in EPERM ENOSYS; do
	exits 0 "add, where to shut itself in gives $error" in_ns server strace -qq -o "$box/trace" \
		-e trace=landlock_create_ruleset,seccomp,capset,prctl \
		-e inject=landlock_create_ruleset,seccomp,capset:error=$error \
		"$PEERAGE" -q add "without-$error"
	is "it tried all three, and loaded no filter in another way" "$(grep -o '^[a-z_]*(.*INJECTED' "$box/trace" |
		sed 's/(.*//' | sort -u | xargs; grep PR_SET_SECCOMP "$box/trace")" \
		"capset landlock_create_ruleset seccomp"
done

# ------------------------------------------------------------------ somebody else's
# Root has to have a capability for these; it keeps it for these only.
mkdir -m 700 "$box/home" && chown 65534:65534 "$box/home"
chmod 755 "$box"
exits 0 "a config into another user's directory" \
	peerage -q add dave --output "$box/home/dave.conf"
ok "it is there" test -s "$box/home/dave.conf"
cp -a "$box/register" "$box/theirs" && chown -R 65534:65534 "$box/theirs"
exits 0 "another user's register" \
	peerage -q --register "$box/theirs/register.db" --no-apply add erin
is "stays theirs" "$(find "$box/theirs" ! -user 65534)" ""

# ---------------------------------------------------------------- what it says is missing
# lacking CAPABILITY ARG…: root, but for that
lacking() {
	local cap=$1
	shift
	in_ns server setpriv --bounding-set "-$cap" --inh-caps "-$cap" "$PEERAGE" "$@"
}
before=$(entries)
exits 7 "without CAP_NET_ADMIN: add" lacking net_admin add frank
one_line "in one line"
says "which capability it is, and what to do" 'CAP_NET_ADMIN.*(root|sudo)'
exits 7 "without CAP_NET_ADMIN: up" lacking net_admin up
says "which capability" CAP_NET_ADMIN
exits 7 "without CAP_NET_ADMIN: status" lacking net_admin status
says "which capability" CAP_NET_ADMIN
exits 0 "without CAP_NET_ADMIN: list" lacking net_admin list
exits 7 "nobody" in_ns server setpriv --reuid 65534 --regid 65534 --clear-groups "$PEERAGE" add frank
says "which file" "$PEERAGE_REGISTER"
exits 7 "root, but another user's register is closed to it" \
	lacking dac_override --register "$box/theirs/register.db" list
says "which file" "$box/theirs/register.db"
# ro PATH COMMAND…: with that read-only
ro() {
	local path=$1
	shift
	in_ns server unshare -m sh -c 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"' \
		"$path" "$@"
}
exits 7 "a /run/peerage that cannot be written" ro /run/peerage "$PEERAGE" add frank
says "which file" /run/peerage/wg0.lock
is "nothing of it is recorded" "$(entries)" "$before"
in_ns server sh -c 'echo 0 >/proc/sys/net/ipv4/ip_forward'
exits 7 "sysctls that are read-only, as in a container: up" ro /proc/sys "$PEERAGE" up
says "which one, and what to do" 'sysctl -w net.ipv4.ip_forward=1.*/proc/sys/net/ipv4/ip_forward'
is "nothing of it is recorded" "$(entries)" "$before"
exits 0 "where somebody outside has set it" sh -c 'nsenter -t "$0" -n sh -c "echo 1 >/proc/sys/net/ipv4/ip_forward"' "${ns_pid[server]}"
exits 0 "up" ro /proc/sys "$PEERAGE" up
finish
