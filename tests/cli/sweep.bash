# shellcheck shell=bash
# some VALUE…: of a sweep's values one in CLI_SPARSE (1). A build that is much slower, and
# looks for other faults, need not try them all.
some() {
	local i
	for ((i = 1; i <= $#; i += ${CLI_SPARSE:-1})); do echo "${!i}"; done
}
