#!/bin/bash
# SPDX-License-Identifier: ISC
# A change that a system service makes is the service's in the log, by its cgroup; one
# from a session is the user's, whatever the environment says.
# shellcheck disable=SC2317 # functions are called by name
. "$(dirname "$0")/lib.sh"

export PEERAGE_BACKEND=none
"$PEERAGE" -q init wg0 --endpoint 192.0.2.1 >/dev/null || bail "init"
"$PEERAGE" -q add alice >/dev/null
if [ -z "${VM_OWN:-}" ]; then
	note "this kernel's cgroups are another's"
	finish
fi
tree=$box/cgroup
mkdir "$tree" && mount -t cgroup2 none "$tree" || bail "no cgroups"
id=0123456789abcdef0123456789abcdef
# by CGROUP ENV…: who made a change from there
by() {
	local group=$tree/$1
	shift
	mkdir -p "$group"
	# shellcheck disable=SC2016
	bash -c 'echo $$ >"$0/cgroup.procs" && exec env "$@"' "$group" "$@" \
		"$PEERAGE" -q set alice --note "$RANDOM-$EPOCHREALTIME" || echo failed
	"$PEERAGE" -j log | jq -r '.entries[-1].actor'
}
unit=system.slice/system-peerage.slice/peerage@wg0.service
is "a service" "$(by system.slice/deploy.service INVOCATION_ID=$id)" deploy.service
is "an instance, in a slice of its own" "$(by $unit INVOCATION_ID=$id)" peerage@wg0.service
is "a session" "$(by user.slice/user-0.slice/session-1.scope INVOCATION_ID=$id)" root
is "a service of a user's manager" \
	"$(by user.slice/user-0.slice/user@0.service/app.slice/x.service INVOCATION_ID=$id)" root
is "without an invocation" "$(by system.slice/sshd.service X=1)" root
is "who comes by sudo inside of one" \
	"$(by system.slice/agent.service INVOCATION_ID=$id SUDO_UID=65534)" 'nobody (sudo)'
finish
