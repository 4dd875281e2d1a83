# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# Counts what test programs print as TAP. Needs $logs, a directory.
tally_passed=0 tally_failed=0 tally_skipped=0

# tally_note NAME PASSED FAILED SKIPPED
tally_note() {
	tally_passed=$((tally_passed + $2))
	tally_failed=$((tally_failed + $3))
	tally_skipped=$((tally_skipped + $4))
	printf '%-12s %5d ok %5d not ok %5d skipped %5s s\n' "$1" "$2" "$3" "$4" "${5:-}"
}

# Several TAP documents in one log: plans add up, what a plan promised and did not
# come has failed, and so has a document that bails out.
tally_count() {
	awk '
	/^1\.\.[0-9]+/ { plan += substr($1, 4); next }
	/^(ok|not ok)/ && /# *[Ss][Kk][Ii][Pp]/ { skipped++; next }
	/^ok/ { passed++; next }
	/^not ok/ { failed++; next }
	/^Bail out!/ { failed++ }
	END {
		missing = plan - passed - skipped - failed
		print passed + 0, failed + (missing > 0 ? missing : 0), skipped + 0
	}' "$1"
}

# tally NAME COMMAND…: runs it, with its output in $logs/NAME.log
tally() {
	local name=$1 log=$logs/$1.log start=$SECONDS rc passed failed skipped
	shift
	"$@" >"$log" 2>&1 </dev/null
	rc=$?
	read -r passed failed skipped < <(tally_count "$log")
	if [ $((passed + failed + skipped)) = 0 ]; then
		echo "not ok - $name ran no test (exit $rc)" >>"$log"
		failed=1
	elif [ "$rc" != 0 ] && [ "$failed" = 0 ]; then
		echo "not ok - $name exited $rc, though each test that it printed passed" >>"$log"
		failed=1
	fi
	tally_note "$name" "$passed" "$failed" "$skipped" $((SECONDS - start))
	[ "$failed" = 0 ] || {
		grep -aA 12 -E '^(not ok|Bail out!)|ERROR: |runtime error:' "$log" |
			grep -av '^ok ' | head -n 150 | sed 's/^/    /'
		echo "    the whole: $log"
	}
}

# The summary. Fails where something failed or nothing ran.
tally_end() {
	[ $((tally_passed + tally_failed + tally_skipped)) -gt 0 ] || tally_failed=1
	printf '%d passed, %d failed, %d skipped\n' "$tally_passed" "$tally_failed" "$tally_skipped"
	[ "$tally_failed" = 0 ]
}
