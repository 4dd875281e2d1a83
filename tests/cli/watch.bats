#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Goal: `status --watch` fills a terminal and gives it back as it found it, however it
# ends: modes, cursor, and what was on the screen. The terminal is tmux's, with a shell
# that has job control in it. What a look finds is tested where interfaces run
# (tests/vm/watch.sh), and how it is drawn in tests/unit.

load common

eval "common_$(declare -f setup)"
setup() {
	: "${PEERAGE_BUILD:?the build directory to test}"
	common_setup
	export LC_ALL=C.UTF-8
	init
	p -q add alice 田中さくら >/dev/null
}
teardown() {
	[ -z "${sockets-}" ] || tm kill-server 2>/dev/null || :
}

# -------------------------------------------------------------------- terminals
tm() { TMUX_TMPDIR=$sockets tmux -f /dev/null "$@"; }
# terminal COLUMNSxROWS: a shell on it, that has a line of output above its prompt. Each
# has a server of its own: the one before may still be ending.
terminal() {
	sockets=$(mktemp -d "$BATS_TEST_TMPDIR/tmux.XXXXXX")
	tm new-session -d -x "${1%x*}" -y "${1#*x}" "exec env PS1='shell: ' bash --norc --noprofile"
	tm set-option -g status off
	tm resize-window -x "${1%x*}" -y "${1#*x}"
	type_line 'peerage() { "$PEERAGE" "$@"; }; clear; stty -a >modes; echo what was there'
	shows '^what was there$'
	before=$(tm capture-pane -p)
}
type_line() { tm send-keys -l "$1" && tm send-keys Enter; }
state() { tm display-message -p "#{$1}"; }
# A tenth of a second at a time, ten seconds at most.
wait_for() {
	local n
	for ((n = 0; n < 100; n++)); do
		"$@" && return
		sleep 0.1
	done
	echo "never: $*; the screen:" && tm capture-pane -p
	return 1
}
matches() { grep -Eq -- "$1" < <(tm capture-pane -p); }
shows() { wait_for matches "$1"; }
watch_is_on() { [ "$(state alternate_on)" = 1 ] && matches 'q quits$' && matches '^2 peers'; }
watching() {
	wait_for watch_is_on
	[ "$(state cursor_flag)" = 0 ]
}
# What the terminal was before: screen, cursor, modes.
as_before() {
	[ "$(state alternate_on)" = 0 ]
	[ "$(state cursor_flag)" = 1 ]
	[[ $(tm capture-pane -p) == "$before"* ]] || { tm capture-pane -p && return 1; }
	type_line 'stty -a | diff modes - && echo modes are the same'
	shows '^modes are the same$'
}
# pid: of the one that watches
watcher() { pgrep -P "$(state pane_pid)" -x peerage; }

# ------------------------------------------------------------------ its endings
@test "q: exit 0, and the terminal as it was" {
	terminal 80x24
	type_line 'peerage status --watch; echo "exit $?"'
	watching
	tm send-keys q
	shows '^exit 0$'
	as_before
}

@test "Ctrl-C: ends by SIGINT, and the terminal as it was" {
	terminal 80x24
	type_line '(trap "echo trapped" INT; "$PEERAGE" status --watch; echo "exit $?")'
	wait_for watch_is_on
	tm send-keys C-c
	shows '^exit 130$'
	as_before
}

@test "SIGTERM, SIGHUP, SIGQUIT: end by them, and the terminal as it was" {
	local signal
	for signal in TERM:143 HUP:129 QUIT:131; do
		terminal 80x24
		type_line 'peerage status --watch; echo "exit $?"'
		watching
		kill -"${signal%:*}" "$(watcher)"
		shows "^exit ${signal#*:}$"
		as_before
		tm kill-server
	done
}

@test "a second register in its place is seen; one that is gone ends it, with its error" {
	PEERAGE_REGISTER=$PWD/other/register.db
	init
	p -q add alice bob carol >/dev/null
	ln -s register link
	PEERAGE_REGISTER=$PWD/link/register.db
	terminal 80x24
	type_line 'peerage status --watch=0.5; echo "exit $?"'
	watching
	# in the same directory: another one is closed to it by now
	sqlite3 register/register.db '.timeout 5000' '.restore other/register.db'
	shows '^3 peers$'
	shows '^carol '
	rm link
	shows '^exit 6$'
	matches '^peerage: .*register'
	as_before
}

@test "the register is held for a while: it says so, and goes on" {
	terminal 80x24
	type_line 'peerage status --watch=0.5; echo "exit $?"'
	watching
	coproc holder { sqlite3 "$PEERAGE_REGISTER" 2>&1; }
	echo 'PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE; SELECT 1;' >&"${holder[1]}"
	shows '^(peerage: )?.*(busy|held|in use|locked)'
	matches '^alice '
	echo '.quit' >&"${holder[1]}"
	gone() { no matches 'busy|held|in use|locked'; }
	wait_for gone
	watching
	tm send-keys q
	shows '^exit 0$'
	as_before
}

@test "the terminal is closed: it ends" {
	terminal 80x24
	type_line 'peerage status --watch'
	watching
	pid=$(watcher)
	tm kill-server
	ended() { ! kill -0 "$pid" 2>/dev/null; }
	wait_for ended
}

# ---------------------------------------------------------------------- stopped
@test "Ctrl-Z gives the terminal back, and fg takes it again" {
	terminal 80x24
	type_line 'peerage status --watch=0.5; echo "exit $?"'
	watching
	for _ in 1 2; do
		tm send-keys C-z
		shows '^\[1\]\+ +Stopped'
		as_before
		# modes that are set meanwhile are those to come back to
		type_line "stty -ixon; stty -a >modes; fg; echo \"exit \$?\""
		watching
	done
	tm send-keys q
	shows '^exit 0$'
	as_before
}

@test "SIGSTOP and fg: drawn again" {
	terminal 80x24
	type_line 'peerage status --watch=0.5; echo "exit $?"'
	watching
	kill -STOP "$(watcher)"
	shows '^\[1\]\+ +Stopped'
	type_line 'clear; fg; echo "exit $?"'
	watching
	tm send-keys q
	shows '^exit 0$'
	as_before
}

@test "in the background it stops, until it is in the foreground" {
	terminal 80x24
	type_line 'peerage status --watch=0.5 &'
	stopped='until jobs | grep -q Stopped; do sleep 0.1; done; jobs'
	type_line "$stopped"
	shows '^\[1\]\+ +Stopped'
	[ "$(state alternate_on)" = 0 ]
	type_line "clear; bg; $stopped"
	shows 'peerage status --watch=0.5 &$'
	shows '^\[1\]\+ +Stopped'
	[ "$(state alternate_on)" = 0 ]
	type_line 'fg; echo "exit $?"'
	watching
	tm send-keys q
	shows '^exit 0$'
}

# ------------------------------------------------------------------- on the way
@test "the window changes its size" {
	terminal 80x24
	type_line 'peerage status --watch=3600; echo "exit $?"'
	watching
	for size in 160x50 80x24 41x10 120x5; do
		tm resize-window -x "${size%x*}" -y "${size#*x}"
		fills() {
			[ "$(tm capture-pane -p | head -n 1 | wc -L)" = "$1" ] && matches '^alice ' &&
				[ "$(tm capture-pane -p | grep -c 'wg0 ')" -ge 1 ]
		}
		if [ "${size%x*}" -ge 80 ]; then wait_for fills "${size%x*}"; else shows '^wg0 +[0-9:]+$'; fi
		[ "$(tm capture-pane -p | wc -L)" -le "${size%x*}" ]
	done
	tm resize-window -x 80 -y 24
	tm send-keys q
	shows '^exit 0$'
	[ "$(state alternate_on)" = 0 ]
}

@test "s sorts otherwise; other keys do nothing, and are not echoed" {
	terminal 80x24
	type_line 'peerage status --watch=3600; echo "exit $?"'
	watching
	matches 'by activity  s sorts  q quits$'
	tm send-keys s
	shows 'by total  s sorts'
	tm send-keys s
	shows 'by name  s sorts'
	tm send-keys -l xyz
	tm send-keys Up F1
	tm send-keys s
	shows 'by activity  s sorts'
	# all of them before the first is looked at
	tm send-keys x Up y F1 F5 M-z s s s s
	shows 'by total  s sorts'
	[ "$(tm capture-pane -p | grep -c xyz)" = 0 ]
	tm send-keys q
	shows '^exit 0$'
	as_before
}

@test "keys come from the terminal, whatever standard input is" {
	terminal 80x24
	type_line 'peerage status --watch </dev/null; echo "exit $?"'
	watching
	tm send-keys q
	shows '^exit 0$'
	as_before
}

@test "10,000 peers: those that fit, and how many more there are" {
	export PEERAGE_REGISTER=$PWD/many/register.db
	p -q init wg0 --endpoint 192.0.2.1 --address 10.7.0.1/16 >/dev/null
	"$PEERAGE_BUILD/tests/fill" "$PEERAGE_REGISTER" wg0 10000
	terminal 80x24
	type_line 'peerage status --watch; echo "exit $?"'
	shows '^and [0-9]+ more$'
	matches '^10000 peers$'
	[ "$(tm capture-pane -p | grep -c '^peer[0-9]')" = 19 ]
	[ "$(tm capture-pane -p | tail -n 1)" = "and 9981 more" ]
	tm send-keys q
	shows '^exit 0$'
}

# ---------------------------------------------------------------------- streams
@test "-j: a document a line, each with its time" {
	run -0 timeout --foreground -s INT 20 sh -c '"$PEERAGE" -q status --watch=0.5 -j | head -n 3'
	[ "${#lines[@]}" = 3 ]
	jq -es 'length == 3 and all(.interface == "wg0" and (.peers | length) == 2 and
		(.at | test("^20..-..-..T..:..:..Z$")) and .running == false)' <<<"$output"
}

@test "-t: the columns are named once" {
	run -0 sh -c '"$PEERAGE" -q status --watch=0.5 -t | head -n 5'
	[ "${#lines[@]}" = 5 ]
	[ "$(grep -c '^name	status	' <<<"$output")" = 1 ]
	[[ ${lines[0]} == *$'\tat\trx_bytes_per_s\ttx_bytes_per_s' ]]
	[ "$(cut -f 1 <<<"$output" | tail -n 4 | paste -sd' ')" = "alice 田中さくら alice 田中さくら" ]
}

@test "a stream ends when its reader does, not with the next look" {
	run -0 timeout 20 sh -c '"$PEERAGE" -q status --watch=3600 -j | head -n 1'
	[ "${#lines[@]}" = 1 ]
}

@test "a stream whose register goes ends with its error" {
	"$PEERAGE" status --watch=0.5 -j >out 2>errs &
	begun() { [ -s out ]; }
	wait_for begun
	rm -r register
	wait $! || code=$?
	[ "$code" = 6 ]
	tail -n 1 out | jq -e '.error.code == 6 and .at != null'
	[ "$(wc -l <errs)" = 1 ]
}

# ----------------------------------------------------------------------- usage
@test "what is no interval is a usage error" {
	for value in 0 0.4 3600.5 3601 1e3 -1 2s x '' 99999999999; do
		t 2 status --watch="$value" -j
		[[ $stderr == *"0.5 to 3600"* ]]
	done
}

@test "'--watch 5' says how an interval is given" {
	t 6 status --watch 5 -t
	error_is '--watch=5'
	p -q add 5 >/dev/null
	run -0 sh -c '"$PEERAGE" status --watch 5 -t | head -n 2'
	[[ ${lines[1]} == 5$'\t'* ]]
}

@test "without a terminal that can be drawn on, it asks for -j or -t" {
	t 2 status --watch
	error_is 'terminal.*-j or -t'
	terminal 80x24
	type_line 'TERM=dumb peerage status --watch; echo "exit $?"'
	shows '^exit 2$'
	matches '-j or -t'
}
