# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# What is swept, and what it runs; "new" and "carol" are those whom it concerns. $conf is
# the file that a config goes to.
: "${conf:?}"
# shellcheck disable=SC2034
declare -A command=(
	[add]="add new --note made"
	[add-file]="add new --output $conf"
	[revoke]="-y revoke carol"
	[rotate]="rotate carol"
	[overlap]="rotate carol --overlap 1h"
	[set]="set carol --address 10.7.0.77,fd07::77 --routes 192.168.88.0/24 --preshared-key new"
	[forget]="-y forget carol"
	[disable]="disable carol"
	[rename]="rename carol new"
	[configure]="configure listen-port 51999"
	[up]="up"
	[down]="down"
	[maintain]="maintain"
)
