# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# conf_values CONF KEY: its values, one a line
conf_values() {
	sed -n "s/^$2 *= *//Ip" "$1" | tr ',' '\n' | tr -d ' '
}
