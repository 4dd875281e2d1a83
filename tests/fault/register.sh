#!/bin/bash
# SPDX-License-Identifier: ISC
# The register, whatever system call of a command fails (EIO, ENOSPC, EINTR) or is the
# last (SIGKILL): it opens, verifies, and says what it said before or all that it was to
# say; nothing acknowledged is lost; an interface made from it is equal to it. Without an
# interface: kill.sh and errors.sh do the same on a real one. FAULT_VERBS, FAULT_ERRORS
# and FAULT_STEP narrow it down. Needs strace.
here=$(cd "$(dirname "$0")" && pwd)
: "${PEERAGE_BUILD:=$here/../../build/gcc}"
: "${FAULT_VERBS:=add add-file revoke rotate overlap set disable rename configure maintain}"
: "${FAULT_ERRORS:=EIO ENOSPC EINTR KILL}" "${FAULT_STEP:=1}" "${FAULT_JOBS:=$(nproc)}"
umask 077
peerage=$PEERAGE_BUILD/cli/peerage
# where to sync takes no time
box=$(mktemp -d -p /dev/shm fault.XXXXXX 2>/dev/null || mktemp -d) && trap 'rm -rf "$box"' EXIT
export PEERAGE_BACKEND=none PEERAGE_REGISTER=$box/base/register.db

conf=new.conf
. "$here/commands.bash"

# A tick has something of each kind to do: carol's newer key is in use, dave's time is
# over, erin's quota used up, frank's overlap over.
base() {
	"$peerage" -q init wg0 --endpoint 192.0.2.1 --address 10.7.0.1/24 --address fd07::1/64 &&
		"$peerage" -q add alice --routes 192.168.77.0/24,fd77::/64 --keepalive 21 &&
		"$peerage" -q add bob --preshared-key none &&
		"$peerage" -q add carol --routes 192.168.78.0/24 --peer-endpoint 192.0.2.9:5555 &&
		"$peerage" -q add dave --expires 1h && "$peerage" -q add erin --quota 5000 &&
		"$peerage" -q add frank && cp "$PEERAGE_REGISTER" "$box/quiet.db" &&
		"$peerage" -q rotate carol frank --overlap 1h && "$PEERAGE_BUILD/tests/tick" up &&
		cp "$PEERAGE_REGISTER" "$box/busy.db"
}

base >/dev/null 2>"$box/errs" || { echo "Bail out! $(<"$box/errs")" && exit 1; }
[ ! -e "$PEERAGE_REGISTER-wal" ] || { echo "Bail out! the register is not closed" && exit 1; }
n=0
for verb in $FAULT_VERBS; do
	if [ "$verb" = maintain ]; then
		from=busy words=("$PEERAGE_BUILD/tests/tick")
	else
		# shellcheck disable=SC2206
		from=quiet words=("$peerage" -q ${command[$verb]})
	fi
	"$PEERAGE_BUILD/tests/sweep" -e "${FAULT_ERRORS// /,}" -s "$FAULT_STEP" -j "$FAULT_JOBS" "$verb" \
		"$box/$from.db" "$box" "${words[@]}" || { echo "Bail out! $verb: exit $?" && exit 1; }
	# shellcheck disable=SC2086
	set -- $FAULT_ERRORS && n=$((n + $#))
done
echo "1..$n"
