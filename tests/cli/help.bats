# SPDX-License-Identifier: ISC
# Goal: what there is can be found out from the program itself, and the shells
# complete it.
load common

commands="init configure interfaces up down sync add revoke disable enable rotate rename set list
show qr export import dump plan apply genkey pubkey genpsk completion status audit log usage metrics disclose forget maintain help"

@test "help names every command, once, and no other" {
	t 0 help
	[ -z "$stderr" ]
	found=$(sed -n 's/^  \([a-z]\{2,\}\) .*/\1/p' <<<"$output" | sort)
	[ "$found" = "$(tr ' ' '\n' <<<"$commands" | sort)" ]
	t 0 --help
	[[ $output == *"Exit codes: 0 done"* ]]
	[[ $output == *"5 findings:"* ]]
}

@test "each command has help, which fits 80 columns" {
	for command in $commands; do
		t 0 help "$command"
		[[ $output == "Usage: peerage $command"* ]]
		first=$output
		t 0 "$command" --help
		[ "$output" = "$first" ]
		t 0 -h "$command"
		[ "$output" = "$first" ]
		[ "$(width <<<"$output")" -le 80 ]
	done
	t 0 help
	[ "$(width <<<"$output")" -le 80 ]
}

@test "help has every option of a command" {
	for option in qr conf format output public-key preshared-key address routes peer-endpoint \
		client-allowed-ips dns mtu client-keepalive keepalive expires quota tag note if-absent
	do
		t 0 help add
		[[ $output == *"--$option"* ]]
	done
	for option in endpoint address listen-port dns client-allowed-ips mtu client-keepalive \
		private-key nat isolate no-up
	do
		t 0 help init
		[[ $output == *"--$option"* ]]
	done
}

@test "help of an alias, and of what is no command" {
	t 0 help rm
	[[ $output == "Usage: peerage revoke"* ]]
	t 2 help nonsense
	error_is "no help for 'nonsense'"
}

@test "help needs no register" {
	PEERAGE_REGISTER=/nonexistent/register.db t 0 help
	PEERAGE_REGISTER=/nonexistent/register.db t 0 completion bash
	[ ! -e /nonexistent ]
}

@test "completion scripts are valid where their shells can say so" {
	for shell in bash zsh fish; do
		p completion "$shell" >"$shell"
		[ -s "$shell" ]
		if command -v "$shell" >/dev/null; then
			"$shell" -n "$shell"
		fi
	done
	t 2 completion tcsh
	error_is "give bash, zsh or fish"
}

# complete WORD…: what bash offers for the last of them
complete_words() {
	PATH=$BATS_TEST_TMPDIR/bin:$PATH bash -c '. "$0"
		COMP_WORDS=(peerage "$@") COMP_CWORD=$#
		_peerage
		printf "%s\n" "${COMPREPLY[@]}"' "$BATS_TEST_TMPDIR/bash" "$@" | sort | tr '\n' ' '
}

@test "bash completes commands, options, values and names" {
	mkdir bin
	ln -s "$(realpath "$PEERAGE")" bin/peerage
	p completion bash >bash
	init
	p -q add alice albert bob >/dev/null
	[ "$(complete_words re)" = "rename revoke " ]
	[ "$(complete_words revoke al)" = "albert alice " ]
	[ "$(complete_words -j -i wg0 rm b)" = "bob " ]
	[ "$(complete_words list --state d)" = "disabled " ]
	[ "$(complete_words list --state = d)" = "disabled " ]
	[ "$(complete_words sync --pr)" = "--prune " ]
	[ "$(complete_words -i "")" = "wg0 " ]
	[ "$(complete_words interfaces remove w)" = "wg0 " ]
	[ "$(complete_words configure listen)" = "listen-port " ]
	[ "$(complete_words -i wg7 show a)" = " " ]
	touch keyfile
	[ "$(complete_words init --private-key keyf)" = "keyfile " ]
	p -q init wg1 --endpoint 192.0.2.1 --listen-port 51821 >/dev/null
	[ "$(complete_words -i wg0 show b)" = "bob " ]
	[ "$(complete_words --interface=wg0 show b)" = "bob " ]
	[ "$(complete_words -i wg1 show b)" = " " ]
}

# The columns that peerage-json(5) has for a command's lines.
columns() {
	sed -n '/^\.Sh TAB-SEPARATED/,/^\.Sh EXAMPLES/p' "$BATS_TEST_DIRNAME/../../man/peerage-json.5" |
		awk -v command="$1" '/^\.It/ { here = $0 == ".It Cm " command } here && !/^\./ { exit }
			here && /^\.Va/ { gsub(/^\.Va |[,.]/, ""); print }' | xargs | tr ' ' '\t'
}

@test "the columns of TSV are those of the manual" {
	init
	for command in interfaces list status audit log usage; do
		t 0 -t "$command"
		[ "${lines[0]}" = "$(columns "$command")" ] || { echo "$command: ${lines[0]}" && return 1; }
	done
}

@test "the manual says of nothing that is there that it is not" {
	manual=$BATS_TEST_DIRNAME/../../man/peerage.8
	no grep -nE 'not enforced|no command erases|not erase it from the kernel|from a timer' "$manual"
	# whatever asks is named where the manual says what -y answers
	asks=$(sed -n '/^\.It Fl y , Fl -yes/,/^\.It Fl -wait/p' "$manual")
	for word in revoke forget interfaces sync apply log 'private key'; do
		grep -q -- "$word" <<<"$asks" || { echo "not named: $word" && return 1; }
	done
}
