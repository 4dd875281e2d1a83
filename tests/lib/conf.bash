# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# conf_values CONF KEY: its values, one a line
conf_values() {
	sed -n "/^$2 *= */I { s/^[^=]*= *//; s/ //g; s/,/\\n/g; p }" "$1"
}
