# SPDX-License-Identifier: ISC
# Goal: what is typed is understood as the contract says, and what is mistyped is
# told from what is not.
load common

@test "options stand before and after the command" {
	init
	t 0 -j list
	first=$output
	t 0 list -j
	[ "$output" = "$first" ]
	t 0 list --register "$PEERAGE_REGISTER" --json -i wg0
	[ "$output" = "$first" ]
}

@test "a value follows, or stands behind '='" {
	init
	p -q add alice --note one --tag=x >/dev/null
	t 0 -j show alice
	j '.peer.note == "one" and .peer.tags == ["x"]'
	t 0 -j --interface=wg0 show alice
	t 0 -j -iwg0 show alice
	t 0 -j -i wg0 show alice
	t 6 -j -iwg9 show alice
}

@test "a value may look like an option" {
	init
	p -q add alice --note --tag >/dev/null
	t 0 -j show alice
	j '.peer.note == "--tag" and .peer.tags == []'
}

@test "flags are grouped" {
	init
	t 0 -jn add alice
	j '.changes'
	t 0 -jiwg0 list
	j '.peers == []'
	t 0 -jqi wg0 list
	j '.peers == []'
}

@test "-- ends the options" {
	init
	t 2 add -- -x
	error_is "malformed name"
	t 6 show -- --json
}

@test "unknown options are refused, by name, with the nearest one" {
	t 2 list --sate active
	error_is "unknown option '--sate'; did you mean '--state'\?"
	t 2 add alice --qouta=1G
	error_is "unknown option '--qouta'; did you mean '--quota'\?"
	t 2 --jsn list
	error_is "did you mean '--json'"
	t 2 list --zzzzzz
	error_is "unknown option '--zzzzzz' \(see 'peerage help list'\)"
	t 2 list -z
	error_is "unknown option '-z'"
	t 2 list -jz
	error_is "unknown option '-z'"
}

@test "an option of another command is unknown" {
	t 2 list --quota 1G
	error_is "unknown option '--quota'"
	t 2 add alice --hold 1d
	error_is "unknown option '--hold'"
}

@test "names match exactly" {
	t 2 list --stat active
	error_is "unknown option '--stat'; did you mean '--state'"
	t 2 lis
	error_is "'lis' is not a command; did you mean 'list'\?"
	t 2 revoek alice
	error_is "did you mean 'revoke'"
	t 2 frobnicate
	error_is "'frobnicate' is not a command \(see 'peerage help'\)"
	t 2 List
	error_is "did you mean 'list'"
}

@test "aliases are the commands that they stand for" {
	init
	p -q add a b c >/dev/null
	p -qy rm a
	p -qy remove b
	t 0 -j ls
	j '[.peers[].name] == ["c"]'
}

@test "missing and surplus values" {
	t 2 add alice --note
	error_is "option --note needs a value: TEXT"
	t 2 -i
	error_is "command is needed|needs a value"
	t 2 -i list
	error_is "a command is needed: 'list' was taken as the interface"
	t 2 -i rm
	error_is "'rm' was taken as the interface"
	t 2 -i wg0
	error_is "a command is needed \(see"
	t 2 list -i
	error_is "option --interface needs a value: IF"
	t 2 list --json=yes
	error_is "option --json takes no value"
	t 2 add alice --note a --note b
	error_is "option --note is given twice"
	t 2
	error_is "a command is needed"
}

@test "an optional value that was put behind a space is not taken for a name" {
	init
	for style in half sextant; do
		t 2 add alice --qr $style
		error_is "'$style' behind --qr would be a name: give --qr=$style, or put the name first"
		t 0 add $style --qr
		t 0 add --qr -- $style-2
	done
	t 0 add --qr halfway
	t 0 -j list
	j '[.peers[].name] == ["half","half-2","sextant","sextant-2","halfway"]'
}

@test "an error says which option, once" {
	init
	for line in "--tag a/b" "--quota x" "--mtu x" "--expires x" "--public-key x" "--dns x"; do
		eval "t 2 add alice $line"
		error_is "^peerage: ${line%% *}: "
		[ "$(grep -oE "(^|[ :-])${line:2:3}[a-z-]*: " <<<"$stderr" | wc -l)" = 1 ]
	done
}

@test "missing and surplus arguments" {
	init
	t 2 add
	error_is "'peerage add' needs NAME"
	t 2 rename alice
	error_is "'peerage rename' needs OLD NEW"
	t 2 rename a b c
	error_is "takes OLD NEW and no more, but 'c' was given"
	local command
	for command in show status disclose usage export 'revoke -y' 'rename a'; do
		# shellcheck disable=SC2086
		t 2 $command ''
	done
	t 2 disclose ''
	error_is "a name cannot be empty \(see 'peerage help disclose'\)"
	t 2 up wg0
	error_is "'peerage up' takes no argument, but 'wg0' was given"
	t 2 genkey x
	error_is "takes no argument"
}

@test "global values are checked" {
	t 2 list --backend kernel
	error_is "backend 'kernel' is unknown: give auto, netlink, uapi or none"
	t 2 list --wait soon
	error_is "^peerage: --wait: "
	t 2 list --wait 2y
	error_is "more than 24 days"
	t 2 list -i 'a/b'
	error_is .
	t 2 list -j -t
	error_is "one of --json and --tsv"
	t 2 add alice -t
	error_is "--tsv is for commands that list"
}

@test "the environment stands in for options, and options win" {
	init
	p -q init wg1 --endpoint 192.0.2.1 --listen-port 51821 >/dev/null
	t 2 list
	PEERAGE_INTERFACE=wg1 t 0 -j list
	j '.interface == "wg1"'
	PEERAGE_INTERFACE=wg1 t 0 -j -i wg0 list
	j '.interface == "wg0"'
	PEERAGE_BACKEND=nonsense t 2 list
	error_is "backend 'nonsense' is unknown"
	PEERAGE_REGISTER=/nonexistent/register.db t 0 -i wg0 --register "$PEERAGE_REGISTER" list
	PEERAGE_INTERFACE= t 2 list
}

@test "an error in what is typed is JSON too with -j, wherever it stands" {
	for line in "-j lits" "lits -j" "list --zzz -j" "list -zj --json" "-j" "add -j"; do
		# shellcheck disable=SC2086
		t 2 $line
		j '.error.code == 2 and .error.reason == "usage" and (.error.message | length > 0)'
		[ "${#stderr_lines[@]}" = 1 ]
	done
}

@test "what is typed cannot put escape sequences or lines into an error" {
	t 2 $'li\e[31m\nst'
	error_is "li\?\[31m\?st"
	t 2 list $'--x\x9b'$'\xc2\x9b1m'
	[[ $stderr != *$'\xc2\x9b'* ]]
	t 2 -j $'li\e[31m\nst'
	j '.error.message | contains("\u001b")'
}

@test "version" {
	t 0 --version
	[[ $output =~ ^peerage\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
}
